//! Which indexes a project lacks: candidates from what queries ask, without those that exist, merged into a few for
//! each table.
//!
//! A predicate alone says little: an index pays where a query that runs often finds few of many rows by it. So columns
//! are told apart by how many values they have ([`columns`]), tables by whether they grow ([`growth`]), and calls by
//! when they run.

mod candidates;
mod columns;
mod growth;
mod locks;
pub(crate) mod lookups;
pub(crate) mod proposals;

use candidates::Candidate;
use columns::Values;
use rustc_hash::{FxHashMap, FxHashSet};
use tuneup_django::Project;
use tuneup_django::predicates::{Context, Predicate};
use tuneup_django::schema::{FieldId, IndexSource, Indexes, ModelId, RelationKind};

/// How many indexes are proposed for one table; more are shown as advice.
pub(crate) const MOST: usize = 3;

/// How many indexes are shown for one table at all.
const MOST_SHOWN: usize = 5;

/// How much must ask for an index: one request, one task, or several places of which it is not known when they run.
const ENOUGH: u32 = 3;

/// An index that a table lacks.
#[derive(Clone, Debug)]
pub(crate) struct Wanted<'p> {
    /// The model.
    pub(crate) model: ModelId,
    /// The columns, with whether they descend.
    pub(crate) columns: Vec<(FieldId, bool)>,
    /// How many of them, from the first, are compared with one value.
    pub(crate) equal: usize,
    /// What would use it, in order of place.
    pub(crate) calls: Vec<&'p Predicate>,
    /// Why it is advice, where it is.
    pub(crate) doubt: Option<&'static str>,
    score: u32,
    needs_several: bool,
    is_advice: bool,
    is_side: bool,
}

/// All indexes that are lacking, in order of the models, those that serve most first.
pub(crate) fn wanted(project: &Project) -> Vec<Wanted<'_>> {
    let mut by_model: FxHashMap<ModelId, Vec<&Predicate>> = FxHashMap::default();
    for predicate in &project.predicates().all {
        by_model.entry(predicate.model).or_default().push(predicate);
    }
    let mut found = Vec::new();
    for model in project.schema.models() {
        if is_ours(project, model) {
            let predicates = by_model.get(&model).map_or(&[][..], Vec::as_slice);
            found.extend(of_model(project, model, predicates));
        }
    }
    found
}

/// Whether a model's table is one that the project makes, and all about it is known.
pub(crate) fn is_ours(project: &Project, model: ModelId) -> bool {
    let known = project.schema.model(model);
    known.class().is_some()
        && known.is_known()
        && !known.is_abstract()
        && !known.is_proxy()
        && !known.is_swapped()
        && project.schema.is_managed(&project.source, model)
}

/// Whether rows of a model are made all the time, for users, so that each index on it costs.
pub(crate) fn grows_fast(project: &Project, model: ModelId) -> bool {
    let growth = growth::of(project, model);
    growth >= growth::Growth::FAST
        || (growth >= growth::Growth::SURE && growth::has_many_for_each(project, model))
}

fn of_model<'p>(project: &'p Project, model: ModelId, predicates: &[&'p Predicate]) -> Vec<Wanted<'p>> {
    let indexes = project.schema.indexes(&project.source, model);
    if !indexes.is_known {
        return Vec::new();
    }
    // Who splits all rows of a table into pages expects many.
    let is_paged = predicates.iter().any(|it| {
        it.uses.page
            && it.context == Context::Request
            && !it.is_joined
            && !it.filters.iter().any(|filter| filter.sure)
    });
    let growth = growth::of(project, model);
    // A function may build its query of alternatives.
    let place = |predicate: &Predicate| {
        let range = predicate.site.function.is_none().then_some(predicate.site.range);
        (predicate.site.file, predicate.site.function, range)
    };
    // What is compared without case there tells the rows apart, on whatever branch; no plain index serves it.
    let without_case: FxHashSet<_> = predicates
        .iter()
        .filter(|it| it.filters.iter().any(|filter| filter.lookup == "iexact"))
        .map(|it| place(it))
        .collect();
    let mut candidates: Vec<(&'p Predicate, Candidate)> = Vec::new();
    for &predicate in predicates.iter().filter(|it| !without_case.contains(&place(it))) {
        let known = candidates::of(project, &indexes, growth, predicate);
        // A list that is split into pages is read in its order, whatever it is of.
        let hoped = || {
            let candidate =
                candidates::of(project, &indexes, growth.more(), predicate).filter(|_| is_paged)?;
            Some(candidate.into_advice())
        };
        let best = known.or_else(hoped);
        let all = best.into_iter().chain(candidates::sides(project, predicate));
        candidates.extend(all.map(|candidate| (predicate, candidate)));
    }
    let mut all: Vec<Wanted<'p>> = Vec::new();
    for (predicate, candidate) in agreed(candidates) {
        add(&mut all, model, predicate, candidate);
    }
    let mut all = absorbed(all);
    for wanted in &mut all {
        wanted.score = score(&wanted.calls);
    }
    all.retain(|wanted| {
        wanted.score >= ENOUGH
            && !is_covered(&indexes, wanted)
            && pays(project, &indexes, wanted)
            && !is_made_by_sql(project, wanted)
    });
    // More calls first; between equals, the shorter, and what is declared first.
    all.sort_by_key(|wanted| (std::cmp::Reverse(wanted.score), wanted.columns.len(), wanted.columns.clone()));
    all = without_alternatives(all);
    all.extend(generic(project, model, predicates, &indexes, growth, &all));
    all.truncate(MOST_SHOWN);
    for (at, wanted) in all.iter_mut().enumerate() {
        if at >= MOST {
            wanted.doubt = Some("Others on this table serve more, so this one is advice.");
        } else if wanted.is_advice {
            wanted.doubt =
                Some("It pays where the table is large, of which nothing is known, so this is advice.");
        } else if wanted.needs_several && views(project, &places(&wanted.calls)) < 2 {
            wanted.doubt = Some(
                "One place alone asks for it, which may read most rows or a short table, so this is advice.",
            );
        }
    }
    all
}

/// The calls, each query once, with the context in which it runs most often.
pub(crate) fn places<'p>(calls: &[&'p Predicate]) -> Vec<&'p Predicate> {
    let mut places: Vec<&Predicate> = calls.to_vec();
    places.sort_by_key(|it| {
        (it.origin.file.index(), it.origin.range.start(), it.context, it.site.range.start())
    });
    places.dedup_by_key(|it| (it.origin.file, it.origin.range.start()));
    places.sort_by_key(|it| (it.site.file.index(), it.site.range.start(), it.context));
    places.dedup_by_key(|it| (it.site.file, it.site.range.start()));
    places
}

/// How many views ask: the methods of one class are one.
pub(crate) fn views(project: &Project, calls: &[&Predicate]) -> usize {
    let mut views: Vec<_> = calls
        .iter()
        .map(|it| {
            let function = it.site.function;
            let is_of_project = it.site.file.as_other().is_none();
            let class = function
                .filter(|_| is_of_project)
                .and_then(|id| project.source.facts(it.site.file).function(id).class);
            let place = (class.is_none() && function.is_none()).then(|| it.site.range.start());
            (it.site.file.index(), class, function.filter(|_| class.is_none()), place)
        })
        .collect();
    views.sort_unstable();
    views.dedup();
    views.len()
}

/// Candidates of which those that could be on one of several columns are on one that others need anyway.
fn agreed(mut candidates: Vec<(&Predicate, Candidate)>) -> Vec<(&Predicate, Candidate)> {
    let needed: Vec<FieldId> = candidates
        .iter()
        .filter(|(_, candidate)| candidate.others.is_empty() && !candidate.is_advice)
        .filter_map(|(_, candidate)| match candidate.columns.as_slice() {
            [(only, _)] if candidate.equal == 1 => Some(*only),
            _ => None,
        })
        .collect();
    for (_, candidate) in &mut candidates {
        let [(only, _)] = candidate.columns.as_mut_slice() else { continue };
        if !needed.contains(only)
            && let Some(other) = candidate.others.iter().find(|&other| needed.contains(other))
        {
            *only = *other;
        }
    }
    candidates
}

/// Adds a candidate of one call to those that are known.
fn add<'p>(all: &mut Vec<Wanted<'p>>, model: ModelId, predicate: &'p Predicate, candidate: Candidate) {
    match all.iter_mut().find(|known| known.columns == candidate.columns) {
        Some(known) => {
            known.calls.push(predicate);
            known.equal = known.equal.max(candidate.equal);
            known.needs_several &= candidate.needs_several;
            known.is_advice &= candidate.is_advice;
            known.is_side |= candidate.is_side;
        }
        None => all.push(Wanted {
            model,
            columns: candidate.columns,
            equal: candidate.equal,
            calls: vec![predicate],
            doubt: None,
            score: 0,
            needs_several: candidate.needs_several,
            is_advice: candidate.is_advice,
            is_side: candidate.is_side,
        }),
    }
}

/// The pairs of generic foreign keys that have no index: whoever reads from the other side, by a generic relation or a
/// filter, asks for both columns, and Django indexes the first alone.
fn generic<'p>(
    project: &'p Project,
    model: ModelId,
    predicates: &[&'p Predicate],
    indexes: &Indexes,
    growth: growth::Growth,
    known: &[Wanted<'p>],
) -> Vec<Wanted<'p>> {
    let schema = &project.schema;
    // A generic relation asks by both whenever it is read, and when its objects are deleted.
    let is_related = || {
        schema.models().flat_map(|other| schema.model(other).fields()).any(|&field| {
            let field = schema.field(field);
            field.kind() == Some(RelationKind::GenericRelation)
                && field.relation().and_then(|relation| schema.relation(relation).target()) == Some(model)
        })
    };
    let mut found: Vec<Wanted<'p>> = Vec::new();
    for &field in schema.model(model).fields() {
        let Some((kind, key)) = schema.generic_columns(&project.source, field) else { continue };
        let own = |field: FieldId| schema.field(field).model() == model;
        let columns = vec![(kind, false), (key, false)];
        let leads = indexes.all.iter().any(|index| {
            index.is_tree && !index.is_partial && index.columns.first().is_some_and(|first| first.0 == key)
        });
        let wanted = Wanted {
            model,
            columns,
            equal: 2,
            calls: Vec::new(),
            doubt: None,
            score: ENOUGH,
            needs_several: false,
            is_advice: growth < growth::Growth::LIKELY || !is_related(),
            is_side: false,
        };
        let is_asked = || {
            predicates.iter().any(|it| {
                !matches!(it.context, Context::Test | Context::Migration)
                    && it.filters.iter().any(|filter| filter.field == key)
            })
        };
        // What only its own model is to read, and no query does from the other side, needs no index.
        let is_private = |field: FieldId| schema.field(field).name().as_str().starts_with('_');
        let is_there = leads
            || is_private(kind) && !(is_related() || is_asked())
            || !own(kind)
            || !own(key)
            || columns::values(project, key) == Values::Unfit
            || is_covered(indexes, &wanted)
            || indexes
                .all
                .iter()
                .any(|index| index.is_tree && serves(&index.columns, &[(key, false), (kind, false)], 2))
            || known
                .iter()
                .chain(&found)
                .any(|other| serves(&other.columns, &wanted.columns, 2) || other.columns[0].0 == key)
            || is_made_by_sql(project, &wanted);
        if !is_there {
            found.push(wanted);
        }
    }
    found
}

/// Whether SQL in a migration made an index that begins with these columns, or a partial one on the first.
fn is_made_by_sql(project: &Project, wanted: &Wanted<'_>) -> bool {
    let schema = &project.schema;
    let label = schema.model(wanted.model).app_label();
    let Ok(app) = project.migrations().of(&project.source, label.as_str()) else { return false };
    let Some(table) = schema.db_table(&project.source, wanted.model) else { return false };
    let columns: Option<Vec<&str>> =
        wanted.columns.iter().map(|&(field, _)| schema.field(field).column().map(|it| it.as_str())).collect();
    let Some(columns) = columns else { return false };
    app.state.sql_indexes.iter().filter(|index| index.table == table).any(|index| {
        let made: Vec<&str> = index.columns.iter().map(String::as_str).collect();
        match index.is_partial {
            true => made.first() == columns.first(),
            false => made.starts_with(&columns),
        }
    })
}

/// Of the rows of one owner, an index saves the sorting: that pays where an owner has many, which its name or several
/// places that take the first of them tell.
fn pays(project: &Project, indexes: &Indexes, wanted: &Wanted<'_>) -> bool {
    const SEVERAL: u32 = 24;
    let [(first, _), _, ..] = wanted.columns.as_slice() else { return true };
    let has_own = indexes.all.iter().any(|index| {
        index.is_tree && !index.is_partial && index.columns.first().is_some_and(|it| it.0 == *first)
    });
    let is_sorted = wanted.equal < wanted.columns.len();
    !has_own || !is_sorted || growth::has_many_for_each(project, wanted.model) || wanted.score >= SEVERAL
}

/// Candidates without those whose every call has a better one already: a view with optional filters asks in several
/// ways at one place.
fn without_alternatives(all: Vec<Wanted<'_>>) -> Vec<Wanted<'_>> {
    let mut served = FxHashSet::default();
    let mut kept = Vec::new();
    for wanted in all {
        let places: Vec<_> = wanted.calls.iter().map(|it| (it.site.file, it.site.range)).collect();
        if !wanted.is_side && places.iter().all(|place| served.contains(place)) {
            continue;
        }
        served.extend(places);
        kept.push(wanted);
    }
    kept
}

/// How much the places that would use an index weigh, each place once.
fn score(calls: &[&Predicate]) -> u32 {
    places(calls).iter().map(|it| weight(it.context)).sum()
}

fn weight(context: Context) -> u32 {
    match context {
        Context::Request => 4,
        Context::Task => 3,
        Context::Admin => 2,
        Context::Unknown => 1,
        Context::Command | Context::Migration | Context::Test => 0,
    }
}

/// Candidates without those that another serves as well: an index serves what asks for its first columns.
fn absorbed(mut all: Vec<Wanted<'_>>) -> Vec<Wanted<'_>> {
    // The longest first, so that each is taken up by one that stays.
    all.sort_by_key(|wanted| (std::cmp::Reverse(wanted.columns.len()), wanted.columns.clone()));
    let mut kept: Vec<Wanted<'_>> = Vec::new();
    for wanted in all {
        match kept.iter_mut().find(|longer| serves(&longer.columns, &wanted.columns, wanted.equal)) {
            Some(longer) => {
                longer.calls.extend(wanted.calls);
                longer.needs_several &= wanted.needs_several;
                longer.is_advice &= wanted.is_advice;
            }
            None => kept.push(wanted),
        }
    }
    for wanted in &mut kept {
        wanted.calls.sort_by_key(|it| (it.site.file.index(), it.site.range.start(), it.site.range.end()));
    }
    kept
}

/// Whether an index on some columns serves what one on others would: its first columns are those, and all in one
/// direction or all in the other.
pub(crate) fn serves(columns: &[(FieldId, bool)], wanted: &[(FieldId, bool)], equal: usize) -> bool {
    let Some(first) = columns.get(..wanted.len()) else { return false };
    let fields = first.iter().zip(wanted).all(|(one, other)| one.0 == other.0);
    // Of what is compared with one value, there is no direction.
    let mut ordered = first.iter().zip(wanted).skip(equal).map(|(one, other)| one.1 == other.1);
    let direction = ordered.next();
    fields && direction.is_none_or(|direction| ordered.all(|same| same == direction))
}

/// Whether an index that is there already serves what one on these columns would.
fn is_covered(indexes: &Indexes, wanted: &Wanted<'_>) -> bool {
    let columns = &wanted.columns;
    indexes.all.iter().any(|index| index.is_tree && !index.is_partial && serves(&index.columns, columns, wanted.equal))
        // A partial index, or one of another kind, was chosen for these columns by somebody who knew.
        || indexes.all.iter().any(|index| {
            (index.is_partial || !index.is_tree)
                && index.source != IndexSource::UniqueConstraint
                && index.columns.first().map(|it| it.0) == columns.first().map(|it| it.0)
        })
}
