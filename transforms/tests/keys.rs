//! Related rows of which nothing but the key is read.

mod support;

use support::check;

const IMPORTS: &str = "from shop.models import Author, Book, Note\n\n\n";

/// What is proposed for a function of these lines.
#[track_caller]
fn proposed(lines: &[&str], expected: &[&str]) {
    let text = format!("{IMPORTS}def shown(request):\n    {}\n", lines.join("\n    "));
    check(&[("views.py", &text)], expected);
}

const BOOKS: &str = "for book in Book.objects.order_by('pk'):";

#[test]
fn a_key_is_read_off_the_row_that_holds_it() {
    for key in ["id", "pk"] {
        let line = format!("print(book.author.{key})");
        proposed(&[BOOKS, &format!("    {line}")], &[&format!("Safe: {line}: author")]);
    }
    // What leads to it is joined.
    proposed(
        &["for note in Note.objects.order_by('pk'):", "    print(note.book.author.id)"],
        &["Safe: for note in Note.objects.order_by('pk'):: book", "Safe: print(note.book.author.id): author"],
    );
}

#[test]
fn one_place_is_changed_for_all_queries() {
    proposed(
        &[
            "books = Book.objects.filter(title='a') if request.user else Book.objects.filter(title='b')",
            "return [book.author.id for book in books]",
        ],
        &["Safe: return [book.author.id for book in books]: author"],
    );
}

#[test]
fn a_parameter_may_be_something_else() {
    let text = format!(
        "{IMPORTS}def of(book):\n    return book.author.id\n\n\n\
         def shown(request):\n    return [of(book) for book in Book.objects.order_by('pk')]\n"
    );
    check(&[("views.py", &text)], &["Unsafe: return book.author.id: author"]);
}

#[test]
fn what_reads_more_is_joined() {
    let joined = format!("Safe: {BOOKS}: author");
    proposed(&[BOOKS, "    print(book.author.id, book.author.name)"], &[&joined]);
    proposed(&[BOOKS, "    author = book.author", "    print(author.id)"], &[&joined]);
    proposed(&[BOOKS, "    print(getattr(book.author, 'id'))"], &[&joined]);
    // None has no key, and asking for one says so.
    let joined = format!("Safe: {BOOKS}: editor");
    proposed(&[BOOKS, "    print(book.editor.id)"], &[&joined]);
    proposed(&[BOOKS, "    print(book.editor.id if book.editor else None)"], &[&joined]);
}

#[test]
fn a_key_to_something_else_is_not_the_primary_key() {
    let models = |to_field: &str| {
        format!(
            "from django.db import models\n\n\n\
             class Room(models.Model):\n    code = models.SlugField(unique=True)\n\n\n\
             class Rack(models.Model):\n    \
             room = models.ForeignKey(Room, on_delete=models.CASCADE{to_field})\n\n\n\
             def shown(request):\n    for rack in Rack.objects.order_by('pk'):\n        print(rack.room.id)\n"
        )
    };
    let joined = "Safe: for rack in Rack.objects.order_by('pk'):: room";
    check(&[("racks.py", &models(", to_field='code'"))], &[joined]);
    check(&[("racks.py", &models(""))], &["Safe: print(rack.room.id): room"]);
}
