//! Where rows flow in code that is not the project's: one file for each framework.
//!
//! A framework says what calling its functions gives, and what the attributes of its objects are. The
//! interpreter asks each in turn; the next framework is one more file and one more line in [`ALL`].

use tuneup_python::flow::ExprKind;
use tuneup_python::{Base, ClassRef, FunctionRef, Importer, Symbol};

use crate::queries::calls::{Arguments, CallSite};
use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Row, Shape, Site, Value};
use crate::schema::ModelId;

mod actions;
mod admin;
mod bases;
mod cache;
mod contexts;
pub(crate) mod cursors;
mod declared;
mod documents;
mod executors;
mod filters;
mod forms;
mod formsets;
mod listings;
pub(crate) mod lists;
mod machina;
mod models;
mod oscar;
pub(crate) mod pagination;
pub(crate) mod parler;
pub(crate) mod registrations;
mod rendering;
mod requests;
mod resources;
pub(crate) mod rest;
mod serialization;
mod shortcuts;
mod signals;
mod tables;
mod unseen;
pub(crate) mod urlman;
mod views;
mod wagtail;

/// What a framework knows. Each part says nothing ([`None`]) of what is not its own.
pub(crate) struct Framework {
    /// What calling a function or class gives, by its dotted name.
    pub(crate) call: Call,
    /// An attribute of an instance of one of its classes, made with such arguments.
    pub(crate) attribute: for<'p> fn(&mut Machine<'p>, &str, &[Value], &str) -> Option<Value>,
    /// A method of an instance of one of its classes.
    pub(crate) method: Method,
    /// What calling an instance of one of its classes gives.
    pub(crate) invoke: Invoke,
    /// `instance[key]`
    pub(crate) item: for<'p> fn(&mut Machine<'p>, &str, &[Value], Value) -> Option<Value>,
    /// What an instance of one of its classes gives when it is looped over.
    pub(crate) iterate: for<'p> fn(&mut Machine<'p>, &mut Frame<'p>, &str, &[Value], Site) -> Option<Value>,
    /// Whether `with instance as name` binds an instance of one of its classes itself.
    pub(crate) enters_itself: fn(&str) -> bool,
    /// `instance.name = value`
    pub(crate) set: for<'p> fn(&mut Machine<'p>, &mut Frame<'p>, &str, &[Value], &str, Value, Site),
    /// Whether a method of a model's querysets gives some of their rows.
    pub(crate) narrows: for<'p> fn(&Machine<'p>, ModelId, &str) -> bool,
    /// A method that rows have from one of its models.
    pub(crate) row_method: RowMethod,
    /// A class method of the project's own classes that they inherit from its classes.
    pub(crate) class_method: ClassMethod,
    /// Whether objects of a class of the project's own inherit a method from its classes, where that is all which decides what
    /// is such a method.
    pub(crate) methods: Option<for<'p> fn(&Machine<'p>, ClassRef, &str) -> bool>,
    /// An attribute that objects of the project's own classes inherit from its classes, but for `methods`.
    pub(crate) inherited:
        for<'p> fn(&mut Machine<'p>, &mut Frame<'p>, Value, ClassRef, &str) -> Option<Value>,
    /// What calling a method gives that objects of the project's own classes inherit from its classes: only those of
    /// `methods`, where it says them.
    pub(crate) inherited_method: InheritedMethod,
    /// The instance on which it calls a method of a class of the project.
    pub(crate) instance: for<'p> fn(&mut Machine<'p>, FunctionRef, ClassRef) -> Option<Value>,
    /// What it does by itself with a class of the project: serve a view, show a list.
    pub(crate) serve: for<'p> fn(&mut Machine<'p>, &mut Frame<'p>, ClassRef),
}

type Invoke =
    for<'p> fn(&mut Machine<'p>, &mut Frame<'p>, &str, &[Value], &Arguments, CallSite) -> Option<Value>;

type Call = for<'p> fn(&mut Machine<'p>, &mut Frame<'p>, &str, &Arguments, CallSite) -> Option<Value>;

type Method = for<'p> fn(&mut Machine<'p>, &mut Frame<'p>, &str, &[Value], &str, &Arguments) -> Option<Value>;

type RowMethod =
    for<'p> fn(&mut Machine<'p>, &mut Frame<'p>, Value, Row, &str, &Arguments, CallSite) -> Option<Value>;

type ClassMethod =
    for<'p> fn(&mut Machine<'p>, &mut Frame<'p>, ClassRef, &str, &Arguments, CallSite) -> Option<Value>;

type InheritedMethod =
    for<'p> fn(&mut Machine<'p>, &mut Frame<'p>, Value, ClassRef, &str, &Arguments) -> Option<Value>;

impl Framework {
    /// A framework that knows nothing.
    const NONE: Self = Self {
        call: |_, _, _, _, _| None,
        attribute: |_, _, _, _| None,
        method: |_, _, _, _, _, _| None,
        invoke: |_, _, _, _, _, _| None,
        item: |_, _, _, _| None,
        iterate: |_, _, _, _, _| None,
        enters_itself: |_| false,
        set: |_, _, _, _, _, _, _| {},
        narrows: |_, _, _| false,
        row_method: |_, _, _, _, _, _, _| None,
        class_method: |_, _, _, _, _, _| None,
        methods: None,
        inherited: |_, _, _, _, _| None,
        inherited_method: |_, _, _, _, _, _| None,
        instance: |_, _, _| None,
        serve: |_, _, _| {},
    };
}

/// The packages that frameworks speak of: their names count, not their source.
pub(crate) const ROOTS: &[&str] = &[
    "django",
    "rest_framework",
    "django_filters",
    "django_tables2",
    "wagtail",
    "django_context_decorator",
    "urlman",
    "django_elasticsearch_dsl",
    "haystack",
    "import_export",
];

/// Their functions that import by texts.
pub(crate) const IMPORTERS: &[Importer] =
    &[oscar::IMPORTERS[0], oscar::IMPORTERS[1], machina::IMPORTERS[0], machina::IMPORTERS[1]];

const ALL: &[Framework] = &[
    models::FRAMEWORK,
    pagination::FRAMEWORK,
    executors::FRAMEWORK,
    cursors::FRAMEWORK,
    requests::FRAMEWORK,
    shortcuts::FRAMEWORK,
    cache::FRAMEWORK,
    signals::FRAMEWORK,
    rendering::FRAMEWORK,
    views::FRAMEWORK,
    rest::FRAMEWORK,
    admin::FRAMEWORK,
    registrations::FRAMEWORK,
    forms::FRAMEWORK,
    formsets::FRAMEWORK,
    filters::FRAMEWORK,
    tables::FRAMEWORK,
    urlman::FRAMEWORK,
    listings::FRAMEWORK,
    serialization::FRAMEWORK,
    parler::FRAMEWORK,
    wagtail::FRAMEWORK,
    documents::FRAMEWORK,
    resources::FRAMEWORK,
];

impl<'p> Machine<'p> {
    /// Calls something outside the project.
    pub(crate) fn call_external(
        &mut self,
        frame: &mut Frame<'p>,
        name: Symbol,
        arguments: &Arguments,
        call: CallSite,
    ) -> Value {
        let text = name.as_str();
        self.note_pause(frame, text, arguments, call);
        if let Some(value) = self.call_python(frame, text, arguments, call) {
            return value;
        }
        for framework in ALL {
            if let Some(value) = (framework.call)(self, frame, text, arguments, call) {
                return value;
            }
        }
        // A class's name begins with a capital: what it gives is an instance.
        let last = text.rsplit('.').next().unwrap_or(text);
        if last.starts_with(char::is_uppercase) {
            return self.values.make(Shape::Instance(name, Box::default()));
        }
        Value::UNKNOWN
    }

    /// An attribute of an instance of a class outside the project.
    pub(crate) fn instance_attribute(
        &mut self,
        class: Symbol,
        parts: &[Value],
        value: Value,
        name: Symbol,
    ) -> Value {
        let (of, called) = (class.as_str(), name.as_str());
        for framework in ALL {
            if let Some(value) = (framework.attribute)(self, of, parts, called) {
                return value;
            }
        }
        self.values.make(Shape::Method(value, name))
    }

    /// A method of an instance of a class outside the project.
    pub(crate) fn instance_method(
        &mut self,
        frame: &mut Frame<'p>,
        class: Symbol,
        parts: &[Value],
        name: Symbol,
        arguments: &Arguments,
    ) -> Value {
        for framework in ALL {
            let method = framework.method;
            if let Some(value) = method(self, frame, class.as_str(), parts, name.as_str(), arguments) {
                return value;
            }
        }
        if class == "logging.Logger" || class.as_str().ends_with(".Logger") || name == "write" {
            for value in arguments.all().collect::<Vec<_>>() {
                self.text_of(frame, value);
            }
        }
        Value::UNKNOWN
    }

    /// An attribute that an object of a project's class has from outside the project.
    pub(crate) fn inherited_attribute(
        &mut self,
        frame: &mut Frame<'p>,
        this: Value,
        name: Symbol,
    ) -> Option<Value> {
        let Shape::Object(class, _) = *self.values.shape(this) else { return None };
        if self.is_dict_method(class, name) {
            return Some(self.values.make(Shape::Method(this, name)));
        }
        let called = name.as_str();
        ALL.iter().find_map(|framework| match framework.methods {
            Some(has) if has(self, class, called) => Some(self.values.make(Shape::Method(this, name))),
            _ => (framework.inherited)(self, frame, this, class, called),
        })
    }

    /// A method that an object of a project's class has from outside the project.
    pub(crate) fn inherited_method(
        &mut self,
        frame: &mut Frame<'p>,
        this: Value,
        class: ClassRef,
        name: Symbol,
        arguments: &Arguments,
    ) -> Value {
        if let Some(given) = self.dict_method(frame, this, class, name, arguments) {
            return given;
        }
        let name = name.as_str();
        let found = ALL.iter().find_map(|framework| match framework.methods {
            Some(has) if !has(self, class, name) => None,
            _ => (framework.inherited_method)(self, frame, this, class, name, arguments),
        });
        found.unwrap_or(Value::UNKNOWN)
    }

    /// Calls an instance of a class outside the project.
    pub(crate) fn invoke(
        &mut self,
        frame: &mut Frame<'p>,
        class: Symbol,
        parts: &[Value],
        arguments: &Arguments,
        call: CallSite,
    ) -> Option<Value> {
        ALL.iter()
            .find_map(|framework| (framework.invoke)(self, frame, class.as_str(), parts, arguments, call))
    }

    /// `instance[key]`, of an instance of a class outside the project.
    pub(crate) fn instance_item(&mut self, class: Symbol, parts: &[Value], key: Value) -> Value {
        ALL.iter()
            .find_map(|framework| (framework.item)(self, class.as_str(), parts, key))
            .unwrap_or(Value::UNKNOWN)
    }

    /// What an instance of a class outside the project gives when it is looped over.
    pub(crate) fn iterate_instance(
        &mut self,
        frame: &mut Frame<'p>,
        class: Symbol,
        parts: &[Value],
        site: Site,
    ) -> Value {
        ALL.iter()
            .find_map(|framework| (framework.iterate)(self, frame, class.as_str(), parts, site))
            .unwrap_or(Value::UNKNOWN)
    }

    /// Whether `with instance as name` binds the instance itself, of a class outside the project.
    pub(crate) fn enters_itself(&self, class: Symbol) -> bool {
        ALL.iter().any(|framework| (framework.enters_itself)(class.as_str()))
    }

    /// `instance.name = value`, of an instance of a class outside the project.
    pub(crate) fn set_on_instance(
        &mut self,
        frame: &mut Frame<'p>,
        class: Symbol,
        parts: &[Value],
        name: Symbol,
        put: Value,
        site: Site,
    ) {
        for framework in ALL {
            (framework.set)(self, frame, class.as_str(), parts, name.as_str(), put, site);
        }
    }

    /// Whether a method of a model's querysets, that a framework gives them, gives some of their rows.
    pub(crate) fn is_narrowing(&self, model: ModelId, name: Symbol) -> bool {
        ALL.iter().any(|framework| (framework.narrows)(self, model, name.as_str()))
    }

    /// A method that a row has from a framework's model.
    pub(crate) fn framework_row_method(
        &mut self,
        frame: &mut Frame<'p>,
        value: Value,
        row: Row,
        name: Symbol,
        arguments: &Arguments,
        call: CallSite,
    ) -> Value {
        let name = name.as_str();
        ALL.iter()
            .find_map(|framework| (framework.row_method)(self, frame, value, row, name, arguments, call))
            .unwrap_or(Value::UNKNOWN)
    }

    /// A class method that a project's class has from outside the project.
    pub(crate) fn class_method(
        &mut self,
        frame: &mut Frame<'p>,
        class: ClassRef,
        name: Symbol,
        arguments: &Arguments,
        call: CallSite,
    ) -> Value {
        ALL.iter()
            .find_map(|framework| {
                (framework.class_method)(self, frame, class, name.as_str(), arguments, call)
            })
            .unwrap_or(Value::UNKNOWN)
    }

    /// The instance on which a method is called, where a framework calls it.
    pub(crate) fn instance_for(&mut self, function: FunctionRef, class: ClassRef) -> Option<Value> {
        ALL.iter().find_map(|framework| (framework.instance)(self, function, class))
    }

    /// Lets each framework do with a class what it does by itself.
    pub(crate) fn serve(&mut self, class: ClassRef) {
        let mut frame = self.module_frame(class.file);
        for framework in ALL {
            (framework.serve)(self, &mut frame, class);
        }
    }

    /// Whether a class is a view: its instances are made by `as_view()`, one for each request.
    pub(crate) fn is_view(&self, class: ClassRef) -> bool {
        self.is_of(class, |name| name.starts_with("django.views.")) || rest::is_view(self, class)
    }

    /// Whether a class declares a field by this name, which its metaclass takes out of its body: a serializer with a field
    /// `data` has its `data` as any other.
    ///
    /// <https://www.django-rest-framework.org/api-guide/serializers/#declaring-serializers>
    pub(crate) fn is_declared_field(&self, class: ClassRef, name: Symbol) -> bool {
        let Some(member) = self.member(class, name) else { return false };
        let facts = self.project.facts(member.owner.file);
        let Some(ExprKind::Call(callee, _)) = member.binding.value.map(|value| facts.kind(value)) else {
            return false;
        };
        rest::is_serializer(self, class)
            && rest::is_field(self, self.project.entity_of(member.owner.file, callee))
    }

    /// Whether a class has a base outside the project for whose dotted name something holds.
    pub(crate) fn has_base(&self, class: ClassRef, holds: impl Fn(&str) -> bool) -> bool {
        self.project.mro(class).iter().any(|base| match base {
            Base::External(name) => holds(name.as_str()),
            _ => false,
        })
    }

    /// `this.name(arguments)`, as a framework calls it: the project's method, or what it is outside.
    pub(crate) fn call_named(
        &mut self,
        frame: &mut Frame<'p>,
        this: Value,
        name: &str,
        arguments: &Arguments,
    ) -> Value {
        let site = frame.site(ruff_text_size::TextRange::default());
        let method = self.attribute_of(frame, site, this, Symbol::new(name));
        self.for_each(method, |machine, member| match machine.values.shape(member).clone() {
            Shape::Bound { function, this, .. } => {
                machine.call_with(frame, function, None, Some(this), arguments)
            }
            Shape::Function(function, environment) => {
                machine.call_with(frame, function, environment, None, arguments)
            }
            Shape::Method(receiver, name) => {
                machine.call_method(frame, receiver, name, arguments, CallSite { site })
            }
            _ => Value::UNKNOWN,
        })
    }
}
