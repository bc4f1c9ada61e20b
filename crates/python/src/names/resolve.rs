//! What names, attributes and expressions mean.

use super::classes::end_of;
use super::modules::{Resolved, joined};
use super::query::{Key, Query};
use super::{ClassRef, Entity, FileId, FunctionRef, ModuleRef, tables};
use crate::flow::{Binding, Block, ClassId, Expr, ExprKind, FileFacts, ImportId};
use crate::project::Project;
use crate::symbol::Symbol;

/// All of a file's bindings count.
const ALL: u32 = u32::MAX;

/// The names of a module's body, each with the positions of its bindings.
pub(crate) struct NameIndex {
    /// The names in an order of their own, each as often as it is bound.
    names: Box<[Symbol]>,
    /// The bindings beside them; those of one name in order.
    numbers: Box<[u32]>,
}

impl NameIndex {
    pub(crate) fn new(facts: &FileFacts) -> Self {
        let bindings = facts.bindings(facts.module_bindings);
        let mut numbers: Box<[u32]> = (0..bindings.len() as u32).collect();
        let name = |&number: &u32| bindings[number as usize].name;
        numbers.sort_by_key(|number| name(number).number());
        Self { names: numbers.iter().map(name).collect(), numbers }
    }

    fn get(&self, name: Symbol) -> &[u32] {
        let start = self.names.partition_point(|known| known.number() < name.number());
        let len = self.names[start..].iter().take_while(|known| **known == name).count();
        &self.numbers[start..start + len]
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

impl Query<'_> {
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
    pub(crate) fn module_attribute(&mut self, file: FileId, name: Symbol) -> Option<Entity> {
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

    pub(crate) fn find_bound(&mut self, file: FileId, name: Symbol, before: u32) -> Option<Entity> {
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
            ExprKind::Call(..) | ExprKind::Subscript(..) => {
                self.imported_by_call(file, expr, scope).unwrap_or(Entity::Value(file, expr))
            }
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
