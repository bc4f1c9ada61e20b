//! Which files belong to a project.
//!
//! Ignore rules apply as git applies them, when the root is in a git work tree: `.gitignore` files at
//! every level, `.git/info/exclude`, the user's own excludes file, and never to a file that is tracked.
//! Virtual environments, installed packages and caches are left out in any case. Symbolic links are not
//! followed: a link within the project only gives another name to a file that is read anyway.

use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex};

use ignore::gitignore::{Gitignore, GitignoreBuilder};
use ignore::{WalkBuilder, WalkState};
use rustc_hash::{FxHashMap, FxHashSet};

use super::{git_index, regular};
use crate::project::{OtherFile, Problem};

/// Folders in which nothing is the project's own source.
const NEVER: [&str; 7] =
    [".git", ".hg", ".svn", "__pycache__", "node_modules", "site-packages", "dist-packages"];

/// Files that say what a project needs and how it is laid out, by names that no folder has for another purpose.
const MANIFESTS: [&str; 13] = [
    ".editorconfig",
    ".flake8",
    ".ruff.toml",
    "Pipfile",
    "Pipfile.lock",
    "pdm.lock",
    "poetry.lock",
    "pyproject.toml",
    "requirements.txt",
    "ruff.toml",
    "setup.cfg",
    "tox.ini",
    "uv.lock",
];

/// What was found below a root, each list sorted.
#[derive(Debug, Default)]
pub(crate) struct Discovered {
    /// Paths of Python files from the root.
    pub(crate) python: Vec<String>,
    /// All other files.
    pub(crate) others: Vec<OtherFile>,
    /// Symbolic links that stay within the root: path and target, both from the root.
    pub(crate) links: Vec<(String, String)>,
    /// What could not be looked at.
    pub(crate) problems: Vec<Problem>,
}

enum Found {
    File(String, u64),
    /// What has the name of a file, and why it is none that can be read.
    Stray(String, String),
    Link(String, String),
    Problem(Problem),
}

/// Finds the files below `root`, which is an absolute path without symbolic links.
pub(crate) fn discover(root: &Path, exclude: &[String], threads: usize) -> Discovered {
    let mut problems = Vec::new();
    let excluded = excludes(root, exclude, &mut problems);
    let top = git_index::work_tree(root).map_or_else(|| root.to_owned(), |(top, _)| top);

    let walk = Walk { root, excluded: &excluded, top: &top, threads, found: Mutex::new(Vec::new()) };
    let mut irregular: Vec<PathBuf> = root.ancestors().flat_map(irregular_rules).collect();
    let mut folders = vec![(root.to_owned(), irregular.is_empty())];
    while let Some((folder, has_rules)) = folders.pop() {
        for (folder, rules) in walk.below(&folder, has_rules) {
            folders.push((folder, false));
            irregular.extend(rules);
        }
    }
    irregular.sort();
    problems.extend(irregular.iter().map(|path| {
        let shown = path.strip_prefix(root).unwrap_or(path).to_string_lossy();
        Problem::of_file(
            shown,
            "neither a file nor a folder: not read, so nothing is left out there by ignore rules",
        )
    }));

    let mut all = Discovered { problems, ..Discovered::default() };
    let mut seen = FxHashSet::default();
    for one in walk.found.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner) {
        match one {
            Found::File(path, size) => {
                seen.insert(path.clone());
                all.add(path, size);
            }
            Found::Stray(path, fault) => all.others.push(OtherFile { path, size: 0, fault: Some(fault) }),
            Found::Link(path, target) => all.links.push((path, target)),
            Found::Problem(problem) => all.problems.push(problem),
        }
    }
    add_tracked(root, &excluded, &seen, &mut all);
    all.python.sort_unstable();
    all.others.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    all.links.sort_unstable();
    all
}

/// What is walked, and what was found.
struct Walk<'a> {
    root: &'a Path,
    excluded: &'a Gitignore,
    top: &'a Path,
    threads: usize,
    found: Mutex<Vec<Found>>,
}

impl Walk<'_> {
    /// Walks a folder. Gives the folders in it that were left out because their ignore rules cannot be read, and what
    /// stands for the rules: without them, each can be walked by itself.
    fn below(&self, folder: &Path, has_rules: bool) -> Vec<(PathBuf, Vec<PathBuf>)> {
        let left = Arc::new(Mutex::new(Vec::new()));
        let mut builder = WalkBuilder::new(folder);
        builder.hidden(false).ignore(false).threads(self.threads).current_dir(self.top);
        builder.parents(has_rules).git_ignore(has_rules).git_exclude(has_rules);
        builder.filter_entry({
            let (root, excluded, left) = (self.root.to_owned(), self.excluded.clone(), Arc::clone(&left));
            move |entry| {
                if entry.depth() == 0 {
                    return true;
                }
                let (path, is_dir) = (entry.path(), entry.file_type().is_some_and(|kind| kind.is_dir()));
                // In another work tree, and in a submodule, `.git` is a file.
                if entry.file_name() == ".git"
                    || is_dir && is_never(path)
                    || is_excluded(&excluded, &root, path, is_dir)
                {
                    return false;
                }
                let irregular = if is_dir && has_rules { irregular_rules(path) } else { Vec::new() };
                let is_walked = irregular.is_empty();
                if !is_walked {
                    lock(&left).push((path.to_owned(), irregular));
                }
                is_walked
            }
        });
        builder.build_parallel().run(|| {
            Box::new(|entry| {
                let one = match entry {
                    Ok(entry) => look_at(self.root, &entry),
                    Err(error) => Some(Found::Problem(problem_of(self.root, &error))),
                };
                if let Some(one) = one {
                    lock(&self.found).push(one);
                }
                WalkState::Continue
            })
        });
        std::mem::take(&mut *lock(&left))
    }
}

impl Discovered {
    pub(crate) fn add(&mut self, path: String, size: u64) {
        if path.ends_with(".py") {
            self.python.push(path);
        } else {
            self.others.push(OtherFile { path, size, fault: None });
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn excludes(root: &Path, lines: &[String], problems: &mut Vec<Problem>) -> Gitignore {
    let mut builder = GitignoreBuilder::new(root);
    for line in lines {
        if let Err(error) = builder.add_line(None, line) {
            problems.push(Problem::of_file(line, format!("not a valid pattern to exclude: {error}")));
        }
    }
    builder.build().unwrap_or_else(|_| Gitignore::empty())
}

fn is_excluded(excluded: &Gitignore, root: &Path, path: &Path, is_dir: bool) -> bool {
    !excluded.is_empty()
        && path.strip_prefix(root).is_ok_and(|below| excluded.matched(below, is_dir).is_ignore())
}

/// What has the name of a file of ignore rules in a folder, and is none that can be read.
fn irregular_rules(folder: &Path) -> Vec<PathBuf> {
    let mut files = git_index::rule_files(folder);
    files.retain(|file| regular::is_irregular(file));
    files
}

/// Whether a folder is an environment, a cache or a repository's own data.
fn is_never(folder: &Path) -> bool {
    folder.file_name().and_then(|name| name.to_str()).is_some_and(|name| NEVER.contains(&name))
        || folder.join("pyvenv.cfg").is_file()
        || folder.join("conda-meta").is_dir()
}

fn look_at(root: &Path, entry: &ignore::DirEntry) -> Option<Found> {
    let kind = entry.file_type()?;
    if kind.is_dir() {
        let is_manifest = entry.file_name().to_str().is_some_and(|name| MANIFESTS.contains(&name));
        let path = relative(root, entry.path()).filter(|_| is_manifest)?;
        return Some(Found::Stray(path, "a folder, and not a file".to_owned()));
    }
    let Some(path) = relative(root, entry.path()) else {
        let shown = entry.path().strip_prefix(root).unwrap_or(entry.path());
        return Some(Found::Problem(Problem::of_file(
            shown.to_string_lossy(),
            "the file's name is not valid Unicode",
        )));
    };
    if kind.is_symlink() {
        return look_at_link(root, entry.path(), path);
    }
    if !kind.is_file() {
        // Sockets and pipes are no source, whatever they are called; one that is called so is worth a word.
        return Some(stray(path, "neither a file nor a folder: not read"));
    }
    match entry.metadata() {
        Ok(metadata) => Some(Found::File(path, metadata.len())),
        Err(error) => Some(Found::Problem(Problem::of_file(path, error.to_string()))),
    }
}

/// What cannot be read: a problem where it is called Python, and otherwise once somebody asks for it.
fn stray(path: String, message: &str) -> Found {
    match path.ends_with(".py") {
        true => Found::Problem(Problem::of_file(path, message)),
        false => Found::Stray(path, message.to_owned()),
    }
}

fn look_at_link(root: &Path, link: &Path, path: String) -> Option<Found> {
    let target = match link.canonicalize() {
        Ok(target) => target,
        // The locks of Emacs are such links, called `.#views.py`.
        Err(_) if path.rsplit('/').next().is_some_and(|name| name.starts_with(".#")) => return None,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound && !path.ends_with(".py") => {
            return Some(Found::Stray(path, format!("symbolic link that leads nowhere: {error}")));
        }
        Err(error) => {
            let message = format!("symbolic link that leads nowhere: {error}");
            return Some(Found::Problem(Problem::of_file(path, message)));
        }
    };
    if link.starts_with(&target) {
        let message = "symbolic link to a folder that it stands in";
        return Some(Found::Problem(Problem::of_file(path, message)));
    }
    if !target.starts_with(root) {
        // Uploads and caches may lie anywhere; Python source that is not read is worth a word.
        let message = "symbolic link that leads out of the project: not read";
        let is_package = target.join("__init__.py").is_file();
        return Some(match is_package {
            true => Found::Problem(Problem::of_file(path, message)),
            false => stray(path, message),
        });
    }
    Some(Found::Link(path, relative(root, &target)?))
}

fn problem_of(root: &Path, error: &ignore::Error) -> Problem {
    fn path_of(error: &ignore::Error) -> Option<&Path> {
        match error {
            ignore::Error::WithPath { path, .. } => Some(path),
            ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => path_of(err),
            ignore::Error::Loop { child, .. } => Some(child),
            _ => None,
        }
    }
    let path = path_of(error).map(|path| path.strip_prefix(root).unwrap_or(path));
    let shown = path.map(|path| path.to_string_lossy()).unwrap_or_default();
    let message = match error.io_error() {
        Some(io) => io.to_string(),
        None => error.to_string(),
    };
    Problem::of_file(shown, message)
}

/// A path below the root, with `/`; nothing for the root itself and for a path that is no Unicode.
pub(crate) fn relative(root: &Path, path: &Path) -> Option<String> {
    let below = path.strip_prefix(root).ok()?;
    let mut joined = String::new();
    for component in below.components() {
        let Component::Normal(name) = component else {
            return None;
        };
        if !joined.is_empty() {
            joined.push('/');
        }
        joined.push_str(name.to_str()?);
    }
    (!joined.is_empty()).then_some(joined)
}

/// Adds what is tracked though an ignore rule names it.
fn add_tracked(root: &Path, excluded: &Gitignore, seen: &FxHashSet<String>, all: &mut Discovered) {
    let Some((top, tracked)) = git_index::tracked(root) else {
        return;
    };
    let prefix = match relative(&top, root) {
        Some(prefix) => format!("{prefix}/"),
        None if top == root => String::new(),
        None => return,
    };
    let mut never: FxHashMap<PathBuf, bool> = FxHashMap::default();
    for path in tracked {
        let Some(path) = path.strip_prefix(&prefix) else {
            continue;
        };
        if seen.contains(path) {
            continue;
        }
        let full = root.join(path);
        let left_out =
            full.ancestors().skip(1).take_while(|folder| *folder != root).any(|folder| {
                match never.get(folder) {
                    Some(&is) => is,
                    None => {
                        let is = is_never(folder) || folder.is_symlink();
                        never.insert(folder.to_owned(), is);
                        is
                    }
                }
            }) || excluded.matched_path_or_any_parents(path, false).is_ignore();
        if left_out {
            continue;
        }
        // A tracked file that is gone from the work tree is no problem of the project.
        if let Ok(metadata) = full.symlink_metadata()
            && metadata.is_file()
        {
            all.add(path.to_owned(), metadata.len());
        }
    }
}
