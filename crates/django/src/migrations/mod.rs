//! The migrations of a project's apps: their files, their order, and what Django remembers of models when all are
//! applied.
//!
//! An app's files are read when they are first asked for. Of other packages' apps only the last migration matters.

mod arguments;
mod compare;
pub mod concurrent;
mod folders;
mod functions;
mod graph;
pub mod names;
mod operations;
mod read;
mod state;
mod value;

use std::sync::OnceLock;

use tuneup_python::Symbol;

pub use operations::Operation;
pub use read::Migration;
pub use state::{AppState, IndexState, ModelState, SqlIndex, index};
pub use value::{Call, Name, Value, repr};

use crate::apps::Apps;
use folders::Folder;

/// The migrations of a project.
pub struct Migrations {
    apps: Vec<Entry>,
    installed: Vec<&'static str>,
}

struct Entry {
    label: Symbol,
    is_installed: bool,
    folder: Folder,
    read: OnceLock<Result<AppMigrations, String>>,
}

/// The migrations of one app.
#[derive(Clone, Debug)]
pub struct AppMigrations {
    /// The app's label.
    pub label: Symbol,
    /// The folder of its migrations, from the root.
    pub folder: String,
    /// The migration that no other of the app comes behind.
    pub leaf: String,
    /// Its file, whose style new ones follow.
    pub newest: String,
    /// The version in its header, where it has one: `5.2.1`.
    pub header: Option<String>,
    /// What Django remembers of its models.
    pub state: AppState,
}

impl Migrations {
    /// Finds where the migrations of each app are.
    pub(crate) fn find(project: &tuneup_python::Project, apps: &Apps) -> Self {
        let modules = folders::modules(project);
        let entry = |app: &crate::apps::App| Entry {
            label: app.label,
            is_installed: app.is_installed,
            folder: folders::of_app(project, app, &modules),
            read: OnceLock::new(),
        };
        Self { apps: apps.all().iter().map(entry).collect(), installed: apps.installed().to_vec() }
    }

    /// The migrations of an app, by its label. An error, for a person, where they cannot be told or Django would refuse
    /// them.
    pub fn of(&self, project: &tuneup_python::Project, label: &str) -> Result<&AppMigrations, String> {
        let found: Vec<&Entry> = self.apps.iter().filter(|entry| entry.label == label).collect();
        // A package of that name that the settings do not name is no app.
        let installed: Vec<&Entry> = found.iter().copied().filter(|entry| entry.is_installed).collect();
        let entry = match (installed.as_slice(), found.as_slice()) {
            ([one], _) | ([], [one]) => *one,
            ([], []) => return Err(format!("there is no app {label}")),
            _ => return Err(format!("there are several apps {label}")),
        };
        let read = entry.read.get_or_init(|| read_app(project, entry.label, &entry.folder));
        read.as_ref().map_err(Clone::clone)
    }

    /// The labels of the project's apps, in the order of `INSTALLED_APPS`.
    pub fn labels(&self) -> impl Iterator<Item = Symbol> {
        self.apps.iter().map(|entry| entry.label)
    }

    /// What `INSTALLED_APPS` names, packages' apps and the project's own.
    pub fn installed(&self) -> &[&'static str] {
        &self.installed
    }

    /// The migration that one of another app has to depend on, to come behind all of this app: its last one, or
    /// `__first__` where it has none. None where that cannot be told.
    pub fn last_of(&self, project: &tuneup_python::Project, label: &str) -> Option<String> {
        let entries = || self.apps.iter().filter(|entry| entry.label == label);
        if let Some(entry) = entries().find(|entry| entry.is_installed).or_else(|| entries().next()) {
            return match &entry.folder {
                Folder::None => Some("__first__".to_owned()),
                _ => self.of(project, label).ok().map(|app| app.leaf.clone()),
            };
        }
        folders::last_of_package(project, &self.installed, label)
    }
}

fn read_app(
    project: &tuneup_python::Project,
    label: Symbol,
    folder: &Folder,
) -> Result<AppMigrations, String> {
    let (folder, module) = match folder {
        Folder::At { path, module } => (path, module),
        Folder::None => {
            return Err(format!("app {label} has no migrations; run `makemigrations {label}` first"));
        }
        Folder::Elsewhere(module) => {
            return Err(format!("the migrations of {label} are in {module}, which is not read"));
        }
    };
    let mut migrations = Vec::new();
    for (name, file) in folders::files(project, folder) {
        let path = project.path(file);
        let source = project.source(file).map_err(|problem| format!("{path}: {}", problem.message))?;
        migrations.push(Migration::read(&name, path, &format!("{module}.{name}"), source.text())?);
    }
    if migrations.is_empty() {
        return Err(format!("app {label} has no migrations; run `makemigrations {label}` first"));
    }
    let order = graph::order(label.as_str(), &migrations)?;
    let mut state = AppState::default();
    for &at in &order {
        let migration = &mut migrations[at];
        // What they did is in the state from here on.
        for operation in std::mem::take(&mut migration.operations) {
            state.apply(operation).map_err(|reason| format!("{} has {reason}", migration.path))?;
        }
    }
    let last = order.last().map(|&at| &migrations[at]).ok_or("no migration counts")?;
    Ok(AppMigrations {
        label,
        folder: folder.clone(),
        leaf: last.name.clone(),
        newest: last.path.clone(),
        header: last.header.clone(),
        state,
    })
}
