//! What is left of a part of the project once its files were interpreted: its queries, with what was read off their rows.

use std::sync::Arc;

use rustc_hash::FxHashMap;
use tuneup_python::Symbol;

use super::machine::{self, Machine};
use super::value::{self, Asked, Origin, Queryset, Site, Step, Value};
use super::{Hazard, HazardKind, Plan, Query, Read, Save, Source, Write};
use crate::paths::{covers, joined};

/// The queries of a part, in no order.
pub(super) fn results(machine: &Machine<'_>) -> Vec<Query> {
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
        let &machine::Read { many, alone, instead_of, doubt, aside, behind, site, shown_by, .. } = read;
        reads.push((index, Read { steps, many, alone, instead_of, doubt, aside, behind, site, shown_by }));
    }
    // What is looped over without a relation being read is a user of its query too.
    for (query, queryset) in machine.values.querysets() {
        // So is what prefetches: it tells that code relies on it. What may be one of several is those.
        let prefetches = queryset.ways.is_empty() && !queryset.plan.prefetch.is_empty();
        // And what lets its rows be read anew, which a prefetch for other users of it would not.
        let is_stale = machine.hazards_of(query).any(|(kind, ..)| kind == HazardKind::Stale);
        if machine.loops.contains_key(&query) || is_stale || prefetches {
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
    let saves = saves.map(|(&(path, site), &after)| Save { steps: machine.values.steps(path), site, after });
    let hazards = machine.hazards_of(query);
    let hazards = hazards.map(|(kind, path, site)| Hazard { kind, path: machine.path_text(path), site });
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
        loops: machine.loops.get(&query).into_iter().flatten().copied().collect(),
        asked_before: queryset
            .sites
            .iter()
            .filter(|site| machine.asked_before.contains(site))
            .copied()
            .collect(),
        writes: machine.writes.get(&query).into_iter().flatten().filter_map(write).collect(),
        saves: saves.collect(),
        hazards: hazards.collect(),
        returned_by: machine.returned_by.get(&query).into_iter().flatten().copied().collect(),
        unseen: machine.unseen.get(&query).cloned().unwrap_or_default(),
    }
}

/// The methods by which a queryset asks for its rows.
const FETCHING: &[&str] = &["_fetch_all", "__iter__"];

/// What is asked of a queryset, of its rows by those who take pages of them, and how its class asks for them.
fn asked(machine: &Machine<'_>, query: Value, queryset: &Queryset) -> Asked {
    let unordered = queryset.asked.unordered || machine.in_pages.contains(&query);
    let asks_itself =
        |class| FETCHING.iter().any(|name| machine.class_function(class, Symbol::new(name)).is_some());
    let fetched = queryset.classes.iter().any(|&class| asks_itself(class));
    Asked { unordered, fetched, ..queryset.asked }
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
    let path = joined(&machine.path_text(row.path), name.as_str());
    owner.plan.prefetch.iter().filter_map(value::Prefetched::loads).any(|known| covers(known, &path))
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
                prefetch.push(Symbol::new(&joined(prefetched.path.as_str(), nested)));
            }
        }
    }
    let mut later: Vec<Symbol> = Vec::new();
    for (path, loaded) in machine.loaded.get(&query).into_iter().flatten() {
        let base = machine.path_text(*path);
        prefetch_unknown |= loaded.prefetch_unknown;
        for prefetched in &loaded.prefetch {
            let Some(loads) = prefetched.loads() else { continue };
            let path = Symbol::new(&joined(&base, loads));
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
