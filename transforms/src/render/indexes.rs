//! Indexes that are added, removed and renamed: in the models, and in one migration for each app.

use super::work::Work;
use crate::proposal::{Change, Proposal};

/// Adds the pieces of all changes of indexes.
pub(super) fn gather<'a>(active: &[&'a Proposal], work: &mut Work<'a>) {
    for proposal in active {
        let is_index = |change: &Change| !matches!(change, Change::ExtendPlan { .. });
        if proposal.changes.iter().any(is_index) {
            work.failures.push((&proposal.id, "migrations are not written yet".to_owned()));
        }
    }
}
