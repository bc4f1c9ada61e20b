//! Tests whether a relation of a row is loaded already: `"tags" in book._prefetched_objects_cache`,
//! `"author" in book._state.fields_cache`, `Book.author.is_cached(book)`. What is read behind one costs no query; and what
//! would load the relation would have the other branch run, so that each test is kept.

use tuneup_python::Symbol;
use tuneup_python::flow::{ArgumentKind, CompareOp, Expr, ExprKind, Run};

use crate::paths::{covers, joined};
use crate::queries::calls::Arguments;
use crate::queries::hazards::HazardKind;
use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Prefetched, Row, Shape, Site, Value};
use crate::schema::ModelAttribute;

impl<'p> Machine<'p> {
    /// What the test comes to whether a name is in what a row holds of loaded relations, where a value is that.
    pub(super) fn known_to_be_loaded(&self, name: Value, cache: Value) -> Option<Option<bool>> {
        let Shape::Str(name) = *self.values.shape(name) else { return None };
        if let Some(row) = self.row_behind(self.names.prefetched, cache) {
            return Some(self.is_prefetched(row, name));
        }
        let row = self.row_behind(self.names.fields_cache, cache)?;
        Some(self.is_joined(row, name))
    }

    /// Keeps that code tests whether a name is in what a row holds of loaded relations, where it does.
    pub(in crate::queries) fn note_membership(
        &mut self,
        name: Value,
        op: CompareOp,
        cache: Value,
        site: Site,
    ) {
        let Shape::Str(relation) = *self.values.shape(name) else { return };
        let is_test = matches!(op, CompareOp::In | CompareOp::NotIn);
        // What is loaded already is no other for what else is loaded.
        if !is_test || self.known_to_be_loaded(name, cache).flatten() == Some(true) {
            return;
        }
        let caches = [self.names.prefetched, self.names.fields_cache];
        for row in caches.into_iter().filter_map(|it| self.row_behind(it, cache)).collect::<Vec<_>>() {
            self.note_test_of(row, relation, site);
        }
    }

    /// What `Model.relation.is_cached(row)` and `Model._meta.get_field("relation").is_cached(row)` come to.
    pub(in crate::queries) fn told_to_be_loaded(
        &mut self,
        frame: &Frame<'p>,
        field: Expr,
        given: &Arguments,
    ) -> Option<Value> {
        let facts = frame.facts;
        let name = match facts.kind(field) {
            ExprKind::Attribute(_, name) => name,
            ExprKind::Call(callee, run) => named_field(frame, callee, run)?,
            _ => return None,
        };
        let &[row] = given.positional.as_slice() else { return None };
        let row = self.as_row(row)?;
        self.schema.relation_by_accessor(row.model, name)?;
        let is_joined = self.is_joined(row, name);
        if is_joined != Some(true) {
            self.note_test_of(row, name, frame.site_of(field));
        }
        Some(match is_joined {
            Some(is_joined) => self.values.make(Shape::Bool(is_joined)),
            None => Value::SCALAR,
        })
    }

    fn note_test_of(&mut self, row: Row, name: Symbol, site: Site) {
        let Some(relation) = self.schema.relation_by_accessor(row.model, name) else { return };
        let path = self.over(row.path, relation);
        self.note(HazardKind::Tested, row.query, path, site);
    }

    /// The row whose `_prefetched_objects_cache` or `_state.fields_cache` a value is, or is if there is one.
    fn row_behind(&self, cache: Symbol, value: Value) -> Option<Row> {
        self.values.members(value).into_iter().find_map(|member| match self.values.shape(member) {
            Shape::Instance(class, parts) if *class == cache => {
                parts.first().and_then(|&row| self.as_row(row))
            }
            _ => None,
        })
    }

    /// Whether a row's related rows are prefetched. Rows of which nothing is known have nothing prefetched, nor have
    /// those for which a request has to ask for it: code that tests for it is written so that nobody pays otherwise.
    pub(in crate::queries) fn is_prefetched(&self, row: Row, name: Symbol) -> Option<bool> {
        let queryset = self.as_queryset(row.query)?;
        // What loads rows by a query of its own shows all that these lack.
        let mut lookups = queryset
            .plan
            .prefetch
            .iter()
            .filter(|known| !known.perhaps || known.queryset.is_some())
            .filter_map(Prefetched::loads);
        if lookups.any(|path| self.serves(path, row, name)) {
            return Some(true);
        }
        (!queryset.plan.prefetch_unknown && !self.may_be_loaded_later(row, name)).then_some(false)
    }

    /// Whether `prefetch_related_objects` may have loaded a row's related rows.
    fn may_be_loaded_later(&self, row: Row, name: Symbol) -> bool {
        self.loaded.get(&row.query).into_iter().flatten().any(|(at, plan)| {
            let before = self.path_text(*at);
            let serves = |loads: &str| self.serves(&joined(&before, loads), row, name);
            plan.prefetch_unknown || plan.prefetch.iter().filter_map(Prefetched::loads).any(serves)
        })
    }

    /// Whether a row's to-one relation is loaded with it: never, for a name that is none.
    fn is_joined(&self, row: Row, name: Symbol) -> Option<bool> {
        let relation = match self.schema.attribute(row.model, name)? {
            ModelAttribute::ToOne(relation) => relation,
            ModelAttribute::ToMany(_) | ModelAttribute::Column => return Some(false),
            ModelAttribute::Translated(_) | ModelAttribute::Other => return None,
        };
        let plan = &self.as_queryset(row.query)?.plan;
        if plan.select.iter().any(|path| self.serves(path.as_str(), row, name)) {
            return Some(true);
        }
        let way = self.values.steps(row.path).into_iter().map(|step| step.relation).chain([relation]);
        if plan.select_all && self.schema.joins_by_default(way) {
            return Some(true);
        }
        let may_be = plan.select_unknown || self.set_first.contains(&(row.query, row.path, relation));
        if may_be { None } else { self.is_prefetched(row, name) }
    }

    /// Whether what loads a path from a query's rows loads what a row of it has by that name.
    fn serves(&self, path: &str, row: Row, name: Symbol) -> bool {
        covers(path, &joined(&self.path_text(row.path), name.as_str()))
    }
}

/// The name that `….get_field("name")` is given.
fn named_field(frame: &Frame<'_>, callee: Expr, run: Run) -> Option<Symbol> {
    let ExprKind::Attribute(_, method) = frame.facts.kind(callee) else { return None };
    let [name] = frame.facts.arguments(run) else { return None };
    match frame.facts.kind(name.value) {
        ExprKind::Str(text) if method == "get_field" && matches!(name.kind, ArgumentKind::Positional) => {
            Some(text)
        }
        _ => None,
    }
}
