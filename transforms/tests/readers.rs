//! Who is said to read what a query lacks, and which object a row's relation gives.

mod support;

use support::{Shop, check};

#[test]
fn what_a_row_reads_for_a_field_is_read_by_who_declares_it() {
    let api = r#"
from rest_framework import serializers, viewsets
from rest_framework.decorators import action
from rest_framework.response import Response
from shop.models import Book


def named(books):
    return [book.pk for book in books]


class BookSerializer(serializers.ModelSerializer):
    place = serializers.CharField()

    class Meta:
        model = Book
        fields = ["place"]


class Books(viewsets.ReadOnlyModelViewSet):
    queryset = Book.objects.all()
    serializer_class = BookSerializer

    def list(self, request, *args, **kwargs):
        books = self.get_queryset()
        return Response([named(books), BookSerializer(books, many=True).data])

    @action(detail=False)
    def titles(self, request):
        return Response([book.title for book in self.get_queryset()])
"#;
    let shop = Shop::new(&[("api.py", api)]);
    let messages: Vec<String> = shop.proposals().into_iter().map(|proposal| proposal.message).collect();
    let said =
        "Of those who get these rows, only `BookSerializer` reads `author.country`; `Books.titles` would pay";
    assert!(messages.iter().any(|message| message.contains(said)), "{messages:?}");
}

#[test]
fn related_rows_that_join_their_row_have_an_object_of_their_own() {
    let view = |more: &str| {
        format!(
            "from shop.models import Author\n\n\ndef listed(request):\n    \
             return [book.author.country.name for author in Author.objects.order_by('pk') \
             for book in author.books.filter(pk__gt=1){more}]\n"
        )
    };
    check(&[("views.py", &view(".select_related('author__country')"))], &[]);
    let line = view("");
    let line = line.lines().last().unwrap_or_default().trim();
    check(&[("views.py", &view(""))], &[&format!("Safe: {line}: country")]);
}

#[test]
fn what_one_of_two_branches_reads_the_other_would_pay_for() {
    let view = |[before, then, orelse, after]: [&str; 4]| {
        format!(
            "from shop.models import Book\n\n\n\
             def listed(request):\n    \
             books = Book.objects.order_by('pk')\n    {before}\n    \
             if request.user:\n        {then}\n    else:\n        {orelse}\n    {after}\n"
        )
    };
    let reads = "print([book.author.name for book in books])";
    let counts = "print([book.title for book in books])";
    let none = "print()";
    for (safety, parts) in [
        ("Unsafe", [none, reads, counts, none]),
        ("Unsafe", [none, counts, reads, none]),
        ("Unsafe", [counts, counts, reads, none]),
        ("Safe", [none, reads, reads, none]),
        ("Safe", [none, reads, none, none]),
        ("Safe", [counts, reads, none, none]),
        ("Safe", [none, counts, reads, reads]),
        ("Safe", [none, counts, none, reads]),
    ] {
        check(
            &[("views.py", &view(parts))],
            &[&format!("{safety}: books = Book.objects.order_by('pk'): author")],
        );
    }
    // Each has a query of its own.
    let own = "print([book.title for book in Book.objects.all()])";
    check(
        &[("views.py", &view([none, own, reads, none]))],
        &["Safe: books = Book.objects.order_by('pk'): author"],
    );
}
