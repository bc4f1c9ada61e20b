//! What a person judges a proposal by beside its evidence: why it is as safe as it says, and the fields that it goes
//! over, where models declare them.

use tuneup_django::Project;
use tuneup_django::schema::{ModelAttribute, ModelId, Relation, RelationKind};
use tuneup_python::Symbol;

use crate::proposal::{Change, Evidence, Place, Proposal, Safety};

/// Why a proposal is as safe as it says, in a few words that follow its name: `safe: …`.
pub fn assurance(proposal: &Proposal) -> &'static str {
    match proposal.safety {
        Safety::Advice => "nothing is written; it is to be done by hand, and its text says why",
        Safety::Unsafe if proposal.changes.iter().any(is_about_the_schema) => {
            "no result changes, but the database does, by a migration: look at the table's size and its lock"
        }
        Safety::Unsafe if proposal.changes.iter().any(is_about_queries) => {
            "right in most projects; its text says what may differ here"
        }
        Safety::Unsafe => "it changes how production runs; its text says what to look at",
        Safety::Safe if proposal.changes.iter().any(is_about_the_schema) => {
            "no query gives other rows, and no data is rewritten"
        }
        Safety::Safe if proposal.changes.iter().any(|change| matches!(change, Change::ReadKey { .. })) => {
            "the same keys, without the queries for the rows that they are of"
        }
        Safety::Safe => match joins_and_queries(proposal) {
            (true, false) => "the same rows in the same order, and the same errors; only the join is added",
            (false, true) => "the same rows in the same order, and the same errors; only read earlier",
            (true, true) => "the same results and the same errors, with fewer queries",
            (false, false) => "the same results and the same errors, only sooner",
        },
    }
}

/// What stands at a proposal's own place, in words that can follow an arrow.
pub fn subject(proposal: &Proposal) -> &'static str {
    let rules = [crate::select_related::RULE.name, crate::prefetch_related::RULE.name];
    match proposal.changes.as_slice() {
        [Change::ReadKey { .. }, ..] => "here",
        _ if rules.contains(&proposal.rule) => "this query",
        [] => "here",
        _ => "what would change",
    }
}

fn is_about_the_schema(change: &Change) -> bool {
    matches!(
        change,
        Change::AddIndex { .. }
            | Change::SetFieldIndex { .. }
            | Change::RemoveIndex { .. }
            | Change::IndexTogether { .. }
    )
}

fn is_about_queries(change: &Change) -> bool {
    matches!(change, Change::ExtendPlan { .. } | Change::ReadKey { .. })
}

/// Whether a proposal adds joins, and whether it adds queries.
fn joins_and_queries(proposal: &Proposal) -> (bool, bool) {
    let mut found = (false, false);
    for change in &proposal.changes {
        if let Change::ExtendPlan { select, prefetch, .. } = change {
            found.0 |= !select.is_empty();
            found.1 |= !prefetch.is_empty();
        }
    }
    found
}

/// The fields that a proposal goes over, where the project's models declare them, in the order of its paths.
pub fn declarations(project: &Project, proposal: &Proposal) -> Vec<Evidence> {
    let model = proposal.model.as_deref().and_then(|label| project.schema.model_by_label(label));
    let Some(model) = model else { return Vec::new() };
    let mut found: Vec<Evidence> = Vec::new();
    for path in &proposal.fields {
        let mut at = Some(model);
        for name in path.trim_start_matches('-').split("__").flat_map(|part| part.split('.')) {
            let Some(from) = at.take() else { break };
            let (place, message, target) = step(project, from, Symbol::new(name));
            at = target;
            if let Some(place) = place
                && place != proposal.place
                && !found.iter().any(|other| other.place == place)
            {
                found.push(Evidence { place, message });
            }
        }
    }
    found
}

/// One name of a path: where it is declared, what is said of it, and the model that it leads to.
fn step(project: &Project, from: ModelId, name: Symbol) -> (Option<Place>, String, Option<ModelId>) {
    let schema = &project.schema;
    let relation = match schema.attribute(from, name) {
        Some(ModelAttribute::ToOne(id) | ModelAttribute::ToMany(id)) => Some(schema.relation(id)),
        _ => None,
    };
    let field = match relation {
        Some(relation) => Some(relation.field()),
        None => schema.field_named(from, name),
    };
    let Some(field) = field.map(|id| schema.field(id)) else { return (None, String::new(), None) };
    // What an installed package declares is in none of the project's files.
    let source = field.source().filter(|it| project.source.file_at(project.path(it.file)).is_some());
    let place = source.map(|source| Place::new(project.path(source.file), source.range));
    let message = match relation {
        Some(relation) => kind(project, relation, name),
        None => format!("declares `{name}`"),
    };
    (place, message, relation.and_then(Relation::target))
}

/// What makes a relation, in words.
fn kind(project: &Project, relation: &Relation, name: Symbol) -> String {
    let what = match relation.kind() {
        RelationKind::ForeignKey => "foreign key",
        RelationKind::OneToOne => "one-to-one",
        RelationKind::ManyToMany => "many-to-many",
        RelationKind::Generic => "generic foreign key",
        RelationKind::GenericRelation => "generic relation",
    };
    let may_miss = if relation.null() && !relation.to_many() { ", may be null" } else { "" };
    match (relation.is_reverse(), relation.target()) {
        (true, _) => format!("`{name}` is the other side of this {what}"),
        (false, Some(target)) => format!("`{name}`: {what} to {}{may_miss}", project.schema.label(target)),
        (false, None) => format!("`{name}`: {what}{may_miss}"),
    }
}
