//! Related rows of which nothing but the key is read.

mod support;
#[path = "support/views.rs"]
mod views;

use support::check;
use views::{behind, proposed};

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

const ALL: &str = "Book.objects.order_by('pk')";

#[test]
fn a_parameter_may_be_something_else() {
    let of = "def of(book):\n    return book.author.id\n\n\n";
    let edited = "Unsafe: return book.author.id: author";
    behind(of, &[&format!("return [of(book) for book in {ALL}]")], &[edited]);
    let of = "def of(note):\n    return note.book.author.id\n\n\n";
    let edited = "Unsafe: return note.book.author.id: author";
    let notes = "return [of(note) for note in Note.objects.select_related('book')]";
    behind(of, &[notes], &[edited]);
    let table = "KEYS = {'author': lambda book: book.author.id}\n\n\n";
    let line = format!("return [KEYS[request.path](book) for book in {ALL}]");
    behind(table, &[&line], &["Unsafe: KEYS = {'author': lambda book: book.author.id}: author"]);
    let of = "class Keys:\n    @staticmethod\n    def of(book):\n        return book.author.id\n\n\n";
    let edited = "Unsafe: return book.author.id: author";
    behind(of, &[&format!("return [Keys.of(book) for book in {ALL}]")], &[edited]);
    let ordered = "KEYS = []\n\n\ndef ordered(books, key):\n    KEYS.append(key)\n    \
                   return sorted(books, key=key)\n\n\n";
    let line = format!("return ordered({ALL}, key=lambda book: book.author.id)");
    behind(ordered, &[&line], &[&format!("Unsafe: {line}: author")]);
    // What Python calls on elements is given those.
    for line in [
        format!("return sorted({ALL}, key=lambda book: book.author.id)"),
        format!("return list(map(lambda book: book.author.id, {ALL}))"),
    ] {
        proposed(&[&line], &[&format!("Safe: {line}: author")]);
    }
}

#[test]
fn what_comes_beside_rows_may_hold_no_key() {
    let reads = "return [book.author.id for book in books]";
    for books in [
        format!("books = chain({ALL}, request.drafts)"),
        format!("books = list({ALL}) + request.drafts"),
        format!("books = chain({ALL}, [Draft()])"),
    ] {
        let code = "from itertools import chain\n\n\nclass Draft:\n    author = Author()\n\n\n";
        behind(code, &[&books, reads], &[&format!("Safe: {books}: author")]);
    }
    // Rows of that model all of them.
    let books = format!("books = list({ALL}) + list(Book.objects.filter(title=''))");
    proposed(&[&books, reads], &[&format!("Safe: {reads}: author")]);
}

#[test]
fn a_method_of_a_plain_class_may_be_that_of_other_objects() {
    let key = "    def key(self):\n        return self.author.id\n\n\n";
    let field = "    author = models.ForeignKey(Author, on_delete=models.CASCADE)\n\n";
    let file = |of_class: &str, of_model: &str| {
        format!(
            "from django.db import models\nfrom shop.models import Author\n\n\n\
             class Written:\n    pass\n\n{of_class}class Poem(Written, models.Model):\n{field}{of_model}\
             def shown(request):\n    return [poem.key() for poem in Poem.objects.order_by('pk')]\n"
        )
    };
    let joined = "Safe: return [poem.key() for poem in Poem.objects.order_by('pk')]: author";
    check(&[("poems.py", &file(key, ""))], &[joined]);
    check(&[("poems.py", &file("", key))], &["Safe: return self.author.id: author"]);
}

#[test]
fn code_that_is_text_too_is_left() {
    let joined = format!("Safe: {BOOKS}: author");
    proposed(&[BOOKS, "    print(f'{book.author.id=}')"], &[&joined]);
    proposed(&[BOOKS, "    print(t'{book.author.id}')"], &[&joined]);
    let line = "print(f'id={book.author.id}')";
    proposed(&[BOOKS, &format!("    {line}")], &[&format!("Safe: {line}: author")]);
}

#[test]
fn a_default_is_read_where_the_function_is_defined() {
    for line in ["show = lambda key=book.author.id: key", "def show(key=book.author.id): return key"] {
        proposed(
            &[BOOKS, &format!("    {line}"), "    request.shows.append(show)"],
            &[&format!("Safe: {line}: author")],
        );
    }
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
