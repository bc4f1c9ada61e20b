//! `django.contrib.admin`: a changelist shows rows by `list_display`, and joins by `list_select_related`.
//!
//! <https://docs.djangoproject.com/en/stable/ref/contrib/admin/>, `django.contrib.admin.views.main.ChangeList`

use tuneup_python::{ClassRef, Member, Symbol};

use super::actions::has_actions;
use super::lists::{items, member_site, name_site, texts};
use super::unseen::{note_joined, shows_unseen};
use super::{Framework, bases, registrations};
use crate::predicates::Source;
use crate::queries::attributes::Binding;
use crate::queries::calls::{Arguments, CallSite};
use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Role, Shape, Site, SiteForm, Value};
use crate::schema::{ModelAttribute, ModelId, RelationKind};

pub(super) const FRAMEWORK: Framework =
    Framework { call, method, inherited, inherited_method, serve, ..Framework::NONE };

const METHODS: &[&str] =
    &["get_queryset", "get_list_display", "get_list_select_related", "get_readonly_fields"];

/// Whether an object is the admin of a model, as it is once it is registered.
fn model_of(machine: &Machine<'_>, this: Value) -> Option<ModelId> {
    let model = machine.object_values.get(&(this, Symbol::new("model")))?;
    match machine.values.shape(*model) {
        Shape::Model(model) if is_admin(machine, this) => Some(*model),
        _ => None,
    }
}

fn is_admin(machine: &Machine<'_>, this: Value) -> bool {
    match machine.values.shape(this) {
        Shape::Object(_, Some(made)) => matches!(made.site.form, SiteForm::Admin | SiteForm::AdminQueryset),
        _ => false,
    }
}

/// Methods that make the field of a relation, given the rows to choose from.
const CHOICES: &[&str] = &["formfield_for_foreignkey", "formfield_for_manytomany"];

/// Whether a class is an admin or an inline.
pub(super) fn is_admin_class(machine: &Machine<'_>, class: ClassRef) -> bool {
    machine.has_base(class, |name| {
        name.starts_with("django.contrib.admin.")
            && name.rsplit('.').next().is_some_and(|it| it.ends_with("Admin") || it.ends_with("Inline"))
    })
}

/// Whether a name is that of the class of admin sites.
pub(super) fn is_site(name: &str) -> bool {
    name.starts_with("django.contrib.admin.") && name.ends_with(".AdminSite")
}

/// `site.register(…)`, of a site that Django's own class makes.
fn method<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    class: &str,
    _parts: &[Value],
    name: &str,
    arguments: &Arguments,
) -> Option<Value> {
    (name == "register" && is_site(class)).then(|| register_with(machine, frame, arguments))?
}

/// `admin.site.register(Model, ModelAdmin)`
fn call<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    name: &str,
    arguments: &Arguments,
    _call: CallSite,
) -> Option<Value> {
    if name != "django.contrib.admin.site.register" && name != "django.contrib.admin.sites.site.register" {
        return None;
    }
    register_with(machine, frame, arguments)
}

/// What the `register()` of a site does with its arguments.
fn register_with<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    arguments: &Arguments,
) -> Option<Value> {
    let models = arguments.get(0, "model_or_iterable")?;
    if let Some(class) = arguments.get(1, "admin_class")
        && let Shape::Class(class) = *machine.values.shape(class)
    {
        register(machine, frame, class, models);
    }
    Some(Value::NONE)
}

/// `@admin.register(Model)`
fn serve<'p>(machine: &mut Machine<'p>, frame: &mut Frame<'p>, class: ClassRef) {
    for models in registrations::decorated(machine, frame, class) {
        register(machine, frame, class, models);
    }
}

fn register<'p>(machine: &mut Machine<'p>, frame: &mut Frame<'p>, class: ClassRef, models: Value) {
    for (id, model) in registrations::models(machine, models) {
        let this = admin_of(machine, class, model, SiteForm::Admin);
        changelist(machine, frame, this, class, id);
        change_form(machine, frame, this, class, id);
    }
}

/// An admin of a model, or an inline.
pub(super) fn admin_of(machine: &mut Machine<'_>, class: ClassRef, model: Value, form: SiteForm) -> Value {
    let range = machine.project.facts(class.file).class(class.id).name_range;
    let site = Site { file: class.file, range, function: None, form };
    let this = machine.values.make(Shape::Object(class, Some(site.into())));
    machine.set_on(this, Symbol::new("model"), model);
    this
}

fn inherited<'p>(
    machine: &mut Machine<'p>,
    _frame: &mut Frame<'p>,
    this: Value,
    class: ClassRef,
    name: &str,
) -> Option<Value> {
    let is_it = (METHODS.contains(&name) && is_admin(machine, this))
        || (CHOICES.contains(&name) && is_admin_class(machine, class))
        || (name == "register" && machine.has_base(class, is_site));
    is_it.then(|| machine.values.make(Shape::Method(this, Symbol::new(name))))
}

fn inherited_method<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    this: Value,
    class: ClassRef,
    name: &str,
    arguments: &Arguments,
) -> Option<Value> {
    // A site of the project's own.
    if name == "register" && machine.has_base(class, is_site) {
        return register_with(machine, frame, arguments);
    }
    if CHOICES.contains(&name) && is_admin_class(machine, class) {
        if let Some(rows) = arguments.keyword("queryset")
            && !is_asked_for_by_script(machine, class, rows)
        {
            let site = frame.site(ruff_text_size::TextRange::default());
            super::forms::show_rows(machine, frame, rows, None, site);
        }
        return Some(Value::UNKNOWN);
    }
    let model = model_of(machine, this)?;
    match name {
        "get_queryset" => {
            let Shape::Object(_, Some(made)) = *machine.values.shape(this) else { return None };
            let rows = machine.of_default_manager(frame, model, Box::new([made.site]));
            Some(machine.values.queryset(rows))
        }
        "get_list_display" => Some(match attribute(machine, frame, this, class, "list_display") {
            Some(shown) => shown,
            None => {
                let text = machine.values.make(Shape::Str(Symbol::new("__str__")));
                machine.values.tuple(vec![text])
            }
        }),
        "get_list_select_related" => {
            let named = attribute(machine, frame, this, class, "list_select_related");
            Some(named.unwrap_or_else(|| machine.values.make(Shape::Bool(false))))
        }
        _ => None,
    }
}

/// An attribute of an admin: what its class has, with what `__init__` makes of it. What a base that is not read may have is
/// unknown.
fn attribute<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    this: Value,
    class: ClassRef,
    name: &str,
) -> Option<Value> {
    if !bases::is_known(machine.project, class, name) {
        return Some(Value::UNKNOWN);
    }
    let name = Symbol::new(name);
    let site = frame.site(ruff_text_size::TextRange::default());
    let value = machine.attribute_of(frame, site, this, name);
    let is_set = value != Value::UNKNOWN || machine.member(class, name).is_some();
    is_set.then_some(value)
}

/// What a changelist does with a model's rows.
fn changelist<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    this: Value,
    class: ClassRef,
    model: ModelId,
) {
    let request = machine.request();
    let asked = Arguments { positional: vec![request], ..Arguments::default() };
    let shown = machine.call_named(frame, this, "get_list_display", &asked);
    let Some(columns) = items(machine, shown) else { return };
    let joins = machine.call_named(frame, this, "get_list_select_related", &asked);
    let rows = machine.call_named(frame, this, "get_queryset", &asked);
    let relations: Vec<Symbol> = columns
        .iter()
        .filter_map(|&column| match machine.values.shape(column) {
            Shape::Str(name) => Some(*name),
            _ => None,
        })
        .filter(|&name| match machine.schema.attribute(model, name) {
            Some(ModelAttribute::ToOne(relation)) => {
                machine.schema.forward_relations(model).contains(&relation)
            }
            _ => false,
        })
        .collect();
    // Boxes to choose rows for an action are labelled with each row's text, from Django 5.0 on.
    let is_labelled = machine.version.is_known()
        && machine.version.at_least(5, 0)
        && has_actions(machine, frame, this, class);
    searched(machine, class, model);
    let rows = match machine.member(class, Symbol::new("ordering")) {
        Some(member) => {
            let names = machine.class_member(class, Symbol::new("ordering")).unwrap_or(Value::UNKNOWN);
            let site = member_site(machine, member);
            machine.ordered_by(rows, names, site)
        }
        None => rows,
    };
    let list_display = machine.member(class, Symbol::new("list_display"));
    for member in machine.values.members(rows) {
        let Some(mut queryset) = machine.as_queryset(member).cloned() else { continue };
        queryset.is_manager = false;
        let plan = &mut queryset.plan;
        // A queryset that joins by itself is left alone.
        if plan.select.is_empty() && !plan.select_all {
            match machine.values.shape(joins) {
                Shape::Bool(true) => {
                    plan.select_all = true;
                    plan.automatic = true;
                }
                // Django joins the foreign keys that are shown: from 6.1 on these, before that all that are not null.
                Shape::Bool(false) if !relations.is_empty() => {
                    plan.automatic = true;
                    match machine.version.at_least(6, 1) {
                        true => plan.select.clone_from(&relations),
                        false => plan.select_all = true,
                    }
                }
                Shape::Bool(false) => {}
                _ => match texts(machine, joins) {
                    Some(names) => plan.select = names,
                    None => plan.select_unknown = true,
                },
            }
        } else {
            // `ChangeList.get_queryset` does not look at `list_select_related` then: more is joined in the admin's own.
            for site in queryset.sites.iter_mut().filter(|site| site.form == SiteForm::Admin) {
                site.form = SiteForm::AdminQueryset;
            }
        }
        let joins_all = queryset.plan.select_all && queryset.plan.automatic;
        let rows = machine.values.queryset(queryset);
        machine.record_page(rows);
        let site = frame.site(ruff_text_size::TextRange::default());
        let row = machine.iterate(frame, rows, site);
        for &column in &columns {
            let site = column_site(machine, list_display, class, column);
            show(machine, frame, this, class, row, column, site);
        }
        if is_labelled {
            machine.text_of(frame, row);
        }
        if joins_all && shows_unseen(machine, class, model, &columns, is_labelled) {
            note_joined(machine, rows, model);
        }
    }
}

/// Whether a relation to rows of this model is edited by a widget that lists none of them.
fn is_asked_for_by_script(machine: &mut Machine<'_>, class: ClassRef, rows: Value) -> bool {
    let Some(target) = machine.as_queryset(rows).map(|rows| rows.model) else { return false };
    let names_one = |machine: &Machine<'_>, name: Symbol| {
        machine.schema.models().any(|model| match machine.schema.relation_by_accessor(model, name) {
            Some(relation) => machine.schema.relation(relation).target() == Some(target),
            None => false,
        })
    };
    ["raw_id_fields", "autocomplete_fields"].iter().any(|&name| {
        let Some(names) = machine.class_member(class, Symbol::new(name)) else { return false };
        texts(machine, names).is_none_or(|names| names.iter().any(|&name| names_one(machine, name)))
    })
}

/// What the page of one row shows: its fields that are only read, and the rows of its inlines.
fn change_form<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    this: Value,
    class: ClassRef,
    model: ModelId,
) {
    let row = machine.outside_row(model);
    read_only(machine, frame, this, class, row);
    let Some(inlines) = machine.class_member(class, Symbol::new("inlines")) else { return };
    let Shape::Tuple(inlines) = machine.values.shape(inlines).clone() else { return };
    for &inline in inlines.iter() {
        let Shape::Class(inline) = *machine.values.shape(inline) else { continue };
        if !is_admin_class(machine, inline) {
            continue;
        }
        let parent = model;
        let Some(model) = machine.class_member(inline, Symbol::new("model")) else { continue };
        if has_one_row(machine, inline, parent, model) {
            continue;
        }
        let this = admin_of(machine, inline, model, SiteForm::AdminQueryset);
        let request = machine.request();
        let asked = Arguments { positional: vec![request], ..Arguments::default() };
        let rows = machine.call_named(frame, this, "get_queryset", &asked);
        for member in machine.values.members(rows) {
            let Some(mut queryset) = machine.as_queryset(member).cloned() else { continue };
            queryset.is_manager = false;
            let rows = machine.values.queryset(queryset);
            let site = frame.site(ruff_text_size::TextRange::default());
            let row = machine.iterate(frame, rows, site);
            read_only(machine, frame, this, inline, row);
            // Both of Django's templates head each row with its text.
            if bases::is_known(machine.project, inline, "template")
                && machine.member(inline, Symbol::new("template")).is_none()
            {
                machine.text_of(frame, row);
            }
        }
    }
}

/// Whether a model is another, or one that it inherits from: the key of an inline may be to any of them.
fn is_ancestor(machine: &Machine<'_>, of: ModelId, model: ModelId) -> bool {
    of == model
        || machine.schema.model(model).parents().iter().any(|&parent| is_ancestor(machine, of, parent))
}

/// Whether an inline has a row for itself: over a one-to-one relation or another unique key, or by `max_num`.
///
/// <https://github.com/django/django/blob/main/django/forms/models.py>, `inlineformset_factory()`
fn has_one_row(machine: &mut Machine<'_>, inline: ClassRef, parent: ModelId, model: Value) -> bool {
    if let Some(most) = machine.class_member(inline, Symbol::new("max_num"))
        && matches!(machine.values.shape(most), Shape::Int(0 | 1))
    {
        return true;
    }
    let Shape::Model(model) = *machine.values.shape(model) else { return false };
    let named = machine.class_member(inline, Symbol::new("fk_name"));
    let named = named.and_then(|name| match *machine.values.shape(name) {
        Shape::Str(name) => Some(name),
        _ => None,
    });
    machine.schema.forward_relations(model).into_iter().any(|relation| {
        let relation = machine.schema.relation(relation);
        let is_unique = machine.schema.field(relation.field()).unique().is_yes();
        (relation.kind() == RelationKind::OneToOne || is_unique)
            && match named {
                Some(name) => relation.lookup_name() == name,
                None => relation.target().is_some_and(|target| is_ancestor(machine, target, parent)),
            }
    })
}

/// The fields of a form that are shown and not edited.
fn read_only<'p>(machine: &mut Machine<'p>, frame: &mut Frame<'p>, this: Value, class: ClassRef, row: Value) {
    let name = Symbol::new("readonly_fields");
    let member = machine.member(class, name);
    let Some(names) = machine.class_member(class, name) else { return };
    let Shape::Tuple(names) = machine.values.shape(names).clone() else { return };
    for &column in names.iter() {
        let site = column_site(machine, member, class, column);
        show(machine, frame, this, class, row, column, site);
    }
}

/// What the boxes of a changelist ask: its search, its filters, its dates.
fn searched(machine: &mut Machine<'_>, class: ClassRef, model: ModelId) {
    for (name, source) in [
        ("search_fields", Source::AdminSearch),
        ("list_filter", Source::AdminFilter),
        ("date_hierarchy", Source::AdminDates),
    ] {
        let name = Symbol::new(name);
        let Some(member) = machine.member(class, name) else { continue };
        let Some(value) = machine.class_member(class, name) else { continue };
        let items = match machine.values.shape(value) {
            Shape::Str(_) => vec![value],
            Shape::Tuple(items) => items.to_vec(),
            _ => continue,
        };
        let mut lookups = Vec::new();
        for item in items {
            let text = match machine.values.shape(item) {
                Shape::Str(text) => text.as_str(),
                // `("author", RelatedOnlyFieldListFilter)`
                Shape::Tuple(parts) => match parts.first().map(|&part| machine.values.shape(part)) {
                    Some(Shape::Str(text)) => text.as_str(),
                    _ => continue,
                },
                _ => continue,
            };
            lookups.push(Symbol::new(&match source {
                Source::AdminSearch => searched_in_admin(text),
                Source::AdminDates => format!("{text}__gte"),
                _ => text.to_owned(),
            }));
        }
        let site = member_site(machine, member);
        machine.declare(model, &lookups, Role::Filter, source, site);
    }
}

/// The lookup that a name in `search_fields` stands for, by its prefix.
pub(super) fn searched_by(name: &str) -> String {
    match name.split_at_checked(1) {
        Some(("^", name)) => format!("{name}__istartswith"),
        Some(("=", name)) => format!("{name}__iexact"),
        Some(("@", name)) => format!("{name}__search"),
        _ => format!("{name}__icontains"),
    }
}

/// As [`searched_by`], where a lookup may stand in the name: `code__startswith`.
/// <https://docs.djangoproject.com/en/stable/ref/contrib/admin/#django.contrib.admin.ModelAdmin.search_fields>
fn searched_in_admin(name: &str) -> String {
    const LOOKUPS: &[&str] = &[
        "exact",
        "iexact",
        "contains",
        "icontains",
        "startswith",
        "istartswith",
        "endswith",
        "iendswith",
        "regex",
        "iregex",
        "search",
        "trigram_similar",
        "unaccent",
    ];
    match name.rsplit_once("__") {
        Some((_, last)) if !name.starts_with(['^', '=', '@']) && LOOKUPS.contains(&last) => name.to_owned(),
        _ => searched_by(name),
    }
}

fn column_site(machine: &Machine<'_>, list_display: Option<Member>, class: ClassRef, column: Value) -> Site {
    match (list_display, machine.values.shape(column)) {
        (Some(member), Shape::Str(name)) => name_site(machine, member, *name),
        (Some(member), _) => member_site(machine, member),
        (None, _) => {
            let range = machine.project.facts(class.file).class(class.id).name_range;
            Site { file: class.file, range, function: None, form: SiteForm::Declaration }
        }
    }
}

/// One cell: a field, a function, a method of the admin, or an attribute of the row.
fn show<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    this: Value,
    class: ClassRef,
    row: Value,
    column: Value,
    site: Site,
) {
    let arguments = Arguments { positional: vec![row], ..Arguments::default() };
    let name = match *machine.values.shape(column) {
        Shape::Str(name) => name,
        Shape::Function(..) | Shape::Bound { .. } => {
            machine.call_value(frame, column, &arguments, CallSite { site });
            return;
        }
        _ => return,
    };
    if name == machine.names.str_ {
        machine.text_of(frame, row);
        return;
    }
    // What is translated is no field of the model.
    let is_field = machine.as_row(row).is_some_and(|row| {
        let attribute = machine.schema.attribute(row.model, name);
        attribute.is_some_and(|attribute| !matches!(attribute, ModelAttribute::Translated(_)))
    });
    if !is_field && let Some((function, binding)) = machine.class_function(class, name) {
        // A static method gets the row alone.
        let first = match binding {
            Binding::Static => None,
            Binding::Class => Some(machine.values.make(Shape::Class(class))),
            Binding::Method | Binding::Property => Some(this),
        };
        machine.call_with(frame, function, None, first, &arguments);
        return;
    }
    let mut value = row;
    for part in name.as_str().split("__") {
        value = super::rest::attribute(machine, frame, value, Symbol::new(part), site);
    }
    machine.text_of(frame, value);
}
