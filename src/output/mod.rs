//! What is reported, and in which form.

mod concise;
pub(crate) mod full;
mod github;
mod gitlab;
mod json;
mod junit;
mod paths;
mod sarif;
mod statistics;

pub(crate) use paths::write_file;

use std::borrow::Cow;
use std::io::{self, Write};

use tuneup_transforms::noticing::{Notice, Noticing};
use tuneup_transforms::undecided::undecided;
use tuneup_transforms::{Place, Proposal};

use crate::analysis::Outcome;
use crate::arguments::OutputFormat;
use crate::failure::Failure;

/// Writes a report of proposals, or with `statistics` of numbers.
pub(crate) fn write(
    out: &mut dyn Write,
    outcome: &Outcome,
    format: OutputFormat,
    statistics: bool,
    colored: bool,
) -> io::Result<()> {
    let paths = paths::Paths::of(outcome.project.source.root());
    match format {
        OutputFormat::Json if statistics => statistics::json(out, outcome),
        OutputFormat::JsonLines if statistics => statistics::json_lines(out, outcome),
        OutputFormat::Github if statistics => statistics::github(out, outcome),
        _ if statistics => statistics::text(out, outcome),
        OutputFormat::Full => full::write(out, outcome, colored),
        OutputFormat::Concise => concise::write(out, outcome),
        OutputFormat::Json => json::write(out, outcome),
        OutputFormat::JsonLines => json::write_lines(out, outcome),
        OutputFormat::Sarif => sarif::write(out, outcome, &paths),
        OutputFormat::Github => github::write(out, outcome, &paths),
        OutputFormat::Gitlab => gitlab::write(out, outcome, &paths),
        OutputFormat::Junit => junit::write(out, outcome, &paths),
    }
}

/// Whether a format has a form for numbers; the failure says which have.
pub(crate) fn check_statistics(format: OutputFormat) -> Result<(), Failure> {
    match format {
        OutputFormat::Sarif | OutputFormat::Gitlab | OutputFormat::Junit => Err(Failure::new(
            "--statistics can be had as `full`, `concise`, `json`, `json-lines` and `github`: this format holds \
             findings, and none without a place",
        )),
        _ => Ok(()),
    }
}

/// Whether a person reads a format, on a terminal.
pub(crate) fn is_for_people(format: OutputFormat) -> bool {
    matches!(format, OutputFormat::Full | OutputFormat::Concise)
}

/// A path as a line of a terminal may hold it: names can have line breaks in them, and what terminals obey.
pub(crate) fn shown(path: &str) -> Cow<'_, str> {
    if !path.contains(char::is_control) {
        return Cow::Borrowed(path);
    }
    let escaped = |c: char| match c.is_control() {
        true => c.escape_default().to_string(),
        false => c.to_string(),
    };
    Cow::Owned(path.chars().map(escaped).collect())
}

/// Where a place begins and ends, in lines and characters from 1.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Span {
    pub(crate) line: u32,
    pub(crate) column: u32,
    pub(crate) end_line: u32,
    pub(crate) end_column: u32,
}

/// Where a place begins and ends.
pub(crate) fn span(outcome: &Outcome, place: &Place) -> Span {
    let (line, column) = position(outcome, place);
    let (end_line, end_column) = position(outcome, &Place { start: place.end, ..place.clone() });
    Span { line, column, end_line, end_column }
}

/// Line and column, from 1, of a place's first byte.
pub(crate) fn position(outcome: &Outcome, place: &Place) -> (u32, u32) {
    let position = outcome.position(&place.path, place.start);
    position.map_or((1, 1), |position| (position.line, position.column))
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

/// The tests that notice a proposal, one line each: `tests/test_views.py:12 BookTests.test_list, assertNumQueries(3)`;
/// those that surely do, and those that may.
pub(crate) fn noticing(outcome: &Outcome, proposal: &Proposal) -> [Vec<String>; 2] {
    let (mut will, mut may) = (Vec::new(), Vec::new());
    for Noticing { count, notice } in tuneup_transforms::noticing::noticing(&outcome.project, proposal) {
        let (line, _) = position(outcome, &Place::new(count.path.clone(), count.range));
        let gap = if count.test.is_empty() { "" } else { " " };
        let text = format!("{}:{line}{gap}{}, {}", shown(&count.path), count.test, count.form);
        match notice {
            Notice::Will => will.push(text),
            Notice::May => may.push(text),
        }
    }
    [will, may]
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
    if let Some(unread) = unread(outcome) {
        text.push_str("; ");
        text.push_str(&unread);
    }
    text
}

/// How many files could not be read, if any.
pub(crate) fn unread(outcome: &Outcome) -> Option<String> {
    let mut paths: Vec<&str> = outcome.problems.iter().map(|problem| problem.path.as_str()).collect();
    paths.dedup();
    match paths.len() {
        0 => None,
        1 => Some("1 file could not be read".to_owned()),
        several => Some(format!("{several} files could not be read")),
    }
}

/// What was read, what is left open and why, and how long each phase took.
pub(crate) fn verbose(outcome: &Outcome) -> Vec<String> {
    let (project, source) = (&outcome.project, &outcome.project.source);
    let files = source.files().len();
    let others = source.others().iter().filter(|other| other.is_file()).count();
    let bytes: u64 = source.files().iter().map(|file| u64::from(file.len)).sum();
    let mut lines = vec![
        format!("Django {}", project.version),
        format!("{files} Python files, {:.1} MB; {others} other files", bytes as f64 / 1e6),
        format!("{} queries whose rows are read", project.queries.len()),
    ];
    match &project.settings.module {
        Some(module) => lines.push(format!("settings `{}`, {}", module.name, module.reason)),
        None => lines.push("no settings of production".to_owned()),
    }
    for it in undecided(project) {
        match it.place {
            Some(place) => {
                let (line, _) = position(outcome, &place);
                lines.push(format!("left open at {}:{line}: {}", place.path, it.reason));
            }
            None => lines.push(format!("left open: {}", it.reason)),
        }
    }
    if let Some(peak) = peak_memory() {
        lines.push(format!("peak memory {:.1} MB", peak as f64 / 1e6));
    }
    let mut all = 0.0;
    for (phase, took) in outcome.stopwatch.laps() {
        let took = took.as_secs_f64() * 1e3;
        all += took;
        lines.push(format!("{phase:<24}{took:>8.1} ms"));
    }
    lines.push(format!("{:<24}{all:>8.1} ms", "all"));
    lines
}

/// The most memory that this process has held, in bytes, where the system tells.
fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kilobytes * 1024)
}
