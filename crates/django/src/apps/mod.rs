//! The apps of a project, their labels, and the settings that models depend on.
//!
//! An app is a package. It is found by its `AppConfig`, by the settings that name it, or by its `models`. A label need
//! not be the package's name: `AppConfig.label` says it, or else it is the last part of `AppConfig.name`. Of two
//! projects in one repository, a file belongs to the app whose folder is the nearest above it.

pub(crate) mod literals;
mod settings;

use rustc_hash::FxHashMap;
use tuneup_python::{Base, ClassRef, FileId, ModuleRef, Project, Symbol};

use crate::project::is_aside;
use settings::Settings;

/// An app.
#[derive(Clone, Debug)]
pub struct App {
    /// Its label: what stands before the dot in `"blog.Article"`.
    pub label: Symbol,
    /// Its full Python path, as its `AppConfig` or the settings say it; of others, its module's name.
    pub name: Symbol,
    /// Its folder, from the root; empty where that is the root.
    pub folder: String,
    /// Its `AppConfig`.
    pub config: Option<ClassRef>,
    /// `AppConfig.default_auto_field`, where it is a literal.
    pub default_auto_field: Option<Symbol>,
    /// Whether some `INSTALLED_APPS` names it.
    pub is_installed: bool,
}

/// The apps of a project.
pub struct Apps {
    apps: Vec<App>,
    by_folder: FxHashMap<String, usize>,
    settings: Settings,
    installed: Vec<&'static str>,
}

impl Apps {
    /// Finds the apps of a project.
    pub fn find(project: &Project) -> Self {
        let settings = Settings::find(project);
        let mut apps =
            Self { apps: Vec::new(), by_folder: FxHashMap::default(), settings, installed: Vec::new() };
        let installed = apps.settings.installed(project);
        apps.add_configured(project, &installed);
        apps.add_installed(project, &installed);
        apps.add_with_models(project);
        apps.installed = installed;
        apps
    }

    /// Every name that some `INSTALLED_APPS` has, sorted.
    pub fn installed(&self) -> &[&'static str] {
        &self.installed
    }

    /// All apps: those with an `AppConfig`, those that are only installed, those that only have models.
    pub fn all(&self) -> &[App] {
        &self.apps
    }

    /// The app that a file belongs to: the one whose folder is the nearest above it.
    pub fn of_path(&self, path: &str) -> Option<&App> {
        let mut folder = folder_of(path);
        loop {
            if let Some(&app) = self.by_folder.get(folder) {
                return Some(&self.apps[app]);
            }
            if folder.is_empty() {
                return None;
            }
            folder = folder_of(folder);
        }
    }

    /// The text that a setting has, for code at a path: of several settings modules, the nearest that sets it.
    pub(crate) fn setting(&self, project: &Project, name: Symbol, path: &str) -> Option<&'static str> {
        self.settings.text(project, name, path)
    }

    /// Whether a folder is below that of an app that the settings name, which is not the project's root.
    fn is_part_of_installed(&self, folder: &str) -> bool {
        let mut folder = folder_of(folder);
        while !folder.is_empty() {
            if let Some(&app) = self.by_folder.get(folder) {
                return self.apps[app].is_installed;
            }
            folder = folder_of(folder);
        }
        false
    }

    fn add(&mut self, app: App) {
        if self.by_folder.contains_key(&app.folder) {
            return;
        }
        self.by_folder.insert(app.folder.clone(), self.apps.len());
        self.apps.push(app);
    }

    fn add_configured(&mut self, project: &Project, installed: &[&'static str]) {
        // By folder, in order of the files; of several configs of one app, Django's choice.
        let mut found: Vec<(String, Vec<ClassRef>)> = Vec::new();
        for file in project.file_ids().filter(|&file| !is_aside(&project.file(file).path)) {
            let facts = project.facts(file);
            for (number, class) in (0..).zip(&facts.classes) {
                let class_ref = ClassRef { file, id: tuneup_python::flow::ClassId(number) };
                if class.outer.is_some() || class.parent.is_some() || !is_config(project, class_ref) {
                    continue;
                }
                let Some(name) = attribute(project, class_ref, "name") else { continue };
                let Some(folder) = folder_of_app(project, file, name) else { continue };
                match found.iter_mut().find(|(known, _)| *known == folder) {
                    Some((_, classes)) => classes.push(class_ref),
                    None => found.push((folder, vec![class_ref])),
                }
            }
        }
        for (folder, classes) in found {
            let Some(config) = chosen(project, &classes, installed) else { continue };
            let Some(name) = attribute(project, config, "name") else { continue };
            let label = attribute(project, config, "label").unwrap_or_else(|| last_part(name));
            let dotted = config_name(project, config);
            let is_installed = installed.iter().any(|app| *app == name || *app == dotted);
            self.add(App {
                label: Symbol::new(label),
                name: Symbol::new(name),
                folder,
                config: Some(config),
                default_auto_field: attribute(project, config, "default_auto_field").map(Symbol::new),
                is_installed,
            });
        }
    }

    fn add_installed(&mut self, project: &Project, installed: &[&'static str]) {
        for name in installed {
            let folder = match project.module(name) {
                Some(ModuleRef::File(file)) if !project.file(file).is_third_party => {
                    if !project.file(file).is_package {
                        continue;
                    }
                    folder_of(&project.file(file).path).to_owned()
                }
                Some(ModuleRef::Namespace(folder)) if !folder.as_str().starts_with('/') => {
                    folder.as_str().to_owned()
                }
                _ => continue,
            };
            self.add(App {
                label: Symbol::new(last_part(name)),
                name: Symbol::new(name),
                folder,
                config: None,
                default_auto_field: None,
                is_installed: true,
            });
        }
    }

    /// Packages with a module `models` that nothing above names.
    fn add_with_models(&mut self, project: &Project) {
        for file in project.file_ids() {
            let source = project.file(file);
            let folder = match source.path.strip_suffix("models/__init__.py") {
                Some(folder) => folder,
                None => match source.path.strip_suffix("models.py") {
                    Some(folder) => folder,
                    None => continue,
                },
            };
            // `blog/models/models.py` is a part of `blog.models`.
            let is_part = folder.ends_with("/models/");
            if !(folder.is_empty() || folder.ends_with('/')) || is_part || is_aside(&source.path) {
                continue;
            }
            let folder = folder.trim_end_matches('/');
            // A module within an app's package of models.
            if folder.ends_with("/models") {
                continue;
            }
            // A package within an installed app is a part of that, unless it has migrations of its own.
            let is_migrated = || project.file_at(&format!("{folder}/migrations/__init__.py")).is_some();
            if self.is_part_of_installed(folder) && !is_migrated() {
                continue;
            }
            let module = source.module.as_str();
            let name = module.strip_suffix(".models").unwrap_or(module);
            let label = match folder {
                "" => last_part(name),
                folder => folder.rsplit('/').next().unwrap_or(folder),
            };
            self.add(App {
                label: Symbol::new(label),
                name: Symbol::new(name),
                folder: folder.to_owned(),
                config: None,
                default_auto_field: None,
                is_installed: false,
            });
        }
    }
}

/// Whether a class is an `AppConfig`: by its bases, or in a module `apps` by one that is not read.
fn is_config(project: &Project, class: ClassRef) -> bool {
    if project.facts(class.file).class(class.id).bases.is_empty() {
        return false;
    }
    let in_apps = || project.file(class.file).path.rsplit('/').next() == Some("apps.py");
    project.mro(class).iter().any(|base| match base {
        Base::External(name) => match name.as_str() {
            "django.apps.AppConfig" | "django.apps.config.AppConfig" => true,
            other => !other.starts_with("builtins.") && !other.starts_with("django.") && in_apps(),
        },
        _ => false,
    })
}

/// The text of a class's attribute.
fn attribute(project: &Project, class: ClassRef, name: &str) -> Option<&'static str> {
    let member = project.member(class, Symbol::new(name))?;
    literals::text(project, member.owner.file, member.binding.value?).filter(|text| !text.is_empty())
}

/// `blog.apps.BlogConfig`
fn config_name(project: &Project, class: ClassRef) -> String {
    let facts = project.facts(class.file);
    format!("{}.{}", project.file(class.file).module, facts.class(class.id).name)
}

/// Django's choice among the configs of an app: the one that the settings name, the only one, or the default.
fn chosen(project: &Project, classes: &[ClassRef], installed: &[&'static str]) -> Option<ClassRef> {
    let named = classes.iter().find(|class| {
        let dotted = config_name(project, **class);
        installed.contains(&dotted.as_str())
    });
    if let Some(named) = named {
        return Some(*named);
    }
    let default = |class: &ClassRef| {
        let member = project.own_member(*class, Symbol::new("default"))?;
        literals::truth(project, class.file, member.binding.value?)
    };
    let mut open = classes.iter().filter(|class| default(class) != Some(false));
    match (open.next(), open.next()) {
        (Some(only), None) => Some(*only),
        (Some(first), Some(_)) => {
            classes.iter().find(|class| default(class) == Some(true)).or(Some(first)).copied()
        }
        (None, _) => classes.first().copied(),
    }
}

/// The folder of the app that a config in a file names. Most stand in it; of two packages of one name, the one around
/// the file is meant.
fn folder_of_app(project: &Project, file: FileId, name: &str) -> Option<String> {
    let below = name.replace('.', "/");
    let mut folder = folder_of(&project.file(file).path);
    let own = folder;
    loop {
        if folder == below || folder.strip_suffix(&below).is_some_and(|rest| rest.ends_with('/')) {
            return Some(folder.to_owned());
        }
        if folder.is_empty() {
            break;
        }
        folder = folder_of(folder);
    }
    match project.module(name) {
        Some(ModuleRef::File(package)) if project.file(package).is_third_party => None,
        Some(ModuleRef::File(package)) => Some(folder_of(&project.file(package).path).to_owned()),
        Some(ModuleRef::Namespace(folder)) if !folder.as_str().starts_with('/') => {
            Some(folder.as_str().to_owned())
        }
        // The root itself is the package.
        _ => Some(own.to_owned()),
    }
}

pub(crate) fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn last_part(dotted: &str) -> &str {
    dotted.rsplit('.').next().unwrap_or(dotted)
}

/// How many leading folders two paths share: how near they are to each other.
pub(crate) fn nearness(one: &str, other: &str) -> usize {
    folder_of(one).split('/').zip(folder_of(other).split('/')).take_while(|(a, b)| a == b).count()
}
