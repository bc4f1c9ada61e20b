//! The alternatives of a value. They are asked for at every step, and nearly always there is one.

use std::ops::Deref;
use std::rc::Rc;

use super::value::Value;

/// The alternatives of a value: none, itself, or a union's members.
#[derive(Clone, Debug)]
pub enum Members {
    /// One, or none.
    One(Option<Value>),
    /// A union's.
    Many(Rc<[Value]>),
}

impl Default for Members {
    fn default() -> Self {
        Self::One(None)
    }
}

impl Deref for Members {
    type Target = [Value];

    fn deref(&self) -> &[Value] {
        match self {
            Self::One(one) => one.as_slice(),
            Self::Many(many) => many,
        }
    }
}

/// They, one after the other.
#[derive(Debug)]
pub struct Each {
    members: Members,
    at: usize,
}

impl Iterator for Each {
    type Item = Value;

    fn next(&mut self) -> Option<Value> {
        let member = self.members.get(self.at).copied()?;
        self.at += 1;
        Some(member)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.members.len() - self.at;
        (left, Some(left))
    }
}

impl IntoIterator for Members {
    type Item = Value;
    type IntoIter = Each;

    fn into_iter(self) -> Each {
        Each { members: self, at: 0 }
    }
}

impl<'a> IntoIterator for &'a Members {
    type Item = &'a Value;
    type IntoIter = std::slice::Iter<'a, Value>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
