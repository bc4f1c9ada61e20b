//! One entry of the journal: a folder with a list of files, and what each was and became.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use tuneup_python::source::regular;

use super::{FileChange, disk};
use crate::failure::Failure;

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
    /// Reads an entry; nothing where a folder is not, or no longer, one.
    pub(super) fn read(folder: &Path) -> Result<Option<Self>, Failure> {
        let list = folder.join(LIST);
        let text = match regular::read_to_string(&list) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(Failure::new(format!("{}: {error}", list.display()))),
        };
        let entry = serde_json::from_str(&text);
        entry.map(Some).map_err(|error| Failure::new(format!("{}: {error}", list.display())))
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

    /// Removes the entry: first its list, so that what is left of it counts as nothing.
    pub(super) fn forget(folder: &Path) -> io::Result<()> {
        disk::remove(&folder.join(LIST))?;
        disk::remove_tree(folder)
    }
}
