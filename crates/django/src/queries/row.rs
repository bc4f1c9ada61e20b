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
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Lacks([u32; 2]);

// Of rows there are more than of any other value.
const _: () = assert!(size_of::<Row>() <= 40);

impl Default for Lacks {
    fn default() -> Self {
        Self::NONE
    }
}

impl Lacks {
    /// In the place of a relation.
    const EMPTY: u32 = u32::MAX;

    /// None.
    pub const NONE: Self = Self([Self::EMPTY; 2]);

    /// All of them.
    pub(super) fn all(self) -> impl Iterator<Item = RelationId> {
        self.0.into_iter().filter(|&relation| relation != Self::EMPTY).map(RelationId)
    }

    /// Whether a relation is among them.
    pub fn has(self, relation: RelationId) -> bool {
        self.0.contains(&relation.0)
    }

    /// Whether there are none.
    pub fn is_empty(self) -> bool {
        self == Self::NONE
    }

    /// With one more, where there is room for it.
    #[must_use]
    pub fn with(self, relation: RelationId) -> Self {
        match self.0 {
            [Self::EMPTY, _] => Self([relation.0, Self::EMPTY]),
            [one, Self::EMPTY] if one != relation.0 => Self([one.min(relation.0), one.max(relation.0)]),
            _ => self,
        }
    }

    /// Without one.
    #[must_use]
    pub fn without(self, relation: RelationId) -> Self {
        match self.0 {
            [one, other] if one == relation.0 => Self([other, Self::EMPTY]),
            [one, other] if other == relation.0 => Self([one, Self::EMPTY]),
            _ => self,
        }
    }

    /// Whether all of them are among others, which are more.
    pub(super) fn are_less_than(self, others: Self) -> bool {
        let is_there = |relation: u32| relation == Self::EMPTY || others.0.contains(&relation);
        self != others && self.0.into_iter().all(is_there)
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
