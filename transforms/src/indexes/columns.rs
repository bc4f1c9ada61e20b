//! How many rows have the same value in a column, as far as its field tells.

use tuneup_django::Project;
use tuneup_django::schema::{Field, FieldId};

/// What the values of a column are like.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Values {
    /// One or a few rows have each: tokens, addresses, hashes.
    Telling,
    /// Many different ones: names, codes, numbers.
    Many,
    /// A moment, by which rows are found in stretches and ordered.
    Moment,
    /// A place in an order, a counter.
    Ordinal,
    /// A few: booleans, choices, states.
    Few,
    /// A kind of objects: the first half of a generic foreign key.
    Kind,
    /// Nothing that a plain index holds.
    Unfit,
}

/// Names of columns that hold one of a few values although no `choices` say so.
const FEW: &[&str] = &[
    "status",
    "state",
    "kind",
    "type",
    "role",
    "level",
    "severity",
    "language",
    "lang",
    "locale",
    "gender",
    "sex",
    "currency",
    "country",
    "visibility",
    "mode",
    "category",
    "source",
    "priority",
    "stage",
    "phase",
    "format",
    "model",
    "app_label",
    "action",
    "event",
    "method",
    "provider",
    "backend",
    "platform",
    "os",
    "timezone",
    "unit",
];

/// Names of columns that hold a place in an order.
const ORDINAL: &[&str] = &[
    "order",
    "ordering",
    "position",
    "rank",
    "weight",
    "sort",
    "sort_order",
    "sequence",
    "index",
    "idx",
    "number",
    "display_order",
    "sorting",
    "count",
    "depth",
    "lft",
    "rgt",
    "year",
    "month",
    "day",
    "hour",
    "version",
];

/// Names of columns whose values one row has.
const TELLING: &[&str] = &[
    "uuid",
    "guid",
    "token",
    "hash",
    "checksum",
    "secret",
    "email",
    "key",
    "digest",
    "fingerprint",
    "signature",
];

/// What the values of a field's column are like.
pub(super) fn values(project: &Project, id: FieldId) -> Values {
    let field = project.schema.field(id);
    if let Some(relation) = field.relation() {
        let target = project.schema.relation(relation).target();
        let is_kind = target.is_some_and(|target| project.schema.label(target) == "contenttypes.ContentType");
        return if is_kind { Values::Kind } else { Values::Many };
    }
    if field.keyword(&project.source, "choices").is_some() {
        return Values::Few;
    }
    let name = field.name().as_str();
    let ends = |words: &[&str]| {
        words
            .iter()
            .any(|word| name == *word || name.strip_suffix(word).is_some_and(|rest| rest.ends_with('_')))
    };
    match field.class().as_str() {
        "BooleanField" | "NullBooleanField" => Values::Few,
        "DateTimeField" | "DateField" => Values::Moment,
        "UUIDField" | "EmailField" | "GenericIPAddressField" | "IPAddressField" => Values::Telling,
        "CharField" | "URLField" | "SlugField" | "FilePathField" => text(project, field, &ends),
        "PositiveSmallIntegerField" | "SmallIntegerField" => {
            if ends(ORDINAL) {
                Values::Ordinal
            } else {
                Values::Few
            }
        }
        "IntegerField" | "PositiveIntegerField" | "BigIntegerField" | "PositiveBigIntegerField" => {
            if ends(FEW) {
                Values::Few
            } else if ends(ORDINAL) || !name.ends_with("id") {
                Values::Ordinal
            } else {
                Values::Many
            }
        }
        "DecimalField" | "FloatField" | "DurationField" | "TimeField" => Values::Ordinal,
        _ => Values::Unfit,
    }
}

/// Longer texts make large indexes, and some databases refuse them.
const LONGEST: i32 = 767;

fn text(project: &Project, field: &Field, ends: &dyn Fn(&[&str]) -> bool) -> Values {
    match field.length(&project.source) {
        Some(length) if length > LONGEST => Values::Unfit,
        // A code for one of a few.
        Some(length) if length <= 3 => Values::Few,
        _ if ends(FEW) => Values::Few,
        _ if ends(TELLING) => Values::Telling,
        _ => Values::Many,
    }
}
