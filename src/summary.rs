//! What was written, by rule and file.

use std::io::{self, Write};

use tuneup_transforms::Proposal;
use tuneup_transforms::render::{RenderedFile, Rendering};

use crate::counted;
use crate::output::shown;

/// What approved proposals come to.
pub(crate) struct Summary<'a> {
    rendering: &'a Rendering,
    written: Vec<&'a Proposal>,
}

impl<'a> Summary<'a> {
    /// Of the proposals that were approved, those that are not withheld.
    pub(crate) fn new(rendering: &'a Rendering, approved: &[&'a Proposal]) -> Self {
        let is_withheld = |id: &str| rendering.withheld.iter().any(|(withheld, _)| withheld == id);
        let written = approved.iter().copied().filter(|proposal| !is_withheld(&proposal.id));
        Self { rendering, written: written.collect() }
    }

    /// What is written.
    pub(crate) fn written(&self) -> &[&'a Proposal] {
        &self.written
    }

    /// The ids of what is written.
    pub(crate) fn ids(&self) -> Vec<String> {
        self.written.iter().map(|proposal| proposal.id.clone()).collect()
    }

    /// `3 changes in 2 files`
    pub(crate) fn total(&self) -> String {
        let (changes, files) = (self.written.len(), self.rendering.files.len());
        format!("{} in {}", counted(changes, "change"), counted(files, "file"))
    }

    /// One line for each rule, and below it one for each of its files, in the rules' order.
    pub(crate) fn write(&self, out: &mut dyn Write, verb: &str) -> io::Result<()> {
        let mut rules: Vec<&str> = Vec::new();
        for proposal in &self.written {
            if !rules.contains(&proposal.rule) {
                rules.push(proposal.rule);
            }
        }
        for rule in rules {
            let of_rule: Vec<&str> =
                self.written.iter().filter(|it| it.rule == rule).map(|it| it.id.as_str()).collect();
            writeln!(out, "{rule}: {}", counted(of_rule.len(), "change"))?;
            for file in &self.rendering.files {
                let count = file.asked_by.iter().filter(|id| of_rule.contains(&id.as_str())).count();
                if count > 0 {
                    writeln!(out, "  {verb} {}{}", shown(&file.path), note(file, count))?;
                }
            }
        }
        // Comments that silence a rule are of no rule.
        let is_asked = |file: &&RenderedFile| {
            file.asked_by.iter().any(|id| self.written.iter().any(|proposal| proposal.id == *id))
        };
        for file in self.rendering.files.iter().filter(|file| !is_asked(file)) {
            writeln!(out, "{verb} {}{}", shown(&file.path), note(file, 1))?;
        }
        Ok(())
    }
}

/// What is particular about a file.
fn note(file: &RenderedFile, count: usize) -> String {
    match (&file.before, count) {
        (None, 1) => " (new)".to_owned(),
        (None, _) => format!(" (new, {count} changes)"),
        (Some(_), 1) => String::new(),
        (Some(_), _) => format!(" ({count} changes)"),
    }
}
