//! Who shares a query: a queryset that a function makes goes on to those who call it. What all of them need is loaded
//! where it is made, once; what one of them needs, by that one.

use rustc_hash::{FxHashMap, FxHashSet};
use tuneup_django::Project;
use tuneup_django::queries::Site;

use super::plans::{Loaded, is_loaded};
use super::{Key, key, path_of};

/// Where querysets go on to, and what is needed there.
pub(super) struct Sharing<'p> {
    project: &'p Project,
    /// The expressions to which a queryset goes on from another; its own, where a flow ends there.
    onward: FxHashMap<Key, FxHashSet<Key>>,
    /// Those among them for which the rows lack a path.
    needed: FxHashMap<(Key, String), FxHashSet<Key>>,
    /// The expressions from which one gets its querysets.
    back: FxHashMap<Key, FxHashSet<Key>>,
}

impl<'p> Sharing<'p> {
    /// Reads the flows of all queries.
    pub(super) fn of(project: &'p Project) -> Self {
        let mut sharing = Self {
            project,
            onward: FxHashMap::default(),
            needed: FxHashMap::default(),
            back: FxHashMap::default(),
        };
        for query in project.queries.iter().filter(|query| !query.sites.is_empty()) {
            for pair in query.sites.windows(2) {
                sharing.onward.entry(key(&pair[0])).or_default().insert(key(&pair[1]));
                sharing.back.entry(key(&pair[1])).or_default().insert(key(&pair[0]));
            }
            if let Some(last) = query.sites.last() {
                sharing.onward.entry(key(last)).or_default().insert(key(last));
            }
            for read in query.reads.iter().filter(|read| read.many) {
                if query.sites.len() > 1 && is_loaded(project, query, read, read.steps.len()) == Loaded::No {
                    let path = path_of(&read.steps);
                    for pair in query.sites.windows(2) {
                        let needed = sharing.needed.entry((key(&pair[0]), path.clone())).or_default();
                        needed.insert(key(&pair[1]));
                    }
                }
            }
        }
        sharing
    }

    /// Whether the function that made the queryset, before `sites[start]`, made it for those alone who lack `path`:
    /// its only caller, or, of a manager's or class's method, all of them. A caller that goes on with the chain, or
    /// that may get another queryset, has a query of its own to extend.
    pub(super) fn is_for(&self, sites: &[Site], start: usize, path: &str) -> bool {
        let origin = &sites[start - 1];
        let is_bare = start + 1 == sites.len() || start_of(sites, start + 1) == start + 1;
        if !is_bare || self.back.get(&key(&sites[start])).is_none_or(|origins| origins.len() != 1) {
            return false;
        }
        let Some(onward) = self.onward.get(&key(origin)) else { return false };
        onward.len() == 1
            || self.is_method(origin)
                && self
                    .needed
                    .get(&(key(origin), path.to_owned()))
                    .is_some_and(|needed| needed.len() == onward.len())
    }

    fn is_method(&self, site: &Site) -> bool {
        let facts = self.project.source.facts(site.file);
        site.function.is_some_and(|function| facts.function(function).class.is_some())
    }
}

/// Where, among the expressions that a queryset went through, those of the function of `sites[at]` begin.
pub(super) fn start_of(sites: &[Site], at: usize) -> usize {
    let is_near = |site: &Site| site.file == sites[at].file && site.function == sites[at].function;
    sites.iter().position(is_near).unwrap_or(at)
}
