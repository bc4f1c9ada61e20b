//! Values of module-level expressions, as far as they can be told without running them.

use tuneup_python::flow::{Argument, ArgumentKind, BinaryOp, Expr, ExprKind, Run};
use tuneup_python::{Entity, FileId, Project};

/// How many names and operators are followed from one expression.
const DEEPEST: u32 = 24;

/// The expression that an expression's names lead to: a literal, a call, a display.
pub(crate) fn resolved(project: &Project, file: FileId, expr: Expr) -> (FileId, Expr) {
    let (mut file, mut expr) = (file, expr);
    for _ in 0..DEEPEST {
        match project.facts(file).kind(expr) {
            ExprKind::Global(_) | ExprKind::Local(_) | ExprKind::Attribute(..) | ExprKind::Walrus(..) => {}
            _ => return (file, expr),
        }
        match project.entity_of(file, expr) {
            Entity::Value(other, value) if (other, value) != (file, expr) => (file, expr) = (other, value),
            _ => return (file, expr),
        }
    }
    (file, expr)
}

/// The text that an expression certainly is.
pub(crate) fn text(project: &Project, file: FileId, expr: Expr) -> Option<&'static str> {
    let (file, expr) = resolved(project, file, expr);
    let facts = project.facts(file);
    match facts.kind(expr) {
        ExprKind::Str(text) => Some(text.as_str()),
        // `gettext_lazy("…")` around a name is no name; `str("…")` is.
        ExprKind::Call(callee, arguments) => match project.entity_of(file, callee) {
            Entity::Builtin(name) if name == "str" => match facts.arguments(arguments) {
                [Argument { kind: ArgumentKind::Positional, value }] => facts.as_str(*value),
                _ => None,
            },
            _ => None,
        },
        _ => None,
    }
}

/// Whether an expression is certainly true or certainly false, as the literals `True`, `False` and `None` are.
pub(crate) fn truth(project: &Project, file: FileId, expr: Expr) -> Option<bool> {
    let (file, expr) = resolved(project, file, expr);
    match project.facts(file).kind(expr) {
        ExprKind::Bool(value) => Some(value),
        ExprKind::None => Some(false),
        ExprKind::Str(text) => Some(!text.as_str().is_empty()),
        _ => None,
    }
}

/// The texts in a list, a tuple, a set, sums of them, and calls that copy them.
pub(crate) fn texts(project: &Project, file: FileId, expr: Expr) -> Vec<&'static str> {
    let mut found = Vec::new();
    add_texts(project, file, expr, DEEPEST, &mut found);
    found
}

fn add_texts(project: &Project, file: FileId, expr: Expr, left: u32, found: &mut Vec<&'static str>) {
    let Some(left) = left.checked_sub(1) else { return };
    let (file, expr) = resolved(project, file, expr);
    let facts = project.facts(file);
    let mut each = |run: Run| {
        for &item in facts.list(run) {
            add_texts(project, file, item, left, found);
        }
    };
    match facts.kind(expr) {
        ExprKind::Str(text) => found.push(text.as_str()),
        ExprKind::List(run)
        | ExprKind::Tuple(run)
        | ExprKind::Set(run)
        | ExprKind::Binary(BinaryOp::Add, run)
        | ExprKind::And(run)
        | ExprKind::Or(run)
        | ExprKind::Conditional(run) => each(run),
        ExprKind::Starred(inner) => add_texts(project, file, inner, left, found),
        ExprKind::Call(_, arguments) => {
            for argument in facts.arguments(arguments) {
                if matches!(argument.kind, ArgumentKind::Positional | ArgumentKind::Star) {
                    add_texts(project, file, argument.value, left, found);
                }
            }
        }
        _ => {}
    }
}

/// An argument of a call, by position or name.
pub(crate) fn argument(arguments: &[Argument], position: Option<usize>, name: &str) -> Option<Expr> {
    let is_it = |kind: ArgumentKind| matches!(kind, ArgumentKind::Keyword(keyword) if keyword == *name);
    let by_name = arguments.iter().find(|argument| is_it(argument.kind));
    let by_position = || {
        let position = position?;
        let before = arguments.get(..=position)?;
        before.iter().all(|argument| argument.kind == ArgumentKind::Positional).then(|| before[position])
    };
    by_name.copied().or_else(by_position).map(|argument| argument.value)
}
