//! Queries that load more.

use std::collections::BTreeMap;

use ruff_text_size::{TextRange, TextSize};
use tuneup_python::edit::{Edit, Refusal, Target};

use super::names::Names;
use super::plan::Plan;
use super::work::{Job, Work};
use super::{implied, load};
use crate::proposal::{Change, Proposal, QueryForm};

/// What is asked of one query, and by which proposals.
struct Query<'a> {
    range: TextRange,
    form: &'a QueryForm,
    plan: Plan,
    asked_by: Vec<&'a str>,
}

/// Adds one piece for each query, with all that is asked of it.
pub(super) fn gather<'a>(active: &[&'a Proposal], work: &mut Work<'a>) {
    let mut queries: BTreeMap<(&str, TextSize, TextSize), Query> = BTreeMap::new();
    for proposal in active {
        for change in &proposal.changes {
            let Change::ExtendPlan { query, form, select, prefetch } = change else { continue };
            let place = (query.path.as_str(), query.start, query.end);
            let asked = queries.entry(place).or_insert_with(|| Query {
                range: query.range(),
                form,
                plan: Plan::default(),
                asked_by: Vec::new(),
            });
            asked.plan.unite(select, prefetch);
            asked.asked_by.push(&proposal.id);
        }
    }
    for ((path, ..), query) in queries {
        let Query { range, form, plan, asked_by } = query;
        let edits = move |target: &Target, names: &mut Names| {
            edits(target, range, form, &plan, names).map(|group| vec![group])
        };
        work.add(path, asked_by, Job::Python(Box::new(edits)));
    }
}

fn edits(
    target: &Target,
    range: TextRange,
    form: &QueryForm,
    plan: &Plan,
    names: &mut Names,
) -> Result<Vec<Edit>, Refusal> {
    match form {
        QueryForm::Chain => load::edits(target, range, plan, names),
        QueryForm::Admin => implied::admin(target, range, plan, names),
        QueryForm::AdminQueryset => implied::admin_queryset(target, range, plan, names),
        QueryForm::ModelArgument { manager } => implied::argument(target, range, manager, plan, names),
        QueryForm::ModelAttribute { manager } => implied::attribute(target, range, manager, plan, names),
    }
}
