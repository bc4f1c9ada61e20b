//! The files that git tracks, read from its index: an ignore rule does not touch them.
//!
//! Versions 2 to 4 of the format are read (Documentation/gitformat-index.txt). Of a split index only
//! the files of its own part are seen.

use std::path::{Path, PathBuf};

use super::regular;

/// The tracked regular files, as paths from the top of the work tree, or nothing where `folder` is in no
/// work tree or the index cannot be read. Gives the top too.
pub(crate) fn tracked(folder: &Path) -> Option<(PathBuf, Vec<String>)> {
    let (top, git) = work_tree(folder)?;
    let bytes = regular::read(&git.join("index")).ok()?;
    let hash_len = if uses_sha256(&git) { 32 } else { 20 };
    Some((top, entries(&bytes, hash_len)?))
}

/// The nearest folder upwards that holds `.git`, and the folder that `.git` is or names.
pub(crate) fn work_tree(folder: &Path) -> Option<(PathBuf, PathBuf)> {
    folder.ancestors().find_map(|top| {
        let git = top.join(".git");
        if git.is_dir() {
            return git.join("HEAD").is_file().then(|| (top.to_owned(), git));
        }
        let text = regular::read_to_string(&git).ok()?;
        let named = text.strip_prefix("gitdir:")?.trim();
        Some((top.to_owned(), top.join(named)))
    })
}

/// The files from which git takes ignore rules for what is in a folder.
pub(crate) fn rule_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = vec![folder.join(".gitignore")];
    let git = folder.join(".git");
    if git.is_dir() {
        files.push(git.join("info/exclude"));
    } else if let Some((_, git)) = git.is_file().then(|| work_tree(folder)).flatten() {
        files.extend([git.join("commondir"), common(&git).join("info/exclude")]);
    }
    files
}

/// The folder of what all work trees of a repository share.
fn common(git: &Path) -> PathBuf {
    let named = regular::read_to_string(&git.join("commondir"));
    named.map(|text| git.join(text.trim())).unwrap_or_else(|_| git.to_owned())
}

fn uses_sha256(git: &Path) -> bool {
    regular::read_to_string(&common(git).join("config")).is_ok_and(|config| {
        config.lines().filter_map(|line| line.split_once('=')).any(|(key, value)| {
            key.trim().eq_ignore_ascii_case("objectformat") && value.trim().eq_ignore_ascii_case("sha256")
        })
    })
}

fn entries(bytes: &[u8], hash_len: usize) -> Option<Vec<String>> {
    let number = |at: usize| -> Option<u32> {
        let four: [u8; 4] = bytes.get(at..at + 4)?.try_into().ok()?;
        Some(u32::from_be_bytes(four))
    };
    let version = number(4)?;
    if bytes.get(..4)? != b"DIRC" || !(2..=4).contains(&version) {
        return None;
    }
    let count = number(8)?;
    let mut found = Vec::new();
    let mut at = 12;
    let mut name: Vec<u8> = Vec::new();
    for _ in 0..count {
        let start = at;
        let mode = number(start + 24)?;
        at = start + 40 + hash_len;
        let flags = u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?);
        at += 2;
        if version >= 3 && flags & 0x4000 != 0 {
            at += 2;
        }
        if version == 4 {
            let dropped = varint(bytes, &mut at)?;
            name.truncate(name.len().checked_sub(dropped)?);
        } else {
            name.clear();
        }
        let end = at + bytes.get(at..)?.iter().position(|byte| *byte == 0)?;
        name.extend_from_slice(&bytes[at..end]);
        at = end + 1;
        if version < 4 {
            // Padded with NULs to a multiple of eight, at least one.
            at = start + (end - start + 8) / 8 * 8;
        }
        if mode & 0o170_000 == 0o100_000
            && let Ok(path) = std::str::from_utf8(&name)
            && found.last().is_none_or(|last: &String| last != path)
        {
            found.push(path.to_owned());
        }
    }
    Some(found)
}

/// The variable-width number of version 4: as in a pack's offset delta.
fn varint(bytes: &[u8], at: &mut usize) -> Option<usize> {
    let mut byte = *bytes.get(*at)?;
    *at += 1;
    let mut value = usize::from(byte & 0x7f);
    while byte & 0x80 != 0 {
        byte = *bytes.get(*at)?;
        *at += 1;
        value = value.checked_add(1)?.checked_mul(128)?.checked_add(usize::from(byte & 0x7f))?;
    }
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::entries;

    #[test]
    fn broken_indexes_are_not_read() {
        assert_eq!(entries(b"", 20), None);
        assert_eq!(entries(b"DIRC\0\0\0\x02\xff\xff\xff\xff", 20), None);
        assert_eq!(entries(b"DIRC\0\0\0\x09\0\0\0\0", 20), None);
        assert_eq!(entries(b"DIRC\0\0\0\x02\0\0\0\0", 20), Some(Vec::new()));
    }
}
