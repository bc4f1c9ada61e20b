//! Comments and the baseline: what people have looked at and left.

use super::support::{Library, READER};

const CHECK: [&str; 4] = ["check", "--output-format", "concise", "--color=never"];

#[test]
fn comments_silence_statements_lines_and_files() {
    let library = Library::new();
    let before = library.run(&CHECK);
    assert_eq!(before.out.lines().count(), 2, "{}", before.shown());

    // In Python where the query is, and in the template where the relation is read.
    library.write(
        "library/views.py",
        format!(
            "{}\n\n# tuneup: ignore[select-related] -- three rows\n{}",
            text(&library, "library/views.py").split("\n\n\ndef names").next().unwrap_or_default(),
            READER.split_once("\n\n\n").map_or("", |(_, function)| function)
        ),
    );
    let template = text(&library, "library/templates/library/overview.html");
    let read = "{{ book.author.name }}";
    library.write(
        "library/templates/library/overview.html",
        template.replace(read, &format!("{read} {{# tuneup: ignore[select-related] #}}")),
    );
    let after = library.run(&CHECK);
    assert_eq!((after.code, after.out.as_str()), (Some(0), ""), "{}", after.shown());

    let one = "# tuneup: ignore-file[select-related]\n";
    library.write("library/views.py", format!("{one}{}", text(&library, "library/views.py")));
    let whole = library.run(&CHECK);
    assert_eq!(whole.code, Some(0), "{}", whole.shown());
}

#[test]
fn comments_that_silence_nothing_are_reported() {
    let library = Library::empty();
    library.write("library/__init__.py", "");
    library.write(
        "library/a.py",
        "x = 1  # tuneup: ignore[select-related]\ny = 2  # tuneup: ignore[selct-related]\n",
    );
    let run = library.run(&CHECK);
    assert!(run.err.contains("library/a.py:1: unused `tuneup: ignore[select-related]`"), "{}", run.err);
    assert!(
        run.err.contains("library/a.py:2: no rule is called `selct-related`; did you mean"),
        "{}",
        run.err
    );
    let other = library.run(&["check", "--select=prefetch-related"]);
    assert!(
        !other.err.contains("library/a.py:1"),
        "a rule that was not asked may be silenced: {}",
        other.err
    );
}

#[test]
fn a_baseline_hides_what_was_known_and_only_shrinks() {
    let library = Library::new();
    assert_eq!(library.run(&["baseline"]).code, Some(0));
    let known = library.run(&CHECK);
    assert_eq!((known.code, known.out.as_str()), (Some(0), ""), "{}", known.shown());
    assert_eq!(library.run(&["check", "--no-baseline"]).code, Some(1));

    library.write("library/more.py", READER);
    let new = library.run(&CHECK);
    assert_eq!(new.code, Some(1));
    assert!(new.out.starts_with("library/more.py:"), "{}", new.out);

    assert_eq!(library.run(&["baseline"]).code, Some(2), "a baseline is not written over");
    library.write("library/views.py", "");
    assert!(library.run(&CHECK).err.contains("2 of tuneup-baseline.json not proposed any more"));
    let update = library.run(&["baseline", "--update"]);
    assert_eq!(update.out, "dropped 2 entries from tuneup-baseline.json; 0 left; 1 proposal not in it\n");
    assert_eq!(library.run(&CHECK).code, Some(1), "what is new is never added");
}

fn text(library: &Library, path: &str) -> String {
    String::from_utf8(library.read(path)).expect("it is text")
}
