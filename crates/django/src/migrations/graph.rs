//! The order of an app's migrations: what squashes replace, which comes last, and in what order they apply.

use std::collections::{BTreeMap, BTreeSet};

use super::read::Migration;

/// The migrations of an app that count, each behind those that it depends on. An error, for a person, where Django
/// would refuse them, or ask.
pub(super) fn order(label: &str, migrations: &[Migration]) -> Result<Vec<usize>, String> {
    let by_name: BTreeMap<&str, usize> =
        migrations.iter().enumerate().map(|(at, migration)| (migration.name.as_str(), at)).collect();
    // None has been applied where migrations are made, so a squash stands for what it replaces.
    let mut stands_for: BTreeMap<&str, usize> = BTreeMap::new();
    for (at, migration) in migrations.iter().enumerate() {
        for (app, name) in &migration.replaces {
            if app == label && name != &migration.name {
                stands_for.insert(name, at);
            }
        }
    }
    let mut parents: BTreeMap<usize, BTreeSet<usize>> = BTreeMap::new();
    let is_replaced = |at: usize| stands_for.contains_key(migrations[at].name.as_str());
    for (at, migration) in migrations.iter().enumerate() {
        // What replaced migrations came behind, the squash comes behind.
        let at = standing(at, migrations, &stands_for);
        let own = parents.entry(at).or_default();
        let mut found = Vec::new();
        for (app, name) in &migration.dependencies {
            if app != label || matches!(name.as_str(), "__first__" | "__latest__") {
                continue;
            }
            let known = match by_name.get(name.as_str()) {
                Some(&known) => standing(known, migrations, &stands_for),
                None => match stands_for.get(name.as_str()) {
                    Some(&squash) => standing(squash, migrations, &stands_for),
                    None => {
                        return Err(format!(
                            "{} depends on {label}.{name}, which is missing",
                            migration.path
                        ));
                    }
                },
            };
            if known != at {
                found.push(known);
            }
        }
        own.extend(found);
    }
    let roots = (0..migrations.len()).filter(|&at| !is_replaced(at));
    let with_child: BTreeSet<usize> = parents.values().flatten().copied().collect();
    let mut leaves: Vec<usize> = roots.filter(|at| !with_child.contains(at)).collect();
    leaves.sort_by_key(|&at| &migrations[at].name);
    match leaves.as_slice() {
        [] => Err(format!("the migrations of {label} depend on each other in a circle")),
        [leaf] => depth_first(*leaf, &parents)
            .ok_or_else(|| format!("the migrations of {label} depend on each other in a circle")),
        several => {
            let names: Vec<&str> = several.iter().map(|&at| migrations[at].name.as_str()).collect();
            Err(format!(
                "app {label} has several last migrations ({}); run `makemigrations --merge` first",
                names.join(", ")
            ))
        }
    }
}

/// The migration that stands for another in the end.
fn standing(at: usize, migrations: &[Migration], stands_for: &BTreeMap<&str, usize>) -> usize {
    let mut at = at;
    for _ in 0..migrations.len() {
        match stands_for.get(migrations[at].name.as_str()) {
            Some(&squash) => at = squash,
            None => break,
        }
    }
    at
}

/// All that a migration comes behind, then itself, as Django orders them. None if there is a circle.
fn depth_first(leaf: usize, parents: &BTreeMap<usize, BTreeSet<usize>>) -> Option<Vec<usize>> {
    let mut ordered = Vec::new();
    let mut done = BTreeSet::new();
    let mut open = BTreeSet::new();
    let mut stack = vec![(leaf, false)];
    while let Some((at, is_left)) = stack.pop() {
        if is_left {
            open.remove(&at);
            if done.insert(at) {
                ordered.push(at);
            }
            continue;
        }
        if done.contains(&at) {
            continue;
        }
        if !open.insert(at) {
            return None;
        }
        stack.push((at, true));
        for &parent in parents.get(&at).into_iter().flatten().rev() {
            if open.contains(&parent) {
                return None;
            }
            stack.push((parent, false));
        }
    }
    Some(ordered)
}
