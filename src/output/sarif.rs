//! SARIF 2.1.0 with fixes, for code scanning and editors.
//!
//! Places are lines and columns, in Unicode characters; paths are from the repository. The fingerprint is the
//! proposal's id.

use std::io::{self, Write};

use ruff_text_size::TextSize;
use serde_json::{Value, json};
use tuneup_python::SourceText;
use tuneup_transforms::registry::RULES;
use tuneup_transforms::render::RenderedFile;
use tuneup_transforms::{Place, Proposal, Safety};

use super::paths::Paths;
use super::{Span, by_rule, span};
use crate::analysis::Outcome;

/// Writes the report.
pub(super) fn write(out: &mut dyn Write, outcome: &Outcome, paths: &Paths) -> io::Result<()> {
    let names: Vec<&str> = by_rule(&outcome.proposals).into_iter().map(|(rule, _)| rule).collect();
    let rules: Vec<Value> = names.iter().filter_map(|name| described(name)).collect();
    let mut notifications: Vec<Value> = Vec::new();
    let mut results: Vec<Value> = Vec::new();
    let rendered = outcome.render_each(&outcome.proposals, |proposal, rendering| {
        let index = names.iter().position(|name| *name == proposal.rule);
        (result(outcome, paths, proposal, index, &rendering.files), rendering.withheld)
    });
    for (result, withheld) in rendered {
        for (id, reason) in withheld {
            notifications.push(json!({
                "level": "warning",
                "message": {"text": format!("{id} is withheld: {reason}")},
            }));
        }
        results.push(result);
    }
    for problem in &outcome.problems {
        let mut notification = json!({"level": "error", "message": {"text": problem.message}});
        if !problem.path.is_empty() {
            let mut place = json!({"artifactLocation": artifact(paths, &problem.path)});
            if let Some(line) = problem.line {
                place["region"] = json!({"startLine": line, "startColumn": problem.column.unwrap_or(1)});
            }
            notification["locations"] = json!([{"physicalLocation": place}]);
        }
        notifications.push(notification);
    }
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "tuneup",
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": {"SRCROOT": {"uri": folder_uri(paths)}},
            "invocations": [{
                "executionSuccessful": outcome.problems.is_empty(),
                "toolExecutionNotifications": notifications,
            }],
            "results": results,
        }],
    });
    serde_json::to_writer_pretty(&mut *out, &log)?;
    writeln!(out)
}

fn described(name: &str) -> Option<Value> {
    let rule = RULES.iter().find(|rule| rule.name == name)?;
    Some(json!({
        "id": rule.name,
        "shortDescription": {"text": rule.summary},
        "help": {"text": rule.page, "markdown": rule.page},
        "defaultConfiguration": {"level": "warning"},
        "properties": {"tags": ["performance"]},
    }))
}

fn result(
    outcome: &Outcome,
    paths: &Paths,
    proposal: &Proposal,
    index: Option<usize>,
    files: &[RenderedFile],
) -> Value {
    let related = proposal.evidence.iter().enumerate().map(|(n, evidence)| {
        let mut location = location(outcome, paths, &evidence.place);
        location["id"] = json!(n + 1);
        location["message"] = json!({"text": evidence.message});
        location
    });
    let mut place = location(outcome, paths, &proposal.place);
    if !proposal.symbol.is_empty() {
        place["logicalLocations"] = json!([{"fullyQualifiedName": proposal.symbol}]);
    }
    let mut result = json!({
        "ruleId": proposal.rule,
        "level": if proposal.safety == Safety::Advice { "note" } else { "warning" },
        "message": {"text": format!("{}. {}", proposal.title, proposal.message)},
        "locations": [place],
        "relatedLocations": related.collect::<Vec<_>>(),
        "partialFingerprints": {"proposal/v1": proposal.id},
        "properties": {"safety": proposal.safety.as_str()},
    });
    if let Some(index) = index {
        result["ruleIndex"] = json!(index);
    }
    if !files.is_empty() {
        let changes = files.iter().map(|file| change(outcome, paths, file));
        result["fixes"] = json!([{
            "description": {"text": proposal.title},
            "artifactChanges": changes.collect::<Vec<_>>(),
        }]);
    }
    result
}

fn location(outcome: &Outcome, paths: &Paths, place: &Place) -> Value {
    json!({"physicalLocation": {
        "artifactLocation": artifact(paths, &place.path),
        "region": region(span(outcome, place)),
    }})
}

fn region(span: Span) -> Value {
    json!({
        "startLine": span.line,
        "startColumn": span.column,
        "endLine": span.end_line,
        "endColumn": span.end_column,
    })
}

/// The edits of a file. One that is made is put into an empty one.
fn change(outcome: &Outcome, paths: &Paths, file: &RenderedFile) -> Value {
    let source = outcome.text(&file.path).filter(|_| file.before.is_some());
    let replacements = file.edits.iter().map(|(start, end, content)| {
        let position = |at: usize| {
            source.map_or((1, 1), |source| {
                let position = source.position(in_text(source, at));
                (position.line, position.column)
            })
        };
        let ((line, column), (end_line, end_column)) = (position(*start), position(*end));
        json!({
            "deletedRegion": region(Span { line, column, end_line, end_column }),
            "insertedContent": {"text": content},
        })
    });
    json!({
        "artifactLocation": artifact(paths, &file.path),
        "replacements": replacements.collect::<Vec<_>>(),
    })
}

/// The offset in the text of an offset in the file's bytes.
fn in_text(source: &SourceText, at: usize) -> TextSize {
    let (mut low, mut high) = (0, source.text().len());
    while low < high {
        let middle = (low + high) / 2;
        if source.file_offset(TextSize::try_from(middle).unwrap_or_default()) < at {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    TextSize::try_from(low).unwrap_or_default()
}

fn artifact(paths: &Paths, path: &str) -> Value {
    json!({"uri": uri(&paths.of_file(path)), "uriBaseId": "SRCROOT"})
}

fn folder_uri(paths: &Paths) -> String {
    let path = paths.base.to_string_lossy().replace('\\', "/");
    let lead = if path.starts_with('/') { "file://" } else { "file:///" };
    format!("{lead}{}/", uri(path.trim_end_matches('/')))
}

/// A path as a URI has it.
fn uri(path: &str) -> String {
    let mut uri = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'/' | b'-' | b'.' | b'_' | b'~' => {
                uri.push(char::from(byte))
            }
            _ => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri
}
