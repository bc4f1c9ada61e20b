//! A query and all that it lacks.

use rustc_hash::{FxHashMap, FxHashSet};
use tuneup_django::Project;
use tuneup_django::paths::{covers, path_of};
use tuneup_django::queries::{
    Aside, Asked, Deferring, FxIndexMap, FxIndexSet, Hazard, HazardKind, Query, Read, Save, Site, SiteForm,
    Step, Test, Tests, Write,
};
use tuneup_django::schema::{ModelId, RelationId, RelationKind};
use tuneup_python::Symbol;

use super::plans::Elsewhere;
use super::tested::{Tested, Texts};
use super::{Caller, Key, Share, key, place_of};
use crate::proposal::{Evidence, QueryForm};

/// A relation path that a query lacks.
#[derive(Clone, Debug)]
pub(crate) struct Missing {
    /// The relations from the query's row on.
    pub(crate) relations: Vec<RelationId>,
    /// Their names, as a lookup path.
    pub(crate) path: String,
    /// Whether one of them leads to many rows, so that only a prefetch can load it, or a prefetch of the query loads what
    /// leads to it: rows that share an object share what it leads to.
    pub(crate) to_many: bool,
    /// The expressions that read it for every row.
    pub(crate) readers: FxIndexSet<Site>,
    /// How many of the relations on its way the query joins already, whoever makes it.
    pub(crate) joined: usize,
    /// Whether Django joins it by itself as long as code names no joins.
    pub(crate) automatic: bool,
    /// Whether only uses read it that ask the query for one row alone.
    pub(crate) alone: bool,
    /// The texts of rows, where only those read it that lack one of them.
    pub(crate) instead_of: Vec<&'static str>,
    /// Why it may not be read for every row, where no reader is sure of it.
    pub(crate) doubts: Vec<&'static str>,
    /// What it is only read in that is not all that the rows are used for, if anything.
    pub(crate) aside: Option<Aside>,
    /// The tests of a row behind which readers read it.
    pub(super) behind: FxIndexSet<(Site, Tests)>,
    /// The readers that stand behind none.
    pub(super) untested: FxIndexSet<Site>,
    /// The first of the tests before each of the others, as they are written.
    pub(super) tests: FxIndexMap<Site, Vec<Tested>>,
    /// The tests that say for which rows alone it is read, where all readers stand behind such.
    pub(super) only: Vec<Tested>,
    /// Those whom the function that makes the query serves with it, where there are several.
    pub(super) callers: FxIndexMap<Site, Share>,
    /// For each flow, the other places where it could be loaded too: before this one, or behind it in the
    /// same function.
    pub(super) others: FxIndexSet<Vec<Key>>,
}

impl Missing {
    /// Whether one of its relations is a generic foreign key.
    pub(super) fn is_generic(&self, project: &Project) -> bool {
        self.relations.iter().any(|&id| project.schema.relation(id).kind() == RelationKind::Generic)
    }

    /// Whether only some of the rows, or some uses of them, need it.
    pub(super) fn is_partial(&self) -> bool {
        self.aside.is_some() || !self.instead_of.is_empty() || !self.doubts.is_empty()
    }

    /// Whether each of its readers stands behind a test of the row, and nothing else is said of which rows these are.
    pub(super) fn is_tested(&self) -> bool {
        !self.only.is_empty() && self.instead_of.is_empty() && self.aside.is_none()
    }

    /// Keeps how the tests are written behind which it is read.
    pub(super) fn note_tests(&mut self, project: &Project, texts: &mut Texts) {
        for (reader, tests) in self.behind.iter().filter(|(reader, _)| !self.untested.contains(reader)) {
            let written = self.tests.entry(*reader).or_default();
            written.extend(texts.tested(project, &tests.outer).filter(|tested| !written.contains(tested)));
        }
        let only: Option<Vec<Tested>> =
            self.telling().iter().map(|test| texts.tested(project, test)).collect();
        self.only = only.unwrap_or_default();
    }

    /// The tests that tell for which rows alone it is read: the first before each reader, or the last, where what the first lead to
    /// is read however they come out. None where one reader stands behind none.
    fn telling(&self) -> Vec<Test> {
        if !self.untested.is_empty() {
            return Vec::new();
        }
        let is_either = |tests: &[Test]| {
            let known: FxHashSet<&Test> = tests.iter().collect();
            tests.iter().any(|&test| known.contains(&Test { holds: !test.holds, ..test }))
        };
        let placed = |pick: fn(&Tests) -> Test| {
            let mut tests: Vec<Test> = self.behind.iter().map(|(_, tests)| pick(tests)).collect();
            tests.sort_by_key(|test| (key(&test.site), !test.holds));
            tests
        };
        [placed(|tests| tests.outer), placed(|tests| tests.inner)]
            .into_iter()
            .find(|tests| !is_either(tests))
            .unwrap_or_default()
    }

    /// Adds an expression that reads it, and the tests behind which it does.
    fn add_reader(&mut self, reader: Site, behind: Option<Tests>) {
        self.readers.insert(reader);
        match behind {
            Some(tests) => _ = self.behind.insert((reader, tests)),
            None => _ = self.untested.insert(reader),
        }
    }

    /// Adds those whom the query serves with it, in order of their places.
    fn add_callers(&mut self, callers: impl Iterator<Item = Caller>) {
        for Caller { site, share } in callers {
            self.callers.entry(site).and_modify(|known| *known = share.max(*known)).or_insert(share);
        }
        self.callers.sort_by(|one, _, other, _| key(one).cmp(&key(other)));
    }
}

/// A query and all that it lacks.
#[derive(Clone, Debug)]
pub(crate) struct Gap<'p> {
    /// The chain expression that would load it.
    pub(crate) site: Site,
    /// The rows' model.
    pub(crate) model: ModelId,
    /// What it lacks, each path once.
    pub(crate) missing: Vec<Missing>,
    /// Where its rows are looped over.
    pub(crate) loops: FxIndexSet<Site>,
    /// What is written meanwhile.
    pub(crate) writes: FxIndexSet<Write>,
    /// Where related rows are saved after others of their model were written.
    pub(crate) saves: FxIndexSet<Save>,
    /// What code does with its rows that comes out otherwise where more is loaded with them.
    pub(super) hazards: FxIndexSet<Hazard>,
    /// What else was asked of it.
    pub(crate) asked: Asked,
    /// `select_related()` without names was called on it.
    pub(crate) select_all: bool,
    /// Names of `only` and `defer` on it.
    pub(crate) deferred: FxIndexSet<&'static str>,
    /// All that is made of it and leaves columns out of the rows, whoever does so.
    pub(crate) narrowed: Vec<&'p Deferring>,
    /// `only` was called on it, with these names.
    pub(crate) only: Option<Vec<&'static str>>,
    /// Whether its code is text as well: `f"{len(books)=}"`.
    pub(crate) shown: bool,
    /// A model to which one of its generic foreign keys may lead, whose rows turn into instances of another as they are made.
    pub(crate) turning: Option<ModelId>,
    /// Whether its rows are also shown as a list.
    pub(crate) listed: bool,
    /// The related rows that it is, where the row that they belong to may come with a prefetch of them.
    pub(super) prefetched_elsewhere: Option<Elsewhere>,
    /// The related rows that it is, where code reads them for every row that they belong to, so that a prefetch of them is
    /// proposed as well.
    pub(super) proposed_elsewhere: Option<RelationId>,
}

impl Gap<'_> {
    /// A query of which nothing more is known yet.
    pub(super) fn of(site: Site, model: ModelId, asked: Asked) -> Self {
        Self {
            site,
            model,
            missing: Vec::new(),
            loops: FxIndexSet::default(),
            writes: FxIndexSet::default(),
            saves: FxIndexSet::default(),
            hazards: FxIndexSet::default(),
            asked,
            select_all: false,
            deferred: FxIndexSet::default(),
            narrowed: Vec::new(),
            only: None,
            listed: false,
            shown: false,
            turning: None,
            prefetched_elsewhere: None,
            proposed_elsewhere: None,
        }
    }

    /// What stands at the query's place.
    pub(crate) fn form(&self, project: &Project) -> QueryForm {
        let manager = || project.schema.default_manager_name(self.model).as_str().to_owned();
        match self.site.form {
            SiteForm::Chain | SiteForm::Declaration => QueryForm::Chain,
            SiteForm::ModelArgument => QueryForm::ModelArgument { manager: manager() },
            SiteForm::Admin => QueryForm::Admin,
            SiteForm::AdminQueryset => QueryForm::AdminQueryset,
            SiteForm::ModelAttribute => QueryForm::ModelAttribute { manager: manager() },
        }
    }

    /// Adds what another query of the same model lacks, which lacks the same.
    pub(super) fn unite(&mut self, other: &Self) {
        for missing in &mut self.missing {
            let Some(known) = other.missing.iter().find(|known| known.path == missing.path) else { continue };
            missing.readers.extend(&known.readers);
            missing.behind.extend(&known.behind);
            missing.untested.extend(&known.untested);
            match known.instead_of.is_empty() {
                true => missing.instead_of.clear(),
                false => known.instead_of.iter().for_each(|text| add_text(&mut missing.instead_of, text)),
            }
            missing.add_callers(known.callers.iter().map(|(&site, &share)| Caller { site, share }));
        }
        self.loops.extend(&other.loops);
        self.writes.extend(&other.writes);
        self.saves.extend(other.saves.iter().cloned());
        self.hazards.extend(other.hazards.iter().cloned());
        self.asked = self.asked.or(other.asked);
        self.listed |= other.listed;
        self.prefetched_elsewhere = self.prefetched_elsewhere.or(other.prefetched_elsewhere);
        self.proposed_elsewhere = self.proposed_elsewhere.or(other.proposed_elsewhere);
    }

    /// Adds one read of a flow of the query.
    pub(super) fn add_read(
        &mut self,
        query: &Query,
        read: &Read,
        rest: &[Step],
        automatic: bool,
        ways: &FxHashMap<Key, Vec<Key>>,
    ) {
        let path = path_of(rest);
        // Related rows have a query of their own, which gives all of them to whoever asks.
        let alone = read.alone && rest.len() == read.steps.len();
        let mut others: Vec<Key> = Vec::new();
        if rest.len() == read.steps.len()
            && let Some(here) = query.sites.iter().position(|site| *site == self.site)
        {
            let is_near = |site: &&Site| site.file == self.site.file && site.function == self.site.function;
            others.extend(query.sites[..here].iter().map(key));
            others.extend(query.sites[here + 1..].iter().filter(is_near).map(key));
        } else if let Some(before) = ways.get(&key(&self.site)) {
            // Rows that are related to those of the query: they have a query of their own.
            others.extend(before.iter().filter(|before| **before != key(&self.site)));
            others.sort_unstable();
            others.dedup();
        }
        let is_whole = rest.len() == read.steps.len();
        let to_many = rest.iter().any(|step| step.to_many) || is_whole && is_behind_prefetch(query, rest);
        let is_joined = |steps: &usize| {
            let before = path_of(&rest[..*steps]);
            query.plan.select.iter().any(|known| covers(known.as_str(), &before))
        };
        let joined = if is_whole { (1..=rest.len()).take_while(is_joined).count() } else { 0 };
        match self.missing.iter_mut().find(|missing| missing.path == path) {
            Some(missing) => {
                missing.joined = missing.joined.min(joined);
                missing.to_many |= to_many;
                missing.alone &= alone;
                missing.automatic &= automatic;
                missing.aside = missing.aside.zip(read.aside).map(|(one, other)| one.max(other));
                match read.instead_of {
                    None => missing.instead_of.clear(),
                    Some(text) => add_text(&mut missing.instead_of, text.as_str()),
                }
                match read.doubt {
                    None => missing.doubts.clear(),
                    Some(doubt) => add_text(&mut missing.doubts, doubt.as_str()),
                }
                missing.add_reader(read.site, read.behind);
                missing.others.insert(others);
            }
            None => self.missing.push(Missing {
                relations: rest.iter().map(|step| step.relation).collect(),
                path,
                to_many,
                readers: FxIndexSet::from_iter([read.site]),
                alone,
                instead_of: read.instead_of.map(Symbol::as_str).into_iter().collect(),
                doubts: read.doubt.map(Symbol::as_str).into_iter().collect(),
                aside: read.aside,
                behind: read.behind.map(|tests| (read.site, tests)).into_iter().collect(),
                untested: read.behind.is_none().then_some(read.site).into_iter().collect(),
                tests: FxIndexMap::default(),
                only: Vec::new(),
                callers: FxIndexMap::default(),
                others: FxIndexSet::from_iter([others]),
                joined,
                automatic,
            }),
        }
    }

    /// Adds what a flow of the query does, whose own rows lack something, or rows that are related to them.
    pub(super) fn add_flow(&mut self, query: &Query, is_whole: bool) {
        // What a loop over other related rows writes is none of these.
        let here = self.site;
        let is_meanwhile = |write: &&Write| is_whole || write.within.is_none_or(|within| within == here);
        self.writes.extend(query.writes.iter().filter(is_meanwhile));
        if !is_whole {
            return;
        }
        self.loops.extend(&query.loops);
        let is_prefetched = |save: &Save| {
            let path = path_of(&save.steps);
            query.plan.prefetch.iter().any(|known| covers(known.as_str(), &path))
        };
        self.saves.extend(query.saves.iter().filter(|save| !is_prefetched(save)).cloned());
        self.asked = self.asked.or(query.asked);
        self.select_all |= query.plan.select_all && !query.plan.automatic;
        self.deferred.extend(query.plan.defer.iter().map(|name| name.as_str()));
        if let Some(only) = &query.plan.only {
            self.only.get_or_insert_default().extend(only.iter().map(|name| name.as_str()));
        }
    }

    /// Adds what any flow of the query does that comes out otherwise where more is loaded with its rows, and what Django
    /// joins for it that code which is not read may need.
    pub(super) fn add_hazards(&mut self, project: &Project, query: &Query) {
        // Nothing is loaded onto what is no row.
        if !query.asked.values {
            self.hazards.extend(query.hazards.iter().cloned());
        }
        for &relation in &query.unseen {
            let path = project.schema.relation(relation).lookup_name().to_string();
            if self.missing.iter().any(|missing| missing.path == path) {
                continue;
            }
            self.missing.push(Missing {
                relations: vec![relation],
                path,
                to_many: false,
                readers: FxIndexSet::default(),
                joined: 0,
                automatic: true,
                alone: false,
                instead_of: Vec::new(),
                doubts: Vec::new(),
                aside: None,
                behind: FxIndexSet::default(),
                untested: FxIndexSet::default(),
                tests: FxIndexMap::default(),
                only: Vec::new(),
                callers: FxIndexMap::default(),
                others: FxIndexSet::from_iter([Vec::new()]),
            });
        }
    }

    /// Where code does something with its rows that comes out otherwise where more is loaded with them.
    pub(crate) fn hazards(&self, kind: HazardKind) -> impl Iterator<Item = &Hazard> {
        self.hazards.iter().filter(move |hazard| hazard.kind == kind)
    }

    /// What is said where SQL that code writes itself is run while the rows are looped over, and may change any, or also where
    /// it only makes rows.
    pub(crate) fn sql(&self, project: &Project, also_made: bool) -> Option<String> {
        let write = self.writes.iter().find(|write| write.model.is_none() && (also_made || !write.makes))?;
        Some(format!(
            "SQL is run while the rows are looped over ({}), which may write any table: what was loaded before would not show it.",
            place_of(project, &write.site).path,
        ))
    }

    /// Adds those who get the query's rows from the function that makes it.
    pub(super) fn add_callers(&mut self, path: &str, callers: Vec<Caller>) {
        let mut missing = self.missing.iter_mut().filter(|_| !callers.is_empty());
        if let Some(missing) = missing.find(|missing| missing.path == path) {
            missing.add_callers(callers.into_iter());
        }
    }

    /// The paths that are wanted, without those that others load anyway. What Django joins by itself is kept: others may be
    /// proposed apart from what would load it.
    pub(crate) fn wanted(&self, to_many: bool) -> Vec<&Missing> {
        let all: Vec<&Missing> = self.missing.iter().filter(|missing| missing.to_many == to_many).collect();
        // What all rows read is asked for beside what only some do.
        let has_in = |other: &Missing, one: &Missing| {
            other.path != one.path
                && !one.automatic
                && covers(&other.path, &one.path)
                && (!other.is_partial() || one.is_partial())
        };
        all.iter().filter(|one| !all.iter().any(|other| has_in(other, one))).copied().collect()
    }

    /// Where one of the paths, or a part of it, is read for every row.
    pub(crate) fn evidence(&self, project: &Project, wanted: &[&Missing], to_many: bool) -> Vec<Evidence> {
        let mut evidence: Vec<Evidence> = Vec::new();
        for missing in self.missing.iter().filter(|missing| missing.to_many == to_many) {
            if !wanted.iter().any(|wanted| covers(&wanted.path, &missing.path)) {
                continue;
            }
            let name = missing.path.replace("__", ".");
            for reader in &missing.readers {
                evidence.push(Evidence {
                    place: place_of(project, reader),
                    message: match missing.tests.get(reader) {
                        None => format!("reads {name} for every row"),
                        Some(tests) => {
                            let said: Vec<String> = tests.iter().map(Tested::said).collect();
                            format!("reads {name} {}", said.join(" or "))
                        }
                    },
                });
            }
        }
        for missing in wanted {
            let name = missing.path.replace("__", ".");
            evidence.extend(missing.callers.iter().map(|(site, share)| Evidence {
                place: place_of(project, site),
                message: match share {
                    Share::Gains => format!("gets the rows from here, and lacks {name}"),
                    Share::Loads => format!("gets the rows from here, and loads {name} itself"),
                    Share::Pays => format!("gets the rows from here, and would pay for {name}"),
                },
            }));
        }
        for site in &self.loops {
            evidence
                .push(Evidence { place: place_of(project, site), message: "loops over the rows".to_owned() });
        }
        evidence.sort();
        evidence.dedup();
        evidence
    }
}

/// Adds a text to others, where there are any: what holds for one reader without it holds for all.
fn add_text(texts: &mut Vec<&'static str>, text: &'static str) {
    if !texts.is_empty() && !texts.contains(&text) {
        texts.push(text);
    }
}

/// Whether a query prefetches what leads to the last of these steps.
fn is_behind_prefetch(query: &Query, steps: &[Step]) -> bool {
    let loads = |path: &str| query.plan.prefetch.iter().any(|known| covers(known.as_str(), path));
    (1..steps.len()).any(|at| loads(&path_of(&steps[..at])))
}
