//! What the rules about production's settings share: a proposal that cannot be written becomes advice.

use ruff_text_size::TextRange;
use tuneup_django::Project;
use tuneup_django::settings::{Node, SettingsModule, Value};
use tuneup_python::edit::Quote;

use crate::proposal::{Change, Place, Position, Proposal, Safety, SettingEdit, SettingValue};
use crate::render::{render, setting_text};

/// The proposal, if its changes can be written; else advice that says why not, and what to write and where.
pub(crate) fn written_or_advice(project: &Project, mut proposal: Proposal) -> Proposal {
    crate::requirements::settle(project, &mut proposal);
    let rendering = render(project, &[&proposal]);
    let Some((_, reason)) = rendering.withheld.into_iter().next() else { return proposal };
    let what: Vec<String> = proposal.changes.iter().filter_map(in_words).collect();
    let path = project.settings.module.as_ref().map_or("", |module| project.path(module.file));
    proposal.message.push_str(&format!(
        " This is not edited: {reason}. In `{path}`, or where it takes the value from, {}.",
        joined(&what)
    ));
    proposal.safety = Safety::Advice;
    proposal.changes.clear();
    proposal
}

/// The module of production's settings; none where it is for development, or something may set what is not seen.
pub(crate) fn production(project: &Project) -> Option<&SettingsModule> {
    let settings = &project.settings;
    let module = settings.module.as_ref()?;
    (!module.is_development && !module.is_debugging && settings.unseen.is_empty()).then_some(module)
}

/// Sets what stands under keys of a setting.
pub(crate) fn set(name: &str, keys: &[&str], value: SettingValue) -> Change {
    let keys = keys.iter().map(|key| (*key).to_owned()).collect();
    Change::Setting { name: name.to_owned(), edit: SettingEdit::Set { keys, value } }
}

/// A proposal about a setting, with what differs between rules left open.
pub(crate) fn proposal(
    project: &Project,
    rule: &'static str,
    name: &str,
    fields: &[&str],
) -> Option<Proposal> {
    let place = place(project, name)?;
    let fields: Vec<String> = fields.iter().map(|field| (*field).to_owned()).collect();
    let more: String = fields.iter().map(|field| format!(":{field}")).collect();
    Some(Proposal {
        id: format!("{rule}:{}::{name}{more}", place.path),
        rule,
        safety: Safety::Unsafe,
        title: String::new(),
        message: String::new(),
        place,
        symbol: String::new(),
        model: None,
        fields,
        evidence: Vec::new(),
        changes: Vec::new(),
    })
}

/// The text of a key in every form that a value may have; nothing where one of them is not known.
pub(crate) fn texts_under<'n>(node: &'n Node, key: &str) -> Option<Vec<&'n str>> {
    let mut texts = Vec::new();
    for node in node.alternatives() {
        let Value::Dict(dict) = &node.value else { return None };
        for value in dict.get(key)?.alternatives() {
            match &value.value {
                Value::Str(text) => texts.push(text.as_str()),
                _ => return None,
            }
        }
    }
    Some(texts)
}

/// The place of a setting in its file; the first line of production's module where it is not set.
pub(crate) fn place(project: &Project, name: &str) -> Option<Place> {
    let settings = &project.settings;
    let module = settings.module.as_ref()?;
    Some(match settings.get(name) {
        Some(setting) => match setting.writes.last() {
            Some(write) => Place::new(project.path(write.file), write.range),
            None => Place::new(project.path(setting.node.file), setting.node.range),
        },
        None => Place::new(project.path(module.file), TextRange::default()),
    })
}

/// A change as a person would do it by hand.
fn in_words(change: &Change) -> Option<String> {
    Some(match change {
        Change::Setting { name, edit: SettingEdit::Set { keys, value } } => {
            let keys: String = keys
                .iter()
                .map(|key| match key.parse::<usize>() {
                    Ok(at) => format!("[{at}]"),
                    Err(_) => format!("[\"{key}\"]"),
                })
                .collect();
            format!("write `{name}{keys} = {}`", setting_text(value).flat(Quote::Double))
        }
        Change::Setting { name, edit: SettingEdit::Insert { entry, at } } => match at {
            Position::First => format!("put `\"{entry}\"` first in `{name}`"),
            Position::Before(other) => format!("put `\"{entry}\"` in front of `\"{other}\"` in `{name}`"),
            Position::After(other) => format!("put `\"{entry}\"` behind `\"{other}\"` in `{name}`"),
            Position::Last => format!("put `\"{entry}\"` last in `{name}`"),
            Position::Anywhere => format!("add `\"{entry}\"` to `{name}`"),
        },
        Change::SettingsCall { call, .. } => format!("call `{}`", setting_text(call).flat(Quote::Double)),
        Change::CreateFile { path, .. } => format!("make the file `{path}`"),
        Change::Requirement { package, extras, minimum } => {
            let extras = if extras.is_empty() { String::new() } else { format!("[{}]", extras.join(",")) };
            let minimum = minimum.as_ref().map(|minimum| format!(">={minimum}")).unwrap_or_default();
            format!("require `{package}{extras}{minimum}`")
        }
        Change::AddRoute { path, route, include } => {
            format!("add `path(\"{route}\", include(\"{include}\"))` to the routes of `{path}`")
        }
        _ => return None,
    })
}

fn joined(parts: &[String]) -> String {
    match parts {
        [] => "change it by hand".to_owned(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}
