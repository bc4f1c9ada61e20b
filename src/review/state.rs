//! What the screen is about: the proposals in their order, what was decided, where the cursor is, and what each key
//! does. Knows no terminal.

use tuneup_transforms::{Proposal, Safety};

use super::decisions::Decision;

/// How many times in a row a rule must be approved before the rest of it is offered.
const PATIENCE: usize = 3;

/// What a key asks of the world outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Nothing.
    None,
    /// Keep the decisions.
    Save,
    /// Leave, with nothing written.
    Leave,
    /// Make ready what would be written, and show it: [`Mode::Confirm`].
    Prepare,
    /// Write what was approved, and leave.
    Write,
    /// Open the file at the proposal's line.
    Open,
    /// Edit what the proposal would write.
    Edit,
}

/// What the keys are for at the moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// Deciding.
    Decide,
    /// Typing what to search for.
    Search(String),
    /// Typing why the rule is silenced here.
    Reason(String),
    /// Reading the help, from a line on.
    Help(usize),
    /// Asked whether to write; with what that comes to.
    Confirm(Vec<String>),
}

/// A key, as far as the review knows keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Key {
    Char(char),
    Up,
    Down,
    PageUp,
    PageDown,
    Tab,
    Enter,
    Escape,
    Backspace,
}

/// One line of the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Row<'a> {
    /// A rule.
    Rule(&'a str),
    /// A file within a rule.
    File(&'a str, &'a str),
    /// A proposal, by its index.
    Proposal(usize),
}

/// The review.
pub(crate) struct State<'a> {
    /// What there is to decide on, by rule and file.
    pub(crate) proposals: Vec<&'a Proposal>,
    /// The tree's lines.
    pub(crate) rows: Vec<Row<'a>>,
    /// What was decided.
    pub(crate) decisions: Vec<Option<Decision>>,
    /// The proposal that is shown.
    pub(crate) current: usize,
    /// The first line of it that is shown.
    pub(crate) scroll: usize,
    /// Whether diffs stand side by side, where the width allows.
    pub(crate) side_by_side: bool,
    /// What the keys are for.
    pub(crate) mode: Mode,
    /// What was last searched for.
    pub(crate) wanted: String,
    /// Whether the last key was about a search, so that `n` is its next and not a no.
    searching: bool,
    /// A line for the user.
    pub(crate) note: String,
    /// Decisions to take back, each with what was before.
    undo: Vec<Vec<(usize, Option<Decision>)>>,
    /// How many times in a row a safe proposal of one rule was approved by itself.
    streak: usize,
}

impl<'a> State<'a> {
    /// A review of proposals with changes, some of which may be decided on.
    pub(crate) fn new(proposals: Vec<&'a Proposal>, decisions: Vec<Option<Decision>>) -> Self {
        let mut rows = Vec::new();
        let mut last: Option<&Proposal> = None;
        for (n, proposal) in proposals.iter().enumerate() {
            let new_rule = last.is_none_or(|last| last.rule != proposal.rule);
            if new_rule {
                rows.push(Row::Rule(proposal.rule));
            }
            if new_rule || last.is_none_or(|last| last.place.path != proposal.place.path) {
                rows.push(Row::File(proposal.rule, &proposal.place.path));
            }
            rows.push(Row::Proposal(n));
            last = Some(proposal);
        }
        let current = decisions.iter().position(Option::is_none).unwrap_or(0);
        let note = match decisions.iter().flatten().count() {
            0 => String::new(),
            kept => format!("{kept} decided before; --fresh starts over"),
        };
        Self {
            proposals,
            rows,
            decisions,
            current,
            scroll: 0,
            side_by_side: false,
            mode: Mode::Decide,
            wanted: String::new(),
            searching: false,
            note,
            undo: Vec::new(),
            streak: 0,
        }
    }

    /// The proposals that are approved.
    pub(crate) fn approved(&self) -> Vec<&'a Proposal> {
        let is_approved = |n: &usize| self.decisions[*n].as_ref().is_some_and(Decision::is_approval);
        (0..self.proposals.len()).filter(is_approved).map(|n| self.proposals[n]).collect()
    }

    /// The proposals that a comment with a reason silences.
    pub(crate) fn silenced(&self) -> Vec<&'a Proposal> {
        let is_silenced = |n: &usize| matches!(self.decisions[*n], Some(Decision::Silenced(_)));
        (0..self.proposals.len()).filter(is_silenced).map(|n| self.proposals[n]).collect()
    }

    /// How many are approved, rejected and open, of those that `of` holds for.
    pub(crate) fn counts(&self, of: impl Fn(&Proposal) -> bool) -> [usize; 3] {
        let mut counts = [0; 3];
        for (proposal, decision) in self.proposals.iter().zip(&self.decisions) {
            if of(proposal) {
                counts[match decision {
                    Some(decision) => usize::from(!decision.is_approval()),
                    None => 2,
                }] += 1;
            }
        }
        counts
    }

    /// Shows a proposal.
    pub(crate) fn go(&mut self, to: usize) {
        self.current = to.min(self.proposals.len().saturating_sub(1));
        self.scroll = 0;
    }

    /// Does what a key says. `page` is how many lines are in view, and `end` the last line that may come first.
    pub(crate) fn press(&mut self, key: Key, page: usize, end: usize) -> Effect {
        match std::mem::replace(&mut self.mode, Mode::Decide) {
            Mode::Decide => self.decide(key, page, end),
            Mode::Help(from) => match key {
                Key::Char(' ' | 'j') | Key::Down | Key::PageDown => self.become_mode(Mode::Help(from + 5)),
                Key::Char('b' | 'k') | Key::Up | Key::PageUp => {
                    self.become_mode(Mode::Help(from.saturating_sub(5)))
                }
                _ => Effect::None,
            },
            Mode::Search(text) => self.type_search(text, key),
            Mode::Reason(text) => self.type_reason(text, key),
            Mode::Confirm(_) => match key {
                Key::Char('y' | 'w') | Key::Enter => Effect::Write,
                _ => {
                    self.note = "nothing was written".to_owned();
                    Effect::None
                }
            },
        }
    }

    fn decide(&mut self, key: Key, page: usize, end: usize) -> Effect {
        self.note.clear();
        let searching = std::mem::take(&mut self.searching);
        let proposal = self.proposals[self.current];
        let (rule, path) = (proposal.rule, proposal.place.path.as_str());
        match key {
            Key::Char('y') => self.approve_one(),
            Key::Char('n') if searching => self.find_next(self.current + 1),
            Key::Char('n') => self.set(&[self.current], &Decision::Rejected),
            Key::Char('Y') => self.rest(|other| other.rule == rule, &Decision::Approved),
            Key::Char('N') => self.rest(|other| other.rule == rule, &Decision::Rejected),
            Key::Char('f') => self.rest(|other| other.place.path == path, &Decision::Approved),
            Key::Char('F') => self.rest(|other| other.place.path == path, &Decision::Rejected),
            Key::Char('u') => self.take_back(),
            Key::Char('j') | Key::Down => self.walk(self.current + 1),
            Key::Char('k') | Key::Up => self.walk(self.current.saturating_sub(1)),
            Key::Char('J') => self.walk(self.neighbour_file(true)),
            Key::Char('K') => self.walk(self.neighbour_file(false)),
            Key::Tab => match self.next_open() {
                Some(next) => self.walk(next),
                None => {
                    self.note = "all are decided".to_owned();
                    Effect::None
                }
            },
            Key::Char('g') => self.walk(0),
            Key::Char('G') => self.walk(usize::MAX),
            Key::Char('>') => self.find_next(self.current + 1),
            Key::Char(' ') | Key::PageDown => {
                self.scroll = (self.scroll + page.saturating_sub(2).max(1)).min(end);
                Effect::None
            }
            Key::Char('b') | Key::PageUp => {
                self.scroll = self.scroll.saturating_sub(page.saturating_sub(2).max(1));
                Effect::None
            }
            Key::Char('s') => {
                self.side_by_side = !self.side_by_side;
                self.scroll = 0;
                Effect::None
            }
            Key::Char('/') => self.become_mode(Mode::Search(String::new())),
            Key::Char('?') => self.become_mode(Mode::Help(0)),
            Key::Char('w') => {
                if self.has_something_to_write() {
                    return Effect::Prepare;
                }
                self.note = "nothing is approved yet: y approves".to_owned();
                Effect::None
            }
            Key::Char('i') => self.become_mode(Mode::Reason(String::new())),
            Key::Char('e') => Effect::Edit,
            Key::Char('o') => Effect::Open,
            Key::Char('q') => Effect::Leave,
            Key::Char(other) => {
                self.note = format!("`{other}` is no key here: ? lists them");
                Effect::None
            }
            Key::Enter | Key::Escape | Key::Backspace => Effect::None,
        }
    }

    fn become_mode(&mut self, mode: Mode) -> Effect {
        self.mode = mode;
        Effect::None
    }

    fn walk(&mut self, to: usize) -> Effect {
        self.go(to);
        Effect::None
    }

    fn approve_one(&mut self) -> Effect {
        let proposal = self.proposals[self.current];
        let streak = if proposal.safety == Safety::Safe { self.streak + 1 } else { 0 };
        let effect = self.set(&[self.current], &Decision::Approved);
        self.streak = streak;
        let rule = proposal.rule;
        let open = (0..self.proposals.len()).filter(|&n| {
            let other = self.proposals[n];
            other.rule == rule && other.safety == Safety::Safe && self.decisions[n].is_none()
        });
        let open = open.count();
        if streak >= PATIENCE && open > 0 && self.proposals[self.current].rule == rule {
            self.note = format!("Y approves the other {open} safe ones of {rule}");
        }
        effect
    }

    /// Decides on all that are open and that `of` holds for. What is not safe is never approved along with others.
    fn rest(&mut self, of: impl Fn(&Proposal) -> bool, decision: &Decision) -> Effect {
        let is_meant = |n: &usize| {
            let other = self.proposals[*n];
            let is_safe = other.safety == Safety::Safe || *decision == Decision::Rejected;
            of(other) && is_safe && (self.decisions[*n].is_none() || (*n == self.current))
        };
        let chosen: Vec<usize> = (0..self.proposals.len()).filter(is_meant).collect();
        let left = self
            .proposals
            .iter()
            .enumerate()
            .filter(|(n, other)| of(other) && self.decisions[*n].is_none() && !chosen.contains(n))
            .count();
        let effect = self.set(&chosen, decision);
        let word = if *decision == Decision::Approved { "approved" } else { "rejected" };
        self.note = format!("{word} {}; u takes it back", chosen.len());
        if left > 0 {
            self.note.push_str(&format!(". {left} unsafe left, to be looked at one by one"));
        }
        effect
    }

    /// Decides, and goes on to the next that is open.
    pub(crate) fn set(&mut self, which: &[usize], decision: &Decision) -> Effect {
        self.streak = 0;
        if which.is_empty() {
            return Effect::None;
        }
        self.undo.push(which.iter().map(|&n| (n, self.decisions[n].clone())).collect());
        for &n in which {
            self.decisions[n] = Some(decision.clone());
        }
        // On to the next that is open, from here to the end and then from the beginning.
        match self.next_open() {
            Some(next) => self.go(next),
            None => self.note = "all are decided: w writes what was approved, q leaves".to_owned(),
        }
        Effect::Save
    }

    fn next_open(&self) -> Option<usize> {
        let all = self.proposals.len();
        (1..=all).map(|step| (self.current + step) % all).find(|&n| self.decisions[n].is_none())
    }

    /// The first proposal of the next file of the tree, or of the last.
    fn neighbour_file(&self, forward: bool) -> usize {
        let key = |n: usize| (self.proposals[n].rule, &self.proposals[n].place.path);
        let is_first = |n: &usize| *n == 0 || key(*n) != key(*n - 1);
        let found = if forward {
            (self.current + 1..self.proposals.len()).find(is_first)
        } else {
            (0..self.current).rev().find(is_first)
        };
        found.unwrap_or(self.current)
    }

    /// Types a letter that was pasted; where nothing is typed, it counts for nothing.
    pub(crate) fn type_in(&mut self, c: char) {
        if let Mode::Search(text) | Mode::Reason(text) = &mut self.mode
            && !c.is_control()
        {
            text.push(c);
        }
    }

    fn take_back(&mut self) -> Effect {
        self.streak = 0;
        let Some(step) = self.undo.pop() else {
            self.note = "nothing to take back".to_owned();
            return Effect::None;
        };
        let first = step.first().map(|(n, _)| *n);
        for (n, before) in step {
            self.decisions[n] = before;
        }
        if let Some(first) = first {
            self.go(first);
        }
        Effect::Save
    }

    fn type_search(&mut self, mut text: String, key: Key) -> Effect {
        match key {
            Key::Enter => {
                self.wanted = text;
                return self.find_next(self.current);
            }
            Key::Escape => return Effect::None,
            Key::Backspace => drop(text.pop()),
            Key::Char(c) => text.push(c),
            _ => {}
        }
        self.become_mode(Mode::Search(text))
    }

    fn type_reason(&mut self, mut text: String, key: Key) -> Effect {
        match key {
            Key::Enter => return self.set(&[self.current], &Decision::Silenced(text)),
            Key::Escape => return Effect::None,
            Key::Backspace => drop(text.pop()),
            Key::Char(c) => text.push(c),
            _ => {}
        }
        self.become_mode(Mode::Reason(text))
    }

    fn has_something_to_write(&self) -> bool {
        self.decisions.iter().flatten().any(|decision| *decision != Decision::Rejected)
    }

    fn find_next(&mut self, from: usize) -> Effect {
        let wanted = self.wanted.to_lowercase();
        let all = self.proposals.len();
        let fits = |n: &usize| {
            let proposal = self.proposals[*n];
            let parts = [&proposal.id, &proposal.title, &proposal.place.path];
            parts.iter().any(|text| text.to_lowercase().contains(&wanted))
        };
        match (0..all).map(|step| (from + step) % all).find(fits) {
            Some(found) => {
                self.go(found);
                self.searching = true;
                self.note = format!("/{}: n finds the next, Escape ends the search", self.wanted);
            }
            None => self.note = format!("/{}: not found", self.wanted),
        }
        Effect::None
    }
}
