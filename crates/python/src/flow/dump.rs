//! A readable form of [`FileFacts`], for tests and for people who debug them.
//!
//! Values are written much like Python. A variable is followed by its slot (`name$2`), one of an enclosing function by
//! the number of scopes as well (`name^1$2`); a bare name is a global. What is not known is `?`, with the
//! values that it is made of in parentheses.

use std::fmt::Write;

use super::facts::FileFacts;
use super::ir::*;

/// Deeper values are cut off: a dump is for reading.
const DEPTH_LIMIT: u32 = 60;

impl FileFacts {
    /// The facts as text: the module, then every class and function in order. The same facts give the same text.
    pub fn dump(&self) -> String {
        let mut dump =
            Dump { facts: self, text: String::new(), slots: Run::default(), outer: Vec::new(), depth: 0 };
        dump.module();
        for (index, class) in self.classes.iter().enumerate() {
            dump.class(index, class);
        }
        for (index, function) in self.functions.iter().enumerate() {
            dump.function(index, function);
        }
        dump.text
    }
}

struct Dump<'f> {
    facts: &'f FileFacts,
    text: String,
    /// The slots of the scope that is written.
    slots: Run,
    /// Those of the functions around it, the module last.
    outer: Vec<Run>,
    depth: u32,
}

macro_rules! put {
    ($dump:expr, $($format:tt)*) => {{
        // Writing to a string does not fail.
        let _ = write!($dump.text, $($format)*);
    }};
}

impl Dump<'_> {
    fn module(&mut self) {
        self.text.push_str("module\n");
        self.enter(None, None);
        self.slot_names();
        self.bindings(self.facts.module_bindings);
        for star in &self.facts.star_imports {
            let dots = ".".repeat(star.level.min(8) as usize);
            put!(self, "  star {dots}{} at {}\n", star.module, star.position);
        }
        if let Some(all) = &self.facts.all {
            put!(self, "  all {all:?}\n");
        }
        self.block(self.facts.module_body, 1);
    }

    fn class(&mut self, index: usize, class: &Class) {
        put!(self, "class {index} {}", class.qualname);
        self.place(class.outer, class.parent);
        self.enter(class.outer, class.parent);
        self.decorators(class.decorators);
        if !class.bases.is_empty() {
            self.text.push_str("  bases ");
            self.arguments(class.bases);
            self.text.push('\n');
        }
        self.enter(Some(ClassId(index as u32)), None);
        self.slot_names();
        self.bindings(class.members);
        self.block(class.body, 1);
    }

    fn function(&mut self, index: usize, function: &Function) {
        put!(self, "function {index} {}", function.qualname);
        if function.is_async {
            self.text.push_str(" async");
        }
        if function.is_generator {
            self.text.push_str(" generator");
        }
        self.place(function.class, function.parent);
        self.enter(function.class, function.parent);
        self.decorators(function.decorators);
        for parameter in self.facts.parameters(function.parameters) {
            self.parameter(parameter);
        }
        if let Some(returns) = function.returns {
            self.line_of("returns", returns);
        }
        self.enter(None, Some(FunctionId(index as u32)));
        self.slot_names();
        if !function.sets.is_empty() {
            self.text.push_str("  sets");
            for name in &self.facts.symbols[function.sets.indices()] {
                put!(self, " {name}");
            }
            self.text.push('\n');
        }
        self.block(function.body, 1);
    }

    /// Says where a definition stands.
    fn place(&mut self, class: Option<ClassId>, function: Option<FunctionId>) {
        if let Some(class) = class {
            put!(self, " in class {}", class.0);
        }
        if let Some(function) = function {
            put!(self, " in function {}", function.0);
        }
        self.text.push('\n');
    }

    /// Names variables as the body of `class`, else `function`, else the module does.
    fn enter(&mut self, class: Option<ClassId>, function: Option<FunctionId>) {
        let mut around = match (class, function) {
            (Some(class), _) => {
                let class = self.facts.class(class);
                self.slots = class.slots;
                class.parent
            }
            (None, Some(function)) => {
                let function = self.facts.function(function);
                self.slots = function.slots;
                function.parent
            }
            (None, None) => {
                self.slots = self.facts.module_slots;
                None
            }
        };
        self.outer.clear();
        while let Some(function) = around {
            let function = self.facts.function(function);
            self.outer.push(function.slots);
            around = function.parent;
        }
        self.outer.push(self.facts.module_slots);
    }

    fn slot_names(&mut self) {
        if self.slots.is_empty() {
            return;
        }
        self.text.push_str("  slots");
        for name in &self.facts.slot_names[self.slots.indices()] {
            put!(self, " {name}");
        }
        self.text.push('\n');
    }

    fn bindings(&mut self, bindings: Run) {
        for binding in self.facts.bindings(bindings) {
            put!(self, "  binds {}", binding.name);
            if binding.conditional {
                self.text.push_str(" conditionally");
            }
            if binding.type_checking {
                self.text.push_str(" for type checkers");
            }
            if let Some(value) = binding.value {
                self.text.push_str(": ");
                self.expr(value);
            }
            self.text.push('\n');
        }
    }

    fn decorators(&mut self, decorators: Run) {
        for &decorator in self.facts.list(decorators) {
            self.line_of("decorator", decorator);
        }
    }

    fn line_of(&mut self, word: &str, value: Expr) {
        put!(self, "  {word} ");
        self.expr(value);
        self.text.push('\n');
    }

    fn parameter(&mut self, parameter: &Parameter) {
        let kind = match parameter.kind {
            ParameterKind::PositionalOnly => "positional only ",
            ParameterKind::Normal => "",
            ParameterKind::Star => "*",
            ParameterKind::KeywordOnly => "keyword only ",
            ParameterKind::DoubleStar => "**",
        };
        put!(self, "  parameter {kind}{}", parameter.name);
        if let Some(annotation) = parameter.annotation {
            self.text.push_str(": ");
            self.expr(annotation);
        }
        if let Some(default) = parameter.default {
            self.text.push_str(" = ");
            self.expr(default);
        }
        self.text.push('\n');
    }

    fn block(&mut self, block: Block, indent: usize) {
        for stmt in self.facts.block(block) {
            self.stmt(stmt, indent);
        }
    }

    /// A block under a word, where it has steps.
    fn under(&mut self, word: &str, block: Block, indent: usize) {
        if !block.is_empty() {
            self.indent(indent);
            put!(self, "{word}\n");
            self.block(block, indent + 1);
        }
    }

    fn indent(&mut self, indent: usize) {
        for _ in 0..indent {
            self.text.push_str("  ");
        }
    }

    fn stmt(&mut self, stmt: &Stmt, indent: usize) {
        if indent > DEPTH_LIMIT as usize {
            self.indent(indent);
            self.text.push_str("…\n");
            return;
        }
        self.indent(indent);
        match stmt.kind {
            StmtKind::Expr(value) => self.expr(value),
            StmtKind::Assign(target, value) => self.infix(target, " = ", value),
            StmtKind::Annotated { target, annotation, value } => {
                self.infix(target, ": ", annotation);
                if let Some(value) = value {
                    self.text.push_str(" = ");
                    self.expr(value);
                }
            }
            StmtKind::Augmented(target, op, value) => {
                self.expr(target);
                put!(self, " {}= ", binary(op));
                self.expr(value);
            }
            StmtKind::Delete(target) => self.prefixed("del ", target),
            StmtKind::Return(value) => self.with_value("return", value),
            StmtKind::Raise(value) => self.with_value("raise", value),
            StmtKind::If { test, .. } => self.prefixed("if ", test),
            StmtKind::For { target, iter, is_async, .. } => {
                self.text.push_str(if is_async { "async for " } else { "for " });
                self.infix(target, " in ", iter);
            }
            StmtKind::While { test, .. } => self.prefixed("while ", test),
            StmtKind::Try(_) => self.text.push_str("try"),
            StmtKind::With { .. } => self.text.push_str("with"),
            StmtKind::Break => self.text.push_str("break"),
            StmtKind::Continue => self.text.push_str("continue"),
        }
        self.text.push('\n');
        match stmt.kind {
            StmtKind::If { then, orelse, .. } => {
                self.block(then, indent + 1);
                self.under("else", orelse, indent);
            }
            StmtKind::For { body, orelse, .. } | StmtKind::While { body, orelse, .. } => {
                self.block(body, indent + 1);
                self.under("else", orelse, indent);
            }
            StmtKind::Try(blocks) => {
                let Tried { body, handlers, orelse, finalbody } = self.facts.tried(blocks);
                self.block(body, indent + 1);
                for &handler in handlers {
                    self.under("except", handler, indent);
                }
                self.under("else", orelse, indent);
                self.under("finally", finalbody, indent);
            }
            StmtKind::With { body } => self.block(body, indent + 1),
            _ => {}
        }
    }

    fn with_value(&mut self, word: &str, value: Option<Expr>) {
        self.text.push_str(word);
        if let Some(value) = value {
            self.text.push(' ');
            self.expr(value);
        }
    }

    fn prefixed(&mut self, prefix: &str, value: Expr) {
        self.text.push_str(prefix);
        self.expr(value);
    }

    fn infix(&mut self, left: Expr, between: &str, right: Expr) {
        self.expr(left);
        self.text.push_str(between);
        self.expr(right);
    }

    fn slot_name(&self, slots: Run, slot: u32) -> &'static str {
        self.facts.slot_names[slots.indices()]
            .get(slot as usize)
            .map_or("<no such slot>", |name| name.as_str())
    }

    fn expr(&mut self, value: Expr) {
        if self.depth >= DEPTH_LIMIT {
            self.text.push('…');
            return;
        }
        self.depth += 1;
        self.expr_kind(self.facts.kind(value));
        self.depth -= 1;
    }

    fn expr_kind(&mut self, kind: ExprKind) {
        match kind {
            ExprKind::Opaque(run) if run.is_empty() => self.text.push('?'),
            ExprKind::Opaque(run) => self.list("?(", run, ", ", ")"),
            ExprKind::None => self.text.push_str("None"),
            ExprKind::Bool(true) => self.text.push_str("True"),
            ExprKind::Bool(false) => self.text.push_str("False"),
            ExprKind::Int(value) => put!(self, "{value}"),
            ExprKind::Number => self.text.push_str("<number>"),
            ExprKind::Str(text) => put!(self, "{text:?}"),
            ExprKind::Bytes => self.text.push_str("<bytes>"),
            ExprKind::FString(run) => self.list("f(", run, ", ", ")"),
            ExprKind::Format(value, is_str) => {
                self.text.push_str(if is_str { "str{" } else { "repr{" });
                self.expr(value);
                self.text.push('}');
            }
            ExprKind::Local(slot) => put!(self, "{}${slot}", self.slot_name(self.slots, slot)),
            ExprKind::Free { up, slot } => {
                let slots = self.outer.get(usize::from(up).wrapping_sub(1));
                let name = slots.map_or("<no such scope>", |slots| self.slot_name(*slots, slot.into()));
                put!(self, "{name}^{up}${slot}");
            }
            ExprKind::Global(name) => put!(self, "{name}"),
            ExprKind::Context(name) => put!(self, "{{{{ {name} }}}}"),
            ExprKind::Attribute(base, name) => {
                self.expr(base);
                put!(self, ".{name}");
            }
            ExprKind::Lookup(base, name) => {
                self.expr(base);
                put!(self, ".({name})");
            }
            ExprKind::Subscript(base, index) => {
                self.infix(base, "[", index);
                self.text.push(']');
            }
            ExprKind::Slice(run) => self.list("", run, ":", ""),
            ExprKind::Call(callee, arguments) => {
                self.expr(callee);
                self.arguments(arguments);
            }
            ExprKind::Tuple(run) => self.list("(", run, ", ", ",)"),
            ExprKind::List(run) => self.list("[", run, ", ", "]"),
            ExprKind::Set(run) => self.list("{", run, ", ", "}"),
            ExprKind::Dict(run) => self.dict(run),
            ExprKind::Starred(value) => self.prefixed("*", value),
            ExprKind::DoubleStarred => self.text.push_str("**"),
            ExprKind::Comprehension(id) => self.comprehension(id),
            ExprKind::Lambda(id) => put!(self, "<lambda {}>", id.0),
            ExprKind::Conditional(run) => {
                self.list("(if ", run, ", ", ")");
            }
            ExprKind::And(run) => self.list("(", run, " and ", ")"),
            ExprKind::Or(run) => self.list("(", run, " or ", ")"),
            ExprKind::Not(value) => self.prefixed("not ", value),
            ExprKind::Unary(value) => self.prefixed("unary ", value),
            ExprKind::Binary(op, run) => self.list("(", run, &format!(" {} ", binary(op)), ")"),
            ExprKind::Compare(run, operators) => self.compare(run, operators),
            ExprKind::Walrus(target, value) => {
                self.text.push('(');
                self.infix(target, " := ", value);
                self.text.push(')');
            }
            ExprKind::Await(value) => self.prefixed("await ", value),
            ExprKind::Yield(value) => self.prefixed("yield ", value),
            ExprKind::YieldFrom(value) => self.prefixed("yield from ", value),
            ExprKind::Enter(value) => self.prefixed("enter ", value),
            ExprKind::Import(id) => self.import(id),
            ExprKind::Function(id) => put!(self, "<function {}>", id.0),
            ExprKind::Class(id) => put!(self, "<class {}>", id.0),
            ExprKind::Caught(run) => self.list("caught(", run, ", ", ")"),
        }
    }

    fn list(&mut self, open: &str, run: Run, between: &str, close: &str) {
        self.text.push_str(open);
        for (position, &value) in self.facts.list(run).iter().enumerate() {
            if position > 0 {
                self.text.push_str(between);
            }
            self.expr(value);
        }
        self.text.push_str(close);
    }

    fn dict(&mut self, run: Run) {
        self.text.push('{');
        for (position, pair) in self.facts.list(run).chunks(2).enumerate() {
            if position > 0 {
                self.text.push_str(", ");
            }
            if let &[key, value] = pair {
                self.infix(key, ": ", value);
            }
        }
        self.text.push('}');
    }

    fn arguments(&mut self, run: Run) {
        self.text.push('(');
        for (position, argument) in self.facts.arguments(run).iter().enumerate() {
            if position > 0 {
                self.text.push_str(", ");
            }
            match argument.kind {
                ArgumentKind::Positional => {}
                ArgumentKind::Keyword(name) => put!(self, "{name}="),
                ArgumentKind::Star => self.text.push('*'),
                ArgumentKind::DoubleStar => self.text.push_str("**"),
            }
            self.expr(argument.value);
        }
        self.text.push(')');
    }

    fn compare(&mut self, run: Run, operators: u32) {
        self.text.push('(');
        for (position, &value) in self.facts.list(run).iter().enumerate() {
            if position > 0 {
                let operator = self.facts.compare_ops[operators as usize + position - 1];
                put!(self, " {} ", comparison(operator));
            }
            self.expr(value);
        }
        self.text.push(')');
    }

    fn comprehension(&mut self, id: ComprehensionId) {
        let comprehension = self.facts.comprehension(id);
        let (open, close) = match comprehension.kind {
            ComprehensionKind::List => ('[', ']'),
            ComprehensionKind::Set | ComprehensionKind::Dict => ('{', '}'),
            ComprehensionKind::Generator => ('(', ')'),
        };
        self.text.push(open);
        if let Some(key) = comprehension.key {
            self.expr(key);
            self.text.push_str(": ");
        }
        self.expr(comprehension.element);
        for clause in self.facts.clauses(comprehension.clauses) {
            if clause.is_async {
                self.text.push_str(" async");
            }
            self.text.push_str(" for ");
            self.infix(clause.target, " in ", clause.iter);
            for &condition in self.facts.list(clause.conditions) {
                self.prefixed(" if ", condition);
            }
        }
        self.text.push(close);
    }

    fn import(&mut self, id: ImportId) {
        let import = self.facts.import(id);
        let dots = ".".repeat(import.level.min(8) as usize);
        put!(self, "<import {dots}{}", import.module);
        if let Some(name) = import.name {
            put!(self, " {name}");
        }
        if import.binds_root {
            self.text.push_str(" (root)");
        }
        self.text.push('>');
    }
}

fn binary(op: BinaryOp) -> &'static str {
    match op {
        BinaryOp::Add => "+",
        BinaryOp::Modulo => "%",
        BinaryOp::BitOr => "|",
        BinaryOp::BitAnd => "&",
        BinaryOp::BitXor => "^",
        BinaryOp::Other => "<op>",
    }
}

fn comparison(op: CompareOp) -> &'static str {
    match op {
        CompareOp::Eq => "==",
        CompareOp::NotEq => "!=",
        CompareOp::Order => "<=>",
        CompareOp::Is => "is",
        CompareOp::IsNot => "is not",
        CompareOp::In => "in",
        CompareOp::NotIn => "not in",
    }
}
