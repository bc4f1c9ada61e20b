//! What the steps of one function do with its variables, wherever they stand in it: those within branches and loops are
//! its own, those of functions and classes within it are not, whose variables are others.

use ruff_text_size::{TextRange, TextSize};
use rustc_hash::{FxHashMap, FxHashSet};
use tuneup_python::flow::{Expr, ExprKind, FileFacts, Stmt, StmtKind};

use crate::queries::calls::is_picked;
use crate::queries::known::narrowing::Reference;
use crate::queries::machine::Frame;

/// What the steps of a function do, or those of a module's or class's body; found out once for each frame.
#[derive(Default)]
pub(crate) struct Steps {
    /// Where something is put into attributes, in order: `book.title = …`.
    put: FxHashMap<Reference, Vec<TextRange>>,
    /// The attributes that are returned: `return book.title`.
    returned: FxHashSet<Reference>,
    /// The times of which variables count the days: `left = (book.due - today).days`.
    days: FxHashMap<u32, Expr>,
    /// The variables that are set to what is picked or written out, and whether that is all that sets them, and in no loop.
    chosen: FxHashMap<u32, bool>,
}

impl Steps {
    fn of(frame: &Frame<'_>) -> Self {
        let facts = frame.facts;
        let mut steps = Self::default();
        // A loop comes before what stands in it.
        let mut loop_end = TextSize::default();
        for stmt in own_steps(frame) {
            if let StmtKind::For { .. } | StmtKind::While { .. } = stmt.kind {
                loop_end = loop_end.max(stmt.range.end());
            }
            if let Some((slot, from)) = set_by(facts, stmt.kind) {
                let is_choice = |kind| is_picked(kind) || matches!(kind, ExprKind::Str(_) | ExprKind::None);
                let is_once =
                    stmt.range.start() >= loop_end && from.is_some_and(|from| is_choice(facts.kind(from)));
                *steps.chosen.entry(slot).or_insert(true) &= is_once;
            }
            match stmt.kind {
                StmtKind::Assign(target, from) => match (facts.kind(target), facts.kind(from)) {
                    (ExprKind::Local(slot), ExprKind::Attribute(between, name)) if name == "days" => {
                        steps.days.entry(slot).or_insert(between);
                    }
                    _ => {
                        if let Some(place) = Reference::of(frame, target) {
                            steps.put.entry(place).or_default().push(stmt.range);
                        }
                    }
                },
                StmtKind::Return(Some(value)) => steps.returned.extend(Reference::of(frame, value)),
                _ => {}
            }
        }
        steps
    }
}

impl Frame<'_> {
    /// Whether a step within a stretch puts something into an attribute.
    pub(super) fn puts(&self, place: Reference, within: TextRange) -> bool {
        let Some(put) = self.steps().put.get(&place) else { return false };
        // The first that begins there is the first that ends.
        let first = put.partition_point(|step| step.start() < within.start());
        put.get(first).is_some_and(|step| step.end() <= within.end())
    }

    /// Whether a step returns what an attribute holds.
    pub(super) fn returns(&self, place: Reference) -> bool {
        self.steps().returned.contains(&place)
    }

    /// The time of which a variable counts the days.
    pub(super) fn days_of(&self, variable: u32) -> Option<Expr> {
        self.steps().days.get(&variable).copied()
    }

    /// Whether a variable holds one thing from where it is first set on, however often code around is run: what was picked
    /// of several before.
    pub(super) fn is_chosen_once(&self, variable: u32) -> bool {
        self.steps().chosen.get(&variable) == Some(&true)
    }

    fn steps(&self) -> &Steps {
        self.steps.get_or_init(|| Box::new(Steps::of(self)))
    }
}

/// The variable that a step sets, and what to, where that is an expression of its own.
fn set_by(facts: &FileFacts, step: StmtKind) -> Option<(u32, Option<Expr>)> {
    let (target, value) = match step {
        StmtKind::Assign(target, value) => (target, Some(value)),
        StmtKind::Annotated { target, value: Some(value), .. } => (target, Some(value)),
        StmtKind::Augmented(target, ..) | StmtKind::For { target, .. } => (target, None),
        _ => return None,
    };
    match facts.kind(target) {
        ExprKind::Local(slot) => Some((slot, value)),
        _ => None,
    }
}

/// The steps of a frame's function, or of its module's or class's body, in order.
fn own_steps<'f>(frame: &Frame<'f>) -> impl Iterator<Item = &'f Stmt> {
    let facts: &'f FileFacts = frame.facts;
    let body = match (frame.function, frame.class) {
        (Some(function), _) => facts.function(function).body,
        (None, Some(class)) if frame.is_class_body => facts.class(class.id).body,
        _ => facts.module_body,
    };
    facts.steps_within(body)
}
