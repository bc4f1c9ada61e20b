//! Which rows a model's managers give, and of which class they are.

mod support;

use support::check;

#[test]
fn a_manager_gives_rows_of_another_model() {
    let models = "
from django.db import models
from shop.models import Book


class NovelManager(models.Manager):
    def get_queryset(self):
        return Book.objects.all()


class Novel(Book):
    objects = NovelManager()

    class Meta:
        proxy = True
";
    let views = "
from shop.novels import Novel


def authors():
    return [novel.author.name for novel in Novel.objects.filter(pk__gt=1)]
";
    check(
        &[("novels.py", models), ("views.py", views)],
        &["Safe: return [novel.author.name for novel in Novel.objects.filter(pk__gt=1)]: author"],
    );
}

#[test]
fn a_scoped_manager_is_of_the_class_that_it_is_given() {
    let views = |given: &str| {
        format!(
            "
from django.db import models
from django_scopes import ScopedManager
from shop.models import Author


class Shown(models.QuerySet):
    def shown(self):
        return self.filter(is_shown=True)


class Reviews(models.Manager.from_queryset(Shown)):
    pass


class Review(models.Model):
    author = models.ForeignKey(Author, on_delete=models.CASCADE)
    is_shown = models.BooleanField()
    objects = ScopedManager({given})

    class Meta:
        app_label = 'shop'


def listed():
    reviews = Review.objects.shown()
    return [review.author.name for review in reviews]
"
        )
    };
    for given in ["site='site', _manager_class=Reviews", "Reviews, site='site'"] {
        check(&[("views.py", &views(given))], &["Safe: reviews = Review.objects.shown(): author"]);
    }
    check(&[("views.py", &views("site='site'"))], &[]);
}
