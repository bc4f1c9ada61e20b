//! Small projects written to a temporary folder.

#![allow(dead_code, reason = "each test file uses its own part")]

use std::fs;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;
use tuneup_python::{LoadOptions, Project};

/// A temporary folder with these files in it.
pub(crate) fn tree(files: &[(&str, &str)]) -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (path, text) in files {
        write(folder.path(), path, text.as_bytes());
    }
    folder
}

/// Writes a file and the folders above it.
pub(crate) fn write(root: &Path, path: &str, bytes: &[u8]) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().expect("below the root")).expect("a folder");
    fs::write(path, bytes).expect("a file");
}

/// Loads a folder in full, with no environment but one of its own.
pub(crate) fn load(root: &Path) -> Project {
    Project::load(&LoadOptions::new(root))
}

/// The paths of the project's Python files.
pub(crate) fn paths(project: &Project) -> Vec<&str> {
    project.files().iter().map(|file| file.path.as_str()).collect()
}

/// All discovered paths, sorted.
pub(crate) fn all_paths(project: &Project) -> Vec<&str> {
    let mut all = paths(project);
    all.extend(project.others().iter().map(|other| other.path.as_str()));
    all.sort_unstable();
    all
}

/// Runs git in a folder, away from the user's configuration. Nothing where there is no git.
pub(crate) fn git(folder: &Path, arguments: &[&str]) -> Option<String> {
    let output = Command::new("git")
        .current_dir(folder)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .args(["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "protocol.file.allow=always"])
        .args(arguments)
        .output()
        .ok()?;
    assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    Some(String::from_utf8(output.stdout).expect("paths are UTF-8"))
}
