//! What code does where it has looked for a row and found none, and makes it: `if not shelves.exists(): Shelf.objects.create(…)`,
//! `shelf = shelves.first()`, `if shelf is None: shelf = Shelf(owner=book.author)`, `except Shelf.DoesNotExist:`. A row for which
//! it is there, as it is whenever the same code has come to it before, reads nothing of that.

use ruff_text_size::TextRange;
use tuneup_python::flow::{Block, Expr, ExprKind};
use tuneup_python::{FunctionRef, Symbol};

use crate::queries::known::seldom::catches_missing;
use crate::queries::known::settled::{MAKING, asked_of};
use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Path, Shape};
use crate::schema::ModelId;

/// Methods that give one row, or raise that there is none.
const GETTING: &[&str] = &["get", "aget", "latest", "alatest", "earliest", "aearliest"];

impl<'p> Machine<'p> {
    /// Why the branch of a test that came out as `holds` may not be run for a row: the test asks for another row, which the
    /// branch makes where there is none.
    pub(super) fn made_where_none_is_found(
        &mut self,
        frame: &mut Frame<'p>,
        test: Expr,
        holds: bool,
        branch: Block,
    ) -> Option<Symbol> {
        if self.looping.is_empty() {
            return None;
        }
        let model = self.found_none_of(frame, test, holds)?;
        self.makes(frame, frame.facts.stretch(branch), model).then(|| self.only_where_none(model))
    }

    /// Why the handler of an exception may not be run for a row: it catches that none was found which was asked for, and makes
    /// that.
    pub(in crate::queries) fn made_where_none_is_got(
        &mut self,
        frame: &mut Frame<'p>,
        tried: Block,
        handler: Block,
    ) -> Option<Symbol> {
        let facts = frame.facts;
        if self.looping.is_empty() || !catches_missing(facts, handler) {
            return None;
        }
        let mut asked = facts.exprs_within(facts.stretch(tried)).filter_map(|(_, expr)| {
            let ExprKind::Call(callee, _) = expr.kind else { return None };
            match facts.kind(callee) {
                ExprKind::Attribute(rows, name) if GETTING.contains(&name.as_str()) => Some(rows),
                _ => None,
            }
        });
        asked.find_map(|rows| {
            let model = self.model_asked_for(frame, rows)?;
            self.makes(frame, facts.stretch(handler), model).then(|| self.only_where_none(model))
        })
    }

    /// The model of which a test has found no row, where it comes out as `holds`.
    fn found_none_of(&mut self, frame: &mut Frame<'p>, test: Expr, holds: bool) -> Option<ModelId> {
        let facts = frame.facts;
        if let Some((rows, has_some)) = asked_of(facts, test) {
            return if has_some == holds { None } else { self.model_asked_for(frame, rows) };
        }
        let place = match facts.kind(test) {
            ExprKind::Compare(..) => facts.compared_to_none(test).filter(|&(_, is_none)| is_none == holds)?.0,
            _ if !holds => test,
            _ => return None,
        };
        let ExprKind::Local(slot) = facts.kind(place) else { return None };
        let members = self.values.members(*frame.slots.get(slot as usize)?);
        let mut rows = members.into_iter().filter_map(|member| self.as_row(member));
        rows.find(|row| row.alone && row.path == Path::ROOT).map(|row| row.model)
    }

    /// The model of the rows that an expression asks for.
    fn model_asked_for(&mut self, frame: &mut Frame<'p>, rows: Expr) -> Option<ModelId> {
        let rows = self.eval_seldom(frame, rows);
        let members = self.values.members(rows);
        members.into_iter().find_map(|member| self.as_queryset(member).map(|rows| rows.model))
    }

    /// Whether code makes a row of a model, itself or in a function that it calls.
    fn makes(&mut self, frame: &mut Frame<'p>, within: TextRange, model: ModelId) -> bool {
        let facts = frame.facts;
        facts.exprs_within(within).any(|(_, expr)| {
            let ExprKind::Call(callee, _) = expr.kind else { return false };
            if self.is_made_by(frame, callee, model) {
                return true;
            }
            let is_named = match facts.kind(callee) {
                ExprKind::Global(_) => true,
                ExprKind::Attribute(base, _) => {
                    matches!(facts.kind(base), ExprKind::Global(_) | ExprKind::Local(_))
                }
                _ => false,
            };
            if !is_named {
                return false;
            }
            let called = self.eval_seldom(frame, callee);
            let function = match *self.values.shape(called) {
                Shape::Function(function, _) | Shape::Bound { function, .. } => function,
                _ => return false,
            };
            self.is_made_in(function, model)
        })
    }

    /// Whether a function makes a row of a model itself.
    fn is_made_in(&mut self, function: FunctionRef, model: ModelId) -> bool {
        if function.file.as_other().is_some() {
            return false;
        }
        let mut frame = self.frame_anywhere(function.file);
        let facts = frame.facts;
        let within = facts.function(function.id).range;
        facts.exprs_within(within).any(|(_, expr)| match expr.kind {
            ExprKind::Call(callee, _) => self.is_made_by(&mut frame, callee, model),
            _ => false,
        })
    }

    /// Whether to call something makes a row of a model: its class, or a method of its rows.
    fn is_made_by(&mut self, frame: &mut Frame<'p>, callee: Expr, model: ModelId) -> bool {
        let facts = frame.facts;
        match facts.kind(callee) {
            ExprKind::Attribute(rows, name) if MAKING.contains(&name.as_str()) => {
                self.model_asked_for(frame, rows) == Some(model)
            }
            ExprKind::Global(_) | ExprKind::Local(_) => {
                let class = self.eval_seldom(frame, callee);
                *self.values.shape(class) == Shape::Model(model)
            }
            ExprKind::Attribute(base, _) if matches!(facts.kind(base), ExprKind::Global(_)) => {
                let class = self.eval_seldom(frame, callee);
                *self.values.shape(class) == Shape::Model(model)
            }
            _ => false,
        }
    }

    fn only_where_none(&self, model: ModelId) -> Symbol {
        let name = self.schema.model(model).name();
        Symbol::new(&format!(
            "It is read only where no `{name}` is found, which is made there: rows for which there is one would pay for it without need."
        ))
    }
}
