//! Indexes that others serve for, and `index_together`.

use std::fs;

use tuneup_django::{Options, Project};
use tuneup_transforms::registry::{self, RULES, Rule};

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
