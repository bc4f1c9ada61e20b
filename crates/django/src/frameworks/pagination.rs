//! `django.core.paginator`: a page iterates as the rows of the queryset that was paginated.

use tuneup_python::{ClassRef, Symbol};

use super::Framework;
use crate::queries::calls::{Arguments, CallSite};
use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Shape, Value};

pub(super) const FRAMEWORK: Framework = Framework {
    call,
    methods: Some(|machine, class, name| name == "__init__" && machine.has_base(class, is_paginator)),
    inherited_method,
    ..Framework::NONE
};

fn is_paginator(name: &str) -> bool {
    matches!(name, "django.core.paginator.Paginator" | "django.core.paginator.AsyncPaginator")
}

fn call<'p>(
    machine: &mut Machine<'p>,
    _frame: &mut Frame<'p>,
    name: &str,
    arguments: &Arguments,
    _call: CallSite,
) -> Option<Value> {
    if !is_paginator(name) {
        return None;
    }
    let rows = arguments.get(0, "object_list")?;
    machine.take_pages(rows, false);
    Some(machine.values.make(Shape::Paginator(rows)))
}

fn inherited_method<'p>(
    machine: &mut Machine<'p>,
    _frame: &mut Frame<'p>,
    this: Value,
    _class: ClassRef,
    _name: &str,
    arguments: &Arguments,
) -> Option<Value> {
    machine.make_with(this, Symbol::new(ROWS), arguments.get(0, "object_list")?);
    Some(Value::NONE)
}

/// What a paginator has its rows in.
const ROWS: &str = "object_list";

/// The paginator that an object of a project's own class is, made with these arguments: over those of them that its
/// `__init__` has handed on to Django's, as one expression may make paginators over the rows of many models.
pub(crate) fn made(
    machine: &mut Machine<'_>,
    object: Value,
    class: ClassRef,
    arguments: &Arguments,
) -> Option<Value> {
    if !machine.has_base(class, is_paginator) {
        return None;
    }
    let handed = *machine.object_values.get(&(object, Symbol::new(ROWS)))?;
    let handed = machine.values.members(handed);
    let given: Vec<Value> = arguments.all().flat_map(|value| machine.values.members(value)).collect();
    let rows = machine.values.join_all(given.into_iter().filter(|value| handed.contains(value)));
    let is_rows = |value: &Value| {
        matches!(machine.values.shape(*value), Shape::Queryset(_) | Shape::Sequence(_) | Shape::Tuple(_))
    };
    if !machine.values.members(rows).iter().any(is_rows) {
        return None;
    }
    machine.take_pages(rows, false);
    Some(machine.values.make(Shape::Paginator(rows)))
}
