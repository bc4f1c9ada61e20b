//! What only Jinja2's templates do: attributes that are keys too, macros, imports, filters with arguments.
//!
//! A macro is an instance of `%macro`: its function, and, once it is imported, the context of its own template.

use tuneup_python::flow::{FunctionId, Run};
use tuneup_python::{FileId, FunctionRef, Symbol};

use crate::queries::calls::{Arguments, CallSite};
use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Shape, Site, Value};

/// A macro.
pub(crate) const MACRO: &str = "%macro";

/// What stands within `{% call %}`: it sees the variables around it.
pub(crate) const CALLER: &str = "%caller";

/// An imported template: its variables.
const MODULE: &str = "%module";

impl<'p> Machine<'p> {
    /// What only Jinja2's templates do; nothing where it is not that.
    pub(crate) fn jinja_call(
        &mut self,
        frame: &mut Frame<'p>,
        what: Symbol,
        run: Run,
        site: Site,
    ) -> Option<Value> {
        let facts = frame.facts;
        if !what.as_str().starts_with('%') {
            return Some(self.call_variable(frame, what, run, site));
        }
        let arguments = facts.arguments(run);
        let first = arguments.first()?.value;
        let second = arguments.get(1).map(|argument| argument.value);
        match what.as_str() {
            "%attr" => {
                let value = self.eval(frame, first);
                let name = Symbol::new(facts.as_str(second?)?);
                Some(self.jinja_attribute(frame, value, name, site))
            }
            "%item" => {
                let value = self.eval(frame, first);
                let key = self.eval(frame, second?);
                Some(self.for_each(value, |machine, member| {
                    let is_row = machine.as_row(member).is_some();
                    match *machine.values.shape(key) {
                        Shape::Str(name) if is_row => machine.attribute_of(frame, site, member, name),
                        _ => machine.item(frame, member, key, false),
                    }
                }))
            }
            "%pipe" => {
                let arguments = self.arguments(frame, run);
                Some(self.pipe(frame, arguments, site))
            }
            MACRO | CALLER => {
                let id = self.eval(frame, first);
                let Shape::Int(id) = *self.values.shape(id) else { return None };
                let function = FunctionRef { file: frame.file, id: FunctionId(id as u32) };
                let function = self.values.make(Shape::Function(function, None));
                let context = match what.as_str() {
                    CALLER => frame.slots.first().copied().unwrap_or(Value::NEVER),
                    _ => Value::NEVER,
                };
                Some(self.values.make(Shape::Instance(what, Box::new([function, context]))))
            }
            "%import" => {
                let name = self.eval(frame, first);
                let with_context = second.map(|second| self.eval(frame, second));
                let with_context =
                    with_context.is_some_and(|value| *self.values.shape(value) == Shape::Bool(true));
                let context = match frame.slots.first() {
                    Some(&context) if with_context => context,
                    _ => self.values.mapping(Vec::new(), Value::NEVER, Value::NEVER),
                };
                Some(self.imported(name, context))
            }
            _ => None,
        }
    }

    /// `name(arguments)`
    fn call_variable(&mut self, frame: &mut Frame<'p>, name: Symbol, run: Run, site: Site) -> Value {
        let arguments = self.arguments(frame, run);
        if name == "super" {
            let block = self.context_variable(frame, Symbol::new("block"), site);
            return self.looked_up(frame, block, name, site);
        }
        let value = self.raw_variable(frame, name);
        let value = value.unwrap_or(Value::UNKNOWN);
        if value == Value::UNKNOWN
            && let Some(tag) = self.templates.global(name)
        {
            return self.call_tag(frame, tag, &arguments);
        }
        self.for_each(value, |machine, member| {
            machine.call_value(frame, member, &arguments, CallSite { site })
        })
    }

    /// `value.name`: attribute, then key. Nothing is called.
    fn jinja_attribute(&mut self, frame: &mut Frame<'p>, value: Value, name: Symbol, site: Site) -> Value {
        self.for_each(value, |machine, member| match machine.values.shape(member).clone() {
            Shape::Mapping { known, rest, .. } => match known.iter().find(|(known, _)| *known == name) {
                Some(&(_, value)) => value,
                None if matches!(name.as_str(), "items" | "keys" | "values" | "get") => {
                    machine.values.make(Shape::Method(member, name))
                }
                None if rest == Value::NEVER => Value::UNKNOWN,
                None => rest,
            },
            Shape::Instance(class, parts) if class == MODULE => {
                let context = parts.first().copied().unwrap_or(Value::UNKNOWN);
                let Shape::Mapping { known, .. } = machine.values.shape(context).clone() else {
                    return Value::UNKNOWN;
                };
                let found = known.iter().find(|(known, _)| *known == name);
                let found = found.map_or(Value::UNKNOWN, |&(_, value)| value);
                match machine.values.shape(found).clone() {
                    Shape::Instance(class, parts) if class == MACRO => {
                        let function = parts.first().copied().unwrap_or(Value::UNKNOWN);
                        machine.values.make(Shape::Instance(class, Box::new([function, context])))
                    }
                    _ => found,
                }
            }
            Shape::Tuple(items) => match machine.named_part(&items, name) {
                Some(part) => part,
                None => machine.attribute_of(frame, site, member, name),
            },
            _ => machine.attribute_of(frame, site, member, name),
        })
    }

    /// Runs a template for what it defines.
    fn imported(&mut self, name: Value, context: Value) -> Value {
        let Shape::Str(name) = *self.values.shape(name) else { return Value::UNKNOWN };
        let Some(file) = self.templates.named(name.as_str()) else { return Value::UNKNOWN };
        let Some(facts) = self.templates.facts(self.project, file) else { return Value::UNKNOWN };
        if self.rendering >= crate::queries::rendering::DEEPEST {
            return Value::UNKNOWN;
        }
        self.rendering += 1;
        let mut frame = self.fresh_frame(file, context);
        self.run(&mut frame, facts.function(FunctionId(0)).body);
        self.rendering -= 1;
        let defined = frame.slots.first().copied().unwrap_or(Value::UNKNOWN);
        self.values.make(Shape::Instance(Symbol::new(MODULE), Box::new([defined])))
    }

    fn fresh_frame(&mut self, file: FileId, context: Value) -> Frame<'p> {
        let blocks = self.values.mapping(Vec::new(), Value::NEVER, Value::NEVER);
        self.template_frame(file, context, blocks)
    }

    /// Calls a macro, or what stands within `{% call %}`.
    pub(crate) fn call_macro(
        &mut self,
        frame: &mut Frame<'p>,
        class: Symbol,
        parts: &[Value],
        arguments: &Arguments,
    ) -> Value {
        let Some(Shape::Function(function, _)) = parts.first().map(|&it| self.values.shape(it).clone())
        else {
            return Value::UNKNOWN;
        };
        let mut context = parts.get(1).copied().unwrap_or(Value::NEVER);
        if class == MACRO && frame.file == function.file {
            context = frame.slots.first().copied().unwrap_or(context);
        }
        if context == Value::NEVER {
            context = self.values.mapping(Vec::new(), Value::NEVER, Value::NEVER);
        }
        let facts = self.facts(function.file);
        let parameters = facts.parameters(facts.function(function.id).parameters);
        let mut inner = self.fresh_frame(function.file, context);
        for (at, parameter) in parameters.iter().enumerate() {
            let value = arguments.get(at, parameter.name.as_str()).or(arguments.more_positional);
            let value = match (value, parameter.default) {
                (Some(value), _) => value,
                (None, Some(default)) => self.eval(&mut inner, default),
                (None, None) => Value::UNKNOWN,
            };
            self.put_context(&mut inner, parameter.name, value);
        }
        let caller = Symbol::new("caller");
        if let Some(value) = arguments.keyword("caller") {
            self.put_context(&mut inner, caller, value);
        }
        let slots: Box<[Value]> = inner.slots.into();
        self.activate(function, None, slots);
        Value::SCALAR
    }

    /// `value|name(arguments)`
    fn pipe(&mut self, frame: &mut Frame<'p>, mut arguments: Arguments, site: Site) -> Value {
        if arguments.positional.len() < 2 {
            return Value::UNKNOWN;
        }
        let name = arguments.positional.remove(0);
        let value = arguments.positional[0];
        let Shape::Str(name) = *self.values.shape(name) else { return Value::UNKNOWN };
        if let Some(tag) = self.templates.filter(name) {
            return self.call_filter(frame, tag, arguments);
        }
        let text = |machine: &Self, value: Option<Value>| match *machine.values.shape(value?) {
            Shape::Str(text) => Some(text),
            _ => None,
        };
        let named = text(self, arguments.keyword("attribute"));
        let path =
            |position: usize| named.or_else(|| text(self, arguments.positional.get(position).copied()));
        match name.as_str() {
            "length" | "count" => {
                self.truth(frame, value);
                Value::SCALAR
            }
            "first" | "last" | "random" => {
                let key = self.values.make(Shape::Int(if name == "last" { -1 } else { 0 }));
                self.for_each(value, |machine, member| machine.item(frame, member, key, false))
            }
            "list" | "reverse" | "select" | "reject" => {
                let element = self.iterate(frame, value, site);
                self.values.sequence(element)
            }
            "batch" | "slice" => {
                let element = self.iterate(frame, value, site);
                let inner = self.values.sequence(element);
                self.values.sequence(inner)
            }
            "sort" | "unique" | "min" | "max" | "sum" => {
                let element = self.iterate(frame, value, site);
                for path in named.iter().flat_map(|names| names.as_str().split(',')) {
                    self.along(frame, element, path, site);
                }
                match name.as_str() {
                    "sum" => Value::SCALAR,
                    "min" | "max" => element,
                    _ => self.values.sequence(element),
                }
            }
            "map" => {
                let element = self.iterate(frame, value, site);
                let mapped = match named {
                    Some(path) => self.along(frame, element, path.as_str(), site),
                    None => {
                        let mut inner = Arguments::default();
                        let Some(&filter) = arguments.positional.get(1) else { return Value::UNKNOWN };
                        inner.positional = vec![filter, element];
                        inner.positional.extend(arguments.positional.iter().skip(2));
                        self.pipe(frame, inner, site)
                    }
                };
                self.values.sequence(mapped)
            }
            "selectattr" | "rejectattr" => {
                let path = path(1);
                let element = self.iterate(frame, value, site);
                if let Some(path) = path {
                    self.along(frame, element, path.as_str(), site);
                }
                self.values.sequence(element)
            }
            "groupby" => {
                let path = path(1);
                let element = self.iterate(frame, value, site);
                let key = match path {
                    Some(path) => self.along(frame, element, path.as_str(), site),
                    None => Value::UNKNOWN,
                };
                let list = self.values.sequence(element);
                let group = self.values.tuple(vec![key, list]);
                self.values.sequence(group)
            }
            "join" => {
                let element = self.iterate(frame, value, site);
                let shown = match named {
                    Some(path) => self.along(frame, element, path.as_str(), site),
                    None => element,
                };
                self.text_of(frame, shown);
                Value::SCALAR
            }
            "default" | "d" => {
                let otherwise = arguments.positional.get(1).copied().unwrap_or(Value::NEVER);
                self.values.join(value, otherwise)
            }
            "items" | "dictsort" => {
                let method = self.values.make(Shape::Method(value, Symbol::new("items")));
                self.call_value(frame, method, &Arguments::default(), CallSite { site })
            }
            "attr" => match path(1) {
                Some(path) => self.along(frame, value, path.as_str(), site),
                None => Value::UNKNOWN,
            },
            name => self.other_filter(frame, name, value),
        }
    }

    fn along(&mut self, frame: &mut Frame<'p>, value: Value, path: &str, site: Site) -> Value {
        path.split('.').fold(value, |value, name| self.jinja_attribute(frame, value, Symbol::new(name), site))
    }
}
