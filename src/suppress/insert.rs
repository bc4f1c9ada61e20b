//! Writes a comment that silences a rule, before the statement that it is about.

use ruff_text_size::TextSize;
use tuneup_python::SourceText;

use super::extent::Extents;

/// The comment that silences the statement at `offset`, a whole line, and where in the text it goes.
pub(crate) fn comment_before(
    source: &SourceText,
    offset: TextSize,
    rule: &str,
    reason: &str,
) -> Option<(TextSize, String)> {
    let text = source.text();
    let at = usize::from(Extents::of(text).line_at(offset)?.start());
    let line = text[..at].rfind('\n').map_or(0, |newline| newline + 1);
    let indent = text.get(line..at)?;
    // After a BOM or on a line with another statement, the comment still stands on its own line.
    let indent = if indent.chars().all(|c| c == ' ' || c == '\t') { indent } else { "" };
    let reason: String = reason.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let gap = if reason.trim().is_empty() { "" } else { " -- " };
    let newline = source.newline().as_str();
    let line = if text[line..].starts_with('\u{feff}') { line + '\u{feff}'.len_utf8() } else { line };
    let comment = format!("{indent}# tuneup: ignore[{rule}]{gap}{}{newline}", reason.trim());
    Some((TextSize::try_from(line).ok()?, comment))
}

#[cfg(test)]
mod tests {
    use tuneup_python::SourceText;

    use super::comment_before;

    #[test]
    fn the_comment_stands_before_the_statement_in_its_indentation() {
        let source = SourceText::from_text("def f():\r\n    return (\r\n        Book.objects.all())\r\n");
        let written = comment_before(&source, 35.into(), "select-related", "three\nrows");
        let expected = "    # tuneup: ignore[select-related] -- three rows\r\n";
        assert_eq!(written, Some((10.into(), expected.to_owned())));
    }
}
