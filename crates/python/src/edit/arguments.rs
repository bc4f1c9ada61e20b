//! Further arguments for a call that is there, in the layout of those it has.

use ruff_python_ast::token::{TokenKind, parenthesized_range};
use ruff_python_ast::{AnyNodeRef, ArgOrKeyword, Arguments, Expr, ExprRef};
use ruff_text_size::{Ranged, TextRange, TextSize};

use super::quotes::{quote_at, requote};
use super::{Edit, Refusal, Target};

/// What to change in the arguments of a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewArguments {
    /// Values of arguments that are there, and what to write in their place.
    pub replace: Vec<(TextRange, String)>,
    /// New positional arguments.
    pub add: Vec<String>,
    /// The value of the positional argument that the new ones go in front of. Without it they go behind the
    /// positional ones, and before any `*args`, keyword or `**kwargs`.
    pub before: Option<TextRange>,
}

/// Changes the arguments of the call at `range`.
pub fn change_arguments(target: &Target, range: TextRange, new: &NewArguments) -> Result<Vec<Edit>, Refusal> {
    let found = target.expression(range)?;
    let ExprRef::Call(call) = found.expr else {
        return Err(Refusal::new("there is no call at this place"));
    };
    if let [Expr::Generator(generator)] = &*call.arguments.args
        && !generator.parenthesized
    {
        return Err(Refusal::new("a generator without parentheses must stay the only argument"));
    }
    let list = List::new(target, &call.arguments);
    let mut edits = Vec::new();
    for (range, argument) in &new.replace {
        target.expression(*range)?;
        let quote = quote_at(target, range.start())?;
        edits.push(Edit::replacement(*range, requote(argument, quote)));
    }
    if !new.add.is_empty() {
        let before =
            new.before.and_then(|before| list.items.iter().position(|item| item.contains_range(before)));
        let place = match before.or_else(|| list.plain.checked_sub(1).is_none().then_some(0)) {
            Some(first) => Place::Before(first),
            None => Place::Behind(list.plain - 1),
        };
        let offset = match place {
            _ if list.items.is_empty() => list.open.end(),
            Place::Before(at) => list.items[at].start(),
            Place::Behind(at) => list.items[at].end(),
        };
        let quote = quote_at(target, offset)?;
        let add: Vec<String> = new.add.iter().map(|argument| requote(argument, quote)).collect();
        if list.items.is_empty() {
            return Ok(list.fill(&add));
        } else if list.is_one_per_line() {
            edits.extend(list.add_lines(&add, place));
        } else {
            edits.push(match place {
                Place::Before(_) => Edit::insertion(offset, format!("{}, ", add.join(", "))),
                Place::Behind(_) => Edit::insertion(offset, format!(", {}", add.join(", "))),
            });
        }
        if !target.has_newline(list.inner()) && target.style.is_too_long(&list.line_with(&edits)) {
            let mut items = list.items_with(&edits);
            let at = match place {
                Place::Before(at) => at,
                Place::Behind(at) => at + 1,
            };
            items.splice(at..at, add);
            return Ok(list.break_up(&items));
        }
    }
    if !target.has_newline(list.inner()) && target.style.is_too_long(&list.line_with(&edits)) {
        return Ok(list.break_up(&list.items_with(&edits)));
    }
    Ok(edits)
}

/// Where among the arguments new ones go.
#[derive(Clone, Copy)]
enum Place {
    Before(usize),
    Behind(usize),
}

/// A call's arguments with the brackets around them.
struct List<'t, 'a> {
    target: &'t Target<'a>,
    open: TextRange,
    close: TextRange,
    /// Each argument, with its own parentheses.
    items: Vec<TextRange>,
    /// How many positional arguments stand before any star or keyword.
    plain: usize,
}

impl<'t, 'a> List<'t, 'a> {
    fn new(target: &'t Target<'a>, arguments: &Arguments) -> Self {
        let range = arguments.range();
        let one = TextSize::new(1);
        let parent = AnyNodeRef::from(arguments);
        let (mut items, mut plain) = (Vec::new(), 0);
        for argument in arguments.iter_source_order() {
            match argument {
                ArgOrKeyword::Arg(expr) => {
                    let outer = parenthesized_range(expr.into(), parent, target.tokens());
                    if !expr.is_starred_expr() && plain == items.len() {
                        plain += 1;
                    }
                    items.push(outer.unwrap_or_else(|| expr.range()));
                }
                ArgOrKeyword::Keyword(keyword) => {
                    let value = (&keyword.value).into();
                    let outer = parenthesized_range(value, keyword.into(), target.tokens());
                    let end = outer.map_or(keyword.end(), |outer| outer.end().max(keyword.end()));
                    items.push(TextRange::new(keyword.start(), end));
                }
            }
        }
        Self {
            target,
            open: TextRange::at(range.start(), one),
            close: TextRange::at(range.end() - one, one),
            items,
            plain,
        }
    }

    fn inner(&self) -> TextRange {
        TextRange::new(self.open.end(), self.close.start())
    }

    /// The comma behind an argument.
    fn comma(&self, item: usize) -> Option<TextRange> {
        let (kind, range) = self.target.code_after(self.items[item].end())?;
        (kind == TokenKind::Comma).then_some(range)
    }

    /// Whether every argument begins a line.
    fn is_one_per_line(&self) -> bool {
        let indented = |item: &TextRange| self.target.line_before(item.start()).trim().is_empty();
        self.target.has_newline(self.inner()) && self.items.iter().all(indented)
    }

    /// New arguments for a call without any.
    fn fill(&self, new: &[String]) -> Vec<Edit> {
        let Target { style, .. } = self.target;
        let has_comments = self
            .target
            .tokens()
            .in_range(self.inner())
            .iter()
            .any(|token| token.kind() == TokenKind::Comment);
        if !has_comments {
            let edits = vec![Edit::replacement(self.inner(), new.join(", "))];
            if style.is_too_long(&self.line_with(&edits)) {
                return self.break_up(new);
            }
            return edits;
        }
        let base = self.target.indentation(self.open.start());
        let lines: String = new
            .iter()
            .map(|argument| format!("{base}{}{argument},{}", style.indent, style.newline))
            .collect();
        let before = self.target.line_before(self.close.start());
        if before.trim().is_empty() {
            let start = self.close.start() - TextSize::of(before);
            return vec![Edit::insertion(start, lines)];
        }
        vec![Edit::insertion(self.close.start(), format!("{}{lines}{base}", style.newline))]
    }

    /// New arguments on lines of their own, as the others are.
    fn add_lines(&self, new: &[String], place: Place) -> Vec<Edit> {
        let newline = self.target.style.newline;
        let (Place::Before(at) | Place::Behind(at)) = place;
        let indentation = self.target.indentation(self.items[at].start());
        let last = match place {
            Place::Behind(last) => last,
            Place::Before(first) => {
                let lines: String =
                    new.iter().map(|argument| format!("{argument},{newline}{indentation}")).collect();
                return vec![Edit::insertion(self.items[first].start(), lines)];
            }
        };
        let mut edits = Vec::new();
        let comma = self.comma(last);
        let mut lines = String::new();
        for (at, argument) in new.iter().enumerate() {
            // As many commas as before: the last argument keeps the trailing comma that there was, or none.
            let ends = if at + 1 < new.len() || comma.is_some() { "," } else { "" };
            lines.push_str(&format!("{newline}{indentation}{argument}{ends}"));
        }
        let mut end = self.items[last].end();
        match comma {
            Some(comma) => end = comma.end(),
            None => {
                let comment = self.target.comment_behind(end);
                if comment.is_some() {
                    edits.push(Edit::insertion(end, ","));
                } else {
                    lines.insert(0, ',');
                }
            }
        }
        // A comment stays on its line, with the argument it was written about.
        if let Some(comment) = self.target.comment_behind(end) {
            end = comment.end();
        }
        edits.push(Edit::insertion(end, lines));
        edits
    }

    /// These arguments, each on its own line.
    fn break_up(&self, items: &[String]) -> Vec<Edit> {
        let Target { style, .. } = self.target;
        let base = self.target.indentation(self.open.start());
        let lines: String =
            items.iter().map(|item| format!("{}{base}{}{item},", style.newline, style.indent)).collect();
        vec![Edit::replacement(self.inner(), format!("{lines}{}{base}", style.newline))]
    }

    /// The arguments as they will be, but for new ones.
    fn items_with(&self, edits: &[Edit]) -> Vec<String> {
        let with = |item: &TextRange| {
            let mut text = self.target.source[*item].to_owned();
            for edit in edits.iter().filter(|edit| !edit.range.is_empty() && item.contains_range(edit.range))
            {
                let within = edit.range - item.start();
                text.replace_range(std::ops::Range::<usize>::from(within), &edit.content);
            }
            text
        };
        self.items.iter().map(with).collect()
    }

    /// The line of the arguments as it will be, without a comment behind it.
    fn line_with(&self, edits: &[Edit]) -> String {
        let mut edits: Vec<&Edit> = edits.iter().collect();
        edits.sort_by_key(|edit| (edit.range.start(), edit.range.end()));
        let mut line = self.target.line_before(self.open.start()).to_owned();
        let mut done = self.open.start();
        for edit in edits {
            line.push_str(&self.target.source[TextRange::new(done, edit.range.start())]);
            line.push_str(&edit.content);
            done = edit.range.end();
        }
        let (behind, _) = self.target.split_comment(done);
        line.push_str(behind);
        line
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Edits, Style, parse, verify};
    use super::*;

    fn one_more() -> NewArguments {
        NewArguments { add: vec!["\"n\"".to_owned()], ..NewArguments::default() }
    }

    /// Passes `"n"` to the call that is the whole of the first statement's value, in lines of up to 40 columns.
    fn extend(source: &str) -> String {
        let parsed = parse(source).expect("valid source");
        let style = Style::of(source, &parsed, 40);
        let target = Target { source, parsed: &parsed, style: &style };
        let call = parsed.syntax().body[0].as_expr_stmt().expect("an expression");
        let new = change_arguments(&target, call.value.range(), &one_more()).expect("a call");
        let mut edits = Edits::new();
        edits.add_all(new).expect("they are apart");
        let after = edits.apply(source);
        verify(source, &after, &edits).expect("all is kept");
        after
    }

    #[track_caller]
    fn case(source: &str, expected: &str) {
        assert_eq!(extend(source), expected);
    }

    #[test]
    fn on_one_line() {
        case("f()\n", "f(\"n\")\n");
        case("f(a)\n", "f(a, \"n\")\n");
        case("f(a, )\n", "f(a, \"n\", )\n");
        case("f('a', (b))\n", "f('a', (b), 'n')\n");
        case("f(a, k=1, **m)\n", "f(a, \"n\", k=1, **m)\n");
        case("f(k=1)\n", "f(\"n\", k=1)\n");
        case("f(*a)\n", "f(\"n\", *a)\n");
        case("f(a, *b, c)\n", "f(a, \"n\", *b, c)\n");
    }

    #[test]
    fn one_on_each_line() {
        case("f(\n    a,\n    b,\n)\n", "f(\n    a,\n    b,\n    \"n\",\n)\n");
        case("f(\n    a,\n    b\n)\n", "f(\n    a,\n    b,\n    \"n\"\n)\n");
        case("f(\n    a,\n    k=1,\n)\n", "f(\n    a,\n    \"n\",\n    k=1,\n)\n");
        case("f(\n    *a,\n    k=1,\n)\n", "f(\n    \"n\",\n    *a,\n    k=1,\n)\n");
        case("f(\r\n\ta,\r\n)\r\n", "f(\r\n\ta,\r\n\t\"n\",\r\n)\r\n");
    }

    #[test]
    fn comments_stay_on_their_lines() {
        case("f(\n    a,  # one\n    b,  # two\n)\n", "f(\n    a,  # one\n    b,  # two\n    \"n\",\n)\n");
        case("f(\n    a  # one\n)\n", "f(\n    a,  # one\n    \"n\"\n)\n");
        case("f(\n    a,\n    # none\n)\n", "f(\n    a,\n    \"n\",\n    # none\n)\n");
        case("f(  # one\n)\n", "f(  # one\n    \"n\",\n)\n");
        case("f(  # one\n  )\n", "f(  # one\n    \"n\",\n  )\n");
    }

    #[test]
    fn other_layouts() {
        case("f(a,\n  b)\n", "f(a,\n  b, \"n\")\n");
        case("f(\n    a, b\n)\n", "f(\n    a, b, \"n\"\n)\n");
    }

    #[test]
    fn lines_too_long_are_broken() {
        case(
            "function_name(\"some argument\", \"more\")\n",
            "function_name(\n    \"some argument\",\n    \"more\",\n    \"n\",\n)\n",
        );
        case(
            "some_long_module.some_long_function_name()\n",
            "some_long_module.some_long_function_name(\n    \"n\",\n)\n",
        );
    }

    #[test]
    fn a_lone_generator_is_refused() {
        let source = "f(a for a in b)\n";
        let parsed = parse(source).expect("valid source");
        let style = Style::of(source, &parsed, 40);
        let target = Target { source, parsed: &parsed, style: &style };
        let range = TextRange::up_to(TextSize::of("f(a for a in b)"));
        assert!(change_arguments(&target, range, &one_more()).is_err());
    }
}
