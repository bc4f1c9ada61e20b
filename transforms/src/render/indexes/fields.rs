//! The index of one field, which `db_index` says: in the model, in the migrations of all apps whose tables have the
//! field, and in those of its histories.

use std::collections::BTreeSet;

use tuneup_django::migrations::names::column_index_name;
use tuneup_django::schema::{Field, ModelId, RelationKind};
use tuneup_python::Symbol;
use tuneup_python::flow::ExprKind;

use super::models::FieldEdit;
use super::operation::{Operation, Written};
use super::plan::Need;
use super::{Gathered, histories, values};

impl<'a> Gathered<'a> {
    /// Adds `db_index=True` to a field, or takes its index away: in its class, in its table, and in those of its
    /// histories.
    pub(super) fn set_field_index(
        &mut self,
        id: ModelId,
        name: &str,
        on: bool,
        concurrently: bool,
        asked_by: &[&'a str],
    ) -> Result<(), String> {
        let project = self.project;
        let schema = &project.schema;
        let label = schema.label(id);
        let mut own = schema.model(id).fields().iter().rev().map(|&field| schema.field(field));
        let field = own.find(|field| field.name() == name);
        let field = field.ok_or_else(|| format!("{label} has no field {name} of its own"))?;
        let source =
            *field.source().ok_or_else(|| format!("the field {name} of {label} is not in the project"))?;
        if project.source.file(source.file).is_third_party {
            return Err(format!("the field {name} of {label} is another package's"));
        }
        let by_itself = has_index_by_itself(field);
        let said = field.keyword(&project.source, "db_index");
        let is_said = said.is_some();
        let says = |value: bool| {
            said.is_some_and(|(file, said)| {
                let is_own = file == source.file;
                is_own && project.source.facts(file).kind(said) == ExprKind::Bool(value)
            })
        };
        let edit = match (on == by_itself, is_said) {
            (true, true) => FieldEdit::Remove,
            (false, false) => FieldEdit::Add(on),
            // `ForeignKey(…, db_index=True)` says what it has by itself.
            (false, true) if says(!on) => FieldEdit::Change(on),
            _ => return Err(format!("`db_index` of {label}.{name} is as it should be, or cannot be told")),
        };
        // A field of an abstract base is one of each model below it.
        let is_it = |other: &Field| {
            other.source().is_some_and(|known| known.owner == source.owner && known.value == source.value)
        };
        let mut planned: Vec<(Symbol, Operation, BTreeSet<Need>)> = Vec::new();
        for other in schema.models() {
            let model = schema.model(other);
            if model.is_abstract() || model.is_proxy() {
                continue;
            }
            if !model.fields().iter().any(|&field| is_it(schema.field(field))) || self.is_in_tests(other) {
                continue;
            }
            let app = self.app(other)?;
            let user = self.user_model();
            let key = model.name().as_str().to_lowercase();
            let state = app.state.models.get(&key).filter(|state| state.is_managed());
            if let Some(last) = state.and_then(|state| state.fields.get(name)) {
                let altered = values::with_db_index(last, by_itself, on)?;
                let needs = values::needs(&altered, app.label.as_str(), user.as_deref());
                let written = values::written(&altered)?;
                let operation = match concurrently {
                    true if on => self.index_of_field_concurrently(other, field, key.clone(), written)?,
                    _ => Operation::AlterField { model: key.clone(), name: name.to_owned(), field: written },
                };
                planned.push((app.label, operation, needs));
            }
            // In a history foreign keys are indexed, whatever the model says of its own.
            if field.relation().is_some() {
                continue;
            }
            for history in histories::of_field(project, app, &key, name)? {
                let app = self.app_of_label(history.app.label)?;
                let Some(last) = history.state.fields.get(name) else { continue };
                let altered = values::with_db_index(last, by_itself, on)?;
                if altered == *last || !history.state.is_managed() {
                    continue;
                }
                let needs = values::needs(&altered, app.label.as_str(), user.as_deref());
                let field = values::written(&altered)?;
                let model = history.key.to_owned();
                planned.push((
                    app.label,
                    Operation::AlterField { model, name: name.to_owned(), field },
                    needs,
                ));
            }
        }
        if planned.is_empty() {
            return Err(format!("no migration makes the field {name} of {label}"));
        }
        for (label, operation, needs) in planned {
            self.plan_in(label, operation, needs, asked_by);
        }
        let range = project.source.facts(source.file).range(source.value);
        let place = (project.path(source.file).to_owned(), range.start().to_u32(), range.end().to_u32());
        self.fields.entry(place).or_insert_with(|| (edit, Vec::new())).1.extend(asked_by);
        Ok(())
    }

    /// `db_index=True` on a field whose index PostgreSQL makes while others write.
    fn index_of_field_concurrently(
        &self,
        id: ModelId,
        field: &Field,
        model: String,
        written: Written,
    ) -> Result<Operation, String> {
        let name = field.name().to_string();
        let unknown = || format!("the table or the column of {name} cannot be told");
        let table = self.project.schema.db_table(&self.project.source, id).ok_or_else(unknown)?;
        let column = field.column().ok_or_else(unknown)?.as_str();
        // PostgreSQL's limit, since it alone goes on writing.
        let index = |suffix: &str, operator: &str| {
            let name = column_index_name(&table, &[column], suffix, 63);
            (
                format!("CREATE INDEX CONCURRENTLY \"{name}\" ON \"{table}\" (\"{column}\"{operator})"),
                format!("DROP INDEX CONCURRENTLY IF EXISTS \"{name}\""),
            )
        };
        let mut statements = vec![index("", "")];
        match field.class().as_str() {
            "CharField" | "EmailField" | "FileField" | "FilePathField" | "ImageField" | "SlugField"
            | "URLField" => {
                statements.push(index("_like", " varchar_pattern_ops"));
            }
            "TextField" => statements.push(index("_like", " text_pattern_ops")),
            _ => {}
        }
        Ok(Operation::SetFieldConcurrently { model, name, field: written, statements })
    }
}

/// Whether a field's class makes an index unless it is told not to.
fn has_index_by_itself(field: &Field) -> bool {
    field.class() == "SlugField"
        || matches!(field.kind(), Some(RelationKind::ForeignKey | RelationKind::OneToOne))
}
