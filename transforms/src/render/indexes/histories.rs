//! The models in which django-simple-history keeps what rows were: they have the fields of the model that they follow,
//! and of the parents whose tables it joins, so that a field's index is one of theirs too.
//! <https://django-simple-history.readthedocs.io/en/latest/historical_model.html>

use tuneup_django::Project;
use tuneup_django::migrations::{AppMigrations, ModelState, Value};

/// The fields that each history has of its own.
const OWN: [&str; 3] = ["history_id", "history_date", "history_type"];

/// A history of a model, as the migrations know it.
pub(super) struct History<'a> {
    /// The app that it is in, which `app=` may name.
    pub(super) app: &'a AppMigrations,
    /// The name of the model, in lower case.
    pub(super) key: &'a str,
    /// The model.
    pub(super) state: &'a ModelState,
}

/// The histories that have the field `field` of the model `key` in the app `app`. An error, for a person, where one
/// of another name may be such a history and that cannot be told.
pub(super) fn of_field<'a>(
    project: &'a Project,
    app: &'a AppMigrations,
    key: &str,
    field: &str,
) -> Result<Vec<History<'a>>, String> {
    let apps = apps(project, app);
    let mut found = Vec::new();
    for &other in &apps {
        for (name, state) in &other.state.models {
            if !is_history(state) || !state.fields.contains_key(field) {
                continue;
            }
            let follows = match name.strip_prefix("historical") {
                Some(model) if other.state.models.contains_key(model) => {
                    is_below(&apps, other, model, (app, key), 0)
                }
                _ => follows(&apps, state, app, key).ok_or_else(|| {
                    format!(
                        "{}.{} may be the history of {}.{key}, which cannot be told from its name",
                        other.label, state.name, app.label
                    )
                })?,
            };
            if follows {
                found.push(History { app: other, key: name, state });
            }
        }
    }
    Ok(found)
}

/// The apps whose models may have histories, or be some.
fn apps<'a>(project: &'a Project, app: &'a AppMigrations) -> Vec<&'a AppMigrations> {
    let migrations = project.migrations();
    let is_it = |installed: &&str| installed.split('.').next() == Some("simple_history");
    let others = migrations.installed().iter().any(is_it).then(|| {
        let others = migrations.labels().filter(|label| *label != app.label);
        others.filter_map(|label| migrations.of(&project.source, label.as_str()).ok())
    });
    std::iter::once(app).chain(others.into_iter().flatten()).collect()
}

fn is_history(state: &ModelState) -> bool {
    OWN.iter().all(|name| state.fields.contains_key(*name))
}

/// Whether a model is another, or has its table joined to that of it.
fn is_below(
    apps: &[&AppMigrations],
    app: &AppMigrations,
    key: &str,
    wanted: (&AppMigrations, &str),
    depth: usize,
) -> bool {
    if (app.label, key) == (wanted.0.label, wanted.1) {
        return true;
    }
    let Some(state) = app.state.models.get(key).filter(|_| depth < 16) else { return false };
    state.bases.iter().any(|base| {
        let Value::Str(base) = base else { return false };
        let Some((label, parent)) = base.split_once('.') else { return false };
        let of = apps.iter().find(|other| other.label == label);
        of.is_some_and(|other| is_below(apps, other, &parent.to_lowercase(), wanted, depth + 1))
    })
}

/// Whether a history with a name of its own is that of a model: the one that has all of its fields. Nothing where that
/// cannot be told.
fn follows(apps: &[&AppMigrations], history: &ModelState, app: &AppMigrations, key: &str) -> Option<bool> {
    let model = app.state.models.get(key)?;
    let kept: Vec<&String> = history.fields.keys().filter(|name| !name.starts_with("history_")).collect();
    let has_all = |model: &ModelState| kept.iter().all(|name| model.fields.contains_key(*name));
    let all = apps.iter().flat_map(|other| other.state.models.values());
    let owners = all.filter(|other| !is_history(other) && has_all(other)).count();
    if owners > 0 {
        return if has_all(model) { (owners == 1).then_some(true) } else { Some(false) };
    }
    // `bases=[…]` gives a history fields that its model has not, as the tables of parents do.
    let shared = kept.iter().filter(|name| model.fields.contains_key(**name)).count();
    (shared * 2 < model.fields.len()).then_some(false)
}
