//! `setup.cfg` and `setup.py`: `install_requires`.

use std::ops::Range;

use tuneup_python::flow::{ArgumentKind, Expr, ExprKind, FileFacts, StmtKind};

use super::requirement::{Entry, read};

const KEY: &str = "install_requires";

/// The requirements of `install_requires` in a `setup.cfg`; nothing where there is none, or where its value begins on
/// the line of its name.
pub fn of_cfg(text: &str) -> Option<Vec<Entry>> {
    let (mut found, mut is_open, mut is_options, mut seen) = (Vec::new(), false, false, false);
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let content = line.trim_end_matches(['\n', '\r']);
        if content.starts_with('[') {
            is_options = content.trim() == "[options]";
            is_open = false;
        } else if content.starts_with([' ', '\t'])
            || content.trim().is_empty()
            || content.starts_with(['#', ';'])
        {
            if is_open && !content.trim_start().starts_with(['#', ';']) {
                found.extend(read(content.split(" #").next().unwrap_or_default(), at));
            }
        } else {
            let key = content.split(['=', ':']).next().unwrap_or_default().trim();
            is_open = is_options && key == KEY;
            if is_open {
                seen = true;
                if !content[key.len()..].trim_start_matches([' ', '\t', '=', ':']).is_empty() {
                    return None;
                }
            }
        }
        at += line.len();
    }
    seen.then_some(found)
}

/// The bytes of the list that a `setup.py` gives as `install_requires`, and of its elements.
pub fn list_of_py(facts: &FileFacts) -> Option<(Range<usize>, Vec<Range<usize>>)> {
    let (list, elements) = list(facts)?;
    let range = |expr| {
        let range = facts.range(expr);
        usize::from(range.start())..usize::from(range.end())
    };
    Some((range(list), elements.iter().map(|&element| range(element)).collect()))
}

/// The requirements that a `setup.py` gives as `install_requires`; nothing where that is no list of strings.
pub fn of_py(facts: &FileFacts) -> Option<Vec<Entry>> {
    let (_, elements) = list(facts)?;
    let mut found = Vec::new();
    for &element in elements {
        let mut entry = read(facts.as_str(element)?, 0)?;
        let range = facts.range(element);
        entry.range = usize::from(range.start())..usize::from(range.end());
        found.push(entry);
    }
    Some(found)
}

fn list(facts: &FileFacts) -> Option<(Expr, &[Expr])> {
    let given = facts.exprs.iter().find_map(|node| {
        let ExprKind::Call(_, arguments) = node.kind else { return None };
        let is_it = |kind: ArgumentKind| matches!(kind, ArgumentKind::Keyword(name) if name == KEY);
        facts.arguments(arguments).iter().find(|argument| is_it(argument.kind)).map(|argument| argument.value)
    })?;
    let value = match facts.kind(given) {
        // A name that the module binds once.
        ExprKind::Global(_) | ExprKind::Local(_) => {
            let kind = facts.kind(given);
            let mut values = facts.stmts.iter().filter_map(|statement| match statement.kind {
                StmtKind::Assign(target, value) if facts.kind(target) == kind => Some(value),
                _ => None,
            });
            let value = values.next()?;
            if values.next().is_some() {
                return None;
            }
            value
        }
        _ => given,
    };
    match facts.kind(value) {
        ExprKind::List(run) => Some((value, facts.list(run))),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn install_requires_of_a_cfg() {
        let text = "[metadata]\nname = x\n[options]\ninstall_requires =\n    # the framework\n    Django>=4.2\n\n    redis; python_version > '3'\npackages = find:\n";
        let found = of_cfg(text).expect("there is one");
        let read: Vec<&str> = found.iter().map(|entry| &text[entry.range.clone()]).collect();
        assert_eq!(read, ["Django>=4.2", "redis; python_version > '3'"]);
        assert_eq!(of_cfg("[options]\ninstall_requires = Django\n"), None);
        assert_eq!(of_cfg("[other]\ninstall_requires =\n    Django\n"), None);
    }
}
