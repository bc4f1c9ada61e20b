//! Decisions, kept on the disk as they are made: leaving, a crash or another day lose none.
//!
//! A decision belongs to a proposal's id and to what was shown for it. Where that has changed since, it is asked
//! again.

use std::collections::BTreeMap;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tuneup_python::SourceText;
use tuneup_python::source::regular;
use tuneup_transforms::Proposal;

use crate::analysis::Outcome;
use crate::failure::Failure;
use crate::journal::make_own_folder;

/// What a person decided on a proposal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Decision {
    /// It shall be written.
    Approved,
    /// It shall not.
    Rejected,
    /// It shall be written as a person has edited it: the files, by path.
    Edited(BTreeMap<String, EditedFile>),
    /// A comment shall silence the rule there; the reason that stands in it.
    Silenced(String),
}

impl Decision {
    /// Whether something is written of the proposal.
    pub(crate) fn is_approval(&self) -> bool {
        matches!(self, Self::Approved | Self::Edited(_))
    }

    /// Whether the files that were edited are as they were then.
    fn still_fits(&self, outcome: &Outcome) -> bool {
        let Self::Edited(files) = self else { return true };
        files.iter().all(|(path, edited)| {
            let bytes = outcome.project.source.bytes(path).ok().flatten();
            hash([bytes.as_deref().unwrap_or_default()]) == edited.before
        })
    }
}

/// A file as a person has edited it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct EditedFile {
    /// Stands for the bytes that were edited.
    before: String,
    /// What shall be written.
    pub(crate) text: String,
}

impl EditedFile {
    /// What a file became, and what it was.
    pub(crate) fn new(before: Option<&[u8]>, text: String) -> Self {
        Self { before: hash([before.unwrap_or_default()]), text }
    }
}

/// A decision, and what it was made on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Kept {
    /// The decision.
    pub(crate) decision: Decision,
    /// Stands for what was shown.
    pub(crate) fingerprint: String,
}

/// A file of decisions: those of a review that goes on, or a plan to be applied.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Decisions {
    version: u32,
    decisions: BTreeMap<String, Kept>,
}

/// A number that changes with the texts, and stays over versions of this program.
fn hash<'a>(texts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in texts.into_iter().flat_map(|text| text.iter().copied().chain([0])) {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    format!("{hash:016x}")
}

/// One for each proposal. What they may not depend on is lines that moved; what they must is all that a person went
/// by.
pub(crate) fn fingerprints(outcome: &Outcome, proposals: &[&Proposal]) -> Vec<String> {
    let mut texts: BTreeMap<&str, Option<SourceText>> = BTreeMap::new();
    let mut fingerprints = Vec::with_capacity(proposals.len());
    for proposal in proposals {
        let places = || {
            std::iter::once(&proposal.place).chain(proposal.evidence.iter().map(|evidence| &evidence.place))
        };
        for place in places() {
            texts.entry(&place.path).or_insert_with(|| outcome.project.source.text_at(&place.path).ok());
        }
        let mut parts: Vec<&str> = vec![&proposal.title, &proposal.message, proposal.safety.as_str()];
        for place in places() {
            let text = texts.get(place.path.as_str()).and_then(Option::as_ref);
            let range = std::ops::Range::<usize>::from(place.range());
            parts.extend([&place.path, text.and_then(|text| text.text().get(range)).unwrap_or_default()]);
        }
        parts.extend(proposal.evidence.iter().map(|evidence| evidence.message.as_str()));
        fingerprints.push(hash(parts.into_iter().map(str::as_bytes)));
    }
    fingerprints
}

impl Decisions {
    /// The file in which a project's review is kept.
    pub(crate) fn path(root: &Path) -> PathBuf {
        root.join(crate::journal::FOLDER).join("review.json")
    }

    /// No decisions yet.
    pub(crate) fn none() -> Self {
        Self { version: 1, ..Self::default() }
    }

    /// Reads a file; none is no decisions.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let failure = |error: &dyn std::fmt::Display| Failure::new(format!("{}: {error}", path.display()));
        match regular::read_to_string(path) {
            Ok(text) => {
                let read: Self = serde_json::from_str(&text).map_err(|error| failure(&error))?;
                match read.version {
                    1 => Ok(read),
                    other => {
                        Err(failure(&format!("version {other} is not known; this tuneup writes version 1")))
                    }
                }
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Self::none()),
            Err(error) => Err(failure(&error)),
        }
    }

    /// Writes a project's review at once, so that a crash leaves the old or the new file.
    pub(crate) fn save(&self, root: &Path) -> Result<(), Failure> {
        make_own_folder(root)?;
        self.export(&Self::path(root))
    }

    /// Writes a plan at once.
    pub(crate) fn export(&self, path: &Path) -> Result<(), Failure> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let write = || {
            // One write: this happens at every key that decides.
            let mut text = serde_json::to_vec_pretty(self)?;
            text.push(b'\n');
            let mut new = tempfile::NamedTempFile::new_in(folder)?;
            new.write_all(&text)?;
            new.persist(path).map_err(|error| error.error)
        };
        write().map(drop).map_err(|error| Failure::new(format!("{}: {error}", path.display())))
    }

    /// The decision on a proposal, where it is what it was.
    pub(crate) fn of(&self, outcome: &Outcome, id: &str, fingerprint: &str) -> Option<Decision> {
        let kept = self.decisions.get(id)?;
        let holds = kept.fingerprint == fingerprint && kept.decision.still_fits(outcome);
        holds.then(|| kept.decision.clone())
    }

    /// Keeps a decision, or forgets it.
    pub(crate) fn set(&mut self, id: &str, fingerprint: &str, decision: Option<&Decision>) {
        match decision {
            Some(decision) => {
                let kept = Kept { decision: decision.clone(), fingerprint: fingerprint.to_owned() };
                self.decisions.insert(id.to_owned(), kept);
            }
            None => drop(self.decisions.remove(id)),
        }
    }

    /// The approved alone, as a plan.
    pub(crate) fn plan(&self) -> Self {
        let approved = self.decisions.iter().filter(|(_, kept)| kept.decision.is_approval());
        Self { version: 1, decisions: approved.map(|(id, kept)| (id.clone(), kept.clone())).collect() }
    }

    /// The approved proposals of a plan. What is gone or was changed since is refused, by name.
    pub(crate) fn approved<'a>(
        &self,
        outcome: &'a Outcome,
    ) -> Result<Vec<(&'a Proposal, Decision)>, Failure> {
        let (mut approved, mut refused) = (Vec::new(), Vec::new());
        for (id, kept) in self.decisions.iter().filter(|(_, kept)| kept.decision.is_approval()) {
            let Some(proposal) = outcome.proposals.iter().find(|proposal| proposal.id == *id) else {
                refused.push(format!("  {id}: is not proposed any more"));
                continue;
            };
            let is_same = fingerprints(outcome, &[proposal])[..] == [kept.fingerprint.as_str()];
            if is_same && kept.decision.still_fits(outcome) {
                approved.push((proposal, kept.decision.clone()));
            } else {
                refused.push(format!("  {id}: is not what was approved"));
            }
        }
        if refused.is_empty() {
            return Ok(approved);
        }
        Err(Failure::new(format!(
            "the plan does not match the project; nothing was written:\n{}",
            refused.join("\n")
        )))
    }
}
