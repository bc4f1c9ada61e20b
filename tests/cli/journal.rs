//! What the program keeps for itself beside a project: what is not its own there is neither followed, written to nor
//! removed, by no command.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};
use walkdir::WalkDir;

use crate::support::{Library, Run};

/// All that is below a folder, with what is in the files.
fn all(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = WalkDir::new(folder).sort_by_file_name().into_iter();
    entries
        .map(|entry| entry.expect("it can be read"))
        .map(|entry| (entry.path().display().to_string(), fs::read(entry.path()).unwrap_or_default()))
        .collect()
}

/// Runs a command that is refused and changes nothing in any of the folders.
fn refused(library: &Library, arguments: &[&str], others: &[&Path], reason: &str) -> Run {
    let folders: Vec<_> = others.iter().copied().map(Path::to_owned).chain([library.path()]).collect();
    let before: Vec<_> = folders.iter().map(|folder| all(folder)).collect();
    let run = library.run(arguments);
    assert_eq!(run.code, Some(2), "{}", run.err);
    assert!(run.err.contains(reason), "{}", run.err);
    assert_eq!(run.err.lines().count(), 1, "{}", run.err);
    let after: Vec<_> = folders.iter().map(|folder| all(folder)).collect();
    assert_eq!(after, before);
    run
}

#[cfg(unix)]
#[test]
fn links_in_the_place_of_the_journal_are_not_followed() {
    use std::os::unix::fs::symlink;
    let others = Library::empty();
    others.write("applies/docs/deep/x", "x");
    others.write("applies/new-1/x", "x");
    others.write("applies/1/entry.json", "{}");
    let reason = |name: &str, kind: &str| format!("{name}: not a {kind}, but a symbolic link; ");
    for (name, to, kind) in [
        (".tuneup", others.path(), "folder"),
        (".tuneup/applies", others.at("applies"), "folder"),
        (".tuneup/applies/1", others.at("applies/docs"), "folder"),
        (".tuneup/applies/new-1", others.at("applies/docs"), "folder"),
        (".tuneup/lock", others.at("lock"), "regular file"),
    ] {
        let library = Library::committed();
        fs::create_dir_all(library.at(name).parent().expect("it is below")).expect("folders can be made");
        symlink(to, library.at(name)).expect("a link");
        for arguments in
            [&["check"][..], &["diff"], &["undo", "--list"], &["undo"], &["apply", "--allow-dirty"]]
        {
            refused(&library, arguments, &[&others.path()], &reason(name, kind));
        }
    }
    // The project itself may be found by a link.
    let library = Library::committed();
    assert_eq!(library.run(&["apply"]).code, Some(0));
    symlink(library.path(), others.at("project")).expect("a link");
    assert_eq!(others.run_in(&others.at("project"), &["undo"]).code, Some(0));
}

#[test]
fn files_in_the_place_of_the_journals_folders_are_told_of() {
    for name in [".tuneup", ".tuneup/applies", ".tuneup/applies/1"] {
        let library = Library::committed();
        library.write(name, "mine");
        for arguments in [&["check"][..], &["apply", "--allow-dirty"]] {
            refused(&library, arguments, &[], &format!("{name}: not a folder; "));
        }
    }
}

#[test]
fn what_is_not_the_journals_own_stays() {
    let library = Library::committed();
    let mine = [".tuneup/applies/7/note", ".tuneup/applies/old/note", ".tuneup/applies/stray"];
    mine.iter().for_each(|name| library.write(name, "mine"));
    library.write(".tuneup/applies/new-3/entry.json", "{");
    assert_eq!(library.run(&["check"]).code, Some(1));
    assert!(!library.at(".tuneup/applies/new-3").exists(), "it was never finished laying down");
    let run = library.run(&["apply", "--allow-dirty"]);
    assert!(run.out.contains("`tuneup undo 8` takes it back"), "{}{}", run.out, run.err);
    assert_eq!(library.run(&["undo"]).code, Some(0));
    let list = library.run(&["undo", "--list"]);
    assert!(list.out.contains("undo of 8") && list.out.lines().count() == 2, "{}{}", list.out, list.err);
    mine.iter().for_each(|name| assert_eq!(library.read(name), b"mine"));
}

/// A project with an entry that says of a file of the project that it was written half way.
fn stopped(entry: &Value) -> Library {
    let library = Library::new();
    library.write("pins.txt", "new");
    library.write(".tuneup/lock", "");
    library.write(".tuneup/.gitignore", "*\n");
    library.write(".tuneup/applies/1/0.before", "old");
    library.write(".tuneup/applies/1/0.after", "new");
    library.write(".tuneup/applies/1/entry.json", entry.to_string());
    library
}

fn entry(target: &str, before: Option<&str>, folders: &[&str]) -> Value {
    let file = json!({ "path": "pins.txt", "target": target, "before": before, "after": "0.after" });
    json!({
        "number": 1, "time": 0, "command": "apply", "proposals": [], "undoes": null,
        "files": [file], "folders": folders,
    })
}

#[test]
fn an_entry_reaches_nothing_outside_the_project() {
    let others = Library::empty();
    others.write("kept", "new");
    fs::create_dir(others.at("empty")).expect("a folder");
    let (kept, empty) = (others.at("kept"), others.at("empty"));
    let (kept, empty) = (kept.to_str().expect("Unicode"), empty.to_str().expect("Unicode"));
    let beside = format!("../{}/kept", others.path().file_name().expect("a name").display());
    for (entry, named) in [
        (entry(&beside, Some("0.before"), &[]), &beside[..]),
        (entry(&beside, None, &[]), &beside),
        (entry(kept, Some("0.before"), &[]), kept),
        (entry("", Some("0.before"), &[]), ""),
        (entry(".git/config", Some("0.before"), &[]), ".git/config"),
        (entry(".tuneup/lock", Some("0.before"), &[]), ".tuneup/lock"),
        (entry("pins.txt", Some(kept), &[]), kept),
        (entry("pins.txt", Some("../../lock"), &[]), "../../lock"),
        (entry("pins.txt", Some("0.before"), &[empty]), empty),
    ] {
        let library = stopped(&entry);
        for arguments in [&["check"][..], &["undo"]] {
            let run = refused(&library, arguments, &[&others.path()], "applies/1/entry.json: damaged: ");
            assert!(run.err.contains(&format!("damaged: {named}: ")), "{}", run.err);
        }
    }
    #[cfg(unix)]
    {
        let library = stopped(&entry("away/kept", Some("0.before"), &[]));
        std::os::unix::fs::symlink(others.path(), library.at("away")).expect("a link");
        refused(&library, &["check"], &[&others.path()], "damaged: away/kept: leads out of the project");
        let library = stopped(&entry("pins.txt", Some("0.before"), &[]));
        fs::remove_file(library.at(".tuneup/applies/1/0.before")).expect("it is there");
        std::os::unix::fs::symlink(kept, library.at(".tuneup/applies/1/0.before")).expect("a link");
        refused(&library, &["check"], &[&others.path()], "0.before: not a regular file");
    }
    // What was stopped indeed is put back.
    let library = stopped(&entry("pins.txt", Some("0.before"), &["library/new"]));
    fs::create_dir(library.at("library/new")).expect("a folder");
    let run = library.run(&["check"]);
    assert!(run.err.starts_with("apply was stopped half way; its file was put back\n"), "{}", run.err);
    assert_eq!(library.read("pins.txt"), b"old");
    assert!(!library.at("library/new").exists() && !library.at(".tuneup/applies/1").exists());
    assert_eq!(all(&library.at(".tuneup/applies")).len(), 1, "nothing is left of the entry");
}

/// Writes an entry that came through, and wrote no file.
fn whole(library: &Library, folder: u32, number: u32, undoes: Option<u32>) {
    let entry = json!({
        "number": number, "time": 0, "command": "apply", "proposals": [], "undoes": undoes,
        "files": [], "folders": [],
    });
    library.write(&format!(".tuneup/applies/{folder}/entry.json"), entry.to_string());
    library.write(&format!(".tuneup/applies/{folder}/done"), "");
}

#[test]
fn an_entry_takes_back_what_was_before_it() {
    for (number, undoes, reason) in [
        (1, Some(1), "damaged: it takes back 1, which is not before it"),
        (1, Some(2), "damaged: it takes back 2, which is not before it"),
        (u32::MAX, None, "damaged: its number is 4294967295"),
        (0, None, "damaged: its number is 0"),
    ] {
        let library = Library::committed();
        assert_eq!(library.run(&["undo", "--list"]).code, Some(0));
        whole(&library, 1, number, undoes);
        refused(&library, &["undo", "--list"], &[], reason);
    }
    // No number wraps.
    let library = Library::committed();
    assert_eq!(library.run(&["undo", "--list"]).code, Some(0));
    whole(&library, u32::MAX, u32::MAX, None);
    refused(&library, &["apply", "--allow-dirty"], &[], "4294967295: no number follows on it; ");
}

#[test]
fn a_long_chain_of_undoing_is_listed() {
    let library = Library::committed();
    let last = 3000;
    (1..=last).for_each(|number| whole(&library, number, number, (number > 1).then(|| number - 1)));
    let run = library.run(&["undo", "--list"]);
    assert_eq!(run.code, Some(0), "{}", run.err);
    // The last stands, so that which it took back does not, and so on.
    for (line, number) in run.out.lines().zip((1..=last).rev()) {
        let by = format!("(taken back by {})", number + 1);
        assert_eq!(line.ends_with(&by), (last - number) % 2 == 1, "{line}");
    }
}
