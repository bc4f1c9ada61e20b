//! `django.views.generic`: what a view's queryset, object, context and template are, by its attributes and methods.
//!
//! <https://docs.djangoproject.com/en/stable/ref/class-based-views/>

use tuneup_python::{Base, ClassRef, Symbol};

use super::Framework;
use crate::predicates::Source;
use crate::queries::calls::{Arguments, CallSite};
use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Role, Shape, Site, SiteForm, Value};
use crate::schema::ModelId;

pub(super) const FRAMEWORK: Framework =
    Framework { call, class_method, inherited, inherited_method, serve, ..Framework::NONE };

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
    // Most classes are no views.
    if !machine.is_of(class, is_view) {
        return None;
    }
    shown_by(|holds| machine.has_base(class, holds))
}

/// What a view shows, of which it can be asked whether one of its bases has a name.
fn shown_by(has_base: impl Fn(&dyn Fn(&str) -> bool) -> bool) -> Option<Shows> {
    let has = |ends: &[&str]| {
        has_base(&|name| is_view(name) && ends.iter().any(|end| name.rsplit('.').next() == Some(end)))
    };
    if !has_base(&is_view) {
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
    } else if has(&["WeekArchiveView"]) {
        Shows::Many("_archive_week")
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

/// Whether a view has an `object`.
fn shows_one(machine: &Machine<'_>, class: ClassRef) -> bool {
    matches!(shows(machine, class), Some(Shows::One(_)))
        || machine.has_base(class, |name| {
            is_view(name)
                && name
                    .rsplit('.')
                    .next()
                    .is_some_and(|it| it == "SingleObjectMixin" || it.ends_with("DetailView"))
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
        ("object", _) if shows_one(machine, class) => {
            Some(machine.call_named(frame, this, "get_object", &none))
        }
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
            let rows = queryset(machine, frame, this, class);
            let name = Symbol::new("ordering");
            match (machine.member(class, name), machine.class_member(class, name)) {
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
            let slug = machine.member(class, Symbol::new("slug_field"));
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
        "get_context_object_name" => Some(attribute(machine, this, class, "context_object_name")?),
        "get_template_names" => {
            let names = template(machine, frame, this, class, shows);
            Some(machine.for_each(names, |machine, name| match machine.values.shape(name) {
                Shape::Str(_) => machine.values.tuple(vec![name]),
                _ => name,
            }))
        }
        "paginate_queryset" => {
            let rows = arguments.get(0, "queryset")?;
            if is_paged(machine, this, class) {
                machine.take_pages(rows, may_order(machine, class));
            }
            let page = machine.values.make(Shape::Page(rows));
            let paginator = machine.values.make(Shape::Paginator(rows));
            Some(machine.values.tuple(vec![paginator, page, rows, Value::SCALAR]))
        }
        "render_to_response" if !renders(machine, class) => Some(Value::UNKNOWN),
        "render_to_response" => {
            let template = machine.call_named(frame, this, "get_template_names", &none);
            let context = arguments.get(0, "context")?;
            machine.render_named(template, context);
            Some(Value::SCALAR)
        }
        _ => None,
    }
}

/// An attribute of a view: what `as_view()` is given goes before what the class has. `None` is as good as nothing.
fn attribute(machine: &mut Machine<'_>, this: Value, class: ClassRef, name: &str) -> Option<Value> {
    let name = Symbol::new(name);
    let given = machine.object_values.get(&(this, name)).copied();
    given.or_else(|| machine.class_member(class, name)).filter(|&value| value != Value::NONE)
}

/// `queryset`, or all rows of `model`.
fn queryset<'p>(machine: &mut Machine<'p>, frame: &mut Frame<'p>, this: Value, class: ClassRef) -> Value {
    if let Some(rows) = attribute(machine, this, class, "queryset") {
        return all_of(machine, rows);
    }
    if let Some(&rows) = machine.object_values.get(&(this, Symbol::new(OF_MODEL))) {
        return rows;
    }
    let Some(model) = attribute(machine, this, class, "model") else { return Value::UNKNOWN };
    let Shape::Model(model) = *machine.values.shape(model) else { return Value::UNKNOWN };
    rows_of_model(machine, frame, class, model)
}

/// What a `queryset` attribute gives: a manager or queryset, as it is.
fn all_of(machine: &mut Machine<'_>, rows: Value) -> Value {
    machine.for_each(rows, |machine, member| match machine.values.shape(member).clone() {
        Shape::Queryset(mut rows) => {
            rows.is_manager = false;
            machine.values.queryset(rows)
        }
        _ => Value::UNKNOWN,
    })
}

/// The attribute under which a view keeps the rows of the model that `as_view(model=…)` names.
const OF_MODEL: &str = "%rows";

/// The rows of `as_view(model=…)`: what would load more of them is a `queryset` in its place.
fn rows_of_argument<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    model: Value,
    call: CallSite,
) -> Option<Value> {
    let Shape::Model(model) = *machine.values.shape(model) else { return None };
    let site = Site { form: SiteForm::ModelArgument, ..call.site };
    let rows = machine.of_default_manager(frame, model, Box::new([site]));
    Some(machine.values.queryset(rows))
}

/// `ListView.as_view(queryset=…)`, of a view of Django's own.
fn call<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    name: &str,
    arguments: &Arguments,
    call: CallSite,
) -> Option<Value> {
    let view = name.strip_suffix(".as_view")?;
    let shows = shown_by(|holds| holds(view))?;
    let rows = match (arguments.keyword("queryset"), arguments.keyword("model")) {
        (Some(rows), _) => all_of(machine, rows),
        (None, Some(model)) => rows_of_argument(machine, frame, model, call).unwrap_or(Value::UNKNOWN),
        (None, None) => Value::UNKNOWN,
    };
    let shown = match shows {
        Shows::One(_) => machine.for_each(rows, |machine, member| machine.one_row(member)),
        _ => rows,
    };
    let mut known = named(machine, shows, shown, arguments.keyword("context_object_name"));
    if let Some(extra) = arguments.keyword("extra_context")
        && let Shape::Mapping { known: more, .. } = machine.values.shape(extra).clone()
    {
        known.extend(more.iter().copied());
    }
    let template = match arguments.keyword("template_name") {
        Some(template) => template,
        None => default_template(machine, rows, suffix(machine, shows, None)?)?,
    };
    let context = machine.values.mapping(known, Value::NEVER, Value::NEVER);
    machine.render_named(template, context);
    Some(Value::SCALAR)
}

/// `ArticleList.as_view(queryset=…)`, of a view of the project's: it is served with what it is given.
fn class_method<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    class: ClassRef,
    name: &str,
    arguments: &Arguments,
    call: CallSite,
) -> Option<Value> {
    if name != "as_view" || arguments.keywords.is_empty() {
        return None;
    }
    shows(machine, class)?;
    let this = machine.values.make(Shape::Object(class, Some(call.site.into())));
    for &(name, value) in &arguments.keywords {
        machine.give(this, name, value);
    }
    if let Some(model) = arguments.keyword("model")
        && let Some(rows) = rows_of_argument(machine, frame, model, call)
    {
        machine.set_on(this, Symbol::new(OF_MODEL), rows);
    }
    show(machine, frame, this);
    Some(Value::SCALAR)
}

/// The rows of a view that names only its model: what would load more of them is a `queryset` beside it.
fn rows_of_model<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    class: ClassRef,
    model: ModelId,
) -> Value {
    let Some(member) = machine.member(class, Symbol::new("model")) else { return Value::UNKNOWN };
    let Some(value) = member.binding.value else { return Value::UNKNOWN };
    let file = member.owner.file;
    let range = machine.facts(file).range(value);
    let site = Site { file, range, function: None, form: SiteForm::ModelAttribute };
    let rows = machine.of_default_manager(frame, model, Box::new([site]));
    machine.values.queryset(rows)
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

/// Whether a view shows its rows page by page.
fn is_paged(machine: &mut Machine<'_>, this: Value, class: ClassRef) -> bool {
    attribute(machine, this, class, "paginate_by").is_some()
}

/// Whether a method of a view's own may order its rows: what it gives is not asked here.
fn may_order(machine: &Machine<'_>, class: ClassRef) -> bool {
    machine.class_function(class, Symbol::new("get_ordering")).is_some()
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
    let name = |machine: &mut Machine<'p>, frame: &mut Frame<'p>, shown: Value| {
        let given = Arguments { positional: vec![shown], ..Arguments::default() };
        machine.call_named(frame, this, "get_context_object_name", &given)
    };
    match shows {
        Shows::Many(_) => {
            let rows = match arguments.keyword("object_list") {
                Some(rows) if rows != Value::NONE => rows,
                _ => machine.call_named(frame, this, "get_queryset", &none),
            };
            // A view may be there only for others to extend: that its pages are asked for is known where code takes one.
            if is_paged(machine, this, class) && !may_order(machine, class) {
                machine.mark_pages(rows);
            }
            let called = name(machine, frame, rows);
            known.extend(self::named(machine, shows, rows, Some(called)));
            if shows == Shows::Many("_filter")
                && let Some(filter) = attribute(machine, this, class, "filterset_class")
                && let Shape::Class(filter) = *machine.values.shape(filter)
            {
                let site = frame.site(ruff_text_size::TextRange::default());
                let given =
                    Arguments { keywords: vec![(Symbol::new("queryset"), rows)], ..Arguments::default() };
                let filter = machine.make_object(frame, filter, &given, CallSite { site });
                known.push((Symbol::new("filter"), filter));
            }
            // A view of one object that lists what belongs to it has both.
            if shows_one(machine, class)
                && let Some(&object) = machine.object_values.get(&(this, Symbol::new("object")))
            {
                known.push((Symbol::new("object"), object));
            }
        }
        Shows::One(_) => {
            let row = match arguments.keyword("object") {
                Some(row) if row != Value::NONE => row,
                _ => machine.call_named(frame, this, "get_object", &none),
            };
            let called = name(machine, frame, row);
            known.extend(self::named(machine, shows, row, Some(called)));
        }
        Shows::None => {}
    }
    let extra = attribute(machine, this, class, "extra_context");
    let is_extra_known =
        extra.is_none_or(|extra| matches!(machine.values.shape(extra), Shape::Mapping { .. }));
    if let Some(extra) = extra
        && let Shape::Mapping { known: more, .. } = machine.values.shape(extra).clone()
    {
        known.extend(more.iter().copied());
    }
    for (name, value) in super::contexts::decorated(machine, frame, this, class) {
        put(&mut known, name.as_str(), value);
    }
    for &(name, value) in &arguments.keywords {
        put(&mut known, name.as_str(), value);
    }
    let has_unknown = |values: &[(Symbol, Value)]| {
        values.iter().any(|&(_, value)| machine.values.members(value).contains(&Value::UNKNOWN))
    };
    let is_whole = is_extra_known
        && is_djangos_else(machine, class)
        && arguments.more_keywords.is_none()
        && (shows == Shows::None || known.len() > 1 && !has_unknown(&known));
    let context = machine.values.mapping(known, Value::NEVER, Value::NEVER);
    if is_whole { machine.whole_context(context) } else { context }
}

/// Whether a view has Django's `render_to_response()`, or perhaps another that is not seen: `BaseDetailView` and its like leave
/// that to the class which extends them.
fn renders(machine: &Machine<'_>, class: ClassRef) -> bool {
    let is_left = |name: &str| match name.rsplit('.').next() {
        Some(name) if name.ends_with("TemplateResponseMixin") => false,
        Some(name) => name.starts_with("Base") || name.ends_with("Mixin") || name == "View",
        None => false,
    };
    !is_djangos_else(machine, class) || machine.has_base(class, |name| is_view(name) && !is_left(name))
}

/// Whether a view has nothing from outside the project but what Django gives it.
fn is_djangos_else(machine: &Machine<'_>, class: ClassRef) -> bool {
    machine.project.mro(class).iter().all(|base| match base {
        Base::Class(_) => true,
        Base::External(name) => {
            name.as_str().starts_with("django.") || name.as_str().starts_with("builtins.")
        }
        Base::Value(..) | Base::Unknown => false,
    })
}

/// The names under which a view puts its rows, or its row, into its context.
fn named(
    machine: &mut Machine<'_>,
    shows: Shows,
    shown: Value,
    given: Option<Value>,
) -> Vec<(Symbol, Value)> {
    let given = match given.map(|given| machine.values.shape(given)) {
        Some(Shape::Str(name)) => Some(*name),
        _ => None,
    };
    let model = model_of(machine, shown)
        .map(|model| machine.schema.label(model).rsplit('.').next().unwrap_or_default().to_lowercase());
    let mut names = Vec::new();
    match shows {
        Shows::Many(suffix) => {
            names.push(("object_list".to_owned(), shown));
            if suffix == "_archive" {
                names.push(("latest".to_owned(), shown));
            }
            names.extend(model.map(|model| (format!("{model}_list"), shown)));
            let page = machine.values.make(Shape::Page(shown));
            let paginator = machine.values.make(Shape::Paginator(shown));
            names.push(("page_obj".to_owned(), page));
            names.push(("paginator".to_owned(), paginator));
        }
        Shows::One(_) => {
            names.push(("object".to_owned(), shown));
            names.extend(model.map(|model| (model, shown)));
        }
        Shows::None => {}
    }
    let mut names: Vec<(Symbol, Value)> =
        names.into_iter().map(|(name, value)| (Symbol::new(&name), value)).collect();
    if let Some(given) = given {
        names.retain(|(name, _)| *name != given);
        names.push((given, shown));
    }
    names
}

/// The template that a view names, or the one that Django makes of its model's name.
fn template<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    this: Value,
    class: ClassRef,
    shows: Shows,
) -> Value {
    if let Some(name) = attribute(machine, this, class, "template_name") {
        return name;
    }
    let given = attribute(machine, this, class, "template_name_suffix");
    let Some(suffix) = suffix(machine, shows, given) else { return Value::UNKNOWN };
    let mut rows = queryset(machine, frame, this, class);
    if model_of(machine, rows).is_none() {
        let method = if matches!(shows, Shows::Many(_)) { "get_queryset" } else { "get_object" };
        rows = machine.call_named(frame, this, method, &Arguments::default());
    }
    default_template(machine, rows, suffix).unwrap_or(Value::UNKNOWN)
}

/// The end of the default template's name.
fn suffix(machine: &Machine<'_>, shows: Shows, given: Option<Value>) -> Option<&'static str> {
    match (given.map(|given| machine.values.shape(given)), shows) {
        (Some(Shape::Str(suffix)), _) => Some(suffix.as_str()),
        (_, Shows::Many(suffix) | Shows::One(suffix)) => Some(suffix),
        (_, Shows::None) => None,
    }
}

/// `blog/article_list.html`
fn default_template(machine: &mut Machine<'_>, rows: Value, suffix: &str) -> Option<Value> {
    let label = machine.schema.label(model_of(machine, rows)?);
    let (app, name) = label.split_once('.')?;
    let name = format!("{app}/{}{suffix}.html", name.to_lowercase());
    Some(machine.values.make(Shape::Str(Symbol::new(&name))))
}

/// What a date-based view asks of its `date_field`.
fn dated<'p>(machine: &mut Machine<'p>, frame: &mut Frame<'p>, class: ClassRef) {
    let name = Symbol::new("date_field");
    let Some(member) = machine.member(class, name) else { return };
    let Some(value) = machine.class_member(class, name) else { return };
    let Shape::Str(field) = *machine.values.shape(value) else { return };
    let this = machine.values.make(Shape::Object(class, None));
    let rows = queryset(machine, frame, this, class);
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
    dated(machine, frame, class);
    let this = machine.values.make(Shape::Object(class, None));
    show(machine, frame, this);
    handle(machine, frame, class);
}

/// Calls the handlers that a class inherits from the project's own: `get()`, `post()`. Those of its own body run as every
/// method does.
pub(super) fn handle<'p>(machine: &mut Machine<'p>, frame: &mut Frame<'p>, class: ClassRef) {
    for name in ["get"] {
        let Some((function, _)) = machine.class_function(class, Symbol::new(name)) else { continue };
        let owner = machine.facts(function.file).function(function.id).class;
        if owner.is_some_and(|id| ClassRef { file: function.file, id } == class) {
            continue;
        }
        let this = machine.values.make(Shape::Object(class, None));
        let request = machine.request();
        let asked = Arguments {
            positional: vec![request],
            more_keywords: Some(Value::UNKNOWN),
            ..Arguments::default()
        };
        machine.call_named(frame, this, name, &asked);
    }
}

/// Renders a view's template on its context.
fn show<'p>(machine: &mut Machine<'p>, frame: &mut Frame<'p>, this: Value) {
    let none = Arguments::default();
    // `get` of the project's own decides for itself; it runs as every method does.
    let context = machine.call_named(frame, this, "get_context_data", &none);
    let given = Arguments { positional: vec![context], ..none };
    machine.call_named(frame, this, "render_to_response", &given);
}
