//! The part of a file that a formatter has to see for what some edits touch: whole statements of the module, and one more
//! on either side. A long file with many proposals would otherwise be formatted whole for each of them.

use ruff_python_ast::ModModule;
use ruff_python_parser::Parsed;
use ruff_source_file::LineRanges;
use ruff_text_size::{Ranged, TextLen, TextRange, TextSize};

use super::super::Edits;
use super::formatter::Options;

/// Whether formatting may be switched off somewhere in a file: what is above a part is not seen in it.
pub(super) fn has_switches(source: &str) -> bool {
    ["fmt:", "yapf:"].iter().any(|switch| source.contains(switch))
}

/// The range of that part, where these options leave it as it is by itself too; else all of the file. The file has no
/// switches.
pub(super) fn around(
    source: &str,
    parsed: &Parsed<ModModule>,
    edits: &Edits,
    options: &[Options],
) -> TextRange {
    let whole = TextRange::up_to(source.text_len());
    let Some(part) = statements(source, parsed, edits) else { return whole };
    let is_smaller = u32::from(part.len()) < u32::from(whole.len()) / 2;
    match is_smaller && options.iter().all(|options| options.leaves(&source[part])) {
        true => part,
        false => whole,
    }
}

fn statements(source: &str, parsed: &Parsed<ModModule>, edits: &Edits) -> Option<TextRange> {
    let (first, last) = (edits.as_slice().first()?, edits.as_slice().last()?);
    let body = &parsed.syntax().body;
    let begun = body.partition_point(|statement| statement.start() <= first.range.start());
    let ended = body.partition_point(|statement| statement.end() < last.range.end());
    let start = match begun.checked_sub(2) {
        Some(above) => body[above].start(),
        None => TextSize::default(),
    };
    let end = match body.get(ended + 1) {
        Some(below) => source.full_line_end(below.end()),
        None => source.text_len(),
    };
    // Neither end may be in the middle of a line with several statements.
    let is_apart =
        source.line_start(start) == start && body.get(ended + 2).is_none_or(|next| next.start() >= end);
    (is_apart && start <= first.range.start() && last.range.end() <= end).then(|| TextRange::new(start, end))
}

#[cfg(test)]
mod tests {
    use ruff_text_size::{TextRange, TextSize};

    use crate::edit::{Edit, Layout, Target, settle};

    const LONG: &str =
        "call(first_argument_of_several, second_argument_of_several, third_argument_of_several, 4)";

    /// A long file after its `value` has become a call that is too long for a line.
    fn written(head: &str, tail: &str) -> String {
        let functions = |name: &str| -> String {
            (0..50).map(|n| format!("def {name}{n}():\n    return {n}\n\n\n")).collect()
        };
        let source = format!("{head}{}x = value\n\n\n{}{tail}", functions("a"), functions("b"));
        let source = format!("{}\n", source.trim_end());
        let at = TextSize::try_from(source.find("value").expect("it is there")).expect("short");
        let edit = Edit::replacement(TextRange::at(at, TextSize::of("value")), LONG);
        let make = |_: &Target| Ok(vec![vec![edit.clone()]]);
        settle(&source, &Layout::default(), &make).expect("it settles").apply(&source)
    }

    #[test]
    fn what_is_seen_by_itself_is_formatted_as_in_the_file() {
        let broken = format!("\n\nx = call(\n    {}\n)\n\n\ndef b0():\n", &LONG[5..LONG.len() - 1]);
        assert!(written("", "").contains(&broken));
    }

    #[test]
    fn what_is_switched_off_above_stays_as_it_is() {
        let after = written("# fmt: off\nMATRIX = [1,0,\n          0,1]\n\n\n", "");
        assert!(after.contains(&format!("\n\nx = {LONG}\n\n\ndef b0():\n")), "{after}");
    }
}
