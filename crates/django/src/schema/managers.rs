//! Managers: which a model has, and which of them Django goes through by itself.

use rustc_hash::FxHashSet;
use tuneup_python::Symbol;

use super::build::Builder;
use super::{Manager, ModelId, Truth, meta};

impl Builder<'_> {
    /// Gives a model its managers: of every class in the order of bases, those that it declares. The first is the
    /// default, unless `Meta` names one.
    pub(super) fn add_managers(&mut self, id: ModelId) {
        let lineage = self.parts(id).lineage.clone();
        let mut managers: Vec<Manager> = Vec::new();
        let mut seen: FxHashSet<Symbol> = FxHashSet::default();
        for &base in &lineage {
            for manager in &self.parts(base).managers {
                if seen.insert(manager.name) {
                    managers.push(manager.clone());
                }
            }
        }
        let is_known = self.schema.model(id).is_known;
        if managers.is_empty() {
            managers.push(Manager { name: Symbol::new("objects"), classes: Vec::new(), is_known });
            if !self.schema.model(id).is_abstract {
                self.parts_mut(id).managers = managers.clone();
            }
        }
        let named = |name: &str| {
            let text = meta::text(self.project, self.schema.model(id).meta, name)?;
            managers.iter().position(|manager| manager.name == *text)
        };
        let parent = lineage.get(1).copied();
        let default_name = named("default_manager_name");
        let inherited = || {
            let parent = parent.filter(|_| self.parts(id).own_managers == 0)?;
            let name = self.parts(parent).default_name?;
            managers.iter().position(|manager| manager.name == name)
        };
        let default = default_name.or_else(inherited);
        let base_manager = match named("base_manager_name") {
            Some(at) if managers[at].classes.is_empty() && managers[at].is_known => Truth::No,
            Some(_) => Truth::Yes,
            None => parent.map_or(Truth::No, |parent| self.schema.model(parent).base_manager),
        };
        let default_name = default_name.map(|at| managers[at].name);
        self.parts_mut(id).default_name = default_name;
        let model = self.schema.model_mut(id);
        model.default_manager = default.unwrap_or(0);
        model.base_manager = base_manager;
        model.managers = managers;
    }

    /// Notes which models each class manages. Abstract ones count where no other does.
    pub(super) fn add_managed(&mut self) {
        for abstract_ones in [false, true] {
            let of_class: Vec<_> = self
                .schema
                .models()
                .filter(|&id| self.schema.model(id).is_abstract == abstract_ones)
                .flat_map(|id| {
                    let managers = &self.schema.model(id).managers;
                    managers.iter().flat_map(|manager| &manager.classes).map(move |class| (*class, id))
                })
                .filter(|(class, _)| !abstract_ones || !self.schema.managed.contains_key(class))
                .collect();
            for (class, id) in of_class {
                let models = self.schema.managed.entry(class).or_default();
                if models.last() != Some(&id) {
                    models.push(id);
                }
            }
        }
    }
}
