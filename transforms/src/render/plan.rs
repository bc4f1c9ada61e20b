//! What is asked of one query, united.

use tuneup_django::paths::covers;

use crate::proposal::Lookup;

/// Relations that a query shall load.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Plan {
    pub(super) select: Vec<String>,
    pub(super) prefetch: Vec<Lookup>,
}

impl Plan {
    /// Asks for more. Paths that others cover are left out; the order is that in which they were asked for.
    pub(super) fn unite(&mut self, select: &[String], prefetch: &[Lookup]) {
        add_paths(&mut self.select, select);
        for lookup in prefetch {
            self.add_lookup(lookup);
        }
    }

    fn add_lookup(&mut self, new: &Lookup) {
        let same = self.prefetch.iter_mut().find(|lookup| {
            lookup.path == new.path
                && match (&lookup.queryset, &new.queryset) {
                    (Some(a), Some(b)) => {
                        (&a.module, &a.model, &a.manager) == (&b.module, &b.model, &b.manager)
                    }
                    _ => true,
                }
        });
        match same {
            Some(lookup) => match (&mut lookup.queryset, &new.queryset) {
                (Some(old), Some(new)) => add_paths(&mut old.select, &new.select),
                (old @ None, Some(_)) => old.clone_from(&new.queryset),
                (_, None) => {}
            },
            None => self.prefetch.push(new.clone()),
        }
        // Every hop of a lookup is loaded for it, so a plain path that leads on covers the paths on its way.
        let all = self.prefetch.clone();
        self.prefetch.retain(|lookup| {
            lookup.queryset.is_some()
                || !all.iter().any(|other| {
                    other.queryset.is_none() && other.path != lookup.path && covers(&other.path, &lookup.path)
                })
        });
    }
}

/// Adds paths to those of a `select_related`.
fn add_paths(paths: &mut Vec<String>, new: &[String]) {
    for path in new {
        if !paths.iter().any(|known| covers(known, path)) {
            match paths.iter_mut().find(|known| covers(path, known)) {
                Some(known) => known.clone_from(path),
                None => paths.push(path.clone()),
            }
        }
    }
    // One long path may have taken the place of several.
    let all = paths.clone();
    paths.retain(|path| !all.iter().any(|other| other != path && covers(other, path)));
    let mut seen: Vec<String> = Vec::new();
    paths.retain(|path| {
        let new = !seen.contains(path);
        seen.push(path.clone());
        new
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proposal::PrefetchQueryset;

    fn strings(list: &[&str]) -> Vec<String> {
        list.iter().map(|text| (*text).to_owned()).collect()
    }

    fn plain(path: &str) -> Lookup {
        Lookup { path: path.to_owned(), queryset: None }
    }

    fn rows(path: &str, select: &[&str]) -> Lookup {
        let queryset = PrefetchQueryset {
            module: "shop.models".to_owned(),
            model: "Line".to_owned(),
            manager: "objects".to_owned(),
            select: strings(select),
        };
        Lookup { path: path.to_owned(), queryset: Some(queryset) }
    }

    #[test]
    fn longer_paths_take_the_place_of_those_they_cover() {
        let mut plan = Plan::default();
        plan.unite(&strings(&["author", "topic"]), &[]);
        plan.unite(&strings(&["author__country", "author", "editor", "author__city"]), &[]);
        assert_eq!(plan.select, strings(&["author__country", "topic", "editor", "author__city"]));
    }

    #[test]
    fn a_name_that_only_begins_alike_is_another_path() {
        let mut plan = Plan::default();
        plan.unite(&strings(&["author", "author_team"]), &[]);
        assert_eq!(plan.select, strings(&["author", "author_team"]));
    }

    #[test]
    fn lookups_unite_by_path() {
        let mut plan = Plan::default();
        plan.unite(&[], &[plain("tags"), rows("lines", &["product"]), plain("tags__owner")]);
        plan.unite(&[], &[rows("lines", &["product__maker", "price"]), plain("lines"), plain("tags")]);
        assert_eq!(plan.prefetch, [rows("lines", &["product__maker", "price"]), plain("tags__owner")]);
    }

    #[test]
    fn a_queryset_is_put_to_a_plain_path_and_kept_beside_a_longer_one() {
        let mut plan = Plan::default();
        plan.unite(&[], &[plain("lines")]);
        plan.unite(&[], &[rows("lines", &["product"]), plain("lines__notes")]);
        assert_eq!(plan.prefetch, [rows("lines", &["product"]), plain("lines__notes")]);
    }
}
