//! What a model's `__init__` and `from_db` read of its own row: they run before anything that the query loads is there.

mod support;

use support::check;

/// A model whose `__init__` has this body, and its rows as code reads them.
#[track_caller]
fn reads(init: &str, read: &str, expected: &[&str]) {
    let models = format!(
        r#"
from django.conf import settings
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

#[test]
fn what_init_follows_for_some_rows_is_still_to_be_loaded() {
    let read = "print(copy.book.title, copy.reader.name)";
    for init in [
        "if self.reader_id:\n            self.load()",
        "if settings.SHOWN:\n            self.load()\n        else:\n            self.shown = 1",
        "if not settings.SHOWN:\n            return\n        self.load()",
        "if settings.SHOWN:\n            if self.reader_id:\n                print(self.reader.name)",
        "if self.reader_id:\n            if settings.SHOWN:\n                print(self.reader.name)",
        "self.shown = self.book.title if self.reader_id else ''",
        "self.shown = settings.SHOWN and self.book.title",
        "self.shown = settings.SHOWN or self.book.title",
        "try:\n            settings.load()\n        except ValueError:\n            self.load()",
        "self.shown = lambda: self.book.title",
    ] {
        reads(init, read, &["book, reader"]);
    }
    // Rows whose key is null have none to load.
    for init in [
        "if self.reader_id:\n            print(self.reader.name)",
        "if self.reader is not None:\n            print(self.reader.name)",
        "if self.reader_id is None:\n            return\n        self.shown = self.reader.name",
        "self.shown = self.reader.name if self.reader_id else ''",
        "self.shown = self.reader_id and self.reader.name",
    ] {
        reads(init, read, &["book"]);
    }
    for init in [
        "if self.reader_id is None:\n            raise ValueError\n        self.load()",
        "try:\n            self.load()\n        except ValueError:\n            pass",
        "for part in settings.PARTS:\n            print(part)\n        self.load()",
        "if settings.SHOWN:\n            self.load()\n        self.load()",
        "for part in settings.PARTS:\n            self.load()",
        "while settings.PARTS.pop():\n            self.load()",
        "self.shown = [self.book.title for part in settings.PARTS]",
        "with settings.lock:\n            self.load()",
    ] {
        reads(init, read, &["reader"]);
    }
}

#[test]
fn init_is_given_columns_alone() {
    let models = |at: usize| {
        format!(
            "from django.contrib.contenttypes.fields import GenericForeignKey\n\
             from django.contrib.contenttypes.models import ContentType\n\
             from django.db import models\n\
             from shop.models import Book, Tag\n\n\n\
             class Mark(models.Model):\n    \
             kind = models.ForeignKey(ContentType, on_delete=models.CASCADE)\n    \
             number = models.IntegerField()\n    \
             target = GenericForeignKey('kind', 'number')\n    \
             tags = models.ManyToManyField(Tag)\n    \
             data = models.JSONField()\n    \
             book = models.ForeignKey(Book, on_delete=models.CASCADE)\n\n    \
             class Meta:\n        \
             indexes = [models.Index(fields=['kind', 'number'])]\n\n    \
             def __init__(self, *args, **kwargs):\n        \
             super().__init__(*args, **kwargs)\n        \
             if not isinstance(args[{at}], dict):\n            print(self.book.title)\n\n\n\
             def listed(request):\n    \
             for mark in Mark.objects.all():\n        print(mark.book.title)\n"
        )
    };
    for at in [0, 1, 2, 4] {
        check(&[("marks.py", &models(at))], &[]);
    }
    check(&[("marks.py", &models(3))], &["Safe: for mark in Mark.objects.all():: book"]);
}

#[test]
fn rows_whose_init_may_raise_are_loaded_by_those_who_ask_for_them() {
    let models = |init: &str| {
        format!(
            "from django.conf import settings\n\
             from django.db import models\n\
             from shop.models import Book\n\n\n\
             class Shelf(models.Model):\n    \
             name = models.CharField(max_length=9)\n\n    \
             def __init__(self, *args, **kwargs):\n        \
             {init}\n        \
             super().__init__(*args, **kwargs)\n\n\n\
             class Copy(models.Model):\n    \
             shelf = models.ForeignKey(Shelf, on_delete=models.CASCADE, related_name='copies')\n    \
             shelves = models.ManyToManyField(Shelf, related_name='+')\n    \
             book = models.ForeignKey(Book, on_delete=models.CASCADE)\n\n\n\
             def listed(request):\n    \
             for copy in Copy.objects.all():\n        \
             print(copy.book.title)\n        \
             if not settings.WITHOUT_SHELVES:\n            \
             print(copy.shelf.name, [shelf.name for shelf in copy.shelves.all()])\n"
        )
    };
    let line = "for copy in Copy.objects.all():";
    check(
        &[("copies.py", &models("if settings.WITHOUT_SHELVES:\n            raise NotImplementedError"))],
        &[
            &format!("Safe: {line}: book"),
            &format!("Unsafe: {line}: shelf"),
            &format!("Unsafe: {line}: shelves"),
        ],
    );
    check(
        &[("copies.py", &models("kwargs.pop('given', None)"))],
        &[&format!("Safe: {line}: shelf, book"), &format!("Safe: {line}: shelves")],
    );
}

#[test]
fn a_foreign_key_that_from_db_follows_is_loaded_for_the_rest() {
    let reads = |body: &str, expected: &[&str]| {
        let models = format!(
            "from django.db import models\n\
             from shop.models import Author, Book\n\n\n\
             class Copy(models.Model):\n    \
             book = models.ForeignKey(Book, on_delete=models.CASCADE)\n    \
             former = models.ManyToManyField(Author, related_name='+')\n\n    \
             @classmethod\n    \
             def from_db(cls, db, field_names, values):\n        \
             {body}\n        \
             return copy\n\n    \
             def load(self):\n        \
             self.title = self.book.title\n\n\n\
             def listed(request):\n    \
             for copy in Copy.objects.all():\n        \
             print(copy.book.title, [author.name for author in copy.former.all()])\n"
        );
        let line = "for copy in Copy.objects.all():";
        let expected: Vec<String> = expected.iter().map(|it| format!("Safe: {line}: {it}")).collect();
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        check(&[("copies.py", &models)], &expected);
    };
    let made = "copy = super().from_db(db, field_names, values)";
    reads(made, &["book", "former"]);
    for follows in [
        "copy.shown = copy.book.title",
        "copy.load()",
        "copy.shown = list(copy.former.all()), copy.book.title",
    ] {
        reads(&format!("{made}\n        {follows}"), &["former"]);
    }
    reads("copy = cls(*values)\n        copy.load()", &["former"]);
    // Other rows than the one that is made, or not all.
    reads(&format!("{made}\n        print(cls.objects.get(pk=1).book.title)"), &["book", "former"]);
    reads(&format!("{made}\n        if db == 'other':\n            copy.load()"), &["book", "former"]);
}
