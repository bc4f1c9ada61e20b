//! What the branches of a test set together goes together behind them: which class shows which rows, which template is given
//! which of them.
//!
//! ```python
//! if kind == "book":
//!     serializer, rows = BookSerializer, Book.objects.all()
//! else:
//!     serializer, rows = NoteSerializer, Note.objects.all()
//! return serializer(rows, many=True)
//! ```
//!
//! Where branches meet, a variable may hold what any of them has put there. That is enough but where one variable says what is
//! done with another: then what stands behind is run once for each of the ways that lead there.

use tuneup_python::flow::{Block, Stmt};

use crate::queries::machine::{Frame, Machine};
use crate::queries::statements::Next;
use crate::queries::value::{Shape, Value};

/// How many ways are followed each by itself, those taken together that part within each other.
const MOST: usize = 8;

/// What variables hold in each of the branches that came together last.
pub(crate) type Ways = Vec<Vec<Value>>;

/// The ways that lead through two branches, each of which several may lead through, or which is one itself.
pub(in crate::queries) fn of_both(then: (Ways, &[Value]), orelse: (Ways, &[Value])) -> Ways {
    let of_one = |(ways, whole): (Ways, &[Value])| if ways.is_empty() { vec![whole.to_vec()] } else { ways };
    let mut ways = of_one(then);
    ways.extend(of_one(orelse));
    if ways.len() > MOST {
        ways.clear();
    }
    ways
}

impl<'p> Machine<'p> {
    /// Whether branches may still be followed each by itself, on the way that is being followed.
    pub(in crate::queries) fn may_part(&self) -> bool {
        self.ways * 2 <= MOST
    }

    /// Runs what stands behind branches that came together, once for each way that leads there, where one variable tells which
    /// rows another holds. Nothing where none does: then it is run once for all.
    pub(in crate::queries) fn run_each_way(
        &mut self,
        frame: &mut Frame<'p>,
        rest: &[Stmt],
        straight: (Block, usize),
    ) -> Option<Next> {
        let ways = std::mem::take(&mut frame.ways);
        if rest.is_empty() {
            frame.ways = ways;
            return None;
        }
        let around = self.ways;
        if ways.len() < 2 || around * ways.len() > MOST || !self.go_together(&ways) {
            return None;
        }
        self.ways = around * ways.len();
        let (told, placed, known) = (frame.told.clone(), frame.placed.clone(), frame.narrowed.len());
        let written = self.written_so_far();
        let (mut next, mut after, mut all_written) = (Next::Away, None, Vec::new());
        for slots in ways {
            frame.slots = slots;
            frame.told.clone_from(&told);
            frame.placed.clone_from(&placed);
            frame.narrowed.truncate(known);
            if self.run_steps(frame, rest, straight) == Next::On {
                next = Next::On;
                after = match after {
                    None => Some(std::mem::take(&mut frame.slots)),
                    Some(before) => {
                        self.merge_slots(frame, &before);
                        Some(std::mem::take(&mut frame.slots))
                    }
                };
            }
            all_written.push(self.take_written(written));
        }
        for written in all_written {
            self.put_written(written);
        }
        if let Some(after) = after {
            frame.slots = after;
        }
        self.ways = around;
        Some(next)
    }

    /// Whether one variable tells what another holds: what is done, and with which rows.
    fn go_together(&self, ways: &[Vec<Value>]) -> bool {
        let Some((first, others)) = ways.split_first() else { return false };
        let differs = |slot: usize, is: &dyn Fn(Value) -> bool| {
            let mut held = ways.iter().map(|way| way[slot]).filter(|&value| is(value));
            let first = held.next();
            held.any(|value| Some(value) != first)
        };
        let (mut tells, mut has_rows) = (false, false);
        for (slot, value) in first.iter().enumerate() {
            if others.iter().all(|way| way[slot] == *value) {
                continue;
            }
            tells |= differs(slot, &|value| self.says_what_is_done(value));
            has_rows |= differs(slot, &|value| self.are_rows(value));
        }
        tells && has_rows
    }

    /// Whether a value is a class, a function or a text, such as a template's name.
    fn says_what_is_done(&self, value: Value) -> bool {
        matches!(
            self.values.shape(value),
            Shape::Class(_) | Shape::Function(..) | Shape::Model(_) | Shape::External(_) | Shape::Str(_)
        )
    }
}
