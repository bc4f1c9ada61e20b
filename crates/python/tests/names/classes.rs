//! Bases, the order in which they are asked, and members.

use tuneup_python::{ClassRef, Symbol};

use crate::support::{load, tree};
use crate::{bases, check, class, file, order, show_bases};

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
