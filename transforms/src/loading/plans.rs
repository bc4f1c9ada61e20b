//! What the project's queries load already, and how.

use std::collections::BTreeSet;

use rustc_hash::{FxHashMap, FxHashSet};
use tuneup_django::Project;
use tuneup_django::paths::{covers, path_of};
use tuneup_django::queries::{Query, Read, Site, Source, Step};
use tuneup_django::schema::RelationId;
use tuneup_python::flow::{Argument, ArgumentKind, ExprKind};
use tuneup_python::{FileId, Symbol};

use super::attributes::Attributes;
use super::placing::Many;
use super::{Key, key};

/// What the project's queries load already, and how.
pub(super) struct Loading {
    /// The places of queries, readers and paths that some flow loads.
    pub(super) loaded: FxHashSet<(Key, Key, String)>,
    /// Those that some flow loads because what was asked went on from a prefetch that does.
    resumed: FxHashSet<(Key, Key, String)>,
    /// Expressions that read related rows of a row where a prefetch serves them, or will.
    pub(super) served: FxHashSet<Key>,
    /// Relations that some query prefetches.
    pub(super) prefetched: FxHashSet<RelationId>,
    /// Expressions that give all related rows of a row where a test decides between them and a part of them.
    whole: FxHashSet<Key>,
    /// What the lookups of all prefetches that the code writes may name, also of rows that are not followed.
    named: Named,
    /// The lookups that get a queryset of their own behind an expression.
    given: FxHashMap<Key, FxHashSet<Symbol>>,
    /// Where managers stand, and what is asked of them.
    pub(super) attributes: Attributes,
}

impl Loading {
    /// Reads the plans of all queries.
    pub(super) fn of(project: &Project) -> Self {
        let mut loading = Self {
            loaded: FxHashSet::default(),
            resumed: FxHashSet::default(),
            served: FxHashSet::default(),
            prefetched: FxHashSet::default(),
            whole: FxHashSet::default(),
            named: named(project),
            given: FxHashMap::default(),
            attributes: Attributes::of(project),
        };
        for query in &project.queries {
            if let Some(site) = whole(project, query) {
                loading.whole.insert(key(site));
                if query.prefetched {
                    loading.served.insert(key(site));
                }
            }
            for (path, call) in &query.plan.given {
                let is_around = |site: &Site| site.file == call.file && site.range.contains_range(call.range);
                let at = query.sites.iter().position(is_around).unwrap_or(query.sites.len());
                for site in &query.sites[..at] {
                    loading.given.entry(key(site)).or_default().insert(*path);
                }
            }
            for site in query.sites.iter().filter(|_| !query.plan.later.is_empty()) {
                loading.given.entry(key(site)).or_default().extend(&query.plan.later);
            }
            for path in &query.plan.prefetch {
                let mut model = Some(query.model);
                for name in path.as_str().split("__") {
                    let Some(on) = model else { break };
                    // A name that no file holds is no relation's.
                    let relation =
                        Symbol::known(name).and_then(|name| project.schema.relation_by_accessor(on, name));
                    let Some(relation) = relation else { break };
                    loading.prefetched.insert(relation);
                    model = project.schema.relation(relation).target();
                }
            }
            // What the rows were prefetched with is not what the code that goes on from them asks for in some cases.
            let is_own = !query.asked.resumed || query.planned.is_some();
            let many = Many::of(query);
            for read in &query.reads {
                for (at, step) in read.steps.iter().enumerate().filter(|(_, step)| step.to_many) {
                    let steps = &read.steps[..=at];
                    let is_wanted = many.has(steps);
                    let path = path_of(steps);
                    if is_wanted || query.plan.prefetch.iter().any(|known| covers(known.as_str(), &path)) {
                        loading.served.extend(step.site.iter().chain(&step.start).map(key));
                    }
                }
                if is_loaded(project, query, read, read.steps.len()) == Loaded::Yes {
                    let path = path_of(&read.steps);
                    let loaded = if is_own { &mut loading.loaded } else { &mut loading.resumed };
                    for site in &query.sites {
                        loaded.insert((key(site), key(&read.site), path.clone()));
                    }
                }
            }
        }
        loading
    }
}

impl Loading {
    /// Whether a path leads through rows that get a queryset of their own behind an expression: what is loaded of them
    /// in front of that takes its place, and a prefetch is an error there.
    pub(super) fn is_given_behind(&self, site: &Site, path: &str) -> bool {
        let given = self.given.get(&key(site));
        given.is_some_and(|given| given.iter().any(|lookup| covers(path, lookup.as_str())))
    }

    /// Whether rows come with what a place reads of them as far as they are seen: those are asked of a row that was
    /// prefetched with it, and where this query's row comes from is not seen.
    pub(super) fn may_be_resumed(&self, query: &Query, site: &Site, read: &Read, path: &str) -> bool {
        query.of_outside && self.resumed.contains(&(key(site), key(&read.site), path.to_owned()))
    }

    /// Whether the row whose related rows a query is comes from another function, and the related rows are prefetched
    /// somewhere, so that it may come with them.
    pub(super) fn may_come_with(&self, query: &Query, site: &Site, over: &Step) -> Option<Elsewhere> {
        let is_handed_on =
            query.sites.last().is_none_or(|last| (last.file, last.function) != (site.file, site.function));
        if is_handed_on { self.is_prefetched(over.relation, over.name) } else { None }
    }

    /// Whether some query prefetches a relation, by a path that is followed or by its name.
    pub(super) fn is_prefetched(&self, relation: RelationId, name: Symbol) -> Option<Elsewhere> {
        let is_known = self.prefetched.contains(&relation);
        let is_named =
            || self.named.relations.contains(&relation) || self.named.names.contains(name.as_str());
        (is_known || is_named()).then(|| Elsewhere { name: name.as_str(), is_known })
    }

    /// The relation whose related rows a site gives, all of them, of a row that comes from another function: a prefetch of
    /// them would no longer serve where the site is made to load more.
    pub(super) fn whole_of(&self, query: &Query, site: &Site) -> Option<RelationId> {
        let Source::Related(relation) = query.source else { return None };
        (query.handed && self.whole.contains(&key(site))).then_some(relation)
    }

    /// Whether a site gives all related rows of a row, and a prefetch serves it for some rows, or will.
    pub(super) fn is_served(&self, site: &Site) -> bool {
        self.whole.contains(&key(site)) && self.served.contains(&key(site))
    }
}

/// Related rows that a prefetch elsewhere may have loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Elsewhere {
    /// Their name.
    pub(super) name: &'static str,
    /// Whether it is of the same relation for certain: the model of the rows there is known.
    pub(super) is_known: bool,
}

/// What lookups name.
#[derive(Default)]
struct Named {
    /// The relations on their ways, from whatever model they can be walked.
    relations: FxHashSet<RelationId>,
    /// The names in those that can be walked from none.
    names: FxHashSet<&'static str>,
}

impl Named {
    fn add(&mut self, project: &Project, lookup: &'static str) {
        let schema = &project.schema;
        let mut is_walked = false;
        // A name that no file holds is no relation's.
        let names: Vec<Option<Symbol>> = lookup.split("__").map(Symbol::known).collect();
        for model in schema.models() {
            let mut on = Some(model);
            let ways = names.iter().map(|name| {
                let relation = schema.relation_by_accessor(on?, (*name)?)?;
                on = schema.relation(relation).target();
                Some(relation)
            });
            if let Some(ways) = ways.collect::<Option<Vec<RelationId>>>() {
                is_walked = true;
                self.relations.extend(ways);
            }
        }
        if !is_walked {
            self.names.extend(lookup.split("__"));
        }
    }
}

/// What is named by all lookups that are given to `prefetch_related()`, `Prefetch()` and `prefetch_related_objects()` as
/// texts, but for those that put the rows on an attribute of their own.
fn named(project: &Project) -> Named {
    let mut lookups: BTreeSet<&'static str> = BTreeSet::new();
    let is_followed = |file: &FileId| !project.source.file(*file).is_third_party && !project.is_aside(*file);
    for file in project.source.file_ids().filter(is_followed) {
        let facts = project.source.facts(file);
        for expr in &facts.exprs {
            let ExprKind::Call(callee, arguments) = expr.kind else { continue };
            let (ExprKind::Attribute(_, name) | ExprKind::Global(name)) = facts.kind(callee) else {
                continue;
            };
            if !matches!(name.as_str(), "prefetch_related" | "Prefetch" | "prefetch_related_objects") {
                continue;
            }
            // What is put beside the related rows does not serve them.
            let puts_aside = |argument: &Argument| matches!(argument.kind, ArgumentKind::Keyword(name) if name == "to_attr");
            if facts.arguments(arguments).iter().any(puts_aside) {
                continue;
            }
            let texts = facts.arguments(arguments).iter().filter_map(|argument| facts.as_str(argument.value));
            lookups.extend(texts);
        }
    }
    let mut found = Named::default();
    for lookup in lookups {
        found.add(project, lookup);
    }
    found
}

/// The expression that gives all related rows of a row, as a prefetch of them would, where nothing is asked beyond:
/// `row.relation.all()`, or the manager alone, which is given to what shows all its rows.
fn whole<'q>(project: &Project, query: &'q Query) -> Option<&'q Site> {
    let is_plain = !query.asked.narrowed && query.planned.is_none();
    let site = query.sites.first().filter(|site| is_plain && site.file.as_other().is_none())?;
    if !matches!(query.source, Source::Related(_)) {
        return None;
    }
    let facts = project.source.facts(site.file);
    let is_all = |kind: ExprKind| match kind {
        ExprKind::Call(callee, arguments) if arguments.is_empty() => {
            matches!(facts.kind(callee), ExprKind::Attribute(rows, name)
                if name == "all" && matches!(facts.kind(rows), ExprKind::Attribute(..)))
        }
        // What is given a manager calls that.
        ExprKind::Attribute(..) => true,
        _ => false,
    };
    facts.exprs.iter().any(|expr| expr.range == site.range && is_all(expr.kind)).then_some(site)
}

/// Whether the plan loads what is read, or may.
pub(super) fn is_loaded(project: &Project, query: &Query, read: &Read, rest: usize) -> Loaded {
    let plan = &query.plan;
    let steps = &read.steps;
    if rest < steps.len() {
        // The chain that is extended is a plain `all()`: it loads nothing yet.
        return Loaded::No;
    }
    let wanted = path_of(steps);
    // What leads through what is loaded later is loaded there too, or belongs there.
    if plan.later.iter().any(|path| covers(&wanted, path.as_str())) {
        return Loaded::Yes;
    }
    if plan.prefetch.iter().any(|path| covers(path.as_str(), &wanted)) || plan.prefetch_unknown {
        return Loaded::Yes;
    }
    if steps.iter().any(|step| step.to_many) {
        return Loaded::No;
    }
    if plan.select_unknown {
        return Loaded::Yes;
    }
    let is_named = plan.select.iter().any(|path| covers(path.as_str(), &wanted));
    let way = steps.iter().map(|step| step.relation);
    match (is_named || plan.select_all && project.schema.joins_by_default(way), plan.automatic) {
        (true, true) => Loaded::Automatically,
        (true, false) => Loaded::Yes,
        (false, _) => Loaded::No,
    }
}

/// Whether a query loads what is read.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Loaded {
    /// It does, or may.
    Yes,
    /// Django joins it by itself as long as code names no joins.
    Automatically,
    /// It does not.
    No,
}
