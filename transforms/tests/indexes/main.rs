//! Which indexes are proposed, and which are not: small projects in, proposals out.

mod asked;
mod growing;
mod kinds;
mod redundant;
mod serving;
mod written;

use std::fs;

use tuneup_django::{Options, Project};
use tuneup_transforms::Safety;
use tuneup_transforms::registry::{self, RULES, Rule};

/// Checks the proposals of indexes for a project of these models and views: model, fields, and whether it is advice.
#[track_caller]
pub(crate) fn check(models: &str, views: &str, expected: &[&str]) {
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

/// The same of a project of these files.
#[track_caller]
pub(crate) fn check_files(files: &[(&str, &str)], expected: &[&str]) {
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

/// Models of a shop.
pub(crate) const ORDER: &str = r#"
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
