//! The contract of editors and CI. Edits are those of each proposal alone.

use std::io::{self, Write};

use serde::Serialize;
use tuneup_transforms::{Place, Proposal};

use crate::analysis::Outcome;

#[derive(Serialize)]
struct Report<'a> {
    version: u32,
    root: String,
    django_version: String,
    settings: Option<Settings<'a>>,
    files: usize,
    proposals: Vec<Item<'a>>,
    errors: Vec<Error>,
}

/// The module of the production settings, and why it is this one.
#[derive(Serialize)]
struct Settings<'a> {
    module: &'a str,
    path: &'a str,
    reason: &'a str,
}

#[derive(Serialize)]
struct Item<'a> {
    id: &'a str,
    rule: &'a str,
    safety: &'static str,
    title: &'a str,
    message: &'a str,
    path: &'a str,
    line: u32,
    column: u32,
    end_line: u32,
    end_column: u32,
    symbol: &'a str,
    model: Option<&'a str>,
    fields: &'a [String],
    evidence: Vec<Evidence<'a>>,
    edits: Vec<Edit>,
    creates: Vec<Create>,
}

#[derive(Serialize)]
struct Evidence<'a> {
    path: &'a str,
    line: u32,
    column: u32,
    message: &'a str,
}

#[derive(Serialize)]
struct Edit {
    path: String,
    start: usize,
    end: usize,
    content: String,
}

#[derive(Serialize)]
struct Create {
    path: String,
    content: String,
}

#[derive(Serialize)]
struct Error {
    path: String,
    line: Option<u32>,
    column: Option<u32>,
    message: String,
}

/// Writes the report.
pub(crate) fn write(out: &mut dyn Write, outcome: &Outcome) -> io::Result<()> {
    let source = &outcome.project.source;
    let root = source.root().canonicalize().unwrap_or_else(|_| source.root().to_owned());
    let mut errors: Vec<Error> = outcome
        .problems
        .iter()
        .map(|problem| Error {
            path: problem.path.clone(),
            line: problem.line,
            column: problem.column,
            message: problem.message.clone(),
        })
        .collect();
    let mut proposals = Vec::with_capacity(outcome.proposals.len());
    for proposal in &outcome.proposals {
        let rendering = outcome.render(&[proposal]);
        errors.extend(rendering.withheld.into_iter().map(|(id, reason)| Error {
            path: proposal.place.path.clone(),
            line: None,
            column: None,
            message: format!("{id} is withheld: {reason}"),
        }));
        let edits = rendering.files.into_iter().flat_map(|file| {
            let path = file.path;
            file.edits.into_iter().map(move |(start, end, content)| Edit {
                path: path.clone(),
                start,
                end,
                content,
            })
        });
        proposals.push(item(outcome, proposal, edits.collect()));
    }
    let report = Report {
        version: 1,
        root: root.to_string_lossy().into_owned(),
        django_version: outcome.project.version.to_string(),
        settings: outcome.project.settings.module.as_ref().map(|module| Settings {
            module: &module.name,
            path: source.path(module.file),
            reason: &module.reason,
        }),
        files: source.files().len(),
        proposals,
        errors,
    };
    serde_json::to_writer(&mut *out, &report)?;
    writeln!(out)
}

fn item<'a>(outcome: &Outcome, proposal: &'a Proposal, edits: Vec<Edit>) -> Item<'a> {
    let (line, column) = super::position(outcome, &proposal.place);
    let end = Place { start: proposal.place.end, ..proposal.place.clone() };
    let (end_line, end_column) = super::position(outcome, &end);
    let evidence = proposal.evidence.iter().map(|evidence| {
        let (line, column) = super::position(outcome, &evidence.place);
        Evidence { path: &evidence.place.path, line, column, message: &evidence.message }
    });
    Item {
        id: &proposal.id,
        rule: proposal.rule,
        safety: proposal.safety.as_str(),
        title: &proposal.title,
        message: &proposal.message,
        path: &proposal.place.path,
        line,
        column,
        end_line,
        end_column,
        symbol: &proposal.symbol,
        model: proposal.model.as_deref(),
        fields: &proposal.fields,
        evidence: evidence.collect(),
        edits,
        creates: Vec::new(),
    }
}
