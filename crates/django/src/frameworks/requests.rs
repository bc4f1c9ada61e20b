//! `django.http.HttpRequest`: whose `user` is a row that the authentication middleware fetched, whose `method` a view
//! may know, and that carries what the project's own middleware puts on it.

use super::Framework;
use tuneup_python::Symbol;

use crate::queries::machine::Machine;
use crate::queries::requests::Attribute;
use crate::queries::roots::REQUEST;
use crate::queries::value::{Shape, Value};

pub(super) const FRAMEWORK: Framework = Framework { attribute, ..Framework::NONE };

fn attribute(machine: &mut Machine<'_>, class: &str, parts: &[Value], name: &str) -> Option<Value> {
    match (class, name) {
        (REQUEST, "method") if let [methods] = parts => Some(*methods),
        (REQUEST, "user") => {
            let model = machine.schema.user_model()?;
            Some(machine.outside_row(model))
        }
        (REQUEST, _) => Some(match machine.requests.get(&Symbol::new(name)) {
            Some(&Attribute::Row(model)) => machine.outside_row(model),
            Some(&Attribute::Rows(model)) => machine.outside_queryset(model, false),
            Some(&Attribute::Object(class)) => machine.values.make(Shape::Object(class, None)),
            None => Value::UNKNOWN,
        }),
        _ => None,
    }
}
