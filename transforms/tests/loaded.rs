//! Code that tests whether a relation of a row is loaded already, and does one thing or another.

mod support;

use support::check;

const PAGES: &str = "
from django.contrib import admin
from django.db import models
from shop.models import Author, Book


class Page(models.Model):
    title = models.CharField(max_length=50)
    author = models.ForeignKey(Author, on_delete=models.CASCADE)
    book = models.ForeignKey(Book, null=True, on_delete=models.CASCADE)

    class Meta:
        app_label = 'shop'

    def is_long(self):
        return bool(self.title)

    def __str__(self):
        if TEST:
            return self.book.title
        return self.title
";

const TESTS: &[&str] = &[
    "self.__class__.book.is_cached(self)",
    "Page.book.is_cached(self)",
    "self._meta.get_field('book').is_cached(self)",
    "'book' in self._state.fields_cache",
];

fn pages(test: &str, code: &str) -> String {
    format!("{}\n\n{code}", PAGES.replace("TEST", test))
}

#[test]
fn what_is_read_where_it_is_loaded_already_costs_no_query() {
    let listed = "def listed():\n    return [str(page) for page in Page.objects.all()]\n";
    let found = &["Safe: return [str(page) for page in Page.objects.all()]: book"];
    for test in TESTS {
        check(&[("pages.py", &pages(test, listed))], &[]);
    }
    check(&[("pages.py", &pages("self.is_long()", listed))], found);
    // Where it is loaded, the branch is run.
    let joined = listed
        .replace("all()", "select_related('book')")
        .replace("str(page)", "(str(page), page.book.author)");
    let found = "Safe: return [(str(page), page.book.author) for page in Page.objects.select_related('book')]: book__author";
    for test in TESTS {
        check(&[("pages.py", &pages(test, &joined))], &[found]);
    }
}

#[test]
fn a_changelist_joins_by_itself_none_that_may_be_null() {
    let admin = "@admin.register(Page)\nclass PageAdmin(admin.ModelAdmin):\n    list_display = ['__str__', 'author']\n";
    for test in TESTS {
        check(&[("pages.py", &pages(test, admin))], &[]);
    }
    check(
        &[("pages.py", &pages("self.is_long()", admin))],
        &["Safe: class PageAdmin(admin.ModelAdmin):: author, book"],
    );
}

#[test]
fn to_load_what_code_tests_for_runs_another_branch() {
    let listed = "def listed():\n    return [(str(page), page.READ.pk, page.READ.NAME) for page in Page.objects.all()]\n";
    let line = "return [(str(page), page.READ.pk, page.READ.NAME) for page in Page.objects.all()]";
    for (read, name, safety) in [("book", "title", "Unsafe"), ("author", "name", "Safe")] {
        let named = |text: &str| text.replace("READ", read).replace("NAME", name);
        for test in TESTS {
            let found = named(&format!("{safety}: {line}: {read}"));
            check(&[("pages.py", &pages(test, &named(listed)))], &[&found]);
        }
    }
    let tags = "
from shop.models import Book


def tags(book):
    if 'tags' in book._prefetched_objects_cache:
        return [tag.name for tag in book.tags.all()]
    return book.tags.count()


def listed():
    return [(tags(book), [tag.name for tag in book.tags.all()]) for book in Book.objects.all()]
";
    check(
        &[("views.py", tags)],
        &[
            "Unsafe: return [(tags(book), [tag.name for tag in book.tags.all()]) for book in Book.objects.all()]: tags",
        ],
    );
}
