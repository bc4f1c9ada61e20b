//! A small project in a temporary folder, and runs of the command on it.

use std::fs;
use std::io::{Seek, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

const MODELS: &str = "\
from django.db import models


class Author(models.Model):
    name = models.CharField(max_length=20)


class Book(models.Model):
    title = models.CharField(max_length=20)
    author = models.ForeignKey(Author, models.CASCADE)
";

const VIEWS: &str = "\
from django.shortcuts import render

from .models import Book


def overview(request):
    books = Book.objects.order_by(\"title\")
    return render(request, \"library/overview.html\", {\"books\": books})


def names():
    return [book.author.name for book in Book.objects.all()]
";

const TEMPLATE: &str = "\
<ul>
{% for book in books %}
  <li>« {{ book.title }} » {{ book.author.name }}</li>
{% endfor %}
</ul>
";

/// One function that reads a relation for every row.
pub(crate) const READER: &str = "\
from library.models import Book


def names():
    return [book.author.name for book in Book.objects.all()]
";

/// A project in a folder that is removed at the end.
pub(crate) struct Library {
    folder: TempDir,
}

/// What a run of the command came to.
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Run {
    fn of(output: Output) -> Self {
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }

    /// The report of `--output-format json`.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).expect("the report is JSON")
    }

    /// The run as a snapshot shows it.
    pub(crate) fn shown(&self) -> String {
        let code = self.code.map_or_else(|| "a signal".to_owned(), |code| code.to_string());
        format!("{}--- standard error\n{}--- exit {code}\n", self.out, self.err)
    }
}

impl Library {
    /// An empty folder.
    pub(crate) fn empty() -> Self {
        Self { folder: TempDir::with_prefix("tuneup-cli-").expect("temporary folders can be made") }
    }

    /// A project with two queries whose rows' authors are read, one of them in a template.
    pub(crate) fn new() -> Self {
        let this = Self::empty();
        this.write("library/__init__.py", "");
        this.write("library/models.py", MODELS);
        this.write("library/views.py", VIEWS);
        this.write("library/templates/library/overview.html", TEMPLATE);
        this
    }

    /// The same in a git repository, committed.
    pub(crate) fn committed() -> Self {
        let this = Self::new();
        this.commit();
        this
    }

    /// A copy of one of the fixtures, committed.
    pub(crate) fn fixture(name: &str) -> Self {
        let this = Self::empty();
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name);
        // A database that running it left is none of its files.
        let is_source = |path: &Path| path.extension().is_none_or(|end| end != "sqlite3" && end != "pyc");
        for (path, bytes) in contents(&from).into_iter().filter(|(path, _)| is_source(path)) {
            let path = path.strip_prefix(&from).expect("below the fixture");
            this.write(path.to_str().expect("a name"), bytes);
        }
        this.commit();
        this
    }

    pub(crate) fn path(&self) -> PathBuf {
        self.folder.path().canonicalize().expect("the folder is there")
    }

    pub(crate) fn at(&self, path: &str) -> PathBuf {
        self.path().join(path)
    }

    pub(crate) fn write(&self, path: &str, bytes: impl AsRef<[u8]>) {
        let path = self.at(path);
        fs::create_dir_all(path.parent().expect("files are in folders")).expect("folders can be made");
        fs::write(path, bytes).expect("files can be written");
    }

    pub(crate) fn read(&self, path: &str) -> Vec<u8> {
        fs::read(self.at(path)).expect("the file is there")
    }

    pub(crate) fn commit(&self) {
        self.git(&["init", "-q"]);
        self.git(&["add", "-A"]);
        self.git(&["-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "-qm", "all"]);
    }

    /// Runs git here, which must succeed.
    pub(crate) fn git(&self, arguments: &[&str]) -> String {
        self.feed(&self.path(), "git", arguments, b"")
    }

    /// Runs a program that must succeed in a folder, with some input.
    pub(crate) fn feed(&self, folder: &Path, program: &str, arguments: &[&str], input: &[u8]) -> String {
        let mut file = tempfile::tempfile().expect("temporary files can be made");
        file.write_all(input).and_then(|()| file.rewind()).expect("it can be written");
        let output = Command::new(program)
            .args(arguments)
            .current_dir(folder)
            .stdin(file)
            .output()
            .expect("the program is installed");
        let run = Run::of(output);
        assert_eq!(run.code, Some(0), "{program} {arguments:?}: {}{}", run.out, run.err);
        run.out
    }

    /// Runs the command in this folder.
    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        self.run_in(&self.path(), arguments)
    }

    /// Runs the command in some folder.
    pub(crate) fn run_in(&self, folder: &Path, arguments: &[&str]) -> Run {
        let output = command(folder).args(arguments).stdin(Stdio::null()).output();
        Run::of(output.expect("the command can be run"))
    }
}

/// The command, with nothing of this process's own settings.
pub(crate) fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tuneup"));
    // Migrations say when they were made.
    command.env("SOURCE_DATE_EPOCH", "1700000000");
    command.current_dir(folder).env_remove("NO_COLOR").env_remove("FORCE_COLOR").env_remove("VIRTUAL_ENV");
    command
}

/// All files below a folder but git's own and the journal, with their bytes, sorted.
pub(crate) fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut all = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("the folder is there").map_while(Result::ok) {
            match entry.file_type() {
                Ok(kind)
                    if kind.is_dir() && ![".git", ".tuneup"].iter().any(|own| entry.file_name() == *own) =>
                {
                    folders.push(entry.path())
                }
                Ok(kind) if kind.is_file() => {
                    all.push((entry.path(), fs::read(entry.path()).expect("it can be read")));
                }
                _ => {}
            }
        }
    }
    all.sort();
    all
}
