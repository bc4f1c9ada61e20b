//! Which file a template's name means, and which functions are its tags and filters.

use std::collections::BTreeMap;
use std::sync::{Mutex, OnceLock, PoisonError};

use rustc_hash::FxHashMap;
use tuneup_python::flow::{ArgumentKind, ExprKind, FileFacts};
use tuneup_python::{FileId, FunctionRef, Problem, Project, Symbol};

/// Folders below which templates lie, by convention and by `APP_DIRS`.
const FOLDERS: &[&str] = &["templates", "jinja2"];

/// How a project's function is called from a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TagKind {
    /// `@register.filter`
    Filter,
    /// `@register.simple_tag`
    Simple,
    /// `@register.inclusion_tag(template)`
    Inclusion(Symbol),
}

/// A function of the project that templates call.
#[derive(Clone, Copy, Debug)]
pub struct Tag {
    /// The function.
    pub function: FunctionRef,
    /// How it is called.
    pub kind: TagKind,
    /// Whether its first argument is the context.
    pub takes_context: bool,
}

/// A project's templates and what they may call.
pub struct Templates {
    by_name: BTreeMap<String, Vec<FileId>>,
    /// Files by every end of their paths.
    by_end: FxHashMap<String, Vec<FileId>>,
    facts: FxHashMap<FileId, OnceLock<FileFacts>>,
    tags: FxHashMap<Symbol, Vec<Tag>>,
    filters: FxHashMap<Symbol, Tag>,
    problems: Mutex<Vec<Problem>>,
}

impl Templates {
    /// Finds the templates of a project and the tags that it registers.
    pub fn find(project: &Project) -> Self {
        let mut by_name: BTreeMap<String, Vec<FileId>> = BTreeMap::new();
        let mut by_end: FxHashMap<String, Vec<FileId>> = FxHashMap::default();
        let mut facts = FxHashMap::default();
        for (n, other) in project.others().iter().enumerate() {
            let Ok(n) = u32::try_from(n) else { break };
            let file = FileId::other(n);
            let is_markup = [".html", ".txt", ".xml"].iter().any(|end| other.path.ends_with(end));
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
            tags: FxHashMap::default(),
            filters: FxHashMap::default(),
            problems: Mutex::default(),
        };
        for file in project.file_ids() {
            if project.path(file).contains("templatetags/") {
                this.find_tags(project, file);
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

    /// The value flow of a template.
    pub fn facts(&self, project: &Project, file: FileId) -> Option<&FileFacts> {
        Some(self.facts.get(&file)?.get_or_init(|| match project.read_other(project.path(file)) {
            Ok(source) => super::lower(source.text()),
            Err(problem) => {
                self.problems.lock().unwrap_or_else(PoisonError::into_inner).push(problem);
                super::lower("")
            }
        }))
    }

    /// The templates that were asked for and could not be read, sorted.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = self.problems.lock().unwrap_or_else(PoisonError::into_inner).clone();
        problems.sort();
        problems
    }

    /// The project's tags of a name; several apps may have one.
    pub fn tags(&self, name: Symbol) -> &[Tag] {
        self.tags.get(&name).map_or(&[], Vec::as_slice)
    }

    /// The project's filter of a name.
    pub fn filter(&self, name: Symbol) -> Option<Tag> {
        self.filters.get(&name).copied()
    }

    /// Functions under `@register.simple_tag`, `@register.inclusion_tag(…)` and `@register.filter`.
    ///
    /// <https://docs.djangoproject.com/en/stable/howto/custom-template-tags/>
    fn find_tags(&mut self, project: &Project, file: FileId) {
        let facts = project.facts(file);
        for (index, function) in facts.functions.iter().enumerate() {
            let id = tuneup_python::flow::FunctionId(index as u32);
            for &decorator in facts.list(function.decorators) {
                let (callee, arguments) = match facts.kind(decorator) {
                    ExprKind::Call(callee, arguments) => (callee, facts.arguments(arguments)),
                    _ => (decorator, &[][..]),
                };
                let ExprKind::Attribute(_, registered) = facts.kind(callee) else { continue };
                let keyword = |name: &str| {
                    arguments.iter().find_map(|argument| match argument.kind {
                        ArgumentKind::Keyword(known) if known == name => Some(argument.value),
                        _ => None,
                    })
                };
                let positional =
                    arguments.iter().find(|a| a.kind == ArgumentKind::Positional).map(|a| a.value);
                let takes_context =
                    keyword("takes_context").is_some_and(|value| facts.kind(value) == ExprKind::Bool(true));
                let named = keyword("name").and_then(|value| facts.as_str(value));
                let (kind, name) = match registered.as_str() {
                    "filter" => (TagKind::Filter, positional.and_then(|value| facts.as_str(value)).or(named)),
                    "simple_tag" => (TagKind::Simple, named),
                    "inclusion_tag" => {
                        let template = positional.or_else(|| keyword("filename"));
                        match template.and_then(|template| facts.as_str(template)) {
                            Some(template) => (TagKind::Inclusion(Symbol::new(template)), named),
                            None => continue,
                        }
                    }
                    _ => continue,
                };
                let name = name.map_or(function.name, Symbol::new);
                let tag = Tag { function: FunctionRef { file, id }, kind, takes_context };
                match kind {
                    TagKind::Filter => {
                        self.filters.entry(name).or_insert(tag);
                    }
                    _ => self.tags.entry(name).or_default().push(tag),
                }
            }
        }
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
