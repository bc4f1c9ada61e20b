//! Whether a table grows with the use of the site: an index on a table of fifty rows is never used.

use tuneup_django::Project;
use tuneup_django::predicates::Context;
use tuneup_django::schema::{ModelId, RelationKind};

/// What speaks for it that a table grows, in points: nothing does of a list of kinds, countries, settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Growth(u32);

impl Growth {
    /// Its rows belong to those of others, or tell when they were made.
    pub(super) const LIKELY: Self = Self(2);
    /// Two of these.
    pub(super) const PROBABLE: Self = Self(3);
    /// Rows are made for users, or while requests are answered, and tell when.
    pub(super) const SURE: Self = Self(4);
    /// All of these: users make rows at any time.
    pub(super) const FAST: Self = Self(6);
}

impl Growth {
    /// With one point more.
    pub(super) fn more(self) -> Self {
        Self(self.0 + 1)
    }
}

/// Words in names of models of which each owner has many rows.
const MANY: &[&str] = &[
    "Log",
    "Entry",
    "Event",
    "Ping",
    "Flip",
    "History",
    "Record",
    "Message",
    "Notification",
    "Activity",
    "Audit",
    "Measurement",
    "Session",
    "Visit",
    "Hit",
    "Email",
    "Mail",
    "Comment",
    "Post",
    "Transaction",
    "Change",
    "Reading",
    "Sample",
    "Snapshot",
    "Metric",
];

/// Words at the end of names of models of which a site has a few rows: what people set up.
const SHORT: &[&str] = &[
    "Type",
    "Kind",
    "Category",
    "Config",
    "Configuration",
    "Setting",
    "Settings",
    "Preference",
    "Preferences",
    "Template",
    "Style",
    "Theme",
    "Role",
    "Status",
    "Country",
    "Language",
    "Currency",
    "View",
    "Plan",
    "Policy",
    "Repository",
];

/// Whether each owner has many rows of a model, as its name says.
pub(super) fn has_many_for_each(project: &Project, model: ModelId) -> bool {
    let name = project.schema.model(model).name().as_str();
    MANY.iter().any(|word| name.ends_with(word))
}

/// How sure it is that the table of a model grows.
pub(super) fn of(project: &Project, model: ModelId) -> Growth {
    let schema = &project.schema;
    let mut points = 0;
    if schema.user_model() == Some(model) {
        points += 2;
    }
    let fields = schema.model(model).fields();
    let mut stamps = fields.iter().filter(|&&field| is_stamp(project, field)).peekable();
    if stamps.peek().is_some() {
        points += if stamps.any(|&field| !is_common(project, field)) { 2 } else { 1 };
    }
    let belongs = |to_user: bool| {
        fields.iter().any(|&field| {
            let field = schema.field(field);
            let target = field.relation().and_then(|relation| schema.relation(relation).target());
            matches!(field.kind(), Some(RelationKind::ForeignKey | RelationKind::OneToOne))
                && target.is_some_and(|target| {
                    target != model && (!to_user || schema.user_model() == Some(target))
                })
        })
    };
    if belongs(true) {
        points += 2;
    } else if belongs(false) {
        points += 1;
    }
    let is_made = |context: Context| {
        project.predicates().writes.iter().any(|it| it.model == model && it.makes && it.context == context)
    };
    if is_made(Context::Request) || is_made(Context::Task) {
        points += 2;
    } else if is_made(Context::Unknown) {
        points += 1;
    }
    let name = schema.model(model).name().as_str();
    if SHORT.iter().any(|word| name.ends_with(word)) {
        points = u32::saturating_sub(points, 2);
    }
    Growth(points)
}

/// Whether a field comes from a base that most models have: then it tells little of one.
pub(super) fn is_common(project: &Project, id: tuneup_django::schema::FieldId) -> bool {
    const SEVERAL: usize = 5;
    let schema = &project.schema;
    let Some(source) = schema.field(id).source() else { return false };
    let is_same = |&field: &tuneup_django::schema::FieldId| {
        schema
            .field(field)
            .source()
            .is_some_and(|it| (it.file, it.value, it.owner) == (source.file, source.value, source.owner))
    };
    let own = || {
        let models = schema.models().map(|model| (model, schema.model(model)));
        models.filter(|(_, it)| it.class().is_some() && !it.is_abstract() && !it.is_proxy())
    };
    let with = own().filter(|(_, it)| it.fields().iter().any(&is_same)).count();
    with >= SEVERAL && with * 2 > own().count()
}

/// Whether a column tells when its row was made.
fn is_stamp(project: &Project, id: tuneup_django::schema::FieldId) -> bool {
    let field = project.schema.field(id);
    if !matches!(field.class().as_str(), "DateTimeField" | "DateField") {
        return false;
    }
    let name = field.name().as_str();
    field.keyword(&project.source, "auto_now_add").is_some()
        || field.keyword(&project.source, "default").is_some()
        || name.starts_with("created")
        || name.ends_with("created")
        || name.ends_with("_at")
        || matches!(name, "timestamp" | "date" | "pub_date")
}
