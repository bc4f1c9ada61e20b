//! What code writes while rows of a queryset are looped over: what was loaded with them may be older by then.

use super::machine::Machine;
use super::value::{Path, Row, Site, Value};
use crate::schema::{ModelId, RelationId};

/// A change of the database's or a row's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Write {
    /// The model that is written.
    pub(crate) model: ModelId,
    /// The relation that is set on a row, and the query of that row, where it is that.
    pub(crate) relation: Option<(RelationId, Value)>,
    /// The many-to-many relation of which the table between is written, and none of the model's rows.
    pub(crate) between: Option<RelationId>,
    /// Whether it only makes rows, or what stands between two: those that are there stay as they are.
    pub(crate) makes: bool,
    /// Where.
    pub(crate) site: Site,
}

impl Machine<'_> {
    /// Keeps that something was written.
    pub(crate) fn record_write(&mut self, write: Write) {
        for &(query, within) in &self.looping {
            let writes = self.writes.entry(query).or_default();
            if !writes.contains(&(write, within)) {
                writes.push((write, within));
            }
            let is_within = self.looping.iter().filter(|(it, _)| *it == query).count() > 1;
            if !is_within && write.relation.is_none() && !write.makes {
                let before = self.written_before.entry(query).or_default();
                if !before.contains(&(write.model, write.site)) {
                    before.push((write.model, write.site));
                }
            }
        }
        if let Some(writes) = self.call_writes.last_mut()
            && !writes.contains(&write)
        {
            writes.push(write);
        }
    }

    /// Keeps that a row is saved with all its columns, where others of its model were written before while rows were looped
    /// over that it is related to.
    pub(crate) fn record_save(&mut self, row: Row, site: Site) {
        let before = self.written_before.get(&row.query).into_iter().flatten();
        let Some(&(_, after)) = before.into_iter().find(|(model, at)| *model == row.model && *at != site)
        else {
            return;
        };
        let saves = self.saves.entry(row.query).or_default();
        if row.path != Path::ROOT && !saves.iter().any(|(path, at, _)| (*path, *at) == (row.path, site)) {
            saves.push((row.path, site, after));
        }
    }
}
