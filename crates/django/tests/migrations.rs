//! What migrations leave, against what models say: small projects in, what is left to do out.

use std::fs;

use tuneup_django::{Options, Project};

const SETTINGS: &str =
    "INSTALLED_APPS = ['shop']\nDATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql'}}\n";

const INITIAL: &str = "from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = []

    operations = [
        migrations.CreateModel(
            name='Book',
            fields=[
                ('id', models.BigAutoField(primary_key=True, serialize=False)),
                ('title', models.CharField(max_length=50)),
                ('code', models.CharField(max_length=50)),
            ],
        ),
    ]
";

const BOOK: &str = "from django.db import models


class Book(models.Model):
    title = models.CharField(max_length=50)
    code = models.CharField(max_length=50)
";

/// What `makemigrations` would have to do for `shop`, or why that cannot be told.
fn left(files: &[(&str, &str)]) -> Vec<String> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let known = [
        ("settings.py", SETTINGS),
        ("shop/__init__.py", ""),
        ("shop/models.py", BOOK),
        ("shop/migrations/__init__.py", ""),
        ("shop/migrations/0001_initial.py", INITIAL),
    ];
    for (path, text) in known.iter().chain(files) {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a new folder");
        fs::write(path, text).expect("a new file");
    }
    let project = Project::load(Options { root: folder.path().to_owned(), ..Options::default() }, None);
    project.agrees("shop").err().unwrap_or_default()
}

#[test]
fn models_are_as_their_migrations_left_them() {
    assert_eq!(left(&[]), Vec::<String>::new());
    let models = BOOK.replace("max_length=50)\n    code", "max_length=50, null=True)\n    code");
    assert_eq!(left(&[("shop/models.py", &models)]), ["shop.Book.title: null=False in the migrations"]);
}

#[test]
fn what_no_database_knows_of_is_compared_too() {
    let told = |from: &str, to: &str| left(&[("shop/models.py", &BOOK.replacen(from, to, 1))]);
    let with = |argument: &str| told("max_length=50)", &format!("max_length=50, {argument})"));
    assert_eq!(with("help_text='what it is'"), ["shop.Book.title: another help_text in the migrations"]);
    assert_eq!(with("blank=True"), ["shop.Book.title: no blank in the migrations"]);
    assert_eq!(with("default='none'"), ["shop.Book.title: no default in the migrations"]);
    assert_eq!(with("validators=[check]"), ["shop.Book.title: no validators in the migrations"]);
    assert_eq!(with("blank=False, help_text='', validators=[], editable=True"), Vec::<String>::new());
    let meta = |option: &str| {
        let models = format!("{BOOK}\n    class Meta:\n        {option}\n");
        left(&[("shop/models.py", &models)])
    };
    assert_eq!(meta("ordering = ['title']"), ["shop.Book: another ordering in the migrations"]);
    assert_eq!(
        meta("constraints = [models.UniqueConstraint(fields=['code'], name='%(class)s_code')]"),
        ["shop.Book: constraint book_code is not in the migrations"]
    );
    // A project's own `makemigrations` may leave texts out.
    let models = BOOK.replacen("max_length=50)", "max_length=50, help_text='what it is')", 1);
    let own = [("shop/models.py", models.as_str()), ("shop/management/commands/makemigrations.py", "")];
    assert_eq!(left(&own), Vec::<String>::new());
}

#[test]
fn a_default_for_one_migration_is_not_kept() {
    let more = "from django.db import migrations, models\n\n\nclass Migration(migrations.Migration):\n    \
                dependencies = [('shop', '0001_initial')]\n    operations = [migrations.AddField('book', 'kind', \
                models.CharField(default='new', max_length=9), preserve_default=False)]\n";
    let models = format!("{BOOK}    kind = models.CharField(max_length=9)\n");
    assert_eq!(
        left(&[("shop/models.py", &models), ("shop/migrations/0002_kind.py", more)]),
        Vec::<String>::new()
    );
}

#[test]
fn of_several_leaves_none_is_gone_on_from() {
    let more = "from django.db import migrations\n\n\nclass Migration(migrations.Migration):\n    \
                dependencies = [('shop', '0001_initial')]\n    operations = []\n";
    let files = [("shop/migrations/0002_a.py", more), ("shop/migrations/0002_b.py", more)];
    assert_eq!(
        left(&files),
        ["app shop has several last migrations (0002_a, 0002_b); run `makemigrations --merge` first"]
    );
}

#[test]
fn functions_of_a_migration_make_its_operations() {
    let migration = |body: &str| {
        format!(
            "from django.contrib.postgres.indexes import GinIndex\nfrom django.contrib.postgres.search import SearchVector\n\
             from django.db import migrations, models\n\n_ALL = ((\"title\", \"A\"), (\"code\", \"B\"))\n\n\n{body}\n\n\n\
             class Migration(migrations.Migration):\n    dependencies = [('shop', '0001_initial')]\n\n    operations = made(_ALL)\n"
        )
    };
    let models = format!(
        "{BOOK}\n    class Meta:\n        indexes = [models.Index(fields=['title'], name='by_title'), models.Index(fields=['code'], name='by_code')]\n"
    );
    let files =
        |migration: &str| left(&[("shop/models.py", &models), ("shop/migrations/0002_more.py", migration)]);
    let looped = migration(
        "def named(field, prefix=\"by\"):\n    return f\"{prefix}_{field}\"\n\n\n\
         def made(columns):\n    \"\"\"All of them.\"\"\"\n    found = []\n    for column, weight in columns:\n        vector = None\n        \
         vector = SearchVector(column) if vector is None else vector + SearchVector(column)\n        if weight == \"C\":\n            \
         continue_here = 1\n        else:\n            found.append(migrations.AddIndex(model_name=\"book\", \
         index=models.Index(fields=[column], name=named(column))))\n    return [*found]",
    );
    assert_eq!(files(&looped), Vec::<String>::new());
    let comprehended = migration(
        "def made(columns):\n    return [migrations.AddIndex(\"book\", models.Index(fields=[c], name=\"by_\" + c)) for c, _ in columns]",
    );
    assert_eq!(files(&comprehended), Vec::<String>::new());
    let unclear = migration("def made(columns):\n    while columns:\n        return []");
    assert_eq!(files(&unclear), ["shop/migrations/0002_more.py: its operations cannot be told"]);
    let endless = migration("def made(columns):\n    return made(columns)");
    assert_eq!(files(&endless), ["shop/migrations/0002_more.py: its operations cannot be told"]);
}

#[test]
fn some_settings_turn_off_what_others_migrate() {
    let other = "from settings import *\nMIGRATION_MODULES = {'shop': None}\n";
    assert_eq!(left(&[("admin_settings.py", other)]), Vec::<String>::new());
}

#[test]
fn tables_of_others_and_modules_that_nothing_imports_are_left_alone() {
    let old = BOOK.replace("Book", "Old");
    let folder = [
        ("shop/models.py", ""),
        ("shop/models/__init__.py", "from .book import Book\n"),
        ("shop/models/book.py", BOOK),
        ("shop/models/old.py", old.as_str()),
        ("scripts/clean.py", "from shop.models.old import Old\n"),
    ];
    assert_eq!(left(&folder), Vec::<String>::new());
    let imported = [&folder[..], &[("shop/views.py", "from shop.models import old\n")]].concat();
    assert_eq!(left(&imported), ["no migration makes shop.Old"]);

    let unmanaged = format!(
        "{BOOK}\n    class Meta:\n        managed = False\n        unique_together = [('title', 'code')]\n"
    );
    let migration = INITIAL.replace(
        "            ],\n        ),",
        "            ],\n            options={'managed': False},\n        ),",
    );
    let files =
        [("shop/models.py", unmanaged.as_str()), ("shop/migrations/0001_initial.py", migration.as_str())];
    assert_eq!(left(&files), Vec::<String>::new());
}

#[test]
fn packages_within_an_app_are_parts_of_it() {
    let nested = [
        ("shop/models.py", "from shop.book.models import Book\n"),
        ("shop/book/__init__.py", ""),
        ("shop/book/models.py", BOOK),
    ];
    assert_eq!(left(&nested), Vec::<String>::new());
    let other = BOOK.replace("code = ", "number = ");
    let nested = [nested[0], nested[1], ("shop/book/models.py", other.as_str())];
    assert_eq!(
        left(&nested),
        ["shop.Book.number is not in the migrations", "shop.Book.code is in the migrations alone"]
    );
}
