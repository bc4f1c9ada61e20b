//! Lookups and orders that need another kind of index than a plain one, or that none serves.

use crate::{ORDER, check, check_files};

#[test]
fn lookups_that_no_plain_index_serves_get_advice() {
    check(
        ORDER,
        "
def show(request):
    Order.objects.filter(token__iexact='x').count()
    Order.objects.filter(created__date=request.day).count()
    return Order.objects.filter(Q(reference__icontains='x')).count()


def search(request):
    return Order.objects.filter(reference__icontains='y').count()
",
        &["shop.Order: token (advice)", "shop.Order: created (advice)", "shop.Order: reference (advice)"],
    );
    check(
        ORDER,
        "
def show(request, customer):
    Order.objects.filter(customer=customer, token__iexact='x').count()
    Customer.objects.filter(user__username__iexact='x').count()
",
        &[],
    );
}

#[test]
fn searches_and_long_texts_use_no_plain_index() {
    check(
        ORDER,
        "
def show(request):
    Order.objects.filter(token__icontains='x').count()
    Order.objects.filter(note='x').count()
    Order.objects.exclude(token='x').count()
",
        &[],
    );
}

#[test]
fn beginnings_of_texts_need_an_operator_class() {
    let views = r#"
def place(request):
    Order.objects.create(buyer=request.user)


def search(request, text):
    return list(Order.objects.filter(reference__startswith=text))
"#;
    check(ORDER, views, &["shop.Order: reference (advice)"]);
    // A field's own index has a twin for them.
    let indexed = ORDER.replace(
        "reference = models.CharField(max_length=20)",
        "reference = models.CharField(max_length=20, db_index=True)",
    );
    check(&indexed, views, &[]);
}

#[test]
fn orders_by_expressions() {
    for (order, expected) in [
        ("F('paid_at').desc()", &["shop.Order: paid_at"][..]),
        ("F('paid_at').asc()", &["shop.Order: paid_at"]),
        ("F('paid_at')", &["shop.Order: paid_at"]),
        ("'-paid_at'", &["shop.Order: paid_at"]),
        // An index has nulls at one end, which is another with each database.
        ("F('paid_at').desc(nulls_last=True)", &[]),
        ("F('paid_at').asc(nulls_first=True)", &[]),
        ("(F('paid_at') + 1).desc()", &[]),
        ("Lower('name')", &[]),
    ] {
        let views = format!(
            "from django.db.models import F\nfrom django.db.models.functions import Lower\n\n\n\
             def show(request):\n    return list(Order.objects.order_by({order})[:20])\n"
        );
        check(ORDER, &views, expected);
    }
}

/// A migration runs on every database of the project.
#[test]
fn kinds_of_indexes_that_each_database_must_have() {
    let models =
        format!("from django.contrib.auth.models import User\nfrom django.db import models\n{ORDER}");
    let views = "
from shop.models import Order


def show(request):
    Order.objects.filter(token__iexact='x').count()
    return Order.objects.filter(reference__icontains='x').count()


def search(request, text):
    Order.objects.filter(reference__icontains='y').count()
    return list(Order.objects.filter(name__startswith=text))


def place(request):
    Order.objects.create(buyer=request.user)
";
    let all = ["shop.Order: token (advice)", "shop.Order: name (advice)", "shop.Order: reference (advice)"];
    let postgresql = "{'ENGINE': 'django.db.backends.postgresql'}";
    for (databases, expected) in [
        (format!("{{'default': {postgresql}}}"), &all[..]),
        ("{'default': {'ENGINE': 'django.contrib.gis.db.backends.postgis'}}".to_owned(), &all),
        (format!("{{'default': {postgresql}, 'old': {{'ENGINE': 'django.db.backends.mysql'}}}}"), &[]),
        ("{'default': {'ENGINE': 'django.db.backends.sqlite3'}}".to_owned(), &[]),
        ("{'default': {'ENGINE': 'django.db.backends.oracle'}}".to_owned(), &[]),
        // Which one it is says the environment.
        ("{'default': {'ENGINE': os.environ['ENGINE']}}".to_owned(), &all),
    ] {
        check_files(
            &[
                ("models.py", &models),
                ("views.py", views),
                (
                    "settings.py",
                    &format!("import os\n\nINSTALLED_APPS = ['shop']\nDATABASES = {databases}\n"),
                ),
                (
                    "../manage.py",
                    "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\n",
                ),
            ],
            expected,
        );
    }
}
