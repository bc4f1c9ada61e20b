//! Serializers within each other: what shows many rows by one (`many=True`, `Meta.list_serializer_class`), and what a
//! serializer knows of those around it: `self.parent`, `self.root`, `self.context`.
//!
//! <https://www.django-rest-framework.org/api-guide/serializers/#dealing-with-multiple-objects>

use tuneup_python::{ClassRef, Symbol};

use super::fields;
use crate::queries::attributes::Binding;
use crate::queries::calls::Arguments;
use crate::queries::circumstances::Heeded;
use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Shape, Site, Value};

/// What shows many rows by a serializer that names no class for it.
pub(crate) const LIST_SERIALIZER: &str = "rest_framework.serializers.ListSerializer";

/// The context that a serializer is given, which hides none of those around it.
const GIVEN: &str = "%context";

/// Whether a class shows many rows by another serializer.
pub(super) fn is_list(machine: &Machine<'_>, class: ClassRef) -> bool {
    machine.has_base(class, |name| {
        name.starts_with("rest_framework.") && name.rsplit('.').next() == Some("ListSerializer")
    })
}

/// What shows many rows by a serializer: an object of the class that its `Meta` names, or REST framework's own.
pub(super) fn list_of(machine: &mut Machine<'_>, serializer: Value) -> Value {
    if let Shape::Object(class, site) = *machine.values.shape(serializer)
        && let Some(of) = list_class(machine, class)
    {
        let list = machine.values.make(Shape::Object(of, site));
        machine.give(list, Symbol::new("child"), serializer);
        return list;
    }
    machine.values.make(Shape::Instance(Symbol::new(LIST_SERIALIZER), Box::new([serializer])))
}

/// `Meta.list_serializer_class`
fn list_class(machine: &mut Machine<'_>, class: ClassRef) -> Option<ClassRef> {
    let meta = machine.class_member(class, Symbol::new("Meta"))?;
    let Shape::Class(meta) = *machine.values.shape(meta) else { return None };
    let of = machine.class_member(meta, Symbol::new("list_serializer_class"))?;
    match *machine.values.shape(of) {
        Shape::Class(of) => Some(of),
        _ => None,
    }
}

/// The attribute under which a serializer keeps whether it was made for many.
const MANY: &str = "%many";

/// Keeps whether a serializer is made for many: `many=True`.
pub(super) fn keep_many(machine: &mut Machine<'_>, this: Value, arguments: &Arguments) {
    let many = arguments.keyword("many").unwrap_or(Value::NONE);
    machine.make_with(this, Symbol::new(MANY), many);
}

/// Whether a serializer was made for many, whatever it was given: the hits of a search, for which its list fetches the rows.
pub(super) fn is_for_many(machine: &Machine<'_>, this: Value) -> bool {
    let many = machine.object_values.get(&(this, Symbol::new(MANY)));
    many.is_some_and(|&many| *machine.values.shape(many) == Shape::Bool(true))
}

/// Shows many rows by a serializer, as what lists them does: most often each as it is.
pub(super) fn show_many<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    serializer: Value,
    rows: Value,
    site: Site,
) {
    let list = list_of(machine, serializer);
    machine.serializers.push(list);
    let own = match *machine.values.shape(list) {
        Shape::Object(class, _) => machine.class_function(class, Symbol::new("to_representation")),
        _ => None,
    };
    match own {
        Some((function, Binding::Method)) => {
            if machine.is_first_shown(list, rows) {
                machine.call_function(frame, function, None, &[list, rows]);
            }
        }
        _ => {
            let element = fields::rows_of(machine, frame, rows, site);
            super::serializers::show_each(machine, frame, serializer, element);
        }
    }
    machine.serializers.pop();
}

/// `super().to_representation(data)` in a class that lists rows: each of them is shown.
pub(super) fn represent_each<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    list: Value,
    rows: Value,
    site: Site,
) -> Value {
    if let Some(&child) = machine.object_values.get(&(list, Symbol::new("child"))) {
        let element = fields::rows_of(machine, frame, rows, site);
        super::serializers::show_each(machine, frame, child, element);
    }
    let each = machine.values.mapping(Vec::new(), Value::SCALAR, Value::SCALAR);
    machine.values.sequence(each)
}

/// What a serializer, or a field of one, knows of those around it.
pub(super) fn around(machine: &mut Machine<'_>, this: Value, name: &str) -> Option<Value> {
    machine.heed(Heeded::SERIALIZERS);
    let place = machine.serializers.iter().rposition(|&known| known == this);
    match (name, place) {
        ("parent", Some(0)) => Some(Value::NONE),
        ("parent", Some(place)) => Some(machine.serializers[place - 1]),
        ("root", Some(_)) => machine.serializers.first().copied(),
        ("context", _) => context(machine, this, place),
        _ => None,
    }
}

/// What a field of the project's own class knows: it stands in the serializer that is under way.
pub(super) fn around_field(machine: &mut Machine<'_>, name: &str) -> Option<Value> {
    machine.heed(Heeded::SERIALIZERS);
    let &holder = machine.serializers.last()?;
    match name {
        "parent" => Some(holder),
        "root" | "context" => around(machine, holder, name),
        _ => None,
    }
}

/// What the outermost serializer was given as context, with what those between put there.
fn context(machine: &mut Machine<'_>, this: Value, place: Option<usize>) -> Option<Value> {
    let around = match place {
        Some(place) => machine.serializers[..=place].to_vec(),
        None => vec![this],
    };
    let child = machine.object_values.get(&(this, Symbol::new("child"))).copied();
    let mut given: Vec<Value> = Vec::new();
    for serializer in around.into_iter().chain(child) {
        // `context` is a property that gives what is in `_context`.
        for name in ["context", "_context", GIVEN] {
            given.extend(machine.object_values.get(&(serializer, Symbol::new(name))));
        }
    }
    (!given.is_empty()).then(|| machine.values.join_all(given))
}

/// What REST framework's own list of rows has.
pub(super) fn attribute(
    machine: &mut Machine<'_>,
    class: &str,
    parts: &[Value],
    name: &str,
) -> Option<Value> {
    let (LIST_SERIALIZER, &[child]) = (class, parts) else { return None };
    match name {
        "child" => Some(child),
        "instance" => machine.object_values.get(&(child, Symbol::new("instance"))).copied(),
        _ => {
            let this = machine.values.make(Shape::Instance(Symbol::new(LIST_SERIALIZER), Box::new([child])));
            around(machine, this, name)
        }
    }
}

/// Keeps what a serializer is given as context where it is made. One that a field declares is given none: it has that of
/// those around it.
pub(super) fn keep_context(machine: &mut Machine<'_>, this: Value, arguments: &Arguments) {
    let given = match arguments.keyword("context") {
        Some(given) => given,
        None if arguments.more_keywords.is_some_and(|more| more != Value::NEVER) => Value::UNKNOWN,
        None => machine.values.mapping(Vec::new(), Value::NEVER, Value::NEVER),
    };
    machine.make_with(this, Symbol::new(GIVEN), given);
}
