//! What a Django project is, read without importing it: schema, queries, frameworks.
//!
//! This crate reads. It never edits and never prints.

pub mod apps;
mod frameworks;
mod mentions;
pub mod migrations;
mod nested;
pub mod packages;
pub mod paths;
pub mod predicates;
mod project;
pub mod queries;
pub mod query_counts;
pub mod requirements;
pub mod routing;
pub mod schema;
pub mod settings;
mod surroundings;
pub mod templates;
mod urls;
pub mod version;

pub use project::{IndexStyle, Options, Project, ROW_CACHES};
