//! Operations as `makemigrations` writes them: their text, their order, and what they give to a file's name.

use std::collections::BTreeSet;

use tuneup_django::migrations::repr;

/// An operation to write. Names of models are in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    RemoveIndex {
        model: String,
        name: String,
    },
    RenameIndex {
        model: String,
        name: String,
        old_fields: Vec<String>,
    },
    AlterIndexTogether {
        model: String,
        sets: Vec<Vec<String>>,
    },
    AlterField {
        model: String,
        name: String,
        field: Written,
    },
    AddIndex {
        model: String,
        name: String,
        index: Written,
    },
    AddIndexConcurrently {
        model: String,
        name: String,
        index: Written,
    },
    /// `db_index` of a field that is turned on while the database goes on writing: the statements that make and drop
    /// each index.
    SetFieldConcurrently {
        model: String,
        name: String,
        field: Written,
        statements: Vec<(String, String)>,
    },
}

/// The text of a value, and the imports that it needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) text: String,
    pub(super) imports: BTreeSet<String>,
}

impl Operation {
    /// Where Django's autodetector comes to it: by kind, model and field.
    pub(super) fn order(&self) -> (u8, &str, &str) {
        match self {
            Self::RemoveIndex { model, .. } => (0, model, ""),
            Self::RenameIndex { model, .. } => (1, model, ""),
            Self::AlterField { model, name, .. } => (2, model, name),
            Self::AlterIndexTogether { model, .. } => (3, model, ""),
            Self::AddIndex { model, .. } => (4, model, ""),
            Self::SetFieldConcurrently { model, name, .. } => (5, model, name),
            Self::AddIndexConcurrently { model, .. } => (6, model, ""),
        }
    }

    /// Whether it has to be alone in a file that is not one transaction.
    pub(super) fn is_concurrent(&self) -> bool {
        matches!(self, Self::AddIndexConcurrently { .. } | Self::SetFieldConcurrently { .. })
    }

    /// What it gives to the name of the file.
    pub(super) fn fragment(&self) -> String {
        match self {
            Self::RemoveIndex { model, name } => format!("remove_{model}_{}", name.to_lowercase()),
            Self::RenameIndex { model, name, old_fields } => {
                format!("rename_{model}_{}_{}", old_fields.join("_"), name.to_lowercase())
            }
            Self::AlterIndexTogether { model, .. } => format!("alter_{model}_index_together"),
            Self::AlterField { model, name, .. } | Self::SetFieldConcurrently { model, name, .. } => {
                format!("alter_{model}_{}", name.to_lowercase())
            }
            Self::AddIndex { model, name, .. } | Self::AddIndexConcurrently { model, name, .. } => {
                format!("{model}_{}", name.to_lowercase())
            }
        }
    }

    /// Its lines, and the imports that they need.
    pub(super) fn write(&self, imports: &mut BTreeSet<String>) -> Vec<String> {
        let tuple = |fields: &[String]| match fields {
            [only] => format!("({},)", repr(only)),
            several => {
                format!("({})", several.iter().map(|field| repr(field)).collect::<Vec<_>>().join(", "))
            }
        };
        let (class, arguments) = match self {
            Self::RemoveIndex { model, name } => {
                ("migrations.RemoveIndex", vec![("model_name", repr(model)), ("name", repr(name))])
            }
            Self::RenameIndex { model, name, old_fields } => (
                "migrations.RenameIndex",
                vec![
                    ("model_name", repr(model)),
                    ("new_name", repr(name)),
                    ("old_fields", tuple(old_fields)),
                ],
            ),
            Self::AlterIndexTogether { model, sets } => {
                let sets: Vec<String> = sets.iter().map(|set| tuple(set)).collect();
                let sets =
                    if sets.is_empty() { "set()".to_owned() } else { format!("{{{}}}", sets.join(", ")) };
                ("migrations.AlterIndexTogether", vec![("name", repr(model)), ("index_together", sets)])
            }
            Self::AlterField { model, name, field } => {
                imports.extend(field.imports.iter().cloned());
                (
                    "migrations.AlterField",
                    vec![("model_name", repr(model)), ("name", repr(name)), ("field", field.text.clone())],
                )
            }
            Self::AddIndex { model, index, .. } => {
                imports.extend(index.imports.iter().cloned());
                ("migrations.AddIndex", vec![("model_name", repr(model)), ("index", index.text.clone())])
            }
            Self::AddIndexConcurrently { model, index, .. } => {
                imports.extend(index.imports.iter().cloned());
                imports
                    .insert("from django.contrib.postgres.operations import AddIndexConcurrently".to_owned());
                ("AddIndexConcurrently", vec![("model_name", repr(model)), ("index", index.text.clone())])
            }
            Self::SetFieldConcurrently { model, name, field, statements } => {
                let state =
                    Self::AlterField { model: model.clone(), name: name.clone(), field: field.clone() };
                return separate(&state, statements, imports);
            }
        };
        call(class, &arguments)
    }
}

fn call(class: &str, arguments: &[(&str, String)]) -> Vec<String> {
    let mut lines = vec![format!("{class}(")];
    lines.extend(arguments.iter().map(|(name, value)| format!("    {name}={value},")));
    lines.push("),".to_owned());
    lines
}

fn separate(
    state: &Operation,
    statements: &[(String, String)],
    imports: &mut BTreeSet<String>,
) -> Vec<String> {
    let mut lines =
        vec!["migrations.SeparateDatabaseAndState(".to_owned(), "    database_operations=[".to_owned()];
    let inner = |lines: Vec<String>| lines.into_iter().map(|line| format!("        {line}"));
    for (forwards, backwards) in statements {
        lines.extend(inner(call(
            "migrations.RunSQL",
            &[("sql", repr(forwards)), ("reverse_sql", repr(backwards))],
        )));
    }
    lines.extend(["    ],".to_owned(), "    state_operations=[".to_owned()]);
    lines.extend(inner(state.write(imports)));
    lines.extend(["    ],".to_owned(), "),".to_owned()]);
    lines
}
