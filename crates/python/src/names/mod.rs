//! What names mean across the files of a project: modules, imports, module-level names, classes and
//! their method resolution order.
//!
//! Names are looked up as Python would find them if every module were imported once, in order. Where a
//! name is bound on several branches (`try`/`except ImportError`, `if TYPE_CHECKING`), the binding that
//! says most is taken.

mod classes;
mod environment;
mod importers;
mod modules;
mod query;
mod resolve;
mod roots;
mod sys_path;
mod tables;
mod tree;

use crate::flow::{Binding, ClassId, Expr, FunctionId};
use crate::symbol::Symbol;

pub(crate) use environment::Environment;
pub use importers::Importer;
pub(crate) use query::Memo;
pub(crate) use resolve::NameIndex;
pub(crate) use roots::Roots;
pub(crate) use tables::is_standard;
pub(crate) use tree::Tree;

/// A file of a project, or one that a name of it reached in the environment's installed packages. The
/// project's own are numbered in order of their paths; the others as they are reached, so that nothing may be
/// ordered by them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileId(pub(crate) u32);

impl FileId {
    /// The position in [`Project::files`](crate::Project::files), if the file is the project's own.
    pub fn index(self) -> usize {
        self.0 as usize
    }

    /// The number of the `n`-th of [`Project::others`](crate::Project::others): for the value flow that an upper
    /// layer makes of a file that is not Python. Only [`Project::path`](crate::Project::path) takes such a number.
    pub fn other(n: u32) -> Self {
        Self(u32::MAX - n)
    }

    /// Which of [`Project::others`](crate::Project::others) it is, if it is one.
    pub fn as_other(self) -> Option<usize> {
        (self.0 > u32::MAX / 2).then(|| (u32::MAX - self.0) as usize)
    }
}

/// A function, method or lambda of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FunctionRef {
    /// The file.
    pub file: FileId,
    /// Which of its functions.
    pub id: FunctionId,
}

/// A class of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClassRef {
    /// The file.
    pub file: FileId,
    /// Which of its classes.
    pub id: ClassId,
}

/// A module, found by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ModuleRef {
    /// A file.
    File(FileId),
    /// A package without `__init__.py`: its folder.
    Namespace(Symbol),
}

/// What a name means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Entity {
    /// A module.
    Module(FileId),
    /// A package without `__init__.py`: its folder, from the project's root; absolute for an installed one.
    Namespace(Symbol),
    /// A function.
    Function(FunctionRef),
    /// A class.
    Class(ClassRef),
    /// The value of an expression that is none of these: a call, a literal, a display.
    Value(FileId, Expr),
    /// Something outside of all files that are read, by its full dotted name.
    External(Symbol),
    /// A builtin, by its name.
    Builtin(Symbol),
    /// Nothing is known.
    Unknown,
}

/// A base of a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Base {
    /// A class that is read.
    Class(ClassRef),
    /// A class outside of all files that are read, by its full dotted name; builtins under `builtins`.
    External(Symbol),
    /// The value of an expression, such as a call that makes a class.
    Value(FileId, Expr),
    /// Nothing is known.
    Unknown,
}

/// A member of a class, found through its method resolution order.
#[derive(Clone, Copy, Debug)]
pub struct Member {
    /// The class whose body binds it.
    pub owner: ClassRef,
    /// The binding that holds: the last that is bound without condition, or else the last.
    pub binding: Binding,
    /// Whether every class before the owner is known. Where it is not, one that is not read may override it.
    pub certain: bool,
}
