//! The rules: one line for each, beside its module.

use std::sync::OnceLock;

use rayon::prelude::*;
use tuneup_django::Project;

use crate::loading::{Lacks, lacks};
use crate::proposal::Proposal;

/// One rule.
#[derive(Clone, Copy)]
pub struct Rule {
    /// Its name, as users type it: `select-related`.
    pub name: &'static str,
    /// What it does, in a few words.
    pub summary: &'static str,
    /// Its page: documentation, the text of `tuneup explain`, and its tests.
    pub page: &'static str,
    /// Its proposals for a project, in order of their places.
    pub propose: fn(&Given<'_>) -> Vec<Proposal>,
}

/// What rules are given: a project, and what several of them derive of it.
pub struct Given<'p> {
    /// The project.
    pub project: &'p Project,
    lacks: OnceLock<Lacks<'p>>,
}

impl<'p> Given<'p> {
    fn new(project: &'p Project) -> Self {
        Self { project, lacks: OnceLock::new() }
    }

    /// What its queries do not load.
    pub(crate) fn lacks(&self) -> &Lacks<'p> {
        // A rule that waits here does no other's work, so nothing in this may be done on several threads.
        self.lacks.get_or_init(|| lacks(self.project))
    }
}

/// All rules, in the order in which they are shown.
pub const RULES: &[Rule] = &[
    crate::select_related::RULE,
    crate::prefetch_related::RULE,
    crate::db_index::RULE,
    crate::meta_indexes::RULE,
    crate::redundant_index::RULE,
    crate::index_together::RULE,
    crate::persistent_connections::RULE,
    crate::connection_pool::RULE,
    crate::redis_cache::RULE,
    crate::cached_sessions::RULE,
    crate::cached_template_loader::RULE,
    crate::whitenoise::RULE,
    crate::slow_query_log::RULE,
    crate::sentry::RULE,
    crate::prometheus::RULE,
    crate::health_check::RULE,
];

/// The proposals of the given rules, with ids made unique.
pub fn propose(project: &Project, rules: &[Rule]) -> Vec<Proposal> {
    let given = Given::new(project);
    let mut proposals: Vec<Proposal> =
        rules.par_iter().flat_map_iter(|rule| (rule.propose)(&given)).collect();
    let mut seen: std::collections::BTreeMap<String, usize> = std::collections::BTreeMap::new();
    for proposal in &mut proposals {
        let count = seen.entry(proposal.id.clone()).or_default();
        *count += 1;
        if *count > 1 {
            proposal.id = format!("{}#{count}", proposal.id);
        }
    }
    proposals
}
