//! Behind which tests of a row a relation is read, as the message says it.

mod support;

use support::{Shop, check};

/// The messages for a view of these lines, with other files beside it.
fn said_with(files: &[(&str, &str)], body: &str) -> String {
    let view = format!(
        "from django.shortcuts import render\n\nfrom shop.models import Book\n\n\ndef shown(request, wanted=None):\n{body}"
    );
    let mut all = vec![("views.py", view.as_str())];
    all.extend(files);
    let shop = Shop::new(&all);
    let messages: Vec<String> = shop.proposals().iter().map(|proposal| proposal.message.clone()).collect();
    messages.join(" ")
}

/// The messages for a loop over books of which each turn does this.
fn said(turn: &str) -> String {
    let turn: String = turn.lines().map(|line| format!("        {line}\n")).collect();
    said_with(&[], &format!("    for book in Book.objects.order_by('pk'):\n{turn}"))
}

const EVERY: &str = "`author` is read for every row of this query, which costs one more query for each row; a join loads it at once.";
const SOME: &str = "`author` is read for rows of this query one by one, which costs one more query each time; a join loads it at once.";

#[test]
fn what_a_test_of_the_row_leads_to_is_said_with_the_test() {
    let only = format!("{SOME} It is read only where `book.title == wanted` holds.");
    assert_eq!(said("if book.title == wanted:\n    print(book.author.name)"), only);
    assert_eq!(said("print(book.author.name if book.title == wanted else '')"), only);
    assert_eq!(said("print(book.title == wanted and book.author.name)"), only);
    let both = "if book.title == wanted and book.author.name:\n    print(book.author.country_id)";
    assert_eq!(said(both), only);
    let not = format!("{SOME} It is not read where `book.title == wanted` holds.");
    assert_eq!(said("if book.title == wanted:\n    continue\nprint(book.author.name)"), not);
    assert_eq!(said("if book.title == wanted:\n    pass\nelse:\n    print(book.author.name)"), not);
    assert_eq!(said("print(book.title == wanted or book.author.name)"), not);
    let listed =
        "    return [book.author.name for book in Book.objects.order_by('pk') if book.title == wanted]\n";
    assert_eq!(said_with(&[], listed), only);
}

#[test]
fn a_test_of_the_row_takes_nothing_from_what_is_sure() {
    let view = "from shop.models import Book\n\n\ndef shown(request, wanted):\n    \
                return [book.author.name for book in Book.objects.order_by('pk') if book.title == wanted]\n";
    let line = "return [book.author.name for book in Book.objects.order_by('pk') if book.title == wanted]";
    check(&[("views.py", view)], &[&format!("Safe: {line}: author")]);
}

#[test]
fn what_is_read_for_all_is_said_of_all() {
    assert_eq!(said("print(book.author.name)"), EVERY);
    // Also behind a test, or however that comes out.
    assert_eq!(said("if book.title == wanted:\n    print(book.author.name)\nprint(book.author.name)"), EVERY);
    let either = "if book.title == wanted:\n    print(book.author.name)\nelse:\n    print(book.author.pk, book.author.name)";
    assert_eq!(said(either), EVERY);
    // No row is a function.
    assert_eq!(
        said("import inspect\nif inspect.isroutine(book):\n    continue\nprint(book.author.name)"),
        EVERY
    );
    // A test around all rows, and one that a row in order passes.
    let around = "    if wanted:\n        for book in Book.objects.order_by('pk'):\n            print(book.author.name)\n";
    assert_eq!(said_with(&[], around), EVERY);
    assert_eq!(said("if book.title == wanted:\n    raise ValueError(book)\nprint(book.author.name)"), EVERY);
}

#[test]
fn whether_there_is_a_related_row_is_no_test_of_which_rows_read_it() {
    let every = EVERY.replace("author", "editor");
    for test in [
        "book.editor",
        "book.editor is not None",
        "book.editor_id",
        "not book.editor is None",
        "hasattr(book, 'editor')",
        "book.editor and book.author_id",
    ] {
        assert_eq!(said(&format!("if {test}:\n    print(book.editor.name)")), every, "{test}");
    }
    let some = said("if book.editor and book.title == wanted:\n    print(book.editor.name)");
    assert!(some.starts_with("`editor` is read for every row"), "the test itself reads it: {some}");
    // Of another row it is.
    let other = said("if book.editor:\n    print(book.editor.name)\nelse:\n    print(book.author.name)");
    assert!(other.ends_with("`author` is not read where `book.editor` holds."), "{other}");
    let other = said("if book.editor is not None and book.editor_id:\n    print(book.author.name)");
    assert!(other.contains("`author` is read only where `book.editor is not None` holds."), "{other}");
    let some = said("if book.editor_id and book.title == wanted:\n    print(book.editor.name)");
    assert!(some.ends_with("It is read only where `book.title == wanted` holds."), "{some}");
}

#[test]
fn tests_are_kept_through_calls_and_named_for_each_path() {
    let helper = "def name_of(book):\n    return book.author.name\n";
    let body = "    from shop.helpers import name_of\n    for book in Book.objects.order_by('pk'):\n        \
                if book.title == wanted:\n            print(name_of(book))\n";
    let only = format!("{SOME} It is read only where `book.title == wanted` holds.");
    assert_eq!(said_with(&[("helpers.py", helper)], body), only);
    // The same function, called for all rows as well.
    let both = format!("{body}        print(name_of(book))\n");
    assert_eq!(said_with(&[("helpers.py", helper)], &both), EVERY);
    let several = said(
        "print(book.author.name)\nif book.title == wanted:\n    print(book.editor_id and book.editor.name)",
    );
    assert_eq!(
        several,
        "`author` is read for every row of this query, and `editor` for some, which costs one more query each time; a join loads \
         them at once. `editor` is read only where `book.title == wanted` holds."
    );
    let two = said(
        "if book.title == wanted:\n    print(book.author.name)\nif book.pk == 3:\n    print(book.author.country_id)",
    );
    assert!(
        two.ends_with("It is read only where `book.title == wanted` holds or where `book.pk == 3` holds."),
        "{two}"
    );
}

#[test]
fn each_of_several_tests_on_the_way_to_a_read_is_named() {
    let helper = "def name_of(book):\n    return book.author.name\n";
    let body = "    from shop.helpers import name_of\n    for book in Book.objects.order_by('pk'):\n        \
                if book.title == wanted:\n            print(name_of(book))\n        \
                elif book.pk == 3:\n            print(name_of(book))\n";
    let said = said_with(&[("helpers.py", helper)], body);
    assert!(
        said.ends_with("only where `book.title == wanted` holds or where `book.pk == 3` holds."),
        "{said}"
    );
    let body = body.replace("elif", "if");
    let said = said_with(&[("helpers.py", helper)], &body);
    assert!(
        said.ends_with("only where `book.title == wanted` holds or where `book.pk == 3` holds."),
        "{said}"
    );
    let page = "{% for book in books %}{% if book.title == wanted %}{% include 'name.html' %}{% endif %}\
                {% if book.pk == 3 %}{% include 'name.html' %}{% endif %}{% endfor %}";
    let body = "    return render(request, 'books.html', {'books': Book.objects.order_by('pk'), 'wanted': wanted})\n";
    let files = [("templates/books.html", page), ("templates/name.html", "{{ book.author.name }}")];
    let said = said_with(&files, body);
    assert!(
        said.ends_with("only where `book.title == wanted` holds or where `book.pk == 3` holds."),
        "{said}"
    );
}

#[test]
fn a_test_of_what_the_turns_of_another_loop_tell_apart_is_none_of_the_row() {
    let turn = "for name in ['title', 'author']:\n    if name == wanted:\n        print(book.author.name)";
    assert_eq!(said(turn), EVERY);
    let numbered = "    for n, book in enumerate(Book.objects.order_by('pk')):\n        if n % 2:\n            print(book.author.name)\n";
    assert_eq!(said_with(&[], numbered), format!("{SOME} It is read only where `n % 2` holds."));
}

#[test]
fn templates_and_serializers_test_rows_too() {
    let page =
        "{% for book in books %}{% if book.title == wanted %}{{ book.author.name }}{% endif %}{% endfor %}";
    let body = "    return render(request, 'books.html', {'books': Book.objects.order_by('pk'), 'wanted': wanted})\n";
    assert_eq!(
        said_with(&[("templates/books.html", page)], body),
        format!("{SOME} It is read only where `book.title == wanted` holds.")
    );
    let page = "{% for book in books %}{% if book.editor %}{{ book.editor.name }}{% endif %}{% endfor %}";
    assert_eq!(said_with(&[("templates/books.html", page)], body), EVERY.replace("author", "editor"));
    let serializers = "from rest_framework import serializers\n\nfrom shop.models import Book\n\n\n\
                       class BookSerializer(serializers.ModelSerializer):\n    \
                       name = serializers.SerializerMethodField()\n\n    \
                       class Meta:\n        model = Book\n        fields = ['name']\n\n    \
                       def get_name(self, book):\n        \
                       if book.title:\n            return book.title\n        \
                       if book.pk == 3:\n            return ''\n        \
                       return book.author.name\n";
    let body = "    from shop.serializers import BookSerializer\n    \
                return BookSerializer(Book.objects.order_by('pk'), many=True).data\n";
    let said =
        said_with(&[("serializers.py", &serializers.replace("if book.title:", "if book.pk == 2:"))], body);
    assert!(said.ends_with("It is not read where `book.pk == 2` holds."), "{said}");
}

#[test]
fn a_long_test_is_shown_shortened_and_on_one_line() {
    let said = said(
        "if (book.title.startswith('a very long beginning of a title')\n        or book.title.endswith('a very long end')):\n    \
         print(book.author.name)",
    );
    assert!(
        said.ends_with(
            "only where `book.title.startswith('a very long beginning of a title') or boo…` holds."
        ),
        "{said}"
    );
}

#[test]
fn the_text_of_another_row_that_is_asked_for_around_all_rows_is_none_that_these_lack() {
    let models = "from django.db import models\n\nfrom shop.models import Author\n\n\n\
                  class Slip(models.Model):\n    \
                  title = models.CharField(max_length=9, blank=True)\n    \
                  owner = models.ForeignKey(Author, on_delete=models.CASCADE)\n\n    \
                  class Meta:\n        app_label = 'shop'\n";
    let head = "from shop.slips import Slip\n\n\ndef shown(request, pk):\n";
    let line = "for slip in Slip.objects.order_by('pk'):";
    let within = format!(
        "{head}    {line}\n        if slip.title:\n            print(slip.title)\n        else:\n            print(slip.owner.name)\n"
    );
    check(&[("slips.py", models), ("views.py", &within)], &[&format!("Unsafe: {line}: owner")]);
    let around = format!(
        "{head}    first = Slip.objects.get(pk=pk)\n    if first.title:\n        print(first.title)\n    else:\n        \
         {line}\n            print(slip.owner.name)\n"
    );
    check(&[("slips.py", models), ("views.py", &around)], &[&format!("Safe: {line}: owner")]);
    // What each of them lacks is still said of it.
    let both = around.replace("print(slip.owner.name)", "print(slip.title or slip.owner.name)");
    check(&[("slips.py", models), ("views.py", &both)], &[&format!("Unsafe: {line}: owner")]);
}
