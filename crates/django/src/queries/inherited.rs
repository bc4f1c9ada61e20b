//! Methods that a class inherits and completes: a base's method that asks `self` for what only a subclass has, or has
//! otherwise, does with each subclass something of its own.

use std::rc::Rc;

use ruff_text_size::TextRange;
use rustc_hash::{FxHashMap, FxHashSet};
use tuneup_python::flow::{ClassId, ExprKind, FileFacts, FunctionId, StmtKind};
use tuneup_python::{Base, ClassRef, FileId, FunctionRef, Symbol};

use super::machine::Machine;

/// Bases from outside that call no more of a class than its functions show. What others do with theirs is said by
/// their frameworks.
const PLAIN: &[&str] = &[
    "builtins.object",
    "abc.ABC",
    "typing.Generic",
    "typing.Protocol",
    "threading.Thread",
    "django.core.management.base.BaseCommand",
    "django.core.management.BaseCommand",
];

/// The attributes that each function of a file reads off each of its parameters, or its class off what keeps one.
pub(crate) type ParameterReads = FxHashMap<(FunctionId, u32), FxHashSet<Symbol>>;

impl<'p> Machine<'p> {
    /// Runs the methods that a class inherits from the project's classes and that read what is its own.
    pub(super) fn run_inherited(&mut self, class: ClassRef) {
        let project = self.project;
        let order = project.mro(class);
        let is_plain = |base: &Base| match base {
            Base::Class(_) => true,
            Base::External(name) => PLAIN.contains(&name.as_str()),
            _ => false,
        };
        if order.len() < 2 || !order.iter().all(is_plain) {
            return;
        }
        for base in order.iter().skip(1) {
            let Base::Class(base) = *base else { continue };
            if project.file(base.file).is_third_party {
                continue;
            }
            let reads = self.parameter_reads(base.file);
            let facts = project.facts(base.file);
            for binding in facts.bindings(facts.class(base.id).members) {
                let Some(ExprKind::Function(id)) = binding.value.map(|value| facts.kind(value)) else {
                    continue;
                };
                let Some(names) = reads.get(&(id, 0)) else { continue };
                let is_inherited =
                    project.member(class, binding.name).is_some_and(|member| member.owner == base);
                // The order of the names changes nothing.
                let is_completed = names.iter().any(|&name| {
                    let owner = |class| project.member(class, name).map(|member| member.owner);
                    owner(class).is_some_and(|own| owner(base) != Some(own))
                });
                if is_inherited && is_completed {
                    self.refuel();
                    self.run_method(FunctionRef { file: base.file, id }, class);
                    self.run_inner();
                }
            }
        }
    }

    /// What the functions of a file read off their parameters.
    pub(super) fn parameter_reads(&mut self, file: FileId) -> Rc<ParameterReads> {
        if let Some(known) = self.parameter_reads.get(&file) {
            return Rc::clone(known);
        }
        let reads = Rc::new(parameter_reads(self.project.facts(file)));
        self.parameter_reads.insert(file, Rc::clone(&reads));
        reads
    }
}

fn parameter_reads(facts: &FileFacts) -> ParameterReads {
    let mut found = ParameterReads::default();
    let mut kept: FxHashMap<(ClassId, Symbol), FxHashSet<Symbol>> = FxHashMap::default();
    for expr in &facts.exprs {
        let ExprKind::Attribute(base, name) = expr.kind else { continue };
        match facts.kind(base) {
            ExprKind::Local(slot) => {
                if let Some(id) = parameter_holder(facts, expr.range, slot) {
                    found.entry((id, slot)).or_default().insert(name);
                }
            }
            ExprKind::Attribute(this, attribute) if facts.kind(this) == ExprKind::Local(0) => {
                let holder = parameter_holder(facts, expr.range, 0);
                if let Some(class) = holder.and_then(|id| facts.function(id).class) {
                    kept.entry((class, attribute)).or_default().insert(name);
                }
            }
            _ => {}
        }
    }
    // What a method keeps, `self.author = author`, is read where its class reads that.
    for stmt in &facts.stmts {
        let StmtKind::Assign(target, value) = stmt.kind else { continue };
        let (ExprKind::Attribute(this, attribute), ExprKind::Local(slot)) =
            (facts.kind(target), facts.kind(value))
        else {
            continue;
        };
        let Some(id) = parameter_holder(facts, stmt.range, slot) else { continue };
        if facts.kind(this) == ExprKind::Local(0)
            && slot > 0
            && let Some(class) = facts.function(id).class
            && let Some(names) = kept.get(&(class, attribute))
        {
            found.entry((id, slot)).or_default().extend(names);
        }
    }
    found
}

/// The function that holds a place and has a parameter in the slot.
fn parameter_holder(facts: &FileFacts, place: TextRange, slot: u32) -> Option<FunctionId> {
    // Functions stand in the order of their `def`: what holds a place is the last that begins before it, or one
    // around that.
    let before = facts.functions.partition_point(|function| function.range.start() <= place.start());
    let mut holder = before.checked_sub(1).map(|at| FunctionId(at as u32));
    while let Some(id) = holder
        && !facts.function(id).range.contains_range(place)
    {
        holder = facts.function(id).parent;
    }
    holder.filter(|&id| (slot as usize) < facts.function(id).parameters.len())
}
