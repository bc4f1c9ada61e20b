//! From rendered files to the journal.

use std::path::{Path, PathBuf};

use tuneup_transforms::render::RenderedFile;

use crate::failure::Failure;
use crate::journal::{FileChange, Journal, Purpose};

/// Writes all files, or none. The number by which it can be taken back; none where there was nothing to write.
pub(crate) fn write_all(
    root: &Path,
    command: &str,
    proposals: Vec<String>,
    files: &[RenderedFile],
) -> Result<Option<u32>, Failure> {
    if files.is_empty() {
        return Ok(None);
    }
    let root = folder(root);
    let (journal, _) = Journal::open(&root)?;
    let change = |file: &RenderedFile| FileChange {
        path: file.path.clone(),
        before: file.before.clone(),
        after: Some(file.after.clone()),
    };
    let files: Vec<FileChange> = files.iter().map(change).collect();
    let purpose = Purpose { command: command.to_owned(), proposals, undoes: None };
    journal.write(&purpose, &files).map(Some)
}

/// Puts files back as they were before an entry of the journal, whatever has become of them since.
pub(crate) fn put_back(
    root: &Path,
    number: u32,
    proposals: Vec<String>,
    files: &[RenderedFile],
) -> Result<(), Failure> {
    let (journal, _) = Journal::open(root)?;
    let mut changes = Vec::new();
    for file in files {
        let now = journal.current(&file.path)?;
        if now != file.before {
            changes.push(FileChange { path: file.path.clone(), before: now, after: file.before.clone() });
        }
    }
    let purpose = Purpose { command: "undo".to_owned(), proposals, undoes: Some(number) };
    journal.write(&purpose, &changes).map(drop)
}

/// The folder that paths are relative to, where the root may be a single file.
pub(crate) fn folder(root: &Path) -> PathBuf {
    if root.is_file() {
        match root.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
            _ => PathBuf::from("."),
        }
    } else {
        root.to_owned()
    }
}
