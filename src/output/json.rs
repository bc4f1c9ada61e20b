//! The contract of editors and CI, as one object or as lines. Edits are those of each proposal alone.

use std::io::{self, Write};

use serde::Serialize;
use tuneup_transforms::noticing::{Notice, Noticing, noticing};
use tuneup_transforms::render::Rendering;
use tuneup_transforms::{Place, Proposal};

use super::Span;
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
    tests: Vec<Test<'a>>,
}

#[derive(Serialize)]
struct Evidence<'a> {
    path: &'a str,
    line: u32,
    column: u32,
    message: &'a str,
}

/// A test that counts queries, and whether it surely notices or may.
#[derive(Serialize)]
struct Test<'a> {
    path: &'a str,
    line: u32,
    column: u32,
    test: &'a str,
    counts: &'a str,
    notices: &'static str,
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

/// A line of the report in lines.
#[derive(Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Entry<'a> {
    Proposal(Item<'a>),
    Error(Error),
}

/// Writes the report.
pub(crate) fn write(out: &mut dyn Write, outcome: &Outcome) -> io::Result<()> {
    let source = &outcome.project.source;
    let root = source.root().canonicalize().unwrap_or_else(|_| source.root().to_owned());
    let mut errors: Vec<Error> = problems(outcome).collect();
    let mut proposals = Vec::with_capacity(outcome.proposals.len());
    for (item, withheld) in items(outcome) {
        proposals.push(item);
        errors.extend(withheld);
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

/// Writes the report in lines: each an object whose `type` is `proposal` or `error`.
pub(crate) fn write_lines(out: &mut dyn Write, outcome: &Outcome) -> io::Result<()> {
    let mut line = |entry: &Entry<'_>| {
        serde_json::to_writer(&mut *out, entry)?;
        writeln!(out)
    };
    for (item, withheld) in items(outcome) {
        line(&Entry::Proposal(item))?;
        withheld.into_iter().try_for_each(|error| line(&Entry::Error(error)))?;
    }
    problems(outcome).try_for_each(|error| line(&Entry::Error(error)))
}

fn problems(outcome: &Outcome) -> impl Iterator<Item = Error> {
    outcome.problems.iter().map(|problem| Error {
        path: problem.path.clone(),
        line: problem.line,
        column: problem.column,
        message: problem.message.clone(),
    })
}

/// The proposals with what each would write by itself, which is the work of a report.
fn items(outcome: &Outcome) -> Vec<(Item<'_>, Vec<Error>)> {
    outcome.render_each(&outcome.proposals, |proposal, rendering| item(outcome, proposal, rendering))
}

/// A proposal with what it would write; and where it cannot be written, why.
fn item<'a>(outcome: &'a Outcome, proposal: &'a Proposal, rendering: Rendering) -> (Item<'a>, Vec<Error>) {
    let withheld = rendering.withheld.into_iter().map(|(id, reason)| Error {
        path: proposal.place.path.clone(),
        line: None,
        column: None,
        message: format!("{id} is withheld: {reason}"),
    });
    let (mut edits, mut creates) = (Vec::new(), Vec::new());
    for file in rendering.files {
        let path = file.path;
        if file.before.is_none() {
            let content = String::from_utf8_lossy(&file.after).into_owned();
            creates.push(Create { path, content });
            continue;
        }
        edits.extend(file.edits.into_iter().map(|(start, end, content)| Edit {
            path: path.clone(),
            start,
            end,
            content,
        }));
    }
    (described(outcome, proposal, edits, creates), withheld.collect())
}

fn described<'a>(
    outcome: &'a Outcome,
    proposal: &'a Proposal,
    edits: Vec<Edit>,
    creates: Vec<Create>,
) -> Item<'a> {
    let Span { line, column, end_line, end_column } = super::span(outcome, &proposal.place);
    let evidence = proposal.evidence.iter().map(|evidence| {
        let (line, column) = super::position(outcome, &evidence.place);
        Evidence { path: &evidence.place.path, line, column, message: &evidence.message }
    });
    let tests = noticing(&outcome.project, proposal).into_iter().map(|Noticing { count, notice }| {
        let (line, column) = super::position(outcome, &Place::new(count.path.clone(), count.range));
        let notices = match notice {
            Notice::Will => "will",
            Notice::May => "may",
        };
        Test { path: &count.path, line, column, test: &count.test, counts: &count.form, notices }
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
        creates,
        tests: tests.collect(),
    }
}
