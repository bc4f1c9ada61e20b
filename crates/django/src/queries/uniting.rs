//! Puts together what several parts of a project found: one query for each flow, in the order of their places.

use std::hash::Hash;

use rustc_hash::{FxHashMap, FxHashSet};
use tuneup_python::Symbol;

use super::machine::Machine;
use super::value::{Asked, Site};
use super::{Plan, Query, Read, Source, order};
use crate::schema::{ModelId, RelationId};

/// What tells two flows apart.
#[derive(PartialEq, Eq, Hash)]
struct Identity {
    sites: Vec<Site>,
    model: ModelId,
    source: Source,
    plan: Plan,
    asked: Asked,
}

/// The models of the rows that each site makes.
pub(super) type SiteModels = FxHashMap<Site, Models>;

/// One model, or several.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Models {
    One(ModelId),
    Several,
}

pub(super) fn site_models(machine: &Machine<'_>) -> SiteModels {
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

pub(super) fn merge(parts: Vec<(Vec<Query>, SiteModels)>) -> Vec<Query> {
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
                there.reads.extend(query.reads);
                there.looped |= query.looped;
                there.looped_openly |= query.looped_openly;
                there.handed |= query.handed;
                there.prefetched |= query.prefetched;
                there.of_outside &= query.of_outside;
                there.loops.extend(query.loops);
                there.asked_before.extend(query.asked_before);
                there.writes.extend(query.writes);
                there.saves.extend(query.saves);
                there.hazards.extend(query.hazards);
                there.returned_by.extend(query.returned_by);
                there.unseen.extend(query.unseen);
            }
            None => {
                at.insert(identity, queries.len());
                queries.push(query);
            }
        }
    }
    for query in &mut queries {
        keep_first(&mut query.reads);
        keep_first(&mut query.loops);
        keep_first(&mut query.asked_before);
        keep_first(&mut query.writes);
        keep_first(&mut query.saves);
        keep_first(&mut query.hazards);
        keep_first(&mut query.returned_by);
        keep_first(&mut query.unseen);
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
                read.behind.map(|it| [it.outer, it.inner].map(|test| (order(&test.site), test.holds))),
            )
        });
        query.loops.sort_by_key(order);
        query.writes.sort_by_key(|write| order(&write.site));
        query.saves.sort_by_key(|save| order(&save.site));
        query.hazards.sort_by_cached_key(|hazard| (hazard.kind, order(&hazard.site), hazard.path.clone()));
        query.returned_by.sort_by_key(|(asked, function)| {
            (asked.as_ref().map(order), function.file.index(), function.id.0)
        });
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

/// Keeps the first of those that are equal.
fn keep_first<T: Clone + Eq + Hash>(items: &mut Vec<T>) {
    if items.len() < 2 {
        return;
    }
    let mut seen: FxHashSet<T> = FxHashSet::default();
    items.retain(|item| seen.insert(item.clone()));
}
