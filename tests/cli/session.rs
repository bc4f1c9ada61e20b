//! A person at the terminal: the review is driven by keys under tmux, left, taken up again, written and taken back.

use std::io::Write;
use std::process::Command;
use std::time::{Duration, Instant};

use super::support::{Library, contents};

/// A terminal of its own, that ends with the test.
struct Terminal {
    socket: String,
}

impl Terminal {
    fn tmux(&self, arguments: &[&str]) -> String {
        let output =
            Command::new("tmux").args(["-L", &self.socket, "-f", "/dev/null"]).args(arguments).output();
        String::from_utf8_lossy(&output.expect("tmux runs").stdout).into_owned()
    }

    fn start(name: &str, library: &Library, size: (u16, u16)) -> Self {
        let this = Self { socket: format!("tuneup-{name}-{}", std::process::id()) };
        let (width, height) = (size.0.to_string(), size.1.to_string());
        let folder = library.path();
        let folder = folder.to_str().expect("a name");
        this.tmux(&["new-session", "-d", "-x", &width, "-y", &height, "-c", folder, "sh"]);
        this
    }

    fn keys(&self, keys: &[&str]) {
        self.tmux(&[&["send-keys"], keys].concat());
    }

    fn run(&self, arguments: &str) {
        let command = format!("{} {arguments}", env!("CARGO_BIN_EXE_tuneup"));
        self.tmux(&["send-keys", "-l", &command]);
        self.keys(&["Enter"]);
    }

    /// Waits until the screen shows a text.
    fn wait(&self, wanted: &str) -> String {
        let start = Instant::now();
        loop {
            let shown = self.tmux(&["capture-pane", "-p"]);
            if shown.contains(wanted) {
                return shown;
            }
            assert!(start.elapsed() < Duration::from_secs(30), "`{wanted}` is not shown:\n{shown}");
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.tmux(&["kill-server"]);
    }
}

fn has_tmux() -> bool {
    let has = Command::new("tmux").arg("-V").output().is_ok_and(|output| output.status.success());
    if !has {
        let _ = writeln!(std::io::stderr(), "SKIPPED: tmux is not installed, so the review is not driven");
    }
    has
}

fn text(library: &Library, path: &str) -> String {
    String::from_utf8_lossy(&library.read(path)).into_owned()
}

#[test]
fn a_session_is_left_taken_up_again_written_and_taken_back() {
    if !has_tmux() {
        return;
    }
    let library = Library::committed();
    let before = contents(&library.path());
    let terminal = Terminal::start("session", &library, (100, 30));
    terminal.run("review");
    terminal.wait("1/2   ✓ 0  ✗ 0  · 2 open");
    terminal.keys(&["y"]);
    terminal.wait("✓ 1  ✗ 0  · 1 open");
    terminal.keys(&["n"]);
    terminal.wait("✓ 1  ✗ 1  · 0 open");
    terminal.keys(&["u"]);
    terminal.wait("✓ 1  ✗ 0  · 1 open");
    terminal.keys(&["q"]);
    terminal.wait("1 approved, 0 rejected and 1 open are kept");
    assert_eq!(contents(&library.path()), before, "nothing is written before `w`");

    terminal.run("review");
    terminal.wait("✓ 1  ✗ 0  · 1 open");
    terminal.keys(&["i"]);
    terminal.wait("why is it left?");
    terminal.keys(&["-l", "few rows"]);
    terminal.wait("few rows");
    terminal.keys(&["Enter"]);
    terminal.wait("✓ 1  ✗ 1  · 0 open");
    terminal.keys(&["w"]);
    terminal.wait("1 comment with your reasons");
    terminal.keys(&["y"]);
    terminal.wait("takes it back");
    let written = text(&library, "library/views.py");
    assert!(written.contains(".order_by(\"title\").select_related(\"author\")"), "{written}");
    assert!(written.contains("    # tuneup: ignore[select-related] -- few rows\n    return ["), "{written}");
    assert_eq!(library.run(&["check"]).code, Some(0), "what was decided is not proposed again");

    assert_eq!(library.run(&["undo"]).code, Some(0));
    assert_eq!(contents(&library.path()), before);
}

#[test]
fn what_is_edited_must_parse_and_is_written_as_edited() {
    if !has_tmux() {
        return;
    }
    let library = Library::new();
    // The first time the editor breaks the file, the second time it does not.
    library.write(
        "editor.sh",
        "if [ -e again ]; then sed -i 's/^broken(//; s/author\")/author\")  # joined/' \"$1\"\n\
                                else touch again; echo 'broken(' >> \"$1\"; fi\n",
    );
    library.commit();
    let terminal = Terminal::start("edit", &library, (60, 24));
    terminal.tmux(&["send-keys", "-l", "export EDITOR='sh editor.sh'"]);
    terminal.keys(&["Enter"]);
    terminal.run("review");
    terminal.wait("1/2");
    terminal.keys(&["e"]);
    let shown = terminal.wait("Enter edits again");
    assert!(shown.contains("library/views.py:"), "the error has its line: {shown}");
    terminal.keys(&["Enter"]);
    terminal.wait("✓ 1  ✗ 0  · 1 open");
    terminal.keys(&["w"]);
    terminal.wait("1 change in 1 file");
    terminal.keys(&["y"]);
    terminal.wait("takes it back");
    let written = text(&library, "library/views.py");
    assert!(written.contains("select_related(\"author\")  # joined\n"), "{written}");
}

#[test]
fn a_file_is_opened_at_the_line() {
    if !has_tmux() {
        return;
    }
    let library = Library::committed();
    // What is called as an editor that is known is told the line as that editor takes it.
    let editor = library.path().join(".git/vim");
    std::fs::write(&editor, "#!/bin/sh\necho \"$@\" > .git/opened\n").expect("a file");
    library.feed(&library.path(), "chmod", &["+x", ".git/vim"], b"");
    let terminal = Terminal::start("open", &library, (100, 30));
    terminal.tmux(&["send-keys", "-l", "export VISUAL=./.git/vim"]);
    terminal.keys(&["Enter"]);
    terminal.run("review");
    terminal.wait("1/2");
    terminal.keys(&["o"]);
    let start = Instant::now();
    while !library.at(".git/opened").exists() {
        assert!(start.elapsed() < Duration::from_secs(30), "no editor was opened");
        std::thread::sleep(Duration::from_millis(10));
    }
    terminal.wait("1/2   ✓ 0  ✗ 0  · 2 open");
    let opened = text(&library, ".git/opened");
    let (line, path) = opened.trim().split_once(' ').expect("a line and a path");
    let line: usize = line.trim_start_matches('+').parse().expect("a number");
    let source = text(&library, "library/views.py");
    assert!(path.ends_with("library/views.py"), "{path}");
    assert!(source.lines().nth(line - 1).is_some_and(|line| line.contains("Book.objects")), "{opened}");
}

#[test]
fn a_plan_is_written_exactly_or_refused() {
    if !has_tmux() {
        return;
    }
    let library = Library::committed();
    let terminal = Terminal::start("plan", &library, (120, 40));
    terminal.run("review --export plan.json");
    terminal.wait("1/2");
    terminal.keys(&["y", "q"]);
    terminal.wait("1 change approved");
    while !library.at("plan.json").exists() {
        std::thread::sleep(Duration::from_millis(10));
    }
    library.git(&["config", "user.name", "A"]);
    library.git(&["config", "user.email", "a@example.org"]);
    let planned = library.run(&["apply", "--commit", "--plan", "plan.json"]);
    assert!(planned.out.contains("committed "), "{}", planned.shown());
    assert_eq!(library.git(&["show", "--format=", "--name-only", "HEAD"]).trim(), "library/views.py");
    assert!(planned.out.contains("  wrote library/views.py\n1 change in 1 file"), "{}", planned.shown());
    let again = library.run(&["apply", "--plan", "plan.json"]);
    assert_eq!(again.code, Some(2));
    assert!(again.err.contains("is not proposed any more"), "{}", again.err);
}

/// One sitting after the other over a whole project: every way to decide, a crash between, another commit, and all of
/// it taken back.
#[test]
fn a_maintainer_goes_through_a_whole_project() {
    if !has_tmux() {
        return;
    }
    let library = Library::fixture("newsroom");
    let editor = library.path().join(".git/editor.sh");
    std::fs::write(&editor, "sed -i 's/select_related(/select_related (/' \"$1\"\n").expect("a file");
    let before = contents(&library.path());
    let terminal = Terminal::start("whole", &library, (160, 45));
    let counted = |yes, no| format!("✓ {yes}  ✗ {no} ");
    let review = "review --select select-related,prefetch-related,meta-indexes";
    terminal.tmux(&["send-keys", "-l", &format!("export EDITOR='sh {}'", editor.display())]);
    terminal.keys(&["Enter"]);
    terminal.run(review);
    terminal.wait(&counted(0, 0));
    for (key, yes, no) in [("y", 1, 0), ("n", 1, 1), ("e", 2, 1), ("u", 1, 1), ("e", 2, 1), ("y", 3, 1)] {
        terminal.keys(&[key]);
        terminal.wait(&counted(yes, no));
    }
    // Pasted text is a reason where one is typed, and no keys elsewhere.
    terminal.tmux(&["set-buffer", "five rows at most Yn"]);
    terminal.tmux(&["paste-buffer", "-p"]);
    terminal.keys(&["i"]);
    terminal.wait("why is it left?");
    terminal.wait(&counted(3, 1));
    terminal.tmux(&["paste-buffer", "-p"]);
    terminal.wait("five rows at most Yn");
    terminal.keys(&["BSpace", "BSpace", "BSpace"]);
    terminal.keys(&["Enter"]);
    terminal.wait(&counted(3, 2));
    // The rest of the file that is shown, taken back at once, and decided again.
    terminal.keys(&["f"]);
    terminal.wait("u takes it back");
    terminal.keys(&["u"]);
    terminal.wait(&counted(3, 2));
    // Small and large, the screen is drawn anew.
    terminal.tmux(&["resize-window", "-x", "60", "-y", "20"]);
    terminal.wait(&"─".repeat(60));
    terminal.tmux(&["resize-window", "-x", "200", "-y", "50"]);
    terminal.wait("│Join");
    // A click in the tree shows what it hits; the wheel scrolls what is shown.
    terminal.wait(" 6/");
    terminal.tmux(&["send-keys", "-l", "\x1b[<0;10;4M\x1b[<0;10;4m"]);
    terminal.wait(" 1/");
    terminal.tmux(&["send-keys", "-l", "\x1b[<65;120;20M"]);
    // Killed, it has kept every decision.
    terminal.tmux(&["kill-server"]);
    assert_eq!(contents(&library.path()), before, "nothing is written before `w`");

    // Another day, after another commit that moves lines.
    let moved = "newsletter/services.py";
    let text_before = text(&library, moved);
    library.write(moved, format!("# Letters.\n{text_before}"));
    library.git(&["-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "-qam", "move"]);
    let before = contents(&library.path());
    let terminal = Terminal::start("whole-again", &library, (100, 30));
    terminal.run(review);
    terminal.wait("5 decided before; --fresh starts over");
    terminal.wait(&counted(3, 2));
    terminal.keys(&["-l", "/meta-indexes"]);
    terminal.keys(&["Enter"]);
    terminal.wait("n finds the next");
    terminal.keys(&["y"]);
    terminal.wait(&counted(4, 2));
    terminal.keys(&["w"]);
    terminal.wait("still open; they stay for the next time");
    terminal.wait("1 comment with your reasons");
    terminal.keys(&["y"]);
    terminal.wait("takes it back");
    let written = contents(&library.path());
    let made: Vec<_> =
        written.iter().filter(|(path, _)| !before.iter().any(|(old, _)| old == path)).collect();
    assert_eq!(made.len(), 1, "one migration: {made:?}");
    let joined: String = written.iter().map(|(_, bytes)| String::from_utf8_lossy(bytes)).collect();
    assert!(joined.contains(".select_related ("), "what was edited is written as edited");
    assert!(joined.contains("# tuneup: ignore[select-related] -- five rows at most\n"));
    let undone = library.run(&["undo"]);
    assert_eq!(undone.code, Some(0), "{}", undone.shown());
    assert_eq!(contents(&library.path()), before, "byte for byte");
}
