//! What is known of a setting's value, and which bytes of which file said it.

use ruff_text_size::TextRange;
use rustc_hash::FxHashMap;
use tuneup_python::FileId;

/// How many bytes a value may take, what stands in it counted at each place where it stands. A few lines can double a
/// list without end; of what is larger nothing is known.
pub(super) const LARGEST: usize = 4 * 1024 * 1024;
/// How deep values may stand in each other.
const DEEPEST: usize = 200;

/// A value and the expression that it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// What is known of it.
    pub value: Value,
    /// The file of the expression.
    pub file: FileId,
    /// The expression's bytes.
    pub range: TextRange,
}

/// What is known of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Nothing.
    Unknown,
    /// `None`
    None,
    /// `True` or `False`
    Bool(bool),
    /// An integer.
    Int(i32),
    /// Text.
    Str(String),
    /// A folder or file: from the project's root with `/` where it lies there, else as written.
    Path(String),
    /// A list, tuple or set.
    List(List),
    /// A dict.
    Dict(Dict),
    /// What the environment gives: `os.environ.get("X", …)`, `env("X")`, `config("X")`.
    Environment {
        /// The variable's name, where it is a literal.
        name: Option<String>,
        /// What holds without it.
        default: Option<Box<Node>>,
    },
    /// What a call of something outside of the project gives: `dj_database_url.config(…)`, `env.db()`.
    Call {
        /// The full dotted name of what is called.
        callee: String,
        /// Its positional arguments.
        positional: Vec<Node>,
        /// Its keyword arguments.
        keywords: Vec<(String, Node)>,
        /// Whether `*` or `**` passes more.
        open: bool,
    },
    /// One of several, by conditions that only the running program knows.
    Either(Vec<Node>),
}

/// A list, tuple or set, its elements in order.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct List {
    /// The elements that are known.
    pub items: Vec<Node>,
    /// Whether there may be others, or some of these may be absent.
    pub open: bool,
    /// Whether it is a tuple.
    pub tuple: bool,
    /// How many elements from the first one a later `insert(3, …)` counted: another among them shifts what it put in.
    pub counted: usize,
}

/// A dict, its entries in order.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Dict {
    /// Keys that are text, and their values.
    pub entries: Vec<(String, Node)>,
    /// Whether there may be other keys, or some of these may be absent.
    pub open: bool,
    /// The value that was there before keys were set in it, where that is no dict display.
    pub base: Option<Box<Node>>,
}

impl Dict {
    /// The value under a key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entries.iter().find(|(name, _)| name == key).map(|(_, node)| node)
    }

    /// Sets many, as dict displays do that have thousands of them.
    pub(super) fn set_all(&mut self, more: impl IntoIterator<Item = (String, Node)>) {
        let mut places: FxHashMap<String, usize> = FxHashMap::default();
        places.extend(self.entries.iter().enumerate().map(|(at, (name, _))| (name.clone(), at)));
        for (key, node) in more {
            match places.get(&key) {
                Some(&at) => self.entries[at].1 = node,
                None => {
                    places.insert(key.clone(), self.entries.len());
                    self.entries.push((key, node));
                }
            }
        }
    }

    pub(super) fn set(&mut self, key: &str, node: Node) {
        match self.entries.iter_mut().find(|(name, _)| name == key) {
            Some((_, old)) => *old = node,
            None => self.entries.push((key.to_owned(), node)),
        }
    }
}

impl Node {
    pub(super) fn new(value: Value, file: FileId, range: TextRange) -> Self {
        Self { value, file, range }
    }

    /// About how many bytes it takes, or more than [`LARGEST`] where it is too large or too deep to be kept.
    pub(super) fn weight(&self) -> usize {
        let mut weight = 0;
        self.weigh(DEEPEST, &mut weight);
        weight
    }

    fn weigh(&self, depth: usize, weight: &mut usize) {
        let text = match &self.value {
            Value::Str(text) | Value::Path(text) => text.len(),
            Value::Environment { name, .. } => name.as_ref().map_or(0, String::len),
            Value::Call { callee, .. } => callee.len(),
            _ => 0,
        };
        *weight = weight.saturating_add(size_of::<Self>() + text);
        if *weight > LARGEST {
            return;
        }
        let Some(depth) = depth.checked_sub(1) else {
            *weight = usize::MAX;
            return;
        };
        let mut named = |entries: &[(String, Self)]| {
            for (name, node) in entries {
                *weight = weight.saturating_add(name.len());
                node.weigh(depth, weight);
            }
        };
        match &self.value {
            Value::List(List { items: nodes, .. }) | Value::Either(nodes) => {
                nodes.iter().for_each(|node| node.weigh(depth, weight));
            }
            Value::Dict(dict) => {
                named(&dict.entries);
                dict.base.iter().for_each(|node| node.weigh(depth, weight));
            }
            Value::Environment { default, .. } => default.iter().for_each(|node| node.weigh(depth, weight)),
            Value::Call { positional, keywords, .. } => {
                named(keywords);
                positional.iter().for_each(|node| node.weigh(depth, weight));
            }
            _ => {}
        }
    }

    /// Itself, or that nothing is known of it where it is too large to be kept.
    pub(super) fn bounded(self) -> Self {
        if self.weight() > LARGEST { Self { value: Value::Unknown, ..self } } else { self }
    }

    /// The text that it is; of what the environment gives, the default.
    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            Value::Str(text) | Value::Path(text) => Some(text),
            Value::Environment { default: Some(default), .. } => default.as_str(),
            _ => None,
        }
    }

    /// The values that it may be: itself, or those of [`Value::Either`].
    pub fn alternatives(&self) -> Vec<&Node> {
        match &self.value {
            Value::Either(nodes) => nodes.iter().flat_map(Node::alternatives).collect(),
            _ => vec![self],
        }
    }

    /// The values that stand under a key, in any alternative.
    pub fn under(&self, key: &str) -> Vec<&Node> {
        match &self.value {
            Value::Either(nodes) => nodes.iter().flat_map(|node| node.under(key)).collect(),
            Value::Dict(dict) => dict.get(key).map(Node::alternatives).unwrap_or_default(),
            _ => Vec::new(),
        }
    }

    /// Whether it, or a part of it that may be, cannot be told.
    pub fn is_open(&self) -> bool {
        match &self.value {
            Value::Unknown | Value::Call { .. } | Value::Environment { default: None, .. } => true,
            Value::List(list) => list.open,
            Value::Dict(dict) => dict.open,
            Value::Either(nodes) => nodes.iter().any(Node::is_open),
            Value::Environment { .. } => true,
            _ => false,
        }
    }

    /// The texts of a list, in order; of alternatives, those of all, each once.
    pub fn texts(&self) -> Vec<&str> {
        let mut texts = Vec::new();
        for node in self.alternatives() {
            if let Value::List(list) = &node.value {
                for item in &list.items {
                    for text in item.alternatives().into_iter().filter_map(Node::as_str) {
                        if !texts.contains(&text) {
                            texts.push(text);
                        }
                    }
                }
            }
        }
        texts
    }

    /// `True` or `False`, where all that it may be agree.
    pub fn truth(&self) -> Option<bool> {
        match &self.value {
            Value::None => Some(false),
            Value::Bool(value) => Some(*value),
            Value::Int(value) => Some(*value != 0),
            Value::Str(text) => Some(!text.is_empty()),
            Value::Path(_) => Some(true),
            Value::List(list) if !list.items.is_empty() && !list.open => Some(true),
            Value::List(list) if !list.open => Some(false),
            Value::Dict(dict) if !dict.entries.is_empty() && !dict.open => Some(true),
            Value::Dict(dict) if !dict.open => Some(false),
            Value::Either(nodes) => {
                let first = nodes.first()?.truth()?;
                nodes.iter().all(|node| node.truth() == Some(first)).then_some(first)
            }
            _ => None,
        }
    }
}
