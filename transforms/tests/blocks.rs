//! Which templates a view shows, and their blocks.

mod support;

use support::check;

/// What a list of books finds, whose template is this, beside others.
#[track_caller]
fn check_list(template: &str, others: &[(&str, &str)], expected: &[&str]) {
    let views = "
from django.views.generic import ListView
from shop.models import Book


class Books(ListView):
    model = Book
";
    let mut files = vec![("views.py", views), ("templates/shop/book_list.html", template)];
    files.extend(others);
    check(&files, expected);
}

#[test]
fn blocks_are_shown_where_the_parent_is_not_the_projects() {
    let books =
        "{% block content %}{% for book in book_list %}{{ book.author.name }}{% endfor %}{% endblock %}";
    for parent in ["'theme/base.html'", "theme", "'shop/book_list.html'"] {
        check_list(&format!("{{% extends {parent} %}}{books}"), &[], &["Safe: model = Book: author"]);
    }
    // One that is the project's says what it shows.
    let page = ("templates/page.html", "{% block title %}{% endblock %}");
    check_list(&format!("{{% extends 'page.html' %}}{books}"), &[page], &[]);
    // Between them, a block that stands within another is shown where that one is.
    let page = |page| ("templates/page.html", page);
    let named = format!("{{% extends 'page.html' %}}{books}");
    let within = "{% extends theme %}{% block main %}{% block content %}{% endblock %}{% endblock %}";
    check_list(&named, &[page(within)], &["Safe: model = Book: author"]);
    check_list(&format!("{named}{{% block main %}}{{% endblock %}}"), &[page(within)], &[]);
}

#[test]
fn a_template_that_extends_its_own_name_means_the_next() {
    let books = "{% extends 'shop/book_list.html' %}{% block books %}{{ book.author.name }}{% endblock %}";
    let first = ("../templates/shop/book_list.html", books);
    let rows = "{% for book in book_list %}{% block books %}{% endblock %}{% endfor %}";
    check_list(rows, &[first], &["Safe: model = Book: author"]);
}

#[test]
fn what_a_comment_says_of_tags_is_no_tag() {
    let template = "{% comment %}We can't put it into {% block books %} {% if book_list %}{% endcomment %}\
        {% for book in book_list %}{% comment 'no' %}{{ book.editor.name }}{% endcomment %}\
        {{ book.author.name }}{% endfor %}";
    check_list(template, &[], &["Safe: model = Book: author"]);
}

#[test]
fn a_view_shows_the_template_that_it_names_by_default() {
    let views = "
from django.shortcuts import render
from shop.models import Book


def books(request, template_name='shop/books.html'):
    return render(request, template_name, {'books': Book.objects.order_by('pk')})


def titles(request, template_name='shop/none.html', *, mode='shop'):
    return render(request, template_name, {'books': Book.objects.order_by('title')})
";
    let template = "{% for book in books %}{{ book.author.name }}{% endfor %}";
    check(
        &[("views.py", views), ("templates/shop/books.html", template)],
        &["Safe: return render(request, template_name, {'books': Book.objects.order_by('pk')}): author"],
    );
}
