//! Puts files back after a write that was stopped half way.

use std::fs;
use std::path::Path;

use super::{DONE, Entry, Journal, at, disk};
use crate::failure::Failure;
use crate::merge::merge;

impl Journal {
    /// Puts back every entry that was stopped half way, and clears what was never finished laying down.
    pub(super) fn repair(&self) -> Result<Vec<String>, Failure> {
        let mut notes = Vec::new();
        for found in fs::read_dir(&self.folder).map_err(|error| at(&self.folder, &error))? {
            let path = found.map_err(|error| at(&self.folder, &error))?.path();
            let is_number = path
                .file_name()
                .and_then(|name| name.to_str())
                .is_some_and(|name| name.bytes().all(|byte| byte.is_ascii_digit()));
            // What was being laid down has another name, and its list may be half written.
            match if is_number { Entry::read(&path)? } else { None } {
                Some(_) if path.join(DONE).exists() => {}
                Some(entry) => {
                    notes.push(format!(
                        "{} was stopped half way; its {} were put back",
                        entry.command,
                        if entry.files.len() == 1 { "file" } else { "files" }
                    ));
                    let put_back = self.put_back(&entry).map_err(|failure| {
                        Failure::new(format!(
                            "{failure}; {} was stopped half way, and is put back by the next command once that is out of the way",
                            entry.command
                        ))
                    });
                    notes.extend(put_back?);
                }
                _ => disk::remove_tree(&path).map_err(|error| at(&path, &error))?,
            }
        }
        Ok(notes)
    }

    /// Puts the files of an entry back as they were, and forgets it. A file that a person has edited meanwhile keeps
    /// the edit; a note says where that could not be separated from what was written.
    pub(super) fn put_back(&self, entry: &Entry) -> Result<Vec<String>, Failure> {
        let folder = self.folder.join(entry.number.to_string());
        let mut notes = Vec::new();
        // Where even the mark was made, it goes first: half put back, the entry must not count as whole.
        let mark = folder.join(DONE);
        disk::remove(&mark).map_err(|error| at(&mark, &error))?;
        for file in &entry.files {
            let (before, after) = self.versions(entry, file)?;
            let now = self.current(&file.path)?;
            if now == before {
                continue;
            }
            let target = self.root.join(&file.target);
            let old = if now == after {
                before
            } else {
                let merged = match (&after, &now, &before) {
                    (Some(base), Some(ours), Some(theirs)) => merge(base, ours, theirs),
                    _ => None,
                };
                let Some(merged) = merged else {
                    let how = if now.is_none() { "removed" } else { "edited" };
                    notes.push(format!("{}: {how} meanwhile, and left as it is", file.path));
                    continue;
                };
                Some(merged)
            };
            self.replace(&folder, &target, old.as_deref())?;
        }
        for made in entry.folders.iter().rev() {
            let made = self.root.join(made);
            disk::remove_empty(&made).map_err(|error| at(&made, &error))?;
        }
        Entry::forget(&folder).map_err(|error| at(&folder, &error))?;
        Ok(notes)
    }

    /// Replaces one file at once by way of a copy in the entry's folder.
    fn replace(&self, folder: &Path, target: &Path, bytes: Option<&[u8]>) -> Result<(), Failure> {
        let done = match bytes {
            Some(bytes) => {
                let copy = folder.join("back");
                let permissions = fs::metadata(target).ok().map(|data| data.permissions());
                disk::remove(&copy)
                    .and_then(|()| disk::write(&copy, bytes, permissions))
                    .and_then(|()| disk::rename(&copy, target))
            }
            None => disk::remove(target),
        };
        done.map_err(|error| at(target, &error))?;
        if let Some(parent) = target.parent() {
            disk::sync_folder(parent);
        }
        Ok(())
    }
}
