//! One entry of the journal: a folder with a list of files, and what each was and became.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{FileChange, disk, own};
use crate::failure::Failure;
use crate::output::shown;

/// The list of an entry's files.
const LIST: &str = "entry.json";

/// Files that were written together.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Entry {
    /// Counts from 1.
    pub(crate) number: u32,
    /// Seconds since 1970, UTC.
    pub(crate) time: u64,
    /// The command that wrote.
    pub(crate) command: String,
    /// The ids of the proposals that were written.
    pub(crate) proposals: Vec<String>,
    /// The entry that this one took back.
    pub(crate) undoes: Option<u32>,
    /// The files.
    pub(crate) files: Vec<EntryFile>,
    /// Folders that were made, outermost first.
    pub(crate) folders: Vec<String>,
}

/// One file of an entry.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct EntryFile {
    /// As the project names it, relative to the root.
    pub(crate) path: String,
    /// With links followed.
    pub(super) target: String,
    /// The copy of what it was; none for a file that was made.
    pub(super) before: Option<String>,
    /// The copy of what it became; none for a file that was removed.
    pub(super) after: Option<String>,
}

impl EntryFile {
    /// The copy that is moved into place.
    pub(super) fn staged(&self) -> String {
        format!("{}.new", self.after.as_deref().unwrap_or_default())
    }
}

impl Entry {
    /// Reads the entry of a number; nothing where a folder is none.
    pub(super) fn read(folder: &Path, number: u32) -> Result<Option<Self>, Failure> {
        let list = folder.join(LIST);
        let text = match own::read(&list) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Failure::new(format!("{}: {error}", list.display()))),
        };
        let entry: Self = serde_json::from_slice(&text)
            .map_err(|error| Failure::new(format!("{}: {error}", list.display())))?;
        match entry.damage(number) {
            Some(reason) => Err(Self::damaged(folder, reason)),
            None => Ok(Some(entry)),
        }
    }

    /// Whether a folder has an entry in it.
    pub(super) fn is_in(folder: &Path) -> bool {
        fs::symlink_metadata(folder.join(LIST)).is_ok()
    }

    /// Says that a folder's entry cannot be what the program wrote, and why.
    pub(super) fn damaged(folder: &Path, reason: impl std::fmt::Display) -> Failure {
        Failure::new(format!("{}: damaged: {reason}", folder.join(LIST).display()))
    }

    /// What shows that an entry was not written so by the program: anyone may have put it where it is, and what it
    /// names is written and removed.
    fn damage(&self, number: u32) -> Option<String> {
        if self.number != number {
            return Some(format!("its number is {}", self.number));
        }
        if let Some(undone) = self.undoes.filter(|undone| *undone >= number) {
            return Some(format!("it takes back {undone}, which is not before it"));
        }
        let paths = self.files.iter().flat_map(|file| [&file.path, &file.target]).chain(&self.folders);
        if let Some(path) = paths.into_iter().find(|path| !is_below(path)) {
            return Some(format!("{}: leads out of the project", shown(path)));
        }
        let mut copies = self.files.iter().flat_map(|file| [&file.before, &file.after]).flatten();
        let copy =
            copies.find(|name| Path::new(name).file_name().is_none_or(|last| last != name.as_str()))?;
        Some(format!("{}: not a file of the entry's own", shown(copy)))
    }

    /// Writes the entry and all copies into a new folder. Afterwards nothing is left to write but names, so that a
    /// full disk stops the program here, before any file of the project is touched.
    pub(super) fn lay_down(
        &self,
        folder: &Path,
        files: &[FileChange],
        targets: &[PathBuf],
    ) -> io::Result<()> {
        disk::make_folder(folder)?;
        for ((record, file), target) in self.files.iter().zip(files).zip(targets) {
            let permissions = fs::metadata(target).ok().map(|data| data.permissions());
            if let (Some(name), Some(bytes)) = (&record.before, &file.before) {
                disk::write(&folder.join(name), bytes, permissions.clone())?;
            }
            if let (Some(name), Some(bytes)) = (&record.after, &file.after) {
                disk::write(&folder.join(name), bytes, None)?;
                disk::write(&folder.join(record.staged()), bytes, permissions)?;
            }
        }
        disk::write(&folder.join(LIST), serde_json::to_string_pretty(self)?.as_bytes(), None)?;
        disk::sync_folder(folder);
        Ok(())
    }

    /// Removes the entry: first its name, so that what is left of it counts as nothing.
    pub(super) fn forget(&self, folder: &Path) -> io::Result<()> {
        let forgotten = folder.with_file_name(own::unfinished(self.number));
        disk::rename(folder, &forgotten)?;
        disk::remove_tree(&forgotten)
    }
}

/// Whether a path goes down from where it begins, and nowhere else.
pub(super) fn is_below(path: &str) -> bool {
    let mut parts = Path::new(path).components().peekable();
    parts.peek().is_some() && parts.all(|part| matches!(part, Component::Normal(_)))
}
