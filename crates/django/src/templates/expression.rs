//! Variables and filters: `book.author.name|default:"-"|upper`, as `django.template.base.FilterExpression`.

use ruff_text_size::TextRange;
use tuneup_python::Symbol;
use tuneup_python::flow::{Expr, ExprKind};

use super::builder::{Builder, part, positional};

/// The value of a filter expression that stands at `range`.
pub(super) fn lower(builder: &mut Builder, text: &str, range: TextRange) -> Expr {
    let parts = split(text, b'|');
    let Some(&(offset, first)) = parts.first() else { return builder.expr(ExprKind::None, range) };
    let mut value = variable(builder, first, part(range, offset, first.len()));
    for &(offset, filter) in &parts[1..] {
        let pieces = split(filter, b':');
        let name = pieces.first().map_or("", |piece| piece.1.trim());
        let at = part(range, offset, filter.len());
        let name = builder.text(name, at);
        let mut arguments = vec![positional(name), positional(value)];
        if let Some(&(inner, argument)) = pieces.get(1) {
            let argument = variable(builder, argument, part(range, offset + inner, argument.len()));
            arguments.push(positional(argument));
        }
        let whole = TextRange::new(range.start(), at.end());
        value = builder.call("%filter", &arguments, whole);
    }
    value
}

/// Splits at a byte outside quotes; each part with its offset.
fn split(text: &str, at: u8) -> Vec<(usize, &str)> {
    let bytes = text.as_bytes();
    let mut parts = Vec::new();
    let mut start = 0;
    let mut quote = None;
    let mut index = 0;
    while index < bytes.len() {
        match (quote, bytes[index]) {
            (None, b'"' | b'\'') => quote = Some(bytes[index]),
            (Some(_), b'\\') => index += 1,
            (Some(open), byte) if byte == open => quote = None,
            (None, byte) if byte == at => {
                parts.push((start, &text[start..index]));
                start = index + 1;
            }
            _ => {}
        }
        index += 1;
    }
    parts.push((start, &text[start..]));
    parts
}

/// A literal, or a dotted name: the first name is the context's, each further one is looked up.
fn variable(builder: &mut Builder, text: &str, range: TextRange) -> Expr {
    let leading = text.len() - text.trim_start().len();
    let text = text.trim();
    let range = part(range, leading, text.len());
    let unmarked = text.strip_prefix("_(").and_then(|rest| rest.strip_suffix(')')).unwrap_or(text);
    if let Some(literal) = quoted(unmarked) {
        return builder.text(literal, range);
    }
    if let Ok(number) = text.parse::<i32>() {
        return builder.expr(ExprKind::Int(number), range);
    }
    if text.parse::<f64>().is_ok() {
        return builder.expr(ExprKind::Number, range);
    }
    match text {
        "" => return builder.expr(ExprKind::None, range),
        "None" => return builder.expr(ExprKind::None, range),
        "True" => return builder.expr(ExprKind::Bool(true), range),
        "False" => return builder.expr(ExprKind::Bool(false), range),
        _ => {}
    }
    let mut offset = 0;
    let mut value: Option<Expr> = None;
    for name in text.split('.') {
        let to = part(range, 0, offset + name.len());
        value = Some(match value {
            None => {
                let name = Symbol::new(name);
                builder.expr(ExprKind::Context(name), to)
            }
            Some(base) => {
                let name = Symbol::new(name);
                builder.expr(ExprKind::Lookup(base, name), to)
            }
        });
        offset += name.len() + 1;
    }
    match value {
        Some(value) => value,
        None => builder.expr(ExprKind::None, range),
    }
}

/// What stands between quotes.
pub(super) fn quoted(text: &str) -> Option<&str> {
    let quote = text.chars().next().filter(|quote| matches!(quote, '"' | '\''))?;
    text[1..].strip_suffix(quote)
}
