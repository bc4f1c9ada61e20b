//! Calls of further methods at the end of an expression, in the layout of its chain.

use ruff_python_ast::token::{TokenKind, parenthesized_range};
use ruff_python_ast::{AnyNodeRef, ExprRef};
use ruff_source_file::UniversalNewlines;
use ruff_text_size::{Ranged, TextRange, TextSize};

use super::quotes::{quote_at, requote};
use super::target::Found;
use super::{Edit, Refusal, Style, Target};

/// A method to call, with its positional arguments as Python text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The method's name.
    pub method: String,
    /// Its arguments.
    pub arguments: Vec<String>,
}

impl Call {
    /// `.method(arguments)`
    pub fn new(method: impl Into<String>, arguments: Vec<String>) -> Self {
        Self { method: method.into(), arguments }
    }

    fn on_one_line(&self) -> String {
        format!("{}({})", self.method, self.arguments.join(", "))
    }

    /// With each argument on a line of its own.
    fn on_many_lines(&self, style: &Style, indentation: &str) -> String {
        let mut text = format!("{}({}", self.method, style.newline);
        for argument in &self.arguments {
            text.push_str(&format!("{indentation}{}{argument},{}", style.indent, style.newline));
        }
        text.push_str(indentation);
        text.push(')');
        text
    }
}

/// Calls methods on the value of the expression at `range`.
///
/// Where the chain is broken over lines with one call on each, a new call gets its own line, in the same way. An
/// expression that binds weaker than an attribute gets parentheses.
pub fn append_calls(target: &Target, range: TextRange, calls: &[Call]) -> Result<Vec<Edit>, Refusal> {
    let found = target.expression(range)?;
    let mut edits = Vec::new();
    let mut end = range.end();
    let mut closing = "";
    if needs_parentheses(found.expr)? {
        let parent = found.ancestors.first().copied();
        match parent.and_then(|parent| parenthesized_range(found.expr, parent, target.tokens())) {
            Some(parenthesized) => end = parenthesized.end(),
            None => {
                edits.push(Edit::insertion(range.start(), "("));
                closing = ")";
            }
        }
    }
    let quote = quote_at(target, end)?;
    let calls: Vec<Call> = calls
        .iter()
        .map(|call| {
            let arguments = call.arguments.iter().map(|argument| requote(argument, quote));
            Call::new(&call.method, arguments.collect())
        })
        .collect();

    let separator = separator(target, &found);
    let (end, text) = match separator {
        Some(separator) if closing.is_empty() => on_own_lines(target, end, &separator, &calls),
        _ => (end, on_same_line(target, end, &calls)),
    };
    edits.push(Edit::insertion(end, format!("{closing}{text}")));
    Ok(edits)
}

fn on_same_line(target: &Target, end: TextSize, calls: &[Call]) -> String {
    let mut text = String::new();
    let mut line = target.line_before(end).to_owned();
    let indentation = target.indentation(end);
    let (behind, _comment) = target.split_comment(end);
    for (at, call) in calls.iter().enumerate() {
        let tail = if at + 1 == calls.len() { behind } else { "" };
        let short = format!(".{}", call.on_one_line());
        if call.arguments.is_empty() || !target.style.is_too_long(&format!("{line}{short}{tail}")) {
            line.push_str(&short);
            text.push_str(&short);
        } else {
            text.push('.');
            text.push_str(&call.on_many_lines(target.style, indentation));
            line = format!("{indentation})");
        }
    }
    text
}

fn on_own_lines(target: &Target, end: TextSize, separator: &Separator, calls: &[Call]) -> (TextSize, String) {
    let (behind, comment) = target.split_comment(end);
    // A comment stays on its line, with what it was written about.
    let end = match comment {
        Some(_) if !behind.is_empty() => end,
        Some(_) if separator.has_backslash => return (end, on_same_line(target, end, calls)),
        Some(comment) => comment.end(),
        None => end,
    };
    let mut text = String::new();
    for call in calls {
        let short = call.on_one_line();
        text.push_str(&separator.text);
        let line = format!("{}{short}", separator.last_line());
        if call.arguments.is_empty() || !target.style.is_too_long(&line) {
            text.push_str(&short);
        } else {
            text.push_str(&call.on_many_lines(target.style, separator.indentation()));
        }
    }
    (end, text)
}

/// What stands between a value and its attribute where a chain is broken over lines: `\n    .`
struct Separator {
    text: String,
    has_backslash: bool,
}

impl Separator {
    /// Of the text between a value and its attribute, without the comments in it.
    fn new(between: &str, comments: bool, newline: &str) -> Self {
        let lines: Vec<_> = between.universal_newlines().collect();
        let mut text = String::new();
        for (at, line) in lines.iter().enumerate() {
            let code = if comments { line.split('#').next().unwrap_or_default() } else { line.as_str() };
            let is_last = at + 1 == lines.len();
            if is_last {
                text.push_str(code);
            } else if at == 0 || !code.trim().is_empty() {
                text.push_str(if comments { code.trim_end() } else { code });
                text.push_str(newline);
            }
        }
        Self { has_backslash: text.contains('\\'), text }
    }

    fn last_line(&self) -> &str {
        self.text.rsplit(['\n', '\r']).next().unwrap_or_default()
    }

    fn indentation(&self) -> &str {
        let line = self.last_line();
        &line[..line.len() - line.trim_start().len()]
    }
}

/// How the chain of an expression is broken over lines, if it is.
fn separator(target: &Target, found: &Found) -> Option<Separator> {
    let below = std::iter::successors(Some(found.expr), |expr| value_of(*expr));
    let above = chain_above(found).into_iter();
    let end = found.expr.end();
    below
        .chain(above)
        .filter_map(|expr| match expr {
            ExprRef::Attribute(attribute) => Some(attribute.attr.start()),
            _ => None,
        })
        .find_map(|name| {
            let (_, dot) = target.code_before(name).filter(|(kind, _)| *kind == TokenKind::Dot)?;
            let (_, value) = target.code_before(dot.start())?;
            let between = TextRange::new(value.end(), name);
            if !target.has_newline(between) || !is_same_bracket(target, dot.start(), end) {
                return None;
            }
            let tokens = target.tokens().in_range(between);
            let comments = tokens.iter().any(|token| token.kind() == TokenKind::Comment);
            Some(Separator::new(&target.source[between], comments, target.style.newline))
        })
}

/// The links of the chain that go on from an expression.
pub(super) fn chain_above<'a>(found: &Found<'a>) -> Vec<ExprRef<'a>> {
    let mut links = Vec::new();
    let mut below = found.expr.range();
    for node in &found.ancestors {
        let goes_on = match node {
            AnyNodeRef::ExprAttribute(attribute) => attribute.value.range() == below,
            AnyNodeRef::ExprCall(call) => call.func.range() == below,
            AnyNodeRef::ExprSubscript(subscript) => subscript.value.range() == below,
            _ => false,
        };
        let Some(link) = node.as_expr_ref().filter(|_| goes_on) else { break };
        below = link.range();
        links.push(link);
    }
    links
}

/// The value that an attribute, a call or a subscript is of.
fn value_of(expr: ExprRef) -> Option<ExprRef> {
    match expr {
        ExprRef::Attribute(attribute) => Some(ExprRef::from(&*attribute.value)),
        ExprRef::Call(call) => Some(ExprRef::from(&*call.func)),
        ExprRef::Subscript(subscript) => Some(ExprRef::from(&*subscript.value)),
        _ => None,
    }
}

/// Whether no bracket that is open at one offset is closed at the other: only then may a newline that stands at
/// the one stand at the other.
fn is_same_bracket(target: &Target, a: TextSize, b: TextSize) -> bool {
    let range = TextRange::new(a.min(b), a.max(b));
    let (mut depth, mut lowest) = (0_i32, 0_i32);
    for token in target.tokens().in_range(range) {
        match token.kind() {
            TokenKind::Lpar | TokenKind::Lsqb | TokenKind::Lbrace => depth += 1,
            TokenKind::Rpar | TokenKind::Rsqb | TokenKind::Rbrace => depth -= 1,
            _ => {}
        }
        lowest = lowest.min(depth);
    }
    depth == 0 && lowest == 0
}

/// Whether an expression binds weaker than an attribute of it would.
fn needs_parentheses(expr: ExprRef) -> Result<bool, Refusal> {
    match expr {
        ExprRef::Attribute(_)
        | ExprRef::Call(_)
        | ExprRef::Subscript(_)
        | ExprRef::Name(_)
        | ExprRef::List(_)
        | ExprRef::Set(_)
        | ExprRef::Dict(_)
        | ExprRef::ListComp(_)
        | ExprRef::SetComp(_)
        | ExprRef::DictComp(_) => Ok(false),
        ExprRef::BoolOp(_)
        | ExprRef::BinOp(_)
        | ExprRef::UnaryOp(_)
        | ExprRef::Compare(_)
        | ExprRef::If(_)
        | ExprRef::Lambda(_)
        | ExprRef::Await(_)
        | ExprRef::Yield(_)
        | ExprRef::YieldFrom(_)
        | ExprRef::Named(_) => Ok(true),
        _ => Err(Refusal::new("no method can be called on an expression of this kind")),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Edits, parse, verify};
    use super::*;

    /// Calls `.f("a")` on the expression between `«` and `»`, in lines of up to 40 columns.
    fn append(marked: &str) -> Result<String, Refusal> {
        append_all(marked, &[Call::new("f", vec!["\"a\"".to_owned()])])
    }

    fn append_all(marked: &str, calls: &[Call]) -> Result<String, Refusal> {
        let start = TextSize::try_from(marked.find('«').expect("a start")).expect("short");
        let end = TextSize::try_from(marked.find('»').expect("an end")).expect("short") - TextSize::of('«');
        let source = marked.replace(['«', '»'], "");
        let parsed = parse(&source).expect("valid source");
        let style = Style::of(&source, &parsed, 40);
        let target = Target { source: &source, parsed: &parsed, style: &style };
        let mut edits = Edits::new();
        edits.add_all(append_calls(&target, TextRange::new(start, end), calls)?)?;
        let after = edits.apply(&source);
        verify(&source, &after, &edits)?;
        Ok(after)
    }

    #[track_caller]
    fn case(marked: &str, expected: &str) {
        assert_eq!(append(marked).as_deref(), Ok(expected));
    }

    #[test]
    fn a_chain_on_one_line_goes_on() {
        case("x = «a.b»\n", "x = a.b.f(\"a\")\n");
        case("x = «a»[1:]\n", "x = a.f(\"a\")[1:]\n");
        case("x = list(«a.b(c)») # c\n", "x = list(a.b(c).f(\"a\")) # c\n");
        case("x = «a.b(c)».d()\n", "x = a.b(c).f(\"a\").d()\n");
    }

    #[test]
    fn a_broken_chain_gets_one_more_line() {
        case("x = («a\n     .b\n     .c()»)\n", "x = (a\n     .b\n     .c()\n     .f(\"a\"))\n");
        case("x = (\n    «a.b()\n    .c()»\n)\n", "x = (\n    a.b()\n    .c()\n    .f(\"a\")\n)\n");
        case("x = (\n    «a.b()»\n    .c()\n)\n", "x = (\n    a.b()\n    .f(\"a\")\n    .c()\n)\n");
        case("x = («a.\n     b».\n     c)\n", "x = (a.\n     b.\n     f(\"a\").\n     c)\n");
        case("x = («a\n\t.b»)\n", "x = (a\n\t.b\n\t.f(\"a\"))\n");
    }

    #[test]
    fn newlines_and_backslashes_are_copied() {
        case("x = «a \\\n    .b()»\n", "x = a \\\n    .b() \\\n    .f(\"a\")\n");
        case("x = («a\r\n  .b»)\r\n", "x = (a\r\n  .b\r\n  .f(\"a\"))\r\n");
        case("x = («a\r  .b»)\r", "x = (a\r  .b\r  .f(\"a\"))\r");
        case("x = «a \\\n    .b()»  # c\n", "x = a \\\n    .b().f(\"a\")  # c\n");
    }

    #[test]
    fn a_break_elsewhere_is_no_broken_chain() {
        case("x = «a.b(\n    c,\n)»\n", "x = a.b(\n    c,\n).f(\"a\")\n");
        case("x = «(a\n  .b).c()»\n", "x = (a\n  .b).c().f(\"a\")\n");
        case("x = «a.b(c\n  .d)»\n", "x = a.b(c\n  .d).f(\"a\")\n");
    }

    #[test]
    fn comments_stay_on_their_lines() {
        case(
            "x = (\n    «a  # one\n    # two\n    .b()  # three\n    .c()»  # four\n)\n",
            "x = (\n    a  # one\n    # two\n    .b()  # three\n    .c()  # four\n    .f(\"a\")\n)\n",
        );
        case("x = («a\n  .b», c)  # d\n", "x = (a\n  .b\n  .f(\"a\"), c)  # d\n");
    }

    #[test]
    fn weak_expressions_get_parentheses_once() {
        case("x = «a if b else c»\n", "x = (a if b else c).f(\"a\")\n");
        case("x = («a | b»)\n", "x = (a | b).f(\"a\")\n");
        case("x = g(«a | b»)\n", "x = g((a | b).f(\"a\"))\n");
        case("async def g():\n    return «await a»\n", "async def g():\n    return (await a).f(\"a\")\n");
        assert!(append("x = «1»\n").is_err());
        assert!(append("x = g(«a for a in b»)\n").is_err());
    }

    #[test]
    fn quotes_are_those_of_the_statement_then_of_the_file() {
        case("x = «a('b')»\ny = \"\", \"\"\n", "x = a('b').f('a')\ny = \"\", \"\"\n");
        case("x = «a»\ny = ''\n", "x = a.f('a')\ny = ''\n");
        case("x = a['b'], «c», d, \"e\"\n", "x = a['b'], c.f('a'), d, \"e\"\n");
        case("x = f'{«a»}'\n", "x = f'{a.f(\"a\")}'\n");
        assert!(append("x = f'{f\"{«a»}\"}'\n").is_err());
    }

    #[test]
    fn long_lines_are_broken_at_the_new_brackets() {
        case(
            "if x:\n    some_name = «some.long.value.of.a.chain»\n",
            "if x:\n    some_name = some.long.value.of.a.chain.f(\n        \"a\",\n    )\n",
        );
        case(
            "some_name_that = («some.long.value.of.a.chain\n                                   .b»)\n",
            "some_name_that = (some.long.value.of.a.chain\n                                   .b\n                                   \
             .f(\n                                       \"a\",\n                                   ))\n",
        );
    }

    #[test]
    fn several_calls_follow_each_other() {
        let calls =
            [Call::new("f", vec!["\"a\"".to_owned()]), Call::new("g", vec!["b".to_owned(), "c".to_owned()])];
        assert_eq!(append_all("x = «a»\n", &calls).as_deref(), Ok("x = a.f(\"a\").g(b, c)\n"));
        assert_eq!(
            append_all("x = («a\n  .b»)\n", &calls).as_deref(),
            Ok("x = (a\n  .b\n  .f(\"a\")\n  .g(b, c))\n")
        );
    }

    #[test]
    fn a_place_without_an_expression_is_refused() {
        for marked in ["x« = »a\n", "x = a«»\n", "x = «a.»b\n", "x« = a»\n"] {
            assert!(append(marked).is_err(), "{marked}");
        }
    }
}
