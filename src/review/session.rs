//! A review that goes on: the state, what is kept on the disk of it, and what the effects of keys come to.

use std::path::{Path, PathBuf};

use tuneup_transforms::Proposal;
use tuneup_transforms::render::Rendering;

use super::assemble::{assemble, check};
use super::decisions::{Decision, Decisions, EditedFile, fingerprints};
use super::editor;
use super::outlook::Outlook;
use super::sheet::{Line, sheet};
use super::state::{Mode, State};
use crate::analysis::Outcome;
use crate::counted;
use crate::failure::Failure;

/// The lines of a proposal, and what they were made for.
struct Shown {
    proposal: usize,
    width: usize,
    side_by_side: bool,
    decision: Option<Decision>,
    lines: Vec<Line>,
}

/// Shown while it is found out what else would change.
const LOOKING: &str = "looking what this makes needless or possible …";

/// A review that goes on.
pub(crate) struct Session<'a> {
    /// What the keys act on.
    pub(crate) state: State<'a>,
    outcome: &'a Outcome,
    root: PathBuf,
    kept: Decisions,
    fingerprints: Vec<String>,
    shown: Option<Shown>,
    outlook: Option<Outlook>,
}

impl<'a> Session<'a> {
    /// The review of a project, with what was decided before; none where there is nothing to decide.
    pub(crate) fn open(outcome: &'a Outcome, root: &Path, fresh: bool) -> Result<Option<Self>, Failure> {
        let has_changes = |proposal: &&Proposal| !proposal.changes.is_empty();
        let mut proposals: Vec<&Proposal> = outcome.proposals.iter().filter(has_changes).collect();
        if proposals.is_empty() {
            return Ok(None);
        }
        // Rules stay in their order; within one, files and lines are.
        let mut rules: Vec<&str> = Vec::new();
        for proposal in &proposals {
            if !rules.contains(&proposal.rule) {
                rules.push(proposal.rule);
            }
        }
        let order = |proposal: &&Proposal| rules.iter().position(|rule| *rule == proposal.rule);
        proposals.sort_by(|a, b| order(a).cmp(&order(b)).then_with(|| a.place.cmp(&b.place)));
        let fingerprints = fingerprints(outcome, &proposals);
        let kept = if fresh { Decisions::none() } else { Decisions::read(&Decisions::path(root))? };
        let decisions = proposals
            .iter()
            .zip(&fingerprints)
            .map(|(proposal, fingerprint)| kept.of(outcome, &proposal.id, fingerprint))
            .collect();
        let state = State::new(proposals, decisions);
        Ok(Some(Self {
            state,
            outcome,
            root: root.to_owned(),
            kept,
            fingerprints,
            shown: None,
            outlook: None,
        }))
    }

    /// Keeps what was decided.
    pub(crate) fn save(&mut self) -> Result<(), Failure> {
        for (n, proposal) in self.state.proposals.iter().enumerate() {
            self.kept.set(&proposal.id, &self.fingerprints[n], self.state.decisions[n].as_ref());
        }
        self.kept.save(&self.root)
    }

    /// What was approved, as a plan.
    pub(crate) fn plan(&mut self) -> Result<Decisions, Failure> {
        self.save()?;
        Ok(self.kept.plan())
    }

    /// Forgets what was written.
    pub(crate) fn forget(&mut self, withheld: &[(String, String)]) -> Result<(), Failure> {
        for (n, proposal) in self.state.proposals.iter().enumerate() {
            let is_written =
                self.state.decisions[n].as_ref().is_some_and(|decision| *decision != Decision::Rejected);
            if is_written && !withheld.iter().any(|(id, _)| *id == proposal.id) {
                self.kept.set(&proposal.id, &self.fingerprints[n], None);
            }
        }
        self.kept.save(&self.root)
    }

    /// The lines of the current proposal, made again only where something changed.
    pub(crate) fn sheet(&mut self, width: usize) -> &[Line] {
        let (n, side_by_side) = (self.state.current, self.state.side_by_side);
        let decision = self.state.decisions[n].clone();
        let is_same = self.shown.as_ref().is_some_and(|shown| {
            (shown.proposal, shown.width, shown.side_by_side, &shown.decision)
                == (n, width, side_by_side, &decision)
        });
        if !is_same {
            let lines = sheet(self.outcome, self.state.proposals[n], decision.as_ref(), width, side_by_side);
            self.shown = Some(Shown { proposal: n, width, side_by_side, decision, lines });
        }
        self.shown.as_ref().map_or(&[], |shown| &shown.lines)
    }

    /// What the decisions come to.
    pub(crate) fn rendering(&self) -> Rendering {
        let decided: Vec<(&Proposal, &Decision)> = self
            .state
            .proposals
            .iter()
            .zip(&self.state.decisions)
            .filter_map(|(proposal, decision)| Some((*proposal, decision.as_ref()?)))
            .collect();
        assemble(self.outcome, &decided)
    }

    /// Asks whether to write, with what that comes to.
    pub(crate) fn prepare(&mut self) {
        let rendering = self.rendering();
        let [yes, _, open] = self.state.counts(|_| true);
        let silenced = self.state.silenced().len();
        let mut lines =
            vec![format!("{} in {}:", counted(yes, "change"), counted(rendering.files.len(), "file"))];
        const SHOWN: usize = 12;
        for file in rendering.files.iter().take(SHOWN) {
            let new = if file.before.is_none() { " (new)" } else { "" };
            lines.push(format!("  {}{new}", file.path));
        }
        if let more @ 1.. = rendering.files.len().saturating_sub(SHOWN) {
            lines.push(format!("  … and {more} more"));
        }
        if silenced > 0 {
            lines.push(format!("{} with your reasons", counted(silenced, "comment")));
        }
        for (id, reason) in &rendering.withheld {
            lines.push(format!("cannot be written: {id}: {reason}"));
        }
        if open > 0 {
            lines.push(format!("{open} still open; they stay for the next time"));
        }
        if rendering.files.is_empty() {
            self.outlook = None;
        } else {
            let undecided = self.state.proposals.iter().zip(&self.state.decisions);
            let undecided = undecided.filter(|(_, decision)| decision.is_none());
            let known =
                undecided.map(|(proposal, _)| (proposal.id.clone(), proposal.title.clone())).collect();
            self.outlook = Outlook::start(self.outcome, &rendering, known);
        }
        if self.outlook.is_some() {
            lines.push(LOOKING.to_owned());
        }
        self.state.mode = Mode::Confirm(lines);
    }

    /// Whether a look ahead goes on that the user waits for.
    pub(super) fn is_looking(&self) -> bool {
        self.outlook.is_some() && matches!(self.state.mode, Mode::Confirm(_))
    }

    /// Shows what the look ahead has found, if it has.
    pub(super) fn look(&mut self) {
        if let Some(found) = self.outlook.as_ref().and_then(Outlook::poll) {
            self.tell(found);
        }
    }

    /// The same, waited for.
    pub(super) fn wait_for_outlook(&mut self) {
        if let Some(found) = self.outlook.as_ref().map(Outlook::wait) {
            self.tell(found);
        }
    }

    fn tell(&mut self, found: Vec<String>) {
        self.outlook = None;
        if let Mode::Confirm(lines) = &mut self.state.mode {
            lines.retain(|line| line != LOOKING);
            lines.extend(found);
        }
    }

    /// Has the current proposal's files edited; what does not parse is asked again.
    pub(crate) fn edit(&mut self) -> Result<(), Failure> {
        let n = self.state.current;
        let proposal = self.state.proposals[n];
        let decision = match &self.state.decisions[n] {
            Some(edited @ Decision::Edited(_)) => edited.clone(),
            _ => Decision::Approved,
        };
        let rendering = assemble(self.outcome, &[(proposal, &decision)]);
        if let Some((_, reason)) = rendering.withheld.first() {
            self.state.note = format!("cannot be written: {reason}");
            return Ok(());
        }
        let mut edited = std::collections::BTreeMap::new();
        for file in &rendering.files {
            let before = file.before.as_deref().unwrap_or_default();
            let line = file
                .after
                .iter()
                .zip(before)
                .take_while(|(a, b)| a == b)
                .filter(|(a, _)| **a == b'\n')
                .count()
                + 1;
            match editor::edit(&file.path, &file.after, line, check)? {
                Some(text) => {
                    drop(edited.insert(file.path.clone(), EditedFile::new(file.before.as_deref(), text)))
                }
                None => {
                    self.state.note = "not edited".to_owned();
                    return Ok(());
                }
            }
        }
        self.state.set(&[n], &Decision::Edited(edited));
        self.state.note = "approved as edited".to_owned();
        self.save()
    }

    /// Opens the current proposal's file at its line.
    pub(crate) fn open_file(&mut self) -> Result<(), Failure> {
        let place = &self.state.proposals[self.state.current].place;
        let (line, _) = crate::output::position(self.outcome, place);
        editor::open(&self.outcome.project.source.root().join(&place.path), line as usize)
    }
}
