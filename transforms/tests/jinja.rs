//! Rows that Jinja2 templates show.

mod support;

use support::check;

/// A view that renders Jinja2's `shop/books.html` on books.
const JINJA: &str = "
from django.shortcuts import render
from shop.models import Book


def index(request):
    return render(request, 'shop/books.html', {'books': Book.objects.order_by('pk')})
";

const AUTHOR: &[&str] =
    &["Safe: return render(request, 'shop/books.html', {'books': Book.objects.order_by('pk')}): author"];

#[track_caller]
fn check_jinja(template: &str, expected: &[&str]) {
    let macros = "{% macro line(book, mark='-') %}{{ mark }}{{ book.author.name }}{% endmacro %}\
                  {% macro each(rows) %}{% for row in rows %}{{ caller(row) }}{% endfor %}{% endmacro %}";
    let files = [
        ("views.py", JINJA),
        ("jinja2/shop/books.html", template),
        ("jinja2/shop/macros.html", macros),
        ("jinja2/shop/row.html", "{{ book.author.name }}"),
        ("jinja2/shop/base.html", "{% block main %}{% endblock %}"),
    ];
    check(&files, expected);
}

#[test]
fn jinja2_reads_attributes_keys_and_filters() {
    for template in [
        "{% for book in books %}{{ book.author.name }}{% endfor %}",
        "{%- for book in\n books if book.author.name -%}{{ book.title }}{%- endfor -%}",
        "{% for book in books %}{% set it = book['author'] %}{{ it.name ~ '' }}{% endfor %}",
        "{{ books|map(attribute='author.name')|join(', ') }}",
        "{% for author, group in books|groupby('author') %}{{ author.name }}{% endfor %}",
        "{% for book in books %}{{ 'a' if book.author.name in ('b', 'c') else {'d': 1}['d'] }}{% endfor %}",
    ] {
        check_jinja(template, AUTHOR);
    }
}

#[test]
fn jinja2_follows_macros_includes_and_blocks() {
    for template in [
        "{% import 'shop/macros.html' as m %}{% for book in books %}{{ m.line(book) }}{% endfor %}",
        "{% extends 'shop/base.html' %}{% from 'shop/macros.html' import line as l %}\
         {% block main %}{{ super() }}{% for book in books %}{{ l(book, mark='*') }}{% endfor %}{% endblock %}",
        "{% import 'shop/macros.html' as m %}\
         {% call(book) m.each(books) %}{{ book.author.name }}{% endcall %}",
        "{% for book in books %}{% include ['shop/none.html', 'shop/row.html'] ignore missing %}{% endfor %}",
    ] {
        check_jinja(template, AUTHOR);
    }
}

#[test]
fn jinja2_shows_some_users_more_of_a_row() {
    check_jinja(
        "{% for book in books %}{% if request.user.has_perm('shop.change_book') %}{{ book.author.name }}{% endif %}{% endfor %}",
        &[
            "Unsafe: return render(request, 'shop/books.html', {'books': Book.objects.order_by('pk')}): author",
        ],
    );
}

#[test]
fn jinja2_calls_nothing_by_itself() {
    check_jinja(
        "{% for book in books %}{% for note in book.notes.all() %}{{ note.pk }}{% endfor %}{% endfor %}",
        &["Safe: return render(request, 'shop/books.html', {'books': Book.objects.order_by('pk')}): notes"],
    );
    check_jinja("{% for book in books %}{% if book.notes.all %}x{% endif %}{% endfor %}", &[]);
    check_jinja("{% raw %}{% for book in books %}{{ book.author.name }}{% endfor %}{% endraw %}", &[]);
    check_jinja("{# {% for book in books %}{{ book.author.name }}{% endfor %} #}", &[]);
}

/// Notes shown by a filter, where a file of any name makes the environment.
#[track_caller]
fn check_filter(shown: &str, filters: &str, expected: &[&str]) {
    let view = "
from django.shortcuts import render
from shop.models import Note


def index(request):
    return render(request, 'shop/notes.html', {'notes': Note.objects.order_by('pk')})
";
    let environment = format!(
        "import jinja2\nfrom django.template.defaultfilters import stringfilter\n\n\n{filters}\n\n
def environment(**options):
    env = jinja2.Environment(**options)
    env.filters.update(FILTERS)
    return env
"
    );
    let template = format!("{{% for note in notes %}}{{{{ {shown} }}}}{{% endfor %}}");
    let files = [
        ("views.py", view),
        ("templating.py", environment.as_str()),
        ("jinja2/shop/notes.html", template.as_str()),
    ];
    check(&files, expected);
}

#[test]
fn jinja2_prints_what_filters_give() {
    let user =
        &["Safe: return render(request, 'shop/notes.html', {'notes': Note.objects.order_by('pk')}): user"];
    let book =
        &["Safe: return render(request, 'shop/notes.html', {'notes': Note.objects.order_by('pk')}): book"];
    let filters = "def url_for(note, action=None):
    if action is not None:
        return note.user.name
    return note.book.title


@stringfilter
def spaced(text):
    return text.strip()


def same(note):
    return note


FILTERS = {'url': url_for, 'spaced': spaced, 'same': same}";
    check_filter("note|url", filters, book);
    check_filter("note|url('edit')", filters, user);
    check_filter("note|e", filters, user);
    check_filter("note|upper|url", filters, user);
    check_filter("note|spaced", filters, user);
    check_filter("note|same", filters, user);
    // What a filter that is not seen makes of a row is not known.
    check_filter("note|badge", filters, &[]);
    check_filter("note|badge|upper", filters, &[]);
    check_filter("note|badge", "FILTERS = {'badge': lambda note: note.pk}", &[]);
}

#[test]
fn templates_print_what_filters_give() {
    let view = "
from django.shortcuts import render
from shop.models import Note


def index(request):
    return render(request, 'shop/notes.html', {'notes': Note.objects.order_by('pk')})
";
    let library = "
from django import template
from django.template.defaultfilters import stringfilter

register = template.Library()


@register.filter
def place(note, short=True):
    return note.book.title


@register.filter
@stringfilter
def spaced(text):
    return text.strip()
";
    let user =
        &["Safe: return render(request, 'shop/notes.html', {'notes': Note.objects.order_by('pk')}): user"];
    let book =
        &["Safe: return render(request, 'shop/notes.html', {'notes': Note.objects.order_by('pk')}): book"];
    let none: &[&str] = &[];
    for (shown, expected) in [
        ("note", &user[..]),
        ("note|upper", user),
        ("note|place", book),
        ("note|place:False", book),
        ("note|spaced", user),
        ("note|badge", none),
        ("note.pk|upper", none),
    ] {
        let template = format!("{{% for note in notes %}}{{{{ {shown} }}}}{{% endfor %}}");
        let files = [
            ("views.py", view),
            ("templatetags/__init__.py", ""),
            ("templatetags/shop.py", library),
            ("templates/shop/notes.html", template.as_str()),
        ];
        check(&files, expected);
    }
}
