//! Modules by their dotted names, and what imports bind.

use std::path::{Path, PathBuf};
use std::sync::PoisonError;

use super::environment::{Installed, find_below};
use super::query::{Key, Query};
use super::tree::{Found, split};
use super::{Entity, FileId, ModuleRef, tables};
use crate::flow::{Import, ImportId};
use crate::symbol::Symbol;

/// What a dotted module name leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resolved {
    File(FileId),
    Namespace(Symbol),
    External,
    /// Part of a package that is read, but missing from it.
    Missing,
}

impl Query<'_> {
    /// A module below a package.
    pub(crate) fn submodule(&self, file: FileId, name: Symbol) -> Option<Entity> {
        let package = self.project.file(file);
        if !package.is_package {
            return None;
        }
        let folder = split(&package.path).0;
        if package.is_third_party {
            self.installed(find_below(Path::new(folder), name.as_str())?)
        } else {
            Some(match self.project.tree.find(folder, name.as_str())? {
                Found::File(file) => Entity::Module(file),
                Found::Folder(folder) => Entity::Namespace(folder),
            })
        }
    }

    fn installed(&self, found: Installed) -> Option<Entity> {
        match found {
            Installed::File(path) => self.project.reach(&path).map(Entity::Module),
            Installed::Folder(path) => Some(Entity::Namespace(Symbol::new(path.to_str()?))),
        }
    }

    /// The module that an import statement of a file names.
    pub(crate) fn module(&self, file: FileId, level: u32, dotted: Symbol) -> Resolved {
        if level > 0 {
            return self.relative_module(file, level, dotted);
        }
        let search = self.project.roots.search(file).map(|(number, _)| number);
        let key = (search.unwrap_or(u32::MAX), dotted);
        let modules = &self.project.memo.modules;
        let known = modules.read().unwrap_or_else(PoisonError::into_inner).get(&key).copied();
        known.unwrap_or_else(|| {
            let resolved = self.absolute_module(Some(file), dotted.as_str());
            let mut modules = modules.write().unwrap_or_else(PoisonError::into_inner);
            *modules.entry(key).or_insert(resolved)
        })
    }

    fn relative_module(&self, file: FileId, level: u32, dotted: Symbol) -> Resolved {
        let importer = self.project.file(file);
        let mut folder = split(&importer.path).0;
        for _ in 1..level {
            if folder.is_empty() {
                return Resolved::Missing;
            }
            folder = split(folder).0;
        }
        let found = if importer.is_third_party {
            find_below(Path::new(folder), dotted.as_str()).and_then(|found| self.installed(found))
        } else {
            return match self.project.tree.find(folder, dotted.as_str()) {
                Some(Found::File(file)) => Resolved::File(file),
                Some(Found::Folder(folder)) => Resolved::Namespace(folder),
                None => Resolved::Missing,
            };
        };
        match found {
            Some(Entity::Module(file)) => Resolved::File(file),
            Some(Entity::Namespace(folder)) => Resolved::Namespace(folder),
            _ => Resolved::Missing,
        }
    }

    /// The module of an absolute name, for a file's imports or for none's.
    pub(crate) fn absolute_module(&self, file: Option<FileId>, dotted: &str) -> Resolved {
        let project = self.project;
        if dotted.is_empty() {
            return Resolved::Missing;
        }
        if file.is_some() && tables::is_standard(dotted) {
            return Resolved::External;
        }
        let tree = &project.tree;
        let search = file.and_then(|file| project.roots.search(file));
        let third_party = file.is_some() && search.is_none();
        let none: &[&str] = &[];
        let (chain, script) = match search {
            Some((_, search)) => (search.chain.as_slice(), search.script.as_slice()),
            None if third_party => (none, none),
            None => ([""].as_slice(), none),
        };
        let shared = if third_party { none } else { project.roots.shared() };

        let mut folder = None;
        let mut file_in = |froms: &[&str], dotted: &str| {
            froms.iter().find_map(|from| match tree.find(from, dotted)? {
                Found::File(file) => Some(Resolved::File(file)),
                Found::Folder(found) => {
                    folder.get_or_insert(found);
                    None
                }
            })
        };
        if let Some(found) = file_in(chain, dotted) {
            return found;
        }
        if !third_party
            && let Some(rest) = project.roots.below_prefix(dotted)
            && let Some(found) = file_in(&[""], rest)
        {
            return found;
        }
        let mut installed = None;
        if !project.stays_external(dotted) && !tables::is_standard(dotted) {
            match project.environment.find(dotted) {
                Some(Installed::File(path)) => {
                    return project.reach(&path).map_or(Resolved::External, Resolved::File);
                }
                Some(Installed::Folder(path)) => installed = path.to_str().map(Symbol::new),
                None => {}
            }
        }
        if let Some(found) = file_in(shared, dotted).or_else(|| file_in(script, dotted)) {
            return found;
        }
        // A folder of data may bear the name of an installed package that is not read.
        if let Some(folder) = folder.filter(|_| !project.stays_external(dotted)).or(installed) {
            return Resolved::Namespace(folder);
        }
        let first = dotted.split_once('.').map_or(dotted, |(first, _)| first);
        let is_own =
            |froms: &[&str]| froms.iter().any(|from| matches!(tree.find(from, first), Some(Found::File(_))));
        if first != dotted && (is_own(chain) || is_own(shared)) {
            return Resolved::Missing;
        }
        Resolved::External
    }

    /// What a module of this name is, seen from no file in particular.
    pub(crate) fn module_ref(&self, dotted: &str) -> Option<ModuleRef> {
        if let Some(own) = self.project.own_module(Symbol::new(dotted)) {
            return Some(ModuleRef::File(own));
        }
        match self.absolute_module(None, dotted) {
            Resolved::File(file) => Some(ModuleRef::File(file)),
            Resolved::Namespace(folder) => Some(ModuleRef::Namespace(folder)),
            Resolved::External | Resolved::Missing => None,
        }
    }

    pub(crate) fn import(&mut self, file: FileId, import: ImportId) -> Entity {
        self.entity(Key::Import(file, import)).unwrap_or(Entity::Unknown)
    }

    pub(crate) fn find_import(&mut self, file: FileId, id: ImportId) -> Option<Entity> {
        let import = *self.project.facts(file).import(id);
        let Some(name) = import.name else {
            return Some(self.imported_module(file, import));
        };
        match self.module(file, import.level, import.module) {
            // `from . import a` in a package's own `__init__.py` asks for a submodule first: the name that it binds is
            // the one that this import gives.
            Resolved::File(module) if module == file => {
                self.submodule(module, name).or_else(|| self.module_attribute(module, name))
            }
            Resolved::File(module) => match self.module_attribute(module, name) {
                Some(entity) => Some(entity),
                None => Some(self.not_in(module, name)),
            },
            Resolved::Namespace(folder) => {
                if import.level == 0 {
                    // Another part of the namespace may stand under another root.
                    let whole = joined(import.module, name);
                    match self.module(file, 0, whole) {
                        Resolved::File(file) => return Some(Entity::Module(file)),
                        Resolved::Namespace(folder) => return Some(Entity::Namespace(folder)),
                        Resolved::External => return Some(Entity::External(whole)),
                        Resolved::Missing => {}
                    }
                }
                Some(self.in_namespace(folder, name))
            }
            Resolved::External => Some(Entity::External(joined(import.module, name))),
            Resolved::Missing => None,
        }
    }

    fn imported_module(&self, file: FileId, import: Import) -> Entity {
        let dotted = match import.module.as_str().split_once('.') {
            Some((first, _)) if import.binds_root => Symbol::new(first),
            _ => import.module,
        };
        match self.module(file, import.level, dotted) {
            Resolved::File(file) => Entity::Module(file),
            Resolved::Namespace(folder) => {
                // `import a.b` of a package that is not read, beside a folder of data that is called `a`.
                if import.binds_root && self.module(file, import.level, import.module) == Resolved::External {
                    return Entity::External(dotted);
                }
                Entity::Namespace(folder)
            }
            Resolved::External => Entity::External(dotted),
            Resolved::Missing => Entity::Unknown,
        }
    }

    /// A name that a module does not bind. Installed modules often bind names as they run; theirs stay known by name.
    pub(crate) fn not_in(&self, module: FileId, name: Symbol) -> Entity {
        let module = self.project.file(module);
        if module.is_third_party { Entity::External(joined(module.module, name)) } else { Entity::Unknown }
    }

    pub(crate) fn in_namespace(&self, folder: Symbol, name: Symbol) -> Entity {
        let path = PathBuf::from(folder.as_str());
        if path.is_absolute() {
            return find_below(&path, name.as_str())
                .and_then(|found| self.installed(found))
                .unwrap_or(Entity::Unknown);
        }
        let tree = &self.project.tree;
        let own = tree.find(folder.as_str(), name.as_str()).or_else(|| {
            // Another part of it, under another root.
            let shared = self.project.roots.shared();
            shared.iter().chain(&[""]).find_map(|root| {
                let below = folder.as_str().strip_prefix(root)?;
                let dotted = joined(Symbol::new(&below.trim_start_matches('/').replace('/', ".")), name);
                shared.iter().find_map(|other| tree.find(other, dotted.as_str()))
            })
        });
        match own {
            Some(Found::File(file)) => Entity::Module(file),
            Some(Found::Folder(folder)) => Entity::Namespace(folder),
            None => Entity::Unknown,
        }
    }
}

/// `module.name`
pub(crate) fn joined(module: Symbol, name: Symbol) -> Symbol {
    if module == "" {
        return name;
    }
    Symbol::new(&[module.as_str(), name.as_str()].join("."))
}
