//! Whatever stops `tuneup` while it writes, the tree is wholly old or wholly new after the next command: it is killed,
//! or the disk is full, at every step that touches the disk, of applying, of undoing and of the repair itself.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};

use walkdir::WalkDir;

/// What is in a folder, but for what the program keeps for itself.
type Tree = BTreeMap<PathBuf, Vec<u8>>;

fn tree(folder: &Path) -> Tree {
    let own = |name: &std::ffi::OsStr| name == ".tuneup";
    let files = WalkDir::new(folder).into_iter().filter_entry(|entry| !own(entry.file_name()));
    files
        .map(|entry| entry.expect("the tree can be read"))
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| {
            let path = entry.path().strip_prefix(folder).expect("below the folder").to_owned();
            (path, fs::read(entry.path()).expect("the file can be read"))
        })
        .collect()
}

fn copy(from: &Path, to: &Path) {
    // A database that running the project left is none of its files.
    let is_source = |entry: &walkdir::DirEntry| !entry.file_name().to_string_lossy().ends_with(".sqlite3");
    for entry in WalkDir::new(from).into_iter().filter_entry(is_source) {
        let entry = entry.expect("the tree can be read");
        let target = to.join(entry.path().strip_prefix(from).expect("below the folder"));
        if entry.file_type().is_dir() {
            fs::create_dir_all(target).expect("a folder can be made");
        } else {
            fs::copy(entry.path(), target).expect("a file can be copied");
        }
    }
}

fn tuneup(arguments: &[&str], folder: &Path, fault: Option<&str>) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tuneup"));
    command.args(arguments).current_dir(folder);
    match fault {
        Some(fault) => command.env("TUNEUP_FAULT", fault),
        None => command.env("TUNEUP_FAULT", "none:0"),
    };
    command.output().expect("tuneup runs")
}

const APPLY: &[&str] = &["apply", "--allow-no-vcs", "--unsafe", "."];
const UNDO: &[&str] = &["undo"];
/// The next command, which repairs.
const NEXT: &[&str] = &["undo", "--list"];

/// A project to break, as it is before and after the command.
struct Stage {
    start: tempfile::TempDir,
    old: Tree,
    new: Tree,
}

impl Stage {
    fn new(start: tempfile::TempDir, command: &[&str]) -> Self {
        let end = tempfile::tempdir().expect("a folder");
        copy(start.path(), end.path());
        let output = tuneup(command, end.path(), None);
        assert!(output.status.code().is_some_and(|code| code < 2), "{output:?}");
        let (old, new) = (tree(start.path()), tree(end.path()));
        assert_ne!(old, new);
        Self { start, old, new }
    }

    /// Runs the command with a fault at one step, then the next command. Whether the fault was reached.
    fn run(&self, command: &[&str], fault: &str) -> bool {
        let folder = tempfile::tempdir().expect("a folder");
        copy(self.start.path(), folder.path());
        let output = tuneup(command, folder.path(), Some(fault));
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        let reached = match fault.starts_with("full") {
            true => text.contains("no space left"),
            false => output.status.code().is_none(),
        };
        if reached && fault.starts_with("full") {
            assert!(
                tree(folder.path()) == self.old,
                "{fault}: a full disk leaves the old tree at once\n{text}"
            );
        }
        let next = tuneup(NEXT, folder.path(), None);
        assert_eq!(next.status.code(), Some(0), "{fault}: {next:?}");
        let now = tree(folder.path());
        assert!(now == self.old || now == self.new, "{fault}: the tree is neither old nor new");
        if !reached {
            assert!(now == self.new, "{fault}: the command was not stopped, so it must have written\n{text}");
        }
        reached
    }

    /// Faults at every step, on two threads, until the command comes through.
    fn run_all(&self, command: &[&str], kind: &str) -> usize {
        let step = AtomicUsize::new(1);
        let count = AtomicUsize::new(0);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    while self.run(command, &format!("{kind}:{}", step.fetch_add(1, Ordering::SeqCst))) {
                        count.fetch_add(1, Ordering::SeqCst);
                    }
                });
            }
        });
        count.into_inner()
    }
}

fn newsroom() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/newsroom");
    copy(&fixture, folder.path());
    folder
}

/// What has a model, a query whose rows are read, and pages of rows by two columns.
const MODELS: &str = "\
from django.contrib.auth.models import User
from django.db import models


class Order(models.Model):
    customer = models.ForeignKey(User, on_delete=models.CASCADE)
    status = models.CharField(max_length=10)
    created = models.DateTimeField(auto_now_add=True)
";

const VIEWS: &str = "\
from django.shortcuts import render

from APP.models import Order


def open_orders(request):
    orders = Order.objects.filter(status=\"open\")
    return render(request, \"orders.html\", {\"orders\": orders.order_by(\"-created\")[:20]})


def customers(request):
    return [order.customer.username for order in Order.objects.all()]
";

const MIGRATION: &str = "\
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    dependencies = [migrations.swappable_dependency(settings.AUTH_USER_MODEL)]
    operations = [
        migrations.CreateModel(
            name=\"Order\",
            fields=[
                (\"id\", models.AutoField(primary_key=True)),
                (\"status\", models.CharField(max_length=10)),
                (\"created\", models.DateTimeField(auto_now_add=True)),
                (\"customer\", models.ForeignKey(on_delete=models.CASCADE, to=settings.AUTH_USER_MODEL)),
            ],
        ),
    ]
";

/// Apps of which each gets an index with its migration, and a join. Small, as they are copied hundreds of times.
fn shops(count: usize) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for app in (1..=count).map(|n| format!("shop{n}")) {
        let write = |path: &str, text: &str| {
            let path = folder.path().join(&app).join(path);
            fs::create_dir_all(path.parent().expect("below the app")).expect("a folder can be made");
            fs::write(path, text).expect("a file can be written");
        };
        write("__init__.py", "");
        write("models.py", MODELS);
        write("views.py", &VIEWS.replace("APP", &app));
        write("migrations/__init__.py", "");
        write("migrations/0001_initial.py", MIGRATION);
    }
    folder
}

#[test]
fn killed_at_any_of_hundreds_of_steps_the_tree_is_old_or_new() {
    let apply = Stage::new(shops(10), APPLY);
    let killed = apply.run_all(APPLY, "kill");
    assert!(killed >= 200, "{killed}");
}

#[test]
fn a_fault_at_any_step_leaves_the_tree_old_or_new() {
    let apply = Stage::new(shops(2), APPLY);
    let made = apply.new.keys().filter(|path| !apply.old.contains_key(*path)).count();
    assert_eq!(made, 2, "a migration of each app");
    let killed = apply.run_all(APPLY, "kill");
    let filled = apply.run_all(APPLY, "full");

    let applied = shops(2);
    assert!(tuneup(APPLY, applied.path(), None).status.code().is_some_and(|code| code < 2));
    let undo = Stage::new(applied, UNDO);
    assert!(undo.new == apply.old, "undo brings every byte back");
    let undone = undo.run_all(UNDO, "kill") + undo.run_all(UNDO, "full");

    // Stopped late, so that much is to repair; then the repair is stopped at each of its steps.
    let broken = shops(2);
    tuneup(APPLY, broken.path(), Some(&format!("kill:{}", killed - 1)));
    assert!(tree(broken.path()) != apply.old, "some files were replaced before it was stopped");
    let repair = Stage { old: tree(broken.path()), ..Stage::new(broken, NEXT) };
    assert!(repair.new == apply.old);
    let mut repaired = 0;
    loop {
        let folder = tempfile::tempdir().expect("a folder");
        copy(repair.start.path(), folder.path());
        let output = tuneup(NEXT, folder.path(), Some(&format!("kill:{}", repaired + 1)));
        assert_eq!(tuneup(NEXT, folder.path(), None).status.code(), Some(0));
        assert!(tree(folder.path()) == apply.old, "the repair was stopped at step {}", repaired + 1);
        if output.status.success() {
            break;
        }
        repaired += 1;
    }
    let reached = [killed, filled, undone, repaired];
    assert!(reached.iter().all(|count| *count >= 20), "{reached:?}");
}

#[test]
fn undo_keeps_what_a_person_edited_since() {
    let folder = newsroom();
    let path = folder.path();
    assert!(
        tuneup(&[APPLY, &["--select", "prefetch-related"]].concat(), path, None)
            .status
            .code()
            .is_some_and(|code| code < 2)
    );
    let before = tree(newsroom().path());
    let view = path.join("shop/views.py");

    // At the end of a file, away from what was written: both stand.
    let written = fs::read_to_string(&view).expect("the view");
    fs::write(&view, format!("{written}\n\nMINE = 1\n")).expect("an edit");
    let output = tuneup(UNDO, path, None);
    assert!(String::from_utf8_lossy(&output.stdout).contains("merged shop/views.py"), "{output:?}");
    let mut expected = before[Path::new("shop/views.py")].clone();
    expected.extend_from_slice(b"\n\nMINE = 1\n");
    assert_eq!(fs::read(&view).expect("the view"), expected);

    // Made again, and edited where it was written: nothing is touched, and the file is named.
    assert_eq!(tuneup(&["undo", "2"], path, None).status.code(), Some(0));
    let written = fs::read_to_string(&view).expect("the view");
    fs::write(&view, written.replace("prefetch_related(", "prefetch_related( ")).expect("an edit");
    let edited = tree(path);
    let output = tuneup(UNDO, path, None);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(String::from_utf8_lossy(&output.stderr).contains("shop/views.py"), "{output:?}");
    assert!(tree(path) == edited);
}

#[test]
fn what_was_written_later_is_taken_back_first() {
    let folder = newsroom();
    let path = folder.path();
    let before = tree(path);
    for rule in ["select-related", "prefetch-related"] {
        let run = tuneup(&["apply", "--allow-no-vcs", "--select", rule, "."], path, None);
        assert!(run.status.code().is_some_and(|code| code < 2), "{run:?}");
    }
    let output = tuneup(&["undo", "1"], path, None);
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.ends_with("2 wrote to them later: `tuneup undo 2` comes first\n"), "{said}");
    for number in ["2", "1"] {
        assert_eq!(tuneup(&["undo", number], path, None).status.code(), Some(0));
    }
    assert!(tree(path) == before);
}
