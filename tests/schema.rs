//! The schema that is read off source, held against the models that real Django makes of it.

#[path = "judge/environments.rs"]
mod environments;

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;
use tuneup_django::apps::Apps;
use tuneup_django::schema::{ModelAttribute, ModelId, Schema, Truth};
use tuneup_python::{LoadOptions, Project, Symbol};

use environments::environments;

fn read(root: &Path) -> (Project, Schema) {
    let options = LoadOptions { external_roots: &["django"], ..LoadOptions::new(root) };
    let project = Project::load(&options);
    let apps = Apps::find(&project);
    let schema = Schema::build(&project, &apps);
    (project, schema)
}

/// What is read differently from what Django makes, under every version.
fn differences(root: &Path, settings: &str) -> Vec<String> {
    let (project, schema) = read(root);
    let mut found = Vec::new();
    for environment in environments() {
        let answer = environment.run("schema.py", &json!({"root": root, "settings": settings}));
        let models = answer["models"].as_array().expect("a list of models");
        assert!(models.len() > 10, "Django has its own models at least");
        for model in models {
            let label = model["label"].as_str().expect("a label");
            let mut differ = |what: &str, ours: &Value, djangos: &Value| {
                if ours != djangos {
                    found.push(format!(
                        "{label} under {}: {what}: read {ours}, is {djangos}",
                        environment.django
                    ));
                }
            };
            let Some(id) = schema.model_by_label(label) else {
                differ("model", &Value::Null, &json!(label));
                continue;
            };
            compare(&project, &schema, id, model, &mut differ);
        }
        // Nothing but what Django has.
        for id in schema.models() {
            let model = schema.model(id);
            let label = schema.label(id);
            if model.class().is_some()
                && !model.is_abstract()
                && !model.is_swapped()
                && !models.iter().any(|known| known["label"] == *label)
            {
                found.push(format!("{label} is read, and no model under {}", environment.django));
            }
        }
    }
    found
}

fn compare(
    project: &Project,
    schema: &Schema,
    id: ModelId,
    model: &Value,
    differ: &mut dyn FnMut(&str, &Value, &Value),
) {
    let this = schema.model(id);
    differ("proxy", &json!(this.is_proxy()), &model["proxy"]);
    if !this.is_proxy() {
        let parents: Vec<String> = this.parents().iter().map(|&parent| schema.label(parent)).collect();
        differ("parents", &json!(parents), &model["parents"]);
        let columns: Vec<&str> = this
            .fields()
            .iter()
            .map(|&field| schema.field(field))
            .filter(|field| field.is_column())
            .map(|field| field.name().as_str())
            .collect();
        differ("own columns, in order", &json!(columns), &model["local_fields"]);
    }
    differ("table", &json!(schema.db_table(project, id)), &model["db_table"]);
    let names: Vec<&str> = this.managers().iter().map(|manager| manager.name().as_str()).collect();
    differ("managers", &json!(names), &model["managers"]);
    differ("default manager", &json!(schema.default_manager_name(id).as_str()), &model["default_manager"]);

    let fields = model["fields"].as_array().expect("a list of fields");
    let sorted = |mut names: Vec<String>| {
        names.sort();
        json!(names)
    };
    let names = |reverse: bool| {
        let wanted = fields.iter().filter(|field| field["reverse"] == reverse);
        sorted(wanted.map(|field| field["name"].as_str().expect("a name").to_owned()).collect())
    };
    let forward = schema.all_fields(id).into_iter().map(|field| schema.field(field).name().to_string());
    differ("fields", &sorted(forward.collect()), &names(false));
    let reverse = schema.reverse_relations(id).into_iter();
    let reverse = reverse.map(|relation| schema.relation(relation).query_name().to_string());
    differ("reverse relations", &sorted(reverse.collect()), &names(true));

    for field in fields {
        let name = field["name"].as_str().expect("a name");
        let mut differ = |what: &str, ours: Value, djangos: &str| {
            differ(&format!("{name}: {what}"), &ours, &field[djangos])
        };
        let relation = match field["reverse"] == true {
            true => schema.relation_by_query_name(id, Symbol::new(name)),
            false => {
                let Some(known) = schema.field_named(id, Symbol::new(name)) else { continue };
                let known = schema.field(known);
                let says = |truth: Truth| match truth {
                    Truth::Yes => json!(true),
                    Truth::No => json!(false),
                    Truth::Unknown => json!("unknown"),
                };
                if known.is_column() {
                    differ("class", json!(known.class().as_str()), "class");
                    differ("null", says(known.null()), "null");
                    differ("unique", says(known.unique()), "unique");
                    differ("index", says(known.db_index()), "db_index");
                    differ("primary key", says(known.primary_key()), "primary_key");
                    differ("column", json!(known.column().map(Symbol::as_str)), "column");
                }
                known.relation()
            }
        };
        let Some(relation) = relation.map(|relation| schema.relation(relation)) else {
            if field["reverse"] == false {
                differ("target", Value::Null, "target");
            }
            continue;
        };
        differ("target", json!(relation.target().map(|target| schema.label(target))), "target");
        differ("to many", json!(relation.to_many()), "to_many");
        let accessor = relation.accessor();
        differ("accessor", json!(accessor.map(Symbol::as_str)), "accessor");
        if let Some(accessor) = accessor {
            let attribute = schema.attribute(id, accessor);
            differ("attribute", json!(attribute.is_some()), "has_attribute");
            if let Some(attribute) = attribute {
                differ("gives many", json!(matches!(attribute, ModelAttribute::ToMany(_))), "to_many");
            }
        }
    }
}

#[test]
fn the_fixture_is_read_as_django_makes_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/newsroom");
    assert_eq!(differences(&root, "newsroom.settings.dev"), Vec::<String>::new());
}

const ODD: &[(&str, &str)] = &[
    ("conf/__init__.py", ""),
    (
        "conf/settings.py",
        r#"
SECRET_KEY = "x"
USE_TZ = True
CONTRIB = ["django.contrib.auth", "django.contrib.contenttypes"]
LOCAL = ("people", "library.apps.Library")
INSTALLED_APPS = CONTRIB + [*LOCAL, "shelves.things", "django.contrib.flatpages", "django.contrib.sites"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
AUTH_USER_MODEL = "people.Person"
SHELF_MODEL = "things.Shelf"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
SITE_ID = 1
"#,
    ),
    ("people/__init__.py", ""),
    (
        "people/models.py",
        r#"
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models


class PersonManager(BaseUserManager):
    pass


class Person(AbstractBaseUser, PermissionsMixin):
    email = models.EmailField(unique=True)
    friends = models.ManyToManyField("self")
    follows = models.ManyToManyField("self", symmetrical=False, related_name="followers")
    blocked = models.ManyToManyField("self", symmetrical=False, through="Block")
    USERNAME_FIELD = "email"
    objects = PersonManager()


class Block(models.Model):
    by = models.ForeignKey(Person, models.CASCADE, related_name="+")
    of = models.ForeignKey("people.Person", models.CASCADE, related_name="blocks_of")
"#,
    ),
    ("library/__init__.py", ""),
    (
        "library/apps.py",
        r#"
from django.apps import AppConfig


class Base(AppConfig):
    default = False
    name = "library"


class Library(Base):
    default = True
    label = "lib"
    default_auto_field = "django.db.models.AutoField"
"#,
    ),
    ("library/models/__init__.py", "from .books import *\nfrom .loans import Loan, SHELF, Copy\n"),
    (
        "library/models/base.py",
        r#"
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.db import models


class Recent(models.QuerySet):
    def recent(self):
        return self.order_by("-pk")


class ActiveManager(models.Manager.from_queryset(Recent)):
    pass


class Plain:
    notes = "none"
    lost = None


class Stamped(models.Model):
    created = models.DateTimeField(auto_now_add=True, db_index=True)
    lost = models.BooleanField(default=False)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="%(app_label)s_%(class)s_made",
        related_query_name="%(class)s_by",
    )

    class Meta:
        abstract = True
        ordering = ["created"]


class Named(models.Model):
    name = models.CharField(max_length=20)
    slug = models.SlugField()
    named_by = models.ForeignKey(get_user_model(), models.SET_NULL, null=True)
    marks = GenericRelation("lib.Mark", related_query_name="%(class)ss")
    active = ActiveManager()
    everything = models.Manager()

    class Meta:
        abstract = True
        default_related_name = "%(class)s_things"


class Upper(models.CharField):
    pass


class Link(models.ForeignKey):
    def __init__(self, to, on_delete=models.CASCADE, **kwargs):
        super().__init__(to, on_delete, **kwargs)


class MarkQuerySet(models.QuerySet):
    pass


MarkManager = models.Manager.from_queryset(MarkQuerySet)


class Mark(models.Model):
    content_type = models.ForeignKey("contenttypes.ContentType", models.CASCADE)
    object_id = models.PositiveIntegerField()
    of = GenericForeignKey()
    objects = MarkManager()
"#,
    ),
    (
        "library/models/books.py",
        r#"
from django.db import models

from .base import *
from .base import Stamped as S


class Book(Plain, S, Named):
    title = Upper(max_length=5, null=True)
    slug = None
    sequel = models.OneToOneField("self", models.SET_NULL, null=True)
    shelf = models.ForeignKey("things.Shelf", models.CASCADE, db_column="sh")

    class Meta(S.Meta):
        db_table = "all_books"


class Novel(Book):
    genre = models.CharField(max_length=3, unique=True)
    translations = models.ManyToManyField("Novel", related_name="originals", related_query_name="origin")


class Comic(Book):
    whole = models.OneToOneField(Book, models.CASCADE, parent_link=True, primary_key=True, related_name="as_comic")


class Leaflet(Named):
    class Meta:
        default_manager_name = "everything"


class OldNovel(Novel):
    objects = Recent.as_manager()

    class Meta:
        proxy = True
        ordering = ["pk"]


class Trilogy(OldNovel):
    parts = models.PositiveIntegerField()


class Report(models.Model):
    novel = models.ForeignKey(OldNovel, models.CASCADE)
    about = models.ManyToManyField(OldNovel, related_name="reports_about")
    key = models.UUIDField(primary_key=True)

    class Meta:
        app_label = "people"
        base_manager_name = "objects"


class Wide(Leaflet, Report):
    pass
"#,
    ),
    (
        "library/models/loans.py",
        r#"
from django.conf import settings
from django.db import models

from .base import Link, Named
from .books import Book, Novel

SHELF = getattr(settings, "SHELF_MODEL", "things.Box")


class Loan(Named):
    book = Link(Book, related_name="%(class)s_of_%(app_label)s", null=False, unique=False, db_index=True, primary_key=False)
    novel = models.OneToOneField(Novel, on_delete=models.CASCADE, null=True, related_query_name="lent")
    shelf = models.ForeignKey(SHELF, models.CASCADE)
    same = models.ForeignKey(settings.SHELF_MODEL, models.CASCADE, related_name="same_loans")

    class Meta(Named.Meta):
        default_related_name = "loans"


if Loan:
    class Copy(models.Model):
        book = models.ForeignKey("Book", models.CASCADE, db_index=False)
"#,
    ),
    ("shelves/__init__.py", ""),
    ("shelves/things/__init__.py", ""),
    (
        "shelves/things/models.py",
        r#"
from django.db import models


class Shelf(models.Model):
    class Meta:
        swappable = "SHELF_MODEL"


class Box(models.Model):
    class Meta:
        swappable = "SHELF_MODEL"

    inside = models.ForeignKey(Shelf, models.CASCADE)


class Case(models.Model):
    shelves = models.ManyToManyField(Shelf)
"#,
    ),
];

#[test]
fn odd_forms_are_read_as_django_makes_them() {
    let folder = TempDir::with_prefix("tuneup-schema-").expect("temporary folders can be made");
    for (path, text) in ODD {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().expect("it is below the folder")).expect("folders can be made");
        fs::write(path, text).expect("files can be written");
    }
    assert_eq!(differences(folder.path(), "conf.settings"), Vec::<String>::new());
}
