//! The operations of a migration that change what Django remembers of models.

use super::value::{Call, Value};

/// An operation, as far as it matters to the state of models. Names of models and fields are as written.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are called as Django's arguments")]
pub enum Operation {
    CreateModel {
        name: String,
        fields: Vec<(String, Value)>,
        options: Value,
        bases: Vec<Value>,
    },
    DeleteModel {
        name: String,
    },
    RenameModel {
        old_name: String,
        new_name: String,
    },
    AlterModelTable {
        name: String,
        table: Value,
    },
    AlterModelOptions {
        name: String,
        options: Value,
    },
    /// `AlterUniqueTogether`, `AlterIndexTogether`: the option's name, and its value.
    AlterTogether {
        name: String,
        option: &'static str,
        value: Value,
    },
    AddField {
        model_name: String,
        name: String,
        field: Value,
    },
    RemoveField {
        model_name: String,
        name: String,
    },
    AlterField {
        model_name: String,
        name: String,
        field: Value,
    },
    RenameField {
        model_name: String,
        old_name: String,
        new_name: String,
    },
    AddIndex {
        model_name: String,
        index: Value,
    },
    RemoveIndex {
        model_name: String,
        name: String,
    },
    RenameIndex {
        model_name: String,
        new_name: String,
        old_name: Option<String>,
        old_fields: Option<Vec<String>>,
    },
    AddConstraint {
        model_name: String,
        constraint: Value,
    },
    RemoveConstraint {
        model_name: String,
        name: String,
    },
    /// SQL that makes or drops indexes by itself, and what it says of the state.
    RunSql {
        sql: Vec<String>,
        state: Vec<Operation>,
    },
    Separate {
        database: Vec<Operation>,
        state: Vec<Operation>,
    },
    /// Without a meaning for models: data, extensions, managers, operations of other packages.
    Other(String),
    /// One of Django's whose arguments cannot be told.
    Unclear(String),
}

impl Operation {
    /// Reads an operation.
    pub(super) fn of(value: &Value) -> Self {
        let Some(call) = value.as_call() else {
            return Self::Unclear("an operation that is no call".to_owned());
        };
        Self::known(call).unwrap_or_else(|| match CLASSES.contains(&call.class()) {
            true => Self::Unclear(format!("{} with arguments that cannot be told", call.class())),
            false => Self::Other(call.class().to_owned()),
        })
    }

    fn known(call: &Call) -> Option<Self> {
        let value = |position: usize, name: &str| call.argument(position, name);
        let text = |position: usize, name: &str| Some(value(position, name)?.as_str()?.to_owned());
        let inner = |position: usize, name: &str| match value(position, name) {
            None | Some(Value::None) => Some(Vec::new()),
            Some(value) => value.items().map(|items| items.iter().map(Self::of).collect()),
        };
        // Other packages' operations of these names do the same, and more: `AddIndexConcurrently` is Django's own.
        Some(match call.class() {
            "CreateModel" => {
                let fields = value(1, "fields")?.items()?;
                let field = |item: &Value| match item.items()? {
                    [name, field] => Some((name.as_str()?.to_owned(), field.clone())),
                    _ => None,
                };
                Self::CreateModel {
                    name: text(0, "name")?,
                    fields: fields.iter().map(field).collect::<Option<_>>()?,
                    options: match value(2, "options") {
                        Some(options @ Value::Dict(_)) => options.clone(),
                        None | Some(Value::None) => Value::Dict(Vec::new()),
                        _ => return None,
                    },
                    bases: value(3, "bases")
                        .and_then(Value::items)
                        .map(<[Value]>::to_vec)
                        .unwrap_or_default(),
                }
            }
            "DeleteModel" => Self::DeleteModel { name: text(0, "name")? },
            "RenameModel" => {
                Self::RenameModel { old_name: text(0, "old_name")?, new_name: text(1, "new_name")? }
            }
            "AlterModelTable" => {
                Self::AlterModelTable { name: text(0, "name")?, table: value(1, "table")?.clone() }
            }
            "AlterModelOptions" => {
                Self::AlterModelOptions { name: text(0, "name")?, options: value(1, "options")?.clone() }
            }
            "AlterUniqueTogether" | "AlterIndexTogether" => {
                let option = match call.class() {
                    "AlterUniqueTogether" => "unique_together",
                    _ => "index_together",
                };
                let value = value(1, option).cloned().unwrap_or(Value::None);
                Self::AlterTogether { name: text(0, "name")?, option, value }
            }
            class @ ("AddField" | "AlterField") => {
                let (model_name, name) = (text(0, "model_name")?, text(1, "name")?);
                let mut field = value(2, "field")?.clone();
                // A default for the rows that are there is not kept.
                let keeps = value(3, "preserve_default").is_none_or(|keeps| *keeps != Value::Bool(false));
                if let Value::Call(call) = &mut field
                    && !keeps
                {
                    call.keywords.retain(|(name, _)| name != "default");
                }
                match class {
                    "AddField" => Self::AddField { model_name, name, field },
                    _ => Self::AlterField { model_name, name, field },
                }
            }
            "RemoveField" => Self::RemoveField { model_name: text(0, "model_name")?, name: text(1, "name")? },
            "RenameField" => Self::RenameField {
                model_name: text(0, "model_name")?,
                old_name: text(1, "old_name")?,
                new_name: text(2, "new_name")?,
            },
            "AddIndex" | "AddIndexConcurrently" => {
                Self::AddIndex { model_name: text(0, "model_name")?, index: value(1, "index")?.clone() }
            }
            "RemoveIndex" | "RemoveIndexConcurrently" => {
                Self::RemoveIndex { model_name: text(0, "model_name")?, name: text(1, "name")? }
            }
            "RenameIndex" => Self::RenameIndex {
                model_name: text(0, "model_name")?,
                new_name: text(1, "new_name")?,
                old_name: text(2, "old_name"),
                old_fields: value(3, "old_fields").and_then(Value::texts),
            },
            "AddConstraint" | "AddConstraintNotValid" => Self::AddConstraint {
                model_name: text(0, "model_name")?,
                constraint: value(1, "constraint")?.clone(),
            },
            "RemoveConstraint" => {
                Self::RemoveConstraint { model_name: text(0, "model_name")?, name: text(1, "name")? }
            }
            "RunSQL" => Self::RunSql {
                sql: value(0, "sql").map(statements).unwrap_or_default(),
                state: inner(2, "state_operations")?,
            },
            "SeparateDatabaseAndState" => Self::Separate {
                database: inner(0, "database_operations")?,
                state: inner(1, "state_operations")?,
            },
            _ => return None,
        })
    }
}

/// Django's operations on the state of models.
const CLASSES: &[&str] = &[
    "CreateModel",
    "DeleteModel",
    "RenameModel",
    "AlterModelTable",
    "AlterModelOptions",
    "AlterUniqueTogether",
    "AlterIndexTogether",
    "AddField",
    "AlterField",
    "RemoveField",
    "RenameField",
    "AddIndex",
    "AddIndexConcurrently",
    "RemoveIndex",
    "RemoveIndexConcurrently",
    "RenameIndex",
    "AddConstraint",
    "AddConstraintNotValid",
    "RemoveConstraint",
    "SeparateDatabaseAndState",
];

/// The statements of `RunSQL(sql)`: a text, or texts and pairs of a text and its parameters.
fn statements(sql: &Value) -> Vec<String> {
    if let Some(text) = sql.as_str() {
        return vec![text.to_owned()];
    }
    let of_item = |item: &Value| match item {
        Value::Str(text) => Some(text.clone()),
        item => item.items()?.first()?.as_str().map(str::to_owned),
    };
    sql.items().unwrap_or_default().iter().filter_map(of_item).collect()
}
