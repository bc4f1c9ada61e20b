//! Members of a class that calls make, as documents and resources declare their fields.

use rustc_hash::FxHashSet;
use tuneup_python::flow::{ExprKind, Run};
use tuneup_python::{Base, ClassRef, Entity, FileId, Symbol};

use crate::queries::machine::Machine;
use crate::queries::value::{Site, SiteForm};

/// A member of a class that a call makes.
#[derive(Clone, Copy)]
pub(super) struct Declared {
    /// The file of the call.
    pub(super) file: FileId,
    /// What is called.
    pub(super) class: Entity,
    /// What it is given.
    pub(super) arguments: Run,
    /// Where the call stands.
    pub(super) site: Site,
}

impl Declared {
    /// Whether what is called is a class of a package, or one of the project's that extends it.
    pub(super) fn is_made_by(&self, machine: &Machine<'_>, is_it: impl Fn(&str) -> bool) -> bool {
        match self.class {
            Entity::External(name) => is_it(name.as_str()),
            Entity::Class(class) => machine.has_base(class, is_it),
            _ => false,
        }
    }
}

/// The members of a class and its bases that calls make, each name as the nearest class binds it.
pub(super) fn declared(machine: &Machine<'_>, class: ClassRef) -> Vec<(Symbol, Declared)> {
    let mut seen: FxHashSet<Symbol> = FxHashSet::default();
    let mut found = Vec::new();
    for base in machine.project.mro(class) {
        let Base::Class(base) = *base else { continue };
        let facts = machine.project.facts(base.file);
        for binding in machine.project.own_members(base) {
            if !seen.insert(binding.name) {
                continue;
            }
            let Some(value) = binding.value else { continue };
            let ExprKind::Call(callee, arguments) = facts.kind(value) else { continue };
            let range = facts.range(value);
            let site = Site { file: base.file, range, function: None, form: SiteForm::Declaration };
            let class = machine.project.entity_of(base.file, callee);
            found.push((binding.name, Declared { file: base.file, class, arguments, site }));
        }
    }
    found
}
