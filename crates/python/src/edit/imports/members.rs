//! Names added to a `from … import` that is there.

use ruff_python_ast::StmtImportFrom;
use ruff_python_ast::token::TokenKind;
use ruff_text_size::{Ranged, TextRange};

use super::super::arguments::{List, Place};
use super::super::{Edit, Refusal, Target};
use super::order::member_position;

/// Adds names to a `from` statement, in its layout and where its order says.
pub(super) fn add(target: &Target, from: &StmtImportFrom, new: &[&str]) -> Result<Vec<Edit>, Refusal> {
    let items: Vec<TextRange> = from.names.iter().map(Ranged::range).collect();
    let (Some(first), Some(last)) = (items.first().copied(), items.last().copied()) else {
        return Err(Refusal::new("the import has no names"));
    };
    let names: Vec<&str> = from.names.iter().map(|alias| alias.name.as_str()).collect();
    let mut placed: Vec<(Place, Vec<String>)> = Vec::new();
    for name in new {
        let place = match member_position(&names, name) {
            at if at == names.len() => Place::Behind(at - 1),
            at => Place::Before(at),
        };
        match placed.last_mut() {
            Some((known, list)) if *known == place => list.push((*name).to_owned()),
            _ => placed.push((place, vec![(*name).to_owned()])),
        }
    }
    let open = target.code_before(first.start()).filter(|(kind, _)| *kind == TokenKind::Lpar);
    let close = target.tokens().in_range(from.range()).last().filter(|token| token.kind() == TokenKind::Rpar);
    if let (Some((_, open)), Some(close)) = (open, close) {
        let list = List::of_items(target, open, close.range(), items);
        return Ok(list.change(Vec::new(), &placed));
    }
    let edits: Vec<Edit> = placed
        .iter()
        .map(|(place, names)| match place {
            Place::Before(at) => Edit::insertion(items[*at].start(), format!("{}, ", names.join(", "))),
            Place::Behind(at) => Edit::insertion(items[*at].end(), format!(", {}", names.join(", "))),
        })
        .collect();
    let all = TextRange::new(first.start(), last.end());
    if target.has_newline(all) || target.style.line_length.is_none() {
        return Ok(edits);
    }
    let list = List::of_items(target, TextRange::empty(first.start()), TextRange::empty(last.end()), items);
    if !target.style.is_too_long(&list.line_with(&edits)) {
        return Ok(edits);
    }
    let lines = list.many_lines(&list.items_with(&[], &placed));
    Ok(vec![Edit::replacement(all, format!("({lines})"))])
}
