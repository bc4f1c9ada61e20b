//! What git says of the project: changes are only written where they can be seen and taken back.

use std::path::Path;
use std::process::Command;

use crate::arguments::GuardArguments;
use crate::failure::Failure;
use crate::write::folder;

/// Refuses a tree with changes that are not committed, and one without git, unless allowed.
pub(crate) fn guard(root: &Path, allowed: &GuardArguments) -> Result<(), Failure> {
    let root = folder(root);
    let git = |arguments: &[&str]| {
        // A repository can name programs for git to run: a project is read, never run.
        let harmless = ["-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null"];
        Command::new("git").args(harmless).arg("-C").arg(&root).args(arguments).output()
    };
    let inside = git(&["rev-parse", "--is-inside-work-tree"]);
    if !inside.as_ref().is_ok_and(|output| output.status.success()) {
        if allowed.allow_no_vcs {
            return Ok(());
        }
        let reason = match inside {
            Ok(output) if !String::from_utf8_lossy(&output.stderr).contains("not a git repository") => {
                format!("git cannot read the repository: {}", String::from_utf8_lossy(&output.stderr).trim())
            }
            Ok(_) => "the project is not in a git repository".to_owned(),
            Err(error) => format!("git cannot be run: {error}"),
        };
        return Err(Failure::new(format!(
            "{reason}, so changes could not be taken back; `--allow-no-vcs` writes all the same"
        )));
    }
    if allowed.allow_dirty {
        return Ok(());
    }
    let status = git(&["status", "--porcelain", "--", "."])?;
    if !status.status.success() {
        let reason = String::from_utf8_lossy(&status.stderr);
        return Err(Failure::new(format!("git cannot tell what is committed: {}", reason.trim())));
    }
    let text = String::from_utf8_lossy(&status.stdout);
    let changed: Vec<&str> = text.lines().filter_map(|line| line.get(3..)).collect();
    if changed.is_empty() {
        return Ok(());
    }
    const SHOWN: usize = 10;
    let mut message = String::from(
        "the working tree has changes that are not committed; commit or stash them, or `--allow-dirty`:",
    );
    for path in changed.iter().take(SHOWN) {
        message.push_str("\n  ");
        message.push_str(path);
    }
    if let more @ 1.. = changed.len().saturating_sub(SHOWN) {
        message.push_str(&format!("\n  … and {more} more"));
    }
    Err(Failure::new(message))
}
