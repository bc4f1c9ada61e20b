//! What is asked last of a row, behind many tests that may have decided: the last operands of
//! `too_long(book) or too_new(book) or is_other(book) or book.author.name in names`. Where the loop searches for one row, and
//! passes over all for which the test holds, few rows come as far.

use tuneup_python::Symbol;
use tuneup_python::flow::{Block, Expr, FileFacts, Stmt, StmtKind};

use crate::queries::known::leaving::ends_by_leaving;
use crate::queries::known::seldom::SELDOM;
use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Shape, Value};

/// Behind how many tests of a row many rows may be decided.
const MANY: usize = 3;

impl<'p> Machine<'p> {
    /// How much rarer an operand is behind others that may have decided, and why it may not be asked.
    pub(in crate::queries) fn asked_last(
        &mut self,
        frame: &Frame<'p>,
        test: Expr,
        before: &[Expr],
    ) -> (u32, Option<Symbol>) {
        if before.len() < MANY || before.iter().filter(|&&it| self.asks_of_rows(frame, it)).count() < MANY {
            return (0, None);
        }
        if frame.search == Some(test) {
            return (SELDOM, None);
        }
        let doubt = "It is asked behind several other tests of the row: rows for which these decide would pay for it without need.";
        (0, Some(Symbol::new(doubt)))
    }

    /// Whether an expression mentions one of many rows.
    fn asks_of_rows(&mut self, frame: &Frame<'p>, expr: Expr) -> bool {
        let slots = self.looked_at(frame, frame.facts.range(expr));
        slots
            .into_iter()
            .any(|slot| frame.slots.get(slot as usize).is_some_and(|&value| self.has_one_of_many(value)))
    }

    /// Whether a value is one of many rows, or has one beside others in it.
    pub(in crate::queries) fn has_one_of_many(&self, value: Value) -> bool {
        match self.values.shape(value) {
            Shape::Row(row) => row.many,
            Shape::Tuple(parts) | Shape::Union(parts) => {
                parts.iter().any(|&part| self.as_row(part).is_some_and(|row| row.many))
            }
            _ => false,
        }
    }
}

/// Whether a branch passes over a row, and what is behind it leaves the loop with one for which the test did not hold.
pub(in crate::queries) fn is_search(facts: &FileFacts, then: Block, behind: &[Stmt]) -> bool {
    let passes = matches!(facts.block(then).last().map(|stmt| stmt.kind), Some(StmtKind::Continue));
    passes && ends_by_leaving(facts, behind)
}
