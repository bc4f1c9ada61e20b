//! Foreign keys of one model of which a row has one at most: a window belongs to a person or to a room. Of the windows of
//! a room none has a person, and to read it costs nothing.
//!
//! The model says so where it refuses rows that have both (`if self.person and self.room: raise …`), it or its table
//! (`CheckConstraint(condition=Q(person=None) | Q(room=None))`), or where its foreign keys go by one `related_name` and its code takes whichever is there: `self.person or self.room`,
//! `{Target.PERSON: "person", Target.ROOM: "room"}[self.target]`.
//!
//! So it is with the other sides of a one-to-one that an abstract model declares for several: an order that is reached from
//! its refund has no voucher as well, or few have.

use ruff_text_size::TextRange;
use tuneup_python::flow::{ArgumentKind, BinaryOp, Expr, ExprKind, FileFacts, StmtKind};
use tuneup_python::{Base, Symbol};

use crate::queries::machine::Machine;
use crate::queries::value::{Origin, Path, Row};
use crate::schema::{ModelAttribute, ModelId, RelationId, RelationKind};

impl Machine<'_> {
    /// Whether a relation of a row is null because the row was reached over another that excludes it.
    pub(in crate::queries) fn is_excluded(&mut self, row: Row, relation: RelationId) -> bool {
        if !self.may_be_null(relation) {
            return false;
        }
        let owners = match self.reached_over(row) {
            Some(owner) => vec![owner],
            None => self.never_null(row),
        };
        owners.into_iter().any(|owner| self.excludes(row.model, owner, relation))
    }

    /// Whether a relation is the other side of a one-to-one whose declaration also made the one over which the row was
    /// reached.
    pub(in crate::queries) fn is_of_sibling(&self, row: Row, relation: RelationId) -> bool {
        let read = self.schema.relation(relation);
        if !read.is_reverse() || read.kind() != RelationKind::OneToOne {
            return false;
        }
        let over = match self.values.last_step(row.path) {
            Some((_, step)) => Some(step.relation),
            None => self.reached_over(row).and_then(|back| self.schema.relation(back).inverse()),
        };
        let source = |field| self.schema.field(field).source().map(|source| (source.owner, source.value));
        over.map(|over| self.schema.relation(over)).is_some_and(|over| {
            over.kind() == RelationKind::OneToOne
                && !over.is_reverse()
                && over.field() != read.field()
                && source(over.field()).is_some_and(|one| source(read.field()) == Some(one))
        })
    }

    fn excludes(&mut self, model: ModelId, owner: RelationId, relation: RelationId) -> bool {
        if owner == relation || !self.may_be_null(owner) {
            return false;
        }
        let key = (owner.min(relation), owner.max(relation));
        if let Some(&known) = self.alternatives.get(&key) {
            return known;
        }
        let are_alternatives = self.are_alternatives(model, owner, relation);
        self.alternatives.insert(key, are_alternatives);
        are_alternatives
    }

    fn may_be_null(&self, relation: RelationId) -> bool {
        let relation = self.schema.relation(relation);
        relation.null() && !relation.is_reverse() && !relation.to_many()
    }

    /// The foreign key over whose other side a row was reached.
    pub(super) fn reached_over(&self, row: Row) -> Option<RelationId> {
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

    /// The foreign keys of a row that may be null, and that its query's filters say are not.
    fn never_null(&self, row: Row) -> Vec<RelationId> {
        let mut relations = self.schema.forward_relations(row.model);
        relations.retain(|&relation| self.may_be_null(relation) && self.is_said_to_be(row, relation));
        relations
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
            refuses(facts, body, both)
                || forbids(facts, body, both)
                || is_by_one_name && chooses(facts, body, both, is_null_key)
        })
    }
}

/// Whether code within a stretch raises where both keys are there.
fn refuses(facts: &FileFacts, within: TextRange, both: [Symbol; 2]) -> bool {
    facts.stmts.iter().filter(|stmt| within.contains_range(stmt.range)).any(|stmt| {
        let StmtKind::If { test, then, .. } = stmt.kind else { return false };
        facts.block(then).iter().any(|stmt| matches!(stmt.kind, StmtKind::Raise(_)))
            && truth(facts, test, both) == Some(true)
    })
}

/// What a test of a row comes to where it has both keys, of whose other columns nothing is known.
fn truth(facts: &FileFacts, test: Expr, both: [Symbol; 2]) -> Option<bool> {
    let parts = |run| facts.list(run).iter().map(|&part| truth(facts, part, both));
    match facts.kind(test) {
        ExprKind::And(run) => all(parts(run)),
        ExprKind::Or(run) => any(&mut parts(run)),
        ExprKind::Not(negated) => truth(facts, negated, both).map(|truth| !truth),
        ExprKind::Compare(..) => {
            let (asked, is_none) = facts.compared_to_none(test)?;
            own_key(facts, asked).filter(|name| both.contains(name)).map(|_| !is_none)
        }
        _ => own_key(facts, test).filter(|name| both.contains(name)).map(|_| true),
    }
}

/// Whether a `CheckConstraint` within a stretch lets no row have both keys.
///
/// <https://docs.djangoproject.com/en/stable/ref/models/constraints/#checkconstraint>
fn forbids(facts: &FileFacts, within: TextRange, both: [Symbol; 2]) -> bool {
    facts.exprs_within(within).any(|(_, expr)| {
        let ExprKind::Call(callee, run) = expr.kind else { return false };
        is_named(facts, callee, "CheckConstraint")
            && facts.arguments(run).iter().any(|argument| {
                matches!(argument.kind, ArgumentKind::Keyword(name) if name == "check" || name == "condition")
                    && condition(facts, argument.value, both) == Some(false)
            })
    })
}

/// What a condition, `Q(person=None) | Q(room=None)`, comes to for a row that has both keys.
fn condition(facts: &FileFacts, expr: Expr, both: [Symbol; 2]) -> Option<bool> {
    let parts = |run| facts.list(run).iter().map(|&part| condition(facts, part, both));
    match facts.kind(expr) {
        ExprKind::Binary(BinaryOp::BitAnd, run) => all(parts(run)),
        ExprKind::Binary(BinaryOp::BitOr, run) => any(&mut parts(run)),
        ExprKind::Call(callee, run) if is_named(facts, callee, "Q") => {
            all(facts.arguments(run).iter().map(|argument| match argument.kind {
                ArgumentKind::Positional => condition(facts, argument.value, both),
                ArgumentKind::Keyword(name) => asks(facts, name, argument.value, both),
                ArgumentKind::Star | ArgumentKind::DoubleStar => None,
            }))
        }
        _ => None,
    }
}

/// What `person__isnull=True` or `person=None` comes to for a row that has both keys.
fn asks(facts: &FileFacts, lookup: Symbol, value: Expr, both: [Symbol; 2]) -> Option<bool> {
    let (name, is_null) = match (lookup.as_str().strip_suffix("__isnull"), facts.kind(value)) {
        (Some(name), ExprKind::Bool(is_null)) => (name, is_null),
        (None, ExprKind::None) => (lookup.as_str(), true),
        _ => return None,
    };
    let name = name.strip_suffix("_id").unwrap_or(name);
    both.iter().any(|key| *key == name).then_some(!is_null)
}

fn is_named(facts: &FileFacts, callee: Expr, wanted: &str) -> bool {
    matches!(facts.kind(callee), ExprKind::Global(name) | ExprKind::Attribute(_, name) if name == wanted)
}

fn all(parts: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    any(&mut parts.map(|part| part.map(|truth| !truth))).map(|truth| !truth)
}

fn any(parts: &mut dyn Iterator<Item = Option<bool>>) -> Option<bool> {
    let mut is_known = true;
    for part in parts {
        match part {
            Some(true) => return Some(true),
            Some(false) => {}
            None => is_known = false,
        }
    }
    is_known.then_some(false)
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
    facts.exprs_within(within).any(|(_, expr)| match expr.kind {
        ExprKind::Or(run) => are_keys(facts.list(run).iter().map(|&part| own_key(facts, part)).collect()),
        ExprKind::Dict(run) => {
            are_keys(facts.list(run).iter().skip(1).step_by(2).map(|&value| text(facts, value)).collect())
        }
        _ => false,
    })
}

/// The key that `self.key` or `self.key_id` asks for.
fn own_key(facts: &FileFacts, expr: Expr) -> Option<Symbol> {
    match facts.kind(expr) {
        ExprKind::Attribute(base, name) if facts.kind(base) == ExprKind::Local(0) => {
            Some(name.as_str().strip_suffix("_id").map_or(name, Symbol::new))
        }
        _ => None,
    }
}

fn text(facts: &FileFacts, expr: Expr) -> Option<Symbol> {
    facts.as_str(expr).map(Symbol::new)
}
