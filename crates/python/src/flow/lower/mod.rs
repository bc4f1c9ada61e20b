//! From ruff's syntax tree to the value flow of a file ([`FileFacts`]).
//!
//! One pass over the tree. A function's names are collected before its body is lowered
//! (`locals`), because Python decides a name's scope by the whole function; everything else is made
//! as it is met. Lists whose entries must stand together (a block's steps, a call's arguments) grow on a
//! stack of their kind and move to their table when they are complete, so that nested lists may be
//! made in between.
//!
//! No input may overflow a stack, neither here nor where the facts are read: chains that nest to the
//! left (`a.b().c()`, `a + b + c`) are lowered in a loop, and what lies deeper than [`DEPTH_LIMIT`] is
//! opaque.

mod annotations;
mod bindings;
mod definitions;
mod expressions;
mod locals;
mod patterns;
mod scopes;
mod statements;
mod targets;
mod text;

use elsa::FrozenVec;
use ruff_python_ast::{self as ast, ModModule};
use ruff_python_parser::Parsed;
use ruff_python_parser::typing::ParsedAnnotation;
use ruff_text_size::{TextRange, TextSize};
use rustc_hash::FxHashMap;

use super::facts::FileFacts;
use super::ir::{Argument, Binding, Block, Clause, Expr, ExprKind, ExprNode, FunctionId, Parameter};
use super::ir::{Run, Stmt, StmtKind};
use crate::symbol::Symbol;

use bindings::Exports;
use scopes::{Entry, Scope};

/// How deep expressions, blocks and patterns may nest together, so that no branch of the facts is longer. Python itself
/// stops at 100 levels of indentation and 200 of parentheses.
const DEPTH_LIMIT: u32 = 200;

/// The value flow of `source`, which was parsed as `parsed`. A file with syntax errors gives the flow of what
/// the parser recovered.
pub fn lower(source: &str, parsed: &Parsed<ModModule>) -> FileFacts {
    let annotations = FrozenVec::new();
    let mut lowering = Lowering::new(source, &annotations);
    lowering.module(&parsed.syntax().body);
    lowering.finish()
}

/// The state of lowering one file.
struct Lowering<'a> {
    source: &'a str,
    /// The trees of string annotations; they live as long as the file's own.
    annotations: &'a FrozenVec<Box<ParsedAnnotation>>,
    /// Where `:=` stands. Most files have none, and then no expression is searched for it.
    walruses: Vec<TextSize>,
    /// The file's names, so that the table of all files is asked once for each.
    names: FxHashMap<&'a str, Symbol>,
    facts: FileFacts,
    depth: u32,

    scopes: Vec<Scope>,
    /// The innermost of `scopes` that is a module, class or function.
    host: usize,
    next_scope: u32,
    entries: FxHashMap<(u32, Symbol), Entry>,
    qualname: String,
    module_bindings: Vec<Binding>,
    exports: Exports,

    exprs: Vec<Expr>,
    arguments: Vec<Argument>,
    parameters: Vec<Parameter>,
    clauses: Vec<Clause>,
    stmts: Vec<Stmt>,
    blocks: Vec<Block>,
    slots: Vec<Symbol>,
    sets: Vec<Symbol>,
    /// The variables of the functions around them that functions use.
    captured: Vec<(FunctionId, u16)>,
    bindings: Vec<Binding>,
    /// The nodes between the top of a chain and its base, and how deep each lies.
    chain: Vec<(&'a ast::Expr, u32)>,
}

impl<'a> Lowering<'a> {
    fn new(source: &'a str, annotations: &'a FrozenVec<Box<ParsedAnnotation>>) -> Self {
        let mut facts = FileFacts::default();
        facts.exprs.reserve(source.len() / 16);
        facts.expr_lists.reserve(source.len() / 64);
        facts.arguments.reserve(source.len() / 64);
        facts.stmts.reserve(source.len() / 64);
        Self {
            source,
            annotations,
            walruses: source.match_indices(":=").map(|(at, _)| TextSize::new(at as u32)).collect(),
            names: FxHashMap::default(),
            facts,
            depth: 0,
            scopes: Vec::new(),
            host: 0,
            next_scope: 0,
            entries: FxHashMap::default(),
            qualname: String::new(),
            module_bindings: Vec::new(),
            exports: Exports::default(),
            exprs: Vec::new(),
            arguments: Vec::new(),
            parameters: Vec::new(),
            clauses: Vec::new(),
            stmts: Vec::new(),
            blocks: Vec::new(),
            slots: Vec::new(),
            sets: Vec::new(),
            captured: Vec::new(),
            bindings: Vec::new(),
            chain: Vec::new(),
        }
    }

    fn module(&mut self, body: &'a [ast::Stmt]) {
        self.enter(Scope::module());
        self.facts.module_body = self.block(body);
        self.leave();
        self.facts.module_slots = self.take_slots(0);
        let bindings = std::mem::take(&mut self.module_bindings);
        self.facts.module_bindings = append(&mut self.facts.bindings, &bindings);
        self.facts.all = std::mem::take(&mut self.exports).into_names();
    }

    fn finish(mut self) -> FileFacts {
        let mut facts = self.facts;
        self.captured.sort_unstable();
        self.captured.dedup();
        for captured in self.captured.chunk_by(|(one, _), (other, _)| one == other) {
            let slots: Vec<u16> = captured.iter().map(|&(_, slot)| slot).collect();
            facts.functions[captured[0].0.index()].captured = append(&mut facts.captured, &slots);
        }
        facts.exprs.shrink_to_fit();
        facts.note_stretches();
        facts.expr_lists.shrink_to_fit();
        facts.arguments.shrink_to_fit();
        facts.compare_ops.shrink_to_fit();
        facts.stmts.shrink_to_fit();
        facts.blocks.shrink_to_fit();
        facts.comprehensions.shrink_to_fit();
        facts.clauses.shrink_to_fit();
        facts.functions.shrink_to_fit();
        facts.parameters.shrink_to_fit();
        facts.classes.shrink_to_fit();
        facts.slot_names.shrink_to_fit();
        facts.symbols.shrink_to_fit();
        facts.captured.shrink_to_fit();
        facts.bindings.shrink_to_fit();
        facts.imports.shrink_to_fit();
        facts
    }

    /// The symbol of a name or text of this file.
    fn symbol(&mut self, text: &'a str) -> Symbol {
        if let Some(&known) = self.names.get(text) {
            return known;
        }
        let symbol = Symbol::new(text);
        self.names.insert(text, symbol);
        symbol
    }

    /// A new node.
    fn node(&mut self, kind: ExprKind, range: TextRange) -> Expr {
        let expr = Expr(self.facts.exprs.len() as u32);
        self.facts.exprs.push(ExprNode { kind, range });
        expr
    }

    /// A value of which nothing is known, and which is made of none.
    fn opaque(&mut self, range: TextRange) -> Expr {
        self.node(ExprKind::Opaque(Run::default()), range)
    }

    /// Moves the values above `mark` to the table of lists.
    fn take_exprs(&mut self, mark: usize) -> Run {
        let run = append(&mut self.facts.expr_lists, &self.exprs[mark..]);
        self.exprs.truncate(mark);
        run
    }

    /// A list of values that are made already.
    fn list_of(&mut self, exprs: &[Expr]) -> Run {
        append(&mut self.facts.expr_lists, exprs)
    }

    /// A list of the values of `exprs`, in order.
    fn list(&mut self, exprs: impl IntoIterator<Item = &'a ast::Expr>) -> Run {
        let mark = self.exprs.len();
        for expr in exprs {
            let expr = self.expr(expr);
            self.exprs.push(expr);
        }
        self.take_exprs(mark)
    }

    /// Adds a step to the block that is being made.
    fn step(&mut self, kind: StmtKind, range: TextRange) {
        self.stmts.push(Stmt { kind, range });
    }

    /// Moves the steps above `mark` to the table of steps.
    fn take_block(&mut self, mark: usize) -> Block {
        let block = append(&mut self.facts.stmts, &self.stmts[mark..]);
        self.stmts.truncate(mark);
        block
    }

    /// Runs `lower` one level deeper, or not at all where the limit is reached.
    fn deeper<T>(&mut self, lower: impl FnOnce(&mut Self) -> T) -> Option<T> {
        if self.depth >= DEPTH_LIMIT {
            return None;
        }
        self.depth += 1;
        let done = lower(self);
        self.depth -= 1;
        Some(done)
    }
}

/// Copies `entries` to the end of `table`.
fn append<T: Copy>(table: &mut Vec<T>, entries: &[T]) -> Run {
    if entries.is_empty() {
        return Run::default();
    }
    let start = table.len();
    table.extend_from_slice(entries);
    Run::new(start, entries.len())
}
