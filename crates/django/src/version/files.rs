//! The files that say which packages a project is run with.

use toml_edit::{DocumentMut, Item, Value};
use tuneup_python::Project;
use tuneup_python::flow::ExprKind;

use super::specifier::{Series, Wanted, of_requirement, of_specifier, series};

const PACKAGE: &str = "django";

/// How surely a file says what runs. Less comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// A lock file.
    Lock,
    /// A requirement that leaves one series.
    Pin,
    /// What is installed beside the project.
    Installed,
    /// A requirement with a lower bound.
    Range,
    /// What a package's metadata claims.
    Claim,
}

/// What one file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) kind: Kind,
    /// Whether it is for development, tests or documents.
    pub(super) is_aside: bool,
    /// How deep the file is.
    pub(super) depth: usize,
    pub(super) series: Series,
    pub(super) path: String,
}

/// What every file of a project says, and those above its root.
pub(super) fn all(project: &Project) -> Vec<Finding> {
    let mut found = Vec::new();
    let mut wanted: Vec<String> = project
        .others()
        .iter()
        .filter(|other| is_requirements(&other.path) || is_named(file_name(&other.path)))
        .map(|other| other.path.clone())
        .collect();
    // Requirements that others include need not be called so.
    let mut at = 0;
    while at < wanted.len() {
        let path = wanted[at].clone();
        at += 1;
        let Ok(source) = project.read_unicode(&path) else { continue };
        for included in included(&path, source.unmarked()) {
            if !wanted.contains(&included) {
                wanted.push(included);
            }
        }
        let depth = path.matches('/').count();
        for (kind, series) in said_by(file_name(&path), source.unmarked()) {
            found.push(Finding { kind, is_aside: is_aside(&path), depth, series, path: path.clone() });
        }
    }
    for file in project.file_ids() {
        let path = &project.file(file).path;
        if file_name(path) != "setup.py" {
            continue;
        }
        for node in &project.facts(file).exprs {
            let ExprKind::Str(text) = node.kind else { continue };
            if let Some((kind, series)) = of_text(text.as_str()) {
                let depth = path.matches('/').count();
                found.push(Finding { kind, is_aside: is_aside(path), depth, series, path: path.clone() });
            }
        }
    }
    add_above(project, &mut found);
    found
}

/// A project can be read from a folder inside its repository.
fn add_above(project: &Project, found: &mut Vec<Finding>) {
    const NAMES: [&str; 8] = [
        "poetry.lock",
        "uv.lock",
        "pdm.lock",
        "Pipfile.lock",
        "requirements.txt",
        "pyproject.toml",
        "setup.cfg",
        "Pipfile",
    ];
    let mut folder = project.root();
    for up in 1..=4 {
        if folder.join(".git").exists() {
            return;
        }
        let Some(parent) = folder.parent() else { return };
        folder = parent;
        if !folder.ancestors().any(|above| above.join(".git").exists()) {
            return;
        }
        for name in NAMES {
            let path = folder.join(name);
            let Some(text) = project.read_configuration(&path) else { continue };
            for (kind, series) in said_by(name, &text) {
                let path = format!("{}{name}", "../".repeat(up));
                found.push(Finding { kind, is_aside: false, depth: up, series, path });
            }
        }
    }
}

pub(crate) fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn is_named(name: &str) -> bool {
    matches!(
        name,
        "poetry.lock" | "uv.lock" | "pdm.lock" | "Pipfile.lock" | "pyproject.toml" | "setup.cfg" | "Pipfile"
    ) || is_pylock(name)
}

/// `pylock.toml`, `pylock.web.toml`
fn is_pylock(name: &str) -> bool {
    name.starts_with("pylock.") && name.ends_with("toml")
}

/// `requirements.txt`, `requirements/production.txt`, `dev-requirements.in`
pub(crate) fn is_requirements(path: &str) -> bool {
    let is_text = [".txt", ".in", ".pip"].iter().any(|extension| path.ends_with(extension));
    is_text && path.rsplit('/').take(2).any(|part| part.to_ascii_lowercase().contains("require"))
}

pub(crate) fn is_aside(path: &str) -> bool {
    let parts = path.split(['/', '-', '_', '.']);
    parts.map(str::to_ascii_lowercase).any(|part| {
        matches!(
            part.as_str(),
            "dev"
                | "develop"
                | "development"
                | "local"
                | "test"
                | "tests"
                | "testing"
                | "doc"
                | "docs"
                | "example"
                | "examples"
                | "lint"
                | "ci"
        )
    })
}

/// The files that `-r` and `-c` name.
pub(crate) fn included(path: &str, text: &str) -> Vec<String> {
    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let names = text.lines().filter_map(|line| {
        let line = line.trim();
        let option = ["-r", "--requirement", "-c", "--constraint"]
            .iter()
            .find_map(|option| line.strip_prefix(option))?;
        let name = option.trim_start_matches(['=', ' ']).split(" #").next()?.trim();
        (!name.is_empty() && !name.contains("://")).then_some(name)
    });
    names.filter_map(|name| joined(folder, name)).collect()
}

/// A path relative to a folder, without `..`; nothing where it leads out of the project.
pub(crate) fn joined(folder: &str, name: &str) -> Option<String> {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in name.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// What the text of a file of this name says.
fn said_by(name: &str, text: &str) -> Vec<(Kind, Series)> {
    match name {
        "poetry.lock" | "uv.lock" | "pdm.lock" => locked(text),
        "Pipfile.lock" => pipfile_lock(text).map(|series| (Kind::Lock, series)).into_iter().collect(),
        "pyproject.toml" | "Pipfile" => of_toml(text),
        "setup.cfg" => text.lines().filter_map(of_text).collect(),
        name if is_pylock(name) => locked(text),
        _ => text.lines().filter_map(of_text).filter(|(kind, _)| *kind != Kind::Claim).collect(),
    }
}

/// A requirement, or a classifier.
fn of_text(text: &str) -> Option<(Kind, Series)> {
    if let Some(classified) = text.trim().strip_prefix("Framework :: Django :: ") {
        return Some((Kind::Claim, series(classified).filter(|_| classified.contains('.'))?));
    }
    of_requirement(text, PACKAGE).map(kinded)
}

fn kinded(wanted: Wanted) -> (Kind, Series) {
    match wanted {
        Wanted::Pinned(series) => (Kind::Pin, series),
        Wanted::From(series) => (Kind::Range, series),
    }
}

/// `[[package]]` entries, each with a name and a version. Read by lines: these files are long.
fn locked(text: &str) -> Vec<(Kind, Series)> {
    let value = |line: &str, key: &str| {
        let rest = line.trim().strip_prefix(key)?.trim_start().strip_prefix('=')?;
        Some(rest.trim().trim_matches(['"', '\'']).to_owned())
    };
    let mut found = Vec::new();
    let mut is_it = false;
    for line in text.lines() {
        if line.starts_with('[') {
            is_it = false;
        } else if let Some(name) = value(line, "name") {
            is_it = name.eq_ignore_ascii_case(PACKAGE);
        } else if is_it && let Some(version) = value(line, "version") {
            found.extend(series(&version).map(|series| (Kind::Lock, series)));
            is_it = false;
        }
    }
    found
}

/// `"django": {… "version": "==4.2.7"}`
fn pipfile_lock(text: &str) -> Option<Series> {
    let lower = text.to_ascii_lowercase();
    let start = lower.find("\"django\"")?;
    let body = &lower[start..];
    let body = &body[..body.find('}')?];
    let version = &body[body.find("\"version\"")? + 9..];
    series(version.trim_start_matches([' ', ':', '"', '=', '\n']))
}

/// `pyproject.toml` and `Pipfile`: lists of requirements anywhere, and tables whose keys are packages.
fn of_toml(text: &str) -> Vec<(Kind, Series)> {
    let Ok(document) = text.parse::<DocumentMut>() else { return Vec::new() };
    let mut found = Vec::new();
    let mut open: Vec<(&str, &Item)> = vec![("", document.as_item())];
    while let Some((key, item)) = open.pop() {
        if key.eq_ignore_ascii_case(PACKAGE)
            && let Some(specifier) = specifier_of(item)
        {
            found.extend(of_specifier(specifier).map(kinded));
            continue;
        }
        if let Some(table) = item.as_table_like() {
            open.extend(table.iter().filter(|(key, _)| *key != "urls"));
        }
        if let Some(list) = item.as_array() {
            found.extend(list.iter().filter_map(Value::as_str).filter_map(of_text));
        }
    }
    found
}

/// `"^4.2"`, or `{version = "^4.2", extras = […]}`
fn specifier_of(item: &Item) -> Option<&str> {
    match item.as_str() {
        Some(text) => Some(text),
        None => item.as_table_like()?.get("version")?.as_str(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locks() {
        let uv = "version = 1\n\n[[package]]\nname = \"django-filter\"\nversion = \"25.1\"\n\n[[package]]\nname = \"django\"\nversion = \"5.2.1\"\nsource = { registry = \"x\" }\n";
        assert_eq!(said_by("uv.lock", uv), [(Kind::Lock, (5, 2))]);
        let pipfile = r#"{"default": {"django": {"hashes": ["x"], "index": "pypi", "version": "==4.1.7"}}}"#;
        assert_eq!(said_by("Pipfile.lock", pipfile), [(Kind::Lock, (4, 1))]);
    }

    #[test]
    fn tables() {
        let poetry = "[tool.poetry.dependencies]\npython = \"^3.11\"\ndjango = {version = \"~5.1\", extras = [\"argon2\"]}\n";
        assert_eq!(said_by("pyproject.toml", poetry), [(Kind::Pin, (5, 1))]);
        let project = "[project]\ndependencies = [\"psycopg\", \"Django>=4.2\"]\nclassifiers = [\"Framework :: Django\", \"Framework :: Django :: 3.2\"]\n";
        let mut said = said_by("pyproject.toml", project);
        said.sort();
        assert_eq!(said, [(Kind::Range, (4, 2)), (Kind::Claim, (3, 2))]);
        assert_eq!(said_by("Pipfile", "[packages]\nDjango = \"==3.2.1\"\n"), [(Kind::Pin, (3, 2))]);
    }

    #[test]
    fn requirements() {
        let text = "-r base.pip\n-c ../limits.txt\n-r https://example.org/x.txt\nDjango==5.0.1\ndjango-debug-toolbar==4\n";
        assert_eq!(said_by("dev.txt", text), [(Kind::Pin, (5, 0))]);
        assert_eq!(included("requirements/dev.txt", text), ["requirements/base.pip", "limits.txt"]);
        assert!(is_requirements("requirements/base.txt") && is_requirements("a/dev-requirements.in"));
        assert!(!is_requirements("docs/robots.txt"));
    }

    #[test]
    fn setup() {
        let text = "[options]\ninstall_requires =\n    Django >= 3.2, < 4.0\n    requests\n";
        assert_eq!(said_by("setup.cfg", text), [(Kind::Pin, (3, 2))]);
    }
}
