//! What queries do not load though code reads it for every row, and where they would: the part that
//! `select-related` and `prefetch-related` share.

use std::collections::BTreeMap;

use rustc_hash::FxHashSet;
use tuneup_django::Project;
use tuneup_django::queries::{Query, Read, Site, SiteForm, Source, Step, Write};
use tuneup_django::schema::{ModelId, RelationId, RelationKind};
use tuneup_python::Symbol;

use crate::proposal::{Evidence, Place, QueryForm, Safety};

/// A relation path that a query lacks.
#[derive(Clone, Debug)]
pub(crate) struct Missing {
    /// The relations from the query's row on.
    pub(crate) relations: Vec<RelationId>,
    /// Their names, as a lookup path.
    pub(crate) path: String,
    /// Whether one of them leads to many rows, so that only a prefetch can load it.
    pub(crate) to_many: bool,
    /// The expressions that read it for every row.
    pub(crate) readers: Vec<Site>,
    /// Whether Django joins it by itself as long as code names no joins.
    pub(crate) automatic: bool,
    /// Whether only uses read it that ask the query for one row alone.
    pub(crate) alone: bool,
    /// For each flow, the other places where it could be loaded too: before this one, or behind it in the
    /// same function.
    others: Vec<Vec<Key>>,
}

/// A query and all that it lacks.
#[derive(Clone, Debug)]
pub(crate) struct Gap {
    /// The chain expression that would load it.
    pub(crate) site: Site,
    /// The rows' model.
    pub(crate) model: ModelId,
    /// What it lacks, each path once.
    pub(crate) missing: Vec<Missing>,
    /// Where its rows are looped over.
    pub(crate) loops: Vec<Site>,
    /// What is written meanwhile.
    pub(crate) writes: Vec<Write>,
    /// What else was asked of it.
    pub(crate) asked: tuneup_django::queries::Asked,
    /// `select_related()` without names was called on it.
    pub(crate) select_all: bool,
    /// Names of `only` and `defer` on it.
    pub(crate) deferred: Vec<&'static str>,
    /// `only` was called on it, with these names.
    pub(crate) only: Option<Vec<&'static str>>,
    /// Whether its rows are also shown as a list.
    pub(crate) listed: bool,
}

/// A site, in the order of output.
type Key = (usize, u32, u32);

fn key(site: &Site) -> Key {
    (site.file.index(), site.range.start().to_u32(), site.range.end().to_u32())
}

/// The gaps of all queries, in order of their places.
pub(crate) fn gaps(project: &Project) -> Vec<Gap> {
    let loading = Loading::of(project);
    let mut gaps: BTreeMap<Key, Gap> = BTreeMap::new();
    for query in &project.queries {
        let rows_are_many = |steps: &[Step]| rows_are_many(query, steps);
        for read in query.reads.iter().filter(|read| read.many) {
            let Some((site, rest)) = place(project, query, read, &loading, &rows_are_many) else { continue };
            let loaded = is_loaded(project, query, read, rest.len());
            if loaded == Loaded::Yes || !is_known(project, rest) {
                continue;
            }
            // Where another flow of the same query loads what is read here, the code decides when to.
            if rest.len() == read.steps.len()
                && loading.loaded.contains(&(key(&site), key(&read.site), path_of(rest)))
            {
                continue;
            }
            let model = rest_model(project, query, read, rest.len());
            let gap = gaps.entry(key(&site)).or_insert_with(|| Gap {
                site,
                model,
                missing: Vec::new(),
                loops: Vec::new(),
                writes: Vec::new(),
                asked: query.asked,
                select_all: false,
                deferred: Vec::new(),
                only: None,
                listed: false,
            });
            if gap.model != model {
                continue;
            }
            gap.add(query, read, rest, loaded == Loaded::Automatically);
        }
    }
    for query in &project.queries {
        if !query.looped && query.reads.iter().all(|read| read.alone) {
            continue;
        }
        for site in &query.sites {
            if let Some(gap) = gaps.get_mut(&key(site)) {
                gap.listed = true;
            }
        }
    }
    // Where some flow loads what only the run knows, that may be what another lacks.
    for query in
        project.queries.iter().filter(|query| query.plan.prefetch_unknown || query.plan.select_unknown)
    {
        for site in &query.sites {
            gaps.remove(&key(site));
        }
    }
    drop_served(&mut gaps);
    let mut gaps: Vec<Gap> = gaps.into_values().collect();
    for gap in &mut gaps {
        // Joins that Django makes by itself end where code names others, and must be named then.
        if gap.missing.iter().all(|missing| missing.automatic || missing.to_many) {
            gap.missing.retain(|missing| !missing.automatic);
        }
        gap.missing.sort_by_cached_key(|missing| declared(project, missing));
    }
    gaps
}

/// Drops what a query lacks where another place of the same chain is to load it already: a view's
/// `get_queryset()` called by another of its methods, or the statement in which several queries meet.
fn drop_served(gaps: &mut BTreeMap<Key, Gap>) {
    let keys: Vec<Key> = gaps.keys().copied().collect();
    for at in keys {
        let Some(gap) = gaps.get(&at) else { continue };
        let is_served = |missing: &Missing| {
            let loads = |other: &Key| {
                *other != at
                    && gaps.get(other).is_some_and(|other| {
                        other.model == gap.model
                            && other.missing.iter().any(|known| known.path == missing.path)
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

/// What the project's queries load already, and how.
struct Loading {
    /// The places of queries, readers and paths that some flow loads.
    loaded: FxHashSet<(Key, Key, String)>,
    /// Expressions that read related rows of a row where a prefetch serves them, or will.
    served: FxHashSet<Key>,
    /// Relations that some query prefetches.
    prefetched: FxHashSet<RelationId>,
}

impl Loading {
    fn of(project: &Project) -> Self {
        let mut loading = Self {
            loaded: FxHashSet::default(),
            served: FxHashSet::default(),
            prefetched: FxHashSet::default(),
        };
        for query in &project.queries {
            for path in &query.plan.prefetch {
                let mut model = Some(query.model);
                for name in path.as_str().split("__") {
                    let Some(on) = model else { break };
                    let Some(relation) = project.schema.relation_by_accessor(on, Symbol::new(name)) else {
                        break;
                    };
                    loading.prefetched.insert(relation);
                    model = project.schema.relation(relation).target();
                }
            }
            for read in &query.reads {
                for (at, step) in read.steps.iter().enumerate().filter(|(_, step)| step.to_many) {
                    let Some(site) = step.site else { continue };
                    let steps = &read.steps[..=at];
                    let path = path_of(steps);
                    if rows_are_many(query, steps)
                        || query.plan.prefetch.iter().any(|known| covers(known.as_str(), &path))
                    {
                        loading.served.insert(key(&site));
                    }
                }
                if is_loaded(project, query, read, read.steps.len()) == Loaded::Yes {
                    let path = path_of(&read.steps);
                    for site in &query.sites {
                        loading.loaded.insert((key(site), key(&read.site), path.clone()));
                    }
                }
            }
        }
        loading
    }
}

/// Whether a relation is read for every row: its own rows are then many.
fn rows_are_many(query: &Query, steps: &[Step]) -> bool {
    query.reads.iter().any(|read| read.many && same_steps(&read.steps, steps))
}

/// The order in which a path's relations are declared on their models.
fn declared(project: &Project, missing: &Missing) -> (Vec<usize>, String) {
    let order =
        missing.relations.iter().map(|&relation| project.schema.relation(relation).declared()).collect();
    (order, missing.path.clone())
}

fn same_steps(one: &[Step], other: &[Step]) -> bool {
    one.len() == other.len()
        && one.iter().zip(other).all(|(a, b)| a.relation == b.relation && a.site == b.site)
}

/// The expression that should load what is read, and the steps that are missing from there: the innermost
/// query that runs once. `order.lines.all()` in Python is such a query when the order is one order.
fn place<'q>(
    project: &Project,
    query: &Query,
    read: &'q Read,
    loading: &Loading,
    rows_are_many: &dyn Fn(&[Step]) -> bool,
) -> Option<(Site, &'q [Step])> {
    let steps = &read.steps;
    for at in (0..steps.len().saturating_sub(1)).rev() {
        let step = &steps[at];
        if !step.to_many || rows_are_many(&steps[..=at]) {
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
            let is_free = !may_be_prefetched && !loading.served.contains(&key(&site));
            return is_free.then_some((site, &steps[at + 1..]));
        }
        break;
    }
    let &last = query.sites.last()?;
    if query.source == Source::Outside && query.sites.is_empty() {
        return None;
    }
    // Within one function, the query is where it is first made; what later statements add to it is served too.
    let mut within =
        query.sites.iter().filter(|site| site.file == last.file && site.function == last.function);
    let &site = within.next()?;
    is_own(project, &site).then_some((site, steps.as_slice()))
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

/// The lookup path of steps.
pub(crate) fn path_of(steps: &[Step]) -> String {
    let names: Vec<&str> = steps.iter().map(|step| step.name.as_str()).collect();
    names.join("__")
}

/// Whether loading `path` loads `wanted` with it.
pub(crate) fn covers(path: &str, wanted: &str) -> bool {
    path.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with("__"))
}

/// Whether the plan loads what is read, or may.
fn is_loaded(project: &Project, query: &Query, read: &Read, rest: usize) -> Loaded {
    let plan = &query.plan;
    let steps = &read.steps;
    if rest < steps.len() {
        // The chain that is extended is a plain `all()`: it loads nothing yet.
        return Loaded::No;
    }
    let wanted = path_of(steps);
    if plan.prefetch.iter().any(|path| covers(path.as_str(), &wanted)) || plan.prefetch_unknown {
        return Loaded::Yes;
    }
    if steps.iter().any(|step| step.to_many) {
        return Loaded::No;
    }
    let not_null = steps.iter().all(|step| {
        let relation = project.schema.relation(step.relation);
        relation.kind() != RelationKind::Generic && !relation.null()
    });
    if plan.select_unknown || plan.select.iter().any(|path| covers(path.as_str(), &wanted)) {
        return Loaded::Yes;
    }
    match (plan.select_all && not_null, plan.automatic) {
        (true, true) => Loaded::Automatically,
        (true, false) => Loaded::Yes,
        (false, _) => Loaded::No,
    }
}

/// Whether a query loads what is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Loaded {
    /// It does, or may.
    Yes,
    /// Django joins it by itself as long as code names no joins.
    Automatically,
    /// It does not.
    No,
}

impl Gap {
    /// What stands at the query's place.
    pub(crate) fn form(&self, project: &Project) -> QueryForm {
        let manager = || project.schema.default_manager_name(self.model).as_str().to_owned();
        match self.site.form {
            SiteForm::Chain | SiteForm::Declaration => QueryForm::Chain,
            SiteForm::ModelArgument => QueryForm::ModelArgument { manager: manager() },
            SiteForm::Admin => QueryForm::Admin,
            SiteForm::ModelAttribute => QueryForm::ModelAttribute { manager: manager() },
        }
    }

    fn add(&mut self, query: &Query, read: &Read, rest: &[Step], automatic: bool) {
        let path = path_of(rest);
        let mut others: Vec<Key> = Vec::new();
        if rest.len() == read.steps.len()
            && let Some(here) = query.sites.iter().position(|site| *site == self.site)
        {
            let is_near = |site: &&Site| site.file == self.site.file && site.function == self.site.function;
            others.extend(query.sites[..here].iter().map(key));
            others.extend(query.sites[here + 1..].iter().filter(is_near).map(key));
        }
        match self.missing.iter_mut().find(|missing| missing.path == path) {
            Some(missing) => {
                missing.alone &= read.alone;
                missing.automatic &= automatic;
                if !missing.readers.contains(&read.site) {
                    missing.readers.push(read.site);
                }
                if !missing.others.contains(&others) {
                    missing.others.push(others);
                }
            }
            None => self.missing.push(Missing {
                relations: rest.iter().map(|step| step.relation).collect(),
                path,
                to_many: rest.iter().any(|step| step.to_many),
                readers: vec![read.site],
                alone: read.alone,
                others: vec![others],
                automatic,
            }),
        }
        let is_whole = rest.len() == read.steps.len();
        for site in query.loops.iter().filter(|_| is_whole) {
            if !self.loops.contains(site) {
                self.loops.push(*site);
            }
        }
        for write in &query.writes {
            if !self.writes.contains(write) {
                self.writes.push(*write);
            }
        }
        if is_whole {
            self.asked = merged(self.asked, query.asked);
            self.select_all |= query.plan.select_all && !query.plan.automatic;
            self.deferred.extend(query.plan.defer.iter().map(|name| name.as_str()));
            if let Some(only) = &query.plan.only {
                self.only.get_or_insert_default().extend(only.iter().map(|name| name.as_str()));
            }
        }
    }

    /// The paths that are wanted, without those that others load anyway.
    pub(crate) fn wanted(&self, to_many: bool) -> Vec<&Missing> {
        let all: Vec<&Missing> = self.missing.iter().filter(|missing| missing.to_many == to_many).collect();
        all.iter()
            .filter(|one| !all.iter().any(|other| other.path != one.path && covers(&other.path, &one.path)))
            .copied()
            .collect()
    }

    /// Objections that hold for joins and prefetches alike: lists would pay for what one row's page alone reads.
    pub(crate) fn verdict(&self, wanted: &[&Missing]) -> Verdict {
        let mut verdict = Verdict::safe();
        for missing in wanted.iter().filter(|missing| missing.alone && self.listed) {
            verdict.object(
                Safety::Unsafe,
                format!(
                    "`{}` is read only where one object is shown, but the same query also makes lists, which would pay for it.",
                    missing.path.replace("__", ".")
                ),
            );
        }
        verdict
    }

    /// Where one of the paths, or a part of it, is read for every row.
    pub(crate) fn evidence(&self, project: &Project, wanted: &[&Missing], to_many: bool) -> Vec<Evidence> {
        let mut evidence: Vec<Evidence> = Vec::new();
        for missing in self.missing.iter().filter(|missing| missing.to_many == to_many) {
            if !wanted.iter().any(|wanted| covers(&wanted.path, &missing.path)) {
                continue;
            }
            for reader in &missing.readers {
                evidence.push(Evidence {
                    place: place_of(project, reader),
                    message: format!("reads {} for every row", missing.path.replace("__", ".")),
                });
            }
        }
        for site in &self.loops {
            evidence
                .push(Evidence { place: place_of(project, site), message: "loops over the rows".to_owned() });
        }
        evidence.sort();
        evidence.dedup();
        evidence
    }
}

fn merged(
    one: tuneup_django::queries::Asked,
    other: tuneup_django::queries::Asked,
) -> tuneup_django::queries::Asked {
    tuneup_django::queries::Asked {
        values: one.values || other.values,
        flat: one.flat || other.flat,
        combined: one.combined || other.combined,
        raw: one.raw || other.raw,
        locked: one.locked || other.locked,
        locked_of: one.locked_of || other.locked_of,
        sliced: one.sliced || other.sliced,
        narrowed: one.narrowed || other.narrowed,
        streamed: one.streamed || other.streamed,
        foreign: one.foreign || other.foreign,
        empty: one.empty && other.empty,
    }
}

/// A site as output names it.
pub(crate) fn place_of(project: &Project, site: &Site) -> Place {
    Place::new(project.path(site.file), site.range)
}

/// Paths that one proposal can ask for: one with an objection does not hold back the rest, and what lists read is
/// another than what only one row's page reads.
pub(crate) fn by_safety<'m>(
    gap: &Gap,
    wanted: Vec<&'m Missing>,
    verdict: impl Fn(&[&Missing]) -> Option<Verdict>,
) -> Vec<(Verdict, Vec<&'m Missing>)> {
    let is_lone = |missing: &Missing| missing.alone && gap.listed;
    let mut groups: Vec<(Verdict, Vec<&Missing>)> = Vec::new();
    for missing in wanted {
        let Some(verdict) = verdict(&[missing]) else { continue };
        let group = groups.iter_mut().find(|(known, group)| {
            known.safety == verdict.safety && group.iter().all(|known| is_lone(known) == is_lone(missing))
        });
        match group {
            Some((known, group)) => {
                known.unite(verdict);
                group.push(missing);
            }
            None => groups.push((verdict, vec![missing])),
        }
    }
    groups.sort_by_key(|(verdict, _)| verdict.safety);
    groups
}

/// A safety and the reason for it; the strongest objection wins.
pub(crate) struct Verdict {
    /// How sure.
    pub(crate) safety: Safety,
    /// The reasons, where it is not safe.
    pub(crate) reasons: Vec<String>,
}

impl Verdict {
    /// No objection yet.
    pub(crate) fn safe() -> Self {
        Self { safety: Safety::Safe, reasons: Vec::new() }
    }

    /// Adds the objections of another.
    fn unite(&mut self, other: Self) {
        for reason in other.reasons {
            self.object(other.safety, reason);
        }
    }

    /// Adds an objection.
    pub(crate) fn object(&mut self, safety: Safety, reason: impl Into<String>) {
        let reason = reason.into();
        self.safety = self.safety.max(safety);
        if !self.reasons.contains(&reason) {
            self.reasons.push(reason);
        }
    }
}
