//! A query's load plan, extended where it is written.

use ruff_text_size::TextRange;
use tuneup_python::edit::{
    Call, Edit, NewArguments, Passed, Refusal, Target, Value, WrittenCall, append_calls, chain_at,
    change_arguments,
};

use super::plan::{Plan, covers};

/// Methods that give a queryset of the same rows' model, with the load plan of the one they are called on. Only
/// over these does a call elsewhere in the chain belong to the same plan.
const KEEPS_PLAN: &[&str] = &[
    "alias",
    "all",
    "annotate",
    "complex_filter",
    "defer",
    "distinct",
    "exclude",
    "extra",
    "filter",
    "only",
    "order_by",
    "prefetch_related",
    "reverse",
    "select_for_update",
    "select_related",
    "using",
];

/// The edits that make a query load what the plan asks for.
pub(super) fn edits(target: &Target, query: TextRange, plan: &Plan) -> Result<Vec<Edit>, Refusal> {
    let chain = chain_at(target, query)?;
    let keeps = |call: &&WrittenCall| KEEPS_PLAN.contains(&call.name.as_str());
    let mut calls: Vec<&WrittenCall> = chain.below.iter().rev().take_while(keeps).collect();
    calls.reverse();
    calls.extend(chain.above.iter().take_while(keeps));

    let mut edits = Vec::new();
    let mut append = Vec::new();
    if !plan.select.is_empty() {
        let calls = of_method(&calls, "select_related");
        if calls.iter().any(|call| call.arguments.is_empty()) {
            return Err(Refusal(
                "`select_related()` without arguments follows every required relation already".to_owned(),
            ));
        }
        let written: Vec<_> = calls.iter().flat_map(|call| literals(call)).collect();
        let missing = plan.select.iter().filter(|path| !written.iter().any(|(_, known)| covers(known, path)));
        let missing: Vec<&str> = missing.map(String::as_str).collect();
        extend(target, &calls, "select_related", &missing, &mut edits, &mut append)?;
    }
    if !plan.prefetch.is_empty() {
        if plan.prefetch.iter().any(|lookup| lookup.queryset.is_some()) {
            return Err(Refusal("a `Prefetch` object cannot be written yet".to_owned()));
        }
        let calls = of_method(&calls, "prefetch_related");
        let written: Vec<_> = calls.iter().flat_map(|call| literals(call)).collect();
        let paths = plan.prefetch.iter().map(|lookup| lookup.path.as_str());
        let missing: Vec<&str> =
            paths.filter(|path| !written.iter().any(|(_, known)| covers(known, path))).collect();
        extend(target, &calls, "prefetch_related", &missing, &mut edits, &mut append)?;
    }
    if !append.is_empty() {
        edits.extend(append_calls(target, query, &append)?);
    }
    if edits.is_empty() {
        return Err(Refusal("the query loads this already".to_owned()));
    }
    Ok(edits)
}

/// The calls of a method that count: those since the last one that takes back all before it.
fn of_method<'a>(calls: &[&'a WrittenCall], method: &str) -> Vec<&'a WrittenCall> {
    let resets = |call: &WrittenCall| call.arguments.iter().any(|argument| argument.value == Value::None);
    let calls: Vec<_> = calls.iter().copied().filter(|call| call.name == method).collect();
    let since = calls.iter().rposition(|call| resets(call)).map_or(0, |at| at + 1);
    calls[since..].to_vec()
}

/// The paths that a call is given as string literals, with their places.
fn literals(call: &WrittenCall) -> impl Iterator<Item = (TextRange, &str)> {
    call.arguments.iter().filter_map(|argument| match (&argument.passed, &argument.value) {
        (Passed::Position, Value::Text(path)) => Some((argument.range, path.as_str())),
        _ => None,
    })
}

/// Gives a method the paths: in the last call of it that lists some, else in a new call.
fn extend(
    target: &Target,
    calls: &[&WrittenCall],
    method: &str,
    paths: &[&str],
    edits: &mut Vec<Edit>,
    append: &mut Vec<Call>,
) -> Result<(), Refusal> {
    if paths.is_empty() {
        return Ok(());
    }
    let Some(call) = calls.iter().rev().find(|call| literals(call).next().is_some()) else {
        append.push(Call::new(method, paths.iter().map(|path| literal(path)).collect()));
        return Ok(());
    };
    let mut new = NewArguments::default();
    for path in paths {
        let covered = literals(call).find(|(range, known)| {
            covers(path, known) && !new.replace.iter().any(|(replaced, _)| replaced == range)
        });
        match covered {
            Some((range, _)) => new.replace.push((range, literal(path))),
            None => new.add.push(literal(path)),
        }
    }
    edits.extend(change_arguments(target, call.range, &new)?);
    Ok(())
}

fn literal(path: &str) -> String {
    format!("\"{path}\"")
}
