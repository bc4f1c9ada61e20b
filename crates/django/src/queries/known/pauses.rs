//! Loops that pause: `for user in users: send(user); time.sleep(1)`. The last of the rows are used long after all of them were
//! asked for, when what was loaded with them may be another; what is read of each in its turn is as it is then.
//!
//! What is done where something has failed, to wait and try again, is no part of each turn.

use tuneup_python::flow::StmtKind;

use crate::queries::calls::{Arguments, CallSite};
use crate::queries::hazards::HazardKind;
use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Path, Shape, Site};

/// What does nothing for as long as it is told.
const PAUSING: &[&str] =
    &["time.sleep", "asyncio.sleep", "anyio.sleep", "eventlet.sleep", "gevent.sleep", "trio.sleep"];

impl<'p> Machine<'p> {
    /// Keeps that rows are looped over while a call pauses, if it does.
    pub(crate) fn note_pause(&mut self, frame: &Frame<'p>, name: &str, given: &Arguments, call: CallSite) {
        if !PAUSING.contains(&name) {
            return;
        }
        // To pause for no time is to let others run.
        let is_none = given.all().any(|it| matches!(self.values.shape(it), Shape::Int(0)));
        if !is_none && !is_handling(frame, call.site) {
            self.record_pause(call.site);
        }
    }

    /// Keeps that rows are looped over while code pauses.
    pub(in crate::queries) fn record_pause(&mut self, site: Site) {
        for at in 0..self.looping.len() {
            let (query, _) = self.looping[at];
            self.note(HazardKind::Paused, query, Path::ROOT, site);
        }
        if let Some(doing) = self.call_writes.last_mut() {
            doing.pauses.get_or_insert(site);
        }
    }
}

/// Whether something stands where an exception is handled.
fn is_handling(frame: &Frame<'_>, site: Site) -> bool {
    let facts = frame.facts;
    let body = frame.function.map_or(facts.module_body, |id| facts.function(id).body);
    let mut steps = facts.steps_within(body);
    steps.any(|step| match step.kind {
        StmtKind::Try(blocks) => {
            let handlers = facts.tried(blocks).handlers;
            handlers.iter().any(|&handler| facts.stretch(handler).contains_range(site.range))
        }
        _ => false,
    })
}
