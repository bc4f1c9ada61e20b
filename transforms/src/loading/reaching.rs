//! Who comes to what reads rows: those that call it, or have a serializer show it. A call that gives `False` for a parameter,
//! or leaves it to be that, does not come to what stands behind a test of it: `if copy:`.

use ruff_text_size::TextRange;
use rustc_hash::{FxHashMap, FxHashSet};
use tuneup_django::Project;
use tuneup_django::queries::{Doer, FxIndexSet, Read, Site};
use tuneup_python::flow::{ArgumentKind, Block, ExprKind, FileFacts, Function, Run, StmtKind};
use tuneup_python::{FunctionRef, Symbol};

/// A parameter of a function, by its place, that decides by what it counts as whether something is run.
type Need = (u32, bool);

/// A call, by its arguments.
#[derive(Clone, Copy)]
struct Call {
    arguments: Run,
    /// Whether it is of something, as that of a method is.
    of_something: bool,
    /// What decides whether it is made.
    decided: Option<Need>,
}

/// The calls that functions make, by the names that they call, where that was asked.
#[derive(Default)]
pub(super) struct Calls {
    of: FxHashMap<FunctionRef, FxHashMap<Symbol, Vec<Call>>>,
}

impl Calls {
    /// The calls of a name in a function.
    fn named(&mut self, project: &Project, caller: FunctionRef, name: Symbol) -> &[Call] {
        let calls = self.of.entry(caller).or_insert_with(|| calls_of(project, caller));
        calls.get(&name).map_or(&[], Vec::as_slice)
    }
}

/// All calls that a function makes by name.
fn calls_of(project: &Project, caller: FunctionRef) -> FxHashMap<Symbol, Vec<Call>> {
    let facts = project.source.facts(caller.file);
    let definition = facts.function(caller.id);
    let variables = &facts.slot_names[definition.slots.indices()];
    let mut calls: FxHashMap<Symbol, Vec<Call>> = FxHashMap::default();
    for (_, expr) in facts.exprs_within(definition.range) {
        let ExprKind::Call(callee, arguments) = expr.kind else { continue };
        let (name, of_something) = match facts.kind(callee) {
            ExprKind::Attribute(_, name) => (name, true),
            ExprKind::Global(name) => (name, false),
            // It is imported there.
            ExprKind::Local(slot) if let Some(&name) = variables.get(slot as usize) => (name, false),
            _ => continue,
        };
        let decided = innermost(facts, definition, definition.body, expr.range);
        calls.entry(name).or_default().push(Call { arguments, of_something, decided });
    }
    calls
}

/// The functions of some places and those that come to them.
pub(super) fn above<'s>(project: &Project, sites: impl Iterator<Item = &'s Site>) -> FxHashSet<FunctionRef> {
    let functions = sites.filter_map(|site| site.function.map(|id| FunctionRef { file: site.file, id }));
    let mut open: Vec<FunctionRef> = functions.collect();
    let mut found = FxHashSet::default();
    while let Some(function) = open.pop() {
        if found.insert(function) {
            open.extend(project.callers(function));
        }
    }
    found
}

/// Adds what reads and those that come to it, but not through those that give the rows. Says whether it is known who does:
/// what a template reads is for all.
pub(super) fn add_readers(
    project: &Project,
    calls: &mut Calls,
    read: &Read,
    giving: &FxIndexSet<FunctionRef>,
    found: &mut FxHashSet<Doer>,
) -> bool {
    let site = &read.site;
    if site.file.as_other().is_some() {
        return false;
    }
    match (site.function, read.shown_by) {
        (Some(id), _) => {
            let function = FunctionRef { file: site.file, id };
            let need = decided_by(project, function, site.range);
            add_all_above(project, calls, (Doer::Function(function), need), giving, found);
        }
        // What a serializer declares is read for those who show rows by it, or by one that extends it.
        (None, Some(class)) => {
            for &class in project.extending(class) {
                add_all_above(project, calls, (Doer::Class(class), None), giving, found);
            }
        }
        (None, None) => return false,
    }
    true
}

fn add_all_above(
    project: &Project,
    calls: &mut Calls,
    reader: (Doer, Option<Need>),
    giving: &FxIndexSet<FunctionRef>,
    found: &mut FxHashSet<Doer>,
) {
    let gives = |doer: Doer| matches!(doer, Doer::Function(function) if giving.contains(&function));
    let mut seen = FxHashSet::default();
    let mut open = vec![reader];
    while let Some((doer, need)) = open.pop() {
        // Who has come there in any case, for those before it as well.
        if seen.contains(&(doer, None)) || !seen.insert((doer, need)) {
            continue;
        }
        found.insert(doer);
        if gives(doer) {
            continue;
        }
        for before in project.doers_before(doer) {
            match (doer, before) {
                // A template gives no flags.
                (Doer::Function(function), Doer::Function(caller))
                    if function.file.as_other().is_none() && caller.file.as_other().is_none() =>
                {
                    let needs = needs_of(project, calls, (caller, function), need);
                    open.extend(needs.into_iter().map(|need| (before, need)));
                }
                _ => open.push((before, None)),
            }
        }
    }
}

/// What must be given to a caller for each of those of its calls that may come to what a function does where it is given what
/// that needs.
fn needs_of(
    project: &Project,
    calls: &mut Calls,
    (caller, function): (FunctionRef, FunctionRef),
    need: Option<Need>,
) -> Vec<Option<Need>> {
    let facts = project.source.facts(caller.file);
    let name = project.source.facts(function.file).function(function.id).name;
    let calls = calls.named(project, caller, name);
    if calls.is_empty() {
        return vec![None];
    }
    let may_come = |call: &Call| {
        let given = need.map_or(Given::Anything, |need| given(project, facts, call, function, need));
        match given {
            Given::Other => None,
            Given::Parameter(slot) if call.decided.is_none() => {
                let is_its = is_unbound(facts, facts.function(caller.id), slot);
                Some(need.filter(|_| is_its).map(|(_, truth)| (slot, truth)))
            }
            Given::Anything | Given::Parameter(_) => Some(call.decided),
        }
    };
    calls.iter().filter_map(may_come).collect()
}

/// What a call gives a function for a parameter that must count as one of both.
enum Given {
    /// It may count as that.
    Anything,
    /// It counts as the other.
    Other,
    /// What the caller itself is given for a parameter.
    Parameter(u32),
}

fn given(
    project: &Project,
    facts: &FileFacts,
    call: &Call,
    function: FunctionRef,
    (slot, truth): Need,
) -> Given {
    let called = project.source.facts(function.file);
    let definition = called.function(function.id);
    let Some(parameter) = called.parameters(definition.parameters).get(slot as usize) else {
        return Given::Anything;
    };
    let arguments = facts.arguments(call.arguments);
    let is_open = |kind| matches!(kind, ArgumentKind::Star | ArgumentKind::DoubleStar);
    if arguments.iter().any(|argument| is_open(argument.kind)) {
        return Given::Anything;
    }
    let by_name = arguments.iter().find(|argument| argument.kind == ArgumentKind::Keyword(parameter.name));
    // What a method is called of is its first.
    let bound = usize::from(definition.class.is_some() && call.of_something);
    let mut positional = arguments.iter().filter(|argument| argument.kind == ArgumentKind::Positional);
    let by_place = (slot as usize).checked_sub(bound).and_then(|at| positional.nth(at));
    let (facts, value) = match (by_name.or(by_place), parameter.default) {
        (Some(argument), _) => (facts, argument.value),
        (None, Some(default)) => (called, default),
        (None, None) => return Given::Anything,
    };
    match facts.kind(value) {
        ExprKind::Bool(it) if it != truth => Given::Other,
        ExprKind::None if truth => Given::Other,
        ExprKind::Local(slot) => Given::Parameter(slot),
        _ => Given::Anything,
    }
}

/// The parameter of a function that decides whether a stretch of it is run, and what it must count as for that: a flag, whose
/// default says that it is one.
fn decided_by(project: &Project, function: FunctionRef, within: TextRange) -> Option<Need> {
    let facts = project.source.facts(function.file);
    let definition = facts.function(function.id);
    innermost(facts, definition, definition.body, within)
}

fn innermost(facts: &FileFacts, function: &Function, block: Block, within: TextRange) -> Option<Need> {
    let stmts = facts.block(block);
    let behind = stmts.partition_point(|stmt| stmt.range.start() <= within.start());
    let stmt = stmts[..behind].last().filter(|stmt| stmt.range.contains_range(within))?;
    let inner = facts.blocks_of(stmt).into_iter().find(|&block| facts.stretch(block).contains_range(within));
    let deeper = inner.and_then(|inner| innermost(facts, function, inner, within));
    let StmtKind::If { test, then, orelse } = stmt.kind else { return deeper };
    let holds = [(then, true), (orelse, false)]
        .into_iter()
        .find(|&(block, _)| inner == Some(block) && !facts.block(block).is_empty());
    let decided = holds.and_then(|(_, holds)| {
        let (test, truth) = match facts.kind(test) {
            ExprKind::Not(inner) => (inner, !holds),
            // Where it holds, so does its first part.
            ExprKind::And(run) if holds => (*facts.list(run).first()?, true),
            _ => (test, holds),
        };
        let ExprKind::Local(slot) = facts.kind(test) else { return None };
        let default = facts.parameters(function.parameters).get(slot as usize)?.default?;
        let is_flag = matches!(facts.kind(default), ExprKind::Bool(_));
        (is_flag && is_unbound(facts, function, slot)).then_some((slot, truth))
    });
    deeper.or(decided)
}

/// Whether a variable is a parameter that keeps what it was given.
fn is_unbound(facts: &FileFacts, function: &Function, slot: u32) -> bool {
    let is_it = |target| facts.kind(target) == ExprKind::Local(slot);
    let mut steps = facts.steps_within(function.body);
    (slot as usize) < function.parameters.len()
        && !steps.any(|step| match step.kind {
            StmtKind::Assign(target, _) | StmtKind::Augmented(target, ..) => is_it(target),
            StmtKind::For { target, .. } => is_it(target),
            _ => false,
        })
}
