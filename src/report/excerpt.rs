//! Source excerpts: the lines that prove a finding, with what reads marked and said.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};
use std::ops::Range;

use tuneup_transforms::grounds::subject;
use tuneup_transforms::{Place, Proposal};

use super::html::{prose, text};
use super::shown::Shown;
use crate::analysis::Outcome;
use crate::review::{Tone, toned};

/// How many lines stay around a place.
const CONTEXT: u32 = 1;

/// How many places are shown; the rest is counted.
const SHOWN: usize = 12;

/// Writes the excerpts of a proposal, file by file.
pub(super) fn write(
    out: &mut dyn Write,
    outcome: &Outcome,
    shown: &Shown,
    proposal: &Proposal,
) -> io::Result<()> {
    let first = std::iter::once((&proposal.place, subject(proposal)));
    let others = proposal.evidence.iter().map(|evidence| (&evidence.place, evidence.message.as_str()));
    write_places(out, outcome, shown, first.chain(others).take(SHOWN))?;
    if let more @ 1.. = (proposal.evidence.len() + 1).saturating_sub(SHOWN) {
        writeln!(out, "<p class=\"more\">… and {more} more places.</p>")?;
    }
    Ok(())
}

/// Writes the excerpts of some places, file by file.
pub(super) fn write_places<'a>(
    out: &mut dyn Write,
    outcome: &Outcome,
    shown: &Shown,
    all: impl Iterator<Item = (&'a Place, &'a str)>,
) -> io::Result<()> {
    let mut by_path: Vec<(&str, Vec<(&Place, &str)>)> = Vec::new();
    for (place, message) in all {
        match by_path.iter_mut().find(|(path, _)| *path == place.path) {
            Some((_, places)) => places.push((place, message)),
            None => by_path.push((&place.path, vec![(place, message)])),
        }
    }
    for (path, places) in by_path {
        let Some(source) = outcome.text(path) else { continue };
        let content = source.text();
        let file = shown.texts.get(path, content);
        // Behind the last line feed there is no line.
        let starts = &file.starts[..file.starts.partition_point(|at| *at == 0 || *at < content.len())];
        let last = starts.len().max(1) as u32;
        let mut lines = BTreeSet::new();
        let mut messages: BTreeMap<u32, Vec<&str>> = BTreeMap::new();
        let mut marks: Vec<Range<usize>> = Vec::new();
        for (place, message) in places {
            let line = source.position(place.start).line;
            lines.extend(line.saturating_sub(CONTEXT).max(1)..=(line + CONTEXT).min(last));
            let said = messages.entry(line).or_default();
            if !said.contains(&message) {
                said.push(message);
            }
            marks.push(usize::from(place.start)..usize::from(place.end));
        }
        marks.sort_by_key(|mark| (mark.start, mark.end));
        writeln!(
            out,
            "<figure><figcaption>{}</figcaption>\n<pre class=\"code\" tabindex=\"0\">",
            text(path)
        )?;
        let mut before = None;
        for number in lines {
            if before.is_some_and(|before| before + 1 != number) {
                writeln!(out, "<span class=\"gap\">⋮</span>")?;
            }
            before = Some(number);
            let start = starts.get(number as usize - 1).copied().unwrap_or(content.len());
            let end = starts.get(number as usize).copied().unwrap_or(content.len());
            write!(out, "<span class=\"n\">{number}</span>")?;
            marked(out, content, start..end, &marks, &file.colours.tones)?;
            writeln!(out)?;
            if let Some(said) = messages.get(&number) {
                let said = prose(&said.join(" · "));
                writeln!(out, "<span class=\"n\"></span><span class=\"says\">↑ {said}</span>")?;
            }
        }
        writeln!(out, "</pre></figure>")?;
    }
    Ok(())
}

/// A line with what is meant marked.
fn marked(
    out: &mut dyn Write,
    content: &str,
    line: Range<usize>,
    marks: &[Range<usize>],
    tones: &[(Range<usize>, Tone)],
) -> io::Result<()> {
    let mut at = line.start;
    for mark in marks {
        let (start, end) = (mark.start.max(at), mark.end.min(line.end));
        if start >= end || !content.is_char_boundary(start) || !content.is_char_boundary(end) {
            continue;
        }
        spans(out, content, at..start, tones)?;
        write!(out, "<mark>")?;
        spans(out, content, start..end, tones)?;
        write!(out, "</mark>")?;
        at = end;
    }
    spans(out, content, at..line.end, tones)
}

/// Text in the colours of its tokens.
pub(super) fn spans(
    out: &mut dyn Write,
    content: &str,
    range: Range<usize>,
    tones: &[(Range<usize>, Tone)],
) -> io::Result<()> {
    for (range, tone) in toned(range, tones) {
        let part = text(&content[range]);
        let class = match tone {
            Tone::Keyword => "k",
            Tone::Text => "s",
            Tone::Number => "m",
            Tone::Comment => "c",
            Tone::Definition => "d",
            _ => {
                write!(out, "{part}")?;
                continue;
            }
        };
        write!(out, "<span class=\"{class}\">{part}</span>")?;
    }
    Ok(())
}
