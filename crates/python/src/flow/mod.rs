//! The value flow of a file, and how it is made from syntax.

mod dump;
mod facts;
pub mod ir;
mod lower;

pub use facts::FileFacts;
pub use ir::*;
pub use lower::lower;
