//! Runs the project's functions, and remembers what each run gave: a call that is made again in what it heeds gives the same
//! without being followed again.

use std::rc::Rc;

use tuneup_python::FunctionRef;

use super::circumstances::Heeded;
use super::machine::{DEEPEST_CALL, Machine, Write};
use super::python::left::Left;
use super::value::{Environment, Value};
use super::writes::Doing;

/// What a call gives, and does besides, which most do not.
#[derive(Clone)]
pub(crate) struct Summary {
    pub(crate) result: Value,
    pub(crate) effects: Option<Rc<Effects>>,
    /// Whether it gives a queryset however its tests come out, if it gave one.
    pub(crate) sure: bool,
}

/// What a call does besides.
pub(crate) struct Effects {
    pub(crate) writes: Box<[(Write, bool)]>,
    pub(crate) left: Left,
}

impl Machine<'_> {
    /// Runs a function, or remembers what running it gave.
    pub(crate) fn activate(
        &mut self,
        function: FunctionRef,
        environment: Option<Environment>,
        slots: Box<[Value]>,
    ) -> Value {
        let saves = u32::from(self.saves_by_calling(function, &slots));
        self.saving += saves;
        let result = self.activate_in(function, environment, slots);
        self.saving -= saves;
        result
    }

    fn activate_in(
        &mut self,
        function: FunctionRef,
        environment: Option<Environment>,
        slots: Box<[Value]>,
    ) -> Value {
        self.note_called_to_show(function);
        match self.active_calls.last() {
            Some(caller) => {
                self.edges.insert((caller.0, function));
            }
            None if self.serving => {
                self.served.insert(function);
            }
            None => {}
        }
        let climbs = self.climbs_by_calling(function, &slots);
        let changes = self.changes_of(&slots);
        let key = (function, environment, self.values.make_slots(&slots));
        let known = self.known_circumstances(function, climbs, &slots);
        let remembered = known.into_iter().find_map(|(heeded, circumstances)| {
            Some((heeded, self.remembered.get(&(key, changes, circumstances))?.clone()))
        });
        if let Some((heeded, summary)) = remembered {
            self.heed_as_called(heeded);
            self.left = Left::default();
            self.sure = summary.sure;
            if let Some(effects) = summary.effects {
                self.repeat_writes(&effects.writes);
                self.left = effects.left.clone();
            }
            return summary.result;
        }
        let is_recursive = self.active_calls.iter().filter(|active| active.0 == function).count() > 1
            || self.active_calls.contains(&key);
        if is_recursive || self.active_calls.len() >= DEEPEST_CALL || self.fuel == 0 {
            // Elsewhere it may be followed.
            self.heed(Heeded::ALL);
            self.left = Left::default();
            self.sure = false;
            return Value::UNKNOWN;
        }
        let circumstances = self.all_circumstances(climbs, &slots);
        let heeded_around = self.heeded.take();
        self.active_calls.push(key);
        self.call_writes.push(Doing::default());
        self.climbing += u32::from(climbs);
        let (result, left, sure) = self.run_function(function, environment, &slots);
        self.climbing -= u32::from(climbs);
        self.active_calls.pop();
        let writes = self.end_writes(function);
        self.note_returned(function, result);
        let heeded = self.heeded.replace(heeded_around);
        self.heed_as_called(heeded);
        if self.fuel > 0 {
            let circumstances = self.heeded_circumstances(function, circumstances, heeded);
            let changes = self.changes_of(&slots);
            let has_effects = !writes.is_empty() || !left.is_empty();
            let effects = has_effects.then(|| Rc::new(Effects { writes, left: left.clone() }));
            self.remembered.insert((key, changes, circumstances), Summary { result, effects, sure });
        }
        self.left = left;
        self.sure = sure;
        result
    }

    fn run_function(
        &mut self,
        function: FunctionRef,
        environment: Option<Environment>,
        arguments: &[Value],
    ) -> (Value, Left, bool) {
        let definition = self.facts(function.file).function(function.id);
        let mut frame = self.frame_of(function, environment, arguments);
        let next = self.run(&mut frame, definition.body);
        if definition.is_generator {
            return (self.values.sequence(frame.yielded), Left::default(), true);
        }
        if next == super::statements::Next::On {
            frame.returned = self.values.join(frame.returned, Value::NONE);
            self.leave(&mut frame);
        }
        let sure = !self.is_queryset(frame.returned) || self.surely_gives_rows(&frame);
        (frame.returned, self.left(&frame, environment, arguments), sure)
    }
}
