//! The project's Python files as a tree of modules.

use rustc_hash::FxHashMap;

use super::FileId;
use crate::symbol::Symbol;

/// What stands at a module's place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Found {
    /// A file: a module, or a package by its `__init__.py`.
    File(FileId),
    /// A folder without `__init__.py` that has Python files somewhere below it.
    Folder(Symbol),
}

/// Where a file stands, as far as its imports go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Place {
    /// The folder of the file.
    pub(crate) folder: Symbol,
    /// The folder from which its topmost package is imported.
    pub(crate) root: Symbol,
}

/// The folders and files that modules are found in. Paths are from the project's root, the root itself
/// is the empty path.
#[derive(Debug, Default)]
pub(crate) struct Tree {
    files: FxHashMap<String, FileId>,
    /// Folders with Python files below them, and their `__init__.py`.
    folders: FxHashMap<String, Option<FileId>>,
    /// Symbolic links and what they lead to.
    links: Vec<(String, String)>,
}

impl Tree {
    /// The tree of these files, in the order of their numbers.
    pub(crate) fn new<'a>(paths: impl Iterator<Item = &'a str>, links: Vec<(String, String)>) -> Self {
        let mut tree = Self { links, ..Self::default() };
        tree.folders.insert(String::new(), None);
        for (number, path) in (0..).zip(paths) {
            let file = FileId(number);
            let (folder, name) = split(path);
            tree.files.insert(path.to_owned(), file);
            let mut upwards = folder;
            while !tree.folders.contains_key(upwards) {
                tree.folders.insert(upwards.to_owned(), None);
                upwards = split(upwards).0;
            }
            if name == "__init__.py" {
                tree.folders.insert(folder.to_owned(), Some(file));
            }
        }
        tree
    }

    /// Whether the folder is a package by its `__init__.py`.
    pub(crate) fn is_package(&self, folder: &str) -> bool {
        self.folders.get(folder).is_some_and(Option::is_some)
    }

    /// What the dotted name is, seen from a folder. An empty name is the folder itself.
    pub(crate) fn find(&self, from: &str, dotted: &str) -> Option<Found> {
        let mut path = String::with_capacity(from.len() + dotted.len() + 4);
        path.push_str(from);
        if !from.is_empty() && !dotted.is_empty() {
            path.push('/');
        }
        path.extend(dotted.chars().map(|c| if c == '.' { '/' } else { c }));
        self.at(path)
    }

    fn at(&self, path: String) -> Option<Found> {
        if let Some(found) = self.at_own(path.clone()) {
            return Some(found);
        }
        let (link, target) = self.links.iter().find(|(link, _)| {
            path.strip_prefix(link.as_str())
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || rest == ".py")
                || link.strip_suffix(".py") == Some(&path)
        })?;
        match path.strip_prefix(link.as_str()) {
            Some(rest) => self.at_own(format!("{target}{rest}")),
            None => self.at_own(target.strip_suffix(".py")?.to_owned()),
        }
    }

    fn at_own(&self, mut path: String) -> Option<Found> {
        let folder = self.folders.get(&path).copied();
        if let Some(Some(init)) = folder {
            return Some(Found::File(init));
        }
        let len = path.len();
        path.push_str(".py");
        if let Some(&file) = self.files.get(&path) {
            return Some(Found::File(file));
        }
        path.truncate(len);
        folder.map(|_| Found::Folder(Symbol::new(&path)))
    }

    /// Where the file at this path stands. Its topmost package is found from the nearest package upwards, so that a
    /// folder without `__init__.py` inside a package belongs to it.
    pub(crate) fn place(&self, path: &str) -> Place {
        let folder = split(path).0;
        let mut package = folder;
        while !self.is_package(package) && !package.is_empty() {
            package = split(package).0;
        }
        let root = if package.is_empty() && !folder.is_empty() {
            // No package upwards, or only the project's root.
            folder
        } else {
            while !package.is_empty() && self.is_package(package) {
                package = split(package).0;
            }
            package
        };
        Place { folder: Symbol::new(folder), root: Symbol::new(root) }
    }
}

/// A path's folder and name.
pub(crate) fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

/// The module name of a file, seen from a folder above it.
pub(crate) fn module_name(root: &str, path: &str) -> String {
    let below = path.strip_prefix(root).map_or(path, |below| below.strip_prefix('/').unwrap_or(below));
    let below = below.strip_suffix(".py").unwrap_or(below);
    let below = below.strip_suffix("/__init__").unwrap_or(below);
    below.replace('/', ".")
}
