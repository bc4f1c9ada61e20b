//! Models that no `class` statement makes.

mod support;

use support::check;

/// An abstract model of reviews, and a function that makes models.
const ABSTRACT: &str = r#"
from django.apps import apps
from django.db import models
from shop.models import Author


class AbstractReview(models.Model):
    author = models.ForeignKey(Author, on_delete=models.CASCADE)
    answered = models.ForeignKey("shop.Review", null=True, on_delete=models.CASCADE)

    class Meta:
        abstract = True
        app_label = "shop"

    def signed(self):
        return f"{self.author.name}"


def model_of(abstract_class):
    name = abstract_class.__name__.replace("Abstract", "")
    if name not in apps.all_models["shop"]:
        return type(str(name), (abstract_class,), {"__module__": __name__})


def name_of(abstract_class):
    return type(abstract_class.__name__, (), {"of": abstract_class})
"#;

const VIEWS: &str = r#"
from django.apps import apps

Review = apps.get_model("shop", "Review")


def signed(request):
    return [review.signed() for review in Review.objects.order_by("pk")]


def answers(request):
    return [review.answered.author.name for review in Review.objects.exclude(answered=None)]
"#;

fn check_made(models: &str, expected: &[&str]) {
    let models = format!("from shop.abstract import *\n\n\n{models}\n");
    let files = [("abstract.py", ABSTRACT), ("reviews/models.py", &models), ("views.py", VIEWS)];
    check(&files, expected);
}

#[test]
fn a_model_that_a_call_makes_of_an_abstract_one_is_a_model() {
    let expected = [
        "Safe: return [review.signed() for review in Review.objects.order_by(\"pk\")]: author",
        "Safe: return [review.answered.author.name for review in Review.objects.exclude(answered=None)]: answered__author",
    ];
    check_made("Review = model_of(AbstractReview)", &expected);
    check_made("Review = type(\"Review\", (AbstractReview,), {\"__module__\": __name__})", &expected);
    check_made("class Review(AbstractReview):\n    pass", &expected);
}

#[test]
fn what_makes_no_model_of_it_makes_none() {
    check_made("Review = name_of(AbstractReview)", &[]);
    check_made("Review = model_of(Author)", &[]);
    // Two of one, and another besides the class of a statement.
    check_made("Review = model_of(AbstractReview)\nOther = model_of(AbstractReview)", &[]);
    check_made("Review = model_of(AbstractReview)\n\n\nclass Other(AbstractReview):\n    pass", &[]);
}

#[test]
fn what_is_imported_by_name_is_the_model_too() {
    let views = VIEWS
        .replace("Review = apps.get_model(\"shop\", \"Review\")", "from shop.reviews.models import Review");
    check(
        &[
            ("abstract.py", ABSTRACT),
            ("reviews/models.py", "from shop.abstract import *\n\nReview = model_of(AbstractReview)\n"),
            ("views.py", &views),
        ],
        &[
            "Safe: return [review.signed() for review in Review.objects.order_by(\"pk\")]: author",
            "Safe: return [review.answered.author.name for review in Review.objects.exclude(answered=None)]: answered__author",
        ],
    );
}
