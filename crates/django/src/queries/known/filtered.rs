//! What a query's filters say of each of its rows: the content of a column, and whether there is a related row.
//!
//! A branch that no row of the query takes reads nothing. The filters of the manager that the query starts from count
//! as its own, and those of the default manager for rows that are reached over a set of related rows.

use tuneup_python::{ClassRef, Symbol};

use crate::paths::{behind, joined};
use crate::queries::circumstances::Heeded;
use crate::queries::machine::Machine;
use crate::queries::value::{Given, Lacks, Origin, Path, Role, Row, Shape, Term, Terms, Value};
use crate::schema::{ModelAttribute, ModelId, RelationId};

/// What texts in [`Given::OneOf`] are parted by.
pub(crate) const BETWEEN: char = '\n';

/// What filters say of a column.
#[derive(Debug, Default)]
struct Content {
    /// What it is.
    is: Option<Given>,
    /// What it is not.
    is_not: Vec<Given>,
}

impl Content {
    fn is_never_null(&self) -> bool {
        self.is_not.contains(&Given::None)
    }

    /// Adds what a filter says, which asks `rest` of the column.
    fn add(&mut self, term: &Term, rest: &str) {
        let asks_null = match (rest.rsplit("__").next(), term.given) {
            (Some("isnull"), Given::Bool(is_null)) => Some(is_null),
            (Some("isnull"), _) => return,
            (_, Given::None) => Some(true),
            _ => None,
        };
        match (asks_null, matches!(rest, "" | "exact" | "isnull")) {
            (Some(is_null), true) if is_null != term.negated => self.is = Some(Given::None),
            (Some(_), true) => self.is_not.push(Given::None),
            // A lookup that goes on over the relation finds nothing where there is no related row, unless it asks for
            // what is not there.
            (Some(is_null), false) if is_null || term.negated => {}
            (Some(_), false) => self.is_not.push(Given::None),
            (None, _) => {
                let is_constant =
                    matches!(term.given, Given::Bool(_) | Given::Int(_) | Given::Text(_) | Given::OneOf(_))
                        && matches!((rest, term.given), ("" | "exact", _) | ("in", Given::OneOf(_)));
                match (term.negated, is_constant) {
                    (false, true) => self.is = Some(term.given),
                    (true, true) => self.is_not.push(term.given),
                    (false, false) if term.given != Given::Perhaps => self.is_not.push(Given::None),
                    (_, false) => {}
                }
            }
        }
    }
}

impl Machine<'_> {
    /// What a column of a row is known to hold.
    pub(in crate::queries) fn column(&mut self, row: Row, name: Symbol) -> Value {
        let (field, relation) = self.field_behind(row, name);
        if self.is_changed(row, field) {
            return Value::SCALAR;
        }
        if relation.is_some_and(|it| row.lacks.has(it)) {
            return Value::NONE;
        }
        let is_filled = self.is_filled(row, field);
        let is_never_null = self.is_never_null(row, field);
        let Some((terms, before)) = self.asked_of(row) else {
            return match (is_filled, is_never_null) {
                (true, _) => self.truthy(Vec::new()),
                (false, true) => self.unlike(vec![Value::NONE]),
                (false, false) => Value::SCALAR,
            };
        };
        let wanted = joined(&before, field.as_str());
        let mut content = self.content(terms, &wanted);
        if let Some(is) = content.is {
            let is = self.constant(is);
            if self.can_hold(row, field, is) {
                return is;
            }
            content.is_not.push(Given::None);
        }
        // No key is zero or empty, and no date is.
        let is_truthy = relation.is_some() || self.class_of_field(row, field).is_some_and(is_date);
        if is_truthy && content.is_never_null() {
            return self.truthy(Vec::new());
        }
        let mut unlike = Vec::new();
        for given in content.is_not {
            let constant = self.constant(given);
            let is_known = self.can_hold(row, field, constant);
            unlike.extend(is_known.then(|| self.values.members(constant)).into_iter().flatten());
        }
        if is_filled {
            return self.truthy(unlike);
        }
        if let [only] = unlike[..]
            && let Shape::Bool(excluded) = *self.values.shape(only)
            && self
                .schema
                .field_named(row.model, field)
                .is_some_and(|it| self.schema.field(it).null().is_no())
        {
            return self.values.make(Shape::Bool(!excluded));
        }
        if is_never_null {
            unlike.push(Value::NONE);
        }
        if unlike.is_empty() { Value::SCALAR } else { self.unlike(unlike) }
    }

    /// What counts as true, and is none of some constants.
    pub(in crate::queries) fn truthy(&mut self, mut unlike: Vec<Value>) -> Value {
        let empty = Given::Text(self.names.empty);
        let falsy = [Given::None, Given::Bool(false), Given::Int(0), empty];
        unlike.extend(falsy.map(|given| self.constant(given)));
        self.unlike(unlike)
    }

    /// What is none of some constants. Of very many, some are forgotten: each test of a long row of them adds one.
    pub(in crate::queries) fn unlike(&mut self, mut constants: Vec<Value>) -> Value {
        const MOST: usize = 64;
        constants.sort_unstable();
        constants.dedup();
        constants.truncate(MOST);
        self.values.make(Shape::Unlike(constants.into()))
    }

    /// Whether a row's query asks for those rows alone whose foreign key is null, as `filter(parent=None)` does: to read
    /// it costs nothing.
    pub(in crate::queries) fn is_null(&self, row: Row, relation: RelationId) -> bool {
        let known = self.schema.relation(relation);
        let name = self.schema.field(known.field()).name();
        !known.is_reverse() && self.related_content(row, name).is_some_and(|it| it.is == Some(Given::None))
    }

    /// Whether a row's query asks for those rows alone whose foreign key is not null.
    pub(in crate::queries) fn is_said_to_be(&self, row: Row, relation: RelationId) -> bool {
        let name = self.schema.field(self.schema.relation(relation).field()).name();
        self.related_content(row, name).is_some_and(|it| it.is_never_null())
    }

    /// Whether a row's query asks for those rows alone in which a column is not null.
    pub(super) fn is_asked_not_to_be_null(&self, row: Row, name: Symbol) -> bool {
        self.related_content(row, name).is_some_and(|it| it.is_never_null())
    }

    /// Whether a row is there and no `None`, whichever of the query's rows it belongs to: the query gave it, and no key
    /// on the way to it can be null, or the filters say that it is not.
    pub(in crate::queries) fn is_there(&self, row: Row) -> bool {
        let mut path = row.path;
        let is_sure = match self.values.last_step(path) {
            Some((_, step)) => !step.to_many,
            None => self.is_given(row),
        };
        if !is_sure || self.has_truth_of_its_own(row) {
            return false;
        }
        while let Some((before, step)) = self.values.last_step(path) {
            if step.to_many {
                return true;
            }
            let relation = self.schema.relation(step.relation);
            let Some(model) = self.model_at(row, before) else { return false };
            let base = Row { path: before, model, lacks: Lacks::NONE, ..row };
            let is_sure = !relation.null() && !relation.is_reverse();
            let is_said = || self.related_content(base, step.name).is_some_and(|it| it.is_never_null());
            if !is_sure && !is_said() {
                return false;
            }
            path = before;
        }
        true
    }

    /// Whether a query gave a row for certain: a loop over its rows, or `get()`, where `first()` may give none.
    fn is_given(&self, row: Row) -> bool {
        let is_fetched = self.as_queryset(row.query).is_some_and(|it| it.origin != Origin::Outside);
        let uses = self.uses.get(&row.query).copied().unwrap_or_default();
        is_fetched && (row.many && !row.alone || uses.get && !uses.first)
    }

    /// Keeps that code gave a field of a query's rows another content than the query found.
    pub(in crate::queries) fn change(&mut self, value: Value, row: Row, name: Symbol) {
        // What few rows are given, the others are not.
        self.heed(Heeded::ROWS);
        if self.is_seldom() {
            return;
        }
        let (field, _) = self.field_behind(row, name);
        if self.asked_of(row).is_none()
            && !self.is_filled(row, field)
            && !self.is_kept(row.model, name)
            && !self.is_kept(row.model, field)
        {
            return;
        }
        let field = self.canonical(row, field);
        self.keep_changed(value, row, field);
    }

    /// Keeps that something of a row has changed: what calls did before that were given it, they may do otherwise now.
    pub(super) fn keep_changed(&mut self, value: Value, row: Row, name: Symbol) {
        if self.changed.insert((row.query, row.path, name)) {
            *self.changes.entry(value).or_default() += 1;
        }
    }

    /// Keeps that a row may hold anything from here on: it was fetched anew.
    pub(in crate::queries) fn change_all(&mut self, value: Value, row: Row) {
        self.change(value, row, self.names.empty);
    }

    /// Whether code gave a field of a row another content than its query found.
    pub(super) fn is_changed(&self, row: Row, field: Symbol) -> bool {
        !self.changed.is_empty()
            && [self.canonical(row, field), self.names.empty]
                .iter()
                .any(|&it| self.changed.contains(&(row.query, row.path, it)))
    }

    /// The name under which a field's changes are kept: the primary key has two.
    fn canonical(&self, row: Row, field: Symbol) -> Symbol {
        let is_key = |id| self.schema.field(id).primary_key().is_yes();
        match self.schema.field_named(row.model, field) {
            Some(id) if is_key(id) => self.names.pk,
            _ => field,
        }
    }

    fn related_content(&self, row: Row, name: Symbol) -> Option<Content> {
        let (terms, before) = self.asked_of(row)?;
        (!self.is_changed(row, name)).then(|| self.content(terms, &joined(&before, name.as_str())))
    }

    /// What the rows of which a row is one were asked, and the lookup from these to the row.
    fn asked_of(&self, row: Row) -> Option<(Terms, String)> {
        let mut names: Vec<&str> = Vec::new();
        let mut path = row.path;
        while let Some((before, step)) = self.values.last_step(path) {
            if step.to_many {
                let model = self.schema.relation(step.relation).target()?;
                let (_, _, terms) = self.manager_starts.get(&model)?;
                return (*terms != Terms::NONE).then(|| (*terms, reversed(names)));
            }
            names.push(step.name.as_str());
            path = before;
        }
        let queryset = self.as_queryset(row.query)?;
        let is_said = queryset.terms != Terms::NONE && !queryset.asked.combined;
        is_said.then(|| (queryset.terms, reversed(names)))
    }

    /// The field that an attribute is of, and the relation that it is the key of: `author_id` is of `author`.
    pub(in crate::queries) fn field_behind(&self, row: Row, name: Symbol) -> (Symbol, Option<RelationId>) {
        if let Some(short) = name.as_str().strip_suffix("_id")
            && let short = Symbol::new(short)
            && let Some(ModelAttribute::ToOne(relation)) = self.schema.attribute(row.model, short)
        {
            return (short, Some(relation));
        }
        (name, None)
    }

    /// What filters say of a field, which `wanted` leads to from the rows that are asked for.
    fn content(&self, terms: Terms, wanted: &str) -> Content {
        let mut content = Content::default();
        for term in self.values.terms(terms) {
            if term.role == Role::Filter
                && term.sure
                && let Some(rest) = lookup_on(term.name.as_str(), wanted)
            {
                content.add(term, rest);
            }
        }
        content
    }

    /// The value that a filter compares with.
    pub(in crate::queries) fn constant(&mut self, given: Given) -> Value {
        match given {
            Given::None => Value::NONE,
            Given::Bool(value) => self.values.make(Shape::Bool(value)),
            Given::Int(value) => self.values.make(Shape::Int(value)),
            Given::Text(text) => self.values.make(Shape::Str(text)),
            Given::OneOf(texts) => {
                let texts = texts.as_str().split(BETWEEN).map(Symbol::new);
                let texts: Vec<Value> = texts.map(|text| self.values.make(Shape::Str(text))).collect();
                self.values.join_all(texts)
            }
            Given::Perhaps | Given::Column | Given::Rows | Given::Other => Value::SCALAR,
        }
    }

    /// Whether a field's rows hold values of a constant's kind, so that code compares them with it.
    pub(super) fn can_hold(&self, row: Row, field: Symbol, constant: Value) -> bool {
        let Some(class) = self.class_of_field(row, field) else { return false };
        match self.values.shape(constant) {
            Shape::None => true,
            Shape::Bool(_) => class.ends_with("BooleanField"),
            Shape::Int(_) => class.contains("Integer") || class.ends_with("AutoField"),
            Shape::Str(_) => TEXTS.contains(&class),
            Shape::Union(members) => members.iter().all(|&member| self.can_hold(row, field, member)),
            _ => false,
        }
    }

    pub(in crate::queries) fn class_of_field(&self, row: Row, field: Symbol) -> Option<&'static str> {
        let field = self.schema.field_named(row.model, field)?;
        Some(self.schema.field(field).class().as_str())
    }

    /// The model of the rows at a path that leads to a row.
    fn model_at(&self, row: Row, path: Path) -> Option<ModelId> {
        match self.values.last_step(path) {
            Some((_, step)) => self.schema.relation(step.relation).target(),
            None => Some(self.as_queryset(row.query)?.model),
        }
    }

    /// Whether a row's class says itself whether a row counts as true.
    fn has_truth_of_its_own(&self, row: Row) -> bool {
        let class: Option<ClassRef> = self.schema.class_of(row.model);
        let has = |name| class.is_some_and(|class| self.member(class, name).is_some());
        has(self.names.len) || has(self.names.bool_)
    }
}

/// Classes of fields whose rows hold texts.
pub(in crate::queries) const TEXTS: &[&str] =
    &["CharField", "TextField", "SlugField", "EmailField", "URLField"];

/// Whether a class of fields holds dates or times.
pub(in crate::queries) fn is_date(class: &str) -> bool {
    matches!(class, "DateField" | "DateTimeField" | "TimeField")
}

fn reversed(mut names: Vec<&str>) -> String {
    names.reverse();
    names.join("__")
}

/// What a lookup asks of a field: `exact` of `author__name__exact`, all behind it where it goes on over a relation,
/// nothing where it ends there.
fn lookup_on<'t>(lookup: &'t str, field: &str) -> Option<&'t str> {
    behind(lookup, field).or_else(|| match lookup.strip_prefix(field)?.strip_prefix("_id")? {
        "" => Some(""),
        rest => rest.strip_prefix("__"),
    })
}
