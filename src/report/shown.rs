//! The files that a report shows parts of: their lines and colours are found once, however many findings each has.

use elsa::sync::FrozenMap;

use crate::review::{Colours, colours};

/// What is known of the files so far.
#[derive(Default)]
pub(super) struct Shown {
    /// As texts.
    pub(super) texts: ShownFiles,
    /// As bytes, which in other encodings than UTF-8 are no texts.
    pub(super) bytes: ShownFiles,
}

/// Files by their paths.
#[derive(Default)]
pub(super) struct ShownFiles(FrozenMap<String, Box<ShownFile>>);

/// A file as it is.
pub(super) struct ShownFile {
    /// Where each line begins, and what follows the last line feed.
    pub(super) starts: Vec<usize>,
    pub(super) colours: Colours,
}

impl ShownFiles {
    /// The file at a path, whose text this is.
    pub(super) fn get(&self, path: &str, text: &str) -> &ShownFile {
        let find = || {
            let file = ShownFile { starts: starts(text), colours: colours(path, text) };
            self.0.insert(path.to_owned(), Box::new(file))
        };
        self.0.get(path).unwrap_or_else(find)
    }
}

/// Where the lines of a text begin.
pub(super) fn starts(text: &str) -> Vec<usize> {
    std::iter::once(0).chain(text.match_indices('\n').map(|(at, _)| at + 1)).collect()
}
