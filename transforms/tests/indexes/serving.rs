//! Which indexes a table has already, and what they serve.

use crate::{check, check_files};

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
