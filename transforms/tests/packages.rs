//! Rows that well-known packages read: small projects in, proposals out.

mod support;

use support::check;

const TRANSLATED: &str = r#"
from django.db import models
from parler.managers import TranslatableManager
from parler.models import TranslatableModel, TranslatedFields, TranslatedFieldsModel


class Subject(TranslatableModel):
    code = models.CharField(max_length=20)
    translations = TranslatedFields(name=models.CharField(max_length=200), text=models.TextField())

    objects = TranslatableManager()

    def __str__(self):
        return self.name


class Level(TranslatableModel):
    position = models.IntegerField()


class LevelTranslation(TranslatedFieldsModel):
    master = models.ForeignKey(Level, models.CASCADE, related_name="names", null=True)
    title = models.CharField(max_length=200)


class Course(models.Model):
    title = models.CharField(max_length=200)
    level = models.ForeignKey(Level, models.CASCADE)
    subjects = models.ManyToManyField(Subject)
"#;

#[test]
fn what_parler_translates_is_read_off_the_translations() {
    check(
        &[
            ("schools/__init__.py", ""),
            ("schools/models.py", TRANSLATED),
            (
                "views.py",
                r#"
from django.http import HttpResponse
from shop.schools.models import Course, Subject


def names(request):
    return HttpResponse([subject.name for subject in Subject.objects.translated(name="a")])


def texts(request):
    return HttpResponse([str(subject) for subject in Subject.objects.order_by("code")])


def safe(request):
    found = Subject.objects.filter(code="a")
    return HttpResponse([subject.safe_translation_getter("name", any_language=True) for subject in found])


def levels(request):
    return HttpResponse([course.level.title for course in Course.objects.select_related("level")])


def loaded(request):
    return HttpResponse([subject.name for subject in Subject.objects.prefetch_related("translations")])


def codes(request):
    return HttpResponse([subject.code for subject in Subject.objects.all()])


def one(request, pk):
    return HttpResponse(Subject.objects.get(pk=pk).name)
"#,
            ),
        ],
        &[
            "Safe: return HttpResponse([subject.name for subject in Subject.objects.translated(name=\"a\")]): translations",
            "Safe: return HttpResponse([str(subject) for subject in Subject.objects.order_by(\"code\")]): translations",
            "Safe: found = Subject.objects.filter(code=\"a\"): translations",
            "Safe: return HttpResponse([course.level.title for course in Course.objects.select_related(\"level\")]): level__names",
        ],
    );
}
