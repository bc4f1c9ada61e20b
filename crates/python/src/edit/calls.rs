//! What a chain calls already, read from its text.

use ruff_python_ast::{Expr, ExprCall, ExprRef};
use ruff_text_size::{Ranged, TextRange};

use super::chain::chain_above;
use super::{Refusal, Target};

/// A call, as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenCall {
    /// The name that is called; of a method, without what it is called on.
    pub name: String,
    /// The whole call, with what it is called on.
    pub range: TextRange,
    /// Its arguments, in order.
    pub arguments: Vec<Argument>,
}

/// An argument, as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Argument {
    /// The argument's value, without parentheses, star or keyword.
    pub range: TextRange,
    /// What it is passed as.
    pub passed: Passed,
    /// What it is.
    pub value: Value,
}

/// How an argument is passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Passed {
    /// By position.
    Position,
    /// By name.
    Keyword(String),
    /// With one star or two.
    Starred,
}

/// What an argument is, as far as its text tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A string literal.
    Text(String),
    /// `None`
    None,
    /// A call.
    Call(WrittenCall),
    /// Anything else.
    Other,
}

/// The calls of a chain, around one expression of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Chain {
    /// The calls that make the expression's value, the first made first.
    pub below: Vec<WrittenCall>,
    /// The calls that are made on it, the first made first.
    pub above: Vec<WrittenCall>,
}

/// The method calls of the chain that the expression at `range` is a part of.
pub fn chain_at(target: &Target, range: TextRange) -> Result<Chain, Refusal> {
    let found = target.expression(range)?;
    let mut chain = Chain::default();
    let mut next = Some(found.expr);
    while let Some(expr) = next {
        next = match expr {
            ExprRef::Attribute(attribute) => Some((&*attribute.value).into()),
            ExprRef::Call(call) if call.func.is_attribute_expr() => {
                chain.below.push(written(call));
                Some((&*call.func).into())
            }
            _ => None,
        };
    }
    chain.below.reverse();
    for link in chain_above(&found) {
        match link {
            ExprRef::Attribute(_) => {}
            ExprRef::Call(call) if call.func.is_attribute_expr() => chain.above.push(written(call)),
            _ => break,
        }
    }
    Ok(chain)
}

/// The call at `range`.
pub fn call_at(target: &Target, range: TextRange) -> Result<WrittenCall, Refusal> {
    match target.expression(range)?.expr {
        ExprRef::Call(call) => Ok(written(call)),
        _ => Err(Refusal::new("there is no call at this place")),
    }
}

fn written(call: &ExprCall) -> WrittenCall {
    let name = match &*call.func {
        Expr::Attribute(attribute) => attribute.attr.as_str(),
        Expr::Name(name) => name.id.as_str(),
        _ => "",
    };
    let mut arguments: Vec<Argument> = Vec::new();
    for argument in &call.arguments.args {
        arguments.push(match argument {
            Expr::Starred(starred) => {
                Argument { range: starred.value.range(), passed: Passed::Starred, value: Value::Other }
            }
            value => Argument { range: value.range(), passed: Passed::Position, value: value_of(value) },
        });
    }
    for keyword in &call.arguments.keywords {
        let passed = match &keyword.arg {
            Some(name) => Passed::Keyword(name.to_string()),
            None => Passed::Starred,
        };
        arguments.push(Argument { range: keyword.value.range(), passed, value: value_of(&keyword.value) });
    }
    arguments.sort_by_key(|argument| argument.range.start());
    WrittenCall { name: name.to_owned(), range: call.range(), arguments }
}

fn value_of(expr: &Expr) -> Value {
    match expr {
        Expr::StringLiteral(string) => Value::Text(string.value.to_str().to_owned()),
        Expr::NoneLiteral(_) => Value::None,
        Expr::Call(call) => Value::Call(written(call)),
        _ => Value::Other,
    }
}
