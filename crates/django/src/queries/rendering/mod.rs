//! Templates: rendered on a context of abstract values, so that what they read is recorded as Python's reads are.
//!
//! A template's function has two slots: its context, and the blocks that templates which extend it have put in
//! place of its own, most derived first.

pub(in crate::queries) mod contexts;
mod filters;
pub(in crate::queries) mod jinja;

use tuneup_python::flow::{Argument, ArgumentKind, ExprKind, FunctionId, Run, StmtKind};
use tuneup_python::{FileId, FunctionRef, Symbol};

use crate::queries::calls::{Arguments, CallSite};
use crate::queries::known::aside::Aside;
use crate::queries::machine::{Frame, Machine};
use crate::queries::python::left::Left;
use crate::queries::value::{Shape, Site, Value};
use crate::templates::{Tag, TagKind};

/// How deep templates extend and include one another.
pub(in crate::queries) const DEEPEST: usize = 12;

/// How many files of one template's name are rendered.
const MOST_FILES: usize = 4;

impl<'p> Machine<'p> {
    /// Renders the templates that a value names, on a context.
    pub(crate) fn render_named(&mut self, name: Value, context: Value) {
        for member in self.values.members(name) {
            match self.values.shape(member).clone() {
                Shape::Str(name) => {
                    for &file in self.templates.all_named(name.as_str()).iter().take(MOST_FILES) {
                        self.render(file, context, None);
                    }
                }
                // A list of names: the first that exists.
                Shape::Tuple(items) => {
                    let exists = |machine: &Self, item: &Value| match machine.values.shape(*item) {
                        Shape::Str(name) => machine.templates.named(name.as_str()).is_some(),
                        _ => false,
                    };
                    if let Some(&item) = items.iter().find(|item| exists(self, item)) {
                        self.render_named(item, context);
                    }
                }
                Shape::Sequence(item) => self.render_named(item, context),
                _ => {}
            }
        }
    }

    /// Renders the templates that texts are, on a context.
    pub(crate) fn render_text(&mut self, text: Value, context: Value) {
        for member in self.values.members(text) {
            if let Shape::Str(text) = *self.values.shape(member)
                && let Some(file) = self.templates.of_text(text)
            {
                self.render(file, context, None);
            }
        }
    }

    /// Renders a template, with the blocks that extending templates put in place of its own.
    fn render(&mut self, file: FileId, context: Value, blocks: Option<Value>) {
        let Some(facts) = self.templates.facts(self.project, file) else { return };
        if self.rendering >= DEEPEST {
            return;
        }
        self.rendering += 1;
        let blocks = blocks.unwrap_or_else(|| self.values.mapping(Vec::new(), Value::NEVER, Value::NEVER));
        let parent = facts.block(facts.function(FunctionId(0)).body).iter().find_map(|stmt| match stmt.kind {
            StmtKind::Expr(expr) => match facts.kind(expr) {
                ExprKind::Call(callee, arguments)
                    if matches!(facts.kind(callee), ExprKind::Context(name) if name == "%extends") =>
                {
                    facts.arguments(arguments).first().map(|argument| argument.value)
                }
                _ => None,
            },
            _ => None,
        });
        match parent {
            Some(parent) => {
                let blocks = self.with_blocks(file, blocks);
                let mut frame = self.template_frame(file, context, blocks);
                let parent = self.eval(&mut frame, parent);
                // What a Jinja2 template sets, imports and defines outside of its blocks is there within them.
                if self.templates.is_jinja(self.project.path(file)) {
                    for stmt in facts.block(facts.function(FunctionId(0)).body) {
                        if let StmtKind::Assign(target, value) = stmt.kind {
                            let value = self.eval(&mut frame, value);
                            self.assign(&mut frame, target, value);
                        }
                    }
                }
                let context = frame.slots.first().copied().unwrap_or(context);
                let mut is_seen = false;
                for member in self.values.members(parent) {
                    if let Shape::Str(name) = *self.values.shape(member)
                        && let Some(parent) = self.parent_named(name, file)
                    {
                        is_seen = true;
                        self.render(parent, context, Some(blocks));
                    }
                }
                if !is_seen {
                    self.show_blocks(&mut frame, blocks);
                }
            }
            None => {
                let whole = FunctionRef { file, id: FunctionId(0) };
                self.activate(whole, None, Box::new([context, blocks]));
            }
        }
        self.rendering -= 1;
    }

    /// The template that another extends. One that extends its own name means the next of that name.
    fn parent_named(&self, name: Symbol, file: FileId) -> Option<FileId> {
        let all = self.templates.all_named(name.as_str());
        let next = all.iter().position(|&named| named == file).map_or(0, |at| at + 1);
        all.get(next).copied()
    }

    /// Shows the blocks of templates whose parent is not seen, a package's or one that only the run knows: it has a
    /// place for each of them. A block that stands within another has its place there.
    fn show_blocks(&mut self, frame: &mut Frame<'p>, blocks: Value) {
        let Shape::Mapping { known, .. } = self.values.shape(blocks).clone() else { return };
        for &(name, chain) in known.iter() {
            let Shape::Tuple(items) = self.values.shape(chain).clone() else { continue };
            let is_outermost = items.iter().all(|&item| match *self.values.shape(item) {
                Shape::Function(function, _) => self.is_outermost(function.file, name),
                _ => false,
            });
            if is_outermost {
                self.run_block(frame, chain);
            }
        }
    }

    /// Whether a template's block stands in no other.
    fn is_outermost(&self, file: FileId, name: Symbol) -> bool {
        let facts = self.facts(file);
        facts.block(facts.function(FunctionId(0)).body).iter().any(|stmt| match stmt.kind {
            StmtKind::Expr(expr) => match facts.kind(expr) {
                ExprKind::Call(callee, arguments)
                    if matches!(facts.kind(callee), ExprKind::Context(what) if what == "%block") =>
                {
                    let first = facts.arguments(arguments).first();
                    first.and_then(|argument| facts.as_str(argument.value)) == Some(name.as_str())
                }
                _ => false,
            },
            _ => false,
        })
    }

    pub(in crate::queries) fn template_frame(
        &self,
        file: FileId,
        context: Value,
        blocks: Value,
    ) -> Frame<'p> {
        let mut frame = self.module_frame(file);
        frame.function = Some(FunctionId(0));
        frame.slots = vec![context, blocks];
        frame
    }

    /// The blocks of a template behind those that are put in place of them.
    fn with_blocks(&mut self, file: FileId, blocks: Value) -> Value {
        let Some(facts) = self.templates.facts(self.project, file) else { return blocks };
        let Shape::Mapping { known, .. } = self.values.shape(blocks).clone() else { return blocks };
        let mut known = known.to_vec();
        for (index, function) in facts.functions.iter().enumerate().skip(1) {
            let id = FunctionId(index as u32);
            let own = self.values.make(Shape::Function(FunctionRef { file, id }, None));
            let there = known.iter_mut().find(|(name, _)| *name == function.name);
            match there {
                Some((_, chain)) => {
                    let mut items = match self.values.shape(*chain) {
                        Shape::Tuple(items) => items.to_vec(),
                        _ => Vec::new(),
                    };
                    items.push(own);
                    *chain = self.values.tuple(items);
                }
                None => {
                    let chain = self.values.tuple(vec![own]);
                    known.push((function.name, chain));
                }
            }
        }
        self.values.mapping(known, Value::NEVER, Value::NEVER)
    }

    /// A variable of the context.
    pub(crate) fn context_variable(&mut self, frame: &mut Frame<'p>, name: Symbol, site: Site) -> Value {
        let Some(value) = self.raw_variable(frame, name) else { return Value::UNKNOWN };
        self.called(frame, value, site)
    }

    /// A variable of the context, as it stands there.
    pub(crate) fn raw_variable(&mut self, frame: &mut Frame<'p>, name: Symbol) -> Option<Value> {
        let &context = frame.slots.first()?;
        Some(self.for_each(context, |machine, member| match machine.values.shape(member).clone() {
            Shape::Mapping { known, rest, .. } => match known.iter().find(|(known, _)| *known == name) {
                Some(&(_, value)) => value,
                None if rest != Value::NEVER && rest != Value::UNKNOWN => rest,
                None => match machine.context_default(frame, name) {
                    Value::UNKNOWN if machine.lacks(frame, member, name) => Value::NONE,
                    value => value,
                },
            },
            _ => machine.context_default(frame, name),
        }))
    }

    /// What every context has: the request's user (`django.contrib.auth.context_processors.auth`), the request.
    fn context_default(&mut self, frame: &mut Frame<'p>, name: Symbol) -> Value {
        if let Some(value) = self.processed(frame, name) {
            return value;
        }
        match name.as_str() {
            "user" => match self.schema.user_model() {
                Some(model) => self.outside_row(model),
                None => Value::UNKNOWN,
            },
            "request" => self.request(),
            "forloop" | "csrf_token" | "LANGUAGE_CODE" | "STATIC_URL" | "MEDIA_URL" => Value::SCALAR,
            _ => Value::UNKNOWN,
        }
    }

    /// A variable that one of the project's context processors gives.
    fn processed(&mut self, frame: &mut Frame<'p>, name: Symbol) -> Option<Value> {
        let templates = self.templates;
        if templates.processors().is_empty() {
            return None;
        }
        let request = self.request();
        for &processor in templates.processors() {
            let given = self.call_function(frame, processor, None, &[request]);
            for member in self.values.members(given) {
                if let Shape::Mapping { known, .. } = self.values.shape(member)
                    && let Some(&(_, value)) = known.iter().find(|(known, _)| *known == name)
                {
                    return Some(value);
                }
            }
        }
        None
    }

    /// Puts a variable into the context.
    pub(crate) fn put_context(&mut self, frame: &mut Frame<'p>, name: Symbol, value: Value) {
        let Some(context) = frame.slots.first().copied() else { return };
        let after = self.for_each(context, |machine, member| match machine.values.shape(member).clone() {
            Shape::Mapping { known, key, rest } => {
                machine.mapping_with(known.to_vec(), key, rest, Some(name), Value::NEVER, value)
            }
            _ => machine.values.mapping(vec![(name, value)], Value::UNKNOWN, Value::UNKNOWN),
        });
        frame.slots[0] = after;
    }

    /// A template calls what it finds, if it can be called without arguments.
    fn called(&mut self, frame: &mut Frame<'p>, value: Value, site: Site) -> Value {
        self.for_each(value, |machine, member| match machine.values.shape(member) {
            Shape::Function(..) | Shape::Bound { .. } | Shape::Method(..) => {
                machine.call_value(frame, member, &Arguments::default(), CallSite { site })
            }
            _ => member,
        })
    }

    /// A template's `value.name`: key, then attribute, then index, then call.
    pub(crate) fn looked_up(
        &mut self,
        frame: &mut Frame<'p>,
        value: Value,
        name: Symbol,
        site: Site,
    ) -> Value {
        let found = self.for_each(value, |machine, member| match machine.values.shape(member).clone() {
            Shape::Mapping { known, rest, .. } => match known.iter().find(|(known, _)| *known == name) {
                Some(&(_, value)) => value,
                None => match name.as_str() {
                    "items" | "keys" | "values" => machine.values.make(Shape::Method(member, name)),
                    _ if rest == Value::NEVER => Value::UNKNOWN,
                    _ => rest,
                },
            },
            Shape::Instance(class, parts) if class == "%block" => {
                if let Some(&chain) = parts.first() {
                    machine.run_block(frame, chain);
                }
                Value::SCALAR
            }
            Shape::Tuple(items) if let Some(part) = machine.named_part(&items, name) => part,
            _ => match name.as_str().parse::<i32>() {
                Ok(index) => {
                    let key = machine.values.make(Shape::Int(index));
                    machine.item(frame, member, key, false)
                }
                Err(_) => machine.attribute_of(frame, site, member, name),
            },
        });
        self.called(frame, found, site)
    }

    /// A part of a group by its name: `regroup` and `groupby` give named tuples of what is common to a group and its list.
    pub(in crate::queries) fn named_part(&self, items: &[Value], name: Symbol) -> Option<Value> {
        match (items, name.as_str()) {
            ([grouper, _], "grouper") => Some(*grouper),
            ([_, list], "list") => Some(*list),
            _ => None,
        }
    }

    /// Runs the first of a chain of blocks; the others are its `block.super`.
    fn run_block(&mut self, frame: &mut Frame<'p>, chain: Value) {
        let Shape::Tuple(items) = self.values.shape(chain).clone() else { return };
        let Some((&first, rest)) = items.split_first() else { return };
        let Shape::Function(function, _) = *self.values.shape(first) else { return };
        let rest = self.values.tuple(rest.to_vec());
        let block = self.values.make(Shape::Instance(Symbol::new("%block"), Box::new([rest])));
        let before = frame.slots.clone();
        self.put_context(frame, Symbol::new("block"), block);
        let slots: Box<[Value]> = frame.slots.clone().into();
        frame.slots = before;
        self.activate(function, None, slots);
    }

    /// What only templates do.
    pub(crate) fn template_call(
        &mut self,
        frame: &mut Frame<'p>,
        what: Symbol,
        run: Run,
        site: Site,
    ) -> Value {
        let facts = frame.facts;
        let arguments = facts.arguments(run);
        match what.as_str() {
            "%include" => {
                self.include(frame, arguments);
                Value::SCALAR
            }
            "%block" => {
                self.block_tag(frame, arguments);
                Value::SCALAR
            }
            "%cached" | "%cached_for" | "%endcached" => {
                self.pass_fragment(match what.as_str() {
                    "%cached" => Some(Aside::Fragment),
                    "%cached_for" => Some(Aside::Timed),
                    _ => None,
                });
                Value::SCALAR
            }
            "%filter" => self.filter(frame, arguments, site),
            "%regroup" => self.regroup(frame, arguments, site),
            "%tag" => self.tag(frame, run, false),
            "%named_tag" => self.tag(frame, run, true),
            _ => self.jinja_call(frame, what, run, site).unwrap_or(Value::SCALAR),
        }
    }

    fn include(&mut self, frame: &mut Frame<'p>, arguments: &[Argument]) {
        let Some((name, rest)) = arguments.split_first() else { return };
        let name = self.eval(frame, name.value);
        let only = rest.iter().any(|argument| argument.kind == ArgumentKind::Positional);
        let mut inner = match (only, frame.slots.first()) {
            (false, Some(&context)) => context,
            _ => {
                let none = self.values.mapping(Vec::new(), Value::NEVER, Value::NEVER);
                self.whole_context(none)
            }
        };
        for argument in rest {
            let ArgumentKind::Keyword(name) = argument.kind else { continue };
            let value = self.eval(frame, argument.value);
            inner = self.for_each(inner, |machine, member| match machine.values.shape(member).clone() {
                Shape::Mapping { known, key, rest } => {
                    machine.mapping_with(known.to_vec(), key, rest, Some(name), Value::NEVER, value)
                }
                _ => machine.values.mapping(vec![(name, value)], Value::UNKNOWN, Value::UNKNOWN),
            });
        }
        self.render_named(name, inner);
    }

    fn block_tag(&mut self, frame: &mut Frame<'p>, arguments: &[Argument]) {
        let Some(name) = arguments.first().and_then(|argument| frame.facts.as_str(argument.value)) else {
            return;
        };
        let own = frame.facts.functions.iter().skip(1).position(|function| function.name == name);
        let mut chain: Vec<Value> = Vec::new();
        if let Some(Shape::Mapping { known, .. }) =
            frame.slots.get(1).map(|&blocks| self.values.shape(blocks))
            && let Some(&(_, found)) = known.iter().find(|(known, _)| *known == name)
            && let Shape::Tuple(items) = self.values.shape(found)
        {
            chain = items.to_vec();
        }
        if let Some(own) = own {
            let function = FunctionRef { file: frame.file, id: FunctionId(own as u32 + 1) };
            let own = self.values.make(Shape::Function(function, None));
            if !chain.contains(&own) {
                chain.push(own);
            }
        }
        let chain = self.values.tuple(chain);
        self.run_block(frame, chain);
    }

    fn regroup(&mut self, frame: &mut Frame<'p>, arguments: &[Argument], site: Site) -> Value {
        let [source, by] = arguments else { return Value::UNKNOWN };
        let value = self.eval(frame, source.value);
        let element = self.iterate(frame, value, site);
        let key = match frame.facts.as_str(by.value) {
            Some(path) => self.look_along(frame, element, path, site),
            None => Value::UNKNOWN,
        };
        let list = self.values.sequence(element);
        let group = self.values.tuple(vec![key, list]);
        self.values.sequence(group)
    }

    /// `value.a.b`, for a dotted path in a text, on rows that are looped over.
    fn look_along(&mut self, frame: &mut Frame<'p>, value: Value, path: &str, site: Site) -> Value {
        path.split('.')
            .filter(|name| !name.is_empty())
            .fold(value, |value, name| self.looked_up(frame, value, Symbol::new(name), site))
    }

    /// A tag of the project's; `is_named` where the template gives what it gives a name.
    fn tag(&mut self, frame: &mut Frame<'p>, run: Run, is_named: bool) -> Value {
        let mut arguments = self.arguments(frame, run);
        if arguments.positional.is_empty() {
            return Value::UNKNOWN;
        }
        let name = arguments.positional.remove(0);
        let Shape::Str(name) = *self.values.shape(name) else { return Value::UNKNOWN };
        let templates = self.templates;
        let mut all = Value::NEVER;
        for &tag in templates.tags(name) {
            let result = match tag.kind {
                TagKind::Compiled => self.compiled_tag(frame, tag),
                _ => self.call_tag(frame, tag, &arguments),
            };
            if is_named || tag.kind != TagKind::Compiled {
                all = self.values.join(all, result);
            }
        }
        if all == Value::NEVER { Value::UNKNOWN } else { all }
    }

    pub(in crate::queries) fn call_tag(
        &mut self,
        frame: &mut Frame<'p>,
        tag: Tag,
        arguments: &Arguments,
    ) -> Value {
        let mut arguments = arguments.clone();
        if tag.takes_context {
            let context = frame.slots.first().copied().unwrap_or(Value::UNKNOWN);
            arguments.positional.insert(0, context);
        }
        if tag.kind == TagKind::Block {
            arguments.positional.insert(usize::from(tag.takes_context), Value::SCALAR);
        }
        let result = self.call_with(frame, tag.function, None, None, &arguments);
        match tag.kind {
            TagKind::Inclusion(template) => {
                let template = self.values.make(Shape::Str(template));
                // What is given the context may give it on.
                let result = if tag.takes_context { result } else { self.whole_context(result) };
                self.render_named(template, result);
                Value::SCALAR
            }
            TagKind::Simple | TagKind::Block | TagKind::Filter | TagKind::Global | TagKind::Compiled => {
                result
            }
        }
    }

    /// A tag that is compiled into a node of the project's: what the node puts into the context under a name that its
    /// class says is there from then on; what it puts there under a name that the template says is given.
    fn compiled_tag(&mut self, frame: &mut Frame<'p>, tag: Tag) -> Value {
        if self.rendering >= DEEPEST {
            return Value::UNKNOWN;
        }
        let node = self.call_function(frame, tag.function, None, &[Value::UNKNOWN, Value::UNKNOWN]);
        let before = match frame.slots.first().map(|&context| self.values.shape(context)) {
            Some(Shape::Mapping { known, .. }) => known.to_vec(),
            _ => Vec::new(),
        };
        let mut given = Value::NEVER;
        for member in self.values.members(node) {
            let Shape::Object(class, _) = *self.values.shape(member) else { continue };
            let Some((render, _)) = self.class_function(class, Symbol::new("render")) else { continue };
            let context = self.values.mapping(before.clone(), Value::NEVER, Value::NEVER);
            self.rendering += 1;
            self.left = Left::default();
            self.call_function(frame, render, None, &[member, context]);
            let left = std::mem::take(&mut self.left);
            let after = left.of(1).unwrap_or(context);
            self.rendering -= 1;
            for member in self.values.members(after) {
                let Shape::Mapping { known, rest, .. } = self.values.shape(member).clone() else { continue };
                for &(name, value) in known.iter().filter(|pair| !before.contains(pair)) {
                    self.put_context(frame, name, value);
                }
                given = self.values.join(given, rest);
            }
        }
        if given == Value::NEVER { Value::UNKNOWN } else { given }
    }
}
