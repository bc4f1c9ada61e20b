//! What code writes while rows are looped over: what was loaded with them may be older by then.

mod support;

use support::{Shop, check};
use tuneup_transforms::proposal::Safety;

const IMPORTS: &str = "from django.db.models import Prefetch, prefetch_related_objects\n\
                       from shop.models import Author, Book, Note\n\n\n";

const QUERY: &str = "for book in Book.objects.order_by('pk'):";

fn code(body: &str) -> String {
    format!("{IMPORTS}{body}")
}

#[test]
fn a_row_that_is_made_where_it_is_missing_is_written() {
    let models = "from django.db import models\n\
                  from shop.models import Author, Book\n\n\n\
                  class Profile(models.Model):\n    \
                  author = models.OneToOneField(Author, on_delete=models.CASCADE)\n    \
                  bio = models.TextField()\n\n\n\
                  def profile_of(author):\n    \
                  try:\n        \
                  return author.profile\n    \
                  except Profile.DoesNotExist:\n        \
                  profile = Profile(author=author)\n        \
                  MAKE\n        \
                  return profile\n\n\n\
                  def listed(request):\n    \
                  return [profile_of(book.author).bio for book in Book.objects.order_by('pk')]\n";
    let query = "return [profile_of(book.author).bio for book in Book.objects.order_by('pk')]";
    check(
        &[("profiles.py", &models.replace("MAKE", "profile.save()"))],
        &[&format!("Unsafe: {query}: author__profile")],
    );
    // One that is only made is seen by no other.
    check(
        &[("profiles.py", &models.replace("MAKE", "profile.bio = ''"))],
        &[&format!("Safe: {query}: author__profile")],
    );
}

#[test]
fn rows_that_are_made_change_none_that_is_there() {
    let view = |step: &str| {
        code(&format!(
            "def listed(request):\n    \
             for book in Book.objects.order_by('pk'):\n        \
             {step}\n        \
             yield book.author.name\n"
        ))
    };
    let line = "for book in Book.objects.order_by('pk'):";
    let safe: &[&str] = &[&format!("Safe: {line}: author")];
    check(&[("views.py", &view("Author.objects.create(name='a', country_id=1)"))], safe);
    check(&[("views.py", &view("Author.objects.get_or_create(name='a')"))], safe);
    check(&[("views.py", &view("Author(name='a', country_id=1).save()"))], safe);
    let unsafe_: &[&str] = &[&format!("Unsafe: {line}: author")];
    check(&[("views.py", &view("Author.objects.update_or_create(name='a')"))], unsafe_);
    check(&[("views.py", &view("Author.objects.filter(name='a').delete()"))], unsafe_);
}

#[test]
fn to_save_what_was_prefetched_may_undo_what_was_written_since() {
    let view = |first: &str, save: &str| {
        code(&format!(
            "def closed(request):\n    \
             authors = Author.objects.order_by('pk')\n    \
             for author in authors:\n        \
             {first}\n        \
             for book in author.books.all():\n            \
             book.title = author.name\n            {save}\n"
        ))
    };
    let update = "Book.objects.filter(title=author.name).update(title='')";
    for (first, save, safety) in [
        (update, "book.save()", "Advice"),
        ("pass", "book.save()", "Unsafe"),
        (update, "book.save(update_fields=['title'])", "Unsafe"),
        ("Book.objects.create(title=author.name, author_id=1)", "book.save()", "Unsafe"),
    ] {
        let expected = format!("{safety}: authors = Author.objects.order_by('pk'): books");
        check(&[("views.py", &view(first, save))], &[&expected]);
    }
}

#[test]
fn to_save_what_was_joined_may_undo_what_was_written_since() {
    let view = |query: &str, first: &str, save: &str| {
        code(&format!(
            "def closed(request):\n    \
             for note in {query}:\n        \
             {first}\n        \
             note.book.title = note.book.author.name\n        {save}\n"
        ))
    };
    let all = "Note.objects.order_by('pk')";
    let update = "Book.objects.filter(notes__user=1).update(title='')";
    for (query, first, save, safety) in [
        (all, update, "note.book.save()", "Advice"),
        (all, "pass", "note.book.save()", "Unsafe"),
        (all, update, "note.book.save(update_fields=['title'])", "Unsafe"),
        // What is loaded already is as it is.
        ("Note.objects.select_related('book')", update, "note.book.save()", "Safe"),
    ] {
        let expected = format!("{safety}: for note in {query}:: book__author");
        check(&[("views.py", &view(query, first, save))], &[&expected]);
    }
}

#[test]
fn the_one_row_that_belongs_to_another_is_saved_by_it_alone() {
    let models = "from django.db import models\nfrom shop.models import Author\n\n\nclass Profile(models.Model):\n    \
                  author = models.OneToOneField(Author, on_delete=models.CASCADE)\n    place = models.TextField()\n\n    \
                  class Meta:\n        app_label = 'shop'\n";
    let line = "for author in Author.objects.order_by('pk'):";
    let view = code(&format!(
        "def closed(request):\n    {line}\n        if author.name:\n            author.profile.place = 'a'\n            \
         author.profile.save()\n        author.profile.place = 'b'\n        author.profile.save()\n"
    ));
    check(&[("profiles.py", models), ("views.py", &view)], &[&format!("Unsafe: {line}: profile")]);
}

#[test]
fn what_another_loop_over_the_same_rows_writes_is_its_own() {
    let text = |body: &str| {
        code(&format!(
            "class Shown:\n    \
             def __init__(self):\n        self.book = Book.objects.get(pk=1)\n\n    \
             def names(self):\n        {body}\n\n    \
             def moved(self):\n        for note in self.book.notes.all():\n            \
             Author.objects.filter(pk=note.pk).update(name='')\n            note.user = None\n            note.save()\n\n\n\
             def listed(request):\n    shown = Shown()\n    shown.moved()\n    return shown.names()\n"
        ))
    };
    check(
        &[("views.py", &text("return [note.user.name for note in self.book.notes.all()]"))],
        &["Safe: return [note.user.name for note in self.book.notes.all()]: user"],
    );
    let written = "for note in self.book.notes.all():\n            Author.objects.filter(pk=1).update(name=note.user.name)";
    check(&[("views.py", &text(written))], &["Unsafe: for note in self.book.notes.all():: user"]);
}

#[test]
fn what_is_added_to_a_relation_is_no_change_of_the_related_rows() {
    let view = |done: &str| {
        format!(
            "from shop.models import Author, Book, Note, Tag\n\n\ndef tagged(request):\n    {QUERY}\n        \
             Tag.objects.create(name=book.author.name)\n        {done}\n"
        )
    };
    let models = "from django.db import models\nfrom shop.models import Author\n\n\nclass Circle(models.Model):\n    \
                  members = models.ManyToManyField(Author)\n\n    class Meta:\n        app_label = 'shop'\n";
    for (done, safety) in [
        ("Circle.objects.first().members.add(1)", "Safe"),
        ("Circle.objects.first().members.set([])", "Safe"),
        ("Circle.objects.first().members.update(name='')", "Unsafe"),
    ] {
        let view = view(done).replace("import Author, Book", "import Book");
        let view = format!("from shop.circles import Circle\n{view}");
        check(&[("circles.py", models), ("views.py", &view)], &[&format!("{safety}: {QUERY}: author")]);
    }
}

#[test]
fn what_is_written_of_rows_that_are_joined_already_stays_as_it_is() {
    let view = |query: &str, written: &str| {
        format!(
            "from shop.models import Note\n\n\ndef listed(request):\n    for note in {query}:\n        \
             print(note.book.author.name)\n        {written}\n"
        )
    };
    for (query, written, safety) in [
        ("Note.objects.select_related('book')", "note.book.save(update_fields=['title'])", "Safe"),
        ("Note.objects.select_related('book')", "note.book.author.save(update_fields=['name'])", "Unsafe"),
        ("Note.objects.order_by('pk')", "note.book.save(update_fields=['title'])", "Unsafe"),
    ] {
        let found = format!("{safety}: for note in {query}:: book__author");
        check(&[("views.py", &view(query, written))], &[&found]);
    }
    // So do those to which a prefetch goes on from them.
    let view = |query: &str, written: &str| {
        view(query, written).replace("note.book.author.name", "[tag.name for tag in note.book.tags.all()]")
    };
    let joined = "Note.objects.select_related('book')";
    for (written, safety) in [
        ("Book.objects.filter(pk=1).update(title='a')", "Safe"),
        ("Tag.objects.filter(pk=1).update(name='a')", "Unsafe"),
    ] {
        let view = view(joined, written).replace("import Note", "import Book, Note, Tag");
        check(&[("views.py", &view)], &[&format!("{safety}: for note in {joined}:: book__tags")]);
    }
}

#[test]
fn what_is_changed_of_a_relation_is_not_prefetched_before() {
    let view = |done: &str| {
        format!(
            "from shop.models import Book, Tag\n\n\ndef tagged(request, tag):\n    {QUERY}\n        {done}\n        \
             print([tag.name for tag in book.tags.all()])\n"
        )
    };
    for (done, safety) in [
        ("Book.objects.get(pk=book.pk).tags.clear()", "Unsafe"),
        ("Tag.objects.get(pk=1).book_set.add(book)", "Unsafe"),
        ("book.tags.add(tag)", "Advice"),
        ("Book.objects.get(pk=book.pk).notes.all()", "Safe"),
    ] {
        check(&[("views.py", &view(done))], &[&format!("{safety}: {QUERY}: tags")]);
    }
}

#[test]
fn what_is_changed_of_the_rows_between_is_not_prefetched_before() {
    let models = "from django.db import models\nfrom shop.models import Author, Book\n\n\nclass Work(models.Model):\n    \
                  authors = models.ManyToManyField(Author, through='Credit')\n\n    class Meta:\n        app_label = 'shop'\n\n\n\
                  class Credit(models.Model):\n    work = models.ForeignKey(Work, on_delete=models.CASCADE, related_name='credits')\n    \
                  author = models.ForeignKey(Author, on_delete=models.CASCADE)\n\n    class Meta:\n        app_label = 'shop'\n";
    let query = "for work in Work.objects.order_by('pk'):";
    for (done, read, path, safety) in [
        ("Credit.objects.filter(work=work).delete()", "work.authors.all()", "authors", "Unsafe"),
        ("Credit.objects.create(work=work, author_id=1)", "work.authors.all()", "authors", "Unsafe"),
        ("Work.objects.get(pk=work.pk).authors.clear()", "work.credits.all()", "credits", "Unsafe"),
        ("Work.objects.get(pk=work.pk)", "work.credits.all()", "credits", "Safe"),
    ] {
        let view = format!(
            "from shop.works import Credit, Work\n\n\ndef listed(request):\n    {query}\n        {done}\n        \
             print([one.pk for one in {read}])\n"
        );
        check(&[("works.py", models), ("views.py", &view)], &[&format!("{safety}: {query}: {path}")]);
    }
}

#[test]
fn what_a_serializer_writes_for_one_row_is_written_while_others_are_to_be_shown() {
    let views = |method: &str| {
        format!(
            "from rest_framework import generics, serializers\nfrom shop.models import Author, Book, Note\n\n\n\
             def noted(book):\n    \
             return Note.objects.update_or_create(book_id=book.pk, defaults={{'text': 'a'}})\n\n\n\
             class Shown(serializers.ModelSerializer):\n    \
             first = serializers.SerializerMethodField()\n    \
             all = serializers.SerializerMethodField()\n\n    \
             class Meta:\n        model = Book\n        fields = ['first', 'all']\n\n    \
             def get_first(self, book):\n        {method}\n\n    \
             def get_all(self, book):\n        return [note.pk for note in book.notes.all()]\n\n\n\
             class Books(generics.ListAPIView):\n    serializer_class = Shown\n    \
             queryset = Book.objects.order_by('pk')\n"
        )
    };
    let line = "queryset = Book.objects.order_by('pk')";
    check(&[("views.py", &views("return noted(book)"))], &[&format!("Unsafe: {line}: notes")]);
    check(&[("views.py", &views("return book.title"))], &[&format!("Safe: {line}: notes")]);
}

#[test]
fn rows_that_are_changed_are_not_prefetched_by_way_of_what_they_belong_to() {
    let view = |step: &str, read: &str| {
        code(&format!(
            "def listed(request):\n    {QUERY}\n        {step}\n        print([it.pk for it in {read}])\n"
        ))
    };
    for step in ["book.save()", "book.delete()", "Book.objects.filter(pk=3).update(title='a')"] {
        check(&[("views.py", &view(step, "book.author.books.all()"))], &[&format!("Safe: {QUERY}: author")]);
    }
    check(
        &[("views.py", &view("print(book.title)", "book.author.books.all()"))],
        &[&format!("Safe: {QUERY}: author"), &format!("Safe: {QUERY}: author__books")],
    );
    // Of others it is only not known.
    check(&[("views.py", &view("book.save()", "book.notes.all()"))], &[&format!("Safe: {QUERY}: notes")]);
}

#[test]
fn sql_that_code_writes_itself_may_write_any_table() {
    let view = |start: &str, sql: &str| {
        format!(
            "import re\nfrom django.db import connection, connections\n\n\
             READ = f'SELECT name FROM {{TABLE}}'\nWRITE = 'DELETE FROM {{}}'\n{}",
            code(&format!(
                "def moved(book):\n    {start}\n        cursor.execute({sql}, [book.pk])\n\n\n\
                 def listed(request):\n    {QUERY}\n        moved(book)\n        \
                 yield book.author.name, [tag.name for tag in book.tags.all()]\n"
            ))
        )
    };
    let with = |start: &str, sql: &str, safety: &str| {
        check(
            &[("views.py", &view(start, sql))],
            &[&format!("{safety}: {QUERY}: author"), &format!("{safety}: {QUERY}: tags")],
        );
    };
    let start = "with connection.cursor() as cursor:";
    with(start, "'UPDATE %s SET name = 1'", "Unsafe");
    with(start, "f'UPDATE {TABLE} SET name = %s'", "Unsafe");
    with(start, "'\\n  select name FROM shop_author WHERE id = %s'", "Safe");
    with(start, "f'SELECT name FROM {TABLE}'", "Safe");
    with(start, "'SELECT name FROM {}'.format(TABLE)", "Safe");
    with(start, "'WITH some AS (SELECT 1) SELECT name FROM some'", "Safe");
    with(start, "'WITH some AS (SELECT 1) DELETE FROM shop_author'", "Unsafe");
    with("cursor = connections['other'].cursor()\n    sql = dedent('SELECT 1')\n    if book:", "sql", "Safe");
    with("cursor = connections['other'].cursor()\n    if book:", "TEXT", "Unsafe");
    // What is cut off may be more of a name, or what writes.
    with(start, "f'UPDATE shop_{book.kind} SET name = 1'", "Unsafe");
    with(start, "'DELETE FROM logged' + suffix", "Unsafe");
    with(start, "'DELETE FROM logged ' + suffix", "Safe");
    with(start, "f'WITH old AS (SELECT {TABLE}) DELETE FROM shop_author'", "Unsafe");
    // Two names that hold each other's text.
    with(
        "cursor = connections['other'].cursor()\n    old = sql\n    sql = old\n    if book:",
        "old",
        "Unsafe",
    );
    with(start, "re.sub(' +', ' ', 'SELECT 1  ')", "Safe");
    with(start, "READ.format(TABLE)", "Safe");
    with(start, "WRITE.format(TABLE)", "Unsafe");
    // The table of no model.
    with(start, "'INSERT INTO logged VALUES (%s)'", "Safe");
    // Some cursor of another kind.
    with("with outside.cursor() as cursor:", "'UPDATE shop_author SET name = %s'", "Safe");
    // What is written of one model changes no other.
    let found =
        |author: &str, tags: &str| [format!("{author}: {QUERY}: author"), format!("{tags}: {QUERY}: tags")];
    for (sql, author, tags) in [
        ("'UPDATE \"shop_author\" SET name = %s'", "Unsafe", "Safe"),
        ("'INSERT INTO shop_author VALUES (%s)'", "Safe", "Safe"),
        ("f'INSERT INTO shop_author VALUES (1) {book.kind}'", "Unsafe", "Safe"),
        ("'delete from public.shop_tag'", "Safe", "Unsafe"),
        ("'INSERT INTO shop_book_tags VALUES (%s)'", "Safe", "Unsafe"),
    ] {
        let found = found(author, tags);
        check(&[("views.py", &view(start, sql))], &[&found[0], &found[1]]);
    }
}

#[test]
fn what_was_prefetched_belongs_to_the_key_that_a_row_had() {
    let view = |step: &str| {
        code(&format!(
            "def copied(request):\n    {QUERY}\n        {step}\n        \
             yield book.author.name, [note.pk for note in book.notes.all()]\n"
        ))
    };
    for (step, safety) in [
        ("book.pk = None", "Unsafe"),
        ("book.id = book.id + 1", "Unsafe"),
        ("book.title = ''", "Safe"),
        ("other = Book()\n        other.pk = 1", "Safe"),
    ] {
        check(
            &[("views.py", &view(step))],
            &[&format!("Safe: {QUERY}: author"), &format!("{safety}: {QUERY}: notes")],
        );
    }
}

#[test]
fn what_is_written_since_one_row_was_asked_for_is_read_anew() {
    let view = |before: &str, step: &str| {
        format!(
            "from django.shortcuts import redirect, render\nfrom shop.models import Author, Book, Note\n\n\n\
             def shown(request, pk):\n    {before}\n    book = Book.objects.get(pk=pk)\n    {step}\n    \
             return render(request, 'shop/book.html', {{'book': book}})\n"
        )
    };
    let shown = "{% for note in book.notes.all %}{{ note.user.name }}{% endfor %}";
    let with = |before: &str, step: &str, is_read_anew: bool| {
        let expected: &[&str] =
            if is_read_anew { &[] } else { &["Safe: book = Book.objects.get(pk=pk): notes__user"] };
        check(&[("views.py", &view(before, step)), ("templates/shop/book.html", shown)], expected);
    };
    let create = "Note.objects.create(book=book, user_id=1)";
    with("pass", create, true);
    with("pass", "Note(book=book, user_id=1).save()", true);
    with("pass", "Note.objects.filter(user_id=1).delete()", true);
    with("pass", "if request.POST:\n        Note.objects.get_or_create(book=book)", true);
    // Where code does not go on from there, it is another request.
    with("pass", &format!("if request.POST:\n        {create}\n        return redirect('/')"), false);
    with("other = Book.objects.first()", "Note.objects.create(book=other, user_id=1)", false);
    with("Note.objects.create(book_id=pk, user_id=1)", "pass", false);
    // The call that has written comes to its end before the row is asked for.
    let noted = |body: &str| {
        format!(
            "from django.shortcuts import render\nfrom shop.models import Book, Note\n\n\n\
             def note(pk):\n    Note.objects.create(book_id=pk, user_id=1)\n\n\n\
             def page(request, pk):\n    book = Book.objects.get(pk=pk)\n    \
             return render(request, 'shop/book.html', {{'book': book}})\n\n\n\
             def shown(request, pk):\n    {body}\n"
        )
    };
    let line = "book = Book.objects.get(pk=pk)";
    for body in ["note(pk)\n    return page(request, pk)", "return page(request, pk)"] {
        check(
            &[("views.py", &noted(body)), ("templates/shop/book.html", shown)],
            &[&format!("Safe: {line}: notes__user")],
        );
    }
    with("pass", "Author.objects.create(country_id=1)", false);
    // What is prefetched already is no other for what is loaded with it.
    let prefetched = view("pass", create).replace("get(", "prefetch_related('notes').get(");
    check(
        &[("views.py", &prefetched), ("templates/shop/book.html", shown)],
        &["Safe: book = Book.objects.prefetch_related('notes').get(pk=pk): notes__user"],
    );
}

#[test]
fn what_one_action_of_a_view_reads_anew_is_not_prefetched_for_the_others() {
    let view = |step: &str| {
        format!(
            "from rest_framework import serializers, viewsets\nfrom rest_framework.decorators import action\n\
             from rest_framework.response import Response\nfrom shop.models import Author, Book, Note\n\n\n\
             class NoteSerializer(serializers.ModelSerializer):\n    \
             name = serializers.CharField(source='user.name')\n\n    class Meta:\n        model = Note\n        \
             fields = ['name']\n\n\n\
             class BookSerializer(serializers.ModelSerializer):\n    notes = NoteSerializer(many=True)\n\n    \
             class Meta:\n        model = Book\n        fields = ['notes']\n\n\n\
             class NotedSerializer(serializers.Serializer):\n    def note(self):\n        \
             Note.objects.create(book_id=self.instance.pk, user_id=1)\n        return self.instance\n\n\n\
             class Books(viewsets.ModelViewSet):\n    queryset = Book.objects.order_by('pk')\n    \
             serializer_class = BookSerializer\n\n    @action(methods=['post'], detail=True)\n    \
             def change(self, request, pk):\n        book = self.get_object()\n        {step}\n        \
             return Response(self.get_serializer(instance=book).data)\n"
        )
    };
    for (step, safety) in [
        ("Note.objects.create(book=book, user_id=1)", "Unsafe"),
        ("Note.objects.filter(book=book).delete()", "Unsafe"),
        ("book = NotedSerializer(book, data=request.data).note()", "Unsafe"),
        ("Author.objects.create(country_id=1)", "Safe"),
        ("book.save()", "Safe"),
    ] {
        check(
            &[("views.py", &view(step))],
            &[&format!("{safety}: queryset = Book.objects.order_by('pk'): notes__user")],
        );
    }
}

#[test]
fn to_save_a_row_changes_none_of_those_that_are_related_to_it() {
    let models = "from django.db import models\n\n\nclass Reply(models.Model):\n    \
                  to = models.ForeignKey('self', null=True, on_delete=models.CASCADE, related_name='replies')\n    \
                  user = models.ForeignKey('shop.Author', on_delete=models.CASCADE)\n\n    \
                  class Meta:\n        app_label = 'shop'\n";
    let shown = "{% for one in reply.replies.all %}{{ one.user.name }}{% endfor %}";
    let line = "reply = Reply.objects.get(pk=pk)";
    let expected = format!("Safe: {line}: replies__user");
    for (step, expected) in [
        ("reply.save()", [expected.as_str()].as_slice()),
        ("reply.to.save()", &[]),
        ("Reply.objects.create(to_id=pk, user_id=1)", &[]),
    ] {
        let view = format!(
            "from django.shortcuts import render\nfrom shop.replies import Reply\n\n\n\
             def shown(request, pk):\n    {line}\n    {step}\n    \
             return render(request, 'shop/reply.html', {{'reply': reply}})\n"
        );
        check(&[("replies.py", models), ("views.py", &view), ("templates/shop/reply.html", shown)], expected);
    }
}

#[test]
fn what_is_written_of_each_row_before_it_is_read_is_read_anew() {
    let view = |step: &str, last: &str| {
        code(&format!(
            "def made(book):\n    Note.objects.create(book=book, user_id=1)\n\n\n\
             def made_perhaps(book):\n    if not book.title:\n        return\n    made(book)\n\n\n\
             def noted(request):\n    {QUERY}\n        {step}\n        \
             print([note.pk for note in book.notes.all()])\n        {last}\n"
        ))
    };
    let unsafe_: &[&str] = &[&format!("Unsafe: {QUERY}: notes")];
    let create = "Note.objects.create(book=book, user_id=1)";
    for (step, last, expected) in [
        (create, "pass", [].as_slice()),
        ("made(book)", "pass", &[]),
        ("with request.lock:\n            made(book)", "pass", &[]),
        ("note = book.notes.first()\n        note.save()", "pass", &[]),
        ("pass", create, unsafe_),
        (&format!("if book.title:\n            {create}"), "pass", unsafe_),
        ("made_perhaps(book)", "pass", unsafe_),
        ("Note.objects.create(book_id=1, user_id=1)", "pass", unsafe_),
    ] {
        check(&[("views.py", &view(step, last))], expected);
    }
}

#[test]
fn what_a_function_reads_before_and_after_others_write_is_read_anew() {
    let view = |step: &str| {
        code(&format!(
            "def shown(book):\n    return [note.user.name for note in book.notes.all()]\n\n\n\
             def noted(request):\n    {QUERY}\n        shown(book)\n        {step}\n        shown(book)\n"
        ))
    };
    for (step, safety) in [
        ("pass", "Safe"),
        ("Author.objects.create(country_id=1)", "Safe"),
        ("Note.objects.create(book=book, user_id=1)", "Unsafe"),
    ] {
        check(&[("views.py", &view(step))], &[&format!("{safety}: {QUERY}: notes__user")]);
    }
}

#[test]
fn what_counts_on_from_what_an_earlier_turn_saved_is_not_joined() {
    let view = |steps: &[&str]| {
        code(&format!("def counted(request):\n    {QUERY}\n        {}\n", steps.join("\n        ")))
    };
    for (steps, safety) in [
        (["book.author.name += 'a'", "book.author.save()"], "Advice"),
        (["author = book.author\n        author.name += 'a'", "author.save()"], "Advice"),
        (["book.author.name = 'a'", "book.author.save()"], "Unsafe"),
        (["book.author.name += 'a'", "book.author.save(update_fields=['country'])"], "Unsafe"),
        (["book.title += 'a'", "book.author.save()"], "Unsafe"),
    ] {
        check(&[("views.py", &view(&steps))], &[&format!("{safety}: {QUERY}: author")]);
    }
}

#[test]
fn a_relation_that_is_set_on_a_row_writes_no_row_of_its_target() {
    let view = |step: &str| {
        code(&format!(
            "def moved(request):\n    \
             for author in Author.objects.order_by('pk'):\n        \
             for book in author.books.all():\n            \
             if book.editor != author:\n                \
             {step}\n                \
             book.save()\n"
        ))
    };
    let message = |step: &str| {
        let shop = Shop::new(&[("views.py", &view(step))]);
        let proposals = shop.proposals();
        let [found] = proposals.as_slice() else { panic!("{step}: {proposals:?}") };
        assert_eq!(
            (found.safety, found.fields.as_slice()),
            (Safety::Unsafe, &["books__editor".to_owned()][..])
        );
        found.message.clone()
    };
    let (set, written) = ("`editor` is set on the rows", "shop.Author is written");
    for step in ["book.editor = author", "book.editor_id = author.pk"] {
        let said = message(step);
        assert!(said.contains(set) && !said.contains(written), "{said}");
    }
    // One that is saved as well is written.
    let said = message("book.editor = author; book.editor.save()");
    assert!(said.contains(written) && !said.contains(set), "{said}");
}
