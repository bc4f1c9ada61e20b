//! Related rows of which code reads nothing but the key, `book.author.id`: the row itself holds that, in `author_id`, so that
//! neither a query nor a join is needed.
//!
//! So it is only where the foreign key holds the other's primary key, is not null, and everything that reads at that place
//! is such a foreign key.

use ruff_text_size::TextRange;
use rustc_hash::FxHashMap;
use tuneup_django::Project;
use tuneup_django::queries::Site;
use tuneup_django::schema::{ModelId, RelationId, RelationKind};
use tuneup_python::Symbol;
use tuneup_python::flow::{Expr, ExprKind, FileFacts, StmtKind};

use super::{Gap, Key, is_own, key};

/// A relation of which code reads nothing but its key.
#[derive(Clone, Debug)]
pub(crate) struct KeyOnly {
    /// The relation.
    pub(crate) relation: RelationId,
    /// The model that has it.
    pub(crate) model: ModelId,
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
    let mut keys = Keys { project, relations: FxHashMap::default(), known: FxHashMap::default() };
    for query in &project.queries {
        for read in &query.reads {
            if let Some(last) = read.steps.last() {
                let relations = keys.relations.entry(key(&read.site)).or_default();
                if !relations.contains(&last.relation) {
                    relations.push(last.relation);
                }
            }
        }
    }
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
            let at = found.iter().position(|known| known.relation == relation).unwrap_or_else(|| {
                let model = project.schema.field(project.schema.relation(relation).field()).model();
                found.push(KeyOnly {
                    relation,
                    model,
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
    found
}

struct Keys<'p> {
    project: &'p Project,
    /// What is read at each place.
    relations: FxHashMap<Key, Vec<RelationId>>,
    known: FxHashMap<Key, Option<KeyRead>>,
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

    fn find(&self, reader: &Site) -> Option<KeyRead> {
        if !is_own(self.project, reader) || !self.relations.contains_key(&key(reader)) {
            return None;
        }
        let facts = self.project.source.facts(reader.file);
        let (whole, related, name) =
            facts.exprs.iter().enumerate().find_map(|(at, expr)| match expr.kind {
                ExprKind::Attribute(related, name) if facts.range(related) == reader.range => {
                    Some((Expr(at as u32), related, name))
                }
                _ => None,
            })?;
        let ExprKind::Attribute(row, relation_name) = facts.kind(related) else { return None };
        let relations = self.relations.get(&key(reader))?;
        if is_set(facts, whole) || !relations.iter().all(|&it| self.holds_key(it, relation_name, name)) {
            return None;
        }
        let range = TextRange::new(facts.range(row).end(), facts.range(whole).end());
        let site = Site { range: facts.range(whole), ..*reader };
        let parameter = match facts.kind(row) {
            ExprKind::Local(slot) => parameter(facts, reader, slot),
            _ => None,
        };
        Some(KeyRead { site, range, parameter })
    }

    /// Whether a row's relation of that name is a foreign key that holds what its target has under a name.
    fn holds_key(&self, relation: RelationId, relation_name: Symbol, name: Symbol) -> bool {
        let schema = &self.project.schema;
        let relation = schema.relation(relation);
        let field = schema.field(relation.field());
        let is_key = matches!(relation.kind(), RelationKind::ForeignKey | RelationKind::OneToOne)
            && !relation.is_reverse()
            && !relation.null()
            && relation.db_constraint()
            && field.custom_class().is_none()
            && field.name() == relation_name
            && field.keyword(&self.project.source, "to_field").is_none();
        let Some(target) = relation.target().filter(|_| is_key) else { return false };
        let mut fields = schema.all_fields(target).into_iter().map(|field| schema.field(field));
        let Some(primary) = fields.find(|field| field.primary_key().is_yes()) else { return false };
        primary.relation().is_none() && (name == "pk" || name == primary.name())
    }
}

/// Whether code puts something into an expression.
fn is_set(facts: &FileFacts, place: Expr) -> bool {
    facts.stmts.iter().any(|stmt| match stmt.kind {
        StmtKind::Assign(target, _)
        | StmtKind::Annotated { target, .. }
        | StmtKind::Augmented(target, ..)
        | StmtKind::Delete(target)
        | StmtKind::For { target, .. } => target == place,
        _ => false,
    })
}

/// The parameter of a function that a variable is, but for the `self` of a method and for what a lambda is given, which
/// stands beside it.
fn parameter(facts: &FileFacts, reader: &Site, slot: u32) -> Option<Symbol> {
    let function = facts.function(reader.function?);
    let parameters = facts.parameters(function.parameters);
    let is_self = slot == 0 && function.class.is_some();
    let is_lambda = function.name == "<lambda>";
    parameters.get(slot as usize).filter(|_| !is_self && !is_lambda).map(|parameter| parameter.name)
}
