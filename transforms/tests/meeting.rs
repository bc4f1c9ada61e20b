//! Queries of several branches that go on in one variable.

mod support;
#[path = "support/views.rs"]
mod views;

use views::{behind, proposed};

const BRANCHES: [&str; 4] = [
    "if request.user:",
    "    books = Book.objects.filter(title='a')",
    "else:",
    "    books = Book.objects.order_by('pk')",
];

const LOOP: &str = "for book in books: print(book.author.name)";

#[track_caller]
fn at_once(rest: &[&str], expected: &str) {
    let lines: Vec<&str> = BRANCHES.iter().chain(rest).copied().collect();
    proposed(&lines, &[&format!("Safe: {expected}: author")]);
}

#[track_caller]
fn in_each(rest: &[&str]) {
    let lines: Vec<&str> = BRANCHES.iter().chain(rest).copied().collect();
    let expected: Vec<String> =
        [BRANCHES[1], BRANCHES[3]].iter().map(|line| format!("Safe: {}: author", line.trim())).collect();
    proposed(&lines, &expected.iter().map(String::as_str).collect::<Vec<_>>());
}

#[test]
fn what_all_branches_lack_is_loaded_where_they_meet() {
    at_once(&[LOOP], LOOP);
    at_once(&["return [book.author.name for book in books]"], "return [book.author.name for book in books]");
    at_once(&["print(books.count())", LOOP], LOOP);
    at_once(&["books = books.order_by('title')", LOOP], LOOP);
    let iterated = "for book in books.iterator(): print(book.author.name)";
    at_once(&[iterated], iterated);
    proposed(
        &["books = Book.objects.filter(title='a') if request.user else Book.objects.order_by('pk')", LOOP],
        &[&format!("Safe: {LOOP}: author")],
    );
    proposed(
        &[
            "books = Book.objects",
            "if request.user:",
            "    books = books.filter(title='a')",
            "elif request.path:",
            "    books = Book.objects.none()",
            "else:",
            "    books = books.all()",
            LOOP,
        ],
        &[&format!("Safe: {LOOP}: author")],
    );
}

#[test]
fn rows_that_are_used_elsewhere_too_are_loaded_where_they_are_made() {
    // To ask for more makes another queryset, which is evaluated again.
    in_each(&["print(len(books))", LOOP]);
    in_each(&["if books:", "    for book in books: print(book.author.name)"]);
    in_each(&["for name in request.path:", "    for book in books: print(book.author.name)"]);
    in_each(&["return [book.author.name for name in request.path for book in books]"]);
    in_each(&["show = lambda: len(books)", LOOP, "return show"]);
}

#[test]
fn branches_that_lack_something_else_are_loaded_where_they_are_made() {
    proposed(
        &[
            "if request.user:",
            "    books = Book.objects.filter(title='a').select_related('author')",
            "else:",
            "    books = Book.objects.order_by('pk')",
            LOOP,
        ],
        &["Safe: books = Book.objects.order_by('pk'): author"],
    );
    proposed(
        &[
            "if request.user:",
            "    books = Book.objects.filter(title='a')",
            "elif request.path:",
            "    books = request.books",
            "else:",
            "    books = Book.objects.order_by('pk')",
            LOOP,
        ],
        &[
            "Safe: books = Book.objects.filter(title='a'): author",
            "Safe: books = Book.objects.order_by('pk'): author",
        ],
    );
    // Each says itself what it loads.
    proposed(
        &[
            "if request.user:",
            "    books = Book.objects.select_related('editor').filter(title='a')",
            "else:",
            "    books = Book.objects.select_related('editor')",
            LOOP,
        ],
        &[
            "Safe: books = Book.objects.select_related('editor').filter(title='a'): author",
            "Safe: books = Book.objects.select_related('editor'): author",
        ],
    );
}
