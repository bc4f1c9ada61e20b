//! Settings modules, as far as apps and models depend on them: what is installed, and which model stands in for another.

use rustc_hash::FxHashMap;
use tuneup_python::flow::Expr;
use tuneup_python::{FileId, Project, Symbol};

use super::{literals, nearness};
use crate::project::is_aside;

/// What settings modules, and classes in them, set.
#[derive(Default)]
pub(super) struct Settings {
    /// Where `INSTALLED_APPS` and its parts are set.
    installed: Vec<(FileId, Expr)>,
    /// Where a name in capitals is set to a text, or to what may be one.
    texts: FxHashMap<Symbol, Vec<(FileId, Expr)>>,
}

impl Settings {
    pub(super) fn find(project: &Project) -> Self {
        let installed = Symbol::new("INSTALLED_APPS");
        let auto_field = Symbol::new("DEFAULT_AUTO_FIELD");
        let mut settings = Self::default();
        for file in project.file_ids().filter(|&file| !is_aside(&project.file(file).path)) {
            let facts = project.facts(file);
            let classes =
                facts.classes.iter().filter(|class| class.outer.is_none()).map(|class| class.members);
            for members in std::iter::once(facts.module_bindings).chain(classes) {
                for binding in facts.bindings(members) {
                    let Some(value) = binding.value else { continue };
                    if binding.name == installed {
                        settings.installed.push((file, value));
                    } else if binding.name == auto_field || binding.name.as_str().ends_with("_MODEL") {
                        // The settings that swap models are called so throughout: `AUTH_USER_MODEL`.
                        settings.texts.entry(binding.name).or_default().push((file, value));
                    }
                }
            }
        }
        settings
    }

    /// Every name that some `INSTALLED_APPS` has.
    pub(super) fn installed(&self, project: &Project) -> Vec<&'static str> {
        let mut names: Vec<&'static str> = Vec::new();
        for &(file, value) in &self.installed {
            names.extend(literals::texts(project, file, value));
        }
        names.sort_unstable();
        names.dedup();
        names
    }

    pub(super) fn text(&self, project: &Project, name: Symbol, path: &str) -> Option<&'static str> {
        let set = self.texts.get(&name)?;
        let mut best: Option<(usize, &'static str)> = None;
        for &(file, value) in set {
            let Some(text) = literals::text(project, file, value) else { continue };
            if text.is_empty() {
                continue;
            }
            let near = nearness(&project.file(file).path, path);
            if best.is_none_or(|(known, _)| near > known) {
                best = Some((near, text));
            }
        }
        best.map(|(_, text)| text)
    }
}
