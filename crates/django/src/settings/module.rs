//! Which module holds the settings of production.
//!
//! What the deployment says comes first (Dockerfiles, compose files, `Procfile`, `.env`, systemd units), then `wsgi.py`
//! and `asgi.py`, then other programs, then `manage.py`. What tests say is never taken.

use std::borrow::Cow;
use std::collections::BTreeMap;

use tuneup_python::flow::{ArgumentKind, ExprKind, FileFacts, StmtKind};
use tuneup_python::{FileId, ModuleRef, OtherFile, Project};

const VARIABLE: &str = "DJANGO_SETTINGS_MODULE";
const CLASS_VARIABLE: &str = "DJANGO_CONFIGURATION";
/// Files of a deployment are short.
const LARGEST: u64 = 256 * 1024;

/// The module of the production settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsModule {
    /// Its file.
    pub file: FileId,
    /// Its dotted name, as it was named.
    pub name: String,
    /// The class that django-configurations is told to use.
    pub class: Option<String>,
    /// Why it is this one, for a person: ``named in `Dockerfile` ``.
    pub reason: String,
    /// Whether it is called as modules for development are. Then nothing is known of production.
    pub is_development: bool,
    /// Whether it turns debugging on for good.
    pub is_debugging: bool,
    /// Whether the deployment or the server's entry names it, or a person did.
    pub is_deployed: bool,
}

/// How much a place that names a module says about production.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    Deployment,
    Server,
    Program,
    Manage,
    Convention,
}

/// Finds the module; `given` is the name that a person gave.
pub(super) fn find(source: &Project, given: Option<&str>) -> Option<SettingsModule> {
    if let Some(name) = given {
        let file = resolve(source, name, "")?;
        let (name, reason) = (name.to_owned(), "as asked for".to_owned());
        return Some(SettingsModule {
            is_debugging: is_debugging(source, file),
            file,
            class: None,
            name,
            reason,
            is_development: false,
            is_deployed: true,
        });
    }
    let mut named = Vec::new();
    let mut classes = Vec::new();
    let is_wanted = |other: &&OtherFile| {
        other.size <= LARGEST && is_deployment(&other.path) && (other.is_file() || !is_secret(&other.path))
    };
    for other in source.others().iter().filter(is_wanted) {
        let Ok(text) = source.read_other(&other.path) else { continue };
        let text = of_the_server(&other.path, text.text());
        let found = values(&text, VARIABLE);
        named.extend(found.into_iter().map(|name| (Rank::Deployment, other.path.clone(), name)));
        let found = values(&text, CLASS_VARIABLE);
        classes.extend(found.into_iter().map(|name| (Rank::Deployment, other.path.clone(), name)));
    }
    for id in source.file_ids() {
        let path = &source.file(id).path;
        let Some(rank) = rank_of(path) else { continue };
        if !source.may_have(id, &[VARIABLE, CLASS_VARIABLE]) {
            continue;
        }
        let facts = source.facts(id);
        named.extend(assigned(facts, VARIABLE).into_iter().map(|name| (rank, path.clone(), name)));
        classes.extend(assigned(facts, CLASS_VARIABLE).into_iter().map(|name| (rank, path.clone(), name)));
    }
    named.retain(|(_, _, name)| !is_of_tests(name));
    classes.retain(|(_, _, name)| !is_of_tests(name) && !is_of_development(name));
    classes.sort_by(|a, b| (a.0, a.1.matches('/').count(), &a.1).cmp(&(b.0, b.1.matches('/').count(), &b.1)));
    let class = classes.into_iter().next().map(|(_, _, name)| name);

    let mut candidates: Vec<(bool, Rank, SettingsModule)> = Vec::new();
    for (rank, path, name) in named {
        // A package that binds nothing is there for its modules.
        let binds = |file: &FileId| {
            let facts = source.facts(*file);
            !facts.bindings(facts.module_bindings).is_empty() || !facts.star_imports.is_empty()
        };
        if let Some(file) = resolve(source, &name, &path).filter(binds) {
            let reason = format!("named in `{path}`");
            let is_development = is_of_development(&name) || is_of_development(source.path(file));
            let is_debugging = is_debugging(source, file);
            let is_deployed = rank <= Rank::Server;
            let class = class.clone();
            let module =
                SettingsModule { file, name, class, reason, is_development, is_debugging, is_deployed };
            candidates.push((is_development || is_debugging, rank, module));
        }
    }
    // A module that is only called `settings` may be what a library gives to others, unless those that are named stand
    // beside it.
    let folder = |file: FileId| source.path(file).rsplit_once('/').map_or("", |(folder, _)| folder);
    let named: Vec<&str> = candidates.iter().map(|(_, _, module)| folder(module.file)).collect();
    let by_name = by_convention(source).into_iter().filter(|&file| {
        let last = source.file(file).module.as_str().rsplit('.').next().unwrap_or_default();
        named.is_empty() || named.contains(&folder(file)) || word_is(last, PRODUCTION)
    });
    candidates.extend(by_name.map(|file| {
        let is_development = is_of_development(source.path(file));
        let is_debugging = is_debugging(source, file);
        let name = source.file(file).module.as_str().to_owned();
        let reason = "by its name".to_owned();
        let class = class.clone();
        let module =
            SettingsModule { file, name, class, reason, is_development, is_debugging, is_deployed: false };
        (is_development || is_debugging, Rank::Convention, module)
    }));
    let mut counts: BTreeMap<FileId, usize> = BTreeMap::new();
    for (_, _, module) in &candidates {
        *counts.entry(module.file).or_default() += 1;
    }
    // One that is for development only where there is no other; of several that a project has, that which most name.
    candidates
        .into_iter()
        .min_by_key(|(is_development, rank, module)| {
            let path = source.path(module.file);
            let count = std::cmp::Reverse(counts.get(&module.file).copied().unwrap_or_default());
            (*is_development, *rank, count, path.matches('/').count(), path.to_owned(), module.reason.clone())
        })
        .map(|(_, _, module)| module)
}

/// The file of a module, also where it is named as seen from the folder of the file that names it.
fn resolve(source: &Project, name: &str, from: &str) -> Option<FileId> {
    let own = |found| match found {
        ModuleRef::File(file) if !source.file(file).is_third_party => Some(file),
        _ => None,
    };
    let below = name.replace('.', "/");
    let mut folder = from;
    while let Some((above, _)) = folder.rsplit_once('/') {
        let found = source
            .file_at(&format!("{above}/{below}.py"))
            .or_else(|| source.file_at(&format!("{above}/{below}/__init__.py")));
        if found.is_some() {
            return found;
        }
        folder = above;
    }
    let at_root =
        source.file_at(&format!("{below}.py")).or_else(|| source.file_at(&format!("{below}/__init__.py")));
    at_root.or_else(|| source.module(name).and_then(own))
}

/// The dotted names of modules that look like settings, for a person to choose from.
pub(super) fn modules(source: &Project) -> Vec<&str> {
    let is_called_so = |name: &str| name.rsplit('.').take(2).any(|part| part.contains("settings"));
    let sets = |file: &FileId| {
        let facts = source.facts(*file);
        let mut bindings = facts.bindings(facts.module_bindings).iter();
        is_called_so(source.file(*file).module.as_str())
            || bindings.any(|binding| matches!(binding.name.as_str(), "INSTALLED_APPS" | "ROOT_URLCONF"))
    };
    let own = source.file_ids().filter(|file| !source.file(*file).is_third_party);
    let mut names: Vec<&str> = own.filter(sets).map(|file| source.file(file).module.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    names
}

/// Modules that are called as settings are.
fn by_convention(source: &Project) -> Vec<FileId> {
    let mut found = Vec::new();
    for id in source.file_ids() {
        let file = source.file(id);
        if is_aside(&file.path) || file.path.ends_with(".dist.py") {
            continue;
        }
        let name = file.module.as_str();
        let mut parts = name.rsplit('.');
        let (last, package) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let is_settings = last == "settings" || package == "settings" && word_is(last, PRODUCTION);
        // A package of settings without any of its own is chosen by its modules.
        let sets = |facts: &FileFacts| {
            facts.bindings(facts.module_bindings).iter().any(|binding| {
                matches!(
                    binding.name.as_str(),
                    "INSTALLED_APPS" | "ROOT_URLCONF" | "DATABASES" | "MIDDLEWARE"
                )
            }) || !facts.star_imports.is_empty()
        };
        if is_settings && sets(source.facts(id)) {
            found.push(id);
        }
    }
    found
}

const PRODUCTION: &[&str] = &["production", "prod", "live", "deploy", "deployment"];
const TESTS: &[&str] = &["test", "tests", "testing", "ci", "pytest"];
const DEVELOPMENT: &[&str] = &[
    "dev",
    "devel",
    "develop",
    "development",
    "local",
    "debug",
    "example",
    "sample",
    "demo",
    "docs",
    "doc",
    "build",
];

fn word_is(name: &str, words: &[&str]) -> bool {
    name.to_lowercase().split(|char: char| !char.is_alphanumeric()).any(|part| words.contains(&part))
}

fn is_of_tests(name: &str) -> bool {
    word_is(name, TESTS)
}

/// By a word of its name, or by a name put together with one: `devproject`, `demosite`.
fn is_of_development(name: &str) -> bool {
    const BEGINS: &[&str] = &["dev", "demo"];
    const GOES_ON: &[&str] = &["project", "site", "settings", "app", "server", "env", "config", "conf"];
    let is_both = |part: &str| {
        BEGINS.iter().filter_map(|begin| part.strip_prefix(begin)).any(|rest| GOES_ON.contains(&rest))
    };
    word_is(name, DEVELOPMENT) || name.to_lowercase().split(|char: char| !char.is_alphanumeric()).any(is_both)
}

/// Whether a module turns debugging on for good: wherever it sets `DEBUG`, with no settings of another file behind that.
fn is_debugging(source: &Project, file: FileId) -> bool {
    let facts = source.facts(file);
    let bindings = facts.bindings(facts.module_bindings).iter();
    let debug: Vec<_> = bindings.filter(|binding| binding.name.as_str() == "DEBUG").collect();
    let is_on = |value: tuneup_python::flow::Expr| matches!(facts.kind(value), ExprKind::Bool(true));
    let is_last = |start| facts.star_imports.iter().all(|star| star.range.start() < start);
    !debug.is_empty()
        && debug.iter().all(|binding| binding.value.is_some_and(is_on) && is_last(binding.range.start()))
}

fn is_aside(path: &str) -> bool {
    let words = ["docs", "doc", "examples", "example", "node_modules"];
    word_is(path, TESTS) || path.split('/').any(|part| words.contains(&part))
}

/// What a Python file that names a settings module is.
fn rank_of(path: &str) -> Option<Rank> {
    if is_aside(path) || path.contains("/management/commands/") {
        return None;
    }
    let name = path.rsplit('/').next().unwrap_or(path);
    Some(match name {
        "manage.py" => Rank::Manage,
        "conftest.py" | "conf.py" | "tasks.py" | "fabfile.py" | "noxfile.py" => return None,
        _ if name.contains("wsgi") || name.contains("asgi") => Rank::Server,
        _ => Rank::Program,
    })
}

/// Whether a file says how production is run.
fn is_deployment(path: &str) -> bool {
    if word_is(path, TESTS) || word_is(path, DEVELOPMENT) || path.starts_with(".github/") {
        return false;
    }
    let name = path.rsplit('/').next().unwrap_or(path);
    let lower = name.to_lowercase();
    lower.contains("dockerfile")
        || lower == "procfile"
        || lower.starts_with(".env")
        || lower.ends_with(".env")
        || lower.ends_with(".service")
        || (lower.contains("compose") && (lower.ends_with(".yml") || lower.ends_with(".yaml")))
        || matches!(
            lower.as_str(),
            "fly.toml" | "render.yaml" | "app.yaml" | "heroku.yml" | "uwsgi.ini" | "entrypoint.sh"
        )
}

/// Whether a file may hold secrets. These are often kept elsewhere, and what is called so here is a link or a pipe to them.
fn is_secret(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path).to_lowercase();
    name.starts_with(".env") || name.ends_with(".env")
}

/// What the files that say how production is run tell of its server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Server {
    /// Whether it speaks ASGI.
    pub is_asgi: bool,
    /// Whether its workers are made of greenlets.
    pub has_greenlets: bool,
    /// Whether PgBouncer stands before the database.
    pub has_pgbouncer: bool,
    /// Whether Redis runs beside it.
    pub has_redis: bool,
}

impl Server {
    pub(super) fn find(source: &Project) -> Self {
        let mut server = Self::default();
        let is_script = |path: &str| {
            let name = path.rsplit('/').next().unwrap_or(path);
            let is_run = ["start", "entrypoint", "run", "serve", "gunicorn", "supervisord"];
            is_run.iter().any(|word| name.starts_with(word))
                && !word_is(path, TESTS)
                && !word_is(path, DEVELOPMENT)
        };
        let wanted = source.others().iter().filter(|other| {
            other.is_file() && other.size <= LARGEST && (is_deployment(&other.path) || is_script(&other.path))
        });
        for other in wanted {
            let Ok(text) = source.read_other(&other.path) else { continue };
            for line in text.text().lines().filter(|line| !line.trim_start().starts_with('#')) {
                let line = line.to_lowercase();
                let has = |words: &[&str]| words.iter().any(|word| line.contains(word));
                server.is_asgi |= has(&["uvicorn", "daphne", "hypercorn", "asgi:app"]);
                server.has_greenlets |= has(&["gevent", "eventlet"]);
                server.has_pgbouncer |= has(&["pgbouncer"]);
                server.has_redis |= line.contains("image:") && has(&["redis", "valkey"]);
            }
        }
        for file in source.file_ids() {
            let name = source.path(file).rsplit('/').next().unwrap_or_default();
            if !name.starts_with("gunicorn") {
                continue;
            }
            for node in &source.facts(file).exprs {
                if let ExprKind::Str(text) = node.kind {
                    server.is_asgi |= text.as_str().contains("uvicorn");
                    server.has_greenlets |= matches!(text.as_str(), "gevent" | "eventlet");
                }
            }
        }
        server
    }
}

/// What a file of a deployment says of the server's own environment. In a Dockerfile `RUN` has its variables while the
/// image is built, for a command like `collectstatic`, and what runs in the image does not see them
/// (<https://docs.docker.com/reference/dockerfile/#run>).
fn of_the_server<'t>(path: &str, text: &'t str) -> Cow<'t, str> {
    let name = path.rsplit('/').next().unwrap_or(path).to_lowercase();
    if !name.contains("dockerfile") {
        return Cow::Borrowed(text);
    }
    let mut kept = String::with_capacity(text.len());
    let (mut is_run, mut goes_on) = (false, false);
    for line in text.lines() {
        let code = line.trim();
        // Comments and empty lines stand between the lines of one instruction too.
        if code.is_empty() || code.starts_with('#') {
            continue;
        }
        if !goes_on {
            is_run = code.split_whitespace().next().is_some_and(|word| word.eq_ignore_ascii_case("run"));
        }
        goes_on = code.ends_with('\\');
        if !is_run {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    Cow::Owned(kept)
}

/// What a text of some configuration language sets a variable to.
pub(super) fn values(text: &str, variable: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in text.lines().filter(|line| !line.trim_start().starts_with(['#', ';'])) {
        let Some((before, behind)) = line.split_once(variable) else { continue };
        if before.ends_with(|char: char| char.is_alphanumeric() || char == '_') {
            continue;
        }
        // `${NAME:-value}`, `NAME=value`, `NAME: "value"`, `ENV NAME value`, `"NAME", "value"`
        let value = behind.trim_start_matches([' ', '\t', '=', ':', '"', '\'', ',', '-']);
        let value = value
            .strip_prefix("${")
            .map_or(value, |default| default.split_once(":-").map_or("", |(_, value)| value));
        let end = value.find(|char: char| !(char.is_alphanumeric() || char == '_' || char == '.'));
        let value = &value[..end.unwrap_or(value.len())];
        if !value.is_empty() && value.starts_with(|char: char| char.is_alphabetic() || char == '_') {
            found.push(value.to_owned());
        }
    }
    found
}

/// What Python code sets a variable of the environment to.
fn assigned(facts: &FileFacts, variable: &str) -> Vec<String> {
    let mut found = Vec::new();
    let is_variable = |expr| facts.as_str(expr) == Some(variable);
    for node in &facts.exprs {
        let ExprKind::Call(callee, arguments) = node.kind else { continue };
        let ExprKind::Attribute(_, method) = facts.kind(callee) else { continue };
        if let [name, value, ..] = facts.arguments(arguments)
            && name.kind == ArgumentKind::Positional
            && is_variable(name.value)
            && matches!(method.as_str(), "setdefault" | "putenv")
        {
            found.extend(facts.as_str(value.value).map(str::to_owned));
        }
    }
    for statement in &facts.stmts {
        if let StmtKind::Assign(target, value) = statement.kind
            && let ExprKind::Subscript(_, key) = facts.kind(target)
            && is_variable(key)
        {
            found.extend(facts.as_str(value).map(str::to_owned));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::{of_the_server, values};

    #[test]
    fn variables_are_read_in_every_language_of_deployment() {
        for text in [
            "ENV DJANGO_SETTINGS_MODULE=site.settings",
            "ENV DJANGO_SETTINGS_MODULE site.settings",
            "    DJANGO_SETTINGS_MODULE: \"site.settings\"",
            "      - DJANGO_SETTINGS_MODULE=site.settings",
            "web: DJANGO_SETTINGS_MODULE='site.settings' gunicorn site.wsgi",
            "Environment=\"DJANGO_SETTINGS_MODULE=site.settings\"",
            "DJANGO_SETTINGS_MODULE=${DJANGO_SETTINGS_MODULE:-site.settings}",
        ] {
            assert_eq!(values(text, "DJANGO_SETTINGS_MODULE"), ["site.settings"], "{text}");
        }
    }

    #[test]
    fn comments_and_other_variables_are_not() {
        for text in [
            "# DJANGO_SETTINGS_MODULE=site.settings",
            "MY_DJANGO_SETTINGS_MODULE=site.settings",
            "echo $DJANGO_SETTINGS_MODULE",
            "DJANGO_SETTINGS_MODULE=$SETTINGS",
        ] {
            assert!(values(text, "DJANGO_SETTINGS_MODULE").is_empty(), "{text}");
        }
    }

    #[test]
    fn what_builds_an_image_is_not_its_environment() {
        let text = "FROM python\n\
                    RUN echo a \\\n    # between\n    && DJANGO_SETTINGS_MODULE=site.build ./manage.py collectstatic\n\
                    ENV A=b \\\n    DJANGO_SETTINGS_MODULE=site.settings\n\
                    run DJANGO_SETTINGS_MODULE=site.other true\n\
                    CMD DJANGO_SETTINGS_MODULE=site.last gunicorn site.wsgi\n";
        let own = of_the_server("deploy/app.Dockerfile", text);
        assert_eq!(values(&own, "DJANGO_SETTINGS_MODULE"), ["site.settings", "site.last"]);
        let script = of_the_server("entrypoint.sh", "RUN=1 DJANGO_SETTINGS_MODULE=site.settings run");
        assert_eq!(values(&script, "DJANGO_SETTINGS_MODULE"), ["site.settings"]);
    }
}
