//! Which columns a query asks of, and so which index it wants.

use crate::{ORDER, check, check_files};

#[test]
fn a_lookup_by_a_token() {
    check(
        ORDER,
        "def show(request):\n    return Order.objects.get(token=request.GET['t'])\n",
        &["shop.Order: token"],
    );
}

#[test]
fn a_lookup_through_a_relation_asks_of_the_related_table() {
    check(
        ORDER,
        "def show(request):\n    return list(Order.objects.filter(customer__email=request.GET['e']))\n",
        &["shop.Customer: email"],
    );
}

#[test]
fn a_filter_and_a_page_of_an_order() {
    check(
        ORDER,
        "
def show(request):
    orders = Order.objects.filter(status=request.GET['s'])
    return list(orders.order_by('-created')[:20])
",
        &["shop.Order: status, -created"],
    );
}

#[test]
fn a_page_of_an_order_alone_and_either_direction() {
    check(
        ORDER,
        "
def newest(request):
    return list(Order.objects.order_by('-created')[:20])

def oldest(request):
    return list(Order.objects.order_by('created')[:20])
",
        &["shop.Order: created"],
    );
}

#[test]
fn all_rows_in_order_are_sorted_once() {
    check(ORDER, "def show(request):\n    return list(Order.objects.order_by('-created'))\n", &[]);
}

#[test]
fn sides_of_an_or_get_none() {
    check(
        ORDER,
        "def show(request):\n    return list(Order.objects.filter(Q(token='x') | Q(note__contains='x')))\n",
        &[],
    );
}

#[test]
fn an_or_of_lookups_needs_both() {
    check(
        ORDER,
        "
def show(request, key):
    Order.objects.filter(Q(token=key) | Q(note='x')).count()
    return Customer.objects.get(Q(email=key) | Q(user__username=key))
",
        &[],
    );
    let models = r#"
class Project(models.Model):
    api_key = models.CharField(max_length=40)
    read_key = models.CharField(max_length=40)
"#;
    check(
        models,
        "def show(request, key):\n    return Project.objects.get(Q(api_key=key) | Q(read_key=key))\n",
        &["shop.Project: api_key", "shop.Project: read_key"],
    );
}

#[test]
fn commands_and_tests_do_not_count() {
    let models =
        format!("from django.contrib.auth.models import User\nfrom django.db import models\n{ORDER}");
    let ask = "from shop.models import Order\n\n\ndef find():\n    return Order.objects.get(token='x')\n";
    let command = "from django.core.management.base import BaseCommand\nfrom shop.models import Order\n\n\n\
                   class Command(BaseCommand):\n    def handle(self):\n        Order.objects.get(token='x')\n";
    check_files(
        &[("models.py", &models), ("tests/test_orders.py", ask), ("management/commands/find.py", command)],
        &[],
    );
}

#[test]
fn a_helper_counts_when_a_view_calls_it() {
    let models =
        format!("from django.contrib.auth.models import User\nfrom django.db import models\n{ORDER}");
    let helper =
        "from shop.models import Order\n\n\ndef find(token):\n    return Order.objects.get(token=token)\n";
    let view = "from shop.helpers import find\n\n\ndef show(request, token):\n    return find(token)\n";
    check_files(&[("models.py", &models), ("helpers.py", helper)], &[]);
    check_files(
        &[("models.py", &models), ("helpers.py", helper), ("views.py", view)],
        &["shop.Order: token"],
    );
}

#[test]
fn the_pair_of_a_generic_foreign_key() {
    let models = r#"
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType


class Mark(models.Model):
    content_type = models.ForeignKey(ContentType, on_delete=models.CASCADE)
    object_id = models.PositiveIntegerField()
    target = GenericForeignKey()
    by = models.ForeignKey(User, on_delete=models.CASCADE)
    created = models.DateTimeField(auto_now_add=True)
"#;
    check(
        models,
        "def show(request, kind, pk):\n    return list(Mark.objects.filter(content_type=kind, object_id=pk))\n",
        &["shop.Mark: content_type, object_id"],
    );
}

#[test]
fn a_generic_foreign_key_is_read_from_its_other_side() {
    let models = r#"
from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.contrib.contenttypes.models import ContentType


class Page(models.Model):
    marks = GenericRelation("Mark", content_type_field="kind", object_id_field="key")


class Hint(models.Model):
    content_type = models.ForeignKey(ContentType, on_delete=models.CASCADE)
    object_id = models.PositiveIntegerField()
    target = GenericForeignKey()


class Mark(models.Model):
    kind = models.ForeignKey(ContentType, on_delete=models.CASCADE)
    key = models.PositiveIntegerField()
    target = GenericForeignKey("kind", "key")
    created = models.DateTimeField(auto_now_add=True)


class Star(models.Model):
    content_type = models.ForeignKey(ContentType, on_delete=models.CASCADE)
    object_id = models.PositiveIntegerField()
    target = GenericForeignKey()
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        unique_together = [("content_type", "object_id")]
"#;
    check(models, "", &["shop.Hint: content_type, object_id (advice)", "shop.Mark: kind, key"]);
}

#[test]
fn steps_that_ask_nothing_more_are_one_query() {
    let views = r#"
def narrowed(rows):
    return rows.select_related("customer")


def since(request, day):
    rows = Order.objects.filter(created__gte=day)
    rows = narrowed(rows)
    return list(rows.prefetch_related("customer__orders"))
"#;
    check(ORDER, views, &["shop.Order: created (advice)"]);
}

#[test]
fn conditions_that_are_not_known_may_find_the_rows() {
    check(ORDER, "def show(request, **more):\n    return Order.objects.get(token='x', **more)\n", &[]);
}

/// A column that is held against another of its row is read row by row.
#[test]
fn columns_held_against_columns() {
    for condition in [
        "paid_at__gt=F('created')",
        "Q(paid_at__gt=F('created'))",
        "paid_at__gt=F('created') + timedelta(days=1)",
        "token=F('reference')",
    ] {
        let views = format!(
            "from datetime import timedelta\nfrom django.db.models import F\n\n\n\
             def show(request):\n    return list(Order.objects.filter({condition}))\n"
        );
        check(ORDER, &views, &[]);
    }
    check(
        ORDER,
        "from django.db.models import F\n\n\n\
         def show(request):\n    return list(Order.objects.filter(token=request.GET['t'], paid_at__gt=F('created')))\n",
        &["shop.Order: token"],
    );
}
