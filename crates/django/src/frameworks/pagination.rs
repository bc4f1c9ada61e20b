//! `django.core.paginator`: a page iterates as the rows of the queryset that was paginated.

use super::Framework;
use crate::queries::calls::{Arguments, CallSite};
use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Shape, Value};

pub(super) const FRAMEWORK: Framework = Framework { call, ..Framework::NONE };

fn call<'p>(
    machine: &mut Machine<'p>,
    _frame: &mut Frame<'p>,
    name: &str,
    arguments: &Arguments,
    _call: CallSite,
) -> Option<Value> {
    match name {
        "django.core.paginator.Paginator" | "django.core.paginator.AsyncPaginator" => {
            let rows = arguments.get(0, "object_list")?;
            machine.record_page(rows);
            Some(machine.values.make(Shape::Paginator(rows)))
        }
        _ => None,
    }
}
