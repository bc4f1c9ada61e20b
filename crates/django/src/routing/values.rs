//! What is known of a value in a router, for one model.

use tuneup_python::flow::{Argument, ArgumentKind, BinaryOp, CompareOp, Expr, ExprKind, Run};
use tuneup_python::{Entity, Symbol};

use super::changes::is_changing;
use super::router::{Frame, Reader};
use crate::schema::ModelId;
use crate::settings::{self, Node};

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    /// A variable that is not set yet.
    Unset,
    /// `None`
    None,
    /// `True` or `False`
    Bool(bool),
    /// A text.
    Text(Symbol),
    /// A list, tuple or set of which all is known.
    Items(Vec<Value>),
    /// A dict of texts: its entries, and what stands in for others.
    Map(Vec<(Symbol, Value)>, Option<Box<Value>>),
    /// A model.
    Model(ModelId),
    /// Its `_meta`.
    Meta(ModelId),
    /// The router.
    This,
    /// Anything.
    Unknown,
}

/// A value, and whether it is of the model: what is not is the same for every model, known or not.
#[derive(Clone, Debug)]
pub(super) struct Held {
    pub(super) value: Value,
    pub(super) of_model: bool,
}

impl Held {
    /// One that is the same for every model.
    pub(super) fn of_any(value: Value) -> Self {
        Self { value, of_model: false }
    }
}

impl Value {
    /// Whether it counts as true, where that is known.
    pub(super) fn truth(&self) -> Option<bool> {
        match self {
            Self::None => Some(false),
            Self::Bool(value) => Some(*value),
            Self::Text(text) => Some(!text.as_str().is_empty()),
            Self::Items(items) => Some(!items.is_empty()),
            Self::Map(entries, None) => Some(!entries.is_empty()),
            Self::Model(_) | Self::Meta(_) | Self::This => Some(true),
            Self::Map(..) | Self::Unset | Self::Unknown => None,
        }
    }

    /// How much it is to copy.
    pub(super) fn size(&self) -> usize {
        1 + match self {
            Self::Items(items) => items.iter().map(Self::size).sum(),
            Self::Map(entries, rest) => {
                let entries: usize = entries.iter().map(|(_, value)| 1 + value.size()).sum();
                entries + rest.as_ref().map_or(0, |rest| rest.size())
            }
            _ => 0,
        }
    }

    /// What it is once a method has changed it.
    pub(super) fn changed(self, method: &str, given: &[Self]) -> Self {
        match (self, method, given) {
            (Self::Map(mut entries, rest), "update", [Self::Map(more, None)]) => {
                entries.retain(|(key, _)| more.iter().all(|(other, _)| other != key));
                entries.extend(more.iter().cloned());
                Self::Map(entries, rest)
            }
            (Self::Items(mut items), "append" | "add", [one]) => {
                items.push(one.clone());
                Self::Items(items)
            }
            (Self::Items(mut items), "extend" | "update", [Self::Items(more)]) => {
                items.extend(more.iter().cloned());
                Self::Items(items)
            }
            _ => Self::Unknown,
        }
    }

    /// Whether two are equal, where both are known.
    fn equals(&self, other: &Self) -> Option<bool> {
        let is_plain = |value: &Self| matches!(value, Self::None | Self::Bool(_) | Self::Text(_));
        match (self, other) {
            (Self::Model(one), Self::Model(other)) => Some(one == other),
            (Self::Model(_) | Self::Meta(_), Self::None) | (Self::None, Self::Model(_) | Self::Meta(_)) => {
                Some(false)
            }
            _ => (is_plain(self) && is_plain(other)).then(|| self == other),
        }
    }
}

impl Reader<'_> {
    /// What is known of an expression's value, and whether the model has a part in it.
    pub(super) fn held(&mut self, frame: &mut Frame, expr: Expr) -> Held {
        let before = std::mem::take(&mut self.of_model);
        let value = self.value(frame, expr);
        let of_model = self.of_model;
        self.of_model |= before;
        Held { value, of_model }
    }

    /// Whether a test holds, where that is known, and whether the model has a part in that.
    pub(super) fn tested(&mut self, frame: &mut Frame, expr: Expr) -> (Option<bool>, bool) {
        self.deeper(|this| this.tested_in(frame, expr)).unwrap_or((None, true))
    }

    fn tested_in(&mut self, frame: &mut Frame, expr: Expr) -> (Option<bool>, bool) {
        let facts = self.source.facts(frame.file);
        let (run, decides) = match facts.kind(expr) {
            ExprKind::Not(inner) => {
                let (truth, of_model) = self.tested(frame, inner);
                return (truth.map(|truth| !truth), of_model);
            }
            ExprKind::And(run) => (run, false),
            ExprKind::Or(run) => (run, true),
            _ => {
                let held = self.held(frame, expr);
                return (held.value.truth(), held.of_model);
            }
        };
        let (mut known, mut open) = (false, None);
        for &part in facts.list(run) {
            let (truth, of_model) = self.tested(frame, part);
            match truth {
                Some(truth) if truth == decides => {
                    return (Some(decides), known || of_model || open == Some(true));
                }
                Some(_) => known |= of_model,
                None => open = Some(open == Some(true) || of_model),
            }
        }
        // Where some are open, the others say nothing: the model has a part in it by the open ones alone.
        match open {
            Some(of_model) => (None, of_model),
            None => (Some(!decides), known),
        }
    }

    /// What is known of an expression's value; [`Reader::of_model`] is set where the model has a part in it.
    pub(super) fn value(&mut self, frame: &mut Frame, expr: Expr) -> Value {
        self.deeper(|this| this.value_in(frame, expr)).unwrap_or(Value::Unknown)
    }

    fn value_in(&mut self, frame: &mut Frame, expr: Expr) -> Value {
        let facts = self.source.facts(frame.file);
        match facts.kind(expr) {
            ExprKind::None => Value::None,
            ExprKind::Bool(value) => Value::Bool(value),
            ExprKind::Str(text) => Value::Text(text),
            ExprKind::Int(_) | ExprKind::Number | ExprKind::Bytes | ExprKind::DoubleStarred => Value::Unknown,
            place @ ExprKind::Local(_) => match frame.variable(place) {
                // What is not read may have set it to anything.
                Some(Held { value: Value::Unset, .. }) => {
                    self.of_model = true;
                    Value::Unknown
                }
                Some(held) => {
                    self.of_model |= held.of_model;
                    self.copy(&held.value)
                }
                None => self.global(frame, expr),
            },
            ExprKind::Global(_) | ExprKind::Free { .. } | ExprKind::Import(_) => self.global(frame, expr),
            ExprKind::Attribute(base, name) => match self.value(frame, base) {
                Value::Model(model) => self.of_model(model, name, None),
                Value::Meta(model) => self.of_meta(model, name.as_str()),
                Value::This => self.attribute(name),
                Value::Unknown => self.global(frame, expr),
                _ => Value::Unknown,
            },
            ExprKind::List(run) | ExprKind::Tuple(run) | ExprKind::Set(run) => {
                Value::Items(self.values(frame, run))
            }
            ExprKind::Dict(run) => self.map(frame, run),
            ExprKind::Subscript(base, index) => {
                let (base, index) = (self.value(frame, base), self.value(frame, index));
                looked_up(&base, &index).unwrap_or(Value::Unknown)
            }
            ExprKind::Conditional(parts) => {
                let &[test, then, orelse] = facts.list(parts) else { return Value::Unknown };
                let (truth, of_model) = self.tested(frame, test);
                self.of_model |= of_model;
                match truth {
                    Some(true) => self.value(frame, then),
                    Some(false) => self.value(frame, orelse),
                    None => self.unknown(frame, &[then, orelse]),
                }
            }
            ExprKind::Not(_) => {
                let (truth, of_model) = self.tested(frame, expr);
                self.of_model |= of_model;
                truth.map_or(Value::Unknown, Value::Bool)
            }
            ExprKind::And(run) => self.junction(frame, run, false),
            ExprKind::Or(run) => self.junction(frame, run, true),
            ExprKind::Compare(run, ops) => match (facts.list(run), facts.compare_ops.get(ops as usize)) {
                (&[left, right], Some(&op)) => {
                    let (left, right) = (self.value(frame, left), self.value(frame, right));
                    compared(&left, op, &right).unwrap_or(Value::Unknown)
                }
                (operands, _) => self.unknown(frame, operands),
            },
            ExprKind::Binary(BinaryOp::Add | BinaryOp::BitOr, run) => {
                let mut all = Vec::new();
                for part in self.values(frame, run) {
                    let Value::Items(items) = part else { return Value::Unknown };
                    all.extend(items);
                }
                Value::Items(all)
            }
            ExprKind::Binary(_, run) | ExprKind::FString(run) | ExprKind::Opaque(run) => {
                self.unknown(frame, facts.list(run))
            }
            ExprKind::Format(inner, _) | ExprKind::Unary(inner) | ExprKind::Starred(inner) => {
                self.unknown(frame, &[inner])
            }
            ExprKind::Walrus(target, value) => {
                let held = self.held(frame, value);
                let value = held.value.clone();
                // Whether it is put there can depend on what stands before it.
                self.of_model |= !self.assign(frame, target, held);
                value
            }
            ExprKind::Call(callee, arguments) => self.called(frame, callee, arguments),
            // What is not read here can read every variable.
            _ => {
                let slots = frame.slots.as_deref().unwrap_or_default();
                self.of_model |= !self.spend(slots.len()) || slots.iter().any(|held| held.of_model);
                Value::Unknown
            }
        }
    }

    /// The value of a variable.
    fn copy(&mut self, value: &Value) -> Value {
        match self.spend(value.size()) {
            true => value.clone(),
            false => Value::Unknown,
        }
    }

    /// A setting's value.
    pub(super) fn setting(&mut self, node: &Node) -> Value {
        self.deeper(|this| match &node.value {
            settings::Value::None => Value::None,
            settings::Value::Bool(value) => Value::Bool(*value),
            settings::Value::Str(text) => Value::Text(Symbol::new(text)),
            settings::Value::List(list) if !list.open && this.has_left(list.items.len()) => {
                Value::Items(list.items.iter().map(|item| this.setting(item)).collect())
            }
            settings::Value::Dict(dict)
                if !dict.open && dict.base.is_none() && this.has_left(dict.entries.len()) =>
            {
                let entries = dict.entries.iter();
                Value::Map(entries.map(|(key, node)| (Symbol::new(key), this.setting(node))).collect(), None)
            }
            _ => Value::Unknown,
        })
        .unwrap_or(Value::Unknown)
    }

    /// What is made of others in a way that is not known.
    fn unknown(&mut self, frame: &mut Frame, parts: &[Expr]) -> Value {
        if self.has_left(parts.len()) {
            for &part in parts {
                self.value(frame, part);
            }
        }
        Value::Unknown
    }

    fn values(&mut self, frame: &mut Frame, run: Run) -> Vec<Value> {
        let facts = self.source.facts(frame.file);
        if !self.has_left(run.len()) {
            return vec![Value::Unknown];
        }
        let mut all = Vec::new();
        for &item in facts.list(run) {
            match facts.kind(item) {
                ExprKind::Starred(inner) => match self.value(frame, inner) {
                    Value::Items(items) => all.extend(items),
                    _ => all.push(Value::Unknown),
                },
                _ => all.push(self.value(frame, item)),
            }
        }
        all
    }

    fn map(&mut self, frame: &mut Frame, run: Run) -> Value {
        let facts = self.source.facts(frame.file);
        if !self.has_left(run.len()) {
            return Value::Unknown;
        }
        let mut entries = Vec::new();
        for pair in facts.list(run).chunks(2) {
            let &[key, value] = pair else { return Value::Unknown };
            let value = self.value(frame, value);
            match self.value(frame, key) {
                Value::Text(key) => entries.push((key, value)),
                _ => return self.unknown(frame, facts.list(run)),
            }
        }
        Value::Map(entries, None)
    }

    /// `a and b`, `a or b`
    fn junction(&mut self, frame: &mut Frame, run: Run, decides: bool) -> Value {
        let parts = self.source.facts(frame.file).list(run);
        for (at, &part) in parts.iter().enumerate() {
            let value = self.value(frame, part);
            match value.truth() {
                _ if at + 1 == parts.len() => return value,
                Some(truth) if truth == decides => return value,
                Some(_) => {}
                // It gives this operand or one of the others.
                None => return self.unknown(frame, &parts[at + 1..]),
            }
        }
        Value::Unknown
    }

    fn called(&mut self, frame: &mut Frame, callee: Expr, run: Run) -> Value {
        let facts = self.source.facts(frame.file);
        let arguments = facts.arguments(run);
        if !self.has_left(arguments.len()) {
            return Value::Unknown;
        }
        let is_plain = |argument: &Argument| argument.kind == ArgumentKind::Positional;
        let given: Vec<Held> = arguments.iter().map(|argument| self.held(frame, argument.value)).collect();
        let values: Vec<Value> = given.iter().map(|held| held.value.clone()).collect();
        if let ExprKind::Attribute(base, name) = facts.kind(callee) {
            if is_changing(name.as_str()) {
                let of_model = frame.of_model || given.iter().any(|held| held.of_model);
                return self.change(frame, base, name, &values, of_model);
            }
            match (self.value(frame, base), name.as_str(), values.as_slice()) {
                (Value::This, ..) => {
                    return match arguments.iter().all(is_plain) {
                        true => self.result_of(name, given),
                        false => Value::Unknown,
                    };
                }
                (Value::Map(entries, _), "get", [key, rest @ ..]) => {
                    let default = rest.first().cloned().unwrap_or(Value::None);
                    let whole = Value::Map(entries, Some(Box::new(default)));
                    return looked_up(&whole, key).unwrap_or(Value::Unknown);
                }
                (Value::Map(entries, None), "keys", []) => {
                    return Value::Items(entries.into_iter().map(|(key, _)| Value::Text(key)).collect());
                }
                (Value::Text(text), "startswith", [Value::Text(start)]) => {
                    return Value::Bool(text.as_str().starts_with(start.as_str()));
                }
                (Value::Text(text), "lower", []) => {
                    return Value::Text(Symbol::new(&text.as_str().to_lowercase()));
                }
                _ => {}
            }
        } else {
            // A function that is made here reads the variables that are here.
            self.value(frame, callee);
        }
        match (self.source.entity_of(frame.file, callee), values.as_slice()) {
            (Entity::Function(function), _) if arguments.iter().all(is_plain) => {
                self.result(function, &given)
            }
            (Entity::Builtin(name), [Value::Model(model), Value::Text(attribute), rest @ ..])
                if name == "getattr" || name == "hasattr" =>
            {
                match name == "getattr" {
                    true => self.of_model(*model, *attribute, rest.first().cloned()),
                    false => match self.has_member(*model, *attribute) {
                        Some(has) => Value::Bool(has),
                        None => Value::Unknown,
                    },
                }
            }
            (Entity::Builtin(name), [items @ Value::Items(_)])
                if matches!(name.as_str(), "set" | "list" | "tuple" | "frozenset" | "sorted") =>
            {
                items.clone()
            }
            (Entity::External(name), [_, rest @ ..]) if name == "collections.defaultdict" => {
                let entries = match rest {
                    [] => Vec::new(),
                    [Value::Map(entries, None)] => entries.clone(),
                    _ => return Value::Unknown,
                };
                let default = arguments.first().and_then(|it| self.made_by(frame, it.value));
                Value::Map(entries, Some(Box::new(default.unwrap_or(Value::Unknown))))
            }
            _ => Value::Unknown,
        }
    }

    /// What a method that changes a list, dict or set makes of what a place holds.
    fn change(
        &mut self,
        frame: &mut Frame,
        place: Expr,
        method: Symbol,
        given: &[Value],
        of_model: bool,
    ) -> Value {
        self.value(frame, place);
        match frame.variable(self.source.facts(frame.file).kind(place)) {
            Some(there) => {
                let before = std::mem::replace(&mut there.value, Value::Unknown);
                there.value = before.changed(method.as_str(), given);
                there.of_model |= of_model;
            }
            // It may be kept until another model is asked for.
            None if of_model => self.give_up(),
            None => {}
        }
        Value::Unknown
    }

    /// `lambda: "default"`
    fn made_by(&mut self, frame: &Frame, factory: Expr) -> Option<Value> {
        let ExprKind::Lambda(id) = self.source.facts(frame.file).kind(factory) else { return None };
        Some(self.result(tuneup_python::FunctionRef { file: frame.file, id }, &[]))
    }
}

/// The entry of a dict, where both are known.
fn looked_up(base: &Value, index: &Value) -> Option<Value> {
    let (Value::Map(entries, rest), Value::Text(key)) = (base, index) else { return None };
    // Of two that are equal, the last.
    match entries.iter().rfind(|(known, _)| known == key) {
        Some((_, value)) => Some(value.clone()),
        // Without one it is an error, which code may catch.
        None => Some(rest.as_deref().cloned().unwrap_or(Value::Unknown)),
    }
}

fn compared(left: &Value, op: CompareOp, right: &Value) -> Option<Value> {
    let is = |truth: bool, negated: bool| Some(Value::Bool(truth != negated));
    match op {
        CompareOp::Eq | CompareOp::Is => is(left.equals(right)?, false),
        CompareOp::NotEq | CompareOp::IsNot => is(left.equals(right)?, true),
        CompareOp::In | CompareOp::NotIn => {
            let held = match right {
                Value::Items(items) => {
                    let known: Vec<Option<bool>> = items.iter().map(|item| left.equals(item)).collect();
                    match known.contains(&Some(true)) {
                        true => true,
                        false if known.iter().all(Option::is_some) => false,
                        false => return None,
                    }
                }
                Value::Map(entries, _) => match left {
                    Value::Text(text) => entries.iter().any(|(key, _)| key == text),
                    _ => return None,
                },
                _ => return None,
            };
            is(held, op == CompareOp::NotIn)
        }
        CompareOp::Order => None,
    }
}
