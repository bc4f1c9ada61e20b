//! Values as migrations hold them: a field's last text with another `db_index`, an index as Django takes it apart.

use std::collections::BTreeSet;

use tuneup_django::migrations::{Call, Name, Value};

use super::operation::Written;
use super::plan::Need;
use crate::proposal::IndexSpec;

/// The text of a value. An error, for a person, where it can only be said in the file that it is from.
pub(super) fn written(value: &Value) -> Result<Written, String> {
    let mut imports = BTreeSet::new();
    match value.write(&mut imports) {
        Some(text) => Ok(Written { text, imports }),
        None => Err("the last migration of the field holds what only Django can write again".to_owned()),
    }
}

/// A field's call with `db_index` turned on or off. `by_itself` says whether its class has an index unless told
/// otherwise.
pub(super) fn with_db_index(field: &Value, by_itself: bool, on: bool) -> Result<Value, String> {
    let Value::Call(call) = field else {
        return Err("the last migration of the field holds no call".to_owned());
    };
    let mut call = Call::clone(call);
    if call.is_open {
        return Err("the last migration of the field passes arguments that cannot be told".to_owned());
    }
    name_arguments(&mut call)?;
    call.keywords.retain(|(name, _)| name != "db_index");
    if on != by_itself {
        call.keywords.push(("db_index".to_owned(), Value::Bool(on)));
    }
    for (name, value) in &mut call.keywords {
        if name == "to"
            && let Value::Str(target) = value
        {
            // Django writes the model in lower case, and not the app.
            *target = match target.split_once('.') {
                Some((app, model)) => format!("{app}.{}", model.to_lowercase()),
                None => target.to_lowercase(),
            };
        }
    }
    call.keywords.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(Value::Call(Box::new(call)))
}

/// Gives positional arguments, which people write and Django does not, their names.
fn name_arguments(call: &mut Call) -> Result<(), String> {
    let names: &[&str] = match call.class() {
        "ForeignKey" | "OneToOneField" => &["to", "on_delete"],
        "ManyToManyField" => &["to"],
        _ => &["verbose_name"],
    };
    if call.arguments.len() > names.len() {
        return Err("the last migration of the field passes arguments by position".to_owned());
    }
    for (name, value) in names.iter().zip(std::mem::take(&mut call.arguments)) {
        call.keywords.push(((*name).to_owned(), value));
    }
    Ok(())
}

/// The other apps that a field's relation needs, and the settings that name their models.
pub(super) fn needs(field: &Value, app: &str, user_model: Option<&str>) -> BTreeSet<Need> {
    let mut found = BTreeSet::new();
    let Some(call) = field.as_call() else { return found };
    let to = call.keyword("to").or_else(|| {
        matches!(call.class(), "ForeignKey" | "OneToOneField" | "ManyToManyField")
            .then(|| call.arguments.first())?
    });
    for target in to.into_iter().chain(call.keyword("through")) {
        match target {
            Value::Str(label) if user_model.is_some_and(|user| user.eq_ignore_ascii_case(label)) => {
                found.insert(Need::Setting("AUTH_USER_MODEL".to_owned()));
            }
            Value::Str(label) => {
                if let Some((other, _)) = label.split_once('.').filter(|(other, _)| *other != app) {
                    found.insert(Need::App(other.to_owned()));
                }
            }
            Value::Name(name) if name.module.starts_with("django.conf") => {
                found.insert(Need::Setting(name.last().to_owned()));
            }
            _ => {}
        }
    }
    found
}

/// An index as it stands in a migration, under this name.
pub(super) fn index(spec: &IndexSpec, name: &str) -> Result<Value, String> {
    let unclear = |text: &str| format!("`{text}` is no expression that can be written");
    let parsed = |text: &String| Value::parse(text).ok_or_else(|| unclear(text));
    let class = spec.class.as_deref().unwrap_or("django.db.models.Index");
    let (module, path) = class.rsplit_once('.').unwrap_or(("", class));
    let expressions: Result<Vec<Value>, String> =
        spec.expressions.iter().map(|text| parsed(text).map(|value| expression(&value))).collect();
    let mut keywords = vec![("name".to_owned(), Value::Str(name.to_owned()))];
    if spec.expressions.is_empty() {
        let fields = spec.fields.iter().map(|column| Value::Str(column.written())).collect();
        keywords.push(("fields".to_owned(), Value::List(fields)));
    }
    if let Some(text) = &spec.condition {
        let condition = Condition::of(&parsed(text)?).ok_or_else(|| unclear(text))?;
        keywords.push(("condition".to_owned(), condition.value()));
    }
    if !spec.opclasses.is_empty() {
        let classes = spec.opclasses.iter().map(|name| Value::Str(name.clone())).collect();
        keywords.push(("opclasses".to_owned(), Value::List(classes)));
    }
    keywords.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(Value::Call(Box::new(Call {
        callee: Value::Name(Name { module: module.to_owned(), path: path.to_owned() }),
        arguments: expressions?,
        keywords,
        is_open: false,
    })))
}

fn of_models(path: &str) -> Value {
    Value::Name(Name { module: "django.db.models".to_owned(), path: path.to_owned() })
}

fn call(callee: Value, arguments: Vec<Value>, keywords: Vec<(String, Value)>) -> Value {
    Value::Call(Box::new(Call { callee, arguments, keywords, is_open: false }))
}

/// An expression of an index: a name alone is `F` of it, `F("a").desc()` an ordering.
fn expression(value: &Value) -> Value {
    match value {
        Value::Str(name) => call(of_models("F"), vec![Value::Str(name.clone())], Vec::new()),
        Value::Call(outer) => match &outer.callee {
            Value::Attribute(inner, method) if matches!(method.as_str(), "desc" | "asc") => {
                let mut keywords = outer.keywords.clone();
                if method == "desc" {
                    keywords.push(("descending".to_owned(), Value::Bool(true)));
                }
                keywords.sort_by(|a, b| a.0.cmp(&b.0));
                call(of_models("OrderBy"), vec![expression(inner)], keywords)
            }
            _ => value.clone(),
        },
        _ => value.clone(),
    }
}

/// A `Q` as Django holds it.
struct Condition {
    children: Vec<Child>,
    is_or: bool,
    is_negated: bool,
}

enum Child {
    Lookup(String, Value),
    Inner(Condition),
}

impl Condition {
    /// The condition that an expression of `Q` makes.
    fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Call(call) if call.class() == "Q" && !call.is_open => {
                let mut children = Vec::new();
                for argument in &call.arguments {
                    children.push(match argument.items() {
                        Some([name, value]) => Child::Lookup(name.as_str()?.to_owned(), value.clone()),
                        _ => Child::Inner(Self::of(argument)?),
                    });
                }
                let mut keywords: Vec<&(String, Value)> = call.keywords.iter().collect();
                keywords.sort_by(|a, b| a.0.cmp(&b.0));
                children.extend(
                    keywords.into_iter().map(|(name, value)| Child::Lookup(name.clone(), value.clone())),
                );
                Some(Self { children, is_or: false, is_negated: false })
            }
            Value::Unary("~", inner) => {
                let mut negated = Self { children: Vec::new(), is_or: false, is_negated: true };
                negated.add(Self::of(inner)?);
                Some(negated)
            }
            Value::Binary(left, operator @ ("&" | "|"), right) => {
                let mut both = Self { children: Vec::new(), is_or: *operator == "|", is_negated: false };
                both.add(Self::of(left)?);
                both.add(Self::of(right)?);
                Some(both)
            }
            _ => None,
        }
    }

    /// Takes another in, as `Node.add` does: its children alone where they say the same.
    fn add(&mut self, other: Self) {
        if !other.is_negated && (other.is_or == self.is_or || other.children.len() == 1) {
            self.children.extend(other.children);
        } else {
            self.children.push(Child::Inner(other));
        }
    }

    /// The call that Django writes for it.
    fn value(self) -> Value {
        let mut keywords = Vec::new();
        let mut arguments = Vec::new();
        for child in self.children {
            match child {
                Child::Lookup(name, value) => arguments.push(Value::Tuple(vec![Value::Str(name), value])),
                Child::Inner(inner) => arguments.push(inner.value()),
            }
        }
        if self.is_or {
            keywords.push(("_connector".to_owned(), Value::Str("OR".to_owned())));
        }
        if self.is_negated {
            keywords.push(("_negated".to_owned(), Value::Bool(true)));
        }
        keywords.sort_by(|a, b| a.0.cmp(&b.0));
        call(of_models("Q"), arguments, keywords)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn condition(text: &str) -> String {
        let value = Value::parse(text).expect("an expression");
        let value = Condition::of(&value).expect("a condition").value();
        written(&value).expect("a text").text
    }

    #[test]
    fn conditions_are_taken_apart_as_django_does() {
        let q = "django.db.models.Q";
        assert_eq!(condition(&format!("{q}(done=False)")), "models.Q(('done', False))");
        assert_eq!(condition(&format!("{q}(b=1, a=2)")), "models.Q(('a', 2), ('b', 1))");
        assert_eq!(condition(&format!("~{q}(a=1)")), "models.Q(('a', 1), _negated=True)");
        assert_eq!(
            condition(&format!("{q}(a=1) | {q}(b=2)")),
            "models.Q(('a', 1), ('b', 2), _connector='OR')"
        );
        assert_eq!(
            condition(&format!("({q}(a=1) | {q}(b=2)) & {q}(c='x')")),
            "models.Q(models.Q(('a', 1), ('b', 2), _connector='OR'), ('c', 'x'))"
        );
    }

    #[test]
    fn fields_keep_their_text() {
        let field = Value::parse(
            "django.db.models.CharField(\"it's\", max_length=20, default=django.utils.timezone.now)",
        );
        let field = with_db_index(&field.expect("a call"), false, true).expect("a call");
        let text = written(&field).expect("a text");
        assert_eq!(
            text.text,
            "models.CharField(db_index=True, default=django.utils.timezone.now, max_length=20, verbose_name=\"it's\")"
        );
        assert_eq!(
            text.imports.into_iter().collect::<Vec<_>>(),
            ["from django.db import models", "import django.utils.timezone"]
        );
    }

    #[test]
    fn relations_turn_their_index_off_and_on() {
        let field =
            Value::parse("django.db.models.ForeignKey(to='blog.Author', on_delete=django.db.models.CASCADE)")
                .expect("a call");
        let off = with_db_index(&field, true, false).expect("a call");
        assert_eq!(
            written(&off).expect("a text").text,
            "models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to='blog.author')"
        );
        let on = with_db_index(&off, true, true).expect("a call");
        assert!(!written(&on).expect("a text").text.contains("db_index"));
        assert_eq!(needs(&field, "shop", None), BTreeSet::from([Need::App("blog".to_owned())]));
        assert_eq!(needs(&field, "blog", None), BTreeSet::new());
    }
}
