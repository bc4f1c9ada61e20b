//! What the querysets of `Prefetch` objects bring along, and what they lack.

mod support;

use support::check;

const IMPORTS: &str =
    "from django.db.models import Prefetch\nfrom shop.models import Author, Book, Note\n\n\n";

fn view(body: &str) -> String {
    format!("{IMPORTS}def listed(request):\n{body}")
}

#[test]
fn rows_know_the_row_that_they_were_prefetched_for() {
    let text = view(
        "    books = Book.objects.prefetch_related(Prefetch('notes', queryset=Note.objects.order_by('pk')))\n    \
         return [note.book.title for book in books for note in book.notes.all()]\n",
    );
    check(&[("views.py", &text)], &[]);
}

#[test]
fn rows_in_an_attribute_know_it_too() {
    let text = view(
        "    books = Book.objects.prefetch_related(Prefetch('notes', Note.objects.order_by('pk'), to_attr='known'))\n    \
         return [note.book.title for book in books for note in book.known]\n",
    );
    check(&[("views.py", &text)], &[]);
}

#[test]
fn further_lookups_load_onto_the_rows_of_a_prefetch() {
    let text = view(
        "    books = Book.objects.prefetch_related(\n        Prefetch('notes', queryset=Note.objects.order_by('pk')), 'notes__user'\n    )\n    \
         return [note.user.name for book in books for note in book.notes.all()]\n",
    );
    check(&[("views.py", &text)], &[]);
    let text = view(
        "    books = Book.objects.prefetch_related(\n        Prefetch('notes', Note.objects.order_by('pk'), to_attr='known'), 'known__user'\n    )\n    \
         return [note.user.name for book in books for note in book.known]\n",
    );
    check(&[("views.py", &text)], &[]);
}

#[test]
fn lookups_that_are_not_known_may_load_onto_the_rows_of_a_prefetch() {
    let text = "from django.db.models import Prefetch\nfrom shop.models import Book, Note\n\n\ndef listed(request, more):\n    \
                books = Book.objects.prefetch_related(Prefetch('notes', queryset=Note.objects.order_by('pk')), *more)\n    \
                return [note.user.name for book in books for note in book.notes.all()]\n";
    check(&[("views.py", text)], &[]);
}

#[test]
fn what_the_queryset_of_a_prefetch_lacks_is_loaded_by_it() {
    let text = view(
        "    books = Book.objects.prefetch_related(Prefetch('notes', queryset=Note.objects.order_by('pk')))\n    \
         return [note.user.name for book in books for note in book.notes.all()]\n",
    );
    check(
        &[("views.py", &text)],
        &[
            "Safe: books = Book.objects.prefetch_related(Prefetch('notes', queryset=Note.objects.order_by('pk'))): user",
        ],
    );
}

#[test]
fn unknown_joins_load_nothing_to_many() {
    let text = |names: &str| {
        view(&format!(
            "    books = Book.objects.all()\n    if request.GET:\n        books = books.{names}\n    \
             return [(book.author.name, tag.name) for book in books for tag in book.tags.all()]\n"
        ))
    };
    let found = ["Safe: books = Book.objects.all(): tags"];
    check(&[("views.py", &text("select_related(*request.GET)"))], &found);
    check(&[("views.py", &text("prefetch_related(*request.GET)"))], &[]);
}

#[test]
fn a_clone_of_a_queryset_has_its_rows() {
    let text = |change: &str| {
        format!(
            "from django.db import models\nfrom shop.models import Author\n\n\nclass ReviewQuerySet(models.QuerySet):\n    \
             def filter(self, *args, **kwargs):\n        clone = self._clone()\n        {change}\n        return clone\n\n\n\
             class Review(models.Model):\n    author = models.ForeignKey(Author, on_delete=models.CASCADE)\n    \
             objects = ReviewQuerySet.as_manager()\n\n    class Meta:\n        app_label = 'shop'\n\n\n\
             def listed():\n    reviews = Review.objects.filter(pk__gt=1)\n    return [review.author.name for review in reviews]\n\n\n\
             def counted():\n    return [review.pk for review in Review.objects.filter(pk__gt=1)]\n"
        )
    };
    check(
        &[("reviews.py", &text("clone.query.add_q(models.Q(*args, **kwargs))"))],
        &["Safe: reviews = Review.objects.filter(pk__gt=1): author"],
    );
    // What code puts among its lookups may be just that.
    check(&[("reviews.py", &text("clone._prefetch_related_lookups = ('author',)"))], &[]);
}

#[test]
fn nothing_is_loaded_in_front_of_a_prefetch_that_has_a_queryset_for_it() {
    let text = |given: &str| {
        view(&format!(
            "    books = Book.objects.filter(title='')\n    if request.GET:\n        books = books.prefetch_related({given})\n    \
             else:\n        books = books.order_by('pk')\n    return [note.user.name for book in books for note in book.notes.all()]\n"
        ))
    };
    // Django refuses a lookup with a queryset for rows that are loaded already.
    let own = "Prefetch('notes', queryset=Note.objects.select_related('user'))";
    check(&[("views.py", &text(own))], &["Safe: books = books.order_by('pk'): notes__user"]);
    check(&[("views.py", &text("'tags'"))], &["Safe: books = Book.objects.filter(title=''): notes__user"]);
    check(
        &[(
            "views.py",
            &text("Prefetch('notes', queryset=Note.objects.select_related('user'), to_attr='known')"),
        )],
        &["Safe: books = Book.objects.filter(title=''): notes__user"],
    );
}

#[test]
fn joins_do_not_take_the_place_of_a_prefetch_that_has_a_queryset() {
    let text = view(
        "    books = Book.objects.filter(title='')\n    if request.GET:\n        \
         books = books.prefetch_related(Prefetch('author', queryset=Author.objects.select_related('country')))\n    \
         return [book.author.country.name for book in books]\n",
    );
    check(&[("views.py", &text)], &[]);
}

#[test]
fn a_prefetch_has_one_of_several_querysets() {
    let text = view(
        "    notes = Note.objects.order_by('pk')\n    if request.GET:\n        notes = notes.filter(pk=1)\n    \
         books = Book.objects.prefetch_related(Prefetch('notes', queryset=notes))\n    \
         return [note.user.name for book in books for note in book.notes.all()]\n",
    );
    check(&[("views.py", &text)], &["Safe: notes = Note.objects.order_by('pk'): user"]);
    // What one that is not known loads is not known.
    let text = "from django.db.models import Prefetch\nfrom shop.models import Book\n\n\ndef listed(request, notes):\n    \
                books = Book.objects.prefetch_related(Prefetch('notes', queryset=notes))\n    \
                return [note.user.name for book in books for note in book.notes.all()]\n";
    check(&[("views.py", text)], &[]);
}

#[test]
fn what_a_request_may_ask_for_is_not_loaded_for_all() {
    let text = |read: &str| {
        format!(
            "from shop.models import Book\n\n\ndef tags(book):\n    {read}\n\n\n\
             def listed(request):\n    wanted = [name for name in ('notes', 'tags') if name in request.GET]\n    \
             for book in Book.objects.prefetch_related(*wanted):\n        print([note.user.name for note in tags(book)])\n"
        )
    };
    let tested =
        "if 'notes' in book._prefetched_objects_cache:\n        return book.notes.all()\n    return []";
    check(&[("views.py", &text(tested))], &[]);
    // Without a test, every book's notes are read.
    check(
        &[("views.py", &text("return book.notes.all()"))],
        &["Safe: for book in Book.objects.prefetch_related(*wanted):: notes__user"],
    );
}

#[test]
fn rows_from_outside_have_what_is_prefetched_into_an_attribute() {
    let method = |body: &str| {
        format!(
            "from django.db import models\nfrom django.db.models import Prefetch\nfrom shop.models import Author\n\n\n\
             class Shelf(models.Model):\n    def names(self):\n        {body}\n\n    class Meta:\n        app_label = 'shop'\n\n\n\
             class Place(models.Model):\n    shelf = models.ForeignKey(Shelf, models.CASCADE, related_name='places')\n    \
             author = models.ForeignKey(Author, models.CASCADE)\n\n    class Meta:\n        app_label = 'shop'\n\n\n"
        )
    };
    let by_default = "return [place.author.name for place in getattr(self, 'known', self.places.all())]";
    let by_test = "if hasattr(self, 'known'):\n            return [place.author.name for place in self.known]\n        \
                   return [place.author.name for place in self.places.all()]";
    let prefetched = "def listed():\n    places = Place.objects.select_related('author')\n    \
                      return Shelf.objects.prefetch_related(Prefetch('places', queryset=places, to_attr='known'))\n";
    let line = match_line;
    for body in [by_default, by_test] {
        let text = method(body);
        check(&[("shelves.py", &text)], &[&line(body)]);
        check(&[("shelves.py", &format!("{text}{prefetched}"))], &[]);
        // Rows that are seen to come without it.
        let plain = "\n\ndef all_names():\n    return [shelf.names() for shelf in Shelf.objects.all()]\n";
        check(
            &[("shelves.py", &format!("{text}{prefetched}{plain}"))],
            &["Safe: return [shelf.names() for shelf in Shelf.objects.all()]: places__author"],
        );
    }
}

/// What is proposed for the last line of a method.
fn match_line(body: &str) -> String {
    let last = body.lines().last().unwrap_or_default().trim();
    format!("Safe: {last}: author")
}

#[test]
fn related_rows_of_one_row_are_a_query_of_their_own() {
    let text = "from shop.models import Author, Book\n\n\nclass Noted:\n    def __init__(self, author):\n        self.author = author\n\n    \
                def shown(self):\n        books = self.author.books.all()\n        \
                if self.author.name:\n            books = books.filter(title='')\n        \
                return [list(book.notes.all()) for book in books]\n\n\n\
                def shown(request):\n    return Noted(Author.objects.get(pk=1)).shown()\n";
    check(&[("views.py", text)], &["Safe: books = self.author.books.all(): notes"]);
}

#[test]
fn nothing_is_loaded_where_others_load_it_later_by_a_queryset_of_their_own() {
    let text = |lookup: &str| {
        format!(
            "from django.db.models import Prefetch, prefetch_related_objects\nfrom shop.models import Book, Note\n\n\n\
             def books():\n    return Book.objects.filter(title='')\n\n\n\
             def titles(books):\n    return [note.user.name for book in books for note in book.notes.all()]\n\n\n\
             def shown(request):\n    return titles(books())\n\n\n\
             def told(request):\n    found = list(books())\n    prefetch_related_objects(found, {lookup})\n    return titles(found)\n"
        )
    };
    let own = "Prefetch('notes', queryset=Note.objects.select_related('user'))";
    let urls = "from shop import views\n\nurlpatterns = [views.shown, views.told]\n";
    check(&[("views.py", &text(own)), ("urls.py", urls)], &["Safe: return titles(books()): notes__user"]);
}

#[test]
fn what_leads_to_an_attribute_is_loaded_with_it() {
    let text = view(
        "    books = Book.objects.prefetch_related(\n        Prefetch('author__books', Book.objects.order_by('pk'), to_attr='known')\n    )\n    \
         return [(book.author.name, [other.title for other in book.author.known]) for book in books]\n",
    );
    check(&[("views.py", &text)], &[]);
    // Rows that share an author share its country.
    let text = text.replace("book.author.name", "book.author.country.name");
    check(&[("views.py", &text)], &["Safe: books = Book.objects.prefetch_related(: author__country"]);
    // The last step is not there under its own name.
    let text = text.replace("book.author.known", "book.author.books.all()");
    check(
        &[("views.py", &text)],
        &["Safe: books = Book.objects.prefetch_related(: author__country, author__books"],
    );
}

#[test]
fn what_one_object_leads_to_is_said_of_one_object() {
    let message = |rows: &str| {
        let code = format!(
            "from django.shortcuts import get_object_or_404\nfrom shop.models import Author, Book\n\n\n\
             def shown(request):\n    {rows}\n"
        );
        let shop = support::Shop::new(&[("views.py", &code)]);
        shop.proposals().iter().map(|proposal| proposal.message.clone()).collect::<Vec<_>>().join(" ")
    };
    let one = message(
        "author = get_object_or_404(Author, pk=1)\n    \
         return [tag.name for book in author.books.all() for tag in book.tags.all()]",
    );
    assert!(one.starts_with("`tags` is read for every row of this query"), "{one}");
    let one = message(
        "author = get_object_or_404(Author.objects.prefetch_related('books'), pk=1)\n    \
         return [tag.name for book in author.books.all() for tag in book.tags.all()]",
    );
    assert!(one.starts_with("`books.tags` is read of one object, for every row on the way there"), "{one}");
    let many = message(
        "return [tag.name for author in Author.objects.all() for book in author.books.all() for tag in book.tags.all()]",
    );
    assert!(many.starts_with("`books.tags` is read for every row of this query"), "{many}");
}

#[test]
fn what_is_asked_of_prefetched_rows_goes_on_from_their_queryset() {
    let text = |lookups: &str, asked: &str| {
        format!(
            "{IMPORTS}def listed(request):\n    books = Book.objects.prefetch_related({lookups})\n    \
             for book in books:\n        notes = book.notes{asked}\n        print([note.user.name for note in notes])\n"
        )
    };
    for asked in
        [".filter(pk__gt=1)", ".order_by('pk')", ".exclude(pk=1)", ".all().order_by('pk')", ".distinct()"]
    {
        for loading in
            ["select_related('user')", "prefetch_related('user')", "select_related('user').filter(pk=2)"]
        {
            let lookup = format!("Prefetch('notes', queryset=Note.objects.{loading})");
            check(&[("views.py", &text(&lookup, asked))], &[]);
        }
        // What loads no more than the rows leads to no more, and neither does what loads onto them alone.
        let lacking = format!("Safe: notes = book.notes{asked}: user");
        for lookups in [
            "'notes'",
            "'notes__user'",
            "Prefetch('notes')",
            "Prefetch('notes', queryset=Note.objects.order_by('pk')), 'notes__user'",
            "Prefetch('notes', queryset=Note.objects.select_related('user'), to_attr='known')",
            "Prefetch('notes', queryset=Note.objects.select_related('book'))",
        ] {
            check(&[("views.py", &text(lookups, asked))], &[&lacking]);
        }
    }
    // Django adds to what is there.
    let lookup = "Prefetch('notes', queryset=Note.objects.select_related('user'))";
    check(&[("views.py", &text(lookup, ".select_related('book').order_by('pk')"))], &[]);
}

#[test]
fn one_row_is_asked_of_the_queryset_that_prefetched_them() {
    let text = |lookup: &str, book: &str| {
        format!(
            "from django.shortcuts import get_object_or_404\n{IMPORTS}def shown(request):\n    \
             author = Author.objects.prefetch_related({lookup}).get(pk=1)\n    book = {book}\n    \
             return [note.user.name for note in book.notes.all()]\n"
        )
    };
    let own = "Prefetch('books', queryset=Book.objects.prefetch_related('notes__user'))";
    for book in ["author.books.get(pk=1)", "get_object_or_404(author.books, pk=1)"] {
        check(&[("views.py", &text(own, book))], &[]);
        check(
            &[("views.py", &text("'books'", book))],
            &["Safe: return [note.user.name for note in book.notes.all()]: user"],
        );
    }
}

#[test]
fn what_is_asked_of_rows_that_lie_deeper_goes_on_from_their_queryset_too() {
    let text = |lookup: &str| {
        view(&format!(
            "    authors = Author.objects.prefetch_related({lookup})\n    for author in authors:\n        \
             for book in author.books.all():\n            notes = book.notes.filter(pk__gt=1)\n            \
             print([note.user.name for note in notes])\n"
        ))
    };
    check(
        &[("views.py", &text("Prefetch('books__notes', queryset=Note.objects.select_related('user'))"))],
        &[],
    );
    let within = "Prefetch('notes', queryset=Note.objects.select_related('user'))";
    let books = format!("Prefetch('books', queryset=Book.objects.prefetch_related({within}))");
    check(&[("views.py", &text(&books))], &[]);
    check(&[("views.py", &text("'books__notes'"))], &["Safe: notes = book.notes.filter(pk__gt=1): user"]);
}

#[test]
fn rows_have_what_the_queryset_of_their_prefetch_computes() {
    let text = |books: &str| {
        format!(
            "from django.db.models import F\n{IMPORTS}def listed(request):\n    \
             authors = Author.objects.prefetch_related(Prefetch('books', queryset={books}))\n    \
             for author in authors:\n        found = author.books.filter(title='')\n        print([book.place for book in found])\n"
        )
    };
    check(&[("views.py", &text("Book.objects.annotate(place=F('author__country__name'))"))], &[]);
    check(
        &[("views.py", &text("Book.objects.annotate(country=F('author__country__name'))"))],
        &[
            "Safe: authors = Author.objects.prefetch_related(Prefetch('books', queryset=Book.objects.annotate(country=F('author__country__name')))): country",
        ],
    );
}

#[test]
fn flows_that_prefetch_otherwise_still_lack_what_some_load() {
    let text = |others: &str| {
        format!(
            "{IMPORTS}def names(book):\n    return [note.user.name for note in book.notes.order_by('pk')]\n\n\n\
             def books():\n    return Book.objects.prefetch_related(Prefetch('notes', queryset=Note.objects.select_related('user')))\n\n\n\
             def listed(request):\n    return [names(book) for book in books()]\n\n\n\
             def shown(request):\n    return names(books().get(pk=1)){others}\n"
        )
    };
    check(&[("views.py", &text(""))], &[]);
    let others =
        "\n\n\ndef all(request):\n    return [names(book) for book in Book.objects.order_by('title')]";
    check(
        &[("views.py", &text(others))],
        &["Safe: return [note.user.name for note in book.notes.order_by('pk')]: user"],
    );
}

#[test]
fn what_is_asked_of_rows_that_were_prefetched_later_goes_on_from_their_queryset() {
    let text = |parameter: &str, books: &str, lookup: &str| {
        format!(
            "from django.db.models import prefetch_related_objects\n{IMPORTS}def listed({parameter}):\n    \
             books = {books}\n    prefetch_related_objects(books, {lookup})\n    \
             for book in books:\n        notes = book.notes.order_by('pk')\n        print([note.user.name for note in notes])\n"
        )
    };
    let own = "Prefetch('notes', queryset=Note.objects.select_related('user'))";
    for (parameter, books) in [("request", "list(Book.objects.filter(title=''))"), ("book: Book", "[book]")] {
        check(&[("views.py", &text(parameter, books, own))], &[]);
        let lacking = ["Safe: notes = book.notes.order_by('pk'): user"];
        check(&[("views.py", &text(parameter, books, "'notes'"))], &lacking);
    }
}

#[test]
fn a_row_that_a_view_hands_to_its_serializer_comes_with_what_the_view_prefetches() {
    let text = |lookup: &str| {
        format!(
            "from rest_framework import serializers, viewsets\nfrom rest_framework.response import Response\n{IMPORTS}\
             class BookSerializer(serializers.ModelSerializer):\n    class Meta:\n        model = Book\n        fields = ['title']\n\n    \
             def update(self, instance: Book, validated_data):\n        for note in instance.notes.filter(pk__gt=1):\n            \
             print(note.user.name)\n        return super().update(instance, validated_data)\n\n\n\
             class Books(viewsets.ModelViewSet):\n    serializer_class = BookSerializer\n\n    \
             def get_queryset(self):\n        return Book.objects.prefetch_related({lookup})\n\n    \
             def update(self, request, *args, **kwargs):\n        \
             serializer = self.get_serializer(self.get_object(), data=request.data)\n        \
             serializer.is_valid(raise_exception=True)\n        self.perform_update(serializer)\n        \
             return Response(serializer.data)\n"
        )
    };
    let own = "Prefetch('notes', queryset=Note.objects.select_related('user'))";
    check(&[("views.py", &text(own))], &[]);
    check(&[("views.py", &text("'notes'"))], &["Safe: for note in instance.notes.filter(pk__gt=1):: user"]);
}

#[test]
fn what_few_of_the_rows_read_that_a_prefetch_shares_is_not_prefetched_for_all() {
    let text = |plan: &str| {
        format!(
            "from django.db import models\nfrom shop.models import Author\n\n\nclass Shelf(models.Model):\n    \
             name = models.CharField(max_length=9, blank=True)\n    \
             owner = models.ForeignKey(Author, on_delete=models.CASCADE)\n\n    class Meta:\n        \
             app_label = 'shop'\n\n    def label(self):\n        if self.name:\n            return self.name\n        \
             return self.owner.name\n\n\nclass Item(models.Model):\n    \
             shelf = models.ForeignKey(Shelf, on_delete=models.CASCADE)\n\n    class Meta:\n        \
             app_label = 'shop'\n\n\ndef listed(request):\n    \
             items = Item.objects.{plan}('shelf')\n    \
             return [item.shelf.label() for item in items]\n"
        )
    };
    check(&[("items.py", &text("prefetch_related"))], &[]);
    let lacking = "Unsafe: items = Item.objects.select_related('shelf'): shelf__owner";
    check(&[("items.py", &text("select_related"))], &[lacking]);
}

#[test]
fn prefetched_files_would_all_be_in_memory_at_once() {
    let models = |class: &str| {
        format!(
            "from django.db import models\nfrom shop.models import Book\n\n\nclass Scan(models.Model):\n    \
             book = models.ForeignKey(Book, on_delete=models.CASCADE, related_name='scans')\n    \
             page = models.{class}()\n\n    class Meta:\n        app_label = 'shop'\n"
        )
    };
    let text = view("    return [list(book.scans.all()) for book in Book.objects.order_by('pk')]\n");
    for (class, safety) in [("IntegerField", "Safe"), ("BinaryField", "Unsafe")] {
        let expected = format!(
            "{safety}: return [list(book.scans.all()) for book in Book.objects.order_by('pk')]: scans"
        );
        check(&[("scans.py", &models(class)), ("views.py", &text)], &[&expected]);
    }
}
