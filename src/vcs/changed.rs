//! Which files have changed, by paths from the project's folder.

use std::collections::BTreeSet;

use super::{Repository, error_of};
use crate::failure::Failure;

/// Names alone, as they are now, below the folder, and without running what the repository names.
const NAMES: [&str; 6] = ["diff", "--name-only", "-z", "--relative", "--no-renames", "--no-ext-diff"];

impl Repository {
    /// What has changed since a commit, or since the branch left it: committed, in the working tree, or new there.
    pub(crate) fn changed_since(&self, reference: &str) -> Result<BTreeSet<String>, Failure> {
        let text = |output: &std::process::Output| String::from_utf8_lossy(&output.stdout).trim().to_owned();
        let wanted = format!("{reference}^{{commit}}");
        let commit =
            self.read(&["rev-parse", "--verify", "--quiet", "--end-of-options", &wanted]).output()?;
        if !commit.status.success() {
            return Err(Failure::new(format!("git knows no commit `{reference}`")));
        }
        let commit = text(&commit);
        let base = self.read(&["merge-base", &commit, "HEAD"]).output()?;
        let base = if base.status.success() { text(&base) } else { commit };
        let mut changed: BTreeSet<String> =
            self.names(&[&NAMES[..], &[&base, "--", "."]].concat())?.into_iter().collect();
        changed.extend(self.names(&["ls-files", "-z", "--others", "--exclude-standard", "--", "."])?);
        Ok(changed)
    }

    /// What is staged.
    pub(crate) fn staged(&self) -> Result<BTreeSet<String>, Failure> {
        Ok(self.names(&[&NAMES[..], &["--cached", "--", "."]].concat())?.into_iter().collect())
    }

    /// Of what is staged, the files that have changed again since.
    pub(crate) fn changed_since_staged(&self) -> Result<Vec<String>, Failure> {
        let staged = self.staged()?;
        let changed = self.names(&[&NAMES[..], &["--", "."]].concat())?;
        Ok(changed.into_iter().filter(|path| staged.contains(path)).collect())
    }

    /// Of some paths, those that are not as the last commit has them.
    pub(crate) fn uncommitted(&self, paths: &[&str]) -> Result<Vec<String>, Failure> {
        if paths.is_empty() {
            return Ok(Vec::new());
        }
        let status = [
            "--literal-pathspecs",
            "status",
            "--porcelain",
            "-z",
            "--no-renames",
            "--untracked-files=all",
            "--",
        ];
        let listed = self.names(&[&status[..], paths].concat())?;
        // Its names are from the top of the repository.
        let prefix = self.read(&["rev-parse", "--show-prefix"]).output()?;
        if !prefix.status.success() {
            return Err(Failure::new(error_of(&prefix)));
        }
        let prefix = String::from_utf8_lossy(&prefix.stdout).trim_end_matches('\n').to_owned();
        let name = |line: &String| {
            let path = line.get(3..).unwrap_or_default();
            path.strip_prefix(&prefix).unwrap_or(path).to_owned()
        };
        Ok(listed.iter().map(name).collect())
    }
}
