//! What an expression of a settings module is worth.

use tuneup_python::flow::{Argument, ArgumentKind, BinaryOp, Expr, ExprKind, Run};
use tuneup_python::{Entity, Symbol};

use super::evaluate::{Evaluator, Frame};
use super::nodes::{add, either, merge};
use super::value::{Dict, LARGEST, List, Node, Value};

impl<'p> Evaluator<'p> {
    /// What is known of an expression's value; nothing where it is too large to be kept.
    pub(super) fn value(&mut self, frame: &Frame<'p>, expr: Expr) -> Node {
        self.any_value(frame, expr).bounded()
    }

    /// The same of any size, which its parts have already been held to.
    fn any_value(&mut self, frame: &Frame<'p>, expr: Expr) -> Node {
        let facts = frame.facts;
        let range = facts.range(expr);
        let value = match facts.kind(expr) {
            ExprKind::None => Value::None,
            ExprKind::Bool(value) => Value::Bool(value),
            ExprKind::Int(value) => Value::Int(value),
            ExprKind::Str(text) => Value::Str(text.as_str().to_owned()),
            ExprKind::Global(name) => return self.global(frame, name, expr),
            ExprKind::Local(slot) => {
                let known = frame.slot_name(slot).and_then(|name| frame.names.get(name));
                return known
                    .map_or(Node::new(Value::Unknown, frame.file, range), |known| known.node.clone());
            }
            ExprKind::Import(import) => return self.import(frame, import, expr),
            ExprKind::Tuple(run) => self.list(frame, run, true),
            ExprKind::List(run) | ExprKind::Set(run) => self.list(frame, run, false),
            ExprKind::Dict(run) => self.dict(frame, run),
            ExprKind::Starred(inner) | ExprKind::Walrus(_, inner) => return self.value(frame, inner),
            ExprKind::Conditional(run) => {
                let [test, then, orelse] = facts.list(run) else {
                    return Node::new(Value::Unknown, frame.file, range);
                };
                return match self.test(frame, *test) {
                    Some(true) => self.value(frame, *then),
                    Some(false) => self.value(frame, *orelse),
                    None => either(vec![self.value(frame, *then), self.value(frame, *orelse)]),
                };
            }
            ExprKind::Or(run) | ExprKind::And(run) => {
                let is_or = matches!(facts.kind(expr), ExprKind::Or(_));
                let mut nodes = Vec::new();
                let mut room = Room::default();
                for &part in facts.list(run) {
                    let node = self.value(frame, part);
                    if !room.holds(&node) {
                        return Node::new(Value::Unknown, frame.file, range);
                    }
                    let truth = node.truth();
                    let decides = truth == Some(is_or);
                    if truth != Some(!is_or) || Some(&part) == facts.list(run).last() {
                        nodes.push(node);
                    }
                    if decides {
                        break;
                    }
                }
                return either(nodes);
            }
            ExprKind::Not(inner) => match self.test(frame, inner) {
                Some(truth) => Value::Bool(!truth),
                None => Value::Unknown,
            },
            ExprKind::Compare(..) => self.test(frame, expr).map_or(Value::Unknown, Value::Bool),
            ExprKind::Binary(op, run) => {
                let mut parts = facts.list(run).iter();
                let Some(&first) = parts.next() else {
                    return Node::new(Value::Unknown, frame.file, range);
                };
                let mut node = self.value(frame, first);
                let mut room = Room::default();
                for &part in parts {
                    let right = self.value(frame, part);
                    if !room.holds(&right) {
                        return Node::new(Value::Unknown, frame.file, range);
                    }
                    node = match op {
                        BinaryOp::Add => add(node, right),
                        BinaryOp::BitOr => merge(node, right),
                        _ => match (&node.value, right.as_str()) {
                            // The only operator between a path and a text is `/`.
                            (Value::Path(path), Some(text)) => {
                                Node { value: Value::Path(below(path, text)), ..right }
                            }
                            _ => Node { value: Value::Unknown, ..right },
                        },
                    };
                }
                return Node { file: frame.file, range, ..node };
            }
            ExprKind::Attribute(base, name) => return self.attribute(frame, base, name, expr),
            ExprKind::Subscript(base, index) => return self.subscript(frame, base, index, expr),
            ExprKind::Call(callee, arguments) => {
                return self.call(frame, callee, facts.arguments(arguments), expr);
            }
            ExprKind::Comprehension(_) => Value::List(List { open: true, ..List::default() }),
            _ => Value::Unknown,
        };
        Node::new(value, frame.file, range)
    }

    fn global(&mut self, frame: &Frame<'p>, name: Symbol, expr: Expr) -> Node {
        if let Some(known) = frame.names.get(name.as_str()).filter(|_| frame.class.is_none()) {
            return known.node.clone();
        }
        if let Some((_, globals)) = &frame.class
            && let Some(known) = globals.get(name.as_str())
        {
            return known.node.clone();
        }
        let value = match name.as_str() {
            "__file__" => Value::Path(self.source.path(frame.file).to_owned()),
            _ => Value::Unknown,
        };
        Node::new(value, frame.file, frame.facts.range(expr))
    }

    fn import(&mut self, frame: &Frame<'p>, id: tuneup_python::flow::ImportId, expr: Expr) -> Node {
        let import = *frame.facts.import(id);
        let unknown = Node::new(Value::Unknown, frame.file, frame.facts.range(expr));
        let Some(name) = import.name else { return unknown };
        let Some(file) = self.imported(frame.file, import.level, import.module) else { return unknown };
        let names = self.module(file);
        names.and_then(|names| names.get(name.as_str()).map(|known| known.node.clone())).unwrap_or(unknown)
    }

    fn list(&mut self, frame: &Frame<'p>, run: Run, tuple: bool) -> Value {
        let mut list = List { tuple, ..List::default() };
        let mut room = Room::default();
        for &element in frame.facts.list(run) {
            let (inner, is_starred) = match frame.facts.kind(element) {
                ExprKind::Starred(inner) => (inner, true),
                _ => (element, false),
            };
            let node = self.value(frame, inner);
            if !room.holds(&node) {
                return Value::Unknown;
            }
            if is_starred {
                match node.value {
                    Value::List(more) => {
                        list.items.extend(more.items);
                        list.open |= more.open;
                    }
                    _ => list.open = true,
                }
            } else {
                list.items.push(node);
            }
        }
        Value::List(list)
    }

    fn dict(&mut self, frame: &Frame<'p>, run: Run) -> Value {
        let mut dict = Dict::default();
        let mut entries = Vec::new();
        let mut room = Room::default();
        for pair in frame.facts.list(run).chunks_exact(2) {
            let value = self.value(frame, pair[1]);
            if !room.holds(&value) {
                return Value::Unknown;
            }
            if frame.facts.kind(pair[0]) == ExprKind::DoubleStarred {
                match value.value {
                    Value::Dict(more) => {
                        entries.extend(more.entries);
                        dict.open |= more.open;
                    }
                    _ => dict.open = true,
                }
                continue;
            }
            match self.value(frame, pair[0]).value {
                Value::Str(key) if room.takes(key.len()) => entries.push((key, value)),
                Value::Str(_) => return Value::Unknown,
                _ => dict.open = true,
            }
        }
        dict.set_all(entries);
        Value::Dict(dict)
    }

    fn attribute(&mut self, frame: &Frame<'p>, base: Expr, name: Symbol, expr: Expr) -> Node {
        let unknown = Node::new(Value::Unknown, frame.file, frame.facts.range(expr));
        let node = self.value(frame, base);
        if let (Value::Path(path), "parent") = (&node.value, name.as_str()) {
            return Node { value: parent(path).map_or(Value::Unknown, Value::Path), ..unknown };
        }
        if let Entity::Module(file) = self.source.entity_of(frame.file, base)
            && !self.source.file(file).is_third_party
            && let Some(names) = self.module(file)
            && let Some(known) = names.get(name.as_str())
        {
            return known.node.clone();
        }
        unknown
    }

    fn subscript(&mut self, frame: &Frame<'p>, base: Expr, index: Expr, expr: Expr) -> Node {
        let unknown = Node::new(Value::Unknown, frame.file, frame.facts.range(expr));
        if self.dotted(frame, base).as_deref() == Some("os.environ") {
            let name = frame.facts.as_str(index).map(str::to_owned);
            return Node { value: Value::Environment { name, default: None }, ..unknown };
        }
        if let ExprKind::Attribute(path, name) = frame.facts.kind(base)
            && name == "parents"
            && let ExprKind::Int(levels) = frame.facts.kind(index)
            && let Value::Path(path) = self.value(frame, path).value
        {
            let above = (0..=levels).try_fold(path, |path, _| parent(&path));
            return Node { value: above.map_or(Value::Unknown, Value::Path), ..unknown };
        }
        let node = self.value(frame, base);
        let key = match self.value(frame, index).value {
            Value::Str(key) => key,
            Value::Int(at) => {
                let item = match &node.value {
                    Value::List(list) => usize::try_from(at).ok().and_then(|at| list.items.get(at)),
                    _ => None,
                };
                return item.cloned().unwrap_or(unknown);
            }
            _ => return unknown,
        };
        match &node.value {
            Value::Dict(dict) => dict.get(&key).cloned().unwrap_or(unknown),
            Value::Either(_) => {
                let found: Vec<Node> = node.under(&key).into_iter().cloned().collect();
                if found.is_empty() { unknown } else { either(found) }
            }
            _ => unknown,
        }
    }

    /// The full dotted name of what an expression names; of a method of an object that a call made, that behind
    /// what was called: `environ.Env.db`.
    pub(super) fn dotted(&mut self, frame: &Frame<'p>, expr: Expr) -> Option<String> {
        if let Some(dotted) = self.source.dotted(self.source.entity_of(frame.file, expr)) {
            return Some(dotted.as_str().to_owned());
        }
        match frame.facts.kind(expr) {
            ExprKind::Attribute(base, name) => {
                let base = match self.value(frame, base).value {
                    Value::Call { callee, .. } => callee,
                    _ => self.dotted(frame, base)?,
                };
                Some(format!("{base}.{name}"))
            }
            _ => match self.value(frame, expr).value {
                Value::Call { callee, .. } => Some(callee),
                _ => None,
            },
        }
    }

    fn call(&mut self, frame: &Frame<'p>, callee: Expr, arguments: &[Argument], expr: Expr) -> Node {
        let facts = frame.facts;
        let range = facts.range(expr);
        let mut positional = Vec::new();
        let mut keywords = Vec::new();
        let mut open = false;
        let mut room = Room::default();
        let unknown = Node::new(Value::Unknown, frame.file, range);
        for argument in arguments {
            if matches!(argument.kind, ArgumentKind::Star | ArgumentKind::DoubleStar) {
                open = true;
                continue;
            }
            let node = self.value(frame, argument.value);
            if !room.holds(&node) {
                return unknown;
            }
            match argument.kind {
                ArgumentKind::Keyword(name) => keywords.push((name.as_str().to_owned(), node)),
                _ => positional.push(node),
            }
        }
        if let ExprKind::Attribute(receiver, method) = facts.kind(callee) {
            let node = self.value(frame, receiver);
            match (&node.value, method.as_str()) {
                (Value::Path(_), "resolve" | "absolute") => return node,
                (Value::Path(path), "joinpath") => return joined(path.clone(), &positional, unknown),
                (Value::List(_) | Value::Dict(_), "copy") => return node,
                (Value::Dict(_), "get") => {
                    if let Some(found) = positional.first().and_then(Node::as_str).map(|key| node.under(key))
                        && !found.is_empty()
                    {
                        return either(found.into_iter().cloned().collect());
                    }
                    return unknown;
                }
                _ => {}
            }
        }
        // An `Env` that was made is called with a variable's name: `env("DEBUG", default=False)`.
        if !matches!(facts.kind(callee), ExprKind::Attribute(..))
            && let Value::Call { callee: made, .. } = self.value(frame, callee).value
            && made.split('.').next().is_some_and(|first| matches!(first, "environ" | "environs"))
            && made.ends_with("Env")
        {
            let name = positional.first().and_then(Node::as_str).map(str::to_owned);
            let given = keywords.into_iter().find(|(name, _)| name == "default").map(|(_, node)| node);
            let default = given.or_else(|| positional.into_iter().nth(2)).map(Box::new);
            return Node { value: Value::Environment { name, default }, ..unknown };
        }
        let dotted = match facts.kind(callee) {
            ExprKind::Global(name) if !frame.names.contains_key(name.as_str()) => self
                .source
                .dotted(self.source.entity_of(frame.file, callee))
                .map(|name| name.as_str().to_owned()),
            _ => self.dotted(frame, callee),
        };
        let Some(dotted) = dotted else { return unknown };
        let bare = dotted.strip_prefix("builtins.").unwrap_or(&dotted);
        match (bare, positional.as_slice()) {
            ("int" | "str" | "bool" | "float" | "copy.deepcopy" | "copy.copy", [node]) => {
                return node.clone();
            }
            ("list" | "set", [Node { value: Value::List(list), .. }]) => {
                return Node { value: Value::List(List { tuple: false, ..list.clone() }), ..unknown };
            }
            ("tuple", [Node { value: Value::List(list), .. }]) => {
                return Node { value: Value::List(List { tuple: true, ..list.clone() }), ..unknown };
            }
            ("dict", []) if !open => {
                let dict = Dict { entries: keywords, ..Dict::default() };
                return Node { value: Value::Dict(dict), ..unknown };
            }
            ("os.path.abspath" | "os.path.realpath" | "os.path.normpath", [node]) => return node.clone(),
            ("os.path.dirname", [node]) => {
                let above = node.as_str().and_then(parent);
                return Node { value: above.map_or(Value::Unknown, Value::Path), ..unknown };
            }
            ("os.path.join" | "pathlib.Path" | "pathlib.PurePath", [first, rest @ ..]) => {
                return match first.as_str() {
                    Some(path) => joined(path.to_owned(), rest, unknown),
                    None => unknown,
                };
            }
            _ => {}
        }
        if reads_environment(bare) {
            let name = positional.first().and_then(Node::as_str).map(str::to_owned);
            let given = keywords.into_iter().find(|(name, _)| name == "default").map(|(_, node)| node);
            let default = given.or_else(|| positional.into_iter().nth(1)).map(Box::new);
            return Node { value: Value::Environment { name, default }, ..unknown };
        }
        Node { value: Value::Call { callee: bare.to_owned(), positional, keywords, open }, ..unknown }
    }
}

/// How much one value may still be given, while its parts are put together.
pub(super) struct Room(usize);

impl Default for Room {
    fn default() -> Self {
        Self(LARGEST)
    }
}

impl Room {
    /// Whether one more part has room.
    pub(super) fn holds(&mut self, node: &Node) -> bool {
        self.takes(node.weight())
    }

    fn takes(&mut self, weight: usize) -> bool {
        let left = self.0.checked_sub(weight);
        self.0 = left.unwrap_or_default();
        left.is_some()
    }
}

/// Whether a call gives what a variable of the environment says. What parses it to a whole setting, as `Env.db()`, stays
/// a call.
fn reads_environment(dotted: &str) -> bool {
    const READERS: &[&str] =
        &["os.getenv", "os.environ.get", "os.environ.setdefault", "os.environ.pop", "decouple.config"];
    const PARSERS: &[&str] = &[
        "db",
        "db_url",
        "database",
        "dj_db_url",
        "cache",
        "cache_url",
        "dj_cache_url",
        "email",
        "email_url",
        "search_url",
        "read_env",
        "read_envfile",
        "channels",
        "channels_url",
        "prefixed",
    ];
    let first = dotted.split('.').next().unwrap_or_default();
    let last = dotted.rsplit('.').next().unwrap_or_default();
    READERS.contains(&dotted)
        || matches!(first, "environ" | "environs")
            && dotted.contains(".Env")
            && last != "Env"
            && !PARSERS.contains(&last)
}

/// The folder above a path.
fn parent(path: &str) -> Option<String> {
    match path.rsplit_once('/') {
        Some((above, _)) => Some(above.to_owned()),
        None if path.is_empty() => None,
        None => Some(String::new()),
    }
}

/// A path below another.
fn below(path: &str, part: &str) -> String {
    let mut path = path.to_owned();
    if part.starts_with('/') {
        return part.to_owned();
    }
    for part in part.split('/') {
        match part {
            "" | "." => {}
            ".." => path = parent(&path).unwrap_or_default(),
            part if path.is_empty() => part.clone_into(&mut path),
            part => path = format!("{path}/{part}"),
        }
    }
    path
}

fn joined(path: String, parts: &[Node], unknown: Node) -> Node {
    let mut path = path;
    for part in parts {
        match part.as_str() {
            Some(part) => path = below(&path, part),
            None => return unknown,
        }
    }
    Node { value: Value::Path(path), ..unknown }
}
