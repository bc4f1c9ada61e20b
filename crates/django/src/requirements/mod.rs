//! Where a project declares the packages it runs with: which file, in which form, and what becomes stale with it.
//!
//! [`Requirements::find`] reads every file that declares packages. [`Requirements::home`] is the one that a further
//! package belongs to: that which declares Django itself, or the file for production that builds on it.

pub mod lines;
pub mod requirement;
pub mod setup;
pub mod tables;

use std::collections::BTreeMap;

use tuneup_python::Project;

use crate::version::files::{file_name, included, is_aside, is_requirements, joined};
use lines::Compiled;
pub use requirement::{Entry, normalised};

/// Files of requirements are short; what is larger is none.
const LARGEST: usize = 1024 * 1024;

/// The form of a declaration, which decides how one more is written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Form {
    /// `requirements.txt` and its like, a requirement to a line.
    Lines,
    /// An array of TOML under these keys: `project.dependencies`, a dependency group.
    Array(Vec<String>),
    /// A table of TOML whose keys are packages: Poetry's, a `Pipfile`.
    Table(Vec<String>),
    /// `install_requires` of a `setup.cfg`.
    SetupCfg,
    /// The list that a `setup.py` gives as `install_requires`.
    SetupPy,
}

/// A place that declares packages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The file, from the project's root.
    pub path: String,
    /// Its form.
    pub form: Form,
    /// What it declares, in order.
    pub entries: Vec<Entry>,
    /// Whether it is for development, tests or documents.
    pub is_aside: bool,
    /// Who made it of other files.
    pub compiled: Option<Compiled>,
    /// The files that it includes or is held to, of those of the project.
    pub includes: Vec<String>,
}

/// A file that is no longer what its sources say, once these change.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stale {
    /// The file.
    pub path: String,
    /// The command that makes it anew.
    pub command: String,
}

/// Who needs a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needed {
    /// All who run the project, because settings that all share name it.
    Everywhere,
    /// Production alone.
    InProduction,
}

/// Where a project declares its packages.
#[derive(Clone, Debug, Default)]
pub struct Requirements {
    /// Every place, sorted by path.
    pub sources: Vec<Source>,
    locks: Vec<String>,
}

impl Requirements {
    /// Reads the files of a project.
    pub fn find(project: &Project) -> Self {
        let mut sources = Vec::new();
        let mut locks = Vec::new();
        let mut wanted: Vec<String> = Vec::new();
        for other in project.others() {
            let name = file_name(&other.path);
            if lock_command(name).is_some() {
                locks.push(other.path.clone());
            } else if matches!(name, "pyproject.toml" | "Pipfile" | "setup.cfg")
                || is_requirements(&other.path)
            {
                wanted.push(other.path.clone());
            }
        }
        let mut at = 0;
        while at < wanted.len() {
            let path = wanted[at].clone();
            at += 1;
            let Ok(source) = project.read_unicode(&path) else { continue };
            let text = source.text();
            if text.len() > LARGEST {
                continue;
            }
            let found = of_file(&path, text);
            for include in found.iter().flat_map(|source| &source.includes) {
                if !wanted.contains(include) && project.others().iter().any(|other| other.path == *include) {
                    wanted.push(include.clone());
                }
            }
            sources.extend(found);
        }
        for file in project.file_ids() {
            let path = &project.file(file).path;
            if file_name(path) == "setup.py"
                && let Some(entries) = setup::of_py(project.facts(file))
            {
                sources.push(Source {
                    path: path.clone(),
                    form: Form::SetupPy,
                    entries,
                    is_aside: is_aside(path),
                    compiled: None,
                    includes: Vec::new(),
                });
            }
        }
        sources.sort_by(|a, b| (&a.path, &a.form).cmp(&(&b.path, &b.form)));
        locks.sort();
        Self { sources, locks }
    }

    /// Where a package is declared for production, in a file that people write.
    pub fn declared(&self, package: &str) -> Option<(&Source, &Entry)> {
        let name = normalised(package);
        let places = self.sources.iter().filter(|source| !source.is_aside && source.compiled.is_none());
        places
            .filter_map(|source| Some((source, source.entry(&name)?)))
            .min_by_key(|(source, _)| rank(source))
    }

    /// Whether any file declares it, those that are compiled or for tests as well.
    pub fn mentions(&self, package: &str) -> bool {
        let name = normalised(package);
        self.sources.iter().any(|source| source.entry(&name).is_some())
    }

    /// The place where one more package belongs, for a project whose settings are in the file at `settings`. Nothing
    /// where no file of the project that people write declares Django.
    pub fn home(&self, settings: &str, needed: Needed) -> Option<&Source> {
        let by_people = |source: &&Source| !source.is_aside && source.compiled.is_none();
        let home = self
            .sources
            .iter()
            .filter(by_people)
            .filter(|source| source.entry("django").is_some())
            .min_by_key(|source| {
                let folder = folder_of(&source.path);
                // `requirements/base.txt` stands beside the folder of the code.
                let parent = match source.form {
                    Form::Lines if file_name(folder).contains("require") => folder_of(folder),
                    _ => folder,
                };
                let is_apart = !parent.is_empty() && !settings.starts_with(&format!("{parent}/"));
                (is_apart, !self.is_locked(source), rank(source), std::cmp::Reverse(parent.len()))
            })?;
        match needed {
            Needed::Everywhere => Some(home),
            Needed::InProduction => Some(self.for_production(home)),
        }
    }

    /// Of a split set, the part that production alone installs.
    fn for_production<'s>(&'s self, home: &'s Source) -> &'s Source {
        let part = |source: &&Source| {
            source.compiled.is_none()
                && source != &home
                && match (&source.form, &home.form) {
                    (Form::Lines, Form::Lines) => {
                        is_of_production(file_name(&source.path)) && self.reaches(source, &home.path)
                    }
                    (Form::Array(keys), Form::Array(_)) => {
                        source.path == home.path && keys.last().is_some_and(|name| is_of_production(name))
                    }
                    (Form::Table(keys), Form::Table(_)) => {
                        source.path == home.path
                            && keys.iter().rev().nth(1).is_some_and(|name| is_of_production(name))
                    }
                    _ => false,
                }
        };
        self.sources.iter().find(part).unwrap_or(home)
    }

    /// Whether a file includes another, also over others.
    fn reaches(&self, source: &Source, path: &str) -> bool {
        let mut open = vec![source];
        let mut seen: Vec<&str> = Vec::new();
        while let Some(source) = open.pop() {
            if seen.contains(&source.path.as_str()) {
                continue;
            }
            seen.push(&source.path);
            if source.includes.iter().any(|include| include == path) {
                return true;
            }
            open.extend(self.sources.iter().filter(|other| source.includes.contains(&other.path)));
        }
        false
    }

    fn is_locked(&self, source: &Source) -> bool {
        !self.stale_after(source).is_empty()
    }

    /// What is stale once a source has changed.
    pub fn stale_after(&self, source: &Source) -> Vec<Stale> {
        let mut found: BTreeMap<String, String> = BTreeMap::new();
        let folder = folder_of(&source.path);
        for lock in &self.locks {
            let above = folder_of(lock);
            let is_above = above.is_empty() || folder == above || folder.starts_with(&format!("{above}/"));
            let suits = match file_name(lock) {
                "Pipfile.lock" => file_name(&source.path) == "Pipfile" && folder == above,
                "poetry.lock" | "pdm.lock" => file_name(&source.path) == "pyproject.toml" && folder == above,
                _ => file_name(&source.path) == "pyproject.toml" && is_above,
            };
            if let Some(command) = lock_command(file_name(lock))
                && suits
            {
                found.insert(lock.clone(), command.to_owned());
            }
        }
        for other in &self.sources {
            let Some(compiled) = &other.compiled else { continue };
            if !self.made_of(other, compiled).iter().any(|path| {
                *path == source.path
                    || self.sources.iter().any(|made| made.path == *path && self.reaches(made, &source.path))
            }) {
                continue;
            }
            let command = compiled.command.clone().unwrap_or_else(|| format!("pip-compile {}", source.path));
            found.insert(other.path.clone(), command);
        }
        found.into_iter().map(|(path, command)| Stale { path, command }).collect()
    }

    /// The files of the project that a compiled file is made of. A header names them from the folder of the command,
    /// which is the root or the file's own.
    fn made_of(&self, file: &Source, compiled: &Compiled) -> Vec<String> {
        let folder = folder_of(&file.path);
        let is_known = |path: &String| self.sources.iter().any(|source| source.path == *path);
        let mut found: Vec<String> = compiled
            .sources
            .iter()
            .filter_map(|name| {
                let name = name.trim_start_matches("./");
                let near = joined(folder, name).filter(is_known);
                near.or_else(|| Some(name.to_owned()).filter(is_known))
            })
            .filter(|path| *path != file.path)
            .collect();
        if found.is_empty()
            && let Some((stem, _)) = file.path.rsplit_once('.')
        {
            found.extend(Some(format!("{stem}.in")).filter(is_known));
        }
        found
    }
}

impl Source {
    /// What it says of a package.
    pub fn entry(&self, name: &str) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.name == name)
    }

    /// Whether hashes hold its packages to certain files, so that one without a hash breaks the installation.
    pub fn is_hashed(&self) -> bool {
        self.entries.iter().any(|entry| entry.is_hashed)
    }
}

/// The places of one file; setup.py aside.
fn of_file(path: &str, text: &str) -> Vec<Source> {
    let source = |form: Form, entries: Vec<Entry>, is_aside: bool| Source {
        path: path.to_owned(),
        form,
        entries,
        is_aside,
        compiled: None,
        includes: Vec::new(),
    };
    let name = file_name(path);
    match name {
        "pyproject.toml" | "Pipfile" => tables::places(name, text)
            .into_iter()
            .filter_map(|(keys, is_table)| {
                let entries =
                    if is_table { tables::of_table(text, &keys) } else { tables::of_array(text, &keys) }?;
                // The name of a group says whom it is for.
                let is_group = !matches!(keys.last().map(String::as_str), Some("dependencies" | "packages"))
                    || keys.len() > 3;
                let aside = is_aside(path) || is_group && !keys.iter().any(|key| is_of_production(key));
                let form = if is_table { Form::Table(keys) } else { Form::Array(keys) };
                Some(source(form, entries, aside))
            })
            .collect(),
        "setup.cfg" => setup::of_cfg(text)
            .map(|entries| source(Form::SetupCfg, entries, is_aside(path)))
            .into_iter()
            .collect(),
        _ => {
            let mut found = source(Form::Lines, lines::entries(text), is_aside(path));
            found.compiled = lines::compiled(text);
            found.includes = included(path, text);
            vec![found]
        }
    }
}

/// Of the places that declare Django, the surest first: what tools resolve, then what people install.
fn rank(source: &Source) -> usize {
    match &source.form {
        Form::Lines if source.path.ends_with(".in") => 0,
        Form::Table(_) => 1,
        Form::Lines => 2,
        Form::Array(keys) if keys.first().is_some_and(|key| key == "project") && keys.len() == 2 => 3,
        Form::Array(_) => 4,
        Form::SetupCfg => 5,
        Form::SetupPy => 6,
    }
}

fn lock_command(name: &str) -> Option<&'static str> {
    Some(match name {
        "uv.lock" => "uv lock",
        "poetry.lock" => "poetry lock",
        "pdm.lock" => "pdm lock",
        "Pipfile.lock" => "pipenv lock",
        _ => return None,
    })
}

fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn is_of_production(name: &str) -> bool {
    let words = ["prod", "production", "deploy", "deployment", "live", "heroku", "server"];
    name.to_lowercase().split(|char: char| !char.is_alphanumeric()).any(|part| words.contains(&part))
}
