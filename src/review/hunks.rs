//! The changes of a file as lines with numbers, below one another or side by side.

use std::ops::Range;

use similar::{Algorithm, ChangeTag, TextDiff};
use tuneup_transforms::render::RenderedFile;

use super::sheet::{Line, Tone, clean, toned, wide};
use super::syntax::tones;

/// How many lines stay around a change.
const CONTEXT: usize = 3;

/// How many columns the number and the sign of a line take.
const NUMBER: usize = 8;

/// From this width on, two columns can be read.
pub(super) const TWO_COLUMNS: usize = 90;

/// One side's text, where its lines begin, and its colours.
struct Side {
    text: String,
    starts: Vec<usize>,
    tones: Vec<(Range<usize>, Tone)>,
}

impl Side {
    fn new(path: &str, bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes).into_owned();
        let mut starts = vec![0];
        starts.extend(text.match_indices('\n').map(|(at, _)| at + 1));
        let tones = tones(path, &text);
        Self { text, starts, tones }
    }

    /// A line, its ordinary parts in a tone of their own.
    fn line(&self, index: usize, plain: Tone) -> Line {
        let start = self.starts.get(index).copied().unwrap_or(self.text.len());
        let end = self.starts.get(index + 1).copied().unwrap_or(self.text.len());
        let parts = toned(start..end, &self.tones).into_iter();
        parts
            .map(|(range, tone)| (if tone == Tone::Plain { plain } else { tone }, clean(&self.text[range])))
            .filter(|(_, text)| !text.is_empty())
            .collect()
    }
}

/// All changes of a file. A new one has no other side that could stand beside it.
pub(super) fn lines(file: &RenderedFile, width: usize, side_by_side: bool) -> Vec<Line> {
    let old = Side::new(&file.path, file.before.as_deref().unwrap_or_default());
    let new = Side::new(&file.path, &file.after);
    let diff = TextDiff::configure().algorithm(Algorithm::Patience).diff_lines(&old.text[..], &new.text[..]);
    let mut lines = Vec::new();
    for (n, group) in diff.grouped_ops(CONTEXT).iter().enumerate() {
        if n > 0 {
            lines.push(vec![(Tone::Dim, "       ⋮".to_owned())]);
        }
        let changes: Vec<_> = group.iter().flat_map(|op| diff.iter_changes(op)).collect();
        if side_by_side && width >= TWO_COLUMNS && file.before.is_some() {
            let half = (width - 1) / 2;
            let folded = |side: &Side, at, sign, tone| fold(numbered(side, at, sign, tone), half, NUMBER);
            let mut pairs = Pairs { lines: &mut lines, half, left: Vec::new(), right: Vec::new() };
            for change in changes {
                match (change.tag(), change.old_index(), change.new_index()) {
                    (ChangeTag::Delete, Some(at), _) => {
                        pairs.left.extend(folded(&old, at, '-', Tone::Removed))
                    }
                    (ChangeTag::Insert, _, Some(at)) => {
                        pairs.right.extend(folded(&new, at, '+', Tone::Added))
                    }
                    (_, Some(was), Some(is)) => {
                        pairs.flush();
                        pairs.left.extend(folded(&old, was, ' ', Tone::Plain));
                        pairs.right.extend(folded(&new, is, ' ', Tone::Plain));
                        pairs.flush();
                    }
                    _ => {}
                }
            }
            pairs.flush();
        } else {
            let unified = changes.iter().filter_map(|change| match change.tag() {
                ChangeTag::Delete => Some(numbered(&old, change.old_index()?, '-', Tone::Removed)),
                ChangeTag::Insert => Some(numbered(&new, change.new_index()?, '+', Tone::Added)),
                ChangeTag::Equal => Some(numbered(&new, change.new_index()?, ' ', Tone::Plain)),
            });
            lines.extend(unified.flat_map(|line| fold(line, width, NUMBER)));
        }
    }
    lines
}

fn numbered(side: &Side, index: usize, sign: char, tone: Tone) -> Line {
    let mut line = vec![(Tone::Dim, format!("{:>5} ", index + 1)), (tone, format!("{sign} "))];
    line.extend(side.line(index, tone));
    line
}

/// Lines that stand side by side.
struct Pairs<'a> {
    lines: &'a mut Vec<Line>,
    half: usize,
    left: Vec<Line>,
    right: Vec<Line>,
}

impl Pairs<'_> {
    fn flush(&mut self) {
        let (left, right) = (std::mem::take(&mut self.left), std::mem::take(&mut self.right));
        let count = left.len().max(right.len());
        let (mut left, mut right) = (left.into_iter(), right.into_iter());
        for _ in 0..count {
            let mut line = fit(left.next().unwrap_or_default(), self.half);
            line.push((Tone::Dim, "│".to_owned()));
            line.extend(fit(right.next().unwrap_or_default(), self.half));
            self.lines.push(line);
        }
    }
}

/// A line in as many as a width asks for; what is approved must be seen whole. Those that follow are indented.
pub(super) fn fold(line: Line, width: usize, indent: usize) -> Vec<Line> {
    let mut lines = vec![Line::new()];
    let mut left = width;
    for (tone, text) in line {
        let mut part = String::new();
        for c in text.chars() {
            let size = wide(c.encode_utf8(&mut [0; 4]));
            if size > left {
                push(&mut lines, tone, std::mem::take(&mut part));
                lines.push(vec![(Tone::Dim, format!("{:>indent$}", "… "))]);
                left = width.saturating_sub(indent).max(2);
            }
            left = left.saturating_sub(size);
            part.push(c);
        }
        push(&mut lines, tone, part);
    }
    lines
}

fn push(lines: &mut [Line], tone: Tone, text: String) {
    if let Some(line) = lines.last_mut()
        && !text.is_empty()
    {
        line.push((tone, text));
    }
}

/// A line cut or filled to a width.
fn fit(line: Line, width: usize) -> Line {
    let mut left = width;
    let mut out = Vec::new();
    for (tone, text) in line {
        let mut cut = String::new();
        for c in text.chars() {
            let size = wide(c.encode_utf8(&mut [0; 4]));
            if size > left {
                // A wide letter at the edge leaves a gap; nothing comes after it.
                cut.push_str(&" ".repeat(left));
                left = 0;
                break;
            }
            left -= size;
            cut.push(c);
        }
        out.push((tone, cut));
    }
    out.push((Tone::Plain, " ".repeat(left)));
    out
}
