//! The texts of the files that a report shows places of: each is read once, however many places it has.

use elsa::sync::FrozenMap;
use tuneup_python::{Project, SourceText};

/// The texts that were read so far.
#[derive(Default)]
pub(crate) struct Texts(FrozenMap<String, Box<Option<SourceText>>>);

impl Texts {
    /// The text of a project's file, by its path from the root; nothing where it cannot be read, or has changed since the
    /// project was loaded.
    pub(crate) fn get(&self, project: &Project, path: &str) -> Option<&SourceText> {
        let known = self.0.get(path);
        known.unwrap_or_else(|| self.0.insert(path.to_owned(), Box::new(project.text_at(path).ok()))).as_ref()
    }
}
