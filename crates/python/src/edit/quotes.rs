//! Quotes: which a place has, and new code written in them.

use ruff_python_ast::StringFlags;
use ruff_python_ast::str::Quote;
use ruff_python_ast::token::{Token, TokenKind};
use ruff_python_parser::{Mode, ParseOptions, parse_unchecked};
use ruff_text_size::{Ranged, TextRange, TextSize};

use super::{Refusal, Target};

/// The text of an expression or of a call's arguments, with its string literals in these quotes. A string that holds
/// quotes or escapes stays as it is.
pub fn requote(text: &str, quote: Quote) -> String {
    const OPEN: &str = "f(";
    let code = format!("{OPEN}{text})");
    let parsed = parse_unchecked(&code, ParseOptions::from(Mode::Expression));
    let mut new = String::with_capacity(text.len());
    let mut done = TextSize::of(OPEN);
    let quote_len = TextSize::of(quote.as_char());
    for token in parsed.tokens() {
        let flags = (token.kind() == TokenKind::String).then(|| token.string_flags()).flatten();
        let Some(flags) = flags.filter(|flags| !flags.is_triple_quoted() && flags.quote_style() != quote)
        else {
            continue;
        };
        let body = TextRange::new(token.start() + flags.opener_len(), token.end() - flags.closer_len());
        if code[body].contains(['\'', '"', '\\']) {
            continue;
        }
        new.push_str(&code[TextRange::new(done, body.start() - quote_len)]);
        new.push(quote.as_char());
        new.push_str(&code[body]);
        new.push(quote.as_char());
        done = token.end();
    }
    new.push_str(&code[usize::from(done)..code.len() - 1]);
    new
}

/// The quotes for a new string at a place: those of the nearest string of the same statement, else the file's.
/// Within an f-string those that no level of it uses, as versions before 3.12 ask.
pub(super) fn quote_at(target: &Target, offset: TextSize) -> Result<Quote, Refusal> {
    let tokens = target.tokens();
    let at = tokens.partition_point(|token| token.start() < offset);
    // No f-string goes on behind a statement that ends.
    let line = tokens[..at].iter().rposition(|token| token.kind() == TokenKind::Newline).unwrap_or_default();
    if let Some(used) = interpolated(&tokens[line..at]) {
        return [Quote::Double, Quote::Single]
            .into_iter()
            .find(|quote| !used.contains(quote))
            .ok_or_else(|| Refusal::new("inside nested f-strings no quotes are left to use"));
    }
    let ends = |token: &&Token| matches!(token.kind(), TokenKind::Newline | TokenKind::Semi);
    let before = tokens[..at].iter().rev().take_while(|token| !ends(token));
    let after = tokens[at..].iter().take_while(|token| !ends(token));
    let nearest = before
        .chain(after)
        .filter_map(|token| Some((token, plain_quote(token)?)))
        .min_by_key(|(token, _)| distance(token.range(), offset));
    Ok(nearest.map_or(target.style.quote, |(_, quote)| quote))
}

/// The quotes of a string that a choice was made for: not those of a docstring, nor where the text forced them.
pub(super) fn plain_quote(token: &Token) -> Option<Quote> {
    let flags = token.string_flags()?;
    let starts =
        matches!(token.kind(), TokenKind::String | TokenKind::FStringStart | TokenKind::TStringStart);
    (starts && !flags.is_triple_quoted()).then(|| flags.quote_style())
}

fn distance(range: TextRange, offset: TextSize) -> u32 {
    let after = range.start().checked_sub(offset);
    let before = offset.checked_sub(range.end());
    after.or(before).map_or(0, u32::from)
}

/// The quotes of the f-strings that are open behind these tokens.
fn interpolated(before: &[Token]) -> Option<Vec<Quote>> {
    let mut open = Vec::new();
    for token in before {
        match token.kind() {
            TokenKind::FStringStart | TokenKind::TStringStart => open.push(token.string_quote_style()),
            TokenKind::FStringEnd | TokenKind::TStringEnd => {
                open.pop();
            }
            _ => {}
        }
    }
    (!open.is_empty()).then_some(open)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_take_the_quotes_that_are_asked_for() {
        let both = r#"load("a", rows=X.all.only(r"b", 'c'))"#;
        assert_eq!(requote(both, Quote::Single), "load('a', rows=X.all.only(r'b', 'c'))");
        assert_eq!(requote("a=\"b\", *c", Quote::Single), "a='b', *c");
        assert_eq!(requote(both, Quote::Double), r#"load("a", rows=X.all.only(r"b", "c"))"#);
    }

    #[test]
    fn strings_that_hold_quotes_or_escapes_stay() {
        for kept in [r#""it's""#, r#""a\n""#, r#""""a""""#, "name", r#"f"a""#] {
            assert_eq!(requote(kept, Quote::Single), kept);
        }
    }
}
