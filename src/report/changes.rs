//! The diff of one file.

use std::io::{self, Write};

use similar::{Algorithm, ChangeTag, TextDiff};
use tuneup_transforms::render::RenderedFile;

use super::excerpt::spans;
use super::html::text;
use crate::review::tones;

/// How many lines stay around a change.
const CONTEXT: usize = 3;

/// Writes the diff of a file.
pub(super) fn write(out: &mut dyn Write, file: &RenderedFile) -> io::Result<()> {
    let old = String::from_utf8_lossy(file.before.as_deref().unwrap_or_default()).into_owned();
    let new = String::from_utf8_lossy(&file.after).into_owned();
    let new_file = if file.before.is_none() { " <em>(new file)</em>" } else { "" };
    let name = text(&file.path);
    writeln!(
        out,
        "<figure><figcaption>{name}{new_file}</figcaption>\n<pre class=\"code diff\" tabindex=\"0\">"
    )?;
    let (old_tones, new_tones) = (tones(&file.path, &old), tones(&file.path, &new));
    let (old_starts, new_starts) = (starts(&old), starts(&new));
    let (old_lines, new_lines) = (lines(&old), lines(&new));
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
                (&old, &old_starts, &old_tones, change.old_index())
            } else {
                (&new, &new_starts, &new_tones, change.new_index())
            };
            let index = index.unwrap_or_default();
            let start = starts.get(index).copied().unwrap_or(content.len());
            let end = starts.get(index + 1).copied().unwrap_or(content.len());
            write!(
                out,
                "<{element}><span class=\"n\">{}</span><span class=\"sign\">{sign}</span>",
                index + 1
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

/// Where each of them begins.
fn starts(content: &str) -> Vec<usize> {
    std::iter::once(0).chain(content.match_indices('\n').map(|(at, _)| at + 1)).collect()
}
