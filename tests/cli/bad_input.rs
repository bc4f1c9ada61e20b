//! Input that is broken, odd or hostile: told of with path and reason, counted, and nothing else is lost.

use std::io::Read;
use std::process::Stdio;

use crate::support::{Library, Run, command};

/// Checks the project, whose two proposals must be there whatever else is; the errors by path.
fn survives(library: &Library) -> (Run, Vec<(String, String)>) {
    let run = library.run(&["check", "--select", "select-related", "--output-format", "json"]);
    assert_eq!(run.code, Some(2), "{}", run.err);
    assert!(!run.err.contains("internal error"), "{}", run.err);
    let report = run.json();
    let proposals = report["proposals"].as_array().expect("a list");
    let on_views = proposals.iter().filter(|proposal| proposal["path"] == "library/views.py").count();
    assert_eq!(on_views, 2, "{report:#}");
    let errors = report["errors"].as_array().expect("a list").iter().map(|error| {
        let text = |key: &str| error[key].as_str().expect("a text").to_owned();
        (text("path"), text("message"))
    });
    let errors = errors.collect();
    (run, errors)
}

fn paths(errors: &[(String, String)]) -> Vec<&str> {
    errors.iter().map(|(path, _)| path.as_str()).collect()
}

#[test]
fn broken_files_are_named_with_the_reason() {
    let library = Library::new();
    library.write("binary.py", b"\x7fELF\0\0\xff\xfe");
    library.write("broken.py", "def f(:\n    pass\n");
    library.write("latin.py", b"NAME = '\xe9'\n");
    library.write("nul.py", b"x = 1\0\n");
    library.write("unknown.py", "# coding: klingon\n");
    library.write("utf16.py", b"\xff\xfex\0 \0=\0 \x001\0");
    let (run, errors) = survives(&library);
    let expected = ["binary.py", "broken.py", "latin.py", "nul.py", "unknown.py", "utf16.py"];
    assert_eq!(paths(&errors), expected);
    assert!(errors.iter().all(|(_, message)| !message.is_empty()));
    assert!(run.err.contains("error: broken.py:1:7: syntax error"), "{}", run.err);
    let full = library.run(&["check"]);
    assert!(full.err.contains("6 files could not be read"), "{}", full.err);
    let diff = library.run(&["diff"]);
    assert_eq!(diff.code, Some(2));
    assert!(diff.out.contains("select_related") && diff.err.contains("6 files could not be read"));
}

#[test]
fn apply_writes_the_rest_and_says_that_files_were_left_out() {
    let library = Library::new();
    library.write("broken.py", "def f(:\n");
    library.commit();
    let run = library.run(&["apply"]);
    assert_eq!(run.code, Some(2));
    assert!(run.out.contains("wrote library/views.py"), "{}", run.out);
    assert!(run.err.contains("broken.py") && run.err.contains("1 file could not be read"), "{}", run.err);
}

#[test]
fn hostile_nesting_is_refused_or_read() {
    let library = Library::new();
    let head = "from library.models import Book\ndef f():\n    return ";
    let many = |n: usize| 0..n;
    library.write("a_parentheses.py", format!("x = {}1{}\n", "(".repeat(50_000), ")".repeat(50_000)));
    library.write("b_calls.py", format!("{head}Book{}\n", ".objects.all()".repeat(4_000)));
    library.write("c_nested.py", format!("{head}{}Book{}\n", "list(".repeat(4_000), ")".repeat(4_000)));
    library.write("d_sum.py", format!("{head}{}Book\n", "Book + ".repeat(9_000)));
    let elifs: String = many(4_000).map(|n| format!("    elif x == {n}:\n        pass\n")).collect();
    library.write("e_elif.py", format!("def f(x):\n    if x:\n        pass\n{elifs}"));
    let blocks: String = many(99).map(|n| format!("{}for x{n} in y:\n", " ".repeat(n))).collect();
    library.write("f_blocks.py", format!("{blocks}{}pass\n", " ".repeat(99)));
    let calls: String = many(3_000).map(|n| format!("def f{n}(x):\n    return f{}(x)\n", n + 1)).collect();
    library.write("g_functions.py", calls);
    let aliases: String = many(20_000).map(|n| format!("a{} = a{n}\n", n + 1)).collect();
    library.write("h_aliases.py", format!("a0 = 1\n{aliases}def f():\n    return a20000.x\n"));
    let bases: String = many(3_000).map(|n| format!("class C{}(C{n}): pass\n", n + 1)).collect();
    library.write("i_bases.py", format!("class C0: pass\n{bases}"));
    let (_, errors) = survives(&library);
    assert!(errors.iter().all(|(_, message)| message.contains("nested too deeply")), "{errors:?}");
    assert!(paths(&errors).contains(&"a_parentheses.py"));
}

#[test]
fn long_dicts_are_read() {
    let library = Library::new();
    library.write("broken.py", "(");
    let many = 0..20_000;
    let items: String = many.clone().map(|n| format!("    'name{n}': {n},\n")).collect();
    let statements: String = many.clone().map(|n| format!("    names['name{n}'] = {n}\n")).collect();
    let own: String = many.map(|n| format!("        self['name{n}'] = {n}\n")).collect();
    library.write("display.py", format!("names = {{\n{items}}}\n"));
    library.write("statements.py", format!("def f():\n    names = {{}}\n{statements}    return names\n"));
    let class = format!("class Names(dict):\n    def __init__(self):\n{own}");
    library.write("objects.py", format!("{class}\n\ndef f():\n    return Names()['name1']\n"));
    library.write("config/__init__.py", "");
    library.write("config/settings.py", format!("INSTALLED_APPS = ['library']\nNAMES = {{\n{items}}}\n"));
    library.write(
        "manage.py",
        "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'config.settings')\n",
    );
    let (_, errors) = survives(&library);
    assert_eq!(paths(&errors), ["broken.py"]);
}

#[test]
fn long_files_take_time_and_memory_in_step_with_their_lines() {
    let library = Library::new();
    library.write("broken.py", "(");
    let head = "from library.models import Book\n\n\n";
    // With the square of their number, each of these would take minutes, or more memory than there is.
    let many = |n: usize, part: &dyn Fn(usize) -> String| (0..n).map(part).collect::<String>();
    let begin = format!("{head}def f(request):\n    x0 = Book.objects.all()\n");
    let functions = many(20_000, &|n| format!("    def g{n}(x):\n        return x.author\n"));
    library.write("a_functions.py", format!("{begin}{functions}"));
    let lambdas = many(20_000, &|n| format!("    y{n} = lambda x: x.author\n"));
    library.write("b_lambdas.py", format!("{begin}{lambdas}"));
    let chain = many(10_000, &|n| format!("    x{} = x{n}.filter()\n", n + 1));
    library.write("c_chain.py", format!("{begin}{chain}    return x10000\n"));
    let views =
        many(5_000, &|n| format!("def v{n}(request):\n    return show(Book.objects.filter(title='x{n}'))\n"));
    let show = "def show(books):\n    return [book.author.name for book in books]\n";
    let tests = many(10_000, &|n| format!("        assert book.title != 'x{n}'\n"));
    let row = "    for book in Book.objects.all():\n";
    library
        .write("e_tests.py", format!("{head}def f(request):\n{row}{tests}        print(book.author.name)\n"));
    let tests = many(4_000, &|n| format!("request.x{n} or "));
    library.write("f_operands.py", format!("{head}def f(request):\n    return {tests}None\n"));
    library.write("d_helper.py", format!("{head}{show}{views}"));
    let (run, _) = survives(&library);
    assert!(run.json()["proposals"].as_array().is_some_and(|all| all.len() > 5_000));
    let full = library.run(&["check"]);
    assert_eq!(full.code, Some(2));
    // The place that is far from the proposal's own is shown with its line all the same.
    assert!(full.out.contains("d_helper.py:10005:") && full.out.contains("d_helper.py:5:"), "{}", full.err);
}

#[test]
fn hostile_templates_are_read() {
    let library = Library::new();
    library.write("broken.py", "(");
    let template = "library/templates/library/overview.html";
    let good = String::from_utf8(library.read(template)).expect("UTF-8");
    let nested = format!("{}{}", "{% for a in b %}".repeat(20_000), "{% endfor %}".repeat(20_000));
    let dotted = format!("{{{{ a{} }}}}", ".b".repeat(20_000));
    let filtered = format!("{{{{ a{} }}}}", "|default:b".repeat(20_000));
    let condition = format!("{{% if {} a %}}{{% endif %}}", "not ".repeat(20_000));
    let itself = "{% include \"library/overview.html\" %}";
    let loose = "{% endfor %}{% else %}{{ }}{% %}{% for %}{% if %}{{ book.%}{# {{ {%";
    for hostile in [&nested, &dotted, &filtered, &condition, itself, loose, "\u{feff}", "\0"] {
        library.write(template, format!("{good}{hostile}"));
        survives(&library);
    }
    // What extends itself is no page, whatever stands in it.
    library.write(
        template,
        "{% extends \"library/overview.html\" %}{% block a %}{{ books.0.author }}{% endblock %}",
    );
    let run = library.run(&["check", "--output-format", "concise"]);
    assert_eq!(
        run.out.lines().filter(|line| line.starts_with("library/views.py:12")).count(),
        1,
        "{}",
        run.err
    );
    library.write(template, [good.as_bytes(), b"\xff\xfe\x80 {{ book.\xe9 }}"].concat());
    survives(&library);
}

#[test]
fn a_template_that_is_too_large_is_named() {
    let library = Library::new();
    let template = "library/templates/library/overview.html";
    let file = std::fs::File::options().write(true).open(library.at(template)).expect("it is there");
    file.set_len(40 * 1024 * 1024).expect("a sparse file");
    let run = library.run(&["check"]);
    assert_eq!(run.code, Some(2));
    assert!(run.err.contains(template) && run.err.contains("larger than"), "{}", run.err);
    assert!(run.out.contains("library/views.py:12:42"), "{}", run.out);
}

#[cfg(unix)]
#[test]
fn links_that_lead_in_circles_or_away_are_named() {
    use std::os::unix::fs::symlink;
    let library = Library::new();
    let outside = Library::empty();
    outside.write("away.py", "x = 1\n");
    outside.write("package/__init__.py", "");
    outside.write("uploads/a.txt", "");
    symlink("..", library.at("library/up")).expect("a link");
    symlink("itself", library.at("itself")).expect("a link");
    symlink("gone.py", library.at("lost.py")).expect("a link");
    symlink(outside.at("away.py"), library.at("away.py")).expect("a link");
    symlink(outside.at("package"), library.at("package")).expect("a link");
    symlink(outside.at("uploads"), library.at("uploads")).expect("a link");
    let (_, errors) = survives(&library);
    assert_eq!(paths(&errors), ["away.py", "itself", "library/up", "lost.py", "package"]);
}

/// Makes a pipe that nobody writes to: reading it never ends.
#[cfg(unix)]
fn pipe(library: &Library, path: &str) {
    library.feed(&library.path(), "mkfifo", &[path], b"");
}

#[cfg(unix)]
#[test]
fn pipes_with_the_names_of_files_are_not_waited_for() {
    // What says how code is laid out and what a project needs is told of, and all else goes on without it.
    let library = Library::committed();
    let names =
        [".editorconfig", ".flake8", "requirements.txt", "ruff.toml", "setup.cfg", "tox.ini", "uv.lock"];
    for name in names {
        pipe(&library, name);
    }
    let (_, errors) = survives(&library);
    assert_eq!(paths(&errors), names);
    assert!(errors.iter().all(|(_, message)| !message.is_empty()), "{errors:?}");
    let diff = library.run(&["diff"]);
    assert_eq!(diff.code, Some(2), "{}", diff.err);
    assert!(diff.out.contains("select_related") && diff.err.contains("7 files could not be read"));
    let library = Library::new();
    pipe(&library, ".git");
    assert_eq!(library.run(&["check"]).code, Some(1));
    // What decides about the report is told of.
    for name in ["tuneup.toml", "pyproject.toml", "tuneup-baseline.json"] {
        let library = Library::new();
        pipe(&library, name);
        let run = library.run(&["check"]);
        assert_eq!(run.code, Some(2));
        assert!(run.err.contains(&format!("{name}: not a regular file")), "{}", run.err);
    }
}

/// The files that say what a project needs, in every form.
const MANIFESTS: [&str; 6] =
    ["Pipfile", "Pipfile.lock", "poetry.lock", "requirements.txt", "setup.cfg", "uv.lock"];

#[test]
fn folders_with_the_names_of_manifests_are_told_of() {
    let library = Library::new();
    for name in MANIFESTS {
        library.write(&format!("{name}/a.txt"), "");
    }
    let (_, errors) = survives(&library);
    assert_eq!(paths(&errors), MANIFESTS);
}

#[test]
fn manifests_that_are_no_text_are_told_of() {
    let library = Library::new();
    for name in MANIFESTS {
        library.write(name, b"\x7fELF\0\0\xff\xfe");
    }
    let (_, errors) = survives(&library);
    assert_eq!(paths(&errors), MANIFESTS);
    assert!(errors.iter().all(|(_, message)| message == "byte 0xff is not valid UTF-8"), "{errors:?}");
    // What is text but for a word of it is read all the same.
    let library = Library::new();
    library.write("requirements.txt", b"# g\xe9r\xe9\nDjango==3.2.1\n");
    survives(&library);
    let told = library.run(&["check", "--verbose"]).err;
    assert!(told.contains("Django 3.2"), "{told}");
    // This is how other shells write a file.
    let library = Library::new();
    let utf16 = |text: &str| -> Vec<u8> { text.encode_utf16().flat_map(u16::to_le_bytes).collect() };
    library.write("requirements.txt", utf16("\u{feff}Django==3.2.1\r\n"));
    let run = library.run(&["check", "--verbose"]);
    assert_eq!(run.code, Some(1), "{}", run.err);
    assert!(run.err.contains("Django 3.2"), "{}", run.err);
}

#[cfg(unix)]
#[test]
fn manifests_and_templates_that_lead_away_are_told_of() {
    use std::os::unix::fs::symlink;
    let library = Library::new();
    let outside = Library::empty();
    outside.write("away.html", "x");
    for name in MANIFESTS {
        symlink("/dev/zero", library.at(name)).expect("a link");
    }
    let templates = "library/templates/library";
    symlink(outside.at("away.html"), library.at(&format!("{templates}/away.html"))).expect("a link");
    symlink("gone.html", library.at(&format!("{templates}/gone.html"))).expect("a link");
    symlink(outside.path(), library.at("templates")).expect("a link");
    pipe(&library, &format!("{templates}/pipe.html"));
    // Neither is a template, and secrets are kept elsewhere.
    symlink(outside.path(), library.at("uploads")).expect("a link");
    pipe(&library, &format!("{templates}/socket"));
    symlink("/run/secrets/production", library.at(".env")).expect("a link");
    pipe(&library, "production.env");
    let (_, errors) = survives(&library);
    let [away, gone, pipe] =
        ["away", "gone", "pipe"].map(|name| format!("library/templates/library/{name}.html"));
    let mut expected: Vec<&str> = MANIFESTS.to_vec();
    expected.extend([&*away, &gone, &pipe, "templates"]);
    expected.sort_unstable();
    assert_eq!(paths(&errors), expected);
}

#[test]
fn templates_that_are_no_text_are_told_of() {
    let library = Library::new();
    let folder = "library/templates/library";
    library.write(&format!("{folder}/unused.html"), b"caf\xe9\n");
    library.write(&format!("{folder}/logo.png"), b"\x89PNG\xff");
    library.write("docs/old.html", b"caf\xe9\n");
    let (run, errors) = survives(&library);
    assert_eq!(paths(&errors), [format!("{folder}/unused.html")]);
    assert!(run.err.contains("unused.html:1:4: byte 0xe9 is not valid UTF-8"), "{}", run.err);
    let library = Library::new();
    library.write(&format!("{folder}/logo.png"), b"\x89PNG\xff");
    library.write("docs/old.html", b"caf\xe9\n");
    library.write(&format!("{folder}/mail.txt"), b"\xff\xfeH\0i\0");
    assert_eq!(library.run(&["check"]).code, Some(1));
}

#[cfg(unix)]
#[test]
fn pipes_in_the_journal_are_not_waited_for() {
    let library = Library::committed();
    std::fs::create_dir(library.path().join(".tuneup")).expect("a new folder");
    pipe(&library, ".tuneup/lock");
    let run = library.run(&["apply"]);
    assert_eq!(run.code, Some(2));
    assert!(run.err.contains("lock: not a regular file"), "{}", run.err);
    // An apply that was stopped, and whose copy is gone for a pipe.
    let library = Library::committed();
    assert_eq!(library.run(&["apply"]).code, Some(0));
    let entry = library.path().join(".tuneup/applies/1");
    std::fs::remove_file(entry.join("done")).expect("a file");
    std::fs::remove_file(entry.join("0.before")).expect("a file");
    pipe(&library, ".tuneup/applies/1/0.before");
    let run = library.run(&["check"]);
    assert_eq!(run.code, Some(2));
    assert!(run.err.contains("0.before: not a regular file; "), "{}", run.err);
    assert!(run.err.contains("was stopped half way"), "{}", run.err);
}

#[cfg(unix)]
#[test]
fn ignore_rules_in_a_pipe_leave_nothing_out() {
    let library = Library::committed();
    library.write(".gitignore", "left.py\n");
    library.write("below/left.py", "(");
    library.write("beside/left.py", "(");
    pipe(&library, "below/.gitignore");
    let (_, errors) = survives(&library);
    assert_eq!(paths(&errors), ["below/.gitignore", "below/left.py"]);
    std::fs::remove_file(library.at(".gitignore")).expect("it is ours");
    pipe(&library, ".gitignore");
    let (_, errors) = survives(&library);
    assert_eq!(paths(&errors), [".gitignore", "below/left.py", "beside/left.py"]);
    assert!(errors[0].1.contains("neither a file nor a folder"), "{errors:?}");
}

#[cfg(unix)]
#[test]
fn what_may_not_be_read_is_named() {
    use std::os::unix::fs::PermissionsExt;
    let library = Library::new();
    library.write("locked.py", "");
    std::fs::set_permissions(library.at("locked.py"), PermissionsExt::from_mode(0o0)).expect("it is ours");
    // A superuser reads everything.
    if std::fs::read(library.at("locked.py")).is_ok() {
        return;
    }
    let (_, errors) = survives(&library);
    assert_eq!(paths(&errors), ["locked.py"]);
}

#[test]
fn a_reader_that_goes_away_ends_the_output_and_no_more() {
    let newsroom = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/newsroom");
    for what in ["check", "diff"] {
        let mut child = command(&newsroom)
            .arg(what)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the command can be run");
        // Less than a pipe holds is read, then the pipe is closed.
        let mut first = [0; 16];
        let mut out = child.stdout.take().expect("it is piped");
        out.read_exact(&mut first).expect("there is output");
        drop(out);
        let output = child.wait_with_output().expect("it ends");
        let err = String::from_utf8_lossy(&output.stderr);
        assert!(!err.contains("panic") && !err.contains("internal error"), "{err}");
        assert_eq!(output.status.code(), Some(1), "{err}");
    }
}

/// Numbers that look random, the same in every run.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit as u64).expect("it is below the limit")
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }
}

const PIECES: &[&str] = &[
    "def f(self):\n",
    "class A(B):\n",
    "    ",
    "\t",
    "\n",
    "\r",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    ".",
    "Book.objects",
    ".filter(",
    ".select_related(",
    "for b in ",
    "b.author.name",
    "return ",
    "yield ",
    "lambda ",
    "\"",
    "'",
    "\"\"\"",
    "f\"{",
    "\\",
    "#",
    "=",
    ":=",
    "*",
    "**",
    "@",
    "async ",
    "await ",
    "match x:\n",
    "case ",
    "import ",
    "from . import *\n",
    "é",
    "\u{feff}",
    "\0",
    "1",
    "x",
    "if ",
    "else:",
    "try:\n",
    "with ",
    "{% for b in books %}",
    "{% endfor %}",
    "{{ ",
    " }}",
    "{% ",
    " %}",
    "{% block x %}",
    "{% endblock %}",
    "{#",
    "|",
    "{% include \"",
    "{% extends \"",
    "{% with a=b %}",
    "books.all",
    "{% if ",
    " and ",
    " not ",
    "{% load ",
];

#[test]
fn any_bytes_give_no_panic() {
    let mut numbers = Numbers(0x9e37_79b9_7f4a_7c15);
    let library = Library::new();
    library.write("broken.py", "(");
    let names: Vec<String> = (0..150).map(|n| format!("any{n}")).collect();
    let mut views = String::from("from django.shortcuts import render\nfrom library.models import Book\n");
    for name in &names {
        let mut bytes = Vec::new();
        for _ in 0..numbers.below(60) {
            match numbers.below(8) {
                0 => bytes.push(u8::try_from(numbers.below(256)).expect("a byte")),
                _ => bytes.extend(numbers.pick(PIECES).as_bytes()),
            }
        }
        library.write(&format!("{name}.py"), &bytes);
        library.write(&format!("library/templates/{name}.html"), &bytes);
        views.push_str(&format!(
            "def {name}(request):\n    return render(request, '{name}.html', {{'books': Book.objects.all()}})\n"
        ));
    }
    library.write("all.py", views);
    survives(&library);
    let diff = library.run(&["diff", "--unsafe"]);
    assert_eq!(diff.code, Some(2));
    assert!(!diff.err.contains("internal error") && !diff.err.contains("failed on"), "{}", diff.err);
}
