//! Settings that are changed, in the form and file in which the project has them.
//!
//! `places`, and for lists `elements`, say where a change goes: into a dict or list that is written out, over a value, into a call, or as a
//! statement below the last that writes the setting. What several proposals ask of one place is united here.

mod elements;
mod environment;
mod places;
mod values;

use std::collections::BTreeMap;

use ruff_text_size::TextRange;
use tuneup_django::Project;
use tuneup_python::edit::{
    At, Line, Literal, Quote, Refusal, Target, add_entries, add_keywords, insert_elements, replace_value,
    statements_below,
};

use super::Files;
use super::names::Names;
use super::work::{Job, Work};
use crate::proposal::{Change, Proposal, SettingEdit, SettingValue};
use places::{Container, Spot};
use values::literal;
pub(crate) use values::plain;

/// What is asked of one place.
#[derive(Default)]
struct Asked<'a> {
    /// Values under keys, and elements of lists.
    entries: Vec<(Vec<String>, SettingValue)>,
    elements: BTreeMap<At, Vec<SettingValue>>,
    asked_by: Vec<&'a str>,
}

/// Adds the pieces of all changes of settings.
pub(super) fn gather<'a>(files: &'a dyn Files, active: &[&'a Proposal], work: &mut Work<'a>) {
    let mut places: BTreeMap<Container, Asked<'a>> = BTreeMap::new();
    let mut set: Vec<(&'a str, &'a [String], &'a SettingValue)> = Vec::new();
    let is_one = |change: &&Change| matches!(change, Change::Setting { .. } | Change::SettingsCall { .. });
    for proposal in active {
        for change in proposal.changes.iter().filter(is_one) {
            let added = match files.project() {
                Some(project) => add(project, change, &proposal.id, &mut set, &mut places),
                None => Err("there is no project whose settings are known".to_owned()),
            };
            if let Err(reason) = added {
                work.failures.push((&proposal.id, reason));
            }
        }
    }
    let Some(project) = files.project() else { return };
    for (container, mut asked) in places {
        asked.asked_by.sort_unstable();
        asked.asked_by.dedup();
        let path = project.path(container.file).to_owned();
        let Asked { entries, elements, asked_by } = asked;
        let edits = move |target: &Target, names: &mut Names| {
            edits(project, &container, &entries, &elements, target, names)
        };
        work.add(&path, asked_by, Job::Python(Box::new(edits)));
    }
}

fn add<'a>(
    project: &Project,
    change: &'a Change,
    id: &'a str,
    set: &mut Vec<(&'a str, &'a [String], &'a SettingValue)>,
    places: &mut BTreeMap<Container, Asked<'a>>,
) -> Result<(), String> {
    match change {
        Change::Setting { name, edit: SettingEdit::Set { keys, value } } => {
            for (known, others, other) in set.iter() {
                let is_within = others.starts_with(keys) || keys.starts_with(others);
                if *known == name && is_within && (*others != keys || *other != value) {
                    let keys: String = others.iter().map(|key| format!("[\"{key}\"]")).collect();
                    return Err(format!("another proposal sets `{name}{keys}` otherwise"));
                }
            }
            set.push((name, keys, value));
            for (container, below) in places::of_value(project, name, keys)? {
                let asked = places.entry(container).or_default();
                let entry = (below, value.clone());
                if !asked.entries.contains(&entry) {
                    asked.entries.push(entry);
                }
                asked.asked_by.push(id);
            }
        }
        Change::Setting { name, edit: SettingEdit::Insert { entry, at } } => {
            let (container, at) = elements::of_element(project, name, at)?;
            let asked = places.entry(container).or_default();
            let elements = asked.elements.entry(at).or_default();
            let entry = SettingValue::text(entry);
            if !elements.contains(&entry) {
                elements.push(entry);
            }
            asked.asked_by.push(id);
        }
        Change::SettingsCall { call, condition } => {
            let container = places::of_call(project, condition.as_ref())?;
            let asked = places.entry(container).or_default();
            asked.entries.push((Vec::new(), call.clone()));
            asked.asked_by.push(id);
        }
        _ => {}
    }
    Ok(())
}

fn edits(
    project: &Project,
    container: &Container,
    entries: &[(Vec<String>, SettingValue)],
    elements: &BTreeMap<At, Vec<SettingValue>>,
    target: &Target,
    names: &mut Names,
) -> Result<Vec<Vec<tuneup_python::edit::Edit>>, Refusal> {
    let place = match &container.spot {
        Spot::Below { .. } => TextRange::empty(container.range().end()),
        _ => container.range(),
    };
    let at = values::Home { project, file: container.file, place };
    let mut write = |value: &SettingValue| literal(&at, value, names);
    let edits = match &container.spot {
        Spot::Entries(range) => {
            let mut tree = Vec::new();
            for (keys, value) in entries {
                put(&mut tree, keys, write(value)?);
            }
            add_entries(target, range.get(), &tree)?
        }
        Spot::Keywords(range) => {
            let mut keywords = Vec::new();
            for (keys, value) in entries {
                keywords.push((keys.concat(), write(value)?));
            }
            add_keywords(target, range.get(), &keywords)?
        }
        Spot::Value(range) => match entries {
            [(_, value)] => replace_value(target, range.get(), &write(value)?)?,
            _ => return Err(Refusal("two proposals replace one value".to_owned())),
        },
        Spot::Elements(range) => {
            let mut places = Vec::new();
            for (at, new) in elements {
                places.push((*at, new.iter().map(&mut write).collect::<Result<Vec<Literal>, _>>()?));
            }
            insert_elements(target, range.get(), &places)?
        }
        Spot::Below { anchor, apart, name, base, condition, import } => {
            let mut lines = Vec::new();
            let condition = match condition {
                Some(condition) => Some(write(condition)?.flat(Quote::Double)),
                None => None,
            };
            let mut tree = Vec::new();
            for (keys, value) in entries {
                match keys.as_slice() {
                    [] if name.is_empty() => {
                        let value = write(value)?;
                        lines.push(Line { target: None, value, condition: condition.clone() });
                    }
                    [] => {
                        let value = write(value)?;
                        lines.push(Line { target: Some(name.clone()), value, condition: None });
                    }
                    keys => put(&mut tree, keys, write(value)?),
                }
            }
            if name.is_empty() || !base.is_new {
                for (key, value) in tree {
                    lines.extend(subscripts(&format!("{name}{}", base.keys), &key, value, base.is_known));
                }
            } else if !tree.is_empty() {
                lines.push(Line { target: Some(name.clone()), value: Literal::Dict(tree), condition: None });
            }
            if let Some(module) = import {
                names.name(module, name, place)?;
            }
            statements_below(target, anchor.get(), *apart, &lines)?
        }
    };
    Ok(vec![edits])
}

/// `NAME["key"] = value`. Where the dict is not known to lack the key, a dict goes into the one that may be there.
fn subscripts(name: &str, key: &str, value: Literal, is_known: bool) -> Vec<Line> {
    match value {
        Literal::Dict(entries) if !is_known && !entries.is_empty() => entries
            .into_iter()
            .flat_map(|(inner, value)| {
                subscripts(&format!("{name}.setdefault(\"{key}\", {{}})"), &inner, value, is_known)
            })
            .collect(),
        value => vec![Line { target: Some(format!("{name}[\"{key}\"]")), value, condition: None }],
    }
}

/// Puts a value under keys, beside what others put there.
fn put(tree: &mut Vec<(String, Literal)>, keys: &[String], value: Literal) {
    let Some((key, below)) = keys.split_first() else { return };
    if below.is_empty() {
        tree.push((key.clone(), value));
        return;
    }
    match tree.iter_mut().find(|(known, _)| known == key) {
        Some((_, Literal::Dict(inner))) => put(inner, below, value),
        _ => {
            let mut inner = Vec::new();
            put(&mut inner, below, value);
            tree.push((key.clone(), Literal::Dict(inner)));
        }
    }
}
