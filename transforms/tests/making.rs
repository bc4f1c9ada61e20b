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
        made(&counts.replace("+=", "="), makes, &["Unsafe: QUERY: author"]);
        // Each goes on from what the one before has saved.
        made(counts, makes, &["Advice: QUERY: author"]);
    }
    made(counts, "Order(book=book, buyer=book.author)", &["Safe: QUERY: author"]);
}
