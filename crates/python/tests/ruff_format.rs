//! Files that `ruff format` leaves alone before edits, it leaves alone after them.
//!
//! Sources are made of every context that a chain of calls commonly stands in, with chains of many lengths, and are
//! formatted by ruff itself before and judged by it after. Needs ruff from PyPI; without it the test says so.

#![allow(clippy::print_stderr)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use ruff_python_ast::Expr;
use ruff_python_ast::comparable::ComparableExpr;
use ruff_python_ast::visitor::{Visitor, walk_expr};
use ruff_python_parser::parse_expression;
use ruff_text_size::{Ranged, TextRange};
use tuneup_python::edit::{
    Call, Edit, Layout, NewArguments, Refusal, Target, append_calls, chain_at, change_arguments, parse,
    settle,
};
use tuneup_python::{LoadOptions, Project};

const VERSION: &str = "0.17.6";

/// Ruff, in a virtual environment that is made once.
fn ruff() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("ruff-{VERSION}"));
    let program = folder.join("bin/ruff");
    if !program.is_file() {
        let run = |program: &Path, arguments: &[&str]| {
            Command::new(program).args(arguments).output().is_ok_and(|output| output.status.success())
        };
        let made = run(Path::new("python3"), &["-m", "venv", folder.to_str()?]);
        if !made || !run(&folder.join("bin/pip"), &["install", "--quiet", &format!("ruff=={VERSION}")]) {
            eprintln!("SKIPPED: ruff {VERSION} cannot be had from PyPI, so nothing was judged by it");
            return None;
        }
    }
    Some(program)
}

/// Contexts; the chain goes where `$` is.
const CONTEXTS: &[&str] = &[
    "rows = $\n",
    "$\n",
    "def f(self):\n    return $\n",
    "def f(self):\n    yield $\n",
    "def f(self):\n    for row in $:\n        print(row)\n",
    "async def f(self):\n    async for row in $:\n        print(row)\n",
    "def f(self):\n    rows = self.paginate($)\n",
    "def f(self):\n    rows = self.paginate($, page=self.page_number)\n",
    "def f(self):\n    return render(self, \"a_template.html\", {\"rows\": $})\n",
    "names = [row.name for row in $]\n",
    "def f(self):\n    if x:\n        names = {row.pk: row.name for row in $ if row.name}\n",
    "class View(ListView):\n    queryset = $\n    other = 1\n",
    "def f(self):\n    self.object_list = $[:10]  # the newest\n",
    "def f(self):\n    if $.exists():\n        pass\n    elif (rows := $):\n        pass\n",
    "def f(self):\n    with lock($) as rows, other:\n        pass\n",
    "rows = list($)\n",
    "rows: QuerySet[Row] = $\n",
    "row = $.first()\n",
    "@field(queryset=$)\ndef f(self, rows=$):\n    pass\n",
    "f = lambda: $\n",
    "async def f(self):\n    rows = await sync_to_async(list)($)\n",
    "assert $.count() == 3, \"a message that says what is wrong\"\n",
    "rows = $ if condition else None\n",
    "rows = (\n    $  # a comment\n)\n",
    "rows = other | $\n",
    "rows[\"key\"], more = $, 1\n",
];

/// Chains, of the lengths that matter.
fn chains() -> Vec<String> {
    let mut chains = Vec::new();
    for name in ["Row", "models.LongerName", "self.queryset"] {
        for tail in [
            "",
            ".objects",
            ".objects.all()",
            ".objects.filter(name=name)",
            ".objects.filter(a__name=\"name\", b__number=12)",
            ".objects.filter(a=1).order_by(\"name\")",
            ".objects.filter(long_name_of_a_field=request.user).order_by(\"-another_field\", \"name\")",
            ".objects.select_related(\"a\").filter(name=name)",
            ".objects.select_related(\"a_first\", \"and_second\").filter(name=name).order_by(\"a\")",
            ".objects.filter(Q(a=1) | Q(b=2), name__in=[\"a\", \"b\"]).exclude(c=3).distinct()",
        ] {
            chains.push(format!("{name}{tail}"));
        }
    }
    chains
}

/// The places of an expression in a file.
fn places(source: &str, chain: &str) -> Vec<TextRange> {
    struct Finder<'a> {
        wanted: ComparableExpr<'a>,
        found: Vec<TextRange>,
    }
    impl<'a> Visitor<'a> for Finder<'_> {
        fn visit_expr(&mut self, expr: &'a Expr) {
            if ComparableExpr::from(expr) == self.wanted {
                self.found.push(expr.range());
            } else {
                walk_expr(self, expr);
            }
        }
    }
    let wanted = parse_expression(chain).expect("a chain");
    let parsed = parse(source).expect("a source");
    let mut finder = Finder { wanted: ComparableExpr::from(wanted.expr()), found: Vec::new() };
    finder.visit_body(&parsed.syntax().body);
    finder.found
}

/// The edits of a case: what a chain calls more.
fn make(target: &Target, range: TextRange, kind: usize) -> Result<Vec<Edit>, Refusal> {
    let path = |path: &str| format!("\"{path}\"");
    let calls = match kind {
        0 => vec![Call::new("select_related", vec![path("author")])],
        1 => vec![
            Call::new("select_related", vec![path("author__country"), path("topic")]),
            Call::new("prefetch_related", vec![path("tags"), path("comments__user__groups")]),
        ],
        _ => {
            let chain = chain_at(target, range)?;
            let call = chain.below.iter().find(|call| call.name == "select_related");
            let call = call.ok_or_else(|| Refusal("nothing to extend".to_owned()))?;
            let add = vec![path("author__country"), path("another_long_relation_name")];
            return change_arguments(target, call.range, &NewArguments { add, ..NewArguments::default() });
        }
    };
    append_calls(target, range, &calls)
}

#[test]
fn clean_files_stay_clean() {
    let Some(ruff) = ruff() else { return };
    for (name, settings) in [
        ("default", ""),
        ("long", "line-length = 120\n"),
        ("single", "line-length = 79\n[format]\nquote-style = \"single\"\n"),
        ("tabs", "[format]\nindent-style = \"tab\"\nskip-magic-trailing-comma = true\n"),
    ] {
        judge(&ruff, name, settings);
    }
}

fn judge(ruff: &Path, name: &str, settings: &str) {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("ruff-format-{name}"));
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join("ruff.toml"), settings).expect("settings");
    let format = |arguments: &[&str]| {
        let mut command = Command::new(ruff);
        command.args(["format", "--no-cache"]).args(arguments).arg(".").current_dir(&folder);
        let output = command.output().expect("ruff runs");
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{name}: {text}{}", String::from_utf8_lossy(&output.stderr));
    };

    let mut cases = Vec::new();
    for (context, chain) in
        CONTEXTS.iter().flat_map(|context| chains().into_iter().map(move |chain| (context, chain)))
    {
        let path = format!("case_{}.py", cases.len());
        fs::write(folder.join(&path), context.replace('$', &chain)).expect("a case");
        cases.push((path, chain));
    }
    format(&[]);

    let mut written = 0;
    let project = Project::load(&LoadOptions::new(&folder));
    for (path, chain) in &cases {
        let source = fs::read_to_string(folder.join(path)).expect("a formatted case");
        let places = places(&source, chain);
        assert!(!places.is_empty(), "{chain} in {source}");
        let layout = Layout::of_file(&project, path);
        for kind in 0..3 {
            let groups = |target: &Target| places.iter().map(|place| make(target, *place, kind)).collect();
            let Ok(edits) = settle(&source, &layout, &groups) else {
                assert_eq!(kind, 2, "{source}");
                continue;
            };
            fs::write(folder.join(format!("after_{kind}_{path}")), edits.apply(&source)).expect("a result");
            written += 1;
        }
    }
    assert!(written > cases.len() * 2);
    format(&["--diff"]);
}
