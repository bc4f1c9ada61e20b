//! Rows that Django and REST framework carry from a query to its readers: small projects in, proposals out.

mod support;

use support::check;

const SERIALIZERS: &str = r#"
from rest_framework import serializers
from shop.models import Author, Book, Note


class AuthorSerializer(serializers.ModelSerializer):
    country = serializers.CharField(source="country.name")

    class Meta:
        model = Author
        fields = ["country"]


class NoteSerializer(serializers.ModelSerializer):
    user = serializers.StringRelatedField()

    class Meta:
        model = Note
        fields = "__all__"


class ShortSerializer(serializers.ModelSerializer):
    class Meta:
        model = Book
        fields = ["title", "author"]


class BookSerializer(ShortSerializer):
    author = AuthorSerializer()
    edited = serializers.SerializerMethodField()

    class Meta(ShortSerializer.Meta):
        fields = ShortSerializer.Meta.fields + ["edited", "tags"]

    def get_edited(self, book):
        return book.editor.name


class PlaceSerializer(serializers.ModelSerializer):
    class Meta:
        model = Book
        fields = ["place"]


class NotedSerializer(serializers.ModelSerializer):
    notes = NoteSerializer(many=True)

    class Meta:
        model = Book
        fields = ["notes"]
"#;

const VIEWS: &str = "
from rest_framework import generics, viewsets
from rest_framework.decorators import action
from rest_framework.response import Response
from shop.models import Book, Note
from shop.serializers import *
";

#[track_caller]
fn check_views(views: &str, expected: &[&str]) {
    check(&[("serializers.py", SERIALIZERS), ("views.py", &format!("{VIEWS}{views}"))], expected);
}

#[test]
fn a_list_view_shows_nested_serializers_and_methods() {
    check_views(
        "
class Books(generics.ListAPIView):
    queryset = Book.objects.order_by('title')
    serializer_class = BookSerializer
",
        &[
            "Safe: queryset = Book.objects.order_by('title'): author__country, editor",
            "Safe: queryset = Book.objects.order_by('title'): tags",
        ],
    );
}

#[test]
fn keys_of_foreign_keys_cost_nothing() {
    check_views(
        "
class Books(generics.ListAPIView):
    queryset = Book.objects.all()
    serializer_class = ShortSerializer
",
        &[],
    );
}

#[test]
fn properties_are_followed_into_the_model() {
    check_views(
        "
class Books(generics.ListAPIView):
    serializer_class = PlaceSerializer

    def get_queryset(self):
        return Book.objects.filter(title='x')
",
        &["Safe: return Book.objects.filter(title='x'): author__country"],
    );
}

#[test]
fn an_action_pays_for_what_it_shows() {
    check_views(
        "
class Books(viewsets.ModelViewSet):
    queryset = Book.objects.all()

    def get_serializer_class(self):
        if self.action == 'recent':
            return PlaceSerializer
        return ShortSerializer

    @action(detail=False)
    def recent(self, request):
        books = self.get_queryset().filter(title='x')
        return Response(self.get_serializer(books, many=True).data)
",
        &["Safe: books = self.get_queryset().filter(title='x'): author__country"],
    );
}

#[test]
fn an_action_has_what_its_decorator_is_given_and_not_what_its_class_has() {
    let books = |class: &str, given: &str| {
        format!(
            "
class Books(viewsets.GenericViewSet):
    queryset = Book.objects.all()
    serializer_class = {class}

    @action(detail=False{given})
    def recent(self, request):
        books = Book.objects.filter(title='x')
        return Response(self.serializer_class(books, many=True).data)
"
        )
    };
    let found = &["Safe: books = Book.objects.filter(title='x'): author__country"];
    check_views(&books("PlaceSerializer", ", serializer_class=ShortSerializer"), &[]);
    check_views(&books("ShortSerializer", ", serializer_class=PlaceSerializer"), found);
    // One that names none shows what its class does.
    check_views(&books("PlaceSerializer", ""), found);
    check_views(&books("PlaceSerializer", ", pagination_class=None"), found);
}

#[test]
fn an_attribute_of_an_action_is_what_its_methods_read_too() {
    let books = |given: &str| {
        format!(
            "
class Books(viewsets.GenericViewSet):
    queryset = Book.objects.all()
    serializer_class = PlaceSerializer
    is_short = False

    def shown(self, books):
        if self.is_short:
            return ShortSerializer(books, many=True).data
        return self.serializer_class(books, many=True).data

    @action(detail=False{given})
    def recent(self, request):
        books = Book.objects.filter(title='x')
        return Response(self.shown(books))
"
        )
    };
    let found = &["Safe: books = Book.objects.filter(title='x'): author__country"];
    check_views(&books(", serializer_class=ShortSerializer"), &[]);
    check_views(&books(", is_short=True"), &[]);
    check_views(&books(""), found);
}

#[test]
fn what_one_objects_page_reads_is_not_put_on_lists_lightly() {
    check_views(
        "
class Books(viewsets.ReadOnlyModelViewSet):
    queryset = Book.objects.all()

    def get_serializer_class(self):
        return NotedSerializer if self.action == 'retrieve' else ShortSerializer
",
        &["Advice: queryset = Book.objects.all(): notes__user"],
    );
}

#[test]
fn a_class_that_a_registry_finds_is_taken_for_the_one_declared() {
    let registry = |found: &str| {
        format!(
            "
from shop.registry import versions

class Versioned:
    def get_serializer_class(self):
        return {found}


class Books(Versioned, generics.ListAPIView):
    queryset = Book.objects.all()
    serializer_class = PlaceSerializer
"
        )
    };
    let found = &["Safe: queryset = Book.objects.all(): author__country"];
    check_views(&registry("versions(self.request)[self.serializer_class.__name__]"), found);
    // What is known goes before what is declared.
    check_views(&registry("ShortSerializer"), &[]);
}

#[test]
fn the_url_of_a_list_names_no_object() {
    for test in
        ["self.kwargs.get(self.lookup_field) is not None", "'pk' in self.kwargs", "self.kwargs.get('pk')"]
    {
        let views = format!(
            "
class Books(viewsets.ReadOnlyModelViewSet):
    queryset = Book.objects.all()

    def get_serializer_class(self):
        return NotedSerializer if {test} else ShortSerializer
"
        );
        check_views(&views, &["Advice: queryset = Book.objects.all(): notes__user"]);
    }
}

#[test]
fn a_mixin_for_several_models_is_left_alone() {
    check_views(
        "
class Mine:
    def get_queryset(self):
        return super().get_queryset().filter(pk__gt=1)


class Books(Mine, generics.ListAPIView):
    queryset = Book.objects.all()
    serializer_class = PlaceSerializer


class Notes(Mine, generics.ListAPIView):
    queryset = Note.objects.all()
    serializer_class = NoteSerializer
",
        &[
            "Safe: queryset = Book.objects.all(): author__country",
            "Safe: queryset = Note.objects.all(): user",
        ],
    );
}

#[test]
fn a_generic_view_shows_its_rows_in_its_template() {
    let views = "
from django.shortcuts import get_object_or_404, render
from django.views.generic import ListView
from shop.models import Book, Author


class Books(ListView):
    model = Book


def author(request, pk):
    return render(request, 'author.html', {'author': get_object_or_404(Author, pk=pk)})
";
    check(
        &[
            ("views.py", views),
            ("templates/shop/book_list.html", "{% for book in book_list %}{{ book.author }}{% endfor %}"),
            (
                "templates/author.html",
                "{% for book in author.books.all %}{% include 'editor.html' %}{% endfor %}",
            ),
            ("templates/editor.html", "{{ book.editor.name }}{{ book.author.name }}"),
        ],
        &[
            "Safe: model = Book: author",
            "Safe: return render(request, 'author.html', {'author': get_object_or_404(Author, pk=pk)}): books__editor",
        ],
    );
}

#[test]
fn a_choice_of_rows_shows_the_text_of_each() {
    let forms = "
from django import forms
from shop.models import Note


class Noted(forms.ModelChoiceField):
    def label_from_instance(self, note):
        return note.book.title


class Choice(forms.Form):
    note = forms.ModelChoiceField(queryset=Note.objects.all())
    other = Noted(Note.objects.filter(pk__gt=1))
    hidden = forms.ModelChoiceField(Note.objects.filter(pk=2), widget=forms.HiddenInput)
";
    check(
        &[("forms.py", forms)],
        &[
            "Safe: note = forms.ModelChoiceField(queryset=Note.objects.all()): user",
            "Safe: other = Noted(Note.objects.filter(pk__gt=1)): book",
        ],
    );
}

#[test]
fn classes_of_forked_apps_are_imported_by_texts() {
    let views = "
from oscar.core.loading import get_class, get_classes
from shop.models import Book

Shown = get_class('shop.lists', 'Shown')
First, Second = get_classes('shop.lists', ('First', 'Second'))


class Books(Shown):
    model = Book


def first():
    return [book.author.name for book in First().books()]


def second():
    return [book.editor.name for book in Second().books()]
";
    let lists = "
from django.views.generic import ListView
from shop.models import Book


class Shown(ListView):
    template_name = 'shown.html'


class First:
    def books(self):
        return Book.objects.order_by('pk')


class Second:
    def books(self):
        return Book.objects.order_by('title')
";
    let template = "{% for book in object_list %}{{ book.author.name }}{% endfor %}";
    check(
        &[("views.py", views), ("lists.py", lists), ("templates/shown.html", template)],
        &[
            "Safe: return Book.objects.order_by('pk'): author",
            "Safe: return Book.objects.order_by('title'): editor",
            "Safe: model = Book: author",
        ],
    );
}

#[test]
fn the_model_between_two_is_found_by_their_relation() {
    let links = "
from django.db import models
from shop.models import Author, Book


class Shelf(models.Model):
    books = models.ManyToManyField(Book, through='Place')


class Place(models.Model):
    shelf = models.ForeignKey(Shelf, on_delete=models.CASCADE)
    book = models.ForeignKey(Book, on_delete=models.CASCADE)


def titles(shelf: Shelf):
    return [place.book.title for place in shelf.books.through.objects.filter(shelf=shelf)]


def tags(book: Book):
    return [pair.tag.name for pair in book.tags.through.objects.filter(book=book)]


def objects(shelf: Shelf):
    return [book.author.name for book in shelf.books.all().through.objects.all()]
";
    check(
        &[("links.py", links)],
        &[
            "Safe: return [place.book.title for place in shelf.books.through.objects.filter(shelf=shelf)]: book",
        ],
    );
}

#[test]
fn a_serializer_may_walk_over_its_fields_itself() {
    check(
        &[
            (
                "serializers.py",
                "
from rest_framework import serializers
from shop.models import Author, Book


class Plain(serializers.ModelSerializer):
    def to_representation(self, instance):
        shown = {}
        for field in self._readable_fields:
            value = field.get_attribute(instance)
            shown[field.field_name] = field.to_representation(value)
        return shown


class Enveloped(serializers.ModelSerializer):
    def to_representation(self, instance):
        shown = {'id': instance.pk}
        for name, field in self.fields.items():
            if field.write_only:
                continue
            shown[name] = field.to_representation(field.get_attribute(instance))
        return {'data': shown}


class AuthorSerializer(Plain):
    country = serializers.CharField(source='country.name')

    class Meta:
        model = Author
        fields = ['country']


class BookSerializer(Plain):
    author = AuthorSerializer()

    class Meta:
        model = Book
        fields = ['title', 'author', 'tags']


class ShortSerializer(Enveloped):
    editor = serializers.CharField(source='editor.name', write_only=True)
    written = serializers.CharField(source='author.name')

    class Meta:
        model = Book
        fields = ['written', 'editor']


class TitleSerializer(serializers.ModelSerializer):
    author = AuthorSerializer()

    class Meta:
        model = Book
        fields = ['title', 'author']

    def to_representation(self, instance):
        title = self.fields['title']
        return {'title': title.to_representation(title.get_attribute(instance))}
",
            ),
            (
                "views.py",
                "
from rest_framework import generics
from shop.models import Book
from shop.serializers import *


class Books(generics.ListAPIView):
    queryset = Book.objects.order_by('title')
    serializer_class = BookSerializer


class Short(generics.ListAPIView):
    queryset = Book.objects.filter(title='a')
    serializer_class = ShortSerializer


class Titles(generics.ListAPIView):
    queryset = Book.objects.all()
    serializer_class = TitleSerializer
",
            ),
        ],
        &[
            "Safe: queryset = Book.objects.order_by('title'): author__country",
            "Safe: queryset = Book.objects.filter(title='a'): author",
            "Safe: queryset = Book.objects.order_by('title'): tags",
        ],
    );
}

#[test]
fn what_a_rule_of_a_serializer_makes_write_only_is_not_surely_shown() {
    let serializer = |then: &str| {
        format!(
            "
from rest_framework import generics, serializers
from shop.models import Book

KEPT = ['tags']


class BookSerializer(serializers.ModelSerializer):
    class Meta:
        model = Book
        fields = '__all__'

    def get_fields(self):
        fields = super().get_fields()
        if self.context['request'].query_params.get('brief'):
            for name, field in fields.items():
                {then}
        return fields


class Books(generics.ListAPIView):
    queryset = Book.objects.order_by('title')
    serializer_class = BookSerializer
"
        )
    };
    let tags = &["Safe: queryset = Book.objects.order_by('title'): tags"];
    check(&[("views.py", &serializer("field.write_only = True"))], &[]);
    check(&[("views.py", &serializer("field.required = True"))], tags);
    check(&[("views.py", &serializer("field.write_only = field.write_only or name not in KEPT"))], tags);
    check(
        &[("views.py", &serializer("if name not in KEPT:\n                    field.write_only = True"))],
        tags,
    );
    check(&[("views.py", &serializer("if name in ():\n                    field.write_only = True"))], &[]);
}

#[test]
fn a_class_of_requests_that_names_attributes_is_a_request() {
    let code = "from django.http import HttpRequest\nfrom shop.models import Author\n\n\n\
                class OwnRequest(HttpRequest):\n    author: Author\n\n\n\
                class Authors:\n    def __call__(self, request):\n        \
                request.author = Author.objects.get(pk=1)\n        return self.get_response(request)\n\n\n\
                def shown(request: OwnRequest):\n    \
                return [book.editor.name for book in request.author.books.order_by('pk')]\n";
    check(
        &[("views.py", code)],
        &["Safe: return [book.editor.name for book in request.author.books.order_by('pk')]: editor"],
    );
}

#[test]
fn a_serializer_may_name_its_fields_itself() {
    let files = |given: &str| {
        format!(
            "from rest_framework import serializers, viewsets\nfrom shop.models import Book\n\n\n\
             class BookSerializer(serializers.ModelSerializer):\n    author = serializers.CharField(source='author.name')\n\n    \
             class Meta:\n        model = Book\n\n    def get_field_names(self, declared_fields, info):\n        \
             names = ('id', 'title')\n        if self.context['request'].query_params.get('all'):\n            names += {given}\n        return names\n\n\n\
             class Books(viewsets.ReadOnlyModelViewSet):\n    queryset = Book.objects.all()\n    \
             serializer_class = BookSerializer\n"
        )
    };
    check(&[("views.py", &files("('pk',)"))], &[]);
    check(&[("views.py", &files("('author',)"))], &["Safe: queryset = Book.objects.all(): author"]);
    check(&[("views.py", &files("('tags',)"))], &["Safe: queryset = Book.objects.all(): tags"]);
    // What it adds to is what `Meta` names.
    let added = files("('pk',)")
        .replace("names = ('id', 'title')", "names = super().get_field_names(declared_fields, info)")
        .replace("model = Book\n", "model = Book\n        fields = ['tags']\n");
    check(&[("views.py", &added)], &["Safe: queryset = Book.objects.all(): tags"]);
}
