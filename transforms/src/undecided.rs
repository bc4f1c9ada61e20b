//! What a project leaves open, and why: no rule can decide on it.

use tuneup_django::Project;

use crate::deployment::production;
use crate::proposal::Place;

/// Something that is left open.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Undecided {
    /// Where; none where it is about the whole project.
    pub place: Option<Place>,
    /// What, and why.
    pub reason: String,
}

/// The rules that ask for the settings of production.
const ABOUT_PRODUCTION: [&str; 10] = [
    crate::persistent_connections::RULE.name,
    crate::connection_pool::RULE.name,
    crate::redis_cache::RULE.name,
    crate::cached_sessions::RULE.name,
    crate::cached_template_loader::RULE.name,
    crate::whitenoise::RULE.name,
    crate::slow_query_log::RULE.name,
    crate::sentry::RULE.name,
    crate::prometheus::RULE.name,
    crate::health_check::RULE.name,
];

/// Why a rule could not decide on a project at all, so that finding nothing says nothing.
pub fn unasked(project: &Project, rule: &str) -> Option<&'static str> {
    if !ABOUT_PRODUCTION.contains(&rule) || production(project).is_some() {
        return None;
    }
    Some(match &project.settings.module {
        None => "no settings of production were found",
        Some(module) if module.is_development => "the settings that were found are for development",
        Some(module) if module.is_debugging => "the settings turn debugging on for good",
        Some(_) => "something may set settings that are not seen",
    })
}

/// All that a project leaves open, in order of place.
pub fn undecided(project: &Project) -> Vec<Undecided> {
    let mut all = Vec::new();
    let mut general = |reason: &str| all.push(Undecided { place: None, reason: reason.to_owned() });
    if !project.version.is_known() {
        general("Nothing says which Django this is: only what holds in every version is proposed.");
    }
    match &project.settings.module {
        None => general("No settings module of production was found: rules about settings were not asked."),
        Some(module) if module.is_development || module.is_debugging => {
            general(
                "The settings that were found are not those of production: rules about settings were not asked.",
            );
        }
        Some(_) => {}
    }
    for (file, range) in &project.settings.unseen {
        all.push(Undecided {
            place: Some(Place::new(project.path(*file), *range)),
            reason: "This may set settings that are not seen; what it may set is left alone.".to_owned(),
        });
    }
    for query in &project.queries {
        let what = match (query.plan.select_unknown, query.plan.prefetch_unknown) {
            (true, true) => "`select_related` and `prefetch_related` are",
            (true, false) => "`select_related` is",
            (false, true) => "`prefetch_related` is",
            (false, false) => continue,
        };
        if let Some(site) = query.sites.last()
            && !query.reads.is_empty()
        {
            all.push(Undecided {
                place: Some(Place::new(project.path(site.file), site.range)),
                reason: format!(
                    "{what} given what cannot be read here: which relations it loads is not known."
                ),
            });
        }
    }
    all.sort();
    all.dedup();
    all
}
