//! The index that would serve one predicate best, if any pays.
//!
//! Columns that are compared with one value come first, then one that is ordered by or asked in a stretch: an index
//! finds the rows of the former together, in the order of the latter.

use tuneup_django::Project;
use tuneup_django::predicates::{Context, Filter, Given, Kind, Predicate, Source};
use tuneup_django::schema::{FieldId, Indexes};

use super::columns::{Values, values};
use super::growth::{self, Growth};

/// An index that would serve a predicate.
pub(super) struct Candidate {
    /// Its columns, with whether they descend.
    pub(super) columns: Vec<(FieldId, bool)>,
    /// How many of them, from the first, are compared with one value.
    pub(super) equal: usize,
    /// Whether one place alone that asks for it is not enough: for a stretch, for an order of texts.
    pub(super) needs_several: bool,
    /// Whether it is advice however many ask: an order of texts, by which short tables are listed.
    pub(super) is_advice: bool,
    /// Other columns that the same predicate compares, of which an index would serve it too.
    pub(super) others: Vec<FieldId>,
    /// Whether it is for one side of an `OR`, so that another for the same call does not take its place.
    pub(super) is_side: bool,
}

impl Candidate {
    /// The same, as advice.
    pub(super) fn into_advice(self) -> Self {
        Self { is_advice: true, ..self }
    }

    fn new(equal: Vec<FieldId>, then: Option<(FieldId, bool)>) -> Option<Self> {
        let count = equal.len();
        let mut columns: Vec<(FieldId, bool)> = equal.into_iter().map(|field| (field, false)).collect();
        columns.extend(then);
        // One column alone is read in either direction.
        if let [only] = columns.as_mut_slice() {
            only.1 = false;
        }
        (!columns.is_empty()).then_some(Self {
            columns,
            equal: count,
            needs_several: false,
            is_advice: false,
            others: Vec::new(),
            is_side: false,
        })
    }
}

/// The index that would serve a predicate, whether it exists or not; nothing where none pays.
pub(super) fn of(
    project: &Project,
    indexes: &Indexes,
    growth: Growth,
    predicate: &Predicate,
) -> Option<Candidate> {
    let has_many = growth::has_many_for_each(project, predicate.model);
    if matches!(predicate.context, Context::Command | Context::Migration | Context::Test) {
        return None;
    }
    if matches!(
        predicate.source,
        Source::AdminSearch
            | Source::SearchFilter
            | Source::OrderingFilter
            | Source::FilterSet
            | Source::AdminFilter
            | Source::Choices
    ) {
        return None;
    }
    let schema = &project.schema;
    let own = |id: FieldId| schema.field(id).model() == predicate.model;
    let mut equal: Vec<&Filter> = Vec::new();
    for filter in predicate.filters.iter().filter(|it| it.sure && it.kind == Kind::Equality && own(it.field))
    {
        // Of a value that is not there, rows are most or none.
        let is_null = filter.given == Given::None || filter.lookup == "isnull";
        if !is_null && !equal.iter().any(|known| known.field == filter.field) {
            equal.push(filter);
        }
    }
    let fields: Vec<FieldId> = equal.iter().map(|filter| filter.field).collect();
    // One row at most is left.
    let is_found = indexes.all.iter().any(|index| {
        index.is_unique
            && !index.is_partial
            && !index.columns.is_empty()
            && index.columns.iter().all(|(field, _)| fields.contains(field))
    });
    if is_found {
        return None;
    }
    let kind = |field: FieldId| values(project, field);
    let takes_some = predicate.uses.page || predicate.uses.first;
    let leads = |field: FieldId| {
        indexes.all.iter().any(|index| {
            index.is_tree && !index.is_partial && index.columns.first().is_some_and(|first| first.0 == field)
        })
    };
    let order = leading_order(project, predicate);
    let indexed: Vec<FieldId> = fields
        .iter()
        .copied()
        .filter(|&field| leads(field) && !matches!(kind(field), Values::Few | Values::Kind | Values::Ordinal))
        .collect();
    let mut telling: Vec<FieldId> = fields
        .iter()
        .copied()
        .filter(|&field| matches!(kind(field), Values::Telling | Values::Many) && !leads(field))
        .collect();
    telling.sort_by_key(|&field| (kind(field), field));
    if let Some(&first) = indexed.first() {
        // One of the rows of an owner who may have thousands.
        if let [second] = telling.as_slice()
            && predicate.uses.get
            && schema.field(first).relation().is_some()
            && growth >= Growth::SURE
            && has_many
            && !predicate.is_open
        {
            return Candidate::new(vec![first, *second], None).map(Candidate::into_advice);
        }
        // The index that is there finds the rows of one owner; ordering them is what is left to save.
        let is_one = schema.field(first).relation().is_some()
            && equal.iter().any(|it| it.field == first && it.lookup == "exact");
        if !(is_one && takes_some && growth >= Growth::SURE && !predicate.narrowed_elsewhere) {
            return None;
        }
        return match order.as_slice() {
            [(field, descending)] if kind(*field) == Values::Moment => {
                Candidate::new(vec![first], Some((*field, *descending)))
            }
            _ => None,
        };
    }
    if let Some(candidate) = generic(project, indexes, &fields) {
        return (growth >= Growth::PROBABLE && !predicate.narrowed_elsewhere).then_some(candidate);
    }
    if let [first, ..] = telling.as_slice()
        && kind(*first) == Values::Telling
        && !predicate.is_open
        && !predicate.is_joined
        && !predicate.is_of_one
    {
        // A join leaves no fewer rows than such a value.
        return one_of(&telling);
    }
    if predicate.narrowed_elsewhere {
        return None;
    }
    // Rows that are found by a value that few others have need nothing more.
    let is_name = |field: FieldId| matches!(schema.field(field).name().as_str(), "name" | "title" | "label");
    match telling.as_slice() {
        [] => {}
        [first, ..] if kind(*first) == Values::Telling => return one_of(&telling),
        [only, ..] => {
            // Things with names are often few.
            if growth < (if is_name(*only) { Growth::SURE } else { Growth::LIKELY }) {
                return None;
            }
            let candidate = Candidate::new(telling.iter().take(2).copied().collect(), None)?;
            return Some(Candidate { needs_several: growth < Growth::SURE, ..candidate });
        }
    }
    if growth < Growth::PROBABLE {
        return None;
    }
    let moment = fields.iter().copied().find(|&field| kind(field) == Values::Moment);
    if let Some(moment) = moment {
        return Candidate::new(vec![moment], None);
    }
    let stretch = stretch(predicate, &kind);
    let of = |values: Values| {
        equal
            .iter()
            .filter(move |it| {
                it.lookup == "exact" && !matches!(it.given, Given::Bool(_)) && kind(it.field) == values
            })
            .map(|it| it.field)
            .filter(|&field| !schema.field(field).class().as_str().ends_with("BooleanField"))
    };
    // The kind of objects that a row is about leaves fewer rows than the state it is in.
    let few: Vec<FieldId> = of(Values::Kind).chain(of(Values::Few)).take(1).collect();
    // Conditions of which one must hold leave few rows, perhaps, by which the order could be had.
    if predicate.filters.iter().any(|it| !it.sure && !matches!(kind(it.field), Values::Few)) && few.is_empty()
    {
        return None;
    }
    if takes_some && let Some(&(field, descending)) = order.first() {
        let is_plain = order.len() == 1;
        return match kind(field) {
            Values::Moment if is_plain => {
                // A base orders all models by when their rows were made, long tables and short ones.
                let is_usual = few.is_empty() && growth::is_common(project, field);
                let candidate = Candidate::new(few, Some((field, descending)))?;
                Some(if is_usual { candidate.into_advice() } else { candidate })
            }
            Values::Many | Values::Telling if is_plain && few.is_empty() => {
                let candidate = Candidate::new(Vec::new(), Some((field, descending)))?;
                Some(Candidate { is_advice: true, ..candidate })
            }
            Values::Moment | Values::Many | Values::Ordinal
                if few.is_empty() && (2..=3).contains(&order.len()) =>
            {
                let is_advice = order.iter().any(|it| kind(it.0) != Values::Moment);
                Some(Candidate {
                    columns: order,
                    equal: 0,
                    needs_several: true,
                    is_advice,
                    others: Vec::new(),
                    is_side: false,
                })
            }
            _ => None,
        };
    }
    let candidate = stretch.and_then(|field| Candidate::new(few, Some((field, false))))?;
    Some(Candidate { needs_several: true, ..candidate })
}

/// An index on the first of some columns, each of which finds the rows.
fn one_of(columns: &[FieldId]) -> Option<Candidate> {
    let (&first, others) = columns.split_first()?;
    Some(Candidate { others: others.to_vec(), ..Candidate::new(vec![first], None)? })
}

/// The indexes that the sides of an `OR` need: each its own, and all of them.
pub(super) fn sides(project: &Project, predicate: &Predicate) -> Vec<Candidate> {
    let counts = matches!(predicate.context, Context::Request | Context::Task);
    let is_side = |it: &Filter| {
        !it.sure
            && it.kind == Kind::Equality
            && it.lookup == "exact"
            && it.given != Given::None
            && project.schema.field(it.field).model() == predicate.model
            && values(project, it.field) == Values::Telling
    };
    let finds = predicate.source == Source::Query && predicate.uses.get && !predicate.narrowed_elsewhere;
    if !(counts && finds && predicate.filters.len() > 1 && predicate.filters.iter().all(is_side)) {
        return Vec::new();
    }
    let one = |it: &Filter| Some(Candidate { is_side: true, ..Candidate::new(vec![it.field], None)? });
    predicate.filters.iter().filter_map(one).collect()
}

/// The pair of a generic foreign key, where both its columns are compared with one value.
fn generic(project: &Project, indexes: &Indexes, fields: &[FieldId]) -> Option<Candidate> {
    let schema = &project.schema;
    let is_type = |field: FieldId| values(project, field) == Values::Kind;
    let of_type = fields.iter().copied().find(|&field| is_type(field))?;
    let name = schema.field(of_type).name().as_str();
    let prefix = name.strip_suffix("content_type").or_else(|| name.strip_suffix("type"))?;
    let of_object = fields.iter().copied().find(|&field| {
        let name = schema.field(field).name().as_str();
        !is_type(field)
            && name.strip_prefix(prefix).is_some_and(|rest| matches!(rest, "object_id" | "id" | "object_pk"))
    })?;
    let leads = |field: FieldId| {
        indexes.all.iter().any(|index| {
            index.is_tree && !index.is_partial && index.columns.first().is_some_and(|first| first.0 == field)
        })
    };
    // Few objects of different types have the same number.
    if leads(of_object) {
        return None;
    }
    Some(Candidate {
        columns: vec![(of_type, false), (of_object, false)],
        equal: 2,
        needs_several: false,
        is_advice: false,
        others: Vec::new(),
        is_side: false,
    })
}

/// The columns of the order up to one that settles it.
fn leading_order(project: &Project, predicate: &Predicate) -> Vec<(FieldId, bool)> {
    let mut order: Vec<(FieldId, bool)> = Vec::new();
    for sort in &predicate.order {
        let field = project.schema.field(sort.field);
        if field.primary_key().is_yes() || field.unique().is_yes() {
            // The key is in the order of insertion, which is near that of moments: what is before it decides. As
            // the first, it has its own index.
            let Some(&(first, _)) = order.first() else { return Vec::new() };
            // Texts and numbers that many rows share leave more to it.
            if !field.primary_key().is_yes() && values(project, first) != Values::Moment {
                order.push((sort.field, sort.descending));
            }
            break;
        }
        if !order.iter().any(|known| known.0 == sort.field) {
            order.push((sort.field, sort.descending));
        }
    }
    order
}

/// The column of moments that is asked for in a stretch which leaves out most rows: since a moment, or between two.
/// What lies before now is nearly all there is.
fn stretch(predicate: &Predicate, kind: &dyn Fn(FieldId) -> Values) -> Option<FieldId> {
    let ranges = || predicate.filters.iter().filter(|it| it.sure && it.kind == Kind::Range);
    ranges()
        .filter(|it| kind(it.field) == Values::Moment)
        .find(|it| {
            matches!(it.lookup, "gt" | "gte" | "range" | "year" | "year__exact")
                || (predicate.context == Context::Task && matches!(it.lookup, "lt" | "lte"))
        })
        .map(|it| it.field)
}
