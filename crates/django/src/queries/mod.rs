//! The queries of a project, what each loads, and what code does with its rows.
//!
//! An interpreter runs every function of the project on abstract values (see [`value`]): a model class, a
//! queryset, a row of a queryset reached over relations, a list, a dict, unknown. Calls are followed into
//! the project's functions in the caller's context. What is left of it are [`Query`]s with the relations
//! that were read off their rows, and where.

use std::cmp::Reverse;
use std::hash::{Hash, Hasher};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use indexmap::{IndexMap, IndexSet};
use rayon::prelude::*;
use rustc_hash::{FxBuildHasher, FxHasher};
use tuneup_python::{ClassRef, FileId, FunctionRef, Project, Symbol};

use crate::schema::{ModelId, Relation, RelationId, Schema};
use crate::templates::Templates;
use crate::version::Version;

pub(crate) mod asks;
pub(crate) mod attributes;
pub(crate) mod calls;
pub(crate) mod circumstances;
mod class_members;
mod climbing;
pub(crate) mod conditions;
mod evaluating;
mod expressions;
mod following;
mod frame;
pub(crate) mod hazards;
mod inherited;
mod interned;
mod joining;
mod known;
mod loops;
pub(crate) mod machine;
mod made;
mod members;
mod objects;
mod parameters;
mod places;
mod plans;
mod python;
mod query;
mod querysets;
pub(crate) mod receivers;
mod recording;
mod rendering;
pub(crate) mod requests;
mod results;
mod resumed;
mod returned_rows;
pub(crate) mod roots;
mod row;
mod rows;
pub(crate) mod showing;
mod sql;
mod statements;
mod uniting;
pub mod value;
mod widening;
mod writes;

use asks::Asks;
pub use asks::Deferring;
pub use hazards::{Hazard, HazardKind};
pub use known::aside::Aside;
pub use known::behind::{Test, Tests};
pub use known::saving::TESTED as TESTED_WHILE_SAVING;
use machine::{Before, Machine};
pub use places::{Bound, Keyed, Places};
pub use querysets::is_queryset;
pub use showing::Doer;
pub use value::{Asked, Site, SiteForm, Step};

/// A set in the order in which it was filled.
pub type FxIndexSet<T> = IndexSet<T, FxBuildHasher>;

/// A map in the order in which it was filled.
pub type FxIndexMap<K, V> = IndexMap<K, V, FxBuildHasher>;

/// Into how many parts a project is split: each is interpreted on its own, whatever the number of threads, so
/// that the result does not depend on it.
const PARTS: usize = 16;

/// A place that makes a queryset, as one flow through the code sees it.
#[derive(Clone, Debug)]
pub struct Query {
    /// The chain expressions that the queryset went through, from the first.
    pub sites: Vec<Site>,
    /// The rows' model.
    pub model: ModelId,
    /// Where the rows come from.
    pub source: Source,
    /// Whether they are the related rows of a row that another function asked for.
    pub handed: bool,
    /// Whether they are the related rows of a row whose query prefetches them.
    pub prefetched: bool,
    /// Whether they are the related rows of a row that comes from code that is not seen.
    pub of_outside: bool,
    /// What it loads with its rows.
    pub plan: Plan,
    /// The last call in the chain that asked for some of that.
    pub planned: Option<Site>,
    /// What else was asked of it.
    pub asked: Asked,
    /// The relations that code reads off its rows.
    pub reads: Vec<Read>,
    /// Whether its rows are looped over.
    pub looped: bool,
    /// Whether they are looped over elsewhere than in a branch that ends its function before the rest of it.
    pub looped_openly: bool,
    /// Where its rows are looped over.
    pub loops: Vec<Site>,
    /// Those of its sites that are calls of functions which have asked for the rows: what is added there asks for them again.
    pub asked_before: Vec<Site>,
    /// What is written while they are.
    pub writes: Vec<Write>,
    /// Where related rows are saved after others of their model were written.
    pub saves: Vec<Save>,
    /// What code does with them that comes out otherwise where more is loaded with them.
    pub hazards: Vec<Hazard>,
    /// The functions that give its rows, once these are there, to those who call them; with the expression that asks for
    /// them, where they are related to the query's own.
    pub returned_by: Vec<(Option<Site>, FunctionRef)>,
    /// Foreign keys that Django joins by itself, which code that is not read may read of each of them.
    pub unseen: Vec<RelationId>,
}

/// Where rows come from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Source {
    /// A manager of the model.
    Manager,
    /// The related rows of another row.
    Related(RelationId),
    /// Code that is not seen.
    Outside,
}

/// What a query loads beside its own columns.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct Plan {
    /// Paths of `select_related`.
    pub select: Vec<Symbol>,
    /// `select_related()` without names.
    pub select_all: bool,
    /// Whether `select_all` is what Django does by itself unless code names joins.
    pub automatic: bool,
    /// Paths of `prefetch_related`.
    pub prefetch: Vec<Symbol>,
    /// Columns of `only`, where it was called.
    pub only: Option<Vec<Symbol>>,
    /// Columns of `defer`.
    pub defer: Vec<Symbol>,
    /// Some names of `select_related` or `only` are not known.
    pub select_unknown: bool,
    /// Some lookups of `prefetch_related` are not known.
    pub prefetch_unknown: bool,
    /// The lookups that have a queryset of their own, with the calls that give it to them.
    pub given: Vec<(Symbol, Site)>,
    /// Lookups that code loads onto the rows later, by a queryset of its own. What the query itself had loaded of them
    /// would take their place.
    pub later: Vec<Symbol>,
}

/// A relation read off a row.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Read {
    /// The relations from the query's row up to and with the one that is read.
    pub steps: Arc<[Step]>,
    /// Whether it happens once for every row.
    pub many: bool,
    /// Whether the query was asked for one row alone.
    pub alone: bool,
    /// The text of a row, `Book.title`, where only those read it that lack that.
    pub instead_of: Option<Symbol>,
    /// Why it may not happen for every row: a sentence.
    pub doubt: Option<Symbol>,
    /// What it happens in that is not all that the rows are there for, if anything.
    pub aside: Option<Aside>,
    /// The tests of a row behind which it happens, if any.
    pub behind: Option<Tests>,
    /// The expression that reads.
    pub site: Site,
    /// The class that declares the field for which it is read, where a serializer shows the row.
    pub shown_by: Option<ClassRef>,
}

/// Something written while rows are looped over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Write {
    /// The model that is written; nothing where SQL that code writes itself may write any.
    pub model: Option<ModelId>,
    /// The relation that is set on a row, where it is that.
    pub relation: Option<RelationId>,
    /// The many-to-many relation of which the table between is written, and none of the model's rows.
    pub between: Option<RelationId>,
    /// Whether it only makes rows, or what stands between two: those that are there stay as they are.
    pub makes: bool,
    /// The chain expression whose rows are looped over, where they are related to the query's own.
    pub within: Option<Site>,
    /// Where.
    pub site: Site,
}

impl Write {
    /// Whether it may change what rows that are there already have by a relation. A row that is made is none of theirs, where
    /// they hold its key themselves.
    pub fn changes(&self, relation: &Relation) -> bool {
        !self.makes || relation.is_reverse() || relation.to_many()
    }
}

/// A related row that is saved with all its columns, after others of its model were written.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Save {
    /// The relations from the query's row up to the one that is saved.
    pub steps: Vec<Step>,
    /// Where.
    pub site: Site,
    /// Where the others were written.
    pub after: Site,
}

/// The order of output: by place.
fn order(site: &Site) -> (usize, u32, u32) {
    (site.file.index(), site.range.start().to_u32(), site.range.end().to_u32())
}

/// What interpreting a part of the files found, with those on which the interpreter failed.
type Part = (Vec<Query>, uniting::SiteModels, Asks, Vec<FileId>);

/// Interprets all functions of the given files. The queries come in order of their places; with them the files
/// on which the interpreter failed.
pub(crate) fn find(
    project: &Project,
    schema: &Schema,
    templates: &Templates,
    version: &Version,
    files: &[FileId],
) -> (Vec<Query>, Asks, Vec<FileId>) {
    let (prefetched, changed) =
        (plans::PrefetchAttributes::default(), python::kept::changed_in_place(project, files));
    let (nothing, nobody) = (requests::Attributes::default(), receivers::Receivers::default());
    let before = Before {
        requests: &nothing,
        receivers: &nobody,
        prefetch_attributes: &prefetched,
        changed_in_place: &changed,
    };
    let requests = requests::attributes(project, schema, templates, version, before, files);
    let receivers = receivers::connected(project, schema, templates, version, before, files);
    let before = Before { requests: &requests, receivers: &receivers, ..before };
    let size = files.len().div_ceil(PARTS).max(1);
    // The longest first, so that no thread is left with one at the end.
    let mut parts: Vec<(usize, &[FileId])> = files.chunks(size).enumerate().collect();
    let exprs = |files: &[FileId]| files.iter().map(|&file| project.facts(file).exprs.len()).sum::<usize>();
    parts.sort_by_cached_key(|(_, files)| Reverse(exprs(files)));
    let mut parts: Vec<(usize, Part)> = parts
        .into_iter()
        .par_bridge()
        .map(|(index, files)| {
            let mut machine = Machine::new(project, schema, templates, version, before);
            let mut failed = Vec::new();
            for &file in files {
                // A fault of the interpreter costs the file that it met, and not the run.
                if catch_unwind(AssertUnwindSafe(|| machine.run_file(file))).is_err() {
                    machine.abandon();
                    failed.push(file);
                }
            }
            machine.forget_memos();
            let (queries, models) = (results::results(&machine), uniting::site_models(&machine));
            (index, (queries, models, Asks::of(&mut machine), failed))
        })
        .collect();
    parts.sort_by_key(|(index, _)| *index);
    let mut failed = Vec::new();
    let mut asks = Vec::new();
    let parts = parts.into_iter().map(|(_, (queries, models, asked, more))| {
        failed.extend(more);
        asks.push(asked);
        (queries, models)
    });
    let parts = parts.collect();
    (uniting::merge(parts), Asks::merged(asks), failed)
}

/// A stable number of an identity, for tests of determinism.
pub fn fingerprint(queries: &[Query]) -> u64 {
    let mut hasher = FxHasher::default();
    for query in queries {
        query.sites.iter().for_each(|site| order(site).hash(&mut hasher));
        query.reads.iter().for_each(|read| order(&read.site).hash(&mut hasher));
    }
    hasher.finish()
}
