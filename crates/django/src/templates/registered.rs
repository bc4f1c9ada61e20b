//! Which functions of a project templates call: tags and filters of Django's libraries, filters and globals of
//! Jinja2's environments.
//!
//! <https://docs.djangoproject.com/en/stable/howto/custom-template-tags/>,
//! <https://jinja.palletsprojects.com/en/stable/api/#the-context>

use rustc_hash::FxHashMap;
use tuneup_python::flow::{Argument, ArgumentKind, Expr, ExprKind, FileFacts, FunctionId, StmtKind};
use tuneup_python::{Entity, FileId, FunctionRef, Project, Symbol};

/// How a project's function is called from a template.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TagKind {
    /// `@register.filter`, or a filter of Jinja2's
    Filter,
    /// `@register.simple_tag`
    Simple,
    /// `@register.simple_block_tag`: what stands between its ends is its first argument.
    Block,
    /// `@register.inclusion_tag(template)`
    Inclusion(Symbol),
    /// `@register.tag`: it gives a node, whose `render()` is given the context and may add to it.
    Compiled,
    /// A global of Jinja2's environments.
    Global,
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
    /// Whether what it is given is made into text first: `@stringfilter`.
    pub takes_text: bool,
}

/// The functions that templates call, by name.
#[derive(Default)]
pub(super) struct Registered {
    pub(super) tags: FxHashMap<Symbol, Vec<Tag>>,
    pub(super) filters: FxHashMap<Symbol, Tag>,
    pub(super) globals: FxHashMap<Symbol, Tag>,
}

impl Registered {
    fn add(&mut self, name: Symbol, tag: Tag) {
        match tag.kind {
            TagKind::Filter => {
                self.filters.entry(name).or_insert(tag);
            }
            TagKind::Global => {
                self.globals.entry(name).or_insert(tag);
            }
            _ => self.tags.entry(name).or_default().push(tag),
        }
    }

    /// What a file under `templatetags/` registers: by decorators, and by calls.
    pub(super) fn find_tags(&mut self, project: &Project, file: FileId) {
        let facts = project.facts(file);
        for (index, function) in facts.functions.iter().enumerate() {
            let function_ref = FunctionRef { file, id: FunctionId(index as u32) };
            for &decorator in facts.list(function.decorators) {
                let (callee, arguments) = match facts.kind(decorator) {
                    ExprKind::Call(callee, arguments) => (callee, facts.arguments(arguments)),
                    _ => (decorator, &[][..]),
                };
                if let Some((name, tag)) = registration(project, facts, callee, arguments, function_ref) {
                    self.add(name.unwrap_or(function.name), tag);
                }
            }
        }
        for expr in &facts.exprs {
            // `register.filter("name", function)`, `register.simple_tag(function, name="…")`,
            // `register.inclusion_tag("….html")(function)`
            let ExprKind::Call(callee, run) = expr.kind else { continue };
            let arguments = facts.arguments(run);
            let (registering, options) = match facts.kind(callee) {
                ExprKind::Call(inner, options) => (inner, facts.arguments(options)),
                _ => (callee, arguments),
            };
            if !matches!(facts.kind(registering), ExprKind::Attribute(..)) {
                continue;
            }
            let given = arguments
                .iter()
                .filter(|argument| !matches!(facts.kind(argument.value), ExprKind::Str(_)))
                .find_map(|argument| function_of(project, file, argument.value));
            let Some(function) = given else { continue };
            if let Some((name, tag)) = registration(project, facts, registering, options, function) {
                let own = project.facts(function.file).function(function.id).name;
                self.add(name.unwrap_or(own), tag);
            }
        }
    }

    /// What a file puts into Jinja2's environments: `env.filters["name"] = function`, `env.globals.update(…)`,
    /// `@library.global_function`.
    pub(super) fn find_environment(&mut self, project: &Project, file: FileId) {
        let facts = project.facts(file);
        let kind = |base: Expr| match facts.kind(base) {
            ExprKind::Attribute(_, name) if name == "filters" => Some(TagKind::Filter),
            ExprKind::Attribute(_, name) if name == "globals" => Some(TagKind::Global),
            _ => None,
        };
        let put = |this: &mut Self, kind: TagKind, name: Symbol, of: FileId, value: Expr| {
            if let Some(function) = function_of(project, of, value) {
                let takes_context = is_decorated(project, function, CONTEXT);
                let takes_text = is_decorated(project, function, TEXT);
                this.add(name, Tag { function, kind, takes_context, takes_text });
            }
        };
        for stmt in &facts.stmts {
            if let StmtKind::Assign(target, value) = stmt.kind
                && let ExprKind::Subscript(base, key) = facts.kind(target)
                && let Some(kind) = kind(base)
                && let ExprKind::Str(name) = facts.kind(key)
            {
                put(self, kind, name, file, value);
            }
        }
        for expr in &facts.exprs {
            let ExprKind::Call(callee, run) = expr.kind else { continue };
            let ExprKind::Attribute(base, method) = facts.kind(callee) else { continue };
            let Some(kind) = (method == "update").then(|| kind(base)).flatten() else { continue };
            for argument in facts.arguments(run) {
                if let ArgumentKind::Keyword(name) = argument.kind {
                    put(self, kind, name, file, argument.value);
                    continue;
                }
                // A dict of the module's own, or of another: `env.filters.update(FILTERS)`.
                let Entity::Value(of, dict) = project.entity_of(file, argument.value) else { continue };
                let written = project.facts(of);
                let ExprKind::Dict(items) = written.kind(dict) else { continue };
                for pair in written.list(items).chunks_exact(2) {
                    if let ExprKind::Str(name) = written.kind(pair[0]) {
                        put(self, kind, name, of, pair[1]);
                    }
                }
            }
        }
    }
}

/// The function of the project that an expression names.
fn function_of(project: &Project, file: FileId, value: Expr) -> Option<FunctionRef> {
    match project.entity_of(file, value) {
        Entity::Function(function) => Some(function),
        _ => None,
    }
}

/// What a call of a library's method makes of a function, and under which name, if it says one.
fn registration(
    project: &Project,
    facts: &FileFacts,
    callee: Expr,
    arguments: &[Argument],
    function: FunctionRef,
) -> Option<(Option<Symbol>, Tag)> {
    let ExprKind::Attribute(_, registered) = facts.kind(callee) else { return None };
    let keyword = |name: &str| {
        arguments.iter().find_map(|argument| match argument.kind {
            ArgumentKind::Keyword(known) if known == name => Some(argument.value),
            _ => None,
        })
    };
    let text = arguments
        .iter()
        .filter(|argument| argument.kind == ArgumentKind::Positional)
        .find_map(|argument| facts.as_str(argument.value));
    let takes_context =
        keyword("takes_context").is_some_and(|value| facts.kind(value) == ExprKind::Bool(true));
    let named = keyword("name").and_then(|value| facts.as_str(value));
    let (kind, name) = match registered.as_str() {
        "filter" => (TagKind::Filter, text.or(named)),
        "simple_tag" => (TagKind::Simple, named),
        "tag" => (TagKind::Compiled, text.or(named)),
        "simple_block_tag" => (TagKind::Block, named),
        "inclusion_tag" => {
            let template = text.or_else(|| facts.as_str(keyword("filename")?))?;
            (TagKind::Inclusion(Symbol::new(template)), named)
        }
        // django-jinja's libraries, and those of its kind.
        "global_function" => (TagKind::Global, text.or(named)),
        _ => return None,
    };
    let takes_text = is_decorated(project, function, TEXT);
    Some((name.map(Symbol::new), Tag { function, kind, takes_context, takes_text }))
}

/// Jinja2 gives the function its context first.
const CONTEXT: &[&str] = &["pass_context", "contextfunction", "contextfilter"];

/// The function is given text, whatever it is called with.
const TEXT: &[&str] = &["stringfilter"];

/// Whether a function has a decorator of one of some names.
fn is_decorated(project: &Project, function: FunctionRef, names: &[&str]) -> bool {
    let facts = project.facts(function.file);
    facts.list(facts.function(function.id).decorators).iter().any(|&decorator| match facts.kind(decorator) {
        ExprKind::Attribute(_, name) | ExprKind::Global(name) => names.contains(&name.as_str()),
        _ => false,
    })
}
