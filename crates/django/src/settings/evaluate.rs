//! Runs the top level of a settings module on values that are known in part.
//!
//! It runs as production would: `DEBUG` is false and no tests run. Where a condition is not known, both branches
//! run and what they leave is joined.

use std::collections::BTreeMap;
use std::rc::Rc;

use ruff_text_size::TextRange;
use rustc_hash::FxHashMap;
use tuneup_python::flow::{
    Argument, BinaryOp, Block, ClassId, Expr, ExprKind, FileFacts, Stmt, StmtKind, Tried,
};
use tuneup_python::{FileId, ModuleRef, Project, Symbol};

use super::expressions::Room;
use super::nodes::{add, change_below, either, merge, mutated, open, set_below};
use super::value::{LARGEST, Node, Value};
use super::{Setting, Write};

/// How many modules may import each other, one behind the other.
const DEPTH: usize = 24;

/// How many bytes all values together may take, each bounded as it is.
const ALL: usize = 64 * LARGEST;

/// What a module binds, by name. What a branch does not touch it shares with the other one.
pub(super) type Names = BTreeMap<&'static str, Rc<Setting>>;

/// Runs modules, each once.
pub(super) struct Evaluator<'p> {
    pub(super) source: &'p Project,
    modules: FxHashMap<FileId, Option<Rc<Names>>>,
    /// The modules that were run, in order of their first lines.
    pub(super) files: Vec<FileId>,
    /// Statements that may set names that are not seen: a call that is given `globals()`.
    pub(super) unseen: Vec<(FileId, TextRange)>,
    depth: usize,
    /// About how many bytes the values take that were bound.
    held: usize,
}

/// A module or class body that is being run.
pub(super) struct Frame<'p> {
    pub(super) file: FileId,
    pub(super) facts: &'p FileFacts,
    /// What it has bound.
    pub(super) names: Names,
    /// The class whose body it is, and the names of its module.
    pub(super) class: Option<(ClassId, Rc<Names>)>,
    /// The conditions that hold where it is, outermost first.
    conditions: Vec<TextRange>,
    /// How many statements are around it that may not run, or more than once.
    uncertain: usize,
}

impl<'p> Evaluator<'p> {
    pub(super) fn new(source: &'p Project) -> Self {
        Self {
            source,
            modules: FxHashMap::default(),
            files: Vec::new(),
            unseen: Vec::new(),
            depth: 0,
            held: 0,
        }
    }

    /// What a module binds in the end; nothing where it is being run further out.
    pub(super) fn module(&mut self, file: FileId) -> Option<Rc<Names>> {
        if let Some(known) = self.modules.get(&file) {
            return known.clone();
        }
        if self.depth >= DEPTH {
            return None;
        }
        self.modules.insert(file, None);
        self.files.push(file);
        self.depth += 1;
        let facts = self.source.facts(file);
        let mut frame =
            Frame { file, facts, names: Names::new(), class: None, conditions: Vec::new(), uncertain: 0 };
        self.block(&mut frame, facts.module_body);
        self.depth -= 1;
        let names = Rc::new(frame.names);
        self.modules.insert(file, Some(names.clone()));
        Some(names)
    }

    /// What the bodies of a class and its bases bind, bases first.
    pub(super) fn class(&mut self, file: FileId, id: ClassId) -> Names {
        let source = self.source;
        let mut names = Names::new();
        for base in source.mro(tuneup_python::ClassRef { file, id }).iter().rev() {
            let tuneup_python::Base::Class(class) = *base else { continue };
            if source.file(class.file).is_third_party {
                continue;
            }
            let Some(globals) = self.module(class.file) else { continue };
            let facts = source.facts(class.file);
            let class_scope = Some((class.id, globals));
            let mut frame = Frame {
                file: class.file,
                facts,
                names,
                class: class_scope,
                conditions: Vec::new(),
                uncertain: 0,
            };
            self.block(&mut frame, facts.class(class.id).body);
            names = frame.names;
        }
        names
    }

    fn block(&mut self, frame: &mut Frame<'p>, block: Block) {
        for statement in frame.facts.block(block) {
            self.statement(frame, statement);
        }
    }

    fn statement(&mut self, frame: &mut Frame<'p>, statement: &Stmt) {
        match statement.kind {
            StmtKind::Expr(value) => self.expression_statement(frame, value, statement.range),
            StmtKind::Assign(target, value) | StmtKind::Annotated { target, value: Some(value), .. } => {
                let node = self.value(frame, value);
                self.assign(frame, target, node, statement.range);
            }
            StmtKind::Augmented(target, op, value) => {
                let old = self.value(frame, target);
                let new = self.value(frame, value);
                let node = match op {
                    BinaryOp::Add => add(old, new),
                    BinaryOp::BitOr => merge(old, new),
                    _ => Node { value: Value::Unknown, ..new },
                };
                // What the statement adds to was written before it.
                let place = self.place(frame, target).filter(|(_, path)| path.is_empty());
                let before = place.and_then(|(name, _)| Some((name, frame.names.get(name)?.writes.clone())));
                self.assign(frame, target, node, statement.range);
                if let Some((name, mut writes)) = before
                    && let Some(setting) = frame.names.get_mut(name).map(Rc::make_mut)
                {
                    writes.append(&mut setting.writes);
                    setting.writes = writes;
                }
            }
            StmtKind::Delete(target) => {
                if let Some((name, path)) = self.place(frame, target)
                    && path.is_empty()
                {
                    frame.names.remove(name);
                }
            }
            StmtKind::If { test, then, orelse } => match self.test(frame, test) {
                Some(true) => self.branch(frame, test, then),
                Some(false) => self.branch(frame, test, orelse),
                None => {
                    let before = frame.names.clone();
                    frame.uncertain += 1;
                    self.branch(frame, test, then);
                    let taken = std::mem::replace(&mut frame.names, before);
                    self.branch(frame, test, orelse);
                    frame.uncertain -= 1;
                    let other = std::mem::take(&mut frame.names);
                    frame.names = join(taken, other);
                }
            },
            StmtKind::For { body, orelse, .. } | StmtKind::While { body, orelse, .. } => {
                let before = frame.names.clone();
                frame.uncertain += 1;
                self.block(frame, body);
                frame.uncertain -= 1;
                // It may run any number of times, each time with other values.
                let names = frame.names.iter_mut();
                for (_, setting) in names.filter(|(name, setting)| before.get(*name) != Some(setting)) {
                    open(&mut Rc::make_mut(setting).node);
                }
                self.block(frame, orelse);
            }
            StmtKind::Try(blocks) => {
                let Tried { body, handlers, orelse, finalbody } = frame.facts.tried(blocks);
                let before = frame.names.clone();
                frame.uncertain += 1;
                self.block(frame, body);
                self.block(frame, orelse);
                for &handler in handlers {
                    let done = std::mem::replace(&mut frame.names, before.clone());
                    self.block(frame, handler);
                    // A handler that sets nothing leaves what the tried lines had set, as far as they came.
                    if frame.names == before {
                        frame.names = done;
                    } else {
                        let handled = std::mem::take(&mut frame.names);
                        frame.names = join(done, handled);
                    }
                }
                frame.uncertain -= 1;
                self.block(frame, finalbody);
            }
            StmtKind::With { body } => self.block(frame, body),
            StmtKind::Annotated { value: None, .. }
            | StmtKind::Return(_)
            | StmtKind::Raise(_)
            | StmtKind::Break
            | StmtKind::Continue => {}
        }
    }

    fn branch(&mut self, frame: &mut Frame<'p>, test: Expr, block: Block) {
        frame.conditions.push(frame.facts.range(test));
        self.block(frame, block);
        frame.conditions.pop();
    }

    fn expression_statement(&mut self, frame: &mut Frame<'p>, expr: Expr, range: TextRange) {
        let facts = frame.facts;
        match facts.kind(expr) {
            ExprKind::Opaque(_) => {
                let star = facts.star_imports.iter().find(|star| star.range == range);
                if let Some(star) = star.copied() {
                    self.star_import(frame, star.level, star.module);
                }
            }
            ExprKind::Call(callee, arguments) => {
                let arguments = facts.arguments(arguments);
                if self.dotted(frame, callee).as_deref() == Some("split_settings.tools.include") {
                    for argument in arguments {
                        self.include(frame, argument.value, range);
                    }
                    return;
                }
                let given = |argument: &Argument| is_namespace(facts, argument.value);
                if arguments.iter().any(given) || is_builtin_call(facts, callee, &["exec"]) {
                    self.unseen.push((frame.file, range));
                }
                if let ExprKind::Attribute(receiver, method) = facts.kind(callee) {
                    if is_namespace(facts, receiver) {
                        self.unseen.push((frame.file, range));
                    } else if let Some((name, path)) = self.place(frame, receiver) {
                        let mut room = Room::default();
                        let mut given = |argument: &Argument| {
                            let node = self.value(frame, argument.value);
                            if room.holds(&node) { node } else { Node { value: Value::Unknown, ..node } }
                        };
                        let values: Vec<Node> = arguments.iter().map(&mut given).collect();
                        self.mutate(frame, name, &path, method.as_str(), values, range);
                    }
                }
            }
            _ => {}
        }
    }

    /// `include("base.py", optional("local.py"))` of split_settings: runs files as if they stood here.
    fn include(&mut self, frame: &mut Frame<'p>, argument: Expr, statement: TextRange) {
        let facts = frame.facts;
        let pattern = match facts.kind(argument) {
            ExprKind::Call(_, arguments) => match facts.arguments(arguments) {
                [one] => facts.as_str(one.value),
                _ => None,
            },
            _ => facts.as_str(argument),
        };
        let Some(pattern) = pattern else {
            self.unseen.push((frame.file, statement));
            return;
        };
        let path = self.source.path(frame.file);
        let folder = path.rsplit_once('/').map_or(String::new(), |(folder, _)| format!("{folder}/"));
        let pattern = format!("{folder}{pattern}");
        let (before, behind) = pattern.split_once('*').unwrap_or((&pattern, ""));
        let matches = |path: &str| {
            path.strip_prefix(before)
                .and_then(|rest| rest.strip_suffix(behind))
                .is_some_and(|rest| if pattern.contains('*') { !rest.contains('/') } else { rest.is_empty() })
        };
        let source = self.source;
        for file in source.file_ids().filter(|&file| matches(source.path(file))) {
            if self.files.contains(&file) {
                continue;
            }
            self.files.push(file);
            let outer = (std::mem::replace(&mut frame.file, file), std::mem::take(&mut frame.conditions));
            frame.facts = source.facts(file);
            self.block(frame, frame.facts.module_body);
            frame.facts = facts;
            (frame.file, frame.conditions) = outer;
        }
    }

    fn star_import(&mut self, frame: &mut Frame<'p>, level: u32, module: Symbol) {
        let Some(file) = self.imported(frame.file, level, module) else { return };
        let Some(names) = self.module(file) else { return };
        let all = self.source.facts(file).all.as_ref();
        for (name, setting) in names.iter() {
            let is_given = match all {
                Some(all) => all.iter().any(|given| given.as_str() == *name),
                None => !name.starts_with('_'),
            };
            if is_given {
                frame.names.insert(name, setting.clone());
            }
        }
    }

    /// The project's own file that an import names.
    pub(super) fn imported(&self, file: FileId, level: u32, module: Symbol) -> Option<FileId> {
        let importer = self.source.file(file);
        let dotted = if level == 0 {
            module.as_str().to_owned()
        } else {
            let mut parts: Vec<&str> = importer.module.as_str().split('.').collect();
            let up = level as usize - usize::from(importer.is_package);
            parts.truncate(parts.len().checked_sub(up)?);
            parts.extend(Some(module.as_str()).filter(|module| !module.is_empty()));
            parts.join(".")
        };
        match self.source.module(&dotted)? {
            ModuleRef::File(found) if !self.source.file(found).is_third_party => Some(found),
            _ => None,
        }
    }

    fn assign(&mut self, frame: &mut Frame<'p>, target: Expr, node: Node, statement: TextRange) {
        let facts = frame.facts;
        if let ExprKind::Tuple(run) | ExprKind::List(run) = facts.kind(target) {
            for &part in facts.list(run) {
                let unknown = Node::new(Value::Unknown, frame.file, facts.range(part));
                self.assign(frame, part, unknown, statement);
            }
            return;
        }
        let Some((name, path)) = self.place(frame, target) else {
            if let ExprKind::Subscript(base, _) = facts.kind(target)
                && is_namespace(facts, base)
            {
                self.unseen.push((frame.file, statement));
            }
            return;
        };
        let write = frame.write(statement, path.clone());
        match frame.names.get_mut(name).map(Rc::make_mut) {
            Some(setting) if !path.is_empty() => {
                setting.writes.push(write);
                self.change(&mut setting.node, |old| set_below(old, &path, &node));
            }
            None if !path.is_empty() => {}
            Some(setting) => {
                setting.writes = vec![write];
                self.change(&mut setting.node, |old| *old = node);
            }
            None => {
                let mut setting =
                    Setting { node: Node { value: Value::Unknown, ..node }, writes: vec![write] };
                self.change(&mut setting.node, |old| old.value = node.value);
                frame.names.insert(name, Rc::new(setting));
            }
        }
    }

    /// Changes a value that a name has. Nothing is known of it any longer where it, or all together, are too large then.
    fn change(&mut self, node: &mut Node, change: impl FnOnce(&mut Node)) {
        let before = node.weight();
        change(node);
        let after = node.weight();
        self.held = self.held.saturating_sub(before);
        if after > LARGEST || self.held + after > ALL {
            node.value = Value::Unknown;
        } else {
            self.held += after;
        }
    }

    /// The name that a target begins with, and the keys below it; nothing where a key is not known.
    fn place(&mut self, frame: &mut Frame<'p>, target: Expr) -> Option<(&'static str, Vec<String>)> {
        match frame.facts.kind(target) {
            ExprKind::Global(name) if frame.class.is_none() => Some((name.as_str(), Vec::new())),
            ExprKind::Local(slot) => Some((frame.slot_name(slot)?, Vec::new())),
            ExprKind::Subscript(base, index) => {
                let (name, mut path) = self.place(frame, base)?;
                path.push(match self.value(frame, index).value {
                    Value::Str(key) => key,
                    Value::Int(index) => index.to_string(),
                    _ => return None,
                });
                Some((name, path))
            }
            _ => None,
        }
    }

    fn mutate(
        &mut self,
        frame: &mut Frame<'p>,
        name: &'static str,
        path: &[String],
        method: &str,
        values: Vec<Node>,
        statement: TextRange,
    ) {
        const MUTATING: &[&str] = &[
            "append",
            "extend",
            "insert",
            "remove",
            "update",
            "setdefault",
            "pop",
            "add",
            "clear",
            "discard",
            "sort",
            "reverse",
        ];
        if !MUTATING.contains(&method) {
            return;
        }
        let mut full = path.to_vec();
        if let (Some(key), "setdefault") = (values.first().and_then(Node::as_str), method) {
            full.push(key.to_owned());
        }
        let write = frame.write(statement, full);
        let Some(setting) = frame.names.get_mut(name).map(Rc::make_mut) else { return };
        setting.writes.push(write);
        self.change(&mut setting.node, |node| {
            change_below(node, path, &|node| mutated(node, method, &values));
        });
    }
}

impl Frame<'_> {
    /// The name of a class's variable.
    pub(super) fn slot_name(&self, slot: u32) -> Option<&'static str> {
        let (class, _) = self.class.as_ref()?;
        let slots = self.facts.class(*class).slots;
        self.facts.slot_names[slots.indices()].get(slot as usize).map(|name| name.as_str())
    }

    fn write(&self, range: TextRange, path: Vec<String>) -> Write {
        Write {
            file: self.file,
            range,
            path,
            conditions: self.conditions.clone(),
            is_certain: self.uncertain == 0,
        }
    }
}

/// Whether a value is `globals()`, `locals()` or `vars()`.
fn is_namespace(facts: &FileFacts, expr: Expr) -> bool {
    match facts.kind(expr) {
        ExprKind::Call(callee, _) => is_builtin_call(facts, callee, &["globals", "locals", "vars"]),
        _ => false,
    }
}

fn is_builtin_call(facts: &FileFacts, callee: Expr, names: &[&str]) -> bool {
    matches!(facts.kind(callee), ExprKind::Global(name) if names.contains(&name.as_str()))
}

/// What holds after one of two branches.
fn join(a: Names, mut b: Names) -> Names {
    let mut joined = Names::new();
    for (name, setting) in a {
        let setting = match b.remove(name) {
            Some(other) if other == setting => setting,
            Some(other) => {
                let (Setting { node, mut writes }, other) =
                    (Rc::unwrap_or_clone(setting), Rc::unwrap_or_clone(other));
                // What stands before the two branches both have, in the same places.
                let shared = writes.iter().zip(&other.writes).take_while(|(one, other)| one == other).count();
                let own = shared..writes.len();
                let more = other.writes.into_iter().skip(shared);
                let more: Vec<Write> = more.filter(|write| !writes[own.clone()].contains(write)).collect();
                writes.extend(more);
                Rc::new(Setting { node: either(vec![node, other.node]).bounded(), writes })
            }
            None => with_unknown(setting),
        };
        joined.insert(name, setting);
    }
    joined.extend(b.into_iter().map(|(name, setting)| (name, with_unknown(setting))));
    joined
}

/// The setting, or nothing that is known.
fn with_unknown(setting: Rc<Setting>) -> Rc<Setting> {
    let Setting { node, writes } = Rc::unwrap_or_clone(setting);
    let unknown = Node { value: Value::Unknown, ..node };
    Rc::new(Setting { node: either(vec![node, unknown]).bounded(), writes })
}
