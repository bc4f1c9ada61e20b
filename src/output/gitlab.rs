//! A code quality report as GitLab reads it. What is there on the target branch already is known by its fingerprint,
//! which is made of the proposal's id and does not change when unrelated lines move.

use std::io::{self, Write};

use md5::{Digest, Md5};
use serde::Serialize;
use tuneup_transforms::Safety;

use super::paths::Paths;
use super::{Span, span};
use crate::analysis::Outcome;

#[derive(Serialize)]
struct Issue<'a> {
    description: String,
    check_name: &'a str,
    fingerprint: String,
    severity: &'static str,
    categories: [&'static str; 1],
    location: Location,
}

#[derive(Serialize)]
struct Location {
    path: String,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: u32,
    end: u32,
}

/// Writes the report.
pub(super) fn write(out: &mut dyn Write, outcome: &Outcome, paths: &Paths) -> io::Result<()> {
    let proposals = outcome.proposals.iter().map(|proposal| {
        let Span { line, end_line, .. } = span(outcome, &proposal.place);
        Issue {
            description: format!("{}: {}", proposal.title, proposal.message),
            check_name: proposal.rule,
            fingerprint: fingerprint(&proposal.id),
            severity: match proposal.safety {
                Safety::Safe => "major",
                Safety::Unsafe => "minor",
                Safety::Advice => "info",
            },
            categories: ["Performance"],
            location: Location {
                path: paths.of_file(&proposal.place.path),
                lines: Lines { begin: line, end: end_line },
            },
        }
    });
    let errors = outcome.problems.iter().map(|problem| {
        let line = problem.line.unwrap_or(1);
        Issue {
            description: problem.message.clone(),
            check_name: "unread",
            fingerprint: fingerprint(&format!("unread:{}:{}", problem.path, problem.message)),
            severity: "blocker",
            categories: ["Bug Risk"],
            location: Location {
                path: paths.of_file(&problem.path),
                lines: Lines { begin: line, end: line },
            },
        }
    });
    let issues: Vec<Issue<'_>> = proposals.chain(errors).collect();
    serde_json::to_writer_pretty(&mut *out, &issues)?;
    writeln!(out)
}

fn fingerprint(id: &str) -> String {
    Md5::digest(id).iter().map(|byte| format!("{byte:02x}")).collect()
}
