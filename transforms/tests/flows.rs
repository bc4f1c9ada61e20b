//! Rows that go through signals, actions, records, containers and what code puts on them: small projects in, proposals out.

mod support;

use support::check;

#[test]
fn a_receiver_is_given_a_row_of_its_sender() {
    let signals = "
from django.db.models.signals import post_save
from django.dispatch import receiver
from shop.models import Author


@receiver(post_save, sender=Author)
def changed(sender, instance, **kwargs):
    return [tag.name for book in instance.books.all() for tag in book.tags.all()]
";
    check(
        &[("signals.py", signals)],
        &["Safe: return [tag.name for book in instance.books.all() for tag in book.tags.all()]: tags"],
    );
}

#[test]
fn a_view_is_served_with_what_as_view_is_given() {
    let urls = "
from django.urls import path
from django.views.generic import ListView
from shop.models import Book

urlpatterns = [
    path('a', ListView.as_view(queryset=Book.objects.all(), template_name='shop/books.html')),
    path('b', ListView.as_view(model=Book, template_name='shop/books.html')),
]
";
    let template = "{% for book in object_list %}{{ book.author.name }}{% endfor %}";
    check(
        &[("urls.py", urls), ("templates/shop/books.html", template)],
        &[
            "Safe: path('a', ListView.as_view(queryset=Book.objects.all(), template_name='shop/books.html')),: author",
            "Safe: path('b', ListView.as_view(model=Book, template_name='shop/books.html')),: author",
        ],
    );
}

#[test]
fn what_a_query_computes_goes_before_what_the_class_has() {
    let views = "
from django.db.models import F
from shop.models import Book


def computed(request):
    return [book.place for book in Book.objects.annotate(place=F('author__country__name'))]


def selected(request):
    return [book.place for book in Book.objects.extra(select={'place': 'upper(title)'})]


def read(request):
    return [book.place for book in Book.objects.annotate(spot=F('author__country__name'))]
";
    check(
        &[("views.py", views)],
        &[
            "Safe: return [book.place for book in Book.objects.annotate(spot=F('author__country__name'))]: author__country",
        ],
    );
}

#[test]
fn code_that_asks_whether_rows_are_prefetched_reads_them_only_then() {
    let tools = "
def is_loaded(instance, name):
    if name in instance._state.fields_cache:
        return True
    if hasattr(instance, '_prefetched_objects_cache') and name in instance._prefetched_objects_cache:
        return True
    return False


def labels(book):
    if is_loaded(book, 'tags'):
        return [tag.name for tag in book.tags.all()]
    return [book.author.name] if is_loaded(book, 'author') else []
";
    let views = "
from shop.models import Book
from shop.tools import labels


def listed(request):
    return [labels(book) for book in Book.objects.all()]


def joined(request):
    return [(labels(book), book.author.country.name) for book in Book.objects.select_related('author')]
";
    check(
        &[("tools.py", tools), ("views.py", views)],
        &[
            "Safe: return [(labels(book), book.author.country.name) for book in Book.objects.select_related('author')]: author__country",
        ],
    );
}

#[test]
fn what_code_puts_on_rows_is_there_where_they_are_shown() {
    let views = "
from django.shortcuts import render
from shop.models import Author, Book


def books(request):
    books = Book.objects.all()
    for book in books:
        book.shown = book.notes.order_by('pk')
    return render(request, 'shop/books.html', {'books': books})


def authors(request):
    authors = list(Author.objects.all())
    for author in authors:
        setattr(author, 'works', [book for book in author.books.all()])
    return render(request, 'shop/authors.html', {'authors': authors})
";
    let books =
        "{% for book in books %}{% for note in book.shown %}{{ note.user.name }}{% endfor %}{% endfor %}";
    let authors = "{% for author in authors %}{% for book in author.works %}{{ book.editor.name }}{% endfor %}{% endfor %}";
    check(
        &[
            ("views.py", views),
            ("templates/shop/books.html", books),
            ("templates/shop/authors.html", authors),
        ],
        &[
            "Safe: book.shown = book.notes.order_by('pk'): user",
            "Safe: authors = list(Author.objects.all()): books__editor",
        ],
    );
}

#[test]
fn what_is_set_on_a_row_goes_before_a_cached_property_and_not_before_a_property() {
    let models = "
from django.db import models
from django.utils.functional import cached_property
from shop.models import Author


class Print(models.Model):
    author = models.ForeignKey(Author, on_delete=models.CASCADE)

    @cached_property
    def cached(self):
        return self.author.name

    @property
    def plain(self):
        return self.author.name

    @plain.setter
    def plain(self, value):
        self.kept = value


def cached():
    for one in Print.objects.all():
        one.cached = ''
        print(one.cached)


def plain():
    for one in Print.objects.exclude(pk=1):
        one.plain = Author.objects.filter(name='')
        print(one.plain)
        print([author.country.name for author in one.kept])
";
    check(
        &[("prints.py", models)],
        &[
            "Safe: for one in Print.objects.exclude(pk=1):: author",
            "Safe: one.plain = Author.objects.filter(name=''): country",
        ],
    );
}

#[test]
fn fields_of_records_hold_rows() {
    let views = "
from collections import defaultdict, namedtuple
from dataclasses import dataclass, field
from typing import NamedTuple
from shop.models import Book

Entry = namedtuple('Entry', 'number book')


class Line(NamedTuple):
    book: Book
    number: int = 0


@dataclass
class Report:
    title: str
    rows: list = field(default_factory=list)
    seen: dict = field(init=False, default_factory=dict)


def entries():
    pairs = [Entry(1, book=book) for book in Book.objects.all()]
    return [entry.book.author.name for entry in pairs]


def unpacked():
    pairs = [Entry(1, book) for book in Book.objects.filter(title='a')]
    return [book.author.name for number, book in pairs]


def lines():
    return [line.book.author.name for line in [Line(book) for book in Book.objects.filter(title='b')]]


def reported():
    report = Report('all')
    for book in Book.objects.filter(title='c'):
        report.rows.append(book)
    return [book.author.name for book in report.rows]


def grouped():
    groups = {}
    for book in Book.objects.filter(title='d'):
        groups.setdefault(book.title, []).append(book)
    return [book.author.name for books in groups.values() for book in books]
";
    check(
        &[("views.py", views)],
        &[
            "Safe: pairs = [Entry(1, book=book) for book in Book.objects.all()]: author",
            "Safe: pairs = [Entry(1, book) for book in Book.objects.filter(title='a')]: author",
            "Safe: return [line.book.author.name for line in [Line(book) for book in Book.objects.filter(title='b')]]: author",
            "Safe: for book in Book.objects.filter(title='c'):: author",
            "Safe: for book in Book.objects.filter(title='d'):: author",
        ],
    );
}

#[test]
fn a_named_tuple_has_what_its_own_call_was_given() {
    let views = |base: &str, first: &str, body: &str| {
        format!(
            "from dataclasses import dataclass\nfrom typing import NamedTuple\nfrom shop.models import Book\n\n\n\
             {first}class Pair({base}):\n    book: Book\n    number: int = 1\n{body}\n\n\n\
             def paired(book):\n    return Pair(book=book)\n\n\n\
             def numbers(request):\n    \
             return [paired(book).number for book in Book.objects.filter(title='a')]\n\n\n\
             def names(request):\n    \
             return [paired(book).book.author.name for book in Book.objects.filter(title='b')]\n"
        )
    };
    let line = |read: &str, title: &str| {
        format!("Safe: return [paired(book).{read} for book in Book.objects.filter(title='{title}')]: author")
    };
    check(&[("views.py", &views("NamedTuple", "", ""))], &[&line("book.author.name", "b")]);
    // What has more than its fields is an object, told from others by its rows.
    let method = "\n    def name(self):\n        return self.book.author.name\n";
    check(&[("views.py", &views("NamedTuple", "", method))], &[&line("book.author.name", "b")]);
}

#[test]
fn what_a_subclass_completes_is_run_with_it() {
    let export = "
from django.core.management.base import BaseCommand
from shop.models import Author, Book


class Export(BaseCommand):
    model = None

    def rows(self):
        return self.model.objects.all()

    def handle(self, *args, **options):
        for row in self.rows():
            print(self.line(row))


class Books(Export):
    model = Book

    def line(self, row):
        return row.author.name


class Authors(Export):
    def rows(self):
        return Author.objects.filter(name='')

    def line(self, row):
        return row.country.name
";
    check(
        &[("export.py", export)],
        &[
            "Safe: return self.model.objects.all(): author",
            "Safe: return Author.objects.filter(name=''): country",
        ],
    );
}

#[test]
fn attributes_by_name_and_cached_rows_are_followed() {
    let views = "
from django.core.cache import cache
from shop.models import Book

FIELDS = ['title', 'author']


def exported():
    return [[str(getattr(book, name)) for name in FIELDS] for book in Book.objects.all()]


def cached():
    return [book.author.name for book in cache.get_or_set('books', lambda: list(Book.objects.all()))]
";
    check(
        &[("views.py", views)],
        &[
            "Safe: return [[str(getattr(book, name)) for name in FIELDS] for book in Book.objects.all()]: author",
            "Unsafe: return [book.author.name for book in cache.get_or_set('books', lambda: list(Book.objects.all()))]: author",
        ],
    );
}

#[test]
fn containers_that_functions_fill_are_their_callers() {
    let views = "
from django.shortcuts import render
from shop.models import Author, Book


def put(target, *, key, value):
    target[key] = value
    return None


def collect(rows, book):
    if not book.title:
        return
    rows.append(book)


def filled(request):
    context = {}
    put(context, key='books', value=Book.objects.filter(title='a'))
    return [book.author.name for book in context['books']]


def collected():
    rows = []
    for book in Book.objects.filter(title='b'):
        collect(rows, book)
    return [book.author.name for book in rows]


def closed():
    rows, last = [], None

    def add(book):
        rows.append(book)

    for book in Book.objects.filter(title='c'):
        add(book)
    return [book.author.name for book in rows]


def bound_anew(rows, book):
    rows = list(rows)
    rows.append(book)


def apart():
    rows = []
    for book in Book.objects.filter(title='d'):
        bound_anew(rows, book)
    return [book.author.name for book in rows]
";
    check(
        &[("views.py", views)],
        &[
            "Safe: put(context, key='books', value=Book.objects.filter(title='a')): author",
            "Safe: for book in Book.objects.filter(title='b'):: author",
            "Safe: for book in Book.objects.filter(title='c'):: author",
        ],
    );
}

/// The manager of a proxy may start with the rows of its parent.
#[test]
fn a_function_within_another_has_what_is_bound_after_it() {
    let line = "books = Book.objects.order_by('pk')";
    let found = [format!("Safe: {line}: author")];
    let found: Vec<&str> = found.iter().map(String::as_str).collect();
    for (body, expected) in [
        (
            "def show():\n        print([book.author.name for book in books])\n    BOOKS\n    show()",
            &found[..],
        ),
        // A helper that stands below the one that calls it, and one more.
        (
            "def show():\n        for book in books:\n            line(book)\n    def line(book):\n        print(name(book))\n    \
             def name(book):\n        return book.author.name\n    BOOKS\n    show()",
            &found,
        ),
        ("def show(books):\n        print(books)\n    BOOKS\n    show([])", &[]),
        // It is bound where nothing calls the function any more.
        ("def show():\n        print([book.author.name for book in books])\n    show()\n    BOOKS", &[]),
    ] {
        let body = body.replace("BOOKS", line);
        check(
            &[("views.py", &format!("from shop.models import Book\n\n\ndef listed(request):\n    {body}\n"))],
            expected,
        );
    }
}

/// Names that may be loaded, as a client asks for them.
fn check_expanded(make: &str, expected: &[&str]) {
    let views = format!(
        "
from shop.models import Book


def export(request):
    names = [name for name in ('author.country', 'tags') if name in request.GET]
    for book in Book.objects.prefetch_related(*[{make} for name in names]):
        print(book.author.country.name, book.editor.name)
"
    );
    check(&[("views.py", &views)], expected);
}

#[test]
fn names_are_known_behind_the_methods_of_texts() {
    let rows = "for book in Book.objects.prefetch_related(*[{make} for name in names]):";
    for make in ["name.replace('.', '__')", "name.upper().lower().replace('.', '__').removeprefix('-')"] {
        let place = rows.replace("{make}", make);
        check_expanded(make, &[&format!("Safe: {place}: editor")]);
    }
    // What is not known may be what is read.
    for make in ["name.replace('.', request.GET['by'])", "name.translate(request.GET)"] {
        check_expanded(make, &[]);
    }
}

#[test]
fn rows_deep_in_what_a_template_shows_are_followed() {
    let views = "
from django.shortcuts import get_object_or_404, render
from shop.models import Author


def days(request, pk):
    author = get_object_or_404(Author.objects.all(), pk=pk)
    books = author.books.get(title='a').editor.books.get(title='b').editor.books.exclude(title='')
    shown = [
        {'day': day, 'rooms': [{'name': room, 'books': [book for book in books.filter(title=room)]} for room in 'ab']}
        for day in range(7)
    ]
    return render(request, 'shop/days.html', {'week': {'days': shown}})
";
    let template = "{% for day in week.days %}{% for room in day.rooms %}{% for book in room.books %}\
                    {{ book.editor.name }}{% endfor %}{% endfor %}{% endfor %}";
    let query =
        "books = author.books.get(title='a').editor.books.get(title='b').editor.books.exclude(title='')";
    check(
        &[("views.py", views), ("templates/shop/days.html", template)],
        &[&format!("Safe: {query}: editor")],
    );
}

#[test]
fn what_a_long_dict_holds_is_one_of_its_values() {
    let many: String = (0..2_000).map(|n| format!("        'name{n}': {n},\n")).collect();
    let views = format!(
        "
from shop.models import Book


def listed(request):
    pages = {{
        'first': Book.objects.filter(title='a'),
{many}        'last': Book.objects.filter(title='z'),
    }}
    a = [book.title for book in pages['first']]
    return a, [book.author.name for book in pages['last']]
"
    );
    check(&[("views.py", &views)], &["Safe: 'last': Book.objects.filter(title='z'),: author"]);
}

#[test]
fn what_is_evaluated_away_from_its_scope_has_its_variables() {
    let views = "
from collections import namedtuple
from django.shortcuts import render
from pydantic import BaseModel
from shop.models import Book

CHOICES = [('a', 'A')]


def shown(template, names):
    return lambda function: function


class Filter(BaseModel):
    options: list = [{'id': value, 'label': label if label else value} for value, label in CHOICES]
    books: list = [book for book in Book.objects.all()]


class Report:
    def lines(self, keys=[key if key else label for key, label in CHOICES]):
        return [book.author.name for book in Book.objects.filter(title__in=keys)]

    @shown('list.html', [key if key else label for key, label in CHOICES])
    def page(self, request):
        return render(request, 'list.html', {'books': Book.objects.filter(title='a')})


def records(first, second, third):
    class Line(namedtuple('Line', [name if name else label for name, label in CHOICES])):
        pass

    return Line(first), Line


def filtered():
    return [book.author.name for book in Filter().books]


def reported():
    records(1, 2, 3)
    return Report().lines()
";
    check(
        &[
            ("views.py", views),
            ("templates/list.html", "{% for book in books %}{{ book.author.name }}{% endfor %}"),
        ],
        &[
            "Safe: books: list = [book for book in Book.objects.all()]: author",
            "Safe: return [book.author.name for book in Book.objects.filter(title__in=keys)]: author",
            "Safe: return render(request, 'list.html', {'books': Book.objects.filter(title='a')}): author",
        ],
    );
}

#[test]
fn code_that_is_text_as_well_is_not_safe_to_change() {
    let views = "
from shop.models import Book


def shown():
    return f'{[book.author.name for book in Book.objects.all()]=}'


def made():
    return f'{[book.author.name for book in Book.objects.filter(title=1)]}'


def shown_later():
    books = Book.objects.filter(title=2)
    return f'{[book.author.name for book in books]=}'
";
    check(
        &[("views.py", views)],
        &[
            "Unsafe: return f'{[book.author.name for book in Book.objects.all()]=}': author",
            "Safe: return f'{[book.author.name for book in Book.objects.filter(title=1)]}': author",
            "Safe: books = Book.objects.filter(title=2): author",
        ],
    );
}
