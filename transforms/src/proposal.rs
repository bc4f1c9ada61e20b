//! What a person approves or rejects: a proposal, its evidence, and the semantic changes it stands for.

use ruff_text_size::{TextRange, TextSize};
use serde::Serialize;

pub use crate::setting::{Cast, Position, SettingEdit, SettingValue};

/// How sure it is that a proposal changes nothing but the queries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Safety {
    /// Same results, same exceptions, only fewer or cheaper queries.
    Safe,
    /// Right in most projects; a person must look. The message says at what.
    Unsafe,
    /// Shown, with no edit.
    Advice,
}

impl Safety {
    /// The word for it, as users read it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Safe => "safe",
            Self::Unsafe => "unsafe",
            Self::Advice => "advice",
        }
    }
}

/// A place in a file of the project.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The file, relative to the root, with `/`.
    pub path: String,
    /// The first byte, in the file's decoded text.
    pub start: TextSize,
    /// The byte after the last.
    pub end: TextSize,
}

impl Place {
    /// The bytes of `range` in the file at `path`.
    pub fn new(path: impl Into<String>, range: TextRange) -> Self {
        Self { path: path.into(), start: range.start(), end: range.end() }
    }

    /// The bytes, in the file's decoded text.
    pub fn range(&self) -> TextRange {
        TextRange::new(self.start, self.end)
    }
}

/// A place that proves a proposal, and what happens there.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Evidence {
    /// Where.
    pub place: Place,
    /// What happens there, in words: `reads article.author for every row`.
    pub message: String,
}

/// One thing a person can approve or reject.
#[derive(Clone, Debug)]
pub struct Proposal {
    /// Stable when unrelated lines move: `rule:path:symbol:model:fields`, with `#2` … where those are equal.
    pub id: String,
    /// The rule's name.
    pub rule: &'static str,
    /// How sure.
    pub safety: Safety,
    /// One line: what to do. `Join author in the query of article_list`
    pub title: String,
    /// Why, in one or two sentences; for anything but [`Safety::Safe`] the reason for the safety.
    pub message: String,
    /// The query, field or setting that would be edited.
    pub place: Place,
    /// The enclosing definition, qualified within the module; empty at module level.
    pub symbol: String,
    /// `app_label.Model`
    pub model: Option<String>,
    /// Relation paths for query rules; field names (`-` for descending) for index rules.
    pub fields: Vec<String>,
    /// The places that prove it: readers, loops.
    pub evidence: Vec<Evidence>,
    /// What would change; empty for [`Safety::Advice`].
    pub changes: Vec<Change>,
}

/// A semantic edit. Text is made from the approved ones only, by [`crate::render`].
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Change {
    /// Ask a query for more of its relations.
    ExtendPlan {
        /// The expression that makes the query.
        query: Place,
        /// What that expression is.
        form: QueryForm,
        /// Paths for `select_related`.
        select: Vec<String>,
        /// Lookups for `prefetch_related`.
        prefetch: Vec<Lookup>,
    },
    /// Read the key of a related row off the row that holds it: `book.author_id` for `book.author.id`.
    ReadKey {
        /// What is another then: `.author.id`.
        read: Place,
        /// The attribute that holds the key: `author_id`.
        key: String,
    },
    /// Declare an index in a model's `Meta.indexes`, and make it in a migration.
    AddIndex {
        /// The model.
        model: ModelRef,
        /// The index.
        index: IndexSpec,
        /// Whether the database goes on writing while it is made, which PostgreSQL alone can.
        concurrently: bool,
    },
    /// Turn the index of one field on or off, by its `db_index`, and in a migration.
    SetFieldIndex {
        /// The model that has the field, by its own class or an abstract base.
        model: ModelRef,
        /// The field's name.
        field: String,
        /// Whether it has an index after.
        on: bool,
        /// Whether the database goes on writing while it is made, which PostgreSQL alone can.
        concurrently: bool,
    },
    /// Take an index out of a model's `Meta.indexes`, and drop it in a migration.
    RemoveIndex {
        /// The model.
        model: ModelRef,
        /// The index's name, also where Django makes it up.
        name: String,
    },
    /// Write the sets of a model's `Meta.index_together` as `Meta.indexes`, and rename them in a migration.
    IndexTogether {
        /// The model.
        model: ModelRef,
    },
    /// Change a setting of production, in the form that the project gives it.
    Setting {
        /// Its name: `MIDDLEWARE`.
        name: String,
        /// What is done to it.
        edit: SettingEdit,
    },
    /// Call something at the end of the production settings: `sentry_sdk.init(…)`.
    SettingsCall {
        /// The call.
        call: SettingValue,
        /// An expression that must be true for the call to be made.
        condition: Option<SettingValue>,
    },
    /// Make a file of the project.
    CreateFile {
        /// Its path from the root.
        path: String,
        /// Its text.
        content: String,
    },
    /// Include a URLconf in another, in front of its other routes.
    AddRoute {
        /// The file of the other.
        path: String,
        /// The route: `health/`, empty for none.
        route: String,
        /// The URLconf that is included: `django_prometheus.urls`.
        include: String,
    },
    /// Require a package, where the project declares what it is deployed with.
    Requirement {
        /// The package's name: `whitenoise`.
        package: String,
        /// Its extras: `hiredis`.
        extras: Vec<String>,
        /// The lowest version that will do: `6.0`.
        minimum: Option<String>,
    },
}

/// A model that is edited.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ModelRef {
    /// `blog.Article`
    pub label: String,
    /// The name of its class.
    pub class: Place,
}

/// An index as `models.Index` takes it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IndexSpec {
    /// Its fields, in order. Empty where it has expressions.
    pub fields: Vec<IndexColumn>,
    /// Its expressions as Python with full names: `django.db.models.functions.Upper("name")`.
    pub expressions: Vec<String>,
    /// The condition of a partial index, as Python with full names: `django.db.models.Q(done=False)`.
    pub condition: Option<String>,
    /// The operator class of each field.
    pub opclasses: Vec<String>,
    /// The index class with its full name, where it is not `models.Index`: `django.contrib.postgres.indexes.GinIndex`.
    pub class: Option<String>,
    /// Its name. Django makes one up where there is none, but not for indexes with expressions, a condition or
    /// operator classes.
    pub name: Option<String>,
}

/// A field of an index, and the direction.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IndexColumn {
    /// The field's name.
    pub name: String,
    /// Whether it runs from the largest to the smallest.
    pub descending: bool,
}

impl IndexColumn {
    /// As `Index(fields=…)` takes it: `-published`.
    pub fn written(&self) -> String {
        format!("{}{}", if self.descending { "-" } else { "" }, self.name)
    }
}

/// What the expression that makes a query is, which decides how more is asked of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum QueryForm {
    /// A chain such as `Article.objects.filter(…)`, whose value is a queryset or a manager.
    Chain,
    /// A call that takes a model where it also takes a queryset: `get_object_or_404(Article, …)`.
    ModelArgument {
        /// The manager to start from: `objects`.
        manager: String,
    },
    /// The name of a model's admin class: `list_select_related` says what its changelist joins, `get_queryset` what
    /// it prefetches.
    Admin,
    /// The name of an inline's class, or of an admin's whose manager joins: `get_queryset` says what its rows load.
    AdminQueryset,
    /// The value of a class's `model = Article`, below which a `queryset` can stand.
    ModelAttribute {
        /// The manager to start from: `objects`.
        manager: String,
    },
}

/// One lookup of `prefetch_related`: a path, or `Prefetch(path, queryset=…)` where rows at its end need joins.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lookup {
    /// `tags`, `chapters__notes`
    pub path: String,
    /// The queryset of a `Prefetch`, where one is needed.
    pub queryset: Option<PrefetchQueryset>,
}

/// `Model.objects.select_related(…)` within a `Prefetch`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PrefetchQueryset {
    /// The module that the model is imported from.
    pub module: String,
    /// The model's name there.
    pub model: String,
    /// The manager to start from: `objects`, `_default_manager`.
    pub manager: String,
    /// Paths for its `select_related`.
    pub select: Vec<String>,
}
