//! Members of classes: set, or added where there is none.

use ruff_python_ast::find_node::covering_node;
use ruff_python_ast::{AnyNodeRef, Expr, Stmt, StmtClassDef};
use ruff_source_file::LineRanges;
use ruff_text_size::{Ranged, TextLen, TextRange, TextSize};

use super::quotes::requote;
use super::{Edit, Refusal, Target};

/// Gives a class's member these strings as a tuple, or as a list if it is one.
///
/// `class` is the range of the class's name. Strings that the member has already stay, in front. A member that does not
/// exist comes below the last of the members `below` that does, or else first in the class's body. A new string takes the
/// place of one that it `covers`, and is left out where one covers it.
pub fn set_strings(
    target: &Target,
    class: TextRange,
    member: &str,
    strings: &[String],
    below: &[&str],
    covers: impl Fn(&str, &str) -> bool,
) -> Result<Vec<Edit>, Refusal> {
    let class = class_at(target, class)?;
    if let Some(value) = bound(class, member) {
        let (mut all, is_list) = match value {
            Expr::Tuple(tuple) => (literals(&tuple.elts)?, false),
            Expr::List(list) => (literals(&list.elts)?, true),
            Expr::BooleanLiteral(_) => (Vec::new(), false),
            _ => return Err(Refusal(format!("`{member}` is not a plain list of strings"))),
        };
        for string in
            strings.iter().filter(|string| !strings.iter().any(|it| it != *string && covers(it, string)))
        {
            if all.iter().any(|known| known == string || covers(known, string)) {
                continue;
            }
            match all.iter_mut().find(|known| covers(string, known)) {
                Some(known) => known.clone_from(string),
                None => all.push(string.clone()),
            }
        }
        let offset = value.start();
        let text = display(target, target.line_before(offset), target.indentation(offset), &all, is_list);
        return Ok(vec![Edit::replacement(value.range(), text)]);
    }
    let place = body_place(target, class, below)?;
    let line = format!("{}{member} = ", place.indentation);
    let value = display(target, &line, place.indentation, strings, false);
    Ok(vec![place.insertion(target, &format!("{line}{value}"))])
}

/// Adds a method at the end of a class. `class` is the range of the class's name; `lines` are the method's, from its `def`
/// on, with `\t` for each level of indentation.
///
/// Refused where the class has a member of that name.
pub fn add_method(
    target: &Target,
    class: TextRange,
    name: &str,
    lines: &[String],
) -> Result<Vec<Edit>, Refusal> {
    let class = class_at(target, class)?;
    if class.body.iter().any(|statement| binds(statement, name)) {
        return Err(Refusal(format!("the class has a `{name}` of its own")));
    }
    let Some(last) = class.body.last() else { return Err(Refusal::new("the class has no body")) };
    let indentation = own_line(target, last.start())?;
    let newline = target.style.newline;
    let pass = only_pass(target, class).filter(|_| target.split_comment(last.end()).0.is_empty());
    let mut text = if pass == Some(0) { String::new() } else { newline.to_owned() };
    for line in lines {
        let inner = line.trim_start_matches('\t');
        let level = target.style.indent.repeat(line.len() - inner.len());
        let inner = requote(inner, target.style.quote);
        text.push_str(&format!("{indentation}{level}{inner}{newline}"));
    }
    let end = target.source.full_line_end(last.end());
    let is_cut_off = target.source.line_end(last.end()) == end;
    if is_cut_off {
        text.truncate(text.trim_end_matches(['\n', '\r']).len());
    }
    if pass.is_some() {
        let start = target.source.line_start(last.start());
        if has_empty_line_above(target, start) && text.starts_with(newline) {
            text.drain(..newline.len());
        }
        return Ok(vec![Edit::replacement(TextRange::new(start, end), text)]);
    }
    Ok(vec![Edit::insertion(end, if is_cut_off { format!("{newline}{text}") } else { text })])
}

fn has_empty_line_above(target: &Target, line: TextSize) -> bool {
    target.source[..usize::from(line)].lines().next_back().is_some_and(|above| above.trim().is_empty())
}

pub(super) fn class_at<'a>(target: &Target<'a>, name: TextRange) -> Result<&'a StmtClassDef, Refusal> {
    let missing = || Refusal::new("there is no class at this place");
    let root = AnyNodeRef::from(target.parsed.syntax());
    if name.is_empty() || !root.range().contains_range(name) {
        return Err(missing());
    }
    covering_node(root, name)
        .ancestors()
        .find_map(|node| match node {
            AnyNodeRef::StmtClassDef(class) if class.name.range() == name => Some(class),
            _ => None,
        })
        .ok_or_else(missing)
}

/// The value that a class's own body gives a name, the last one.
pub(super) fn bound<'a>(class: &'a StmtClassDef, name: &str) -> Option<&'a Expr> {
    class.body.iter().rev().find_map(|statement| match statement {
        Stmt::Assign(assign) if matches!(&*assign.targets, [Expr::Name(it)] if it.id == name) => {
            Some(&*assign.value)
        }
        Stmt::AnnAssign(assign) if matches!(&*assign.target, Expr::Name(it) if it.id == name) => {
            assign.value.as_deref()
        }
        _ => None,
    })
}

pub(super) fn binds(statement: &Stmt, name: &str) -> bool {
    match statement {
        Stmt::FunctionDef(function) => function.name.as_str() == name,
        Stmt::ClassDef(class) => class.name.as_str() == name,
        Stmt::Assign(assign) => {
            assign.targets.iter().any(|target| matches!(target, Expr::Name(it) if it.id == name))
        }
        Stmt::AnnAssign(assign) => matches!(&*assign.target, Expr::Name(it) if it.id == name),
        _ => false,
    }
}

fn literals(items: &[Expr]) -> Result<Vec<String>, Refusal> {
    items
        .iter()
        .map(|item| match item {
            Expr::StringLiteral(string) => Ok(string.value.to_str().to_owned()),
            _ => Err(Refusal::new("not every item is a string")),
        })
        .collect()
}

/// A tuple or list of strings behind `line`, broken where it is too long.
fn display(target: &Target, line: &str, indentation: &str, strings: &[String], is_list: bool) -> String {
    let style = target.style;
    let (open, close) = if is_list { ('[', ']') } else { ('(', ')') };
    let items: Vec<String> =
        strings.iter().map(|string| requote(&format!("\"{string}\""), style.quote)).collect();
    let comma = if items.len() == 1 && !is_list { "," } else { "" };
    let flat = format!("{open}{}{comma}{close}", items.join(", "));
    if !style.is_too_long(&format!("{line}{flat}")) {
        return flat;
    }
    let mut text = format!("{open}{}", style.newline);
    for item in items {
        text.push_str(&format!("{indentation}{}{item},{}", style.indent, style.newline));
    }
    text.push_str(&format!("{indentation}{close}"));
    text
}

/// A place for a new line in a class's body.
pub(super) struct BodyPlace<'a> {
    /// The statement that it comes below, above or instead of.
    anchor: TextRange,
    side: Side,
    /// Whether an empty line parts it from the anchor, as others in the class are parted.
    is_parted: bool,
    pub(super) indentation: &'a str,
}

/// Where something comes, seen from a statement.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Below,
    /// Below, with an empty line between it and what comes next.
    BelowAndApart,
    Above,
    /// In the place of a `pass`.
    Instead,
}

impl BodyPlace<'_> {
    pub(super) fn insertion(&self, target: &Target, line: &str) -> Edit {
        let newline = target.style.newline;
        let between = if self.is_parted { newline } else { "" };
        let start = target.source.line_start(self.anchor.start());
        let end = target.source.full_line_end(self.anchor.end());
        let is_cut_off = target.source.line_end(self.anchor.end()) == end;
        let content = match self.side {
            Side::Above => return Edit::insertion(start, format!("{line}{newline}{between}")),
            Side::Instead => {
                let newline = if is_cut_off { "" } else { newline };
                return Edit::replacement(TextRange::new(start, end), format!("{line}{newline}"));
            }
            Side::Below | Side::BelowAndApart if is_cut_off => format!("{newline}{between}{line}"),
            Side::Below => format!("{between}{line}{newline}"),
            Side::BelowAndApart => format!("{between}{line}{newline}{newline}"),
        };
        Edit::insertion(end.min(target.source.text_len()), content)
    }
}

pub(super) fn body_place<'a>(
    target: &Target<'a>,
    class: &StmtClassDef,
    below: &[&str],
) -> Result<BodyPlace<'a>, Refusal> {
    let body = &class.body;
    let named = body.iter().rposition(|statement| below.iter().any(|name| binds(statement, name)));
    let follows = |at: usize| has_empty_line_below(target, &body[at]);
    let (at, side, is_parted) = match (named, only_pass(target, class), body.first()) {
        (_, Some(pass), _) => (pass, Side::Instead, false),
        (Some(at), ..) => (at, Side::Below, is_apart(target, body, at)),
        (None, None, Some(first)) if is_docstring(first) => {
            let is_next_apart = body.get(1).is_some_and(is_block) && !follows(0);
            (0, if is_next_apart { Side::BelowAndApart } else { Side::Below }, body.len() > 1 && follows(0))
        }
        (None, None, Some(Stmt::Pass(_)) | None) => {
            return Err(Refusal::new("the class has an empty body"));
        }
        (None, None, Some(first)) => (0, Side::Above, is_block(first) || is_apart(target, body, 0)),
    };
    let anchor = body[at].range();
    let indentation = own_line(target, anchor.start())?;
    if side != Side::Above && !target.split_comment(anchor.end()).0.is_empty() {
        return Err(Refusal::new("a statement shares its line with others"));
    }
    Ok(BodyPlace { anchor, side, is_parted, indentation })
}

/// The `pass` that is all that a class's body does, where no comment stands beside it.
fn only_pass(target: &Target, class: &StmtClassDef) -> Option<usize> {
    let at = match class.body.as_slice() {
        [Stmt::Pass(_)] => 0,
        [first, Stmt::Pass(_)] if is_docstring(first) => 1,
        _ => return None,
    };
    target.split_comment(class.body[at].end()).1.is_none().then_some(at)
}

/// Whether an assignment is parted from the others around it by empty lines.
fn is_apart(target: &Target, body: &[Stmt], at: usize) -> bool {
    let is_assignment = |at: usize| matches!(body.get(at), Some(Stmt::Assign(_) | Stmt::AnnAssign(_)));
    let before = at.checked_sub(1).filter(|&before| is_assignment(before));
    let behind = Some(at + 1).filter(|&behind| is_assignment(behind)).map(|_| at);
    let gaps: Vec<bool> =
        before.into_iter().chain(behind).map(|above| has_empty_line_below(target, &body[above])).collect();
    !gaps.is_empty() && gaps.iter().all(|gap| *gap)
}

fn has_empty_line_below(target: &Target, statement: &Stmt) -> bool {
    let end = target.source.full_line_end(statement.end());
    end < target.source.text_len() && target.source.line_str(end).trim().is_empty()
}

/// Whether a statement has a body of its own, from which formatters part what stands above it.
fn is_block(statement: &Stmt) -> bool {
    matches!(statement, Stmt::FunctionDef(_) | Stmt::ClassDef(_))
}

fn is_docstring(statement: &Stmt) -> bool {
    matches!(statement, Stmt::Expr(expr) if expr.value.is_string_literal_expr())
}

/// The indentation of a statement that begins its line.
pub(super) fn own_line<'a>(target: &Target<'a>, start: TextSize) -> Result<&'a str, Refusal> {
    let indentation = target.indentation(start);
    if target.line_before(start) == indentation && !indentation.is_empty() {
        Ok(indentation)
    } else {
        Err(Refusal::new("the class's body does not stand on lines of its own"))
    }
}
