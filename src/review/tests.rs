//! Screens, as they are drawn, and what keys do to them.

use std::fs;
use std::io::Cursor;
use std::time::{Duration, Instant};

use clap::Parser;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::layout::Rect;

use super::decisions::{Decision, EditedFile};
use super::draw::{body_width, draw};
use super::state::{Effect, Key};
use super::{Left, Session, plain};
use crate::analysis::{Outcome, analyse};
use crate::arguments::{Cli, Command};

const MODELS: &str = "\
from django.db import models


class Author(models.Model):
    name = models.CharField(max_length=20)


class Tag(models.Model):
    name = models.CharField(max_length=20)


class Book(models.Model):
    title = models.CharField(max_length=20)
    author = models.ForeignKey(Author, models.CASCADE)
    tags = models.ManyToManyField(Tag)
";

const VIEWS: &str = "\
from .models import Book


def names():
    # all of them
    return [book.author.name for book in Book.objects.all()]


def labels():
    books = Book.objects.order_by(\"title\")
    return {book.title: [tag.name for tag in book.tags.all()] for book in books}
";

const REPORTS: &str = "\
from .models import Book


def report_on_all_books_with_a_rather_long_name():
    for book in Book.objects.all():
        yield f\"{book.title}: {book.author.name}\"
";

fn project() -> (tempfile::TempDir, Outcome) {
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("shop")).expect("a folder");
    let files = [("__init__.py", ""), ("models.py", MODELS), ("views.py", VIEWS), ("reports.py", REPORTS)];
    for (name, text) in files {
        fs::write(folder.path().join("shop").join(name), text).expect("a file");
    }
    let outcome = outcome(&folder);
    (folder, outcome)
}

fn outcome(folder: &tempfile::TempDir) -> Outcome {
    let path = folder.path().to_str().expect("a name");
    let cli = Cli::parse_from([
        "tuneup",
        "review",
        "--quiet",
        "--isolated",
        "--select=select-related,prefetch-related",
        path,
    ]);
    let Command::Review { project, .. } = cli.command else { panic!("it reviews") };
    analyse(&project).expect("it is read")
}

fn open<'a>(folder: &tempfile::TempDir, outcome: &'a Outcome) -> Session<'a> {
    Session::open(outcome, folder.path(), false).expect("it opens").expect("something is proposed")
}

/// Presses keys one by one, with what they ask for done.
fn press(session: &mut Session<'_>, keys: &str) {
    for c in keys.chars() {
        let key = match c {
            '\n' => Key::Enter,
            '\x1b' => Key::Escape,
            c => Key::Char(c),
        };
        match session.state.press(key, 20, 100) {
            Effect::Save => session.save().expect("it is kept"),
            Effect::Prepare => session.prepare(),
            _ => {}
        }
    }
}

fn screen(session: &mut Session<'_>, width: u16, height: u16) -> String {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a terminal");
    let lines = session.sheet(body_width(Rect::new(0, 0, width, height))).to_vec();
    terminal
        .draw(|frame| {
            draw(frame, &session.state, &lines, true);
        })
        .expect("it draws");
    terminal.backend().to_string()
}

#[test]
fn every_screen_is_as_it_was() {
    let (folder, outcome) = project();
    let mut session = open(&folder, &outcome);
    insta::assert_snapshot!("first", screen(&mut session, 120, 40));
    insta::assert_snapshot!("narrow", screen(&mut session, 60, 30));
    press(&mut session, "s");
    insta::assert_snapshot!("side_by_side", screen(&mut session, 170, 34));
    press(&mut session, "s?");
    insta::assert_snapshot!("help", screen(&mut session, 100, 30));
    insta::assert_snapshot!("help_narrow", screen(&mut session, 60, 30));
    press(&mut session, "    ");
    insta::assert_snapshot!("help_end", screen(&mut session, 60, 24));
    press(&mut session, "q/lab");
    insta::assert_snapshot!("search", screen(&mut session, 100, 24));
    press(&mut session, "\n");
    insta::assert_snapshot!("found", screen(&mut session, 100, 24));
    press(&mut session, "igenres are few");
    insta::assert_snapshot!("reason", screen(&mut session, 100, 24));
    press(&mut session, "\nyn");
    insta::assert_snapshot!("all_decided", screen(&mut session, 100, 30));
    press(&mut session, "w");
    insta::assert_snapshot!("confirm", screen(&mut session, 100, 30));
}

#[test]
fn only_sixteen_colours_are_used_and_none_where_none_are_wanted() {
    let (folder, outcome) = project();
    let mut session = open(&folder, &outcome);
    press(&mut session, "ynj");
    let mut colors = |colored: bool| {
        let mut terminal = Terminal::new(TestBackend::new(120, 40)).expect("a terminal");
        let lines = session.sheet(body_width(Rect::new(0, 0, 120, 40))).to_vec();
        terminal
            .draw(|frame| {
                draw(frame, &session.state, &lines, colored);
            })
            .expect("it draws");
        let buffer = terminal.backend().buffer();
        let mut colors: Vec<String> =
            buffer.content().iter().flat_map(|cell| [cell.fg, cell.bg]).map(|it| format!("{it:?}")).collect();
        colors.sort();
        colors.dedup();
        colors
    };
    assert_eq!(colors(true), ["Blue", "Cyan", "Green", "Magenta", "Red", "Reset", "Yellow"]);
    assert_eq!(colors(false), ["Reset"]);
}

#[test]
fn any_size_can_be_drawn() {
    let (folder, outcome) = project();
    let mut session = open(&folder, &outcome);
    for keys in ["", "?", "x/a", "\nia", "\x1byw", "q"] {
        press(&mut session, keys);
        for (width, height) in [(1, 1), (3, 2), (20, 5), (60, 24), (99, 3), (100, 3), (300, 100)] {
            let shown = screen(&mut session, width, height);
            assert_eq!(shown.lines().count(), usize::from(height), "{width}x{height}");
        }
    }
}

#[test]
fn decisions_outlive_the_session_until_what_was_shown_changes() {
    let (folder, first) = project();
    let mut session = open(&folder, &first);
    press(&mut session, "yn");
    drop(session);
    // Another day: lines have moved in one file, and the query of the other is another one.
    let moved = format!("\"\"\"Reports.\"\"\"\n\n{REPORTS}");
    fs::write(folder.path().join("shop/reports.py"), moved).expect("a file");
    let changed = VIEWS.replacen("Book.objects.all()", "Book.objects.order_by(\"title\")", 1);
    fs::write(folder.path().join("shop/views.py"), changed).expect("a file");
    let second = outcome(&folder);
    let session = open(&folder, &second);
    let counts = session.state.counts(|_| true);
    assert_eq!(counts, [1, 0, 2], "what moved is kept, what changed is asked again");
    let ignore = fs::read_to_string(folder.path().join(".tuneup/.gitignore")).expect("git does not see it");
    assert_eq!(ignore, "*\n");
    let fresh =
        Session::open(&second, folder.path(), true).expect("it opens").expect("something is proposed");
    assert_eq!(fresh.state.counts(|_| true), [0, 0, 3]);
}

#[test]
fn the_rest_of_a_rule_or_file_is_decided_at_once_and_taken_back_at_once() {
    let (folder, outcome) = project();
    let mut session = open(&folder, &outcome);
    press(&mut session, "Y");
    assert_eq!(session.state.counts(|proposal| proposal.rule == "select-related"), [2, 0, 0]);
    assert_eq!(session.state.counts(|_| true), [2, 0, 1]);
    press(&mut session, "u");
    assert_eq!(session.state.counts(|_| true), [0, 0, 3]);
    press(&mut session, "gjF");
    let in_views = |proposal: &tuneup_transforms::Proposal| proposal.place.path == "shop/views.py";
    assert_eq!(session.state.counts(in_views), [0, 2, 0]);
    press(&mut session, "u");
    assert_eq!(session.state.counts(|_| true), [0, 0, 3]);
}

#[test]
fn after_a_search_n_is_the_next_that_fits_until_another_key() {
    let (folder, outcome) = project();
    let mut session = open(&folder, &outcome);
    press(&mut session, "/shop/views\n");
    assert_eq!(session.state.current, 1);
    press(&mut session, "n");
    assert_eq!(session.state.current, 2);
    assert_eq!(session.state.counts(|_| true), [0, 0, 3], "that was no decision");
    press(&mut session, "\x1bn");
    assert_eq!(session.state.counts(|_| true), [0, 1, 2]);
}

#[test]
fn the_rest_of_a_kind_is_offered_after_several_yeses_but_never_what_is_unsafe() {
    let (folder, _) = project();
    let functions = (0..6).map(|n| {
        // What is written while rows are looped over is read before that by a join.
        let write = if n == 5 { "        book.author.save()\n" } else { "" };
        format!("\n\ndef report_{n}():\n    for book in Book.objects.all():\n{write}        print(book.author.name)\n")
    });
    let text = format!("from .models import Book\n{}", functions.collect::<String>());
    fs::write(folder.path().join("shop/many.py"), text).expect("a file");
    let outcome = outcome(&folder);
    let mut session = open(&folder, &outcome);
    let is_unsafe =
        |proposal: &tuneup_transforms::Proposal| proposal.safety == tuneup_transforms::Safety::Unsafe;
    assert_eq!(session.state.counts(is_unsafe), [0, 0, 1]);
    press(&mut session, "yy");
    assert!(!session.state.note.contains('Y'), "two are no habit: {}", session.state.note);
    press(&mut session, "y");
    assert_eq!(session.state.note, "Y approves the other 4 safe ones of select-related");
    insta::assert_snapshot!("offer", screen(&mut session, 120, 30));
    press(&mut session, "Y");
    assert_eq!(session.state.counts(is_unsafe), [0, 0, 1], "that one is asked by itself");
    assert_eq!(session.state.counts(|proposal| proposal.rule == "select-related"), [7, 0, 1]);
    insta::assert_snapshot!("rest", screen(&mut session, 120, 30));
    press(&mut session, "/report_5\n");
    insta::assert_snapshot!("unsafe", screen(&mut session, 120, 40));
}

#[test]
fn a_silenced_proposal_is_written_as_a_comment_with_the_reason() {
    let (folder, outcome) = project();
    let mut session = open(&folder, &outcome);
    press(&mut session, "yithree rows\n");
    let rendering = session.rendering();
    assert_eq!(rendering.withheld, []);
    let views = rendering.files.iter().find(|file| file.path == "shop/views.py").expect("it is written");
    let text = String::from_utf8_lossy(&views.after);
    let expected =
        "    # all of them\n    # tuneup: ignore[select-related] -- three rows\n    return [book.author";
    assert!(text.contains(expected), "{text}");
}

#[test]
fn lines_take_the_same_keys_as_the_screen() {
    let (folder, outcome) = project();
    let mut session = open(&folder, &outcome);
    let mut out = Vec::new();
    let mut input = Cursor::new("y\n/labels\ni not many\nw\ny\n");
    let left = plain::run(&mut session, &mut input, &mut out, false).expect("it runs");
    assert_eq!(left, Left::Write);
    assert_eq!(session.state.counts(|_| true), [1, 1, 1]);
    insta::assert_snapshot!("plain", String::from_utf8_lossy(&out));
}

#[test]
fn tests_that_count_queries_are_shown() {
    let (folder, _) = project();
    let tests = "from .views import names\n\ndef test_names(django_assert_num_queries):\n    \
                 with django_assert_num_queries(2):\n        names()\n";
    fs::write(folder.path().join("shop/tests.py"), tests).expect("a file");
    let outcome = outcome(&folder);
    let proposal = outcome.proposals.iter().find(|it| it.symbol == "names").expect("it is proposed");
    let lines = super::sheet::sheet(&outcome, proposal, None, 80, false);
    let text: Vec<String> =
        lines.iter().map(|line| line.iter().map(|(_, text)| text.as_str()).collect()).collect();
    let at = text.iter().position(|line| line == "Tests that will notice").expect("a heading");
    assert_eq!(text[at + 1], "shop/tests.py:4 test_names, django_assert_num_queries(2)");
}

#[test]
fn five_hundred_proposals_wait_for_nobody() {
    let (folder, _) = project();
    let functions = (0..500).map(|n| {
        format!("\n\ndef report_{n}():\n    return [book.author.name for book in Book.objects.filter(pk__gt={n})]\n")
    });
    for (n, chunk) in functions.collect::<Vec<_>>().chunks(25).enumerate() {
        let text = format!("from .models import Book\n{}", chunk.concat());
        fs::write(folder.path().join(format!("shop/part_{n}.py")), text).expect("a file");
    }
    let outcome = outcome(&folder);
    let start = Instant::now();
    let mut session = open(&folder, &outcome);
    screen(&mut session, 120, 40);
    let opened = start.elapsed();
    assert!(session.state.proposals.len() >= 500);
    assert!(opened < Duration::from_millis(300), "the first screen took {opened:?}");
    let mut slow = Vec::new();
    let keys = "yjnkuJKsYuNufuFu?x/report_44\n>Gig few rows\nuyyyyjjjjnnnnYw";
    for c in keys.chars() {
        let start = Instant::now();
        press(&mut session, &c.to_string());
        screen(&mut session, 200, 60);
        if start.elapsed() > Duration::from_millis(50) {
            slow.push((c, start.elapsed()));
        }
    }
    // A machine that does other work may keep one key waiting, not two.
    assert!(slow.len() < 2, "{slow:?}");
}

/// A copy of a fixture, with what some rules propose for it.
fn fixture(name: &str, rules: &str) -> (tempfile::TempDir, Outcome) {
    let folder = tempfile::tempdir().expect("a folder");
    let from = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name);
    for entry in walkdir::WalkDir::new(&from) {
        let entry = entry.expect("the fixture can be read");
        let to = folder.path().join(entry.path().strip_prefix(&from).expect("below the fixture"));
        if entry.file_type().is_dir() {
            fs::create_dir_all(to).expect("a folder");
        } else {
            fs::copy(entry.path(), to).expect("a file");
        }
    }
    let path = folder.path().to_str().expect("a name");
    let cli = Cli::parse_from(["tuneup", "review", "--quiet", "--isolated", "--select", rules, path]);
    let Command::Review { project, .. } = cli.command else { panic!("it reviews") };
    let outcome = analyse(&project).expect("it is read");
    (folder, outcome)
}

#[test]
fn what_becomes_possible_is_shown_before_it_is_written() {
    let (folder, outcome) = fixture("bookshop", "redis-cache,cached-sessions,cached-template-loader");
    let mut session = open(&folder, &outcome);
    // A cache that processes share is what sessions can be read from.
    press(&mut session, "/redis-cache\nyw");
    assert!(session.is_looking());
    session.wait_for_outlook();
    insta::assert_snapshot!("newly_possible", screen(&mut session, 100, 30));
    insta::assert_snapshot!("confirm_short", screen(&mut session, 60, 14));
}

#[test]
fn what_is_not_needed_any_more_is_shown_before_it_is_written() {
    let (folder, outcome) = project();
    let mut session = open(&folder, &outcome);
    press(&mut session, "j");
    // The user's editor leaves out the function that the other proposal is about.
    let kept = VIEWS
        .split("\n\n\ndef labels")
        .next()
        .expect("a part")
        .replace(".all()", ".select_related(\"author\")");
    let edited = EditedFile::new(Some(VIEWS.as_bytes()), format!("{kept}\n"));
    let files = [("shop/views.py".to_owned(), edited)].into_iter().collect();
    session.state.set(&[1], &Decision::Edited(files));
    insta::assert_snapshot!("edited", screen(&mut session, 100, 30));
    press(&mut session, "w");
    session.wait_for_outlook();
    insta::assert_snapshot!("needless", screen(&mut session, 100, 30));
}

#[test]
fn a_migration_and_a_setting_are_shown_whole() {
    let (folder, outcome) = fixture("newsroom", "meta-indexes,sentry,prometheus");
    let mut session = open(&folder, &outcome);
    press(&mut session, "/meta-indexes\n");
    let shown = screen(&mut session, 120, 60);
    // Its name and its first line hold the day.
    for part in ["(new file)", "migrations.AddIndex(", "articles/models/article.py", "        indexes = ["] {
        assert!(shown.contains(part), "{part}: {shown}");
    }
    press(&mut session, "/sentry\n");
    insta::assert_snapshot!("setting", screen(&mut session, 120, 60));
    press(&mut session, "y");
    insta::assert_snapshot!("setting_narrow", screen(&mut session, 60, 24));
}
