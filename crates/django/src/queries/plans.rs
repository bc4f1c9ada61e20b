//! What `select_related()`, `prefetch_related()`, `only()` and their like add to what a query loads.

use tuneup_python::Symbol;

use super::calls::Arguments;
use super::machine::Machine;
use super::query::{Plan, Prefetched};
use super::value::{Shape, Value};

impl Machine<'_> {
    /// The texts that all arguments are, or nothing where one is not known.
    fn texts(&self, arguments: &Arguments) -> Option<Vec<Symbol>> {
        if arguments.more_positional.is_some() {
            return None;
        }
        arguments
            .positional
            .iter()
            .map(|&value| match self.values.shape(value) {
                Shape::Str(text) => Some(*text),
                _ => None,
            })
            .collect()
    }

    /// The texts that arguments are or may be, `*names` among them, or nothing where one is not known.
    fn named(&self, arguments: &Arguments) -> Option<Vec<Symbol>> {
        let more = arguments.more_positional.map(|more| self.values.members(more)).unwrap_or_default();
        let text = |&value: &Value| match self.values.shape(value) {
            Shape::Str(text) => Some(*text),
            _ => None,
        };
        arguments.positional.iter().chain(&more).map(text).collect()
    }

    /// The attributes that `annotate` and `extra(select=…)` put on rows.
    pub(super) fn computed(&self, method: &str, arguments: &Arguments) -> Vec<Symbol> {
        if method == "annotate" {
            return arguments.keywords.iter().map(|&(name, _)| name).collect();
        }
        match arguments.get(0, "select").map(|select| self.values.shape(select)) {
            Some(Shape::Mapping { known, .. }) => known.iter().map(|&(name, _)| name).collect(),
            _ => Vec::new(),
        }
    }

    /// What `select_related()` with these arguments joins.
    pub(super) fn plan_select(&mut self, plan: &mut Plan, arguments: &Arguments) {
        match arguments.positional.as_slice() {
            [] if !arguments.is_spread => plan.select_all = true,
            [one] if *one == Value::NONE => {
                plan.select.clear();
                plan.select_all = false;
                plan.select_unknown = false;
            }
            _ => match self.named(arguments) {
                Some(texts) => {
                    for text in texts {
                        if !plan.select.contains(&text) {
                            plan.select.push(text);
                        }
                    }
                }
                None => plan.select_unknown = true,
            },
        }
    }

    /// Adds lookups, as `prefetch_related` and `prefetch_related_objects` take them.
    pub(crate) fn plan_prefetch(&mut self, plan: &mut Plan, arguments: &Arguments) {
        if arguments.positional.as_slice() == [Value::NONE] {
            plan.prefetch.clear();
            plan.prefetch_unknown = false;
            return;
        }
        // All that may be given: what is loaded perhaps is asked for by nobody else.
        let more = arguments.more_positional.map(|more| self.values.members(more)).unwrap_or_default();
        for &argument in arguments.positional.iter().chain(&more) {
            match self.prefetched(argument) {
                Some(prefetched) if !plan.prefetch.contains(&prefetched) => plan.prefetch.push(prefetched),
                Some(_) => {}
                None => plan.prefetch_unknown = true,
            }
        }
    }

    fn prefetched(&self, argument: Value) -> Option<Prefetched> {
        match self.values.shape(argument) {
            Shape::Str(path) => Some(Prefetched { path: *path, queryset: None, to_attr: None }),
            Shape::Instance(class, parts) if class.as_str().ends_with("Prefetch") => {
                let path = match self.values.shape(*parts.first()?) {
                    Shape::Str(path) => *path,
                    _ => return None,
                };
                let queryset = parts.get(1).copied().filter(|&value| value != Value::NONE);
                let to_attr = match parts.get(2).map(|&value| self.values.shape(value)) {
                    Some(Shape::Str(name)) => Some(*name),
                    _ => None,
                };
                Some(Prefetched { path, queryset, to_attr })
            }
            _ => None,
        }
    }

    /// The fields that `only()` loads.
    pub(super) fn plan_only(&mut self, plan: &mut Plan, arguments: &Arguments) {
        match self.texts(arguments) {
            Some(texts) => plan.only = Some(texts),
            None => plan.select_unknown = true,
        }
    }

    /// The fields that `defer()` leaves out.
    pub(super) fn plan_defer(&mut self, plan: &mut Plan, arguments: &Arguments) {
        if arguments.positional.as_slice() == [Value::NONE] {
            plan.defer.clear();
            return;
        }
        match self.texts(arguments) {
            Some(texts) => plan.defer.extend(texts),
            None => plan.select_unknown = true,
        }
    }

    /// The prefetch of a query that loads a path without `to_attr`.
    pub(crate) fn prefetch_of(&self, query: Value, path: &str) -> Option<Prefetched> {
        let queryset = self.as_queryset(query)?;
        queryset.plan.prefetch.iter().find(|known| known.path == *path && known.to_attr.is_none()).copied()
    }
}
