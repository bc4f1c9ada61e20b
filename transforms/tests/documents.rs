//! Documents of search engines.

mod support;

use support::check;

/// A document of books with these members and these options.
fn document(members: &str, options: &str) -> String {
    format!(
        r#"
from django_elasticsearch_dsl import Document, fields
from shop.models import Book


class Labelled(Document):
    title = fields.TextField()

    def prepare_place(self, book):
        return book.place


class BookDocument(Labelled):
{members}

    class Django:
        model = Book
        fields = ["id"]
{options}
"#
    )
}

const OWN: &str = r#"
    def get_queryset(self):
        return super().get_queryset().order_by("pk")
"#;

const PAGES: &str = "        queryset_pagination = 100";

#[test]
fn a_document_reads_what_its_fields_name_for_each_row_of_its_queryset() {
    let line = "return super().get_queryset().order_by(\"pk\")";
    for (field, path) in [
        ("author = fields.TextField(attr=\"author.name\")", "author"),
        (
            "author = fields.ObjectField(properties={\"name\": fields.TextField(attr=\"country.name\")})",
            "author__country",
        ),
        ("place = fields.KeywordField()", "author__country"),
        (
            "editor = fields.KeywordField()\n\n    def prepare_editor(self, book):\n        return str(book.editor)",
            "editor",
        ),
        ("tags = fields.NestedField(properties={\"name\": fields.TextField()})", "tags"),
        (
            "notes = fields.NestedField(properties={\"user\": fields.TextField(attr=\"user.name\")})",
            "notes__user",
        ),
    ] {
        let members = format!("    {field}\n{OWN}");
        check(&[("documents.py", &document(&members, PAGES))], &[&format!("Safe: {line}: {path}")]);
    }
}

#[test]
fn what_no_field_names_is_not_read() {
    for field in [
        "author_id = fields.IntegerField()",
        "label = fields.TextField(attr=\"title\")",
        // Methods are only asked for fields.
        "def prepare_editor(self, book):\n        return str(book.editor)",
    ] {
        check(&[("documents.py", &document(&format!("    {field}\n{OWN}"), PAGES))], &[]);
    }
    // All rows of the model: there is no query to extend.
    check(&[("documents.py", &document("    author = fields.TextField(attr=\"author.name\")", PAGES))], &[]);
}

#[test]
fn a_prefetch_of_rows_that_are_streamed_without_a_size_is_advice() {
    let members =
        format!("    tags = fields.NestedField(properties={{\"name\": fields.TextField()}})\n{OWN}");
    check(
        &[("documents.py", &document(&members, ""))],
        &["Advice: return super().get_queryset().order_by(\"pk\"): tags"],
    );
    let loaded = members.replace(".order_by(\"pk\")", ".prefetch_related(\"notes\")");
    check(
        &[("documents.py", &document(&loaded, ""))],
        &["Safe: return super().get_queryset().prefetch_related(\"notes\"): tags"],
    );
}

#[test]
fn code_may_prepare_rows_itself() {
    let members = "    author = fields.TextField(attr=\"author.name\")";
    let tasks = "from shop.documents import BookDocument\nfrom shop.models import Book\n\n\ndef prepared():\n    return [BookDocument().prepare(book) for book in Book.objects.order_by('pk')]\n";
    check(
        &[("documents.py", &document(members, PAGES)), ("tasks.py", tasks)],
        &["Safe: return [BookDocument().prepare(book) for book in Book.objects.order_by('pk')]: author"],
    );
}

#[test]
fn an_index_of_haystack_reads_attributes_methods_and_templates() {
    let index = |field: &str| {
        format!(
            r#"
from haystack import indexes
from shop.models import Book


class BookIndex(indexes.SearchIndex, indexes.Indexable):
    {field}

    def get_model(self):
        return Book

    def index_queryset(self, using=None):
        return self.get_model().objects.order_by("pk")
"#
        )
    };
    let template = "{{ object.title }} {{ object.editor.name }}\n";
    for (field, path) in [
        ("author = indexes.CharField(model_attr=\"author__name\")", "author"),
        ("tags = indexes.MultiValueField(model_attr=\"tags\")", "tags"),
        (
            "place = indexes.CharField()\n\n    def prepare_place(self, book):\n        return book.place",
            "author__country",
        ),
        ("text = indexes.CharField(document=True, use_template=True)", "editor"),
        (
            "text = indexes.CharField(use_template=True, template_name=\"search/indexes/shop/book_text.txt\")",
            "editor",
        ),
    ] {
        check(
            &[
                ("search_indexes.py", &index(field)),
                ("templates/search/indexes/shop/book_text.txt", template),
            ],
            &[&format!("Safe: return self.get_model().objects.order_by(\"pk\"): {path}")],
        );
    }
}
