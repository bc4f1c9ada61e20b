//! Runs the project's functions, and remembers what each run gave: a call that is made again in what it heeds gives the same
//! without being followed again.
//!
//! A function that calls itself is followed twice, and the same call once. Where a third is not followed, what is given and done
//! around it holds for as long as the second is under way, and is remembered so long: what the third was called with may be what
//! nothing else is.

use std::rc::Rc;

use tuneup_python::FunctionRef;

use super::circumstances::Heeded;
use super::machine::{CallKey, DEEPEST_CALL, Machine, Write};
use super::python::left::Left;
use super::value::{Environment, Site, Value};
use super::writes::Doing;

/// What a call gives, and does besides, which most do not.
#[derive(Clone)]
pub(crate) struct Summary {
    pub(crate) result: Value,
    pub(crate) effects: Option<Rc<Effects>>,
    /// Whether it gives a queryset however its tests come out, if it gave one.
    pub(crate) sure: bool,
    /// The calls under way for which a call within it was not followed.
    cuts: Cuts,
}

/// Calls that are under way, a bit for each by its place among them.
pub(crate) type Cuts = u32;

const _: () = assert!(DEEPEST_CALL <= Cuts::BITS as usize);

/// A call by which it is remembered: what is called with what, how often that had changed, and its circumstances.
pub(crate) type Remembered = (CallKey, u32, u32);

/// What a call does besides.
pub(crate) struct Effects {
    pub(crate) writes: Box<[(Write, bool)]>,
    pub(crate) left: Left,
    pub(crate) pauses: Option<Site>,
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
            self.cuts |= summary.cuts;
            self.left = Left::default();
            self.sure = summary.sure;
            if let Some(effects) = summary.effects {
                self.repeat_writes(&effects.writes);
                if let Some(site) = effects.pauses {
                    self.record_pause(site);
                }
                self.left = effects.left.clone();
            }
            return summary.result;
        }
        let is_under_way = self.active_calls.contains(&key);
        let second = if is_under_way { None } else { self.second_under_way(function) };
        self.cuts |= second.map_or(0, |second| 1 << second);
        if is_under_way || second.is_some() || self.active_calls.len() >= DEEPEST_CALL || self.fuel == 0 {
            // Elsewhere it may be followed.
            self.heed(Heeded::ALL);
            self.left = Left::default();
            self.sure = false;
            return Value::UNKNOWN;
        }
        let circumstances = self.all_circumstances(climbs, &slots);
        let heeded_around = self.heeded.take();
        let cuts_around = std::mem::take(&mut self.cuts);
        let cut = self.cut.len();
        self.active_calls.push(key);
        self.call_writes.push(Doing::default());
        self.climbing += u32::from(climbs);
        let (result, left, sure) = self.run_function(function, environment, &slots);
        self.climbing -= u32::from(climbs);
        self.active_calls.pop();
        let cuts = self.end_cuts(cut);
        self.cuts = cuts_around | cuts;
        let (writes, pauses) = self.end_doing(function);
        self.note_returned(function, result);
        let heeded = self.heeded.replace(heeded_around);
        self.heed_as_called(heeded);
        if self.fuel > 0 {
            let circumstances = self.heeded_circumstances(function, circumstances, heeded);
            let changes = self.changes_of(&slots);
            let has_effects = !writes.is_empty() || !left.is_empty() || pauses.is_some();
            let effects = has_effects.then(|| Rc::new(Effects { writes, left: left.clone(), pauses }));
            let called = (key, changes, circumstances);
            self.remembered.insert(called, Summary { result, effects, sure, cuts });
            if cuts != 0 {
                self.cut.push((called, cuts));
            }
        }
        self.left = left;
        self.sure = sure;
        result
    }

    /// The second call of a function that is under way: a third is not followed.
    fn second_under_way(&self, function: FunctionRef) -> Option<usize> {
        let calls = self.active_calls.iter().enumerate().filter(|(_, active)| active.0 == function);
        calls.map(|(at, _)| at).nth(1)
    }

    /// Forgets what was remembered since `cut` for as long as the call was under way that has just ended. Gives for which
    /// calls others were not followed that still are.
    fn end_cuts(&mut self, cut: usize) -> Cuts {
        let ended = 1 << self.active_calls.len();
        if self.cuts & ended != 0 {
            let since = self.cut.split_off(cut.min(self.cut.len()));
            for (called, cuts) in since {
                if cuts & ended == 0 {
                    self.cut.push((called, cuts));
                } else {
                    self.remembered.remove(&called);
                }
            }
        }
        self.cuts & (ended - 1)
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
