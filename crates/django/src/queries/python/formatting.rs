//! `"{0.title} by {author}".format(…)`: which values a format string takes, and what it reads off them.
//!
//! <https://docs.python.org/3/library/string.html#format-string-syntax>

use tuneup_python::Symbol;

use crate::queries::calls::{Arguments, CallSite};
use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Shape, Value};

/// How deep replacement fields nest: Python allows one more within a format specification.
const DEEPEST: usize = 2;

impl<'p> Machine<'p> {
    /// Formats arguments into text.
    pub(crate) fn format_text(
        &mut self,
        frame: &mut Frame<'p>,
        text: &str,
        arguments: &Arguments,
        call: CallSite,
    ) {
        let mut next = 0;
        for field in fields(text, DEEPEST) {
            let (argument, path) = split(&field);
            let position = match argument.is_empty() {
                true => {
                    next += 1;
                    Some(next - 1)
                }
                false => argument.parse::<usize>().ok(),
            };
            let mut value = match position {
                Some(position) => arguments.positional.get(position).copied().or(arguments.more_positional),
                None => arguments.keyword(argument).or(arguments.more_keywords),
            }
            .unwrap_or(Value::UNKNOWN);
            for step in path {
                value = match step {
                    Step::Attribute(name) => {
                        let name = Symbol::new(name);
                        self.for_each(value, |machine, member| {
                            machine.attribute_of(frame, call.site, member, name)
                        })
                    }
                    Step::Item(key) => {
                        let key = match key.bytes().all(|byte| byte.is_ascii_digit()) {
                            true => Value::SCALAR,
                            false => self.values.make(Shape::Str(Symbol::new(key))),
                        };
                        self.for_each(value, |machine, member| machine.item(frame, member, key, false))
                    }
                };
            }
            self.text_of(frame, value);
        }
    }
}

/// What is read off an argument.
#[derive(Debug, PartialEq, Eq)]
enum Step<'a> {
    Attribute(&'a str),
    Item(&'a str),
}

/// The names of the replacement fields, in the order in which Python numbers them.
fn fields(text: &str, depth: usize) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let (mark, after) = rest[at..].split_at(1);
        if mark == "}" || after.starts_with('{') {
            // A doubled brace is one brace of the text.
            rest = after.strip_prefix(mark).unwrap_or(after);
            continue;
        }
        let Some(end) = closing(after) else { break };
        let inner = &after[..end];
        let name = name_length(inner);
        found.push(inner[..name].to_owned());
        if depth > 1
            && let Some(at) = inner[name..].find(':')
        {
            found.extend(fields(&inner[name + at + 1..], depth - 1));
        }
        rest = &after[end + 1..];
    }
    found
}

/// Where the brace closes that was opened before this text.
fn closing(text: &str) -> Option<usize> {
    let mut open = 1_usize;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => open += 1,
            b'}' => open -= 1,
            _ => {}
        }
        if open == 0 {
            return Some(at);
        }
    }
    None
}

/// How far the name of a field goes: to its conversion or specification, which a key in brackets may not end.
fn name_length(field: &str) -> usize {
    let mut in_brackets = false;
    for (at, byte) in field.bytes().enumerate() {
        match byte {
            b'[' => in_brackets = true,
            b']' => in_brackets = false,
            b'!' | b':' if !in_brackets => return at,
            _ => {}
        }
    }
    field.len()
}

/// The argument of a field's name, and the steps from it.
fn split(name: &str) -> (&str, Vec<Step<'_>>) {
    let end = name.find(['.', '[']).unwrap_or(name.len());
    let (argument, mut rest) = name.split_at(end);
    let mut steps = Vec::new();
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(['.', '[']).unwrap_or(after.len());
            steps.push(Step::Attribute(&after[..end]));
            rest = &after[end..];
        } else if let Some(after) = rest.strip_prefix('[')
            && let Some(end) = after.find(']')
        {
            steps.push(Step::Item(&after[..end]));
            rest = &after[end + 1..];
        } else {
            break;
        }
    }
    (argument, steps)
}

#[cfg(test)]
mod tests {
    use super::{DEEPEST, Step, fields, split};

    #[test]
    fn fields_are_found_as_python_finds_them() {
        assert_eq!(
            fields("{} {{no}} {0.title!r:>{width}} {a[b:c]}", DEEPEST),
            ["", "0.title", "width", "a[b:c]"]
        );
        assert_eq!(fields("{unclosed", DEEPEST), Vec::<String>::new());
        assert_eq!(fields("} {é}", DEEPEST), ["é"]);
    }

    #[test]
    fn names_are_split_into_steps() {
        assert_eq!(
            split("book.author[0].name"),
            ("book", vec![Step::Attribute("author"), Step::Item("0"), Step::Attribute("name")])
        );
        assert_eq!(split(""), ("", vec![]));
    }
}
