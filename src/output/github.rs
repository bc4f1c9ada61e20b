//! Annotations as GitHub Actions reads them from a job's log: `::warning file=…,line=…::…`.

use std::io::{self, Write};

use tuneup_transforms::Safety;

use super::paths::Paths;
use super::{Span, span};
use crate::analysis::Outcome;

/// Writes the report.
pub(super) fn write(out: &mut dyn Write, outcome: &Outcome, paths: &Paths) -> io::Result<()> {
    for proposal in &outcome.proposals {
        let level = if proposal.safety == Safety::Advice { "notice" } else { "warning" };
        let file = property(&paths.of_file(&proposal.place.path));
        let Span { line, column, end_line, end_column } = span(outcome, &proposal.place);
        // Columns are understood within one line alone.
        let end = if line == end_line { format!(",endColumn={end_column}") } else { String::new() };
        let title = property(&format!("tuneup ({})", proposal.rule));
        let text = data(&format!("[{}] {}: {}", proposal.safety.as_str(), proposal.title, proposal.message));
        writeln!(
            out,
            "::{level} file={file},line={line},col={column},endLine={end_line}{end},title={title}::{text}"
        )?;
    }
    for problem in &outcome.problems {
        let mut place = String::new();
        if !problem.path.is_empty() {
            place = format!(" file={}", property(&paths.of_file(&problem.path)));
            if let Some(line) = problem.line {
                place.push_str(&format!(",line={line}"));
            }
            if let Some(column) = problem.column {
                place.push_str(&format!(",col={column}"));
            }
        }
        writeln!(out, "::error{place}::{}", data(&problem.message))?;
    }
    Ok(())
}

/// What stands behind the second `::`.
pub(super) fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property, which colons and commas would end.
pub(super) fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
