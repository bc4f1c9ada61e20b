//! Packages that are required, where the project declares what it runs with.
//!
//! What several proposals ask of one package is united, so the file is the same in whatever order they were approved.

mod write;

use std::collections::BTreeMap;

use tuneup_django::requirements::{Form, normalised, setup};

use super::Files;
use super::work::{Job, Work};
use crate::proposal::{Change, Proposal};
use crate::requirements::{Answer, answer, needed};
use write::{Wanted, written};

/// What is asked of one place.
#[derive(Default)]
struct Asked<'a> {
    wanted: Vec<Wanted>,
    asked_by: Vec<&'a str>,
}

/// Adds the pieces of all requirements.
pub(super) fn gather<'a>(files: &'a dyn Files, active: &[&'a Proposal], work: &mut Work<'a>) {
    let mut places: BTreeMap<(String, Form), Asked<'a>> = BTreeMap::new();
    for proposal in active {
        for change in &proposal.changes {
            let Change::Requirement { package, extras, minimum } = change else { continue };
            let Some(project) = files.project() else {
                work.failures.push((&proposal.id, "there is no project whose packages are known".to_owned()));
                continue;
            };
            match answer(project, package, extras, minimum.as_deref(), needed(project, proposal)) {
                Answer::Present => {}
                Answer::Ask(reason) => work.failures.push((&proposal.id, reason)),
                Answer::Write { path, form } => {
                    let asked = places.entry((path, form)).or_default();
                    unite(&mut asked.wanted, package, extras, minimum.as_deref());
                    asked.asked_by.push(&proposal.id);
                }
            }
        }
    }
    for ((path, form), Asked { wanted, mut asked_by }) in places {
        asked_by.dedup();
        let list = (form == Form::SetupPy).then(|| list_of(files, &path)).flatten();
        let change = move |text: &str| written(text, &form, list.clone(), &wanted);
        work.add(&path, asked_by, Job::Text(Box::new(change)));
    }
}

fn list_of(files: &dyn Files, path: &str) -> Option<(write::List, Vec<tuneup_django::requirements::Entry>)> {
    let project = files.project()?;
    let facts = project.source.facts(project.source.file_at(path)?);
    Some((setup::list_of_py(facts)?, setup::of_py(facts)?))
}

/// Adds a package, or what is new of one that is wanted already.
fn unite(wanted: &mut Vec<Wanted>, package: &str, extras: &[String], minimum: Option<&str>) {
    let known = wanted.iter_mut().find(|one| normalised(&one.package) == normalised(package));
    let Some(known) = known else {
        let mut extras = extras.to_vec();
        extras.sort();
        wanted.push(Wanted { package: package.to_owned(), extras, minimum: minimum.map(str::to_owned) });
        return;
    };
    known.extras.extend(extras.iter().cloned());
    known.extras.sort();
    known.extras.dedup();
    if minimum.map(numbers) > known.minimum.as_deref().map(numbers) {
        known.minimum = minimum.map(str::to_owned);
    }
}

/// `6.10` is later than `6.9`.
fn numbers(version: &str) -> Vec<u32> {
    version.split('.').map_while(|part| part.parse().ok()).collect()
}
