//! Contexts of which all variables are known: what a template names besides is there for other renderings of it, and
//! counts as `None` in this one, as Django has it.
//!
//! <https://docs.djangoproject.com/en/stable/ref/templates/api/#how-invalid-variables-are-handled>

use tuneup_python::Symbol;

use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Shape, Value};

/// The key of a context that has all its variables: no template can write it.
const WHOLE: &str = "%whole";

/// What Django's own views and processors put into contexts, and its tags and tests look at.
const DJANGO: &[&str] = &[
    "form",
    "formset",
    "object",
    "object_list",
    "view",
    "is_paginated",
    "page_obj",
    "paginator",
    "date_list",
    "latest",
    "year",
    "month",
    "week",
    "day",
    "previous_day",
    "previous_week",
    "previous_month",
    "previous_year",
    "next_day",
    "next_week",
    "next_month",
    "next_year",
    "user",
    "perms",
    "messages",
    "DEFAULT_MESSAGE_LEVELS",
    "debug",
    "sql_queries",
    "LANGUAGES",
    "LANGUAGE_BIDI",
    "TIME_ZONE",
    "csp_nonce",
    "site",
    "next",
    "True",
    "False",
    "None",
];

impl<'p> Machine<'p> {
    /// A context of which it is known that code puts nothing else into it.
    pub(crate) fn whole_context(&mut self, context: Value) -> Value {
        self.for_each(context, |machine, member| match machine.values.shape(member).clone() {
            Shape::Mapping { known, key, rest } => {
                let yes = machine.values.make(Shape::Bool(true));
                let mut known = known.to_vec();
                known.retain(|(name, _)| *name != WHOLE);
                known.push((Symbol::new(WHOLE), yes));
                machine.values.mapping(known, key, rest)
            }
            _ => member,
        })
    }

    /// Whether a context has all its variables.
    fn is_whole(&self, context: Value) -> bool {
        let Shape::Mapping { known, key, rest } = self.values.shape(context) else { return false };
        self.values.has_known_keys_alone(*key, *rest)
            && known
                .iter()
                .any(|&(name, value)| name == WHOLE && matches!(self.values.shape(value), Shape::Bool(true)))
    }

    /// Whether a context has no variable of a name, which it does not show as its own.
    pub(in crate::queries) fn lacks(&mut self, frame: &mut Frame<'p>, context: Value, name: Symbol) -> bool {
        self.is_whole(context)
            && !name.as_str().starts_with('%')
            && !DJANGO.contains(&name.as_str())
            && !self.templates.is_jinja(self.project.path(frame.file))
            && self.templates.has_all_processors()
            && self.are_processors_known(frame)
    }

    /// Whether all variables are known that the project's context processors give.
    fn are_processors_known(&mut self, frame: &mut Frame<'p>) -> bool {
        let templates = self.templates;
        templates.processors().iter().all(|&processor| {
            let request = self.request();
            let given = self.call_function(frame, processor, None, &[request]);
            let members = self.values.members(given);
            !members.is_empty()
                && members.iter().all(|&member| {
                    matches!(
                        *self.values.shape(member),
                        Shape::Mapping { key, rest, .. } if self.values.has_known_keys_alone(key, rest)
                    )
                })
        })
    }
}
