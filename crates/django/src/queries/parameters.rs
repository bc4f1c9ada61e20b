//! Parameters that bear the name of a model and are used as its rows are: `def entries(author)` that reads
//! `author.books` is given an `Author`.

use rustc_hash::{FxHashMap, FxHashSet};
use tuneup_python::{FunctionRef, Symbol};

use super::machine::Machine;
use crate::schema::{MEMBERS, ModelId, Schema};

/// What many models have beside what all have, and much else has too.
const COMMON: &[&str] = &["__class__", "__dict__", "get_absolute_url", "name", "title"];

/// The models that rows can be of, by their names in small letters, but for names that several have.
pub(super) fn models_by_name(schema: &Schema) -> FxHashMap<String, ModelId> {
    let mut found = FxHashMap::default();
    let mut again = FxHashSet::default();
    for id in schema.models() {
        let model = schema.model(id);
        if model.is_abstract() || model.is_swapped() || model.class().is_none() {
            continue;
        }
        let name = model.name().as_str().to_lowercase();
        if found.insert(name.clone(), id).is_some() {
            again.insert(name);
        }
    }
    found.retain(|name, _| !again.contains(name));
    if let Some(user) = schema.user_model() {
        found.insert("user".to_owned(), user);
    }
    found
}

impl Machine<'_> {
    /// The model of whose rows a parameter is one, by its name and by all that the function reads off it.
    pub(super) fn model_by_use(&mut self, function: FunctionRef, slot: u32, name: Symbol) -> Option<ModelId> {
        let plain = name.as_str().replace('_', "");
        let model = *self.models_by_name.get(&plain)?;
        let reads = self.parameter_reads(function.file);
        let reads = reads.get(&(function.id, slot))?;
        // The order of the names changes nothing.
        let is_common = |name: &str| MEMBERS.contains(&name) || COMMON.contains(&name);
        let is_telling = reads.iter().any(|name| !is_common(name.as_str()));
        (is_telling && reads.iter().all(|&name| self.has_attribute(model, name))).then_some(model)
    }

    fn has_attribute(&self, model: ModelId, name: Symbol) -> bool {
        let text = name.as_str();
        if MEMBERS.contains(&text) || text.starts_with("__") || self.schema.attribute(model, name).is_some() {
            return true;
        }
        // `get_status_display`, `get_next_by_created`
        let of_field = text
            .strip_prefix("get_")
            .map(|rest| rest.strip_suffix("_display").or(rest.split_once("_by_").map(|(_, field)| field)));
        match of_field {
            Some(Some(field)) if self.schema.attribute(model, Symbol::new(field)).is_some() => true,
            _ => self.schema.class_of(model).is_some_and(|class| self.member(class, name).is_some()),
        }
    }
}
