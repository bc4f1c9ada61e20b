//! REST framework: views hand rows to serializers, serializers read what their fields name.
//!
//! <https://www.django-rest-framework.org/api-guide/generic-views/>

mod actions;
mod fields;
mod hidden;
mod loaders;
mod nesting;
mod serializers;
mod views;
mod walked;

use tuneup_python::{ClassRef, Entity, Symbol};

use super::Framework;
use crate::queries::calls::Arguments;
use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Shape, Value};
pub(super) use fields::{attribute, rows_of};
pub(crate) use nesting::LIST_SERIALIZER;
pub(crate) use walked::of_name;

pub(super) const FRAMEWORK: Framework = Framework {
    attribute: |machine, class, parts, name| {
        walked::attribute(machine, class, parts, name)
            .or_else(|| nesting::attribute(machine, class, parts, name))
    },
    method: walked::method,
    inherited,
    inherited_method,
    instance: actions::instance,
    serve,
    ..Framework::NONE
};

fn serve<'p>(machine: &mut Machine<'p>, frame: &mut Frame<'p>, class: ClassRef) {
    views::serve(machine, frame, class);
    loaders::serve(machine, frame, class);
}

/// Whether a class is a serializer.
pub(super) fn is_serializer(machine: &Machine<'_>, class: ClassRef) -> bool {
    machine.is_of(class, |name| {
        let last = name.rsplit('.').next().unwrap_or(name);
        name.starts_with("rest_framework.") && last.ends_with("Serializer")
            || extends(name, "ModelSerializer")
    })
}

/// Whether calling something makes a field, as serializers are among each other too.
pub(super) fn is_field(machine: &Machine<'_>, entity: Entity) -> bool {
    let is_named = |name: &str| name.ends_with("Field") || name.ends_with("Serializer");
    match entity {
        Entity::External(name) => is_named(name.as_str()),
        Entity::Class(class) => machine.has_base(class, is_named),
        _ => false,
    }
}

/// Whether a class is a field of the project's own.
fn is_field_class(machine: &Machine<'_>, class: ClassRef) -> bool {
    machine.is_of(class, |name| name.starts_with("rest_framework.") && name.ends_with("Field"))
}

/// Whether a class of a package that extends REST framework is one of its kind: such packages name theirs so.
fn extends(name: &str, kind: &str) -> bool {
    name.contains('.')
        && !name.starts_with("rest_framework.")
        && !name.starts_with("django.")
        && name.ends_with(kind)
}

/// Whether a class is a view or a viewset.
pub(super) fn is_view(machine: &Machine<'_>, class: ClassRef) -> bool {
    machine.is_of(class, |name| {
        [
            "rest_framework.generics.",
            "rest_framework.viewsets.",
            "rest_framework.mixins.",
            "rest_framework.views.",
        ]
        .iter()
        .any(|module| name.starts_with(module))
            || extends(name, "ModelViewSet")
    })
}

fn inherited<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    this: Value,
    class: ClassRef,
    name: &str,
) -> Option<Value> {
    if is_serializer(machine, class) {
        return match name {
            "data" => Some(serializers::data(machine, frame, this)),
            "fields" => Some(walked::by_name(machine, this)),
            "_readable_fields" => Some(walked::readable(machine, this)),
            _ if serializers::METHODS.contains(&name) => {
                Some(machine.values.make(Shape::Method(this, Symbol::new(name))))
            }
            "parent" | "root" | "context" => nesting::around(machine, this, name),
            _ => None,
        };
    }
    if matches!(name, "parent" | "root" | "context") && is_field_class(machine, class) {
        return nesting::around_field(machine, name);
    }
    if !is_view(machine, class) {
        return None;
    }
    match name {
        "lookup_field" => Some(machine.values.make(Shape::Str(Symbol::new("pk")))),
        "lookup_url_kwarg" => Some(Value::NONE),
        _ if views::METHODS.contains(&name) => {
            Some(machine.values.make(Shape::Method(this, Symbol::new(name))))
        }
        _ => None,
    }
}

fn inherited_method<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    this: Value,
    class: ClassRef,
    name: &str,
    arguments: &Arguments,
) -> Option<Value> {
    if is_serializer(machine, class) {
        return serializers::method(machine, frame, this, class, name, arguments);
    }
    if is_view(machine, class) {
        return views::method(machine, frame, this, class, name, arguments);
    }
    None
}
