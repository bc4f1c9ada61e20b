//! Branches that leave a loop: `if book.title == title: return book.author`. Of all the rows that are looped over, one comes
//! there, so that what is read of it costs no query for each row. So it is behind the last test of a loop's body that ends so:
//! `if book.title != title: continue` and then `return book.author`. And so it is with what another variable holds of that row:
//! `first = book.parent or book`.
//!
//! So it is with what is tried in a turn and leaves where it comes to its end: `try: return book.author.name`,
//! `except AttributeError: continue`. The first row with which nothing goes wrong is the last.
//!
//! A branch that raises leaves too, unless something catches that within the loop.
//!
//! So is the test itself, where it asks whether a row has the related one: `if book.editor: return book.editor`. A key that is null
//! costs no query, and the first that is not leaves.
//!
//! Where what is asked for raises (`if book.editor: raise …`, `assert book.editor is None`), no row reads anything that goes on.
//!
//! Behind a loop, its variable is one of its rows: the last.
//!
//! Where another function made the rows, they may be the same for many calls, each of which reads one more of them; where
//! the call makes them, `first(Book.objects.all())`, or what calls has made them for it and does not loop, they are not.

use ruff_text_size::TextRange;
use tuneup_python::flow::{Block, Expr, ExprKind, FileFacts, Stmt, StmtKind};

use super::narrowing::widen_back;
use crate::queries::circumstances::Heeded;
use crate::queries::machine::{CalledBy, Frame, Machine};
use crate::queries::value::{Row, Shape, Site, Value};
use crate::schema::{ModelAttribute, RelationKind};

/// A loop that is under way.
#[derive(Clone, Debug)]
pub(crate) struct Turning {
    /// The variables that each turn sets.
    targets: Vec<u32>,
    /// The turn of the loop around, if there is one.
    around: Option<TextRange>,
}

impl Turning {
    /// A loop that puts each element in `target`.
    pub(in crate::queries) fn of(frame: &Frame<'_>, target: Option<Expr>) -> Self {
        let mut targets = Vec::new();
        if let Some(target) = target {
            variables(frame.facts, target, &mut targets);
        }
        Self { targets, around: frame.again.last().copied() }
    }
}

impl<'p> Machine<'p> {
    /// Whether a test asks only what the turns of a loop over something else than rows tell apart.
    pub(in crate::queries) fn is_of_other_turns(&mut self, frame: &Frame<'p>, test: Expr) -> bool {
        if frame.turning.is_empty() {
            return false;
        }
        let slots = self.looked_at(frame, frame.facts.range(test));
        let holds_rows = |&slot: &u32| {
            frame.slots.get(slot as usize).is_some_and(|&held| self.row_or_rows(held).is_some())
        };
        let is_other = |turning: &Turning| !turning.targets.iter().any(holds_rows);
        let mut turning = frame.turning.iter().filter(|turning| is_other(turning));
        !slots.iter().any(holds_rows)
            && turning.any(|turning| turning.targets.iter().any(|target| slots.contains(target)))
    }

    /// Takes the rows of the loops that a branch leaves for one row each.
    pub(in crate::queries) fn pick_where_left(&mut self, frame: &mut Frame<'p>, branch: Block) {
        let left = match last_step(frame.facts, branch) {
            Some(StmtKind::Return(_)) => 0,
            Some(StmtKind::Break) => frame.turning.len().saturating_sub(1),
            Some(StmtKind::Raise(_)) if !is_caught(frame, branch) => 0,
            _ => return,
        };
        // The queries of which one row comes here at all, its related rows included.
        let mut picked: Vec<Value> = Vec::new();
        for at in left..frame.turning.len() {
            let turning = frame.turning[at].clone();
            for &slot in &turning.targets {
                let before = frame.slots[slot as usize];
                let after = self.one_turn(frame, before, turning.around, &mut picked);
                if after != before {
                    frame.slots[slot as usize] = after;
                    frame.narrowed.push((slot, before, after));
                }
            }
            if !picked.is_empty() {
                self.pick_aliases(frame, turning.around, &mut picked);
            }
        }
    }

    /// Takes for one row what other variables hold of the rows that were picked: each has one of them at a time. Of many
    /// alternatives such a variable knows them as rows of one query, which was made where theirs were.
    fn pick_aliases(&mut self, frame: &mut Frame<'p>, around: Option<TextRange>, picked: &mut Vec<Value>) {
        let last = |machine: &Self, query: Value| {
            machine.as_queryset(query).and_then(|queryset| queryset.sites.last().copied())
        };
        let made: Vec<Site> = picked.iter().filter_map(|&query| last(self, query)).collect();
        for slot in 0..frame.slots.len() {
            let before = frame.slots[slot];
            let after = self.for_each(before, |machine, member| match machine.as_row(member) {
                Some(row) if last(machine, row.query).is_some_and(|site| made.contains(&site)) => {
                    picked.push(row.query);
                    machine.one_turn(frame, member, around, picked)
                }
                _ => member,
            });
            if after != before {
                frame.slots[slot] = after;
                frame.narrowed.push((slot as u32, before, after));
            }
        }
    }

    /// Takes the rows of a loop that has come to its end for one row each.
    pub(in crate::queries) fn pick_last(&mut self, frame: &mut Frame<'p>, ended: &Turning) {
        let mut picked: Vec<Value> = Vec::new();
        for &slot in &ended.targets {
            let value = frame.slots[slot as usize];
            frame.slots[slot as usize] = self.one_turn(frame, value, ended.around, &mut picked);
        }
    }

    /// What a loop's variable holds in one of its turns; `picked` are the queries of which one row is left at all, its
    /// related rows included.
    fn one_turn(
        &mut self,
        frame: &Frame<'p>,
        value: Value,
        around: Option<TextRange>,
        picked: &mut Vec<Value>,
    ) -> Value {
        self.for_each(value, |machine, member| match *machine.values.shape(member) {
            Shape::Row(row) if row.many && machine.is_of_one_run(frame, row, around) => {
                let lone = match picked.contains(&row.query) {
                    true => Row { many: false, alone: true, listed: false, ..row },
                    false => machine.lone(row),
                };
                if !lone.many {
                    picked.push(row.query);
                }
                machine.values.make(Shape::Row(lone))
            }
            _ => member,
        })
    }

    /// The value of a test, of which one row reads what a branch asks for that leaves.
    pub(in crate::queries) fn eval_test(&mut self, frame: &mut Frame<'p>, test: Expr, then: Block) -> Value {
        if !self.asks_for_related_row(frame, test) {
            return self.eval(frame, test);
        }
        if matches!(frame.facts.block(then).last().map(|stmt| stmt.kind), Some(StmtKind::Raise(_))) {
            return self.eval_seldom(frame, test);
        }
        if frame.turning.is_empty() {
            return self.eval(frame, test);
        }
        let known = frame.narrowed.len();
        self.pick_where_left(frame, then);
        let value = self.eval(frame, test);
        let picked = frame.narrowed.split_off(known.min(frame.narrowed.len()));
        widen_back(&mut frame.slots, &picked);
        value
    }

    /// Runs `assert test`: what comes behind it is done where the test holds. To ask that a row has no related one costs nothing
    /// then.
    pub(in crate::queries) fn assert(&mut self, frame: &mut Frame<'p>, test: Expr) {
        let value = match self.asks_for_no_related_row(frame, test) {
            true => self.eval_seldom(frame, test),
            false => self.eval(frame, test),
        };
        self.truth(frame, value);
        self.narrow(frame, test, true);
    }

    /// Whether a test is whether the key of a row's foreign key is null: `not book.editor`, `book.editor is None`.
    fn asks_for_no_related_row(&self, frame: &Frame<'p>, test: Expr) -> bool {
        match frame.facts.kind(test) {
            ExprKind::Not(asked) => self.asks_for_related_row(frame, asked),
            _ => frame
                .facts
                .compared_to_none(test)
                .is_some_and(|(asked, is_none)| is_none && self.asks_for_related_row(frame, asked)),
        }
    }

    /// Whether a test is whether the key of a row's foreign key is set: `book.editor`, `book.editor is not None`.
    fn asks_for_related_row(&self, frame: &Frame<'p>, test: Expr) -> bool {
        let facts = frame.facts;
        let asked = match facts.compared_to_none(test) {
            Some((_, true)) => return false,
            Some((asked, false)) => asked,
            None => test,
        };
        let ExprKind::Attribute(base, name) = facts.kind(asked) else { return false };
        let ExprKind::Local(slot) = facts.kind(base) else { return false };
        let Some(row) = frame.slots.get(slot as usize).and_then(|&value| self.as_row(value)) else {
            return false;
        };
        match self.schema.attribute(row.model, name) {
            Some(ModelAttribute::ToOne(relation)) => {
                let relation = self.schema.relation(relation);
                !relation.is_reverse()
                    && matches!(relation.kind(), RelationKind::ForeignKey | RelationKind::OneToOne)
            }
            _ => false,
        }
    }

    /// Whether the query of a row is made as often as the function begins to loop over it: by that function, or in the
    /// call of it.
    fn is_of_one_run(&self, frame: &Frame<'p>, row: Row, around: Option<TextRange>) -> bool {
        self.made_at(row).is_some_and(|site| {
            let is_here = (site.file, site.function) == (frame.file, frame.function)
                && around.is_none_or(|turn| turn.contains_range(site.range));
            is_here || around.is_none() && self.is_asked_for_call(site)
        })
    }

    /// Whether what is asked at `site` is asked as often as the function that is being run is called: in the call, or before
    /// it in the same function and within the same turn of a loop.
    pub(in crate::queries) fn is_asked_for_call(&self, site: Site) -> bool {
        self.heed(Heeded::CALL);
        self.called_by.is_some_and(|call| call.depth == self.active_calls.len() && asks(call, site))
    }

    /// Of which arguments of a call that begins the rows are asked so, a bit for each.
    pub(in crate::queries) fn asked_for_call(&self, given: &[Value]) -> u32 {
        let begins = |call: &CalledBy| call.depth == self.active_calls.len() + 1;
        let Some(call) = self.called_by.filter(begins) else { return 0 };
        let is_asked = |given: Value| {
            let mut is_asked = false;
            self.rows_made_at(given, &mut |site| is_asked |= asks(call, site));
            is_asked
        };
        (0..u32::BITS).zip(given).filter(|&(_, &given)| is_asked(given)).map(|(at, _)| 1 << at).sum()
    }

    /// Where the queries of the rows that a value is are made: each is handed on.
    pub(in crate::queries) fn rows_made_at(&self, value: Value, found: &mut dyn FnMut(Site)) {
        for member in self.values.members(value) {
            match *self.values.shape(member) {
                Shape::Row(row) => self.made_at(row).into_iter().for_each(&mut *found),
                Shape::Queryset(ref queryset) => {
                    queryset.sites.last().copied().into_iter().for_each(&mut *found)
                }
                Shape::Sequence(rows) | Shape::Paginator(rows) | Shape::Page(rows) if rows != member => {
                    self.rows_made_at(rows, found);
                }
                _ => {}
            }
        }
    }
}

/// Whether what is asked at `site` is asked as often as a call is made.
fn asks(call: CalledBy, site: Site) -> bool {
    (site.file, site.function) == (call.site.file, call.site.function)
        && call.turn.is_none_or(|turn| turn.contains_range(site.range))
}

/// Whether what a branch raises may be caught within the loops that are under way: by what it is tried in, or by a manager
/// that suppresses it.
fn is_caught(frame: &Frame<'_>, branch: Block) -> bool {
    let facts = frame.facts;
    let (raised, turn) = (facts.stretch(branch), frame.again.first());
    facts.stmts.iter().any(|stmt| {
        matches!(stmt.kind, StmtKind::Try(_) | StmtKind::With { .. })
            && stmt.range.contains_range(raised)
            && turn.is_some_and(|turn| turn.contains_range(stmt.range))
    })
}

/// Where the steps at the end of a block begin that are done one after the other, whatever the values.
pub(in crate::queries) fn straight_end(facts: &FileFacts, stmts: &[Stmt]) -> usize {
    stmts.len() - stmts.iter().rev().take_while(|stmt| is_straight(facts, stmt)).count()
}

fn is_straight(facts: &FileFacts, stmt: &Stmt) -> bool {
    match stmt.kind {
        StmtKind::Expr(_) | StmtKind::Assign(..) | StmtKind::Return(_) | StmtKind::Break => true,
        StmtKind::With { body } => facts.block(body).iter().all(|stmt| is_straight(facts, stmt)),
        _ => false,
    }
}

/// The last step of a block, that of a `with` statement's body where it ends with one.
fn last_step(facts: &FileFacts, block: Block) -> Option<StmtKind> {
    last_of(facts, facts.block(block))
}

fn last_of(facts: &FileFacts, stmts: &[Stmt]) -> Option<StmtKind> {
    match stmts.last()?.kind {
        StmtKind::With { body } => last_step(facts, body),
        kind => Some(kind),
    }
}

/// Whether steps of a loop's body leave it at their end, or the function, be it in the branches of a last test alone.
pub(in crate::queries) fn ends_by_leaving(facts: &FileFacts, stmts: &[Stmt]) -> bool {
    match last_of(facts, stmts) {
        Some(StmtKind::Return(_) | StmtKind::Break) => true,
        Some(StmtKind::If { then, orelse, .. }) => {
            let leaves = |branch: Block| ends_by_leaving(facts, facts.block(branch));
            leaves(then) && (orelse.is_empty() || leaves(orelse))
        }
        _ => false,
    }
}

fn variables(facts: &FileFacts, target: Expr, into: &mut Vec<u32>) {
    match facts.kind(target) {
        ExprKind::Local(slot) => into.push(slot),
        ExprKind::Tuple(run) | ExprKind::List(run) => {
            facts.list(run).iter().for_each(|&part| variables(facts, part, into));
        }
        ExprKind::Starred(part) => variables(facts, part, into),
        _ => {}
    }
}
