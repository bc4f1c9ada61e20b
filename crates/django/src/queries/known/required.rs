//! Columns that hold something in every row of a query: the primary key, foreign keys and dates that are not null, and
//! texts that may not be blank.
//!
//! `save()` and properties fill in what a new object lacks (`if not self.slug: self.slug = slugify(self.title)`), and show
//! something else where a name is missing. Of rows that a query gives, none lacks what its field demands, nor a text that
//! the model's `save()` fills in.
//!
//! <https://docs.djangoproject.com/en/stable/ref/models/fields/#blank>

use ruff_text_size::TextRange;
use tuneup_python::flow::{ArgumentKind, Expr, ExprKind, FileFacts, Stmt, StmtKind};
use tuneup_python::{Base, ClassRef, Symbol};

use crate::queries::attributes::Binding;
use crate::queries::known::filtered::{TEXTS, is_date};
use crate::queries::machine::Machine;
use crate::queries::value::{Origin, Row};
use crate::schema::{FieldId, ModelId};

impl Machine<'_> {
    /// Whether a column of a row is filled whichever of the query's rows it is.
    pub(in crate::queries) fn is_filled(&mut self, row: Row, name: Symbol) -> bool {
        if !self.is_fetched(row) {
            return false;
        }
        if name == "pk" || self.is_key_to_owner(row, name) {
            return true;
        }
        let Some(field) = self.schema.field_named(row.model, name) else { return false };
        if let Some(&known) = self.required.get(&(row.model, field)) {
            return known;
        }
        let is_required = self.is_required(field) || self.is_filled_in(row.model, field);
        self.required.insert((row.model, field), is_required);
        is_required
    }

    /// Whether a column is the key of the relation by whose other side a row was reached: the books of an author have one.
    fn is_key_to_owner(&self, row: Row, name: Symbol) -> bool {
        self.reached_over(row).is_some_and(|relation| {
            let relation = self.schema.relation(relation);
            !relation.is_reverse()
                && !relation.to_many()
                && self.schema.field(relation.field()).name() == name
        })
    }

    /// Whether the `save()` of a model fills in a text that a row lacks: `if not self.name: self.name = …`.
    fn is_filled_in(&self, model: ModelId, id: FieldId) -> bool {
        let field = self.schema.field(id);
        if !TEXTS.contains(&field.class().as_str()) || field.relation().is_some() {
            return false;
        }
        let Some(class) = self.schema.class_of(model) else { return false };
        let Some((function, Binding::Method)) = self.class_function(class, Symbol::new("save")) else {
            return false;
        };
        let facts = self.project.facts(function.file);
        let own = |place: Expr| match facts.kind(place) {
            ExprKind::Attribute(base, name) => facts.kind(base) == ExprKind::Local(0) && name == field.name(),
            _ => false,
        };
        facts.block(facts.function(function.id).body).iter().any(|stmt| {
            let StmtKind::If { test, then, .. } = stmt.kind else { return false };
            let ExprKind::Not(asked) = facts.kind(test) else { return false };
            let fills = |stmt: &Stmt| {
                matches!(stmt.kind, StmtKind::Assign(target, from) if own(target) && is_text(facts, from))
            };
            own(asked) && facts.block(then).iter().any(fills)
        })
    }

    /// Whether a column of a row is never `None`: the database holds something there, and the row came from it, by a
    /// query or over a foreign key, or the field has a default, which a new object begins with.
    pub(in crate::queries) fn is_never_null(&self, row: Row, name: Symbol) -> bool {
        let Some(field) = self.schema.field_named(row.model, name) else { return false };
        if !self.schema.field(field).null().is_no() {
            return false;
        }
        let is_fetched = || {
            self.values.length(row.path) > 0
                || self.as_queryset(row.query).is_some_and(|queryset| queryset.origin != Origin::Outside)
        };
        is_fetched() || self.has_default(field)
    }

    fn has_default(&self, field: FieldId) -> bool {
        let Some(source) = self.schema.field(field).source() else { return false };
        let facts = self.project.facts(source.file);
        facts.arguments(source.arguments).iter().any(|argument| {
            matches!(argument.kind, ArgumentKind::Keyword(name) if name == "default")
                && facts.kind(argument.value) != ExprKind::None
        })
    }

    fn is_required(&self, id: FieldId) -> bool {
        let field = self.schema.field(id);
        if field.primary_key().is_yes() {
            return true;
        }
        if field.relation().is_some() || is_date(field.class().as_str()) {
            return field.null().is_no();
        }
        let Some(source) = field.source() else { return false };
        let facts = self.project.facts(source.file);
        let says_otherwise = facts.arguments(source.arguments).iter().any(|argument| match argument.kind {
            ArgumentKind::Keyword(name) if name == "blank" || name == "null" => {
                facts.kind(argument.value) != ExprKind::Bool(false)
            }
            ArgumentKind::Keyword(name) => name == "default" || name == "db_default",
            ArgumentKind::Star | ArgumentKind::DoubleStar => true,
            ArgumentKind::Positional => false,
        });
        TEXTS.contains(&field.class().as_str())
            && !says_otherwise
            && field.custom_class().is_none_or(|class| !self.may_default(class))
    }

    /// Whether a field's class may itself say that the field may be blank, or what it holds where nothing is given.
    fn may_default(&self, class: ClassRef) -> bool {
        let says = |name: &str| matches!(name, "blank" | "default" | "null");
        let is_said_in = |class: &ClassRef| {
            let facts = self.project.facts(class.file);
            let body = facts.class(class.id).range;
            let is_within = |range: TextRange| body.contains_range(range);
            facts
                .exprs_within(body)
                .any(|(_, expr)| matches!(expr.kind, ExprKind::Str(text) if says(text.as_str())))
                || facts.arguments.iter().any(|argument| {
                    is_within(facts.range(argument.value))
                        && matches!(argument.kind, ArgumentKind::Keyword(name) if says(name.as_str()))
                })
        };
        self.project.mro(class).iter().any(|base| match base {
            Base::Class(class) => is_said_in(class),
            Base::External(name) => !name.as_str().starts_with("django.db.models."),
            Base::Unknown | Base::Value(..) => true,
        })
    }
}

/// Whether what is put into a text is no empty one, as far as can be seen.
fn is_text(facts: &FileFacts, from: Expr) -> bool {
    match facts.kind(from) {
        ExprKind::None | ExprKind::Conditional(_) | ExprKind::And(_) => false,
        ExprKind::Str(text) => !text.as_str().is_empty(),
        ExprKind::Or(run) => facts.list(run).last().is_some_and(|&last| is_text(facts, last)),
        _ => true,
    }
}
