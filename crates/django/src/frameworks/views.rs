//! `django.views.generic`: what a view's queryset, object, context and template are, by its attributes and methods.
//!
//! <https://docs.djangoproject.com/en/stable/ref/class-based-views/>

use tuneup_python::{ClassRef, Symbol};

use super::Framework;
use crate::predicates::Source;
use crate::queries::calls::Arguments;
use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Queryset, Role, Shape, Site, SiteForm, Value};
use crate::schema::ModelId;

pub(super) const FRAMEWORK: Framework = Framework { inherited, inherited_method, serve, ..Framework::NONE };

/// What a generic view shows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shows {
    /// Many rows, under templates with this suffix.
    Many(&'static str),
    /// One row.
    One(&'static str),
    /// No row of its own.
    None,
}

fn is_view(name: &str) -> bool {
    ["django.views.", "django.contrib.auth.views.", "django_filters.views."]
        .iter()
        .any(|package| name.starts_with(package))
}

fn shows(machine: &Machine<'_>, class: ClassRef) -> Option<Shows> {
    let has = |ends: &[&str]| {
        machine.has_base(class, |name| {
            is_view(name) && ends.iter().any(|end| name.rsplit('.').next() == Some(end))
        })
    };
    if !machine.has_base(class, is_view) {
        return None;
    }
    Some(if has(&["FilterView", "BaseFilterView"]) {
        Shows::Many("_filter")
    } else if has(&["ListView", "BaseListView", "MultipleObjectMixin", "MultipleObjectTemplateResponseMixin"])
    {
        Shows::Many("_list")
    } else if has(&["ArchiveIndexView", "BaseArchiveIndexView"]) {
        Shows::Many("_archive")
    } else if has(&["YearArchiveView"]) {
        Shows::Many("_archive_year")
    } else if has(&["MonthArchiveView"]) {
        Shows::Many("_archive_month")
    } else if has(&["DayArchiveView", "TodayArchiveView"]) {
        Shows::Many("_archive_day")
    } else if has(&["DetailView", "BaseDetailView", "SingleObjectMixin", "DateDetailView"]) {
        Shows::One("_detail")
    } else if has(&["UpdateView", "BaseUpdateView"]) {
        Shows::One("_form")
    } else if has(&["DeleteView", "BaseDeleteView"]) {
        Shows::One("_confirm_delete")
    } else {
        Shows::None
    })
}

const METHODS: &[&str] = &[
    "get_queryset",
    "get_object",
    "get_context_data",
    "get_template_names",
    "get_context_object_name",
    "get_paginate_by",
    "get_ordering",
    "get",
    "post",
    "dispatch",
    "setup",
    "render_to_response",
    "paginate_queryset",
    "form_valid",
    "form_invalid",
    "get_form",
    "get_form_kwargs",
    "get_success_url",
];

fn inherited<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    this: Value,
    class: ClassRef,
    name: &str,
) -> Option<Value> {
    let shows = shows(machine, class)?;
    let none = Arguments::default();
    match (name, shows) {
        ("object", Shows::One(_)) => Some(machine.call_named(frame, this, "get_object", &none)),
        ("object_list", Shows::Many(_)) => Some(machine.call_named(frame, this, "get_queryset", &none)),
        ("kwargs" | "args", _) => Some(Value::UNKNOWN),
        _ if METHODS.contains(&name) => Some(machine.values.make(Shape::Method(this, Symbol::new(name)))),
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
    let shows = shows(machine, class)?;
    let none = Arguments::default();
    match name {
        "get_queryset" => {
            let rows = queryset(machine, class);
            let name = Symbol::new("ordering");
            match (machine.project.member(class, name), machine.class_member(class, name)) {
                (Some(member), Some(names)) if matches!(shows, Shows::Many(_)) => {
                    let site = super::lists::member_site(machine, member);
                    Some(machine.ordered_by(rows, names, site))
                }
                _ => Some(rows),
            }
        }
        "get_object" => {
            let rows = match arguments.get(0, "queryset") {
                Some(rows) if rows != Value::NONE => rows,
                _ => machine.call_named(frame, this, "get_queryset", &none),
            };
            let slug = machine.project.member(class, Symbol::new("slug_field"));
            let rows = match (slug, machine.class_member(class, Symbol::new("slug_field"))) {
                (Some(member), Some(name)) => match *machine.values.shape(name) {
                    Shape::Str(name) => {
                        let site = super::lists::member_site(machine, member);
                        machine.found_by(rows, name, site)
                    }
                    _ => rows,
                },
                _ => rows,
            };
            Some(machine.for_each(rows, |machine, member| machine.one_row(member)))
        }
        "get_context_data" => Some(context(machine, frame, this, class, shows, arguments)),
        "get_template_names" => Some(template(machine, class, shows)),
        "paginate_queryset" => {
            let rows = arguments.get(0, "queryset")?;
            let size = machine.class_member(class, Symbol::new("paginate_by"));
            if size.is_some_and(|size| size != Value::NONE) {
                machine.record_page(rows);
            }
            let page = machine.values.make(Shape::Page(rows));
            let paginator = machine.values.make(Shape::Paginator(rows));
            Some(machine.values.tuple(vec![paginator, page, rows, Value::SCALAR]))
        }
        "render_to_response" => {
            let template = machine.call_named(frame, this, "get_template_names", &none);
            let context = arguments.get(0, "context")?;
            machine.render_named(template, context);
            Some(Value::SCALAR)
        }
        _ => None,
    }
}

/// `queryset`, or all rows of `model`.
fn queryset(machine: &mut Machine<'_>, class: ClassRef) -> Value {
    let attribute = |machine: &mut Machine<'_>, name: &str| {
        machine.class_member(class, Symbol::new(name)).filter(|&value| value != Value::NONE)
    };
    if let Some(rows) = attribute(machine, "queryset") {
        return machine.for_each(rows, |machine, member| match machine.values.shape(member).clone() {
            Shape::Queryset(mut rows) => {
                rows.is_manager = false;
                machine.values.queryset(rows)
            }
            _ => Value::UNKNOWN,
        });
    }
    let Some(model) = attribute(machine, "model") else { return Value::UNKNOWN };
    let Shape::Model(model) = *machine.values.shape(model) else { return Value::UNKNOWN };
    rows_of_model(machine, class, model)
}

/// The rows of a view that names only its model: what would load more of them is a `queryset` beside it.
fn rows_of_model(machine: &mut Machine<'_>, class: ClassRef, model: ModelId) -> Value {
    let Some(member) = machine.project.member(class, Symbol::new("model")) else { return Value::UNKNOWN };
    let Some(value) = member.binding.value else { return Value::UNKNOWN };
    let file = member.owner.file;
    let range = machine.facts(file).range(value);
    let site = Site { file, range, function: None, form: SiteForm::ModelAttribute };
    let classes = machine.schema.default_manager_classes(model).into();
    machine.values.queryset(Queryset { sites: Box::new([site]), ..Queryset::of(model, classes) })
}

/// The model whose rows a view shows.
fn model_of(machine: &Machine<'_>, rows: Value) -> Option<ModelId> {
    machine.values.members(rows).into_iter().find_map(|member| match machine.values.shape(member) {
        Shape::Queryset(queryset) => Some(queryset.model),
        Shape::Row(row) => Some(row.model),
        Shape::Page(rows) => model_of(machine, *rows),
        _ => None,
    })
}

/// The context that a view gives its template.
fn context<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    this: Value,
    class: ClassRef,
    shows: Shows,
    arguments: &Arguments,
) -> Value {
    let none = Arguments::default();
    let mut known: Vec<(Symbol, Value)> = vec![(Symbol::new("view"), this)];
    let put = |known: &mut Vec<(Symbol, Value)>, name: &str, value: Value| {
        known.retain(|(there, _)| *there != name);
        known.push((Symbol::new(name), value));
    };
    let named = match machine.class_member(class, Symbol::new("context_object_name")) {
        Some(name) => match machine.values.shape(name) {
            Shape::Str(name) => Some(*name),
            _ => None,
        },
        None => None,
    };
    match shows {
        Shows::Many(_) => {
            let rows = match arguments.keyword("object_list") {
                Some(rows) if rows != Value::NONE => rows,
                _ => machine.call_named(frame, this, "get_queryset", &none),
            };
            let page = machine.values.make(Shape::Page(rows));
            let paginator = machine.values.make(Shape::Paginator(rows));
            put(&mut known, "object_list", rows);
            put(&mut known, "page_obj", page);
            put(&mut known, "paginator", paginator);
            if let Some(model) = model_of(machine, rows) {
                let name = machine.schema.label(model).rsplit('.').next().unwrap_or_default().to_lowercase();
                put(&mut known, &format!("{name}_list"), rows);
            }
            if let Some(name) = named {
                put(&mut known, name.as_str(), rows);
            }
        }
        Shows::One(_) => {
            let row = match arguments.keyword("object") {
                Some(row) if row != Value::NONE => row,
                _ => machine.call_named(frame, this, "get_object", &none),
            };
            put(&mut known, "object", row);
            if let Some(model) = model_of(machine, row) {
                let name = machine.schema.label(model).rsplit('.').next().unwrap_or_default().to_lowercase();
                put(&mut known, &name, row);
            }
            if let Some(name) = named {
                put(&mut known, name.as_str(), row);
            }
        }
        Shows::None => {}
    }
    if let Some(extra) = machine.class_member(class, Symbol::new("extra_context"))
        && let Shape::Mapping { known: more, .. } = machine.values.shape(extra).clone()
    {
        known.extend(more.iter().copied());
    }
    for &(name, value) in &arguments.keywords {
        put(&mut known, name.as_str(), value);
    }
    machine.values.mapping(known, Value::NEVER, Value::NEVER)
}

/// The template that a view names, or the one that Django makes of its model's name.
fn template(machine: &mut Machine<'_>, class: ClassRef, shows: Shows) -> Value {
    if let Some(name) = machine.class_member(class, Symbol::new("template_name"))
        && name != Value::NONE
    {
        return name;
    }
    let (Shows::Many(suffix) | Shows::One(suffix)) = shows else { return Value::UNKNOWN };
    let suffix = match machine.class_member(class, Symbol::new("template_name_suffix")) {
        Some(value) => match machine.values.shape(value) {
            Shape::Str(suffix) => suffix.as_str(),
            _ => suffix,
        },
        None => suffix,
    };
    let rows = queryset(machine, class);
    let Some(model) = model_of(machine, rows) else { return Value::UNKNOWN };
    let label = machine.schema.label(model);
    let Some((app, name)) = label.split_once('.') else { return Value::UNKNOWN };
    let name = format!("{app}/{}{suffix}.html", name.to_lowercase());
    machine.values.make(Shape::Str(Symbol::new(&name)))
}

/// What a date-based view asks of its `date_field`.
fn dated(machine: &mut Machine<'_>, class: ClassRef) {
    let name = Symbol::new("date_field");
    let Some(member) = machine.project.member(class, name) else { return };
    let Some(value) = machine.class_member(class, name) else { return };
    let Shape::Str(field) = *machine.values.shape(value) else { return };
    let rows = queryset(machine, class);
    if let Some(model) = model_of(machine, rows) {
        let site = super::lists::member_site(machine, member);
        let lookup = Symbol::new(&format!("{field}__gte"));
        machine.declare(model, &[lookup], Role::Filter, Source::DateView, site);
    }
}

/// A request to a view: queryset, context, template.
fn serve<'p>(machine: &mut Machine<'p>, frame: &mut Frame<'p>, class: ClassRef) {
    if shows(machine, class).is_none() {
        return;
    }
    let this = machine.values.make(Shape::Object(class, None));
    let none = Arguments::default();
    dated(machine, class);
    // `get` of the project's own decides for itself; it runs as every method does.
    let context = machine.call_named(frame, this, "get_context_data", &none);
    let template = machine.call_named(frame, this, "get_template_names", &none);
    machine.render_named(template, context);
}
