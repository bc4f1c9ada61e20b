//! What is not all that rows are there for. Branches that return before the rest of their function, as an export that a
//! view makes instead of its page: what only such a branch reads, the rest has no need of, though it uses the same rows.
//! Fragments that a template keeps in a cache: they are not made for every row of every request.

use tuneup_python::flow::{Block, StmtKind};

use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Shape, Value};

/// What something is done in that is not all that the rows are there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Aside {
    /// A branch that ends its function before the rest of it.
    Branch,
    /// A fragment that a template keeps: `{% cache %}`.
    Fragment,
}

impl Machine<'_> {
    /// Begins or ends a fragment that a template keeps in a cache.
    pub(in crate::queries) fn pass_fragment(&mut self, begins: bool) {
        if begins {
            self.around_fragments.push(self.aside);
            self.aside = self.aside.or(Some(Aside::Fragment));
        } else if let Some(around) = self.around_fragments.pop() {
            self.aside = around;
        }
    }

    /// Whether the first of two branches returns before the rest of its function, whatever the rows are: what is decided
    /// for each row anew is one use of all of them.
    pub(in crate::queries) fn is_aside(&self, frame: &Frame<'_>, then: Block, orelse: Block) -> bool {
        self.aside.is_none() && ends(frame, then) && !ends(frame, orelse) && !self.is_for_a_row()
    }

    /// Whether code is being run for each of several rows: what it decides is another thing for each.
    pub(in crate::queries) fn is_for_a_row(&self) -> bool {
        let is_row = |value: Value| match self.values.shape(value) {
            Shape::Row(row) => row.many,
            Shape::Union(members) => members.iter().any(|&it| self.as_row(it).is_some_and(|row| row.many)),
            _ => false,
        };
        !self.looping.is_empty()
            || self.active_calls.iter().any(|(_, _, arguments)| arguments.iter().any(|&it| is_row(it)))
    }
}

/// Whether a block ends with a `return`.
fn ends(frame: &Frame<'_>, block: Block) -> bool {
    frame.facts.block(block).last().is_some_and(|last| matches!(last.kind, StmtKind::Return(_)))
}
