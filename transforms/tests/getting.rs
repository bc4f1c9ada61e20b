//! Who gets the rows that a function has asked for and gives in a list or dict.

mod support;

use support::{Shop, check};
use tuneup_transforms::proposal::Safety;

const INDEX: &str = "for book in Book.objects.order_by('title'):";

/// A function that gives books by their titles, one that hands them on, and these others.
fn shelf(others: &str) -> String {
    format!(
        r#"
from django.shortcuts import render
from shop.models import Author, Book


def index():
    found = {{}}
    {INDEX}
        found[book.title] = book
    return found


def written_by(book):
    return book.author.name


{others}"#
    )
}

const CREDITS: &str =
    "def credits(request):\n    return [written_by(book) for book in index().values()]\n\n\n";

const TITLES: &str = "def titles(request):\n    return list(index().keys())\n\n\n";

/// What is said of the one proposal.
#[track_caller]
fn said_of(others: &[&str], safety: Safety) -> String {
    let proposals = Shop::new(&[("shelf.py", &shelf(&others.concat()))]).proposals();
    let [proposal] = &proposals[..] else { panic!("one proposal: {proposals:?}") };
    assert_eq!((proposal.safety, proposal.symbol.as_str()), (safety, "index"), "{}", proposal.message);
    proposal.message.clone()
}

#[test]
fn who_gets_rows_from_a_function_and_reads_less_of_them_would_pay() {
    let said = said_of(&[CREDITS, TITLES], Safety::Unsafe);
    let paying =
        "Of those who get these rows, only `credits` reads `author`; `titles` would pay for it without need.";
    assert!(said.contains(paying), "{said}");
    // What hands them on gets them for others.
    let handed = "def newest():\n    return index()\n\n\n\
                  def labels(request):\n    return list(newest().keys())\n\n\n";
    let said = said_of(&[CREDITS, TITLES, handed], Safety::Advice);
    let paying = "only `credits` reads `author`; `titles` and `labels` would pay for it without need. Load it where those \
                  get the rows who read it.";
    assert!(said.contains(paying), "{said}");
    let reading = handed.replace("list(newest().keys())", "[written_by(book) for book in newest().values()]");
    said_of(&[CREDITS, &reading], Safety::Safe);
}

#[test]
fn of_many_who_get_rows_some_are_named() {
    let more: String = (0..8).map(|number| TITLES.replace("titles", &format!("titles{number}"))).collect();
    let said = said_of(&[CREDITS, &more], Safety::Advice);
    let paying = "`titles0`, `titles1`, `titles2`, `titles3`, `titles4` and 3 others would pay for it";
    assert!(said.contains(paying), "{said}");
}

#[test]
fn who_reads_what_of_them_is_said_only_where_it_is_known() {
    let safe: &[&str] = &[&format!("Safe: {INDEX}: author")];
    // All of them do, or the function itself does.
    let all = [CREDITS, &CREDITS.replace("credits", "thanks")].concat();
    check(&[("shelf.py", &shelf(&all))], safe);
    let own =
        shelf(&[CREDITS, TITLES].concat()).replace(INDEX, &format!("{INDEX}\n        written_by(book)"));
    check(&[("shelf.py", &own)], safe);
    // A template is no function that is called.
    let page = "{% for title, book in books.items %}{{ book.author.name }}{% endfor %}";
    let shown = "def shown(request):\n    return render(request, 'books.html', {'books': index()})\n\n\n";
    let files = [("shelf.py", &*shelf(&[shown, TITLES].concat())), ("templates/books.html", page)];
    check(&files, safe);
}

#[test]
fn who_gets_related_rows_from_a_method_and_reads_less_of_them_would_pay() {
    let line = "{book.title: book for book in self.author.books.order_by('title')}";
    let shelves = |others: &str| {
        format!(
            r#"
from django.shortcuts import get_object_or_404
from django.db import models
from shop.models import Author


class Shelf(models.Model):
    author = models.ForeignKey(Author, on_delete=models.CASCADE)

    def index(self):
        return {line}

    class Meta:
        app_label = 'shop'


def editors(request, pk):
    return [book.editor.name for book in get_object_or_404(Shelf, pk=pk).index().values()]


{others}"#
        )
    };
    let titles =
        "def titles(request, pk):\n    return list(get_object_or_404(Shelf, pk=pk).index().keys())\n";
    check(&[("shelves.py", &shelves(""))], &[&format!("Safe: return {line}: editor")]);
    check(&[("shelves.py", &shelves(titles))], &[&format!("Unsafe: return {line}: editor")]);
}

#[test]
fn who_names_a_method_of_what_is_not_seen_gets_its_rows_too() {
    let line = "{book.title: book for book in self.author.books.order_by('title')}";
    let shelves = |others: &str| {
        format!(
            r#"
from django.shortcuts import get_object_or_404
from django.db import models
from shop.models import Author


class Shelf(models.Model):
    author = models.ForeignKey(Author, on_delete=models.CASCADE)

    def index(self):
        return {line}

    class Meta:
        app_label = 'shop'


def editors(request, pk):
    return [book.editor.name for book in get_object_or_404(Shelf, pk=pk).index().values()]


{others}"#
        )
    };
    let unseen = "def titles(places):\n    return [list(it.index().keys()) for it in places]\n";
    let safe = format!("Safe: return {line}: editor");
    check(&[("shelves.py", &shelves(unseen))], &[&format!("Unsafe: return {line}: editor")]);
    // Where other methods have the name, it may be one of them; and tests are no users.
    let other = "class Place:\n    def index(self):\n        return {}\n\n\n";
    check(&[("shelves.py", &shelves(&format!("{other}{unseen}")))], &[&safe]);
    check(&[("shelves.py", &shelves("")), ("tests/test_shelves.py", unseen)], &[&safe]);
}
