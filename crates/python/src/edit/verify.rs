//! What must hold of every file that is written: it parses, its comments are those it had, and nothing outside
//! the edits has changed.

use ruff_python_ast::ModModule;
use ruff_python_ast::token::TokenKind;
use ruff_python_parser::Parsed;
use ruff_source_file::LineRanges;
use ruff_text_size::{Ranged, TextLen, TextRange, TextSize};

use super::{Edits, Refusal, parse};

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
    let new = parse(after).map_err(|error| Refusal(format!("the file would not parse any more: {error}")))?;
    if !is_kept_outside(before, after, edits) {
        return Err(Refusal::new("text outside the edits would change"));
    }
    if comments(before, old) != comments(after, &new) {
        return Err(Refusal::new("a comment would be lost or moved"));
    }
    Ok(())
}

/// A comment's text, and whether it has its line to itself.
fn comments<'a>(source: &'a str, parsed: &Parsed<ModModule>) -> Vec<(&'a str, bool)> {
    let tokens = parsed.tokens().iter().filter(|token| token.kind() == TokenKind::Comment);
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
    use super::super::Edit;
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
    fn changes_outside_the_edits_are_found() {
        let before = "x = a\ny = b\n";
        let edits = edits(replace(before, "a", "c"));
        for after in ["x = c\ny = d\n", "x = c\n", "x = a\ny = b\n", "x = c\ny = b\nz = 1\n"] {
            assert!(verify(before, after, &edits).is_err(), "{after}");
        }
    }
}
