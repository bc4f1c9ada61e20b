//! What the body of a model's class declares: fields and managers, with their options.

use rustc_hash::{FxHashMap, FxHashSet};
use tuneup_python::flow::{ArgumentKind, Expr, ExprKind};
use tuneup_python::{Base, ClassRef, Entity, FileId, Symbol};

use super::build::Builder;
use super::bundled::BundledField;
use super::classes::{FieldClass, Makes};
use super::{FieldSource, Manager, Options, RelationKind, Truth};
use crate::apps::literals;

/// A field as a class declares it. Every model that it reaches has its own [`Field`](super::Field) of it.
#[derive(Clone, Copy)]
pub(super) struct Declaration {
    pub(super) name: Symbol,
    /// Django's creation counter: fields are ordered by it.
    pub(super) order: i64,
    pub(super) class: FieldClass,
    pub(super) custom: Option<ClassRef>,
    pub(super) origin: Origin,
    pub(super) options: Options,
}

/// Where a field's arguments are.
#[derive(Clone, Copy)]
pub(super) enum Origin {
    Source(FieldSource),
    Bundled(&'static BundledField),
    /// Made by Django: `id`, or a link to this parent.
    Automatic(Option<super::ModelId>),
    /// The foreign key of parler's translations to this model, with the name that they have there.
    Translated(super::ModelId, Symbol),
}

/// What a class's own body declares.
#[derive(Default)]
pub(super) struct Body {
    pub(super) fields: Vec<Declaration>,
    pub(super) managers: Vec<Manager>,
    /// Every name that it binds.
    pub(super) names: FxHashSet<Symbol>,
}

pub(super) enum Declared {
    Field(FieldClass, Option<ClassRef>),
    Manager(Vec<ClassRef>, bool),
}

impl Builder<'_> {
    /// Reads the body of a model's class.
    pub(super) fn body(&mut self, class: ClassRef) -> Body {
        let mut body = Body::default();
        let facts = self.project.facts(class.file);
        let bindings = facts.bindings(facts.class(class.id).members);
        let mut last: FxHashMap<Symbol, usize> = FxHashMap::default();
        let mut again: FxHashSet<Symbol> = FxHashSet::default();
        for (at, binding) in bindings.iter().enumerate() {
            if last.insert(binding.name, at).is_some() {
                again.insert(binding.name);
            }
        }
        for (at, binding) in bindings.iter().enumerate() {
            body.names.insert(binding.name);
            if last.get(&binding.name) != Some(&at) {
                continue;
            }
            let binding = match again.contains(&binding.name) {
                true => {
                    self.project.own_member(class, binding.name).map_or(*binding, |member| member.binding)
                }
                false => *binding,
            };
            let Some(value) = binding.value else { continue };
            match self.declared(class.file, value, binding.name) {
                Some(Declared::Field(field, custom)) => {
                    let ExprKind::Call(_, arguments) = facts.kind(value) else { continue };
                    let source = FieldSource {
                        file: class.file,
                        owner: class,
                        value,
                        arguments,
                        range: binding.range,
                    };
                    let options = self.options(&source, field, custom);
                    body.fields.push(Declaration {
                        name: binding.name,
                        order: self.next_order(),
                        class: field,
                        custom,
                        origin: Origin::Source(source),
                        options,
                    });
                }
                Some(Declared::Manager(classes, is_known)) => {
                    body.managers.push(Manager { name: binding.name, classes, is_known });
                }
                None => {}
            }
        }
        body
    }

    pub(super) fn declared(&self, file: FileId, value: Expr, name: Symbol) -> Option<Declared> {
        let facts = self.project.facts(file);
        let callee = match facts.kind(value) {
            // `ForeignKey[User, User](…)` says types to checkers alone.
            ExprKind::Call(callee, _) => match facts.kind(callee) {
                ExprKind::Subscript(class, _) => class,
                _ => callee,
            },
            // A manager that the module made.
            ExprKind::Global(_) | ExprKind::Attribute(..) => {
                return match literals::resolved(self.project, file, value) {
                    (other, call) if (other, call) != (file, value) => {
                        match self.project.facts(other).kind(call) {
                            ExprKind::Call(..) => match self.declared(other, call, name)? {
                                Declared::Field(..) => None,
                                manager => Some(manager),
                            },
                            _ => None,
                        }
                    }
                    _ => None,
                };
            }
            _ => return None,
        };
        match facts.kind(callee) {
            ExprKind::Attribute(queryset, method) if method == "as_manager" => {
                let (classes, is_known) = match self.entity_of(file, queryset) {
                    Entity::Class(class) => (vec![class], self.is_read(class)),
                    Entity::External(dotted) => (Vec::new(), dotted.as_str().starts_with("django.")),
                    _ => (Vec::new(), false),
                };
                return Some(Declared::Manager(classes, is_known));
            }
            ExprKind::Call(..) => {
                let (classes, is_known) = self.queryset_manager(file, callee)?;
                return Some(Declared::Manager(classes, is_known));
            }
            _ => {}
        }
        let entity = self.entity_of(file, callee);
        match self.made_by(entity) {
            (Makes::Field(class), custom) => Some(Declared::Field(class, custom)),
            (Makes::Manager, _) => {
                let scoped = self.scoped_class(file, value, entity);
                let (classes, is_known) = self.manager_class(scoped.unwrap_or(entity));
                // What makes one of that class decides anew each time what it gives.
                Some(Declared::Manager(classes, is_known && scoped.is_none()))
            }
            // Django refuses a field of this name.
            (Makes::Unknown, custom) if name == "objects" => {
                Some(Declared::Manager(custom.into_iter().collect(), false))
            }
            _ => None,
        }
    }

    /// The class that django-scopes is given to make a manager of: `ScopedManager(Books, event="event")`.
    ///
    /// <https://github.com/raphaelm/django-scopes#custom-manager-classes>
    fn scoped_class(&self, file: FileId, value: Expr, callee: Entity) -> Option<Entity> {
        let Entity::External(dotted) = callee else { return None };
        if !matches!(dotted.as_str(), "django_scopes.ScopedManager" | "django_scopes.manager.ScopedManager") {
            return None;
        }
        let facts = self.project.facts(file);
        let ExprKind::Call(_, arguments) = facts.kind(value) else { return None };
        let class = literals::argument(facts.arguments(arguments), Some(0), "_manager_class")?;
        Some(self.entity_of(file, class))
    }

    pub(super) fn options(
        &self,
        source: &FieldSource,
        field: FieldClass,
        custom: Option<ClassRef>,
    ) -> Options {
        let project = self.project;
        let arguments = project.facts(source.file).arguments(source.arguments);
        let open = arguments.iter().any(|argument| argument.kind == ArgumentKind::DoubleStar)
            || custom.is_some_and(|class| self.has_own_init(class));
        let given = |name: &str| match literals::argument(arguments, None, name) {
            Some(value) => Some(Truth::of(literals::truth(project, source.file, value))),
            None => open.then_some(Truth::Unknown),
        };
        let column = literals::argument(arguments, None, "db_column");
        Options {
            db_column: match column {
                Some(value) => match literals::text(project, source.file, value) {
                    Some(text) => Some(Symbol::new(text)),
                    None if literals::truth(project, source.file, value).is_some() => None,
                    None => Some(Symbol::new("")),
                },
                None => None,
            },
            parent_link: given("parent_link").is_some_and(Truth::is_yes),
            ..options(field, &given)
        }
    }

    /// Whether a field class that is read may change the arguments that it is given.
    pub(super) fn has_own_init(&self, class: ClassRef) -> bool {
        let init = Symbol::new("__init__");
        self.project.mro(class).iter().any(|base| match base {
            Base::Class(base) => self.project.own_member(*base, init).is_some(),
            _ => false,
        })
    }
}

/// The options of a field in the table.
pub(super) fn bundled_options(field: FieldClass, bundled: &BundledField) -> Options {
    options(field, &|name| bundled.has(name).then_some(Truth::Yes))
}

fn options(field: FieldClass, given: &dyn Fn(&str) -> Option<Truth>) -> Options {
    let primary_key = given("primary_key").unwrap_or_default();
    let one_to_one = field.kind == Some(RelationKind::OneToOne);
    let unique = given("unique").unwrap_or_default();
    let has_index = field.name == "SlugField"
        || matches!(field.kind, Some(RelationKind::ForeignKey | RelationKind::OneToOne));
    Options {
        null: match field.kind {
            Some(RelationKind::Generic) => Truth::Yes,
            _ => given("null").unwrap_or_default(),
        },
        unique: if one_to_one || primary_key.is_yes() { Truth::Yes } else { unique },
        db_index: given("db_index").unwrap_or(if has_index { Truth::Yes } else { Truth::No }),
        primary_key,
        ..Options::default()
    }
}
