//! `name.replace(".", "__")`, `"%s_book" % action`: texts that are made of texts that are known, so that what is compared with
//! them decides a branch.
//!
//! <https://docs.python.org/3/library/stdtypes.html#string-methods>

use tuneup_python::Symbol;

use crate::queries::calls::Arguments;
use crate::queries::machine::Machine;
use crate::queries::value::{Shape, Value};

/// The longest text that is followed: names and lookups are shorter, and a text that grows in a loop must end.
const LONGEST: usize = 200;

/// How many texts are made of texts of which each is one of several.
const MOST: usize = 16;

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

    /// `text % given`, where nothing but `%s` is in it.
    pub(in crate::queries) fn text_of_format(&mut self, text: Symbol, given: Value) -> Option<Value> {
        let mut given = match self.values.shape(given) {
            Shape::Tuple(items) => items.to_vec(),
            _ => vec![given],
        }
        .into_iter();
        let mut parts = text.as_str().split("%s");
        let mut made = vec![parts.next()?.to_owned()];
        for part in parts {
            made = self.followed_by(made, given.next()?, part)?;
        }
        if text.as_str().replace("%s", "").contains('%') || given.next().is_some() {
            return None;
        }
        Some(self.any_text(made))
    }

    /// `text.format(…)`, where its fields are `{}` and `{name}`.
    pub(in crate::queries) fn text_of_fields(
        &mut self,
        text: Symbol,
        arguments: &Arguments,
    ) -> Option<Value> {
        if arguments.is_spread || arguments.more_keywords.is_some() {
            return None;
        }
        let mut given = arguments.positional.iter();
        let mut parts = text.as_str().split('{');
        let mut made = vec![parts.next().filter(|first| !first.contains('}'))?.to_owned()];
        for part in parts {
            let (name, after) = part.split_once('}').filter(|(_, after)| !after.contains('}'))?;
            let value = match name {
                "" => *given.next()?,
                name => arguments.keyword(name)?,
            };
            made = self.followed_by(made, value, after)?;
        }
        Some(self.any_text(made))
    }

    /// Texts with each of those that a value may be behind each, and then a text.
    fn followed_by(&self, texts: Vec<String>, value: Value, then: &str) -> Option<Vec<String>> {
        let mut made = Vec::new();
        for member in self.values.members(value) {
            let Shape::Str(text) = self.values.shape(member) else { return None };
            made.extend(texts.iter().map(|before| format!("{before}{text}{then}")));
        }
        let is_short = made.iter().all(|text| text.len() <= LONGEST);
        (is_short && !made.is_empty() && made.len() <= MOST).then_some(made)
    }

    fn any_text(&mut self, texts: Vec<String>) -> Value {
        let texts: Vec<Value> =
            texts.iter().map(|text| self.values.make(Shape::Str(Symbol::new(text)))).collect();
        self.values.join_all(texts)
    }
}
