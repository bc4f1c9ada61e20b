//! How long each phase of the work took, for `--verbose` and benchmarks. It reaches no result.

use std::time::{Duration, Instant};

/// Phases in the order in which they ended, each with its time.
#[derive(Clone, Debug)]
pub struct Stopwatch {
    since: Instant,
    laps: Vec<(&'static str, Duration)>,
}

impl Stopwatch {
    /// Starts the first phase.
    pub fn start() -> Self {
        Self { since: Instant::now(), laps: Vec::new() }
    }

    /// Ends a phase, and starts the next.
    pub fn lap(&mut self, phase: &'static str) {
        let now = Instant::now();
        self.laps.push((phase, now - self.since));
        self.since = now;
    }

    /// The phases that ended.
    pub fn laps(&self) -> &[(&'static str, Duration)] {
        &self.laps
    }
}
