//! What a proposal costs once it is written, in words: joins, queries, locks, what is written more.

use std::collections::BTreeSet;

use crate::proposal::{Change, Lookup, Proposal};

/// The costs of a proposal, one sentence each; none of what is to be done by hand.
pub fn costs(proposal: &Proposal) -> Vec<String> {
    let mut costs: Vec<String> = Vec::new();
    for change in &proposal.changes {
        for cost in of_change(change) {
            if !costs.contains(&cost) {
                costs.push(cost);
            }
        }
    }
    costs
}

fn of_change(change: &Change) -> Vec<String> {
    match change {
        Change::ExtendPlan { select, prefetch, .. } => {
            let joins = steps(select.iter().map(String::as_str));
            let queries = steps(prefetch.iter().map(|lookup| lookup.path.as_str()));
            let inner: usize = prefetch.iter().map(joins_within).sum();
            let mut costs = Vec::new();
            if joins > 0 {
                costs.push(format!(
                    "{} in the query, whose rows get wider by the joined columns.",
                    counted(joins, "more join", "more joins")
                ));
            }
            if queries > 0 {
                let with = match inner {
                    0 => String::new(),
                    inner => format!(" with {}", counted(inner, "join", "joins")),
                };
                costs.push(format!(
                    "{}{with}, whatever the number of rows; what it finds is held in memory.",
                    counted(queries, "more query", "more queries")
                ));
            }
            costs
        }
        Change::ReadKey { .. } => Vec::new(),
        Change::AddIndex { concurrently, .. } | Change::SetFieldIndex { on: true, concurrently, .. } => {
            let lock = match concurrently {
                true => "A migration that takes as long as the table is large, while writes go on.",
                false => "A migration that keeps writes to the table waiting as long as it builds the index.",
            };
            vec![lock.to_owned(), "The index is kept up to date with each write, and takes space.".to_owned()]
        }
        Change::RemoveIndex { .. } | Change::SetFieldIndex { on: false, .. } => {
            vec!["A migration that locks the table for a moment.".to_owned()]
        }
        Change::IndexTogether { .. } => {
            vec!["A migration that renames: no row is read or written.".to_owned()]
        }
        Change::Setting { .. } | Change::SettingsCall { .. } => {
            vec!["It holds from the next deployment on.".to_owned()]
        }
        Change::CreateFile { path, .. } => vec![format!("One more file to look after: `{path}`.")],
        Change::AddRoute { include, .. } => {
            vec![format!("The routes of `{include}`, in front of the others.")]
        }
        Change::Requirement { package, .. } => vec![format!("One more package to install: `{package}`.")],
    }
}

/// How many relations paths go over in all.
fn steps<'a>(paths: impl Iterator<Item = &'a str>) -> usize {
    let mut steps = BTreeSet::new();
    for path in paths {
        steps.extend(path.match_indices("__").map(|(at, _)| &path[..at]));
        steps.insert(path);
    }
    steps.len()
}

fn joins_within(lookup: &Lookup) -> usize {
    lookup.queryset.as_ref().map_or(0, |queryset| steps(queryset.select.iter().map(String::as_str)))
}

fn counted(count: usize, one: &str, more: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {more}") }
}

#[cfg(test)]
mod tests {
    use super::steps;

    #[test]
    fn a_relation_counts_once_however_many_paths_go_over_it() {
        assert_eq!(steps(["author", "author__country", "author__team__lead"].into_iter()), 4);
        assert_eq!(steps([].into_iter()), 0);
    }
}
