//! Which tests notice that a proposal was written: those that count the queries that it saves.

use tuneup_django::Project;
use tuneup_django::query_counts::QueryCount;

pub use tuneup_django::query_counts::Notice;

use crate::proposal::{Change, Proposal};

/// A test that counts queries, and how sure it is that it notices.
#[derive(Clone, Copy, Debug)]
pub struct Noticing<'a> {
    /// What counts.
    pub count: &'a QueryCount,
    /// How sure.
    pub notice: Notice,
}

/// The tests that notice a proposal, those that surely do first. An index or a setting changes no number of queries.
pub fn noticing<'a>(project: &'a Project, proposal: &Proposal) -> Vec<Noticing<'a>> {
    let is_about_queries =
        |change: &Change| matches!(change, Change::ExtendPlan { .. } | Change::ReadKey { .. });
    if !proposal.changes.iter().any(is_about_queries) {
        return Vec::new();
    }
    let place = &proposal.place;
    let notice = |count: &'a QueryCount| {
        let notice = count.notice(project, &place.path, place.range(), proposal.model.as_deref())?;
        Some(Noticing { count, notice })
    };
    let mut all: Vec<Noticing<'a>> = project.query_counts().iter().filter_map(notice).collect();
    all.sort_by_key(|noticing| noticing.notice);
    all
}
