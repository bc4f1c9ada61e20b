//! What must hold of every file that is written: it parses, its comments are those it had, and nothing outside
//! the edits has changed.

use ruff_python_ast::ModModule;
use ruff_python_ast::token::{Token, TokenKind};
use ruff_python_parser::Parsed;
use ruff_source_file::LineRanges;
use ruff_text_size::{Ranged, TextLen, TextRange, TextSize};

use super::{Edit, Edits, Refusal, parse};

/// Checks a file's text after its edits against the text before. The reason, if it must not be written.
pub fn verify(before: &str, after: &str, edits: &Edits) -> Result<(), Refusal> {
    verify_parsed(before, &parse(before)?, after, edits)
}

/// The same, with the tree of the text before.
pub(super) fn verify_parsed(
    before: &str,
    old: &Parsed<ModModule>,
    after: &str,
    edits: &Edits,
) -> Result<(), Refusal> {
    let is_kept = is_kept_outside(before, after, edits);
    if is_kept && holds_in_parts(before, old, edits) {
        return Ok(());
    }
    let new = parse(after).map_err(|error| Refusal(format!("the file would not parse any more: {error}")))?;
    if !is_kept {
        return Err(Refusal::new("text outside the edits would change"));
    }
    if comments(before, old.tokens()) != comments(after, new.tokens()) {
        return Err(Refusal::new("a comment would be lost or moved"));
    }
    Ok(())
}

/// Whether all holds in each part of the file that the edits touch: then it holds in the file. Of a few edits in a long
/// file only these parts are parsed; what fails in one may still be right in the file.
fn holds_in_parts(before: &str, old: &Parsed<ModModule>, edits: &Edits) -> bool {
    let parts = touched(before, old, edits);
    let touched: usize = parts.iter().map(|(part, _)| usize::from(part.len())).sum();
    // Most of the file is as soon parsed whole.
    if touched > before.len() / 2 {
        return false;
    }
    parts.iter().all(|(part, edits)| {
        let mut after = String::new();
        let mut done = part.start();
        for edit in *edits {
            after.push_str(&before[TextRange::new(done, edit.range.start())]);
            after.push_str(&edit.content);
            done = edit.range.end();
        }
        after.push_str(&before[TextRange::new(done, part.end())]);
        // What goes on behind the part is seen in the file alone.
        if after.trim_end_matches(['\n', '\r']).ends_with('\\') {
            return false;
        }
        let Ok(new) = parse(&after) else { return false };
        let old = old.tokens().in_range(*part);
        comments(before, old) == comments(&after, new.tokens())
    })
}

/// The parts of a file that its edits touch, each from the start of a line with a statement of the module to that of
/// another, with their edits.
fn touched<'e>(source: &str, parsed: &Parsed<ModModule>, edits: &'e Edits) -> Vec<(TextRange, &'e [Edit])> {
    let body = &parsed.syntax().body;
    let begins_line = |at: &TextSize| source.line_start(*at) == *at;
    let mut parts: Vec<(TextRange, &[Edit])> = Vec::new();
    let edits = edits.as_slice();
    let mut at = 0;
    while at < edits.len() {
        let first = at;
        let begun = body.partition_point(|statement| statement.start() <= edits[first].range.start());
        let start = body[..begun].iter().rev().map(Ranged::start).find(begins_line).unwrap_or_default();
        let mut end = start;
        // What begins where a part ends is written there.
        while let Some(edit) = edits.get(at).filter(|edit| at == first || edit.range.start() < end) {
            let ended = body.partition_point(|statement| statement.start() <= edit.range.end());
            let next = body[ended..].iter().map(Ranged::start).find(begins_line);
            end = end.max(next.unwrap_or(source.text_len()));
            at += 1;
        }
        // At the end of the text, further edits stand where the part does.
        if end == source.text_len() {
            at = edits.len();
        }
        parts.push((TextRange::new(start, end), &edits[first..at]));
    }
    parts
}

/// A comment's text, and whether it has its line to itself.
fn comments<'a>(source: &'a str, tokens: &[Token]) -> Vec<(&'a str, bool)> {
    let tokens = tokens.iter().filter(|token| token.kind() == TokenKind::Comment);
    tokens
        .map(|token| {
            let line = &source[TextRange::new(source.line_start(token.start()), token.start())];
            (&source[token.range()], line.trim_start_matches('\u{feff}').trim().is_empty())
        })
        .collect()
}

/// Whether the text between the edits is the same, byte for byte. Walks both texts, and does not use the code
/// that applied the edits.
fn is_kept_outside(before: &str, after: &str, edits: &Edits) -> bool {
    let (mut old, mut new) = (TextSize::default(), TextSize::default());
    for edit in edits.as_slice() {
        let Some(gap) = edit.range.start().checked_sub(old) else { return false };
        let written = edit.content.text_len();
        let kept = before.get(old.into()..(old + gap).into());
        if kept.is_none() || kept != after.get(new.into()..(new + gap).into()) {
            return false;
        }
        if after.get((new + gap).into()..(new + gap + written).into()) != Some(edit.content.as_str()) {
            return false;
        }
        old = edit.range.end();
        new = new + gap + written;
    }
    before.get(old.into()..) == after.get(new.into()..)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edits(edit: Edit) -> Edits {
        let mut edits = Edits::new();
        edits.add(edit).expect("one edit");
        edits
    }

    fn reason(before: &str, edit: Edit) -> Option<String> {
        let edits = edits(edit);
        verify(before, &edits.apply(before), &edits).err().map(|refusal| refusal.0)
    }

    fn replace(before: &str, old: &str, new: &str) -> Edit {
        let start = TextSize::try_from(before.find(old).expect("it is there")).expect("short");
        Edit::replacement(TextRange::at(start, TextSize::of(old)), new)
    }

    #[test]
    fn good_edits_pass() {
        let before = "x = a  # first\n# second\ny = '# no comment'\n";
        assert_eq!(reason(before, replace(before, "a  #", "a.b()  #")), None);
        assert_eq!(reason(before, replace(before, "# no comment", "gone")), None);
    }

    #[test]
    fn lost_changed_and_moved_comments_are_found() {
        let before = "x = a  # first\n# second\n";
        for (old, new) in [
            ("  # first", ""),
            ("first", "other"),
            ("a  # first", "a\n# first"),
            ("# second", "# 2\n# second"),
        ] {
            let found = reason(before, replace(before, old, new));
            assert_eq!(found.as_deref(), Some("a comment would be lost or moved"), "{new}");
        }
    }

    #[test]
    fn broken_syntax_is_found() {
        let before = "x = a\n";
        let found = reason(before, replace(before, "a", "a.")).expect("it does not parse");
        assert!(found.starts_with("the file would not parse"), "{found}");
    }

    #[test]
    fn a_long_file_is_checked_as_a_short_one() {
        let others = "z = 0  # other\n".repeat(50);
        let file = |middle: &str| format!("{others}{middle}{others}");
        let before = file("x = a  # first\n");
        let moved = "a comment would be lost or moved";
        for (old, new, expected) in [
            ("a  # f", "a.b()  # f", None),
            ("  # first", "", Some(moved)),
            ("a  # first", "a\n# first", Some(moved)),
            // What follows belongs to it then.
            ("a  # first", "a, \\", Some(moved)),
        ] {
            assert_eq!(reason(&before, replace(&before, old, new)).as_deref(), expected, "{new}");
        }
        let broken = reason(&before, replace(&before, "a  #", "a.  #")).expect("it does not parse");
        assert!(broken.starts_with("the file would not parse"), "{broken}");
        // Neither of two edits is right without the other.
        let before = file("x = a\ny = b\n") + &file("x = c\n");
        let mut both = edits(replace(&before, "a\n", "(a\n"));
        both.add(replace(&before, "y = b", "+ b)")).expect("they are apart");
        assert_eq!(verify(&before, &both.apply(&before), &both), Ok(()));
    }

    #[test]
    fn changes_outside_the_edits_are_found() {
        let before = "x = a\ny = b\n";
        let edits = edits(replace(before, "a", "c"));
        for after in ["x = c\ny = d\n", "x = c\n", "x = a\ny = b\n", "x = c\ny = b\nz = 1\n"] {
            assert!(verify(before, after, &edits).is_err(), "{after}");
        }
    }
}
