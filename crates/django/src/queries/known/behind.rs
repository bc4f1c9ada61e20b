//! Behind which tests code reads: `if book.is_series: book.author.name` reads for some rows of a query, and which these are
//! the data says. What it costs them is the same; that it is they alone is said with it.
//!
//! - A test counts that is made anew for each row of the query. One around all of them decides whether there are any.
//! - One that asks whether the related row is there is none: of a row without one nothing is read anyway.
//! - What stands behind a branch that ends by raising is done for all rows that are in order.

use tuneup_python::flow::{Block, Expr, ExprKind, StmtKind};

use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Row, Shape, Site, Value};
use crate::schema::ModelAttribute;

/// A test, and how it comes out where something is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Test {
    /// The expression that is tested.
    pub site: Site,
    /// Whether it holds there.
    pub holds: bool,
}

/// A test behind which code is being run, and what was under way when it was made.
#[derive(Clone, Copy, Debug)]
pub(in crate::queries) struct Behind {
    test: Test,
    /// How many loops.
    loops: usize,
    /// How many calls.
    calls: usize,
}

impl<'p> Machine<'p> {
    /// The first of the tests behind which something is done for a row, of those that are made for each row anew.
    pub(in crate::queries) fn test_around(&self, row: Row) -> Option<Test> {
        if self.behind.is_empty() {
            return None;
        }
        let is_of = |value: Value| {
            let members = self.values.members(value).into_iter();
            members.filter_map(|member| self.as_row(member)).any(|it| it.many && it.query == row.query)
        };
        let mut around = self.behind.iter();
        let found = match self.looping.iter().position(|(query, _)| *query == row.query) {
            Some(begun) => around.find(|behind| behind.loops > begun),
            // Some rows are handed to functions one by one without a loop that is seen.
            None => {
                let mut calls = self.active_calls.iter();
                let begun =
                    calls.position(|&(_, _, given)| self.values.slots(given).iter().any(|&it| is_of(it)))?;
                around.find(|behind| behind.calls > begun)
            }
        };
        found.map(|behind| behind.test)
    }

    /// Runs what stands behind a test.
    pub(in crate::queries) fn behind<T>(
        &mut self,
        test: Option<Test>,
        run: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let before = self.behind.len();
        self.begin_behind(test);
        let result = run(self);
        self.behind.truncate(before);
        result
    }

    /// Takes what is run from here on for what stands behind a test.
    pub(in crate::queries) fn begin_behind(&mut self, test: Option<Test>) {
        if let Some(test) = test.filter(|_| self.is_for_a_row()) {
            self.behind.push(Behind { test, loops: self.looping.len(), calls: self.active_calls.len() });
        }
    }

    /// What a test tells of the rows for which it comes out as `holds`: itself, or the part of it that asks for more than whether
    /// a related row is there.
    pub(in crate::queries) fn deciding(
        &mut self,
        frame: &mut Frame<'p>,
        test: Expr,
        holds: bool,
    ) -> Option<Test> {
        if !self.is_for_a_row() {
            return None;
        }
        let facts = frame.facts;
        match facts.kind(test) {
            ExprKind::Not(inner) => return self.deciding(frame, inner, !holds),
            ExprKind::And(run) if holds => {
                return facts.list(run).iter().find_map(|&part| self.deciding(frame, part, true));
            }
            ExprKind::Or(run) if !holds => {
                return facts.list(run).iter().find_map(|&part| self.deciding(frame, part, false));
            }
            _ => {}
        }
        let place = facts.compared_to_none(test).map_or(test, |(place, _)| place);
        (!self.asks_for_related(frame, place)).then(|| Test { site: frame.site_of(test), holds })
    }

    /// What the tests before an operand tell of the rows for which it is computed.
    pub(in crate::queries) fn first_deciding(
        &mut self,
        frame: &mut Frame<'p>,
        tests: &[Expr],
        holds: bool,
    ) -> Option<Test> {
        tests.iter().find_map(|&test| self.deciding(frame, test, holds))
    }

    /// Whether a place is what is related to a row, or the key of that.
    fn asks_for_related(&mut self, frame: &mut Frame<'p>, place: Expr) -> bool {
        let facts = frame.facts;
        let (base, name) = match facts.kind(place) {
            ExprKind::Local(slot) => {
                return frame.slots.get(slot as usize).is_some_and(|&held| self.is_of_rows(held));
            }
            ExprKind::Context(_) => {
                let held = self.eval(frame, place);
                return self.is_of_rows(held);
            }
            ExprKind::Attribute(base, name) | ExprKind::Lookup(base, name) => (base, name),
            ExprKind::Call(callee, run) if is_hasattr(facts.kind(callee)) => match facts.arguments(run) {
                [row, name] => match facts.kind(name.value) {
                    ExprKind::Str(name) => (row.value, name),
                    _ => return false,
                },
                _ => return false,
            },
            _ => return false,
        };
        let Some(row) = self.row_in(frame, base) else { return false };
        self.relation_behind(row, name).is_some()
            || matches!(self.schema.attribute(row.model, name), Some(ModelAttribute::ToMany(_)))
    }

    /// Whether a value is a row, or rows.
    fn is_of_rows(&self, value: Value) -> bool {
        self.values.members(value).into_iter().any(|member| {
            matches!(self.values.shape(member), Shape::Row(_) | Shape::Queryset(_) | Shape::Sequence(_))
        })
    }
}

fn is_hasattr(callee: ExprKind) -> bool {
    matches!(callee, ExprKind::Global(name) if name == "hasattr")
}

/// Whether a block ends by raising.
pub(in crate::queries) fn raises(frame: &Frame<'_>, block: Block) -> bool {
    matches!(frame.facts.block(block).last().map(|stmt| stmt.kind), Some(StmtKind::Raise(_)))
}
