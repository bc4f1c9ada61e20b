//! Abstract values: what the interpreter knows of a value without running anything.
//!
//! Values are interned: a [`Value`] is a number, equal values have equal numbers, so that calls can be
//! remembered by their arguments. Numbers depend on the order of analysis and never reach output.

use std::hash::Hash;
use std::ops::{Deref, DerefMut};
use std::rc::Rc;

use ruff_text_size::TextRange;
use rustc_hash::FxHashMap;
use tuneup_python::flow::FunctionId;
use tuneup_python::{ClassRef, FileId, FunctionRef, Symbol};

use super::interned::Interned;
pub use super::members::Members;
pub use super::query::{Asked, Given, Origin, Plan, Prefetched, Queryset, Role, Term, Uses};
pub use super::row::{Lacks, Row, Step};
use crate::schema::ModelId;

/// How many names of a dict are told apart. What stands under more is one of several values, as in a list: each further
/// name would cost as much as all before it.
pub(super) const NAMES: usize = 512;

/// How deep values nest before they are unknown: keeps recursive data finite.
const DEEPEST: u8 = 16;

macro_rules! number {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub(crate) u32);
    };
}

number!(
    /// An interned [`Shape`].
    Value
);
number!(
    /// The variables that a function closes over.
    Environment
);
number!(
    /// The interned values of a call's parameters.
    Slots
);
number!(
    /// An interned path of relations from the rows of a query.
    Path
);
number!(
    /// What a queryset is asked: an interned list of [`Term`]s.
    Terms
);

impl Terms {
    /// Nothing.
    pub const NONE: Self = Self(0);
}

impl Value {
    /// No value: a variable that is not set, a branch that is not taken.
    pub const NEVER: Self = Self(0);
    /// Anything.
    pub const UNKNOWN: Self = Self(1);
    /// `None`
    pub const NONE: Self = Self(2);
    /// A plain value without rows in it: a column's content, a number, a computed text.
    pub const SCALAR: Self = Self(3);
}

impl Path {
    /// The row of the query itself.
    pub const ROOT: Self = Self(0);
}

/// A stretch of one file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Site {
    /// The file.
    pub file: FileId,
    /// Bytes of its decoded text.
    pub range: TextRange,
    /// The function that it stands in.
    pub function: Option<FunctionId>,
    /// What stands there.
    pub form: SiteForm,
}

/// What a site's expression is, which decides how more is asked of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SiteForm {
    /// A manager or queryset: calls can be appended.
    Chain,
    /// A model class where a queryset is taken too: `get_object_or_404(Article, …)`.
    ModelArgument,
    /// A class's `model = Article`, beside which a `queryset` can stand.
    ModelAttribute,
    /// The name of a model's admin class, whose `list_select_related` and `get_queryset` make its changelist's query.
    Admin,
    /// The name of an inline's class, whose `get_queryset` makes the query of its rows, or of an admin's whose manager joins
    /// by itself, so that Django does not look at its `list_select_related`.
    AdminQueryset,
    /// A declaration by which a framework reads: a serializer's field, a column of a list. Nothing is edited there.
    Declaration,
}

/// How an object was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Made {
    /// Where.
    pub site: Site,
    /// The rows that it was given, if any.
    pub of: Value,
}

impl From<Site> for Made {
    fn from(site: Site) -> Self {
        Self { site, of: Value::NEVER }
    }
}

/// What a value is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Shape {
    /// See [`Value::NEVER`].
    Never,
    /// See [`Value::UNKNOWN`].
    Unknown,
    /// See [`Value::NONE`].
    None,
    /// See [`Value::SCALAR`].
    Scalar,
    /// `True` or `False`
    Bool(bool),
    /// A known integer.
    Int(i32),
    /// A known text.
    Str(Symbol),
    /// A column's content that is none of these constants.
    Unlike(Rc<[Value]>),
    /// A model class.
    Model(ModelId),
    /// A class of the project that is not a model, or whose class matters more than its model.
    Class(ClassRef),
    /// A function with what it closes over.
    Function(FunctionRef, Option<Environment>),
    /// A function bound to its first argument; the class is where it was found, for `super()`.
    Bound {
        /// The function.
        function: FunctionRef,
        /// Its first argument.
        this: Value,
        /// The class whose body it stands in.
        owner: Option<ClassRef>,
    },
    /// A method that the interpreter knows by name: of a queryset, a list, a row.
    Method(Value, Symbol),
    /// Something outside the project, by its dotted name.
    External(Symbol),
    /// The result of calling something outside the project: an instance of the class of that name.
    Instance(Symbol, Box<[Value]>),
    /// A module of the project.
    Module(FileId),
    /// A package without a file.
    Namespace(Symbol),
    /// A manager, related manager or queryset.
    Queryset(Shared<Queryset>),
    /// A model instance.
    Row(Row),
    /// `Q(…)`: conditions that are not yet asked of a queryset.
    Condition(Terms),
    /// An instance of a class of the project, told apart by where and of what it was made.
    Object(ClassRef, Option<Made>),
    /// `super()`: attributes are looked up behind the class in the MRO of the instance.
    Super(ClassRef, Value),
    /// A tuple of known length.
    Tuple(Rc<[Value]>),
    /// A list, set, iterator or generator, by what its elements can be.
    Sequence(Value),
    /// A mapping: known keys in order of their text, and what other keys and values can be.
    Mapping {
        /// Values of known keys.
        known: Rc<[(Symbol, Value)]>,
        /// Other keys, and those among the known ones that may not be there.
        key: Value,
        /// Values of other keys.
        rest: Value,
    },
    /// A page or a paginator over rows.
    Paginator(Value),
    /// One page: iterates as its rows; knows its paginator.
    Page(Value),
    /// One of several.
    Union(Rc<[Value]>),
}

/// Something large that many values have and few change: cloned by reference, copied where it is changed.
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Shared<T>(Rc<T>);

impl<T> Clone for Shared<T> {
    fn clone(&self) -> Self {
        Self(Rc::clone(&self.0))
    }
}

impl<T> From<T> for Shared<T> {
    fn from(content: T) -> Self {
        Self(Rc::new(content))
    }
}

impl<T> Deref for Shared<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T: Clone> DerefMut for Shared<T> {
    fn deref_mut(&mut self) -> &mut T {
        Rc::make_mut(&mut self.0)
    }
}

/// The variables of a function that one within it uses, by slot and in order. All of them, for each function that is
/// defined, would take memory by the square of their number.
pub type Captured = Box<[(u16, Value)]>;

/// All values met so far.
#[derive(Debug)]
pub struct Values {
    shapes: Interned<Shape>,
    depths: Vec<u8>,
    paths: Interned<(Path, Option<Step>)>,
    environments: Interned<(Option<Environment>, Captured)>,
    slots: Interned<Box<[Value]>>,
    terms: Interned<Box<[Term]>>,
    pub(super) joins: FxHashMap<(Value, Value), Value>,
}

impl Default for Values {
    fn default() -> Self {
        Self::new()
    }
}

impl Values {
    /// The values that are always there.
    pub fn new() -> Self {
        let mut this = Self {
            shapes: Interned::new(),
            depths: Vec::new(),
            paths: Interned::new(),
            environments: Interned::new(),
            slots: Interned::new(),
            terms: Interned::new(),
            joins: FxHashMap::default(),
        };
        for shape in [Shape::Never, Shape::Unknown, Shape::None, Shape::Scalar] {
            this.make(shape);
        }
        this.paths.number((Path::ROOT, None));
        this.terms.number(Box::default());
        this
    }

    /// The terms of a list.
    pub fn terms(&self, terms: Terms) -> &[Term] {
        &self.terms[terms.0]
    }

    /// A list of terms, each once.
    pub fn make_terms(&mut self, terms: Vec<Term>) -> Terms {
        /// A loop that narrows a queryset in each turn comes to an end here.
        const MOST: usize = 40;
        let mut list: Vec<Term> = Vec::with_capacity(terms.len());
        for term in terms {
            if list.len() < MOST && !list.contains(&term) {
                list.push(term);
            }
        }
        Terms(self.terms.number(list.into()))
    }

    /// Every queryset that there is.
    pub fn querysets(&self) -> impl Iterator<Item = (Value, &Queryset)> {
        (0..).zip(self.shapes.items()).filter_map(|(number, shape)| match shape {
            Shape::Queryset(queryset) => Some((Value(number), &**queryset)),
            _ => None,
        })
    }

    /// What a value is.
    pub fn shape(&self, value: Value) -> &Shape {
        &self.shapes[value.0]
    }

    /// The value of a shape.
    pub fn make(&mut self, shape: Shape) -> Value {
        let part = match self.shapes.find(&shape) {
            Ok(number) => return Value(number),
            Err(part) => part,
        };
        let depth = self.depth_of(&shape);
        if depth > DEEPEST {
            return Value::UNKNOWN;
        }
        let number = self.shapes.add(part, shape);
        self.depths.push(depth);
        Value(number)
    }

    /// A queryset.
    pub fn queryset(&mut self, queryset: impl Into<Shared<Queryset>>) -> Value {
        self.make(Shape::Queryset(queryset.into()))
    }

    fn depth_of(&self, shape: &Shape) -> u8 {
        let of = |value: &Value| self.depths[value.0 as usize];
        let inner = match shape {
            Shape::Tuple(items) => items.iter().map(of).max(),
            Shape::Instance(_, items) => items.iter().map(of).max(),
            Shape::Sequence(item) | Shape::Paginator(item) | Shape::Page(item) => Some(of(item)),
            Shape::Mapping { known, key, rest } => {
                known.iter().map(|(_, value)| of(value)).chain([of(key), of(rest)]).max()
            }
            Shape::Bound { this, .. } | Shape::Super(_, this) | Shape::Method(this, _) => Some(of(this)),
            Shape::Queryset(queryset) => match queryset.origin {
                Origin::Related(row, _) => Some(of(&row)),
                _ => None,
            },
            Shape::Row(row) => Some(of(&row.query)),
            Shape::Object(_, Some(Made { of: rows, .. })) if *rows != Value::NEVER => Some(of(rows)),
            Shape::Union(items) => return items.iter().map(of).max().unwrap_or(0),
            _ => None,
        };
        inner.map_or(0, |depth| depth.saturating_add(1))
    }

    /// `tuple`
    pub fn tuple(&mut self, items: Vec<Value>) -> Value {
        self.make(Shape::Tuple(items.into()))
    }

    /// A list, set or iterator of such elements.
    pub fn sequence(&mut self, element: Value) -> Value {
        self.make(Shape::Sequence(element))
    }

    /// A list with one more element somewhere, where it is one.
    pub fn with_element(&mut self, list: Value, more: Value) -> Option<Value> {
        let element = match self.shape(list).clone() {
            Shape::Sequence(element) => self.join(element, more),
            Shape::Tuple(items) => self.join_all(items.iter().copied().chain([more])),
            _ => return None,
        };
        Some(self.sequence(element))
    }

    /// A mapping with these known keys.
    pub fn mapping(&mut self, mut known: Vec<(Symbol, Value)>, key: Value, rest: Value) -> Value {
        known.sort_unstable_by_key(|(name, _)| name.as_str());
        self.make(Shape::Mapping { known: known.into(), key, rest })
    }

    /// A mapping with more known keys than one has, the first of these.
    pub fn mapping_beyond(
        &mut self,
        mut known: Vec<(Symbol, Value)>,
        first: usize,
        key: Value,
        rest: Value,
    ) -> Value {
        // Those are in order already.
        for at in first..known.len() {
            let name = known[at].0.as_str();
            let place = known[..at].partition_point(|(other, _)| other.as_str() < name);
            known[place..=at].rotate_right(1);
        }
        self.make(Shape::Mapping { known: known.into(), key, rest })
    }

    /// Whether a mapping may lack one of its known keys, by its other keys.
    pub fn may_lack(&self, name: Symbol, key: Value) -> bool {
        self.members(key).iter().any(|&it| match *self.shape(it) {
            Shape::Str(other) => other == name,
            _ => true,
        })
    }

    /// Whether all keys of a mapping are known.
    pub fn has_known_keys_alone(&self, key: Value, rest: Value) -> bool {
        rest == Value::NEVER && self.members(key).iter().all(|&it| matches!(self.shape(it), Shape::Str(_)))
    }

    /// The alternatives of a value: itself, or a union's members.
    pub fn members(&self, value: Value) -> Members {
        match self.shape(value) {
            Shape::Union(members) => Members::Many(Rc::clone(members)),
            Shape::Never => Members::One(None),
            _ => Members::One(Some(value)),
        }
    }

    /// Lets go what only making more needs.
    pub(super) fn forget_memos(&mut self) {
        self.joins = FxHashMap::default();
        self.environments = Interned::new();
        self.slots = Interned::new();
    }

    /// The number of the values of a call's parameters.
    pub fn make_slots(&mut self, values: &[Value]) -> Slots {
        Slots(self.slots.find(values).unwrap_or_else(|part| self.slots.add(part, values.into())))
    }

    /// The values of a call's parameters.
    pub fn slots(&self, slots: Slots) -> &[Value] {
        &self.slots[slots.0]
    }

    /// The path one step on.
    pub fn step(&mut self, path: Path, step: Step) -> Path {
        Path(self.paths.number((path, Some(step))))
    }

    /// The steps of a path, from the query's row on.
    pub fn steps(&self, mut path: Path) -> Vec<Step> {
        let mut steps = Vec::new();
        while let (parent, Some(step)) = self.paths[path.0] {
            steps.push(step);
            path = parent;
        }
        steps.reverse();
        steps
    }

    /// The path before its last step, and that step.
    pub fn last_step(&self, path: Path) -> Option<(Path, Step)> {
        let (parent, step) = self.paths[path.0];
        step.map(|step| (parent, step))
    }

    /// How many steps a path has.
    pub fn length(&self, mut path: Path) -> usize {
        let mut length = 0;
        while let (parent, Some(_)) = self.paths[path.0] {
            length += 1;
            path = parent;
        }
        length
    }

    /// The variables of an enclosing function, for a closure.
    pub fn environment(&mut self, outer: Option<Environment>, captured: Captured) -> Environment {
        Environment(self.environments.number((outer, captured)))
    }

    /// The variables of the function that an environment is of.
    pub fn variables(&self, environment: Environment) -> Captured {
        self.environments[environment.0].1.clone()
    }

    /// An environment with another value of a variable, `up` functions out (at least 1).
    pub fn with_free(&mut self, environment: Environment, up: u16, slot: u16, value: Value) -> Environment {
        let (outer, mut slots) = self.environments[environment.0].clone();
        if up > 1 {
            let outer = outer.map(|outer| self.with_free(outer, up - 1, slot, value));
            return self.environment(outer, slots);
        }
        if let Ok(at) = slots.binary_search_by_key(&slot, |&(slot, _)| slot) {
            slots[at].1 = value;
        }
        self.environment(outer, slots)
    }

    /// A variable of an enclosing function, `up` functions out (at least 1).
    pub fn free(&self, mut environment: Environment, up: u16, slot: u16) -> Value {
        for _ in 1..up {
            match self.environments[environment.0].0 {
                Some(outer) => environment = outer,
                None => return Value::UNKNOWN,
            }
        }
        let (_, slots) = &self.environments[environment.0];
        slots.binary_search_by_key(&slot, |&(slot, _)| slot).map_or(Value::UNKNOWN, |at| slots[at].1)
    }
}
