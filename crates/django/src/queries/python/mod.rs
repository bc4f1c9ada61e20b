//! What Python's own operations, builtins and standard library do with values.

pub(crate) mod aliases;
pub(in crate::queries) mod callables;
pub(in crate::queries) mod carried;
pub(in crate::queries) mod closures;
pub(in crate::queries) mod containers;
mod dicts;
pub(in crate::queries) mod encoding;
pub(in crate::queries) mod formatting;
pub(super) mod kept;
pub(in crate::queries) mod left;
pub(in crate::queries) mod mappings;
pub(in crate::queries) mod records;
pub(in crate::queries) mod texts;

use tuneup_python::{ClassRef, FunctionRef, Symbol};

use crate::queries::calls::{Arguments, CallSite};
use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Row, Shape, Site, Value};

impl<'p> Machine<'p> {
    /// What a value gives when it is looped over.
    pub(crate) fn iterate(&mut self, frame: &mut Frame<'p>, value: Value, site: Site) -> Value {
        self.for_each(value, |machine, member| match machine.values.shape(member).clone() {
            Shape::Queryset(queryset) => {
                let rows = machine.iterate_queryset(member, &queryset, site);
                frame.placed.get(&(member, machine.names.rows)).copied().unwrap_or(rows)
            }
            Shape::Sequence(element) => {
                let anew = frame.placed.get(&(member, machine.names.rows)).copied();
                anew.unwrap_or_else(|| machine.any_of(element))
            }
            Shape::Tuple(items) => machine.values.join_all(items.iter().copied()),
            Shape::Mapping { known, key, .. } => {
                let names: Vec<Value> =
                    known.iter().map(|&(name, _)| machine.values.make(Shape::Str(name))).collect();
                machine.values.join_all(names.into_iter().chain([key]))
            }
            Shape::Page(rows) => machine.iterate(frame, rows, site),
            // A paginator's pages.
            Shape::Paginator(rows) => machine.values.make(Shape::Page(rows)),
            Shape::Scalar | Shape::Str(_) | Shape::Unlike(_) => Value::SCALAR,
            Shape::None => Value::NEVER,
            Shape::Object(class, _) => match machine.class_function(class, machine.names.iter) {
                Some((function, _)) => {
                    let iterator = machine.call_function(frame, function, None, &[member]);
                    match machine.values.shape(iterator) {
                        Shape::Object(..) => Value::UNKNOWN,
                        _ => machine.iterate(frame, iterator, site),
                    }
                }
                None => machine.iterate_items(frame, member, class, site),
            },
            Shape::Instance(class, _) if class.as_str() == records::NAMED => {
                let items = machine.unnamed(member);
                machine.iterate(frame, items, site)
            }
            Shape::Instance(class, parts) => machine.iterate_instance(frame, class, &parts, site),
            _ => Value::UNKNOWN,
        })
    }

    /// What an object without `__iter__` gives when it is looped over: `__getitem__` is asked for one item after the
    /// other.
    fn iterate_items(&mut self, frame: &mut Frame<'p>, object: Value, class: ClassRef, site: Site) -> Value {
        let Some((function, _)) = self.class_function(class, self.names.getitem) else {
            return Value::UNKNOWN;
        };
        let item = self.call_function(frame, function, None, &[object, Value::SCALAR]);
        self.for_each(item, |machine, item| match *machine.values.shape(item) {
            Shape::Row(row) if row.alone && machine.values.length(row.path) == 0 => {
                machine.record_loop(row.query, site);
                machine.values.make(Shape::Row(Row { many: true, alone: false, ..row }))
            }
            _ => item,
        })
    }

    /// A value tested for truth, counted or searched.
    pub(crate) fn truth(&mut self, frame: &mut Frame<'p>, value: Value) {
        for member in self.values.members(value) {
            match self.values.shape(member).clone() {
                Shape::Queryset(queryset) => {
                    if let Some(function) = frame.function.filter(|_| !queryset.is_manager) {
                        self.counted.insert((member, FunctionRef { file: frame.file, id: function }));
                    }
                    let site = queryset.sites.last().copied();
                    if let Some(site) = site {
                        self.evaluate(&queryset, site);
                    }
                }
                Shape::Object(class, _) => {
                    if let Some((function, _)) = self.class_function(class, self.names.len) {
                        self.call_function(frame, function, None, &[member]);
                    }
                }
                _ => {}
            }
        }
    }

    /// What `with value as …` binds.
    pub(crate) fn entered(&mut self, frame: &mut Frame<'p>, value: Value, _site: Site) -> Value {
        self.for_each(value, |machine, member| match machine.values.shape(member).clone() {
            // A generator function under `contextlib.contextmanager`.
            Shape::Sequence(element) => element,
            Shape::Object(class, _) => match machine.class_function(class, machine.names.enter) {
                Some((function, _)) => machine.call_function(frame, function, None, &[member]),
                None => Value::UNKNOWN,
            },
            Shape::Instance(class, _) if machine.enters_itself(class) => member,
            _ => Value::UNKNOWN,
        })
    }

    /// A method that the interpreter knows by the receiver's kind.
    pub(crate) fn call_method(
        &mut self,
        frame: &mut Frame<'p>,
        receiver: Value,
        name: Symbol,
        arguments: &Arguments,
        call: CallSite,
    ) -> Value {
        match self.values.shape(receiver).clone() {
            Shape::Queryset(queryset) => {
                self.queryset_method(frame, receiver, queryset, name, arguments, call)
            }
            Shape::Row(row) => self.row_method(frame, receiver, row, name, arguments, call),
            Shape::Sequence(_) | Shape::Tuple(_) => {
                self.sequence_method(frame, receiver, name, arguments, call)
            }
            Shape::Mapping { known, key, rest } => {
                let given = self.mapping_method(receiver, &known, key, rest, name, arguments);
                match name.as_str() {
                    "get" | "pop" => self.one_of(frame, given),
                    "values" => self.values_of(frame, given),
                    _ => given,
                }
            }
            Shape::Paginator(rows) => match name.as_str() {
                "page" | "get_page" | "apage" | "aget_page" => self.values.make(Shape::Page(rows)),
                _ => Value::SCALAR,
            },
            Shape::Page(rows) => match name.as_str() {
                "object_list" => rows,
                _ => Value::SCALAR,
            },
            Shape::Scalar | Shape::Str(_) | Shape::Unlike(_) => {
                if let Shape::Str(text) = *self.values.shape(receiver)
                    && let Some(made) = self.text_made(text, name.as_str(), arguments)
                {
                    return made;
                }
                match name.as_str() {
                    "join" => {
                        for value in arguments.all().collect::<Vec<_>>() {
                            self.iterate(frame, value, call.site);
                        }
                    }
                    "format" if let Shape::Str(text) = *self.values.shape(receiver) => {
                        self.format_text(frame, text.as_str(), arguments, call);
                        if let Some(made) = self.text_of_fields(text, arguments) {
                            return made;
                        }
                    }
                    "format" | "format_map" => {
                        for value in arguments.all().collect::<Vec<_>>() {
                            self.text_of(frame, value);
                        }
                    }
                    _ => {}
                }
                Value::SCALAR
            }
            Shape::Instance(class, parts) if class == self.names.made => self.save_made(&parts, call),
            Shape::Instance(class, parts) => self.instance_method(frame, class, &parts, name, arguments),
            Shape::Object(class, _) => {
                self.calling = Some(call.site);
                self.inherited_method(frame, receiver, class, name, arguments)
            }
            Shape::Class(class) => self.class_method(frame, class, name, arguments, call),
            Shape::Model(model) if name == self.names.from_db => {
                self.made_from_db(model).unwrap_or(Value::UNKNOWN)
            }
            _ => Value::UNKNOWN,
        }
    }

    /// Calls the `key=` function of `sorted`, `min`, `max`, `sort` or `groupby` on each element.
    pub(in crate::queries) fn keyed(
        &mut self,
        frame: &mut Frame<'p>,
        values: Value,
        arguments: &Arguments,
        call: CallSite,
    ) -> Value {
        let element = self.iterate(frame, values, call.site);
        match arguments.keyword("key") {
            Some(key) if key != Value::NONE => self.call_on(frame, key, &[element], call),
            _ => element,
        }
    }

    /// Calls a function on values that are being looped over.
    pub(crate) fn call_on(
        &mut self,
        frame: &mut Frame<'p>,
        function: Value,
        values: &[Value],
        call: CallSite,
    ) -> Value {
        let depth = self.looping.len();
        for &value in values {
            self.push_looping(value);
        }
        let arguments = Arguments { positional: values.to_vec(), ..Arguments::default() };
        let result =
            self.for_each(function, |machine, member| machine.call_value(frame, member, &arguments, call));
        self.looping.truncate(depth);
        result
    }

    /// Builtins and the standard library, by dotted name; nothing where the name is not known here.
    pub(crate) fn call_python(
        &mut self,
        frame: &mut Frame<'p>,
        name: &str,
        arguments: &Arguments,
        call: CallSite,
    ) -> Option<Value> {
        let first = arguments.positional.first().copied();
        let second = arguments.positional.get(1).copied();
        let name = name.strip_prefix("builtins.").unwrap_or(name);
        Some(match name {
            "list" | "set" | "tuple" | "frozenset" | "iter" | "aiter" | "reversed" | "collections.deque" => {
                let Some(first) = first else { return Some(self.values.sequence(Value::NEVER)) };
                let element = self.iterate(frame, first, call.site);
                self.list_of(first, element)
            }
            "itertools.islice" | "itertools.cycle" | "random.sample" | "random.choices" => {
                let element = self.iterate(frame, first?, call.site);
                self.values.sequence(element)
            }
            "locals" => {
                let function = frame.function?;
                let names = &frame.facts.slot_names[frame.facts.function(function).slots.indices()];
                let known = names.iter().copied().zip(frame.slots.iter().copied());
                let known = known.filter(|&(_, value)| value != Value::NEVER).collect();
                self.values.mapping(known, Value::NEVER, Value::NEVER)
            }
            "sorted" => {
                let first = first?;
                self.keyed(frame, first, arguments, call);
                let element = self.iterate(frame, first, call.site);
                self.list_of(first, element)
            }
            "min" | "max" => {
                if arguments.positional.len() > 1 {
                    let all = self.values.join_all(arguments.positional.iter().copied());
                    return Some(all);
                }
                let first = first?;
                self.keyed(frame, first, arguments, call);
                let element = self.iterate(frame, first, call.site);
                self.chosen(frame, first, element)
            }
            "enumerate" => {
                let element = self.iterate(frame, first?, call.site);
                let pair = self.values.tuple(vec![Value::SCALAR, element]);
                self.values.sequence(pair)
            }
            "zip" | "itertools.zip_longest" | "itertools.product" => {
                let mut elements = Vec::new();
                for &value in &arguments.positional {
                    elements.push(self.iterate(frame, value, call.site));
                }
                let tuple = self.values.tuple(elements);
                self.values.sequence(tuple)
            }
            "queue.Queue"
            | "queue.LifoQueue"
            | "queue.PriorityQueue"
            | "queue.SimpleQueue"
            | "asyncio.Queue" => self.values.sequence(Value::NEVER),
            "heapq.nlargest" | "heapq.nsmallest" => {
                self.keyed(frame, second?, arguments, call);
                let element = self.iterate(frame, second?, call.site);
                self.values.sequence(element)
            }
            "random.choice" => {
                let element = self.iterate(frame, first?, call.site);
                self.chosen(frame, first?, element)
            }
            "itertools.batched"
            | "itertools.pairwise"
            | "itertools.combinations"
            | "itertools.permutations"
            | "itertools.tee" => {
                let element = self.iterate(frame, first?, call.site);
                let part = self.values.sequence(element);
                self.values.sequence(part)
            }
            "itertools.starmap" => {
                let element = self.iterate(frame, second?, call.site);
                let items = match self.values.shape(element) {
                    Shape::Tuple(items) => items.to_vec(),
                    _ => return Some(self.values.sequence(Value::UNKNOWN)),
                };
                let result = self.call_on(frame, first?, &items, call);
                self.values.sequence(result)
            }
            "map" => {
                let mut elements = Vec::new();
                for &value in arguments.positional.iter().skip(1) {
                    elements.push(self.iterate(frame, value, call.site));
                }
                let result = self.call_on(frame, first?, &elements, call);
                self.values.sequence(result)
            }
            "filter" | "itertools.filterfalse" | "itertools.takewhile" | "itertools.dropwhile" => {
                let element = self.iterate(frame, second?, call.site);
                if first? != Value::NONE {
                    self.call_on(frame, first?, &[element], call);
                }
                self.values.sequence(element)
            }
            "itertools.chain" => {
                let mut all = arguments.more_positional.unwrap_or(Value::NEVER);
                if all != Value::NEVER {
                    all = self.iterate(frame, all, call.site);
                }
                for &value in &arguments.positional {
                    let element = self.iterate(frame, value, call.site);
                    all = self.values.join(all, element);
                }
                self.values.sequence(all)
            }
            "itertools.chain.from_iterable" => {
                let outer = self.iterate(frame, first?, call.site);
                let element = self.iterate(frame, outer, call.site);
                self.values.sequence(element)
            }
            "json.dumps" | "json.dump" | "django.http.JsonResponse" => {
                let encoder = arguments.keyword("cls").or_else(|| arguments.keyword("encoder"));
                if let (Some(value), Some(encoder)) = (first, encoder) {
                    self.encode(frame, value, encoder, call);
                }
                Value::SCALAR
            }
            "itertools.groupby" => {
                let element = self.iterate(frame, first?, call.site);
                let key = match arguments.get(1, "key") {
                    Some(key) => self.call_on(frame, key, &[element], call),
                    None => element,
                };
                let group = self.values.sequence(element);
                let pair = self.values.tuple(vec![key, group]);
                self.values.sequence(pair)
            }
            "functools.reduce" => {
                // What it has made so far is the first element, and then what the function gave.
                let element = self.iterate(frame, second?, call.site);
                let start = match arguments.positional.get(2) {
                    Some(&start) => start,
                    None => self.chosen(frame, second?, element),
                };
                let first = first?;
                let made = self.call_on(frame, first, &[start, element], call);
                let more = self.call_on(frame, first, &[made, element], call);
                self.values.join_all([start, made, more])
            }
            "next" | "anext" => {
                let element = self.taken(frame, first?, call.site);
                self.values.join(element, second.unwrap_or(Value::NEVER))
            }
            "sum" | "any" | "all" => {
                self.iterate(frame, first?, call.site);
                Value::SCALAR
            }
            "len" => {
                self.truth(frame, first?);
                Value::SCALAR
            }
            "bool" => {
                self.truth(frame, first?);
                match self.tested(frame, first?) {
                    Some(truth) => self.values.make(Shape::Bool(truth)),
                    None => Value::SCALAR,
                }
            }
            "str"
            | "print"
            | "format"
            | "repr"
            | "ascii"
            | "django.utils.encoding.force_str"
            | "django.utils.encoding.smart_str"
            | "django.utils.html.escape"
            | "django.utils.html.format_html" => {
                for value in arguments.all().collect::<Vec<_>>() {
                    self.text_of(frame, value);
                }
                Value::SCALAR
            }
            "isinstance" => self.known_instance(first?, second?),
            "issubclass" => self.known_subclass(first?, second?),
            "int" | "float" | "abs" | "round" | "hash" | "id" | "callable" | "range" | "ord" | "chr"
            | "divmod" | "pow" | "bytes" => Value::SCALAR,
            "getattr" | "hasattr" => return Some(self.reflect(frame, name, arguments, call)),
            "setattr" => {
                if let (Some(&name), Some(&put)) = (arguments.positional.get(1), arguments.positional.get(2))
                {
                    let name = match *self.values.shape(name) {
                        Shape::Str(name) => Some(name),
                        _ => None,
                    };
                    for member in self.values.members(first?) {
                        match (name, self.as_row(member)) {
                            (Some(name), _) => self.set_attribute(frame, member, name, put, call.site),
                            // It may be any.
                            (None, Some(row)) => self.change_one(member, row),
                            (None, None) => {}
                        }
                    }
                }
                Value::NONE
            }
            "operator.methodcaller" => {
                let (&method, positional) = arguments.positional.split_first()?;
                let positional = self.values.tuple(positional.to_vec());
                let keywords = self.values.mapping(arguments.keywords.clone(), Value::NEVER, Value::NEVER);
                self.values.make(Shape::Instance(Symbol::new(name), Box::new([method, positional, keywords])))
            }
            "operator.attrgetter" | "operator.itemgetter" => {
                let parts = arguments.positional.clone().into();
                self.values.make(Shape::Instance(Symbol::new(name), parts))
            }
            "collections.namedtuple" | "typing.NamedTuple" => self.named_tuple(arguments),
            "functools.partial" => {
                let (&function, positional) = arguments.positional.split_first()?;
                let positional = self.values.tuple(positional.to_vec());
                let rest = arguments.more_keywords.unwrap_or(Value::NEVER);
                let keywords = self.values.mapping(arguments.keywords.clone(), rest, rest);
                self.values
                    .make(Shape::Instance(Symbol::new(name), Box::new([function, positional, keywords])))
            }
            "dict" | "collections.OrderedDict" => {
                let mut mapping = self.values.mapping(Vec::new(), Value::NEVER, Value::NEVER);
                if let Some(first) = first {
                    mapping = match self.values.shape(first) {
                        Shape::Mapping { .. } => first,
                        _ => self.paired(frame, first, call.site),
                    };
                }
                let more = arguments.more_keywords.unwrap_or(Value::NEVER);
                let keys = self.values.join(arguments.loose_keys.unwrap_or(Value::NEVER), more);
                let keywords = self.values.mapping(arguments.keywords.clone(), keys, more);
                self.updated(mapping, keywords)
            }
            "collections.defaultdict" => {
                let rest = match first.map(|first| self.values.shape(first).clone()) {
                    Some(Shape::External(of))
                        if matches!(of.as_str(), "list" | "set" | "builtins.list" | "builtins.set") =>
                    {
                        self.values.sequence(Value::NEVER)
                    }
                    Some(Shape::External(of)) if matches!(of.as_str(), "dict" | "builtins.dict") => {
                        self.values.mapping(Vec::new(), Value::NEVER, Value::NEVER)
                    }
                    // `defaultdict(lambda: {"books": []})`
                    Some(Shape::Function(..)) => {
                        let made = self.call_value(frame, first?, &Arguments::default(), call);
                        if self.is_container(made) { made } else { Value::SCALAR }
                    }
                    _ => Value::SCALAR,
                };
                self.values.mapping(Vec::new(), Value::NEVER, rest)
            }
            // No row is a function, a class or a module.
            "inspect.isroutine" | "inspect.isfunction" | "inspect.ismethod" | "inspect.isbuiltin"
            | "inspect.isclass" | "inspect.ismodule"
                if self.values.members(first?).into_iter().all(|it| self.as_row(it).is_some()) =>
            {
                self.values.make(Shape::Bool(false))
            }
            "copy.copy" | "copy.deepcopy" | "typing.cast" | "enum.nonmember" => match name {
                "typing.cast" => second?,
                _ => first?,
            },
            // A class that is made of others is as the first of them, as far as rows are concerned.
            "type" if arguments.positional.len() == 3 => match self.values.shape(second?) {
                Shape::Tuple(bases) => match bases.first() {
                    Some(&base) if matches!(self.values.shape(base), Shape::Model(_) | Shape::Class(_)) => {
                        base
                    }
                    _ => Value::UNKNOWN,
                },
                _ => Value::UNKNOWN,
            },
            "type" => {
                let first = first?;
                self.for_each(first, |machine, member| match machine.values.shape(member) {
                    Shape::Row(row) => {
                        let model = row.model;
                        machine.values.make(Shape::Model(model))
                    }
                    Shape::Object(class, _) => {
                        let class = *class;
                        machine.values.make(Shape::Class(class))
                    }
                    _ => Value::UNKNOWN,
                })
            }
            "super" => match (first.map(|first| self.values.shape(first).clone()), second) {
                (Some(Shape::Class(class)), Some(this)) => self.values.make(Shape::Super(class, this)),
                (Some(Shape::Model(model)), Some(this)) => match self.schema.class_of(model) {
                    Some(class) => self.values.make(Shape::Super(class, this)),
                    None => Value::UNKNOWN,
                },
                _ => Value::UNKNOWN,
            },
            "logging.getLogger" => {
                self.values.make(Shape::Instance(Symbol::new("logging.Logger"), Box::default()))
            }
            _ => return None,
        })
    }

    fn paired(&mut self, frame: &mut Frame<'p>, pairs: Value, site: Site) -> Value {
        let pair = self.iterate(frame, pairs, site);
        match self.values.shape(pair).clone() {
            Shape::Tuple(items) if items.len() == 2 => self.values.mapping(Vec::new(), items[0], items[1]),
            _ => self.values.mapping(Vec::new(), Value::UNKNOWN, Value::UNKNOWN),
        }
    }

    fn reflect(&mut self, frame: &mut Frame<'p>, name: &str, arguments: &Arguments, call: CallSite) -> Value {
        let (Some(&base), Some(&attribute)) = (arguments.positional.first(), arguments.positional.get(1))
        else {
            return Value::UNKNOWN;
        };
        let mut value = Value::NEVER;
        for attribute in self.values.members(attribute) {
            let Shape::Str(attribute) = *self.values.shape(attribute) else { return Value::UNKNOWN };
            let one = self
                .for_each(base, |machine, member| machine.attribute_of(frame, call.site, member, attribute));
            value = self.values.join(value, one);
        }
        if name == "hasattr" || arguments.positional.len() > 2 {
            self.note_forgiven(base, attribute, call.site);
        }
        if name == "hasattr" {
            return self.known_attribute(base, attribute);
        }
        match arguments.positional.get(2) {
            Some(&default) if !self.is_put(base, attribute) => self.values.join(value, default),
            _ => value,
        }
    }
}
