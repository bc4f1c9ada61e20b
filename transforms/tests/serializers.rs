//! Serializers within each other: how many rows are listed, what a serializer is made with, and what it knows of those
//! around it: small projects in, proposals out.

mod support;

use support::check;

const SERIALIZERS: &str = "
from rest_framework import serializers, viewsets
from shop.models import Author, Book, Note, Tag


class AuthorSerializer(serializers.ModelSerializer):
    country = serializers.SerializerMethodField()

    class Meta:
        model = Author
        fields = ['country']
";

#[track_caller]
fn check_views(views: &str, expected: &[&str]) {
    check(&[("views.py", &format!("{SERIALIZERS}{views}"))], expected);
}

/// A list of tags that shows some of them.
fn listed(rows: &str) -> String {
    format!(
        "
class Named(serializers.ListSerializer):
    def to_representation(self, data):
        if self.child.Meta.model is not Tag:
            return []
        return super().to_representation({rows})


class TagSerializer(serializers.ModelSerializer):
    class Meta:
        model = Tag
        list_serializer_class = Named
        fields = ['name']


class BookSerializer(serializers.ModelSerializer):
    tags = TagSerializer(many=True)

    class Meta:
        model = Book
        fields = ['tags']


class Books(viewsets.ReadOnlyModelViewSet):
    queryset = Book.objects.order_by('pk')
    serializer_class = BookSerializer
"
    )
}

#[test]
fn what_lists_rows_may_ask_for_others() {
    check_views(&listed("data.filter(name__gt='')"), &[]);
    check_views(&listed("data.all()"), &["Safe: queryset = Book.objects.order_by('pk'): tags"]);
    check_views(
        &listed("[tag for tag in data.all() if tag.name]"),
        &["Safe: queryset = Book.objects.order_by('pk'): tags"],
    );
}

#[test]
fn what_lists_rows_may_look_whether_they_are_there() {
    let rows = "[tag for tag in data.all()] if getattr(data.all(), '_result_cache', None) is not None \
                else data.filter(name='')";
    check_views(&listed(rows), &["Safe: queryset = Book.objects.order_by('pk'): tags"]);
}

#[test]
fn a_serializer_knows_the_one_around_all() {
    let books = |view: &str, root: &str| {
        format!(
            "
class AuthorSerializer(serializers.ModelSerializer):
    country = serializers.SerializerMethodField()

    def get_country(self, author):
        if isinstance(self.parent.root, {root}):
            return author.country.name

    class Meta:
        model = Author
        fields = ['country']


class BookSerializer(serializers.ModelSerializer):
    author = AuthorSerializer()

    class Meta:
        model = Book
        fields = ['author']


class NoteSerializer(serializers.ModelSerializer):
    book = BookSerializer()

    class Meta:
        model = Note
        fields = ['book']


class Shown(viewsets.GenericViewSet):
    queryset = {view}.objects.order_by('pk')
    serializer_class = {view}Serializer

    def list(self, request):
        return [self.get_serializer(one).data for one in self.get_queryset()]
"
        )
    };
    let note = "Safe: queryset = Note.objects.order_by('pk'): book__author";
    check_views(&books("Note", "BookSerializer"), &[note]);
    check_views(
        &books("Note", "NoteSerializer"),
        &["Safe: queryset = Note.objects.order_by('pk'): book__author__country"],
    );
    check_views(
        &books("Book", "BookSerializer"),
        &["Safe: queryset = Book.objects.order_by('pk'): author__country"],
    );
    check_views(&books("Book", "NoteSerializer"), &["Safe: queryset = Book.objects.order_by('pk'): author"]);
}

/// Notes with books, which show their author where a flag says so.
fn flagged(init: &str, flag: &str, declared: &str, view: &str) -> String {
    format!(
        "
class BookSerializer(serializers.ModelSerializer):
    author = serializers.SerializerMethodField()
{init}
    def get_author(self, book):
        if {flag}:
            return book.author.name

    class Meta:
        model = Book
        fields = ['author']


class NoteSerializer(serializers.ModelSerializer):
    book = {declared}

    class Meta:
        model = Note
        fields = ['book']


class Notes(viewsets.ReadOnlyModelViewSet):
    queryset = Note.objects.order_by('pk')
    serializer_class = NoteSerializer
{view}
"
    )
}

const BOOK: &str = "Safe: queryset = Note.objects.order_by('pk'): book";
const AUTHOR: &str = "Safe: queryset = Note.objects.order_by('pk'): book__author";

#[test]
fn a_declared_serializer_is_made_with_its_defaults() {
    let init = |default: &str| {
        format!(
            "
    def __init__(self, *args, with_author={default}, **kwargs):
        super().__init__(*args, **kwargs)
        self.with_author = with_author
"
        )
    };
    let flag = "self.with_author";
    check_views(&flagged(&init("False"), flag, "BookSerializer()", ""), &[BOOK]);
    check_views(&flagged(&init("True"), flag, "BookSerializer()", ""), &[AUTHOR]);
}

#[test]
fn a_context_has_what_its_view_puts_there() {
    let view = |name: &str| {
        format!(
            "
    def get_serializer_context(self):
        context = super().get_serializer_context()
        context['{name}'] = self.request.user
        return context
"
        )
    };
    for flag in ["self.context.get('reader')", "'reader' in self.context"] {
        check_views(&flagged("", flag, "BookSerializer()", ""), &[BOOK]);
        check_views(&flagged("", flag, "BookSerializer()", &view("other")), &[BOOK]);
        check_views(&flagged("", flag, "BookSerializer()", &view("reader")), &[AUTHOR]);
    }
    let view = "'view' in self.context and self.context['view'].action == 'list'";
    check_views(&flagged("", view, "BookSerializer()", ""), &[AUTHOR]);
}

#[test]
fn a_serializer_that_a_loop_leaves_behind_shows_the_last_row() {
    let loops = |end: &str| {
        format!(
            "
class BookSerializer(serializers.ModelSerializer):
    author = serializers.StringRelatedField()

    class Meta:
        model = Book
        fields = ['author']


class Books(viewsets.GenericViewSet):
    queryset = Book.objects.all()
    serializer_class = BookSerializer

    def update(self, request):
        shown = []
        for book in Book.objects.filter(title=request.data['title']):
            serializer = self.get_serializer(book, data=request.data)
            {end}
        return serializer.data, shown
"
        )
    };
    check_views(&loops("serializer.is_valid()"), &[]);
    check_views(
        &loops("shown.append(serializer.data)"),
        &["Safe: for book in Book.objects.filter(title=request.data['title']):: author"],
    );
}

#[test]
fn what_is_left_of_a_set_is_its_own() {
    check_views(
        "
def names(request):
    picked = set(Book.objects.filter(title='')).intersection(Book.objects.exclude(title=''))
    return [book.author.name for book in picked]
",
        &[
            "Safe: picked = set(Book.objects.filter(title='')).intersection(Book.objects.exclude(title='')): author",
        ],
    );
}

#[test]
fn what_stands_in_two_serializers_is_shown_in_each() {
    let views = "
class WriterSerializer(AuthorSerializer):
    def get_country(self, author):
        return author.country.name if isinstance(self.parent, Full) else ''


class Base(serializers.ModelSerializer):
    author = WriterSerializer()

    class Meta:
        model = Book
        fields = ['author']


class Short(Base):
    pass


class Full(Base):
    pass


class Both(serializers.ModelSerializer):
    short = Short(source='*')
    full = Full(source='*')

    class Meta:
        model = Book
        fields = ['short', 'full']


class Books(viewsets.ReadOnlyModelViewSet):
    queryset = Book.objects.order_by('pk')
    serializer_class = Both
";
    check_views(views, &["Safe: queryset = Book.objects.order_by('pk'): author__country"]);
}

#[test]
fn what_is_made_for_many_is_shown_by_its_list_whatever_it_is_given() {
    let views = |many: &str| {
        format!(
            "
from rest_framework.response import Response
from rest_framework.views import APIView


class Hits(serializers.ListSerializer):
    def to_representation(self, hits):
        books = Book.objects.filter(pk__in=[hit['id'] for hit in hits])
        self.child.context['books'] = {{book.pk: book for book in books}}
        return super().to_representation(books)


class HitSerializer(serializers.ModelSerializer):
    author = serializers.StringRelatedField()

    class Meta:
        model = Book
        list_serializer_class = Hits
        fields = ['author']


class Search(APIView):
    def get(self, request):
        return Response(HitSerializer(find(request){many}).data)
"
        )
    };
    let found = "Safe: books = Book.objects.filter(pk__in=[hit['id'] for hit in hits]): author";
    check_views(&views(", many=True"), &[found]);
    check_views(&views(""), &[]);
}

#[test]
fn a_serializer_that_is_given_no_context_has_an_empty_one() {
    let views = |given: &str| {
        format!(
            "
from rest_framework.response import Response
from rest_framework.views import APIView


class BookSerializer(serializers.ModelSerializer):
    shown = serializers.SerializerMethodField()

    def get_shown(self, book):
        if 'author' in self.context.get('expand', []):
            return book.author.name
        return book.title

    class Meta:
        model = Book
        fields = ['shown']


class NoteSerializer(serializers.ModelSerializer):
    shown = BookSerializer(source='book')

    class Meta:
        model = Note
        fields = ['shown']


class Notes(APIView):
    def get(self, request):
        notes = Note.objects.order_by('pk')
        return Response(NoteSerializer(notes, many=True{given}).data)
"
        )
    };
    let notes = |path: &str| format!("Safe: notes = Note.objects.order_by('pk'): {path}");
    check_views(&views(""), &[&notes("book")]);
    check_views(&views(", context={'expand': ['author']}"), &[&notes("book__author")]);
    check_views(&views(", context={'expand': request.GET.getlist('expand')}"), &[&notes("book__author")]);
    check_views(&views(", context=self.shown()"), &[&notes("book__author")]);
}

#[test]
fn a_serializer_of_no_model_has_the_fields_that_it_declares() {
    let views = |base: &str| {
        format!(
            "
class BookSerializer(serializers.{base}):
    name = serializers.CharField(source='author.name')

    class Meta:
        model = Book
        fields = '__all__'


class Books(viewsets.ReadOnlyModelViewSet):
    queryset = Book.objects.order_by('pk')
    serializer_class = BookSerializer
"
        )
    };
    let author = "Safe: queryset = Book.objects.order_by('pk'): author";
    let tags = "Safe: queryset = Book.objects.order_by('pk'): tags";
    check_views(&views("Serializer"), &[author]);
    check_views(&views("ModelSerializer"), &[author, tags]);
}
