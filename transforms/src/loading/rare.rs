//! Code that runs almost never: the handler of an exception that says that the data are not as the code takes them to
//! be. What it reads for every row costs nobody anything that is worth loading it.

use ruff_text_size::TextRange;
use rustc_hash::FxHashMap;
use tuneup_django::Project;
use tuneup_django::queries::Site;
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

/// The handlers of such exceptions in the files that were asked for.
#[derive(Default)]
pub(super) struct Rare {
    handlers: FxHashMap<FileId, Vec<TextRange>>,
}

impl Rare {
    /// Whether an expression stands in such a handler.
    pub(super) fn has(&mut self, project: &Project, site: &Site) -> bool {
        if site.file.as_other().is_some() {
            return false;
        }
        let handlers =
            self.handlers.entry(site.file).or_insert_with(|| handlers(project.source.facts(site.file)));
        handlers.iter().any(|handler| handler.contains_range(site.range))
    }
}

fn handlers(facts: &FileFacts) -> Vec<TextRange> {
    let tries = facts.stmts.iter().filter_map(|stmt| match stmt.kind {
        StmtKind::Try(blocks) => Some(facts.tried(blocks).handlers),
        _ => None,
    });
    tries.flatten().filter_map(|&handler| broken(facts, handler)).collect()
}

/// The stretch of a handler that catches nothing but such exceptions.
fn broken(facts: &FileFacts, handler: Block) -> Option<TextRange> {
    let [first, .., last] = facts.block(handler) else { return None };
    let (StmtKind::Expr(caught) | StmtKind::Assign(_, caught)) = first.kind else { return None };
    let ExprKind::Caught(kinds) = facts.kind(caught) else { return None };
    let &[kind] = facts.list(kinds) else { return None };
    let is_broken = match facts.kind(kind) {
        ExprKind::Tuple(kinds) => facts.list(kinds).iter().all(|&kind| is_broken(facts, kind)),
        _ => is_broken(facts, kind),
    };
    is_broken.then(|| first.range.cover(last.range))
}

fn is_broken(facts: &FileFacts, kind: Expr) -> bool {
    match facts.kind(kind) {
        ExprKind::Attribute(_, name) | ExprKind::Global(name) => BROKEN.contains(&name.as_str()),
        _ => false,
    }
}
