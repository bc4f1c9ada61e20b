//! New import statements, and where they go.

use ruff_python_ast::{Expr, Stmt};
use ruff_source_file::LineRanges;
use ruff_text_size::{Ranged, TextRange, TextSize};

use super::super::{Edit, Refusal, Target};
use super::Home;
use super::order::{ModuleKey, Section, sorted_by};

/// An import statement that is there, or that will be.
struct Entry {
    section: Section,
    key: ModuleKey,
    is_from: bool,
    what: What,
}

enum What {
    /// Its bytes.
    Written(TextRange),
    /// Its text.
    New(String),
}

/// Inserts statements: for each module, the names of it; one empty name for the module itself.
pub(super) fn insert(target: &Target, home: &Home, new: &[(&str, Vec<&str>)]) -> Result<Vec<Edit>, Refusal> {
    if new.is_empty() {
        return Ok(Vec::new());
    }
    let header = header(target);
    let mut entries: Vec<Entry> = Vec::new();
    for stmt in header {
        if let Some((section, key, is_from)) = sorted_by(stmt, home) {
            entries.push(Entry { section, key, is_from, what: What::Written(stmt.range()) });
        }
    }
    let relative = entries.iter().any(|entry| entry.section == Section::Relative);
    for (module, names) in new {
        let is_from = names.iter().all(|name| !name.is_empty());
        let (level, module) = match relative_name(home, module).filter(|_| relative && is_from) {
            Some(below) => (1, below),
            None => (0, *module),
        };
        let entry = Entry {
            section: Section::of(level, module, home),
            key: ModuleKey::new(level, module),
            is_from,
            what: What::New(if is_from {
                statement(target, level, module, names)
            } else {
                format!("import {module}")
            }),
        };
        let at = position(&entries, &entry);
        entries.insert(at, entry);
    }
    if !entries.iter().any(|entry| matches!(entry.what, What::Written(_))) {
        return Ok(vec![at_the_top(target, &entries)]);
    }
    Ok(edits(target, &entries))
}

/// The statements that imports are looked for in: those before the first definition.
fn header<'a>(target: &Target<'a>) -> &'a [Stmt] {
    let body = &target.parsed.syntax().body;
    let end = body.iter().position(|stmt| matches!(stmt, Stmt::ClassDef(_) | Stmt::FunctionDef(_)));
    &body[..end.unwrap_or(body.len())]
}

/// The name of a module within the file's own package.
fn relative_name<'m>(home: &Home, module: &'m str) -> Option<&'m str> {
    let package = home.package(1)?;
    if package == module {
        return Some("");
    }
    module.strip_prefix(package)?.strip_prefix('.')
}

fn statement(target: &Target, level: u32, module: &str, names: &[&str]) -> String {
    let style = target.style;
    let start = format!("from {}{module} import ", ".".repeat(level as usize));
    let short = format!("{start}{}", names.join(", "));
    if !style.is_too_long(&short) {
        return short;
    }
    let lines: String =
        names.iter().map(|name| format!("{}{name},{}", style.indent, style.newline)).collect();
    format!("{start}({}{lines})", style.newline)
}

/// Where a new import goes among those that are there.
fn position(entries: &[Entry], new: &Entry) -> usize {
    let in_section = |entry: &&(usize, &Entry)| entry.1.section == new.section;
    let all: Vec<(usize, &Entry)> = entries.iter().enumerate().filter(|pair| in_section(&pair)).collect();
    let Some((last, _)) = all.last() else {
        return entries.iter().position(|entry| entry.section > new.section).unwrap_or(entries.len());
    };
    let alike: Vec<(usize, &Entry)> =
        all.iter().copied().filter(|(_, entry)| entry.is_from == new.is_from).collect();
    // Where `import` and `from` are mixed, the module alone may be what they are sorted by.
    let is_split = all.is_sorted_by_key(|(_, entry)| entry.is_from);
    if is_split && alike.is_empty() && !new.is_from {
        return all[0].0;
    }
    let sorted_among = if is_split && !alike.is_empty() { &alike } else { &all };
    if sorted_among.is_sorted_by_key(|(_, entry)| &entry.key) && (!is_split || !alike.is_empty()) {
        let behind = sorted_among.iter().rfind(|(_, entry)| entry.key <= new.key);
        return match behind {
            Some((at, _)) => at + 1,
            None => sorted_among[0].0,
        };
    }
    // Without an order, beside what comes from the same package.
    let related =
        all.iter().rfind(|(_, entry)| entry.is_from == new.is_from && entry.key.top() == new.key.top());
    related.unwrap_or(&(*last, all[0].1)).0 + 1
}

/// The edits that put new entries between those that are there.
fn edits(target: &Target, entries: &[Entry]) -> Vec<Edit> {
    let newline = target.style.newline;
    let mut edits = Vec::new();
    let mut at = 0;
    while at < entries.len() {
        let is_new = |entry: &Entry| matches!(entry.what, What::New(_));
        if !is_new(&entries[at]) {
            at += 1;
            continue;
        }
        let end = entries[at..].iter().position(|entry| !is_new(entry)).map_or(entries.len(), |len| at + len);
        let before = at.checked_sub(1).map(|before| &entries[before]);
        let after = entries.get(end);
        for (index, entry) in entries[at..end].iter().enumerate() {
            let What::New(text) = &entry.what else { continue };
            let first = index == 0;
            let previous = if first { before } else { Some(&entries[at + index - 1]) };
            let starts_section = previous.is_some_and(|previous| previous.section != entry.section);
            let joins_next = after.is_some_and(|after| after.section == entry.section);
            let edit = match (before, after) {
                // At the head of a section that is there, under the blank line and comments that begin it.
                (before, Some(after)) if joins_next && (starts_section || before.is_none()) => {
                    Edit::insertion(line_start(target, after), format!("{text}{newline}"))
                }
                (Some(before), _) => {
                    let blank = if starts_section { newline } else { "" };
                    let (offset, missing) = line_end(target, before);
                    Edit::insertion(offset, format!("{missing}{blank}{text}{newline}"))
                }
                // Before all others, as a section of its own.
                (None, Some(after)) => {
                    Edit::insertion(line_start(target, after), format!("{text}{newline}{newline}"))
                }
                (None, None) => continue,
            };
            edits.push(edit);
        }
        at = end;
    }
    edits
}

fn line_start(target: &Target, entry: &Entry) -> TextSize {
    match entry.what {
        What::Written(range) => line_start_at(target, range.start()),
        What::New(_) => TextSize::default(),
    }
}

/// The start of a line, behind a byte order mark.
fn line_start_at(target: &Target, offset: TextSize) -> TextSize {
    let start = target.source.line_start(offset);
    if target.source[usize::from(start)..].starts_with('\u{feff}') {
        start + TextSize::of('\u{feff}')
    } else {
        start
    }
}

/// Behind the line of a statement, and the newline that is missing there.
fn line_end<'a>(target: &Target<'a>, entry: &Entry) -> (TextSize, &'a str) {
    match entry.what {
        What::Written(range) => behind_line(target, range.end()),
        What::New(_) => (TextSize::default(), ""),
    }
}

fn behind_line<'a>(target: &Target<'a>, offset: TextSize) -> (TextSize, &'a str) {
    let end = target.source.full_line_end(offset);
    let has_newline = end > target.source.line_end(offset);
    (end, if has_newline { "" } else { target.style.newline })
}

/// Imports for a file without any: behind its docstring and the comments it opens with.
fn at_the_top(target: &Target, entries: &[Entry]) -> Edit {
    let newline = target.style.newline;
    let mut text = String::new();
    for (at, entry) in entries.iter().enumerate() {
        let What::New(statement) = &entry.what else { continue };
        if at > 0 && entries[at - 1].section != entry.section {
            text.push_str(newline);
        }
        text.push_str(statement);
        text.push_str(newline);
    }
    let body = &target.parsed.syntax().body;
    let docstring = match body.first() {
        Some(Stmt::Expr(stmt)) if matches!(*stmt.value, Expr::StringLiteral(_)) => Some(stmt),
        _ => None,
    };
    if let Some(docstring) = docstring {
        let (offset, missing) = behind_line(target, docstring.end());
        return Edit::insertion(offset, format!("{missing}{newline}{text}"));
    }
    let Some(first) = body.first() else {
        return Edit::insertion(TextSize::default(), text);
    };
    let mut offset = line_start_at(target, first.start());
    // Comments right above the first statement belong to it, unless the file opens with them.
    let mut above = offset;
    while above > line_start_at(target, TextSize::default()) {
        let line = target.source.line_start(above - TextSize::new(1));
        if !target.source[TextRange::new(line, above)].trim_start().starts_with('#') {
            offset = above;
            break;
        }
        above = line;
    }
    let blank = match first {
        Stmt::ClassDef(_) | Stmt::FunctionDef(_) => newline.repeat(2),
        _ => newline.to_owned(),
    };
    Edit::insertion(offset, format!("{text}{blank}"))
}
