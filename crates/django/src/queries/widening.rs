//! Querysets that differ only in the way to them become one, whose way is what they share.
//!
//! Code that builds a queryset in many conditional steps has as many alternatives as there are subsets of the steps.
//! Where the steps say nothing of the rows, there is but one to follow; where a union grows too wide all the same, to
//! forget its alternatives would lose what they have in common: the model, the plan, and where they start.

use std::rc::Rc;

use super::FxIndexSet;
use super::value::{Asked, Origin, Queryset, Role, Row, Shape, Site, Value, Values};

impl Values {
    /// The alternatives with those merged that are alike: so many that more than `most` are left only where those that are
    /// asked for something else are told apart too.
    pub(super) fn widened(&mut self, parts: &[Value], most: usize) -> Vec<Value> {
        let exact = self.widened_by(parts, true);
        if exact.len() <= most { exact } else { self.widened_by(&exact, false) }
    }

    fn widened_by(&mut self, parts: &[Value], exactly: bool) -> Vec<Value> {
        let mut merged: Vec<Value> = Vec::new();
        for &part in parts {
            let one = (0..merged.len()).find_map(|at| Some((at, self.merged(merged[at], part, exactly)?)));
            match one {
                Some((at, one)) => merged[at] = one,
                None => merged.push(part),
            }
        }
        merged.sort_unstable();
        merged.dedup();
        merged
    }

    /// The alternatives, with related rows as a whole marked where another alternative is a part of them:
    /// `tags.all()` where a test fails, `tags.filter(…)` or `tags.all() | …` where it holds. For which rows it holds is not
    /// known, and those a prefetch would not serve.
    pub(super) fn partly_whole(&mut self, mut parts: Vec<Value>) -> Vec<Value> {
        for at in 0..parts.len() {
            let Shape::Queryset(whole) = self.shape(parts[at]) else { continue };
            let is_whole = matches!(whole.origin, Origin::Related(..))
                && !whole.is_manager
                && !whole.asked.narrowed
                && !whole.asked.partly;
            if is_whole && parts.iter().any(|&part| self.is_part_of(part, whole)) {
                let mut partly = whole.clone();
                partly.asked.partly = true;
                parts[at] = self.queryset(partly);
            }
        }
        parts
    }

    /// Whether a value is some of the related rows that a queryset is. A test whether they must be put in order as well
    /// is one of settings more than of rows.
    fn is_part_of(&self, part: Value, whole: &Queryset) -> bool {
        let Shape::Queryset(part) = self.shape(part) else { return false };
        let more = self.terms(part.terms).get(self.terms(whole.terms).len()..).unwrap_or_default();
        let is_ordered_only = !more.is_empty() && more.iter().all(|term| term.role == Role::Order);
        part.asked.narrowed && !part.is_manager && part.origin == whole.origin && !is_ordered_only
    }

    /// The alternatives, with querysets as one that differ only in steps that a condition puts on the way: to read
    /// their rows apart would find the same of each, and as many alternatives as there are subsets of the steps.
    pub(super) fn of_one_way(&mut self, parts: Vec<Value>) -> Vec<Value> {
        let mut all: Vec<Value> = Vec::with_capacity(parts.len());
        for mut part in parts {
            while let Some((at, one)) =
                all.iter().enumerate().find_map(|(at, &there)| Some((at, self.on_one_way(there, part)?)))
            {
                all.remove(at);
                part = one;
            }
            all.push(part);
        }
        all
    }

    /// Two querysets as one, where the way to one of them is a part of the way to the other, and no more is known of
    /// the rest of that way than that it may load something.
    fn on_one_way(&mut self, one: Value, other: Value) -> Option<Value> {
        let (Shape::Queryset(a), Shape::Queryset(b)) = (self.shape(one), self.shape(other)) else {
            return None;
        };
        let is_alike = (a.model, &a.origin, a.is_manager, &a.classes, a.asked, a.terms)
            == (b.model, &b.origin, b.is_manager, &b.classes, b.asked, b.terms)
            && (&a.parent, &a.annotated) == (&b.parent, &b.annotated)
            && a.plan.is_known_alike(&b.plan);
        let is_one = |rows: &Queryset| !rows.sites.is_empty() && rows.ways.is_empty();
        if !is_alike || !is_one(a) || !is_one(b) {
            return None;
        }
        let (short, long, shorter) = match a.sites.len() <= b.sites.len() {
            true => (a, b, one),
            false => (b, a, other),
        };
        if !is_part(&short.sites, &long.sites) {
            return None;
        }
        if short.plan == long.plan {
            return (short.planned == long.planned).then_some(shorter);
        }
        let mut both = (**short).clone();
        both.plan.select_unknown |= long.plan.select_unknown;
        both.plan.prefetch_unknown |= long.plan.prefetch_unknown;
        if both.plan != short.plan {
            both.planned = long.planned;
        }
        Some(self.queryset(both))
    }

    /// Whether code asks for an order of a queryset's rows: a bare `order_by()` asks for none.
    pub(crate) fn has_order(&self, queryset: &Queryset) -> bool {
        let mut order = self.terms(queryset.terms).iter().filter(|term| term.role == Role::Order);
        match order.next() {
            Some(first) if first.name.as_str().is_empty() => order.next().is_some(),
            Some(_) => true,
            None => queryset.asked.ordered,
        }
    }

    /// Two alternatives as one, where they are alike.
    fn merged(&mut self, one: Value, other: Value, exactly: bool) -> Option<Value> {
        match (self.shape(one).clone(), self.shape(other).clone()) {
            (Shape::Queryset(one), Shape::Queryset(other)) => {
                let is_alike = one.model == other.model
                    && one.origin == other.origin
                    && one.is_manager == other.is_manager
                    && one.classes == other.classes
                    && one.plan == other.plan
                    && one.annotated == other.annotated;
                if !is_alike {
                    return None;
                }
                let rows = |asked: super::value::Asked| (asked.values, asked.flat, asked.raw, asked.empty);
                if rows(one.asked) != rows(other.asked) {
                    return None;
                }
                let terms = shared(self.terms(one.terms), self.terms(other.terms));
                let sites = common(&one.sites, &other.sites);
                let are_apart = sites.is_empty() || !one.ways.is_empty() || !other.ways.is_empty();
                let Asked { narrowed, ordered, .. } = other.asked;
                let is_asked_alike = Asked { narrowed, ordered, ..one.asked } == other.asked;
                let ordered = [&one, &other].iter().all(|queryset| self.has_order(queryset));
                // Related rows as a whole are something else than a part of them: a prefetch serves those.
                let is_told = are_apart && one.origin == Origin::Manager;
                if is_told && exactly && !is_asked_alike {
                    return None;
                }
                let ways = is_told && is_asked_alike;
                let merged = Queryset {
                    ways: if ways { both_ways(&one, &other) } else { Box::default() },
                    sites: sites.into(),
                    asked: Asked { ordered, ..one.asked.or(other.asked) },
                    terms: self.make_terms(terms),
                    ..(*one).clone()
                };
                Some(self.queryset(merged))
            }
            (Shape::Row(one), Shape::Row(other)) => {
                if (Row { query: other.query, ..one }) != other {
                    return None;
                }
                let query = self.merged(one.query, other.query, exactly)?;
                Some(self.make(Shape::Row(Row { query, ..one })))
            }
            _ => None,
        }
    }
}

/// The ways of two querysets that have none in common, as long as there are not far too many.
fn both_ways(one: &Queryset, other: &Queryset) -> Box<[Rc<[Site]>]> {
    // Each of the unions on the way to the last is kept whole.
    const MOST: usize = 512;
    let is_lost = |rows: &Queryset| rows.sites.is_empty() && rows.ways.is_empty();
    if is_lost(one) || is_lost(other) {
        return Box::default();
    }
    let ways: FxIndexSet<Rc<[Site]>> = one.all_ways().into_iter().chain(other.all_ways()).collect();
    match ways.len() <= MOST {
        true => ways.into_iter().collect(),
        false => Box::default(),
    }
}

/// What two lists begin with.
fn shared<T: Clone + PartialEq>(one: &[T], other: &[T]) -> Vec<T> {
    one.iter().zip(other).take_while(|(a, b)| a == b).map(|(a, _)| a.clone()).collect()
}

/// What two lists have in common: each way leads through it.
fn common<T: Clone + PartialEq>(one: &[T], other: &[T]) -> Vec<T> {
    one.iter().filter(|item| other.contains(item)).cloned().collect()
}

/// Whether a list is another with items left out.
fn is_part<T: PartialEq>(part: &[T], whole: &[T]) -> bool {
    let mut whole = whole.iter();
    part.iter().all(|item| whole.any(|there| there == item))
}
