//! What the rules about databases ask of `DATABASES`.

use tuneup_django::Project;
use tuneup_django::settings::{Database, Node, Value};

/// What a database runs on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    PostgreSql,
    /// MySQL, MariaDB or Oracle.
    Other,
}

/// The aliases that have one form. Of several, the one that production takes is not known.
pub(crate) fn alone(project: &Project) -> Vec<Database<'_>> {
    let mut databases: Vec<Database> = Vec::new();
    for database in project.settings.databases() {
        let is_known = |other: &&Database| other.alias == database.alias && other.node == database.node;
        if databases.iter().find(is_known).is_none() {
            databases.push(database);
        }
    }
    let is_alone =
        |database: &&Database| databases.iter().filter(|other| other.alias == database.alias).count() == 1;
    let mut alone: Vec<Database> = databases.iter().filter(is_alone).copied().collect();
    alone.sort_by_key(|database| database.alias);
    alone
}

/// What a database that connections are made to runs on. Nothing for SQLite, and where it is not known.
pub(crate) fn engine(project: &Project, node: &Node) -> Option<Engine> {
    match &node.value {
        Value::Dict(dict) => match (dict.get("ENGINE"), &dict.base) {
            (Some(engine), _) => match &engine.value {
                Value::Str(engine) => of_backend(engine),
                _ => None,
            },
            (None, Some(base)) => of_url(project, base),
            (None, None) => None,
        },
        _ => of_url(project, node),
    }
}

fn of_backend(engine: &str) -> Option<Engine> {
    if engine.contains("pool") {
        return None;
    }
    match engine.rsplit('.').next().unwrap_or_default() {
        "postgresql" | "postgresql_psycopg2" | "postgis" => Some(Engine::PostgreSql),
        "mysql" | "oracle" => Some(Engine::Other),
        _ => None,
    }
}

/// Of a database that a URL names: what the default says, or the driver that the project asks for.
fn of_url(project: &Project, node: &Node) -> Option<Engine> {
    let default = match &node.value {
        Value::Call { callee, positional, keywords, open } => {
            let is_known =
                matches!(callee.split('.').next(), Some("dj_database_url" | "environ" | "environs"));
            if !is_known || *open {
                return None;
            }
            let default = keywords.iter().find(|(name, _)| name == "default").map(|(_, node)| node);
            default.or(positional.last()).and_then(Node::as_str)
        }
        Value::Environment { default, .. } => default.as_ref().and_then(|node| node.as_str()),
        _ => return None,
    };
    let scheme = default.and_then(|url| url.split_once("://")).map(|(scheme, _)| scheme);
    match scheme {
        Some("postgres" | "postgresql" | "psql" | "pgsql" | "postgis") => return Some(Engine::PostgreSql),
        Some("mysql" | "mysql2" | "mysqlgis" | "mysql-connector" | "oracle" | "oraclegis") => {
            return Some(Engine::Other);
        }
        _ => {}
    }
    let has = |names: &[&str]| names.iter().any(|name| project.packages.has(name));
    let postgresql = has(&["psycopg", "psycopg2", "psycopg2-binary", "psycopg-binary", "psycopg-c"]);
    let other = has(&["mysqlclient", "pymysql", "oracledb", "cx-oracle"]);
    match (postgresql, other) {
        (true, _) => Some(Engine::PostgreSql),
        (false, true) => Some(Engine::Other),
        (false, false) => None,
    }
}

/// Whether a database is given a key, beside the engine or in its options; nothing where that is not known.
pub(crate) fn given(node: &Node, key: &str) -> Option<bool> {
    match &node.value {
        Value::Dict(dict) => {
            if dict.get(key).is_some() {
                return Some(true);
            }
            if let Some(options) = dict.get("OPTIONS") {
                let Value::Dict(options) = &options.value else { return None };
                if options.get(key).is_some() {
                    return Some(true);
                }
                if options.open {
                    return None;
                }
            }
            match &dict.base {
                Some(base) => given(base, key),
                None => (!dict.open).then_some(false),
            }
        }
        Value::Call { callee, positional, keywords, open } => {
            let lower = key.to_lowercase();
            let is_in_url =
                |node: &Node| node.as_str().is_some_and(|url| url.to_lowercase().contains(&lower));
            if keywords.iter().any(|(name, node)| *name == lower || is_in_url(node))
                || positional.iter().any(is_in_url)
            {
                return Some(true);
            }
            // `config(env, default, engine, conn_max_age)`
            let most = match callee.as_str() {
                "dj_database_url.config" => 3,
                "dj_database_url.parse" => 2,
                _ => usize::MAX,
            };
            (!open && positional.len() <= most).then_some(false)
        }
        Value::Environment { default, .. } => {
            let lower = key.to_lowercase();
            let url = default.as_ref().and_then(|node| node.as_str()).unwrap_or_default();
            Some(url.to_lowercase().contains(&lower))
        }
        _ => None,
    }
}
