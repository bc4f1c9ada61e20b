//! `match`: a chain of tests over the subject, and the names that its patterns capture.

use ruff_python_ast::{self as ast, Expr as Ast, Pattern, Singleton};
use ruff_text_size::{Ranged, TextRange};

use super::super::ir::{Argument, ArgumentKind, Block, CompareOp, Expr, ExprKind, Run, StmtKind};
use super::statements::Branch;
use super::{Lowering, append};

/// Classes whose one positional pattern is matched by the subject itself (PEP 634).
const SELF_MATCHING: [&str; 11] =
    ["bool", "bytearray", "bytes", "dict", "float", "frozenset", "int", "list", "set", "str", "tuple"];

/// Where more alternatives than this bind a name to different parts, it is not told which these are.
const MOST_ALTERNATIVES: usize = 8;

/// A name that a pattern captures, and the value that it captures.
struct Capture<'a> {
    name: &'a str,
    range: TextRange,
    value: Expr,
}

impl<'a> Lowering<'a> {
    pub(super) fn match_statement(&mut self, stmt: &'a ast::StmtMatch) {
        let value = self.expr(&stmt.subject);
        let slot = self.temporary("<subject>");
        let subject = self.node(ExprKind::Local(slot), stmt.subject.range());
        self.step(StmtKind::Assign(subject, value), stmt.subject.range());

        let mut branches = Vec::with_capacity(stmt.cases.len());
        let mut orelse = Block::default();
        for (position, case) in stmt.cases.iter().enumerate() {
            let (test, then) = self.nth_branch(position, |this| this.case(case, subject));
            match test {
                // What always matches is what is done if nothing before it does.
                None if position > 0 && position + 1 == stmt.cases.len() => orelse = then,
                None => {
                    let test = self.node(ExprKind::Bool(true), case.pattern.range());
                    branches.push(Branch { test, then, start: case.range.start() });
                }
                Some(test) => branches.push(Branch { test, then, start: case.range.start() }),
            }
        }
        self.branches(branches, orelse, stmt.range.end());
    }

    /// The test of a case, or nothing where it always matches, and what is done if it does.
    fn case(&mut self, case: &'a ast::MatchCase, subject: Expr) -> (Option<Expr>, Block) {
        let mut captures = Vec::new();
        let mut test = self.pattern(&case.pattern, subject, &mut captures);
        if let Some(guard) = &case.guard {
            test = Some(self.guarded(test, &captures, guard));
        }
        let then = self.conditionally(false, |this| {
            this.block_after(&case.body, |this| {
                for Capture { name, range, value } in captures {
                    let target = this.named_target(name, range, Some(value));
                    this.step(StmtKind::Assign(target, value), range);
                }
            })
        });
        (test, then)
    }

    /// The test of a case with a guard. The guard reads what the pattern captures, so the test binds that, in a tuple,
    /// which is always true.
    fn guarded(&mut self, test: Option<Expr>, captures: &[Capture<'a>], guard: &'a Ast) -> Expr {
        let mark = self.exprs.len();
        for capture in captures {
            let target = self.mentioned_name(capture.name, capture.range);
            let bound = self.node(ExprKind::Walrus(target, capture.value), capture.range);
            self.exprs.push(bound);
        }
        let bound = self.take_exprs(mark);
        self.exprs.extend(test);
        if !bound.is_empty() {
            let bound = self.node(ExprKind::Tuple(bound), guard.range());
            self.exprs.push(bound);
        }
        let value = self.expr(guard);
        self.exprs.push(value);
        self.all_of(mark, guard.range())
    }

    /// The test whether `subject` matches `pattern`, or nothing where it always does; names that it captures are
    /// added to `captures`.
    fn pattern(
        &mut self,
        pattern: &'a Pattern,
        subject: Expr,
        captures: &mut Vec<Capture<'a>>,
    ) -> Option<Expr> {
        self.deeper(|this| this.pattern_test(pattern, subject, captures))
            .unwrap_or_else(|| Some(self.opaque(pattern.range())))
    }

    fn pattern_test(
        &mut self,
        pattern: &'a Pattern,
        subject: Expr,
        captures: &mut Vec<Capture<'a>>,
    ) -> Option<Expr> {
        let range = pattern.range();
        match pattern {
            Pattern::MatchValue(value) => {
                let value = self.expr(&value.value);
                Some(self.comparison(subject, CompareOp::Eq, value, range))
            }
            Pattern::MatchSingleton(singleton) => {
                let kind = match singleton.value {
                    Singleton::None => ExprKind::None,
                    Singleton::True => ExprKind::Bool(true),
                    Singleton::False => ExprKind::Bool(false),
                };
                let value = self.node(kind, range);
                Some(self.comparison(subject, CompareOp::Is, value, range))
            }
            Pattern::MatchSequence(sequence) => Some(self.sequence_pattern(sequence, subject, captures)),
            Pattern::MatchMapping(mapping) => Some(self.mapping_pattern(mapping, subject, captures)),
            Pattern::MatchClass(class) => Some(self.class_pattern(class, subject, captures)),
            Pattern::MatchStar(star) => {
                let value = self.part_of(subject, range);
                capture(captures, star.name.as_ref(), value);
                None
            }
            Pattern::MatchAs(pattern) => {
                let test = match &pattern.pattern {
                    Some(inner) => self.pattern(inner, subject, captures),
                    None => None,
                };
                capture(captures, pattern.name.as_ref(), subject);
                test
            }
            Pattern::MatchOr(or) => self.or_pattern(or, subject, captures),
        }
    }

    fn sequence_pattern(
        &mut self,
        sequence: &'a ast::PatternMatchSequence,
        subject: Expr,
        captures: &mut Vec<Capture<'a>>,
    ) -> Expr {
        let mark = self.exprs.len();
        let kind = self.part_of(subject, sequence.range);
        self.exprs.push(kind);
        let length = sequence.patterns.len();
        let star = sequence.patterns.iter().position(|pattern| pattern.is_match_star());
        for (position, pattern) in sequence.patterns.iter().enumerate() {
            let range = pattern.range();
            let part = match star {
                Some(star) if star == position => subject,
                star => {
                    // Behind a star, positions count from the end.
                    let index = match star {
                        Some(star) if star < position => -((length - position) as i32),
                        _ => position as i32,
                    };
                    let index = self.node(ExprKind::Int(index), range);
                    self.node(ExprKind::Subscript(subject, index), range)
                }
            };
            let test = self.pattern(pattern, part, captures);
            self.exprs.extend(test);
        }
        self.all_of(mark, sequence.range)
    }

    fn mapping_pattern(
        &mut self,
        mapping: &'a ast::PatternMatchMapping,
        subject: Expr,
        captures: &mut Vec<Capture<'a>>,
    ) -> Expr {
        let mark = self.exprs.len();
        let kind = self.part_of(subject, mapping.range);
        self.exprs.push(kind);
        for (key, pattern) in mapping.keys.iter().zip(&mapping.patterns) {
            let range = TextRange::new(key.start(), pattern.end());
            let key = self.expr(key);
            let part = self.node(ExprKind::Subscript(subject, key), range);
            let test = self.pattern(pattern, part, captures);
            let test = test.unwrap_or_else(|| self.read(part));
            self.exprs.push(test);
        }
        if let Some(rest) = &mapping.rest {
            let value = self.part_of(subject, rest.range);
            capture(captures, Some(rest), value);
        }
        self.all_of(mark, mapping.range)
    }

    fn class_pattern(
        &mut self,
        class: &'a ast::PatternMatchClass,
        subject: Expr,
        captures: &mut Vec<Capture<'a>>,
    ) -> Expr {
        let mark = self.exprs.len();
        let range = class.cls.range();
        let kind = self.expr(&class.cls);
        let isinstance = self.symbol("isinstance");
        let isinstance = self.node(ExprKind::Global(isinstance), range);
        let arguments = [subject, kind].map(|value| Argument { kind: ArgumentKind::Positional, value });
        let arguments = append(&mut self.facts.arguments, &arguments);
        let test = self.node(ExprKind::Call(isinstance, arguments), range);
        self.exprs.push(test);

        let is_subject = class.arguments.patterns.len() == 1
            && matches!(&*class.cls, Ast::Name(name) if SELF_MATCHING.contains(&name.id.as_str()));
        for pattern in &class.arguments.patterns {
            // Which attribute it is, `__match_args__` says.
            let part = if is_subject { subject } else { self.part_of(subject, pattern.range()) };
            let test = self.pattern(pattern, part, captures);
            self.exprs.extend(test);
        }
        for keyword in &class.arguments.keywords {
            let name = self.symbol(keyword.attr.as_str());
            let part = self.node(ExprKind::Attribute(subject, name), keyword.attr.range);
            let test = self.pattern(&keyword.pattern, part, captures);
            let test = test.unwrap_or_else(|| self.read(part));
            self.exprs.push(test);
        }
        self.all_of(mark, class.range)
    }

    fn or_pattern(
        &mut self,
        or: &'a ast::PatternMatchOr,
        subject: Expr,
        captures: &mut Vec<Capture<'a>>,
    ) -> Option<Expr> {
        let mark = self.exprs.len();
        let first = captures.len();
        let mut always = false;
        for pattern in &or.patterns {
            let test = self.pattern(pattern, subject, captures);
            always |= test.is_none();
            self.exprs.extend(test);
        }
        let tests = self.take_exprs(mark);
        self.join_captures(captures, first);
        if always || tests.is_empty() {
            return None;
        }
        Some(self.node(ExprKind::Or(tests), or.range))
    }

    /// Alternatives capture the same names; each is then one of its values.
    fn join_captures(&mut self, captures: &mut Vec<Capture<'a>>, first: usize) {
        let alternatives = captures.split_off(first);
        for (position, capture) in alternatives.iter().enumerate() {
            let same = |other: &&Capture<'a>| other.name == capture.name;
            if alternatives[..position].iter().any(|other| same(&other)) {
                continue;
            }
            let mut values: Vec<Expr> = Vec::new();
            for other in alternatives[position..].iter().filter(same) {
                if !values.contains(&other.value) {
                    values.push(other.value);
                }
            }
            let value = self.one_of(&values, capture.range);
            captures.push(Capture { value, ..*capture });
        }
    }

    /// One of `values`; which, is not known.
    fn one_of(&mut self, values: &[Expr], range: TextRange) -> Expr {
        match values {
            [only] => *only,
            [first, rest @ ..] if rest.len() <= MOST_ALTERNATIVES => {
                let rest = self.one_of(rest, range);
                let test = self.opaque(range);
                let parts = self.list_of(&[test, *first, rest]);
                self.node(ExprKind::Conditional(parts), range)
            }
            _ => {
                let values = self.list_of(values);
                self.node(ExprKind::Opaque(values), range)
            }
        }
    }

    fn comparison(&mut self, left: Expr, op: CompareOp, right: Expr, range: TextRange) -> Expr {
        let operands = self.list_of(&[left, right]);
        let operators = self.facts.compare_ops.len() as u32;
        self.facts.compare_ops.push(op);
        self.node(ExprKind::Compare(operands, operators), range)
    }

    /// A part of `subject` that the form cannot name, or a test of its kind.
    fn part_of(&mut self, subject: Expr, range: TextRange) -> Expr {
        let parts = self.list_of(&[subject]);
        self.node(ExprKind::Opaque(parts), range)
    }

    /// A test that reads `part` and always holds.
    fn read(&mut self, part: Expr) -> Expr {
        let range = self.facts.range(part);
        let part = self.list_of(&[part]);
        self.node(ExprKind::Tuple(part), range)
    }

    /// The conjunction of the tests above `mark`, of which there is at least one.
    fn all_of(&mut self, mark: usize, range: TextRange) -> Expr {
        if let [only] = self.exprs[mark..] {
            self.exprs.truncate(mark);
            return only;
        }
        let tests: Run = self.take_exprs(mark);
        self.node(ExprKind::And(tests), range)
    }
}

fn capture<'a>(captures: &mut Vec<Capture<'a>>, name: Option<&'a ast::Identifier>, value: Expr) {
    if let Some(name) = name {
        captures.push(Capture { name: name.as_str(), range: name.range, value });
    }
}
