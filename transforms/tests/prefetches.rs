//! What the querysets of `Prefetch` objects bring along, and what they lack.

mod support;

use support::check;

const IMPORTS: &str =
    "from django.db.models import Prefetch\nfrom shop.models import Author, Book, Note\n\n\n";

fn view(body: &str) -> String {
    format!("{IMPORTS}def listed(request):\n{body}")
}

#[test]
fn rows_know_the_row_that_they_were_prefetched_for() {
    let text = view(
        "    books = Book.objects.prefetch_related(Prefetch('notes', queryset=Note.objects.order_by('pk')))\n    \
         return [note.book.title for book in books for note in book.notes.all()]\n",
    );
    check(&[("views.py", &text)], &[]);
}

#[test]
fn rows_in_an_attribute_know_it_too() {
    let text = view(
        "    books = Book.objects.prefetch_related(Prefetch('notes', Note.objects.order_by('pk'), to_attr='known'))\n    \
         return [note.book.title for book in books for note in book.known]\n",
    );
    check(&[("views.py", &text)], &[]);
}

#[test]
fn further_lookups_load_onto_the_rows_of_a_prefetch() {
    let text = view(
        "    books = Book.objects.prefetch_related(\n        Prefetch('notes', queryset=Note.objects.order_by('pk')), 'notes__user'\n    )\n    \
         return [note.user.name for book in books for note in book.notes.all()]\n",
    );
    check(&[("views.py", &text)], &[]);
    let text = view(
        "    books = Book.objects.prefetch_related(\n        Prefetch('notes', Note.objects.order_by('pk'), to_attr='known'), 'known__user'\n    )\n    \
         return [note.user.name for book in books for note in book.known]\n",
    );
    check(&[("views.py", &text)], &[]);
}

#[test]
fn lookups_that_are_not_known_may_load_onto_the_rows_of_a_prefetch() {
    let text = "from django.db.models import Prefetch\nfrom shop.models import Book, Note\n\n\ndef listed(request, more):\n    \
                books = Book.objects.prefetch_related(Prefetch('notes', queryset=Note.objects.order_by('pk')), *more)\n    \
                return [note.user.name for book in books for note in book.notes.all()]\n";
    check(&[("views.py", text)], &[]);
}

#[test]
fn what_the_queryset_of_a_prefetch_lacks_is_loaded_by_it() {
    let text = view(
        "    books = Book.objects.prefetch_related(Prefetch('notes', queryset=Note.objects.order_by('pk')))\n    \
         return [note.user.name for book in books for note in book.notes.all()]\n",
    );
    check(
        &[("views.py", &text)],
        &[
            "Safe: books = Book.objects.prefetch_related(Prefetch('notes', queryset=Note.objects.order_by('pk'))): user",
        ],
    );
}

#[test]
fn unknown_joins_load_nothing_to_many() {
    let text = |names: &str| {
        view(&format!(
            "    books = Book.objects.all()\n    if request.GET:\n        books = books.{names}\n    \
             return [(book.author.name, tag.name) for book in books for tag in book.tags.all()]\n"
        ))
    };
    let found = ["Safe: books = Book.objects.all(): tags"];
    check(&[("views.py", &text("select_related(*request.GET)"))], &found);
    check(&[("views.py", &text("prefetch_related(*request.GET)"))], &[]);
}

#[test]
fn a_clone_of_a_queryset_has_its_rows() {
    let text = |change: &str| {
        format!(
            "from django.db import models\nfrom shop.models import Author\n\n\nclass ReviewQuerySet(models.QuerySet):\n    \
             def filter(self, *args, **kwargs):\n        clone = self._clone()\n        {change}\n        return clone\n\n\n\
             class Review(models.Model):\n    author = models.ForeignKey(Author, on_delete=models.CASCADE)\n    \
             objects = ReviewQuerySet.as_manager()\n\n    class Meta:\n        app_label = 'shop'\n\n\n\
             def listed():\n    reviews = Review.objects.filter(pk=1)\n    return [review.author.name for review in reviews]\n\n\n\
             def counted():\n    return [review.pk for review in Review.objects.filter(pk=1)]\n"
        )
    };
    check(
        &[("reviews.py", &text("clone.query.add_q(models.Q(*args, **kwargs))"))],
        &["Safe: reviews = Review.objects.filter(pk=1): author"],
    );
    // What code puts among its lookups may be just that.
    check(&[("reviews.py", &text("clone._prefetch_related_lookups = ('author',)"))], &[]);
}
