//! Text, made of exactly the approved proposals.
//!
//! What they ask of one query is united before a letter is written, so the result is the same in whatever order
//! they were approved, and any of them can be left out. Every file is checked before it counts: it parses, its
//! comments are those it had, and nothing outside the edits has changed. A proposal that fails is withheld whole,
//! and the rest is rendered without it.

mod cycles;
mod file;
mod implied;
mod indexes;
mod keys;
mod load;
mod names;
mod plan;
mod queries;
mod requirements;
mod routes;
mod settings;
#[cfg(test)]
mod tests;
mod work;

use std::collections::BTreeMap;

use rayon::prelude::*;
use tuneup_django::Project;
use tuneup_python::SourceText;
use tuneup_python::edit::{Layout, Prepared, Refusal, guarded};

use self::file::Kept;
use crate::proposal::{Change, Proposal, Safety};
pub(crate) use settings::plain as setting_text;

/// What the approved proposals come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rendering {
    /// The files that change, sorted by path.
    pub files: Vec<RenderedFile>,
    /// The ids of the proposals that could not be written, sorted, each with the reason.
    pub withheld: Vec<(String, String)>,
}

/// A file that changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenderedFile {
    /// Relative to the root, with `/`.
    pub path: String,
    /// Its bytes as read; none for a file that is made.
    pub before: Option<Vec<u8>>,
    /// Its bytes to write.
    pub after: Vec<u8>,
    /// The edits between the two: first byte, byte after the last, and the new text. Bytes count in the file as
    /// read.
    pub edits: Vec<(usize, usize, String)>,
    /// The ids of the proposals that something of it is for, sorted.
    pub asked_by: Vec<String>,
}

/// Where files are read from.
pub trait Files: Sync {
    /// The project they are of; none where files are all there is.
    fn project(&self) -> Option<&Project>;

    /// The text of a Python file, by its path from the root. An error, for a person, if it cannot be had.
    fn text(&self, path: &str) -> Result<SourceText, String>;

    /// The bytes of any file, by its path from the root; none where there is no such file.
    fn bytes(&self, path: &str) -> Result<Option<Vec<u8>>, String>;

    /// How the file's project lays out its Python.
    fn layout(&self, path: &str) -> Layout;

    /// The dotted name of the module that a file is, and whether it is a package's `__init__`.
    fn module(&self, path: &str) -> Option<(String, bool)>;

    /// Whether a top-level package or module is the project's own.
    fn is_first_party(&self, top: &str) -> bool;

    /// Whether to import a module may lead to the import of the file at `path`.
    fn may_lead_back(&self, module: &str, path: &str) -> bool;
}

impl Files for Project {
    fn project(&self) -> Option<&Project> {
        Some(self)
    }

    fn text(&self, path: &str) -> Result<SourceText, String> {
        let file =
            self.source.file_at(path).ok_or_else(|| "no such Python file in the project".to_owned())?;
        self.source.source(file).map_err(|problem| problem.message)
    }

    fn bytes(&self, path: &str) -> Result<Option<Vec<u8>>, String> {
        self.source.bytes(path).map_err(|problem| problem.message)
    }

    fn layout(&self, path: &str) -> Layout {
        Layout::of_file(&self.source, path)
    }

    fn module(&self, path: &str) -> Option<(String, bool)> {
        let file = self.source.file(self.source.file_at(path)?);
        Some((file.module.as_str().to_owned(), file.is_package))
    }

    fn is_first_party(&self, top: &str) -> bool {
        let below = |module: &str| {
            module.strip_prefix(top).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        self.source.files().iter().any(|file| below(file.module.as_str()))
    }

    fn may_lead_back(&self, module: &str, path: &str) -> bool {
        match self.source.file_at(path) {
            Some(file) => cycles::may_lead_to(&self.source, module, file),
            None => true,
        }
    }
}

/// Makes advice of the proposals that cannot be written even alone: nobody is to approve what then is not there. Why it
/// cannot is said where the reasons are.
pub fn settle(files: &dyn Files, proposals: &mut [Proposal]) {
    // The rules of queries have looked at the expression that they extend. Indexes and settings go into places that
    // a rule knows by what they mean, and not by how they are written.
    let is_by_meaning = |change: &Change| !matches!(change, Change::ExtendPlan { .. });
    let all: Vec<&Proposal> =
        proposals.iter().filter(|proposal| proposal.changes.iter().any(is_by_meaning)).collect();
    let mut refused: BTreeMap<String, String> = BTreeMap::new();
    for (id, _) in render(files, &all).withheld {
        let Some(proposal) = all.iter().find(|proposal| proposal.id == id) else { continue };
        refused.extend(render(files, &[proposal]).withheld);
    }
    for proposal in proposals {
        if let Some(reason) = refused.get(&proposal.id) {
            proposal.safety = Safety::Advice;
            proposal.changes.clear();
            proposal.message.push_str(&format!(" It is not written for you: {reason}."));
        }
    }
}

/// Makes text of the approved proposals, in whatever order they come.
pub fn render(files: &dyn Files, approved: &[&Proposal]) -> Rendering {
    render_with(files, approved, None)
}

/// What each proposal comes to by itself, handed on at once and given in the order of the proposals. What is read off a
/// file is read once for all that are about it.
pub fn render_each<'a, T: Send>(
    files: &dyn Files,
    proposals: &[&'a Proposal],
    then: impl Fn(&'a Proposal, Rendering) -> T + Sync,
) -> Vec<T> {
    let mut by_path: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (at, proposal) in proposals.iter().enumerate() {
        by_path.entry(&proposal.place.path).or_default().push(at);
    }
    let by_path: Vec<(&str, Vec<usize>)> = by_path.into_iter().collect();
    let groups = by_path.par_iter().map(|(path, group)| {
        let all = |kept: Option<&Kept<'_>>| -> Vec<(usize, T)> {
            let one = |&at: &usize| (at, then(proposals[at], render_with(files, &[proposals[at]], kept)));
            group.par_iter().map(one).collect()
        };
        match group.iter().filter(|&&at| !proposals[at].changes.is_empty()).count() {
            0 | 1 => all(None),
            _ => with_kept(files, path, &all),
        }
    });
    let mut done: Vec<(usize, T)> = groups.flatten().collect();
    done.sort_unstable_by_key(|(at, _)| *at);
    done.into_iter().map(|(_, it)| it).collect()
}

/// Does some work with what renderings need of a Python file; without where it cannot be had, which each then says.
fn with_kept<T>(files: &dyn Files, path: &str, work: &dyn Fn(Option<&Kept<'_>>) -> T) -> T {
    let done = files.text(path).map_err(Refusal).and_then(|source| {
        guarded(|| {
            let prepared = Prepared::of(source.text(), &files.layout(path))?;
            Ok(work(Some(&Kept { path, source: &source, prepared: &prepared })))
        })
    });
    done.unwrap_or_else(|_| work(None))
}

fn render_with(files: &dyn Files, approved: &[&Proposal], kept: Option<&Kept<'_>>) -> Rendering {
    let mut approved = approved.to_vec();
    approved.sort_by(|a, b| a.id.cmp(&b.id));
    approved.dedup_by(|a, b| a.id == b.id);
    let mut withheld: BTreeMap<&str, String> = BTreeMap::new();
    loop {
        let is_active = |proposal: &&Proposal| !withheld.contains_key(proposal.id.as_str());
        let active: Vec<&Proposal> = approved.iter().copied().filter(is_active).collect();
        let work = work::gather(files, &active);
        let mut rendered = Vec::new();
        let mut failures = work.failures;
        let results: Vec<_> =
            work.files.par_iter().map(|(path, pieces)| file::render(files, path, pieces, kept)).collect();
        for (result, pieces) in results.into_iter().zip(work.files.values()) {
            match result {
                Ok(mut file) => {
                    file.asked_by =
                        pieces.iter().flat_map(|piece| &piece.asked_by).map(|id| (*id).to_owned()).collect();
                    file.asked_by.sort();
                    file.asked_by.dedup();
                    rendered.push(file);
                }
                Err(failed) => failures.extend(failed),
            }
        }
        // A proposal is written in all of its files or in none, so what failed is taken out of the others too.
        if failures.is_empty() {
            let is_change = |file: &RenderedFile| file.before.as_ref() != Some(&file.after);
            let files = rendered.into_iter().filter(is_change).collect();
            let withheld = withheld.into_iter().map(|(id, reason)| (id.to_owned(), reason)).collect();
            return Rendering { files, withheld };
        }
        for (id, reason) in failures {
            withheld.entry(id).or_insert(reason);
        }
    }
}
