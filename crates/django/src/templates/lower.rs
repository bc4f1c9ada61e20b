//! From a template's tokens to its value flow: what each of Django's tags does with values.
//!
//! Follows `django.template.defaulttags`, `loader_tags`, `templatetags.i18n`, `cache` and `static`. A tag that is not known
//! here is a `%tag` call of its pieces, so that a project's own tags can be followed and the others cost
//! nothing but themselves.

use ruff_text_size::TextRange;
use tuneup_python::Symbol;
use tuneup_python::flow::{Argument, Block, Expr, ExprKind, FileFacts, Run, Stmt, StmtKind};

use super::builder::{Builder, keyword, part, positional, step};
use super::condition;
use super::expression;
use super::lexer::{Kind, Token, pieces, tokens};

/// How deep tags nest before what is inside is passed over.
const DEEPEST: usize = 64;

/// The value flow of a Django template. Function 0 is the whole template; each `{% block %}` is a function too.
pub fn lower(source: &str) -> FileFacts {
    let mut lowering = Lowering { source, tokens: tokens(source), at: 0, depth: 0, builder: Builder::new() };
    let mut steps = Vec::new();
    while lowering.at < lowering.tokens.len() {
        // An end tag without a beginning is passed over, as its neighbours must not be lost.
        steps.extend(lowering.until(&[]).0);
        lowering.at += 1;
    }
    let body = lowering.builder.block(steps);
    let mut facts = lowering.builder.facts;
    facts.functions[0].body = body;
    facts.functions[0].range = TextRange::up_to(ruff_text_size::TextSize::of(source));
    facts
}

struct Lowering<'s> {
    source: &'s str,
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
    builder: Builder,
}

/// A tag's name and the rest of its content.
#[derive(Clone, Copy)]
struct Tag<'s> {
    name: &'s str,
    rest: &'s str,
    /// Where the rest stands.
    rest_range: TextRange,
    /// The whole tag.
    range: TextRange,
}

impl<'s> Lowering<'s> {
    /// Steps up to one of the tags named, which is left current; its name, or nothing at the end.
    fn until(&mut self, ends: &[&str]) -> (Vec<Stmt>, Option<Tag<'s>>) {
        let mut steps = Vec::new();
        while let Some(&token) = self.tokens.get(self.at) {
            match token.kind {
                Kind::Text | Kind::Comment => {}
                Kind::Variable => {
                    let content = &self.source[token.content];
                    let value = expression::lower(&mut self.builder, content, token.content);
                    let shown = self.shown(value, token.content);
                    steps.push(step(StmtKind::Expr(shown), token.content));
                }
                Kind::Block => {
                    let tag = self.tag(token);
                    if ends.contains(&tag.name) {
                        return (steps, Some(tag));
                    }
                    self.at += 1;
                    self.depth += 1;
                    if self.depth < DEEPEST {
                        self.tag_steps(tag, &mut steps);
                    }
                    self.depth -= 1;
                    continue;
                }
            }
            self.at += 1;
        }
        (steps, None)
    }

    fn tag(&self, token: Token) -> Tag<'s> {
        let content = &self.source[token.content];
        let name_len = content.find(|c: char| c.is_whitespace()).unwrap_or(content.len());
        let name = &content[..name_len];
        let rest = content[name_len..].trim_start();
        let offset = content.len() - rest.len();
        Tag { name, rest, rest_range: part(token.content, offset, rest.len()), range: token.range }
    }

    /// What `{{ value }}` does: the value is made into text.
    fn shown(&mut self, value: Expr, range: TextRange) -> Expr {
        self.builder.expr(ExprKind::Format(value, true), range)
    }

    fn value(&mut self, tag: &Tag<'s>, piece: (usize, &str)) -> Expr {
        let range = part(tag.rest_range, piece.0, piece.1.len());
        expression::lower(&mut self.builder, piece.1, range)
    }

    fn body(&mut self, ends: &[&str]) -> (Block, Option<Tag<'s>>) {
        let (steps, end) = self.until(ends);
        if end.is_some() {
            self.at += 1;
        }
        (self.builder.block(steps), end)
    }

    fn inline(&mut self, end: &str, steps: &mut Vec<Stmt>) {
        let (inner, found) = self.until(&[end]);
        steps.extend(inner);
        if found.is_some() {
            self.at += 1;
        }
    }

    /// Passes over all up to and with a tag, whatever it is: words of a comment may look like tags.
    fn skip_past(&mut self, end: &str) {
        let is_end = |token: &Token| token.kind == Kind::Block && &self.source[token.content] == end;
        let rest = self.tokens.get(self.at..).unwrap_or_default();
        self.at += rest.iter().position(is_end).map_or(rest.len(), |found| found + 1);
    }

    fn put(&mut self, name: &str, value: Expr, range: TextRange, steps: &mut Vec<Stmt>) {
        let name = Symbol::new(name);
        let target = self.builder.expr(ExprKind::Context(name), range);
        steps.push(step(StmtKind::Assign(target, value), range));
    }

    fn tag_steps(&mut self, tag: Tag<'s>, steps: &mut Vec<Stmt>) {
        match tag.name {
            "for" | "asyncfor" => self.for_tag(tag, steps),
            "if" => self.if_tag(tag, steps),
            "ifequal" | "ifnotequal" | "ifchanged" => {
                self.show_pieces(&tag, steps);
                let (then, end) = self.body(&["else", &format!("end{}", tag.name)]);
                let orelse = match end {
                    Some(end) if end.name == "else" => self.body(&[&format!("end{}", tag.name)]).0,
                    _ => Block::default(),
                };
                let test = self.builder.expr(ExprKind::Number, tag.range);
                steps.push(step(StmtKind::If { test, then, orelse }, tag.range));
            }
            "with" => {
                self.assignments(&tag, &pieces(tag.rest), steps);
                self.inline("endwith", steps);
            }
            "block" => {
                let name = pieces(tag.rest).first().map_or("", |piece| piece.1);
                let (body, _) = self.body(&["endblock"]);
                self.builder.function(Symbol::new(name), body, tag.range);
                let name = self.builder.text(name, tag.rest_range);
                let call = self.builder.call("%block", &[positional(name)], tag.range);
                steps.push(step(StmtKind::Expr(call), tag.range));
            }
            "extends" | "include" => self.include(tag, steps),
            "comment" => self.skip_past("endcomment"),
            "verbatim" => self.inline("endverbatim", steps),
            "load" | "csrf_token" | "debug" | "templatetag" | "now" | "lorem" | "resetcycle" => {}
            "regroup" => {
                let parts = pieces(tag.rest);
                if let [source, (_, "by"), by, (_, "as"), name] = parts.as_slice() {
                    let value = self.value(&tag, *source);
                    let by = self.builder.text(by.1, part(tag.rest_range, by.0, by.1.len()));
                    let call = self.builder.call("%regroup", &[positional(value), positional(by)], tag.range);
                    self.put(name.1, call, tag.range, steps);
                }
            }
            "blocktranslate" | "blocktrans" => {
                let all = pieces(tag.rest);
                let named =
                    all.iter().position(|piece| piece.1 == "asvar").and_then(|at| all.get(at + 1)).copied();
                let parts: Vec<(usize, &str)> = all
                    .into_iter()
                    .filter(|piece| {
                        !matches!(piece.1, "with" | "and" | "count" | "trimmed" | "context" | "asvar")
                    })
                    .collect();
                self.assignments(&tag, &parts, steps);
                let end = format!("end{}", tag.name);
                let (inner, found) = self.until(&["plural", &end]);
                steps.extend(inner);
                if found.is_some_and(|found| found.name == "plural") {
                    self.at += 1;
                    self.inline(&end, steps);
                } else {
                    self.at += 1;
                }
                if let Some((_, name)) = named {
                    self.put_made(&tag, name, steps);
                }
            }
            "cache" => {
                self.show_pieces(&tag, steps);
                let timeout = pieces(tag.rest).first().map_or("", |piece| piece.1);
                let Some(what) = fragment(timeout) else { return self.inline("endcache", steps) };
                let begin = self.builder.call(what, &[], tag.range);
                steps.push(step(StmtKind::Expr(begin), tag.range));
                self.inline("endcache", steps);
                // Steps stand in the order of their places.
                let range = TextRange::empty(steps.last().map_or(tag.range.end(), |last| last.range.end()));
                let end = self.builder.call("%endcached", &[], range);
                steps.push(step(StmtKind::Expr(end), range));
            }
            "filter" | "autoescape" | "spaceless" | "localize" | "localtime" | "timezone" | "language" => {
                if tag.name != "filter" {
                    self.show_pieces(&tag, steps);
                }
                self.inline(&format!("end{}", tag.name), steps);
            }
            "partialdef" => self.inline("endpartialdef", steps),
            // Words within blocks that are not known, or ends of them.
            "else" | "empty" | "elif" | "plural" => {}
            name if name.starts_with("end") => {}
            "cycle" | "firstof" | "url" | "widthratio" | "translate" | "trans" | "static" | "querystring" => {
                self.show_pieces(&tag, steps);
            }
            _ => self.other_tag(tag, steps),
        }
    }

    /// Reads every piece of a tag as a value, and shows it, or puts it under a name.
    fn show_pieces(&mut self, tag: &Tag<'s>, steps: &mut Vec<Stmt>) {
        let mut name_follows = false;
        for (offset, piece) in pieces(tag.rest) {
            if std::mem::replace(&mut name_follows, piece == "as") {
                self.put_made(tag, piece, steps);
                continue;
            }
            if matches!(piece, "as" | "silent" | "on" | "off") {
                continue;
            }
            let (offset, piece) = match piece.split_once('=') {
                Some((name, value)) if is_name(name) => (offset + name.len() + 1, value),
                _ => (offset, piece),
            };
            let value = self.value(tag, (offset, piece));
            let shown = self.shown(value, tag.range);
            steps.push(step(StmtKind::Expr(shown), tag.range));
        }
    }

    /// Puts what a tag makes under a name.
    fn put_made(&mut self, tag: &Tag<'s>, name: &str, steps: &mut Vec<Stmt>) {
        let made = self.builder.expr(ExprKind::Opaque(Run::default()), tag.range);
        self.put(name, made, tag.range, steps);
    }

    /// `name=value` pairs, and the older `value as name`.
    fn assignments(&mut self, tag: &Tag<'s>, parts: &[(usize, &str)], steps: &mut Vec<Stmt>) {
        let mut index = 0;
        while let Some(&(offset, piece)) = parts.get(index) {
            index += 1;
            if let Some((name, value)) = piece.split_once('=')
                && is_name(name)
            {
                let value = self.value(tag, (offset + name.len() + 1, value));
                self.put(name, value, tag.range, steps);
            } else if let (Some((_, "as")), Some(&(_, name))) = (parts.get(index), parts.get(index + 1)) {
                let value = self.value(tag, (offset, piece));
                self.put(name, value, tag.range, steps);
                index += 2;
            }
        }
    }

    fn for_tag(&mut self, tag: Tag<'s>, steps: &mut Vec<Stmt>) {
        let parts = pieces(tag.rest);
        let (body, orelse) = {
            let (body, end) = self.body(&["empty", "endfor"]);
            match end {
                Some(end) if end.name == "empty" => (body, self.body(&["endfor"]).0),
                _ => (body, Block::default()),
            }
        };
        let Some(at) = parts.iter().position(|piece| piece.1 == "in") else { return };
        let Some(&iterated) = parts.get(at + 1) else { return };
        let iter = self.value(&tag, iterated);
        let names: Vec<&str> =
            parts[..at].iter().flat_map(|piece| piece.1.split(',')).filter(|name| !name.is_empty()).collect();
        let targets: Vec<Expr> = names
            .iter()
            .map(|name| {
                let name = Symbol::new(name);
                self.builder.expr(ExprKind::Context(name), tag.range)
            })
            .collect();
        let target = match targets.as_slice() {
            [one] => *one,
            several => {
                let run = self.builder.list(several);
                self.builder.expr(ExprKind::Tuple(run), tag.range)
            }
        };
        steps.push(step(StmtKind::For { target, iter, body, orelse, is_async: false }, tag.range));
    }

    fn if_tag(&mut self, tag: Tag<'s>, steps: &mut Vec<Stmt>) {
        let test = condition::lower(&mut self.builder, &pieces(tag.rest), tag.rest_range);
        let (then, end) = self.body(&["elif", "else", "endif"]);
        let orelse = match end {
            Some(end) if end.name == "elif" => {
                let mut inner = Vec::new();
                self.depth += 1;
                if self.depth < DEEPEST {
                    self.if_tag(end, &mut inner);
                }
                self.depth -= 1;
                self.builder.block(inner)
            }
            Some(end) if end.name == "else" => self.body(&["endif"]).0,
            _ => Block::default(),
        };
        steps.push(step(StmtKind::If { test, then, orelse }, tag.range));
    }

    fn include(&mut self, tag: Tag<'s>, steps: &mut Vec<Stmt>) {
        let parts = pieces(tag.rest);
        let Some(&first) = parts.first() else { return };
        let mut arguments = vec![positional(self.value(&tag, first))];
        let mut only = false;
        for &(offset, piece) in &parts[1..] {
            match piece.split_once('=') {
                Some((name, value)) if is_name(name) => {
                    let value = self.value(&tag, (offset + name.len() + 1, value));
                    arguments.push(keyword(name, value));
                }
                _ => only |= piece == "only",
            }
        }
        if only {
            let yes = self.builder.expr(ExprKind::Bool(true), tag.range);
            arguments.push(positional(yes));
        }
        let what = if tag.name == "extends" { "%extends" } else { "%include" };
        let call = self.builder.call(what, &arguments, tag.range);
        steps.push(step(StmtKind::Expr(call), tag.range));
    }

    fn other_tag(&mut self, tag: Tag<'s>, steps: &mut Vec<Stmt>) {
        let parts = pieces(tag.rest);
        let name = self.builder.text(tag.name, tag.range);
        let mut arguments: Vec<Argument> = vec![positional(name)];
        let mut bound = None;
        let mut index = 0;
        while let Some(&(offset, piece)) = parts.get(index) {
            index += 1;
            if piece == "as" {
                bound = parts.get(index).map(|piece| piece.1);
                break;
            }
            match piece.split_once('=') {
                Some((name, value)) if is_name(name) => {
                    let value = self.value(&tag, (offset + name.len() + 1, value));
                    arguments.push(keyword(name, value));
                }
                _ => {
                    let value = self.value(&tag, (offset, piece));
                    arguments.push(positional(value));
                }
            }
        }
        let what = if bound.is_some() { "%named_tag" } else { "%tag" };
        let call = self.builder.call(what, &arguments, tag.range);
        match bound {
            Some(name) => self.put(name, call, tag.range, steps),
            None => {
                let shown = self.shown(call, tag.range);
                steps.push(step(StmtKind::Expr(shown), tag.range));
            }
        }
    }
}

/// How a fragment is begun that `{% cache timeout … %}` keeps: nothing where it keeps none, which is so for no more than 0
/// seconds. `None` keeps it for good, and of any other expression only those who run it know.
///
/// <https://docs.djangoproject.com/en/stable/topics/cache/#template-fragment-caching>
fn fragment(timeout: &str) -> Option<&'static str> {
    let seconds = timeout.trim_matches(['"', '\'']);
    match (seconds, seconds.parse::<i64>()) {
        ("None", _) => Some("%cached"),
        (_, Ok(seconds)) => (seconds > 0).then_some("%cached"),
        (_, Err(_)) => Some("%cached_for"),
    }
}

/// Whether a text is a name that an argument can have.
fn is_name(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_alphanumeric() || c == '_')
}
