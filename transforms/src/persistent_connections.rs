//! `persistent-connections`: connections to the database that outlive a request.
//!
//! Before: no `CONN_MAX_AGE`, so that every request connects, authenticates and disconnects.
//! After: `"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True` beside `ENGINE`.
//!
//! <https://docs.djangoproject.com/en/stable/ref/databases/#persistent-database-connections>

use tuneup_django::Project;
use tuneup_django::settings::{Database, Node, Value};

use crate::deployment::written_or_advice;
use crate::proposal::{Change, Place, Proposal, Safety, SettingEdit, SettingValue};
use crate::registry::Rule;

/// The rule.
pub const RULE: Rule = Rule {
    name: "persistent-connections",
    summary: "keep connections to the database open between requests",
    page: include_str!("persistent_connections.md"),
    propose,
};

/// What decides about the lives of connections, or makes way for something that does.
const DECIDED: &[&str] = &["CONN_MAX_AGE", "CONN_HEALTH_CHECKS", "DISABLE_SERVER_SIDE_CURSORS"];

fn propose(project: &Project) -> Vec<Proposal> {
    let settings = &project.settings;
    let is_asgi = settings.get("ASGI_APPLICATION").is_some();
    if settings.module.is_none() || !settings.unseen.is_empty() || is_asgi {
        return Vec::new();
    }
    let databases = settings.databases();
    let mut aliases: Vec<&str> = databases.iter().map(|database| database.alias).collect();
    aliases.sort_unstable();
    aliases.dedup();
    aliases
        .into_iter()
        .filter_map(|alias| {
            let forms: Vec<&Database> = databases.iter().filter(|database| database.alias == alias).collect();
            match forms.as_slice() {
                // In several forms, the branch that production takes is not known.
                [only] => proposal(project, only),
                _ => None,
            }
        })
        .collect()
}

fn proposal(project: &Project, database: &Database) -> Option<Proposal> {
    let node = database.node;
    let Value::Dict(dict) = &node.value else { return None };
    if dict.open || dict.base.is_some() || DECIDED.iter().any(|key| dict.get(key).is_some()) {
        return None;
    }
    let engine = match dict.get("ENGINE").map(|engine| &engine.value) {
        Some(Value::Str(engine)) => engine.as_str(),
        _ => return None,
    };
    let last = engine.rsplit('.').next().unwrap_or_default();
    if !matches!(last, "postgresql" | "postgresql_psycopg2" | "mysql" | "oracle" | "postgis") {
        return None;
    }
    if let Some(options) = dict.get("OPTIONS") {
        let Value::Dict(options) = &options.value else { return None };
        if options.open || options.get("pool").is_some() {
            return None;
        }
    }
    // A pooler between the two is told by its name or its port, and decides itself.
    let is_text =
        |key: &str, known: &dyn Fn(&str) -> bool| dict.get(key).and_then(Node::as_str).is_some_and(known);
    let is_pooler =
        |host: &str| host.to_lowercase().contains("bouncer") || host.to_lowercase().contains("pool");
    if is_text("HOST", &is_pooler) || is_text("PORT", &|port| port == "6432") {
        return None;
    }
    let checks = project.version.is_known() && project.version.at_least(4, 1);
    let module = project.settings.module.as_ref()?;
    let alias = database.alias;
    let path = project.path(node.file);
    let set = |key: &str, value: &str| Change::Setting {
        name: "DATABASES".to_owned(),
        edit: SettingEdit::Set {
            keys: vec![alias.to_owned(), key.to_owned()],
            value: SettingValue::code(value),
        },
    };
    let mut changes = vec![set("CONN_MAX_AGE", "60")];
    if checks {
        changes.push(set("CONN_HEALTH_CHECKS", "True"));
    }
    let proposal = Proposal {
        id: format!("{}:{path}::DATABASES:{alias}", RULE.name),
        rule: RULE.name,
        safety: Safety::Unsafe,
        title: format!("Keep the connections of the database `{alias}` open between requests"),
        message: format!(
            "Each request connects to the database anew in the settings of production, `{}`, {}. Then each thread of \
             each process holds a connection, which the server must have room for; under ASGI it must stay as it is.",
            module.name, module.reason,
        ),
        place: Place::new(path, node.range),
        symbol: String::new(),
        model: None,
        fields: vec![alias.to_owned()],
        evidence: Vec::new(),
        changes,
    };
    Some(written_or_advice(project, proposal))
}
