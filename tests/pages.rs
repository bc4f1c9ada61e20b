//! Every rule's page is held to what it says: the diffs of its examples are those that the command writes, and
//! under real Django the code gives the same before and after, with fewer queries.
//!
//! An example is a third-level heading with the files of a small project below it:
//!
//! ~~~text
//! ### A loop reads a foreign key
//!
//! ```python path=shop/reports.py
//! …
//! ```
//!
//! ```diff
//! …
//! ```
//! ~~~
//!
//! Files above the first such heading belong to every example after them. An example without a diff begins
//! with the words "Nothing is proposed", or with "Nothing is written" where there is advice. After the word `diff`
//! stands the safety of the weakest proposal, unless it is `safe`: ```` ```diff unsafe ````. A line such as
//! "13 queries, then 1." states what Django is asked; of settings, "Then `settings.DEBUG` is `False`." what they say after.
//!
//! `TUNEUP_BLESS=1 cargo test --test pages` writes the diffs and the numbers of queries into the pages.

#[path = "judge/environments.rs"]
mod environments;
#[path = "pages/example.rs"]
mod example;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::thread;

use serde_json::{Value, json};
use tempfile::TempDir;

use environments::{Environment, environments};
use example::{Example, Expected, examples};

/// Rules whose examples show in the number of queries; those of the others are judged where schemas are.
const JUDGED: &[&str] = &["select_related", "prefetch_related"];

/// Rules about settings: Django loads them, and they say what the page promises.
const OF_SETTINGS: &[&str] = &[
    "persistent_connections",
    "connection_pool",
    "redis_cache",
    "cached_sessions",
    "cached_template_loader",
    "whitenoise",
    "slow_query_log",
    "health_check",
    "sentry",
    "prometheus",
];

/// Rules about indexes: Django migrates forwards and back, and `makemigrations` has nothing to do.
const OF_INDEXES: &[&str] = &["db_index", "meta_indexes", "redundant_index", "index_together"];

/// The settings of examples of indexes that have none.
const SETTINGS: &str = "SECRET_KEY = \"x\"\nUSE_TZ = True\nINSTALLED_APPS = [\"shop\"]\nDATABASES = {\"default\": {\"ENGINE\": \"django.db.backends.sqlite3\", \"NAME\": \
     \":memory:\"}}\nDEFAULT_AUTO_FIELD = \"django.db.models.BigAutoField\"\n";

/// What the command did with an example.
struct Outcome {
    diff: String,
    /// The weakest safety of its proposals, if there are any.
    safety: Option<&'static str>,
    after: BTreeMap<String, String>,
}

#[test]
fn examples_are_as_their_pages_say() {
    check(JUDGED, "page_case.py", |_| true);
}

#[test]
fn examples_of_settings_are_as_their_pages_say() {
    check(OF_SETTINGS, "settings_case.py", |_| true);
}

#[test]
fn examples_of_indexes_are_as_their_pages_say() {
    check(OF_INDEXES, "index_case.py", with_migrations);
}

/// Gives the projects of examples the migrations that Django makes of them. False where there is no Django to do so.
fn with_migrations(examples: &mut [Example]) -> bool {
    // The oldest: later ones refuse what a rule is for.
    let Some(environment) = environments().first() else { return false };
    for example in examples.iter_mut() {
        let uses = |name: &str| example.files.get("shop/models.py").is_some_and(|text| text.contains(name));
        let contrib = ["contenttypes", "auth"].map(|app| format!("django.contrib.{app}"));
        let used = contrib.iter().filter(|app| uses(app) || uses("contrib.auth"));
        let apps: String = used.map(|app| format!("INSTALLED_APPS += [\"{app}\"]\n")).collect();
        let settings = format!("{SETTINGS}{apps}");
        example.files.entry("settings.py".to_owned()).or_insert(settings);
    }
    let files: Vec<&BTreeMap<String, String>> = examples.iter().map(|example| &example.files).collect();
    let answer = environment.run("index_case.py", &json!({"step": "initial", "cases": files}));
    let results = answer["results"].as_array().expect("a list of results");
    for (example, made) in examples.iter_mut().zip(results) {
        for (path, text) in made.as_object().expect("files by path") {
            let text = text.as_str().expect("a text").to_owned();
            assert_ne!(path, "failed", "{}: {text}", example.name);
            example.files.insert(path.clone(), text);
        }
    }
    true
}

/// Holds pages to what they say; the script runs their examples under Django, once they are made ready.
fn check(pages: &[&str], script: &str, make_ready: fn(&mut [Example]) -> bool) {
    let bless = std::env::var_os("TUNEUP_BLESS").is_some_and(|value| !value.is_empty());
    let mut complaints = Vec::new();
    for name in pages {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("transforms/src").join(format!("{name}.md"));
        let text = fs::read_to_string(&path).expect("the page is there");
        let mut examples = examples(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        if !make_ready(&mut examples) {
            return;
        }
        let outcomes: Vec<Outcome> =
            examples.iter().map(|example| outcome(&name.replace('_', "-"), example)).collect();
        let mut expected: Vec<Expected> = Vec::new();
        for (example, outcome) in examples.iter().zip(&outcomes) {
            if let Some(complaint) = compare(example, outcome, bless) {
                complaints.push(format!("{name}: {}: {complaint}", example.name));
            }
            expected.push(Expected {
                diff: outcome.diff.clone(),
                safety: outcome.safety,
                queries: example.expected.queries,
            });
        }
        let cases = json!({"cases": cases(&examples, &outcomes)});
        let answers: Vec<(&Environment, Value)> = thread::scope(|scope| {
            let run = |environment: &'static Environment| {
                let cases = &cases;
                scope.spawn(move || (environment, environment.run(script, cases)))
            };
            let running: Vec<_> = environments().iter().map(run).collect();
            running.into_iter().map(|run| run.join().expect("Django comes to an end")).collect()
        });
        for (environment, answer) in &answers {
            let results = answer["results"].as_array().expect("a list of results");
            for ((example, expected), result) in examples.iter().zip(&mut expected).zip(results) {
                let count = |key: &str| result[key].as_u64();
                if result["ok"] != true {
                    let message = result["message"].as_str().unwrap_or_default();
                    complaints.push(format!(
                        "{name}: {}: under Django {}: {message}",
                        example.name, environment.django
                    ));
                }
                let counted = count("queries_before").map(|before| (before, count("queries_after")));
                if bless {
                    expected.queries = counted;
                } else if expected.queries != counted {
                    complaints.push(format!(
                        "{name}: {}: under Django {}: the page says {:?} queries, and there are {counted:?}",
                        example.name, environment.django, expected.queries
                    ));
                }
            }
        }
        if bless {
            fs::write(&path, example::blessed(&text, &examples, &expected)).expect("the page can be written");
        }
    }
    assert!(complaints.is_empty(), "{}", complaints.join("\n\n"));
}

/// What is wrong with the outcome. Diffs are written, not compared, where pages are blessed.
fn compare(example: &Example, outcome: &Outcome, bless: bool) -> Option<String> {
    if example.is_silent && outcome.safety.is_some() {
        return Some(format!("the page says that nothing is proposed:\n{}", outcome.diff));
    }
    if !example.is_silent && outcome.safety.is_none() {
        return Some("nothing is proposed, and the example does not begin with these words".to_owned());
    }
    if !bless && (&example.expected.diff, example.expected.safety) != (&outcome.diff, outcome.safety) {
        return Some(format!(
            "the page says {:?}\n{}the command {:?}\n{}",
            example.expected.safety, example.expected.diff, outcome.safety, outcome.diff
        ));
    }
    None
}

/// Runs the command on the example's project.
fn outcome(rule: &str, example: &Example) -> Outcome {
    let folder = TempDir::with_prefix("tuneup-page-").expect("temporary folders can be made");
    for (path, text) in &example.files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("files are in folders")).expect("a new folder");
        fs::write(path, text).expect("a new file");
    }
    let select = format!("--select={rule}");
    let report = tuneup(&["check", &select, "--output-format", "json"], folder.path());
    let report: Value = serde_json::from_slice(&report.stdout).expect("check writes JSON");
    assert_eq!(report["errors"], json!([]), "{}: every file can be read", example.name);
    let safeties: Vec<&str> = report["proposals"]
        .as_array()
        .expect("a list of proposals")
        .iter()
        .filter_map(|proposal| proposal["safety"].as_str())
        .collect();
    let safety = ["advice", "unsafe", "safe"].into_iter().find(|safety| safeties.contains(safety));
    let diff = tuneup(&["diff", "--unsafe", &select, "--color=never"], folder.path());
    let diff = String::from_utf8(diff.stdout).expect("diffs of these are UTF-8");
    tuneup(&["apply", "--unsafe", "--allow-no-vcs", &select], folder.path());
    let mut after = BTreeMap::new();
    read_all(folder.path(), folder.path(), &mut after);
    for path in example.files.keys() {
        assert!(after.contains_key(path), "{path} is still there");
    }
    Outcome { diff, safety, after }
}

/// The text of every file below a folder, but for the command's own journal.
fn read_all(root: &Path, folder: &Path, files: &mut BTreeMap<String, String>) {
    for entry in fs::read_dir(folder).expect("a folder can be read") {
        let path = entry.expect("an entry can be read").path();
        let name = path.strip_prefix(root).expect("it is below").to_string_lossy().replace('\\', "/");
        if path.is_dir() {
            if !name.starts_with('.') {
                read_all(root, &path, files);
            }
        } else {
            files.insert(name, fs::read_to_string(&path).expect("the files are UTF-8"));
        }
    }
}

fn tuneup(arguments: &[&str], tree: &Path) -> Output {
    let output = Command::new(PathBuf::from(env!("CARGO_BIN_EXE_tuneup")))
        .args(arguments)
        .arg(tree)
        .output()
        .expect("the command was built with this test");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        matches!(output.status.code(), Some(0 | 1)),
        "{arguments:?} ends with {}: {errors}",
        output.status
    );
    output
}

fn cases(examples: &[Example], outcomes: &[Outcome]) -> Vec<Value> {
    let case = |(example, outcome): (&Example, &Outcome)| {
        let after = (outcome.after != example.files).then_some(&outcome.after);
        json!({
            "name": example.name,
            "before": example.files,
            "after": after,
            "promises": example.promises,
        })
    };
    examples.iter().zip(outcomes).map(case).collect()
}
