//! What is read where code saves rows in a loop: `book.save()`, of a model that has a `save()` of its own.
//!
//! What such a method tests of the row is mostly whether something has changed, or is not there yet. Rows that code only gives
//! another column come out of that the other way: behind one test it is said, and behind several it counts as run for few rows.

use tuneup_python::flow::Expr;
use tuneup_python::{FunctionRef, Symbol};

use crate::queries::machine::{Frame, Machine};
use crate::queries::value::Value;

impl<'p> Machine<'p> {
    /// Whether a call runs a model's own `save()` of a row that is looped over.
    pub(in crate::queries) fn saves_by_calling(&self, function: FunctionRef, given: &[Value]) -> bool {
        let definition = self.facts(function.file).function(function.id);
        definition.class.is_some()
            && matches!(definition.name.as_str(), "save" | "asave")
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
        asks.then(|| {
            Symbol::new(
                "It is read only behind a test in what saves the row: rows of which that comes out otherwise would pay for it \
                 without need.",
            )
        })
    }
}
