//! Writes many files as one: either all of them are new or all are old, whatever stops the program.
//!
//! What is to be written, and what it replaces, is first laid down whole in `.tuneup/applies/<number>/`. From then on
//! the entry is a promise: its files are moved into place one by one, and a mark says when all are. An entry
//! without the mark is one that was stopped half way, and the next command puts its files back. The same entries
//! are what `tuneup undo` takes back.

mod disk;
mod entry;
mod own;
mod recover;
#[cfg(test)]
mod tests;

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use tuneup_python::source::regular;

use crate::failure::Failure;
use crate::output::shown;

pub(crate) use entry::{Entry, EntryFile};
use own::{ENTRIES, LOCK, State};

/// The folder of the program's own files, beside the project's.
pub(crate) const FOLDER: &str = ".tuneup";
/// Marks an entry whose files are all in place.
const DONE: &str = "done";

/// The bytes of a file; none where there is no file.
pub(crate) type Bytes = Option<Vec<u8>>;

/// One file that changes: from bytes, or nothing, to bytes, or nothing.
pub(crate) struct FileChange {
    /// Relative to the root, with `/`.
    pub(crate) path: String,
    /// Its bytes as read; none for a file that is made.
    pub(crate) before: Bytes,
    /// Its bytes to write; none for a file that is removed.
    pub(crate) after: Bytes,
}

/// Why files are written, for `tuneup undo --list` and for undoing.
#[derive(Default)]
pub(crate) struct Purpose {
    /// The command's name.
    pub(crate) command: String,
    /// The ids of the proposals that are written.
    pub(crate) proposals: Vec<String>,
    /// The entry that is taken back.
    pub(crate) undoes: Option<u32>,
}

/// The journal of a project, with no other program in it.
pub(crate) struct Journal {
    root: PathBuf,
    folder: PathBuf,
    _lock: File,
}

impl Journal {
    /// Opens a project's journal, makes it where there is none, and repairs what was stopped half way. Notes say
    /// what was repaired.
    pub(crate) fn open(root: &Path) -> Result<(Self, Vec<String>), Failure> {
        let root = root.canonicalize().map_err(|error| at(root, &error))?;
        // To open a pipe waits for who reads it, and a link may lead anywhere.
        own::survey(&root)?;
        let folder = make_own_folder(&root)?;
        let path = folder.join(LOCK);
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|error| at(&path, &error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => {
                return Err(Failure::new("another `tuneup` is writing to this project; wait for it to end"));
            }
            // A file system without locks is used by one program at a time, one has to hope.
            Err(fs::TryLockError::Error(_)) => {}
        }
        let journal = Self { folder: folder.join(ENTRIES), root, _lock: lock };
        disk::make_folder(&journal.folder).map_err(|error| at(&journal.folder, &error))?;
        let notes = journal.repair()?;
        Ok((journal, notes))
    }

    /// Repairs what was stopped half way, where there is anything to repair; a command that only reads need not
    /// make a journal.
    pub(crate) fn repair_if_needed(root: &Path) -> Result<Vec<String>, Failure> {
        let needs = |found: &own::Found| match found.state {
            State::Unfinished => true,
            State::Stopped => Entry::is_in(&found.path),
            State::Whole => false,
        };
        match own::survey(root)?.iter().any(needs) {
            true => Ok(Self::open(root)?.1),
            false => Ok(Vec::new()),
        }
    }

    /// Writes all files, or none. The number of the entry that can be taken back.
    pub(crate) fn write(&self, purpose: &Purpose, files: &[FileChange]) -> Result<u32, Failure> {
        let targets = files.iter().map(|file| self.target(file)).collect::<Result<Vec<_>, _>>();
        let targets = targets.map_err(|failure| Failure::new(format!("{failure}; nothing was written")))?;
        // What lies under a number is kept, also where it is no entry.
        let last = own::survey(&self.root)?.last().map_or(0, |found| found.number);
        let number = last.checked_add(1).ok_or_else(|| {
            Failure::new(format!(
                "{}: no number follows on it; nothing was written",
                self.folder.join(last.to_string()).display()
            ))
        })?;
        let entry = self.plan(number, purpose, files, &targets);
        let folder = self.folder.join(number.to_string());
        let prepared = self.folder.join(own::unfinished(number));
        let laid_down = disk::remove_tree(&prepared)
            .and_then(|()| entry.lay_down(&prepared, files, &targets))
            .and_then(|()| disk::rename(&prepared, &folder));
        if let Err(error) = laid_down {
            let _ = disk::remove_tree(&prepared);
            return Err(Failure::new(format!("{error}; nothing was written")));
        }
        disk::sync_folder(&self.folder);
        // From here on the entry stands: whatever stops the program, the next command puts the files back.
        let written = self.move_into_place(&entry, &folder, files, &targets).and_then(|()| {
            disk::write(&folder.join(DONE), b"", None).map_err(|error| at(&folder.join(DONE), &error))
        });
        match written {
            Ok(()) => Ok(number),
            Err(failure) => {
                let notes = self.put_back(&entry)?;
                let mut message = format!("{failure}; nothing was written");
                notes.iter().for_each(|note| message.push_str(&format!("\n{note}")));
                Err(Failure::new(message))
            }
        }
    }

    /// All whole entries, oldest first.
    pub(crate) fn entries(&self) -> Result<Vec<Entry>, Failure> {
        let mut entries = Vec::new();
        for found in own::survey(&self.root)?.iter().filter(|found| found.state == State::Whole) {
            entries.extend(Entry::read(&found.path, found.number)?);
        }
        Ok(entries)
    }

    /// The bytes of a file before and after an entry.
    pub(crate) fn versions(&self, entry: &Entry, file: &EntryFile) -> Result<(Bytes, Bytes), Failure> {
        let folder = self.folder.join(entry.number.to_string());
        let read = |name: &Option<String>| match name {
            Some(name) => {
                own::read(&folder.join(name)).map(Some).map_err(|error| at(&folder.join(name), &error))
            }
            None => Ok(None),
        };
        Ok((read(&file.before)?, read(&file.after)?))
    }

    /// The bytes of a file of the project now; none where there is no such file.
    pub(crate) fn current(&self, path: &str) -> Result<Bytes, Failure> {
        let path = self.inside(path)?;
        match regular::read(&path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(at(&path, &error)),
        }
    }

    /// The file that a path means, with links followed; the folders of one that does not exist yet may be missing.
    fn inside(&self, path: &str) -> Result<PathBuf, Failure> {
        let relative = Path::new(path);
        let outside = || Failure::new(format!("{}: leads out of the project", shown(path)));
        if !entry::is_below(path) {
            return Err(outside());
        }
        // Links are followed as far as the path exists; what is new below that is taken by its name.
        let mut existing = relative;
        let real = loop {
            match self.root.join(existing).canonicalize() {
                Ok(real) => break real,
                Err(error) if error.kind() == ErrorKind::NotFound => match existing.parent() {
                    Some(parent) => existing = parent,
                    None => return Err(at(&self.root, &error)),
                },
                Err(error) => return Err(at(&self.root.join(path), &error)),
            }
        };
        let rest = relative.strip_prefix(existing).unwrap_or(Path::new(""));
        let real = if rest.as_os_str().is_empty() { real } else { real.join(rest) };
        // What git and this program keep beside the project's files is none of them.
        let is_kept = |part: &OsStr| [".git", FOLDER].iter().any(|own| part.eq_ignore_ascii_case(own));
        match real.strip_prefix(&self.root) {
            Ok(below) if !below.iter().any(is_kept) => Ok(real),
            _ => Err(outside()),
        }
    }

    /// The files of an entry and the folders that were made for it, where all of them are in the project.
    fn places(&self, entry: &Entry) -> Result<(Vec<PathBuf>, Vec<PathBuf>), Failure> {
        let inside = |path: &String| {
            let folder = self.folder.join(entry.number.to_string());
            self.inside(path).map_err(|failure| Entry::damaged(&folder, failure))
        };
        let targets = entry.files.iter().map(|file| inside(&file.target)).collect::<Result<_, _>>()?;
        let folders = entry.folders.iter().map(inside).collect::<Result<_, _>>()?;
        Ok((targets, folders))
    }

    /// Removes the folders that were made for an entry; one that is in use by now stays.
    pub(crate) fn remove_made(&self, entry: &Entry) -> Result<(), Failure> {
        for made in entry.folders.iter().rev() {
            let _ = fs::remove_dir(self.inside(made)?);
        }
        Ok(())
    }

    /// The place of a change, where the file there is as it was read.
    fn target(&self, file: &FileChange) -> Result<PathBuf, Failure> {
        self.check(file)?;
        self.inside(&file.path)
    }

    /// Refuses a file that is not any more as it was read.
    fn check(&self, file: &FileChange) -> Result<(), Failure> {
        let now = self.current(&file.path)?;
        if now == file.before {
            return Ok(());
        }
        let how = match (&file.before, now) {
            (Some(_), None) => "removed",
            (None, Some(_)) => "made",
            _ => "changed",
        };
        Err(Failure::new(format!("{}: {how} since the project was read", file.path)))
    }

    fn plan(&self, number: u32, purpose: &Purpose, files: &[FileChange], targets: &[PathBuf]) -> Entry {
        let mut folders = Vec::new();
        for target in targets {
            let mut missing: Vec<PathBuf> = target
                .ancestors()
                .skip(1)
                .take_while(|folder| !folder.exists())
                .map(Path::to_owned)
                .collect();
            missing.reverse();
            for folder in missing {
                let name = self.relative(&folder);
                if !folders.contains(&name) {
                    folders.push(name);
                }
            }
        }
        let file = |(n, (file, target)): (usize, (&FileChange, &PathBuf))| EntryFile {
            path: file.path.clone(),
            target: self.relative(target),
            before: file.before.is_some().then(|| format!("{n}.before")),
            after: file.after.is_some().then(|| format!("{n}.after")),
        };
        Entry {
            number,
            time: SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs()),
            command: purpose.command.clone(),
            proposals: purpose.proposals.clone(),
            undoes: purpose.undoes,
            files: files.iter().zip(targets).enumerate().map(file).collect(),
            folders,
        }
    }

    fn relative(&self, path: &Path) -> String {
        path.strip_prefix(&self.root).unwrap_or(path).to_string_lossy().into_owned()
    }

    fn move_into_place(
        &self,
        entry: &Entry,
        folder: &Path,
        files: &[FileChange],
        targets: &[PathBuf],
    ) -> Result<(), Failure> {
        for folder in &entry.folders {
            let folder = self.root.join(folder);
            disk::make_folder(&folder).map_err(|error| at(&folder, &error))?;
        }
        for ((file, record), target) in files.iter().zip(&entry.files).zip(targets) {
            // The last look before it is replaced: an editor may have saved meanwhile.
            self.check(file)?;
            let moved = match &record.after {
                // The copy in the journal stays, for a later three-way merge.
                Some(_) => disk::rename(&folder.join(record.staged()), target),
                None => disk::remove(target),
            };
            moved.map_err(|error| at(target, &error))?;
            if let Some(parent) = target.parent() {
                disk::sync_folder(parent);
            }
        }
        Ok(())
    }
}

/// Makes `.tuneup`, which git does not see.
pub(crate) fn make_own_folder(root: &Path) -> Result<PathBuf, Failure> {
    let folder = root.join(FOLDER);
    own::is_folder(&folder)?;
    disk::make_folder(&folder).map_err(|error| at(&folder, &error))?;
    let ignore = folder.join(".gitignore");
    if !ignore.exists() {
        match disk::write(&ignore, b"*\n", None) {
            Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(at(&ignore, &error)),
            _ => {}
        }
    }
    Ok(folder)
}

fn at(path: &Path, error: &io::Error) -> Failure {
    Failure::new(format!("{}: {error}", path.display()))
}
