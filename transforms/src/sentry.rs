//! `sentry`: errors and slow requests of production, reported to Sentry.
//!
//! Before: errors of production are seen by those who have them.
//! After: `sentry_sdk.init(…)` in the production settings, all of it from the environment.
//!
//! <https://docs.sentry.io/platforms/python/integrations/django/>

use tuneup_django::Project;

use crate::additions::{production, proposal, require};
use crate::proposal::{Cast, Change, Proposal, SettingValue};
use crate::registry::Rule;

/// The rule.
pub const RULE: Rule = Rule {
    name: "sentry",
    summary: "report errors and slow requests of production to Sentry",
    page: include_str!("sentry.md"),
    propose: |given| propose(given.project),
};

/// What reports errors already.
const REPORTED_BY: &[&str] = &[
    "sentry_sdk",
    "sentry-sdk",
    "raven",
    "rollbar",
    "bugsnag",
    "honeybadger",
    "airbrake",
    "pybrake",
    "newrelic",
    "ddtrace",
    "elasticapm",
    "elastic-apm",
    "appsignal",
    "raygun4py",
    "opbeat",
    "opentelemetry",
    "logfire",
];

fn propose(project: &Project) -> Vec<Proposal> {
    propose_one(project).into_iter().collect()
}

fn propose_one(project: &Project) -> Option<Proposal> {
    let module = production(project)?;
    let settings = &project.settings;
    if project.mention(REPORTED_BY).is_some() || settings.iter().any(|(name, _)| name.contains("SENTRY")) {
        return None;
    }
    let variable = |name: &str, default: SettingValue, cast: Cast| SettingValue::Environment {
        variable: name.to_owned(),
        default: Some(Box::new(default)),
        cast,
    };
    let keywords = vec![
        ("dsn".to_owned(), variable("SENTRY_DSN", SettingValue::text(""), Cast::Text)),
        (
            "environment".to_owned(),
            variable("SENTRY_ENVIRONMENT", SettingValue::text("production"), Cast::Text),
        ),
        ("release".to_owned(), variable("SENTRY_RELEASE", SettingValue::code("None"), Cast::Text)),
        (
            "traces_sample_rate".to_owned(),
            variable("SENTRY_TRACES_SAMPLE_RATE", SettingValue::code("0.0"), Cast::Float),
        ),
    ];
    let call = SettingValue::Call { module: "sentry_sdk".to_owned(), function: "init".to_owned(), keywords };
    let changes = vec![Change::SettingsCall { call, condition: None }, require("sentry-sdk", "2.0")];
    let message = format!(
        "Nothing in the project reports the errors of production (`{}`, {}). `sentry_sdk.init` then takes all from the \
         environment, and without `SENTRY_DSN` sends nothing; with it, errors and the given share of requests go to that \
         service, with what their data says of people.",
        module.name, module.reason
    );
    let node = settings.node("INSTALLED_APPS")?;
    Some(proposal(project, RULE.name, node, "Report the errors of production to Sentry", message, changes))
}
