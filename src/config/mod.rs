//! What the user decided, and where: `[tool.tuneup]` in pyproject.toml, tuneup.toml, `--config` and options.
//!
//! The nearest configuration at or above the project counts, and an option counts more than it.

mod file;
mod show;

use std::fmt;
use std::path::{Path, PathBuf};

use tuneup_django::IndexStyle;

use crate::analysis::rule;
use crate::arguments::ProjectArguments;
use crate::failure::Failure;
use crate::write::folder;

pub(crate) use file::{nearest, style};
pub(crate) use show::show;

/// Where a value came from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Origin {
    /// Nobody said otherwise.
    #[default]
    Default,
    /// A line of a configuration file.
    File(PathBuf, usize),
    /// `--config`
    Override,
    /// An option of the command line, by its name.
    Option(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::File(path, line) => write!(f, "{}:{line}", path.display()),
            Self::Override => f.write_str("--config"),
            Self::Option(name) => write!(f, "--{name}"),
        }
    }
}

/// A value and where it came from.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sourced<T> {
    /// The value.
    pub(crate) value: T,
    /// Where it came from.
    pub(crate) origin: Origin,
}

impl<T> Sourced<T> {
    fn set(&mut self, value: T, origin: Origin) {
        *self = Self { value, origin };
    }
}

/// What the user decided.
#[derive(Clone, Debug, Default)]
pub(crate) struct Config {
    /// The folder of the configuration file, which its patterns are relative to.
    pub(crate) home: PathBuf,
    /// A pyproject.toml with a section for this program that is not read, as a tuneup.toml is beside it.
    pub(crate) passed_over: Option<PathBuf>,
    /// Only these rules; all where empty.
    pub(crate) select: Sourced<Vec<String>>,
    /// Not these rules.
    pub(crate) ignore: Sourced<Vec<String>>,
    /// Paths to leave out, as in a `.gitignore`.
    pub(crate) exclude: Sourced<Vec<String>>,
    /// By pattern, rules that propose nothing in the files that it fits.
    pub(crate) per_file_ignores: Sourced<Vec<(String, Vec<String>)>>,
    /// Django's version, where the project does not say it.
    pub(crate) django_version: Sourced<Option<String>>,
    /// The module of the production settings, where it is not the one that the deployment names.
    pub(crate) settings: Sourced<Option<String>>,
    /// An interpreter or virtual environment whose packages may be read.
    pub(crate) python: Sourced<Option<PathBuf>>,
    /// Whether indexes are made while the database goes on writing, where every database can.
    pub(crate) concurrent_indexes: Sourced<bool>,
    /// Where an index of one column is declared.
    pub(crate) index_style: Sourced<IndexStyle>,
    /// Whether unsafe changes are written too.
    pub(crate) with_unsafe: Sourced<bool>,
    /// Where lines that are written are broken, where not as the formatter's configuration says.
    pub(crate) line_length: Sourced<Option<u16>>,
}

impl Config {
    /// What counts for a command.
    pub(crate) fn resolve(arguments: &ProjectArguments) -> Result<Self, Failure> {
        let root = folder(&arguments.path);
        let mut config = Self { home: root.clone(), ..Self::default() };
        if !arguments.isolated
            && let Some((path, text)) = file::find(&root)?
        {
            config.passed_over = file::passed_over(&path);
            if let Some(home) = path.parent() {
                config.home = home.to_owned();
            }
            file::read(&mut config, &path, &text)?;
        }
        for text in &arguments.config {
            file::read_override(&mut config, text)?;
        }
        config.take_options(arguments);
        config.check_rules()?;
        Ok(config)
    }

    fn take_options(&mut self, arguments: &ProjectArguments) {
        if !arguments.select.is_empty() {
            self.select.set(arguments.select.clone(), Origin::Option("select"));
        }
        if !arguments.ignore.is_empty() {
            self.ignore.set(arguments.ignore.clone(), Origin::Option("ignore"));
        }
        if !arguments.exclude.is_empty() {
            self.exclude.set(arguments.exclude.clone(), Origin::Option("exclude"));
        }
        if let Some(python) = &arguments.python {
            self.python.set(Some(python.clone()), Origin::Option("python"));
        }
        if let Some(version) = &arguments.django {
            self.django_version.set(Some(version.clone()), Origin::Option("django"));
        }
        if let Some(module) = &arguments.settings {
            self.settings.set(Some(module.clone()), Origin::Option("settings"));
        }
        if arguments.concurrently {
            self.concurrent_indexes.set(true, Origin::Option("concurrently"));
        }
    }

    fn check_rules(&self) -> Result<(), Failure> {
        let in_files =
            self.per_file_ignores.value.iter().map(|(_, rules)| (rules, &self.per_file_ignores.origin));
        let lists = [(&self.select.value, &self.select.origin), (&self.ignore.value, &self.ignore.origin)];
        for (rules, origin) in lists.into_iter().chain(in_files) {
            for name in rules {
                rule(name).map_err(|failure| match origin {
                    Origin::Option(_) => failure,
                    _ => Failure::new(format!("{origin}: {failure}")),
                })?;
            }
        }
        Ok(())
    }

    /// Whether a rule is asked.
    pub(crate) fn is_selected(&self, name: &str) -> bool {
        let has = |list: &[String]| list.iter().any(|rule| rule == name);
        (self.select.value.is_empty() || has(&self.select.value)) && !has(&self.ignore.value)
    }

    /// Whether every rule is asked.
    pub(crate) fn asks_all(&self) -> bool {
        self.select.value.is_empty() && self.ignore.value.is_empty()
    }

    /// The patterns of `exclude` as seen from a root, which may lie below the configuration.
    pub(crate) fn exclude_from(&self, root: &Path) -> Vec<String> {
        let is_option = matches!(self.exclude.origin, Origin::Option(_));
        let below = |home: &Path| {
            root.canonicalize().ok()?.strip_prefix(home.canonicalize().ok()?).ok().map(Path::to_owned)
        };
        let prefix = match below(&self.home) {
            Some(path) if !is_option && !path.as_os_str().is_empty() => {
                format!("{}/", path.to_string_lossy().replace('\\', "/"))
            }
            _ => return self.exclude.value.clone(),
        };
        let seen = |pattern: &String| {
            let bare = pattern.strip_prefix('/').unwrap_or(pattern);
            let is_anchored = pattern.starts_with('/') || bare.trim_end_matches('/').contains('/');
            if !is_anchored || bare.starts_with("**/") {
                return Some(pattern.clone());
            }
            bare.strip_prefix(&prefix).map(|rest| format!("/{rest}"))
        };
        self.exclude.value.iter().filter_map(seen).collect()
    }

    /// Whether `per-file-ignores` silences a rule in a file, by the file's place on the disk.
    pub(crate) fn is_ignored_in(&self, path: &Path, rule: &str) -> bool {
        self.per_file_ignores
            .value
            .iter()
            .any(|(pattern, rules)| rules.iter().any(|name| name == rule) && fits(&self.home, pattern, path))
    }
}

/// Whether a pattern of a `.gitignore` in `home` fits a file or a folder above it.
fn fits(home: &Path, pattern: &str, path: &Path) -> bool {
    let home = home.canonicalize().unwrap_or_else(|_| home.to_owned());
    let mut builder = ignore::gitignore::GitignoreBuilder::new(&home);
    if builder.add_line(None, pattern).is_err() {
        return false;
    }
    let Ok(relative) = path.strip_prefix(&home) else { return false };
    builder.build().is_ok_and(|patterns| patterns.matched_path_or_any_parents(relative, false).is_ignore())
}
