//! Which variable a name means: Python's scopes.
//!
//! Modules, classes and functions own variables ("hosts"). Comprehensions and the type parameters of a
//! generic definition have names of their own, but their host keeps the slots.

use super::super::ir::{ClassId, ExprKind, FunctionId, Run};
use super::{Lowering, append};
use crate::symbol::Symbol;

/// What a scope knows of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Entry {
    /// A variable of the scope's host.
    Slot(u32),
    /// Declared `global`.
    Global,
    /// Declared `nonlocal`.
    Outer,
    /// A type parameter.
    Opaque,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ScopeKind {
    Module,
    Class,
    Function,
    Comprehension,
    TypeParameters,
}

impl ScopeKind {
    fn is_host(self) -> bool {
        matches!(self, Self::Module | Self::Class | Self::Function)
    }
}

/// A scope that is being lowered.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scope {
    pub(super) kind: ScopeKind,
    /// Its number in the table of names.
    pub(super) id: u32,
    /// The host around it.
    outer_host: usize,
    /// The function that it is, or that it stands in.
    pub(super) function: Option<FunctionId>,
    /// The class that it is.
    pub(super) class: Option<ClassId>,
    /// Where its slots begin on the stack of slots.
    pub(super) slots: usize,
    /// Where the attributes that it sets begin on their stack.
    pub(super) sets: usize,
    /// Where its bindings begin on their stack.
    pub(super) bindings: usize,
    /// How long the qualified name is around it.
    qualname: usize,
    /// Whether slot 0 is a parameter that takes an argument by position.
    pub(super) has_first_parameter: bool,
    /// Whether it yields.
    pub(super) is_generator: bool,
    /// Whether the step that is being lowered may not be reached.
    pub(super) conditional: bool,
    /// Whether it is only seen by type checkers.
    pub(super) type_checking: bool,
}

impl Scope {
    fn new(kind: ScopeKind) -> Self {
        Self {
            kind,
            id: 0,
            outer_host: 0,
            function: None,
            class: None,
            slots: 0,
            sets: 0,
            bindings: 0,
            qualname: 0,
            has_first_parameter: false,
            is_generator: false,
            conditional: false,
            type_checking: false,
        }
    }

    pub(super) fn module() -> Self {
        Self::new(ScopeKind::Module)
    }

    pub(super) fn class(class: ClassId, function: Option<FunctionId>) -> Self {
        Self { class: Some(class), function, ..Self::new(ScopeKind::Class) }
    }

    pub(super) fn function(function: FunctionId) -> Self {
        Self { function: Some(function), ..Self::new(ScopeKind::Function) }
    }

    pub(super) fn comprehension() -> Self {
        Self::new(ScopeKind::Comprehension)
    }

    pub(super) fn type_parameters() -> Self {
        Self::new(ScopeKind::TypeParameters)
    }
}

impl<'a> Lowering<'a> {
    pub(super) fn enter(&mut self, mut scope: Scope) {
        scope.id = self.next_scope;
        self.next_scope += 1;
        scope.outer_host = self.host;
        scope.slots = self.slots.len();
        scope.sets = self.sets.len();
        scope.bindings = self.bindings.len();
        scope.qualname = self.qualname.len();
        if scope.kind.is_host() {
            self.host = self.scopes.len();
        }
        self.scopes.push(scope);
    }

    /// Leaves the innermost scope. A host's slots must have been taken, or be taken next.
    pub(super) fn leave(&mut self) -> Scope {
        let scope = self.scopes.pop().expect("every scope is entered first");
        self.host = scope.outer_host;
        self.qualname.truncate(scope.qualname);
        scope
    }

    /// The innermost module, class or function.
    pub(super) fn host(&self) -> &Scope {
        &self.scopes[self.host]
    }

    pub(super) fn host_mut(&mut self) -> &mut Scope {
        &mut self.scopes[self.host]
    }

    /// Moves the slots above `mark` to the table of slot names.
    pub(super) fn take_slots(&mut self, mark: usize) -> Run {
        let run = append(&mut self.facts.slot_names, &self.slots[mark..]);
        self.slots.truncate(mark);
        self.facts.most_slots = self.facts.most_slots.max(run.len() as u32);
        run
    }

    /// A new variable of the innermost host.
    pub(super) fn new_slot(&mut self, name: Symbol) -> u32 {
        let slot = self.slots.len() - self.host().slots;
        self.slots.push(name);
        slot as u32
    }

    /// What a scope knows of a name by itself.
    pub(super) fn entry(&self, scope: u32, name: Symbol) -> Option<Entry> {
        self.entries.get(&(scope, name)).copied()
    }

    /// Makes `name` a variable of the innermost host, unless the host knows it already.
    pub(super) fn declare(&mut self, name: Symbol) {
        let scope = self.host().id;
        if self.entry(scope, name).is_none() {
            let slot = self.new_slot(name);
            self.entries.insert((scope, name), Entry::Slot(slot));
        }
    }

    /// Makes `name` what `entry` says in the innermost scope of any kind, unless it is known already.
    pub(super) fn declare_as(&mut self, name: Symbol, entry: Entry) {
        let scope = self.scopes.last().map_or(0, |scope| scope.id);
        self.entries.entry((scope, name)).or_insert(entry);
    }

    /// `global name` and `nonlocal name`.
    pub(super) fn declare_outer(&mut self, name: Symbol, entry: Entry) {
        let scope = self.host().id;
        self.entries.entry((scope, name)).or_insert(entry);
    }

    /// A variable of the innermost host that no name can reach.
    pub(super) fn temporary(&mut self, name: &'static str) -> u32 {
        let name = Symbol::new(name);
        self.new_slot(name)
    }

    /// What reading `name` here reads.
    pub(super) fn resolve(&mut self, name: Symbol) -> ExprKind {
        let (kind, function) = self.find(name);
        if let (ExprKind::Free { slot, .. }, Some(function)) = (kind, function) {
            self.captured.push((function, slot));
        }
        kind
    }

    /// What reading `name` here reads, with the function that stands in the one whose variable that is.
    fn find(&self, name: Symbol) -> (ExprKind, Option<FunctionId>) {
        let mut within = None;
        // The names of a class are seen by its own body alone.
        let mut class_is_visible = true;
        let mut hosts_up: u16 = 0;
        for (position, scope) in self.scopes.iter().enumerate().rev() {
            match scope.kind {
                ScopeKind::Module => break,
                ScopeKind::Class => {
                    if class_is_visible {
                        match self.entry(scope.id, name) {
                            Some(Entry::Slot(slot)) => return (ExprKind::Local(slot), None),
                            Some(Entry::Global) => break,
                            _ => {}
                        }
                    }
                    class_is_visible = false;
                    hosts_up = hosts_up.max(1);
                }
                ScopeKind::Function => {
                    match self.entry(scope.id, name) {
                        Some(Entry::Slot(slot)) => return (variable(hosts_up, slot), within),
                        Some(Entry::Global) => break,
                        _ => {}
                    }
                    class_is_visible = false;
                    hosts_up = hosts_up.saturating_add(1);
                    within = scope.function;
                }
                ScopeKind::Comprehension => {
                    if let Some(Entry::Slot(slot)) = self.entry(scope.id, name) {
                        if hosts_up > 0 && self.host_is_class(position) {
                            // A lambda that captures the target of a comprehension in a class body: the form
                            // has no way to point at a class's slots from within.
                            return (ExprKind::Opaque(Run::default()), None);
                        }
                        return (variable(hosts_up, slot), within);
                    }
                    class_is_visible = false;
                }
                ScopeKind::TypeParameters => {
                    if self.entry(scope.id, name) == Some(Entry::Opaque) {
                        return (ExprKind::Opaque(Run::default()), None);
                    }
                }
            }
        }
        (ExprKind::Global(name), None)
    }

    /// Whether the host of the scope at `position` is a class.
    fn host_is_class(&self, position: usize) -> bool {
        self.scopes[..position]
            .iter()
            .rev()
            .find(|scope| scope.kind.is_host())
            .is_some_and(|host| host.kind == ScopeKind::Class)
    }

    /// Lowers `steps` as steps that may not be reached.
    pub(super) fn conditionally<T>(&mut self, type_checking: bool, steps: impl FnOnce(&mut Self) -> T) -> T {
        let host = self.host_mut();
        let before = (host.conditional, host.type_checking);
        host.conditional = true;
        host.type_checking |= type_checking;
        let done = steps(self);
        let host = self.host_mut();
        (host.conditional, host.type_checking) = before;
        done
    }

    /// The qualified name of `name` in the innermost host; names entered after this are qualified by it.
    pub(super) fn qualify(&mut self, name: &'a str) -> Symbol {
        if self.qualname.is_empty() {
            self.qualname.push_str(name);
            return self.symbol(name);
        }
        self.qualname.push('.');
        self.qualname.push_str(name);
        Symbol::new(&self.qualname)
    }
}

/// The variable `slot`, `hosts_up` function scopes up.
fn variable(hosts_up: u16, slot: u32) -> ExprKind {
    match (hosts_up, u16::try_from(slot)) {
        (0, _) => ExprKind::Local(slot),
        (up, Ok(slot)) => ExprKind::Free { up, slot },
        // More variables than the form can point at.
        _ => ExprKind::Opaque(Run::default()),
    }
}
