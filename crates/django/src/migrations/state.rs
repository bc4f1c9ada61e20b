//! What Django remembers of an app's models: the migrations, replayed.

use std::collections::BTreeMap;

use super::operations::Operation;
use super::value::{Call, Name, Value};

/// The models of an app as its migrations leave them, by name in lower case.
#[derive(Clone, Debug, Default)]
pub struct AppState {
    /// The models.
    pub models: BTreeMap<String, ModelState>,
    /// The indexes that SQL made by itself.
    pub sql_indexes: Vec<SqlIndex>,
}

/// A model as the migrations leave it.
#[derive(Clone, Debug)]
pub struct ModelState {
    /// The name of its class.
    pub name: String,
    /// Its fields by name, each with the call that was last written for it.
    pub fields: BTreeMap<String, Value>,
    /// `Meta`, but for indexes and constraints.
    pub options: BTreeMap<String, Value>,
    /// `Meta.indexes`, in order.
    pub indexes: Vec<IndexState>,
    /// The names of `Meta.constraints`, in order, with their calls.
    pub constraints: Vec<(String, Value)>,
    /// The bases, as the migration says them.
    pub bases: Vec<Value>,
}

/// An index of `Meta.indexes`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexState {
    /// Its name, where the migration says it, as all of the last years do.
    pub name: Option<String>,
    /// The call that makes it.
    pub value: Value,
}

/// An index that SQL made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SqlIndex {
    /// Its name, without quotes.
    pub name: String,
    /// Its table, without quotes and schema.
    pub table: String,
    /// Its columns, without directions; empty where it has expressions.
    pub columns: Vec<String>,
    /// Whether it holds for some rows alone.
    pub is_partial: bool,
}

/// The two options that are sets of tuples of fields.
const TOGETHER: [&str; 2] = ["unique_together", "index_together"];

impl IndexState {
    /// An index by its call.
    pub(super) fn of(value: Value) -> Self {
        let name = value.as_call().and_then(|call| call.keyword("name")?.as_str().map(str::to_owned));
        Self { name, value }
    }

    /// The fields, with `-` for descending; none where it has expressions.
    pub fn fields(&self) -> Option<Vec<String>> {
        self.value.as_call()?.keyword("fields")?.texts()
    }
}

impl ModelState {
    /// The sets of fields of `unique_together` or `index_together`.
    pub fn together(&self, option: &str) -> Vec<Vec<String>> {
        self.options.get(option).map(sets).unwrap_or_default()
    }

    /// Whether Django makes its table.
    pub fn is_managed(&self) -> bool {
        self.options.get("managed") != Some(&Value::Bool(false))
    }

    /// Whether it shows the rows of another.
    pub fn is_proxy(&self) -> bool {
        self.options.get("proxy") == Some(&Value::Bool(true))
    }
}

/// The sets of `unique_together`, which may be one set alone.
pub(super) fn sets(value: &Value) -> Vec<Vec<String>> {
    match value.texts() {
        Some(one) if !one.is_empty() => vec![one],
        _ => value.items().unwrap_or_default().iter().filter_map(Value::texts).collect(),
    }
}

impl AppState {
    /// Applies an operation. An error, for a person, where it cannot be told what it does.
    pub(super) fn apply(&mut self, operation: Operation) -> Result<(), String> {
        match operation {
            Operation::CreateModel { name, fields, options, bases } => {
                let model = created(name, fields, options, bases);
                self.models.insert(model.name.to_lowercase(), model);
            }
            Operation::DeleteModel { name } => {
                self.models.remove(&name.to_lowercase());
            }
            Operation::RenameModel { old_name, new_name } => self.rename_model(&old_name, &new_name)?,
            Operation::AlterModelTable { name, table } => {
                self.model(&name)?.options.insert("db_table".to_owned(), table);
            }
            Operation::AlterModelOptions { name, options } => {
                let model = self.model(&name)?;
                model.options.retain(|key, _| !ALTERED.contains(&key.as_str()));
                if let Value::Dict(items) = options {
                    let items = items.into_iter();
                    model
                        .options
                        .extend(items.filter_map(|(key, value)| Some((key.as_str()?.to_owned(), value))));
                }
            }
            Operation::AlterTogether { name, option, value } => {
                self.model(&name)?.options.insert(option.to_owned(), value);
            }
            Operation::AddField { model_name, name, field }
            | Operation::AlterField { model_name, name, field } => {
                self.model(&model_name)?.fields.insert(name, field);
            }
            Operation::RemoveField { model_name, name } => {
                let model = self.model(&model_name)?;
                let key = field_key(model, &name);
                model.fields.remove(&key);
            }
            Operation::RenameField { model_name, old_name, new_name } => {
                let model = self.model(&model_name)?;
                let key = field_key(model, &old_name);
                if let Some(field) = model.fields.remove(&key) {
                    model.fields.insert(new_name.clone(), field);
                }
                for option in TOGETHER {
                    let renamed = |set: Vec<String>| {
                        let of = |name: String| if name == old_name { new_name.clone() } else { name };
                        Value::Tuple(set.into_iter().map(|name| Value::Str(of(name))).collect())
                    };
                    if model.options.contains_key(option) {
                        let sets = model.together(option).into_iter().map(renamed).collect();
                        model.options.insert(option.to_owned(), Value::Set(sets));
                    }
                }
            }
            Operation::AddIndex { model_name, index } => {
                self.model(&model_name)?.indexes.push(IndexState::of(index));
            }
            Operation::RemoveIndex { model_name, name } => {
                self.model(&model_name)?.indexes.retain(|index| index.name.as_ref() != Some(&name));
            }
            Operation::RenameIndex { model_name, new_name, old_name, old_fields } => {
                let model = self.model(&model_name)?;
                if let Some(fields) = old_fields {
                    let mut sets = model.together("index_together");
                    sets.retain(|set| *set != fields);
                    let tuple = |set: Vec<String>| Value::Tuple(set.into_iter().map(Value::Str).collect());
                    let sets = Value::Set(sets.into_iter().map(tuple).collect());
                    model.options.insert("index_together".to_owned(), sets);
                    model.indexes.push(IndexState::of(index(&fields, &new_name)));
                }
                for index in
                    model.indexes.iter_mut().filter(|index| old_name.is_some() && index.name == old_name)
                {
                    index.name = Some(new_name.clone());
                    if let Value::Call(call) = &mut index.value {
                        for (name, value) in &mut call.keywords {
                            if name == "name" {
                                *value = Value::Str(new_name.clone());
                            }
                        }
                    }
                }
            }
            Operation::AddConstraint { model_name, constraint } => {
                let added = named(constraint);
                self.model(&model_name)?.constraints.push(added);
            }
            Operation::RemoveConstraint { model_name, name } => {
                self.model(&model_name)?.constraints.retain(|(known, _)| *known != name);
            }
            Operation::RunSql { sql, state } => {
                for statement in &sql {
                    self.run_sql(statement);
                }
                self.apply_all(state)?;
            }
            Operation::Separate { database, state } => {
                for operation in database {
                    if let Operation::RunSql { sql, .. } = operation {
                        for statement in &sql {
                            self.run_sql(statement);
                        }
                    }
                }
                self.apply_all(state)?;
            }
            Operation::Other(_) => {}
            Operation::Unclear(what) => return Err(what),
        }
        Ok(())
    }

    fn apply_all(&mut self, operations: Vec<Operation>) -> Result<(), String> {
        operations.into_iter().try_for_each(|operation| self.apply(operation))
    }

    fn model(&mut self, name: &str) -> Result<&mut ModelState, String> {
        self.models
            .get_mut(&name.to_lowercase())
            .ok_or_else(|| format!("a change of {name}, which no migration makes"))
    }

    fn rename_model(&mut self, old: &str, new: &str) -> Result<(), String> {
        let Some(mut model) = self.models.remove(&old.to_lowercase()) else {
            return Err(format!("a new name for {old}, which no migration makes"));
        };
        new.clone_into(&mut model.name);
        self.models.insert(new.to_lowercase(), model);
        for model in self.models.values_mut() {
            for field in model.fields.values_mut() {
                let Value::Call(call) = field else { continue };
                for (key, value) in &mut call.keywords {
                    if !matches!(key.as_str(), "to" | "through") {
                        continue;
                    }
                    let Value::Str(target) = value else { continue };
                    let (app, name) = match target.rsplit_once('.') {
                        Some((app, name)) => (format!("{app}."), name),
                        None => (String::new(), target.as_str()),
                    };
                    // A model of another app that has the same name is rare, and its relation only named here.
                    if name.eq_ignore_ascii_case(old) {
                        *target = format!("{app}{}", new.to_lowercase());
                    }
                }
            }
        }
        Ok(())
    }

    fn run_sql(&mut self, sql: &str) {
        for statement in sql.split(';') {
            if let Some(index) = sql_index(statement) {
                self.sql_indexes.push(index);
            } else if let Some(name) = dropped(statement) {
                self.sql_indexes.retain(|index| !index.name.eq_ignore_ascii_case(&name));
            }
        }
    }
}

/// The options that `AlterModelOptions` takes off where it does not name them.
const ALTERED: &[&str] = &[
    "base_manager_name",
    "default_manager_name",
    "default_related_name",
    "get_latest_by",
    "managed",
    "ordering",
    "permissions",
    "default_permissions",
    "select_on_save",
    "verbose_name",
    "verbose_name_plural",
];

/// The key of a field, whose name an operation may say in other case.
fn field_key(model: &ModelState, name: &str) -> String {
    match model.fields.contains_key(name) {
        true => name.to_owned(),
        false => model
            .fields
            .keys()
            .find(|key| key.eq_ignore_ascii_case(name))
            .cloned()
            .unwrap_or_else(|| name.to_owned()),
    }
}

fn created(name: String, fields: Vec<(String, Value)>, options: Value, bases: Vec<Value>) -> ModelState {
    let mut model = ModelState {
        name,
        fields: fields.into_iter().collect(),
        options: BTreeMap::new(),
        indexes: Vec::new(),
        constraints: Vec::new(),
        bases,
    };
    let Value::Dict(options) = options else { return model };
    for (key, value) in options {
        match key.as_str() {
            Some("indexes") => {
                model.indexes = items_of(value).into_iter().map(IndexState::of).collect();
            }
            Some("constraints") => {
                model.constraints = items_of(value).into_iter().map(named).collect();
            }
            Some(key) => {
                model.options.insert(key.to_owned(), value);
            }
            None => {}
        }
    }
    model
}

fn named(constraint: Value) -> (String, Value) {
    let name = constraint.as_call().and_then(|call| call.keyword("name")?.as_str());
    (name.unwrap_or_default().to_owned(), constraint)
}

fn items_of(value: Value) -> Vec<Value> {
    value.items().map(<[Value]>::to_vec).unwrap_or_default()
}

/// `models.Index(fields=[…], name='…')`
pub fn index(fields: &[String], name: &str) -> Value {
    let callee = Value::Name(Name { module: "django.db.models".to_owned(), path: "Index".to_owned() });
    let fields = Value::List(fields.iter().map(|field| Value::Str(field.clone())).collect());
    let keywords = vec![("fields".to_owned(), fields), ("name".to_owned(), Value::Str(name.to_owned()))];
    Value::Call(Box::new(Call { callee, arguments: Vec::new(), keywords, is_open: false }))
}

/// The index that a statement makes: `CREATE INDEX CONCURRENTLY IF NOT EXISTS "name" ON ONLY table USING btree (a, b DESC)`.
fn sql_index(statement: &str) -> Option<SqlIndex> {
    let (head, rest) = statement.split_once('(')?;
    let mut words = head.split_whitespace().peekable();
    let skip = |word: &str, words: &mut std::iter::Peekable<std::str::SplitWhitespace>| {
        words.next_if(|next| next.eq_ignore_ascii_case(word)).is_some()
    };
    // A comment may stand in front.
    while words.peek().is_some_and(|word| !word.eq_ignore_ascii_case("create")) {
        words.next();
    }
    skip("create", &mut words).then_some(())?;
    skip("unique", &mut words);
    skip("index", &mut words).then_some(())?;
    for word in ["concurrently", "if", "not", "exists"] {
        skip(word, &mut words);
    }
    let name = bare(words.next()?);
    skip("on", &mut words).then_some(())?;
    skip("only", &mut words);
    let table = bare(words.next()?);
    let (mut depth, mut end) = (1, None);
    for (at, character) in rest.char_indices() {
        match character {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            end = Some(at);
            break;
        }
    }
    let end = end?;
    let (inside, behind) = (&rest[..end], &rest[end + 1..]);
    let is_partial = behind.split_whitespace().any(|word| word.eq_ignore_ascii_case("where"));
    let columns = match inside.contains('(') {
        true => Vec::new(),
        false => {
            inside.split(',').filter_map(|column| Some(bare(column.split_whitespace().next()?))).collect()
        }
    };
    Some(SqlIndex { name, table, columns, is_partial })
}

/// The index that a statement drops.
fn dropped(statement: &str) -> Option<String> {
    let mut words = statement.split_whitespace();
    (words.next()?.eq_ignore_ascii_case("drop") && words.next()?.eq_ignore_ascii_case("index"))
        .then_some(())?;
    let is_noise =
        |word: &&str| ["concurrently", "if", "exists"].iter().any(|noise| word.eq_ignore_ascii_case(noise));
    words.find(|word| !is_noise(word)).map(bare)
}

/// A name without quotes and schema.
fn bare(name: &str) -> String {
    name.rsplit('.').next().unwrap_or(name).trim_matches(['"', '`', '\'', '[', ']']).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn indexes_are_read_off_sql() {
        let index = sql_index(
            "CREATE INDEX CONCURRENTLY IF NOT EXISTS \"a_b\" ON public.\"t\" USING btree (x, y DESC)",
        );
        let columns = vec!["x".to_owned(), "y".to_owned()];
        let expected = SqlIndex { name: "a_b".to_owned(), table: "t".to_owned(), columns, is_partial: false };
        assert_eq!(index, Some(expected));
        let partial = sql_index("create unique index u on t (lower(x)) where y is null").expect("an index");
        assert!(partial.is_partial && partial.columns.is_empty());
        assert_eq!(sql_index("UPDATE t SET x = (1)"), None);
        assert_eq!(dropped("DROP INDEX CONCURRENTLY IF EXISTS a_b"), Some("a_b".to_owned()));
    }
}
