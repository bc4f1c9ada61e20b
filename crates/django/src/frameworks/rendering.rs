//! `django.template` and the shortcuts that render: a template is rendered on the context it is given.

use tuneup_python::Symbol;

use super::Framework;
use crate::queries::calls::{Arguments, CallSite};
use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Shape, Value};

pub(super) const FRAMEWORK: Framework = Framework { call, method, ..Framework::NONE };

/// A template that was found by its name.
const NAMED: &str = "%template";

/// A template that was made of a text.
const OF_TEXT: &str = "django.template.base.Template";

fn call<'p>(
    machine: &mut Machine<'p>,
    _frame: &mut Frame<'p>,
    name: &str,
    arguments: &Arguments,
    _call: CallSite,
) -> Option<Value> {
    // Where the name and the context stand among the arguments.
    let (template, context) = match name {
        "django.shortcuts.render" => ((1, "template_name"), (2, "context")),
        "django.shortcuts.render_to_response"
        | "django.template.loader.render_to_string"
        | "django.template.render_to_string" => ((0, "template_name"), (1, "context")),
        "django.template.response.TemplateResponse" => ((1, "template"), (2, "context")),
        "django.template.response.SimpleTemplateResponse" => ((0, "template"), (1, "context")),
        "django.template.loader.get_template" | "django.template.loader.select_template" => {
            let template = arguments.get(0, "template_name")?;
            return Some(machine.values.make(Shape::Instance(Symbol::new(NAMED), Box::new([template]))));
        }
        "django.template.Template" | "django.template.base.Template" => {
            let text = arguments.get(0, "template_string")?;
            return Some(machine.values.make(Shape::Instance(Symbol::new(OF_TEXT), Box::new([text]))));
        }
        "django.template.Context" | "django.template.RequestContext" => {
            let position = usize::from(name.ends_with("RequestContext"));
            let none = machine.values.mapping(Vec::new(), Value::NEVER, Value::NEVER);
            return Some(arguments.get(position, "dict_").unwrap_or(none));
        }
        _ => return None,
    };
    let template = arguments.get(template.0, template.1)?;
    let context = arguments.get(context.0, context.1);
    render(machine, template, context);
    Some(Value::SCALAR)
}

fn method<'p>(
    machine: &mut Machine<'p>,
    _frame: &mut Frame<'p>,
    class: &str,
    parts: &[Value],
    name: &str,
    arguments: &Arguments,
) -> Option<Value> {
    if name != "render" {
        return None;
    }
    match class {
        NAMED => render(machine, *parts.first()?, arguments.get(0, "context")),
        OF_TEXT => {
            let context = context_of(machine, arguments.get(0, "context"));
            machine.render_text(*parts.first()?, context);
        }
        _ => return None,
    }
    Some(Value::SCALAR)
}

/// Renders a template on a context, which may be absent or `None`.
fn render(machine: &mut Machine<'_>, template: Value, context: Option<Value>) {
    let is_known = context.is_none_or(|context| is_written_out(machine, context));
    let mut context = context_of(machine, context);
    if is_known {
        context = machine.whole_context(context);
    }
    machine.render_named(template, context);
}

/// Whether a context is a dictionary that code makes, and not one that it gets from a view.
fn is_written_out(machine: &Machine<'_>, context: Value) -> bool {
    machine.values.members(context).iter().all(|&member| match machine.values.shape(member) {
        Shape::Mapping { known, .. } => known.iter().all(|(name, _)| *name != "view"),
        Shape::None => true,
        _ => false,
    })
}

/// The mapping that a context is.
fn context_of(machine: &mut Machine<'_>, context: Option<Value>) -> Value {
    let none = machine.values.mapping(Vec::new(), Value::NEVER, Value::NEVER);
    let mut contexts = Vec::new();
    for member in context.map(|context| machine.values.members(context)).unwrap_or_default() {
        if matches!(machine.values.shape(member), Shape::Mapping { .. }) {
            contexts.push(member);
        }
    }
    if contexts.is_empty() { none } else { machine.values.join_all(contexts) }
}
