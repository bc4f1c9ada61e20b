//! `db-index`: an index on one column that queries find rows by, or take the first rows of.
//!
//! Before: `token = models.CharField(max_length=40)`, and `Invite.objects.get(token=token)` in a view.
//! After: `models.Index(fields=["token"], …)` in `Meta.indexes`, or `db_index=True` where the project writes that; and
//! the migration.
//!
//! <https://docs.djangoproject.com/en/stable/ref/models/indexes/>

use tuneup_django::Project;

use crate::indexes::{self, proposals};
use crate::proposal::Proposal;
use crate::registry::Rule;

/// The rule.
pub const RULE: Rule = Rule {
    name: "db-index",
    summary: "index the column that queries find rows by",
    page: include_str!("db_index.md"),
    propose: |given| propose(given.project),
};

fn propose(project: &Project) -> Vec<Proposal> {
    indexes::wanted(project)
        .iter()
        .filter(|wanted| wanted.columns.len() == 1)
        .filter_map(|wanted| proposals::proposal(project, RULE.name, wanted))
        .collect()
}
