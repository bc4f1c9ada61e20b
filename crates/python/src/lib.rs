//! Python source as a codemod needs it: text with its newlines and encoding, names resolved across
//! modules, the value flow of each function, and edits that keep every untouched byte.
//!
//! This crate knows Python alone. No framework's name stands in it.

pub mod edit;
pub mod flow;
pub mod names;
pub mod project;
pub mod source;
mod stopwatch;
pub mod symbol;

pub use names::{Base, ClassRef, Entity, FileId, FunctionRef, Importer, Member, ModuleRef};
pub use project::{Depth, LoadOptions, OtherFile, Problem, Project, SourceFile};
pub use source::{Lines, Position, SourceText};
pub use stopwatch::Stopwatch;
pub use symbol::Symbol;
