//! Proposals as what editors underline.

use std::collections::BTreeMap;

use tuneup_transforms::{Proposal, Safety};

use super::positions::{Position, Range};
use super::protocol::{Diagnostic, Location, PublishDiagnostics, Related};
use super::workspace::{Analysis, View};

/// Severities of the protocol.
const WARNING: u8 = 2;
const INFORMATION: u8 = 3;

/// Who says so.
const SOURCE: &str = "tuneup";

/// What is to be published: all that was found, and nothing for the documents that have none any more.
pub(super) fn publish(
    view: &View<'_>,
    analysis: &Analysis,
    before: impl IntoIterator<Item = String>,
) -> Vec<PublishDiagnostics> {
    let empty = |uri: String| (uri, (None, Vec::new()));
    let mut by_document: BTreeMap<String, (Option<i32>, Vec<Diagnostic>)> =
        before.into_iter().map(empty).collect();
    let mut add = |path: &str, diagnostic: Diagnostic| {
        let entry = by_document.entry(view.uri(path)).or_default();
        entry.0 = view.version(path);
        entry.1.push(diagnostic);
    };
    for proposal in &analysis.outcome.proposals {
        // What was edited since is looked at again when it is saved.
        if let Some(range) = view.first_line(&proposal.place) {
            add(&proposal.place.path, of_proposal(view, proposal, range));
        }
    }
    for problem in analysis.outcome.problems.iter().filter(|problem| !problem.path.is_empty()) {
        let count = |number: Option<u32>| number.unwrap_or(1).saturating_sub(1);
        let at = Position { line: count(problem.line), character: count(problem.column) };
        let diagnostic = Diagnostic {
            range: Range { start: at, end: at },
            severity: WARNING,
            code: None,
            source: SOURCE,
            message: format!("this file could not be read: {}", problem.message),
            related_information: Vec::new(),
            data: None,
        };
        add(&problem.path, diagnostic);
    }
    let message = |(uri, (version, diagnostics))| PublishDiagnostics { uri, version, diagnostics };
    by_document.into_iter().map(message).collect()
}

fn of_proposal(view: &View<'_>, proposal: &Proposal, range: Range) -> Diagnostic {
    let related = proposal.evidence.iter().filter_map(|evidence| {
        let range = view.first_line(&evidence.place)?;
        let location = Location { uri: view.uri(&evidence.place.path), range };
        Some(Related { location, message: evidence.message.clone() })
    });
    Diagnostic {
        range,
        severity: if proposal.safety == Safety::Advice { INFORMATION } else { WARNING },
        code: Some(proposal.rule),
        source: SOURCE,
        message: format!("{}\n{}", proposal.title, proposal.message),
        related_information: related.collect(),
        data: Some(proposal.id.clone()),
    }
}
