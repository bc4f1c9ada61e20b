//! Where an entry of a list goes: into the list or tuple that is written out and holds its neighbour.

use ruff_text_size::TextRange;
use tuneup_django::Project;
use tuneup_django::settings::{Node, Value};
use tuneup_python::edit::At;
use tuneup_python::flow::{ExprKind, FileFacts};
use tuneup_python::{FileId, ModuleRef};

use super::places::{Container, Spot, several};
use crate::proposal::Position;

/// Where an entry of a list goes.
pub(super) fn of_element(project: &Project, name: &str, at: &Position) -> Result<(Container, At), String> {
    let settings = &project.settings;
    let setting = settings.get(name).ok_or_else(|| format!("`{name}` is not set"))?;
    if let Some((file, _)) = settings.unseen.first() {
        return Err(format!("a call in {} may set what is not seen", project.path(*file)));
    }
    let mut found: Option<(FileId, TextRange)> = None;
    for node in setting.node.alternatives() {
        let Value::List(list) = &node.value else {
            return Err(format!("`{name}` is made by code that is not followed"));
        };
        if list.items.is_empty()
            && !list.open
            && matches!(at, Position::First | Position::Last | Position::Anywhere)
        {
            let container = Container { file: node.file, spot: Spot::Elements(node.range.into()) };
            return Ok((container, At::End));
        }
        let is = |text: &str| list.items.iter().find(|item| item.as_str() == Some(text));
        let item = match at {
            Position::First => list.items.first(),
            Position::Last if list.open => return Err(format!("the end of `{name}` is not known")),
            Position::Last => list.items.last(),
            Position::Before(text) | Position::After(text) => is(text),
            Position::Anywhere => anywhere(project, &list.items),
        };
        let item = item.ok_or_else(|| match at {
            Position::Before(text) | Position::After(text) => format!("`{name}` has no `{text}`"),
            _ => format!("the entries of `{name}` are not known"),
        })?;
        let before = list.items.iter().position(|other| std::ptr::eq(other, item)).unwrap_or_default()
            + usize::from(matches!(at, Position::Last | Position::After(_) | Position::Anywhere));
        if before < list.counted {
            return Err(format!("an entry is put into `{name}` by its index, which another would shift"));
        }
        let place = (item.file, item.range);
        if found.is_some_and(|found| found != place) {
            return Err(several(name));
        }
        found = Some(place);
    }
    let (file, range) = found.ok_or_else(|| format!("the entries of `{name}` are not known"))?;
    let display = display_of(project.source.facts(file), range)
        .ok_or_else(|| format!("`{name}` is put together by calls there, and not written out as one list"))?;
    let container = Container { file, spot: Spot::Elements(display.into()) };
    let at = match at {
        Position::First | Position::Before(_) => At::Before(range.start()),
        Position::Last | Position::After(_) | Position::Anywhere => At::Behind(range.start()),
    };
    Ok((container, at))
}

/// The last entry that is not of the project itself and stands in a list that is written out.
fn anywhere<'n>(project: &Project, items: &'n [Node]) -> Option<&'n Node> {
    let is_written_out = |item: &&Node| display_of(project.source.facts(item.file), item.range).is_some();
    let is_own = |item: &&Node| {
        let text = item.as_str().unwrap_or_default();
        match project.source.module(text.split('.').next().unwrap_or_default()) {
            Some(ModuleRef::File(file)) => !project.source.file(file).is_third_party,
            Some(ModuleRef::Namespace(folder)) => !folder.as_str().starts_with('/'),
            None => false,
        }
    };
    let foreign = items.iter().filter(is_written_out).rfind(|item| !is_own(item));
    foreign.or_else(|| items.iter().rfind(is_written_out))
}

/// The list or tuple display that an expression is an element of.
fn display_of(facts: &FileFacts, element: TextRange) -> Option<TextRange> {
    facts.exprs.iter().find_map(|node| {
        let (ExprKind::List(run) | ExprKind::Tuple(run)) = node.kind else { return None };
        facts.list(run).iter().any(|item| facts.range(*item) == element).then_some(node.range)
    })
}
