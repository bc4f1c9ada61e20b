//! `meta-indexes`: an index on several columns for queries that filter by some and take the first rows of an order.
//!
//! Before: `Order.objects.filter(status="open").order_by("-created")[:20]`, which reads and sorts all open orders.
//! After: `models.Index(fields=["status", "-created"], …)` in `Meta.indexes`, and the migration.
//!
//! <https://docs.djangoproject.com/en/stable/ref/models/indexes/>

use tuneup_django::Project;

use crate::indexes::{self, proposals};
use crate::proposal::Proposal;
use crate::registry::Rule;

/// The rule.
pub const RULE: Rule = Rule {
    name: "meta-indexes",
    summary: "index the columns that queries filter and order by together",
    page: include_str!("meta_indexes.md"),
    propose: |given| propose(given.project),
};

fn propose(project: &Project) -> Vec<Proposal> {
    let wanted = indexes::wanted(project);
    let several = wanted.iter().filter(|wanted| wanted.columns.len() > 1);
    let mut found: Vec<Proposal> =
        several.filter_map(|wanted| proposals::proposal(project, RULE.name, wanted)).collect();
    found.extend(indexes::lookups::advice(project, RULE.name, &wanted));
    found
}
