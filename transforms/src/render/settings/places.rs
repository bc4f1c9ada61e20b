//! Where a change of a setting is written.
//!
//! A dict or list that is written out takes new entries, if the statement is one that production runs. What other
//! settings modules share is not edited for a value that only production needs: it gets a statement in production's
//! own module. Lists are edited where they are written out, and not by further mutations.

use ruff_text_size::{TextRange, TextSize};
use tuneup_django::Project;
use tuneup_django::settings::{Dict, Node, Setting, Value, Write};
use tuneup_python::flow::{Expr, ExprKind, FileFacts, Stmt, StmtKind};
use tuneup_python::{FileId, ModuleRef};

use crate::proposal::SettingValue;

/// A place in a file that takes changes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Container {
    pub(super) file: FileId,
    pub(super) spot: Spot,
}

/// What a change is written into.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Spot {
    /// A dict display.
    Entries(Range),
    /// An expression whose place another takes.
    Value(Range),
    /// A call that takes keyword arguments.
    Keywords(Range),
    /// A list or tuple display.
    Elements(Range),
    /// Statements below another.
    Below {
        /// The statement.
        anchor: Range,
        /// Whether a blank line goes between.
        apart: bool,
        /// The setting's name; empty for a call.
        name: String,
        /// Below which keys of it.
        base: Base,
        /// What must be true for a call.
        condition: Option<SettingValue>,
        /// The module to import the name from.
        import: Option<String>,
    },
}

/// The part of a setting that statements write to.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Base {
    /// `["default"]`
    pub(super) keys: String,
    /// Whether all keys that are there are known.
    pub(super) is_known: bool,
    /// Whether there is no such setting yet.
    pub(super) is_new: bool,
}

/// A range that can be sorted.
pub(super) type Range = OrderedRange;

/// Bytes of a file, in the order of their places.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct OrderedRange {
    start: TextSize,
    end: TextSize,
}

impl From<TextRange> for OrderedRange {
    fn from(range: TextRange) -> Self {
        Self { start: range.start(), end: range.end() }
    }
}

impl OrderedRange {
    pub(super) fn get(self) -> TextRange {
        TextRange::new(self.start, self.end)
    }
}

impl Container {
    pub(super) fn range(&self) -> TextRange {
        match &self.spot {
            Spot::Entries(range)
            | Spot::Value(range)
            | Spot::Keywords(range)
            | Spot::Elements(range)
            | Spot::Below { anchor: range, .. } => range.get(),
        }
    }
}

/// Where the value under keys of a setting is written, and the keys that are left to write there.
pub(super) fn of_value(
    project: &Project,
    name: &str,
    keys: &[String],
) -> Result<Vec<(Container, Vec<String>)>, String> {
    let settings = &project.settings;
    let module = settings.module.as_ref().ok_or("the project's settings were not found")?;
    if let Some((file, _)) = settings.unseen.first() {
        return Err(format!("a call in {} may set what is not seen", project.path(*file)));
    }
    let Some(setting) = settings.get(name) else {
        let container = new_statement(project, name, Base { is_new: true, ..Base::default() })?;
        return Ok(vec![(container, keys.to_vec())]);
    };
    if keys.is_empty() {
        let file = module.file;
        if let Some(range) = replaced(project, setting, &setting.node)
            && setting.node.file == file
        {
            return Ok(vec![(Container { file, spot: Spot::Value(range.into()) }, Vec::new())]);
        }
        if matches!(setting.node.value, Value::Either(_)) {
            return Err(several(name));
        }
        return Ok(vec![(below(project, name, setting, Base::default())?, Vec::new())]);
    }
    let mut node = &setting.node;
    let mut walked = String::new();
    for (at, key) in keys.iter().enumerate() {
        let last = at + 1 == keys.len();
        let child = match &node.value {
            Value::Either(_) => return into_each(project, name, setting, node, walked, &keys[at..]),
            Value::Dict(dict) => dict.get(key),
            Value::List(list) => {
                let item = key.parse::<usize>().ok().and_then(|at| list.items.get(at));
                Some(item.ok_or_else(|| format!("`{name}{walked}` has no entry {key}"))?)
            }
            _ => None,
        };
        let written = match &node.value {
            Value::List(_) => format!("[{key}]"),
            _ => format!("[\"{key}\"]"),
        };
        match child {
            Some(child) if last => {
                if let Some(range) = replaced(project, setting, child)
                    && is_productions(project, child.file)
                {
                    return Ok(vec![(
                        Container { file: child.file, spot: Spot::Value(range.into()) },
                        Vec::new(),
                    )]);
                }
                if matches!(child.value, Value::Either(_)) {
                    return Err(several(&format!("{name}{walked}{written}")));
                }
                let base = Base { keys: walked, is_known: true, is_new: false };
                return Ok(vec![(below(project, name, setting, base)?, vec![key.clone()])]);
            }
            Some(child) => {
                node = child;
                walked.push_str(&written);
            }
            None => return into(project, name, setting, node, walked, &keys[at..]),
        }
    }
    Err(format!("`{name}` has no place for it"))
}

pub(super) fn several(what: &str) -> String {
    format!("`{what}` has several values, by conditions that only the running program knows")
}

/// Where a key that is not there goes.
fn into(
    project: &Project,
    name: &str,
    setting: &Setting,
    node: &Node,
    walked: String,
    keys: &[String],
) -> Result<Vec<(Container, Vec<String>)>, String> {
    let what = format!("{name}{walked}");
    match &node.value {
        Value::Dict(dict) => {
            if dict.open && dict.base.is_none() {
                return Err(format!("not all keys of `{what}` are known"));
            }
            if let Some(container) = written_out(project, setting, node, dict, keys.len()) {
                return Ok(vec![(container, keys.to_vec())]);
            }
            if let Some(base) = &dict.base {
                may_take_keys(base, &what)?;
            }
            let base = Base { keys: walked, is_known: dict.base.is_none(), is_new: false };
            Ok(vec![(below(project, name, setting, base)?, keys.to_vec())])
        }
        Value::Call { callee, .. } => {
            let keyword = keys.first().and_then(|key| url_keyword(callee, key)).filter(|_| keys.len() == 1);
            if let Some(keyword) = keyword
                && is_within_writes(setting, node)
                && is_productions(project, node.file)
            {
                let spot = Spot::Keywords(node.range.into());
                return Ok(vec![(Container { file: node.file, spot }, vec![keyword.to_owned()])]);
            }
            may_take_keys(node, &what)?;
            let base = Base { keys: walked, is_known: false, is_new: false };
            Ok(vec![(below(project, name, setting, base)?, keys.to_vec())])
        }
        Value::Environment { .. } => {
            let base = Base { keys: walked, is_known: false, is_new: false };
            Ok(vec![(below(project, name, setting, base)?, keys.to_vec())])
        }
        Value::Either(_) => Err(several(&what)),
        _ => Err(format!("`{what}` is made by code that is not followed")),
    }
}

/// The dict display or call that a dict is written out as, where it takes keys.
fn written_out(
    project: &Project,
    setting: &Setting,
    node: &Node,
    dict: &Dict,
    keys: usize,
) -> Option<Container> {
    let is_it = dict.base.is_none()
        && is_within_writes(setting, node)
        && is_productions(project, node.file)
        && is_once(&setting.node, node)
        && is_untouched(setting, node, dict);
    if !is_it {
        return None;
    }
    let facts = project.source.facts(node.file);
    let spot = expressions_at(facts, node.range).find_map(|expr| match facts.kind(expr) {
        ExprKind::Dict(_) => Some(Spot::Entries(node.range.into())),
        // `dict(ENGINE=…)`
        ExprKind::Call(..) if keys == 1 => Some(Spot::Keywords(node.range.into())),
        _ => None,
    })?;
    Some(Container { file: node.file, spot })
}

/// Where a key goes that none of several values has: behind them all, if they are one that only differs in its parts.
fn into_each(
    project: &Project,
    name: &str,
    setting: &Setting,
    node: &Node,
    walked: String,
    keys: &[String],
) -> Result<Vec<(Container, Vec<String>)>, String> {
    let refused = || several(&format!("{name}{walked}"));
    let (last, above) = keys.split_last().ok_or_else(refused)?;
    let mut parents = vec![node];
    let mut full = walked.clone();
    for key in above {
        parents = parents.iter().flat_map(|node| node.under(key)).collect();
        full.push_str(&format!("[\"{key}\"]"));
    }
    let parents: Vec<&Node> = parents.iter().flat_map(|node| node.alternatives()).collect();
    let first = parents.first().ok_or_else(refused)?;
    let is_same = parents.iter().all(|node| (node.file, node.range) == (first.file, first.range));
    if !is_same {
        return Err(refused());
    }
    for parent in &parents {
        match &parent.value {
            Value::Dict(dict) if dict.get(last).is_some() => return Err(refused()),
            Value::Dict(Dict { base: Some(base), .. }) => may_take_keys(base, &full)?,
            Value::Dict(dict) if dict.open => return Err(refused()),
            Value::Dict(_) => {}
            _ => may_take_keys(parent, &full)?,
        }
    }
    if let Value::Dict(dict) = &first.value
        && let Some(container) = written_out(project, setting, first, dict, 1)
    {
        return Ok(vec![(container, vec![last.clone()])]);
    }
    // It may not be there at all.
    if parents.len() < node.alternatives().len() {
        return Err(refused());
    }
    let base = Base { keys: full, is_known: false, is_new: false };
    Ok(vec![(below(project, name, setting, base)?, vec![last.clone()])])
}

/// The keyword argument of dj_database_url for a key of a database.
fn url_keyword(callee: &str, key: &str) -> Option<&'static str> {
    if !matches!(callee, "dj_database_url.config" | "dj_database_url.parse") {
        return None;
    }
    match key {
        "CONN_MAX_AGE" => Some("conn_max_age"),
        "CONN_HEALTH_CHECKS" => Some("conn_health_checks"),
        "DISABLE_SERVER_SIDE_CURSORS" => Some("disable_server_side_cursors"),
        _ => None,
    }
}

/// What a call gives takes further keys where it is known to be a dict.
fn may_take_keys(node: &Node, what: &str) -> Result<(), String> {
    match &node.value {
        Value::Call { callee, .. } => {
            let first = callee.split('.').next().unwrap_or_default();
            let is_known = matches!(
                first,
                "environ" | "environs" | "dj_database_url" | "django_cache_url" | "dj_email_url"
            );
            is_known
                .then_some(())
                .ok_or_else(|| format!("`{what}` is what `{callee}` gives, which is not known"))
        }
        Value::Environment { .. } => Ok(()),
        _ => Err(format!("`{what}` is made by code that is not followed")),
    }
}

/// Where a call goes that production makes.
pub(super) fn of_call(project: &Project, condition: Option<&SettingValue>) -> Result<Container, String> {
    let mut container = new_statement(project, "", Base::default())?;
    if let Spot::Below { condition: place, .. } = &mut container.spot {
        *place = condition.cloned();
    }
    Ok(container)
}

/// Below the last statement of production's own module that writes a setting; where none does, behind its others.
fn below(project: &Project, name: &str, setting: &Setting, base: Base) -> Result<Container, String> {
    let module = project.settings.module.as_ref().ok_or("the project's settings were not found")?;
    let file = module.file;
    let facts = project.source.facts(file);
    let Some(write) = setting.writes.iter().rfind(|write| write.file == file) else {
        let mut container = new_statement(project, name, base)?;
        if let Spot::Below { import, .. } = &mut container.spot {
            *import = explicit_import(project, file, setting)?;
        }
        return Ok(container);
    };
    let anchor = match write.is_certain {
        true => write.range,
        false => top_level(facts, write).ok_or("it is written in a class, under a condition")?,
    };
    let spot = Spot::Below {
        anchor: anchor.into(),
        apart: anchor != write.range,
        name: name.to_owned(),
        base,
        condition: None,
        import: None,
    };
    Ok(Container { file, spot })
}

/// The statement of a module's body that a write is in.
fn top_level(facts: &FileFacts, write: &Write) -> Option<TextRange> {
    let mut body = facts.block(facts.module_body).iter();
    body.find(|statement| statement.range.contains_range(write.range)).map(|statement| statement.range)
}

/// A new statement at the end of production's own module, in front of what local settings override.
fn new_statement(project: &Project, name: &str, base: Base) -> Result<Container, String> {
    let settings = &project.settings;
    let module = settings.module.as_ref().ok_or("the project's settings were not found")?;
    if let Some((file, _)) = settings.unseen.first() {
        return Err(format!("a call in {} may set what is not seen", project.path(*file)));
    }
    let file = module.file;
    let facts = project.source.facts(file);
    if settings.class.is_some() {
        return Err("the settings are those of a class".to_owned());
    }
    let body = facts.block(facts.module_body);
    let is_override = |statement: &Stmt| {
        let is_star = facts.star_imports.iter().any(|star| statement.range.contains_range(star.range));
        let is_include = match statement.kind {
            StmtKind::Expr(value) => match facts.kind(value) {
                ExprKind::Call(callee, _) => project
                    .source
                    .dotted(project.source.entity_of(file, callee))
                    .is_some_and(|name| name.as_str() == "split_settings.tools.include"),
                _ => false,
            },
            _ => false,
        };
        is_star || is_include
    };
    let anchor = body.iter().rfind(|statement| !is_override(statement)).or(body.last());
    let anchor = anchor.ok_or("the settings are an empty file")?;
    let spot = Spot::Below {
        anchor: anchor.range.into(),
        apart: true,
        name: name.to_owned(),
        base,
        condition: None,
        import: None,
    };
    Ok(Container { file, spot })
}

/// The module to import a setting from, where production's module has it by a star import alone and names its others.
fn explicit_import(project: &Project, file: FileId, setting: &Setting) -> Result<Option<String>, String> {
    let facts = project.source.facts(file);
    let first = setting.writes.first().ok_or("nothing writes it")?;
    let star = facts.star_imports.iter().find_map(|star| {
        let found = project.source.file(file).module.as_str();
        let is_package = project.source.file(file).is_package;
        let module = absolute(found, is_package, star.level, star.module.as_str())?;
        Some((star, module))
    });
    let Some((star, module)) = star else {
        let is_bound = |binding: &tuneup_python::flow::Binding| {
            setting.writes.iter().any(|write| write.file == file && write.range.contains_range(binding.range))
        };
        if facts.bindings(facts.module_bindings).iter().any(is_bound) {
            return Ok(None);
        }
        return Ok(Some(project.source.file(first.file).module.as_str().to_owned()));
    };
    let is_named = facts
        .imports
        .iter()
        .any(|import| import.level == star.level && import.module == star.module && import.name.is_some());
    let uses_star = project.settings.all().any(|(_, other)| {
        other.writes.first().is_some_and(|first| first.file != file)
            && other.writes.iter().any(|write| write.file == file)
    });
    Ok((is_named || !uses_star).then_some(module))
}

fn absolute(home: &str, is_package: bool, level: u32, module: &str) -> Option<String> {
    if level == 0 {
        return Some(module.to_owned());
    }
    let mut parts: Vec<&str> = home.split('.').collect();
    parts.truncate(parts.len().checked_sub(level as usize - usize::from(is_package))?);
    parts.extend(Some(module).filter(|module| !module.is_empty()));
    Some(parts.join("."))
}

/// The value's bytes, where it stands as such in a statement that writes the setting.
fn replaced(project: &Project, setting: &Setting, node: &Node) -> Option<TextRange> {
    if !is_within_writes(setting, node) || matches!(node.value, Value::Either(_)) {
        return None;
    }
    let facts = project.source.facts(node.file);
    let expr = expressions_at(facts, node.range).next()?;
    // What is part of another expression would take only that part's place.
    let is_value = |statement: &Stmt| match statement.kind {
        StmtKind::Assign(_, value) | StmtKind::Annotated { value: Some(value), .. } => value == expr,
        _ => false,
    };
    let is_entry = facts.exprs.iter().any(|node| match node.kind {
        ExprKind::Dict(run) => facts.list(run).chunks_exact(2).any(|pair| pair[1] == expr),
        _ => false,
    });
    (is_entry || facts.stmts.iter().any(is_value)).then_some(node.range)
}

fn expressions_at(facts: &FileFacts, range: TextRange) -> impl Iterator<Item = Expr> {
    let all = facts.exprs.iter().enumerate().filter(move |(_, node)| node.range == range);
    all.map(|(at, _)| Expr(at as u32))
}

/// Whether a value is part of a statement that writes the setting.
fn is_within_writes(setting: &Setting, node: &Node) -> bool {
    setting.writes.iter().any(|write| write.file == node.file && write.range.contains_range(node.range))
}

/// Whether a dict stands in one place of the setting alone.
fn is_once(all: &Node, node: &Node) -> bool {
    fn count(all: &Node, node: &Node) -> usize {
        let is_it = usize::from(all.file == node.file && all.range == node.range);
        is_it
            + match &all.value {
                Value::Dict(dict) => dict.entries.iter().map(|(_, value)| count(value, node)).sum(),
                Value::List(list) => list.items.iter().map(|value| count(value, node)).sum(),
                Value::Either(nodes) => {
                    nodes.iter().map(|value| count(value, node)).max().unwrap_or_default()
                }
                _ => 0,
            }
    }
    count(all, node) == 1
}

/// Whether nothing takes keys out of a dict, or all of its values, after it was written out.
fn is_untouched(setting: &Setting, node: &Node, dict: &Dict) -> bool {
    let behind = setting
        .writes
        .iter()
        .skip_while(|write| !(write.file == node.file && write.range.contains_range(node.range)));
    !dict.open && behind.skip(1).all(|write| !write.path.is_empty())
}

/// Whether a file of settings is production's alone: its own module, or one that no other settings begin with.
fn is_productions(project: &Project, file: FileId) -> bool {
    let settings = &project.settings;
    if settings.module.as_ref().is_some_and(|module| module.file == file) {
        return true;
    }
    project.source.file_ids().filter(|other| !settings.files.contains(other)).all(|other| {
        let facts = project.source.facts(other);
        let home = project.source.file(other);
        facts.star_imports.iter().all(|star| {
            let module = absolute(home.module.as_str(), home.is_package, star.level, star.module.as_str());
            module.and_then(|module| project.source.module(&module)) != Some(ModuleRef::File(file))
        })
    })
}
