//! The way from the arguments to proposals.

use std::io::Write as _;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tuneup_django::{Options, Project};
use tuneup_python::{Problem, Stopwatch};
use tuneup_transforms::Proposal;
use tuneup_transforms::registry::{self, RULES, Rule};

use crate::arguments::ProjectArguments;
use crate::failure::Failure;
use crate::journal::Journal;
use crate::write::folder;

/// How long work lasts before progress is shown.
const PATIENCE: Duration = Duration::from_millis(500);

/// The stack of each thread. Only touched pages of it become memory.
const STACK: usize = 64 * 1024 * 1024;

/// A project and what is proposed for it.
pub(crate) struct Outcome {
    /// The project.
    pub(crate) project: Project,
    /// The proposals of the selected rules, in order.
    pub(crate) proposals: Vec<Proposal>,
    /// What could not be read.
    pub(crate) problems: Vec<Problem>,
    /// How long each phase took.
    pub(crate) stopwatch: Stopwatch,
}

/// Reads a project and asks the selected rules.
pub(crate) fn analyse(arguments: &ProjectArguments) -> Result<Outcome, Failure> {
    let rules = selected(arguments)?;
    if !arguments.path.exists() {
        return Err(Failure::new(format!("no such file or folder: {}", arguments.path.display())));
    }
    // One thread pool for all phases, with stacks as deep as the deepest tree needs. It can only be there
    // already where this is called twice; then it is as good.
    let _ = rayon::ThreadPoolBuilder::new().num_threads(arguments.threads).stack_size(STACK).build_global();
    for note in Journal::repair_if_needed(&folder(&arguments.path))? {
        let _ = writeln!(std::io::stderr(), "{note}");
    }
    let start = Instant::now();
    let bar = ProgressBar::hidden();
    let style = ProgressStyle::with_template("{spinner} reading {pos}/{len} files");
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    let quiet = arguments.quiet;
    let report = |done: usize, all: usize| {
        if !quiet && start.elapsed() > PATIENCE {
            if bar.is_hidden() {
                bar.set_draw_target(ProgressDrawTarget::stderr());
            }
            bar.set_length(all as u64);
            bar.set_position(done as u64);
        }
    };
    let options = Options {
        root: arguments.path.clone(),
        python: arguments.python.clone(),
        exclude: arguments.exclude.clone(),
        threads: arguments.threads,
        django: arguments.django.clone(),
    };
    let project = Project::load(options, Some(&report));
    bar.finish_and_clear();
    let proposals = registry::propose(&project, &rules);
    let mut stopwatch = project.stopwatch.clone();
    stopwatch.lap("proposals");
    let problems = project.problems.clone();
    Ok(Outcome { project, proposals, problems, stopwatch })
}

/// The rules that `--select` and `--ignore` leave.
fn selected(arguments: &ProjectArguments) -> Result<Vec<Rule>, Failure> {
    for name in arguments.select.iter().chain(&arguments.ignore) {
        rule(name)?;
    }
    let is_selected = |rule: &Rule| {
        (arguments.select.is_empty() || arguments.select.iter().any(|name| name == rule.name))
            && !arguments.ignore.iter().any(|name| name == rule.name)
    };
    Ok(RULES.iter().copied().filter(is_selected).collect())
}

/// The rule of a name; where there is none, the failure names the nearest.
pub(crate) fn rule(name: &str) -> Result<Rule, Failure> {
    if let Some(rule) = RULES.iter().find(|rule| rule.name == name) {
        return Ok(*rule);
    }
    let likeness = |rule: &&Rule| (similar::TextDiff::from_chars(rule.name, name).ratio() * 1000.0) as u32;
    let nearest = RULES.iter().max_by_key(likeness).map_or("", |rule| rule.name);
    Err(Failure::new(format!(
        "no rule is called `{name}`; did you mean `{nearest}`? `tuneup rules` lists them"
    )))
}
