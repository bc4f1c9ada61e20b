//! A query and all that it lacks, and how sure it is that loading it is right.

use rustc_hash::FxHashMap;
use tuneup_django::Project;
use tuneup_django::queries::{Aside, Asked, Deferring, Kept, Query, Read, Save, Site, SiteForm, Step, Write};
use tuneup_django::schema::{ModelId, RelationId};
use tuneup_python::flow::ExprKind;
use tuneup_python::{FunctionRef, Symbol};

use super::plans::Elsewhere;
use super::{Caller, Key, Share, covers, key, path_of, place_of};
use crate::proposal::{Evidence, QueryForm, Safety};

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
    pub(crate) readers: Vec<Site>,
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
    /// Those whom the function that makes the query serves with it, where there are several.
    pub(super) callers: Vec<Caller>,
    /// For each flow, the other places where it could be loaded too: before this one, or behind it in the
    /// same function.
    pub(super) others: Vec<Vec<Key>>,
}

impl Missing {
    /// Whether only some of the rows, or some uses of them, need it.
    fn is_partial(&self) -> bool {
        self.aside.is_some() || !self.instead_of.is_empty() || !self.doubts.is_empty()
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
    pub(crate) loops: Vec<Site>,
    /// What is written meanwhile.
    pub(crate) writes: Vec<Write>,
    /// Where related rows are saved after others of their model were written.
    pub(crate) saves: Vec<Save>,
    /// Where its rows, or rows that are related to them, are put into a cache.
    pub(crate) kept: Vec<Kept>,
    /// Where all that one of its rows holds is taken off it at once.
    pub(crate) emptied: Vec<Site>,
    /// What else was asked of it.
    pub(crate) asked: Asked,
    /// `select_related()` without names was called on it.
    pub(crate) select_all: bool,
    /// Names of `only` and `defer` on it.
    pub(crate) deferred: Vec<&'static str>,
    /// All that is made of it and leaves columns out of the rows, whoever does so.
    pub(crate) narrowed: Vec<&'p Deferring>,
    /// `only` was called on it, with these names.
    pub(crate) only: Option<Vec<&'static str>>,
    /// Whether its rows are also shown as a list.
    pub(crate) listed: bool,
    /// The related rows that it is, where the row that they belong to may come with a prefetch of them.
    pub(super) prefetched_elsewhere: Option<Elsewhere>,
    /// The related rows that it is, where code reads them for every row that they belong to, so that a prefetch of them is
    /// proposed as well.
    pub(super) proposed_elsewhere: Option<RelationId>,
}

impl Gap<'_> {
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
        fn add<T: Clone + PartialEq>(to: &mut Vec<T>, more: &[T]) {
            for one in more {
                if !to.contains(one) {
                    to.push(one.clone());
                }
            }
        }
        for missing in &mut self.missing {
            let Some(known) = other.missing.iter().find(|known| known.path == missing.path) else { continue };
            add(&mut missing.readers, &known.readers);
            match missing.instead_of.is_empty() || known.instead_of.is_empty() {
                true => missing.instead_of.clear(),
                false => add(&mut missing.instead_of, &known.instead_of),
            }
            missing.callers.extend(known.callers.iter().cloned());
        }
        add(&mut self.loops, &other.loops);
        add(&mut self.writes, &other.writes);
        add(&mut self.saves, &other.saves);
        add(&mut self.kept, &other.kept);
        add(&mut self.emptied, &other.emptied);
        self.asked = self.asked.or(other.asked);
        self.listed |= other.listed;
        self.prefetched_elsewhere = self.prefetched_elsewhere.or(other.prefetched_elsewhere);
        self.proposed_elsewhere = self.proposed_elsewhere.or(other.proposed_elsewhere);
    }

    /// Adds what a flow of the query reads.
    pub(super) fn add(
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
                match read.instead_of.map(Symbol::as_str) {
                    None => missing.instead_of.clear(),
                    Some(text) if !missing.instead_of.is_empty() && !missing.instead_of.contains(&text) => {
                        missing.instead_of.push(text);
                    }
                    Some(_) => {}
                }
                match read.doubt.map(Symbol::as_str) {
                    None => missing.doubts.clear(),
                    Some(doubt) if !missing.doubts.is_empty() && !missing.doubts.contains(&doubt) => {
                        missing.doubts.push(doubt);
                    }
                    Some(_) => {}
                }
                if !missing.readers.contains(&read.site) {
                    missing.readers.push(read.site);
                }
                if !missing.others.contains(&others) {
                    missing.others.push(others);
                }
            }
            None => self.missing.push(Missing {
                relations: rest.iter().map(|step| step.relation).collect(),
                path,
                to_many,
                readers: vec![read.site],
                alone,
                instead_of: read.instead_of.map(Symbol::as_str).into_iter().collect(),
                doubts: read.doubt.map(Symbol::as_str).into_iter().collect(),
                aside: read.aside,
                callers: Vec::new(),
                others: vec![others],
                joined,
                automatic,
            }),
        }
        for site in query.loops.iter().filter(|_| is_whole) {
            if !self.loops.contains(site) {
                self.loops.push(*site);
            }
        }
        // What a loop over other related rows writes is none of these.
        let is_meanwhile = |write: &&Write| is_whole || write.within.is_none_or(|within| within == self.site);
        for write in query.writes.iter().filter(is_meanwhile).collect::<Vec<_>>() {
            if !self.writes.contains(write) {
                self.writes.push(*write);
            }
        }
        let is_prefetched = |path: &str| query.plan.prefetch.iter().any(|known| covers(known.as_str(), path));
        for save in query.saves.iter().filter(|_| is_whole) {
            if !is_prefetched(&path_of(&save.steps)) && !self.saves.contains(save) {
                self.saves.push(save.clone());
            }
        }
        for site in query.emptied.iter().filter(|_| is_whole) {
            if !self.emptied.contains(site) {
                self.emptied.push(*site);
            }
        }
        for kept in query.kept.iter().filter(|_| is_whole) {
            if !self.kept.contains(kept) {
                self.kept.push(kept.clone());
            }
        }
        if is_whole {
            self.asked = self.asked.or(query.asked);
            self.select_all |= query.plan.select_all && !query.plan.automatic;
            self.deferred.extend(query.plan.defer.iter().map(|name| name.as_str()));
            if let Some(only) = &query.plan.only {
                self.only.get_or_insert_default().extend(only.iter().map(|name| name.as_str()));
            }
        }
    }

    /// Adds those who get the query's rows from the function that makes it.
    pub(super) fn add_callers(&mut self, path: &str, callers: Vec<Caller>) {
        let Some(missing) = self.missing.iter_mut().find(|missing| missing.path == path) else { return };
        for caller in callers {
            match missing.callers.iter_mut().find(|known| known.site == caller.site) {
                Some(known) => known.share = known.share.max(caller.share),
                None => missing.callers.push(caller),
            }
        }
        missing.callers.sort_by_key(|caller| key(&caller.site));
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

    /// Objections that hold for joins and prefetches alike: lists would pay for what one row's page alone reads.
    pub(crate) fn verdict(&self, project: &Project, wanted: &[&Missing]) -> Verdict {
        let mut verdict = Verdict::safe();
        if let Some(Elsewhere { name, is_known }) = self.prefetched_elsewhere {
            let said = match is_known {
                true => format!("`{name}` is prefetched elsewhere"),
                false => {
                    format!("Something of the name `{name}` is prefetched elsewhere, which may be these rows")
                }
            };
            verdict.object(
                Safety::Unsafe,
                format!(
                    "{said}: for a row that comes from there, the prefetch would no longer serve this query."
                ),
            );
        }
        if let Some(relation) = self.proposed_elsewhere.filter(|_| self.prefetched_elsewhere.is_none()) {
            let name = project.schema.relation(relation).lookup_name();
            verdict.object(
                Safety::Unsafe,
                format!("A prefetch of `{name}` is proposed elsewhere: for a row that comes from there, it would not serve this query."),
            );
        }
        // A related row that is kept is kept with what is loaded onto it, and not with the row that it is related to.
        let is_kept_with = |kept: &&Kept| {
            let is_below =
                |path: &str| path != kept.path && (kept.path.is_empty() || covers(path, &kept.path));
            wanted.iter().any(|missing| is_below(&missing.path))
        };
        if let Some(kept) = self.kept.iter().find(is_kept_with) {
            let place = place_of(project, &kept.site);
            let rows = match kept.path.as_str() {
                "" => "The rows".to_owned(),
                path => format!("Rows of `{}`", path.replace("__", ".")),
            };
            verdict.object(
                Safety::Unsafe,
                format!("{rows} are put into a cache ({}): what is loaded with them is kept there too, as it is then.", place.path),
            );
        }
        if !self.listed
            && let Some(reason) = self.given_to_several(project, wanted)
        {
            verdict.object(Safety::Unsafe, reason);
        }
        if let Some(manager) = self.unknown_manager(project) {
            verdict.object(
                Safety::Advice,
                format!(
                    "This runs when the module is imported, and the class of the manager `{manager}` is not read here: what it gives \
                     then may not be what it gives in a request. Load it where the request's query is made."
                ),
            );
        }
        // What the same callers lack is said once.
        let mut shared: Vec<(Shares, Vec<String>)> = Vec::new();
        for missing in wanted {
            let name = format!("`{}`", missing.path.replace("__", "."));
            if !missing.instead_of.is_empty() {
                verdict.object(
                    Safety::Unsafe,
                    "Rows that have that pay for this without need; how many they are, the data says.",
                );
            }
            for doubt in &missing.doubts {
                verdict.object(Safety::Unsafe, *doubt);
            }
            match missing.aside {
                Some(Aside::Branch) => verdict.object(
                    Safety::Unsafe,
                    "Only a branch reads it that returns before the rest of its function, which uses these rows too and \
                     would pay for it without need.",
                ),
                Some(Aside::Fragment) => verdict.object(
                    Safety::Unsafe,
                    "Only what stands within `{% cache %}` reads it, which is made for few rows where the fragments of most \
                     are there already: the others would pay for it without need.",
                ),
                Some(Aside::Users) => verdict.object(
                    Safety::Unsafe,
                    "Only what a template shows to some users alone reads it, by what they may do or whether they are signed in: \
                     the page of all others would pay for it without need.",
                ),
                None => {}
            }
            if let Some(reason) = self.undone(project, missing) {
                verdict.object(Safety::Advice, reason);
            }
            let shares = Shares::of(project, &missing.callers);
            match shared.iter_mut().find(|(known, _)| *known == shares) {
                Some((_, names)) => names.push(name),
                None => shared.push((shares, vec![name])),
            }
        }
        for (shares, names) in &shared {
            shares.object(&mut verdict, names);
        }
        let lone = wanted.iter().filter(|missing| missing.alone && self.listed);
        match lone.map(|missing| missing.to_many).max() {
            // Each page of a list would make one more query for each of them, and show nothing of it.
            Some(true) => verdict.object(
                Safety::Advice,
                "All that reads this shows one object, but the same query also makes lists, which would pay for it: load it \
                 where that one object is got.",
            ),
            Some(false) => verdict.object(
                Safety::Unsafe,
                "All that reads this shows one object, but the same query also makes lists, which would pay for it.",
            ),
            None => {}
        }
        verdict
    }

    /// Why what is written meanwhile would be lost, where rows that a prefetch would load are saved after others of their model
    /// were written.
    pub(crate) fn undone(&self, project: &Project, missing: &Missing) -> Option<String> {
        if !missing.to_many {
            return None;
        }
        let save = self.saves.iter().find(|save| {
            covers(&missing.path, &path_of(&save.steps)) && save.steps.iter().any(|step| step.to_many)
        })?;
        let last = save.steps.last()?;
        let model = project.schema.relation(last.relation).target()?;
        Some(format!(
            "Rows of `{}` are saved ({}) after {} is written ({}): prefetched rows hold what was there before, and to save them would \
             undo that write.",
            last.name,
            place_of(project, &save.site).path,
            project.schema.label(model),
            place_of(project, &save.after).path,
        ))
    }

    /// The manager that stands alone in a class or module body, of which nothing is asked there yet, where its class is not
    /// known.
    fn unknown_manager(&self, project: &Project) -> Option<Symbol> {
        if self.site.function.is_some() || self.site.file.as_other().is_some() {
            return None;
        }
        let facts = project.source.facts(self.site.file);
        let expr = facts.exprs.iter().find(|expr| expr.range == self.site.range)?;
        let ExprKind::Attribute(_, name) = expr.kind else { return None };
        let managers = project.schema.model(self.model).managers();
        managers
            .iter()
            .find(|manager| manager.name() == name && !manager.is_known())
            .map(|manager| manager.name())
    }

    /// Where a function of a module gives several others one object of which it reads nothing itself: what each of them
    /// does with it is its own.
    fn given_to_several(&self, project: &Project, wanted: &[&Missing]) -> Option<String> {
        let id = self.site.function.filter(|_| self.site.file.as_other().is_none())?;
        let facts = project.source.facts(self.site.file);
        let body = facts.function(id).range;
        let is_here = |site: &Site| site.file == self.site.file && body.contains_range(site.range);
        let mut readers = wanted.iter().flat_map(|missing| &missing.readers);
        let is_one = wanted.iter().all(|missing| missing.alone);
        if !is_one || facts.function(id).class.is_some() || readers.any(is_here) {
            return None;
        }
        let callers = project.callers(FunctionRef { file: self.site.file, id });
        if callers.len() < 2 {
            return None;
        }
        let names: Vec<String> = callers
            .iter()
            .map(|caller| format!("`{}`", project.source.facts(caller.file).function(caller.id).qualname))
            .collect();
        Some(format!(
            "{} get this object: those that do not show it so would pay for this without need.",
            listed(&names)
        ))
    }

    /// Where one of the paths, or a part of it, is read for every row.
    pub(crate) fn evidence(&self, project: &Project, wanted: &[&Missing], to_many: bool) -> Vec<Evidence> {
        let mut evidence: Vec<Evidence> = Vec::new();
        for missing in self.missing.iter().filter(|missing| missing.to_many == to_many) {
            if !wanted.iter().any(|wanted| covers(&wanted.path, &missing.path)) {
                continue;
            }
            for reader in &missing.readers {
                evidence.push(Evidence {
                    place: place_of(project, reader),
                    message: format!("reads {} for every row", missing.path.replace("__", ".")),
                });
            }
        }
        for missing in wanted {
            let name = missing.path.replace("__", ".");
            evidence.extend(missing.callers.iter().map(|caller| Evidence {
                place: place_of(project, &caller.site),
                message: match caller.share {
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

/// Who of those that get a query's rows needs what it lacks.
#[derive(PartialEq, Eq)]
struct Shares {
    gain: Vec<String>,
    load: Vec<String>,
    pay: Vec<String>,
}

impl Shares {
    fn of(project: &Project, callers: &[Caller]) -> Self {
        let of = |share| callers.iter().filter(|caller| caller.share == share).collect::<Vec<_>>();
        let named = |share| named(project, &of(share));
        Self { gain: named(Share::Gains), load: named(Share::Loads), pay: named(Share::Pays) }
    }

    /// The objection that there is where not all of them need it.
    fn object(&self, verdict: &mut Verdict, names: &[String]) {
        let Self { gain, load, pay } = self;
        if pay.is_empty() && load.is_empty() {
            return;
        }
        let it = if names.len() == 1 { "it" } else { "them" };
        // Where most do without, or have come to ask for themselves, the one who lacks it is to ask too.
        let (safety, advice) = match pay.len() > gain.len() || !load.is_empty() {
            true => (Safety::Advice, format!(" Load {it} where those get the rows who read {it}.")),
            false => (Safety::Unsafe, String::new()),
        };
        let names = listed(names);
        let mut said = match gain.as_slice() {
            [one] => format!("Of those who get these rows, only {one} reads {names}"),
            several => format!("Of those who get these rows, {} read {names}", listed(several)),
        };
        if !load.is_empty() {
            let verb = if load.len() == 1 { "loads" } else { "load" };
            let alone = if load.len() == 1 { "itself" } else { "themselves" };
            said.push_str(&format!("; {} {verb} {it} by {alone}", listed(load)));
        }
        if !pay.is_empty() {
            said.push_str(&format!("; {} would pay for {it} without need", listed(pay)));
        }
        verdict.object(safety, format!("{said}.{advice}"));
    }
}

/// The functions around callers, each once.
fn named(project: &Project, callers: &[&Caller]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for caller in callers {
        let symbol = if caller.site.file.as_other().is_some() { "" } else { project.symbol(&caller.site) };
        let name = match symbol {
            "" => format!("`{}`", project.path(caller.site.file)),
            symbol => format!("`{symbol}`"),
        };
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// Names, as a sentence has them.
fn listed(names: &[String]) -> String {
    match names {
        [before @ .., last] if !before.is_empty() => format!("{} and {last}", before.join(", ")),
        _ => names.concat(),
    }
}

/// Paths that one proposal can ask for: one with an objection does not hold back the rest, and what lists read is
/// another than what only one row's page reads.
pub(crate) fn by_safety<'m>(
    gap: &Gap,
    wanted: Vec<&'m Missing>,
    verdict: impl Fn(&[&Missing]) -> Option<Verdict>,
) -> Vec<(Verdict, Vec<&'m Missing>)> {
    let is_lone = |missing: &Missing| missing.alone && gap.listed;
    let mut groups: Vec<(Verdict, Vec<&Missing>)> = Vec::new();
    let (automatic, wanted): (Vec<&Missing>, Vec<&Missing>) =
        wanted.into_iter().partition(|missing| missing.automatic);
    for missing in wanted {
        let Some(alone) = verdict(&[missing]) else { continue };
        let group = groups.iter_mut().find(|(known, group)| {
            known.safety == alone.safety
                && group.iter().all(|known| {
                    is_lone(known) == is_lone(missing)
                        && known.instead_of == missing.instead_of
                        && known.doubts == missing.doubts
                        && known.aside == missing.aside
                })
        });
        match group {
            Some((known, group)) => {
                known.unite(alone);
                group.push(missing);
            }
            None => groups.push((alone, vec![missing])),
        }
    }
    // What is said of each is said of all of them at once.
    for (known, group) in &mut groups {
        if let Some(whole) = verdict(group).filter(|whole| whole.safety == known.safety) {
            *known = whole;
        }
    }
    groups.sort_by_key(|(verdict, _)| verdict.safety);
    // To name any join ends those that Django makes by itself, so that each that is written must name them too.
    for (_, group) in groups.iter_mut().filter(|(verdict, _)| verdict.safety < Safety::Advice) {
        let is_in = |one: &&Missing| {
            let mut others = group.iter().chain(&automatic).filter(|known| known.path != one.path);
            !others.any(|known| covers(&known.path, &one.path))
        };
        let named: Vec<&Missing> = automatic.iter().copied().filter(is_in).collect();
        group.extend(named);
        group.sort_by_key(|missing| gap.missing.iter().position(|known| known.path == missing.path));
    }
    groups
}

/// Which rows read what is wanted, where only those do that lack a text.
pub(crate) fn lacking(wanted: &[&Missing]) -> String {
    let texts = wanted.iter().flat_map(|missing| &missing.instead_of);
    let mut texts: Vec<String> = texts.map(|text| format!("`{text}`")).collect();
    texts.dedup();
    match texts.is_empty() {
        true => String::new(),
        false => format!(" whose {} is empty", texts.join(" or ")),
    }
}

/// A safety and the reason for it; the strongest objection wins.
pub(crate) struct Verdict {
    /// How sure.
    pub(crate) safety: Safety,
    /// The reasons, where it is not safe.
    pub(crate) reasons: Vec<String>,
}

impl Verdict {
    /// No objection yet.
    pub(crate) fn safe() -> Self {
        Self { safety: Safety::Safe, reasons: Vec::new() }
    }

    /// Adds the objections of another.
    fn unite(&mut self, other: Self) {
        for reason in other.reasons {
            self.object(other.safety, reason);
        }
    }

    /// Adds an objection.
    pub(crate) fn object(&mut self, safety: Safety, reason: impl Into<String>) {
        let reason = reason.into();
        self.safety = self.safety.max(safety);
        if !self.reasons.contains(&reason) {
            self.reasons.push(reason);
        }
    }
}

/// Whether a query prefetches what leads to the last of these steps.
fn is_behind_prefetch(query: &Query, steps: &[Step]) -> bool {
    let loads = |path: &str| query.plan.prefetch.iter().any(|known| covers(known.as_str(), path));
    (1..steps.len()).any(|at| loads(&path_of(&steps[..at])))
}
