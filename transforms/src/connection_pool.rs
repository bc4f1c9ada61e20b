//! `connection-pool`: connections to PostgreSQL from a pool of each process.
//!
//! Before: every request, or every thread, has a connection of its own.
//! After: `"OPTIONS": {"pool": True}, "CONN_MAX_AGE": 0`, and `psycopg[pool]` among the requirements.
//!
//! <https://docs.djangoproject.com/en/stable/releases/5.1/#postgresql-connection-pools>

use tuneup_django::Project;
use tuneup_django::settings::{Database, Value};

use crate::databases::{Engine, alone, engine, given};
use crate::deployment::{production, proposal, set, written_or_advice};
use crate::proposal::{Change, Place, Proposal, SettingValue};
use crate::registry::Rule;

/// The rule.
pub const RULE: Rule = Rule {
    name: "connection-pool",
    summary: "take connections to PostgreSQL from a pool",
    page: include_str!("connection_pool.md"),
    propose: |given| propose(given.project),
};

fn propose(project: &Project) -> Vec<Proposal> {
    let has_driver = ["psycopg", "psycopg-binary", "psycopg-c"].iter().any(|name| project.packages.has(name));
    let is_new = project.version.is_known() && project.version.at_least(5, 1);
    let server = &project.settings.server;
    if production(project).is_none() || !has_driver || !is_new || server.has_pgbouncer || server.has_greenlets
    {
        return Vec::new();
    }
    alone(project).into_iter().filter_map(|database| pooled(project, &database)).collect()
}

fn pooled(project: &Project, database: &Database) -> Option<Proposal> {
    let node = database.node;
    if engine(project, node)? != Engine::PostgreSql || given(node, "pool") != Some(false) {
        return None;
    }
    // A driver that both may use; which of them runs is not known.
    if ["psycopg2", "psycopg2-binary"].iter().any(|name| project.packages.has(name)) {
        return None;
    }
    let is_zero =
        |dict: &tuneup_django::settings::Dict| match dict.get("CONN_MAX_AGE").map(|node| &node.value) {
            Some(Value::Int(0)) => Some(true),
            None => Some(false),
            Some(_) => None,
        };
    let is_zero = match &node.value {
        Value::Dict(dict) => is_zero(dict)?,
        _ => false,
    };
    if !is_zero && given(node, "CONN_MAX_AGE") != Some(false) {
        return None;
    }
    if let Value::Dict(dict) = &node.value {
        let text =
            |key: &str| dict.get(key).and_then(|node| node.as_str()).unwrap_or_default().to_lowercase();
        if text("HOST").contains("bouncer") || text("PORT") == "6432" {
            return None;
        }
    }
    let alias = database.alias;
    let mut changes = vec![set("DATABASES", &[alias, "OPTIONS", "pool"], SettingValue::code("True"))];
    if !is_zero {
        changes.push(set("DATABASES", &[alias, "CONN_MAX_AGE"], SettingValue::code("0")));
    }
    if !project.packages.has("psycopg-pool") {
        let extras = vec!["pool".to_owned()];
        changes.push(Change::Requirement { package: "psycopg".to_owned(), extras, minimum: None });
    }
    let path = project.path(node.file);
    let mut proposal = proposal(project, RULE.name, "DATABASES", &[alias])?;
    proposal.place = Place::new(path, node.range);
    proposal.title = format!("Take the connections of the database `{alias}` from a pool");
    proposal.message = "Each process then keeps 4 connections to this database and lends them to its threads: the server \
                        must allow 4 for each worker, and no more than 4 threads of a worker query at once. It takes the \
                        place of persistent connections, with which it does not work."
        .to_owned();
    proposal.changes = changes;
    Some(written_or_advice(project, proposal))
}
