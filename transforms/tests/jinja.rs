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
fn jinja2_calls_nothing_by_itself() {
    check_jinja(
        "{% for book in books %}{% for note in book.notes.all() %}{{ note.pk }}{% endfor %}{% endfor %}",
        &["Safe: return render(request, 'shop/books.html', {'books': Book.objects.order_by('pk')}): notes"],
    );
    check_jinja("{% for book in books %}{% if book.notes.all %}x{% endif %}{% endfor %}", &[]);
    check_jinja("{% raw %}{% for book in books %}{{ book.author.name }}{% endfor %}{% endraw %}", &[]);
    check_jinja("{# {% for book in books %}{{ book.author.name }}{% endfor %} #}", &[]);
}
