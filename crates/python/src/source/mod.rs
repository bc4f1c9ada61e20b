//! From a folder to parsed Python: which files belong to a project, how their bytes are read as text,
//! and which of them are valid Python.

mod discover;
mod encoding;
mod git_index;
mod lines;
mod nesting;
mod parse;
pub mod regular;
mod text;

pub use encoding::SourceEncoding;
pub use lines::Lines;
pub use text::{Newline, Position, SourceText};

pub(crate) use discover::{Discovered, discover, relative};
pub(crate) use git_index::work_tree;
pub(crate) use nesting::too_deep_at;
pub(crate) use parse::with_parsed;

/// Files above this size are reported and not read.
pub(crate) const MAX_FILE_SIZE: u64 = 32 * 1024 * 1024;

/// Why a text cannot be used, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The place, where there is one.
    pub position: Option<Position>,
    /// What is wrong, for a person.
    pub message: String,
}

impl Fault {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { position: None, message: message.into() }
    }
}

/// A number that changes with the bytes: what a cache and the check before writing go by.
pub(crate) fn content_hash(bytes: &[u8]) -> u64 {
    use std::hash::Hasher;
    // It is kept in no file, so that another version may hash in another way.
    let mut hasher = rustc_hash::FxHasher::default();
    hasher.write(bytes);
    hasher.finish()
}
