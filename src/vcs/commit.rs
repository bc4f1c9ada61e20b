//! Commits what was written, and nothing else.

use std::io::{Seek, Write};

use super::{Repository, error_of};
use crate::failure::Failure;

/// What became of files that were to be committed.
#[derive(Debug)]
pub(crate) enum Committed {
    /// The commit's short name.
    As(String),
    /// Git ignores all of the files.
    Nothing,
    /// It was refused, by git or by a hook; what it said. Nothing stays staged that was not before.
    Refused(String),
}

impl Repository {
    /// Commits files as they are on the disk; what else is staged stays staged. `made` are those of them that were not
    /// there before. Where the first try is refused and `has_changed` tells that a hook has rewritten files meanwhile,
    /// as formatters do, a second one is made.
    pub(crate) fn commit(
        &self,
        paths: &[&str],
        made: &[&str],
        message: &str,
        has_changed: &dyn Fn() -> bool,
    ) -> Result<Committed, Failure> {
        let ignored = self.ignored(paths)?;
        let kept = |path: &&&str| -> bool { !ignored.iter().any(|ignored| ignored.as_str() == **path) };
        let paths: Vec<&str> = paths.iter().filter(kept).copied().collect();
        let made: Vec<&str> = made.iter().filter(kept).copied().collect();
        if paths.is_empty() {
            return Ok(Committed::Nothing);
        }
        let mut refused = self.try_commit(&paths, &made, message)?;
        if refused.is_some() && has_changed() {
            refused = self.try_commit(&paths, &made, message)?;
        }
        if let Some(reason) = refused {
            if !made.is_empty() {
                self.write_to(&["rm", "-q", "--cached", "--ignore-unmatch"], &made).output()?;
            }
            return Ok(Committed::Refused(reason));
        }
        // A hook that rewrites and stages files does so in the index of this commit alone: the user's own would go on to
        // have them as they were before the hook.
        self.write_to(&["reset", "-q", "HEAD"], &paths).output()?;
        let name = self.read(&["rev-parse", "--short", "HEAD"]).output()?;
        Ok(Committed::As(String::from_utf8_lossy(&name.stdout).trim().to_owned()))
    }

    /// Why a commit was refused, if it was.
    fn try_commit(&self, paths: &[&str], made: &[&str], message: &str) -> Result<Option<String>, Failure> {
        if !made.is_empty() {
            let added = self.write_to(&["add"], made).output()?;
            if !added.status.success() {
                return Ok(Some(error_of(&added)));
            }
        }
        let mut text = tempfile::tempfile()?;
        text.write_all(message.as_bytes())?;
        text.rewind()?;
        // Lines with `#` are evidence, no comments.
        let commit = ["commit", "--quiet", "--cleanup=whitespace", "--file=-", "--only"];
        let committed = self.write_to(&commit, paths).stdin(text).output()?;
        if committed.status.success() {
            return Ok(None);
        }
        let said = format!("{}\n{}", String::from_utf8_lossy(&committed.stdout).trim(), error_of(&committed));
        Ok(Some(said.trim().to_owned()))
    }

    /// Of some paths, those that git ignores.
    fn ignored(&self, paths: &[&str]) -> Result<Vec<String>, Failure> {
        let mut list = tempfile::tempfile()?;
        list.write_all(paths.join("\0").as_bytes())?;
        list.rewind()?;
        let output = self.read(&["check-ignore", "-z", "--stdin"]).stdin(list).output()?;
        match output.status.code() {
            Some(0 | 1) => {
                let names = output.stdout.split(|byte| *byte == 0).filter(|name| !name.is_empty());
                Ok(names.map(|name| String::from_utf8_lossy(name).into_owned()).collect())
            }
            _ => Err(Failure::new(format!("git cannot tell what it ignores: {}", error_of(&output)))),
        }
    }
}
