//! What the columns of django-tables2 read of each row: small projects in, proposals out.

mod support;

use support::check;

/// A table of books that asks its rows for what the paths of its columns lead over, with these columns and no others.
fn tables(columns: &str, makes: &str) -> String {
    format!(
        r#"
import django_tables2 as tables
from django_tables2.data import TableQuerysetData
from shop.models import Author, Book, Note


class Base(tables.Table):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if isinstance(self.data, TableQuerysetData):
            self.data.data = self.data.data.prefetch_related(*self.paths())


class Place(tables.Column):
    def render(self, value, record):
        return value.country.name


class NoteTable(Base):
{columns}

    class Meta:
        model = Note
        fields = ["book", "user"]


def listed(request):
    {makes}
    return table
"#
    )
}

#[track_caller]
fn check_table(columns: &str, makes: &str, expected: &[&str]) {
    check(&[("tables.py", &tables(columns, makes))], expected);
}

const MAKES: &str = "table = NoteTable(Note.objects.all())";

#[test]
fn what_a_column_reads_beyond_its_path_no_table_loads_by_itself() {
    // The path alone is loaded.
    check_table("    user = tables.Column(linkify=True)", MAKES, &[]);
    let found = ["Safe: table = NoteTable(Note.objects.all()): user__country"];
    // The column's own text, its link, a method of the column's class, and one of the table's.
    check_table(
        "    user = tables.LinkColumn('author', text=lambda record: record.user.country.name)",
        MAKES,
        &found,
    );
    check_table("    user = tables.Column(linkify=lambda record: record.user.country.name)", MAKES, &found);
    check_table("    user = Place()", MAKES, &found);
    check_table("    def render_user(self, value):\n        return value.country.name", MAKES, &found);
}

#[test]
fn the_text_of_what_a_path_leads_to_is_not_loaded_with_it() {
    check(
        &[(
            "tables.py",
            &tables("", "table = AuthoredTable(Post.objects.all())").replace(
                "class NoteTable",
                "from django.db import models\n\n\nclass Topic(models.Model):\n    note = models.ForeignKey(Note, on_delete=models.CASCADE)\n\n    class Meta:\n        app_label = 'shop'\n\n    def __str__(self):\n        return self.note.book.title\n\n\nclass Post(models.Model):\n    topic = models.ForeignKey(Topic, on_delete=models.CASCADE)\n\n    class Meta:\n        app_label = 'shop'\n\n\nclass AuthoredTable(Base):\n    topic = tables.Column()\n\n    class Meta:\n        model = Post\n\n\nclass NoteTable",
            ),
        )],
        &["Safe: table = AuthoredTable(Post.objects.all()): topic__note__book"],
    );
}

#[test]
fn what_a_table_names_for_its_rows_it_loads_by_itself() {
    // Of what a column's template reads, no path tells.
    let column = "    book = tables.TemplateColumn(template_code='{{ record.book.author.name }}{{ record.user.country.name }}')";
    let own = |step: &str| {
        format!(
            "{column}\n\n    def __init__(self, *args, **kwargs):\n        super().__init__(*args, **kwargs)\n        {step}"
        )
    };
    let base = "\n\n    def load_if_shown(self, column, lookup):\n        if column in self.columns:\n            \
                self.data.data = self.data.data.prefetch_related(lookup)";
    let query = "table = NoteTable(Note.objects.all())";
    let both = format!("Safe: {query}: book__author, user__country");
    let rest = format!("Safe: {query}: user__country");
    for (step, found) in [
        ("self.columns.show('book__author')", &both),
        ("self.data.data = self.data.data.select_related('book__author')", &rest),
        ("self.load_if_shown('book', 'book__author')", &rest),
        ("self.load_if_shown('book', Prefetch('book__author', Author.objects.all()))", &rest),
        ("self.load_if_shown('book', Prefetch('book__author', Author.objects.all(), to_attr='by'))", &both),
    ] {
        let columns = format!("{}{base}", own(step));
        check_table(&columns, MAKES, &[found]);
    }
}

#[test]
fn the_template_of_a_column_is_given_by_name_or_by_position() {
    let found = ["Safe: table = NoteTable(Note.objects.all()): user__country"];
    for given in [
        "template_code='{{ record.user.country.name }}'",
        "'{{ record.user.country.name }}'",
        "'{{ note.user.country.name }}', None, 'note'",
        "'{{ note.user.country.name }}', context_object_name='note'",
    ] {
        check_table(&format!("    user = tables.TemplateColumn({given})"), MAKES, &found);
    }
    check_table("    user = tables.TemplateColumn('{{ note.user.country.name }}')", MAKES, &[]);
}

#[test]
fn columns_that_are_not_shown_read_nothing() {
    let place = "    user = Place()";
    check_table("    user = Place(visible=False)", MAKES, &[]);
    check_table(place, "table = NoteTable(Note.objects.all(), exclude=('user',))", &[]);
    check_table(place, "table = NoteTable(Note.objects.all())\n    table.columns.hide('user')", &[]);
}

#[test]
fn a_link_to_a_named_view_asks_the_object_for_nothing() {
    let linked = |link: &str| {
        format!(
            r#"
import django_tables2 as tables
from django.db import models
from shop.models import Author


class Post(models.Model):
    author = models.ForeignKey(Author, on_delete=models.CASCADE)

    class Meta:
        app_label = "shop"


class Comment(models.Model):
    post = models.ForeignKey(Post, on_delete=models.CASCADE)

    class Meta:
        app_label = "shop"

    def get_absolute_url(self):
        return f"/{{self.post.author.name}}/"


class CommentTable(tables.Table):
    id = tables.Column(visible=True)
    comment = tables.{link}

    class Meta:
        model = Comment


class Reply(models.Model):
    comment = models.ForeignKey(Comment, on_delete=models.CASCADE)

    class Meta:
        app_label = "shop"


def listed(request):
    return CommentTable(Reply.objects.all())
"#
        )
    };
    let line = "Safe: return CommentTable(Reply.objects.all()): ";
    let far = format!("{line}comment__post__author");
    let near = format!("{line}comment");
    check(&[("tables.py", &linked("Column(linkify=True)"))], &[&far]);
    check(&[("tables.py", &linked("LinkColumn()"))], &[&far]);
    check(&[("tables.py", &linked("Column(linkify=('comment', ['pk']))"))], &[&near]);
    check(&[("tables.py", &linked("LinkColumn('comment', args=['pk'])"))], &[&near]);
}

#[test]
fn a_table_can_ask_nothing_more_of_rows_that_are_a_list() {
    let user = "    user = tables.Column()";
    check_table(user, "table = NoteTable(Note.objects.all())", &[]);
    check_table(
        user,
        "table = NoteTable(list(Note.objects.all()))",
        &["Safe: table = NoteTable(list(Note.objects.all())): book, user"],
    );
    // It shows what it shows by default.
    let some = tables(user, "table = NoteTable(list(Note.objects.all()))")
        .replace("model = Note", "model = Note\n        default_columns = ['book']");
    check(&[("tables.py", &some)], &["Safe: table = NoteTable(list(Note.objects.all())): book"]);
}

#[test]
fn a_table_may_ask_its_rows_by_a_function() {
    let by_function = |columns: &str| {
        tables("    user = tables.Column()", MAKES)
            .replace("self.data.data = self.data.data.prefetch_related(*self.paths())", "asked(self)")
            .replace(
                "class Base",
                "def asked(table):\n    table.data.data = table.data.data.prefetch_related(*table.paths())\n\n\nclass Base",
            )
            .replace("model = Note", &format!("model = Note\n        {columns}"))
    };
    check(&[("tables.py", &by_function("order_by = ['pk']"))], &[]);
}

#[test]
fn what_a_table_shows_by_default_counts_also_where_it_loads_nothing() {
    let plain = tables("    user = tables.Column()", MAKES)
        .replace("self.data.data = self.data.data.prefetch_related(*self.paths())", "self.hide_columns()")
        .replace("model = Note", "model = Note\n        default_columns = ['book']");
    check(&[("tables.py", &plain)], &["Safe: table = NoteTable(Note.objects.all()): book"]);
}
