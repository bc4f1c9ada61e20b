//! One row that a function picks of those that it is called with, or that it raises for.

mod support;

use support::check;

/// A view that lists books and shows some of them by a function of this body.
fn views(body: &str, view: &str) -> String {
    format!(
        "from shop.models import Book\n\n\ndef shown(books):\n{body}\n\n\ndef listed(request):\n    books = Book.objects.order_by('pk')\n{view}\n"
    )
}

const PICKED: &str = "    found = []\n    for book in books:\n        if book.title:\n            found.append(book)\n    return found[0].author.name if found else ''";

const HERE: &str = "books = Book.objects.order_by('pk'): author";

#[test]
fn a_function_picks_one_row_each_time_that_it_is_called() {
    let check_view = |body: &str, view: &str, expected: &[&str]| {
        check(&[("views.py", &views(body, view))], expected);
    };
    let several = format!("Unsafe: {HERE}");
    let read = format!("Safe: {HERE}");
    check_view(PICKED, "    return shown(books)", &[]);
    check_view(PICKED, "    return shown(list(books))", &[]);
    check_view(PICKED, "    return [shown(books) for _ in request.GET]", &[&several]);
    check_view(PICKED, "    for _ in request.GET:\n        print(shown(books))", &[&several]);
    // Whether it is called once before or after that is all the same.
    check_view(PICKED, "    shown(books)\n    return [shown(books) for _ in request.GET]", &[&several]);
    check_view(
        PICKED,
        "    many = [shown(books) for _ in request.GET]\n    return shown(books), many",
        &[&several],
    );
    // A function that reads of each of them reads of many.
    let each = "    return [book.author.name for book in books][0]";
    check_view(each, "    return shown(books)", &[&read]);
}

#[test]
fn a_function_that_leaves_its_loop_reads_of_one_row_each_time() {
    let search = "    for book in books:\n        if book.title == 'a':\n            return book.author.name\n    return ''";
    check(&[("views.py", &views(search, "    return shown(books)"))], &[]);
    check(
        &[("views.py", &views(search, "    return [shown(books) for _ in request.GET]"))],
        &[&format!("Safe: {HERE}")],
    );
}

#[test]
fn what_is_read_to_raise_is_read_of_one_row() {
    let raises = |before: &str, after: &str| {
        let body = format!(
            "    for book in books:\n{before}            if book.title == 'a':\n                name = book.author.name\n                raise ValueError(name)\n{after}"
        );
        views(&body, "    for _ in request.GET:\n        shown(books.all())")
    };
    let tried =
        "        try:\n            print(book.title)\n        finally:\n            pass\n        if True:\n";
    check(&[("views.py", &raises(tried, ""))], &[]);
    check(
        &[("views.py", &raises("        try:\n", "        except ValueError:\n            pass\n"))],
        &["Safe: books = Book.objects.order_by('pk'): author"],
    );
}

#[test]
fn the_first_of_what_is_written_out_is_none_of_the_others() {
    let line = "for book in Book.objects.order_by('pk'):";
    let joined = format!("Safe: {line}: author");
    for (items, expected) in [("[ours, book]", &[][..]), ("[book, ours]", &[&*joined])] {
        for body in [
            "return items[0]",
            "return next(iter(items))",
            "first, *others = items\n    return first",
            "found = None\n    for item in items:\n        if found is None:\n            found = item\n        else:\n            \
             found.title = item.title\n    return found",
            "found = None\n    for item in items:\n        if not found:\n            found = item\n    return found",
        ] {
            let view = format!(
                "from shop.models import Book\n\n\ndef first(items):\n    {body}\n\n\n\
                 def listed(request):\n    ours = Book.objects.get(pk=1)\n    {line}\n        print(first({items}).author.name)\n"
            );
            check(&[("views.py", &view)], expected);
        }
    }
    // What keeps the last, or any, may keep each of them.
    for body in [
        "found = item",
        "if item.title:\n            found = item",
        "if found is None or item.title:\n            found = item",
    ] {
        let view = format!(
            "from shop.models import Book\n\n\ndef last(items):\n    found = None\n    for item in items:\n        {body}\n    return found\n\n\n\
             def listed(request):\n    ours = Book.objects.get(pk=1)\n    {line}\n        print(last([ours, book]).author.name)\n"
        );
        check(&[("views.py", &view)], &[&joined]);
    }
}
