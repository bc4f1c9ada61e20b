//! Code that runs for few rows of a query, if for any, so that what it reads is not read once per row.
//!
//! - What stands in for two columns that are null, one after the other: `self.end or self.start + self.duration`, where
//!   `duration` in turn is `type.duration` of rows that have none of their own. One fallback alone may well be what most
//!   rows use.
//! - What is read where two rows of one query were found to go together: `if this.overlaps(before)`.
//! - What is read where a row was not found that is the same for all: `ContentType.objects.get(model="book")`.
//! - What a branch reads of rows whose text is empty, where their query leaves out those that have none:
//!   `exclude(code__isnull=True)`.
//! - What a branch reads that complains to a log of what a row lacks: `if not book.author_id: logger.warning(…)`. Where it
//!   complains of something else, others than few may be such rows: then it is said.

use ruff_text_size::TextRange;
use tuneup_python::Symbol;
use tuneup_python::flow::{Block, Expr, ExprKind, FileFacts, StmtKind};

use crate::queries::known::due::is_due;
use crate::queries::known::filtered::{TEXTS, is_date};
use crate::queries::known::narrowing::Reference;
use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Row, Shape, Value};
use crate::schema::ModelAttribute;

/// From how much on code counts as run for few rows.
pub(super) const SELDOM: u32 = 2;

impl<'p> Machine<'p> {
    /// Whether the code that is being run is run for few rows.
    pub(in crate::queries) fn is_seldom(&self) -> bool {
        self.seldom >= SELDOM
    }

    /// The value of an expression that reads of few rows.
    pub(in crate::queries) fn eval_seldom(&mut self, frame: &mut Frame<'p>, expr: Expr) -> Value {
        self.seldom += SELDOM;
        let value = self.eval(frame, expr);
        self.seldom -= SELDOM;
        value
    }

    /// What tells apart what a call does here from what it does elsewhere.
    pub(in crate::queries) fn rarity(&self) -> u32 {
        self.seldom.min(SELDOM)
    }

    /// How much rarer code is that runs only where a test came out as `holds`.
    pub(in crate::queries) fn rarer(&mut self, frame: &mut Frame<'p>, test: Expr, holds: bool) -> u32 {
        let facts = frame.facts;
        match facts.kind(test) {
            ExprKind::Not(inner) => self.rarer(frame, inner, !holds),
            ExprKind::And(run) if holds => {
                facts.list(run).iter().map(|&part| self.rarer(frame, part, true)).max().unwrap_or(0)
            }
            ExprKind::Compare(..) if is_due(frame, test, holds) => SELDOM,
            ExprKind::Call(..) if holds && self.pairs_rows(frame, test) => SELDOM,
            _ => match tested_for_null(frame, test, holds) {
                Some((place, is_none)) if self.is_null_column(frame, place, is_none) => {
                    u32::from(is_returned(frame, place))
                }
                Some((place, _)) if self.is_text_asked_for(frame, place) => SELDOM,
                _ => 0,
            },
        }
    }

    /// How much rarer the branch where a test comes out as `holds` is by what it does: it complains that a row lacks
    /// something.
    pub(in crate::queries) fn rarer_in(frame: &Frame<'p>, test: Expr, holds: bool, branch: Block) -> u32 {
        let complains = complains(frame.facts, branch) && tested_for_null(frame, test, holds).is_some();
        if complains { SELDOM } else { 0 }
    }

    /// How much rarer the handler of an exception is than what was tried: it catches that a row is missing which the code
    /// got by name, the same one for all rows that are looped over.
    pub(in crate::queries) fn rarer_caught(
        &mut self,
        frame: &Frame<'p>,
        tried: Block,
        handler: Block,
    ) -> u32 {
        let facts = frame.facts;
        if !catches_missing(facts, handler) || !self.is_for_a_row() {
            return 0;
        }
        let within = facts.stretch(tried);
        let asked = facts.exprs_within(within).filter_map(|(_, expr)| {
            let ExprKind::Call(callee, _) = expr.kind else { return None };
            let ExprKind::Attribute(base, name) = facts.kind(callee) else { return None };
            let is_manager =
                matches!(facts.kind(base), ExprKind::Attribute(_, manager) if manager.as_str().ends_with("objects"));
            (name == "get" && is_manager).then_some(expr.range)
        });
        let asked: Vec<TextRange> = asked.collect();
        let is_of_a_row = asked.iter().any(|&range| {
            let slots = self.looked_at(frame, range);
            slots
                .into_iter()
                .filter_map(|slot| frame.slots.get(slot as usize))
                .any(|&value| self.is_for_each_row(value))
        });
        if asked.is_empty() || is_of_a_row { 0 } else { SELDOM }
    }

    /// Whether a value is another for each row that is looped over, or may be.
    fn is_for_each_row(&self, value: Value) -> bool {
        self.values.members(value).into_iter().any(|member| match self.values.shape(member) {
            Shape::Row(row) => row.many,
            Shape::Scalar | Shape::Unlike(_) | Shape::Unknown => !self.looping.is_empty(),
            _ => false,
        })
    }

    /// How much rarer `other` is in `place or other`.
    pub(in crate::queries) fn rarer_behind(&mut self, frame: &mut Frame<'p>, place: Expr) -> u32 {
        u32::from(self.is_null_column(frame, place, false))
    }

    /// How much rarer a branch of `place if place is not None else other` is.
    pub(in crate::queries) fn rarer_than(
        &mut self,
        frame: &mut Frame<'p>,
        test: Expr,
        holds: bool,
        instead: Expr,
    ) -> u32 {
        let Some((place, is_none)) = tested_for_null(frame, test, holds) else {
            return self.rarer(frame, test, holds);
        };
        if Reference::of(frame, place).is_some_and(|it| Reference::of(frame, instead) == Some(it)) {
            return u32::from(self.is_null_column(frame, place, is_none));
        }
        self.rarer(frame, test, holds)
    }

    /// The row whose attribute a place is.
    pub(super) fn row_of_place(&mut self, frame: &mut Frame<'p>, place: Expr) -> Option<Row> {
        Reference::of(frame, place)?;
        let ExprKind::Attribute(base, _) = frame.facts.kind(place) else { return None };
        self.row_in(frame, base)
    }

    /// Whether a place is a column that may be null, and that counts as false only where it is, or nearly so.
    pub(super) fn is_null_column(&mut self, frame: &mut Frame<'p>, place: Expr, is_none: bool) -> bool {
        let ExprKind::Attribute(_, name) = frame.facts.kind(place) else { return false };
        let Some(row) = self.row_of_place(frame, place) else { return false };
        if !matches!(self.schema.attribute(row.model, name), Some(ModelAttribute::Column)) {
            return false;
        }
        let Some(field) = self.schema.field_named(row.model, name) else { return false };
        let field = self.schema.field(field);
        let class = field.class().as_str();
        let is_value =
            is_date(class) || ["Integer", "Decimal", "Float", "Duration"].iter().any(|it| class.contains(it));
        field.null().is_yes() && field.relation().is_none() && (is_none || is_value)
    }

    /// Whether a place is a text that may be null, where the row's query leaves out the rows in which it is: those that are
    /// left and hold an empty one are few.
    fn is_text_asked_for(&mut self, frame: &mut Frame<'p>, place: Expr) -> bool {
        let ExprKind::Attribute(_, name) = frame.facts.kind(place) else { return false };
        let Some(row) = self.row_of_place(frame, place) else { return false };
        let Some(field) = self.schema.field_named(row.model, name) else { return false };
        let field = self.schema.field(field);
        field.null().is_yes()
            && TEXTS.contains(&field.class().as_str())
            && self.is_asked_not_to_be_null(row, name)
    }

    /// Whether a call is a method of one row that is given another row of the same query: it tells whether two go
    /// together, which few do.
    fn pairs_rows(&mut self, frame: &mut Frame<'p>, call: Expr) -> bool {
        let facts = frame.facts;
        let ExprKind::Call(callee, run) = facts.kind(call) else { return false };
        let ExprKind::Attribute(this, _) = facts.kind(callee) else { return false };
        let (ExprKind::Local(_), [first, ..]) = (facts.kind(this), facts.arguments(run)) else {
            return false;
        };
        if !matches!(facts.kind(first.value), ExprKind::Local(_) | ExprKind::Subscript(..)) {
            return false;
        }
        let this = self.eval(frame, this);
        let other = self.eval(frame, first.value);
        let rows = |value| self.values.members(value).into_iter().filter_map(|member| self.as_row(member));
        rows(this).any(|this| {
            let is_of_it =
                |other: Row| (other.query, other.path, other.model) == (this.query, this.path, this.model);
            this.many && rows(other).any(is_of_it)
        })
    }
}

/// The place that a test finds to be null, or to count as false, where it comes out as `holds`; and whether it is null.
pub(super) fn tested_for_null(frame: &Frame<'_>, test: Expr, holds: bool) -> Option<(Expr, bool)> {
    let facts = frame.facts;
    match facts.kind(test) {
        ExprKind::Not(inner) => tested_for_null(frame, inner, !holds),
        ExprKind::Compare(..) => facts
            .compared_to_none(test)
            .filter(|&(_, is_none)| is_none == holds)
            .map(|(asked, _)| (asked, true)),
        ExprKind::Attribute(..) => (!holds).then_some((test, false)),
        _ => None,
    }
}

/// Whether the function returns what a place holds, so that what it does where that is null stands in for it.
fn is_returned(frame: &Frame<'_>, place: Expr) -> bool {
    Reference::of(frame, place).is_some_and(|place| frame.returns(place))
}

/// Whether a handler catches that a row is missing, and nothing else.
pub(super) fn catches_missing(facts: &FileFacts, handler: Block) -> bool {
    let Some(StmtKind::Expr(caught) | StmtKind::Assign(_, caught)) =
        facts.block(handler).first().map(|stmt| stmt.kind)
    else {
        return false;
    };
    let ExprKind::Caught(kinds) = facts.kind(caught) else { return false };
    match *facts.list(kinds) {
        [kind] => match facts.kind(kind) {
            ExprKind::Attribute(_, name) => name == "DoesNotExist" || name == "ObjectDoesNotExist",
            ExprKind::Global(name) => name == "ObjectDoesNotExist",
            _ => false,
        },
        _ => false,
    }
}

/// Methods of a logger that tell of what should not be.
const COMPLAINTS: &[&str] = &["warning", "warn", "error", "exception", "critical"];

/// Why one of two branches is not run for every row: it alone warns of something in a log.
pub(in crate::queries) fn warned_of(facts: &FileFacts, branch: Block, other: Block) -> Option<Symbol> {
    let warns = complains(facts, branch) && !complains(facts, other);
    let said =
        "It is read only for rows of which code warns in a log: the others would pay for it without need.";
    warns.then(|| Symbol::new(said))
}

/// Whether a block tells a log that something is not as it should be.
fn complains(facts: &FileFacts, block: Block) -> bool {
    facts.block(block).iter().any(|stmt| {
        let StmtKind::Expr(value) = stmt.kind else { return false };
        let ExprKind::Call(callee, _) = facts.kind(value) else { return false };
        let ExprKind::Attribute(base, name) = facts.kind(callee) else { return false };
        COMPLAINTS.contains(&name.as_str())
            && matches!(facts.kind(base), ExprKind::Global(log) | ExprKind::Attribute(_, log)
                if log.as_str().to_ascii_lowercase().contains("log"))
    })
}
