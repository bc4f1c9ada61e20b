//! Imports run one way, and the crate that knows Python does not know Django.

use std::fs;
use std::path::Path;

/// What a package of the workspace may depend on in the workspace.
const MAY_USE: &[(&str, &[&str])] = &[
    ("crates/python", &[]),
    ("crates/django", &["tuneup_python"]),
    ("transforms", &["tuneup_django", "tuneup_python"]),
];

const OWN: &[&str] = &["tuneup_python", "tuneup_django", "tuneup_transforms"];

fn sources(folder: &Path) -> Vec<(String, String)> {
    walkdir::WalkDir::new(folder)
        .sort_by_file_name()
        .into_iter()
        .map(|entry| entry.expect("a readable folder"))
        .filter(|entry| entry.path().extension().is_some_and(|extension| extension == "rs"))
        .map(|entry| {
            let text = fs::read_to_string(entry.path()).expect("a readable file");
            (entry.path().display().to_string(), text)
        })
        .collect()
}

#[test]
fn imports_run_one_way() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for (folder, allowed) in MAY_USE {
        let manifest = fs::read_to_string(root.join(folder).join("Cargo.toml")).expect("a manifest");
        let files = sources(&root.join(folder).join("src"));
        assert!(!files.is_empty(), "{folder} has no sources");
        let own_name = manifest.lines().find_map(|line| line.strip_prefix("name = ")).expect("a name");
        for name in OWN.iter().filter(|name| !allowed.contains(name) && !own_name.contains(**name)) {
            assert!(!manifest.contains(name), "{folder}/Cargo.toml depends on {name}");
            for (path, text) in &files {
                assert!(!text.contains(&format!("{name}::")), "{path} uses {name}");
            }
        }
    }
}

#[test]
fn python_never_names_django() {
    let files = sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("crates/python/src"));
    assert!(!files.is_empty());
    for (path, text) in files {
        for (number, line) in text.lines().enumerate() {
            let lower = line.to_lowercase();
            let names_it = ["django", "queryset"].iter().any(|word| lower.contains(word));
            assert!(!names_it, "{path}:{}: {line}", number + 1);
        }
    }
}

#[test]
fn transforms_read_no_files_and_nothing_but_the_command_prints() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for folder in ["transforms/src", "crates/django/src"] {
        for (path, text) in sources(&root.join(folder)) {
            // A module's own tests stand last in it.
            let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
            assert!(!text.contains("println!"), "{path} prints");
            assert!(folder != "transforms/src" || !text.contains("std::fs"), "{path} reads files");
        }
    }
}
