//! What the command promises to a person and to scripts: reports, diffs, writing, exit codes, bad input.

#[path = "cli/apply.rs"]
mod apply;
#[path = "cli/audit.rs"]
mod audit;
#[path = "cli/bad_input.rs"]
mod bad_input;
#[path = "cli/diff.rs"]
mod diff;
#[path = "cli/formats.rs"]
mod formats;
#[path = "cli/journal.rs"]
mod journal;
#[path = "cli/long_input.rs"]
mod long_input;
#[path = "cli/report.rs"]
mod report;
#[path = "cli/session.rs"]
mod session;
#[path = "cli/silence.rs"]
mod silence;
#[path = "cli/support.rs"]
mod support;
#[path = "cli/writing.rs"]
mod writing;
