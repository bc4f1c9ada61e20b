//! Signals: what code sends by itself (`updated.send(sender=None, book=book)`) goes to the functions that are connected.
//!
//! <https://docs.djangoproject.com/en/stable/topics/signals/>

use tuneup_python::{ClassRef, Symbol};

use super::Framework;
use crate::queries::calls::{Arguments, CallSite};
use crate::queries::machine::{Frame, Machine};
use crate::queries::receivers::is_signal_class;
use crate::queries::value::{Shape, Value};

pub(super) const FRAMEWORK: Framework = Framework {
    call,
    method,
    methods: Some(|machine, class, name| is_method(name) && machine.has_base(class, is_signal_class)),
    inherited_method,
    ..Framework::NONE
};

/// `Signal()`, `post_save.connect(receiver, sender=Author)`, `post_save.send(Author, instance=author)`
fn call<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    name: &str,
    arguments: &Arguments,
    call: CallSite,
) -> Option<Value> {
    if is_signal_class(name) {
        // It is told from others by where it is made.
        let site = call.site;
        let made = [site.file.index() as u32, site.range.start().to_u32()];
        let made = made.map(|number| machine.values.make(Shape::Int(number as i32)));
        return Some(machine.values.make(Shape::Instance(Symbol::new(name), Box::new(made))));
    }
    let (signal, method) = name.rsplit_once('.')?;
    if !is_method(method) {
        return None;
    }
    let value = machine.values.make(Shape::External(Symbol::new(signal)));
    let given = of_signal(machine, frame, value, method, arguments);
    given.filter(|_| signal.starts_with("django.db.models.signals."))
}

/// `updated.send(sender=None, book=book)`
fn method<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    class: &str,
    made: &[Value],
    name: &str,
    arguments: &Arguments,
) -> Option<Value> {
    if !is_signal_class(class) {
        return None;
    }
    let signal = machine.values.make(Shape::Instance(Symbol::new(class), made.into()));
    of_signal(machine, frame, signal, name, arguments)
}

/// The same, of a class of the project that is a signal.
fn inherited_method<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    this: Value,
    _class: ClassRef,
    name: &str,
    arguments: &Arguments,
) -> Option<Value> {
    of_signal(machine, frame, this, name, arguments)
}

fn is_method(name: &str) -> bool {
    matches!(name, "connect" | "send" | "send_robust" | "asend" | "asend_robust")
}

/// A method of a signal. What its receivers return is not followed.
fn of_signal<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    signal: Value,
    name: &str,
    arguments: &Arguments,
) -> Option<Value> {
    match name {
        "connect" => {
            if let Some(receiver) = arguments.get(0, "receiver") {
                machine.connect(signal, receiver, arguments.get(1, "sender"));
            }
            Some(Value::NONE)
        }
        _ if is_method(name) => {
            machine.send(frame, signal, arguments);
            Some(Value::UNKNOWN)
        }
        _ => None,
    }
}
