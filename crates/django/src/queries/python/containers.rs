//! What the methods of lists, sets, queues and dicts give.

use tuneup_python::Symbol;

use crate::frameworks::rest;
use crate::queries::calls::{Arguments, CallSite};
use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Shape, Value};

impl<'p> Machine<'p> {
    /// A method of a list, a tuple, a set or a queue.
    pub(in crate::queries) fn sequence_method(
        &mut self,
        frame: &mut Frame<'p>,
        receiver: Value,
        name: Symbol,
        arguments: &Arguments,
        call: CallSite,
    ) -> Value {
        match name.as_str() {
            "sort" => {
                self.keyed(frame, receiver, arguments, call);
                Value::NONE
            }
            "pop" | "popleft" => self.taken(frame, receiver, call.site),
            "get" | "get_nowait" => self.iterate(frame, receiver, call.site),
            // What is left of a set is its own; the others are looped over.
            "intersection" | "difference" | "symmetric_difference" => {
                let mut all = receiver;
                for value in arguments.all().collect::<Vec<_>>() {
                    let element = self.iterate(frame, value, call.site);
                    if name == "symmetric_difference" {
                        let more = self.values.sequence(element);
                        all = self.values.join(all, more);
                    }
                }
                all
            }
            "copy" | "union" => {
                let mut all = receiver;
                for value in arguments.all().collect::<Vec<_>>() {
                    let element = self.iterate(frame, value, call.site);
                    let more = self.values.sequence(element);
                    all = self.values.join(all, more);
                }
                all
            }
            "index" | "count" => Value::SCALAR,
            _ => Value::UNKNOWN,
        }
    }

    /// A method of a dict: its known keys, and the key and value of what else it holds.
    pub(in crate::queries) fn mapping_method(
        &mut self,
        receiver: Value,
        known: &[(Symbol, Value)],
        key: Value,
        rest: Value,
        name: Symbol,
        arguments: &Arguments,
    ) -> Value {
        let known_values = self.values.join_all(known.iter().map(|&(_, value)| value));
        let all_values = self.values.join(known_values, rest);
        match name.as_str() {
            "items" => {
                let names: Vec<Value> =
                    known.iter().map(|&(name, _)| self.values.make(Shape::Str(name))).collect();
                let keys = self.values.join_all(names.into_iter().chain([key]));
                let pair = self.values.tuple(vec![keys, all_values]);
                self.values.sequence(pair)
            }
            "values" => self.values.sequence(all_values),
            "keys" => {
                let names: Vec<Value> =
                    known.iter().map(|&(name, _)| self.values.make(Shape::Str(name))).collect();
                let keys = self.values.join_all(names.into_iter().chain([key]));
                self.values.sequence(keys)
            }
            "get" | "pop" => {
                let default = arguments.positional.get(1).copied().unwrap_or(Value::NONE);
                let is_read = name == "get";
                let found = match arguments.positional.first().map(|&key| self.values.shape(key)) {
                    Some(&Shape::Str(name)) => match known.iter().find(|(known, _)| *known == name) {
                        // What is there in any case, no default stands in for.
                        Some(&(_, value))
                            if is_read && value != Value::NEVER && !self.values.may_lack(name, key) =>
                        {
                            return value;
                        }
                        Some(&(_, value)) => value,
                        None => rest::of_name(self, rest, name),
                    },
                    _ => all_values,
                };
                // What is empty and stands in for what is not there, `options.get("names", [])`, nothing else can fill.
                match self.values.shape(default) {
                    Shape::Sequence(Value::NEVER) if [found, key, rest] == [Value::NEVER; 3] => {
                        self.values.tuple(Vec::new())
                    }
                    _ => self.values.join(found, default),
                }
            }
            "copy" => receiver,
            "popitem" => self.values.tuple(vec![key, all_values]),
            _ => Value::UNKNOWN,
        }
    }
}
