//! What the arguments of a field and the options of a `Meta` say, in the model and in the migrations.
//!
//! Django takes fields apart and compares all that they were made with, a help text as well as a length. Here the same is
//! compared as far as it can be told without running anything; what cannot be told is taken to agree.

use tuneup_python::flow::{ArgumentKind, Expr, ExprKind};
use tuneup_python::{FileId, Symbol};

use super::state::ModelState;
use super::value::{Call, Value};
use crate::Project;
use crate::apps::literals;
use crate::schema::{Field, ModelId, RelationKind};

/// An argument, as far as it can be told.
#[derive(Clone, Debug, PartialEq)]
enum Said {
    /// It is not given, or is what it would be anyway.
    Nothing,
    None,
    Bool(bool),
    Text(String),
    Number(String),
    /// It is given, and more cannot be told.
    Something,
    /// Whether it says more than nothing cannot be told.
    Unknown,
}

impl Said {
    /// Whether two certainly are not the same.
    fn differs(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Unknown, _) | (_, Self::Unknown) => false,
            (Self::Nothing, other) | (other, Self::Nothing) => *other != Self::Nothing,
            (Self::Something, _) | (_, Self::Something) => false,
            (Self::Number(one), Self::Number(other)) => match (one.parse::<f64>(), other.parse::<f64>()) {
                (Ok(one), Ok(other)) => one.to_bits() != other.to_bits(),
                _ => false,
            },
            // `default=0` of a truth value, `default="0"` of a number: Django compares what it made of them.
            (one, other) if std::mem::discriminant(one) != std::mem::discriminant(other) => false,
            (one, other) => one != other,
        }
    }

    /// As a message says it.
    fn text(&self) -> String {
        match self {
            Self::None => "None".to_owned(),
            Self::Bool(true) => "True".to_owned(),
            Self::Bool(false) => "False".to_owned(),
            Self::Text(text) => format!("{text:?}"),
            Self::Number(number) => number.clone(),
            Self::Nothing | Self::Something | Self::Unknown => "…".to_owned(),
        }
    }

    /// The same, where this value is what a field has anyway.
    fn unless(self, usual: &Self) -> Self {
        if self == *usual { Self::Nothing } else { self }
    }
}

/// Arguments of which it matters what they say, with what a field has without them.
const TOLD: &[(&str, Said)] = &[
    ("blank", Said::Bool(false)),
    ("editable", Said::Bool(true)),
    ("auto_now", Said::Bool(false)),
    ("auto_now_add", Said::Bool(false)),
    ("allow_unicode", Said::Bool(false)),
    ("max_digits", Said::None),
    ("decimal_places", Said::None),
    ("verbose_name", Said::None),
];

/// Arguments of which it matters whether they are given: what they say is made anew each time.
const GIVEN: &[&str] = &["choices", "validators"];

impl Project {
    /// Whether the project has a `makemigrations` of its own, which may leave out what no database knows of.
    pub(super) fn makes_migrations_itself(&self) -> bool {
        self.source.file_ids().any(|file| {
            !self.source.file(file).is_third_party
                && self.source.path(file).ends_with("management/commands/makemigrations.py")
        })
    }

    /// What a field's arguments say in its model that its last text in the migrations does not, or the other way.
    pub(super) fn arguments_differ(&self, field: &Field, call: &Call) -> Option<String> {
        let source = field.source()?;
        let facts = self.source.facts(source.file);
        let arguments = facts.arguments(source.arguments);
        let is_open = |kind: ArgumentKind| matches!(kind, ArgumentKind::Star | ArgumentKind::DoubleStar);
        if call.is_open || arguments.iter().any(|argument| is_open(argument.kind)) {
            return None;
        }
        let given = |name: &str| {
            // The first argument of a relation is its other side.
            let position = (name == "verbose_name" && field.relation().is_none()).then_some(0);
            literals::argument(arguments, position, name)
        };
        let remembered = |name: &str| match call.keyword(name) {
            None if name == "verbose_name" && field.relation().is_none() => call.arguments.first(),
            known => known,
        };
        let is_true = |name: &str| {
            given(name).is_some_and(|value| self.said(source.file, value) == Said::Bool(true))
                || remembered(name) == Some(&Value::Bool(true))
        };
        // A decorator may give fields texts, those of the docstring for one.
        let owner = self.source.facts(source.owner.file).class(source.owner.id);
        let may_get_texts = !self.source.facts(source.owner.file).list(owner.decorators).is_empty();
        let is_stamp = is_true("auto_now") || is_true("auto_now_add");
        let class = field.class().as_str();
        for (name, usual) in TOLD {
            // What a class of field sets by itself is not written.
            let is_set = match *name {
                "blank" => is_stamp || class.ends_with("AutoField") || class == "NullBooleanField",
                "editable" => is_stamp || class == "BinaryField",
                _ => false,
            };
            if is_set || (*name == "verbose_name" && may_get_texts && given(name).is_none()) {
                continue;
            }
            let written =
                given(name).map_or(Said::Nothing, |value| self.said(source.file, value)).unless(usual);
            let known = remembered(name).map_or(Said::Nothing, said).unless(usual);
            if written.differs(&known) {
                return Some(match known {
                    Said::Nothing => format!("no {name} in the migrations"),
                    known => format!("{name}={} in the migrations", known.text()),
                });
            }
        }
        let help = given("help_text").map_or(Said::Nothing, |value| self.said(source.file, value));
        let known = remembered("help_text").map_or(Said::Nothing, said);
        let empty = Said::Text(String::new());
        let is_given = !may_get_texts || given("help_text").is_some();
        if is_given && help.unless(&empty).differs(&known.unless(&empty)) {
            return Some("another help_text in the migrations".to_owned());
        }
        for name in GIVEN {
            let written = match given(name).map(|value| self.said(source.file, value)) {
                None | Some(Said::None) => Said::Nothing,
                Some(said) => said,
            };
            let known = match remembered(name).map(said) {
                None | Some(Said::None) => Said::Nothing,
                Some(said) => said,
            };
            if written.differs(&known) {
                let is_there = known != Said::Nothing;
                return Some(format!("{}{name} in the migrations", if is_there { "" } else { "no " }));
            }
        }
        // Any default is one, whatever expression it is.
        let written = match given("default").map(|value| self.said(source.file, value)) {
            None => Said::Nothing,
            Some(Said::Unknown | Said::Nothing) => Said::Something,
            Some(said) => said,
        };
        let known = match remembered("default").map(said) {
            None => Said::Nothing,
            Some(Said::Unknown | Said::Nothing) => Said::Something,
            Some(said) => said,
        };
        if field.kind() != Some(RelationKind::ManyToMany) && written.differs(&known) {
            return Some(match known {
                Said::Nothing => "no default in the migrations".to_owned(),
                Said::Something => "a default in the migrations".to_owned(),
                known => format!("default={} in the migrations", known.text()),
            });
        }
        None
    }

    /// What `Meta` says that the migrations do not, or the other way.
    pub(super) fn options_differ(&self, id: ModelId, state: &ModelState) -> Option<String> {
        // What bases add is told where the class has a `Meta` of its own that has none.
        let own = self.schema.model(id).meta().zip(self.schema.class_of(id)).is_some_and(|(meta, class)| {
            let facts = self.source.facts(meta.file);
            let known = facts.class(meta.id);
            meta.file == class.file
                && known.outer == Some(class.id)
                && facts.arguments(known.bases).is_empty()
        });
        for name in ["verbose_name", "verbose_name_plural"] {
            let written = self.schema.meta_option(&self.source, id, name);
            let written = written.map_or(Said::Nothing, |(file, value)| self.said(file, value));
            let known = state.options.get(name).map_or(Said::Nothing, said);
            if (own || written != Said::Nothing) && written.differs(&known) {
                return Some(format!("another {name} in the migrations"));
            }
        }
        let known = match state.options.get("ordering") {
            None | Some(Value::None) => Some(Vec::new()),
            Some(Value::List(items)) if items.is_empty() => Some(Vec::new()),
            Some(value) => value.texts(),
        };
        let written = match self.schema.meta_option(&self.source, id, "ordering") {
            None => Some(Vec::new()),
            Some((file, value)) => self.names(file, value),
        };
        if let (Some(written), Some(known)) = (written, known)
            && (own || !written.is_empty())
            && written != known
        {
            return Some("another ordering in the migrations".to_owned());
        }
        self.constraints_differ(id, state, own)
    }

    /// The constraint that the model or the migrations alone have.
    fn constraints_differ(&self, id: ModelId, state: &ModelState, own: bool) -> Option<String> {
        let written = match self.schema.meta_option(&self.source, id, "constraints") {
            None if own => Vec::new(),
            None => return None,
            Some((file, value)) => {
                let (file, value) = literals::resolved(&self.source, file, value);
                let facts = self.source.facts(file);
                let (ExprKind::List(run) | ExprKind::Tuple(run)) = facts.kind(value) else { return None };
                let name = |&item: &Expr| self.constraint_name(id, file, item);
                facts.list(run).iter().map(name).collect::<Option<Vec<String>>>()?
            }
        };
        let known = || state.constraints.iter().map(|(name, _)| name);
        if let Some(name) = written.iter().find(|&name| !known().any(|known| known == name)) {
            return Some(format!("constraint {name} is not in the migrations"));
        }
        let alone = known().find(|&name| !name.is_empty() && !written.contains(name))?;
        Some(format!("constraint {alone} is in the migrations alone"))
    }

    /// The name of a constraint of `Meta`, where it is said.
    fn constraint_name(&self, id: ModelId, file: FileId, item: Expr) -> Option<String> {
        let (file, item) = literals::resolved(&self.source, file, item);
        let facts = self.source.facts(file);
        let ExprKind::Call(_, run) = facts.kind(item) else { return None };
        let name = literals::argument(facts.arguments(run), None, "name")?;
        let name = literals::text(&self.source, file, name)?;
        let model = self.schema.model(id);
        let class = model.name().as_str().to_lowercase();
        let app = model.app_label().as_str().to_lowercase();
        Some(name.replace("%(app_label)s", &app).replace("%(class)s", &class))
    }

    /// The texts of a list or tuple of texts alone.
    fn names(&self, file: FileId, value: Expr) -> Option<Vec<String>> {
        let (file, value) = literals::resolved(&self.source, file, value);
        let facts = self.source.facts(file);
        match facts.kind(value) {
            ExprKind::List(run) | ExprKind::Tuple(run) => {
                let text = |&item: &Expr| literals::text(&self.source, file, item).map(str::to_owned);
                facts.list(run).iter().map(text).collect()
            }
            _ => None,
        }
    }

    /// What an expression of a model says.
    fn said(&self, file: FileId, value: Expr) -> Said {
        let (file, value) = literals::resolved(&self.source, file, value);
        let facts = self.source.facts(file);
        match facts.kind(value) {
            ExprKind::None => Said::None,
            ExprKind::Bool(value) => Said::Bool(value),
            ExprKind::Int(number) => Said::Number(number.to_string()),
            ExprKind::Str(text) => Said::Text(text.as_str().to_owned()),
            ExprKind::List(run) | ExprKind::Tuple(run) | ExprKind::Set(run) => {
                let items = facts.list(run);
                let is_starred = |&item: &Expr| matches!(facts.kind(item), ExprKind::Starred(_));
                match items {
                    [] => Said::Nothing,
                    _ if items.iter().all(is_starred) => Said::Unknown,
                    _ => Said::Something,
                }
            }
            ExprKind::Call(callee, run) => {
                let name = self.source.dotted(self.source.entity_of(file, callee));
                match (name.map(Symbol::as_str).and_then(translated), facts.arguments(run)) {
                    (Some(at), arguments) => literals::argument(arguments, Some(at), "message")
                        .and_then(|text| literals::text(&self.source, file, text))
                        .map_or(Said::Unknown, |text| Said::Text(text.to_owned())),
                    _ => Said::Unknown,
                }
            }
            _ => Said::Unknown,
        }
    }
}

/// Which argument of a function of Django's translations is the text that it gives without a language.
fn translated(name: &str) -> Option<usize> {
    match name.strip_prefix("django.utils.translation.")? {
        "gettext" | "gettext_lazy" | "gettext_noop" | "ugettext" | "ugettext_lazy" | "ugettext_noop" => {
            Some(0)
        }
        "pgettext" | "pgettext_lazy" => Some(1),
        _ => None,
    }
}

/// What a value of the migrations says.
fn said(value: &Value) -> Said {
    match value {
        Value::None => Said::None,
        Value::Bool(value) => Said::Bool(*value),
        Value::Str(text) => Said::Text(text.clone()),
        Value::Number(number) => Said::Number(number.clone()),
        Value::List(items) | Value::Tuple(items) | Value::Set(items) if items.is_empty() => Said::Nothing,
        Value::Dict(items) if items.is_empty() => Said::Nothing,
        Value::List(_) | Value::Tuple(_) | Value::Set(_) | Value::Dict(_) => Said::Something,
        Value::Call(call) => match call.name().as_deref().and_then(translated) {
            Some(at) => match call.arguments.get(at) {
                Some(Value::Str(text)) => Said::Text(text.clone()),
                _ => Said::Unknown,
            },
            None => Said::Something,
        },
        _ => Said::Something,
    }
}
