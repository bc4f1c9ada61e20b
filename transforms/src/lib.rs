//! One optimisation is one module here and one page beside it: a project in, proposals out.
//!
//! Transforms return semantic changes. `render` makes text of exactly the approved ones, so that no order
//! of approval can give a broken file.

mod additions;
pub mod cached_sessions;
pub mod cached_template_loader;
mod caches;
pub mod connection_pool;
pub mod cost;
mod databases;
pub mod db_index;
mod deployment;
pub mod grounds;
pub mod health_check;
pub mod heat;
pub mod index_together;
mod indexes;
mod key_only;
mod loading;
pub mod meta_indexes;
pub mod noticing;
pub mod persistent_connections;
pub mod prefetch_related;
pub mod prometheus;
pub mod proposal;
pub mod redis_cache;
pub mod redundant_index;
pub mod registry;
pub mod render;
mod requirements;
pub mod select_related;
pub mod sentry;
mod setting;
pub mod slow_query_log;
pub mod undecided;
pub mod whitenoise;

pub use proposal::{
    Cast, Change, Evidence, IndexColumn, IndexSpec, Lookup, ModelRef, Place, Position, PrefetchQueryset,
    Proposal, Safety, SettingEdit, SettingValue,
};
