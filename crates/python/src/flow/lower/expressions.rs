//! Expressions: every kind keeps its children, so that no read is lost.

use ruff_python_ast::{
    self as ast, CmpOp, Expr as Ast, ExprContext, FStringPart, InterpolatedStringElement, Operator, UnaryOp,
};
use ruff_text_size::{Ranged, TextRange};

use super::scopes::ScopeKind;
use super::{DEEPEST, Lowering};
use crate::flow::ir::{
    Argument, ArgumentKind, BinaryOp, Clause, CompareOp, Comprehension, ComprehensionId, ComprehensionKind,
    Expr, ExprKind, Run,
};
use crate::symbol::Symbol;

/// A string literal longer than this is a text whose content no reader of the flow asks for.
const LONGEST_STRING: usize = 200;

impl<'s> Lowering<'s> {
    /// An expression.
    pub(super) fn expr(&mut self, expr: &'s Ast) -> Expr {
        let range = expr.range();
        if self.depth >= DEEPEST {
            return self.push(ExprKind::Opaque(Run::default()), range);
        }
        self.depth += 1;
        let lowered = self.expr_inside(expr, range);
        self.depth -= 1;
        lowered
    }

    pub(super) fn exprs(&mut self, items: &'s [Ast]) -> Run {
        let lowered: Vec<Expr> = items.iter().map(|item| self.expr(item)).collect();
        self.list(&lowered)
    }

    fn opaque(&mut self, children: &[Expr], range: TextRange) -> Expr {
        let run = self.list(children);
        self.push(ExprKind::Opaque(run), range)
    }

    fn expr_inside(&mut self, expr: &'s Ast, range: TextRange) -> Expr {
        let kind = match expr {
            Ast::NoneLiteral(_) => ExprKind::None,
            Ast::BooleanLiteral(literal) => ExprKind::Bool(literal.value),
            Ast::NumberLiteral(literal) => match &literal.value {
                ast::Number::Int(value) => match value.as_i32() {
                    Some(value) => ExprKind::Int(value),
                    None => ExprKind::Number,
                },
                _ => ExprKind::Number,
            },
            Ast::StringLiteral(literal) => {
                let text = literal.value.to_str();
                ExprKind::Str(if text.len() > LONGEST_STRING {
                    Symbol::new("…")
                } else {
                    Symbol::new(text)
                })
            }
            Ast::BytesLiteral(_) => ExprKind::Bytes,
            Ast::EllipsisLiteral(_) => ExprKind::Number,
            Ast::FString(string) => {
                let mut parts = Vec::new();
                for part in &string.value {
                    match part {
                        FStringPart::Literal(literal) => {
                            let text = Symbol::new(&literal.value);
                            parts.push(self.push(ExprKind::Str(text), literal.range()));
                        }
                        FStringPart::FString(string) => self.interpolated(&string.elements, &mut parts),
                    }
                }
                ExprKind::FString(self.list(&parts))
            }
            Ast::TString(string) => {
                let mut parts = Vec::new();
                for part in &string.value {
                    self.interpolated(&part.elements, &mut parts);
                }
                ExprKind::Opaque(self.list(&parts))
            }
            Ast::Name(name) => return self.name(name.id.as_str(), range),
            Ast::Attribute(attribute) => {
                let base = self.expr(&attribute.value);
                let name = self.symbol(attribute.attr.as_str());
                if attribute.ctx == ExprContext::Store {
                    self.set_on_this(base, name);
                }
                ExprKind::Attribute(base, name)
            }
            Ast::Subscript(subscript) => {
                let base = self.expr(&subscript.value);
                let index = self.expr(&subscript.slice);
                ExprKind::Subscript(base, index)
            }
            Ast::Slice(slice) => {
                let parts = [&slice.lower, &slice.upper, &slice.step].map(|part| match part {
                    Some(part) => self.expr(part),
                    None => self.push(ExprKind::None, range),
                });
                ExprKind::Slice(self.list(&parts))
            }
            Ast::Call(call) => {
                let callee = self.expr(&call.func);
                let arguments = self.arguments(&call.arguments);
                self.set_by_name(callee, arguments);
                ExprKind::Call(callee, arguments)
            }
            Ast::Tuple(tuple) => ExprKind::Tuple(self.exprs(&tuple.elts)),
            Ast::List(list) => ExprKind::List(self.exprs(&list.elts)),
            Ast::Set(set) => ExprKind::Set(self.exprs(&set.elts)),
            Ast::Dict(dict) => {
                let mut items = Vec::with_capacity(dict.items.len() * 2);
                for item in &dict.items {
                    items.push(match &item.key {
                        Some(key) => self.expr(key),
                        None => self.push(ExprKind::DoubleStarred, item.value.range()),
                    });
                    items.push(self.expr(&item.value));
                }
                ExprKind::Dict(self.list(&items))
            }
            Ast::Starred(starred) => ExprKind::Starred(self.expr(&starred.value)),
            Ast::ListComp(comp) => {
                return self.comprehension(ComprehensionKind::List, None, &comp.elt, &comp.generators, range);
            }
            Ast::SetComp(comp) => {
                return self.comprehension(ComprehensionKind::Set, None, &comp.elt, &comp.generators, range);
            }
            Ast::DictComp(comp) => {
                let (kind, key) = (ComprehensionKind::Dict, comp.key.as_deref());
                return self.comprehension(kind, key, &comp.value, &comp.generators, range);
            }
            Ast::Generator(comp) => {
                return self.comprehension(
                    ComprehensionKind::Generator,
                    None,
                    &comp.elt,
                    &comp.generators,
                    range,
                );
            }
            Ast::Lambda(lambda) => {
                let id = self.lambda(lambda);
                ExprKind::Lambda(id)
            }
            Ast::If(conditional) => {
                let parts =
                    [&conditional.test, &conditional.body, &conditional.orelse].map(|part| self.expr(part));
                ExprKind::Conditional(self.list(&parts))
            }
            Ast::BoolOp(operation) => {
                let operands = self.exprs(&operation.values);
                match operation.op {
                    ast::BoolOp::And => ExprKind::And(operands),
                    ast::BoolOp::Or => ExprKind::Or(operands),
                }
            }
            Ast::UnaryOp(operation) => {
                let operand = self.expr(&operation.operand);
                match (operation.op, self.facts.kind(operand)) {
                    (UnaryOp::Not, _) => ExprKind::Not(operand),
                    (UnaryOp::USub, ExprKind::Int(value)) => ExprKind::Int(-value),
                    _ => ExprKind::Unary(operand),
                }
            }
            Ast::BinOp(operation) => return self.binary(operation, range),
            Ast::Compare(comparison) => {
                let mut operands = vec![self.expr(&comparison.left)];
                operands.extend(comparison.comparators.iter().map(|operand| self.expr(operand)));
                let start = self.facts.compare_ops.len() as u32;
                self.facts.compare_ops.extend(comparison.ops.iter().map(|op| match op {
                    CmpOp::Eq => CompareOp::Eq,
                    CmpOp::NotEq => CompareOp::NotEq,
                    CmpOp::Is => CompareOp::Is,
                    CmpOp::IsNot => CompareOp::IsNot,
                    CmpOp::In => CompareOp::In,
                    CmpOp::NotIn => CompareOp::NotIn,
                    CmpOp::Lt | CmpOp::LtE | CmpOp::Gt | CmpOp::GtE => CompareOp::Order,
                }));
                ExprKind::Compare(self.list(&operands), start)
            }
            Ast::Named(named) => {
                let value = self.expr(&named.value);
                let target = self.expr(&named.target);
                self.bound(&named.target, Some(value));
                ExprKind::Walrus(target, value)
            }
            Ast::Await(inner) => ExprKind::Await(self.expr(&inner.value)),
            Ast::Yield(inner) => {
                self.scope().is_generator = true;
                let value = match &inner.value {
                    Some(value) => self.expr(value),
                    None => self.push(ExprKind::None, range),
                };
                ExprKind::Yield(value)
            }
            Ast::YieldFrom(inner) => {
                self.scope().is_generator = true;
                ExprKind::YieldFrom(self.expr(&inner.value))
            }
            Ast::IpyEscapeCommand(_) => return self.opaque(&[], range),
        };
        self.push(kind, range)
    }

    fn interpolated(&mut self, elements: &'s ast::InterpolatedStringElements, parts: &mut Vec<Expr>) {
        if self.depth >= DEEPEST {
            return;
        }
        self.depth += 1;
        for element in elements {
            match element {
                InterpolatedStringElement::Literal(literal) => {
                    let text = Symbol::new(&literal.value);
                    parts.push(self.push(ExprKind::Str(text), literal.range()));
                }
                InterpolatedStringElement::Interpolation(element) => {
                    let value = self.expr(&element.expression);
                    let as_text = match element.conversion {
                        ast::ConversionFlag::Repr | ast::ConversionFlag::Ascii => false,
                        // `f"{x=}"` shows the repr, unless it is given a format.
                        ast::ConversionFlag::None => {
                            element.debug_text.is_none() || element.format_spec.is_some()
                        }
                        ast::ConversionFlag::Str => true,
                    };
                    parts.push(self.push(ExprKind::Format(value, as_text), element.range()));
                    if let Some(spec) = &element.format_spec {
                        self.interpolated(&spec.elements, parts);
                    }
                }
            }
        }
        self.depth -= 1;
    }

    /// A chain `a + b + c` of one operator is one node, however long.
    fn binary(&mut self, operation: &'s ast::ExprBinOp, range: TextRange) -> Expr {
        let mut operands = vec![operation.right.as_ref()];
        let mut left = operation.left.as_ref();
        while let Ast::BinOp(inner) = left
            && inner.op == operation.op
        {
            operands.push(inner.right.as_ref());
            left = inner.left.as_ref();
        }
        operands.push(left);
        let lowered: Vec<Expr> = operands.into_iter().rev().map(|operand| self.expr(operand)).collect();
        let op = match operation.op {
            Operator::Add => BinaryOp::Add,
            Operator::Mod => BinaryOp::Modulo,
            Operator::BitOr => BinaryOp::BitOr,
            Operator::BitAnd => BinaryOp::BitAnd,
            Operator::BitXor => BinaryOp::BitXor,
            _ => BinaryOp::Other,
        };
        let run = self.list(&lowered);
        self.push(ExprKind::Binary(op, run), range)
    }

    /// The arguments of a call or a class, in the order of the source.
    pub(super) fn arguments(&mut self, arguments: &'s ast::Arguments) -> Run {
        let mut lowered = Vec::with_capacity(arguments.args.len() + arguments.keywords.len());
        for argument in arguments.iter_source_order() {
            lowered.push(match argument {
                ast::ArgOrKeyword::Arg(Ast::Starred(starred)) => {
                    Argument { kind: ArgumentKind::Star, value: self.expr(&starred.value) }
                }
                ast::ArgOrKeyword::Arg(value) => {
                    Argument { kind: ArgumentKind::Positional, value: self.expr(value) }
                }
                ast::ArgOrKeyword::Keyword(keyword) => {
                    let kind = match &keyword.arg {
                        Some(name) => ArgumentKind::Keyword(self.symbol(name.as_str())),
                        None => ArgumentKind::DoubleStar,
                    };
                    Argument { kind, value: self.expr(&keyword.value) }
                }
            });
        }
        self.argument_run(&lowered)
    }

    fn comprehension(
        &mut self,
        kind: ComprehensionKind,
        key: Option<&'s Ast>,
        element: &'s Ast,
        generators: &'s [ast::Comprehension],
        range: TextRange,
    ) -> Expr {
        let outside = self.scope().targets.len();
        let mut clauses = Vec::with_capacity(generators.len());
        for generator in generators {
            let iter = self.expr(&generator.iter);
            self.bind_targets(&generator.target);
            let target = self.expr(&generator.target);
            let conditions = self.exprs(&generator.ifs);
            clauses.push(Clause { target, iter, conditions, is_async: generator.is_async });
        }
        let key = key.map(|key| self.expr(key));
        let element = self.expr(element);
        self.scope().targets.truncate(outside);
        let run = Run { start: self.facts.clauses.len() as u32, len: clauses.len() as u32 };
        self.facts.clauses.extend(clauses);
        let id = ComprehensionId(self.facts.comprehensions.len() as u32);
        self.facts.comprehensions.push(Comprehension { kind, element, key, clauses: run });
        self.push(ExprKind::Comprehension(id), range)
    }

    fn bind_targets(&mut self, target: &'s Ast) {
        match target {
            Ast::Name(name) => {
                let name = name.id.as_str();
                let scope = self.scope();
                let slot = scope.slot(name);
                scope.targets.push((name, slot));
            }
            Ast::Tuple(tuple) => tuple.elts.iter().for_each(|target| self.bind_targets(target)),
            Ast::List(list) => list.elts.iter().for_each(|target| self.bind_targets(target)),
            Ast::Starred(starred) => self.bind_targets(&starred.value),
            _ => {}
        }
    }

    /// Notes `self.name = …`.
    fn set_on_this(&mut self, base: Expr, name: Symbol) {
        let is_first = self.facts.kind(base) == ExprKind::Local(0);
        let scope = self.scope();
        if scope.kind == ScopeKind::Function
            && scope.this.is_some()
            && is_first
            && !scope.sets.contains(&name)
        {
            scope.sets.push(name);
        }
    }

    /// Notes `setattr(self, "name", …)`.
    fn set_by_name(&mut self, callee: Expr, arguments: Run) {
        let ExprKind::Global(function) = self.facts.kind(callee) else { return };
        if function != "setattr" {
            return;
        }
        if let [this, name, ..] = *self.facts.arguments(arguments)
            && let ExprKind::Str(name) = self.facts.kind(name.value)
        {
            self.set_on_this(this.value, name);
        }
    }
}
