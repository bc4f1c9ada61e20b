//! Where a query is extended that several functions hand on to each other.

mod support;

use support::{Shop, check};
use tuneup_transforms::proposal::Safety;

#[test]
fn what_a_functions_only_caller_needs_is_loaded_by_the_function() {
    check(
        &[(
            "views.py",
            "from shop.models import Book\n\n\ndef recent():\n    return Book.objects.order_by('-pk')\n\n\ndef listed(request):\n    books = recent()\n    return [book.author.name for book in books]\n",
        )],
        &["Safe: return Book.objects.order_by('-pk'): author"],
    );
}

#[test]
fn what_one_of_two_callers_needs_is_loaded_by_that_one() {
    check(
        &[(
            "views.py",
            "from shop.models import Book\n\n\ndef recent():\n    return Book.objects.order_by('-pk')\n\n\ndef listed(request):\n    return [book.author.name for book in recent()]\n\n\ndef titles(request):\n    return [book.title for book in recent()]\n",
        )],
        &["Safe: return [book.author.name for book in recent()]: author"],
    );
}

#[test]
fn what_all_callers_of_a_method_need_is_loaded_by_the_method() {
    check(
        &[(
            "managers.py",
            "from django.db import models\nfrom shop.models import Author\n\n\nclass ReviewQuerySet(models.QuerySet):\n    def shown(self):\n        return self.filter(is_shown=True)\n\n\nclass Review(models.Model):\n    author = models.ForeignKey(Author, on_delete=models.CASCADE)\n    is_shown = models.BooleanField()\n    objects = ReviewQuerySet.as_manager()\n\n    class Meta:\n        app_label = 'shop'\n\n\ndef listed():\n    reviews = Review.objects.shown()\n    return [review.author.name for review in reviews]\n\n\ndef counted():\n    reviews = Review.objects.shown()\n    return {review.author.country_id for review in reviews}\n",
        )],
        &["Safe: return self.filter(is_shown=True): author"],
    );
}

#[test]
fn a_function_that_loads_for_its_callers_loads_what_all_of_them_need() {
    check(
        &[(
            "views.py",
            "from django.db.models import QuerySet\nfrom shop.models import Book\n\n\ndef loaded(books):\n    if isinstance(books, QuerySet):\n        books = books.select_related('author')\n    return books\n\n\ndef listed(request):\n    books = loaded(Book.objects.order_by('title'))\n    return [(book.author.name, book.editor.name) for book in books]\n\n\ndef latest(request):\n    books = loaded(Book.objects.order_by('-pk'))\n    return [(book.author.name, book.editor.name) for book in books]\n",
        )],
        &["Safe: books = books.select_related('author'): editor"],
    );
}

#[test]
fn a_managers_get_queryset_is_left_to_all_queries_of_its_model() {
    check(
        &[(
            "managers.py",
            "from django.db import models\nfrom shop.models import Author\n\n\nclass ReviewManager(models.Manager):\n    def get_queryset(self):\n        return super().get_queryset().filter(is_shown=True)\n\n\nclass Review(models.Model):\n    author = models.ForeignKey(Author, on_delete=models.CASCADE)\n    is_shown = models.BooleanField()\n    objects = ReviewManager()\n\n    class Meta:\n        app_label = 'shop'\n\n\ndef listed():\n    return [review.author.name for review in Review.objects.all()]\n",
        )],
        &["Safe: return [review.author.name for review in Review.objects.all()]: author"],
    );
}

#[test]
fn a_function_for_any_model_is_left_as_it_is() {
    check(
        &[(
            "views.py",
            "from shop.models import Book\n\n\ndef recent(queryset):\n    return queryset.model.objects.order_by('-pk')\n\n\ndef listed(request):\n    books = recent(Book.objects.all())\n    return [book.author.name for book in books]\n",
        )],
        &["Safe: books = recent(Book.objects.all()): author"],
    );
}

#[test]
fn what_most_callers_of_a_method_need_is_loaded_by_the_method_and_who_pays_is_said() {
    let shop = Shop::new(&[(
        "managers.py",
        "from django.db import models\nfrom shop.models import Author\n\n\nclass ReviewQuerySet(models.QuerySet):\n    def shown(self):\n        return self.filter(is_shown=True)\n\n\nclass Review(models.Model):\n    author = models.ForeignKey(Author, on_delete=models.CASCADE)\n    is_shown = models.BooleanField()\n    objects = ReviewQuerySet.as_manager()\n\n    class Meta:\n        app_label = 'shop'\n\n\ndef listed():\n    reviews = Review.objects.shown()\n    return [review.author.name for review in reviews]\n\n\ndef counted():\n    reviews = Review.objects.shown()\n    return {review.author.country_id for review in reviews}\n\n\ndef mailed():\n    reviews = Review.objects.shown()\n    return [review.author.name for review in reviews]\n\n\ndef sent():\n    reviews = Review.objects.shown()\n    return [review.author.name for review in reviews]\n\n\ndef numbered():\n    reviews = Review.objects.shown()\n    return [review.pk for review in reviews]\n",
    )]);
    let proposals = shop.proposals();
    let [proposal] = &proposals[..] else { panic!("one proposal: {proposals:?}") };
    assert_eq!((proposal.safety, proposal.symbol.as_str()), (Safety::Unsafe, "ReviewQuerySet.shown"));
    let said = "Of those who get these rows, `listed`, `counted`, `mailed` and `sent` read `author`; `numbered` would pay for it \
                without need.";
    assert!(proposal.message.contains(said), "{}", proposal.message);
    let payers: Vec<String> = proposal
        .evidence
        .iter()
        .filter(|evidence| evidence.message == "gets the rows from here, and would pay for author")
        .map(|evidence| shop.text(&evidence.place.path)[evidence.place.range()].to_owned())
        .collect();
    assert_eq!(payers, ["Review.objects.shown()"]);
}

#[test]
fn what_all_callers_of_a_function_need_is_loaded_by_the_function() {
    check(
        &[(
            "views.py",
            "from shop.models import Book\n\n\ndef recent():\n    return Book.objects.order_by('-pk')\n\n\ndef listed(request):\n    books = recent()\n    return [book.author.name for book in books]\n\n\ndef mailed(request):\n    return [book.author.name for book in recent()]\n",
        )],
        &["Safe: return Book.objects.order_by('-pk'): author"],
    );
}

#[test]
fn what_a_function_narrows_in_steps_is_loaded_where_it_begins() {
    check(
        &[(
            "code.py",
            r#"
from shop.models import Author


def visible(author, given):
    rows = author.books.all()
    if given.get("a"):
        rows = rows.filter(title="a")
    elif given.get("b"):
        rows = rows.filter(title="b")
    return rows


def one(request):
    for book in visible(Author.objects.get(pk=1), request.GET):
        print(book.editor.name)


def two(request):
    return [book.editor.name for book in visible(Author.objects.get(pk=2), request.GET)]
"#,
        )],
        &["Safe: rows = author.books.all(): editor"],
    );
}

#[test]
fn who_reads_it_of_one_row_alone_gains_too() {
    let text = |alone: &str| {
        format!(
            "from shop.models import Book\n\n\ndef recent():\n    return Book.objects.order_by('-pk')\n\n\n\
             def listed(request):\n    return [book.author.name for book in recent()]\n\n\n\
             def latest(request):\n    return recent().first().{alone}\n"
        )
    };
    check(&[("views.py", &text("author.name"))], &["Safe: return Book.objects.order_by('-pk'): author"]);
    check(
        &[("views.py", &text("editor"))],
        &["Safe: return [book.author.name for book in recent()]: author"],
    );
}

#[test]
fn what_a_view_makes_for_one_action_alone_is_loaded_where_it_makes_it() {
    let text = |branch: &str| {
        format!(
            r#"
from rest_framework import serializers, viewsets
from rest_framework.decorators import action
from rest_framework.response import Response
from shop.models import Book


class TitleSerializer(serializers.ModelSerializer):
    class Meta:
        model = Book
        fields = ["title"]


class PlaceSerializer(serializers.ModelSerializer):
    class Meta:
        model = Book
        fields = ["place"]


class Books(viewsets.ModelViewSet):
    serializer_class = TitleSerializer

    def get_queryset(self):
        books = Book.objects.all()
        if self.action == "{branch}":
            return books.order_by("title")
        return books.order_by("pk")

    @action(detail=False)
    def export(self, request):
        books = self.get_queryset()
        return Response(PlaceSerializer(books, many=True).data)
"#
        )
    };
    check(&[("views.py", &text("export"))], &["Safe: return books.order_by(\"title\"): author__country"]);
    check(&[("views.py", &text("other"))], &["Safe: books = self.get_queryset(): author__country"]);
}

/// A shelf whose `kind` of property gives its books, and two that use them.
fn shelf(kind: &str, other: &str) -> String {
    format!(
        r#"
from django.db import models
from django.utils.functional import cached_property
from shop.models import Book


class Shelf(models.Model):
    @{kind}
    def books(self):
        return Book.objects.filter(title__startswith="a")

    class Meta:
        app_label = "shop"

    def authors(self):
        return [book.author.name for book in self.books]

    def others(self):
        return [{other} for book in self.books]
"#
    )
}

#[test]
fn what_one_of_two_who_read_a_property_needs_is_loaded_by_that_one() {
    check(
        &[("shelves.py", &shelf("property", "book.title"))],
        &["Safe: return [book.author.name for book in self.books]: author"],
    );
}

#[test]
fn what_all_who_read_a_property_need_is_loaded_by_the_property() {
    check(
        &[("shelves.py", &shelf("property", "book.author.country_id"))],
        &["Safe: return Book.objects.filter(title__startswith=\"a\"): author"],
    );
}

#[test]
fn a_cached_propertys_queryset_is_one_for_all_who_read_it() {
    check(
        &[("shelves.py", &shelf("cached_property", "book.title"))],
        &["Safe: return Book.objects.filter(title__startswith=\"a\"): author"],
    );
}

#[test]
fn what_more_may_read_of_a_mixins_property_than_is_seen_is_loaded_by_the_one_that_is() {
    let mixin = |other: &str| {
        format!(
            r#"
from django.db import models
from django.shortcuts import get_object_or_404
from shop.models import Author, Book


class HasBooks:
    @property
    def shelved(self):
        return Book.objects.filter(title__startswith=self.name)


class Shelf(HasBooks, models.Model):
    name = models.CharField(max_length=50)

    class Meta:
        app_label = "shop"


def authors(request, pk):
    shelf = get_object_or_404(Shelf, pk=pk)
    return [book.author.name for book in shelf.shelved]


{other}"#
        )
    };
    let own = "Safe: return Book.objects.filter(title__startswith=self.name): author";
    let reader = "Safe: return [book.author.name for book in shelf.shelved]: author";
    let counted = "def counted(thing):\n    return thing.shelved.count()\n";
    check(&[("shelves.py", &mixin(""))], &[own]);
    check(&[("shelves.py", &mixin(counted))], &[reader]);
    // Of a model's own property it is known who has it.
    let model = mixin(counted).replace(
        "class HasBooks:",
        "class HasBooks(models.Model):\n    class Meta:\n        abstract = True\n",
    );
    let model = model.replace("class Shelf(HasBooks, models.Model):", "class Shelf(HasBooks):");
    check(&[("shelves.py", &model)], &[own]);
}

#[test]
fn what_a_template_reads_of_a_method_is_loaded_by_it_and_who_pays_is_said() {
    let shelves = r#"
from django.db import models
from django.shortcuts import get_object_or_404, render
from shop.models import Book


class Shelf(models.Model):
    def books(self):
        return Book.objects.filter(title__startswith="a")

    class Meta:
        app_label = "shop"


def shown(request, pk):
    return render(request, "shelf.html", {"shelf": get_object_or_404(Shelf, pk=pk)})


def titles(request, pk):
    return [book.title for book in get_object_or_404(Shelf, pk=pk).books()]
"#;
    let page = "{% for book in shelf.books %}{{ book.author.name }}{% endfor %}";
    let proposals = Shop::new(&[("shelves.py", shelves), ("templates/shelf.html", page)]).proposals();
    let [proposal] = &proposals[..] else { panic!("one proposal: {proposals:?}") };
    assert_eq!((proposal.safety, proposal.symbol.as_str()), (Safety::Unsafe, "Shelf.books"));
    let said = "Of those who get these rows, only `shop/templates/shelf.html` reads `author`; `titles` would pay for it \
                without need.";
    assert!(proposal.message.contains(said), "{}", proposal.message);
}

#[test]
fn a_manager_in_a_variable_is_left_to_all_that_starts_from_it() {
    let view = "from shop.models import Book\n\n\n\
                def listed(request):\n    \
                books = Book.objects\n    \
                print(books.get(pk=1).title)\n    \
                shown = books.filter(title='a')\n    \
                return [book.author.name for book in shown]\n";
    check(&[("views.py", view)], &["Safe: shown = books.filter(title='a'): author"]);
}

#[test]
fn what_few_of_those_who_share_a_query_lack_is_only_advised() {
    let shelves = |others: &str| {
        format!(
            "from django.db import models\nfrom django.shortcuts import get_object_or_404, render\n\
             from shop.models import Book\n\n\n\
             class Shelf(models.Model):\n    \
             def books(self):\n        \
             return Book.objects.filter(title__startswith='a')\n\n    \
             class Meta:\n        \
             app_label = 'shop'\n\n\n\
             def shown(request, pk):\n    \
             return render(request, 'shelf.html', {{'shelf': get_object_or_404(Shelf, pk=pk)}})\n\n\n{others}"
        )
    };
    let said_by = |others: &str, page: &str| {
        let proposals =
            Shop::new(&[("shelves.py", &shelves(others)), ("templates/shelf.html", page)]).proposals();
        let [proposal] = &proposals[..] else { panic!("one proposal: {proposals:?}") };
        assert_eq!((proposal.safety, proposal.symbol.as_str()), (Safety::Advice, "Shelf.books"));
        assert!(proposal.changes.is_empty());
        proposal.message.clone()
    };
    let page = "{% for book in shelf.books %}{{ book.author.name }}{% endfor %}";
    let said_of = |others: &str| said_by(others, page);
    let titles = |name: &str| {
        format!(
            "def {name}(request, pk):\n    \
             return [book.title for book in get_object_or_404(Shelf, pk=pk).books()]\n\n\n"
        )
    };
    let most = said_of(&(titles("titles") + &titles("labels")));
    let said = "only `shop/templates/shelf.html` reads `author`; `titles` and `labels` would pay for it without need. \
                Load it where those get the rows who read it.";
    assert!(most.contains(said), "{most}");
    // What is said of several relations alike is said once.
    let page = "{% for book in shelf.books %}{{ book.author.name }}{{ book.editor.name }}{% endfor %}";
    let both = said_by(&(titles("titles") + &titles("labels")), page);
    let said = "only `shop/templates/shelf.html` reads `author` and `editor`; `titles` and `labels` would pay for them without \
                need. Load them where those get the rows who read them.";
    assert!(both.ends_with(said) && both.matches("Of those").count() == 1, "{both}");
    let own = said_of(
        "def authors(request, pk):\n    \
         books = get_object_or_404(Shelf, pk=pk).books().select_related('author')\n    \
         return [book.author.name for book in books]\n",
    );
    let said = "only `shop/templates/shelf.html` reads `author`; `authors` loads it by itself. \
                Load it where those get the rows who read it.";
    assert!(own.contains(said), "{own}");
}

#[test]
fn what_all_who_lack_it_begin_to_load_is_loaded_there() {
    let view = |body: &str| {
        format!(
            "from shop.models import Note\n\n\ndef listed(request):\n    \
             notes = Note.objects.order_by('pk')\n    \
             if request.GET:\n        notes = notes.filter(user=request.user)\n    \
             joined = notes.exclude(book=None).select_related('book')\n    \
             print([note.book.author.name for note in joined])\n    {body}\n"
        )
    };
    check(
        &[("views.py", &view("print([note.book_id for note in notes])"))],
        &["Safe: joined = notes.exclude(book=None).select_related('book'): book__author"],
    );
    check(
        &[("views.py", &view("print([note.book.author.name for note in notes])"))],
        &["Safe: notes = Note.objects.order_by('pk'): book__author"],
    );
    check(
        &[("views.py", &view("").replace("select_related('book')", "select_related('user')"))],
        &["Safe: joined = notes.exclude(book=None).select_related('user'): book__author"],
    );
}

#[test]
fn what_a_function_has_asked_for_is_loaded_before_it_does() {
    let code = |asks: &str, others: &str| {
        format!(
            r#"
from shop.models import Book


def recent():
    books = Book.objects.order_by("-pk")
    {asks}
    return books


def listed(request):
    return [book.author.name for book in recent()]
{others}"#
        )
    };
    let others = "\n\ndef titles(request):\n    return [book.title for book in recent()]\n";
    let here = r#"books = Book.objects.order_by("-pk")"#;
    for asks in
        ["print(len(books))", "if not books:\n        print('none')", "print([book.title for book in books])"]
    {
        check(&[("views.py", &code(asks, ""))], &[&format!("Safe: {here}: author")]);
        check(&[("views.py", &code(asks, others))], &[&format!("Unsafe: {here}: author")]);
    }
    for asks in ["print(books.count())", "print(len(books.filter(title='a')))"] {
        let there = "return [book.author.name for book in recent()]";
        check(&[("views.py", &code(asks, others))], &[&format!("Safe: {there}: author")]);
    }
}

#[test]
fn a_function_within_another_that_names_it_nowhere_is_never_run() {
    let code = |body: &str| {
        format!(
            r#"
from shop.models import Book


def listed(request):
    def names(depth):
        books = Book.objects.order_by("pk")
        return [book.author.name for book in books] if depth else names(depth - 1)

    {body}


def titles(request):
    return listed(request)
"#
        )
    };
    let query = r#"Safe: books = Book.objects.order_by("pk"): author"#;
    check(&[("views.py", &code("return names(2)"))], &[query]);
    check(&[("views.py", &code("return {'names': lambda: names(2)}"))], &[query]);
    check(&[("views.py", &code("return request"))], &[]);
}

#[test]
fn of_several_who_loop_over_rows_the_one_that_comes_to_what_reads_them_is_named() {
    let models = "from django.db import models\nfrom shop.models import Author\n\n\n\
                  class Reply(models.Model):\n    user = models.ForeignKey(Author, on_delete=models.CASCADE)\n\n    \
                  class Meta:\n        app_label = 'shop'\n\n    \
                  @property\n    def name(self):\n        return self.user.name\n\n    \
                  @property\n    def key(self):\n        return self.pk\n";
    let view = "from django.shortcuts import render\nfrom shop.replies import Reply\n\n\n\
                def recent():\n    replies = Reply.objects.order_by('pk')\n    return replies, replies.count()\n\n\n\
                def keys(request):\n    replies, count = recent()\n    return [reply.key for reply in replies]\n\n\n\
                def last(request):\n    replies, count = recent()\n    \
                return [reply.user.name for reply in replies.select_related('user')]\n\n\n\
                def page(request):\n    replies, count = recent()\n    \
                return render(request, 'shop/replies.html', {'replies': replies})\n";
    let page = "{% for reply in replies %}{{ reply.name }}{% endfor %}";
    let files = [("replies.py", models), ("views.py", view), ("templates/shop/replies.html", page)];
    let proposals = support::Shop::new(&files).proposals();
    let [proposal] = &proposals[..] else { panic!("one proposal: {proposals:?}") };
    let said = "only `shop/templates/shop/replies.html` reads `user`";
    assert!(proposal.message.contains(said), "{}", proposal.message);
}
