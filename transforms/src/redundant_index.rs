//! `redundant-index`: an index that another one serves as well.
//!
//! Before: `models.Index(fields=["status"], …)` beside `models.Index(fields=["status", "-created"], …)`; `db_index=True`
//! beside an index that begins with the field; a foreign key that begins a `unique_together`.
//! After: the shorter one is gone, and a migration drops it.
//!
//! <https://docs.djangoproject.com/en/stable/ref/models/fields/#db-index>

use tuneup_django::Project;
use tuneup_django::queries::{Site, SiteForm};
use tuneup_django::schema::{FieldId, Index, IndexSource, ModelId};

use crate::indexes::proposals::{field_name, is_of_one_model, model_ref};
use crate::indexes::{grows_fast, is_ours, serves};
use crate::loading::place_of;
use crate::proposal::{Change, Evidence, Proposal, Safety};
use crate::registry::Rule;

/// The rule.
pub const RULE: Rule = Rule {
    name: "redundant-index",
    summary: "drop the index that another one serves as well",
    page: include_str!("redundant_index.md"),
    propose: |given| propose(given.project),
};

fn propose(project: &Project) -> Vec<Proposal> {
    let models = project.schema.models().filter(|&model| is_ours(project, model));
    models.flat_map(|model| of_model(project, model)).collect()
}

fn of_model(project: &Project, model: ModelId) -> Vec<Proposal> {
    let indexes = project.schema.indexes(&project.source, model);
    if !indexes.is_known {
        return Vec::new();
    }
    let mut found: Vec<Proposal> = Vec::new();
    for (at, index) in indexes.all.iter().enumerate() {
        let can_go =
            matches!(index.source, IndexSource::Meta | IndexSource::FieldIndex | IndexSource::FieldDefault);
        if !can_go || !index.is_tree || index.is_partial || index.columns.is_empty() {
            continue;
        }
        let covering = indexes.all.iter().enumerate().find(|&(other, covering)| {
            other != at
                && covering.is_tree
                && !covering.is_partial
                && covers(project, (other, covering), (at, index))
        });
        if let Some((_, covering)) = covering
            && is_worth_it(project, model, index, covering)
        {
            found.extend(proposal(project, model, index, covering));
        }
    }
    found
}

/// Whether dropping an index is worth a migration. That of a foreign key is nobody's decision, and is small: only where
/// rows are made all the time does it cost, and a unique constraint on two columns is as good to find rows by.
fn is_worth_it(project: &Project, model: ModelId, index: &Index, covering: &Index) -> bool {
    let (field, _) = index.columns[0];
    if index.source == IndexSource::FieldDefault
        && !(covering.is_unique
            && covering.columns.len() <= 2
            && is_of_one_model(project, field)
            && grows_fast(project, model))
    {
        return false;
    }
    // On PostgreSQL the index of a text field has a twin for its beginnings, which goes with it.
    let asks_for_beginnings = || {
        project.predicates().all.iter().any(|predicate| {
            predicate.filters.iter().any(|it| it.field == field && it.lookup.ends_with("startswith"))
        })
    };
    index.source == IndexSource::Meta || !asks_for_beginnings()
}

/// Whether one index serves all that another does. Of two that are the same, the one that is declared first stays.
fn covers(project: &Project, (at, covering): (usize, &Index), (of, index): (usize, &Index)) -> bool {
    if !serves(&covering.columns, &index.columns, 0) {
        return false;
    }
    if covering.columns.len() == index.columns.len() {
        // A field's index is also one for the beginnings of texts, on PostgreSQL: it serves more than the other.
        let is_field = |index: &Index| index.source == IndexSource::FieldIndex;
        let is_text = || {
            let class = project.schema.field(index.columns[0].0).class();
            matches!(class.as_str(), "CharField" | "EmailField" | "URLField" | "SlugField" | "TextField")
        };
        return match (is_field(covering), is_field(index)) {
            (true, false) => true,
            (false, true) => !is_text() && covering.source != IndexSource::Meta,
            _ => at < of || covering.is_unique,
        };
    }
    // Columns that hold much make the longer one much larger than what it is to serve.
    covering.columns.len() <= 3
}

fn proposal(project: &Project, model: ModelId, index: &Index, covering: &Index) -> Option<Proposal> {
    let schema = &project.schema;
    let label = schema.label(model);
    let reference = model_ref(project, model)?;
    let (file, range) = index.place?;
    let site = Site { file, range, function: None, form: SiteForm::Declaration };
    let place = place_of(project, &site);
    let symbol = project.symbol(&site).to_owned();
    let written = |columns: &[(FieldId, bool)]| -> Vec<String> {
        columns.iter().map(|&column| field_name(project, column)).collect()
    };
    let fields = written(&index.columns);
    let names = |fields: &[String]| fields.iter().map(|it| format!("`{it}`")).collect::<Vec<_>>().join(", ");
    let owns_meta = || {
        let class = schema.class_of(model);
        schema.model(model).meta().is_some_and(|meta| {
            let facts = project.source.facts(meta.file);
            class.is_some_and(|class| meta.file == class.file && facts.class(meta.id).outer == Some(class.id))
        })
    };
    let change = match index.source {
        IndexSource::Meta if owns_meta() => {
            let columns: Vec<&str> = fields.iter().map(String::as_str).collect();
            let name = match index.name {
                Some(name) => Some(name.to_owned()).filter(|name| !name.contains('%')),
                None => project.made_up_name(model, &columns, "idx"),
            };
            name.map(|name| Change::RemoveIndex { model: reference, name })
        }
        IndexSource::Meta => None,
        _ => {
            let (field, _) = index.columns[0];
            is_of_one_model(project, field).then(|| Change::SetFieldIndex {
                model: reference,
                field: schema.field(field).name().to_string(),
                on: false,
                concurrently: false,
            })
        }
    };
    let what = match covering.source {
        IndexSource::PrimaryKey => "the primary key",
        IndexSource::UniqueField => "the unique index of the field",
        IndexSource::FieldIndex | IndexSource::FieldDefault => "the field's own index",
        IndexSource::UniqueTogether => "`unique_together`",
        IndexSource::UniqueConstraint => "a unique constraint",
        IndexSource::Meta => "another of `Meta.indexes`",
        IndexSource::IndexTogether => "`index_together`",
        IndexSource::Sql => "an index that a migration makes by SQL",
    };
    let others = written(&covering.columns);
    let mut message = format!(
        "The index on {} is written with every row, and {what} on {} serves the same queries.",
        names(&fields),
        names(&others),
    );
    if index.source == IndexSource::FieldDefault {
        message.push_str(" A foreign key has an index by itself, which `db_index=False` turns off.");
    }
    if covering.columns.len() > index.columns.len() {
        message.push_str(" The longer one is larger to read: where these queries run very often, keep both.");
    }
    match change {
        Some(_) => message.push_str(
            " Dropping an index takes an ACCESS EXCLUSIVE lock on PostgreSQL, for a moment, once all that uses the table lets it.",
        ),
        None => message.push_str(
            " It is declared for several models, or its name cannot be told, so this is advice.",
        ),
    }
    let mut evidence = Vec::new();
    if let Some((file, range)) = covering.place
        && (file, range) != (site.file, site.range)
    {
        let there = Site { file, range, function: None, form: SiteForm::Declaration };
        evidence.push(Evidence {
            place: place_of(project, &there),
            message: format!("{what} on {}", names(&others)),
        });
    }
    Some(Proposal {
        id: format!("{}:{}:{symbol}:{label}:{}", RULE.name, place.path, fields.join(",")),
        rule: RULE.name,
        safety: if change.is_some() { Safety::Unsafe } else { Safety::Advice },
        title: format!("Drop the index on {} of {label}", names(&fields)),
        message,
        place,
        symbol,
        model: Some(label),
        fields,
        evidence,
        changes: change.into_iter().collect(),
    })
}
