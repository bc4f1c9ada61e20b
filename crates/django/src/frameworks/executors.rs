//! Functions that are handed to others to be called: executors, pools, threads, adapters between synchronous and
//! asynchronous code.
//!
//! <https://docs.python.org/3/library/concurrent.futures.html>, <https://docs.python.org/3/library/multiprocessing.html>

use tuneup_python::Symbol;

use super::Framework;
use crate::queries::calls::{Arguments, CallSite};
use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Shape, Value};

pub(super) const FRAMEWORK: Framework =
    Framework { call, method, enters_itself: is_executor, ..Framework::NONE };

/// What a submitted call gives.
const FUTURE: &str = "concurrent.futures.Future";

/// Whether instances of a class call what they are given.
fn is_executor(class: &str) -> bool {
    let last = class.rsplit('.').next().unwrap_or(class);
    class.starts_with("concurrent.futures.") && last.ends_with("Executor")
        || class.starts_with("multiprocessing.") && last.ends_with("Pool")
}

fn call<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    name: &str,
    arguments: &Arguments,
    call: CallSite,
) -> Option<Value> {
    match name {
        "threading.Thread" | "multiprocessing.Process" | "threading.Timer" => {
            let (at, target, given) =
                if name == "threading.Timer" { (1, "function", 2) } else { (1, "target", 3) };
            let target = arguments.get(at, target)?;
            let positional = arguments.get(given, "args");
            let keywords = arguments.get(given + 1, "kwargs");
            let given = unpacked(machine, positional, keywords);
            called(machine, frame, target, &given, call);
            None
        }
        "asyncio.to_thread" => {
            let (&function, rest) = arguments.positional.split_first()?;
            let given = Arguments { positional: rest.to_vec(), ..arguments.clone() };
            Some(called(machine, frame, function, &given, call))
        }
        "asgiref.sync.sync_to_async" | "asgiref.sync.async_to_sync" => arguments.positional.first().copied(),
        "concurrent.futures.as_completed" => {
            let futures = arguments.get(0, "fs")?;
            let future = machine.iterate(frame, futures, call.site);
            Some(machine.values.sequence(future))
        }
        _ => None,
    }
}

fn method<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    class: &str,
    parts: &[Value],
    name: &str,
    arguments: &Arguments,
) -> Option<Value> {
    if class == FUTURE {
        return matches!(name, "result" | "get").then(|| parts.first().copied())?;
    }
    if !is_executor(class) {
        return None;
    }
    let call = CallSite { site: frame.site(ruff_text_size::TextRange::default()) };
    let (&function, rest) = arguments.positional.split_first()?;
    match name {
        "submit" => {
            let given = Arguments { positional: rest.to_vec(), ..arguments.clone() };
            let result = called(machine, frame, function, &given, call);
            Some(machine.values.make(Shape::Instance(Symbol::new(FUTURE), Box::new([result]))))
        }
        "apply" | "apply_async" => {
            let given = unpacked(machine, arguments.get(1, "args"), arguments.get(2, "kwds"));
            let result = called(machine, frame, function, &given, call);
            Some(match name {
                "apply" => result,
                _ => machine.values.make(Shape::Instance(Symbol::new(FUTURE), Box::new([result]))),
            })
        }
        "map" | "map_async" | "imap" | "imap_unordered" | "starmap" | "starmap_async" => {
            // The others are how much is done at once.
            let sources =
                if class.starts_with("multiprocessing.") { &rest[..rest.len().min(1)] } else { rest };
            let mut elements = Vec::new();
            for &source in sources {
                let element = machine.iterate(frame, source, call.site);
                match machine.values.shape(element).clone() {
                    Shape::Tuple(items) if name.starts_with("starmap") => {
                        elements.extend(items.iter().copied())
                    }
                    _ => elements.push(element),
                }
            }
            let result = machine.call_on(frame, function, &elements, call);
            Some(machine.values.sequence(result))
        }
        _ => None,
    }
}

/// Arguments that are given as a sequence and a mapping.
fn unpacked(machine: &mut Machine<'_>, positional: Option<Value>, keywords: Option<Value>) -> Arguments {
    let mut given = Arguments::default();
    match positional.map(|it| machine.values.shape(it)) {
        Some(Shape::Tuple(items)) => given.positional = items.to_vec(),
        Some(Shape::Sequence(element)) => {
            let element = *element;
            given.more_positional = Some(machine.any_of(element));
        }
        _ => {}
    }
    if let Some(Shape::Mapping { known, .. }) = keywords.map(|it| machine.values.shape(it)) {
        given.keywords = known.to_vec();
    }
    given
}

/// Calls a function; a queryset that it gives has no place in the code that handed it over.
fn called<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    function: Value,
    arguments: &Arguments,
    call: CallSite,
) -> Value {
    let result =
        machine.for_each(function, |machine, member| machine.call_value(frame, member, arguments, call));
    let is_queryset = machine.values.members(result).iter().any(|&it| machine.as_queryset(it).is_some());
    if is_queryset { Value::UNKNOWN } else { result }
}
