//! Settings that change, in the forms that projects write them in.

use std::collections::BTreeMap;
use std::fs;

use ruff_text_size::TextRange;
use tuneup_django::{Options, Project};
use tuneup_transforms::render::render;
use tuneup_transforms::{Cast, Change, Place, Position, Proposal, Safety, SettingEdit, SettingValue};

const MANAGE: (&str, &str) =
    ("manage.py", "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'site1.settings')\n");

fn set(name: &str, keys: &[&str], value: SettingValue) -> Change {
    Change::Setting {
        name: name.to_owned(),
        edit: SettingEdit::Set { keys: keys.iter().map(|key| (*key).to_owned()).collect(), value },
    }
}

fn insert(name: &str, entry: &str, at: Position) -> Change {
    Change::Setting { name: name.to_owned(), edit: SettingEdit::Insert { entry: entry.to_owned(), at } }
}

fn proposal_of(id: &str, changes: Vec<Change>) -> Proposal {
    Proposal {
        id: id.to_owned(),
        rule: "rule",
        safety: Safety::Safe,
        title: String::new(),
        message: String::new(),
        place: Place::new("site1/settings.py", TextRange::default()),
        symbol: String::new(),
        model: None,
        fields: Vec::new(),
        evidence: Vec::new(),
        changes,
    }
}

fn rendered(files: &[(&str, &str)], proposals: &[Proposal]) -> (BTreeMap<String, String>, Vec<String>) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (path, text) in files.iter().chain([&MANAGE, &("site1/__init__.py", "")]) {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("below the folder")).expect("a new folder");
        fs::write(path, text).expect("a new file");
    }
    let options = Options { root: folder.path().to_owned(), ..Options::default() };
    let project = Project::load(options, None);
    let approved: Vec<&Proposal> = proposals.iter().collect();
    let rendering = render(&project, &approved);
    let reversed: Vec<&Proposal> = proposals.iter().rev().collect();
    assert_eq!(rendering, render(&project, &reversed), "the order of approval does not matter");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    let files = rendering.files.into_iter().map(|file| (file.path, text(file.after))).collect();
    (files, rendering.withheld.into_iter().map(|(_, reason)| reason).collect())
}

/// One settings file, the changes of one proposal each, and the file after.
#[track_caller]
fn case(before: &str, changes: Vec<Change>, after: &str) {
    let number = |(at, change)| proposal_of(&format!("{at}"), vec![change]);
    let proposals: Vec<Proposal> = changes.into_iter().enumerate().map(number).collect();
    let (files, withheld) = rendered(&[("site1/settings.py", before)], &proposals);
    assert_eq!(withheld, Vec::<String>::new());
    assert_eq!(files.get("site1/settings.py").map(String::as_str), Some(after));
}

#[track_caller]
fn refused(before: &str, change: Change, reason: &str) {
    let (_, withheld) = rendered(&[("site1/settings.py", before)], &[proposal_of("1", vec![change])]);
    assert!(withheld.len() == 1 && withheld[0].contains(reason), "{withheld:?}");
}

fn age() -> Change {
    set("DATABASES", &["default", "CONN_MAX_AGE"], SettingValue::code("60"))
}

fn checks() -> Change {
    set("DATABASES", &["default", "CONN_HEALTH_CHECKS"], SettingValue::code("True"))
}

#[test]
fn keys_go_into_dicts_that_are_written_out() {
    case(
        "DATABASES = {'default': {'ENGINE': 'e', 'NAME': 'n'}}\n",
        vec![age(), checks()],
        "DATABASES = {\n    'default': {\n        'ENGINE': 'e',\n        'NAME': 'n',\n        'CONN_MAX_AGE': 60,\n        \
         'CONN_HEALTH_CHECKS': True,\n    }\n}\n",
    );
    case(
        "DATABASES = {\n    \"default\": {\n        \"ENGINE\": \"e\",  # e\n        \"NAME\": \"n\"\n    }\n}\n",
        vec![checks(), age()],
        "DATABASES = {\n    \"default\": {\n        \"ENGINE\": \"e\",  # e\n        \"NAME\": \"n\",\n        \
         \"CONN_HEALTH_CHECKS\": True,\n        \"CONN_MAX_AGE\": 60\n    }\n}\n",
    );
    case(
        "DATABASES = {'default': {'ENGINE': 'e',\n                         'NAME': 'n',\n                         }}\n",
        vec![age()],
        "DATABASES = {'default': {'ENGINE': 'e',\n                         'NAME': 'n',\n                         \
         'CONN_MAX_AGE': 60,\n                         }}\n",
    );
    case(
        "DATABASES = dict(default=dict(ENGINE='e'))\n",
        vec![age()],
        "DATABASES = dict(default=dict(ENGINE='e', CONN_MAX_AGE=60))\n",
    );
    case(
        "DATABASES = {}\nDATABASES['default'] = {'ENGINE': 'e'}\n",
        vec![age()],
        "DATABASES = {}\nDATABASES['default'] = {'ENGINE': 'e', 'CONN_MAX_AGE': 60}\n",
    );
}

#[test]
fn deep_keys_are_united() {
    let options = |key: &str| set("DATABASES", &["default", "OPTIONS", key], SettingValue::code("1"));
    case(
        "DATABASES = {'default': {'ENGINE': 'e'}}\n",
        vec![options("a"), options("b")],
        "DATABASES = {'default': {'ENGINE': 'e', 'OPTIONS': {'a': 1, 'b': 1}}}\n",
    );
    case(
        "import environ\nenv = environ.Env()\nDATABASES = {'default': env.db()}\n",
        vec![options("a"), age()],
        "import environ\nenv = environ.Env()\nDATABASES = {'default': env.db()}\n\
         DATABASES['default'].setdefault('OPTIONS', {})['a'] = 1\nDATABASES['default']['CONN_MAX_AGE'] = 60\n",
    );
}

#[test]
fn values_that_are_there_are_replaced() {
    case(
        "DATABASES = {'default': {'ENGINE': 'e', 'CONN_MAX_AGE': 0}}\n",
        vec![age()],
        "DATABASES = {'default': {'ENGINE': 'e', 'CONN_MAX_AGE': 60}}\n",
    );
    case(
        "STORAGES = {}\nSTORAGES['x'] = {}\nSTORAGES['x']['BACKEND'] = 'old'\n",
        vec![set("STORAGES", &["x", "BACKEND"], SettingValue::text("new"))],
        "STORAGES = {}\nSTORAGES['x'] = {}\nSTORAGES['x']['BACKEND'] = 'new'\n",
    );
    case("A = 'x'\nB = 'y'\n", vec![set("A", &[], SettingValue::text("z"))], "A = 'z'\nB = 'y'\n");
    case(
        "AGE = 0\nDATABASES = {'default': {'CONN_MAX_AGE': AGE}}\n",
        vec![age()],
        "AGE = 0\nDATABASES = {'default': {'CONN_MAX_AGE': AGE}}\nDATABASES['default']['CONN_MAX_AGE'] = 60\n",
    );
}

#[test]
fn what_calls_give_takes_keywords_or_statements() {
    case(
        "import dj_database_url\nDATABASES = {'default': dj_database_url.config()}\n",
        vec![age(), checks()],
        "import dj_database_url\n\
         DATABASES = {\n    'default': dj_database_url.config(conn_max_age=60, conn_health_checks=True)\n}\n",
    );
    case(
        "from decouple import config\nimport dj_database_url\n\nDATABASES = {\n    'default': config('DATABASE_URL', cast=dj_database_url.parse),\n}\n",
        vec![age()],
        "from decouple import config\nimport dj_database_url\n\nDATABASES = {\n    'default': config('DATABASE_URL', cast=dj_database_url.parse),\n}\nDATABASES['default']['CONN_MAX_AGE'] = 60\n",
    );
    refused("DATABASES = {'default': read()}\n", age(), "not followed");
    refused("from lib import read\nDATABASES = {'default': read()}\n", age(), "which is not known");
    refused("DATABASES = {'default': {**read(), 'NAME': 'n'}}\n", age(), "not all keys");
}

#[test]
fn production_gets_its_own_statement_where_modules_share() {
    let base = "DATABASES = {\"default\": {\"ENGINE\": \"e\"}}\nDEBUG = False\n";
    let files = |production| {
        [
            ("site1/base.py", base),
            ("site1/dev.py", "from .base import *\n"),
            ("site1/settings.py", production),
        ]
    };
    for (before, after) in [
        (
            "from .base import *\n\nDEBUG = False\n",
            "from .base import *\nfrom .base import DATABASES\n\nDEBUG = False\n\n\
             DATABASES[\"default\"][\"CONN_MAX_AGE\"] = 60\n",
        ),
        (
            "from .base import *\n\nDATABASES[\"default\"][\"NAME\"] = \"n\"\nX = 1\n",
            "from .base import *\n\nDATABASES[\"default\"][\"NAME\"] = \"n\"\n\
             DATABASES[\"default\"][\"CONN_MAX_AGE\"] = 60\nX = 1\n",
        ),
    ] {
        let (after_files, withheld) = rendered(&files(before), &[proposal_of("1", vec![age()])]);
        assert_eq!(withheld, Vec::<String>::new());
        assert_eq!(after_files.keys().collect::<Vec<_>>(), ["site1/settings.py"]);
        assert_eq!(after_files["site1/settings.py"], after);
    }
}

#[test]
fn only_the_branch_of_production_is_edited() {
    case(
        "import os\nDEBUG = bool(os.environ.get('DEBUG'))\nif DEBUG:\n    CACHES = {'default': {'BACKEND': 'a'}}\nelse:\n    CACHES = {'default': {'BACKEND': 'b'}}\n",
        vec![set("CACHES", &["default", "TIMEOUT"], SettingValue::code("1"))],
        "import os\nDEBUG = bool(os.environ.get('DEBUG'))\nif DEBUG:\n    CACHES = {'default': {'BACKEND': 'a'}}\nelse:\n    CACHES = {'default': {'BACKEND': 'b', 'TIMEOUT': 1}}\n",
    );
    refused(
        "import os\nif os.environ.get('X'):\n    DATABASES = {'default': {'ENGINE': 'a'}}\nelse:\n    DATABASES = {'default': {'ENGINE': 'b'}}\n",
        age(),
        "several values",
    );
    case(
        "import os\nDATABASES = {}\nDATABASES['default'] = os.environ.get('X')\nif os.environ.get('Y'):\n    DATABASES['default']['NAME'] = 'b'\n",
        vec![age()],
        "import os\nDATABASES = {}\nDATABASES['default'] = os.environ.get('X')\nif os.environ.get('Y'):\n    DATABASES['default']['NAME'] = 'b'\n\nDATABASES['default']['CONN_MAX_AGE'] = 60\n",
    );
}

#[test]
fn what_is_added_under_a_condition_is_edited_where_it_stands() {
    let before = "import os\nDATABASES = {'default': {'ENGINE': 'e'}}\nif os.environ.get('R'):\n    \
                  DATABASES['replica'] = {'ENGINE': 'r'}\n";
    case(
        before,
        vec![age(), set("DATABASES", &["replica", "CONN_MAX_AGE"], SettingValue::code("5"))],
        "import os\nDATABASES = {'default': {'ENGINE': 'e', 'CONN_MAX_AGE': 60}}\nif os.environ.get('R'):\n    \
         DATABASES['replica'] = {'ENGINE': 'r', 'CONN_MAX_AGE': 5}\n",
    );
    refused(
        "import os\nif os.environ.get('R'):\n    DATABASES = {'default': os.environ.get('D')}\n",
        age(),
        "several values",
    );
}

#[test]
fn settings_of_classes_are_edited_in_their_bodies() {
    let before = "from configurations import Configuration\n\n\nclass Base(Configuration):\n    MIDDLEWARE = ['s', 'c']\n    \
                  DATABASES = {'default': {'ENGINE': 'e'}}\n\n\nclass Production(Base):\n    DEBUG = False\n";
    case(
        before,
        vec![age(), whitenoise(Position::After("s".to_owned()))],
        "from configurations import Configuration\n\n\nclass Base(Configuration):\n    MIDDLEWARE = ['s', 'w', 'c']\n    \
         DATABASES = {'default': {'ENGINE': 'e', 'CONN_MAX_AGE': 60}}\n\n\nclass Production(Base):\n    DEBUG = False\n",
    );
    refused(before, set("CACHES", &[], SettingValue::text("x")), "settings are those of a class");
    refused(
        "from configurations import Configuration, values\n\n\nclass Production(Configuration):\n    \
         DATABASES = values.DatabaseURLValue('sqlite://')\n",
        age(),
        "which is not known",
    );
}

#[test]
fn elements_that_are_unpacked_stay() {
    case(
        "BASE = ['s']\nMIDDLEWARE = [*BASE, 'c']\n",
        vec![whitenoise(Position::Before("c".to_owned()))],
        "BASE = ['s']\nMIDDLEWARE = [*BASE, 'w', 'c']\n",
    );
    case(
        "MIDDLEWARE = ('s', 'c')\nMIDDLEWARE = ('f',) + MIDDLEWARE\n",
        vec![whitenoise(Position::First), insert("MIDDLEWARE", "x", Position::After("s".to_owned()))],
        "MIDDLEWARE = ('s', 'x', 'c')\nMIDDLEWARE = (\n    'w',\n    'f',\n) + MIDDLEWARE\n",
    );
    refused(
        "MIDDLEWARE = ['s']\nMIDDLEWARE.insert(0, 'f')\n",
        whitenoise(Position::First),
        "put together by calls",
    );
}

fn whitenoise(at: Position) -> Change {
    insert("MIDDLEWARE", "w", at)
}

#[test]
fn lists_take_entries_where_they_are_written_out() {
    let behind = || whitenoise(Position::After("s".to_owned()));
    case("MIDDLEWARE = ['s', 'c']\n", vec![behind()], "MIDDLEWARE = ['s', 'w', 'c']\n");
    case("MIDDLEWARE = ('s',)\n", vec![behind()], "MIDDLEWARE = (\n    's',\n    'w',\n)\n");
    case(
        "MIDDLEWARE = [\n    \"s\",\n    \"c\",\n]\n",
        vec![
            behind(),
            insert("MIDDLEWARE", "first", Position::First),
            insert("MIDDLEWARE", "last", Position::Last),
            insert("MIDDLEWARE", "other", Position::After("s".to_owned())),
        ],
        "MIDDLEWARE = [\n    \"first\",\n    \"s\",\n    \"w\",\n    \"other\",\n    \"c\",\n    \"last\",\n]\n",
    );
    case(
        "A = ['s']\nMIDDLEWARE = A + ['c']\nMIDDLEWARE += ['d']\nMIDDLEWARE.append('e')\n",
        vec![behind(), insert("MIDDLEWARE", "x", Position::Before("d".to_owned()))],
        "A = ['s', 'w']\nMIDDLEWARE = A + ['c']\nMIDDLEWARE += ['x', 'd']\nMIDDLEWARE.append('e')\n",
    );
    case(
        "MIDDLEWARE = []\n",
        vec![whitenoise(Position::First)],
        "MIDDLEWARE = ['w']\n".replace('\'', "\"").as_str(),
    );
    case("MIDDLEWARE = ()\n", vec![whitenoise(Position::Last)], "MIDDLEWARE = (\"w\",)\n");
    refused("MIDDLEWARE = ['c']\n", behind(), "has no `s`");
    refused("MIDDLEWARE = ['c']\nMIDDLEWARE.append('s')\n", behind(), "put together by calls");
    refused("MIDDLEWARE = read()\n", behind(), "not followed");
}

#[test]
fn apps_go_among_those_of_others() {
    let (files, _) = rendered(
        &[
            ("shop/__init__.py", ""),
            ("site1/settings.py", "THEIRS = ['a', 'b']\nOURS = ['shop']\nINSTALLED_APPS = THEIRS + OURS\n"),
        ],
        &[proposal_of("1", vec![insert("INSTALLED_APPS", "new", Position::Anywhere)])],
    );
    assert_eq!(
        files["site1/settings.py"],
        "THEIRS = ['a', 'b', 'new']\nOURS = ['shop']\nINSTALLED_APPS = THEIRS + OURS\n"
    );
}

#[test]
fn new_settings_go_behind_the_others() {
    let cache = || {
        SettingValue::dict([(
            "default",
            SettingValue::dict([
                ("BACKEND", SettingValue::text("b")),
                ("LOCATION", SettingValue::environment("REDIS_URL", "redis://localhost")),
            ]),
        )])
    };
    let after = |reads: &str| {
        format!(
            "CACHES = {{\n    'default': {{\n        'BACKEND': 'b',\n        'LOCATION': {reads},\n    }},\n}}\n"
        )
    };
    for (before, reads) in [
        ("import os\n\nX = os.environ['X']\n", "os.environ.get('REDIS_URL', 'redis://localhost')"),
        ("import os\n\nX = os.getenv('X')\n", "os.getenv('REDIS_URL', 'redis://localhost')"),
        (
            "import environ\n\nenv = environ.Env()\nX = env('X')\n",
            "env('REDIS_URL', default='redis://localhost')",
        ),
        (
            "from decouple import config\n\nX = config('X')\n",
            "config('REDIS_URL', default='redis://localhost')",
        ),
    ] {
        let line = after(reads);
        case(before, vec![set("CACHES", &[], cache())], &format!("{before}\n{line}"));
    }
    case(
        "X = 'x'\n\ntry:\n    from .local import *\nexcept ImportError:\n    pass\n",
        vec![set("CACHES", &[], cache())],
        &format!(
            "import os\n\nX = 'x'\n\n{}\ntry:\n    from .local import *\nexcept ImportError:\n    pass\n",
            after("os.environ.get('REDIS_URL', 'redis://localhost')")
        ),
    );
}

#[test]
fn calls_are_made_with_what_the_environment_says() {
    let call = SettingValue::Call {
        module: "sentry_sdk".to_owned(),
        function: "init".to_owned(),
        keywords: vec![
            ("dsn".to_owned(), SettingValue::environment("SENTRY_DSN", "")),
            (
                "rate".to_owned(),
                SettingValue::Environment {
                    variable: "RATE".to_owned(),
                    default: Some(Box::new(SettingValue::code("0.1"))),
                    cast: Cast::Float,
                },
            ),
        ],
    };
    case(
        "import os\n\nX = os.environ[\"X\"]\n",
        vec![Change::SettingsCall { call, condition: Some(SettingValue::code("X")) }],
        "import os\n\nimport sentry_sdk\n\nX = os.environ[\"X\"]\n\nif X:\n    sentry_sdk.init(\n        \
         dsn=os.environ.get(\"SENTRY_DSN\", \"\"),\n        rate=float(os.environ.get(\"RATE\", \"0.1\")),\n    )\n",
    );
}

#[test]
fn proposals_that_disagree_are_not_both_written() {
    let proposals = [
        proposal_of("a", vec![age()]),
        proposal_of(
            "b",
            vec![set("DATABASES", &["default", "CONN_MAX_AGE"], SettingValue::code("0")), checks()],
        ),
    ];
    let (files, withheld) =
        rendered(&[("site1/settings.py", "DATABASES = {'default': {'ENGINE': 'e'}}\n")], &proposals);
    assert_eq!(withheld, ["another proposal sets `DATABASES[\"default\"][\"CONN_MAX_AGE\"]` otherwise"]);
    assert_eq!(files["site1/settings.py"], "DATABASES = {'default': {'ENGINE': 'e', 'CONN_MAX_AGE': 60}}\n");
}

/// `insert(2, …)` counts the entries before it: what `remote` follows must stay what it follows.
#[test]
fn entries_put_in_by_their_index() {
    let after = |text: &str| insert("MIDDLEWARE", "w", Position::After(text.to_owned()));
    let first = || insert("MIDDLEWARE", "w", Position::First);
    let last = || insert("MIDDLEWARE", "w", Position::Last);
    let reason = "by its index, which another would shift";
    let list = "MIDDLEWARE = ['s', 'auth', 'z']\n";
    for change in [first(), after("s")] {
        refused(&format!("{list}MIDDLEWARE.insert(2, 'remote')\n"), change.clone(), reason);
        let branch =
            format!("import os\n{list}if os.environ.get('REMOTE'):\n    MIDDLEWARE.insert(2, 'remote')\n");
        refused(&branch, change.clone(), reason);
        let front = format!("{list}MIDDLEWARE.insert(2, 'remote')\nMIDDLEWARE.remove('z')\n");
        refused(&front, change, reason);
    }
    refused(&format!("{list}MIDDLEWARE.insert(-1, 'remote')\n"), last(), reason);
    refused("OTHERS = ['s', 'b']\nOTHERS.insert(1, 'a')\nMIDDLEWARE = OTHERS + ['c']\n", first(), reason);
    // Behind the place, and behind any end.
    for (statement, change, at) in [
        ("MIDDLEWARE.insert(2, 'remote')", after("auth"), "'auth', 'w', 'z'"),
        ("MIDDLEWARE.insert(2, 'remote')", last(), "'auth', 'z', 'w'"),
        ("MIDDLEWARE.insert(99, 'remote')", after("s"), "'w', 'auth', 'z'"),
        ("MIDDLEWARE.insert(0, 'remote')", after("s"), "'w', 'auth', 'z'"),
    ] {
        let before = format!("{list}{statement}\n");
        case(&before, vec![change], &format!("MIDDLEWARE = ['s', {at}]\n{statement}\n"));
    }
}
