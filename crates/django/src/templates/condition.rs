//! What `{% if %}` tests, as `django.template.smartif`: `or`, `and`, `not`, and comparisons, in this order of strength.

use ruff_text_size::TextRange;
use tuneup_python::flow::{CompareOp, Expr, ExprKind};

use super::builder::{Builder, part};
use super::expression;

/// How many times `not` and comparisons follow upon one another.
const MOST_IN_A_ROW: usize = 16;

/// The value of the words of a condition that stands at `range`; where they make no sense, one of which nothing is known
/// but that all their values are read.
pub(super) fn lower(builder: &mut Builder, words: &[(usize, &str)], range: TextRange) -> Expr {
    let mut reader = Reader { builder, words, at: 0, range, values: Vec::new() };
    match reader.either() {
        Some(condition) if reader.at == words.len() => condition,
        _ => {
            while reader.at < words.len() {
                reader.value();
            }
            let values = std::mem::take(&mut reader.values);
            let run = reader.builder.list(&values);
            reader.builder.expr(ExprKind::Opaque(run), range)
        }
    }
}

struct Reader<'b, 'w> {
    builder: &'b mut Builder,
    words: &'w [(usize, &'w str)],
    at: usize,
    range: TextRange,
    /// All that was read so far.
    values: Vec<Expr>,
}

impl<'w> Reader<'_, 'w> {
    fn word(&self) -> Option<&'w str> {
        self.words.get(self.at).map(|word| word.1)
    }

    fn take(&mut self, word: &str) -> bool {
        let is_it = self.word() == Some(word);
        self.at += usize::from(is_it);
        is_it
    }

    fn make(&mut self, kind: ExprKind) -> Expr {
        self.builder.expr(kind, self.range)
    }

    /// `a or b`
    fn either(&mut self) -> Option<Expr> {
        let mut parts = vec![self.both()?];
        while self.take("or") {
            parts.push(self.both()?);
        }
        Some(self.joined(&parts, ExprKind::Or))
    }

    /// `a and b`
    fn both(&mut self) -> Option<Expr> {
        let mut parts = vec![self.negated()?];
        while self.take("and") {
            parts.push(self.negated()?);
        }
        Some(self.joined(&parts, ExprKind::And))
    }

    fn joined(&mut self, parts: &[Expr], kind: impl Fn(tuneup_python::flow::Run) -> ExprKind) -> Expr {
        match *parts {
            [one] => one,
            _ => {
                let run = self.builder.list(parts);
                self.make(kind(run))
            }
        }
    }

    /// `not a`
    fn negated(&mut self) -> Option<Expr> {
        let mut times = 0;
        while self.take("not") {
            times += 1;
        }
        let mut value = self.within()?;
        if times > MOST_IN_A_ROW {
            return None;
        }
        for _ in 0..times {
            value = self.make(ExprKind::Not(value));
        }
        Some(value)
    }

    /// `a in b`, `a not in b`
    fn within(&mut self) -> Option<Expr> {
        let mut value = self.compared()?;
        for _ in 0..MOST_IN_A_ROW {
            let op = if self.take("in") {
                CompareOp::In
            } else if self.word() == Some("not") && self.words.get(self.at + 1).map(|it| it.1) == Some("in") {
                self.at += 2;
                CompareOp::NotIn
            } else {
                return Some(value);
            };
            let right = self.compared()?;
            value = self.comparison(value, op, right);
        }
        None
    }

    /// `a == b` and its kin
    fn compared(&mut self) -> Option<Expr> {
        let mut value = self.value()?;
        for _ in 0..MOST_IN_A_ROW {
            let op = match self.word() {
                Some("==") => CompareOp::Eq,
                Some("!=") => CompareOp::NotEq,
                Some("<" | ">" | "<=" | ">=") => CompareOp::Order,
                Some("is") => CompareOp::Is,
                _ => return Some(value),
            };
            self.at += 1;
            let op = if op == CompareOp::Is && self.take("not") { CompareOp::IsNot } else { op };
            let right = self.value()?;
            value = self.comparison(value, op, right);
        }
        None
    }

    fn comparison(&mut self, left: Expr, op: CompareOp, right: Expr) -> Expr {
        let run = self.builder.list(&[left, right]);
        let ops = self.builder.facts.compare_ops.len() as u32;
        self.builder.facts.compare_ops.push(op);
        self.make(ExprKind::Compare(run, ops))
    }

    /// A variable or literal with its filters.
    fn value(&mut self) -> Option<Expr> {
        let &(offset, word) = self.words.get(self.at)?;
        self.at += 1;
        if matches!(word, "or" | "and" | "not" | "in" | "is" | "==" | "!=" | "<" | ">" | "<=" | ">=") {
            return None;
        }
        let value = expression::lower(self.builder, word, part(self.range, offset, word.len()));
        self.values.push(value);
        Some(value)
    }
}
