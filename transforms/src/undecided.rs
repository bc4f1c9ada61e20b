//! What a project leaves open, and why: no rule can decide on it.

use tuneup_django::Project;

use crate::proposal::Place;

/// Something that is left open.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Undecided {
    /// Where; none where it is about the whole project.
    pub place: Option<Place>,
    /// What, and why.
    pub reason: String,
}

/// All that a project leaves open, in order of place.
pub fn undecided(project: &Project) -> Vec<Undecided> {
    let mut all = Vec::new();
    let mut general = |reason: &str| all.push(Undecided { place: None, reason: reason.to_owned() });
    if !project.version.is_known() {
        general("Nothing says which Django this is: only what holds in every version is proposed.");
    }
    if project.settings.module.is_none() {
        general("No settings module of production was found: rules about settings were not asked.");
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
