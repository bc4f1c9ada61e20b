//! What a router is told of a model: its class, and what its `_meta` says.

use tuneup_python::Symbol;

use super::router::{Frame, Reader};
use super::values::Value;
use crate::schema::{MEMBERS, ModelId};

impl Reader<'_> {
    /// An attribute of a model's class.
    pub(super) fn of_model(&mut self, model: ModelId, name: Symbol, default: Option<Value>) -> Value {
        if name == "__name__" {
            return Value::Text(self.schema.model(model).name());
        }
        if name == "_meta" {
            return Value::Meta(model);
        }
        match self.has_member(model, name) {
            Some(true) => {}
            Some(false) => return default.unwrap_or(Value::Unknown),
            None => return Value::Unknown,
        }
        let class = self.schema.class_of(model);
        let member = class.and_then(|class| self.source.member(class, name));
        match member.and_then(|member| Some((member.owner.file, member.binding.value?))) {
            Some((file, value)) => self.value(&mut Frame::body(file), value),
            None => Value::Unknown,
        }
    }

    /// Whether a model's class has an attribute, where all code of it is read.
    pub(super) fn has_member(&self, model: ModelId, name: Symbol) -> Option<bool> {
        if name == "_meta" {
            return Some(true);
        }
        let class = self.schema.class_of(model)?;
        match self.source.member(class, name) {
            _ if name.as_str().starts_with("__") => None,
            Some(member) => member.certain.then_some(true),
            None => {
                (self.schema.model(model).is_known() && !self.may_be_djangos(model, name)).then_some(false)
            }
        }
    }

    /// Whether Django may put an attribute on a model's class by itself.
    ///
    /// <https://docs.djangoproject.com/en/stable/ref/models/class/>
    fn may_be_djangos(&self, model: ModelId, name: Symbol) -> bool {
        let text = name.as_str();
        let is_field = |name: Symbol| self.schema.attribute(model, name).is_some();
        MEMBERS.contains(&text)
            || ["get_", "_get_", "_check_", "_do_", "_save_"].iter().any(|start| text.starts_with(start))
            || is_field(name)
            || text.strip_suffix("_id").is_some_and(|relation| is_field(Symbol::new(relation)))
    }

    /// An attribute of its `_meta`.
    pub(super) fn of_meta(&self, model: ModelId, name: &str) -> Value {
        let of = self.schema.model(model);
        let text = |text: &str| Value::Text(Symbol::new(text));
        match name {
            "app_label" => Value::Text(of.app_label()),
            "object_name" => Value::Text(of.name()),
            "model_name" => text(&of.name().as_str().to_lowercase()),
            "label" => text(&self.schema.label(model)),
            "label_lower" => text(&format!("{}.{}", of.app_label(), of.name().as_str().to_lowercase())),
            "db_table" => {
                self.schema.db_table(self.source, model).map_or(Value::Unknown, |table| text(&table))
            }
            "managed" => Value::Bool(self.schema.is_managed(self.source, model)),
            _ => Value::Unknown,
        }
    }
}
