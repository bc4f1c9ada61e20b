//! How much a proposal matters: when the code that proves it runs, over how many rows, and how often it reads.

use ruff_text_size::TextRange;
use rustc_hash::FxHashMap;
use tuneup_django::Project;
use tuneup_django::predicates::Context;
use tuneup_django::queries::Site;

use crate::proposal::{Change, Place, Proposal};

/// Over how many rows code goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rows {
    /// All that the query finds.
    All,
    /// A slice of them: a page, the newest ten.
    Slice,
    /// One, or none at all.
    One,
}

/// How much a proposal matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heat {
    /// When it runs; the hottest of the places.
    pub context: Context,
    /// Over how many rows.
    pub rows: Rows,
    /// How many places prove it.
    pub reads: usize,
    /// The weight by which proposals are ranked.
    pub weight: usize,
}

impl Heat {
    /// When it runs, in words.
    pub fn when(self) -> &'static str {
        match self.context {
            Context::Request => "answers requests",
            Context::Admin => "answers requests to the admin",
            Context::Task => "runs as a task",
            Context::Unknown => "nobody is seen to call it",
            Context::Command => "runs as a command",
            Context::Migration => "runs in migrations",
            Context::Test => "runs in tests",
        }
    }

    /// Over how many rows, in words.
    pub fn over(self) -> &'static str {
        match self.rows {
            Rows::All => "every row",
            Rows::Slice => "a slice of the rows",
            Rows::One => "no loop over rows",
        }
    }
}

/// What a project's places are for.
pub struct Heats<'a> {
    project: &'a Project,
    contexts: FxHashMap<&'a str, Vec<(TextRange, Context)>>,
    rows: FxHashMap<&'a str, Vec<(TextRange, Rows)>>,
}

impl<'a> Heats<'a> {
    /// Of a project.
    pub fn of(project: &'a Project) -> Self {
        let mut heats = Self { project, contexts: FxHashMap::default(), rows: FxHashMap::default() };
        let predicates = project.predicates();
        for predicate in &predicates.all {
            heats.add(&predicate.site, predicate.context);
            heats.add(&predicate.origin, predicate.context);
        }
        for query in &project.queries {
            let rows = match (query.looped, query.asked.sliced) {
                (true, false) => Rows::All,
                (true, true) => Rows::Slice,
                (false, _) => Rows::One,
            };
            for site in &query.sites {
                heats.add(site, predicates.context(&project.source, site));
                heats.rows.entry(project.path(site.file)).or_default().push((site.range, rows));
            }
            for site in query.reads.iter().map(|read| &read.site).chain(&query.loops) {
                heats.add(site, predicates.context(&project.source, site));
            }
        }
        heats
    }

    fn add(&mut self, site: &Site, context: Context) {
        self.contexts.entry(self.project.path(site.file)).or_default().push((site.range, context));
    }

    /// How much a proposal matters.
    pub fn heat(&self, proposal: &Proposal) -> Heat {
        let places = || std::iter::once(&proposal.place).chain(proposal.evidence.iter().map(|it| &it.place));
        let is_setting = proposal.changes.iter().any(|change| {
            matches!(change, Change::Setting { .. } | Change::SettingsCall { .. } | Change::CreateFile { .. })
        });
        let context = if is_setting {
            Context::Request
        } else {
            // Where the query is made says most: a template that reads its rows may be mailed by a command.
            let own = at(&self.contexts, &proposal.place).into_iter().min();
            let own = own.filter(|context| *context != Context::Unknown);
            let others = || places().flat_map(|place| at(&self.contexts, place)).min();
            own.or_else(others).unwrap_or(Context::Unknown)
        };
        let rows = places().flat_map(|place| at(&self.rows, place)).min().unwrap_or(Rows::One);
        let reads = proposal.evidence.len();
        let often = match context {
            Context::Request => 16,
            Context::Admin | Context::Task => 6,
            Context::Unknown => 3,
            Context::Command => 2,
            Context::Migration | Context::Test => 1,
        };
        let many = match rows {
            Rows::All => 4,
            Rows::Slice => 2,
            Rows::One => 1,
        };
        let relations = proposal.fields.len().clamp(1, 8);
        Heat { context, rows, reads, weight: often * many * (relations * 4 + reads.min(12)) }
    }
}

/// What is known of the sites that overlap a place.
fn at<T: Copy>(known: &FxHashMap<&str, Vec<(TextRange, T)>>, place: &Place) -> Vec<T> {
    let sites = known.get(place.path.as_str()).into_iter().flatten();
    sites.filter(|(range, _)| range.intersect(place.range()).is_some()).map(|(_, value)| *value).collect()
}
