//! Looking names up: memoised, and safe where modules import each other in a circle.

use std::hash::{BuildHasher, Hash};
use std::path::{Path, PathBuf};
use std::sync::{PoisonError, RwLock};

use elsa::sync::FrozenVec;
use rustc_hash::{FxBuildHasher, FxHashMap};

use super::classes::end_of;
use super::environment::{Installed, find_below};
use super::tree::{Found, split};
use super::{Base, ClassRef, Entity, FileId, FunctionRef, ModuleRef, tables};
use crate::flow::{Binding, Block, ClassId, Expr, ExprKind, FileFacts, Import, ImportId};
use crate::project::Project;
use crate::symbol::Symbol;

/// All of a file's bindings count.
const ALL: u32 = u32::MAX;

/// A question whose answer is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    /// What a module binds a name to, as seen behind so many of its bindings.
    Bound(FileId, Symbol, u32),
    /// What an import binds.
    Import(FileId, ImportId),
    /// The bases of a class.
    Bases(ClassRef),
    /// The method resolution order of a class.
    Order(ClassRef),
}

/// An answer: an entity, nothing, or a list.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Answer {
    Entity(Option<Entity>),
    List(u32),
}

const SHARDS: usize = 16;

/// The answers that a project keeps.
#[derive(Default)]
pub(crate) struct Memo {
    answers: [RwLock<FxHashMap<Key, Answer>>; SHARDS],
    modules: RwLock<FxHashMap<(u32, Symbol), Resolved>>,
    pub(crate) lists: FrozenVec<Box<[Base]>>,
}

impl Memo {
    fn shard(&self, key: Key) -> &RwLock<FxHashMap<Key, Answer>> {
        &self.answers[(FxBuildHasher.hash_one(key) >> 40) as usize % SHARDS]
    }

    fn get(&self, key: Key) -> Option<Answer> {
        let shard = self.shard(key).read();
        shard.unwrap_or_else(PoisonError::into_inner).get(&key).copied()
    }

    fn keep(&self, key: Key, answer: Answer) {
        let shard = self.shard(key).write();
        shard.unwrap_or_else(PoisonError::into_inner).entry(key).or_insert(answer);
    }
}

/// What a dotted module name leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Resolved {
    File(FileId),
    Namespace(Symbol),
    External,
    /// Part of a package that is read, but missing from it.
    Missing,
}

/// The names of a module's body, each with the positions of its bindings.
pub(crate) struct NameIndex {
    names: FxHashMap<Symbol, Vec<u32>>,
}

impl NameIndex {
    pub(crate) fn new(facts: &FileFacts) -> Self {
        let mut names: FxHashMap<Symbol, Vec<u32>> = FxHashMap::default();
        for (number, binding) in (0..).zip(facts.bindings(facts.module_bindings)) {
            names.entry(binding.name).or_default().push(number);
        }
        Self { names }
    }

    fn get(&self, name: Symbol) -> &[u32] {
        self.names.get(&name).map_or(&[], Vec::as_slice)
    }
}

/// Where a value stands, as far as names in it go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    /// In the body of the module or of this class: names mean what was bound before.
    Body(Option<ClassId>),
    /// In a function: names mean what the module binds in the end.
    Function,
}

/// One question and all that it asks in turn.
///
/// A question that is met again while it is being answered has no answer there. What was found out on
/// such a way holds only as long as that question is open: it is kept aside until then, so that every kept answer
/// is the same whatever was asked first.
pub(crate) struct Query<'p> {
    pub(crate) project: &'p Project,
    /// Open questions and how deep each is.
    open: FxHashMap<Key, usize>,
    /// Answers that hold while a question is open: the shallowest on which each depends.
    aside: FxHashMap<Key, (Answer, usize)>,
    aside_order: Vec<Key>,
    /// The shallowest open question that was met again since the current one was opened.
    met: usize,
}

impl<'p> Query<'p> {
    pub(crate) fn new(project: &'p Project) -> Self {
        Self {
            project,
            open: FxHashMap::default(),
            aside: FxHashMap::default(),
            aside_order: Vec::new(),
            met: usize::MAX,
        }
    }

    pub(crate) fn ask(&mut self, key: Key) -> Answer {
        if let Some(answer) = self.project.memo.get(key) {
            return answer;
        }
        if let Some(&(answer, on)) = self.aside.get(&key) {
            self.met = self.met.min(on);
            return answer;
        }
        if let Some(&depth) = self.open.get(&key) {
            self.met = self.met.min(depth);
            return match key {
                Key::Bound(..) | Key::Import(..) => Answer::Entity(None),
                Key::Bases(_) | Key::Order(_) => self.list(vec![Base::Unknown]),
            };
        }
        let depth = self.open.len();
        let first_aside = self.aside_order.len();
        let met_before = std::mem::replace(&mut self.met, usize::MAX);
        self.open.insert(key, depth);
        // A chain of aliases can be as long as a file.
        let answer = stacker::maybe_grow(128 * 1024, 4 * 1024 * 1024, || self.answer(key));
        self.open.remove(&key);
        if self.met >= depth {
            for key in self.aside_order.drain(first_aside..) {
                self.aside.remove(&key);
            }
            self.project.memo.keep(key, answer);
            self.met = met_before;
            return answer;
        }
        for other in &self.aside_order[first_aside..] {
            if let Some((_, on)) = self.aside.get_mut(other) {
                *on = (*on).min(self.met);
            }
        }
        self.aside.insert(key, (answer, self.met));
        self.aside_order.push(key);
        self.met = self.met.min(met_before);
        answer
    }

    fn answer(&mut self, key: Key) -> Answer {
        match key {
            Key::Bound(file, name, before) => Answer::Entity(self.find_bound(file, name, before)),
            Key::Import(file, import) => Answer::Entity(self.find_import(file, import)),
            Key::Bases(class) => {
                let bases = self.find_bases(class);
                self.list(bases)
            }
            Key::Order(class) => {
                let order = self.find_order(class);
                self.list(order)
            }
        }
    }

    fn list(&mut self, list: Vec<Base>) -> Answer {
        let lists = &self.project.memo.lists;
        Answer::List(lists.push_get_index(list.into_boxed_slice()) as u32)
    }

    fn entity(&mut self, key: Key) -> Option<Entity> {
        match self.ask(key) {
            Answer::Entity(entity) => entity,
            Answer::List(_) => None,
        }
    }

    // Module-level names.

    /// A name as code of a file sees it, behind so many of the module's bindings.
    pub(crate) fn global(&mut self, file: FileId, name: Symbol, before: Option<u32>) -> Entity {
        if let Some(entity) = self.entity(Key::Bound(file, name, before.unwrap_or(ALL))) {
            return entity;
        }
        if tables::is_builtin(name) {
            return Entity::Builtin(name);
        }
        self.submodule(file, name).or_else(|| self.starred_outside(file, name)).unwrap_or(Entity::Unknown)
    }

    /// A name as an attribute of a module.
    fn module_attribute(&mut self, file: FileId, name: Symbol) -> Option<Entity> {
        if let Some(entity) = self.entity(Key::Bound(file, name, ALL)) {
            return Some(entity);
        }
        if let Some(entity) = self.submodule(file, name) {
            return Some(entity);
        }
        let getattr = Symbol::new("__getattr__");
        if name != getattr && !self.project.index(file).get(getattr).is_empty() {
            return Some(Entity::Unknown);
        }
        self.starred_outside(file, name)
    }

    fn find_bound(&mut self, file: FileId, name: Symbol, before: u32) -> Option<Entity> {
        let project = self.project;
        let facts = project.facts(file);
        let bindings = facts.bindings(facts.module_bindings);
        let mut positions = project.index(file).get(name).iter().rev().copied().peekable();
        let mut stars = facts.star_imports.iter().rev().peekable();
        while positions.next_if(|position| *position >= before).is_some() {}
        while stars.next_if(|star| star.position > before).is_some() {}

        // From the last backwards, until one is bound in any case.
        let mut candidates: Vec<(bool, Entity)> = Vec::new();
        loop {
            let star =
                stars.next_if(|star| positions.peek().is_none_or(|position| star.position > *position));
            if let Some(star) = star {
                if let Resolved::File(module) = self.module(file, star.level, star.module)
                    && let Some(entity) = self.starred(module, name)
                {
                    candidates.push((false, entity));
                    break;
                }
                continue;
            }
            let Some(position) = positions.next() else {
                break;
            };
            let binding = &bindings[position as usize];
            let entity = match binding.value {
                Some(value) => self.value(file, value, Scope::Body(None)),
                None => Entity::Unknown,
            };
            candidates.push((binding.type_checking, entity));
            if !binding.conditional {
                break;
            }
        }
        if candidates.is_empty() {
            return (before != ALL).then(|| self.entity(Key::Bound(file, name, ALL))).flatten();
        }
        // What runs counts for more than what only a type checker sees; of equals, the first in the file.
        let known = |entity: &Entity| *entity != Entity::Unknown;
        let running = candidates.iter().any(|(type_checking, entity)| !type_checking && known(entity));
        let mut best: Option<(u8, Entity)> = None;
        for (type_checking, entity) in candidates {
            if running && type_checking {
                continue;
            }
            let rank = self.rank(entity);
            if best.is_none_or(|(best, _)| rank >= best) {
                best = Some((rank, entity));
            }
        }
        best.map(|(_, entity)| entity)
    }

    /// How much an entity says: which of several alternatives is taken.
    fn rank(&self, entity: Entity) -> u8 {
        let own = |file: FileId| !self.project.file(file).is_third_party;
        match entity {
            Entity::Module(file)
            | Entity::Function(FunctionRef { file, .. })
            | Entity::Class(ClassRef { file, .. }) => 6 + u8::from(own(file)),
            Entity::External(_) => 5,
            Entity::Namespace(_) => 4,
            Entity::Value(file, expr) => match self.project.facts(file).kind(expr) {
                ExprKind::None | ExprKind::Bool(_) => 1,
                _ => 3,
            },
            Entity::Builtin(_) => 2,
            Entity::Unknown => 0,
        }
    }

    /// A name that `from module import *` gives.
    fn starred(&mut self, module: FileId, name: Symbol) -> Option<Entity> {
        match &self.project.facts(module).all {
            Some(all) if !all.contains(&name) => None,
            Some(_) => self.module_attribute(module, name),
            None if name.as_str().starts_with('_') => None,
            None => self.entity(Key::Bound(module, name, ALL)),
        }
    }

    /// A name that no file binds, where a single star import of something outside can have given it.
    fn starred_outside(&mut self, file: FileId, name: Symbol) -> Option<Entity> {
        if name.as_str().starts_with('_') {
            return None;
        }
        let stars = &self.project.facts(file).star_imports;
        let mut external = stars
            .iter()
            .filter(|star| star.level == 0 && self.module(file, 0, star.module) == Resolved::External);
        let first = external.next()?;
        external.all(|star| star.module == first.module).then(|| Entity::External(joined(first.module, name)))
    }

    /// A module below a package.
    fn submodule(&self, file: FileId, name: Symbol) -> Option<Entity> {
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

    // Modules and imports.

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

    fn find_import(&mut self, file: FileId, id: ImportId) -> Option<Entity> {
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
    fn not_in(&self, module: FileId, name: Symbol) -> Entity {
        let module = self.project.file(module);
        if module.is_third_party { Entity::External(joined(module.module, name)) } else { Entity::Unknown }
    }

    fn in_namespace(&self, folder: Symbol, name: Symbol) -> Entity {
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

    // Attributes and values.

    pub(crate) fn attribute(&mut self, of: Entity, name: Symbol) -> Entity {
        match of {
            Entity::Module(file) => match self.module_attribute(file, name) {
                Some(entity) => entity,
                None => self.not_in(file, name),
            },
            Entity::Namespace(folder) => self.in_namespace(folder, name),
            Entity::Class(class) => self.class_attribute(class, name),
            Entity::External(dotted) => Entity::External(joined(dotted, name)),
            Entity::Builtin(builtin) => Entity::External(Symbol::new(&format!("builtins.{builtin}.{name}"))),
            Entity::Function(_) | Entity::Value(..) | Entity::Unknown => Entity::Unknown,
        }
    }

    /// What an expression means, where it stands in this scope.
    pub(crate) fn value(&mut self, file: FileId, expr: Expr, scope: Scope) -> Entity {
        let facts = self.project.facts(file);
        match facts.kind(expr) {
            ExprKind::Import(import) => self.import(file, import),
            ExprKind::Function(id) => Entity::Function(FunctionRef { file, id }),
            ExprKind::Class(id) => Entity::Class(ClassRef { file, id }),
            ExprKind::Global(name) => {
                let before = match scope {
                    Scope::Body(_) => self.bindings_before(file, name, expr),
                    Scope::Function => None,
                };
                self.global(file, name, before)
            }
            ExprKind::Local(slot) => match scope {
                Scope::Body(Some(class)) => self.class_local(file, class, slot, expr),
                Scope::Body(None) | Scope::Function => Entity::Value(file, expr),
            },
            ExprKind::Attribute(base, name) => {
                // As deep as the expression is, which the parser's stack held too.
                let base = stacker::maybe_grow(128 * 1024, 4 * 1024 * 1024, || self.value(file, base, scope));
                match self.attribute(base, name) {
                    Entity::Unknown => Entity::Value(file, expr),
                    entity => entity,
                }
            }
            ExprKind::Walrus(_, value) => self.value(file, value, scope),
            _ => Entity::Value(file, expr),
        }
    }

    /// How many of the module's bindings are made before an expression of its body is evaluated; nothing where no
    /// later one is of this name.
    fn bindings_before(&self, file: FileId, name: Symbol, expr: Expr) -> Option<u32> {
        let facts = self.project.facts(file);
        let start = facts.range(expr).start();
        let bindings = facts.bindings(facts.module_bindings);
        let made = |binding: &Binding| {
            let end = binding.value.map(|value| end_of(facts, value));
            end.unwrap_or_default().max(binding.range.end()) <= start
        };
        // Bindings are in the order of the source, but for those of `global` statements.
        let near = bindings.partition_point(|binding| binding.range.start() < start);
        let held = bindings[..near].iter().rev().take_while(|binding| !made(binding));
        let before = (near - held.count()) as u32;
        let bound = self.project.index(file).get(name).last();
        let star = facts.star_imports.last().map(|star| star.position);
        let later = bound.is_some_and(|last| *last >= before) || star.is_some_and(|last| last > before);
        later.then_some(before)
    }
}

/// `module.name`
pub(crate) fn joined(module: Symbol, name: Symbol) -> Symbol {
    if module == "" {
        return name;
    }
    Symbol::new(&format!("{module}.{name}"))
}

impl Project {
    /// The module of a dotted name, the project's own or an installed one.
    pub fn module(&self, dotted: &str) -> Option<ModuleRef> {
        Query::new(self).module_ref(dotted)
    }

    /// What a module-level name of a file means: through imports, re-exports, star imports and conditional
    /// bindings; a builtin where the module binds no such name.
    pub fn global(&self, file: FileId, name: Symbol) -> Entity {
        Query::new(self).global(file, name, None)
    }

    /// An attribute of a module (its names, its submodules) or of a class (its members through the method
    /// resolution order, nested classes).
    pub fn attribute(&self, of: &Entity, name: Symbol) -> Entity {
        Query::new(self).attribute(*of, name)
    }

    /// What an import binds, a function's own ones included.
    pub fn import(&self, file: FileId, import: ImportId) -> Entity {
        Query::new(self).import(file, import)
    }

    /// What an expression of a module's or class's body means: a name, a chain of attributes, a `def`, `class` or
    /// `import`. Of any other, [`Entity::Value`]. A name means what was bound before it; in a function, what the
    /// module binds in the end.
    pub fn entity_of(&self, file: FileId, expr: Expr) -> Entity {
        let scope = scope_at(self.facts(file), expr);
        Query::new(self).value(file, expr, scope)
    }
}

/// The innermost scope that an expression stands in.
fn scope_at(facts: &FileFacts, expr: Expr) -> Scope {
    let at = facts.range(expr).start();
    let holds = |body: Block, end| match facts.block(body).first() {
        Some(first) => first.range.start() <= at && at < end,
        None => false,
    };
    let in_class = facts.classes.iter().rposition(|class| holds(class.body, class.range.end()));
    let in_class = in_class.map(|id| (ClassId(id as u32), &facts.classes[id]));
    let in_function =
        facts.functions.iter().rev().find(|function| holds(function.body, function.range.end()));
    match (in_class, in_function) {
        (None, None) => Scope::Body(None),
        (Some((id, class)), function)
            if function.is_none_or(|function| function.range.start() < class.range.start()) =>
        {
            Scope::Body(Some(id))
        }
        _ => Scope::Function,
    }
}
