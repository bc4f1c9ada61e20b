//! What stands in for a text that a row lacks: `if self.name: return self.name` and, behind it, something else;
//! `self.name or self.author.name`. So it is with a property that shows the text where there is one, with what fills it in
//! (`if not self.name and self.author: self.name = self.author.name`), with a number or date that may be null, with what a generic
//! foreign key leads to (`self.content_object or self.content_type`), and with a related row that has what another has too:
//! `self.talk.event if self.talk else self.schedule.event`.
//!
//! Whether many rows lack it nobody can tell from the code, but those that have it read nothing of what stands in
//! for it. Where the field demands it, none lacks it, and the branch is not taken at all.

use ruff_text_size::TextRange;
use tuneup_python::flow::{Expr, ExprKind, FileFacts, Stmt, StmtKind};
use tuneup_python::{ClassRef, Symbol};

use crate::queries::attributes::Binding;
use crate::queries::known::filtered::TEXTS;
use crate::queries::known::narrowing::Reference;
use crate::queries::known::seldom::tested_for_null;
use crate::queries::machine::{Frame, Machine};
use crate::schema::{ModelAttribute, RelationKind};

/// How many values of a branch are looked at for the text that it shows.
const FEW: usize = 60;

impl<'p> Machine<'p> {
    /// The text of a row that a test asks for, or what else may be null, and whether the test holds where it is there.
    pub(in crate::queries) fn tested_text(
        &mut self,
        frame: &mut Frame<'p>,
        test: Expr,
    ) -> Option<(Symbol, bool)> {
        let (base, name) = match frame.facts.kind(test) {
            ExprKind::Not(inner) => {
                return self.tested_text(frame, inner).map(|(text, given)| (text, !given));
            }
            // `not text and …` holds only where it is missing, and `text or …` fails only there.
            kind @ (ExprKind::And(run) | ExprKind::Or(run)) => {
                let given = matches!(kind, ExprKind::Or(_));
                let tested = self.tested_text(frame, *frame.facts.list(run).first()?);
                return tested.filter(|&(_, holds)| holds == given);
            }
            ExprKind::Compare(..) => {
                let (place, is_none) = frame.facts.compared_to_none(test)?;
                let is_asked = self.is_null_column(frame, place, true);
                return is_asked
                    .then(|| self.name_of_place(frame, place))
                    .flatten()
                    .map(|name| (name, !is_none));
            }
            // `title = book.title` just before.
            ExprKind::Local(_) => {
                let from = bound_to(frame, test)?;
                return self.tested_text(frame, from);
            }
            ExprKind::Attribute(base, name) | ExprKind::Lookup(base, name) => (base, name),
            _ => return None,
        };
        let is_name = matches!(
            frame.facts.kind(base),
            ExprKind::Local(_) | ExprKind::Free { .. } | ExprKind::Context(_)
        );
        if !is_name {
            return None;
        }
        let base = self.eval(frame, base);
        let row = self.values.members(base).into_iter().find_map(|member| self.as_row(member))?;
        let name = match self.schema.attribute(row.model, name) {
            Some(ModelAttribute::Column) => name,
            // What it leads to may be gone, or of no kind: what stands behind it is not read on the way to it.
            Some(ModelAttribute::ToOne(relation))
                if self.schema.relation(relation).kind() == RelationKind::Generic =>
            {
                return Some((Symbol::new(&format!("{}.{name}", self.schema.model(row.model).name())), true));
            }
            Some(_) => return None,
            None => self.shown_by(self.schema.class_of(row.model)?, name)?,
        };
        let field = self.schema.field_named(row.model, name)?;
        if !TEXTS.contains(&self.schema.field(field).class().as_str())
            && !self.is_null_column(frame, test, false)
        {
            return None;
        }
        let model = self.schema.model(row.model).name();
        Some((Symbol::new(&format!("{model}.{name}")), true))
    }

    /// The text of a row that a function fills in where a test finds it missing.
    pub(in crate::queries) fn filled_text(&mut self, frame: &mut Frame<'p>, test: Expr) -> Option<Symbol> {
        let function = frame.facts.function(frame.function?).range;
        match self.tested_text(frame, test) {
            Some((text, false)) if fills(frame, test, function) => Some(text),
            _ => None,
        }
    }

    /// The foreign key of a row that a branch fills in where it is null: `if not self.editor: self.editor = self.author`.
    pub(in crate::queries) fn filled_key(
        &mut self,
        frame: &mut Frame<'p>,
        test: Expr,
        within: TextRange,
    ) -> Option<Symbol> {
        let first = match frame.facts.kind(test) {
            ExprKind::And(run) => *frame.facts.list(run).first()?,
            _ => test,
        };
        let (place, _) = tested_for_null(frame, first, true)?;
        let ExprKind::Attribute(_, name) = frame.facts.kind(place) else { return None };
        let row = self.row_of_place(frame, place)?;
        let (key, _) = self.field_behind(row, name);
        let asked = Reference::of(frame, place)?;
        let is_key = matches!(self.schema.attribute(row.model, key), Some(ModelAttribute::ToOne(_)));
        let is_filled = [name, key].into_iter().any(|name| frame.puts(asked.with_name(name), within));
        (is_key && is_filled).then(|| Symbol::new(&format!("{}.{key}", self.schema.model(row.model).name())))
    }

    /// A column by its model and name.
    fn name_of_place(&mut self, frame: &mut Frame<'p>, place: Expr) -> Option<Symbol> {
        let ExprKind::Attribute(_, name) = frame.facts.kind(place) else { return None };
        let row = self.row_of_place(frame, place)?;
        Some(Symbol::new(&format!("{}.{name}", self.schema.model(row.model).name())))
    }

    /// The related row that a conditional expression prefers to another that has the same: `self.talk.event if self.talk else
    /// self.schedule.event`.
    pub(in crate::queries) fn preferred(
        &mut self,
        frame: &mut Frame<'p>,
        [test, then, orelse]: [Expr; 3],
    ) -> Option<Symbol> {
        let facts = frame.facts;
        let (ExprKind::Attribute(base, name), ExprKind::Attribute(instead, other)) =
            (facts.kind(then), facts.kind(orelse))
        else {
            return None;
        };
        let place = Reference::of(frame, test)?;
        let ExprKind::Attribute(_, key) = facts.kind(test) else { return None };
        let row = self.row_of_place(frame, test)?;
        let is_relation = matches!(self.schema.attribute(row.model, key), Some(ModelAttribute::ToOne(_)));
        let is_it = is_relation
            && name == other
            && Reference::of(frame, base) == Some(place)
            && Reference::of(frame, instead).is_some_and(|it| it.slot == place.slot);
        is_it.then(|| Symbol::new(&format!("{}.{key}", self.schema.model(row.model).name())))
    }

    /// The attribute that a class's property gives where that is there: `if self.name: return self.name`, and
    /// `return self.name or …`.
    fn shown_by(&self, class: ClassRef, property: Symbol) -> Option<Symbol> {
        let (function, Binding::Property) = self.class_function(class, property)? else { return None };
        let facts = self.project.facts(function.file);
        let own = |expr: Expr| match facts.kind(expr) {
            ExprKind::Attribute(base, name) if facts.kind(base) == ExprKind::Local(0) => Some(name),
            _ => None,
        };
        match facts.block(facts.function(function.id).body).first()?.kind {
            StmtKind::If { test, then, .. } => match facts.block(then) {
                [Stmt { kind: StmtKind::Return(Some(given)), .. }] if own(*given) == own(test) => own(test),
                _ => None,
            },
            StmtKind::Return(Some(given)) => match facts.kind(given) {
                ExprKind::Or(run) => own(*facts.list(run).first()?),
                _ => None,
            },
            _ => None,
        }
    }

    /// Runs what stands in for a text: the rows that have the text read nothing of it.
    pub(in crate::queries) fn stand_in<T>(
        &mut self,
        text: Option<Symbol>,
        run: impl FnOnce(&mut Self) -> T,
    ) -> T {
        let before = self.fallback.len();
        self.begin_to_stand_in(text);
        let result = run(self);
        self.fallback.truncate(before);
        result
    }
}

/// What a test asks for first: `title` in `not title and …`.
fn asked_first(facts: &FileFacts, test: Expr) -> Option<Expr> {
    let mut tested = test;
    loop {
        tested = match facts.kind(tested) {
            ExprKind::Not(inner) => inner,
            ExprKind::And(run) | ExprKind::Or(run) | ExprKind::Compare(run, _) => *facts.list(run).first()?,
            _ => return Some(tested),
        };
    }
}

/// Whether code within a stretch puts something where a test asks for a text.
pub(in crate::queries) fn fills(frame: &Frame<'_>, test: Expr, within: TextRange) -> bool {
    let asked = asked_first(frame.facts, test).and_then(|asked| Reference::of(frame, asked));
    asked.is_some_and(|place| frame.puts(place, within))
}

/// Whether code within a stretch, which begins near a test, shows the text that the test asks for.
pub(in crate::queries) fn shows(frame: &Frame<'_>, test: Expr, within: TextRange) -> bool {
    let facts = frame.facts;
    let Some(tested) = asked_first(facts, test).map(|asked| facts.kind(asked)) else { return false };
    let is_it = |kind: ExprKind| match (tested, kind) {
        (
            ExprKind::Attribute(_, name) | ExprKind::Lookup(_, name),
            ExprKind::Attribute(_, known) | ExprKind::Lookup(_, known),
        ) => known == name,
        (ExprKind::Local(slot), ExprKind::Local(known)) => known == slot,
        _ => false,
    };
    let near = facts.exprs.iter().skip(test.index().saturating_sub(FEW)).take(2 * FEW);
    near.filter(|expr| within.contains_range(expr.range)).any(|expr| is_it(expr.kind))
}

/// What a variable was bound to by the step before: `title = book.title`.
fn bound_to(frame: &Frame<'_>, variable: Expr) -> Option<Expr> {
    let (target, from) = frame.bound?;
    let is_same = frame.facts.kind(target) == frame.facts.kind(variable);
    (is_same && matches!(frame.facts.kind(from), ExprKind::Attribute(..))).then_some(from)
}
