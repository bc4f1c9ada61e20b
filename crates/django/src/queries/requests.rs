//! What a project puts on its requests: `request.event = event` in a middleware is read by every view.
//!
//! Found before anything else is interpreted, in one go over the functions that assign to an attribute of a
//! request, so that it does not depend on how the project is split.

use std::panic::{AssertUnwindSafe, catch_unwind};

use ruff_text_size::TextRange;
use rustc_hash::{FxHashMap, FxHashSet};
use tuneup_python::flow::{Expr, ExprKind, FileFacts, Function, StmtKind};
use tuneup_python::{ClassRef, FileId, FunctionRef, Project, Symbol};

use super::machine::{Before, Machine};
use super::value::{Shape, Value};
use crate::schema::{ModelId, Schema};
use crate::templates::Templates;
use crate::version::Version;

/// What an attribute of the project's requests is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attribute {
    /// A row of a model, fetched elsewhere.
    Row(ModelId),
    /// Rows of a model.
    Rows(ModelId),
    /// An object of a class of the project.
    Object(ClassRef),
}

/// Attributes by name.
pub(crate) type Attributes = FxHashMap<Symbol, Attribute>;

/// What the functions of the given files put on requests. Where they disagree, nothing is known.
pub(crate) fn attributes(
    project: &Project,
    schema: &Schema,
    templates: &Templates,
    version: &Version,
    before: Before<'_>,
    files: &[FileId],
) -> Attributes {
    let mut machine = Machine::new(project, schema, templates, version, before);
    for &file in files {
        let ran = catch_unwind(AssertUnwindSafe(|| {
            for function in assigning(project.facts(file)) {
                machine.refuel();
                machine.run_alone(FunctionRef { file, id: function });
            }
        }));
        if ran.is_err() {
            machine.abandon();
        }
    }
    let mut found = Attributes::default();
    // The order in which they are added changes nothing.
    #[expect(clippy::iter_over_hash_type)]
    for (&name, &value) in &machine.request_values {
        if let Some(attribute) = attribute(&machine, value) {
            found.insert(name, attribute);
        }
    }
    found
}

/// The functions that assign to an attribute of a request.
fn assigning(facts: &FileFacts) -> Vec<tuneup_python::flow::FunctionId> {
    let is_request = |base: Expr| match facts.kind(base) {
        ExprKind::Attribute(_, name) => name == "request",
        ExprKind::Local(slot) => {
            let at = facts.range(base);
            innermost(facts, at).is_some_and(|(_, function)| {
                facts.slot_names[function.slots.indices()][slot as usize] == "request"
            })
        }
        _ => false,
    };
    let mut seen = FxHashSet::default();
    let mut found = Vec::new();
    for stmt in &facts.stmts {
        if let StmtKind::Assign(target, _) = stmt.kind
            && let ExprKind::Attribute(base, _) = facts.kind(target)
            && is_request(base)
            && let Some((id, _)) = innermost(facts, stmt.range)
            && seen.insert(id)
        {
            found.push(id);
        }
    }
    found
}

/// The innermost function around a place.
fn innermost(facts: &FileFacts, at: TextRange) -> Option<(tuneup_python::flow::FunctionId, &Function)> {
    facts
        .functions
        .iter()
        .enumerate()
        .filter(|(_, function)| function.range.contains_range(at))
        .min_by_key(|(_, function)| function.range.len())
        .map(|(index, function)| (tuneup_python::flow::FunctionId(index as u32), function))
}

/// What a value is, as every part of the project can be told. What is not known, or no row, says nothing.
fn attribute(machine: &Machine<'_>, value: Value) -> Option<Attribute> {
    let mut found = None;
    for member in machine.values.members(value) {
        let attribute = match machine.values.shape(member) {
            Shape::Row(row) => Attribute::Row(row.model),
            Shape::Queryset(rows) => Attribute::Rows(rows.model),
            Shape::Object(class, _) => Attribute::Object(*class),
            _ => continue,
        };
        if found.is_some_and(|there| there != attribute) {
            return None;
        }
        found = Some(attribute);
    }
    found
}
