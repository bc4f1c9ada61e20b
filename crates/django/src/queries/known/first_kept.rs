//! What is the first of several that are written out: `next(iter([ours, theirs]))`, and a loop over them that keeps the first
//! and puts the others into it: `if result is None: result = item`.

use tuneup_python::flow::{Block, Expr, ExprKind, Run, StmtKind};

use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Shape, Value};

impl<'p> Machine<'p> {
    /// What `next(iter(items))` gives of items that are written out.
    pub(in crate::queries) fn first_of_iterator(
        &mut self,
        frame: &mut Frame<'p>,
        callee: Expr,
        arguments: Run,
    ) -> Option<Value> {
        let facts = frame.facts;
        let named =
            |callee: Expr, name: &str| matches!(facts.kind(callee), ExprKind::Global(it) if it == name);
        let ExprKind::Call(inner, run) = facts.kind(facts.arguments(arguments).first()?.value) else {
            return None;
        };
        let [items] = facts.arguments(run) else { return None };
        if !named(callee, "next") || !named(inner, "iter") {
            return None;
        }
        let items = self.eval(frame, items.value);
        match self.values.shape(items) {
            Shape::Tuple(items) => items.first().copied(),
            _ => None,
        }
    }

    /// The variable in which a loop keeps the first of the items that it is over, where these are written out; with that
    /// first, and what the others can be.
    pub(in crate::queries) fn first_kept(
        &mut self,
        frame: &Frame<'p>,
        (target, iterated): (Expr, Value),
        body: Block,
    ) -> Option<(u32, Value, Value)> {
        let Shape::Tuple(items) = self.values.shape(iterated).clone() else { return None };
        let (&first, others) = items.split_first().filter(|(_, others)| !others.is_empty())?;
        let facts = frame.facts;
        let target = facts.kind(target);
        let kept = facts.block(body).iter().find_map(|stmt| {
            let StmtKind::If { test, then, .. } = stmt.kind else { return None };
            let asked = match (facts.kind(test), facts.compared_to_none(test)) {
                (ExprKind::Not(asked), _) | (_, Some((asked, true))) => asked,
                _ => return None,
            };
            let ExprKind::Local(slot) = facts.kind(asked) else { return None };
            let keeps = |stmt: &tuneup_python::flow::Stmt| {
                matches!(stmt.kind, StmtKind::Assign(place, from)
                    if facts.kind(place) == ExprKind::Local(slot) && facts.kind(from) == target)
            };
            facts.block(then).iter().any(keeps).then_some(slot)
        })?;
        let is_put = |kind: StmtKind| match kind {
            StmtKind::Assign(place, _) | StmtKind::Augmented(place, ..) => {
                facts.kind(place) == ExprKind::Local(kept)
            }
            _ => false,
        };
        let is_put_once = facts.steps_within(body).filter(|stmt| is_put(stmt.kind)).count() == 1;
        let is_empty = frame.slots.get(kept as usize) == Some(&Value::NONE);
        (is_put_once && is_empty && first != Value::NONE).then(|| {
            let others = self.values.join_all(others.iter().copied());
            (kept, first, others)
        })
    }
}
