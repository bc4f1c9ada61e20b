//! Makes the value flow of a template, in the form that Python files have.
//!
//! A template is a function of one argument, its context: slot 0. Variables are
//! [`ExprKind::Context`] names, read from it and, by `{% for %}`, `{% with %}` and `… as name`, put into it,
//! so that included templates and overridden blocks see them as Django's do. What a tag does that Python has no
//! words for is a call of a context name that no template can write: `%include`, `%block`, `%filter`, `%tag`.

use ruff_text_size::{TextRange, TextSize};
use tuneup_python::Symbol;
use tuneup_python::flow::{
    Argument, ArgumentKind, Block, Expr, ExprKind, ExprNode, FileFacts, Function, FunctionId, Parameter,
    ParameterKind, Run, Stmt, StmtKind,
};

/// The facts of a template while they are made.
pub(super) struct Builder {
    pub(super) facts: FileFacts,
}

impl Builder {
    /// For an empty template; function 0 is kept for the whole of it.
    pub(super) fn new() -> Self {
        let mut this = Self { facts: FileFacts::default() };
        let whole = Symbol::new("");
        this.function(whole, Block::default(), TextRange::default());
        this
    }

    /// A function with these steps.
    pub(super) fn function(&mut self, name: Symbol, body: Block, range: TextRange) -> FunctionId {
        let id = FunctionId(self.facts.functions.len() as u32);
        let context = Symbol::new("context");
        let parameters = Run::new(self.facts.parameters.len(), 1);
        self.facts.parameters.push(Parameter {
            name: context,
            kind: ParameterKind::Normal,
            default: None,
            annotation: None,
        });
        let slots = Run::new(self.facts.slot_names.len(), 1);
        self.facts.slot_names.push(context);
        self.facts.functions.push(Function {
            name,
            qualname: name,
            name_range: range,
            range,
            parameters,
            returns: None,
            decorators: Run::default(),
            body,
            slots,
            is_async: false,
            is_generator: false,
            class: None,
            parent: None,
            sets: Run::default(),
            captured: Run::default(),
        });
        id
    }

    /// A value.
    pub(super) fn expr(&mut self, kind: ExprKind, range: TextRange) -> Expr {
        self.facts.exprs.push(ExprNode { kind, range });
        Expr(self.facts.exprs.len() as u32 - 1)
    }

    /// A text.
    pub(super) fn text(&mut self, text: &str, range: TextRange) -> Expr {
        let text = Symbol::new(text);
        self.expr(ExprKind::Str(text), range)
    }

    /// A list of values.
    pub(super) fn list(&mut self, items: &[Expr]) -> Run {
        let run = Run::new(self.facts.expr_lists.len(), items.len());
        self.facts.expr_lists.extend(items);
        run
    }

    /// A call of what only templates do: `%include`, `%filter` …
    pub(super) fn call(&mut self, what: &str, arguments: &[Argument], range: TextRange) -> Expr {
        let what = Symbol::new(what);
        let callee = self.expr(ExprKind::Context(what), range);
        let run = self.arguments(arguments);
        self.expr(ExprKind::Call(callee, run), range)
    }

    /// The arguments of a call.
    pub(super) fn arguments(&mut self, arguments: &[Argument]) -> Run {
        let run = Run::new(self.facts.arguments.len(), arguments.len());
        self.facts.arguments.extend(arguments);
        run
    }

    /// A function with these steps that is given values of its own, each with what stands for it where it is not.
    pub(super) fn function_of(
        &mut self,
        name: Symbol,
        taken: &[(Symbol, Option<Expr>)],
        body: Block,
        range: TextRange,
    ) -> FunctionId {
        let id = self.function(name, body, range);
        let start = self.facts.parameters.len();
        self.facts.parameters.extend(taken.iter().map(|&(name, default)| Parameter {
            name,
            kind: ParameterKind::Normal,
            default,
            annotation: None,
        }));
        self.facts.functions[id.index()].parameters = Run::new(start, taken.len());
        id
    }

    /// A block of steps.
    pub(super) fn block(&mut self, steps: Vec<Stmt>) -> Block {
        let run = Run::new(self.facts.stmts.len(), steps.len());
        self.facts.stmts.extend(steps);
        run
    }
}

/// A positional argument.
pub(super) fn positional(value: Expr) -> Argument {
    Argument { kind: ArgumentKind::Positional, value }
}

/// A keyword argument.
pub(super) fn keyword(name: &str, value: Expr) -> Argument {
    Argument { kind: ArgumentKind::Keyword(Symbol::new(name)), value }
}

/// A step.
pub(super) fn step(kind: StmtKind, range: TextRange) -> Stmt {
    Stmt { kind, range }
}

/// A part of a range, by offsets in it.
pub(super) fn part(base: TextRange, offset: usize, len: usize) -> TextRange {
    let start = base.start() + TextSize::new(offset as u32);
    TextRange::new(start, start + TextSize::new(len as u32))
}
