//! Foreign keys of which a row has one at most.

mod support;

use support::check;

#[track_caller]
fn reads(fields: &str, method: &str, expected: &str) {
    let windows = format!(
        r#"
from django.db import models
from shop.models import Author, Tag


class Window(models.Model):
    {fields}

    class Meta:
        app_label = "shop"

    {method}

    def shown(self):
        return [self.person, self.room]
"#
    );
    let code = "from shop.models import Author\n\n\ndef shown():\n    \
                for author in Author.objects.prefetch_related('windows'):\n        \
                for window in author.windows.all():\n            print(window.shown())\n";
    let expected = format!("Safe: for author in Author.objects.prefetch_related('windows'):: {expected}");
    let expected: &[&str] = if expected.ends_with(": ") { &[] } else { &[&expected] };
    check(&[("windows.py", &windows), ("views.py", code)], expected);
}

const ONE_NAME: &str = "person = models.ForeignKey(Author, null=True, on_delete=models.CASCADE, related_name='windows')\n    \
     room = models.ForeignKey(Tag, null=True, on_delete=models.CASCADE, related_name='windows')";

const TWO_NAMES: &str = "person = models.ForeignKey(Author, null=True, on_delete=models.CASCADE, related_name='windows')\n    \
     room = models.ForeignKey(Tag, null=True, on_delete=models.CASCADE, related_name='open')";

const REFUSES: &str =
    "def clean(self):\n        if self.person and self.room_id:\n            raise ValueError('both')";

#[test]
fn rows_of_one_have_none_of_the_other() {
    for method in [
        REFUSES,
        "def clean(self):\n        if self.person is not None and self.room is not None:\n            raise ValueError",
        "def owner(self):\n        return self.room or self.person",
        "def owner(self, kind):\n        return {1: 'person', 2: 'room'}[kind]",
    ] {
        reads(ONE_NAME, method, "");
    }
    reads(TWO_NAMES, REFUSES, "");
}

#[test]
fn keys_that_a_row_may_have_both_of_are_read() {
    reads(ONE_NAME, "kind = 1", "windows__room");
    reads(TWO_NAMES, "def owner(self):\n        return self.room or self.person", "windows__room");
    reads(ONE_NAME, "def both(self):\n        return self.room and self.person", "windows__room");
    reads(ONE_NAME, "def names(self):\n        return {1: 'person', 2: 'room', 3: 'pk'}[2]", "windows__room");
    reads(
        ONE_NAME,
        "def clean(self):\n        if self.person and self.room:\n            print('both')",
        "windows__room",
    );
    reads(
        "person = models.ForeignKey(Author, null=True, on_delete=models.CASCADE, related_name='windows')\n    \
         room = models.ForeignKey(Tag, on_delete=models.CASCADE, related_name='windows')",
        "def owner(self):\n        return self.room or self.person",
        "windows__room",
    );
}

#[test]
fn a_test_refuses_rows_that_have_both_however_it_is_written() {
    for test in [
        "not ((self.person and not self.room) or (not self.person and self.room))",
        "(self.person is None) is False or self.person and self.room_id and self.person",
        "not (self.person is None or self.room is None)",
        "self.person and (self.room or self.pk)",
    ] {
        reads(TWO_NAMES, &format!("def save(self):\n        if {test}:\n            raise ValueError"), "");
    }
    for test in [
        "not (self.person or self.room)",
        "self.person and self.room and self.pk",
        "self.person and not self.room",
        "not ((self.person and self.pk) or (self.room and not self.pk))",
    ] {
        reads(
            TWO_NAMES,
            &format!("def save(self):\n        if {test}:\n            raise ValueError"),
            "windows__room",
        );
    }
}

#[test]
fn a_constraint_lets_no_row_have_both() {
    let constraint = |condition: &str| {
        format!("checks = [models.CheckConstraint(condition={condition}, name='one')]\n    kind = 1")
    };
    for condition in [
        "models.Q(person=None) | models.Q(room__isnull=True)",
        "models.Q(person__isnull=True, room__isnull=False) | models.Q(person__isnull=False, room__isnull=True)",
        "models.Q(person__isnull=True, pk=1) | models.Q(models.Q(room=None), pk__gt=1)",
    ] {
        reads(TWO_NAMES, &constraint(condition), "");
    }
    for condition in [
        "models.Q(person__isnull=False) | models.Q(room__isnull=False)",
        "models.Q(person=None) | models.Q(pk=1)",
        "~models.Q(person=None)",
    ] {
        reads(TWO_NAMES, &constraint(condition), "windows__room");
    }
}

#[test]
fn filters_tell_which_a_row_has() {
    let windows = format!(
        "from django.db import models\nfrom shop.models import Author, Tag\n\n\nclass Window(models.Model):\n    {TWO_NAMES}\n\n    \
         class Meta:\n        app_label = 'shop'\n\n    {REFUSES}\n"
    );
    let listed = |filter: &str| {
        format!(
            "from shop.windows import Window\n\n\ndef shown(author):\n    \
             return [window.room for window in Window.objects.filter({filter})]\n"
        )
    };
    check(&[("windows.py", &windows), ("views.py", &listed("person=author"))], &[]);
    check(
        &[("windows.py", &windows), ("views.py", &listed("pk__gt=author"))],
        &["Safe: return [window.room for window in Window.objects.filter(pk__gt=author)]: room"],
    );
}

#[test]
fn of_one_to_ones_that_are_declared_at_once_a_row_has_one() {
    let models = |fields: &str, refund: &str| {
        format!(
            r#"
from django.db import models
from shop.models import Author


class Order(models.Model):
    name = models.CharField(max_length=50)

    class Meta:
        app_label = "shop"

    @property
    def shown_voucher(self):
        try:
            return self.voucher_of.author.name
        except Voucher.DoesNotExist:
            return None


class Paper(models.Model):
    author = models.ForeignKey(Author, on_delete=models.CASCADE)
    {fields}

    class Meta:
        abstract = True


class Refund(Paper):
    {refund}

    class Meta:
        app_label = "shop"


class Voucher(Paper):
    order = models.OneToOneField(Order, on_delete=models.CASCADE, related_name="voucher_of")

    class Meta:
        app_label = "shop"


def shown(request):
    return [refund.order.shown_voucher for refund in Refund.objects.order_by("pk")]
"#
        )
    };
    let declared =
        "order = models.OneToOneField(Order, on_delete=models.CASCADE, related_name='%(class)s_of')";
    let twice = models("pass", declared);
    let line = "return [refund.order.shown_voucher for refund in Refund.objects.order_by(\"pk\")]";
    check(&[("papers.py", &twice)], &[&format!("Safe: {line}: order__voucher_of__author")]);
    let at_once = models(declared, "pass").replace(
        "    order = models.OneToOneField(Order, on_delete=models.CASCADE, related_name=\"voucher_of\")\n",
        "",
    );
    check(&[("papers.py", &at_once)], &[&format!("Safe: {line}: order")]);
}
