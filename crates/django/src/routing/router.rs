//! Runs the methods of a router for one model.

use tuneup_python::flow::{Block, Expr, ExprKind, ParameterKind, Stmt, StmtKind, Tried};
use tuneup_python::{ClassRef, Entity, FileId, FunctionRef, Project, Symbol};

use super::Step;
use super::changes::{Changes, each, is_changing, target_of};
use super::values::{Held, Value};
use crate::schema::Schema;
use crate::settings::Settings;

/// How many statements and expressions are read for one model, and values that are put in others.
const MOST: usize = 4000;

/// How deep they may stand in each other, and functions call each other.
const DEEPEST: usize = 100;

/// How many steps are told apart.
const MOST_STEPS: usize = 64;

/// Reads the methods of one router.
pub(super) struct Reader<'p> {
    pub(super) source: &'p Project,
    pub(super) settings: &'p Settings,
    pub(super) schema: &'p Schema,
    pub(super) class: ClassRef,
    changes: &'p Changes,
    left: usize,
    depth: usize,
    /// Whether the model has had a part in what was read, up to here, of the expression that is being read.
    pub(super) of_model: bool,
}

/// A function that is being run, or a class or module body.
#[derive(Clone)]
pub(super) struct Frame {
    pub(super) file: FileId,
    /// The variables of the function; none in another body.
    pub(super) slots: Option<Vec<Held>>,
    /// Whether the model decided which of its statements are run, and so what is put in its variables.
    pub(super) of_model: bool,
}

impl Frame {
    /// The body of a class or module, where no model is known.
    pub(super) fn body(file: FileId) -> Self {
        Self { file, slots: None, of_model: false }
    }

    /// The variable of a place.
    pub(super) fn variable(&mut self, place: ExprKind) -> Option<&mut Held> {
        match place {
            ExprKind::Local(slot) => self.slots.as_mut()?.get_mut(slot as usize),
            _ => None,
        }
    }

    /// How much it is to copy.
    fn size(&self) -> usize {
        1 + self.slots.iter().flatten().map(|held| held.value.size()).sum::<usize>()
    }
}

/// A method of the router.
#[derive(Clone, Copy)]
pub(super) struct Method {
    function: FunctionRef,
    /// Whether it is given the router or its class.
    is_bound: bool,
}

/// The statements that come after a block.
struct Rest<'a> {
    statements: &'a [Stmt],
    then: Option<&'a Rest<'a>>,
}

impl Method {
    /// What the function is given where the method is given this.
    fn given(self, mut given: Vec<Held>) -> Vec<Held> {
        if self.is_bound {
            given.insert(0, Held::of_any(Value::This));
        }
        given
    }
}

impl<'p> Reader<'p> {
    pub(super) fn new(
        source: &'p Project,
        settings: &'p Settings,
        schema: &'p Schema,
        changes: &'p Changes,
        class: ClassRef,
    ) -> Self {
        Self { source, settings, schema, class, changes, left: MOST, depth: 0, of_model: false }
    }

    /// A method of the router, where it is known which one holds and how it is called.
    pub(super) fn method_of(&self, name: Symbol) -> Option<Method> {
        let member = self.source.member(self.class, name)?;
        if !member.certain || self.is_changed(name) {
            return None;
        }
        let function = self.source.function_of(&member)?;
        Some(Method { function, is_bound: self.is_bound(function)? })
    }

    /// Whether a function that stands in a class is given an instance or the class; nothing where it is not known what
    /// its decorators make of it.
    fn is_bound(&self, function: FunctionRef) -> Option<bool> {
        let facts = self.source.facts(function.file);
        let of = facts.function(function.id);
        let mut is_bound = true;
        for &decorator in facts.list(of.decorators) {
            let named = match facts.kind(decorator) {
                ExprKind::Call(callee, _) => callee,
                _ => decorator,
            };
            match self.source.entity_of(function.file, named) {
                Entity::Builtin(name) if name == "staticmethod" => is_bound = false,
                Entity::Builtin(name) if name == "classmethod" => {}
                // What they give is the same.
                Entity::External(name)
                    if matches!(
                        name.as_str(),
                        "functools.cache"
                            | "functools.lru_cache"
                            | "typing.override"
                            | "typing_extensions.override"
                    ) => {}
                _ => return None,
            }
        }
        (!of.is_async).then_some(is_bound)
    }

    /// What one of the router's methods gives for what Django says of a model, by position and by name.
    pub(super) fn method(&mut self, method: Method, given: &[Value], named: &[(&str, Value)]) -> Vec<Step> {
        let of_model = |value: &Value| Held { value: value.clone(), of_model: true };
        let given = given.iter().map(of_model).collect();
        let named: Vec<(&str, Held)> = named.iter().map(|(name, value)| (*name, of_model(value))).collect();
        self.call(method.function, &method.given(given), &named)
    }

    /// What a function gives for these arguments.
    fn call(&mut self, function: FunctionRef, given: &[Held], named: &[(&str, Held)]) -> Vec<Step> {
        let facts = self.source.facts(function.file);
        let of = facts.function(function.id);
        if !self.spend(1 + of.slots.len()) || of.is_generator || of.is_async {
            return vec![Step::Unknown];
        }
        let mut slots = vec![Held::of_any(Value::Unset); of.slots.len()];
        let mut given = given.iter();
        for (slot, parameter) in slots.iter_mut().zip(facts.parameters(of.parameters)) {
            let by_name = || named.iter().find(|(name, _)| *name == parameter.name.as_str());
            let argument = match parameter.kind {
                ParameterKind::PositionalOnly => given.next().cloned(),
                ParameterKind::Normal => given.next().or_else(|| by_name().map(|(_, held)| held)).cloned(),
                ParameterKind::KeywordOnly => by_name().map(|(_, held)| held.clone()),
                ParameterKind::Star => {
                    let rest: Vec<Held> = given.by_ref().cloned().collect();
                    let of_model = rest.iter().any(|held| held.of_model);
                    let items = rest.into_iter().map(|held| held.value).collect();
                    Some(Held { value: Value::Items(items), of_model })
                }
                // Hints are of the row that leads to another, which is read from there in both ways.
                ParameterKind::DoubleStar => Some(Held {
                    value: Value::Unknown,
                    of_model: named.iter().any(|(_, held)| held.of_model),
                }),
            };
            let default = || {
                let mut body = Frame::body(function.file);
                parameter.default.map(|default| self.held(&mut body, default))
            };
            *slot = argument.or_else(default).unwrap_or(Held::of_any(Value::Unknown));
        }
        let frame = Frame { file: function.file, slots: Some(slots), of_model: false };
        self.run(frame, facts.block(of.body), None)
    }

    /// Whether there is work left for so many steps.
    pub(super) fn spend(&mut self, steps: usize) -> bool {
        match self.left.checked_sub(steps) {
            Some(left) if left > 0 => self.left = left,
            _ => self.give_up(),
        }
        self.left > 0
    }

    /// Whether there is work left for so many parts, each of which is read then.
    pub(super) fn has_left(&mut self, parts: usize) -> bool {
        if self.left <= parts {
            self.give_up();
        }
        self.left > 0
    }

    /// Reads no more: nothing can be told.
    pub(super) fn give_up(&mut self) {
        self.left = 0;
        self.of_model = true;
    }

    /// Reads what stands in something else, unless that is too deep.
    pub(super) fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.depth == DEEPEST || !self.spend(1) {
            self.give_up();
            return None;
        }
        self.depth += 1;
        let read = read(self);
        self.depth -= 1;
        Some(read)
    }

    /// What is said where a test that is the same for every model decides between two.
    fn either(frame: &Frame, test: Expr, then: Vec<Step>, orelse: Vec<Step>) -> Vec<Step> {
        if then.len() + orelse.len() >= MOST_STEPS {
            return vec![Step::Unknown];
        }
        [vec![Step::Test(frame.file, test)], then, orelse].concat()
    }

    /// What is said by these statements and those that come then.
    fn run(&mut self, frame: Frame, statements: &[Stmt], then: Option<&Rest<'_>>) -> Vec<Step> {
        self.deeper(|this| this.run_in(frame, statements, then)).unwrap_or_else(|| vec![Step::Unknown])
    }

    fn run_in(&mut self, mut frame: Frame, statements: &[Stmt], then: Option<&Rest<'_>>) -> Vec<Step> {
        let unknown = || vec![Step::Unknown];
        for (at, statement) in statements.iter().enumerate() {
            if !self.spend(1) {
                return unknown();
            }
            let rest = Rest { statements: &statements[at + 1..], then };
            let facts = self.source.facts(frame.file);
            let block = |block: Block| facts.block(block);
            match statement.kind {
                StmtKind::Annotated { value: None, .. } => {}
                // It may change a variable.
                StmtKind::Expr(value) => {
                    self.held(&mut frame, value);
                }
                StmtKind::Assign(target, value) | StmtKind::Annotated { target, value: Some(value), .. } => {
                    let held = self.held(&mut frame, value);
                    if !self.assign(&mut frame, target, held) {
                        return unknown();
                    }
                }
                StmtKind::Return(None) => return vec![Step::Nothing],
                StmtKind::Return(Some(value)) => return self.answer(&mut frame, value),
                StmtKind::If { test, then, orelse } => {
                    let (truth, of_model) = self.tested(&mut frame, test);
                    frame.of_model |= of_model;
                    return match truth {
                        Some(true) => self.run(frame, block(then), Some(&rest)),
                        Some(false) => self.run(frame, block(orelse), Some(&rest)),
                        None if of_model => unknown(),
                        None if !self.spend(frame.size()) => unknown(),
                        None => {
                            let then = self.run(frame.clone(), block(then), Some(&rest));
                            let orelse = self.run(frame.clone(), block(orelse), Some(&rest));
                            Self::either(&frame, test, then, orelse)
                        }
                    };
                }
                StmtKind::With { body } => return self.run(frame, block(body), Some(&rest)),
                StmtKind::Try(blocks) => {
                    let Tried { body, handlers, orelse, finalbody } = facts.tried(blocks);
                    // It has the last word.
                    let ends = |statement: &Stmt| !matches!(statement.kind, StmtKind::Expr(_));
                    if block(finalbody).iter().any(ends)
                        || !self.spend((1 + handlers.len()).saturating_mul(frame.size()))
                    {
                        return unknown();
                    }
                    let last = Rest { statements: block(finalbody), then: Some(&rest) };
                    let otherwise = Rest { statements: block(orelse), then: Some(&last) };
                    let said = self.run(frame.clone(), block(body), Some(&otherwise));
                    // An entry of a dict that is there is had without an error. Of all else it is not known whether it
                    // comes to one.
                    let is_entry = matches!(block(body), [Stmt { kind: StmtKind::Return(Some(value)), .. }]
                        if matches!(facts.kind(*value), ExprKind::Subscript(..)));
                    let is_had = is_entry
                        && matches!(said.as_slice(), [Step::Nothing | Step::Alias(_) | Step::Bool(_)]);
                    let is_said = is_had
                        || handlers
                            .iter()
                            .all(|&handler| self.run(frame.clone(), block(handler), Some(&last)) == said);
                    return if is_said { said } else { unknown() };
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

    /// Puts a value in a place. Whether that can be followed: what the model has a part in only into variables.
    pub(super) fn assign(&mut self, frame: &mut Frame, target: Expr, held: Held) -> bool {
        let of_model = held.of_model || frame.of_model;
        let facts = self.source.facts(frame.file);
        match facts.kind(target) {
            place @ ExprKind::Local(_) => {
                if let Some(there) = frame.variable(place) {
                    *there = Held { value: held.value, of_model };
                }
                true
            }
            ExprKind::Tuple(parts) | ExprKind::List(parts) => {
                let part = Held { value: Value::Unknown, of_model };
                let assign = |&target: &Expr| self.assign(frame, target, part.clone());
                facts.list(parts).iter().all(assign)
            }
            ExprKind::Starred(target) => self.assign(frame, target, Held { value: Value::Unknown, of_model }),
            ExprKind::Subscript(base, index) => {
                let of_model = self.held(frame, index).of_model || of_model;
                match frame.variable(facts.kind(base)) {
                    Some(there) => {
                        *there = Held { value: Value::Unknown, of_model: there.of_model || of_model };
                        true
                    }
                    None => !of_model,
                }
            }
            _ => !of_model,
        }
    }

    /// What a function gives by an expression.
    fn answer(&mut self, frame: &mut Frame, expr: Expr) -> Vec<Step> {
        self.deeper(|this| this.answer_in(frame, expr)).unwrap_or_else(|| vec![Step::Unknown])
    }

    fn answer_in(&mut self, frame: &mut Frame, expr: Expr) -> Vec<Step> {
        let facts = self.source.facts(frame.file);
        if let ExprKind::Conditional(parts) = facts.kind(expr)
            && let &[test, then, orelse] = facts.list(parts)
        {
            let (truth, of_model) = self.tested(frame, test);
            return match truth {
                Some(true) => self.answer(frame, then),
                Some(false) => self.answer(frame, orelse),
                None if of_model => vec![Step::Unknown],
                None => {
                    let (then, orelse) = (self.answer(frame, then), self.answer(frame, orelse));
                    Self::either(frame, test, then, orelse)
                }
            };
        }
        let held = self.held(frame, expr);
        vec![match held.value {
            Value::None => Step::Nothing,
            Value::Text(alias) => Step::Alias(alias),
            Value::Bool(value) => Step::Bool(value),
            _ if held.of_model => Step::Unknown,
            _ => Step::Alike(frame.file, expr),
        }]
    }

    /// The value that a function of the project gives, where it gives one.
    pub(super) fn result(&mut self, function: FunctionRef, given: &[Held]) -> Value {
        if self.is_bound(function).is_none() {
            return Value::Unknown;
        }
        match self.call(function, given, &[]).as_slice() {
            [Step::Nothing] => Value::None,
            [Step::Alias(text)] => Value::Text(*text),
            [Step::Bool(value)] => Value::Bool(*value),
            _ => Value::Unknown,
        }
    }

    /// The value that a method of the router gives, where it gives one.
    pub(super) fn result_of(&mut self, name: Symbol, given: Vec<Held>) -> Value {
        match self.method_of(name) {
            Some(method) => self.result(method.function, &method.given(given)),
            None => Value::Unknown,
        }
    }

    /// What an attribute of the router holds: its class's, or what `__init__` puts there.
    pub(super) fn attribute(&mut self, name: Symbol) -> Value {
        if self.is_changed(name) {
            return Value::Unknown;
        }
        if let Some(value) = self.init().and_then(|init| self.made(init, name)) {
            return value;
        }
        match self.source.member(self.class, name) {
            Some(member) if member.certain => match member.binding.value {
                Some(value) => {
                    let mut body = Frame::body(member.owner.file);
                    self.value(&mut body, value)
                }
                None => Value::Unknown,
            },
            _ => Value::Unknown,
        }
    }

    /// The router's `__init__`.
    fn init(&self) -> Option<FunctionRef> {
        let init = self.source.member(self.class, Symbol::new("__init__"))?;
        self.source.function_of(&init)
    }

    /// Whether an attribute of the router may hold something else than its class and `__init__` say.
    fn is_changed(&self, name: Symbol) -> bool {
        self.changes.of_attribute(self.source, self.class, self.init(), name)
    }

    /// What `__init__` puts on the router under a name, and then into it.
    fn made(&mut self, init: FunctionRef, name: Symbol) -> Option<Value> {
        let facts = self.source.facts(init.file);
        let is_it = |expr: Expr| match facts.kind(expr) {
            ExprKind::Attribute(base, attribute) => {
                attribute == name && facts.kind(base) == ExprKind::Local(0)
            }
            _ => false,
        };
        let of = facts.function(init.id);
        let is_set = facts.symbols[of.sets.indices()].contains(&name);
        // Whatever sets or changes it, on conditions too, and what of that is followed.
        let (mut all, mut followed, mut steps) = (0, 0, 0);
        each(facts, of.body, &mut |statement| {
            steps += 1;
            all += usize::from(target_of(facts, statement).is_some_and(is_it));
        });
        if all == 0 && !is_set {
            return None;
        }
        let mut frame = Frame::body(init.file);
        let mut held = None;
        for statement in facts.block(of.body) {
            match statement.kind {
                StmtKind::Assign(target, value) | StmtKind::Annotated { target, value: Some(value), .. }
                    if is_it(target) =>
                {
                    held = Some(self.value(&mut frame, value));
                    followed += 1;
                }
                StmtKind::Expr(call)
                    if let ExprKind::Call(callee, arguments) = facts.kind(call)
                        && let ExprKind::Attribute(receiver, method) = facts.kind(callee)
                        && is_it(receiver)
                        && is_changing(method.as_str()) =>
                {
                    let added: Vec<Value> = facts
                        .arguments(arguments)
                        .iter()
                        .map(|argument| self.value(&mut frame, argument.value))
                        .collect();
                    held = held.map(|held| held.changed(method.as_str(), &added));
                    followed += 1;
                }
                _ => {}
            }
        }
        let is_followed = all == followed && self.spend(steps);
        Some(held.filter(|_| is_followed).unwrap_or(Value::Unknown))
    }

    /// What a name outside of the function means.
    pub(super) fn global(&mut self, frame: &Frame, expr: Expr) -> Value {
        match self.source.entity_of(frame.file, expr) {
            Entity::Value(file, value) if (file, value) != (frame.file, expr) => {
                if self.changes.of_value(self.source, file, value) {
                    return Value::Unknown;
                }
                let mut body = Frame::body(file);
                self.value(&mut body, value)
            }
            Entity::Class(class) => self.schema.model_of_class(class).map_or(Value::Unknown, Value::Model),
            Entity::External(dotted) => match dotted.as_str().strip_prefix("django.conf.settings.") {
                Some(name) => self.settings.node(name).map_or(Value::Unknown, |node| self.setting(node)),
                None if dotted == "django.db.DEFAULT_DB_ALIAS"
                    || dotted == "django.db.utils.DEFAULT_DB_ALIAS" =>
                {
                    Value::Text(Symbol::new(super::DEFAULT))
                }
                None => Value::Unknown,
            },
            _ => Value::Unknown,
        }
    }
}
