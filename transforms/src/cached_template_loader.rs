//! `cached-template-loader`: templates that are parsed once.
//!
//! Before: `"loaders": ["django.template.loaders.filesystem.Loader", …]`, which parses a template for every request.
//! After: `"loaders": [("django.template.loaders.cached.Loader", […])]`.
//!
//! <https://docs.djangoproject.com/en/stable/ref/templates/api/#django.template.loaders.cached.Loader>

use tuneup_django::Project;
use tuneup_django::settings::{Node, Value};

use crate::deployment::{production, proposal, set, written_or_advice};
use crate::proposal::{Place, Proposal, Safety, SettingValue};
use crate::registry::Rule;

/// The rule.
pub const RULE: Rule = Rule {
    name: "cached-template-loader",
    summary: "parse templates once, not for every request",
    page: include_str!("cached_template_loader.md"),
    propose: |given| propose(given.project),
};

/// Loaders that give the same source for a name as long as the process lives.
const STEADY: &[&str] =
    &["django.template.loaders.filesystem.Loader", "django.template.loaders.app_directories.Loader"];

fn propose(project: &Project) -> Vec<Proposal> {
    let mut found: Vec<Proposal> = debugging(project).into_iter().chain(toolbar(project)).collect();
    if production(project).is_none() {
        return found;
    }
    if let Some(Value::List(list)) = project.settings.node("TEMPLATES").map(|node| &node.value) {
        let engines = list.items.iter().enumerate();
        found.extend(engines.filter_map(|(at, engine)| uncached(project, at, engine)));
    }
    found
}

fn uncached(project: &Project, at: usize, engine: &Node) -> Option<Proposal> {
    let Value::Dict(dict) = &engine.value else { return None };
    if dict.get("BACKEND")?.as_str()? != "django.template.backends.django.DjangoTemplates" {
        return None;
    }
    let Value::Dict(options) = &dict.get("OPTIONS")?.value else { return None };
    let loaders = options.get("loaders")?;
    let Value::List(list) = &loaders.value else { return None };
    let is_steady = |node: &Node| {
        let name = match &node.value {
            // A loader with arguments: `(filesystem.Loader, [folder])`.
            Value::List(inner) => inner.items.first().and_then(Node::as_str),
            Value::Str(text) => Some(text.as_str()),
            _ => None,
        };
        name.is_some_and(|name| STEADY.contains(&name))
    };
    if list.open || list.items.is_empty() || !list.items.iter().all(is_steady) {
        return None;
    }
    let source = project.source.source(loaders.file).ok()?;
    let old = source.text()[loaders.range].to_owned();
    let mut proposal = proposal(project, RULE.name, "TEMPLATES", &[&at.to_string()])?;
    proposal.place = Place::new(project.path(loaders.file), loaders.range);
    proposal.title = "Parse templates once, not for every request".to_owned();
    proposal.message =
        "Where `loaders` are named, Django puts no cache around them: each template is read and parsed for \
                        every response."
            .to_owned();
    if project.version.is_known() && project.version.at_least(4, 1) {
        proposal.safety = Safety::Safe;
    } else {
        proposal.message.push_str(
            " Before Django 4.1 the development server then shows changed templates after a restart.",
        );
    }
    let value = SettingValue::code(format!("[(\"django.template.loaders.cached.Loader\", {old})]"));
    proposal.changes = vec![set("TEMPLATES", &[&at.to_string(), "OPTIONS", "loaders"], value)];
    Some(written_or_advice(project, proposal))
}

/// `DEBUG = True` where production runs.
fn debugging(project: &Project) -> Option<Proposal> {
    let settings = &project.settings;
    let module = settings.module.as_ref()?;
    let debug = settings.get("DEBUG")?;
    let is_on =
        matches!(debug.node.value, Value::Bool(true)) && debug.writes.iter().all(|write| write.is_certain);
    if !is_on || module.is_development || !module.is_deployed || !settings.unseen.is_empty() {
        return None;
    }
    let mut proposal = proposal(project, RULE.name, "DEBUG", &[])?;
    proposal.safety = Safety::Advice;
    proposal.title = "Turn `DEBUG` off in production".to_owned();
    proposal.message = format!(
        "`{}`, {}, turns debugging on: every query is kept in memory, templates are parsed again for some requests, and \
         errors show the settings to whoever meets them. Read it from the environment, off by default.",
        module.name, module.reason
    );
    Some(proposal)
}

/// `debug_toolbar` among production's apps.
fn toolbar(project: &Project) -> Option<Proposal> {
    let module = production(project)?;
    let apps = project.settings.node("INSTALLED_APPS")?;
    let all = apps.alternatives();
    let found: Vec<&Node> = all.iter().filter_map(|node| toolbar_in(node)).collect();
    let first = found.first().filter(|_| found.len() == all.len())?;
    let mut proposal = proposal(project, RULE.name, "INSTALLED_APPS", &["debug_toolbar"])?;
    proposal.place = Place::new(project.path(first.file), first.range);
    proposal.safety = Safety::Advice;
    proposal.title = "Leave `debug_toolbar` out of production".to_owned();
    proposal.message = format!(
        "`{}`, {}, installs the debug toolbar, which records the queries, the signals and the templates of requests. \
         Install it where `DEBUG` is on.",
        module.name, module.reason
    );
    Some(proposal)
}

fn toolbar_in(apps: &Node) -> Option<&Node> {
    match &apps.value {
        Value::List(list) => list.items.iter().find(|item| item.as_str() == Some("debug_toolbar")),
        _ => None,
    }
}
