//! Values.

use ruff_python_ast::{self as ast, CmpOp, Expr as Ast, Number, Operator, UnaryOp};
use ruff_text_size::{Ranged, TextRange};

use super::super::ir::{
    Argument, ArgumentKind, BinaryOp, CompareOp, Comprehension, ComprehensionId, ComprehensionKind, Expr,
    ExprKind, Run,
};
use super::scopes::{Entry, Scope};
use super::{DEPTH_LIMIT, Lowering, append};

impl<'a> Lowering<'a> {
    /// The value of `expr`.
    pub(super) fn expr(&mut self, expr: &'a Ast) -> Expr {
        match expr {
            Ast::Name(name) => self.name(name),
            Ast::StringLiteral(literal) => self.string(literal),
            Ast::NumberLiteral(literal) => self.node(number(&literal.value), literal.range),
            Ast::BooleanLiteral(literal) => self.node(ExprKind::Bool(literal.value), literal.range),
            Ast::NoneLiteral(literal) => self.node(ExprKind::None, literal.range),
            Ast::BytesLiteral(literal) => self.node(ExprKind::Bytes, literal.range),
            Ast::EllipsisLiteral(_) | Ast::IpyEscapeCommand(_) => self.opaque(expr.range()),
            _ => self
                .deeper(|this| match expr {
                    Ast::Attribute(_) | Ast::Call(_) | Ast::Subscript(_) | Ast::BinOp(_) => this.chain(expr),
                    _ => this.nested(expr),
                })
                .unwrap_or_else(|| self.opaque(expr.range())),
        }
    }

    fn name(&mut self, name: &'a ast::ExprName) -> Expr {
        if name.id.is_empty() {
            // A gap that the parser filled.
            return self.opaque(name.range);
        }
        let symbol = self.symbol(name.id.as_str());
        let kind = self.resolve(symbol);
        self.node(kind, name.range)
    }

    /// Attributes, calls, subscripts and binary operators, which nest to the left without bound. A run of one operator
    /// is one node. Links that lie too deep are not told apart: one opaque value is made of them all.
    fn chain(&mut self, expr: &'a Ast) -> Expr {
        let depth = self.depth;
        let mark = self.chain.len();
        let mut base = expr;
        let mut level = depth;
        let mut above = None;
        loop {
            let (inner, op) = match base {
                Ast::Attribute(attribute) => (&attribute.value, None),
                Ast::Call(call) => (&call.func, None),
                Ast::Subscript(subscript) => (&subscript.value, None),
                Ast::BinOp(binary) => (&binary.left, Some(operator(binary.op))),
                _ => break,
            };
            if op.is_none() || op != above {
                level += 1;
            }
            above = op;
            self.chain.push((base, level));
            base = inner;
        }
        let mut value = if level > DEPTH_LIMIT {
            self.deep_links(base, mark)
        } else {
            self.depth = level;
            self.expr(base)
        };
        while self.chain.len() > mark {
            value = self.link(value, mark);
        }
        self.depth = depth;
        value
    }

    /// The value of the links above `mark` that lie too deep.
    fn deep_links(&mut self, base: &'a Ast, mark: usize) -> Expr {
        self.depth = DEPTH_LIMIT;
        let values = self.exprs.len();
        let mut outermost = base;
        let value = self.expr(base);
        self.exprs.push(value);
        while let Some(&(link, level)) = self.chain.last()
            && self.chain.len() > mark
            && level > DEPTH_LIMIT
        {
            self.chain.pop();
            outermost = link;
            match link {
                Ast::Call(call) => {
                    for argument in call.arguments.iter_source_order() {
                        let value = self.expr(argument.value());
                        self.exprs.push(value);
                    }
                }
                Ast::Subscript(ast::ExprSubscript { slice: part, .. })
                | Ast::BinOp(ast::ExprBinOp { right: part, .. }) => {
                    let value = self.expr(part);
                    self.exprs.push(value);
                }
                _ => {}
            }
        }
        let values = self.take_exprs(values);
        self.node(ExprKind::Opaque(values), outermost.range())
    }

    /// The value of the last link above `mark`, over the value of its left part.
    fn link(&mut self, left: Expr, mark: usize) -> Expr {
        let Some((link, level)) = self.chain.pop() else { return left };
        self.depth = level;
        match link {
            Ast::Attribute(attribute) => {
                let name = self.symbol(attribute.attr.as_str());
                self.node(ExprKind::Attribute(left, name), attribute.range)
            }
            Ast::Subscript(subscript) => {
                let index = self.expr(&subscript.slice);
                self.node(ExprKind::Subscript(left, index), subscript.range)
            }
            Ast::BinOp(binary) => self.operands(left, binary, mark),
            Ast::Call(call) => {
                let arguments = self.call_arguments(&call.arguments);
                self.note_setattr(left, arguments);
                self.note_added(left);
                self.node(ExprKind::Call(left, arguments), call.range())
            }
            _ => left,
        }
    }

    /// A run of one operator, whose links stand above `mark`.
    fn operands(&mut self, left: Expr, binary: &'a ast::ExprBinOp, mark: usize) -> Expr {
        let op = operator(binary.op);
        let operands = self.exprs.len();
        self.exprs.push(left);
        let mut outermost = binary;
        loop {
            let right = self.expr(&outermost.right);
            self.exprs.push(right);
            match self.chain.last() {
                Some(&(Ast::BinOp(next), _)) if self.chain.len() > mark && operator(next.op) == op => {
                    self.chain.pop();
                    outermost = next;
                }
                _ => break,
            }
        }
        let operands = self.take_exprs(operands);
        self.node(ExprKind::Binary(op, operands), outermost.range)
    }

    /// The arguments of a call or the bases of a class, in the order of the source.
    pub(super) fn call_arguments(&mut self, arguments: &'a ast::Arguments) -> Run {
        let mark = self.arguments.len();
        if arguments.keywords.is_empty() {
            for argument in &arguments.args {
                self.positional(argument);
            }
        } else {
            for argument in arguments.iter_source_order() {
                match argument {
                    ast::ArgOrKeyword::Arg(argument) => self.positional(argument),
                    ast::ArgOrKeyword::Keyword(keyword) => self.keyword(keyword),
                }
            }
        }
        let run = append(&mut self.facts.arguments, &self.arguments[mark..]);
        self.arguments.truncate(mark);
        run
    }

    fn positional(&mut self, argument: &'a Ast) {
        let (kind, value) = match argument {
            Ast::Starred(starred) => (ArgumentKind::Star, self.expr(&starred.value)),
            _ => (ArgumentKind::Positional, self.expr(argument)),
        };
        self.arguments.push(Argument { kind, value });
    }

    fn keyword(&mut self, keyword: &'a ast::Keyword) {
        let kind = match &keyword.arg {
            Some(name) => ArgumentKind::Keyword(self.symbol(name.as_str())),
            None => ArgumentKind::DoubleStar,
        };
        let value = self.expr(&keyword.value);
        self.arguments.push(Argument { kind, value });
    }

    /// Every other value that is made of values.
    fn nested(&mut self, expr: &'a Ast) -> Expr {
        let range = expr.range();
        let kind = match expr {
            Ast::Tuple(tuple) => ExprKind::Tuple(self.list(&tuple.elts)),
            Ast::List(list) => ExprKind::List(self.list(&list.elts)),
            Ast::Set(set) => ExprKind::Set(self.list(&set.elts)),
            Ast::Dict(dict) => self.dict(dict),
            Ast::BoolOp(operation) => {
                let values = self.list(&operation.values);
                match operation.op {
                    ast::BoolOp::And => ExprKind::And(values),
                    ast::BoolOp::Or => ExprKind::Or(values),
                }
            }
            Ast::UnaryOp(operation) => self.unary(operation),
            Ast::Compare(compare) => self.compare(compare),
            Ast::If(conditional) => ExprKind::Conditional(self.list([
                &*conditional.test,
                &*conditional.body,
                &*conditional.orelse,
            ])),
            Ast::Named(named) => {
                let value = self.expr(&named.value);
                let target = self.variable_target(&named.target, Some(value));
                ExprKind::Walrus(target, value)
            }
            Ast::Starred(starred) => ExprKind::Starred(self.expr(&starred.value)),
            Ast::Slice(slice) => self.slice(slice),
            Ast::Await(awaited) => ExprKind::Await(self.expr(&awaited.value)),
            Ast::Yield(yielded) => {
                self.host_mut().is_generator = true;
                ExprKind::Yield(match &yielded.value {
                    Some(value) => self.expr(value),
                    None => self.node(ExprKind::None, TextRange::empty(range.end())),
                })
            }
            Ast::YieldFrom(yielded) => {
                self.host_mut().is_generator = true;
                ExprKind::YieldFrom(self.expr(&yielded.value))
            }
            Ast::Lambda(lambda) => ExprKind::Lambda(self.lambda(lambda)),
            Ast::ListComp(ast::ExprListComp { elt, generators, .. }) => {
                self.comprehension(ComprehensionKind::List, None, elt, generators)
            }
            Ast::SetComp(ast::ExprSetComp { elt, generators, .. }) => {
                self.comprehension(ComprehensionKind::Set, None, elt, generators)
            }
            Ast::Generator(ast::ExprGenerator { elt, generators, .. }) => {
                self.comprehension(ComprehensionKind::Generator, None, elt, generators)
            }
            Ast::DictComp(comprehension) => self.comprehension(
                ComprehensionKind::Dict,
                comprehension.key.as_deref(),
                &comprehension.value,
                &comprehension.generators,
            ),
            Ast::FString(string) => self.fstring(string),
            Ast::TString(string) => self.tstring(string),
            // `expr` has taken the rest.
            _ => ExprKind::Opaque(Run::default()),
        };
        self.node(kind, range)
    }

    fn dict(&mut self, dict: &'a ast::ExprDict) -> ExprKind {
        let mark = self.exprs.len();
        for item in dict.iter() {
            let key = match &item.key {
                Some(key) => self.expr(key),
                None => self.node(ExprKind::DoubleStarred, TextRange::empty(item.value.start())),
            };
            self.exprs.push(key);
            let value = self.expr(&item.value);
            self.exprs.push(value);
        }
        ExprKind::Dict(self.take_exprs(mark))
    }

    fn unary(&mut self, operation: &'a ast::ExprUnaryOp) -> ExprKind {
        if let (UnaryOp::USub, Ast::NumberLiteral(literal)) = (operation.op, &*operation.operand) {
            return match number(&literal.value) {
                ExprKind::Int(value) => ExprKind::Int(-value),
                other => other,
            };
        }
        let operand = self.expr(&operation.operand);
        match operation.op {
            UnaryOp::Not => ExprKind::Not(operand),
            UnaryOp::Invert | UnaryOp::UAdd | UnaryOp::USub => ExprKind::Unary(operand),
        }
    }

    fn compare(&mut self, compare: &'a ast::ExprCompare) -> ExprKind {
        let operands = self.list(std::iter::once(&*compare.left).chain(&compare.comparators));
        let operators = self.facts.compare_ops.len() as u32;
        self.facts.compare_ops.extend(compare.ops.iter().map(|op| comparison(*op)));
        ExprKind::Compare(operands, operators)
    }

    fn slice(&mut self, slice: &'a ast::ExprSlice) -> ExprKind {
        let mark = self.exprs.len();
        for part in [&slice.lower, &slice.upper, &slice.step] {
            let part = match part {
                Some(part) => self.expr(part),
                None => self.node(ExprKind::None, TextRange::empty(slice.range.end())),
            };
            self.exprs.push(part);
        }
        ExprKind::Slice(self.take_exprs(mark))
    }

    fn comprehension(
        &mut self,
        kind: ComprehensionKind,
        key: Option<&'a Ast>,
        element: &'a Ast,
        generators: &'a [ast::Comprehension],
    ) -> ExprKind {
        let id = ComprehensionId(self.facts.comprehensions.len() as u32);
        self.facts.comprehensions.push(Comprehension {
            kind,
            element: Expr(0),
            key: None,
            clauses: Run::default(),
        });
        // The first iterable belongs to the scope around the comprehension.
        let mut first = generators.first().map(|clause| self.expr(&clause.iter));
        self.enter(Scope::comprehension());
        for clause in generators {
            self.declare_comprehension_target(&clause.target);
        }
        let mark = self.clauses.len();
        for clause in generators {
            let iter = match first.take() {
                Some(first) => first,
                None => self.expr(&clause.iter),
            };
            let target = self.comprehension_target(&clause.target);
            let conditions = self.list(&clause.ifs);
            self.clauses.push(super::Clause { target, iter, conditions, is_async: clause.is_async });
        }
        let key = key.map(|key| self.expr(key));
        let element = self.expr(element);
        self.leave();
        let clauses = append(&mut self.facts.clauses, &self.clauses[mark..]);
        self.clauses.truncate(mark);
        self.facts.comprehensions[id.index()] = Comprehension { kind, element, key, clauses };
        ExprKind::Comprehension(id)
    }

    /// Gives the names in a comprehension's target slots of their own in the host.
    fn declare_comprehension_target(&mut self, target: &'a Ast) {
        match target {
            Ast::Name(name) if !name.id.is_empty() => {
                let symbol = self.symbol(name.id.as_str());
                let scope = self.scopes.last().map_or(0, |scope| scope.id);
                if self.entry(scope, symbol).is_none() {
                    let slot = self.new_slot(symbol);
                    self.declare_as(symbol, Entry::Slot(slot));
                }
            }
            Ast::Starred(starred) => {
                self.deeper(|this| this.declare_comprehension_target(&starred.value));
            }
            Ast::Tuple(ast::ExprTuple { elts, .. }) | Ast::List(ast::ExprList { elts, .. }) => {
                self.deeper(|this| {
                    for element in elts {
                        this.declare_comprehension_target(element);
                    }
                });
            }
            _ => {}
        }
    }
}

fn number(value: &Number) -> ExprKind {
    match value {
        Number::Int(value) => value.as_i32().map_or(ExprKind::Number, ExprKind::Int),
        Number::Float(_) | Number::Complex { .. } => ExprKind::Number,
    }
}

pub(super) fn operator(operator: Operator) -> BinaryOp {
    match operator {
        Operator::Add => BinaryOp::Add,
        Operator::Mod => BinaryOp::Modulo,
        Operator::BitOr => BinaryOp::BitOr,
        Operator::BitAnd => BinaryOp::BitAnd,
        Operator::BitXor => BinaryOp::BitXor,
        Operator::Sub
        | Operator::Mult
        | Operator::MatMult
        | Operator::Div
        | Operator::Pow
        | Operator::LShift
        | Operator::RShift
        | Operator::FloorDiv => BinaryOp::Other,
    }
}

fn comparison(operator: CmpOp) -> CompareOp {
    match operator {
        CmpOp::Eq => CompareOp::Eq,
        CmpOp::NotEq => CompareOp::NotEq,
        CmpOp::Lt | CmpOp::LtE | CmpOp::Gt | CmpOp::GtE => CompareOp::Order,
        CmpOp::Is => CompareOp::Is,
        CmpOp::IsNot => CompareOp::IsNot,
        CmpOp::In => CompareOp::In,
        CmpOp::NotIn => CompareOp::NotIn,
    }
}
