//! What `select_related()`, `prefetch_related()`, `only()` and their like add to what a query loads.

use std::sync::OnceLock;

use rustc_hash::FxHashSet;
use tuneup_python::flow::ArgumentKind;
use tuneup_python::{FileId, Project, Symbol};

use super::calls::Arguments;
use super::machine::Machine;
use super::query::{Plan, Prefetched};
use super::value::{Shape, Site, Value};
use crate::project::is_aside;

/// The names under which a project's prefetches put rows on others, once one was asked for.
pub(crate) type PrefetchAttributes = OnceLock<FxHashSet<Symbol>>;

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
    pub(crate) fn plan_prefetch(&mut self, plan: &mut Plan, arguments: &Arguments, site: Site) {
        if arguments.positional.as_slice() == [Value::NONE] {
            plan.prefetch.clear();
            plan.prefetch_unknown = false;
            return;
        }
        // All that may be given: what is loaded perhaps is asked for by nobody else.
        let more = arguments.more_positional.map(|more| self.values.members(more)).unwrap_or_default();
        let given = arguments.positional.iter().map(|&argument| (argument, false));
        for (argument, perhaps) in given.chain(more.into_iter().map(|argument| (argument, true))) {
            match self.prefetched(argument, site) {
                Some(lookup) => plan.add_prefetch(Prefetched { perhaps, ..lookup }),
                None => plan.prefetch_unknown = true,
            }
        }
    }

    fn prefetched(&self, argument: Value, site: Site) -> Option<Prefetched> {
        match self.values.shape(argument) {
            Shape::Str(path) => Some(Prefetched::of(*path)),
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
                let site = queryset.map(|_| site);
                Some(Prefetched { queryset, to_attr, site, ..Prefetched::of(path) })
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

    /// Whether some `Prefetch` of the project has this name for its `to_attr`.
    pub(super) fn is_prefetch_attribute(&self, name: Symbol) -> bool {
        self.prefetch_attributes.get_or_init(|| prefetch_attributes(self.project)).contains(&name)
    }

    /// The prefetch of a query that loads a path without `to_attr`.
    pub(crate) fn prefetch_of(&self, query: Value, path: &str) -> Option<Prefetched> {
        let queryset = self.as_queryset(query)?;
        queryset.plan.prefetch.iter().find(|known| known.path == *path && known.to_attr.is_none()).copied()
    }
}

/// What the project's code names as `to_attr`. What tests put on rows no other code meets.
fn prefetch_attributes(project: &Project) -> FxHashSet<Symbol> {
    let to_attr = ArgumentKind::Keyword(Symbol::new("to_attr"));
    let mut found = FxHashSet::default();
    let own = |file: &FileId| !project.file(*file).is_third_party && !is_aside(project.path(*file));
    for file in project.file_ids().filter(own) {
        let facts = project.facts(file);
        let named = facts.arguments.iter().filter(|argument| argument.kind == to_attr);
        found.extend(named.filter_map(|argument| facts.as_str(argument.value)).map(Symbol::new));
    }
    found
}
