//! `django.shortcuts`: `get_object_or_404` and `get_list_or_404` take a model, a manager or a queryset. So do those of
//! the same name that other packages bring: `rest_framework.generics.get_object_or_404`.

use super::Framework;
use crate::queries::calls::{Arguments, CallSite};
use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Shape, Site, SiteForm, Uses, Value};

pub(super) const FRAMEWORK: Framework = Framework { call, ..Framework::NONE };

fn call<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    name: &str,
    arguments: &Arguments,
    call: CallSite,
) -> Option<Value> {
    let many = match name.rsplit('.').next()? {
        "get_object_or_404" | "aget_object_or_404" => false,
        "get_list_or_404" | "aget_list_or_404" => true,
        _ => return None,
    };
    let klass = machine.resumed(arguments.get(0, "klass")?);
    Some(machine.for_each(klass, |machine, member| {
        let mut queryset = match machine.values.shape(member).clone() {
            Shape::Queryset(queryset) => queryset,
            // The shortcut starts from the model's default manager.
            Shape::Model(model) => {
                let site = Site { form: SiteForm::ModelArgument, ..call.site };
                machine.of_default_manager(frame, model, Box::new([site]))
            }
            _ => return Value::UNKNOWN,
        };
        queryset.is_manager = false;
        queryset.asked.narrowed = true;
        let conditions = Arguments {
            positional: arguments.positional.iter().skip(1).copied().collect(),
            keywords: arguments.keywords.iter().filter(|(name, _)| *name != "klass").copied().collect(),
            ..Arguments::default()
        };
        machine.ask(&mut queryset, "filter", &conditions, call);
        machine.extended.insert(member);
        let queryset = machine.values.queryset(queryset);
        machine.record_use(queryset, Uses { get: !many, all: many, ..Uses::default() });
        if !many {
            return machine.one_row(queryset);
        }
        let row = machine.iterate(frame, queryset, call.site);
        machine.values.sequence(row)
    }))
}
