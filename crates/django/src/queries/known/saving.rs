//! What is read where code saves rows in a loop: `book.save()`, of a model that has a `save()` of its own.
//!
//! What such a method tests of the row is mostly whether something has changed, or is not there yet. Rows that code only gives
//! another column come out of that the other way: behind one test it is said, and behind several it counts as run for few rows.

use tuneup_python::flow::Expr;
use tuneup_python::{FunctionRef, Symbol};

use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Row, Value};

/// Why what is read behind a test in what saves a row may not be read.
pub const TESTED: &str = "It is read only behind a test in what saves the row: rows of which that comes out otherwise would pay for it without need.";

impl<'p> Machine<'p> {
    /// Whether what is read of a row is read as it is saved, by a query that stands in a class's body: that serves all that the
    /// class does with its rows, most of which would pay for it without need.
    pub(in crate::queries) fn is_saved_of_many_uses(&self, row: Row) -> bool {
        let is_shared = || {
            let first = self.as_queryset(row.query).and_then(|queryset| queryset.sites.first());
            first.is_some_and(|site| site.function.is_none() && site.file.as_other().is_none())
        };
        self.saving > 0 && is_shared()
    }

    /// Whether a call runs a model's own `save()` of a row that is looped over, or what checks it before.
    pub(in crate::queries) fn saves_by_calling(&self, function: FunctionRef, given: &[Value]) -> bool {
        let definition = self.facts(function.file).function(function.id);
        definition.class.is_some()
            && matches!(definition.name.as_str(), "save" | "asave" | "clean")
            && given.first().is_some_and(|&this| {
                let members = self.values.members(this).into_iter();
                members.filter_map(|member| self.as_row(member)).any(|row| row.many)
            })
    }

    /// Why a branch of a test may not be run for a row that is being saved: the test asks how the row stands.
    pub(in crate::queries) fn tested_while_saving(
        &mut self,
        frame: &Frame<'p>,
        test: Expr,
    ) -> Option<Symbol> {
        if self.saving == 0 {
            return None;
        }
        let slots = self.looked_at(frame, frame.facts.range(test));
        let mut held = slots.into_iter().filter_map(|slot| frame.slots.get(slot as usize)).copied();
        let asks =
            held.any(|value| self.values.members(value).into_iter().any(|it| self.as_row(it).is_some()));
        asks.then(|| Symbol::new(TESTED))
    }
}
