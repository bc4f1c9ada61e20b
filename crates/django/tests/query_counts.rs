//! Which tests notice that a query is saved: small projects in, tests out.

use std::fs;

use ruff_text_size::{TextRange, TextSize};
use tuneup_django::query_counts::Notice;
use tuneup_django::{Options, Project};

const FILES: &[(&str, &str)] = &[
    ("shop/__init__.py", ""),
    (
        "shop/models.py",
        "
from django.db import models

class Author(models.Model):
    name = models.CharField(max_length=50)

class Book(models.Model):
    author = models.ForeignKey(Author, on_delete=models.CASCADE)

class Shelf(models.Model):
    name = models.CharField(max_length=50)
",
    ),
    (
        "shop/lists.py",
        "
from shop.models import Book

def names():
    return [book.author.name for book in Book.objects.all()]
",
    ),
    (
        "shop/views.py",
        "
from django.http import JsonResponse
from django.views.generic import ListView
from shop.lists import names
from shop.models import Book, Shelf

def overview(request):
    return JsonResponse({'names': names()})

def detail(request, pk):
    return JsonResponse({})

class Books(ListView):
    model = Book
",
    ),
    (
        "shop/urls.py",
        "
from django.urls import path
from shop import views

app_name = 'shop'
urlpatterns = [
    path('', views.overview, name='overview'),
    path('<int:pk>/', views.detail, name='detail'),
    path('books/', views.Books.as_view(), name='books'),
]
",
    ),
    (
        "site/urls.py",
        "
from django.urls import include, path

urlpatterns = [path('api/', include([path('shop/', include('shop.urls'))]))]
",
    ),
    ("site/__init__.py", ""),
];

/// The notices of a place, as `test: sure`.
#[track_caller]
fn check(files: &[(&str, &str)], (path, text): (&str, &str), expected: &[&str]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (path, text) in FILES.iter().chain(files) {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a new folder");
        fs::write(path, text).expect("a new file");
    }
    let project = Project::load(Options { root: folder.path().to_owned(), ..Options::default() }, None);
    let source = project.source.text_at(path).expect("it is there");
    let at = source.text().find(text).expect("it is written there");
    let range = TextRange::at(TextSize::try_from(at).expect("short"), TextSize::of(text));
    let notice = |count: &tuneup_django::query_counts::QueryCount| {
        let how = match count.notice(&project, path, range, Some("shop.Book"))? {
            Notice::Will => "will",
            Notice::May => "may",
        };
        Some(format!("{} {how} by {}", count.test, count.form))
    };
    let found: Vec<String> = project.query_counts().iter().filter_map(notice).collect();
    assert_eq!(found, expected);
}

/// The query that a saved join would be written to.
const QUERY: (&str, &str) = ("shop/lists.py", "Book.objects.all()");

#[test]
fn what_a_test_calls_is_followed() {
    let tests = "
from django.test import TestCase
from shop import lists
from shop.models import Author, Book, Shelf

class Tests(TestCase):
    def test_calls(self):
        with self.assertNumQueries(3):
            lists.names()

    def test_gives(self):
        self.assertNumQueries(2, lists.names)

    def test_gives_a_lambda(self):
        self.assertNumQueries(2, lambda: lists.names())

    def test_before(self):
        lists.names()
        with self.assertNumQueries(1):
            Shelf.objects.count()

    def test_rows(self):
        with self.assertNumQueries(1):
            list(Book.objects.all())
";
    check(
        &[("shop/tests.py", tests)],
        QUERY,
        &[
            "Tests.test_calls will by assertNumQueries(3)",
            "Tests.test_gives will by assertNumQueries(2)",
            "Tests.test_gives_a_lambda will by assertNumQueries(2)",
            "Tests.test_rows may by assertNumQueries(1)",
        ],
    );
}

#[test]
fn urls_lead_to_views() {
    let tests = "
from django.test import TestCase
from django.urls import reverse

class Tests(TestCase):
    def setUp(self):
        self.url = reverse('shop:overview')

    def get(self, url):
        return self.client.get(url)

    def test_name(self):
        with self.assertNumQueries(1):
            self.client.get(reverse('shop:overview'))

    def test_kept(self):
        with self.assertNumQueries(2):
            self.get(self.url)

    def test_variable(self):
        url = '/api/shop/?page=1'
        with self.assertNumQueries(3):
            self.client.get(url)

    def test_other(self):
        with self.assertNumQueries(4):
            self.client.get(f'/api/shop/{self.id()}/')

    def test_class(self):
        with self.assertNumQueries(5):
            self.client.get('/api/shop/books/')
";
    let files = [("shop/tests/__init__.py", ""), ("shop/tests/test_views.py", tests)];
    check(
        &files,
        QUERY,
        &[
            "Tests.test_name will by assertNumQueries(1)",
            "Tests.test_kept will by assertNumQueries(2)",
            "Tests.test_variable will by assertNumQueries(3)",
            "Tests.test_class may by assertNumQueries(5)",
        ],
    );
    check(&files, ("shop/views.py", "model = Book"), &["Tests.test_class will by assertNumQueries(5)"]);
}

#[test]
fn fixtures_count_and_make() {
    let conftest = "
import pytest
from shop.models import Book

@pytest.fixture
def book():
    return Book.objects.create()
";
    let tests = "
from shop.lists import names

def test_names(django_assert_num_queries):
    with django_assert_num_queries(2):
        names()

def test_most(django_assert_max_num_queries, book):
    with django_assert_max_num_queries(2):
        book.save()

def test_none(client):
    names()
";
    check(
        &[("shop/conftest.py", conftest), ("shop/tests/test_names.py", tests)],
        QUERY,
        &[
            "test_names will by django_assert_num_queries(2)",
            "test_most may by django_assert_max_num_queries(2)",
        ],
    );
}

#[test]
fn records_belong_to_their_tests() {
    let tests = "
import django_perf_rec
from shop.lists import names

def test_names():
    with django_perf_rec.record():
        names()
";
    let records = "\
test_gone:
- db: 'SELECT ... FROM `shop_book`'
test_names:
- db: SELECT 1
test_other:
- db: SELECT 2
";
    check(
        &[("shop/tests/test_lists.py", tests), ("shop/tests/perf/test_lists.perf.yml", records)],
        QUERY,
        &["test_gone may by perf.yml of django-perf-rec", "test_names will by perf.yml of django-perf-rec"],
    );
}

#[test]
fn patterns_of_other_kinds_are_read() {
    let urls = "
from django.conf.urls import url
from rest_framework.routers import DefaultRouter
from shop import views
from shop.lists import names

router = DefaultRouter()
router.register('lists', views.Books, basename='list')
urlpatterns = [url(r'^old/(?P<pk>[0-9]+)/$', views.overview), *router.urls]
";
    let tests = "
from django.test import TestCase
from django.urls import reverse

class Tests(TestCase):
    def test_regex(self):
        with self.assertNumQueries(1):
            self.client.get('/old/7/')

    def test_router(self):
        with self.assertNumQueries(2):
            self.client.get(reverse('list-detail', args=[1]))
            self.client.get('/lists/1/more/')
";
    let files = [("old/__init__.py", ""), ("old/urls.py", urls), ("shop/tests.py", tests)];
    check(
        &files,
        QUERY,
        &["Tests.test_regex will by assertNumQueries(1)", "Tests.test_router may by assertNumQueries(2)"],
    );
    check(&files, ("shop/views.py", "model = Book"), &["Tests.test_router will by assertNumQueries(2)"]);
}
