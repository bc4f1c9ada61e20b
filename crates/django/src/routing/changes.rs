//! Which names of modules and attributes of routers hold something else than what they were first given.

use std::cell::RefCell;
use std::rc::Rc;

use rustc_hash::{FxHashMap, FxHashSet};
use tuneup_python::flow::{Block, Expr, ExprKind, FileFacts, Stmt, StmtKind};
use tuneup_python::{Base, ClassRef, FileId, FunctionRef, Project, Symbol};

/// What code changes, found once for a file and for a router.
#[derive(Default)]
pub(super) struct Changes {
    values: RefCell<FxHashMap<FileId, Rc<FxHashSet<Expr>>>>,
    attributes: RefCell<FxHashMap<ClassRef, Rc<FxHashSet<Symbol>>>>,
}

/// Whether a method of a list, dict or set changes it.
pub(super) fn is_changing(method: &str) -> bool {
    matches!(
        method,
        "add"
            | "append"
            | "clear"
            | "difference_update"
            | "discard"
            | "extend"
            | "insert"
            | "intersection_update"
            | "pop"
            | "popitem"
            | "remove"
            | "reverse"
            | "setdefault"
            | "sort"
            | "symmetric_difference_update"
            | "update"
    )
}

impl Changes {
    /// Whether the module-level name that is given this value may hold another.
    pub(super) fn of_value(&self, source: &Project, file: FileId, value: Expr) -> bool {
        let mut known = self.values.borrow_mut();
        known.entry(file).or_insert_with(|| Rc::new(open_values(source.facts(file)))).contains(&value)
    }

    /// Whether an attribute of a router may hold something else than its class and `init`, its `__init__`, say.
    pub(super) fn of_attribute(
        &self,
        source: &Project,
        router: ClassRef,
        init: Option<FunctionRef>,
        name: Symbol,
    ) -> bool {
        let mut known = self.attributes.borrow_mut();
        let made = || Rc::new(changed_attributes(source, router, init));
        known.entry(router).or_insert_with(made).contains(&name)
    }
}

/// The values of a module's names that are bound on a condition or in a function, or are changed.
fn open_values(facts: &FileFacts) -> FxHashSet<Expr> {
    let name_of = |place: Expr| match facts.kind(place) {
        ExprKind::Global(name) => Some(name),
        _ => None,
    };
    let mut open: FxHashSet<Symbol> =
        facts.stmts.iter().filter_map(|statement| changed(facts, statement).and_then(name_of)).collect();
    let bindings = facts.bindings(facts.module_bindings);
    open.extend(bindings.iter().filter(|binding| binding.conditional).map(|binding| binding.name));
    let held = bindings.iter().filter(|binding| open.contains(&binding.name));
    held.filter_map(|binding| binding.value).collect()
}

/// The attributes of a router that its classes' bodies set on a condition or change, and its methods, but for `init`,
/// set or change.
fn changed_attributes(source: &Project, router: ClassRef, init: Option<FunctionRef>) -> FxHashSet<Symbol> {
    let mut names = FxHashSet::default();
    let classes = source.mro(router).iter().filter_map(|base| match base {
        Base::Class(class) => Some(*class),
        _ => None,
    });
    for owner in classes {
        let facts = source.facts(owner.file);
        let class = facts.class(owner.id);
        let members = facts.bindings(class.members).iter();
        names.extend(members.filter(|binding| binding.conditional).map(|binding| binding.name));
        let slots = &facts.slot_names[class.slots.indices()];
        each(facts, class.body, &mut |statement| {
            if let Some(ExprKind::Local(slot)) = changed(facts, statement).map(|place| facts.kind(place)) {
                names.extend(slots.get(slot as usize));
            }
        });
        for (function, id) in facts.functions.iter().zip(0..) {
            let is_init = init.is_some_and(|init| init.file == owner.file && init.id.0 == id);
            if function.class != Some(owner.id) || is_init {
                continue;
            }
            names.extend(&facts.symbols[function.sets.indices()]);
            each(facts, function.body, &mut |statement| {
                if let Some(place) = changed(facts, statement)
                    && let ExprKind::Attribute(base, name) = facts.kind(place)
                    && facts.kind(base) == ExprKind::Local(0)
                {
                    names.insert(name);
                }
            });
        }
    }
    names
}

/// The place that a step sets or whose value it changes.
pub(super) fn target_of(facts: &FileFacts, statement: &Stmt) -> Option<Expr> {
    changed(facts, statement).or(match statement.kind {
        StmtKind::Assign(target, _)
        | StmtKind::Augmented(target, ..)
        | StmtKind::Delete(target)
        | StmtKind::Annotated { target, value: Some(_), .. }
        | StmtKind::For { target, .. } => Some(target),
        _ => None,
    })
}

/// The place whose value a step changes: `place[key] = value`, `place.update(…)`.
fn changed(facts: &FileFacts, statement: &Stmt) -> Option<Expr> {
    let changed = match statement.kind {
        StmtKind::Assign(target, _)
        | StmtKind::Augmented(target, ..)
        | StmtKind::Delete(target)
        | StmtKind::Annotated { target, value: Some(_), .. } => target,
        StmtKind::Expr(call) => match facts.kind(call) {
            ExprKind::Call(callee, _) => callee,
            _ => return None,
        },
        _ => return None,
    };
    match (statement.kind, facts.kind(changed)) {
        (StmtKind::Expr(_), ExprKind::Attribute(place, method)) => {
            is_changing(method.as_str()).then_some(place)
        }
        (StmtKind::Expr(_), _) => None,
        (_, ExprKind::Subscript(place, _)) => Some(place),
        _ => None,
    }
}

/// Every step of a block and of those in it.
pub(super) fn each(facts: &FileFacts, block: Block, visit: &mut dyn FnMut(&Stmt)) {
    let mut left = vec![block];
    while let Some(block) = left.pop() {
        for statement in facts.block(block) {
            visit(statement);
            match statement.kind {
                StmtKind::If { then, orelse, .. } => left.extend([then, orelse]),
                StmtKind::For { body, orelse, .. } | StmtKind::While { body, orelse, .. } => {
                    left.extend([body, orelse]);
                }
                StmtKind::With { body } => left.push(body),
                StmtKind::Try(blocks) => {
                    let tried = facts.tried(blocks);
                    left.extend([tried.body, tried.orelse, tried.finalbody]);
                    left.extend(tried.handlers);
                }
                _ => {}
            }
        }
    }
}
