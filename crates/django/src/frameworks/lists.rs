//! Class attributes that list names: serializers' `fields`, an admin's `list_display`.

use tuneup_python::flow::ExprKind;
use tuneup_python::{Entity, Member, Symbol};

use crate::queries::machine::Machine;
use crate::queries::value::{Shape, Site, SiteForm, Value};

/// What is in a list, or in one of several that it may be.
pub(crate) fn items(machine: &Machine<'_>, list: Value) -> Option<Vec<Value>> {
    let mut items = Vec::new();
    for member in machine.values.members(list) {
        let more = match machine.values.shape(member) {
            Shape::Tuple(items) => items.to_vec(),
            Shape::Sequence(element) => machine.values.members(*element).to_vec(),
            _ => return None,
        };
        for item in more {
            if !items.contains(&item) {
                items.push(item);
            }
        }
    }
    Some(items)
}

/// The texts in a list of which all is known.
pub(crate) fn texts(machine: &Machine<'_>, list: Value) -> Option<Vec<Symbol>> {
    items(machine, list)?
        .into_iter()
        .map(|item| match machine.values.shape(item) {
            Shape::Str(text) => Some(*text),
            _ => None,
        })
        .collect()
}

/// The lookups that django-filter makes of a list of fields, or of a mapping from fields to lookups.
pub(crate) fn lookups(machine: &Machine<'_>, fields: Value) -> Vec<Symbol> {
    match machine.values.shape(fields) {
        Shape::Mapping { known, .. } => known
            .iter()
            .flat_map(|&(field, lookups)| {
                let lookups = texts(machine, lookups).unwrap_or_default();
                lookups.into_iter().map(move |lookup| Symbol::new(&format!("{field}__{lookup}")))
            })
            .collect(),
        _ => texts(machine, fields).unwrap_or_default(),
    }
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

/// Where a list that is a member names something, be it a list of another class that goes into it.
pub(crate) fn name_site(machine: &Machine<'_>, member: Member, name: Symbol) -> Site {
    named(machine, member, name, DEPTH).unwrap_or_else(|| member_site(machine, member))
}

/// How many lists may go into each other.
const DEPTH: u32 = 8;

fn named(machine: &Machine<'_>, member: Member, name: Symbol, depth: u32) -> Option<Site> {
    let site = member_site(machine, member);
    let facts = machine.project.facts(site.file);
    let mut open: Vec<_> = member.binding.value.into_iter().collect();
    let mut others = Vec::new();
    while let Some(expr) = open.pop() {
        match facts.kind(expr) {
            ExprKind::Tuple(run) | ExprKind::List(run) | ExprKind::Binary(_, run) => {
                open.extend(facts.list(run));
            }
            ExprKind::Str(text) if text == name => return Some(Site { range: facts.range(expr), ..site }),
            ExprKind::Attribute(base, attribute) => others.push((base, attribute)),
            _ => {}
        }
    }
    others.into_iter().filter(|_| depth > 0).find_map(|(base, attribute)| {
        let Entity::Class(class) = machine.project.entity_of(site.file, base) else { return None };
        named(machine, machine.member(class, attribute)?, name, depth - 1)
    })
}
