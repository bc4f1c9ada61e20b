//! From a lookup as it is written to the column that it names: `author__profile__email__iexact`.
//!
//! <https://docs.djangoproject.com/en/stable/ref/models/querysets/#field-lookups>

use tuneup_python::flow::ExprKind;
use tuneup_python::{Project, Symbol};

use super::Kind;
use crate::apps::literals;
use crate::schema::{Field, FieldId, ModelId, RelationId, RelationKind, Schema};

/// What a lookup names.
#[derive(Clone, Debug)]
pub(super) struct Found {
    /// The relations up to the table.
    pub(super) path: Vec<RelationId>,
    /// The table's model.
    pub(super) model: ModelId,
    /// The column's field.
    pub(super) field: FieldId,
    /// What stands behind the column: `exact` where nothing does.
    pub(super) lookup: &'static str,
}

/// The column that a lookup names; nothing for an annotation, and where it cannot be told.
pub(super) fn resolve(schema: &Schema, model: ModelId, name: Symbol) -> Option<Found> {
    let name = name.as_str();
    let mut rest = name.strip_prefix(['-', '+']).unwrap_or(name);
    let mut model = model;
    let mut path = Vec::new();
    loop {
        let (part, behind) = split(rest);
        let field = column(schema, model, part);
        let relation = schema.relation_by_query_name(model, Symbol::new(part));
        // A foreign key is a column of its own table unless a field of the other follows.
        if let Some(field) = field {
            let target = relation.and_then(|relation| schema.relation(relation).target());
            let (next, after) = split(behind);
            let is_key = |target: ModelId| match column(schema, target, next) {
                Some(field) => schema.field(field).primary_key().is_yes(),
                // The key of a model of which it is not known whether another field is.
                None => matches!(next, "pk" | "id"),
            };
            match target {
                Some(target) if !behind.is_empty() && is_key(target) => {
                    return Some(at(schema, path, model, field, after));
                }
                Some(target) if !behind.is_empty() && names_field(schema, target, next) => {}
                _ => return Some(at(schema, path, model, field, behind)),
            }
        }
        let relation = relation?;
        let known = schema.relation(relation);
        // `tags=tag`, `tags__in=…`: the joining table is indexed by what it joins.
        if behind.is_empty() || path.len() > 6 {
            return None;
        }
        let target = known.target()?;
        let (next, _) = split(behind);
        if !names_field(schema, target, next) {
            return None;
        }
        path.push(relation);
        model = target;
        rest = behind;
    }
}

/// Whether a lookup names the key of a model of which it is not known which field that is.
pub(super) fn names_key(schema: &Schema, model: ModelId, name: Symbol) -> bool {
    let (part, _) = split(name.as_str());
    matches!(part, "pk" | "id") && column(schema, model, part).is_none()
}

/// Whether a lookup begins with a relation, so that what it asks is asked of a join.
pub(super) fn names_relation(schema: &Schema, model: ModelId, name: Symbol) -> bool {
    let (part, _) = split(name.as_str());
    schema.relation_by_query_name(model, Symbol::new(part)).is_some()
}

fn at(schema: &Schema, path: Vec<RelationId>, model: ModelId, field: FieldId, lookup: &'static str) -> Found {
    // A parent's column is in the parent's table.
    let owner = schema.field(field).model();
    let model = if schema.model(owner).is_abstract() { model } else { owner };
    Found { path, model, field, lookup: if lookup.is_empty() { "exact" } else { lookup } }
}

fn split(text: &'static str) -> (&'static str, &'static str) {
    text.split_once("__").unwrap_or((text, ""))
}

fn names_field(schema: &Schema, model: ModelId, name: &str) -> bool {
    name == "pk"
        || column(schema, model, name).is_some()
        || schema.relation_by_query_name(model, Symbol::new(name)).is_some()
}

/// The field with a column that goes by a name: its own, `pk`, or `author_id`.
fn column(schema: &Schema, model: ModelId, name: &str) -> Option<FieldId> {
    let fields = schema.all_fields(model);
    let mut columns = fields.into_iter().rev().filter(|&field| schema.field(field).is_column());
    if name == "pk" {
        return columns.find(|&field| schema.field(field).primary_key().is_yes());
    }
    columns.find(|&field| {
        let field = schema.field(field);
        field.name() == name || field.attribute() == name
    })
}

/// What an index can do for a lookup.
pub(super) fn kind(schema: &Schema, found: &Found) -> Kind {
    let field = schema.field(found.field);
    if !is_plain(field) {
        return Kind::NotIndexable;
    }
    match found.lookup {
        "exact" | "in" | "isnull" => Kind::Equality,
        "gt" | "gte" | "lt" | "lte" | "range" | "year" | "year__exact" => Kind::Range,
        _ => Kind::NotIndexable,
    }
}

/// Whether a B-tree orders a column's values as comparing them does.
fn is_plain(field: &Field) -> bool {
    field.kind().is_none_or(|kind| matches!(kind, RelationKind::ForeignKey | RelationKind::OneToOne))
        && !matches!(
            field.class().as_str(),
            "JSONField" | "ArrayField" | "HStoreField" | "BinaryField" | "SearchVectorField" | "TextField"
        )
        && !field.class().as_str().ends_with("RangeField")
}

/// The names in an option of `Meta` that is a text or a list of texts; nothing where some are computed.
pub(super) fn meta_names(
    project: &Project,
    schema: &Schema,
    model: ModelId,
    option: &str,
) -> Option<Vec<String>> {
    let (file, value) = schema.meta_option(project, model, option)?;
    let (file, value) = literals::resolved(project, file, value);
    let facts = project.facts(file);
    match facts.kind(value) {
        ExprKind::Str(text) => Some(vec![text.as_str().to_owned()]),
        ExprKind::List(run) | ExprKind::Tuple(run) => facts
            .list(run)
            .iter()
            .map(|&item| literals::text(project, file, item).map(str::to_owned))
            .collect(),
        _ => None,
    }
}
