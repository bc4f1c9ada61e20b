//! What is run: every function, method and module body of the project, with nothing known of its arguments
//! but what their names, annotations and classes say.

use tuneup_python::flow::{ExprKind, FileFacts, Parameter, ParameterKind, Stmt, StmtKind};
use tuneup_python::{ClassRef, FileId, FunctionRef, Symbol};

use super::attributes::Binding;
use super::calls::{Arguments, CallSite};
use super::machine::Machine;
use super::value::{Shape, Value};

/// The class of requests.
pub(crate) const REQUEST: &str = "django.http.HttpRequest";

/// The attribute under which a view keeps the request of which more is known than that it is one.
pub(crate) const KNOWN_REQUEST: &str = "%request";

impl<'p> Machine<'p> {
    /// Runs everything that a file defines.
    pub(crate) fn run_file(&mut self, file: FileId) {
        let facts = self.project.facts(file);
        self.refuel();
        let mut frame = self.module_frame(file);
        self.run(&mut frame, facts.module_body);
        for index in 0..facts.classes.len() {
            let id = tuneup_python::flow::ClassId(index as u32);
            if facts.class(id).parent.is_none() {
                self.refuel();
                self.serving = true;
                self.serve(ClassRef { file, id });
                self.serving = false;
                self.run_inner();
                self.run_inherited(ClassRef { file, id });
            }
        }
        for index in 0..facts.functions.len() {
            let id = tuneup_python::flow::FunctionId(index as u32);
            let definition = facts.function(id);
            // Functions within functions run with their definer's variables.
            if definition.parent.is_some() {
                continue;
            }
            self.refuel();
            let function = FunctionRef { file, id };
            self.run_alone(function);
        }
    }

    /// Runs a function as if nothing had called it, and those that it defines.
    pub(crate) fn run_alone(&mut self, function: FunctionRef) {
        match self.project.facts(function.file).function(function.id).class {
            Some(class) => self.run_method(function, ClassRef { file: function.file, id: class }),
            None => {
                self.run_root(function, None);
                self.decorate(function);
                self.receive(function, None);
            }
        }
        self.run_inner();
    }

    /// Puts a function under those of its decorators that are given a template: what they make of it renders what
    /// it returns. It runs with the other inner functions.
    fn decorate(&mut self, function: FunctionRef) {
        let facts = self.project.facts(function.file);
        let mut frame = self.frame_around(function);
        let mut decorated = self.values.make(Shape::Function(function, None));
        for &decorator in facts.list(facts.function(function.id).decorators).iter().rev() {
            let ExprKind::Call(_, run) = facts.kind(decorator) else { continue };
            let is_template = |text: &str| !self.templates.all_named(text).is_empty();
            if !facts.arguments(run).iter().any(|it| facts.as_str(it.value).is_some_and(is_template)) {
                continue;
            }
            let value = self.eval(&mut frame, decorator);
            if let Shape::Function(..) = self.values.shape(value) {
                let arguments = Arguments { positional: vec![decorated], ..Arguments::default() };
                let call = CallSite { site: frame.site_of(decorator) };
                decorated = self.call_value(&mut frame, value, &arguments, call);
            }
        }
    }

    fn run_root(&mut self, function: FunctionRef, this: Option<Value>) {
        let slots = self.unknown_arguments(function, this);
        self.looping.clear();
        self.activate(function, None, slots);
    }

    /// Functions that were defined on the way and may be called by others: callbacks, decorators' wrappers.
    pub(super) fn run_inner(&mut self) {
        const MOST: usize = 200;
        let mut run = 0;
        while let Some((function, environment)) = self.inner.pop() {
            run += 1;
            if run > MOST {
                self.inner.clear();
                break;
            }
            let slots = self.unknown_arguments(function, None);
            self.looping.clear();
            self.activate(function, environment, slots);
            self.receive(function, environment);
        }
    }

    pub(super) fn run_method(&mut self, function: FunctionRef, class: ClassRef) {
        match self.binding_of(function) {
            Binding::Static => return self.run_root(function, None),
            Binding::Class => {
                let this = self.class_value(class);
                return self.run_root(function, Some(this));
            }
            Binding::Method | Binding::Property => {}
        }
        if let Some(model) = self.schema.model_of_class(class) {
            let this = self.outside_row(model);
            return self.run_root(function, Some(this));
        }
        let models = self.schema.models_managed_by(class).to_vec();
        if !models.is_empty() {
            for model in models {
                let this = self.outside_manager(model, class);
                self.run_root(function, Some(this));
            }
            return;
        }
        let this = match self.instance_for(function, class) {
            Some(this) => this,
            None => self.values.make(Shape::Object(class, None)),
        };
        self.run_root(function, Some(this));
    }

    fn outside_manager(&mut self, model: crate::schema::ModelId, class: ClassRef) -> Value {
        let value = self.outside_queryset(model, false);
        let Some(mut queryset) = self.as_queryset(value).cloned() else { return value };
        queryset.classes = Box::new([class]);
        self.values.queryset(queryset)
    }

    /// A value for each parameter of a function that is called from where nothing is seen.
    pub(crate) fn unknown_arguments(&mut self, function: FunctionRef, this: Option<Value>) -> Box<[Value]> {
        let facts = self.project.facts(function.file);
        let parameters = facts.parameters(facts.function(function.id).parameters);
        let is_bare = this.is_some_and(|this| self.is_made_bare(function, this));
        let mut slots = Vec::with_capacity(parameters.len());
        for (n, parameter) in parameters.iter().enumerate() {
            if n == 0
                && let Some(this) = this
            {
                slots.push(this);
                continue;
            }
            let annotated =
                parameter.annotation.and_then(|annotation| self.annotated(function.file, annotation));
            slots.push(match (parameter.kind, annotated) {
                (ParameterKind::Star, _) if is_bare => self.values.tuple(Vec::new()),
                (ParameterKind::DoubleStar, _) if is_bare => {
                    self.values.mapping(Vec::new(), Value::NEVER, Value::NEVER)
                }
                (ParameterKind::DoubleStar, _) if let Some(of_url) = self.of_url(function, this) => of_url,
                (ParameterKind::Star, _) => self.values.sequence(Value::UNKNOWN),
                (ParameterKind::DoubleStar, _) => {
                    self.values.mapping(Vec::new(), Value::UNKNOWN, Value::UNKNOWN)
                }
                (_, Some(value)) => value,
                _ if parameter.name == self.names.request => self.request(),
                _ => match self.default_template(facts, parameter) {
                    Some(name) => self.values.make(Shape::Str(name)),
                    None => match self.model_by_use(function, n as u32, parameter.name) {
                        Some(model) => self.outside_row(model),
                        None => Value::UNKNOWN,
                    },
                },
            });
        }
        slots.into()
    }

    /// The template that a parameter names where nothing is given: `def books(request, template_name="books.html")`
    /// shows that one, unless a line of the URLs says another.
    fn default_template(&self, facts: &FileFacts, parameter: &Parameter) -> Option<Symbol> {
        let name = facts.as_str(parameter.default?)?;
        (!self.templates.all_named(name).is_empty()).then(|| Symbol::new(name))
    }

    /// Whether a function is the `__init__` of a view: `as_view()` makes that of what a line of the URLs gives it by
    /// name, which is next to always nothing.
    fn is_made_bare(&self, function: FunctionRef, this: Value) -> bool {
        let name = self.facts(function.file).function(function.id).name;
        name == self.names.init
            && matches!(*self.values.shape(this), Shape::Object(class, _) if self.is_view(class))
    }

    /// What is known of the arguments in the URL where a view serves an action: it gives them to the action's method.
    fn of_url(&self, function: FunctionRef, this: Option<Value>) -> Option<Value> {
        let this = this?;
        let action = *self.object_values.get(&(this, Symbol::new("action")))?;
        let name = self.facts(function.file).function(function.id).name;
        let is_its = *self.values.shape(action) == Shape::Str(name);
        self.object_values.get(&(this, Symbol::new("kwargs"))).copied().filter(|_| is_its)
    }

    /// A request.
    pub(crate) fn request(&mut self) -> Value {
        self.values.make(Shape::Instance(self.names.http_request, Box::default()))
    }

    /// A request by one of these methods.
    pub(crate) fn request_by(&mut self, methods: Value) -> Value {
        let class = tuneup_python::Symbol::new(REQUEST);
        self.values.make(Shape::Instance(class, Box::new([methods])))
    }

    /// What an annotation says of a value: a model's instance, a request.
    fn annotated(&mut self, file: FileId, annotation: tuneup_python::flow::Expr) -> Option<Value> {
        let facts = self.project.facts(file);
        if !matches!(facts.kind(annotation), ExprKind::Global(_) | ExprKind::Attribute(..)) {
            return None;
        }
        let entity = self.project.entity_of(file, annotation);
        let value = self.entity_value(entity);
        match self.values.shape(value).clone() {
            Shape::Model(model) => Some(self.outside_row(model)),
            Shape::External(name) if name.as_str().ends_with("HttpRequest") => Some(self.request()),
            Shape::Class(class) if self.only_names_attributes(class) => Some(self.request()),
            Shape::Class(class) => Some(self.values.make(Shape::Object(class, None))),
            _ => None,
        }
    }

    /// Whether a class is a request of which a type checker is told what middleware puts on it: `user: User`. No request
    /// is made of it.
    fn only_names_attributes(&self, class: ClassRef) -> bool {
        let facts = self.project.facts(class.file);
        let is_named =
            |stmt: &Stmt| matches!(stmt.kind, StmtKind::Annotated { value: None, .. } | StmtKind::Expr(_));
        facts.block(facts.class(class.id).body).iter().all(is_named)
            && self.has_base(class, |name| name.starts_with("django.http") && name.ends_with("HttpRequest"))
    }
}
