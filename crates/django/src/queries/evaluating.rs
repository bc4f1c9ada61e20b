//! The rows that asking a queryset for them gives: all, where it is looped over, or one (`get()`, `first()`, `[0]`).
//!
//! <https://docs.djangoproject.com/en/stable/ref/models/querysets/#when-querysets-are-evaluated>

use super::machine::Machine;
use super::value::{Lacks, Path, Queryset, Row, Shape, Site, Uses, Value};

/// How many relations a path may have.
const LONGEST_PATH: usize = 8;

impl Machine<'_> {
    /// What a queryset gives when it is looped over.
    pub(crate) fn iterate_queryset(&mut self, value: Value, queryset: &Queryset, site: Site) -> Value {
        if queryset.is_manager {
            return Value::UNKNOWN;
        }
        if queryset.asked.empty {
            return Value::NEVER;
        }
        self.record_use(value, Uses { all: true, ..Uses::default() });
        if queryset.asked.values {
            return Value::SCALAR;
        }
        if let Some((row, relation)) = self.plain_related(queryset) {
            if self.values.length(row.path) >= LONGEST_PATH {
                return Value::UNKNOWN;
            }
            if let Some((value, queryset)) = self.read_anew(queryset, row, relation) {
                return self.rows_of(value, &queryset, site);
            }
            let (path, inner) = self.read_related(queryset, row, relation, site);
            // What a queryset that is not known loads with them is not known either.
            if let Some(inner) = inner {
                return self.for_each(inner, |machine, inner| match machine.as_queryset(inner).cloned() {
                    Some(named) => machine.rows_of(inner, &named, site),
                    None => Value::UNKNOWN,
                });
            }
            let back = self.schema.relation(relation).inverse().map(|inverse| (inverse, row.path));
            let model = queryset.model;
            return self.values.make(Shape::Row(Row {
                path,
                model,
                many: true,
                back,
                lacks: Lacks::NONE,
                ..row
            }));
        }
        self.rows_of(value, queryset, site)
    }

    fn rows_of(&mut self, value: Value, queryset: &Queryset, site: Site) -> Value {
        self.record_loop(value, site);
        self.row_of(value, queryset, !queryset.asked.single)
    }

    fn row_of(&mut self, value: Value, queryset: &Queryset, many: bool) -> Value {
        self.values.make(Shape::Row(Row {
            query: value,
            path: Path::ROOT,
            model: queryset.model,
            many,
            alone: !many,
            listed: false,
            head: false,
            back: None,
            lacks: Lacks::NONE,
        }))
    }

    /// One row of a queryset: `get()`, `first()`, `[0]`.
    pub(crate) fn one_row(&mut self, value: Value) -> Value {
        let Some(queryset) = self.as_queryset(value).cloned() else { return Value::UNKNOWN };
        if queryset.asked.empty {
            return Value::NONE;
        }
        if queryset.asked.values {
            return Value::SCALAR;
        }
        if let Some((row, relation)) = self.plain_related(&queryset) {
            if self.values.length(row.path) >= LONGEST_PATH {
                return Value::UNKNOWN;
            }
            if let Some((value, queryset)) = self.read_anew(&queryset, row, relation) {
                return self.row_of(value, &queryset, false);
            }
            let Some(&site) = queryset.sites.last() else { return Value::UNKNOWN };
            let (path, _) = self.read_related(&queryset, row, relation, site);
            let back = self.schema.relation(relation).inverse().map(|inverse| (inverse, row.path));
            return self.values.make(Shape::Row(Row {
                path,
                model: queryset.model,
                back,
                lacks: Lacks::NONE,
                ..row
            }));
        }
        self.row_of(value, &queryset, false)
    }

    /// A queryset evaluated as a whole without its rows being looked at: `if qs`, `len(qs)`, `x in qs`.
    pub(crate) fn evaluate(&mut self, queryset: &Queryset, site: Site) {
        if let Some((row, relation)) = self.plain_related(queryset)
            && self.values.length(row.path) < LONGEST_PATH
            && self.read_anew(queryset, row, relation).is_none()
        {
            self.read_related(queryset, row, relation, site);
        }
    }
}
