//! Where a query should load what is read of its rows: the expression that a person would edit.

use rustc_hash::FxHashSet;
use tuneup_django::Project;
use tuneup_django::paths::{covers, path_of};
use tuneup_django::queries::{Query, Read, Site, SiteForm, Source, Step, is_queryset};
use tuneup_django::schema::RelationId;
use tuneup_python::{Base, ClassRef};

use super::plans::Loading;
use super::sharing::{Sharing, start_of};
use super::{is_own, key};

/// The expression that should load what is read, and the steps that are missing from there: the innermost
/// query that runs once, in the function that all who need it share. `order.lines.all()` in Python is such a query when the order is one order.
pub(super) fn place<'q>(
    project: &Project,
    query: &Query,
    read: &'q Read,
    loading: &Loading,
    sharing: &Sharing,
    many: &Many,
) -> Option<(Site, &'q [Step])> {
    let steps = &read.steps;
    for at in (0..steps.len().saturating_sub(1)).rev() {
        let step = &steps[at];
        if !step.to_many || many.has(&steps[..=at]) {
            continue;
        }
        let is_prefetched =
            query.plan.prefetch.iter().any(|path| covers(path.as_str(), &path_of(&steps[..=at])));
        // An `all()` to which something is added is no longer served by a prefetch: it stays where one serves it,
        // and where the row comes from code that may have asked for one.
        let may_be_prefetched =
            query.source == Source::Outside && loading.prefetched.contains(&step.relation);
        if let Some(site) = step.site
            && !is_prefetched
            && !query.plan.prefetch_unknown
            && is_own(project, &site)
        {
            let is_free = !may_be_prefetched
                && !project.places().is_perhaps_no_queryset(&site)
                && !loading.served.contains(&key(&site));
            let rest = &steps[at + 1..];
            return (is_free && !loading.is_given_behind(&site, &path_of(rest))).then_some((site, rest));
        }
        break;
    }
    if query.source == Source::Outside && query.sites.is_empty() {
        return None;
    }
    // Within one function, the query is where it is first made; what later statements add to it is served too.
    let mut start = start_of(&query.sites, query.sites.len().checked_sub(1)?);
    let path = path_of(steps);
    while start > 0
        && is_own(project, &query.sites[start - 1])
        && start_of(&query.sites, start) == start
        && sharing.is_for(query, start, &path)
    {
        start = sharing.beginning(query, start - 1, &path);
    }
    // A function that loads for its callers is where they have come to look for it.
    if let Some(planned) = sharing.planned(query, start, &path) {
        start = planned;
    }
    while let Some(base) =
        sharing.base(query, start, read).filter(|&base| is_own(project, &query.sites[base]))
    {
        start = base;
    }
    // So is what loads the first steps of a path, for all who go on.
    if let Some(begun) = sharing.begun(query, start, &path) {
        start = begun;
    }
    // A base class that serves any model is given its rows by a class that names one.
    while let Some(supplied) = sharing.supplied(query, start).filter(|&at| is_own(project, &query.sites[at]))
    {
        start = sharing.beginning(query, supplied, &path);
    }
    // What a method of several models' querysets is to give the rows of one is asked of what it gives.
    while !sharing.suits_all(query, start, steps) {
        start += 1;
        query.sites.get(start)?;
    }
    // Where the rows that a call gives are there already, what is added to the call would ask for them again. And nothing can
    // be added to what may be a list.
    while start > 0
        && (query.asked_before.contains(&query.sites[start])
            || project.places().is_perhaps_no_queryset(&query.sites[start]))
    {
        start = start_of(&query.sites, start - 1);
    }
    // A manager in a variable is what several queries start from.
    let here = (query.sites[start].file, query.sites[start].function);
    let near = |site: &Site| (site.file, site.function) == here;
    if query.sites.get(start + 1).is_some_and(near)
        && query.sites[start].form == SiteForm::Chain
        && loading.attributes.at(&query.sites[start]).is_some()
    {
        start += 1;
    }
    // What a manager alone has cannot be asked of the queryset that a join gives: it goes behind that.
    if query.sites[start].form == SiteForm::Chain
        && asks_manager_alone(project, loading, query, &query.sites[start])
    {
        let later = &query.sites[start + 1..];
        start += 1 + later.iter().position(near).unwrap_or_default();
        query.sites.get(start)?;
    }
    // Where a prefetch serves all rows of a relation, or will, it must go on doing so; what is chosen of them next is a
    // query of its own.
    if loading.is_served(&query.sites[start]) {
        let near = |site: &Site| (site.file, site.function);
        let here = near(&query.sites[start]);
        start += 1;
        query.sites.get(start).filter(|next| near(next) == here)?;
    }
    let mut sites = (start..).zip(&query.sites[start..]);
    let (at, &site) = sites.find(|(_, site)| !loading.is_given_behind(site, &path))?;
    let is_free = is_own(project, &site)
        && !project.places().is_perhaps_no_queryset(&site)
        && sharing.suits_all(query, at, steps);
    is_free.then_some((site, &**steps))
}

/// The relations of a query that are read for every row: their own rows are then many.
pub(super) struct Many(FxHashSet<Vec<Way>>);

/// A relation and the chain expression that reads it.
type Way = (RelationId, Option<Site>);

impl Many {
    pub(super) fn of(query: &Query) -> Self {
        Self(query.reads.iter().filter(|read| read.many).map(|read| ways_of(&read.steps)).collect())
    }

    pub(super) fn has(&self, steps: &[Step]) -> bool {
        self.0.contains(&ways_of(steps))
    }
}

fn ways_of(steps: &[Step]) -> Vec<Way> {
    steps.iter().map(|step| (step.relation, step.site)).collect()
}

/// Whether a site is a manager of which a method is asked that its class has and no queryset of its:
/// `Book.objects.visible()`, of `class BookManager(models.Manager)`.
fn asks_manager_alone(project: &Project, loading: &Loading, query: &Query, site: &Site) -> bool {
    let Some((manager, Some(asked))) = loading.attributes.at(site) else { return false };
    let Some(classes) = project.schema.manager_classes(query.model, manager) else { return false };
    let source = &project.source;
    let is_queryset = |class: &ClassRef| {
        let named = |base: &Base| matches!(base, Base::External(name) if is_queryset(name.as_str()));
        source.mro(*class).iter().any(named)
    };
    let mut having = classes.iter().filter(|class| source.member(**class, asked).is_some()).peekable();
    having.peek().is_some() && !having.any(is_queryset)
}
