//! Related rows of which code reads nothing but the key, `book.author.id`: the row itself holds that, in `author_id`, so that
//! neither a query nor a join is needed.
//!
//! So it is only where the foreign key holds the other's primary key, is not null, and everything that comes to that place
//! is certainly a row with such a foreign key, for a plain object has no `author_id`: the variable of a loop over a queryset,
//! which nothing else binds, `self` of a model's method, and what foreign keys lead to from these. A list may be filled under
//! another name, and a function be called from where nobody sees it: what comes out of them is joined.

use ruff_text_size::TextRange;
use rustc_hash::FxHashMap;
use tuneup_django::queries::{Bound, FxIndexMap, FxIndexSet, Site};
use tuneup_django::schema::{ModelAttribute, ModelId, RelationId, RelationKind};
use tuneup_django::{Project, ROW_CACHES};
use tuneup_python::flow::{Argument, ArgumentKind, Expr, ExprKind, FileFacts, FunctionId, StmtKind};
use tuneup_python::{Base, ClassRef, FileId, SourceText, Symbol};

use super::{Gap, Key, is_own, key};

/// A relation of which code reads nothing but its key.
#[derive(Clone, Debug)]
pub(crate) struct KeyOnly {
    /// The relation.
    pub(crate) relation: RelationId,
    /// The model that has it.
    pub(crate) model: ModelId,
    /// The places that read it.
    pub(crate) reads: FxIndexSet<KeyRead>,
    /// The queries whose rows they read it of, and where these are looped over.
    pub(crate) queries: Vec<Site>,
    pub(crate) loops: Vec<Site>,
}

/// A place that reads the key of a related row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct KeyRead {
    /// The whole expression: `book.author.id`.
    pub(crate) site: Site,
    /// What is another then: `.author.id`.
    pub(crate) range: TextRange,
}

/// Takes out of the gaps what is read for its key alone.
pub(super) fn take(project: &Project, gaps: &mut [Gap]) -> Vec<KeyOnly> {
    let mut keys = Keys::of(project);
    let mut found: FxIndexMap<RelationId, KeyOnly> = FxIndexMap::default();
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
            let known = found.entry(relation).or_insert_with(|| KeyOnly {
                relation,
                model: project.schema.field(project.schema.relation(relation).field()).model(),
                reads: FxIndexSet::default(),
                queries: Vec::new(),
                loops: Vec::new(),
            });
            known.reads.extend(reads);
            known.queries.push(site);
            known.loops.extend(&loops);
            false
        });
    }
    let mut found: Vec<KeyOnly> = found.into_values().collect();
    for only in &mut found {
        only.reads.sort_by(|one, other| key(&one.site).cmp(&key(&other.site)));
    }
    found
}

struct Keys<'p> {
    project: &'p Project,
    files: FxHashMap<FileId, File>,
    known: FxHashMap<Key, Option<KeyRead>>,
    /// Whether code of the project reaches for the rows that a queryset or a row keeps, and may put others there.
    opens_querysets: Option<bool>,
}

/// What a file reads of what it has read: `author.id`, of `book.author.id`, and what it binds.
#[derive(Default)]
struct File {
    /// The whole expressions, by where the first of the two ends.
    beyond: FxHashMap<TextRange, Expr>,
    /// Places that code puts something into, and what.
    set: FxHashMap<Expr, Put>,
    /// Code that is text as well: `f"{book.author.id=}"`.
    shown: Vec<TextRange>,
    /// What is written there.
    text: Option<SourceText>,
}

/// What is put into a place.
#[derive(Clone, Copy, Debug)]
enum Put {
    /// What is looped over, one after the other.
    Each(Expr),
    /// The value of an expression.
    Value(Expr),
    /// A part of either, or nothing.
    Other,
}

impl File {
    fn of(project: &Project, at: FileId) -> Self {
        let facts = project.source.facts(at);
        let text = project.source.source(at).ok();
        let mut file = Self { text, shown: facts.shown_code(), ..Self::default() };
        for (at, expr) in facts.exprs.iter().enumerate() {
            match expr.kind {
                ExprKind::Attribute(related, _) if matches!(facts.kind(related), ExprKind::Attribute(..)) => {
                    file.beyond.entry(facts.range(related)).or_insert(Expr(at as u32));
                }
                ExprKind::Walrus(target, _) => file.put(facts, target, Put::Other),
                _ => {}
            }
        }
        for stmt in &facts.stmts {
            match stmt.kind {
                StmtKind::Assign(target, value) | StmtKind::Annotated { target, value: Some(value), .. } => {
                    file.put(facts, target, Put::Value(value));
                }
                StmtKind::Annotated { target, .. }
                | StmtKind::Augmented(target, ..)
                | StmtKind::Delete(target) => file.put(facts, target, Put::Other),
                StmtKind::For { target, iter, .. } => file.put(facts, target, Put::Each(iter)),
                _ => {}
            }
        }
        for clause in &facts.clauses {
            file.put(facts, clause.target, Put::Each(clause.iter));
        }
        file
    }

    fn put(&mut self, facts: &FileFacts, target: Expr, put: Put) {
        match facts.kind(target) {
            ExprKind::Tuple(parts) | ExprKind::List(parts) => {
                facts.list(parts).iter().for_each(|&part| self.put(facts, part, Put::Other));
            }
            ExprKind::Starred(inner) => self.put(facts, inner, Put::Other),
            _ => {
                self.set.insert(target, put);
            }
        }
    }

    /// All that is put into a variable of a function, by functions within it too.
    fn bound(&self, facts: &FileFacts, function: FunctionId, variable: u32) -> Vec<Put> {
        let whole = facts.function(function).range;
        let is_of_another = |at: TextRange| {
            let mut others = facts.functions.iter().map(|other| other.range);
            others.any(|other| other != whole && whole.contains_range(other) && other.contains_range(at))
        };
        let is_it = |target: Expr| {
            let at = facts.range(target);
            whole.contains_range(at)
                && match facts.kind(target) {
                    ExprKind::Local(slot) => slot == variable && !is_of_another(at),
                    ExprKind::Free { slot, .. } => u32::from(slot) == variable,
                    _ => false,
                }
        };
        // Nobody asks for more than the one that there is.
        self.set.iter().filter(|(target, _)| is_it(**target)).map(|(_, &put)| put).collect()
    }

    /// Whether an expression is written as names and dots alone.
    fn is_plain(&self, range: TextRange) -> bool {
        let text = self.text.as_ref().map_or("", |text| text.text()).get(range.to_std_range());
        text.is_some_and(|text| text.chars().all(|it| it.is_alphanumeric() || matches!(it, '_' | '.')))
    }
}

impl<'p> Keys<'p> {
    fn of(project: &'p Project) -> Self {
        Self { project, files: FxHashMap::default(), known: FxHashMap::default(), opens_querysets: None }
    }

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
        let project = self.project;
        if !is_own(project, reader) {
            return None;
        }
        let facts = project.source.facts(reader.file);
        let file = self.files.entry(reader.file).or_insert_with(|| File::of(project, reader.file));
        let whole = *file.beyond.get(&reader.range)?;
        let ExprKind::Attribute(related, name) = facts.kind(whole) else { return None };
        let ExprKind::Attribute(row, relation_name) = facts.kind(related) else { return None };
        let site = Site { range: facts.range(whole), ..*reader };
        if file.set.contains_key(&whole)
            || file.shown.iter().any(|text| text.contains_range(site.range))
            || !file.is_plain(site.range)
        {
            return None;
        }
        let keyed = project.places().keyed(reader.file, related)?;
        let heirs = Heirs { project };
        let is_key = |&relation: &RelationId| heirs.hold_key(relation, relation_name, name);
        let is_field = |&relation: &RelationId| heirs.keep(relation);
        if keyed.is_other
            || keyed.relations.is_empty()
            || !keyed.relations.iter().all(is_key)
            || !keyed.through.iter().all(is_field)
        {
            return None;
        }
        let (function, variable) = (reader.function?, variable(facts, row)?);
        let is_sure = match file.bound(facts, function, variable)[..] {
            [] => self_of(project, reader, variable).is_some_and(|class| match facts.kind(row) {
                ExprKind::Local(_) => heirs.of_class_hold_key(class, relation_name, name),
                _ => project.schema.model_of_class(class).is_some(),
            }),
            [Put::Each(iter)] => {
                !keyed.is_unknown
                    && is_queryset(project, reader, file, iter)
                    && !*self.opens_querysets.get_or_insert_with(|| opens_querysets(project))
            }
            _ => false,
        };
        let range = TextRange::new(facts.range(row).end(), site.range.end());
        is_sure.then_some(KeyRead { site, range })
    }
}

/// Whether what is looped over is a queryset: one that a method gives there, or the only one that a variable is set to.
fn is_queryset(project: &Project, reader: &Site, file: &File, iter: Expr) -> bool {
    let facts = project.source.facts(reader.file);
    // An arm that no run comes to is none for the interpreter alone: the row of a test may be any.
    let is_asked = |arm: Expr| {
        let bound = project.places().bound(reader.file, arm);
        is_of_method(project, reader, arm) && matches!(bound, Some(Bound::Rows | Bound::Bare))
    };
    project.places().is_over_queryset(reader.file, iter)
        && match facts.kind(iter) {
            ExprKind::Local(variable) => {
                let set = reader.function.map(|function| file.bound(facts, function, variable));
                matches!(set.as_deref(), Some(&[Put::Value(value)]) if facts.arms(value).into_iter().all(is_asked))
            }
            _ => is_of_method(project, reader, iter),
        }
}

/// Whether an expression is the call of a method, or a part of what that gives: of a function, a decorator may make another.
fn is_of_method(project: &Project, reader: &Site, expr: Expr) -> bool {
    let facts = project.source.facts(reader.file);
    match facts.kind(expr) {
        ExprKind::Call(callee, _) => {
            let call = Site { range: facts.range(expr), ..*reader };
            matches!(facts.kind(callee), ExprKind::Attribute(..))
                && !project.places().is_perhaps_no_queryset(&call)
        }
        ExprKind::Subscript(base, index) => {
            matches!(facts.kind(index), ExprKind::Slice(_)) && is_of_method(project, reader, base)
        }
        _ => false,
    }
}

/// Whether code of a project reaches for what a queryset keeps its rows in, or a row related ones, but to compare it with something, with `None`.
fn opens_querysets(project: &Project) -> bool {
    let is_it = |name: &str| ROW_CACHES.contains(&name);
    project.naming_what_keeps_rows().any(|file| {
        let facts = project.source.facts(file);
        let is_compared = |place: usize| {
            facts.exprs.iter().any(|expr| match expr.kind {
                ExprKind::Compare(operands, _) => facts.list(operands).contains(&Expr(place as u32)),
                _ => false,
            })
        };
        facts.exprs.iter().enumerate().any(|(at, expr)| match expr.kind {
            ExprKind::Attribute(_, name) => is_it(name.as_str()) && !is_compared(at),
            ExprKind::Str(name) => is_it(name.as_str()),
            _ => false,
        })
    })
}

/// The variable that a chain of attributes begins at.
fn variable(facts: &FileFacts, row: Expr) -> Option<u32> {
    match facts.kind(row) {
        ExprKind::Attribute(base, _) => variable(facts, base),
        ExprKind::Local(slot) => Some(slot),
        _ => None,
    }
}

/// The class whose method has a variable as its `self`, where no decorator may give it another.
fn self_of(project: &Project, reader: &Site, variable: u32) -> Option<ClassRef> {
    let facts = project.source.facts(reader.file);
    let function = facts.function(reader.function?);
    let is_plain = |&decorator: &Expr| matches!(facts.kind(decorator), ExprKind::Global(name) if name == "property" || name == "cached_property");
    let is_self = variable == 0
        && !facts.parameters(function.parameters).is_empty()
        && facts.list(function.decorators).iter().all(is_plain);
    let id = function.class.filter(|_| is_self)?;
    Some(ClassRef { file: reader.file, id })
}

/// What models have of the classes that they inherit from.
struct Heirs<'p> {
    project: &'p Project,
}

impl Heirs<'_> {
    /// Whether a relation of that name is a foreign key that holds what its target has under a name, in all models that
    /// inherit it.
    fn hold_key(&self, relation: RelationId, relation_name: Symbol, name: Symbol) -> bool {
        let schema = &self.project.schema;
        let model = schema.field(schema.relation(relation).field()).model();
        holds_key(self.project, relation, relation_name, name)
            && schema.class_of(model).is_none_or(|class| self.of_class_hold_key(class, relation_name, name))
    }

    /// Whether all models that inherit a class have such a foreign key.
    fn of_class_hold_key(&self, class: ClassRef, relation_name: Symbol, name: Symbol) -> bool {
        let schema = &self.project.schema;
        schema.model_of_class(class).is_some()
            && self.of(class).all(|model| match schema.attribute(model, relation_name) {
                Some(ModelAttribute::ToOne(relation)) => {
                    holds_key(self.project, relation, relation_name, name) && self.has(model, relation)
                }
                _ => false,
            })
    }

    /// Whether all models that inherit a relation have it, and no property of its name.
    fn keep(&self, relation: RelationId) -> bool {
        let schema = &self.project.schema;
        let it = schema.relation(relation);
        // The other side is an attribute of the target.
        let model = match it.is_reverse() {
            true => it.inverse().and_then(|inverse| schema.relation(inverse).target()),
            false => Some(schema.field(it.field()).model()),
        };
        let Some(model) = model else { return false };
        schema.class_of(model).is_none_or(|class| self.of(class).all(|model| self.has(model, relation)))
    }

    /// The models with tables that inherit a class.
    fn of(&self, class: ClassRef) -> impl Iterator<Item = ModelId> {
        let project = self.project;
        let schema = &project.schema;
        schema.models().filter(move |&model| {
            let inherits = |own| project.source.mro(own).contains(&Base::Class(class));
            !schema.model(model).is_abstract() && schema.class_of(model).is_some_and(inherits)
        })
    }

    /// Whether nothing of a model's classes stands before a relation: a property of its name or its key's, another way to get
    /// attributes.
    fn has(&self, model: ModelId, relation: RelationId) -> bool {
        let project = self.project;
        let relation = project.schema.relation(relation);
        let Some(name) = relation.accessor() else { return false };
        let field = project.schema.field(relation.field());
        let is_relation = match relation.is_reverse() {
            true => has_own(project, model, name, None),
            false => {
                has_own(project, model, name, field.source().map(|source| source.owner))
                    && has_own(project, model, field.attribute(), None)
            }
        };
        is_relation && !has_any(project, model, &["__getattribute__"])
    }
}

/// Whether what a model's rows have under a name is what the body of a class declares, or else Django alone.
fn has_own(project: &Project, model: ModelId, name: Symbol, declared: Option<ClassRef>) -> bool {
    let Some(class) = project.schema.class_of(model) else { return true };
    project.source.member(class, name).map(|member| member.owner) == declared
}

/// Whether a model's classes have any of these.
fn has_any(project: &Project, model: ModelId, names: &[&str]) -> bool {
    let Some(class) = project.schema.class_of(model) else { return false };
    names.iter().any(|name| project.source.member(class, Symbol::new(name)).is_some())
}

/// Whether a row's relation of that name is a foreign key that holds what its target has under a name.
fn holds_key(project: &Project, relation: RelationId, relation_name: Symbol, name: Symbol) -> bool {
    let schema = &project.schema;
    let relation = schema.relation(relation);
    let field = schema.field(relation.field());
    // Options behind the sixth may be given by position too, or by a mapping.
    let is_told = field.source().is_none_or(|source| {
        let arguments = project.source.facts(source.file).arguments(source.arguments);
        let is_one = |argument: &Argument| {
            matches!(argument.kind, ArgumentKind::Positional | ArgumentKind::Keyword(_))
        };
        let positional = arguments.iter().filter(|argument| argument.kind == ArgumentKind::Positional);
        arguments.iter().all(is_one) && positional.count() <= 6
    });
    let is_key = matches!(relation.kind(), RelationKind::ForeignKey | RelationKind::OneToOne)
        && !relation.is_reverse()
        && !relation.null()
        && relation.db_constraint()
        && field.custom_class().is_none()
        && field.name() == relation_name
        && is_told
        && field.to_field(&project.source).is_none();
    let Some(target) = relation.target().filter(|_| is_key) else { return false };
    let mut fields = schema.all_fields(target).into_iter().map(|field| schema.field(field));
    let Some(primary) = fields.find(|field| field.primary_key().is_yes()) else { return false };
    primary.relation().is_none()
        && primary.custom_class().is_none()
        && (name == "pk" || name == primary.name())
        && has_own(project, target, primary.name(), primary.source().map(|source| source.owner))
        && !has_any(project, target, &["pk", "from_db", "__init__", "__getattribute__"])
        && !schema.has_custom_base_manager(target)
}
