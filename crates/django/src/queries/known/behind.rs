//! Behind which tests code reads: `if book.is_series: book.author.name` reads for some rows of a query, and which these are
//! the data says. What it costs them is the same; that it is they alone is said with it.
//!
//! - A test counts that is made anew for each row of the query. One around all of them decides whether there are any.
//! - One that asks whether a related row is there is none for what is read of that: of a row without one nothing is read anyway.
//! - One of the variables of a loop over something else than rows (`for name in NAMES: if name == "author": …`) comes out so in one
//!   of its turns, for each row.
//! - What stands behind a branch that ends by raising is done for all rows that are in order.

use tuneup_python::Symbol;
use tuneup_python::flow::{Block, Expr, ExprKind, StmtKind};

use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Origin, Path, Row, Shape, Site, Value};
use crate::schema::ModelAttribute;

/// A test, and how it comes out where something is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Test {
    /// The expression that is tested.
    pub site: Site,
    /// Whether it holds there.
    pub holds: bool,
}

/// The tests behind which something is done for a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Tests {
    /// The first of them.
    pub outer: Test,
    /// The last of them, which may be the same.
    pub inner: Test,
}

impl Tests {
    /// What tells them from others.
    pub(in crate::queries) fn name(&self) -> Symbol {
        let name = |Test { site, holds }: Test| {
            format!("{} {} {holds}", site.file.index(), site.range.start().to_u32())
        };
        Symbol::new(&format!("%tests {} {}", name(self.outer), name(self.inner)))
    }
}

/// What was under way when a test was made.
#[derive(Clone, Copy, Debug)]
pub(in crate::queries) struct Made {
    /// How many loops.
    loops: usize,
    /// How many calls.
    calls: usize,
}

/// A test behind which code is being run.
#[derive(Clone, Copy, Debug)]
pub(in crate::queries) struct Behind {
    deciding: Deciding,
    made: Made,
}

/// A test, and the row, of a query, that is there where it comes out so.
#[derive(Clone, Copy, Debug)]
pub(in crate::queries) struct Deciding {
    test: Test,
    there: Option<(Value, Path)>,
}

/// What a test asks for that is a row, or rows.
#[derive(Clone, Copy, Debug)]
pub(super) enum Asked {
    /// One, of a query.
    Row(Value, Path),
    /// Those that a row is related to.
    Rows,
}

/// The text of a row that what is being run stands in for, and when it was asked for.
#[derive(Clone, Copy, Debug)]
pub(in crate::queries) struct InsteadOf {
    /// `Book.title`
    pub(in crate::queries) text: Symbol,
    made: Made,
}

impl Made {
    /// Whether what was made then came after the beginning of something else.
    fn is_within(self, begun: Self) -> bool {
        self.loops > begun.loops || self.calls > begun.calls
    }
}

impl<'p> Machine<'p> {
    /// The tests behind which something is done for a row, of those that are made for each row anew.
    pub(in crate::queries) fn tests_around(&self, row: Row, path: Path) -> Option<Tests> {
        if self.behind.is_empty() {
            return None;
        }
        let begun = self.begun_for(&[row.query])?;
        let is_read_of =
            |(query, there): (Value, Path)| query == row.query && self.leads_through(path, there);
        let mut tests = self
            .behind
            .iter()
            .filter(|behind| behind.made.is_within(begun) && !behind.deciding.there.is_some_and(is_read_of))
            .map(|behind| behind.deciding.test);
        let outer = tests.next()?;
        Some(Tests { outer, inner: tests.next_back().unwrap_or(outer) })
    }

    /// The tests behind which a call with such arguments is made, as far as what it reads hangs on that.
    pub(in crate::queries) fn tests_of_call(&self, given: &[Value]) -> Option<Tests> {
        let last = self.behind.last()?;
        let members = given.iter().flat_map(|&value| self.values.members(value));
        let mut rows = members.filter_map(|member| self.as_row(member)).filter(|row| row.many).peekable();
        match rows.peek() {
            Some(_) => rows.find_map(|row| self.tests_around(row, row.path)),
            None => Some(Tests { outer: last.deciding.test, inner: last.deciding.test }),
        }
    }

    /// Whether a path begins with another.
    fn leads_through(&self, path: Path, first: Path) -> bool {
        let (steps, first) = (self.values.steps(path), self.values.steps(first));
        steps.len() >= first.len()
            && steps.iter().zip(&first).all(|(one, other)| one.relation == other.relation)
    }

    /// The text that what is done for a row stands in for, where it was asked for anew for that row, or one to which it is related.
    pub(in crate::queries) fn stands_in_for(&self, row: Row) -> Option<Symbol> {
        if self.fallback.is_empty() {
            return None;
        }
        let mut queries = vec![row.query];
        while let Some(Origin::Related(of, _)) =
            queries.last().and_then(|&query| self.as_queryset(query)).map(|queryset| queryset.origin.clone())
            && let Some(of) = self.as_row(of).filter(|of| !queries.contains(&of.query))
        {
            queries.push(of.query);
        }
        let begun = self.begun_for(&queries);
        let mut fallbacks = self.fallback.iter();
        let found = fallbacks.find(|fallback| begun.is_none_or(|begun| fallback.made.is_within(begun)));
        found.map(|fallback| fallback.text)
    }

    /// What had been under way when the first of these queries began to be looped over, or when one of its rows was handed to a
    /// function: some are handed on one by one without a loop that is seen.
    fn begun_for(&self, queries: &[Value]) -> Option<Made> {
        if let Some(loops) = self.looping.iter().position(|(query, _)| queries.contains(query)) {
            return Some(Made { loops, calls: usize::MAX });
        }
        let is_of = |value: Value| {
            let members = self.values.members(value).into_iter();
            members.filter_map(|member| self.as_row(member)).any(|it| it.many && queries.contains(&it.query))
        };
        let mut calls = self.active_calls.iter();
        let calls = calls.position(|&(_, _, given)| self.values.slots(given).iter().any(|&it| is_of(it)))?;
        Some(Made { loops: usize::MAX, calls })
    }

    /// What is under way.
    fn made_now(&self) -> Made {
        Made { loops: self.looping.len(), calls: self.active_calls.len() }
    }

    /// Takes what is run from here on for what stands in for a text.
    pub(in crate::queries) fn begin_to_stand_in(&mut self, text: Option<Symbol>) {
        let made = self.made_now();
        self.fallback.extend(text.map(|text| InsteadOf { text, made }));
    }

    /// Runs what stands behind tests.
    pub(in crate::queries) fn behind<T>(
        &mut self,
        tests: &[Deciding],
        run: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let before = self.behind.len();
        self.begin_behind(tests);
        let result = run(self);
        self.behind.truncate(before);
        result
    }

    /// Runs what stands behind tests, and in for a text.
    pub(in crate::queries) fn where_so<T>(
        &mut self,
        tests: &[Deciding],
        text: Option<Symbol>,
        run: impl FnOnce(&mut Self) -> T,
    ) -> T {
        self.behind(tests, |machine| machine.stand_in(text, run))
    }

    /// Takes what is run from here on for what stands behind tests.
    pub(in crate::queries) fn begin_behind(&mut self, tests: &[Deciding]) {
        let made = self.made_now();
        self.behind.extend(tests.iter().map(|&deciding| Behind { deciding, made }));
    }

    /// What tests that come out as `holds` tell of the rows for which they do, where code is run for each of several.
    pub(in crate::queries) fn deciding(
        &mut self,
        frame: &mut Frame<'p>,
        tests: &[Expr],
        holds: bool,
    ) -> Vec<Deciding> {
        let mut found = Vec::new();
        if self.is_for_a_row() {
            tests.iter().for_each(|&test| self.add_deciding(frame, test, holds, &mut found));
        }
        found
    }

    fn add_deciding(&mut self, frame: &mut Frame<'p>, test: Expr, holds: bool, found: &mut Vec<Deciding>) {
        let facts = frame.facts;
        let parts = match facts.kind(test) {
            ExprKind::Not(inner) => return self.add_deciding(frame, inner, !holds, found),
            ExprKind::And(run) if holds => facts.list(run),
            ExprKind::Or(run) if !holds => facts.list(run),
            _ => {
                let (place, is_there) = match facts.compared_to_none(test) {
                    Some((place, is_none)) => (place, is_none != holds),
                    None => (test, holds),
                };
                if self.is_of_other_turns(frame, test) {
                    return;
                }
                let there = match self.asked_for(frame, place).filter(|_| is_there) {
                    Some(Asked::Rows) => return,
                    Some(Asked::Row(query, path)) => Some((query, path)),
                    None => None,
                };
                found.push(Deciding { test: Test { site: frame.site_of(test), holds }, there });
                return;
            }
        };
        parts.iter().for_each(|&part| self.add_deciding(frame, part, holds, found));
    }

    /// The row or rows that a place is, or the key of.
    fn asked_for(&mut self, frame: &mut Frame<'p>, place: Expr) -> Option<Asked> {
        let facts = frame.facts;
        let (base, name) = match facts.kind(place) {
            ExprKind::Local(slot) => {
                let held = *frame.slots.get(slot as usize)?;
                return self.row_or_rows(held);
            }
            ExprKind::Context(_) => {
                let held = self.eval_seldom(frame, place);
                return self.row_or_rows(held);
            }
            ExprKind::Attribute(base, name) | ExprKind::Lookup(base, name) => (base, name),
            ExprKind::Call(callee, run) if is_hasattr(facts.kind(callee)) => match facts.arguments(run) {
                [row, name] => match facts.kind(name.value) {
                    ExprKind::Str(name) => (row.value, name),
                    _ => return None,
                },
                _ => return None,
            },
            _ => return None,
        };
        // What it reads, it has read where the test was made.
        let held = self.eval_seldom(frame, base);
        let row = self.as_row(held)?;
        if let Some(relation) = self.relation_behind(row, name) {
            return Some(Asked::Row(row.query, self.over(row.path, relation)));
        }
        let is_to_many = matches!(self.schema.attribute(row.model, name), Some(ModelAttribute::ToMany(_)));
        is_to_many.then_some(Asked::Rows)
    }

    /// The row or rows among what a value may be.
    pub(super) fn row_or_rows(&self, value: Value) -> Option<Asked> {
        self.values.members(value).into_iter().find_map(|member| match self.values.shape(member) {
            Shape::Row(row) => Some(Asked::Row(row.query, row.path)),
            Shape::Queryset(_) | Shape::Sequence(_) => Some(Asked::Rows),
            _ => None,
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
