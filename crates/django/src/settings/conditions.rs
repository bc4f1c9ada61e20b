//! Which branch production takes.

use tuneup_python::flow::{CompareOp, Expr, ExprKind};

use super::evaluate::{Evaluator, Frame};
use super::value::Value;

/// Words in names of flags that are off in production.
const OFF: &[&str] = &["DEBUG", "DEVELOPMENT", "TEST", "TESTS", "TESTING", "PYTEST", "UNITTEST", "CHECKING"];
/// Words that say the same where nothing else does.
const OFF_ALONE: &[&str] = &["DEV", "DEVEL", "LOCAL", "CI"];
/// Words in names of flags that are on in production.
const ON: &[&str] = &["PROD", "PRODUCTION"];
/// Words that say nothing.
const FILLERS: &[&str] =
    &["IS", "IN", "MODE", "ENV", "ENVIRONMENT", "DJANGO", "RUN", "RUNNING", "ON", "SERVER"];

impl<'p> Evaluator<'p> {
    /// Whether a condition holds in production, where that can be told.
    pub(super) fn test(&mut self, frame: &Frame<'p>, expr: Expr) -> Option<bool> {
        let facts = frame.facts;
        match facts.kind(expr) {
            ExprKind::Not(inner) => Some(!self.test(frame, inner)?),
            ExprKind::And(run) | ExprKind::Or(run) => {
                let decides = matches!(facts.kind(expr), ExprKind::Or(_));
                let parts: Vec<Option<bool>> =
                    facts.list(run).iter().map(|&part| self.test(frame, part)).collect();
                if parts.contains(&Some(decides)) {
                    Some(decides)
                } else {
                    parts.iter().all(Option::is_some).then_some(!decides)
                }
            }
            ExprKind::Global(name) => flag(name.as_str()).or_else(|| self.value(frame, expr).truth()),
            ExprKind::Local(slot) => {
                frame.slot_name(slot).and_then(flag).or_else(|| self.value(frame, expr).truth())
            }
            ExprKind::Attribute(_, name) => flag(name.as_str()).or_else(|| self.value(frame, expr).truth()),
            ExprKind::Compare(run, ops) => {
                let operands = facts.list(run);
                let &[left, right] = operands else { return None };
                let op = *facts.compare_ops.get(ops as usize)?;
                self.compare(frame, left, op, right)
            }
            ExprKind::Call(_, arguments) => {
                let first = facts.arguments(arguments).first();
                first
                    .and_then(|argument| facts.as_str(argument.value))
                    .and_then(flag)
                    .or_else(|| self.value(frame, expr).truth())
            }
            _ => self.value(frame, expr).truth(),
        }
    }

    fn compare(&mut self, frame: &Frame<'p>, left: Expr, op: CompareOp, right: Expr) -> Option<bool> {
        let facts = frame.facts;
        if matches!(op, CompareOp::In | CompareOp::NotIn) {
            // `"test" in sys.argv`, `"pytest" in sys.modules`
            let is_test = facts.as_str(left).is_some_and(is_for_tests);
            return is_test.then_some(op == CompareOp::NotIn);
        }
        let negative = matches!(op, CompareOp::NotEq | CompareOp::IsNot);
        if !negative && !matches!(op, CompareOp::Eq | CompareOp::Is) {
            return None;
        }
        for (text, other) in [(left, right), (right, left)] {
            if let ExprKind::Bool(value) = facts.kind(text) {
                return Some((self.test(frame, other)? == value) != negative);
            }
            if let Some(text) = self.text(frame, text) {
                // `sys.argv[1] == "test"`, `ENVIRONMENT == "production"`
                if is_for_tests(&text) || flag(&text) == Some(false) {
                    return Some(negative);
                }
                if flag(&text) == Some(true) {
                    return Some(!negative);
                }
            }
        }
        let (left, right) = (self.value(frame, left), self.value(frame, right));
        match (&left.value, &right.value) {
            (Value::Str(a), Value::Str(b)) => Some((a == b) != negative),
            (Value::Int(a), Value::Int(b)) => Some((a == b) != negative),
            (Value::None, Value::None) => Some(!negative),
            _ => None,
        }
    }

    /// The text of a literal, or of the one element of a list display.
    fn text(&mut self, frame: &Frame<'p>, expr: Expr) -> Option<String> {
        match frame.facts.kind(expr) {
            ExprKind::List(run) => match frame.facts.list(run) {
                [one] => frame.facts.as_str(*one).map(str::to_owned),
                _ => None,
            },
            _ => frame.facts.as_str(expr).map(str::to_owned),
        }
    }
}

/// What a flag of this name is in production.
fn flag(name: &str) -> Option<bool> {
    let upper = name.to_uppercase();
    let words: Vec<&str> = upper.split(|char: char| !char.is_alphanumeric()).collect();
    let has = |known: &[&str]| words.iter().any(|word| known.contains(word));
    let is_alone = words.iter().all(|word| OFF_ALONE.contains(word) || FILLERS.contains(word));
    if has(OFF) || has(OFF_ALONE) && is_alone {
        // `NOT_TESTING`, `DISABLE_DEBUG`
        return Some(has(&["NOT", "NO", "DISABLE", "DISABLED"]));
    }
    has(ON).then_some(true)
}

fn is_for_tests(text: &str) -> bool {
    matches!(text, "test" | "tests" | "testserver" | "pytest" | "py.test" | "unittest" | "runserver")
}
