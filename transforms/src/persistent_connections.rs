//! `persistent-connections`: connections to the database that outlive a request.
//!
//! Before: no `CONN_MAX_AGE`, so that every request connects, authenticates and disconnects.
//! After: `"CONN_MAX_AGE": 60, "CONN_HEALTH_CHECKS": True` beside `ENGINE`.
//!
//! <https://docs.djangoproject.com/en/stable/ref/databases/#persistent-database-connections>

use tuneup_django::Project;
use tuneup_django::settings::{Database, Node, Value};
use tuneup_python::flow::ExprKind;

use crate::databases::{Engine, alone, engine, given};
use crate::deployment::{production, proposal, set, written_or_advice};
use crate::proposal::{Place, Proposal, SettingValue};
use crate::registry::Rule;

/// The rule.
pub const RULE: Rule = Rule {
    name: "persistent-connections",
    summary: "keep connections to the database open between requests",
    page: include_str!("persistent_connections.md"),
    propose: |given| propose(given.project),
};

fn propose(project: &Project) -> Vec<Proposal> {
    let Some(_) = production(project) else { return Vec::new() };
    alone(project)
        .into_iter()
        .filter_map(|database| aged(project, &database).or_else(|| text(project, &database)))
        .collect()
}

/// Connections that nothing is said of.
fn aged(project: &Project, database: &Database) -> Option<Proposal> {
    let settings = &project.settings;
    // Under ASGI a connection is not taken up again, and each greenlet has its own.
    if is_asgi(project) || settings.server.has_greenlets {
        return None;
    }
    let engine = engine(project, database.node)?;
    // Keys that are not seen leave a hint, which says so, and no edit.
    let is_open = matches!(&database.node.value, Value::Dict(dict) if dict.open && dict.base.is_none());
    for key in ["CONN_MAX_AGE", "CONN_HEALTH_CHECKS", "pool"] {
        match given(database.node, key) {
            Some(false) => {}
            None if is_open => {}
            _ => return None,
        }
    }
    if is_open && is_named(project, "conn_max_age") {
        return None;
    }
    let alias = database.alias;
    let mut changes = vec![set("DATABASES", &[alias, "CONN_MAX_AGE"], SettingValue::code("60"))];
    let has_checks = project.version.is_known() && project.version.at_least(4, 1);
    let is_old_url = matches!(&database.node.value, Value::Call { callee, .. } if callee.starts_with("dj_database_url"))
        && project.packages.at_least("dj-database-url", 1, 1) == Some(false);
    if has_checks && !is_old_url {
        changes.push(set("DATABASES", &[alias, "CONN_HEALTH_CHECKS"], SettingValue::code("True")));
    }
    let pooler = is_pooled(project, database.node);
    if pooler
        && engine == Engine::PostgreSql
        && given(database.node, "DISABLE_SERVER_SIDE_CURSORS") == Some(false)
    {
        changes.push(set("DATABASES", &[alias, "DISABLE_SERVER_SIDE_CURSORS"], SettingValue::code("True")));
    }
    let module = project.settings.module.as_ref()?;
    let path = project.path(database.node.file);
    let mut proposal = proposal(project, RULE.name, "DATABASES", &[alias])?;
    proposal.id = format!("{}:{path}::DATABASES:{alias}", RULE.name);
    proposal.place = Place::new(path, database.node.range);
    proposal.title = format!("Keep the connections of the database `{alias}` open between requests");
    proposal.message = format!(
        "Each request connects to the database anew in the settings of production, `{}`, {}. With this, each thread of \
         each process holds a connection, which the server must have room for; under ASGI it must stay as it is.",
        module.name, module.reason,
    );
    if pooler {
        proposal.message.push_str(
            " PgBouncer stands in between: this is right where it pools by transaction, and server-side cursors do not \
             work there.",
        );
    }
    proposal.changes = changes;
    Some(written_or_advice(project, proposal))
}

/// By the settings, the deployment, or the only server among the requirements.
fn is_asgi(project: &Project) -> bool {
    let has = |names: &[&str]| names.iter().any(|name| project.packages.has(name));
    project.settings.get("ASGI_APPLICATION").is_some()
        || project.settings.server.is_asgi
        || has(&["uvicorn", "daphne", "hypercorn"]) && !has(&["gunicorn", "uwsgi", "mod-wsgi", "waitress"])
}

/// Whether the settings say a word anywhere, in whatever case.
fn is_named(project: &Project, word: &str) -> bool {
    let source = &project.source;
    let texts = project.settings.files.iter().filter_map(|&file| source.source(file).ok());
    texts.into_iter().any(|text| text.text().to_lowercase().contains(word))
}

/// `"CONN_MAX_AGE": os.environ.get(…)`: a text, on which every connection fails.
fn text(project: &Project, database: &Database) -> Option<Proposal> {
    let Value::Dict(dict) = &database.node.value else { return None };
    let age = dict.get("CONN_MAX_AGE")?;
    let value = match &age.value {
        Value::Str(text) if text.trim().parse::<u32>().is_ok() => text.trim().to_owned(),
        Value::Environment { .. } => {
            let text = project.source.source(age.file).ok()?.text()[age.range].to_owned();
            let facts = project.source.facts(age.file);
            // As it stands: what `int(…)` or a reader with a cast makes of it is a number.
            let is_plain = ["os.environ", "os.getenv", "environ.get", "environ[", "getenv"]
                .iter()
                .any(|reader| text.starts_with(reader));
            let is_entry = facts.exprs.iter().any(|node| match node.kind {
                ExprKind::Dict(run) => {
                    facts.list(run).chunks_exact(2).any(|pair| facts.range(pair[1]) == age.range)
                }
                _ => false,
            });
            if !is_plain || !is_entry {
                return None;
            }
            format!("int({text})")
        }
        _ => return None,
    };
    let alias = database.alias;
    let mut proposal = proposal(project, RULE.name, "DATABASES", &[alias, "CONN_MAX_AGE"])?;
    proposal.place = Place::new(project.path(age.file), age.range);
    proposal.title = format!("Make a number of the `CONN_MAX_AGE` of the database `{alias}`");
    proposal.message =
        "It is text, which Django adds to the time: connecting fails with a TypeError where the variable \
                        is set."
            .to_owned();
    proposal.changes = vec![set("DATABASES", &[alias, "CONN_MAX_AGE"], SettingValue::code(value))];
    Some(written_or_advice(project, proposal))
}

/// Whether PgBouncer is seen: by the deployment, the host's name or the port.
fn is_pooled(project: &Project, node: &Node) -> bool {
    let under = |key: &str| match &node.value {
        Value::Dict(dict) => dict.get(key).and_then(Node::as_str).map(str::to_lowercase),
        _ => None,
    };
    project.settings.server.has_pgbouncer
        || under("HOST").is_some_and(|host| host.contains("bouncer"))
        || under("PORT").is_some_and(|port| port == "6432")
}
