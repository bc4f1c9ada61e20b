//! Signals that code sends by itself: what the receivers read, write and fetch anew is done where it is sent.

mod support;

use support::check;

/// The signals of the project.
const SIGNALS: &str = "from django.dispatch import Signal\n\n\nupdated = Signal()\nremoved = Signal()\n";

/// What is proposed for a loop over books with this body, where the project connects so.
#[track_caller]
fn sends(connected: &str, body: &str, expected: &[&str]) {
    let handlers = format!(
        r#"
from django.db.models.signals import post_save
from django.dispatch import receiver
from shop.models import Author, Book
from shop.signals import removed, updated

{connected}
"#
    );
    let code = format!(
        r#"
from django.db.models.signals import post_save
from shop.models import Author, Book
from shop import signals
from shop.signals import removed, updated


def publish():
    for book in Book.objects.all():
        {body}
"#
    );
    let expected: Vec<String> =
        expected.iter().map(|fields| format!("Safe: for book in Book.objects.all():: {fields}")).collect();
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    check(&[("signals.py", SIGNALS), ("handlers.py", &handlers), ("code.py", &code)], &expected);
}

const SHOWS_AUTHOR: &str =
    "@receiver(updated)\ndef show(sender, book, **kwargs):\n    print(book.author.name)";

#[test]
fn what_a_receiver_reads_is_read_for_each_row() {
    for sent in [
        "updated.send(sender=None, book=book)",
        "updated.send(Book, book=book)",
        "updated.send_robust(sender=Book, book=book)",
        "signals.updated.send(**{'sender': Book, 'book': book})",
        "for signal in [removed, updated]:\n            signal.send(sender=None, book=book)",
    ] {
        sends(SHOWS_AUTHOR, sent, &["author"]);
    }
    // Another signal, and a row that is not given.
    sends(SHOWS_AUTHOR, "removed.send(sender=None, book=book)", &[]);
    sends(SHOWS_AUTHOR, "updated.send(sender=None, book=Book())", &[]);
    sends(SHOWS_AUTHOR, "updated.disconnect(book=book)", &[]);
}

#[test]
fn receivers_of_several_signals_are_called_for_each() {
    let several =
        "@receiver([updated, removed])\ndef show(sender, book, **kwargs):\n    print(book.author.name)";
    sends(several, "removed.send(sender=None, book=book)", &["author"]);
    sends(several, "updated.send(sender=None, book=book)", &["author"]);
    let twice = "@receiver(updated)\n@receiver(removed)\ndef show(sender, book, **kwargs):\n    print(book.author.name)";
    sends(twice, "removed.send(sender=None, book=book)", &["author"]);
}

#[test]
fn a_receiver_with_a_sender_is_called_for_that_alone() {
    let of_books =
        "@receiver(updated, sender=Book)\ndef show(sender, book, **kwargs):\n    print(book.author.name)";
    sends(of_books, "updated.send(sender=Book, book=book)", &["author"]);
    sends(of_books, "updated.send(sender=book.__class__, book=book)", &["author"]);
    sends(of_books, "updated.send(sender=Author, book=book)", &[]);
    sends(of_books, "updated.send(sender=None, book=book)", &[]);
}

#[test]
fn signals_of_django_that_code_sends_go_to_receivers_of_that_model() {
    let saved = |sender: &str| {
        format!(
            "def show(sender, instance, created=True, **kwargs):\n    if not created:\n        print(instance.author.name)\n\n\n\
             post_save.connect(show{sender})"
        )
    };
    let sent = "post_save.send(Book, instance=book, created=False)";
    sends(&saved(", sender=Book"), sent, &["author"]);
    sends(&saved(", sender='shop.Book'"), sent, &["author"]);
    sends(&saved(""), sent, &["author"]);
    sends(&saved(", sender=Author"), sent, &[]);
    sends(&saved(", sender=Book"), "post_save.send(Book, instance=book, created=True)", &[]);
    // Django sends it by itself, which is not followed.
    sends(&saved(", sender=Book"), "book.save()", &[]);
}

#[test]
fn receivers_are_connected_anywhere() {
    let handler = "def show(sender, book, **kwargs):\n    print(book.author.name)\n\n\n";
    let sent = "updated.send(sender=None, book=book)";
    for connected in [
        "updated.connect(show)",
        "updated.connect(receiver=show, weak=False)",
        "def connect_all():\n    for signal in (updated, removed):\n        signal.connect(show)",
        "class Config:\n    def ready(self):\n        from shop.signals import updated as changed\n        changed.connect(show)",
        "def connect_all():\n    updated.connect(show, dispatch_uid='show')",
    ] {
        sends(&format!("{handler}{connected}"), sent, &["author"]);
    }
    sends(&format!("{handler}removed.connect(show)"), sent, &[]);
    sends(handler, sent, &[]);
}

#[test]
fn methods_receive_too() {
    for connected in [
        "updated.connect(Shelf().show)",
        "updated.connect(Shelf.of_all)",
        "updated.connect(Shelf.by_class)",
        "updated.connect(Shelf())",
    ] {
        let shelf = format!(
            r#"
class Shelf:
    def show(self, sender, book, **kwargs):
        print(book.author.name)

    @staticmethod
    def of_all(sender, book, **kwargs):
        print(book.author.name)

    @classmethod
    def by_class(cls, sender, book, **kwargs):
        print(book.author.name)

    def __call__(self, sender, book, **kwargs):
        self.show(sender, book)


{connected}
"#
        );
        sends(&shelf, "updated.send(sender=None, book=book)", &["author"]);
    }
}

#[test]
fn a_class_of_signals_sends_as_they_do() {
    let code = |send: &str| {
        format!(
            r#"
from django.dispatch import Signal, receiver
from shop.models import Book


class Loud(Signal):
    {send}


changed = Loud()
other = Loud()


@receiver(changed)
def show(sender, book, **kwargs):
    print(book.author.name)


def publish():
    for book in Book.objects.all():
        changed.send(sender=None, book=book)


def unpublish():
    for book in Book.objects.order_by("title"):
        other.send(sender=None, book=book)
"#
        )
    };
    let is_shown = "Safe: for book in Book.objects.all():: author";
    check(&[("code.py", &code("pass"))], &[is_shown]);
    check(&[("code.py", &code("def send(self, sender, **named):\n        return []"))], &[]);
}

#[test]
fn a_signal_that_is_not_known_changes_nothing() {
    for sent in [
        "book.changed.send(sender=None, book=book)\n        print(book.author.name)",
        "removed.send(sender=None, book=book)\n        print(book.author.name)",
        "mailer.signals.sent.send(sender=None, book=book)\n        print(book.author.name)",
    ] {
        sends(SHOWS_AUTHOR, sent, &["author"]);
    }
}

#[test]
fn what_a_receiver_writes_is_written() {
    let code = r#"
from django.dispatch import Signal, receiver
from shop.models import Author, Book

updated = Signal()


@receiver(updated)
def rename(sender, book, **kwargs):
    Author.objects.update(name="")


def publish():
    for book in Book.objects.all():
        updated.send(sender=None, book=book)
        print(book.author.name)
"#;
    check(&[("code.py", code)], &["Unsafe: for book in Book.objects.all():: author"]);
}

const FETCHES: &str = "@receiver(updated)\ndef fetch(sender, book, **kwargs):\n    book.refresh_from_db()\n";

#[test]
fn what_a_receiver_fetches_anew_has_lost_what_was_loaded() {
    let sent = "updated.send(sender=signals.anyone, book=book)";
    sends(FETCHES, &format!("{sent}\n        print(book.author.name)"), &[]);
    sends(FETCHES, &format!("print(book.author.name)\n        {sent}"), &["author"]);
    // The next receiver is given the same row.
    sends(&format!("{FETCHES}\n\n{SHOWS_AUTHOR}"), sent, &[]);
    sends(&format!("{SHOWS_AUTHOR}\n\n\n{FETCHES}"), sent, &["author"]);
    // Some rows stay as they are.
    let some = "@receiver(updated)\ndef fetch(sender, book, **kwargs):\n    if sender:\n        book.refresh_from_db()\n";
    sends(some, &format!("{sent}\n        print(book.author.name)"), &["author"]);
}

/// What is proposed for books that are looped over twice, the first time with this body.
#[track_caller]
fn loops(body: &str, between: &str, expected: &[&str]) {
    let code = format!(
        r#"
from shop.models import Book


def fetch(book):
    book.refresh_from_db()


def publish(flag):
    books = Book.objects.all()
    for book in books:
        {body}
    {between}
    for book in books:
        print(book.author.name)
"#
    );
    check(&[("code.py", &code)], expected);
}

#[test]
fn rows_that_a_loop_fetched_anew_are_so_in_the_next() {
    let is_lacking = "Safe: books = Book.objects.all(): author";
    for body in ["book.refresh_from_db()", "fetch(book)", "fetch(book=book)"] {
        loops(body, "print('done')", &[]);
    }
    // A function that is given a row and leaves it.
    loops("print(book.title)", "print('done')", &[is_lacking]);
    // Not all rows.
    loops("if flag:\n            fetch(book)", "print('done')", &[is_lacking]);
    loops("if flag:\n            continue\n        fetch(book)", "print('done')", &[is_lacking]);
    loops("if flag:\n            break\n        fetch(book)", "print('done')", &[is_lacking]);
    // Rows that are asked for again.
    loops(
        "fetch(book)",
        "books = Book.objects.filter(title='x')",
        &["Safe: books = Book.objects.filter(title='x'): author"],
    );
}

#[test]
fn a_row_that_each_turn_fetches_anew_is_so_in_all() {
    let code = r#"
from shop.models import Book


def work(book, steps):
    for step in range(3):
        try:
            book.refresh_from_db()
        except Book.DoesNotExist:
            break
        print(book.author.name)


def publish(steps):
    for book in Book.objects.all():
        work(book, steps)
"#;
    check(&[("code.py", code)], &[]);
}

#[test]
fn receivers_of_models_are_given_their_rows_however_they_are_connected() {
    let handlers = "
from django.db.models.signals import post_save, pre_delete
from django.dispatch import receiver
from shop.models import Author, Book, Note, Tag


@receiver([post_save, pre_delete], sender=Author)
def decorated(instance, **kwargs):
    return [book.editor.name for book in instance.books.all()]


def connected(instance, **kwargs):
    return [note.user.name for note in instance.notes.all()]


def nobody(instance, **kwargs):
    return [note.user.name for note in instance.notes.all()]


def ready():
    def within(instance, **kwargs):
        return [book.author.name for book in instance.book_set.all()]

    post_save.connect(within, sender=Tag)
    for model in [Book, Note]:
        post_save.connect(connected, sender=model)
";
    let loops = |models: &str, field: &str, rows: &str| {
        format!("Safe: return [{models}.{field}.name for {models} in instance.{rows}.all()]: {field}")
    };
    check(
        &[("handlers.py", handlers)],
        &[
            &loops("book", "editor", "books"),
            &loops("note", "user", "notes"),
            &loops("book", "author", "book_set"),
        ],
    );
}
