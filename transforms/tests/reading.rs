//! What counts as a relation that a query lacks: small projects in, proposals out.

use std::fs;

use tuneup_django::{Options, Project};
use tuneup_transforms::registry::{self, RULES};

const MODELS: &str = r#"
from django.db import models


class Author(models.Model):
    name = models.CharField(max_length=50)


class Tag(models.Model):
    name = models.CharField(max_length=50)
    author = models.ForeignKey(Author, on_delete=models.CASCADE)


class Book(models.Model):
    title = models.CharField(max_length=50)
    author = models.ForeignKey(Author, on_delete=models.CASCADE)
    editor = models.ForeignKey(Author, null=True, on_delete=models.CASCADE, related_name="+")
    tags = models.ManyToManyField(Tag)

    @property
    def sorted_tags(self):
        if "tags" in getattr(self, "_prefetched_objects_cache", {}):
            return self.tags.all()
        return self.tags.order_by("name")


class Chapter(models.Model):
    book = models.ForeignKey(Book, on_delete=models.CASCADE, related_name="chapters")
    writer = models.ForeignKey(Author, on_delete=models.CASCADE)
"#;

/// The proposals for a project of one module beside its models: safety, the query's line, and what it loads.
#[track_caller]
fn check(code: &str, expected: &[&str]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let app = folder.path().join("shop");
    fs::create_dir(&app).expect("a new folder");
    fs::write(app.join("__init__.py"), "").expect("a new file");
    fs::write(app.join("models.py"), MODELS).expect("a new file");
    let code = format!("from shop.models import Author, Book, Chapter, Tag\n{code}");
    fs::write(app.join("code.py"), &code).expect("a new file");
    let options = Options { root: folder.path().to_owned(), ..Options::default() };
    let project = Project::load(options, None);
    let found: Vec<String> = registry::propose(&project, RULES)
        .iter()
        .map(|proposal| {
            let file =
                fs::read_to_string(folder.path().join(&proposal.place.path)).expect("a file of the project");
            let line = file[..usize::from(proposal.place.range().start())].matches('\n').count();
            let line = file.lines().nth(line).unwrap_or_default().trim();
            format!("{:?}: {line}: {}", proposal.safety, proposal.fields.join(", "))
        })
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn a_loop_reads_a_foreign_key() {
    check(
        "def run():\n    for book in Book.objects.all():\n        book.author.name\n",
        &["Safe: for book in Book.objects.all():: author"],
    );
}

#[test]
fn a_helper_that_may_give_a_list_is_extended_within() {
    check(
        "
def books(cached):
    if cached:
        return [1]
    return Book.objects.all()


def run(cached):
    for book in books(cached):
        book.author.name
",
        &["Safe: return Book.objects.all(): author"],
    );
}

#[test]
fn a_coroutine_is_no_queryset() {
    check(
        "
async def books():
    return Book.objects.all()


async def run():
    async for book in await books():
        book.author.name
",
        &["Safe: return Book.objects.all(): author"],
    );
}

#[test]
fn what_code_loads_on_a_condition_stays_so() {
    check(
        "
from django.db.models import Prefetch


def run(full):
    books = Book.objects.all()
    if full:
        books = books.prefetch_related(Prefetch('tags', queryset=Tag.objects.only('name')))
    for book in books:
        if full:
            list(book.tags.all())
",
        &[],
    );
}

#[test]
fn a_query_that_a_helper_sorts_is_extended_where_it_is_made() {
    check(
        "
def in_order(books):
    return books.order_by('pk')


def run():
    books = Book.objects.filter(pk__gt=1)
    books = in_order(books)
    for book in books:
        book.author.name
",
        &["Safe: books = Book.objects.filter(pk__gt=1): author"],
    );
}

#[test]
fn one_place_of_a_chain_loads_for_all() {
    check(
        "
from django.views.generic import ListView


class Books(ListView):
    template_name = 'books.html'

    def get_queryset(self):
        return Book.objects.all()

    def names(self):
        return [book.author.name for book in self.get_queryset()]

    def get_context_data(self):
        context = super().get_context_data()
        [book.author.name for book in context['object_list']]
        return context
",
        &["Safe: return Book.objects.all(): author"],
    );
}

#[test]
fn related_rows_that_a_prefetch_serves_stay_plain() {
    check(
        "
def writers(book):
    return [chapter.writer.name for chapter in book.chapters.all()]


def run():
    for book in Book.objects.prefetch_related('chapters__writer'):
        writers(book)
    writers(Book.objects.get(pk=1))
",
        &[],
    );
}

#[test]
fn code_that_asks_for_a_prefetch_is_left_to_it() {
    check(
        "
def run():
    for book in Book.objects.all():
        for tag in book.sorted_tags:
            tag.name
",
        &[],
    );
    check(
        "
def run():
    for book in Book.objects.prefetch_related('tags'):
        for tag in book.sorted_tags:
            tag.author
",
        &["Safe: for book in Book.objects.prefetch_related('tags'):: tags__author"],
    );
}

#[test]
fn the_row_that_related_rows_came_from_is_one() {
    check(
        "
def run():
    book = Book.objects.get(pk=1)
    for chapter in book.chapters.all():
        list(chapter.book.tags.all())
",
        &[],
    );
}

#[test]
fn the_outermost_query_that_runs_once_loads_all() {
    check(
        "
def run():
    author = Author.objects.get(pk=1)
    for book in author.book_set.all():
        for chapter in book.chapters.all():
            chapter.book.author, chapter.writer
",
        &["Safe: for book in author.book_set.all():: chapters__writer"],
    );
}

#[test]
fn a_relation_that_is_set_before_it_is_read_is_not_loaded() {
    check(
        "
def name(book):
    return book.author.name


def run(author, other):
    for book in Book.objects.filter(pk__gt=1):
        if other:
            book.author = other
        else:
            book.author = author
        name(book)
    books = Book.objects.filter(pk=2)
    for book in books:
        book.author = author
    [name(book) for book in books]
",
        &[],
    );
    // Another key drops the row that was loaded.
    check(
        "
def run(author):
    for book in Book.objects.all():
        book.author_id = author.id
        print(book.author.name)
",
        &[],
    );
    // What is set on the rows of another query is not set on these.
    check(
        "
def run(author):
    for book in Book.objects.all():
        print(book.author.name)
        for other in Book.objects.filter(title=book.title):
            other.author = author
            other.save()
",
        &["Safe: for book in Book.objects.all():: author"],
    );
    check(
        "
def run(author):
    for book in Book.objects.all():
        if book.author.name:
            book.author = author
",
        &["Unsafe: for book in Book.objects.all():: author"],
    );
}

#[test]
fn the_statement_where_queries_meet_loads_for_all() {
    check(
        "
def add(books):
    if isinstance(books, int):
        books = Book.objects.filter(pk=books)
    new = books.exclude(title='')
    return [book.author.name for book in new]


def run():
    add(Book.objects.all())
    add(1)
",
        &["Safe: new = books.exclude(title=''): author"],
    );
}

#[test]
fn rows_of_a_table_are_told_apart_by_its_flags() {
    check(
        "
def run():
    for rows, each in [(Book.objects.all(), True), (Chapter.objects.all(), False)]:
        if each:
            for row in rows:
                row.author
        else:
            for row in rows:
                row.writer
",
        &[
            "Safe: for rows, each in [(Book.objects.all(), True), (Chapter.objects.all(), False)]:: author",
            "Safe: for rows, each in [(Book.objects.all(), True), (Chapter.objects.all(), False)]:: writer",
        ],
    );
}

#[test]
fn rows_of_a_table_are_told_apart_by_their_classes_and_functions() {
    let run = |table: &str| {
        format!(
            "
def of_book(row):
    return row.author.name


def of_tag(row):
    return row.name


def run():
    for rows, name_of in {table}:
        for row in rows:
            name_of(row)
"
        )
    };
    // A tag has an author too, which nothing reads.
    let table = "[(Book.objects.all(), of_book), (Tag.objects.all(), of_tag)]";
    let line = format!("Safe: for rows, name_of in {table}:: author");
    check(&run(table), &[&line]);
    check(&run("[(Book.objects.all(), of_tag), (Tag.objects.all(), of_tag)]"), &[]);
}

#[test]
fn joins_of_all_that_is_not_null_are_left_to_a_person() {
    check(
        "def run():\n    for book in Book.objects.select_related():\n        book.author, book.editor\n",
        &["Advice: for book in Book.objects.select_related():: editor"],
    );
}

#[test]
fn joins_of_all_that_is_not_null_end_with_the_fifth_relation() {
    let mut models = "from django.db import models\n\n\nclass Level0(models.Model):\n    pass\n".to_owned();
    for level in 1..7 {
        models.push_str(&format!(
            "\n\nclass Level{level}(models.Model):\n    above = models.ForeignKey(\"Level{}\", on_delete=models.CASCADE)\n",
            level - 1
        ));
    }
    let line = "for row in Level6.objects.select_related():";
    let read = |path: &str| format!("{models}\n\ndef run():\n    {line}\n        row.{path}\n");
    check(&read("above.above.above.above.above.pk"), &[]);
    let sixth = format!("Advice: {line}: above__above__above__above__above__above");
    check(&read("above.above.above.above.above.above.name"), &[&sixth]);
}

#[test]
fn a_foreign_key_that_is_null_in_all_rows_costs_nothing() {
    let read = |chain: &str| {
        format!("def names():\n    for book in Book.objects{chain}:\n        print(book.editor.name)\n")
    };
    for chain in [
        ".filter(editor=None)",
        ".filter(editor__isnull=True).order_by('title')",
        ".filter(Q(editor_id=None) & Q(title='a'))",
    ] {
        check(&format!("from django.db.models import Q\n{}", read(chain)), &[]);
    }
    for chain in [
        ".exclude(editor=None)",
        ".filter(editor__isnull=False)",
        ".filter(Q(editor=None) | Q(title='a'))",
        ".filter(editor__name=None)",
        ".filter(editor=None).union(Book.objects.all())",
    ] {
        let safety = if chain.contains("union") { "Advice" } else { "Safe" };
        let expected = format!("{safety}: for book in Book.objects{chain}:: editor");
        let code = format!("from django.db.models import Q\n{}", read(chain));
        check(&code, &[expected.as_str()]);
    }
}
