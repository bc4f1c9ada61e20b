//! Whether indexes can be made while the database goes on writing: PostgreSQL alone can, and Django's operation for it
//! fails on every other database, also on the one that tests run on.
//!
//! <https://docs.djangoproject.com/en/stable/ref/contrib/postgres/operations/#concurrent-index-operations>

use tuneup_python::Project;

use crate::settings::Settings;

/// How the indexes of a project are to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Concurrency {
    /// In the migration's transaction, as Django does it.
    Plain,
    /// While the database goes on writing.
    Concurrent,
    /// In the migration's transaction although the other was asked for, with the reason.
    Impossible(String),
}

/// What an engine's name ends with, of those that are PostgreSQL.
const POSTGRESQL: &[&str] =
    &["postgresql", "postgresql_psycopg2", "postgis", "psqlextra.backend", "timescale"];

/// Parts of the names of engines that are another database.
const OTHERS: &[&str] =
    &["backends.sqlite3", "backends.mysql", "backends.oracle", "backends.spatialite", "mssql"];

impl Concurrency {
    /// Whether each database of a project is PostgreSQL: in production, and wherever else a file names an engine.
    pub(crate) fn find(source: &Project, settings: &Settings, is_asked: bool) -> Self {
        if !is_asked {
            return Self::Plain;
        }
        let (engines, are_all) = settings.database_engines();
        if let Some(other) = engines.iter().find(|engine| !is_postgresql(engine)) {
            return Self::Impossible(format!("a database is of the engine `{other}`"));
        }
        if engines.is_empty() || !are_all {
            return Self::Impossible("the settings do not tell that every database is PostgreSQL".to_owned());
        }
        for file in source.file_ids() {
            if source.file(file).is_third_party {
                continue;
            }
            let Ok(text) = source.source(file) else { continue };
            if let Some(other) = OTHERS.iter().find(|name| names_engine(text.text(), name)) {
                return Self::Impossible(format!("{} names a database of `{other}`", source.path(file)));
            }
        }
        Self::Concurrent
    }

    /// Whether indexes are to be made while the database goes on writing.
    pub fn is_concurrent(&self) -> bool {
        *self == Self::Concurrent
    }
}

/// Whether an engine is PostgreSQL's, by the end of its dotted name.
pub fn is_postgresql(engine: &str) -> bool {
    POSTGRESQL.iter().any(|name| engine.ends_with(name))
}

/// Whether a text that ends like the name of an engine stands in the source.
fn names_engine(source: &str, name: &str) -> bool {
    ["\"", "'"].iter().any(|quote| source.contains(&format!("{name}{quote}")))
}
