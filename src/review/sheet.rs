//! What is shown of one proposal, as lines of toned text: what it is, what proves it, and what it would write. Knows
//! no terminal.

use std::collections::BTreeMap;
use std::ops::Range;

use tuneup_python::SourceText;
use tuneup_transforms::cost::costs;
use tuneup_transforms::grounds::{assurance, declarations, subject};
use tuneup_transforms::render::RenderedFile;
use tuneup_transforms::{Place, Proposal, Safety};

use super::assemble::assemble;
use super::decisions::Decision;
use super::syntax::tones;
use super::{hunks, wrap};
use crate::analysis::Outcome;

/// How many places are shown; the rest is counted.
const SHOWN: usize = 12;

/// What a piece of text is, which the terminal gives a colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    Plain,
    Dim,
    Strong,
    Heading,
    Safe,
    Unsafe,
    Path,
    Mark,
    Added,
    Removed,
    Keyword,
    Text,
    Number,
    Comment,
    Definition,
}

/// One line of toned text.
pub(crate) type Line = Vec<(Tone, String)>;

/// The lines of a proposal in a width.
pub(crate) fn sheet(
    outcome: &Outcome,
    proposal: &Proposal,
    decision: Option<&Decision>,
    width: usize,
    side_by_side: bool,
) -> Vec<Line> {
    let mut lines = Vec::new();
    let prose = |lines: &mut Vec<Line>, tone: Tone, text: &str| {
        lines.extend(wrap(text, width).into_iter().map(|line| vec![(tone, line)]));
    };
    prose(&mut lines, Tone::Strong, &clean(&proposal.title));
    let model = proposal.model.as_deref().map(|model| format!(" · {model}")).unwrap_or_default();
    let symbol = if proposal.symbol.is_empty() { String::new() } else { format!(" · {}", proposal.symbol) };
    let facts = clean(&format!("{}{model}{symbol}", proposal.rule));
    lines.extend(hunks::fold(vec![(Tone::Dim, facts)], width, 2));
    let safety = match proposal.safety {
        Safety::Safe => Tone::Safe,
        Safety::Unsafe | Safety::Advice => Tone::Unsafe,
    };
    let word = proposal.safety.as_str();
    for (n, line) in wrap(&format!("{word}: {}", assurance(proposal)), width).into_iter().enumerate() {
        let (first, rest) = line.split_at(if n == 0 { word.len().min(line.len()) } else { 0 });
        lines.push(vec![(safety, first.to_owned()), (Tone::Plain, rest.to_owned())]);
    }
    prose(&mut lines, Tone::Plain, &clean(&proposal.message));
    let costs = costs(proposal);
    if !costs.is_empty() {
        prose(&mut lines, Tone::Dim, &clean(&format!("Costs: {}", costs.join(" "))));
    }
    match decision {
        Some(Decision::Silenced(reason)) => {
            let text = format!("ignored here by a comment: {}", clean(reason));
            prose(&mut lines, Tone::Unsafe, &text);
        }
        Some(Decision::Edited(_)) => prose(&mut lines, Tone::Safe, "approved as you edited it"),
        _ => {}
    }
    lines.push(Vec::new());
    lines.push(vec![(Tone::Heading, "Why".to_owned())]);
    let all = places(proposal);
    excerpts(outcome, all.iter().take(SHOWN), width, &mut lines);
    if let more @ 1.. = all.len().saturating_sub(SHOWN) {
        lines.push(vec![(Tone::Dim, format!("… and {more} more places"))]);
    }
    lines.push(Vec::new());
    let fields = declarations(&outcome.project, proposal);
    let mut fields = fields.iter().map(|it| (&it.place, it.message.as_str())).peekable();
    if fields.peek().is_some() {
        lines.push(vec![(Tone::Heading, "Fields".to_owned())]);
        excerpts(outcome, fields.collect::<Vec<_>>().iter().take(SHOWN), width, &mut lines);
        lines.push(Vec::new());
    }
    let [will, may] = crate::output::noticing(outcome, proposal);
    for (heading, tests) in [("Tests that will notice", will), ("Tests that may notice", may)] {
        if tests.is_empty() {
            continue;
        }
        lines.push(vec![(Tone::Heading, heading.to_owned())]);
        for test in tests.iter().take(SHOWN) {
            lines.extend(hunks::fold(vec![(Tone::Plain, clean(test))], width, 2));
        }
        if let more @ 1.. = tests.len().saturating_sub(SHOWN) {
            lines.push(vec![(Tone::Dim, format!("… and {more} more"))]);
        }
        lines.push(Vec::new());
    }
    lines.push(vec![(Tone::Heading, "Changes".to_owned())]);
    let shown = match decision {
        Some(decision @ (Decision::Edited(_) | Decision::Silenced(_))) => decision.clone(),
        _ => Decision::Approved,
    };
    let rendering = assemble(outcome, &[(proposal, &shown)]);
    for (_, reason) in &rendering.withheld {
        prose(&mut lines, Tone::Unsafe, &format!("cannot be written: {reason}"));
    }
    for (n, file) in rendering.files.iter().enumerate() {
        if n > 0 {
            lines.push(Vec::new());
        }
        changes(file, width, side_by_side, &mut lines);
    }
    lines
}

/// The query and the places that prove the proposal.
fn places(proposal: &Proposal) -> Vec<(&Place, &str)> {
    let others = proposal.evidence.iter().map(|evidence| (&evidence.place, evidence.message.as_str()));
    std::iter::once((&proposal.place, subject(proposal))).chain(others).collect()
}

/// Source lines with places marked, file by file.
fn excerpts<'a>(
    outcome: &Outcome,
    all: impl Iterator<Item = &'a (&'a Place, &'a str)>,
    width: usize,
    lines: &mut Vec<Line>,
) {
    let mut by_path: Vec<(&str, Vec<(&Place, &str)>)> = Vec::new();
    for &(place, message) in all {
        match by_path.iter_mut().find(|(path, _)| *path == place.path) {
            Some((_, places)) => places.push((place, message)),
            None => by_path.push((&place.path, vec![(place, message)])),
        }
    }
    let digits = 5;
    for (path, mut places) in by_path {
        lines.push(vec![(Tone::Path, clean(path))]);
        let Ok(source) = outcome.project.source.text_at(path) else { continue };
        places.sort_by_key(|(place, _)| place.start);
        let mut by_line: BTreeMap<u32, Vec<(&Place, &str)>> = BTreeMap::new();
        for (place, message) in places {
            by_line.entry(source.position(place.start).line).or_default().push((place, message));
        }
        let tones = tones(path, source.text());
        for (number, places) in by_line {
            excerpt(&source, &tones, number, &places, width.saturating_sub(digits + 2), lines);
        }
    }
}

/// One source line with what is meant marked, and a line below for each message.
fn excerpt(
    source: &SourceText,
    tones: &[(Range<usize>, Tone)],
    number: u32,
    places: &[(&Place, &str)],
    width: usize,
    lines: &mut Vec<Line>,
) {
    let text = source.text();
    let Some((place, _)) = places.first() else { return };
    let start = usize::from(place.start).min(text.len());
    let from = text[..start].rfind(['\n', '\r']).map_or(0, |at| at + 1);
    let to = text[start..].find(['\n', '\r']).map_or(text.len(), |at| start + at);
    // What is indented deep starts at its own indentation, but for a little.
    let indent = text[from..to].len() - text[from..to].trim_start().len();
    let from = from + indent.saturating_sub(4);
    let mut line = vec![(Tone::Dim, format!("{number:>5}  "))];
    let mut cut: Vec<(Range<usize>, Tone)> = Vec::new();
    let mut at = from;
    let mut marks: Vec<Range<usize>> = places
        .iter()
        .map(|(place, _)| usize::from(place.start).max(from)..usize::from(place.end).min(to))
        .collect();
    marks.sort_by_key(|mark| mark.start);
    for mark in marks {
        if mark.start < at || mark.start >= mark.end {
            continue;
        }
        cut.extend(toned(at..mark.start, tones));
        cut.push((mark.clone(), Tone::Mark));
        at = mark.end;
    }
    cut.extend(toned(at..to.max(at), tones));
    line.extend(cut.into_iter().map(|(range, tone)| (tone, clean(&text[range]))));
    lines.extend(hunks::fold(line, width + 7, 9));
    let mut places = places;
    while let Some((place, message)) = places.first() {
        // What is said of one and the same place stands in one line.
        let same = places.iter().take_while(|(other, _)| other.start == place.start).count();
        let (here, rest) = places.split_at(same.max(1));
        places = rest;
        let mut said: Vec<&str> = Vec::new();
        for (_, message) in here {
            if !said.contains(message) {
                said.push(message);
            }
        }
        let message = if said.len() > 1 { said.join("; ") } else { (*message).to_owned() };
        let before = text.get(from..usize::from(place.start)).map_or(0, |text| wide(&clean(text)));
        let column = if before + 10 < width { before } else { 0 };
        for part in wrap(&format!("↑ {}", clean(&message)), width.saturating_sub(column).max(20)) {
            lines.push(vec![(Tone::Dim, " ".repeat(7 + column)), (Tone::Comment, part)]);
        }
    }
}

/// A range cut into toned parts.
pub(crate) fn toned(range: Range<usize>, tones: &[(Range<usize>, Tone)]) -> Vec<(Range<usize>, Tone)> {
    let mut parts = Vec::new();
    let mut at = range.start;
    let first = tones.partition_point(|(other, _)| other.end <= range.start);
    for (other, tone) in tones[first..].iter().take_while(|(other, _)| other.start < range.end) {
        let (start, end) = (other.start.max(at), other.end.min(range.end));
        if start > at {
            parts.push((at..start, Tone::Plain));
        }
        if end > start {
            parts.push((start..end, *tone));
            at = end;
        }
    }
    if at < range.end {
        parts.push((at..range.end, Tone::Plain));
    }
    parts
}

/// The diff of one file.
fn changes(file: &RenderedFile, width: usize, side_by_side: bool, lines: &mut Vec<Line>) {
    let what = if file.before.is_some() { "" } else { " (new file)" };
    lines.push(vec![(Tone::Path, clean(&file.path)), (Tone::Dim, what.to_owned())]);
    lines.extend(hunks::lines(file, width, side_by_side));
}

/// Text that cannot do anything to a terminal, with tabs as spaces.
pub(crate) fn clean(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\t' => out.push_str("    "),
            '\n' | '\r' => {}
            // Also what reorders text, so that what is approved is what is shown.
            c if c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') => {
                out.push('�')
            }
            c => out.push(c),
        }
    }
    out
}

/// How many columns a text takes.
pub(super) fn wide(text: &str) -> usize {
    ratatui::text::Span::raw(text).width()
}
