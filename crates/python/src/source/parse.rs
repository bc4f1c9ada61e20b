//! Parsing, such that no file can end the process.

use std::panic::{AssertUnwindSafe, catch_unwind};

use ruff_python_ast::{ModModule, PythonVersion};
use ruff_python_parser::{Mode, ParseOptions, Parsed, parse_unchecked};
use ruff_text_size::{Ranged, TextSize};

use super::nesting::too_deep_at;
use super::{Fault, SourceText};

/// What is kept free for a tree's deepest walk, and what a thread gets that has less. Only touched
/// pages of it become memory.
const STACK_NEEDED: usize = 48 * 1024 * 1024;
const STACK_GIVEN: usize = 64 * 1024 * 1024;

/// Parses a text and hands the tree on, if it is valid in the newest Python. The tree is dropped
/// before this returns, on the stack that was large enough for it.
pub(crate) fn with_parsed<T>(
    source: &SourceText,
    read: impl FnOnce(&Parsed<ModModule>) -> T,
) -> Result<T, Fault> {
    if let Some(at) = too_deep_at(source.text()) {
        let position = TextSize::try_from(at).ok().map(|at| source.position(at));
        return Err(Fault { position, message: "nested too deeply".to_owned() });
    }
    // A tree that slipped through, or a fault in a library, costs its file and not the run.
    stacker::maybe_grow(STACK_NEEDED, STACK_GIVEN, || catch_unwind(AssertUnwindSafe(|| parse(source, read))))
        .unwrap_or_else(|_| Err(Fault::new("the parser failed on this file")))
}

fn parse<T>(source: &SourceText, read: impl FnOnce(&Parsed<ModModule>) -> T) -> Result<T, Fault> {
    let options = ParseOptions::from(Mode::Module).with_target_version(PythonVersion::latest_preview());
    let Some(parsed) = parse_unchecked(source.text(), options).try_into_module() else {
        return Err(Fault::new("not a module"));
    };
    let errors = parsed.errors().iter().map(|error| (error.location, error.error.to_string()));
    let unsupported =
        parsed.unsupported_syntax_errors().iter().map(|error| (error.range(), error.to_string()));
    let first = errors.chain(unsupported).min_by_key(|(range, _)| range.start());
    match first {
        Some((range, message)) => Err(Fault {
            position: Some(source.position(range.start())),
            message: format!("syntax error: {message}"),
        }),
        None => Ok(read(&parsed)),
    }
}
