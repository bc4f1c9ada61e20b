//! When code runs: to answer a request, as a task, as a command.
//!
//! A function is what calls it. Views, admin classes, template tags, middleware, tasks and commands are known by
//! their bases, decorators and parameters; the calls that interpreting the project followed carry that on to what they
//! use.

use rustc_hash::{FxHashMap, FxHashSet};
use tuneup_python::flow::{ExprKind, Function, FunctionId};
use tuneup_python::{Base, ClassRef, Entity, FileId, FunctionRef, Project};

use crate::project::is_aside;
use crate::queries::asks::Asks;
use crate::queries::value::{Site, SiteForm};
use crate::schema::Schema;

/// When code runs, the most often first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Context {
    /// To answer a request.
    Request,
    /// To answer a request to the admin.
    Admin,
    /// As a task, on a schedule or a queue.
    Task,
    /// Nobody is known to call it.
    Unknown,
    /// As a command, by hand.
    Command,
    /// While the database is migrated.
    Migration,
    /// In tests.
    Test,
}

/// When the functions of a project run.
#[derive(Debug, Default)]
pub(super) struct Contexts {
    of: FxHashMap<FunctionRef, Context>,
    /// What the classes whose bodies hold queries are for.
    classes: FxHashMap<ClassRef, Context>,
}

impl Contexts {
    pub(super) fn find(project: &Project, schema: &Schema, asks: &Asks) -> Self {
        let mut calls: FxHashMap<FunctionRef, Vec<FunctionRef>> = FxHashMap::default();
        #[expect(clippy::iter_over_hash_type, reason = "what is reached does not depend on the order")]
        for &(caller, callee) in &asks.edges {
            calls.entry(caller).or_default().push(callee);
        }
        let mut roots: Vec<(Context, FunctionRef)> = Vec::new();
        let mut classes = FxHashMap::default();
        for file in project.file_ids() {
            let path = &project.file(file).path;
            // Looking into a file that was not needed so far would read it.
            if is_aside(path) {
                continue;
            }
            let facts = project.facts(file);
            for index in 0..facts.classes.len() {
                let class = ClassRef { file, id: tuneup_python::flow::ClassId(index as u32) };
                if let Some(context) = of_class(project, schema, class) {
                    classes.insert(class, context);
                }
            }
            for (index, function) in facts.functions.iter().enumerate() {
                let reference = FunctionRef { file, id: FunctionId(index as u32) };
                let class = function.class.map(|id| ClassRef { file, id });
                let by_class = class.and_then(|class| classes.get(&class).copied());
                let context = of_path(path)
                    .or_else(|| by_decorators(project, file, function))
                    .or(by_class)
                    .or_else(|| by_parameters(project, file, function));
                if let Some(context) = context {
                    roots.push((context, reference));
                }
            }
        }
        let mut known: FxHashMap<FunctionRef, Context> = FxHashMap::default();
        for &(context, function) in &roots {
            known.entry(function).or_insert(context);
        }
        #[expect(clippy::iter_over_hash_type, reason = "roots are sorted below")]
        for &function in &asks.served {
            let context = known.get(&function).copied().unwrap_or(Context::Request);
            roots.push((context, function));
        }
        roots.sort_by_key(|(context, function)| (*context, function.file.index(), function.id));
        let mut of: FxHashMap<FunctionRef, Context> = FxHashMap::default();
        let mut within: FxHashMap<FileId, FxHashMap<FunctionId, Vec<FunctionId>>> = FxHashMap::default();
        for (context, root) in roots {
            let mut open = vec![root];
            while let Some(function) = open.pop() {
                if of.contains_key(&function) {
                    continue;
                }
                of.insert(function, context);
                open.extend(calls.get(&function).into_iter().flatten());
                if function.file.as_other().is_some() {
                    continue;
                }
                // Functions within functions run when these do, or on their behalf.
                let within = within.entry(function.file).or_insert_with(|| {
                    let mut within: FxHashMap<FunctionId, Vec<FunctionId>> = FxHashMap::default();
                    for (index, inner) in (0..).zip(&project.facts(function.file).functions) {
                        if let Some(parent) = inner.parent {
                            within.entry(parent).or_default().push(FunctionId(index));
                        }
                    }
                    within
                });
                let within = within.get(&function.id).into_iter().flatten();
                open.extend(within.map(|&id| FunctionRef { file: function.file, id }));
            }
        }
        Self { of, classes }
    }

    /// Whether a place is in a method that a queryset or manager overrides for whatever model it is of.
    pub(super) fn is_of_querysets(&self, project: &Project, site: &Site) -> bool {
        const OVERRIDDEN: &[&str] =
            &["get", "filter", "exclude", "order_by", "get_queryset", "all", "_filter_or_exclude"];
        if site.file.as_other().is_some() {
            return false;
        }
        let Some(id) = site.function else { return false };
        let facts = project.facts(site.file);
        let function = facts.function(id);
        let Some(class) = function.class.filter(|_| OVERRIDDEN.contains(&function.name.as_str())) else {
            return false;
        };
        project.mro(ClassRef { file: site.file, id: class }).iter().any(|base| match base {
            Base::External(name) => name.as_str().ends_with("QuerySet") || name.as_str().ends_with("Manager"),
            // A mixin for them has no base: its name tells.
            Base::Class(base) => {
                let name = project.facts(base.file).class(base.id).name.as_str();
                let stem = name.strip_suffix("Mixin").unwrap_or(name);
                stem.ends_with("QuerySet") || stem.ends_with("Queryset") || stem.ends_with("Manager")
            }
            _ => false,
        })
    }

    /// When the code at a place runs.
    pub(super) fn of(&self, project: &Project, site: &Site) -> Context {
        if site.file.as_other().is_some() {
            return Context::Request;
        }
        if site.form == SiteForm::Admin {
            return Context::Admin;
        }
        let path = &project.file(site.file).path;
        if is_aside(path) {
            return Context::Test;
        }
        if let Some(id) = site.function {
            let function = FunctionRef { file: site.file, id };
            return self.of.get(&function).copied().unwrap_or(Context::Unknown);
        }
        let facts = project.facts(site.file);
        let within =
            facts.classes.iter().enumerate().filter(|(_, class)| class.range.contains_range(site.range));
        let mut within: Vec<_> = within.collect();
        // The innermost first: a `Meta` says nothing, what it stands in does.
        within.sort_by_key(|(_, class)| class.range.len());
        let by_class = within.into_iter().find_map(|(index, _)| {
            let id = tuneup_python::flow::ClassId(index as u32);
            self.classes.get(&ClassRef { file: site.file, id }).copied()
        });
        by_class.or_else(|| of_path(path)).unwrap_or(Context::Unknown)
    }
}

/// What a file's place says of all in it.
fn of_path(path: &str) -> Option<Context> {
    let mut parts = path.split('/').peekable();
    while let Some(part) = parts.next() {
        match part {
            "management" if parts.peek() == Some(&"commands") => return Some(Context::Command),
            "scripts" | "bin" | "benchmarks" | "fixtures" => return Some(Context::Command),
            _ => {}
        }
    }
    None
}

/// Decorators of tasks.
const TASKS: &[&str] = &[
    "task",
    "shared_task",
    "periodic_task",
    "db_task",
    "db_periodic_task",
    "actor",
    "job",
    "app_task",
    "background",
];

/// Decorators of what answers requests.
const VIEWS: &[&str] = &[
    "api_view",
    "csrf_exempt",
    "login_required",
    "permission_required",
    "user_passes_test",
    "require_POST",
    "require_GET",
    "require_http_methods",
    "require_safe",
    "cache_page",
    "never_cache",
    "action",
    "simple_tag",
    "inclusion_tag",
    "receiver",
];

fn by_decorators(project: &Project, file: FileId, function: &Function) -> Option<Context> {
    let facts = project.facts(file);
    for &decorator in facts.list(function.decorators) {
        let decorator = match facts.kind(decorator) {
            ExprKind::Call(callee, _) => callee,
            _ => decorator,
        };
        let last = match facts.kind(decorator) {
            ExprKind::Attribute(_, name) | ExprKind::Global(name) => name.as_str(),
            _ => continue,
        };
        // An alias says nothing, its origin does.
        let dotted = match project.entity_of(file, decorator) {
            Entity::External(name) => name.as_str().rsplit('.').next().unwrap_or(last),
            _ => last,
        };
        for name in [last, dotted] {
            if TASKS.contains(&name) {
                return Some(Context::Task);
            }
            if VIEWS.contains(&name) {
                return Some(Context::Request);
            }
        }
    }
    None
}

fn by_parameters(project: &Project, file: FileId, function: &Function) -> Option<Context> {
    let facts = project.facts(file);
    let parameters = facts.parameters(function.parameters);
    let first = parameters.iter().skip(usize::from(function.class.is_some())).take(1);
    let is_request = |name: &str| matches!(name, "request" | "info");
    let asked = first.chain(parameters.first()).any(|parameter| is_request(parameter.name.as_str()));
    (asked || function.name.as_str().starts_with("resolve_")).then_some(Context::Request)
}

fn of_class(project: &Project, schema: &Schema, class: ClassRef) -> Option<Context> {
    if schema.model_of_class(class).is_some() {
        return None;
    }
    let mut found: Option<Context> = None;
    let mut seen = FxHashSet::default();
    for base in project.mro(class) {
        let context = match base {
            Base::External(name) if seen.insert(*name) => of_base(name.as_str()),
            // A mixin that is read, but whose bases are not: its name tells.
            Base::Class(base) => of_name(project.facts(base.file).class(base.id).name.as_str()),
            _ => None,
        };
        found = match (found, context) {
            (Some(one), Some(other)) => Some(one.max(other)),
            (one, other) => one.or(other),
        };
    }
    found
}

/// What a class outside the project is for, by its dotted name.
fn of_base(name: &str) -> Option<Context> {
    let last = name.rsplit('.').next().unwrap_or(name);
    if name.starts_with("django.core.management.") {
        return Some(Context::Command);
    }
    if name.starts_with("django.contrib.admin") || name.starts_with("import_export.admin") {
        return Some(Context::Admin);
    }
    if name.starts_with("celery.") || last == "CronJobBase" {
        return Some(Context::Task);
    }
    let modules = [
        "django.views.",
        "django.forms",
        "django.contrib.syndication.",
        "django.contrib.sitemaps",
        "django.contrib.auth.backends.",
        "django.contrib.auth.views.",
        "django.utils.deprecation.MiddlewareMixin",
        "django.template.",
        "rest_framework",
        "django_filters",
        "graphene",
        "strawberry",
        "channels.",
        "tastypie",
        "ninja",
    ];
    if modules.iter().any(|module| name.starts_with(module)) {
        return Some(Context::Request);
    }
    of_name(last)
}

fn of_name(name: &str) -> Option<Context> {
    const REQUEST: &[&str] = &[
        "View",
        "ViewSet",
        "Viewset",
        "APIView",
        "Serializer",
        "Middleware",
        "Form",
        "ModelForm",
        "FilterSet",
        "Consumer",
    ];
    if REQUEST.iter().any(|end| name.ends_with(end)) {
        return Some(Context::Request);
    }
    if name.ends_with("Admin") {
        return Some(Context::Admin);
    }
    if name.ends_with("Command") {
        return Some(Context::Command);
    }
    None
}
