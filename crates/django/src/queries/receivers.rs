//! Which functions are connected to which signals: `@receiver(updated)`, `updated.connect(handler, sender=Book)`.
//!
//! Found before anything else is interpreted, in one go over the code that connects, so that it does not depend on how the
//! project is split. Django calls receivers in the order in which they were connected; here that is the order of the files, and
//! within one that of the code.

use std::panic::{AssertUnwindSafe, catch_unwind};

use ruff_text_size::TextRange;
use rustc_hash::{FxHashMap, FxHashSet};
use tuneup_python::flow::{Expr, ExprKind, FileFacts, FunctionId};
use tuneup_python::{ClassRef, Entity, FileId, FunctionRef, Project, Symbol};

use super::calls::Arguments;
use super::machine::{Before, Frame, Machine};
use super::python::left::Left;
use super::value::{Environment, Made, Shape, Site, Value};
use crate::project::is_aside;
use crate::schema::{ModelId, Schema};
use crate::templates::Templates;
use crate::version::Version;

/// How much code that connects may compute.
const FUEL: u32 = 20_000;

/// A signal, as every part of the project can be told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Signal {
    /// One of the project's own, by the call that makes it.
    Made {
        /// The file.
        file: u32,
        /// Where the call begins there, in bytes.
        at: u32,
    },
    /// One of Django or another package, by its dotted name.
    Outside(Symbol),
}

/// Who sends a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sender {
    /// `None`: a receiver without one is called whoever sends.
    None,
    /// A model.
    Model(ModelId),
    /// Another class of the project.
    Class(ClassRef),
    /// Something else.
    Other,
}

/// What a function is called on that is connected as a method.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Holder {
    /// An object.
    Object(ClassRef, Option<Site>),
    /// A class.
    Class(ClassRef),
}

impl Holder {
    /// An object, without the rows that it was made of, which are those of the part that is interpreted.
    fn object(class: ClassRef, made: Option<Made>) -> Self {
        Self::Object(class, made.map(|made| made.site))
    }
}

/// A function that is connected to a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Receiver {
    /// The function.
    pub(crate) function: FunctionRef,
    /// What it is a method of, where it is one.
    pub(crate) this: Option<Holder>,
    /// Whose signals it receives.
    pub(crate) sender: Sender,
}

/// Who receives which signals.
#[derive(Debug, Default)]
pub(crate) struct Receivers {
    /// The receivers of each signal, in order.
    of: FxHashMap<Signal, Vec<Receiver>>,
    /// An index of those: the models whose signals a function receives that Django or another package sends, in the order in
    /// which it was connected to them.
    senders: FxHashMap<FunctionRef, Vec<ModelId>>,
}

impl Receivers {
    fn add(&mut self, signal: Signal, receiver: Receiver) {
        if let (Signal::Outside(_), None, Sender::Model(model)) = (signal, receiver.this, receiver.sender) {
            let senders = self.senders.entry(receiver.function).or_default();
            if !senders.contains(&model) {
                senders.push(model);
            }
        }
        let receivers = self.of.entry(signal).or_default();
        if !receivers.contains(&receiver) {
            receivers.push(receiver);
        }
    }
}

/// What the code of the given files connects, but for tests.
pub(crate) fn connected(
    project: &Project,
    schema: &Schema,
    templates: &Templates,
    version: &Version,
    before: Before<'_>,
    files: &[FileId],
) -> Receivers {
    let mut machine = Machine::new(project, schema, templates, version, before);
    machine.connecting = Some(Receivers::default());
    for &file in files.iter().filter(|&&file| !is_aside(project.path(file))) {
        let facts = project.facts(file);
        if catch_unwind(AssertUnwindSafe(|| machine.connect_in(file, facts))).is_err() {
            machine.abandon();
        }
    }
    machine.connecting.take().unwrap_or_default()
}

impl<'p> Machine<'p> {
    /// Runs what connects receivers in a file.
    fn connect_in(&mut self, file: FileId, facts: &'p FileFacts) {
        for index in 0..facts.functions.len() {
            let function = FunctionRef { file, id: FunctionId(index as u32) };
            for &decorator in facts.list(facts.function(function.id).decorators) {
                let ExprKind::Call(callee, run) = facts.kind(decorator) else { continue };
                if !is_receiver_decorator(self.project, file, callee) {
                    continue;
                }
                self.fuel = FUEL;
                let mut frame = self.frame_around(function);
                let arguments = self.arguments(&mut frame, run);
                let Some(signals) = arguments.get(0, "signal") else { continue };
                let receiver = self.values.make(Shape::Function(function, None));
                for signal in self.each_of(&mut frame, signals, decorator) {
                    self.connect(signal, receiver, arguments.keyword("sender"));
                }
            }
        }
        for place in connecting(facts) {
            self.fuel = FUEL;
            match place {
                Some(id) => self.run_alone(FunctionRef { file, id }),
                None => {
                    let mut frame = self.module_frame(file);
                    self.run(&mut frame, facts.module_body);
                }
            }
        }
    }

    /// The items of a list that is written out, or the value itself.
    fn each_of(&mut self, frame: &mut Frame<'p>, value: Value, at: Expr) -> Vec<Value> {
        match self.values.shape(value).clone() {
            Shape::Tuple(items) => items.to_vec(),
            Shape::Sequence(_) => {
                let site = frame.site_of(at);
                let items = self.iterate(frame, value, site);
                self.values.members(items).to_vec()
            }
            _ => self.values.members(value).to_vec(),
        }
    }

    /// Keeps that something is connected to a signal, while that is asked for.
    pub(crate) fn connect(&mut self, signal: Value, receiver: Value, sender: Option<Value>) {
        let Some(signal) = self.signal_of(signal) else { return };
        let (function, this) = match *self.values.shape(receiver) {
            Shape::Function(function, _) => (function, None),
            Shape::Bound { function, this, .. } => match *self.values.shape(this) {
                Shape::Object(class, made) => (function, Some(Holder::object(class, made))),
                Shape::Class(class) => (function, Some(Holder::Class(class))),
                _ => return,
            },
            Shape::Object(class, made) => match self.class_function(class, self.names.call) {
                Some((function, _)) => (function, Some(Holder::object(class, made))),
                None => return,
            },
            _ => return,
        };
        let senders = match sender {
            Some(sender) => self.values.members(sender).into_iter().map(|it| self.sender(it)).collect(),
            None => vec![Sender::None],
        };
        let Some(connected) = &mut self.connecting else { return };
        for sender in senders {
            connected.add(signal, Receiver { function, this, sender });
        }
    }

    /// Which signal a value is.
    pub(crate) fn signal_of(&self, value: Value) -> Option<Signal> {
        match self.values.shape(value) {
            Shape::External(name) => Some(Signal::Outside(*name)),
            Shape::Instance(class, made) if is_signal_class(class.as_str()) => match **made {
                [file, at] => match (self.values.shape(file), self.values.shape(at)) {
                    (&Shape::Int(file), &Shape::Int(at)) => {
                        Some(Signal::Made { file: file as u32, at: at as u32 })
                    }
                    _ => None,
                },
                _ => None,
            },
            &Shape::Object(class, Some(Made { site, .. })) if self.has_base(class, is_signal_class) => {
                Some(Signal::Made { file: site.file.index() as u32, at: site.range.start().to_u32() })
            }
            _ => None,
        }
    }

    /// Who sends, or whose signals are received.
    fn sender(&self, value: Value) -> Sender {
        match self.values.shape(value) {
            Shape::None => Sender::None,
            Shape::Model(model) => Sender::Model(*model),
            Shape::Class(class) => Sender::Class(*class),
            Shape::Str(label) => {
                self.schema.model_by_label(label.as_str()).map_or(Sender::Other, Sender::Model)
            }
            _ => Sender::Other,
        }
    }

    /// Calls a function with a row of each model whose signals it receives.
    pub(crate) fn receive(&mut self, function: FunctionRef, environment: Option<Environment>) {
        let receivers = self.receivers;
        for &model in receivers.senders.get(&function).into_iter().flatten() {
            let mut frame = self.module_frame(function.file);
            let (sender, row) = (self.values.make(Shape::Model(model)), self.outside_row(model));
            let arguments = Arguments {
                keywords: vec![(Symbol::new("sender"), sender), (Symbol::new("instance"), row)],
                more_keywords: Some(Value::UNKNOWN),
                ..Arguments::default()
            };
            self.call_with(&mut frame, function, environment, None, &arguments);
        }
    }

    /// Calls the receivers of a signal with what is sent. What one of them fetches anew is so for the next and for the code
    /// that sends.
    ///
    /// <https://docs.djangoproject.com/en/stable/topics/signals/#sending-signals>
    pub(crate) fn send(&mut self, frame: &mut Frame<'p>, signal: Value, arguments: &Arguments) {
        /// A signal that more receive is a bus of its own.
        const MOST: usize = 40;
        let receivers = self.receivers;
        let Some(receivers) = self.signal_of(signal).and_then(|signal| receivers.of.get(&signal)) else {
            return;
        };
        let by = arguments.get(0, "sender").unwrap_or(Value::UNKNOWN);
        let sender = self.sender(by);
        let mut keywords = vec![(Symbol::new("signal"), signal), (Symbol::new("sender"), by)];
        keywords.extend(arguments.keywords.iter().filter(|(name, _)| *name != "sender"));
        let mut given =
            Arguments { keywords, more_keywords: arguments.more_keywords, ..Arguments::default() };
        let receives = |to: Sender| to == Sender::None || to != Sender::Other && to == sender;
        for receiver in receivers.iter().filter(|receiver| receives(receiver.sender)).take(MOST) {
            let this = match receiver.this {
                None => None,
                Some(Holder::Object(class, site)) => {
                    Some(self.values.make(Shape::Object(class, site.map(Made::from))))
                }
                Some(Holder::Class(class)) => Some(self.class_value(class)),
            };
            self.left = Left::default();
            let around = self.called_by.take();
            self.call_with(frame, receiver.function, None, this, &given);
            self.called_by = around;
            let left = std::mem::take(&mut self.left);
            let facts = self.facts(receiver.function.file);
            let parameters = facts.parameters(facts.function(receiver.function.id).parameters);
            for (name, value) in &mut given.keywords {
                let Some(at) = parameters.iter().position(|parameter| parameter.name == *name) else {
                    continue;
                };
                if let Some(after) = left.of(at)
                    && self.is_fetched_anew(*value, after)
                {
                    self.put_anew(frame, *value, after);
                    *value = after;
                }
            }
        }
    }
}

/// Whether a class outside the project is one of signals.
pub(crate) fn is_signal_class(name: &str) -> bool {
    matches!(
        name,
        "django.dispatch.Signal"
            | "django.dispatch.dispatcher.Signal"
            | "django.db.models.signals.ModelSignal"
    )
}

/// Whether a decorator is Django's `receiver`.
fn is_receiver_decorator(project: &Project, file: FileId, callee: Expr) -> bool {
    match project.entity_of(file, callee) {
        Entity::External(name) => {
            name.as_str().starts_with("django.dispatch") && name.as_str().ends_with(".receiver")
        }
        _ => false,
    }
}

/// The outermost functions in which something is connected, and nothing for the module's own steps.
fn connecting(facts: &FileFacts) -> Vec<Option<FunctionId>> {
    let mut seen = FxHashSet::default();
    let mut found = Vec::new();
    for node in &facts.exprs {
        if let ExprKind::Call(callee, run) = node.kind
            && let ExprKind::Attribute(_, name) = facts.kind(callee)
            && name == "connect"
            && !run.is_empty()
        {
            let place = outermost(facts, node.range);
            if seen.insert(place) {
                found.push(place);
            }
        }
    }
    found
}

/// The outermost function around a place.
fn outermost(facts: &FileFacts, at: TextRange) -> Option<FunctionId> {
    let around = facts.functions.iter().enumerate().filter(|(_, it)| it.range.contains_range(at));
    around.max_by_key(|(_, it)| it.range.len()).map(|(index, _)| FunctionId(index as u32))
}
