//! Prints what counts, as it would stand in tuneup.toml, each value with where it came from: a file, an option, or the
//! project itself.

use std::io::{self, Write};
use std::path::Path;

use toml_edit::{Array, InlineTable, Value};
use tuneup_transforms::render::Files;

use super::file::style;
use super::{Origin, Sourced};
use crate::analysis::Outcome;

/// A value, and where it came from.
type Row = (&'static str, Option<Value>, String);

/// Writes all values.
pub(crate) fn show(out: &mut dyn Write, outcome: &Outcome) -> io::Result<()> {
    let config = &outcome.config;
    let list = |values: &[String]| Value::Array(values.iter().map(String::as_str).collect::<Array>());
    let strings = |values: &Sourced<Vec<String>>| (Some(list(&values.value)), values.origin.to_string());
    let mut tables = InlineTable::new();
    for (pattern, rules) in &config.per_file_ignores.value {
        tables.insert(pattern, list(rules));
    }
    let concurrent = if config.concurrent_indexes.value { "auto" } else { "never" };
    let style = style(config.index_style.value);
    let row = |key, (value, origin)| -> Row { (key, value, origin) };
    let rows = [
        row("select", strings(&config.select)),
        row("ignore", strings(&config.ignore)),
        row("exclude", strings(&config.exclude)),
        row(
            "per-file-ignores",
            (Some(Value::InlineTable(tables)), config.per_file_ignores.origin.to_string()),
        ),
        row("django-version", django(outcome)),
        row("settings-module", settings(outcome)),
        row("python", python(outcome)),
        row(
            "concurrent-indexes",
            (Some(Value::from(concurrent)), config.concurrent_indexes.origin.to_string()),
        ),
        row("index-style", (Some(Value::from(style)), config.index_style.origin.to_string())),
        row("unsafe", (Some(Value::from(config.with_unsafe.value)), config.with_unsafe.origin.to_string())),
        row("line-length", length(outcome)),
    ];
    if let Some(other) = &config.passed_over {
        writeln!(out, "# not read: [tool.tuneup] of {}, as tuneup.toml is beside it", other.display())?;
    }
    for (key, value, origin) in rows {
        match value {
            Some(value) => writeln!(out, "{key} = {}  # {origin}", value.to_string().trim())?,
            None => writeln!(out, "# {key}: {origin}")?,
        }
    }
    Ok(())
}

fn django(outcome: &Outcome) -> (Option<Value>, String) {
    let (given, version) = (&outcome.config.django_version, &outcome.project.version);
    let origin = match (&given.value, version.source()) {
        (Some(_), _) => given.origin.to_string(),
        (None, Some(file)) => format!("{file}, as the project says"),
        (None, None) => "assumed, as nothing says it".to_owned(),
    };
    (Some(Value::from(version.to_string())), origin)
}

fn settings(outcome: &Outcome) -> (Option<Value>, String) {
    let given = &outcome.config.settings;
    match &outcome.project.settings.module {
        Some(module) if given.value.is_some() => {
            (Some(Value::from(module.name.as_str())), given.origin.to_string())
        }
        Some(module) => (Some(Value::from(module.name.as_str())), module.reason.clone()),
        None => (None, "no settings of production are seen".to_owned()),
    }
}

fn python(outcome: &Outcome) -> (Option<Value>, String) {
    let given = &outcome.config.python;
    if let Some(path) = &given.value {
        return (Some(Value::from(path.to_string_lossy().into_owned())), given.origin.to_string());
    }
    // `lib/python3.12/site-packages` is in the environment's folder.
    let installed = outcome.project.source.site_packages().first();
    match installed.and_then(|path| path.ancestors().nth(3)).map(Path::to_string_lossy) {
        Some(folder) => (Some(Value::from(folder.into_owned())), "found beside the project".to_owned()),
        None => (None, "no environment is seen; installed packages are not read".to_owned()),
    }
}

fn length(outcome: &Outcome) -> (Option<Value>, String) {
    let given = &outcome.config.line_length;
    // As a file at the root is formatted.
    let layout = Files::layout(&outcome.project, "manage.py");
    let found = i64::from(layout.usual_length());
    match (given.value, layout.line_length) {
        (Some(value), _) => (Some(Value::from(i64::from(value))), given.origin.to_string()),
        (None, Some(_)) => (Some(Value::from(found)), "as the formatter's configuration says".to_owned()),
        (None, None) => (Some(Value::from(found)), Origin::Default.to_string()),
    }
}
