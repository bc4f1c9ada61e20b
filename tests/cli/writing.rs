//! `apply` and `review`: what is written, when it is refused, and what stays as it was.

use std::path::Path;

use crate::support::{Library, contents};

#[test]
fn apply_writes_the_safe_set_and_says_what() {
    let library = Library::committed();
    let run = library.run(&["apply"]);
    assert_eq!(run.code, Some(0), "{}", run.err);
    assert_eq!(
        run.out,
        "select-related: 2 changes\n  wrote library/views.py (2 changes)\n2 changes in 1 file; `tuneup undo 1` takes it back\n"
    );
    assert_eq!(library.git(&["status", "--porcelain"]).trim(), "M library/views.py");
    let views = String::from_utf8(library.read("library/views.py")).expect("UTF-8");
    assert_eq!(views.matches("select_related(\"author\")").count(), 2, "{views}");
    let again = library.run(&["apply", "--allow-dirty"]);
    assert_eq!((again.code, again.out.as_str()), (Some(0), "0 changes in 0 files\n"));
}

#[test]
fn a_tree_that_is_not_committed_is_refused() {
    let library = Library::committed();
    library.write("library/views.py", [&library.read("library/views.py")[..], b"# mine\n"].concat());
    let before = contents(&library.path());
    for command in ["apply", "review"] {
        let run = library.run(&[command]);
        assert_eq!(run.code, Some(2));
        assert!(run.err.contains("not committed") && run.err.contains("library/views.py"), "{}", run.err);
        assert!(run.err.contains("--allow-dirty"), "{}", run.err);
    }
    assert_eq!(contents(&library.path()), before);
    assert_eq!(library.run(&["apply", "--allow-dirty"]).code, Some(0));
    assert_ne!(contents(&library.path()), before);
}

#[test]
fn a_folder_without_git_is_refused() {
    let library = Library::new();
    let before = contents(&library.path());
    let run = library.run(&["apply"]);
    assert_eq!(run.code, Some(2));
    assert!(run.err.contains("not in a git repository") && run.err.contains("--allow-no-vcs"), "{}", run.err);
    assert_eq!(contents(&library.path()), before);
    assert_eq!(library.run(&["apply", "--allow-no-vcs"]).code, Some(0));
}

#[test]
fn review_asks_and_so_needs_a_terminal() {
    let library = Library::committed();
    let before = contents(&library.path());
    let run = library.run(&["review"]);
    assert_eq!(run.code, Some(2));
    assert!(run.err.contains("terminal"), "{}", run.err);
    assert_eq!(contents(&library.path()), before);
}

/// A copy of the newsroom in a repository of its own.
fn newsroom() -> Library {
    let library = Library::empty();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/newsroom");
    for (path, bytes) in contents(&root) {
        let below = path.strip_prefix(&root).expect("it lies below").to_str().expect("a Unicode path");
        if !below.contains("__pycache__") && !below.ends_with(".sqlite3") {
            library.write(below, bytes);
        }
    }
    library.commit();
    library
}

#[test]
fn a_second_run_proposes_nothing_that_was_applied() {
    let library = newsroom();
    let first = library.run(&["apply"]);
    assert_eq!(first.code, Some(1), "the unsafe changes are left: {}", first.err);
    assert!(first.out.contains(" files; ") && !first.out.contains("\n0 changes"), "{}", first.out);
    let safe = library.run(&["diff"]);
    assert_eq!((safe.code, safe.out.as_str()), (Some(0), ""));

    let rest = library.run(&["apply", "--allow-dirty", "--unsafe"]);
    assert!(!rest.out.contains("\n0 changes"), "{}", rest.out);
    let all = library.run(&["diff", "--unsafe"]);
    assert_eq!((all.code, all.out.as_str()), (Some(0), ""));
}

#[cfg(unix)]
#[test]
fn permissions_stay() {
    use std::os::unix::fs::PermissionsExt;
    let library = Library::committed();
    let views = library.at("library/views.py");
    std::fs::set_permissions(&views, PermissionsExt::from_mode(0o750)).expect("the file is ours");
    library.git(&["add", "-A"]);
    library.git(&["-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "-qm", "mode"]);
    assert_eq!(library.run(&["apply"]).code, Some(0));
    let mode = std::fs::metadata(views).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o750);
}

#[test]
fn files_that_are_never_edited_do_not_stand_in_the_way() {
    let library = Library::committed();
    for report in ["audit.html", "plan.json", "check.sarif"] {
        library.write(report, "what this program wrote");
    }
    library.write("library/new.py", "x = 1\n");
    let refused = library.run(&["apply"]);
    assert_eq!(refused.code, Some(2));
    assert!(refused.err.ends_with("`--allow-dirty`:\n  library/new.py\n"), "{}", refused.err);
    std::fs::remove_file(library.at("library/new.py")).expect("it is there");
    assert_eq!(library.run(&["apply"]).code, Some(0));
}

#[test]
fn what_cannot_be_taken_back_is_named_with_what_became_of_it() {
    let library = Library::committed();
    assert_eq!(library.run(&["apply"]).code, Some(0));
    std::fs::remove_file(library.at("library/views.py")).expect("it is there");
    let refused = library.run(&["undo"]);
    assert_eq!(refused.code, Some(2));
    assert!(refused.err.contains("\n  library/views.py (removed)\n"), "{}", refused.err);
}
