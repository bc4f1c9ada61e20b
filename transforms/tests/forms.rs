//! Rows that forms, formsets, filter sets and inlines of the admin show.

mod support;

use support::check;

#[test]
fn an_inline_shows_the_text_of_its_rows() {
    let admin = "
from django.contrib import admin
from shop.models import Book, Note


class NoteInline(admin.TabularInline):
    model = Note


@admin.register(Book)
class BookAdmin(admin.ModelAdmin):
    inlines = [NoteInline]
";
    check(&[("admin.py", admin)], &["Safe: class NoteInline(admin.TabularInline):: user"]);
}

#[test]
fn a_form_shows_the_rows_that_its_code_gives_a_field() {
    let forms = "
from django import forms
from shop.models import Note


class NoteForm(forms.Form):
    note = forms.ModelChoiceField(queryset=Note.objects.all())

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields['note'].queryset = Note.objects.filter(book=1)
";
    check(
        &[("forms.py", forms)],
        &["Safe: self.fields['note'].queryset = Note.objects.filter(book=1): user"],
    );
}

#[test]
fn a_form_that_makes_a_fields_options_itself_shows_no_rows() {
    let form = |body: &str| {
        format!(
            "
from django import forms
from shop.models import Note


class NoteForm(forms.Form):
    note = forms.ModelChoiceField(queryset=Note.objects.all())

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
{body}
"
        )
    };
    let user = &["Safe: note = forms.ModelChoiceField(queryset=Note.objects.all()): user"];
    for (body, is_shown) in [
        ("        self.fields['note'].choices = [('', '-')]", false),
        ("        self.fields['note'].widget.choices = [('', '-')]", false),
        ("        self.fields['other'].choices = [('', '-')]", true),
        ("        if kwargs:\n            self.fields['note'].choices = [('', '-')]", true),
        ("        self.fields['note'].choices = [('', '-'), *self.fields['note'].choices]", true),
        ("        if kwargs:\n            return\n        self.fields['note'].choices = [('', '-')]", true),
        (
            "        note = self.fields['note']\n        self.fields['note'].choices = [('', '-'), *note.choices]",
            true,
        ),
    ] {
        check(&[("forms.py", &form(body))], if is_shown { user } else { &[] });
    }
}

#[test]
fn a_filter_set_shows_choices_where_its_form_is_shown() {
    let filters = "
import django_filters
from django.shortcuts import render
from shop.models import Book, Note


class Books(django_filters.FilterSet):
    note = django_filters.ModelChoiceFilter(queryset=Note.objects.all())


def index(request):
    return render(request, 'shop/books.html', {'filter': Books(request.GET, queryset=Book.objects.all())})
";
    let shown = [("filters.py", filters), ("templates/shop/books.html", "{{ filter.form }}")];
    check(&shown, &["Safe: note = django_filters.ModelChoiceFilter(queryset=Note.objects.all()): user"]);
    check(&[("filters.py", filters), ("templates/shop/books.html", "{{ filter.qs.count }}")], &[]);
}

#[test]
fn a_filter_set_shows_the_choices_that_code_gives_its_form() {
    let filters = |given: &str| {
        format!(
            "
import django_filters
from django.shortcuts import render
from shop.models import Book, Note


class Books(django_filters.FilterSet):
    also = django_filters.CharFilter()
    note = django_filters.ModelChoiceFilter(queryset=Note.objects.none())

    class Meta:
        model = Book
        fields = ['title']

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if 'note' in self.form.fields:
            {given} = Note.objects.filter(book=1)


def index(request):
    return render(request, 'shop/books.html', {{'filter': Books(request.GET, queryset=Book.objects.all())}})
"
        )
    };
    let shows = |given: &str, template: &str, expected: &[&str]| {
        check(&[("filters.py", &filters(given)), ("templates/shop/books.html", template)], expected);
    };
    for given in ["self.form.fields['note'].queryset", "self.filters['note'].queryset"] {
        let found = format!("Safe: {given} = Note.objects.filter(book=1): user");
        shows(given, "{{ filter.form.as_p }}", &[&found]);
        shows(given, "{{ filter.qs.count }}", &[]);
    }
    shows("self.form.fields['also'].queryset", "{{ filter.form.as_p }}", &[]);
}

#[test]
fn a_formset_has_a_form_for_each_row() {
    let views = "
from django.forms import modelformset_factory
from shop.models import Book


def titles():
    books = modelformset_factory(Book, fields=['title'])(queryset=Book.objects.order_by('pk'))
    return [form.instance.author.name for form in books]
";
    check(
        &[("views.py", views)],
        &[
            "Safe: books = modelformset_factory(Book, fields=['title'])(queryset=Book.objects.order_by('pk')): author",
        ],
    );
}

#[test]
fn an_inline_over_a_key_that_is_unique_has_one_row() {
    let models = |key: &str, parent: &str| {
        format!(
            "
from django.contrib import admin
from django.db import models
from shop.models import Author, Book


class Person(Author):
    class Meta:
        app_label = 'shop'


class Shown(Author):
    class Meta:
        app_label = 'shop'
        proxy = True


class Card(models.Model):
    owner = models.{key}
    book = models.ForeignKey(Book, on_delete=models.CASCADE)

    class Meta:
        app_label = 'shop'

    def __str__(self):
        return self.book.title


class CardInline(admin.TabularInline):
    model = Card


@admin.register({parent})
class OwnerAdmin(admin.ModelAdmin):
    inlines = [CardInline]
"
        )
    };
    let found = &["Safe: class CardInline(admin.TabularInline):: book"];
    for parent in ["Author", "Person", "Shown"] {
        let with = |key: &str, expected: &[&str]| check(&[("cards.py", &models(key, parent))], expected);
        with("OneToOneField(Author, on_delete=models.CASCADE)", &[]);
        with("ForeignKey(Author, unique=True, on_delete=models.CASCADE)", &[]);
        with("ForeignKey(Author, on_delete=models.CASCADE)", found);
    }
}

#[test]
fn a_field_asks_for_its_rows_anew() {
    let forms = |step: &str| {
        format!(
            "
from django import forms
from shop.models import Author


class BookForm(forms.Form):
    book = forms.ModelChoiceField(queryset=Author.objects.none())

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for author in Author.objects.order_by('pk'):
            {step}
"
        )
    };
    for step in [
        "self.fields[author.name] = forms.ModelChoiceField(queryset=author.books.all())",
        "self.fields['book'].queryset = author.books.all()",
    ] {
        check(&[("forms.py", &forms(step))], &[]);
    }
    check(
        &[(
            "forms.py",
            &forms("self.fields['book'].choices = [(book.pk, book.title) for book in author.books.all()]"),
        )],
        &["Safe: for author in Author.objects.order_by('pk'):: books"],
    );
}
