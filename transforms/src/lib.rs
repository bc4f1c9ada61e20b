//! One optimisation is one module here and one page beside it: a project in, proposals out.
//!
//! Transforms return semantic changes. `render` makes text of exactly the approved ones, so that no order
//! of approval can give a broken file.

pub mod proposal;
pub mod render;

pub use proposal::{Change, Evidence, Lookup, Place, PrefetchQueryset, Proposal, Safety};
