//! What names mean across the files of a project.

mod support;

use support::{load, tree, write};
use tuneup_python::{
    Base, ClassRef, Depth, Entity, FileId, Importer, LoadOptions, ModuleRef, Project, Symbol,
};

/// An entity as text, so that a test reads as a table.
fn show(project: &Project, entity: Entity) -> String {
    let dotted = || project.dotted(entity).map(|name| name.as_str().to_owned()).unwrap_or_default();
    match entity {
        Entity::Module(file) => format!("module {}", project.file(file).path),
        Entity::Namespace(folder) => format!("namespace {folder}"),
        Entity::Function(_) => format!("function {}", dotted()),
        Entity::Class(_) => format!("class {}", dotted()),
        Entity::Value(file, expr) => match project.source(file) {
            Ok(source) => format!("value {}", &source.text()[project.facts(file).range(expr)]),
            Err(problem) => format!("{problem:?}"),
        },
        Entity::External(name) => format!("external {name}"),
        Entity::Builtin(name) => format!("builtin {name}"),
        Entity::Unknown => "unknown".to_owned(),
    }
}

fn file(project: &Project, path: &str) -> FileId {
    project.file_at(path).unwrap_or_else(|| panic!("no {path}: {:?}", project.problems()))
}

fn global(project: &Project, path: &str, name: &str) -> String {
    show(project, project.global(file(project, path), Symbol::new(name)))
}

fn dotted(project: &Project, path: &str, chain: &str) -> String {
    let mut names = chain.split('.').map(Symbol::new);
    let first = names.next().expect("a name");
    let first = project.global(file(project, path), first);
    show(project, names.fold(first, |entity, name| project.attribute(&entity, name)))
}

/// Checks lines `path: chain = meaning`.
fn check(project: &Project, lines: &str) {
    for line in lines.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (asked, expected) = line.split_once(" = ").expect("path: chain = meaning");
        let (path, chain) = asked.split_once(": ").expect("path: chain");
        assert_eq!(dotted(project, path, chain), expected, "{asked}");
    }
}

fn class(project: &Project, path: &str, name: &str) -> ClassRef {
    match project.global(file(project, path), Symbol::new(name)) {
        Entity::Class(class) => class,
        other => panic!("{name} is {}", show(project, other)),
    }
}

fn show_bases(project: &Project, bases: &[Base]) -> String {
    let shown: Vec<String> = bases
        .iter()
        .map(|base| match *base {
            Base::Class(class) => project.facts(class.file).class(class.id).qualname.as_str().to_owned(),
            Base::External(name) => name.as_str().to_owned(),
            Base::Value(file, expr) => show(project, Entity::Value(file, expr)),
            Base::Unknown => "?".to_owned(),
        })
        .collect();
    shown.join(", ")
}

fn bases(project: &Project, path: &str, name: &str) -> String {
    show_bases(project, project.bases(class(project, path, name)))
}

fn order(project: &Project, path: &str, name: &str) -> String {
    show_bases(project, project.mro(class(project, path, name)))
}

#[test]
fn imports_lead_to_definitions() {
    let folder = tree(&[
        ("shop/__init__.py", ""),
        ("shop/models.py", "class Item: pass\ndef make(): pass\nLIMIT = 3\n"),
        (
            "shop/views.py",
            "from .models import Item, make as create, LIMIT, missing\nfrom . import models\n\
             import shop.models\nimport shop.models as m\nfrom shop import models as again\n\
             import os.path\nimport requests.sessions as rs\nfrom requests import get\nfrom .gone import x\n\
             from ... import far\nfrom shop.nothing import y\n",
        ),
    ]);
    let project = load(folder.path());
    check(
        &project,
        "shop/views.py: Item = class shop.models.Item
         shop/views.py: create = function shop.models.make
         shop/views.py: LIMIT = value 3
         shop/views.py: missing = unknown
         shop/views.py: models = module shop/models.py
         shop/views.py: shop = module shop/__init__.py
         shop/views.py: shop.models.Item = class shop.models.Item
         shop/views.py: m.Item = class shop.models.Item
         shop/views.py: again.make = function shop.models.make
         shop/views.py: os = external os
         shop/views.py: os.path.join = external os.path.join
         shop/views.py: rs.Session = external requests.sessions.Session
         shop/views.py: get = external requests.get
         shop/views.py: x = unknown
         shop/views.py: far = unknown
         shop/views.py: y = unknown
         shop/views.py: len = builtin len
         shop/views.py: dict.fromkeys = external builtins.dict.fromkeys
         shop/views.py: nowhere = unknown",
    );
}

#[test]
fn packages_give_names_on() {
    let folder = tree(&[
        ("a/__init__.py", "from .b import *\nfrom .c import Thing as Renamed\nfrom . import c\n"),
        (
            "a/b.py",
            "from .deep import Deep\n__all__ = ['Public', '_listed', 'Deep']\nclass Public: pass\nclass _listed: pass\nclass Hidden: pass\n",
        ),
        ("a/deep.py", "class Deep: pass\n"),
        ("a/c.py", "class Thing: pass\n"),
        ("all.py", "from a import *\n"),
        ("plain.py", "_under = 1\nclass Over: pass\n"),
        ("use.py", "from plain import *\nfrom all import *\nfrom a.c import Thing\n"),
        ("late.py", "from plain import *\nclass Over: pass\n"),
        ("early.py", "class Over: pass\nfrom plain import *\n"),
        ("outside.py", "from lib.models import *\n"),
        ("two.py", "from lib.models import *\nfrom lib.forms import *\n"),
    ]);
    let project = load(folder.path());
    check(
        &project,
        "use.py: Public = class a.b.Public
         use.py: _listed = unknown
         all.py: _listed = unknown
         a/__init__.py: _listed = class a.b._listed
         use.py: Hidden = unknown
         use.py: Deep = class a.deep.Deep
         use.py: Renamed = class a.c.Thing
         use.py: c = module a/c.py
         use.py: _under = unknown
         use.py: Over = class plain.Over
         late.py: Over = class late.Over
         early.py: Over = class plain.Over
         outside.py: Model = external lib.models.Model
         outside.py: print = builtin print
         two.py: Model = unknown",
    );
}

#[test]
fn alternatives_are_weighed() {
    let folder = tree(&[
        (
            "a.py",
            "try:\n    from fast import dumps\nexcept ImportError:\n    from own import dumps\n\
             try:\n    import lxml\nexcept ImportError:\n    lxml = None\n\
             from typing import TYPE_CHECKING\n\
             if TYPE_CHECKING:\n    from own import Typed\n\
             if TYPE_CHECKING:\n    from own import Both\nelse:\n    Both = make()\n\
             if x:\n    from one import f\nelse:\n    from two import f\n\
             D = None\nif x:\n    D = dict()\n\
             E = 1\nE = 2\n\
             def g(): pass\ng = wrap(g)\n\
             for loop in y: pass\n",
        ),
        ("own.py", "def dumps(): pass\nclass Typed: pass\nclass Both: pass\n"),
    ]);
    let project = load(folder.path());
    check(
        &project,
        "a.py: dumps = function own.dumps
         a.py: lxml = external lxml
         a.py: Typed = class own.Typed
         a.py: Both = value make()
         a.py: f = external one.f
         a.py: D = value dict()
         a.py: E = value 2
         a.py: g = value wrap(g)
         a.py: loop = unknown",
    );
}

#[test]
fn circles_end() {
    let folder = tree(&[
        ("a.py", "from b import *\nfrom b import x\nA = B\nclass C: pass\n"),
        ("b.py", "from a import *\nfrom a import x, C as D\nB = A\nfrom c import E\n"),
        ("c.py", "from b import *\nfrom a import *\nclass E(D): pass\n"),
        ("self.py", "from self import *\nimport self\nS = S\nT = U\nU = T\nclass K(K): pass\n"),
        ("k.py", "class P(Q): pass\nclass Q(P): pass\nclass R(R.Inner): pass\n"),
    ]);
    let project = load(folder.path());
    check(
        &project,
        "a.py: x = unknown
         a.py: A = unknown
         a.py: E = class c.E
         b.py: D = class a.C
         c.py: C = class a.C
         self.py: S = unknown
         self.py: T = unknown
         self.py: self.self.self.U = unknown",
    );
    assert_eq!(order(&project, "c.py", "E"), "E, C");
    assert_eq!(order(&project, "self.py", "K"), "K, ?");
    assert_eq!(order(&project, "k.py", "R"), "R, value R.Inner");
    for name in ["P", "Q"] {
        assert!(order(&project, "k.py", name).starts_with(name));
    }
}

#[test]
fn answers_do_not_depend_on_what_was_asked_first() {
    // Modules that all star-import each other: every name passes through circles.
    let count = 12;
    let files: Vec<(String, String)> = (0..count)
        .map(|n| {
            let mut text: String =
                (0..count).filter(|m| *m != n).map(|m| format!("from m{m} import *\n")).collect();
            text.push_str(&format!("class C{n}: pass\nX{n} = X{}\nY{n} = C{n}\n", (n + 1) % count));
            (format!("m{n}.py"), text)
        })
        .collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let folder = tree(&files);
    let asked: Vec<(usize, String)> = (0..count)
        .flat_map(|n| (0..count).flat_map(move |m| ["C", "X", "Y"].map(|name| (n, format!("{name}{m}")))))
        .collect();
    let answers = |order: &mut dyn Iterator<Item = usize>| {
        let project = load(folder.path());
        let mut all: Vec<(usize, String)> = order
            .map(|which| {
                let (n, name) = &asked[which];
                (which, global(&project, &format!("m{n}.py"), name))
            })
            .collect();
        all.sort_unstable();
        all
    };
    let forwards = answers(&mut (0..asked.len()));
    assert_eq!(forwards, answers(&mut (0..asked.len()).rev()));
    assert_eq!(forwards, answers(&mut (0..asked.len()).map(|n| n * 101 % asked.len())));
    assert!(forwards.iter().any(|(_, answer)| answer == "class m3.C3"));
}

#[test]
fn bases_are_what_was_bound_before_the_class() {
    let folder = tree(&[
        ("base.py", "class User:\n    class Meta: pass\n    kind = 'base'\n"),
        (
            "a.py",
            "from base import User\nclass User(User):\n    class Meta(User.Meta): pass\n\
             class Item: pass\nItem2 = Item\nclass Item(Item2): pass\n\
             class Outer:\n    class One: pass\n    class Two(One): pass\n    Three = Two\n    class Four(Three): pass\n\
             def make():\n    from base import User as Local\n    class Made(Local): pass\n    return Made\n",
        ),
    ]);
    let project = load(folder.path());
    assert_eq!(bases(&project, "a.py", "User"), "User");
    assert_eq!(order(&project, "a.py", "User"), "User, User");
    check(
        &project,
        "a.py: User.Meta = class a.User.Meta
         a.py: User.kind = value 'base'
         a.py: Outer.Four = class a.Outer.Four",
    );
    let facts = project.facts(file(&project, "a.py"));
    let shown: Vec<String> = (0..)
        .map(tuneup_python::flow::ClassId)
        .zip(&facts.classes)
        .map(|(id, class)| {
            let bases = project.bases(ClassRef { file: file(&project, "a.py"), id });
            format!("{}({})", class.name, show_bases(&project, bases))
        })
        .collect();
    assert_eq!(
        shown,
        [
            "User(User)",
            "Meta(User.Meta)",
            "Item()",
            "Item(Item)",
            "Outer()",
            "One()",
            "Two(Outer.One)",
            "Four(Outer.Two)",
            "Made(User)"
        ]
    );
}

#[test]
fn every_kind_of_base_is_told() {
    let folder = tree(&[
        ("compat.py", "def with_metaclass(meta, *bases): pass\n"),
        (
            "a.py",
            "import six, typing\nfrom typing import Generic, TypeVar\nfrom lib.models import Model\nfrom compat import with_metaclass\n\
             T = TypeVar('T')\nclass Own: pass\nUser = get_user_model()\n\
             class A(Model): pass\nclass B(User): pass\nclass C(six.with_metaclass(Meta, Own, Model)): pass\n\
             class D(with_metaclass(Meta, Own)): pass\nclass E(Generic[T], Own): pass\nclass F(typing.List[int]): pass\n\
             class G(object, metaclass=Meta): pass\nclass H(Exception): pass\nclass I(nothing): pass\nclass J(*all): pass\n\
             class K(make(1)): pass\nAlias = Own\nclass L(Alias, **kw): pass\nTyped = Own[int]\nclass M(Typed): pass\n\
             class N(Own if x else Model): pass\n",
        ),
    ]);
    let project = load(folder.path());
    let shown: Vec<String> = "ABCDEFGHIJKLMN"
        .chars()
        .map(|name| format!("{name}({})", bases(&project, "a.py", &name.to_string())))
        .collect();
    assert_eq!(
        shown,
        [
            "A(lib.models.Model)",
            "B(value get_user_model())",
            "C(Own, lib.models.Model)",
            "D(Own)",
            "E(typing.Generic, Own)",
            "F(typing.List)",
            "G(builtins.object)",
            "H(builtins.Exception)",
            "I(?)",
            "J(?)",
            "K(value make(1))",
            "L(Own)",
            "M(Own)",
            "N(value Own if x else Model)",
        ]
    );
}

#[test]
fn members_are_found_in_order() {
    let folder = tree(&[(
        "a.py",
        "from lib import Ext\nfrom typing import Generic\n\
         class A(object):\n    x = 'A'\n    y = 'A'\n    z = 'A'\n\
         class B(A):\n    x = 'B'\n\
         class C(A, Generic[T]):\n    x = 'C'\n    y = 'C'\n\
         class D(B, C, Generic[T]):\n    if cond:\n        w = 1\n    else:\n        w = 2\n    v = 1\n    if cond:\n        v = 2\n\
         class E(Ext, A): pass\nclass F(Bad1, Bad2): pass\n\
         class P(A, B): pass\nclass Q(Ext): pass\n",
    )]);
    let project = load(folder.path());
    assert_eq!(order(&project, "a.py", "D"), "D, B, C, A");
    assert_eq!(order(&project, "a.py", "E"), "E, lib.Ext, A");
    // Python refuses this one.
    assert_eq!(order(&project, "a.py", "P"), "P, A, B");
    let value = |class_name: &str, name: &str| {
        let member = project.member(class(&project, "a.py", class_name), Symbol::new(name))?;
        let facts = project.facts(member.owner.file);
        let owner = facts.class(member.owner.id).name;
        let source = project.source(member.owner.file).ok()?;
        let value = member.binding.value.map(|value| source.text()[facts.range(value)].to_owned());
        Some((owner.as_str().to_owned(), value?, member.certain))
    };
    let some = |owner: &str, value: &str, certain| Some((owner.to_owned(), value.to_owned(), certain));
    assert_eq!(value("D", "x"), some("B", "'B'", true));
    assert_eq!(value("D", "y"), some("C", "'C'", true));
    assert_eq!(value("D", "z"), some("A", "'A'", true));
    assert_eq!(value("D", "w"), some("D", "2", true));
    assert_eq!(value("D", "v"), some("D", "1", true));
    assert_eq!(value("D", "nothing"), None);
    assert_eq!(value("E", "x"), some("A", "'A'", false));
    check(
        &project,
        "a.py: Q.objects = external lib.Ext.objects
         a.py: F.objects = unknown
         a.py: A.objects = unknown",
    );
    let d = class(&project, "a.py", "D");
    assert_eq!(project.own_members(d).count(), 4);
    assert!(project.own_member(d, Symbol::new("x")).is_none());
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
fn expressions_of_bodies() {
    let folder = tree(&[
        (
            "a.py",
            "import lib\nfrom b import Thing\nx = Thing\ny = lib.models.Field\nx = 3\nz = x\nw = Thing.Inner\n\
         def f():\n    return later\nlater = 1\nlater = Thing\n",
        ),
        ("b.py", "class Thing:\n    class Inner: pass\n"),
    ]);
    let project = load(folder.path());
    let a = file(&project, "a.py");
    let facts = project.facts(a);
    let source = project.source(a).expect("unchanged");
    let meaning = |name: &str, which: usize| {
        let bound = facts.bindings(facts.module_bindings).iter().filter(|binding| binding.name == *name);
        let value = bound.filter_map(|binding| binding.value).nth(which).expect("bound");
        show(&project, project.entity_of(a, value))
    };
    assert_eq!(meaning("x", 0), "class b.Thing");
    assert_eq!(meaning("y", 0), "external lib.models.Field");
    assert_eq!(meaning("z", 0), "value 3");
    assert_eq!(meaning("w", 0), "class b.Thing.Inner");
    let at = source.text().find("later").expect("there") as u32;
    let read = (0..facts.exprs.len() as u32)
        .map(tuneup_python::flow::Expr)
        .find(|expr| u32::from(facts.range(*expr).start()) == at)
        .expect("the name is read");
    assert_eq!(show(&project, project.entity_of(a, read)), "class b.Thing");
}

#[test]
fn functions_import_by_texts() {
    const IMPORTERS: &[Importer] = &[
        Importer {
            function: "shop.core.load",
            package: "shop.apps",
            replaces: |path| !path.contains("tests"),
        },
        Importer { function: "shop.core.load_all", package: "shop.apps", replaces: |_| true },
    ];
    let used = "
from shop.core import load, load_all
from shop import core
Line = load('basket.models', 'Line')
Fork = load('basket.models', 'Fork')
Total, Rest = load_all('basket.models', ['Line', 'Other'])
Again = core.load('basket.models', 'Line')
Other = load('orders.models', 'Order')
Unlike = core.store('basket.models', 'Line')
Partly = load(name, 'Line')
class Mine(load('basket.models', 'Line')): pass
";
    let fork = "class Line: pass\nclass Fork: pass";
    let own = [
        ("used.py", used),
        ("mine/basket/models.py", fork),
        ("mine/tests/basket/models.py", fork),
        ("mine/__init__.py", ""),
        ("mine/basket/__init__.py", ""),
        ("mine/tests/__init__.py", ""),
        ("mine/tests/basket/__init__.py", ""),
    ];
    let options = |root: &std::path::Path| LoadOptions { importers: IMPORTERS, ..LoadOptions::new(root) };

    // The package is not there: the project's own replace it, and the rest is outside.
    let folder = tree(&own);
    let project = Project::load(&options(folder.path()));
    let lines = "
        used.py: Line = class mine.basket.models.Line
        used.py: Fork = class mine.basket.models.Fork
        used.py: Again = class mine.basket.models.Line
        used.py: Other = external shop.apps.orders.models.Order
        used.py: Unlike = value core.store('basket.models', 'Line')
        used.py: Partly = value load(name, 'Line')
        used.py: Total = unknown";
    check(&project, lines);
    assert_eq!(bases(&project, "used.py", "Mine"), "Line");

    // The package is the project: its own classes go before those of a site beside it.
    write(folder.path(), "shop/core.py", b"def load(module, name): ...\ndef load_all(module, names): ...");
    write(folder.path(), "shop/__init__.py", b"");
    write(folder.path(), "shop/apps/basket/models.py", b"class Line: pass\nclass Other: pass");
    let project = Project::load(&options(folder.path()));
    let lines = "
        used.py: Line = class shop.apps.basket.models.Line
        used.py: Fork = class mine.basket.models.Fork
        used.py: Total = class shop.apps.basket.models.Line
        used.py: Rest = class shop.apps.basket.models.Other";
    check(&project, lines);
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
