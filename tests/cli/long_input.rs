//! Input that is long: each command takes about so many times longer as there is more of it, and does not take the square of that.
//!
//! The bounds are generous: what is done anew for every line of a file goes far beyond them, and a slow machine does not.

use std::time::{Duration, Instant};

use crate::support::{Library, Run};

/// Runs the command, which must come back in time.
#[track_caller]
fn soon(library: &Library, arguments: &[&str]) -> Run {
    let start = Instant::now();
    let run = library.run(arguments);
    let took = start.elapsed();
    assert!(took < Duration::from_secs(20), "{arguments:?} took {took:?}");
    assert!(!run.err.contains("internal error"), "{}", run.err);
    run
}

/// A project whose views each want a join.
fn many_views(count: usize) -> Library {
    let library = Library::new();
    let views = (0..count).map(|n| {
        format!(
            "def v{n}(r):\n    books=Book.objects.filter(title=\"{n}\")\n    for book in books: print(book.author.name)\n"
        )
    });
    library.write("library/many.py", format!("from .models import *\n{}", views.collect::<String>()));
    library
}

#[test]
fn each_proposal_of_a_long_file_is_written_by_what_it_touches() {
    let count = 5_000;
    let library = many_views(count);
    let report = soon(&library, &["check", "--select", "select-related", "--output-format", "json"]).json();
    let proposals = report["proposals"].as_array().expect("a list");
    assert_eq!(proposals.len(), count + 2);
    let edits = |n: usize| proposals[n]["edits"].as_array().expect("a list").len();
    assert!((0..count).all(|n| edits(n) == 1));
    soon(&library, &["check", "--select", "select-related", "--output-format", "sarif"]);
    let diff = soon(&library, &["diff", "--select", "select-related"]);
    assert_eq!(diff.out.matches("\n+    books=").count(), count);
}

#[test]
fn the_findings_of_a_long_file_are_shown_by_what_is_around_them() {
    let library = many_views(2_000);
    soon(&library, &["report", "--select", "select-related"]);
    let page = String::from_utf8(library.read("tuneup-report.html")).expect("UTF-8");
    assert_eq!(page.matches("<ins>").count(), 2_002);
    // Below the import and the two lines above it, in its own colours.
    let last = "<ins><span class=\"n\">6000</span><span class=\"sign\">+</span>    books=Book.objects.filter(title=\
                <span class=\"s\">\"1999\"</span>).select_related(<span class=\"s\">\"author\"</span>)";
    assert!(page.contains(last), "{}", &page[page.len() - 3_000..]);
}

#[test]
fn comments_within_a_query_may_be_many() {
    let library = Library::new();
    let comments = "      # c\n".repeat(20_000);
    let view =
        format!("def f(r):\n    for book in (Book.objects\n{comments}      .all()): print(book.author)\n");
    library.write("library/many.py", format!("from .models import *\n{view}"));
    let diff = soon(&library, &["diff", "--select", "select-related"]);
    assert!(diff.out.contains("+      .select_related(\"author\")): print(book.author)\n"), "{}", diff.err);
}

#[test]
fn models_may_inherit_in_a_long_line() {
    for meta in ["    class Meta:\n        abstract = True\n", ""] {
        let library = Library::new();
        let models: String = (1..1_200)
            .map(|n| format!("class M{n}(M{}):\n    f{n} = models.CharField(max_length=3)\n{meta}", n - 1))
            .collect();
        let first = format!(
            "from django.db import models\nclass M0(models.Model):\n    zero = models.IntegerField()\n{meta}"
        );
        library.write("library/more.py", format!("{first}{models}"));
        library.write("library/line.py", "from .more import *\nclass Last(M1199):\n    pass\n");
        let run = soon(&library, &["check", "--select", "select-related", "--output-format", "concise"]);
        assert_eq!(run.code, Some(1), "{}", run.err);
    }
}

#[test]
fn tags_that_nothing_ends_may_be_many() {
    let library = Library::new();
    let template = "library/templates/library/overview.html";
    let good = String::from_utf8(library.read(template)).expect("UTF-8");
    library.write(template, format!("{good}{}\n{good}", "{# {{ {% ".repeat(60_000)));
    let run = soon(&library, &["check", "--select", "select-related", "--output-format", "concise"]);
    assert_eq!(run.out.lines().count(), 2, "{}", run.out);
}
