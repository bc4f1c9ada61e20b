//! `slow-query-log`: a log of the queries that take long in production.
//!
//! Before: nothing tells which queries are slow where `DEBUG` is off, and `connection.queries` is empty.
//! After: a middleware of the project's own, which times every query of every database.
//!
//! <https://docs.djangoproject.com/en/stable/topics/db/instrumentation/>

use tuneup_django::Project;
use tuneup_django::settings::{Dict, Value};

use crate::additions::{Home, middleware, new_file, production, proposal};
use crate::deployment::set;
use crate::proposal::{Change, Position, Proposal, SettingValue};
use crate::registry::Rule;

/// The rule.
pub const RULE: Rule = Rule {
    name: "slow-query-log",
    summary: "log the queries that take long in production",
    page: include_str!("slow_query_log.md"),
    propose: |given| propose(given.project),
};

/// What times queries in production already.
const TIMED_BY: &[&str] = &[
    "silk",
    "newrelic",
    "ddtrace",
    "elasticapm",
    "elastic-apm",
    "scout_apm",
    "scout-apm",
    "django-silk",
    "querycount",
    "django-querycount",
    "opentelemetry",
    "slow_queries",
    "django_slowtests",
    "appsignal",
    "skywalking",
];
const LOGGER: &str = "slow_queries";
const MODULE: &str = "slow_query_log";

fn propose(project: &Project) -> Vec<Proposal> {
    propose_one(project).into_iter().collect()
}

fn propose_one(project: &Project) -> Option<Proposal> {
    let module = production(project)?;
    let settings = &project.settings;
    if settings.get("DATABASES").is_none()
        || settings.get("SLOW_QUERY_SECONDS").is_some()
        || project.mention(TIMED_BY).is_some()
        || project.uses_attribute("execute_wrapper").is_some()
        || project.uses_attribute("execute_wrappers").is_some()
    {
        return None;
    }
    let home = Home::of(project)?;
    // Both kinds of servers are met by one file from 4.2, whose asgiref can mark what is asynchronous.
    let is_async = project.is_asgi() && project.version.at_least(4, 2);
    let template = match is_async {
        true => include_str!("templates/slow_query_log_async.py"),
        false => include_str!("templates/slow_query_log.py"),
    };
    let mut changes = vec![
        new_file(project, module, home.path(MODULE), template),
        middleware(home.dotted(MODULE, "SlowQueryLogMiddleware"), Position::First),
        set("SLOW_QUERY_SECONDS", &[], SettingValue::code("0.5")),
    ];
    changes.extend(logger(project));
    let message = format!(
        "Nothing in the project times its queries in production (`{}`, {}), and `connection.queries` is empty where \
         `DEBUG` is off. A middleware of the project's own then logs those that take half a second or longer, with the \
         path of the request and without their parameters; SQL that holds values itself goes into the log with them.",
        module.name, module.reason
    );
    let node = settings.node("MIDDLEWARE")?;
    Some(proposal(project, RULE.name, node, "Log the queries that take long in production", message, changes))
}

/// The logger in the project's own configuration of logging. Nothing where the root logger writes it anyway, and where
/// that cannot be told: without any handler, Python writes warnings to standard error.
fn logger(project: &Project) -> Option<Change> {
    let settings = &project.settings;
    let Some(node) = settings.node("LOGGING") else {
        if settings.get("LOGGING_CONFIG").is_some() {
            return None;
        }
        let handlers = SettingValue::dict([(
            "console",
            SettingValue::dict([("class", SettingValue::text("logging.StreamHandler"))]),
        )]);
        let logging = SettingValue::dict([
            ("version", SettingValue::code("1")),
            ("disable_existing_loggers", SettingValue::code("False")),
            ("handlers", handlers),
            ("loggers", SettingValue::dict([(LOGGER, configured("console"))])),
        ]);
        return Some(set("LOGGING", &[], logging));
    };
    let Value::Dict(logging) = &node.value else { return None };
    if logging.open || logging.base.is_some() {
        return None;
    }
    let of = |dict: &Dict, key: &str| match dict.get(key).map(|node| &node.value) {
        Some(Value::Dict(inner)) => Some(inner.clone()),
        _ => None,
    };
    let loggers = of(logging, "loggers");
    let root = of(logging, "root").or_else(|| of(loggers.as_ref()?, ""));
    if root.as_ref().is_some_and(|root| root.get("handlers").is_some()) {
        return None;
    }
    let handlers = of(logging, "handlers").filter(|handlers| !handlers.open)?;
    let (name, _) = handlers.entries.iter().find(|(_, handler)| {
        let class = handler.under("class").first().and_then(|class| class.as_str());
        class.is_some_and(|class| class.ends_with("StreamHandler") || class.ends_with("FileHandler"))
    })?;
    if loggers.as_ref().is_some_and(|loggers| loggers.open || loggers.get(LOGGER).is_some()) {
        return None;
    }
    Some(set("LOGGING", &["loggers", LOGGER], configured(name)))
}

fn configured(handler: &str) -> SettingValue {
    SettingValue::dict([
        ("handlers", SettingValue::List(vec![SettingValue::text(handler)])),
        ("level", SettingValue::text("WARNING")),
    ])
}
