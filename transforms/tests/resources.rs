//! Resources of django-import-export.

mod support;

use support::check;

/// A resource of books with these members and these options.
fn resource(members: &str, options: &str) -> String {
    format!(
        r#"
from import_export import fields, resources, widgets
from shop.models import Author, Book, Tag


class Shouted(fields.Field):
    def get_value(self, instance):
        return instance.title.upper()


class BookResource(resources.ModelResource):
    {members}

    class Meta:
        model = Book
        {options}


def exported():
    return BookResource().export()
"#
    )
}

const OWN: &str = "def get_queryset(self):\n        return super().get_queryset().order_by('pk')\n\n    ";

const LINE: &str = "return super().get_queryset().order_by('pk')";

#[test]
fn an_export_reads_what_its_fields_name_for_each_row() {
    for (members, options, path) in [
        ("", "fields = ['title', 'author__name']", "author"),
        // The widget shows the key of the row.
        ("", "fields = ['title', 'editor']", "editor"),
        ("", "fields = ['title', 'tags']", "tags"),
        ("", "exclude = ['author', 'tags']", "editor"),
        ("by = fields.Field(attribute='author__country__name')", "fields = ['by']", "author__country"),
        (
            "author = fields.Field(attribute='author', widget=widgets.ForeignKeyWidget(Author, 'country__name'))",
            "fields = ['author']",
            "author__country",
        ),
        (
            "place = fields.Field()\n\n    def dehydrate_place(self, book):\n        return book.place",
            "fields = ['place']",
            "author__country",
        ),
    ] {
        check(
            &[("resources.py", &resource(&format!("{OWN}{members}"), options))],
            &[&format!("Safe: {LINE}: {path}")],
        );
    }
}

#[test]
fn what_is_not_exported_is_not_read() {
    for (members, options) in [
        ("", "fields = ['title', 'id']"),
        ("by = fields.Field(attribute='author__name')", "fields = ['title']"),
        ("def dehydrate_place(self, book):\n        return book.place", "fields = ['title']"),
        // Whose list only the run knows, and what a field of the project's own shows.
        ("by = Shouted(attribute='author__name')", "fields = ['by']"),
        ("", "fields = names()"),
    ] {
        check(&[("resources.py", &resource(&format!("{OWN}{members}"), options))], &[]);
    }
}

#[test]
fn code_may_export_rows_that_it_has() {
    let views = "from shop.models import Book\nfrom shop.resources import BookResource\n\n\ndef exported(request):\n    books = Book.objects.order_by('pk')\n    return BookResource().export(books).csv\n";
    check(
        &[("resources.py", &resource("", "fields = ['author__name']")), ("views.py", views)],
        &["Safe: books = Book.objects.order_by('pk'): author"],
    );
}
