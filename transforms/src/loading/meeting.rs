//! Queries that are made in several branches of a function and go on in one variable: what all of them lack is loaded once,
//! where that variable is used.
//!
//! `books = Book.objects.filter(…) if title else Book.objects.all()` and then `for book in books:` needs one call, not two. So it
//! is only where nothing else uses the rows: a queryset to which something is added is another one, which is evaluated again. Where
//! the branches load something by themselves already, each goes on to.

use ruff_text_size::TextRange;
use rustc_hash::{FxHashMap, FxHashSet};
use tuneup_django::Project;
use tuneup_django::queries::{Bound, FxIndexMap, Site, SiteForm};
use tuneup_python::flow::{Class, Expr, ExprKind, FileFacts, Function, FunctionId, StmtKind};
use tuneup_python::{Entity, FileId};

use super::gap::Gap;
use super::key;

/// Methods of a queryset that make a query of their own, for which what it loads is nothing.
const ASIDE: &[&str] = &["count", "exists", "aggregate", "values", "values_list", "update", "delete"];

/// Puts what several queries lack where the variable is used in which they meet.
pub(super) fn meet(project: &Project, gaps: &mut Vec<Gap>) {
    let mut by_function: FxHashMap<(FileId, FunctionId), Vec<usize>> = FxHashMap::default();
    for (at, gap) in gaps.iter().enumerate() {
        if let Some(function) = gap.site.function
            && gap.site.form == SiteForm::Chain
            && gap.site.file.as_other().is_none()
            && !gap.missing.is_empty()
            && gap.only.is_none()
            && gap.deferred.is_empty()
        {
            by_function.entry((gap.site.file, function)).or_default().push(at);
        }
    }
    let mut functions: Vec<_> = by_function.into_iter().filter(|(_, gaps)| gaps.len() > 1).collect();
    functions.sort_by_key(|((file, function), _)| (file.index(), function.0));
    let mut gone: FxHashSet<usize> = FxHashSet::default();
    for ((file, id), here) in functions {
        let facts = project.source.facts(file);
        let variables = Variables::of(project, file, id);
        let bound = variables.bound();
        let mut by_variable: FxIndexMap<u32, Vec<usize>> = FxIndexMap::default();
        for at in here {
            if let Some(&slot) = bound.get(&gaps[at].site.range) {
                by_variable.entry(slot).or_default().push(at);
            }
        }
        for (slot, all) in by_variable.into_iter().filter(|(_, all)| all.len() > 1) {
            let [first, others @ ..] = all.as_slice() else { continue };
            if !others.iter().all(|&other| lacks_the_same(&gaps[*first], &gaps[other])) {
                continue;
            }
            let sites: Vec<TextRange> = all.iter().map(|&at| gaps[at].site.range).collect();
            // Where the function itself loops over the rows, calls in between only choose of them.
            let is_here = |site: &Site| (site.file, site.function) == (file, Some(id));
            let looped_here = all.iter().all(|&at| gaps[at].loops.iter().all(is_here));
            let goes_through = |call: TextRange| {
                let place = (file.index(), call.start().to_u32(), call.end().to_u32());
                let flows = all.iter().flat_map(|&at| &gaps[at].missing).flat_map(|missing| &missing.others);
                looped_here && (sites.contains(&call) || flows.flatten().any(|site| *site == place))
            };
            let Some(used) = variables.only_use(slot, &sites, &goes_through) else { continue };
            let mut whole = gaps[*first].clone();
            others.iter().for_each(|&other| whole.unite(&gaps[other]));
            whole.site = Site { range: facts.range(used), ..whole.site };
            gaps[*first] = whole;
            gone.extend(others);
        }
    }
    let mut at = 0..;
    gaps.retain(|_| at.next().is_some_and(|at| !gone.contains(&at)));
    gaps.sort_by_key(|gap| key(&gap.site));
}

fn lacks_the_same(one: &Gap, other: &Gap) -> bool {
    let is_like = |gap: &Gap, of: &Gap| {
        gap.missing.iter().all(|missing| {
            of.missing.iter().any(|known| {
                known.path == missing.path
                    && known.to_many == missing.to_many
                    && known.alone == missing.alone
                    && known.aside == missing.aside
                    && known.automatic == missing.automatic
            })
        })
    };
    one.model == other.model
        && one.select_all == other.select_all
        && is_like(one, other)
        && is_like(other, one)
}

/// What shows a function's variables by their names, or reads them by code in a text.
const SHOWING: &[&str] = &["locals", "vars", "eval", "exec"];

/// A function or class that stands in another function.
struct Inner {
    range: TextRange,
    /// What is evaluated where it is defined, by the function around it: decorators, defaults, bases.
    outside: Vec<TextRange>,
}

impl Inner {
    fn of_function(facts: &FileFacts, function: &Function) -> Self {
        let parameters = facts.parameters(function.parameters);
        let parts = parameters.iter().flat_map(|it| [it.default, it.annotation]).flatten();
        let parts = parts.chain(function.returns).chain(facts.list(function.decorators).iter().copied());
        Self { range: function.range, outside: parts.map(|part| facts.range(part)).collect() }
    }

    fn of_class(facts: &FileFacts, class: &Class) -> Self {
        let bases = facts.arguments(class.bases).iter().map(|base| base.value);
        let parts = bases.chain(facts.list(class.decorators).iter().copied());
        Self { range: class.range, outside: parts.map(|part| facts.range(part)).collect() }
    }

    /// Whether something stands in it and is evaluated there.
    fn has(&self, range: TextRange) -> bool {
        self.range.contains_range(range) && !self.outside.iter().any(|part| part.contains_range(range))
    }
}

/// The variables of a function.
struct Variables<'p> {
    project: &'p Project,
    file: FileId,
    facts: &'p FileFacts,
    within: Inner,
    /// How many of them are parameters, which hold what another made.
    parameters: u32,
    /// The functions and classes that it defines, which have variables of their own.
    inner: Vec<Inner>,
}

impl<'p> Variables<'p> {
    fn of(project: &'p Project, file: FileId, id: FunctionId) -> Self {
        let facts = project.source.facts(file);
        let function = facts.function(id);
        let within = function.range;
        let is_inner = |range: TextRange| within.contains_range(range) && range != within;
        let functions = facts.functions.iter().filter(|it| is_inner(it.range));
        let classes = facts.classes.iter().filter(|it| is_inner(it.range));
        let functions = functions.map(|it| Inner::of_function(facts, it));
        Self {
            project,
            file,
            facts,
            within: Inner::of_function(facts, function),
            parameters: function.parameters.len() as u32,
            inner: functions.chain(classes.map(|it| Inner::of_class(facts, it))).collect(),
        }
    }

    /// Whether something stands in the function, and in none that it defines.
    fn has(&self, range: TextRange) -> bool {
        self.within.has(range) && !self.inner.iter().any(|inner| inner.has(range))
    }

    /// Whether the function does something by which its variables are seen under their names.
    fn are_shown(&self) -> bool {
        self.facts.exprs.iter().any(|expr| match expr.kind {
            ExprKind::Call(callee, _) if self.has(expr.range) => match self.facts.kind(callee) {
                ExprKind::Global(name) if SHOWING.contains(&name.as_str()) => {
                    matches!(self.project.source.global(self.file, name), Entity::Builtin(_))
                }
                _ => false,
            },
            _ => false,
        })
    }

    /// The steps of the function that bind a variable.
    fn bindings(&self) -> impl Iterator<Item = (u32, Expr, Expr)> {
        let steps = self.facts.stmts.iter().filter(|stmt| self.has(stmt.range));
        steps.filter_map(|stmt| match stmt.kind {
            StmtKind::Assign(target, from) | StmtKind::Annotated { target, value: Some(from), .. } => {
                match self.facts.kind(target) {
                    ExprKind::Local(slot) => Some((slot, target, from)),
                    _ => None,
                }
            }
            _ => None,
        })
    }

    /// Whether something else is bound to the same value: `books = self.books = …`.
    fn is_shared(&self, from: Expr) -> bool {
        let to = self.facts.stmts.iter().filter(|stmt| match stmt.kind {
            StmtKind::Assign(_, value) => value == from,
            _ => false,
        });
        to.count() > 1
    }

    /// The variables that expressions are put into first, or what is asked of them, by where they stand.
    fn bound(&self) -> FxHashMap<TextRange, u32> {
        let mut bound = FxHashMap::default();
        for (slot, _, from) in self.bindings() {
            for arm in self.facts.arms(from) {
                self.chain(arm).for_each(|part| {
                    bound.entry(self.facts.range(part)).or_insert(slot);
                });
            }
        }
        bound.retain(|_, slot| *slot >= self.parameters);
        bound
    }

    /// An expression, and all of which it asks for more.
    fn chain(&self, expr: Expr) -> impl Iterator<Item = Expr> {
        std::iter::successors(Some(expr), |&at| match self.facts.kind(at) {
            ExprKind::Call(callee, _) => Some(callee),
            ExprKind::Attribute(base, _) => Some(base),
            _ => None,
        })
    }

    /// Whether an expression is a query, or that with more asked of it.
    fn begins_with(&self, expr: Expr, query: TextRange) -> bool {
        self.chain(expr).any(|part| self.facts.range(part) == query)
    }

    /// Whether a chain of calls says itself what it loads.
    fn loads(&self, expr: Expr) -> bool {
        self.chain(expr).any(|part| match self.facts.kind(part) {
            ExprKind::Attribute(_, name) => matches!(name.as_str(), "select_related" | "prefetch_related"),
            _ => false,
        })
    }

    /// The variable that a chain of calls starts from.
    fn start(&self, expr: Expr) -> Option<(Expr, u32)> {
        let start = self.chain(expr).last()?;
        match self.facts.kind(start) {
            ExprKind::Local(slot) => Some((start, slot)),
            _ => None,
        }
    }

    /// The variable where a call is given it: `chosen(books, request)`.
    fn given(&self, call: Expr, slot: u32) -> Option<Expr> {
        let ExprKind::Call(_, run) = self.facts.kind(call) else { return None };
        let arguments = self.facts.arguments(run).iter();
        let given = arguments.filter(|it| self.facts.kind(it.value) == ExprKind::Local(slot));
        given.map(|it| it.value).next()
    }

    /// The one place that uses what a variable holds, behind all of the queries that are put into it: a queryset in any case. What
    /// goes through a call and into the variable again is used later.
    fn only_use(
        &self,
        slot: u32,
        queries: &[TextRange],
        goes_through: &dyn Fn(TextRange) -> bool,
    ) -> Option<Expr> {
        let facts = self.facts;
        let places = self.project.places();
        let mut apart: Vec<Expr> = Vec::new();
        for (_, target, from) in self.bindings().filter(|(bound, ..)| *bound == slot) {
            apart.push(target);
            if self.is_shared(from) {
                return None;
            }
            for arm in facts.arms(from) {
                let start = self.start(arm).filter(|(_, of)| *of == slot);
                apart.extend(start.map(|(start, _)| start));
                let is_query = queries.iter().any(|&query| self.begins_with(arm, query));
                let given = self.given(arm, slot).filter(|_| goes_through(facts.range(arm)));
                apart.extend(given);
                match places.bound(self.file, arm)? {
                    Bound::Bare => {}
                    Bound::Rows if (is_query || start.is_some() || given.is_some()) && !self.loads(arm) => {}
                    Bound::Rows | Bound::Other => return None,
                }
            }
        }
        // A type that is declared in front.
        apart.extend(facts.stmts.iter().filter_map(|stmt| match stmt.kind {
            StmtKind::Annotated { target, value: None, .. } => Some(target),
            _ => None,
        }));
        let mut used: Option<Expr> = None;
        let mut asides: Vec<Expr> = Vec::new();
        for (at, expr) in facts.exprs.iter().enumerate() {
            let at = Expr(at as u32);
            let is_it = match expr.kind {
                ExprKind::Local(other) => other == slot && self.has(expr.range) && !apart.contains(&at),
                // A function within may use it at any time.
                ExprKind::Free { slot: other, .. } => {
                    if u32::from(other) == slot && self.within.has(expr.range) {
                        return None;
                    }
                    false
                }
                _ => false,
            };
            if !is_it {
                continue;
            }
            if self.is_aside(at) {
                asides.push(at);
            } else if used.replace(at).is_some() {
                return None;
            }
        }
        let used = used?;
        let range = facts.range(used);
        let is_behind = queries.iter().all(|query| query.end() <= range.start());
        // Once the rows are there, to count them asks for nothing.
        let is_first = asides.iter().all(|&aside| facts.range(aside).end() <= range.start());
        (is_behind
            && is_first
            && !self.is_set(used)
            && !self.is_added_to(used)
            && !self.is_repeated(used, queries)
            && !self.are_shown())
        .then_some(used)
    }

    /// Whether an expression is a place that something else is put into.
    fn is_set(&self, place: Expr) -> bool {
        let range = self.facts.range(place);
        let sets = |target: Expr| self.facts.range(target).contains_range(range);
        self.facts.stmts.iter().any(|stmt| match stmt.kind {
            StmtKind::Assign(target, _)
            | StmtKind::Annotated { target, .. }
            | StmtKind::Augmented(target, ..)
            | StmtKind::Delete(target)
            | StmtKind::For { target, .. } => sets(target),
            _ => false,
        }) || self.facts.exprs.iter().any(|expr| match expr.kind {
            ExprKind::Walrus(target, _) => target == place,
            _ => false,
        })
    }

    /// The method that is called of an expression.
    fn method_of(&self, expr: Expr) -> Option<&'static str> {
        self.facts.exprs.iter().find_map(|node| match node.kind {
            ExprKind::Attribute(base, name) if base == expr => Some(name.as_str()),
            _ => None,
        })
    }

    fn is_aside(&self, expr: Expr) -> bool {
        self.method_of(expr).is_some_and(|method| ASIDE.contains(&method))
    }

    /// Whether more is asked of the rows there, which then is what would load more.
    fn is_added_to(&self, expr: Expr) -> bool {
        self.method_of(expr).is_some_and(|method| method != "iterator")
    }

    /// Whether an expression is evaluated again and again while the queries are made once, or tested, which evaluates it.
    fn is_repeated(&self, expr: Expr, queries: &[TextRange]) -> bool {
        let facts = self.facts;
        let range = facts.range(expr);
        let repeats = |within: TextRange| {
            within.contains_range(range) && !queries.iter().all(|query| within.contains_range(*query))
        };
        let in_loop = facts.stmts.iter().any(|stmt| match stmt.kind {
            StmtKind::For { body: block, .. } => repeats(facts.stretch(block)),
            StmtKind::While { .. } => repeats(stmt.range),
            StmtKind::If { test, .. } => facts.range(test).contains_range(range),
            _ => false,
        });
        let in_comprehension = facts.comprehensions.iter().any(|comprehension| {
            let clauses = facts.clauses(comprehension.clauses);
            let parts = clauses.iter().skip(1).map(|clause| clause.iter);
            let parts = parts.chain(clauses.iter().flat_map(|clause| facts.list(clause.conditions)).copied());
            let mut parts = parts.chain(comprehension.key).chain([comprehension.element]);
            parts.any(|part| facts.range(part).contains_range(range))
        });
        in_loop || in_comprehension
    }
}
