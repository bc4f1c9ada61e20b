//! What a base class, or a serializer, loads for those who extend or use it.

mod support;

use support::check;

/// A serializer of books that loads for itself, one that adds to it, and a view of the latter: with fields of their own, and
/// the names of those.
fn serializers(base: [&str; 2], own: [&str; 2]) -> String {
    let ([base, base_name], [own, own_name]) = (base, own);
    format!(
        r#"
from rest_framework import serializers, viewsets
from shop.models import Book


class BookSerializer(serializers.ModelSerializer):
{base}
    @classmethod
    def loaded(cls, queryset):
        return queryset.select_related("author")

    class Meta:
        model = Book
        fields = ["title", "author"{base_name}]


class LongBookSerializer(BookSerializer):
{own}
    @classmethod
    def loaded(cls, queryset):
        return super().loaded(queryset).prefetch_related("tags")

    class Meta:
        model = Book
        fields = BookSerializer.Meta.fields + ["tags"{own_name}]


class Books(viewsets.ReadOnlyModelViewSet):
    serializer_class = LongBookSerializer

    def get_queryset(self):
        return LongBookSerializer.loaded(Book.objects.all())
"#
    )
}

#[test]
fn what_a_base_reads_itself_is_loaded_by_the_bases_method() {
    let field = ["    editor_name = serializers.CharField(source=\"editor.name\")\n", ", \"editor_name\""];
    check(
        &[("api.py", &serializers(field, ["", ""]))],
        &["Safe: return queryset.select_related(\"author\"): editor"],
    );
    check(
        &[("api.py", &serializers(["", ""], field))],
        &["Safe: return super().loaded(queryset).prefetch_related(\"tags\"): editor"],
    );
}

#[test]
fn what_a_base_declares_is_loaded_by_the_bases_method_wherever_it_is_read() {
    // By a property of the model, for a field that is declared or one that is only named.
    let source = "    by = serializers.CharField(source=\"author_and_editor\")\n";
    let base = "Safe: return queryset.select_related(\"author\"): editor";
    let own = "Safe: return super().loaded(queryset).prefetch_related(\"tags\"): editor";
    for field in [[source, ", \"by\""], ["", ", \"author_and_editor\""]] {
        for (sources, expected) in [(serializers(field, ["", ""]), base), (serializers(["", ""], field), own)]
        {
            let models = "from shop import models\n\n\nclass Both:\n    @property\n    def author_and_editor(self):\n        return f'{self.author.name}, {self.editor.name}'\n\n\nclass Book(Both, models.Book):\n    class Meta:\n        proxy = True\n        app_label = 'shop'\n";
            let sources = sources.replace("from shop.models import Book", "from shop.books import Book");
            check(&[("books.py", models), ("api.py", &sources)], &[expected]);
        }
    }
}

/// A serializer of books whose method makes the queryset, with what loads in it.
fn loader(method: &str) -> String {
    format!(
        r#"
from rest_framework import serializers
from shop.models import Book


class BookSerializer(serializers.ModelSerializer):
    author_name = serializers.CharField(source="author.name")
    editor_name = serializers.CharField(source="editor.name")

    {method}

    class Meta:
        model = Book
        fields = ["title", "author_name", "editor_name"]


def listed(name):
    return globals()[name].loaded(Book.objects.all())
"#
    )
}

#[test]
fn what_a_serializer_loads_for_itself_is_what_its_fields_read() {
    for method in [
        "@classmethod\n    def loaded(cls, queryset):\n        return queryset.select_related('author')",
        "@staticmethod\n    def loaded(queryset):\n        return queryset.select_related('author')",
        "@classmethod\n    def loaded(cls, queryset=None):\n        books = queryset or Book.objects.all()\n        return books.select_related('author')",
    ] {
        let line = method.lines().last().unwrap_or_default().trim();
        check(&[("api.py", &loader(method))], &[&format!("Safe: {line}: editor")]);
    }
    // What loads nothing may be for anything, and what an instance has is not for all.
    check(
        &[(
            "api.py",
            &loader("@classmethod\n    def loaded(cls, queryset):\n        return queryset.filter(pk__gt=1)"),
        )],
        &[],
    );
    check(
        &[(
            "api.py",
            &loader("def loaded(self, queryset):\n        return queryset.select_related('author')"),
        )],
        &[],
    );
}
