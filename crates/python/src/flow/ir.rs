//! The value flow of one file: what every function, class body and module does with its values.
//!
//! [`FileFacts`](super::FileFacts) is what stays of a file once its syntax tree is dropped. Values are nodes
//! ([`Expr`]) in one arena; a node says what is done to get it (read an attribute, call, iterate,
//! subscript …) and from which other nodes. Steps ([`Stmt`]) put values into places, branch, loop,
//! return. Every node and step keeps its source range in bytes. Names are resolved to slots of their
//! scope by Python's scoping rules, so a reader never walks scopes by text.
//!
//! A file's facts are a pure function of its bytes. Templates may be lowered to the same
//! nodes, so a reader of the flow need not know where a read came from.

use std::fmt;

use ruff_text_size::TextRange;

use crate::symbol::Symbol;

/// A run of entries in one of the side tables of [`FileFacts`](super::FileFacts).
///
/// Bytes that are aligned to nothing, so that the nodes that hold runs stay small. Three are enough for a length: the
/// largest file that is read has no room for more entries.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default)]
pub struct Run {
    start: [u8; 4],
    len: [u8; 3],
}

impl Run {
    /// So many entries from one on.
    pub fn new(start: usize, len: usize) -> Self {
        let [a, b, c, _] = (len.min(0xff_ffff) as u32).to_le_bytes();
        Self { start: (start as u32).to_le_bytes(), len: [a, b, c] }
    }

    /// The first entry.
    pub fn start(self) -> usize {
        u32::from_le_bytes(self.start) as usize
    }

    /// How many entries.
    pub fn len(self) -> usize {
        let [a, b, c] = self.len;
        u32::from_le_bytes([a, b, c, 0]) as usize
    }

    /// The entries as indices.
    pub fn indices(self) -> std::ops::Range<usize> {
        self.start()..self.start() + self.len()
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self.len == [0; 3]
    }
}

impl fmt::Debug for Run {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.indices().fmt(f)
    }
}

macro_rules! index {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub u32);

        impl $name {
            /// The position in its table.
            pub fn index(self) -> usize {
                self.0 as usize
            }
        }
    };
}

index!(
    /// A value: a node in [`FileFacts::exprs`](super::FileFacts::exprs).
    Expr
);
index!(
    /// A function, method or lambda: a position in [`FileFacts::functions`](super::FileFacts::functions).
    FunctionId
);
index!(
    /// A class: a position in [`FileFacts::classes`](super::FileFacts::classes).
    ClassId
);
index!(
    /// A comprehension or generator expression: a position in [`FileFacts::comprehensions`](super::FileFacts::comprehensions).
    ComprehensionId
);
index!(
    /// An import of one name: a position in [`FileFacts::imports`](super::FileFacts::imports).
    ImportId
);

/// A value and where it stands.
#[derive(Clone, Copy, Debug)]
pub struct ExprNode {
    /// How the value comes to be.
    pub kind: ExprKind,
    /// The expression's bytes in the source, without enclosing parentheses.
    pub range: TextRange,
}

/// How a value comes to be. As the target of an assignment, [`ExprKind::Local`],
/// [`ExprKind::Free`], [`ExprKind::Global`], [`ExprKind::Attribute`], [`ExprKind::Subscript`],
/// [`ExprKind::Tuple`], [`ExprKind::List`] and [`ExprKind::Starred`] name the place that is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExprKind {
    /// A value of which nothing is known; the values it is made of (a run of
    /// [`FileFacts::expr_lists`](super::FileFacts::expr_lists)) are still read.
    Opaque(Run),
    /// `None`
    None,
    /// `True` or `False`
    Bool(bool),
    /// An integer that fits; others are [`ExprKind::Number`].
    Int(i32),
    /// A float, a complex or a large integer.
    Number,
    /// A string literal, implicit concatenation joined.
    Str(Symbol),
    /// A bytes literal.
    Bytes,
    /// An f-string: its interpolated values, each as [`ExprKind::Format`], and its constant parts. Without any, a
    /// text that is not kept, because it is very long, or empty.
    FString(Run),
    /// One interpolated value of an f-string: converted to text by `__str__`/`__format__`
    /// (`true`), or by `__repr__` for `!r` and `!a` (`false`).
    Format(Expr, bool),
    /// A variable of the enclosing function, class body or module body (see
    /// [`Function::slots`], [`Class::slots`]).
    Local(u32),
    /// A variable of an enclosing function, or behind the outermost function one of the module body: how many function
    /// scopes up (at least 1), and its slot there.
    Free {
        /// How many function scopes up; class scopes do not count, comprehensions are no scopes here.
        up: u16,
        /// The slot in that function.
        slot: u16,
    },
    /// A module-level name, or a builtin where the module binds no such name.
    Global(Symbol),
    /// A name that the surroundings give at run time: a variable of a template's context.
    Context(Symbol),
    /// `base.name`
    Attribute(Expr, Symbol),
    /// A template's `base.name`: key, then attribute, then index, then call without arguments.
    Lookup(Expr, Symbol),
    /// `base[index]`; the index may be [`ExprKind::Slice`] or a [`ExprKind::Tuple`].
    Subscript(Expr, Expr),
    /// `lower:upper:step`: three entries, [`ExprKind::None`] where absent.
    Slice(Run),
    /// `callee(arguments)`; the run is one of [`FileFacts::arguments`](super::FileFacts::arguments).
    Call(Expr, Run),
    /// `(a, b)`
    Tuple(Run),
    /// `[a, b]`
    List(Run),
    /// `{a, b}`
    Set(Run),
    /// `{key: value, **other}`: pairs of entries; the key of a `**other` is [`ExprKind::DoubleStarred`] of
    /// itself and its value entry the mapping.
    Dict(Run),
    /// `*value`
    Starred(Expr),
    /// The key that marks a `**mapping` in a dict display.
    DoubleStarred,
    /// A comprehension or generator expression.
    Comprehension(ComprehensionId),
    /// `lambda …: …`, whose body is one [`StmtKind::Return`].
    Lambda(FunctionId),
    /// `then if test else orelse`: three entries, test, then, orelse.
    Conditional(Run),
    /// `a and b`
    And(Run),
    /// `a or b`
    Or(Run),
    /// `not value`
    Not(Expr),
    /// Any other unary operator.
    Unary(Expr),
    /// A binary operator: two entries, or more where it is repeated (`a + b + c`), of which the first two are combined
    /// first.
    Binary(BinaryOp, Run),
    /// A comparison: operands; the operators are a run of [`FileFacts::compare_ops`](super::FileFacts::compare_ops) of one less.
    Compare(Run, u32),
    /// `target := value`
    Walrus(Expr, Expr),
    /// `await value`
    Await(Expr),
    /// `yield value`; the value of a bare `yield` is [`ExprKind::None`].
    Yield(Expr),
    /// `yield from value`
    YieldFrom(Expr),
    /// What `with value as …` binds: the result of `__enter__` (`__aenter__`).
    Enter(Expr),
    /// The `n`-th module or name that an import binds.
    Import(ImportId),
    /// The function that a `def` binds, decorators not applied (they are in [`Function::decorators`]).
    Function(FunctionId),
    /// The class that a `class` binds, decorators not applied.
    Class(ClassId),
    /// The exception that `except … as name` binds; the run is the handler's type, or empty.
    Caught(Run),
}

/// Which binary operator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BinaryOp {
    /// `+`
    Add,
    /// `%`: on text, formats its right side with `__str__`.
    Modulo,
    /// `|`
    BitOr,
    /// `&`
    BitAnd,
    /// `^`
    BitXor,
    /// Any other.
    Other,
}

/// Which comparison.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompareOp {
    /// `==`
    Eq,
    /// `!=`
    NotEq,
    /// `<`, `<=`, `>`, `>=`
    Order,
    /// `is`
    Is,
    /// `is not`
    IsNot,
    /// `in`
    In,
    /// `not in`
    NotIn,
}

/// One argument of a call.
#[derive(Clone, Copy, Debug)]
pub struct Argument {
    /// By position, by name, `*value` or `**value`.
    pub kind: ArgumentKind,
    /// The value, without the star.
    pub value: Expr,
}

/// How an argument is passed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArgumentKind {
    /// `f(value)`
    Positional,
    /// `f(name=value)`
    Keyword(Symbol),
    /// `f(*value)`
    Star,
    /// `f(**value)`
    DoubleStar,
}

/// `[element for target in iter if condition …]` and its kin. Its targets are slots of the enclosing
/// scope of their own, so that names inside never collide with names outside.
#[derive(Clone, Copy, Debug)]
pub struct Comprehension {
    /// What it builds.
    pub kind: ComprehensionKind,
    /// The element, or a dict comprehension's value.
    pub element: Expr,
    /// A dict comprehension's key.
    pub key: Option<Expr>,
    /// The `for` clauses, outermost first: a run of [`FileFacts::clauses`](super::FileFacts::clauses).
    pub clauses: Run,
}

/// What a comprehension builds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ComprehensionKind {
    /// `[…]`
    List,
    /// `{…}`
    Set,
    /// `{key: value …}`
    Dict,
    /// `(…)`
    Generator,
}

/// One `for target in iter if conditions` of a comprehension.
#[derive(Clone, Copy, Debug)]
pub struct Clause {
    /// The place that each element is put in.
    pub target: Expr,
    /// What is iterated.
    pub iter: Expr,
    /// The conditions: a run of [`FileFacts::expr_lists`](super::FileFacts::expr_lists).
    pub conditions: Run,
    /// `async for`
    pub is_async: bool,
}

/// A block of steps: a run of [`FileFacts::stmts`](super::FileFacts::stmts), in order.
pub type Block = Run;

/// A step and where it stands.
#[derive(Clone, Copy, Debug)]
pub struct Stmt {
    /// What is done.
    pub kind: StmtKind,
    /// The statement's bytes in the source.
    pub range: TextRange,
}

/// What a step does.
#[derive(Clone, Copy, Debug)]
pub enum StmtKind {
    /// Evaluate a value and drop it. `assert test` is a [`ExprKind::Not`] here; a literal alone is no step.
    Expr(Expr),
    /// `target = value`. `a = b = value` is two steps on the same value node. A `def`, `class`, `import` and
    /// `with … as` assign too.
    Assign(Expr, Expr),
    /// `target: annotation = value`; the value may be absent.
    Annotated {
        /// The place.
        target: Expr,
        /// The annotation, string annotations parsed.
        annotation: Expr,
        /// The value.
        value: Option<Expr>,
    },
    /// `target op= value`
    Augmented(Expr, BinaryOp, Expr),
    /// `del target`
    Delete(Expr),
    /// `return value`
    Return(Option<Expr>),
    /// `raise value`; a cause stands before it as a [`StmtKind::Expr`].
    Raise(Option<Expr>),
    /// `if test: then else: orelse`. `elif` nests in `orelse`; a `match` is a chain of these whose tests read
    /// the patterns' values and whose branches begin by binding what the patterns capture. Of very many branches, the
    /// last stand one after the other.
    If {
        /// The condition.
        test: Expr,
        /// Done if it holds.
        then: Block,
        /// Done if not.
        orelse: Block,
    },
    /// `for target in iter: body else: orelse`
    For {
        /// The place that each element is put in.
        target: Expr,
        /// What is iterated.
        iter: Expr,
        /// Done for each element.
        body: Block,
        /// Done at the end.
        orelse: Block,
        /// `async for`
        is_async: bool,
    },
    /// `while test: body else: orelse`
    While {
        /// The condition, read before every turn.
        test: Expr,
        /// Done each turn.
        body: Block,
        /// Done at the end.
        orelse: Block,
    },
    /// `try: … except …: … else: … finally: …`, whose blocks [`FileFacts::tried`](super::FileFacts::tried) tells apart.
    Try(Run),
    /// `with item: body`, after the items' [`StmtKind::Assign`]s or [`StmtKind::Expr`]s.
    With {
        /// Done inside.
        body: Block,
    },
    /// `break`
    Break,
    /// `continue`
    Continue,
}

/// The blocks of a `try`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tried<'f> {
    /// What is tried.
    pub body: Block,
    /// One block for each `except`, which begins by binding its exception.
    pub handlers: &'f [Block],
    /// Done when nothing was raised.
    pub orelse: Block,
    /// Always done.
    pub finalbody: Block,
}

/// A function, method or lambda.
#[derive(Clone, Debug)]
pub struct Function {
    /// Its name; `<lambda>` for a lambda.
    pub name: Symbol,
    /// The name qualified within the module, as `__qualname__` without `<locals>`: `Outer.method.inner`.
    pub qualname: Symbol,
    /// The bytes of its name, or of the whole lambda.
    pub name_range: TextRange,
    /// All its bytes, decorators included.
    pub range: TextRange,
    /// Its parameters, in order: a run of [`FileFacts::parameters`](super::FileFacts::parameters).
    pub parameters: Run,
    /// The annotation behind `->`.
    pub returns: Option<Expr>,
    /// Its decorators, outermost first: a run of [`FileFacts::expr_lists`](super::FileFacts::expr_lists).
    pub decorators: Run,
    /// Its steps.
    pub body: Block,
    /// The names of its variables by slot, parameters first, comprehension targets among them: a run of
    /// [`FileFacts::slot_names`](super::FileFacts::slot_names).
    pub slots: Run,
    /// `async def`
    pub is_async: bool,
    /// Whether it yields.
    pub is_generator: bool,
    /// The class whose body it stands in.
    pub class: Option<ClassId>,
    /// The function that it stands in, also through a class body.
    pub parent: Option<FunctionId>,
    /// The attributes that it sets on its first parameter (`self.x = …`) or adds to (`self.x.append(…)`), each once:
    /// a run of [`FileFacts::symbols`](super::FileFacts::symbols).
    pub sets: Run,
    /// The variables of the function around it that it uses, or that functions within it do, by slot and in order: a run of
    /// [`FileFacts::captured`](super::FileFacts::captured).
    pub captured: Run,
}

/// One parameter.
#[derive(Clone, Copy, Debug)]
pub struct Parameter {
    /// Its name. Its slot is its position among the parameters.
    pub name: Symbol,
    /// How arguments reach it.
    pub kind: ParameterKind,
    /// Its default.
    pub default: Option<Expr>,
    /// Its annotation, string annotations parsed.
    pub annotation: Option<Expr>,
}

/// How arguments reach a parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterKind {
    /// Before `/`.
    PositionalOnly,
    /// By position or name.
    Normal,
    /// `*args`
    Star,
    /// After `*`.
    KeywordOnly,
    /// `**kwargs`
    DoubleStar,
}

/// A class.
#[derive(Clone, Debug)]
pub struct Class {
    /// Its name.
    pub name: Symbol,
    /// The name qualified within the module.
    pub qualname: Symbol,
    /// The bytes of its name.
    pub name_range: TextRange,
    /// All its bytes, decorators included.
    pub range: TextRange,
    /// Bases (positional) and keywords (`metaclass=`): a run of [`FileFacts::arguments`](super::FileFacts::arguments).
    pub bases: Run,
    /// Its decorators, outermost first: a run of [`FileFacts::expr_lists`](super::FileFacts::expr_lists).
    pub decorators: Run,
    /// Its steps; the names that they bind are its members.
    pub body: Block,
    /// The names of its variables by slot: a run of [`FileFacts::slot_names`](super::FileFacts::slot_names).
    pub slots: Run,
    /// What its body binds, in order of the bindings: a run of [`FileFacts::bindings`](super::FileFacts::bindings).
    pub members: Run,
    /// The class whose body it stands in.
    pub outer: Option<ClassId>,
    /// The function that it stands in.
    pub parent: Option<FunctionId>,
}

/// A name that a module or class body binds, once for each place that binds it.
#[derive(Clone, Copy, Debug)]
pub struct Binding {
    /// The name.
    pub name: Symbol,
    /// What it is bound to: an [`ExprKind::Function`], [`ExprKind::Class`] or [`ExprKind::Import`] node, the assigned
    /// value, of `name += value` an [`ExprKind::Binary`] of both, or nothing where the value is a part of one (a loop's
    /// target, a starred element).
    pub value: Option<Expr>,
    /// The bytes of the name, or of the statement that binds it.
    pub range: TextRange,
    /// Whether it stands under `if`, `try`, `for` or `while`, so that another binding may hold.
    pub conditional: bool,
    /// Whether it stands under `if TYPE_CHECKING:`.
    pub type_checking: bool,
}

/// One name of an import statement. `import a.b` binds `a`; `import a.b as c` binds the module `a.b`.
#[derive(Clone, Copy, Debug)]
pub struct Import {
    /// Leading dots: 0 for an absolute import.
    pub level: u32,
    /// The dotted module behind `from` or `import`; empty for `from . import x`.
    pub module: Symbol,
    /// The name behind `from … import`; absent for `import …`.
    pub name: Option<Symbol>,
    /// Whether `import a.b` has no `as` and so binds only its first part.
    pub binds_root: bool,
    /// The bytes of this one alias.
    pub range: TextRange,
}

/// `from module import *` at module level.
#[derive(Clone, Copy, Debug)]
pub struct StarImport {
    /// Leading dots.
    pub level: u32,
    /// The dotted module.
    pub module: Symbol,
    /// How many of [`FileFacts::module_bindings`](super::FileFacts::module_bindings) stand before it, so that later ones win.
    pub position: u32,
    /// The bytes of the statement. A [`StmtKind::Expr`] of the same range stands among the steps.
    pub range: TextRange,
}

// A million lines must stay below 150 MB.
const _: () = assert!(size_of::<ExprNode>() <= 20);
const _: () = assert!(size_of::<Stmt>() <= 32);
