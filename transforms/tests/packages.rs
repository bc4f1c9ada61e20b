//! Rows that well-known packages read: small projects in, proposals out.

mod support;

use support::{Shop, check};

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

#[test]
fn taggit_puts_tags_that_are_prefetched_in_no_order() {
    let code = |manager: &str| {
        format!(
            "
from django.db import models
from shop.models import Tag
from taggit.managers import TaggableManager


class ByName(TaggableManager):
    def __init__(self, *args, **kwargs):
        kwargs.setdefault('ordering', ['name'])
        super().__init__(*args, **kwargs)


class Post(models.Model):
    tags = {manager}

    class Meta:
        app_label = 'shop'


def listed():
    return [[tag.name for tag in post.tags.all()] for post in Post.objects.all()]
"
        )
    };
    let line = "return [[tag.name for tag in post.tags.all()] for post in Post.objects.all()]: tags";
    for (manager, safety) in [
        ("TaggableManager()", "Unsafe"),
        ("TaggableManager(ordering=['name'])", "Safe"),
        ("ByName()", "Safe"),
        ("models.ManyToManyField(Tag)", "Safe"),
    ] {
        check(&[("posts.py", &code(manager))], &[&format!("{safety}: {line}")]);
    }
}

#[test]
fn what_belongs_to_the_parent_of_rows_of_several_classes_is_prefetched() {
    let code = |given: &str, read: &str| {
        format!(
            "
from django.db import models
from model_utils.managers import InheritanceManager
from shop.models import Author


class AccountManager(InheritanceManager):
    def get_queryset(self):
        return super().get_queryset(){given}


class Account(models.Model):
    author = models.ForeignKey(Author, on_delete=models.CASCADE)
    objects = AccountManager()

    class Meta:
        app_label = 'shop'


class Card(models.Model):
    account = models.OneToOneField(Account, on_delete=models.CASCADE)
    code = models.CharField(max_length=9)

    class Meta:
        app_label = 'shop'


def listed():
    return [account.{read} for account in Account.objects.order_by('pk')]
"
        )
    };
    let found = |read: &str, rule: &str| {
        let text = code(".select_subclasses()", read);
        let shop = Shop::new(&[("accounts.py", &text)]);
        let rules: Vec<&str> = shop.proposals().iter().map(|proposal| proposal.rule).collect();
        assert_eq!(rules, [rule], "{read}");
    };
    // The other side of a one-to-one is looked for on the child's instance.
    found("card.code", "prefetch-related");
    found("author.name", "select-related");
    let plain = code(".order_by('pk')", "card.code");
    let shop = Shop::new(&[("accounts.py", &plain)]);
    assert_eq!(shop.proposals()[0].rule, "select-related");
}
