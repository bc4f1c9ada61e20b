//! What `--since` and `--staged` leave: the analysis is always of the whole project, as what one file does shows in
//! others. Reports are about what changed files have part in, and only changed files are edited.

use std::collections::BTreeSet;

use tuneup_transforms::Proposal;

use crate::analysis::Outcome;
use crate::arguments::{ProjectArguments, ScopeArguments};
use crate::failure::Failure;
use crate::vcs::Repository;

/// The files that have changed, by path from the root; none where all files count.
pub(crate) struct Scope(Option<BTreeSet<String>>);

impl Scope {
    /// What the arguments ask for.
    pub(crate) fn of(project: &ProjectArguments, arguments: &ScopeArguments) -> Result<Self, Failure> {
        let repository = || Repository::of(&project.path);
        Ok(Self(match &arguments.since {
            Some(reference) => Some(repository()?.changed_since(reference)?),
            None if arguments.staged => Some(repository()?.staged()?),
            None => None,
        }))
    }

    /// Leaves the proposals that are about changed files, or that those prove.
    pub(crate) fn limit_report(&self, outcome: &mut Outcome) {
        let Some(changed) = &self.0 else { return };
        outcome.proposals.retain(|proposal| has_part(changed, proposal));
    }

    /// Leaves the proposals that edit changed files alone. What they make is new, and so may be made.
    pub(crate) fn limit_edits(&self, outcome: &mut Outcome) {
        let Some(changed) = &self.0 else { return };
        let mut proposals = std::mem::take(&mut outcome.proposals);
        proposals.retain(|proposal| match proposal.changes.is_empty() {
            true => has_part(changed, proposal),
            false => changed.contains(&proposal.place.path),
        });
        let edits_changed = outcome.render_each(&proposals, |_, rendering| {
            let mut edited = rendering.files.iter().filter(|file| file.before.is_some());
            edited.all(|file| changed.contains(&file.path))
        });
        let mut edits_changed = edits_changed.into_iter();
        proposals.retain(|proposal| edits_changed.next() == Some(true) || proposal.changes.is_empty());
        outcome.proposals = proposals;
    }
}

fn has_part(changed: &BTreeSet<String>, proposal: &Proposal) -> bool {
    let proving = proposal.evidence.iter().map(|evidence| &evidence.place);
    std::iter::once(&proposal.place).chain(proving).any(|place| changed.contains(&place.path))
}
