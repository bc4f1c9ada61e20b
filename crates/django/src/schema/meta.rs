//! `Meta`: which class holds for a model, and what it says.

use tuneup_python::flow::Expr;
use tuneup_python::{Base, ClassRef, Entity, FileId, Project, Symbol};

use super::build::Builder;
use crate::apps::literals;

/// An option of a `Meta` class, its bases included.
pub(super) fn option(project: &Project, meta: ClassRef, name: &str) -> Option<(FileId, Expr)> {
    let member = project.member(meta, Symbol::new(name))?;
    Some((member.owner.file, member.binding.value?))
}

/// An option that is a text.
pub(super) fn text(project: &Project, meta: Option<ClassRef>, name: &str) -> Option<&'static str> {
    let (file, value) = option(project, meta?, name)?;
    literals::text(project, file, value)
}

/// An option that is true or false.
pub(super) fn truth(project: &Project, meta: Option<ClassRef>, name: &str) -> Option<bool> {
    let (file, value) = option(project, meta?, name)?;
    literals::truth(project, file, value)
}

impl Builder<'_> {
    /// The `Meta` class that a class's own body binds.
    pub(super) fn own_meta(&self, class: ClassRef) -> Option<ClassRef> {
        let member = self.project.own_member(class, Symbol::new("Meta"))?;
        match self.project.entity_of(class.file, member.binding.value?) {
            Entity::Class(meta) => Some(meta),
            _ => None,
        }
    }

    /// The `Meta` class that holds for a model: its own, or that of the first base which kept one. Django takes it off
    /// classes with a table, and leaves it on abstract ones.
    pub(super) fn meta_of(&self, class: ClassRef) -> Option<ClassRef> {
        if let Some(own) = self.own_meta(class) {
            return Some(own);
        }
        self.project.mro(class).iter().skip(1).find_map(|base| match *base {
            Base::Class(base) => match self.is_model_class(base) {
                true if !self.is_abstract_class(base) => None,
                _ => self.own_meta(base),
            },
            _ => None,
        })
    }

    /// Whether a model's class is abstract. That is not inherited: Django turns it off in the `Meta` of an abstract
    /// model, so that `class Meta(Base.Meta)` is not.
    pub(super) fn is_abstract_class(&self, class: ClassRef) -> bool {
        let Some(meta) = self.own_meta(class) else { return false };
        let name = Symbol::new("abstract");
        for base in self.project.mro(meta) {
            let Base::Class(base) = *base else { continue };
            let Some(member) = self.project.own_member(base, name) else { continue };
            let outer = self.project.facts(base.file).class(base.id).outer;
            let is_other_models = base != meta
                && outer.is_some_and(|outer| self.is_model_class(ClassRef { file: base.file, id: outer }));
            return !is_other_models
                && member.binding.value.and_then(|value| literals::truth(self.project, base.file, value))
                    == Some(true);
        }
        false
    }
}
