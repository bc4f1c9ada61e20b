//! From a Jinja2 template to its value flow: what each of its tags does with values.
//!
//! Follows `jinja2.parser` and the extensions `i18n`, `do` and `loopcontrols`. A tag that is not known here costs nothing but
//! itself.

mod expression;
mod lexer;

use ruff_text_size::TextRange;
use tuneup_python::Symbol;
use tuneup_python::flow::{Argument, Block, Expr, ExprKind, FileFacts, FunctionId, Stmt, StmtKind};

use super::builder::{Builder, keyword, positional, step};
use expression::Reader;
use lexer::{Kind, Tag, Token};

/// How deep tags nest before what is inside is passed over.
const DEEPEST: usize = 64;

/// The value flow of a Jinja2 template. Function 0 is the whole template; each block and each macro is a function too.
pub(super) fn lower(source: &str) -> FileFacts {
    let tags = lexer::tags(source);
    let mut lowering = Lowering { tags: &tags, at: 0, depth: 0, builder: Builder::new() };
    let mut steps = Vec::new();
    while lowering.at < lowering.tags.len() {
        steps.extend(lowering.until(&[]).0);
        lowering.at += 1;
    }
    let body = lowering.builder.block(steps);
    let mut facts = lowering.builder.facts;
    facts.functions[0].body = body;
    facts.functions[0].range = TextRange::up_to(ruff_text_size::TextSize::of(source));
    facts
}

struct Lowering<'t, 's> {
    tags: &'t [Tag<'s>],
    at: usize,
    depth: usize,
    builder: Builder,
}

impl<'t, 's> Lowering<'t, 's> {
    /// Steps up to one of the tags named, which is left current; that tag, or nothing at the end.
    fn until(&mut self, ends: &[&str]) -> (Vec<Stmt>, Option<&'t Tag<'s>>) {
        let mut steps = Vec::new();
        while let Some(tag) = self.tags.get(self.at) {
            if tag.is_shown {
                let value = self.reader(tag, 0).tuple(true);
                steps.push(self.shown(value, tag.range));
                self.at += 1;
                continue;
            }
            let name = tag.tokens.first().map_or("", |token| token.text);
            if ends.contains(&name) {
                return (steps, Some(tag));
            }
            self.at += 1;
            self.depth += 1;
            if self.depth < DEEPEST {
                self.tag_steps(name, tag, &mut steps);
            }
            self.depth -= 1;
        }
        (steps, None)
    }

    /// Reads the words of a tag, from one on.
    fn reader(&mut self, tag: &'t Tag<'s>, from: usize) -> Reader<'_, 's> {
        Reader::new(&mut self.builder, tag.tokens.get(from..).unwrap_or_default(), tag.range)
    }

    fn shown(&mut self, value: Expr, range: TextRange) -> Stmt {
        let shown = self.builder.expr(ExprKind::Format(value, true), range);
        step(StmtKind::Expr(shown), range)
    }

    fn body(&mut self, ends: &[&str]) -> (Vec<Stmt>, Option<&'t Tag<'s>>) {
        let (steps, end) = self.until(ends);
        self.at += usize::from(end.is_some());
        (steps, end)
    }

    fn block(&mut self, ends: &[&str]) -> (Block, Option<&'t Tag<'s>>) {
        let (steps, end) = self.body(ends);
        (self.builder.block(steps), end)
    }

    fn put(&mut self, name: &str, value: Expr, range: TextRange, steps: &mut Vec<Stmt>) {
        let name = Symbol::new(name);
        let target = self.builder.expr(ExprKind::Context(name), range);
        steps.push(step(StmtKind::Assign(target, value), range));
    }

    fn tag_steps(&mut self, name: &'s str, tag: &'t Tag<'s>, steps: &mut Vec<Stmt>) {
        match name {
            "for" => self.for_tag(tag, steps),
            "if" => self.if_tag(tag, steps),
            "set" => self.set_tag(tag, steps),
            "with" => {
                self.assignments(tag, steps);
                steps.extend(self.body(&["endwith"]).0);
            }
            "block" => {
                let name = tag.tokens.get(1).map_or("", |token| token.text);
                let (body, _) = self.block(&["endblock"]);
                self.builder.function(Symbol::new(name), body, tag.range);
                let name = self.builder.text(name, tag.range);
                self.act("%block", &[positional(name)], tag.range, steps);
            }
            "extends" => {
                let value = self.reader(tag, 1).expression();
                self.act("%extends", &[positional(value)], tag.range, steps);
            }
            "include" => {
                let mut reader = self.reader(tag, 1);
                let value = reader.expression();
                let alone = is_without_context(&mut reader);
                let mut arguments = vec![positional(value)];
                if alone {
                    let yes = self.builder.expr(ExprKind::Bool(true), tag.range);
                    arguments.push(positional(yes));
                }
                self.act("%include", &arguments, tag.range, steps);
            }
            "import" => {
                let mut reader = self.reader(tag, 1);
                let value = reader.expression();
                reader.take("as");
                let Some(name) = reader.name() else { return };
                let module = self.module(value, has_context(tag), tag.range);
                self.put(name.text, module, tag.range, steps);
            }
            "from" => self.import_tag(tag, steps),
            "macro" => {
                let Some(name) = tag.tokens.get(1) else { return };
                let function = self.function(tag, 2, name.text, "endmacro");
                let value = self.made("%macro", function, tag.range);
                self.put(name.text, value, tag.range, steps);
            }
            "call" => self.call_tag(tag, steps),
            "filter" => steps.extend(self.body(&["endfilter"]).0),
            "autoescape" => steps.extend(self.body(&["endautoescape"]).0),
            "trans" => {
                self.assignments(tag, steps);
                let (inner, end) = self.body(&["pluralize", "endtrans"]);
                steps.extend(inner);
                if end.is_some_and(|end| end.tokens.first().is_some_and(|token| token.text == "pluralize")) {
                    steps.extend(self.body(&["endtrans"]).0);
                }
            }
            "do" => {
                let value = self.reader(tag, 1).tuple(true);
                steps.push(step(StmtKind::Expr(value), tag.range));
            }
            _ => {}
        }
    }

    fn act(&mut self, what: &str, arguments: &[Argument], range: TextRange, steps: &mut Vec<Stmt>) {
        let call = self.builder.call(what, arguments, range);
        steps.push(step(StmtKind::Expr(call), range));
    }

    /// A place that values are put in: a name, or several.
    fn target(&mut self, tokens: &[Token<'s>], range: TextRange) -> Expr {
        let names: Vec<Expr> = tokens
            .iter()
            .filter(|token| token.kind == Kind::Name)
            .map(|token| self.builder.expr(ExprKind::Context(Symbol::new(token.text)), token.range))
            .collect();
        match names.as_slice() {
            [one] => *one,
            several => {
                let run = self.builder.list(several);
                self.builder.expr(ExprKind::Tuple(run), range)
            }
        }
    }

    fn for_tag(&mut self, tag: &'t Tag<'s>, steps: &mut Vec<Stmt>) {
        let Some(at) = tag.tokens.iter().position(|token| token.kind == Kind::Name && token.text == "in")
        else {
            return;
        };
        let target = self.target(&tag.tokens[1..at.max(1)], tag.range);
        let mut reader = self.reader(tag, at + 1);
        let iter = reader.tuple(false);
        let test = reader.take("if").then(|| reader.expression());
        let (inner, end) = self.body(&["else", "endfor"]);
        let orelse = match end {
            Some(end) if end.tokens.first().is_some_and(|token| token.text == "else") => {
                self.block(&["endfor"]).0
            }
            _ => Block::default(),
        };
        let mut body = Vec::new();
        if let Some(test) = test {
            let tested = self.builder.expr(ExprKind::Not(test), tag.range);
            body.push(step(StmtKind::Expr(tested), tag.range));
        }
        body.extend(inner);
        let body = self.builder.block(body);
        steps.push(step(StmtKind::For { target, iter, body, orelse, is_async: false }, tag.range));
    }

    fn if_tag(&mut self, tag: &'t Tag<'s>, steps: &mut Vec<Stmt>) {
        let test = self.reader(tag, 1).tuple(true);
        let (then, end) = self.block(&["elif", "else", "endif"]);
        let orelse = match end.map(|end| (end, end.tokens.first().map_or("", |token| token.text))) {
            Some((end, "elif")) => {
                let mut inner = Vec::new();
                self.depth += 1;
                if self.depth < DEEPEST {
                    self.if_tag(end, &mut inner);
                }
                self.depth -= 1;
                self.builder.block(inner)
            }
            Some((_, "else")) => self.block(&["endif"]).0,
            _ => Block::default(),
        };
        steps.push(step(StmtKind::If { test, then, orelse }, tag.range));
    }

    fn set_tag(&mut self, tag: &'t Tag<'s>, steps: &mut Vec<Stmt>) {
        let Some(at) = tag.tokens.iter().position(|token| token.kind == Kind::Operator && token.text == "=")
        else {
            // `{% set name %}…{% endset %}`: a text.
            steps.extend(self.body(&["endset"]).0);
            let text = self.builder.expr(ExprKind::Number, tag.range);
            if let Some(name) = tag.tokens.get(1) {
                self.put(name.text, text, tag.range, steps);
            }
            return;
        };
        let value = self.reader(tag, at + 1).tuple(true);
        // What is set on a namespace is read, and not followed further.
        if tag.tokens[..at].iter().any(|token| token.text == ".") {
            steps.push(step(StmtKind::Expr(value), tag.range));
            return;
        }
        let target = self.target(&tag.tokens[1..at.max(1)], tag.range);
        steps.push(step(StmtKind::Assign(target, value), tag.range));
    }

    /// `name=value, …`
    fn assignments(&mut self, tag: &'t Tag<'s>, steps: &mut Vec<Stmt>) {
        let mut pairs = Vec::new();
        let mut reader = self.reader(tag, 1);
        while let Some(name) = reader.name() {
            if reader.take("=") {
                pairs.push((name.text, reader.expression()));
            }
            reader.take(",");
        }
        for (name, value) in pairs {
            self.put(name, value, tag.range, steps);
        }
    }

    fn module(&mut self, value: Expr, with_context: bool, range: TextRange) -> Expr {
        let with_context = self.builder.expr(ExprKind::Bool(with_context), range);
        self.builder.call("%import", &[positional(value), positional(with_context)], range)
    }

    /// `{% from "…" import a, b as c with context %}`
    fn import_tag(&mut self, tag: &'t Tag<'s>, steps: &mut Vec<Stmt>) {
        let mut reader = self.reader(tag, 1);
        let value = reader.expression();
        reader.take("import");
        let mut names = Vec::new();
        while let Some(name) = reader.name() {
            if matches!(name.text, "with" | "without") {
                break;
            }
            let known = match reader.take("as") {
                true => reader.name().unwrap_or(name),
                false => name,
            };
            names.push((name, known));
            reader.take(",");
        }
        let module = self.module(value, has_context(tag), tag.range);
        for (name, known) in names {
            let text = self.builder.text(name.text, name.range);
            let macro_ = self.builder.call("%attr", &[positional(module), positional(text)], tag.range);
            self.put(known.text, macro_, tag.range, steps);
        }
    }

    /// A function whose parameters stand from a word on.
    fn function(&mut self, tag: &'t Tag<'s>, from: usize, name: &str, end: &str) -> FunctionId {
        let mut taken = Vec::new();
        let mut reader = self.reader(tag, from);
        if reader.take("(") {
            while let Some(name) = reader.name() {
                let default = reader.take("=").then(|| reader.expression());
                taken.push((Symbol::new(name.text), default));
                reader.take(",");
            }
        }
        let (body, _) = self.block(&[end]);
        self.builder.function_of(Symbol::new(name), &taken, body, tag.range)
    }

    /// A value that can be called, of a function of this template.
    fn made(&mut self, what: &str, function: FunctionId, range: TextRange) -> Expr {
        let id = self.builder.expr(ExprKind::Int(function.0 as i32), range);
        self.builder.call(what, &[positional(id)], range)
    }

    /// `{% call(row) name(arguments) %}…{% endcall %}`: what stands within is the argument `caller`.
    fn call_tag(&mut self, tag: &'t Tag<'s>, steps: &mut Vec<Stmt>) {
        let mut from = 1;
        if tag.tokens.get(1).is_some_and(|token| token.text == "(") {
            from = tag.tokens.iter().position(|token| token.text == ")").map_or(1, |at| at + 1);
        }
        let value = self.reader(tag, from).expression();
        let function = self.function(tag, 1, "caller", "endcall");
        let caller = self.made("%caller", function, tag.range);
        let ExprKind::Call(callee, run) = self.builder.facts.kind(value) else { return };
        let mut arguments = self.builder.facts.arguments(run).to_vec();
        arguments.push(keyword("caller", caller));
        let run = self.builder.arguments(&arguments);
        let call = self.builder.expr(ExprKind::Call(callee, run), tag.range);
        steps.push(self.shown(call, tag.range));
    }
}

/// Whether an imported template is given the context of the one that imports it.
fn has_context(tag: &Tag<'_>) -> bool {
    matches!(tag.tokens.as_slice(), [.., with, context] if with.text == "with" && context.text == "context")
}

/// Whether an included template is not given the context of the one that includes it.
fn is_without_context(reader: &mut Reader<'_, '_>) -> bool {
    while let Some(token) = reader.next() {
        if token.kind == Kind::Name && token.text == "without" {
            return true;
        }
    }
    false
}
