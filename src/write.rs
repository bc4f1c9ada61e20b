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
