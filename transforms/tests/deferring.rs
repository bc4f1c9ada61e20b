//! Rows of which code leaves columns out: Django refuses to join over one of them.

mod support;

use support::check;

const VIEWS: &str = "
from shop.models import Book


def shown():
    return Book.objects.filter(title__gt='m')


def one(request):
    return [book.author.name for book in shown()]


def two(request):
    return [book.author.name for book in shown()]


def others(request):
    books = shown()
    return [book.author.name for book in books], REST
";

fn checked(rest: &str, expected: &str) {
    check(
        &[("views.py", &VIEWS.replace("REST", rest))],
        &[&format!("{expected}: return Book.objects.filter(title__gt='m'): author")],
    );
}

#[test]
fn what_goes_on_from_a_query_may_leave_out_what_is_to_be_joined() {
    for rest in [
        "[book.title for book in books.only('title')]",
        "books.only('title').get(pk=request.GET['pk']).title",
        "list(books.defer('author'))",
    ] {
        checked(rest, "Advice");
    }
    for rest in [
        "[book.title for book in books.only('title', 'author')]",
        "list(books.defer('title'))",
        // No row is made.
        "books.only('title').count()",
        "list(books.only('title').values('pk'))",
    ] {
        checked(rest, "Safe");
    }
}
