//! Production settings: small projects in, what is known of their settings out.

use std::fs;

use tuneup_django::settings::{Node, Settings, Value};
use tuneup_python::{LoadOptions, Project};

struct Read {
    _folder: tempfile::TempDir,
    source: Project,
    settings: Settings,
}

fn read(files: &[(&str, &str)]) -> Read {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (path, text) in files {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("below the folder")).expect("a new folder");
        fs::write(path, text).expect("a new file");
    }
    let source = Project::load(&LoadOptions::new(folder.path()));
    let settings = Settings::read(&source, None);
    Read { _folder: folder, source, settings }
}

const MANAGE: (&str, &str) =
    ("manage.py", "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'site1.settings')\n");

fn one(text: &str) -> Read {
    read(&[MANAGE, ("site1/__init__.py", ""), ("site1/settings.py", text)])
}

/// A value as text: `{"default": {"ENGINE": "x"}}`, `?` for what is not known.
fn show(node: &Node) -> String {
    let join = |nodes: &[Node], between| nodes.iter().map(show).collect::<Vec<_>>().join(between);
    match &node.value {
        Value::Unknown => "?".to_owned(),
        Value::None => "None".to_owned(),
        Value::Bool(value) => value.to_string(),
        Value::Int(value) => value.to_string(),
        Value::Str(text) => text.clone(),
        Value::Path(path) => format!("path {path}"),
        Value::List(list) => {
            format!("[{}{}]", join(&list.items, " "), if list.open { " ..." } else { "" })
        }
        Value::Dict(dict) => {
            let entries: Vec<String> =
                dict.entries.iter().map(|(key, node)| format!("{key}: {}", show(node))).collect();
            format!("{{{}{}}}", entries.join(", "), if dict.open { " ..." } else { "" })
        }
        Value::Environment { name, default } => {
            let default = default.as_ref().map(|node| format!("={}", show(node))).unwrap_or_default();
            format!("${}{default}", name.as_deref().unwrap_or("?"))
        }
        Value::Call { callee, .. } => format!("{callee}()"),
        Value::Either(nodes) => join(nodes, " | "),
    }
}

#[track_caller]
fn check(text: &str, expected: &[(&str, &str)]) {
    let read = one(text);
    for (name, value) in expected {
        let found = read.settings.node(name).map_or("absent".to_owned(), show);
        assert_eq!(found, *value, "{name}");
    }
}

#[track_caller]
fn chosen(files: &[(&str, &str)], path: &str, reason: &str) {
    let read = read(files);
    let module = read.settings.module.expect("there is one");
    assert_eq!((read.source.path(module.file), module.reason.as_str()), (path, reason));
}

#[test]
fn lists_are_built_in_steps() {
    check(
        "
A = ['a', 'b']
B = A + ['c']
B += ('d',)
B.append('e')
B.insert(0, 'z')
B.extend(['f'])
B.remove('b')
C = (*A, 'x')
D = [name for name in A]
D.append('q')
",
        &[("A", "[a b]"), ("B", "[z a c d e f]"), ("C", "[a b x]"), ("D", "[q ...]")],
    );
}

#[test]
fn dicts_are_built_in_steps() {
    check(
        "
ENGINE = 'postgresql'
OPTIONS = dict(timeout=5)
DATABASES = {'default': {'ENGINE': 'django.db.backends.' + ENGINE, 'OPTIONS': OPTIONS}}
DATABASES['default']['CONN_MAX_AGE'] = 60
DATABASES['other'] = {**DATABASES['default'], 'NAME': 'o'}
DATABASES['default'].update({'HOST': 'h'})
DATABASES['default'].setdefault('HOST', 'k')
DATABASES['other'].pop('CONN_MAX_AGE')
",
        &[(
            "DATABASES",
            "{default: {ENGINE: django.db.backends.postgresql, OPTIONS: {timeout: 5}, CONN_MAX_AGE: 60, HOST: h}, \
             other: {ENGINE: django.db.backends.postgresql, OPTIONS: {timeout: 5}, NAME: o}}",
        )],
    );
}

#[test]
fn production_takes_its_own_branches() {
    check(
        "
import os, sys
DEBUG = os.environ.get('DEBUG') == '1'
TESTING = 'test' in sys.argv
if DEBUG:
    A = 'debug'
else:
    A = 'production'
if not TESTING and not DEBUG:
    B = 1
if os.environ.get('ENVIRONMENT') == 'production':
    C = 1
elif os.environ.get('ENVIRONMENT') == 'dev':
    C = 2
D = 'x' if DEBUG else 'y'
E = 1
if os.environ.get('REDIS_URL'):
    E = 2
",
        &[("A", "production"), ("B", "1"), ("C", "1"), ("D", "y"), ("E", "2 | 1"), ("TESTING", "false")],
    );
}

#[test]
fn the_environment_is_not_known_but_for_its_defaults() {
    check(
        "
import os
import environ
import dj_database_url
from decouple import config
env = environ.Env(DEBUG=(bool, False))
A = os.environ['A']
B = os.environ.get('B', 'b')
C = int(os.getenv('C', '3'))
D = env('D', default='d')
E = env.int('E', 5)
F = config('F', default=1, cast=int)
G = env.db('DATABASE_URL')
H = dj_database_url.config(conn_max_age=60)
",
        &[
            ("A", "$A"),
            ("B", "$B=b"),
            ("C", "$C=3"),
            ("D", "$D=d"),
            ("E", "$E=5"),
            ("F", "$F=1"),
            ("G", "environ.Env.db()"),
            ("H", "dj_database_url.config()"),
        ],
    );
}

#[test]
fn keys_that_are_set_in_what_is_not_known_are_kept() {
    check(
        "
import environ
env = environ.Env()
DATABASES = {'default': env.db()}
DATABASES['default']['CONN_MAX_AGE'] = 60
",
        &[("DATABASES", "{default: {CONN_MAX_AGE: 60 ...}}")],
    );
}

#[test]
fn folders_are_from_the_root() {
    check(
        "
import os
from pathlib import Path
BASE_DIR = Path(__file__).resolve().parent.parent
TEMPLATES = [{'DIRS': [BASE_DIR / 'templates', os.path.join(BASE_DIR, 'site1', 'html')], 'APP_DIRS': True}]
OLD = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ALSO = Path(__file__).parents[1]
",
        &[
            ("TEMPLATES", "[{DIRS: [path templates path site1/html], APP_DIRS: true}]"),
            ("OLD", "path "),
            ("ALSO", "path "),
        ],
    );
}

#[test]
fn what_is_tried_and_repeated_is_joined() {
    check(
        "
try:
    import fast
    A = 'fast'
except ImportError:
    A = 'slow'
B = []
for name in open('apps.txt'):
    B.append(name)
",
        &[("A", "fast | slow"), ("B", "[? ...]")],
    );
}

const SPLIT: &[(&str, &str)] = &[
    MANAGE,
    ("site1/__init__.py", ""),
    (
        "site1/wsgi.py",
        "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'site1.settings.production')\n",
    ),
    ("site1/settings/__init__.py", ""),
    ("site1/settings/base.py", "DEBUG = False\n_HIDDEN = 1\nMIDDLEWARE = ['a']\nUSE_TZ = True\n"),
    ("site1/settings/local.py", "from .base import *\nDEBUG = True\n"),
    (
        "site1/settings/production.py",
        "from .base import *\nfrom . import base\nMIDDLEWARE += ['b']\nX = base.MIDDLEWARE\n",
    ),
];

#[test]
fn star_imports_bring_names_with_their_writers() {
    let read = read(SPLIT);
    let middleware = read.settings.get("MIDDLEWARE").expect("it is set");
    assert_eq!(show(&middleware.node), "[a b]");
    let writers: Vec<&str> = middleware.writes.iter().map(|write| read.source.path(write.file)).collect();
    assert_eq!(writers, ["site1/settings/base.py", "site1/settings/production.py"]);
    assert_eq!(show(read.settings.node("X").expect("it is set")), "[a]");
    assert_eq!(read.settings.use_tz(), Some(true));
    assert!(read.settings.get("_HIDDEN").is_none());
}

#[test]
fn deployment_comes_before_servers_and_servers_before_manage() {
    chosen(SPLIT, "site1/settings/production.py", "named in `site1/wsgi.py`");
    let mut files = SPLIT.to_vec();
    files.push(("Dockerfile", "FROM python\nENV DJANGO_SETTINGS_MODULE=site1.settings.base\n"));
    chosen(&files, "site1/settings/base.py", "named in `Dockerfile`");
    let without: Vec<_> = SPLIT.iter().copied().filter(|(path, _)| *path != "site1/wsgi.py").collect();
    chosen(&without, "site1/settings/production.py", "by its name");
}

#[test]
fn tests_and_development_are_never_production() {
    let files = [
        ("pytest.ini", "[pytest]\nDJANGO_SETTINGS_MODULE = site1.test_settings\n"),
        ("manage.py", "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'site1.dev')\n"),
        ("site1/__init__.py", ""),
        ("site1/dev.py", "from .settings import *\n"),
        ("site1/test_settings.py", "from .settings import *\n"),
        ("site1/settings.py", "INSTALLED_APPS = ['a']\n"),
    ];
    chosen(&files, "site1/settings.py", "by its name");
}

#[test]
fn classes_of_settings_are_read_bases_first() {
    let read = one("
from configurations import Configuration

class Base(Configuration):
    APPS = ['a']
    NAME = 'base'

class Production(Base):
    NAME = 'production'
    INSTALLED_APPS = Base.APPS + ['b']
");
    let shown = |name| read.settings.node(name).map(show);
    assert_eq!(shown("NAME").as_deref(), Some("production"));
    assert_eq!(shown("APPS").as_deref(), Some("[a]"));
}

#[test]
fn what_writes_unseen_is_named() {
    let read = one("import django_heroku\nA = 1\ndjango_heroku.settings(locals())\n");
    assert_eq!(read.settings.unseen.len(), 1);
}

#[test]
fn files_that_split_settings_includes_run_here() {
    let read = read(&[
        MANAGE,
        ("site1/__init__.py", ""),
        (
            "site1/settings.py",
            "from split_settings.tools import include, optional\ninclude('parts/*.py', optional('no.py'))\n",
        ),
        ("site1/parts/a.py", "A = ['a']\n"),
        ("site1/parts/b.py", "A += ['b']\n"),
    ]);
    assert_eq!(read.settings.node("A").map(show).as_deref(), Some("[a b]"));
}

fn kind_of(files: &[(&str, &str)]) -> (String, bool, bool) {
    let module = read(files).settings.module.expect("a module");
    (module.name, module.is_development, module.is_debugging)
}

#[test]
fn modules_for_development_are_known_as_such() {
    let wsgi = |name: &'static str| match name {
        "devproject" => "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'devproject.settings')\n",
        _ => "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'site1.settings')\n",
    };
    let apps = "INSTALLED_APPS = []\n";
    // A module that is only called so may be what others begin with.
    assert_eq!(
        kind_of(&[
            ("devproject/wsgi.py", wsgi("devproject")),
            ("devproject/settings.py", apps),
            ("lib/settings.py", apps)
        ]),
        ("devproject.settings".to_owned(), true, false)
    );
    assert_eq!(
        kind_of(&[
            ("devproject/wsgi.py", wsgi("devproject")),
            ("devproject/settings.py", apps),
            ("conf/__init__.py", ""),
            ("conf/settings/__init__.py", ""),
            ("conf/settings/production.py", apps)
        ]),
        ("conf.settings.production".to_owned(), false, false)
    );
    for (text, is_debugging) in [
        ("DEBUG = True\n", true),
        ("import os\nDEBUG = True\nif os.environ.get('X'):\n    DEBUG = False\n", false),
        ("DEBUG = True\nfrom .local import *\n", false),
        ("import os\nDEBUG = os.environ.get('X')\n", false),
    ] {
        let found = kind_of(&[("site1/wsgi.py", wsgi("site1")), ("site1/settings.py", text)]);
        assert_eq!(found, ("site1.settings".to_owned(), false, is_debugging), "{text}");
    }
}

#[test]
fn of_values_that_double_without_end_nothing_is_known() {
    let lines = |line: &str| format!("{line}\n").repeat(60);
    for (what, name) in [
        (format!("X = ['x']\n{}", lines("X = X + X")), "X"),
        (format!("X = ['x']\n{}", lines("X += X")), "X"),
        (format!("X = ['x']\n{}", lines("X.extend(X)")), "X"),
        (format!("X = ['x']\n{}", lines("X = [*X, *X]")), "X"),
        (format!("X = ('x',)\n{}", lines("X = (X, X)")), "X"),
        (format!("X = 'x.urls'\n{}ROOT_URLCONF = X\n", lines("X = X + X")), "ROOT_URLCONF"),
        (format!("X = {{'x': 1}}\n{}", lines("X = {'a': X, 'b': X}")), "X"),
        (format!("X = {{}}\n{}", lines("X['a'] = X\nX['b'] = X")), "X"),
        (format!("X = 1\n{}", lines("X = made(X, X)")), "X"),
        (
            format!(
                "X0 = ['x']\n{}",
                (1..60).map(|n| format!("X{n} = X{0} + X{0}\n", n - 1)).collect::<String>()
            ),
            "X59",
        ),
        (format!("X = [1]\n{}", "X = [X]\n".repeat(20_000)), "X"),
    ] {
        let read = one(&what);
        let node = read.settings.node(name).expect("a setting");
        assert!(node.is_open() || show(node).contains('?'), "{}", &what[..40]);
    }
    // What is large and does not double is known to the end.
    let read = one(&format!("X = []\n{}", (0..3000).map(|n| format!("X += ['x{n}']\n")).collect::<String>()));
    let node = read.settings.node("X").expect("a setting");
    assert!(!node.is_open() && node.texts().len() == 3000);
    let read = one("A = ['x']\nA = A + A\nINSTALLED_APPS = [*A, *A, 'y']\n");
    assert_eq!(show(read.settings.node("INSTALLED_APPS").expect("a setting")), "[x x x x y]");
}

#[test]
fn many_branches_that_the_environment_decides_are_joined_in_step() {
    let branch = |n: usize| {
        format!(
            "if os.environ.get('K{n}'):\n    INSTALLED_APPS += ['a{n}']\n    X{n} = X{}\n",
            n.saturating_sub(1)
        )
    };
    let read = one(&format!(
        "import os\nINSTALLED_APPS = ['a']\nX0 = 1\n{}",
        (0..1600).map(branch).collect::<String>()
    ));
    let setting = read.settings.get("INSTALLED_APPS").expect("a setting");
    assert_eq!(setting.writes.len(), 1601);
    assert!(setting.node.is_open() && setting.writes[1..].iter().all(|write| !write.is_certain));
}
