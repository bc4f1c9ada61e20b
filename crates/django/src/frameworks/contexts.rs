//! django-context-decorator: what a view's `@context` methods and properties give is in its template's context, under
//! their names.
//!
//! <https://pypi.org/project/django-context-decorator/>

use ruff_text_size::TextRange;
use tuneup_python::flow::ExprKind;
use tuneup_python::{Base, ClassRef, Entity, Symbol};

use crate::queries::calls::{Arguments, CallSite};
use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Shape, Value};

/// What a view puts into its context by decorators.
pub(super) fn decorated<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    this: Value,
    class: ClassRef,
) -> Vec<(Symbol, Value)> {
    let mut found: Vec<(Symbol, Value)> = Vec::new();
    for name in names(machine, class) {
        let site = frame.site(TextRange::default());
        let value = machine.attribute_of(frame, site, this, name);
        let value = machine.for_each(value, |machine, member| match machine.values.shape(member) {
            Shape::Bound { .. } | Shape::Function(..) => {
                machine.call_value(frame, member, &Arguments::default(), CallSite { site })
            }
            _ => member,
        });
        found.push((name, value));
    }
    found
}

fn names(machine: &Machine<'_>, class: ClassRef) -> Vec<Symbol> {
    let mut found = Vec::new();
    for base in machine.project.mro(class) {
        let Base::Class(base) = *base else { continue };
        let facts = machine.project.facts(base.file);
        for binding in machine.project.own_members(base) {
            let Some(value) = binding.value else { continue };
            let ExprKind::Function(function) = facts.kind(value) else { continue };
            let is_context = facts.list(facts.function(function).decorators).iter().any(|&decorator| {
                matches!(machine.project.entity_of(base.file, decorator), Entity::External(name)
                    if name == "django_context_decorator.context")
            });
            if is_context && !found.contains(&binding.name) {
                found.push(binding.name);
            }
        }
    }
    found
}
