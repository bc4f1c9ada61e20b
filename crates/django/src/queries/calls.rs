//! Calls: what is called, and with which arguments.

use tuneup_python::flow::{ArgumentKind, Expr, ExprKind, ParameterKind, Run};
use tuneup_python::{ClassRef, FunctionRef, Symbol};

use super::asks::Written;
use super::machine::{CalledBy, Frame, Machine};
use super::python::left::Left;
use super::value::{Environment, Shape, Site, Value};
use crate::frameworks::pagination;

/// The evaluated arguments of a call.
#[derive(Clone, Debug, Default)]
pub(crate) struct Arguments {
    /// By position; `*args` of known length spread.
    pub(crate) positional: Vec<Value>,
    /// By name; `**kwargs` with known keys spread.
    pub(crate) keywords: Vec<(Symbol, Value)>,
    /// What an unknown number of further positional arguments can be.
    pub(crate) more_positional: Option<Value>,
    /// Whether `*args` are among them, be they none.
    pub(crate) is_spread: bool,
    /// What further keyword arguments can be.
    pub(crate) more_keywords: Option<Value>,
    /// Keys of `**kwargs` of which some may not be there.
    pub(crate) loose_keys: Option<Value>,
}

impl Arguments {
    /// The argument at a position or of a name.
    pub(crate) fn get(&self, position: usize, name: &str) -> Option<Value> {
        self.positional.get(position).copied().or_else(|| self.keyword(name))
    }

    /// The argument of a name.
    pub(crate) fn keyword(&self, name: &str) -> Option<Value> {
        self.keywords.iter().find(|(known, _)| *known == name).map(|&(_, value)| value)
    }

    /// Every argument.
    pub(crate) fn all(&self) -> impl Iterator<Item = Value> {
        let keywords = self.keywords.iter().map(|&(_, value)| value);
        self.positional.iter().copied().chain(keywords).chain(self.more_positional).chain(self.more_keywords)
    }
}

/// One call: where it stands, for queries that it makes and reads that it does.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CallSite {
    /// The whole call.
    pub(crate) site: Site,
}

impl<'p> Machine<'p> {
    /// `callee(arguments)`
    pub(crate) fn call(&mut self, frame: &mut Frame<'p>, expr: Expr, callee: Expr, arguments: Run) -> Value {
        let call = CallSite { site: frame.site_of(expr) };
        let ExprKind::Attribute(base, name) = frame.facts.kind(callee) else {
            if let ExprKind::Context(what) = frame.facts.kind(callee) {
                return self.template_call(frame, what, arguments, call.site);
            }
            if let ExprKind::Global(name) = frame.facts.kind(callee)
                && name == self.names.super_
                && arguments.is_empty()
            {
                return self.super_value(frame);
            }
            if let Some(first) = self.first_of_iterator(frame, callee, arguments) {
                return first;
            }
            let function = self.eval(frame, callee);
            let given = self.arguments(frame, arguments);
            let name = self.one_of_several_names(frame, callee, arguments, &given);
            if name.is_some_and(|name| is_picked(frame.facts.kind(name))) {
                return Value::UNKNOWN;
            }
            let doubt = name.and_then(|name| self.named_once(frame, name));
            return self
                .doubting(doubt, |machine| machine.call_each(frame, function, &given, arguments, call));
        };
        let base_value = self.eval(frame, base);
        let given = self.arguments(frame, arguments);
        if name == self.names.add_q
            && let ExprKind::Attribute(rows, query) = frame.facts.kind(base)
            && query == "query"
        {
            self.narrow_in_place(frame, rows, &given, call);
            return Value::NONE;
        }
        if name == "is_cached"
            && let Some(told) = self.told_to_be_loaded(frame, base, &given)
        {
            return told;
        }
        let result = self.for_each(base_value, |machine, member| {
            if let Some(changed) = machine.mutated(frame, base, member, name, &given) {
                return changed;
            }
            machine.note_sql(frame, member, name, arguments, call.site);
            let method = machine.attribute(frame, callee, member, name);
            machine.call_each(frame, method, &given, arguments, call)
        });
        match frame.facts.arguments(arguments).first() {
            Some(key) if name == self.names.get || name == self.names.pop => {
                self.gone_to(frame, key.value, result)
            }
            _ => result,
        }
    }

    /// The name of `getattr(row, name)`, where it is one of several.
    fn one_of_several_names(
        &self,
        frame: &Frame<'p>,
        callee: Expr,
        run: Run,
        given: &Arguments,
    ) -> Option<Expr> {
        let is_getattr =
            matches!(frame.facts.kind(callee), ExprKind::Global(name) if name == self.names.getattr);
        let (name, value) = (frame.facts.arguments(run).get(1)?, given.positional.get(1)?);
        (is_getattr && matches!(self.values.shape(*value), Shape::Union(_))).then_some(name.value)
    }

    /// Calls each of what may be called, and puts back what it leaves in its arguments.
    fn call_each(
        &mut self,
        frame: &mut Frame<'p>,
        callee: Value,
        given: &Arguments,
        arguments: Run,
        call: CallSite,
    ) -> Value {
        let is_one_of_several = matches!(self.values.shape(callee), Shape::Union(_));
        if self.lacks_argument(frame, callee, given, arguments) {
            self.raised = Some(call.site);
            return Value::NEVER;
        }
        self.for_each(callee, |machine, member| {
            machine.left = Left::default();
            let is_direct = machine.directly_called(member).is_some();
            let called_by = is_direct.then(|| CalledBy {
                site: call.site,
                depth: machine.active_calls.len() + 1,
                turn: frame.again.last().copied(),
            });
            let around = std::mem::replace(&mut machine.called_by, called_by);
            let result = machine.call_value(frame, member, given, call);
            machine.called_by = around;
            let left = std::mem::take(&mut machine.left);
            if !left.is_empty()
                && let Some(callee) = machine.directly_called(member)
            {
                machine.put_back(frame, callee, is_one_of_several, arguments, &left);
            }
            result
        })
    }

    fn super_value(&mut self, frame: &mut Frame<'p>) -> Value {
        let mut function = frame.function;
        while let Some(id) = function {
            let facts = frame.facts.function(id);
            if let Some(class) = facts.class {
                let this = if Some(id) == frame.function {
                    frame.slots.first().copied().unwrap_or(Value::UNKNOWN)
                } else {
                    Value::UNKNOWN
                };
                return self.values.make(Shape::Super(ClassRef { file: frame.file, id: class }, this));
            }
            function = facts.parent;
        }
        Value::UNKNOWN
    }

    /// Methods that change a container in place, for a container in a place: the place gets the new value.
    fn mutated(
        &mut self,
        frame: &mut Frame<'p>,
        base: Expr,
        container: Value,
        name: Symbol,
        arguments: &Arguments,
    ) -> Option<Value> {
        let first = arguments.positional.first().copied();
        let after = match self.values.shape(container).clone() {
            Shape::Tuple(_) if name == "extend" && self.is_tuple(first?) => {
                self.add(frame, container, first?)
            }
            Shape::Sequence(_) | Shape::Tuple(_) => {
                let added = match name.as_str() {
                    "append" | "add" | "appendleft" | "put" | "put_nowait" => first?,
                    "insert" => arguments.positional.get(1).copied()?,
                    "extend" | "update" | "extendleft" => {
                        let site = frame.site_of(base);
                        self.iterate(frame, first?, site)
                    }
                    _ => return None,
                };
                let before = match self.values.shape(container).clone() {
                    Shape::Sequence(element) => self.any_of(element),
                    Shape::Tuple(items) => self.values.join_all(items.iter().copied()),
                    _ => return None,
                };
                let element = self.values.join(before, added);
                self.values.sequence(element)
            }
            Shape::Mapping { known, key, rest } => match name.as_str() {
                "update" => {
                    let mut after = container;
                    if let Some(other) = first {
                        after = self.updated(after, other);
                    }
                    for &(name, value) in &arguments.keywords {
                        if let Shape::Mapping { known, key, rest } = self.values.shape(after).clone() {
                            let none = Value::NEVER;
                            after = self.mapping_with(known.to_vec(), key, rest, Some(name), none, value);
                        }
                    }
                    if let Some(other) = arguments.more_keywords {
                        after = self.updated(after, other);
                    }
                    after
                }
                "setdefault" => {
                    let name = match self.values.shape(first?) {
                        Shape::Str(name) => Some(*name),
                        _ => None,
                    };
                    let value = arguments.positional.get(1).copied().unwrap_or(Value::NONE);
                    let there = name.and_then(|name| known.iter().find(|(known, _)| *known == name));
                    let value = match there {
                        Some(&(_, there)) => self.values.join(there, value),
                        None => self.values.join(value, rest),
                    };
                    let after = self.mapping_with(known.to_vec(), key, rest, name, first?, value);
                    self.assign_back(frame, base, after);
                    return Some(value);
                }
                _ => return None,
            },
            _ => return None,
        };
        if after != container {
            self.assign_back(frame, base, after);
        }
        Some(Value::NONE)
    }

    fn is_tuple(&self, value: Value) -> bool {
        matches!(self.values.shape(value), Shape::Tuple(_))
    }

    /// Evaluates the arguments of a call.
    pub(crate) fn arguments(&mut self, frame: &mut Frame<'p>, run: Run) -> Arguments {
        let facts = frame.facts;
        let run = facts.arguments(run);
        let positional = run.iter().filter(|argument| argument.kind == ArgumentKind::Positional).count();
        let mut arguments = Arguments {
            positional: Vec::with_capacity(positional),
            keywords: Vec::with_capacity(run.len() - positional),
            ..Arguments::default()
        };
        for argument in run {
            let value = self.eval(frame, argument.value);
            match argument.kind {
                ArgumentKind::Positional => match &mut arguments.more_positional {
                    Some(more) => *more = self.values.join(*more, value),
                    None => arguments.positional.push(value),
                },
                ArgumentKind::Keyword(name) => arguments.keywords.push((name, value)),
                ArgumentKind::Star => {
                    arguments.is_spread = true;
                    match self.values.shape(value).clone() {
                        Shape::Tuple(items) if arguments.more_positional.is_none() => {
                            arguments.positional.extend(items.iter().copied());
                        }
                        _ => {
                            let site = frame.site_of(argument.value);
                            let element = self.iterate(frame, value, site);
                            // Nothing is in a list that is known to be empty.
                            if element != Value::NEVER {
                                let before = arguments.more_positional.unwrap_or(Value::NEVER);
                                arguments.more_positional = Some(self.values.join(before, element));
                            }
                        }
                    }
                }
                ArgumentKind::DoubleStar => match self.values.shape(value).clone() {
                    Shape::Instance(class, rows) if class == self.names.dict => {
                        let site = frame.site_of(argument.value);
                        self.record_emptied(&rows, site);
                        arguments.more_keywords = Some(Value::UNKNOWN);
                    }
                    Shape::Mapping { known, key, rest } => {
                        arguments.keywords.extend(known.iter().copied());
                        if key != Value::NEVER {
                            let before = arguments.loose_keys.unwrap_or(Value::NEVER);
                            arguments.loose_keys = Some(self.values.join(before, key));
                        }
                        if rest != Value::NEVER {
                            arguments.more_keywords = Some(rest);
                        }
                    }
                    // One of several: what each knows may be given.
                    Shape::Union(members) => {
                        for &member in members.iter() {
                            let Shape::Mapping { known, .. } = self.values.shape(member).clone() else {
                                continue;
                            };
                            for &(name, value) in known.iter() {
                                match arguments.keywords.iter().position(|(there, _)| *there == name) {
                                    Some(at) => {
                                        let before = arguments.keywords[at].1;
                                        arguments.keywords[at].1 = self.values.join(before, value);
                                    }
                                    None => arguments.keywords.push((name, value)),
                                }
                            }
                        }
                        arguments.more_keywords = Some(Value::UNKNOWN);
                    }
                    _ => arguments.more_keywords = Some(Value::UNKNOWN),
                },
            }
        }
        arguments
    }

    /// Calls a value.
    pub(crate) fn call_value(
        &mut self,
        frame: &mut Frame<'p>,
        callee: Value,
        arguments: &Arguments,
        call: CallSite,
    ) -> Value {
        match self.values.shape(callee).clone() {
            Shape::Function(function, environment) => {
                let result = self.call_with(frame, function, environment, None, arguments);
                self.returned(function, result, call.site)
            }
            Shape::Bound { function, this, .. } => {
                let result = self.call_with(frame, function, None, Some(this), arguments);
                self.returned(function, result, call.site)
            }
            Shape::Method(receiver, name) => self.call_method(frame, receiver, name, arguments, call),
            Shape::Instance(class, parts) => self.call_instance(frame, class, &parts, arguments, call),
            Shape::External(name) => self.call_external(frame, name, arguments, call),
            Shape::Model(model) if let Some(row) = self.made_from_db(model) => row,
            Shape::Model(model) => {
                self.written.push(Written { model, column: None, makes: true, site: call.site });
                self.make_row(model, &arguments.keywords)
            }
            Shape::Class(class) => match self.made_queryset(Some(class), arguments, call.site) {
                Some(queryset) => queryset,
                None => {
                    let object = self.make_object(frame, class, arguments, call);
                    pagination::made(self, object, class, arguments).unwrap_or(object)
                }
            },
            Shape::Object(class, _) => match self.class_function(class, self.names.call) {
                Some((function, _)) => self.call_with(frame, function, None, Some(callee), arguments),
                None => Value::UNKNOWN,
            },
            Shape::Scalar | Shape::Unlike(_) => Value::SCALAR,
            Shape::Never => Value::NEVER,
            _ => Value::UNKNOWN,
        }
    }

    /// Adds the call to the chain of a queryset that a function of the project returned. A call that may
    /// give something else, a list or `None`, or a coroutine, is no place to go on with the chain.
    fn returned(&mut self, function: FunctionRef, result: Value, site: Site) -> Value {
        if !self.is_queryset(result) || self.facts(function.file).function(function.id).is_async {
            return result;
        }
        if self.values.members(result).iter().any(|&rows| self.has_asked_for(function, rows)) {
            self.asked_before.insert(site);
        }
        self.goes_on_if_sure(function, result, site)
    }

    /// The querysets that a function gave, whose chains go on at `site`: as calls that nothing is to be added to, unless
    /// the function gives querysets in any case.
    pub(super) fn goes_on_if_sure(&mut self, function: FunctionRef, querysets: Value, site: Site) -> Value {
        let is_perhaps =
            |rows: &Value| matches!(self.values.shape(*rows), Shape::Queryset(rows) if rows.asked.perhaps);
        let is_sure = self.sure
            && !self.values.members(querysets).iter().any(is_perhaps)
            && self.gives_what_it_returns(function);
        let querysets = self.goes_on(querysets, site);
        if is_sure {
            return querysets;
        }
        self.places.doubt_call(site);
        self.for_each(querysets, |machine, member| match machine.values.shape(member).clone() {
            Shape::Queryset(mut rows) => {
                rows.asked.perhaps = true;
                machine.values.queryset(rows)
            }
            _ => member,
        })
    }

    /// Whether a function asks for the rows of a queryset: it loops over them, or looks whether or how many there are.
    fn has_asked_for(&self, function: FunctionRef, rows: Value) -> bool {
        let is_within = |site: &Site| (site.file, site.function) == (function.file, Some(function.id));
        self.counted.contains(&(rows, function))
            || self.loops.get(&rows).is_some_and(|sites| sites.iter().any(is_within))
    }

    /// Querysets whose chains go on at `site`.
    pub(super) fn goes_on(&mut self, querysets: Value, site: Site) -> Value {
        self.for_each(querysets, |machine, member| match machine.values.shape(member).clone() {
            Shape::Queryset(queryset) => {
                let queryset = Self::at_site(queryset, site);
                machine.values.queryset(queryset)
            }
            _ => member,
        })
    }

    /// Calls a function with arguments by position alone.
    pub(crate) fn call_function(
        &mut self,
        frame: &mut Frame<'p>,
        function: FunctionRef,
        environment: Option<Environment>,
        positional: &[Value],
    ) -> Value {
        let facts = self.facts(function.file);
        let parameters = facts.parameters(facts.function(function.id).parameters);
        let is_plain = |kind| matches!(kind, ParameterKind::PositionalOnly | ParameterKind::Normal);
        if parameters.len() == positional.len() && parameters.iter().all(|it| is_plain(it.kind)) {
            return self.activate(function, environment, positional.into());
        }
        let arguments = Arguments { positional: positional.to_vec(), ..Arguments::default() };
        self.call_with(frame, function, environment, None, &arguments)
    }

    /// Calls a function.
    pub(crate) fn call_with(
        &mut self,
        _frame: &mut Frame<'p>,
        function: FunctionRef,
        environment: Option<Environment>,
        this: Option<Value>,
        arguments: &Arguments,
    ) -> Value {
        let slots = self.bind(function, this, arguments);
        self.activate(function, environment, slots)
    }

    fn bind(&mut self, function: FunctionRef, this: Option<Value>, arguments: &Arguments) -> Box<[Value]> {
        let facts = self.facts(function.file);
        let parameters = facts.parameters(facts.function(function.id).parameters);
        let mut positional = this.into_iter().chain(arguments.positional.iter().copied());
        let mut slots = Vec::with_capacity(parameters.len());
        for parameter in parameters {
            let by_name = || {
                let named = arguments.keywords.iter().find(|(name, _)| *name == parameter.name);
                named.map(|&(_, value)| value)
            };
            let value = match parameter.kind {
                ParameterKind::PositionalOnly | ParameterKind::Normal | ParameterKind::KeywordOnly => {
                    let by_position =
                        (parameter.kind != ParameterKind::KeywordOnly).then(|| positional.next()).flatten();
                    by_position
                        .or_else(by_name)
                        .or(arguments.more_positional)
                        .or(arguments.more_keywords)
                        .unwrap_or_else(|| match parameter.default {
                            Some(default) => {
                                // The variables that it is made of are those of where the function is defined.
                                let mut frame = self.frame_around(function);
                                self.eval(&mut frame, default)
                            }
                            None => Value::UNKNOWN,
                        })
                }
                ParameterKind::Star => {
                    let rest: Vec<Value> = positional.by_ref().collect();
                    match arguments.more_positional {
                        Some(more) => {
                            let element = self.values.join_all(rest.into_iter().chain([more]));
                            self.values.sequence(element)
                        }
                        None => self.values.tuple(rest),
                    }
                }
                ParameterKind::DoubleStar => {
                    let rest = arguments
                        .keywords
                        .iter()
                        .filter(|(name, _)| !parameters.iter().any(|parameter| parameter.name == *name))
                        .copied()
                        .collect();
                    let more = arguments.more_keywords.unwrap_or(Value::NEVER);
                    let keys = arguments.loose_keys.map_or(more, |keys| self.values.join(keys, more));
                    self.values.mapping(rest, keys, more)
                }
            };
            slots.push(value);
        }
        slots.into()
    }
}

/// Whether an expression picks one of several texts each time that it is evaluated: `names[kind]`. Where it stands for the
/// name of what is read, each row has one of them read, and which it is the row decides.
pub(super) fn is_picked(kind: ExprKind) -> bool {
    matches!(
        kind,
        ExprKind::Subscript(..) | ExprKind::Conditional(_) | ExprKind::Attribute(..) | ExprKind::Call(..)
    )
}
