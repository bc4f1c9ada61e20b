//! Lines and characters as editors count them: from 0, in the units that editor and server have agreed on.

use serde::{Deserialize, Serialize};

/// What a character counts as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Encoding {
    /// Bytes.
    Utf8,
    /// Code units of two bytes, which is what editors mean that say nothing.
    Utf16,
    /// Characters.
    Utf32,
}

impl Encoding {
    /// The first of what an editor offers that is cheap to count in; UTF-16 where it offers nothing.
    pub(super) fn of(offered: &[String]) -> Self {
        let has = |name: &str| offered.iter().any(|it| it == name);
        if has("utf-8") {
            Self::Utf8
        } else if has("utf-16") || !has("utf-32") {
            Self::Utf16
        } else {
            Self::Utf32
        }
    }

    /// Its name in the protocol.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8",
            Self::Utf16 => "utf-16",
            Self::Utf32 => "utf-32",
        }
    }

    fn width(self, c: char) -> usize {
        match self {
            Self::Utf8 => c.len_utf8(),
            Self::Utf16 => c.len_utf16(),
            Self::Utf32 => 1,
        }
    }
}

/// A place between two characters.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Position {
    pub(super) line: u32,
    pub(super) character: u32,
}

/// What lies between two places.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Range {
    pub(super) start: Position,
    pub(super) end: Position,
}

impl Range {
    /// Whether the two have a place in common, be it their edges.
    pub(super) fn touches(&self, other: &Self) -> bool {
        self.start <= other.end && other.start <= self.end
    }
}

/// A text and where its lines begin. A byte order mark is no part of what an editor shows.
pub(super) struct Lines<'a> {
    text: &'a str,
    starts: Vec<usize>,
}

/// A byte order mark as text.
pub(super) const MARK: char = '\u{feff}';

impl<'a> Lines<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let mut starts = vec![if text.starts_with(MARK) { MARK.len_utf8() } else { 0 }];
        let bytes = text.as_bytes();
        for (at, byte) in bytes.iter().enumerate() {
            let ends = *byte == b'\n' || (*byte == b'\r' && bytes.get(at + 1) != Some(&b'\n'));
            if ends {
                starts.push(at + 1);
            }
        }
        Self { text, starts }
    }

    /// The position of a byte; inside a character, of its start.
    pub(super) fn position(&self, offset: usize, encoding: Encoding) -> Position {
        let mut offset = offset.clamp(self.starts[0], self.text.len().max(self.starts[0]));
        while !self.text.is_char_boundary(offset) {
            offset -= 1;
        }
        let line = self.starts.partition_point(|start| *start <= offset) - 1;
        let before = &self.text[self.starts[line]..offset];
        let character: usize = before.chars().map(|c| encoding.width(c)).sum();
        Position { line: count(line), character: count(character) }
    }

    /// The range of some bytes.
    pub(super) fn range(&self, bytes: std::ops::Range<usize>, encoding: Encoding) -> Range {
        Range { start: self.position(bytes.start, encoding), end: self.position(bytes.end, encoding) }
    }

    /// The end of the line that a byte is in, before what ends it.
    pub(super) fn line_end(&self, offset: usize) -> usize {
        let rest = self.text.get(offset..).unwrap_or_default();
        offset + rest.find(['\n', '\r']).unwrap_or(rest.len())
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::{Encoding, Lines, Position};

    fn at(text: &str, offset: usize) -> [(u32, u32); 3] {
        let lines = Lines::new(text);
        [Encoding::Utf8, Encoding::Utf16, Encoding::Utf32].map(|encoding| {
            let Position { line, character } = lines.position(offset, encoding);
            (line, character)
        })
    }

    #[test]
    fn characters_are_counted_as_agreed() {
        let text = "a\né😀x\r\ny\rz";
        let x = text.find('x').expect("there");
        assert_eq!(at(text, x), [(1, 6), (1, 3), (1, 2)]);
        assert_eq!(at(text, x - 1), [(1, 2), (1, 1), (1, 1)], "within a character");
        assert_eq!(at(text, text.find('z').expect("there")), [(3, 0); 3]);
        assert_eq!(at(text, 1000), [(3, 1); 3]);
    }

    #[test]
    fn a_byte_order_mark_is_not_counted() {
        assert_eq!(at("\u{feff}ab", 4), [(0, 1); 3]);
        assert_eq!(at("\u{feff}", 0), [(0, 0); 3]);
    }

    #[test]
    fn the_encoding_is_one_that_is_offered() {
        let of = |names: &[&str]| Encoding::of(&names.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>());
        assert_eq!(of(&[]), Encoding::Utf16);
        assert_eq!(of(&["utf-16", "utf-8"]), Encoding::Utf8);
        assert_eq!(of(&["utf-32"]), Encoding::Utf32);
    }
}
