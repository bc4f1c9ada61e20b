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
