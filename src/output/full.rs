//! Grouped by rule, each proposal with its evidence as source excerpts.

use std::io::{self, Write};

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use ruff_text_size::{TextRange, TextSize};
use tuneup_python::SourceText;
use tuneup_transforms::grounds::subject;
use tuneup_transforms::{Place, Proposal, Safety};

use super::{by_rule, noticing, position, shown};
use crate::analysis::Outcome;

/// How many pieces of evidence are shown in full; the rest is counted.
const SHOWN: usize = 8;

/// How many lines may be between places that are shown in one excerpt.
const APART: u32 = 400;

/// Writes the report.
pub(crate) fn write(out: &mut dyn Write, outcome: &Outcome, colored: bool) -> io::Result<()> {
    for (rule, group) in by_rule(&outcome.proposals) {
        writeln!(out, "{rule} ({})\n", group.len())?;
        for proposal in group {
            write_one(out, outcome, proposal, colored)?;
        }
    }
    Ok(())
}

/// Writes one proposal.
pub(crate) fn write_one(
    out: &mut dyn Write,
    outcome: &Outcome,
    proposal: &Proposal,
    colored: bool,
) -> io::Result<()> {
    let renderer = if colored { Renderer::styled() } else { Renderer::plain() };
    let (line, column) = position(outcome, &proposal.place);
    writeln!(
        out,
        "{}:{line}:{column} [{}] {}",
        shown(&proposal.place.path),
        proposal.safety.as_str(),
        proposal.title
    )?;
    let mut group: Group<'_> =
        Group::with_title(level(proposal.safety).primary_title(proposal.message.as_str()));
    let mut paths: Vec<&str> = vec![&proposal.place.path];
    for evidence in proposal.evidence.iter().take(SHOWN) {
        if !paths.contains(&evidence.place.path.as_str()) {
            paths.push(&evidence.place.path);
        }
    }
    for path in paths {
        let Some(source) = outcome.text(path) else { continue };
        let others = proposal.evidence.iter().take(SHOWN).map(|evidence| &evidence.place);
        let places = std::iter::once(&proposal.place).chain(others).filter(|place| place.path == path);
        for part in parts(source, places.map(Place::range).collect()) {
            let is_here = |place: &Place| place.path == path && part.contains(&place.range());
            let lines = lines(source.text(), part.iter().copied());
            let (excerpt, skipped) = excerpt(source.text(), lines);
            let cut = |range: TextRange| first_line(&excerpt, skipped, range);
            let first = source.position(lines.start()).line as usize;
            let mut snippet = Snippet::source(excerpt.clone()).line_start(first).path(shown(path)).fold(true);
            if is_here(&proposal.place) {
                let span = cut(proposal.place.range());
                let label = subject(proposal);
                snippet = snippet.annotation(AnnotationKind::Primary.span(span).label(label));
            }
            for evidence in proposal.evidence.iter().take(SHOWN) {
                if !is_here(&evidence.place) || evidence.place == proposal.place {
                    continue;
                }
                let span = cut(evidence.place.range());
                snippet =
                    snippet.annotation(AnnotationKind::Context.span(span).label(evidence.message.as_str()));
            }
            group = group.element(snippet);
        }
    }
    writeln!(out, "{}", renderer.render(&[group]))?;
    if let more @ 1.. = proposal.evidence.len().saturating_sub(SHOWN) {
        writeln!(out, "   … and {more} more places")?;
    }
    let [will, may] = noticing(outcome, proposal);
    for (heading, tests) in
        [("tests that will notice", will), ("tests that may notice, as they share the model", may)]
    {
        if tests.is_empty() {
            continue;
        }
        writeln!(out, "   {heading}:")?;
        for test in tests.iter().take(SHOWN) {
            writeln!(out, "     {test}")?;
        }
        if let more @ 1.. = tests.len().saturating_sub(SHOWN) {
            writeln!(out, "     … and {more} more")?;
        }
    }
    writeln!(out)
}

/// The places of a file that are shown in one excerpt each, that with the first of them first. The renderer looks at all the
/// lines that it is given, so that those far from each other are shown apart.
fn parts(source: &SourceText, mut places: Vec<TextRange>) -> Vec<Vec<TextRange>> {
    let Some(&first) = places.first() else { return Vec::new() };
    places.sort_by_key(|place| place.start());
    let line = |place: TextRange| source.position(place.start()).line;
    let are_near = |a: &TextRange, b: &TextRange| line(*b) - line(*a) <= APART;
    let mut parts: Vec<Vec<TextRange>> = places.chunk_by(are_near).map(<[_]>::to_vec).collect();
    let at = parts.iter().position(|part| part.contains(&first)).unwrap_or_default();
    parts[..=at].rotate_right(1);
    parts
}

/// The lines of a text in which some places begin, and those between: the renderer looks at all that it is given.
fn lines(text: &str, places: impl Iterator<Item = TextRange>) -> TextRange {
    let at = |place: TextRange| usize::from(place.start()).min(text.len());
    let (mut start, mut end) = (text.len(), 0);
    for place in places.map(at) {
        start = start.min(text[..place].rfind('\n').map_or(0, |before| before + 1));
        end = end.max(text[place..].find('\n').map_or(text.len(), |behind| place + behind + 1));
    }
    let offset = |at: usize| TextSize::try_from(at).unwrap_or_default();
    TextRange::new(offset(start.min(end)), offset(end))
}

/// Lines of a text as a terminal may show them, and how many bytes are left out before them: no byte order mark, which has
/// no column, and nothing of the second set of signs that terminals obey. The renderer sees to the first.
fn excerpt(text: &str, lines: TextRange) -> (String, usize) {
    const MARK: char = '\u{feff}';
    let before = usize::from(lines.start());
    let text = &text[lines];
    let whole = text.len();
    let rest = text.strip_prefix(MARK).unwrap_or(text);
    // As long as what it stands for, so that places stay.
    let text = rest.replace(|c| ('\u{80}'..='\u{9f}').contains(&c), "\u{a4}");
    let skipped = if rest.len() < whole { MARK.len_utf8() } else { 0 };
    (text, before + skipped)
}

/// A range of the file cut at the end of its first line, so that an excerpt stays short.
fn first_line(text: &str, skipped: usize, range: TextRange) -> std::ops::Range<usize> {
    let at = |offset: TextSize| usize::from(offset).saturating_sub(skipped).min(text.len());
    let range = at(range.start())..at(range.end());
    let end = text[range.clone()].find(['\n', '\r']).map_or(range.end, |at| range.start + at);
    range.start..end
}

fn level(safety: Safety) -> Level<'static> {
    match safety {
        Safety::Safe => Level::INFO.with_name("safe"),
        Safety::Unsafe => Level::WARNING.with_name("unsafe"),
        Safety::Advice => Level::NOTE.with_name("advice"),
    }
}
