//! Signals: a receiver of `post_save` and its like is given a row of the model that sends.
//!
//! <https://docs.djangoproject.com/en/stable/ref/signals/>

use tuneup_python::flow::{ArgumentKind, ExprKind};
use tuneup_python::{Entity, FunctionRef, Symbol};

use super::Framework;
use crate::queries::calls::{Arguments, CallSite};
use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Shape, Value};

pub(super) const FRAMEWORK: Framework = Framework { call, run, ..Framework::NONE };

/// `post_save.connect(receiver, sender=Author)`
fn call<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    name: &str,
    arguments: &Arguments,
    _call: CallSite,
) -> Option<Value> {
    let signal = name.strip_suffix(".connect")?;
    if !signal.starts_with("django.db.models.signals.") {
        return None;
    }
    let receiver = arguments.get(0, "receiver")?;
    if let Shape::Function(function, _) = *machine.values.shape(receiver)
        && let Some(sender) = arguments.get(1, "sender")
    {
        send(machine, frame, function, sender);
    }
    Some(Value::NONE)
}

/// `@receiver(post_save, sender=Author)`
fn run<'p>(machine: &mut Machine<'p>, frame: &mut Frame<'p>, function: FunctionRef) {
    let facts = machine.project.facts(function.file);
    for &decorator in facts.list(facts.function(function.id).decorators) {
        let ExprKind::Call(callee, run) = facts.kind(decorator) else { continue };
        let is_receiver = match machine.project.entity_of(function.file, callee) {
            Entity::External(name) => {
                name.as_str().starts_with("django.dispatch") && name.as_str().ends_with(".receiver")
            }
            _ => false,
        };
        let sender = facts
            .arguments(run)
            .iter()
            .find(|argument| matches!(argument.kind, ArgumentKind::Keyword(name) if name == "sender"));
        if is_receiver && let Some(sender) = sender {
            let sender = machine.eval(frame, sender.value);
            send(machine, frame, function, sender);
        }
    }
}

/// Calls a receiver with a row of the model that sends.
fn send<'p>(machine: &mut Machine<'p>, frame: &mut Frame<'p>, function: FunctionRef, sender: Value) {
    let Shape::Model(model) = *machine.values.shape(sender) else { return };
    let row = machine.outside_row(model);
    let arguments = Arguments {
        keywords: vec![(Symbol::new("sender"), sender), (Symbol::new("instance"), row)],
        more_keywords: Some(Value::UNKNOWN),
        ..Arguments::default()
    };
    machine.call_with(frame, function, None, None, &arguments);
}
