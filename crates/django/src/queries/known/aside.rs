//! What is not all that rows are there for. Branches that return before the rest of their function, as an export that a
//! view makes instead of its page: what only such a branch reads, the rest has no need of, though it uses the same rows.
//! Fragments that a template keeps in a cache: they are not made for every row of every request. What a template shows
//! to some users alone, by their permissions: others get the same rows.

use tuneup_python::Symbol;
use tuneup_python::flow::{Block, Expr, ExprKind, FileFacts, Run, StmtKind};

use crate::queries::machine::{Frame, Machine};

/// What something is done in that is not all that the rows are there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Aside {
    /// A branch that ends its function before the rest of it.
    Branch,
    /// A fragment that a template keeps: `{% cache %}`.
    Fragment,
    /// One that it keeps for a time which is not written there, and may be none: `{% cache book.kept_for … %}`.
    Timed,
    /// What a template shows to some users alone: `{% if perms.shop.change_book %}`.
    Users,
}

impl Machine<'_> {
    /// Begins a fragment that a template keeps in a cache, or ends one.
    pub(in crate::queries) fn pass_fragment(&mut self, begun: Option<Aside>) {
        if begun.is_some() {
            self.around_fragments.push(self.aside);
            self.aside = self.aside.or(begun);
        } else if let Some(around) = self.around_fragments.pop() {
            self.aside = around;
        }
    }

    /// What is done aside where a test comes out as `holds`: what is being done so already, or what a template shows of
    /// a row to some users alone. A test around all rows is one of the page, whose view may let in no others.
    pub(in crate::queries) fn aside_where(
        &self,
        frame: &Frame<'_>,
        test: Expr,
        holds: bool,
    ) -> Option<Aside> {
        let is_for_some = || {
            frame.file.as_other().is_some() && self.is_for_a_row() && is_of_users(frame.facts, test, holds)
        };
        self.aside.or_else(|| is_for_some().then_some(Aside::Users))
    }

    /// Whether the first of two branches returns before the rest of its function, whatever the rows are: what is decided
    /// for each row anew is one use of all of them.
    pub(in crate::queries) fn is_aside(&self, frame: &Frame<'_>, then: Block, orelse: Block) -> bool {
        self.aside.is_none() && ends(frame, then) && !ends(frame, orelse) && !self.is_for_a_row()
    }

    /// Whether code is being run for each of several rows: what it decides is another thing for each.
    pub(in crate::queries) fn is_for_a_row(&self) -> bool {
        !self.looping.is_empty()
            || self
                .active_calls
                .iter()
                .any(|&(_, _, given)| self.values.slots(given).iter().any(|&it| self.has_one_of_many(it)))
    }
}

/// Whether a test of a template that comes out as `holds` tells that a user is signed in, or may do something.
fn is_of_users(facts: &FileFacts, test: Expr, holds: bool) -> bool {
    let each = |run: Run| facts.list(run).iter().map(|&part| is_of_users(facts, part, holds));
    match facts.kind(test) {
        ExprKind::Not(inner) => is_of_users(facts, inner, !holds),
        // One of them is enough where all must hold.
        ExprKind::And(run) if holds => each(run).any(|it| it),
        ExprKind::Or(run) if !holds => each(run).any(|it| it),
        ExprKind::And(run) | ExprKind::Or(run) => each(run).all(|it| it),
        ExprKind::Call(callee, _) if let Some((user, name)) = attribute(facts, callee) => {
            holds && matches!(name.as_str(), "has_perm" | "has_perms") && is_user(facts, user)
        }
        _ => says_of_user(facts, test, holds) || holds && is_permission(facts, test),
    }
}

fn says_of_user(facts: &FileFacts, place: Expr, holds: bool) -> bool {
    let names: &[&str] =
        if holds { &["is_authenticated", "is_staff", "is_superuser"] } else { &["is_anonymous"] };
    attribute(facts, place).is_some_and(|(user, name)| names.contains(&name.as_str()) && is_user(facts, user))
}

/// `perms.shop.change_book`
fn is_permission(facts: &FileFacts, place: Expr) -> bool {
    match facts.kind(place) {
        ExprKind::Lookup(base, _) => is_permission(facts, base),
        ExprKind::Context(name) => name == "perms",
        _ => false,
    }
}

/// `user`, `request.user`, `view.request.user`: who asks for the page, and no user that a row has.
fn is_user(facts: &FileFacts, place: Expr) -> bool {
    let is_request = |place: Expr| is_called(facts, place, "request");
    match attribute(facts, place) {
        Some((of, name)) => name == "user" && is_request(of),
        None => is_called(facts, place, "user"),
    }
}

/// Whether the last name of a place is this one.
fn is_called(facts: &FileFacts, place: Expr, wanted: &str) -> bool {
    match attribute(facts, place) {
        Some((_, name)) => name == wanted,
        None => matches!(facts.kind(place), ExprKind::Context(name) if name == wanted),
    }
}

/// What a template's `value.name` consists of, in Django's language or Jinja2's.
fn attribute(facts: &FileFacts, place: Expr) -> Option<(Expr, Symbol)> {
    match facts.kind(place) {
        ExprKind::Lookup(base, name) => Some((base, name)),
        ExprKind::Call(callee, run) => match (facts.kind(callee), facts.arguments(run)) {
            (ExprKind::Context(what), [base, name]) if what == "%attr" => match facts.kind(name.value) {
                ExprKind::Str(name) => Some((base.value, name)),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}

/// Whether a block ends with a `return`.
fn ends(frame: &Frame<'_>, block: Block) -> bool {
    frame.facts.block(block).last().is_some_and(|last| matches!(last.kind, StmtKind::Return(_)))
}
