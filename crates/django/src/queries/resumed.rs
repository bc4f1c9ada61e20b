//! What is asked further of related rows that a prefetch loaded by a queryset of its own.
//!
//! `Prefetch("notes", queryset=…)` leaves that queryset, narrowed to the row, where the manager of the row's related rows
//! begins. So what code asks of the manager goes on from it: another query, which joins, prefetches and computes what
//! that one does. Further lookups load onto the rows that were prefetched alone, and a prefetch without a queryset
//! leaves what the manager would have begun with anyway.
//!
//! <https://docs.djangoproject.com/en/stable/ref/models/querysets/#prefetch-objects>

use tuneup_python::Symbol;

use super::machine::Machine;
use super::value::{Origin, Prefetched, Queryset, Row, Shared, Value};
use crate::paths::{behind, joined};
use crate::schema::{ModelId, RelationId};

/// The methods that give another queryset, or ask by one. What else there is serves itself from the rows at hand.
const RESUMING: &[&str] = &[
    "aggregate",
    "alias",
    "annotate",
    "complex_filter",
    "dates",
    "datetimes",
    "defer",
    "difference",
    "distinct",
    "earliest",
    "exclude",
    "extra",
    "fetch_mode",
    "filter",
    "first",
    "get",
    "in_bulk",
    "in_order_of",
    "intersection",
    "iterator",
    "last",
    "latest",
    "only",
    "order_by",
    "prefetch_related",
    "reverse",
    "select_for_update",
    "select_related",
    "union",
    "using",
    "values",
    "values_list",
    "_chain",
    "_clone",
];

impl Machine<'_> {
    /// Whether a method of a model's querysets goes on from what it is called on.
    pub(super) fn is_resuming(&self, model: ModelId, name: Symbol) -> bool {
        let plain = name.as_str();
        let is_known = |name: &str| RESUMING.contains(&name);
        is_known(plain) || plain.strip_prefix('a').is_some_and(is_known) || self.is_narrowing(model, name)
    }

    /// What more is asked of rows goes on from: the querysets that prefetched them, where they are all related rows of a
    /// row, or the rows themselves.
    pub(crate) fn resumed(&mut self, rows: Value) -> Value {
        self.for_each(rows, |machine, member| {
            let resumed =
                machine.as_queryset(member).cloned().and_then(|queryset| machine.prefetched_by(&queryset));
            if resumed.is_some() {
                machine.extended.insert(member);
            }
            resumed.unwrap_or(member)
        })
    }

    /// The querysets by which related rows were prefetched, where they are all of a row's, as they stand for that row.
    pub(super) fn prefetched_by(&mut self, queryset: &Shared<Queryset>) -> Option<Value> {
        let (row, relation) = match queryset.origin {
            Origin::Related(row, relation) if queryset.is_manager => (self.as_row(row)?, relation),
            _ => self.plain_related(queryset)?,
        };
        let given = self.queryset_of_prefetch(row, relation, queryset)?;
        Some(self.for_each(given, |machine, given| machine.narrowed_to_row(given, queryset)))
    }

    /// The queryset that a prefetch of a row's relation was given, by the row's query or later.
    fn queryset_of_prefetch(&self, row: Row, relation: RelationId, related: &Queryset) -> Option<Value> {
        let name = self.schema.relation(relation).lookup_name();
        let path = joined(&self.path_text(row.path), name.as_str());
        if let Some(found) = self.prefetch_of(row.query, &path) {
            return found.queryset;
        }
        // Rows that come from outside are told apart by the function alone that has them.
        let is_outside = self.as_queryset(row.query)?.origin == Origin::Outside;
        let is_here = |lookup: &Prefetched| {
            let here = related.sites.last().map(|site| (site.file, site.function));
            !is_outside || lookup.site.map(|site| (site.file, site.function)) == here
        };
        self.loaded.get(&row.query)?.iter().find_map(|(at, plan)| {
            let below = behind(&path, &self.path_text(*at))?;
            let mut lookups = plan.prefetch.iter().filter(|it| it.path == *below && it.to_attr.is_none());
            lookups.find(|lookup| is_here(lookup)).and_then(|lookup| lookup.queryset)
        })
    }

    /// The queryset of a prefetch, as it stands for the row whose related rows another is.
    fn narrowed_to_row(&mut self, given: Value, related: &Shared<Queryset>) -> Value {
        let known = self.as_queryset(given).cloned();
        let is_known = known.is_some() || given == Value::NONE;
        let mut rows = known.unwrap_or_else(|| related.clone());
        rows.is_manager = false;
        rows.asked.narrowed = true;
        rows.asked.resumed = true;
        rows.origin = related.origin.clone();
        // What is added is added here, behind all that the prefetch asked for.
        rows.sites = related.sites.clone();
        rows.ways = Box::default();
        rows.planned = None;
        rows.parent = None;
        rows.plan.prefetch.iter_mut().for_each(|lookup| lookup.site = None);
        if !is_known {
            rows.plan.select_unknown = true;
            rows.plan.prefetch_unknown = true;
        }
        self.values.queryset(rows)
    }
}
