//! How sure it is that loading what a query lacks is right, and what speaks against it.

use tuneup_django::Project;
use tuneup_django::paths::{covers, path_of};
use tuneup_django::queries::{Aside, FxIndexMap, FxIndexSet, Hazard, HazardKind, Site, Step};
use tuneup_django::schema::RelationKind;
use tuneup_python::flow::ExprKind;
use tuneup_python::{FunctionRef, Symbol};

use super::gap::{Gap, Missing};
use super::made::raises_as_made;
use super::plans::Elsewhere;
use super::{Share, place_of};
use crate::proposal::Safety;

impl Gap<'_> {
    /// Objections that hold for joins and prefetches alike.
    pub(crate) fn verdict(&self, project: &Project, wanted: &[&Missing]) -> Verdict {
        let mut verdict = Verdict::safe();
        self.object_to_place(project, wanted, &mut verdict);
        self.object_to_uses(project, wanted, &mut verdict);
        // What the same callers lack is said once.
        let mut shared: Vec<(Shares, Vec<String>)> = Vec::new();
        for missing in wanted {
            self.object_to_path(project, missing, &mut verdict);
            let name = format!("`{}`", missing.path.replace("__", "."));
            let shares = Shares::of(project, &missing.callers);
            match shared.iter_mut().find(|(known, _)| *known == shares) {
                Some((_, names)) => names.push(name),
                None => shared.push((shares, vec![name])),
            }
        }
        for (shares, names) in &shared {
            shares.object(&mut verdict, names);
        }
        self.object_to_lists(wanted, &mut verdict);
        verdict
    }

    /// What speaks against any load at the query's place: that a prefetch comes before it, and how its code is run.
    fn object_to_place(&self, project: &Project, wanted: &[&Missing], verdict: &mut Verdict) {
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
        } else if let Some(relation) = self.proposed_elsewhere {
            let name = project.schema.relation(relation).lookup_name();
            verdict.object(
                Safety::Unsafe,
                format!("A prefetch of `{name}` is proposed elsewhere: for a row that comes from there, it would not serve this query."),
            );
        }
        if self.shown {
            verdict.object(
                Safety::Unsafe,
                "The text that is made here shows the code of this query (`{…=}`), and would show what is added to it.",
            );
        }
        // Where it is known who reads what, that is said instead.
        let is_untold = wanted.iter().any(|missing| missing.callers.is_empty());
        if let Some(reason) = self.given_to_several(project, wanted).filter(|_| !self.listed && is_untold) {
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
    }

    /// What code does with the rows that comes out otherwise where more is loaded with them.
    fn object_to_uses(&self, project: &Project, wanted: &[&Missing], verdict: &mut Verdict) {
        // A related row that is kept is kept with what is loaded onto it, and not with the row that it is related to.
        let is_kept_with = |kept: &Hazard| {
            let is_below = |path: &str| path != kept.path && covers(path, &kept.path);
            wanted.iter().any(|missing| is_below(&missing.path))
        };
        if let Some(kept) = self.hazards(HazardKind::Cached).find(|kept| is_kept_with(kept)) {
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
        if let Some(paused) = self.hazards(HazardKind::Paused).next() {
            verdict.object(
                Safety::Unsafe,
                format!(
                    "The loop over the rows pauses ({}): what is loaded with them may have changed by the time that it is used.",
                    place_of(project, &paused.site).path
                ),
            );
        }
        let is_loaded = |tested: &Hazard| wanted.iter().any(|missing| covers(&missing.path, &tested.path));
        if let Some(tested) = self.hazards(HazardKind::Tested).find(|tested| is_loaded(tested)) {
            verdict.object(
                Safety::Unsafe,
                format!(
                    "Code tests whether `{}` is loaded already ({}): it would be, and another branch would run.",
                    tested.path.replace("__", "."),
                    place_of(project, &tested.site).path
                ),
            );
        }
    }

    /// What speaks against one path: that only some rows need it, or that to load it is not what to read it was.
    fn object_to_path(&self, project: &Project, missing: &Missing, verdict: &mut Verdict) {
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
            Some(Aside::Timed) => verdict.object(
                Safety::Unsafe,
                "Only what stands within `{% cache %}` reads it, with a timeout that is known only as it runs: where fragments are \
                 kept, rows whose fragment is there would pay for it without need.",
            ),
            Some(Aside::Users) => verdict.object(
                Safety::Unsafe,
                "Only what a template shows to some users alone reads it, by what they may do or whether they are signed in: \
                 the page of all others would pay for it without need.",
            ),
            None => {}
        }
        if self.is_of_one_branch(project, missing) {
            verdict.object(
                Safety::Unsafe,
                "Only one of two branches reads it: the other loops over the same rows, and would pay for it without need.",
            );
        }
        let made = missing.relations[missing.joined..].iter();
        let made = made.filter_map(|&relation| project.schema.relation(relation).target());
        for model in made {
            if let Some(file) = raises_as_made(project, model) {
                verdict.object(
                    Safety::Unsafe,
                    format!(
                        "The `__init__` of {} may raise ({}), and then does so wherever these rows are asked for.",
                        project.schema.label(model),
                        project.path(file),
                    ),
                );
            }
        }
        if let Some(reason) = self.undone(project, missing) {
            verdict.object(Safety::Advice, reason);
        }
    }

    /// Lists would pay for what one row's page alone reads.
    fn object_to_lists(&self, wanted: &[&Missing], verdict: &mut Verdict) {
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
    }

    /// Why what is written meanwhile would be lost, where rows that would be loaded at once are saved after others of their model
    /// were written. Of rows that one foreign key leads to, several rows may share one, which each would have for itself.
    pub(crate) fn undone(&self, project: &Project, missing: &Missing) -> Option<String> {
        let is_shared = |steps: &[Step]| {
            steps.iter().any(|step| project.schema.relation(step.relation).kind() == RelationKind::ForeignKey)
        };
        let save = self.saves.iter().find(|save| {
            covers(&missing.path, &path_of(&save.steps))
                && match missing.to_many {
                    true => save.steps.iter().any(|step| step.to_many),
                    false => save.steps.len() > missing.joined && is_shared(&save.steps),
                }
        })?;
        let last = save.steps.last()?;
        let model = project.schema.relation(last.relation).target()?;
        let loaded = if missing.to_many { "prefetched" } else { "joined" };
        Some(format!(
            "Rows of `{}` are saved ({}) after {} is written ({}): {loaded} rows hold what was there before, and to save them would \
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
        let callers = project.callers(FunctionRef { file: self.site.file, id }).iter();
        let names: Vec<String> = callers
            .filter(|caller| caller.file.as_other().is_none())
            .map(|caller| format!("`{}`", project.source.facts(caller.file).function(caller.id).qualname))
            .collect();
        (names.len() > 1).then(|| {
            format!(
                "{} get this object: those that do not show it so would pay for this without need.",
                listed(&names)
            )
        })
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
    fn of(project: &Project, callers: &FxIndexMap<Site, Share>) -> Self {
        let of =
            |share: Share| callers.iter().filter(move |(_, known)| **known == share).map(|(site, _)| site);
        let named = |share| named(project, of(share));
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
            several => format!("Of those who get these rows, {} read {names}", some_of(several)),
        };
        if !load.is_empty() {
            let verb = if load.len() == 1 { "loads" } else { "load" };
            let alone = if load.len() == 1 { "itself" } else { "themselves" };
            said.push_str(&format!("; {} {verb} {it} by {alone}", some_of(load)));
        }
        if !pay.is_empty() {
            said.push_str(&format!("; {} would pay for {it} without need", some_of(pay)));
        }
        verdict.object(safety, format!("{said}.{advice}"));
    }
}

/// The functions around callers, each once.
fn named<'s>(project: &Project, callers: impl Iterator<Item = &'s Site>) -> Vec<String> {
    let name = |caller: &Site| {
        let symbol = if caller.file.as_other().is_some() { "" } else { project.symbol(caller) };
        match symbol {
            "" => format!("`{}`", project.path(caller.file)),
            symbol => format!("`{symbol}`"),
        }
    };
    let names: FxIndexSet<String> = callers.map(name).collect();
    names.into_iter().collect()
}

/// The names of callers, of many only some.
fn some_of(names: &[String]) -> String {
    const MOST: usize = 6;
    match names.len().checked_sub(MOST) {
        Some(more @ 1..) => format!("{} and {} others", names[..MOST - 1].join(", "), more + 1),
        _ => listed(names),
    }
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

/// A safety and the reason for it.
pub(crate) type Objection = (Safety, String);

/// A safety and the reasons for it; the strongest objection wins.
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

    /// Adds objections.
    pub(crate) fn object_all(&mut self, objections: impl IntoIterator<Item = Objection>) {
        for (safety, reason) in objections {
            self.object(safety, reason);
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
