//! A query's load plan, extended where it is written.

use ruff_text_size::TextRange;
use tuneup_django::paths::covers;
use tuneup_python::edit::{
    Argument, Call, Edit, NewArguments, Passed, Refusal, Target, Value, WrittenCall, append_calls, chain_at,
    change_arguments,
};

use super::names::Names;
use super::plan::Plan;
use crate::proposal::{Lookup, PrefetchQueryset};

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
pub(super) fn edits(
    target: &Target,
    query: TextRange,
    plan: &Plan,
    names: &mut Names,
) -> Result<Vec<Edit>, Refusal> {
    let edits = missing(target, query, plan, names)?;
    if edits.is_empty() {
        return Err(Refusal("the query loads this already".to_owned()));
    }
    Ok(edits)
}

/// The edits for what a query does not load yet.
fn missing(target: &Target, query: TextRange, plan: &Plan, names: &mut Names) -> Result<Vec<Edit>, Refusal> {
    let chain = chain_at(target, query)?;
    let keeps = |call: &&WrittenCall| KEEPS_PLAN.contains(&call.name.as_str());
    let mut calls: Vec<&WrittenCall> = chain.below.iter().rev().take_while(keeps).collect();
    calls.reverse();
    calls.extend(chain.above.iter().take_while(keeps));

    let mut edits = Vec::new();
    let mut append = Vec::new();
    if !plan.select.is_empty() {
        let select = select(&of_method(&calls, "select_related"), &plan.select)?;
        select.write(target, "select_related", &mut edits, &mut append)?;
    }
    if !plan.prefetch.is_empty() {
        let calls = of_method(&calls, "prefetch_related");
        let prefetch = prefetch(target, query, &calls, &plan.prefetch, names, &mut edits)?;
        for one in prefetch {
            one.write(target, "prefetch_related", &mut edits, &mut append)?;
        }
    }
    if !append.is_empty() {
        edits.extend(append_calls(target, query, &append)?);
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

/// What a method is to be given: in a call of it that is there, else in a new one.
#[derive(Default)]
struct Given<'a> {
    call: Option<&'a WrittenCall>,
    new: NewArguments,
}

impl Given<'_> {
    fn write(
        self,
        target: &Target,
        method: &str,
        edits: &mut Vec<Edit>,
        append: &mut Vec<Call>,
    ) -> Result<(), Refusal> {
        match self.call {
            Some(call) => edits.extend(change_arguments(target, call.range, &self.new)?),
            None if self.new.add.is_empty() => {}
            None => append.push(Call::new(method, self.new.add)),
        }
        Ok(())
    }

    fn replaces(&self, range: TextRange) -> bool {
        self.new.replace.iter().any(|(replaced, _)| *replaced == range)
    }

    /// Gives a path, in the place of the longest that it covers if there is one.
    fn give(&mut self, path: &str) {
        let covered = self.call.and_then(|call| {
            literals(call)
                .filter(|(range, known)| covers(path, known) && !self.replaces(*range))
                .max_by_key(|(_, known)| known.len())
        });
        match covered {
            Some((range, _)) => self.new.replace.push((range, literal(path))),
            None => self.new.add.push(literal(path)),
        }
    }
}

fn select<'a>(calls: &[&'a WrittenCall], paths: &[String]) -> Result<Given<'a>, Refusal> {
    if calls.iter().any(|call| call.arguments.is_empty()) {
        let reason = "`select_related()` without arguments follows every required relation already";
        return Err(Refusal(reason.to_owned()));
    }
    let mut given = Given { call: last_with_paths(calls), ..Given::default() };
    for path in paths {
        if !calls.iter().flat_map(|call| literals(call)).any(|(_, known)| covers(known, path)) {
            given.give(path);
        }
    }
    Ok(given)
}

/// What `prefetch_related` is to be given. A `Prefetch` that is there is edited in its place.
fn prefetch<'a>(
    target: &Target,
    query: TextRange,
    calls: &[&'a WrittenCall],
    lookups: &[Lookup],
    names: &mut Names,
    edits: &mut Vec<Edit>,
) -> Result<Vec<Given<'a>>, Refusal> {
    let written: Vec<(&'a WrittenCall, Written<'a>)> = calls
        .iter()
        .flat_map(|call| call.arguments.iter().filter_map(|one| Some((*call, Written::of(one)?))))
        .collect();
    // What has no place yet is given to the first of these.
    let mut all = vec![Given { call: last_with_paths(calls), ..Given::default() }];
    for lookup in in_working_order(lookups) {
        let Some(queryset) = &lookup.queryset else {
            if !written.iter().any(|(_, known)| known.to_attr.is_none() && covers(known.path, &lookup.path)) {
                all[0].give(&lookup.path);
            }
            continue;
        };
        let same =
            |known: &&(&WrittenCall, Written)| known.1.path == lookup.path && known.1.to_attr.is_none();
        // Django refuses a queryset for a path that it has walked already, so a `Prefetch` goes before any lookup
        // that leads on from it.
        let onward = written
            .iter()
            .position(|(_, known)| known.path != lookup.path && covers(known.path, &lookup.path));
        let found = written.iter().position(|known| same(&known));
        match (found, onward) {
            (Some(found), onward) if onward.is_none_or(|onward| found < onward) => {
                let (call, known) = &written[found];
                match known.object {
                    Some(object) => edits.extend(extend_object(target, object, known, queryset, names)?),
                    None => {
                        let text = object(query, &lookup.path, queryset, names)?;
                        given_to(&mut all, call).replace.push((known.range, text));
                    }
                }
            }
            (Some(_), _) if written.iter().any(|known| same(&known) && known.1.object.is_some()) => {
                return Err(Refusal(format!(
                    "the lookups of `{}` stand in an order that fails",
                    lookup.path
                )));
            }
            (_, Some(onward)) => {
                let (call, known) = &written[onward];
                let text = object(query, &lookup.path, queryset, names)?;
                given_to(&mut all, call).insert.push((known.range, vec![text]));
            }
            _ => all[0].new.add.push(object(query, &lookup.path, queryset, names)?),
        }
    }
    Ok(all)
}

/// What a call that is there is to be given.
fn given_to<'g, 'a>(all: &'g mut Vec<Given<'a>>, call: &'a WrittenCall) -> &'g mut NewArguments {
    let is_it = |given: &Given| given.call.is_some_and(|known| known.range == call.range);
    let at = all.iter().position(is_it).unwrap_or_else(|| {
        all.push(Given { call: Some(call), ..Given::default() });
        all.len() - 1
    });
    &mut all[at].new
}

/// The lookups in the order given, but for a `Prefetch` that must go before one that leads on from it.
fn in_working_order(lookups: &[Lookup]) -> Vec<&Lookup> {
    let mut ordered: Vec<&Lookup> = Vec::new();
    for lookup in lookups {
        let onward =
            ordered.iter().position(|known| lookup.queryset.is_some() && covers(&known.path, &lookup.path));
        ordered.insert(onward.unwrap_or(ordered.len()), lookup);
    }
    ordered
}

/// A lookup as it is written: a path, or a `Prefetch` of one.
struct Written<'a> {
    path: &'a str,
    /// The path's place.
    range: TextRange,
    /// The `Prefetch`.
    object: Option<&'a WrittenCall>,
    queryset: Option<&'a Argument>,
    to_attr: Option<&'a Argument>,
}

impl<'a> Written<'a> {
    fn of(argument: &'a Argument) -> Option<Self> {
        if argument.passed != Passed::Position {
            return None;
        }
        match &argument.value {
            Value::Text(path) => {
                Some(Self { path, range: argument.range, object: None, queryset: None, to_attr: None })
            }
            Value::Call(object) if object.name == "Prefetch" => {
                let parameter = |position: usize, name: &str| {
                    object.arguments.iter().enumerate().find_map(|(at, argument)| {
                        let is_it = match &argument.passed {
                            Passed::Position => at == position,
                            Passed::Keyword(keyword) => keyword == name,
                            Passed::Starred => false,
                        };
                        is_it.then_some(argument)
                    })
                };
                let path = parameter(0, "lookup")?;
                let Value::Text(text) = &path.value else { return None };
                Some(Self {
                    path: text,
                    range: path.range,
                    object: Some(object),
                    queryset: parameter(1, "queryset"),
                    to_attr: parameter(2, "to_attr"),
                })
            }
            _ => None,
        }
    }
}

/// Makes the queryset of a `Prefetch` that is there join more.
fn extend_object(
    target: &Target,
    object: &WrittenCall,
    known: &Written,
    queryset: &PrefetchQueryset,
    names: &mut Names,
) -> Result<Vec<Edit>, Refusal> {
    match known.queryset {
        Some(written) if written.value != Value::None => {
            let plan = Plan { select: queryset.select.clone(), prefetch: Vec::new() };
            missing(target, written.range, &plan, names)
        }
        Some(none) => {
            let new = NewArguments {
                replace: vec![(none.range, rows(object.range, queryset, names)?)],
                ..NewArguments::default()
            };
            change_arguments(target, object.range, &new)
        }
        None => {
            let add = vec![format!("queryset={}", rows(object.range, queryset, names)?)];
            change_arguments(target, object.range, &NewArguments { add, ..NewArguments::default() })
        }
    }
}

/// New lookups, as the arguments of a `prefetch_related` that has none yet.
pub(super) fn lookups(
    used_in: TextRange,
    lookups: &[Lookup],
    names: &mut Names,
) -> Result<Vec<String>, Refusal> {
    let written = in_working_order(lookups).into_iter().map(|lookup| match &lookup.queryset {
        None => Ok(literal(&lookup.path)),
        Some(queryset) => object(used_in, &lookup.path, queryset, names),
    });
    written.collect()
}

/// `Prefetch("path", queryset=Model.objects.select_related(…))`
fn object(
    query: TextRange,
    path: &str,
    queryset: &PrefetchQueryset,
    names: &mut Names,
) -> Result<String, Refusal> {
    let prefetch = names.name("django.db.models", "Prefetch", query)?;
    Ok(format!("{prefetch}({}, queryset={})", literal(path), rows(query, queryset, names)?))
}

/// `Model.objects.select_related(…)`
fn rows(used_in: TextRange, queryset: &PrefetchQueryset, names: &mut Names) -> Result<String, Refusal> {
    let PrefetchQueryset { module, model, manager, select } = queryset;
    let model = names.name(module, model, used_in)?;
    let paths: Vec<String> = select.iter().map(|path| literal(path)).collect();
    let method = if paths.is_empty() { "all" } else { "select_related" };
    Ok(format!("{model}.{manager}.{method}({})", paths.join(", ")))
}

/// The last call that lists paths.
fn last_with_paths<'a>(calls: &[&'a WrittenCall]) -> Option<&'a WrittenCall> {
    let lists = |call: &WrittenCall| call.arguments.iter().any(|argument| Written::of(argument).is_some());
    calls.iter().copied().rfind(|call| lists(call))
}

/// The paths that a call is given as string literals, with their places.
fn literals(call: &WrittenCall) -> impl Iterator<Item = (TextRange, &str)> {
    call.arguments.iter().filter_map(|argument| match (&argument.passed, &argument.value) {
        (Passed::Position, Value::Text(path)) => Some((argument.range, path.as_str())),
        _ => None,
    })
}

fn literal(path: &str) -> String {
    format!("\"{path}\"")
}
