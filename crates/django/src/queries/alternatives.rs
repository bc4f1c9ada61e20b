//! Foreign keys of one model of which a row has one at most: a window belongs to a person or to a room. Of the windows of
//! a room none has a person, and to read it costs nothing.
//!
//! The model says so where it refuses rows that have both (`if self.person and self.room: raise …`), or where its foreign
//! keys go by one `related_name` and its code takes whichever is there: `self.person or self.room`,
//! `{Target.PERSON: "person", Target.ROOM: "room"}[self.target]`.

use ruff_text_size::TextRange;
use tuneup_python::flow::{CompareOp, Expr, ExprKind, FileFacts, StmtKind};
use tuneup_python::{Base, Symbol};

use super::machine::Machine;
use super::value::{Origin, Path, Row};
use crate::schema::{ModelAttribute, ModelId, RelationId};

impl Machine<'_> {
    /// Whether a relation of a row is null because the row was reached over another that excludes it.
    pub(super) fn is_excluded(&mut self, row: Row, relation: RelationId) -> bool {
        let Some(owner) = self.reached_over(row) else { return false };
        if owner == relation || !self.may_be_null(owner) || !self.may_be_null(relation) {
            return false;
        }
        let key = (owner.min(relation), owner.max(relation));
        if let Some(&known) = self.alternatives.get(&key) {
            return known;
        }
        let are_alternatives = self.are_alternatives(row.model, owner, relation);
        self.alternatives.insert(key, are_alternatives);
        are_alternatives
    }

    fn may_be_null(&self, relation: RelationId) -> bool {
        let relation = self.schema.relation(relation);
        relation.null() && !relation.is_reverse() && !relation.to_many()
    }

    /// The foreign key over whose other side a row was reached.
    fn reached_over(&self, row: Row) -> Option<RelationId> {
        let inverse = |relation| self.schema.relation(relation).inverse();
        if let Some((_, step)) = self.values.last_step(row.path) {
            return inverse(step.relation);
        }
        let queryset = self.as_queryset(row.query).filter(|_| row.path == Path::ROOT)?;
        match (&queryset.origin, queryset.parent) {
            (&Origin::Related(_, over), _) | (_, Some((_, over))) => inverse(over),
            _ => None,
        }
    }

    fn are_alternatives(&self, model: ModelId, one: RelationId, other: RelationId) -> bool {
        let name = |relation| self.schema.field(self.schema.relation(relation).field()).name();
        let accessor = |relation| {
            let inverse = self.schema.relation(relation).inverse()?;
            self.schema.relation(inverse).accessor()
        };
        let is_by_one_name = accessor(one).is_some() && accessor(one) == accessor(other);
        let both = [name(one), name(other)];
        let is_null_key = |name: Symbol| matches!(self.schema.attribute(model, name), Some(ModelAttribute::ToOne(it)) if self.may_be_null(it));
        let Some(class) = self.schema.class_of(model) else { return false };
        self.project.mro(class).iter().any(|base| {
            let Base::Class(base) = *base else { return false };
            let facts = self.project.facts(base.file);
            let body = facts.class(base.id).range;
            refuses(facts, body, both) || is_by_one_name && chooses(facts, body, both, is_null_key)
        })
    }
}

/// Whether code within a stretch raises where both keys are there.
fn refuses(facts: &FileFacts, within: TextRange, both: [Symbol; 2]) -> bool {
    facts.stmts.iter().filter(|stmt| within.contains_range(stmt.range)).any(|stmt| {
        let StmtKind::If { test, then, .. } = stmt.kind else { return false };
        let ExprKind::And(run) = facts.kind(test) else { return false };
        let asked: Vec<Option<Symbol>> = facts.list(run).iter().map(|&part| own_key(facts, part)).collect();
        asked.len() == 2
            && both.iter().all(|name| asked.contains(&Some(*name)))
            && facts.block(then).iter().any(|stmt| matches!(stmt.kind, StmtKind::Raise(_)))
    })
}

/// Whether code within a stretch takes one key or the other, whichever is there.
fn chooses(
    facts: &FileFacts,
    within: TextRange,
    both: [Symbol; 2],
    is_null_key: impl Fn(Symbol) -> bool,
) -> bool {
    let are_keys = |names: Vec<Option<Symbol>>| {
        both.iter().all(|name| names.contains(&Some(*name)))
            && names.into_iter().all(|name| name.is_some_and(&is_null_key))
    };
    facts.exprs.iter().filter(|expr| within.contains_range(expr.range)).any(|expr| match expr.kind {
        ExprKind::Or(run) => are_keys(facts.list(run).iter().map(|&part| own_key(facts, part)).collect()),
        ExprKind::Dict(run) => {
            are_keys(facts.list(run).iter().skip(1).step_by(2).map(|&value| text(facts, value)).collect())
        }
        _ => false,
    })
}

/// The key that `self.key`, `self.key_id` or `self.key is not None` asks for.
fn own_key(facts: &FileFacts, expr: Expr) -> Option<Symbol> {
    match facts.kind(expr) {
        ExprKind::Attribute(base, name) if facts.kind(base) == ExprKind::Local(0) => {
            Some(name.as_str().strip_suffix("_id").map_or(name, Symbol::new))
        }
        ExprKind::Compare(run, ops) => match *facts.list(run) {
            [left, right]
                if facts.kind(right) == ExprKind::None
                    && facts.compare_ops.get(ops as usize) == Some(&CompareOp::IsNot) =>
            {
                own_key(facts, left)
            }
            _ => None,
        },
        _ => None,
    }
}

fn text(facts: &FileFacts, expr: Expr) -> Option<Symbol> {
    facts.as_str(expr).map(Symbol::new)
}
