//! `django.http.HttpRequest`: whose `user` is a row that the authentication middleware fetched.

use super::Framework;
use crate::queries::machine::Machine;
use crate::queries::value::Value;

pub(super) const FRAMEWORK: Framework = Framework { attribute, ..Framework::NONE };

fn attribute(machine: &mut Machine<'_>, class: &str, _: &[Value], name: &str) -> Option<Value> {
    match (class, name) {
        ("django.http.HttpRequest", "user") => {
            let model = machine.schema.user_model()?;
            Some(machine.outside_row(model))
        }
        ("django.http.HttpRequest", _) => Some(Value::UNKNOWN),
        _ => None,
    }
}
