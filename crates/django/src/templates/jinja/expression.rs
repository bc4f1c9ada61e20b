//! Expressions of Jinja2, as `jinja2.parser` reads them, made into value flow.
//!
//! Attributes are `%attr`, subscripts `%item`, filters `%pipe`: Jinja2 looks for attributes and keys in its own order,
//! and calls nothing by itself.

use ruff_text_size::TextRange;
use tuneup_python::Symbol;
use tuneup_python::flow::{Argument, ArgumentKind, BinaryOp, Expr, ExprKind, Run};

use super::super::builder::{Builder, keyword, positional};
use super::lexer::{Kind, Token};

/// How deep brackets and conditions nest before what is inside is passed over.
const DEEPEST: usize = 100;

/// Reads the words of one tag.
pub(super) struct Reader<'t, 's> {
    pub(super) builder: &'t mut Builder,
    tokens: &'t [Token<'s>],
    at: usize,
    depth: usize,
    whole: TextRange,
}

impl<'t, 's> Reader<'t, 's> {
    pub(super) fn new(builder: &'t mut Builder, tokens: &'t [Token<'s>], whole: TextRange) -> Self {
        Self { builder, tokens, at: 0, depth: 0, whole }
    }

    pub(super) fn peek(&self) -> Option<Token<'s>> {
        self.tokens.get(self.at).copied()
    }

    pub(super) fn next(&mut self) -> Option<Token<'s>> {
        let token = self.peek()?;
        self.at += 1;
        Some(token)
    }

    /// Whether a name or operator comes next.
    pub(super) fn is(&self, text: &str) -> bool {
        self.is_at(self.at, text)
    }

    fn is_at(&self, at: usize, text: &str) -> bool {
        self.tokens
            .get(at)
            .is_some_and(|token| matches!(token.kind, Kind::Name | Kind::Operator) && token.text == text)
    }

    /// Passes over a name or operator, if it comes next.
    pub(super) fn take(&mut self, text: &str) -> bool {
        let is_it = self.is(text);
        self.at += usize::from(is_it);
        is_it
    }

    /// A name, if one comes next.
    pub(super) fn name(&mut self) -> Option<Token<'s>> {
        let token = self.peek().filter(|token| token.kind == Kind::Name)?;
        self.at += 1;
        Some(token)
    }

    fn start(&self) -> usize {
        self.at
    }

    /// The bytes of the words read since a place.
    fn since(&self, start: usize) -> TextRange {
        let first = self.tokens.get(start);
        let last = self.tokens.get(self.at.saturating_sub(1));
        match (first, last) {
            (Some(first), Some(last)) if first.range.start() <= last.range.end() => {
                TextRange::new(first.range.start(), last.range.end())
            }
            _ => self.whole,
        }
    }

    fn make(&mut self, kind: ExprKind, start: usize) -> Expr {
        let range = self.since(start);
        self.builder.expr(kind, range)
    }

    fn opaque(&mut self, parts: &[Expr], start: usize) -> Expr {
        let run = self.builder.list(parts);
        self.make(ExprKind::Opaque(run), start)
    }

    fn own_call(&mut self, what: &str, arguments: &[Argument], start: usize) -> Expr {
        let range = self.since(start);
        self.builder.call(what, arguments, range)
    }

    /// An expression, with `a if b else c`.
    pub(super) fn expression(&mut self) -> Expr {
        let start = self.start();
        if self.depth >= DEEPEST {
            self.at = self.tokens.len();
            return self.make(ExprKind::None, start);
        }
        self.depth += 1;
        let mut value = self.or();
        while self.take("if") {
            let test = self.or();
            let orelse = match self.take("else") {
                true => self.expression(),
                false => self.make(ExprKind::None, start),
            };
            let run = self.builder.list(&[test, value, orelse]);
            value = self.make(ExprKind::Conditional(run), start);
        }
        self.depth -= 1;
        value
    }

    /// One expression, or several with commas between: a tuple. In a loop's head, `if` begins its condition.
    pub(super) fn tuple(&mut self, with_conditions: bool) -> Expr {
        let start = self.start();
        let mut items = Vec::new();
        let mut is_tuple = false;
        loop {
            items.push(if with_conditions { self.expression() } else { self.or() });
            if !self.take(",") {
                break;
            }
            is_tuple = true;
            if self.peek().is_none() || self.is(")") || self.is("]") || self.is("=") {
                break;
            }
        }
        match items.as_slice() {
            [one] if !is_tuple => *one,
            _ => {
                let run = self.builder.list(&items);
                self.make(ExprKind::Tuple(run), start)
            }
        }
    }

    fn joined(&mut self, word: &str, part: fn(&mut Self) -> Expr, kind: fn(Run) -> ExprKind) -> Expr {
        let start = self.start();
        let mut operands = vec![part(self)];
        while self.take(word) {
            operands.push(part(self));
        }
        match operands.as_slice() {
            [one] => *one,
            _ => {
                let run = self.builder.list(&operands);
                self.make(kind(run), start)
            }
        }
    }

    pub(super) fn or(&mut self) -> Expr {
        self.joined("or", Self::and, ExprKind::Or)
    }

    fn and(&mut self) -> Expr {
        self.joined("and", Self::not, ExprKind::And)
    }

    fn not(&mut self) -> Expr {
        let start = self.start();
        if self.is("not") && !self.is_at(self.at + 1, "in") && self.depth < DEEPEST {
            self.at += 1;
            self.depth += 1;
            let value = self.not();
            self.depth -= 1;
            return self.make(ExprKind::Not(value), start);
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Expr {
        let start = self.start();
        let mut value = self.sum();
        loop {
            let is_contained = match self.peek() {
                Some(token) if token.kind == Kind::Operator => {
                    if !matches!(token.text, "==" | "!=" | "<" | ">" | "<=" | ">=") {
                        return value;
                    }
                    self.at += 1;
                    false
                }
                _ if self.take("in") => true,
                _ if self.is("not") && self.is_at(self.at + 1, "in") => {
                    self.at += 2;
                    true
                }
                _ => return value,
            };
            let mut right = self.sum();
            if is_contained {
                // What is searched is evaluated.
                right = self.make(ExprKind::Not(right), start);
            }
            value = self.opaque(&[value, right], start);
        }
    }

    fn sum(&mut self) -> Expr {
        let start = self.start();
        let mut value = self.concatenation();
        loop {
            if self.take("+") {
                let right = self.concatenation();
                let run = self.builder.list(&[value, right]);
                value = self.make(ExprKind::Binary(BinaryOp::Add, run), start);
            } else if self.take("-") {
                let right = self.concatenation();
                value = self.opaque(&[value, right], start);
            } else {
                return value;
            }
        }
    }

    /// `a ~ b`: texts, one behind the other.
    fn concatenation(&mut self) -> Expr {
        let start = self.start();
        let first = self.product();
        if !self.is("~") {
            return first;
        }
        let mut parts = vec![self.make(ExprKind::Format(first, true), start)];
        while self.take("~") {
            let value = self.product();
            parts.push(self.make(ExprKind::Format(value, true), start));
        }
        let run = self.builder.list(&parts);
        self.make(ExprKind::FString(run), start)
    }

    fn product(&mut self) -> Expr {
        let start = self.start();
        let mut value = self.unary();
        while self.take("*") || self.take("/") || self.take("//") || self.take("**") || self.take("%") {
            let right = self.unary();
            value = self.opaque(&[value, right], start);
        }
        value
    }

    fn unary(&mut self) -> Expr {
        let start = self.start();
        if (self.take("-") || self.take("+")) && self.depth < DEEPEST {
            self.depth += 1;
            let value = self.unary();
            self.depth -= 1;
            return self.opaque(&[value], start);
        }
        let mut value = self.primary();
        loop {
            if self.take(".") {
                value = self.attribute(value, start);
            } else if self.take("[") {
                value = self.subscript(value, start);
            } else if self.take("(") {
                let arguments = self.arguments();
                let run = self.builder.arguments(&arguments);
                value = self.make(ExprKind::Call(value, run), start);
            } else if self.take("|") {
                value = self.filter(value, start);
            } else if self.take("is") {
                value = self.test(value, start);
            } else {
                return value;
            }
        }
    }

    fn attribute(&mut self, value: Expr, start: usize) -> Expr {
        let Some(name) = self.next() else { return value };
        let range = name.range;
        if name.kind == Kind::Number {
            let index = name.text.parse().map_or(ExprKind::Number, ExprKind::Int);
            let index = self.builder.expr(index, range);
            return self.own_call("%item", &[positional(value), positional(index)], start);
        }
        let name = self.builder.text(name.text, range);
        self.own_call("%attr", &[positional(value), positional(name)], start)
    }

    fn subscript(&mut self, value: Expr, start: usize) -> Expr {
        let mut bounds = Vec::new();
        let mut is_slice = false;
        while self.peek().is_some() && !self.is("]") {
            if self.take(":") {
                is_slice = true;
            } else {
                bounds.push(self.expression());
                // Whatever cannot be read must not be read for ever.
                if !self.is(":") && !self.is("]") {
                    break;
                }
            }
        }
        self.take("]");
        if is_slice {
            let run = self.builder.list(&bounds);
            let slice = self.make(ExprKind::Slice(run), start);
            return self.make(ExprKind::Subscript(value, slice), start);
        }
        let Some(&key) = bounds.first() else { return value };
        self.own_call("%item", &[positional(value), positional(key)], start)
    }

    /// The arguments of a call, up to its closing bracket.
    fn arguments(&mut self) -> Vec<Argument> {
        let mut arguments = Vec::new();
        while self.peek().is_some() && !self.take(")") {
            if self.take("*") {
                arguments.push(Argument { kind: ArgumentKind::Star, value: self.expression() });
            } else if self.take("**") {
                arguments.push(Argument { kind: ArgumentKind::DoubleStar, value: self.expression() });
            } else if let Some(name) = self.peek().filter(|token| token.kind == Kind::Name)
                && self.is_at(self.at + 1, "=")
            {
                self.at += 2;
                let value = self.expression();
                arguments.push(keyword(name.text, value));
            } else {
                let value = self.expression();
                arguments.push(positional(value));
            }
            if !self.take(",") {
                self.take(")");
                break;
            }
        }
        arguments
    }

    /// `value|name(arguments)`, behind the bar.
    pub(super) fn filter(&mut self, value: Expr, start: usize) -> Expr {
        let Some(first) = self.name() else { return value };
        let mut name = first.text.to_owned();
        while self.take(".") {
            if let Some(more) = self.name() {
                name = format!("{name}.{}", more.text);
            }
        }
        let name = self.builder.text(&name, first.range);
        let mut arguments = vec![positional(name), positional(value)];
        if self.take("(") {
            arguments.extend(self.arguments());
        }
        self.own_call("%pipe", &arguments, start)
    }

    /// `value is name`, behind `is`.
    fn test(&mut self, value: Expr, start: usize) -> Expr {
        self.take("not");
        self.name();
        let mut parts = vec![value];
        if self.take("(") {
            parts.extend(self.arguments().iter().map(|argument| argument.value));
        } else if self.peek().is_some_and(|token| match token.kind {
            Kind::Name => !matches!(token.text, "else" | "or" | "and" | "is" | "if" | "in" | "not"),
            Kind::Str | Kind::Number => true,
            Kind::Operator => matches!(token.text, "[" | "{"),
        }) {
            parts.push(self.primary());
        }
        self.opaque(&parts, start)
    }

    fn primary(&mut self) -> Expr {
        let start = self.start();
        let Some(token) = self.next() else { return self.make(ExprKind::None, start) };
        match token.kind {
            Kind::Name => {
                let kind = match token.text {
                    "true" | "True" => ExprKind::Bool(true),
                    "false" | "False" => ExprKind::Bool(false),
                    "none" | "None" => ExprKind::None,
                    name => ExprKind::Context(Symbol::new(name)),
                };
                self.make(kind, start)
            }
            Kind::Str => {
                // Texts that follow each other are one.
                let mut text = token.text.to_owned();
                while let Some(more) = self.peek().filter(|token| token.kind == Kind::Str) {
                    text.push_str(more.text);
                    self.at += 1;
                }
                let text = Symbol::new(&text);
                self.make(ExprKind::Str(text), start)
            }
            Kind::Number => {
                let kind = token.text.parse().map_or(ExprKind::Number, ExprKind::Int);
                self.make(kind, start)
            }
            Kind::Operator => match token.text {
                "(" => {
                    if self.take(")") {
                        let run = self.builder.list(&[]);
                        return self.make(ExprKind::Tuple(run), start);
                    }
                    let value = self.tuple(true);
                    self.take(")");
                    value
                }
                "[" => {
                    let items = self.items("]");
                    let run = self.builder.list(&items);
                    self.make(ExprKind::List(run), start)
                }
                "{" => {
                    let items = self.items("}");
                    let run = self.builder.list(&items);
                    self.make(ExprKind::Dict(run), start)
                }
                _ => self.make(ExprKind::None, start),
            },
        }
    }

    /// What stands in a list or, keys and values alternating, in a mapping.
    fn items(&mut self, end: &str) -> Vec<Expr> {
        let mut items = Vec::new();
        while self.peek().is_some() && !self.take(end) {
            items.push(self.expression());
            if !self.take(",") && !self.take(":") {
                self.take(end);
                break;
            }
        }
        items
    }
}
