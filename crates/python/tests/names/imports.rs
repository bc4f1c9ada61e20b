//! What imports lead to.

use tuneup_python::{Importer, LoadOptions, Project};

use crate::support::{load, tree, write};
use crate::{bases, check, file, global, order, show};

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
