//! Which parts of a Python text get which colour, told from its tokens.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

use ruff_python_ast::token::TokenKind;
use ruff_python_parser::{Mode, ParseOptions, parse_unchecked};
use ruff_text_size::Ranged;

use super::sheet::Tone;

/// The coloured parts, in order. Of a text that is not Python, none.
pub(crate) fn tones(path: &str, text: &str) -> Vec<(Range<usize>, Tone)> {
    colours(path, text).tones
}

/// What the colours of a text and of its parts are told by.
#[derive(Debug, Default)]
pub(crate) struct Colours {
    /// The coloured parts, in order.
    pub(crate) tones: Vec<(Range<usize>, Tone)>,
    /// Where the statements of the module begin, in order: what is before one has no part in the colours behind it.
    pub(crate) statements: Vec<usize>,
}

/// The colours of a text. One that is not Python has none.
pub(crate) fn colours(path: &str, text: &str) -> Colours {
    if !path.ends_with(".py") {
        return Colours::default();
    }
    let read = || {
        let parsed = parse_unchecked(text, ParseOptions::from(Mode::Module));
        let mut names_next = false;
        let mut tones = Vec::new();
        for token in parsed.tokens() {
            let tone = match token.kind() {
                TokenKind::Comment => Some(Tone::Comment),
                TokenKind::Int | TokenKind::Float | TokenKind::Complex => Some(Tone::Number),
                TokenKind::String
                | TokenKind::FStringStart
                | TokenKind::FStringMiddle
                | TokenKind::FStringEnd => Some(Tone::Text),
                TokenKind::Name if names_next => Some(Tone::Definition),
                kind if kind.is_non_soft_keyword() => Some(Tone::Keyword),
                _ => None,
            };
            names_next = matches!(token.kind(), TokenKind::Def | TokenKind::Class);
            tones.extend(tone.map(|tone| (Range::<usize>::from(token.range()), tone)));
        }
        let module = parsed.try_into_module();
        let body = module.iter().flat_map(|module| &module.syntax().body);
        Colours { tones, statements: body.map(|statement| statement.start().into()).collect() }
    };
    catch_unwind(AssertUnwindSafe(read)).unwrap_or_default()
}
