//! `django.core.cache`: what a cache is given to keep is what it gives; rows are kept with all that is loaded onto them.
//!
//! <https://docs.djangoproject.com/en/stable/topics/cache/#django.core.caches.cache.get_or_set>

use super::Framework;
use crate::queries::calls::{Arguments, CallSite};
use crate::queries::hazards::HazardKind;
use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Path, Shape, Site, Value};

/// How deep rows stand in what is kept.
const DEEPEST: u8 = 5;

pub(super) const FRAMEWORK: Framework = Framework { call, ..Framework::NONE };

/// `cache.get_or_set(key, default)`: a default that can be called is. `cache.set(key, value)` keeps a value.
fn call<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    name: &str,
    arguments: &Arguments,
    call: CallSite,
) -> Option<Value> {
    let method = name.strip_prefix("django.core.cache.cache")?;
    let method = method.strip_prefix("s.").or_else(|| method.strip_prefix('.'))?;
    match method {
        "get_or_set" | "aget_or_set" => {
            let default = arguments.get(1, "default")?;
            let value = machine.for_each(default, |machine, member| match machine.values.shape(member) {
                Shape::Function(..) | Shape::Bound { .. } | Shape::Method(..) => {
                    machine.call_value(frame, member, &Arguments::default(), call)
                }
                _ => member,
            });
            keep(machine, value, call.site, DEEPEST);
            Some(value)
        }
        "set" | "aset" | "add" | "aadd" => {
            keep(machine, arguments.get(1, "value")?, call.site, DEEPEST);
            None
        }
        "set_many" | "aset_many" => {
            keep(machine, arguments.get(0, "data")?, call.site, DEEPEST);
            None
        }
        _ => None,
    }
}

/// Notes that the rows within a value are kept.
fn keep(machine: &mut Machine<'_>, value: Value, site: Site, depth: u8) {
    if depth == 0 {
        return;
    }
    for member in machine.values.members(value) {
        let (query, path) = match machine.values.shape(member).clone() {
            Shape::Row(row) => (row.query, row.path),
            Shape::Queryset(_) => (member, Path::ROOT),
            Shape::Sequence(inner) | Shape::Page(inner) => {
                keep(machine, inner, site, depth - 1);
                continue;
            }
            Shape::Tuple(items) => {
                for &item in items.iter() {
                    keep(machine, item, site, depth - 1);
                }
                continue;
            }
            Shape::Mapping { known, rest, .. } => {
                for &(_, value) in known.iter() {
                    keep(machine, value, site, depth - 1);
                }
                keep(machine, rest, site, depth - 1);
                continue;
            }
            // In whatever order its attributes are.
            Shape::Object(..) => {
                let of_object = machine.object_values.iter().filter(|((object, _), _)| *object == member);
                let values: Vec<Value> = of_object.map(|(_, &value)| value).collect();
                for value in values {
                    keep(machine, value, site, depth - 1);
                }
                continue;
            }
            _ => continue,
        };
        machine.note(HazardKind::Cached, query, path, site);
    }
}
