//! What code does of a row where it changes how that stands: `if not self.closed: self.closed = True`, or where it makes what
//! belongs to the row and is not there yet: `if not self.notes.exists(): self.notes.create()`. A row that stands so already, as
//! it does whenever the same code has come to it before, reads nothing of it.

use tuneup_python::Symbol;
use tuneup_python::flow::{ArgumentKind, Block, CompareOp, Expr, ExprKind, FileFacts, StmtKind};

use crate::queries::known::narrowing::Reference;
use crate::queries::known::seldom::catches_missing;
use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Origin, Shape, Value};
use crate::schema::{ModelAttribute, RelationId};

/// Methods that make related rows, or put them to a row.
pub(super) const MAKING: &[&str] =
    &["create", "get_or_create", "update_or_create", "bulk_create", "add", "set"];

impl<'p> Machine<'p> {
    /// Why the branch of a test that came out as `holds` may not be run for a row: the test asks whether the row stands as the
    /// branch has it stand.
    pub(in crate::queries) fn settled_by(
        &mut self,
        frame: &mut Frame<'p>,
        test: Expr,
        holds: bool,
        branch: Block,
    ) -> Option<Symbol> {
        let facts = frame.facts;
        match facts.kind(test) {
            ExprKind::And(run) if holds => {
                facts.list(run).iter().find_map(|&part| self.settled_by(frame, part, true, branch))
            }
            // One that stands so in all is passed over.
            ExprKind::Or(run) if holds => {
                let mut parts =
                    facts.list(run).iter().map(|&part| self.settled_by(frame, part, true, branch));
                let first = parts.next()??;
                parts.all(|part| part.is_some()).then_some(first)
            }
            ExprKind::Not(inner) if !matches!(facts.kind(inner), ExprKind::Not(_)) => {
                self.settled_by(frame, inner, !holds, branch)
            }
            _ => self
                .changed_by(frame, test, holds, branch)
                .or_else(|| self.made_by(frame, test, holds, branch))
                .or_else(|| self.made_where_none_is_found(frame, test, holds, branch))
                .or_else(|| self.saved_where(frame, test, holds, branch)),
        }
    }

    /// The column that a branch gives another content, after which the test that leads there comes out otherwise.
    fn changed_by(
        &mut self,
        frame: &mut Frame<'p>,
        test: Expr,
        holds: bool,
        branch: Block,
    ) -> Option<Symbol> {
        let facts = frame.facts;
        let (place, compared) = match compared(facts, test) {
            Some((place, other, is_equal)) if is_equal != holds => (place, Some(other)),
            Some(_) => return None,
            None => (test, None),
        };
        let asked = Reference::of(frame, place)?;
        let changes = facts.block(branch).iter().any(|stmt| match stmt.kind {
            StmtKind::Assign(target, value) if Reference::of(frame, target) == Some(asked) => {
                match compared {
                    Some(other) => facts.is_same(before_text(facts, value), before_text(facts, other)),
                    None => truth(facts, value) == Some(!holds),
                }
            }
            _ => false,
        });
        if !changes {
            return None;
        }
        let ExprKind::Attribute(_, name) = facts.kind(place) else { return None };
        let row = self.row_of_place(frame, place)?;
        let attribute = self.schema.attribute(row.model, name);
        if !matches!(attribute, Some(ModelAttribute::Column | ModelAttribute::ToOne(_))) {
            return None;
        }
        let model = self.schema.model(row.model).name();
        Some(Symbol::new(&format!(
            "It is read only for rows whose `{model}.{name}` is changed there: those that have it so already would pay for it without need."
        )))
    }

    /// The related rows that a branch makes where a row has none.
    fn made_by(&mut self, frame: &mut Frame<'p>, test: Expr, holds: bool, branch: Block) -> Option<Symbol> {
        let facts = frame.facts;
        let (of, has_some) = asked_of(facts, test)?;
        if has_some == holds {
            return None;
        }
        let within = facts.stretch(branch);
        let makes = |callee: Expr| match facts.kind(callee) {
            ExprKind::Attribute(base, name) if MAKING.contains(&name.as_str()) => Some(base),
            _ => None,
        };
        let makers: Vec<Expr> = facts
            .exprs_within(within)
            .filter_map(|(_, expr)| match expr.kind {
                ExprKind::Call(callee, _) => makes(callee),
                _ => None,
            })
            .collect();
        if makers.is_empty() {
            return None;
        }
        let related = self.related_in(frame, of)?;
        let target = self.schema.relation(related).target()?;
        let is_made = makers.into_iter().any(|maker| {
            // What it reads, it reads where the branch is run.
            let maker = self.eval_seldom(frame, maker);
            let members = self.values.members(maker);
            members.into_iter().any(|it| self.as_queryset(it).is_some_and(|rows| rows.model == target))
        });
        is_made.then(|| only_for_lacking(self.schema.relation(related).lookup_name()))
    }

    /// Why the handler of an exception may not be run for a row: it catches that one is missing which belongs to the row, and
    /// makes that: `try: user.profile`, `except Profile.DoesNotExist: Profile(user=user).save()`.
    pub(in crate::queries) fn made_where_missing(
        &mut self,
        frame: &mut Frame<'p>,
        tried: Block,
        handler: Block,
    ) -> Option<Symbol> {
        let facts = frame.facts;
        if self.looping.is_empty() || !catches_missing(facts, handler) {
            return None;
        }
        let within = |block: Block| facts.exprs_within(facts.stretch(block)).map(|(_, expr)| expr.kind);
        let asked = within(tried).find_map(|kind| {
            let ExprKind::Attribute(base, name) = kind else { return None };
            let row = self.row_in(frame, base)?;
            match self.schema.attribute(row.model, name)? {
                ModelAttribute::ToOne(relation) if self.schema.relation(relation).is_reverse() => {
                    Some(relation)
                }
                _ => None,
            }
        })?;
        let target = self.schema.relation(asked).target()?;
        let is_made = within(handler).any(|kind| {
            let ExprKind::Call(callee, _) = kind else { return false };
            match facts.kind(callee) {
                ExprKind::Attribute(base, name) if MAKING.contains(&name.as_str()) => {
                    let rows = self.eval_seldom(frame, base);
                    let members = self.values.members(rows);
                    members
                        .into_iter()
                        .any(|it| self.as_queryset(it).is_some_and(|rows| rows.model == target))
                }
                ExprKind::Attribute(..) | ExprKind::Global(_) => {
                    let class = self.eval_seldom(frame, callee);
                    *self.values.shape(class) == Shape::Model(target)
                }
                _ => false,
            }
        });
        is_made.then(|| only_for_lacking(self.schema.relation(asked).lookup_name()))
    }

    /// The variable that tells whether rows are saved, in a branch that does nothing but that.
    fn saved_where(&self, frame: &Frame<'p>, test: Expr, holds: bool, branch: Block) -> Option<Symbol> {
        let facts = frame.facts;
        let ExprKind::Local(slot) = facts.kind(test) else { return None };
        let function = facts.function(frame.function?);
        let is_parameter = (slot as usize) < function.parameters.indices().len();
        let held = self.values.members(*frame.slots.get(slot as usize)?);
        let is_flag = |&value: &Value| matches!(self.values.shape(value), Shape::Bool(_) | Shape::Scalar);
        let steps = facts.block(branch);
        let does_more = |kind: StmtKind| !matches!(kind, StmtKind::Expr(_) | StmtKind::Augmented(..));
        if !holds || is_parameter || !held.iter().all(is_flag) || steps.iter().any(|it| does_more(it.kind)) {
            return None;
        }
        let saves = |kind: StmtKind| match kind {
            StmtKind::Expr(value) => {
                let call = match facts.kind(value) {
                    ExprKind::Await(call) => call,
                    _ => value,
                };
                called(facts, call, &["save", "asave"]).is_some()
            }
            _ => false,
        };
        let name = facts.slot_names[function.slots.indices()].get(slot as usize)?;
        steps.iter().any(|it| saves(it.kind)).then(|| {
            Symbol::new(&format!(
                "It is read only for rows that are saved where `{name}` is true: the others would pay for it without need."
            ))
        })
    }

    /// The relation all of whose rows an expression is, of a row.
    fn related_in(&mut self, frame: &mut Frame<'p>, of: Expr) -> Option<RelationId> {
        let rows = self.eval_seldom(frame, of);
        self.values.members(rows).into_iter().find_map(|member| {
            let rows = self.as_queryset(member)?;
            match rows.origin {
                Origin::Related(_, relation) if !rows.asked.narrowed => Some(relation),
                _ => None,
            }
        })
    }
}

/// What is said of what is read for the rows that lack related ones.
fn only_for_lacking(name: Symbol) -> Symbol {
    Symbol::new(&format!(
        "It is read only for rows that have no `{name}` yet, which are made there: all others would pay for it without need."
    ))
}

/// What a comparison compares with what, and whether it holds where they are equal: `self.state != CLOSED`.
fn compared(facts: &FileFacts, test: Expr) -> Option<(Expr, Expr, bool)> {
    let ExprKind::Compare(operands, ops) = facts.kind(test) else { return None };
    let &[left, right] = facts.list(operands) else { return None };
    let is_equal = match facts.compare_ops.get(ops as usize)? {
        CompareOp::Eq | CompareOp::Is => true,
        CompareOp::NotEq | CompareOp::IsNot => false,
        _ => return None,
    };
    Some((left, right, is_equal))
}

/// What an expression gives, before it is made a text: `str(value)`.
fn before_text(facts: &FileFacts, value: Expr) -> Expr {
    match facts.kind(value) {
        ExprKind::Call(callee, run) if facts.kind(callee) == ExprKind::Global(Symbol::new("str")) => {
            match facts.arguments(run) {
                [only] if only.kind == ArgumentKind::Positional => only.value,
                _ => value,
            }
        }
        _ => value,
    }
}

/// What a constant counts as.
fn truth(facts: &FileFacts, value: Expr) -> Option<bool> {
    match facts.kind(value) {
        ExprKind::Bool(it) => Some(it),
        ExprKind::None => Some(false),
        _ => None,
    }
}

/// The related rows of which a test asks whether there are any, and whether it holds where there are: `self.notes.all()`,
/// `self.notes.exists()`, `self.notes.count() == 0`.
pub(super) fn asked_of(facts: &FileFacts, test: Expr) -> Option<(Expr, bool)> {
    if let Some((counted, zero, is_equal)) = compared(facts, test) {
        let is_zero = facts.kind(zero) == ExprKind::Int(0);
        return called(facts, counted, &["count"]).filter(|_| is_zero).map(|of| (of, !is_equal));
    }
    called(facts, test, &["all", "exists", "count"]).map(|of| (of, true))
}

/// What a method of these names is called of.
fn called(facts: &FileFacts, call: Expr, names: &[&str]) -> Option<Expr> {
    let ExprKind::Call(callee, _) = facts.kind(call) else { return None };
    match facts.kind(callee) {
        ExprKind::Attribute(of, name) if names.contains(&name.as_str()) => Some(of),
        _ => None,
    }
}
