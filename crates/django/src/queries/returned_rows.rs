//! Functions that give rows which are there by then, in lists and dicts: whoever calls them gets these rows, and no query of
//! which it could ask more.

use tuneup_python::FunctionRef;

use super::machine::Machine;
use super::value::{Row, Shape, Site, Value};

/// A function that gives rows of a query, or those related to them that it has asked for at a place.
pub(super) type ReturnedBy = (Option<Site>, FunctionRef);

/// How deep rows stand in what a function gives.
const DEEPEST: u8 = 3;

impl Machine<'_> {
    /// Keeps whose rows a function gives.
    pub(super) fn note_returned(&mut self, function: FunctionRef, given: Value) {
        if function.file.as_other().is_some() {
            return;
        }
        let mut rows = Vec::new();
        self.rows_within(given, DEEPEST, &mut rows);
        for row in rows {
            let asked = match self.values.last_step(row.path) {
                None => None,
                Some((_, step)) if step.to_many && step.site.is_some() => step.site,
                Some(_) => continue,
            };
            self.returned_by.entry(row.query).or_default().insert((asked, function));
        }
    }

    /// The rows that a value holds, where they are many, or one that was asked for alone.
    fn rows_within(&self, value: Value, depth: u8, found: &mut Vec<Row>) {
        if depth == 0 {
            return;
        }
        match self.values.shape(value) {
            Shape::Row(row) if row.many || row.alone => found.push(*row),
            Shape::Sequence(inner) => self.rows_within(*inner, depth - 1, found),
            Shape::Tuple(items) => items.iter().for_each(|&item| self.rows_within(item, depth - 1, found)),
            Shape::Mapping { known, rest, .. } => {
                known.iter().for_each(|&(_, value)| self.rows_within(value, depth - 1, found));
                self.rows_within(*rest, depth - 1, found);
            }
            Shape::Union(members) => {
                members.iter().for_each(|&member| self.rows_within(member, depth, found))
            }
            _ => {}
        }
    }
}
