//! Paths of relations as lookups name them, `author__country`: which goes on from which.

use crate::queries::Step;

/// Whether to load `path` is to load `other` too: `author__country` covers `author`, and all paths that of the row itself.
pub fn covers(path: &str, other: &str) -> bool {
    behind(path, other).is_some()
}

/// What a path has behind another from which it goes on: `country`, of `author__country` and `author`; nothing more where they
/// are the same.
pub fn behind<'p>(path: &'p str, other: &str) -> Option<&'p str> {
    match path.strip_prefix(other)? {
        rest if rest.is_empty() || other.is_empty() => Some(rest),
        rest => rest.strip_prefix("__"),
    }
}

/// A path that goes on from another by a third.
pub fn joined(before: &str, rest: &str) -> String {
    match before {
        "" => rest.to_owned(),
        before => format!("{before}__{rest}"),
    }
}

/// The path of steps.
pub fn path_of(steps: &[Step]) -> String {
    let names: Vec<&str> = steps.iter().map(|step| step.name.as_str()).collect();
    names.join("__")
}
