//! `redis-cache`: one cache for all processes.
//!
//! Before: no `CACHES`, or `LocMemCache`, so that each process has a cache of its own, empty after each deployment.
//! After: `django.core.cache.backends.redis.RedisCache` in a database of its own, its address from the environment.
//!
//! <https://docs.djangoproject.com/en/stable/topics/cache/#redis>

use tuneup_django::Project;
use tuneup_django::settings::Value;

use crate::caches::{Redis, user_of_cache};
use crate::deployment::{production, proposal, set, written_or_advice};
use crate::proposal::{Change, Evidence, Place, Proposal, SettingValue};
use crate::registry::Rule;

/// The rule.
pub const RULE: Rule = Rule {
    name: "redis-cache",
    summary: "share one cache between all processes, in Redis",
    page: include_str!("redis_cache.md"),
    propose: |given| propose(given.project),
};

const LOCAL: &str = "django.core.cache.backends.locmem.LocMemCache";
/// The variable of the environment that names the cache.
const VARIABLE: &str = "REDIS_CACHE_URL";

fn propose(project: &Project) -> Vec<Proposal> {
    found(project).into_iter().collect()
}

fn found(project: &Project) -> Option<Proposal> {
    let module = production(project)?;
    let user = user_of_cache(project)?;
    let redis = Redis::find(project)?;
    if !project.version.is_known() {
        return None;
    }
    let caches = project.settings.node("CACHES");
    let default = match caches.map(|node| &node.value) {
        None => None,
        Some(Value::Dict(dict)) if dict.open => return None,
        Some(Value::Dict(dict)) => match dict.get("default") {
            None => None,
            Some(default) => {
                let Value::Dict(default) = &default.value else { return None };
                if default.open || default.get("BACKEND")?.as_str()? != LOCAL {
                    return None;
                }
                Some(default)
            }
        },
        Some(_) => return None,
    };
    let is_builtin = project.version.at_least(4, 0);
    let (address, number) = redis.free();
    let prefix = module.name.split('.').next().unwrap_or_default();
    let backend = match is_builtin {
        true => "django.core.cache.backends.redis.RedisCache",
        false => "django_redis.cache.RedisCache",
    };
    let mut entries = vec![
        ("BACKEND", SettingValue::text(backend)),
        ("LOCATION", SettingValue::environment(VARIABLE, &address)),
    ];
    let has = |key: &str| default.is_some_and(|default| default.get(key).is_some());
    if !has("KEY_PREFIX") {
        entries.push(("KEY_PREFIX", SettingValue::text(prefix)));
    }
    let mut changes: Vec<Change> = match (caches, default) {
        (None, _) => {
            vec![set("CACHES", &[], SettingValue::dict([("default", SettingValue::dict(entries))]))]
        }
        (Some(_), None) => vec![set("CACHES", &["default"], SettingValue::dict(entries))],
        // What is said of the time that entries live stays.
        (Some(_), Some(_)) => {
            entries.into_iter().map(|(key, value)| set("CACHES", &["default", key], value)).collect()
        }
    };
    let package =
        if is_builtin { ("redis", vec!["hiredis".to_owned()]) } else { ("django-redis", Vec::new()) };
    let (package, extras) = package;
    changes.push(Change::Requirement { package: package.to_owned(), extras, minimum: None });
    let mut proposal = proposal(project, RULE.name, "CACHES", &["default"])?;
    proposal.title = "Share one cache between all processes, in Redis".to_owned();
    proposal.message = format!(
        "The cache of `{}`, {}, is memory of each process: what one stores or deletes, the others do not see. It goes into \
         database {number} of Redis, which nothing else may use, because `cache.clear()` empties it; set `{VARIABLE}` \
         where the settings are read. Requests fail while Redis is down.",
        module.name, module.reason
    );
    proposal.evidence.push(Evidence {
        place: Place::new(user, ruff_text_size::TextRange::default()),
        message: "uses the cache".to_owned(),
    });
    proposal.changes = changes;
    // The options of the cache in memory are none of Redis.
    if has("OPTIONS") {
        proposal.message.push_str(
            " Its `OPTIONS` are not those of Redis: take them out, and then write the rest by hand.",
        );
        proposal.safety = crate::proposal::Safety::Advice;
        proposal.changes.clear();
        return Some(proposal);
    }
    Some(written_or_advice(project, proposal))
}
