//! Models and fields of Django's own apps, and of well-known packages that may not be installed where a project is read.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

mod django;
mod members;
mod packages;

pub(crate) use members::MEMBERS;
pub(crate) use packages::{TAGGABLE, TAGS, TRANSLATIONS};

/// A model of another package.
pub(crate) struct BundledModel {
    /// The dotted names by which it is imported.
    pub(crate) names: &'static [&'static str],
    /// The label that it has where its app is installed; the app alone matters for abstract ones.
    pub(crate) label: &'static str,
    /// Whether it is a base alone.
    pub(crate) is_abstract: bool,
    /// Whether all its fields, and those of its bases, are listed.
    pub(crate) is_complete: bool,
    /// Its bases, where they are in the table.
    pub(crate) bases: &'static [&'static str],
    /// Its own fields.
    pub(crate) fields: &'static [BundledField],
    /// The names of its own managers.
    pub(crate) managers: &'static [&'static str],
    /// The setting that swaps it.
    pub(crate) swappable: Option<&'static str>,
}

/// A field of one: its name, its Django class, and its options as words: `null`, `unique`, `db_index`, `primary_key`, and
/// `to=`, `related_name=`, `related_query_name=`.
pub(crate) struct BundledField(pub(crate) &'static str, pub(crate) &'static str, pub(crate) &'static str);

impl BundledField {
    /// Whether an option is given.
    pub(crate) fn has(&self, option: &str) -> bool {
        self.2.split_whitespace().any(|word| word == option)
    }

    /// The text of an option.
    pub(crate) fn text(&self, option: &str) -> Option<&'static str> {
        self.2.split_whitespace().find_map(|word| word.strip_prefix(option)?.strip_prefix('='))
    }
}

impl BundledModel {
    const fn concrete(
        label: &'static str,
        names: &'static [&'static str],
        fields: &'static [BundledField],
        managers: &'static [&'static str],
    ) -> Self {
        Self {
            names,
            label,
            is_abstract: false,
            is_complete: true,
            bases: &[],
            fields,
            managers,
            swappable: None,
        }
    }

    const fn abstract_(
        label: &'static str,
        names: &'static [&'static str],
        fields: &'static [BundledField],
        managers: &'static [&'static str],
    ) -> Self {
        Self { is_abstract: true, ..Self::concrete(label, names, fields, managers) }
    }

    const fn with_bases(self, bases: &'static [&'static str]) -> Self {
        Self { bases, ..self }
    }

    const fn swapped_by(self, setting: &'static str) -> Self {
        Self { swappable: Some(setting), ..self }
    }

    const fn partly(self) -> Self {
        Self { is_complete: false, ..self }
    }

    /// The label of its app.
    pub(crate) fn app(&self) -> &'static str {
        self.label.split_once('.').map_or(self.label, |(app, _)| app)
    }

    /// The name of its class.
    pub(crate) fn name(&self) -> &'static str {
        self.label.split_once('.').map_or(self.label, |(_, name)| name)
    }
}

/// The model of a dotted name.
pub(crate) fn find(dotted: &str) -> Option<&'static BundledModel> {
    static BY_NAME: LazyLock<FxHashMap<&str, &BundledModel>> = LazyLock::new(|| {
        let mut by_name = FxHashMap::default();
        for model in all() {
            model.names.iter().for_each(|&name| {
                by_name.entry(name).or_insert(model);
            });
        }
        by_name
    });
    BY_NAME.get(dotted).copied()
}

/// The model of a label, in lower case, that has a table.
pub(crate) fn find_label(label: &str) -> Option<&'static BundledModel> {
    all().find(|model| !model.is_abstract && model.label.eq_ignore_ascii_case(label))
}

/// The table of a model, by its label, where it is not called as Django would call it.
pub(crate) fn db_table(label: &str) -> Option<&'static str> {
    match label {
        "contenttypes.ContentType" => Some("django_content_type"),
        "sites.Site" => Some("django_site"),
        "sessions.Session" => Some("django_session"),
        "admin.LogEntry" => Some("django_admin_log"),
        "flatpages.FlatPage" => Some("django_flatpage"),
        "redirects.Redirect" => Some("django_redirect"),
        _ => None,
    }
}

/// Whether a model is of one of Django's own apps.
pub(crate) fn is_djangos(model: &BundledModel) -> bool {
    model.names.iter().any(|name| name.starts_with("django."))
}

fn all() -> impl Iterator<Item = &'static BundledModel> {
    django::MODELS.iter().chain(packages::MODELS)
}

/// The models of Django's apps that are nearly always installed, and then those of the others.
pub(crate) fn of_django() -> impl Iterator<Item = &'static BundledModel> {
    django::MODELS.iter().filter(|model| !model.is_abstract)
}

/// The name of Django's own field class, where it is one.
pub(crate) fn django_field(name: &str) -> Option<&'static str> {
    django::FIELDS.iter().copied().find(|field| *field == name)
}

/// The Django field class that a well-known package's field inherits from.
pub(crate) fn third_party_field(dotted: &str) -> Option<&'static str> {
    packages::FIELDS.iter().find(|(name, _)| *name == dotted).map(|(_, class)| *class)
}

/// Whether a well-known package's class is a manager.
pub(crate) fn is_third_party_manager(dotted: &str) -> bool {
    packages::MANAGERS.contains(&dotted)
}

/// Whether a class of Django or a well-known package can stand among a model's bases and brings no field.
pub(crate) fn is_plain_mixin(dotted: &str) -> bool {
    packages::MIXINS.contains(&dotted)
}
