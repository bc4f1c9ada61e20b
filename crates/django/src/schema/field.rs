//! A field of a model, and its options.

use ruff_text_size::TextRange;
use tuneup_python::flow::{Expr, ExprKind, Run, StmtKind};
use tuneup_python::{ClassRef, FileId, Project, Symbol};

use super::{ModelId, RelationId, RelationKind, Truth};

/// A field of a model.
#[derive(Clone, Debug)]
pub struct Field {
    pub(super) name: Symbol,
    pub(super) attribute: Symbol,
    pub(super) model: ModelId,
    pub(super) class: Symbol,
    pub(super) custom: Option<ClassRef>,
    pub(super) source: Option<FieldSource>,
    pub(super) kind: Option<RelationKind>,
    pub(super) relation: Option<RelationId>,
    pub(super) is_column: bool,
    pub(super) options: Options,
}

/// Where a field is declared.
#[derive(Clone, Copy, Debug)]
pub struct FieldSource {
    /// The file.
    pub file: FileId,
    /// The class whose body declares it: the model's or an abstract base's.
    pub owner: ClassRef,
    /// The call that makes it.
    pub value: Expr,
    /// The call's arguments.
    pub arguments: Run,
    /// The bytes of its name, or of the statement that binds it.
    pub range: TextRange,
}

/// The options of a field that matter to queries and indexes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Options {
    pub(super) null: Truth,
    pub(super) unique: Truth,
    pub(super) db_index: Truth,
    pub(super) primary_key: Truth,
    pub(super) parent_link: bool,
    pub(super) db_column: Option<Symbol>,
}

impl Field {
    /// Its name.
    pub fn name(&self) -> Symbol {
        self.name
    }

    /// The attribute that holds its column's value: `author_id` of a foreign key `author`.
    pub fn attribute(&self) -> Symbol {
        self.attribute
    }

    /// The model that it is a field of.
    pub fn model(&self) -> ModelId {
        self.model
    }

    /// The name of the Django field class that it is or inherits from: `CharField`.
    pub fn class(&self) -> Symbol {
        self.class
    }

    /// The class that it is made of, where that is read and so not Django's own.
    pub fn custom_class(&self) -> Option<ClassRef> {
        self.custom
    }

    /// Whether it is a `TaggableManager` of django-taggit.
    pub fn is_taggit(&self) -> bool {
        self.class == super::bundled::TAGGABLE
    }

    /// Where it is declared; nothing for fields that Django makes by itself, and for bundled ones.
    pub fn source(&self) -> Option<&FieldSource> {
        self.source.as_ref()
    }

    /// What relation it makes, if any.
    pub fn kind(&self) -> Option<RelationKind> {
        self.kind
    }

    /// The relation that it makes, from its side.
    pub fn relation(&self) -> Option<RelationId> {
        self.relation
    }

    /// Whether it has a column in the model's table.
    pub fn is_column(&self) -> bool {
        self.is_column
    }

    /// The name of its column; nothing where that cannot be told, or it has none.
    pub fn column(&self) -> Option<Symbol> {
        self.is_column.then(|| self.options.db_column.unwrap_or(self.attribute)).filter(|name| *name != "")
    }

    /// `null=True`
    pub fn null(&self) -> Truth {
        self.options.null
    }

    /// `unique=True`, or what implies it.
    pub fn unique(&self) -> Truth {
        self.options.unique
    }

    /// `db_index=True`, or what implies it: relations and slugs have an index unless it is turned off.
    pub fn db_index(&self) -> Truth {
        self.options.db_index
    }

    /// `primary_key=True`
    pub fn primary_key(&self) -> Truth {
        self.options.primary_key
    }

    /// Its `max_length`.
    pub fn length(&self, project: &Project) -> Option<i32> {
        let (file, value) = self.keyword(project, "max_length")?;
        let (file, value) = crate::apps::literals::resolved(project, file, value);
        match project.facts(file).kind(value) {
            ExprKind::Int(length) => Some(length),
            _ => None,
        }
    }

    /// The argument that says which field of the other model a relation holds.
    pub fn to_field(&self, project: &Project) -> Option<(FileId, Expr)> {
        let position = match self.kind? {
            RelationKind::ForeignKey => 6,
            RelationKind::OneToOne => 2,
            _ => return None,
        };
        let source = self.source.as_ref()?;
        let arguments = project.facts(source.file).arguments(source.arguments);
        crate::apps::literals::argument(arguments, Some(position), "to_field")
            .map(|value| (source.file, value))
    }

    /// An argument of the call that declares it, by name.
    pub fn keyword(&self, project: &Project, name: &str) -> Option<(FileId, Expr)> {
        let source = self.source.as_ref()?;
        let arguments = project.facts(source.file).arguments(source.arguments);
        crate::apps::literals::argument(arguments, None, name).map(|value| (source.file, value))
    }

    /// An argument by name, of the call that declares it or of its class of the project.
    pub fn argument(&self, project: &Project, name: &str) -> Option<(FileId, Expr)> {
        self.keyword(project, name).or_else(|| given_by_class(project, self.custom?, name))
    }
}

/// An argument that a field class of the project sets itself: `kwargs["to"] = …`, `kwargs.setdefault("to", …)`,
/// `super().__init__(to=…)`, in its `__init__`.
pub(super) fn given_by_class(project: &Project, class: ClassRef, name: &str) -> Option<(FileId, Expr)> {
    let member = project.member(class, Symbol::new("__init__"))?;
    let file = member.owner.file;
    let facts = project.facts(file);
    let ExprKind::Function(function) = facts.kind(member.binding.value?) else { return None };
    let range = facts.function(function).range;
    let is_name = |expr: Expr| facts.as_str(expr) == Some(name);
    let mut found = None;
    for (number, node) in (0..).zip(&facts.exprs) {
        if !range.contains_range(node.range) {
            continue;
        }
        let ExprKind::Call(callee, arguments) = facts.kind(Expr(number)) else { continue };
        let ExprKind::Attribute(_, method) = facts.kind(callee) else { continue };
        let arguments = facts.arguments(arguments);
        match (method.as_str(), arguments) {
            ("setdefault", [key, value]) if is_name(key.value) => found = Some(value.value),
            ("__init__", arguments) => {
                let position = (name == "to").then_some(0);
                let given = crate::apps::literals::argument(arguments, position, name);
                found = found.or(given.filter(|value| !matches!(facts.kind(*value), ExprKind::Local(_))));
            }
            _ => {}
        }
    }
    found = found.or_else(|| {
        facts.stmts.iter().filter(|stmt| range.contains_range(stmt.range)).find_map(|stmt| {
            let StmtKind::Assign(target, value) = stmt.kind else { return None };
            let ExprKind::Subscript(_, key) = facts.kind(target) else { return None };
            is_name(key).then_some(value)
        })
    });
    found.map(|value| (file, value))
}
