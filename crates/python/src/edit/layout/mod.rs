//! The final layout of edits: as the file's formatter would have it.
//!
//! New code makes lines longer, and how a formatter then breaks them depends on the whole statement. So where the
//! text was as a formatter writes it, the formatter has the last word on what the edits touched. Elsewhere the edits
//! break lines themselves, in the simplest way.

mod config;
mod formatter;
mod logical_line;
mod part;

use ruff_python_ast::ModModule;
use ruff_python_ast::comparable::ComparableStmt;
use ruff_python_parser::Parsed;
use ruff_text_size::{TextLen, TextRange, TextSize};
use rustc_hash::FxHashMap;
use similar::{Algorithm, DiffOp, capture_diff_slices};

pub use config::Layout;

use super::verify::verify_parsed;
use super::{Edit, Edits, Refusal, Style, Target, parse};
use formatter::Options;

/// Makes edits for a file in groups of what belongs together: the same groups for every style.
pub type Make<'a> = &'a dyn Fn(&Target) -> Result<Vec<Vec<Edit>>, Refusal>;

/// The edits that belong together, in two forms.
struct Forms {
    /// With no line broken for its length.
    flat: Vec<Edit>,
    /// With lines broken where they would be too long.
    wrapped: Vec<Edit>,
}

/// A file, with all that edits of it are laid out by: read off it once, for however many edits.
pub struct Prepared<'a> {
    source: &'a str,
    parsed: Parsed<ModModule>,
    style: Style,
    /// The ways of formatting that would leave it as it is.
    clean: Vec<Options>,
    /// Whether formatting may be switched off somewhere in it.
    has_switches: bool,
}

impl<'a> Prepared<'a> {
    /// Of a file's text.
    pub fn of(source: &'a str, layout: &Layout) -> Result<Self, Refusal> {
        let parsed = parse(source)?;
        let mut style = Style::of(source, &parsed, usize::from(layout.usual_length()));
        let clean: Vec<Options> =
            Options::of(layout, &style).into_iter().filter(|options| options.leaves(source)).collect();
        if let Some(quote) = clean.iter().find_map(Options::quote) {
            style.quote = quote;
        }
        if clean.is_empty() && layout.line_length.is_none() {
            style.line_length = style.line_length.map(|limit| limit.max(longest_line(source)));
        }
        Ok(Self { source, parsed, style, clean, has_switches: part::has_switches(source) })
    }

    /// Makes edits in the layout of the file, and checks them.
    pub fn settle(&self, make: Make<'_>) -> Result<Edits, Refusal> {
        let source = self.source;
        let unlimited = self.style.unlimited();
        let target = |style| Target { source, parsed: &self.parsed, style };
        let flat = make(&target(&unlimited))?;
        let all_flat = compose(flat.clone())?;

        if let Some(edits) = self.formatted(&all_flat) {
            return Ok(edits);
        }
        let wrapped = make(&target(&self.style))?;
        let groups = flat.into_iter().zip(wrapped).map(|(flat, wrapped)| Forms { flat, wrapped });
        let line_by_line = by_logical_line(&target(&self.style), groups.collect());
        if let Ok(edits) = line_by_line
            && self.verify(&edits).is_ok()
        {
            return Ok(edits);
        }
        // Where broken lines get in each other's way, long ones do not.
        self.verify(&all_flat)?;
        Ok(all_flat)
    }

    fn verify(&self, edits: &Edits) -> Result<(), Refusal> {
        verify_parsed(self.source, &self.parsed, &edits.apply(self.source), edits)
    }

    /// The edits with the file formatted behind them: as all formatters that left it alone before would, or else the
    /// likeliest of them.
    fn formatted(&self, flat: &Edits) -> Option<Edits> {
        if self.clean.is_empty() {
            return None;
        }
        let text = flat.apply(self.source);
        let part = match self.has_switches {
            true => TextRange::up_to(self.source.text_len()),
            false => part::around(self.source, &self.parsed, flat, &self.clean),
        };
        let text = &text[part.start().into()..text.len() - usize::from(self.source.text_len() - part.end())];
        let mut results: Vec<(usize, String)> = Vec::new();
        for (at, options) in self.clean.iter().enumerate() {
            let Some(result) = options.format(text) else { continue };
            // What is formatted must stay so, and mean the same.
            if result == text || options.leaves(&result) && means_the_same(text, &result) {
                results.push((at, result));
            }
        }
        let suits_all = |(at, result): &&(usize, String)| {
            self.clean.iter().enumerate().all(|(other, options)| other == *at || options.leaves(result))
        };
        let (_, result) = results.iter().find(suits_all).or(results.first())?;
        let edits = match result == text {
            true => flat.clone(),
            false => difference(&self.source[part], result, part.start())?,
        };
        self.verify(&edits).ok()?;
        Some(edits)
    }
}

/// Makes edits in the layout of a file, and checks them.
pub fn settle(source: &str, layout: &Layout, make: Make<'_>) -> Result<Edits, Refusal> {
    Prepared::of(source, layout)?.settle(make)
}

/// A new file's text, as the formatter that left `sample` as it is would have it. None where no known one did.
pub fn formatted_like(sample: &str, layout: &Layout, text: &str) -> Option<String> {
    let parsed = parse(sample).ok()?;
    let style = Style::of(sample, &parsed, usize::from(layout.usual_length()));
    let options = Options::of(layout, &style).into_iter().find(|options| options.leaves(sample))?;
    options.format(text)
}

fn compose(groups: Vec<Vec<Edit>>) -> Result<Edits, Refusal> {
    let mut edits = Edits::new();
    for group in groups {
        edits.add_all(group)?;
    }
    Ok(edits)
}

fn means_the_same(text: &str, other: &str) -> bool {
    let (Ok(one), Ok(other)) = (parse(text), parse(other)) else { return false };
    let statements = one.syntax().body.iter().map(ComparableStmt::from);
    statements.eq(other.syntax().body.iter().map(ComparableStmt::from))
}

/// The edits, with each logical line that was as the file's formatter writes it formatted again.
fn by_logical_line(target: &Target, groups: Vec<Forms>) -> Result<Edits, Refusal> {
    let options = Options::like(target.style);
    let mut lines: Vec<(TextRange, Vec<Forms>)> = Vec::new();
    let mut at_line: FxHashMap<TextRange, usize> = FxHashMap::default();
    let mut rest = Vec::new();
    for group in groups {
        let line = match (group.flat.first(), group.flat.last()) {
            (Some(first), Some(last)) => logical_line::at(target, first.range.start())
                .filter(|line| line.contains_range(last.range) && !is_new_line(first, *line)),
            _ => None,
        };
        match line {
            Some(line) => {
                let at = *at_line.entry(line).or_insert(lines.len());
                match lines.get_mut(at) {
                    Some((_, groups)) => groups.push(group),
                    None => lines.push((line, vec![group])),
                }
            }
            None => rest.push(group.wrapped),
        }
    }
    let mut edits = compose(rest)?;
    for (line, groups) in lines {
        let flat = compose(groups.iter().map(|group| group.flat.clone()).collect())?;
        match reformatted(target, line, &flat, &options) {
            Some(better) => edits.add_all(better)?,
            None => edits.add_all(groups.into_iter().flat_map(|group| group.wrapped))?,
        }
    }
    Ok(edits)
}

/// Whether an edit puts a line of its own before this one.
fn is_new_line(edit: &Edit, line: TextRange) -> bool {
    edit.range.is_empty() && edit.range.start() == line.start() && edit.content.ends_with(['\n', '\r'])
}

/// A logical line after its edits, formatted, if it was formatted before them.
fn reformatted(target: &Target, line: TextRange, flat: &Edits, options: &Options) -> Option<Edits> {
    let context = logical_line::Context::of(target, line)?;
    let before = &target.source[line];
    if context.format(before, options)? != before {
        return None;
    }
    let mut within = Edits::new();
    for edit in flat.as_slice() {
        let moved = Edit::replacement(edit.range - line.start(), edit.content.clone());
        within.add(moved).ok()?;
    }
    let after = within.apply(before);
    let result = context.format(&after, options)?;
    if result == after { Some(flat.clone()) } else { difference(before, &result, line.start()) }
}

/// The edits that make one text of another, each as short as its lines allow. The first begins at `offset`.
fn difference(before: &str, after: &str, offset: TextSize) -> Option<Edits> {
    let (old, new) = (lines(before), lines(after));
    let mut starts = vec![TextSize::default()];
    for line in &old {
        starts.push(starts[starts.len() - 1] + line.text_len());
    }
    let mut edits = Edits::new();
    for op in capture_diff_slices(Algorithm::Myers, &old, &new) {
        if matches!(op, DiffOp::Equal { .. }) {
            continue;
        }
        let (removed, added) = (old[op.old_range()].concat(), new[op.new_range()].concat());
        let head = common(removed.chars(), added.chars());
        let tail = common(removed[head..].chars().rev(), added[head..].chars().rev());
        let begin = starts[op.old_range().start] + TextSize::try_from(head).ok()?;
        let len = TextSize::try_from(removed.len() - head - tail).ok()?;
        let content = &added[head..added.len() - tail];
        edits.add(Edit::replacement(TextRange::at(offset + begin, len), content)).ok()?;
    }
    Some(edits)
}

/// How many bytes two texts have in common.
fn common(a: impl Iterator<Item = char>, b: impl Iterator<Item = char>) -> usize {
    a.zip(b).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum()
}

/// The lines of a text, each with what ends it.
fn lines(text: &str) -> Vec<&str> {
    ruff_source_file::UniversalNewlineIterator::from(text).map(|line| line.as_full_str()).collect()
}

/// The longest line of code, as far as lines may be long where nobody says how long.
fn longest_line(source: &str) -> usize {
    let widths = lines(source).into_iter().map(|line| line.trim_end().chars().count());
    widths.filter(|width| *width <= 120).max().unwrap_or_default()
}
