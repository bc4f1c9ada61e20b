//! Django's templates: read into the same value flow as Python.

mod builder;
mod expression;
pub mod lexer;
mod lower;

pub use lower::lower;
