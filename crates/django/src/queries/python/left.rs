//! What a call leaves in the containers that it was given: a list that a function appends to, a context that it
//! fills, a variable that a closure adds to are its caller's own.
//!
//! A container is a value here, and not an object: to change it is to put another value into the place that it came
//! from. So what a function made of its parameters goes back into the places that its arguments were read from.
//! A parameter that the function bound anew is its own from then on, and goes nowhere.
//!
//! So it is with a row that a function fetches anew: what its caller's query had loaded is gone.

use std::rc::Rc;

use tuneup_python::flow::{ArgumentKind, Expr, ExprKind, ParameterKind, Run};
use tuneup_python::{FunctionRef, Symbol};

use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Environment, Shape, Value};

/// What a call made of what it was given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Left {
    /// Parameters that held something else in the end, by their position, with what they held; most calls have none.
    pub(crate) parameters: Option<Rc<[(usize, Value)]>>,
    /// The variables around the function, where it changed them.
    pub(crate) around: Option<Environment>,
}

/// A function that is called directly.
#[derive(Clone, Copy, Debug)]
pub(in crate::queries) struct Callee {
    function: FunctionRef,
    /// The variables around it when it was defined.
    around: Option<Environment>,
    /// Whether its first parameter is not among the arguments.
    is_bound: bool,
}

impl Left {
    /// Whether all is as it was.
    pub(crate) fn is_empty(&self) -> bool {
        self.parameters.is_none() && self.around.is_none()
    }

    fn parameters(&self) -> &[(usize, Value)] {
        self.parameters.as_deref().unwrap_or_default()
    }

    /// What a parameter held in the end, where that is something else.
    pub(crate) fn of(&self, parameter: usize) -> Option<Value> {
        self.parameters().iter().find(|&&(at, _)| at == parameter).map(|&(_, value)| value)
    }
}

impl Frame<'_> {
    /// Notes that a variable was bound anew.
    pub(in crate::queries) fn rebind(&mut self, slot: usize) {
        if slot < self.left.len() && !self.rebound.contains(&slot) {
            self.rebound.push(slot);
        }
    }
}

impl<'p> Machine<'p> {
    /// Whether a value can be changed in place by methods and items.
    pub(in crate::queries) fn is_container(&self, value: Value) -> bool {
        match self.values.shape(value) {
            Shape::Sequence(_) | Shape::Tuple(_) | Shape::Mapping { .. } => true,
            Shape::Union(members) => members.iter().any(|&member| self.is_container(member)),
            _ => false,
        }
    }

    /// Keeps what the parameters of a frame hold where its function returns.
    pub(in crate::queries) fn leave(&mut self, frame: &mut Frame<'p>) {
        for at in 0..frame.left.len() {
            frame.left[at] = self.values.join(frame.left[at], frame.slots[at]);
        }
    }

    /// What a frame that has come to its end leaves of what it was given.
    pub(in crate::queries) fn left(
        &self,
        frame: &Frame<'p>,
        given: Option<Environment>,
        arguments: &[Value],
    ) -> Left {
        let changed = |at: usize| {
            let (before, after) = (arguments[at], frame.left[at]);
            after != before
                && after != Value::NEVER
                && !frame.rebound.contains(&at)
                && (self.is_container(before) || self.is_fetched_anew(before, after))
        };
        let parameters: Vec<_> =
            (0..frame.left.len()).filter(|&at| changed(at)).map(|at| (at, frame.left[at])).collect();
        let parameters = (!parameters.is_empty()).then(|| parameters.into());
        Left { parameters, around: frame.outer.filter(|_| frame.outer != given) }
    }

    /// Puts what a call left back into the places that its arguments, and the variables around it, came from.
    /// `is_one_of_several` says that another function may have been called.
    pub(in crate::queries) fn put_back(
        &mut self,
        frame: &mut Frame<'p>,
        callee: Callee,
        is_one_of_several: bool,
        arguments: Run,
        left: &Left,
    ) {
        let function = callee.function;
        for &(parameter, mut value) in left.parameters() {
            if let Some(place) = self.argument_of(frame, callee, parameter, arguments) {
                if let ExprKind::Local(slot) = frame.facts.kind(place)
                    && let before = frame.slots[slot as usize]
                    && self.is_fetched_anew(before, value)
                {
                    if !is_one_of_several {
                        self.put_anew(frame, before, value);
                    }
                    continue;
                }
                // Elsewhere than in a variable, the same row may have other names.
                if self.as_row(value).is_some() {
                    continue;
                }
                if is_one_of_several {
                    let before = self.eval(frame, place);
                    value = self.values.join(before, value);
                }
                self.assign_back(frame, place, value);
            }
        }
        let definition = self.facts(function.file).function(function.id);
        let is_around =
            frame.file == function.file && frame.function.is_some() && frame.function == definition.parent;
        let (Some(before), Some(after)) = (callee.around, left.around) else { return };
        if !is_around {
            return;
        }
        let (before, after) = (self.values.variables(before), self.values.variables(after));
        for ((slot, before), (_, after)) in before.iter().zip(&after) {
            if before != after {
                let slot = usize::from(*slot);
                frame.slots[slot] = self.values.join(frame.slots[slot], *after);
            }
        }
    }

    /// The argument that a parameter was given, where it is written out.
    fn argument_of(
        &self,
        frame: &Frame<'p>,
        callee: Callee,
        parameter: usize,
        arguments: Run,
    ) -> Option<Expr> {
        let function = callee.function;
        let facts = self.facts(function.file);
        let parameters = facts.parameters(facts.function(function.id).parameters);
        let parameter_name: Symbol = parameters.get(parameter)?.name;
        let kind = parameters.get(parameter)?.kind;
        let arguments = frame.facts.arguments(arguments);
        let by_name =
            arguments.iter().find(|argument| argument.kind == ArgumentKind::Keyword(parameter_name));
        if let Some(argument) = by_name {
            return Some(argument.value);
        }
        if !matches!(kind, ParameterKind::PositionalOnly | ParameterKind::Normal) {
            return None;
        }
        let position = parameter.checked_sub(usize::from(callee.is_bound))?;
        let before = arguments.get(..=position)?;
        let is_plain = before.iter().all(|argument| argument.kind == ArgumentKind::Positional);
        is_plain.then(|| before[position].value)
    }

    /// Puts a value into a variable of a function around this one.
    pub(in crate::queries) fn assign_free(
        &mut self,
        frame: &mut Frame<'p>,
        up: u16,
        slot: u16,
        value: Value,
    ) {
        if let Some(outer) = frame.outer {
            frame.outer = Some(self.values.with_free(outer, up, slot, value));
        }
    }

    /// The function of the project that a value is, where it is called directly.
    pub(in crate::queries) fn directly_called(&self, callee: Value) -> Option<Callee> {
        match *self.values.shape(callee) {
            Shape::Function(function, around) => Some(Callee { function, around, is_bound: false }),
            Shape::Bound { function, .. } => Some(Callee { function, around: None, is_bound: true }),
            _ => None,
        }
    }
}
