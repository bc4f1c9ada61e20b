//! One finding: what it is, how much it matters, what proves it, what would be written.

use std::io::{self, Write};

use tuneup_django::predicates::Context;
use tuneup_transforms::cost::costs;
use tuneup_transforms::grounds::{assurance, declarations};
use tuneup_transforms::heat::{Heat, Heats, Rows};
use tuneup_transforms::render::Rendering;
use tuneup_transforms::{Proposal, Safety};

use super::changes;
use super::excerpt;
use super::html::{attribute, prose, text};
use super::shown::Shown;
use crate::analysis::Outcome;
use crate::counted;
use crate::output::{noticing, position};

/// A proposal, ranked and rendered.
pub(super) struct Finding<'a> {
    pub(super) proposal: &'a Proposal,
    pub(super) heat: Heat,
    /// The app that its place is in.
    pub(super) app: &'a str,
    outcome: &'a Outcome,
    shown: &'a Shown,
    /// The proposals that could not be written, with the reason.
    pub(super) withheld: Vec<(String, String)>,
    /// The diffs of the files that it would change.
    diffs: Vec<u8>,
}

impl<'a> Finding<'a> {
    /// Of a proposal, and what it comes to by itself.
    pub(super) fn new(
        outcome: &'a Outcome,
        heats: &Heats<'_>,
        shown: &'a Shown,
        proposal: &'a Proposal,
        rendering: Rendering,
    ) -> io::Result<Self> {
        let app = outcome.project.apps.of_path(&proposal.place.path).map(|app| app.label.as_str());
        let mut diffs = Vec::new();
        for file in &rendering.files {
            changes::write(&mut diffs, shown, file)?;
        }
        let (heat, app) = (heats.heat(proposal), app.unwrap_or("(project)"));
        Ok(Self { proposal, heat, app, outcome, shown, withheld: rendering.withheld, diffs })
    }

    /// Whether it is about answering requests.
    pub(super) fn is_hot(&self) -> bool {
        self.heat.context == Context::Request
    }

    /// Writes it as the `rank`th.
    pub(super) fn write(&self, out: &mut dyn Write, rank: usize) -> io::Result<()> {
        let proposal = self.proposal;
        let safety = proposal.safety.as_str();
        let (line, _) = position(self.outcome, &proposal.place);
        let place = format!("{}:{line}", proposal.place.path);
        writeln!(
            out,
            "<li class=\"finding\" id=\"f{rank}\" data-rule=\"{}\" data-app=\"{}\" data-safety=\"{safety}\" \
             data-when=\"{}\">",
            attribute(proposal.rule),
            attribute(self.app),
            attribute(self.heat.when()),
        )?;
        writeln!(out, "<details>\n<summary><span class=\"rank\">{rank}</span>")?;
        writeln!(out, "<span class=\"what\"><h3>{}</h3>", prose(&proposal.title))?;
        write!(
            out,
            "<span class=\"facts\"><span class=\"badge {safety}\">{safety}</span> {} · <code>{}</code> · {}",
            text(proposal.rule),
            text(&place),
            self.heat.when(),
        )?;
        // A setting goes over no rows, and no line reads it.
        if self.heat.rows != Rows::One {
            write!(out, " · {}", self.heat.over())?;
        }
        if self.heat.reads > 0 {
            write!(out, " · {} of proof", counted(self.heat.reads, "place"))?;
        }
        writeln!(out, "</span></span></summary>")?;
        writeln!(out, "<p>{}</p>", prose(&proposal.message))?;
        let assurance = assurance(proposal);
        let note = if proposal.safety == Safety::Unsafe { " class=\"note\"" } else { "" };
        writeln!(out, "<p{note}><strong>{safety}</strong>: {}.</p>", prose(assurance))?;
        let costs = costs(proposal);
        if !costs.is_empty() {
            writeln!(out, "<p class=\"costs\">Costs: {}</p>", prose(&costs.join(" ")))?;
        }
        writeln!(out, "<h4>Evidence</h4>")?;
        excerpt::write(out, self.outcome, self.shown, proposal)?;
        let fields = declarations(&self.outcome.project, proposal);
        if !fields.is_empty() {
            writeln!(out, "<h4>Fields</h4>")?;
            let places = fields.iter().map(|it| (&it.place, it.message.as_str()));
            excerpt::write_places(out, self.outcome, self.shown, places)?;
        }
        let tests = noticing(self.outcome, proposal);
        if tests.iter().any(|tests| !tests.is_empty()) {
            writeln!(out, "<h4>Tests that count these queries</h4>\n<ul>")?;
            for (verb, tests) in ["will notice", "may notice"].into_iter().zip(&tests) {
                for test in tests {
                    writeln!(out, "<li><code>{}</code> {verb}</li>", text(test))?;
                }
            }
            writeln!(out, "</ul>")?;
        }
        writeln!(out, "<h4>Change</h4>")?;
        if self.diffs.is_empty() {
            match self.withheld.first() {
                Some((_, reason)) => writeln!(out, "<p>It cannot be written: {}</p>", prose(reason))?,
                None => writeln!(out, "<p>To be done by hand.</p>")?,
            }
        }
        out.write_all(&self.diffs)?;
        writeln!(out, "<p class=\"id\">{}</p>\n</details>\n</li>", text(&proposal.id))
    }
}
