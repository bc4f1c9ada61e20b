//! ruff's formatter, set as the project sets its own.

use std::panic::{AssertUnwindSafe, catch_unwind};

use ruff_formatter::printer::LineEnding;
use ruff_formatter::{IndentStyle, IndentWidth, LineWidth};
use ruff_python_ast::PySourceType;
use ruff_python_ast::str::Quote;
use ruff_python_formatter::{
    MagicTrailingComma, PreviewMode, PyFormatOptions, QuoteStyle, format_module_source,
};

use super::super::Style;
use super::config::{Formatter, Layout};

/// One way of formatting a file.
pub(super) struct Options(PyFormatOptions);

impl Options {
    /// The ways in which a file's project may format it.
    pub(super) fn of(layout: &Layout, style: &Style) -> Vec<Self> {
        layout.formatters.iter().filter_map(|formatter| Self::new(formatter, style)).collect()
    }

    /// A way that keeps to how the file is written.
    pub(super) fn like(style: &Style) -> Self {
        let tabs = style.indent.starts_with('\t');
        let width = if tabs { style.tab_width } else { style.indent.len() };
        let formatter = Formatter {
            line_length: style.line_length.and_then(|limit| u16::try_from(limit).ok()).unwrap_or(u16::MAX),
            indent_width: u8::try_from(width).unwrap_or(u8::MAX),
            tabs,
            quote: None,
            ..Formatter::default()
        };
        Self::new(&formatter, style).unwrap_or_else(|| Self(PyFormatOptions::default()))
    }

    fn new(formatter: &Formatter, style: &Style) -> Option<Self> {
        let mut options = PyFormatOptions::from_source_type(PySourceType::Python)
            .with_line_width(LineWidth::try_from(formatter.line_length).ok()?)
            .with_indent_width(IndentWidth::try_from(formatter.indent_width).ok()?)
            .with_indent_style(if formatter.tabs { IndentStyle::Tab } else { IndentStyle::Space })
            .with_quote_style(match formatter.quote {
                Some(Quote::Single) => QuoteStyle::Single,
                Some(Quote::Double) => QuoteStyle::Double,
                None => QuoteStyle::Preserve,
            })
            .with_magic_trailing_comma(match formatter.magic_trailing_comma {
                true => MagicTrailingComma::Respect,
                false => MagicTrailingComma::Ignore,
            })
            .with_preview(if formatter.preview { PreviewMode::Enabled } else { PreviewMode::Disabled })
            .with_line_ending(match style.newline {
                "\r\n" => LineEnding::CarriageReturnLineFeed,
                "\r" => LineEnding::CarriageReturn,
                _ => LineEnding::LineFeed,
            });
        if let Some(version) = formatter.target_version {
            options = options.with_target_version(version);
        }
        Some(Self(options))
    }

    /// The quotes that it writes, if it chooses them.
    pub(super) fn quote(&self) -> Option<Quote> {
        match self.0.quote_style() {
            QuoteStyle::Single => Some(Quote::Single),
            QuoteStyle::Double => Some(Quote::Double),
            QuoteStyle::Preserve => None,
        }
    }

    /// A file's text, formatted.
    pub(super) fn format(&self, text: &str) -> Option<String> {
        if has_endless_comments(text) {
            return None;
        }
        // A byte order mark is no code; it goes through untouched.
        let (mark, text) = match text.strip_prefix('\u{feff}') {
            Some(rest) => ("\u{feff}", rest),
            None => ("", text),
        };
        let printed = catch_unwind(AssertUnwindSafe(|| format_module_source(text, self.0.clone())));
        let code = printed.ok()?.ok()?.into_code();
        Some(format!("{mark}{code}"))
    }

    /// Whether it would change nothing in a file.
    pub(super) fn leaves(&self, text: &str) -> bool {
        self.format(text).is_some_and(|formatted| formatted == text)
    }
}

/// Whether lines of comments follow each other so long that the formatter, which for each of them looks at all above it,
/// would not come back in time.
fn has_endless_comments(text: &str) -> bool {
    const MOST: usize = 16 << 20;
    let (mut above, mut looked_at) = (0, 0);
    for whole in text.lines() {
        let line = whole.trim_start();
        match line.starts_with('#') {
            true => {
                above += whole.len() + 1;
                looked_at += above;
            }
            false if !line.is_empty() => above = 0,
            false => {}
        }
        if looked_at > MOST {
            return true;
        }
    }
    false
}
