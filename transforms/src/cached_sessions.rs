//! `cached-sessions`: sessions that are read from the cache.
//!
//! Before: every request of a person who has logged in reads a row of `django_session`.
//! After: `SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"`, which writes to both and reads from the cache.
//!
//! <https://docs.djangoproject.com/en/stable/topics/http/sessions/#using-cached-sessions>

use tuneup_django::Project;

use crate::caches::is_shared;
use crate::deployment::{production, proposal, set, texts_under, written_or_advice};
use crate::proposal::{Proposal, SettingValue};
use crate::registry::Rule;

/// The rule.
pub const RULE: Rule = Rule {
    name: "cached-sessions",
    summary: "read sessions from the cache",
    page: include_str!("cached_sessions.md"),
    propose: |given| propose(given.project),
};

const DATABASE: &str = "django.contrib.sessions.backends.db";
const MIDDLEWARE: &str = "django.contrib.sessions.middleware.SessionMiddleware";

fn propose(project: &Project) -> Vec<Proposal> {
    found(project).into_iter().collect()
}

fn found(project: &Project) -> Option<Proposal> {
    production(project)?;
    let settings = &project.settings;
    let (middleware, _) = settings.middleware();
    if !middleware.contains(&MIDDLEWARE) {
        return None;
    }
    let mut engines = settings.node("SESSION_ENGINE").map(|node| node.alternatives()).unwrap_or_default();
    if !engines
        .drain(..)
        .all(|node| matches!(&node.value, tuneup_django::settings::Value::Str(text) if text == DATABASE))
    {
        return None;
    }
    let alias = match settings.node("SESSION_CACHE_ALIAS") {
        Some(node) => node.as_str()?,
        None => "default",
    };
    let caches = settings.node("CACHES")?;
    let mut backends = Vec::new();
    for node in caches.alternatives() {
        let tuneup_django::settings::Value::Dict(dict) = &node.value else { return None };
        backends.extend(texts_under(dict.get(alias)?, "BACKEND")?);
    }
    if backends.is_empty() || !backends.iter().all(|backend| is_shared(backend)) {
        return None;
    }
    let mut proposal = proposal(project, RULE.name, "SESSION_ENGINE", &[])?;
    proposal.title = "Read sessions from the cache".to_owned();
    proposal.message = format!(
        "Each request with a session reads it from the database. With `cached_db` it is written to both, and read from \
         the cache `{alias}`, which all processes share; what the cache has lost is read from the database. Who deletes \
         rows of `django_session` to log people out has to delete them by the session store."
    );
    let engine = SettingValue::text("django.contrib.sessions.backends.cached_db");
    proposal.changes = vec![set("SESSION_ENGINE", &[], engine)];
    Some(written_or_advice(project, proposal))
}
