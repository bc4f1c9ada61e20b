//! `check`, `rules`, `explain`: what is said, where, in which form.

use insta::assert_snapshot;
use serde_json::Value;

use crate::support::{Library, READER, command};

const SELECT: [&str; 2] = ["--select", "select-related"];

fn check(library: &Library, more: &[&str]) -> crate::support::Run {
    library.run(&[&["check"], &SELECT[..], more].concat())
}

#[test]
fn the_full_report_groups_by_rule_and_shows_evidence() {
    assert_snapshot!(check(&Library::new(), &[]).shown());
}

#[test]
fn concise_is_one_line_for_each_proposal() {
    let run = check(&Library::new(), &["--output-format", "concise"]);
    assert_eq!(
        run.out.lines().map(|line| line.split(" [").next().unwrap_or_default()).collect::<Vec<_>>(),
        ["library/views.py:7:13: select-related", "library/views.py:12:42: select-related"]
    );
    assert_eq!(run.code, Some(1));
}

#[test]
fn statistics_count_by_rule() {
    let run = check(&Library::new(), &["--statistics"]);
    assert_eq!(run.out.trim(), "2  select-related (2 safe)");
}

/// The JSON of the one proposal on `path`, whose places and edits are held against the file's bytes.
fn proposal_on(library: &Library, path: &str) -> Value {
    let report = check(library, &["--output-format", "json"]).json();
    assert_eq!(report["version"], 1);
    assert_eq!(report["root"], library.path().to_str().expect("a Unicode path"));
    assert_eq!(report["errors"], Value::Array(Vec::new()));
    let proposals = report["proposals"].as_array().expect("a list");
    let found: Vec<&Value> = proposals.iter().filter(|proposal| proposal["path"] == path).collect();
    assert_eq!(found.len(), 1, "{report:#}");
    found[0].clone()
}

/// Bytes with a proposal's edits made, as an editor makes them: by byte offsets in the file as read.
fn edited(bytes: &[u8], proposal: &Value) -> Vec<u8> {
    let mut edited = bytes.to_vec();
    let mut edits = proposal["edits"].as_array().expect("a list").clone();
    edits.sort_by_key(|edit| std::cmp::Reverse(edit["start"].as_u64()));
    assert!(!edits.is_empty());
    for edit in edits {
        let at = |key: &str| edit[key].as_u64().and_then(|n| usize::try_from(n).ok()).expect("an offset");
        let content = edit["content"].as_str().expect("a text").bytes();
        edited.splice(at("start")..at("end"), content);
    }
    edited
}

#[test]
fn json_offsets_are_bytes_and_columns_are_characters_in_any_encoding() {
    let reader = "def names():\n    return \"é\", [b.author.name for b in Book.objects.all()]\n";
    let import = "from library.models import Book\n";
    let fixed = "Book.objects.all().select_related(\"author\")]";
    let plain = format!("{import}{reader}");
    let latin: Vec<u8> = format!("# coding: latin-1\n{plain}").chars().map(|c| c as u8).collect();
    let cases: [(&str, Vec<u8>, u64); 4] = [
        ("plain.py", plain.clone().into_bytes(), 3),
        ("marked.py", [b"\xef\xbb\xbf", plain.as_bytes()].concat(), 3),
        ("windows.py", plain.replace('\n', "\r\n").into_bytes(), 3),
        ("latin.py", latin, 4),
    ];
    let library = Library::new();
    for (name, bytes, _) in &cases {
        library.write(name, bytes);
    }
    for (name, bytes, line) in &cases {
        let proposal = proposal_on(&library, name);
        assert_eq!(
            (&proposal["line"], &proposal["column"]),
            (&Value::from(*line), &Value::from(41)),
            "{name}"
        );
        assert_eq!(proposal["end_column"], 59, "{name}");
        assert_eq!(proposal["symbol"], "names");
        assert_eq!(proposal["model"], "library.Book");
        assert_eq!(proposal["fields"], serde_json::json!(["author"]));
        let edited = edited(bytes, &proposal);
        let text: String = edited.iter().map(|&byte| char::from(byte)).collect();
        assert!(text.contains(fixed), "{name}: {text}");
        assert_eq!(edited.len(), bytes.len() + ".select_related(\"author\")".len(), "{name}");
    }
}

#[test]
fn json_evidence_leads_into_templates() {
    let library = Library::new();
    let report = check(&library, &["--output-format", "json"]).json();
    let evidence = report["proposals"][0]["evidence"].as_array().expect("a list");
    let template = "library/templates/library/overview.html";
    let read = evidence
        .iter()
        .find(|one| one["path"] == template && one["line"] == 4)
        .or_else(|| evidence.iter().find(|one| one["path"] == template && one["line"] == 3))
        .expect("the template reads the author");
    // Behind `  <li>« {{ book.title }} » {{ `, in characters.
    assert_eq!((&read["line"], &read["column"]), (&Value::from(3), &Value::from(31)));
}

#[test]
fn ids_stay_when_unrelated_lines_move() {
    let library = Library::new();
    let ids = |library: &Library| -> Vec<Value> {
        let report = check(library, &["--output-format", "json"]).json();
        let proposals = report["proposals"].as_array().expect("a list");
        proposals.iter().map(|proposal| proposal["id"].clone()).collect()
    };
    let before = ids(&library);
    let views = library.read("library/views.py");
    library.write("library/views.py", [b"import os\n\n\nprint(os)\n".as_slice(), &views].concat());
    assert_eq!(ids(&library), before);
}

#[test]
fn rules_are_selected_and_ignored_by_name() {
    let library = Library::new();
    let count = |arguments: &[&str]| {
        library.run(&[&["check", "--output-format", "concise"], arguments].concat()).out.lines().count()
    };
    assert_eq!(count(&["--select", "select-related"]), 2);
    assert_eq!(count(&["--select", "prefetch-related"]), 0);
    assert_eq!(count(&["--select", "select-related", "--ignore", "select-related"]), 0);
    assert_eq!(count(&["--select", "prefetch-related,select-related"]), 2);
}

#[test]
fn an_unknown_rule_names_the_nearest() {
    let library = Library::new();
    for arguments in [
        ["check", "--select", "select-realted"],
        ["check", "--ignore", "select-realted"],
        ["explain", "select-realted", "-q"],
    ] {
        let arguments = if arguments[0] == "explain" { &arguments[..2] } else { &arguments[..] };
        let run = library.run(arguments);
        assert_eq!(run.code, Some(2));
        assert!(run.err.contains("did you mean `select-related`"), "{}", run.err);
        assert_eq!(run.out, "");
    }
}

#[test]
fn rules_are_listed_and_explained() {
    let library = Library::empty();
    let rules = library.run(&["rules"]);
    assert_eq!(rules.code, Some(0));
    for line in rules.out.lines() {
        let name = line.split_whitespace().next().expect("a name");
        let page = library.run(&["explain", name]);
        assert_eq!(page.code, Some(0));
        assert!(page.out.contains(name), "{}", page.out);
    }
}

#[test]
fn nothing_to_propose_is_exit_0() {
    let library = Library::new();
    library.write("library/views.py", "");
    let run = library.run(&["check"]);
    assert_eq!((run.code, run.out.as_str()), (Some(0), ""));
    assert!(run.err.contains("Nothing to propose in 3 files"), "{}", run.err);
    assert_eq!(library.run(&["diff"]).code, Some(0));
}

#[test]
fn quiet_says_no_more_than_the_result_and_verbose_says_how_long() {
    let library = Library::new();
    assert_eq!(check(&library, &["--quiet"]).err, "");
    let run = check(&library, &["--verbose"]);
    for words in ["3 Python files", "queries", " ms", "Django ", "settings", "left open: "] {
        assert!(run.err.contains(words), "{}", run.err);
    }
}

#[test]
fn wrong_usage_is_exit_2() {
    let library = Library::new();
    for arguments in [&["check", "--frobnicate"][..], &["frobnicate"], &["check", "no/such/folder"], &[]] {
        let run = library.run(arguments);
        assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(!run.err.is_empty());
    }
}

#[test]
fn colours_follow_the_terminal_the_environment_and_the_option() {
    let library = Library::new();
    let is_colored = |variables: &[(&str, &str)], arguments: &[&str]| {
        ["check", "diff"].map(|what| {
            let mut command = command(&library.path());
            command.arg(what).args(arguments).envs(variables.iter().copied());
            let output = command.output().expect("the command can be run");
            output.stdout.contains(&0x1b)
        })
    };
    assert_eq!(is_colored(&[], &[]), [false; 2], "a pipe is no terminal");
    assert_eq!(is_colored(&[("FORCE_COLOR", "1")], &[]), [true; 2]);
    assert_eq!(is_colored(&[("FORCE_COLOR", "1"), ("NO_COLOR", "1")], &[]), [false; 2]);
    assert_eq!(is_colored(&[("NO_COLOR", "1")], &["--color", "always"]), [true; 2]);
    assert_eq!(is_colored(&[("FORCE_COLOR", "1")], &["--color", "never"]), [false; 2]);
}

#[test]
fn any_number_of_threads_gives_the_same_bytes() {
    let newsroom = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/newsroom");
    let newsroom = newsroom.to_str().expect("a Unicode path");
    let library = Library::empty();
    for arguments in [&["check", "--output-format", "json"][..], &["check"], &["diff", "--unsafe"]] {
        let run = |threads: &str| library.run(&[arguments, &["--threads", threads, newsroom]].concat());
        let one = run("1");
        assert!(one.out.len() > 1000, "{}", one.err);
        for threads in ["2", "7"] {
            let other = run(threads);
            assert!(one.out == other.out, "{arguments:?} differs with {threads} threads");
            assert_eq!(one.err, other.err);
        }
    }
}

#[test]
fn one_file_is_checked_alone() {
    let library = Library::new();
    let run = check(&library, &["library/views.py", "--output-format", "concise"]);
    assert_eq!(run.code, Some(0), "{}{}", run.out, run.err);
    library.write("reader.py", READER);
    assert_eq!(check(&library, &["reader.py"]).code, Some(0));
}

#[test]
fn tests_that_count_queries_are_named() {
    let library = Library::new();
    library.write(
        "library/tests.py",
        "\
from django.test import TestCase

from .models import Book
from .views import names


class BookTests(TestCase):
    def test_names(self):
        with self.assertNumQueries(3):
            names()

    def test_rows(self):
        with self.assertNumQueries(1):
            Book.objects.count()
",
    );
    let run = library.run(&["check"]);
    let will =
        "   tests that will notice:\n     library/tests.py:9 BookTests.test_names, assertNumQueries(3)\n";
    let may = "   tests that may notice, as they share the model:\n     library/tests.py:13 BookTests.test_rows, assertNumQueries(1)\n";
    assert_eq!(run.out.matches(will).count(), 1, "{}", run.out);
    assert_eq!(run.out.matches(may).count(), 2, "both may notice the other query: {}", run.out);

    let report = library.run(&["check", "--output-format", "json"]).json();
    let proposals = report["proposals"].as_array().expect("a list");
    let names = proposals.iter().find(|it| it["symbol"] == "names").expect("it is proposed");
    let sure: Vec<&Value> =
        names["tests"].as_array().expect("a list").iter().map(|it| &it["notices"]).collect();
    assert_eq!(sure, ["will", "may"]);
    assert_eq!(
        (&names["tests"][0]["line"], &names["tests"][0]["column"]),
        (&Value::from(9), &Value::from(14))
    );

    let run = library.run(&["apply", "--allow-no-vcs"]);
    assert!(
        run.err.contains("1 test counted these queries and will notice:\n  library/tests.py:9 "),
        "{}",
        run.err
    );
}
