//! What a user can choose at a place: one proposal, all of its rule, or a comment that silences the rule there.

use serde_json::{Value, json};
use tuneup_transforms::{Place, Proposal, Safety};

use super::edits::Desk;
use super::positions::{Lines, Range};
use super::protocol::{CodeAction, Disabled, TextEdit, Wanted};
use super::workspace::{Analysis, View};
use crate::counted;
use crate::suppress::comment_before;

const QUICK_FIX: &str = "quickfix";

/// The actions at a range of a file.
pub(super) fn actions(
    desk: &Desk<'_>,
    view: &View<'_>,
    analysis: &Analysis,
    (path, here): (&str, Range),
    diagnostics: &[Value],
) -> Vec<CodeAction> {
    let is_here =
        |place: &Place| place.path == path && view.range(place).is_some_and(|range| range.touches(&here));
    let (mut actions, mut of_rules, mut silencing) = (Vec::new(), Vec::new(), Vec::new());
    let mut seen: Vec<(&str, Safety)> = Vec::new();
    for proposal in &analysis.outcome.proposals {
        let is_about = is_here(&proposal.place);
        if !is_about && !proposal.evidence.iter().any(|evidence| is_here(&evidence.place)) {
            continue;
        }
        let of_this = |value: &&Value| value["data"] == proposal.id.as_str();
        let shown: Vec<&Value> = diagnostics.iter().filter(of_this).collect();
        let shown = (!shown.is_empty()).then(|| json!(shown));
        if !proposal.changes.is_empty() {
            let wanted = Wanted { folder: desk.workspace.uri.clone(), ids: vec![proposal.id.clone()] };
            let title = match proposal.safety {
                Safety::Safe => proposal.title.clone(),
                _ => format!("{} (look at it first)", proposal.title),
            };
            let is_preferred = proposal.safety == Safety::Safe;
            actions.extend(action(desk, analysis, title, wanted, (shown.clone(), is_preferred)));
            if !seen.contains(&(proposal.rule, proposal.safety)) {
                seen.push((proposal.rule, proposal.safety));
                of_rules.extend(all_of_rule(desk, analysis, proposal));
            }
        }
        if is_about {
            silencing.extend(silence(desk, analysis, proposal, shown));
        }
    }
    actions.append(&mut of_rules);
    actions.append(&mut silencing);
    actions
}

/// Everything that a rule proposes, as sure as this proposal is or surer; where that is more than it alone.
fn all_of_rule(desk: &Desk<'_>, analysis: &Analysis, proposal: &Proposal) -> Option<CodeAction> {
    let is_meant =
        |it: &&Proposal| it.rule == proposal.rule && it.safety <= proposal.safety && !it.changes.is_empty();
    let ids: Vec<String> =
        analysis.outcome.proposals.iter().filter(is_meant).map(|it| it.id.clone()).collect();
    if ids.len() < 2 {
        return None;
    }
    let note = if proposal.safety == Safety::Safe { "" } else { ", look at them first" };
    let count = counted(ids.len(), "change");
    let title = format!("Fix all of {} in this project ({count}{note})", proposal.rule);
    let wanted = Wanted { folder: desk.workspace.uri.clone(), ids };
    action(desk, analysis, title, wanted, (None, false))
}

fn action(
    desk: &Desk<'_>,
    analysis: &Analysis,
    title: String,
    wanted: Wanted,
    (diagnostics, is_preferred): (Option<Value>, bool),
) -> Option<CodeAction> {
    let mut action = CodeAction {
        title,
        kind: QUICK_FIX.to_owned(),
        diagnostics,
        is_preferred,
        disabled: None,
        edit: None,
        data: None,
    };
    if desk.abilities.resolves_edits {
        action.data = Some(wanted);
        return Some(action);
    }
    match desk.edit(analysis, &wanted) {
        Ok(edit) => action.edit = Some(edit),
        Err(reason) if desk.abilities.disabled_actions => action.disabled = Some(Disabled { reason }),
        Err(_) => return None,
    }
    Some(action)
}

/// A comment that silences a rule, where the file is as it was analysed.
fn silence(
    desk: &Desk<'_>,
    analysis: &Analysis,
    proposal: &Proposal,
    diagnostics: Option<Value>,
) -> Option<CodeAction> {
    let place = &proposal.place;
    analysis.outcome.project.source.file_at(&place.path)?;
    let source = analysis.outcome.project.source.text_at(&place.path).ok()?;
    let document = desk.workspace.document(desk.documents, &place.path);
    if document.is_some_and(|document| {
        super::documents::shown(&document.text) != super::documents::shown(source.text())
    }) {
        return None;
    }
    let (at, comment) = comment_before(&source, place.start, proposal.rule, "")?;
    let at = usize::from(at);
    let edit = TextEdit { range: Lines::new(source.text()).range(at..at, desk.encoding), new_text: comment };
    let uri = desk.workspace.uri_of(desk.documents, &place.path);
    let edit = if desk.abilities.document_changes {
        let version = document.map(|document| document.version);
        json!({ "documentChanges": [{ "textDocument": { "uri": uri, "version": version }, "edits": [edit] }] })
    } else {
        json!({ "changes": { uri: [edit] } })
    };
    Some(CodeAction {
        title: format!("Silence {} here", proposal.rule),
        kind: QUICK_FIX.to_owned(),
        diagnostics,
        is_preferred: false,
        disabled: None,
        edit: Some(edit),
        data: None,
    })
}

/// Whether a kind of action is among those that are wanted.
pub(super) fn wants_quick_fixes(only: Option<&[String]>) -> bool {
    only.is_none_or(|kinds| kinds.iter().any(|kind| kind.is_empty() || kind == QUICK_FIX))
}
