//! A copy of a fixture in a temporary folder, and what the judge says of changed copies.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::environments::Environment;

/// A fixture, copied as often as it is needed in changed form.
pub(crate) struct Copies {
    fixture: PathBuf,
    folder: TempDir,
}

impl Copies {
    /// Of `fixtures/<name>`.
    pub(crate) fn of(name: &str) -> Self {
        Self {
            fixture: Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name),
            folder: TempDir::with_prefix("tuneup-judge-").expect("temporary folders can be made"),
        }
    }

    /// A new copy under that name.
    pub(crate) fn copy(&self, name: &str) -> PathBuf {
        let target = self.folder.path().join(name);
        copy_folder(&self.fixture, &target);
        target
    }

    /// A new, empty folder under that name.
    pub(crate) fn scratch(&self, name: &str) -> PathBuf {
        let target = self.folder.path().join(name);
        fs::create_dir(&target).expect("temporary folders can be made");
        target
    }
}

fn copy_folder(source: &Path, target: &Path) {
    fs::create_dir(target).expect("temporary folders can be made");
    for entry in fs::read_dir(source).expect("the fixture is there") {
        let entry = entry.expect("the fixture can be read");
        let name = entry.file_name();
        // What a person left there who ran the project by hand.
        if name == "__pycache__" || name == "db.sqlite3" {
            continue;
        }
        let copy = target.join(&name);
        if entry.file_type().expect("the fixture can be read").is_dir() {
            copy_folder(&entry.path(), &copy);
        } else {
            fs::copy(entry.path(), copy).expect("the fixture can be read");
        }
    }
}

/// What is to be judged.
pub(crate) struct Work<'a> {
    /// The module in `tests/judge/` that lists the calls.
    pub(crate) entries: &'a str,
    /// The untouched project.
    pub(crate) before: &'a Path,
    /// By tier, `safe` or `unsafe`: the project after `apply` or `apply --unsafe`.
    pub(crate) after: &'a [(&'a str, PathBuf)],
    /// Those of the untouched project, as `tuneup check --output-format json` has them.
    pub(crate) proposals: &'a [Value],
    /// Whether to try each proposal by itself too.
    pub(crate) alone: bool,
    /// The calls to make; all when `None`.
    pub(crate) only: Option<&'a [&'a str]>,
    /// An empty folder.
    pub(crate) scratch: PathBuf,
}

/// What the judge found wrong, and one line about how much it saw.
pub(crate) struct Verdict {
    pub(crate) complaints: Vec<String>,
    pub(crate) summary: String,
}

impl Work<'_> {
    /// Runs the project before and after.
    pub(crate) fn judge(&self, environment: &Environment) -> Verdict {
        let after: Vec<Value> =
            self.after.iter().map(|(tier, tree)| json!({"tier": tier, "tree": tree})).collect();
        let answer = environment.run(
            "project.py",
            &json!({
                "entries": Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/judge").join(self.entries),
                "before": self.before,
                "after": after,
                "proposals": self.proposals,
                "alone": self.alone,
                "only": self.only,
                "scratch": self.scratch,
            }),
        );
        let text = |value: &Value| value.as_str().expect("the judge writes text").to_owned();
        Verdict {
            complaints: answer["complaints"]
                .as_array()
                .expect("the judge writes a list")
                .iter()
                .map(text)
                .collect(),
            summary: text(&answer["summary"]),
        }
    }
}
