//! A file to be edited: its text, its tree, and how it is written.

use std::panic::{AssertUnwindSafe, catch_unwind};

use ruff_python_ast::find_node::covering_node;
use ruff_python_ast::token::{TokenKind, Tokens};
use ruff_python_ast::{AnyNodeRef, ExprRef, ModModule, PythonVersion};
use ruff_python_parser::{Mode, ParseOptions, Parsed, parse_unchecked};
use ruff_source_file::LineRanges;
use ruff_text_size::{Ranged, TextRange, TextSize};

use super::{Refusal, Style};
use crate::source::too_deep_at;

/// Runs work on trees with the stack that the deepest may need. A fault in a library becomes a refusal.
pub fn guarded<T>(work: impl FnOnce() -> Result<T, Refusal>) -> Result<T, Refusal> {
    stacker::maybe_grow(48 << 20, 64 << 20, || catch_unwind(AssertUnwindSafe(work)))
        .unwrap_or_else(|_| Err(Refusal::new("the parser or the formatter failed on this file")))
}

/// The tree of a text. An error where the text is not valid in the newest Python.
pub fn parse(source: &str) -> Result<Parsed<ModModule>, Refusal> {
    if too_deep_at(source).is_some() {
        return Err(Refusal::new("nested too deeply"));
    }
    let options = ParseOptions::from(Mode::Module).with_target_version(PythonVersion::latest_preview());
    let Some(parsed) = parse_unchecked(source, options).try_into_module() else {
        return Err(Refusal::new("not a module"));
    };
    if let Some(error) = parsed.errors().first() {
        return Err(Refusal(format!("syntax error: {}", error.error)));
    }
    if let Some(error) = parsed.unsupported_syntax_errors().first() {
        return Err(Refusal(format!("syntax error: {error}")));
    }
    Ok(parsed)
}

/// A file to be edited.
#[derive(Clone, Copy)]
pub struct Target<'a> {
    /// Its text.
    pub source: &'a str,
    /// Its tree, without syntax errors.
    pub parsed: &'a Parsed<ModModule>,
    /// How it is written.
    pub style: &'a Style,
}

/// An expression, and what it stands in.
pub(super) struct Found<'a> {
    pub(super) expr: ExprRef<'a>,
    /// From the parent to the module.
    pub(super) ancestors: Vec<AnyNodeRef<'a>>,
}

impl<'a> Target<'a> {
    pub(super) fn tokens(&self) -> &'a Tokens {
        self.parsed.tokens()
    }

    /// The expression of exactly this range.
    pub(super) fn expression(&self, range: TextRange) -> Result<Found<'a>, Refusal> {
        let missing = || Refusal::new("there is no expression at this place");
        let root = AnyNodeRef::from(self.parsed.syntax());
        if !root.range().contains_range(range) || range.is_empty() {
            return Err(missing());
        }
        // Of the statements of the module, only the one around it is walked.
        let body = &self.parsed.syntax().body;
        let begun = body.partition_point(|statement| statement.start() <= range.start());
        let statement = body[..begun].last().filter(|statement| statement.range().contains_range(range));
        let statement = statement.ok_or_else(missing)?;
        let covering = covering_node(AnyNodeRef::from(statement), range);
        let mut ancestors = covering.ancestors().chain([root]);
        let expr = ancestors
            .by_ref()
            .take_while(|node| node.range() == range)
            .find_map(|node| node.as_expr_ref())
            .ok_or_else(missing)?;
        Ok(Found { expr, ancestors: ancestors.collect() })
    }

    /// The last token before an offset that is neither a comment nor a newline.
    pub(super) fn code_before(&self, offset: TextSize) -> Option<(TokenKind, TextRange)> {
        let tokens = self.tokens().before(offset).iter().rev();
        tokens.map(|token| token.as_tuple()).find(|(kind, _)| !kind.is_trivia())
    }

    /// The first token after an offset that is neither a comment nor a newline.
    pub(super) fn code_after(&self, offset: TextSize) -> Option<(TokenKind, TextRange)> {
        let tokens = self.tokens().after(offset).iter();
        tokens.map(|token| token.as_tuple()).find(|(kind, _)| !kind.is_trivia())
    }

    /// The comment behind an offset, with nothing between but spaces.
    pub(super) fn comment_behind(&self, offset: TextSize) -> Option<TextRange> {
        let token = self.tokens().after(offset).first()?;
        (token.kind() == TokenKind::Comment).then(|| token.range())
    }

    /// The whitespace that the line of an offset begins with.
    pub(super) fn indentation(&self, offset: TextSize) -> &'a str {
        let line = &self.source[TextRange::new(self.source.line_start(offset), offset)];
        let line = line.trim_start_matches('\u{feff}');
        &line[..line.len() - line.trim_start_matches([' ', '\t', '\u{c}']).len()]
    }

    /// The text from the start of an offset's line to the offset.
    pub(super) fn line_before(&self, offset: TextSize) -> &'a str {
        &self.source[TextRange::new(self.source.line_start(offset), offset)]
    }

    /// What follows on the line of `offset`, without the comment, and the comment.
    pub(super) fn split_comment(&self, offset: TextSize) -> (&'a str, Option<TextRange>) {
        let line_end = self.source.line_end(offset);
        let comment = self
            .tokens()
            .after(offset)
            .iter()
            .take_while(|token| token.start() < line_end)
            .find(|token| token.kind() == TokenKind::Comment)
            .map(Ranged::range);
        let code_end = comment.map_or(line_end, TextRange::start);
        (self.source[TextRange::new(offset, code_end)].trim_end(), comment)
    }

    /// Whether a newline stands between two offsets.
    pub(super) fn has_newline(&self, range: TextRange) -> bool {
        self.source[range].contains(['\n', '\r'])
    }
}
