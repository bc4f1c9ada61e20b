//! Statements, functions and classes.

use ruff_python_ast::{self as ast, ExceptHandler, Expr as Ast, Operator, Stmt as AstStmt};
use ruff_text_size::{Ranged, TextRange};

use super::scopes::{Scope, ScopeKind};
use super::{DEEPEST, Lowering};
use crate::flow::ir::{
    BinaryOp, Binding, Block, Class, ClassId, Expr, ExprKind, Function, FunctionId, Import, ImportId,
    Parameter, ParameterKind, Run, StarImport, Stmt, StmtKind,
};
use crate::symbol::Symbol;

impl<'s> Lowering<'s> {
    /// A block of statements.
    pub(super) fn block(&mut self, body: &'s [AstStmt]) -> Block {
        let mut steps = Vec::with_capacity(body.len());
        if self.depth < DEEPEST {
            self.depth += 1;
            for stmt in body {
                self.stmt(stmt, &mut steps);
            }
            self.depth -= 1;
        }
        self.steps(steps)
    }

    /// A block that may not be run.
    pub(super) fn conditional_block(&mut self, body: &'s [AstStmt]) -> Block {
        self.conditional += 1;
        let block = self.block(body);
        self.conditional -= 1;
        block
    }

    fn stmt(&mut self, stmt: &'s AstStmt, steps: &mut Vec<Stmt>) {
        let range = stmt.range();
        match stmt {
            AstStmt::Expr(statement) => {
                let value = self.expr(&statement.value);
                self.extend_all(&statement.value);
                steps.push(Self::step(StmtKind::Expr(value), range));
            }
            AstStmt::Assign(statement) => {
                let value = self.expr(&statement.value);
                for target in &statement.targets {
                    self.assign(target, value, range, steps);
                    self.assign_all(target, &statement.value, false);
                }
            }
            AstStmt::AnnAssign(statement) => {
                let value = statement.value.as_ref().map(|value| self.expr(value));
                let annotation = self.annotation(&statement.annotation);
                let target = self.expr(&statement.target);
                if value.is_some() {
                    self.bound(&statement.target, value);
                }
                if let Some(value) = &statement.value {
                    self.assign_all(&statement.target, value, false);
                }
                steps.push(Self::step(StmtKind::Annotated { target, annotation, value }, range));
            }
            AstStmt::AugAssign(statement) => {
                let value = self.expr(&statement.value);
                let target = self.expr(&statement.target);
                self.assign_all(&statement.target, &statement.value, true);
                let op = match statement.op {
                    Operator::Add => BinaryOp::Add,
                    Operator::Mod => BinaryOp::Modulo,
                    Operator::BitOr => BinaryOp::BitOr,
                    Operator::BitAnd => BinaryOp::BitAnd,
                    Operator::BitXor => BinaryOp::BitXor,
                    _ => BinaryOp::Other,
                };
                if matches!(statement.target.as_ref(), Ast::Name(_)) {
                    self.bound(&statement.target, None);
                }
                steps.push(Self::step(StmtKind::Augmented(target, op, value), range));
            }
            AstStmt::Delete(statement) => {
                for target in &statement.targets {
                    let target = self.expr(target);
                    steps.push(Self::step(StmtKind::Delete(target), range));
                }
            }
            AstStmt::Return(statement) => {
                let value = statement.value.as_ref().map(|value| self.expr(value));
                steps.push(Self::step(StmtKind::Return(value), range));
            }
            AstStmt::Raise(statement) => {
                if let Some(cause) = &statement.cause {
                    let cause = self.expr(cause);
                    steps.push(Self::step(StmtKind::Expr(cause), range));
                }
                let value = statement.exc.as_ref().map(|value| self.expr(value));
                steps.push(Self::step(StmtKind::Raise(value), range));
            }
            AstStmt::Assert(statement) => {
                let test = self.expr(&statement.test);
                let test = self.push(ExprKind::Not(test), range);
                steps.push(Self::step(StmtKind::Expr(test), range));
                if let Some(message) = &statement.msg {
                    let message = self.expr(message);
                    steps.push(Self::step(StmtKind::Expr(message), range));
                }
            }
            AstStmt::If(statement) => {
                let step =
                    self.if_steps(&statement.test, &statement.body, &statement.elif_else_clauses, range);
                steps.push(step);
            }
            AstStmt::For(statement) => {
                let iter = self.expr(&statement.iter);
                let target = self.expr(&statement.target);
                self.conditional += 1;
                self.bound(&statement.target, None);
                self.conditional -= 1;
                let body = self.conditional_block(&statement.body);
                let orelse = self.conditional_block(&statement.orelse);
                let is_async = statement.is_async;
                steps.push(Self::step(StmtKind::For { target, iter, body, orelse, is_async }, range));
            }
            AstStmt::While(statement) => {
                let test = self.expr(&statement.test);
                let body = self.conditional_block(&statement.body);
                let orelse = self.conditional_block(&statement.orelse);
                steps.push(Self::step(StmtKind::While { test, body, orelse }, range));
            }
            AstStmt::With(statement) => {
                for item in &statement.items {
                    let value = self.expr(&item.context_expr);
                    let entered = self.push(ExprKind::Enter(value), item.context_expr.range());
                    match &item.optional_vars {
                        Some(target) => self.assign(target, entered, range, steps),
                        None => steps.push(Self::step(StmtKind::Expr(entered), range)),
                    }
                }
                let body = self.block(&statement.body);
                steps.push(Self::step(StmtKind::With { body }, range));
            }
            AstStmt::Try(statement) => {
                let body = self.conditional_block(&statement.body);
                let mut handlers = Vec::with_capacity(statement.handlers.len());
                for handler in &statement.handlers {
                    let ExceptHandler::ExceptHandler(handler) = handler;
                    handlers.push(self.handler(handler));
                }
                let orelse = self.conditional_block(&statement.orelse);
                let finalbody = self.block(&statement.finalbody);
                let run = Run { start: self.facts.handlers.len() as u32, len: handlers.len() as u32 };
                self.facts.handlers.extend(handlers);
                steps.push(Self::step(StmtKind::Try { body, handlers: run, orelse, finalbody }, range));
            }
            AstStmt::Match(statement) => self.match_steps(statement, steps),
            AstStmt::FunctionDef(definition) => {
                let (id, name_range) = self.function(definition);
                let value = self.push(ExprKind::Function(id), name_range);
                self.define(definition.name.as_str(), value, name_range, steps);
            }
            AstStmt::ClassDef(definition) => {
                let id = self.class(definition);
                let name_range = definition.name.range();
                let value = self.push(ExprKind::Class(id), name_range);
                self.define(definition.name.as_str(), value, name_range, steps);
            }
            AstStmt::Import(statement) => {
                for alias in &statement.names {
                    let module = alias.name.as_str();
                    let name = match &alias.asname {
                        Some(name) => name.as_str(),
                        None => module.split('.').next().unwrap_or(module),
                    };
                    let import = Import {
                        level: 0,
                        module: Symbol::new(module),
                        name: None,
                        binds_root: alias.asname.is_none(),
                        range: alias.range(),
                    };
                    self.import(name, import, steps);
                }
            }
            AstStmt::ImportFrom(statement) => {
                let module = statement.module.as_ref().map_or("", |module| module.as_str());
                for alias in &statement.names {
                    if alias.name.as_str() == "*" {
                        if self.scope().kind == ScopeKind::Module {
                            let position = self.scope().bindings.len() as u32;
                            let star =
                                StarImport { level: statement.level, module: Symbol::new(module), position };
                            self.facts.star_imports.push(star);
                        }
                        continue;
                    }
                    let name = alias.asname.as_ref().unwrap_or(&alias.name).as_str();
                    let import = Import {
                        level: statement.level,
                        module: Symbol::new(module),
                        name: Some(Symbol::new(alias.name.as_str())),
                        binds_root: false,
                        range: alias.range(),
                    };
                    self.import(name, import, steps);
                }
            }
            AstStmt::TypeAlias(statement) => {
                let value = self.push(ExprKind::Opaque(Run::default()), range);
                self.assign(&statement.name, value, range, steps);
            }
            AstStmt::Break(_) => steps.push(Self::step(StmtKind::Break, range)),
            AstStmt::Continue(_) => steps.push(Self::step(StmtKind::Continue, range)),
            AstStmt::Global(_) | AstStmt::Nonlocal(_) | AstStmt::Pass(_) | AstStmt::IpyEscapeCommand(_) => {}
        }
    }

    fn import(&mut self, name: &'s str, import: Import, steps: &mut Vec<Stmt>) {
        let range = import.range;
        let id = ImportId(self.facts.imports.len() as u32);
        self.facts.imports.push(import);
        let value = self.push(ExprKind::Import(id), range);
        self.define(name, value, range, steps);
    }

    /// A name bound by a `def`, `class` or `import`.
    fn define(&mut self, name: &'s str, value: Expr, range: TextRange, steps: &mut Vec<Stmt>) {
        let target = self.name(name, range);
        self.bind_name(name, target, Some(value), range);
        steps.push(Self::step(StmtKind::Assign(target, value), range));
    }

    fn if_steps(
        &mut self,
        test: &'s Ast,
        body: &'s [AstStmt],
        clauses: &'s [ast::ElifElseClause],
        range: TextRange,
    ) -> Stmt {
        let is_typing = is_type_checking(test);
        let test = self.expr(test);
        self.type_checking += u32::from(is_typing);
        let then = self.conditional_block(body);
        self.type_checking -= u32::from(is_typing);
        let orelse = match clauses.split_first() {
            None => Block::default(),
            Some((clause, rest)) => match &clause.test {
                Some(test) if self.depth < DEEPEST => {
                    self.depth += 1;
                    self.conditional += 1;
                    let inner = self.if_steps(test, &clause.body, rest, clause.range());
                    self.conditional -= 1;
                    self.depth -= 1;
                    self.steps(vec![inner])
                }
                Some(_) => Block::default(),
                None => self.conditional_block(&clause.body),
            },
        };
        Self::step(StmtKind::If { test, then, orelse }, range)
    }

    fn handler(&mut self, handler: &'s ast::ExceptHandlerExceptHandler) -> Block {
        self.conditional += 1;
        let mut steps = Vec::new();
        let kinds: Vec<Expr> = handler.type_.iter().map(|kind| self.expr(kind)).collect();
        let run = self.list(&kinds);
        let caught = self.push(ExprKind::Caught(run), handler.range());
        match &handler.name {
            Some(name) => {
                let target = self.name(name.as_str(), name.range());
                self.bind_name(name.as_str(), target, Some(caught), name.range());
                steps.push(Self::step(StmtKind::Assign(target, caught), name.range()));
            }
            None => steps.push(Self::step(StmtKind::Expr(caught), handler.range())),
        }
        if self.depth < DEEPEST {
            self.depth += 1;
            for stmt in &handler.body {
                self.stmt(stmt, &mut steps);
            }
            self.depth -= 1;
        }
        self.conditional -= 1;
        self.steps(steps)
    }

    /// `target = value`
    pub(super) fn assign(&mut self, target: &'s Ast, value: Expr, range: TextRange, steps: &mut Vec<Stmt>) {
        let place = self.expr(target);
        self.bound(target, Some(value));
        steps.push(Self::step(StmtKind::Assign(place, value), range));
    }

    /// Notes what a module's or class's body binds.
    pub(super) fn bound(&mut self, target: &'s Ast, value: Option<Expr>) {
        match target {
            Ast::Name(name) => {
                let place = self.place(name.id.as_str());
                self.note(name.id.as_str(), place, value, target.range());
            }
            Ast::Tuple(tuple) => self.bound_parts(&tuple.elts, value),
            Ast::List(list) => self.bound_parts(&list.elts, value),
            Ast::Starred(starred) => self.bound(&starred.value, None),
            _ => {}
        }
    }

    fn bound_parts(&mut self, targets: &'s [Ast], value: Option<Expr>) {
        let parts: Option<Vec<Expr>> = value.and_then(|value| match self.facts.kind(value) {
            ExprKind::Tuple(run) | ExprKind::List(run) if run.len as usize == targets.len() => {
                Some(self.facts.list(run).to_vec())
            }
            _ => None,
        });
        for (n, target) in targets.iter().enumerate() {
            self.bound(target, parts.as_ref().map(|parts| parts[n]));
        }
    }

    fn bind_name(&mut self, name: &'s str, place: Expr, value: Option<Expr>, range: TextRange) {
        let place = self.facts.kind(place);
        self.note(name, place, value, range);
    }

    fn note(&mut self, name: &'s str, place: ExprKind, value: Option<Expr>, range: TextRange) {
        let symbol = self.symbol(name);
        let (conditional, type_checking) = (self.conditional > 0, self.type_checking > 0);
        let mut binding = Binding { name: symbol, value, range, conditional, type_checking };
        match (self.scope().kind, place) {
            // A comprehension's target at module level is a slot, and no name of the module.
            (ScopeKind::Module, ExprKind::Global(_)) | (ScopeKind::Class, _) => {
                self.scope().bindings.push(binding)
            }
            (ScopeKind::Function, ExprKind::Global(_)) => {
                binding.conditional = true;
                self.scopes[0].bindings.push(binding);
            }
            _ => {}
        }
    }

    /// An annotation; one that is a string is parsed.
    pub(super) fn annotation(&mut self, annotation: &'s Ast) -> Expr {
        let Ast::StringLiteral(literal) = annotation else { return self.expr(annotation) };
        let range = literal.range();
        // Only a dotted name, perhaps subscripted, is of use to a reader of the flow.
        let text = literal.value.to_str().trim();
        let head = text.split('[').next().unwrap_or(text);
        let is_dotted = !head.is_empty()
            && head
                .split('.')
                .all(|part| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '_'));
        if !is_dotted || self.depth >= DEEPEST {
            return self.push(ExprKind::Opaque(Run::default()), range);
        }
        let mut names = head.split('.');
        let first = Symbol::new(names.next().unwrap_or_default());
        let mut value = self.push(ExprKind::Global(first), range);
        for name in names {
            value = self.push(ExprKind::Attribute(value, Symbol::new(name)), range);
        }
        value
    }

    fn parameters(&mut self, parameters: &'s ast::Parameters) -> Vec<Parameter> {
        let mut lowered = Vec::new();
        let mut one = |this: &mut Self, parameter: &'s ast::Parameter, kind, default: Option<&'s Ast>| {
            let default = default.map(|default| this.expr(default));
            let annotation = parameter.annotation.as_ref().map(|annotation| this.annotation(annotation));
            let name = this.symbol(parameter.name.as_str());
            lowered.push(Parameter { name, kind, default, annotation });
        };
        for parameter in &parameters.posonlyargs {
            one(self, &parameter.parameter, ParameterKind::PositionalOnly, parameter.default.as_deref());
        }
        for parameter in &parameters.args {
            one(self, &parameter.parameter, ParameterKind::Normal, parameter.default.as_deref());
        }
        if let Some(parameter) = &parameters.vararg {
            one(self, parameter, ParameterKind::Star, None);
        }
        for parameter in &parameters.kwonlyargs {
            one(self, &parameter.parameter, ParameterKind::KeywordOnly, parameter.default.as_deref());
        }
        if let Some(parameter) = &parameters.kwarg {
            one(self, parameter, ParameterKind::DoubleStar, None);
        }
        lowered
    }

    fn decorators(&mut self, decorators: &'s [ast::Decorator]) -> Run {
        let lowered: Vec<Expr> =
            decorators.iter().map(|decorator| self.expr(&decorator.expression)).collect();
        self.list(&lowered)
    }

    /// Parameters, decorators and defaults belong to the scope around; the rest to the function's own.
    fn function(&mut self, definition: &'s ast::StmtFunctionDef) -> (FunctionId, TextRange) {
        let decorators = self.decorators(&definition.decorator_list);
        let parameters = self.parameters(&definition.parameters);
        let returns = definition.returns.as_ref().map(|returns| self.annotation(returns));
        let name = definition.name.as_str();
        let id = self.new_function(name, definition.name.range(), definition.range(), &parameters);
        let names = ordered_names(&definition.parameters);
        self.open(id, names);
        self.scope().bind_all(&definition.body);
        self.names.push(name);
        let outside = std::mem::take(&mut self.conditional);
        let body = self.block(&definition.body);
        self.conditional = outside;
        self.names.pop();
        self.close(id, body);
        let function = &mut self.facts.functions[id.index()];
        function.decorators = decorators;
        function.returns = returns;
        function.is_async = definition.is_async;
        (id, definition.name.range())
    }

    /// A lambda.
    pub(super) fn lambda(&mut self, lambda: &'s ast::ExprLambda) -> FunctionId {
        let parameters =
            lambda.parameters.as_ref().map_or_else(Vec::new, |parameters| self.parameters(parameters));
        let id = self.new_function("<lambda>", lambda.range(), lambda.range(), &parameters);
        let names = lambda.parameters.as_ref().map_or_else(Vec::new, |parameters| ordered_names(parameters));
        self.open(id, names);
        self.scope().this = None;
        self.names.push("<lambda>");
        let value = self.expr(&lambda.body);
        self.names.pop();
        let body = self.steps(vec![Self::step(StmtKind::Return(Some(value)), lambda.body.range())]);
        self.close(id, body);
        id
    }

    fn new_function(
        &mut self,
        name: &'s str,
        name_range: TextRange,
        range: TextRange,
        parameters: &[Parameter],
    ) -> FunctionId {
        let run = Run { start: self.facts.parameters.len() as u32, len: parameters.len() as u32 };
        self.facts.parameters.extend_from_slice(parameters);
        let qualname = self.qualname(name);
        let name = self.symbol(name);
        let class = match self.scope().kind {
            ScopeKind::Class => self.current_class(),
            _ => None,
        };
        let parent = self.scopes.iter().rev().find_map(|scope| scope.function);
        let id = FunctionId(self.facts.functions.len() as u32);
        self.facts.functions.push(Function {
            name,
            qualname,
            name_range,
            range,
            parameters: run,
            returns: None,
            decorators: Run::default(),
            body: Block::default(),
            slots: Run::default(),
            is_async: false,
            is_generator: false,
            class,
            parent,
            sets: Run::default(),
        });
        id
    }

    fn open(&mut self, id: FunctionId, names: Vec<&'s str>) {
        let is_method = self.facts.functions[id.index()].class.is_some();
        let mut scope = Scope::new(ScopeKind::Function);
        scope.function = Some(id);
        scope.this = if is_method { names.first().copied() } else { None };
        for name in names {
            scope.bind(name);
        }
        self.scopes.push(scope);
    }

    fn close(&mut self, id: FunctionId, body: Block) {
        let Some(scope) = self.scopes.pop() else { return };
        let slots = self.slot_names(&scope.slots);
        let sets = Run { start: self.facts.symbols.len() as u32, len: scope.sets.len() as u32 };
        self.facts.symbols.extend(scope.sets);
        let function = &mut self.facts.functions[id.index()];
        function.body = body;
        function.slots = slots;
        function.sets = sets;
        function.is_generator = scope.is_generator;
    }

    fn current_class(&self) -> Option<ClassId> {
        self.scopes.last().and_then(|scope| scope.class)
    }

    fn class(&mut self, definition: &'s ast::StmtClassDef) -> ClassId {
        let decorators = self.decorators(&definition.decorator_list);
        let bases = match &definition.arguments {
            Some(arguments) => self.arguments(arguments),
            None => Run::default(),
        };
        let name = definition.name.as_str();
        let qualname = self.qualname(name);
        let outer = match self.scope().kind {
            ScopeKind::Class => self.current_class(),
            _ => None,
        };
        let parent = self.scopes.iter().rev().find_map(|scope| scope.function);
        let id = ClassId(self.facts.classes.len() as u32);
        let symbol = self.symbol(name);
        self.facts.classes.push(Class {
            name: symbol,
            qualname,
            name_range: definition.name.range(),
            range: definition.range(),
            bases,
            decorators,
            body: Block::default(),
            slots: Run::default(),
            members: Run::default(),
            outer,
            parent,
        });
        let mut scope = Scope::new(ScopeKind::Class);
        scope.class = Some(id);
        scope.bind_all(&definition.body);
        self.scopes.push(scope);
        self.names.push(name);
        let outside = std::mem::take(&mut self.conditional);
        let body = self.block(&definition.body);
        self.conditional = outside;
        self.names.pop();
        if let Some(scope) = self.scopes.pop() {
            let slots = self.slot_names(&scope.slots);
            let members = self.bindings(scope.bindings);
            let class = &mut self.facts.classes[id.index()];
            class.body = body;
            class.slots = slots;
            class.members = members;
        }
        id
    }

    /// `__all__ = [...]` and what is added to it.
    fn assign_all(&mut self, target: &'s Ast, value: &'s Ast, added: bool) {
        let Ast::Name(name) = target else { return };
        if name.id.as_str() != "__all__" || self.scope().kind != ScopeKind::Module {
            return;
        }
        match (literal_texts(value), added) {
            (Some(texts), false) => self.all = Some(texts),
            (Some(texts), true) => {
                if let Some(all) = &mut self.all {
                    all.extend(texts);
                }
            }
            // A part that is not known would hide names: without `__all__`, all public ones are taken.
            (None, _) => self.all = None,
        }
    }

    fn extend_all(&mut self, value: &'s Ast) {
        let Ast::Call(call) = value else { return };
        let Ast::Attribute(attribute) = call.func.as_ref() else { return };
        let Ast::Name(name) = attribute.value.as_ref() else { return };
        if name.id.as_str() != "__all__" || self.scope().kind != ScopeKind::Module {
            return;
        }
        let texts = match (attribute.attr.as_str(), call.arguments.args.first()) {
            ("extend", Some(texts)) => literal_texts(texts),
            ("append", Some(Ast::StringLiteral(text))) => Some(vec![Symbol::new(text.value.to_str())]),
            _ => None,
        };
        match (texts, &mut self.all) {
            (Some(texts), Some(all)) => all.extend(texts),
            _ => self.all = None,
        }
    }
}

/// Parameter names in the order of their slots.
fn ordered_names(parameters: &ast::Parameters) -> Vec<&str> {
    let positional =
        parameters.posonlyargs.iter().chain(&parameters.args).map(|one| one.parameter.name.as_str());
    let star = parameters.vararg.iter().map(|one| one.name.as_str());
    let keyword = parameters.kwonlyargs.iter().map(|one| one.parameter.name.as_str());
    let double_star = parameters.kwarg.iter().map(|one| one.name.as_str());
    positional.chain(star).chain(keyword).chain(double_star).collect()
}

fn is_type_checking(test: &Ast) -> bool {
    match test {
        Ast::Name(name) => name.id.as_str() == "TYPE_CHECKING",
        Ast::Attribute(attribute) => attribute.attr.as_str() == "TYPE_CHECKING",
        _ => false,
    }
}

fn literal_texts(value: &Ast) -> Option<Vec<Symbol>> {
    let items = match value {
        Ast::List(list) => &list.elts,
        Ast::Tuple(tuple) => &tuple.elts,
        Ast::BinOp(sum) => {
            let mut texts = literal_texts(&sum.left)?;
            texts.extend(literal_texts(&sum.right)?);
            return Some(texts);
        }
        _ => return None,
    };
    items
        .iter()
        .map(|item| match item {
            Ast::StringLiteral(text) => Some(Symbol::new(text.value.to_str())),
            _ => None,
        })
        .collect()
}
