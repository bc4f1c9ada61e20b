//! Related rows of which code reads nothing but the key, `book.author.id`: the row itself holds that, in `author_id`, so that
//! neither a query nor a join is needed.
//!
//! So it is only where the foreign key holds the other's primary key, is not null, and everything that comes to that place
//! is a row with such a foreign key: a plain object has no `author_id`.

use ruff_text_size::TextRange;
use rustc_hash::{FxHashMap, FxHashSet};
use tuneup_django::Project;
use tuneup_django::queries::Site;
use tuneup_django::schema::{ModelId, RelationId, RelationKind};
use tuneup_python::flow::{Expr, ExprKind, FileFacts, FunctionId, StmtKind};
use tuneup_python::{FileId, FunctionRef, Symbol};

use super::{Gap, Key, is_own, key};

/// A relation of which code reads nothing but its key.
#[derive(Clone, Debug)]
pub(crate) struct KeyOnly {
    /// The relation.
    pub(crate) relation: RelationId,
    /// The model that has it.
    pub(crate) model: ModelId,
    /// Whether it is certain that rows come to all of the places.
    is_sure: bool,
    /// The places that read it.
    pub(crate) reads: Vec<KeyRead>,
    /// The queries whose rows they read it of, and where these are looped over.
    pub(crate) queries: Vec<Site>,
    pub(crate) loops: Vec<Site>,
}

/// A place that reads the key of a related row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeyRead {
    /// The whole expression: `book.author.id`.
    pub(crate) site: Site,
    /// What is another then: `.author.id`.
    pub(crate) range: TextRange,
    /// The parameter that it is read off, where it is one, other than `self`.
    pub(crate) parameter: Option<Symbol>,
}

/// Takes out of the gaps what is read for its key alone.
pub(super) fn take(project: &Project, gaps: &mut [Gap]) -> Vec<KeyOnly> {
    let mut keys = Keys { project, files: FxHashMap::default(), known: FxHashMap::default() };
    let mut found: Vec<KeyOnly> = Vec::new();
    for gap in gaps {
        if gap.only.is_some() || !gap.deferred.is_empty() || gap.asked.raw || gap.asked.values {
            continue;
        }
        let (site, loops) = (gap.site, gap.loops.clone());
        gap.missing.retain(|missing| {
            let Some(&relation) = missing.relations.last().filter(|_| !missing.automatic) else {
                return true;
            };
            let reads: Option<Vec<KeyRead>> =
                missing.readers.iter().map(|reader| keys.read(reader)).collect();
            let Some(reads) = reads.filter(|reads| !reads.is_empty()) else { return true };
            let is_sure = reads.iter().all(|read| read.parameter.is_none());
            let is_it = |known: &KeyOnly| (known.relation, known.is_sure) == (relation, is_sure);
            let at = found.iter().position(is_it).unwrap_or_else(|| {
                let model = project.schema.field(project.schema.relation(relation).field()).model();
                found.push(KeyOnly {
                    relation,
                    model,
                    is_sure,
                    reads: Vec::new(),
                    queries: Vec::new(),
                    loops: Vec::new(),
                });
                found.len() - 1
            });
            let known = &mut found[at];
            for read in reads {
                if !known.reads.iter().any(|other| other.site == read.site) {
                    known.reads.push(read);
                }
            }
            known.queries.push(site);
            known.loops.extend(&loops);
            false
        });
    }
    for only in &mut found {
        only.reads.sort_by_key(|read| key(&read.site));
    }
    united(project, found)
}

/// With those as one that are the same relation's and begin in one function.
fn united(project: &Project, all: Vec<KeyOnly>) -> Vec<KeyOnly> {
    let start = |only: &KeyOnly| only.reads.first().map(|it| (it.site.file, project.symbol(&it.site)));
    let mut found: Vec<KeyOnly> = Vec::new();
    for only in all {
        let is_it = |known: &&mut KeyOnly| known.relation == only.relation && start(known) == start(&only);
        let Some(known) = found.iter_mut().find(is_it) else {
            found.push(only);
            continue;
        };
        for read in only.reads {
            if !known.reads.iter().any(|other| other.site == read.site) {
                known.reads.push(read);
            }
        }
        known.reads.sort_by_key(|read| key(&read.site));
        known.is_sure &= only.is_sure;
        known.queries.extend(only.queries);
        known.loops.extend(only.loops);
    }
    found
}

struct Keys<'p> {
    project: &'p Project,
    files: FxHashMap<FileId, File>,
    known: FxHashMap<Key, Option<KeyRead>>,
}

/// What a file reads of what it has read: `author.id`, of `book.author.id`.
#[derive(Default)]
struct File {
    /// The whole expressions, by where the first of the two ends.
    beyond: FxHashMap<TextRange, Expr>,
    /// Places that code puts something into.
    set: FxHashSet<Expr>,
    /// Code that is text as well: `f"{book.author.id=}"`.
    shown: Vec<TextRange>,
    /// Lambdas that stand among the arguments of a call, and where that is.
    arguments: FxHashMap<FunctionId, TextRange>,
}

impl File {
    fn of(facts: &FileFacts) -> Self {
        let mut file = Self::default();
        for (at, expr) in facts.exprs.iter().enumerate() {
            match expr.kind {
                ExprKind::Attribute(related, _) if matches!(facts.kind(related), ExprKind::Attribute(..)) => {
                    file.beyond.entry(facts.range(related)).or_insert(Expr(at as u32));
                }
                ExprKind::FString(parts) | ExprKind::Opaque(parts) => {
                    let is_text = |part| matches!(facts.kind(part), ExprKind::Str(_) | ExprKind::FString(_));
                    file.shown.extend(facts.list(parts).windows(2).filter_map(|pair| {
                        let text = facts.range(pair[0]);
                        (is_text(pair[0]) && text.contains_range(facts.range(pair[1]))).then_some(text)
                    }));
                }
                ExprKind::Call(_, arguments) => {
                    let values = facts.arguments(arguments).iter().map(|argument| argument.value);
                    file.arguments.extend(values.filter_map(|value| match facts.kind(value) {
                        ExprKind::Lambda(id) => Some((id, expr.range)),
                        _ => None,
                    }));
                }
                _ => {}
            }
        }
        file.set.extend(facts.stmts.iter().filter_map(|stmt| match stmt.kind {
            StmtKind::Assign(target, _)
            | StmtKind::Annotated { target, .. }
            | StmtKind::Augmented(target, ..)
            | StmtKind::Delete(target)
            | StmtKind::For { target, .. } => Some(target),
            _ => None,
        }));
        file
    }
}

impl Keys<'_> {
    /// The read of a key that goes on from a place where a relation is read.
    fn read(&mut self, reader: &Site) -> Option<KeyRead> {
        let at = key(reader);
        if let Some(known) = self.known.get(&at) {
            return *known;
        }
        let read = self.find(reader);
        self.known.insert(at, read);
        read
    }
    fn find(&mut self, reader: &Site) -> Option<KeyRead> {
        if !is_own(self.project, reader) {
            return None;
        }
        let project = self.project;
        let facts = project.source.facts(reader.file);
        let file = self.files.entry(reader.file).or_insert_with(|| File::of(facts));
        let whole = *file.beyond.get(&reader.range)?;
        let ExprKind::Attribute(related, name) = facts.kind(whole) else { return None };
        let ExprKind::Attribute(row, relation_name) = facts.kind(related) else { return None };
        let site = Site { range: facts.range(whole), ..*reader };
        if file.set.contains(&whole) || file.shown.iter().any(|text| text.contains_range(site.range)) {
            return None;
        }
        let keyed = project.places().keyed(reader.file, related)?;
        if keyed.relations.is_empty()
            || !keyed.relations.iter().all(|&it| holds_key(project, it, relation_name, name))
        {
            return None;
        }
        let given = given(facts, reader, row);
        if keyed.is_other || keyed.is_unknown && given.is_none() {
            return None;
        }
        // What Python calls on elements is given nothing else.
        let parameter = given.filter(|_| {
            let is_on_elements = |id: FunctionId| {
                let function = FunctionRef { file: reader.file, id };
                let call = file.arguments.get(&id);
                call.is_some_and(|&call| project.places().is_called_on_elements(function, call))
            };
            !reader.function.is_some_and(is_on_elements)
        });
        let range = TextRange::new(facts.range(row).end(), site.range.end());
        Some(KeyRead { site, range, parameter })
    }
}

/// Whether a row's relation of that name is a foreign key that holds what its target has under a name.
fn holds_key(project: &Project, relation: RelationId, relation_name: Symbol, name: Symbol) -> bool {
    let schema = &project.schema;
    let relation = schema.relation(relation);
    let field = schema.field(relation.field());
    let is_key = matches!(relation.kind(), RelationKind::ForeignKey | RelationKind::OneToOne)
        && !relation.is_reverse()
        && !relation.null()
        && relation.db_constraint()
        && field.custom_class().is_none()
        && field.name() == relation_name
        && field.keyword(&project.source, "to_field").is_none();
    let Some(target) = relation.target().filter(|_| is_key) else { return false };
    let mut fields = schema.all_fields(target).into_iter().map(|field| schema.field(field));
    let Some(primary) = fields.find(|field| field.primary_key().is_yes()) else { return false };
    primary.relation().is_none() && (name == "pk" || name == primary.name())
}

/// The parameter of a function off which something is read, but for the `self` of a method.
fn given(facts: &FileFacts, reader: &Site, row: Expr) -> Option<Symbol> {
    let mut at = row;
    let slot = loop {
        at = match facts.kind(at) {
            ExprKind::Attribute(base, _) => base,
            ExprKind::Local(slot) => break slot,
            _ => return None,
        };
    };
    let function = facts.function(reader.function?);
    let parameters = facts.parameters(function.parameters);
    let is_static =
        |&decorator: &Expr| matches!(facts.kind(decorator), ExprKind::Global(name) if name == "staticmethod");
    let is_self =
        slot == 0 && function.class.is_some() && !facts.list(function.decorators).iter().any(is_static);
    parameters.get(slot as usize).filter(|_| !is_self).map(|parameter| parameter.name)
}
