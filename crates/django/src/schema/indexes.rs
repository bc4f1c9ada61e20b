//! The indexes that a model's table has already: by its fields, by its `Meta`, and by SQL in migrations.
//!
//! <https://docs.djangoproject.com/en/stable/ref/models/indexes/>

use ruff_text_size::TextRange;
use tuneup_python::flow::{BinaryOp, Expr, ExprKind};
use tuneup_python::{Entity, FileId, Project, Symbol};

use super::{FieldId, ModelId, RelationKind, Schema, Truth};
use crate::apps::literals;

/// The indexes of a table.
#[derive(Clone, Debug, Default)]
pub struct Indexes {
    /// Those that are known, in the order primary key, fields, `Meta`, migrations.
    pub all: Vec<Index>,
    /// Whether these are all: nothing is computed, and every base of the model is read.
    pub is_known: bool,
}

/// One index of a table.
#[derive(Clone, Debug)]
pub struct Index {
    /// Its columns, with whether they descend. Where it is of expressions, none.
    pub columns: Vec<(FieldId, bool)>,
    /// Whether a value of all columns has one row at most.
    pub is_unique: bool,
    /// Whether it holds some rows alone.
    pub is_partial: bool,
    /// Whether it is a B-tree, which serves equality, ranges and order.
    pub is_tree: bool,
    /// What makes it.
    pub source: IndexSource,
    /// Its name, where source says it.
    pub name: Option<&'static str>,
    /// Where source says it.
    pub place: Option<(FileId, TextRange)>,
}

/// What makes an index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum IndexSource {
    /// `primary_key=True`, or the automatic key.
    PrimaryKey,
    /// `unique=True`, and one-to-one fields.
    UniqueField,
    /// `db_index=True`, written out.
    FieldIndex,
    /// A foreign key or a slug, which have one by themselves.
    FieldDefault,
    /// `unique_together`
    UniqueTogether,
    /// `UniqueConstraint`
    UniqueConstraint,
    /// `Meta.indexes`
    Meta,
    /// `index_together`
    IndexTogether,
    /// SQL in a migration.
    Sql,
}

impl Schema {
    /// The indexes of the model's own table.
    pub fn indexes(&self, project: &Project, model: ModelId) -> Indexes {
        let mut found = Indexes { all: Vec::new(), is_known: self.model(model).is_known() };
        self.field_indexes(project, model, &mut found);
        for (option, source) in
            [("unique_together", IndexSource::UniqueTogether), ("index_together", IndexSource::IndexTogether)]
        {
            if let Some((file, value)) = self.meta_option(project, model, option) {
                self.together(project, model, file, value, source, &mut found);
            }
        }
        for (option, source) in
            [("constraints", IndexSource::UniqueConstraint), ("indexes", IndexSource::Meta)]
        {
            if let Some((file, value)) = self.meta_option(project, model, option) {
                self.declared(project, model, file, value, source, &mut found);
            }
        }
        found
    }

    /// The fields of which no two rows of a model have the same, by its `Meta`: by their names, as some may be of a base that is
    /// not read.
    pub fn unique_together(&self, project: &Project, model: ModelId) -> Vec<Box<[Symbol]>> {
        let mut found = Vec::new();
        let names = |file: FileId, value: Expr| -> Option<Box<[Symbol]>> {
            let items = items(project, file, value)?.into_iter();
            let names = items.map(|(file, item)| literals::text(project, file, item).map(Symbol::new));
            names.collect::<Option<Vec<_>>>().filter(|names| !names.is_empty()).map(Into::into)
        };
        if let Some((file, value)) = self.meta_option(project, model, "unique_together") {
            let (file, value) = literals::resolved(project, file, value);
            match names(file, value) {
                Some(one) => found.push(one),
                None => {
                    let sets = items(project, file, value).unwrap_or_default().into_iter();
                    found.extend(sets.filter_map(|(file, set)| names(file, set)));
                }
            }
        }
        let constraints = self.meta_option(project, model, "constraints");
        let constraints = constraints.and_then(|(file, value)| items(project, file, value));
        for (file, item) in constraints.unwrap_or_default() {
            let (file, item) = literals::resolved(project, file, item);
            let facts = project.facts(file);
            let ExprKind::Call(callee, arguments) = facts.kind(item) else { continue };
            let is_unique = matches!(
                project.entity_of(file, callee),
                Entity::External(name) if name.as_str().ends_with(".UniqueConstraint")
            );
            let given = |name: &str| literals::argument(facts.arguments(arguments), None, name);
            if is_unique && given("condition").is_none() {
                found.extend(given("fields").and_then(|fields| names(file, fields)));
            }
        }
        found
    }

    fn field_indexes(&self, project: &Project, model: ModelId, found: &mut Indexes) {
        for &id in self.model(model).fields() {
            let field = self.field(id);
            if !field.is_column() {
                continue;
            }
            let is_written = field.keyword(project, "db_index").is_some();
            let source = match () {
                () if field.primary_key().is_yes() => IndexSource::PrimaryKey,
                () if !field.unique().is_no() => IndexSource::UniqueField,
                () if field.db_index().is_no() => continue,
                () if is_written => IndexSource::FieldIndex,
                () => IndexSource::FieldDefault,
            };
            found.all.push(Index {
                columns: vec![(id, false)],
                is_unique: field.primary_key().is_yes() || field.unique() == Truth::Yes,
                is_partial: false,
                is_tree: true,
                source,
                name: None,
                place: field.source().map(|source| (source.file, source.range)),
            });
        }
        found.all.sort_by_key(|index| index.source != IndexSource::PrimaryKey);
    }

    /// `unique_together = [("a", "b"), …]`, or one such tuple.
    fn together(
        &self,
        project: &Project,
        model: ModelId,
        file: FileId,
        value: Expr,
        source: IndexSource,
        found: &mut Indexes,
    ) {
        let (file, value) = literals::resolved(project, file, value);
        let Some(items) = items(project, file, value) else {
            found.is_known = false;
            return;
        };
        let is_one = items.iter().any(|&(file, item)| literals::text(project, file, item).is_some());
        let sets = if is_one { vec![(file, value)] } else { items };
        for (file, set) in sets {
            match self.columns(project, model, file, set) {
                Some(columns) => found.all.push(Index {
                    columns,
                    is_unique: source == IndexSource::UniqueTogether,
                    is_partial: false,
                    is_tree: true,
                    source,
                    name: None,
                    place: Some((file, project.facts(file).range(set))),
                }),
                None => found.is_known = false,
            }
        }
    }

    /// The calls in `Meta.indexes` and `Meta.constraints`.
    fn declared(
        &self,
        project: &Project,
        model: ModelId,
        file: FileId,
        value: Expr,
        source: IndexSource,
        found: &mut Indexes,
    ) {
        let Some(items) = items(project, file, value) else {
            found.is_known = false;
            return;
        };
        for (file, item) in items {
            let (file, item) = literals::resolved(project, file, item);
            let facts = project.facts(file);
            let ExprKind::Call(callee, arguments) = facts.kind(item) else {
                found.is_known = false;
                continue;
            };
            let class = match project.entity_of(file, callee) {
                Entity::External(name) => name.as_str().rsplit('.').next().unwrap_or_default(),
                _ => {
                    found.is_known = false;
                    continue;
                }
            };
            if source == IndexSource::UniqueConstraint && class != "UniqueConstraint" {
                continue;
            }
            let arguments = facts.arguments(arguments);
            let given = |name: &str| literals::argument(arguments, None, name);
            let columns = match given("fields") {
                Some(fields) => self.columns(project, model, file, fields),
                // Of expressions.
                None => Some(Vec::new()),
            };
            let Some(columns) = columns else {
                found.is_known = false;
                continue;
            };
            let has_classes = given("opclasses").is_some();
            found.all.push(Index {
                columns,
                is_unique: source == IndexSource::UniqueConstraint,
                is_partial: given("condition").is_some(),
                is_tree: matches!(class, "Index" | "BTreeIndex" | "UniqueConstraint") && !has_classes,
                source,
                name: given("name").and_then(|name| literals::text(project, file, name)),
                place: Some((file, facts.range(item))),
            });
        }
    }

    /// Columns by their names, `-` for descending; nothing where some are not known.
    fn columns(
        &self,
        project: &Project,
        model: ModelId,
        file: FileId,
        value: Expr,
    ) -> Option<Vec<(FieldId, bool)>> {
        items(project, file, value)?
            .into_iter()
            .map(|(file, item)| {
                let text = literals::text(project, file, item)?;
                let (name, descends) = match text.strip_prefix('-') {
                    Some(name) => (name, true),
                    None => (text, false),
                };
                Some((self.column_named(model, Symbol::new(name))?, descends))
            })
            .collect()
    }

    /// The two columns of a generic foreign key: the kind of object, and its key.
    pub fn generic_columns(&self, project: &Project, field: FieldId) -> Option<(FieldId, FieldId)> {
        let known = self.field(field);
        if known.kind() != Some(RelationKind::Generic) {
            return None;
        }
        let source = known.source()?;
        let arguments = project.facts(source.file).arguments(source.arguments);
        let column = |position: usize, name: &str, default: &'static str| {
            let text = match literals::argument(arguments, Some(position), name) {
                Some(value) => literals::text(project, source.file, value)?,
                None => default,
            };
            self.column_named(known.model(), Symbol::new(text))
        };
        Some((column(0, "ct_field", "content_type")?, column(1, "fk_field", "object_id")?))
    }

    /// The field with a column that goes by its name or its attribute's: `author`, `author_id`.
    pub fn column_named(&self, model: ModelId, name: Symbol) -> Option<FieldId> {
        let mut fields = self.all_fields(model).into_iter().rev();
        fields.find(|&id| {
            let field = self.field(id);
            field.is_column() && (field.name() == name || field.attribute() == name)
        })
    }
}

/// The items of a list, a tuple, and sums of them; nothing where it is neither.
fn items(project: &Project, file: FileId, value: Expr) -> Option<Vec<(FileId, Expr)>> {
    fn add(
        project: &Project,
        file: FileId,
        value: Expr,
        left: u32,
        found: &mut Vec<(FileId, Expr)>,
    ) -> Option<()> {
        let left = left.checked_sub(1)?;
        let (file, value) = literals::resolved(project, file, value);
        let facts = project.facts(file);
        match facts.kind(value) {
            ExprKind::List(run) | ExprKind::Tuple(run) | ExprKind::Set(run) => {
                for &item in facts.list(run) {
                    match facts.kind(item) {
                        ExprKind::Starred(inner) => add(project, file, inner, left, found)?,
                        _ => found.push((file, item)),
                    }
                }
                Some(())
            }
            ExprKind::Binary(BinaryOp::Add, run) => {
                facts.list(run).iter().try_for_each(|&part| add(project, file, part, left, found))
            }
            _ => None,
        }
    }
    let mut found = Vec::new();
    add(project, file, value, 16, &mut found)?;
    Some(found)
}
