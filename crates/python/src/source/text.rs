//! A file's text, with what is needed to write it back as it was.

use std::sync::OnceLock;

use ruff_source_file::{LineColumn, LineIndex};
use ruff_text_size::TextSize;

use super::Fault;
use super::encoding::{Declared, SourceEncoding, declared};

/// A place for a person: lines and columns count from 1, columns in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

impl Position {
    pub(super) fn of(place: LineColumn) -> Self {
        let clamp = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        Self { line: clamp(place.line.get()), column: clamp(place.column.get()) }
    }
}

/// What ends a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Newline {
    /// `\n`
    Lf,
    /// `\r\n`
    CrLf,
    /// `\r`
    Cr,
}

impl Newline {
    /// The characters.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Lf => "\n",
            Self::CrLf => "\r\n",
            Self::Cr => "\r",
        }
    }
}

/// The text of a file as it was read. A byte order mark is part of it, newlines are as they stand, so
/// that for UTF-8 an offset in the text is an offset in the file.
#[derive(Debug)]
pub struct SourceText {
    text: String,
    encoding: SourceEncoding,
    lines: OnceLock<LineIndex>,
}

impl SourceText {
    /// A text of UTF-8.
    pub fn from_text(text: impl Into<String>) -> Self {
        Self::new(text.into(), SourceEncoding::Utf8)
    }

    fn new(text: String, encoding: SourceEncoding) -> Self {
        Self { text, encoding, lines: OnceLock::new() }
    }

    /// The text of a Python file, by the encoding that it declares (PEP 263).
    pub fn from_python(bytes: Vec<u8>) -> Result<Self, Fault> {
        let has_mark = bytes.starts_with(b"\xef\xbb\xbf");
        let encoding = match declared(&bytes) {
            Declared::Nothing => SourceEncoding::Utf8,
            Declared::Known(encoding) if has_mark && encoding != SourceEncoding::Utf8 => {
                return Err(Fault::new(
                    "encoding problem: the declared encoding disagrees with the byte order mark",
                ));
            }
            Declared::Known(encoding) => encoding,
            Declared::Unknown(name, line) => {
                return Err(Fault {
                    position: Some(Position { line, column: 1 }),
                    message: format!("unknown encoding: {name}"),
                });
            }
        };
        encoding
            .decode(bytes)
            .map(|text| Self::new(text, encoding))
            .map_err(|bytes| undecodable(&bytes, encoding, UNDECLARED))
    }

    /// The text of a file of another kind: UTF-8, UTF-16 by its mark or, where it is neither, each byte as a character.
    pub fn from_other(bytes: Vec<u8>) -> Self {
        if let Some((encoding, text)) = SourceEncoding::of_utf16(&bytes) {
            return Self::new(text, encoding);
        }
        match String::from_utf8(bytes) {
            Ok(text) => Self::new(text, SourceEncoding::Utf8),
            Err(error) => {
                let text = error.into_bytes().into_iter().map(char::from).collect();
                Self::new(text, SourceEncoding::Latin1)
            }
        }
    }

    /// Where the first byte is that is no Unicode, of a text of [`Self::from_other`].
    pub(crate) fn fault_as_unicode(&self) -> Option<Fault> {
        (self.encoding == SourceEncoding::Latin1).then(|| {
            let bytes: Vec<u8> =
                self.text.chars().filter_map(|char| u8::try_from(u32::from(char)).ok()).collect();
            undecodable(&bytes, SourceEncoding::Utf8, "")
        })
    }

    /// The text by itself.
    pub(crate) fn into_text(self) -> String {
        self.text
    }

    /// The text. All offsets are offsets in it.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text behind its byte order mark, for those who go by no offsets.
    pub fn unmarked(&self) -> &str {
        self.text.trim_start_matches('\u{feff}')
    }

    /// How the file's bytes stand for the text.
    pub fn encoding(&self) -> SourceEncoding {
        self.encoding
    }

    /// What ends the first line that ends; `\n` in a text of one line.
    pub fn newline(&self) -> Newline {
        let bytes = self.text.as_bytes();
        match bytes.iter().position(|byte| matches!(byte, b'\n' | b'\r')) {
            Some(at) if bytes[at] == b'\n' => Newline::Lf,
            Some(at) if bytes.get(at + 1) == Some(&b'\n') => Newline::CrLf,
            Some(_) => Newline::Cr,
            None => Newline::Lf,
        }
    }

    /// The starts of the lines.
    pub fn line_index(&self) -> &LineIndex {
        self.lines.get_or_init(|| LineIndex::from_source_text(&self.text))
    }

    /// The line and column of an offset. An offset inside a character or behind the end counts as the
    /// nearest before it.
    pub fn position(&self, offset: TextSize) -> Position {
        let offset = self.floor(offset);
        Position::of(self.line_index().line_column(offset, &self.text))
    }

    /// Where an offset in the text is in the file's bytes.
    pub fn file_offset(&self, offset: TextSize) -> usize {
        let offset = self.floor(offset);
        let before = &self.text[..usize::from(offset)];
        match self.encoding {
            SourceEncoding::Utf8 | SourceEncoding::Ascii => before.len(),
            encoding => encoding.encode(before).map_or(before.len(), |bytes| bytes.len()),
        }
    }

    /// The bytes to write for an edited text, in the encoding of this one.
    pub fn encode(&self, edited: &str) -> Result<Vec<u8>, Fault> {
        if let Some(bytes) = self.encoding.encode(edited) {
            return Ok(bytes.into_owned());
        }
        Err(Fault::new("the new text has characters that the file's encoding lacks"))
    }

    fn floor(&self, offset: TextSize) -> TextSize {
        let mut at = usize::from(offset).min(self.text.len());
        while !self.text.is_char_boundary(at) {
            at -= 1;
        }
        TextSize::try_from(at).unwrap_or_default()
    }
}

/// What else there is to say of a Python file's bytes: it may declare another encoding.
const UNDECLARED: &str = ", and no encoding is declared that it would be valid in";

/// What to say of bytes that are no text of this encoding, and `more` of the first that is none.
fn undecodable(bytes: &[u8], encoding: SourceEncoding, more: &str) -> Fault {
    let (name, valid) = match encoding {
        SourceEncoding::Utf8 => ("UTF-8", std::str::from_utf8(bytes).err().map(|error| error.valid_up_to())),
        SourceEncoding::Ascii => ("ASCII", bytes.iter().position(|byte| !byte.is_ascii())),
        SourceEncoding::Latin1 => ("ISO-8859-1", None),
        SourceEncoding::Utf16 { .. } => ("UTF-16", None),
        SourceEncoding::Other(encoding) => (encoding.name(), None),
    };
    let Some(valid) = valid else {
        return Fault::new(format!("the file's bytes are not valid {name}"));
    };
    let before = SourceText::from_other(bytes[..valid].to_vec());
    let end = TextSize::try_from(before.text.len()).unwrap_or_default();
    Fault {
        position: Some(before.position(end)),
        message: format!(
            "byte 0x{:02x} is not valid {name}{more}",
            bytes.get(valid).copied().unwrap_or_default()
        ),
    }
}

#[cfg(test)]
mod tests {
    use ruff_text_size::TextSize;

    use super::{Newline, Position, SourceText};

    fn at(source: &SourceText, needle: &str) -> TextSize {
        let at = source.text().find(needle).expect("the needle is in the text");
        TextSize::try_from(at).expect("the text is short")
    }

    #[test]
    fn offsets_map_to_the_bytes_as_read() {
        let bytes = b"# coding: latin-1\nn = '\xe9\xe8' + x\n".to_vec();
        let source = SourceText::from_python(bytes.clone()).expect("latin-1");
        let x = at(&source, "x\n");
        assert_eq!(bytes[source.file_offset(x)], b'x');
        assert_eq!(source.position(x), Position { line: 2, column: 12 });
        let edited = source.text().replace("+ x", "+ x + 'ü'");
        let written = source.encode(&edited).expect("ü is in latin-1");
        assert_eq!(written, b"# coding: latin-1\nn = '\xe9\xe8' + x + '\xfc'\n");
        assert!(source.encode("€").is_err());
    }

    #[test]
    fn multi_byte_encodings_map_too() {
        let (encoded, _, _) = encoding_rs::SHIFT_JIS.encode("# coding: cp932\ns = '日本' + x\n");
        let source = SourceText::from_python(encoded.to_vec()).expect("Shift JIS");
        let x = at(&source, "x\n");
        assert_eq!(encoded[source.file_offset(x)], b'x');
        assert_eq!(source.position(x), Position { line: 2, column: 12 });
    }

    #[test]
    fn a_byte_order_mark_is_text_but_no_column() {
        let source = SourceText::from_python(b"\xef\xbb\xbfx = 1\r\ny = 2\r\n".to_vec()).expect("UTF-8");
        assert_eq!(source.file_offset(at(&source, "x")), 3);
        assert_eq!(source.position(at(&source, "x")), Position { line: 1, column: 1 });
        assert_eq!(source.position(at(&source, "y")), Position { line: 2, column: 1 });
        assert_eq!(source.newline(), Newline::CrLf);
        assert!(SourceText::from_python(b"\xef\xbb\xbf# coding: latin-1\n".to_vec()).is_err());
    }

    #[test]
    fn lone_carriage_returns_end_lines() {
        let source = SourceText::from_python(b"x = 1\ry = 2\r".to_vec()).expect("UTF-8");
        assert_eq!(source.newline(), Newline::Cr);
        assert_eq!(source.position(at(&source, "y")), Position { line: 2, column: 1 });
        assert_eq!(SourceText::from_text("").newline(), Newline::Lf);
    }

    #[test]
    fn bytes_that_are_no_text_are_placed() {
        let fault = SourceText::from_python(b"a = 1\nb = '\xff'\n".to_vec()).expect_err("no UTF-8");
        assert_eq!(fault.position, Some(Position { line: 2, column: 6 }));
        assert!(fault.message.contains("0xff"), "{}", fault.message);
    }

    #[test]
    fn offsets_out_of_place_are_moved_back() {
        let source = SourceText::from_text("é\n");
        assert_eq!(source.file_offset(TextSize::new(1)), 0);
        assert_eq!(source.position(TextSize::new(99)), Position { line: 2, column: 1 });
    }
}
