//! Rows that are read by code which others call or render: executors, templates within Python files, tags that are
//! compiled into nodes, decorated methods of views, tags of objects.

mod support;

use support::check;

#[test]
fn executors_pools_and_threads_call_what_they_are_given() {
    check(
        &[(
            "work.py",
            r#"
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import Pool
from threading import Thread

from asgiref.sync import sync_to_async
from shop.models import Book


def show(book):
    print(book.author.name)


def edited(book):
    return book.editor


def submitted():
    with ThreadPoolExecutor() as executor:
        futures = [executor.submit(show, book) for book in Book.objects.order_by("title")]
    return [future.result() for future in futures]


def named():
    for future in [ThreadPoolExecutor().submit(edited, book) for book in Book.objects.filter(title="a")]:
        print(future.result().name)


def pooled():
    Pool().map(show, Book.objects.filter(title="b"))


def threads():
    for book in Book.objects.filter(title="c"):
        Thread(target=show, args=(book,)).start()


async def awaited():
    async for book in Book.objects.filter(title="d"):
        await sync_to_async(show)(book)
"#,
        )],
        &[
            "Safe: futures = [executor.submit(show, book) for book in Book.objects.order_by(\"title\")]: author",
            "Safe: for future in [ThreadPoolExecutor().submit(edited, book) for book in Book.objects.filter(title=\"a\")]:: editor",
            "Safe: Pool().map(show, Book.objects.filter(title=\"b\")): author",
            "Safe: for book in Book.objects.filter(title=\"c\"):: author",
            "Safe: async for book in Book.objects.filter(title=\"d\"):: author",
        ],
    );
}

#[test]
fn a_template_may_stand_in_a_python_file() {
    check(
        &[(
            "mails.py",
            r#"
from django.template import Context, Template
from shop.models import Book

TEXT = "{% for book in books %}{{ book.author.name }}{% endfor %}"


def mail():
    return Template(TEXT).render(Context({"books": Book.objects.all()}))
"#,
        )],
        &["Safe: return Template(TEXT).render(Context({\"books\": Book.objects.all()})): author"],
    );
}

#[test]
fn a_template_column_renders_each_row() {
    check(
        &[
            (
                "tables.py",
                r#"
import django_tables2 as tables
from shop.models import Book

AUTHOR = """
<a href="x">{{ record.author.name }}</a>
"""


class EditorColumn(tables.TemplateColumn):
    template_code = "{{ record.editor.name }}"

    def __init__(self):
        super().__init__(template_code=self.template_code)


class BookTable(tables.Table):
    by = tables.TemplateColumn(template_code=AUTHOR)
    edited = EditorColumn()
    tagged = tables.TemplateColumn(template_name="tagged.html")

    class Meta:
        model = Book
        fields = ["title"]
"#,
            ),
            ("templates/tagged.html", "{% for tag in record.tags.all %}{{ tag }}{% endfor %}"),
            (
                "views.py",
                "from shop.models import Book\nfrom shop.tables import BookTable\n\n\ndef listed(request):\n    return BookTable(Book.objects.all())\n",
            ),
        ],
        &[
            "Safe: return BookTable(Book.objects.all()): author, editor",
            "Safe: return BookTable(Book.objects.all()): tags",
        ],
    );
}

#[test]
fn a_table_that_loads_its_columns_itself_lacks_what_their_templates_read() {
    check(
        &[
            (
                "tables.py",
                r#"
import django_tables2 as tables
from shop.models import Book


class BaseTable(tables.Table):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.data.data = self.data.data.prefetch_related(*self.paths())


class BookTable(BaseTable):
    author = tables.TemplateColumn(template_code="{{ record.author.country.name }}")
    editor = tables.Column()
    hidden = tables.TemplateColumn(template_code="{{ record.tags.all }}")

    class Meta:
        model = Book
        default_columns = ["author", "editor"]
"#,
            ),
            (
                "views.py",
                "from shop.models import Book\nfrom shop.tables import BookTable\n\n\ndef listed(request):\n    return BookTable(Book.objects.all())\n",
            ),
        ],
        &["Safe: return BookTable(Book.objects.all()): author__country"],
    );
}

#[test]
fn a_compiled_tag_puts_rows_into_the_context() {
    check(
        &[
            (
                "templatetags/shelves.py",
                r#"
from django import template
from shop.models import Book

register = template.Library()


class Books(template.Node):
    def render(self, context):
        context["books"] = Book.objects.order_by("title")
        return ""


class Named(template.Node):
    def __init__(self, name):
        self.name = name

    def render(self, context):
        context[self.name] = Book.objects.filter(title="a")
        return ""


@register.tag
def load_books(parser, token):
    return Books()


@register.tag("get_books")
def get(parser, token):
    bits = token.split_contents()
    return Named(bits[-1])
"#,
            ),
            (
                "templates/books.html",
                "{% load_books %}{% for book in books %}{{ book.author.name }}{% endfor %}{{ other.name }}\n{% get_books as found %}{% for book in found %}{{ book.editor.name }}{% endfor %}",
            ),
            (
                "views.py",
                "from django.shortcuts import render\n\n\ndef index(request):\n    return render(request, 'books.html', {})\n",
            ),
        ],
        &[
            "Safe: context[\"books\"] = Book.objects.order_by(\"title\"): author",
            "Safe: context[self.name] = Book.objects.filter(title=\"a\"): editor",
        ],
    );
}

#[test]
fn decorated_methods_of_a_view_are_in_its_context() {
    check(
        &[
            (
                "views.py",
                r#"
from django.utils.functional import cached_property
from django.views.generic import TemplateView
from django_context_decorator import context
from shop.models import Book


class Shelf(TemplateView):
    template_name = "shelf.html"

    @context
    def books(self):
        return Book.objects.order_by("title")

    @context
    @cached_property
    def edited(self):
        return Book.objects.filter(title="a")
"#,
            ),
            (
                "templates/shelf.html",
                "{% for book in books %}{{ book.author.name }}{% endfor %}{% for book in edited %}{{ book.editor.name }}{% endfor %}",
            ),
        ],
        &[
            "Safe: return Book.objects.order_by(\"title\"): author",
            "Safe: return Book.objects.filter(title=\"a\"): editor",
        ],
    );
}

#[test]
fn a_list_of_tags_is_read_for_every_object() {
    check(
        &[
            (
                "tagged.py",
                "from django.db import models\nfrom taggit.managers import TaggableManager\n\n\nclass Page(models.Model):\n    tags = TaggableManager()\n",
            ),
            (
                "views.py",
                r#"
from rest_framework import serializers, viewsets
from shop.tagged import Page
from taggit.serializers import TaggitSerializer, TagListSerializerField


class PageSerializer(TaggitSerializer, serializers.ModelSerializer):
    tags = TagListSerializerField()

    class Meta:
        model = Page
        fields = ["tags"]


class Pages(viewsets.ReadOnlyModelViewSet):
    queryset = Page.objects.order_by("pk")
    serializer_class = PageSerializer
"#,
            ),
        ],
        &["Unsafe: queryset = Page.objects.order_by(\"pk\"): tags"],
    );
}

#[test]
fn a_model_may_extend_what_get_user_model_gives() {
    check(
        &[(
            "users.py",
            r#"
from django.contrib.auth import get_user_model
from django.db import models
from shop.models import Country

User = get_user_model()


class Person(User):
    class Meta:
        proxy = True


class Profile(models.Model):
    user = models.OneToOneField(User, on_delete=models.CASCADE)
    country = models.ForeignKey(Country, on_delete=models.CASCADE)


def countries():
    return [person.profile.country.name for person in Person.objects.all()]
"#,
        )],
        &["Safe: return [person.profile.country.name for person in Person.objects.all()]: profile__country"],
    );
}

#[test]
fn a_package_may_extend_serializers_and_viewsets() {
    check(
        &[(
            "views.py",
            r#"
from drf_writable_nested import WritableNestedModelSerializer
from rest_framework import viewsets
from rest_framework_bulk import BulkModelViewSet
from shop.models import Author, Book


class AuthorSerializer(WritableNestedModelSerializer):
    class Meta:
        model = Author
        fields = ["name"]


class BookSerializer(WritableNestedModelSerializer):
    author = AuthorSerializer()

    class Meta:
        model = Book
        fields = ["author", "tags"]


class Books(viewsets.ModelViewSet):
    queryset = Book.objects.order_by("title")
    serializer_class = BookSerializer


class Bulk(BulkModelViewSet):
    queryset = Book.objects.order_by("-title")
    serializer_class = BookSerializer
"#,
        )],
        &[
            "Safe: queryset = Book.objects.order_by(\"title\"): author",
            "Safe: queryset = Book.objects.order_by(\"-title\"): author",
            "Safe: queryset = Book.objects.order_by(\"title\"): tags",
            "Safe: queryset = Book.objects.order_by(\"-title\"): tags",
        ],
    );
}

#[test]
fn a_queryset_that_a_view_narrows_step_by_step_is_one() {
    check(
        &[(
            "views.py",
            r#"
from rest_framework import serializers, viewsets
from shop.models import Book


class BookSerializer(serializers.ModelSerializer):
    author = serializers.StringRelatedField()
    name = serializers.CharField(source="author.name")

    class Meta:
        model = Book
        fields = ["author", "name"]


class Books(viewsets.ModelViewSet):
    queryset = Book.objects
    serializer_class = BookSerializer

    def get_queryset(self):
        self.queryset = self.queryset.filter(title="a")
        if self.request.GET:
            self.queryset = self.queryset.filter(pk__gt=1)
        self.queryset = self.queryset.distinct()
        return super().get_queryset()
"#,
        )],
        &["Safe: self.queryset = self.queryset.filter(title=\"a\"): author"],
    );
}

#[test]
fn a_view_may_inherit_its_handler() {
    check(
        &[
            (
                "views.py",
                r#"
from django.shortcuts import render
from django.views.generic import View
from shop.models import Author, Book


class Listed(View):
    queryset = None

    def get(self, request):
        return render(request, "listed.html", {"rows": self.queryset.all()})

    def post(self, request):
        for row in self.queryset.all():
            row.editor.delete()


class Books(Listed):
    queryset = Book.objects.order_by("title")


class Authors(Listed):
    queryset = Author.objects.order_by("name")
"#,
            ),
            ("templates/listed.html", "{% for row in rows %}{{ row.author.name }}{% endfor %}"),
        ],
        &["Safe: queryset = Book.objects.order_by(\"title\"): author"],
    );
}

#[test]
fn the_urls_of_a_row_may_be_format_strings() {
    check(
        &[(
            "pages.py",
            r#"
import urlman
from django.db import models
from shop.models import Author, Book


class Review(models.Model):
    author = models.ForeignKey(Author, on_delete=models.CASCADE)
    book = models.ForeignKey(Book, on_delete=models.CASCADE)

    class urls(urlman.Urls):
        base = "/{self.book.title}/{self.pk}/"
        edit = "{base}edit/"
        writer = "/{self.author.name}/"


def edited():
    return [review.urls.edit for review in Review.objects.all()]
"#,
        )],
        &["Safe: return [review.urls.edit for review in Review.objects.all()]: book"],
    );
}

#[test]
fn many_ways_to_one_queryset_have_in_common_where_it_goes_through() {
    check(
        &[(
            "views.py",
            r#"
from shop.models import Book


def visible(user):
    if user.is_staff:
        return Book.objects.filter(title="x")
    return Book.objects.exclude(title="y")


def narrowed(rows, given):
    if given.get("a"):
        rows = rows.filter(title="a")
    if given.get("b"):
        rows = rows.filter(title="b")
    if given.get("c"):
        rows = rows.filter(title="c")
    if given.get("d"):
        rows = rows.filter(title="d")
    return rows


def listed(request):
    rows = narrowed(visible(request.user).select_related("editor"), request.GET)
    return [book.author.name for book in rows]
"#,
        )],
        &["Safe: rows = narrowed(visible(request.user).select_related(\"editor\"), request.GET): author"],
    );
}

#[test]
fn one_object_that_a_function_gives_to_several_is_loaded_with_doubt() {
    let found = "from django.shortcuts import render\nfrom shop.models import Author\n\n\ndef found(pk):\n    \
                 return Author.objects.get(pk=pk)\n\n\n";
    let shown =
        "def shown(request):\n    return render(request, 'shop/author.html', {'author': found(1)})\n\n\n";
    let named = "def named(request):\n    return found(2).name\n";
    let template = "{% for book in author.books.all %}{% for note in book.notes.all %}{{ note.user.name }}{% endfor %}{% endfor %}";
    let lines = |views: &str| {
        let shop = support::Shop::new(&[("views.py", views), ("templates/shop/author.html", template)]);
        let proposals = shop.proposals();
        let safety = proposals.iter().map(|it| format!("{:?} {}", it.safety, it.fields.join(", ")));
        let said = proposals.iter().any(|it| it.message.contains("`shown` and `named` get this object"));
        (safety.collect::<Vec<_>>().join("; "), said)
    };
    assert_eq!(lines(&format!("{found}{shown}{named}")), ("Unsafe books__notes__user".to_owned(), true));
    assert_eq!(lines(&format!("{found}{shown}")), ("Safe books__notes__user".to_owned(), false));
}
