//! Reports for other programs: each has the form that its readers ask for, whatever the texts hold.

use std::fs;

use serde_json::Value;

use crate::support::{Library, READER, Run};

/// A project whose file names, symbols and texts are hard on every format.
fn hostile() -> Library {
    let library = Library::committed();
    library.write(
        "odd: 100%, a&b <c>.py",
        "from library.models import Book\n\n\ndef naïve():\n    é = [b.author.name for b in Book.objects.all()]\n    return é\n",
    );
    library.write("broken.py", "def f(:\n");
    library
}

fn check(library: &Library, format: &str) -> Run {
    library.run(&["check", "--select", "select-related", "--output-format", format])
}

#[test]
fn json_lines_is_one_object_a_line() {
    let library = hostile();
    let run = check(&library, "json-lines");
    let lines: Vec<Value> =
        run.out.lines().map(|line| serde_json::from_str(line).expect("each line is JSON")).collect();
    let types: Vec<&str> = lines.iter().filter_map(|line| line["type"].as_str()).collect();
    assert_eq!(types, ["proposal", "proposal", "proposal", "error"], "{}", run.out);
    let whole = check(&library, "json").json();
    for (line, proposal) in lines.iter().zip(whole["proposals"].as_array().expect("a list")) {
        let mut line = line.clone();
        line.as_object_mut().expect("an object").remove("type");
        assert_eq!(line, *proposal);
    }
    assert_eq!(run.code, Some(2));
}

#[test]
fn json_holds_the_files_that_a_proposal_makes() {
    let library = Library::new();
    library.write(
        "manage.py",
        "import os\nos.environ.setdefault(\"DJANGO_SETTINGS_MODULE\", \"site_.settings\")\n",
    );
    library.write("site_/__init__.py", "");
    library.write(
        "site_/settings.py",
        "DEBUG = False\nSECRET_KEY = \"x\"\nINSTALLED_APPS = [\"library\"]\nMIDDLEWARE = []\nROOT_URLCONF = \"site_.urls\"\n\
         DATABASES = {\"default\": {\"ENGINE\": \"django.db.backends.sqlite3\", \"NAME\": \"x\"}}\n",
    );
    library.write("site_/urls.py", "urlpatterns = []\n");
    library.write(
        "site_/wsgi.py",
        "import os\nfrom django.core.wsgi import get_wsgi_application\n\
         os.environ.setdefault(\"DJANGO_SETTINGS_MODULE\", \"site_.settings\")\napplication = get_wsgi_application()\n",
    );
    let report = library.run(&["check", "--select", "health-check", "--output-format", "json"]).json();
    let proposal = &report["proposals"][0];
    let creates = proposal["creates"].as_array().expect("a list");
    assert!(!creates.is_empty(), "{report:#}");
    for file in creates {
        let path = file["path"].as_str().expect("a path");
        assert!(!library.at(path).exists());
        assert!(file["content"].as_str().is_some_and(|content| !content.is_empty()));
    }
    let edits = proposal["edits"].as_array().expect("a list");
    assert!(edits.iter().all(|edit| library.at(edit["path"].as_str().expect("a path")).exists()));
}

/// Takes out patterns that are no regular expressions by the letter of the standard: the schema has a bare `]` in those
/// of languages, which no report here names.
fn without_loose_patterns(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            object.retain(|key, value| {
                key != "pattern" || !value.as_str().is_some_and(|pattern| pattern.contains("{2}]?"))
            });
            object.values_mut().for_each(without_loose_patterns);
        }
        Value::Array(values) => values.iter_mut().for_each(without_loose_patterns),
        _ => {}
    }
}

#[test]
fn sarif_is_what_its_schema_asks_for() {
    let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/sarif/sarif-schema-2.1.0.json");
    let mut schema: Value =
        serde_json::from_slice(&fs::read(schema).expect("it is there")).expect("it is JSON");
    without_loose_patterns(&mut schema);
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let newsroom = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/newsroom");
    let library = hostile();
    let clean = Library::empty();
    for (library, arguments) in
        [(&library, &["check"][..]), (&clean, &["check"]), (&library, &["check", newsroom])]
    {
        let report = library.run(&[arguments, &["--output-format", "sarif"]].concat()).json();
        let errors: Vec<String> = validator.iter_errors(&report).map(|error| error.to_string()).collect();
        assert_eq!(errors, [""; 0]);
    }
    let mut wrong = library.run(&["check", "--output-format", "sarif"]).json();
    wrong["runs"][0]["results"][0]["level"] = "severe".into();
    assert!(!validator.is_valid(&wrong), "the schema refuses something");
}

#[test]
fn sarif_fixes_give_the_same_file_as_apply() {
    let library = hostile();
    fs::remove_file(library.at("broken.py")).expect("it is there");
    let report = check(&library, "sarif").json();
    let run = &report["runs"][0];
    assert_eq!(run["invocations"][0]["executionSuccessful"], true);
    let odd = "odd%3A%20100%25%2C%20a%26b%20%3Cc%3E.py";
    let results = run["results"].as_array().expect("a list");
    let at = |result: &&Value| result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == *odd;
    let result = results.iter().find(at).expect("it is found");
    assert!(result["partialFingerprints"]["proposal/v1"].as_str().is_some_and(|id| id.contains("naïve")));
    let replacement = &result["fixes"][0]["artifactChanges"][0]["replacements"][0];
    let region = &replacement["deletedRegion"];
    let text = String::from_utf8(library.read("odd: 100%, a&b <c>.py")).expect("UTF-8");
    let line =
        text.lines().nth(region["startLine"].as_u64().expect("a number") as usize - 1).expect("a line");
    let column = region["startColumn"].as_u64().expect("a number") as usize - 1;
    let before: String = line.chars().take(column).collect();
    assert!(before.ends_with("Book.objects.all()"), "{before}");
    assert_eq!(replacement["insertedContent"]["text"], ".select_related(\"author\")");
}

#[test]
fn github_annotations_are_escaped() {
    let library = hostile();
    let run = check(&library, "github");
    let odd = run.out.lines().find(|line| line.contains("odd")).expect("it is found");
    assert!(odd.starts_with("::warning file=odd%3A 100%25%2C a&b <c>.py,line=5,col=33,endLine=5,"), "{odd}");
    assert!(odd.contains(",title=tuneup (select-related)::[safe] "), "{odd}");
    assert!(run.out.lines().any(|line| line.starts_with("::error file=broken.py,line=1")), "{}", run.out);
    assert!(run.out.lines().all(|line| line.starts_with("::")), "{}", run.out);
}

#[test]
fn gitlab_fingerprints_stay_when_unrelated_lines_move() {
    let library = hostile();
    let issues = |library: &Library| check(library, "gitlab").json().as_array().expect("a list").clone();
    let before = issues(&library);
    assert_eq!(before.len(), 4);
    let mut prints: Vec<&str> = before.iter().filter_map(|it| it["fingerprint"].as_str()).collect();
    prints.sort_unstable();
    prints.dedup();
    assert_eq!(prints.len(), 4, "each has its own");
    let views = library.read("library/views.py");
    library.write("library/views.py", [b"import os\n\n\nprint(os)\n".as_slice(), &views].concat());
    let after = issues(&library);
    for (one, other) in before.iter().zip(&after) {
        assert_eq!(one["fingerprint"], other["fingerprint"]);
    }
    assert_ne!(before[1]["location"], after[1]["location"]);
}

#[test]
fn junit_is_xml_and_counts() {
    let library = hostile();
    let run = check(&library, "junit");
    let parsed = library.feed(
        &library.path(),
        "python3",
        &[
            "-c",
            "import sys, xml.etree.ElementTree as E\n\
             root = E.fromstring(sys.stdin.buffer.read())\n\
             cases = root.findall('.//testcase')\n\
             print(root.get('tests'), root.get('failures'), root.get('errors'), len(cases))\n\
             print(sorted({case.get('file') for case in cases})[-1])",
        ],
        run.out.as_bytes(),
    );
    assert_eq!(parsed, "4 3 1 4\nodd: 100%, a&b <c>.py\n");
    let clean = Library::empty();
    assert!(check(&clean, "junit").out.contains("<testcase name=\"nothing to propose\""));
}

#[test]
fn paths_are_from_the_repository() {
    let library = Library::committed();
    let run = library.run_in(
        &library.at("library"),
        &["check", "--select", "select-related", "--output-format", "gitlab", ".."],
    );
    assert_eq!(run.json()[0]["location"]["path"], "library/views.py");
    let inner = Library::empty();
    inner.write("backend/library/__init__.py", "");
    for file in ["library/models.py", "library/views.py"] {
        inner.write(&format!("backend/{file}"), library.read(file));
    }
    inner.commit();
    let run = inner.run(&["check", "--select", "select-related", "--output-format", "gitlab", "backend"]);
    assert_eq!(run.json()[0]["location"]["path"], "backend/library/views.py");
}

#[test]
fn a_report_in_a_file_is_whole_or_not_there() {
    let library = Library::new();
    let arguments = ["check", "--select", "select-related", "--output-format", "json"];
    let direct = library.run(&arguments).out;
    let run = library.run(&[&arguments[..], &["--output-file", "report.json"]].concat());
    assert_eq!((run.code, run.out.as_str()), (Some(1), ""));
    assert!(run.err.contains("2 proposals"), "{}", run.err);
    assert_eq!(library.read("report.json"), direct.into_bytes());
    let run = library.run(&[&arguments[..], &["--output-file", "no/such/folder.json"]].concat());
    assert_eq!(run.code, Some(2));
    assert!(run.err.contains("no/such/folder.json: "), "{}", run.err);
}

#[test]
fn statistics_come_in_formats_that_can_hold_them() {
    let library = Library::new();
    let statistics = |format: &str| {
        library.run(&["check", "--select", "select-related", "--statistics", "--output-format", format])
    };
    let report = statistics("json").json();
    let expected =
        serde_json::json!({"rule": "select-related", "proposals": 2, "safe": 2, "unsafe": 0, "advice": 0});
    assert_eq!(report["statistics"], serde_json::json!([expected]));
    assert_eq!(statistics("json-lines").json(), expected);
    assert_eq!(
        statistics("github").out,
        "::notice title=tuneup (select-related)::2 proposals%3A 2 safe\n".replace("%3A", ":")
    );
    for format in ["sarif", "gitlab", "junit"] {
        let run = statistics(format);
        assert_eq!((run.code, run.out.as_str()), (Some(2), ""), "{format}");
        assert!(run.err.contains("json-lines"), "{}", run.err);
    }
}

#[cfg(unix)]
#[test]
fn names_and_sources_do_not_speak_to_the_terminal() {
    let library = Library::committed();
    let reader = READER.replace("    return", "    # \u{9b}31m \u{1b}[31m\n    return");
    library.write("a\n::error::b\u{1b}[31m.py", reader);
    for format in ["full", "concise"] {
        let run = check(&library, format);
        let has_control = |text: &str| text.contains(|c: char| c.is_control() && c != '\n');
        assert!(!has_control(&run.out) && !has_control(&run.err), "{}", run.shown());
        assert!(!run.out.lines().any(|line| line.starts_with("::error")), "{}", run.shown());
    }
}

#[test]
fn a_byte_order_mark_has_no_column() {
    let library = Library::committed();
    let reader =
        "\u{feff}def f(): return [b.author for b in Book.objects.all()]\n\nfrom library.models import Book\n";
    library.write("marked.py", reader);
    let run = check(&library, "full");
    assert_eq!(run.out.matches("marked.py:1:36").count(), 2, "{}", run.shown());
    assert!(run.out.contains("1 | def f()"), "{}", run.shown());
}
