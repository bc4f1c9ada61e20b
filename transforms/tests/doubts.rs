//! What looks like a relation that is read for every row and is none, or is not safe to load.

mod support;

use support::check;

const IMPORTS: &str = "from django.db.models import Prefetch, prefetch_related_objects\n\
                       from shop.models import Author, Book, Note\n\n\n";

fn code(body: &str) -> String {
    format!("{IMPORTS}{body}")
}

#[test]
fn what_is_loaded_later_by_its_own_queryset_is_left_to_it() {
    let view = |lookup: &str| {
        code(&format!(
            "def listed(request):\n    \
             books = list(Book.objects.order_by('pk'))\n    \
             prefetch_related_objects(books, {lookup})\n    \
             return [note.user.name for book in books for note in book.notes.all()]\n"
        ))
    };
    check(&[("views.py", &view("Prefetch('notes', Note.objects.filter(pk__gt=3))"))], &[]);
    check(
        &[("views.py", &view("'tags'"))],
        &["Safe: books = list(Book.objects.order_by('pk')): notes__user"],
    );
}

#[test]
fn the_default_of_getattr_is_not_read_where_the_query_puts_the_attribute() {
    let view = |lookup: &str| {
        code(&format!(
            "def listed(request):\n    \
             books = Book.objects.prefetch_related({lookup})\n    \
             return [note.user.name for book in books for note in getattr(book, 'known', book.notes.all())]\n"
        ))
    };
    let known = view("Prefetch('notes', Note.objects.select_related('user'), to_attr='known')");
    check(&[("views.py", &known)], &[]);
    let other = view("Prefetch('notes', Note.objects.select_related('user'), to_attr='other')");
    check(
        &[("views.py", &other)],
        &[
            "Safe: books = Book.objects.prefetch_related(Prefetch('notes', Note.objects.select_related('user'), to_attr='other')): notes__user",
        ],
    );
}

#[test]
fn a_row_of_a_query_is_not_being_added() {
    let view = |test: &str| {
        code(&format!(
            "def listed(request):\n    \
             return [book.author.name for book in Book.objects.order_by('pk') if {test}]\n"
        ))
    };
    check(&[("views.py", &view("book._state.adding and book.author.name"))], AUTHOR_OF_ALL);
    let text = code(
        "def listed(request):\n    \
         for book in Book.objects.order_by('pk'):\n        \
         if book._state.adding:\n            print(book.author.name)\n",
    );
    check(&[("views.py", &text)], &[]);
    let text = text.replace("if book._state.adding", "if not book._state.adding");
    check(&[("views.py", &text)], &["Safe: for book in Book.objects.order_by('pk'):: author"]);
}

const AUTHOR_OF_ALL: &[&str] = &[
    "Safe: return [book.author.name for book in Book.objects.order_by('pk') if book._state.adding and book.author.name]: author",
];

#[test]
fn of_several_names_a_row_has_one() {
    let view = |name: &str| {
        code(&format!(
            "NAMES = {{'a': 'author', 'b': 'editor'}}\n\n\n\
             def listed(request):\n    \
             return [getattr(book, {name}).name for book in Book.objects.order_by('pk')]\n"
        ))
    };
    check(&[("views.py", &view("NAMES[book.title]"))], &[]);
    check(
        &[("views.py", &view("NAMES['a']"))],
        &["Safe: return [getattr(book, NAMES['a']).name for book in Book.objects.order_by('pk')]: author"],
    );
    let looped = code(
        "def listed(request):\n    \
         for book in Book.objects.order_by('pk'):\n        \
         for name in ('author', 'editor'):\n            print(getattr(book, name).name)\n",
    );
    check(&[("views.py", &looped)], &["Safe: for book in Book.objects.order_by('pk'):: author, editor"]);
}

#[test]
fn of_several_names_one_is_read_of_all_rows() {
    let view = |named: &str, read: &str| {
        code(&format!(
            "NAMES = {{'a': 'author', 'b': 'editor', 'c': None}}\n\n\n\
             def listed(request):\n    {named}\n    \
             for book in Book.objects.order_by('pk'):\n        {read}\n"
        ))
    };
    let read = "print(getattr(book, name).name)";
    let found = |safety: &str| format!("{safety}: for book in Book.objects.order_by('pk'):: author, editor");
    for named in [
        "name = {'a': 'author', 'b': 'editor'}[request.GET['by']]",
        "name = NAMES.get(request.GET['by'])\n    if not name:\n        return",
        "name = 'author' if request.GET else 'editor'",
        "name = 'author'\n    if request.GET:\n        name = 'editor'",
    ] {
        check(&[("views.py", &view(named, read))], &[&found("Unsafe")]);
    }
    // One name after the other.
    for (named, read) in [
        ("names = ['author', 'editor']", "for name in names:\n            print(getattr(book, name).name)"),
        (
            "names = NAMES",
            "for key in ('a', 'b'):\n            name = 'author' if key == 'a' else 'editor'\n            print(getattr(book, name).name)",
        ),
        ("names = NAMES", "print([getattr(book, name).name for name in ('author', 'editor')])"),
    ] {
        check(&[("views.py", &view(named, read))], &[&found("Safe")]);
    }
}

#[test]
fn no_prefetch_serves_querysets_that_are_combined() {
    let view = |rows: &str| {
        code(&format!(
            "def listed(request):\n    \
             return [note.user.name for book in Book.objects.order_by('pk') for note in {rows}]\n"
        ))
    };
    let combined = view("(book.notes.all() | Note.objects.filter(pk=1))");
    check(
        &[("views.py", &combined)],
        &[
            "Safe: return [note.user.name for book in Book.objects.order_by('pk') for note in (book.notes.all() | Note.objects.filter(pk=1))]: user",
        ],
    );
    let plain = view("book.notes.all()");
    check(
        &[("views.py", &plain)],
        &[
            "Safe: return [note.user.name for book in Book.objects.order_by('pk') for note in book.notes.all()]: notes__user",
        ],
    );
}

#[test]
fn related_rows_that_are_prefetched_elsewhere_are_not_surely_asked_for_anew() {
    let views = code(
        "from shop.reports import users\n\n\n\
         def one(request, pk):\n    return users(Book.objects.get(pk=pk))\n\n\n\
         def others(request, books):\n    return [users(book) for book in books.visible().prefetch_related('notes')]\n",
    );
    let reports = "def users(book):\n    return [note.user.name for note in book.notes.all()]\n";
    check(
        &[("views.py", &views), ("reports.py", reports)],
        &["Unsafe: return [note.user.name for note in book.notes.all()]: user"],
    );
    let safe: &[&str] = &["Safe: return [note.user.name for note in book.notes.all()]: user"];
    // What is put on an attribute of its own does not serve the rows themselves.
    let aside = "Prefetch('notes', queryset=Note.objects.all(), to_attr='known')";
    let aside = views.replace(".prefetch_related('notes')", &format!(".prefetch_related({aside})"));
    check(&[("views.py", &aside), ("reports.py", reports)], safe);
    // The notes of a shelf are others.
    let shelves = "from django.db import models\n\n\nclass Shelf(models.Model):\n    class Meta:\n        app_label = 'shop'\n\n\n\
                   class Slip(models.Model):\n    shelf = models.ForeignKey(Shelf, models.CASCADE, related_name='notes')\n\n    \
                   class Meta:\n        app_label = 'shop'\n\n\n\
                   class Room(models.Model):\n    shelf = models.ForeignKey(Shelf, models.CASCADE)\n\n    \
                   class Meta:\n        app_label = 'shop'\n";
    let files = |lookup: &str| views.replace("'notes')]", &format!("'{lookup}')]"));
    let of_shelves = files("shelf__notes");
    check(&[("views.py", &of_shelves), ("reports.py", reports), ("shelves.py", shelves)], safe);
    let of_books = files("books__notes");
    let doubtful: &[&str] = &["Unsafe: return [note.user.name for note in book.notes.all()]: user"];
    check(&[("views.py", &of_books), ("reports.py", reports), ("shelves.py", shelves)], doubtful);
    let views = views.replace(".prefetch_related('notes')", "");
    check(&[("views.py", &views), ("reports.py", reports)], safe);
}

#[test]
fn a_manager_that_a_serializer_is_given_is_served_by_a_prefetch_as_all_of_its_rows_are() {
    let serializers = "from rest_framework import serializers\n\nfrom shop.models import Book, Note\n\n\n\
                       class NoteSerializer(serializers.ModelSerializer):\n    \
                       name = serializers.CharField(source='user.name')\n\n    \
                       class Meta:\n        model = Note\n        fields = ['name']\n\n\n\
                       def shown(book):\n    return NoteSerializer(book.notes, many=True).data\n";
    let views = code(
        "from shop.serializers import shown\n\n\n\
         def one(request, pk):\n    return shown(Book.objects.get(pk=pk))\n\n\n\
         def others(request, books):\n    return [shown(book) for book in books.visible().prefetch_related('notes')]\n",
    );
    let doubtful: &[&str] = &["Unsafe: return NoteSerializer(book.notes, many=True).data: user"];
    check(&[("views.py", &views), ("serializers.py", serializers)], doubtful);
    let safe: &[&str] = &["Safe: return NoteSerializer(book.notes, many=True).data: user"];
    let views = views.replace(".prefetch_related('notes')", "");
    check(&[("views.py", &views), ("serializers.py", serializers)], safe);
}

#[test]
fn related_rows_that_a_prefetch_serves_perhaps_are_left_to_it() {
    let reports = "from shop.models import Note\n\n\n\
                   def notes_of(book):\n    \
                   notes = book.notes.all()\n    \
                   if book.editor_id:\n        \
                   return notes | Note.objects.filter(user_id=book.editor_id)\n    \
                   return notes\n\n\n\
                   def users(book):\n    \
                   return [note.user.name for note in notes_of(book)]\n";
    let views = code(
        "from shop.reports import users\n\n\n\
         def one(request, pk):\n    return users(Book.objects.get(pk=pk))\n\n\n\
         def others(request):\n    return [users(book) for book in Book.objects.prefetch_related('notes')]\n",
    );
    check(&[("views.py", &views), ("reports.py", reports)], &[]);
    let views = views.replace(".prefetch_related('notes')", ".filter(pk=1)");
    check(&[("views.py", &views), ("reports.py", reports)], &["Safe: notes = book.notes.all(): user"]);
}

#[test]
fn related_rows_that_a_test_narrows_are_not_prefetched() {
    let view = |narrowed: &str| {
        code(&format!(
            "def notes_of(book):\n    \
             notes = book.notes.all()\n    \
             if book.is_new:\n        \
             return {narrowed}\n    \
             return notes\n\n\n\
             def listed(request):\n    \
             books = Book.objects.order_by('pk')\n    \
             return [note.pk for book in books for note in notes_of(book)]\n"
        ))
    };
    check(&[("views.py", &view("notes | Note.objects.filter(book=None)"))], &[]);
    check(&[("views.py", &view("notes.filter(user=None)"))], &[]);
    let ordered = view("notes.order_by('user')");
    check(&[("views.py", &ordered)], &["Safe: books = Book.objects.order_by('pk'): notes"]);
    check(&[("views.py", &view("notes.all()"))], &["Safe: books = Book.objects.order_by('pk'): notes"]);
}

#[test]
fn rows_that_are_put_into_a_cache_keep_what_is_loaded_with_them() {
    let view = |keep: &str| {
        format!(
            "from dataclasses import dataclass\n\
             from django.core.cache import cache, caches\n\
             from shop.models import Book\n\n\n\
             @dataclass\n\
             class Line:\n    \
             book: Book\n\n\n\
             def listed(request):\n    \
             books = Book.objects.order_by('pk')\n    \
             {keep}\n    \
             return [book.author.name for book in books]\n"
        )
    };
    let query = "books = Book.objects.order_by('pk')";
    for keep in [
        "cache.set('books', books)",
        "caches['other'].add('books', {'all': list(books)}, 60)",
        "cache.set_many({'books': [Line(book=book) for book in books]})",
        "books = cache.get_or_set('books', lambda: list(books))",
    ] {
        check(&[("views.py", &view(keep))], &[&format!("Unsafe: {query}: author")]);
    }
    for keep in ["cache.set('books', [book.title for book in books])", "cache.set('books', books.values())"] {
        check(&[("views.py", &view(keep))], &[&format!("Safe: {query}: author")]);
    }
    // A related row that is kept, is kept with what is loaded onto it alone.
    let related = view("cache.set('authors', [book.author for book in books])");
    check(&[("views.py", &related)], &[&format!("Safe: {query}: author")]);
    let deeper = related.replace("book.author.name", "book.author.country.name, book.editor.name");
    check(
        &[(
            "views.py",
            &deeper
                .replace("return [", "return [(")
                .replace(" for book in books]\n", ") for book in books]\n"),
        )],
        &[&format!("Safe: {query}: editor"), &format!("Unsafe: {query}: author__country")],
    );
}

#[test]
fn a_lock_forbids_a_join_of_what_may_be_null() {
    let view = |lock: &str, read: &str| {
        code(&format!(
            "def listed(request):\n    \
             books = Book.objects.select_for_update({lock})\n    \
             return [{read} for book in books]\n"
        ))
    };
    for (lock, read, expected) in [
        ("", "book.author.name", "Unsafe: books = Book.objects.select_for_update(): author"),
        ("", "book.editor.name", "Advice: books = Book.objects.select_for_update(): editor"),
        ("", "book.editor.country.name", "Advice: books = Book.objects.select_for_update(): editor__country"),
        (
            "of=('self',)",
            "book.editor.name",
            "Safe: books = Book.objects.select_for_update(of=('self',)): editor",
        ),
    ] {
        check(&[("views.py", &view(lock, read))], &[expected]);
    }
}

#[test]
fn a_row_that_is_fetched_anew_has_lost_what_its_query_loaded() {
    let view = |refresh: &str| {
        code(&format!(
            "def shown(request, pk):\n    \
             author = Author.objects.get(pk=pk)\n    {refresh}\n    \
             return [tag.name for book in author.books.all() for tag in book.tags.all()]\n\n\n\
             def listed(request):\n    \
             notes = Note.objects.order_by('pk')\n    \
             for note in notes:\n        \
             {note}\n        \
             print(note.user.name)\n",
            note = refresh.replace("author", "note")
        ))
    };
    let tags = "Safe: return [tag.name for book in author.books.all() for tag in book.tags.all()]: tags";
    let user = "Safe: notes = Note.objects.order_by('pk'): user";
    check(&[("views.py", &view("author.full_clean()"))], &[user, tags]);
    check(&[("views.py", &view("author.refresh_from_db(fields=['name'])"))], &[user, tags]);
    for anew in
        ["", "using='other'", "'other'", "None, None", "fields=None", "from_queryset=Author.objects.all()"]
    {
        check(&[("views.py", &view(&format!("author.refresh_from_db({anew})")))], &[tags]);
    }
    // Of the fields that are named, it loses what their keys lead to.
    for fields in ["['user']", "('title', 'user_id')"] {
        check(&[("views.py", &view(&format!("author.refresh_from_db(fields={fields})")))], &[tags]);
    }
    let either = "author.refresh_from_db(fields=['user'] if request.GET else ['title'])";
    check(&[("views.py", &view(either))], &[tags]);
    for fields in ["['book']", "request.GET", "()"] {
        check(&[("views.py", &view(&format!("author.refresh_from_db(fields={fields})")))], &[user, tags]);
    }
    let listed = |fields: &str| {
        code(&format!(
            "def listed(request):\n    \
             authors = Author.objects.order_by('pk')\n    \
             for author in authors:\n        \
             author.refresh_from_db(fields=[{fields}])\n        \
             print(author.country.name, [book.title for book in author.books.all()])\n"
        ))
    };
    let authors = |fields: &str| format!("Safe: authors = Author.objects.order_by('pk'): {fields}");
    check(&[("views.py", &listed("'name'"))], &[&authors("country"), &authors("books")]);
    check(&[("views.py", &listed("'books'"))], &[&authors("country")]);
    check(&[("views.py", &listed("'country'"))], &[&authors("books")]);
}

#[test]
fn what_a_branch_alone_reads_that_returns_early_is_not_needed_by_the_rest() {
    let view = |export: &str, rest: &str| {
        format!(
            "from django.http import HttpResponse\nfrom django.shortcuts import render\n\
             from django.views.generic import View\nfrom shop.models import Note\n\n\n\
             class Listing(View):\n    queryset = None\n\n    \
             def export(self):\n        return [note.user.name for note in self.queryset]\n\n    \
             def get(self, request):\n        \
             if 'export' in request.GET:\n            {export}\n        {rest}\n\n\n\
             class Notes(Listing):\n    queryset = Note.objects.order_by('pk')\n"
        )
    };
    let export = "return HttpResponse(self.export())";
    let read = |safety: &str| format!("{safety}: queryset = Note.objects.order_by('pk'): user");
    let shown = "return render(request, 'notes.html', {'notes': self.queryset})";
    let of = |export: &str, rest: &str, template: &str, expected: &[&str]| {
        check(&[("views.py", &view(export, rest)), ("templates/notes.html", template)], expected);
    };
    let plain = "{% for note in notes %}{{ note.pk }}{% endfor %}";
    of(export, shown, plain, &[&read("Unsafe")]);
    // The rest reads it as well, or uses no rows, or runs after the branch too.
    of(export, shown, "{% for note in notes %}{{ note.user.name }}{% endfor %}", &[&read("Safe")]);
    of(export, "return HttpResponse('')", plain, &[&read("Safe")]);
    of("request.names = self.export()", shown, plain, &[&read("Safe")]);
    // What is decided for each row is no use of its own.
    let model = "from django.db import models\nfrom shop.models import Author\n\n\n\
                 class Page(models.Model):\n    number = models.IntegerField()\n    \
                 author = models.ForeignKey(Author, on_delete=models.CASCADE)\n\n    \
                 def label(self):\n        if self.number:\n            return self.author.name\n        \
                 return ''\n\n\n\
                 def listed(request):\n    pages = Page.objects.order_by('pk')\n    \
                 print([page.pk for page in pages])\n    return [page.label() for page in pages]\n";
    check(&[("pages.py", model)], &["Safe: pages = Page.objects.order_by('pk'): author"]);
}

#[test]
fn what_a_prefetch_puts_on_a_row_is_no_field_of_it() {
    let view = |made: &str| {
        format!(
            "from shop.models import Book\n\n\ndef copies(request):\n    for book in Book.objects.order_by('pk'):\n        \
             {made}\n        print(list(book.tags.all()))\n"
        )
    };
    for made in [
        "values = book.__dict__.copy()",
        "Book.objects.create(**book.__dict__)",
        "list(book.__dict__.items())",
    ] {
        check(&[("views.py", &view(made))], &["Advice: for book in Book.objects.order_by('pk'):: tags"]);
    }
    for made in ["book.__dict__.get('title')", "'title' in book.__dict__", "book.__dict__['title']"] {
        check(&[("views.py", &view(made))], &["Safe: for book in Book.objects.order_by('pk'):: tags"]);
    }
    // What a join loads is not there.
    let joined = view("values = book.__dict__.copy()").replace("list(book.tags.all())", "book.author.name");
    check(&[("views.py", &joined)], &["Safe: for book in Book.objects.order_by('pk'):: author"]);
}

#[test]
fn a_manager_that_is_not_read_is_asked_nothing_while_a_module_is_imported() {
    let models = |manager: &str| {
        format!(
            "import django_scopes\nfrom django.db import models\nfrom elsewhere import ScopedManager\nfrom shop.models import Author\n\n\n\
             class Page(models.Model):\n    author = models.ForeignKey(Author, on_delete=models.CASCADE)\n    \
             objects = {manager}\n\n    class Meta:\n        app_label = 'shop'\n"
        )
    };
    let view = |queryset: &str| {
        format!(
            "from django.views.generic import ListView\nfrom shop.pages import Page\n\n\nclass Pages(ListView):\n    \
             queryset = {queryset}\n    template_name = 'shop/pages.html'\n"
        )
    };
    let shown = "{% for page in object_list %}{{ page.author.name }}{% endfor %}";
    let checked = |manager: &str, queryset: &str, expected: &str| {
        let files = [
            ("pages.py", &*models(manager)),
            ("views.py", &*view(queryset)),
            ("templates/shop/pages.html", shown),
        ];
        check(&files, &[expected]);
    };
    checked("ScopedManager()", "Page.objects", "Advice: queryset = Page.objects: author");
    checked("ScopedManager()", "Page.objects.all()", "Safe: queryset = Page.objects.all(): author");
    checked("models.Manager()", "Page.objects", "Safe: queryset = Page.objects: author");
    // What django-scopes makes of a class decides anew each time what it gives.
    let scoped = "django_scopes.ScopedManager(site='site', _manager_class=models.Manager)";
    checked(scoped, "Page.objects", "Advice: queryset = Page.objects: author");
}

#[test]
fn of_what_is_read_within_a_doubt_that_is_said_which_holds_for_all_of_it() {
    let proposals = |test: &str| {
        let view = code(&format!(
            "def listed(books, detailed=False):\n    \
             for book in books:\n        \
             if detailed:\n            \
             {test}\n                \
             book.title = book.author.name\n                \
             book.save()\n\n\n\
             def shown(request):\n    listed(Book.objects.order_by('pk'), request.GET)\n"
        ));
        support::Shop::new(&[("views.py", &view)]).proposals()
    };
    // The test itself reads it too.
    for test in ["if book.title != book.author.name:", "if request:"] {
        let proposals = proposals(test);
        let [proposal] = &proposals[..] else { panic!("one proposal: {proposals:?}") };
        let said = "It is read only where `detailed` is true, and by default it is false.";
        assert!(proposal.message.contains(said), "{}", proposal.message);
        assert!(!proposal.message.contains("is changed there"), "{}", proposal.message);
    }
}

#[test]
fn what_one_of_two_branches_reads_by_what_it_calls_the_other_would_pay_for() {
    let view = |then: &str, orelse: &str, last: &str| {
        code(&format!(
            "def shown(books):\n    return [book.author.name for book in books]\n\n\n\
             def titles(books):\n    return [book.title for book in books]\n\n\n\
             def both(books):\n    return titles(books), shown(books)\n\n\n\
             def listed(request):\n    books = Book.objects.order_by('pk')\n    \
             if request.GET:\n        found = {then}\n    else:\n        found = {orelse}\n    return {last}\n\n\nVIEWS = [listed]\n"
        ))
    };
    let titles = "[book.title for book in books]";
    for (then, orelse, last, safety) in [
        ("shown(books)", "titles(books)", "found", "Unsafe"),
        ("shown(books)", titles, "found", "Unsafe"),
        ("titles(books)", "both(books)", "found", "Unsafe"),
        ("shown(books)", "both(books)", "found", "Safe"),
        ("shown(books)", "titles(books)", "shown(books)", "Safe"),
        ("shown(books)", "[]", "found", "Safe"),
    ] {
        let expected = format!("{safety}: books = Book.objects.order_by('pk'): author");
        check(&[("views.py", &view(then, orelse, last))], &[&expected]);
    }
}
