//! Approval, proposal by proposal. Decisions are collected first and written at the end, so that leaving loses
//! nothing and half-writes nothing.

use std::io::{BufRead, IsTerminal, Write};

use tuneup_transforms::{Proposal, Safety};

use crate::analysis::Outcome;
use crate::failure::Failure;
use crate::output::full;

const HELP: &str = "\
y  yes, write this one
n  no, leave this one
a  yes to this one and the rest of this rule
d  no to this one and the rest of this rule
q  stop asking; what was approved so far is written
?  this help
";

/// What a person answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Yes,
    No,
    AllOfRule,
    NoneOfRule,
    Quit,
}

impl Answer {
    fn parse(text: &str) -> Option<Self> {
        match text.trim() {
            "y" | "yes" => Some(Self::Yes),
            "n" | "no" => Some(Self::No),
            "a" => Some(Self::AllOfRule),
            "d" => Some(Self::NoneOfRule),
            "q" | "quit" => Some(Self::Quit),
            _ => None,
        }
    }
}

/// The proposals that the answers approve. `a` never covers unsafe proposals that were not asked for.
pub(crate) fn decide<'a>(
    proposals: &'a [Proposal],
    mut ask: impl FnMut(usize, &'a Proposal) -> Result<Answer, Failure>,
) -> Result<Vec<&'a Proposal>, Failure> {
    let mut approved = Vec::new();
    let mut all_of: Vec<&str> = Vec::new();
    let mut none_of: Vec<&str> = Vec::new();
    for (n, proposal) in proposals.iter().enumerate().filter(|(_, proposal)| !proposal.changes.is_empty()) {
        if none_of.contains(&proposal.rule) {
            continue;
        }
        if all_of.contains(&proposal.rule) && proposal.safety == Safety::Safe {
            approved.push(proposal);
            continue;
        }
        match ask(n, proposal)? {
            Answer::Yes => approved.push(proposal),
            Answer::No => {}
            Answer::AllOfRule => {
                approved.push(proposal);
                all_of.push(proposal.rule);
            }
            Answer::NoneOfRule => none_of.push(proposal.rule),
            Answer::Quit => break,
        }
    }
    Ok(approved)
}

/// Asks on the terminal.
pub(crate) fn ask_all<'a>(
    out: &mut dyn Write,
    outcome: &'a Outcome,
    colored: bool,
) -> Result<Vec<&'a Proposal>, Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::new(
            "`tuneup review` asks, and needs a terminal for it; `tuneup check`, `diff` and `apply` do not",
        ));
    }
    let count = outcome.proposals.len();
    let mut lines = std::io::stdin().lock().lines();
    decide(&outcome.proposals, |n, proposal| {
        full::write_one(out, outcome, proposal, colored)?;
        for file in outcome.render(&[proposal]).files {
            crate::diff::write(out, "", &file, colored)?;
        }
        loop {
            write!(out, "\n({}/{count}) Write this change? [y,n,a,d,q,?] ", n + 1)?;
            out.flush()?;
            let Some(line) = lines.next() else { return Ok(Answer::Quit) };
            match Answer::parse(&line?) {
                Some(answer) => return Ok(answer),
                None => write!(out, "{HELP}")?,
            }
        }
    })
}
