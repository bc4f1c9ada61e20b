//! Which admin serves which model: `site.get_model_admin(Book)`, `site._registry[Book]`.
//!
//! <https://docs.djangoproject.com/en/stable/ref/contrib/admin/#django.contrib.admin.AdminSite.get_model_admin>

use std::rc::Rc;

use rustc_hash::FxHashMap;
use tuneup_python::flow::{ArgumentKind, Expr, ExprKind, FileFacts};
use tuneup_python::{ClassRef, Entity, FileId, Symbol};

use super::Framework;
use super::admin::{admin_of, is_admin_class, is_site};
use crate::queries::calls::{Arguments, CallSite};
use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Shape, SiteForm, Value};
use crate::schema::ModelId;

pub(super) const FRAMEWORK: Framework =
    Framework { call, attribute, method, item, inherited, inherited_method, ..Framework::NONE };

/// What a site's `_registry` is.
const REGISTRY: &str = "%registry";

/// The admins of models, each as it is once it is registered.
pub(crate) type Admins = FxHashMap<ModelId, Value>;

/// `admin.site.get_model_admin(Book)`, of Django's own site.
fn call<'p>(
    machine: &mut Machine<'p>,
    _frame: &mut Frame<'p>,
    name: &str,
    arguments: &Arguments,
    _call: CallSite,
) -> Option<Value> {
    let asked = name.strip_prefix("django.contrib.admin.")?;
    match asked.strip_prefix("sites.").unwrap_or(asked) {
        "site.get_model_admin" => admin_for(machine, arguments.get(0, "model")?),
        "site._registry.get" => or_none(machine, arguments),
        _ => None,
    }
}

fn attribute(machine: &mut Machine<'_>, class: &str, _parts: &[Value], name: &str) -> Option<Value> {
    (name == "_registry" && is_site(class)).then(|| registry(machine))
}

fn method<'p>(
    machine: &mut Machine<'p>,
    _frame: &mut Frame<'p>,
    class: &str,
    _parts: &[Value],
    name: &str,
    arguments: &Arguments,
) -> Option<Value> {
    match name {
        "get_model_admin" if is_site(class) => admin_for(machine, arguments.get(0, "model")?),
        "get" if class == REGISTRY => or_none(machine, arguments),
        _ => None,
    }
}

fn item(machine: &mut Machine<'_>, class: &str, _parts: &[Value], key: Value) -> Option<Value> {
    (class == REGISTRY).then(|| admin_for(machine, key))?
}

fn inherited<'p>(
    machine: &mut Machine<'p>,
    _frame: &mut Frame<'p>,
    this: Value,
    class: ClassRef,
    name: &str,
) -> Option<Value> {
    if !matches!(name, "_registry" | "get_model_admin") || !machine.has_base(class, is_site) {
        return None;
    }
    Some(match name {
        "_registry" => registry(machine),
        _ => machine.values.make(Shape::Method(this, Symbol::new(name))),
    })
}

fn inherited_method<'p>(
    machine: &mut Machine<'p>,
    _frame: &mut Frame<'p>,
    _this: Value,
    class: ClassRef,
    name: &str,
    arguments: &Arguments,
) -> Option<Value> {
    let is_it = name == "get_model_admin" && machine.has_base(class, is_site);
    is_it.then(|| admin_for(machine, arguments.get(0, "model")?))?
}

fn registry(machine: &mut Machine<'_>) -> Value {
    machine.values.make(Shape::Instance(Symbol::new(REGISTRY), Box::default()))
}

/// `_registry.get(Book)`
fn or_none(machine: &mut Machine<'_>, arguments: &Arguments) -> Option<Value> {
    let found = admin_for(machine, arguments.get(0, "key")?).unwrap_or(Value::NEVER);
    let default = arguments.positional.get(1).copied().unwrap_or(Value::NONE);
    Some(match found {
        Value::NEVER => default,
        found => found,
    })
}

/// The admin of a model; nothing where it has none.
fn admin_for(machine: &mut Machine<'_>, model: Value) -> Option<Value> {
    let Shape::Model(model) = *machine.values.shape(model) else { return Some(Value::UNKNOWN) };
    admins(machine).get(&model).copied()
}

fn admins(machine: &mut Machine<'_>) -> Rc<Admins> {
    if let Some(known) = &machine.admins {
        return Rc::clone(known);
    }
    // What registers may ask for others itself.
    machine.admins = Some(Rc::default());
    let mut found = Admins::default();
    for file in machine.project.file_ids() {
        let facts = machine.project.facts(file);
        let mut frame = machine.module_frame(file);
        for index in 0..facts.classes.len() {
            let class = ClassRef { file, id: tuneup_python::flow::ClassId(index as u32) };
            if is_admin_class(machine, class) {
                for models in decorated(machine, &mut frame, class) {
                    add(machine, &mut found, class, models);
                }
            }
        }
        for (model, class) in registered(facts) {
            if let Entity::Class(class) = machine.project.entity_of(file, class)
                && is_admin_class(machine, class)
            {
                let models = machine.eval(&mut frame, model);
                add(machine, &mut found, class, models);
            }
        }
    }
    let found = Rc::new(found);
    machine.admins = Some(Rc::clone(&found));
    found
}

fn add(machine: &mut Machine<'_>, found: &mut Admins, class: ClassRef, of: Value) {
    for (id, model) in models(machine, of) {
        let admin = admin_of(machine, class, model, SiteForm::Admin);
        let before = found.get(&id).copied().unwrap_or(Value::NEVER);
        found.insert(id, machine.values.join(before, admin));
    }
}

/// The arguments of each `….register(Model, ModelAdmin)` of a file.
fn registered(facts: &FileFacts) -> impl Iterator<Item = (Expr, Expr)> {
    facts.exprs.iter().filter_map(|expr| {
        let ExprKind::Call(callee, run) = expr.kind else { return None };
        match (facts.kind(callee), facts.arguments(run)) {
            (ExprKind::Attribute(_, name), [model, class, ..]) if name == "register" => {
                let are_plain = [model, class].iter().all(|it| it.kind == ArgumentKind::Positional);
                are_plain.then_some((model.value, class.value))
            }
            _ => None,
        }
    })
}

/// The models of a value that `register()` takes: one, or several.
pub(super) fn models(machine: &Machine<'_>, value: Value) -> Vec<(ModelId, Value)> {
    let members = match machine.values.shape(value) {
        Shape::Tuple(items) => items.to_vec(),
        Shape::Sequence(element) => machine.values.members(*element).to_vec(),
        _ => machine.values.members(value).to_vec(),
    };
    let model = |member: Value| match *machine.values.shape(member) {
        Shape::Model(id) => Some((id, member)),
        _ => None,
    };
    members.into_iter().filter_map(model).collect()
}

/// What `@admin.register(…)` before a class is given, also where the project names it otherwise.
pub(super) fn decorated<'p>(machine: &mut Machine<'p>, frame: &mut Frame<'p>, class: ClassRef) -> Vec<Value> {
    let facts = machine.project.facts(class.file);
    let mut found = Vec::new();
    for &decorator in facts.list(facts.class(class.id).decorators) {
        let ExprKind::Call(callee, arguments) = facts.kind(decorator) else { continue };
        if !registers(machine, frame, class.file, callee) {
            continue;
        }
        for argument in facts.arguments(arguments).iter().filter(|it| it.kind == ArgumentKind::Positional) {
            found.push(machine.eval(frame, argument.value));
        }
    }
    found
}

fn registers<'p>(machine: &mut Machine<'p>, frame: &mut Frame<'p>, file: FileId, callee: Expr) -> bool {
    let is_register = |name: Symbol| {
        matches!(name.as_str(), "django.contrib.admin.register" | "django.contrib.admin.decorators.register")
    };
    if let Entity::External(name) = machine.project.entity_of(file, callee) {
        return is_register(name);
    }
    let callee = machine.eval(frame, callee);
    match machine.values.shape(callee) {
        Shape::Instance(name, parts) if name.as_str() == "functools.partial" => {
            let function = parts.first().map(|&function| machine.values.shape(function));
            matches!(function, Some(Shape::External(name)) if is_register(*name))
        }
        Shape::External(name) => is_register(*name),
        _ => false,
    }
}
