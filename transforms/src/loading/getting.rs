//! Who gets the rows that a function has asked for and gives: `return {page.number: page for page in pages}`, or the one
//! object, as a view's `self.get_object()`. They cannot ask the query for more, so that what one of them reads is loaded
//! for all of them.

use ruff_text_size::TextRange;
use rustc_hash::FxHashSet;
use tuneup_django::Project;
use tuneup_django::paths::path_of;
use tuneup_django::queries::{Doer, FxIndexSet, Query, Read, Site, SiteForm};
use tuneup_python::flow::{ExprKind, FunctionId};
use tuneup_python::{FunctionRef, Symbol};

use super::callers::{Caller, Share};
use super::key;
use super::reaching::{Calls, add_readers};

/// Those who get the rows that are asked for at `site`, the query's own or those that it leads to `rest` steps before
/// what is read, from the function that asks; and who of them comes to where that is read. Nothing where that cannot
/// be told: what a template reads, or what the function reads itself, is for all of them.
pub(super) fn getters(
    project: &Project,
    calls: &mut Calls,
    (query, read): (&Query, &Read),
    site: &Site,
    rest: usize,
) -> Vec<Caller> {
    let function = |site: &Site| {
        let id = site.function.filter(|_| site.file.as_other().is_none())?;
        Some(FunctionRef { file: site.file, id })
    };
    let is_whole = rest == read.steps.len();
    let asked = (!is_whole).then_some(*site);
    let last = if is_whole { query.sites.last().and_then(function) } else { function(site) };
    let Some(asks) = function(site).filter(|&asks| last == Some(asks)) else { return Vec::new() };
    let given_by = query.returned_by.iter().filter(|(at, _)| *at == asked);
    let given_by: FxHashSet<FunctionRef> = given_by.map(|&(_, function)| function).collect();
    if !given_by.contains(&asks) {
        return Vec::new();
    }
    // What hands them on is none of those who use them.
    let mut giving = FxIndexSet::from_iter([asks]);
    let mut users: FxIndexSet<FunctionRef> = FxIndexSet::default();
    let mut at = 0;
    while let Some(&given) = giving.get_index(at) {
        at += 1;
        let callers = project.callers(given);
        // What a framework does with its one object is not seen here.
        if callers.is_empty() || read.alone && project.is_served(given) {
            return Vec::new();
        }
        for &caller in callers {
            if caller.file.as_other().is_some() {
                return Vec::new();
            }
            let known = if given_by.contains(&caller) { &mut giving } else { &mut users };
            known.insert(caller);
        }
    }
    users.retain(|user| !project.is_aside(user.file));
    let path = path_of(&read.steps);
    let mut readers = FxHashSet::default();
    for other in query.reads.iter().filter(|other| path_of(&other.steps) == path) {
        if !add_readers(project, calls, other, &giving, &mut readers) {
            return Vec::new();
        }
    }
    let reads = |user: &FunctionRef| readers.contains(&Doer::Function(*user));
    if users.iter().any(reads) {
        users.extend(naming(project, &giving));
    }
    if users.len() < 2 || giving.iter().any(reads) || !users.iter().any(reads) {
        return Vec::new();
    }
    let callers = users.iter().map(|user| Caller {
        site: call(project, *user, &giving),
        share: if reads(user) { Share::Gains } else { Share::Pays },
    });
    let mut callers: Vec<Caller> = callers.collect();
    callers.sort_by_key(|caller| key(&caller.site));
    callers
}

/// The functions that name a method which gives the rows, of objects that are not seen to be of its class: where no other
/// function has its name, they get these rows too.
fn naming(project: &Project, giving: &FxIndexSet<FunctionRef>) -> Vec<FunctionRef> {
    let source = &project.source;
    let of = |function: FunctionRef| source.facts(function.file).function(function.id);
    let methods = giving.iter().filter(|&&function| of(function).class.is_some());
    let names: FxHashSet<Symbol> = methods.map(|&function| of(function).name).collect();
    let texts: Vec<&str> = names.iter().map(|name| name.as_str()).collect();
    let mut found: Vec<(Symbol, FunctionRef)> = Vec::new();
    let mut shared: FxHashSet<Symbol> = FxHashSet::default();
    let own = source.file_ids().filter(|&file| !source.file(file).is_third_party && !project.is_aside(file));
    for file in own.filter(|&file| source.may_have(file, &texts)) {
        let facts = source.facts(file);
        let mut functions = Vec::new();
        for (index, function) in facts.functions.iter().enumerate() {
            let function_ref = FunctionRef { file, id: FunctionId(index as u32) };
            if names.contains(&function.name) && !giving.contains(&function_ref) {
                shared.insert(function.name);
            }
            functions.push((function.range, function_ref));
        }
        for expr in &facts.exprs {
            let ExprKind::Attribute(_, name) = expr.kind else { continue };
            if names.contains(&name)
                && let Some((_, around)) =
                    functions.iter().rfind(|(range, _)| range.contains_range(expr.range))
                && !giving.contains(around)
            {
                found.push((name, *around));
            }
        }
    }
    found.into_iter().filter(|(name, _)| !shared.contains(name)).map(|(_, function)| function).collect()
}

/// Where a function calls one of those that give the rows, or itself where that is not seen.
fn call(project: &Project, caller: FunctionRef, giving: &FxIndexSet<FunctionRef>) -> Site {
    let facts = project.source.facts(caller.file);
    let within = facts.function(caller.id).range;
    let name = |function: &FunctionRef| project.source.facts(function.file).function(function.id).name;
    let names: FxHashSet<Symbol> = giving.iter().map(name).collect();
    let call = facts.exprs_within(within).find(|(_, expr)| match expr.kind {
        ExprKind::Attribute(_, name) | ExprKind::Global(name) => names.contains(&name),
        _ => false,
    });
    let range = call.map_or(TextRange::empty(within.start()), |(_, call)| call.range);
    Site { file: caller.file, range, function: Some(caller.id), form: SiteForm::Declaration }
}
