//! What is open in the editor: its texts count, not those on the disk.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use similar::{DiffOp, TextDiff};

use super::positions::{Encoding, Lines, MARK, Position, Range};
use super::protocol::TextEdit;
use super::uri::path_of;

/// An open document.
#[derive(Debug)]
pub(super) struct Document {
    /// Its name, as the editor writes it.
    pub(super) uri: String,
    /// Counts its changes.
    pub(super) version: i32,
    /// Its text now, saved or not.
    pub(super) text: String,
}

/// All open documents that are files.
#[derive(Debug, Default)]
pub(super) struct Documents {
    open: BTreeMap<PathBuf, Document>,
}

impl Documents {
    pub(super) fn open(&mut self, uri: String, version: i32, text: String) {
        if let Some(path) = path_of(&uri) {
            self.open.insert(path, Document { uri, version, text });
        }
    }

    pub(super) fn change(&mut self, uri: &str, version: i32, text: String) {
        if let Some(document) = path_of(uri).and_then(|path| self.open.get_mut(&path)) {
            (document.version, document.text) = (version, text);
        }
    }

    pub(super) fn close(&mut self, uri: &str) {
        if let Some(path) = path_of(uri) {
            self.open.remove(&path);
        }
    }

    /// The document of a path, by whichever of its names it is open.
    pub(super) fn at(&self, paths: &[PathBuf]) -> Option<&Document> {
        paths.iter().find_map(|path| self.open.get::<Path>(path))
    }
}

/// A text as editors show it: without a byte order mark.
pub(super) fn shown(text: &str) -> &str {
    text.strip_prefix(MARK).unwrap_or(text)
}

/// Where the lines of a text that was analysed are in one that was edited since.
pub(super) struct Moved {
    /// Lines that are the same: the first in the old text, the first in the new, and how many.
    same: Vec<(usize, usize, usize)>,
}

impl Moved {
    /// Nothing where the texts are the same.
    pub(super) fn between(old: &str, new: &str) -> Option<Self> {
        let (old, new) = (shown(old), shown(new));
        if old == new {
            return None;
        }
        let same = TextDiff::from_lines(old, new)
            .ops()
            .iter()
            .filter_map(|op| match *op {
                DiffOp::Equal { old_index, new_index, len } => Some((old_index, new_index, len)),
                _ => None,
            })
            .collect();
        Some(Self { same })
    }

    fn line(&self, line: u32) -> Option<u32> {
        let line = line as usize;
        let (old, new, _) = self.same.iter().find(|(old, _, len)| (*old..*old + *len).contains(&line))?;
        u32::try_from(new + line - old).ok()
    }

    /// Where a range is now; nothing where it was edited.
    pub(super) fn range(&self, range: Range) -> Option<Range> {
        let moved = |position: Position| Some(Position { line: self.line(position.line)?, ..position });
        Some(Range { start: moved(range.start)?, end: moved(range.end)? })
    }
}

/// What makes one text of another, by whole lines.
pub(super) fn line_edits(old: &str, new: &str, encoding: Encoding) -> Vec<TextEdit> {
    let lines: Vec<&str> = old.split_inclusive('\n').collect();
    let others: Vec<&str> = new.split_inclusive('\n').collect();
    let mut starts = vec![0];
    for line in &lines {
        starts.push(starts[starts.len() - 1] + line.len());
    }
    let index = Lines::new(old);
    let edit = |op: &DiffOp| TextEdit {
        range: index.range(starts[op.old_range().start]..starts[op.old_range().end], encoding),
        new_text: others[op.new_range()].concat(),
    };
    let diff = TextDiff::from_slices(&lines, &others);
    diff.ops().iter().filter(|op| !matches!(op, DiffOp::Equal { .. })).map(edit).collect()
}

#[cfg(test)]
mod tests {
    use super::super::positions::{Encoding, Position, Range};
    use super::{Moved, line_edits};

    fn range(start: (u32, u32), end: (u32, u32)) -> Range {
        let at = |(line, character)| Position { line, character };
        Range { start: at(start), end: at(end) }
    }

    #[test]
    fn ranges_follow_their_lines() {
        let moved = Moved::between("a\nb\nc\n", "new\na\nB\nc\n").expect("they differ");
        assert_eq!(moved.range(range((0, 0), (0, 1))), Some(range((1, 0), (1, 1))));
        assert_eq!(moved.range(range((1, 0), (1, 1))), None, "that line was edited");
        assert_eq!(moved.range(range((2, 0), (2, 1))), Some(range((3, 0), (3, 1))));
        assert!(Moved::between("\u{feff}a", "a").is_none());
    }

    #[test]
    fn edits_are_of_the_lines_that_differ() {
        let edits = line_edits("a\nb\nc", "a\nX\nY\nc\n", Encoding::Utf16);
        let texts: Vec<&str> = edits.iter().map(|edit| edit.new_text.as_str()).collect();
        assert_eq!(texts.concat(), "X\nY\nc\n");
        assert_eq!(edits[0].range.start, Position { line: 1, character: 0 });
        assert!(line_edits("a\n", "a\n", Encoding::Utf8).is_empty());
    }
}
