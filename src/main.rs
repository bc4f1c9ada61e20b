//! The command `tuneup`.

mod analysis;
mod apply;
mod arguments;
mod baseline;
mod config;
mod diff;
mod distribution;
mod explain;
mod failure;
mod journal;
mod merge;
mod message;
mod output;
mod report;
mod review;
mod scope;
mod server;
mod summary;
mod suppress;
mod texts;
mod undo;
mod vcs;
mod write;

use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;

use clap::Parser;
use tuneup_transforms::registry::RULES;
use tuneup_transforms::render::Rendering;
use tuneup_transforms::{Proposal, Safety};

use analysis::{Outcome, analyse, in_pool, rule};
use arguments::{Cli, Color, Command, ProjectArguments};
use failure::Failure;
use review::{Left, Session};
use scope::Scope;
use summary::Summary;

/// Nothing to propose, or all applied.
const DONE: u8 = 0;
/// Proposals are left.
const LEFT: u8 = 1;
/// Usage, configuration or internal error, or files that could not be read.
const FAILED: u8 = 2;

fn main() -> ExitCode {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        let _ = writeln!(
            io::stderr(),
            "tuneup: internal error at {place}: please report it, with the code that it met if you can"
        );
    }));
    let cli = Cli::parse();
    let run = || match &cli.command {
        Command::Check { project, .. } | Command::Report { project, .. } | Command::Diff { project, .. } => {
            in_pool(project.threads, || run(&cli))
        }
        _ => run(&cli),
    };
    let code = std::panic::catch_unwind(|| match run() {
        Ok(code) => code,
        Err(failure) => {
            let _ = writeln!(io::stderr(), "tuneup: {failure}");
            FAILED
        }
    });
    ExitCode::from(code.unwrap_or(FAILED))
}

/// Writes to standard output; a reader that has gone away ends the output, not the command.
fn with_output(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<(), Failure> {
    let mut out = BufWriter::new(io::stdout().lock());
    match write(&mut out).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        result => result.map_err(Failure::from),
    }
}

fn is_colored(color: Color) -> bool {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto if is_set("NO_COLOR") => false,
        Color::Auto => {
            let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
            is_set("FORCE_COLOR") || (io::stdout().is_terminal() && !is_dumb)
        }
    }
}

fn run(cli: &Cli) -> Result<u8, Failure> {
    let colored = is_colored(cli.color);
    match &cli.command {
        Command::Check { project, output_format, output_file, statistics, no_baseline, scope } => {
            let (format, statistics) = (*output_format, *statistics);
            if statistics {
                output::check_statistics(format)?;
            }
            let scope = Scope::of(project, scope)?;
            let mut outcome = analyse(project)?;
            let known = if *no_baseline { None } else { baseline::Baseline::read(&project.path)? };
            let stale = known.map(|known| known.filter(&mut outcome, &project.path)).unwrap_or_default();
            scope.limit_report(&mut outcome);
            match output_file {
                Some(path) => {
                    let colored = cli.color == Color::Always;
                    output::write_file(path, |out| output::write(out, &outcome, format, statistics, colored))
                        .map_err(|error| Failure::new(format!("{}: {error}", path.display())))?;
                }
                None => with_output(|out| output::write(out, &outcome, format, statistics, colored))?,
            }
            outcome.stopwatch.lap("report");
            notes(project, &outcome, output_file.is_some() || output::is_for_people(format));
            if !project.quiet && !stale.is_empty() {
                let count = stale.len();
                say(&format!(
                    "{count} of {} not proposed any more: `tuneup baseline --update` drops them",
                    baseline::FILE
                ));
            }
            Ok(code(&outcome, !outcome.proposals.is_empty()))
        }
        Command::Report { project, output } => {
            let outcome = analyse(project)?;
            output::write_file(output, |out| report::write(out, &outcome))
                .map_err(|error| Failure::new(format!("{}: {error}", output.display())))?;
            with_output(|out| writeln!(out, "wrote {}", output.display()))?;
            notes(project, &outcome, true);
            Ok(if outcome.problems.is_empty() { DONE } else { FAILED })
        }
        Command::Diff { project, with_unsafe, scope } => {
            let scope = Scope::of(project, scope)?;
            let mut outcome = analyse(project)?;
            scope.limit_edits(&mut outcome);
            let with_unsafe = *with_unsafe || outcome.config.with_unsafe.value;
            let chosen = chosen(&outcome, with_unsafe);
            let rendering = outcome.render(&chosen);
            let prefix = diff::prefix(&project.path);
            with_output(|out| {
                rendering.files.iter().try_for_each(|file| diff::write(out, &prefix, file, colored))
            })?;
            left_out(project, &outcome, &rendering, with_unsafe);
            Ok(code(&outcome, !rendering.files.is_empty()))
        }
        Command::Apply(arguments) => apply::apply(arguments),
        Command::Review { project, resume: _, fresh, plain, export, guard } => {
            if export.is_none() {
                vcs::guard(&project.path, guard, false)?;
            }
            let outcome = analyse(project)?;
            review(project, &outcome, (*fresh, *plain), export.as_deref(), colored)
        }
        Command::Undo { number, list, project } => {
            let report = if *list { undo::list(project)? } else { undo::undo(project, *number)? };
            with_output(|out| out.write_all(report.as_bytes()))?;
            Ok(DONE)
        }
        Command::Baseline { project, update } => {
            let mut outcome = analyse(project)?;
            let report = baseline::write(&project.path, &mut outcome, *update)?;
            with_output(|out| writeln!(out, "{report}"))?;
            notes(project, &outcome, false);
            Ok(code(&outcome, false))
        }
        Command::Config { project } => {
            let outcome = analyse(project)?;
            with_output(|out| config::show(out, &outcome))?;
            Ok(DONE)
        }
        Command::Server { config, stdio: _, client_process: _ } => {
            Ok(if server::serve(config)? { DONE } else { LEFT })
        }
        Command::Completions { shell } => {
            let script = distribution::completions(*shell);
            with_output(|out| out.write_all(&script))?;
            Ok(DONE)
        }
        Command::Man { command } => {
            let page = distribution::manual(command.as_deref())?;
            with_output(|out| out.write_all(&page))?;
            Ok(DONE)
        }
        Command::Rules => {
            with_output(|out| {
                RULES.iter().try_for_each(|rule| writeln!(out, "{:<20} {}", rule.name, rule.summary))
            })?;
            Ok(DONE)
        }
        Command::Explain { rule: name, all } => {
            let rule = rule(name)?;
            with_output(|out| match review::terminal_width() {
                Some(width) => explain::write(out, rule.page, width, *all, colored),
                None => out.write_all(rule.page.as_bytes()),
            })?;
            Ok(DONE)
        }
    }
}

/// Asks for each proposal, and writes what was approved, or a plan of it.
fn review(
    project: &ProjectArguments,
    outcome: &Outcome,
    (fresh, plain): (bool, bool),
    export: Option<&Path>,
    colored: bool,
) -> Result<u8, Failure> {
    let root = write::folder(&project.path);
    let Some(mut session) = Session::open(outcome, &root, fresh)? else {
        notes(project, outcome, true);
        return Ok(code(outcome, !outcome.proposals.is_empty()));
    };
    if let Some(path) = export {
        if review::can_ask() {
            review::ask(&mut session, plain, colored)?;
        }
        session.plan()?.export(path)?;
        let count = session.state.approved().len();
        with_output(|out| writeln!(out, "wrote {}: {} approved", path.display(), counted(count, "change")))?;
        return Ok(code(outcome, true));
    }
    if review::ask(&mut session, plain, colored)? == Left::Open {
        let [yes, no, open] = session.state.counts(|_| true);
        say(&format!(
            "nothing was written: {yes} approved, {no} rejected and {open} open are kept for the next `tuneup review`"
        ));
        return Ok(code(outcome, true));
    }
    let rendering = session.rendering();
    let approved = session.state.approved();
    write_rendering(project, outcome, "review", &rendering, &approved)?;
    session.forget(&rendering.withheld)?;
    for (id, reason) in &rendering.withheld {
        say(&format!("withheld {id}: {reason}"));
    }
    // What is silenced is not proposed any more, as what is written is not.
    let is_done = |proposal: &&&Proposal| !is_withheld(&rendering, &proposal.id);
    let done =
        approved.iter().filter(is_done).count() + session.state.silenced().iter().filter(is_done).count();
    Ok(code(outcome, outcome.proposals.len() > done))
}

fn is_withheld(rendering: &Rendering, id: &str) -> bool {
    rendering.withheld.iter().any(|(withheld, _)| withheld == id)
}

/// The proposals that have edits and that `--unsafe` allows.
fn chosen(outcome: &Outcome, with_unsafe: bool) -> Vec<&Proposal> {
    let is_chosen = |proposal: &&Proposal| {
        !proposal.changes.is_empty() && (proposal.safety == Safety::Safe || with_unsafe)
    };
    outcome.proposals.iter().filter(is_chosen).collect()
}

fn code(outcome: &Outcome, left: bool) -> u8 {
    match (outcome.problems.is_empty(), left) {
        (false, _) => FAILED,
        (true, true) => LEFT,
        (true, false) => DONE,
    }
}

/// Writes what was rendered of the approved proposals, and says what and how to take it back. The number by which it
/// can be.
fn write_rendering(
    project: &ProjectArguments,
    outcome: &Outcome,
    command: &str,
    rendering: &Rendering,
    approved: &[&Proposal],
) -> Result<Option<u32>, Failure> {
    let summary = Summary::new(rendering, approved);
    let number = write::write_all(&project.path, command, summary.ids(), &rendering.files)?;
    with_output(|out| {
        summary.write(out, "wrote")?;
        write!(out, "{}", summary.total())?;
        match number {
            Some(number) => writeln!(out, "; `tuneup undo {number}` takes it back"),
            None => writeln!(out),
        }
    })?;
    if !project.quiet {
        tell_tests(outcome, &summary);
    }
    Ok(number)
}

/// Says which tests count the queries that were changed.
fn tell_tests(outcome: &Outcome, summary: &Summary<'_>) {
    const SHOWN: usize = 20;
    let mut tests: Vec<String> = Vec::new();
    for proposal in summary.written() {
        let [will, _] = output::noticing(outcome, proposal);
        will.into_iter().for_each(|test| {
            if !tests.contains(&test) {
                tests.push(test);
            }
        });
    }
    if tests.is_empty() {
        return;
    }
    say(&format!("{} counted these queries and will notice:", counted(tests.len(), "test")));
    tests.iter().take(SHOWN).for_each(|test| say(&format!("  {test}")));
    if let more @ 1.. = tests.len().saturating_sub(SHOWN) {
        say(&format!("  … and {more} more"));
    }
}

/// A number with its word: `1 file`, `2 files`.
pub(crate) fn counted(count: usize, word: &str) -> String {
    if count == 1 { format!("1 {word}") } else { format!("{count} {word}s") }
}

fn say(text: &str) {
    let _ = writeln!(io::stderr(), "{text}");
}

/// What is said beside the result: problems always, the rest unless `--quiet`.
fn notes(project: &ProjectArguments, outcome: &Outcome, with_summary: bool) {
    for problem in &outcome.problems {
        let path = output::shown(&problem.path);
        let place = match (problem.line, problem.column) {
            (Some(line), Some(column)) => format!("{path}:{line}:{column}"),
            _ => path.into_owned(),
        };
        let gap = if place.is_empty() { "" } else { ": " };
        say(&format!("error: {place}{gap}{}", problem.message));
    }
    if project.quiet {
        return;
    }
    if let Some(other) = &outcome.config.passed_over {
        say(&format!("{}: [tool.tuneup] is not read, as tuneup.toml is beside it", other.display()));
    }
    for unused in &outcome.unused {
        say(&format!("{}:{}: {}", output::shown(&unused.path), unused.line, unused.message));
    }
    if with_summary {
        say(&output::summary(outcome));
    } else if let Some(unread) = output::unread(outcome) {
        say(&unread);
    }
    if project.verbose {
        for line in output::verbose(outcome) {
            say(&line);
        }
    }
}

/// Says what was not written, and how to have it.
fn left_out(project: &ProjectArguments, outcome: &Outcome, rendering: &Rendering, with_unsafe: bool) {
    notes(project, outcome, false);
    for (id, reason) in &rendering.withheld {
        say(&format!("withheld {id}: {reason}"));
    }
    if project.quiet {
        return;
    }
    let count =
        |safety: Safety| outcome.proposals.iter().filter(|proposal| proposal.safety == safety).count();
    if let more @ 1.. = count(Safety::Unsafe)
        && !with_unsafe
    {
        say(&format!(
            "{more} more with --unsafe: a person must look at them first (`tuneup check` says why)"
        ));
    }
    if let advice @ 1.. = count(Safety::Advice) {
        say(&format!("{advice} to be done by hand: `tuneup check` says what"));
    }
}
