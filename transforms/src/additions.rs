//! What the rules share that add something to production: middleware, apps, files, packages.

use tuneup_django::Project;
use tuneup_django::settings::{Node, SettingsModule};
use tuneup_python::ModuleRef;
use tuneup_python::edit::{Layout, Quote, formatted_like, requote};

use crate::deployment::{self, written_or_advice};
use crate::proposal::{Change, Place, Position, Proposal, Safety, SettingEdit};

/// Words in the names of settings that are nobody's production.
const NOT_PRODUCTION: &[&str] = &[
    "dev",
    "devel",
    "develop",
    "development",
    "local",
    "test",
    "tests",
    "testing",
    "ci",
    "example",
    "examples",
    "sample",
    "demo",
    "sandbox",
    "docs",
    "doc",
    "build",
    "dummy",
];

/// The settings module of production, if there is one that says what is installed and answers requests.
pub(crate) fn production(project: &Project) -> Option<&SettingsModule> {
    let settings = &project.settings;
    let module = deployment::production(project)?;
    let is_aside = module
        .name
        .to_lowercase()
        .split(|char: char| !char.is_alphanumeric())
        .chain(project.path(module.file).split(['/', '_', '.']))
        .any(is_not_production);
    let is_whole =
        ["ROOT_URLCONF", "MIDDLEWARE", "INSTALLED_APPS"].iter().all(|name| settings.get(name).is_some());
    (module.is_deployed && !is_aside && is_whole).then_some(module)
}

/// `sandbox`, `testproject`, `demo_site`
fn is_not_production(word: &str) -> bool {
    let kinds = ["project", "proj", "site", "app", "settings"];
    let base = kinds.iter().find_map(|kind| word.strip_suffix(kind)).unwrap_or(word);
    NOT_PRODUCTION.contains(&word) || NOT_PRODUCTION.contains(&base)
}

/// The package that a project's own modules for all its apps are in: that of its root URLconf, of its WSGI or ASGI
/// application, or of its settings.
pub(crate) struct Home {
    /// `newsroom.`, empty at the root.
    prefix: String,
    /// `newsroom/`, empty at the root.
    folder: String,
}

impl Home {
    /// Of a project.
    pub(crate) fn of(project: &Project) -> Option<Self> {
        let settings = &project.settings;
        let named = |name: &str, without: usize| {
            let dotted = settings.node(name)?.as_str()?;
            let parts: Vec<&str> = dotted.split('.').collect();
            let module = parts[..parts.len().checked_sub(without)?].join(".");
            Self::beside(project, &module)
        };
        named("ROOT_URLCONF", 0)
            .or_else(|| named("WSGI_APPLICATION", 1))
            .or_else(|| named("ASGI_APPLICATION", 1))
    }

    /// The package of a module, by the name that it is imported under.
    fn beside(project: &Project, module: &str) -> Option<Self> {
        let Some(ModuleRef::File(file)) = project.source.module(module) else { return None };
        let found = project.source.file(file);
        if found.is_third_party {
            return None;
        }
        let path = found.path.strip_suffix("/__init__.py").unwrap_or(&found.path);
        let folder = path.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
        let prefix = module.rsplit_once('.').map_or(String::new(), |(package, _)| format!("{package}."));
        Some(Self { prefix, folder })
    }

    /// The path of a module in it.
    pub(crate) fn path(&self, module: &str) -> String {
        format!("{}{module}.py", self.folder)
    }

    /// The dotted name of something in a module in it.
    pub(crate) fn dotted(&self, module: &str, name: &str) -> String {
        format!("{}{module}.{name}", self.prefix)
    }
}

/// A new file of a project, from a template whose strings are in double quotes: with the quotes, newlines and line length
/// of the production settings.
pub(crate) fn new_file(project: &Project, module: &SettingsModule, path: String, template: &str) -> Change {
    let Ok(sample) = project.source.source(module.file) else {
        return Change::CreateFile { path, content: template.to_owned() };
    };
    let layout = Layout::of_file(&project.source, &path);
    let content = formatted_like(sample.text(), &layout, template).unwrap_or_else(|| {
        let (single, double) = (sample.text().matches('\'').count(), sample.text().matches('"').count());
        if single > double { in_single_quotes(template) } else { template.to_owned() }
    });
    let newline = sample.newline().as_str();
    let content = if newline == "\n" { content } else { content.replace('\n', newline) };
    Change::CreateFile { path, content }
}

/// Triple quotes stay.
fn in_single_quotes(template: &str) -> String {
    template.split("\n\n\n").map(|part| requote(part, Quote::Single)).collect::<Vec<_>>().join("\n\n\n")
}

/// An entry for `MIDDLEWARE`.
pub(crate) fn middleware(entry: impl Into<String>, at: Position) -> Change {
    insert("MIDDLEWARE", entry, at)
}

/// An entry for `INSTALLED_APPS`.
pub(crate) fn app(entry: impl Into<String>, at: Position) -> Change {
    insert("INSTALLED_APPS", entry, at)
}

fn insert(name: &str, entry: impl Into<String>, at: Position) -> Change {
    Change::Setting { name: name.to_owned(), edit: SettingEdit::Insert { entry: entry.into(), at } }
}

/// A package that must be there.
pub(crate) fn require(package: &str, minimum: &str) -> Change {
    Change::Requirement { package: package.to_owned(), extras: Vec::new(), minimum: Some(minimum.to_owned()) }
}

/// One addition to a project: at a setting's value, written if that can be, else advice.
pub(crate) fn proposal(
    project: &Project,
    rule: &'static str,
    at: &Node,
    title: &str,
    message: String,
    changes: Vec<Change>,
) -> Proposal {
    let path = project.path(at.file);
    let name = project.settings.module.as_ref().map_or("", |module| module.name.as_str());
    written_or_advice(
        project,
        Proposal {
            id: format!("{rule}:{path}:::{name}"),
            rule,
            safety: Safety::Unsafe,
            title: title.to_owned(),
            message,
            place: Place::new(path, at.range),
            symbol: String::new(),
            model: None,
            fields: Vec::new(),
            evidence: Vec::new(),
            changes,
        },
    )
}
