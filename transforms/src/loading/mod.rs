//! What queries do not load though code reads it for every row, and where they would: the part that
//! `select-related` and `prefetch-related` share.

mod attributes;
mod branches;
mod callers;
mod deferring;
mod gap;
mod getting;
mod keys;
mod made;
mod meeting;
mod named_reads;
mod placing;
mod plans;
mod rare;
mod reaching;
mod repeated_get_object;
mod sharing;
mod tested;
mod verdict;

use std::cell::OnceCell;
use std::collections::BTreeMap;

use ruff_text_size::TextRange;
use rustc_hash::{FxHashMap, FxHashSet};
use tuneup_django::Project;
use tuneup_django::paths::path_of;
use tuneup_django::queries::{Query, Read, Site, Source, Step};
use tuneup_django::schema::{ModelId, RelationId};
use tuneup_python::{FileId, FunctionRef};

use self::callers::{Caller, Share, WayOut};
pub(crate) use self::deferring::{held_by, is_deferred, left_out, left_out_elsewhere};
pub(crate) use self::gap::{Gap, Missing};
use self::getting::getters;
pub(crate) use self::keys::KeyOnly;
use self::made::turning_as_made;
use self::placing::{Many, place};
use self::plans::{Loaded, Loading, is_loaded};
use self::rare::Rare;
use self::reaching::Calls;
pub(crate) use self::repeated_get_object::asked_again;
use self::sharing::Sharing;
use self::tested::Texts;
pub(crate) use self::tested::{read_for, said_of_tests};
pub(crate) use self::verdict::{Objection, Verdict, by_safety, lacking};
use crate::proposal::Place;

/// A site, in the order of output.
type Key = (usize, u32, u32);

fn key(site: &Site) -> Key {
    (site.file.index(), site.range.start().to_u32(), site.range.end().to_u32())
}

/// What the queries of a project do not load.
pub(crate) struct Lacks<'p> {
    /// The gaps of all queries, in order of their places.
    pub(crate) gaps: Vec<Gap<'p>>,
    /// The relations of which nothing but the key is read, which need not be loaded: they are in none of the gaps.
    pub(crate) keys: Vec<KeyOnly>,
}

/// What the queries of a project do not load though code reads it for every row.
pub(crate) fn lacks(project: &Project) -> Lacks<'_> {
    let loading = Loading::of(project);
    let mut gaps = gather(project, &loading);
    add_uses(project, &mut gaps);
    drop_perhaps_loaded(project, &mut gaps);
    drop_served(project, &mut gaps);
    let mut gaps: Vec<Gap> = gaps.into_values().collect();
    let keys = keys::take(project, &mut gaps);
    meeting::meet(project, &mut gaps);
    finish(project, &mut gaps);
    Lacks { gaps, keys }
}

/// The reads of all queries, each at the place that would load it, and who else gets the rows there.
fn gather<'p>(project: &'p Project, loading: &Loading) -> BTreeMap<Key, Gap<'p>> {
    let sharing = Sharing::of(project);
    let ways = ways(project);
    let mut idle = Idle::default();
    let mut calls = Calls::default();
    let mut gaps: BTreeMap<Key, Gap> = BTreeMap::new();
    // Who gets rows from a function is the same for all that go out of it in one way.
    let mut told: FxHashSet<(Key, WayOut, String, bool)> = FxHashSet::default();
    for query in &project.queries {
        let many = Many::of(query);
        // What a flow does, and who gets its rows, is the same for all that it reads.
        let mut flows: FxHashSet<(Key, bool)> = FxHashSet::default();
        let mut shared: FxHashSet<(Key, String, bool)> = FxHashSet::default();
        for read in query.reads.iter().filter(|read| read.many) {
            let Some((site, rest)) = place(project, query, read, loading, &sharing, &many) else {
                continue;
            };
            let is_whole = rest.len() == read.steps.len();
            let loaded = is_loaded(project, query, read, rest.len());
            if loaded == Loaded::Yes || !is_known(project, rest) {
                continue;
            }
            // Where another flow of the same query loads what is read here, the code decides when to.
            if is_whole
                && (loading.loaded.contains(&(key(&site), key(&read.site), path_of(rest)))
                    || loading.may_be_resumed(query, &site, read, &path_of(rest)))
            {
                continue;
            }
            if idle.is_idle(project, query, read, &site) {
                continue;
            }
            let model = rest_model(project, query, read, rest.len());
            let gap = gaps.entry(key(&site)).or_insert_with(|| Gap::of(site, model, query.asked));
            if gap.model != model {
                continue;
            }
            if let Some(over) = read.steps.len().checked_sub(rest.len() + 1).map(|at| &read.steps[at])
                && let Some(elsewhere) = loading.may_come_with(query, &site, over)
            {
                gap.prefetched_elsewhere = Some(elsewhere);
            }
            if is_whole && let Some(relation) = loading.whole_of(query, &site) {
                let name = project.schema.relation(relation).lookup_name();
                match loading.is_prefetched(relation, name) {
                    Some(elsewhere) => gap.prefetched_elsewhere = Some(elsewhere),
                    None => gap.proposed_elsewhere = Some(relation),
                }
            }
            gap.add_read(query, read, rest, loaded == Loaded::Automatically, &ways);
            if flows.insert((key(&site), is_whole)) {
                gap.add_flow(query, is_whole);
            }
            if !shared.insert((key(&site), path_of(&read.steps), is_whole)) {
                continue;
            }
            if is_whole {
                let path = path_of(rest);
                let is_asked_before = !query.asked_before.is_empty();
                if let Some(way_out) = sharing.way_out(query, read, &site)
                    && told.insert((key(&site), way_out, path.clone(), is_asked_before))
                {
                    let mut callers = sharing.callers(way_out, &site, &path);
                    // What the function itself does with the rows that it gives costs no query of its own.
                    if is_asked_before {
                        callers.retain(|it| (it.site.file, it.site.function) != (site.file, site.function));
                    }
                    gap.add_callers(&path, callers);
                }
            }
            gap.add_callers(&path_of(rest), getters(project, &mut calls, (query, read), &site, rest.len()));
        }
    }
    gaps
}

/// What costs nobody anything: code that nothing calls, views that no URL names, and what almost never runs.
#[derive(Default)]
struct Idle {
    in_unused_view: FxHashMap<Key, bool>,
    unused: FxHashMap<FunctionRef, bool>,
    rare: Rare,
}

impl Idle {
    /// Whether a query that would load something at `site`, or what is read of it, is such code.
    fn is_idle(&mut self, project: &Project, query: &Query, read: &Read, site: &Site) -> bool {
        let is_unused = site.function.is_some_and(|id| {
            let function = FunctionRef { file: site.file, id };
            *self.unused.entry(function).or_insert_with(|| project.is_unused(function))
        });
        is_unused
            || query.sites.iter().chain([site]).any(|at| self.rare.asks(project, at))
            || self.rare.reads(project, query, &read.site)
            || *self
                .in_unused_view
                .entry(key(site))
                .or_insert_with(|| project.is_in_unused_view(site.file, site.range))
    }
}

/// Adds what all flows of the queries do with their rows, also those that lack nothing.
fn add_uses<'p>(project: &'p Project, gaps: &mut BTreeMap<Key, Gap<'p>>) {
    let mut looped_openly: FxHashSet<Key> = FxHashSet::default();
    for query in &project.queries {
        let is_list = query.looped || query.reads.iter().any(|read| !read.alone);
        for site in &query.sites {
            let Some(gap) = gaps.get_mut(&key(site)) else { continue };
            if gap.model == query.model {
                gap.add_hazards(project, query);
            }
            if is_list {
                gap.listed = true;
                // What joins it also joins what others take of it piece by piece.
                gap.asked.unordered |= query.asked.unordered && query.model == gap.model;
            }
            if query.looped_openly {
                looped_openly.insert(key(site));
            }
        }
    }
    for deferring in project.deferring() {
        for site in &deferring.sites {
            // What the query itself leaves out is told of it as such.
            if let Some(gap) = gaps.get_mut(&key(site)).filter(|_| deferring.sites.last() != Some(site)) {
                gap.narrowed.push(deferring);
            }
        }
    }
    for (at, gap) in gaps {
        for missing in gap.missing.iter_mut().filter(|_| !looped_openly.contains(at)) {
            missing.aside = None;
        }
    }
}

/// Drops what some flow may load: where it loads what only the run knows, that may be what another lacks. Joins load nothing
/// to-many.
fn drop_perhaps_loaded(project: &Project, gaps: &mut BTreeMap<Key, Gap<'_>>) {
    for query in &project.queries {
        let plan = &query.plan;
        if !plan.prefetch_unknown && !plan.select_unknown {
            continue;
        }
        for at in query.sites.iter().map(key) {
            let Some(gap) = gaps.get_mut(&at) else { continue };
            gap.missing.retain(|missing| missing.to_many && !plan.prefetch_unknown);
            if gap.missing.is_empty() {
                gaps.remove(&at);
            }
        }
    }
}

/// Adds what is told of a gap once all are known, and puts what each lacks into the order of its declaration.
fn finish(project: &Project, gaps: &mut [Gap]) {
    let proposed: FxHashSet<RelationId> = gaps
        .iter()
        .flat_map(|gap| &gap.missing)
        .flat_map(|missing| missing.relations.iter().copied())
        .collect();
    let mut shown: FxHashMap<FileId, Vec<TextRange>> = FxHashMap::default();
    let mut texts = Texts::default();
    let turning = OnceCell::new();
    for gap in gaps {
        let in_file =
            shown.entry(gap.site.file).or_insert_with_key(|&file| project.source.facts(file).shown_code());
        gap.shown = in_file.iter().any(|text| text.contains_range(gap.site.range));
        gap.proposed_elsewhere = gap.proposed_elsewhere.filter(|relation| proposed.contains(relation));
        // Joins that Django makes by itself end where code names others, and must be named then.
        if gap.missing.iter().all(|missing| missing.automatic || missing.to_many) {
            gap.missing.retain(|missing| !missing.automatic);
        }
        if gap.missing.iter().any(|missing| missing.is_generic(project)) {
            gap.turning = *turning.get_or_init(|| turning_as_made(project));
        }
        gap.missing.iter_mut().for_each(|missing| missing.note_tests(project, &mut texts));
        gap.missing.sort_by_cached_key(|missing| declared(project, missing));
    }
}

/// The expressions through which the related rows of a row come to the last of them.
fn ways(project: &Project) -> FxHashMap<Key, Vec<Key>> {
    let mut ways: FxHashMap<Key, Vec<Key>> = FxHashMap::default();
    for query in project.queries.iter().filter(|query| matches!(query.source, Source::Related(_))) {
        if let [before @ .., last] = query.sites.as_slice() {
            ways.entry(key(last)).or_default().extend(before.iter().map(key));
        }
    }
    ways
}

/// Drops what a query lacks where another place of the same chain is to load it already: a view's
/// `get_queryset()` called by another of its methods, or the statement in which several queries meet. None loads it from
/// which code goes on that leaves it out.
fn drop_served(project: &Project, gaps: &mut BTreeMap<Key, Gap<'_>>) {
    let keys: Vec<Key> = gaps.keys().copied().collect();
    for at in keys {
        let Some(gap) = gaps.get(&at) else { continue };
        let is_served = |missing: &Missing| {
            let loads = |other: &Key| {
                *other != at
                    && gaps.get(other).is_some_and(|other| {
                        other.model == gap.model
                            && other.missing.iter().any(|known| known.path == missing.path)
                            && left_out_elsewhere(project, other, &missing.path, "").is_none()
                    })
            };
            missing.others.iter().all(|others| others.iter().any(loads))
        };
        let kept: Vec<bool> = gap.missing.iter().map(|missing| !is_served(missing)).collect();
        let Some(gap) = gaps.get_mut(&at) else { continue };
        let mut kept = kept.into_iter();
        gap.missing.retain(|_| kept.next().unwrap_or(true));
        if gap.missing.is_empty() {
            gaps.remove(&at);
        }
    }
}

/// The order in which a path's relations are declared on their models.
fn declared(project: &Project, missing: &Missing) -> (Vec<usize>, String) {
    let order =
        missing.relations.iter().map(|&relation| project.schema.relation(relation).declared()).collect();
    (order, missing.path.clone())
}

/// Whether a site is in the project's own code.
fn is_own(project: &Project, site: &Site) -> bool {
    site.file.as_other().is_none() && !project.source.file(site.file).is_third_party
}

/// Whether every relation is known well enough to write its path.
fn is_known(project: &Project, steps: &[Step]) -> bool {
    steps.iter().all(|step| project.schema.relation(step.relation).can_be_loaded())
}

/// The model of the rows that `rest` steps start from.
fn rest_model(project: &Project, query: &Query, read: &Read, rest: usize) -> ModelId {
    match read.steps.len().checked_sub(rest + 1) {
        Some(at) => project.schema.relation(read.steps[at].relation).target().unwrap_or(query.model),
        None => query.model,
    }
}

/// A site as output names it.
pub(crate) fn place_of(project: &Project, site: &Site) -> Place {
    Place::new(project.path(site.file), site.range)
}
