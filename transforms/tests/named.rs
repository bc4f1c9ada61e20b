//! Functions whose parameters bear the name of a model: small projects in, proposals out.

mod support;

use support::check;

#[track_caller]
fn check_code(code: &str, expected: &[&str]) {
    check(&[("views.py", code)], expected);
}

const AUTHOR_OF_NOTES: &[&str] = &["Safe: return [note.user.name for note in book.notes.all()]: user"];

#[test]
fn a_parameter_that_bears_a_models_name_and_is_used_so_is_its_row() {
    check_code(
        "
def names(book):
    return [note.user.name for note in book.notes.all()]
",
        AUTHOR_OF_NOTES,
    );
    check_code(
        "
class Report:
    def names(self, book):
        print(book.title, book.pk, book.place)
        return [note.user.name for note in book.notes.all()]
",
        AUTHOR_OF_NOTES,
    );
}

#[test]
fn a_parameter_of_which_something_else_is_asked_is_none() {
    check_code(
        "
def names(book):
    book.open()
    return [note.user.name for note in book.notes.all()]
",
        &[],
    );
    check_code(
        "
def names(paper):
    return [note.user.name for note in paper.notes.all()]
",
        &[],
    );
    // What many models have is none of all, as what Django gives is.
    let asked = |what: &str| {
        format!(
            "def names(book):\n    print({what})\n    return [note.user.name for note in book.notes.all()]\n"
        )
    };
    for what in ["book.name", "book.get_absolute_url()"] {
        check_code(&asked(what), &[]);
    }
    for what in ["book.title", "book.pk", "book.full_clean()", "book.get_deferred_fields()", "book._state.db"]
    {
        check_code(&asked(what), AUTHOR_OF_NOTES);
    }
}

#[test]
fn a_name_that_two_models_have_tells_nothing() {
    check(
        &[
            ("views.py", "def names(book):\n    return [note.user.name for note in book.notes.all()]\n"),
            ("other/__init__.py", ""),
            ("other/models.py", "from django.db import models\n\n\nclass Book(models.Model):\n    pass\n"),
        ],
        &[],
    );
}

#[test]
fn what_one_row_gives_is_no_n_plus_one() {
    check_code("def name(book):\n    return book.author.country.name, book.editor.name\n", &[]);
}

#[test]
fn a_row_from_outside_may_be_of_a_subclass() {
    check_code(
        "
from shop.models import Author


def names(book):
    if isinstance(book, Author):
        return []
    return [note.user.name for note in book.notes.all()]
",
        AUTHOR_OF_NOTES,
    );
}

#[test]
fn a_parameter_that_a_class_keeps_is_used_as_the_class_uses_it() {
    let report = |kept: &str, read: &str| {
        format!(
            "
class Report:
    def __init__(self, book, notes=None):
        {kept}

    def names(self):
        {read}
        return [note.user.name for note in self.book.notes.all()]
"
        )
    };
    let found = ["Safe: return [note.user.name for note in self.book.notes.all()]: user"];
    check_code(&report("self.book = book", "print(self.book.title)"), &found);
    // It is asked what no book has, or something else is kept.
    check_code(&report("self.book = book", "self.book.open()"), &[]);
    check_code(&report("self.book = notes", "print(self.book.title)"), &[]);
}
