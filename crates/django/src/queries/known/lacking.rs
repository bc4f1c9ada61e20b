//! Calls that lack an argument: `book.describe()` of `def describe(self, short)` raises `TypeError`, and what stands behind it
//! is not run.

use tuneup_python::flow::{ArgumentKind, Expr, ExprKind, ParameterKind, Run};

use crate::queries::calls::Arguments;
use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Shape, Value};

impl Machine<'_> {
    /// Whether a call gives less than its function must be given. A decorator may give more, and so may a subclass ask for
    /// less: the function is plain, or a method of what certainly is of this class.
    pub(in crate::queries) fn lacks_argument(
        &self,
        frame: &Frame<'_>,
        callee: Value,
        given: &Arguments,
        arguments: Run,
    ) -> bool {
        let (function, bound) = match *self.values.shape(callee) {
            Shape::Function(function, _) => (function, 0),
            Shape::Bound { function, this, .. } => match *self.values.shape(this) {
                Shape::Row(row) if self.is_fetched(row) => (function, 1),
                Shape::Object(_, Some(_)) => (function, 1),
                _ => return false,
            },
            _ => return false,
        };
        let is_written_out = |kind| matches!(kind, ArgumentKind::Positional | ArgumentKind::Keyword(_));
        if frame.file.as_other().is_some()
            || function.file.as_other().is_some()
            || !frame.facts.arguments(arguments).iter().all(|argument| is_written_out(argument.kind))
        {
            return false;
        }
        let facts = self.facts(function.file);
        let definition = facts.function(function.id);
        if !definition.decorators.is_empty() || definition.class.is_some() != (bound == 1) {
            return false;
        }
        let by_position = given.positional.len() + bound;
        let parameters = facts.parameters(definition.parameters);
        parameters.iter().enumerate().any(|(at, parameter)| {
            let is_named = || given.keyword(parameter.name.as_str()).is_some();
            parameter.default.is_none()
                && match parameter.kind {
                    ParameterKind::PositionalOnly => at >= by_position,
                    ParameterKind::Normal => at >= by_position && !is_named(),
                    ParameterKind::KeywordOnly => !is_named(),
                    ParameterKind::Star | ParameterKind::DoubleStar => false,
                }
        })
    }

    /// Whether an expression that has been evaluated is a call that raised.
    pub(in crate::queries) fn has_raised(&mut self, frame: &Frame<'_>, expr: Expr) -> bool {
        let Some(raised) = self.raised.take() else { return false };
        let call = match frame.facts.kind(expr) {
            ExprKind::Await(call) => call,
            _ => expr,
        };
        raised == frame.site_of(call)
    }
}
