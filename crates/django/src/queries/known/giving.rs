//! Whether what a call of a function gives is a queryset in any case, so that more can be asked of it behind the call.
//!
//! What a run of a function returned tells of that run alone: a test that was decided (`if not book.title: return []`, of
//! a text that no row lacks) may come out otherwise for a row that was written past the forms. And what a decorator makes of a
//! function gives what the decorator likes.

use ruff_text_size::TextRange;
use tuneup_python::flow::{Block, Expr, ExprKind, FileFacts, Stmt, StmtKind};
use tuneup_python::{ClassRef, Entity, FileId, FunctionRef, Symbol};

use crate::queries::machine::{Frame, Machine};

/// How many functions one may return through that no run came to.
const DEEPEST: usize = 4;

/// How many expressions a variable or attribute may be set to, or a function return, to be followed.
const MOST: usize = 32;

/// Decorators that give the function itself, or one that gives what it gives.
const PLAIN_DECORATORS: &[&str] = &[
    "abc.abstractmethod",
    "classmethod",
    "django.contrib.admin.action",
    "django.contrib.admin.display",
    "django.db.transaction.atomic",
    "django.db.transaction.non_atomic_requests",
    "django.dispatch.receiver",
    "django.utils.timezone.override",
    "django.utils.translation.override",
    "django_context_decorator.context",
    "django_scopes.scope",
    "django_scopes.scopes_disabled",
    "functools.cache",
    "functools.lru_cache",
    "functools.wraps",
    "property",
    "rest_framework.decorators.action",
    "staticmethod",
    "typing.final",
    "typing.no_type_check",
    "typing.override",
    "typing_extensions.deprecated",
    "typing_extensions.final",
    "typing_extensions.override",
    "warnings.deprecated",
];

/// Methods of managers and querysets that give a queryset to which anything can be added.
const ROWS: &[&str] = &[
    "alias",
    "all",
    "annotate",
    "defer",
    "distinct",
    "exclude",
    "extra",
    "filter",
    "get_queryset",
    "none",
    "only",
    "order_by",
    "prefetch_related",
    "select_for_update",
    "select_related",
    "using",
];

/// The names of managers that every model may have.
const MANAGERS: &[&str] = &["objects", "_default_manager", "_base_manager"];

impl<'p> Machine<'p> {
    /// Whether what stands for a function under its name gives what its body gives.
    pub(in crate::queries) fn gives_what_it_returns(&self, function: FunctionRef) -> bool {
        let facts = self.facts(function.file);
        let decorators = facts.list(facts.function(function.id).decorators);
        decorators.iter().all(|&decorator| self.keeps_what_is_given(function.file, decorator))
    }

    fn keeps_what_is_given(&self, file: FileId, decorator: Expr) -> bool {
        let (named, is_called) = self.decorator_named(file, decorator);
        match self.project.entity_of(file, named) {
            Entity::Function(function) => self.gives_back(function, is_called),
            _ => self.is_foreign_keeper(file, decorator),
        }
    }

    /// Whether a decorator is one of Python's or of a package's that is known to keep what it is given.
    fn is_foreign_keeper(&self, file: FileId, decorator: Expr) -> bool {
        match self.project.entity_of(file, self.decorator_named(file, decorator).0) {
            Entity::Builtin(name) | Entity::External(name) => PLAIN_DECORATORS.contains(&name.as_str()),
            _ => false,
        }
    }

    /// What a decorator names, and whether that is called.
    fn decorator_named(&self, file: FileId, decorator: Expr) -> (Expr, bool) {
        match self.facts(file).kind(decorator) {
            ExprKind::Call(callee, _) => (callee, true),
            _ => (decorator, false),
        }
    }

    /// Whether a decorator of the project gives the function that it is given, or one that calls it and returns that:
    /// it, or what a call of it gives.
    fn gives_back(&self, decorator: FunctionRef, is_called: bool) -> bool {
        let body = Body::of(self.facts(decorator.file), decorator);
        let inner = |slot: u32| {
            let bound = body.bound(slot);
            let functions: Option<Vec<FunctionRef>> = bound
                .iter()
                .map(|&from| match body.facts.kind(from) {
                    ExprKind::Function(id) => Some(FunctionRef { id, ..decorator }),
                    _ => None,
                })
                .collect();
            functions.filter(|functions| !functions.is_empty())
        };
        let is_kept = |slot: u32| match inner(slot) {
            Some(functions) if is_called => functions.iter().all(|&it| self.gives_back(it, false)),
            Some(functions) => functions.iter().all(|&it| self.passes_on(it)),
            None => !is_called && slot == 0 && body.bound(0).is_empty(),
        };
        body.is_plain()
            && (is_called || body.bound(0).is_empty())
            && body.facts.function(decorator.id).decorators.is_empty()
            && body.returns_only(
                |value| matches!(body.facts.kind(value), ExprKind::Local(slot) if is_kept(slot)),
            )
    }

    /// Whether a function that stands in a decorator returns what the decorated function gives it.
    fn passes_on(&self, inner: FunctionRef) -> bool {
        let body = Body::of(self.facts(inner.file), inner);
        let is_call = |value: Expr| match body.facts.kind(value) {
            ExprKind::Call(callee, _) => body.facts.kind(callee) == ExprKind::Free { up: 1, slot: 0 },
            _ => false,
        };
        body.is_plain()
            // One of the project's own could be one that this very function is part of.
            && body.facts.list(body.facts.function(inner.id).decorators)
                .iter()
                .all(|&decorator| self.is_foreign_keeper(inner.file, decorator))
            && body.returns_only(|value| match body.facts.kind(value) {
                ExprKind::Local(slot) => {
                    let bound = body.bound(slot);
                    !bound.is_empty() && bound.into_iter().all(is_call)
                }
                _ => is_call(value),
            })
    }

    /// Whether a function whose run gave a queryset gives one however its tests come out.
    pub(in crate::queries) fn surely_gives_rows(&self, frame: &Frame<'p>) -> bool {
        let Some(id) = frame.function.filter(|_| frame.file.as_other().is_none()) else { return true };
        if frame.passed_over.is_empty() {
            return true;
        }
        let body = Body::of(frame.facts, FunctionRef { file: frame.file, id });
        body.ends()
            && body.returns().all(|value| {
                let Some(value) = value else { return false };
                let run = frame.given_back.contains(&value).then_some(frame.passed_over.as_slice());
                self.is_rows(&body, value, run, DEEPEST)
            })
    }

    /// Whether an expression that a function returns gives a queryset: by what stands there, or as the run has seen,
    /// but for what that passed over.
    fn is_rows(&self, body: &Body<'_>, value: Expr, run: Option<&[TextRange]>, deepest: usize) -> bool {
        let facts = body.facts;
        let Some(deeper) = deepest.checked_sub(1) else { return false };
        let range = facts.range(value);
        let is_seen = run.is_some_and(|passed| !passed.iter().any(|it| it.contains_range(range)));
        match facts.kind(value) {
            ExprKind::Conditional(run_of) => {
                facts.list(run_of).iter().skip(1).all(|&arm| self.is_rows(body, arm, run, deepest))
            }
            ExprKind::And(run_of) | ExprKind::Or(run_of) => {
                facts.list(run_of).iter().all(|&part| self.is_rows(body, part, run, deepest))
            }
            ExprKind::Call(callee, _) => match facts.kind(callee) {
                ExprKind::Global(_)
                    if matches!(self.project.entity_of(body.function.file, callee), Entity::Builtin(_)) =>
                {
                    false
                }
                kind => {
                    is_seen
                        || match self.own_function(body, callee) {
                            Some(function) => self.always_gives_rows(function, deeper),
                            None => {
                                matches!(kind, ExprKind::Attribute(_, name) if ROWS.contains(&name.as_str()))
                            }
                        }
                }
            },
            ExprKind::Local(slot) => {
                let bound = body.bound(slot);
                let is_parameter =
                    (slot as usize) < facts.function(body.function.id).parameters.indices().len();
                // What is unpacked is not followed.
                let is_followed = if is_parameter { is_seen } else { !bound.is_empty() };
                (is_followed || body.asks_rows_of(slot))
                    && bound.len() <= MOST
                    && bound.into_iter().all(|from| self.is_rows(body, from, run, deeper))
            }
            ExprKind::Attribute(_, name) => {
                let put = body.put_on(name);
                (is_seen || !put.is_empty() || MANAGERS.contains(&name.as_str()))
                    && put.len() <= MOST
                    && put.into_iter().all(|from| self.is_rows(body, from, run, deeper))
            }
            ExprKind::Subscript(of, index) if matches!(facts.kind(index), ExprKind::Slice(_)) => {
                self.is_rows(body, of, run, deeper)
            }
            ExprKind::Walrus(_, from) => self.is_rows(body, from, run, deeper),
            ExprKind::Free { .. } | ExprKind::Global(_) | ExprKind::Binary(..) | ExprKind::Await(_) => {
                is_seen
            }
            _ => false,
        }
    }

    /// Whether a function gives a queryset by what stands in it, without any run of it.
    fn always_gives_rows(&self, function: FunctionRef, deepest: usize) -> bool {
        let body = Body::of(self.facts(function.file), function);
        body.is_plain()
            && self.gives_what_it_returns(function)
            && body.ends()
            && body.returns().count() <= MOST
            && body
                .returns()
                .all(|value| value.is_some_and(|value| self.is_rows(&body, value, None, deepest)))
    }

    /// The function of the project that a name stands for, or an attribute of the first parameter of a method.
    fn own_function(&self, body: &Body<'_>, callee: Expr) -> Option<FunctionRef> {
        let file = body.function.file;
        match body.facts.kind(callee) {
            ExprKind::Attribute(base, name) if body.facts.kind(base) == ExprKind::Local(0) => {
                let id = body.facts.function(body.function.id).class?;
                let member = self.member(ClassRef { file, id }, name)?;
                self.project.function_of(&member)
            }
            _ => match self.project.entity_of(file, callee) {
                Entity::Function(function) => Some(function),
                _ => None,
            },
        }
    }
}

/// What stands in a function itself, and in none that it defines.
struct Body<'f> {
    facts: &'f FileFacts,
    function: FunctionRef,
    stmts: Vec<&'f Stmt>,
}

impl<'f> Body<'f> {
    fn of(facts: &'f FileFacts, function: FunctionRef) -> Self {
        let stmts = facts.steps_within(facts.function(function.id).body).collect();
        Self { facts, function, stmts }
    }

    /// Whether a call of it runs it to its end at once.
    fn is_plain(&self) -> bool {
        let function = self.facts.function(self.function.id);
        !function.is_async && !function.is_generator
    }

    /// What its `return` statements return.
    fn returns(&self) -> impl Iterator<Item = Option<Expr>> {
        self.stmts.iter().filter_map(|stmt| match stmt.kind {
            StmtKind::Return(value) => Some(value),
            _ => None,
        })
    }

    /// Whether it returns nothing else than what is of some kind, one of several where a test decides.
    fn returns_only(&self, is_of_kind: impl Fn(Expr) -> bool) -> bool {
        let is_right = |value: Option<Expr>| {
            value.is_some_and(|value| self.facts.arms(value).into_iter().all(&is_of_kind))
        };
        self.ends() && self.returns().all(is_right)
    }

    /// What is put into a variable, by its name alone.
    fn bound(&self, slot: u32) -> Vec<Expr> {
        self.put_where(|target| target == ExprKind::Local(slot))
    }

    /// What is put on anything as an attribute of a name.
    fn put_on(&self, name: Symbol) -> Vec<Expr> {
        self.put_where(|target| matches!(target, ExprKind::Attribute(_, known) if known == name))
    }

    fn put_where(&self, is_there: impl Fn(ExprKind) -> bool) -> Vec<Expr> {
        let put = self.stmts.iter().filter_map(|stmt| match stmt.kind {
            StmtKind::Assign(target, from) | StmtKind::Annotated { target, value: Some(from), .. }
                if is_there(self.facts.kind(target)) =>
            {
                Some(self.facts.arms(from))
            }
            _ => None,
        });
        put.flatten().collect()
    }

    /// Whether a method that querysets alone have is called of a variable.
    fn asks_rows_of(&self, slot: u32) -> bool {
        let within = self.facts.function(self.function.id).range;
        self.facts.exprs_within(within).any(|(_, expr)| match expr.kind {
            ExprKind::Attribute(base, name) => {
                self.facts.kind(base) == ExprKind::Local(slot) && ROWS.contains(&name.as_str())
            }
            _ => false,
        })
    }

    /// Whether nothing comes to the end of it, where `None` is returned.
    fn ends(&self) -> bool {
        ends(self.facts, self.facts.function(self.function.id).body)
    }
}

fn ends(facts: &FileFacts, block: Block) -> bool {
    match facts.block(block).last().map(|stmt| stmt.kind) {
        Some(StmtKind::Return(_) | StmtKind::Raise(_)) => true,
        Some(StmtKind::If { then, orelse, .. }) => ends(facts, then) && ends(facts, orelse),
        Some(StmtKind::With { body }) => ends(facts, body),
        Some(StmtKind::Try(blocks)) => {
            let tried = facts.tried(blocks);
            ends(facts, tried.finalbody)
                || (ends(facts, tried.body) || ends(facts, tried.orelse))
                    && tried.handlers.iter().all(|&handler| ends(facts, handler))
        }
        _ => false,
    }
}
