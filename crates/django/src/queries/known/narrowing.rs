//! What a test tells of what it tests, in the code that runs only where it came out that way: `if self.end is None`,
//! `person and person.name`, `return` behind `if not slot.room_id`.
//!
//! A variable that is a row keeps which of its relations are null ([`Row::lacks`]) wherever it goes; what a column
//! holds is kept in the frame. Where the two ways come together again, nothing is left of it.

use tuneup_python::Symbol;
use tuneup_python::flow::{CompareOp, Expr, ExprKind, Run};

use crate::queries::known::filtered::is_date;
use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Lacks, Row, Shape, Value};
use crate::schema::{ModelAttribute, RelationId};

/// `variable.name`, or `variable.through.name`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Reference {
    pub(in crate::queries) slot: u32,
    through: Option<Symbol>,
    name: Symbol,
}

impl Reference {
    pub(in crate::queries) fn of(frame: &Frame<'_>, place: Expr) -> Option<Self> {
        let ExprKind::Attribute(base, name) = frame.facts.kind(place) else { return None };
        match frame.facts.kind(base) {
            ExprKind::Local(slot) => Some(Self { slot, through: None, name }),
            ExprKind::Attribute(inner, through) => match frame.facts.kind(inner) {
                ExprKind::Local(slot) => Some(Self { slot, through: Some(through), name }),
                _ => None,
            },
            _ => None,
        }
    }

    /// Another attribute of the same object.
    pub(in crate::queries) fn with_name(self, name: Symbol) -> Self {
        Self { name, ..self }
    }
}

/// What is known of a frame's variables before a test tells more.
pub(in crate::queries) struct Known {
    told: Vec<(Reference, Value)>,
    narrowed: usize,
}

impl Known {
    /// As it is now.
    pub(in crate::queries) fn of(frame: &Frame<'_>) -> Self {
        Self { told: frame.told.clone(), narrowed: frame.narrowed.len() }
    }

    /// Forgets what tests told since. A variable that got another value meanwhile keeps it.
    pub(in crate::queries) fn put_back(self, frame: &mut Frame<'_>) {
        let since = frame.narrowed.split_off(self.narrowed.min(frame.narrowed.len()));
        widen_back(&mut frame.slots, &since);
        frame.told = self.told;
    }
}

/// Gives variables back what they held before tests told more of them, but for those that hold another value by now.
pub(in crate::queries) fn widen_back(slots: &mut [Value], narrowed: &[Narrowed]) {
    for &(slot, before, after) in narrowed.iter().rev() {
        let value = &mut slots[slot as usize];
        if *value == after {
            *value = before;
        }
    }
}

/// A variable that a test told more of, what it held, and what it holds since.
pub(crate) type Narrowed = (u32, Value, Value);

/// What a test says of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Said {
    IsNone,
    IsNotNone,
    Truthy,
    Falsy,
    /// One of some texts or numbers.
    IsOne(Vec<Value>),
    /// None of them.
    IsNoneOf(Vec<Value>),
}

impl<'p> Machine<'p> {
    /// Keeps what holds where a test came out as `holds`.
    pub(in crate::queries) fn narrow(&mut self, frame: &mut Frame<'p>, test: Expr, holds: bool) {
        let facts = frame.facts;
        match facts.kind(test) {
            ExprKind::Not(inner) => self.narrow(frame, inner, !holds),
            ExprKind::And(run) if holds => {
                facts.list(run).iter().for_each(|&part| self.narrow(frame, part, true));
            }
            ExprKind::Or(run) if !holds => {
                facts.list(run).iter().for_each(|&part| self.narrow(frame, part, false));
            }
            ExprKind::Walrus(target, _) => self.narrow(frame, target, holds),
            ExprKind::Call(callee, run) if facts.kind(callee) == ExprKind::Global(self.names.isinstance) => {
                let [asked, classes] = facts.arguments(run) else { return };
                self.narrow_kinds(frame, asked.value, classes.value, holds);
            }
            ExprKind::Compare(..) => {
                if let Some((asked, is_none)) = facts.compared_to_none(test) {
                    let said = if is_none == holds { Said::IsNone } else { Said::IsNotNone };
                    self.narrow_place(frame, asked, &said);
                } else if let Some((asked, is_one, constants)) = self.compared_with(frame, test) {
                    let said =
                        if is_one == holds { Said::IsOne(constants) } else { Said::IsNoneOf(constants) };
                    self.narrow_place(frame, asked, &said);
                }
            }
            _ => self.narrow_place(frame, test, if holds { &Said::Truthy } else { &Said::Falsy }),
        }
    }

    /// The value of an expression that is evaluated only where some tests came out as `holds`, and is so much rarer.
    pub(in crate::queries) fn eval_where(
        &mut self,
        frame: &mut Frame<'p>,
        (tests, holds, rarer): (&[Expr], bool, u32),
        expr: Expr,
    ) -> Value {
        let known = Known::of(frame);
        let behind = self.deciding(frame, tests, holds);
        self.behind(&behind, |machine| tests.iter().for_each(|&test| machine.narrow(frame, test, holds)));
        self.seldom += rarer;
        let aside = self.aside;
        self.aside = tests.iter().fold(aside, |aside, &test| aside.or(self.aside_where(frame, test, holds)));
        let value = self.behind(&behind, |machine| machine.eval(frame, expr));
        self.aside = aside;
        self.seldom -= rarer;
        known.put_back(frame);
        value
    }

    /// The row that an expression is, which a test has read already.
    pub(in crate::queries) fn row_in(&mut self, frame: &mut Frame<'p>, base: Expr) -> Option<Row> {
        let value = match frame.facts.kind(base) {
            ExprKind::Local(slot) => *frame.slots.get(slot as usize)?,
            _ => self.eval(frame, base),
        };
        self.as_row(value)
    }

    /// Keeps of what a variable may be what is of a class, or what is not.
    fn narrow_kinds(&mut self, frame: &mut Frame<'p>, place: Expr, classes: Expr, holds: bool) {
        let ExprKind::Local(slot) = frame.facts.kind(place) else { return };
        let Some(&before) = frame.slots.get(slot as usize) else { return };
        let Shape::Union(members) = self.values.shape(before).clone() else { return };
        let classes = self.eval(frame, classes);
        let is_left = |&&member: &&Value| self.is_instance(member, classes) != Some(!holds);
        let left: Vec<Value> = members.iter().filter(is_left).copied().collect();
        let after = self.values.join_all(left);
        if after != Value::NEVER && after != before {
            frame.slots[slot as usize] = after;
            frame.narrowed.push((slot, before, after));
        }
    }

    /// What a test compares with texts or numbers that are known, whether it holds for one of them, and which they are.
    pub(super) fn compared_with(
        &mut self,
        frame: &mut Frame<'p>,
        test: Expr,
    ) -> Option<(Expr, bool, Vec<Value>)> {
        let facts = frame.facts;
        let ExprKind::Compare(run, ops) = facts.kind(test) else { return None };
        let &[asked, constants] = facts.list(run) else { return None };
        let (is_one, is_within) = match facts.compare_ops.get(ops as usize)? {
            CompareOp::Eq | CompareOp::Is => (true, false),
            CompareOp::NotEq | CompareOp::IsNot => (false, false),
            CompareOp::In => (true, true),
            CompareOp::NotIn => (false, true),
            CompareOp::Order => return None,
        };
        let is_place = match facts.kind(asked) {
            ExprKind::Local(slot) => {
                let value = *frame.slots.get(slot as usize)?;
                matches!(self.values.shape(value), Shape::Union(_))
            }
            ExprKind::Attribute(..) => Reference::of(frame, asked).is_some(),
            ExprKind::Lookup(base, _) => matches!(facts.kind(base), ExprKind::Context(_)),
            _ => false,
        };
        if !is_place || matches!(facts.kind(constants), ExprKind::Call(..)) {
            return None;
        }
        // The test has read of its rows what it does before: to ask once more what it compares with reads nothing.
        let value = self.eval_seldom(frame, constants);
        let constants = match self.values.shape(value) {
            Shape::Tuple(items) if is_within => items.to_vec(),
            _ if is_within => return None,
            _ => vec![value],
        };
        let is_constant = |&it: &Value| matches!(self.values.shape(it), Shape::Str(_) | Shape::Int(_));
        (!constants.is_empty() && constants.iter().all(is_constant)).then_some((asked, is_one, constants))
    }

    fn narrow_place(&mut self, frame: &mut Frame<'p>, place: Expr, said: &Said) {
        if let ExprKind::Local(slot) = frame.facts.kind(place) {
            let Some(&before) = frame.slots.get(slot as usize) else { return };
            let after = self.narrowed(before, said);
            if after != Value::NEVER && after != before {
                frame.slots[slot as usize] = after;
                frame.narrowed.push((slot, before, after));
            }
            return;
        }
        self.narrow_rows(frame, place, said);
        let Some(reference) = Reference::of(frame, place) else { return };
        let ExprKind::Attribute(base, name) = frame.facts.kind(place) else { return };
        let Some(row) = self.row_in(frame, base) else { return };
        if matches!(said, Said::IsNone | Said::Falsy)
            && let Some(relation) = self.relation_behind(row, name)
            && reference.through.is_none()
        {
            let before = frame.slots[reference.slot as usize];
            let after = self.values.make(Shape::Row(Row { lacks: row.lacks.with(relation), ..row }));
            take_over(frame, before, after);
            frame.slots[reference.slot as usize] = after;
            frame.narrowed.push((reference.slot, before, after));
        } else if let Some(after) = self.narrowed_attribute(frame, reference, row, said) {
            frame.told.retain(|(known, _)| *known != reference);
            frame.told.push((reference, after));
        }
    }

    /// Keeps of the rows that a variable may be, of several queries, those alone of which a test of a column can come out so:
    /// what the others hold in it, their queries ask for.
    fn narrow_rows(&mut self, frame: &mut Frame<'p>, place: Expr, said: &Said) {
        let facts = frame.facts;
        let (ExprKind::Attribute(base, name) | ExprKind::Lookup(base, name)) = facts.kind(place) else {
            return;
        };
        let before = match facts.kind(base) {
            ExprKind::Local(slot) => frame.slots.get(slot as usize).copied(),
            ExprKind::Context(variable) => self.raw_variable(frame, variable),
            _ => None,
        };
        let Some(before) = before else { return };
        let Shape::Union(members) = self.values.shape(before).clone() else { return };
        let mut left = Vec::new();
        for &member in members.iter() {
            let can_be = match *self.values.shape(member) {
                Shape::Row(row)
                    if !frame.placed.contains_key(&(member, name))
                        && self.schema.attribute(row.model, name) == Some(ModelAttribute::Column) =>
                {
                    let held = self.column(row, name);
                    self.narrowed(held, said) != Value::NEVER
                }
                _ => true,
            };
            left.extend(can_be.then_some(member));
        }
        let after = self.values.join_all(left);
        if after == Value::NEVER || after == before {
            return;
        }
        match facts.kind(base) {
            ExprKind::Local(slot) => {
                frame.slots[slot as usize] = after;
                frame.narrowed.push((slot, before, after));
            }
            ExprKind::Context(variable) => {
                let whole = frame.slots[0];
                self.put_context(frame, variable, after);
                frame.narrowed.push((0, whole, frame.slots[0]));
            }
            _ => {}
        }
    }

    /// What a test told of an expression.
    pub(in crate::queries) fn told(&self, frame: &Frame<'p>, place: Expr) -> Option<Value> {
        if frame.told.is_empty() {
            return None;
        }
        let reference = Reference::of(frame, place)?;
        frame.told.iter().find(|(known, _)| *known == reference).map(|&(_, value)| value)
    }

    /// What is left of a variable's value.
    fn narrowed(&mut self, value: Value, said: &Said) -> Value {
        let members = self.values.members(value);
        let is_among = |member, constants: &[Value]| {
            let mut answers = constants.iter().map(|&constant| self.known_equality(member, constant));
            match answers.all(|answer| answer == Some(false)) {
                true => Some(false),
                false => constants.contains(&member).then_some(true),
            }
        };
        let left = members.into_iter().filter(|&member| match said {
            Said::IsOne(constants) => is_among(member, constants) != Some(false),
            Said::IsNoneOf(constants) => is_among(member, constants) != Some(true),
            Said::IsNone => false,
            Said::IsNotNone => member != Value::NONE,
            Said::Truthy => self.known_truth(member) != Some(false),
            Said::Falsy => self.known_truth(member) != Some(true),
        });
        let left: Vec<Value> = left.collect();
        match said {
            Said::IsNone => Value::NONE,
            _ => self.values.join_all(left),
        }
    }

    /// The to-one relation that an attribute is, or the key of.
    pub(super) fn relation_behind(&self, row: Row, name: Symbol) -> Option<RelationId> {
        match self.schema.attribute(row.model, name) {
            Some(ModelAttribute::ToOne(relation)) => Some(relation),
            _ => self.field_behind(row, name).1,
        }
    }

    fn narrowed_attribute(
        &mut self,
        frame: &Frame<'p>,
        reference: Reference,
        row: Row,
        said: &Said,
    ) -> Option<Value> {
        let name = reference.name;
        let is_null = matches!(said, Said::IsNone | Said::Falsy);
        match self.schema.attribute(row.model, name)? {
            ModelAttribute::ToOne(_) => return is_null.then_some(Value::NONE),
            ModelAttribute::Column => {}
            _ => return None,
        }
        let known = frame.told.iter().find(|(known, _)| *known == reference).map(|&(_, value)| value);
        let before = known.unwrap_or_else(|| self.column(row, name));
        let unlike = match self.values.shape(before) {
            Shape::Scalar => Vec::new(),
            Shape::Unlike(constants) => constants.to_vec(),
            _ => return None,
        };
        let (field, relation) = self.field_behind(row, name);
        if let Said::IsOne(constants) | Said::IsNoneOf(constants) = said
            && !constants.iter().all(|&constant| self.can_hold(row, field, constant))
        {
            return None;
        }
        match said {
            Said::IsOne(constants) => Some(self.values.join_all(constants.iter().copied())),
            Said::IsNoneOf(constants) => {
                Some(self.unlike(unlike.into_iter().chain(constants.iter().copied()).collect()))
            }
            Said::IsNone => Some(Value::NONE),
            Said::IsNotNone => Some(self.unlike(unlike.into_iter().chain([Value::NONE]).collect())),
            Said::Truthy => Some(self.truthy(unlike)),
            Said::Falsy => {
                let is_never_empty =
                    relation.is_some() || self.class_of_field(row, field).is_some_and(is_date);
                is_never_empty.then_some(Value::NONE)
            }
        }
    }

    /// Forgets what tests told of the variables that a call is given, which may change what they are.
    pub(in crate::queries) fn forget_told(&mut self, frame: &mut Frame<'p>, call: Expr) {
        let ExprKind::Call(callee, run) = frame.facts.kind(call) else { return };
        let this = match frame.facts.kind(callee) {
            ExprKind::Attribute(base, _) => Some(base),
            _ => None,
        };
        let facts = frame.facts;
        for given in this.into_iter().chain(facts.arguments(run).iter().map(|argument| argument.value)) {
            if let ExprKind::Local(slot) = facts.kind(given) {
                self.forget(frame, slot, None);
            }
        }
    }

    /// Forgets which texts and numbers the columns of rows were found to hold that a call is given: methods are there to
    /// change them.
    pub(in crate::queries) fn forget_contents(&mut self, frame: &mut Frame<'p>, callee: Expr, run: Run) {
        if frame.told.is_empty() {
            return;
        }
        let facts = frame.facts;
        let this = match facts.kind(callee) {
            ExprKind::Attribute(base, _) => Some(base),
            _ => None,
        };
        let given = facts.arguments(run).iter().map(|argument| argument.value);
        let values: Vec<Value> = this
            .into_iter()
            .chain(given)
            .filter_map(|given| match facts.kind(given) {
                ExprKind::Local(slot) => frame.slots.get(slot as usize).copied(),
                _ => None,
            })
            .collect();
        let slots = &frame.slots;
        frame.told.retain(|(known, told)| {
            !self.is_content(*told) || slots.get(known.slot as usize).is_none_or(|it| !values.contains(it))
        });
    }

    /// Whether a value is that of a column which a test compared with a text or number.
    fn is_content(&self, value: Value) -> bool {
        match self.values.shape(value) {
            Shape::Str(text) => *text != self.names.empty,
            Shape::Int(number) => *number != 0,
            Shape::Union(parts) | Shape::Unlike(parts) => parts.iter().any(|&part| self.is_content(part)),
            _ => false,
        }
    }

    /// Forgets what tests told of an attribute of a variable, or of all.
    pub(in crate::queries) fn forget(&mut self, frame: &mut Frame<'p>, slot: u32, name: Option<Symbol>) {
        // The row may have other names.
        let value = frame.slots.get(slot as usize).copied();
        let slots = &frame.slots;
        frame.told.retain(|(known, told)| {
            let is_it = known.slot == slot
                || self.is_content(*told) && slots.get(known.slot as usize).copied() == value;
            !is_it || name.is_some_and(|name| known.name != name && known.through.is_none_or(|it| it != name))
        });
        let Some(&value) = frame.slots.get(slot as usize) else { return };
        let Some(row) = self.as_row(value) else { return };
        let lacks = match name {
            None => Lacks::NONE,
            Some(name) => self.relation_behind(row, name).map_or(row.lacks, |it| row.lacks.without(it)),
        };
        if lacks != row.lacks {
            let after = self.values.make(Shape::Row(Row { lacks, ..row }));
            take_over(frame, value, after);
            frame.slots[slot as usize] = after;
        }
    }
}

/// What code put on a row is on it under its new value too.
fn take_over(frame: &mut Frame<'_>, before: Value, after: Value) {
    if frame.placed.is_empty() {
        return;
    }
    let mut put: Vec<(Symbol, Value)> = frame
        .placed
        .iter()
        .filter(|((row, _), _)| *row == before)
        .map(|(&(_, name), &value)| (name, value))
        .collect();
    put.sort_unstable_by_key(|(name, _)| name.as_str());
    frame.placed.extend(put.into_iter().map(|(name, value)| ((after, name), value)));
}
