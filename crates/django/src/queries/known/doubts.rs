//! Code of which it is not known whether it runs for all rows of a query that is looped over around it.
//!
//! - What is asked last of a row, behind many tests that may have decided: the last operands of
//!   `too_long(book) or too_new(book) or is_other(book) or book.author.name in names`. Where the loop searches for one row, and
//!   passes over all for which the test holds, few rows come as far.
//! - What only a flag demands that is not set by default: `def listed(books, detailed=False)`.
//! - What is read of the first row of each group alone.
//! - What is read while rows are looped over that a row has below it in a tree: `for child in Page.objects.filter(parent=self)`.
//! - Rows that are due on a day, which are few: `if (book.due - today).days not in (2, 7): continue`.

use tuneup_python::Symbol;
use tuneup_python::flow::{Block, CompareOp, Expr, ExprKind, FileFacts, Stmt, StmtKind};

use crate::queries::known::leaving::ends_by_leaving;
use crate::queries::known::seldom::SELDOM;
use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Given, Origin, Path, Role, Row, Shape, Value};

/// Behind how many tests of a row many rows may be decided.
const MANY: usize = 3;

/// Flags that tell a rehearsal from what code is for, whatever they are by default.
const REHEARSALS: &[&str] = &["commit", "dry", "dry_run", "dryrun"];

impl<'p> Machine<'p> {
    /// Why a row may not be among those for which what is being run is done.
    pub(in crate::queries) fn doubt_of(&self, row: Row) -> Option<Symbol> {
        let is_around = |depth| self.looping.iter().take(depth).any(|(query, _)| *query == row.query);
        let doubt = self.doubt.filter(|&(_, depth)| is_around(depth)).map(|(doubt, _)| doubt);
        let heads =
            "Only one row of each of several lists reads it: the others would pay for it without need.";
        doubt.or_else(|| row.head.then(|| Symbol::new(heads)))
    }

    /// Runs what may not be run for all rows that are looped over around it.
    pub(in crate::queries) fn doubting<T>(
        &mut self,
        doubt: Option<Symbol>,
        run: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let before = self.doubt;
        self.begin_to_doubt(doubt);
        let result = run(self);
        self.doubt = before;
        result
    }

    /// Takes what is run from here on for what may not be run for all rows that are looped over around it.
    pub(in crate::queries) fn begin_to_doubt(&mut self, doubt: Option<Symbol>) {
        if let Some(doubt) = doubt.filter(|_| !self.looping.is_empty() || self.beginning.is_some()) {
            self.doubt = Some((doubt, self.looping.len()));
        }
    }

    /// Why the branch of a test may not be run for a row, and which: a parameter decides that is a flag, and which is not
    /// what it is by default.
    pub(in crate::queries) fn flagged(&self, frame: &Frame<'p>, test: Expr) -> Option<(Symbol, bool)> {
        let facts = frame.facts;
        match facts.kind(test) {
            ExprKind::Not(inner) => self.flagged(frame, inner).map(|(doubt, holds)| (doubt, !holds)),
            ExprKind::And(run) => {
                facts.list(run).iter().find_map(|&part| self.flagged(frame, part).filter(|&(_, holds)| holds))
            }
            ExprKind::Local(slot) => {
                let slot = slot as usize;
                let definition = facts.function(frame.function?);
                let parameter = facts.parameters(definition.parameters).get(slot)?;
                let ExprKind::Bool(default) = facts.kind(parameter.default?) else { return None };
                let is_rehearsal = REHEARSALS.contains(&parameter.name.as_str());
                if is_rehearsal
                    || frame.rebound.contains(&slot)
                    || self.known_truth(*frame.slots.get(slot)?).is_some()
                {
                    return None;
                }
                let name = parameter.name;
                let doubt = format!(
                    "It is read only where `{name}` is {}, and by default it is {default}.",
                    !default
                );
                Some((Symbol::new(&doubt), !default))
            }
            _ => None,
        }
    }

    /// Whether rows are those of a query that asks for the rows below another of their model: `Page.objects.filter(parent=self)`.
    /// Most of the rows of a tree have none.
    pub(in crate::queries) fn are_children(&self, rows: Value) -> bool {
        let Some(row) = self.as_row(rows).filter(|row| row.path == Path::ROOT) else { return false };
        let Some(queryset) = self.as_queryset(row.query) else { return false };
        let is_above = |name: &str| {
            let mut model = row.model;
            for part in name.split("__") {
                let relation = self.schema.relation_by_query_name(model, Symbol::new(part));
                let Some(target) = relation.and_then(|it| self.schema.relation(it).target()) else {
                    return false;
                };
                model = target;
            }
            model == row.model
        };
        queryset.origin == Origin::Manager
            && self.values.terms(queryset.terms).iter().any(|term| {
                term.role == Role::Filter
                    && term.sure
                    && !term.negated
                    && term.given == Given::Other
                    && is_above(term.name.as_str())
            })
    }

    /// How much rarer an operand is behind others that may have decided, and why it may not be asked.
    pub(in crate::queries) fn asked_last(
        &mut self,
        frame: &Frame<'p>,
        test: Expr,
        before: &[Expr],
    ) -> (u32, Option<Symbol>) {
        if before.len() < MANY || before.iter().filter(|&&it| self.asks_of_rows(frame, it)).count() < MANY {
            return (0, None);
        }
        if frame.search == Some(test) {
            return (SELDOM, None);
        }
        let doubt = "It is asked behind several other tests of the row: rows for which these decide would pay for it without need.";
        (0, Some(Symbol::new(doubt)))
    }

    /// Whether an expression mentions one of many rows.
    fn asks_of_rows(&mut self, frame: &Frame<'p>, expr: Expr) -> bool {
        let slots = self.looked_at(frame, frame.facts.range(expr));
        slots
            .into_iter()
            .any(|slot| frame.slots.get(slot as usize).is_some_and(|&value| self.has_one_of_many(value)))
    }

    fn has_one_of_many(&self, value: Value) -> bool {
        match self.values.shape(value) {
            Shape::Row(row) => row.many,
            Shape::Tuple(parts) | Shape::Union(parts) => {
                parts.iter().any(|&part| self.as_row(part).is_some_and(|row| row.many))
            }
            _ => false,
        }
    }
}

/// Whether a branch passes over a row, and what is behind it leaves the loop with one for which the test did not hold.
pub(in crate::queries) fn is_search(facts: &FileFacts, then: Block, behind: &[Stmt]) -> bool {
    let passes = matches!(facts.block(then).last().map(|stmt| stmt.kind), Some(StmtKind::Continue));
    passes && ends_by_leaving(facts, behind)
}

/// Whether a test that came out as `holds` found a row to be due in one of few numbers of days.
pub(super) fn is_due(frame: &Frame<'_>, test: Expr, holds: bool) -> bool {
    let facts = frame.facts;
    let ExprKind::Compare(run, ops) = facts.kind(test) else { return false };
    let (&[left, right], Some(&op)) = (facts.list(run), facts.compare_ops.get(ops as usize)) else {
        return false;
    };
    let is_number = |&part: &Expr| matches!(facts.kind(part), ExprKind::Int(_));
    let is_equal = match (op, facts.kind(right)) {
        (CompareOp::Eq, ExprKind::Int(_)) => holds,
        (CompareOp::NotEq, ExprKind::Int(_)) => !holds,
        (
            CompareOp::In | CompareOp::NotIn,
            ExprKind::Tuple(numbers) | ExprKind::List(numbers) | ExprKind::Set(numbers),
        ) if facts.list(numbers).iter().all(is_number) => (op == CompareOp::In) == holds,
        _ => false,
    };
    is_equal && days(frame, left).is_some_and(|between| is_difference(facts, between))
}

/// The time whose days an expression counts: `(book.due - today).days`, or a variable that this was put into.
fn days(frame: &Frame<'_>, expr: Expr) -> Option<Expr> {
    let facts = frame.facts;
    match facts.kind(expr) {
        ExprKind::Attribute(between, name) if name == "days" => Some(between),
        ExprKind::Local(slot) => frame.days_of(slot),
        _ => None,
    }
}

/// Whether an expression is the difference between a field of something and something else.
fn is_difference(facts: &FileFacts, expr: Expr) -> bool {
    let ExprKind::Binary(_, run) = facts.kind(expr) else { return false };
    facts.list(run).iter().any(|&part| matches!(facts.kind(part), ExprKind::Attribute(..)))
}
