//! Serializers that say themselves what their rows must come with: a class method that is given a queryset, or
//! makes one, and loads for it what the fields show.
//!
//! <https://www.django-rest-framework.org/api-guide/relations/#nested-relationships>

use tuneup_python::flow::{ExprKind, ParameterKind};
use tuneup_python::{ClassRef, FunctionRef, Symbol};

use super::serializers;
use crate::queries::attributes::Binding;
use crate::queries::calls::Arguments;
use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Shape, Value};
use crate::schema::ModelId;

/// The parameters that take a queryset.
const QUERYSETS: &[&str] = &["queryset", "qs", "query_set", "query"];

/// Shows the rows of each queryset that the serializer loads for with its own fields.
pub(super) fn serve<'p>(machine: &mut Machine<'p>, frame: &mut Frame<'p>, class: ClassRef) {
    let Some(model) = model(machine, class) else { return };
    let facts = machine.project.facts(class.file);
    for binding in facts.bindings(facts.class(class.id).members) {
        let Some(ExprKind::Function(id)) = binding.value.map(|value| facts.kind(value)) else { continue };
        let function = FunctionRef { file: class.file, id };
        let this = match machine.binding_of(function) {
            Binding::Static => None,
            Binding::Class => Some(machine.values.make(Shape::Class(class))),
            Binding::Method | Binding::Property => continue,
        };
        let mut positional = Vec::new();
        for parameter in facts.parameters(facts.function(id).parameters).iter().skip(this.iter().count()) {
            if parameter.default.is_some() || parameter.kind == ParameterKind::Star {
                break;
            }
            positional.push(match QUERYSETS.contains(&parameter.name.as_str()) {
                true => machine.outside_queryset(model, false),
                false => Value::UNKNOWN,
            });
        }
        let arguments = Arguments { positional, ..Arguments::default() };
        let rows = machine.call_with(frame, function, None, this, &arguments);
        for rows in machine.values.members(rows) {
            let loads = machine.as_queryset(rows).is_some_and(|rows| {
                rows.model == model && !(rows.plan.select.is_empty() && rows.plan.prefetch.is_empty())
            });
            if loads {
                let serializer = machine.values.make(Shape::Object(class, None));
                let site = serializers::frame_site(frame);
                serializers::show(machine, frame, serializer, rows, site);
            }
        }
    }
}

/// The model that a serializer shows.
fn model(machine: &mut Machine<'_>, class: ClassRef) -> Option<ModelId> {
    if !super::is_serializer(machine, class) {
        return None;
    }
    let meta = machine.class_member(class, Symbol::new("Meta"))?;
    let Shape::Class(meta) = *machine.values.shape(meta) else { return None };
    let model = machine.class_member(meta, Symbol::new("model"))?;
    match *machine.values.shape(model) {
        Shape::Model(model) => Some(model),
        _ => None,
    }
}
