//! `diff`: what it prints must apply, with `git apply` and with `patch -p1`, to the same bytes that `apply` writes.

use insta::assert_snapshot;

use crate::support::{Library, READER, contents};

#[test]
fn a_diff_is_unified() {
    assert_snapshot!(Library::new().run(&["diff", "--select", "select-related"]).shown());
}

/// A project whose files end in every way.
fn varied() -> Library {
    let library = Library::new();
    library.write("windows.py", READER.replace('\n', "\r\n"));
    library.write("old_mac.py", READER.replace('\n', "\r"));
    library.write("mixed.py", format!("# one\rx = 1\ry = 2\n\r\r{READER}z = 3\r"));
    library.write("no_end.py", READER.trim_end());
    library.write("marked.py", [b"\xef\xbb\xbf", READER.as_bytes()].concat());
    let latin = format!("# coding: latin-1\nNAME = 'é'\n{READER}");
    library.write("latin.py", latin.chars().map(|c| c as u8).collect::<Vec<u8>>());
    library.write("pages/with space.py", READER);
    library.write("pages/größe.py", READER);
    library.commit();
    library
}

#[test]
fn git_and_patch_take_a_diff_and_give_what_apply_writes() {
    let applied = varied();
    let run = applied.run(&["apply"]);
    assert_eq!(run.code, Some(0), "{}{}", run.out, run.err);
    let expected: Vec<_> = contents(&applied.path()).into_iter().map(|(_, bytes)| bytes).collect();

    for program in [&["git", "apply"][..], &["patch", "-p1", "--binary"]] {
        let library = varied();
        let diff = library.run(&["diff"]);
        assert_eq!(diff.code, Some(1), "{}", diff.err);
        let before = contents(&library.path());
        library.feed(&library.path(), program[0], &program[1..], &bytes_of_diff(&library, &[]));
        let after = contents(&library.path());
        assert_ne!(after, before);
        let after: Vec<_> = after.into_iter().map(|(_, bytes)| bytes).collect();
        assert!(after == expected, "{program:?} gives other bytes than apply");
        assert_eq!(library.run(&["diff"]).code, Some(0));
    }
}

/// The diff as bytes: files in other encodings are no Unicode.
fn bytes_of_diff(library: &Library, arguments: &[&str]) -> Vec<u8> {
    let mut command = crate::support::command(&library.path());
    command.arg("diff").args(arguments).output().expect("the command can be run").stdout
}

#[test]
fn a_diff_applies_where_it_was_made() {
    // In a folder of the repository, and from above for a folder of it.
    for (folder, arguments) in [("backend", &["diff"][..]), ("", &["diff", "backend"])] {
        let library = Library::empty();
        for (path, bytes) in contents(&Library::new().path()) {
            let below: std::path::PathBuf =
                path.components().skip_while(|c| c.as_os_str() != "library").collect();
            library.write(&format!("backend/{}", below.display()), bytes);
        }
        library.commit();
        let folder = library.at(folder);
        let diff = library.run_in(&folder, arguments);
        assert_eq!(diff.code, Some(1), "{}", diff.err);
        library.feed(&folder, "git", &["apply"], diff.out.as_bytes());
        let views = String::from_utf8(library.read("backend/library/views.py")).expect("UTF-8");
        assert_eq!(views.matches("select_related").count(), 2, "{views}");
    }
}

#[test]
fn a_diff_of_a_project_elsewhere_applies_there() {
    let library = Library::committed();
    let path = library.path();
    let diff = library.run_in(std::path::Path::new("/"), &["diff", path.to_str().expect("a Unicode path")]);
    library.feed(&path, "git", &["apply"], diff.out.as_bytes());
    assert_eq!(library.run(&["diff"]).code, Some(0));
}

#[test]
fn unsafe_changes_are_left_out_until_asked_for() {
    let newsroom = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/newsroom");
    let newsroom = newsroom.to_str().expect("a Unicode path");
    let library = Library::empty();
    let safe = library.run(&["diff", newsroom]);
    let all = library.run(&["diff", "--unsafe", newsroom]);
    assert!(safe.err.contains("more with --unsafe"), "{}", safe.err);
    assert!(!all.err.contains("more with --unsafe"), "{}", all.err);
    assert_ne!(safe.out, all.out);
}
