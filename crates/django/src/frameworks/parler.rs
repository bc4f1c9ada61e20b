//! django-parler: what is translated is read off a row's translations, which it fetches for each row unless they are
//! prefetched.
//!
//! <https://django-parler.readthedocs.io/en/stable/performance.html>

use super::{Framework, rest};
use crate::queries::calls::{Arguments, CallSite};
use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Row, Shape, Site, Value};
use crate::schema::{ModelAttribute, ModelId, RelationId};

pub(super) const FRAMEWORK: Framework = Framework { narrows, row_method, ..Framework::NONE };

/// What its manager and its querysets have beside Django's.
fn narrows(machine: &Machine<'_>, model: ModelId, name: &str) -> bool {
    matches!(name, "translated" | "active_translations" | "language")
        && machine.schema.has_translations(model)
}

/// A translated value of a row: its translations are looked through for the language.
pub(crate) fn translated<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    row: Value,
    translations: RelationId,
    site: Site,
) -> Value {
    let relation = machine.schema.relation(translations);
    if let Some(accessor) = relation.accessor() {
        let rows = machine.attribute_of(frame, site, row, accessor);
        rest::rows_of(machine, frame, rows, site);
    }
    Value::SCALAR
}

/// `row.safe_translation_getter("name")`
fn row_method<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    value: Value,
    row: Row,
    name: &str,
    arguments: &Arguments,
    call: CallSite,
) -> Option<Value> {
    if name != "safe_translation_getter" {
        return None;
    }
    let Shape::Str(field) = *machine.values.shape(arguments.get(0, "field")?) else { return None };
    match machine.schema.attribute(row.model, field) {
        Some(ModelAttribute::Translated(relation)) => {
            Some(translated(machine, frame, value, relation, call.site))
        }
        _ => None,
    }
}
