//! Which indexes are proposed, and which are not: small projects in, proposals out.

use std::fs;

use tuneup_django::{Options, Project};
use tuneup_transforms::Safety;
use tuneup_transforms::registry::{self, RULES, Rule};

/// The proposals of indexes for a project of these models and views: safety, model and fields.
#[track_caller]
fn check(models: &str, views: &str, expected: &[&str]) {
    check_files(
        &[
            (
                "models.py",
                &format!(
                    "from django.contrib.auth.models import User\nfrom django.db import models\n{models}"
                ),
            ),
            ("views.py", &format!("from django.db.models import Q\nfrom shop.models import *\n{views}")),
        ],
        expected,
    );
}

#[track_caller]
fn check_files(files: &[(&str, &str)], expected: &[&str]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let app = folder.path().join("shop");
    fs::create_dir(&app).expect("a new folder");
    fs::write(app.join("__init__.py"), "").expect("a new file");
    for (path, text) in files {
        let path = app.join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a new folder");
        fs::write(path, text).expect("a new file");
    }
    let project = Project::load(Options { root: folder.path().to_owned(), ..Options::default() }, None);
    let rules: Vec<Rule> =
        RULES.iter().copied().filter(|rule| ["db-index", "meta-indexes"].contains(&rule.name)).collect();
    let found: Vec<String> = registry::propose(&project, &rules)
        .iter()
        .map(|proposal| {
            let model = proposal.model.as_deref().unwrap_or_default();
            let advice = if proposal.safety == Safety::Advice { " (advice)" } else { "" };
            assert_eq!(proposal.changes.is_empty(), proposal.safety == Safety::Advice);
            format!("{model}: {}{advice}", proposal.fields.join(", "))
        })
        .collect();
    assert_eq!(found, expected);
}

const ORDER: &str = r#"
class Customer(models.Model):
    user = models.ForeignKey(User, on_delete=models.CASCADE)
    email = models.EmailField()
    created = models.DateTimeField(auto_now_add=True)


class Order(models.Model):
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="orders")
    buyer = models.ForeignKey(User, on_delete=models.CASCADE)
    status = models.CharField(max_length=10)
    token = models.CharField(max_length=40)
    number = models.CharField(max_length=20, unique=True)
    reference = models.CharField(max_length=20)
    name = models.CharField(max_length=20)
    is_paid = models.BooleanField()
    note = models.TextField()
    created = models.DateTimeField(auto_now_add=True)
    paid_at = models.DateTimeField(null=True)
"#;

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
fn an_index_that_begins_with_the_columns_serves() {
    let models = r#"
class Order(models.Model):
    buyer = models.ForeignKey(User, on_delete=models.CASCADE)
    status = models.CharField(max_length=10)
    token = models.CharField(max_length=40)
    reference = models.CharField(max_length=40)
    code = models.CharField(max_length=40)
    key = models.CharField(max_length=40, db_index=True)
    slug = models.SlugField()
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [models.Index(fields=["token", "created"]), models.Index(fields=["status", "created"])]
        unique_together = [("reference", "status")]
        constraints = [models.UniqueConstraint(fields=["code", "status"], name="code")]
"#;
    check(
        models,
        "
def show(request):
    Order.objects.get(token='x')
    Order.objects.filter(reference='x').count()
    Order.objects.filter(code='x').count()
    Order.objects.filter(key='x').count()
    Order.objects.filter(slug='x').count()
    Order.objects.filter(buyer=1).count()
    Order.objects.filter(pk__gt=1).count()
    return list(Order.objects.filter(status='open').order_by('-created')[:20])
",
        &[],
    );
}

#[test]
fn a_partial_constraint_serves_what_it_holds_alone() {
    let models = r#"
class Invite(models.Model):
    buyer = models.ForeignKey(User, on_delete=models.CASCADE)
    token = models.CharField(max_length=40)
    used = models.BooleanField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["token"], condition=models.Q(used=False), name="once")]
"#;
    check(models, "def show(request):\n    return Invite.objects.get(token='x')\n", &["shop.Invite: token"]);
}

#[test]
fn an_inherited_index_counts_and_a_lost_one_does_not() {
    let models = r#"
class Base(models.Model):
    buyer = models.ForeignKey(User, on_delete=models.CASCADE)
    token = models.CharField(max_length=40)

    class Meta:
        abstract = True
        indexes = [models.Index(fields=["token"])]


class Kept(Base):
    pass


class Lost(Base):
    class Meta:
        verbose_name = "lost"
"#;
    check(
        models,
        "def show(request):\n    Kept.objects.get(token='x')\n    Lost.objects.get(token='x')\n",
        &["shop.Lost: token"],
    );
}

#[test]
fn computed_indexes_are_not_guessed_at() {
    let models = r#"
def made():
    return []


class Invite(models.Model):
    buyer = models.ForeignKey(User, on_delete=models.CASCADE)
    token = models.CharField(max_length=40)

    class Meta:
        indexes = made()
"#;
    check(models, "def show(request):\n    return Invite.objects.get(token='x')\n", &[]);
}

#[test]
fn a_unique_column_beside_leaves_one_row() {
    check(ORDER, "def show(request):\n    return Order.objects.get(number='1', token='x')\n", &[]);
}

#[test]
fn booleans_and_few_values_alone_get_none() {
    check(
        ORDER,
        "def show(request):\n    return list(Order.objects.filter(is_paid=False, status='open'))\n",
        &[],
    );
}

#[test]
fn what_people_set_up_is_short() {
    let models = |name: &str| {
        format!(
            "class {name}(models.Model):\n    user = models.ForeignKey(User, on_delete=models.CASCADE)\n    \
             board = models.CharField(max_length=50)\n    created = models.DateTimeField(auto_now_add=True)\n"
        )
    };
    let views =
        |name: &str| format!("def show(request):\n    return list({name}.objects.filter(board='x'))\n");
    check(&models("Visit"), &views("Visit"), &["shop.Visit: board"]);
    check(&models("TableConfig"), &views("TableConfig"), &["shop.TableConfig: board (advice)"]);
}

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
fn an_index_that_a_migration_makes_by_sql_serves() {
    let models = r#"
from django.contrib.auth.models import User
from django.db import models


class Invite(models.Model):
    by = models.ForeignKey(User, on_delete=models.CASCADE)
    token = models.CharField(max_length=40)
    other_token = models.CharField(max_length=40)
"#;
    let migration = r#"
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = []
    operations = [migrations.RunSQL("CREATE INDEX CONCURRENTLY by_token ON shop_invite (token)")]
"#;
    let views = "from shop.models import Invite\n\n\ndef show(request):\n    Invite.objects.get(token='x')\n    \
                 return Invite.objects.get(other_token='x')\n";
    check_files(
        &[
            ("models.py", models),
            ("views.py", views),
            ("migrations/__init__.py", ""),
            ("migrations/0001_initial.py", migration),
        ],
        &["shop.Invite: other_token"],
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
fn tables_that_do_not_grow_get_none() {
    let models = r#"
class Country(models.Model):
    code = models.CharField(max_length=20)
    name = models.CharField(max_length=50)

    class Meta:
        ordering = ["name"]
"#;
    check(
        models,
        "def show(request):\n    Country.objects.get(code='x')\n    return list(Country.objects.all()[:20])\n",
        &[],
    );
}

#[test]
fn the_rows_of_one_owner_in_order_where_there_are_many() {
    let models = r#"
class Album(models.Model):
    owner = models.ForeignKey(User, on_delete=models.CASCADE)
    created = models.DateTimeField(auto_now_add=True)


class AccessLog(models.Model):
    owner = models.ForeignKey(User, on_delete=models.CASCADE)
    created = models.DateTimeField(auto_now_add=True)
"#;
    check(
        models,
        "
def show(request):
    Album.objects.filter(owner=request.user).order_by('-created').first()
    return list(AccessLog.objects.filter(owner=request.user).order_by('-created')[:10])
",
        &["shop.AccessLog: owner, -created"],
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
fn one_of_two_columns_that_find_the_row_is_enough() {
    let models = r#"
class Ticket(models.Model):
    by = models.ForeignKey(User, on_delete=models.CASCADE)
    ticket_id = models.CharField(max_length=40)
    ticket_key = models.CharField(max_length=40)
    created = models.DateTimeField(auto_now_add=True)
"#;
    let views = r#"
def show(request, ticket):
    return Ticket.objects.get(ticket_id=ticket)


def search(request, ticket, key):
    return list(Ticket.objects.filter(ticket_id=ticket, ticket_key=key))
"#;
    check(models, views, &["shop.Ticket: ticket_id"]);
}

#[test]
fn the_rows_that_a_joining_table_gives_to_one_row_are_few() {
    let models = r#"
class Block(models.Model):
    by = models.ForeignKey(User, on_delete=models.CASCADE)
    block_key = models.CharField(max_length=40)
    created = models.DateTimeField(auto_now_add=True)


class Page(models.Model):
    blocks = models.ManyToManyField(Block)
"#;
    let views = r#"
def show(request, pk, key):
    page = Page.objects.get(pk=pk)
    return page.blocks.get(block_key=key)
"#;
    check(models, views, &[]);
}

#[test]
fn unmanaged_and_proxy_models_and_those_of_packages() {
    let models = r#"
class View(models.Model):
    by = models.ForeignKey(User, on_delete=models.CASCADE)
    token = models.CharField(max_length=40)

    class Meta:
        managed = False


class Invite(models.Model):
    by = models.ForeignKey(User, on_delete=models.CASCADE)
    token = models.CharField(max_length=40)


class Open(Invite):
    class Meta:
        proxy = True
"#;
    check(
        models,
        "
def show(request):
    View.objects.get(token='x')
    User.objects.get(email='x')
    return Open.objects.get(token='x')
",
        &["shop.Invite: token"],
    );
}

#[test]
fn a_table_gets_three_and_the_rest_is_advice() {
    let models = r#"
class Thing(models.Model):
    by = models.ForeignKey(User, on_delete=models.CASCADE)
    a_token = models.CharField(max_length=40)
    b_token = models.CharField(max_length=40)
    c_token = models.CharField(max_length=40)
    d_token = models.CharField(max_length=40)
"#;
    check(
        models,
        "
def show(request):
    Thing.objects.get(a_token='x')
    Thing.objects.get(b_token='x')
    Thing.objects.get(c_token='x')
    Thing.objects.get(d_token='x')
",
        &[
            "shop.Thing: a_token",
            "shop.Thing: b_token",
            "shop.Thing: c_token",
            "shop.Thing: d_token (advice)",
        ],
    );
}

#[test]
fn conditions_that_are_not_known_may_find_the_rows() {
    check(ORDER, "def show(request, **more):\n    return Order.objects.get(token='x', **more)\n", &[]);
}

#[track_caller]
fn check_redundant(models: &str, views: &str, expected: &[&str]) {
    let models =
        format!("from django.contrib.auth.models import User\nfrom django.db import models\n{models}");
    let views = format!("from shop.models import *\n{views}");
    let folder = tempfile::tempdir().expect("a temporary folder");
    fs::write(folder.path().join("requirements.txt"), "Django==4.2.1\n").expect("a new file");
    let app = folder.path().join("shop");
    fs::create_dir(&app).expect("a new folder");
    for (path, text) in [("__init__.py", ""), ("models.py", &models), ("views.py", &views)] {
        fs::write(app.join(path), text).expect("a new file");
    }
    let project = Project::load(Options { root: folder.path().to_owned(), ..Options::default() }, None);
    let rules: Vec<Rule> = RULES
        .iter()
        .copied()
        .filter(|rule| ["redundant-index", "index-together"].contains(&rule.name))
        .collect();
    let found: Vec<String> = registry::propose(&project, &rules)
        .iter()
        .map(|it| format!("{} {:?}: {}", it.rule, it.safety, it.fields.join(", ")))
        .collect();
    assert_eq!(found, expected);
}

#[test]
fn an_index_that_begins_another_is_redundant() {
    check_redundant(
        r#"
class Order(models.Model):
    status = models.CharField(max_length=10)
    code = models.CharField(max_length=10, db_index=True)
    created = models.DateTimeField(db_index=True)

    class Meta:
        indexes = [
            models.Index(fields=["status"], name="by_status"),
            models.Index(fields=["status", "created"], name="by_both"),
            models.Index(fields=["-created", "status"], name="by_time"),
            models.Index(fields=["code"], name="open", condition=models.Q(status="open")),
        ]
"#,
        "",
        &["redundant-index Unsafe: created", "redundant-index Unsafe: status"],
    );
}

#[test]
fn opposite_directions_are_another_order() {
    check_redundant(
        r#"
class Order(models.Model):
    status = models.CharField(max_length=10)
    number = models.IntegerField()
    created = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["status", "-created"], name="one"),
            models.Index(fields=["status", "created", "number"], name="other"),
        ]
"#,
        "",
        &[],
    );
}

#[test]
fn the_index_of_a_text_field_serves_beginnings() {
    check_redundant(
        r#"
class Order(models.Model):
    code = models.CharField(max_length=10, db_index=True)
    number = models.IntegerField()

    class Meta:
        indexes = [models.Index(fields=["code", "number"], name="both")]
"#,
        "def show(request):\n    return list(Order.objects.filter(code__startswith='x'))\n",
        &[],
    );
}

#[test]
fn the_index_of_a_foreign_key_that_begins_a_unique_constraint() {
    check_redundant(
        r#"
class Membership(models.Model):
    user = models.ForeignKey(User, on_delete=models.CASCADE)
    name = models.CharField(max_length=10)
    created = models.DateTimeField(auto_now_add=True)

    class Meta:
        unique_together = [("user", "name")]


class Kind(models.Model):
    user = models.ForeignKey(User, on_delete=models.CASCADE)
    name = models.CharField(max_length=10)

    class Meta:
        unique_together = [("user", "name")]
"#,
        "def join(request):\n    Membership.objects.create(user=request.user, name='x')\n",
        &["redundant-index Unsafe: user"],
    );
}

#[test]
fn index_together_becomes_indexes() {
    check_redundant(
        r#"
class Order(models.Model):
    status = models.CharField(max_length=10)
    created = models.DateTimeField()

    class Meta:
        index_together = ("status", "created")
"#,
        "",
        &["index-together Safe: status, created"],
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
fn the_rows_that_are_still_in_a_state_which_others_leave() {
    let place = "def place(request):\n    Order.objects.create(buyer=request.user)\n\n\n";
    let open = "def open_orders(request):\n    return list(Order.objects.filter(is_paid=False).order_by('customer'))\n\n\n";
    let pay = "def pay(request, pk):\n    Order.objects.filter(pk=pk).update(is_paid=True)\n";
    check(ORDER, &format!("{place}{open}{pay}"), &["shop.Order: is_paid (advice)"]);
    // Nothing sets it, so nothing says that few are left.
    check(ORDER, &format!("{place}{open}"), &[]);
    // The others are the many.
    let paid = open.replace("False", "True");
    check(ORDER, &format!("{place}{paid}{pay}"), &[]);
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

#[test]
fn an_index_that_sql_takes_away_again_serves_no_more() {
    let models = "
from django.db import models


class Invite(models.Model):
    token = models.CharField(max_length=40)
    title = models.CharField(max_length=40)
    by = models.ForeignKey('auth.User', on_delete=models.CASCADE)
";
    let made = "
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = []
    operations = [
        migrations.RunSQL(
            [('CREATE UNIQUE INDEX IF NOT EXISTS \"by_token\" ON \"shop_invite\" (\"token\")', None)],
            reverse_sql=['DROP INDEX by_token'],
        ),
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL('CREATE INDEX by_title ON shop_invite USING btree (title);')],
        ),
    ]
";
    let taken = "
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [('shop', '0001_initial')]
    operations = [migrations.RunSQL('DROP INDEX CONCURRENTLY IF EXISTS \"by_title\"')]
";
    let views = "from shop.models import Invite\n\n\ndef show(request):\n    Invite.objects.get(token='x')\n    \
                 return Invite.objects.get(title='x')\n\n\n\
                 def make(request):\n    Invite.objects.create(token='x')\n";
    let files = [
        ("models.py", models),
        ("views.py", views),
        ("migrations/__init__.py", ""),
        ("migrations/0001_initial.py", made),
    ];
    check_files(&files, &[]);
    let later: Vec<(&str, &str)> = files.into_iter().chain([("migrations/0002_drop.py", taken)]).collect();
    check_files(&later, &["shop.Invite: title"]);
}

/// What a person rejects leaves no trace in the migration: its name, its number and its operations are those of the rest.
#[test]
fn a_migration_is_written_from_what_is_approved() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let field = "models.CharField(max_length=40)";
    let models = format!(
        "from django.db import models\n\n\nclass Invite(models.Model):\n    token = {field}\n    slot_token = {field}\n"
    );
    let initial = format!(
        "# Generated by Django 5.2\n\nfrom django.db import migrations, models\n\n\n\
         class Migration(migrations.Migration):\n\n    dependencies = []\n\n    operations = [\n        \
         migrations.CreateModel(\n            name='Invite',\n            fields=[\n                \
         ('id', models.AutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),\n                \
         ('token', {field}),\n                ('slot_token', {field}),\n            ],\n        ),\n    ]\n"
    );
    let views = "from shop.models import Invite\n\n\ndef show(request):\n    Invite.objects.get(slot_token='x')\n    \
                 Invite.objects.create()\n    return Invite.objects.get(token='x')\n";
    for (path, text) in [
        ("shop/__init__.py", ""),
        ("shop/models.py", &models),
        ("shop/views.py", views),
        ("shop/migrations/__init__.py", ""),
        ("shop/migrations/0001_initial.py", &initial),
        ("settings.py", "INSTALLED_APPS = ['shop']\nDEFAULT_AUTO_FIELD = 'django.db.models.AutoField'\n"),
        ("manage.py", "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'settings')\n"),
    ] {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a new folder");
        fs::write(path, text).expect("a new file");
    }
    let options =
        Options { root: folder.path().to_owned(), django: Some("5.2".to_owned()), ..Options::default() };
    let project = Project::load(options, None);
    let rules: Vec<Rule> = RULES.iter().copied().filter(|rule| rule.name == "db-index").collect();
    let proposals = registry::propose(&project, &rules);
    let written = |names: &[&str]| -> Vec<(String, String)> {
        let approved: Vec<_> = proposals.iter().filter(|it| names.contains(&it.fields[0].as_str())).collect();
        assert_eq!(approved.len(), names.len(), "each is proposed");
        let rendering = tuneup_transforms::render::render(&project, &approved);
        assert_eq!(rendering.withheld, []);
        let files = rendering.files.into_iter().filter(|file| file.path.contains("migrations"));
        files.map(|file| (file.path, String::from_utf8(file.after).expect("UTF-8"))).collect()
    };
    let paths = |files: &[(String, String)]| files.iter().map(|it| it.0.clone()).collect::<Vec<_>>();
    let both = written(&["slot_token", "token"]);
    assert_eq!(paths(&both), ["shop/migrations/0002_invite_shop_invite_slot_to_fbc814_idx_and_more.py"]);
    let one = written(&["token"]);
    assert_eq!(paths(&one), ["shop/migrations/0002_invite_shop_invite_token_1914ec_idx.py"]);
    assert!(both[0].1.contains("slot_token") && !one[0].1.contains("slot_token"), "{}", one[0].1);
    assert_eq!(written(&[]), []);
}
