//! What the journal finds in its own place: only what the program made there itself is read, written to or removed.
//! Links are followed nowhere in it, as they may lead to what is not the project's.

use std::fs;
use std::io::{self, Error, ErrorKind};
use std::path::{Path, PathBuf};

use super::{DONE, FOLDER, at};
use crate::failure::Failure;

/// The folder of the entries.
pub(super) const ENTRIES: &str = "applies";
/// The file that a program holds while it writes.
pub(super) const LOCK: &str = "lock";
/// Stands before the number of an entry that is being laid down or forgotten, and so does not count.
const UNFINISHED: &str = "new-";

/// A folder among the entries.
pub(super) struct Found {
    /// The number of the entry.
    pub(super) number: u32,
    /// Where it is.
    pub(super) path: PathBuf,
    /// What it is by its name and mark.
    pub(super) state: State,
}

/// How far the writing of an entry has come.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// It is being laid down or forgotten: no file of the project depends on it.
    Unfinished,
    /// It was laid down; its files may be in place or not.
    Stopped,
    /// Its files are all in place.
    Whole,
}

/// The name of an entry's folder while it does not count.
pub(super) fn unfinished(number: u32) -> String {
    format!("{UNFINISHED}{number}")
}

/// The folders among a project's entries, in order. What has another name than the program gives is somebody else's, and
/// passed over; where something else has the name of what it makes, nothing is known of the journal.
pub(super) fn survey(root: &Path) -> Result<Vec<Found>, Failure> {
    let folder = root.join(FOLDER);
    if !is_folder(&folder)? {
        return Ok(Vec::new());
    }
    is_file(&folder.join(LOCK))?;
    let entries = folder.join(ENTRIES);
    if !is_folder(&entries)? {
        return Ok(Vec::new());
    }
    let mut all = Vec::new();
    for found in fs::read_dir(&entries).map_err(|error| at(&entries, &error))? {
        let found = found.map_err(|error| at(&entries, &error))?;
        let (name, path) = (found.file_name(), found.path());
        let Some(name) = name.to_str() else { continue };
        let (is_unfinished, digits) = match name.strip_prefix(UNFINISHED) {
            Some(digits) => (true, digits),
            None => (false, name),
        };
        let number = digits.parse().ok().filter(|number: &u32| *number > 0 && number.to_string() == digits);
        let Some(number) = number else { continue };
        if !is_folder(&path)? {
            continue;
        }
        let state = match is_unfinished {
            true => State::Unfinished,
            false if is_file(&path.join(DONE))? => State::Whole,
            false => State::Stopped,
        };
        all.push(Found { number, path, state });
    }
    all.sort_by_key(|found| found.number);
    Ok(all)
}

/// Whether one of the program's folders is there; an error where anything else has its name.
pub(super) fn is_folder(path: &Path) -> Result<bool, Failure> {
    is(path, fs::FileType::is_dir, "folder")
}

/// Whether one of the program's files is there; an error where anything else has its name.
pub(super) fn is_file(path: &Path) -> Result<bool, Failure> {
    is(path, fs::FileType::is_file, "regular file")
}

fn is(path: &Path, is_wanted: fn(&fs::FileType) -> bool, wanted: &str) -> Result<bool, Failure> {
    let kind = match fs::symlink_metadata(path) {
        Ok(data) => data.file_type(),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(false),
        Err(error) => return Err(at(path, &error)),
    };
    if is_wanted(&kind) {
        return Ok(true);
    }
    let what = if kind.is_symlink() { ", but a symbolic link" } else { "" };
    Err(Failure::new(format!(
        "{}: not a {wanted}{what}; `tuneup` keeps its own there, and goes on once that is out of the way",
        path.display()
    )))
}

/// The bytes of a file of an entry.
pub(super) fn read(path: &Path) -> io::Result<Vec<u8>> {
    match fs::symlink_metadata(path)?.is_file() {
        true => fs::read(path),
        false => Err(Error::new(ErrorKind::InvalidInput, "not a regular file")),
    }
}
