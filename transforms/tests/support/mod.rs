//! A small project of a shop, and what is proposed for it.

use std::fs;

use tuneup_django::{Options, Project};
use tuneup_transforms::proposal::Proposal;
use tuneup_transforms::registry::{self, RULES};

/// The models of every project.
pub(crate) const MODELS: &str = r#"
from django.db import models
from django.utils.functional import cached_property


class Country(models.Model):
    name = models.CharField(max_length=50)


class Author(models.Model):
    name = models.CharField(max_length=50)
    country = models.ForeignKey(Country, on_delete=models.CASCADE)


class Tag(models.Model):
    name = models.CharField(max_length=50)


class Book(models.Model):
    title = models.CharField(max_length=50)
    author = models.ForeignKey(Author, on_delete=models.CASCADE, related_name="books")
    editor = models.ForeignKey(Author, null=True, on_delete=models.CASCADE, related_name="+")
    tags = models.ManyToManyField(Tag)

    @cached_property
    def place(self):
        return self.author.country.name


class Note(models.Model):
    book = models.ForeignKey(Book, on_delete=models.CASCADE, related_name="notes")
    user = models.ForeignKey(Author, on_delete=models.CASCADE)

    def __str__(self):
        return f"{self.user.name}"
"#;

/// A project of these files beside its models.
pub(crate) struct Shop {
    folder: tempfile::TempDir,
    /// What was read of it.
    pub(crate) project: Project,
}

impl Shop {
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let app = folder.path().join("shop");
        fs::create_dir(&app).expect("a new folder");
        fs::write(app.join("__init__.py"), "").expect("a new file");
        fs::write(app.join("models.py"), MODELS).expect("a new file");
        for (path, text) in files {
            let path = app.join(path);
            fs::create_dir_all(path.parent().expect("a folder")).expect("a new folder");
            fs::write(path, text).expect("a new file");
        }
        let project = Project::load(Options { root: folder.path().to_owned(), ..Options::default() }, None);
        Self { folder, project }
    }

    /// What is proposed for it.
    pub(crate) fn proposals(&self) -> Vec<Proposal> {
        registry::propose(&self.project, RULES)
    }

    /// The text of a file, by its path from the root.
    pub(crate) fn text(&self, path: &str) -> String {
        fs::read_to_string(self.folder.path().join(path)).expect("a file of the project")
    }
}

/// The proposals for a project of these files beside its models: safety, the query's line, and what it loads.
#[track_caller]
pub(crate) fn check(files: &[(&str, &str)], expected: &[&str]) {
    let shop = Shop::new(files);
    let found: Vec<String> = shop
        .proposals()
        .iter()
        .map(|proposal| {
            let file = shop.text(&proposal.place.path);
            let line = file[..usize::from(proposal.place.range().start())].matches('\n').count();
            let line = file.lines().nth(line).unwrap_or_default().trim();
            format!("{:?}: {line}: {}", proposal.safety, proposal.fields.join(", "))
        })
        .collect();
    assert_eq!(found, expected);
}
