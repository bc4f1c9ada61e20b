//! Where the migrations of an app are.

use std::path::Path;

use tuneup_python::flow::ExprKind;
use tuneup_python::source::regular;
use tuneup_python::{FileId, ModuleRef, Project};

use super::graph;
use super::read::Migration;
use crate::apps::{App, folder_of, literals};
use crate::project::is_aside;

/// Where the migrations of an app are.
pub(super) enum Folder {
    /// In a folder of the project.
    At { path: String, module: String },
    /// The app has none.
    None,
    /// In a module that is not the project's own.
    Elsewhere(String),
}

/// What `MIGRATION_MODULES` says of an app: its module, or that it has none.
pub(super) type Modules = Vec<(&'static str, Option<&'static str>)>;

/// `MIGRATION_MODULES` of the settings, but those of tests, which turn migrations off.
pub(super) fn modules(project: &Project) -> Modules {
    let mut found = Vec::new();
    for file in project.file_ids() {
        let path = &project.file(file).path;
        if is_aside(path) || path.to_lowercase().contains("test") {
            continue;
        }
        let facts = project.facts(file);
        for binding in facts.bindings(facts.module_bindings) {
            let Some(value) = binding.value.filter(|_| binding.name == "MIGRATION_MODULES") else { continue };
            let (file, value) = literals::resolved(project, file, value);
            let facts = project.facts(file);
            let ExprKind::Dict(run) = facts.kind(value) else { continue };
            for pair in facts.list(run).chunks_exact(2) {
                let Some(label) = literals::text(project, file, pair[0]) else { continue };
                let module = literals::text(project, file, pair[1]);
                if module.is_some() || facts.kind(pair[1]) == ExprKind::None {
                    found.push((label, module));
                }
            }
        }
    }
    found
}

/// Where the migrations of an app are.
pub(super) fn of_app(project: &Project, app: &App, modules: &Modules) -> Folder {
    let path = match app.folder.as_str() {
        "" => "migrations".to_owned(),
        folder => format!("{folder}/migrations"),
    };
    // Of a project with several settings, some turn off what others migrate.
    let is_migrated = || !files(project, &path).is_empty();
    let of_settings = modules.iter().rev().filter(|(label, _)| app.label == *label);
    if let Some((_, module)) = of_settings.max_by_key(|(_, module)| module.is_some())
        && (module.is_some() || !is_migrated())
    {
        let Some(module) = module else { return Folder::None };
        return match project.module(module) {
            Some(ModuleRef::File(file)) if !project.file(file).is_third_party => Folder::At {
                path: folder_of(&project.file(file).path).to_owned(),
                module: (*module).to_owned(),
            },
            _ => Folder::Elsewhere((*module).to_owned()),
        };
    }
    match project.file_at(&format!("{path}/__init__.py")) {
        Some(_) => Folder::At { path, module: format!("{}.migrations", app.name) },
        None => Folder::None,
    }
}

/// The migration files of a folder, by name: what Django tries to load.
pub(super) fn files(project: &Project, folder: &str) -> Vec<(String, FileId)> {
    let mut found = Vec::new();
    for file in project.file_ids() {
        let Some(name) = project.file(file).path.strip_prefix(folder).and_then(|rest| rest.strip_prefix('/'))
        else {
            continue;
        };
        let Some(name) = name.strip_suffix(".py").filter(|name| !name.contains('/')) else { continue };
        if !name.starts_with(['_', '~']) {
            found.push((name.to_owned(), file));
        }
    }
    found.sort();
    found
}

/// The last migrations of Django's own apps, which have been the same since Django 3.2.
const OF_DJANGO: &[(&str, &str)] = &[
    ("admin", "0003_logentry_add_action_flag_choices"),
    ("auth", "0012_alter_user_first_name_max_length"),
    ("contenttypes", "0002_remove_content_type_name"),
    ("flatpages", "0001_initial"),
    ("redirects", "0002_alter_redirect_new_path_help_text"),
    ("sessions", "0001_initial"),
    ("sites", "0002_alter_domain_unique"),
];

/// The last migration of an app of another package: Django's own, or one that is installed beside the project.
pub(super) fn last_of_package(project: &Project, installed: &[&'static str], label: &str) -> Option<String> {
    if let Some((_, name)) = OF_DJANGO.iter().find(|(known, _)| *known == label) {
        return Some((*name).to_owned());
    }
    let app = installed.iter().find(|app| app.rsplit('.').next() == Some(label))?;
    let sites = project.site_packages().iter();
    let folder = sites.map(|site| site.join(app.replace('.', "/"))).find(|folder| folder.is_dir())?;
    let folder = folder.join("migrations");
    if !folder.join("__init__.py").is_file() {
        return Some("__first__".to_owned());
    }
    let migrations = read_folder(&folder)?;
    let order = graph::order(label, &migrations).ok()?;
    Some(migrations[*order.last()?].name.clone())
}

fn read_folder(folder: &Path) -> Option<Vec<Migration>> {
    let entries = std::fs::read_dir(folder).ok()?;
    let mut names: Vec<String> =
        entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    names.sort();
    let mut found = Vec::new();
    for file in names {
        let Some(name) = file.strip_suffix(".py").filter(|name| !name.starts_with(['_', '~'])) else {
            continue;
        };
        let text = regular::read_to_string(&folder.join(&file)).ok()?;
        found.push(Migration::read(name, &file, name, &text).ok()?);
    }
    Some(found)
}
