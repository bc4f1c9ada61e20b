//! What the interpreter keeps of what code does with the rows of each query.

use super::circumstances::Heeded;
use super::machine::{Machine, Read};
use super::value::{Path, Plan, Row, Site, Value};
use crate::schema::RelationId;

impl Machine<'_> {
    /// Keeps that a relation of a row was read: the last of a path.
    pub(crate) fn record_read(&mut self, row: Row, path: Path, site: Site) {
        self.heed(Heeded::ROWS);
        if self.is_seldom()
            || self.is_saved_of_many_uses(row)
            || self.climbing == 0 && self.notes_what_begins(row, path)
        {
            return;
        }
        let shown_by = self.showing.iter().find(|(query, _)| *query == row.query).map(|(_, class)| *class);
        let read = Read {
            query: row.query,
            path,
            many: row.many,
            alone: row.alone,
            instead_of: self.stands_in_for(row),
            doubt: self.doubt_of(row),
            aside: self.aside,
            behind: self.tests_around(row, path),
            site,
            shown_by,
        };
        if self.climbing > 0 {
            self.climbed.insert((read.query, read.path));
        } else if self.reads.insert(read) {
            self.read_at.entry((read.query, read.path)).or_default().push(site);
        }
    }

    /// The serializers that are under way, as one value: what they do may hang on those around them.
    pub(crate) fn shown_within(&mut self) -> Option<Value> {
        match *self.serializers {
            [] => None,
            [only] => Some(only),
            _ => Some(self.values.tuple(self.serializers.clone())),
        }
    }

    /// Whether something that shows an object does so for the first time: for only some rows or aside, and for all.
    pub(crate) fn is_first_shown(&mut self, by: Value, object: Value) -> bool {
        self.heed(Heeded::ROWS);
        self.heed(Heeded::SERIALIZERS);
        self.note_shower(by);
        let within = self.shown_within();
        let tested = || self.tests_of_call(&[object]).map(|tests| tests.name());
        let partly = self
            .fallback
            .first()
            .map(|fallback| fallback.text)
            .or(self.doubts.last().map(|(doubt, _)| *doubt))
            .or_else(tested);
        !self.shown.contains(&(by, object, None, None, within))
            && self.shown.insert((by, object, partly, self.aside, within))
    }

    /// Keeps that the rows of a queryset were looped over.
    pub(crate) fn record_loop(&mut self, query: Value, site: Site) {
        self.heed(Heeded::ROWS);
        if self.aside.is_none() {
            self.looped_openly.insert(query);
        }
        let sites = self.loops.entry(query).or_default();
        // Frameworks loop in code of their own, which is no place to show.
        if !site.range.is_empty() {
            sites.insert(site);
        }
    }

    /// Keeps that lookups were loaded onto a row after its query.
    pub(crate) fn record_loaded(&mut self, row: Row, plan: &Plan) {
        self.loaded.entry(row.query).or_default().insert((row.path, plan.clone()));
    }

    /// Keeps that a relation of a query's rows was set. Where nothing has read it before, it need not be
    /// loaded: later reads find what was set, in whatever function and loop they are.
    pub(crate) fn record_set(&mut self, row: Row, relation: RelationId) {
        let path = self.over(row.path, relation);
        if self.is_fetched(row) && !self.read_at.contains_key(&(row.query, path)) {
            self.set_first.insert((row.query, row.path, relation));
        }
    }
}
