//! What templates show within `{% cache %}`, or to some users alone.

mod support;

use support::{Shop, check};
use tuneup_transforms::proposal::Safety;

const VIEW: &str = "
from django.shortcuts import render
from shop.models import Book


def index(request):
    return render(request, 'shop/books.html', {'books': Book.objects.order_by('pk')})
";

#[track_caller]
fn shows(template: &str, safety: &str) {
    let files = [
        ("views.py", VIEW),
        ("templates/shop/books.html", template),
        ("templates/shop/row.html", "{{ book.author.name }}"),
    ];
    let line = "return render(request, 'shop/books.html', {'books': Book.objects.order_by('pk')})";
    check(&files, &[&format!("{safety}: {line}: author")]);
}

#[test]
fn a_fragment_of_a_row_is_not_made_for_every_row() {
    for row in ["{{ book.author.name }}", "{% include 'shop/row.html' %}"] {
        shows(
            &format!(
                "{{% load cache %}}{{% for book in books %}}{{% cache 500 book book.pk %}}{row}{{% endcache %}}{{% endfor %}}"
            ),
            "Unsafe",
        );
    }
    // What is shown outside of it as well is read for every row.
    shows(
        "{% load cache %}{% for book in books %}{% cache 500 book book.pk %}{% include 'shop/row.html' %}{% endcache %}\
         {% include 'shop/row.html' %}{% endfor %}",
        "Safe",
    );
    shows(
        "{% load cache %}{% for book in books %}{% cache 500 book book.pk %}{{ book.title }}{% endcache %}\
         {{ book.author.name }}{% endfor %}",
        "Safe",
    );
}

#[test]
fn how_long_a_fragment_is_kept_decides_what_is_said_of_it() {
    let of = |timeout: &str| {
        let template = format!(
            "{{% load cache %}}{{% for book in books %}}{{% cache {timeout} book book.pk %}}{{{{ book.author.name }}}}{{% endcache %}}\
             {{% endfor %}}"
        );
        [("views.py".to_owned(), VIEW.to_owned()), ("templates/shop/books.html".to_owned(), template)]
    };
    let most = "made for few rows where the fragments of most are there already";
    let unknown = "with a timeout that is known only as it runs";
    for (timeout, said) in [
        ("None", Some(most)),
        ("'500'", Some(most)),
        ("book.title|length", Some(unknown)),
        ("timeout", Some(unknown)),
        // Nothing is kept then.
        ("0", None),
        ("-1", None),
    ] {
        let files = of(timeout);
        let files = files.each_ref().map(|(path, text)| (path.as_str(), text.as_str()));
        let proposals = Shop::new(&files).proposals();
        let [found] = proposals.as_slice() else { panic!("{timeout}: {proposals:?}") };
        for text in [most, unknown] {
            assert_eq!(found.message.contains(text), said == Some(text), "{timeout}: {}", found.message);
        }
        let safety = if said.is_some() { Safety::Unsafe } else { Safety::Safe };
        assert_eq!(found.safety, safety, "{timeout}");
    }
}

#[test]
fn a_fragment_of_all_rows_asks_for_them_within() {
    shows(
        "{% load cache %}{% cache 500 books %}{% for book in books %}{{ book.author.name }}{% endfor %}{% endcache %}",
        "Safe",
    );
}

#[test]
fn what_some_users_are_shown_of_a_row_others_pay_for() {
    let of = |row: &str| format!("{{% for book in books %}}{row}{{% endfor %}}");
    for row in [
        "{% if request.user.is_staff %}{{ book.author.name }}{% endif %}",
        "{% if view.request.user.is_staff %}{{ book.author.name }}{% endif %}",
        "{% if perms.shop.change_book and book.title %}{{ book.author.name }}{% endif %}",
        "{% if user.is_authenticated and user == book.author or user.is_superuser %}x{% endif %}",
        "{% if not user.is_anonymous %}{{ book.author.name }}{% endif %}",
        "{% if user.is_anonymous %}{% else %}{% include 'shop/row.html' %}{% endif %}",
    ] {
        shows(&of(row), "Unsafe");
    }
    for row in [
        "{% if request.user.is_staff or book.title %}{{ book.author.name }}{% endif %}",
        "{% if not request.user.is_staff %}{{ book.author.name }}{% endif %}",
        "{% if user.is_staff %}{{ book.author.name }}{% else %}{{ book.author.pk }}{{ book.author.name }}{% endif %}",
        "{% if book.is_staff %}{{ book.author.name }}{% endif %}",
        "{% if book.user.is_staff %}{{ book.author.name }}{% endif %}",
        "{% if request.user.is_staff %}{{ book.author.name }}{% endif %}{{ book.author.name }}",
    ] {
        shows(&of(row), "Safe");
    }
    // A test around all rows is one of the page.
    let page = of("{{ book.author.name }}");
    shows(&format!("{{% if user.is_authenticated %}}{page}{{% endif %}}"), "Safe");
}
