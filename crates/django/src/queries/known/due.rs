//! Rows that are due on a day, which are few: `if (book.due - today).days not in (2, 7): continue`.

use tuneup_python::flow::{CompareOp, Expr, ExprKind, FileFacts};

use crate::queries::machine::Frame;

/// Whether a test that came out as `holds` found a row to be due in one of few numbers of days.
pub(super) fn is_due(frame: &Frame<'_>, test: Expr, holds: bool) -> bool {
    let facts = frame.facts;
    let ExprKind::Compare(run, ops) = facts.kind(test) else { return false };
    let (&[left, right], Some(&op)) = (facts.list(run), facts.compare_ops.get(ops as usize)) else {
        return false;
    };
    let is_number = |&part: &Expr| matches!(facts.kind(part), ExprKind::Int(_));
    let is_equal = match (op, facts.kind(right)) {
        (CompareOp::Eq, ExprKind::Int(_)) => holds,
        (CompareOp::NotEq, ExprKind::Int(_)) => !holds,
        (
            CompareOp::In | CompareOp::NotIn,
            ExprKind::Tuple(numbers) | ExprKind::List(numbers) | ExprKind::Set(numbers),
        ) if facts.list(numbers).iter().all(is_number) => (op == CompareOp::In) == holds,
        _ => false,
    };
    is_equal && days(frame, left).is_some_and(|between| is_difference(facts, between))
}

/// The time whose days an expression counts: `(book.due - today).days`, or a variable that this was put into.
fn days(frame: &Frame<'_>, expr: Expr) -> Option<Expr> {
    let facts = frame.facts;
    match facts.kind(expr) {
        ExprKind::Attribute(between, name) if name == "days" => Some(between),
        ExprKind::Local(slot) => frame.days_of(slot),
        _ => None,
    }
}

/// Whether an expression is the difference between a field of something and something else.
fn is_difference(facts: &FileFacts, expr: Expr) -> bool {
    let ExprKind::Binary(_, run) = facts.kind(expr) else { return false };
    facts.list(run).iter().any(|&part| matches!(facts.kind(part), ExprKind::Attribute(..)))
}
