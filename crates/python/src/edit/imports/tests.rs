//! Imports, from names to text.

use ruff_text_size::{TextLen, TextSize};

use super::super::{Edits, Layout, Style, parse, settle, verify};
use super::*;

const HOME: Home = Home { module: "shop.views", is_package: false, is_first_party: &|top| top == "shop" };

/// The name to use at the end of a file, and the file after.
fn import(source: &str, module: &str, name: &str) -> Result<(String, String), Refusal> {
    import_at(source, source.text_len(), &[(module, name)]).map(|(names, after)| (names.join(" "), after))
}

fn import_at(
    source: &str,
    used_at: TextSize,
    wanted: &[(&str, &str)],
) -> Result<(Vec<String>, String), Refusal> {
    let parsed = parse(source).expect("valid source");
    let style = Style::of(source, &parsed, 60);
    let target = Target { source, parsed: &parsed, style: &style };
    let import = |(module, name): &(&str, &str)| Import {
        module: (*module).to_owned(),
        name: (*name).to_owned(),
        used_at,
    };
    let imported = import_names(&target, &HOME, &wanted.iter().map(import).collect::<Vec<_>>())?;
    let mut edits = Edits::new();
    edits.add_all(imported.edits.into_iter().flatten())?;
    let after = edits.apply(source);
    verify(source, &after, &edits)?;
    Ok((imported.names, after))
}

/// What importing `lib.models.New` makes of the first lines of a file.
#[track_caller]
fn case(before: &str, expected: &str) {
    let code = "\n\ndef f():\n    pass\n";
    let (name, after) = import(&format!("{before}{code}"), "lib.models", "New").expect("it can be imported");
    assert_eq!(name, "New");
    assert_eq!(after.strip_suffix(code), Some(expected));
}

#[test]
fn a_name_that_is_there_is_used() {
    for (source, expected) in [
        ("from lib.models import New\n", "New"),
        ("from lib.models import (\n    New as Other,\n)\n", "Other"),
        ("from lib import models\n", "models.New"),
        ("from lib import models as m\n", "m.New"),
        ("import lib.models\n", "lib.models.New"),
        ("import lib.models as lm\n", "lm.New"),
    ] {
        assert_eq!(import(source, "lib.models", "New"), Ok((expected.to_owned(), source.to_owned())));
    }
    let source = "from .models import Line\nfrom . import models\n";
    assert_eq!(import(source, "shop.models", "Line"), Ok(("Line".to_owned(), source.to_owned())));
    let source = "from . import models\n";
    assert_eq!(import(source, "shop.models", "Line"), Ok(("models.Line".to_owned(), source.to_owned())));
}

#[test]
fn a_name_is_added_to_its_module() {
    case("from lib.models import A\n", "from lib.models import A, New\n");
    case("from lib.models import A, Z\n", "from lib.models import A, New, Z\n");
    case("from lib.models import Z, A\n", "from lib.models import Z, A, New\n");
    case("from lib.models import CASCADE, Z\n", "from lib.models import CASCADE, New, Z\n");
    case("from lib.models import (A, Z)\n", "from lib.models import (A, New, Z)\n");
    case("from lib.models import A  # noqa\n", "from lib.models import A, New  # noqa\n");
    case(
        "from lib.models import (\n    A,\n    Z,\n)\n",
        "from lib.models import (\n    A,\n    New,\n    Z,\n)\n",
    );
    case(
        "from lib.models import (\n    A,\n    B\n)\n",
        "from lib.models import (\n    A,\n    B,\n    New\n)\n",
    );
    case(
        "from lib.models import (\n    A,  # one\n    Z,  # two\n)\n",
        "from lib.models import (\n    A,  # one\n    New,\n    Z,  # two\n)\n",
    );
    case(
        "from lib.models import (A,\n                        B)\n",
        "from lib.models import (A,\n                        B, New)\n",
    );
    case("from lib.models import A, \\\n    B\n", "from lib.models import A, \\\n    B, New\n");
    case(
        "from lib.models import Another, Longer, Name, Something_\n",
        "from lib.models import (\n    Another,\n    Longer,\n    Name,\n    New,\n    Something_,\n)\n",
    );
}

#[test]
fn a_new_statement_goes_where_its_order_says() {
    case(
        "import os\n\nfrom lib.a import b\nfrom lib.z import b\n",
        "import os\n\nfrom lib.a import b\nfrom lib.models import New\nfrom lib.z import b\n",
    );
    case(
        "from lib.z import b\nfrom lib.a import b\n",
        "from lib.z import b\nfrom lib.a import b\nfrom lib.models import New\n",
    );
    case("import os\n", "import os\n\nfrom lib.models import New\n");
    case(
        "import os\n\nfrom shop import x\n",
        "import os\n\nfrom lib.models import New\n\nfrom shop import x\n",
    );
    case("import lib\nfrom shop import x\n", "import lib\nfrom lib.models import New\nfrom shop import x\n");
    case("from .a import b\n", "from lib.models import New\n\nfrom .a import b\n");
    case(
        "from __future__ import annotations\n",
        "from __future__ import annotations\n\nfrom lib.models import New\n",
    );
    case(
        "import os\n\n# Others\nfrom lib.z import b\n",
        "import os\n\n# Others\nfrom lib.models import New\nfrom lib.z import b\n",
    );
    case("import os  # first\n", "import os  # first\n\nfrom lib.models import New\n");
    case("import os; import sys\n", "import os; import sys\n\nfrom lib.models import New\n");
    case("\u{feff}from lib.z import b\n", "\u{feff}from lib.models import New\nfrom lib.z import b\n");
    case(
        "from lib.a import b\r\n\r\nfrom shop import x\r\n",
        "from lib.a import b\r\nfrom lib.models import New\r\n\r\nfrom shop import x\r\n",
    );
}

#[test]
fn a_file_without_imports_gets_one_at_its_top() {
    case("", "\n\nfrom lib.models import New\n");
    case("\"\"\"Doc.\"\"\"\n", "\"\"\"Doc.\"\"\"\n\nfrom lib.models import New\n");
    let attached = "# Licence\n\n# About x\nx = 1\n";
    case(attached, "# Licence\n\nfrom lib.models import New\n\n# About x\nx = 1\n");
    case(
        "#!/usr/bin/python\n# coding: utf-8\n",
        "#!/usr/bin/python\n# coding: utf-8\n\n\nfrom lib.models import New\n",
    );
}

#[test]
fn modules_of_the_same_package_are_imported_as_the_file_does() {
    let after = |source: &str| import(source, "shop.models", "Line").expect("it can be imported").1;
    assert_eq!(after("from .a import b\n"), "from .a import b\nfrom .models import Line\n");
    assert_eq!(
        after("from . import x\nfrom .z import b\n"),
        "from . import x\nfrom .models import Line\nfrom .z import b\n"
    );
    assert_eq!(after("from shop.a import b\n"), "from shop.a import b\nfrom shop.models import Line\n");
    let after = import("from .a import b\n", "other.models", "Line").expect("it can be imported").1;
    assert_eq!(after, "from other.models import Line\n\nfrom .a import b\n");
}

#[test]
fn a_name_that_means_something_else_is_refused() {
    for source in [
        "def New(): pass\n",
        "from other import New\n",
        "import other as New\n",
        "def f(New): pass\n",
        "for New in x: pass\n",
        "x = [New for New in y]\n",
        "try:\n    pass\nexcept E as New:\n    pass\n",
        "match x:\n    case [*New]: pass\n",
        "class A[New]: pass\n",
        "from lib.models import A\ndef f():\n    New = 1\n",
        "from lib import models\nmodels = 1\n",
    ] {
        assert!(import(source, "lib.models", "New").is_err(), "{source}");
    }
    assert!(import("def f():\n    from lib.models import New\n", "lib.models", "New").is_ok());
}

#[test]
fn names_known_to_a_type_checker_alone_are_told_apart() {
    let source = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from lib.models import New\n";
    let parsed = parse(source).expect("valid source");
    let style = Style::of(source, &parsed, 60);
    let target = Target { source, parsed: &parsed, style: &style };
    let import =
        Import { module: "lib.models".to_owned(), name: "New".to_owned(), used_at: source.text_len() };
    assert_eq!(known(&target, &HOME, &import), Ok(Known::TypeChecking));
}

#[test]
fn the_files_own_names_need_no_import() {
    let source = "class Line: pass\ndef f(): pass\n";
    assert_eq!(import(source, "shop.views", "Line"), Ok(("Line".to_owned(), source.to_owned())));
    assert!(import(source, "shop.views", "Other").is_err());
    let late = "x = 1\nclass Line: pass\n";
    assert!(import_at(late, 4.into(), &[("shop.views", "Line")]).is_err());
    let later = "def f(): return 1\nclass Line: pass\n";
    assert!(import_at(later, 16.into(), &[("shop.views", "Line")]).is_ok());
}

#[test]
fn an_import_behind_the_place_is_of_no_use() {
    let source = "x = 1\nfrom lib.models import A\n";
    assert!(import_at(source, 4.into(), &[("lib.models", "New")]).is_err());
}

#[test]
fn several_names_compose() {
    let wanted =
        [("lib.models", "New"), ("shop.models", "Line"), ("lib.models", "Also"), ("lib.models", "New")];
    let source = "import os\n\nfrom shop.a import b\n";
    let (names, after) = import_at(source, source.text_len(), &wanted).expect("they can be imported");
    assert_eq!(names, ["New", "Line", "Also", "New"]);
    assert_eq!(
        after,
        "import os\n\nfrom lib.models import Also, New\n\nfrom shop.a import b\nfrom shop.models import Line\n"
    );
    let source = "from lib.models import (\n    B,\n    Z,\n)\n";
    let wanted = [("lib.models", "Y"), ("lib.models", "C"), ("lib.models", "a"), ("lib.models", "b")];
    let (_, after) = import_at(source, source.text_len(), &wanted).expect("they can be imported");
    assert_eq!(after, "from lib.models import (\n    B,\n    C,\n    Y,\n    Z,\n    a,\n    b,\n)\n");
    assert!(import_at("", 0.into(), &[("a", "X"), ("b", "X")]).is_err());
}

#[test]
fn several_modules_compose() {
    let wanted = [("sys", ""), ("os", ""), ("lib.models", "New")];
    let (names, after) = import_at("", 0.into(), &wanted).expect("they can be imported");
    assert_eq!(names, ["sys", "os", "New"]);
    for line in ["import os\n", "import sys\n", "from lib.models import New\n"] {
        assert!(after.contains(line), "{after}");
    }
    assert!(import_at("", 0.into(), &[("os", ""), ("lib", "os")]).is_err());
}

#[test]
fn a_formatted_file_gets_formatted_imports() {
    let names = "Aaaaaaaaaaaaaaa, Bbbbbbbbbbbbbbbb, Cccccccccccccc, Ddddddddddddd";
    let source = format!("from lib.models import {names}\n\nx = 1\n");
    let make = |target: &Target| {
        let import =
            Import { module: "lib.models".to_owned(), name: "New".to_owned(), used_at: source.text_len() };
        Ok(import_names(target, &HOME, &[import])?.edits)
    };
    let after = settle(&source, &Layout::default(), &make).expect("it settles").apply(&source);
    assert_eq!(
        after,
        "from lib.models import (\n    Aaaaaaaaaaaaaaa,\n    Bbbbbbbbbbbbbbbb,\n    Cccccccccccccc,\n    Ddddddddddddd,\n    \
         New,\n)\n\nx = 1\n"
    );
}
