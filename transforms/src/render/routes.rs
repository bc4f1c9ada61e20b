//! Routes that are added to a URLconf, in front of the others: one that catches all may stand behind them.

use std::collections::BTreeMap;

use ruff_text_size::TextRange;
use tuneup_python::edit::{At, Edit, Literal, Refusal, Target, insert_elements};
use tuneup_python::flow::{ExprKind, StmtKind};

use super::Files;
use super::names::Names;
use super::work::{Job, Work};
use crate::proposal::{Change, Proposal};

/// What is asked of one URLconf.
#[derive(Default)]
struct Asked<'a> {
    /// Routes, and the URLconfs that they include.
    routes: Vec<(&'a str, &'a str)>,
    asked_by: Vec<&'a str>,
}

/// Adds the pieces of all new routes.
pub(super) fn gather<'a>(files: &'a dyn Files, active: &[&'a Proposal], work: &mut Work<'a>) {
    let mut places: BTreeMap<&'a str, Asked<'a>> = BTreeMap::new();
    for proposal in active {
        for change in &proposal.changes {
            let Change::AddRoute { path, route, include } = change else { continue };
            let asked = places.entry(path).or_default();
            let route = (route.as_str(), include.as_str());
            if !asked.routes.contains(&route) {
                asked.routes.push(route);
            }
            asked.asked_by.push(&proposal.id);
        }
    }
    for (path, mut asked) in places {
        asked.asked_by.dedup();
        match list(files, path) {
            Some((list, first)) => {
                let routes = asked.routes;
                let edits =
                    move |target: &Target, names: &mut Names| added(target, names, list, first, &routes);
                work.add(path, asked.asked_by, Job::Python(Box::new(edits)));
            }
            None => {
                let reason = || "`urlpatterns` is not written out as one list".to_owned();
                work.failures.extend(asked.asked_by.into_iter().map(|id| (id, reason())));
            }
        }
    }
}

/// The list that `urlpatterns` is, or that it begins with, and its first element.
fn list(files: &dyn Files, path: &str) -> Option<(TextRange, Option<TextRange>)> {
    let project = files.project()?;
    let facts = project.source.facts(project.source.file_at(path)?);
    let is_it = |kind: ExprKind| match kind {
        ExprKind::Global(name) => name == "urlpatterns",
        ExprKind::Local(slot) => {
            let slots = &facts.slot_names[facts.module_slots.indices()];
            slots.get(slot as usize).is_some_and(|name| *name == "urlpatterns")
        }
        _ => false,
    };
    let body = facts.block(facts.module_body);
    let mut values = body.iter().filter_map(|statement| match statement.kind {
        StmtKind::Assign(target, value) if is_it(facts.kind(target)) => Some(value),
        StmtKind::Annotated { target, value: Some(value), .. } if is_it(facts.kind(target)) => Some(value),
        _ => None,
    });
    let mut value = values.next()?;
    if values.next().is_some() {
        return None;
    }
    // `[…] + static(…)`
    if let ExprKind::Binary(_, run) = facts.kind(value) {
        value = *facts.list(run).first()?;
    }
    match facts.kind(value) {
        ExprKind::List(run) => {
            Some((facts.range(value), facts.list(run).first().map(|first| facts.range(*first))))
        }
        _ => None,
    }
}

fn added(
    target: &Target,
    names: &mut Names,
    list: TextRange,
    first: Option<TextRange>,
    routes: &[(&str, &str)],
) -> Result<Vec<Vec<Edit>>, Refusal> {
    let path = names.name("django.urls", "path", list)?;
    let include = names.name("django.urls", "include", list)?;
    let new = routes
        .iter()
        .map(|(route, urlconf)| Literal::Code(format!("{path}(\"{route}\", {include}(\"{urlconf}\"))")))
        .collect();
    let at = first.map_or(At::End, |first| At::Before(first.start()));
    Ok(vec![insert_elements(target, list, &[(at, new)])?])
}
