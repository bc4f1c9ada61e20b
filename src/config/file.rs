//! Reads configuration: the keys there are, the values each takes, and an error that says what was meant otherwise.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use toml_edit::{Document, Item, TableLike, Value};
use tuneup_django::IndexStyle;
use tuneup_python::source::regular;

use super::{Config, Origin};
use crate::failure::Failure;

/// The keys, in the order in which they are shown.
pub(super) const KEYS: &[&str] = &[
    "select",
    "ignore",
    "exclude",
    "per-file-ignores",
    "django-version",
    "settings-module",
    "python",
    "concurrent-indexes",
    "index-style",
    "unsafe",
    "line-length",
];

/// Where an index of one column is declared, as the configuration names it.
const STYLES: [(&str, IndexStyle); 3] =
    [("auto", IndexStyle::AsTheProject), ("field", IndexStyle::Field), ("meta", IndexStyle::Meta)];

/// The name of a style.
pub(crate) fn style(of: IndexStyle) -> &'static str {
    STYLES.iter().find(|(_, style)| *style == of).map_or("auto", |(name, _)| name)
}

/// The nearest configuration file at or above a folder, and its text.
pub(super) fn find(root: &Path) -> Result<Option<(PathBuf, String)>, Failure> {
    let start = root.canonicalize().map_err(|error| Failure::new(format!("{}: {error}", root.display())))?;
    for folder in start.ancestors() {
        for name in ["tuneup.toml", "pyproject.toml"] {
            let path = folder.join(name);
            let text = match regular::read_to_string(&path) {
                Ok(text) => text,
                Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                    continue;
                }
                Err(error) => return Err(Failure::new(format!("{}: {error}", path.display()))),
            };
            // A pyproject.toml that does not speak of tuneup is not read further, and may be broken.
            let may_speak = text.contains("tool.tuneup") || text.contains("tuneup]");
            if name == "tuneup.toml" || (may_speak && section(&parse(&path, &text)?).is_some()) {
                return Ok(Some((path, text)));
            }
        }
    }
    Ok(None)
}

/// The pyproject.toml beside a tuneup.toml, where it has something to say too.
pub(super) fn passed_over(path: &Path) -> Option<PathBuf> {
    let other = path.with_file_name("pyproject.toml");
    let text = if other == path { None } else { regular::read_to_string(&other).ok() }?;
    section(&parse(&other, &text).ok()?).is_some().then_some(other)
}

fn parse(path: &Path, text: &str) -> Result<Document<String>, Failure> {
    Document::parse(text.to_owned()).map_err(|error| {
        let line = error.span().map_or(1, |span| line_of(text, span.start));
        Failure::new(format!("{}:{line}: {}", path.display(), error.message()))
    })
}

fn section(document: &Document<String>) -> Option<&dyn TableLike> {
    document.get("tool")?.as_table_like()?.get("tuneup")?.as_table_like()
}

/// Takes the values of a file.
pub(super) fn read(config: &mut Config, path: &Path, text: &str) -> Result<(), Failure> {
    let document = parse(path, text)?;
    let is_own = path.file_name().is_some_and(|name| name == "tuneup.toml");
    let table: Option<&dyn TableLike> = if is_own { Some(document.as_table()) } else { section(&document) };
    let Some(table) = table else { return Ok(()) };
    for (key, item) in table.iter() {
        let start = item.span().or_else(|| table.get_key_value(key)?.0.span()).map_or(0, |span| span.start);
        let origin = Origin::File(path.to_owned(), line_of(text, start));
        set(config, key, item, &origin)?;
    }
    Ok(())
}

/// Takes one `KEY=VALUE`, where the value is TOML, or the bare text of a string.
pub(super) fn read_override(config: &mut Config, text: &str) -> Result<(), Failure> {
    let usage = || Failure::new(format!("--config {text}: write it as KEY=VALUE"));
    let (key, value) = text.split_once('=').ok_or_else(usage)?;
    let (key, value) = (key.trim(), value.trim());
    let parsed = value.parse::<Value>().unwrap_or_else(|_| Value::from(value));
    set(config, key, &Item::Value(parsed), &Origin::Override)
}

fn line_of(text: &str, offset: usize) -> usize {
    text.as_bytes().iter().take(offset).filter(|byte| **byte == b'\n').count() + 1
}

fn set(config: &mut Config, key: &str, item: &Item, origin: &Origin) -> Result<(), Failure> {
    let wrong = |expected: &str| Failure::new(format!("{origin}: `{key}` must be {expected}"));
    let strings = |item: &Item| -> Option<Vec<String>> {
        match item.as_str() {
            // One name needs no list.
            Some(text) if *origin == Origin::Override => {
                Some(text.split(',').map(|part| part.trim().to_owned()).collect())
            }
            _ => item.as_array()?.iter().map(|value| value.as_str().map(str::to_owned)).collect(),
        }
    };
    let list = || strings(item).ok_or_else(|| wrong("a list of strings"));
    let text = || item.as_str().map(str::to_owned).ok_or_else(|| wrong("a string"));
    let origin = origin.clone();
    match key {
        "select" => config.select.set(list()?, origin),
        "ignore" => config.ignore.set(list()?, origin),
        "exclude" => config.exclude.set(list()?, origin),
        "per-file-ignores" => {
            let table = item.as_table_like().ok_or_else(|| wrong("a table of lists of rules"))?;
            let rows = table.iter().map(|(pattern, rules)| Some((pattern.to_owned(), strings(rules)?)));
            let rows = rows.collect::<Option<Vec<_>>>().ok_or_else(|| wrong("a table of lists of rules"))?;
            config.per_file_ignores.set(rows, origin);
        }
        "django-version" => {
            let version = text()?;
            let is_version = version.split('.').all(|part| part.parse::<u32>().is_ok());
            if !is_version {
                return Err(wrong("a version in quotes, such as \"5.2\""));
            }
            config.django_version.set(Some(version), origin);
        }
        "settings-module" => config.settings.set(Some(text()?), origin),
        "python" => {
            let path = match origin {
                Origin::Override => PathBuf::from(text()?),
                _ => config.home.join(text()?),
            };
            config.python.set(Some(path), origin);
        }
        "concurrent-indexes" => {
            let value = match text()?.as_str() {
                "auto" => true,
                "never" => false,
                _ => return Err(wrong("\"auto\" or \"never\"")),
            };
            config.concurrent_indexes.set(value, origin);
        }
        "index-style" => {
            let text = text()?;
            let style = STYLES.iter().find(|(name, _)| *name == text);
            let (_, style) = style.ok_or_else(|| wrong("\"auto\", \"field\" or \"meta\""))?;
            config.index_style.set(*style, origin);
        }
        "unsafe" => {
            let value = item.as_bool().ok_or_else(|| wrong("true or false"))?;
            config.with_unsafe.set(value, origin);
        }
        "line-length" => {
            let value = item.as_integer().and_then(|value| u16::try_from(value).ok());
            let value = value.filter(|value| *value > 0).ok_or_else(|| wrong("a number of columns"))?;
            config.line_length.set(Some(value), origin);
        }
        _ => {
            let nearest = nearest(key, KEYS.iter().copied());
            return Err(Failure::new(format!(
                "{origin}: no key is called `{key}`; did you mean `{nearest}`?"
            )));
        }
    }
    Ok(())
}

/// The name that is most like another.
pub(crate) fn nearest<'a>(name: &str, names: impl Iterator<Item = &'a str>) -> &'a str {
    let likeness = |known: &&str| (similar::TextDiff::from_chars(*known, name).ratio() * 1000.0) as u32;
    names.max_by_key(likeness).unwrap_or_default()
}
