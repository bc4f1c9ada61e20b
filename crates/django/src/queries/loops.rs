//! Loops: what a turn does, and what the next one finds.

use ruff_text_size::TextRange;
use tuneup_python::Symbol;
use tuneup_python::flow::{Block, Expr, ExprKind};

use super::known::leaving::Turning;
use super::known::narrowing::Known;
use super::machine::{Frame, Machine};
use super::value::{Shape, Value};

impl<'p> Machine<'p> {
    /// Runs a loop's body until its variables no longer change, at most twice: a value that needs three
    /// turns to travel is rare, and costs a proposal, never a wrong one. Gives what the `watched` variable holds where a turn
    /// ends.
    fn turns(
        &mut self,
        frame: &mut Frame<'p>,
        within: TextRange,
        watched: Option<u32>,
        mut turn: impl FnMut(&mut Self, &mut Frame<'p>),
    ) -> Value {
        let mut climbs = false;
        let mut held = Value::NEVER;
        for _ in 0..2 {
            let before = frame.slots.clone();
            let known = Known::of(frame);
            frame.breaks.push(None);
            frame.again.push(within);
            self.climbing += u32::from(climbs);
            turn(self, frame);
            self.climbing -= u32::from(climbs);
            frame.again.pop();
            if let Some(slots) = frame.breaks.pop().flatten() {
                self.merge_slots(frame, &slots);
            }
            held = watched.map_or(Value::NEVER, |slot| frame.slots[slot as usize]);
            // Only a variable that had a value before the turn, and has another after it, can carry
            // something into the next one, and only where that looks at it.
            let carried = (0..before.len()).any(|slot| {
                let (before, after) = (before[slot], frame.slots[slot]);
                before != Value::NEVER
                    && after != before
                    && self.values.join(before, after) != before
                    && self.looks_at(frame, within, slot)
            });
            known.put_back(frame);
            climbs = carried && self.climbs_by_turning(&before, &frame.slots);
            self.merge_slots(frame, &before);
            if !carried {
                break;
            }
        }
        held
    }

    /// `for target in iter: body`
    pub(super) fn run_loop(&mut self, frame: &mut Frame<'p>, target: Expr, iter: Expr, body: Block) {
        let iterated = self.eval(frame, iter);
        self.note_iterated(frame, iter, iterated);
        let site = frame.site_of(iter);
        let depth = self.looping.len();
        let element = self.iterate(frame, iterated, site);
        self.push_looping(element);
        let within = frame.facts.stretch(body);
        let turning = Turning::of(frame, Some(target));
        frame.turning.push(turning);
        let variable = match frame.facts.kind(target) {
            ExprKind::Local(slot) => Some(slot),
            _ => None,
        };
        let seldom = self.seldom;
        // What is rare for the rows of a query that stands around is not for those that are asked for anew.
        if self.are_asked_here(frame, element) {
            self.seldom = 0;
        }
        let doubts = self.doubts.len();
        if self.are_children(element) {
            let below = "It is read only for rows that have others of their model below them.";
            self.doubts.push((Symbol::new(below), depth));
        }
        let kept = self.first_kept(frame, (target, iterated), body);
        let kinds = match kept {
            Some((_, first, others)) => vec![first, others],
            None => self.kinds_of_turn(iterated, element),
        };
        for element in kinds {
            if let Some((slot, first, others)) = kept
                && element == others
            {
                (frame.slots[slot as usize], frame.kept) = (first, Some(slot));
            }
            let held = self.turns(frame, within, variable, |machine, frame| {
                machine.assign(frame, target, element);
                machine.note_looped(frame, target, iter);
                machine.run(frame, body);
            });
            // A variable keeps the rows that it was asked for: the next loop over it is over these.
            if matches!(frame.facts.kind(iter), ExprKind::Local(_)) && self.is_fetched_anew(element, held) {
                frame.placed.insert((iterated, self.names.rows), held);
            }
        }
        if let Some((slot, first, _)) = kept {
            (frame.slots[slot as usize], frame.kept) = (first, None);
        }
        self.seldom = seldom;
        self.doubts.truncate(doubts);
        if let Some(ended) = frame.turning.pop() {
            self.pick_last(frame, &ended);
        }
        self.looping.truncate(depth);
    }

    /// What a loop's variable is in turn: the rows of a table that is written out, `[(books, True), (tags, False)]`,
    /// `[(Book, name_of_book), (Tag, name_of_tag)]`, told apart by their flags, classes and functions; otherwise what any
    /// element can be.
    fn kinds_of_turn(&mut self, iterated: Value, element: Value) -> Vec<Value> {
        /// More classes and functions than that are a registry, all of whose members are used alike.
        const MOST: usize = 8;
        let kinds = self.kinds_by(iterated, |shape| {
            matches!(shape, Shape::Bool(_) | Shape::Model(_) | Shape::Class(_) | Shape::Function(..))
        });
        match kinds {
            Some(kinds) if kinds.len() <= MOST => kinds,
            Some(_) => {
                let by_flag = self.kinds_by(iterated, |shape| matches!(shape, Shape::Bool(_)));
                by_flag.unwrap_or_else(|| vec![element])
            }
            None => vec![element],
        }
    }

    /// The rows of a table that is written out, those united whose cells are the same where they tell rows apart.
    fn kinds_by(&mut self, table: Value, tells: fn(&Shape) -> bool) -> Option<Vec<Value>> {
        let Shape::Tuple(rows) = self.values.shape(table).clone() else { return None };
        let mut kinds: Vec<(Vec<Option<Value>>, Value)> = Vec::new();
        for &row in rows.iter() {
            let Shape::Tuple(cells) = self.values.shape(row).clone() else { return None };
            let told = cells.iter().map(|&cell| tells(self.values.shape(cell)).then_some(cell)).collect();
            match kinds.iter_mut().find(|(known, _)| *known == told) {
                Some((_, kind)) => *kind = self.values.join(*kind, row),
                None => kinds.push((told, row)),
            }
        }
        (!kinds.is_empty()).then(|| kinds.into_iter().map(|(_, kind)| kind).collect())
    }

    /// Notes that the rows within an element are being looped over.
    pub(crate) fn push_looping(&mut self, element: Value) {
        for member in self.values.members(element) {
            match self.values.shape(member) {
                &Shape::Row(row) => self.looping.push((row.query, self.related_at(row))),
                Shape::Tuple(items) => {
                    for &item in items.clone().iter() {
                        if let Some(row) = self.as_row(item) {
                            self.looping.push((row.query, self.related_at(row)));
                        }
                    }
                }
                _ => {}
            }
        }
    }

    /// `while test: body`
    pub(super) fn run_while(&mut self, frame: &mut Frame<'p>, test: Expr, body: Block) {
        self.eval(frame, test);
        let within = frame.facts.stretch(body).cover(frame.facts.range(test));
        frame.whiles += 1;
        let turning = Turning::of(frame, None);
        frame.turning.push(turning);
        self.turns(frame, within, None, |machine, frame| {
            machine.run(frame, body);
            machine.eval(frame, test);
        });
        frame.turning.pop();
        frame.whiles -= 1;
    }
}
