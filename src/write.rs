//! Writing files: everything is checked before the first byte is written, and each file is replaced whole.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use tuneup_transforms::render::RenderedFile;

use crate::failure::Failure;

/// Writes all files, or none where one is not as it was read or is not inside the root.
pub(crate) fn write_all(root: &Path, files: &[RenderedFile]) -> Result<(), Failure> {
    let root = folder(root).canonicalize()?;
    let mut targets = Vec::with_capacity(files.len());
    for file in files {
        targets.push((target(&root, file)?, file));
    }
    for (path, file) in targets {
        replace(&path, &file.after).map_err(|error| Failure::new(format!("{}: {error}", file.path)))?;
    }
    Ok(())
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

/// The file that a path means, links followed, checked against what was read.
fn target(root: &Path, file: &RenderedFile) -> Result<PathBuf, Failure> {
    let named = root.join(&file.path);
    let real = named.canonicalize().map_err(|error| Failure::new(format!("{}: {error}", file.path)))?;
    if !real.starts_with(root) {
        return Err(Failure::new(format!("{}: leads out of the project; nothing was written", file.path)));
    }
    let now = fs::read(&real).map_err(|error| Failure::new(format!("{}: {error}", file.path)))?;
    if now != file.before {
        return Err(Failure::new(format!("{}: changed since it was read; nothing was written", file.path)));
    }
    Ok(real)
}

/// Replaces a file by a new one in the same folder, with the same permissions.
fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let mut new = tempfile::NamedTempFile::new_in(folder)?;
    new.write_all(bytes)?;
    new.as_file().sync_all()?;
    fs::set_permissions(new.path(), fs::metadata(path)?.permissions())?;
    new.persist(path).map_err(|error| error.error)?;
    Ok(())
}
