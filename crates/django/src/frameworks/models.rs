//! Functions of `django.db.models`, `django.apps` and `django.contrib.auth` that take or give models and rows.

use tuneup_python::ClassRef;

use super::Framework;
use crate::queries::calls::{Arguments, CallSite};
use crate::queries::conditions::F;
use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Plan, Shape, Site, SiteForm, Value};

pub(super) const FRAMEWORK: Framework = Framework { call, method, serve, ..Framework::NONE };

/// What a model's foreign keys let be chosen.
fn serve<'p>(machine: &mut Machine<'p>, _frame: &mut Frame<'p>, class: ClassRef) {
    let Some(model) = machine.schema.model_of_class(class) else { return };
    for &field in machine.schema.model(model).fields() {
        let field = machine.schema.field(field);
        let target = field.relation().and_then(|relation| machine.schema.relation(relation).target());
        let given = field.keyword(machine.project, "limit_choices_to");
        let (Some(target), Some((file, limit))) = (target, given) else { continue };
        let mut frame = machine.module_frame(file);
        let site = Site { form: SiteForm::Declaration, ..frame.site_of(limit) };
        let value = machine.eval(&mut frame, limit);
        let value = match machine.values.shape(value) {
            Shape::Function(..) => {
                machine.call_value(&mut frame, value, &Arguments::default(), CallSite { site })
            }
            _ => value,
        };
        machine.declare_choices(target, value, site);
    }
}

/// `F("created").desc()`, as `order_by` takes it. Where nulls are told their end, the order is none that an index of
/// the column has on every database: it stays an expression.
/// <https://docs.djangoproject.com/en/stable/ref/models/expressions/#using-f-to-sort-null-values>
fn method<'p>(
    machine: &mut Machine<'p>,
    _frame: &mut Frame<'p>,
    class: &str,
    parts: &[Value],
    name: &str,
    arguments: &Arguments,
) -> Option<Value> {
    if class != F {
        return None;
    }
    if matches!(name, "asc" | "desc") && arguments.all().next().is_some() {
        return Some(machine.computed_column());
    }
    let Shape::Str(field) = *machine.values.shape(*parts.first()?) else { return None };
    match name {
        "asc" => Some(machine.values.make(Shape::Str(field))),
        "desc" => Some(machine.values.make(Shape::Str(tuneup_python::Symbol::new(&format!("-{field}"))))),
        _ => None,
    }
}

fn call<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    name: &str,
    arguments: &Arguments,
    call: CallSite,
) -> Option<Value> {
    if !name.starts_with("django.") {
        return None;
    }
    let last = name.rsplit('.').next()?;
    match last {
        "Prefetch" | "GenericPrefetch" => {
            let lookup = arguments.get(0, "lookup").unwrap_or(Value::UNKNOWN);
            let queryset = arguments.get(1, "queryset").unwrap_or(Value::NONE);
            let to_attr = arguments.get(2, "to_attr").unwrap_or(Value::NONE);
            let class = tuneup_python::Symbol::new("django.db.models.Prefetch");
            Some(machine.values.make(Shape::Instance(class, Box::new([lookup, queryset, to_attr]))))
        }
        "Q" => Some(machine.condition(arguments, call)),
        "When" => machine.when(name, arguments, call),
        "F" => {
            let name = arguments.get(0, "name").unwrap_or(Value::UNKNOWN);
            let class = tuneup_python::Symbol::new(F);
            Some(machine.values.make(Shape::Instance(class, Box::new([name]))))
        }
        "prefetch_related_objects" | "aprefetch_related_objects" => {
            let (&rows, lookups) = arguments.positional.split_first()?;
            let lookups = Arguments {
                positional: lookups.to_vec(),
                more_positional: arguments.more_positional,
                ..Arguments::default()
            };
            let mut plan = Plan::default();
            machine.plan_prefetch(&mut plan, &lookups, call.site);
            let element = machine.iterate(frame, rows, call.site);
            for member in machine.values.members(element) {
                if let Some(row) = machine.as_row(member) {
                    machine.record_loaded(row, &plan);
                }
            }
            Some(Value::NONE)
        }
        "QuerySet" => machine.made_queryset(None, arguments, call.site),
        // Expressions, however they are nested: what their conditions ask.
        _ if name.starts_with("django.db.models") && last.starts_with(char::is_uppercase) => {
            machine.expression(name, arguments)
        }
        "get_user_model" => {
            let model = machine.schema.user_model()?;
            Some(machine.values.make(Shape::Model(model)))
        }
        "get_model" | "get_registered_model" => {
            let text = |value: Option<Value>| match machine.values.shape(value?) {
                Shape::Str(text) => Some(text.as_str()),
                _ => None,
            };
            let first = text(arguments.get(0, "app_label"))?;
            let label = match text(arguments.get(1, "model_name")) {
                Some(model) => format!("{first}.{model}"),
                None => first.to_owned(),
            };
            let model = machine.schema.model_by_label(&label)?;
            Some(machine.values.make(Shape::Model(model)))
        }
        _ => None,
    }
}
