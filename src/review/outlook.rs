//! What else changes once the approved proposals are written: those that are not proposed any more, and new ones.
//!
//! The project as it would be is laid out in a temporary folder and read like any other, on a thread of its own, so
//! that no key waits for it.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, TryRecvError, channel};

use tuneup_python::source::regular;
use tuneup_transforms::render::Rendering;

use crate::analysis::{Outcome, analyse};
use crate::arguments::ProjectArguments;
use crate::failure::Failure;

/// The files that say how a project is read, beside those that are read.
const CONFIGURATION: &[&str] =
    &["tuneup.toml", "pyproject.toml", "setup.cfg", "setup.py", ".editorconfig", "ruff.toml", ".ruff.toml"];

/// As much stack as analysis may need for the deepest source.
const STACK: usize = 64 * 1024 * 1024;

/// How many proposals are named; the rest is counted.
const SHOWN: usize = 5;

/// A look ahead that goes on.
pub(super) struct Outlook {
    lines: Receiver<Vec<String>>,
}

/// A proposal as far as it is told of: id and title.
type Known = (String, String);

impl Outlook {
    /// Begins to look at the project as it would be.
    pub(super) fn start(outcome: &Outcome, rendering: &Rendering, undecided: Vec<Known>) -> Option<Self> {
        let source = &outcome.project.source;
        let root = source.root().canonicalize().ok()?;
        let files = source.files().iter().map(|file| file.path.clone());
        let others = source.others().iter().filter(|file| file.is_file()).map(|file| file.path.clone());
        let mut paths: Vec<String> = files.chain(others).collect();
        paths.extend(CONFIGURATION.iter().map(|name| (*name).to_owned()));
        let written: Vec<(String, Vec<u8>)> =
            rendering.files.iter().map(|file| (file.path.clone(), file.after.clone())).collect();
        let before: Vec<String> = outcome.proposals.iter().map(|proposal| proposal.id.clone()).collect();
        let arguments = arguments(outcome);
        let (sender, lines) = channel();
        let look = move || {
            let after = project_after(&root, &paths, &written, arguments);
            // Where it cannot be looked at, there is nothing to tell; writing goes by the rendering alone.
            let told = after.map(|after| tell(&before, &undecided, &after)).unwrap_or_default();
            let _ = sender.send(told);
        };
        std::thread::Builder::new().stack_size(STACK).spawn(look).ok()?;
        Some(Self { lines })
    }

    /// What was found; none while it goes on.
    pub(super) fn poll(&self) -> Option<Vec<String>> {
        match self.lines.try_recv() {
            Ok(lines) => Some(lines),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => Some(Vec::new()),
        }
    }

    /// What was found, waited for.
    pub(super) fn wait(&self) -> Vec<String> {
        self.lines.recv().unwrap_or_default()
    }
}

/// The same way of reading, for another folder.
fn arguments(outcome: &Outcome) -> ProjectArguments {
    let config = &outcome.config;
    let mut arguments = ProjectArguments::of(PathBuf::new());
    arguments.quiet = true;
    arguments.select.clone_from(&config.select.value);
    arguments.ignore.clone_from(&config.ignore.value);
    let python = config.python.value.as_ref().and_then(|path| path.canonicalize().ok());
    // `lib/python3.12/site-packages` is in the environment's folder.
    let installed = outcome.project.source.site_packages().first();
    let environment = installed.and_then(|path| path.ancestors().nth(3)).map(Path::to_owned);
    arguments.python = python.or(environment);
    arguments.concurrently = config.concurrent_indexes.value;
    let style = crate::config::style(config.index_style.value);
    arguments.config.push(format!("index-style={style}"));
    let version = &outcome.project.version;
    arguments.django = version.is_known().then(|| version.to_string());
    arguments.settings.clone_from(&config.settings.value);
    arguments
}

/// The proposals of the project as it would be.
fn project_after(
    root: &Path,
    paths: &[String],
    written: &[(String, Vec<u8>)],
    mut arguments: ProjectArguments,
) -> Result<Vec<Known>, Failure> {
    let folder = tempfile::Builder::new().prefix("tuneup-").tempdir()?;
    let put = |path: &str, bytes: &[u8]| -> std::io::Result<()> {
        let to = folder.path().join(path);
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent)?;
        }
        fs::write(to, bytes)
    };
    for path in paths {
        if !written.iter().any(|(other, _)| other == path)
            && let Ok(bytes) = regular::read(&root.join(path))
        {
            put(path, &bytes)?;
        }
    }
    for (path, bytes) in written {
        put(path, bytes)?;
    }
    arguments.path = folder.path().to_owned();
    let outcome = analyse(&arguments)?;
    Ok(outcome.proposals.into_iter().map(|proposal| (proposal.id, proposal.title)).collect())
}

/// What changed between the proposals before and after, in lines.
fn tell(before: &[String], undecided: &[Known], after: &[Known]) -> Vec<String> {
    let moot: Vec<&Known> =
        undecided.iter().filter(|(id, _)| !after.iter().any(|(other, _)| other == id)).collect();
    let new: Vec<&Known> = after.iter().filter(|(id, _)| !before.contains(id)).collect();
    let mut lines = Vec::new();
    let mut list = |what: String, known: &[&Known]| {
        if !known.is_empty() {
            lines.push(what);
            lines.extend(known.iter().take(SHOWN).map(|(_, title)| format!("  {title}")));
            if let more @ 1.. = known.len().saturating_sub(SHOWN) {
                lines.push(format!("  … and {more} more"));
            }
        }
    };
    list(format!("{} of the others not needed any more:", moot.len()), &moot);
    list(format!("{} newly possible after it:", new.len()), &new);
    lines
}

#[cfg(test)]
mod tests {
    use super::tell;

    #[test]
    fn what_goes_and_what_comes_is_told() {
        let known = |id: &str| (id.to_owned(), format!("Do {id}"));
        let before = ["a".to_owned(), "b".to_owned(), "c".to_owned()];
        let told = tell(&before, &[known("b"), known("c")], &[known("c"), known("d")]);
        assert_eq!(
            told,
            ["1 of the others not needed any more:", "  Do b", "1 newly possible after it:", "  Do d"]
        );
        assert!(tell(&before, &[known("b")], &[known("b")]).is_empty());
    }
}
