//! What statements make of values: set below keys, added, merged, changed by a method, one of several.

use ruff_text_size::TextRange;
use tuneup_python::FileId;

use super::value::{Dict, List, Node, Value};

/// How many values one may be before nothing is said of it.
const ALTERNATIVES: usize = 8;

/// Sets a value under keys of a value.
pub(super) fn set_below(node: &mut Node, path: &[String], new: &Node) {
    let Some((last, above)) = path.split_last() else { return };
    change_below(node, above, &|node| match &mut node.value {
        Value::Dict(dict) => dict.set(last, new.clone()),
        Value::List(list) => match last.parse::<usize>().ok().and_then(|at| list.items.get_mut(at)) {
            Some(item) => *item = new.clone(),
            None => list.open = true,
        },
        _ => {
            let dict = dict_over(node);
            dict.set(last, new.clone());
        }
    });
}

/// Changes what stands under keys of a value, in every alternative.
pub(super) fn change_below(node: &mut Node, path: &[String], change: &dyn Fn(&mut Node)) {
    if let Value::Either(nodes) = &mut node.value {
        nodes.iter_mut().for_each(|node| change_below(node, path, change));
        return;
    }
    let Some((key, below)) = path.split_first() else {
        change(node);
        return;
    };
    if let Value::List(list) = &mut node.value {
        match key.parse::<usize>().ok().and_then(|at| list.items.get_mut(at)) {
            Some(item) => change_below(item, below, change),
            None => list.open = true,
        }
        return;
    }
    let (file, range) = (node.file, node.range);
    let dict = dict_over(node);
    if dict.get(key).is_none() {
        dict.set(key, Node::new(Value::Unknown, file, range));
    }
    if let Some((_, value)) = dict.entries.iter_mut().find(|(name, _)| name == key) {
        change_below(value, below, change);
    }
}

/// The value as a dict, which begins with what is not known where it is none.
pub(super) fn dict_over(node: &mut Node) -> &mut Dict {
    if !matches!(node.value, Value::Dict(_)) {
        let base = node.clone();
        node.value = Value::Dict(Dict { entries: Vec::new(), open: true, base: Some(Box::new(base)) });
    }
    match &mut node.value {
        Value::Dict(dict) => dict,
        _ => unreachable!("it was made a dict above"),
    }
}

/// What a method leaves of the value that it changes.
pub(super) fn mutated(node: &mut Node, method: &str, values: &[Node]) {
    match (&mut node.value, method, values) {
        (Value::List(list), "append" | "add", [item]) => list.items.push(item.clone()),
        (Value::List(list), "extend", [Node { value: Value::List(more), .. }]) => {
            list.items.extend(more.items.iter().cloned());
            list.open |= more.open;
        }
        (Value::List(list), "insert", [at, item]) => match at.value {
            Value::Int(at) => insert(list, at.into(), item),
            _ => {
                list.items.push(item.clone());
                list.open = true;
            }
        },
        (Value::List(list), "remove" | "discard", [item]) => match item.as_str() {
            Some(text) => {
                if let Some(at) = list.items.iter().position(|other| other.as_str() == Some(text)) {
                    list.items.remove(at);
                    list.counted -= usize::from(at < list.counted);
                }
            }
            None => list.open = true,
        },
        (Value::List(list), "sort" | "reverse", _) => list.open = true,
        (Value::List(list), "clear", []) => *list = List::default(),
        (Value::Dict(dict), "clear", []) => dict.entries.clear(),
        (Value::Dict(_), "update", [more]) => *node = merge(node.clone(), more.clone()),
        (Value::Dict(dict), "setdefault", [key, value]) => match key.as_str() {
            Some(key) if dict.get(key).is_none() => dict.set(key, value.clone()),
            Some(_) => {}
            None => dict.open = true,
        },
        (Value::Dict(dict), "pop", [key, ..]) => match key.as_str() {
            Some(key) => dict.entries.retain(|(name, _)| name != key),
            None => dict.open = true,
        },
        (Value::Unknown | Value::Environment { .. } | Value::Call { .. }, "append" | "add" | "insert", _) => {
            let items = values.last().cloned().into_iter().collect();
            node.value = Value::List(List { items, open: true, ..List::default() });
        }
        (Value::Unknown | Value::Environment { .. } | Value::Call { .. }, "update", [more]) => {
            let more = more.clone();
            dict_over(node);
            *node = merge(node.clone(), more);
        }
        _ => open(node),
    }
}

/// `list.insert(at, item)`, where `at` counts from the end if it is below zero.
pub(super) fn insert(list: &mut List, at: i64, item: &Node) {
    let len = list.items.len();
    let from_end = usize::try_from(at.unsigned_abs()).unwrap_or(usize::MAX);
    let place = if at < 0 { len.saturating_sub(from_end) } else { from_end.min(len) };
    list.items.insert(place, item.clone());
    list.counted += usize::from(place < list.counted);
    // Behind the end is the end, however long the list is.
    list.counted = list.counted.max(match at {
        ..0 => len + 2,
        _ if from_end > len => 0,
        _ => place,
    });
}

/// Says that a value may have other parts than those that are known.
pub(super) fn open(node: &mut Node) {
    match &mut node.value {
        Value::List(list) => list.open = true,
        Value::Dict(dict) => dict.open = true,
        Value::Either(nodes) => nodes.iter_mut().for_each(open),
        value => *value = Value::Unknown,
    }
}

/// `old + new`
pub(super) fn add(old: Node, new: Node) -> Node {
    let (file, range) = (old.file, old.range);
    let value = match (old.value, new.value) {
        (Value::List(mut list), Value::List(more)) => {
            if more.counted > 0 {
                list.counted = list.items.len() + more.counted;
            }
            list.items.extend(more.items);
            list.open |= more.open;
            Value::List(list)
        }
        (Value::List(mut list), _) => {
            list.open = true;
            Value::List(list)
        }
        (_, Value::List(more)) => Value::List(List { open: true, ..more }),
        (Value::Str(old), Value::Str(new)) => Value::Str(old + &new),
        _ => Value::Unknown,
    };
    Node { value, file, range }
}

/// `old | new`
pub(super) fn merge(old: Node, new: Node) -> Node {
    let (file, range) = (old.file, old.range);
    let value = match (old.value, new.value) {
        (Value::Dict(mut dict), Value::Dict(more)) => {
            dict.set_all(more.entries);
            dict.open |= more.open;
            Value::Dict(dict)
        }
        (Value::Dict(dict), _) | (_, Value::Dict(dict)) => Value::Dict(Dict { open: true, ..dict }),
        _ => Value::Unknown,
    };
    Node { value, file, range }
}

/// One of these.
pub(super) fn either(nodes: Vec<Node>) -> Node {
    let (file, range) =
        nodes.first().map(|node| (node.file, node.range)).unwrap_or((FileId::other(0), TextRange::default()));
    let mut flat: Vec<Node> = Vec::new();
    for node in nodes {
        let parts = match node.value {
            Value::Either(parts) => parts,
            _ => vec![node],
        };
        for part in parts {
            if !flat.contains(&part) {
                flat.push(part);
            }
        }
    }
    match flat.len() {
        1 => flat.remove(0),
        2..=ALTERNATIVES => Node { value: Value::Either(flat), file, range },
        _ => Node { value: Value::Unknown, file, range },
    }
}
