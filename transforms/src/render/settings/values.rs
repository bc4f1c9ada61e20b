//! Values as the file they go into writes them.

use ruff_text_size::TextRange;
use tuneup_django::Project;
use tuneup_python::FileId;
use tuneup_python::edit::{Literal, Quote, Refusal};

use super::environment;
use crate::proposal::{Cast, SettingValue};
use crate::render::names::Names;

/// Where a value goes.
pub(super) struct Home<'p> {
    pub(super) project: &'p Project,
    pub(super) file: FileId,
    pub(super) place: TextRange,
}

/// The value, with what it names imported.
pub(super) fn literal(home: &Home, value: &SettingValue, names: &mut Names) -> Result<Literal, Refusal> {
    Ok(match value {
        SettingValue::Text(text) => Literal::Text(text.clone()),
        SettingValue::Code { text, modules } => {
            for module in modules {
                let name = names.name(module, "", home.place)?;
                if name != *module {
                    return Err(Refusal(format!("`{module}` is called `{name}` here")));
                }
            }
            for name in identifiers(text) {
                bound(home, name, names)?;
            }
            Literal::Code(text.clone())
        }
        SettingValue::Environment { variable, default, cast } => {
            let default = match default {
                Some(default) => Some(literal(home, default, names)?),
                None => None,
            };
            Literal::Code(environment::read(home, variable, default.as_ref(), *cast, names)?)
        }
        SettingValue::Dict(entries) => {
            let mut written = Vec::new();
            for (key, value) in entries {
                written.push((key.clone(), literal(home, value, names)?));
            }
            Literal::Dict(written)
        }
        SettingValue::List(items) => {
            let written: Result<Vec<Literal>, Refusal> =
                items.iter().map(|item| literal(home, item, names)).collect();
            Literal::List(written?)
        }
        SettingValue::Call { module, function, keywords } => {
            let module = names.name(module, "", home.place)?;
            let mut written = Vec::new();
            for (key, value) in keywords {
                written.push((key.clone(), literal(home, value, names)?));
            }
            Literal::Call { callee: format!("{module}.{function}"), keywords: written }
        }
    })
}

/// The value as a person would write it by hand, in a file of which nothing is known.
pub(crate) fn plain(value: &SettingValue) -> Literal {
    match value {
        SettingValue::Text(text) => Literal::Text(text.clone()),
        SettingValue::Code { text, .. } => Literal::Code(text.clone()),
        SettingValue::Environment { variable, default, cast } => {
            let default = default.as_ref().map(|default| format!(", {}", plain(default).flat(Quote::Double)));
            let read = format!("os.environ.get(\"{variable}\"{})", default.unwrap_or_default());
            Literal::Code(match cast {
                Cast::Int => format!("int({read})"),
                Cast::Float => format!("float({read})"),
                Cast::Text | Cast::Bool => read,
            })
        }
        SettingValue::Dict(entries) => {
            Literal::Dict(entries.iter().map(|(key, value)| (key.clone(), plain(value))).collect())
        }
        SettingValue::List(items) => Literal::List(items.iter().map(plain).collect()),
        SettingValue::Call { module, function, keywords } => Literal::Call {
            callee: format!("{module}.{function}"),
            keywords: keywords.iter().map(|(key, value)| (key.clone(), plain(value))).collect(),
        },
    }
}

/// Makes sure that a setting can be named at the place.
pub(super) fn bound(home: &Home, name: &str, names: &mut Names) -> Result<(), Refusal> {
    let Home { project, file, place } = *home;
    let facts = project.source.facts(file);
    let binding = facts.bindings(facts.module_bindings).iter().find(|binding| binding.name.as_str() == name);
    if let Some(binding) = binding {
        if binding.range.start() > place.start() {
            return Err(Refusal(format!("`{name}` is set behind the place that needs it")));
        }
        return Ok(());
    }
    let Some(setting) = project.settings.get(name) else {
        return Err(Refusal(format!("`{name}` is not known in {}", project.path(file))));
    };
    if !facts.star_imports.is_empty() {
        return Ok(());
    }
    let writer = setting.writes.first().map(|write| write.file);
    match writer {
        Some(writer) if writer != file => {
            let module = project.source.file(writer).module.as_str();
            names.name(module, name, place).map(|_| ())
        }
        _ => Err(Refusal(format!("`{name}` is not known in {}", project.path(file)))),
    }
}

/// The names of an expression that look like settings.
fn identifiers(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut quote: Option<char> = None;
    let mut start: Option<usize> = None;
    let mut before = ' ';
    for (at, char) in text.char_indices().chain([(text.len(), ' ')]) {
        let is_part = quote.is_none() && (char.is_alphanumeric() || char == '_');
        match (is_part, start) {
            (true, None) if before != '.' => start = Some(at),
            (false, Some(from)) => {
                let word = &text[from..at];
                let is_setting = word.chars().all(|char| !char.is_lowercase())
                    && word.starts_with(|char: char| char.is_alphabetic());
                if is_setting {
                    found.push(word);
                }
                start = None;
            }
            _ => {}
        }
        if char == '"' || char == '\'' {
            quote = match quote {
                Some(open) if open == char => None,
                None => Some(char),
                other => other,
            };
        }
        before = char;
    }
    found
}
