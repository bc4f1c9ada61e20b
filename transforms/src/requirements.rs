//! What becomes of a package that a proposal requires: written, there already, or left to a person.

use tuneup_django::Project;
use tuneup_django::requirements::{Entry, Form, Needed, Source};
use tuneup_django::settings::{Node, Value};

use crate::proposal::{Change, Proposal, Safety, SettingEdit};

/// What becomes of a required package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// The project declares it, with all that is asked.
    Present,
    /// It is written here.
    Write {
        /// The file.
        path: String,
        /// The form in it.
        form: Form,
    },
    /// A person has to do it, for this reason.
    Ask(String),
}

/// What becomes of a package.
pub(crate) fn answer(
    project: &Project,
    package: &str,
    extras: &[String],
    minimum: Option<&str>,
    needed: Needed,
) -> Answer {
    let written = |source: &Source| Answer::Write { path: source.path.clone(), form: source.form.clone() };
    if let Some((source, entry)) = project.requirements.declared(package) {
        if let Some(minimum) = minimum
            && let Some(held) = held_below(entry, minimum)
        {
            return Answer::Ask(format!(
                "`{}` holds `{package}` to {held}; it must be {minimum} at least",
                source.path
            ));
        }
        return if entry.has_extras(extras) {
            Answer::Present
        } else if entry.is_hashed || entry.is_address {
            Answer::Ask(format!("`{package}[{}]` has to be required in `{}`", extras.join(","), source.path))
        } else {
            written(source)
        };
    }
    let settings = project.settings.module.as_ref().map_or("", |module| project.path(module.file));
    match project.requirements.home(settings, needed) {
        Some(home) if home.is_hashed() => Answer::Ask(format!(
            "`{}` holds its packages to hashes, so `{package}` has to be added there with its own",
            home.path
        )),
        Some(home) => written(home),
        None => Answer::Ask(format!(
            "no file of the project was found that declares its packages, so `{package}` has to be installed by other \
             means"
        )),
    }
}

/// The version that an entry is pinned to, where that is older.
fn held_below(entry: &Entry, minimum: &str) -> Option<String> {
    let pinned = entry.rest.trim().strip_prefix("==")?;
    let end = pinned.trim().find(|char: char| !(char.is_ascii_digit() || char == '.'));
    let pinned = &pinned.trim()[..end.unwrap_or(pinned.trim().len())];
    let numbers = |version: &str| -> Vec<u32> {
        let mut numbers: Vec<u32> = version.split('.').map_while(|part| part.parse().ok()).collect();
        numbers.resize(4, 0);
        numbers
    };
    (numbers(pinned) < numbers(minimum)).then(|| pinned.to_owned())
}

/// Who needs the packages of a proposal: production alone, where it changes nothing but a module of settings that is
/// production's by its name.
pub(crate) fn needed(project: &Project, proposal: &Proposal) -> Needed {
    let settings = &project.settings;
    let Some(module) = &settings.module else { return Needed::Everywhere };
    let words = ["prod", "production", "live", "deploy", "deployment", "heroku"];
    let last = module.name.rsplit('.').next().unwrap_or_default().to_lowercase();
    let is_of_production = last.split(|char: char| !char.is_alphanumeric()).any(|part| words.contains(&part));
    let is_shared = |change: &Change| match change {
        Change::AddRoute { .. } => true,
        // What is put into a list goes where the list is written out; all else into production's own module.
        Change::Setting { name, edit: SettingEdit::Insert { .. } } => {
            let lists = settings.node(name).map(Node::alternatives).unwrap_or_default();
            lists.iter().any(|list| match &list.value {
                Value::List(list) => list.items.iter().any(|item| item.file != module.file),
                _ => true,
            })
        }
        _ => false,
    };
    if is_of_production && !proposal.changes.iter().any(is_shared) {
        Needed::InProduction
    } else {
        Needed::Everywhere
    }
}

/// Says of a proposal's packages what a person has to do: lock files to refresh, packages that cannot be written. These
/// are taken out of the changes, and the proposal is no longer safe.
pub(crate) fn settle(project: &Project, proposal: &mut Proposal) {
    let mut sentences: Vec<String> = Vec::new();
    let needed = needed(project, proposal);
    let mut stale = Vec::new();
    let mut is_left = false;
    proposal.changes.retain(|change| {
        let Change::Requirement { package, extras, minimum } = change else { return true };
        match answer(project, package, extras, minimum.as_deref(), needed) {
            Answer::Present => false,
            Answer::Ask(reason) => {
                sentences.push(sentence(&reason));
                is_left = true;
                false
            }
            Answer::Write { path, form } => {
                let source = project
                    .requirements
                    .sources
                    .iter()
                    .find(|source| source.path == path && source.form == form);
                stale.extend(
                    source.map(|source| project.requirements.stale_after(source)).unwrap_or_default(),
                );
                true
            }
        }
    });
    stale.sort();
    stale.dedup();
    for file in stale {
        sentences.push(format!("`{}` is then stale: run `{}`.", file.path, file.command));
    }
    if is_left && proposal.safety == Safety::Safe {
        proposal.safety = Safety::Unsafe;
    }
    for sentence in sentences {
        proposal.message.push(' ');
        proposal.message.push_str(&sentence);
    }
}

fn sentence(text: &str) -> String {
    let mut chars = text.chars();
    let first = chars.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", chars.as_str())
}
