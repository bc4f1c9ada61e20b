//! Rows on their way through requests, filter sets, feeds, sitemaps, tables, encoders, decorators and managers.

mod support;

use support::check;

#[test]
fn what_a_middleware_puts_on_requests_is_read_by_views() {
    check(
        &[
            (
                "middleware.py",
                "from shop.models import Author\n\n\nclass Middleware:\n    def __call__(self, request):\n        request.author = Author.objects.get(pk=1)\n        return self.next(request)\n",
            ),
            (
                "views.py",
                "def listed(request):\n    for book in request.author.books.order_by('title'):\n        print(book.editor.name)\n",
            ),
        ],
        &["Safe: for book in request.author.books.order_by('title'):: editor"],
    );
}

#[test]
fn a_filter_set_gives_the_rows_that_it_was_given() {
    check(
        &[(
            "views.py",
            "import django_filters\nfrom shop.models import Book\n\n\nclass BookFilter(django_filters.FilterSet):\n    class Meta:\n        model = Book\n        fields = ['title']\n\n\ndef listed(request):\n    found = BookFilter(request.GET, queryset=Book.objects.all())\n    return [book.author.name for book in found.qs]\n",
        )],
        &["Safe: found = BookFilter(request.GET, queryset=Book.objects.all()): author"],
    );
}

#[test]
fn feeds_and_sitemaps_ask_each_item() {
    check(
        &[(
            "feeds.py",
            "from django.contrib.sitemaps import Sitemap\nfrom django.contrib.syndication.views import Feed\nfrom shop.models import Book, Note\n\n\nclass Books(Feed):\n    def items(self):\n        return Book.objects.order_by('title')\n\n    def item_title(self, book):\n        return book.author.name\n\n\nclass Notes(Sitemap):\n    def items(self):\n        return Note.objects.all()\n\n    def location(self, note):\n        return note.book.title\n",
        )],
        &["Safe: return Book.objects.order_by('title'): author", "Safe: return Note.objects.all(): book"],
    );
}

#[test]
fn an_encoder_is_asked_for_rows() {
    check(
        &[(
            "views.py",
            "import json\nfrom shop.models import Book\n\n\nclass Encoder(json.JSONEncoder):\n    def default(self, obj):\n        if hasattr(obj, '__iter__'):\n            return list(obj)\n        return {'author': obj.author.name}\n\n\ndef listed(request):\n    return json.dumps({'books': Book.objects.all()}, cls=Encoder)\n",
        )],
        &["Safe: return json.dumps({'books': Book.objects.all()}, cls=Encoder): author"],
    );
}

#[test]
fn a_decorator_that_is_given_a_template_renders_what_the_view_returns() {
    check(
        &[
            (
                "views.py",
                "from django.shortcuts import render\nfrom shop.models import Book\n\n\ndef templated(name):\n    def decorator(view):\n        def proxy(request):\n            return render(request, name, view(request))\n        return proxy\n    return decorator\n\n\n@templated('books.html')\ndef listed(request):\n    return {'books': Book.objects.all()}\n",
            ),
            ("templates/books.html", "{% for book in books %}{{ book.author.name }}{% endfor %}"),
        ],
        &["Safe: return {'books': Book.objects.all()}: author"],
    );
}

#[test]
fn a_managers_get_queryset_makes_a_queryset_of_the_projects_own() {
    check(
        &[(
            "managers.py",
            "from django.db import models\nfrom shop.models import Author\n\n\nclass ReviewQuerySet(models.QuerySet):\n    def shown(self):\n        return self.filter(is_shown=True)\n\n\nclass ReviewManager(models.Manager):\n    def get_queryset(self):\n        return ReviewQuerySet(self.model, using=self._db)\n\n\nclass Review(models.Model):\n    author = models.ForeignKey(Author, on_delete=models.CASCADE)\n    objects = ReviewManager()\n\n    class Meta:\n        app_label = 'shop'\n\n\ndef listed():\n    for review in Review.objects.order_by('pk').shown():\n        print(review.author.name)\n",
        )],
        &["Safe: for review in Review.objects.order_by('pk').shown():: author"],
    );
}

#[test]
fn a_table_shows_its_columns_for_every_row() {
    let table = |own: &str| {
        format!(
            "import django_tables2 as tables\nfrom shop.models import Book\n\n\nclass BookTable(tables.Table):\n    place = tables.Column(accessor='author__country')\n\n    class Meta:\n        model = Book\n        fields = ['title', 'place', 'editor']\n{own}\n\ndef listed(request):\n    return BookTable(Book.objects.all())\n"
        )
    };
    check(
        &[("tables.py", &table(""))],
        &["Safe: return BookTable(Book.objects.all()): author__country, editor"],
    );
    // A table that loads for its columns by itself needs no help.
    let loads = "\n    def __init__(self, rows):\n        super().__init__(rows)\n        self.data.data = self.data.data.prefetch_related(*self.paths())\n";
    check(&[("tables.py", &table(loads))], &[]);
}

#[test]
fn code_that_climbs_a_tree_gets_no_path_of_a_guessed_depth() {
    check(
        &[(
            "tree.py",
            "from django.db import models\n\n\nclass Node(models.Model):\n    parent = models.ForeignKey('self', null=True, on_delete=models.CASCADE)\n\n    class Meta:\n        app_label = 'shop'\n\n    def root(self):\n        return self.parent.root() if self.parent else self\n\n\ndef listed():\n    return [node.root() for node in Node.objects.all()]\n",
        )],
        &["Safe: return [node.root() for node in Node.objects.all()]: parent"],
    );
}

#[test]
fn a_choice_field_that_parses_its_values_shows_no_options() {
    let form = |body: &str| {
        format!(
            "from django import forms\nfrom shop.models import Note\n\n\nclass Field(forms.ModelChoiceField):\n    {body}\n\n\nclass Form(forms.Form):\n    note = Field(queryset=Note.objects.all())\n"
        )
    };
    check(&[("forms.py", &form("pass"))], &["Safe: note = Field(queryset=Note.objects.all()): user"]);
    let parses = "def to_python(self, value):\n        return self.queryset.get(name=value)";
    check(&[("forms.py", &form(parses))], &[]);
}

#[test]
fn a_list_that_is_known_to_be_empty_asks_for_nothing() {
    check(
        &[(
            "views.py",
            "from shop.models import Book\n\nEXTRA = []\n\n\ndef listed():\n    for book in Book.objects.prefetch_related(*EXTRA):\n        print(book.author.name)\n",
        )],
        &["Safe: for book in Book.objects.prefetch_related(*EXTRA):: author"],
    );
}

#[test]
fn an_admin_is_registered_by_what_the_project_makes_of_register() {
    check(
        &[(
            "admin.py",
            "from functools import partial\nfrom django.contrib import admin\nfrom shop.models import Book, Note\n\n\nclass Site(admin.AdminSite):\n    pass\n\n\nsite = Site()\nregister = partial(admin.register, site=site)\n\n\n@register(Note)\nclass NoteAdmin(admin.ModelAdmin):\n    pass\n\n\nclass BookAdmin(admin.ModelAdmin):\n    list_display = ['place']\n\n\nsite.register(Book, BookAdmin)\n",
        )],
        &[
            "Safe: class NoteAdmin(admin.ModelAdmin):: user",
            "Safe: class BookAdmin(admin.ModelAdmin):: author__country",
        ],
    );
}

#[test]
fn a_related_field_shows_rows_by_what_it_was_made_with() {
    check(
        &[(
            "api.py",
            "from rest_framework import generics, serializers\nfrom shop.models import Book, Note\n\n\nclass Shown(serializers.PrimaryKeyRelatedField):\n    def __init__(self, serializer, **kwargs):\n        self.serializer = serializer\n        super().__init__(**kwargs)\n\n    def use_pk_only_optimization(self):\n        return False\n\n    def to_representation(self, value):\n        return self.serializer(value, context=self.context).data\n\n\nclass BookSerializer(serializers.ModelSerializer):\n    class Meta:\n        model = Book\n        fields = ['title', 'place']\n\n\nclass NoteSerializer(serializers.ModelSerializer):\n    book = Shown(serializer=BookSerializer, read_only=True)\n\n    class Meta:\n        model = Note\n        fields = ['book']\n\n\nclass Notes(generics.ListAPIView):\n    queryset = Note.objects.all()\n    serializer_class = NoteSerializer\n",
        )],
        &["Safe: queryset = Note.objects.all(): book__author__country"],
    );
}

#[test]
fn one_row_chosen_by_what_is_unique_is_no_loop() {
    let view = |filter: &str| {
        format!(
            "from shop.models import Book\n\n\ndef listed(request, pk):\n    books = Book.objects.filter({filter})\n    \
             return [book.author.name for book in books]\n"
        )
    };
    let one = [
        "pk=pk",
        "id=pk, title='x'",
        "id__exact=pk",
        "pk__in=[pk]",
        "notes=pk",
        "notes__pk=pk",
        "notes__in=[pk]",
    ];
    for filter in one {
        check(&[("views.py", &view(filter))], &[]);
    }
    let many =
        ["pk__in=pk", "title=pk", "author__id=pk", "notes=None", "notes__in=pk", "notes__user=pk", "tags=pk"];
    for filter in many {
        let expected = format!("Safe: books = Book.objects.filter({filter}): author");
        check(&[("views.py", &view(filter))], &[&expected]);
    }
}

#[test]
fn the_shortcuts_of_other_packages_are_followed() {
    check(
        &[(
            "views.py",
            "from rest_framework.generics import get_object_or_404\nfrom shop.models import Author\n\n\ndef listed(request, pk):\n    \
             author = get_object_or_404(Author.objects.order_by('pk'), pk=pk)\n    \
             return [book.editor.name for book in author.books.all()]\n",
        )],
        &["Safe: return [book.editor.name for book in author.books.all()]: editor"],
    );
}

#[test]
fn a_paginator_of_ones_own_gives_pages_of_the_rows_that_it_is_made_with() {
    let text = |own: &str| {
        format!(
            r#"
from django.core import paginator
from django.shortcuts import render
from shop.models import Book, Note


class Pages(paginator.Paginator):
    {own}


def paged(request, rows):
    return Pages(rows, 20).get_page(1)


def notes(request):
    return [note.user.name for note in paged(request, Note.objects.order_by("pk"))]


def books(request):
    rows = Book.objects.order_by("pk")
    return [(book.user, book.editor.name) for book in paged(request, rows).object_list]
"#
        )
    };
    let found = [
        "Safe: return [note.user.name for note in paged(request, Note.objects.order_by(\"pk\"))]: user",
        "Safe: rows = Book.objects.order_by(\"pk\"): editor",
    ];
    check(&[("views.py", &text("limit = 20"))], &found);
    let init = "def __init__(self, rows, size):\n        super().__init__(rows, size, orphans=3)";
    check(&[("views.py", &text(init))], &found);
    // What it pages is not what it was given.
    let other = "def __init__(self, rows, size):\n        super().__init__([1, 2], size)";
    check(&[("views.py", &text(other))], &[]);
}

/// A manager whose base, of a package that is not read, narrows what its `get_queryset` gives.
#[test]
fn a_managers_get_queryset_gives_rows_whatever_they_are_handed_to() {
    check(
        &[(
            "reviews.py",
            r#"
from django.db import models
from shop.models import Author
from typed.managers import TypedManager


class ReviewQuerySet(models.QuerySet):
    def shown(self):
        return self.filter(is_shown=True)


class ReviewManager(TypedManager):
    def get_queryset(self):
        rows = ReviewQuerySet(self.model, using=self._db)
        return self._filter_by_type(rows)

    def counted(self, rows):
        return self._count_by_type(rows)


class Review(models.Model):
    author = models.ForeignKey(Author, on_delete=models.CASCADE)
    objects = ReviewManager()

    class Meta:
        app_label = "shop"


def listed():
    return [review.author.name for review in Review.objects.order_by("pk").shown()]


def counted(rows):
    return [count.author.name for count in Review.objects.counted(Review.objects.filter(pk=1))]
"#,
        )],
        &["Safe: return [review.author.name for review in Review.objects.order_by(\"pk\").shown()]: author"],
    );
}

#[test]
fn what_is_put_into_an_item_of_a_container_is_in_the_container() {
    let query = "for book in Book.objects.order_by('pk'):";
    let listed = |before: &str, within: &str, after: &str| {
        format!(
            "from collections import defaultdict\nfrom shop.models import Book\n\n\ndef listed(request):\n    {before}\n    \
             {query}\n        {within}\n    {after}\n"
        )
    };
    let shown = "return [book.editor.name for day in days.values() for book in day['books']]";
    let found = [format!("Safe: {query}: editor")];
    let found: Vec<&str> = found.iter().map(String::as_str).collect();
    for (before, within, after) in [
        (
            "days = {day: {'books': []} for day in 'ab'}",
            "day = days.get(book.title)\n        day['books'].append(book)",
            shown,
        ),
        (
            "days = {day: {'books': []} for day in 'ab'}",
            "day = days[book.title]\n        day['books'].append(book)",
            shown,
        ),
        ("days = {}", "day = days[book.title] = {'books': []}\n        day['books'].append(book)", shown),
        ("days = {}", "days[book.title] = day = {'books': []}\n        day['books'].append(book)", shown),
        (
            "days = {}",
            "day = {'books': []}\n        days[book.title] = day\n        day['books'].append(book)",
            shown,
        ),
        (
            "days = {}",
            "books = days.setdefault(book.title, {}).setdefault('books', [])\n        books.append(book)",
            shown,
        ),
        ("days = defaultdict(lambda: {'books': []})", "days[book.title]['books'].append(book)", shown),
        (
            "days = {}",
            "days[book.title] = {'rows': [book]}",
            &format!("for day in days.values():\n        day['books'] = day['rows']\n    {shown}"),
        ),
        (
            "days = {}",
            "days[book.title] = {'rows': [book]}",
            &format!("for _, day in days.items():\n        day['books'] = day['rows']\n    {shown}"),
        ),
    ] {
        check(&[("views.py", &listed(before, within, after))], &found);
    }
    // The variable is something else by then.
    let other = "day = days.get(book.title)\n        day = {'books': []}\n        day['books'].append(book)";
    check(&[("views.py", &listed("days = {day: {'books': []} for day in 'ab'}", other, shown))], &[]);
    // What is in itself comes to an end.
    let itself = "day = days[book.title]\n        days = day[book.title]\n        day['books'] = days\n        days['books'] = day";
    check(&[("views.py", &listed("days = {'a': {'b': {}}}", itself, "return days"))], &[]);
}

#[test]
fn what_is_put_into_a_list_that_is_in_another_is_in_that_too() {
    let query = "for book in Book.objects.order_by('pk'):";
    let listed = |within: &str, shown: &str| {
        format!(
            "from shop.models import Book\n\n\ndef listed(request):\n    day = None\n    days = []\n    \
             {query}\n        {within}\n    return [book.editor.name for {shown}]\n"
        )
    };
    let found = [format!("Safe: {query}: editor")];
    let found: Vec<&str> = found.iter().map(String::as_str).collect();
    let nested = "day in days for book in day";
    for (within, shown) in [
        ("day = []\n        days.append(day)\n        day.append(book)", nested),
        ("day = []\n        days.insert(0, day)\n        day.append(book)", nested),
        (
            "if day is None or book.title:\n            day = {'books': []}\n            days.append(day)\n        \
             day['books'].append(book)",
            "day in days for book in day['books']",
        ),
        (
            "title, day = book.title, []\n        days.append((title, day))\n        day.append(book)",
            "_, day in days for book in day",
        ),
        (
            "day = []\n        days.append({'title': book.title, 'books': day})\n        day.append(book)",
            "day in days for book in day['books']",
        ),
    ] {
        check(&[("views.py", &listed(within, shown))], &found);
    }
    for within in [
        // The variable is another list by then, and so is the list that it was added to.
        "day = []\n        days.append(day)\n        day = []\n        day.append(book)",
        "day = []\n        days.append(day)\n        day, other = [], []\n        day.append(book)",
        "day = []\n        days.append(day)\n        days = []\n        day.append(book)",
        // A copy is added.
        "day = []\n        days.append(list(day))\n        day.append(book)",
    ] {
        check(&[("views.py", &listed(within, nested))], &[]);
    }
}

#[test]
fn an_object_that_is_a_dict_holds_what_its_class_gives_python() {
    let validators = |context: &str, read: &str| {
        format!(
            r#"
from shop.models import Book


class Context(dict):
    {context}


class Validator:
    def __init__(self, book):
        self.context = Context(book)

    def clean(self):
        return {read}


def checked():
    for book in Book.objects.order_by('title'):
        Validator(book).clean()


def checked_again():
    for book in Book.objects.order_by('pk'):
        Validator(book).clean()
"#
        )
    };
    let found: &[&str] = &[
        "Safe: for book in Book.objects.order_by('title'):: author",
        "Safe: for book in Book.objects.order_by('pk'):: author",
    ];
    let given = "def __init__(self, book):\n        super().__init__(book=book, kind='a')";
    let put = "def __init__(self, book):\n        super().__init__()\n        self['book'] = book";
    let updated = "def __init__(self, book):\n        self.update({'book': book})";
    let by_default = "def __init__(self, book):\n        self.setdefault('book', book)";
    let in_list = "def __init__(self, book):\n        self.setdefault('books', []).append(book)";
    for context in [given, put, updated, by_default] {
        check(&[("validators.py", &validators(context, "self.context['book'].author.name"))], found);
    }
    let listed = "[book.author.name for book in self.context['books']]";
    check(&[("validators.py", &validators(in_list, listed))], found);
    let asked = "self.context.setdefault('book', None).author.name";
    check(&[("validators.py", &validators(given, asked))], found);
    check(&[("validators.py", &validators(given, "self.context.get('book').author.name"))], found);
    // What is held under another name, or put away by its own means, is none of them.
    for context in [given, by_default] {
        check(&[("validators.py", &validators(context, "self.context['author'].author.name"))], &[]);
    }
    let own = format!("{put}\n\n    def __setitem__(self, key, value):\n        pass");
    check(&[("validators.py", &validators(&own, "self.context['book'].author.name"))], &[]);
}

#[test]
fn what_is_made_of_rows_is_told_from_what_the_same_place_makes_of_others() {
    check(
        &[(
            "views.py",
            "from shop.models import Book\n\n\nclass Pages:\n    def __init__(self, rows):\n        self.rows = rows\n\n    def result(self):\n        return self.rows[:10]\n\n\nclass Paged:\n    def paginate(self, rows, on_rows=None):\n        pages = Pages(rows)\n        return on_rows(pages.result())\n\n\nclass ByTitle(Paged):\n    def get(self, request):\n        books = Book.objects.order_by('title')\n        return self.paginate(books, on_rows=lambda books: [book.author.name for book in books])\n\n\nclass Latest(Paged):\n    def get(self, request):\n        books = Book.objects.order_by('-pk')\n        return self.paginate(books, on_rows=lambda books: [book.editor.name for book in books])\n\n\nclass Keys(Paged):\n    def get(self, request):\n        books = Book.objects.order_by('pk')\n        return self.paginate(books, on_rows=lambda books: list(books.values('pk')))\n",
        )],
        &[
            "Safe: books = Book.objects.order_by('title'): author",
            "Safe: books = Book.objects.order_by('-pk'): editor",
        ],
    );
}
