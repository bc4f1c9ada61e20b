//! Of what kind a value is: what `isinstance`, `issubclass` and `hasattr` come to, where its class is known. Code that
//! takes many kinds of values asks so, and each kind has a branch of its own.

use tuneup_python::flow::{ArgumentKind, Expr, ExprKind};
use tuneup_python::{Base, ClassRef, Symbol};

use crate::frameworks::rest::LIST_SERIALIZER;
use crate::queries::attributes::Binding;
use crate::queries::machine::{Frame, Machine};
use crate::queries::querysets::is_queryset;
use crate::queries::value::{Row, Shape, Value};
use crate::schema::{ModelAttribute, ModelId, is_model_base};

impl Machine<'_> {
    /// `isinstance(value, class)`, of what is known: a queryset is a `QuerySet`, a row is of its model and its bases.
    pub(crate) fn known_instance(&mut self, value: Value, class: Value) -> Value {
        let answers = self.values.members(value).into_iter().map(|member| self.is_instance(member, class));
        match same(answers) {
            Some(answer) => self.values.make(Shape::Bool(answer)),
            None => Value::SCALAR,
        }
    }

    /// `issubclass(class, base)`, of classes of the project.
    pub(crate) fn known_subclass(&mut self, class: Value, base: Value) -> Value {
        let of = |value: Value| match *self.values.shape(value) {
            Shape::Model(model) => self.schema.class_of(model),
            Shape::Class(class) => Some(class),
            _ => None,
        };
        let Some(class) = of(class) else { return Value::SCALAR };
        let order = self.project.mro(class);
        let is_known = self.has_read_bases(class);
        let mut answer = is_known.then_some(false);
        for base in self.one_of_classes(base) {
            match of(base) {
                Some(base) if order.contains(&Base::Class(base)) => {
                    answer = Some(true);
                    break;
                }
                Some(base) if self.is_nominal(base) => {}
                _ => answer = None,
            }
        }
        match answer {
            Some(answer) => self.values.make(Shape::Bool(answer)),
            None => Value::SCALAR,
        }
    }

    /// `hasattr(value, name)`, of what is known.
    pub(in crate::queries) fn known_attribute(&mut self, value: Value, name: Value) -> Value {
        let answer = match *self.values.shape(name) {
            _ if self.is_put(value, name) => Some(true),
            Shape::Str(name) => {
                same(self.values.members(value).into_iter().map(|member| self.has_name(member, name)))
            }
            _ => None,
        };
        match answer {
            Some(answer) => self.values.make(Shape::Bool(answer)),
            None => Value::SCALAR,
        }
    }

    /// Whether a value is an instance of a class, or of one of a tuple of classes.
    pub(in crate::queries) fn is_instance(&self, value: Value, classes: Value) -> Option<bool> {
        let mut answer = Some(false);
        for class in self.one_of_classes(classes) {
            match self.is_instance_of(value, class) {
                Some(true) => return Some(true),
                Some(false) => {}
                None => answer = None,
            }
        }
        answer
    }

    fn one_of_classes(&self, classes: Value) -> Vec<Value> {
        match self.values.shape(classes) {
            Shape::Tuple(items) => items.to_vec(),
            _ => vec![classes],
        }
    }

    fn is_instance_of(&self, value: Value, class: Value) -> Option<bool> {
        let asked = match *self.values.shape(class) {
            Shape::External(name) => return self.is_of_outside(value, name),
            Shape::Model(model) => match self.schema.class_of(model) {
                Some(class) => class,
                None => return self.is_bundled(value, model),
            },
            Shape::Class(class) => class,
            _ => return None,
        };
        if let Shape::Object(own, made) = *self.values.shape(value) {
            return match self.project.mro(own).contains(&Base::Class(asked)) {
                true => Some(true),
                // What code makes is of that class; what runs a method may be of one that extends it.
                false => {
                    (made.is_some() && self.has_read_bases(own) && self.is_nominal(asked)).then_some(false)
                }
            };
        }
        let Shape::Row(row) = *self.values.shape(value) else {
            return self.is_builtin(value).filter(|_| self.is_nominal(asked));
        };
        let own = self.schema.class_of(row.model)?;
        let order = self.project.mro(own);
        if order.contains(&Base::Class(asked)) {
            return Some(true);
        }
        // Packages give rows the class of a child table; and what comes from outside may be of a subclass.
        let may_be_more = !self.is_fetched(row)
            || !self.has_read_bases(own)
            || !self.is_nominal(asked)
            || self.project.mro(asked).contains(&Base::Class(own));
        (!may_be_more).then_some(false)
    }

    /// Whether a value is an instance of a class that is not read.
    fn is_of_outside(&self, value: Value, name: Symbol) -> Option<bool> {
        let is_builtin = !name.as_str().contains('.') && name != "object";
        match *self.values.shape(value) {
            Shape::Queryset(ref queryset) => match name.as_str() {
                "django.db.models.QuerySet" | "django.db.models.query.QuerySet" => Some(!queryset.is_manager),
                _ if is_model_base(name) => Some(false),
                _ => is_builtin.then_some(false),
            },
            Shape::Row(row) => self.is_row_of_outside(row, name).or(is_builtin.then_some(false)),
            Shape::None if is_builtin => Some(false),
            // What a column holds, of a field that holds no such thing.
            Shape::Instance(class, _) if class == self.names.column => {
                matches!(name.as_str(), "dict" | "list" | "tuple" | "set").then_some(false)
            }
            _ if is_queryset(name.as_str()) || is_model_base(name) => self.is_builtin(value),
            _ => None,
        }
    }

    /// Whether a row is an instance of a class that is not read: one that its model names among its bases, or that
    /// Django's own class of models has.
    fn is_row_of_outside(&self, row: Row, name: Symbol) -> Option<bool> {
        if name == "object" || is_model_base(name) {
            return Some(true);
        }
        let class = self.schema.class_of(row.model)?;
        let order = self.project.mro(class);
        if order.contains(&Base::External(name)) {
            return Some(true);
        }
        (!takes_others(name) && self.is_closed(class) && self.is_fetched(row)).then_some(false)
    }

    /// Whether what is an instance of a class is settled by bases alone: none of its own says otherwise, as a protocol or
    /// an abstract base class does, with which other classes can be registered, or a metaclass of the project's.
    ///
    /// <https://docs.python.org/3/reference/datamodel.html#customizing-instance-and-subclass-checks>
    fn is_nominal(&self, class: ClassRef) -> bool {
        self.project.mro(class).iter().all(|base| match *base {
            Base::Class(class) => {
                let facts = self.project.facts(class.file);
                facts.arguments(facts.class(class.id).bases).iter().all(|argument| match argument.kind {
                    ArgumentKind::Keyword(name) => name != "metaclass",
                    ArgumentKind::DoubleStar => false,
                    // `with_metaclass(Meta, Base)`
                    ArgumentKind::Positional | ArgumentKind::Star => {
                        !matches!(facts.kind(argument.value), ExprKind::Call(..))
                    }
                })
            }
            Base::External(name) => !takes_others(name),
            Base::Value(..) | Base::Unknown => false,
        })
    }

    /// Whether all bases of a model's class are read, but for Django's own.
    fn is_closed(&self, class: ClassRef) -> bool {
        self.project.mro(class).iter().all(|base| match base {
            Base::Class(_) => true,
            Base::External(name) => is_model_base(*name) || name.as_str().starts_with("django.db.models."),
            Base::Value(..) | Base::Unknown => false,
        })
    }

    /// Whether a value is a row of a model of Django's own, whose class is not read.
    fn is_bundled(&self, value: Value, model: ModelId) -> Option<bool> {
        let Shape::Row(row) = *self.values.shape(value) else { return self.is_builtin(value) };
        if row.model == model {
            return Some(true);
        }
        let class = self.schema.class_of(row.model)?;
        let is_it = |base: &Base| matches!(base, Base::External(name) if self.schema.bundled_model(*name) == Some(model));
        if self.project.mro(class).iter().any(is_it) {
            return Some(true);
        }
        (self.is_fetched(row) && self.has_read_bases(class)).then_some(false)
    }

    /// Whether Python refuses a store: to a `property` without a setter, of what is of that class for certain. Nothing behind
    /// it is run.
    ///
    /// <https://docs.python.org/3/library/functions.html#property>
    pub(in crate::queries) fn is_refused(&self, frame: &Frame<'_>, target: Expr) -> bool {
        let ExprKind::Attribute(base, name) = frame.facts.kind(target) else { return false };
        let ExprKind::Local(slot) = frame.facts.kind(base) else { return false };
        let Some(&value) = frame.slots.get(slot as usize) else { return false };
        let class = match *self.values.shape(value) {
            Shape::Row(row) if self.is_fetched(row) => self.schema.class_of(row.model),
            Shape::Object(class, Some(_)) => Some(class),
            Shape::Instance(made, ref parts) if made == self.names.made => {
                parts.first().and_then(|&model| match *self.values.shape(model) {
                    Shape::Model(model) => self.schema.class_of(model),
                    _ => None,
                })
            }
            _ => None,
        };
        class.is_some_and(|class| self.is_plain_property(class, name) && self.setter(class, name).is_none())
    }

    /// Whether all bases of a class are known by name.
    fn has_read_bases(&self, class: ClassRef) -> bool {
        !self.project.mro(class).iter().any(|base| matches!(base, Base::Unknown | Base::Value(..)))
    }

    /// Nothing of the project's own classes is what Python itself makes, or a framework of its own.
    fn is_builtin(&self, value: Value) -> Option<bool> {
        let is_builtin = matches!(
            self.values.shape(value),
            Shape::Sequence(_)
                | Shape::Tuple(_)
                | Shape::Mapping { .. }
                | Shape::None
                | Shape::Str(_)
                | Shape::Int(_)
        ) || matches!(self.values.shape(value), Shape::Instance(class, _) if class.as_str() == LIST_SERIALIZER);
        is_builtin.then_some(false)
    }

    fn has_name(&self, value: Value, name: Symbol) -> Option<bool> {
        match *self.values.shape(value) {
            Shape::Row(row) => self.has_row_attribute(row, name),
            Shape::Object(class, _) => self.has_method(class, name).then_some(true),
            Shape::Queryset(ref queryset) => {
                let is_there = METHODS.contains(&name.as_str())
                    || !queryset.is_manager && ITERABLES.contains(&name.as_str());
                is_there.then_some(true)
            }
            Shape::Sequence(_) | Shape::Tuple(_) | Shape::Mapping { .. } | Shape::Str(_) => {
                (name == self.names.iter).then_some(true)
            }
            Shape::None | Shape::Bool(_) | Shape::Int(_) => {
                PROTOCOLS.contains(&name.as_str()).then_some(false)
            }
            _ => None,
        }
    }

    /// Whether a row has an attribute: its fields and methods. One whose foreign key is null has `None` there; one that
    /// lacks the other side of a one-to-one has nothing. A row that code made may lack what is not set yet.
    fn has_row_attribute(&self, row: Row, name: Symbol) -> Option<bool> {
        let class = self.schema.class_of(row.model);
        match self.schema.attribute(row.model, name) {
            Some(ModelAttribute::Column | ModelAttribute::ToMany(_)) => Some(true),
            Some(ModelAttribute::ToOne(relation)) => {
                (self.is_fetched(row) && !self.schema.relation(relation).is_reverse()).then_some(true)
            }
            Some(_) => None,
            None if class.is_some_and(|class| self.has_method(class, name)) => Some(true),
            // Nothing that code sets on a row makes it iterable.
            None => {
                let is_lacking = class
                    .is_some_and(|class| PROTOCOLS.contains(&name.as_str()) && self.is_without(class, name));
                is_lacking.then_some(false)
            }
        }
    }

    fn has_method(&self, class: ClassRef, name: Symbol) -> bool {
        self.class_function(class, name).is_some_and(|(_, binding)| binding != Binding::Property)
    }

    fn is_without(&self, class: ClassRef, name: Symbol) -> bool {
        self.is_closed(class) && self.member(class, name).is_none()
    }
}

/// Methods by which Python iterates, measures, subscripts and calls.
const PROTOCOLS: &[&str] = &["__iter__", "__next__", "__len__", "__getitem__", "__call__"];

/// Methods that every manager and queryset has.
const METHODS: &[&str] = &["all", "filter", "exclude", "order_by", "exists", "count"];

/// Those that querysets have.
const ITERABLES: &[&str] = &["__iter__", "__len__", "__getitem__"];

/// Whether a class that is not read takes others for instances of it that do not have it among their bases.
fn takes_others(name: Symbol) -> bool {
    ["collections.", "typing.", "typing_extensions.", "abc.", "numbers.", "os.PathLike"]
        .iter()
        .any(|start| name.as_str().starts_with(start))
}

/// What all answers are, where they are the same.
fn same(mut answers: impl Iterator<Item = Option<bool>>) -> Option<bool> {
    let first = answers.next()??;
    answers.all(|answer| answer == Some(first)).then_some(first)
}
