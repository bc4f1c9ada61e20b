//! The packages that are installed beside a project, found by path when a name asks for them.

use std::fs;
use std::path::{Path, PathBuf};

use crate::source::regular;

/// Where installed packages are.
#[derive(Debug, Default)]
pub(crate) struct Environment {
    sites: Vec<PathBuf>,
}

/// What stands at an installed module's place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Installed {
    /// A file.
    File(PathBuf),
    /// A folder without `__init__.py`.
    Folder(PathBuf),
}

impl Environment {
    /// The environment that `python` names (an interpreter or an environment's folder), or else the one that
    /// stands in one of `folders`, or else the active one.
    pub(crate) fn discover(
        python: Option<&Path>,
        folders: impl Iterator<Item = PathBuf>,
    ) -> Result<Self, String> {
        let sites = match python {
            Some(python) => {
                let sites = sites_of_python(python);
                if sites.is_empty() {
                    return Err(format!("no installed packages found for {}", python.display()));
                }
                sites
            }
            None => folders
                .flat_map(|folder| [".venv", "venv", "env"].map(|name| folder.join(name)))
                .find(|folder| folder.join("pyvenv.cfg").is_file())
                .or_else(|| std::env::var_os("VIRTUAL_ENV").map(PathBuf::from))
                .map(|folder| sites_of_prefix(&folder, None, true))
                .unwrap_or_default(),
        };
        let mut environment = Self { sites };
        environment.add_path_files();
        Ok(environment)
    }

    /// Adds the folders that `*.pth` files name, as `site` does: packages installed for editing.
    fn add_path_files(&mut self) {
        let mut added = Vec::new();
        for site in &self.sites {
            let Ok(entries) = fs::read_dir(site) else {
                continue;
            };
            let mut files: Vec<PathBuf> = entries
                .filter_map(|entry| Some(entry.ok()?.path()))
                .filter(|path| path.extension().is_some_and(|extension| extension == "pth"))
                .collect();
            files.sort();
            for line in files
                .iter()
                .filter_map(|file| regular::read_to_string(file).ok())
                .flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>())
            {
                let line = line.trim();
                if line.is_empty()
                    || line.starts_with('#')
                    || line.starts_with("import ")
                    || line.starts_with("import\t")
                {
                    continue;
                }
                let folder = site.join(line);
                if folder.is_dir() {
                    added.push(folder.canonicalize().unwrap_or(folder));
                }
            }
        }
        for folder in added {
            if !self.sites.contains(&folder) {
                self.sites.push(folder);
            }
        }
    }

    /// The folders of installed packages.
    pub(crate) fn sites(&self) -> &[PathBuf] {
        &self.sites
    }

    /// Where a dotted name is installed.
    pub(crate) fn find(&self, dotted: &str) -> Option<Installed> {
        let mut folder = None;
        for site in &self.sites {
            match find_below(site, dotted) {
                Some(Installed::Folder(path)) => folder = folder.or(Some(path)),
                Some(file) => return Some(file),
                None => {}
            }
        }
        folder.map(Installed::Folder)
    }

    /// The dotted name of an installed file.
    pub(crate) fn module_name(&self, path: &Path) -> Option<String> {
        let site = self
            .sites
            .iter()
            .filter(|site| path.starts_with(site))
            .max_by_key(|site| site.components().count())?;
        let below = path.strip_prefix(site).ok()?.with_extension("");
        let mut parts: Vec<&str> = below.iter().map(|part| part.to_str()).collect::<Option<_>>()?;
        if parts.last() == Some(&"__init__") {
            parts.pop();
        }
        Some(parts.join("."))
    }
}

/// What a dotted name is, seen from a folder on disk. An empty name is the folder itself.
pub(crate) fn find_below(from: &Path, dotted: &str) -> Option<Installed> {
    let mut path = from.to_owned();
    for part in dotted.split('.').filter(|part| !part.is_empty()) {
        // Only what can be a name: never a path that leads elsewhere.
        if part.contains(['/', '\\', ':']) {
            return None;
        }
        path.push(part);
    }
    let init = path.join("__init__.py");
    if init.is_file() {
        return Some(Installed::File(init));
    }
    if !dotted.is_empty() {
        let mut name = path.file_name()?.to_owned();
        name.push(".py");
        let module = path.with_file_name(name);
        if module.is_file() {
            return Some(Installed::File(module));
        }
    }
    path.is_dir().then_some(Installed::Folder(path))
}

fn sites_of_python(python: &Path) -> Vec<PathBuf> {
    if python.is_dir() {
        return sites_of_prefix(python, None, true);
    }
    // What is not there has no packages, whatever is beside it.
    if python.symlink_metadata().is_err() {
        return Vec::new();
    }
    // Not resolved as a link: a virtual environment's interpreter is one.
    let version = |path: &Path| {
        let name = path.file_name()?.to_str()?.strip_prefix("python")?;
        name.contains('.').then(|| name.trim_end_matches(".exe").to_owned())
    };
    let real = python.canonicalize().ok();
    let hint = version(python).or_else(|| version(real.as_deref()?));
    [Some(python), real.as_deref()]
        .into_iter()
        .flatten()
        .filter_map(|path| path.parent())
        .flat_map(|bin| [bin.parent(), Some(bin)])
        .flatten()
        .map(|prefix| sites_of_prefix(prefix, hint.as_deref(), true))
        .find(|sites| !sites.is_empty())
        .unwrap_or_default()
}

/// The folders of installed packages below an environment's own folder, and those of the interpreter it
/// was made from where it shares them.
fn sites_of_prefix(prefix: &Path, version: Option<&str>, with_base: bool) -> Vec<PathBuf> {
    let config = regular::read_to_string(&prefix.join("pyvenv.cfg")).unwrap_or_default();
    let setting = |name: &str| {
        config.lines().find_map(|line| {
            let (key, value) = line.split_once('=')?;
            (key.trim() == name).then(|| value.trim().to_owned())
        })
    };
    let version = setting("version")
        .or_else(|| setting("version_info"))
        .map(|full| full.split('.').take(2).collect::<Vec<_>>().join("."))
        .or_else(|| version.map(str::to_owned));

    let mut sites = Vec::new();
    for lib in ["lib", "lib64", "local/lib"] {
        let mut interpreters: Vec<(bool, Vec<u32>, PathBuf)> = fs::read_dir(prefix.join(lib))
            .into_iter()
            .flatten()
            .filter_map(|entry| {
                let path = entry.ok()?.path();
                let name = path.file_name()?.to_str()?;
                let number = name.strip_prefix("python").or(name.strip_prefix("pypy"))?;
                let numbers = number.split('.').filter_map(|part| part.parse().ok()).collect();
                Some((version.as_deref() == Some(number), numbers, path))
            })
            .collect();
        interpreters.sort();
        // The version asked for, or the newest that has packages; Debian's own stand under `python3` as well.
        let mut chosen = false;
        for (wanted, numbers, path) in interpreters.into_iter().rev() {
            if chosen && !(wanted || numbers.len() == 1) {
                continue;
            }
            for name in ["site-packages", "dist-packages"] {
                let site = path.join(name);
                if site.is_dir() {
                    chosen = true;
                    sites.push(site);
                }
            }
        }
    }
    let windows = prefix.join("Lib").join("site-packages");
    if sites.is_empty() && windows.is_dir() {
        sites.push(windows);
    }
    if with_base
        && setting("include-system-site-packages").as_deref() == Some("true")
        && let Some(home) = setting("home")
        && let Some(base) = Path::new(&home).parent()
        && base != prefix
    {
        sites.extend(sites_of_prefix(base, version.as_deref(), false));
    }
    let mut kept: Vec<PathBuf> = Vec::new();
    for site in sites {
        let real = site.canonicalize().unwrap_or(site);
        if !kept.contains(&real) {
            kept.push(real);
        }
    }
    kept
}
