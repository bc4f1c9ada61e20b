//! Which code answers which URL: the patterns of `urlpatterns`, with their names, through `include`, and what REST
//! framework's routers make.
//!
//! It is read to find what a test asks for by name or path. Where several patterns fit, all of them do: which one
//! Django takes may depend on settings.

use rustc_hash::FxHashSet;
use tuneup_python::flow::{Argument, ArgumentKind, Expr, ExprKind, FileFacts};
use tuneup_python::{Entity, FileId, ModuleRef, Project, Symbol};

use crate::project::is_aside;

/// How deep `include` is followed.
const DEEPEST: usize = 8;

/// A pattern, seen from the first URLconf that leads to it.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    /// What its path looks like.
    segments: Vec<Segment>,
    /// Whether more may follow, as behind a router's prefix.
    is_open: bool,
    /// Its name; what a router's names begin with.
    name: Option<&'static str>,
    /// Its view: a function or a class.
    pub(crate) view: Entity,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Segment {
    Text(String),
    /// One part of a path.
    Any,
    /// All that is left.
    Rest,
}

/// All patterns of a project.
#[derive(Debug, Default)]
pub(crate) struct Urls {
    patterns: Vec<Pattern>,
}

impl Urls {
    /// Reads every URLconf.
    pub(crate) fn find(project: &Project) -> Self {
        let urlpatterns = Symbol::new("urlpatterns");
        let is_urlconf = |file: &FileId| {
            let facts = project.facts(*file);
            facts.bindings(facts.module_bindings).iter().any(|binding| binding.name == urlpatterns)
        };
        let files = project.file_ids().filter(|&file| !is_aside(project.path(file)));
        let files: Vec<FileId> = files.filter(is_urlconf).collect();
        let confs: Vec<(FileId, Conf)> =
            files.iter().map(|&file| (file, Conf::read(project, file))).collect();
        let included: FxHashSet<FileId> =
            confs.iter().flat_map(|(_, conf)| conf.includes.iter().map(|(_, file)| *file)).collect();
        let mut urls = Self::default();
        for (file, _) in confs.iter().filter(|(file, _)| !included.contains(file)) {
            urls.add(&confs, *file, &[], 0);
        }
        urls
    }

    fn add(&mut self, confs: &[(FileId, Conf)], file: FileId, prefix: &[Segment], depth: usize) {
        let Some((_, conf)) = confs.iter().find(|(conf, _)| *conf == file) else { return };
        let below = |segments: &[Segment]| [prefix, segments].concat();
        for pattern in &conf.patterns {
            self.patterns.push(Pattern { segments: below(&pattern.segments), ..pattern.clone() });
        }
        if depth < DEEPEST {
            for (segments, included) in &conf.includes {
                self.add(confs, *included, &below(segments), depth + 1);
            }
        }
    }

    /// The views of a name as `reverse` takes it, namespaces left out.
    pub(crate) fn named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = Entity> + 'a {
        let name = name.rsplit(':').next().unwrap_or(name);
        let fits = move |pattern: &&Pattern| match pattern.name {
            // A router makes `books-list`, `books-detail` and one for each action.
            Some(base) if pattern.is_open => {
                name.strip_prefix(base).is_some_and(|rest| rest.starts_with('-'))
            }
            other => other == Some(name),
        };
        self.patterns.iter().filter(fits).map(|pattern| pattern.view)
    }

    /// The views of a path; parts of it that are not known are `*`.
    pub(crate) fn at<'a>(&'a self, path: &str) -> impl Iterator<Item = Entity> + 'a {
        let path = path.split(['?', '#']).next().unwrap_or_default();
        let parts: Vec<String> = path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect();
        self.patterns.iter().filter(move |pattern| pattern.fits(&parts)).map(|pattern| pattern.view)
    }
}

impl Pattern {
    fn fits(&self, parts: &[String]) -> bool {
        for (n, segment) in self.segments.iter().enumerate() {
            match (segment, parts.get(n)) {
                (Segment::Rest, Some(_)) => return true,
                (Segment::Any, Some(_)) => {}
                // What is not known may be a value, and no name of a page.
                (Segment::Text(text), Some(part)) if text == part => {}
                _ => return false,
            }
        }
        self.is_open || parts.len() == self.segments.len()
    }
}

/// One URLconf, paths from itself.
#[derive(Default)]
struct Conf {
    patterns: Vec<Pattern>,
    includes: Vec<(Vec<Segment>, FileId)>,
}

/// What a call of a URLconf is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// `path`
    Path,
    /// `re_path`, `url`
    Regex,
    /// A router's `register`.
    Register,
}

impl Conf {
    fn read(project: &Project, file: FileId) -> Self {
        let facts = project.facts(file);
        let mut conf = Self::default();
        let calls = (0..facts.exprs.len() as u32).map(Expr).filter_map(|expr| {
            let ExprKind::Call(callee, run) = facts.kind(expr) else { return None };
            Some((expr, form(project, file, callee)?, facts.arguments(run)))
        });
        let calls: Vec<(Expr, Form, &[Argument])> = calls.collect();
        for &(expr, form, arguments) in &calls {
            let Some(own) = route(facts, form, arguments) else { continue };
            // A pattern within an `include` stands within the call of `path` that includes it.
            let mut around: Vec<_> = calls
                .iter()
                .filter(|(outer, ..)| *outer != expr && facts.range(*outer).contains_range(facts.range(expr)))
                .collect();
            around.sort_by_key(|(outer, ..)| facts.range(*outer).start());
            let mut segments: Vec<Segment> = around
                .iter()
                .filter_map(|(_, form, arguments)| route(facts, *form, arguments))
                .flatten()
                .collect();
            segments.extend(own);
            let Some(view) = argument(arguments, 1, "view").or(argument(arguments, 1, "viewset")) else {
                continue;
            };
            if let Some(included) = included(project, file, view) {
                conf.includes.push((segments, included));
                continue;
            }
            if is_include(project, file, view) {
                continue;
            }
            let is_open = form == Form::Register;
            let name = argument(arguments, 2, if is_open { "basename" } else { "name" });
            let name = if is_open || named(arguments, "name") {
                name.and_then(|name| facts.as_str(name))
            } else {
                None
            };
            for view in views(project, file, view, 0) {
                conf.patterns.push(Pattern { segments: segments.clone(), is_open, name, view });
            }
        }
        conf
    }
}

fn form(project: &Project, file: FileId, callee: Expr) -> Option<Form> {
    let facts = project.facts(file);
    if let ExprKind::Attribute(_, name) = facts.kind(callee)
        && name == "register"
    {
        return Some(Form::Register);
    }
    let Entity::External(dotted) = project.entity_of(file, callee) else { return None };
    let (module, name) = dotted.as_str().rsplit_once('.')?;
    if !module.starts_with("django.urls") && !module.starts_with("django.conf.urls") {
        return None;
    }
    match name {
        "path" => Some(Form::Path),
        "re_path" | "url" => Some(Form::Regex),
        _ => None,
    }
}

fn argument(arguments: &[Argument], position: usize, name: &str) -> Option<Expr> {
    let by_name = |it: &&Argument| matches!(it.kind, ArgumentKind::Keyword(given) if given == name);
    let by_position = arguments.get(position).filter(|it| it.kind == ArgumentKind::Positional);
    by_position.or_else(|| arguments.iter().find(by_name)).map(|it| it.value)
}

fn named(arguments: &[Argument], name: &str) -> bool {
    arguments.iter().any(|it| matches!(it.kind, ArgumentKind::Keyword(given) if given == name))
}

/// The parts of a route; nothing where it cannot be read.
fn route(facts: &FileFacts, form: Form, arguments: &[Argument]) -> Option<Vec<Segment>> {
    let name = if form == Form::Register { "prefix" } else { "route" };
    let route = argument(arguments, 0, name)?;
    let text = match facts.kind(route) {
        // `_("about/")`
        ExprKind::Call(_, run) => facts.as_str(facts.arguments(run).first()?.value)?,
        _ => facts.as_str(route)?,
    };
    let plain = match form {
        Form::Regex => from_regex(text)?,
        Form::Path | Form::Register => text.to_owned(),
    };
    let segment = |part: &str| match part {
        _ if part.starts_with("<path:") => Segment::Rest,
        _ if part.contains('<') => Segment::Any,
        _ => Segment::Text(part.to_owned()),
    };
    Some(plain.split('/').filter(|part| !part.is_empty()).map(segment).collect())
}

/// A regular expression as `path` would write it: groups are values, all else must be plain.
fn from_regex(text: &str) -> Option<String> {
    let text = text.strip_prefix('^').unwrap_or(text);
    let text = text.strip_suffix('$').unwrap_or(text);
    let text = text.strip_suffix("/?").unwrap_or(text);
    let mut plain = String::new();
    let mut depth = 0;
    let mut escaped = false;
    for c in text.chars() {
        match c {
            _ if escaped => {
                escaped = false;
                if depth == 0 {
                    plain.push(c);
                }
            }
            '\\' => escaped = true,
            '(' => {
                if depth == 0 {
                    plain.push_str("<>");
                }
                depth += 1;
            }
            ')' => depth -= 1,
            _ if depth > 0 => {}
            '.' | '*' | '+' | '?' | '[' | '|' | '{' => return None,
            _ => plain.push(c),
        }
    }
    (depth == 0).then_some(plain)
}

fn is_include(project: &Project, file: FileId, expr: Expr) -> bool {
    let ExprKind::Call(callee, _) = project.facts(file).kind(expr) else { return false };
    matches!(project.entity_of(file, callee), Entity::External(name) if name.as_str().ends_with(".include"))
}

/// The URLconf that an `include` names.
fn included(project: &Project, file: FileId, expr: Expr) -> Option<FileId> {
    let facts = project.facts(file);
    let ExprKind::Call(_, run) = facts.kind(expr) else { return None };
    if !is_include(project, file, expr) {
        return None;
    }
    let mut what = facts.arguments(run).first()?.value;
    if let ExprKind::Tuple(parts) = facts.kind(what) {
        what = *facts.list(parts).first()?;
    }
    match facts.as_str(what) {
        Some(module) => match project.module(module)? {
            ModuleRef::File(file) => Some(file),
            ModuleRef::Namespace(_) => None,
        },
        None => match project.entity_of(file, what) {
            Entity::Module(file) => Some(file),
            _ => None,
        },
    }
}

/// The functions and classes of a pattern's view: a name, `View.as_view()`, or either in a decorator's call.
fn views(project: &Project, file: FileId, expr: Expr, depth: usize) -> Vec<Entity> {
    let facts = project.facts(file);
    match facts.kind(expr) {
        ExprKind::Call(callee, _) if matches!(facts.kind(callee), ExprKind::Attribute(_, name) if name == "as_view") =>
        {
            let ExprKind::Attribute(class, _) = facts.kind(callee) else { return Vec::new() };
            views(project, file, class, depth + 1)
        }
        ExprKind::Call(_, run) if depth < DEEPEST => {
            facts.arguments(run).iter().flat_map(|it| views(project, file, it.value, depth + 1)).collect()
        }
        _ => match project.entity_of(file, expr) {
            entity @ (Entity::Function(_) | Entity::Class(_)) => vec![entity],
            _ => Vec::new(),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::from_regex;

    #[test]
    fn plain_regular_expressions_are_read() {
        assert_eq!(from_regex(r"^books/(?P<pk>\d+)/$").as_deref(), Some("books/<>/"));
        assert_eq!(from_regex(r"^feed\.xml$").as_deref(), Some("feed.xml"));
        assert_eq!(from_regex(r"^(a|(b))/?$").as_deref(), Some("<>"));
        assert_eq!(from_regex("^.*$"), None);
        assert_eq!(from_regex("(a"), None);
    }
}
