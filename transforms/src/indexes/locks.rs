//! What the making of an index keeps waiting, in words, for the databases that a project has.

use tuneup_django::Project;
use tuneup_django::migrations::concurrent::{Concurrency, is_postgresql};

/// What the migration that makes an index locks. `is_field` is whether it changes the field.
pub(super) fn of_making(project: &Project, is_field: bool) -> String {
    let (engines, are_all) = project.settings.database_engines();
    let is_only = |fits: &dyn Fn(&str) -> bool| {
        are_all && !engines.is_empty() && engines.iter().all(|engine| fits(engine))
    };
    let mut text = match &project.concurrency {
        Concurrency::Concurrent => {
            return "It is made concurrently (SHARE UPDATE EXCLUSIVE lock): writes go on, it waits for older \
                    transactions, and it stands alone in a migration that is no transaction. Where it fails it leaves \
                    an invalid index, to be dropped before it is run again."
                .to_owned();
        }
        _ if is_only(&is_postgresql) => {
            "Making it takes a SHARE lock: reads of the table go on, writes wait until it is built.".to_owned()
        }
        _ if is_only(&|engine| engine.ends_with("mysql")) => {
            "MySQL and MariaDB build it online: reads and writes of the table go on.".to_owned()
        }
        _ if is_only(&|engine| engine.ends_with("sqlite3") || engine.ends_with("spatialite")) => match is_field {
            true => "SQLite writes the whole table anew for a change of a field, and nothing else writes meanwhile.",
            false => "On SQLite nothing else writes while it is built.",
        }
        .to_owned(),
        _ => "Making it takes a lock that keeps writes to the table waiting while it is built (SHARE on PostgreSQL; \
              MySQL and MariaDB build it online)."
            .to_owned(),
    };
    match &project.concurrency {
        Concurrency::Plain if is_only(&is_postgresql) => {
            text.push_str(" `--concurrently` makes it while writes go on.");
        }
        Concurrency::Impossible(reason) => {
            text.push_str(" It is not made concurrently, because ");
            text.push_str(reason);
            text.push('.');
        }
        _ => {}
    }
    text
}
