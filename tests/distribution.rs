//! What is installed with the command or leads to it: completions, manual pages, the manifests of package builders and
//! hooks.

use std::path::Path;
use std::process::{Command, Output};

fn tuneup(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_tuneup")).args(arguments).output().expect("tuneup runs")
}

fn text(arguments: &[&str]) -> String {
    let output = tuneup(arguments);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    String::from_utf8(output.stdout).expect("a text")
}

fn file(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path))
        .expect("it is in the repository")
}

/// The commands, as the help lists them.
fn commands() -> Vec<String> {
    let help = text(&["--help"]);
    let list =
        help.split("Commands:").nth(1).expect("a list").lines().skip(1).take_while(|line| !line.is_empty());
    let names: Vec<String> =
        list.filter_map(|line| line.strip_prefix("  ")?.split(' ').next()).map(str::to_owned).collect();
    let names: Vec<String> = names.into_iter().filter(|name| !name.is_empty()).collect();
    assert!(names.len() > 8, "{names:?}");
    names
}

#[test]
fn shells_complete_every_command() {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = text(&["completions", shell]);
        for command in commands() {
            assert!(script.contains(&command), "{shell}: {command}");
        }
    }
    // Where the shell is there, it must take the script.
    for shell in ["bash", "zsh", "fish"] {
        let script = tempfile::NamedTempFile::new().expect("a file");
        std::fs::write(&script, text(&["completions", shell])).expect("it can be written");
        if let Ok(output) = Command::new(shell).arg("-n").arg(script.path()).output() {
            assert!(output.status.success(), "{shell}: {output:?}");
        }
    }
    assert_eq!(tuneup(&["completions", "cmd"]).status.code(), Some(2));
}

#[test]
fn every_command_has_a_manual_page() {
    let page = text(&["man"]);
    assert!(page.contains(".TH tuneup 1") && page.contains("Exit codes:"), "{page}");
    for command in commands() {
        let page = text(&["man", &command]);
        assert!(page.contains(&format!(".TH tuneup-{command} 1")), "{command}: {page}");
    }
    let page = text(&["man", "apply"]);
    assert!(page.contains("\\-\\-commit") && page.contains("\\-\\-staged"), "{page}");
    let wrong = tuneup(&["man", "chek"]);
    assert_eq!(wrong.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&wrong.stderr).contains("did you mean `check`?"), "{wrong:?}");
}

/// The hooks and the action call the command as it is: their options are parsed, in a folder where nothing is found.
#[test]
fn hooks_and_action_use_options_that_there_are() {
    let folder = tempfile::tempdir().expect("a folder");
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_tuneup")).args(arguments).current_dir(&folder).output();
        output.expect("tuneup runs")
    };
    assert!(
        Command::new("git").args(["init", "-q"]).current_dir(&folder).status().expect("git runs").success()
    );
    let hooks = file(".pre-commit-hooks.yaml");
    let entries: Vec<&str> =
        hooks.lines().filter_map(|line| line.trim().strip_prefix("entry: tuneup ")).collect();
    assert_eq!(entries.len(), 2);
    let action = file("action.yml");
    let args =
        action.lines().find_map(|line| line.trim().strip_prefix("default: check ")).expect("its default");
    for arguments in entries.iter().map(|entry| (*entry).to_owned()).chain([format!("check {args} -- .")]) {
        let arguments: Vec<&str> = arguments.split(' ').collect();
        let output = run(&arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {output:?}");
    }
}

/// The lines of `--output-format concise` are those that the action's matcher takes apart.
#[test]
fn the_matcher_fits_what_is_printed() {
    let matcher: serde_json::Value =
        serde_json::from_str(&file(".github/tuneup-matcher.json")).expect("JSON");
    let pattern = matcher["problemMatcher"][0]["pattern"][0]["regexp"].as_str().expect("a pattern");
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("library")).expect("a folder");
    let models = "from django.db import models\nclass A(models.Model): ...\nclass B(models.Model):\n    a = models.ForeignKey(A, models.CASCADE)\n";
    std::fs::write(folder.path().join("library/__init__.py"), "").expect("a file");
    std::fs::write(folder.path().join("library/models.py"), models).expect("a file");
    let views = "from .models import B\ndef f():\n    return [b.a.pk and b.a.x for b in B.objects.all()]\n";
    std::fs::write(folder.path().join("library/views.py"), views).expect("a file");
    let output = Command::new(env!("CARGO_BIN_EXE_tuneup"))
        .args(["check", "--output-format", "concise"])
        .current_dir(&folder)
        .output()
        .expect("tuneup runs");
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    let grep = pattern.replace("(?:", "(").replace("\\d", "[0-9]").replace(".+?", ".+");
    let list = folder.path().join("printed");
    std::fs::write(&list, &printed).expect("a file");
    let matched = Command::new("grep").args(["-cE", &grep]).arg(&list).output().expect("grep runs");
    let count = String::from_utf8_lossy(&matched.stdout).trim().parse::<usize>();
    assert!(!printed.is_empty(), "something is proposed: {output:?}");
    assert_eq!(count, Ok(printed.lines().count()), "{printed}");
}

#[test]
fn the_wheel_is_of_this_version() {
    let manifest = file("pyproject.toml");
    assert!(manifest.contains("dynamic = [\"version\"]"), "Cargo.toml says it");
    assert!(manifest.contains("name = \"django-tuneup\"") && manifest.contains("bindings = \"bin\""));
    assert!(text(&["--version"]).contains(env!("CARGO_PKG_VERSION")));
}
