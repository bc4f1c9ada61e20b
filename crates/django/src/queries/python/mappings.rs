//! What a dict holds: the values under its names, as far as they are told apart.

use tuneup_python::Symbol;
use tuneup_python::flow::{Expr, ExprKind};

use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{NAMES, Shape, Value};

/// A dict, as it is filled.
struct Items {
    known: Vec<(Symbol, Value)>,
    key: Value,
    rest: Value,
}

impl<'p> Machine<'p> {
    /// `{"name": value, **others}`
    pub(in crate::queries) fn dict_display(&mut self, frame: &mut Frame<'p>, items: &[Expr]) -> Value {
        let mut filled = Items { known: Vec::new(), key: Value::NEVER, rest: Value::NEVER };
        for pair in items.chunks_exact(2) {
            if frame.facts.kind(pair[0]) == ExprKind::DoubleStarred {
                let other = self.eval(frame, pair[1]);
                self.put_all(&mut filled, other);
                continue;
            }
            let key = self.eval(frame, pair[0]);
            let value = self.eval(frame, pair[1]);
            let name = match self.values.shape(key) {
                Shape::Str(name) => Some(*name),
                _ => None,
            };
            self.put(&mut filled, name, key, value);
        }
        self.values.mapping(filled.known, filled.key, filled.rest)
    }

    /// A mapping updated with another.
    pub(crate) fn updated(&mut self, mapping: Value, other: Value) -> Value {
        let Shape::Mapping { known, key, rest } = self.values.shape(mapping).clone() else { return mapping };
        let mut filled = Items { known: known.to_vec(), key, rest };
        self.put_all(&mut filled, other);
        self.values.mapping_beyond(filled.known, known.len(), filled.key, filled.rest)
    }

    /// A mapping, by its known items in order, with one more item.
    pub(crate) fn mapping_with(
        &mut self,
        known: Vec<(Symbol, Value)>,
        keys: Value,
        rest: Value,
        name: Option<Symbol>,
        key: Value,
        value: Value,
    ) -> Value {
        let first = known.len();
        let mut filled = Items { known, key: keys, rest };
        self.put(&mut filled, name, key, value);
        self.values.mapping_beyond(filled.known, first, filled.key, filled.rest)
    }

    fn put_all(&mut self, items: &mut Items, other: Value) {
        for member in self.values.members(other) {
            match self.values.shape(member).clone() {
                Shape::Mapping { known, key, rest } => {
                    for &(name, value) in known.iter() {
                        self.put(items, Some(name), Value::NEVER, value);
                    }
                    items.key = self.values.join(items.key, key);
                    items.rest = self.values.join(items.rest, rest);
                }
                _ => {
                    items.key = self.values.join(items.key, Value::UNKNOWN);
                    items.rest = self.values.join(items.rest, Value::UNKNOWN);
                }
            }
        }
    }

    /// Puts a value under a name, or under a key that is none.
    fn put(&mut self, items: &mut Items, name: Option<Symbol>, key: Value, value: Value) {
        let mut key = key;
        if let Some(name) = name {
            if let Some((_, there)) = items.known.iter_mut().find(|(known, _)| *known == name) {
                *there = value;
                return;
            }
            if items.known.len() < NAMES {
                items.known.push((name, value));
                return;
            }
            key = self.values.make(Shape::Str(name));
        }
        items.key = self.values.join(items.key, key);
        items.rest = self.values.join(items.rest, value);
    }
}
