//! Further arguments for a call that is there, in the layout of those it has.

use ruff_python_ast::token::{TokenKind, parenthesized_range};
use ruff_python_ast::{AnyNodeRef, ArgOrKeyword, Arguments, Expr, ExprRef};
use ruff_source_file::LineRanges;
use ruff_text_size::{Ranged, TextLen, TextRange, TextSize};

use super::quotes::{quote_at, requote};
use super::{Edit, Refusal, Target};

/// What to change in the arguments of a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewArguments {
    /// Values of arguments that are there, and what to write in their place.
    pub replace: Vec<(TextRange, String)>,
    /// New positional arguments, behind the positional ones and before any `*args`, keyword or `**kwargs`.
    pub add: Vec<String>,
    /// New positional arguments in front of one that is there, which is given by its value.
    pub insert: Vec<(TextRange, Vec<String>)>,
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
    let mut replaced = Vec::new();
    for (range, argument) in &new.replace {
        target.expression(*range)?;
        let quote = quote_at(target, range.start())?;
        replaced.push(Edit::replacement(*range, requote(argument, quote)));
    }
    if list.items.is_empty() {
        let quote = quote_at(target, list.open.end())?;
        let add: Vec<String> = new.add.iter().map(|argument| requote(argument, quote)).collect();
        return Ok(if add.is_empty() { Vec::new() } else { list.fill(&add) });
    }
    let mut placed = Vec::new();
    for (before, arguments) in &new.insert {
        let at = list.items.iter().position(|item| item.contains_range(*before));
        let at = at.ok_or_else(|| Refusal::new("there is no argument at this place"))?;
        placed.push((Place::Before(at), arguments));
    }
    let end = list.plain.checked_sub(1).map_or(Place::Before(0), Place::Behind);
    placed.push((end, &new.add));
    let mut quoted: Vec<(Place, Vec<String>)> = Vec::new();
    placed.sort_by_key(|(place, _)| place.index());
    for (place, arguments) in placed.into_iter().filter(|(_, arguments)| !arguments.is_empty()) {
        let offset = match place {
            Place::Before(at) => list.items[at].start(),
            Place::Behind(at) => list.items[at].end(),
        };
        let quote = quote_at(target, offset)?;
        let arguments = arguments.iter().map(|argument| requote(argument, quote));
        match quoted.last_mut() {
            Some((known, all)) if *known == place => all.extend(arguments),
            _ => quoted.push((place, arguments.collect())),
        }
    }
    Ok(list.change(replaced, &quoted))
}

/// Where among the arguments new ones go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// In front of this one.
    Before(usize),
    /// Behind this one.
    Behind(usize),
}

impl Place {
    /// How many items stand before it.
    pub(super) fn index(self) -> usize {
        match self {
            Self::Before(at) => at,
            Self::Behind(at) => at + 1,
        }
    }
}

/// The arguments of a call, or the names of an import, with the brackets around them.
pub(super) struct List<'t, 'a> {
    target: &'t Target<'a>,
    open: TextRange,
    close: TextRange,
    /// Each argument, with its own parentheses.
    items: Vec<TextRange>,
    /// How many positional arguments stand before any star or keyword.
    plain: usize,
}

impl<'t, 'a> List<'t, 'a> {
    pub(super) fn new(target: &'t Target<'a>, arguments: &Arguments) -> Self {
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

    /// Names in brackets.
    pub(super) fn of_items(
        target: &'t Target<'a>,
        open: TextRange,
        close: TextRange,
        items: Vec<TextRange>,
    ) -> Self {
        Self { target, open, close, plain: items.len(), items }
    }

    pub(super) fn target(&self) -> &'t Target<'a> {
        self.target
    }

    pub(super) fn len(&self) -> usize {
        self.items.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The item that a place is beside.
    pub(super) fn item(&self, place: Place) -> Option<TextRange> {
        let (Place::Before(at) | Place::Behind(at)) = place;
        self.items.get(at).copied()
    }

    /// New items behind the first `count`.
    pub(super) fn append(&self, count: usize, new: &[String]) -> Vec<Edit> {
        if self.items.is_empty() {
            return self.fill(new);
        }
        let place = count.checked_sub(1).map_or(Place::Before(0), Place::Behind);
        self.change(Vec::new(), &[(place, new.to_vec())])
    }

    /// Other items in their places, and new ones, in the order of their places.
    pub(super) fn change(&self, replaced: Vec<Edit>, placed: &[(Place, Vec<String>)]) -> Vec<Edit> {
        let mut edits = replaced.clone();
        if self.is_one_per_line() {
            edits.extend(placed.iter().flat_map(|(place, new)| self.add_lines(new, *place)));
            return edits;
        }
        edits.extend(placed.iter().map(|(place, new)| self.add_inline(new, *place)));
        if !self.target.has_newline(self.inner()) && self.target.style.is_too_long(&self.line_with(&edits)) {
            return self.break_up(&self.items_with(&replaced, placed));
        }
        edits
    }

    fn add_inline(&self, new: &[String], place: Place) -> Edit {
        match place {
            Place::Before(at) => Edit::insertion(self.items[at].start(), format!("{}, ", new.join(", "))),
            Place::Behind(at) => Edit::insertion(self.items[at].end(), format!(", {}", new.join(", "))),
        }
    }

    pub(super) fn inner(&self) -> TextRange {
        TextRange::new(self.open.end(), self.close.start())
    }

    /// The comma behind an argument.
    pub(super) fn comma(&self, item: usize) -> Option<TextRange> {
        let (kind, range) = self.target.code_after(self.items[item].end())?;
        (kind == TokenKind::Comma).then_some(range)
    }

    /// Whether every argument begins a line.
    pub(super) fn is_one_per_line(&self) -> bool {
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

    /// Where the comments begin that stand on lines of their own right above an item: they speak of it.
    fn start_with_comments(&self, item: usize) -> TextSize {
        let source = self.target.source;
        let above = item.checked_sub(1).map_or(self.open.end(), |previous| self.items[previous].end());
        let mut start = self.items[item].start();
        loop {
            let line = source.line_start(start);
            if line <= above {
                return start;
            }
            let previous = source.line_start(line - TextSize::new(1));
            let text = &source[TextRange::new(previous, line)];
            if previous <= above || !text.trim_start().starts_with('#') {
                return start;
            }
            start = previous + (text.text_len() - text.trim_start().text_len());
        }
    }

    /// New arguments on lines of their own, as the others are.
    fn add_lines(&self, new: &[String], place: Place) -> Vec<Edit> {
        let newline = self.target.style.newline;
        let (Place::Before(at) | Place::Behind(at)) = place;
        let indentation = self.target.indentation(self.items[at].start());
        let last = match place {
            Place::Behind(last) => last,
            Place::Before(first) => {
                let start = self.start_with_comments(first);
                let indentation = self.target.indentation(start);
                let lines: String =
                    new.iter().map(|argument| format!("{argument},{newline}{indentation}")).collect();
                return vec![Edit::insertion(start, lines)];
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

    /// These items, each on its own line.
    pub(super) fn break_up(&self, items: &[String]) -> Vec<Edit> {
        vec![Edit::replacement(self.inner(), self.many_lines(items))]
    }

    /// What stands between brackets that hold these items, each on its own line.
    pub(super) fn many_lines(&self, items: &[String]) -> String {
        let Target { style, .. } = self.target;
        let base = self.target.indentation(self.open.start());
        let lines: String =
            items.iter().map(|item| format!("{}{base}{}{item},", style.newline, style.indent)).collect();
        format!("{lines}{}{base}", style.newline)
    }

    /// The items as they will be.
    pub(super) fn items_with(&self, replaced: &[Edit], placed: &[(Place, Vec<String>)]) -> Vec<String> {
        let with = |item: &TextRange| {
            let mut text = self.target.source[*item].to_owned();
            for edit in replaced.iter().rev().filter(|edit| item.contains_range(edit.range)) {
                let within = edit.range - item.start();
                text.replace_range(std::ops::Range::<usize>::from(within), &edit.content);
            }
            text
        };
        let mut items: Vec<String> = self.items.iter().map(with).collect();
        for (place, new) in placed.iter().rev() {
            let at = place.index();
            items.splice(at..at, new.iter().cloned());
        }
        items
    }

    /// The line of the items as it will be, without a comment behind it.
    pub(super) fn line_with(&self, edits: &[Edit]) -> String {
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
