//! `name.replace(".", "__")`: texts that methods make of texts that are known.
//!
//! <https://docs.python.org/3/library/stdtypes.html#string-methods>

use tuneup_python::Symbol;

use crate::queries::calls::Arguments;
use crate::queries::machine::Machine;
use crate::queries::value::{Shape, Value};

/// The longest text that is followed: names and lookups are shorter, and a text that grows in a loop must end.
const LONGEST: usize = 200;

impl Machine<'_> {
    /// What a method makes of a text, where all that it is given is known too.
    pub(in crate::queries) fn text_made(
        &mut self,
        text: Symbol,
        method: &str,
        arguments: &Arguments,
    ) -> Option<Value> {
        if !arguments.keywords.is_empty() || arguments.is_spread || arguments.more_keywords.is_some() {
            return None;
        }
        let given: Vec<Symbol> = arguments
            .positional
            .iter()
            .map(|&value| match self.values.shape(value) {
                Shape::Str(text) => Some(*text),
                _ => None,
            })
            .collect::<Option<_>>()?;
        let text = text.as_str();
        let made = match (method, given.as_slice()) {
            ("replace", [old, new]) if !old.as_str().is_empty() => text.replace(old.as_str(), new.as_str()),
            ("removeprefix", [prefix]) => text.strip_prefix(prefix.as_str()).unwrap_or(text).to_owned(),
            ("removesuffix", [suffix]) => text.strip_suffix(suffix.as_str()).unwrap_or(text).to_owned(),
            ("lower", []) if text.is_ascii() => text.to_ascii_lowercase(),
            ("upper", []) if text.is_ascii() => text.to_ascii_uppercase(),
            _ => return None,
        };
        (made.len() <= LONGEST).then(|| self.values.make(Shape::Str(Symbol::new(&made))))
    }
}
