//! One row of a list of all rows: what is read of it costs no query for each row.

mod support;

use support::check;

const IMPORTS: &str = "from collections import defaultdict\n\
                       from itertools import groupby\n\
                       from shop.models import Author, Book, Note\n\n\n\
                       def name_of(book):\n    \
                       return book.author.name\n\n\n";

fn body(lines: &[&str]) -> String {
    format!("{IMPORTS}def shown(request):\n    {}\n", lines.join("\n    "))
}

/// Nothing is proposed for a function of these lines.
#[track_caller]
fn silent(lines: &[&str]) {
    check(&[("views.py", &body(lines))], &[]);
}

/// The author is read for every row of the query in the first line.
#[track_caller]
fn many(lines: &[&str]) {
    check(&[("views.py", &body(lines))], &[&format!("Safe: {}: author", lines[0])]);
}

#[test]
fn an_index_of_a_list_of_all_rows_is_one_row() {
    silent(&["books = list(Book.objects.order_by('pk'))", "return name_of(books[0]), name_of(books[-1])"]);
    silent(&["books = sorted(Book.objects.all(), key=lambda it: it.title)", "return name_of(books[0])"]);
    silent(&["books = [book for book in Book.objects.order_by('pk')]", "return name_of(books[0])"]);
    silent(&["authors = [book.author_id for book in Book.objects.order_by('pk')]", "return authors[0]"]);
    silent(&["first, *rest = Book.objects.order_by('pk')", "return name_of(first), len(rest)"]);
    many(&["books = list(Book.objects.order_by('pk'))", "return [name_of(book) for book in books]"]);
    many(&["first, *rest = Book.objects.order_by('pk')", "return [name_of(book) for book in rest]"]);
    many(&[
        "books = list(Book.objects.order_by('pk'))",
        "return [name_of(books[n]) for n in range(len(books))]",
    ]);
    // As where the query is asked for one row: it is the query that is in the loop.
    silent(&[
        "for title in request.GET.getlist('title'):",
        "    books = list(Book.objects.filter(title=title))",
        "    yield name_of(books[0])",
    ]);
}

#[test]
fn what_is_taken_from_an_iterator_is_one_row_but_in_a_loop() {
    silent(&["books = Book.objects.order_by('pk')", "return name_of(next(iter(books)))"]);
    silent(&["books = list(Book.objects.order_by('pk'))", "return name_of(books.pop())"]);
    many(&[
        "books = list(Book.objects.order_by('pk'))",
        "names = []",
        "while books:",
        "    names.append(name_of(books.pop()))",
        "return names",
    ]);
}

#[test]
fn a_slice_of_one_row_has_one() {
    silent(&["return [name_of(book) for book in Book.objects.order_by('pk')[:1]]"]);
    silent(&["books = list(Book.objects.order_by('pk'))", "return [name_of(book) for book in books[:1]]"]);
    many(&["books = Book.objects.order_by('pk')[:2]", "return [name_of(book) for book in books]"]);
    many(&["books = Book.objects.order_by('pk')[1:]", "return [name_of(book) for book in books]"]);
}

#[test]
fn each_of_several_lists_has_a_row_at_its_index() {
    many(&[
        "books = Book.objects.order_by('title')",
        "groups = groupby(books, key=lambda it: it.title)",
        "return [name_of(list(group)[0]) for title, group in groups]",
    ]);
    many(&[
        "books = Book.objects.order_by('title')",
        "groups = defaultdict(list)",
        "for book in books:",
        "    groups[book.title].append(book)",
        "return [name_of(group[0]) for group in groups.values()]",
    ]);
    many(&[
        "books = list(Book.objects.order_by('title'))",
        "for author in request.POST:",
        "    own = [book for book in books if book.author_id == author]",
        "    yield name_of(own[0])",
    ]);
    // Related rows: one for each row that they belong to.
    check(
        &[(
            "views.py",
            &body(&["return [list(book.notes.all())[0].user.name for book in Book.objects.order_by('pk')]"]),
        )],
        &[
            "Safe: return [list(book.notes.all())[0].user.name for book in Book.objects.order_by('pk')]: notes__user",
        ],
    );
    silent(&["book = Book.objects.get(pk=1)", "return list(book.notes.all())[0].user.name"]);
}
