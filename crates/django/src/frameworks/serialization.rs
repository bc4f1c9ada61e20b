//! `django.core.serializers.serialize` and `django.forms.models.model_to_dict`: every field of a row, with the
//! related rows of its many-to-many fields. Foreign keys are read as their column.
//!
//! <https://docs.djangoproject.com/en/stable/topics/serialization/>

use tuneup_python::Symbol;

use super::Framework;
use crate::queries::calls::{Arguments, CallSite};
use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Shape, Value};
use crate::schema::RelationKind;

pub(super) const FRAMEWORK: Framework = Framework { call, ..Framework::NONE };

fn call<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    name: &str,
    arguments: &Arguments,
    call: CallSite,
) -> Option<Value> {
    match name {
        "django.core.serializers.serialize" => {
            let rows = arguments.get(1, "queryset")?;
            let row = machine.iterate(frame, rows, call.site);
            let depth = machine.looping.len();
            machine.push_looping(row);
            // An intermediate model of the project's own is serialized by itself.
            let chosen = Chosen { only: arguments.keyword("fields"), but: None, with_intermediate: false };
            let members = machine.values.members(row);
            for member in members {
                fields(machine, frame, member, &chosen, call);
            }
            machine.looping.truncate(depth);
            Some(Value::SCALAR)
        }
        "django.forms.models.model_to_dict" | "django.forms.model_to_dict" => {
            let row = arguments.get(0, "instance")?;
            let chosen = Chosen {
                only: arguments.get(1, "fields"),
                but: arguments.get(2, "exclude"),
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
