//! Calls of the project's own functions that give querysets, in any case or as far as one run has seen.

mod support;
#[path = "support/views.rs"]
#[expect(dead_code, reason = "shared")]
mod views;

use views::behind;

const NAMES: &str = "def names(books):\n    return [book.author.name for book in books]\n\n\n";

/// Uses of a function that is defined by these lines: one for each row's author, and one without.
#[track_caller]
fn used(lines: &[&str], call: &str, expected: &[&str]) {
    let other = format!("def other(request):\n    return [book.title for book in {call}]\n\n\n");
    let code = format!("{NAMES}{}\n\n\n{other}", lines.join("\n"));
    behind(&code, &[&format!("return names({call})")], expected);
}

#[track_caller]
fn at_the_call(lines: &[&str]) {
    used(lines, "get(Book.objects.get(pk=1))", &["Safe: return names(get(Book.objects.get(pk=1))): author"]);
}

/// The function's own query is to load it, on its line.
#[track_caller]
fn within(lines: &[&str], call: &str) {
    let line = lines.iter().find(|line| line.contains("pk__gt")).expect("a query");
    used(lines, call, &[&format!("Unsafe: {}: author", line.trim())]);
}

#[track_caller]
fn in_the_function(lines: &[&str]) {
    within(lines, "get(Book.objects.get(pk=1))");
}

/// The function under a decorator that these lines define.
fn under(decorator: &[&'static str], by: &'static str) -> Vec<&'static str> {
    [decorator, &[by], &GET].concat()
}

const GET: [&str; 2] = ["def get(first):", "    return Book.objects.filter(pk__gt=first.pk)"];

#[test]
fn what_gives_querysets_in_any_case_is_added_to() {
    at_the_call(&GET);
    at_the_call(&["def get(first):", "    if not first.title: return Book.objects.none()", GET[1]]);
    at_the_call(&[
        "def get(first):",
        "    books = Book.objects.filter(pk__gt=first.pk)",
        "    if not first.title:",
        "        return books",
        "    return books.order_by('title')",
    ]);
    at_the_call(&["def get(first):", "    if not first.title: raise ValueError", GET[1]]);
}

#[test]
fn what_gives_lists_where_a_test_comes_out_otherwise_is_not() {
    in_the_function(&["def get(first):", "    if not first.title: return []", GET[1]]);
    in_the_function(&["def get(first):", "    if first.title == '': return []", GET[1]]);
    in_the_function(&[
        "def get(first):",
        "    return Book.objects.filter(pk__gt=first.pk) if first.title else []",
    ]);
    in_the_function(&[
        "def get(first):",
        "    if first and first.title:",
        "        return Book.objects.filter(pk__gt=first.pk)",
        "    return []",
    ]);
    in_the_function(&[
        "def get(first):",
        "    if first.title:",
        "        return Book.objects.filter(pk__gt=first.pk)",
    ]);
    in_the_function(&[
        "def get(first):",
        "    books = []",
        "    if first.title:",
        "        books = Book.objects.filter(pk__gt=first.pk)",
        "    return books",
    ]);
    in_the_function(&[
        "def rest():",
        "    return list(Book.objects.order_by('title'))",
        "def get(first):",
        "    if not first.title: return rest()",
        GET[1],
    ]);
    in_the_function(&[
        "def get(first):",
        "    if first.title:",
        "        books, last = Book.objects.filter(pk__gt=first.pk), 1",
        "    else:",
        "        books, last = [], 0",
        "    return books",
    ]);
    in_the_function(&[
        "def get(first):",
        "    found = {'a': Book.objects.filter(pk__gt=first.pk) if first.title else []}",
        "    return found['a']",
    ]);
    within(
        &[
            "class K:",
            "    def get(self, first):",
            "        self.books = Book.objects.filter(pk__gt=first.pk)",
            "        if not first.title: self.books = []",
            "        return self.books",
        ],
        "K().get(Book.objects.get(pk=1))",
    );
    within(
        &["def get(first, text='x'):", "    if not text: return []", GET[1]],
        "get(Book.objects.get(pk=1), Book.objects.get(pk=1).title)",
    );
}

#[test]
fn what_returns_what_may_be_a_list_is_not_either() {
    in_the_function(&[
        "def some(first):",
        "    if not first.title: return []",
        GET[1],
        "def get(first):",
        "    books = some(first)",
        "    return books",
    ]);
}

#[test]
fn what_a_decorator_makes_of_a_function_gives_what_that_likes() {
    let more = ["def more(f):", "    def inner(*a):", "        return list(f(*a))", "    return inner"];
    in_the_function(&under(&more, "@more"));
    in_the_function(&under(&["from elsewhere import more"], "@more"));
    let method = [
        &more[..],
        &["class K:", "    @more", "    def get(self, first):"],
        &["        return Book.objects.filter(pk__gt=first.pk)"],
    ]
    .concat();
    within(&method, "K().get(Book.objects.get(pk=1))");
}

#[test]
fn what_a_decorator_passes_on_is_what_the_function_gives() {
    at_the_call(&under(&["import functools"], "@functools.lru_cache(maxsize=None)"));
    at_the_call(&under(&["from django.db import transaction"], "@transaction.atomic"));
    let same = ["def same(f):", "    f.known = True", "    return f"];
    at_the_call(&under(&same, "@same"));
    let passing = [
        "from functools import wraps",
        "def passing(f):",
        "    @wraps(f)",
        "    def inner(*a):",
        "        books = f(*a)",
        "        return books",
        "    return inner",
    ];
    at_the_call(&under(&passing, "@passing"));
    let with_argument = [
        "def passing(name):",
        "    def around(f):",
        "        def inner(*a):",
        "            print(name)",
        "            return f(*a)",
        "        return inner",
        "    return around",
    ];
    at_the_call(&under(&with_argument, "@passing('x')"));
}

#[test]
fn what_may_be_a_list_meets_no_query() {
    let get = ["def get(first):", "    if not first.title: return []", GET[1]];
    let code = format!("{NAMES}{}\n\n\n", get.join("\n"));
    let lines = [
        "if request.path:",
        "    books = get(Book.objects.get(pk=1))",
        "else:",
        "    books = Book.objects.filter(title='b1')",
        "return names(books)",
    ];
    let within = format!("Safe: {}: author", GET[1].trim());
    behind(&code, &lines, &[&within, "Safe: books = Book.objects.filter(title='b1'): author"]);
}

#[test]
fn a_decorator_whose_wrapper_it_decorates_itself_comes_to_an_end() {
    let itself = [
        "def more(f):",
        "    @more",
        "    def inner(*args):",
        "        return f(*args)",
        "    return inner",
        "",
        "",
    ];
    in_the_function(&under(&itself, "@more"));
}
