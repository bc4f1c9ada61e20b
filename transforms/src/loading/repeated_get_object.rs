//! A view that asks for its one object more than once in a request: `self.get_object()` in `test_func()` or
//! `get_context_data()`, beside what `DetailView.get()` asks. A prefetch is paid for each time, and read at most once.
//!
//! <https://docs.djangoproject.com/en/stable/ref/class-based-views/mixins-single-object/>

use tuneup_django::Project;
use tuneup_django::queries::Site;
use tuneup_python::flow::{ClassId, ExprKind};
use tuneup_python::{Base, ClassRef, FunctionRef, Symbol};

/// Methods of a view that run in a request beside the handler of its HTTP method, and may each ask for the object.
const BESIDE: &[&str] = &[
    "dispatch",
    "get_context_data",
    "get_form",
    "get_form_class",
    "get_form_kwargs",
    "get_initial",
    "get_template_names",
    "has_permission",
    "setup",
    "test_func",
];

/// Django's views whose handlers ask for their object, and the mixin whose views do.
const ASKING: &[&str] = &[
    "BaseDeleteView",
    "BaseDetailView",
    "BaseUpdateView",
    "DeleteView",
    "DetailView",
    "SingleObjectMixin",
    "UpdateView",
];

/// A method that asks a view for its object once more, where the query of that object stands at a site.
pub(crate) fn asked_again(project: &Project, site: &Site) -> Option<FunctionRef> {
    let class = class_of(project, site)?;
    let source = &project.source;
    // Nobody is served by the views of tests.
    project.extending(class).iter().find_map(|&view| {
        let is_asked_for = source.mro(view).iter().any(|base| match base {
            Base::External(name) => {
                let name = name.as_str();
                name.starts_with("django.views.generic")
                    && name.rsplit('.').next().is_some_and(|last| ASKING.contains(&last))
            }
            _ => false,
        });
        let mut asking = BESIDE.iter().filter_map(|name| asks(project, view, name));
        asking.nth(usize::from(!is_asked_for)).filter(|_| !is_kept(project, view))
    })
}

/// The class in whose body a site stands, or in whose `get_object()` or `get_queryset()`.
fn class_of(project: &Project, site: &Site) -> Option<ClassRef> {
    let facts = project.source.facts(site.file);
    if let Some(function) = site.function {
        let function = facts.function(function);
        let is_getter = function.name == "get_object" || function.name == "get_queryset";
        return function.class.filter(|_| is_getter).map(|id| ClassRef { file: site.file, id });
    }
    let around = facts.classes.iter().enumerate().filter(|(_, class)| class.range.contains_range(site.range));
    let (id, _) = around.min_by_key(|(_, class)| class.range.len())?;
    Some(ClassRef { file: site.file, id: ClassId(id as u32) })
}

/// The method of that name of a view, where the project's code has it ask for the object.
fn asks(project: &Project, view: ClassRef, name: &str) -> Option<FunctionRef> {
    let source = &project.source;
    let function = source.function_of(&source.member(view, Symbol::new(name))?)?;
    let facts = source.facts(function.file);
    let within = facts.function(function.id).range;
    let is_asking = |kind: ExprKind| match kind {
        ExprKind::Call(callee, run) => {
            run.is_empty()
                && matches!(facts.kind(callee), ExprKind::Attribute(this, name)
                    if name == "get_object" && facts.kind(this) == ExprKind::Local(0))
        }
        _ => false,
    };
    facts.exprs_within(within).any(|(_, expr)| is_asking(expr.kind)).then_some(function)
}

/// Whether a view keeps the object that it was asked for, and gives it the next time.
fn is_kept(project: &Project, view: ClassRef) -> bool {
    let source = &project.source;
    let function = source.member(view, Symbol::new("get_object")).and_then(|it| source.function_of(&it));
    function.is_some_and(|function| {
        let function = source.facts(function.file).function(function.id);
        !function.sets.is_empty() || !function.decorators.is_empty()
    })
}
