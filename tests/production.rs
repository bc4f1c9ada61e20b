//! What rules add to production, under real Django: files are served, slow queries logged, probes answered, and any
//! choice of proposals gives settings that load.

#[path = "judge/environments.rs"]
mod environments;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread;

use serde_json::{Value, json};
use tempfile::TempDir;
use tuneup_django::{Options, Project};
use tuneup_transforms::proposal::Proposal;
use tuneup_transforms::registry::{RULES, propose};
use tuneup_transforms::render::render;

use environments::environments;

/// Rules that add to production without asking more than the fixture has.
const ADDITIONS: &str = "--select=whitenoise,slow-query-log,sentry,prometheus,health-check";

#[test]
fn what_is_added_to_production_works() {
    let folder = TempDir::with_prefix("tuneup-production-").expect("temporary folders can be made");
    let mut serve = Vec::new();
    for is_asynchronous in [false, true] {
        let name = if is_asynchronous { "asgi" } else { "wsgi" };
        let before = copy(&folder.path().join(format!("{name}-before")));
        if is_asynchronous {
            replace(
                &before.join("library/settings.py"),
                "WSGI_APPLICATION =",
                "ASGI_APPLICATION = 'library.asgi.application'\nWSGI_APPLICATION =",
            );
            replace(&before.join("library/settings.py"), "'books.example.org'", "'testserver'");
        }
        let tree = folder.path().join(name);
        copy_folder(&before, &tree);
        apply(&tree);
        let files = ["health_check.py", "slow_query_log.py"].map(|name| tree.join("library").join(name));
        for file in files {
            let text = fs::read_to_string(&file).expect("the file was made");
            assert_eq!(text.contains("async def"), is_asynchronous, "{}", file.display());
            assert!(!text.contains(": \"") && text.lines().all(|line| line.len() < 80), "{text}");
        }
        let again = tuneup(&["check", ADDITIONS, "--output-format", "concise"], &tree);
        assert_eq!(again.trim(), "", "a second run has nothing to add");
        serve.push(json!({"name": name, "before": before, "tree": tree, "asynchronous": is_asynchronous}));
    }
    judge(&json!({"serve": serve}));
}

#[test]
fn any_choice_of_proposals_gives_settings_that_load() {
    let folder = TempDir::with_prefix("tuneup-production-").expect("temporary folders can be made");
    let tree = copy(&folder.path().join("tree"));
    // An engine about which most is proposed.
    replace(&tree.join("library/settings.py"), "backends.sqlite3", "backends.postgresql");
    let project = Project::load(Options { root: tree.clone(), ..Options::default() }, None);
    let proposals: Vec<Proposal> =
        propose(&project, RULES).into_iter().filter(|proposal| !proposal.changes.is_empty()).collect();
    let rules: BTreeSet<&str> = proposals.iter().map(|proposal| proposal.rule).collect();
    for rule in [
        "whitenoise",
        "slow-query-log",
        "sentry",
        "prometheus",
        "health-check",
        "persistent-connections",
        "redis-cache",
    ] {
        assert!(rules.contains(rule), "{rule} is not proposed: {rules:?}");
    }
    assert!(proposals.len() <= 9, "all choices of {} are too many", proposals.len());
    let mut load = Vec::new();
    let mut seen = BTreeSet::new();
    for choice in 1_u32..1 << proposals.len() {
        let is_chosen = |at: &usize| choice & (1 << at) != 0;
        let mut approved: Vec<&Proposal> =
            (0..proposals.len()).filter(is_chosen).map(|at| &proposals[at]).collect();
        let rendering = render(&project, &approved);
        let len = approved.len();
        approved.rotate_left(choice as usize % len);
        approved.reverse();
        assert_eq!(rendering, render(&project, &approved), "the order of approval counts");
        let files: BTreeMap<String, String> = rendering
            .files
            .iter()
            .map(|file| (file.path.clone(), String::from_utf8(file.after.clone()).expect("UTF-8")))
            .collect();
        let name: Vec<&str> = approved.iter().map(|proposal| proposal.rule).collect();
        assert!(!files.is_empty(), "nothing of {name:?} was written");
        if seen.insert(files.clone()) {
            load.push(json!({"name": name.join(" "), "tree": tree, "files": files}));
        }
    }
    judge(&json!({"load": load}));
}

/// Hands the work to every Django that can be had.
fn judge(work: &Value) {
    let complaints: Vec<String> = thread::scope(|scope| {
        let run = |environment: &'static environments::Environment| {
            scope.spawn(move || (environment.django, environment.run("production.py", work)))
        };
        let running: Vec<_> = environments().iter().map(run).collect();
        running
            .into_iter()
            .flat_map(|run| {
                let (django, answer) = run.join().expect("Django comes to an end");
                let complaints = answer["complaints"].as_array().expect("a list").clone();
                complaints.into_iter().map(move |complaint| format!("Django {django}: {complaint}"))
            })
            .collect()
    });
    assert!(complaints.is_empty(), "{} complaints:\n{}", complaints.len(), complaints.join("\n"));
}

fn apply(tree: &Path) {
    tuneup(&["apply", "--unsafe", "--allow-no-vcs", ADDITIONS], tree);
}

fn tuneup(arguments: &[&str], tree: &Path) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_tuneup"))
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
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn copy(target: &Path) -> PathBuf {
    copy_folder(&Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/library"), target);
    target.to_owned()
}

fn copy_folder(source: &Path, target: &Path) {
    fs::create_dir(target).expect("a new folder");
    for entry in fs::read_dir(source).expect("the fixture is there") {
        let entry = entry.expect("the fixture can be read");
        // What a person left there who ran the project by hand.
        if entry.file_name() == "__pycache__" || entry.file_name() == "db.sqlite3" {
            continue;
        }
        let copy = target.join(entry.file_name());
        if entry.file_type().expect("the fixture can be read").is_dir() {
            copy_folder(&entry.path(), &copy);
        } else {
            fs::copy(entry.path(), copy).expect("the fixture can be read");
        }
    }
}

fn replace(path: &Path, old: &str, new: &str) {
    let text = fs::read_to_string(path).expect("the file is there");
    assert!(text.contains(old), "{} has no {old}", path.display());
    fs::write(path, text.replacen(old, new, 1)).expect("a temporary file");
}
