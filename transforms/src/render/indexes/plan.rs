//! Which migrations there are, and what each depends on: as Django's autodetector puts operations into files.

use std::collections::{BTreeMap, BTreeSet};

use super::operation::Operation;

/// An operation, and the apps and settings whose models it needs.
#[derive(Clone, Debug)]
pub(super) struct Planned<'a> {
    pub(super) operation: Operation,
    pub(super) needs: BTreeSet<Need>,
    pub(super) asked_by: Vec<&'a str>,
}

/// A model of another app, or the one that a setting names.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Need {
    Setting(String),
    App(String),
}

/// What a migration comes behind.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Dependency {
    Setting(String),
    /// A migration that is there.
    Existing(String, String),
    /// One of those that are written, by app and position.
    New(String, usize),
}

/// A migration to write.
#[derive(Clone, Debug)]
pub(super) struct PlannedFile<'a> {
    pub(super) app: String,
    pub(super) position: usize,
    pub(super) operations: Vec<Planned<'a>>,
    pub(super) dependencies: BTreeSet<Dependency>,
}

/// Puts the operations of each app into files. `last_of` is the last migration of another app, where it can be told.
pub(super) fn plan<'a>(
    apps: BTreeMap<String, Vec<Planned<'a>>>,
    last_of: &dyn Fn(&str) -> Option<String>,
) -> Vec<PlannedFile<'a>> {
    let mut open: BTreeMap<String, Vec<Planned>> = BTreeMap::new();
    let mut concurrent: Vec<(String, Planned)> = Vec::new();
    for (app, mut operations) in apps {
        operations.sort_by(|a, b| a.operation.order().cmp(&b.operation.order()));
        let (alone, together): (Vec<_>, Vec<_>) =
            operations.into_iter().partition(|planned| planned.operation.is_concurrent());
        concurrent.extend(alone.into_iter().map(|planned| (app.clone(), planned)));
        if !together.is_empty() {
            open.insert(app, together);
        }
    }
    let mut files: Vec<PlannedFile> = Vec::new();
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    // Other apps that change in this run are waited for, until none is left that could come first.
    let mut goes_on = false;
    while !open.is_empty() {
        let before = open.len();
        for app in open.keys().cloned().collect::<Vec<_>>() {
            let Some(operations) = open.get(&app) else { continue };
            let found = dependencies(&app, operations, &counts, goes_on, last_of);
            let Some(dependencies) = found else { continue };
            let operations = open.remove(&app).unwrap_or_default();
            let position = count(&mut counts, &app);
            files.push(PlannedFile { app, position, operations, dependencies });
            goes_on = false;
        }
        if open.len() == before {
            goes_on = true;
        }
    }
    for (app, planned) in concurrent {
        let operations = vec![planned];
        let dependencies = dependencies(&app, &operations, &counts, true, last_of).unwrap_or_default();
        let position = count(&mut counts, &app);
        files.push(PlannedFile { app, position, operations, dependencies });
    }
    files
}

fn count(counts: &mut BTreeMap<String, usize>, app: &str) -> usize {
    let count = counts.entry(app.to_owned()).or_default();
    *count += 1;
    *count - 1
}

/// What the operations of an app depend on in other apps. None where one of those is to be waited for.
fn dependencies(
    app: &str,
    operations: &[Planned],
    written: &BTreeMap<String, usize>,
    goes_on: bool,
    last_of: &dyn Fn(&str) -> Option<String>,
) -> Option<BTreeSet<Dependency>> {
    let mut found = BTreeSet::new();
    for need in operations.iter().flat_map(|planned| &planned.needs) {
        match need {
            Need::Setting(name) => {
                found.insert(Dependency::Setting(name.clone()));
            }
            Need::App(other) if other == app => {}
            Need::App(other) => match written.get(other) {
                Some(count) => {
                    found.insert(Dependency::New(other.clone(), count - 1));
                }
                None if goes_on => {
                    found.extend(last_of(other).map(|name| Dependency::Existing(other.clone(), name)));
                }
                None => return None,
            },
        }
    }
    Some(found)
}
