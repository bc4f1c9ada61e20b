//! The fields of a serializer as code walks over them, in a `to_representation` of its own: `self.fields`,
//! `self._readable_fields`, and what each field gives of an object.
//!
//! <https://www.django-rest-framework.org/api-guide/fields/#custom-fields>

use tuneup_python::Symbol;

use super::serializers;
use crate::queries::calls::Arguments;
use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Shape, Value};

/// A field of a serializer: of the name that is known, or each of them in turn.
const FIELD: &str = "rest_framework.fields.Field";

/// `serializer.fields`: what is put there by code is known by name; the rest is what the class declares.
pub(super) fn by_name(machine: &mut Machine<'_>, serializer: Value) -> Value {
    let each = each(machine, serializer);
    machine.values.mapping(Vec::new(), Value::SCALAR, each)
}

/// `serializer._readable_fields`
pub(super) fn readable(machine: &mut Machine<'_>, serializer: Value) -> Value {
    let each = each(machine, serializer);
    machine.values.sequence(each)
}

fn each(machine: &mut Machine<'_>, serializer: Value) -> Value {
    machine.values.make(Shape::Instance(Symbol::new(FIELD), Box::new([serializer])))
}

/// Of the fields of a serializer, the one of a name; any other value as it is.
pub(crate) fn of_name(machine: &mut Machine<'_>, fields: Value, name: Symbol) -> Value {
    match machine.values.shape(fields).clone() {
        Shape::Instance(class, parts) if class.as_str() == FIELD && parts.len() == 1 => {
            let name = machine.values.make(Shape::Str(name));
            machine.values.make(Shape::Instance(class, Box::new([parts[0], name])))
        }
        _ => fields,
    }
}

/// What a field says of itself.
pub(super) fn attribute(
    _machine: &mut Machine<'_>,
    class: &str,
    parts: &[Value],
    name: &str,
) -> Option<Value> {
    let is_said = class == FIELD && SAID.contains(&name);
    is_said.then_some(match (parts, name) {
        (&[_, named], "field_name") => named,
        (&[serializer, ..], "parent") => serializer,
        _ => Value::SCALAR,
    })
}

const SAID: &[&str] = &[
    "allow_null",
    "field_name",
    "help_text",
    "label",
    "parent",
    "read_only",
    "required",
    "source",
    "write_only",
];

/// What a field gives of an object: the one that it is, or each.
pub(super) fn method<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    class: &str,
    parts: &[Value],
    name: &str,
    arguments: &Arguments,
) -> Option<Value> {
    let (FIELD, &[serializer, ref named @ ..]) = (class, parts) else { return None };
    let Shape::Object(of, _) = *machine.values.shape(serializer) else { return None };
    match name {
        // What it then makes of that is read with it.
        "get_attribute" => {
            let only = named.first().and_then(|&name| match *machine.values.shape(name) {
                Shape::Str(name) => Some(name),
                _ => None,
            });
            for object in machine.values.members(arguments.get(0, "instance")?) {
                serializers::represent(machine, frame, serializer, of, object, only);
            }
            Some(Value::UNKNOWN)
        }
        "to_representation" => Some(Value::UNKNOWN),
        _ => None,
    }
}
