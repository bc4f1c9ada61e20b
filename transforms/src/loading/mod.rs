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
mod plans;
mod rare;
mod repeated_get_object;
mod sharing;
mod verdict;

use std::collections::BTreeMap;

use ruff_text_size::TextRange;
use rustc_hash::{FxHashMap, FxHashSet};
use tuneup_django::Project;
use tuneup_django::paths::{covers, path_of};
use tuneup_django::queries::{Query, Read, Site, SiteForm, Source, Step, is_queryset};
use tuneup_django::schema::{ModelId, RelationId};
use tuneup_python::{Base, ClassRef, FileId, FunctionRef};

use self::callers::{Caller, Share, WayOut};
pub(crate) use self::deferring::{held_by, is_deferred, left_out, left_out_elsewhere};
pub(crate) use self::gap::{Gap, Missing};
use self::getting::getters;
pub(crate) use self::keys::KeyOnly;
use self::plans::{Loaded, Loading, is_loaded};
use self::rare::Rare;
pub(crate) use self::repeated_get_object::asked_again;
use self::sharing::{Sharing, start_of};
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
    let sharing = Sharing::of(project);
    let ways = ways(project);
    let mut in_unused_view: FxHashMap<Key, bool> = FxHashMap::default();
    let mut unused: FxHashMap<FunctionRef, bool> = FxHashMap::default();
    let mut rare = Rare::default();
    let mut gaps: BTreeMap<Key, Gap> = BTreeMap::new();
    // Who gets rows from a function is the same for all that go out of it in one way.
    let mut told: FxHashSet<(Key, WayOut, String, bool)> = FxHashSet::default();
    for query in &project.queries {
        let many = Many::of(query);
        // What a flow does, and who gets its rows, is the same for all that it reads.
        let mut flows: FxHashSet<(Key, bool)> = FxHashSet::default();
        let mut shared: FxHashSet<(Key, String, bool)> = FxHashSet::default();
        for read in query.reads.iter().filter(|read| read.many) {
            let Some((site, rest)) = place(project, query, read, &loading, &sharing, &many) else {
                continue;
            };
            let is_whole = rest.len() == read.steps.len();
            let loaded = is_loaded(project, query, read, rest.len());
            if loaded == Loaded::Yes || !is_known(project, rest) {
                continue;
            }
            // Where another flow of the same query loads what is read here, the code decides when to.
            if is_whole && loading.loaded.contains(&(key(&site), key(&read.site), path_of(rest))) {
                continue;
            }
            if is_whole && loading.may_be_resumed(query, &site, read, &path_of(rest)) {
                continue;
            }
            // What nobody calls costs nothing.
            if let Some(id) = site.function
                && *unused
                    .entry(FunctionRef { file: site.file, id })
                    .or_insert_with_key(|of| project.is_unused(*of))
            {
                continue;
            }
            if query.sites.iter().chain([&site, &read.site]).any(|at| rare.has(project, at))
                || *in_unused_view
                    .entry(key(&site))
                    .or_insert_with(|| project.is_in_unused_view(site.file, site.range))
            {
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
            gap.add_callers(&path_of(rest), getters(project, query, read, &site, rest.len()));
        }
    }
    for query in &project.queries {
        for site in &query.sites {
            if let Some(gap) = gaps.get_mut(&key(site)).filter(|gap| gap.model == query.model) {
                gap.add_hazards(project, query);
            }
        }
    }
    for query in &project.queries {
        if !query.looped && query.reads.iter().all(|read| read.alone) {
            continue;
        }
        for site in &query.sites {
            if let Some(gap) = gaps.get_mut(&key(site)) {
                gap.listed = true;
                // What joins it also joins what others take of it piece by piece.
                gap.asked.unordered |= query.asked.unordered && query.model == gap.model;
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
    // Where some flow loads what only the run knows, that may be what another lacks. Joins load nothing to-many.
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
    let mut looped_openly: FxHashSet<Key> = FxHashSet::default();
    for query in project.queries.iter().filter(|query| query.looped_openly) {
        looped_openly.extend(query.sites.iter().map(key));
    }
    for (at, gap) in &mut gaps {
        for missing in gap.missing.iter_mut().filter(|_| !looped_openly.contains(at)) {
            missing.aside = None;
        }
    }
    drop_served(project, &mut gaps);
    let mut gaps: Vec<Gap> = gaps.into_values().collect();
    let keys = keys::take(project, &mut gaps);
    meeting::meet(project, &mut gaps);
    let proposed: FxHashSet<RelationId> = gaps
        .iter()
        .flat_map(|gap| &gap.missing)
        .flat_map(|missing| missing.relations.iter().copied())
        .collect();
    let mut shown: FxHashMap<FileId, Vec<TextRange>> = FxHashMap::default();
    for gap in &mut gaps {
        let in_file =
            shown.entry(gap.site.file).or_insert_with_key(|&file| project.source.facts(file).shown_code());
        gap.shown = in_file.iter().any(|text| text.contains_range(gap.site.range));
        gap.proposed_elsewhere = gap.proposed_elsewhere.filter(|relation| proposed.contains(relation));
        // Joins that Django makes by itself end where code names others, and must be named then.
        if gap.missing.iter().all(|missing| missing.automatic || missing.to_many) {
            gap.missing.retain(|missing| !missing.automatic);
        }
        gap.missing.sort_by_cached_key(|missing| declared(project, missing));
    }
    Lacks { gaps, keys }
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

/// The relations of a query that are read for every row: their own rows are then many.
struct Many(FxHashSet<Vec<Way>>);

/// A relation and the chain expression that reads it.
type Way = (RelationId, Option<Site>);

impl Many {
    fn of(query: &Query) -> Self {
        Self(query.reads.iter().filter(|read| read.many).map(|read| ways_of(&read.steps)).collect())
    }

    fn has(&self, steps: &[Step]) -> bool {
        self.0.contains(&ways_of(steps))
    }
}

fn ways_of(steps: &[Step]) -> Vec<Way> {
    steps.iter().map(|step| (step.relation, step.site)).collect()
}

/// The order in which a path's relations are declared on their models.
fn declared(project: &Project, missing: &Missing) -> (Vec<usize>, String) {
    let order =
        missing.relations.iter().map(|&relation| project.schema.relation(relation).declared()).collect();
    (order, missing.path.clone())
}

/// The expression that should load what is read, and the steps that are missing from there: the innermost
/// query that runs once, in the function that all who need it share. `order.lines.all()` in Python is such a query when the order is one order.
fn place<'q>(
    project: &Project,
    query: &Query,
    read: &'q Read,
    loading: &Loading,
    sharing: &Sharing,
    many: &Many,
) -> Option<(Site, &'q [Step])> {
    let steps = &read.steps;
    for at in (0..steps.len().saturating_sub(1)).rev() {
        let step = &steps[at];
        if !step.to_many || many.has(&steps[..=at]) {
            continue;
        }
        let is_prefetched =
            query.plan.prefetch.iter().any(|path| covers(path.as_str(), &path_of(&steps[..=at])));
        // An `all()` to which something is added is no longer served by a prefetch: it stays where one serves it,
        // and where the row comes from code that may have asked for one.
        let may_be_prefetched =
            query.source == Source::Outside && loading.prefetched.contains(&step.relation);
        if let Some(site) = step.site
            && !is_prefetched
            && !query.plan.prefetch_unknown
            && is_own(project, &site)
        {
            let is_free = !may_be_prefetched
                && !project.places().is_perhaps_no_queryset(&site)
                && !loading.served.contains(&key(&site));
            let rest = &steps[at + 1..];
            return (is_free && !loading.is_given_behind(&site, &path_of(rest))).then_some((site, rest));
        }
        break;
    }
    if query.source == Source::Outside && query.sites.is_empty() {
        return None;
    }
    // Within one function, the query is where it is first made; what later statements add to it is served too.
    let mut start = start_of(&query.sites, query.sites.len().checked_sub(1)?);
    let path = path_of(steps);
    while start > 0
        && is_own(project, &query.sites[start - 1])
        && start_of(&query.sites, start) == start
        && sharing.is_for(query, start, &path)
    {
        start = sharing.beginning(query, start - 1, &path);
    }
    // A function that loads for its callers is where they have come to look for it.
    if let Some(planned) = sharing.planned(query, start, &path) {
        start = planned;
    }
    while let Some(base) =
        sharing.base(query, start, read).filter(|&base| is_own(project, &query.sites[base]))
    {
        start = base;
    }
    // So is what loads the first steps of a path, for all who go on.
    if let Some(begun) = sharing.begun(query, start, &path) {
        start = begun;
    }
    // A base class that serves any model is given its rows by a class that names one.
    while let Some(supplied) = sharing.supplied(query, start).filter(|&at| is_own(project, &query.sites[at]))
    {
        start = sharing.beginning(query, supplied, &path);
    }
    // What a method of several models' querysets is to give the rows of one is asked of what it gives.
    while !sharing.suits_all(query, start, steps) {
        start += 1;
        query.sites.get(start)?;
    }
    // Where the rows that a call gives are there already, what is added to the call would ask for them again. And nothing can
    // be added to what may be a list.
    while start > 0
        && (query.asked_before.contains(&query.sites[start])
            || project.places().is_perhaps_no_queryset(&query.sites[start]))
    {
        start = start_of(&query.sites, start - 1);
    }
    // A manager in a variable is what several queries start from.
    let here = (query.sites[start].file, query.sites[start].function);
    let near = |site: &Site| (site.file, site.function) == here;
    if query.sites.get(start + 1).is_some_and(near)
        && query.sites[start].form == SiteForm::Chain
        && loading.attributes.at(&query.sites[start]).is_some()
    {
        start += 1;
    }
    // What a manager alone has cannot be asked of the queryset that a join gives: it goes behind that.
    if query.sites[start].form == SiteForm::Chain
        && asks_manager_alone(project, loading, query, &query.sites[start])
    {
        let later = &query.sites[start + 1..];
        start += 1 + later.iter().position(near).unwrap_or_default();
        query.sites.get(start)?;
    }
    // Where a prefetch serves all rows of a relation, or will, it must go on doing so; what is chosen of them next is a
    // query of its own.
    if loading.is_served(&query.sites[start]) {
        let near = |site: &Site| (site.file, site.function);
        let here = near(&query.sites[start]);
        start += 1;
        query.sites.get(start).filter(|next| near(next) == here)?;
    }
    let mut sites = (start..).zip(&query.sites[start..]);
    let (at, &site) = sites.find(|(_, site)| !loading.is_given_behind(site, &path))?;
    let is_free = is_own(project, &site)
        && !project.places().is_perhaps_no_queryset(&site)
        && sharing.suits_all(query, at, steps);
    is_free.then_some((site, &**steps))
}

/// Whether a site is in the project's own code.
fn is_own(project: &Project, site: &Site) -> bool {
    site.file.as_other().is_none() && !project.source.file(site.file).is_third_party
}

/// Whether a site is a manager of which a method is asked that its class has and no queryset of its:
/// `Book.objects.visible()`, of `class BookManager(models.Manager)`.
fn asks_manager_alone(project: &Project, loading: &Loading, query: &Query, site: &Site) -> bool {
    let Some((manager, Some(asked))) = loading.attributes.at(site) else { return false };
    let Some(classes) = project.schema.manager_classes(query.model, manager) else { return false };
    let source = &project.source;
    let is_queryset = |class: &ClassRef| {
        let named = |base: &Base| matches!(base, Base::External(name) if is_queryset(name.as_str()));
        source.mro(*class).iter().any(named)
    };
    let mut having = classes.iter().filter(|class| source.member(**class, asked).is_some()).peekable();
    having.peek().is_some() && !having.any(is_queryset)
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
