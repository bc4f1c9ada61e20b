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

const DRAFT: &str = "class Draft:\n    author = Author()\n\n\n";

#[test]
fn a_parameter_may_be_something_else() {
    let joined = |line: &str| format!("Safe: {line}: author");
    let line = format!("return [of(book) for book in {ALL}]");
    behind("def of(book):\n    return book.author.id\n\n\n", &[&line], &[&joined(&line)]);
    let of = "class Keys:\n    @staticmethod\n    def of(book):\n        return book.author.id\n\n\n";
    let line = format!("return [Keys.of(book) for book in {ALL}]");
    behind(of, &[&line], &[&joined(&line)]);
    let line = format!("return of({ALL})");
    let of = "def of(books):\n    return [book.author.id for book in books]\n\n\n";
    behind(of, &[&line], &[&joined(&line)]);
    let of = "class Keys:\n    def __init__(self, book):\n        self.book = book\n\n    \
              def of(self):\n        return self.book.author.id\n\n\n";
    let line = format!("return [Keys(book).of() for book in {ALL}]");
    behind(of, &[&line], &[&joined(&line)]);
    for line in [
        format!("return sorted({ALL}, key=lambda book: book.author.id)"),
        format!("return list(map(lambda book: book.author.id, {ALL}))"),
    ] {
        proposed(&[&line], &[&joined(&line)]);
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
        let code = format!("from itertools import chain\n\n\n{DRAFT}");
        behind(&code, &[&books, reads], &[&format!("Safe: {books}: author")]);
    }
}

#[test]
fn a_list_may_be_filled_under_another_name() {
    let reads = "return [book.author.id for book in books]";
    let books = format!("books = list({ALL})");
    let joined = format!("Safe: {books}: author");
    for filled in [
        &["more = books", "more.append(Draft())"][..],
        &["more = books", "more += [Draft()]"],
        &["push = books.append", "push(Draft())"],
        &["fill(books)"],
        &[],
    ] {
        let code = format!("from shop.fill import fill\n\n\n{DRAFT}");
        behind(&code, &[&[books.as_str()], filled, &[reads]].concat(), &[&joined]);
    }
    let line = format!("return [book.author.id for n, book in enumerate({ALL})]");
    proposed(&[&line], &[&format!("Safe: {line}: author")]);
    // So may what a queryset keeps.
    let books = format!("books = {ALL}");
    let kept = ["len(books)", "books._result_cache.append(Draft())"];
    behind(DRAFT, &[&[books.as_str()], &kept[..], &[reads]].concat(), &[&format!("Safe: {books}: author")]);
    for other in ["more = books", "print(books._result_cache is None)"] {
        behind(DRAFT, &[&books, other, reads], &[&format!("Safe: {reads}: author")]);
    }
}

#[test]
fn a_queryset_gives_its_own_rows() {
    for iter in [ALL, "Book.objects.order_by('pk')[:9]", "Book.objects.order_by('pk').iterator()"] {
        let line = format!("return [book.author.id for book in {iter}]");
        proposed(&[&line], &[&format!("Safe: {line}: author")]);
    }
    let line = "return [book.author.id for book in some()]";
    let some = format!("@more\ndef some():\n    return {ALL}\n\n\n");
    behind(&some, &[line], &[&format!("Safe: return {ALL}: author")]);
    let line = format!("return [book.author.id for book in {{'a': {ALL}}}['a']]");
    proposed(&[&line], &[&format!("Safe: {line}: author")]);
    proposed(
        &[
            "for tag in Tag.objects.prefetch_related('book_set'):",
            "    for book in tag.book_set.all():",
            "        print(book.author.id)",
        ],
        &["Safe: print(book.author.id): author"],
    );
}

#[test]
fn a_variable_that_is_bound_twice_may_be_something_else() {
    let joined = format!("Safe: {BOOKS}: author");
    let put = "def put():\n            nonlocal book\n            book = Draft()\n";
    for bound in ["if not book.title: book = Draft()", put] {
        behind(DRAFT, &[BOOKS, &format!("    {bound}"), "    print(book.author.id)"], &[&joined]);
    }
    let print = "print(book.author.id)";
    for other in ["if not book.title: draft = Draft()", "draft = [Draft() for draft in request.drafts]"] {
        let edited = format!("Safe: {print}: author");
        behind(DRAFT, &[BOOKS, &format!("    {other}"), &format!("    {print}")], &[&edited]);
    }
    let book = "book = Book.objects.get(pk=1)";
    let books = format!("books = {ALL} if book.title else [Draft()]");
    let line = "return [book.author.id for book in books]";
    behind(DRAFT, &[book, &books, line], &[&format!("Safe: {books}: author")]);
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
fn a_method_is_that_of_all_models_that_inherit_it() {
    let file = |more: &str, decorator: &str| {
        format!(
            "from django.db import models\nfrom shop.models import Author\n\n\n\
             class Base(models.Model):\n    author = models.ForeignKey(Author, on_delete=models.CASCADE)\n\n    \
             class Meta:\n        abstract = True\n\n{decorator}    def key(self):\n        return self.author.id\n\n\n\
             class Poem(Base):\n    pass\n\n\n{more}\
             def shown(request):\n    return [poem.key() for poem in Poem.objects.order_by('pk')]\n"
        )
    };
    let joined = "Safe: return [poem.key() for poem in Poem.objects.order_by('pk')]: author";
    let edited = "Safe: return self.author.id: author";
    let property = "    @property\n    def author(self):\n        return Author(pk=1)\n\n\n";
    check(&[("poems.py", &file("", ""))], &[edited]);
    check(&[("poems.py", &file("class Song(Base):\n    pass\n\n\n", ""))], &[edited]);
    check(&[("poems.py", &file(&format!("class Song(Base):\n{property}"), ""))], &[joined]);
    let proxy = "class Ode(Poem):\n    class Meta:\n        proxy = True\n\n";
    check(&[("poems.py", &file(&format!("{proxy}{property}"), ""))], &[joined]);
    check(&[("poems.py", &file(&format!("{proxy}    rhymes = True\n\n\n"), ""))], &[edited]);
    check(&[("poems.py", &file("", "    @for_drafts\n"))], &[joined]);
}

#[test]
fn a_proxy_may_have_a_property_of_that_name() {
    let file = |author: &str| {
        format!(
            "from shop.models import Author, Book\n\n\nclass Draft(Book):\n    \
             class Meta:\n        proxy = True\n\n{author}\
             def shown(request):\n    for book in Draft.objects.order_by('pk'):\n        print(book.author.id)\n"
        )
    };
    let property = "    @property\n    def author(self):\n        return Author.objects.get(pk=1)\n\n\n";
    let joined = "Safe: for book in Draft.objects.order_by('pk'):: author";
    check(&[("drafts.py", &file(property))], &[joined]);
    let key = property.replace("def author", "def author_id");
    check(&[("drafts.py", &file(&key))], &[joined]);
    check(&[("drafts.py", &file(""))], &["Safe: print(book.author.id): author"]);
}

#[test]
fn what_is_not_written_in_one_piece_is_joined() {
    let joined = format!("Safe: {BOOKS}: author");
    for read in [
        "(book.author).id",
        "((book)).author.id",
        "book.author .id",
        "book.author\\\n            .id",
        "(book\n            .author # whose\n            .id)",
    ] {
        proposed(&[BOOKS, &format!("    print({read})")], &[&joined]);
    }
    proposed(
        &[BOOKS, "    match request.key:", "        case book.author.id:", "            print(1)"],
        &["Safe: case book.author.id:: author"],
    );
    proposed(&[BOOKS, "    print((book.author.id))"], &["Safe: print((book.author.id)): author"]);
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
    let models = |room: &str, field: &str| {
        format!(
            "from django.db import models\n\n\nclass Id(models.AutoField):\n    pass\n\n\n\
             class Room(models.Model):\n    code = models.SlugField(unique=True)\n{room}\n\n\
             class Rack(models.Model):\n    room = models.{field})\n\n\n\
             def shown(request):\n    for rack in Rack.objects.order_by('pk'):\n        print(rack.room.id)\n"
        )
    };
    let joined = "Safe: for rack in Rack.objects.order_by('pk'):: room";
    let edited = "Safe: print(rack.room.id): room";
    let field = "ForeignKey(Room, on_delete=models.CASCADE";
    let positional = "ForeignKey(Room, models.CASCADE, 'racks', 'rack', None, False";
    for (more, expected) in [("", edited), (", 'code'", joined), (", None, True", joined)] {
        check(&[("racks.py", &models("", &format!("{positional}{more}")))], &[expected]);
    }
    for (field, expected) in [
        (format!("{field}, to_field='code'"), joined),
        (format!("{field}, **OPTIONS"), joined),
        ("OneToOneField(Room, models.CASCADE, 'code'".to_owned(), joined),
        ("OneToOneField(Room, models.CASCADE".to_owned(), edited),
    ] {
        check(&[("racks.py", &models("", &field))], &[expected]);
    }
    for (room, expected) in [
        ("    @property\n    def pk(self):\n        return self.code\n", joined),
        ("    id = Id(primary_key=True)\n", joined),
        ("    id = models.AutoField(primary_key=True)\n", edited),
        ("    def __init__(self, *args, **kwargs):\n        super().__init__(*args, **kwargs)\n", joined),
        ("    def __getattribute__(self, name):\n        return super().__getattribute__(name)\n", joined),
        ("    def shown(self):\n        return self.code\n", edited),
    ] {
        check(&[("racks.py", &models(room, field))], &[expected]);
    }
}

#[test]
fn the_default_of_a_function_within_another_is_of_the_variables_around_it() {
    let text = "from shop.models import Note\n\n\ndef listed(first, second, third):\n    \
                def inner(value=third.book.author.id, more=[part.book.author.id for part in third]):\n        return value\n\n    \
                return [note.book.title for note in Note.objects.order_by('pk')], inner()\n";
    let shop = support::Shop::new(&[("views.py", text)]);
    assert!(shop.project.problems().is_empty());
    assert_eq!(shop.proposals().len(), 1);
}
