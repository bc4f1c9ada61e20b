//! What a configuration says counts, is shown with where it came from, and is refused where it is not understood.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

fn tuneup(arguments: &[&str], folder: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tuneup"))
        .args(arguments)
        .current_dir(folder)
        .output()
        .expect("tuneup runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn project() -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let models = "from django.db import models\n\n\nclass Author(models.Model):\n    name = models.TextField()\n\n\n\
                  class Book(models.Model):\n    author = models.ForeignKey(Author, models.CASCADE)\n";
    let views = "from .models import Book\n\n\ndef names():\n    return [book.author.name for book in Book.objects.all()]\n";
    fs::create_dir(folder.path().join("shop")).expect("a folder");
    for (name, text) in [("__init__.py", ""), ("models.py", models), ("views.py", views)] {
        fs::write(folder.path().join("shop").join(name), text).expect("a file");
    }
    let settings = "INSTALLED_APPS = ['shop']\n";
    fs::write(folder.path().join("settings.py"), settings).expect("a file");
    folder
}

#[test]
fn values_are_shown_with_where_they_came_from() {
    let folder = project();
    let toml = "[project]\nname = \"x\"\n\n[tool.tuneup]\nselect = [\"select-related\"]\nline-length = 99\n\n\
                [tool.tuneup.per-file-ignores]\n\"shop/*\" = [\"select-related\"]\n";
    fs::write(folder.path().join("pyproject.toml"), toml).expect("a file");
    let output =
        tuneup(&["config", "--config", "line-length=79", "--ignore", "prefetch-related"], folder.path());
    let shown = text(&output.stdout);
    assert!(
        shown.contains("select = [\"select-related\"]  # ") && shown.contains("pyproject.toml:5\n"),
        "{shown}"
    );
    assert!(shown.contains("line-length = 79  # --config\n"), "{shown}");
    assert!(shown.contains("ignore = [\"prefetch-related\"]  # --ignore\n"), "{shown}");
    assert!(shown.contains("unsafe = false  # default\n"), "{shown}");
    // What nobody decided is what the project says.
    assert!(shown.contains("django-version = \"4.2\"  # assumed, as nothing says it\n"), "{shown}");
    fs::write(folder.path().join("requirements.txt"), "Django==5.1.2\n").expect("a file");
    let manage = "import os\n\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'settings')\n";
    fs::write(folder.path().join("manage.py"), manage).expect("a file");
    let shown = text(&tuneup(&["config"], folder.path()).stdout);
    assert!(shown.contains("django-version = \"5.1\"  # requirements.txt, as the project says\n"), "{shown}");
    assert!(shown.contains("settings-module = \"settings\"  # named in `manage.py`\n"), "{shown}");

    let silenced = tuneup(&["check", "-q", "--output-format", "concise"], folder.path());
    assert_eq!((silenced.status.code(), text(&silenced.stdout).as_str()), (Some(0), ""));
    let isolated = tuneup(&["check", "-q", "--output-format", "concise", "--isolated"], folder.path());
    assert_eq!(isolated.status.code(), Some(1));
    assert!(text(&isolated.stdout).starts_with("shop/views.py:5:"), "{isolated:?}");
}

#[test]
fn what_is_not_understood_is_an_error_that_says_what_was_meant() {
    let folder = project();
    let cases = [
        ("selct = []\n", "no key is called `selct`; did you mean `select`?"),
        ("\nline-length = \"x\"\n", "tuneup.toml:2: `line-length` must be a number of columns"),
        ("select = [\"select-relatd\"]\n", "did you mean `select-related`?"),
        ("select = [\n", "tuneup.toml:"),
        ("settings = \"x\"\n", "no key is called `settings`; did you mean `settings-module`?"),
        ("django-version = 5.2\n", "`django-version` must be a string"),
    ];
    for (toml, message) in cases {
        fs::write(folder.path().join("tuneup.toml"), toml).expect("a file");
        let output = tuneup(&["check", "-q"], folder.path());
        assert_eq!(output.status.code(), Some(2), "{toml}");
        assert!(text(&output.stderr).contains(message), "{toml}: {}", text(&output.stderr));
    }
}

#[test]
fn patterns_are_those_of_the_folder_that_holds_the_configuration() {
    let folder = project();
    fs::write(folder.path().join("tuneup.toml"), "exclude = [\"shop/views.py\"]\n").expect("a file");
    for path in [".", "shop"] {
        let output = tuneup(&["check", "-q", "--output-format", "concise", path], folder.path());
        assert_eq!((output.status.code(), text(&output.stdout).as_str()), (Some(0), ""), "{path}");
    }
}

#[test]
fn settings_that_are_not_there_are_an_error_that_names_the_nearest() {
    let folder = project();
    let output = tuneup(&["check", "-q", "--settings", "setings"], folder.path());
    assert_eq!(output.status.code(), Some(2));
    let said = text(&output.stderr);
    assert!(
        said.contains("no settings module is called `setings` (--settings); did you mean `settings`?"),
        "{said}"
    );
}

#[test]
fn an_index_of_one_column_stands_where_the_configuration_says() {
    let folder = project();
    let models = "from django.db import models\n\n\nclass Book(models.Model):\n    token = models.CharField(max_length=20)\n";
    let views = "from django.http import JsonResponse\n\nfrom .models import Book\n\n\ndef find(request):\n    \
                 found = Book.objects.filter(token=request.GET[\"token\"])\n    \
                 return JsonResponse({\"ids\": [book.pk for book in found]})\n";
    let migration = "from django.db import migrations, models\n\n\nclass Migration(migrations.Migration):\n    \
                     initial = True\n    dependencies = []\n    operations = [\n        migrations.CreateModel(\n            \
                     name=\"Book\",\n            fields=[\n                (\"id\", models.AutoField(primary_key=True)),\n                \
                     (\"token\", models.CharField(max_length=20)),\n            ],\n        ),\n    ]\n";
    let urls = "from django.urls import path\n\nfrom shop.views import find\n\nurlpatterns = [path(\"find/\", find)]\n";
    fs::create_dir(folder.path().join("shop/migrations")).expect("a folder");
    let files = [
        ("shop/models.py", models),
        ("shop/views.py", views),
        ("shop/migrations/__init__.py", ""),
        ("shop/migrations/0001_initial.py", migration),
        ("urls.py", urls),
        ("requirements.txt", "Django==5.1.2\n"),
    ];
    for (name, text) in files {
        fs::write(folder.path().join(name), text).expect("a file");
    }
    let diff = |style: &str| {
        let style = format!("index-style={style}");
        text(&tuneup(&["diff", "--unsafe", "--select", "db-index", "--config", &style], folder.path()).stdout)
    };
    assert!(
        diff("field").contains("+    token = models.CharField(max_length=20, db_index=True)"),
        "{}",
        diff("field")
    );
    assert!(diff("meta").contains("+        indexes = [models.Index(fields=[\"token\"]"), "{}", diff("meta"));
    let wrong = tuneup(&["check", "--config", "index-style=fields"], folder.path());
    assert_eq!(wrong.status.code(), Some(2));
    assert!(
        text(&wrong.stderr).contains("`index-style` must be \"auto\", \"field\" or \"meta\""),
        "{wrong:?}"
    );
}

#[test]
fn a_section_that_is_not_read_is_told() {
    let project = project();
    std::fs::write(project.path().join("pyproject.toml"), "[tool.tuneup]\nselect = [\"sentry\"]\n")
        .expect("written");
    std::fs::write(project.path().join("tuneup.toml"), "select = [\"db-index\"]\n").expect("written");
    let shown = tuneup(&["config"], project.path());
    let out = text(&shown.stdout);
    assert!(
        out.starts_with("# not read: [tool.tuneup] of ") && out.contains("select = [\"db-index\"]"),
        "{out}"
    );
    let checked = tuneup(&["check"], project.path());
    assert!(text(&checked.stderr).contains("[tool.tuneup] is not read"), "{}", text(&checked.stderr));
}

#[test]
fn an_interpreter_that_is_not_there_is_an_error() {
    let project = project();
    let run = tuneup(&["check", "--python", "/no-such-interpreter"], project.path());
    assert_eq!(run.status.code(), Some(2));
    assert!(text(&run.stderr).contains("no installed packages found for /no-such-interpreter"));
}
