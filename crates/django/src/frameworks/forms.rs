//! `django.forms`: a choice of rows shows the text of each.
//!
//! <https://docs.djangoproject.com/en/stable/ref/forms/fields/#modelchoicefield>

use tuneup_python::{Base, ClassRef, Symbol};

use super::Framework;
use crate::queries::calls::{Arguments, CallSite};
use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Shape, Site, Value};

pub(super) const FRAMEWORK: Framework = Framework { call, inherited_method, serve, ..Framework::NONE };

/// Whether a name of Django's is that of a field whose options are rows.
fn is_choice(name: &str) -> bool {
    name.starts_with("django.forms.")
        && matches!(
            name.rsplit('.').next(),
            Some("ModelChoiceField" | "ModelMultipleChoiceField" | "TypedModelChoiceField")
        )
}

/// Widgets that list every option.
const LISTING: &[&str] =
    &["Select", "SelectMultiple", "RadioSelect", "CheckboxSelectMultiple", "FilteredSelectMultiple"];

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
    show_options(machine, frame, None, arguments, call.site);
    Some(machine.values.make(Shape::Instance(Symbol::new(name), Box::default())))
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
    let defines = |name: &&str| machine.project.member(class, Symbol::new(name)).is_some();
    if WITHOUT_OPTIONS.iter().any(defines) {
        return Some(Value::NONE);
    }
    let site = frame.site(ruff_text_size::TextRange::default());
    show_options(machine, frame, Some((this, class)), arguments, site);
    Some(Value::NONE)
}

/// What a project's own field defines that takes its values from elsewhere than a list of options: text that is
/// parsed, a script that asks for a few rows.
const WITHOUT_OPTIONS: &[&str] =
    &["clean", "get_bound_field", "iterator", "prepare_value", "to_python", "widget"];

/// The options of a field, each by its label.
fn show_options<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    field: Option<(Value, ClassRef)>,
    arguments: &Arguments,
    site: Site,
) {
    if let Some(widget) = arguments.keyword("widget")
        && !lists_all(machine, widget)
    {
        return;
    }
    let Some(rows) = arguments.get(0, "queryset") else { return };
    for member in machine.values.members(rows) {
        let Shape::Queryset(queryset) = machine.values.shape(member).clone() else { continue };
        let rows = match queryset.is_manager {
            true => machine.call_named(frame, member, "all", &Arguments::default()),
            false => member,
        };
        let row = machine.iterate(frame, rows, site);
        let labelled = field.and_then(|(this, class)| {
            let (function, _) = machine.class_function(class, Symbol::new("label_from_instance"))?;
            Some((function, this))
        });
        match labelled {
            Some((function, this)) => {
                machine.call_function(frame, function, None, &[this, row]);
            }
            None => machine.text_of(frame, row),
        }
    }
}

fn lists_all(machine: &Machine<'_>, widget: Value) -> bool {
    let name = match machine.values.shape(widget) {
        Shape::Instance(name, _) | Shape::External(name) => *name,
        _ => return false,
    };
    name.as_str().starts_with("django.")
        && name.as_str().rsplit('.').next().is_some_and(|it| LISTING.contains(&it))
}

/// A form's class body makes its fields.
fn serve<'p>(machine: &mut Machine<'p>, _frame: &mut Frame<'p>, class: ClassRef) {
    let is_form = machine.project.mro(class).iter().any(|base| match base {
        Base::External(name) => name.as_str().starts_with("django.forms."),
        _ => false,
    });
    if !is_form {
        return;
    }
    let names: Vec<Symbol> = machine.project.own_members(class).map(|binding| binding.name).collect();
    for name in names {
        machine.class_member(class, name);
    }
}
