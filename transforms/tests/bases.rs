//! Rows that a class gives to what its bases do with them.

mod support;

use support::{Shop, check};

const GENERIC: &str = "
from django.views.generic import View
from django.views.generic.base import TemplateResponseMixin
from django.views.generic.list import MultipleObjectMixin


class Shown(TemplateResponseMixin, MultipleObjectMixin, View):
    def prepared(self, rows):
        return {'rows': rows.all()}


class Ordered(Shown):
    order_by = ['pk']

    def get(self, request):
        rows = self.get_queryset().order_by(*self.order_by)
        return self.render_to_response(self.prepared(rows))
";

#[test]
fn what_a_base_of_any_model_is_given_is_loaded_where_the_model_is_named() {
    let views = |more: &str| {
        format!(
            "from shop.generic import Ordered\nfrom shop.models import Book\n\n\nclass Books(Ordered):\n    \
             template_name = 'shop/books.html'\n\n    def get_queryset(self):\n        \
             return Book.objects.filter(pk__gt=1)\n{more}"
        )
    };
    let template = "{% for book in rows %}{{ book.author.name }}{% endfor %}";
    let shown = |more: &str, expected: &[&str]| {
        let views = views(more);
        let files = [("generic.py", GENERIC), ("views.py", &*views), ("templates/shop/books.html", template)];
        check(&files, expected);
    };
    shown("", &["Safe: return Book.objects.filter(pk__gt=1): author"]);
    shown(
        "\n    def post(self, request):\n        for book in self.get_queryset():\n            print(book.title)\n",
        &["Unsafe: return Book.objects.filter(pk__gt=1): author"],
    );
}

#[test]
fn what_a_base_names_the_model_of_is_loaded_by_whom_it_was() {
    let views = "
from django.shortcuts import render
from django.views.generic import View
from shop.models import Book


class Listed(View):
    def get_queryset(self):
        return Book.objects.all()

    def get(self, request):
        books = self.get_queryset().order_by('pk')
        return render(request, 'shop/books.html', {'rows': books})

    def post(self, request):
        for book in self.get_queryset():
            print(book.title)


class Some(Listed):
    def get_queryset(self):
        return super().get_queryset().filter(pk__gt=1)
";
    let template = "{% for book in rows %}{{ book.author.name }}{% endfor %}";
    check(
        &[("views.py", views), ("templates/shop/books.html", template)],
        &["Safe: books = self.get_queryset().order_by('pk'): author"],
    );
}

#[test]
fn what_a_manager_alone_has_is_not_asked_of_its_queryset() {
    let reviews = "
from django.db import models
from shop.generic import Ordered
from shop.models import Author


class ReviewManager(models.Manager):
    def visible(self, rows=None):
        if rows is None:
            rows = self
        return rows.filter(is_shown=True)


class Review(models.Model):
    author = models.ForeignKey(Author, on_delete=models.CASCADE)
    is_shown = models.BooleanField()
    objects = ReviewManager()

    class Meta:
        app_label = 'shop'


class Reviews(Ordered):
    template_name = 'shop/reviews.html'

    def get_queryset(self):
        return Review.objects.visible()


def checked():
    return [review.pk for review in Review.objects.visible()]
";
    let template = "{% for review in rows %}{{ review.author.name }}{% endfor %}";
    let files = [("generic.py", GENERIC), ("reviews.py", reviews), ("templates/shop/reviews.html", template)];
    let shop = Shop::new(&files);
    let [proposal] = &*shop.proposals() else { panic!("one proposal") };
    assert_eq!(&shop.text(&proposal.place.path)[proposal.place.range()], "Review.objects.visible()");
}
