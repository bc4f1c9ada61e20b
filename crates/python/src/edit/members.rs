//! Further members of classes: items of lists, nested classes, keyword arguments; and their removal.

use ruff_python_ast::token::{TokenKind, parenthesized_range};
use ruff_python_ast::{AnyNodeRef, Expr, ExprRef, Stmt, StmtClassDef};
use ruff_source_file::LineRanges;
use ruff_text_size::{Ranged, TextRange, TextSize};

use super::arguments::List;
use super::classes::{binds, body_place, bound, class_at, own_line};
use super::quotes::requote;
use super::{Edit, Refusal, Target};

/// Adds items to the list or tuple that a class's own body gives a name; where it gives none, adds the name with a list
/// of them. `class` is the range of the class's name.
pub fn add_items(
    target: &Target,
    class: TextRange,
    member: &str,
    items: &[String],
) -> Result<Vec<Edit>, Refusal> {
    let class = class_at(target, class)?;
    let quoted: Vec<String> = items.iter().map(|item| requote(item, target.style.quote)).collect();
    let Some(value) = bound(class, member) else {
        if class.body.iter().any(|statement| binds(statement, member)) {
            return Err(Refusal(format!("`{member}` is not a plain list")));
        }
        let place = body_place(target, class, &last_names(class))?;
        let text =
            one_per_line(target, &format!("{}{member} = ", place.indentation), place.indentation, &quoted);
        return Ok(vec![place.insertion(target, &text)]);
    };
    let (elements, is_tuple) = elements_of(value, member)?;
    if elements.is_empty() {
        let indentation = target.indentation(value.start());
        let inner = TextRange::new(value.start() + TextSize::new(1), value.end() - TextSize::new(1));
        if !target.source[inner].trim().is_empty() {
            return Err(Refusal(format!("`{member}` is empty but for comments")));
        }
        let before = target.line_before(value.start());
        let text = one_per_line(target, before, indentation, &quoted);
        let mut text = text[before.len()..].to_owned();
        if is_tuple {
            let end = text.len() - 1;
            text = format!("({}{}", &text[1..end], ")");
            if !text.contains('\n') && quoted.len() == 1 {
                text.insert(text.len() - 1, ',');
            }
        }
        return Ok(vec![Edit::replacement(value.range(), text)]);
    }
    Ok(list_of(target, value, elements).append(elements.len(), &quoted))
}

/// Whether the calls in the list that a class's own body gives a name write the keyword argument `keyword` as tuples, each
/// that has it. `class` is the range of the class's name.
pub fn are_tuples(target: &Target, class: TextRange, member: &str, keyword: &str) -> bool {
    let Ok(class) = class_at(target, class) else { return false };
    let elements = bound(class, member).and_then(|value| elements_of(value, member).ok());
    let elements = elements.map_or(&[][..], |(elements, _)| elements);
    let calls = elements.iter().filter_map(Expr::as_call_expr);
    let mut values = calls.filter_map(|call| call.arguments.find_keyword(keyword)).peekable();
    values.peek().is_some() && values.all(|keyword| keyword.value.is_tuple_expr())
}

/// The items of a list or tuple, and whether it is a tuple.
fn elements_of<'a>(value: &'a Expr, member: &str) -> Result<(&'a [Expr], bool), Refusal> {
    match value {
        Expr::List(list) => Ok((&list.elts, false)),
        Expr::Tuple(tuple) if tuple.parenthesized => Ok((&tuple.elts, true)),
        _ => Err(Refusal(format!("`{member}` is not a plain list"))),
    }
}

/// A list or tuple with its items, each with its own parentheses.
fn list_of<'t, 'a>(target: &'t Target<'a>, value: &Expr, elements: &[Expr]) -> List<'t, 'a> {
    let one = TextSize::new(1);
    let open = TextRange::at(value.start(), one);
    let close = TextRange::at(value.end() - one, one);
    let parent = AnyNodeRef::from(value);
    let outer = |item: &Expr| {
        parenthesized_range(item.into(), parent, target.tokens()).unwrap_or_else(|| item.range())
    };
    List::of_items(target, open, close, elements.iter().map(outer).collect())
}

/// Takes items out of the list or tuple that a class's own body gives a name, and adds others at its end. `class` is the
/// range of the class's name.
pub fn exchange_items(
    target: &Target,
    class: TextRange,
    member: &str,
    removed: &[TextRange],
    items: &[String],
) -> Result<Vec<Edit>, Refusal> {
    let value = bound(class_at(target, class)?, member)
        .ok_or_else(|| Refusal(format!("`{member}` is not a plain list")))?;
    let (elements, is_tuple) = elements_of(value, member)?;
    let ranges: Vec<TextRange> = elements.iter().map(Ranged::range).collect();
    let is_kept = |range: &TextRange| !removed.contains(range);
    let behind_kept = ranges.iter().rposition(is_kept).map_or(0, |last| last + 1);
    let mut edits = Vec::new();
    for range in ranges[..behind_kept].iter().filter(|range| !is_kept(range)) {
        edits.extend(remove_among(target, &ranges, *range)?);
    }
    let going = &ranges[behind_kept..];
    let (Some(first), Some(last)) = (going.first(), going.last()) else {
        edits.extend(add_items(target, class, member, items)?);
        return Ok(edits);
    };
    // What comes stands where the last of what goes stood.
    let place = TextRange::new(first.start(), last.end());
    let comma = target.code_after(last.end()).filter(|(kind, _)| *kind == TokenKind::Comma);
    let end = comma.map_or(last.end(), |(_, comma)| comma.end());
    let has_comment = |range: TextRange| {
        target.tokens().in_range(range).iter().any(|token| token.kind() == TokenKind::Comment)
    };
    if has_comment(place) || target.split_comment(end).1.is_some() {
        return Err(Refusal::new("a comment stands beside it"));
    }
    let quoted: Vec<String> = items.iter().map(|item| requote(item, target.style.quote)).collect();
    let before = target.line_before(first.start());
    let is_on_own_line = before.trim().is_empty();
    let mut text = match is_on_own_line {
        true => quoted.join(&format!(",{}{before}", target.style.newline)),
        false => quoted.join(", "),
    };
    let left = ranges.iter().filter(|range| is_kept(range)).count() + items.len();
    if is_tuple && left == 1 && comma.is_none() {
        text.push(',');
    }
    edits.push(Edit::replacement(place, text));
    let list = list_of(target, value, elements);
    if !is_on_own_line
        && !target.has_newline(value.range())
        && target.style.is_too_long(&list.line_with(&edits))
    {
        let kept = ranges.iter().filter(|range| is_kept(range)).map(|range| target.source[*range].to_owned());
        return Ok(list.break_up(&kept.chain(quoted).collect::<Vec<String>>()));
    }
    Ok(edits)
}

/// A list behind `line`, broken where it is too long.
fn one_per_line(target: &Target, line: &str, indentation: &str, items: &[String]) -> String {
    let style = target.style;
    let flat = format!("{line}[{}]", items.join(", "));
    if items.len() == 1 && !style.is_too_long(&flat) && !items[0].contains('\n') {
        return flat;
    }
    let mut text = format!("{line}[{}", style.newline);
    for item in items {
        text.push_str(&format!("{indentation}{}{item},{}", style.indent, style.newline));
    }
    text.push_str(&format!("{indentation}]"));
    text
}

/// The names of a class's last plain assignment, for something to come below it.
fn last_names(class: &StmtClassDef) -> Vec<&str> {
    let name = class.body.iter().rev().find_map(|statement| match statement {
        Stmt::Assign(assign) => match &*assign.targets {
            [Expr::Name(name)] => Some(name.id.as_str()),
            _ => None,
        },
        _ => None,
    });
    name.into_iter().collect()
}

/// Adds a nested class with a list below the class's assignments and nested classes: `class name(base):`, `member = […]`.
/// `class` is the range of the outer class's name.
pub fn add_class(
    target: &Target,
    class: TextRange,
    name: &str,
    base: Option<&str>,
    member: &str,
    items: &[String],
) -> Result<Vec<Edit>, Refusal> {
    let class = class_at(target, class)?;
    if class.body.iter().any(|statement| binds(statement, name)) {
        return Err(Refusal(format!("the class has a `{name}` of its own")));
    }
    let is_declaration = |statement: &&Stmt| {
        matches!(statement, Stmt::Assign(_) | Stmt::AnnAssign(_) | Stmt::ClassDef(_) | Stmt::Expr(_))
    };
    let last = class.body.iter().take_while(is_declaration).last().or(class.body.first());
    let Some(last) = last else { return Err(Refusal::new("the class has no body")) };
    let style = target.style;
    let newline = style.newline;
    let indentation = own_line(target, last.start())?;
    let inner = format!("{indentation}{}", style.indent);
    let quoted: Vec<String> = items.iter().map(|item| requote(item, style.quote)).collect();
    let list = one_per_line(target, &format!("{inner}{member} = "), &inner, &quoted);
    let base = base.map(|base| format!("({base})")).unwrap_or_default();
    let text = format!("{indentation}class {name}{base}:{newline}{list}{newline}");
    // A body of `pass` alone has had its say.
    if let Stmt::Pass(pass) = last
        && class.body.len() == 1
        && target.split_comment(pass.end()).0.is_empty()
    {
        let range =
            TextRange::new(target.source.line_start(pass.start()), target.source.full_line_end(pass.end()));
        if target.split_comment(pass.end()).1.is_none() {
            return Ok(vec![Edit::replacement(range, text)]);
        }
    }
    if !is_declaration(&last) {
        let start = target.source.line_start(last.start());
        return Ok(vec![Edit::insertion(start, format!("{text}{newline}"))]);
    }
    if !target.split_comment(last.end()).0.is_empty() {
        return Err(Refusal::new("a statement shares its line with others"));
    }
    let end = target.source.full_line_end(last.end());
    if target.source.line_end(last.end()) == end {
        return Ok(vec![Edit::insertion(end, format!("{newline}{newline}{}", text.trim_end()))]);
    }
    Ok(vec![Edit::insertion(end, format!("{newline}{text}"))])
}

/// Takes an item out of the list at `list`. Where it is the only one, the list stays, empty.
pub fn remove_item(target: &Target, item: TextRange) -> Result<Vec<Edit>, Refusal> {
    let found = target.expression(item)?;
    let parent = found.ancestors.first().ok_or_else(|| Refusal::new("there is no list at this place"))?;
    let elements = match parent {
        AnyNodeRef::ExprList(list) => &list.elts,
        AnyNodeRef::ExprTuple(tuple) if tuple.parenthesized || tuple.elts.len() > 2 => {
            if let [first, second] = tuple.elts.as_slice() {
                return remove_of_pair(target, first.range(), second.range(), item);
            }
            &tuple.elts
        }
        _ => return Err(Refusal::new("this is not an item of a plain list")),
    };
    let ranges: Vec<TextRange> = elements.iter().map(Ranged::range).collect();
    remove_among(target, &ranges, item)
}

/// Takes one of two items out of a tuple: behind the one that is left stands a comma.
fn remove_of_pair(
    target: &Target,
    first: TextRange,
    second: TextRange,
    item: TextRange,
) -> Result<Vec<Edit>, Refusal> {
    let comma = |item: TextRange| {
        target.code_after(item.end()).filter(|(kind, _)| *kind == TokenKind::Comma).map(|(_, range)| range)
    };
    let mut edits = remove_among(target, &[first, second], item)?;
    let left = if item == first { second } else { first };
    let is_gone = |range: TextRange| edits.iter().any(|edit| edit.range.contains_range(range));
    // Behind the first, that of the second will do.
    let stays = |of: TextRange| comma(of).is_some_and(|comma| !is_gone(comma));
    if !(stays(left) || left == first && stays(second)) {
        edits.push(Edit::insertion(left.end(), ",".to_owned()));
        edits.sort_by_key(|edit| edit.range.start());
    }
    Ok(edits)
}

/// Takes a keyword argument out of the call at `call`.
pub fn remove_keyword(target: &Target, call: TextRange, name: &str) -> Result<Vec<Edit>, Refusal> {
    let found = target.expression(call)?;
    let ExprRef::Call(call) = found.expr else { return Err(Refusal::new("there is no call at this place")) };
    let mut ranges: Vec<TextRange> =
        call.arguments.iter_source_order().map(|argument| argument.range()).collect();
    ranges.sort_by_key(|range| range.start());
    let is_it =
        |keyword: &&ruff_python_ast::Keyword| keyword.arg.as_ref().is_some_and(|arg| arg.as_str() == name);
    let keyword = call.arguments.keywords.iter().find(is_it);
    let keyword = keyword.ok_or_else(|| Refusal(format!("the call has no `{name}`")))?;
    remove_among(target, &ranges, keyword.range())
}

/// Takes one of several parts that commas separate, with its comma, and its line where it has one of its own.
fn remove_among(target: &Target, parts: &[TextRange], part: TextRange) -> Result<Vec<Edit>, Refusal> {
    let at = parts.iter().position(|range| *range == part);
    let at = at.ok_or_else(|| Refusal::new("there is no such part at this place"))?;
    let comma =
        target.code_after(part.end()).filter(|(kind, _)| *kind == TokenKind::Comma).map(|(_, range)| range);
    let end = comma.map_or(part.end(), TextRange::end);
    let before = target.line_before(part.start());
    let (behind, comment) = target.split_comment(end);
    if before.trim().is_empty() && behind.is_empty() {
        if comment.is_some() {
            return Err(Refusal::new("a comment stands behind it"));
        }
        let range = TextRange::new(target.source.line_start(part.start()), target.source.full_line_end(end));
        return Ok(vec![Edit::replacement(range, "")]);
    }
    let range = match (parts.get(at + 1), at.checked_sub(1).map(|last| parts[last])) {
        (Some(next), _) => TextRange::new(part.start(), next.start()),
        (None, Some(last)) => TextRange::new(last.end(), part.end()),
        (None, None) => TextRange::new(part.start(), end),
    };
    if target.source[range].contains('#') {
        return Err(Refusal::new("a comment stands beside it"));
    }
    Ok(vec![Edit::replacement(range, "")])
}

/// Takes the assignment of a name out of a class's own body. `class` is the range of the class's name.
pub fn remove_member(target: &Target, class: TextRange, member: &str) -> Result<Vec<Edit>, Refusal> {
    let class = class_at(target, class)?;
    let mut found = class.body.iter().filter(|statement| binds(statement, member));
    let (Some(statement), None) = (found.next(), found.next()) else {
        return Err(Refusal(format!("`{member}` is not bound once")));
    };
    if class.body.len() == 1 {
        return Err(Refusal::new("the class would be left without a body"));
    }
    own_line(target, statement.start())?;
    let (behind, comment) = target.split_comment(statement.end());
    if !behind.is_empty() || comment.is_some() {
        return Err(Refusal::new("something else stands on its line"));
    }
    let source = target.source;
    let range = TextRange::new(source.line_start(statement.start()), source.full_line_end(statement.end()));
    Ok(vec![Edit::replacement(range, "")])
}

/// Gives the assignment of a name another name and a list of items. `class` is the range of the class's name.
pub fn replace_member(
    target: &Target,
    class: TextRange,
    member: &str,
    name: &str,
    items: &[String],
) -> Result<Vec<Edit>, Refusal> {
    let class = class_at(target, class)?;
    let mut found = class.body.iter().filter(|statement| binds(statement, member));
    let (Some(statement), None) = (found.next(), found.next()) else {
        return Err(Refusal(format!("`{member}` is not bound once")));
    };
    let indentation = own_line(target, statement.start())?;
    let quoted: Vec<String> = items.iter().map(|item| requote(item, target.style.quote)).collect();
    let text = one_per_line(target, &format!("{indentation}{name} = "), indentation, &quoted);
    Ok(vec![Edit::replacement(statement.range(), text[indentation.len()..].to_owned())])
}

/// Gives a keyword argument of the call at `call` another value.
pub fn set_keyword(target: &Target, call: TextRange, name: &str, value: &str) -> Result<Vec<Edit>, Refusal> {
    let found = target.expression(call)?;
    let ExprRef::Call(call) = found.expr else { return Err(Refusal::new("there is no call at this place")) };
    let is_it =
        |keyword: &&ruff_python_ast::Keyword| keyword.arg.as_ref().is_some_and(|arg| arg.as_str() == name);
    let keyword = call.arguments.keywords.iter().find(is_it);
    let keyword = keyword.ok_or_else(|| Refusal(format!("the call has no `{name}`")))?;
    Ok(vec![Edit::replacement(keyword.value.range(), value.to_owned())])
}

/// Adds a keyword argument at the end of the call at `call`, in front of any `**kwargs`.
pub fn add_keyword(target: &Target, call: TextRange, argument: &str) -> Result<Vec<Edit>, Refusal> {
    let found = target.expression(call)?;
    let ExprRef::Call(call) = found.expr else { return Err(Refusal::new("there is no call at this place")) };
    let quoted = requote(argument, target.style.quote);
    let is_open = |keyword: &ruff_python_ast::Keyword| keyword.arg.is_none();
    let behind = call.arguments.keywords.iter().rev().take_while(|keyword| is_open(keyword)).count();
    let count = call.arguments.args.len() + call.arguments.keywords.len() - behind;
    Ok(List::new(target, &call.arguments).append(count, &[quoted]))
}

#[cfg(test)]
mod tests {
    use ruff_text_size::TextLen;

    use super::*;
    use crate::edit::{Edits, Style, parse};

    /// Takes `item` out of the list in `source`.
    #[track_caller]
    fn check_removed(source: &str, item: &str, expected: &str) {
        let parsed = parse(source).expect("valid source");
        let style = Style::of(source, &parsed, 88);
        let target = Target { source, parsed: &parsed, style: &style };
        let start = TextSize::try_from(source.find(item).expect("it is there")).expect("short");
        let removed = remove_item(&target, TextRange::at(start, item.text_len())).expect("it can go");
        let mut edits = Edits::default();
        edits.add_all(removed).expect("edits beside each other");
        let after = edits.apply(source);
        assert_eq!(after, expected);
        parse(&after).expect("it still parses");
    }

    /// Takes `items` out of the list in a class, and adds `new`.
    #[track_caller]
    fn check_exchanged(list: &str, items: &[&str], new: &[&str], expected: &str) {
        let source = format!("class Meta:\n    indexes = {list}\n");
        let parsed = parse(&source).expect("valid source");
        let style = Style::of(&source, &parsed, 40);
        let target = Target { source: &source, parsed: &parsed, style: &style };
        let at = |text: &&str| {
            let start = source.find(*text).expect("it is there");
            TextRange::at(TextSize::try_from(start).expect("short"), text.text_len())
        };
        let removed: Vec<TextRange> = items.iter().map(at).collect();
        let new: Vec<String> = new.iter().map(|item| (*item).to_owned()).collect();
        let exchanged = exchange_items(&target, TextRange::at(6.into(), 4.into()), "indexes", &removed, &new);
        let mut edits = Edits::default();
        edits.add_all(exchanged.expect("they can be exchanged")).expect("edits beside each other");
        let after = edits.apply(&source);
        assert_eq!(after, format!("class Meta:\n    indexes = {expected}\n"));
        parse(&after).expect("it still parses");
    }

    #[test]
    fn items_go_and_others_come() {
        check_exchanged("[a(1), b(2)]", &["a(1)"], &["x()"], "[b(2), x()]");
        check_exchanged("[a(1), b(2)]", &["b(2)"], &["x()"], "[a(1), x()]");
        check_exchanged("[a(1), b(2)]", &["a(1)", "b(2)"], &["x()"], "[x()]");
        check_exchanged("[a(1), b(2), c(3)]", &["a(1)", "c(3)"], &["x()", "y()"], "[b(2), x(), y()]");
        check_exchanged("(a(1), b(2))", &["a(1)"], &["x()"], "(b(2), x())");
        check_exchanged("(a(1), b(2))", &["a(1)", "b(2)"], &["x()"], "(x(),)");
        check_exchanged("(a(1),)", &["a(1)"], &["x()"], "(x(),)");
        let lines = "[\n        a(1),\n        b(2),\n    ]";
        check_exchanged(lines, &["a(1)"], &["x()"], "[\n        b(2),\n        x(),\n    ]");
        check_exchanged(
            lines,
            &["b(2)"],
            &["x()", "y()"],
            "[\n        a(1),\n        x(),\n        y(),\n    ]",
        );
        check_exchanged(lines, &["a(1)", "b(2)"], &["x()"], "[\n        x(),\n    ]");
        let long = "longer_than_a_line(may_be)";
        check_exchanged(
            "[a(1), b(2)]",
            &["b(2)"],
            &[long],
            &format!("[\n        a(1),\n        {long},\n    ]"),
        );
    }

    #[test]
    fn a_tuple_stays_a_tuple() {
        check_removed("x = (a, b)\n", "a", "x = (b,)\n");
        check_removed("x = (a, b)\n", "b", "x = (a,)\n");
        check_removed("x = (a, b,)\n", "b", "x = (a,)\n");
        check_removed("x = (\n    a,\n    b\n)\n", "b", "x = (\n    a,\n)\n");
        check_removed("x = (\n    a,\n    b\n)\n", "a", "x = (\n    b,\n)\n");
        check_removed("x = (a, b, c)\n", "b", "x = (a, c)\n");
        check_removed("x = [a, b]\n", "b", "x = [a]\n");
    }
}
