//! The way from the arguments to proposals.

use std::io::Write as _;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use ruff_text_size::TextSize;
use tuneup_django::settings::Settings;
use tuneup_django::{Options, Project};
use tuneup_python::edit::Layout;
use tuneup_python::{Position, Problem, SourceText, Stopwatch};
use tuneup_transforms::Proposal;
use tuneup_transforms::registry::{self, RULES, Rule};
use tuneup_transforms::render::{Files, Rendering, render, render_each, settle};

use crate::arguments::ProjectArguments;
use crate::config::{Config, nearest};
use crate::failure::Failure;
use crate::journal::Journal;
use crate::suppress::{Unused, silence};
use crate::texts::Texts;
use crate::write::folder;

/// How long work lasts before progress is shown.
const PATIENCE: Duration = Duration::from_millis(500);

/// The stack of each thread. Only touched pages of it become memory.
const STACK: usize = 64 * 1024 * 1024;

/// A project and what is proposed for it.
pub(crate) struct Outcome {
    /// The project.
    pub(crate) project: Project,
    /// What the user decided.
    pub(crate) config: Config,
    /// The proposals of the selected rules, in order.
    pub(crate) proposals: Vec<Proposal>,
    /// Comments that silence nothing.
    pub(crate) unused: Vec<Unused>,
    /// What could not be read.
    pub(crate) problems: Vec<Problem>,
    /// How long each phase took.
    pub(crate) stopwatch: Stopwatch,
    texts: Texts,
}

/// One thread pool for all phases, with stacks as deep as the deepest tree needs. It can only be there already where this is
/// called twice; then it is as good.
fn make_pool(asked: usize) {
    let _ = rayon::ThreadPoolBuilder::new().num_threads(threads(asked)).stack_size(STACK).build_global();
}

/// How many threads work where so many are asked for: with more than there are cores nothing would be done sooner, and each
/// takes memory.
fn threads(asked: usize) -> usize {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    if asked == 0 { cores } else { asked.min(cores) }
}

/// Does on one of the pool's threads what would otherwise wait for them: memory that a thread lets go of serves that thread
/// again, so that the fewer there are, the less is needed. It may wait for no thread that waits for the pool.
pub(crate) fn in_pool<T: Send>(threads: usize, work: impl FnOnce() -> T + Send) -> T {
    make_pool(threads);
    rayon::scope(|_| work())
}

/// Reads a project and asks the selected rules.
pub(crate) fn analyse(arguments: &ProjectArguments) -> Result<Outcome, Failure> {
    if !arguments.path.exists() {
        return Err(Failure::new(format!("no such file or folder: {}", arguments.path.display())));
    }
    let config = Config::resolve(arguments)?;
    let rules: Vec<Rule> = RULES.iter().copied().filter(|rule| config.is_selected(rule.name)).collect();
    make_pool(arguments.threads);
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
        python: config.python.value.clone(),
        exclude: config.exclude_from(&folder(&arguments.path)),
        threads: threads(arguments.threads),
        django: config.django_version.value.clone(),
        settings: config.settings.value.clone(),
        concurrently: config.concurrent_indexes.value,
        index_style: config.index_style.value,
    };
    let project = Project::load(options, Some(&report));
    bar.finish_and_clear();
    if let Some(name) = &config.settings.value
        && project.settings.module.is_none()
    {
        let modules = Settings::modules(&project.source);
        let hint = match modules.is_empty() {
            true => String::new(),
            false => format!("; did you mean `{}`?", nearest(name, modules.into_iter())),
        };
        let origin = &config.settings.origin;
        return Err(Failure::new(format!("no settings module is called `{name}` ({origin}){hint}")));
    }
    let mut proposals = registry::propose(&project, &rules);
    let unused = silence(&project, &config, &mut proposals);
    proposals.retain(|proposal| {
        let path = project.source.root().join(&proposal.place.path);
        !config.is_ignored_in(&path, proposal.rule)
    });
    let mut stopwatch = project.stopwatch.clone();
    stopwatch.lap("proposals");
    settle(&Configured { project: &project, line_length: config.line_length.value }, &mut proposals);
    stopwatch.lap("settled");
    let problems = project.problems();
    Ok(Outcome { project, config, proposals, unused, problems, stopwatch, texts: Texts::default() })
}

impl Outcome {
    /// The text of a file, by its path from the root; nothing where it cannot be read, or has changed since.
    pub(crate) fn text(&self, path: &str) -> Option<&SourceText> {
        self.texts.get(&self.project.source, path)
    }

    /// The line and column of an offset in such a text, which is not kept for that.
    pub(crate) fn position(&self, path: &str, offset: TextSize) -> Option<Position> {
        self.texts.position(&self.project.source, path, offset)
    }

    /// Makes text of approved proposals.
    pub(crate) fn render(&self, approved: &[&Proposal]) -> Rendering {
        render(&self.files(), approved)
    }

    /// What each proposal comes to by itself, handed on at once and given in the order of the proposals.
    pub(crate) fn render_each<'a, T: Send>(
        &self,
        proposals: impl IntoIterator<Item = &'a Proposal>,
        then: impl Fn(&'a Proposal, Rendering) -> T + Sync,
    ) -> Vec<T> {
        render_each(&self.files(), &proposals.into_iter().collect::<Vec<_>>(), then)
    }

    fn files(&self) -> Configured<'_> {
        Configured { project: &self.project, line_length: self.config.line_length.value }
    }
}

/// A project whose lines are as long as the user decided.
struct Configured<'a> {
    project: &'a Project,
    line_length: Option<u16>,
}

impl Files for Configured<'_> {
    fn project(&self) -> Option<&Project> {
        Some(self.project)
    }

    fn bytes(&self, path: &str) -> Result<Option<Vec<u8>>, String> {
        Files::bytes(self.project, path)
    }

    fn text(&self, path: &str) -> Result<SourceText, String> {
        Files::text(self.project, path)
    }

    fn layout(&self, path: &str) -> Layout {
        let mut layout = Files::layout(self.project, path);
        layout.line_length = self.line_length.or(layout.line_length);
        layout
    }

    fn module(&self, path: &str) -> Option<(String, bool)> {
        Files::module(self.project, path)
    }

    fn is_first_party(&self, top: &str) -> bool {
        Files::is_first_party(self.project, top)
    }

    fn may_lead_back(&self, module: &str, path: &str) -> bool {
        Files::may_lead_back(self.project, module, path)
    }
}

/// The rule of a name; where there is none, the failure names the nearest.
pub(crate) fn rule(name: &str) -> Result<Rule, Failure> {
    if let Some(rule) = RULES.iter().find(|rule| rule.name == name) {
        return Ok(*rule);
    }
    let nearest = nearest(name, RULES.iter().map(|rule| rule.name));
    Err(Failure::new(format!(
        "no rule is called `{name}`; did you mean `{nearest}`? `tuneup rules` lists them"
    )))
}
