//! The encodings that a Python file may declare (PEP 263), decoded and encoded without loss.

use std::borrow::Cow;

use encoding_rs::Encoding;

/// How a file's bytes stand for text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SourceEncoding {
    /// UTF-8, with or without a byte order mark. The mark is part of the text.
    Utf8,
    /// ASCII, declared as such: no other byte is allowed.
    Ascii,
    /// ISO 8859-1 as Python has it: every byte is the code point of its number.
    Latin1,
    /// UTF-16 with a byte order mark, which is part of the text; the low byte of each unit first, or the high one. No Python
    /// file is.
    Utf16 {
        /// Whether the high byte is first.
        big: bool,
    },
    /// Another one.
    Other(&'static Encoding),
}

impl SourceEncoding {
    /// The encoding that a PEP 263 comment names, by Python's own aliases.
    pub fn from_python_name(name: &str) -> Option<Self> {
        let name = name.to_ascii_lowercase().replace('_', "-");
        if name == "utf-8" || name == "utf8" || name.starts_with("utf-8-") || name == "u8" {
            return Some(Self::Utf8);
        }
        if ["latin-1", "iso-8859-1", "iso-latin-1"]
            .iter()
            .any(|latin| name == *latin || name.starts_with(&format!("{latin}-")))
        {
            return Some(Self::Latin1);
        }
        let label = match name.as_str() {
            "ascii" | "us-ascii" | "646" => return Some(Self::Ascii),
            "latin1" | "l1" | "8859" | "cp819" | "ibm819" | "csisolatin1" | "iso-ir-100" | "iso8859-1" => {
                return Some(Self::Latin1);
            }
            // Where the label of the web means another encoding than Python's name does.
            "utf-16" | "utf-16-le" | "utf-16-be" | "iso-8859-9" | "iso8859-9" | "latin5" | "iso-8859-11"
            | "iso8859-11" | "tis-620" | "l5" | "csisolatin5" | "iso-ir-148" => return None,
            // Labels of the web that are no names in Python.
            "cn-big5" | "dos-874" | "iso-8859-8-e" | "iso-8859-8-i" | "koi" | "koi8-ru" | "logical"
            | "visual" | "unicode-1-1-utf-8" | "windows-31j" | "windows-874" | "windows-949" => return None,
            web if web.starts_with("x-") || web.starts_with("iso8859") && !web.starts_with("iso8859-") => {
                return None;
            }
            "cp932" | "ms932" | "mskanji" | "sjis" => "shift_jis".to_owned(),
            "cp936" | "ms936" => "gbk".to_owned(),
            "cp949" | "uhc" => "euc-kr".to_owned(),
            "cp950" | "ms950" => "big5".to_owned(),
            "cp866" => "ibm866".to_owned(),
            "mac-roman" | "macroman" => "macintosh".to_owned(),
            "latin2" | "l2" => "iso-8859-2".to_owned(),
            "latin9" | "l9" => "iso-8859-15".to_owned(),
            "shift-jis" => "shift_jis".to_owned(),
            other => match other.strip_prefix("cp125") {
                Some(rest) => format!("windows-125{rest}"),
                None => match other.strip_prefix("iso8859-") {
                    Some(part) => format!("iso-8859-{part}"),
                    None => other.to_owned(),
                },
            },
        };
        Encoding::for_label_no_replacement(label.as_bytes()).map(Self::Other)
    }

    /// What begins with a mark of UTF-16 and is valid to its end.
    pub(crate) fn of_utf16(bytes: &[u8]) -> Option<(Self, String)> {
        let big = match bytes {
            [0xff, 0xfe, ..] => false,
            [0xfe, 0xff, ..] => true,
            _ => return None,
        };
        let encoding = Self::Utf16 { big };
        Some((encoding, encoding.decode(bytes.to_vec()).ok()?))
    }

    /// The bytes as text, or nothing where they are no such text or would not encode to the same bytes again.
    pub fn decode(self, bytes: Vec<u8>) -> Result<String, Vec<u8>> {
        match self {
            Self::Utf8 => String::from_utf8(bytes).map_err(|error| error.into_bytes()),
            Self::Ascii if bytes.is_ascii() => String::from_utf8(bytes).map_err(|error| error.into_bytes()),
            Self::Ascii => Err(bytes),
            Self::Utf16 { big } => {
                let unit = |pair: &[u8]| match big {
                    true => u16::from_be_bytes([pair[0], pair[1]]),
                    false => u16::from_le_bytes([pair[0], pair[1]]),
                };
                let units = bytes.chunks_exact(2);
                let is_whole = units.remainder().is_empty();
                let text = char::decode_utf16(units.map(unit)).collect::<Result<String, _>>();
                text.ok().filter(|_| is_whole).ok_or(bytes)
            }
            Self::Latin1 => Ok(bytes.iter().map(|&byte| char::from(byte)).collect()),
            Self::Other(encoding) => {
                let text =
                    encoding.decode_without_bom_handling_and_without_replacement(&bytes).map(Cow::into_owned);
                match text {
                    // What `encode` refuses, Python refuses too.
                    Some(text) if self.encode(&text).is_some_and(|again| *again == *bytes) => Ok(text),
                    _ => Err(bytes),
                }
            }
        }
    }

    /// The text as bytes, or nothing where it has a character that the encoding lacks.
    pub fn encode(self, text: &str) -> Option<Cow<'_, [u8]>> {
        match self {
            Self::Utf8 => Some(Cow::Borrowed(text.as_bytes())),
            Self::Ascii => text.is_ascii().then_some(Cow::Borrowed(text.as_bytes())),
            Self::Utf16 { big } => Some(Cow::Owned(
                text.encode_utf16()
                    .flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() })
                    .collect(),
            )),
            Self::Latin1 => text
                .chars()
                .map(|character| u8::try_from(u32::from(character)).ok())
                .collect::<Option<Vec<u8>>>()
                .map(Cow::Owned),
            Self::Other(encoding) => {
                let (bytes, _, replaced) = encoding.encode(text);
                (!replaced && !text.chars().any(|character| is_of_the_web(encoding, character)))
                    .then_some(bytes)
            }
        }
    }
}

/// Whether a character belongs to an encoding as the web has it (<https://encoding.spec.whatwg.org>) and not to Python's of the
/// same name. The web gives every byte that means nothing the control character of its number, which of all codecs only those
/// of ISO 8859 have in Python; and two characters beside.
fn is_of_the_web(encoding: &'static Encoding, character: char) -> bool {
    match character {
        '\u{80}'..='\u{9f}' => !encoding.name().starts_with("ISO-8859-"),
        '\u{5ba}' => encoding == encoding_rs::WINDOWS_1255,
        '€' => encoding == encoding_rs::GBK,
        _ => false,
    }
}

/// What the first two lines of a Python file declare.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Declared {
    /// Nothing.
    Nothing,
    /// This encoding.
    Known(SourceEncoding),
    /// An encoding that is not known, by its name, on this line.
    Unknown(String, u32),
}

/// Finds the PEP 263 comment.
pub(crate) fn declared(bytes: &[u8]) -> Declared {
    let mut rest = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    for number in 1..=2 {
        let end = rest.iter().position(|byte| matches!(byte, b'\n' | b'\r')).unwrap_or(rest.len());
        let line = rest[..end].trim_ascii_start();
        let line = line.strip_prefix(b"\x0c").unwrap_or(line).trim_ascii_start();
        if let Some(comment) = line.strip_prefix(b"#") {
            if let Some(name) = cookie(comment) {
                return match SourceEncoding::from_python_name(&name) {
                    Some(encoding) => Declared::Known(encoding),
                    None => Declared::Unknown(name, number),
                };
            }
        } else if !line.is_empty() {
            // A second line only counts after a blank or comment line.
            return Declared::Nothing;
        }
        let crlf = rest[end..].starts_with(b"\r\n");
        rest = rest.get(end + 1 + usize::from(crlf)..).unwrap_or_default();
    }
    Declared::Nothing
}

/// The name in `coding[:=]\s*([-\w.]+)`.
fn cookie(comment: &[u8]) -> Option<String> {
    let mut from = 0;
    while let Some(at) = comment[from..].windows(6).position(|window| window == b"coding") {
        let after = from + at + 6;
        if let Some(b':' | b'=') = comment.get(after) {
            let name: Vec<u8> = comment[after + 1..]
                .iter()
                .copied()
                .skip_while(|byte| matches!(byte, b' ' | b'\t'))
                .take_while(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(byte))
                .collect();
            if !name.is_empty() {
                return String::from_utf8(name).ok();
            }
        }
        from = after;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{Declared, SourceEncoding, declared};

    #[test]
    fn a_cookie_counts_on_the_first_two_lines_alone() {
        let latin = Declared::Known(SourceEncoding::Latin1);
        assert_eq!(declared(b"# -*- coding: latin-1 -*-\n"), latin);
        assert_eq!(declared(b"#!/usr/bin/python\r\n# vim: set fileencoding=iso-8859-1 :\r\n"), latin);
        assert_eq!(declared(b"#!/usr/bin/python\r# coding=L1\r"), latin);
        assert_eq!(declared(b"\n\n# coding: latin-1\n"), Declared::Nothing);
        assert_eq!(declared(b"x = 1\n# coding: latin-1\n"), Declared::Nothing);
        assert_eq!(declared(b"# encoding is not declared\n"), Declared::Nothing);
        assert_eq!(declared(b"# coding: klingon\n"), Declared::Unknown("klingon".to_owned(), 1));
    }

    #[test]
    fn every_byte_survives_or_the_file_is_refused() {
        let all: Vec<u8> = (0..=255).collect();
        for name in [
            "latin-1",
            "cp1252",
            "cp1251",
            "koi8-r",
            "iso8859-15",
            "gbk",
            "big5",
            "euc-jp",
            "shift_jis",
            "euc-kr",
            "iso-2022-jp",
            "gb18030",
            "cp866",
        ] {
            let encoding = SourceEncoding::from_python_name(name).expect(name);
            if let Ok(text) = encoding.decode(all.clone()) {
                assert_eq!(encoding.encode(&text).as_deref(), Some(&all[..]), "{name}");
            }
            for byte in 0..=255_u8 {
                let bytes = vec![b'#', byte, b'a', b'\n'];
                if let Ok(text) = encoding.decode(bytes.clone()) {
                    assert_eq!(encoding.encode(&text).as_deref(), Some(&bytes[..]), "{name}");
                }
            }
        }
        // The bytes that Python 3.11 cannot decode.
        for (name, refused) in [
            ("cp1250", vec![0x81, 0x83, 0x88, 0x90, 0x98]),
            ("cp1251", vec![0x98]),
            ("cp1252", vec![0x81, 0x8d, 0x8f, 0x90, 0x9d]),
            ("windows-1254", vec![0x81, 0x8d, 0x8e, 0x8f, 0x90, 0x9d, 0x9e]),
            ("cp1256", vec![]),
            ("cp1257", vec![0x81, 0x83, 0x88, 0x8a, 0x8c, 0x90, 0x98, 0x9a, 0x9c, 0x9f, 0xa1, 0xa5]),
            ("cp1258", vec![0x81, 0x8a, 0x8d, 0x8e, 0x8f, 0x90, 0x9a, 0x9d, 0x9e]),
            ("iso8859-15", vec![]),
            ("iso8859-7", vec![0xae, 0xd2, 0xff]),
            ("koi8-r", vec![]),
            ("koi8-u", vec![]),
            ("cp866", vec![]),
            ("mac-roman", vec![]),
            ("ibm819", vec![]),
        ] {
            let encoding = SourceEncoding::from_python_name(name).expect(name);
            let found: Vec<u8> = (0..=255).filter(|&byte| encoding.decode(vec![byte]).is_err()).collect();
            assert_eq!(found, refused, "{name}");
        }
        for name in ["x-cp1252", "windows-874", "iso88592", "logical", "l5"] {
            assert_eq!(SourceEncoding::from_python_name(name), None, "{name}");
        }
        let hebrew = SourceEncoding::from_python_name("cp1255").expect("an encoding");
        assert!(hebrew.decode(vec![0xca]).is_err() && hebrew.decode(vec![0xe0]).is_ok());
        assert_eq!(SourceEncoding::Latin1.decode(vec![0x80, 0xe9]), Ok("\u{80}é".to_owned()));
        assert!(SourceEncoding::Ascii.decode(vec![0xe9]).is_err());
    }
}
