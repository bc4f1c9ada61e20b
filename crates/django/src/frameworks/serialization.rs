//! `csv` writes the text of what is in each of its rows. `django.core.serializers.serialize` and
//! `django.forms.models.model_to_dict`: every field of a row that is not declared otherwise, with the related rows of its
//! many-to-many fields. Foreign keys are read as their column.
//!
//! <https://docs.djangoproject.com/en/stable/topics/serialization/>

use tuneup_python::Symbol;

use super::Framework;
use crate::queries::calls::{Arguments, CallSite};
use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Shape, Value};
use crate::schema::RelationKind;

pub(super) const FRAMEWORK: Framework = Framework { call, method, ..Framework::NONE };

/// `csv.writer(file).writerow(row)`
fn method<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    class: &str,
    _parts: &[Value],
    name: &str,
    arguments: &Arguments,
) -> Option<Value> {
    if !matches!(class, "csv.writer" | "csv.DictWriter") {
        return None;
    }
    let given = arguments.positional.first().copied().unwrap_or(Value::NEVER);
    match name {
        "writerow" => machine.text_of(frame, given),
        "writerows" => {
            let site = frame.site(ruff_text_size::TextRange::default());
            let row = machine.iterate(frame, given, site);
            machine.text_of(frame, row);
        }
        _ => {}
    }
    Some(Value::SCALAR)
}

fn call<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    name: &str,
    arguments: &Arguments,
    call: CallSite,
) -> Option<Value> {
    match name {
        "csv.writer" | "csv.DictWriter" => {
            Some(machine.values.make(Shape::Instance(Symbol::new(name), Box::default())))
        }
        "django.core.serializers.serialize" => {
            let rows = arguments.get(1, "queryset")?;
            let row = machine.iterate(frame, rows, call.site);
            let depth = machine.looping.len();
            machine.push_looping(row);
            // An intermediate model of the project's own is serialized by itself.
            let chosen = Chosen {
                only: arguments.keyword("fields"),
                but: None,
                unless: "serialize",
                with_intermediate: false,
            };
            let members = machine.values.members(row);
            let natural = arguments.keyword("use_natural_foreign_keys");
            let natural = natural.is_some_and(|value| *machine.values.shape(value) == Shape::Bool(true));
            for member in members {
                fields(machine, frame, member, &chosen, call);
                if natural {
                    natural_keys(machine, frame, member, &chosen, call);
                }
            }
            machine.looping.truncate(depth);
            Some(Value::SCALAR)
        }
        "django.forms.models.model_to_dict" | "django.forms.model_to_dict" => {
            let row = arguments.get(0, "instance")?;
            let chosen = Chosen {
                only: arguments.get(1, "fields"),
                but: arguments.get(2, "exclude"),
                unless: "editable",
                with_intermediate: true,
            };
            Some(machine.for_each(row, |machine, member| fields(machine, frame, member, &chosen, call)))
        }
        _ => None,
    }
}

/// Which fields are wanted.
struct Chosen {
    only: Option<Value>,
    but: Option<Value>,
    /// The argument of a field's declaration by which the field is left out: `serialize=False`.
    unless: &'static str,
    /// Whether many-to-many fields with a model of their own between are read too.
    with_intermediate: bool,
}

impl Chosen {
    /// Nothing where the code does not say it in constants.
    fn has(&self, machine: &Machine<'_>, name: Symbol) -> Option<bool> {
        let listed = |value: Option<Value>, otherwise: bool| match value {
            None | Some(Value::NONE) => Some(otherwise),
            Some(value) => match machine.values.shape(value) {
                Shape::Tuple(items) => {
                    items.iter().try_fold(false, |found, &item| match machine.values.shape(item) {
                        Shape::Str(known) => Some(found || *known == name),
                        _ => None,
                    })
                }
                _ => None,
            },
        };
        Some(listed(self.only, true)? && !listed(self.but, false)?)
    }
}

/// The natural keys of what a row's foreign keys refer to, where its model has them.
fn natural_keys<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    value: Value,
    chosen: &Chosen,
    call: CallSite,
) {
    let Some(row) = machine.as_row(value) else { return };
    for relation in machine.schema.forward_relations(row.model) {
        let relation = machine.schema.relation(relation);
        if !matches!(relation.kind(), RelationKind::ForeignKey | RelationKind::OneToOne)
            || chosen.has(machine, relation.lookup_name()) == Some(false)
        {
            continue;
        }
        let key = Symbol::new("natural_key");
        let target = relation.target().and_then(|target| machine.schema.class_of(target));
        if target.is_none_or(|class| machine.class_function(class, key).is_none()) {
            continue;
        }
        let target = machine.attribute_of(frame, call.site, value, relation.lookup_name());
        machine.for_each(target, |machine, member| {
            machine.call_named(frame, member, "natural_key", &Arguments::default())
        });
    }
}

/// The row's fields by name.
fn fields<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    value: Value,
    chosen: &Chosen,
    call: CallSite,
) -> Value {
    let Some(row) = machine.as_row(value) else { return Value::UNKNOWN };
    let mut known = Vec::new();
    for field in machine.schema.all_fields(row.model) {
        let field = machine.schema.field(field);
        let name = field.name();
        let relation = field.relation().map(|relation| machine.schema.relation(relation));
        if field.kind() != Some(RelationKind::ManyToMany) {
            if field.is_column() && chosen.has(machine, name) != Some(false) {
                known.push((name, Value::SCALAR));
            }
            continue;
        }
        // Tags are not among what serializers write, and are asked for by a query of their own for a form.
        let is_left_out = field.class() == "TaggableManager"
            || field.keyword(machine.project, chosen.unless).is_some_and(|(file, value)| {
                crate::apps::literals::truth(machine.project, file, value) == Some(false)
            });
        if is_left_out {
            continue;
        }
        let has_intermediate = relation.is_some_and(|relation| relation.through().is_some());
        if chosen.has(machine, name) != Some(true) || (has_intermediate && !chosen.with_intermediate) {
            continue;
        }
        let manager = machine.attribute_of(frame, call.site, value, name);
        let related = machine.call_named(frame, manager, "all", &Arguments::default());
        let element = machine.iterate(frame, related, call.site);
        known.push((name, machine.values.sequence(element)));
    }
    machine.values.mapping(known, Value::SCALAR, Value::UNKNOWN)
}
