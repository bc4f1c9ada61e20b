//! Rows that Django's own serializers write, field by field.

mod support;

use support::check;

const MODEL: &str = "
from django.db import models
from taggit.managers import TaggableManager
from shop.models import Tag


class Page(models.Model):
    title = models.CharField(max_length=50)
    tags = models.ManyToManyField(TagARGUMENTS)
    words = TaggableManager()

    class Meta:
        app_label = 'shop'
";

const VIEWS: &str = "
from django.core import serializers
from django.forms import model_to_dict
from shop.pages.models import Page


def written(request):
    return serializers.serialize('json', Page.objects.order_by('pk'))


def filled(request):
    return [model_to_dict(page) for page in Page.objects.order_by('-pk')]
";

#[test]
fn fields_that_are_declared_not_to_be_written_are_not_read() {
    let written = "Safe: return serializers.serialize('json', Page.objects.order_by('pk')): tags";
    let filled = "Safe: return [model_to_dict(page) for page in Page.objects.order_by('-pk')]: tags";
    for (arguments, expected) in [
        ("", &[written, filled][..]),
        (", serialize=False", &[filled]),
        (", editable=False", &[written]),
        (", serialize=False, editable=False", &[]),
    ] {
        let model = MODEL.replace("ARGUMENTS", arguments);
        check(&[("pages/__init__.py", ""), ("pages/models.py", &model), ("views.py", VIEWS)], expected);
    }
}
