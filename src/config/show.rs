//! Prints what counts, as it would stand in tuneup.toml, each value with where it came from.

use std::io::{self, Write};

use toml_edit::{Array, InlineTable, Value};

use super::{Config, Origin};

/// Writes all values.
pub(crate) fn show(out: &mut dyn Write, config: &Config) -> io::Result<()> {
    let list = |values: &[String]| Value::Array(values.iter().map(String::as_str).collect::<Array>());
    let mut tables = InlineTable::new();
    for (pattern, rules) in &config.per_file_ignores.value {
        tables.insert(pattern, list(rules));
    }
    let optional = |text: Option<String>| text.map(Value::from);
    let python = config.python.value.as_ref().map(|path| path.to_string_lossy().into_owned());
    let concurrent = if config.concurrent_indexes.value { "auto" } else { "never" };
    let length = config.line_length.value.map(|value| Value::from(i64::from(value)));
    let rows: [(&str, Option<Value>, &Origin); 10] = [
        ("select", Some(list(&config.select.value)), &config.select.origin),
        ("ignore", Some(list(&config.ignore.value)), &config.ignore.origin),
        ("exclude", Some(list(&config.exclude.value)), &config.exclude.origin),
        ("per-file-ignores", Some(Value::InlineTable(tables)), &config.per_file_ignores.origin),
        ("django-version", optional(config.django_version.value.clone()), &config.django_version.origin),
        ("settings", optional(config.settings.value.clone()), &config.settings.origin),
        ("python", optional(python), &config.python.origin),
        ("concurrent-indexes", Some(Value::from(concurrent)), &config.concurrent_indexes.origin),
        ("unsafe", Some(Value::from(config.with_unsafe.value)), &config.with_unsafe.origin),
        ("line-length", length, &config.line_length.origin),
    ];
    for (key, value, origin) in rows {
        match value {
            Some(value) => writeln!(out, "{key} = {}  # {origin}", value.to_string().trim())?,
            // What is found in the project itself has no value here.
            None => writeln!(out, "# {key}: as the project says")?,
        }
    }
    Ok(())
}
