//! `django.forms`: a choice of rows shows the text of each. The filters of django-filter show such choices too.
//!
//! <https://docs.djangoproject.com/en/stable/ref/forms/fields/#modelchoicefield>,
//! <https://django-filter.readthedocs.io/en/stable/ref/filters.html#modelchoicefilter>

use ruff_text_size::TextRange;
use tuneup_python::flow::{Expr, ExprKind, ExprNode, FileFacts, Stmt, StmtKind};
use tuneup_python::{Base, ClassRef, FunctionRef, Symbol};

use super::{Framework, filters};
use crate::queries::calls::{Arguments, CallSite};
use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Origin, Shape, Site, SiteForm, Value};

pub(super) const FRAMEWORK: Framework =
    Framework { call, item, set, inherited, inherited_method, serve, ..Framework::NONE };

/// `form.fields`, of a form of the project's.
const FIELDS: &str = "django.forms.Form.fields";

/// `form.fields["name"]`
const FIELD: &str = "django.forms.Field";

/// The attribute of a field of the project's own class under which its rows are kept.
const ROWS: &str = "%rows";

/// The attribute of a filter set under which the rows are kept that code gives its fields, by their names.
const GIVEN: &str = "%given";

/// Whether a name is that of a field whose options are rows.
fn is_choice(name: &str) -> bool {
    let last = name.rsplit('.').next();
    match name.split('.').next() {
        Some("django") => {
            name.starts_with("django.forms.")
                && matches!(
                    last,
                    Some("ModelChoiceField" | "ModelMultipleChoiceField" | "TypedModelChoiceField")
                )
        }
        // Filters of an API have no form that anyone sees.
        Some("django_filters") => {
            !name.contains("rest_framework")
                && matches!(last, Some("ModelChoiceFilter" | "ModelMultipleChoiceFilter"))
        }
        _ => false,
    }
}

/// Widgets that list every option.
const LISTING: &[&str] =
    &["Select", "SelectMultiple", "RadioSelect", "CheckboxSelectMultiple", "FilteredSelectMultiple"];

/// A field is made. In a class's body it is shown once that class is served; elsewhere, at once.
fn call<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    name: &str,
    arguments: &Arguments,
    call: CallSite,
) -> Option<Value> {
    if !is_choice(name) {
        return None;
    }
    let rows = options(machine, frame, arguments);
    if !frame.is_class_body {
        show_rows(machine, frame, rows, None, call.site);
    }
    Some(machine.values.make(Shape::Instance(Symbol::new(name), Box::new([rows]))))
}

/// The rows that a field is to show; nothing where its widget does not list them.
fn options<'p>(machine: &mut Machine<'p>, frame: &mut Frame<'p>, arguments: &Arguments) -> Value {
    if let Some(widget) = arguments.keyword("widget")
        && !lists_all(machine, widget)
    {
        return Value::NEVER;
    }
    let rows = arguments.get(0, "queryset");
    let rows = rows.unwrap_or(Value::NEVER);
    // A filter can be given a function that makes them.
    machine.for_each(rows, |machine, member| match *machine.values.shape(member) {
        Shape::Function(function, environment) => {
            let request = machine.request();
            machine.call_function(frame, function, environment, &[request])
        }
        _ => member,
    })
}

/// A project's own field: it is made as Django's is, and may label its options.
fn inherited_method<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    this: Value,
    class: ClassRef,
    name: &str,
    arguments: &Arguments,
) -> Option<Value> {
    if name != "__init__" || !machine.has_base(class, is_choice) {
        return None;
    }
    let defines = |name: &&str| machine.member(class, Symbol::new(name)).is_some();
    if WITHOUT_OPTIONS.iter().any(defines) {
        return Some(Value::NONE);
    }
    let rows = options(machine, frame, arguments);
    machine.set_on(this, Symbol::new(ROWS), rows);
    if !frame.is_class_body {
        let site = frame.site(ruff_text_size::TextRange::default());
        let label = own_label(machine, this, class);
        show_rows(machine, frame, rows, label, site);
    }
    Some(Value::NONE)
}

/// What a project's own field defines that takes its values from elsewhere than a list of options: text that is
/// parsed, a script that asks for a few rows.
const WITHOUT_OPTIONS: &[&str] =
    &["clean", "get_bound_field", "iterator", "prepare_value", "to_python", "widget"];

/// What makes the label of a row.
type Label = (FunctionRef, Value);

fn own_label(machine: &Machine<'_>, this: Value, class: ClassRef) -> Option<Label> {
    let (function, _) = machine.class_function(class, Symbol::new("label_from_instance"))?;
    Some((function, this))
}

/// Shows rows as options, each by its label.
pub(super) fn show_rows<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    rows: Value,
    label: Option<Label>,
    site: Site,
) {
    for member in machine.values.members(rows) {
        let Shape::Queryset(queryset) = machine.values.shape(member).clone() else { continue };
        let rows = match queryset.is_manager {
            true => machine.call_named(frame, member, "all", &Arguments::default()),
            false => member,
        };
        let rows = copied(machine, rows);
        let row = machine.iterate(frame, rows, site);
        match label {
            Some((function, this)) => {
                machine.call_function(frame, function, None, &[this, row]);
            }
            None => machine.text_of(frame, row),
        }
    }
}

/// The copy of a queryset of which a field takes its rows: a query of its own, which no prefetch serves.
///
/// <https://github.com/django/django/blob/main/django/forms/models.py>, `ModelChoiceField._set_queryset`
fn copied(machine: &mut Machine<'_>, rows: Value) -> Value {
    machine.for_each(rows, |machine, member| match machine.as_queryset(member).cloned() {
        Some(mut queryset) if matches!(queryset.origin, Origin::Related(..)) => {
            queryset.asked.narrowed = true;
            machine.values.queryset(queryset)
        }
        _ => member,
    })
}

fn lists_all(machine: &Machine<'_>, widget: Value) -> bool {
    let name = match machine.values.shape(widget) {
        Shape::Instance(name, _) | Shape::External(name) => *name,
        _ => return false,
    };
    name.as_str().starts_with("django.")
        && name.as_str().rsplit('.').next().is_some_and(|it| LISTING.contains(&it))
}

fn is_form(machine: &Machine<'_>, class: ClassRef) -> bool {
    machine.has_base(class, |name| name.starts_with("django.forms."))
}

/// `form.fields`
fn inherited<'p>(
    machine: &mut Machine<'p>,
    _frame: &mut Frame<'p>,
    this: Value,
    class: ClassRef,
    name: &str,
) -> Option<Value> {
    (name == "fields" && is_form(machine, class)).then(|| fields_of(machine, this))
}

/// The fields of a form, or of what makes a form of its class as forms do.
pub(super) fn fields_of(machine: &mut Machine<'_>, form: Value) -> Value {
    machine.values.make(Shape::Instance(Symbol::new(FIELDS), Box::new([form])))
}

fn item(machine: &mut Machine<'_>, class: &str, parts: &[Value], key: Value) -> Option<Value> {
    let &form = parts.first().filter(|_| class == FIELDS)?;
    Some(machine.values.make(Shape::Instance(Symbol::new(FIELD), Box::new([form, key]))))
}

/// `form.fields["author"].queryset = …`, `….label_from_instance = …`
fn set<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    class: &str,
    parts: &[Value],
    name: &str,
    put: Value,
    site: Site,
) {
    let (FIELD, &[form, key]) = (class, parts) else { return };
    let (Shape::Object(class, _), Shape::Str(key)) =
        (machine.values.shape(form).clone(), machine.values.shape(key).clone())
    else {
        return;
    };
    let declared = machine.class_member(class, key);
    match name {
        // A filter set's form is seen only where code shows it.
        "queryset" if machine.has_base(class, filters::is_filter_set) => {
            let given = Symbol::new(GIVEN);
            let before = machine.object_values.get(&(form, given)).copied();
            let before =
                before.unwrap_or_else(|| machine.values.mapping(Vec::new(), Value::NEVER, Value::NEVER));
            let choices = machine.values.mapping(vec![(key, put)], Value::NEVER, Value::NEVER);
            let choices = machine.updated(before, choices);
            machine.set_on(form, given, choices);
        }
        "queryset" => {
            // Whoever labels the options by other means is asked there.
            if sets(machine, class, key, "label_from_instance")
                || !shows_options(machine, class, key, declared)
            {
                machine.set_on(form, Symbol::new(&format!("{ROWS}:{key}")), put);
                return;
            }
            let label = match declared.map(|value| machine.values.shape(value)) {
                Some(&Shape::Object(field, _)) => own_label(machine, declared.unwrap_or(Value::NEVER), field),
                _ => None,
            };
            show_rows(machine, frame, put, label, site);
        }
        "label_from_instance" => {
            let given = machine.object_values.get(&(form, Symbol::new(&format!("{ROWS}:{key}")))).copied();
            let Some(rows) = given.or_else(|| declared.map(|field| rows_of(machine, field))) else { return };
            for member in machine.values.members(rows) {
                let member = copied(machine, member);
                let row = machine.iterate(frame, member, site);
                let arguments = Arguments { positional: vec![row], ..Arguments::default() };
                machine.call_value(frame, put, &arguments, CallSite { site });
            }
        }
        _ => {}
    }
}

/// Whether a field lists its rows: one that is declared with a widget that lists them, or that Django makes of a
/// foreign key, unless `Meta.widgets` says otherwise.
fn shows_options(machine: &mut Machine<'_>, class: ClassRef, key: Symbol, declared: Option<Value>) -> bool {
    if replaces_options(machine, class, key) {
        return false;
    }
    if let Some(declared) = declared {
        return match machine.values.shape(declared).clone() {
            Shape::Instance(name, parts) => is_choice(name.as_str()) && parts.first() != Some(&Value::NEVER),
            Shape::Object(..) => rows_of(machine, declared) != Value::NEVER,
            _ => false,
        };
    }
    let Some(meta) = machine.class_member(class, Symbol::new("Meta")) else { return false };
    let Shape::Class(meta) = *machine.values.shape(meta) else { return false };
    // What chooses a widget for every field, or changes the fields that Django makes, is not followed.
    let changes = |name: &&str| machine.member(meta, Symbol::new(name)).is_some();
    if ["field_classes", "filter_overrides"].iter().any(changes) {
        return false;
    }
    let Some(widgets) = machine.class_member(meta, Symbol::new("widgets")) else {
        return !sets(machine, class, key, "widget");
    };
    let Shape::Mapping { known, .. } = machine.values.shape(widgets).clone() else { return false };
    let own = known.iter().find(|(name, _)| *name == key);
    !sets(machine, class, key, "widget") && own.is_none_or(|&(_, widget)| lists_all(machine, widget))
}

/// The rows that a declared field shows.
fn rows_of(machine: &Machine<'_>, field: Value) -> Value {
    match machine.values.shape(field) {
        Shape::Instance(name, parts) if is_choice(name.as_str()) => {
            parts.first().copied().unwrap_or(Value::NEVER)
        }
        Shape::Object(..) => {
            machine.object_values.get(&(field, Symbol::new(ROWS))).copied().unwrap_or(Value::NEVER)
        }
        _ => Value::NEVER,
    }
}

/// Shows the rows that code gave the fields of a filter set, with their text as label.
pub(super) fn show_given<'p>(machine: &mut Machine<'p>, frame: &mut Frame<'p>, this: Value, class: ClassRef) {
    let Some(&given) = machine.object_values.get(&(this, Symbol::new(GIVEN))) else { return };
    let Shape::Mapping { known, .. } = machine.values.shape(given).clone() else { return };
    for &(name, rows) in known.iter() {
        let declared = machine.class_member(class, name);
        if sets(machine, class, name, "label_from_instance") || !shows_options(machine, class, name, declared)
        {
            continue;
        }
        if let Some(site) = set_at(machine, class, name, "queryset") {
            show_rows(machine, frame, rows, None, site);
        }
    }
}

/// Whether code of a form's classes sets an attribute of one of its fields: `self.fields["author"].queryset = …`.
fn sets(machine: &Machine<'_>, class: ClassRef, key: Symbol, attribute: &str) -> bool {
    set_at(machine, class, key, attribute).is_some()
}

/// Where it does.
fn set_at(machine: &Machine<'_>, class: ClassRef, key: Symbol, attribute: &str) -> Option<Site> {
    machine.project.mro(class).iter().find_map(|base| {
        let Base::Class(base) = *base else { return None };
        let facts = machine.project.facts(base.file);
        let within = facts.class(base.id).range;
        let set = facts.stmts.iter().find(|stmt| match stmt.kind {
            StmtKind::Assign(target, _) => {
                within.contains_range(stmt.range) && is_set(facts, target, key, attribute)
            }
            _ => false,
        })?;
        Some(Site { file: base.file, range: set.range, function: None, form: SiteForm::Declaration })
    })
}

/// Whether code gives a field other options than its rows, whenever a form is made (`self.fields["author"].choices = …` as a
/// step of `__init__`, which comes to its end), and looks at the field's own nowhere there.
fn replaces_options(machine: &Machine<'_>, class: ClassRef, key: Symbol) -> bool {
    let Some((function, _)) = machine.class_function(class, Symbol::new("__init__")) else { return false };
    let facts = machine.project.facts(function.file);
    let own = facts.function(function.id);
    let given = facts.block(own.body).iter().find_map(|stmt| match stmt.kind {
        StmtKind::Assign(target, _) if is_options(facts, target, key) => Some(target),
        _ => None,
    });
    let Some(given) = given else { return false };
    let is_own = |range: TextRange| own.range.contains_range(range);
    let leaves = |stmt: &Stmt| {
        is_own(stmt.range)
            && match stmt.kind {
                StmtKind::Return(_) => true,
                // `field = self.fields["author"]`: by another name its own may be looked at.
                StmtKind::Assign(_, from) => is_field(facts, from, key),
                _ => false,
            }
    };
    let asks = |(at, expr): (usize, &ExprNode)| {
        is_own(expr.range)
            && given.index() != at
            && match expr.kind {
                ExprKind::Attribute(field, name) if matches!(name.as_str(), "choices" | "queryset") => {
                    is_field(facts, field, key)
                }
                _ => false,
            }
    };
    !facts.stmts.iter().any(leaves) && !facts.exprs.iter().enumerate().any(asks)
}

fn is_set(facts: &FileFacts, target: Expr, key: Symbol, attribute: &str) -> bool {
    match facts.kind(target) {
        ExprKind::Attribute(base, name) => name == *attribute && is_field(facts, base, key),
        _ => false,
    }
}

/// `self.fields["author"].choices`, `self.fields["author"].widget.choices`
fn is_options(facts: &FileFacts, target: Expr, key: Symbol) -> bool {
    let ExprKind::Attribute(base, name) = facts.kind(target) else { return false };
    let field = match facts.kind(base) {
        ExprKind::Attribute(field, name) if name == "widget" => field,
        _ => base,
    };
    name == "choices" && is_field(facts, field, key)
}

/// `self.fields["author"]`
fn is_field(facts: &FileFacts, field: Expr, key: Symbol) -> bool {
    matches!(facts.kind(field), ExprKind::Subscript(_, index) if facts.kind(index) == ExprKind::Str(key))
}

/// A form's class body makes its fields.
fn serve<'p>(machine: &mut Machine<'p>, frame: &mut Frame<'p>, class: ClassRef) {
    if is_form(machine, class) {
        show_declared(machine, frame, class);
    }
}

/// Shows the fields that a class declares, except those whose rows or labels its code sets.
pub(super) fn show_declared<'p>(machine: &mut Machine<'p>, frame: &mut Frame<'p>, class: ClassRef) {
    let names: Vec<Symbol> = machine.project.own_members(class).map(|binding| binding.name).collect();
    for name in names {
        let Some(field) = machine.class_member(class, name) else { continue };
        let rows = rows_of(machine, field);
        if rows == Value::NEVER
            || sets(machine, class, name, "queryset")
            || sets(machine, class, name, "label_from_instance")
            || replaces_options(machine, class, name)
        {
            continue;
        }
        let label = match *machine.values.shape(field) {
            Shape::Object(of, _) => own_label(machine, field, of),
            _ => None,
        };
        let range = machine.member(class, name).map(|member| super::lists::member_site(machine, member));
        if let Some(site) = range {
            show_rows(machine, frame, rows, label, Site { form: SiteForm::Chain, ..site });
        }
    }
}
