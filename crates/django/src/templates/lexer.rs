//! Tokens of Django's template language, as `django.template.base.DebugLexer` cuts them.

use ruff_text_size::{TextRange, TextSize};

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Text between tags.
    Text,
    /// `{{ … }}`
    Variable,
    /// `{% … %}`
    Block,
    /// `{# … #}`
    Comment,
}

/// A token: the range is that of the whole, braces included; the content is what stands between the braces,
/// without the white space around it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// All its bytes.
    pub range: TextRange,
    /// The bytes of its content.
    pub content: TextRange,
}

/// Cuts a template into tokens.
///
/// Django looks for the regular expression `({%.*?%}|{{.*?}}|{#.*?#})`, whose dot does not match a line feed,
/// and passes over everything between `{% verbatim name %}` and `{% endverbatim name %}`.
pub fn tokens(source: &str) -> Vec<Token> {
    let bytes = source.as_bytes();
    let mut tokens = Vec::new();
    let mut text = 0;
    let mut at = 0;
    let mut verbatim: Option<String> = None;
    let mut unclosed = Unclosed::default();
    while let Some(open) = memchr(b'{', bytes, at) {
        let (kind, close): (Kind, &[u8]) = match bytes.get(open + 1) {
            Some(b'%') => (Kind::Block, b"%}"),
            Some(b'{') => (Kind::Variable, b"}}"),
            Some(b'#') => (Kind::Comment, b"#}"),
            _ => {
                at = open + 1;
                continue;
            }
        };
        let Some(end) = unclosed.closing(bytes, open + 2, kind, close) else {
            at = open + 1;
            continue;
        };
        let inner = source[open + 2..end - 2].trim_matches(is_python_space);
        if let Some(wanted) = &verbatim {
            if kind != Kind::Block || inner != wanted {
                // Inside `verbatim`, a tag is text: as Django does, a token of its own.
                push_text(&mut tokens, text, open);
                push_text(&mut tokens, open, end);
                text = end;
                at = end;
                continue;
            }
            verbatim = None;
        } else if kind == Kind::Block && (inner == "verbatim" || inner.starts_with("verbatim ")) {
            verbatim = Some(format!("end{inner}"));
        }
        push_text(&mut tokens, text, open);
        let start = inner.as_ptr() as usize - source.as_ptr() as usize;
        tokens.push(Token { kind, range: range(open, end), content: range(start, start + inner.len()) });
        text = end;
        at = end;
    }
    push_text(&mut tokens, text, bytes.len());
    tokens
}

/// What Python's `str.strip` takes away.
fn is_python_space(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\x1c'..='\x1f')
}

fn range(start: usize, end: usize) -> TextRange {
    TextRange::new(TextSize::new(start as u32), TextSize::new(end as u32))
}

fn push_text(tokens: &mut Vec<Token>, start: usize, end: usize) {
    if start < end {
        tokens.push(Token { kind: Kind::Text, range: range(start, end), content: range(start, end) });
    }
}

fn memchr(wanted: u8, bytes: &[u8], from: usize) -> Option<usize> {
    bytes[from..].iter().position(|&byte| byte == wanted).map(|at| from + at)
}

/// How far each kind of tag was looked for the end of, where there was none: so far no other of the kind has one.
#[derive(Default)]
struct Unclosed {
    blocks: usize,
    variables: usize,
    comments: usize,
}

impl Unclosed {
    /// The byte after the closing braces of a tag, if they stand on the same line.
    fn closing(&mut self, bytes: &[u8], from: usize, kind: Kind, close: &[u8]) -> Option<usize> {
        let known = match kind {
            Kind::Block => &mut self.blocks,
            Kind::Comment => &mut self.comments,
            Kind::Variable | Kind::Text => &mut self.variables,
        };
        if from < *known {
            return None;
        }
        let mut at = from;
        while at + 1 < bytes.len() && bytes[at] != b'\n' {
            if bytes[at] == close[0] && bytes[at + 1] == close[1] {
                return Some(at + 2);
            }
            at += 1;
        }
        *known = at;
        None
    }
}

/// The pieces of a tag's content, as `django.utils.text.smart_split` and `Token.split_contents` cut them:
/// at white space, but not within quotes or `_("…")`. Each with its byte offset in the content.
///
/// A quote that is never closed is a character like any other.
pub fn pieces(content: &str) -> Vec<(usize, &str)> {
    let mut pieces: Vec<(usize, &str)> = Vec::new();
    // Where a text marked for translation began, and what closes it.
    let mut marked: Option<(usize, String)> = None;
    let mut at = 0;
    while let Some(start) = content[at..].find(|c| !is_python_space(c)).map(|found| at + found) {
        at = start + piece_length(&content[start..]);
        let piece = &content[start..at];
        if marked.is_none() && (piece.starts_with("_(\"") || piece.starts_with("_('")) {
            marked = Some((start, format!("{})", &piece[2..3])));
        }
        match &marked {
            Some((_, close)) if !piece.ends_with(close.as_str()) => {}
            Some((first, _)) => {
                pieces.push((*first, &content[*first..at]));
                marked = None;
            }
            None => pieces.push((start, piece)),
        }
    }
    if let Some((first, _)) = marked {
        pieces.push((first, content[first..].trim_end_matches(is_python_space)));
    }
    pieces
}

/// How long the first piece is: words and quoted texts without white space between, or else all up to white space.
fn piece_length(text: &str) -> usize {
    let word = |from: usize| {
        let end = text[from..].find(|c| is_python_space(c) || matches!(c, '"' | '\''));
        end.map_or(text.len(), |end| from + end)
    };
    let mut at = word(0);
    let mut has_quoted = false;
    while let Some(end) = quoted(text, at) {
        has_quoted = true;
        at = word(end);
    }
    match has_quoted {
        true => at,
        false => text.find(is_python_space).unwrap_or(text.len()),
    }
}

/// The end of the quoted text that begins here, if it has one.
fn quoted(text: &str, start: usize) -> Option<usize> {
    let mut characters = text[start..].char_indices();
    let (_, open) = characters.next().filter(|(_, open)| matches!(open, '"' | '\''))?;
    while let Some((at, c)) = characters.next() {
        if c == '\\' {
            characters.next()?;
        } else if c == open {
            return Some(start + at + 1);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::{Kind, pieces, tokens};

    fn kinds(source: &str) -> Vec<(Kind, &str)> {
        tokens(source)
            .iter()
            .map(|token| {
                (token.kind, &source[token.content.start().to_usize()..token.content.end().to_usize()])
            })
            .collect()
    }

    #[test]
    fn text_variables_tags_and_comments() {
        assert_eq!(
            kinds("a {{ b }}{% if c %}{# d #} {{ open\n }} e"),
            [
                (Kind::Text, "a "),
                (Kind::Variable, "b"),
                (Kind::Block, "if c"),
                (Kind::Comment, "d"),
                (Kind::Text, " {{ open\n }} e"),
            ]
        );
    }

    #[test]
    fn a_tag_that_nothing_ends_hides_no_other() {
        assert_eq!(
            kinds("{{ a {# b {{ c {% d %}\n{{ e }}{# f #}"),
            [
                (Kind::Text, "{{ a {# b {{ c "),
                (Kind::Block, "d"),
                (Kind::Text, "\n"),
                (Kind::Variable, "e"),
                (Kind::Comment, "f"),
            ]
        );
    }

    #[test]
    fn verbatim_hides_tags() {
        let source = "{% verbatim x %}{{ a }}{% endverbatim %}{% endverbatim x %}{{ b }}";
        assert_eq!(
            kinds(source),
            [
                (Kind::Block, "verbatim x"),
                (Kind::Text, "{{ a }}"),
                (Kind::Text, "{% endverbatim %}"),
                (Kind::Block, "endverbatim x"),
                (Kind::Variable, "b"),
            ]
        );
    }

    #[test]
    fn pieces_keep_quoted_spaces() {
        let found: Vec<&str> = pieces(r#"include "a b.html" with x=_("c d")|default:'e f' only"#)
            .into_iter()
            .map(|(_, piece)| piece)
            .collect();
        assert_eq!(found, ["include", "\"a b.html\"", "with", "x=_(\"c d\")|default:'e f'", "only"]);
    }
}
