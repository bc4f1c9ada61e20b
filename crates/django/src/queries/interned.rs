//! Things that are numbered, each once: equal ones have one number. The interpreter looks things up by their numbers all the
//! time, so they lie in a row.

use std::borrow::Borrow;
use std::hash::{BuildHasher, Hash};
use std::ops::Index;

use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;

/// Things by their numbers, and their numbers by what they are.
#[derive(Debug)]
pub(super) struct Interned<T> {
    items: Vec<T>,
    /// A part of the hash of each, so that it is not made again when there are more, and its number.
    numbers: HashTable<(Part, u32)>,
}

/// A part of a thing's hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Part(u32);

impl Part {
    /// A hash of the table's own: it takes some of the lowest bits, and the highest.
    fn whole(self) -> u64 {
        u64::from(self.0) << 32 | u64::from(self.0)
    }
}

impl<T: Eq + Hash> Interned<T> {
    pub(super) fn new() -> Self {
        Self { items: Vec::new(), numbers: HashTable::new() }
    }

    /// The number of a thing, if it has one, and what it is added by if not.
    pub(super) fn find<Q: Eq + Hash + ?Sized>(&self, item: &Q) -> Result<u32, Part>
    where
        T: Borrow<Q>,
    {
        let hash = FxBuildHasher.hash_one(item);
        let part = Part((hash ^ hash >> 32) as u32);
        let is_it =
            |&(other, number): &(Part, u32)| other == part && self.items[number as usize].borrow() == item;
        self.numbers.find(part.whole(), is_it).map(|&(_, number)| number).ok_or(part)
    }

    /// Adds a thing that has no number.
    pub(super) fn add(&mut self, part: Part, item: T) -> u32 {
        let number = self.items.len() as u32;
        self.items.push(item);
        self.numbers.insert_unique(part.whole(), (part, number), |(part, _)| part.whole());
        number
    }

    /// The number of a thing.
    pub(super) fn number(&mut self, item: T) -> u32 {
        self.find(&item).unwrap_or_else(|part| self.add(part, item))
    }

    /// All of them, in order.
    pub(super) fn items(&self) -> &[T] {
        &self.items
    }
}

impl<T> Index<u32> for Interned<T> {
    type Output = T;

    fn index(&self, number: u32) -> &T {
        &self.items[number as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::Interned;

    #[test]
    fn equal_things_have_one_number() {
        let mut texts: Interned<String> = Interned::new();
        let numbers: Vec<u32> = (0..5000).map(|n| texts.number(format!("text {n}"))).collect();
        assert!(numbers.iter().copied().eq(0..5000));
        assert!((0..5000).all(|n| texts.find(format!("text {n}").as_str()) == Ok(n)));
        assert!(texts.find("text 5000").is_err());
        assert_eq!(texts[4711], "text 4711");
        assert_eq!(texts.items().len(), 5000);
    }
}
