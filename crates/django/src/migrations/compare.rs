//! Whether the models say what the migrations left: if not, `makemigrations` has something to do already.

use std::collections::{BTreeMap, BTreeSet};

use tuneup_python::flow::{Expr, ExprKind};
use tuneup_python::{FileId, Symbol};

use super::names::{LONGEST_INDEX_NAME, index_name_with_suffix};
use super::state::{IndexState, ModelState};
use super::value::{Call, Value};
use crate::Project;
use crate::apps::literals;
use crate::schema::{Field, ModelId, RelationKind, Truth};

impl Project {
    /// Whether the models of an app are as its migrations left them, as far as indexes and the fields that they need
    /// are concerned. If not, what `makemigrations` would do first.
    pub fn agrees(&self, label: &str) -> Result<(), Vec<String>> {
        let app = self.migrations().of(&self.source, label).map_err(|reason| vec![reason])?;
        let mut differences = Vec::new();
        let all = !self.makes_migrations_itself();
        for id in self.schema.models() {
            let model = self.schema.model(id);
            let is_own = model.class().is_some_and(|class| !self.source.file(class.file).is_third_party);
            if !is_own || model.is_abstract() || model.app_label() != label || self.is_in_tests(id) {
                continue;
            }
            let name = model.name().as_str().to_lowercase();
            match app.state.models.get(&name) {
                Some(state) => self.compare_model(id, state, all, &mut differences),
                // A base that is not read may be what keeps it from having a table of its own.
                None if model.is_known() && self.is_loaded(id) => {
                    differences.push(format!("no migration makes {}", self.schema.label(id)));
                }
                None => {}
            }
        }
        if differences.is_empty() { Ok(()) } else { Err(differences) }
    }

    /// Whether Django comes to know a model: whether something that is no script imports its module.
    fn is_loaded(&self, id: ModelId) -> bool {
        let Some(class) = self.schema.model(id).class() else { return true };
        let path = self.source.path(class.file);
        let (folder, file) = path.rsplit_once('/').unwrap_or(("", path));
        let name = file.strip_suffix(".py").unwrap_or(file);
        // `models.py` and `models/__init__.py` are what Django imports by itself.
        if matches!(name, "models" | "__init__") || !format!("{folder}/").contains("models/") {
            return true;
        }
        self.source.file_ids().filter(|&file| file != class.file).any(|file| {
            let path = self.source.path(file);
            let is_script = crate::project::is_aside(path)
                || path.split('/').any(|part| matches!(part, "scripts" | "commands" | "migrations"));
            let names_it = || {
                let facts = self.source.facts(file);
                let ends = |module: Symbol| module.as_str().rsplit('.').next() == Some(name);
                facts.imports.iter().any(|it| ends(it.module) || it.name.is_some_and(|it| it == name))
                    || facts.star_imports.iter().any(|it| ends(it.module))
            };
            !is_script && names_it()
        })
    }

    fn is_in_tests(&self, id: ModelId) -> bool {
        let class = self.schema.model(id).class();
        class.is_some_and(|class| crate::project::is_aside(self.source.path(class.file)))
    }

    /// Compares `all`, or what databases know of alone.
    fn compare_model(&self, id: ModelId, state: &ModelState, all: bool, differences: &mut Vec<String>) {
        let model = self.schema.model(id);
        let label = self.schema.label(id);
        if !model.is_known() && state.is_proxy() {
            // A base that is not read makes it one: its fields are columns of another table.
            return;
        }
        if model.is_proxy() != state.is_proxy() {
            differences.push(format!("{label} is a proxy in one of model and migrations alone"));
        }
        // Of tables that others make, Django compares nothing that has to do with indexes.
        if model.is_proxy() || !self.schema.is_managed(&self.source, id) {
            return;
        }
        let mut fields: BTreeMap<&str, &Field> = BTreeMap::new();
        for &field in model.fields() {
            let field = self.schema.field(field);
            if field.is_column() || field.kind() == Some(RelationKind::ManyToMany) {
                fields.insert(field.name().as_str(), field);
            }
        }
        for (name, field) in &fields {
            match state.fields.get(*name) {
                Some(value) => {
                    if let Some(reason) = self.field_differs(field, value, all) {
                        differences.push(format!("{label}.{name}: {reason}"));
                    }
                }
                // What Django adds by itself, and what a class of the project makes, may be no column.
                None if field.source().is_none() || field.custom_class().is_some() => {}
                None => differences.push(format!("{label}.{name} is not in the migrations")),
            }
        }
        if model.is_known() {
            // A field of a class that is not read may bring others, named after it.
            let is_brought = |name: &str| {
                let is_other = |of: &String, value: &Value| !is_djangos(value) && name != *of;
                state.fields.iter().any(|(of, value)| is_other(of, value) && name.contains(of.as_str()))
            };
            for (name, value) in &state.fields {
                if !is_brought(name)
                    && !fields.contains_key(name.as_str())
                    && is_djangos(value)
                    && !is_automatic(value)
                {
                    differences.push(format!("{label}.{name} is in the migrations alone"));
                }
            }
            self.compare_meta(id, state, &label, all, differences);
        }
    }

    /// What a field's last text in the migrations says that its model does not.
    fn field_differs(&self, field: &Field, value: &Value, all: bool) -> Option<String> {
        field.source()?;
        let call = value.as_call()?;
        if field.custom_class().is_some() || !is_djangos(value) {
            return None;
        }
        if field.class() != call.class() {
            return Some(format!("{} in the model, {} in the migrations", field.class(), call.class()));
        }
        let keyword = |name: &str| call.keyword(name) == Some(&Value::Bool(true));
        let is_one_to_one = field.kind() == Some(RelationKind::OneToOne);
        let primary_key = keyword("primary_key");
        let has_index = matches!(call.class(), "SlugField" | "ForeignKey" | "OneToOneField");
        let db_index = match call.keyword("db_index") {
            Some(Value::Bool(value)) => *value,
            _ => has_index,
        };
        let said = [
            ("null", field.null(), keyword("null")),
            ("unique", field.unique(), keyword("unique") || is_one_to_one || primary_key),
            ("primary_key", field.primary_key(), primary_key),
            ("db_index", field.db_index(), db_index),
        ];
        for (name, in_model, in_state) in said {
            let differs = match in_model {
                Truth::Yes => !in_state,
                Truth::No => in_state,
                Truth::Unknown => false,
            };
            // A many-to-many has no column to be null or indexed.
            if differs && field.is_column() {
                return Some(format!("{name}={} in the migrations", if in_state { "True" } else { "False" }));
            }
        }
        if let (Some((file, written)), Some(Value::Number(remembered))) =
            (field.keyword(&self.source, "max_length"), call.keyword("max_length"))
            && let (file, written) = literals::resolved(&self.source, file, written)
            && let ExprKind::Int(number) = self.source.facts(file).kind(written)
            && number.to_string() != *remembered
        {
            return Some(format!("max_length={remembered} in the migrations"));
        }
        if let Some(remembered) = self.other_default(field, call) {
            return Some(format!("default={remembered} in the migrations"));
        }
        if let Some(Value::Str(column)) = call.keyword("db_column")
            && field.column().is_some_and(|known| known != column.as_str())
        {
            return Some(format!("db_column={column} in the migrations"));
        }
        if all { self.arguments_differ(field, call) } else { None }
    }

    /// The default that the migrations remember, where it is one of Python's or Django's functions or a truth value, and
    /// so is that of the model, and they are not the same.
    fn other_default(&self, field: &Field, call: &Call) -> Option<String> {
        const KNOWN: &[&str] = &["datetime.", "uuid.", "django.utils.timezone."];
        let is_known = |name: &String| KNOWN.iter().any(|module| name.starts_with(module));
        let (file, written) = field.keyword(&self.source, "default")?;
        let (written, remembered) = match (self.source.facts(file).kind(written), call.keyword("default")?) {
            (ExprKind::Bool(written), Value::Bool(remembered)) => {
                let text = |value: bool| if value { "True" } else { "False" }.to_owned();
                (text(written), text(*remembered))
            }
            (_, Value::Name(remembered)) => {
                let written = self.source.dotted(self.source.entity_of(file, written))?.to_string();
                let remembered = format!("{}.{}", remembered.module, remembered.path);
                (is_known(&written) && is_known(&remembered)).then_some((written, remembered))?
            }
            _ => return None,
        };
        (written != remembered).then_some(remembered)
    }

    fn compare_meta(
        &self,
        id: ModelId,
        state: &ModelState,
        label: &str,
        all: bool,
        differences: &mut Vec<String>,
    ) {
        for option in ["unique_together", "index_together"] {
            let mut remembered = state.together(option);
            let Some(mut written) = self.together(id, option) else { continue };
            remembered.sort();
            remembered.dedup();
            written.sort();
            written.dedup();
            if remembered != written {
                differences.push(format!("{label}: another {option} in the migrations"));
            }
        }
        if all && let Some(reason) = self.options_differ(id, state) {
            differences.push(format!("{label}: {reason}"));
        }
        if let Some(indexes) = self.declared_indexes(id) {
            let names: BTreeSet<&str> =
                state.indexes.iter().filter_map(|index| index.name.as_deref()).collect();
            for index in &indexes {
                match index {
                    Some(name) if !names.contains(name.as_str()) => {
                        differences.push(format!("{label}: index {name} is not in the migrations"));
                    }
                    _ => {}
                }
            }
            if indexes.len() < state.indexes.len() {
                for index in state.indexes.iter().filter(|index| !is_of_tree(index)) {
                    let Some(name) = &index.name else { continue };
                    if !indexes.iter().flatten().any(|known| known == name)
                        && indexes.iter().all(Option::is_some)
                    {
                        differences.push(format!("{label}: index {name} is in the migrations alone"));
                    }
                }
            }
            if indexes.len() != state.indexes.len() && indexes.iter().any(Option::is_none) {
                differences.push(format!("{label}: another number of indexes in the migrations"));
            }
        }
        if let Some((file, value)) = self.schema.meta_option(&self.source, id, "db_table")
            && let Some(table) = literals::text(&self.source, file, value)
            && state
                .options
                .get("db_table")
                .is_none_or(|known| known.as_str().is_some_and(|known| known != table))
        {
            differences.push(format!("{label}: another db_table in the migrations"));
        }
    }

    /// The sets of a model's `unique_together` or `index_together`; none where that cannot be told.
    pub fn together(&self, id: ModelId, option: &str) -> Option<Vec<Vec<String>>> {
        let Some((file, value)) = self.schema.meta_option(&self.source, id, option) else {
            return Some(Vec::new());
        };
        let (file, value) = literals::resolved(&self.source, file, value);
        let facts = self.source.facts(file);
        let items = display(facts.kind(value)).map(|run| facts.list(run))?;
        let text = |item: Expr| literals::text(&self.source, file, item).map(str::to_owned);
        let flat: Option<Vec<String>> = items.iter().map(|&item| text(item)).collect();
        match flat {
            Some(flat) if !flat.is_empty() => Some(vec![flat]),
            _ => {
                let set = |item: Expr| {
                    let run = display(facts.kind(item))?;
                    facts.list(run).iter().map(|&item| text(item)).collect::<Option<Vec<String>>>()
                };
                items.iter().map(|&item| set(item)).collect()
            }
        }
    }

    /// The names of a model's `Meta.indexes` in their order, those that Django makes up included; a name that cannot be
    /// told is none. None at all where the list cannot be told.
    pub fn declared_indexes(&self, id: ModelId) -> Option<Vec<Option<String>>> {
        let Some((file, value)) = self.schema.meta_option(&self.source, id, "indexes") else {
            return Some(Vec::new());
        };
        let (file, value) = literals::resolved(&self.source, file, value);
        let facts = self.source.facts(file);
        let items = display(facts.kind(value)).map(|run| facts.list(run))?;
        if items.iter().any(|&item| matches!(facts.kind(item), ExprKind::Starred(_))) {
            return None;
        }
        Some(items.iter().map(|&item| self.declared_name(id, file, item)).collect())
    }

    fn declared_name(&self, id: ModelId, file: FileId, item: Expr) -> Option<String> {
        let (file, item) = literals::resolved(&self.source, file, item);
        let facts = self.source.facts(file);
        let ExprKind::Call(callee, run) = facts.kind(item) else { return None };
        let arguments = facts.arguments(run);
        if let Some(name) = literals::argument(arguments, None, "name") {
            let text = literals::text(&self.source, file, name)?;
            let model = self.schema.model(id);
            let (app, class) = (model.app_label().as_str(), model.name().as_str().to_lowercase());
            return Some(text.replace("%(app_label)s", &app.to_lowercase()).replace("%(class)s", &class));
        }
        let dotted = self.source.dotted(self.source.entity_of(file, callee))?;
        let suffix = match dotted.as_str().rsplit('.').next()? {
            "Index" => "idx",
            "GinIndex" => "gin",
            "GistIndex" => "gist",
            "BrinIndex" => "brin",
            "BTreeIndex" => "btree",
            "HashIndex" => "hash",
            "SpGistIndex" => "spgist",
            "BloomIndex" => "bloom",
            _ => return None,
        };
        let fields = literals::argument(arguments, None, "fields")?;
        let run = display(facts.kind(fields))?;
        let fields: Option<Vec<&str>> =
            facts.list(run).iter().map(|&field| literals::text(&self.source, file, field)).collect();
        self.made_up_name(id, &fields?, suffix)
    }

    /// What Django names an index of a model on these fields (`-` for descending). None where a column or the table
    /// cannot be told, or the table's name depends on the database.
    pub fn made_up_name(&self, id: ModelId, fields: &[&str], suffix: &str) -> Option<String> {
        let table = self.schema.db_table(&self.source, id)?;
        let is_default = self.schema.meta_option(&self.source, id, "db_table").is_none();
        if is_default && table.chars().count() > SHORTEST_LIMIT {
            return None;
        }
        let mut columns = Vec::new();
        for field in fields {
            let (name, is_descending) = match field.strip_prefix('-') {
                Some(name) => (name, true),
                None => (*field, false),
            };
            let field = self.schema.field_named(id, Symbol::new(name))?;
            columns.push((self.schema.field(field).column()?.as_str(), is_descending));
        }
        let name = index_name_with_suffix(&table, &columns, suffix);
        (name.chars().count() <= LONGEST_INDEX_NAME).then_some(name)
    }
}

/// What PostgreSQL shortens names of tables to; MySQL keeps one character more.
const SHORTEST_LIMIT: usize = 63;

fn display(kind: ExprKind) -> Option<tuneup_python::flow::Run> {
    match kind {
        ExprKind::List(run) | ExprKind::Tuple(run) | ExprKind::Set(run) => Some(run),
        _ => None,
    }
}

/// Whether a field's class is Django's own, whose arguments mean what they say.
fn is_djangos(value: &Value) -> bool {
    let name = value.as_call().and_then(Call::name);
    name.is_some_and(|name| name.starts_with("django.db.models.") || name.starts_with("django.contrib."))
}

/// Whether Django added a field by itself.
fn is_automatic(value: &Value) -> bool {
    let keyword = |name| value.as_call().and_then(|call| call.keyword(name));
    keyword("auto_created") == Some(&Value::Bool(true)) || keyword("parent_link") == Some(&Value::Bool(true))
}

/// Whether it is the index that django-mptt adds to its models' `Meta` as they are loaded.
fn is_of_tree(index: &IndexState) -> bool {
    index.fields().is_some_and(|fields| fields == ["tree_id", "lft"])
}

impl ModelState {
    /// The index of this name.
    pub fn index(&self, name: &str) -> Option<&IndexState> {
        self.indexes.iter().find(|index| index.name.as_deref() == Some(name))
    }
}
