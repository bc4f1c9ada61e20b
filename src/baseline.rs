//! What was proposed on the day that a project began to use the tool. Checks fail only on what is new since.
//!
//! A baseline only shrinks: what is not proposed any more is reported, and dropped by `--update`.

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tuneup_python::source::regular;
use tuneup_transforms::Proposal;

use crate::analysis::Outcome;
use crate::counted;
use crate::failure::Failure;
use crate::write::folder;

/// The file, in the project's folder.
pub(crate) const FILE: &str = "tuneup-baseline.json";

/// The proposals that were known, by id.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Baseline {
    version: u32,
    proposals: BTreeSet<String>,
}

impl Baseline {
    fn path(root: &Path) -> PathBuf {
        folder(root).join(FILE)
    }

    /// The baseline of a project, if it has one.
    pub(crate) fn read(root: &Path) -> Result<Option<Self>, Failure> {
        let path = Self::path(root);
        let failure = |error: String| Failure::new(format!("{}: {error}", path.display()));
        let text = match regular::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failure(error.to_string())),
        };
        let read: Self = serde_json::from_str(&text).map_err(|error| failure(error.to_string()))?;
        if read.version != 1 {
            return Err(failure(format!(
                "version {} is not known; this tuneup writes version 1",
                read.version
            )));
        }
        Ok(Some(read))
    }

    fn save(&self, root: &Path) -> Result<(), Failure> {
        let path = Self::path(root);
        let write = || {
            let mut file = tempfile::NamedTempFile::new_in(folder(root))?;
            serde_json::to_writer_pretty(&mut file, self)?;
            std::io::Write::write_all(&mut file, b"\n")?;
            file.persist(&path).map_err(|error| error.error)
        };
        write().map(drop).map_err(|error| Failure::new(format!("{}: {error}", path.display())))
    }

    /// Takes out what was known. Those of it that are not proposed any more, where that can be told: where all rules
    /// were asked about the whole project.
    pub(crate) fn filter(&self, outcome: &mut Outcome, root: &Path) -> Vec<String> {
        let proposed: BTreeSet<&str> =
            outcome.proposals.iter().map(|proposal| proposal.id.as_str()).collect();
        let stale: Vec<String> = if root.is_dir() && outcome.problems.is_empty() {
            let is_asked =
                |id: &str| id.split(':').next().is_some_and(|rule| outcome.config.is_selected(rule));
            let gone = self.proposals.iter().filter(|id| is_asked(id) && !proposed.contains(id.as_str()));
            gone.cloned().collect()
        } else {
            Vec::new()
        };
        outcome.proposals.retain(|proposal| !self.proposals.contains(&proposal.id));
        stale
    }
}

/// Writes the baseline of a project, or with `update` drops what is not proposed any more. What to tell the user.
pub(crate) fn write(root: &Path, outcome: &mut Outcome, update: bool) -> Result<String, Failure> {
    let known = Baseline::read(root)?;
    let Some(mut known) = known else {
        if update {
            return Err(Failure::new(format!("there is no {FILE} yet; `tuneup baseline` writes it")));
        }
        let ids = outcome.proposals.iter().map(|proposal: &Proposal| proposal.id.clone());
        let baseline = Baseline { version: 1, proposals: ids.collect() };
        baseline.save(root)?;
        let count = counted(baseline.proposals.len(), "proposal");
        return Ok(format!("wrote {FILE}: {count}; `tuneup check` reports only what is new from now on"));
    };
    if !update {
        return Err(Failure::new(format!(
            "{FILE} is there already, and only shrinks: `--update` drops what is not proposed any more"
        )));
    }
    let stale = known.filter(outcome, root);
    known.proposals.retain(|id| !stale.contains(id));
    known.save(root)?;
    let (dropped, left) = (counted(stale.len(), "entry").replace("entrys", "entries"), known.proposals.len());
    let mut report = format!("dropped {dropped} from {FILE}; {left} left");
    if let new @ 1.. = outcome.proposals.len() {
        report.push_str(&format!("; {} not in it", counted(new, "proposal")));
    }
    Ok(report)
}
