//! What is known of a query: its model, what it loads with its rows, what else was asked of it, by which
//! lookups its rows were chosen, and how it is evaluated.

use std::rc::Rc;

use tuneup_python::{ClassRef, Symbol};

use super::value::{Site, Terms, Value};
use crate::paths::covers;
use crate::schema::{ModelId, RelationId};

/// A manager or queryset.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Queryset {
    /// The rows' model.
    pub model: ModelId,
    /// Where its rows come from.
    pub origin: Origin,
    /// Whether it is still a manager, which cannot be iterated.
    pub is_manager: bool,
    /// The class whose methods it has beyond Django's, outermost first.
    pub classes: Box<[ClassRef]>,
    /// The chain expressions that it went through, from the first. Of one of too many alternatives to be told apart, those
    /// that all of them went through.
    pub sites: Box<[Site]>,
    /// Those that each of so many went through, where they have none in common.
    pub ways: Box<[Rc<[Site]>]>,
    /// What it loads with its rows.
    pub plan: Plan,
    /// The last call that asked for some of that.
    pub planned: Option<Site>,
    /// What else was asked of it.
    pub asked: Asked,
    /// The lookups by which its rows were chosen and ordered.
    pub terms: Terms,
    /// The row onto which it was prefetched, and over which relation: its rows know that row.
    pub parent: Option<(Value, RelationId)>,
    /// What was computed for each row, by name: its rows have these attributes, whatever their class has.
    pub annotated: Box<[Symbol]>,
}

impl Queryset {
    /// All rows of a model, made by no expression.
    pub fn of(model: ModelId, classes: Box<[ClassRef]>) -> Self {
        Self {
            model,
            origin: Origin::Manager,
            is_manager: false,
            classes,
            sites: Box::default(),
            ways: Box::default(),
            plan: Plan::default(),
            planned: None,
            asked: Asked::default(),
            terms: Terms::NONE,
            parent: None,
            annotated: Box::default(),
        }
    }

    /// The chain expressions that each of the alternatives went through which it stands for.
    pub fn all_ways(&self) -> Vec<Rc<[Site]>> {
        if self.ways.is_empty() {
            return vec![(*self.sites).into()];
        }
        let whole = |way: &Rc<[Site]>| {
            let mut later = self.sites.iter().filter(|site| !way.contains(site)).peekable();
            match later.peek() {
                None => Rc::clone(way),
                Some(_) => way.iter().chain(later).copied().collect(),
            }
        };
        self.ways.iter().map(whole).collect()
    }
}

/// Where the rows of a queryset come from.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Origin {
    /// `Model.objects`
    Manager,
    /// `row.relation`
    Related(Value, RelationId),
    /// Rows that came from outside what is seen: a parameter, `self` of a model's method.
    Outside,
}

/// What a queryset loads beside its own columns.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Default)]
pub struct Plan {
    /// Paths of `select_related`.
    pub select: Vec<Symbol>,
    /// `select_related()` without names: every relation that is not null.
    pub select_all: bool,
    /// Lookups of `prefetch_related`.
    pub prefetch: Vec<Prefetched>,
    /// Columns of `only`, where it was called.
    pub only: Option<Vec<Symbol>>,
    /// Columns of `defer`.
    pub defer: Vec<Symbol>,
    /// Whether `select_all` is what Django does by itself unless code names joins.
    pub automatic: bool,
    /// `select_related` or `only` with names that are not known.
    pub select_unknown: bool,
    /// `prefetch_related` with lookups that are not known.
    pub prefetch_unknown: bool,
}

impl Plan {
    /// Adds a lookup. What is asked for anyway is no longer asked for perhaps.
    pub(super) fn add_prefetch(&mut self, lookup: Prefetched) {
        match self.prefetch.iter_mut().find(|known| known.is_like(&lookup)) {
            Some(known) => known.perhaps &= lookup.perhaps,
            None => self.prefetch.push(lookup),
        }
    }

    /// Whether code asks for a join of a relation.
    pub(super) fn joins(&self, name: Symbol) -> bool {
        self.select.iter().any(|path| covers(path.as_str(), name.as_str()))
    }

    /// Whether two load the same as far as it is known what they load.
    pub(super) fn is_known_alike(&self, other: &Self) -> bool {
        (&self.select, self.select_all, self.automatic) == (&other.select, other.select_all, other.automatic)
            && self.prefetch == other.prefetch
            && (&self.only, &self.defer) == (&other.only, &other.defer)
    }
}

/// One lookup of `prefetch_related`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Prefetched {
    /// The path.
    pub path: Symbol,
    /// The queryset of a `Prefetch`.
    pub queryset: Option<Value>,
    /// Its `to_attr`.
    pub to_attr: Option<Symbol>,
    /// The call that gives it the queryset: to load the same rows in front of it is an error.
    pub site: Option<Site>,
    /// Whether it is one of those of which only the run knows which are asked for.
    pub perhaps: bool,
}

impl Prefetched {
    /// A lookup without more.
    pub fn of(path: Symbol) -> Self {
        Self { path, queryset: None, to_attr: None, site: None, perhaps: false }
    }

    /// The path of which rows hold what was loaded under its relations' own names. The last step of one with a `to_attr`
    /// goes elsewhere, and what leads there is loaded all the same.
    ///
    /// <https://docs.djangoproject.com/en/stable/ref/models/querysets/#prefetch-objects>
    pub(crate) fn loads(&self) -> Option<&'static str> {
        let path = self.path.as_str();
        match self.to_attr {
            None => Some(path),
            Some(_) => path.rsplit_once("__").map(|(before, _)| before),
        }
    }

    /// Whether two load the same rows.
    fn is_like(&self, other: &Self) -> bool {
        (self.path, self.queryset, self.to_attr) == (other.path, other.queryset, other.to_attr)
    }
}

/// What was asked of a queryset besides its plan, as far as a rewrite must know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct Asked {
    /// `values()`, `values_list()`, `dates()`: its rows are not instances.
    pub values: bool,
    /// `values_list(flat=True)`
    pub flat: bool,
    /// `union()`, `intersection()`, `difference()`
    pub combined: bool,
    /// `raw()`
    pub raw: bool,
    /// `select_for_update()` without `of=`
    pub locked: bool,
    /// `select_for_update(of=…)`
    pub locked_of: bool,
    /// Sliced.
    pub sliced: bool,
    /// Sliced from another row than the first, in no order that the query or its model says.
    pub unordered: bool,
    /// In one of several orders, where the terms of none are kept.
    pub ordered: bool,
    /// `distinct()` of whole rows.
    pub distinct: bool,
    /// Filtered, ordered or otherwise unlike `all()`: a prefetch does not serve it.
    pub narrowed: bool,
    /// All related rows of a row where a test fails, and a part of them where it holds: whether a prefetch serves it is
    /// not known.
    pub partly: bool,
    /// Goes on from the queryset by which a prefetch loaded the related rows: that one's plan is part of its own.
    pub resumed: bool,
    /// `iterator()`: what it gives is no queryset any more.
    pub iterated: bool,
    /// `iterator()` without `chunk_size`
    pub streamed: bool,
    /// Something was called that is not known to keep it a plain queryset.
    pub foreign: bool,
    /// `none()`
    pub empty: bool,
    /// Filtered by one value of what is unique, or cut to one: it has one row at most.
    pub single: bool,
    /// `select_subclasses()`: each row is an instance of its child's class, which has what is joined over a foreign key of the
    /// parent, and what is prefetched, but none that is joined over the other side of a one-to-one.
    pub subclassed: bool,
    /// Of a class that asks for its rows in a way of its own, `_fetch_all()`: what is prefetched with them, others do not have.
    pub fetched: bool,
    /// Given by a call that may give something else, to which nothing can be added.
    pub perhaps: bool,
}

impl Asked {
    /// What is asked of a queryset that is one or the other.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            values: self.values || other.values,
            flat: self.flat || other.flat,
            combined: self.combined || other.combined,
            raw: self.raw || other.raw,
            locked: self.locked || other.locked,
            locked_of: self.locked_of || other.locked_of,
            sliced: self.sliced || other.sliced,
            unordered: self.unordered || other.unordered,
            ordered: self.ordered && other.ordered,
            distinct: self.distinct || other.distinct,
            narrowed: self.narrowed || other.narrowed,
            partly: self.partly || other.partly,
            resumed: self.resumed || other.resumed,
            iterated: self.iterated || other.iterated,
            streamed: self.streamed || other.streamed,
            foreign: self.foreign || other.foreign,
            empty: self.empty && other.empty,
            single: self.single && other.single,
            subclassed: self.subclassed || other.subclassed,
            fetched: self.fetched || other.fetched,
            perhaps: self.perhaps || other.perhaps,
        }
    }
}

/// One lookup by which the rows of a queryset are chosen or ordered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Term {
    /// As it is written: `author__name__icontains`, `-created`.
    pub name: Symbol,
    /// What it is for.
    pub role: Role,
    /// What a filter compares with.
    pub given: Given,
    /// Whether it narrows the rows by itself: neither one side of an `OR`, nor one of several that may be asked.
    pub sure: bool,
    /// Whether it leaves out what it names: `exclude(…)`, `~Q(…)`.
    pub negated: bool,
    /// The call that asks it.
    pub site: Site,
}

/// What a term is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// To choose rows.
    Filter,
    /// To order them.
    Order,
    /// To leave out what is equal, or to count it together.
    Group,
    /// To be among the values of the rows, by which what is counted later is grouped.
    Value,
    /// To tell rows apart that are read anyway: `When(…)`, an aggregate's `filter`.
    Case,
}

/// What a filter compares with, as far as an index depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Given {
    /// `True` or `False`
    Bool(bool),
    /// `None`
    None,
    /// A number that is known.
    Int(i32),
    /// A text that is known.
    Text(Symbol),
    /// One of texts that are known, each on a line of its own.
    OneOf(Symbol),
    /// A value, or `None`.
    Perhaps,
    /// Something of the same row: `F(…)`.
    Column,
    /// The rows of another query.
    Rows,
    /// A value.
    Other,
}

/// How a queryset is evaluated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default, PartialOrd, Ord)]
pub struct Uses {
    /// For the one row that its filters name: `get()`.
    pub get: bool,
    /// For its first or last row in order: `first()`, `latest()`, `[0]`.
    pub first: bool,
    /// For some of its rows in order: a slice, a page.
    pub page: bool,
    /// For all its rows.
    pub all: bool,
    /// For their number, or whether there are any.
    pub count: bool,
}

impl Uses {
    /// Whether it is evaluated at all.
    pub fn any(self) -> bool {
        self != Self::default()
    }

    /// Both.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self {
            get: self.get || other.get,
            first: self.first || other.first,
            page: self.page || other.page,
            all: self.all || other.all,
            count: self.count || other.count,
        }
    }
}
