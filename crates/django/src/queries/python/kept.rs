//! Containers that a module keeps, `CACHE = {}`, and that code fills later: what stands where they are made is not all that
//! is in them.

use rayon::prelude::*;
use rustc_hash::FxHashSet;
use tuneup_python::flow::{Expr, ExprKind, FileFacts, StmtKind};
use tuneup_python::{FileId, Project, Symbol};

use crate::queries::machine::Machine;
use crate::queries::value::{Shape, Value};

/// Methods that change a container.
const CHANGING: &[&str] = &[
    "append",
    "appendleft",
    "add",
    "insert",
    "extend",
    "extendleft",
    "update",
    "setdefault",
    "pop",
    "popitem",
    "remove",
    "discard",
    "clear",
];

impl Machine<'_> {
    /// What a module's container may hold, of the value that its expression has: more than that where code changes one of that
    /// name in place, in this module or another, so that no test tells what is not in it.
    ///
    /// <https://docs.python.org/3/reference/datamodel.html#objects-values-and-types>
    pub(in crate::queries) fn kept_by_module(&mut self, file: FileId, expr: Expr, value: Value) -> Value {
        if matches!(self.facts(file).kind(expr), ExprKind::Tuple(_)) {
            return value;
        }
        match self.values.shape(value).clone() {
            Shape::Mapping { known, key, rest } if self.is_changed_in_place(file, expr) => {
                // What is there besides is not known: what is read by a key that stands nowhere is as good as none.
                let key = self.values.join(key, Value::SCALAR);
                self.values.mapping(known.to_vec(), key, rest)
            }
            Shape::Tuple(items) if self.is_changed_in_place(file, expr) => {
                let element = self.values.join_all(items.iter().copied());
                self.values.sequence(element)
            }
            _ => value,
        }
    }

    fn is_changed_in_place(&self, file: FileId, expr: Expr) -> bool {
        let facts = self.facts(file);
        let mut bindings = facts.bindings(facts.module_bindings).iter();
        bindings.any(|binding| binding.value == Some(expr) && self.changed_in_place.contains(&binding.name))
    }
}

/// The names of modules' containers that code changes in place, of whichever module.
pub(in crate::queries) fn changed_in_place(project: &Project, files: &[FileId]) -> FxHashSet<Symbol> {
    let changed = files.par_iter().map(|&file| changed(project.facts(file)));
    changed.reduce(FxHashSet::default, |mut all, more| {
        all.extend(more);
        all
    })
}

/// The names of a module's containers, or of other modules', that it changes: `NAMES[key] = value`, `registry.NAMES.append(value)`.
fn changed(facts: &FileFacts) -> FxHashSet<Symbol> {
    let name_of = |place: Expr| match facts.kind(place) {
        ExprKind::Global(name) => Some(name),
        ExprKind::Attribute(module, name) if matches!(facts.kind(module), ExprKind::Global(_)) => Some(name),
        _ => None,
    };
    let by_steps = facts.stmts.iter().filter_map(|stmt| match stmt.kind {
        StmtKind::Assign(target, _) | StmtKind::Augmented(target, ..) | StmtKind::Delete(target) => {
            match facts.kind(target) {
                ExprKind::Subscript(container, _) => name_of(container),
                _ => None,
            }
        }
        _ => None,
    });
    let by_calls = facts.exprs.iter().filter_map(|expr| match expr.kind {
        ExprKind::Call(callee, _) => match facts.kind(callee) {
            ExprKind::Attribute(container, method) => {
                name_of(container).filter(|_| CHANGING.contains(&method.as_str()))
            }
            _ => None,
        },
        _ => None,
    });
    by_steps.chain(by_calls).collect()
}
