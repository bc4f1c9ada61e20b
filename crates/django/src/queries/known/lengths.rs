//! What a test of how many there are says: behind `if len(pks) == 1`, the list has one element, and so has a queryset
//! whose rows were counted.

use tuneup_python::flow::{CompareOp, Expr, ExprKind};

use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Origin, Shape, Value};

/// A variable of which a branch knows that it has one element.
#[derive(Clone, Copy, Debug)]
pub(in crate::queries) struct One {
    slot: usize,
    /// What it is where nothing is known.
    any: Value,
    /// What it is where it has one.
    one: Value,
    /// Whether the test holds where it has one.
    pub(in crate::queries) holds: bool,
}

impl One {
    /// Whether the variable is still what the test left.
    fn is_kept(self, slots: &[Value]) -> bool {
        slots.get(self.slot) == Some(&self.one)
    }

    /// Makes the variable what it is behind the test.
    pub(in crate::queries) fn put(self, frame: &mut Frame<'_>) {
        frame.slots[self.slot] = self.one;
    }

    /// Makes the variable what it was before, where the code has not bound it anew.
    pub(in crate::queries) fn forget(self, slots: &mut [Value]) {
        if self.is_kept(slots) {
            slots[self.slot] = self.any;
        }
    }
}

impl<'p> Machine<'p> {
    /// The variable that a test asks whether it has one element.
    pub(in crate::queries) fn tested_for_one(&mut self, frame: &Frame<'p>, test: Expr) -> Option<One> {
        let facts = frame.facts;
        let ExprKind::Compare(operands, ops) = facts.kind(test) else { return None };
        let &[left, right] = facts.list(operands) else { return None };
        let holds = match facts.compare_ops.get(ops as usize)? {
            CompareOp::Eq => true,
            CompareOp::NotEq => false,
            _ => return None,
        };
        let counted = match (facts.kind(left), facts.kind(right)) {
            (_, ExprKind::Int(1)) => left,
            (ExprKind::Int(1), _) => right,
            _ => return None,
        };
        let ExprKind::Call(callee, run) = facts.kind(counted) else { return None };
        let of = match (facts.kind(callee), facts.arguments(run)) {
            (ExprKind::Global(name), [only]) if name == "len" => only.value,
            (ExprKind::Attribute(of, name), []) if name == "count" => of,
            _ => return None,
        };
        let ExprKind::Local(slot) = facts.kind(of) else { return None };
        let slot = slot as usize;
        let any = frame.slots[slot];
        let one = self.for_each(any, |machine, member| match machine.values.shape(member).clone() {
            Shape::Sequence(element) => {
                let element = machine.one_of(frame, element);
                machine.values.tuple(vec![element])
            }
            // Related rows may come with a prefetch, which serves them however many there are.
            Shape::Queryset(mut rows) if !rows.is_manager && rows.origin == Origin::Manager => {
                rows.asked.single = true;
                machine.extended.insert(member);
                machine.values.queryset(rows)
            }
            _ => member,
        });
        (one != any).then_some(One { slot, any, one, holds })
    }
}
