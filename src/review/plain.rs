//! The same review line by line, for terminals that cannot do more, and for screen readers: the same keys, each line
//! of them done in turn.

use std::io::{self, BufRead, Write};

use super::Left;
use super::decisions::Decision;
use super::draw::HELP;
use super::session::Session;
use super::sheet::{Line, Tone};
use super::state::{Effect, Key, Mode};
use crate::failure::Failure;

/// How wide lines are.
const WIDTH: usize = 80;

/// Reviews line by line.
pub(super) fn run(
    session: &mut Session<'_>,
    input: &mut dyn BufRead,
    out: &mut dyn Write,
    colored: bool,
) -> Result<Left, Failure> {
    let mut shown = None;
    loop {
        if shown != Some(session.state.current) {
            shown = Some(session.state.current);
            writeln!(out)?;
            for line in session.sheet(WIDTH) {
                writeln!(out, "{}", painted(line, colored))?;
            }
        }
        if !session.state.note.is_empty() {
            writeln!(out, "{}", std::mem::take(&mut session.state.note))?;
        }
        match &session.state.mode {
            Mode::Confirm(lines) => {
                lines.iter().try_for_each(|line| writeln!(out, "{line}"))?;
                write!(out, "Write? [y,n] ")?;
            }
            Mode::Help(_) => {
                HELP.iter().try_for_each(|(keys, what)| writeln!(out, "{keys:<9} {what}"))?;
                session.state.mode = Mode::Decide;
                continue;
            }
            Mode::Search(_) => write!(out, "Search: ")?,
            Mode::Reason(_) => write!(out, "Why is it left? ")?,
            Mode::Decide => {
                let (at, all) = (session.state.current + 1, session.state.proposals.len());
                let decided = match &session.state.decisions[session.state.current] {
                    None => "",
                    Some(decision) if decision.is_approval() => ", approved",
                    Some(Decision::Silenced(_)) => ", ignored",
                    Some(_) => ", rejected",
                };
                write!(out, "({at}/{all}{decided}) [y,n,Y,N,f,F,e,i,u,j,k,g,G,/,>,o,w,q,?] ")?;
            }
        }
        out.flush()?;
        let mut line = String::new();
        if input.read_line(&mut line)? == 0 {
            writeln!(out)?;
            return Ok(Left::Open);
        }
        let line = line.trim_end_matches(['\n', '\r']);
        let is_typing = matches!(session.state.mode, Mode::Search(_) | Mode::Reason(_));
        let mut keys: Vec<Key> = line.chars().map(Key::Char).collect();
        if is_typing || matches!(line.chars().next(), Some('/' | 'i')) && keys.len() > 1 {
            keys.push(Key::Enter);
        }
        for key in keys {
            match session.state.press(key, usize::MAX, 0) {
                Effect::None => {}
                Effect::Save => session.save()?,
                Effect::Leave => return Ok(Left::Open),
                Effect::Prepare => {
                    session.prepare();
                    session.wait_for_outlook();
                }
                Effect::Write => return Ok(Left::Write),
                Effect::Open => session.open_file()?,
                Effect::Edit => session.edit()?,
            }
        }
    }
}

/// A line as the terminal takes it.
pub(crate) fn painted(line: &Line, colored: bool) -> String {
    let paint = |(tone, text): &(Tone, String)| {
        let code = match tone {
            Tone::Added | Tone::Safe => "32",
            Tone::Removed => "31",
            Tone::Unsafe | Tone::Text => "33",
            Tone::Heading => "1;36",
            Tone::Strong => "1",
            Tone::Mark => "1;4",
            Tone::Path | Tone::Definition => "34",
            Tone::Keyword => "35",
            Tone::Number => "36",
            Tone::Dim | Tone::Comment => "2",
            Tone::Plain => return text.clone(),
        };
        if colored { format!("\x1b[{code}m{text}\x1b[0m") } else { text.clone() }
    };
    line.iter().map(paint).collect::<String>().trim_end().to_owned()
}

/// The review on standard input and output.
pub(super) fn run_on_terminal(session: &mut Session<'_>, colored: bool) -> Result<Left, Failure> {
    run(session, &mut io::stdin().lock(), &mut io::stdout(), colored)
}
