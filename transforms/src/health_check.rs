//! `health-check`: an answer to probes that says whether the project can serve requests.
//!
//! Before: a balancer asks for some page, which redirects, refuses the host, or answers without the database.
//! After: `/healthz/`, answered by the first middleware, 503 where database, cache or migrations are not right.
//!
//! <https://docs.djangoproject.com/en/stable/topics/http/middleware/>

use tuneup_django::Project;

use crate::additions::{Home, middleware, new_file, production, proposal};
use crate::proposal::{Position, Proposal};
use crate::registry::Rule;

/// The rule.
pub const RULE: Rule = Rule {
    name: "health-check",
    summary: "answer probes with the state of database, cache and migrations",
    page: include_str!("health_check.md"),
    propose: |given| propose(given.project),
};

/// What answers probes already.
const ANSWERED_BY: &[&str] = &[
    "health_check",
    "django-health-check",
    "watchman",
    "django-watchman",
    "django_healthz",
    "django-healthz",
    "django_alive",
    "django-alive",
    "django_probes",
    "dockerflow",
    "django_healthchecks",
    "django-healthchecks",
    "healthcheck",
    "django-healthcheck",
];
const MODULE: &str = "health_check";

fn propose(project: &Project) -> Vec<Proposal> {
    propose_one(project).into_iter().collect()
}

fn propose_one(project: &Project) -> Option<Proposal> {
    let module = production(project)?;
    let settings = &project.settings;
    if settings.get("DATABASES").is_none() || project.mention(ANSWERED_BY).is_some() || project.tells_health()
    {
        return None;
    }
    let home = Home::of(project)?;
    let is_async = project.is_asgi() && project.version.at_least(4, 2);
    let template = match is_async {
        true => include_str!("templates/health_check_async.py"),
        false => include_str!("templates/health_check.py"),
    };
    let changes = vec![
        new_file(project, module, home.path(MODULE), template),
        middleware(home.dotted(MODULE, "HealthCheckMiddleware"), Position::First),
    ];
    let message = format!(
        "Nothing in the project tells a balancer whether it can serve requests (production is `{}`, {}). `/healthz/` is \
         then answered by the first middleware, before `SECURE_SSL_REDIRECT` and `ALLOWED_HOSTS` turn probes away: 200, \
         or 503 where a database, a cache or a migration is not as it must be. It is open to all, and says which of \
         these failed and no more.",
        module.name, module.reason
    );
    let node = settings.node("MIDDLEWARE")?;
    Some(proposal(project, RULE.name, node, "Answer probes at /healthz/", message, changes))
}
