//! Rows that go through paginators and pages of the project's own: small projects in, proposals out.

mod support;

use support::check;

const AUTHOR: &[&str] = &["Safe: page = make(Book.objects.order_by('pk'))"];

#[track_caller]
fn check_page(code: &str, finds: bool) {
    let view = "


def names(request):
    page = make(Book.objects.order_by('pk'))
    return [book.author.name for book in page]
";
    let code = format!(
        "from django.core.paginator import Page, Paginator\nfrom shop.models import Book\n{code}{view}"
    );
    let expected = format!("{}: author", AUTHOR[0]);
    let expected: &[&str] = if finds { &[&expected] } else { &[] };
    check(&[("views.py", &code)], expected);
}

#[test]
fn a_paginator_of_the_projects_own_gives_pages() {
    for body in [
        "pass",
        "per_page = 5",
        "def page(self, number):\n        return super().page(number)",
        "def __init__(self, rows, size=10):\n        super().__init__(rows, size)",
    ] {
        let code = format!(
            "

class Pages(Paginator):
    {body}


def make(rows):
    return Pages(rows, 10).page(1)
"
        );
        check_page(&code, true);
    }
}

#[test]
fn a_paginator_makes_pages_of_the_projects_own() {
    check_page(
        "

class One(Page):
    @property
    def first(self):
        return self.number


class Pages(Paginator):
    def _get_page(self, *args, **kwargs):
        return One(*args, **kwargs)


def make(rows):
    return Pages(rows, 10).get_page(1)
",
        true,
    );
}

#[test]
fn what_has_items_by_number_is_looped_over() {
    let code = "

class Part:
    def __init__(self, rows):
        self.rows = rows

    def __getitem__(self, index):
        return ITEM


def make(rows):
    return Part(rows[:10])
";
    check_page(&code.replace("ITEM", "self.rows[index]"), true);
    check_page(&code.replace("ITEM", "list(self.rows)[index]"), true);
    check_page(&code.replace("ITEM", "self.rows[index].pk"), false);
}

#[test]
fn one_item_is_no_loop() {
    check(
        &[(
            "views.py",
            "
from shop.models import Book


class Part:
    def __init__(self, rows):
        self.rows = rows

    def __getitem__(self, index):
        return self.rows[index]


def name():
    return Part(Book.objects.order_by('pk'))[0].author.name
",
        )],
        &[],
    );
}

#[test]
fn pieces_of_rows_in_no_order_may_come_otherwise_from_a_join() {
    let view = |rows: &str, cut: &str| {
        format!(
            "from shop.models import Book\n\n\n\
             def listed(start, end):\n    \
             return [book.author.name for book in Book.objects.{rows}{cut}]\n"
        )
    };
    let expected = |safety: &str, rows: &str, cut: &str| {
        format!("{safety}: return [book.author.name for book in Book.objects.{rows}{cut}]: author")
    };
    for (safety, rows, cut) in [
        ("Unsafe", "all()", "[start:end]"),
        ("Unsafe", "filter(title__gt='m')", "[20:]"),
        ("Safe", "all()", "[:end]"),
        ("Safe", "all()", "[0:end]"),
        ("Safe", "order_by('pk')", "[start:end]"),
    ] {
        check(&[("views.py", &view(rows, cut))], &[&expected(safety, rows, cut)]);
    }
    // What may be null is joined from the left, which databases turn around too.
    for (safety, cut) in [("Unsafe", "[start:end]"), ("Safe", "[:end]")] {
        let text = view("all()", cut).replace("author", "editor");
        check(&[("views.py", &text)], &[&expected(safety, "all()", cut).replace("author", "editor")]);
    }
}

#[test]
fn pages_of_rows_in_no_order_may_come_otherwise_from_a_join() {
    let view = |rows: &str, body: &str| {
        format!(
            "from django.core.paginator import Paginator\nfrom shop.models import Book\n\n\n\
             def listed(request):\n    \
             books = Book.objects.{rows}\n    \
             {body}\n"
        )
    };
    let page = "return [book.author.name for book in Paginator(books, 20).page(request.GET['page'])]";
    // What pairs the rows of all pages with those of another query.
    let paired = "pages = Paginator(books, 20)\n    \
                  ids = [book.pk for number in pages.page_range for book in pages.page(number).object_list]\n    \
                  return [(book.author.name, pk) for book, pk in zip(books, ids)]";
    let whole = "return [book.author.name for book in books]";
    let narrowed = "pages = Paginator(books.filter(pk__gt=3), 20)\n    \
                    print([book.pk for number in pages.page_range for book in pages.page(number)])\n    \
                    return [book.author.name for book in books]";
    let sorted = narrowed.replace("filter(pk__gt=3)", "order_by('pk')");
    for (safety, rows, body) in [
        ("Unsafe", "all()", page),
        ("Unsafe", "filter(pk__gt=3)", page),
        ("Unsafe", "order_by()", page),
        ("Safe", "order_by('title')", page),
        ("Safe", "order_by(*request.GET.getlist('by'))", page),
        ("Unsafe", "all()", paired),
        ("Safe", "order_by('pk')", paired),
        ("Safe", "all()", whole),
        ("Unsafe", "all()", narrowed),
        ("Safe", "all()", &sorted),
    ] {
        let expected = format!("{safety}: books = Book.objects.{rows}: author");
        check(&[("views.py", &view(rows, body))], &[&expected]);
    }
    // A prefetch asks for other rows beside these, which come as they did.
    let notes = page.replace("book.author.name", "[note.text for note in book.notes.all()]");
    check(&[("views.py", &view("all()", &notes))], &["Safe: books = Book.objects.all(): notes"]);
}

#[test]
fn views_that_page_rows_in_no_order_may_show_others_with_a_join() {
    let generic = |attributes: &str| {
        format!(
            "from django.views.generic import ListView\nfrom shop.models import Book\n\n\n\
             class Books(ListView):\n    template_name = 'books.html'\n    queryset = Book.objects.filter(pk__gt=3)\n{attributes}\n"
        )
    };
    let template = "{% for book in object_list %}{{ book.author.name }}{% endfor %}";
    for (safety, attributes) in [
        ("Safe", ""),
        ("Unsafe", "    paginate_by = 20\n"),
        ("Safe", "    paginate_by = None\n"),
        ("Safe", "    paginate_by = 20\n    ordering = 'pk'\n"),
        ("Safe", "    paginate_by = 20\n\n    def get_ordering(self):\n        return 'pk'\n"),
    ] {
        check(
            &[("views.py", &generic(attributes)), ("templates/books.html", template)],
            &[&format!("{safety}: queryset = Book.objects.filter(pk__gt=3): author")],
        );
    }
    let rest = |attributes: &str| {
        format!(
            "from rest_framework import generics, pagination, serializers\nfrom shop.models import Book\n\n\n\
             class Pages(pagination.PageNumberPagination):\n    page_size = 20\n\n\n\
             class Cursor(pagination.CursorPagination):\n    ordering = 'pk'\n\n\n\
             class ShownBook(serializers.ModelSerializer):\n    \
             author = serializers.CharField(source='author.name')\n\n    \
             class Meta:\n        model = Book\n        fields = ['author']\n\n\n\
             class Books(generics.ListAPIView):\n    serializer_class = ShownBook\n    queryset = Book.objects.filter(pk__gt=3)\n{attributes}\n"
        )
    };
    let listed = "\n    def list(self, request):\n        \
                  page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))\n        \
                  return self.get_paginated_response(self.get_serializer(page, many=True).data)\n";
    for (safety, attributes) in [
        ("Safe", ""),
        ("Unsafe", "    pagination_class = Pages\n"),
        ("Unsafe", "    pagination_class = pagination.LimitOffsetPagination\n"),
        ("Safe", "    pagination_class = None\n"),
        ("Safe", "    pagination_class = Cursor\n"),
        ("Safe", "    pagination_class = Pages\n    ordering = ['pk']\n"),
        ("Unsafe", &format!("    pagination_class = Pages\n{listed}")),
        ("Safe", &format!("    pagination_class = Pages\n    ordering = ['pk']\n{listed}")),
    ] {
        check(
            &[("views.py", &rest(attributes))],
            &[&format!("{safety}: queryset = Book.objects.filter(pk__gt=3): author")],
        );
    }
}

#[test]
fn distinct_rows_of_few_columns_are_not_joined_unseen() {
    let view = |rows: &str| {
        format!(
            "from shop.models import Book\n\n\n\
             def listed(request):\n    \
             return [book.author.name for book in Book.objects.{rows}]\n"
        )
    };
    for (safety, rows) in [
        ("Unsafe", "only('author').order_by().distinct()"),
        ("Safe", "order_by('pk').distinct()"),
        ("Safe", "only('author').distinct('author')"),
    ] {
        let expected = format!("{safety}: return [book.author.name for book in Book.objects.{rows}]: author");
        check(&[("views.py", &view(rows))], &[&expected]);
    }
}

#[test]
fn of_what_is_looped_over_no_query_asks_for_a_piece() {
    let view = |rest: &str| {
        format!(
            "from shop.models import Book\n\n\ndef pairs(request):\n    books = Book.objects.filter(title='a')\n    \
             for number, book in enumerate(books):\n        print(book.author.name, [it.author.name for it in {rest}])\n"
        )
    };
    let line = "books = Book.objects.filter(title='a')";
    for (rest, safety) in [("books[number + 1 :]", "Safe"), ("books.all()[number + 1 :]", "Unsafe")] {
        check(&[("views.py", &view(rest))], &[&format!("{safety}: {line}: author")]);
    }
}

#[test]
fn rows_that_each_of_many_branches_orders_are_in_an_order() {
    let view = |last: &str| {
        let orders: String = (0..3)
            .map(|n| {
                format!("    if request.GET.get('q{n}'):\n        books = books.filter(title__gt='{n}')\n")
            })
            .collect();
        format!(
            "from django.core.paginator import Paginator\nfrom shop.models import Book\n\n\n\
             def listed(request):\n    books = Book.objects.filter(title='a')\n{orders}    \
             if request.GET.get('new'):\n        books = books.order_by('-pk')\n    \
             elif request.GET.get('old'):\n        books = books.order_by('pk')\n    \
             else:\n        books = {last}\n    \
             page = Paginator(books, 10).page(1)\n    return [book.author.name for book in page]\n"
        )
    };
    let line = "books = Book.objects.filter(title='a')";
    for (last, safety) in [
        ("books.order_by('title')", "Safe"),
        ("books.order_by('-title')", "Safe"),
        ("books.order_by()", "Unsafe"),
        ("books.filter(title='b')", "Unsafe"),
    ] {
        check(&[("views.py", &view(last))], &[&format!("{safety}: {line}: author")]);
    }
}

#[test]
fn pages_of_a_model_whose_own_meta_orders_nothing_hang_on_the_database() {
    let found = |model: &str, safety: &str| {
        let models = format!(
            "from django.db import models\nfrom outside.models import Marked\nfrom shop.models import Author\n\n\n\
             class Base(models.Model):\n    class Meta:\n        abstract = True\n\n\n\
             class Ordered(models.Model):\n    name = models.CharField(max_length=9)\n\n    \
             class Meta:\n        app_label = 'shop'\n        ordering = ['name']\n\n\n\
             {model}\n    owner = models.ForeignKey(Author, on_delete=models.CASCADE)\n"
        );
        let view = "from django.core.paginator import Paginator\nfrom shop.slips import Slip\n\n\ndef shown(request, n):\n    \
                    return [slip.owner.name for slip in Paginator(Slip.objects.all(), 9).page(n)]\n";
        let expected = format!(
            "{safety}: return [slip.owner.name for slip in Paginator(Slip.objects.all(), 9).page(n)]: owner"
        );
        check(&[("slips.py", &models), ("views.py", view)], &[&expected]);
    };
    let own = "\n    class Meta:\n        app_label = 'shop'\n";
    found(&format!("class Slip(models.Model):{own}"), "Unsafe");
    // A base that is not read may order what has no `Meta` of its own, and what has one that goes on from the base's.
    found(&format!("class Slip(Marked, Base):{own}"), "Unsafe");
    found("class Slip(Marked, Base):", "Safe");
    found(&format!("class Slip(Marked, Base):{}", own.replace("Meta:", "Meta(Marked.Meta):")), "Safe");
    // What a parent with a table orders is ordered.
    found(&format!("class Slip(Ordered):{own}"), "Safe");
}
