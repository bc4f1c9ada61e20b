//! Rows of which code leaves columns out: Django refuses to join over one of them, and a prefetch that finds its rows by
//! one asks for it row by row.

mod support;

use support::check;

const IMPORTS: &str = "from shop.models import Book, Note\n\n\n";

const VIEWS: &str = "
from shop.models import Book


def shown():
    return Book.objects.filter(title__gt='m')


def one(request):
    return [book.author.name for book in shown()]


def two(request):
    return [book.author.name for book in shown()]


def others(request):
    books = shown()
    return [book.author.name for book in books], REST
";

fn checked(rest: &str, expected: &str) {
    check(
        &[("views.py", &VIEWS.replace("REST", rest))],
        &[&format!("{expected}: return Book.objects.filter(title__gt='m'): author")],
    );
}

#[test]
fn what_goes_on_from_a_query_may_leave_out_what_is_to_be_joined() {
    for rest in [
        "[book.title for book in books.only('title')]",
        "books.only('title').get(pk=request.GET['pk']).title",
        "list(books.defer('author'))",
    ] {
        checked(rest, "Advice");
    }
    for rest in [
        "[book.title for book in books.only('title', 'author')]",
        "list(books.defer('title'))",
        // No row is made.
        "books.only('title').count()",
        "list(books.only('title').values('pk'))",
    ] {
        checked(rest, "Safe");
    }
}

#[test]
fn where_the_rows_begin_they_are_not_loaded_for_all() {
    let views = |rest: &str| {
        format!(
            r#"
from shop.models import Book


def books():
    rows = Book.objects.all()
    for book in rows:
        print(book.author.name)
    return rows


def listed():
    for book in books().filter(title="x"):
        print(book.author.name)


def others():
    for book in books(){rest}:
        print(book.title)
"#
        )
    };
    // Those who read it load it, as that advice says.
    check(
        &[("views.py", &views(".only('title')"))],
        &[
            "Advice: rows = Book.objects.all(): author",
            "Safe: for book in books().filter(title=\"x\"):: author",
        ],
    );
    check(
        &[("views.py", &views(".only('title', 'author')"))],
        &["Unsafe: rows = Book.objects.all(): author"],
    );
}

#[test]
fn only_must_name_the_relations_of_joined_rows_too() {
    let text = format!(
        "{IMPORTS}def listed(request):\n    \
         notes = Note.objects.only('id', 'book__title')\n    \
         return [note.book.author.name for note in notes]\n",
    );
    check(&[("views.py", &text)], &["Advice: notes = Note.objects.only('id', 'book__title'): book__author"]);
    let text = format!(
        "{IMPORTS}def listed(request):\n    \
         notes = Note.objects.only('id', 'book__title', 'book__author')\n    \
         return [note.book.author.name for note in notes]\n",
    );
    check(
        &[("views.py", &text)],
        &["Safe: notes = Note.objects.only('id', 'book__title', 'book__author'): book__author"],
    );
}

#[test]
fn what_only_leaves_out_is_not_prefetched_row_by_row() {
    let listed = |columns: &str| {
        format!(
            "{IMPORTS}def listed(request):\n    notes = Note.objects.only({columns})\n    \
             return [tag.name for note in notes for tag in note.book.tags.all()]\n"
        )
    };
    let advice = "Advice: notes = Note.objects.only('id'): book";
    check(&[("views.py", &listed("'id'"))], &[advice, &format!("{advice}__tags")]);
    let safe = "Safe: notes = Note.objects.only('id', 'book'): book";
    check(&[("views.py", &listed("'id', 'book'"))], &[safe, &format!("{safe}__tags")]);
    // Rows that have it are found by the row's own key, which is always there.
    let text = format!(
        "{IMPORTS}def listed(request):\n    books = Book.objects.only('title')\n    \
         return [note.pk for book in books for note in book.notes.all()]\n",
    );
    check(&[("views.py", &text)], &["Safe: books = Book.objects.only('title'): notes"]);
}

#[test]
fn what_defer_leaves_out_is_not_prefetched_row_by_row() {
    for (columns, safety) in [("'book'", "Advice"), ("'book_id'", "Advice"), ("'user'", "Safe")] {
        let text = format!(
            "{IMPORTS}def listed(request):\n    notes = Note.objects.defer({columns})\n    \
             return [tag.name for note in notes for tag in note.book.tags.all()]\n"
        );
        let found = format!("{safety}: notes = Note.objects.defer({columns}): book");
        let tags = format!("{found}__tags");
        // A join is no way then.
        let found: &[&str] = if safety == "Safe" { &[&found, &tags] } else { &[&tags] };
        check(&[("views.py", &text)], found);
    }
}

#[test]
fn what_defer_leaves_out_of_joined_rows_is_not_joined() {
    for (columns, found) in [("'book__author'", None), ("'book__title'", Some("book__author"))] {
        let text = format!(
            "{IMPORTS}def listed(request):\n    notes = Note.objects.defer({columns})\n    \
             return [note.book.author.name for note in notes]\n"
        );
        let found = found.map(|path| format!("Safe: notes = Note.objects.defer({columns}): {path}"));
        let found: Vec<&str> = found.iter().map(String::as_str).collect();
        check(&[("views.py", &text)], &found);
    }
}

const MARKS: &str = "
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.db import models


class Shelf(models.Model):
    code = models.CharField(max_length=9, unique=True)
    place = models.CharField(max_length=9)

    class Meta:
        app_label = 'shop'


class Mark(models.Model):
    shelf = models.ForeignKey(Shelf, to_field='code', related_name='marks', on_delete=models.CASCADE)
    kind = models.ForeignKey(ContentType, on_delete=models.CASCADE)
    key = models.PositiveIntegerField()
    text = models.CharField(max_length=9)
    of = GenericForeignKey('kind', 'key')

    class Meta:
        app_label = 'shop'
        indexes = [models.Index(fields=['kind', 'key'])]
";

#[test]
fn the_rows_of_a_prefetch_are_found_by_what_the_relation_names() {
    for (query, read, found) in [
        ("Mark.objects.only('text', 'key')", "row.of", "Advice"),
        ("Mark.objects.only('text', 'kind')", "row.of", "Advice"),
        ("Mark.objects.defer('key')", "row.of", "Advice"),
        ("Mark.objects.only('text', 'kind', 'key')", "row.of", "Safe"),
        ("Shelf.objects.only('place')", "[mark.text for mark in row.marks.all()]", "Advice"),
        ("Shelf.objects.defer('code')", "[mark.text for mark in row.marks.all()]", "Advice"),
        ("Shelf.objects.only('code')", "[mark.text for mark in row.marks.all()]", "Safe"),
    ] {
        let text = format!(
            "from shop.marks import Mark, Shelf\n\n\ndef listed(request):\n    rows = {query}\n    return [{read} for row in rows]\n"
        );
        let path = if read == "row.of" { "of" } else { "marks" };
        check(&[("marks.py", MARKS), ("views.py", &text)], &[&format!("{found}: rows = {query}: {path}")]);
        let options = "Shelf, to_field='code', related_name='marks', on_delete=models.CASCADE";
        assert!(MARKS.contains(options));
        let marks = MARKS.replace(options, "Shelf, models.CASCADE, None, None, None, False, 'code'");
        let text = text.replace(".marks.", ".mark_set.");
        let path = path.replace("marks", "mark_set");
        check(&[("marks.py", &marks), ("views.py", &text)], &[&format!("{found}: rows = {query}: {path}")]);
    }
}

#[test]
fn a_join_of_the_same_model_loads_what_the_query_leaves_out() {
    let models = "from django.db import models\nfrom shop.models import Author\n\n\n\
                  class Essay(models.Model):\n    text = models.TextField()\n    title = models.CharField(max_length=9)\n    \
                  first = models.ForeignKey('self', null=True, on_delete=models.CASCADE)\n    \
                  author = models.ForeignKey(Author, on_delete=models.CASCADE)\n";
    for (query, of_first, of_author) in [
        ("Essay.objects.defer('text')", "Unsafe", "Safe"),
        ("Essay.objects.only('title', 'first', 'author')", "Unsafe", "Safe"),
        ("Essay.objects.order_by('pk')", "Safe", "Safe"),
    ] {
        for (read, safety) in [("essay.first.title", of_first), ("essay.author.name", of_author)] {
            let view = format!(
                "from shop.essays import Essay\n\n\ndef shown(request):\n    return [{read} for essay in {query}]\n"
            );
            let proposals = support::Shop::new(&[("essays.py", models), ("views.py", &view)]).proposals();
            let [proposal] = &proposals[..] else { panic!("one proposal: {proposals:?}") };
            assert_eq!(format!("{:?}", proposal.safety), safety, "{query} {read}");
        }
    }
}
