//! `match`: a chain of branches, each of which begins by binding what its pattern captures.

use ruff_python_ast::{self as ast, Pattern};
use ruff_text_size::{Ranged, TextRange};

use super::{DEEPEST, Lowering};
use crate::flow::ir::{Block, Expr, ExprKind, Stmt, StmtKind};
use crate::symbol::Symbol;

impl<'s> Lowering<'s> {
    /// The steps of a `match`.
    pub(super) fn match_steps(&mut self, statement: &'s ast::StmtMatch, steps: &mut Vec<Stmt>) {
        let subject = self.expr(&statement.subject);
        let range = statement.subject.range();
        let slot = self.scope().slot("<subject>");
        let place = self.push(ExprKind::Local(slot), range);
        steps.push(Self::step(StmtKind::Assign(place, subject), range));
        let mut branches = Vec::with_capacity(statement.cases.len());
        for case in &statement.cases {
            let mut tested = Vec::new();
            let mut bound = Vec::new();
            let subject = self.push(ExprKind::Local(slot), range);
            self.pattern(&case.pattern, subject, &mut tested, &mut bound);
            if let Some(guard) = &case.guard {
                // The guard sees what the pattern binds: it is read where those are bound.
                let guard = self.expr(guard);
                let guard = self.push(ExprKind::Not(guard), case.range());
                bound.push(Self::step(StmtKind::Expr(guard), case.range()));
            }
            let run = self.list(&tested);
            let test = self.push(ExprKind::Opaque(run), case.pattern.range());
            let body = self.conditional_block(&case.body);
            bound.push(Self::step(StmtKind::With { body }, case.range()));
            let then = self.steps(bound);
            branches.push((test, then, case.range()));
        }
        let mut orelse = Block::default();
        for (test, then, range) in branches.into_iter().rev() {
            orelse = self.steps(vec![Self::step(StmtKind::If { test, then, orelse }, range)]);
        }
        if let Some(&first) = self.facts.block(orelse).first() {
            steps.push(first);
        }
    }

    fn capture(&mut self, name: &'s ast::Identifier, value: Expr, bound: &mut Vec<Stmt>) {
        let target = self.name(name.as_str(), name.range());
        bound.push(Self::step(StmtKind::Assign(target, value), name.range()));
    }

    fn pattern(
        &mut self,
        pattern: &'s Pattern,
        subject: Expr,
        tested: &mut Vec<Expr>,
        bound: &mut Vec<Stmt>,
    ) {
        let range = pattern.range();
        if self.depth >= DEEPEST {
            return;
        }
        self.depth += 1;
        match pattern {
            Pattern::MatchValue(pattern) => {
                let value = self.expr(&pattern.value);
                tested.push(value);
            }
            Pattern::MatchSingleton(_) => {}
            Pattern::MatchSequence(pattern) => {
                for (n, inner) in pattern.patterns.iter().enumerate() {
                    let part = match inner {
                        Pattern::MatchStar(_) => self.rest(subject, range),
                        _ => {
                            let index = self.push(ExprKind::Int(n as i32), range);
                            self.push(ExprKind::Subscript(subject, index), range)
                        }
                    };
                    self.pattern(inner, part, tested, bound);
                }
            }
            Pattern::MatchMapping(pattern) => {
                for (key, inner) in pattern.keys.iter().zip(&pattern.patterns) {
                    let key = self.expr(key);
                    let part = self.push(ExprKind::Subscript(subject, key), range);
                    self.pattern(inner, part, tested, bound);
                }
                if let Some(name) = &pattern.rest {
                    let rest = self.rest(subject, range);
                    self.capture(name, rest, bound);
                }
            }
            Pattern::MatchClass(pattern) => {
                let class = self.expr(&pattern.cls);
                tested.push(class);
                for inner in &pattern.arguments.patterns {
                    let part = self.rest(subject, range);
                    self.pattern(inner, part, tested, bound);
                }
                for keyword in &pattern.arguments.keywords {
                    let name = Symbol::new(keyword.attr.as_str());
                    let part = self.push(ExprKind::Attribute(subject, name), range);
                    tested.push(part);
                    self.pattern(&keyword.pattern, part, tested, bound);
                }
            }
            Pattern::MatchStar(pattern) => {
                if let Some(name) = &pattern.name {
                    self.capture(name, subject, bound);
                }
            }
            Pattern::MatchAs(pattern) => {
                if let Some(inner) = &pattern.pattern {
                    self.pattern(inner, subject, tested, bound);
                }
                if let Some(name) = &pattern.name {
                    self.capture(name, subject, bound);
                }
            }
            Pattern::MatchOr(pattern) => {
                for inner in &pattern.patterns {
                    self.pattern(inner, subject, tested, bound);
                }
            }
        }
        self.depth -= 1;
    }

    /// A part of the subject of which only that is known.
    fn rest(&mut self, subject: Expr, range: TextRange) -> Expr {
        let run = self.list(&[subject]);
        self.push(ExprKind::Opaque(run), range)
    }
}
