//! Interned text: names, attribute names and short string literals.
//!
//! A [`Symbol`] is a small number that stands for a text, so that the facts of a million lines are
//! compared and hashed by number. The numbers depend on the order in which threads met the texts:
//! never sort by a symbol, never print one other than by its text.

use std::collections::hash_map::Entry;
use std::fmt;
use std::hash::BuildHasher;
use std::sync::{LazyLock, RwLock};

use elsa::sync::LockFreeFrozenVec;
use rustc_hash::{FxBuildHasher, FxHashMap};

const SHARD_BITS: u32 = 4;
const SHARDS: usize = 1 << SHARD_BITS;

/// A text, known by number for as long as the process lives.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Symbol(u32);

#[derive(Default)]
struct Shard {
    numbers: RwLock<FxHashMap<&'static str, u32>>,
    /// Read far more often than it grows, so without a lock.
    texts: LockFreeFrozenVec<&'static str>,
}

static SHARDED: LazyLock<[Shard; SHARDS]> = LazyLock::new(Default::default);

impl Symbol {
    /// The symbol of `text`. The text is kept until the process ends.
    pub fn new(text: &str) -> Self {
        let which = (FxBuildHasher.hash_one(text) >> 40) as usize % SHARDS;
        let shard = &SHARDED[which];
        if let Some(&number) = shard.numbers.read().expect("no holder of this lock panics").get(text) {
            return Self(number);
        }
        let mut numbers = shard.numbers.write().expect("no holder of this lock panics");
        let kept: &'static str = match numbers.get_key_value(text) {
            Some((kept, _)) => kept,
            None => Box::leak(text.to_owned().into_boxed_str()),
        };
        match numbers.entry(kept) {
            Entry::Occupied(known) => Self(*known.get()),
            Entry::Vacant(free) => {
                // Texts only grow under the lock that is held here.
                let number = ((shard.texts.push(kept) as u32) << SHARD_BITS) | which as u32;
                free.insert(number);
                Self(number)
            }
        }
    }

    /// The text that this symbol stands for.
    pub fn as_str(self) -> &'static str {
        let shard = &SHARDED[self.0 as usize % SHARDS];
        shard.texts.get((self.0 >> SHARD_BITS) as usize).unwrap_or_default()
    }
}

impl fmt::Debug for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl fmt::Display for Symbol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<&str> for Symbol {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl PartialEq<str> for Symbol {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for Symbol {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

#[cfg(test)]
mod tests {
    use super::Symbol;

    #[test]
    fn one_text_has_one_symbol_on_every_thread() {
        let here: Vec<Symbol> = (0..2000).map(|n| Symbol::new(&format!("name{n}"))).collect();
        let there = std::thread::spawn(|| {
            (0..2000).rev().map(|n| Symbol::new(&format!("name{n}"))).collect::<Vec<_>>()
        });
        let there = there.join().expect("the thread only interns");
        assert!(here.iter().eq(there.iter().rev()));
        assert_eq!(here[17].as_str(), "name17");
        assert_ne!(here[17], here[18]);
    }
}
