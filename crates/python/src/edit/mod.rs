//! Edits of Python source that keep every byte they do not name, and look as their surroundings do.
//!
//! An [`Edit`] replaces a range of a file's text. [`Edits`] holds those of one file and refuses two that would
//! write the same place. The other modules make edits for what a codemod wants to say (call a method on this
//! expression, pass one more argument, import this name), each in the file's own layout.

mod arguments;
mod calls;
mod chain;
mod classes;
mod displays;
mod imports;
mod layout;
mod literal;
mod members;
mod quotes;
mod statements;
mod style;
mod target;
mod verify;

use std::fmt;

use ruff_text_size::{TextLen, TextRange, TextSize};

pub use arguments::{NewArguments, change_arguments};
pub use calls::{Argument, Chain, Passed, Value, WrittenCall, call_at, chain_at};
pub use chain::{Call, append_calls};
pub use classes::{add_method, set_strings};
pub use displays::{At, Line, add_entries, add_keywords, insert_elements, replace_value, statements_below};
pub use imports::{Home, Import, Imported, Known, import_names, known};
pub use layout::{Layout, Make, Prepared, formatted_like, settle};
pub use literal::Literal;
pub use members::{
    add_class, add_items, add_keyword, are_tuples, exchange_items, remove_item, remove_keyword,
    remove_member, replace_member, set_keyword,
};
pub use quotes::requote;
pub use ruff_python_ast::str::Quote;
pub use statements::assignment_below;
pub use style::Style;
pub use target::{Target, guarded, parse};
pub use verify::verify;

/// One replacement in a file's text; an insertion where the range is empty, a deletion where the content is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Edit {
    /// What is replaced, in the text before any edit.
    pub range: TextRange,
    /// What stands there after.
    pub content: String,
}

impl Edit {
    /// Puts `content` in front of the byte at `offset`.
    pub fn insertion(offset: TextSize, content: impl Into<String>) -> Self {
        Self { range: TextRange::empty(offset), content: content.into() }
    }

    /// Puts `content` where `range` was.
    pub fn replacement(range: TextRange, content: impl Into<String>) -> Self {
        Self { range, content: content.into() }
    }
}

/// Why an edit cannot be made, for a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal(pub String);

impl Refusal {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refusal {}

/// The edits of one file, in the order of their places. Insertions at one place stay in the order in which they
/// were added.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Edits(Vec<Edit>);

impl Edits {
    /// No edits.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one. An edit that writes what another already writes is refused.
    pub fn add(&mut self, edit: Edit) -> Result<(), Refusal> {
        let at = self.place_for(&edit)?;
        self.0.insert(at, edit);
        Ok(())
    }

    /// Adds all of them, or none.
    pub fn add_all(&mut self, edits: impl IntoIterator<Item = Edit>) -> Result<(), Refusal> {
        let mut new = Self::new();
        for edit in edits {
            new.add(edit)?;
        }
        for edit in &new.0 {
            self.place_for(edit)?;
        }
        // They are apart from each other and from all that are held.
        new.0.into_iter().try_for_each(|edit| self.add(edit))
    }

    /// Where an edit goes, if it is apart from those that are held.
    fn place_for(&self, edit: &Edit) -> Result<usize, Refusal> {
        let at = self.0.partition_point(|other| key(other) <= key(edit));
        let clashes = |other: &Edit| overlap(other.range, edit.range);
        // Ranges that are held do not overlap, so only the neighbours can: of insertions at one place, many.
        let before = self.0[..at].iter().rev().find(|other| !other.range.is_empty());
        match before.is_some_and(clashes) || self.0.get(at).is_some_and(clashes) {
            true => Err(Refusal::new("two changes would write the same place")),
            false => Ok(at),
        }
    }

    /// The edits, in the order of their places.
    pub fn as_slice(&self) -> &[Edit] {
        &self.0
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The text after the edits.
    pub fn apply(&self, source: &str) -> String {
        let mut after = String::with_capacity(source.len() + 64);
        let mut done = TextSize::default();
        for edit in &self.0 {
            after.push_str(&source[TextRange::new(done, edit.range.start())]);
            after.push_str(&edit.content);
            done = edit.range.end();
        }
        after.push_str(&source[TextRange::new(done, source.text_len())]);
        after
    }
}

impl IntoIterator for Edits {
    type Item = Edit;
    type IntoIter = std::vec::IntoIter<Edit>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

fn key(edit: &Edit) -> (TextSize, TextSize) {
    (edit.range.start(), edit.range.end())
}

/// Whether two ranges share a byte, or one is an insertion within the other. Ranges that touch do not.
fn overlap(a: TextRange, b: TextRange) -> bool {
    a.start() < b.end() && b.start() < a.end()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(start: u32, end: u32) -> TextRange {
        TextRange::new(start.into(), end.into())
    }

    #[test]
    fn edits_compose_in_any_order() {
        let all = [
            Edit::insertion(3.into(), ".one()"),
            Edit::replacement(range(4, 5), "z"),
            Edit::insertion(0.into(), "("),
        ];
        for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2]] {
            let mut edits = Edits::new();
            for at in order {
                edits.add(all[at].clone()).expect("they are apart");
            }
            assert_eq!(edits.apply("abc(d)"), "(abc.one()(z)");
        }
    }

    #[test]
    fn insertions_at_one_place_keep_their_order() {
        let mut edits = Edits::new();
        edits.add(Edit::insertion(1.into(), "1")).expect("first");
        edits.add(Edit::insertion(1.into(), "2")).expect("second");
        edits.add(Edit::replacement(range(1, 2), "B")).expect("it begins where they are");
        edits.add(Edit::insertion(1.into(), "3")).expect("third");
        assert_eq!(edits.apply("ab"), "a123B");
    }

    #[test]
    fn what_overlaps_is_refused_and_changes_nothing() {
        let mut edits = Edits::new();
        edits.add(Edit::replacement(range(2, 6), "x")).expect("alone");
        for clash in [range(3, 4), range(0, 3), range(5, 9), range(2, 6), range(4, 4), range(0, 9)] {
            assert!(edits.add(Edit::replacement(clash, "y")).is_err(), "{clash:?}");
        }
        let both = [Edit::insertion(0.into(), "y"), Edit::insertion(4.into(), "y")];
        assert!(edits.add_all(both).is_err());
        assert_eq!(edits.as_slice().len(), 1);
        edits.add(Edit::insertion(2.into(), "<")).expect("it touches");
        edits.add(Edit::insertion(6.into(), ">")).expect("it touches");
        assert_eq!(edits.apply("0123456789"), "01<x>6789");
    }
}
