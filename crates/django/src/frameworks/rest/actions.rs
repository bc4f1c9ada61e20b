//! Viewsets while they serve an action: which they are, and what is known of the view and its request then.
//!
//! <https://www.django-rest-framework.org/api-guide/viewsets/#introspecting-viewset-actions>

use ruff_text_size::TextRange;
use tuneup_python::flow::{ArgumentKind, Expr, ExprKind, FileFacts};
use tuneup_python::{ClassRef, FunctionRef, Symbol};

use super::views::SHOWING;
use crate::frameworks::lists::texts;
use crate::queries::machine::{Frame, Machine};
use crate::queries::roots::KNOWN_REQUEST;
use crate::queries::value::{Shape, Site, SiteForm, Value};

/// Decorators of a viewset's further actions.
const ACTIONS: &[&str] = &["action", "list_route", "detail_route"];

/// What those decorators are given for the router, and not for the view.
const OF_ROUTER: &[&str] = &["methods", "detail", "url_path", "url_name"];

/// A viewset while it serves an action: `self.action` is known.
pub(super) fn acting(machine: &mut Machine<'_>, class: ClassRef, action: &str) -> Value {
    let named = machine.project.facts(class.file).class(class.id).name_range;
    let number = SHOWING.iter().position(|(name, _)| *name == action);
    let own = own_action(machine, class, action);
    // Each action has a view of its own, told apart by where it is made.
    let (file, range) = match (number, own) {
        (Some(number), _) => (class.file, TextRange::at(named.start(), (number as u32).into())),
        (None, Some(function)) => {
            let facts = machine.project.facts(function.file);
            (function.file, facts.function(function.id).name_range)
        }
        (None, None) => (class.file, named),
    };
    let site = Site { file, range, function: None, form: SiteForm::Declaration };
    let this = machine.values.make(Shape::Object(class, Some(site.into())));
    let value = machine.values.make(Shape::Str(Symbol::new(action)));
    machine.set_on(this, Symbol::new("action"), value);
    if let Some(methods) = methods(machine, action, own) {
        let request = machine.request_by(methods);
        machine.set_on(this, Symbol::new(KNOWN_REQUEST), request);
    }
    if action == "list" {
        let arguments = arguments_of_list(machine, class);
        machine.set_on(this, Symbol::new("kwargs"), arguments);
    }
    if let Some(function) = own {
        given_to_action(machine, this, function);
    }
    this
}

/// The methods of requests that an action serves: a router names them for the standard ones, the decorator for others.
///
/// <https://github.com/encode/django-rest-framework/blob/main/rest_framework/routers.py>
fn methods(machine: &mut Machine<'_>, action: &str, own: Option<FunctionRef>) -> Option<Value> {
    let standard: &[&str] = match action {
        "list" | "retrieve" => &["GET"],
        "create" => &["POST"],
        // `partial_update()` calls `update()`.
        "update" => &["PUT", "PATCH"],
        "partial_update" => &["PATCH"],
        "destroy" => &["DELETE"],
        _ => &[],
    };
    let mut names: Vec<Symbol> = standard.iter().map(|name| Symbol::new(name)).collect();
    if names.is_empty() {
        names = given_methods(machine, own?)?;
    }
    let names: Vec<Value> = names.iter().map(|&name| machine.values.make(Shape::Str(name))).collect();
    Some(machine.values.join_all(names))
}

/// What an action's decorator says of methods; it is `GET` where it says nothing.
fn given_methods(machine: &mut Machine<'_>, function: FunctionRef) -> Option<Vec<Symbol>> {
    let facts = machine.project.facts(function.file);
    let decorators = facts.list(facts.function(function.id).decorators);
    let run = decorators.iter().find_map(|&decorator| match facts.kind(decorator) {
        ExprKind::Call(callee, run) if is_action(facts, callee) => Some(run),
        _ => None,
    })?;
    let mut arguments = facts.arguments(run).iter();
    let Some(methods) = arguments.find_map(|argument| match argument.kind {
        ArgumentKind::Keyword(name) if name == "methods" => Some(argument.value),
        ArgumentKind::Positional => Some(argument.value),
        _ => None,
    }) else {
        return Some(vec![Symbol::new("GET")]);
    };
    let mut frame = machine.module_frame(function.file);
    let methods = machine.eval(&mut frame, methods);
    let names = texts(machine, methods)?;
    Some(names.iter().map(|name| Symbol::new(&name.as_str().to_uppercase())).collect())
}

/// The arguments in the URL of a list: anything but the one that names an object.
fn arguments_of_list(machine: &mut Machine<'_>, class: ClassRef) -> Value {
    let mut names = ["lookup_url_kwarg", "lookup_field"].into_iter().filter_map(|name| {
        let value = machine.class_member(class, Symbol::new(name))?;
        match *machine.values.shape(value) {
            Shape::Str(name) => Some(name),
            _ => None,
        }
    });
    let name = names.next().unwrap_or_else(|| Symbol::new("pk"));
    machine.values.mapping(vec![(name, Value::NEVER)], Value::UNKNOWN, Value::UNKNOWN)
}

/// `@action(serializer_class=…)`: while the action is served, the view has what its decorator is given.
fn given_to_action(machine: &mut Machine<'_>, this: Value, function: FunctionRef) {
    if !is_extra_action(machine, function) {
        return;
    }
    let facts = machine.project.facts(function.file);
    let mut frame = machine.module_frame(function.file);
    for &decorator in facts.list(facts.function(function.id).decorators) {
        let ExprKind::Call(_, run) = facts.kind(decorator) else { continue };
        for argument in facts.arguments(run) {
            if let ArgumentKind::Keyword(name) = argument.kind
                && !OF_ROUTER.contains(&name.as_str())
            {
                let value = machine.eval(&mut frame, argument.value);
                machine.give(this, name, value);
            }
        }
    }
}

fn own_action(machine: &Machine<'_>, class: ClassRef, action: &str) -> Option<FunctionRef> {
    machine.class_function(class, Symbol::new(action)).map(|(function, _)| function)
}

/// A viewset's method runs while it serves the action of that name.
pub(super) fn instance(machine: &mut Machine<'_>, function: FunctionRef, class: ClassRef) -> Option<Value> {
    if !is_viewset(machine, class) {
        return None;
    }
    let name = machine.project.facts(function.file).function(function.id).name;
    let is_action = is_extra_action(machine, function)
        || ["list", "retrieve", "create", "update", "partial_update", "destroy"].contains(&name.as_str());
    is_action.then(|| acting(machine, class, name.as_str()))
}

pub(super) fn is_viewset(machine: &Machine<'_>, class: ClassRef) -> bool {
    machine.has_base(class, |name| {
        name.starts_with("rest_framework.viewsets.") || super::extends(name, "ModelViewSet")
    })
}

pub(super) fn is_extra_action(machine: &Machine<'_>, function: FunctionRef) -> bool {
    let facts = machine.project.facts(function.file);
    facts.list(facts.function(function.id).decorators).iter().any(
        |&decorator| matches!(facts.kind(decorator), ExprKind::Call(callee, _) if is_action(facts, callee)),
    )
}

fn is_action(facts: &FileFacts, decorator: Expr) -> bool {
    match facts.kind(decorator) {
        ExprKind::Attribute(_, name) | ExprKind::Global(name) => ACTIONS.contains(&name.as_str()),
        _ => false,
    }
}

/// Whether a call stands in an action that the project adds to a viewset: what that alone needs, other actions that
/// share the queryset must not pay for.
pub(super) fn is_in_extra_action(machine: &Machine<'_>, frame: &Frame<'_>) -> bool {
    frame.function.is_some_and(|id| is_extra_action(machine, FunctionRef { file: frame.file, id }))
}
