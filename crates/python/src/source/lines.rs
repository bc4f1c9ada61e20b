//! Where the lines of a text are, for a text that is let go of.

use ruff_source_file::LineIndex;
use ruff_text_size::{TextLen, TextSize};

use super::text::{Position, SourceText};

/// What tells the positions in a text. Where each character is one byte, that is the starts of its lines alone.
#[derive(Debug)]
pub struct Lines(Kind);

#[derive(Debug)]
enum Kind {
    Ascii(LineIndex, TextSize),
    Text(SourceText),
}

impl Lines {
    /// The lines of a text.
    pub fn of(source: SourceText) -> Self {
        match source.text().is_ascii() {
            true => Self(Kind::Ascii(source.line_index().clone(), source.text().text_len())),
            false => Self(Kind::Text(source)),
        }
    }

    /// The line and column of an offset, as [`SourceText::position`] has them.
    pub fn position(&self, offset: TextSize) -> Position {
        match &self.0 {
            // The index looks at the text where it is none of ASCII.
            Kind::Ascii(index, len) => Position::of(index.line_column(offset.min(*len), "")),
            Kind::Text(source) => source.position(offset),
        }
    }
}

#[cfg(test)]
mod tests {
    use ruff_text_size::TextSize;

    use super::{Lines, SourceText};

    #[test]
    fn positions_are_those_of_the_text() {
        for text in ["", "a = 1\n\nbc\n", "a\r\nb\rc", "é = 1\nb = 'ü'\n", "\u{feff}a = 1\nb\n"] {
            let source = SourceText::from_text(text);
            let lines = Lines::of(SourceText::from_text(text));
            for at in 0..text.len() as u32 + 2 {
                assert_eq!(
                    lines.position(TextSize::new(at)),
                    source.position(TextSize::new(at)),
                    "{text:?} {at}"
                );
            }
        }
    }
}
