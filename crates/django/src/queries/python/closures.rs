//! Functions within functions, and the variables around them that are bound only after them: a name is looked up when the
//! function runs, not when it is defined.
//!
//! <https://docs.python.org/3/reference/executionmodel.html#resolution-of-names>

use tuneup_python::FunctionRef;

use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Environment, Shape, Value};

/// Helpers that need each other are filled in so deep.
const DEEPEST: u32 = 3;

impl<'p> Machine<'p> {
    /// What a variable of a frame holds, where that is a function of its own: with the variables around that were not bound
    /// when it was defined and are now.
    pub(in crate::queries) fn bound_since(&mut self, frame: &Frame<'p>, value: Value) -> Value {
        match *self.values.shape(value) {
            Shape::Function(function, Some(around)) => {
                self.with_bound(frame, value, function, around, DEEPEST)
            }
            _ => value,
        }
    }

    fn with_bound(
        &mut self,
        frame: &Frame<'p>,
        value: Value,
        function: FunctionRef,
        around: Environment,
        depth: u32,
    ) -> Value {
        if frame.file != function.file || frame.function.is_none() {
            return value;
        }
        let definition = frame.facts.function(function.id);
        if frame.function != definition.parent {
            return value;
        }
        let mut variables = self.values.variables(around);
        let mut is_bound_since = false;
        for (slot, value) in &mut variables {
            let now = frame.slots.get(usize::from(*slot)).copied().unwrap_or(Value::NEVER);
            if *value != Value::NEVER || now == Value::NEVER {
                continue;
            }
            is_bound_since = true;
            *value = match *self.values.shape(now) {
                Shape::Function(other, Some(around)) if depth > 0 && other != function => {
                    self.with_bound(frame, now, other, around, depth - 1)
                }
                _ => now,
            };
        }
        if !is_bound_since {
            return value;
        }
        let around = self.values.environment(frame.outer, variables);
        self.values.make(Shape::Function(function, Some(around)))
    }
}
