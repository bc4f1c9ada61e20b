//! Those who get the rows of a query from the function that makes it, and what each of them has of what the query lacks.

use rustc_hash::{FxHashMap, FxHashSet};
use tuneup_django::paths::path_of;
use tuneup_django::queries::{Query, Read, Site, SiteForm};
use tuneup_python::{Base, ClassRef, FunctionRef};

use super::reaching::above;
use super::sharing::Sharing;
use super::{Key, key};

/// An expression that gets its queryset from another function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    /// The expression.
    pub(crate) site: Site,
    /// What comes to it of what the query lacks.
    pub(crate) share: Share,
}

/// How a query's rows go out of the function that makes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct WayOut {
    /// The last expression that they go through before they come to others.
    origin: Site,
    /// Who reads them where no other expression gets them from there.
    reader: Site,
}

/// What one of those who get a query's rows has of a path that it lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Share {
    /// Nothing: it does not read it, and would pay.
    Pays,
    /// Nothing more: it loads it itself.
    Loads,
    /// It reads what the query lacks.
    Gains,
}

impl Sharing<'_> {
    /// How the rows of a query go out of the function of `site`.
    pub(super) fn way_out(&self, query: &Query, read: &Read, site: &Site) -> Option<WayOut> {
        let is_near = |other: &&Site| other.file == site.file && other.function == site.function;
        let mut origin = query.sites.iter().rfind(is_near)?;
        let mut onward = self.onward.get(&key(origin))?;
        // A call that nothing can be added to hands on what it gets.
        let at = query.sites.iter().rposition(|site| site == origin).unwrap_or_default();
        let after = query.sites.iter().skip(at + 1);
        for call in after.take_while(|site| self.project.places().is_perhaps_no_queryset(site)) {
            let Some(further) = self.onward.get(&key(call)).filter(|_| onward.len() == 1) else { break };
            (origin, onward) = (call, further);
        }
        if query.sites.last() != Some(origin) {
            return Some(WayOut { origin: *origin, reader: *origin });
        }
        // Where no other expression gets them, what reads first tells who does.
        let readers = query.reads.iter().filter(|other| path_of(&other.steps) == path_of(&read.steps));
        let is_other = |site: &&Site| !self.is_of_rows(query, read, site);
        let reader = readers.clone().map(|read| &read.site).find(is_other).copied();
        // What a row reads itself for a field is read by who declares that.
        let shown_by = || readers.clone().find_map(|read| read.shown_by).map(|class| self.site_of(class));
        // Of several that loop over them, it is one that comes to what reads.
        let looping = || {
            let mut loops = query.loops.iter().filter(is_other);
            let first = loops.clone().next()?;
            let is_one = loops.clone().all(|site| (site.file, site.function) == (first.file, first.function));
            let above = (!is_one).then(|| above(self.project, readers.clone().map(|read| &read.site)));
            above.and_then(|above| loops.find(|site| is_among(&above, site))).or(Some(first)).copied()
        };
        let reader = reader.or_else(shown_by).or_else(looping).unwrap_or(*origin);
        Some(WayOut { origin: *origin, reader })
    }

    /// Those whom the function of `site` serves with a path of rows that go out of it, where there are several; in order of
    /// their places.
    pub(super) fn callers(&self, WayOut { origin, reader }: WayOut, site: &Site, path: &str) -> Vec<Caller> {
        let Some(onward) = self.onward.get(&key(&origin)) else { return Vec::new() };
        let is_near = |other: &Site| other.file == site.file && other.function == site.function;
        let at_origin = (key(&origin), path.to_owned());
        let has = |known: &FxHashMap<(Key, String), FxHashSet<Key>>, at: &Key| {
            known.get(&at_origin).is_some_and(|known| known.contains(at))
        };
        let mut callers: Vec<Caller> = onward
            .iter()
            // What the function itself goes on to do with them is its own, be it by a method of the queryset.
            .filter(|(at, user)| **at == key(&origin) || !is_near(user) && !self.extends_querysets(user))
            .map(|(at, user)| Caller {
                site: if *user == origin { reader } else { *user },
                share: if has(&self.needed, at) {
                    Share::Gains
                } else if has(&self.loaded, at) {
                    Share::Loads
                } else {
                    Share::Pays
                },
            })
            .collect();
        if callers.len() < 2 {
            return Vec::new();
        }
        callers.sort_by_key(|caller| key(&caller.site));
        callers
    }

    fn site_of(&self, class: ClassRef) -> Site {
        let range = self.project.source.facts(class.file).class(class.id).name_range;
        Site { file: class.file, range, function: None, form: SiteForm::Declaration }
    }

    /// Whether a site is in a method of the rows themselves, or of those that a path leads to: it is given a row, and gets
    /// no rows.
    fn is_of_rows(&self, query: &Query, read: &Read, site: &Site) -> bool {
        let class = self.function(site).and_then(|function| function.class);
        let class = class.map(|id| ClassRef { file: site.file, id });
        let models =
            read.steps.iter().filter_map(|step| self.project.schema.relation(step.relation).target());
        class.is_some_and(|class| {
            models.chain([query.model]).any(|model| {
                let of = self.project.schema.class_of(model);
                of.is_some_and(|of| self.project.source.mro(of).contains(&Base::Class(class)))
            })
        })
    }
}

/// Whether a site stands in one of some functions. A template is one function.
fn is_among(functions: &FxHashSet<FunctionRef>, site: &Site) -> bool {
    match site.file.as_other() {
        Some(_) => functions.iter().any(|function| function.file == site.file),
        None => site.function.is_some_and(|id| functions.contains(&FunctionRef { file: site.file, id })),
    }
}
