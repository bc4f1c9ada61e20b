//! `django.core.cache`: what a cache is given to keep is what it gives.
//!
//! <https://docs.djangoproject.com/en/stable/topics/cache/#django.core.caches.cache.get_or_set>

use super::Framework;
use crate::queries::calls::{Arguments, CallSite};
use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Shape, Value};

pub(super) const FRAMEWORK: Framework = Framework { call, ..Framework::NONE };

/// `cache.get_or_set(key, default)`: a default that can be called is.
fn call<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    name: &str,
    arguments: &Arguments,
    call: CallSite,
) -> Option<Value> {
    if !matches!(name, "django.core.cache.cache.get_or_set" | "django.core.cache.cache.aget_or_set") {
        return None;
    }
    let default = arguments.get(1, "default")?;
    Some(machine.for_each(default, |machine, member| match machine.values.shape(member) {
        Shape::Function(..) | Shape::Bound { .. } | Shape::Method(..) => {
            machine.call_value(frame, member, &Arguments::default(), call)
        }
        _ => member,
    }))
}
