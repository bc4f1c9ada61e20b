//! Logical lines and blocks of Python, told from its tokens alone.

use std::panic::{AssertUnwindSafe, catch_unwind};

use ruff_python_ast::token::TokenKind;
use ruff_python_parser::{Mode, ParseOptions, parse_unchecked};
use ruff_text_size::{Ranged, TextRange, TextSize};

/// A logical line, and how deep it is indented.
struct Line {
    range: TextRange,
    depth: usize,
    is_decorator: bool,
}

/// The lines and comments of a file.
#[derive(Default)]
pub(super) struct Extents {
    /// All comments.
    pub(super) comments: Vec<TextRange>,
    lines: Vec<Line>,
}

impl Extents {
    /// Reads a text; of one that has no tokens, nothing.
    pub(super) fn of(text: &str) -> Self {
        catch_unwind(AssertUnwindSafe(|| Self::read(text))).unwrap_or_default()
    }

    fn read(text: &str) -> Self {
        let parsed = parse_unchecked(text, ParseOptions::from(Mode::Module));
        let mut this = Self::default();
        let (mut depth, mut start, mut is_decorator): (usize, Option<TextSize>, bool) = (0, None, false);
        for token in parsed.tokens() {
            match token.kind() {
                TokenKind::Comment => this.comments.push(token.range()),
                TokenKind::NonLogicalNewline => {}
                TokenKind::Indent => depth += 1,
                TokenKind::Dedent => depth = depth.saturating_sub(1),
                TokenKind::Newline => {
                    if let Some(start) = start.take() {
                        let range = TextRange::new(start, token.end());
                        this.lines.push(Line { range, depth, is_decorator });
                    }
                }
                kind if start.is_none() => {
                    start = Some(token.start());
                    is_decorator = kind == TokenKind::At;
                }
                _ => {}
            }
        }
        this
    }

    /// What a comment silences: the logical line that it stands in, or else the next statement with its body.
    pub(super) fn silenced_by(&self, text: &str, comment: TextRange) -> TextRange {
        let before = &text[..usize::from(comment.start())];
        let is_alone = before.rsplit(['\n', '\r']).next().unwrap_or_default().trim().is_empty();
        let around = self.lines.iter().find(|line| line.range.contains_range(comment));
        if let Some(line) = around {
            return line.range;
        }
        let first = match self.lines.iter().position(|line| line.range.start() >= comment.end()) {
            Some(first) if is_alone => first,
            _ => return super::line_around(text, comment),
        };
        // Decorators belong to what they decorate, and the deeper lines after a statement are its body.
        let mut last = first;
        while self.lines[last].is_decorator && last + 1 < self.lines.len() {
            last += 1;
        }
        let depth = self.lines[first].depth;
        while self.lines.get(last + 1).is_some_and(|line| line.depth > depth) {
            last += 1;
        }
        TextRange::new(self.lines[first].range.start(), self.lines[last].range.end())
    }

    /// The logical line at an offset.
    pub(super) fn line_at(&self, offset: TextSize) -> Option<TextRange> {
        self.lines.iter().map(|line| line.range).find(|range| range.contains(offset))
    }
}
