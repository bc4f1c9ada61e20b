//! Generic views and viewsets: which rows they hand to which serializer.

use tuneup_python::flow::ExprKind;
use tuneup_python::{Base, ClassRef, FunctionRef, Symbol};

use super::actions::{acting, is_extra_action, is_in_extra_action, is_viewset};
use crate::frameworks::lists::{lookups, member_site};
use crate::predicates::Source;
use crate::queries::calls::{Arguments, CallSite};
use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Role, Shape, Site, Value};

/// What every generic view has.
pub(super) const METHODS: &[&str] = &[
    "get_queryset",
    "get_object",
    "filter_queryset",
    "paginate_queryset",
    "get_paginated_response",
    "get_serializer",
    "get_serializer_class",
    "get_serializer_context",
    "perform_create",
    "perform_update",
    "perform_destroy",
    "list",
    "retrieve",
    "create",
    "update",
    "partial_update",
    "destroy",
    "get",
    "post",
    "put",
    "patch",
    "delete",
    "initial",
    "initialize_request",
    "finalize_response",
    "dispatch",
    "check_permissions",
    "check_object_permissions",
    "get_permissions",
];

/// Actions that show rows, and the classes that bring them.
pub(super) const SHOWING: &[(&str, &[&str])] = &[
    ("list", &["ListModelMixin", "ListAPIView", "ListCreateAPIView", "ReadOnlyModelViewSet", "ModelViewSet"]),
    (
        "retrieve",
        &[
            "RetrieveModelMixin",
            "RetrieveAPIView",
            "RetrieveUpdateAPIView",
            "RetrieveDestroyAPIView",
            "RetrieveUpdateDestroyAPIView",
            "ReadOnlyModelViewSet",
            "ModelViewSet",
        ],
    ),
];

pub(super) fn method<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    this: Value,
    class: ClassRef,
    name: &str,
    arguments: &Arguments,
) -> Option<Value> {
    let none = Arguments::default();
    Some(match name {
        "get_queryset" => {
            let calling = machine.calling.take().filter(|_| is_in_extra_action(machine, frame));
            // What the method that asks has put there before.
            let rows = match frame.placed.get(&(this, Symbol::new("queryset"))) {
                Some(&rows) => rows,
                None => attribute(machine, this, class, "queryset").unwrap_or(Value::UNKNOWN),
            };
            machine.for_each(rows, |machine, member| match machine.values.shape(member).clone() {
                Shape::Queryset(mut rows) => {
                    rows.is_manager = false;
                    if let Some(site) = calling {
                        rows.sites = rows.sites.iter().copied().chain([site]).collect();
                    }
                    machine.values.queryset(rows)
                }
                _ => Value::UNKNOWN,
            })
        }
        "filter_queryset" => {
            let rows = arguments.get(0, "queryset")?;
            let rows = filtered(machine, frame, this, class, rows);
            machine.for_each(rows, |machine, member| match machine.values.shape(member).clone() {
                Shape::Queryset(mut rows) => {
                    rows.asked.narrowed = true;
                    machine.values.queryset(rows)
                }
                _ => member,
            })
        }
        "paginate_queryset" => {
            let rows = arguments.get(0, "queryset")?;
            // A backend has ordered them where the view says by what.
            if machine.project.member(class, Symbol::new("ordering")).is_none() {
                take_pages(machine, this, class, rows);
            }
            rows
        }
        "get_object" => {
            let rows = rows(machine, frame, this);
            let rows = looked_up(machine, class, rows);
            machine.for_each(rows, |machine, member| machine.one_row(member))
        }
        "get_serializer_class" => attribute(machine, this, class, "serializer_class")?,
        "get_serializer" => {
            // Each view gives what it makes a context of its own.
            let site = match *machine.values.shape(this) {
                Shape::Object(_, Some(made)) => made.site,
                _ => frame.site(ruff_text_size::TextRange::default()),
            };
            let mut arguments = arguments.clone();
            if arguments.keyword("context").is_none() {
                let context = machine.call_named(frame, this, "get_serializer_context", &none);
                arguments.keywords.push((Symbol::new("context"), context));
            }
            let mut made_by = machine.call_named(frame, this, "get_serializer_class", &none);
            if machine.values.members(made_by).iter().all(|&member| member == Value::UNKNOWN) {
                // A method that picks the class by a rule of its own, a registry say, begins at the one declared.
                made_by = attribute(machine, this, class, "serializer_class").unwrap_or(made_by);
            }
            machine.for_each(made_by, |machine, member| match *machine.values.shape(member) {
                Shape::Class(class) => machine.make_object(frame, class, &arguments, CallSite { site }),
                _ => Value::UNKNOWN,
            })
        }
        "get_serializer_context" => context(machine, this, class),
        "list" => {
            let rows = rows(machine, frame, this);
            let rows = ordered(machine, class, rows);
            take_pages(machine, this, class, rows);
            searched(machine, class, rows);
            show(machine, frame, this, rows)
        }
        "perform_create" | "perform_update" => {
            machine.call_named(frame, arguments.get(0, "serializer")?, "save", &none);
            Value::NONE
        }
        "retrieve" => {
            let row = machine.call_named(frame, this, "get_object", &none);
            show(machine, frame, this, row)
        }
        _ => return None,
    })
}

/// What serializers are given by a view that says nothing else. Packages of which nothing is known may add to it.
fn context(machine: &mut Machine<'_>, this: Value, class: ClassRef) -> Value {
    let request = machine.request();
    let known = vec![
        (Symbol::new("request"), request),
        (Symbol::new("format"), Value::SCALAR),
        (Symbol::new("view"), this),
    ];
    let is_known = machine.project.mro(class).iter().all(|base| match base {
        Base::Class(_) => true,
        Base::External(name) => {
            ["rest_framework.", "django.", "builtins."].iter().any(|from| name.as_str().starts_with(from))
                || name == "object"
        }
        Base::Unknown | Base::Value(..) => false,
    });
    let more = if is_known { Value::NEVER } else { Value::UNKNOWN };
    machine.values.mapping(known, more, more)
}

/// An attribute of a view: what `@action(…)` is given goes before what the class has.
fn attribute(machine: &mut Machine<'_>, this: Value, class: ClassRef, name: &str) -> Option<Value> {
    let name = Symbol::new(name);
    let given = machine.object_values.get(&(this, name)).copied();
    given.or_else(|| machine.class_member(class, name))
}

/// Rows as the project's own filter backends leave them.
fn filtered<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    this: Value,
    class: ClassRef,
    rows: Value,
) -> Value {
    let Some(backends) = attribute(machine, this, class, "filter_backends") else { return rows };
    let Shape::Tuple(backends) = machine.values.shape(backends).clone() else { return rows };
    let request = machine.request();
    let mut rows = rows;
    for &backend in backends.iter() {
        let Shape::Class(backend) = *machine.values.shape(backend) else { continue };
        let Some((function, _)) = machine.class_function(backend, Symbol::new("filter_queryset")) else {
            continue;
        };
        let made = machine.values.make(Shape::Object(backend, None));
        let given = machine.call_function(frame, function, None, &[made, request, rows, this]);
        let sites: Vec<Vec<Site>> = machine
            .values
            .members(rows)
            .iter()
            .filter_map(|&member| machine.as_queryset(member))
            .map(|queryset| queryset.sites.to_vec())
            .collect();
        if machine.values.members(given).iter().all(|&member| machine.as_queryset(member).is_some()) {
            // A backend serves many views: what one of them needs is loaded by its own query.
            rows = machine.for_each(given, |machine, member| match machine.values.shape(member).clone() {
                Shape::Queryset(mut rows) => {
                    if let Some(own) = sites.iter().find(|own| rows.sites.starts_with(own)) {
                        rows.sites = own.clone().into();
                    }
                    machine.values.queryset(rows)
                }
                _ => member,
            });
        }
    }
    rows
}

/// The row that a URL names, by the view's `lookup_field`.
fn looked_up(machine: &mut Machine<'_>, class: ClassRef, rows: Value) -> Value {
    let name = Symbol::new("lookup_field");
    let Some(member) = machine.member(class, name) else { return rows };
    let Some(value) = machine.class_member(class, name) else { return rows };
    match *machine.values.shape(value) {
        Shape::Str(field) => {
            let site = member_site(machine, member);
            machine.found_by(rows, field, site)
        }
        _ => rows,
    }
}

/// Takes pages of a view's rows. Which class does so where the view names none, settings say; cursors order rows
/// themselves, and so may what takes them in a way of its own.
fn take_pages(machine: &mut Machine<'_>, this: Value, class: ClassRef, rows: Value) {
    let paging = attribute(machine, this, class, "pagination_class");
    if paging == Some(Value::NONE) {
        return;
    }
    let counts =
        |name: &str| name.starts_with("rest_framework.pagination.") && !name.ends_with(".CursorPagination");
    let is_plain = match paging.map(|paging| machine.values.shape(paging)) {
        Some(&Shape::Class(paging)) => {
            let own = machine.class_function(paging, Symbol::new("paginate_queryset"));
            own.is_none() && machine.has_base(paging, counts)
        }
        Some(Shape::External(name)) => counts(name.as_str()),
        _ => false,
    };
    machine.take_pages(rows, !is_plain);
}

/// Rows in the order of `OrderingFilter`, or of a cursor's pages.
fn ordered(machine: &mut Machine<'_>, class: ClassRef, rows: Value) -> Value {
    let name = Symbol::new("ordering");
    let mut of = class;
    if let Some(paging) = machine.class_member(class, Symbol::new("pagination_class"))
        && let Shape::Class(paging) = *machine.values.shape(paging)
        && machine.has_base(paging, |name| name.ends_with(".CursorPagination"))
    {
        of = paging;
    }
    let Some(member) = machine.member(of, name) else { return rows };
    let Some(names) = machine.class_member(of, name) else { return rows };
    let site = member_site(machine, member);
    machine.ordered_by(rows, names, site)
}

/// What a client may filter, search and order by.
fn searched(machine: &mut Machine<'_>, class: ClassRef, rows: Value) {
    let models = machine.values.members(rows);
    let Some(model) = models.iter().find_map(|&it| machine.as_queryset(it)).map(|queryset| queryset.model)
    else {
        return;
    };
    for (name, source, role) in [
        ("filterset_fields", Source::FilterSet, Role::Filter),
        ("filter_fields", Source::FilterSet, Role::Filter),
        ("search_fields", Source::SearchFilter, Role::Filter),
        ("ordering_fields", Source::OrderingFilter, Role::Group),
    ] {
        let name = Symbol::new(name);
        let Some(member) = machine.member(class, name) else { continue };
        let Some(value) = machine.class_member(class, name) else { continue };
        let lookups = lookups(machine, value);
        let lookups: Vec<Symbol> = match source {
            Source::SearchFilter => lookups
                .iter()
                .map(|name| Symbol::new(&crate::frameworks::admin::searched_by(name.as_str())))
                .collect(),
            _ => lookups,
        };
        let site = member_site(machine, member);
        machine.declare(model, &lookups, role, source, site);
    }
}

/// `self.filter_queryset(self.get_queryset())`
fn rows<'p>(machine: &mut Machine<'p>, frame: &mut Frame<'p>, this: Value) -> Value {
    let rows = machine.call_named(frame, this, "get_queryset", &Arguments::default());
    let arguments = Arguments { positional: vec![rows], ..Arguments::default() };
    machine.call_named(frame, this, "filter_queryset", &arguments)
}

/// `self.get_serializer(rows).data`
fn show<'p>(machine: &mut Machine<'p>, frame: &mut Frame<'p>, this: Value, rows: Value) -> Value {
    let arguments = Arguments { positional: vec![rows], ..Arguments::default() };
    let serializer = machine.call_named(frame, this, "get_serializer", &arguments);
    let site = frame.site(ruff_text_size::TextRange::default());
    let data = Symbol::new("data");
    machine.for_each(serializer, |machine, member| machine.attribute_of(frame, site, member, data));
    Value::SCALAR
}

/// Requests to a view: its rows, by its serializer.
pub(super) fn serve<'p>(machine: &mut Machine<'p>, frame: &mut Frame<'p>, class: ClassRef) {
    if !super::is_view(machine, class) {
        return;
    }
    let request = machine.request();
    let asked = Arguments { positional: vec![request], ..Arguments::default() };
    for (action, bringing) in SHOWING {
        let has_it = machine.has_base(class, |name| {
            name.starts_with("rest_framework.")
                && bringing.iter().any(|it| name.rsplit('.').next() == Some(it))
                || super::extends(name, "ModelViewSet")
        });
        if has_it {
            let this = acting(machine, class, action);
            machine.call_named(frame, this, action, &asked);
        }
    }
    // Actions that the project's own bases define are served for this class too.
    if !is_viewset(machine, class) {
        crate::frameworks::views::handle(machine, frame, class);
        return;
    }
    let bases: Vec<ClassRef> = machine
        .project
        .mro(class)
        .iter()
        .filter_map(|base| match base {
            Base::Class(base) if *base != class => Some(*base),
            _ => None,
        })
        .collect();
    for base in bases {
        let facts = machine.project.facts(base.file);
        for binding in facts.bindings(facts.class(base.id).members) {
            let Some(ExprKind::Function(id)) = binding.value.map(|value| facts.kind(value)) else { continue };
            let function = FunctionRef { file: base.file, id };
            if is_extra_action(machine, function) {
                let this = acting(machine, class, binding.name.as_str());
                machine.call_named(frame, this, binding.name.as_str(), &asked);
            }
        }
    }
}
