//! The command under test, run on a copy of a project.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

/// The rules whose proposals show in the number of queries.
const RULES: &str = "--select=select-related,prefetch-related";

/// The proposals of `tuneup check` on that folder.
pub(crate) fn check(tree: &Path) -> Vec<Value> {
    let output = tuneup(&["check", RULES, "--output-format", "json"], tree);
    let report: Value = serde_json::from_slice(&output.stdout).expect("check writes JSON");
    assert_eq!(report["errors"], Value::Array(Vec::new()), "every file of a fixture can be read");
    report["proposals"].as_array().expect("a list of proposals").clone()
}

/// Runs `tuneup apply` on that folder.
pub(crate) fn apply(tree: &Path, flags: &[&str]) {
    let mut arguments = vec!["apply", RULES, "--allow-no-vcs"];
    arguments.extend(flags);
    tuneup(&arguments, tree);
}

fn tuneup(arguments: &[&str], tree: &Path) -> Output {
    let output = Command::new(env!("CARGO_BIN_EXE_tuneup"))
        .args(arguments)
        .arg(tree)
        .output()
        .expect("the command was built with this test");
    // 1 says that proposals are left.
    assert!(
        matches!(output.status.code(), Some(0 | 1)),
        "{arguments:?} ends with {}: {}",
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    output
}

/// Those proposals of the second run that say again what the first said, and what was then applied.
pub(crate) fn repeated<'a>(first: &[Value], second: &'a [Value], tiers: &[&str]) -> Vec<&'a Value> {
    let applied = |proposal: &&Value| {
        let edits = proposal["edits"].as_array().is_some_and(|edits| !edits.is_empty());
        edits && proposal["safety"].as_str().is_some_and(|safety| tiers.contains(&safety))
    };
    let same = |one: &Value, other: &Value| {
        let fields = |proposal: &Value| proposal["fields"].as_array().cloned().unwrap_or_default();
        ["rule", "path", "symbol", "model"].iter().all(|key| one[*key] == other[*key])
            && fields(one).iter().any(|field| fields(other).contains(field))
    };
    second
        .iter()
        .filter(applied)
        .filter(|again| first.iter().filter(applied).any(|one| same(one, again)))
        .collect()
}
