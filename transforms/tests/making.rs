//! Rows that code makes while it loops over others, and what the `save()` of their model does with these.

mod support;

use support::check;

/// Orders whose `save()` does something with their book.
fn orders(save: &str) -> String {
    format!(
        "
from django.db import models
from shop.models import Author, Book


class Order(models.Model):
    book = models.ForeignKey(Book, related_name='orders', on_delete=models.CASCADE)
    buyer = models.ForeignKey(Author, on_delete=models.CASCADE)

    class Meta:
        app_label = 'shop'

    @property
    def writer(self):
        return self.book.author

    def note(self):
        {save}

    def save(self, *args, **kwargs):
        super().save(*args, **kwargs)
        self.note()
"
    )
}

const QUERY: &str = "for book in Book.objects.order_by('pk'):";

#[track_caller]
fn made(save: &str, makes: &str, expected: &[&str]) {
    let view = format!(
        "from shop.models import Book\nfrom shop.orders import Order\n\n\ndef order(request):\n    {QUERY}\n        {makes}\n"
    );
    let expected: Vec<String> = expected.iter().map(|it| it.replace("QUERY", QUERY)).collect();
    let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
    check(&[("orders.py", &orders(save)), ("views.py", &view)], &expected);
}

const WAYS: [&str; 4] = [
    "Order(book=book, buyer_id=1).save()",
    "order = Order(book=book)\n        order.save()",
    "Order.objects.create(book=book, buyer_id=1)",
    "book.orders.create(buyer_id=1)",
];

#[test]
fn what_the_save_of_a_made_row_reads_is_read() {
    for makes in WAYS {
        made("print(self.book.author.name)", makes, &["Safe: QUERY: author"]);
        made("print(self.writer.name)", makes, &["Safe: QUERY: author"]);
        made("print(self.book.title)", makes, &[]);
        made("print(self.buyer.name)", makes, &[]);
    }
    // It is not called then.
    made("print(self.book.author.name)", "Order(book=book)", &[]);
    made("print(self.book.author.name)", "Order.objects.bulk_create([Order(book=book)])", &[]);
}

#[test]
fn what_the_save_of_a_made_row_writes_is_written_while_rows_are_looped_over() {
    let counts = "self.book.author.name += '!'\n        self.book.author.save()";
    for makes in WAYS {
        made(counts, makes, &["Unsafe: QUERY: author"]);
    }
    made(counts, "Order(book=book, buyer=book.author)", &["Safe: QUERY: author"]);
}

#[test]
fn what_is_added_to_a_relation_is_no_change_of_the_related_rows() {
    let view = |done: &str| {
        format!(
            "from shop.models import Author, Book, Note, Tag\n\n\ndef tagged(request):\n    {QUERY}\n        \
             Tag.objects.create(name=book.author.name)\n        {done}\n"
        )
    };
    let models = "from django.db import models\nfrom shop.models import Author\n\n\nclass Circle(models.Model):\n    \
                  members = models.ManyToManyField(Author)\n\n    class Meta:\n        app_label = 'shop'\n";
    for (done, safety) in [
        ("Circle.objects.first().members.add(1)", "Safe"),
        ("Circle.objects.first().members.set([])", "Safe"),
        ("Circle.objects.first().members.update(name='')", "Unsafe"),
    ] {
        let view = view(done).replace("import Author, Book", "import Book");
        let view = format!("from shop.circles import Circle\n{view}");
        check(&[("circles.py", models), ("views.py", &view)], &[&format!("{safety}: {QUERY}: author")]);
    }
}

#[test]
fn what_is_written_of_rows_that_are_joined_already_stays_as_it_is() {
    let view = |query: &str, written: &str| {
        format!(
            "from shop.models import Note\n\n\ndef listed(request):\n    for note in {query}:\n        \
             print(note.book.author.name)\n        {written}\n"
        )
    };
    for (query, written, safety) in [
        ("Note.objects.select_related('book')", "note.book.save(update_fields=['title'])", "Safe"),
        ("Note.objects.select_related('book')", "note.book.author.save(update_fields=['name'])", "Unsafe"),
        ("Note.objects.order_by('pk')", "note.book.save(update_fields=['title'])", "Unsafe"),
    ] {
        let found = format!("{safety}: for note in {query}:: book__author");
        check(&[("views.py", &view(query, written))], &[&found]);
    }
}
