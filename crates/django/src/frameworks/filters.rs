//! django-filter: a filter set's `qs` is the queryset that it was given, narrowed.
//!
//! <https://django-filter.readthedocs.io/en/stable/ref/filterset.html>

use tuneup_python::flow::{ArgumentKind, ExprKind};
use tuneup_python::{Base, ClassRef, Entity, Symbol};

use super::Framework;
use crate::predicates::Source;
use crate::queries::calls::{Arguments, CallSite};
use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Role, Shape, Site, SiteForm, Value};

pub(super) const FRAMEWORK: Framework =
    Framework { call, attribute, inherited, inherited_method, serve, ..Framework::NONE };

/// The form of a filter set of the project's.
const FORM: &str = "django_filters.filterset.FilterSet.form";

pub(super) fn is_filter_set(name: &str) -> bool {
    name.starts_with("django_filters.") && name.ends_with("FilterSet")
}

/// What the fields of a filter set let a client ask.
fn serve<'p>(machine: &mut Machine<'p>, _frame: &mut Frame<'p>, class: ClassRef) {
    if !machine.is_of(class, is_filter_set) {
        return;
    }
    declared(machine, class);
    let Some(meta) = machine.class_member(class, Symbol::new("Meta")) else { return };
    let Shape::Class(meta) = *machine.values.shape(meta) else { return };
    let fields = Symbol::new("fields");
    let (Some(model), Some(value), Some(member)) = (
        machine.class_member(meta, Symbol::new("model")),
        machine.class_member(meta, fields),
        machine.project.member(meta, fields),
    ) else {
        return;
    };
    let Shape::Model(model) = *machine.values.shape(model) else { return };
    let lookups = super::lists::lookups(machine, value);
    let site = super::lists::member_site(machine, member);
    machine.declare(model, &lookups, Role::Filter, Source::FilterSet, site);
}

/// The filters that a filter set declares one by one: `title = CharFilter(field_name=…, lookup_expr=…)`. Those that a method
/// of the set applies ask what the method asks.
fn declared(machine: &mut Machine<'_>, class: ClassRef) {
    let model = machine
        .class_member(class, Symbol::new("Meta"))
        .and_then(|meta| match *machine.values.shape(meta) {
            Shape::Class(meta) => machine.class_member(meta, Symbol::new("model")),
            _ => None,
        })
        .map(|model| machine.values.shape(model).clone());
    let Some(Shape::Model(model)) = model else { return };
    let facts = machine.project.facts(class.file);
    let bindings = machine.project.own_members(class);
    for binding in bindings {
        let Some(value) = binding.value else { continue };
        let ExprKind::Call(callee, arguments) = facts.kind(value) else { continue };
        let is_filter = match machine.project.entity_of(class.file, callee) {
            Entity::External(name) => {
                name.as_str().starts_with("django_filters.") && name.as_str().ends_with("Filter")
            }
            _ => false,
        };
        if !is_filter {
            continue;
        }
        let text = |name: &str| {
            let argument = facts
                .arguments(arguments)
                .iter()
                .find(|it| it.kind == ArgumentKind::Keyword(Symbol::new(name)))?;
            match facts.kind(argument.value) {
                ExprKind::Str(text) => Some(text),
                _ => None,
            }
        };
        if facts.arguments(arguments).iter().any(|it| it.kind == ArgumentKind::Keyword(Symbol::new("method")))
        {
            continue;
        }
        let column = text("field_name").unwrap_or(binding.name);
        let lookup = match text("lookup_expr") {
            Some(lookup) => Symbol::new(&format!("{column}__{lookup}")),
            None => column,
        };
        let site =
            Site { file: class.file, range: facts.range(value), function: None, form: SiteForm::Declaration };
        machine.declare(model, &[lookup], Role::Filter, Source::FilterSet, site);
    }
}

/// The queryset of a filter set that was made with such arguments.
fn given(arguments: &Arguments) -> Option<Value> {
    arguments.get(1, "queryset").filter(|&rows| rows != Value::NONE)
}

/// Django's filter sets made as they are: `FilterSet(request.GET, queryset=rows)`.
fn call<'p>(
    machine: &mut Machine<'p>,
    _frame: &mut Frame<'p>,
    name: &str,
    arguments: &Arguments,
    _call: CallSite,
) -> Option<Value> {
    if !is_filter_set(name) {
        return None;
    }
    let rows = given(arguments)?;
    Some(machine.values.make(Shape::Instance(Symbol::new(name), Box::new([rows]))))
}

fn attribute(machine: &mut Machine<'_>, class: &str, parts: &[Value], name: &str) -> Option<Value> {
    if class == FORM && name == "fields" {
        return Some(super::forms::fields_of(machine, *parts.first()?));
    }
    if !is_filter_set(class) {
        return None;
    }
    let rows = *parts.first()?;
    match name {
        "qs" => Some(narrowed(machine, rows)),
        "queryset" => Some(rows),
        _ => None,
    }
}

fn inherited<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    this: Value,
    class: ClassRef,
    name: &str,
) -> Option<Value> {
    if !machine.is_of(class, is_filter_set) {
        return None;
    }
    match name {
        "qs" => {
            let rows = rows(machine, this, class);
            Some(narrowed(machine, rows))
        }
        "queryset" => Some(rows(machine, this, class)),
        // Only where the form is shown, so are the choices of its filters; code asks it for errors and values, and gives
        // its fields other choices: `self.form.fields["author"].queryset = …`, `self.filters["author"].queryset = …`.
        "form" if frame.file.as_other().is_none() => {
            Some(machine.values.make(Shape::Instance(Symbol::new(FORM), Box::new([this]))))
        }
        "filters" => Some(super::forms::fields_of(machine, this)),
        "form" => {
            let bases: Vec<ClassRef> = machine
                .project
                .mro(class)
                .iter()
                .filter_map(|base| match base {
                    Base::Class(base) => Some(*base),
                    _ => None,
                })
                .collect();
            for base in bases {
                super::forms::show_declared(machine, frame, base);
            }
            super::forms::show_given(machine, frame, this, class);
            Some(Value::UNKNOWN)
        }
        "__init__" | "filter_queryset" | "is_valid" | "get_form_class" => {
            Some(machine.values.make(Shape::Method(this, Symbol::new(name))))
        }
        _ => None,
    }
}

fn inherited_method<'p>(
    machine: &mut Machine<'p>,
    _frame: &mut Frame<'p>,
    this: Value,
    class: ClassRef,
    name: &str,
    arguments: &Arguments,
) -> Option<Value> {
    if !machine.is_of(class, is_filter_set) {
        return None;
    }
    match name {
        "__init__" => {
            if let Some(rows) = given(arguments) {
                machine.make_with(this, Symbol::new("queryset"), rows);
            }
            Some(Value::NONE)
        }
        "filter_queryset" => {
            let rows = arguments.get(0, "queryset")?;
            Some(narrowed(machine, rows))
        }
        _ => None,
    }
}

/// The rows that a filter set was given, or all of its model's.
fn rows(machine: &mut Machine<'_>, this: Value, class: ClassRef) -> Value {
    if let Some(&rows) = machine.object_values.get(&(this, Symbol::new("queryset"))) {
        return rows;
    }
    let Some(meta) = machine.class_member(class, Symbol::new("Meta")) else { return Value::UNKNOWN };
    let Shape::Class(meta) = *machine.values.shape(meta) else { return Value::UNKNOWN };
    match machine.class_member(meta, Symbol::new("model")).map(|model| machine.values.shape(model).clone()) {
        Some(Shape::Model(model)) => machine.outside_queryset(model, false),
        _ => Value::UNKNOWN,
    }
}

/// Rows of a queryset, filtered.
fn narrowed(machine: &mut Machine<'_>, rows: Value) -> Value {
    let rows = machine.resumed(rows);
    machine.for_each(rows, |machine, member| match machine.values.shape(member).clone() {
        Shape::Queryset(mut rows) => {
            rows.is_manager = false;
            rows.asked.narrowed = true;
            machine.values.queryset(rows)
        }
        _ => member,
    })
}
