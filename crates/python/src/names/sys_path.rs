//! Folders that a project's code puts on the search path: `sys.path.insert(0, os.path.join(BASE_DIR, "apps"))`.

use super::tree::{Tree, split};
use crate::flow::{ArgumentKind, Expr, ExprKind, FileFacts};
use crate::symbol::Symbol;

/// How many names and calls a folder may be put together of.
const DEEPEST: usize = 8;

/// The packages whose folders a file puts on the search path. Other folders are searched anyway.
pub(super) fn added(tree: &Tree, path: &str, facts: &FileFacts) -> Vec<&'static str> {
    if !facts.imports.iter().any(|import| import.module == "sys") {
        return Vec::new();
    }
    let mut found = Vec::new();
    for expr in &facts.exprs {
        let ExprKind::Call(callee, arguments) = expr.kind else { continue };
        let ExprKind::Attribute(list, method) = facts.kind(callee) else { continue };
        let is_path = matches!(facts.kind(list), ExprKind::Attribute(module, name)
            if name == "path" && matches!(facts.kind(module), ExprKind::Global(module) if module == "sys"));
        if !is_path || !matches!(method.as_str(), "insert" | "append") {
            continue;
        }
        let Some(folder) = facts.arguments(arguments).last() else { continue };
        let mut parts = Vec::new();
        texts(facts, folder.value, 0, &mut parts);
        let below: Vec<&str> = parts.iter().flat_map(|part| part.as_str().split('/')).collect();
        let below: Vec<&str> = below.into_iter().filter(|part| !part.is_empty()).collect();
        if !below.is_empty() && !below.iter().any(|part| part.starts_with('.')) {
            found.extend(package_near(tree, path, &below.join("/")));
        }
    }
    found
}

/// The constant texts that a folder's path is put together of, in order.
fn texts(facts: &FileFacts, value: Expr, depth: usize, parts: &mut Vec<Symbol>) {
    if depth > DEEPEST {
        return;
    }
    match facts.kind(value) {
        ExprKind::Str(text) => parts.push(text),
        ExprKind::Binary(_, operands) => {
            for &operand in facts.list(operands) {
                texts(facts, operand, depth + 1, parts);
            }
        }
        ExprKind::Call(callee, arguments) => {
            // `BASE_DIR.joinpath("apps")`
            if let ExprKind::Attribute(base, _) = facts.kind(callee) {
                texts(facts, base, depth + 1, parts);
            }
            for argument in facts.arguments(arguments) {
                if argument.kind == ArgumentKind::Positional {
                    texts(facts, argument.value, depth + 1, parts);
                }
            }
        }
        ExprKind::Global(name) => {
            let bindings = facts.bindings(facts.module_bindings);
            if let Some(value) = bindings.iter().rfind(|binding| binding.name == name).and_then(|it| it.value)
            {
                texts(facts, value, depth + 1, parts);
            }
        }
        _ => {}
    }
}

/// The package of this path below the file's folder, or below one of those above it; the nearest.
fn package_near(tree: &Tree, path: &str, below: &str) -> Option<&'static str> {
    let mut from = split(path).0;
    loop {
        let folder = if from.is_empty() { below.to_owned() } else { format!("{from}/{below}") };
        if tree.is_package(&folder) {
            return Some(Symbol::new(&folder).as_str());
        }
        if from.is_empty() {
            return None;
        }
        from = split(from).0;
    }
}
