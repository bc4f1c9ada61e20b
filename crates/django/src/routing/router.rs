//! Runs the methods of a router for one model.

use tuneup_python::flow::{Block, Expr, ExprKind, ParameterKind, Stmt, StmtKind, Tried};
use tuneup_python::{ClassRef, Entity, FileId, FunctionRef, Member, Project, Symbol};

use super::Step;
use super::values::Value;
use crate::schema::Schema;
use crate::settings::Settings;

/// How many statements and expressions are read for one model.
const MOST: usize = 2000;

/// Reads the methods of one router.
pub(super) struct Reader<'p> {
    pub(super) source: &'p Project,
    pub(super) settings: &'p Settings,
    pub(super) schema: &'p Schema,
    pub(super) class: ClassRef,
    left: usize,
}

/// A function that is being run, or a class or module body.
#[derive(Clone)]
pub(super) struct Frame {
    pub(super) file: FileId,
    /// The variables of the function; none in another body.
    pub(super) slots: Option<Vec<Value>>,
}

/// The statements that come after a block.
struct Rest<'a> {
    statements: &'a [Stmt],
    then: Option<&'a Rest<'a>>,
}

impl<'p> Reader<'p> {
    pub(super) fn new(
        source: &'p Project,
        settings: &'p Settings,
        schema: &'p Schema,
        class: ClassRef,
    ) -> Self {
        Self { source, settings, schema, class, left: MOST }
    }

    /// The function that a class member is.
    pub(super) fn function_of(&self, member: &Member) -> Option<FunctionRef> {
        let file = member.owner.file;
        match self.source.facts(file).kind(member.binding.value?) {
            ExprKind::Function(id) => Some(FunctionRef { file, id }),
            _ => None,
        }
    }

    /// What one of the router's methods gives for these arguments.
    pub(super) fn method(&mut self, function: FunctionRef, given: &[Value]) -> Vec<Step> {
        let mut arguments = vec![Value::This];
        arguments.extend_from_slice(given);
        self.call(function, &arguments)
    }

    /// What a function gives for these arguments.
    pub(super) fn call(&mut self, function: FunctionRef, given: &[Value]) -> Vec<Step> {
        let facts = self.source.facts(function.file);
        let of = facts.function(function.id);
        if !self.spend() || of.is_generator {
            return vec![Step::Unknown];
        }
        let mut slots = vec![Value::Unset; of.slots.len()];
        let mut given = given.iter();
        for (slot, parameter) in slots.iter_mut().zip(facts.parameters(of.parameters)) {
            let is_next = matches!(parameter.kind, ParameterKind::PositionalOnly | ParameterKind::Normal);
            let next = if is_next { given.next() } else { None };
            let default = || {
                let mut body = Frame { file: function.file, slots: None };
                parameter.default.map(|default| self.value(&mut body, default))
            };
            // Hints are of the row that leads to another, which is read from there in both ways.
            *slot = next.cloned().or_else(default).unwrap_or(Value::Alike);
        }
        let frame = Frame { file: function.file, slots: Some(slots) };
        self.run(frame, facts.block(of.body), None)
    }

    /// Whether there is work left.
    pub(super) fn spend(&mut self) -> bool {
        self.left = self.left.saturating_sub(1);
        self.left > 0
    }

    fn run(&mut self, mut frame: Frame, statements: &[Stmt], then: Option<&Rest<'_>>) -> Vec<Step> {
        let unknown = || vec![Step::Unknown];
        for (at, statement) in statements.iter().enumerate() {
            if !self.spend() {
                return unknown();
            }
            let rest = Rest { statements: &statements[at + 1..], then };
            let facts = self.source.facts(frame.file);
            let block = |block: Block| facts.block(block);
            match statement.kind {
                StmtKind::Expr(_) | StmtKind::Annotated { value: None, .. } => {}
                StmtKind::Assign(target, value) | StmtKind::Annotated { target, value: Some(value), .. } => {
                    let value = self.value(&mut frame, value);
                    self.assign(&mut frame, target, value);
                }
                StmtKind::Return(None) => return vec![Step::Nothing],
                StmtKind::Return(Some(value)) => return self.answer(&mut frame, value),
                StmtKind::If { test, then, orelse } => {
                    let held = self.value(&mut frame, test);
                    return match held.truth() {
                        Some(true) => self.run(frame, block(then), Some(&rest)),
                        Some(false) => self.run(frame, block(orelse), Some(&rest)),
                        None if !held.is_alike() => unknown(),
                        None => {
                            let mut steps = vec![Step::Test(frame.file, test)];
                            steps.extend(self.run(frame.clone(), block(then), Some(&rest)));
                            steps.extend(self.run(frame, block(orelse), Some(&rest)));
                            steps
                        }
                    };
                }
                StmtKind::With { body } => return self.run(frame, block(body), Some(&rest)),
                // What is tried is taken to be what is meant.
                StmtKind::Try(blocks) => {
                    let Tried { body, orelse, finalbody, .. } = facts.tried(blocks);
                    let last = Rest { statements: block(finalbody), then: Some(&rest) };
                    let otherwise = Rest { statements: block(orelse), then: Some(&last) };
                    return self.run(frame, block(body), Some(&otherwise));
                }
                StmtKind::Augmented(..)
                | StmtKind::Delete(_)
                | StmtKind::Raise(_)
                | StmtKind::For { .. }
                | StmtKind::While { .. }
                | StmtKind::Break
                | StmtKind::Continue => return unknown(),
            }
        }
        match then {
            Some(rest) => self.run(frame, rest.statements, rest.then),
            None => vec![Step::Nothing],
        }
    }

    fn assign(&mut self, frame: &mut Frame, target: Expr, value: Value) {
        let facts = self.source.facts(frame.file);
        match facts.kind(target) {
            ExprKind::Local(slot) => {
                let slots = frame.slots.iter_mut().flatten();
                if let Some(there) = slots.into_iter().nth(slot as usize) {
                    *there = value;
                }
            }
            ExprKind::Tuple(parts) | ExprKind::List(parts) => {
                let part = if value.is_alike() { Value::Alike } else { Value::Unknown };
                for &target in facts.list(parts) {
                    self.assign(frame, target, part.clone());
                }
            }
            _ => {}
        }
    }

    /// What a function gives by an expression.
    fn answer(&mut self, frame: &mut Frame, expr: Expr) -> Vec<Step> {
        let facts = self.source.facts(frame.file);
        if let ExprKind::Conditional(parts) = facts.kind(expr)
            && let &[test, then, orelse] = facts.list(parts)
        {
            let held = self.value(frame, test);
            return match held.truth() {
                Some(true) => self.answer(frame, then),
                Some(false) => self.answer(frame, orelse),
                None if !held.is_alike() => vec![Step::Unknown],
                None => {
                    let mut steps = vec![Step::Test(frame.file, test)];
                    steps.extend(self.answer(frame, then));
                    steps.extend(self.answer(frame, orelse));
                    steps
                }
            };
        }
        vec![match self.value(frame, expr) {
            Value::None => Step::Nothing,
            Value::Text(alias) => Step::Alias(alias),
            Value::Bool(value) => Step::Bool(value),
            value if value.is_alike() => Step::Alike(frame.file, expr),
            _ => Step::Unknown,
        }]
    }

    /// The value that a function of the project gives, where it gives one.
    pub(super) fn result(&mut self, function: FunctionRef, given: &[Value]) -> Value {
        match self.call(function, given).as_slice() {
            [Step::Nothing] => Value::None,
            [Step::Alias(text)] => Value::Text(*text),
            [Step::Bool(value)] => Value::Bool(*value),
            _ if given.iter().all(Value::is_alike) => Value::Alike,
            _ => Value::Unknown,
        }
    }

    /// What an attribute of the router holds: its class's, or what `__init__` puts there.
    pub(super) fn attribute(&mut self, name: Symbol) -> Value {
        if let Some(value) = self.made(name) {
            return value;
        }
        match self.source.member(self.class, name) {
            Some(member) if member.certain => match member.binding.value {
                Some(value) => {
                    let mut body = Frame { file: member.owner.file, slots: None };
                    self.value(&mut body, value)
                }
                None => Value::Alike,
            },
            _ => Value::Alike,
        }
    }

    /// What `__init__` puts on the router under a name, and then into it.
    fn made(&mut self, name: Symbol) -> Option<Value> {
        let init = self.source.member(self.class, Symbol::new("__init__"))?;
        let init = self.function_of(&init)?;
        let facts = self.source.facts(init.file);
        let is_it = |expr: Expr| match facts.kind(expr) {
            ExprKind::Attribute(base, attribute) => {
                attribute == name && facts.kind(base) == ExprKind::Local(0)
            }
            _ => false,
        };
        let mut body = Frame { file: init.file, slots: None };
        let mut held = None;
        for statement in facts.block(facts.function(init.id).body) {
            match statement.kind {
                StmtKind::Assign(target, value) | StmtKind::Annotated { target, value: Some(value), .. }
                    if is_it(target) =>
                {
                    held = Some(self.value(&mut body, value));
                }
                StmtKind::Expr(call) => {
                    if let ExprKind::Call(callee, arguments) = facts.kind(call)
                        && let ExprKind::Attribute(receiver, method) = facts.kind(callee)
                        && is_it(receiver)
                    {
                        let added: Vec<Value> = facts
                            .arguments(arguments)
                            .iter()
                            .map(|argument| self.value(&mut body, argument.value))
                            .collect();
                        held = held.map(|held| held.changed(method.as_str(), &added));
                    }
                }
                _ => {}
            }
        }
        held
    }

    /// What a name outside of the function means.
    pub(super) fn global(&mut self, frame: &Frame, expr: Expr) -> Value {
        match self.source.entity_of(frame.file, expr) {
            Entity::Value(file, value) if (file, value) != (frame.file, expr) => {
                let mut body = Frame { file, slots: None };
                self.value(&mut body, value)
            }
            Entity::Class(class) => self.schema.model_of_class(class).map_or(Value::Alike, Value::Model),
            Entity::External(dotted) => match dotted.as_str().strip_prefix("django.conf.settings.") {
                Some(name) => self.settings.node(name).map_or(Value::Alike, Value::of_setting),
                None if dotted == "django.db.DEFAULT_DB_ALIAS"
                    || dotted == "django.db.utils.DEFAULT_DB_ALIAS" =>
                {
                    Value::Text(Symbol::new(super::DEFAULT))
                }
                None => Value::Alike,
            },
            _ => Value::Alike,
        }
    }
}
