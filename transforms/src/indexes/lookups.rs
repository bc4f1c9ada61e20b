//! Lookups that no plain index serves, with what would serve them: advice, because it depends on the database.
//!
//! `iexact` compares `UPPER(column)`, `icontains` searches within it, `date` computes a day for each row, `startswith` on
//! PostgreSQL needs an operator class, and of a column of few values only the rows of a rare one are worth an index.

use rustc_hash::FxHashMap;
use tuneup_django::Project;
use tuneup_django::migrations::concurrent::is_postgresql;
use tuneup_django::predicates::{Context, Filter, Given, Kind, Predicate, Source};
use tuneup_django::queries::{Site, SiteForm};
use tuneup_django::schema::{FieldId, IndexSource, Indexes, ModelId};

use super::columns::{Values, values};
use super::growth::{self, Growth};
use super::proposals::evidence;
use super::{Wanted, is_ours, places, views};
use crate::loading::place_of;
use crate::proposal::{Proposal, Safety};

/// What a lookup needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Need {
    /// An index on `Upper(column)`.
    Upper,
    /// A half-open range instead.
    Range,
    /// An index with an operator class for the beginnings of texts.
    Beginnings,
    /// An index on the rows of one value alone.
    Partial,
    /// A trigram index on `Upper(column)`.
    Trigrams,
}

/// Advice on lookups of tables that grow, in order of the models.
pub(crate) fn advice(project: &Project, rule: &'static str, wanted: &[Wanted<'_>]) -> Vec<Proposal> {
    let mut asked: FxHashMap<ModelId, Vec<(FieldId, Need, &Predicate)>> = FxHashMap::default();
    for predicate in &project.predicates().all {
        if !matches!(predicate.context, Context::Request | Context::Task)
            || !matches!(predicate.source, Source::Query | Source::UrlLookup | Source::SearchFilter)
        {
            continue;
        }
        for filter in &predicate.filters {
            let alone = filter.sure && !predicate.narrowed_elsewhere;
            let need = match filter.lookup {
                "iexact" if alone => Need::Upper,
                "icontains" => Need::Trigrams,
                "startswith" if alone => Need::Beginnings,
                "exact" if alone && is_state_that_rows_leave(project, predicate, filter) => Need::Partial,
                lookup
                    if filter.sure
                        && !predicate.narrowed_elsewhere
                        && matches!(lookup.split("__").next(), Some("date")) =>
                {
                    Need::Range
                }
                _ => continue,
            };
            let own = project.schema.field(filter.field).model() == predicate.model;
            if own && !is_found(project, predicate) {
                asked.entry(predicate.model).or_default().push((filter.field, need, predicate));
            }
        }
    }
    let mut found = Vec::new();
    for model in project.schema.models() {
        let Some(asked) = asked.get(&model) else { continue };
        if is_ours(project, model) {
            found.extend(of_model(project, rule, model, asked, wanted));
        }
    }
    found
}

/// Whether a condition beside it is on a foreign key or a unique column, whose index leaves few rows.
fn is_found(project: &Project, predicate: &Predicate) -> bool {
    predicate.filters.iter().any(|it| {
        let field = project.schema.field(it.field);
        it.sure
            && matches!(it.lookup, "exact" | "in")
            && (field.unique().is_yes() || field.relation().is_some())
    })
}

fn of_model(
    project: &Project,
    rule: &'static str,
    model: ModelId,
    asked: &[(FieldId, Need, &Predicate)],
    wanted: &[Wanted<'_>],
) -> Vec<Proposal> {
    let indexes = project.schema.indexes(&project.source, model);
    if !indexes.is_known || !growth_allows(project, model) {
        return Vec::new();
    }
    let mut needs: Vec<(Need, FieldId)> = asked
        .iter()
        .map(|&(field, need, _)| (need, field))
        .filter(|&(need, field)| fits(project, &indexes, need, field) && is_possible(project, need))
        // An index of several columns serves the rows of each value, the rare one too.
        .filter(|&(need, field)| {
            need != Need::Partial || !wanted.iter().any(|it| it.model == model && it.columns[0].0 == field)
        })
        .collect();
    needs.sort_unstable();
    needs.dedup();
    needs
        .into_iter()
        .filter_map(|(need, field)| {
            let calls: Vec<&Predicate> = asked
                .iter()
                .filter(|&&(other, its, _)| other == field && its == need)
                .map(|&(_, _, predicate)| predicate)
                .collect();
            // A search of one place, or of one view in its methods, is one box of one page.
            (need != Need::Trigrams || views(project, &places(&calls)) > 1)
                .then(|| proposal(project, rule, model, need, field, &calls))
        })
        .collect()
}

/// Whether the databases that the settings name can have what a lookup needs. Where they are not known, they may.
fn is_possible(project: &Project, need: Need) -> bool {
    let (engines, are_all) = project.settings.database_engines();
    match need {
        Need::Range => true,
        // A migration runs on each of them.
        Need::Upper | Need::Trigrams | Need::Beginnings => {
            !are_all || (!engines.is_empty() && engines.iter().all(|engine| is_postgresql(engine)))
        }
        Need::Partial => {
            !engines.iter().any(|engine| engine.ends_with("mysql") || engine.ends_with("oracle"))
        }
    }
}

/// Whether a query asks for the rows that are still in a state which others have left: `sent=False`, where the project
/// sets `sent`. Those rows stay few while the table grows.
fn is_state_that_rows_leave(project: &Project, predicate: &Predicate, filter: &Filter) -> bool {
    let field = project.schema.field(filter.field);
    let is_rare = match filter.given {
        Given::Bool(value) => !value,
        Given::Text(_) => values(project, filter.field) == Values::Few,
        _ => false,
    };
    let is_left = || {
        project.predicates().writes.iter().any(|it| {
            it.model == predicate.model
                && !it.makes
                && matches!(it.context, Context::Request | Context::Task)
                && it.column.is_some_and(|name| name == field.name())
        })
    };
    // Others that find the rows need no help; all of a state are read or the first of them.
    let finds = |other: &Filter| {
        other.sure
            && other.kind == Kind::Equality
            && other.field != filter.field
            && !matches!(values(project, other.field), Values::Few | Values::Ordinal)
    };
    is_rare
        && !predicate.is_joined
        && !predicate.is_open
        && (predicate.uses.all || predicate.uses.page || predicate.uses.first)
        && !predicate.filters.iter().any(finds)
        && is_left()
}

fn growth_allows(project: &Project, model: ModelId) -> bool {
    growth::of(project, model) >= Growth::SURE
}

/// Whether the column is one that the need is for, and nothing of that kind exists.
fn fits(project: &Project, indexes: &Indexes, need: Need, field: FieldId) -> bool {
    let class = project.schema.field(field).class();
    let is_text =
        matches!(class.as_str(), "CharField" | "EmailField" | "URLField" | "SlugField" | "TextField");
    // An index of expressions has no columns, and is perhaps the one.
    let has_other = indexes.all.iter().any(|index| {
        index.columns.is_empty() || (!index.is_tree && index.columns.iter().any(|it| it.0 == field))
    });
    match need {
        Need::Upper => {
            is_text && !has_other && matches!(values(project, field), Values::Telling | Values::Many)
        }
        Need::Trigrams => is_text && !has_other && values(project, field) != Values::Few,
        Need::Range => class == "DateTimeField",
        // A field's own index has a twin for beginnings.
        Need::Beginnings => {
            is_text
                && !has_other
                && matches!(values(project, field), Values::Telling | Values::Many)
                && !indexes.all.iter().any(|index| {
                    !matches!(index.source, IndexSource::Meta | IndexSource::IndexTogether)
                        && index.columns.len() == 1
                        && index.columns[0].0 == field
                })
        }
        Need::Partial => {
            !has_other
                && !indexes
                    .all
                    .iter()
                    .any(|index| index.is_partial || index.columns.first().is_some_and(|it| it.0 == field))
        }
    }
}

/// The name of a model's key.
fn primary_key(project: &Project, model: ModelId) -> String {
    let schema = &project.schema;
    let mut keys =
        schema.model(model).fields().iter().filter(|&&field| schema.field(field).primary_key().is_yes());
    keys.next().map_or("id".to_owned(), |&field| schema.field(field).name().to_string())
}

fn proposal(
    project: &Project,
    rule: &'static str,
    model: ModelId,
    need: Need,
    field: FieldId,
    calls: &[&Predicate],
) -> Proposal {
    let schema = &project.schema;
    let label = schema.label(model);
    let name = schema.field(field).name().to_string();
    let of_class = || {
        let class = schema.class_of(model)?;
        let range = project.source.facts(class.file).class(class.id).name_range;
        Some(Site { file: class.file, range, function: None, form: SiteForm::Declaration })
    };
    let of_field = schema.field(field).source().map(|source| Site {
        file: source.file,
        range: source.range,
        function: None,
        form: SiteForm::Declaration,
    });
    let site = match need {
        // The query is what is to change.
        Need::Range => calls[0].site,
        _ => of_field.or_else(of_class).unwrap_or(calls[0].site),
    };
    let place = place_of(project, &site);
    let symbol = project.symbol(&site).to_owned();
    let (title, message, kind) = match need {
        Need::Upper => (
            format!("Index `{name}` of {label} in upper case"),
            format!(
                "`{name}__iexact` compares `UPPER({name})`, which an index on `{name}` does not serve. On PostgreSQL, \
                 `models.Index(Upper(\"{name}\"), name=…)` does (`Lower` does not). On MySQL and MariaDB texts are compared \
                 without case already: there a plain index and `exact` serve."
            ),
            "upper",
        ),
        Need::Range => (
            format!("Ask for `{name}` of {label} by a range"),
            format!(
                "`{name}__date` computes the day of every row, which no index on `{name}` serves: ask for \
                 `{name}__gte` the day's first moment and `{name}__lt` the next day's."
            ),
            "date",
        ),
        Need::Beginnings => (
            format!("Index the beginnings of `{name}` of {label}"),
            format!(
                "`{name}__startswith` is served by no index of `Meta.indexes` on PostgreSQL, unless the database sorts by \
                 bytes: `models.Index(fields=[\"{name}\"], opclasses=[\"varchar_pattern_ops\"], name=…)` serves it, and \
                 `db_index=True` makes such an index beside its own."
            ),
            "beginnings",
        ),
        Need::Partial => {
            let value = match calls[0].filters.iter().find(|it| it.field == field).map(|it| it.given) {
                Some(Given::Bool(true)) => "True".to_owned(),
                Some(Given::Text(text)) => format!("\"{text}\""),
                _ => "False".to_owned(),
            };
            let by = calls[0]
                .order
                .first()
                .map_or("pk".to_owned(), |it| schema.field(it.field).name().to_string());
            let by = if by == "pk" { primary_key(project, model) } else { by };
            (
                format!("Index the rows of {label} with `{name}` {value}"),
                format!(
                    "Rows leave this state, so few of many are in it, and no index on `{name}` alone would be chosen for \
                     the others. On PostgreSQL and SQLite `models.Index(fields=[\"{by}\"], \
                     condition=models.Q({name}={value}), name=…)` holds these rows alone: it stays small, and rows that \
                     have left it are not written to it."
                ),
                "partial",
            )
        }
        Need::Trigrams => (
            format!("Index the trigrams of `{name}` of {label}"),
            format!(
                "`{name}__icontains` reads every row. On PostgreSQL, with `TrigramExtension` and \
                 `django.contrib.postgres` installed, `GinIndex(OpClass(Upper(\"{name}\"), \"gin_trgm_ops\"), name=…)` serves it; \
                 such an index is large and slow to write."
            ),
            "trigrams",
        ),
    };
    Proposal {
        id: format!("{rule}:{}:{symbol}:{label}:{name}:{kind}", place.path),
        rule,
        safety: Safety::Advice,
        title,
        message,
        place,
        symbol,
        model: Some(label),
        fields: vec![name],
        evidence: evidence(project, calls),
        changes: Vec::new(),
    }
}
