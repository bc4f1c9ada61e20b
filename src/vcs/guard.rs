//! Changes are only written where they can be seen and taken back.

use std::path::Path;

use super::{Repository, error_of};
use crate::arguments::GuardArguments;
use crate::failure::Failure;

/// How many files are named.
const SHOWN: usize = 10;

/// Refuses a tree with changes that are not committed, and one without git, unless allowed. Where only staged files
/// are edited, what is staged can be had back from there.
pub(crate) fn guard(root: &Path, allowed: &GuardArguments, staged: bool) -> Result<(), Failure> {
    let repository = match Repository::of(root) {
        Ok(repository) => repository,
        Err(_) if allowed.allow_no_vcs && !staged => return Ok(()),
        Err(reason) => {
            return Err(Failure::new(format!(
                "{reason}, so changes could not be taken back; `--allow-no-vcs` writes all the same"
            )));
        }
    };
    if allowed.allow_dirty {
        return Ok(());
    }
    if staged {
        let changed = repository.changed_since_staged()?;
        return refuse(
            "staged files have changed again since; stage that too, or `--allow-dirty`:",
            changed.iter().map(String::as_str),
        );
    }
    let status = repository.read(&["status", "--porcelain", "--untracked-files=all", "--", "."]).output()?;
    if !status.status.success() {
        return Err(Failure::new(format!("git cannot tell what is committed: {}", error_of(&status))));
    }
    let text = String::from_utf8_lossy(&status.stdout);
    let counts = |line: &&str| line.strip_prefix("?? ").is_none_or(may_be_edited);
    refuse(
        "the working tree has changes that are not committed; commit or stash them, or `--allow-dirty`:",
        text.lines().filter(counts).filter_map(|line| line.get(3..)),
    )
}

/// Whether a file that git does not know, named as git prints it, could be written to. Plans, baselines and reports of
/// this program could not, and so do not stand in its way.
fn may_be_edited(name: &str) -> bool {
    let name = name.trim_end_matches('"');
    let is_edited = |end: &str| ["py", "toml", "txt", "in", "cfg"].contains(&end);
    name.rsplit_once('.').map_or(name.ends_with("Pipfile"), |(_, end)| is_edited(end))
}

/// Fails with a message and the first of some paths, where there are any.
fn refuse<'a>(message: &str, paths: impl Iterator<Item = &'a str>) -> Result<(), Failure> {
    let paths: Vec<&str> = paths.collect();
    if paths.is_empty() {
        return Ok(());
    }
    let mut message = message.to_owned();
    for path in paths.iter().take(SHOWN) {
        message.push_str("\n  ");
        message.push_str(path);
    }
    if let more @ 1.. = paths.len().saturating_sub(SHOWN) {
        message.push_str(&format!("\n  … and {more} more"));
    }
    Err(Failure::new(message))
}
