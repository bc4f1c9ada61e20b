//! The diff of one file.

use std::io::{self, Write};
use std::ops::Range;

use similar::{Algorithm, ChangeTag, TextDiff};
use tuneup_transforms::render::RenderedFile;

use super::excerpt::spans;
use super::html::text;
use super::shown::{Shown, ShownFile, starts};
use crate::review::tones;

/// How many lines stay around a change.
const CONTEXT: usize = 3;

/// How many lines around the changes are compared: more than are shown, as lines that are the same above and below can be
/// told from those that are new in more than one way.
const AROUND: usize = 20;

/// Writes the diff of a file.
pub(super) fn write(out: &mut dyn Write, shown: &Shown, file: &RenderedFile) -> io::Result<()> {
    let old = String::from_utf8_lossy(file.before.as_deref().unwrap_or_default()).into_owned();
    let new = String::from_utf8_lossy(&file.after).into_owned();
    let new_file = if file.before.is_none() { " <em>(new file)</em>" } else { "" };
    let name = text(&file.path);
    writeln!(
        out,
        "<figure><figcaption>{name}{new_file}</figcaption>\n<pre class=\"code diff\" tabindex=\"0\">"
    )?;
    let part = match file.before.is_some() {
        true => Part::around(shown.bytes.get(&file.path, &old), &old, &new),
        false => Part { first: 0, old: 0..0, new: 0..new.len() },
    };
    let (old, new) = (&old[part.old], &new[part.new]);
    let (old_tones, new_tones) = (tones(&file.path, old), tones(&file.path, new));
    let (old_starts, new_starts) = (starts(old), starts(new));
    let (old_lines, new_lines) = (lines(old), lines(new));
    let diff = TextDiff::configure().algorithm(Algorithm::Patience).diff_slices(&old_lines, &new_lines);
    for (n, group) in diff.grouped_ops(CONTEXT).iter().enumerate() {
        if n > 0 {
            writeln!(out, "<span class=\"gap\">⋮</span>")?;
        }
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let is_old = change.tag() == ChangeTag::Delete;
            let (element, sign) = match change.tag() {
                ChangeTag::Delete => ("del", "-"),
                ChangeTag::Insert => ("ins", "+"),
                ChangeTag::Equal => ("span", " "),
            };
            let (content, starts, tones, index) = if is_old {
                (old, &old_starts, &old_tones, change.old_index())
            } else {
                (new, &new_starts, &new_tones, change.new_index())
            };
            let index = index.unwrap_or_default();
            let start = starts.get(index).copied().unwrap_or(content.len());
            let end = starts.get(index + 1).copied().unwrap_or(content.len());
            write!(
                out,
                "<{element}><span class=\"n\">{}</span><span class=\"sign\">{sign}</span>",
                part.first + index + 1
            )?;
            spans(out, content, start..end, tones)?;
            writeln!(out, "</{element}>")?;
        }
    }
    writeln!(out, "</pre></figure>")
}

/// The lines of a text, each with its end.
fn lines(content: &str) -> Vec<&str> {
    content.split_inclusive('\n').collect()
}

/// What of a file has to be looked at for its diff: from a statement of the module to another, or lines where there are none.
struct Part {
    /// How many lines stand before it.
    first: usize,
    old: Range<usize>,
    new: Range<usize>,
}

impl Part {
    /// Around all that differs, with what stays around it.
    fn around(file: &ShownFile, old: &str, new: &str) -> Self {
        let same = |(a, b): &(u8, u8)| a == b;
        let head = old.bytes().zip(new.bytes()).take_while(same).count();
        let most = old.len().min(new.len()) - head;
        let tail = old.bytes().rev().zip(new.bytes().rev()).take(most).take_while(same).count();
        let line = |at: usize| file.starts.partition_point(|start| *start <= at) - 1;
        let (above, below) = (line(head).saturating_sub(AROUND), line(old.len() - tail) + 1 + AROUND);
        let mut start = file.starts[above];
        let mut end = file.starts.get(below).copied().unwrap_or(old.len());
        let statements = &file.colours.statements;
        let begins_line = |at: &usize| file.starts.binary_search(at).is_ok();
        if !statements.is_empty() {
            let (before, behind) = statements.split_at(statements.partition_point(|at| *at <= start));
            start = before.iter().rev().copied().find(begins_line).unwrap_or_default();
            end = behind.iter().copied().find(|at| *at >= end && begins_line(at)).unwrap_or(old.len());
        }
        Self { first: line(start), old: start..end, new: start..new.len() - (old.len() - end) }
    }
}
