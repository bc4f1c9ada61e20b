//! What the approved proposals ask of each file, united before a letter is written.
//!
//! Each kind of change has a module with a `gather` that adds its pieces here: what several proposals ask of one
//! query, setting or index becomes one piece, in an order that does not depend on the order of approval.

use std::collections::BTreeMap;

use tuneup_python::edit::{Edit, Refusal, Target};

use super::names::Names;
use super::{Files, indexes, keys, queries, requirements, routes, settings};
use crate::proposal::{Change, Proposal};

/// Ids of proposals that cannot be written, with the reasons.
pub(super) type Failures<'a> = Vec<(&'a str, String)>;

/// The edits of a Python file for one piece: groups that stand or fall together.
pub(super) type PythonEdits<'a> =
    Box<dyn Fn(&Target, &mut Names) -> Result<Vec<Vec<Edit>>, Refusal> + Send + Sync + 'a>;

/// What a text becomes, or why it cannot.
pub(super) type NewText<'a> = Box<dyn Fn(&str) -> Result<String, String> + Send + Sync + 'a>;

/// What is done to a file.
pub(super) enum Job<'a> {
    /// Edits of a Python file, laid out and checked with those of all its other pieces.
    Python(PythonEdits<'a>),
    /// A change of a file that is not Python, made to the text that earlier pieces left. UTF-8 alone.
    Text(NewText<'a>),
    /// A file that is made, with its whole text.
    New(String),
}

/// One job, and the proposals that ask for it.
pub(super) struct Piece<'a> {
    pub(super) job: Job<'a>,
    pub(super) asked_by: Vec<&'a str>,
}

/// All pieces, by the path of their file from the root.
#[derive(Default)]
pub(super) struct Work<'a> {
    pub(super) files: BTreeMap<String, Vec<Piece<'a>>>,
    pub(super) failures: Failures<'a>,
}

impl<'a> Work<'a> {
    /// Adds a piece to those of a file.
    pub(super) fn add(&mut self, path: &str, asked_by: Vec<&'a str>, job: Job<'a>) {
        self.files.entry(path.to_owned()).or_default().push(Piece { job, asked_by });
    }
}

/// The work of the active proposals, which are sorted by id.
pub(super) fn gather<'a>(files: &'a dyn Files, active: &[&'a Proposal]) -> Work<'a> {
    let mut work = Work::default();
    queries::gather(active, &mut work);
    keys::gather(active, &mut work);
    indexes::gather(files, active, &mut work);
    settings::gather(files, active, &mut work);
    requirements::gather(files, active, &mut work);
    routes::gather(files, active, &mut work);
    for proposal in active {
        for change in &proposal.changes {
            if let Change::CreateFile { path, content } = change {
                work.add(path, vec![&proposal.id], Job::New(content.clone()));
            }
        }
    }
    work
}
