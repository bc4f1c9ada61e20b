//! What a class is to Django, by its method resolution order: a model, a field, a manager.

use tuneup_python::flow::{ArgumentKind, ClassId, Expr, ExprKind};
use tuneup_python::{Base, ClassRef, Entity, FileId, Symbol};

use super::RelationKind;
use super::build::Builder;
use super::bundled::{self, BundledModel};
use crate::project::is_aside;

/// A class outside of all files that are read, as far as models are concerned.
#[derive(Clone, Copy)]
pub(super) enum Outside {
    /// `django.db.models.Model`
    Model,
    /// One that is in the table.
    Bundled(&'static BundledModel),
    /// One that adds nothing to a model.
    Plain,
    /// Any other.
    Unknown,
}

/// What a class outside is.
pub(super) fn outside(dotted: Symbol) -> Outside {
    let dotted = dotted.as_str();
    if matches!(
        dotted,
        "django.db.models.Model" | "django.db.models.base.Model" | "django.contrib.gis.db.models.Model"
    ) {
        return Outside::Model;
    }
    if let Some(bundled) = bundled::find(dotted) {
        return Outside::Bundled(bundled);
    }
    let plain = ["builtins.", "abc.", "typing.", "typing_extensions.", "collections.", "enum."];
    // Django's own models are all in the table.
    let is_djangos = dotted.starts_with("django.");
    if is_djangos
        || plain.iter().any(|package| dotted.starts_with(package))
        || bundled::is_plain_mixin(dotted)
    {
        return Outside::Plain;
    }
    Outside::Unknown
}

/// Whether a dotted name is that of the class that all models extend: Django's, by any of its names.
pub(crate) fn is_model_base(dotted: Symbol) -> bool {
    matches!(outside(dotted), Outside::Model)
}

/// What a class makes when it is called in the body of a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Makes {
    /// A field, of this Django class.
    Field(FieldClass),
    /// A manager.
    Manager,
    /// Neither.
    Nothing,
    /// It cannot be told.
    Unknown,
}

/// A Django field class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FieldClass {
    /// Its name.
    pub(super) name: &'static str,
    /// The relation that it makes.
    pub(super) kind: Option<RelationKind>,
}

impl FieldClass {
    pub(super) fn of(name: &'static str) -> Self {
        let kind = match name {
            "ForeignKey" => Some(RelationKind::ForeignKey),
            "OneToOneField" => Some(RelationKind::OneToOne),
            "ManyToManyField" => Some(RelationKind::ManyToMany),
            "GenericForeignKey" => Some(RelationKind::Generic),
            "GenericRelation" => Some(RelationKind::GenericRelation),
            bundled::TAGGABLE | bundled::TAGS => Some(RelationKind::ManyToMany),
            _ => None,
        };
        Self { name, kind }
    }
}

/// What a class outside makes.
fn made_outside(dotted: Symbol) -> Makes {
    let text = dotted.as_str();
    if text.starts_with("django.") {
        let (module, name) = text.rsplit_once('.').unwrap_or(("", text));
        let of_models = module.starts_with("django.db.models")
            || module.starts_with("django.contrib.postgres.fields")
            || module.starts_with("django.contrib.gis.db.models")
            || module.starts_with("django.contrib.contenttypes")
            || module.starts_with("django.contrib.postgres.search");
        if of_models && let Some(field) = bundled::django_field(name) {
            return Makes::Field(FieldClass::of(field));
        }
        return match text {
            "django.db.models.Manager"
            | "django.db.models.manager.Manager"
            | "django.db.models.manager.BaseManager"
            | "django.contrib.gis.db.models.Manager"
            | "django.contrib.auth.models.UserManager"
            | "django.contrib.auth.base_user.BaseUserManager"
            | "django.contrib.auth.models.BaseUserManager"
            | "django.contrib.auth.models.GroupManager"
            | "django.contrib.auth.models.PermissionManager"
            | "django.contrib.contenttypes.models.ContentTypeManager"
            | "django.contrib.sites.models.SiteManager"
            | "django.contrib.sites.managers.CurrentSiteManager" => Makes::Manager,
            // What else Django offers in a class body: constraints, choices, functions, validators.
            _ => Makes::Nothing,
        };
    }
    if text.starts_with("builtins.") {
        return Makes::Nothing;
    }
    if let Some(field) = bundled::third_party_field(text) {
        return Makes::Field(FieldClass::of(field));
    }
    if bundled::is_third_party_manager(text) { Makes::Manager } else { Makes::Unknown }
}

/// Classes that make up a manager, and whether all of them are known.
pub(super) type ManagerClasses = (Vec<ClassRef>, bool);

impl Builder<'_> {
    /// Whether a class is a model: its bases reach `Model`, or one that is in the table. Of a class with a base that is
    /// not read, its own model fields say it.
    pub(super) fn is_model_class(&self, class: ClassRef) -> bool {
        if let Some(&known) = self.is_model.borrow().get(&class) {
            return known;
        }
        let is_model = self.find_is_model(class);
        self.is_model.borrow_mut().insert(class, is_model);
        is_model
    }

    fn find_is_model(&self, class: ClassRef) -> bool {
        if self.project.facts(class.file).class(class.id).bases.is_empty() {
            return false;
        }
        let (mut unknown, mut other) = (false, false);
        for base in self.project.mro(class) {
            match base {
                Base::External(dotted) => match outside(*dotted) {
                    Outside::Model | Outside::Bundled(_) => return true,
                    Outside::Unknown => unknown = true,
                    // A form, a function of the database: its class is another one.
                    Outside::Plain if dotted.as_str().starts_with("django.") => other = true,
                    Outside::Plain => {}
                },
                Base::Value(file, value) if self.is_called_model(*file, *value) => return true,
                Base::Unknown | Base::Value(..) => unknown = true,
                Base::Class(_) => {}
            }
        }
        unknown && !other && self.has_model_fields(class)
    }

    fn has_model_fields(&self, class: ClassRef) -> bool {
        let facts = self.project.facts(class.file);
        self.project.own_members(class).any(|binding| {
            let Some(value) = binding.value else { return false };
            let ExprKind::Call(callee, _) = facts.kind(value) else { return false };
            match self.entity_of(class.file, callee) {
                Entity::External(dotted) => {
                    dotted.as_str().starts_with("django.") && matches!(made_outside(dotted), Makes::Field(_))
                }
                _ => false,
            }
        })
    }

    /// Whether every base of a class is known.
    pub(super) fn bases_are_known(&self, class: ClassRef) -> bool {
        self.project.mro(class).iter().all(|base| match base {
            Base::Class(_) => true,
            Base::External(dotted) => !matches!(outside(*dotted), Outside::Unknown),
            Base::Value(file, value) => self.is_called_model(*file, *value),
            Base::Unknown => false,
        })
    }

    /// Whether a value is the model of users as `get_user_model()` gives it, which classes may extend as any other.
    fn is_called_model(&self, file: FileId, value: Expr) -> bool {
        let ExprKind::Call(callee, _) = self.project.facts(file).kind(value) else { return false };
        match self.entity_of(file, callee) {
            Entity::External(dotted) => {
                matches!(
                    dotted.as_str(),
                    "django.contrib.auth.get_user_model" | "django.contrib.auth.models.get_user_model"
                )
            }
            _ => false,
        }
    }

    /// The project's own model classes, in order of files and places. Those of tests and migrations are none, nor those
    /// that a function makes.
    pub(super) fn own_model_classes(&self) -> Vec<ClassRef> {
        let mut found = Vec::new();
        for file in self.project.file_ids().filter(|&file| !is_aside(&self.project.file(file).path)) {
            let facts = self.project.facts(file);
            for (number, class) in (0..).zip(&facts.classes) {
                let class_ref = ClassRef { file, id: ClassId(number) };
                if class.outer.is_none() && class.parent.is_none() && self.is_model_class(class_ref) {
                    found.push(class_ref);
                }
            }
        }
        found
    }

    /// What a name or a chain of attributes in a class body means. Within a file, one spelling has one meaning.
    pub(super) fn entity_of(&self, file: FileId, expr: Expr) -> Entity {
        let facts = self.project.facts(file);
        let key = match facts.kind(expr) {
            ExprKind::Global(name) => (file, name, None),
            ExprKind::Attribute(base, name) => match facts.kind(base) {
                ExprKind::Global(base) => (file, base, Some(name)),
                _ => return self.project.entity_of(file, expr),
            },
            _ => return self.project.entity_of(file, expr),
        };
        if let Some(&known) = self.entities.borrow().get(&key) {
            return known;
        }
        let entity = self.project.entity_of(file, expr);
        self.entities.borrow_mut().insert(key, entity);
        entity
    }

    /// What a class makes when it is called.
    pub(super) fn makes(&self, class: ClassRef) -> Makes {
        if let Some(&known) = self.made.borrow().get(&class) {
            return known;
        }
        let mut made = Makes::Nothing;
        for base in self.project.mro(class) {
            let of_base = match *base {
                Base::Class(_) => continue,
                Base::External(dotted) => made_outside(dotted),
                Base::Value(file, value) => match self.queryset_manager(file, value) {
                    Some(_) => Makes::Manager,
                    None => Makes::Unknown,
                },
                Base::Unknown => Makes::Unknown,
            };
            match of_base {
                Makes::Field(_) | Makes::Manager => {
                    made = of_base;
                    break;
                }
                Makes::Unknown => made = Makes::Unknown,
                Makes::Nothing => {}
            }
        }
        self.made.borrow_mut().insert(class, made);
        made
    }

    /// What calling an entity makes, and its class where that is read.
    pub(super) fn made_by(&self, entity: Entity) -> (Makes, Option<ClassRef>) {
        match entity {
            Entity::Class(class) => (self.makes(class), Some(class)),
            Entity::External(dotted) => (made_outside(dotted), None),
            Entity::Builtin(_) | Entity::Module(_) | Entity::Namespace(_) => (Makes::Nothing, None),
            Entity::Value(file, value) => match self.queryset_manager(file, value) {
                Some(_) => (Makes::Manager, None),
                None => (Makes::Unknown, None),
            },
            Entity::Function(_) | Entity::Unknown => (Makes::Unknown, None),
        }
    }

    /// The classes of `Manager.from_queryset(QuerySet)`.
    pub(super) fn queryset_manager(&self, file: FileId, value: Expr) -> Option<ManagerClasses> {
        // A class can be made of itself, in a file that Python would refuse.
        let depth = self.depth.get();
        if depth > 8 {
            return None;
        }
        self.depth.set(depth + 1);
        let found = self.find_queryset_manager(file, value);
        self.depth.set(depth);
        found
    }

    fn find_queryset_manager(&self, file: FileId, value: Expr) -> Option<ManagerClasses> {
        let facts = self.project.facts(file);
        let ExprKind::Call(callee, arguments) = facts.kind(value) else { return None };
        let ExprKind::Attribute(manager, name) = facts.kind(callee) else { return None };
        if name != "from_queryset" {
            return None;
        }
        let (mut classes, mut is_known) = self.manager_class(self.entity_of(file, manager));
        let queryset = facts.arguments(arguments).iter().find(|argument| match argument.kind {
            ArgumentKind::Positional => true,
            ArgumentKind::Keyword(name) => name == "queryset_class",
            _ => false,
        });
        match queryset.map(|argument| self.entity_of(file, argument.value)) {
            Some(Entity::Class(queryset)) => {
                is_known &= self.is_read(queryset);
                classes.push(queryset);
            }
            Some(Entity::External(dotted)) if dotted.as_str().starts_with("django.") => {}
            _ => is_known = false,
        }
        Some((classes, is_known))
    }

    /// The classes of a manager's class: itself, and the querysets that it takes methods of.
    pub(super) fn manager_class(&self, entity: Entity) -> ManagerClasses {
        match entity {
            Entity::Class(class) => {
                let mut classes = vec![class];
                let mut is_known = true;
                for base in self.project.mro(class) {
                    match *base {
                        Base::Class(_) => {}
                        Base::External(dotted) => is_known &= is_djangos(dotted),
                        Base::Value(file, value) => match self.queryset_manager(file, value) {
                            Some((more, known)) => {
                                is_known &= known;
                                classes.extend(more);
                            }
                            None => is_known = false,
                        },
                        Base::Unknown => is_known = false,
                    }
                }
                (classes, is_known)
            }
            Entity::External(dotted) => (Vec::new(), is_djangos(dotted)),
            Entity::Value(file, value) => self.queryset_manager(file, value).unwrap_or_default(),
            _ => (Vec::new(), false),
        }
    }

    /// Whether all bases of a class are read, or Django's own.
    pub(super) fn is_read(&self, class: ClassRef) -> bool {
        self.project.mro(class).iter().all(|base| match base {
            Base::Class(_) => true,
            Base::External(dotted) => is_djangos(*dotted),
            Base::Value(..) | Base::Unknown => false,
        })
    }
}

fn is_djangos(dotted: Symbol) -> bool {
    let dotted = dotted.as_str();
    dotted.starts_with("django.") || dotted.starts_with("builtins.") || dotted.starts_with("typing.")
}
