//! That a write which is refused half way leaves every file as it was.

use std::fs;
use std::path::Path;

use super::{FileChange, Journal, Purpose};

fn purpose() -> Purpose {
    Purpose { command: "apply".to_owned(), proposals: Vec::new(), undoes: None }
}

fn change(path: &str, before: Option<&str>, after: &str) -> FileChange {
    let bytes = |text: &str| text.as_bytes().to_vec();
    FileChange { path: path.to_owned(), before: before.map(bytes), after: Some(bytes(after)) }
}

/// The files of a project, by name, but for the journal's own.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = walkdir::WalkDir::new(folder).sort_by_file_name().into_iter();
    entries
        .filter_entry(|entry| entry.file_name() != super::FOLDER)
        .map(|entry| entry.expect("it can be read"))
        .filter(|entry| entry.file_type().is_file())
        .map(|entry| (entry.path().display().to_string(), fs::read(entry.path()).expect("it can be read")))
        .collect()
}

#[test]
fn a_file_that_changed_meanwhile_stops_all() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("a.py"), "a = 1\n").expect("a file");
    fs::write(folder.path().join("b.py"), "b = 2  # saved by an editor\n").expect("a file");
    let (journal, _) = Journal::open(folder.path()).expect("it opens");
    let before = files(folder.path());
    let changes = [change("a.py", Some("a = 1\n"), "a = 3\n"), change("b.py", Some("b = 2\n"), "b = 4\n")];
    let failure = journal.write(&purpose(), &changes).expect_err("b.py is another");
    assert_eq!(failure.to_string(), "b.py: changed since the project was read; nothing was written");
    assert_eq!(files(folder.path()), before);
}

#[test]
fn what_has_become_of_a_file_is_said_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    fs::write(at("a.py"), "a = 1\n").expect("a file");
    fs::write(at("made.py"), "").expect("a file");
    let (journal, _) = Journal::open(folder.path()).expect("it opens");
    let failed =
        |changes: &[FileChange]| journal.write(&purpose(), changes).expect_err("refused").to_string();
    let gone = failed(&[change("gone.py", Some("b = 2\n"), "b = 4\n")]);
    assert_eq!(gone, "gone.py: removed since the project was read; nothing was written");
    let made = failed(&[change("made.py", None, "b = 4\n")]);
    assert_eq!(made, "made.py: made since the project was read; nothing was written");
    // The second finds what the first has written.
    let first = change("a.py", Some("a = 1\n"), "a = 2\n");
    let second = change("a.py", Some("a = 1\n"), "a = 3\n");
    let changed = failed(&[first, second]);
    assert_eq!(changed, "a.py: changed since the project was read; nothing was written");
    assert_eq!(fs::read_to_string(at("a.py")).expect("it is there"), "a = 1\n");
}

#[test]
fn what_was_removed_meanwhile_is_not_called_edited() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    fs::write(at("a.py"), "a = 1\n").expect("a file");
    fs::write(at("b.py"), "b = 1\n").expect("a file");
    let (journal, _) = Journal::open(folder.path()).expect("it opens");
    let changes = [change("a.py", Some("a = 1\n"), "a = 2\n"), change("b.py", Some("b = 1\n"), "b = 2\n")];
    let number = journal.write(&purpose(), &changes).expect("it is written");
    // As if it had been stopped before its mark was made.
    fs::remove_file(journal.folder.join(number.to_string()).join(super::DONE)).expect("a mark");
    drop(journal);
    fs::remove_file(at("a.py")).expect("it is there");
    fs::write(at("b.py"), "b = 3\n").expect("a file");
    let (_, notes) = Journal::open(folder.path()).expect("it opens");
    let told = ["a.py: removed meanwhile, and left as it is", "b.py: edited meanwhile, and left as it is"];
    assert_eq!(notes[1..], told);
    assert!(!at("a.py").exists());
}

#[test]
fn a_file_that_cannot_be_made_stops_all() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("a.py"), "a = 1\n").expect("a file");
    fs::write(folder.path().join("b"), "no folder\n").expect("a file");
    let (journal, _) = Journal::open(folder.path()).expect("it opens");
    let before = files(folder.path());
    let changes = [
        change("a.py", Some("a = 1\n"), "a = 3\n"),
        change("new/made.py", None, "made = 1\n"),
        change("b/below.py", None, "below = 1\n"),
    ];
    let failure = journal.write(&purpose(), &changes).expect_err("b is no folder");
    assert!(failure.to_string().contains("below.py"), "{failure}");
    assert_eq!(files(folder.path()), before);
    assert!(!folder.path().join("new").exists());
    assert_eq!(journal.entries().expect("they can be read").len(), 0, "there is nothing to take back");
    // Afterwards all is as it was for the next.
    journal.write(&purpose(), &changes[..2]).expect("it is written");
    assert_eq!(fs::read_to_string(folder.path().join("new/made.py")).expect("it is there"), "made = 1\n");
}

#[test]
fn an_entry_that_is_half_forgotten_is_cleared() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("a.py"), "a = 1\n").expect("a file");
    let (journal, _) = Journal::open(folder.path()).expect("it opens");
    let number = journal.write(&purpose(), &[change("a.py", Some("a = 1\n"), "a = 2\n")]).expect("written");
    let entries = journal.folder.clone();
    drop(journal);
    // As if it had been stopped before it was all removed.
    fs::rename(entries.join(number.to_string()), entries.join("new-1")).expect("a folder");
    fs::write(entries.join("new-mine"), "").expect("a file");
    let notes = Journal::repair_if_needed(folder.path()).expect("it opens");
    assert_eq!(notes, [""; 0]);
    assert!(!entries.join("new-1").exists() && entries.join("new-mine").exists());
    assert_eq!(fs::read_to_string(folder.path().join("a.py")).expect("it is there"), "a = 2\n");
}

#[cfg(unix)]
#[test]
fn a_folder_that_may_not_be_written_to_has_the_others_put_back() {
    use std::os::unix::fs::PermissionsExt;

    let folder = tempfile::tempdir().expect("a folder");
    let closed = folder.path().join("closed");
    fs::create_dir(&closed).expect("a folder");
    fs::write(folder.path().join("a.py"), "a = 1\n").expect("a file");
    fs::write(closed.join("b.py"), "b = 2\n").expect("a file");
    let (journal, _) = Journal::open(folder.path()).expect("it opens");
    let before = files(folder.path());
    let set = |mode| fs::set_permissions(&closed, fs::Permissions::from_mode(mode)).expect("it is ours");
    set(0o555);
    let changes =
        [change("a.py", Some("a = 1\n"), "a = 3\n"), change("closed/b.py", Some("b = 2\n"), "b = 4\n")];
    let written = journal.write(&purpose(), &changes);
    set(0o755);
    match written {
        Ok(_) => {
            // Only the superuser may write everywhere; then both are.
            assert_eq!(fs::read_to_string(closed.join("b.py")).expect("it is there"), "b = 4\n");
            assert_eq!(fs::read_to_string(folder.path().join("a.py")).expect("it is there"), "a = 3\n");
        }
        Err(failure) => {
            assert!(failure.to_string().contains("closed/b.py"), "{failure}");
            assert_eq!(files(folder.path()), before);
        }
    }
}
