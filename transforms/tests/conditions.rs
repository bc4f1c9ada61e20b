//! What a template's `{% if %}` comes to where a view says it.

mod support;

use support::check;

const VIEWS: &str = "from django.shortcuts import render\n\
                     from shop.models import Book\n\n\n";

/// What is proposed for a view that gives its template this context, where the template tests this.
fn proposed(context: &str, test: &str, expected: &[&str]) {
    let views = format!(
        "{VIEWS}def listed(request):\n    \
         books = Book.objects.order_by('pk')\n    \
         {context}\n    \
         return render(request, 'books.html', context)\n"
    );
    let template = format!(
        "{{% for book in books %}}{{% if {test} %}}{{{{ book.author.name }}}}{{% else %}}\
         {{{{ book.editor.name }}}}{{% endif %}}{{% endfor %}}"
    );
    let query = "Safe: books = Book.objects.order_by('pk')";
    let expected: Vec<String> = expected.iter().map(|path| format!("{query}: {path}")).collect();
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    check(&[("views.py", &views), ("templates/books.html", &template)], &expected);
}

const BOTH: &[&str] = &["author, editor"];

#[test]
fn a_branch_that_a_views_flag_rules_out_reads_nothing() {
    let context = "context = {'books': books, 'is_short': True, 'is_long': False}";
    proposed(context, "is_short", &["author"]);
    proposed(context, "not is_short", &["editor"]);
    proposed(context, "is_long", &["editor"]);
    proposed(context, "not is_long and is_short", &["author"]);
    proposed(context, "is_long or is_short", &["author"]);
    proposed(context, "is_long and is_short or is_long", &["editor"]);
    proposed(context, "is_short and book.title", BOTH);
    proposed(context, "is_long and book.title", &["editor"]);
    proposed(context, "is_short == True", &["author"]);
    proposed(context, "not is_long is not False", &["author"]);
}

#[test]
fn words_are_as_strong_as_they_are_in_django() {
    let context = "context = {'books': books, 'yes': True, 'no': False, 'kind': 'short'}";
    proposed(context, "yes or no and no", &["author"]);
    proposed(context, "not no or yes", &["author"]);
    proposed(context, "not kind == 'short'", &["editor"]);
    proposed(context, "kind != 'long'", &["author"]);
    proposed(context, "not kind in book.title", BOTH);
    // What makes no sense is not known.
    proposed(context, "yes or", BOTH);
    proposed(context, "yes == not no", BOTH);
}

#[test]
fn a_flag_that_may_be_missing_and_a_text_are_not_known() {
    proposed(
        "context = {'books': books}\n    if request.GET:\n        context['is_short'] = True",
        "is_short",
        BOTH,
    );
    proposed("context = {'books': books, 'is_short': bool(request.GET)}", "is_short", BOTH);
    proposed("context = {'books': books, 'error': 'None'}", "error", BOTH);
}
