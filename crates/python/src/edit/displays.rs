//! Entries of dicts, elements of lists and tuples, keyword arguments, and statements: added beside those that are
//! there, in their layout.

use ruff_python_ast::str::Quote;
use ruff_python_ast::token::{TokenKind, parenthesized_range};
use ruff_python_ast::{AnyNodeRef, Expr, ExprRef, Stmt};
use ruff_source_file::LineRanges;
use ruff_text_size::{Ranged, TextRange, TextSize};

use super::arguments::{List, Place};
use super::quotes::quote_at;
use super::{Edit, Literal, Refusal, Target};

/// Where new elements go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum At {
    /// In front of the element at this place.
    Before(TextSize),
    /// Behind the element that begins at this place.
    Behind(TextSize),
    /// At the end.
    End,
}

/// A statement to be written: what stands before the value, and the value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// `DATABASES["default"]`, its strings in double quotes; nothing where the value is a statement of its own.
    pub target: Option<String>,
    /// The value.
    pub value: Literal,
    /// Whether the statement stands below `if condition:`.
    pub condition: Option<String>,
}

/// Adds entries to the dict display at `display`.
pub fn add_entries(
    target: &Target,
    display: TextRange,
    entries: &[(String, Literal)],
) -> Result<Vec<Edit>, Refusal> {
    let ExprRef::Dict(dict) = target.expression(display)?.expr else {
        return Err(Refusal::new("there is no dict display at this place"));
    };
    let parent = AnyNodeRef::from(dict);
    let items = dict.items.iter().map(|item| {
        let value = outer(target, &item.value, parent);
        let start = item.key.as_ref().map(|key| outer(target, key, parent).start());
        // `**more` begins with its stars.
        let start = start.or_else(|| Some(target.code_before(value.start())?.1.start()));
        TextRange::new(start.unwrap_or(value.start()), value.end())
    });
    let list = list_of(target, dict.range(), items.collect());
    let quote = key_quote(target, dict.range())?;
    let new: Vec<(String, &Literal)> = entries
        .iter()
        .map(|(key, value)| (format!("{}: ", Literal::Text(key.clone()).flat(quote)), value))
        .collect();
    Ok(add(target, &list, dict.range(), quote, &[(list.end(), new)]))
}

/// Inserts elements into the list, tuple or set display at `display`.
pub fn insert_elements(
    target: &Target,
    display: TextRange,
    places: &[(At, Vec<Literal>)],
) -> Result<Vec<Edit>, Refusal> {
    let found = target.expression(display)?.expr;
    let (elements, is_bare) = match found {
        ExprRef::List(list) => (&list.elts, false),
        ExprRef::Set(set) => (&set.elts, false),
        ExprRef::Tuple(tuple) => (&tuple.elts, !tuple.parenthesized),
        _ => return Err(Refusal::new("there is no list display at this place")),
    };
    if is_bare {
        return Err(Refusal::new("the tuple has no parentheses"));
    }
    let is_tuple = matches!(found, ExprRef::Tuple(_));
    let parent = AnyNodeRef::from(found);
    let items: Vec<TextRange> = elements.iter().map(|item| outer(target, item, parent)).collect();
    let list = list_of(target, display, items.clone());
    let quote = key_quote(target, display)?;
    let index = |start: TextSize| {
        let at = elements.iter().position(|element| element.start() == start);
        at.ok_or_else(|| Refusal::new("there is no element at this place"))
    };
    let mut placed = Vec::new();
    for (at, new) in places {
        let place = match *at {
            At::Before(start) => Place::Before(index(start)?),
            At::Behind(start) => Place::Behind(index(start)?),
            At::End => list.end(),
        };
        placed.push((place, new.iter().map(|value| (String::new(), value)).collect()));
    }
    let mut edits = add(target, &list, display, quote, &placed);
    if is_tuple && elements.is_empty() && placed.iter().map(|(_, new)| new.len()).sum::<usize>() == 1 {
        for edit in edits.iter_mut().filter(|edit| !edit.content.trim_end().ends_with(',')) {
            edit.content.push(',');
        }
    }
    Ok(edits)
}

/// Adds keyword arguments at the end of the call at `call`, in front of any `**kwargs`.
pub fn add_keywords(
    target: &Target,
    call: TextRange,
    keywords: &[(String, Literal)],
) -> Result<Vec<Edit>, Refusal> {
    let found = target.expression(call)?;
    let ExprRef::Call(call) = found.expr else { return Err(Refusal::new("there is no call at this place")) };
    let quote = quote_at(target, call.arguments.end())?;
    let new: Vec<(String, &Literal)> =
        keywords.iter().map(|(name, value)| (format!("{name}="), value)).collect();
    let list = List::new(target, &call.arguments);
    let open = call.arguments.keywords.iter().rev().take_while(|keyword| keyword.arg.is_none()).count();
    let count = call.arguments.args.len() + call.arguments.keywords.len() - open;
    let place = count.checked_sub(1).map_or(Place::Before(0), Place::Behind);
    Ok(add(target, &list, call.arguments.range(), quote, &[(place, new)]))
}

/// Gives the place of the expression at `range` another value.
pub fn replace_value(target: &Target, range: TextRange, value: &Literal) -> Result<Vec<Edit>, Refusal> {
    target.expression(range)?;
    let quote = quote_at(target, range.start())?;
    let indentation = target.indentation(range.start());
    let text = value.written(target.style, quote, indentation, target.line_before(range.start()));
    Ok(vec![Edit::replacement(range, text)])
}

/// Writes statements below the statement at `anchor`, indented as it is. A blank line goes between where `apart`.
pub fn statements_below(
    target: &Target,
    anchor: TextRange,
    apart: bool,
    lines: &[Line],
) -> Result<Vec<Edit>, Refusal> {
    let statement = statement_at(target, anchor)?;
    let indentation = target.indentation(statement.start());
    let begins_line = target.line_before(statement.start()).trim_start_matches('\u{feff}') == indentation;
    if !begins_line || !target.split_comment(statement.end()).0.is_empty() {
        return Err(Refusal::new("the statement shares its line with others"));
    }
    let style = target.style;
    let newline = style.newline;
    let quote = style.quote;
    let mut text = if apart { newline.to_owned() } else { String::new() };
    for line in lines {
        let mut indentation = indentation.to_owned();
        if let Some(condition) = &line.condition {
            let condition = Literal::Code(condition.clone()).flat(quote);
            text.push_str(&format!("{indentation}if {condition}:{newline}"));
            indentation.push_str(&style.indent);
        }
        let start = match &line.target {
            Some(name) => format!("{indentation}{} = ", Literal::Code(name.clone()).flat(quote)),
            None => indentation.clone(),
        };
        let value = line.value.written(style, quote, &indentation, &start);
        text.push_str(&format!("{start}{value}{newline}"));
    }
    let end = target.source.full_line_end(statement.end());
    if target.source.line_end(statement.end()) == end {
        return Ok(vec![Edit::insertion(end, format!("{newline}{}", text.trim_end_matches(newline)))]);
    }
    Ok(vec![Edit::insertion(end, text)])
}

fn statement_at<'a>(target: &Target<'a>, range: TextRange) -> Result<&'a Stmt, Refusal> {
    fn within(body: &[Stmt], range: TextRange) -> Option<&Stmt> {
        let at = body.iter().find(|statement| statement.range().contains_range(range))?;
        if at.range() == range {
            return Some(at);
        }
        match at {
            Stmt::If(branch) => {
                let others = branch.elif_else_clauses.iter().map(|clause| &clause.body);
                std::iter::once(&branch.body).chain(others).find_map(|body| within(body, range))
            }
            Stmt::Try(tried) => [&tried.body, &tried.orelse, &tried.finalbody]
                .into_iter()
                .find_map(|body| within(body, range)),
            Stmt::With(with) => within(&with.body, range),
            Stmt::ClassDef(class) => within(&class.body, range),
            _ => None,
        }
    }
    within(&target.parsed.syntax().body, range)
        .ok_or_else(|| Refusal::new("there is no statement at this place"))
}

fn outer(target: &Target, expr: &Expr, parent: AnyNodeRef) -> TextRange {
    parenthesized_range(expr.into(), parent, target.tokens()).unwrap_or_else(|| expr.range())
}

fn list_of<'t, 'a>(target: &'t Target<'a>, display: TextRange, items: Vec<TextRange>) -> List<'t, 'a> {
    let one = TextSize::new(1);
    let close = TextRange::at(display.end() - one, one);
    List::of_items(target, TextRange::at(display.start(), one), close, items)
}

/// The quotes of a display: those of the strings within it, else those around it.
fn key_quote(target: &Target, display: TextRange) -> Result<Quote, Refusal> {
    quote_at(target, display.end() - TextSize::new(1))
}

/// Adds values behind what they begin with, `"key": ` or `name=`, in the layout of the items that are there.
fn add(
    target: &Target,
    list: &List,
    around: TextRange,
    quote: Quote,
    placed: &[(Place, Vec<(String, &Literal)>)],
) -> Vec<Edit> {
    let style = target.style;
    let written = |indentation: &str, new: &[(String, &Literal)]| -> Vec<String> {
        new.iter()
            .map(|(start, value)| {
                let text = value.written(style, quote, indentation, &format!("{indentation}{start}"));
                format!("{start}{text}")
            })
            .collect()
    };
    let mut placed: Vec<&(Place, Vec<(String, &Literal)>)> = placed.iter().collect();
    placed.sort_by_key(|(place, _)| place.index());
    let base = target.indentation(around.start()).to_owned();
    let inner = format!("{base}{}", style.indent);
    let all: Vec<(Place, Vec<String>)> = placed
        .iter()
        .map(|(place, new)| {
            let indentation = match list.item(*place) {
                Some(item) if list.is_one_per_line() => target.indentation(item.start()).to_owned(),
                _ => inner.clone(),
            };
            (*place, written(&indentation, new))
        })
        .collect();
    if list.is_empty() {
        let new: Vec<String> = all.into_iter().flat_map(|(_, new)| new).collect();
        let has_lines = new.iter().any(|text| text.contains(['\n', '\r']));
        let is_blank = target.source[list.inner()].trim().is_empty();
        return if has_lines && is_blank { list.break_up(&new) } else { list.append(0, &new) };
    }
    if list.is_one_per_line() {
        return list.change(Vec::new(), &all);
    }
    let has_lines = all.iter().flat_map(|(_, new)| new).any(|text| text.contains(['\n', '\r']));
    if !target.has_newline(list.inner()) && has_lines {
        return list.break_up(&list.items_with(&[], &all));
    }
    if let Some(edits) = list.aligned(&all) {
        return edits;
    }
    let flat: Vec<(Place, Vec<String>)> = placed
        .iter()
        .map(|(place, new)| {
            let flat = new.iter().map(|(start, value)| format!("{start}{}", value.flat(quote)));
            (*place, flat.collect())
        })
        .collect();
    list.change(Vec::new(), &flat)
}

impl List<'_, '_> {
    fn end(&self) -> Place {
        self.len().checked_sub(1).map_or(Place::Before(0), Place::Behind)
    }

    /// New items on lines of their own, where all items but the first begin a line.
    fn aligned(&self, placed: &[(Place, Vec<String>)]) -> Option<Vec<Edit>> {
        let target = self.target();
        let lead = |item: TextRange| {
            let lead = target.line_before(item.start());
            lead.trim().is_empty().then_some(lead)
        };
        let items: Vec<TextRange> = (0..self.len()).filter_map(|at| self.item(Place::Before(at))).collect();
        let [_, rest @ ..] = items.as_slice() else { return None };
        let lead_of_rest = lead(*rest.first()?)?;
        if !rest.iter().all(|item| lead(*item) == Some(lead_of_rest)) {
            return None;
        }
        let newline = target.style.newline;
        let mut edits = Vec::new();
        for (place, new) in placed {
            let item = self.item(*place)?;
            let Place::Behind(at) = *place else {
                let text: String = new.iter().map(|text| format!("{text},{newline}{lead_of_rest}")).collect();
                edits.push(Edit::insertion(item.start(), text));
                continue;
            };
            let comma = self.comma(at);
            let mut end = comma.map_or(item.end(), TextRange::end);
            let joined = new.join(&format!(",{newline}{lead_of_rest}"));
            let comment = target.comment_behind(end).is_some();
            let mut text =
                format!("{newline}{lead_of_rest}{joined}{}", if comma.is_some() { "," } else { "" });
            match (comma, comment) {
                (None, true) => edits.push(Edit::insertion(end, ",")),
                (None, false) => text.insert(0, ','),
                _ => {}
            }
            if let Some(comment) = target.comment_behind(end) {
                end = comment.end();
            } else if target.code_after(end).is_some_and(|(kind, _)| kind == TokenKind::Comma) {
                return None;
            }
            edits.push(Edit::insertion(end, text));
        }
        Some(edits)
    }
}
