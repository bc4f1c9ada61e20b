//! The tables that hold the value flow of one file.

use ruff_text_size::TextRange;

use super::ir::{
    Argument, Binding, Block, Class, ClassId, Clause, CompareOp, Comprehension, ComprehensionId, Expr,
    ExprKind, ExprNode, Function, FunctionId, Import, ImportId, Parameter, Run, StarImport, Stmt, StmtKind,
    Tried,
};
use crate::symbol::Symbol;

/// Of how many consecutive values it is known together where they stand.
const STRETCH: usize = 128;

/// What stays of one file. `Default` is the facts of an empty file.
#[derive(Clone, Debug, Default)]
pub struct FileFacts {
    /// All values.
    pub exprs: Vec<ExprNode>,
    /// The bytes in which the first, the second and so on of each [`STRETCH`] values stand, where that was noted.
    stretches: Box<[TextRange]>,
    /// Lists of values.
    pub expr_lists: Vec<Expr>,
    /// Arguments of calls and bases of classes.
    pub arguments: Vec<Argument>,
    /// Operators of comparisons.
    pub compare_ops: Vec<CompareOp>,
    /// All steps; a block's steps are consecutive.
    pub stmts: Vec<Stmt>,
    /// Blocks of `try` statements.
    pub blocks: Vec<Block>,
    /// All comprehensions.
    pub comprehensions: Vec<Comprehension>,
    /// Clauses of comprehensions.
    pub clauses: Vec<Clause>,
    /// All functions, in source order of their `def`.
    pub functions: Vec<Function>,
    /// All parameters.
    pub parameters: Vec<Parameter>,
    /// All classes, in source order.
    pub classes: Vec<Class>,
    /// Names of variables.
    pub slot_names: Vec<Symbol>,
    /// Names in lists.
    pub symbols: Vec<Symbol>,
    /// Variables that functions use of those around them.
    pub captured: Vec<u16>,
    /// What modules and classes bind.
    pub bindings: Vec<Binding>,
    /// All imports of one name, function-local ones included.
    pub imports: Vec<Import>,
    /// The module's steps. Its variables are [`ExprKind::Global`] everywhere, but for comprehension targets,
    /// which are slots ([`FileFacts::module_slots`]).
    pub module_body: Block,
    /// Names of the module body's own slots.
    pub module_slots: Run,
    /// How many variables the scope with the most of them has.
    pub most_slots: u32,
    /// What the module binds, `global` statements of functions included.
    pub module_bindings: Run,
    /// Module-level star imports, in order.
    pub star_imports: Vec<StarImport>,
    /// `__all__` where it is a literal, `+=`, `extend` and `append` of literals included.
    pub all: Option<Vec<Symbol>>,
}

impl FileFacts {
    /// A value's node.
    pub fn expr(&self, expr: Expr) -> &ExprNode {
        &self.exprs[expr.index()]
    }

    /// Notes where the values stand, once all are there.
    pub(super) fn note_stretches(&mut self) {
        let cover = |nodes: &[ExprNode]| nodes.iter().map(|node| node.range).reduce(TextRange::cover);
        self.stretches = self.exprs.chunks(STRETCH).filter_map(cover).collect();
    }

    /// The values that stand within a stretch of the source, in the order of the table.
    pub fn exprs_within(&self, within: TextRange) -> impl Iterator<Item = (Expr, &ExprNode)> {
        // They are in the order of the source, but for those that are known later or earlier than they stand: most of the
        // table is passed over.
        let may_hold = move |at: usize| match self.stretches.get(at) {
            Some(stretch) => stretch.intersect(within).is_some(),
            None => true,
        };
        let chunks = self.exprs.chunks(STRETCH).enumerate().filter(move |&(at, _)| may_hold(at));
        let nodes = chunks.flat_map(|(at, nodes)| (at * STRETCH..).zip(nodes));
        nodes
            .filter(move |(_, node)| within.contains_range(node.range))
            .map(|(at, node)| (Expr(at as u32), node))
    }

    /// How a value comes to be.
    pub fn kind(&self, expr: Expr) -> ExprKind {
        self.exprs[expr.index()].kind
    }

    /// Whether two expressions name the same thing, as far as they are names, attributes, items and constants.
    pub fn is_same(&self, one: Expr, other: Expr) -> bool {
        match (self.kind(one), self.kind(other)) {
            (ExprKind::Subscript(a, key), ExprKind::Subscript(b, other)) => {
                self.is_same(key, other) && self.is_same(a, b)
            }
            (ExprKind::Attribute(a, name), ExprKind::Attribute(b, other)) => {
                name == other && self.is_same(a, b)
            }
            (ExprKind::Tuple(a), ExprKind::Tuple(b)) => {
                let (a, b) = (self.list(a), self.list(b));
                a.len() == b.len() && a.iter().zip(b).all(|(&a, &b)| self.is_same(a, b))
            }
            (
                a @ (ExprKind::Local(_)
                | ExprKind::Free { .. }
                | ExprKind::Global(_)
                | ExprKind::Str(_)
                | ExprKind::Int(_)
                | ExprKind::Bool(_)
                | ExprKind::None),
                b,
            ) => a == b,
            _ => false,
        }
    }

    /// A value's bytes in the source.
    pub fn range(&self, expr: Expr) -> TextRange {
        self.exprs[expr.index()].range
    }

    /// The values of a list.
    pub fn list(&self, run: Run) -> &[Expr] {
        &self.expr_lists[run.indices()]
    }

    /// The arguments of a call, or the bases of a class.
    pub fn arguments(&self, run: Run) -> &[Argument] {
        &self.arguments[run.indices()]
    }

    /// The steps of a block.
    pub fn block(&self, block: Block) -> &[Stmt] {
        &self.stmts[block.indices()]
    }

    /// The bytes from the first step of a block to its last.
    pub fn stretch(&self, block: Block) -> TextRange {
        match self.block(block) {
            [first, .., last] => first.range.cover(last.range),
            [only] => only.range,
            [] => TextRange::default(),
        }
    }

    /// The step of a block in which a place stands: of several that are one statement, the last.
    pub fn step_around(&self, block: Block, place: TextRange) -> Option<&Stmt> {
        let steps = self.block(block);
        let behind = steps.partition_point(|step| step.range.start() <= place.start());
        steps[..behind].last().filter(|step| step.range.contains_range(place))
    }

    /// The stretches of code that are text as well: `f"{len(books)=}"` shows its own code.
    pub fn shown_code(&self) -> Vec<TextRange> {
        let is_text = |part| matches!(self.kind(part), ExprKind::Str(_) | ExprKind::FString(_));
        let mut shown = Vec::new();
        for expr in &self.exprs {
            let (ExprKind::FString(parts) | ExprKind::Opaque(parts)) = expr.kind else { continue };
            // The text of the code stands before the value that it makes.
            shown.extend(self.list(parts).windows(2).filter_map(|pair| {
                let text = self.range(pair[0]);
                (is_text(pair[0]) && text.contains_range(self.range(pair[1]))).then_some(text)
            }));
        }
        shown
    }

    /// What a test compares with `None`, and whether it holds for that: `place is None` does, `place != None` does not.
    pub fn compared_to_none(&self, test: Expr) -> Option<(Expr, bool)> {
        let ExprKind::Compare(run, ops) = self.kind(test) else { return None };
        let &[place, none] = self.list(run) else { return None };
        if self.kind(none) != ExprKind::None {
            return None;
        }
        match self.compare_ops.get(ops as usize)? {
            CompareOp::Is | CompareOp::Eq => Some((place, true)),
            CompareOp::IsNot | CompareOp::NotEq => Some((place, false)),
            _ => None,
        }
    }

    /// The blocks of a `try`: its body, `else`, `finally`, and then the handlers.
    pub fn tried(&self, run: Run) -> Tried<'_> {
        match &self.blocks[run.indices()] {
            &[body, orelse, finalbody, ref handlers @ ..] => Tried { body, handlers, orelse, finalbody },
            _ => Tried::default(),
        }
    }

    /// The blocks of a compound statement, in the order in which they are run; none of a function or class that it defines.
    pub fn blocks_of(&self, stmt: &Stmt) -> Vec<Block> {
        match stmt.kind {
            StmtKind::If { then, orelse, .. } => vec![then, orelse],
            StmtKind::For { body, orelse, .. } | StmtKind::While { body, orelse, .. } => vec![body, orelse],
            StmtKind::With { body } => vec![body],
            StmtKind::Try(blocks) => {
                let Tried { body, orelse, finalbody, handlers } = self.tried(blocks);
                [body].into_iter().chain(handlers.iter().copied()).chain([orelse, finalbody]).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The steps of a block, in order: also those within branches and loops, but none of functions and classes within it.
    pub fn steps_within(&self, block: Block) -> impl Iterator<Item = &Stmt> {
        let mut under_way = vec![self.block(block).iter()];
        std::iter::from_fn(move || {
            while let Some(block) = under_way.last_mut() {
                let Some(stmt) = block.next() else {
                    under_way.pop();
                    continue;
                };
                let blocks = self.blocks_of(stmt);
                under_way.extend(blocks.into_iter().rev().map(|block| self.block(block).iter()));
                return Some(stmt);
            }
            None
        })
    }

    /// A function.
    pub fn function(&self, id: FunctionId) -> &Function {
        &self.functions[id.index()]
    }

    /// The variables of the function around it that a function uses, by slot and in order.
    pub fn captured(&self, id: FunctionId) -> &[u16] {
        &self.captured[self.function(id).captured.indices()]
    }

    /// A function's parameters.
    pub fn parameters(&self, run: Run) -> &[Parameter] {
        &self.parameters[run.indices()]
    }

    /// A class.
    pub fn class(&self, id: ClassId) -> &Class {
        &self.classes[id.index()]
    }

    /// What a class or module binds.
    pub fn bindings(&self, run: Run) -> &[Binding] {
        &self.bindings[run.indices()]
    }

    /// An import.
    pub fn import(&self, id: ImportId) -> &Import {
        &self.imports[id.index()]
    }

    /// A comprehension.
    pub fn comprehension(&self, id: ComprehensionId) -> &Comprehension {
        &self.comprehensions[id.index()]
    }

    /// The clauses of a comprehension.
    pub fn clauses(&self, run: Run) -> &[Clause] {
        &self.clauses[run.indices()]
    }

    /// What a value comes to: itself, or the arms of `one if test else other`.
    pub fn arms(&self, expr: Expr) -> Vec<Expr> {
        match self.kind(expr) {
            ExprKind::Conditional(run) => {
                self.list(run).iter().skip(1).flat_map(|&arm| self.arms(arm)).collect()
            }
            _ => vec![expr],
        }
    }

    /// The string that a value is, where it is a literal.
    pub fn as_str(&self, expr: Expr) -> Option<&'static str> {
        match self.kind(expr) {
            ExprKind::Str(text) => Some(text.as_str()),
            _ => None,
        }
    }
}
