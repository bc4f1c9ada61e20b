//! `Meta`: which class holds for a model, and what it says.

use tuneup_python::flow::Expr;
use tuneup_python::{Base, ClassRef, Entity, FileId, Project, Symbol};

use super::build::Builder;
use super::{ModelId, Schema};
use crate::apps::literals;

/// An option of a `Meta` class, its bases included.
pub(super) fn option(project: &Project, meta: ClassRef, name: &str) -> Option<(FileId, Expr)> {
    let member = project.member(meta, Symbol::new(name))?;
    Some((member.owner.file, member.binding.value?))
}

/// Whether a `Meta` class stands for itself, without bases that are not read.
fn is_whole(project: &Project, meta: ClassRef) -> bool {
    project.mro(meta).iter().all(|base| match base {
        Base::Class(_) => true,
        Base::External(name) => name.as_str() == "builtins.object",
        Base::Value(..) | Base::Unknown => false,
    })
}

impl Schema {
    /// Whether a model's rows come in an order by default, which it may have of a parent with a table; nothing where bases may set
    /// one that are not read.
    ///
    /// <https://docs.djangoproject.com/en/stable/topics/db/models/#meta-and-multi-table-inheritance>
    pub fn is_ordered(&self, project: &Project, model: ModelId) -> Option<bool> {
        if self.meta_option(project, model, "ordering").is_some() {
            return Some(true);
        }
        let this = self.model(model);
        for &parent in this.parents() {
            match self.is_ordered(project, parent) {
                Some(false) => {}
                inherited => return inherited,
            }
        }
        // A class's own `Meta` takes nothing of an abstract base's that it does not inherit from.
        let class = self.class_of(model)?;
        let is_own = || {
            let own = project.own_member(class, Symbol::new("Meta"))?;
            Some(
                own.binding.value.map(|value| project.entity_of(class.file, value))
                    == this.meta.map(Entity::Class),
            )
        };
        let is_said = match this.meta {
            Some(meta) => is_own() == Some(true) && is_whole(project, meta),
            None => false,
        };
        (this.is_known() || is_said).then_some(false)
    }
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
