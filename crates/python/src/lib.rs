//! Python source as a codemod needs it: text with its newlines and encoding, names resolved across
//! modules, the value flow of each function, and edits that keep every untouched byte.
//!
//! This crate knows Python alone. No framework's name stands in it.

pub mod flow;
pub mod symbol;

pub use symbol::Symbol;
