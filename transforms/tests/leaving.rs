//! What is done for one row of a loop alone, because the loop is left behind it.

mod support;

use support::check;

const IMPORTS: &str = "from collections import defaultdict\n\
                       from functools import reduce\n\
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
fn a_branch_that_leaves_the_loop_is_done_for_one_row() {
    for last in ["        return name_of(book)", "        found = name_of(book)\n            break"] {
        silent(&["for book in Book.objects.order_by('pk'):", "    if book.title == request.path:", last]);
    }
    silent(&[
        "books = list(Book.objects.order_by('pk'))",
        "for n, book in enumerate(books):",
        "    if not book.title:",
        "        print(n)",
        "    else:",
        "        return name_of(book)",
    ]);
    silent(&[
        "for book in Book.objects.order_by('pk'):",
        "    if book.title != request.path:",
        "        continue",
        "    author = book.author",
        "    return author.name",
    ]);
    silent(&[
        "for author in Author.objects.prefetch_related('books'):",
        "    for book in author.books.all():",
        "        if book.title == request.path:",
        "            return book.editor.name",
    ]);
}

#[test]
fn another_name_for_the_row_that_leaves_the_loop_is_that_row() {
    let first = "for book in Book.objects.order_by('pk'):";
    let test = "    if one.title == request.path:";
    for alias in ["    one = book", "    one = book or request", "    one = book if book.title else request"]
    {
        silent(&[first, alias, test, "        return name_of(one)"]);
        silent(&[first, alias, test, "        found = name_of(one)", "        break"]);
        many(&[first, alias, test, "        print(name_of(one))"]);
        // Each turn of a loop around it leaves with a row of its own.
        many(&[
            first,
            alias,
            "    for n in range(9):",
            "        if n == book.pk:",
            "            print(name_of(one))",
            "            break",
        ]);
    }
    many(&[first, "    one = book", "    print(name_of(one))", test, "        return one"]);
}

#[test]
fn another_name_for_one_of_many_alternatives_is_that_row() {
    let kinds: Vec<String> = (0..8)
        .map(|kind| format!("    if kind == '{kind}':\n        return Book.objects.filter(title='{kind}')\n"))
        .collect();
    let view = |last: &str| {
        format!(
            "{IMPORTS}def some(kind):\n{}    return Book.objects.all()\n\n\ndef shown(request):\n    \
             for book in some(request.path).select_related('editor'):\n        one = book.editor or book\n        \
             if one.title == request.path:\n            print(name_of(one))\n            {last}\n",
            kinds.concat()
        )
    };
    check(&[("views.py", &view("return one"))], &[]);
    let line = "for book in some(request.path).select_related('editor'):";
    check(&[("views.py", &view("continue"))], &[&format!("Safe: {line}: author")]);
}

#[test]
fn what_is_tried_and_leaves_the_loop_is_done_for_one_row() {
    let first = "for book in Book.objects.order_by('pk'):";
    for caught in ["continue", "print(book)"] {
        let caught = format!("        {caught}");
        silent(&[first, "    try:", "        return name_of(book)", "    except OSError:", &caught]);
        silent(&[
            first,
            "    try:",
            "        with open(name_of(book)) as it:",
            "            found = it.read()",
            "            assert found",
            "            break",
            "    except OSError:",
            &caught,
        ]);
    }
    many(&[first, "    try:", "        print(name_of(book))", "    except OSError:", "        return None"]);
    many(&[first, "    try:", "        book.save()", "    except OSError:", "        print(name_of(book))"]);
    many(&[first, "    with open(name_of(book)) as it:", "        if it.read():", "            break"]);
}

#[test]
fn a_test_for_the_related_row_that_leaves_the_loop_is_done_for_one_row() {
    let first = "for book in Book.objects.order_by('pk'):";
    silent(&[first, "    if book.editor:", "        return book.editor.name"]);
    silent(&[first, "    if book.editor is not None:", "        found = book.editor", "        break"]);
    let edited = |lines: &[&str]| {
        check(&[("views.py", &body(lines))], &[&format!("Safe: {first}: editor")]);
    };
    // Each that does not match is read as well.
    edited(&[first, "    if book.editor and book.editor.name:", "        return book.title"]);
    edited(&[first, "    if book.editor.name:", "        return book.title"]);
    edited(&[first, "    if book.editor == request.user:", "        return book.title"]);
    edited(&[first, "    if not book.editor:", "        return book.title"]);
    edited(&[first, "    if book.editor:", "        print(book.title)"]);
    // The rows of a call are its own where it makes them.
    let given = |lines: &str| {
        format!(
            "{IMPORTS}def found(books):\n    \
             for book in books:\n        if book.editor:\n            return book.editor\n\n\n\
             def shown(request):\n    {lines}\n"
        )
    };
    check(&[("views.py", &given("return found(Book.objects.filter(title=request.path))"))], &[]);
    check(
        &[("views.py", &given("return [found(Book.objects.filter(title=it)) for it in request.path]"))],
        &[],
    );
    check(
        &[(
            "views.py",
            &given("books = Book.objects.order_by('pk')\n    return [found(books) for it in request.path]"),
        )],
        &["Safe: books = Book.objects.order_by('pk'): editor"],
    );
}

#[test]
fn a_branch_that_goes_on_with_the_loop_is_done_for_many() {
    let first = "for book in Book.objects.order_by('pk'):";
    many(&[
        first,
        "    if book.title:",
        "        print(name_of(book))",
        "        continue",
        "    print(book)",
    ]);
    many(&[first, "    if name_of(book) == request.path:", "        return book"]);
    many(&[first, "    if book.title == request.path:", "        return 1", "    print(name_of(book))"]);
    many(&[
        first,
        "    name = name_of(book)",
        "    if name != request.path:",
        "        continue",
        "    return name",
    ]);
    // The loop that is left is the inner one.
    many(&[
        first,
        "    for part in request.path:",
        "        if part == book.title:",
        "            print(name_of(book))",
        "            break",
    ]);
    // The rows are the same for all calls.
    check(
        &[(
            "views.py",
            &format!(
                "{IMPORTS}def found(books, title):\n    \
                 for book in books:\n        if book.title == title:\n            return name_of(book)\n\n\n\
                 def shown(request):\n    books = list(Book.objects.order_by('pk'))\n    \
                 return [found(books, title) for title in request.path]\n"
            ),
        )],
        &["Safe: books = list(Book.objects.order_by('pk')): author"],
    );
}
