//! The value flow of a file, and how it is made from syntax.

mod dump;
pub mod ir;
mod lower;

pub use ir::*;
pub use lower::lower;
