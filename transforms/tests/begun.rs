//! What a model's `__init__` reads of its own row: it runs before anything that the query loads is there.

mod support;

use support::check;

/// A model whose `__init__` has this body, and its rows as code reads them.
#[track_caller]
fn reads(init: &str, read: &str, expected: &[&str]) {
    let models = format!(
        r#"
from django.db import models
from shop.models import Author, Book


class Copy(models.Model):
    number = models.UUIDField(primary_key=True)
    book = models.ForeignKey(Book, on_delete=models.CASCADE, related_name="copies")
    reader = models.ForeignKey(Author, null=True, on_delete=models.CASCADE, related_name="+")
    former = models.ManyToManyField(Author, related_name="+")

    class Meta:
        app_label = "shop"

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        {init}

    def load(self):
        self.title = self.book.title
"#
    );
    let code = format!(
        "from shop.copies import Copy\n\n\ndef listed(request):\n    for copy in Copy.objects.all():\n        {read}\n"
    );
    let expected: Vec<String> =
        expected.iter().map(|fields| format!("Safe: for copy in Copy.objects.all():: {fields}")).collect();
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    check(&[("copies.py", &models), ("code.py", &code)], &expected);
}

#[test]
fn a_foreign_key_that_init_follows_is_loaded_for_the_rest() {
    let read = "print(copy.book.title, copy.reader.name)";
    reads("self.shown = 1", read, &["book, reader"]);
    for init in [
        "self.shown = self.book.title",
        "self.load()",
        "if not isinstance(args[0], dict):\n            self.load()",
        "if self.number:\n            self.load()",
    ] {
        reads(init, read, &["reader"]);
    }
    // It is not of the related row.
    reads("self.load()", "print(copy.book.author.name)", &["book__author"]);
    reads(
        "self.shown = self.book.author.name",
        "print(copy.book.author.country.name)",
        &["book__author__country"],
    );
    reads("self.shown = self.book.author.name", "print(copy.book.author.name)", &[]);
}

#[test]
fn init_does_for_a_row_what_it_does_with_columns() {
    let read = "print(copy.book.title)";
    for init in [
        "if args and isinstance(args[0], dict):\n            self.load()",
        "if not args:\n            self.load()",
        "if self._state.adding:\n            self.load()",
        "if kwargs.get('load'):\n            self.load()",
    ] {
        reads(init, read, &["book"]);
    }
}

#[test]
fn related_rows_that_init_asks_for_are_asked_for_anew() {
    reads(
        "self.names = [author.name for author in self.former.all()]",
        "print([author.country.name for author in copy.former.all()])",
        &["former__country"],
    );
    // Only another reads it, which the query does not serve.
    reads("self.names = [author.name for author in self.former.all()]", "print(copy.names)", &[]);
}
