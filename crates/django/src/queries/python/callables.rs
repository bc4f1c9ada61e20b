//! Objects of the standard library that are called: `partial`, `attrgetter`, `itemgetter`, `methodcaller`.

use tuneup_python::Symbol;

use crate::queries::calls::{Arguments, CallSite};
use crate::queries::machine::{Frame, Machine};
use crate::queries::python::records;
use crate::queries::value::{Shape, Value};

impl<'p> Machine<'p> {
    /// A call of an instance of a standard class: `attrgetter("author.name")(book)`.
    pub(crate) fn call_instance(
        &mut self,
        frame: &mut Frame<'p>,
        class: Symbol,
        parts: &[Value],
        arguments: &Arguments,
        call: CallSite,
    ) -> Value {
        if class.as_str() == "functools.partial" {
            let &[function, positional, keywords] = parts else { return Value::UNKNOWN };
            let mut given = arguments.clone();
            if let Shape::Tuple(bound) = self.values.shape(positional) {
                given.positional.splice(0..0, bound.iter().copied());
            }
            if let Shape::Mapping { known, rest, .. } = self.values.shape(keywords) {
                let bound = known.iter().filter(|(name, _)| arguments.keyword(name.as_str()).is_none());
                given.keywords.extend(bound.copied());
                given.more_keywords =
                    given.more_keywords.or(Some(*rest).filter(|&rest| rest != Value::NEVER));
            }
            return self
                .for_each(function, |machine, member| machine.call_value(frame, member, &given, call));
        }
        if class.as_str() == records::FACTORY {
            return self.make_named_tuple(parts, arguments);
        }
        if let Some(value) = self.invoke(frame, class, parts, arguments, call) {
            return value;
        }
        if matches!(
            class.as_str(),
            crate::queries::rendering::jinja::MACRO | crate::queries::rendering::jinja::CALLER
        ) {
            return self.call_macro(frame, class, parts, arguments);
        }
        let Some(&first) = arguments.positional.first() else { return Value::UNKNOWN };
        match class.as_str() {
            "operator.attrgetter" => {
                let mut results = Vec::new();
                for &part in parts {
                    let Shape::Str(path) = *self.values.shape(part) else { return Value::UNKNOWN };
                    let mut value = first;
                    for name in path.as_str().split('.') {
                        let name = Symbol::new(name);
                        value = self.for_each(value, |machine, member| {
                            machine.attribute_of(frame, call.site, member, name)
                        });
                    }
                    results.push(value);
                }
                match results.as_slice() {
                    [one] => *one,
                    _ => self.values.tuple(results),
                }
            }
            "operator.methodcaller" => {
                let &[method, positional, keywords] = parts else { return Value::UNKNOWN };
                let Shape::Str(name) = *self.values.shape(method) else { return Value::UNKNOWN };
                let mut given = Arguments::default();
                if let Shape::Tuple(items) = self.values.shape(positional) {
                    given.positional = items.to_vec();
                }
                if let Shape::Mapping { known, .. } = self.values.shape(keywords) {
                    given.keywords = known.to_vec();
                }
                self.for_each(first, |machine, member| {
                    let method = machine.attribute_of(frame, call.site, member, name);
                    machine
                        .for_each(method, |machine, method| machine.call_value(frame, method, &given, call))
                })
            }
            "operator.itemgetter" => match parts {
                [key] => self.item(frame, first, *key, false),
                _ => Value::UNKNOWN,
            },
            _ => Value::UNKNOWN,
        }
    }
}
