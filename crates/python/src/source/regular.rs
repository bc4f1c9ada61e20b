//! Reading what is a file indeed: a pipe or a device that has the name of one might never end.

use std::fs;
use std::io::{Error, ErrorKind, Result};
use std::path::Path;

/// The bytes of a regular file; an error for whatever else has its name.
pub fn read(path: &Path) -> Result<Vec<u8>> {
    check(path)?;
    fs::read(path)
}

/// The text of a regular file; an error for whatever else has its name.
pub fn read_to_string(path: &Path) -> Result<String> {
    check(path)?;
    fs::read_to_string(path)
}

/// Whether a name is taken by what has no end to be read to: neither a file nor a folder.
pub fn is_irregular(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|data| !data.is_file() && !data.is_dir())
}

fn check(path: &Path) -> Result<()> {
    match fs::metadata(path)?.is_file() {
        true => Ok(()),
        false => Err(Error::new(ErrorKind::InvalidInput, "not a regular file")),
    }
}
