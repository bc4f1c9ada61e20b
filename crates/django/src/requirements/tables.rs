//! `pyproject.toml` and `Pipfile`: arrays of requirements, and tables whose keys are packages.

use std::ops::Range;

use toml_edit::{Document, Item, Value};

use super::requirement::{Entry, normalised, read};

/// The requirements of the array under these keys; nothing where there is no such array.
pub fn of_array(text: &str, keys: &[String]) -> Option<Vec<Entry>> {
    let document = Document::parse(text).ok()?;
    let array = under(document.as_item(), keys)?.as_array()?;
    let mut found = Vec::new();
    for value in array {
        let (Some(requirement), Some(span)) = (value.as_str(), value.span()) else { continue };
        let mut entry = read(requirement, 0)?;
        entry.range = span;
        found.push(entry);
    }
    Some(found)
}

/// The bytes of the array under these keys, and of its elements; nothing where there is no such array.
pub fn array_ranges(text: &str, keys: &[String]) -> Option<(Range<usize>, Vec<Range<usize>>)> {
    let document = Document::parse(text).ok()?;
    let array = under(document.as_item(), keys)?.as_array()?;
    Some((array.span()?, array.iter().filter_map(Value::span).collect()))
}

/// The requirements of the table under these keys; nothing where there is no such table.
pub fn of_table(text: &str, keys: &[String]) -> Option<Vec<Entry>> {
    let document = Document::parse(text).ok()?;
    let table = under(document.as_item(), keys)?.as_table_like()?;
    let mut found = Vec::new();
    for (name, item) in table.iter() {
        let key = table.key(name).and_then(toml_edit::Key::span);
        let (Some(key), Some(value)) = (key, item.span()) else { continue };
        let (mut extras, mut rest, mut is_address) = (Vec::new(), String::new(), false);
        if let Some(version) = item.as_str() {
            version.clone_into(&mut rest);
        } else if let Some(table) = item.as_table_like() {
            let listed = table.get("extras").and_then(Item::as_array);
            extras = listed.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
            table.get("version").and_then(Item::as_str).unwrap_or("*").clone_into(&mut rest);
            is_address = ["git", "url", "path", "file"].iter().any(|kind| table.contains_key(kind));
        } else if item.is_array() || item.is_array_of_tables() {
            // Several versions, for several Pythons.
            is_address = true;
        }
        found.push(Entry {
            name: normalised(name),
            extras,
            rest,
            range: key.start..value.end.max(key.end),
            is_address,
            is_hashed: false,
        });
    }
    found.sort_by_key(|entry| entry.range.start);
    Some(found)
}

/// The places of a file that hold requirements: the keys above them, and whether it is a table.
pub(super) fn places(name: &str, text: &str) -> Vec<(Vec<String>, bool)> {
    let Ok(document) = Document::parse(text) else { return Vec::new() };
    let root = document.as_item();
    let path = |keys: &[&str]| keys.iter().map(|key| (*key).to_owned()).collect::<Vec<String>>();
    let mut found = Vec::new();
    let mut add = |keys: Vec<String>, is_table: bool| {
        let item = under(root, &keys);
        let is_it = |item: &Item| if is_table { item.is_table_like() } else { item.is_array() };
        if item.is_some_and(is_it) {
            found.push((keys, is_table));
        }
    };
    if name == "Pipfile" {
        add(path(&["packages"]), true);
        add(path(&["dev-packages"]), true);
        return found;
    }
    add(path(&["project", "dependencies"]), false);
    add(path(&["tool", "poetry", "dependencies"]), true);
    add(path(&["tool", "poetry", "dev-dependencies"]), true);
    for groups in [&["project", "optional-dependencies"][..], &["dependency-groups"]] {
        for group in names_of(root, groups) {
            add([path(groups), vec![group]].concat(), false);
        }
    }
    for group in names_of(root, &["tool", "poetry", "group"]) {
        add([path(&["tool", "poetry", "group"]), vec![group, "dependencies".to_owned()]].concat(), true);
    }
    found
}

fn names_of(root: &Item, keys: &[&str]) -> Vec<String> {
    let keys: Vec<String> = keys.iter().map(|key| (*key).to_owned()).collect();
    let table = under(root, &keys).and_then(Item::as_table_like);
    table.map(|table| table.iter().map(|(name, _)| name.to_owned()).collect()).unwrap_or_default()
}

fn under<'i>(item: &'i Item, keys: &[String]) -> Option<&'i Item> {
    keys.iter().try_fold(item, |item, key| item.as_table_like()?.get(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keys(keys: &[&str]) -> Vec<String> {
        keys.iter().map(|key| (*key).to_owned()).collect()
    }

    #[test]
    fn arrays_and_tables() {
        let text = "[project]\ndependencies = [\n  \"Django>=4.2\",  # the framework\n  'psycopg[binary]',\n]\n[project.optional-dependencies]\nprod = ['gunicorn']\n[dependency-groups]\ndev = ['pytest', {include-group = 'lint'}]\n";
        let found = of_array(text, &keys(&["project", "dependencies"])).expect("an array");
        assert_eq!(&text[found[0].range.clone()], "\"Django>=4.2\"");
        assert_eq!((found[1].name.as_str(), found[1].extras[0].as_str()), ("psycopg", "binary"));
        let places: Vec<String> =
            places("pyproject.toml", text).iter().map(|(keys, _)| keys.join(".")).collect();
        assert_eq!(
            places,
            ["project.dependencies", "project.optional-dependencies.prod", "dependency-groups.dev"]
        );
    }

    #[test]
    fn keys_that_are_packages() {
        let text = "[tool.poetry.dependencies]\npython = '^3.11'\nDjango = {version = '^5.1', extras = ['argon2']}\nredis = '*'\nown = {git = 'https://example.org'}\n[tool.poetry.group.prod.dependencies]\nx = '1'\n";
        let found = of_table(text, &keys(&["tool", "poetry", "dependencies"])).expect("a table");
        assert_eq!(&text[found[1].range.clone()], "Django = {version = '^5.1', extras = ['argon2']}");
        assert!(found[2].is_bare() && found[3].is_address);
        assert_eq!(found[1].extras, ["argon2"]);
        assert_eq!(places("pyproject.toml", text).len(), 2);
    }
}
