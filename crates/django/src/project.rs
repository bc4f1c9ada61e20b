//! A Django project, read and understood: what transforms are given.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use rustc_hash::{FxHashMap, FxHashSet};
use tuneup_python::edit::Layout;
use tuneup_python::flow::{ClassId, FileFacts};
use tuneup_python::{Base, ClassRef, FileId, FunctionRef, LoadOptions, Problem, Stopwatch, Symbol};

use crate::apps::Apps;
use crate::frameworks;
use crate::mentions::Mentions;
use crate::migrations::Migrations;
use crate::migrations::concurrent::Concurrency;
use crate::nested::Nested;
use crate::packages::Packages;
use crate::predicates::Predicates;
use crate::queries::asks::{Asks, Deferring};
use crate::queries::{self, Doer, Places, Query, Site};
use crate::query_counts::{self, QueryCount};
use crate::requirements::Requirements;
use crate::routing::Routing;
use crate::schema::Schema;
use crate::settings::Settings;
use crate::templates::{self, Templates};
use crate::version::Version;

/// What to read, and how.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// The project's folder, or one file.
    pub root: PathBuf,
    /// An interpreter or virtual environment whose packages may be read.
    pub python: Option<PathBuf>,
    /// Paths to leave out, as in a `.gitignore`.
    pub exclude: Vec<String>,
    /// How many threads; 0 for one on each core.
    pub threads: usize,
    /// Django's version, where the project does not say it.
    pub django: Option<String>,
    /// The module of the production settings, where it is not the one that the project's deployment names.
    pub settings: Option<String>,
    /// Whether indexes are to be made while the database goes on writing, where every database can.
    pub concurrently: bool,
    /// Where an index of one column is to be declared.
    pub index_style: IndexStyle,
}

/// Where an index of one column is declared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IndexStyle {
    /// Where the project declares most of those that it has.
    #[default]
    AsTheProject,
    /// At the field, by `db_index=True`.
    Field,
    /// In the model's `Meta.indexes`.
    Meta,
}

/// The marks of files that count queries.
pub(crate) const COUNTS: usize = 0;
/// The marks of files that name what rows are kept in.
const KEEPS: usize = 1;

/// What a queryset keeps its rows in, and a row related ones.
pub const ROW_CACHES: [&str; 3] = ["_result_cache", "_iterable_class", "fields_cache"];

/// A Django project.
pub struct Project {
    /// Its Python source.
    pub source: tuneup_python::Project,
    /// Its settings in production.
    pub settings: Settings,
    /// Its models.
    pub schema: Schema,
    /// Which database its models are read from.
    pub routing: Routing,
    /// Its apps.
    pub apps: Apps,
    migrations: Migrations,
    /// How its indexes are to be made.
    pub concurrency: Concurrency,
    /// Where its indexes of one column are to be declared.
    pub index_style: IndexStyle,
    /// Its templates.
    pub templates: Templates,
    /// The Django version that it runs on.
    pub version: Version,
    /// Where it declares its packages.
    pub requirements: Requirements,
    /// The packages that it asks for.
    pub packages: Packages,
    /// Its queries, in order of their places.
    pub queries: Vec<Query>,
    asks: Asks,
    predicates: OnceLock<Predicates>,
    callers: OnceLock<FxHashMap<FunctionRef, Vec<FunctionRef>>>,
    extending: OnceLock<FxHashMap<ClassRef, Vec<ClassRef>>>,
    definitions: RwLock<FxHashMap<FileId, Arc<Definitions>>>,
    pub(crate) mentions: Mentions,
    pub(crate) query_counts: OnceLock<Vec<QueryCount>>,
    problems: Vec<Problem>,
    /// How long each phase took.
    pub stopwatch: Stopwatch,
}

/// The functions and classes of a file, but for lambdas.
struct Definitions {
    nested: Nested,
    names: Vec<Symbol>,
}

impl Definitions {
    fn of(facts: &FileFacts) -> Self {
        let functions = facts.functions.iter().map(|function| (function.range, function.qualname));
        let classes = facts.classes.iter().map(|class| (class.range, class.qualname));
        let named = functions.chain(classes).filter(|(_, name)| !name.as_str().ends_with("<lambda>"));
        let (ranges, names): (Vec<_>, Vec<_>) = named.unzip();
        Self { nested: Nested::new(ranges.into_iter().enumerate()), names }
    }
}

impl Project {
    /// Reads a project.
    pub fn load(options: Options, progress: Option<&(dyn Fn(usize, usize) + Sync)>) -> Self {
        let mut source = tuneup_python::Project::load(&LoadOptions {
            root: options.root,
            python: options.python,
            exclude: options.exclude,
            threads: options.threads,
            depth: &depth,
            progress,
            external_roots: frameworks::ROOTS,
            importers: frameworks::IMPORTERS,
            marks: &[&query_counts::COUNTING, &ROW_CACHES],
        });
        let mut stopwatch = source.stopwatch().clone();
        let settings = Settings::read(&source, options.settings.as_deref());
        stopwatch.lap("settings");
        let version = Version::find(&source, options.django.as_deref());
        let requirements = Requirements::find(&source);
        let packages = Packages::find(&source);
        let apps = Apps::find(&source);
        let schema = Schema::build(&source, &apps);
        let routing = Routing::find(&source, &settings, &schema);
        stopwatch.lap("schema");
        let files: Vec<FileId> = source
            .file_ids()
            .filter(|&file| depth(&source.file(file).path) == tuneup_python::Depth::Full)
            .collect();
        let texts = templates::texts(&source);
        source.set_parts(texts.iter().map(|text| text.file).collect());
        let templates = Templates::find(&source, &settings, texts);
        stopwatch.lap("find templates");
        let (queries, asks, failed) = queries::find(&source, &schema, &templates, &version, &files);
        stopwatch.lap("queries");
        templates.check_rest(&source);
        Layout::check_files(&source);
        stopwatch.lap("other files");
        let mut problems = source.problems().to_vec();
        problems.extend(failed.into_iter().map(|file| Problem {
            path: source.path(file).to_owned(),
            line: None,
            column: None,
            message: "internal error: what this file does was not followed to its end".to_owned(),
        }));
        let migrations = Migrations::find(&source, &apps);
        let concurrency = Concurrency::find(&source, &settings, options.concurrently);
        Self {
            source,
            settings,
            schema,
            routing,
            apps,
            migrations,
            concurrency,
            index_style: options.index_style,
            templates,
            version,
            requirements,
            packages,
            queries,
            asks,
            predicates: OnceLock::new(),
            callers: OnceLock::new(),
            extending: OnceLock::new(),
            definitions: RwLock::default(),
            mentions: Mentions::default(),
            query_counts: OnceLock::new(),
            problems,
            stopwatch,
        }
    }

    /// What could not be read or understood so far, sorted. Some files are read when a rule asks for them.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = self.problems.clone();
        problems.extend(self.source.unread());
        problems.sort();
        problems
    }

    /// Its apps' migrations.
    pub fn migrations(&self) -> &Migrations {
        &self.migrations
    }

    /// The querysets that leave columns out of their rows, in order of their places.
    pub fn deferring(&self) -> &[Deferring] {
        &self.asks.deferring
    }

    /// What certainly comes to the places at which it matters.
    pub fn places(&self) -> &Places {
        &self.asks.places
    }

    /// What the project's queries ask of columns. It is found out when it is first asked for.
    pub fn predicates(&self) -> &Predicates {
        self.predicates.get_or_init(|| Predicates::find(&self.source, &self.schema, &self.asks))
    }

    /// Which function calls which, as far as interpreting the project has followed calls.
    pub(crate) fn calls(&self) -> &FxHashSet<(FunctionRef, FunctionRef)> {
        &self.asks.edges
    }

    /// The functions and templates that call a function, as far as interpreting the project has followed calls, by file and
    /// place. It is none of its own.
    pub fn callers(&self, function: FunctionRef) -> &[FunctionRef] {
        let callers = self.callers.get_or_init(|| {
            let mut callers: FxHashMap<FunctionRef, Vec<FunctionRef>> = FxHashMap::default();
            let mut calls: Vec<(FunctionRef, FunctionRef)> = self.calls().iter().copied().collect();
            calls.sort_unstable_by_key(|(caller, _)| (caller.file.index(), caller.id.0));
            for (caller, callee) in calls.into_iter().filter(|(caller, callee)| caller != callee) {
                callers.entry(callee).or_default().push(caller);
            }
            callers
        });
        callers.get(&function).map_or(&[], Vec::as_slice)
    }

    /// What comes to a function, or to a class that shows objects, in one step: those that call it or have it show something.
    /// They come in no order.
    pub fn doers_before(&self, doer: Doer) -> Vec<Doer> {
        match doer {
            Doer::Class(class) => self.asks.showing.showers(class).collect(),
            Doer::Function(function) => {
                let callers = self.callers(function).iter().map(|&caller| Doer::Function(caller));
                callers.chain(self.asks.showing.callers(function)).collect()
            }
        }
    }

    /// Whether a framework calls a function to answer a request.
    pub fn is_served(&self, function: FunctionRef) -> bool {
        self.asks.served.contains(&function)
    }

    /// A class and those that extend it, but for classes of tests, by file and place.
    pub fn extending(&self, class: ClassRef) -> &[ClassRef] {
        let extending = self.extending.get_or_init(|| {
            let mut extending: FxHashMap<ClassRef, Vec<ClassRef>> = FxHashMap::default();
            // No facts are made of tests.
            for file in self.source.file_ids().filter(|&file| !self.is_aside(file)) {
                for id in 0..self.source.facts(file).classes.len() as u32 {
                    let class = ClassRef { file, id: ClassId(id) };
                    for base in self.source.mro(class) {
                        if let Base::Class(base) = *base {
                            extending.entry(base).or_default().push(class);
                        }
                    }
                }
            }
            extending
        });
        extending.get(&class).map_or(&[], Vec::as_slice)
    }

    /// The definition that encloses a site, qualified within its module; empty at module level.
    pub fn symbol(&self, site: &Site) -> &'static str {
        let known = self.definitions.read().unwrap_or_else(PoisonError::into_inner).get(&site.file).cloned();
        let definitions = known.unwrap_or_else(|| {
            let made = Arc::new(Definitions::of(self.source.facts(site.file)));
            let mut all = self.definitions.write().unwrap_or_else(PoisonError::into_inner);
            all.insert(site.file, Arc::clone(&made));
            made
        });
        let innermost = definitions.nested.around(site.range).next();
        innermost.map_or("", |at| definitions.names[at].as_str())
    }

    /// The files of the project's own, tests and migrations among them, whose text has a name of [`ROW_CACHES`]. Most files of
    /// tests are made nothing of, and to look for a name is no reason to.
    pub fn naming_what_keeps_rows(&self) -> impl Iterator<Item = FileId> {
        let is_it = |&file: &FileId| {
            let file = self.source.file(file);
            file.is_marked(KEEPS) && !file.is_third_party
        };
        self.source.file_ids().filter(is_it)
    }

    /// Whether a file holds tests or migrations.
    pub fn is_aside(&self, file: FileId) -> bool {
        is_aside(self.path(file))
    }

    /// A file's path, relative to the root.
    pub fn path(&self, file: FileId) -> &str {
        self.source.path(file)
    }
}

/// Tests and migrations are read for their errors and when a name reaches them; what they do with rows
/// costs nothing in production.
pub(crate) fn depth(path: &str) -> tuneup_python::Depth {
    if is_aside(path) { tuneup_python::Depth::OnDemand } else { tuneup_python::Depth::Full }
}

/// Folders of tests.
const TESTS: &[&str] = &[
    "functional_tests",
    "integration_tests",
    "test",
    "testing",
    "tests",
    "unit_tests",
    "unittest",
    "unittests",
];

/// Whether a file holds tests or migrations.
pub(crate) fn is_aside(path: &str) -> bool {
    let (folders, name) = path.rsplit_once('/').unwrap_or(("", path));
    let is_aside = |part: &str| TESTS.contains(&part) || matches!(part, "migrations" | "south_migrations");
    let is_test = name.starts_with("test_")
        || name.ends_with("_test.py")
        || matches!(name, "tests.py" | "conftest.py" | "factories.py");
    is_test || folders.split('/').any(is_aside)
}
