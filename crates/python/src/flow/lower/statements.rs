//! Steps.

use ruff_python_ast::{self as ast, ExceptHandler, Expr as Ast, Stmt as AstStmt};
use ruff_text_size::{Ranged, TextRange, TextSize};

use super::super::ir::{Block, Expr, ExprKind, Run, Stmt, StmtKind};
use super::expressions::operator;
use super::scopes::Entry;
use super::{DEPTH_LIMIT, Lowering, append};

/// One of several branches, of which at most one is taken.
pub(super) struct Branch {
    pub(super) test: Expr,
    pub(super) then: Block,
    pub(super) start: TextSize,
}

impl<'a> Lowering<'a> {
    /// The steps of `body`.
    pub(super) fn block(&mut self, body: &'a [AstStmt]) -> Block {
        self.block_after(body, |_| {})
    }

    /// The steps that `first` makes, and those of `body`.
    pub(super) fn block_after(&mut self, body: &'a [AstStmt], first: impl FnOnce(&mut Self)) -> Block {
        let mark = self.stmts.len();
        self.deeper(|this| {
            first(this);
            for stmt in body {
                this.statement(stmt);
            }
        });
        self.take_block(mark)
    }

    fn statement(&mut self, stmt: &'a AstStmt) {
        match stmt {
            AstStmt::Expr(stmt) => self.expression_statement(stmt),
            AstStmt::Assign(stmt) => self.assign(stmt),
            AstStmt::AugAssign(stmt) => self.augmented(stmt),
            AstStmt::AnnAssign(stmt) => self.annotated(stmt),
            AstStmt::Return(stmt) => {
                let value = stmt.value.as_ref().map(|value| self.expr(value));
                self.step(StmtKind::Return(value), stmt.range);
            }
            AstStmt::If(stmt) => self.if_statement(stmt),
            AstStmt::For(stmt) => self.for_statement(stmt),
            AstStmt::While(stmt) => self.while_statement(stmt),
            AstStmt::With(stmt) => self.with_statement(stmt),
            AstStmt::Try(stmt) => self.try_statement(stmt),
            AstStmt::Match(stmt) => self.match_statement(stmt),
            AstStmt::FunctionDef(stmt) => self.function_def(stmt),
            AstStmt::ClassDef(stmt) => self.class_def(stmt),
            AstStmt::Import(stmt) => self.import(stmt),
            AstStmt::ImportFrom(stmt) => self.import_from(stmt),
            AstStmt::TypeAlias(stmt) => self.type_alias(stmt),
            AstStmt::Delete(stmt) => {
                for target in &stmt.targets {
                    let target = self.mentioned_target(target);
                    self.step(StmtKind::Delete(target), stmt.range);
                }
            }
            AstStmt::Raise(stmt) => {
                if let Some(cause) = &stmt.cause {
                    let cause = self.expr(cause);
                    self.step(StmtKind::Expr(cause), stmt.range);
                }
                let value = stmt.exc.as_ref().map(|value| self.expr(value));
                self.step(StmtKind::Raise(value), stmt.range);
            }
            AstStmt::Assert(stmt) => {
                let test = self.expr(&stmt.test);
                let test = self.node(ExprKind::Not(test), stmt.test.range());
                self.step(StmtKind::Expr(test), stmt.range);
                if let Some(message) = &stmt.msg {
                    let message = self.expr(message);
                    self.step(StmtKind::Expr(message), stmt.range);
                }
            }
            AstStmt::Global(stmt) => self.declare_outer_names(&stmt.names, Entry::Global),
            AstStmt::Nonlocal(stmt) => self.declare_outer_names(&stmt.names, Entry::Outer),
            AstStmt::Break(stmt) => self.step(StmtKind::Break, stmt.range),
            AstStmt::Continue(stmt) => self.step(StmtKind::Continue, stmt.range),
            AstStmt::Pass(_) | AstStmt::IpyEscapeCommand(_) => {}
        }
    }

    /// `global` and `nonlocal` of a class body; those of a function are known before it is lowered.
    fn declare_outer_names(&mut self, names: &'a [ast::Identifier], entry: Entry) {
        for name in names {
            let name = self.symbol(name.as_str());
            self.declare_outer(name, entry);
        }
    }

    fn expression_statement(&mut self, stmt: &'a ast::StmtExpr) {
        // A literal alone (a docstring, `...`) does nothing.
        if stmt.value.is_literal_expr() {
            return;
        }
        let value = self.expr(&stmt.value);
        self.note_called_exports(&stmt.value, value);
        self.step(StmtKind::Expr(value), stmt.range);
    }

    fn assign(&mut self, stmt: &'a ast::StmtAssign) {
        let value = self.expr(&stmt.value);
        for target in &stmt.targets {
            self.note_assigned_exports(target, value);
            let target = self.variable_target(target, Some(value));
            self.step(StmtKind::Assign(target, value), stmt.range);
        }
    }

    fn augmented(&mut self, stmt: &'a ast::StmtAugAssign) {
        let op = operator(stmt.op);
        let value = self.expr(&stmt.value);
        self.note_extended_exports(&stmt.target, value);
        let target = match &*stmt.target {
            Ast::Name(name) if !name.id.is_empty() => {
                // What the name is bound to is the result of the operator, whose left side is the name itself.
                let before = self.expr(&stmt.target);
                let operands = self.list_of(&[before, value]);
                let result = self.node(ExprKind::Binary(op, operands), stmt.range);
                self.variable_target(&stmt.target, Some(result))
            }
            target => self.variable_target(target, None),
        };
        self.step(StmtKind::Augmented(target, op, value), stmt.range);
    }

    fn annotated(&mut self, stmt: &'a ast::StmtAnnAssign) {
        let value = stmt.value.as_ref().map(|value| self.expr(value));
        let annotation = self.annotation(&stmt.annotation);
        let target = match value {
            Some(value) => {
                self.note_assigned_exports(&stmt.target, value);
                self.variable_target(&stmt.target, Some(value))
            }
            None => self.mentioned_target(&stmt.target),
        };
        self.step(StmtKind::Annotated { target, annotation, value }, stmt.range);
    }

    fn if_statement(&mut self, stmt: &'a ast::StmtIf) {
        let test = self.expr(&stmt.test);
        let checked = type_checking_test(&stmt.test);
        let then = self.conditionally(checked == Some(true), |this| this.block(&stmt.body));
        if stmt.elif_else_clauses.is_empty() {
            self.step(StmtKind::If { test, then, orelse: Block::default() }, stmt.range);
            return;
        }
        let mut branches = vec![Branch { test, then, start: stmt.range.start() }];
        let mut orelse = Block::default();
        for clause in &stmt.elif_else_clauses {
            let type_checking = match &clause.test {
                Some(test) => type_checking_test(test) == Some(true),
                None => checked == Some(false),
            };
            let (test, then) = self.nth_branch(branches.len(), |this| {
                let test = clause.test.as_ref().map(|test| this.expr(test));
                (test, this.conditionally(type_checking, |this| this.block(&clause.body)))
            });
            match test {
                Some(test) => branches.push(Branch { test, then, start: clause.range.start() }),
                None => orelse = then,
            }
        }
        self.branches(branches, orelse, stmt.range.end());
    }

    /// How many branches nest in one another, so that half of the depth is left for what is in them.
    fn nested_branches(&self) -> u32 {
        (DEPTH_LIMIT.saturating_sub(self.depth) / 2).max(1)
    }

    /// Lowers what is in the `n`-th branch, as deep as it will lie.
    pub(super) fn nth_branch<T>(&mut self, n: usize, lower: impl FnOnce(&mut Self) -> T) -> T {
        let depth = self.depth;
        self.depth += self.nested_branches().min(n as u32);
        let done = lower(self);
        self.depth = depth;
        done
    }

    /// Chains branches, each in the `else` of the one before it. Where there are very many, the last follow one another
    /// instead.
    pub(super) fn branches(&mut self, mut branches: Vec<Branch>, mut orelse: Block, end: TextSize) {
        let nested = branches.len().min(self.nested_branches() as usize);
        if nested < branches.len() {
            let mark = self.stmts.len();
            for Branch { test, then, start } in branches.drain(nested..) {
                let kind = StmtKind::If { test, then, orelse: Block::default() };
                self.step(kind, TextRange::new(start, end));
            }
            if !orelse.is_empty() {
                let range = TextRange::empty(end);
                let test = self.opaque(range);
                self.step(StmtKind::If { test, then: orelse, orelse: Block::default() }, range);
            }
            orelse = self.take_block(mark);
        }
        while let Some(Branch { test, then, start }) = branches.pop() {
            let step = Stmt { kind: StmtKind::If { test, then, orelse }, range: TextRange::new(start, end) };
            if branches.is_empty() {
                self.stmts.push(step);
            } else {
                orelse = append(&mut self.facts.stmts, &[step]);
            }
        }
    }

    fn for_statement(&mut self, stmt: &'a ast::StmtFor) {
        let iter = self.expr(&stmt.iter);
        let target = self.conditionally(false, |this| this.variable_target(&stmt.target, None));
        let body = self.conditionally(false, |this| this.block(&stmt.body));
        let orelse = self.conditionally(false, |this| this.block(&stmt.orelse));
        self.step(StmtKind::For { target, iter, body, orelse, is_async: stmt.is_async }, stmt.range);
    }

    fn while_statement(&mut self, stmt: &'a ast::StmtWhile) {
        let test = self.expr(&stmt.test);
        let body = self.conditionally(false, |this| this.block(&stmt.body));
        let orelse = self.conditionally(false, |this| this.block(&stmt.orelse));
        self.step(StmtKind::While { test, body, orelse }, stmt.range);
    }

    fn with_statement(&mut self, stmt: &'a ast::StmtWith) {
        for item in &stmt.items {
            let manager = self.expr(&item.context_expr);
            let entered = self.node(ExprKind::Enter(manager), item.context_expr.range());
            let kind = match &item.optional_vars {
                Some(target) => StmtKind::Assign(self.variable_target(target, Some(entered)), entered),
                None => StmtKind::Expr(entered),
            };
            self.step(kind, item.range);
        }
        let body = self.block(&stmt.body);
        self.step(StmtKind::With { body }, stmt.range);
    }

    fn try_statement(&mut self, stmt: &'a ast::StmtTry) {
        let body = self.conditionally(false, |this| this.block(&stmt.body));
        let mark = self.blocks.len();
        // The blocks behind the handlers stand before them.
        self.blocks.extend([body, Block::default(), Block::default()]);
        for ExceptHandler::ExceptHandler(handler) in &stmt.handlers {
            let block = self
                .conditionally(false, |this| this.block_after(&handler.body, |this| this.caught(handler)));
            self.blocks.push(block);
        }
        self.blocks[mark + 1] = self.conditionally(false, |this| this.block(&stmt.orelse));
        self.blocks[mark + 2] = self.block(&stmt.finalbody);
        let blocks = append(&mut self.facts.blocks, &self.blocks[mark..]);
        self.blocks.truncate(mark);
        self.step(StmtKind::Try(blocks), stmt.range);
    }

    /// The step that a handler begins with.
    fn caught(&mut self, handler: &'a ast::ExceptHandlerExceptHandler) {
        let (kinds, range) = match &handler.type_ {
            Some(kind) => {
                let value = self.expr(kind);
                (self.list_of(&[value]), kind.range())
            }
            None => (Run::default(), TextRange::at(handler.range.start(), TextSize::of("except"))),
        };
        let caught = self.node(ExprKind::Caught(kinds), range);
        let step = match &handler.name {
            Some(name) => {
                let target = self.named_target(name.as_str(), name.range, Some(caught));
                StmtKind::Assign(target, caught)
            }
            None => StmtKind::Expr(caught),
        };
        let end = handler.name.as_ref().map_or(range.end(), |name| name.end());
        self.step(step, TextRange::new(handler.range.start(), end));
    }
}

/// Whether a test is `TYPE_CHECKING` (true) or its negation (false).
fn type_checking_test(test: &Ast) -> Option<bool> {
    match test {
        Ast::Name(name) => (name.id.as_str() == "TYPE_CHECKING").then_some(true),
        Ast::Attribute(attribute) => (attribute.attr.as_str() == "TYPE_CHECKING").then_some(true),
        Ast::UnaryOp(not) if not.op == ast::UnaryOp::Not => match &*not.operand {
            Ast::UnaryOp(_) => None,
            operand => type_checking_test(operand).map(|checked| !checked),
        },
        _ => None,
    }
}
