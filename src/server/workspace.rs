//! A folder of the workspace, and what was last found in it.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use tuneup_transforms::{Place, Proposal};

use super::documents::{Document, Documents, Moved};
use super::positions::{Encoding, Lines, Range};
use super::uri::{path_of, uri_of};
use crate::analysis::{Outcome, analyse};
use crate::arguments::ProjectArguments;
use crate::failure::Failure;

/// What was found in a folder, and the texts in which it was.
pub(super) struct Analysis {
    pub(super) outcome: Outcome,
    texts: BTreeMap<String, String>,
}

impl Analysis {
    /// Analyses a folder as it is on the disk.
    pub(super) fn of(folder: &Path, config: &[String]) -> Result<Self, Failure> {
        let arguments = ProjectArguments {
            config: config.to_vec(),
            quiet: true,
            ..ProjectArguments::of(folder.to_owned())
        };
        let outcome = analyse(&arguments)?;
        let mut texts = BTreeMap::new();
        for proposal in &outcome.proposals {
            for place in places(proposal) {
                if !texts.contains_key(&place.path)
                    && let Ok(text) = outcome.project.source.text_at(&place.path)
                {
                    texts.insert(place.path.clone(), text.text().to_owned());
                }
            }
        }
        Ok(Self { outcome, texts })
    }

    /// The proposal of an id.
    pub(super) fn proposal(&self, id: &str) -> Option<&Proposal> {
        self.outcome.proposals.iter().find(|proposal| proposal.id == id)
    }
}

/// Where a proposal is about, and what proves it.
fn places(proposal: &Proposal) -> impl Iterator<Item = &Place> {
    std::iter::once(&proposal.place).chain(proposal.evidence.iter().map(|evidence| &evidence.place))
}

/// A folder of the workspace.
pub(super) struct Workspace {
    /// As the editor writes it.
    pub(super) uri: String,
    /// As the editor names it.
    pub(super) given: PathBuf,
    /// With links followed.
    real: PathBuf,
    /// What was last found.
    pub(super) analysis: Option<Analysis>,
    /// The documents that have diagnostics.
    pub(super) published: BTreeSet<String>,
    /// Whether it is being analysed.
    pub(super) is_running: bool,
    /// Whether something changed since that began.
    pub(super) is_stale: bool,
    /// The token of the progress that is shown.
    pub(super) progress: Option<String>,
}

impl Workspace {
    /// The workspace of a folder; none of what is no folder on this machine.
    pub(super) fn of(uri: &str) -> Option<Self> {
        let given = path_of(uri)?;
        let real = given.canonicalize().ok()?;
        Some(Self {
            uri: uri.to_owned(),
            given,
            real,
            analysis: None,
            published: BTreeSet::new(),
            is_running: false,
            is_stale: false,
            progress: None,
        })
    }

    /// The path of a document from the root.
    pub(super) fn relative(&self, uri: &str) -> Option<String> {
        let path = path_of(uri)?;
        let below = path.strip_prefix(&self.given).or_else(|_| path.strip_prefix(&self.real));
        let below = match below {
            Ok(below) => below.to_owned(),
            Err(_) => path.canonicalize().ok()?.strip_prefix(&self.real).ok()?.to_owned(),
        };
        Some(below.to_str()?.replace('\\', "/"))
    }

    /// The open document of a path from the root.
    pub(super) fn document<'a>(&self, documents: &'a Documents, path: &str) -> Option<&'a Document> {
        documents.at(&[self.given.join(path), self.real.join(path)])
    }

    /// The name of a file, as the editor writes it where it is open.
    pub(super) fn uri_of(&self, documents: &Documents, path: &str) -> String {
        let open = self.document(documents, path).map(|document| document.uri.clone());
        open.unwrap_or_else(|| uri_of(&self.given.join(path)))
    }
}

/// Positions in the files of an analysis, as they are shown in the editor now.
pub(super) struct View<'a> {
    workspace: &'a Workspace,
    documents: &'a Documents,
    encoding: Encoding,
    files: BTreeMap<&'a str, File<'a>>,
}

/// A file of an analysis. Few of them are looked at in one view.
struct File<'a> {
    text: &'a str,
    lines: OnceCell<(Lines<'a>, Option<Moved>)>,
}

impl<'a> View<'a> {
    /// The view of a workspace's last analysis.
    pub(super) fn new(
        workspace: &'a Workspace,
        analysis: &'a Analysis,
        documents: &'a Documents,
        encoding: Encoding,
    ) -> Self {
        let file =
            |(path, text): (&'a String, &'a String)| (path.as_str(), File { text, lines: OnceCell::new() });
        let files = analysis.texts.iter().map(file).collect();
        Self { workspace, documents, encoding, files }
    }

    /// The lines of a file as it was analysed, and where they are now.
    fn lines(&self, path: &str) -> Option<&(Lines<'a>, Option<Moved>)> {
        let file = self.files.get(path)?;
        Some(file.lines.get_or_init(|| {
            let document = self.workspace.document(self.documents, path);
            let moved = document.and_then(|document| Moved::between(file.text, &document.text));
            (Lines::new(file.text), moved)
        }))
    }

    /// Where a place is shown; nothing where it was edited since.
    pub(super) fn range(&self, place: &Place) -> Option<Range> {
        let (lines, moved) = self.lines(&place.path)?;
        let range = lines.range(place.range().into(), self.encoding);
        match moved {
            Some(moved) => moved.range(range),
            None => Some(range),
        }
    }

    /// The same, cut at the end of its first line.
    pub(super) fn first_line(&self, place: &Place) -> Option<Range> {
        let range = self.range(place)?;
        if range.start.line == range.end.line {
            return Some(range);
        }
        let (lines, _) = self.lines(&place.path)?;
        let end = lines.line_end(usize::from(place.start));
        let first = lines.range(usize::from(place.start)..end, self.encoding);
        let width = first.end.character - first.start.character;
        let mut cut = range;
        cut.end = cut.start;
        cut.end.character += width;
        Some(cut)
    }

    /// The name of a place's file.
    pub(super) fn uri(&self, path: &str) -> String {
        self.workspace.uri_of(self.documents, path)
    }

    /// The version of a file, where it is open.
    pub(super) fn version(&self, path: &str) -> Option<i32> {
        self.workspace.document(self.documents, path).map(|document| document.version)
    }
}
