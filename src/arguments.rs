//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

/// Finds what will make a Django project slow in production, and writes the fixes for review.
///
/// The project is read, never imported or run. Nothing is written but by `apply` and `review`.
#[derive(Debug, Parser)]
#[command(name = "tuneup", version, max_term_width = 100, after_long_help = EXIT_CODES)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Colours on the terminal.
    #[arg(long, global = true, value_enum, default_value_t = Color::Auto)]
    pub(crate) color: Color,
}

/// What scripts go by.
const EXIT_CODES: &str = "\
Exit codes:
  0  nothing to propose, or all was applied
  1  proposals are left, or a diff is not empty
  2  wrong usage, wrong configuration, an internal error, or files that could not be read";

/// Colours on the terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    /// On a terminal, unless NO_COLOR is set or TERM is dumb; elsewhere with FORCE_COLOR.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Report what would be changed, and why.
    Check {
        #[command(flatten)]
        project: ProjectArguments,
        /// How to report.
        #[arg(long, value_enum, default_value_t = OutputFormat::Full)]
        output_format: OutputFormat,
        /// Write the report to a file, whole or not at all, instead of to standard output.
        #[arg(long, value_name = "FILE")]
        output_file: Option<PathBuf>,
        /// Report numbers for each rule instead of proposals; in the formats `full`, `concise`, `json`, `json-lines` and
        /// `github`.
        #[arg(long)]
        statistics: bool,
        /// Report what tuneup-baseline.json knows too.
        #[arg(long)]
        no_baseline: bool,
        #[command(flatten)]
        scope: ScopeArguments,
    },
    /// Write a performance audit: one page that needs no server, with all that was found, proven and ranked.
    Report {
        #[command(flatten)]
        project: ProjectArguments,
        /// The page.
        #[arg(long, value_name = "FILE", default_value = "tuneup-report.html")]
        output: PathBuf,
    },
    /// Print what would be changed as a unified diff, for `git apply` and `patch -p1`.
    ///
    /// It applies in the current folder, or in the project's where that is given from elsewhere: by an absolute
    /// path, or by one that leads up.
    Diff {
        #[command(flatten)]
        project: ProjectArguments,
        /// Include proposals that a person must look at.
        #[arg(long = "unsafe")]
        with_unsafe: bool,
        #[command(flatten)]
        scope: ScopeArguments,
    },
    /// Write the safe changes.
    ///
    /// All files or none are written, whatever stops the program; `tuneup undo` takes them back.
    Apply(Apply),
    /// Ask for each proposal, then write those that were approved.
    ///
    /// Decisions are kept in .tuneup/ as they are made: leave at any time and go on another day. Only what has
    /// changed since is asked again.
    Review {
        #[command(flatten)]
        project: ProjectArguments,
        /// Go on with what was decided before, as is done anyway.
        #[arg(long, conflicts_with = "fresh")]
        resume: bool,
        /// Forget what was decided before.
        #[arg(long)]
        fresh: bool,
        /// Ask line by line, as where TERM=dumb.
        #[arg(long)]
        plain: bool,
        /// Write a plan of what was approved instead, for `tuneup apply --plan`. Without a terminal, of what was
        /// approved before.
        #[arg(long, value_name = "FILE")]
        export: Option<PathBuf>,
        #[command(flatten)]
        guard: GuardArguments,
    },
    /// Take back what was last written, byte for byte.
    Undo {
        /// What to take back, by its number; otherwise the last that stands. A number that is itself an undo is
        /// made again.
        number: Option<u32>,
        /// List what was written and what was taken back.
        #[arg(long, conflicts_with = "number")]
        list: bool,
        /// The project's folder.
        #[arg(long, default_value = ".", value_name = "PATH")]
        project: PathBuf,
    },
    /// Write tuneup-baseline.json: today's proposals, so that `check` reports only what is new since.
    Baseline {
        #[command(flatten)]
        project: ProjectArguments,
        /// Drop what is not proposed any more. Nothing is ever added.
        #[arg(long)]
        update: bool,
    },
    /// Print the configuration that counts, and where each value came from.
    Config {
        #[command(flatten)]
        project: ProjectArguments,
    },
    /// Serve an editor by the language server protocol, on standard input and output.
    Server {
        /// A value of the configuration, as `KEY=VALUE`; `tuneup config` lists the keys.
        #[arg(long, value_name = "KEY=VALUE")]
        config: Vec<String>,
        /// As is done anyway; editors say it.
        #[arg(long, hide = true)]
        stdio: bool,
        /// The editor's process; it is known to have ended by its end of the pipe.
        #[arg(long = "clientProcessId", hide = true)]
        client_process: Option<u32>,
    },
    /// Print the script that completes `tuneup` in a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page, for `man`.
    Man {
        /// The command whose page it is; otherwise that of the program.
        command: Option<String>,
    },
    /// List the rules.
    Rules,
    /// Explain a rule: what it does, why, when it is safe, with examples.
    Explain {
        /// The rule's name.
        rule: String,
        /// All examples; on a terminal the first ones are shown otherwise. Elsewhere the whole page is written as
        /// Markdown.
        #[arg(long)]
        all: bool,
    },
}

/// Write the safe changes.
#[derive(Debug, Args)]
pub(crate) struct Apply {
    #[command(flatten)]
    pub(crate) project: ProjectArguments,
    /// Write unsafe changes too.
    #[arg(long = "unsafe", conflicts_with = "plan")]
    pub(crate) with_unsafe: bool,
    /// Write exactly what was approved in a plan of `tuneup review --export`; nothing, where any of it does not
    /// match the project any more.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["since", "staged"])]
    pub(crate) plan: Option<PathBuf>,
    /// Write nothing; say what would be written, with exit code 1 where that is anything.
    #[arg(long)]
    pub(crate) check: bool,
    /// Commit what is written, one commit for each rule, with what proves it in the message. Hooks run. Where a commit
    /// is refused its files are put back.
    #[arg(long, conflicts_with_all = ["check", "staged"])]
    pub(crate) commit: bool,
    #[command(flatten)]
    pub(crate) scope: ScopeArguments,
    #[command(flatten)]
    pub(crate) guard: GuardArguments,
}

/// How to report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OutputFormat {
    /// With source excerpts.
    Full,
    /// One line for each proposal.
    Concise,
    /// For programs.
    Json,
    /// The same, one proposal or error on each line.
    JsonLines,
    /// SARIF 2.1.0, with fixes: code scanning, and editors.
    Sarif,
    /// Annotations of GitHub Actions.
    Github,
    /// A code quality report of GitLab.
    Gitlab,
    /// Test results as JUnit writes them.
    Junit,
}

/// What to read.
#[derive(Debug, Args)]
pub(crate) struct ProjectArguments {
    /// The project's folder, or one file.
    #[arg(default_value = ".")]
    pub(crate) path: PathBuf,
    /// Only these rules, by name; several with commas.
    #[arg(long, value_delimiter = ',', value_name = "RULE")]
    pub(crate) select: Vec<String>,
    /// All rules but these.
    #[arg(long, value_delimiter = ',', value_name = "RULE")]
    pub(crate) ignore: Vec<String>,
    /// Paths to leave out, as in a .gitignore; several with commas.
    #[arg(long, value_delimiter = ',', value_name = "PATTERN")]
    pub(crate) exclude: Vec<String>,
    /// An interpreter or virtual environment whose installed packages may be read.
    #[arg(long, value_name = "PATH")]
    pub(crate) python: Option<PathBuf>,
    /// Django's version, where the project does not say it.
    #[arg(long, value_name = "VERSION")]
    pub(crate) django: Option<String>,
    /// The module of the production settings, where it is not the one that the deployment names.
    #[arg(long, value_name = "MODULE")]
    pub(crate) settings: Option<String>,
    /// Make indexes while the database goes on writing, where every database is PostgreSQL: `AddIndexConcurrently`, one
    /// to a migration.
    #[arg(long)]
    pub(crate) concurrently: bool,
    /// A value of the configuration, as `KEY=VALUE`; `tuneup config` lists the keys.
    #[arg(long, value_name = "KEY=VALUE")]
    pub(crate) config: Vec<String>,
    /// Read no configuration file.
    #[arg(long)]
    pub(crate) isolated: bool,
    /// How many threads, at most one on each core; 0 for as many.
    #[arg(long, default_value_t = 0, value_name = "N")]
    pub(crate) threads: usize,
    /// Say less: no notes and no summary on standard error.
    #[arg(short, long)]
    pub(crate) quiet: bool,
    /// Say more: what was read, which settings are production's and why, what is left open, and how long it took.
    #[arg(short, long)]
    pub(crate) verbose: bool,
}

impl ProjectArguments {
    /// A folder, and nothing else said.
    pub(crate) fn of(path: PathBuf) -> Self {
        Self {
            path,
            select: Vec::new(),
            ignore: Vec::new(),
            exclude: Vec::new(),
            python: None,
            django: None,
            settings: None,
            concurrently: false,
            config: Vec::new(),
            isolated: false,
            threads: 0,
            quiet: false,
            verbose: false,
        }
    }
}

/// What changes a command is about. Whatever it is, the whole project is read.
#[derive(Debug, Default, Args)]
pub(crate) struct ScopeArguments {
    /// Only what files have part in that changed since a commit, or since the branch left it; no other file is
    /// edited. All files are read.
    #[arg(long, value_name = "REF", conflicts_with = "staged")]
    pub(crate) since: Option<String>,
    /// Only what staged files have part in; no other file is edited. All files are read, as they are on the disk.
    #[arg(long)]
    pub(crate) staged: bool,
}

/// What must be so before files are written.
#[derive(Debug, Args)]
pub(crate) struct GuardArguments {
    /// Write though files have changes that are not committed.
    #[arg(long)]
    pub(crate) allow_dirty: bool,
    /// Write though the project is not in a git repository.
    #[arg(long)]
    pub(crate) allow_no_vcs: bool,
}
