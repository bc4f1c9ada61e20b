//! A row that code has at hand: which query it came from, how it was reached from there, and what is known of it.

use tuneup_python::Symbol;

use super::value::{Path, Site, Value};
use crate::schema::{ModelId, RelationId};

/// A model instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Row {
    /// The queryset that it came from: a [`Shape::Queryset`].
    pub query: Value,
    /// The relations followed from the query's own row.
    pub path: Path,
    /// Its model.
    pub model: ModelId,
    /// Whether there is one for each turn of a loop over rows.
    pub many: bool,
    /// Whether the query was asked for one row alone.
    pub alone: bool,
    /// Whether it stands for the elements of a list of all rows, one of which is one row.
    pub listed: bool,
    /// Whether it stands for one row of each of several lists, the first of each group.
    pub head: bool,
    /// The relation that is loaded already because the row was reached over its other side.
    pub back: Option<(RelationId, Path)>,
    /// The relations that tests found to be null.
    pub lacks: Lacks,
}

/// The relations of a row that tests found to be null: two at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Lacks([Option<RelationId>; 2]);

impl Lacks {
    /// None.
    pub const NONE: Self = Self([None; 2]);

    /// Whether a relation is among them.
    pub fn has(self, relation: RelationId) -> bool {
        self.0.contains(&Some(relation))
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self == Self::NONE
    }

    /// All of them.
    pub(super) fn all(self) -> impl Iterator<Item = RelationId> {
        self.0.into_iter().flatten()
    }

    /// With one more, where there is room for it.
    #[must_use]
    pub fn with(self, relation: RelationId) -> Self {
        match self.0 {
            [None, _] => Self([Some(relation), None]),
            [Some(one), None] if one != relation => Self([Some(one.min(relation)), Some(one.max(relation))]),
            _ => self,
        }
    }

    /// Without one.
    #[must_use]
    pub fn without(self, relation: RelationId) -> Self {
        let mut kept = self.0.into_iter().flatten().filter(|it| *it != relation);
        Self([kept.next(), kept.next()])
    }

    /// Whether all of them are among others, which are more.
    pub(super) fn are_less_than(self, others: Self) -> bool {
        self != others && self.0.into_iter().flatten().all(|relation| others.has(relation))
    }
}

/// One step of a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Step {
    /// The relation.
    pub relation: RelationId,
    /// The name that loads it: an accessor or a field's name.
    pub name: Symbol,
    /// Whether it leads to many rows.
    pub to_many: bool,
    /// The chain expression that reads it, where it stands in Python: `order.lines.all()`.
    pub site: Option<Site>,
    /// The expression in which that chain began, where other code went on with it.
    pub start: Option<Site>,
}
