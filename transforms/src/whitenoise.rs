//! `whitenoise`: static files served by the project itself, compressed and with names that browsers may keep.
//!
//! Before: `django.contrib.staticfiles`, which serves nothing where `DEBUG` is off.
//! After: WhiteNoise's middleware behind `SecurityMiddleware`, and its storage for static files.
//!
//! <https://whitenoise.readthedocs.io/en/stable/django.html>

use tuneup_django::Project;
use tuneup_django::settings::{Node, SettingsModule, Value};

use crate::additions::{app, middleware, production, proposal, require};
use crate::deployment::set;
use crate::proposal::{Change, Position, Proposal, SettingValue};
use crate::registry::Rule;

/// The rule.
pub const RULE: Rule = Rule {
    name: "whitenoise",
    summary: "serve static files compressed, under names that browsers may keep",
    page: include_str!("whitenoise.md"),
    propose: |given| propose(given.project),
};

const SECURITY: &str = "django.middleware.security.SecurityMiddleware";
const STATICFILES: &str = "django.contrib.staticfiles";
const STORAGE: &str = "whitenoise.storage.CompressedManifestStaticFilesStorage";
const PLAIN: &str = "django.contrib.staticfiles.storage.StaticFilesStorage";
/// What serves or stores static files otherwise.
const SERVED_BY: &[&str] = &[
    "whitenoise",
    "dj_static",
    "servestatic",
    "storages",
    "django-storages",
    "django_s3_storage",
    "cumulus",
    "collectfast",
    "cloudinary_storage",
    "django-cloudinary-storage",
    "dj-static",
    "static3",
    "wagtail_storages",
];

fn propose(project: &Project) -> Vec<Proposal> {
    propose_one(project).into_iter().collect()
}

fn propose_one(project: &Project) -> Option<Proposal> {
    let module = production(project)?;
    let settings = &project.settings;
    let (apps, _) = settings.installed_apps();
    if !apps.contains(&STATICFILES) || !is_local(settings.node("STATIC_URL")?) {
        return None;
    }
    if project.mention(SERVED_BY).is_some() || project.static_server().is_some() {
        return None;
    }
    let storage = storage(project, module)?;
    let (entries, _) = settings.middleware();
    let place = match entries.contains(&SECURITY) {
        true => Position::After(SECURITY.to_owned()),
        false => Position::First,
    };
    let mut changes = vec![
        middleware("whitenoise.middleware.WhiteNoiseMiddleware", place),
        app("whitenoise.runserver_nostatic", Position::Before(STATICFILES.to_owned())),
    ];
    changes.extend(storage);
    if settings.get("STATIC_ROOT").is_none() {
        changes.push(set("STATIC_ROOT", &[], static_root(project)));
    }
    changes.push(require("whitenoise", "6.6"));
    let message = format!(
        "No server of static files was found in the project, and Django serves none where `DEBUG` is off (production is \
         `{}`, {}). WhiteNoise then serves them from the same process, compressed and under names that hold a hash, so \
         that browsers keep them. Not needed where a server or CDN of which the project says nothing answers for `{}`. \
         Run `collectstatic` when you deploy: a file that it has not seen is an error.",
        module.name,
        module.reason,
        settings.node("STATIC_URL").and_then(Node::as_str).unwrap_or("/static/"),
    );
    let node = settings.node("MIDDLEWARE")?;
    Some(proposal(project, RULE.name, node, "Serve static files with WhiteNoise", message, changes))
}

/// Whether static files have an address on the project's own server, whatever the environment says.
fn is_local(url: &Node) -> bool {
    match &url.value {
        Value::Str(text) => !text.contains("//"),
        _ => false,
    }
}

/// The changes that make WhiteNoise's storage that of static files. Nothing where the project has another than Django's
/// own, or one that cannot be told.
fn storage(project: &Project, module: &SettingsModule) -> Option<Vec<Change>> {
    let settings = &project.settings;
    let value = || match tests_share(project, module) {
        false => SettingValue::text(STORAGE),
        true => {
            let is_test =
                if tests_with_pytest(project) { "\"pytest\" in sys.modules" } else { "\"test\" in sys.argv" };
            SettingValue::Code {
                text: format!("\"{PLAIN}\" if {is_test} else \"{STORAGE}\""),
                modules: vec!["sys".to_owned()],
            }
        }
    };
    let is_djangos = |node: &Node| matches!(&node.value, Value::Str(text) if text.starts_with("django.contrib.staticfiles.storage."));
    let old = settings.node("STATICFILES_STORAGE");
    if old.is_some_and(|old| !is_djangos(old)) {
        return None;
    }
    if let Some(storages) = settings.node("STORAGES") {
        let Value::Dict(dict) = &storages.value else { return None };
        if dict.open || dict.base.is_some() {
            return None;
        }
        let mut changes = Vec::new();
        if dict.get("default").is_none() {
            changes.push(set("STORAGES", &["default"], backend(SettingValue::text(FILES))));
        }
        match dict.get("staticfiles").map(|node| &node.value) {
            None => changes.push(set("STORAGES", &["staticfiles"], backend(value()))),
            Some(Value::Dict(entry)) if !entry.open && entry.get("BACKEND").is_some_and(is_djangos) => {
                changes.push(set("STORAGES", &["staticfiles", "BACKEND"], value()));
            }
            Some(_) => return None,
        }
        return Some(changes);
    }
    // Up to 5.0 the old settings and STORAGES exclude each other; from 5.1 only STORAGES counts.
    let has_old = old.is_some() || settings.get("DEFAULT_FILE_STORAGE").is_some();
    let is_old = project.version.is_known() && !project.version.at_least(4, 2)
        || has_old && !project.version.at_least(5, 1);
    if is_old {
        return Some(vec![set("STATICFILES_STORAGE", &[], value())]);
    }
    let storages = SettingValue::dict([
        ("default", backend(SettingValue::text(FILES))),
        ("staticfiles", backend(value())),
    ]);
    Some(vec![set("STORAGES", &[], storages)])
}

const FILES: &str = "django.core.files.storage.FileSystemStorage";

fn backend(value: SettingValue) -> SettingValue {
    SettingValue::dict([("BACKEND", value)])
}

/// Whether tests run with the settings of production, or with some that begin with them: there no file was collected.
fn tests_share(project: &Project, module: &SettingsModule) -> bool {
    let words = ["prod", "production", "live", "deploy", "deployment", "heroku"];
    let last = module.name.rsplit('.').next().unwrap_or_default().to_lowercase();
    let is_of_production = last.split(|char: char| !char.is_alphanumeric()).any(|part| words.contains(&part));
    !is_of_production || project.is_base_of_others(module.file)
}

fn tests_with_pytest(project: &Project) -> bool {
    let of_pytest = |path: &str| {
        let name = path.rsplit('/').next().unwrap_or(path);
        matches!(name, "pytest.ini" | "conftest.py")
    };
    project.source.others().iter().any(|other| of_pytest(&other.path))
        || project.source.files().iter().any(|file| of_pytest(&file.path))
        || ["pytest", "pytest-django"].iter().any(|package| project.requirements.mentions(package))
}

/// A folder beside the code, by the name that the settings have for that of the code.
fn static_root(project: &Project) -> SettingValue {
    let beside = || SettingValue::Code {
        text: "os.path.join(os.path.dirname(os.path.abspath(__file__)), \"staticfiles\")".to_owned(),
        modules: vec!["os".to_owned()],
    };
    named_folder(project).unwrap_or_else(beside)
}

fn named_folder(project: &Project) -> Option<SettingValue> {
    let settings = &project.settings;
    for name in ["BASE_DIR", "ROOT_DIR", "PROJECT_ROOT", "PROJECT_DIR", "BASE_PATH"] {
        let Some(setting) = settings.all().find(|(other, _)| *other == name).map(|(_, setting)| setting)
        else {
            continue;
        };
        let Value::Path(_) = &setting.node.value else { continue };
        let write = setting.writes.last()?;
        let source = project.source.source(write.file).ok()?;
        let text = source.text().get(std::ops::Range::<usize>::from(write.range))?.to_owned();
        return Some(if text.contains("Path(") || text.contains("path(") && text.contains("environ.Path") {
            SettingValue::code(format!("{name} / \"staticfiles\""))
        } else if text.contains("os.path") || text.contains("dirname") || text.contains("abspath") {
            SettingValue::Code {
                text: format!("os.path.join({name}, \"staticfiles\")"),
                modules: vec!["os".to_owned()],
            }
        } else {
            continue;
        });
    }
    None
}
