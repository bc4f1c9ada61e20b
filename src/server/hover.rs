//! What is shown at a place: what was found there, why, and what would be written.

use serde_json::{Value, json};
use tuneup_transforms::{Proposal, Safety};

use super::positions::{Position, Range};
use super::workspace::{Analysis, View};
use crate::diff;
use crate::output::noticing;

/// How many places are listed, and how many lines of a diff.
const PLACES: usize = 12;
const LINES: usize = 60;

/// The hover at a position of a file; `null` where nothing was found.
pub(super) fn hover(view: &View<'_>, analysis: &Analysis, path: &str, at: Position) -> Value {
    let here = Range { start: at, end: at };
    let is_here = |place: &tuneup_transforms::Place| {
        place.path == path && view.range(place).is_some_and(|range| range.touches(&here))
    };
    let mut texts = Vec::new();
    let mut shown = None;
    for proposal in &analysis.outcome.proposals {
        let evidence = proposal.evidence.iter().find(|evidence| is_here(&evidence.place));
        if is_here(&proposal.place) {
            shown = shown.or_else(|| view.range(&proposal.place));
            texts.push(describe(view, analysis, proposal));
        } else if let Some(evidence) = evidence {
            shown = shown.or_else(|| view.range(&evidence.place));
            texts.push(format!("*{}*\n\n{}", escape(&evidence.message), describe(view, analysis, proposal)));
        }
    }
    if texts.is_empty() {
        return Value::Null;
    }
    json!({ "contents": { "kind": "markdown", "value": texts.join("\n\n---\n\n") }, "range": shown })
}

fn describe(view: &View<'_>, analysis: &Analysis, proposal: &Proposal) -> String {
    let mut text = format!(
        "**{}** — `{}`, {}\n\n{}\n",
        proposal.title,
        proposal.rule,
        proposal.safety.as_str(),
        proposal.message
    );
    for evidence in proposal.evidence.iter().take(PLACES) {
        let line = view.range(&evidence.place).map_or(1, |range| range.start.line + 1);
        let (path, uri) = (&evidence.place.path, view.uri(&evidence.place.path));
        text.push_str(&format!(
            "\n- [{}:{line}]({uri}#L{line}): {}",
            escape(path),
            escape(&evidence.message)
        ));
    }
    if let more @ 1.. = proposal.evidence.len().saturating_sub(PLACES) {
        text.push_str(&format!("\n- … and {more} more"));
    }
    let [will, may] = noticing(&analysis.outcome, proposal);
    for (heading, tests) in [("Tests that will notice", will), ("Tests that may notice", may)] {
        if !tests.is_empty() {
            let list: String =
                tests.iter().take(PLACES).map(|test| format!("\n- {}", escape(test))).collect();
            text.push_str(&format!("\n\n{heading}:\n{list}"));
        }
    }
    if proposal.safety != Safety::Advice {
        let diff = diff_of(analysis, proposal);
        if !diff.is_empty() {
            text.push_str(&format!("\n\n````diff\n{diff}````"));
        }
    }
    text
}

fn diff_of(analysis: &Analysis, proposal: &Proposal) -> String {
    let rendering = analysis.outcome.render(&[proposal]);
    let mut bytes = Vec::new();
    for file in &rendering.files {
        // Writing to memory does not fail.
        let _ = diff::write(&mut bytes, "", file, false);
    }
    let text = String::from_utf8_lossy(&bytes);
    let mut cut: String = text.split_inclusive('\n').take(LINES).collect();
    if cut.len() < text.len() {
        cut.push_str("…\n");
    }
    cut
}

/// Text that Markdown takes as it is; code in backticks stays code.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    let mut is_code = false;
    for c in text.chars() {
        is_code ^= c == '`';
        if !is_code && matches!(c, '\\' | '*' | '_' | '[' | ']' | '<' | '>' | '#' | '|') {
            escaped.push('\\');
        }
        escaped.push(c);
    }
    escaped
}
