//! The terminal: events in, frames out.

use std::io::{self, IsTerminal};
use std::time::Duration;

use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::crossterm::event::{
    self, DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture, Event,
    KeyCode, KeyEventKind, KeyModifiers, MouseButton, MouseEventKind,
};
use ratatui::crossterm::execute;

use super::Left;
use super::draw::{Places, body_width, draw};
use super::session::Session;
use super::sixteen::Sixteen;
use super::state::{Effect, Key, Mode, Row};
use crate::failure::Failure;

/// The terminal as it was is given back however the review ends.
struct Screen {
    terminal: Terminal<CrosstermBackend<Sixteen<io::Stdout>>>,
}

impl Screen {
    fn new() -> io::Result<Self> {
        // Sets the terminal up, and has it put right where the program fails.
        drop(ratatui::try_init()?);
        // What is pasted must not count as keys that decide.
        execute!(io::stdout(), EnableMouseCapture, EnableBracketedPaste)?;
        let terminal = Terminal::new(CrosstermBackend::new(Sixteen::new(io::stdout())))?;
        Ok(Self { terminal })
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        let _ = execute!(io::stdout(), DisableBracketedPaste, DisableMouseCapture);
        ratatui::restore();
    }
}

/// How many columns standard output has, where it is a terminal.
pub(crate) fn terminal_width() -> Option<usize> {
    if !io::stdout().is_terminal() {
        return None;
    }
    let (width, _) = ratatui::crossterm::terminal::size().ok()?;
    Some(width.into())
}

/// Reviews on the whole screen.
pub(super) fn run(session: &mut Session<'_>, colored: bool) -> Result<Left, Failure> {
    let mut screen = Some(Screen::new()?);
    loop {
        let Some(Screen { terminal }) = screen.as_mut() else { return Ok(Left::Open) };
        let size = terminal.size()?;
        let area = ratatui::layout::Rect::new(0, 0, size.width, size.height);
        let lines = session.sheet(body_width(area)).to_vec();
        let mut places = Places::default();
        terminal.draw(|frame| places = draw(frame, &session.state, &lines, colored))?;
        let page = places.body.height as usize;
        let end = lines.len().saturating_sub(page);
        // What is looked up meanwhile is shown as soon as it is there.
        if session.is_looking() && !event::poll(Duration::from_millis(50))? {
            session.look();
            continue;
        }
        let effect = match event::read()? {
            Event::Key(key) if key.kind != KeyEventKind::Release => {
                // Raw mode takes the terminal's own meaning of ^C away.
                let is_control = key.modifiers.contains(KeyModifiers::CONTROL);
                match named(key.code) {
                    Some(Key::Char('c' | 'd')) if is_control => Effect::Leave,
                    Some(key) if !is_control => session.state.press(key, page, end),
                    _ => Effect::None,
                }
            }
            Event::Paste(text) => {
                text.chars().for_each(|c| session.state.type_in(c));
                Effect::None
            }
            Event::Mouse(mouse) => {
                match mouse.kind {
                    MouseEventKind::ScrollDown => session.state.scroll = (session.state.scroll + 3).min(end),
                    MouseEventKind::ScrollUp => session.state.scroll = session.state.scroll.saturating_sub(3),
                    MouseEventKind::Down(MouseButton::Left)
                        if session.state.mode == Mode::Decide
                            && places.tree.contains((mouse.column, mouse.row).into()) =>
                    {
                        click(session, places.first + (mouse.row - places.tree.y) as usize);
                    }
                    _ => {}
                }
                Effect::None
            }
            _ => Effect::None,
        };
        match effect {
            Effect::None => {}
            Effect::Save => session.save()?,
            Effect::Leave => return Ok(Left::Open),
            Effect::Prepare => session.prepare(),
            Effect::Write => return Ok(Left::Write),
            Effect::Open | Effect::Edit => {
                // The editor has the terminal to itself.
                drop(screen.take());
                let done = if effect == Effect::Edit { session.edit() } else { session.open_file() };
                if let Err(failure) = done {
                    session.state.note = failure.to_string();
                }
                screen = Some(Screen::new()?);
            }
        }
    }
}

/// Shows the first proposal at or below a row of the tree.
fn click(session: &mut Session<'_>, row: usize) {
    let mut below = session.state.rows.iter().skip(row);
    let found = below.find_map(|row| match row {
        Row::Proposal(n) => Some(*n),
        _ => None,
    });
    if let Some(n) = found {
        session.state.go(n);
    }
}

fn named(code: KeyCode) -> Option<Key> {
    Some(match code {
        KeyCode::Char(c) => Key::Char(c),
        KeyCode::Up => Key::Up,
        KeyCode::Down => Key::Down,
        KeyCode::PageUp => Key::PageUp,
        KeyCode::PageDown => Key::PageDown,
        KeyCode::Home => Key::Char('g'),
        KeyCode::End => Key::Char('G'),
        KeyCode::Tab => Key::Tab,
        KeyCode::Enter => Key::Enter,
        KeyCode::Esc => Key::Escape,
        KeyCode::Backspace => Key::Backspace,
        _ => return None,
    })
}
