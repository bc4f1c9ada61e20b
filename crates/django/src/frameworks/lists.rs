//! Class attributes that list names: serializers' `fields`, an admin's `list_display`.

use tuneup_python::flow::ExprKind;
use tuneup_python::{Member, Symbol};

use crate::queries::machine::Machine;
use crate::queries::value::{Shape, Site, SiteForm, Value};

/// The texts in a list of which all is known.
pub(crate) fn texts(machine: &Machine<'_>, list: Value) -> Option<Vec<Symbol>> {
    let items = match machine.values.shape(list) {
        Shape::Tuple(items) => items.to_vec(),
        Shape::Sequence(element) => machine.values.members(*element),
        _ => return None,
    };
    items
        .into_iter()
        .map(|item| match machine.values.shape(item) {
            Shape::Str(text) => Some(*text),
            _ => None,
        })
        .collect()
}

/// Where a member is bound.
pub(crate) fn member_site(machine: &Machine<'_>, member: Member) -> Site {
    let file = member.owner.file;
    let range = match member.binding.value {
        Some(value) => machine.project.facts(file).range(value),
        None => member.binding.range,
    };
    Site { file, range, function: None, form: SiteForm::Declaration }
}

/// Where a list that is a member names something.
pub(crate) fn name_site(machine: &Machine<'_>, member: Member, name: Symbol) -> Site {
    let site = member_site(machine, member);
    let facts = machine.project.facts(site.file);
    let mut open: Vec<_> = member.binding.value.into_iter().collect();
    while let Some(expr) = open.pop() {
        match facts.kind(expr) {
            ExprKind::Tuple(run) | ExprKind::List(run) | ExprKind::Binary(_, run) => {
                open.extend(facts.list(run));
            }
            ExprKind::Str(text) if text == name => return Site { range: facts.range(expr), ..site },
            _ => {}
        }
    }
    site
}
