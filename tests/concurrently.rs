//! Indexes that are made while the database goes on writing: only where every database is PostgreSQL, each in a
//! migration of its own, and the models are as they are otherwise.

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

const MODELS: &str = r#"from django.db import models


class Order(models.Model):
    token = models.CharField(max_length=40)
    status = models.CharField(max_length=10)
    created = models.DateTimeField(auto_now_add=True)
"#;

const INITIAL: &str = r#"from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
    ]

    operations = [
        migrations.CreateModel(
            name='Order',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('token', models.CharField(max_length=40)),
                ('status', models.CharField(max_length=10)),
                ('created', models.DateTimeField(auto_now_add=True)),
            ],
        ),
    ]
"#;

const VIEWS: &str = r#"from shop.models import Order


def show(request, token):
    return Order.objects.get(token=token)


def recent(request):
    Order.objects.create(status="open")
    return list(Order.objects.filter(status="open").order_by("-created")[:20])
"#;

fn project(engine: &str) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let settings = format!(
        "INSTALLED_APPS = ['shop']\nDEFAULT_AUTO_FIELD = 'django.db.models.BigAutoField'\n\
         DATABASES = {{'default': {{'ENGINE': 'django.db.backends.{engine}', 'NAME': 'shop'}}}}\n"
    );
    let manage = "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'settings')\n";
    for (path, text) in [
        ("manage.py", manage),
        ("settings.py", &settings),
        ("requirements.txt", "Django==5.2\n"),
        ("shop/__init__.py", ""),
        ("shop/models.py", MODELS),
        ("shop/views.py", VIEWS),
        ("shop/migrations/__init__.py", ""),
        ("shop/migrations/0001_initial.py", INITIAL),
    ] {
        write(folder.path(), path, text);
    }
    folder
}

fn write(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder is made");
    fs::write(path, text).expect("a file is written");
}

fn tuneup(arguments: &[&str], folder: &TempDir) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_tuneup"))
        .args(arguments)
        .args(["--select", "db-index,meta-indexes"])
        .current_dir(folder.path())
        .output()
        .expect("tuneup runs");
    assert!(output.status.code().is_some_and(|code| code < 2), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// The migrations behind the first, in order of their names.
fn migrations(folder: &TempDir) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = fs::read_dir(folder.path().join("shop/migrations"))
        .expect("the folder is there")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|it| it == "py"))
        .map(|path| {
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            (name, fs::read_to_string(&path).expect("the file is read"))
        })
        .filter(|(name, _)| name.as_str() > "0002" && !name.starts_with("__"))
        .collect();
    found.sort();
    found
}

#[test]
fn each_index_stands_alone_in_a_migration_that_is_no_transaction() {
    let folder = project("postgresql");
    let shown = tuneup(&["check", "--concurrently"], &folder);
    assert!(shown.contains("It is made concurrently (SHARE UPDATE EXCLUSIVE lock)"), "{shown}");
    tuneup(&["apply", "--unsafe", "--allow-no-vcs", "--concurrently"], &folder);
    let written = migrations(&folder);
    let names: Vec<&str> = written.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        ["0002_order_shop_order_token_8b3341_idx.py", "0003_order_shop_order_status_10c131_idx.py"],
    );
    for ((_, text), before) in written.iter().zip(["0001_initial", "0002_order_shop_order_token_8b3341_idx"])
    {
        assert!(text.contains("    atomic = False\n"), "{text}");
        assert!(text.contains(&format!("('shop', '{before}'),")), "{text}");
        assert!(
            text.contains("from django.contrib.postgres.operations import AddIndexConcurrently\n"),
            "{text}"
        );
        assert_eq!(text.matches("AddIndexConcurrently(").count(), 1, "{text}");
        assert!(!text.contains("migrations.AddIndex("), "{text}");
    }
    assert_eq!(tuneup(&["diff", "--unsafe", "--concurrently"], &folder), "", "a second run proposes nothing");
}

#[test]
fn the_index_of_a_field_is_made_by_statements_beside_the_state() {
    let folder = project("postgresql");
    // A project that indexes its fields.
    let models = MODELS.replace(
        "status = models.CharField(max_length=10)",
        "status = models.CharField(db_index=True, max_length=10)",
    );
    let initial =
        INITIAL.replace("models.CharField(max_length=10)", "models.CharField(db_index=True, max_length=10)");
    write(folder.path(), "shop/models.py", &models);
    write(folder.path(), "shop/migrations/0001_initial.py", &initial);
    write(folder.path(), "tuneup.toml", "concurrent-indexes = \"auto\"\n");
    tuneup(&["apply", "--unsafe", "--allow-no-vcs"], &folder);
    let written = migrations(&folder);
    let [(name, text)] = written.as_slice() else { panic!("{written:?}") };
    assert_eq!(name, "0002_alter_order_token.py");
    for part in [
        "    atomic = False\n",
        "        migrations.SeparateDatabaseAndState(\n            database_operations=[\n",
        "CREATE INDEX CONCURRENTLY \"shop_order_token_",
        " varchar_pattern_ops)",
        "DROP INDEX CONCURRENTLY IF EXISTS \"shop_order_token_",
        "            state_operations=[\n                migrations.AlterField(\n",
        "field=models.CharField(db_index=True, max_length=40),",
    ] {
        assert!(text.contains(part), "{part} is not in\n{text}");
    }
}

#[test]
fn another_database_is_named_and_the_migration_is_the_usual_one() {
    for (engine, elsewhere, reason) in [
        ("sqlite3", "", "a database is of the engine `django.db.backends.sqlite3`"),
        (
            "postgresql",
            "DATABASES = {'default': {'ENGINE': 'django.db.backends.sqlite3'}}\n",
            "test_settings.py names a database of `backends.sqlite3`",
        ),
    ] {
        let folder = project(engine);
        write(folder.path(), "test_settings.py", elsewhere);
        let shown = tuneup(&["check", "--concurrently"], &folder);
        assert!(shown.contains(&format!("It is not made concurrently, because {reason}.")), "{shown}");
        let diff = tuneup(&["diff", "--unsafe", "--concurrently"], &folder);
        assert!(diff.contains("migrations.AddIndex(") && !diff.contains("Concurrently"), "{diff}");
    }
}

#[test]
fn the_lock_is_that_of_the_database() {
    let shown = tuneup(&["check"], &project("postgresql"));
    assert!(shown.contains("takes a SHARE lock") && shown.contains("`--concurrently` makes it"), "{shown}");
    let shown = tuneup(&["check"], &project("mysql"));
    assert!(shown.contains("MySQL and MariaDB build it online"), "{shown}");
}
