//! What a test comes to, where its values are known: a branch that is never taken is not followed.

use tuneup_python::flow::CompareOp;

use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Origin, Queryset, Shape, Value};

impl Machine<'_> {
    /// Whether a value counts as true; nothing where it may be either.
    pub(crate) fn known_truth(&self, value: Value) -> Option<bool> {
        match self.values.shape(value) {
            Shape::None => Some(false),
            Shape::Bool(truth) => Some(*truth),
            Shape::Int(number) => Some(*number != 0),
            Shape::Str(text) => Some(!text.as_str().is_empty()),
            Shape::Tuple(items) => Some(!items.is_empty()),
            Shape::Model(_) | Shape::Class(_) | Shape::Function(..) => Some(true),
            Shape::Unlike(constants) => self.is_truthy(constants).then_some(true),
            Shape::Row(row) => self.is_there(*row).then_some(true),
            Shape::Union(members) => self.alike(members.iter().map(|&member| self.known_truth(member))),
            _ => None,
        }
    }

    /// Whether a value that code tests counts as true; nothing where it may be either. A template is given texts and
    /// numbers to show them, and tests whether it was given any: most often only some of what renders it has them.
    pub(in crate::queries) fn tested(&self, frame: &Frame<'_>, value: Value) -> Option<bool> {
        let is_shown = frame.file.as_other().is_some()
            && self.values.members(value).iter().any(|&member| {
                matches!(self.values.shape(member), Shape::Str(_) | Shape::Int(_) | Shape::Tuple(_))
            });
        if is_shown { None } else { self.known_truth(value) }
    }

    /// What a comparison of two values comes to.
    pub(crate) fn known_comparison(&self, left: Value, op: CompareOp, right: Value) -> Option<bool> {
        match op {
            CompareOp::Eq | CompareOp::Is => self.known_equality(left, right),
            CompareOp::NotEq | CompareOp::IsNot => self.known_equality(left, right).map(|equal| !equal),
            CompareOp::In => self.known_membership(left, right),
            CompareOp::NotIn => self.known_membership(left, right).map(|within| !within),
            CompareOp::Order => None,
        }
    }

    pub(super) fn known_equality(&self, left: Value, right: Value) -> Option<bool> {
        match (self.values.shape(left), self.values.shape(right)) {
            (Shape::Union(members), _) => {
                self.alike(members.iter().map(|&member| self.known_equality(member, right)))
            }
            (_, Shape::Union(members)) => {
                self.alike(members.iter().map(|&member| self.known_equality(left, member)))
            }
            // Equal to numbers, and so not told apart by their shapes.
            (Shape::Bool(_), Shape::Int(_)) | (Shape::Int(_), Shape::Bool(_)) => None,
            (Shape::Unlike(constants), _) if constants.contains(&right) => Some(false),
            (_, Shape::Unlike(constants)) if constants.contains(&left) => Some(false),
            (Shape::Row(row), Shape::None) | (Shape::None, Shape::Row(row)) => {
                self.is_there(*row).then_some(false)
            }
            (Shape::None, other) | (other, Shape::None) if is_something(other) => Some(false),
            (one, other) => (is_constant(one) && is_constant(other)).then_some(left == right),
        }
    }

    /// What all answers are, where they are the same.
    fn alike(&self, mut answers: impl Iterator<Item = Option<bool>>) -> Option<bool> {
        let first = answers.next()??;
        answers.all(|answer| answer == Some(first)).then_some(first)
    }

    /// Whether what is none of some constants counts as true: nothing that counts as false is left.
    fn is_truthy(&self, unlike: &[Value]) -> bool {
        let is_among = |falsy: &Shape| unlike.iter().any(|&it| self.values.shape(it) == falsy);
        let empty = Shape::Str(self.names.empty);
        [Shape::None, Shape::Bool(false), Shape::Int(0), empty].iter().all(is_among)
    }

    fn known_membership(&self, left: Value, right: Value) -> Option<bool> {
        if let Some(is_loaded) = self.known_to_be_loaded(left, right) {
            return is_loaded;
        }
        if let (Shape::Str(name), Shape::Mapping { known, key, rest }) =
            (self.values.shape(left), self.values.shape(right))
        {
            // A key without any value is one that is not there.
            let is_absent = match known.iter().find(|(known, _)| known == name) {
                Some((_, value)) => *value == Value::NEVER,
                None => self.values.has_known_keys_alone(*key, *rest),
            };
            return is_absent.then_some(false);
        }
        let Shape::Tuple(items) = self.values.shape(right) else { return None };
        if let Shape::Union(members) = self.values.shape(left) {
            return self.alike(members.iter().map(|&member| self.known_membership(member, right)));
        }
        let mut within = Some(false);
        for &item in items.iter() {
            match self.known_equality(left, item) {
                Some(true) => return Some(true),
                Some(false) => {}
                None => within = None,
            }
        }
        within
    }

    /// The rows that a queryset has asked for already, if any: related rows may have been prefetched.
    pub(in crate::queries) fn held_rows(&self, value: Value, queryset: &Queryset) -> Value {
        let may_be_held = matches!(queryset.origin, Origin::Related(..)) || self.loops.contains_key(&value);
        if may_be_held { Value::SCALAR } else { Value::NONE }
    }
}

/// Whether a value is none of those that may be `None`.
fn is_something(shape: &Shape) -> bool {
    matches!(
        shape,
        Shape::Queryset(_)
            | Shape::Sequence(_)
            | Shape::Tuple(_)
            | Shape::Mapping { .. }
            | Shape::Class(_)
            | Shape::Function(..)
            | Shape::Bound { .. }
            | Shape::Object(..)
            | Shape::Page(_)
            | Shape::Paginator(_)
    )
}

fn is_constant(shape: &Shape) -> bool {
    matches!(shape, Shape::None | Shape::Bool(_) | Shape::Int(_) | Shape::Str(_) | Shape::Model(_))
}
