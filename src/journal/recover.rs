//! Puts files back after a write that was stopped half way.

use std::fs;
use std::path::Path;

use super::own::{self, State};
use super::{DONE, Entry, Journal, at, disk};
use crate::failure::Failure;
use crate::merge::merge;
use crate::output::shown;

impl Journal {
    /// Puts back every entry that was stopped half way, and clears what was never finished laying down. Nothing is
    /// touched before all that is there is known to be the program's own.
    pub(super) fn repair(&self) -> Result<Vec<String>, Failure> {
        let (mut unfinished, mut stopped) = (Vec::new(), Vec::new());
        for found in own::survey(&self.root)? {
            match found.state {
                State::Unfinished => unfinished.push(found.path),
                State::Whole => {}
                State::Stopped => {
                    if let Some(entry) = Entry::read(&found.path, found.number)? {
                        self.places(&entry)?;
                        stopped.push(entry);
                    }
                }
            }
        }
        for path in unfinished {
            disk::remove_tree(&path).map_err(|error| at(&path, &error))?;
        }
        let mut notes = Vec::new();
        for entry in stopped {
            let command = shown(&entry.command);
            notes.push(format!(
                "{command} was stopped half way; its {} put back",
                if entry.files.len() == 1 { "file was" } else { "files were" }
            ));
            let put_back = self.put_back(&entry).map_err(|failure| {
                Failure::new(format!(
                    "{failure}; {command} was stopped half way, and is put back by the next command once that is out of the way"
                ))
            });
            notes.extend(put_back?);
        }
        Ok(notes)
    }

    /// Puts the files of an entry back as they were, and forgets it. A file that a person has edited meanwhile keeps
    /// the edit; a note says where that could not be separated from what was written.
    pub(super) fn put_back(&self, entry: &Entry) -> Result<Vec<String>, Failure> {
        let folder = self.folder.join(entry.number.to_string());
        let mut notes = Vec::new();
        let (targets, folders) = self.places(entry)?;
        // Where even the mark was made, it goes first: half put back, the entry must not count as whole.
        let mark = folder.join(DONE);
        disk::remove(&mark).map_err(|error| at(&mark, &error))?;
        for (file, target) in entry.files.iter().zip(&targets) {
            let (before, after) = self.versions(entry, file)?;
            // A link may lead elsewhere by now: what was written to is looked at, and put back.
            let now = self.current(&file.target)?;
            if now == before {
                continue;
            }
            let old = if now == after {
                before
            } else {
                let merged = match (&after, &now, &before) {
                    (Some(base), Some(ours), Some(theirs)) => merge(base, ours, theirs),
                    _ => None,
                };
                let Some(merged) = merged else {
                    let how = if now.is_none() { "removed" } else { "edited" };
                    notes.push(format!("{}: {how} meanwhile, and left as it is", shown(&file.path)));
                    continue;
                };
                Some(merged)
            };
            self.replace(&folder, target, old.as_deref())?;
        }
        for made in folders.iter().rev() {
            disk::remove_empty(made).map_err(|error| at(made, &error))?;
        }
        entry.forget(&folder).map_err(|error| at(&folder, &error))?;
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
