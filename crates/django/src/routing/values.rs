//! What is known of a value in a router, for one model.

use tuneup_python::flow::{Argument, ArgumentKind, BinaryOp, CompareOp, Expr, ExprKind, Run};
use tuneup_python::{Entity, Symbol};

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
    /// Something that is the same for every model.
    Alike,
    /// Anything.
    Unknown,
}

impl Value {
    /// Whether it is the same for every model.
    pub(super) fn is_alike(&self) -> bool {
        match self {
            Self::Model(_) | Self::Meta(_) | Self::Unknown => false,
            Self::Items(items) => items.iter().all(Self::is_alike),
            Self::Map(entries, rest) => {
                entries.iter().all(|(_, value)| value.is_alike())
                    && rest.as_deref().is_none_or(Self::is_alike)
            }
            _ => true,
        }
    }

    /// Whether it counts as true, where that is known.
    pub(super) fn truth(&self) -> Option<bool> {
        match self {
            Self::None => Some(false),
            Self::Bool(value) => Some(*value),
            Self::Text(text) => Some(!text.as_str().is_empty()),
            Self::Items(items) => Some(!items.is_empty()),
            Self::Map(entries, None) => Some(!entries.is_empty()),
            Self::Model(_) | Self::Meta(_) | Self::This => Some(true),
            Self::Map(..) | Self::Unset | Self::Alike | Self::Unknown => None,
        }
    }

    /// A setting's value.
    pub(super) fn of_setting(node: &Node) -> Self {
        match &node.value {
            settings::Value::None => Self::None,
            settings::Value::Bool(value) => Self::Bool(*value),
            settings::Value::Str(text) => Self::Text(Symbol::new(text)),
            settings::Value::List(list) if !list.open => {
                Self::Items(list.items.iter().map(Self::of_setting).collect())
            }
            settings::Value::Dict(dict) if !dict.open && dict.base.is_none() => {
                let entries = dict.entries.iter();
                let entries = entries.map(|(key, node)| (Symbol::new(key), Self::of_setting(node)));
                Self::Map(entries.collect(), None)
            }
            _ => Self::Alike,
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
            (this, "get" | "items" | "keys" | "values" | "index" | "count" | "copy", _) => this,
            _ => Self::Alike,
        }
    }

    /// Whether two are equal, where both are known.
    fn equals(&self, other: &Self) -> Option<bool> {
        let is_plain =
            |value: &Self| matches!(value, Self::None | Self::Bool(_) | Self::Text(_) | Self::Model(_));
        (is_plain(self) && is_plain(other)).then(|| self == other)
    }

    /// Nothing more is known than whether it depends on the model.
    fn blurred(parts: &[Self]) -> Self {
        if parts.iter().all(Self::is_alike) { Self::Alike } else { Self::Unknown }
    }
}

impl Reader<'_> {
    /// What is known of an expression's value.
    pub(super) fn value(&mut self, frame: &mut Frame, expr: Expr) -> Value {
        if !self.spend() {
            return Value::Unknown;
        }
        let facts = self.source.facts(frame.file);
        match facts.kind(expr) {
            ExprKind::None => Value::None,
            ExprKind::Bool(value) => Value::Bool(value),
            ExprKind::Str(text) => Value::Text(text),
            ExprKind::Int(_) | ExprKind::Number | ExprKind::Bytes => Value::Alike,
            ExprKind::Local(slot) => match &frame.slots {
                Some(slots) => slots.get(slot as usize).cloned().unwrap_or(Value::Alike),
                None => self.global(frame, expr),
            },
            ExprKind::Global(_) | ExprKind::Free { .. } | ExprKind::Import(_) => self.global(frame, expr),
            ExprKind::Attribute(base, name) => match self.value(frame, base) {
                Value::Model(model) if name == "_meta" => Value::Meta(model),
                Value::Model(model) => self.of_model(model, name, None),
                Value::Meta(model) => self.of_meta(model, name.as_str()),
                Value::This => self.attribute(name),
                Value::Alike => self.global(frame, expr),
                Value::Unknown => Value::Unknown,
                _ => Value::Alike,
            },
            ExprKind::List(run) | ExprKind::Tuple(run) | ExprKind::Set(run) => {
                Value::Items(self.values(frame, run))
            }
            ExprKind::Dict(run) => self.map(frame, run),
            ExprKind::Subscript(base, index) => {
                let (base, index) = (self.value(frame, base), self.value(frame, index));
                looked_up(&base, &index).unwrap_or_else(|| Value::blurred(&[base, index]))
            }
            ExprKind::Conditional(parts) => {
                let &[test, then, orelse] = facts.list(parts) else { return Value::Unknown };
                let held = self.value(frame, test);
                match held.truth() {
                    Some(true) => self.value(frame, then),
                    Some(false) => self.value(frame, orelse),
                    None => Value::blurred(&[held, self.value(frame, then), self.value(frame, orelse)]),
                }
            }
            ExprKind::Not(inner) => match self.value(frame, inner) {
                value if value.truth().is_some() => Value::Bool(value.truth() == Some(false)),
                value => Value::blurred(&[value]),
            },
            ExprKind::And(run) => self.junction(frame, run, false),
            ExprKind::Or(run) => self.junction(frame, run, true),
            ExprKind::Compare(run, ops) => match (facts.list(run), facts.compare_ops.get(ops as usize)) {
                (&[left, right], Some(&op)) => {
                    let (left, right) = (self.value(frame, left), self.value(frame, right));
                    compared(&left, op, &right).unwrap_or_else(|| Value::blurred(&[left, right]))
                }
                (operands, _) => {
                    let operands: Vec<Value> = operands.iter().map(|&it| self.value(frame, it)).collect();
                    Value::blurred(&operands)
                }
            },
            ExprKind::Binary(BinaryOp::Add | BinaryOp::BitOr, run) => {
                let parts = self.values(frame, run);
                let mut all = Vec::new();
                for part in &parts {
                    let Value::Items(items) = part else { return Value::blurred(&parts) };
                    all.extend(items.iter().cloned());
                }
                Value::Items(all)
            }
            ExprKind::Binary(_, run) | ExprKind::FString(run) | ExprKind::Opaque(run) => {
                Value::blurred(&self.values(frame, run))
            }
            ExprKind::Format(inner, _) | ExprKind::Unary(inner) => {
                let inner = self.value(frame, inner);
                Value::blurred(&[inner])
            }
            ExprKind::Walrus(_, value) => self.value(frame, value),
            ExprKind::Call(callee, arguments) => self.called(frame, callee, arguments),
            ExprKind::Lambda(_) | ExprKind::Function(_) | ExprKind::Class(_) => Value::Alike,
            _ => Value::Unknown,
        }
    }

    fn values(&mut self, frame: &mut Frame, run: Run) -> Vec<Value> {
        let facts = self.source.facts(frame.file);
        let mut all = Vec::new();
        for &item in facts.list(run) {
            match facts.kind(item) {
                ExprKind::Starred(inner) => match self.value(frame, inner) {
                    Value::Items(items) => all.extend(items),
                    other => all.push(Value::blurred(&[other])),
                },
                _ => all.push(self.value(frame, item)),
            }
        }
        all
    }

    fn map(&mut self, frame: &mut Frame, run: Run) -> Value {
        let facts = self.source.facts(frame.file);
        let mut entries = Vec::new();
        for pair in facts.list(run).chunks(2) {
            let &[key, value] = pair else { return Value::Unknown };
            let value = self.value(frame, value);
            match self.value(frame, key) {
                Value::Text(key) => entries.push((key, value)),
                key => return Value::blurred(&[key, value]),
            }
        }
        Value::Map(entries, None)
    }

    /// `a and b`, `a or b`
    fn junction(&mut self, frame: &mut Frame, run: Run, decides: bool) -> Value {
        let parts = self.source.facts(frame.file).list(run);
        let mut open: Vec<Value> = Vec::new();
        for (at, &part) in parts.iter().enumerate() {
            let value = self.value(frame, part);
            match value.truth() {
                Some(truth) if truth == decides && open.is_empty() => return value,
                // Whatever stands before it.
                Some(truth) if truth == decides => return Value::Bool(decides),
                Some(_) if at + 1 == parts.len() && open.is_empty() => return value,
                Some(_) => {}
                None => open.push(value),
            }
        }
        Value::blurred(&open)
    }

    fn called(&mut self, frame: &mut Frame, callee: Expr, run: Run) -> Value {
        let facts = self.source.facts(frame.file);
        let arguments = facts.arguments(run);
        let is_plain = |argument: &Argument| argument.kind == ArgumentKind::Positional;
        let mut given: Vec<Value> =
            arguments.iter().map(|argument| self.value(frame, argument.value)).collect();
        if let ExprKind::Attribute(base, name) = facts.kind(callee) {
            match (self.value(frame, base), name.as_str(), given.as_slice()) {
                (Value::This, ..) => {
                    let method = self.source.member(self.class, name).filter(|method| method.certain);
                    let method = method.and_then(|method| self.function_of(&method));
                    return match method {
                        Some(method) if arguments.iter().all(is_plain) => {
                            given.insert(0, Value::This);
                            self.result(method, &given)
                        }
                        _ => Value::blurred(&given),
                    };
                }
                (Value::Map(entries, _), "get", [key, rest @ ..]) => {
                    let default = rest.first().cloned().unwrap_or(Value::None);
                    let whole = Value::Map(entries, Some(Box::new(default)));
                    return looked_up(&whole, key).unwrap_or_else(|| Value::blurred(&[whole, key.clone()]));
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
                (base, ..) if !base.is_alike() => return Value::Unknown,
                _ => {}
            }
        }
        match (self.source.entity_of(frame.file, callee), given.as_slice()) {
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
                    _ => return Value::blurred(&given),
                };
                let default = arguments.first().and_then(|it| self.made_by(frame, it.value));
                Value::Map(entries, Some(Box::new(default.unwrap_or(Value::Alike))))
            }
            _ => Value::blurred(&given),
        }
    }

    /// `lambda: "default"`
    fn made_by(&mut self, frame: &Frame, factory: Expr) -> Option<Value> {
        let ExprKind::Lambda(id) = self.source.facts(frame.file).kind(factory) else { return None };
        Some(self.result(tuneup_python::FunctionRef { file: frame.file, id }, &[]))
    }

    /// An attribute of a model's class.
    fn of_model(&mut self, model: ModelId, name: Symbol, default: Option<Value>) -> Value {
        if name == "__name__" {
            return Value::Text(self.schema.model(model).name());
        }
        match self.has_member(model, name) {
            Some(true) => {}
            Some(false) => return default.unwrap_or(Value::Unknown),
            None => return Value::Unknown,
        }
        let class = self.schema.class_of(model);
        let member = class.and_then(|class| self.source.member(class, name));
        match member.and_then(|member| Some((member.owner.file, member.binding.value?))) {
            Some((file, value)) => {
                let mut body = Frame { file, slots: None };
                match self.value(&mut body, value) {
                    Value::Alike => Value::Unknown,
                    value => value,
                }
            }
            None => Value::Unknown,
        }
    }

    /// Whether the code of a model sets an attribute, where all of it is read.
    fn has_member(&self, model: ModelId, name: Symbol) -> Option<bool> {
        let Some(class) = self.schema.class_of(model) else { return Some(false) };
        match self.source.member(class, name) {
            Some(member) => member.certain.then_some(true),
            None => self.schema.model(model).is_known().then_some(false),
        }
    }

    fn of_meta(&self, model: ModelId, name: &str) -> Value {
        let of = self.schema.model(model);
        let text = |text: &str| Value::Text(Symbol::new(text));
        match name {
            "app_label" => Value::Text(of.app_label()),
            "object_name" => Value::Text(of.name()),
            "model_name" => text(&of.name().as_str().to_lowercase()),
            "label" => text(&self.schema.label(model)),
            "label_lower" => text(&format!("{}.{}", of.app_label(), of.name().as_str().to_lowercase())),
            "db_table" => {
                self.schema.db_table(self.source, model).map_or(Value::Unknown, |table| text(&table))
            }
            "managed" => Value::Bool(self.schema.is_managed(self.source, model)),
            _ => Value::Unknown,
        }
    }
}

/// The entry of a dict, where both are known.
fn looked_up(base: &Value, index: &Value) -> Option<Value> {
    let (Value::Map(entries, rest), Value::Text(key)) = (base, index) else { return None };
    match entries.iter().find(|(known, _)| known == key) {
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
