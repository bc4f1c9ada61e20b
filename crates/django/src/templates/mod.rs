//! Django's templates: read into the same value flow as Python.

mod builder;
mod condition;
mod expression;
mod jinja;
pub mod lexer;
mod library;
mod lower;
mod registered;
mod texts;

pub use library::Templates;
pub use lower::lower;
pub use registered::{Tag, TagKind};
pub(crate) use texts::texts;
