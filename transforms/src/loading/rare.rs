//! Code that runs almost never: the handler of an exception that says that the data are not as the code takes them to
//! be. What it reads for every row costs nobody anything that is worth loading it. Nor does what the handler of any exception
//! at all reads of rows that it has not asked for itself: what it asks for may stand in for what was tried.

use ruff_text_size::TextRange;
use rustc_hash::FxHashMap;
use tuneup_django::Project;
use tuneup_django::queries::{Query, Site};
use tuneup_python::FileId;
use tuneup_python::flow::{Block, Expr, ExprKind, FileFacts, StmtKind};

/// Exceptions that tell of broken data or of a database that fails. Others are how code asks: whether there is a row, or
/// something in a cache.
const BROKEN: &[&str] = &[
    "MultipleObjectsReturned",
    "DatabaseError",
    "DataError",
    "IntegrityError",
    "InterfaceError",
    "InternalError",
    "NotSupportedError",
    "OperationalError",
    "ProgrammingError",
];

/// Exceptions that are all others too.
const ANY: &[&str] = &["BaseException", "Exception"];

/// The handlers of such exceptions in the files that were asked for.
#[derive(Default)]
pub(super) struct Rare {
    handlers: FxHashMap<FileId, Vec<Handler>>,
}

/// A handler of exceptions.
struct Handler {
    /// What it does.
    stretch: TextRange,
    /// Whether it catches any exception.
    is_wide: bool,
}

impl Rare {
    /// Whether a query stands in the handler of an exception that tells of broken data.
    pub(super) fn asks(&mut self, project: &Project, site: &Site) -> bool {
        self.handlers_of(project, site).iter().any(|it| !it.is_wide && it.stretch.contains_range(site.range))
    }

    /// Whether rows are read in the handler of an exception that tells of broken data, or in one of any exception that has not
    /// asked for them.
    pub(super) fn reads(&mut self, project: &Project, query: &Query, site: &Site) -> bool {
        let is_asked_in = |handler: &Handler| {
            let is_in = |asked: &Site| asked.file == site.file && handler.stretch.contains_range(asked.range);
            query.sites.iter().any(is_in)
        };
        let handlers = self.handlers_of(project, site).iter();
        let mut around = handlers.filter(|it| it.stretch.contains_range(site.range));
        around.any(|it| !it.is_wide || !is_asked_in(it))
    }

    fn handlers_of(&mut self, project: &Project, site: &Site) -> &[Handler] {
        match site.file.as_other() {
            Some(_) => &[],
            None => {
                self.handlers.entry(site.file).or_insert_with(|| handlers(project.source.facts(site.file)))
            }
        }
    }
}

fn handlers(facts: &FileFacts) -> Vec<Handler> {
    let tries = facts.stmts.iter().filter_map(|stmt| match stmt.kind {
        StmtKind::Try(blocks) => Some(facts.tried(blocks).handlers),
        _ => None,
    });
    tries.flatten().filter_map(|&handler| rare(facts, handler)).collect()
}

/// A handler that catches nothing but such exceptions.
fn rare(facts: &FileFacts, handler: Block) -> Option<Handler> {
    let [first, .., last] = facts.block(handler) else { return None };
    let (StmtKind::Expr(caught) | StmtKind::Assign(_, caught)) = first.kind else { return None };
    let ExprKind::Caught(caught) = facts.kind(caught) else { return None };
    let kinds = match facts.list(caught) {
        &[kind] if let ExprKind::Tuple(kinds) = facts.kind(kind) => facts.list(kinds),
        kinds => kinds,
    };
    // `except:` catches whatever there is.
    let is_wide = kinds.is_empty() || kinds.iter().any(|&kind| is_named(facts, kind, ANY));
    let is_rare = is_wide || kinds.iter().all(|&kind| is_named(facts, kind, BROKEN));
    is_rare.then(|| Handler { stretch: first.range.cover(last.range), is_wide })
}

fn is_named(facts: &FileFacts, kind: Expr, names: &[&str]) -> bool {
    match facts.kind(kind) {
        ExprKind::Attribute(_, name) | ExprKind::Global(name) => names.contains(&name.as_str()),
        _ => false,
    }
}
