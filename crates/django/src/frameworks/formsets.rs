//! Formsets: a form for each row of a queryset, that has the row as its `instance`.
//!
//! <https://docs.djangoproject.com/en/stable/topics/forms/modelforms/#model-formsets>

use tuneup_python::Symbol;

use super::Framework;
use crate::queries::calls::{Arguments, CallSite};
use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Shape, Site, Value};

pub(super) const FRAMEWORK: Framework = Framework {
    call,
    attribute,
    invoke,
    iterate,
    // What a project's own formset calls of Django's gives nothing that is known.
    methods: Some(|machine, class, name| name == "__init__" && machine.is_of(class, is_formset)),
    ..Framework::NONE
};

/// The class that a factory makes: the project's own base of it, where one is given.
const CLASS: &str = "django.forms.FormSet";

/// A formset, of its rows.
const FORMSET: &str = "django.forms.BaseModelFormSet";

/// A form, of its row.
const FORM: &str = "django.forms.ModelForm";

/// `modelformset_factory(Book, …)`, `inlineformset_factory(Author, Book, …)`
fn call<'p>(
    machine: &mut Machine<'p>,
    _frame: &mut Frame<'p>,
    name: &str,
    arguments: &Arguments,
    _call: CallSite,
) -> Option<Value> {
    let position = match name.rsplit('.').next()? {
        "modelformset_factory" => 1,
        "inlineformset_factory" => 3,
        _ => return None,
    };
    if !name.starts_with("django.forms.") {
        return None;
    }
    let base = match position {
        1 => arguments.keyword("formset"),
        _ => arguments.get(position, "formset"),
    };
    let base = base.unwrap_or(Value::NEVER);
    Some(machine.values.make(Shape::Instance(Symbol::new(CLASS), Box::new([base]))))
}

/// The formset of a class that a factory made.
fn invoke<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    class: &str,
    parts: &[Value],
    arguments: &Arguments,
    call: CallSite,
) -> Option<Value> {
    let &base = parts.first().filter(|_| class == CLASS)?;
    let mut rows = arguments.keyword("queryset").unwrap_or(Value::NEVER);
    if let Shape::Class(base) = *machine.values.shape(base) {
        let made = machine.make_object(frame, base, arguments, call);
        if let Some(&own) = machine.object_values.get(&(made, Symbol::new("queryset"))) {
            rows = own;
        } else if machine.class_function(base, Symbol::new("get_queryset")).is_some() {
            rows = machine.call_named(frame, made, "get_queryset", &Arguments::default());
        }
    }
    Some(machine.values.make(Shape::Instance(Symbol::new(FORMSET), Box::new([rows]))))
}

fn form(machine: &mut Machine<'_>, row: Value) -> Value {
    machine.values.make(Shape::Instance(Symbol::new(FORM), Box::new([row])))
}

fn iterate<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    class: &str,
    parts: &[Value],
    site: Site,
) -> Option<Value> {
    let &rows = parts.first().filter(|_| class == FORMSET)?;
    let row = machine.iterate(frame, rows, site);
    Some(form(machine, row))
}

fn attribute(machine: &mut Machine<'_>, class: &str, parts: &[Value], name: &str) -> Option<Value> {
    let &part = parts.first()?;
    match (class, name) {
        (FORM, "instance") => Some(part),
        (FORMSET, "queryset") => Some(part),
        // Looping over them is looping over the formset. `initial_forms` is what code saves or deletes some rows by.
        (FORMSET, "forms") => {
            Some(machine.values.make(Shape::Instance(Symbol::new(FORMSET), Box::new([part]))))
        }
        _ => None,
    }
}

fn is_formset(name: &str) -> bool {
    name.starts_with("django.forms.") && name.rsplit('.').next().is_some_and(|it| it.ends_with("FormSet"))
}
