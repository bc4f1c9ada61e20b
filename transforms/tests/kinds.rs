//! Code that takes many kinds of values asks of what kind each is, and goes the branch of that kind.

mod support;

use support::check;

const QUERY: &str = "return [name(book) for book in Book.objects.all()]";

/// What is read of books by a function with this body.
#[track_caller]
fn reads(body: &str, expected: &[&str]) {
    let code = format!(
        "import datetime\nfrom collections.abc import Iterable\nfrom django.contrib.auth.models import User\n\
         from django.db import models\nfrom django.db.models import QuerySet\n\
         from shop.models import Author, Book, Note\n\n\ndef name(row):\n{body}\n\n\ndef listed(request):\n    {QUERY}\n"
    );
    check(&[("views.py", &code)], expected);
}

#[test]
fn what_is_an_instance_of_a_model_goes_its_branch() {
    for (test, path) in [
        ("Book", "author"),
        ("(Note, Book)", "author"),
        ("Note", "editor"),
        ("(Note, Author)", "editor"),
        ("models.Model", "author"),
        ("object", "author"),
        ("dict", "editor"),
        ("(list, tuple)", "editor"),
        ("QuerySet", "editor"),
        ("datetime.date", "editor"),
        ("User", "editor"),
        ("Book | Note", "author, editor"),
        ("KINDS", "author, editor"),
        ("Iterable", "author, editor"),
    ] {
        let body = format!(
            "    if isinstance(row, {test}):\n        return row.author.name\n    return row.editor.name"
        );
        reads(&body, &[&format!("Safe: {QUERY}: {path}")]);
    }
}

#[test]
fn what_a_row_holds_is_taken_off_what_is_no_row_alone() {
    let encoder = |test: &str| {
        format!(
            "    if isinstance(row, {test}):\n        return [tag.name for tag in row.tags.all()]\n    \
             elif hasattr(row, '__dict__'):\n        return row.__dict__.copy()"
        )
    };
    reads(&encoder("models.Model"), &[&format!("Safe: {QUERY}: tags")]);
    reads(&encoder("KINDS"), &[&format!("Advice: {QUERY}: tags")]);
}

#[test]
fn a_test_for_a_kind_leaves_the_others_for_the_rest() {
    let code = |test: &str| {
        format!(
            "from shop.models import Author, Book, Note\n\n\ndef name(row):\n    {test}\n        \
             return row.title\n    return row.user.name\n\n\ndef listed(request):\n    for book in Book.objects.all():\n        \
             for note in Note.objects.filter(book=1):\n            print(name(book if request else note))\n"
        )
    };
    let query = "Safe: for note in Note.objects.filter(book=1):: user";
    check(&[("views.py", &code("if isinstance(row, Book):"))], &[query]);
    let twice = "if isinstance(row, Note):\n        return row.user.name\n    if row.author.name:";
    check(
        &[("views.py", &code(twice).replace("return row.user.name\n\n", "return ''\n\n"))],
        &["Safe: for book in Book.objects.all():: author", query],
    );
}

#[test]
fn an_attribute_that_each_row_has_is_there() {
    for (test, path) in [
        // It is read by asking for it.
        ("hasattr(row, 'author')", "author"),
        ("hasattr(row, 'title')", "author"),
        ("hasattr(row, 'tags')", "author"),
        ("hasattr(row, '__iter__')", "editor"),
        ("callable(row)", "author, editor"),
        ("hasattr(row, 'shown')", "author, editor"),
    ] {
        let body = format!("    if {test}:\n        return row.author.name\n    return row.editor.name");
        reads(&body, &[&format!("Safe: {QUERY}: {path}")]);
    }
}

#[test]
fn an_encoder_goes_the_branch_of_what_can_be_iterated_for_querysets() {
    let code = r#"
import json
from shop.models import Author, Book


class Encoder(json.JSONEncoder):
    def default(self, value):
        if hasattr(value, "__iter__"):
            return list(value)
        if isinstance(value, Book):
            return {"title": value.title, "tags": value.tags.all()}
        return {"books": [book for book in value.books.all()]}


def shown(request, pk):
    return json.dumps(Author.objects.get(pk=pk), cls=Encoder)
"#;
    check(&[("views.py", code)], &[r#"Safe: return {"books": [book for book in value.books.all()]}: tags"#]);
}

#[test]
fn nothing_is_run_behind_a_store_that_python_refuses() {
    let code = |made: &str| {
        format!(
            r#"
from django.db import models
from shop.models import Author, Book


class Label(models.Model):
    book = models.ForeignKey(Book, on_delete=models.CASCADE)

    class Meta:
        app_label = "shop"

    @property
    def author(self):
        return self.book.author

    @property
    def shown(self):
        return self.text

    @shown.setter
    def shown(self, text):
        self.text = text


def copied(request):
    labels = []
    for book in Book.objects.all():
        label = {made}
        label.shown = book.title
        label.author = book.author.name
        labels.append((label, book.editor.name))
    return labels
"#
        )
    };
    let query = "Safe: for book in Book.objects.all()";
    check(&[("labels.py", &code("Label()"))], &[&format!("{query}:: author")]);
    check(&[("labels.py", &code("request.label"))], &[&format!("{query}:: author, editor")]);
}

#[test]
fn nothing_is_run_behind_a_call_that_lacks_an_argument() {
    let reads = |call: &str, expected: &[&str]| {
        let code = format!(
            r#"
from django.db import models
from shop.models import Author, Book
from shop.tasks import task


class Copy(models.Model):
    book = models.ForeignKey(Book, on_delete=models.CASCADE)
    reader = models.ForeignKey(Author, on_delete=models.CASCADE)

    class Meta:
        app_label = "shop"

    def describe(self, short):
        return self.reader.name

    def name(self, short=False, *, of=None):
        return self.pk

    @task(bind=True)
    def sent(self, task):
        return self.pk

    @staticmethod
    def counted(short):
        return short


class Shelf:
    def add(self, copy):
        self.copy = copy

def describe(copy, *, short):
    return copy.pk


@task(bind=True)
def send(task, copy):
    return copy.pk


def listed(shelf, names, given):
    for copy in Copy.objects.all():
        print(copy.book.title)
        {call}
        print(copy.reader.name)
"#
        );
        let expected: Vec<String> =
            expected.iter().map(|path| format!("Safe: for copy in Copy.objects.all():: {path}")).collect();
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        check(&[("copies.py", &code)], &expected);
    };
    for lacks in [
        "copy.describe()",
        "text = copy.describe()",
        "copy.describe(long=True)",
        "describe(copy)",
        "describe(short=True)",
        "Shelf().add()",
    ] {
        reads(lacks, &["book"]);
    }
    for has in [
        "copy.name()",
        "copy.name(True, of=1)",
        "describe(copy, short=True)",
        "describe(copy=copy, short=True)",
        "Shelf().add(copy=copy)",
        // A decorator may give what lacks.
        "copy.sent()",
        "send(copy)",
        "copy.counted(1)",
        // So may what is not written out.
        "copy.describe(*names)",
        "describe(copy, **names)",
        // Of these, another may be called.
        "(copy.describe if given else copy.name)()",
        "given and copy.describe()",
        "try:\n            copy.describe()\n        except TypeError:\n            print(copy.pk)",
    ] {
        reads(has, &["book, reader"]);
    }
    // A subclass may ask for less.
    let overridden = r#"
from shop.models import Book


class Shelf:
    def add(self, book):
        print(book.title)

    def fill(self):
        for book in Book.objects.all():
            self.add()
            print(book.author.name)
"#;
    check(&[("shelves.py", overridden)], &["Safe: for book in Book.objects.all():: author"]);
}

#[test]
fn what_takes_others_for_its_own_may_take_each() {
    for (class, path) in [
        ("class Kind:\n    pass", "editor"),
        ("class Kind(typing.Protocol):\n    title: str", "author, editor"),
        ("class Kind(abc.ABC):\n    pass", "author, editor"),
        ("class Kind(metaclass=Registry):\n    pass", "author, editor"),
        ("class Root(metaclass=Registry):\n    pass\n\n\nclass Kind(Root):\n    pass", "author, editor"),
    ] {
        let code = format!(
            "import abc\nimport typing\nfrom shop.models import Book\n\n\nclass Registry(type):\n    \
             def __instancecheck__(cls, row):\n        return row.title > 'm'\n\n\n{class}\n\n\n\
             def name(row):\n    if isinstance(row, Kind):\n        return row.author.name\n    return row.editor.name\n\n\n\
             def listed(request):\n    {QUERY}\n"
        );
        check(&[("views.py", &code)], &[&format!("Safe: {QUERY}: {path}")]);
    }
}

#[test]
fn a_model_of_places_is_a_model() {
    let models = "from django.contrib.gis.db import models\n\n\nclass Spot(models.Model):\n    \
                  book = models.ForeignKey('shop.Book', on_delete=models.CASCADE)\n\n    class Meta:\n        app_label = 'shop'\n";
    for (base, path) in [("models.Model", "book"), ("gis.Model", "book")] {
        let code = format!(
            "from django.contrib.gis.db import models as gis\nfrom django.db import models\nfrom shop.spots import Spot\n\n\n\
             def name(row):\n    if isinstance(row, {base}):\n        return row.book.title\n    return ''\n\n\n\
             def listed(request):\n    return [name(spot) for spot in Spot.objects.all()]\n"
        );
        let found = format!("Safe: return [name(spot) for spot in Spot.objects.all()]: {path}");
        check(&[("spots.py", models), ("views.py", &code)], &[&found]);
    }
}
