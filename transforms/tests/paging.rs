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
    // What may be null is joined from the left.
    let text = view("all()", "[start:end]").replace("author", "editor");
    check(&[("views.py", &text)], &[&expected("Safe", "all()", "[start:end]").replace("author", "editor")]);
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
