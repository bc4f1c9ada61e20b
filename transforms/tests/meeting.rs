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
fn what_another_function_chooses_of_them_goes_on_in_the_variable() {
    let code = |step: &str| {
        format!(
            "def chosen(books, request):\n    {step}\n    if request.path:\n        books = books.filter(pk__gt=3)\n    return books.distinct()\n\n\n"
        )
    };
    let later = ["if books.exists():", "    books = chosen(books, request)", "if books.exists():"];
    let looped = "    for book in books: print(book.author.name)";
    let lines = [&BRANCHES[..], &later, &[looped]].concat();
    behind(&code("print(request.user)"), &lines, &[&format!("Safe: {}: author", looped.trim())]);
    // It reads them as well.
    let found = [BRANCHES[1], BRANCHES[3]].map(|line| format!("Safe: {}: author", line.trim()));
    let found = found.each_ref().map(String::as_str);
    behind(&code("print([book.author.name for book in books])"), &lines, &found);
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

#[test]
fn what_may_be_no_queryset_is_left_alone() {
    let querysets = "class Books(models.QuerySet):\n    def as_list(self):\n        return list(self)\n\n\n\
                     class Book(models.Model):\n    \
                     author = models.ForeignKey(Author, on_delete=models.CASCADE)\n    \
                     objects = Books.as_manager()\n\n\n";
    let code = format!("from django.db import models\n\n\n{querysets}");
    let plain = "Book.objects.filter(title='a')";
    for other in [
        "Book.objects.iterator()",
        "Book.objects.iterator(chunk_size=9)",
        "Book.objects.in_bulk().values()",
        "Book.objects.all().as_list()",
        "list(Book.objects.all())",
        "Book.objects.all()[:9]",
        "sorted(Book.objects.all(), key=id)",
    ] {
        let branches = [format!("    books = {plain}"), format!("    books = {other}")];
        let found = branches.each_ref().map(|line| format!("Safe: {}: author", line.trim()));
        let found = found.each_ref().map(String::as_str);
        behind(&code, &[BRANCHES[0], &branches[0], BRANCHES[2], &branches[1], LOOP], &found);
        let line = format!("books = {plain} if request.user else {other}");
        let found = format!("Safe: {line}: author");
        behind(&code, &[&line, LOOP], &[&found, &found]);
    }
    // So it is of what is made of them later.
    for later in ["books = books.iterator()", "books = books[:9]", "books = list(books)"] {
        in_each(&[later, LOOP]);
    }
    let selected =
        ["if request.user:", BRANCHES[1], "elif request.path:", "    books = request.selected_objects"];
    let lines = [&selected[..], &BRANCHES[2..], &[LOOP]].concat();
    let found = [BRANCHES[1], BRANCHES[3]].map(|line| format!("Safe: {}: author", line.trim()));
    proposed(&lines, &found.each_ref().map(String::as_str));
}

#[test]
fn what_sees_the_variable_sees_what_was_made() {
    in_each(&["print(locals())", LOOP]);
    in_each(&["print(vars())", LOOP]);
    in_each(&["print(eval(request.path))", LOOP]);
    in_each(&["show = lambda books=books: len(books)", LOOP, "return show"]);
    in_each(&["def show(books=books): return len(books)", LOOP, "return show"]);
    in_each(&["class Show:", "    shown = books", LOOP, "return Show"]);
    // Once they are there, to count them asks for nothing.
    in_each(&[LOOP, "print(books.count())"]);
    let both = ["    books = request.books = Book.objects.filter(title='a')", BRANCHES[3]];
    proposed(
        &[BRANCHES[0], both[0], BRANCHES[2], both[1], LOOP],
        &both.map(|line| format!("Safe: {}: author", line.trim())).each_ref().map(String::as_str),
    );
    // Of these, no other is told.
    at_once(&["def show(books): return vars(books)", LOOP, "return show"], LOOP);
    at_once(&["class Show:", "    books = request.path", LOOP, "return Show"], LOOP);
}

/// What a function has so many branches of, each of which makes a queryset: these, and the last of them.
fn branches(count: usize, each: &str, last: &str) -> Vec<String> {
    let branch = |n: usize| {
        let more = if n + 1 == count { last } else { each };
        let test = if n == 0 { "if" } else { "elif" };
        let books = format!("    books = Book.objects.filter(title='{n}'){more}");
        [format!("{test} request.path == '{n}':"), books]
    };
    let none = ["else:", "    books = Book.objects.none()"].map(str::to_owned);
    (0..count).flat_map(branch).chain(none).collect()
}

#[test]
fn many_branches_are_loaded_all_of_them() {
    let check = |branches: &[String], rest: &[&str], at_once: bool| {
        let lines: Vec<&str> = branches.iter().map(String::as_str).chain(rest.iter().copied()).collect();
        let made = branches.iter().map(|line| line.trim()).filter(|line| line.contains("title="));
        let places: Vec<&str> = if at_once { vec![LOOP] } else { made.collect() };
        let found: Vec<String> = places.iter().map(|line| format!("Safe: {line}: author")).collect();
        proposed(&lines, &found.iter().map(String::as_str).collect::<Vec<_>>());
    };
    for count in [3, 40, 300] {
        check(&branches(count, "", ""), &[LOOP], true);
        let used_twice = ["print(len(books))", LOOP];
        check(&branches(count, "", ""), &used_twice, false);
        // One of them may be asked for something else.
        check(&branches(count, "", ".distinct()"), &used_twice, false);
        let loaded = branches(count, ".select_related('author')", ".select_related('author')");
        let loaded: Vec<&str> = loaded.iter().map(String::as_str).chain([LOOP]).collect();
        proposed(&loaded, &[]);
    }
}
