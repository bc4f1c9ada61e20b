//! The packages that a project asks for, by its requirements and lock files.

use std::collections::BTreeMap;

use tuneup_python::Project;
use tuneup_python::flow::ExprKind;

/// Files above this size are not requirements that a person or a tool wrote.
const LARGEST: u64 = 8 * 1024 * 1024;

/// The packages that a project asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Packages {
    /// By normalised name: the lowest version that runs, where something pins it.
    found: BTreeMap<String, Option<(u32, u32)>>,
}

impl Packages {
    /// Reads requirements, `pyproject.toml`, `Pipfile`, `setup.cfg`, `setup.py` and lock files.
    pub fn find(project: &Project) -> Self {
        let mut packages = Self::default();
        for other in project.others().iter().filter(|other| other.size <= LARGEST) {
            let Some(kind) = kind_of(&other.path) else { continue };
            let Ok(text) = project.read_unicode(&other.path) else { continue };
            match kind {
                Kind::Lines => text.unmarked().lines().for_each(|line| packages.add_requirement(line)),
                Kind::Toml => text.unmarked().lines().for_each(|line| packages.add_toml(line)),
                Kind::Lock => packages.add_lock(text.unmarked()),
            }
        }
        for file in project.file_ids().filter(|&file| project.path(file).ends_with("setup.py")) {
            for node in &project.facts(file).exprs {
                if let ExprKind::Str(text) = node.kind {
                    packages.add_requirement(text.as_str());
                }
            }
        }
        packages
    }

    /// Whether the project asks for a package, or for one that brings it along.
    pub fn has(&self, name: &str) -> bool {
        self.found.contains_key(name)
    }

    /// Whether a package is at least of this version; nothing where no version is pinned.
    pub fn at_least(&self, name: &str, major: u32, minor: u32) -> Option<bool> {
        self.found.get(name).copied().flatten().map(|version| version >= (major, minor))
    }

    fn add(&mut self, name: &str, version: Option<(u32, u32)>) {
        let known = self.found.entry(normalised(name)).or_default();
        *known = match (*known, version) {
            (Some(known), Some(version)) => Some(known.min(version)),
            (known, version) => known.or(version),
        };
    }

    fn add_requirement(&mut self, line: &str) {
        let line = line.trim();
        let end = line.find(|char: char| !is_of_name(char)).unwrap_or(line.len());
        let (name, rest) = line.split_at(end);
        let rest = rest.trim_start();
        let is_name = name.starts_with(|char: char| char.is_ascii_alphanumeric());
        let rest = match rest.strip_prefix('[') {
            Some(extras) => extras.split_once(']').map_or("", |(_, rest)| rest).trim_start(),
            None => rest,
        };
        let is_requirement =
            rest.is_empty() || rest.starts_with(['=', '<', '>', '~', '!', ';', '@', '#', '\\', '(']);
        if is_name && is_requirement {
            self.add(name, rest.strip_prefix("==").and_then(version));
        }
    }

    fn add_toml(&mut self, line: &str) {
        let line = line.trim();
        if line.starts_with('#') {
            return;
        }
        // `psycopg = {extras = ["pool"], version = "^3.1"}`
        if let Some((key, value)) = line.split_once('=') {
            let key = key.trim().trim_matches('"');
            if !key.is_empty() && key.chars().all(is_of_name) && value.trim_start().starts_with(['"', '{']) {
                self.add(key, value.trim().trim_matches('"').strip_prefix("==").and_then(version));
            }
        }
        for quoted in line.split('"').skip(1).step_by(2) {
            self.add_requirement(quoted);
        }
    }

    /// `[[package]]` entries; of JSON, `"name": {` and the version within.
    fn add_lock(&mut self, text: &str) {
        let mut name: Option<String> = None;
        for line in text.lines().map(str::trim) {
            let value = |key: &str| {
                let rest = line.strip_prefix(key)?.trim_start().strip_prefix(['=', ':'])?;
                Some(rest.trim().trim_end_matches(',').trim_matches('"').to_owned())
            };
            if let Some(found) = value("name") {
                name = Some(found);
            } else if let Some(found) = line.strip_prefix('"').and_then(|line| line.strip_suffix("\": {")) {
                name = Some(found.to_owned());
            } else if let Some(found) = value("version").or_else(|| value("\"version\""))
                && let Some(name) = name.take()
            {
                self.add(&name, version(found.trim_start_matches("==")));
            }
        }
    }
}

enum Kind {
    Lines,
    Toml,
    Lock,
}

fn kind_of(path: &str) -> Option<Kind> {
    let name = path.rsplit('/').next().unwrap_or(path);
    let is_text = [".txt", ".in", ".pip"].iter().any(|extension| name.ends_with(extension));
    let is_requirements =
        is_text && path.rsplit('/').take(2).any(|part| part.to_ascii_lowercase().contains("require"));
    match name {
        "poetry.lock" | "uv.lock" | "pdm.lock" | "Pipfile.lock" => Some(Kind::Lock),
        "pyproject.toml" | "Pipfile" => Some(Kind::Toml),
        "setup.cfg" => Some(Kind::Lines),
        _ if is_requirements => Some(Kind::Lines),
        _ => None,
    }
}

fn is_of_name(char: char) -> bool {
    char.is_ascii_alphanumeric() || matches!(char, '-' | '_' | '.')
}

fn normalised(name: &str) -> String {
    name.to_ascii_lowercase().replace(['_', '.'], "-")
}

fn version(text: &str) -> Option<(u32, u32)> {
    let mut numbers = text.trim().split('.').map(|part| {
        let digits = part.find(|char: char| !char.is_ascii_digit()).unwrap_or(part.len());
        part[..digits].parse::<u32>().ok()
    });
    Some((numbers.next()??, numbers.next().flatten().unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_read_in_every_form() {
        let mut packages = Packages::default();
        for line in
            ["Dj_Database-Url==1.0.0  # old", "psycopg[binary,pool]>=3.1", "-r base.txt", "redis", "a b"]
        {
            packages.add_requirement(line);
        }
        packages.add_toml("    \"whitenoise>=6\",");
        packages.add_toml("celery = {extras = [\"redis\"], version = \"==5.3.1\"}");
        packages.add_toml("description = \"a fine site\"");
        packages.add_lock("[[package]]\nname = \"sentry-sdk\"\nversion = \"2.1.0\"\n");
        packages.add_lock("{\n    \"gunicorn\": {\n        \"version\": \"==21.2.0\"\n    }\n}\n");
        for name in ["dj-database-url", "psycopg", "redis", "whitenoise", "celery", "sentry-sdk", "gunicorn"]
        {
            assert!(packages.has(name), "{name}");
        }
        assert!(!packages.has("a") && !packages.has("a fine site"));
        assert_eq!(packages.at_least("dj-database-url", 1, 1), Some(false));
        assert_eq!(packages.at_least("sentry-sdk", 2, 0), Some(true));
        assert_eq!(packages.at_least("gunicorn", 21, 2), Some(true));
        assert_eq!(packages.at_least("psycopg", 3, 1), None);
    }
}
