//! Which files belong to a project, with git as the judge of what is ignored.

mod support;

use std::fs;

use support::{all_paths, git, load, paths, tree, write};
use tuneup_python::{LoadOptions, Project};

/// Holds what is discovered below `sub` against what git lists.
fn agrees_with_git(folder: &std::path::Path, sub: &str) {
    let root = folder.join(sub);
    let Some(listed) = git(&root, &["-c", "core.quotepath=off", "ls-files", "-co", "--exclude-standard"])
    else {
        return;
    };
    let mut expected: Vec<&str> = listed.lines().filter(|path| root.join(path).is_file()).collect();
    expected.sort_unstable();
    expected.dedup();
    assert_eq!(all_paths(&load(&root)), expected, "below {sub:?}");
}

const RULES: &[(&str, &str)] = &[
    (
        ".gitignore",
        "*.log\n!keep.log\n/build/\n/only_here.py\ngenerated/*\n!generated/kept.py\n**/deep/*.tmp\n\\#odd.py\ntrailing.py   \nfoo[12].py\n",
    ),
    ("a.log", ""),
    ("keep.log", ""),
    ("build/x.py", ""),
    ("sub/build/x.py", ""),
    ("only_here.py", ""),
    ("sub/only_here.py", ""),
    ("generated/gone.py", ""),
    ("generated/kept.py", ""),
    ("a/b/deep/c.tmp", ""),
    ("a/b/deep/c.py", ""),
    ("#odd.py", ""),
    ("trailing.py", ""),
    ("foo1.py", ""),
    ("foo3.py", ""),
    ("sub/.gitignore", "local_*.py\n!/local_yes.py\n!keep_me/\n*.txt\n"),
    ("sub/local_no.py", ""),
    ("sub/local_yes.py", ""),
    ("sub/more/local_yes.py", ""),
    ("sub/more/.gitignore", "!*.txt\n"),
    ("sub/more/a.txt", ""),
    ("sub/a.txt", ""),
    ("excluded.py", ""),
    (".hidden/x.py", ""),
    ("with space/ü.py", ""),
];

#[test]
fn ignore_rules_apply_as_git_applies_them() {
    let folder = tree(RULES);
    if git(folder.path(), &["init", "-q"]).is_none() {
        return;
    }
    fs::write(folder.path().join(".git/info/exclude"), "excluded.py\n").expect("exclude");
    agrees_with_git(folder.path(), "");
    agrees_with_git(folder.path(), "sub");
    agrees_with_git(folder.path(), "sub/more");
    let found = load(folder.path());
    assert!(paths(&found).contains(&"generated/kept.py"));
    assert!(!paths(&found).contains(&"excluded.py"));
}

#[test]
fn a_tracked_file_is_never_ignored() {
    for version in ["2", "3", "4"] {
        let folder = tree(RULES);
        if git(folder.path(), &["init", "-q"]).is_none() {
            return;
        }
        git(folder.path(), &["add", "-f", "build/x.py", "sub/local_no.py", "a.log", "sub/only_here.py"]);
        git(folder.path(), &["update-index", "--index-version", version]);
        if version == "3" {
            git(folder.path(), &["add", "-Nf", "sub/more/local_yes.py"]);
        }
        agrees_with_git(folder.path(), "");
        agrees_with_git(folder.path(), "sub");
        let found = load(folder.path());
        assert!(paths(&found).contains(&"build/x.py"), "index version {version}");

        fs::remove_file(folder.path().join("build/x.py")).expect("tracked");
        let found = load(folder.path());
        assert!(!paths(&found).contains(&"build/x.py"));
        assert_eq!(found.problems(), []);
    }
}

#[test]
fn another_work_tree_of_a_repository_has_its_rules() {
    let folder = tree(&[("main/.gitignore", "*.tmp.py\n"), ("main/a.py", ""), ("main/b.tmp.py", "")]);
    let main = folder.path().join("main");
    if git(&main, &["init", "-q"]).is_none() {
        return;
    }
    git(&main, &["add", "-f", "."]);
    git(&main, &["commit", "-qm", "all"]);
    git(&main, &["worktree", "add", "-q", "../other"]);
    write(folder.path(), "other/c.tmp.py", b"");
    agrees_with_git(folder.path(), "other");
    assert_eq!(paths(&load(&folder.path().join("other"))), ["a.py", "b.tmp.py"]);
}

#[test]
fn a_repository_of_sha256_is_read() {
    let folder = tree(&[(".gitignore", "*.py\n"), ("a.py", ""), ("b.py", "")]);
    if git(folder.path(), &["init", "-q", "--object-format=sha256"]).is_none() {
        return;
    }
    git(folder.path(), &["add", "-f", "a.py"]);
    assert_eq!(paths(&load(folder.path())), ["a.py"]);
}

#[test]
fn without_a_repository_there_are_no_rules() {
    let folder = tree(&[(".gitignore", "*.py\n"), ("a.py", ""), (".hidden.py", "")]);
    assert_eq!(paths(&load(folder.path())), [".hidden.py", "a.py"]);
}

#[test]
fn environments_and_caches_are_left_out() {
    let folder = tree(&[
        ("a.py", ""),
        ("anything/pyvenv.cfg", ""),
        ("anything/lib/x.py", ""),
        ("conda/conda-meta/history", ""),
        ("conda/lib/x.py", ""),
        ("node_modules/x/x.py", ""),
        ("lib/python3/site-packages/x.py", ""),
        ("__pycache__/x.py", ""),
        ("env/a.py", ""),
    ]);
    assert_eq!(all_paths(&load(folder.path())), ["a.py", "env/a.py"]);
}

#[test]
fn patterns_leave_files_out() {
    let folder = tree(&[("a.py", ""), ("x/a.py", ""), ("x/b.py", ""), ("y/z/c.py", ""), ("y/d.py", "")]);
    let mut options = LoadOptions::new(folder.path());
    options.exclude = vec!["x/*".to_owned(), "!x/b.py".to_owned(), "z/".to_owned()];
    let project = Project::load(&options);
    assert_eq!(paths(&project), ["a.py", "x/b.py", "y/d.py"]);
    assert_eq!(project.problems(), []);
    options.exclude = vec!["[z-a].py".to_owned()];
    let project = Project::load(&options);
    assert_eq!(project.problems().len(), 1);
}

#[test]
fn one_file_is_a_project() {
    let folder = tree(&[("a.py", "x = 1\n"), ("b.py", "")]);
    let project = load(&folder.path().join("a.py"));
    assert_eq!(paths(&project), ["a.py"]);
    assert_eq!(project.root(), folder.path().canonicalize().expect("it exists"));
    let project = load(&folder.path().join("missing.py"));
    assert!(project.files().is_empty());
    assert_eq!(project.problems().len(), 1);
}

#[test]
fn other_files_are_read_on_demand() {
    let folder = tree(&[("a.py", ""), ("t/page.html", "<p>ü</p>\r\n"), ("requirements.txt", "x\n")]);
    write(folder.path(), "t/old.html", b"<p>\xfc</p>");
    let project = load(folder.path());
    let sizes: Vec<_> = project.others().iter().map(|other| (other.path.as_str(), other.size)).collect();
    assert_eq!(sizes, [("requirements.txt", 2), ("t/old.html", 8), ("t/page.html", 11)]);
    assert_eq!(project.read_other("t/page.html").expect("text").text(), "<p>ü</p>\r\n");
    let old = project.read_other("t/old.html").expect("text");
    assert_eq!(old.text(), "<p>ü</p>");
    assert_eq!(old.encode("<p>ü!</p>").expect("Latin-1"), b"<p>\xfc!</p>");
    assert!(project.read_other("../a.html").is_err());
    assert!(project.read_other("a.py").is_err());
}

#[cfg(unix)]
mod unix {
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::support::{load, paths, tree, write};

    #[test]
    fn links_are_not_followed_but_give_names() {
        let outside = tree(&[("out.py", "")]);
        let folder = tree(&[("pkg/__init__.py", ""), ("pkg/a.py", ""), ("loop/x.py", "")]);
        let at = |path: &str| folder.path().join(path);
        symlink(outside.path(), at("outside")).expect("a link");
        symlink(outside.path().join("out.py"), at("out.py")).expect("a link");
        symlink(at("pkg"), at("alias")).expect("a link");
        symlink(at("pkg/a.py"), at("single.py")).expect("a link");
        symlink("..", at("loop/up")).expect("a link");
        symlink("me", at("me")).expect("a link");
        symlink("gone", at("dangling.py")).expect("a link");
        // Uploads and caches may be gone, and this is how Emacs locks a file.
        symlink("gone", at("uploads")).expect("a link");
        symlink("me@host.17", at(".#single.py")).expect("a link");
        let project = load(folder.path());
        assert_eq!(paths(&project), ["loop/x.py", "pkg/__init__.py", "pkg/a.py"]);
        let problems: Vec<_> = project.problems().iter().map(|problem| problem.path.as_str()).collect();
        assert_eq!(problems, ["dangling.py", "loop/up", "me", "out.py"]);
        assert!(project.module("pkg.a").is_some());
        assert_eq!(project.module("alias.a"), project.module("pkg.a"));
        assert_eq!(project.module("alias"), project.module("pkg"));
        assert_eq!(project.module("single"), project.module("pkg.a"));
    }

    #[test]
    fn what_is_called_source_and_is_no_file_is_a_problem() {
        let folder = tree(&[("a.py", "")]);
        let bind =
            |name: &str| std::os::unix::net::UnixListener::bind(folder.path().join(name)).expect("a socket");
        let _sockets = (bind("pipe.py"), bind("celery.sock"));
        let project = load(folder.path());
        assert_eq!(paths(&project), ["a.py"]);
        let problems: Vec<_> = project.problems().iter().map(|problem| problem.path.as_str()).collect();
        assert_eq!(problems, ["pipe.py"]);
        // What is called otherwise is told of when it is asked for.
        assert_eq!(project.unread(), []);
        assert!(project.others().iter().all(|other| !other.is_file()));
        assert!(project.read_other("celery.sock").is_err());
        assert_eq!(project.unread().len(), 1);
        assert_eq!(project.unread()[0].path, "celery.sock");
    }

    #[test]
    fn what_cannot_be_read_is_a_problem() {
        let folder = tree(&[("a.py", ""), ("locked/x.py", "")]);
        let root = folder.path();
        write(root, "huge.py", b"");
        std::fs::File::options()
            .write(true)
            .open(root.join("huge.py"))
            .and_then(|file| file.set_len(40 * 1024 * 1024))
            .expect("a sparse file");
        std::fs::write(root.join(std::ffi::OsStr::from_bytes(b"\xff.py")), "").expect("a file");
        std::fs::set_permissions(root.join("locked"), PermissionsExt::from_mode(0o0)).expect("mode");
        let readable = std::fs::read_dir(root.join("locked")).is_ok();
        let project = load(root);
        std::fs::set_permissions(root.join("locked"), PermissionsExt::from_mode(0o755)).expect("mode");
        let problems: Vec<_> = project.problems().iter().map(|problem| problem.path.as_str()).collect();
        let expected: &[&str] =
            if readable { &["huge.py", "\u{fffd}.py"] } else { &["huge.py", "locked", "\u{fffd}.py"] };
        assert_eq!(problems, expected);
        assert!(paths(&project).contains(&"a.py"));
    }
}
