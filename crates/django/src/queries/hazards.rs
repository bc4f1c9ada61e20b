//! What code does with rows that comes out otherwise where more is loaded with them: it sets their key, it forgives what
//! reading a relation of theirs raises, it keeps them in a cache.

use tuneup_python::Symbol;

use super::attributes::Binding;
use super::machine::Machine;
use super::value::{Path, Row, Shape, Site, Value};
use crate::schema::RelationKind;

/// Something that code does with a row that comes out otherwise where more is loaded with it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Hazard {
    /// What it does.
    pub kind: HazardKind,
    /// The lookup from the query's row to what it does that with; empty for the row itself.
    pub path: String,
    /// Where.
    pub site: Site,
}

/// What code does with a row, or with what a relation of it leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum HazardKind {
    /// It puts the row into a cache, with all that is loaded onto it.
    Cached,
    /// It takes all that the row holds off it at once: `row.__dict__.copy()`.
    Emptied,
    /// It tests whether the relation is loaded already, and does one thing or another.
    Tested,
    /// It lets an `AttributeError` that reading the relation raises go no further: `hasattr(row, "name")`.
    Forgiven,
    /// It pauses while the rows are looped over.
    Paused,
    /// It sets the row's key.
    Rekeyed,
    /// It writes the related rows after their row was asked for, and reads them only then.
    Stale,
}

/// The same, as the interpreter keeps it.
pub(super) type Noted = (HazardKind, Path, Site);

impl Machine<'_> {
    /// Keeps that code does something with what a path leads to from a query's rows.
    pub(crate) fn note(&mut self, kind: HazardKind, query: Value, path: Path, site: Site) {
        self.hazards.entry(query).or_default().insert((kind, path, site));
    }

    /// What code does with a query's rows.
    pub(super) fn hazards_of(&self, query: Value) -> impl Iterator<Item = Noted> {
        self.hazards.get(&query).into_iter().flatten().copied()
    }

    /// Keeps that the key of a row is set: related rows that were prefetched belong to the one that it had.
    pub(super) fn note_key(&mut self, row: Row, name: Symbol, site: Site) {
        let is_key = name == self.names.pk
            || self
                .schema
                .field_named(row.model, name)
                .is_some_and(|field| self.schema.field(field).primary_key().is_yes());
        if is_key && self.is_fetched(row) {
            self.note(HazardKind::Rekeyed, row.query, row.path, site);
        }
    }

    /// Keeps which generic foreign keys `hasattr(row, name)`, or `getattr(row, name, None)`, has read of a row: whatever
    /// `AttributeError` they raise goes no further.
    pub(super) fn note_forgiven(&mut self, base: Value, attribute: Value, site: Site) {
        let Shape::Str(name) = *self.values.shape(attribute) else { return };
        for row in self.values.members(base).into_iter().filter_map(|it| self.as_row(it)).collect::<Vec<_>>()
        {
            let property = self.schema.class_of(row.model).and_then(|class| self.class_function(class, name));
            let property = property.filter(|(_, binding)| *binding == Binding::Property);
            let is_within = |at: &Site| {
                *at == site
                    || property.is_some_and(|(it, _)| (it.file, Some(it.id)) == (at.file, at.function))
            };
            for relation in self.schema.forward_relations(row.model) {
                if self.schema.relation(relation).kind() != RelationKind::Generic {
                    continue;
                }
                let path = self.over(row.path, relation);
                let read_at = self.read_at.get(&(row.query, path));
                if read_at.is_some_and(|sites| sites.iter().any(is_within)) {
                    self.note(HazardKind::Forgiven, row.query, path, site);
                }
            }
        }
    }
}
