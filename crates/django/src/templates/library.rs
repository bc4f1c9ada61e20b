//! Which file a template's name means, and which functions are its tags and filters.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use rayon::prelude::*;
use rustc_hash::FxHashMap;
use tuneup_python::flow::FileFacts;
use tuneup_python::{Depth, Entity, FileId, FunctionRef, ModuleRef, Project, Symbol};

use super::registered::{Registered, Tag};
use super::texts::Text;
use crate::project::depth;
use crate::settings::Settings;

/// Folders below which templates lie, by convention and by `APP_DIRS`.
const FOLDERS: &[&str] = &["templates", "jinja2"];

/// How the names of templates end.
const ENDINGS: &[&str] = &[".html", ".txt", ".xml", ".jinja", ".jinja2", ".j2"];

/// A project's templates and what they may call.
pub struct Templates {
    by_name: BTreeMap<String, Vec<FileId>>,
    /// Files by every end of their paths.
    by_end: FxHashMap<String, Vec<FileId>>,
    facts: FxHashMap<FileId, OnceLock<FileFacts>>,
    /// The templates that stand in Python files, in the order of their numbers.
    texts: Vec<Text>,
    /// Their numbers.
    by_text: FxHashMap<Symbol, FileId>,
    /// How many files there are beside them.
    files: usize,
    registered: Registered,
    /// The functions that put variables into every context of a request.
    processors: Vec<FunctionRef>,
    /// Whether no others but Django's own do.
    has_all_processors: bool,
    /// Folders whose templates are Jinja2's.
    jinja: Vec<String>,
}

impl Templates {
    /// Finds the templates of a project and the tags that it registers.
    pub(crate) fn find(project: &Project, settings: &Settings, texts: Vec<Text>) -> Self {
        let mut by_name: BTreeMap<String, Vec<FileId>> = BTreeMap::new();
        let mut by_end: FxHashMap<String, Vec<FileId>> = FxHashMap::default();
        let mut facts = FxHashMap::default();
        for (n, other) in project.others().iter().enumerate() {
            let Ok(n) = u32::try_from(n) else { break };
            let file = FileId::other(n);
            let is_markup = ENDINGS.iter().any(|end| other.path.ends_with(end));
            let mut found = is_markup;
            if is_markup {
                for (at, _) in other.path.match_indices('/') {
                    by_end.entry(other.path[at + 1..].to_owned()).or_default().push(file);
                }
            }
            for folder in FOLDERS {
                for name in names_below(&other.path, folder) {
                    by_name.entry(name.to_owned()).or_default().push(file);
                    found = true;
                }
            }
            if found {
                facts.insert(file, OnceLock::new());
            }
        }
        let files = project.others().len();
        let mut by_text = FxHashMap::default();
        for (n, text) in texts.iter().enumerate() {
            let Ok(n) = u32::try_from(files + n) else { break };
            by_text.insert(text.text, FileId::other(n));
            facts.insert(FileId::other(n), OnceLock::new());
        }
        // A project's own folder of templates stands before those of its apps: the shorter path is nearer the root.
        for files in by_name.values_mut() {
            files.sort_by_key(|&file| {
                (project.path(file).matches('/').count(), project.path(file).to_owned())
            });
        }
        let mut this = Self {
            by_name,
            by_end,
            facts,
            texts,
            by_text,
            files,
            registered: Registered::default(),
            processors: Vec::new(),
            has_all_processors: false,
            jinja: Vec::new(),
        };
        let (mut has_any, mut has_all) = (false, true);
        for engine in settings.templates() {
            let backend = engine.under("BACKEND").into_iter().filter_map(|node| node.as_str());
            if backend.into_iter().any(|name| name.to_lowercase().contains("jinja")) {
                let folders = engine.under("DIRS").into_iter().flat_map(|node| node.texts());
                this.jinja.extend(folders.map(|folder| format!("{}/", folder.trim_end_matches('/'))));
            }
            for options in engine.under("OPTIONS") {
                for dotted in options.under("context_processors").into_iter().flat_map(|node| node.texts()) {
                    let own = function_named(project, dotted);
                    has_all &= own.is_some() || dotted.starts_with("django.");
                    has_any = true;
                    this.processors.extend(own);
                }
            }
        }
        this.has_all_processors = has_any && has_all;
        let mut has_jinja = !this.jinja.is_empty();
        has_jinja |= this.by_name.values().flatten().any(|&file| this.is_jinja(project.path(file)));
        for file in project.file_ids() {
            let is_library = project.path(file).contains("templatetags/");
            if is_library {
                this.registered.find_tags(project, file);
            }
            if has_jinja && (is_library || may_make_environment(project, file)) {
                this.registered.find_environment(project, file);
            }
        }
        this
    }

    /// The file of a template.
    pub fn named(&self, name: &str) -> Option<FileId> {
        self.all_named(name).first().copied()
    }

    /// The files of a template, where a site's folder and an app each have one: which of them is shown depends on
    /// the settings of the day.
    pub fn all_named(&self, name: &str) -> &[FileId] {
        if let Some(files) = self.by_name.get(name) {
            return files;
        }
        // A folder of another name that the settings' `DIRS` hold.
        match self.by_end.get(name) {
            Some(files) if files.len() == 1 && name.contains('/') => files,
            _ => &[],
        }
    }

    /// The template that a text of a Python file is.
    pub(crate) fn of_text(&self, text: Symbol) -> Option<FileId> {
        self.by_text.get(&text).copied()
    }

    /// The value flow of a template.
    pub fn facts(&self, project: &Project, file: FileId) -> Option<&FileFacts> {
        let facts = self.facts.get(&file)?;
        if let Some(text) = file.as_other().and_then(|n| self.texts.get(n.checked_sub(self.files)?)) {
            return Some(facts.get_or_init(|| text.facts(project)));
        }
        Some(facts.get_or_init(|| match project.read_unicode(project.path(file)) {
            Ok(source) if self.is_jinja(project.path(file)) => super::jinja::lower(source.text()),
            Ok(source) => super::lower(source.text()),
            Err(_) => super::lower(""),
        }))
    }

    /// Has the project tell of the templates that nothing has asked for and that cannot be read. What lies beside
    /// templates and is not called one, an image, is none.
    pub(crate) fn check_rest(&self, project: &Project) {
        let is_below = |path: &str| FOLDERS.iter().any(|folder| names_below(path, folder).next().is_some());
        let is_folder = |path: &str| FOLDERS.contains(&path.rsplit('/').next().unwrap_or(path));
        project.others().par_iter().enumerate().for_each(|(n, other)| {
            let path = other.path.as_str();
            let is_template = ENDINGS.iter().any(|end| path.ends_with(end)) && is_below(path);
            if !(is_template || !other.is_file() && is_folder(path)) {
                return;
            }
            let asked = u32::try_from(n).ok().and_then(|n| self.facts.get(&FileId::other(n)));
            if asked.is_none_or(|facts| facts.get().is_none()) {
                // What comes of it is told by the project.
                let _ = project.read_unicode(path);
            }
        });
    }

    /// The project's tags of a name; several apps may have one.
    pub fn tags(&self, name: Symbol) -> &[Tag] {
        self.registered.tags.get(&name).map_or(&[], Vec::as_slice)
    }

    /// The project's filter of a name.
    pub fn filter(&self, name: Symbol) -> Option<Tag> {
        self.registered.filters.get(&name).copied()
    }

    /// The project's function that Jinja2's templates know by a name.
    pub fn global(&self, name: Symbol) -> Option<Tag> {
        self.registered.globals.get(&name).copied()
    }

    /// The project's functions that put variables into every context of a request.
    pub fn processors(&self) -> &[FunctionRef] {
        &self.processors
    }

    /// Whether all that put variables into every context are those functions, or Django's own.
    pub(crate) fn has_all_processors(&self) -> bool {
        self.has_all_processors
    }

    /// Whether a template is written in Jinja2's language: by its folder, or by its name's end.
    pub fn is_jinja(&self, path: &str) -> bool {
        path.contains("/jinja2/")
            || path.starts_with("jinja2/")
            || [".jinja", ".jinja2", ".j2"].iter().any(|end| path.ends_with(end))
            || self.jinja.iter().any(|folder| path.starts_with(folder.as_str()))
    }
}

/// Whether a file may put something into Jinja2's environments: by its name, or because it imports what makes them. Tests make
/// none that production has, and are not read for it.
fn may_make_environment(project: &Project, file: FileId) -> bool {
    let is_jinja = |module: Symbol| module.as_str().contains("jinja");
    project.path(file).contains("jinja")
        || !project.file(file).is_third_party
            && depth(project.path(file)) == Depth::Full
            && project.facts(file).imports.iter().any(|import| is_jinja(import.module))
}

/// The function of a dotted name.
fn function_named(project: &Project, dotted: &str) -> Option<FunctionRef> {
    let (module, name) = dotted.rsplit_once('.')?;
    let Some(ModuleRef::File(file)) = project.module(module) else { return None };
    match project.global(file, Symbol::new(name)) {
        Entity::Function(function) => Some(function),
        _ => None,
    }
}

/// What a path is called below each folder of this name in it: `a/templates/b/c.html` is `b/c.html`.
fn names_below<'p>(path: &'p str, folder: &str) -> impl Iterator<Item = &'p str> {
    let inner = format!("/{folder}/");
    let first = path.strip_prefix(&inner[1..]);
    let rest: Vec<&str> = path.match_indices(&inner).map(|(at, _)| &path[at + inner.len()..]).collect();
    first.into_iter().chain(rest)
}

#[cfg(test)]
mod tests {
    use super::names_below;

    #[test]
    fn names_below_folders() {
        let names = |path| names_below(path, "templates").collect::<Vec<_>>();
        assert_eq!(names("templates/base.html"), ["base.html"]);
        assert_eq!(names("blog/templates/blog/list.html"), ["blog/list.html"]);
        assert_eq!(names("my_templates/x.html"), Vec::<&str>::new());
        assert_eq!(names("a/templates/b/templates/c.txt"), ["b/templates/c.txt", "c.txt"]);
    }
}
