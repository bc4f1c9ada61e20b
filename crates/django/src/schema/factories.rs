//! Models that no `class` statement makes: `Topic = type("Topic", (AbstractTopic,), {…})` in a module of models, or a call
//! of a function that does so with the abstract model that it is given.
//!
//! <https://docs.python.org/3/library/functions.html#type>

use tuneup_python::flow::{ArgumentKind, Expr, ExprKind, Run};
use tuneup_python::{ClassRef, Entity, FileId, FunctionRef, Symbol};

use super::build::Builder;
use crate::project::is_aside;

impl Builder<'_> {
    /// Makes abstract models those that are made of them, under the names that these have. An abstract model of which
    /// several are made, or of which a class statement makes one too, stays what it is.
    pub(super) fn add_made(&mut self) {
        let mut made: Vec<(ClassRef, Symbol)> = Vec::new();
        let mut again: Vec<ClassRef> = Vec::new();
        let project = self.project;
        for file in project.file_ids() {
            let source = project.file(file);
            let is_of_models = source.module.as_str().split('.').any(|part| part == "models");
            if !is_of_models || is_aside(&source.path) {
                continue;
            }
            let facts = project.facts(file);
            for binding in facts.bindings(facts.module_bindings) {
                let Some(class) = binding.value.and_then(|value| self.made_of(file, value)) else { continue };
                match made.iter().any(|(known, _)| *known == class) {
                    true => again.push(class),
                    false => made.push((class, binding.name)),
                }
            }
        }
        let extended = |class: ClassRef| {
            self.schema.models.iter().filter_map(|model| model.class).any(|other| {
                other != class && project.mro(other).contains(&tuneup_python::Base::Class(class))
            })
        };
        made.retain(|(class, _)| !again.contains(class) && !extended(*class));
        for (class, name) in made {
            let id = self.add_class(class);
            let model = self.schema.model_mut(id);
            model.name = name;
            model.is_abstract = false;
            self.add_label(id);
        }
    }

    /// The abstract model of which a call makes a model.
    fn made_of(&self, file: FileId, call: Expr) -> Option<ClassRef> {
        let facts = self.project.facts(file);
        let ExprKind::Call(callee, run) = facts.kind(call) else { return None };
        let is_given = |expr: Expr| {
            let ExprKind::Global(_) = facts.kind(expr) else { return None };
            match self.entity_of(file, expr) {
                Entity::Class(class) if self.is_model_class(class) && self.is_abstract_class(class) => {
                    Some(class)
                }
                _ => None,
            }
        };
        if let Some(bases) = self.bases_of_type(file, callee, run) {
            return bases.into_iter().find_map(is_given);
        }
        let arguments = facts.arguments(run);
        let is_plain = |at: usize| arguments[at].kind == ArgumentKind::Positional;
        let (at, class) = (0..arguments.len())
            .filter(|&at| is_plain(at))
            .find_map(|at| Some((at, is_given(arguments[at].value)?)))?;
        match self.entity_of(file, callee) {
            Entity::Function(function) => self.makes_of_parameter(function, at).then_some(class),
            _ => None,
        }
    }

    /// Whether a function returns a class that it makes of its parameter.
    fn makes_of_parameter(&self, function: FunctionRef, at: usize) -> bool {
        let facts = self.project.facts(function.file);
        let body = facts.function(function.id).range;
        facts.exprs.iter().any(|node| {
            let ExprKind::Call(callee, run) = node.kind else { return false };
            body.contains_range(node.range)
                && self.bases_of_type(function.file, callee, run).is_some_and(|bases| {
                    bases.iter().any(|&base| facts.kind(base) == ExprKind::Local(at as u32))
                })
        })
    }

    /// The bases of `type(name, bases, members)`.
    fn bases_of_type(&self, file: FileId, callee: Expr, run: Run) -> Option<Vec<Expr>> {
        let facts = self.project.facts(file);
        let ExprKind::Global(name) = facts.kind(callee) else { return None };
        let [_, bases, _] = facts.arguments(run) else { return None };
        if name != "type" || self.entity_of(file, callee) != Entity::Builtin(name) {
            return None;
        }
        match facts.kind(bases.value) {
            ExprKind::Tuple(bases) => Some(facts.list(bases).to_vec()),
            _ => None,
        }
    }
}
