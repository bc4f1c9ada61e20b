//! Every step by which the journal changes the disk, one function each, so that a test can stop the program at any
//! of them: in the middle of a write, before a rename, between two removals.

use std::fs::{self, File, Permissions};
use std::io::{self, Write};
use std::path::Path;

/// Writes a new file and waits until it is on the disk.
pub(super) fn write(path: &Path, bytes: &[u8], permissions: Option<Permissions>) -> io::Result<()> {
    fault::reach()?;
    let mut file = File::create_new(path)?;
    let (first, rest) = bytes.split_at(bytes.len() / 2);
    file.write_all(first)?;
    fault::reach()?;
    file.write_all(rest)?;
    if let Some(permissions) = permissions {
        file.set_permissions(permissions)?;
    }
    if fault::is_chosen() { Ok(()) } else { file.sync_all() }
}

/// Puts a file or folder in another's place, at once.
pub(super) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fault::reach()?;
    fs::rename(from, to)
}

/// Removes a file; one that is gone already is no error.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    fault::reach()?;
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

/// Removes a folder with all that is in it.
pub(super) fn remove_tree(path: &Path) -> io::Result<()> {
    fault::reach()?;
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        result => result,
    }
}

/// Removes a folder where it is empty; what has become of it since stays.
pub(super) fn remove_empty(path: &Path) -> io::Result<()> {
    use io::ErrorKind::{DirectoryNotEmpty, NotADirectory, NotFound};
    fault::reach()?;
    match fs::remove_dir(path) {
        Err(error) if matches!(error.kind(), NotFound | DirectoryNotEmpty | NotADirectory) => Ok(()),
        result => result,
    }
}

/// Makes a folder, where there is none.
pub(super) fn make_folder(path: &Path) -> io::Result<()> {
    fault::reach()?;
    match fs::create_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        result => result,
    }
}

/// Waits until a folder's entries are on the disk. Systems that cannot say so are believed.
pub(super) fn sync_folder(path: &Path) {
    if let Ok(folder) = File::open(path)
        && !fault::is_chosen()
    {
        let _ = folder.sync_all();
    }
}

/// Stops or fails the program at a step that a test chose. Not compiled into releases.
#[cfg(debug_assertions)]
mod fault {
    use std::io;
    use std::sync::LazyLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    /// The step to stop at, from 1, and whether to fail there as a full disk does instead.
    static CHOSEN: LazyLock<Option<(u64, bool)>> = LazyLock::new(|| {
        let text = std::env::var("TUNEUP_FAULT").ok()?;
        let (kind, step) = text.split_once(':')?;
        Some((step.parse().ok()?, kind == "full"))
    });
    static DONE: AtomicU64 = AtomicU64::new(0);

    /// Whether a test is at work, which does not wait for the disk.
    pub(super) fn is_chosen() -> bool {
        CHOSEN.is_some()
    }

    pub(super) fn reach() -> io::Result<()> {
        let Some((step, is_full)) = *CHOSEN else { return Ok(()) };
        if DONE.fetch_add(1, Ordering::SeqCst) + 1 == step {
            if is_full {
                return Err(io::Error::new(io::ErrorKind::StorageFull, "no space left on device"));
            }
            std::process::abort();
        }
        Ok(())
    }
}

#[cfg(not(debug_assertions))]
mod fault {
    pub(super) fn is_chosen() -> bool {
        false
    }

    pub(super) fn reach() -> std::io::Result<()> {
        Ok(())
    }
}
