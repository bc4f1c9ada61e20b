//! What is reported, and in which form.

pub(crate) mod concise;
pub(crate) mod full;
pub(crate) mod json;

use std::collections::BTreeMap;
use std::io::{self, Write};

use tuneup_transforms::{Place, Proposal};

use crate::analysis::Outcome;

/// Line and column, from 1, of a place's first byte.
pub(crate) fn position(outcome: &Outcome, place: &Place) -> (u32, u32) {
    let source = outcome.project.source.text_at(&place.path).ok();
    source.map_or((1, 1), |source| {
        let position = source.position(place.start);
        (position.line, position.column)
    })
}

/// The proposals by rule, in the rules' order.
pub(crate) fn by_rule(proposals: &[Proposal]) -> Vec<(&'static str, Vec<&Proposal>)> {
    let mut groups: Vec<(&'static str, Vec<&Proposal>)> = Vec::new();
    for proposal in proposals {
        match groups.iter_mut().find(|(rule, _)| *rule == proposal.rule) {
            Some((_, group)) => group.push(proposal),
            None => groups.push((proposal.rule, vec![proposal])),
        }
    }
    groups
}

/// Numbers for each rule and safety.
pub(crate) fn statistics(out: &mut dyn Write, proposals: &[Proposal]) -> io::Result<()> {
    for (rule, group) in by_rule(proposals) {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for proposal in &group {
            *counts.entry(proposal.safety.as_str()).or_default() += 1;
        }
        let parts: Vec<String> = counts.iter().map(|(safety, count)| format!("{count} {safety}")).collect();
        writeln!(out, "{:>6}  {rule} ({})", group.len(), parts.join(", "))?;
    }
    Ok(())
}

/// The closing line.
pub(crate) fn summary(outcome: &Outcome) -> String {
    let files = outcome.project.source.files().len();
    let count = outcome.proposals.len();
    let by_rule: Vec<String> =
        by_rule(&outcome.proposals).iter().map(|(rule, group)| format!("{} {rule}", group.len())).collect();
    let mut text = match count {
        0 => format!("Nothing to propose in {} files", files),
        1 => format!("1 proposal in {files} files: {}", by_rule.join(", ")),
        _ => format!("{count} proposals in {files} files: {}", by_rule.join(", ")),
    };
    match outcome.problems.len() {
        0 => {}
        1 => text.push_str("; 1 file could not be read"),
        several => text.push_str(&format!("; {several} files could not be read")),
    }
    text
}
