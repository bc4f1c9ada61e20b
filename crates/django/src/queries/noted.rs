//! What code does with rows that comes out otherwise where more is loaded with them: it sets their key, it forgives what
//! reading a relation of theirs raises.

use rustc_hash::FxHashMap;
use tuneup_python::Symbol;

use super::FxIndexSet;
use super::attributes::Binding;
use super::machine::Machine;
use super::value::{Path, Row, Shape, Site, Value};
use crate::schema::RelationKind;

impl Machine<'_> {
    /// Keeps that the key of a row is set: related rows that were prefetched belong to the one that it had.
    pub(super) fn note_key(&mut self, row: Row, name: Symbol, site: Site) {
        let is_key = name == self.names.pk
            || self
                .schema
                .field_named(row.model, name)
                .is_some_and(|field| self.schema.field(field).primary_key().is_yes());
        if is_key && self.is_fetched(row) {
            note(&mut self.rekeyed, row.query, row.path, site);
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
                    note(&mut self.forgiven, row.query, path, site);
                }
            }
        }
    }
}

/// Keeps a place at which something is done with what a path leads to from a query's rows, once.
pub(super) fn note(
    places: &mut FxHashMap<Value, FxIndexSet<(Path, Site)>>,
    query: Value,
    path: Path,
    site: Site,
) {
    places.entry(query).or_default().insert((path, site));
}
