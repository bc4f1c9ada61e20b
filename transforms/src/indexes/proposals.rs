//! Proposals of indexes: which calls they serve, what they cost, and the change.

use std::fmt::Write as _;

use tuneup_django::Project;
use tuneup_django::predicates::{Context, Kind, Predicate, Source};
use tuneup_django::queries::{Site, SiteForm};
use tuneup_django::schema::{FieldId, ModelId};

use super::{Wanted, locks, places};
use crate::loading::place_of;
use crate::proposal::{Change, Evidence, IndexColumn, IndexSpec, ModelRef, Place, Proposal, Safety};

/// How many call sites are listed.
const MOST_EVIDENCE: usize = 8;

/// A column as `Meta.indexes` names it: `-created` for descending.
pub(crate) fn field_name(project: &Project, (field, descending): (FieldId, bool)) -> String {
    let name = project.schema.field(field).name();
    if descending { format!("-{name}") } else { name.to_string() }
}

/// The proposal of an index, by a rule.
pub(crate) fn proposal(project: &Project, rule: &'static str, wanted: &Wanted<'_>) -> Option<Proposal> {
    let model = project.schema.label(wanted.model);
    let fields: Vec<String> = wanted.columns.iter().map(|&column| field_name(project, column)).collect();
    let site = site(project, wanted)?;
    let place = place_of(project, &site);
    let symbol = project.symbol(&site).to_owned();
    let names: Vec<String> = fields.iter().map(|field| format!("`{field}`")).collect();
    let (safety, changes) = match change(project, wanted) {
        Some(change) if wanted.doubt.is_none() => (Safety::Unsafe, vec![change]),
        _ => (Safety::Advice, Vec::new()),
    };
    let is_field = changes.iter().any(|it| matches!(it, Change::SetFieldIndex { .. }));
    Some(Proposal {
        id: format!("{rule}:{}:{symbol}:{model}:{}", place.path, fields.join(",")),
        rule,
        safety,
        title: format!("Index {} of {model}", names.join(", ")),
        message: message(project, wanted, &names, is_field),
        place,
        symbol,
        model: Some(model),
        fields,
        evidence: evidence(project, &wanted.calls),
        changes,
    })
}

/// A model by its class, as changes name it.
pub(crate) fn model_ref(project: &Project, model: ModelId) -> Option<ModelRef> {
    let class = project.schema.class_of(model)?;
    let range = project.source.facts(class.file).class(class.id).name_range;
    Some(ModelRef { label: project.schema.label(model), class: Place::new(project.path(class.file), range) })
}

fn change(project: &Project, wanted: &Wanted<'_>) -> Option<Change> {
    let schema = &project.schema;
    let model = model_ref(project, wanted.model)?;
    let concurrently = project.concurrency.is_concurrent();
    if let [(only, _)] = wanted.columns.as_slice()
        && prefers_fields(project, wanted.model)
        && is_of_one_model(project, *only)
    {
        let field = schema.field(*only).name().to_string();
        return Some(Change::SetFieldIndex { model, field, on: true, concurrently });
    }
    let column = |&(field, descending): &(FieldId, bool)| IndexColumn {
        name: schema.field(field).name().to_string(),
        descending,
    };
    let index = IndexSpec { fields: wanted.columns.iter().map(column).collect(), ..IndexSpec::default() };
    Some(Change::AddIndex { model, index, concurrently })
}

/// Whether the call that declares a field makes it for one model alone: an abstract base may give it to several.
pub(crate) fn is_of_one_model(project: &Project, field: FieldId) -> bool {
    let schema = &project.schema;
    let Some(source) = schema.field(field).source() else { return false };
    let declares = |other: FieldId| {
        schema
            .field(other)
            .source()
            .is_some_and(|it| (it.file, it.value) == (source.file, source.value) && it.owner == source.owner)
    };
    let with_table = schema.models().filter(|&model| !schema.model(model).is_abstract());
    with_table.filter(|&model| schema.model(model).fields().iter().any(|&other| declares(other))).count() == 1
}

/// Where the index belongs: the field of one column, the class of a model for several.
fn site(project: &Project, wanted: &Wanted<'_>) -> Option<Site> {
    let of_class = || {
        let class = project.schema.class_of(wanted.model)?;
        let range = project.source.facts(class.file).class(class.id).name_range;
        Some(Site { file: class.file, range, function: None, form: SiteForm::Declaration })
    };
    let of_field = || match wanted.columns.as_slice() {
        [(only, _)] => project.schema.field(*only).source().map(|source| Site {
            file: source.file,
            range: source.range,
            function: None,
            form: SiteForm::Declaration,
        }),
        _ => None,
    };
    of_field().or_else(of_class).or_else(|| wanted.calls.first().map(|it| it.site))
}

fn message(project: &Project, wanted: &Wanted<'_>, names: &[String], is_field: bool) -> String {
    let places = places(&wanted.calls);
    let mut message = String::new();
    let mut said: Vec<String> = Vec::new();
    for (context, singular, plural) in [
        (Context::Request, "place that answers requests", "places that answer requests"),
        (Context::Admin, "place in the admin", "places in the admin"),
        (Context::Task, "task", "tasks"),
        (Context::Unknown, "other place", "other places"),
    ] {
        match places.iter().filter(|it| it.context == context).count() {
            0 => {}
            1 => said.push(format!("1 {singular}")),
            count => said.push(format!("{count} {plural}")),
        }
    }
    if wanted.calls.is_empty() {
        let _ = write!(
            message,
            "{} are a generic foreign key: the rows of one object are found by both, and Django indexes the first \
             alone, which all objects of a kind have.",
            names.join(", "),
        );
    } else {
        let _ = write!(
            message,
            "{} {} asked for in {}; ",
            names.join(", "),
            if names.len() == 1 { "is" } else { "are" },
            list(&said),
        );
        let indexes = project.schema.indexes(&project.source, wanted.model);
        let first = wanted.columns[0].0;
        let has_own = indexes.all.iter().any(|index| {
            index.is_tree && !index.is_partial && index.columns.first().is_some_and(|it| it.0 == first)
        });
        match (has_own, names) {
            (true, [first, ..]) if wanted.equal < names.len() => {
                let _ = write!(
                    message,
                    "the index on {first} finds the rows of one, and all of them are read and sorted."
                );
            }
            (true, [first, ..]) => {
                let _ =
                    write!(message, "the index on {first} finds the rows of one, and all of them are read.");
            }
            (_, [_]) => message.push_str("no index begins with it, so each reads the whole table."),
            _ => message.push_str("no index begins with them, so each reads the whole table."),
        }
    }
    message.push_str(" The index is written with every new row");
    let mut set: Vec<String> = Vec::new();
    for &(column, _) in &wanted.columns {
        let field = project.schema.field(column);
        let count = project
            .predicates()
            .writes
            .iter()
            .filter(|it| it.model == wanted.model && matches!(it.context, Context::Request | Context::Task))
            .filter(|it| it.column.is_some_and(|name| name == field.name() || name == field.attribute()))
            .count();
        match count {
            0 => {}
            1 => set.push(format!("`{}`, which 1 place sets", field.name())),
            count => set.push(format!("`{}`, which {count} places set", field.name())),
        }
    }
    if set.is_empty() {
        message.push('.');
    } else {
        let _ = write!(message, " and with every change of {}.", list(&set));
    }
    if let Some(doubt) = wanted.doubt {
        message.push(' ');
        message.push_str(doubt);
        return message;
    }
    message.push(' ');
    message.push_str(&locks::of_making(project, is_field));
    message
}

fn list(parts: &[String]) -> String {
    match parts {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

pub(crate) fn evidence(project: &Project, calls: &[&Predicate]) -> Vec<Evidence> {
    let mut places = places(calls);
    // What runs most often first, where not all are shown.
    places.sort_by_key(|it| it.context);
    places.truncate(MOST_EVIDENCE);
    places.sort_by_key(|it| (it.site.file.index(), it.site.range.start()));
    places
        .into_iter()
        .map(|predicate| Evidence {
            place: place_of(project, &predicate.site),
            message: asked(project, predicate),
        })
        .collect()
}

/// What a call asks, in words.
fn asked(project: &Project, predicate: &Predicate) -> String {
    let name = |field: FieldId| project.schema.field(field).name();
    let mut parts = Vec::new();
    let mut filters: Vec<String> = Vec::new();
    for filter in predicate.filters.iter().filter(|it| {
        // Of what an index does not serve, only what advice is about is told.
        it.kind != Kind::NotIndexable
            || matches!(it.lookup, "iexact" | "icontains" | "startswith")
            || it.lookup.starts_with("date")
    }) {
        let text = match filter.lookup {
            "exact" => format!("`{}`", name(filter.field)),
            lookup => format!("`{}__{lookup}`", name(filter.field)),
        };
        if !filters.contains(&text) {
            filters.push(text);
        }
    }
    if !filters.is_empty() {
        parts.push(format!("filters by {}", list(&filters)));
    }
    let order: Vec<String> = predicate
        .order
        .iter()
        .map(|it| format!("`{}`", field_name(project, (it.field, it.descending))))
        .collect();
    if !order.is_empty() {
        parts.push(format!("orders by {}", order.join(", ")));
    }
    let when = match (predicate.source, predicate.context) {
        (Source::UrlLookup, _) => "to find the row that a URL names",
        (Source::AdminDates, _) => "for `date_hierarchy`",
        (_, Context::Request) => "for a request",
        (_, Context::Admin) => "in the admin",
        (_, Context::Task) => "in a task",
        _ => "",
    };
    format!("{} {when}", parts.join(" and ")).trim().to_owned()
}

/// Whether single columns are indexed at their fields: a person says so, or the project does so itself.
pub(crate) fn prefers_fields(project: &Project, model: ModelId) -> bool {
    use tuneup_django::IndexStyle;
    use tuneup_django::schema::IndexSource;
    match project.index_style {
        IndexStyle::Field => return true,
        IndexStyle::Meta => return false,
        IndexStyle::AsTheProject => {}
    }
    let schema = &project.schema;
    let app = schema.model(model).app_label();
    let (mut in_app, mut in_all) = ((0, 0), (0, 0));
    for other in schema.models() {
        if schema.class_of(other).is_none() || schema.model(other).is_abstract() {
            continue;
        }
        for index in schema.indexes(&project.source, other).all {
            let (fields, meta) = match index.source {
                IndexSource::FieldIndex
                    if index.columns.iter().all(|it| schema.field(it.0).relation().is_none()) =>
                {
                    (1, 0)
                }
                IndexSource::Meta => (0, 1),
                _ => continue,
            };
            in_all = (in_all.0 + fields, in_all.1 + meta);
            if schema.model(other).app_label() == app {
                in_app = (in_app.0 + fields, in_app.1 + meta);
            }
        }
    }
    let (fields, meta) = if in_app == (0, 0) { in_all } else { in_app };
    fields > meta
}
