//! Where rows flow in code that is not the project's: one file for each framework.
//!
//! A framework says what calling its functions gives, and what the attributes of its objects are. The
//! interpreter asks each in turn; the next framework is one more file and one more line in [`ALL`].

use tuneup_python::{ClassRef, Symbol};

use crate::queries::calls::{Arguments, CallSite};
use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Shape, Value};

mod models;
mod pagination;
mod requests;
mod shortcuts;

/// What a framework knows.
pub(crate) struct Framework {
    /// What calling a function or class gives, by its dotted name; nothing where the name is not its own.
    pub(crate) call:
        for<'p> fn(&mut Machine<'p>, &mut Frame<'p>, &str, &Arguments, CallSite) -> Option<Value>,
    /// An attribute of an instance of one of its classes, made with such arguments.
    pub(crate) attribute: for<'p> fn(&mut Machine<'p>, &str, &[Value], &str) -> Option<Value>,
}

const ALL: &[Framework] =
    &[models::FRAMEWORK, pagination::FRAMEWORK, requests::FRAMEWORK, shortcuts::FRAMEWORK];

/// For a framework whose objects' attributes carry no rows.
fn no_attributes(_: &mut Machine<'_>, _: &str, _: &[Value], _: &str) -> Option<Value> {
    None
}

/// For a framework whose functions give no rows.
fn no_calls<'p>(
    _: &mut Machine<'p>,
    _: &mut Frame<'p>,
    _: &str,
    _: &Arguments,
    _: CallSite,
) -> Option<Value> {
    None
}

impl<'p> Machine<'p> {
    /// Calls something outside the project.
    pub(crate) fn call_external(
        &mut self,
        frame: &mut Frame<'p>,
        name: Symbol,
        arguments: &Arguments,
        call: CallSite,
    ) -> Value {
        let text = name.as_str();
        if let Some(value) = self.call_python(frame, text, arguments, call) {
            return value;
        }
        for framework in ALL {
            if let Some(value) = (framework.call)(self, frame, text, arguments, call) {
                return value;
            }
        }
        // A class's name begins with a capital: what it gives is an instance.
        let last = text.rsplit('.').next().unwrap_or(text);
        if last.starts_with(char::is_uppercase) {
            return self.values.make(Shape::Instance(name, Box::default()));
        }
        Value::UNKNOWN
    }

    /// An attribute of an instance of a class outside the project.
    pub(crate) fn instance_attribute(
        &mut self,
        class: Symbol,
        parts: &[Value],
        value: Value,
        name: Symbol,
    ) -> Value {
        for framework in ALL {
            if let Some(value) = (framework.attribute)(self, class.as_str(), parts, name.as_str()) {
                return value;
            }
        }
        self.values.make(Shape::Method(value, name))
    }

    /// A method of an instance of a class outside the project.
    pub(crate) fn instance_method(
        &mut self,
        frame: &mut Frame<'p>,
        class: Symbol,
        name: Symbol,
        arguments: &Arguments,
    ) -> Value {
        if class == "logging.Logger" || class.as_str().ends_with(".Logger") || name == "write" {
            for value in arguments.all().collect::<Vec<_>>() {
                self.text_of(frame, value);
            }
        }
        Value::UNKNOWN
    }

    /// An attribute behind the project's own classes in the MRO.
    pub(crate) fn framework_super(
        &mut self,
        _frame: &mut Frame<'p>,
        _class: ClassRef,
        _this: Value,
        _name: Symbol,
    ) -> Value {
        Value::UNKNOWN
    }
}
