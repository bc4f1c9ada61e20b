//! Places that are set: the left sides of assignments and their kin.

use ruff_python_ast::{self as ast, Expr as Ast};
use ruff_text_size::TextRange;

use super::super::ir::{ArgumentKind, Expr, ExprKind, Run};
use super::Lowering;
use super::scopes::{Entry, ScopeKind};
use crate::symbol::Symbol;

/// How a place is met.
#[derive(Clone, Copy)]
enum Use {
    /// It is set, to this value where the value is one node.
    Set(Option<Expr>),
    /// It is announced (`x: int`) or deleted: no value comes in.
    Mention,
    /// It is the target of a comprehension.
    Comprehension,
}

impl<'a> Lowering<'a> {
    /// The place that an assignment to `target` sets, to `value` where that is known.
    pub(super) fn variable_target(&mut self, target: &'a Ast, value: Option<Expr>) -> Expr {
        self.target(target, Use::Set(value))
    }

    /// The place that `del target` or `target: annotation` names.
    pub(super) fn mentioned_target(&mut self, target: &'a Ast) -> Expr {
        self.target(target, Use::Mention)
    }

    /// The place that a comprehension puts its elements in.
    pub(super) fn comprehension_target(&mut self, target: &'a Ast) -> Expr {
        self.target(target, Use::Comprehension)
    }

    /// The place that binding `name` sets.
    pub(super) fn named_target(&mut self, name: &'a str, range: TextRange, value: Option<Expr>) -> Expr {
        let symbol = self.symbol(name);
        let kind = self.bind(symbol, range, Use::Set(value));
        self.node(kind, range)
    }

    /// The place that a name means, when its binding is noted elsewhere.
    pub(super) fn mentioned_name(&mut self, name: &'a str, range: TextRange) -> Expr {
        let symbol = self.symbol(name);
        let kind = self.bind(symbol, range, Use::Mention);
        self.node(kind, range)
    }

    fn target(&mut self, target: &'a Ast, used: Use) -> Expr {
        match target {
            Ast::Name(name) if !name.id.is_empty() => {
                let symbol = self.symbol(name.id.as_str());
                let kind = self.bind(symbol, name.range, used);
                self.node(kind, name.range)
            }
            Ast::Attribute(attribute) => {
                let base = self.expr(&attribute.value);
                let name = self.symbol(attribute.attr.as_str());
                if !matches!(used, Use::Mention) {
                    self.note_set(base, name);
                }
                self.node(ExprKind::Attribute(base, name), attribute.range)
            }
            Ast::Tuple(tuple) => self.sequence_target(&tuple.elts, tuple.range, true, used),
            Ast::List(list) => self.sequence_target(&list.elts, list.range, false, used),
            Ast::Starred(starred) => {
                let used = match used {
                    Use::Set(_) => Use::Set(None),
                    other => other,
                };
                match self.deeper(|this| this.target(&starred.value, used)) {
                    Some(value) => self.node(ExprKind::Starred(value), starred.range),
                    None => self.opaque(starred.range),
                }
            }
            _ => self.expr(target),
        }
    }

    fn sequence_target(&mut self, elements: &'a [Ast], range: TextRange, is_tuple: bool, used: Use) -> Expr {
        let parts = match used {
            Use::Set(Some(value)) => self.parts(value, elements),
            _ => None,
        };
        let run = self.deeper(|this| {
            let mark = this.exprs.len();
            for (position, element) in elements.iter().enumerate() {
                let used = match used {
                    Use::Set(_) => {
                        Use::Set(parts.map(|parts| this.facts.expr_lists[parts.start() + position]))
                    }
                    other => other,
                };
                let element = this.target(element, used);
                this.exprs.push(element);
            }
            this.take_exprs(mark)
        });
        match run {
            Some(run) if is_tuple => self.node(ExprKind::Tuple(run), range),
            Some(run) => self.node(ExprKind::List(run), range),
            None => self.opaque(range),
        }
    }

    /// The parts of `value` that go to each of `elements`, where both are displays without stars. A module's names take
    /// the parts of what a call gives by their positions.
    fn parts(&mut self, value: Expr, elements: &[Ast]) -> Option<Run> {
        if let ExprKind::Call(..) = self.facts.kind(value)
            && self.host().kind == ScopeKind::Module
            && !elements.iter().any(ast::Expr::is_starred_expr)
        {
            let range = self.facts.range(value);
            let mark = self.exprs.len();
            for position in 0..elements.len() {
                let index = self.node(ExprKind::Int(i32::try_from(position).ok()?), range);
                let part = self.node(ExprKind::Subscript(value, index), range);
                self.exprs.push(part);
            }
            return Some(self.take_exprs(mark));
        }
        let (ExprKind::Tuple(run) | ExprKind::List(run)) = self.facts.kind(value) else {
            return None;
        };
        let starred = |part: &Expr| matches!(self.facts.kind(*part), ExprKind::Starred(_));
        (run.len() == elements.len()
            && !elements.iter().any(ast::Expr::is_starred_expr)
            && !self.facts.list(run).iter().any(starred))
        .then_some(run)
    }

    /// The variable that `name` names where it is set, and the note that it is.
    fn bind(&mut self, name: Symbol, range: TextRange, used: Use) -> ExprKind {
        if let Use::Comprehension = used {
            return self.resolve(name);
        }
        let host = *self.host();
        match (host.kind, self.entry(host.id, name)) {
            (ScopeKind::Module, _) => {
                self.note_module_binding(name, range, used.value(), host.conditional);
                ExprKind::Global(name)
            }
            (_, Some(Entry::Global)) => {
                self.note_module_binding(name, range, used.value(), true);
                ExprKind::Global(name)
            }
            (_, Some(Entry::Outer)) => self.resolve(name),
            (ScopeKind::Class, entry) => {
                let slot = match entry {
                    Some(Entry::Slot(slot)) => slot,
                    _ => self.new_variable(host.id, name),
                };
                self.note_member(name, range, used.value());
                ExprKind::Local(slot)
            }
            (_, Some(Entry::Slot(slot))) => ExprKind::Local(slot),
            _ => ExprKind::Local(self.new_variable(host.id, name)),
        }
    }

    fn new_variable(&mut self, scope: u32, name: Symbol) -> u32 {
        let slot = self.new_slot(name);
        self.entries.insert((scope, name), Entry::Slot(slot));
        slot
    }

    /// Notes that the function sets `name` on `base`, if that is its first parameter.
    fn note_set(&mut self, base: Expr, name: Symbol) {
        if self.is_first_parameter(base) {
            self.sets.push(name);
        }
    }

    /// Notes what `setattr(self, "name", value)` sets.
    pub(super) fn note_setattr(&mut self, callee: Expr, arguments: Run) {
        if arguments.len() != 3 || !self.host().has_first_parameter {
            return;
        }
        let ExprKind::Global(function) = self.facts.kind(callee) else {
            return;
        };
        let [object, name, value] = self.facts.arguments(arguments) else {
            return;
        };
        if [object, name, value].map(|argument| argument.kind) != [ArgumentKind::Positional; 3] {
            return;
        }
        let object = object.value;
        if let ExprKind::Str(name) = self.facts.kind(name.value)
            && self.is_first_parameter(object)
            && function == "setattr"
        {
            self.sets.push(name);
        }
    }

    /// Notes what `self.names.append(value)` adds to.
    pub(super) fn note_added(&mut self, callee: Expr) {
        const ADDING: &[&str] = &["append", "appendleft", "add", "insert", "extend", "update", "setdefault"];
        if let ExprKind::Attribute(container, method) = self.facts.kind(callee)
            && let ExprKind::Attribute(base, name) = self.facts.kind(container)
            && ADDING.contains(&method.as_str())
        {
            self.note_set(base, name);
        }
    }

    fn is_first_parameter(&self, value: Expr) -> bool {
        self.host().has_first_parameter && self.facts.kind(value) == ExprKind::Local(0)
    }
}

impl Use {
    /// Nothing is noted for a mention; for the rest, what comes in.
    fn value(self) -> Option<Option<Expr>> {
        match self {
            Self::Set(value) => Some(value),
            Self::Mention | Self::Comprehension => None,
        }
    }
}
