//! What is made of a file's bytes: encodings, errors, hostile texts.

mod support;

use support::{load, paths, tree, write};
use tuneup_python::{Depth, LoadOptions, Project};

#[test]
fn files_that_are_no_python_are_problems() {
    let folder = tree(&[
        ("good.py", "x = 1\n"),
        ("broken.py", "x = 1\ndef f(:\n    pass\n"),
        ("two.py", "print 'old'\n"),
        ("nul.py", "x = 1\n\0\n"),
        ("unknown.py", "# coding: klingon\n"),
        ("match.py", "match x:\n    case [a, *_] if a: pass\ntype X[T] = list[T]\n"),
        ("empty.py", ""),
    ]);
    write(folder.path(), "bytes.py", b"a = 1\nb = '\xe9'\n");
    let project = load(folder.path());
    assert_eq!(paths(&project), ["empty.py", "good.py", "match.py"]);
    let problems: Vec<_> = project
        .problems()
        .iter()
        .map(|problem| (problem.path.as_str(), problem.line, problem.column))
        .collect();
    assert_eq!(
        problems,
        [
            ("broken.py", Some(2), Some(7)),
            ("bytes.py", Some(2), Some(6)),
            ("nul.py", Some(2), Some(1)),
            ("two.py", Some(1), Some(7)),
            ("unknown.py", Some(1), Some(1)),
        ]
    );
    assert_eq!(project.facts(project.file_at("empty.py").expect("there")).stmts.len(), 0);
}

#[test]
fn errors_are_found_in_files_that_are_read_on_demand() {
    let folder = tree(&[("a/good.py", "x = 1\n"), ("a/bad.py", "x = = 1\n"), ("b.py", "y = 1\n")]);
    let mut options = LoadOptions::new(folder.path());
    options.depth = &|path| if path.starts_with("a/") { Depth::OnDemand } else { Depth::Full };
    let project = Project::load(&options);
    assert_eq!(paths(&project), ["a/good.py", "b.py"]);
    assert_eq!(project.problems().len(), 1);
    assert_eq!(project.problems()[0].path, "a/bad.py");
}

#[test]
fn a_file_that_changed_is_not_read_again() {
    let folder = tree(&[("a.py", "x = 'ü'\n")]);
    let project = load(folder.path());
    let file = project.file_at("a.py").expect("there");
    assert_eq!(project.source(file).expect("unchanged").text(), "x = 'ü'\n");
    write(folder.path(), "a.py", b"x = 2\n");
    assert!(project.source(file).expect_err("changed").message.contains("changed"));
    std::fs::remove_file(folder.path().join("a.py")).expect("it is there");
    assert!(project.source(file).is_err());
}

#[test]
fn progress_reaches_the_end() {
    let folder = tree(&[("a.py", ""), ("b.py", ""), ("c.py", "x =")]);
    let told = std::sync::Mutex::new(Vec::new());
    let progress = |done, total| told.lock().expect("no panic").push((done, total));
    let mut options = LoadOptions::new(folder.path());
    options.progress = Some(&progress);
    Project::load(&options);
    let mut told = told.into_inner().expect("no panic");
    told.sort_unstable();
    assert_eq!(told, [(1, 3), (2, 3), (3, 3)]);
}

#[test]
fn deep_texts_neither_crash_nor_stall() {
    let deep = |open: &str, middle: &str, close: &str, times: usize| {
        format!("x = {}{middle}{}\n", open.repeat(times), close.repeat(times))
    };
    let ways = [
        ("(", "1", ")"),
        ("[", "1", "]"),
        ("{1: ", "1", "}"),
        ("f(", "1", ")"),
        ("-", "1", ""),
        ("not ", "1", ""),
        ("lambda: ", "1", ""),
        ("1 if 1 else ", "1", ""),
        ("1 + ", "1", ""),
        ("1 ** ", "1", ""),
        ("1 < ", "1", ""),
        ("", "a", ".b"),
        ("", "a", "()"),
        ("", "a", "[0]"),
        ("f'{", "1", "}'"),
        ("(yield ", "1", ")"),
        ("[i for i in ", "a", "]"),
    ];
    let folder = tree(&[]);
    for (number, (open, middle, close)) in ways.iter().enumerate() {
        for times in [3_000, 50_000] {
            let text = deep(open, middle, close, times);
            write(folder.path(), &format!("deep{number}_{times}.py"), text.as_bytes());
            if times == 3_000 {
                let text = format!("x: '{}{middle}{}'\n", open.repeat(times), close.repeat(times));
                write(folder.path(), &format!("annotation{number}_{times}.py"), text.as_bytes());
            }
        }
    }
    let blocks: String = (0..2_000).map(|depth| format!("{}if x:\n", " ".repeat(depth))).collect();
    write(folder.path(), "blocks.py", format!("{blocks}{}pass\n", " ".repeat(2_000)).as_bytes());
    let elifs = format!("if a:\n    pass\n{}", "elif b:\n    pass\n".repeat(4_000));
    write(folder.path(), "elifs.py", elifs.as_bytes());
    write(folder.path(), "open.py", "(".repeat(1_000_000).as_bytes());
    let project = load(folder.path());
    for problem in project.problems() {
        assert!(
            problem.path.ends_with("_50000.py")
                && problem.message == "nested too deeply"
                && problem.line == Some(1)
                || problem.path == "open.py"
                || problem.message.starts_with("syntax error"),
            "{problem:?}"
        );
    }
    assert!(project.file_at("deep0_3000.py").is_some());
    assert!(project.file_at("deep11_3000.py").is_some());
    assert!(project.file_at("deep0_50000.py").is_none());
}

#[test]
fn files_are_found_again_by_texts_without_facts_of_them() {
    let folder =
        tree(&[("a.py", "x.cache\n"), ("b.py", "'# counts'\n"), ("c.py", "y = 1  # cache, counts\n")]);
    let marks: &[&[&str]] = &[&["counts", "sums"], &["cache"]];
    let options = LoadOptions { depth: &|_| Depth::OnDemand, marks, ..LoadOptions::new(folder.path()) };
    let project = Project::load(&options);
    let marked = |group| -> Vec<&str> {
        let files = project.file_ids().map(|file| project.file(file)).filter(|file| file.is_marked(group));
        files.map(|file| file.path.as_str()).collect()
    };
    assert_eq!(marked(0), ["b.py", "c.py"]);
    assert_eq!(marked(1), ["a.py", "c.py"]);
}
