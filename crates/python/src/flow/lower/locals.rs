//! Which names a function binds. Python decides this by the whole body before it runs any of it.

use ruff_python_ast::visitor::{self, Visitor};
use ruff_python_ast::{self as ast, ExceptHandler, Expr, Pattern, Stmt};
use ruff_text_size::{Ranged, TextRange};

use super::scopes::Entry;
use super::{DEPTH_LIMIT, Lowering};

impl<'a> Lowering<'a> {
    /// Makes variables of all names that `body` binds in the innermost function.
    pub(super) fn collect_block(&mut self, body: &'a [Stmt]) {
        self.deeper(|this| {
            for stmt in body {
                this.collect_stmt(stmt);
            }
        });
    }

    /// Makes a variable of the targets of `:=` in `expr`.
    pub(super) fn collect_walruses(&mut self, expr: &'a Expr) {
        if self.has_walrus(expr.range()) {
            WalrusTargets { lowering: self }.visit_expr(expr);
        }
    }

    fn has_walrus(&self, range: TextRange) -> bool {
        if self.walruses.is_empty() {
            return false;
        }
        let next = self.walruses.partition_point(|&at| at < range.start());
        self.walruses.get(next).is_some_and(|&at| range.contains(at))
    }

    fn collect_stmt(&mut self, stmt: &'a Stmt) {
        match stmt {
            Stmt::FunctionDef(def) => {
                self.collect_name(&def.name);
                self.collect_decorators(&def.decorator_list);
                for parameter in def.parameters.iter() {
                    if let Some(default) = parameter.default() {
                        self.collect_walruses(default);
                    }
                }
            }
            Stmt::ClassDef(def) => {
                self.collect_name(&def.name);
                self.collect_decorators(&def.decorator_list);
                if let Some(arguments) = &def.arguments {
                    for argument in arguments.iter_source_order() {
                        self.collect_walruses(argument.value());
                    }
                }
            }
            Stmt::Assign(assign) => {
                for target in &assign.targets {
                    self.collect_target(target);
                    self.collect_walruses(target);
                }
                self.collect_walruses(&assign.value);
            }
            Stmt::AugAssign(assign) => {
                self.collect_target(&assign.target);
                self.collect_walruses(&assign.target);
                self.collect_walruses(&assign.value);
            }
            Stmt::AnnAssign(assign) => {
                self.collect_target(&assign.target);
                self.collect_walruses(&assign.target);
                if let Some(value) = &assign.value {
                    self.collect_walruses(value);
                }
            }
            Stmt::TypeAlias(alias) => self.collect_target(&alias.name),
            Stmt::Delete(delete) => {
                for target in &delete.targets {
                    self.collect_target(target);
                    self.collect_walruses(target);
                }
            }
            Stmt::For(stmt) => {
                self.collect_walruses(&stmt.iter);
                self.collect_target(&stmt.target);
                self.collect_block(&stmt.body);
                self.collect_block(&stmt.orelse);
            }
            Stmt::While(stmt) => {
                self.collect_walruses(&stmt.test);
                self.collect_block(&stmt.body);
                self.collect_block(&stmt.orelse);
            }
            Stmt::If(stmt) => {
                self.collect_walruses(&stmt.test);
                self.collect_block(&stmt.body);
                for clause in &stmt.elif_else_clauses {
                    if let Some(test) = &clause.test {
                        self.collect_walruses(test);
                    }
                    self.collect_block(&clause.body);
                }
            }
            Stmt::With(stmt) => {
                for item in &stmt.items {
                    self.collect_walruses(&item.context_expr);
                    if let Some(target) = &item.optional_vars {
                        self.collect_target(target);
                    }
                }
                self.collect_block(&stmt.body);
            }
            Stmt::Match(stmt) => {
                self.collect_walruses(&stmt.subject);
                for case in &stmt.cases {
                    self.collect_pattern(&case.pattern);
                    if let Some(guard) = &case.guard {
                        self.collect_walruses(guard);
                    }
                    self.collect_block(&case.body);
                }
            }
            Stmt::Try(stmt) => {
                self.collect_block(&stmt.body);
                for ExceptHandler::ExceptHandler(handler) in &stmt.handlers {
                    if let Some(kind) = &handler.type_ {
                        self.collect_walruses(kind);
                    }
                    if let Some(name) = &handler.name {
                        self.collect_name(name);
                    }
                    self.collect_block(&handler.body);
                }
                self.collect_block(&stmt.orelse);
                self.collect_block(&stmt.finalbody);
            }
            Stmt::Import(import) => {
                for alias in &import.names {
                    self.collect_text(super::bindings::bound_by_import(alias));
                }
            }
            Stmt::ImportFrom(import) => {
                for alias in &import.names {
                    if alias.name.as_str() != "*" {
                        self.collect_text(super::bindings::bound_by_import_from(alias));
                    }
                }
            }
            Stmt::Global(global) => {
                for name in &global.names {
                    let name = self.symbol(name.as_str());
                    self.declare_outer(name, Entry::Global);
                }
            }
            Stmt::Nonlocal(nonlocal) => {
                for name in &nonlocal.names {
                    let name = self.symbol(name.as_str());
                    self.declare_outer(name, Entry::Outer);
                }
            }
            Stmt::Expr(stmt) => self.collect_walruses(&stmt.value),
            Stmt::Return(stmt) => {
                if let Some(value) = &stmt.value {
                    self.collect_walruses(value);
                }
            }
            Stmt::Raise(stmt) => {
                for value in [&stmt.exc, &stmt.cause].into_iter().flatten() {
                    self.collect_walruses(value);
                }
            }
            Stmt::Assert(stmt) => {
                self.collect_walruses(&stmt.test);
                if let Some(message) = &stmt.msg {
                    self.collect_walruses(message);
                }
            }
            Stmt::Pass(_) | Stmt::Break(_) | Stmt::Continue(_) | Stmt::IpyEscapeCommand(_) => {}
        }
    }

    fn collect_decorators(&mut self, decorators: &'a [ast::Decorator]) {
        for decorator in decorators {
            self.collect_walruses(&decorator.expression);
        }
    }

    fn collect_name(&mut self, name: &'a ast::Identifier) {
        self.collect_text(name.as_str());
    }

    fn collect_text(&mut self, name: &'a str) {
        let name = self.symbol(name);
        self.declare(name);
    }

    /// Makes variables of the names that an assignment to `target` binds.
    fn collect_target(&mut self, target: &'a Expr) {
        match target {
            Expr::Name(name) if !name.id.is_empty() => self.collect_text(name.id.as_str()),
            Expr::Starred(starred) => {
                self.deeper(|this| this.collect_target(&starred.value));
            }
            Expr::Tuple(ast::ExprTuple { elts, .. }) | Expr::List(ast::ExprList { elts, .. }) => {
                self.deeper(|this| {
                    for element in elts {
                        this.collect_target(element);
                    }
                });
            }
            _ => {}
        }
    }

    fn collect_pattern(&mut self, pattern: &'a Pattern) {
        self.deeper(|this| this.collect_pattern_names(pattern));
    }

    fn collect_pattern_names(&mut self, pattern: &'a Pattern) {
        match pattern {
            Pattern::MatchValue(_) | Pattern::MatchSingleton(_) => {}
            Pattern::MatchSequence(sequence) => {
                for pattern in &sequence.patterns {
                    self.collect_pattern(pattern);
                }
            }
            Pattern::MatchMapping(mapping) => {
                for pattern in &mapping.patterns {
                    self.collect_pattern(pattern);
                }
                if let Some(rest) = &mapping.rest {
                    self.collect_name(rest);
                }
            }
            Pattern::MatchClass(class) => {
                for pattern in &class.arguments.patterns {
                    self.collect_pattern(pattern);
                }
                for keyword in &class.arguments.keywords {
                    self.collect_pattern(&keyword.pattern);
                }
            }
            Pattern::MatchStar(star) => {
                if let Some(name) = &star.name {
                    self.collect_name(name);
                }
            }
            Pattern::MatchAs(pattern) => {
                if let Some(pattern) = &pattern.pattern {
                    self.collect_pattern(pattern);
                }
                if let Some(name) = &pattern.name {
                    self.collect_name(name);
                }
            }
            Pattern::MatchOr(or) => {
                for pattern in &or.patterns {
                    self.collect_pattern(pattern);
                }
            }
        }
    }
}

/// Makes variables of the targets of `:=`, also within comprehensions, but not within lambdas.
struct WalrusTargets<'l, 'a> {
    lowering: &'l mut Lowering<'a>,
}

impl<'a> Visitor<'a> for WalrusTargets<'_, 'a> {
    fn visit_expr(&mut self, expr: &'a Expr) {
        if self.lowering.depth < DEPTH_LIMIT {
            self.lowering.depth += 1;
            self.visit_chain(expr);
            self.lowering.depth -= 1;
        }
    }
}

impl<'a> WalrusTargets<'_, 'a> {
    fn visit_chain(&mut self, mut expr: &'a Expr) {
        loop {
            expr = match expr {
                Expr::BinOp(binary) => {
                    self.visit_expr(&binary.right);
                    &binary.left
                }
                Expr::Attribute(attribute) => &attribute.value,
                Expr::Subscript(subscript) => {
                    self.visit_expr(&subscript.slice);
                    &subscript.value
                }
                Expr::Call(call) => {
                    self.visit_arguments(&call.arguments);
                    &call.func
                }
                _ => break,
            };
        }
        match expr {
            Expr::Lambda(lambda) => {
                for parameter in lambda.parameters.iter().flat_map(|all| all.iter()) {
                    if let Some(default) = parameter.default() {
                        self.visit_expr(default);
                    }
                }
            }
            Expr::Named(named) => {
                self.lowering.collect_target(&named.target);
                self.visit_expr(&named.value);
            }
            _ => visitor::walk_expr(self, expr),
        }
    }
}
