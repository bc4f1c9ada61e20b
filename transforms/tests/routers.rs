//! Joins from one database to another, which routers part.

mod support;

use support::check;

const SETTINGS: &str = "INSTALLED_APPS = ['shop', 'shop.archive']\n\
                        MIDDLEWARE = []\n\
                        ROOT_URLCONF = 'shop.urls'\n\
                        ARCHIVE_DB = 'archive'\n\
                        DATABASE_ROUTERS = ['shop.routers.Router']\n";

const ARCHIVED: &str = "from django.db import models\n\
                        from shop.models import Book, Country\n\n\n\
                        class Scan(models.Model):\n    \
                        book = models.OneToOneField(Book, on_delete=models.CASCADE, related_name='scan')\n    \
                        country = models.ForeignKey(Country, on_delete=models.CASCADE)\n    \
                        path = models.TextField()\n";

const VIEW: &str = "from shop.models import Book\n\n\n\
                    def listed(request):\n    \
                    return [(book.author.name, book.scan.path) for book in Book.objects.order_by('pk')]\n";

fn files<'a>(router: &'a str, view: &'a str) -> Vec<(&'a str, &'a str)> {
    vec![
        ("settings.py", SETTINGS),
        ("routers.py", router),
        ("archive/__init__.py", ""),
        ("archive/models.py", ARCHIVED),
        ("views.py", view),
    ]
}

/// A line that joins both, in one proposal.
const JOINED: &[&str] = &[
    "Safe: return [(book.author.name, book.scan.path) for book in Book.objects.order_by('pk')]: scan, author",
];

/// One of both is in another database.
const PARTED: &[&str] = &[
    "Safe: return [(book.author.name, book.scan.path) for book in Book.objects.order_by('pk')]: author",
    "Safe: return [(book.author.name, book.scan.path) for book in Book.objects.order_by('pk')]: scan",
];

/// It is not known whether it is.
const DOUBTED: &[&str] = &[
    "Safe: return [(book.author.name, book.scan.path) for book in Book.objects.order_by('pk')]: author",
    "Unsafe: return [(book.author.name, book.scan.path) for book in Book.objects.order_by('pk')]: scan",
];

fn router(body: &str) -> String {
    format!(
        "import random\nfrom django.conf import settings\n\nARCHIVED = ('archive', 'old')\n\n\nclass Router:\n{body}"
    )
}

#[test]
fn what_routers_part_is_prefetched() {
    for body in [
        "    def db_for_read(self, model, **hints):\n        \
         if model._meta.app_label in ARCHIVED:\n            \
         return settings.ARCHIVE_DB\n        \
         return None\n",
        "    apps = {'archive': 'archive'}\n\n    \
         def db_for_read(self, model, **hints):\n        \
         return self.apps.get(model._meta.app_label)\n",
        "    def db_for_read(self, model, **hints):\n        \
         return 'archive' if self.is_archived(model) else random.choice(settings.REPLICAS)\n\n    \
         def is_archived(self, model):\n        \
         return model._meta.app_label == 'archive'\n",
    ] {
        check(&files(&router(body), VIEW), PARTED);
    }
}

#[test]
fn a_replica_parts_nothing() {
    for body in [
        "    def db_for_read(self, model, **hints):\n        return 'replica'\n",
        "    def db_for_read(self, model, **hints):\n        return random.choice(settings.REPLICAS)\n",
        "    def db_for_read(self, model, **hints):\n        \
         if in_request():\n            \
         return 'replica'\n        \
         return None\n",
        "    def db_for_read(self, model, **hints):\n        \
         if model._meta.app_label == 'other':\n            \
         return 'other'\n",
        "    def allow_relation(self, one, other, **hints):\n        return True\n",
    ] {
        check(&files(&router(body), VIEW), JOINED);
    }
}

#[test]
fn what_a_router_says_of_a_model_in_ways_that_are_not_known_is_left_to_a_person() {
    for body in [
        "    def db_for_read(self, model, **hints):\n        return database_of(model)\n",
        "    def db_for_read(self, model, **hints):\n        \
         if model.__module__.startswith('archive'):\n            \
         return 'archive'\n",
    ] {
        check(&files(&router(body), VIEW), DOUBTED);
    }
    // One that is not where it should be says anything, one of a package the same of all that is not the package's.
    let mut other = files("", VIEW);
    let settings = SETTINGS.replace("shop.routers.Router", "shop.elsewhere.Router");
    other[0].1 = &settings;
    check(&other, DOUBTED);
    let settings = SETTINGS.replace("shop.routers.Router", "replicas.Router");
    let mut other = files("", VIEW);
    other[0].1 = &settings;
    check(&other, JOINED);
}

#[test]
fn a_table_that_is_in_both_databases_can_be_joined() {
    let text = router(
        "    def db_for_read(self, model, **hints):\n        \
         return 'archive' if model._meta.app_label == 'archive' else 'default'\n\n    \
         def allow_migrate(self, db, app_label, model_name=None, **hints):\n        \
         return app_label == 'shop' or db == app_label\n",
    );
    let view = "from shop.archive.models import Scan\n\n\n\
                def listed(request):\n    \
                return [scan.country.name for scan in Scan.objects.order_by('pk')]\n";
    check(
        &files(&text, view),
        &["Unsafe: return [scan.country.name for scan in Scan.objects.order_by('pk')]: country"],
    );
    // From there to here, it is in none but its own.
    check(&files(&text, VIEW), PARTED);
}
