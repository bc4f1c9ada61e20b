//! Related rows (`book.notes.all()`) that are asked for more, and prefetches of them.

mod support;

use support::{Shop, check};

const IMPORTS: &str = "from shop.models import Author, Book, Note\n\n\n";

fn code(body: &str) -> String {
    format!("{IMPORTS}{body}")
}

#[test]
fn what_a_test_narrows_is_not_made_to_load_more_where_a_prefetch_serves_the_whole() {
    let notes = |then: &str| {
        format!(
            "def notes(book, own):\n    \
             rows = book.notes.all()\n    \
             if own:\n        {then}\n    \
             return rows\n\n\n\
             def single(request, pk):\n    \
             book = Book.objects.get(pk=pk)\n    \
             return [note.user.name for note in notes(book, request.own)]\n"
        )
    };
    let prefetched = "\n\ndef listed(request):\n    return list(Book.objects.prefetch_related('notes'))\n";
    let combined = notes("return rows | book.notes.filter(user=2)");
    check(&[("views.py", &code(&combined))], &["Safe: rows = book.notes.all(): user"]);
    check(&[("views.py", &code(&(combined + prefetched)))], &["Unsafe: rows = book.notes.all(): user"]);
    let narrowed = notes("rows = rows.filter(user=2)");
    check(&[("views.py", &code(&narrowed))], &["Safe: rows = book.notes.all(): user"]);
    check(
        &[("views.py", &code(&(narrowed.clone() + prefetched)))],
        &["Unsafe: rows = book.notes.all(): user"],
    );
    // The prefetch is proposed in the same breath.
    let listed = "\n\ndef listed(request):\n    \
                  return [note.user.name for book in Book.objects.order_by('pk') for note in notes(book, False)]\n";
    check(
        &[("views.py", &code(&(narrowed + listed)))],
        &[
            "Safe: rows = rows.filter(user=2): user",
            "Safe: return [note.user.name for book in Book.objects.order_by('pk') for note in notes(book, False)]: notes__user",
        ],
    );
}

#[test]
fn a_query_that_no_prefetch_serves_may_load_more() {
    let text = code(
        "def notes(book):\n    \
         rows = book.notes.all()\n    \
         return rows | Note.objects.filter(pk=1)\n\n\n\
         def single(request, pk):\n    \
         book = Book.objects.get(pk=pk)\n    \
         return [note.user.name for note in notes(book)]\n\n\n\
         def listed(request):\n    return list(Book.objects.prefetch_related('notes'))\n",
    );
    check(&[("views.py", &text)], &["Safe: rows = book.notes.all(): user"]);
}

#[test]
fn related_rows_are_read_where_they_are_asked_for_and_not_by_their_manager() {
    let models = "
from django.db import models


class Marks(models.Manager):
    def get_queryset(self):
        return super().get_queryset().filter()


class Mark(models.Model):
    name = models.CharField(max_length=50)
    objects = Marks()

    class Meta:
        app_label = 'shop'


class Shelf(models.Model):
    marks = models.ManyToManyField(Mark)

    class Meta:
        app_label = 'shop'
";
    let api = "
from rest_framework import serializers, viewsets
from shop.shelves import Shelf


class ShelfSerializer(serializers.ModelSerializer):
    class Meta:
        model = Shelf
        fields = ['marks']


class Shelves(viewsets.ModelViewSet):
    queryset = Shelf.objects.all()
    serializer_class = ShelfSerializer
";
    let shop = Shop::new(&[("shelves.py", models), ("api.py", api)]);
    let proposals = shop.proposals();
    let readers: Vec<&str> = proposals
        .iter()
        .flat_map(|proposal| &proposal.evidence)
        .filter(|evidence| evidence.message.contains("reads"))
        .map(|evidence| evidence.place.path.as_str())
        .collect();
    assert_eq!(readers, ["shop/api.py"]);
}

#[test]
fn a_key_to_a_model_that_its_app_is_not_seen_to_have_is_joined_with_a_reason() {
    let models = |target: &str| {
        format!(
            "from django.db import models\n\n\nclass Copy(models.Model):\n    \
             of = models.ForeignKey('{target}', on_delete=models.CASCADE)\n\n    class Meta:\n        \
             app_label = 'shop'\n\n\ndef listed():\n    return [copy.of.name for copy in Copy.objects.order_by('pk')]\n"
        )
    };
    let line = "return [copy.of.name for copy in Copy.objects.order_by('pk')]: of";
    // A package's app is not read, and few have such managers.
    for (target, safety) in [("shop.Author", "Safe"), ("elsewhere.Thing", "Safe"), ("shop.Made", "Unsafe")] {
        check(&[("copies.py", &models(target))], &[&format!("{safety}: {line}")]);
    }
}

#[test]
fn the_first_of_related_rows_is_asked_for_whatever_is_prefetched() {
    let reads = |ordering: &str, read: &str, expected: &[&str]| {
        let models = format!(
            "from django.db import models\n\
             from shop.models import Book\n\n\n\
             class Mark(models.Model):\n    \
             name = models.CharField(max_length=9)\n    \
             book = models.ForeignKey(Book, on_delete=models.CASCADE, related_name='marks')\n\n    \
             class Meta:\n        \
             app_label = 'shop'\n        \
             ordering = [{ordering}]\n"
        );
        let code = format!(
            "from shop.models import Book\n\n\n\
             def listed(request):\n    \
             for book in Book.objects.all():\n        \
             print({read})\n"
        );
        check(&[("marks.py", &models), ("code.py", &code)], expected);
    };
    let prefetched = ["Safe: for book in Book.objects.all():: marks"];
    for ordering in ["", "'name'"] {
        // Without an order of their own, `first()` orders them by their keys; `last()` turns the order round in any case.
        for read in ["first()", "all().first()", "last()", "all().last()", "order_by('name').first()"] {
            reads(ordering, &format!("book.marks.{read}"), &[]);
        }
        reads(ordering, "book.marks.all()[0].name", &prefetched);
        reads(ordering, "list(book.marks.all()), book.marks.first()", &prefetched);
    }
}
