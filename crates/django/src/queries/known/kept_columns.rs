//! What a model's `__init__` or `from_db()` keeps of the row's columns, to see later whether they have changed:
//! `self._old_state = self.state`. Of a row that was asked for, both are the same until code gives one of them another content:
//! what is run only where they differ is run for no such row.
//!
//! <https://docs.djangoproject.com/en/stable/ref/models/instances/#django.db.models.Model.from_db>

use std::rc::Rc;

use tuneup_python::flow::{CompareOp, Expr, ExprKind, StmtKind};
use tuneup_python::{Base, ClassRef, Symbol};

use crate::queries::circumstances::Heeded;
use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Row, Value};
use crate::schema::{ModelAttribute, ModelId};

/// Attributes, with the columns that they are set to as rows are made.
pub(crate) type KeptColumns = Rc<[(Symbol, Symbol)]>;

/// Stands for a field that was given another content, and of which the name is not known.
const SOME: &str = "%some";

/// The methods that make a row of what a query found.
const MAKING: &[&str] = &["__init__", "from_db"];

impl Machine<'_> {
    /// Whether a field is one whose content a model keeps as its rows are made, or where it keeps that; any, where the name
    /// is empty.
    pub(super) fn is_kept(&mut self, model: ModelId, field: Symbol) -> bool {
        let kept = self.kept_columns(model);
        let is_any = field == self.names.empty && !kept.is_empty();
        is_any || kept.iter().any(|&(attribute, column)| attribute == field || column == field)
    }

    /// Keeps that code gave a row another content, in a field that is not known by name: `setattr(book, name, value)`.
    pub(in crate::queries) fn change_one(&mut self, value: Value, row: Row) {
        self.heed(Heeded::ROWS);
        if !self.is_seldom() && self.is_kept(row.model, self.names.empty) {
            self.keep_changed(value, row, Symbol::new(SOME));
        }
    }

    /// What a comparison comes to of a column with what was kept of it, where neither has changed since.
    pub(in crate::queries) fn compared_with_kept(
        &mut self,
        frame: &Frame<'_>,
        left: Expr,
        op: CompareOp,
        right: Expr,
    ) -> Option<bool> {
        let facts = frame.facts;
        let (ExprKind::Attribute(of, one), ExprKind::Attribute(same, other)) =
            (facts.kind(left), facts.kind(right))
        else {
            return None;
        };
        let (ExprKind::Local(slot), true) = (facts.kind(of), facts.kind(of) == facts.kind(same)) else {
            return None;
        };
        let is_equal = match op {
            CompareOp::Eq | CompareOp::Is => true,
            CompareOp::NotEq | CompareOp::IsNot => false,
            CompareOp::In | CompareOp::NotIn | CompareOp::Order => return None,
        };
        let held = *frame.slots.get(slot as usize)?;
        let members = self.values.members(held);
        let is_as_made = |machine: &mut Self, member| {
            let Some(row) = machine.as_row(member).filter(|&row| machine.is_fetched(row)) else {
                return false;
            };
            let is_kept = machine
                .kept_columns(row.model)
                .iter()
                .any(|&pair| pair == (one, other) || pair == (other, one));
            is_kept
                && [one, other].into_iter().all(|name| {
                    !frame.placed.contains_key(&(member, name)) && !machine.is_given_anew(row, name)
                })
        };
        let is_sure = !members.is_empty() && members.into_iter().all(|member| is_as_made(self, member));
        is_sure.then_some(is_equal)
    }

    /// Whether code gave a column, or the key behind it, or an attribute another content.
    fn is_given_anew(&self, row: Row, name: Symbol) -> bool {
        let (field, _) = self.field_behind(row, name);
        [name, field, Symbol::new(SOME)].into_iter().any(|name| self.is_changed(row, name))
    }

    /// What the rows of a model keep of their columns.
    fn kept_columns(&mut self, model: ModelId) -> KeptColumns {
        if let Some(known) = self.kept_columns.get(&model) {
            return Rc::clone(known);
        }
        let mut kept = Vec::new();
        let order = self.schema.class_of(model).map(|class| self.project.mro(class)).unwrap_or_default();
        for base in order {
            let Base::Class(base) = *base else { continue };
            MAKING.iter().for_each(|name| self.add_kept(model, base, name, &mut kept));
        }
        let kept: KeptColumns = kept.into();
        self.kept_columns.insert(model, Rc::clone(&kept));
        kept
    }

    /// Adds what a method of a class keeps of the columns of a model's rows, in any case.
    fn add_kept(&self, model: ModelId, class: ClassRef, method: &str, kept: &mut Vec<(Symbol, Symbol)>) {
        let member = self.project.own_member(class, Symbol::new(method));
        let Some(function) = member.and_then(|member| self.project.function_of(&member)) else { return };
        let facts = self.project.facts(function.file);
        for stmt in facts.block(facts.function(function.id).body) {
            let StmtKind::Assign(target, from) = stmt.kind else { continue };
            let (ExprKind::Attribute(of, attribute), ExprKind::Attribute(same, column)) =
                (facts.kind(target), facts.kind(from))
            else {
                continue;
            };
            let is_of_one =
                matches!(facts.kind(of), ExprKind::Local(_)) && facts.kind(of) == facts.kind(same);
            let is_column = self.schema.attribute(model, column) == Some(ModelAttribute::Column);
            if is_of_one && is_column && self.schema.attribute(model, attribute).is_none() {
                kept.push((attribute, column));
            }
        }
    }
}
