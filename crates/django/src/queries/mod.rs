//! The queries of a project, what each loads, and what code does with its rows.
//!
//! An interpreter runs every function of the project on abstract values (see [`value`]): a model class, a
//! queryset, a row of a queryset reached over relations, a list, a dict, unknown. Calls are followed into
//! the project's functions in the caller's context. What is left of it are [`Query`]s with the relations
//! that were read off their rows, and where.

use std::cmp::Reverse;
use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHasher};
use tuneup_python::{ClassRef, FileId, FunctionRef, Project, Symbol};

use crate::schema::{ModelId, RelationId, Schema};
use crate::templates::Templates;
use crate::version::Version;

pub(crate) mod asks;
pub(crate) mod attributes;
pub(crate) mod calls;
mod class_members;
mod climbing;
pub(crate) mod conditions;
mod expressions;
mod frame;
mod handing;
mod inherited;
mod interned;
mod known;
mod loops;
pub(crate) mod machine;
mod made;
mod members;
mod noted;
mod objects;
mod parameters;
mod places;
mod plans;
mod python;
mod query;
mod querysets;
pub(crate) mod receivers;
mod rendering;
pub(crate) mod requests;
mod resumed;
pub(crate) mod roots;
mod row;
mod rows;
pub(crate) mod sql;
mod statements;
pub mod value;
mod widening;
mod writes;

use asks::Asks;
pub use asks::Deferring;
pub use known::aside::Aside;
use machine::Machine;
pub use places::{Bound, Keyed, Places};
pub use querysets::is_queryset;
pub use value::{Asked, Site, SiteForm, Step};
use value::{Origin, Queryset, Value};

/// Into how many parts a project is split: each is interpreted on its own, whatever the number of threads, so
/// that the result does not depend on it.
const PARTS: usize = 16;

/// A place that makes a queryset, as one flow through the code sees it.
#[derive(Clone, Debug)]
pub struct Query {
    /// The chain expressions that the queryset went through, from the first.
    pub sites: Vec<Site>,
    /// The rows' model.
    pub model: ModelId,
    /// Where the rows come from.
    pub source: Source,
    /// Whether they are the related rows of a row that another function asked for.
    pub handed: bool,
    /// Whether they are the related rows of a row whose query prefetches them.
    pub prefetched: bool,
    /// Whether they are the related rows of a row that comes from code that is not seen.
    pub of_outside: bool,
    /// What it loads with its rows.
    pub plan: Plan,
    /// The last call in the chain that asked for some of that.
    pub planned: Option<Site>,
    /// What else was asked of it.
    pub asked: Asked,
    /// The relations that code reads off its rows.
    pub reads: Vec<Read>,
    /// Whether its rows are looped over.
    pub looped: bool,
    /// Whether they are looped over elsewhere than in a branch that ends its function before the rest of it.
    pub looped_openly: bool,
    /// Where its rows are looped over.
    pub loops: Vec<Site>,
    /// Those of its sites that are calls of functions which have asked for the rows: what is added there asks for them again.
    pub asked_before: Vec<Site>,
    /// What is written while they are.
    pub writes: Vec<Write>,
    /// Where related rows are saved after others of their model were written.
    pub saves: Vec<Save>,
    /// Where they, or rows that are related to them, are put into a cache.
    pub kept: Vec<Kept>,
    /// Where all that one of them holds is taken off it at once.
    pub emptied: Vec<Site>,
    /// The functions that give its rows, once these are there, to those who call them; with the expression that asks for
    /// them, where they are related to the query's own.
    pub giving: Vec<(Option<Site>, FunctionRef)>,
    /// Where code tests whether a relation of one of them is loaded already, and does one thing or another.
    pub tested: Vec<Noted>,
    /// Where an `AttributeError` that reading a relation raises goes no further: `hasattr(row, "name")`.
    pub forgiven: Vec<Noted>,
    /// Where the key of one of them, or of a row that they lead to, is set.
    pub rekeyed: Vec<Noted>,
    /// Where related rows are written after their row was asked for, and read only then.
    pub stale: Vec<Noted>,
    /// Foreign keys that Django joins by itself, which code that is not read may read of each of them.
    pub unseen: Vec<RelationId>,
}

/// Where rows come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Source {
    /// A manager of the model.
    Manager,
    /// The related rows of another row.
    Related(RelationId),
    /// Code that is not seen.
    Outside,
}

/// What a query loads beside its own columns.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct Plan {
    /// Paths of `select_related`.
    pub select: Vec<Symbol>,
    /// `select_related()` without names.
    pub select_all: bool,
    /// Whether `select_all` is what Django does by itself unless code names joins.
    pub automatic: bool,
    /// Paths of `prefetch_related`.
    pub prefetch: Vec<Symbol>,
    /// Columns of `only`, where it was called.
    pub only: Option<Vec<Symbol>>,
    /// Columns of `defer`.
    pub defer: Vec<Symbol>,
    /// Some names of `select_related` or `only` are not known.
    pub select_unknown: bool,
    /// Some lookups of `prefetch_related` are not known.
    pub prefetch_unknown: bool,
    /// The lookups that have a queryset of their own, with the calls that give it to them.
    pub given: Vec<(Symbol, Site)>,
    /// Lookups that code loads onto the rows later, by a queryset of its own. What the query itself had loaded of them
    /// would take their place.
    pub later: Vec<Symbol>,
}

/// A relation read off a row.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Read {
    /// The relations from the query's row up to and with the one that is read.
    pub steps: Arc<[Step]>,
    /// Whether it happens once for every row.
    pub many: bool,
    /// Whether the query was asked for one row alone.
    pub alone: bool,
    /// The text of a row, `Book.title`, where only those read it that lack that.
    pub instead_of: Option<Symbol>,
    /// Why it may not happen for every row: a sentence.
    pub doubt: Option<Symbol>,
    /// What it happens in that is not all that the rows are there for, if anything.
    pub aside: Option<Aside>,
    /// The expression that reads.
    pub site: Site,
    /// The class that declares the field for which it is read, where a serializer shows the row.
    pub shown_by: Option<ClassRef>,
}

/// Something written while rows are looped over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Write {
    /// The model that is written; nothing where SQL that code writes itself may write any.
    pub model: Option<ModelId>,
    /// The relation that is set on a row, where it is that.
    pub relation: Option<RelationId>,
    /// The many-to-many relation of which the table between is written, and none of the model's rows.
    pub between: Option<RelationId>,
    /// Whether it only makes rows, or what stands between two: those that are there stay as they are.
    pub makes: bool,
    /// The chain expression whose rows are looped over, where they are related to the query's own.
    pub within: Option<Site>,
    /// Where.
    pub site: Site,
}

/// A related row that is saved with all its columns, after others of its model were written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Save {
    /// The relations from the query's row up to the one that is saved.
    pub steps: Vec<Step>,
    /// Where.
    pub site: Site,
    /// Where the others were written.
    pub after: Site,
}

/// Rows that are put into a cache.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// The lookup from the query's rows to them; empty for these.
    pub path: String,
    /// Where.
    pub site: Site,
}

/// Something that code does with what a lookup leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Noted {
    /// The lookup from the query's row; empty for the row itself.
    pub path: String,
    /// Where.
    pub site: Site,
}

/// What tells two flows apart.
#[derive(PartialEq, Eq, Hash)]
struct Identity {
    sites: Vec<Site>,
    model: ModelId,
    source: Source,
    plan: Plan,
    asked: Asked,
}

/// The order of output: by place.
fn order(site: &Site) -> (usize, u32, u32) {
    (site.file.index(), site.range.start().to_u32(), site.range.end().to_u32())
}

/// What interpreting a part of the files found, with those on which the interpreter failed.
type Part = (Vec<Query>, SiteModels, Asks, Vec<FileId>);

/// Interprets all functions of the given files. The queries come in order of their places; with them the files
/// on which the interpreter failed.
pub(crate) fn find(
    project: &Project,
    schema: &Schema,
    templates: &Templates,
    version: &Version,
    files: &[FileId],
) -> (Vec<Query>, Asks, Vec<FileId>) {
    let prefetched = plans::PrefetchAttributes::default();
    let requests = requests::attributes(project, schema, templates, version, &prefetched, files);
    let receivers = receivers::connected(project, schema, templates, version, &prefetched, files);
    let size = files.len().div_ceil(PARTS).max(1);
    // The longest first, so that no thread is left with one at the end.
    let mut parts: Vec<(usize, &[FileId])> = files.chunks(size).enumerate().collect();
    let exprs = |files: &[FileId]| files.iter().map(|&file| project.facts(file).exprs.len()).sum::<usize>();
    parts.sort_by_cached_key(|(_, files)| Reverse(exprs(files)));
    let mut parts: Vec<(usize, Part)> = parts
        .into_iter()
        .par_bridge()
        .map(|(index, files)| {
            let mut machine =
                Machine::new(project, schema, templates, version, (&requests, &receivers), &prefetched);
            let mut failed = Vec::new();
            for &file in files {
                // A fault of the interpreter costs the file that it met, and not the run.
                if catch_unwind(AssertUnwindSafe(|| machine.run_file(file))).is_err() {
                    machine.abandon();
                    failed.push(file);
                }
            }
            machine.rest();
            let (queries, models) = (results(&machine), site_models(&machine));
            (index, (queries, models, Asks::of(&mut machine), failed))
        })
        .collect();
    parts.sort_by_key(|(index, _)| *index);
    let mut failed = Vec::new();
    let mut asks = Vec::new();
    let parts = parts.into_iter().map(|(_, (queries, models, asked, more))| {
        failed.extend(more);
        asks.push(asked);
        (queries, models)
    });
    let parts = parts.collect();
    (merge(parts), Asks::merged(asks), failed)
}

fn results(machine: &Machine<'_>) -> Vec<Query> {
    let mut at: FxHashMap<Value, usize> = FxHashMap::default();
    let mut queries: Vec<Query> = Vec::new();
    let mut of_many: Vec<(usize, Value)> = Vec::new();
    let mut index_of = |query: Value, queryset: &Queryset| {
        *at.entry(query).or_insert_with(|| {
            if !queryset.ways.is_empty() {
                of_many.push((queries.len(), query));
            }
            queries.push(query_of(machine, query, queryset));
            queries.len() - 1
        })
    };
    let mut reads = Vec::new();
    let mut paths: FxHashMap<value::Path, Arc<[Step]>> = FxHashMap::default();
    for read in machine.reads.iter().filter(|read| !machine.is_climbed(read)) {
        let Some(queryset) = machine.as_queryset(read.query) else { continue };
        // Rows of many queries are read along one path.
        let steps = paths.entry(read.path).or_insert_with(|| machine.values.steps(read.path).into());
        let steps = Arc::clone(steps);
        let index = index_of(read.query, queryset);
        let &machine::Read { many, alone, instead_of, doubt, aside, site, shown_by, .. } = read;
        reads.push((index, Read { steps, many, alone, instead_of, doubt, aside, site, shown_by }));
    }
    // What is looped over without a relation being read is a user of its query too.
    for (query, queryset) in machine.values.querysets() {
        // So is what prefetches: it tells that code relies on it. What may be one of several is those.
        let prefetches = queryset.ways.is_empty() && !queryset.plan.prefetch.is_empty();
        // And what lets its rows be read anew, which a prefetch for other users of it would not.
        if machine.loops.contains_key(&query) || machine.stale.contains_key(&query) || prefetches {
            index_of(query, queryset);
        }
    }
    for (index, read) in reads {
        queries[index].reads.push(read);
    }
    // What was found of many alternatives at once is so of each.
    for (index, query) in of_many {
        let Some(queryset) = machine.as_queryset(query) else { continue };
        for way in queryset.all_ways() {
            let asked_before = way.iter().filter(|site| machine.asked_before.contains(site)).copied();
            let (sites, asked_before) = (way.to_vec(), asked_before.collect());
            queries.push(Query { sites, asked_before, ..queries[index].clone() });
        }
    }
    // They are kept to the end.
    for query in &mut queries {
        query.reads.shrink_to_fit();
    }
    queries.shrink_to_fit();
    queries
}

fn query_of(machine: &Machine<'_>, query: Value, queryset: &Queryset) -> Query {
    // What is set on the rows of other queries changes nothing of these.
    let write = |(write, within): &(machine::Write, Option<Site>)| {
        (write.relation.is_none_or(|(_, of)| of == query)).then(|| Write {
            within: *within,
            model: write.model,
            relation: write.relation.map(|(relation, _)| relation),
            between: write.between,
            makes: write.makes,
            site: write.site,
        })
    };
    let saves = machine.saves.get(&query).into_iter().flatten();
    let saves = saves.map(|&(path, site, after)| Save { steps: machine.values.steps(path), site, after });
    let kept = |&(path, site): &_| Kept { path: machine.path_text(path), site };
    let noted = |places: &FxHashMap<Value, Vec<(value::Path, Site)>>| -> Vec<Noted> {
        let places = places.get(&query).into_iter().flatten();
        places.map(|&(path, site)| Noted { path: machine.path_text(path), site }).collect()
    };
    Query {
        sites: queryset.sites.to_vec(),
        model: queryset.model,
        source: match queryset.origin {
            Origin::Manager => Source::Manager,
            Origin::Related(_, relation) => Source::Related(relation),
            Origin::Outside => Source::Outside,
        },
        handed: is_handed(machine, queryset),
        prefetched: is_prefetched(machine, queryset),
        of_outside: is_of_outside(machine, queryset),
        plan: plan(machine, query, &queryset.plan),
        planned: queryset.planned,
        asked: asked(machine, query, queryset),
        reads: Vec::new(),
        looped: machine.loops.contains_key(&query),
        looped_openly: machine.looped_openly.contains(&query),
        loops: machine.loops.get(&query).cloned().unwrap_or_default(),
        asked_before: queryset
            .sites
            .iter()
            .filter(|site| machine.asked_before.contains(site))
            .copied()
            .collect(),
        writes: machine.writes.get(&query).into_iter().flatten().filter_map(write).collect(),
        saves: saves.collect(),
        kept: machine.kept.get(&query).into_iter().flatten().map(kept).collect(),
        emptied: machine.emptied.get(&query).cloned().unwrap_or_default(),
        giving: machine.giving.get(&query).cloned().unwrap_or_default(),
        tested: noted(&machine.tested),
        forgiven: noted(&machine.forgiven),
        rekeyed: noted(&machine.rekeyed),
        stale: noted(&machine.stale),
        unseen: machine.unseen.get(&query).cloned().unwrap_or_default(),
    }
}

/// What is asked of a queryset, and of its rows by those who take pages of them.
fn asked(machine: &Machine<'_>, query: Value, queryset: &Queryset) -> Asked {
    let unordered = queryset.asked.unordered || machine.in_pages.contains(&query);
    Asked { unordered, ..queryset.asked }
}

/// Whether the row whose related rows a queryset is was asked for by another function than the one that reads them.
fn is_handed(machine: &Machine<'_>, queryset: &Queryset) -> bool {
    let Origin::Related(row, _) = queryset.origin else { return false };
    let owner = machine.as_row(row).and_then(|row| machine.as_queryset(row.query));
    let place = |site: &Site| (site.file, site.function);
    owner.and_then(|owner| owner.sites.last()).map(place) != queryset.sites.first().map(place)
}

/// Whether the row whose related rows a queryset is comes from code that is not seen, by whatever relations.
fn is_of_outside(machine: &Machine<'_>, queryset: &Queryset) -> bool {
    let mut origin = &queryset.origin;
    while let Origin::Related(row, _) = *origin {
        let owner = machine.as_row(row).and_then(|row| machine.as_queryset(row.query));
        let Some(owner) = owner else { return false };
        origin = &owner.origin;
    }
    *origin == Origin::Outside && queryset.origin != Origin::Outside
}

/// Whether the query of the row whose related rows a queryset is prefetches them.
fn is_prefetched(machine: &Machine<'_>, queryset: &Queryset) -> bool {
    let Origin::Related(row, relation) = queryset.origin else { return false };
    let Some(row) = machine.as_row(row) else { return false };
    let Some(owner) = machine.as_queryset(row.query) else { return false };
    let name = machine.schema.relation(relation).lookup_name();
    let path = match machine.path_text(row.path).as_str() {
        "" => name.to_string(),
        before => format!("{before}__{name}"),
    };
    let loads = |known: &str| {
        known.strip_prefix(path.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with("__"))
    };
    owner.plan.prefetch.iter().filter_map(value::Prefetched::loads).any(loads)
}

/// The plan with what was loaded onto the rows after the query counted in.
fn plan(machine: &Machine<'_>, query: Value, plan: &value::Plan) -> Plan {
    let mut prefetch: Vec<Symbol> = Vec::new();
    let mut prefetch_unknown = plan.prefetch_unknown;
    let mut given: Vec<(Symbol, Site)> = Vec::new();
    for prefetched in &plan.prefetch {
        prefetch.extend(prefetched.loads().map(Symbol::new));
        if prefetched.to_attr.is_none() {
            given.extend(prefetched.site.map(|site| (prefetched.path, site)));
            let inner = prefetched.queryset.map(|queryset| machine.values.members(queryset));
            let inner = inner.iter().flatten().filter_map(|&queryset| machine.as_queryset(queryset));
            let nested = inner.flat_map(|inner| &inner.plan.prefetch);
            for nested in nested.filter_map(value::Prefetched::loads) {
                prefetch.push(Symbol::new(&format!("{}__{nested}", prefetched.path)));
            }
        }
    }
    let mut later: Vec<Symbol> = Vec::new();
    for (path, loaded) in machine.loaded.get(&query).into_iter().flatten() {
        let base = machine.path_text(*path);
        prefetch_unknown |= loaded.prefetch_unknown;
        for prefetched in &loaded.prefetch {
            let Some(loads) = prefetched.loads() else { continue };
            let path = match base.as_str() {
                "" => Symbol::new(loads),
                base => Symbol::new(&format!("{base}__{loads}")),
            };
            prefetch.push(path);
            if prefetched.queryset.is_some() && prefetched.to_attr.is_none() && !later.contains(&path) {
                later.push(path);
            }
        }
    }
    Plan {
        select: plan.select.clone(),
        select_all: plan.select_all,
        automatic: plan.automatic,
        prefetch,
        only: plan.only.clone(),
        defer: plan.defer.clone(),
        select_unknown: plan.select_unknown,
        prefetch_unknown,
        given,
        later,
    }
}

/// The models of the rows that each site makes.
type SiteModels = FxHashMap<Site, Models>;

/// One model, or several.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Models {
    One(ModelId),
    Several,
}

fn site_models(machine: &Machine<'_>) -> SiteModels {
    let mut found = SiteModels::default();
    for (_, queryset) in machine.values.querysets() {
        for &site in &queryset.sites {
            add_model(&mut found, site, Models::One(queryset.model));
        }
    }
    found
}

fn add_model(found: &mut SiteModels, site: Site, models: Models) {
    found
        .entry(site)
        .and_modify(|known| {
            if *known != models {
                *known = Models::Several;
            }
        })
        .or_insert(models);
}

fn merge(parts: Vec<(Vec<Query>, SiteModels)>) -> Vec<Query> {
    let mut site_models = SiteModels::default();
    let mut all = Vec::new();
    for (queries, models) in parts {
        all.extend(queries);
        // The order in which they are added changes nothing.
        #[expect(clippy::iter_over_hash_type)]
        for (site, models) in models {
            add_model(&mut site_models, site, models);
        }
    }
    // What serves rows of several models cannot be asked for the relations of one.
    for query in &mut all {
        query.sites.retain(|site| site_models.get(site) != Some(&Models::Several));
    }
    unite(all)
}

fn unite(all: Vec<Query>) -> Vec<Query> {
    let mut at: FxHashMap<Identity, usize> = FxHashMap::default();
    let mut queries: Vec<Query> = Vec::new();
    for query in all {
        let identity = Identity {
            sites: query.sites.clone(),
            model: query.model,
            source: query.source,
            plan: query.plan.clone(),
            asked: query.asked,
        };
        match at.get(&identity) {
            Some(&index) => {
                let there = &mut queries[index];
                extend(&mut there.reads, query.reads);
                there.looped |= query.looped;
                there.looped_openly |= query.looped_openly;
                there.handed |= query.handed;
                there.prefetched |= query.prefetched;
                there.of_outside &= query.of_outside;
                extend(&mut there.loops, query.loops);
                extend(&mut there.asked_before, query.asked_before);
                extend(&mut there.writes, query.writes);
                extend(&mut there.saves, query.saves);
                extend(&mut there.kept, query.kept);
                extend(&mut there.emptied, query.emptied);
                extend(&mut there.giving, query.giving);
                extend(&mut there.tested, query.tested);
                extend(&mut there.forgiven, query.forgiven);
                extend(&mut there.rekeyed, query.rekeyed);
                extend(&mut there.stale, query.stale);
                extend(&mut there.unseen, query.unseen);
            }
            None => {
                at.insert(identity, queries.len());
                queries.push(query);
            }
        }
    }
    for query in &mut queries {
        end_recursion(&mut query.reads);
        query.reads.sort_by_cached_key(|read| {
            let names: Vec<&str> = read.steps.iter().map(|step| step.name.as_str()).collect();
            let sites: Vec<_> = read.steps.iter().map(|step| step.site.as_ref().map(order)).collect();
            (
                order(&read.site),
                names,
                sites,
                read.many,
                (read.alone, read.aside),
                read.instead_of.map(Symbol::as_str),
                read.doubt.map(Symbol::as_str),
            )
        });
        query.loops.sort_by_key(order);
        query.writes.sort_by_key(|write| order(&write.site));
        query.saves.sort_by_key(|save| order(&save.site));
        query.kept.sort_by_cached_key(|kept| (order(&kept.site), kept.path.clone()));
        query.emptied.sort_by_key(order);
        query
            .giving
            .sort_by_key(|(asked, giving)| (asked.as_ref().map(order), giving.file.index(), giving.id.0));
        for noted in [&mut query.tested, &mut query.forgiven, &mut query.rekeyed, &mut query.stale] {
            noted.sort_by_cached_key(|noted| (order(&noted.site), noted.path.clone()));
        }
        query.unseen.sort_unstable();
    }
    queries.sort_by_cached_key(|query| {
        let sites: Vec<_> = query.sites.iter().map(order).collect();
        let reads: Vec<_> = query.reads.iter().map(|read| order(&read.site)).collect();
        (sites.last().copied(), sites, query.model, query.source, reads, text(&query.plan))
    });
    queries
}

/// Drops what one expression reads off what it has given before: code that climbs a tree does so to a depth that
/// nobody knows, so no path is right for it but the first step.
fn end_recursion(reads: &mut Vec<Read>) {
    let relations = |read: &Read| read.steps.iter().map(|step| step.relation).collect::<Vec<_>>();
    let mut shortest: FxHashMap<(Site, RelationId), usize> = FxHashMap::default();
    for read in reads.iter() {
        if let Some(last) = read.steps.last() {
            let length = shortest.entry((read.site, last.relation)).or_insert(read.steps.len());
            *length = (*length).min(read.steps.len());
        }
    }
    let is_again = |path: &[RelationId], site: Site| {
        let (Some(last), before) = (path.last(), &path[..path.len().saturating_sub(1)]) else { return false };
        before.contains(last) && shortest.get(&(site, *last)).is_some_and(|&length| length < path.len())
    };
    let again: Vec<Vec<RelationId>> = reads
        .iter()
        .map(|read| (relations(read), read.site))
        .filter(|(path, site)| is_again(path, *site))
        .map(|(path, _)| path)
        .collect();
    if !again.is_empty() {
        reads.retain(|read| {
            let path = relations(read);
            !again.iter().any(|dropped| path.starts_with(dropped))
        });
    }
}

fn text(plan: &Plan) -> Vec<&'static str> {
    plan.select.iter().chain(&plan.prefetch).chain(&plan.defer).map(|name| name.as_str()).collect()
}

fn extend<T: PartialEq>(there: &mut Vec<T>, more: Vec<T>) {
    for item in more {
        if !there.contains(&item) {
            there.push(item);
        }
    }
}

/// A stable number of an identity, for tests of determinism.
pub fn fingerprint(queries: &[Query]) -> u64 {
    let mut hasher = FxHasher::default();
    for query in queries {
        query.sites.iter().for_each(|site| order(site).hash(&mut hasher));
        query.reads.iter().for_each(|read| order(&read.site).hash(&mut hasher));
    }
    hasher.finish()
}
