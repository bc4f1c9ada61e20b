//! `prometheus`: numbers of requests, responses and queries, for Prometheus to collect.
//!
//! Before: nothing counts what production does.
//! After: django-prometheus, as app, as the first and the last middleware, in the engines of databases, and a route.
//!
//! <https://github.com/django-commons/django-prometheus>

use tuneup_django::Project;
use tuneup_django::settings::{Node, Value};
use tuneup_python::ModuleRef;

use crate::additions::{app, middleware, production, proposal, require};
use crate::deployment::set;
use crate::proposal::{Change, Position, Proposal, SettingValue};
use crate::registry::Rule;

/// The rule.
pub const RULE: Rule = Rule {
    name: "prometheus",
    summary: "count requests, responses and queries for Prometheus",
    page: include_str!("prometheus.md"),
    propose: |given| propose(given.project),
};

/// What counts already, for Prometheus or another.
const COUNTED_BY: &[&str] = &[
    "django_prometheus",
    "django-prometheus",
    "prometheus_client",
    "prometheus-client",
    "statsd",
    "django_statsd",
    "datadog",
    "ddtrace",
    "newrelic",
    "opentelemetry",
    "elasticapm",
    "elastic-apm",
    "aioprometheus",
    "appsignal",
    "scout_apm",
    "scout-apm",
];
/// Engines that django-prometheus has a form of.
const ENGINES: &[&str] = &["postgresql", "mysql", "sqlite3"];

fn propose(project: &Project) -> Vec<Proposal> {
    propose_one(project).into_iter().collect()
}

fn propose_one(project: &Project) -> Option<Proposal> {
    let module = production(project)?;
    let settings = &project.settings;
    let version = &project.version;
    // django-prometheus 2.5 is made for 4.2 to 6.0, without 5.0.
    let is_served = version.is_known()
        && version.at_least(4, 2)
        && !version.at_least(6, 1)
        && (version.major(), version.minor()) != (5, 0);
    if !is_served || project.mention(COUNTED_BY).is_some() {
        return None;
    }
    let mut changes = vec![
        app("django_prometheus", Position::Anywhere),
        middleware("django_prometheus.middleware.PrometheusBeforeMiddleware", Position::First),
        middleware("django_prometheus.middleware.PrometheusAfterMiddleware", Position::Last),
    ];
    let urls = settings.node("ROOT_URLCONF").and_then(Node::as_str)?;
    let Some(ModuleRef::File(file)) = project.source.module(urls) else { return None };
    changes.push(Change::AddRoute {
        path: project.path(file).to_owned(),
        route: String::new(),
        include: "django_prometheus.urls".to_owned(),
    });
    let mut aliases: Vec<&str> = Vec::new();
    for database in settings.databases() {
        let engines = database.node.under("ENGINE");
        let engine = match engines.as_slice() {
            [Node { value: Value::Str(engine), .. }] => engine.strip_prefix("django.db.backends."),
            _ => None,
        };
        if let Some(engine) = engine.filter(|engine| ENGINES.contains(engine))
            && settings.databases().iter().filter(|other| other.alias == database.alias).count() == 1
            && !aliases.contains(&database.alias)
        {
            aliases.push(database.alias);
            let engine = format!("django_prometheus.db.backends.{engine}");
            changes.push(set("DATABASES", &[database.alias, "ENGINE"], SettingValue::text(engine)));
        }
    }
    changes.push(require("django-prometheus", "2.4"));
    let message = format!(
        "Nothing in the project counts its requests and queries in production (`{}`, {}). django-prometheus then shows \
         them at `/metrics`, to everyone who reaches it: keep that path from the public. With several worker processes \
         it needs `PROMETHEUS_MULTIPROC_DIR`, or each answers for itself.",
        module.name, module.reason
    );
    let node = settings.node("MIDDLEWARE")?;
    Some(proposal(project, RULE.name, node, "Count requests and queries for Prometheus", message, changes))
}
