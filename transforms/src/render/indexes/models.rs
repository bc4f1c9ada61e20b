//! The edits of models' classes: their `Meta`, and the calls of their fields.

use ruff_text_size::TextRange;
use tuneup_python::edit::{
    Edit, Refusal, Target, add_class, add_items, add_keyword, are_tuples, exchange_items, remove_item,
    remove_keyword, remove_member, replace_member, set_keyword,
};

use crate::proposal::IndexSpec;
use crate::render::names::Names;

/// What is done to the `Meta` of one model.
#[derive(Clone, Debug, Default)]
pub(super) struct MetaEdit {
    /// The model's class.
    pub(super) class: TextRange,
    /// Its own `Meta`; none where one has to be made.
    pub(super) meta: Option<TextRange>,
    /// What a new `Meta` inherits from.
    pub(super) base: Option<String>,
    /// Whether `Meta.indexes` is there.
    pub(super) has_indexes: bool,
    /// Indexes to add, with the names that they have to be given.
    pub(super) add: Vec<(IndexSpec, Option<String>)>,
    /// Indexes to take out.
    pub(super) remove: Vec<TextRange>,
    /// Whether none is left of those that are there.
    pub(super) removes_all: bool,
    /// Whether `index_together` goes.
    pub(super) together: bool,
}

impl MetaEdit {
    pub(super) fn edits(&self, target: &Target, names: &mut Names) -> Result<Vec<Vec<Edit>>, Refusal> {
        let as_tuples = self.meta.is_some_and(|meta| are_tuples(target, meta, "indexes", "fields"));
        let mut items = Vec::new();
        for (spec, name) in &self.add {
            items.push(index(spec, name.as_deref(), as_tuples, self.class, names)?);
        }
        let Some(meta) = self.meta else {
            return Ok(vec![add_class(target, self.class, "Meta", self.base.as_deref(), "indexes", &items)?]);
        };
        let mut groups = Vec::new();
        if self.removes_all && items.is_empty() && !self.together {
            return Ok(vec![remove_member(target, meta, "indexes").or_else(|_| self.remove_each(target))?]);
        }
        if !self.remove.is_empty() && !items.is_empty() {
            if self.together {
                groups.push(remove_member(target, meta, "index_together")?);
            }
            groups.push(exchange_items(target, meta, "indexes", &self.remove, &items)?);
            return Ok(groups);
        }
        if !self.remove.is_empty() {
            groups.push(self.remove_each(target)?);
        }
        match (self.together, self.has_indexes) {
            (true, false) => groups.push(replace_member(target, meta, "index_together", "indexes", &items)?),
            (true, true) => {
                groups.push(remove_member(target, meta, "index_together")?);
                groups.push(add_items(target, meta, "indexes", &items)?);
            }
            (false, _) if !items.is_empty() => groups.push(add_items(target, meta, "indexes", &items)?),
            (false, _) => {}
        }
        Ok(groups)
    }

    fn remove_each(&self, target: &Target) -> Result<Vec<Edit>, Refusal> {
        match self.remove.as_slice() {
            [only] => remove_item(target, *only),
            several => {
                let mut edits = Vec::new();
                for item in several {
                    edits.extend(remove_item(target, *item)?);
                }
                Ok(edits)
            }
        }
    }
}

/// What is done to `db_index` in the call of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FieldEdit {
    /// It goes.
    Remove,
    /// It is set.
    Add(bool),
    /// What it is set to is another value.
    Change(bool),
}

impl FieldEdit {
    pub(super) fn edits(self, target: &Target, call: TextRange) -> Result<Vec<Edit>, Refusal> {
        match self {
            Self::Remove => remove_keyword(target, call, "db_index"),
            Self::Add(true) => add_keyword(target, call, "db_index=True"),
            Self::Add(false) => add_keyword(target, call, "db_index=False"),
            Self::Change(true) => set_keyword(target, call, "db_index", "True"),
            Self::Change(false) => set_keyword(target, call, "db_index", "False"),
        }
    }
}

/// An index as a model declares it; `as_tuples` where the model's others say their fields so.
fn index(
    spec: &IndexSpec,
    name: Option<&str>,
    as_tuples: bool,
    place: TextRange,
    names: &mut Names,
) -> Result<String, Refusal> {
    let class = spec.class.as_deref().unwrap_or("django.db.models.Index");
    let mut parts = Vec::new();
    for expression in &spec.expressions {
        parts.push(with_names(expression, place, names)?);
    }
    let list = |texts: Vec<String>| {
        let inner = texts.iter().map(|text| format!("\"{text}\"")).collect::<Vec<_>>().join(", ");
        match as_tuples {
            true if texts.len() == 1 => format!("({inner},)"),
            true => format!("({inner})"),
            false => format!("[{inner}]"),
        }
    };
    if spec.expressions.is_empty() {
        parts.push(format!("fields={}", list(spec.fields.iter().map(|column| column.written()).collect())));
    }
    if let Some(condition) = &spec.condition {
        parts.push(format!("condition={}", with_names(condition, place, names)?));
    }
    if let Some(name) = name.or(spec.name.as_deref()) {
        parts.push(format!("name=\"{name}\""));
    }
    if !spec.opclasses.is_empty() {
        parts.push(format!("opclasses={}", list(spec.opclasses.clone())));
    }
    Ok(format!("{}({})", with_names(class, place, names)?, parts.join(", ")))
}

/// An expression whose names have their modules, with the names that the file has for them.
fn with_names(text: &str, place: TextRange, names: &mut Names) -> Result<String, Refusal> {
    let mut written = String::new();
    let mut rest = text;
    let mut quote = None;
    while let Some(character) = rest.chars().next() {
        if let Some(open) = quote {
            if character == open {
                quote = None;
            }
        } else if character == '"' || character == '\'' {
            quote = Some(character);
        } else if character.is_alphabetic() || character == '_' {
            let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '.';
            let end = rest.find(|c: char| !is_part(c)).unwrap_or(rest.len());
            let (word, behind) = rest.split_at(end);
            written.push_str(&match word.starts_with("django.") {
                true => named(word, place, names)?,
                false => word.to_owned(),
            });
            rest = behind;
            continue;
        }
        written.push(character);
        rest = &rest[character.len_utf8()..];
    }
    Ok(written)
}

/// A dotted name: `models.Q` of what Django's `models` has, else by an import of its own.
fn named(dotted: &str, place: TextRange, names: &mut Names) -> Result<String, Refusal> {
    let (module, name) = dotted.rsplit_once('.').unwrap_or(("", dotted));
    match module {
        "django.db.models" => Ok(format!("{}.{name}", names.name("django.db", "models", place)?)),
        module => names.name(module, name, place),
    }
}
