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

const PARTING: &str = "class Router:\n    \
                       def db_for_read(self, model, **hints):\n        \
                       return 'archive' if model._meta.app_label == 'archive' else None\n";

fn router(body: &str) -> String {
    format!(
        "import os\nimport random\nfrom django.conf import settings\n\nARCHIVED = ('archive', 'old')\n\n\nclass Router:\n{body}"
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
        // Of two entries of one key, the last.
        "    apps = {'archive': 'default', 'shop': 'default', 'archive': 'archive'}\n\n    \
         def db_for_read(self, model, **hints):\n        \
         return self.apps[model._meta.app_label]\n",
        "    def __init__(self):\n        \
         self.apps = {}\n        \
         self.apps.update({'archive': 'archive'})\n\n    \
         def db_for_read(self, model, **hints):\n        \
         return self.apps.get(model._meta.app_label)\n",
        "    @staticmethod\n    \
         def db_for_read(model, **hints):\n        \
         return 'archive' if model._meta.app_label == 'archive' else None\n",
        "    def db_for_read(self, model, **hints):\n        \
         labels = []\n        \
         labels.append(model._meta.app_label)\n        \
         return 'archive' if 'archive' in labels else None\n",
        // A text decides, whatever stands behind `or`.
        "    apps = {'archive': 'archive'}\n\n    \
         def db_for_read(self, model, **hints):\n        \
         return self.apps.get(model._meta.app_label) or 'default'\n",
    ] {
        check(&files(&router(body), VIEW), PARTED);
    }
}

#[test]
fn what_every_model_has_is_there() {
    for test in [
        "hasattr(model, '_meta') and model._meta.app_label == 'archive'",
        "getattr(model, '_meta', None) and model._meta.app_label == 'archive'",
        "model._meta is not None and model._meta.app_label == 'archive'",
    ] {
        let body = format!(
            "    def db_for_read(self, model, **hints):\n        return 'archive' if {test} else None\n"
        );
        check(&files(&router(&body), VIEW), PARTED);
    }
    // Whether it has a manager of that name is not asked of its code alone.
    let body = "    def db_for_read(self, model, **hints):\n        \
                return 'archive' if hasattr(model, 'objects') and model._meta.app_label == 'archive' else None\n";
    check(&files(&router(body), VIEW), DOUBTED);
    // A mark of the project's own is there or not.
    let body =
        "    def db_for_read(self, model, **hints):\n        return getattr(model, '_database', None)\n";
    check(&files(&router(body), VIEW), JOINED);
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
        // What is told of a model decides nothing.
        "    def db_for_read(self, model, **hints):\n        \
         logger.debug('%s is read', model)\n        \
         hints.pop('instance', None)\n        \
         return 'replica'\n",
        // What is made of what no model has a part in.
        "    def db_for_read(self, model, **hints):\n        return 'replica_%s' % os.environ['ZONE']\n",
        "    def db_for_read(self, model, **hints):\n        return os.environ.get('REPLICA') or 'default'\n",
        "    def db_for_read(self, model, **hints):\n        \
         label = model._meta.app_label\n        \
         zone = os.environ['ZONE']\n        \
         return f'replica_{zone}'\n",
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
        // A text that is made of it.
        "    def db_for_read(self, model, **hints):\n        return f'{model._meta.app_label}_db'\n",
        "    def db_for_read(self, model, **hints):\n        return '%s_db' % model._meta.app_label\n",
        "    def db_for_read(self, model, **hints):\n        \
         return model._meta.app_label.replace('archive', 'old')\n",
        // What is looked up by it where that is not read.
        "    def db_for_read(self, model, **hints):\n        \
         label = model._meta.app_label\n        \
         return os.environ.get('DB_' + label)\n",
        "    def db_for_read(self, model, **hints):\n        return settings.DATABASE_APPS[model._meta.app_label]\n",
        "    apps = load_apps()\n\n    \
         def db_for_read(self, model, **hints):\n        \
         return self.apps.get(model._meta.app_label) or 'default'\n",
        // What is found in a way that is not read, of a variable that is.
        "    def db_for_read(self, model, **hints):\n        \
         label = model._meta.app_label\n        \
         return next(db for db in settings.DATABASES if db == label)\n",
        "    def db_for_read(self, model, **hints):\n        \
         def pick():\n            \
         return database_of(model)\n        \
         return pick()\n",
        // Whether it comes to an error is not known.
        "    def db_for_read(self, model, **hints):\n        \
         try:\n            \
         return database_of(model)\n        \
         except KeyError:\n            \
         return 'legacy'\n",
        // What a comprehension leaves in a variable.
        "    def db_for_read(self, model, **hints):\n        \
         if any((db := name) == model._meta.app_label for name in settings.DATABASES):\n            \
         pass\n        \
         return db\n",
        // What it puts in a list, in a dict, and in one that stays.
        "    def db_for_read(self, model, **hints):\n        \
         labels = []\n        \
         labels.insert(0, model._meta.app_label)\n        \
         return 'archive' if 'archive' in labels else None\n",
        "    def db_for_read(self, model, **hints):\n        \
         apps = {}\n        \
         apps[model._meta.app_label] = 'archive'\n        \
         return apps.get('archive')\n",
        "    seen = []\n\n    \
         def db_for_read(self, model, **hints):\n        \
         self.seen.append(model)\n        \
         return 'replica'\n",
    ] {
        check(&files(&router(body), VIEW), DOUBTED);
    }
    // What decorators and conditions make of the method is not known.
    for body in [
        "    @routed\n    def db_for_read(self, model, **hints):\n        return 'replica'\n",
        "    if settings.REPLICAS:\n        def db_for_read(self, model, **hints):\n            return 'replica'\n",
        "    async def db_for_read(self, model, **hints):\n        return 'replica'\n",
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
fn a_dict_that_is_changed_is_not_what_it_was_first() {
    let lookup =
        "\n    def db_for_read(self, model, **hints):\n        return self.apps.get(model._meta.app_label)\n";
    for made in [
        "    apps = {}\n\n    def add(self, label, database):\n        self.apps[label] = database\n",
        "    apps = {}\n\n    @classmethod\n    def add(cls, apps):\n        cls.apps.update(apps)\n",
        "    apps = {}\n    for label in settings.ARCHIVED:\n        apps[label] = 'archive'\n",
        "    apps = {}\n    if settings.ARCHIVED:\n        apps = {'archive': 'archive'}\n",
        "    def __init__(self):\n        \
         self.apps = {}\n        \
         for label in settings.ARCHIVED:\n            \
         self.apps[label] = 'archive'\n",
    ] {
        check(&files(&router(&format!("{made}{lookup}")), VIEW), DOUBTED);
    }
    let lookup =
        "    def db_for_read(self, model, **hints):\n        return APPS.get(model._meta.app_label)\n\n\n";
    for (made, expected) in [
        ("APPS = {}\nAPPS['archive'] = 'archive'\n", DOUBTED),
        ("APPS = {}\nif settings.ARCHIVED:\n    APPS = {'archive': 'archive'}\n", DOUBTED),
        ("APPS = {}\n\n\ndef add(label):\n    APPS.setdefault(label, 'archive')\n", DOUBTED),
        ("APPS = {}\n", JOINED),
        ("APPS = {'archive': 'archive'}\nKNOWN = APPS.get('archive')\n", PARTED),
    ] {
        check(&files(&router(&format!("{lookup}{made}")), VIEW), expected);
    }
}

#[test]
fn what_grows_without_end_is_left_to_a_person() {
    let method = "    def db_for_read(self, model, **hints):\n        ";
    let doubled = "items = items + items\n        ".repeat(60);
    let entries: String = (0..2_500).map(|n| format!("'app{n}': 'default', ")).collect();
    let not = "not ".repeat(150);
    for body in [
        format!(
            "{method}items = [model]\n        {doubled}return 'archive' if 'archive' in items else None\n"
        ),
        format!(
            "    def put(self, it):\n        return self.put((it, it))\n\n{method}return self.put(model)\n"
        ),
        format!(
            "    def put(self, it):\n        \
             if in_request():\n            \
             return self.put([it, it])\n        \
             return self.put({{'it': it}})\n\n\
             {method}return self.put(model)\n"
        ),
        format!("    apps = {{{entries}}}\n\n{method}return self.apps.get(model._meta.app_label)\n"),
        format!("{method}return 'archive' if {not}model.is_archived else None\n"),
        format!("{method}{}return 'archive'\n", "if in_request():\n            db = 1\n        ".repeat(60)),
    ] {
        check(&files(&router(&body), VIEW), DOUBTED);
    }
    // Many models and apps are few.
    let entries: String = (0..300).map(|n| format!("'app{n}': 'default', ")).collect();
    let body = format!(
        "    apps = {{{entries} 'archive': 'archive'}}\n\n{method}return self.apps.get(model._meta.app_label)\n"
    );
    check(&files(&router(&body), VIEW), PARTED);
}

#[test]
fn routers_that_are_not_known_leave_joins_to_a_person() {
    let same = router("    def db_for_read(self, model, **hints):\n        return 'replica'\n");
    let with = |setting: &str| {
        let named = "['shop.routers.Router']";
        format!("import os\n{}", SETTINGS.replace(named, setting))
    };
    for (setting, expected) in [
        // An instance, a list of which not all is known, and one of two.
        ("[Router()]", DOUBTED),
        ("os.environ['ROUTERS'].split(',')", DOUBTED),
        ("['shop.routers.Router'] + os.environ['ROUTERS'].split(',')", DOUBTED),
        ("['shop.routers.Router'] if 'DEBUG' in os.environ else ['shop.other.Router']", DOUBTED),
        ("['shop.routers.Router'] if 'DEBUG' in os.environ else []", JOINED),
        // Of two that are known, what says most against a join.
        ("['shop.routers.Router'] if 'DEBUG' in os.environ else ['shop.parting.Router']", PARTED),
        (
            "['shop.routers.Router'] if 'DEBUG' in os.environ else ['shop.views.Quiet', 'shop.routers.Router']",
            JOINED,
        ),
        ("('shop.routers.Router',)", JOINED),
        ("None", JOINED),
    ] {
        let settings = with(setting);
        let view = format!(
            "{VIEW}\n\nclass Quiet:\n    def allow_relation(self, one, other, **hints):\n        return True\n"
        );
        let mut files = files(&same, &view);
        files[0].1 = &settings;
        files.push(("parting.py", PARTING));
        check(&files, expected);
    }
    // One that is added on a condition.
    let settings = format!(
        "{}\nif 'REPLICA' in os.environ:\n    DATABASE_ROUTERS.append('shop.routers.Router')\n",
        with("[]")
    );
    let mut files = files(&same, VIEW);
    files[0].1 = &settings;
    check(&files, JOINED);
}

#[test]
fn a_router_that_cannot_be_read_leaves_joins_to_a_person() {
    let settings = SETTINGS.replace("shop.routers.Router", "routers.Router");
    let broken = "class Router:\n    def db_for_read(self, model, **hints)\n        return 'archive'\n";
    let mut unread = files("", VIEW);
    unread[0].1 = &settings;
    unread.push(("../routers.py", broken));
    check(&unread, DOUBTED);
    check(&files(broken, VIEW), DOUBTED);
}

#[test]
fn what_no_router_says_anything_of_is_read_from_where_its_row_is() {
    let text = router(
        "    def db_for_read(self, model, **hints):\n        \
         return 'archive' if model._meta.app_label == 'archive' else None\n",
    );
    let view = "from shop.archive.models import Scan\n\n\n\
                def listed(request):\n    \
                return [scan.country.name for scan in Scan.objects.order_by('pk')]\n";
    check(
        &files(&text, view),
        &["Safe: return [scan.country.name for scan in Scan.objects.order_by('pk')]: country"],
    );
    check(&files(&text, VIEW), PARTED);
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
    // Django names the model in lower case, by keyword.
    for test in ["model_name == 'country'", "hints['model_name'] == 'country'"] {
        let body = format!(
            "    def db_for_read(self, model, **hints):\n        \
             return 'archive' if model._meta.app_label == 'archive' else 'default'\n\n    \
             def allow_migrate(self, db, app_label, model_name=None, **hints):\n        \
             return {test}\n"
        );
        let expected = match test.starts_with("model_name") {
            true => "Unsafe: return [scan.country.name for scan in Scan.objects.order_by('pk')]: country",
            false => "Safe: return [scan.country.name for scan in Scan.objects.order_by('pk')]: country",
        };
        check(&files(&router(&body), view), &[expected]);
    }
}
