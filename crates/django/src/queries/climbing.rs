//! Code that climbs a tree: a loop whose variable is a row's parent in its next turn, a function that calls itself for a
//! row's parent. How far it goes nobody knows, so that no path is right for what it reads beyond its first step.

use tuneup_python::FunctionRef;

use super::machine::{Frame, Machine, Read};
use super::value::{Path, Row, Value};
use crate::schema::RelationId;

impl Machine<'_> {
    /// Whether a function that is under way calls itself, directly or by others, for a row further up.
    pub(super) fn climbs_by_calling(&self, function: FunctionRef, arguments: &[Value]) -> bool {
        self.active_calls.iter().any(|&(active, _, before)| {
            active == function
                && self
                    .values
                    .slots(before)
                    .iter()
                    .zip(arguments)
                    .any(|(&before, &after)| self.is_above(before, after))
        })
    }

    /// Whether a variable holds a row further up after a loop's turn than before it.
    pub(super) fn climbs_by_turning(&self, before: &[Value], after: &[Value]) -> bool {
        before.iter().zip(after).any(|(&before, &after)| before != after && self.is_above(before, after))
    }

    /// Whether a relation is read by which a row was reached already: in a loop that goes on with a climb from before it,
    /// or in a method of that row, which does not know how it was reached.
    pub(super) fn goes_on_climbing(&self, frame: &Frame<'_>, row: Row, relation: RelationId) -> bool {
        let passes = |path: Path| self.values.steps(path).iter().any(|step| step.relation == relation);
        if !passes(row.path) {
            return false;
        }
        let this = frame.class.and(frame.slots.first()).and_then(|&this| self.as_row(this));
        frame.whiles > 0
            || this.is_some_and(|this| {
                this.query == row.query && passes(this.path) && self.leads_up(this.path, row.path)
            })
    }

    /// Whether something is read off what only a climb reads.
    pub(super) fn is_climbed(&self, read: &Read) -> bool {
        let mut path = read.path;
        while let Some((before, _)) = self.values.last_step(path) {
            let place = (read.query, path);
            if self.climbed.contains(&place) && !self.read_at.contains_key(&place) {
                return true;
            }
            path = before;
        }
        false
    }

    /// Whether a row was reached from another of its model, over relations that lead to one row each.
    fn is_above(&self, before: Value, after: Value) -> bool {
        let rows = |value| self.values.members(value).into_iter().filter_map(|member| self.as_row(member));
        rows(after).any(|after| {
            rows(before).any(|before| {
                before.query == after.query
                    && before.model == after.model
                    && before.path != after.path
                    && self.leads_up(before.path, after.path)
            })
        })
    }

    fn leads_up(&self, from: Path, to: Path) -> bool {
        let (from, to) = (self.values.steps(from), self.values.steps(to));
        to.starts_with(&from) && to[from.len()..].iter().all(|step| !step.to_many)
    }
}
