//! Keys of related rows that are read off the row which holds them.

use std::collections::BTreeMap;

use ruff_text_size::{TextRange, TextSize};
use tuneup_python::edit::{Edit, Refusal, Target};

use super::names::Names;
use super::work::{Job, Work};
use crate::proposal::{Change, Proposal};

/// Adds one piece for each place that reads a key.
pub(super) fn gather<'a>(active: &[&'a Proposal], work: &mut Work<'a>) {
    let mut reads: BTreeMap<(&str, TextSize, TextSize), (&'a str, Vec<&'a str>)> = BTreeMap::new();
    for proposal in active {
        for change in &proposal.changes {
            let Change::ReadKey { read, key } = change else { continue };
            let place = (read.path.as_str(), read.start, read.end);
            reads.entry(place).or_insert_with(|| (key, Vec::new())).1.push(&proposal.id);
        }
    }
    for ((path, start, end), (key, asked_by)) in reads {
        let range = TextRange::new(start, end);
        let edits =
            move |target: &Target, _: &mut Names| edit(target, range, key).map(|edit| vec![vec![edit]]);
        work.add(path, asked_by, Job::Python(Box::new(edits)));
    }
}

/// `.author.id` becomes `.author_id`.
fn edit(target: &Target, range: TextRange, key: &str) -> Result<Edit, Refusal> {
    let written = &target.source[range];
    let is_name = |name: &str| !name.is_empty() && name.chars().all(|it| it.is_alphanumeric() || it == '_');
    match written.strip_prefix('.').and_then(|names| names.split_once('.')) {
        Some((relation, name)) if is_name(relation) && is_name(name) => {
            Ok(Edit::replacement(range, format!(".{key}")))
        }
        _ => Err(Refusal("what reads the key is not written in one piece".to_owned())),
    }
}
