//! How much longer `tuneup check` takes than its parser alone: `cargo bench --bench against_parser -- PROJECT…`.
//!
//! For each project given, in one run and by turns, so that both meet the same machine: ruff's parser over the
//! project's files on as many threads and nothing else, and `tuneup check` whole, from the start of the process to
//! its end. The best of several rounds counts. See `README.md` beside this file.
#![allow(clippy::print_stdout, clippy::print_stderr, missing_docs)]

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use ruff_python_ast::PythonVersion;
use ruff_python_parser::{Mode, ParseOptions, parse_unchecked};
use tuneup_python::{Depth, LoadOptions, Project};

/// What `tuneup check` may cost: so many times the parser's time, and so many MB for a million lines. A smaller project
/// may take as much, for the program itself takes some.
const MAX_RATIO: f64 = 2.0;
const MAX_MEMORY: f64 = 150.0;

const DEFAULT_ROUNDS: usize = 10;

fn main() -> ExitCode {
    let mut rounds = DEFAULT_ROUNDS;
    let mut threads = std::thread::available_parallelism().map_or(1, usize::from);
    let mut projects = Vec::new();
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let mut number = |default| arguments.next().and_then(|text| text.parse().ok()).unwrap_or(default);
        match argument.as_str() {
            // What `cargo bench` adds.
            "--bench" => {}
            "--rounds" => rounds = number(DEFAULT_ROUNDS).max(1),
            "--threads" => threads = number(threads).max(1),
            path => projects.push(PathBuf::from(path)),
        }
    }
    if projects.is_empty() {
        projects.push(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/newsroom"));
    }
    let mut is_within = true;
    for project in &projects {
        is_within &= measure(project, rounds, threads);
    }
    if is_within { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Measures one project and prints the figures; whether they are within the bar.
fn measure(root: &Path, rounds: usize, threads: usize) -> bool {
    let files = files(root);
    let lines = lines(&files);
    let (mut parsing, mut checking) = (Duration::MAX, Duration::MAX);
    let (mut memory, mut phases) = (0, String::new());
    for _ in 0..rounds {
        parsing = parsing.min(parse_all(&files, threads));
        let checked = check(root, threads);
        memory = memory.max(checked.memory);
        if checked.took < checking {
            (checking, phases) = (checked.took, checked.phases);
        }
    }
    let ratio = checking.as_secs_f64() / parsing.as_secs_f64();
    let mega = memory as f64 / 1e6;
    let per_million = mega / (lines as f64 / 1e6);
    println!("{}: {} Python files, {lines} lines, {threads} threads", root.display(), files.len());
    println!("  parser alone  {:>7.1} ms", parsing.as_secs_f64() * 1e3);
    println!("  tuneup check  {:>7.1} ms, ratio {ratio:.2} (bar {MAX_RATIO})", checking.as_secs_f64() * 1e3);
    println!("  peak memory   {mega:>7.1} MB, {per_million:.0} MB per million lines (bar {MAX_MEMORY})");
    println!("{phases}");
    ratio <= MAX_RATIO && mega < MAX_MEMORY * (lines as f64 / 1e6).max(1.0)
}

/// The files that `tuneup` reads, in its order.
fn files(root: &Path) -> Vec<PathBuf> {
    let options = LoadOptions { depth: &|_| Depth::OnDemand, ..LoadOptions::new(root) };
    let project = Project::load(&options);
    project.file_ids().map(|file| project.absolute_path(file)).collect()
}

fn lines(files: &[PathBuf]) -> usize {
    let count = |path: &PathBuf| {
        std::fs::read(path).map_or(0, |bytes| bytes.iter().filter(|byte| **byte == b'\n').count())
    };
    files.iter().map(count).sum()
}

/// Reads and parses all files, and drops the trees.
fn parse_all(files: &[PathBuf], threads: usize) -> Duration {
    let next = AtomicUsize::new(0);
    let start = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while let Some(path) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let Ok(text) = std::fs::read_to_string(path) else { continue };
                    let options =
                        ParseOptions::from(Mode::Module).with_target_version(PythonVersion::latest_preview());
                    std::hint::black_box(parse_unchecked(&text, options));
                }
            });
        }
    });
    start.elapsed()
}

/// What a whole run came to.
struct Checked {
    took: Duration,
    /// The largest amount of memory held, in bytes.
    memory: u64,
    phases: String,
}

fn check(root: &Path, threads: usize) -> Checked {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tuneup"));
    command.arg("check").arg(root).args(["--output-format", "concise", "--verbose", "--threads"]);
    command.arg(threads.to_string());
    let start = Instant::now();
    let output = command.output().expect("tuneup can be run");
    let took = start.elapsed();
    let notes = String::from_utf8_lossy(&output.stderr);
    let memory = notes.lines().find_map(|line| {
        let megabytes: f64 = line.trim().strip_prefix("peak memory ")?.strip_suffix(" MB")?.parse().ok()?;
        Some((megabytes * 1e6) as u64)
    });
    let phases: Vec<&str> = notes.lines().filter(|line| line.ends_with(" ms")).collect();
    Checked { took, memory: memory.unwrap_or_default(), phases: phases.join("\n") }
}
