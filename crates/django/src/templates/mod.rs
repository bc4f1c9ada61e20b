//! Django's templates: read into the same value flow as Python.

mod builder;
mod expression;
pub mod lexer;
mod library;
mod lower;

pub use library::{Tag, TagKind, Templates};
pub use lower::lower;
