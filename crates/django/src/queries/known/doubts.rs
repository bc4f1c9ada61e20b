//! Code of which it is not known whether it runs for all rows of a query that is looped over around it.
//!
//! - What only a flag demands that is not set by default: `def listed(books, detailed=False)`.
//! - What is read only for rows with some values of a column, behind what is done with others: `if book.kind == "novel"`,
//!   `elif book.kind == "play"`.
//! - What is read by one of several names that is chosen before the loop: `name = NAMES[kind]`, `getattr(book, name)`.
//! - What is read of the first row of each group alone.
//! - What is read while rows are looped over that a row has below it in a tree: `for child in Page.objects.filter(parent=self)`.

use tuneup_python::Symbol;
use tuneup_python::flow::{Expr, ExprKind};

use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Given, Origin, Path, Role, Row, Shape, Value};

/// Flags that tell a rehearsal from what code is for, whatever they are by default.
const REHEARSALS: &[&str] = &["commit", "dry", "dry_run", "dryrun"];

impl<'p> Machine<'p> {
    /// Why a row may not be among those for which what is being run is done.
    pub(in crate::queries) fn doubt_of(&self, row: Row) -> Option<Symbol> {
        let is_around = |depth| self.looping.iter().take(depth).any(|(query, _)| *query == row.query);
        // What stands around the rest is true of all that is read within.
        let doubt = self.doubts.iter().find(|(_, depth)| is_around(*depth)).map(|(doubt, _)| *doubt);
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
        let before = self.doubts.len();
        self.begin_to_doubt(doubt);
        let result = run(self);
        self.doubts.truncate(before);
        result
    }

    /// Takes what is run from here on for what may not be run for all rows that are looped over around it.
    pub(in crate::queries) fn begin_to_doubt(&mut self, doubt: Option<Symbol>) {
        if let Some(doubt) = doubt.filter(|_| !self.looping.is_empty() || self.beginning.is_some()) {
            self.doubts.push((doubt, self.looping.len()));
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

    /// Why the branch of a test may not be run for a row: it is run for rows with some values of a column, where rows with
    /// others have been told apart before.
    pub(in crate::queries) fn one_of_kinds(
        &mut self,
        frame: &mut Frame<'p>,
        test: Expr,
        holds: bool,
    ) -> Option<Symbol> {
        let facts = frame.facts;
        if frame.told.is_empty() {
            return None;
        }
        match facts.kind(test) {
            ExprKind::Not(inner) => self.one_of_kinds(frame, inner, !holds),
            ExprKind::And(run) if holds => {
                facts.list(run).iter().find_map(|&part| self.one_of_kinds(frame, part, true))
            }
            ExprKind::Compare(..) => {
                let (asked, is_one, _) = self.compared_with(frame, test)?;
                let told = self.told(frame, asked).filter(|_| is_one == holds)?;
                let Shape::Unlike(others) = self.values.shape(told) else { return None };
                if !others.iter().any(|&it| matches!(self.values.shape(it), Shape::Str(_) | Shape::Int(_))) {
                    return None;
                }
                let row = self.row_of_place(frame, asked)?;
                let ExprKind::Attribute(_, name) = facts.kind(asked) else { return None };
                let doubt = format!(
                    "It is read only for rows with some values of `{name}`: rows with others would pay for it without need."
                );
                let is_innermost = self.looping.last().is_some_and(|&(query, _)| query == row.query);
                is_innermost.then(|| Symbol::new(&doubt))
            }
            _ => None,
        }
    }

    /// Why what `getattr(row, name)` reads in a loop may not be read of its rows: a variable holds one of several names for
    /// all of them.
    pub(in crate::queries) fn named_once(&self, frame: &Frame<'p>, name: Expr) -> Option<Symbol> {
        let ExprKind::Local(slot) = frame.facts.kind(name) else { return None };
        let names = &frame.facts.slot_names[frame.facts.function(frame.function?).slots.indices()];
        let variable = names.get(slot as usize)?;
        let doubt = format!(
            "Only one of several is read each time, by the name that `{variable}` holds: the others would be paid for without need."
        );
        (!frame.again.is_empty() && frame.is_chosen_once(slot)).then(|| Symbol::new(&doubt))
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
}
