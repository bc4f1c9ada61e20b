//! From which folders absolute imports are resolved.
//!
//! Python has one search path for a process, but a repository often holds several programs, each started
//! from a folder of its own. So each file has a search path: the folder that its topmost package stands in,
//! the folders above it, and then the folders that other packages of the project stand in, or that its code adds.

use rustc_hash::FxHashMap;

use super::FileId;
use super::sys_path;
use super::tree::{Found, Place, Tree, module_name, split};
use crate::flow::FileFacts;
use crate::symbol::Symbol;

/// Folders whose packages are not there for the rest of a project to import.
const APART: [&str; 6] = ["tests", "test", "testing", "docs", "doc", "examples"];

/// The search paths of a project's files.
#[derive(Debug, Default)]
pub(crate) struct Roots {
    /// By file, its search path.
    paths: Vec<u32>,
    searches: Vec<Search>,
    /// Folders that packages stand in, the shallowest first, and then those that code puts on the search path.
    shared: Vec<&'static str>,
    /// The dotted name of the root itself, where it is a package that is imported by that name.
    prefix: Option<String>,
}

/// One search path.
#[derive(Debug)]
pub(crate) struct Search {
    /// The folder of the topmost package, and the folders above it, nearest first.
    pub(crate) chain: Vec<&'static str>,
    /// Folders without `__init__.py` between the file and its topmost package: where a script is started from.
    pub(crate) script: Vec<&'static str>,
}

impl Roots {
    /// The search paths of files, in the order of their numbers.
    pub(crate) fn new<'a>(tree: &Tree, paths: impl Iterator<Item = &'a str>) -> Self {
        let mut roots = Self::default();
        let mut known: FxHashMap<Place, u32> = FxHashMap::default();
        for path in paths {
            let place = tree.place(path);
            let next = known.len() as u32;
            let search = *known.entry(place).or_insert_with(|| {
                roots.searches.push(Search::new(tree, place));
                next
            });
            roots.paths.push(search);
            let root = place.root.as_str();
            if place.folder != place.root && !roots.shared.contains(&root) {
                roots.shared.push(root);
            }
        }
        roots.shared.retain(|root| !root.split('/').any(|part| APART.contains(&part)));
        roots.shared.sort_by_key(|root| (root.split('/').count(), *root));
        roots
    }

    /// The search path of one of the project's files.
    pub(crate) fn search(&self, file: FileId) -> Option<(u32, &Search)> {
        let number = *self.paths.get(file.index())?;
        Some((number, self.searches.get(number as usize)?))
    }

    /// Folders that packages stand in.
    pub(crate) fn shared(&self) -> &[&'static str] {
        &self.shared
    }

    /// The rest of a dotted name that begins with the name of the root itself.
    pub(crate) fn below_prefix<'d>(&self, dotted: &'d str) -> Option<&'d str> {
        let rest = dotted.strip_prefix(self.prefix.as_deref()?)?;
        if rest.is_empty() {
            return Some(rest);
        }
        rest.strip_prefix('.')
    }

    /// Names every module as the project's own imports name it: relative to the folder from which most of them
    /// find it, or else to the folder that its topmost package stands in. Gives the names by file.
    pub(crate) fn link<'a>(
        &mut self,
        tree: &Tree,
        paths: &[&str],
        facts: impl Iterator<Item = (FileId, &'a FileFacts)>,
        root_name: Option<String>,
    ) -> Vec<Symbol> {
        let homes: Vec<Symbol> = paths.iter().map(|path| tree.place(path).root).collect();
        let mut votes: FxHashMap<(Symbol, Symbol), u32> = FxHashMap::default();
        let mut found: FxHashMap<(u32, Symbol), Option<(Symbol, Symbol)>> = FxHashMap::default();
        let (mut plain, mut prefixed) = (0_usize, 0_usize);
        let mut called: FxHashMap<&str, usize> = FxHashMap::default();
        let mut added: Vec<&str> = Vec::new();
        for (file, facts) in facts {
            added.extend(sys_path::added(tree, paths[file.index()], facts));
            let Some((number, search)) = self.search(file) else {
                continue;
            };
            for import in facts.imports.iter().filter(|import| import.level == 0) {
                let dotted = import.module;
                let vote = *found.entry((number, dotted)).or_insert_with(|| {
                    search.chain.iter().find_map(|from| match tree.find(from, dotted.as_str())? {
                        Found::File(file) => Some((homes[file.index()], Symbol::new(from))),
                        Found::Folder(_) => None,
                    })
                });
                if let Some(vote) = vote {
                    *votes.entry(vote).or_default() += 1;
                    plain += usize::from(vote.1 == "");
                } else if let Some(name) = &root_name
                    && let Some(rest) = dotted.as_str().strip_prefix(name.as_str())
                    && (rest.is_empty() || rest.starts_with('.'))
                    && matches!(tree.find("", rest.trim_start_matches('.')), Some(Found::File(_)))
                {
                    prefixed += 1;
                } else if root_name.is_some()
                    && let Some((first, rest)) = dotted.as_str().split_once('.')
                    && rest.contains('.')
                    && matches!(tree.find("", rest), Some(Found::File(_)))
                {
                    *called.entry(first).or_default() += 1;
                }
            }
        }
        for folder in added {
            if !self.shared.contains(&folder) {
                self.shared.push(folder);
            }
        }
        // A package may be checked out into a folder of any name: its imports then tell what it is called.
        let by_imports = called.into_iter().max_by_key(|&(name, count)| (count, std::cmp::Reverse(name)));
        self.prefix = match by_imports {
            Some((name, count)) if prefixed == 0 && count > plain => Some(name.to_owned()),
            _ => root_name.filter(|_| prefixed > plain),
        };

        let mut best: FxHashMap<Symbol, (u32, Symbol)> = FxHashMap::default();
        // The order of the votes does not matter: the greater count wins, then the longer, then the lesser path.
        let mut counted: Vec<_> = votes.into_iter().collect();
        counted.sort_by_key(|((home, from), _)| (home.as_str(), from.as_str()));
        for ((home, from), count) in counted {
            let kept = best.entry(home).or_insert((count, from));
            if (count, from.as_str().len()) > (kept.0, kept.1.as_str().len()) {
                *kept = (count, from);
            }
        }
        let mut names = Vec::with_capacity(paths.len());
        for (path, home) in paths.iter().zip(&homes) {
            let from = best.get(home).map_or(*home, |(_, from)| *from);
            let name = module_name(from.as_str(), path);
            names.push(match &self.prefix {
                Some(prefix) if from == "" && name == "__init__" => Symbol::new(prefix),
                Some(prefix) if from == "" => Symbol::new(&format!("{prefix}.{name}")),
                _ => Symbol::new(&name),
            });
        }
        names
    }
}

impl Search {
    fn new(tree: &Tree, place: Place) -> Self {
        let mut chain = Vec::new();
        let mut folder = place.root.as_str();
        loop {
            if folder.is_empty() || !tree.is_package(folder) {
                chain.push(folder);
            }
            if folder.is_empty() {
                break;
            }
            folder = split(folder).0;
        }
        let mut script = Vec::new();
        let mut folder = place.folder.as_str();
        while folder != place.root.as_str() && !folder.is_empty() && !tree.is_package(folder) {
            script.push(folder);
            folder = split(folder).0;
        }
        Self { chain, script }
    }
}
