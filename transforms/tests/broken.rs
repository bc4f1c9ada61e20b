//! Files with syntax errors: they are read as far as the parser recovers, and nothing is written into them.

mod support;

use support::check;

/// `async` was a name before Python 3.7.
const TASKS: &str = "
from django.db import models
from shop.models import Author, Book


class Task(models.Model):
    book = models.ForeignKey(Book, on_delete=models.CASCADE, related_name='tasks')

    def start(self):
        self.send(self.book, async=True)

    def label(self):
        return self.book.title


class Review(models.Model):
    author = models.ForeignKey(Author, on_delete=models.CASCADE)


def titles():
    return [task.book.title for task in Task.objects.all()]
";

#[test]
fn models_of_a_file_with_a_syntax_error_are_known() {
    check(
        &[
            ("tasks.py", TASKS),
            (
                "views.py",
                "
from django.http import HttpResponse
from shop.tasks import Review, Task


def index(request):
    return HttpResponse([task.label() for task in Task.objects.filter(pk__gt=1)])


def reviews(request):
    return HttpResponse([review.author.name for review in Review.objects.order_by('pk')])
",
            ),
        ],
        &[
            "Safe: return HttpResponse([task.label() for task in Task.objects.filter(pk__gt=1)]): book",
            "Safe: return HttpResponse([review.author.name for review in Review.objects.order_by('pk')]): author",
        ],
    );
}
