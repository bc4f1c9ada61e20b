//! Approval, proposal by proposal. Decisions are collected and kept first, and written at the end, so that leaving
//! loses nothing and half-writes nothing.
//!
//! `state` is what keys do and knows no terminal; `sheet` is what is shown of a proposal; `draw`, `screen` and `sixteen` are
//! the terminal, `plain` the same in lines; `session` keeps decisions, and `assemble` makes files of them.

mod assemble;
mod decisions;
mod draw;
mod editor;
mod hunks;
mod outlook;
mod plain;
mod screen;
mod session;
mod sheet;
mod sixteen;
mod state;
mod syntax;
#[cfg(test)]
mod tests;

use std::io::IsTerminal;

use crate::failure::Failure;

pub(crate) use assemble::assemble;
pub(crate) use decisions::{Decision, Decisions};
pub(crate) use plain::painted;
pub(crate) use screen::terminal_width;
pub(crate) use session::Session;
pub(crate) use sheet::{Tone, clean, toned};
pub(crate) use syntax::{Colours, colours, tones};

/// How a review was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Left {
    /// Nothing is to be written yet.
    Open,
    /// What was approved is to be written.
    Write,
}

/// Whether a person can be asked.
pub(crate) fn can_ask() -> bool {
    std::io::stdin().is_terminal()
}

/// Asks on the terminal.
pub(crate) fn ask(session: &mut Session<'_>, plain: bool, colored: bool) -> Result<Left, Failure> {
    if !can_ask() {
        return Err(Failure::new(
            "`tuneup review` asks, and needs a terminal for it; `tuneup check`, `diff` and `apply` do not",
        ));
    }
    let is_dumb = std::env::var("TERM").is_ok_and(|term| term == "dumb") || !std::io::stdout().is_terminal();
    if plain || is_dumb { plain::run_on_terminal(session, colored) } else { screen::run(session, colored) }
}

/// A text in lines of a width, broken at spaces, and within words that are longer than a line.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    let indent: String = text.chars().take_while(|c| *c == ' ').collect();
    let mut room = width;
    let mut start = true;
    for word in text.split_whitespace() {
        let size = sheet::wide(word);
        if start {
            lines = vec![indent.clone()];
            room = width.saturating_sub(indent.len());
        } else if size + 1 > room {
            lines.push(indent.clone());
            room = width.saturating_sub(indent.len());
        } else if let Some(line) = lines.last_mut() {
            line.push(' ');
            room -= 1;
        }
        start = false;
        for c in word.chars() {
            let size = sheet::wide(c.encode_utf8(&mut [0; 4]));
            if size > room {
                lines.push(indent.clone());
                room = width.saturating_sub(indent.len()).max(1);
            }
            room = room.saturating_sub(size);
            if let Some(line) = lines.last_mut() {
                line.push(c);
            }
        }
    }
    lines
}
