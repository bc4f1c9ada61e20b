//! Classes of the project that are dicts: `class Context(dict)`, whose `__init__` hands on what they are to hold.
//!
//! <https://docs.python.org/3/library/stdtypes.html#dict>

use ruff_text_size::TextRange;
use tuneup_python::{ClassRef, Symbol};

use super::Framework;
use crate::queries::calls::{Arguments, CallSite};
use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Shape, Value};

pub(super) const FRAMEWORK: Framework = Framework {
    methods: Some(|machine, class, name| METHODS.contains(&name) && machine.has_base(class, is_dict)),
    inherited_method,
    ..Framework::NONE
};

/// The attribute of an object under which is kept what it holds as a dict.
const HELD: &str = "%held";

/// What is known of a dict's own methods.
const METHODS: &[&str] = &["__init__", "copy", "get", "items", "keys", "pop", "update", "values"];

fn is_dict(name: &str) -> bool {
    matches!(name, "builtins.dict" | "collections.OrderedDict" | "collections.UserDict")
}

fn inherited_method<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    this: Value,
    _class: ClassRef,
    name: &str,
    arguments: &Arguments,
) -> Option<Value> {
    if !matches!(name, "__init__" | "update") {
        let held = held(machine, this)?;
        let call = CallSite { site: frame.site(TextRange::default()) };
        return Some(machine.call_method(frame, held, Symbol::new(name), arguments, call));
    }
    let mut items = machine.values.mapping(Vec::new(), Value::NEVER, Value::NEVER);
    if let Some(&first) = arguments.positional.first() {
        items = machine.updated(items, first);
    }
    let more = arguments.more_keywords.unwrap_or(Value::NEVER);
    let by_name = machine.values.mapping(arguments.keywords.clone(), more, more);
    items = machine.updated(items, by_name);
    hold(machine, this, items);
    Some(Value::NONE)
}

/// What an object of such a class holds, as far as it was seen to be given anything.
pub(crate) fn held(machine: &Machine<'_>, object: Value) -> Option<Value> {
    machine.object_values.get(&(object, Symbol::new(HELD))).copied()
}

/// `object[key] = value`
pub(crate) fn put_item(machine: &mut Machine<'_>, object: Value, class: ClassRef, key: Value, value: Value) {
    if !machine.has_base(class, is_dict)
        || machine.class_function(class, Symbol::new("__setitem__")).is_some()
    {
        return;
    }
    let name = match *machine.values.shape(key) {
        Shape::Str(name) => Some(name),
        _ => None,
    };
    let items = machine.mapping_with(Vec::new(), Value::NEVER, Value::NEVER, name, key, value);
    hold(machine, object, items);
}

/// Keeps what an object holds beside what it held before. What has the object as an attribute does otherwise from then on.
fn hold(machine: &mut Machine<'_>, object: Value, items: Value) {
    let before = held(machine, object);
    machine.put_on(object, Symbol::new(HELD), items);
    if held(machine, object) != before {
        let has = machine
            .object_values
            .iter()
            .filter(|(_, value)| machine.values.members(**value).contains(&object));
        let having: Vec<Value> = has.map(|((having, _), _)| *having).collect();
        for having in having {
            *machine.changes.entry(having).or_default() += 1;
        }
    }
}
