//! Views and admins whose attributes are set when they are made, and what they know of each other: small projects in,
//! proposals out.

mod support;

use support::check;

/// Viewsets that name what they load, and a mixin that loads it.
const VIEWS: &str = "
from rest_framework import serializers, viewsets
from shop.models import Book, Note


class Loads:
    joins = None
    lists = None

    def __init__(self, *args, **kwargs):
        self.joins = kwargs.pop('joins', self.joins) or []
        self.lists = kwargs.pop('lists', self.lists) or []
        super().__init__(*args, **kwargs)

    def get_queryset(self):
        rows = super().get_queryset()
        if self.joins:
            rows = rows.select_related(*self.joins)
        if self.lists:
            rows = rows.prefetch_related(*self.lists)
        return rows


class BookSerializer(serializers.ModelSerializer):
    author = serializers.StringRelatedField()
    editor = serializers.StringRelatedField()

    class Meta:
        model = Book
        fields = ['title', 'author', 'editor', 'tags']


class NoteSerializer(serializers.ModelSerializer):
    user = serializers.StringRelatedField()

    class Meta:
        model = Note
        fields = ['user']


class Notes(Loads, viewsets.ModelViewSet):
    queryset = Note.objects.order_by('pk')
    serializer_class = NoteSerializer
    joins = ['user']
";

#[track_caller]
fn check_views(views: &str, expected: &[&str]) {
    check(&[("views.py", &format!("{VIEWS}{views}"))], expected);
}

#[test]
fn a_view_is_made_with_what_its_class_names() {
    check_views(
        "
class Books(Loads, viewsets.ModelViewSet):
    queryset = Book.objects.order_by('pk')
    serializer_class = BookSerializer
    joins = ['author']
",
        &[
            "Safe: queryset = Book.objects.order_by('pk'): editor",
            "Safe: queryset = Book.objects.order_by('pk'): tags",
        ],
    );
    check_views(
        "
class Books(Loads, viewsets.ModelViewSet):
    queryset = Book.objects.order_by('pk')
    serializer_class = BookSerializer
    joins = ['author', 'editor']
    lists = ['tags']
",
        &[],
    );
}

#[test]
fn what_a_view_adds_to_its_lists_is_loaded() {
    let views = "
class More(Loads):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.joins.extend(['editor'])


class Books(More, viewsets.ModelViewSet):
    queryset = Book.objects.order_by('pk')
    serializer_class = BookSerializer
    joins = ['author']
    lists = ['tags']
";
    check_views(views, &[]);
    // What is added is not known.
    check_views(&views.replace("['editor']", "kwargs['joins']"), &[]);
}

#[test]
fn a_view_asks_for_the_admin_of_its_model() {
    for asked in
        ["admin.site._registry.get(self.queryset.model)", "admin.site.get_model_admin(self.queryset.model)"]
    {
        let admin = "
from django.contrib import admin
from shop.models import Book


@admin.register(Book)
class BookAdmin(admin.ModelAdmin):
    list_display = ['title']
    list_select_related = ['author']
";
        let views = format!(
            "
from django.contrib import admin


class Shown(Loads):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        shown = {asked}
        if shown and shown.list_select_related:
            self.joins.extend(shown.list_select_related)


class Books(Shown, viewsets.ModelViewSet):
    queryset = Book.objects.order_by('pk')
    serializer_class = BookSerializer
    joins = []
    lists = ['tags']
"
        );
        check(
            &[("admin.py", admin), ("views.py", &format!("{VIEWS}{views}"))],
            &["Safe: queryset = Book.objects.order_by('pk'): editor"],
        );
    }
}

#[test]
fn a_serializer_that_names_no_fields_has_all() {
    let views = |meta: &str| {
        format!(
            "
class AllSerializer(serializers.ModelSerializer):
    class Meta:
        model = Book
{meta}

class Books(viewsets.ModelViewSet):
    queryset = Book.objects.order_by('pk')
    serializer_class = AllSerializer
"
        )
    };
    check_views(&views(""), &["Safe: queryset = Book.objects.order_by('pk'): tags"]);
    check_views(&views("        fields = ['title']\n"), &[]);
}

#[test]
fn an_admin_has_what_it_adds_when_it_is_made() {
    let admin = "
from django.contrib import admin
from shop.models import Book


class Named:
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.list_display += ['author_name']
        JOINS

    def author_name(self, book):
        return book.author.name


@admin.register(Book)
class BookAdmin(Named, admin.ModelAdmin):
    list_display = ['title']
    list_select_related = ['editor']
";
    check(
        &[("admin.py", &admin.replace("JOINS", ""))],
        &["Safe: class BookAdmin(Named, admin.ModelAdmin):: author"],
    );
    check(&[("admin.py", &admin.replace("JOINS", "self.list_select_related += ['author']"))], &[]);
}

#[test]
fn a_test_of_classes_takes_one_way() {
    let admin = "
from django.contrib import admin
from shop.models import Book, Note


class Columns:
    def get_list_display(self, request):
        shown = super().get_list_display(request)
        if issubclass(self.model, Note):
            return ['title']
        return shown


@admin.register(Book)
class BookAdmin(Columns, admin.ModelAdmin):
    list_display = ['title', 'author_name']

    def author_name(self, book):
        return book.author.name


@admin.register(Note)
class NoteAdmin(Columns, admin.ModelAdmin):
    list_display = ['author_name']

    def author_name(self, note):
        return note.user.name
";
    check(&[("admin.py", admin)], &["Safe: class BookAdmin(Columns, admin.ModelAdmin):: author"]);
}

#[test]
fn a_table_of_models_is_looked_up_by_name() {
    let views = |test: &str| {
        format!(
            "
from shop.models import Author, Book, Note

MODELS = {{'book': Book, 'note': Note, 'author': Author}}
NAMES = {{model: name for name, model in MODELS.items()}}


def rows(name):
    if name not in {test}:
        name = NAMES[name]
    return MODELS[name].objects.all()


def names():
    return [book.author.name for book in rows('book')]
"
        )
    };
    check(
        &[("views.py", &views("MODELS"))],
        &["Safe: return [book.author.name for book in rows('book')]: author"],
    );
}

#[test]
fn a_field_of_a_serializer_does_not_stand_before_what_serializers_have() {
    let views = |own: &str| {
        format!(
            "
from rest_framework import serializers
from rest_framework.response import Response
from shop.models import Book


class BookSerializer(serializers.ModelSerializer):
    author = serializers.StringRelatedField()
    editor = serializers.SerializerMethodField()
    {own}

    class Meta:
        model = Book
        fields = ['title', 'author', 'editor', 'data']

    def get_editor(self, book):
        return book.editor.name


def books(request):
    rows = Book.objects.order_by('pk')
    return Response(BookSerializer(rows, many=True).data)
"
        )
    };
    let found = ["Safe: rows = Book.objects.order_by('pk'): author, editor"];
    for field in [
        "data = serializers.SerializerMethodField()",
        "data = serializers.JSONField(source='title')",
        "instance = serializers.ReadOnlyField(source='title')",
    ] {
        check(&[("views.py", &views(field))], &found);
    }
    // What is no field is the class's own.
    check(&[("views.py", &views("data = dict(title='')"))], &[]);
}

#[test]
fn a_view_that_answers_itself_renders_no_template() {
    let check_view = |base: &str, answer: &str, expected: &[&str]| {
        let views = format!(
            "
from django.http import JsonResponse
from django.views.generic import ListView
from django.views.generic.list import BaseListView
from shop.models import Book


class Books({base}):
    model = Book
{answer}"
        );
        check(
            &[
                ("views.py", &views),
                (
                    "templates/shop/book_list.html",
                    "{% for book in book_list %}{{ book.author.name }}{% endfor %}",
                ),
            ],
            expected,
        );
    };
    let shown: &[&str] = &["Safe: model = Book: author"];
    let answers = |given: &str| {
        format!("\n    def render_to_response(self, context, **response):\n        return {given}\n")
    };
    check_view("ListView", "", shown);
    check_view("ListView", &answers("super().render_to_response(context, **response)"), shown);
    check_view("ListView", &answers("JsonResponse({'count': 1})"), &[]);
    let names = "JsonResponse({'names': [book.editor.name for book in context['book_list']]})";
    check_view("ListView", &answers(names), &["Safe: model = Book: editor"]);
    check_view("BaseListView", "", &[]);
}
