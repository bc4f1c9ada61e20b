//! The texts of the files that a report shows places of: each is read once, however many places it has.

use elsa::sync::FrozenMap;
use ruff_text_size::TextSize;
use tuneup_python::{Lines, Position, Project, SourceText};

/// The texts that were read so far.
#[derive(Default)]
pub(crate) struct Texts {
    whole: FrozenMap<String, Box<Option<SourceText>>>,
    /// Of files of which no more than positions was asked, which is most.
    lines: FrozenMap<String, Box<Option<Lines>>>,
}

impl Texts {
    /// The text of a project's file, by its path from the root; nothing where it cannot be read, or has changed since the
    /// project was loaded.
    pub(crate) fn get(&self, project: &Project, path: &str) -> Option<&SourceText> {
        let known = self.whole.get(path);
        let read = || self.whole.insert(path.to_owned(), Box::new(project.text_at(path).ok()));
        known.unwrap_or_else(read).as_ref()
    }

    /// The line and column of an offset in such a text.
    pub(crate) fn position(&self, project: &Project, path: &str, offset: TextSize) -> Option<Position> {
        if let Some(known) = self.whole.get(path) {
            return known.as_ref().map(|source| source.position(offset));
        }
        let read = || self.lines.insert(path.to_owned(), Box::new(project.text_at(path).ok().map(Lines::of)));
        let lines = self.lines.get(path).unwrap_or_else(read);
        lines.as_ref().map(|lines| lines.position(offset))
    }
}
