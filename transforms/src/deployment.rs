//! What the rules about production's settings share: a proposal that cannot be written becomes advice.

use tuneup_django::Project;
use tuneup_python::edit::Quote;

use crate::proposal::{Change, Position, Proposal, Safety, SettingEdit};
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
