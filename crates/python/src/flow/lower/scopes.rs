//! Which names a scope binds, by Python's rules: a name that a function's body binds anywhere is local to it,
//! unless `global` or `nonlocal` says otherwise.

use ruff_python_ast::visitor::{Visitor, walk_expr, walk_pattern, walk_stmt};
use ruff_python_ast::{Comprehension, Expr, ExprContext, Pattern, Stmt};
use rustc_hash::FxHashMap;

use crate::flow::ir::{Binding, ClassId, FunctionId};
use crate::symbol::Symbol;

/// Where a name of a scope lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Home {
    /// In a slot of the scope.
    Slot(u32),
    /// In the module.
    Global,
    /// In an enclosing function.
    Enclosing,
}

/// What kind of scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ScopeKind {
    Module,
    Class,
    Function,
}

/// A scope while its body is lowered.
pub(super) struct Scope<'s> {
    pub(super) kind: ScopeKind,
    pub(super) names: FxHashMap<&'s str, Home>,
    pub(super) slots: Vec<Symbol>,
    /// Targets of the comprehensions that are being lowered, innermost last.
    pub(super) targets: Vec<(&'s str, u32)>,
    /// What a module's or class's body binds.
    pub(super) bindings: Vec<Binding>,
    /// Of a method: the name of its first parameter, and what is set on it.
    pub(super) this: Option<&'s str>,
    pub(super) sets: Vec<Symbol>,
    pub(super) function: Option<FunctionId>,
    pub(super) class: Option<ClassId>,
    pub(super) is_generator: bool,
}

impl<'s> Scope<'s> {
    pub(super) fn new(kind: ScopeKind) -> Self {
        Self {
            kind,
            names: FxHashMap::default(),
            slots: Vec::new(),
            targets: Vec::new(),
            bindings: Vec::new(),
            this: None,
            sets: Vec::new(),
            function: None,
            class: None,
            is_generator: false,
        }
    }

    /// A new slot for a name.
    pub(super) fn slot(&mut self, name: &str) -> u32 {
        self.slots.push(Symbol::new(name));
        self.slots.len() as u32 - 1
    }

    /// Gives a name a slot, unless it lives somewhere already.
    pub(super) fn bind(&mut self, name: &'s str) {
        if !self.names.contains_key(name) {
            let slot = self.slot(name);
            self.names.insert(name, Home::Slot(slot));
        }
    }

    /// Binds what a body binds.
    pub(super) fn bind_all(&mut self, body: &'s [Stmt]) {
        let mut found = Found::default();
        for stmt in body {
            found.visit_stmt(stmt);
        }
        for name in found.globals {
            self.names.insert(name, Home::Global);
        }
        for name in found.nonlocals {
            self.names.insert(name, Home::Enclosing);
        }
        for name in found.bound {
            self.bind(name);
        }
    }
}

#[derive(Default)]
struct Found<'s> {
    bound: Vec<&'s str>,
    globals: Vec<&'s str>,
    nonlocals: Vec<&'s str>,
    depth: u32,
}

/// The visitor looks no deeper into an expression than the lowering does.
const DEEPEST: u32 = 400;

impl<'s> Visitor<'s> for Found<'s> {
    fn visit_stmt(&mut self, stmt: &'s Stmt) {
        match stmt {
            Stmt::FunctionDef(function) => {
                self.bound.push(function.name.as_str());
                for decorator in &function.decorator_list {
                    self.visit_expr(&decorator.expression);
                }
                for parameter in function.parameters.iter_non_variadic_params() {
                    if let Some(default) = &parameter.default {
                        self.visit_expr(default);
                    }
                }
                return;
            }
            Stmt::ClassDef(class) => {
                self.bound.push(class.name.as_str());
                for decorator in &class.decorator_list {
                    self.visit_expr(&decorator.expression);
                }
                return;
            }
            Stmt::Global(global) => self.globals.extend(global.names.iter().map(|name| name.as_str())),
            Stmt::Nonlocal(nonlocal) => {
                self.nonlocals.extend(nonlocal.names.iter().map(|name| name.as_str()))
            }
            Stmt::Import(import) => {
                for alias in &import.names {
                    let name = match &alias.asname {
                        Some(name) => name.as_str(),
                        None => alias.name.as_str().split('.').next().unwrap_or_default(),
                    };
                    self.bound.push(name);
                }
            }
            Stmt::ImportFrom(import) => {
                for alias in &import.names {
                    let name = alias.asname.as_ref().unwrap_or(&alias.name);
                    if name.as_str() != "*" {
                        self.bound.push(name.as_str());
                    }
                }
            }
            Stmt::Try(statement) => {
                for handler in &statement.handlers {
                    let ruff_python_ast::ExceptHandler::ExceptHandler(handler) = handler;
                    self.bound.extend(handler.name.as_ref().map(|name| name.as_str()));
                }
            }
            _ => {}
        }
        self.depth += 1;
        if self.depth < DEEPEST {
            walk_stmt(self, stmt);
        }
        self.depth -= 1;
    }

    fn visit_expr(&mut self, expr: &'s Expr) {
        match expr {
            Expr::Lambda(lambda) => {
                for parameter in
                    lambda.parameters.iter().flat_map(|parameters| parameters.iter_non_variadic_params())
                {
                    if let Some(default) = &parameter.default {
                        self.visit_expr(default);
                    }
                }
                return;
            }
            Expr::Name(name) if name.ctx != ExprContext::Load => self.bound.push(name.id.as_str()),
            _ => {}
        }
        self.depth += 1;
        if self.depth < DEEPEST {
            walk_expr(self, expr);
        }
        self.depth -= 1;
    }

    fn visit_comprehension(&mut self, comprehension: &'s Comprehension) {
        // Its targets are its own; a walrus inside binds here.
        self.visit_expr(&comprehension.iter);
        for condition in &comprehension.ifs {
            self.visit_expr(condition);
        }
    }

    fn visit_pattern(&mut self, pattern: &'s Pattern) {
        let name = match pattern {
            Pattern::MatchAs(pattern) => pattern.name.as_ref(),
            Pattern::MatchStar(pattern) => pattern.name.as_ref(),
            Pattern::MatchMapping(pattern) => pattern.rest.as_ref(),
            _ => None,
        };
        self.bound.extend(name.map(|name| name.as_str()));
        walk_pattern(self, pattern);
    }
}
