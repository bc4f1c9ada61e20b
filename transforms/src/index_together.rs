//! `index-together`: `Meta.index_together`, which Django 5.1 refuses, becomes `Meta.indexes`.
//!
//! Before: `index_together = [["status", "created"]]`
//! After: `indexes = [models.Index(fields=["status", "created"], name="…")]`, and a migration that renames the index.
//!
//! <https://docs.djangoproject.com/en/4.2/releases/4.2/#index-together-option-is-deprecated-in-favor-of-indexes>

use tuneup_django::Project;
use tuneup_django::queries::{Site, SiteForm};
use tuneup_django::schema::{IndexSource, ModelId};

use crate::indexes::is_ours;
use crate::indexes::proposals::{field_name, model_ref};
use crate::loading::place_of;
use crate::proposal::{Change, Proposal, Safety};
use crate::registry::Rule;

/// The rule.
pub const RULE: Rule = Rule {
    name: "index-together",
    summary: "write index_together as indexes, and rename them",
    page: include_str!("index_together.md"),
    propose: |given| propose(given.project),
};

/// The first version that renames an index which has no name in the models.
const RENAMES: (u32, u32) = (4, 1);

fn propose(project: &Project) -> Vec<Proposal> {
    project.schema.models().filter_map(|model| proposal(project, model)).collect()
}

fn proposal(project: &Project, model: ModelId) -> Option<Proposal> {
    let schema = &project.schema;
    if !is_ours(project, model) {
        return None;
    }
    let indexes = schema.indexes(&project.source, model);
    let sets: Vec<_> = indexes.all.iter().filter(|it| it.source == IndexSource::IndexTogether).collect();
    let (file, range) = sets.first()?.place?;
    let fields: Vec<String> =
        sets.iter().flat_map(|it| &it.columns).map(|&it| field_name(project, it)).collect();
    // Where a base of several models sets it, each of them would have to be renamed.
    let class = schema.class_of(model)?;
    let meta = schema.model(model).meta()?;
    let owns_meta =
        meta.file == class.file && project.source.facts(meta.file).class(meta.id).outer == Some(class.id);
    let renames = project.version.at_least(RENAMES.0, RENAMES.1);
    let change = match (owns_meta && indexes.is_known && renames, model_ref(project, model)) {
        (true, Some(model)) => Some(Change::IndexTogether { model }),
        _ => None,
    };
    let mut message =
        "`index_together` is deprecated since Django 4.2, and Django 5.1 refuses it. The same index in \
                       `Meta.indexes` has a name, and the migration gives the index that exists this name."
            .to_owned();
    match change {
        Some(_) => message.push_str(" Nothing is built again; on PostgreSQL renaming waits for a moment until nothing else changes the table."),
        None if !renames => message.push_str(" Before Django 4.1 an index cannot be renamed by a migration, so this is advice."),
        None => message.push_str(" It is inherited, or computed, so this is advice."),
    }
    let site = Site { file, range, function: None, form: SiteForm::Declaration };
    let place = place_of(project, &site);
    let symbol = project.symbol(&site).to_owned();
    let label = schema.label(model);
    Some(Proposal {
        id: format!("{}:{}:{symbol}:{label}:{}", RULE.name, place.path, fields.join(",")),
        rule: RULE.name,
        safety: if change.is_some() { Safety::Safe } else { Safety::Advice },
        title: format!("Write `index_together` of {label} as `indexes`"),
        message,
        place,
        symbol,
        model: Some(label),
        fields,
        evidence: Vec::new(),
        changes: change.into_iter().collect(),
    })
}
