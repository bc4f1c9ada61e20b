//! The settings of production, as far as they can be told without running them.
//!
//! [`Settings::read`] finds the module that production uses and runs its top level on values that are known in part.
//! Of every setting it says the value, and which statements of which files wrote it, under which conditions.

mod conditions;
mod evaluate;
mod expressions;
mod module;
mod nodes;
mod value;

use std::collections::BTreeMap;
use std::rc::Rc;

use ruff_text_size::TextRange;
use tuneup_python::{FileId, Project, Symbol};

use evaluate::Evaluator;
pub use module::{Server, SettingsModule};
pub use value::{Dict, List, Node, Value};

/// The settings of production.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The module, and why it is this one. None where the project has none.
    pub module: Option<SettingsModule>,
    /// What runs them.
    pub server: Server,
    /// The class of the module that django-configurations makes the settings of.
    pub class: Option<tuneup_python::ClassRef>,
    /// The files that make it, in order of their first lines: the module first.
    pub files: Vec<FileId>,
    /// Statements that may set what is not seen: calls that are given `globals()`, `exec`.
    pub unseen: Vec<(FileId, TextRange)>,
    values: BTreeMap<&'static str, Setting>,
}

/// A setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// Its value.
    pub node: Node,
    /// The statements that wrote it, in order; the last one holds.
    pub writes: Vec<Write>,
}

/// A statement that sets a setting or changes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Write {
    /// The file of the statement.
    pub file: FileId,
    /// Its bytes.
    pub range: TextRange,
    /// The keys below the setting that it writes; a list's positions as digits.
    pub path: Vec<String>,
    /// The conditions in whose branch it stands, outermost first.
    pub conditions: Vec<TextRange>,
    /// Whether it is run for certain: not where a condition is not known, nor in a loop or a `try`.
    pub is_certain: bool,
}

/// An alias of `DATABASES`.
#[derive(Clone, Copy, Debug)]
pub struct Database<'s> {
    /// `default`
    pub alias: &'s str,
    /// What is known of its settings.
    pub node: &'s Node,
}

impl Settings {
    /// Reads the settings of a project; `given` is the module's name where a person gave it.
    pub fn read(source: &Project, given: Option<&str>) -> Self {
        let Some(module) = module::find(source, given) else { return Self::default() };
        let mut evaluator = Evaluator::new(source);
        let mut values = evaluator.module(module.file).map(|names| (*names).clone()).unwrap_or_default();
        let class = class_of(source, &module);
        if let Some(class) = class {
            let names = evaluator.class(class.file, class.id);
            values.extend(names);
        }
        Self {
            module: Some(module),
            server: Server::find(source),
            class,
            files: evaluator.files,
            unseen: evaluator.unseen,
            values: values.into_iter().map(|(name, setting)| (name, Rc::unwrap_or_clone(setting))).collect(),
        }
    }

    /// The modules of a project that look like settings, by name.
    pub fn modules(source: &Project) -> Vec<&str> {
        module::modules(source)
    }

    /// A setting that the modules set. Django's own defaults are not here.
    pub fn get(&self, name: &str) -> Option<&Setting> {
        self.values.get(name)
    }

    /// What is known of a setting's value.
    pub fn node(&self, name: &str) -> Option<&Node> {
        self.get(name).map(|setting| &setting.node)
    }

    /// All names that the modules bind, settings or not.
    pub fn all(&self) -> impl Iterator<Item = (&'static str, &Setting)> {
        self.values.iter().map(|(name, setting)| (*name, setting))
    }

    /// The settings, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &Setting)> {
        self.values.iter().filter(|(name, _)| is_setting(name)).map(|(name, setting)| (*name, setting))
    }

    /// The entries of `INSTALLED_APPS` in order: those that may be there, and whether these are all.
    pub fn installed_apps(&self) -> (Vec<&str>, bool) {
        let Some(node) = self.node("INSTALLED_APPS") else { return (Vec::new(), false) };
        (node.texts(), !node.is_open())
    }

    /// The entries of `MIDDLEWARE` in order: those that may be there, and whether these are all.
    pub fn middleware(&self) -> (Vec<&str>, bool) {
        let Some(node) = self.node("MIDDLEWARE") else { return (Vec::new(), false) };
        (node.texts(), !node.is_open())
    }

    /// The model that `AUTH_USER_MODEL` names, `auth.User` where it is not set; nothing where it cannot be told.
    pub fn auth_user_model(&self) -> Option<&str> {
        match self.node("AUTH_USER_MODEL") {
            Some(node) => node.as_str(),
            None => Some("auth.User"),
        }
    }

    /// Whether `USE_TZ` is on; nothing where it is not set or cannot be told.
    pub fn use_tz(&self) -> Option<bool> {
        self.node("USE_TZ").and_then(Node::truth)
    }

    /// The databases that may be there, each alias in each of its forms.
    pub fn databases(&self) -> Vec<Database<'_>> {
        let mut found = Vec::new();
        for node in self.node("DATABASES").map(Node::alternatives).unwrap_or_default() {
            if let Value::Dict(dict) = &node.value {
                for (alias, node) in &dict.entries {
                    found.extend(node.alternatives().into_iter().map(|node| Database { alias, node }));
                }
            }
        }
        found
    }

    /// The engines of the databases that may be there: `django.db.backends.postgresql`. Whether these are all is false
    /// where the environment decides one.
    pub fn database_engines(&self) -> (Vec<&str>, bool) {
        let (mut engines, mut all) = (Vec::new(), self.node("DATABASES").is_some_and(|node| !node.is_open()));
        for database in self.databases() {
            let found = database.node.under("ENGINE");
            all &= !found.is_empty() && found.iter().all(|node| matches!(node.value, Value::Str(_)));
            for engine in found.into_iter().filter_map(Node::as_str) {
                if !engines.contains(&engine) {
                    engines.push(engine);
                }
            }
        }
        (engines, all)
    }

    /// The folders of `TEMPLATES`' `DIRS` that are known, from the project's root.
    pub fn template_dirs(&self) -> Vec<&str> {
        self.templates().into_iter().flat_map(|node| node.under("DIRS")).flat_map(Node::texts).collect()
    }

    /// Whether templates are looked for in the folders of apps: `APP_DIRS`, or the loader of that name. Nothing where it
    /// cannot be told.
    pub fn template_app_dirs(&self) -> Option<bool> {
        self.templates().into_iter().find_map(|node| node.under("APP_DIRS").first()?.truth())
    }

    /// The entries of `TEMPLATES`.
    pub fn templates(&self) -> Vec<&Node> {
        let mut found = Vec::new();
        for node in self.node("TEMPLATES").map(Node::alternatives).unwrap_or_default() {
            if let Value::List(list) = &node.value {
                found.extend(list.items.iter().flat_map(Node::alternatives));
            }
        }
        found
    }
}

/// The class that django-configurations makes the settings of.
fn class_of(source: &Project, module: &SettingsModule) -> Option<tuneup_python::ClassRef> {
    let facts = source.facts(module.file);
    let is_configuration = |name: &str| match source.global(module.file, Symbol::new(name)) {
        tuneup_python::Entity::Class(class) => {
            let named = |base: &tuneup_python::Base| match *base {
                tuneup_python::Base::External(name) => name.as_str().ends_with(".Configuration"),
                tuneup_python::Base::Class(class) => {
                    source.facts(class.file).class(class.id).name == "Configuration"
                        && source.file(class.file).is_third_party
                }
                _ => false,
            };
            source.mro(class).iter().any(named).then_some(class)
        }
        _ => None,
    };
    let given = module.class.as_deref().and_then(is_configuration);
    given.or_else(|| {
        let names = facts.classes.iter().filter(|class| class.outer.is_none() && class.parent.is_none());
        let production = |name: &&str| matches!(name.to_lowercase().as_str(), "production" | "prod");
        names.map(|class| class.name.as_str()).filter(production).find_map(is_configuration)
    })
}

fn is_setting(name: &str) -> bool {
    name.chars().all(|char| char.is_uppercase() || char.is_numeric() || char == '_') && !name.starts_with('_')
}
