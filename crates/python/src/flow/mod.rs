//! The value flow of a file, and how it is made from syntax.

pub mod ir;

pub use ir::*;
