//! Functions that a migration file makes its operations with: loops over tables of names, lists that grow.
//!
//! They are run as far as plain Python goes; where it cannot be told what they give, nothing is.

use std::cell::Cell;

use ruff_python_ast::{CmpOp, Comprehension, Expr, ExprCall, Operator, Stmt, StmtFunctionDef, UnaryOp};

use super::value::{Scope, Value};

/// How many statements the functions of one file may run.
const MOST_STEPS: u32 = 20_000;

/// How deep calls may be within each other.
const DEEPEST: u32 = 12;

/// What a statement leads to.
enum Next {
    /// The next one.
    On,
    /// The function ends.
    Return(Value),
}

/// What is left to run.
#[derive(Clone, Debug)]
pub(super) struct Fuel {
    steps: Cell<u32>,
    depth: u32,
}

impl Default for Fuel {
    fn default() -> Self {
        Self { steps: Cell::new(MOST_STEPS), depth: DEEPEST }
    }
}

impl<'a> Scope<'a> {
    /// Calls a function that the file defines; nothing where it cannot be told what it gives.
    pub(super) fn call(
        &self,
        function: &'a StmtFunctionDef,
        call: &'a ExprCall,
        source: &str,
    ) -> Option<Value> {
        let mut inner = self.clone();
        inner.fuel.depth = self.fuel.depth.checked_sub(1)?;
        let parameters = &function.parameters;
        if parameters.vararg.is_some() || parameters.kwarg.is_some() || function.is_async {
            return None;
        }
        let mut positional = call.arguments.args.iter();
        for parameter in parameters.posonlyargs.iter().chain(&parameters.args) {
            let name = parameter.parameter.name.as_str();
            let given = positional.next().or_else(|| keyword(call, name)).or(parameter.default.as_deref())?;
            inner.constants.insert(name.to_owned(), self.value(given, source));
        }
        for parameter in &parameters.kwonlyargs {
            let name = parameter.parameter.name.as_str();
            let given = keyword(call, name).or(parameter.default.as_deref())?;
            inner.constants.insert(name.to_owned(), self.value(given, source));
        }
        if positional.next().is_some() || call.arguments.args.iter().any(Expr::is_starred_expr) {
            return None;
        }
        let result = match inner.run(&function.body, source)? {
            Next::Return(value) => value,
            Next::On => Value::None,
        };
        self.fuel.steps.set(inner.fuel.steps.get());
        Some(result)
    }

    fn run(&mut self, body: &'a [Stmt], source: &str) -> Option<Next> {
        for statement in body {
            self.fuel.steps.set(self.fuel.steps.get().checked_sub(1)?);
            if let Next::Return(value) = self.step(statement, source)? {
                return Some(Next::Return(value));
            }
        }
        Some(Next::On)
    }

    fn step(&mut self, statement: &'a Stmt, source: &str) -> Option<Next> {
        match statement {
            Stmt::Pass(_) => {}
            Stmt::Return(statement) => {
                let value = statement.value.as_deref().map_or(Value::None, |it| self.value(it, source));
                return Some(Next::Return(value));
            }
            Stmt::Assign(assign) => {
                let value = self.value(&assign.value, source);
                for target in &assign.targets {
                    self.bind(target, &value)?;
                }
            }
            Stmt::AnnAssign(assign) => {
                let value = self.value(assign.value.as_deref()?, source);
                self.bind(&assign.target, &value)?;
            }
            Stmt::AugAssign(assign) if assign.op == Operator::Add => {
                let Expr::Name(name) = &*assign.target else { return None };
                let known = self.constants.get(name.id.as_str())?.clone();
                let added = self.value(&assign.value, source);
                self.constants.insert(name.id.to_string(), known.plus(added)?);
            }
            Stmt::Expr(statement) => match &*statement.value {
                Expr::StringLiteral(_) => {}
                Expr::Call(call) => self.grow(call, source)?,
                _ => return None,
            },
            Stmt::If(statement) => {
                let mut taken = truth(self, &statement.test, source)?.then_some(&statement.body);
                for clause in &statement.elif_else_clauses {
                    if taken.is_none() {
                        let holds = match &clause.test {
                            Some(test) => truth(self, test, source)?,
                            None => true,
                        };
                        taken = holds.then_some(&clause.body);
                    }
                }
                if let Some(body) = taken {
                    return self.run(body, source);
                }
            }
            Stmt::For(statement) if statement.orelse.is_empty() => {
                for item in self.iterated(&statement.iter, source)? {
                    self.bind(&statement.target, &item)?;
                    if let Next::Return(value) = self.run(&statement.body, source)? {
                        return Some(Next::Return(value));
                    }
                }
            }
            _ => return None,
        }
        Some(Next::On)
    }

    /// `name.append(item)`, `name.extend(items)`
    fn grow(&mut self, call: &'a ExprCall, source: &str) -> Option<()> {
        let Expr::Attribute(method) = &*call.func else { return None };
        let Expr::Name(name) = &*method.value else { return None };
        let [argument] = &*call.arguments.args else { return None };
        let added = match method.attr.as_str() {
            "append" => vec![self.value(argument, source)],
            "extend" => self.iterated(argument, source)?,
            _ => return None,
        };
        match self.constants.get_mut(name.id.as_str())? {
            Value::List(items) => items.extend(added),
            _ => return None,
        }
        Some(())
    }

    fn bind(&mut self, target: &Expr, value: &Value) -> Option<()> {
        match target {
            Expr::Name(name) => {
                self.constants.insert(name.id.to_string(), value.clone());
            }
            Expr::Tuple(tuple) => self.bind_all(&tuple.elts, value)?,
            Expr::List(list) => self.bind_all(&list.elts, value)?,
            _ => return None,
        }
        Some(())
    }

    fn bind_all(&mut self, targets: &[Expr], value: &Value) -> Option<()> {
        let items = value.items().filter(|items| items.len() == targets.len())?;
        for (target, item) in targets.iter().zip(items) {
            self.bind(target, item)?;
        }
        Some(())
    }

    /// What is iterated over: the items of a list, the keys of a dictionary, `….items()`.
    fn iterated(&self, expr: &'a Expr, source: &str) -> Option<Vec<Value>> {
        if let Expr::Call(call) = expr
            && let Expr::Attribute(method) = &*call.func
            && call.arguments.is_empty()
            && let Value::Dict(pairs) = self.value(&method.value, source)
        {
            return match method.attr.as_str() {
                "items" => {
                    Some(pairs.into_iter().map(|(key, value)| Value::Tuple(vec![key, value])).collect())
                }
                "keys" => Some(pairs.into_iter().map(|(key, _)| key).collect()),
                "values" => Some(pairs.into_iter().map(|(_, value)| value).collect()),
                _ => None,
            };
        }
        match self.value(expr, source) {
            Value::Dict(pairs) => Some(pairs.into_iter().map(|(key, _)| key).collect()),
            value => value.items().map(<[Value]>::to_vec),
        }
    }

    /// `[element for … in …]`
    pub(super) fn comprehended(
        &self,
        element: &'a Expr,
        generators: &'a [Comprehension],
        source: &str,
    ) -> Option<Vec<Value>> {
        let Some((first, others)) = generators.split_first() else {
            return Some(vec![self.value(element, source)]);
        };
        if first.is_async {
            return None;
        }
        let mut found = Vec::new();
        for item in self.iterated(&first.iter, source)? {
            self.fuel.steps.set(self.fuel.steps.get().checked_sub(1)?);
            let mut inner = self.clone();
            inner.bind(&first.target, &item)?;
            let mut holds = true;
            for test in &first.ifs {
                holds &= truth(&inner, test, source)?;
            }
            if holds {
                found.extend(inner.comprehended(element, others, source)?);
            }
            self.fuel.steps.set(inner.fuel.steps.get());
        }
        Some(found)
    }
}

/// Whether a test holds; nothing where that cannot be told.
pub(super) fn truth<'a>(scope: &Scope<'a>, test: &'a Expr, source: &str) -> Option<bool> {
    match test {
        Expr::UnaryOp(unary) if unary.op == UnaryOp::Not => Some(!truth(scope, &unary.operand, source)?),
        Expr::Compare(compare) => {
            let ([op], [right]) = (&*compare.ops, &*compare.comparators) else { return None };
            let (left, right) = (scope.value(&compare.left, source), scope.value(right, source));
            let is_none = |value: &Value| *value == Value::None;
            match op {
                CmpOp::Is | CmpOp::IsNot if is_none(&left) || is_none(&right) => {
                    // What has a value is not none; what cannot be told may be.
                    if !(left.is_plain() && right.is_plain()) {
                        return None;
                    }
                    Some((left == right) == (*op == CmpOp::Is))
                }
                CmpOp::Eq | CmpOp::NotEq if left.is_constant() && right.is_constant() => {
                    Some((left == right) == (*op == CmpOp::Eq))
                }
                _ => None,
            }
        }
        _ => match scope.value(test, source) {
            Value::None => Some(false),
            Value::Bool(value) => Some(value),
            Value::Str(text) => Some(!text.is_empty()),
            Value::List(items) | Value::Tuple(items) => Some(!items.is_empty()),
            Value::Dict(pairs) => Some(!pairs.is_empty()),
            _ => None,
        },
    }
}

fn keyword<'a>(call: &'a ExprCall, name: &str) -> Option<&'a Expr> {
    let mut keywords = call.arguments.keywords.iter();
    keywords.find(|keyword| keyword.arg.as_ref().is_some_and(|it| it == name)).map(|keyword| &keyword.value)
}

impl Value {
    /// Whether it is known not to be `None` where it is not.
    fn is_plain(&self) -> bool {
        !matches!(self, Self::Other(_) | Self::Name(_) | Self::Attribute(..) | Self::Subscript(..))
            && !matches!(self, Self::Call(call) if !call.class().starts_with(char::is_uppercase))
    }

    /// Whether values of its kind are equal where their texts are.
    fn is_constant(&self) -> bool {
        matches!(self, Self::None | Self::Bool(_) | Self::Number(_) | Self::Str(_))
    }

    /// `self + other`; nothing where that cannot be told.
    pub(super) fn plus(self, other: Self) -> Option<Self> {
        match (self, other) {
            (Self::List(mut one), Self::List(two)) => {
                one.extend(two);
                Some(Self::List(one))
            }
            (Self::Tuple(mut one), Self::Tuple(two)) => {
                one.extend(two);
                Some(Self::Tuple(one))
            }
            (Self::Str(one), Self::Str(two)) => Some(Self::Str(one + &two)),
            // Expressions: `SearchVector("title") + SearchVector("text")`.
            (one @ (Self::Call(_) | Self::Binary(..)), two @ Self::Call(_)) => {
                Some(Self::Binary(Box::new(one), "+", Box::new(two)))
            }
            _ => None,
        }
    }
}
