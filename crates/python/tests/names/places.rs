//! Where a module is looked for: roots, environments, the search path.

use tuneup_python::{Depth, LoadOptions, ModuleRef, Project, Symbol};

use crate::support::{load, tree, write};
use crate::{check, file, order, show};

fn with_environment() -> tempfile::TempDir {
    tree(&[
        (
            "app.py",
            "from lib import Thing, absent, lazy\nfrom lib.sub import Base\nfrom spaced.part import p\nimport kept.models\nfrom lib.broken import z\nfrom edited import e\nclass Own(Base): pass\nimport compiled\n",
        ),
        (".venv/pyvenv.cfg", "home = /nowhere\nversion = 3.12.1\n"),
        (".venv/lib/python3.12/site-packages/lib/__init__.py", "from .sub import Thing\nimport json, kept\n"),
        (
            ".venv/lib/python3.12/site-packages/lib/sub.py",
            "from . import other\nclass Base(other.Root): x = 1\nclass Thing: pass\n",
        ),
        (".venv/lib/python3.12/site-packages/lib/other.py", "from app import Own\nclass Root: root = 1\n"),
        (".venv/lib/python3.12/site-packages/lib/broken.py", "x ==\n"),
        (".venv/lib/python3.12/site-packages/spaced/part.py", "def p(): pass\n"),
        (".venv/lib/python3.12/site-packages/kept/models.py", "class M: pass\n"),
        (".venv/lib/python3.12/site-packages/compiled.so", ""),
        (".venv/lib/python3.12/site-packages/paths.pth", "# a comment\nimport sys\n../../../elsewhere\n"),
        (".venv/elsewhere/edited.py", "def e(): pass\n"),
        (".venv/lib/python3.11/site-packages/old.py", ""),
    ])
}

#[test]
fn layouts_of_repositories() {
    let folder = tree(&[
        // A package below `src`, with its tests beside.
        ("lib/src/shapes/__init__.py", ""),
        ("lib/src/shapes/round.py", "class Circle: pass\n"),
        ("lib/tests/test_round.py", "from shapes.round import Circle\nfrom helpers import h\n"),
        ("lib/tests/helpers.py", "def h(): pass\n"),
        // A program with apps in a folder without `__init__.py`.
        ("backend/manage.py", "import apps.blog.models\nfrom config import settings\n"),
        ("backend/config/__init__.py", ""),
        ("backend/config/settings.py", "DEBUG = True\n"),
        ("backend/apps/blog/__init__.py", ""),
        (
            "backend/apps/blog/models.py",
            "from shapes import round\nfrom apps.shop.models import Order\nclass Post: pass\n",
        ),
        ("backend/apps/blog/jobs/nightly.py", "from ..models import Post\nimport apps\n"),
        ("backend/apps/shop/__init__.py", ""),
        ("backend/apps/shop/models.py", "from config.settings import DEBUG\nclass Order: pass\n"),
        // Another program with the same names.
        ("other/manage.py", "from config import settings\n"),
        ("other/config/__init__.py", ""),
        ("other/config/settings.py", "OTHER = 1\n"),
        ("tests/requests/__init__.py", ""),
        ("script.py", "import requests\nimport calendar\n"),
        ("calendar/views.py", ""),
    ]);
    let project = load(folder.path());
    check(
        &project,
        "lib/tests/test_round.py: Circle = class shapes.round.Circle
         lib/tests/test_round.py: h = function helpers.h
         backend/manage.py: apps = namespace backend/apps
         backend/manage.py: apps.blog.models.Post = class apps.blog.models.Post
         backend/manage.py: settings = module backend/config/settings.py
         other/manage.py: settings = module other/config/settings.py
         backend/apps/blog/models.py: round.Circle = class shapes.round.Circle
         backend/apps/blog/models.py: Order = class apps.shop.models.Order
         backend/apps/shop/models.py: DEBUG = value True
         backend/apps/blog/jobs/nightly.py: Post = class apps.blog.models.Post
         script.py: requests = external requests
         script.py: calendar = external calendar",
    );
    let name = |path: &str| project.file(file(&project, path)).module.as_str();
    assert_eq!(name("backend/apps/blog/models.py"), "apps.blog.models");
    assert_eq!(name("backend/apps/blog/__init__.py"), "apps.blog");
    assert_eq!(name("backend/apps/blog/jobs/nightly.py"), "apps.blog.jobs.nightly");
    assert_eq!(name("backend/manage.py"), "manage");
    assert_eq!(name("lib/src/shapes/round.py"), "shapes.round");
    assert_eq!(
        project.module("apps.blog.models"),
        Some(ModuleRef::File(file(&project, "backend/apps/blog/models.py")))
    );
    assert_eq!(project.module("nowhere.at.all"), None);
}

#[test]
fn a_root_inside_its_package() {
    let folder = tree(&[
        ("shop/__init__.py", ""),
        ("shop/models.py", "class Item: pass\n"),
        ("shop/views.py", "from shop.models import Item\nfrom . import models\n"),
        ("shop/sub/__init__.py", "from shop import models\n"),
    ]);
    let project = load(&folder.path().join("shop"));
    check(
        &project,
        "views.py: Item = class shop.models.Item
         views.py: models = module models.py
         sub/__init__.py: models.Item = class shop.models.Item",
    );
}

#[test]
fn a_module_is_not_what_its_neighbours_import_by_the_same_name() {
    let folder = tree(&[
        ("site_of_shop/__init__.py", "from .celery import app\n"),
        ("site_of_shop/celery.py", "from celery import Celery\napp = Celery()\n"),
        ("site_of_shop/tasks.py", "from celery import shared_task\nimport redis.client\n"),
        ("redis/script.py", ""),
    ]);
    let project = load(folder.path());
    check(
        &project,
        "site_of_shop/celery.py: Celery = external celery.Celery
         site_of_shop/__init__.py: app = value Celery()
         site_of_shop/tasks.py: shared_task = external celery.shared_task
         site_of_shop/tasks.py: redis.client = external redis.client",
    );
}

#[test]
fn installed_packages_are_read_when_reached() {
    let folder = with_environment();
    let mut options = LoadOptions::new(folder.path());
    options.external_roots = &["kept"];
    let project = Project::load(&options);
    assert_eq!(project.files().len(), 1);
    check(
        &project,
        "app.py: Thing = class lib.sub.Thing
         app.py: absent = external lib.absent
         app.py: Base.root = value 1
         app.py: p = function spaced.part.p
         app.py: kept.models.M = external kept.models.M
         app.py: z = external lib.broken.z
         app.py: e = function edited.e
         app.py: compiled = external compiled",
    );
    assert_eq!(order(&project, "app.py", "Own"), "Own, Base, Root");
    let Some(ModuleRef::File(other)) = project.module("lib.other") else { panic!("it is installed") };
    assert!(project.file(other).is_third_party);
    assert!(project.source(other).is_ok());
    let own = project.global(other, Symbol::new("Own"));
    assert_eq!(show(&project, own), "external app.Own");
    assert!(project.module("old").is_none());
}

#[test]
fn an_environment_can_be_named() {
    let folder = with_environment();
    let elsewhere = tree(&[("a.py", "from lib.sub import Base\n")]);
    let interpreter = ".venv/bin/python3.12";
    write(folder.path(), interpreter, b"");
    for python in [".venv", interpreter] {
        let mut options = LoadOptions::new(elsewhere.path());
        options.python = Some(folder.path().join(python));
        let project = Project::load(&options);
        check(&project, "a.py: Base = class lib.sub.Base");
    }
    let mut options = LoadOptions::new(elsewhere.path());
    options.python = Some(elsewhere.path().join("nothing"));
    assert_eq!(Project::load(&options).problems().len(), 1);
}

#[test]
fn files_read_on_demand_have_names() {
    let folder = tree(&[
        ("a.py", "from m.one import One\n"),
        ("m/__init__.py", ""),
        ("m/one.py", "class One: pass\n"),
    ]);
    let mut options = LoadOptions::new(folder.path());
    options.depth = &|path| if path.starts_with("m/") { Depth::OnDemand } else { Depth::Full };
    let project = Project::load(&options);
    check(&project, "a.py: One = class m.one.One");
}

#[test]
fn folders_that_code_puts_on_the_search_path_are_searched() {
    for line in [
        "sys.path.insert(0, os.path.join(BASE_DIR, 'apps'))",
        "sys.path.append(str(BASE_DIR / 'apps'))",
        "sys.path.insert(0, BASE_DIR.joinpath('apps'))",
        "APPS = join(BASE_DIR, 'apps')\nsys.path.insert(0, APPS)",
    ] {
        let settings = format!("import os\nimport sys\n{line}\n");
        let folder = tree(&[
            ("site/settings.py", settings.as_str()),
            ("apps/__init__.py", ""),
            ("apps/blog/__init__.py", ""),
            ("apps/blog/models.py", "class Post: pass"),
            ("apps/shop/__init__.py", ""),
            ("apps/shop/views.py", "from blog.models import Post"),
        ]);
        let project = load(folder.path());
        check(&project, "apps/shop/views.py: Post = class apps.blog.models.Post");
    }
    let folder = tree(&[
        (
            "settings.py",
            "import sys\nsys.path.append('..')\nsys.path.insert(0, 'none')\nsys.path.remove('apps')",
        ),
        ("apps/__init__.py", ""),
        ("apps/blog/__init__.py", ""),
        ("apps/blog/models.py", "class Post: pass"),
        ("apps/shop.py", "from blog.models import Post"),
    ]);
    check(&load(folder.path()), "apps/shop.py: Post = external blog.models.Post");
}
