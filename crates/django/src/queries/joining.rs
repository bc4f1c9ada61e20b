//! What a value is where branches meet: any of several alternatives, as few as tell apart what counts.

use std::rc::Rc;

use tuneup_python::Symbol;

use super::value::{NAMES, Row, Shape, Value, Values};

/// How many alternatives a union keeps before it is unknown.
const WIDEST_UNION: usize = 12;

/// How many it keeps where all are texts.
const MOST_TEXTS: usize = 40;

impl Values {
    /// Either of two.
    pub fn join(&mut self, one: Value, other: Value) -> Value {
        if one == other || other == Value::NEVER {
            return one;
        }
        if one == Value::NEVER {
            return other;
        }
        let key = if one < other { (one, other) } else { (other, one) };
        if let Some(&known) = self.joins.get(&key) {
            return known;
        }
        let joined = self.join_new(key.0, key.1);
        self.joins.insert(key, joined);
        joined
    }

    /// Any of several.
    pub fn join_all(&mut self, values: impl IntoIterator<Item = Value>) -> Value {
        values.into_iter().fold(Value::NEVER, |all, value| self.join(all, value))
    }

    fn join_new(&mut self, one: Value, other: Value) -> Value {
        match (self.shape(one).clone(), self.shape(other).clone()) {
            (Shape::Sequence(a), Shape::Sequence(b)) => {
                let element = self.join(a, b);
                return self.sequence(element);
            }
            (Shape::Tuple(a), Shape::Tuple(b)) if a.len() == b.len() => {
                let items = a.iter().zip(b.iter()).map(|(&a, &b)| self.join(a, b)).collect();
                return self.tuple(items);
            }
            (Shape::Tuple(items), Shape::Sequence(rest)) | (Shape::Sequence(rest), Shape::Tuple(items)) => {
                let element = self.join_all(items.iter().copied());
                let element = self.join(element, rest);
                return self.sequence(element);
            }
            (
                Shape::Mapping { known: a, key: ka, rest: ra },
                Shape::Mapping { known: b, key: kb, rest: rb },
            ) => {
                let mut known = a.to_vec();
                let (mut key, mut rest) = (self.join(ka, kb), self.join(ra, rb));
                for &(name, value) in b.iter() {
                    match a.binary_search_by(|(known, _)| known.as_str().cmp(name.as_str())) {
                        Ok(at) => known[at].1 = self.join(known[at].1, value),
                        Err(_) if known.len() < NAMES => known.push((name, value)),
                        Err(_) => {
                            let name = self.make(Shape::Str(name));
                            key = self.join(key, name);
                            rest = self.join(rest, value);
                        }
                    }
                }
                // What one of them lacks may be missing, which its name among the other keys says.
                for (name, value) in &mut known {
                    let has = |side: &[(Symbol, Value)]| {
                        side.binary_search_by(|(known, _)| known.as_str().cmp(name.as_str())).is_ok()
                    };
                    if has(&a) == has(&b) {
                        continue;
                    }
                    let name = self.make(Shape::Str(*name));
                    key = self.join(key, name);
                    if matches!(self.shape(*value), Shape::Bool(_)) {
                        *value = self.join(*value, Value::NONE);
                    }
                }
                return self.mapping_beyond(known, a.len(), key, rest);
            }
            (Shape::Scalar, Shape::Bool(_) | Shape::Int(_) | Shape::Str(_) | Shape::Unlike(_))
            | (Shape::Bool(_) | Shape::Int(_) | Shape::Str(_) | Shape::Unlike(_), Shape::Scalar) => {
                return Value::SCALAR;
            }
            (Shape::Unlike(a), Shape::Unlike(b)) => {
                let both: Rc<[Value]> = a.iter().copied().filter(|it| b.contains(it)).collect();
                return if both.is_empty() { Value::SCALAR } else { self.make(Shape::Unlike(both)) };
            }
            _ => {}
        }
        let mut parts: Vec<Value> = Vec::new();
        for value in [one, other] {
            match self.shape(value) {
                Shape::Union(members) => {
                    parts.extend(
                        members.iter().filter(|member| !parts.contains(member)).copied().collect::<Vec<_>>(),
                    );
                }
                _ if parts.contains(&value) => {}
                _ => parts.push(value),
            }
        }
        // Two containers of one kind within a union become one, so that unions stay short.
        let containers: Vec<Value> =
            parts.iter().copied().filter(|&part| matches!(self.shape(part), Shape::Sequence(_))).collect();
        if containers.len() > 1 {
            parts.retain(|part| !containers.contains(part));
            let merged = self.join_all(containers);
            parts.push(merged);
        }
        parts = self.one_content(parts);
        parts = self.partly_whole(parts);
        parts = self.unnarrowed(parts);
        parts = self.of_one_way(parts);
        parts.sort_unstable();
        parts.dedup();
        // Texts are most often the names of fields, each of which counts.
        let are_texts = || parts.iter().all(|&part| matches!(self.shape(part), Shape::Str(_) | Shape::None));
        let widest = if parts.len() > WIDEST_UNION && are_texts() { MOST_TEXTS } else { WIDEST_UNION };
        if parts.len() > widest {
            parts = self.widened(&parts, widest);
        }
        match parts.len() {
            1 => parts[0],
            n if n <= widest => self.make(Shape::Union(parts.into())),
            _ => Value::UNKNOWN,
        }
    }

    /// With one alternative for all contents of columns of which something is known.
    fn one_content(&mut self, mut parts: Vec<Value>) -> Vec<Value> {
        let is_content =
            |values: &Self, part: &Value| matches!(values.shape(*part), Shape::Scalar | Shape::Unlike(_));
        let contents: Vec<Value> = parts.iter().copied().filter(|part| is_content(self, part)).collect();
        if contents.len() > 1 {
            parts.retain(|part| !is_content(self, part));
            let content = self.join_all(contents);
            parts.push(content);
        }
        parts
    }

    /// Without rows that a test found to lack something, where the same row is there anyway.
    fn unnarrowed(&mut self, parts: Vec<Value>) -> Vec<Value> {
        let is_there = |part: &Value| match self.shape(*part) {
            Shape::Row(row) if !row.lacks.is_empty() => parts.iter().any(|&other| match self.shape(other) {
                Shape::Row(other) => {
                    other.lacks.are_less_than(row.lacks) && Row { lacks: row.lacks, ..*other } == *row
                }
                _ => false,
            }),
            _ => false,
        };
        match parts.iter().any(is_there) {
            true => parts.iter().copied().filter(|part| !is_there(part)).collect(),
            false => parts,
        }
    }
}
