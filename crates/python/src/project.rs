//! A Python project, read once and linked.

mod unread;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError, RwLock};

use elsa::sync::FrozenVec;
use memchr::memmem::Finder;
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::flow::FileFacts;
use crate::flow::lower;
use crate::names::{Environment, FileId, Importer, Memo, NameIndex, Roots, Tree};
use crate::source::{Discovered, Fault, MAX_FILE_SIZE, SourceText};
use crate::source::{content_hash, discover, regular, relative, with_parsed, work_tree};
use crate::stopwatch::Stopwatch;
use crate::symbol::Symbol;

/// How much is made of a file when a project is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// Parsed, and its facts kept.
    Full,
    /// Parsed for its errors; its facts are made when a name reaches it.
    OnDemand,
}

/// What to load, and how.
pub struct LoadOptions<'a> {
    /// The project's folder, or a single file.
    pub root: PathBuf,
    /// An interpreter, or an environment's folder, whose installed packages names may lead to. Without it, an
    /// environment beside the project, or the active one.
    pub python: Option<PathBuf>,
    /// Patterns of files and folders to leave out, as lines of a `.gitignore` at the root.
    pub exclude: Vec<String>,
    /// How many threads; 0 for one on each core.
    pub threads: usize,
    /// By path, how much is made of a file.
    pub depth: &'a (dyn Fn(&str) -> Depth + Sync),
    /// Installed packages that are not read: their names stay external.
    pub external_roots: &'a [&'a str],
    /// Functions of packages that import by texts.
    pub importers: &'static [Importer],
    /// Groups of texts by which files are found again, as [`SourceFile::is_marked`]; eight at most.
    pub marks: &'a [&'a [&'a str]],
    /// Told how many files are done, and of how many.
    pub progress: Option<&'a (dyn Fn(usize, usize) + Sync)>,
}

impl LoadOptions<'_> {
    /// All of a folder, every file in full.
    pub fn new(root: impl Into<PathBuf>) -> Self {
        Self {
            root: root.into(),
            python: None,
            exclude: Vec::new(),
            threads: 0,
            depth: &|_| Depth::Full,
            external_roots: &[],
            importers: &[],
            marks: &[],
            progress: None,
        }
    }
}

/// Something that was not read, or not fully.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file, from the root with `/`.
    pub path: String,
    /// The line, from 1.
    pub line: Option<u32>,
    /// The column in characters, from 1.
    pub column: Option<u32>,
    /// What is wrong, for a person.
    pub message: String,
}

impl Problem {
    pub(crate) fn of_file(path: impl Into<String>, message: impl Into<String>) -> Self {
        Self { path: path.into(), line: None, column: None, message: message.into() }
    }

    fn of_fault(path: &str, fault: Fault) -> Self {
        Self {
            path: path.to_owned(),
            line: fault.position.map(|position| position.line),
            column: fault.position.map(|position| position.column),
            message: fault.message,
        }
    }
}

/// A Python file.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// Its path from the root, with `/`. Of an installed file, the absolute path.
    pub path: String,
    /// Its module's dotted name.
    pub module: Symbol,
    /// Whether it is an `__init__.py`.
    pub is_package: bool,
    /// A hash of its bytes.
    pub hash: u64,
    /// How many bytes it has.
    pub len: u32,
    /// Whether it is an installed package's and not the project's.
    pub is_third_party: bool,
    /// Of which groups of [`LoadOptions::marks`] its text has one, as bits.
    marks: u8,
}

impl SourceFile {
    /// Whether its text has one of a group of [`LoadOptions::marks`].
    pub fn is_marked(&self, group: usize) -> bool {
        self.marks & 1 << group != 0
    }
}

/// A file that is not Python.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherFile {
    /// Its path from the root, with `/`.
    pub path: String,
    /// How many bytes it has.
    pub size: u64,
    /// Why it cannot be read, where that is plain from what has its name: a pipe, a link that leads out of the project.
    /// [`Project::read_other`] tells of it once it is asked for.
    pub fault: Option<String>,
}

impl OtherFile {
    /// Whether it is a file, as far as can be told without reading it.
    pub fn is_file(&self) -> bool {
        self.fault.is_none()
    }
}

/// What is made of a file when it is asked for.
#[derive(Default)]
pub(crate) struct Made {
    // Boxed, for most are of tests and migrations and stay empty.
    facts: OnceLock<Box<FileFacts>>,
    index: OnceLock<NameIndex>,
}

/// An installed file that a name reached.
struct Reached {
    file: SourceFile,
    made: Made,
}

/// A Python project: its files, what stays of each, and what names mean across them. Its text is not
/// kept; [`Project::source`] reads a file again.
///
/// Every lookup can be made from many threads, and gives the same answer in any order.
pub struct Project {
    root: PathBuf,
    files: Vec<SourceFile>,
    made: Vec<Made>,
    others: Vec<OtherFile>,
    parts: Vec<FileId>,
    problems: Vec<Problem>,
    /// What was asked for later and could not be read, by path.
    unread: Mutex<BTreeMap<String, Problem>>,
    stopwatch: Stopwatch,
    external_roots: FxHashSet<String>,
    importers: &'static [Importer],
    modules: FxHashMap<Symbol, FileId>,
    by_path: FxHashMap<String, FileId>,
    reached: FrozenVec<Box<Reached>>,
    reached_by_path: RwLock<FxHashMap<PathBuf, Option<FileId>>>,
    pub(crate) tree: Tree,
    pub(crate) roots: Roots,
    pub(crate) environment: Environment,
    pub(crate) memo: Memo,
}

impl Project {
    /// Reads and links a project. What cannot be read becomes a [`Problem`].
    pub fn load(options: &LoadOptions<'_>) -> Self {
        let threads = match options.threads {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            threads => threads,
        };
        let mut stopwatch = Stopwatch::start();
        let given = options.root.canonicalize().unwrap_or_else(|_| options.root.clone());
        let (root, found) = find(&given, options, threads);
        stopwatch.lap("find files");
        let Discovered { python, others, links, mut problems } = found;

        let read = read_all(&root, &python, options, threads);
        stopwatch.lap("read, parse and lower");
        let (mut files, mut made) = (Vec::with_capacity(python.len()), Vec::with_capacity(python.len()));
        for (path, outcome) in python.into_iter().zip(read) {
            match outcome {
                Ok(Read { hash, len, marks, facts }) => {
                    files.push(SourceFile {
                        module: Symbol::new(""),
                        is_package: path == "__init__.py" || path.ends_with("/__init__.py"),
                        path,
                        hash,
                        len,
                        is_third_party: false,
                        marks,
                    });
                    made.push(Made::of(facts));
                }
                Err(fault) => problems.push(Problem::of_fault(&path, fault)),
            }
        }

        let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
        let tree = Tree::new(paths.iter().copied(), links);
        let mut roots = Roots::new(&tree, paths.iter().copied());
        let facts = (0..).map(FileId).zip(&made);
        let facts = facts.filter_map(|(file, made)| Some((file, &**made.facts.get()?)));
        let names = roots.link(&tree, &paths, facts, name_of_root(&root, &tree));
        let environment = environment(&root, &roots, options).unwrap_or_else(|message| {
            problems.push(Problem::of_file("", message));
            Environment::default()
        });
        problems.sort();
        problems.dedup();

        let mut modules = FxHashMap::default();
        let mut by_path = FxHashMap::default();
        for ((number, file), name) in (0..).zip(&mut files).zip(names) {
            file.module = name;
            modules.entry(name).or_insert(FileId(number));
            by_path.insert(file.path.clone(), FileId(number));
        }
        stopwatch.lap("link modules");
        Self {
            root,
            files,
            made,
            others,
            parts: Vec::new(),
            problems,
            unread: Mutex::default(),
            stopwatch,
            importers: options.importers,
            external_roots: options.external_roots.iter().map(|&root| root.to_owned()).collect(),
            modules,
            by_path,
            reached: FrozenVec::default(),
            reached_by_path: RwLock::default(),
            tree,
            roots,
            environment,
            memo: Memo::default(),
        }
    }

    /// The project's folder, absolute.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The project's Python files, sorted by path; positions are their [`FileId`]s.
    pub fn files(&self) -> &[SourceFile] {
        &self.files
    }

    /// The numbers of the project's Python files, in order.
    pub fn file_ids(&self) -> impl ExactSizeIterator<Item = FileId> + use<> {
        (0..self.files.len() as u32).map(FileId)
    }

    /// The project's Python file at a path from the root.
    pub fn file_at(&self, path: &str) -> Option<FileId> {
        self.by_path.get(path).copied()
    }

    /// Every other file that was discovered, sorted by path.
    pub fn others(&self) -> &[OtherFile] {
        &self.others
    }

    /// What was not read when the project was loaded, sorted.
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }

    /// How long the phases of loading took.
    pub fn stopwatch(&self) -> &Stopwatch {
        &self.stopwatch
    }

    /// The folders of the packages that are installed beside the project.
    pub fn site_packages(&self) -> &[PathBuf] {
        self.environment.sites()
    }

    /// A file.
    pub fn file(&self, file: FileId) -> &SourceFile {
        match self.files.get(file.index()) {
            Some(file) => file,
            None => &self.reached(file).file,
        }
    }

    /// Counts texts within Python files that an upper layer reads as files of their own: the `n`-th has the number
    /// after those of [`Self::others`], and the path of the file that it stands in.
    pub fn set_parts(&mut self, files: Vec<FileId>) {
        self.parts = files;
    }

    /// The path of a file from the root, also of one that is not Python.
    pub fn path(&self, file: FileId) -> &str {
        let Some(other) = file.as_other() else { return &self.file(file).path };
        match self.others.get(other) {
            Some(other) => &other.path,
            None => {
                let part = self.parts.get(other.saturating_sub(self.others.len()));
                part.map_or("", |&file| &self.file(file).path)
            }
        }
    }

    /// The text of any file, by its path from the root, read again.
    pub fn text_at(&self, path: &str) -> Result<SourceText, Problem> {
        match self.file_at(path) {
            Some(file) => self.source(file),
            None => self.read_other(path),
        }
    }

    /// What stays of a file. Where it was not made at load and the file has changed since, the facts of an empty file.
    pub fn facts(&self, file: FileId) -> &FileFacts {
        self.made(file).facts.get_or_init(|| {
            self.source(file)
                .ok()
                .and_then(|source| with_parsed(&source, |parsed| Box::new(lower(source.text(), parsed))).ok())
                .unwrap_or_default()
        })
    }

    /// Whether a file may have one of these texts in its code. What has none need not be made facts of.
    pub fn may_have(&self, file: FileId, texts: &[&str]) -> bool {
        self.made(file).facts.get().is_some()
            || self.source(file).is_ok_and(|source| texts.iter().any(|text| source.text().contains(text)))
    }

    /// The names that a file binds, by text.
    pub(crate) fn index(&self, file: FileId) -> &NameIndex {
        self.made(file).index.get_or_init(|| NameIndex::new(self.facts(file)))
    }

    fn made(&self, file: FileId) -> &Made {
        match self.made.get(file.index()) {
            Some(made) => made,
            None => &self.reached(file).made,
        }
    }

    fn reached(&self, file: FileId) -> &Reached {
        self.reached
            .get(file.index() - self.files.len())
            .expect("a file's number is only made by the project that has it")
    }

    /// Where a file is on disk.
    pub fn absolute_path(&self, file: FileId) -> PathBuf {
        self.root.join(&self.file(file).path)
    }

    /// A file's text, read again. An error if it has changed since the project was loaded.
    pub fn source(&self, file: FileId) -> Result<SourceText, Problem> {
        let SourceFile { path, hash, .. } = self.file(file);
        let fault = |fault| Problem::of_fault(path, fault);
        let bytes = read_bytes(&self.root.join(path)).map_err(fault)?;
        if content_hash(&bytes) != *hash {
            return Err(Problem::of_file(path, "the file has changed since it was read"));
        }
        SourceText::from_python(bytes).map_err(fault)
    }

    /// The bytes of any file, by its path from the root; none where there is no such file.
    pub fn bytes(&self, path: &str) -> Result<Option<Vec<u8>>, Problem> {
        let whole = self.root.join(path);
        if !whole.exists() {
            return Ok(None);
        }
        read_bytes(&whole).map(Some).map_err(|fault| Problem::of_fault(path, fault))
    }

    /// The project's own module of this canonical name.
    pub(crate) fn own_module(&self, dotted: Symbol) -> Option<FileId> {
        self.modules.get(&dotted).copied()
    }

    /// Functions of packages that import by texts.
    pub(crate) fn importers(&self) -> &'static [Importer] {
        self.importers
    }

    /// Whether a dotted name is of a package that is not read.
    pub(crate) fn stays_external(&self, dotted: &str) -> bool {
        let first = dotted.split_once('.').map_or(dotted, |(first, _)| first);
        self.external_roots.contains(first)
    }

    /// The number of an installed file, which is read now if it has not been. Nothing where it is no valid Python.
    pub(crate) fn reach(&self, path: &Path) -> Option<FileId> {
        let known = self.reached_by_path.read().unwrap_or_else(PoisonError::into_inner).get(path).copied();
        if let Some(known) = known {
            return known;
        }
        if let Ok(real) = path.canonicalize()
            && let Some(below) = relative(&self.root, &real)
            && let Some(own) = self.file_at(&below)
        {
            return Some(own);
        }
        let reached = self.read_installed(path);
        let mut by_path = self.reached_by_path.write().unwrap_or_else(PoisonError::into_inner);
        // Another thread may have been faster: then its number stands.
        *by_path.entry(path.to_owned()).or_insert_with(|| {
            let number = self.files.len() + self.reached.push_get_index(Box::new(reached?));
            Some(FileId(u32::try_from(number).ok()?))
        })
    }

    fn read_installed(&self, path: &Path) -> Option<Reached> {
        let Read { hash, len, facts, .. } = read(path, Depth::Full, &[]).ok()?;
        Some(Reached {
            file: SourceFile {
                path: path.to_str()?.replace('\\', "/"),
                module: Symbol::new(&self.environment.module_name(path)?),
                is_package: path.file_name().is_some_and(|name| name == "__init__.py"),
                hash,
                len,
                is_third_party: true,
                marks: 0,
            },
            made: Made::of(facts),
        })
    }
}

impl Made {
    fn of(facts: Option<Box<FileFacts>>) -> Self {
        let made = Self::default();
        if let Some(facts) = facts {
            // A new lock is empty.
            let _ = made.facts.set(facts);
        }
        made
    }
}

/// The folder of the project, and its files.
fn find(given: &Path, options: &LoadOptions<'_>, threads: usize) -> (PathBuf, Discovered) {
    let mut found = Discovered::default();
    if given.is_dir() {
        found = discover(given, &options.exclude, threads);
        return (given.to_owned(), found);
    }
    let root = given.parent().unwrap_or(given).to_owned();
    match (given.metadata(), relative(&root, given)) {
        (Ok(metadata), Some(path)) => found.add(path, metadata.len()),
        (Err(error), _) => {
            let shown = options.root.to_string_lossy();
            found.problems.push(Problem::of_file(shown, error.to_string()));
        }
        (Ok(_), None) => {
            let shown = given.to_string_lossy();
            let message = "the file's name is not valid Unicode";
            found.problems.push(Problem::of_file(shown, message));
        }
    }
    (root, found)
}

/// What was read of a file.
struct Read {
    hash: u64,
    len: u32,
    marks: u8,
    facts: Option<Box<FileFacts>>,
}

fn read_all(
    root: &Path,
    paths: &[String],
    options: &LoadOptions<'_>,
    threads: usize,
) -> Vec<Result<Read, Fault>> {
    let done = AtomicUsize::new(0);
    let marks: Vec<Vec<Finder<'_>>> =
        options.marks.iter().map(|group| group.iter().map(Finder::new).collect()).collect();
    let one = |path: &String| {
        let outcome = read(&root.join(path), (options.depth)(path), &marks);
        let done = done.fetch_add(1, Ordering::Relaxed) + 1;
        if let Some(progress) = options.progress {
            progress(done, paths.len());
        }
        outcome
    };
    // Memory that a thread lets go of serves that thread again: what comes after is best done by the same ones.
    if rayon::current_num_threads() == threads {
        return paths.par_iter().map(one).collect();
    }
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        // Large enough for the deepest tree, so that no file has to be given a stack of its own.
        .stack_size(64 * 1024 * 1024)
        .build();
    match pool {
        Ok(pool) => pool.install(|| paths.par_iter().map(one).collect()),
        Err(_) => paths.iter().map(one).collect(),
    }
}

fn read(path: &Path, depth: Depth, marks: &[Vec<Finder<'_>>]) -> Result<Read, Fault> {
    let bytes = read_bytes(path)?;
    let hash = content_hash(&bytes);
    let len = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    let source = SourceText::from_python(bytes)?;
    let has = |mark: &Finder<'_>| mark.find(source.text().as_bytes()).is_some();
    let marks = (0..).zip(marks).fold(0, |all, (at, group)| all | u8::from(group.iter().any(has)) << at);
    let facts = with_parsed(&source, |parsed| {
        (depth == Depth::Full).then(|| Box::new(lower(source.text(), parsed)))
    })?;
    Ok(Read { hash, len, marks, facts })
}

fn read_bytes(path: &Path) -> Result<Vec<u8>, Fault> {
    let io = |error: std::io::Error| Fault::new(error.to_string());
    if fs::metadata(path).map_err(io)?.len() > MAX_FILE_SIZE {
        let limit = MAX_FILE_SIZE / (1024 * 1024);
        return Err(Fault::new(format!("larger than {limit} MB")));
    }
    regular::read(path).map_err(io)
}

/// The dotted name by which the root itself is imported, where it may be a package.
fn name_of_root(root: &Path, tree: &Tree) -> Option<String> {
    if !tree.is_package("") {
        return None;
    }
    let mut parts = Vec::new();
    for folder in root.ancestors() {
        if !folder.join("__init__.py").is_file() {
            break;
        }
        parts.push(folder.file_name()?.to_str()?);
    }
    parts.reverse();
    Some(parts.join("."))
}

fn environment(root: &Path, roots: &Roots, options: &LoadOptions<'_>) -> Result<Environment, String> {
    // Beside the root, above it in the same repository, beside the programs in it.
    let top = work_tree(root).map_or_else(|| root.to_owned(), |(top, _)| top);
    let above = root.ancestors().take_while(|folder| folder.starts_with(&top)).map(Path::to_owned);
    let beside = roots.shared().iter().map(|folder| root.join(folder));
    Environment::discover(options.python.as_deref(), above.chain(beside))
}
