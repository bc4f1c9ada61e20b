//! Fields that a serializer's own code makes write-only by a rule over all of them, as a request asks:
//!
//! ```python
//! def get_fields(self):
//!     fields = super().get_fields()
//!     if self.context["request"].query_params.get("brief"):
//!         for name, field in fields.items():
//!             if name not in KEPT:
//!                 field.write_only = True
//!     return fields
//! ```
//!
//! Which they are is only known when code runs, so that what no line names by itself is not surely shown.

use tuneup_python::flow::{CompareOp, Expr, ExprKind, FileFacts, Function, StmtKind};
use tuneup_python::{Base, ClassRef, Symbol};

use crate::frameworks::lists::texts;
use crate::queries::machine::Machine;

/// The names that a serializer's rule about its fields spares, where it has one.
pub(super) fn spared(machine: &mut Machine<'_>, class: ClassRef) -> Option<Vec<Symbol>> {
    let mut spared: Option<Vec<Symbol>> = None;
    for base in machine.project.mro(class) {
        let Base::Class(base) = *base else { continue };
        for name in ["fields", "get_fields"] {
            let Some(member) = machine.project.own_member(base, Symbol::new(name)) else { continue };
            let Some((function, _)) = machine.function_of(member) else { continue };
            let facts = machine.project.facts(function.file);
            let function = facts.function(function.id);
            for field in hidden(facts, function) {
                let names = compared(facts, function, field);
                let found = spared.get_or_insert_default();
                for names in names {
                    let mut frame = machine.module_frame(member.owner.file);
                    let names = machine.eval(&mut frame, names);
                    found.extend(texts(machine, names).unwrap_or_default());
                }
            }
        }
    }
    spared
}

/// The variables whose fields a function makes write-only: `field.write_only = True`.
fn hidden(facts: &FileFacts, function: &Function) -> Vec<u32> {
    let is_within = |expr: Expr| function.range.contains_range(facts.range(expr));
    let variable = |kind: StmtKind| match kind {
        StmtKind::Assign(target, value)
            if is_within(target) && facts.kind(value) != ExprKind::Bool(false) =>
        {
            match facts.kind(target) {
                ExprKind::Attribute(field, name) if name == "write_only" => match facts.kind(field) {
                    ExprKind::Local(slot) => Some(slot),
                    _ => None,
                },
                _ => None,
            }
        }
        _ => None,
    };
    facts.stmts.iter().filter_map(|stmt| variable(stmt.kind)).collect()
}

/// The lists of the module, or of others, that a function looks for the names of such fields in: `field.source in KEPT`.
fn compared(facts: &FileFacts, function: &Function, field: u32) -> Vec<Expr> {
    let is_named = |expr: Expr| match facts.kind(expr) {
        ExprKind::Attribute(of, name) => {
            matches!(name.as_str(), "source" | "field_name") && facts.kind(of) == ExprKind::Local(field)
        }
        // The key beside it: `for name, field in fields.items()`.
        ExprKind::Local(_) => true,
        _ => false,
    };
    let is_global = |expr: Expr| match facts.kind(expr) {
        ExprKind::Global(_) => true,
        ExprKind::Attribute(of, _) => matches!(facts.kind(of), ExprKind::Global(_)),
        _ => false,
    };
    let mut found = Vec::new();
    for expr in &facts.exprs {
        let ExprKind::Compare(operands, operators) = expr.kind else { continue };
        let (&[name, names], op) = (facts.list(operands), facts.compare_ops[operators as usize]) else {
            continue;
        };
        let is_membership = matches!(op, CompareOp::In | CompareOp::NotIn);
        if is_membership && function.range.contains_range(expr.range) && is_named(name) && is_global(names) {
            found.push(names);
        }
    }
    found
}
