//! Lookups that no plain index serves, with what would serve them: advice, because it depends on the database.
//!
//! `iexact` compares `UPPER(column)`, `icontains` searches within it, and `date` computes a day for each row.

use rustc_hash::FxHashMap;
use tuneup_django::Project;
use tuneup_django::predicates::{Context, Predicate, Source};
use tuneup_django::queries::{Site, SiteForm};
use tuneup_django::schema::{FieldId, Indexes, ModelId};

use super::columns::{Values, values};
use super::growth::{self, Growth};
use super::proposals::evidence;
use super::{is_ours, places};
use crate::loading::place_of;
use crate::proposal::{Proposal, Safety};

/// What a lookup needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Need {
    /// An index on `Upper(column)`.
    Upper,
    /// A half-open range instead.
    Range,
    /// A trigram index on `Upper(column)`.
    Trigrams,
}

/// Advice on lookups of tables that grow, in order of the models.
pub(crate) fn advice(project: &Project, rule: &'static str) -> Vec<Proposal> {
    let mut asked: FxHashMap<ModelId, Vec<(FieldId, Need, &Predicate)>> = FxHashMap::default();
    for predicate in &project.predicates().all {
        if !matches!(predicate.context, Context::Request | Context::Task)
            || !matches!(predicate.source, Source::Query | Source::UrlLookup | Source::SearchFilter)
        {
            continue;
        }
        for filter in &predicate.filters {
            let need = match filter.lookup {
                "iexact" if filter.sure && !predicate.narrowed_elsewhere => Need::Upper,
                "icontains" => Need::Trigrams,
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
            found.extend(of_model(project, rule, model, asked));
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
) -> Vec<Proposal> {
    let indexes = project.schema.indexes(&project.source, model);
    if !indexes.is_known || !growth_allows(project, model) {
        return Vec::new();
    }
    let mut needs: Vec<(Need, FieldId)> = asked
        .iter()
        .map(|&(field, need, _)| (need, field))
        .filter(|&(need, field)| fits(project, &indexes, need, field))
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
            // A search of one place is one box of one page.
            (need != Need::Trigrams || places(&calls).len() > 1)
                .then(|| proposal(project, rule, model, need, field, &calls))
        })
        .collect()
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
    }
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
