//! One row of a list of all rows: what is read of it costs no query for each row.

mod support;

use support::check;

const IMPORTS: &str = "from collections import defaultdict\n\
                       from functools import reduce\n\
                       from itertools import groupby\n\
                       from shop.models import Author, Book, Note\n\n\n\
                       def name_of(book):\n    \
                       return book.author.name\n\n\n";

fn body(lines: &[&str]) -> String {
    format!("{IMPORTS}def shown(request):\n    {}\n", lines.join("\n    "))
}

/// Nothing is proposed for a function of these lines.
#[track_caller]
fn silent(lines: &[&str]) {
    check(&[("views.py", &body(lines))], &[]);
}

/// The author is read for every row of the query in the first line.
#[track_caller]
fn many(lines: &[&str]) {
    check(&[("views.py", &body(lines))], &[&format!("Safe: {}: author", lines[0])]);
}

/// The author is read for one row of each list that is made of the query in the first line.
#[track_caller]
fn heads(lines: &[&str]) {
    check(&[("views.py", &body(lines))], &[&format!("Unsafe: {}: author", lines[0])]);
}

#[test]
fn an_index_of_a_list_of_all_rows_is_one_row() {
    silent(&["books = list(Book.objects.order_by('pk'))", "return name_of(books[0]), name_of(books[-1])"]);
    silent(&["books = sorted(Book.objects.all(), key=lambda it: it.title)", "return name_of(books[0])"]);
    silent(&["books = [book for book in Book.objects.order_by('pk')]", "return name_of(books[0])"]);
    silent(&["authors = [book.author_id for book in Book.objects.order_by('pk')]", "return authors[0]"]);
    silent(&["first, *rest = Book.objects.order_by('pk')", "return name_of(first), len(rest)"]);
    many(&["books = list(Book.objects.order_by('pk'))", "return [name_of(book) for book in books]"]);
    many(&["first, *rest = Book.objects.order_by('pk')", "return [name_of(book) for book in rest]"]);
    many(&[
        "books = list(Book.objects.order_by('pk'))",
        "return [name_of(books[n]) for n in range(len(books))]",
    ]);
    // As where the query is asked for one row: it is the query that is in the loop.
    silent(&[
        "for title in request.GET.getlist('title'):",
        "    books = list(Book.objects.filter(title=title))",
        "    yield name_of(books[0])",
    ]);
}

#[test]
fn what_is_taken_from_an_iterator_is_one_row_but_in_a_loop() {
    silent(&["books = Book.objects.order_by('pk')", "return name_of(next(iter(books)))"]);
    silent(&["books = list(Book.objects.order_by('pk'))", "return name_of(books.pop())"]);
    many(&[
        "books = list(Book.objects.order_by('pk'))",
        "names = []",
        "while books:",
        "    names.append(name_of(books.pop()))",
        "return names",
    ]);
}

#[test]
fn a_slice_of_one_row_has_one() {
    silent(&["return [name_of(book) for book in Book.objects.order_by('pk')[:1]]"]);
    silent(&["books = list(Book.objects.order_by('pk'))", "return [name_of(book) for book in books[:1]]"]);
    many(&["books = Book.objects.order_by('pk')[:2]", "return [name_of(book) for book in books]"]);
    many(&["books = Book.objects.order_by('pk')[1:]", "return [name_of(book) for book in books]"]);
}

#[test]
fn each_of_several_lists_has_a_row_at_its_index() {
    heads(&[
        "books = Book.objects.order_by('title')",
        "groups = groupby(books, key=lambda it: it.title)",
        "return [name_of(list(group)[0]) for title, group in groups]",
    ]);
    heads(&[
        "books = Book.objects.order_by('title')",
        "groups = defaultdict(list)",
        "for book in books:",
        "    groups[book.title].append(book)",
        "return [name_of(group[0]) for group in groups.values()]",
    ]);
    heads(&[
        "books = list(Book.objects.order_by('title'))",
        "for author in request.POST:",
        "    own = [book for book in books if book.author_id == author]",
        "    yield name_of(own[0])",
    ]);
    heads(&[
        "books = Book.objects.order_by('title')",
        "groups = defaultdict(list)",
        "for book in books:",
        "    groups[book.title].append(book)",
        "for first, *others in groups.values():",
        "    yield name_of(first), [other.title for other in others]",
    ]);
    many(&[
        "books = Book.objects.order_by('title')",
        "groups = defaultdict(list)",
        "for book in books:",
        "    groups[book.title].append(book)",
        "for first, *others in groups.values():",
        "    yield name_of(first), [name_of(other) for other in others]",
    ]);
    heads(&[
        "books = Book.objects.order_by('title')",
        "groups = groupby(books, key=lambda it: it.title)",
        "return [name_of(max(group, key=lambda it: it.pk)) for title, group in groups]",
    ]);
    silent(&["books = Book.objects.order_by('title')", "return name_of(max(books, key=lambda it: it.pk))"]);
    many(&["books = Book.objects.order_by('title')", "return max(books, key=name_of)"]);
    // Related rows: one for each row that they belong to.
    check(
        &[(
            "views.py",
            &body(&["return [list(book.notes.all())[0].user.name for book in Book.objects.order_by('pk')]"]),
        )],
        &[
            "Safe: return [list(book.notes.all())[0].user.name for book in Book.objects.order_by('pk')]: notes__user",
        ],
    );
    silent(&["book = Book.objects.get(pk=1)", "return list(book.notes.all())[0].user.name"]);
}

#[test]
fn what_is_picked_as_often_as_its_query_is_made_is_one_row() {
    silent(&[
        "books = [book for book in Book.objects.order_by('pk') if book.title]",
        "return name_of(books[0]) if books else ''",
    ]);
    silent(&[
        "for title in request.GET.getlist('title'):",
        "    books = Book.objects.filter(title=title)",
        "    found = []",
        "    for book in books:",
        "        if book.title == title:",
        "            found.append(book)",
        "    if len(found) == 1:",
        "        yield name_of(found[0])",
    ]);
    silent(&[
        "books = {book.title: book for book in Book.objects.order_by('pk')}",
        "return name_of(books[request.GET['title']]), name_of(books.get('Emma'))",
    ]);
    silent(&["return name_of(max(Book.objects.all(), key=lambda book: book.title))"]);
    many(&[
        "books = {book.title: book for book in Book.objects.order_by('pk')}",
        "return [name_of(books[title]) for title in request.GET]",
    ]);
    many(&[
        "books = {book.title: book for book in Book.objects.order_by('pk')}",
        "for title in request.GET:",
        "    found = [books[title], books.get('Emma')]",
        "    yield name_of(found[0])",
    ]);
    heads(&[
        "books = Book.objects.order_by('pk')",
        "for title in request.GET.getlist('title'):",
        "    found = [book for book in books if book.title == title]",
        "    yield name_of(max(found, key=lambda book: book.pk))",
    ]);
    // Another function may be called again and again.
    check(
        &[(
            "views.py",
            &format!(
                "{IMPORTS}class Report:\n    \
                 def __init__(self):\n        \
                 self.books = {{book.title: book for book in Book.objects.order_by('pk')}}\n\n    \
                 def author(self, title):\n        \
                 return name_of(self.books[title])\n"
            ),
        )],
        &["Safe: self.books = {book.title: book for book in Book.objects.order_by('pk')}: author"],
    );
    // One for each row that they are related to.
    check(
        &[(
            "views.py",
            &body(&[
                "for book in Book.objects.order_by('pk'):",
                "    notes = [note for note in book.notes.all() if note.pk > 3]",
                "    yield notes[0].user.name",
            ]),
        )],
        &["Safe: for book in Book.objects.order_by('pk'):: notes__user"],
    );
}

#[test]
fn what_a_fold_has_made_so_far_is_not_a_row_for_each_of_its_rows() {
    // It makes a new book of two.
    silent(&[
        "books = Book.objects.order_by('pk')",
        "merged = reduce(lambda one, other: Book(title=name_of(one) + other.title), books)",
        "return merged.title",
    ]);
    silent(&[
        "books = list(Book.objects.order_by('pk'))",
        "merged = books[0]",
        "for book in books[1:]:",
        "    merged = Book(title=name_of(merged) + book.title)",
        "return merged.title",
    ]);
    many(&[
        "books = Book.objects.order_by('pk')",
        "return reduce(lambda one, other: one if name_of(one) < other.title else other, books)",
    ]);
    many(&[
        "books = Book.objects.order_by('pk')",
        "return reduce(lambda one, other: one + name_of(other), books, '')",
    ]);
}

#[test]
fn filters_that_name_one_row_give_one() {
    let imports = "from django.db.models import F, Q\n";
    let of = |line: &str| format!("{imports}{}", body(&[line, "return [name_of(book) for book in books]"]));
    let silent = |line: &str| check(&[("views.py", &of(line))], &[]);
    silent("books = Book.objects.filter(Q(pk=request.GET['pk']))");
    silent("books = Book.objects.filter(Q(id=request.GET['pk']), Q(title='a') | Q(title='b'))");
    silent("books = Book.objects.filter(pk__in=[request.GET['pk']])");
    let many = |line: &str| check(&[("views.py", &of(line))], &[&format!("Safe: {line}: author")]);
    many("books = Book.objects.filter(Q(pk=request.GET['pk']) | Q(title='a'))");
    many("books = Book.objects.filter(~Q(pk=request.GET['pk']))");
    many("books = Book.objects.filter(Q(author=request.GET['author']))");
    many("books = Book.objects.filter(pk__in=[request.GET['pk'], request.GET['other']])");
    many("books = Book.objects.filter(pk__in=[*request.GET.getlist('pk')])");
    many("books = Book.objects.filter(pk=F('author_id'))");
}

#[test]
fn a_test_for_one_element_leaves_one_behind_it() {
    silent(&[
        "pks = [book.pk for book in Book.objects.all()]",
        "if len(pks) == 1:",
        "    for book in Book.objects.filter(pk__in=pks):",
        "        yield name_of(book)",
    ]);
    silent(&[
        "books = Book.objects.filter(title='a')",
        "if books.count() != 1:",
        "    return",
        "for book in books:",
        "    yield name_of(book)",
    ]);
    let lines = [
        "books = Book.objects.filter(title='a')",
        "if len(books) == 1:",
        "    request.session['book'] = books[0].pk",
        "for book in books:",
        "    yield name_of(book)",
    ];
    many(&lines);
}

#[test]
fn a_filter_of_its_own_may_narrow_a_copy() {
    let queryset = "from django.db.models import Q, QuerySet\n\n\n\
                    class Narrowed(QuerySet):\n    \
                    def filter(self, *args, **kwargs):\n        \
                    clone = self._clone()\n        \
                    clone.query.add_q(Q(*args, **kwargs))\n        \
                    return clone\n";
    let models = "from django.db import models\nfrom shop.models import Author\n\n\n\
                  class Letter(models.Model):\n    \
                  author = models.ForeignKey(Author, on_delete=models.CASCADE)\n    \
                  objects = Narrowed.as_manager()\n";
    let models = format!("{queryset}\n\n{models}");
    let view = |filter: &str| {
        format!(
            "from shop.letters import Letter\n\n\n\
             def shown(request):\n    \
             return [letter.author.name for letter in Letter.objects.filter({filter})]\n"
        )
    };
    check(&[("letters.py", &models), ("views.py", &view("pk=1"))], &[]);
    check(
        &[("letters.py", &models), ("views.py", &view("pk__gt=1"))],
        &["Safe: return [letter.author.name for letter in Letter.objects.filter(pk__gt=1)]: author"],
    );
}

#[test]
fn a_unique_field_of_any_class_leaves_one_row() {
    let models = "from django.db import models\nfrom outside.fields import AutoOneToOneField\nfrom shop.models import Author\n\n\n\
                  class Taste(models.Model):\n    \
                  owner = AutoOneToOneField(Author, on_delete=models.CASCADE, OPTION)\n    \
                  author = models.ForeignKey(Author, on_delete=models.CASCADE, related_name='+')\n";
    let view = |filter: &str| {
        format!(
            "from shop.tastes import Taste\n\n\n\
             def shown(request):\n    \
             return [taste.author.name for taste in Taste.objects.filter({filter})]\n"
        )
    };
    let many = |filter: &str| {
        format!("Safe: return [taste.author.name for taste in Taste.objects.filter({filter})]: author")
    };
    let check_with = |option: &str, filter: &str, proposals: &[&str]| {
        let models = models.replace("OPTION", option);
        check(&[("tastes.py", &models), ("views.py", &view(filter))], proposals);
    };
    check_with("primary_key=True", "owner=request.user", &[]);
    check_with("unique=True", "owner=request.user", &[]);
    check_with("unique=False", "owner=request.user", &[&many("owner=request.user")]);
    check_with("null=True", "owner=request.user", &[&many("owner=request.user")]);
    check_with("unique=True", "owner__in=request.users", &[&many("owner__in=request.users")]);
    check_with("unique=True, null=True", "owner=None", &[&many("owner=None")]);
}

#[test]
fn a_variable_of_a_loop_is_one_row_behind_it() {
    let first = "books = [book for book in Book.objects.order_by('pk') if book.title]";
    silent(&[first, "for book in books:", "    book.save()", "return name_of(book)"]);
    silent(&["for n, book in enumerate(Book.objects.all()):", "    print(n)", "return name_of(book)"]);
    many(&[
        "books = Book.objects.order_by('pk')",
        "for book in books:",
        "    for name in request.path:",
        "        print(name)",
        "    print(name_of(book))",
    ]);
    // There is a last one for each author.
    check(
        &[(
            "views.py",
            &body(&[
                "for author in Author.objects.prefetch_related('books'):",
                "    for book in author.books.all():",
                "        print(book)",
                "    print(book.editor.name)",
            ]),
        )],
        &["Safe: for author in Author.objects.prefetch_related('books'):: books__editor"],
    );
}

#[test]
fn a_walk_from_row_to_row_comes_to_one_in_each_turn() {
    let first = "notes = Note.objects.order_by('pk')";
    let walk = |step: &str, read: &str| {
        vec![
            first.to_owned(),
            "by_pk = {note.pk: note for note in notes}".to_owned(),
            "note = by_pk[request.path]".to_owned(),
            "while note.book_id:".to_owned(),
            format!("    note = {step}"),
            format!("    print({read})"),
        ]
    };
    let checked = |lines: Vec<String>, expected: &[&str]| {
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        check(&[("views.py", &body(&lines))], expected);
    };
    checked(walk("by_pk[note.book_id]", "note.user.name"), &[]);
    checked(walk("by_pk.get(note.book_id)", "note.user.name"), &[]);
    checked(walk("by_pk[request.next()]", "note.user.name"), &[&format!("Safe: {first}: user")]);
}

#[test]
fn an_index_of_a_mappings_values_is_one_of_its_rows() {
    let by_title = |rest: &str| {
        format!(
            "{IMPORTS}def by_title():\n    found = {{}}\n    for book in Book.objects.order_by('pk'):\n        \
             found[book.title] = book\n    return found\n\n\ndef shown(request):\n    {rest}\n"
        )
    };
    check(&[("views.py", &by_title("return list(by_title().values())[0].author.name"))], &[]);
    check(
        &[("views.py", &by_title("return [book.author.name for book in list(by_title().values())]"))],
        &["Safe: for book in Book.objects.order_by('pk'):: author"],
    );
    // Of a mapping that each turn of a loop has, one is read each turn.
    let text = format!(
        "{IMPORTS}def shown(request):\n    for book in Book.objects.order_by('pk'):\n        found = {{'book': book}}\n        \
         print(next(iter(found.values())).author.name)\n"
    );
    check(&[("views.py", &text)], &["Safe: for book in Book.objects.order_by('pk'):: author"]);
    let groups = format!(
        "{IMPORTS}def grouped():\n    found = {{}}\n    for book in Book.objects.order_by('pk'):\n        \
         found.setdefault(book.title, {{}})[book.pk] = book\n    return found\n\n\ndef shown(request):\n    \
         return [list(group.values())[0].author.name for group in grouped().values()]\n"
    );
    check(&[("views.py", &groups)], &["Unsafe: for book in Book.objects.order_by('pk'):: author"]);
}

#[test]
fn what_only_saves_an_object_that_is_made_of_a_row_is_not_done_where_it_is_shown() {
    let view = |shown: &str| {
        format!(
            "
from shop.models import Book


class Service:
    def __init__(self, book):
        self.book = book
        self.changed = None

    def save(self):
        self.changed = self.book.author.name

    def retrieve(self):
        self.changed = self.book.editor


def listed(request):
    shown = []
    for book in Book.objects.order_by('pk'):
        service = Service(book)
        {shown}
        shown.append(service.changed)
    return shown
"
        )
    };
    check(&[("views.py", &view("pass"))], &[]);
    let line = "for book in Book.objects.order_by('pk'):";
    check(&[("views.py", &view("service.save()"))], &[&format!("Safe: {line}: author")]);
    check(&[("views.py", &view("service.retrieve()"))], &[&format!("Safe: {line}: editor")]);
}

#[test]
fn what_a_constraint_lets_be_there_once_is_one_row() {
    let code = |meta: &str, asked: &str| {
        format!(
            "
from django.db import models
from outside.models import Marked
from shop.models import Author, Book


class Seat(Marked, models.Model):
    book = models.ForeignKey(Book, on_delete=models.CASCADE, related_name='seats')
    owner = models.ForeignKey(Author, on_delete=models.CASCADE)
    row = models.IntegerField(null=True)
    code = models.CharField(max_length=9)
    kept = models.BooleanField(default=False)

    class Meta:
        app_label = 'shop'
        {meta}


def listed(book, row, code):
    return [seat.owner.name for seat in {asked}]


def shown(request, pk):
    return listed(Book.objects.get(pk=pk), int(pk), request.GET['code'])
"
        )
    };
    let constraint =
        |more: &str| format!("constraints = [models.UniqueConstraint(fields=[{more}, name='one')]");
    let rows = "Seat.objects.filter(code=code)";
    let related = "book.seats.filter(code=code)";
    let both = "Seat.objects.filter(book_id=book.pk, code__exact=code)";
    let together = "unique_together = [('book', 'code')]";
    for (meta, asked, is_one) in [
        (constraint("'code']").as_str(), rows, true),
        // A field of a base that is not read.
        (&constraint("'mark']"), "Seat.objects.filter(mark=code)", true),
        (&constraint("'mark']"), "Seat.objects.filter(mark__gt=code)", false),
        (&constraint("'code'], condition=models.Q(row=1)"), rows, false),
        (&constraint("'code', 'row']"), rows, false),
        (&constraint("'book', 'code']"), both, true),
        (together, both, true),
        (together, related, true),
        (together, rows, false),
        (together, "book.seats.filter(code__in=['a'])", true),
        (together, "book.seats.filter(code__in=['a', 'b'])", false),
        (together, "book.seats.exclude(code=code)", false),
        // A draft and what it is a draft of.
        ("unique_together = [('code', 'kept')]", rows, true),
        ("unique_together = [('code', 'kept', 'row')]", rows, false),
        ("unique_together = [('kept', 'row')]", rows, false),
        ("ordering = ['code']", related, false),
    ] {
        let text = code(meta, asked);
        let found = format!("Safe: return [seat.owner.name for seat in {asked}]: owner");
        let expected: &[&str] = if is_one { &[] } else { &[&found] };
        check(&[("seats.py", &text)], expected);
    }
}
