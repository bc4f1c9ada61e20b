//! Real Django as the judge: a project must answer as before, with fewer queries, after `tuneup` changed it.
//!
//! The judge itself is tried too, on changes made by hand: it must find each kind of wrong.

#[path = "judge/environments.rs"]
mod environments;
#[path = "judge/project.rs"]
mod project;
#[path = "judge/tool.rs"]
mod tool;

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::thread;

use serde_json::{Value, json};

use environments::{Environment, environments};
use project::{Copies, Verdict, Work};

#[test]
fn newsroom_answers_as_before_with_fewer_queries() {
    let copies = Copies::of("newsroom");
    let before = copies.copy("before");
    let proposals = tool::check(&before);
    assert!(!proposals.is_empty(), "nothing is proposed");
    let tiers: [(&str, &[&str], &[&str]); 2] =
        [("safe", &[], &["safe"]), ("unsafe", &["--unsafe"], &["safe", "unsafe"])];
    let mut after = Vec::new();
    for (tier, flags, applied) in tiers {
        let tree = copies.copy(tier);
        tool::apply(&tree, flags);
        let second = tool::check(&tree);
        let repeated = tool::repeated(&proposals, &second, applied);
        assert!(repeated.is_empty(), "proposed again after apply {flags:?}: {repeated:#?}");
        after.push((tier, tree));
    }
    let newest = environments().last().map(|environment| environment.django);
    let complaints: Vec<String> = thread::scope(|scope| {
        let judge = |environment: &'static Environment| {
            let work = Work {
                entries: "newsroom.py",
                before: &before,
                after: &after,
                proposals: &proposals,
                // Once is enough to see what each proposal does by itself.
                alone: Some(environment.django) == newest,
                only: None,
                scratch: copies.scratch(environment.django),
            };
            scope.spawn(move || (environment.django, work.judge(environment)))
        };
        let running: Vec<_> = environments().iter().map(judge).collect();
        running
            .into_iter()
            .flat_map(|run| {
                let (django, verdict) = run.join().expect("the judge comes to an end");
                let _ = writeln!(io::stderr(), "judge: newsroom under Django {django}: {}", verdict.summary);
                verdict.complaints.into_iter().map(move |complaint| format!("Django {django}: {complaint}"))
            })
            .collect()
    });
    assert!(complaints.is_empty(), "{}", complaints.join("\n"));
}

/// A change by hand, as a proposal would make it.
struct Edit {
    path: &'static str,
    old: &'static str,
    new: &'static str,
}

impl Edit {
    /// The proposal on the wire that makes this change; its place is the changed text.
    fn proposal(&self, tree: &Path) -> Value {
        let text = fs::read_to_string(tree.join(self.path)).expect("the file is there");
        let start = text.find(self.old).expect("the text is there");
        let line = text[..start].matches('\n').count() + 1;
        json!({
            "id": format!("by-hand:{}:{line}", self.path),
            "rule": "by-hand",
            "safety": "safe",
            "path": self.path,
            "line": line,
            "end_line": line,
            "evidence": [],
            "edits": [{"path": self.path, "start": start, "end": start + self.old.len(), "content": self.new}],
        })
    }

    fn apply(&self, tree: &Path) {
        let path = tree.join(self.path);
        let text = fs::read_to_string(&path).expect("the file is there");
        fs::write(&path, text.replacen(self.old, self.new, 1)).expect("the copy can be written");
    }
}

/// What the judge says of these changes, with the newest Django; `None` when there is none here.
fn judged(edits: &[Edit], only: &[&str]) -> Option<Verdict> {
    let environment = environments().last()?;
    let copies = Copies::of("newsroom");
    let before = copies.copy("before");
    let proposals: Vec<Value> = edits.iter().map(|edit| edit.proposal(&before)).collect();
    let after = copies.copy("safe");
    for edit in edits {
        edit.apply(&after);
    }
    let work = Work {
        entries: "newsroom.py",
        before: &before,
        after: &[("safe", after)],
        proposals: &proposals,
        alone: true,
        only: Some(only),
        scratch: copies.scratch("scratch"),
    };
    Some(work.judge(environment))
}

/// The only complaint, or one among several, that has these words in it.
#[track_caller]
fn assert_complains(verdict: Option<Verdict>, words: &str) {
    if let Some(verdict) = verdict {
        assert!(
            verdict.complaints.iter().any(|complaint| complaint.contains(words)),
            "no complaint says {words:?}: {:#?}",
            verdict.complaints
        );
    }
}

const DIRECTORY: Edit = Edit {
    path: "accounts/services.py",
    old: "User.objects.order_by(\"username\")]",
    new: "User.objects.select_related(\"city__country\", \"profile\").order_by(\"username\")]",
};

#[test]
fn a_right_change_is_fine() {
    if let Some(verdict) = judged(&[DIRECTORY], &["accounts.services:directory"]) {
        assert_eq!(verdict.complaints, Vec::<String>::new());
        assert_eq!(
            verdict.summary,
            "1 entries, 1 proposals, 1 of 1 mistakes mended; queries: 40 before, 1 after safe"
        );
    }
}

#[test]
fn a_changed_result_is_seen() {
    // The products of some downloads are gone, and a join drops the rows.
    let edit = Edit {
        path: "shop/reports.py",
        old: "Download.objects.order_by(",
        new: "Download.objects.select_related(\"product\", \"user\").order_by(",
    };
    assert_complains(judged(&[edit], &["shop.reports:downloads"]), "gives something else");
}

#[test]
fn a_changed_response_is_seen() {
    let edit = Edit {
        path: "articles/views/pages.py",
        old: "Review.objects.order_by(\"pk\")",
        new: "Review.objects.select_related(\"product__supplier\").order_by(\"-pk\")",
    };
    assert_complains(judged(&[edit], &["/articles/reviews/"]), "gives something else");
}

#[test]
fn a_failure_is_seen() {
    let edit = Edit {
        path: "accounts/services.py",
        old: DIRECTORY.old,
        new: "User.objects.select_related(\"town\").order_by(\"username\")]",
    };
    assert_complains(judged(&[edit], &["accounts.services:directory"]), "FieldError");
}

#[test]
fn a_query_too_many_is_seen() {
    let edit = Edit {
        path: "articles/views/staff.py",
        old: "Article.objects.drafts().with_people()",
        new: "Article.objects.drafts().with_people().prefetch_related(\"tags\")",
    };
    let verdict = judged(&[edit], &["/articles/staff/drafts/"]);
    assert_complains(verdict, "1 queries before, 2 after");
}

#[test]
fn a_heavier_query_where_all_was_right_is_seen() {
    let edit = Edit {
        path: "articles/views/staff.py",
        old: "Article.objects.exclude(editor=None)",
        new: "Article.objects.select_related(\"editor\").exclude(editor=None)",
    };
    let verdict = judged(&[edit], &["/articles/staff/load/"]);
    assert_complains(verdict, "was right, and now makes other queries");
}

#[test]
fn half_of_a_fix_is_seen() {
    let edit = Edit {
        path: DIRECTORY.path,
        old: DIRECTORY.old,
        new: "User.objects.select_related(\"city\").order_by(\"username\")]",
    };
    assert_complains(judged(&[edit], &["accounts.services:directory"]), "it still grows");
}

#[test]
fn a_proposal_that_mends_nothing_is_seen() {
    let edit = Edit {
        path: "accounts/services.py",
        old: "Membership.objects.all()",
        new: "Membership.objects.all().order_by(\"pk\")",
    };
    let verdict = judged(&[edit], &["accounts.services:role_table"]);
    assert_complains(verdict, "no entry that runs its lines makes fewer queries");
}

#[test]
fn a_proposal_that_hides_behind_another_is_seen() {
    let idle = Edit { path: DIRECTORY.path, old: "[describe(user) for", new: "[describe(user) for" };
    let verdict = judged(&[DIRECTORY, idle], &["accounts.services:directory"]);
    assert_complains(verdict, "alone: no entry that runs its lines makes fewer queries");
}

#[test]
fn a_proposal_that_no_entry_runs_is_seen() {
    let verdict = judged(&[DIRECTORY], &["accounts.services:mentors"]);
    assert_complains(verdict, "no entry runs the lines of this proposal");
}

#[test]
fn the_fixture_is_as_its_claims_say() {
    for environment in environments() {
        let copies = Copies::of("newsroom");
        let before = copies.copy("before");
        let work = Work {
            entries: "newsroom.py",
            before: &before,
            after: &[],
            proposals: &[],
            alone: false,
            only: None,
            scratch: copies.scratch("scratch"),
        };
        let verdict = work.judge(environment);
        assert_eq!(verdict.complaints, Vec::<String>::new(), "under Django {}", environment.django);
    }
}

const MODELS: &str = "\
from django.db import models


class Author(models.Model):
    name = models.CharField(max_length=20)


class Book(models.Model):
    author = models.ForeignKey(Author, models.CASCADE, related_name=\"books\")
    title = models.CharField(max_length=20)
";

/// A case whose module reads the authors of these books, before and after.
fn page(name: &str, before: &str, after: Option<&str>) -> Value {
    let files = |books: &str| {
        let code = format!(
            "from .models import Book\n\n\ndef run():\n    return [book.author.name for book in {books}]\n"
        );
        json!({"blog/models.py": MODELS, "blog/reports.py": code})
    };
    json!({"name": name, "before": files(before), "after": after.map(files)})
}

#[test]
fn cases_of_pages_are_judged() {
    let joined = "Book.objects.select_related(\"author\")";
    let cases = [
        page("right", "Book.objects.all()", Some(joined)),
        page("only runs", joined, None),
        page("fails", "Book.objects.select_related(\"writer\")", None),
        page("fails after", "Book.objects.all()", Some("Book.objects.select_related(\"writer\")")),
        page(
            "other result",
            "Book.objects.order_by(\"pk\")",
            Some("Book.objects.select_related(\"author\")[1:]"),
        ),
        page("no fewer", "Book.objects.all()", Some("Book.objects.order_by(\"pk\")")),
        page("more", joined, Some("Book.objects.all()")),
        json!({"name": "nothing to call", "before": {"blog/models.py": MODELS}, "after": null}),
    ];
    let expected = [
        ("right", None, json!([13, 1])),
        ("only runs", None, json!([1, null])),
        ("fails", Some("FieldError"), json!([0, null])),
        ("fails after", Some("FieldError"), json!([13, 0])),
        ("other result", Some("gives something else"), json!([13, 1])),
        ("no fewer", Some("no fewer queries"), json!([13, 13])),
        ("more", Some("makes more queries"), json!([1, 13])),
        ("nothing to call", Some("no function to call"), json!([0, null])),
    ];
    for environment in environments() {
        let answer = environment.run("page_case.py", &json!({"cases": cases}));
        let results = answer["results"].as_array().expect("a list of results");
        assert_eq!(results.len(), expected.len());
        for (result, (name, words, queries)) in results.iter().zip(&expected) {
            assert_eq!(result["name"], *name);
            assert_eq!(result["ok"], words.is_none(), "{result}");
            let message = result["message"].as_str().expect("a message");
            assert!(message.contains(words.unwrap_or_default()), "{result}");
            assert_eq!(json!([result["queries_before"], result["queries_after"]]), *queries, "{result}");
        }
    }
}
