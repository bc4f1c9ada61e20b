//! What git says of the project, and what it is asked to keep.

mod changed;
mod commit;
mod guard;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::failure::Failure;
use crate::write::folder;

pub(crate) use commit::Committed;
pub(crate) use guard::guard;

/// The repository that a project is in, seen from the project's folder: paths are relative to that.
pub(crate) struct Repository {
    root: PathBuf,
}

impl Repository {
    /// The repository of a project; a failure that says why there is none.
    pub(crate) fn of(project: &Path) -> Result<Self, Failure> {
        let this = Self { root: folder(project) };
        let reason = match this.read(&["rev-parse", "--is-inside-work-tree"]).output() {
            Ok(output) if output.status.success() => return Ok(this),
            Ok(output) if !error_of(&output).contains("not a git repository") => {
                format!("git cannot read the repository: {}", error_of(&output))
            }
            Ok(_) => "the project is not in a git repository".to_owned(),
            Err(error) => format!("git cannot be run: {error}"),
        };
        Err(Failure::new(reason))
    }

    /// A git command that reads.
    fn read(&self, arguments: &[&str]) -> Command {
        let mut command = self.write(&["-c", "core.hooksPath=/dev/null"]);
        command.args(arguments);
        command
    }

    /// A git command that writes, with the hooks that the user has set up.
    fn write(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("git");
        // A repository can name programs for git to run: a project is read, never run.
        command.args(["-c", "core.fsmonitor=false", "-C"]).arg(&self.root);
        command.args(arguments);
        command
    }

    /// The same with paths whose names mean themselves, whatever signs they have.
    fn write_to(&self, arguments: &[&str], paths: &[&str]) -> Command {
        let mut command = self.write(&["--literal-pathspecs"]);
        command.args(arguments).arg("--").args(paths);
        command
    }

    /// The names that a command lists, ended by NUL.
    fn names(&self, arguments: &[&str]) -> Result<Vec<String>, Failure> {
        let output = self.read(arguments).output()?;
        if !output.status.success() {
            return Err(Failure::new(format!("git cannot tell what has changed: {}", error_of(&output))));
        }
        let names = output.stdout.split(|byte| *byte == 0).filter(|name| !name.is_empty());
        Ok(names.map(|name| String::from_utf8_lossy(name).into_owned()).collect())
    }
}

/// What a command said on standard error.
fn error_of(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).trim().to_owned()
}
