//! How a file is written: its quotes, indentation, newlines and line length.

use ruff_python_ast::ModModule;
use ruff_python_ast::str::Quote;
use ruff_python_ast::token::TokenKind;
use ruff_python_codegen::Stylist;
use ruff_python_parser::Parsed;
use ruff_text_size::Ranged;

use super::quotes::plain_quote;

/// How a file is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Style {
    /// The quotes of most strings.
    pub quote: Quote,
    /// One level of indentation.
    pub indent: String,
    /// What ends a line.
    pub newline: &'static str,
    /// How many columns a line may have; `None` where nothing is to be broken for its length.
    pub line_length: Option<usize>,
    /// How many columns a tab stands for.
    pub tab_width: usize,
}

impl Style {
    /// The style of a file, from its own tokens.
    pub fn of(source: &str, parsed: &Parsed<ModModule>, line_length: usize) -> Self {
        let stylist = Stylist::from_tokens(parsed.tokens(), source);
        Self {
            quote: usual_quote(parsed).unwrap_or_default(),
            indent: indent(source, parsed),
            newline: stylist.line_ending().as_str(),
            line_length: Some(line_length),
            tab_width: 4,
        }
    }

    /// The same, with no line broken for its length.
    #[must_use]
    pub fn unlimited(&self) -> Self {
        Self { line_length: None, ..self.clone() }
    }

    /// Whether a line of this text is longer than lines may be.
    pub(super) fn is_too_long(&self, line: &str) -> bool {
        self.line_length.is_some_and(|limit| self.width(line) > limit)
    }

    fn width(&self, line: &str) -> usize {
        line.chars()
            .map(|char| match char {
                '\t' => self.tab_width,
                '\u{feff}' | '\u{c}' => 0,
                _ => 1,
            })
            .sum()
    }
}

/// The first indentation. A file of one level shows none; there, tabs only if its broken lines begin with them.
fn indent(source: &str, parsed: &Parsed<ModModule>) -> String {
    let mut tokens = parsed.tokens().iter();
    if let Some(token) = tokens.find(|token| token.kind() == TokenKind::Indent) {
        let text = &source[token.range()];
        return text.rsplit('\u{c}').next().unwrap_or_default().to_owned();
    }
    let broken = parsed.tokens().iter().filter(|token| token.kind() == TokenKind::NonLogicalNewline);
    let tabs = broken.into_iter().any(|token| source[usize::from(token.end())..].starts_with('\t'));
    if tabs { "\t".to_owned() } else { "    ".to_owned() }
}

/// The quotes of most strings. Strings that hold the other quotes had no choice, and do not count.
fn usual_quote(parsed: &Parsed<ModModule>) -> Option<Quote> {
    let (mut single, mut double) = (0_usize, 0_usize);
    for token in parsed.tokens().iter().filter(|token| token.kind() != TokenKind::FStringMiddle) {
        match plain_quote(token) {
            Some(Quote::Single) => single += 1,
            Some(Quote::Double) => double += 1,
            None => {}
        }
    }
    match single.cmp(&double) {
        std::cmp::Ordering::Greater => Some(Quote::Single),
        std::cmp::Ordering::Less => Some(Quote::Double),
        std::cmp::Ordering::Equal => None,
    }
}
