//! Filters of templates: what they read of what they are given, and what they give.
//!
//! What is printed is what the last of them gives. So a row's text is made only by a filter that is known to make
//! text; a filter of the project's is followed, and what is done by one that is not seen is not known.
//!
//! <https://docs.djangoproject.com/en/stable/ref/templates/builtins/#built-in-filter-reference>,
//! <https://jinja.palletsprojects.com/en/stable/templates/#builtin-filters>

use tuneup_python::Symbol;
use tuneup_python::flow::Argument;

use crate::queries::calls::Arguments;
use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Shape, Site, Value};
use crate::templates::Tag;

/// The filters of Django and Jinja2 that make text of what they are given.
#[rustfmt::skip]
const TEXT_FILTERS: &[&str] = &[
    // Django's, in the order of its documentation
    "addslashes", "capfirst", "center", "cut", "escape", "escapejs", "force_escape", "iriencode", "linebreaks",
    "linebreaksbr", "linenumbers", "ljust", "lower", "make_list", "phone2numeric", "pprint", "rjust", "safe", "slugify",
    "stringformat", "striptags", "title", "truncatechars", "truncatechars_html", "truncatewords", "truncatewords_html",
    "upper", "urlencode", "urlize", "urlizetrunc", "wordcount", "wordwrap",
    "localize", "unlocalize",
    // Jinja2's
    "capitalize", "e", "forceescape", "indent", "replace", "string", "trim", "truncate",
];

impl<'p> Machine<'p> {
    pub(super) fn filter(&mut self, frame: &mut Frame<'p>, arguments: &[Argument], site: Site) -> Value {
        let (Some(name), Some(value)) = (arguments.first(), arguments.get(1)) else { return Value::UNKNOWN };
        let Some(name) = frame.facts.as_str(name.value) else { return Value::UNKNOWN };
        let value = self.eval(frame, value.value);
        let argument = arguments.get(2).map(|argument| self.eval(frame, argument.value));
        let text = |machine: &Self, value: Option<Value>| match machine.values.shape(value?) {
            Shape::Str(text) => Some(text.as_str()),
            _ => None,
        };
        match name {
            "length" | "length_is" | "yesno" | "pluralize" | "divisibleby" => {
                self.truth(frame, value);
                Value::SCALAR
            }
            "first" | "last" | "random" => {
                let index = if name == "last" { -1 } else { 0 };
                let key = self.values.make(Shape::Int(index));
                self.item(frame, value, key, false)
            }
            "slice" => {
                let key = Value::UNKNOWN;
                self.item(frame, value, key, true)
            }
            "dictsort" | "dictsortreversed" => {
                let element = self.iterate(frame, value, site);
                if let Some(path) = text(self, argument) {
                    self.look_along(frame, element, path, site);
                }
                self.values.sequence(element)
            }
            "join" | "unordered_list" => {
                let element = self.iterate(frame, value, site);
                self.text_of(frame, element);
                Value::SCALAR
            }
            "default" | "default_if_none" => {
                self.truth(frame, value);
                self.values.join(value, argument.unwrap_or(Value::NEVER))
            }
            "date" | "time" | "timesince" | "timeuntil" | "floatformat" | "filesizeformat"
            | "json_script" => Value::SCALAR,
            "add" => value,
            _ => {
                if let Some(tag) = self.templates.filter(Symbol::new(name)) {
                    let mut positional = vec![value];
                    positional.extend(argument);
                    return self.call_filter(frame, tag, Arguments { positional, ..Arguments::default() });
                }
                self.other_filter(frame, name, value)
            }
        }
    }

    /// What a filter of the project's makes of what it is given, which comes first.
    pub(super) fn call_filter(&mut self, frame: &mut Frame<'p>, tag: Tag, mut arguments: Arguments) -> Value {
        if tag.takes_text
            && let Some(first) = arguments.positional.first_mut()
        {
            self.text_of(frame, *first);
            *first = Value::SCALAR;
        }
        self.call_tag(frame, tag, &arguments)
    }

    /// A filter of which nothing else is known but its name.
    pub(super) fn other_filter(&mut self, frame: &mut Frame<'p>, name: &str, value: Value) -> Value {
        if !TEXT_FILTERS.contains(&name) {
            return Value::UNKNOWN;
        }
        self.text_of(frame, value);
        Value::SCALAR
    }
}
