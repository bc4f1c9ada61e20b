//! Querysets of the project's own classes, of which code makes one by itself.

mod support;

use support::check;

#[test]
fn what_django_cannot_clone_is_asked_nothing_more() {
    for (base, init, found) in [
        ("models.QuerySet", "", Some("Safe")),
        (
            "models.QuerySet",
            "def __init__(self, *args, **kwargs):\n        super().__init__(*args, **kwargs)",
            Some("Safe"),
        ),
        ("models.QuerySet", "def __init__(self, model, keys):\n        super().__init__(model)", None),
        (
            "models.query.RawQuerySet",
            "def __init__(self, model, **kwargs):\n        super().__init__('SELECT', model, **kwargs)",
            None,
        ),
        (
            "models.query.RawQuerySet",
            "def __init__(self, model, keys):\n        super().__init__('SELECT', model)",
            None,
        ),
    ] {
        let body = if init.is_empty() { "pass" } else { init };
        let code = format!(
            "from django.db import models\nfrom shop.models import Book\n\n\nclass Found({base}):\n    {body}\n\n\n\
             def listed(request):\n    books = Found(Book)\n    return [book.author.name for book in books]\n"
        );
        let found = found.map(|safety| format!("{safety}: books = Found(Book): author"));
        let found: Vec<&str> = found.iter().map(String::as_str).collect();
        check(&[("views.py", &code)], &found);
    }
}
