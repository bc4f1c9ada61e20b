//! Text, made of exactly the approved proposals.
//!
//! What they ask of one query is united before a letter is written, so the result is the same in whatever order
//! they were approved, and any of them can be left out. Every file is checked before it counts: it parses, its
//! comments are those it had, and nothing outside the edits has changed. A proposal that fails is withheld whole,
//! and the rest is rendered without it.

mod cycles;
mod implied;
mod load;
mod names;
mod plan;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use ruff_text_size::{TextRange, TextSize};
use tuneup_python::edit::{Edits, Home, Layout, Refusal, Target, guarded, settle};
use tuneup_python::{Project, SourceText};

use crate::proposal::{Change, Proposal, QueryForm};
use names::Names;
use plan::Plan;

/// What the approved proposals come to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rendering {
    /// The files that change, sorted by path.
    pub files: Vec<RenderedFile>,
    /// The ids of the proposals that could not be written, sorted, each with the reason.
    pub withheld: Vec<(String, String)>,
}

/// A file that changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenderedFile {
    /// Relative to the root, with `/`.
    pub path: String,
    /// Its bytes as read.
    pub before: Vec<u8>,
    /// Its bytes to write.
    pub after: Vec<u8>,
    /// The edits between the two: first byte, byte after the last, and the new text. Bytes count in the file as
    /// read.
    pub edits: Vec<(usize, usize, String)>,
}

/// Where files are read from.
pub trait Files {
    /// The text of a Python file, by its path from the root. An error, for a person, if it cannot be had.
    fn text(&self, path: &str) -> Result<SourceText, String>;

    /// How the file's project lays out its Python.
    fn layout(&self, path: &str) -> Layout;

    /// The dotted name of the module that a file is, and whether it is a package's `__init__`.
    fn module(&self, path: &str) -> Option<(String, bool)>;

    /// Whether a top-level package or module is the project's own.
    fn is_first_party(&self, top: &str) -> bool;

    /// Whether to import a module may lead to the import of the file at `path`.
    fn may_lead_back(&self, module: &str, path: &str) -> bool;
}

impl Files for Project {
    fn text(&self, path: &str) -> Result<SourceText, String> {
        let file = self.file_at(path).ok_or_else(|| "no such Python file in the project".to_owned())?;
        self.source(file).map_err(|problem| problem.message)
    }

    fn layout(&self, path: &str) -> Layout {
        Layout::of_file(self.root(), path)
    }

    fn module(&self, path: &str) -> Option<(String, bool)> {
        let file = self.file(self.file_at(path)?);
        Some((file.module.as_str().to_owned(), file.is_package))
    }

    fn is_first_party(&self, top: &str) -> bool {
        let below = |module: &str| {
            module.strip_prefix(top).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        self.files().iter().any(|file| below(file.module.as_str()))
    }

    fn may_lead_back(&self, module: &str, path: &str) -> bool {
        match self.file_at(path) {
            Some(file) => cycles::may_lead_to(self, module, file),
            None => true,
        }
    }
}

/// Makes text of the approved proposals, in whatever order they come.
pub fn render(files: &dyn Files, approved: &[&Proposal]) -> Rendering {
    let mut approved = approved.to_vec();
    approved.sort_by(|a, b| a.id.cmp(&b.id));
    approved.dedup_by(|a, b| a.id == b.id);
    let mut withheld: BTreeMap<&str, String> = BTreeMap::new();
    loop {
        let active: Vec<&Proposal> = approved
            .iter()
            .copied()
            .filter(|proposal| !withheld.contains_key(proposal.id.as_str()))
            .collect();
        let mut rendered = Vec::new();
        let held = withheld.len();
        for (path, queries) in by_file(&active) {
            match render_file(files, path, &queries) {
                Ok(file) => rendered.push(file),
                Err(failures) => {
                    for (id, reason) in failures {
                        withheld.entry(id).or_insert(reason);
                    }
                }
            }
        }
        // A proposal is written in all of its files or in none, so what failed is taken out of the others too.
        if withheld.len() == held {
            let files = rendered.into_iter().filter(|file| file.before != file.after).collect();
            let withheld = withheld.into_iter().map(|(id, reason)| (id.to_owned(), reason)).collect();
            return Rendering { files, withheld };
        }
    }
}

/// What is asked of one query, and by which proposals.
struct Query<'a> {
    range: TextRange,
    form: &'a QueryForm,
    plan: Plan,
    asked_by: Vec<&'a str>,
}

/// The queries to change, by file and place.
fn by_file<'a>(active: &[&'a Proposal]) -> BTreeMap<&'a str, Vec<Query<'a>>> {
    let mut files: BTreeMap<&str, BTreeMap<(TextSize, TextSize), Query>> = BTreeMap::new();
    for proposal in active {
        for change in &proposal.changes {
            let Change::ExtendPlan { query, form, select, prefetch } = change;
            let queries = files.entry(&query.path).or_default();
            let query = queries.entry((query.start, query.end)).or_insert_with(|| Query {
                range: query.range(),
                form,
                plan: Plan::default(),
                asked_by: Vec::new(),
            });
            query.plan.unite(select, prefetch);
            query.asked_by.push(&proposal.id);
        }
    }
    files.into_iter().map(|(path, queries)| (path, queries.into_values().collect())).collect()
}

/// Ids of proposals that cannot be written, with the reasons.
type Failures<'a> = Vec<(&'a str, String)>;

fn render_file<'a>(
    files: &dyn Files,
    path: &str,
    queries: &[Query<'a>],
) -> Result<RenderedFile, Failures<'a>> {
    let source = files.text(path).map_err(|reason| blame(queries, &reason))?;
    match write(files, path, &source, &queries.iter().collect::<Vec<_>>()) {
        Ok(edits) => finish(&source, path, &edits).map_err(|reason| blame(queries, &reason)),
        Err(refusal) => {
            // Those that fail on their own are at fault; if none does, it is their meeting, and all are.
            let mut failures = Vec::new();
            for query in queries {
                if let Err(refusal) = write(files, path, &source, &[query]) {
                    failures.extend(query.asked_by.iter().map(|id| (*id, refusal.0.clone())));
                }
            }
            if failures.is_empty() { Err(blame(queries, &refusal.0)) } else { Err(failures) }
        }
    }
}

fn blame<'a>(queries: &[Query<'a>], reason: &str) -> Failures<'a> {
    queries.iter().flat_map(|query| &query.asked_by).map(|id| (*id, reason.to_owned())).collect()
}

/// The edits of a file for some of its queries, checked.
fn write(files: &dyn Files, path: &str, source: &SourceText, queries: &[&Query]) -> Result<Edits, Refusal> {
    let layout = files.layout(path);
    let (module, is_package) = files.module(path).unwrap_or_default();
    let is_first_party = |top: &str| files.is_first_party(top);
    let make = |target: &Target| {
        let home = Home { module: &module, is_package, is_first_party: &is_first_party };
        let mut names = Names::new(files, path, target, home);
        let mut groups = Vec::new();
        for query in queries {
            groups.push(match query.form {
                QueryForm::Chain => load::edits(target, query.range, &query.plan, &mut names)?,
                QueryForm::Admin => implied::admin(target, query.range, &query.plan, &mut names)?,
                QueryForm::ModelArgument { manager } => {
                    implied::argument(target, query.range, manager, &query.plan, &mut names)?
                }
                QueryForm::ModelAttribute { manager } => {
                    implied::attribute(target, query.range, manager, &query.plan, &mut names)?
                }
            });
        }
        groups.extend(names.edits()?);
        Ok(groups)
    };
    guarded(|| settle(source.text(), &layout, &make))
}

fn finish(source: &SourceText, path: &str, edits: &Edits) -> Result<RenderedFile, String> {
    let encode = |text: &str| source.encode(text).map_err(|fault| fault.message);
    let (before, after) = (encode(source.text())?, encode(&edits.apply(source.text()))?);
    let place = |edit: &tuneup_python::edit::Edit| {
        let start = source.file_offset(edit.range.start());
        (start, source.file_offset(edit.range.end()), edit.content.clone())
    };
    Ok(RenderedFile {
        path: path.to_owned(),
        before,
        after,
        edits: edits.as_slice().iter().map(place).collect(),
    })
}
