//! Unions that grow too wide: querysets that differ only in the way to them become one, whose way is what they share.
//!
//! Code that builds a queryset in many conditional steps has as many alternatives as there are subsets of the steps.
//! To forget all of them would lose what they have in common: the model, the plan, and where they start.

use super::value::{Queryset, Row, Shape, Value, Values};

impl Values {
    /// The alternatives with those merged that are alike.
    pub(super) fn widened(&mut self, parts: Vec<Value>) -> Vec<Value> {
        let mut merged: Vec<Value> = Vec::new();
        for part in parts {
            let alike = merged.iter().position(|&there| self.merged(there, part).is_some());
            match alike {
                Some(at) => {
                    if let Some(one) = self.merged(merged[at], part) {
                        merged[at] = one;
                    }
                }
                None => merged.push(part),
            }
        }
        merged.sort_unstable();
        merged.dedup();
        merged
    }

    /// Two alternatives as one, where they are alike.
    fn merged(&mut self, one: Value, other: Value) -> Option<Value> {
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
                let rows = |asked: super::value::Asked| (asked.values, asked.flat, asked.raw);
                if rows(one.asked) != rows(other.asked) {
                    return None;
                }
                let terms = shared(self.terms(one.terms), self.terms(other.terms));
                let merged = Queryset {
                    sites: common(&one.sites, &other.sites).into(),
                    asked: one.asked.or(other.asked),
                    terms: self.make_terms(terms),
                    ..(*one).clone()
                };
                Some(self.queryset(merged))
            }
            (Shape::Row(one), Shape::Row(other)) => {
                if (Row { query: other.query, ..one }) != other {
                    return None;
                }
                let query = self.merged(one.query, other.query)?;
                Some(self.make(Shape::Row(Row { query, ..one })))
            }
            _ => None,
        }
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
