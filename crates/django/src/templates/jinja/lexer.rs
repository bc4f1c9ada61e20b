//! Tokens of Jinja2's template language, as `jinja2.lexer` cuts them with its usual delimiters.
//!
//! Unlike Django's, its tags go over lines, and a text within one may hold what ends a tag.

use ruff_text_size::{TextRange, TextSize};

/// A word within a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Token<'s> {
    /// What it is.
    pub(super) kind: Kind,
    /// Its text; of a string, what stands between the quotes.
    pub(super) text: &'s str,
    /// Its bytes.
    pub(super) range: TextRange,
}

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name or keyword.
    Name,
    /// A text.
    Str,
    /// A number.
    Number,
    /// An operator or a bracket.
    Operator,
}

/// A tag, or an expression that is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Tag<'s> {
    /// Whether it is `{{ … }}`.
    pub(super) is_shown: bool,
    /// Its words.
    pub(super) tokens: Vec<Token<'s>>,
    /// All its bytes.
    pub(super) range: TextRange,
}

/// Operators of two characters; all others have one.
const LONG: &[&str] = &["==", "!=", "<=", ">=", "//", "**"];

/// The tags of a template, in order, without comments and raw parts.
pub(super) fn tags(source: &str) -> Vec<Tag<'_>> {
    let bytes = source.as_bytes();
    let mut tags = Vec::new();
    let mut at = 0;
    while let Some(open) = bytes[at..].iter().position(|&byte| byte == b'{').map(|found| at + found) {
        let is_shown = match bytes.get(open + 1) {
            Some(b'{') => true,
            Some(b'%') => false,
            Some(b'#') => {
                at = source[open + 2..].find("#}").map_or(bytes.len(), |end| open + 2 + end + 2);
                continue;
            }
            _ => {
                at = open + 1;
                continue;
            }
        };
        let close = if is_shown { b'}' } else { b'%' };
        let (tokens, end) = words(source, open + 2, close);
        at = end;
        if !is_shown && tokens.first().is_some_and(|token| token.text == "raw") && tokens.len() == 1 {
            at = after_raw(source, end);
            continue;
        }
        tags.push(Tag { is_shown, tokens, range: range(open, end) });
    }
    tags
}

fn range(start: usize, end: usize) -> TextRange {
    TextRange::new(TextSize::new(start as u32), TextSize::new(end as u32))
}

/// Behind `{% endraw %}`.
fn after_raw(source: &str, from: usize) -> usize {
    let mut at = from;
    while let Some(open) = source[at..].find("{%").map(|found| at + found) {
        let inner = source[open + 2..].trim_start_matches(['-', '+']).trim_start();
        if inner.starts_with("endraw") {
            return source[open..].find("%}").map_or(source.len(), |end| open + end + 2);
        }
        at = open + 2;
    }
    source.len()
}

/// The words of a tag up to what closes it, and the place behind that.
fn words(source: &str, from: usize, close: u8) -> (Vec<Token<'_>>, usize) {
    let bytes = source.as_bytes();
    let mut tokens: Vec<Token<'_>> = Vec::new();
    let mut depth = 0usize;
    let mut at = from;
    if matches!(bytes.get(at), Some(b'-' | b'+')) {
        at += 1;
    }
    while at < bytes.len() {
        let byte = bytes[at];
        let is_close = |at: usize| bytes.get(at) == Some(&close) && bytes.get(at + 1) == Some(&b'}');
        if depth == 0 {
            if is_close(at) {
                return (tokens, at + 2);
            }
            if matches!(byte, b'-' | b'+') && is_close(at + 1) {
                return (tokens, at + 3);
            }
        }
        if byte.is_ascii_whitespace() {
            at += 1;
            continue;
        }
        let start = at;
        let (kind, inner) = match byte {
            b'"' | b'\'' => {
                at += 1;
                while at < bytes.len() && bytes[at] != byte {
                    at += if bytes[at] == b'\\' { 2 } else { 1 };
                }
                let end = at.min(bytes.len());
                at = (at + 1).min(bytes.len());
                (Kind::Str, (start + 1, end))
            }
            b'0'..=b'9' => {
                while at < bytes.len() && (bytes[at].is_ascii_alphanumeric() || bytes[at] == b'_') {
                    at += 1;
                }
                let is_fraction = bytes.get(at) == Some(&b'.')
                    && bytes.get(at + 1).is_some_and(u8::is_ascii_digit)
                    && tokens.last().is_none_or(|token| token.text != ".");
                if is_fraction {
                    at += 1;
                    while at < bytes.len() && bytes[at].is_ascii_alphanumeric() {
                        at += 1;
                    }
                }
                (Kind::Number, (start, at))
            }
            _ if byte == b'_' || byte.is_ascii_alphabetic() || byte >= 0x80 => {
                while at < bytes.len()
                    && (bytes[at] == b'_' || bytes[at].is_ascii_alphanumeric() || bytes[at] >= 0x80)
                {
                    at += 1;
                }
                (Kind::Name, (start, at))
            }
            _ => {
                match byte {
                    b'(' | b'[' | b'{' => depth += 1,
                    b')' | b']' | b'}' => depth = depth.saturating_sub(1),
                    _ => {}
                }
                let is_long = source.get(at..at + 2).is_some_and(|text| LONG.contains(&text));
                at += if is_long { 2 } else { 1 };
                (Kind::Operator, (start, at))
            }
        };
        // A quoted text can end within a character only where the template ends within it.
        let text = source.get(inner.0..inner.1).unwrap_or_default();
        tokens.push(Token { kind, text, range: range(start, at.min(bytes.len())) });
    }
    (tokens, bytes.len())
}

#[cfg(test)]
mod tests {
    use super::tags;

    fn cut(source: &str) -> Vec<String> {
        tags(source)
            .iter()
            .map(|tag| tag.tokens.iter().map(|token| token.text).collect::<Vec<_>>().join(" "))
            .collect()
    }

    #[test]
    fn tags_go_over_lines_and_hold_texts() {
        assert_eq!(
            cut("{%- for a in\n b -%}{{- a['%}'] }}{% endfor %}"),
            ["for a in b", "a [ %} ]", "endfor"]
        );
        assert_eq!(cut("{# {{ a }} #}{% raw %}{{ b }}{% endraw %}{{ c }}"), ["c"]);
        assert_eq!(cut("{{ {'a': {}} }}"), ["{ a : { } }"]);
        assert_eq!(cut("{{ a.0.b }}{{ 1.5 }}{{ a == b // c }}"), ["a . 0 . b", "1.5", "a == b // c"]);
        assert_eq!(cut("{{ a"), ["a"]);
        assert_eq!(cut("{{ 'never ends \u{e9}"), ["never ends \u{e9}"]);
    }
}
