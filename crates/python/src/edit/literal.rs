//! Values to be written: text, dicts, lists and calls, laid out for the place where they go.

use ruff_python_ast::str::Quote;

use super::Style;
use super::quotes::requote;

/// A value to be written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Literal {
    /// An expression, its strings in double quotes.
    Code(String),
    /// A string.
    Text(String),
    /// A dict with keys that are text.
    Dict(Vec<(String, Literal)>),
    /// A list.
    List(Vec<Literal>),
    /// A call with keyword arguments.
    Call {
        /// What is called.
        callee: String,
        /// Its arguments.
        keywords: Vec<(String, Literal)>,
    },
}

impl Literal {
    /// The value in one line.
    pub fn flat(&self, quote: Quote) -> String {
        match self {
            Self::Code(code) => requote(code, quote),
            Self::Text(text) => string(text, quote),
            Self::Dict(entries) => {
                let entry =
                    |(key, value): &(String, Self)| format!("{}: {}", string(key, quote), value.flat(quote));
                format!("{{{}}}", entries.iter().map(entry).collect::<Vec<_>>().join(", "))
            }
            Self::List(items) => {
                format!("[{}]", items.iter().map(|item| item.flat(quote)).collect::<Vec<_>>().join(", "))
            }
            Self::Call { callee, keywords } => {
                let keyword = |(name, value): &(String, Self)| format!("{name}={}", value.flat(quote));
                format!("{callee}({})", keywords.iter().map(keyword).collect::<Vec<_>>().join(", "))
            }
        }
    }

    /// Whether it is easier to read on lines of its own, however short it is: a dict of dicts, a call of several.
    pub(super) fn wants_lines(&self) -> bool {
        match self {
            Self::Dict(entries) => entries.iter().any(|(_, value)| {
                matches!(value, Self::Dict(inner) if !inner.is_empty()) || value.wants_lines()
            }),
            Self::List(items) => items.iter().any(Self::wants_lines),
            Self::Call { keywords, .. } => keywords.len() > 1,
            Self::Code(_) | Self::Text(_) => false,
        }
    }

    /// The value behind `before` on a line that begins with `indentation`, broken where it must be.
    pub(super) fn written(&self, style: &Style, quote: Quote, indentation: &str, before: &str) -> String {
        let flat = self.flat(quote);
        if !self.wants_lines() && !style.is_too_long(&format!("{before}{flat},")) {
            return flat;
        }
        let inner = format!("{indentation}{}", style.indent);
        let line = |start: String, value: &Self| {
            let text = value.written(style, quote, &inner, &format!("{inner}{start}"));
            format!("{}{inner}{start}{text},", style.newline)
        };
        let (open, lines, close) = match self {
            Self::Dict(entries) if !entries.is_empty() => {
                let lines =
                    entries.iter().map(|(key, value)| line(format!("{}: ", string(key, quote)), value));
                ("{".to_owned(), lines.collect::<String>(), "}")
            }
            Self::List(items) if !items.is_empty() => {
                ("[".to_owned(), items.iter().map(|item| line(String::new(), item)).collect(), "]")
            }
            Self::Call { callee, keywords } if !keywords.is_empty() => {
                let lines = keywords.iter().map(|(name, value)| line(format!("{name}="), value));
                (format!("{callee}("), lines.collect(), ")")
            }
            _ => return flat,
        };
        format!("{open}{lines}{}{indentation}{close}", style.newline)
    }
}

/// A string literal; in the other quotes where it holds these.
fn string(text: &str, quote: Quote) -> String {
    let quote = if text.contains(quote.as_char()) { quote.opposite() } else { quote }.as_char();
    let mut literal = String::from(quote);
    for char in text.chars() {
        match char {
            '\\' => literal.push_str("\\\\"),
            '\n' => literal.push_str("\\n"),
            '\r' => literal.push_str("\\r"),
            '\t' => literal.push_str("\\t"),
            char if char == quote => literal.extend(['\\', char]),
            char => literal.push(char),
        }
    }
    literal.push(quote);
    literal
}
