//! What Django joins by itself.

use super::{RelationId, RelationKind, Schema};

/// How many relations `select_related()` without names follows at most.
///
/// <https://github.com/django/django/blob/main/django/db/models/sql/compiler.py>, `get_related_selections()`
const DEEPEST: usize = 5;

impl Schema {
    /// Whether `select_related()` without names joins what a way of relations leads to: over foreign keys that are never
    /// null, behind none that may be.
    ///
    /// <https://docs.djangoproject.com/en/stable/ref/models/querysets/#select-related>
    pub fn joins_by_default(&self, way: impl IntoIterator<Item = RelationId>) -> bool {
        way.into_iter().enumerate().all(|(before, relation)| {
            let relation = self.relation(relation);
            let is_key = matches!(relation.kind(), RelationKind::ForeignKey | RelationKind::OneToOne);
            before < DEEPEST && is_key && !relation.is_reverse() && !relation.null()
        })
    }
}
