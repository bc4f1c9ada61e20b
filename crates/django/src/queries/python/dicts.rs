//! Classes of the project that are dicts: `class Context(dict)`, whose `__init__` hands on what they are to hold.
//!
//! <https://docs.python.org/3/library/stdtypes.html#dict>

use ruff_text_size::TextRange;
use tuneup_python::{ClassRef, Symbol};

use crate::queries::calls::{Arguments, CallSite};
use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Shape, Value};

/// The attribute of an object under which is kept what it holds as a dict.
const HELD: &str = "%held";

/// What is known of a dict's own methods.
const METHODS: &[&str] =
    &["__init__", "copy", "get", "items", "keys", "pop", "setdefault", "update", "values"];

fn is_dict(name: &str) -> bool {
    matches!(name, "builtins.dict" | "collections.OrderedDict" | "collections.UserDict")
}

impl<'p> Machine<'p> {
    /// Whether objects of a class have a method from Python's dicts.
    pub(crate) fn is_dict_method(&self, class: ClassRef, name: Symbol) -> bool {
        METHODS.contains(&name.as_str()) && self.has_base(class, is_dict)
    }

    /// What calling a method gives that an object of such a class has from Python's dicts.
    pub(crate) fn dict_method(
        &mut self,
        frame: &mut Frame<'p>,
        this: Value,
        class: ClassRef,
        name: Symbol,
        arguments: &Arguments,
    ) -> Option<Value> {
        if !self.is_dict_method(class, name) {
            return None;
        }
        let call = CallSite { site: frame.site(TextRange::default()) };
        match name.as_str() {
            "__init__" | "update" => {
                let mut items = self.values.mapping(Vec::new(), Value::NEVER, Value::NEVER);
                if let Some(&first) = arguments.positional.first() {
                    items = self.updated(items, first);
                }
                let more = arguments.more_keywords.unwrap_or(Value::NEVER);
                let by_name = self.values.mapping(arguments.keywords.clone(), more, more);
                items = self.updated(items, by_name);
                self.hold(this, items);
                Some(Value::NONE)
            }
            "setdefault" => {
                let key = *arguments.positional.first()?;
                let default = arguments.positional.get(1).copied().unwrap_or(Value::NONE);
                self.hold_item(this, key, default);
                let held = self.held(this)?;
                Some(self.call_method(frame, held, Symbol::new("get"), arguments, call))
            }
            _ => {
                let held = self.held(this)?;
                Some(self.call_method(frame, held, name, arguments, call))
            }
        }
    }

    /// What an object of such a class holds, as far as it was seen to be given anything.
    pub(in crate::queries) fn held(&self, object: Value) -> Option<Value> {
        self.object_values.get(&(object, Symbol::new(HELD))).copied()
    }

    /// `object[key] = value`
    pub(in crate::queries) fn put_item(&mut self, object: Value, class: ClassRef, key: Value, value: Value) {
        if self.has_base(class, is_dict) && self.class_function(class, Symbol::new("__setitem__")).is_none() {
            self.hold_item(object, key, value);
        }
    }

    fn hold_item(&mut self, object: Value, key: Value, value: Value) {
        let name = match *self.values.shape(key) {
            Shape::Str(name) => Some(name),
            _ => None,
        };
        let items = self.mapping_with(Vec::new(), Value::NEVER, Value::NEVER, name, key, value);
        self.hold(object, items);
    }

    /// Keeps what an object holds beside what it held before. What has the object as an attribute does otherwise from then on.
    fn hold(&mut self, object: Value, items: Value) {
        if self.put_on(object, Symbol::new(HELD), items) {
            self.note_change_within(object);
        }
    }
}
