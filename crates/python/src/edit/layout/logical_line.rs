//! One logical line, to be formatted by itself: a simple statement, or the header of a compound one.

use ruff_python_ast::token::TokenKind;
use ruff_source_file::LineRanges;
use ruff_text_size::{Ranged, TextRange, TextSize};

use super::super::Target;
use super::formatter::Options;

/// The logical line around an offset, with the comment behind it, without its indentation and newline.
pub(super) fn at(target: &Target, offset: TextSize) -> Option<TextRange> {
    let tokens = target.tokens();
    let at = tokens.partition_point(|token| token.end() <= offset && token.kind() != TokenKind::Newline);
    let at = at.max(tokens.partition_point(|token| token.start() < offset));
    let is_end = |kind: TokenKind| kind == TokenKind::Newline;
    let first = tokens[..at].iter().rposition(|token| is_end(token.kind())).map_or(0, |end| end + 1);
    let outside = |kind: TokenKind| {
        matches!(
            kind,
            TokenKind::NonLogicalNewline | TokenKind::Comment | TokenKind::Indent | TokenKind::Dedent
        )
    };
    let start = tokens[first..].iter().find(|token| !outside(token.kind()))?.start();
    let end = tokens[at..].iter().find(|token| is_end(token.kind()))?.start();
    (start <= offset && offset <= end).then(|| TextRange::new(start, end))
}

/// What must stand around a logical line so that it can be parsed and formatted without its file.
pub(super) struct Context {
    before: String,
    after: String,
}

impl Context {
    /// Of a logical line of a file.
    pub(super) fn of(target: &Target, line: TextRange) -> Option<Self> {
        let style = target.style;
        let indentation = target.source[TextRange::new(target.source.line_start(line.start()), line.start())]
            .trim_start_matches('\u{feff}');
        let level = indentation.len() / style.indent.len().max(1);
        if indentation != style.indent.repeat(level) {
            return None;
        }
        let mut before = String::new();
        let mut add = |level: usize, text: &str| {
            before.push_str(&format!("{}{text}{}", style.indent.repeat(level), style.newline));
        };
        for outer in 0..level {
            add(outer, "if x:");
        }
        let tokens = target.tokens().in_range(line);
        let (first, last) =
            (tokens.first()?.kind(), tokens.iter().rfind(|token| !token.kind().is_trivia())?.kind());
        match first {
            TokenKind::Elif | TokenKind::Else => {
                add(level, "if x:");
                add(level + 1, "pass");
            }
            TokenKind::Except | TokenKind::Finally => {
                add(level, "try:");
                add(level + 1, "pass");
            }
            // Its indentation within `match` would have to be told from the rest.
            TokenKind::Case => return None,
            _ => {}
        }
        before.push_str(indentation);
        let mut after = style.newline.to_owned();
        if first == TokenKind::At {
            after.push_str(&format!(
                "{indentation}def x():{0}{indentation}{1}pass{0}",
                style.newline, style.indent
            ));
        } else if last == TokenKind::Colon {
            after.push_str(&format!("{indentation}{}pass{}", style.indent, style.newline));
        }
        Some(Self { before, after })
    }

    /// The line, formatted.
    pub(super) fn format(&self, line: &str, options: &Options) -> Option<String> {
        let formatted = options.format(&format!("{}{line}{}", self.before, self.after))?;
        let line = formatted.strip_prefix(&self.before)?.strip_suffix(&self.after)?;
        Some(line.to_owned())
    }
}
