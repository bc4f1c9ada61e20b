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

#[test]
fn who_gives_a_flag_by_which_rows_are_not_read_would_pay() {
    let credited = "def credited(books, full=False):\n    if full:\n        return [written_by(book) for book in books.values()]\n\n\n\
                    def handed(books, full=False, short=None):\n    return credited(books, full=full)\n\n\n";
    let credits = "def credits(request):\n    return credited(index(), True)\n\n\n";
    for (call, does_read) in [
        ("credited(index())", false),
        ("credited(index(), full=False)", false),
        ("credited(index(), None)", false),
        ("handed(index())", false),
        ("handed(index(), short=True)", false),
        ("credited(index(), full=True)", true),
        ("credited(index(), full=request.GET)", true),
        ("credited(index(), *request)", true),
        ("handed(index(), True)", true),
    ] {
        let other = format!("def other(request):\n    return {call}\n\n\n");
        let said =
            said_of(&[credited, credits, &other], if does_read { Safety::Safe } else { Safety::Unsafe });
        let paying = "only `credits` reads `author`; `other` would pay for it without need.";
        assert_eq!(said.contains(paying), !does_read, "{call}: {said}");
    }
}

/// A view whose methods get their one author from the view's own `get_object()`, with these methods.
fn author_view(methods: &str) -> String {
    format!(
        r#"
from django.shortcuts import get_object_or_404
from rest_framework import generics, serializers
from rest_framework.response import Response
from rest_framework.views import APIView
from shop.models import Author, Book


class BookSerializer(serializers.ModelSerializer):
    editor = serializers.StringRelatedField()

    class Meta:
        model = Book
        fields = ["title", "editor"]


class AuthorSerializer(serializers.ModelSerializer):
    books = BookSerializer(many=True)

    class Meta:
        model = Author
        fields = ["name", "books"]


class LongSerializer(AuthorSerializer):
    pass


class AuthorView(APIView):
    def get_object(self, pk):
        return get_object_or_404(Author, pk=pk)

{methods}"#
    )
}

const GET: &str = "    def get(self, request, pk):\n        return Response(AuthorSerializer(self.get_object(pk)).data)\n\n";

const PUT: &str = "    def put(self, request, pk):\n        author = self.get_object(pk)\n        author.name = \
                   request.data['name']\n        author.save()\n        return Response()\n\n";

const DELETE: &str =
    "    def delete(self, request, pk):\n        self.get_object(pk).delete()\n        return Response()\n\n";

/// What is said of the one proposal for such a view.
#[track_caller]
fn said_of_view(methods: &[&str], safety: Safety) -> String {
    let proposals = Shop::new(&[("views.py", &author_view(&methods.concat()))]).proposals();
    let [proposal] = &proposals[..] else { panic!("one proposal: {proposals:?}") };
    let expected = (safety, "AuthorView.get_object");
    assert_eq!((proposal.safety, proposal.symbol.as_str()), expected, "{}", proposal.message);
    assert_eq!(proposal.fields, ["books__editor"]);
    proposal.message.clone()
}

#[test]
fn what_only_some_methods_of_a_view_show_of_its_one_object_the_others_would_pay_for() {
    let said = said_of_view(&[GET, PUT], Safety::Unsafe);
    let paying =
        "only `AuthorView.get` reads `books.editor`; `AuthorView.put` would pay for it without need.";
    assert!(said.contains(paying), "{said}");
    let said = said_of_view(&[GET, PUT, DELETE], Safety::Advice);
    let paying = "`AuthorView.put` and `AuthorView.delete` would pay for it without need. Load it where";
    assert!(said.contains(paying), "{said}");
}

#[test]
fn what_all_methods_of_a_view_show_of_its_one_object_is_loaded_where_that_is_asked_for() {
    said_of_view(&[GET], Safety::Safe);
    // A serializer that another method shows it by, or that extends the one that declares the fields, reads the same.
    let shown = GET.replace("def get(", "def post(");
    said_of_view(&[GET, &shown], Safety::Safe);
    said_of_view(&[GET, &shown.replace("AuthorSerializer", "LongSerializer")], Safety::Safe);
    let behind = "    def shown(self, author):\n        return LongSerializer(author).data\n\n    def post(self, request, pk):\n        \
                  return Response(self.shown(self.get_object(pk)))\n\n";
    said_of_view(&[GET, behind], Safety::Safe);
}
