//! From syntax to value flow.
//!
//! One walk over the syntax tree fills the tables of [`FileFacts`]; the tree is not kept. Where an expression
//! nests deeper than [`DEEPEST`], what is inside is left out.

mod expressions;
mod patterns;
mod scopes;
mod statements;

use ruff_python_ast::ModModule;
use ruff_python_parser::Parsed;
use ruff_text_size::TextRange;
use rustc_hash::FxHashMap;

use super::ir::{Argument, Block, Expr, ExprKind, ExprNode, FileFacts, Run, Stmt, StmtKind};
use crate::symbol::Symbol;
use scopes::{Home, Scope, ScopeKind};

/// How deep expressions and statements are looked into.
const DEEPEST: u32 = 220;

/// The value flow of a file.
pub fn lower(source: &str, parsed: &Parsed<ModModule>) -> FileFacts {
    let mut lowering = Lowering {
        facts: FileFacts::default(),
        scopes: vec![Scope::new(ScopeKind::Module)],
        symbols: FxHashMap::default(),
        names: Vec::new(),
        depth: 0,
        conditional: 0,
        type_checking: 0,
        all: None,
    };
    lowering.facts.exprs.reserve(source.len() / 12);
    let body = lowering.block(&parsed.syntax().body);
    lowering.facts.module_body = body;
    lowering.facts.all = lowering.all.take();
    if let Some(module) = lowering.scopes.pop() {
        lowering.facts.module_slots = lowering.slot_names(&module.slots);
        lowering.facts.module_bindings = lowering.bindings(module.bindings);
    }
    lowering.facts.shrink();
    lowering.facts
}

struct Lowering<'s> {
    facts: FileFacts,
    scopes: Vec<Scope<'s>>,
    /// Texts that this file has interned, so that the shared table is asked once for each.
    symbols: FxHashMap<&'s str, Symbol>,
    /// The names of the definitions around.
    names: Vec<&'s str>,
    depth: u32,
    conditional: u32,
    type_checking: u32,
    all: Option<Vec<Symbol>>,
}

impl<'s> Lowering<'s> {
    fn symbol(&mut self, text: &'s str) -> Symbol {
        *self.symbols.entry(text).or_insert_with(|| Symbol::new(text))
    }

    fn scope(&mut self) -> &mut Scope<'s> {
        // The module's scope is there until the end.
        let last = self.scopes.len() - 1;
        &mut self.scopes[last]
    }

    fn push(&mut self, kind: ExprKind, range: TextRange) -> Expr {
        self.facts.exprs.push(ExprNode { kind, range });
        Expr(self.facts.exprs.len() as u32 - 1)
    }

    fn list(&mut self, items: &[Expr]) -> Run {
        let run = Run { start: self.facts.expr_lists.len() as u32, len: items.len() as u32 };
        self.facts.expr_lists.extend_from_slice(items);
        run
    }

    fn argument_run(&mut self, items: &[Argument]) -> Run {
        let run = Run { start: self.facts.arguments.len() as u32, len: items.len() as u32 };
        self.facts.arguments.extend_from_slice(items);
        run
    }

    fn slot_names(&mut self, names: &[Symbol]) -> Run {
        let run = Run { start: self.facts.slot_names.len() as u32, len: names.len() as u32 };
        self.facts.slot_names.extend_from_slice(names);
        run
    }

    fn bindings(&mut self, bindings: Vec<super::ir::Binding>) -> Run {
        let run = Run { start: self.facts.bindings.len() as u32, len: bindings.len() as u32 };
        self.facts.bindings.extend(bindings);
        run
    }

    fn steps(&mut self, steps: Vec<Stmt>) -> Block {
        let run = Run { start: self.facts.stmts.len() as u32, len: steps.len() as u32 };
        self.facts.stmts.extend(steps);
        run
    }

    fn step(kind: StmtKind, range: TextRange) -> Stmt {
        Stmt { kind, range }
    }

    /// The qualified name of a definition that stands here.
    fn qualname(&self, name: &str) -> Symbol {
        if self.names.is_empty() {
            return Symbol::new(name);
        }
        let mut qualified = self.names.join(".");
        qualified.push('.');
        qualified.push_str(name);
        Symbol::new(&qualified)
    }

    /// The place that a name means here.
    fn name(&mut self, name: &'s str, range: TextRange) -> Expr {
        let kind = self.place(name);
        self.push(kind, range)
    }

    fn place(&mut self, name: &'s str) -> ExprKind {
        let mut up = 0u16;
        let innermost = self.scopes.len() - 1;
        for (index, scope) in self.scopes.iter().enumerate().rev() {
            let is_innermost = index == innermost;
            let target = scope.targets.iter().rev().find(|target| target.0 == name);
            let home = match target {
                Some(&(_, slot)) => Some(Home::Slot(slot)),
                None => scope.names.get(name).copied(),
            };
            match scope.kind {
                ScopeKind::Module => {
                    if let (Some(Home::Slot(slot)), true) = (home, is_innermost) {
                        return ExprKind::Local(slot);
                    }
                }
                ScopeKind::Class if !is_innermost => {}
                ScopeKind::Class | ScopeKind::Function => {
                    if !is_innermost && scope.kind == ScopeKind::Function {
                        up += 1;
                    }
                    match home {
                        Some(Home::Slot(slot)) if is_innermost => return ExprKind::Local(slot),
                        Some(Home::Slot(slot)) => return ExprKind::Free { up, slot: slot as u16 },
                        Some(Home::Global) => break,
                        Some(Home::Enclosing) | None => {}
                    }
                }
            }
        }
        ExprKind::Global(self.symbol(name))
    }
}

impl FileFacts {
    /// Gives back memory that growing the tables took too much.
    fn shrink(&mut self) {
        self.exprs.shrink_to_fit();
        self.expr_lists.shrink_to_fit();
        self.arguments.shrink_to_fit();
        self.compare_ops.shrink_to_fit();
        self.stmts.shrink_to_fit();
        self.functions.shrink_to_fit();
        self.parameters.shrink_to_fit();
        self.classes.shrink_to_fit();
        self.slot_names.shrink_to_fit();
        self.bindings.shrink_to_fit();
        self.imports.shrink_to_fit();
        self.comprehensions.shrink_to_fit();
        self.clauses.shrink_to_fit();
    }
}
