//! One line for each proposal: `path:line:column: rule [safety] title`.

use std::io::{self, Write};

use super::{position, shown};
use crate::analysis::Outcome;

/// Writes the report.
pub(crate) fn write(out: &mut dyn Write, outcome: &Outcome) -> io::Result<()> {
    for proposal in &outcome.proposals {
        let (line, column) = position(outcome, &proposal.place);
        let (path, safety) = (shown(&proposal.place.path), proposal.safety.as_str());
        writeln!(out, "{path}:{line}:{column}: {} [{safety}] {}", proposal.rule, proposal.title)?;
    }
    Ok(())
}
