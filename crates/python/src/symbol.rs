//! Interned text: names, attribute names and short string literals.
//!
//! A [`Symbol`] is a small number that stands for a text, so that the facts of a million lines are
//! compared and hashed by number. The numbers depend on the order in which threads met the texts:
//! never sort by a symbol, never print one other than by its text.

use std::fmt;
use std::hash::BuildHasher;
use std::sync::{LazyLock, PoisonError, RwLock};

use elsa::sync::LockFreeFrozenVec;
use hashbrown::HashTable;
use rustc_hash::FxBuildHasher;

const SHARD_BITS: u32 = 4;
const SHARDS: usize = 1 << SHARD_BITS;

/// Texts are short, and are put into pieces of memory of this many bytes.
const PIECE: usize = 16 * 1024;

/// A text, known by number for as long as the process lives.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Symbol(u32);

#[derive(Default)]
struct Shard {
    table: RwLock<Table>,
    /// Read far more often than it grows, so without a lock.
    texts: LockFreeFrozenVec<&'static str>,
}

#[derive(Default)]
struct Table {
    /// Positions in [`Shard::texts`], by the hash of the text.
    numbers: HashTable<u32>,
    /// What is left of the last piece.
    free: &'static mut [u8],
}

static SHARDED: LazyLock<[Shard; SHARDS]> = LazyLock::new(Default::default);

impl Symbol {
    /// The symbol of `text`. The text is kept until the process ends.
    pub fn new(text: &str) -> Self {
        if let Some(known) = Self::known(text) {
            return known;
        }
        let (hash, which) = place(text);
        let shard = &SHARDED[which];
        let mut table = shard.table.write().unwrap_or_else(PoisonError::into_inner);
        // Another thread may have been faster.
        let known = table.numbers.find(hash, |&number| shard.text(number) == text).copied();
        let number = known.unwrap_or_else(|| {
            let kept = table.keep(text);
            // Texts only grow under the lock that is held here.
            let number = shard.texts.push(kept) as u32;
            table.numbers.insert_unique(hash, number, |&number| place(shard.text(number)).0);
            number
        });
        Self((number << SHARD_BITS) | which as u32)
    }

    /// The symbol of `text`, where there is one.
    pub fn known(text: &str) -> Option<Self> {
        let (hash, which) = place(text);
        let shard = &SHARDED[which];
        let table = shard.table.read().unwrap_or_else(PoisonError::into_inner);
        let number = table.numbers.find(hash, |&number| shard.text(number) == text)?;
        Some(Self((number << SHARD_BITS) | which as u32))
    }

    /// A number that only this symbol has, for a table to be sorted by in which symbols are looked for.
    pub(crate) fn number(self) -> u32 {
        self.0
    }

    /// The text that this symbol stands for.
    pub fn as_str(self) -> &'static str {
        SHARDED[self.0 as usize % SHARDS].text(self.0 >> SHARD_BITS)
    }
}

/// The hash of a text, and its shard.
fn place(text: &str) -> (u64, usize) {
    let hash = FxBuildHasher.hash_one(text);
    (hash, (hash >> 40) as usize % SHARDS)
}

impl Shard {
    fn text(&self, number: u32) -> &'static str {
        self.texts.get(number as usize).unwrap_or_default()
    }
}

impl Table {
    /// Copies a text to where it stays.
    fn keep(&mut self, text: &str) -> &'static str {
        if self.free.len() < text.len() {
            if text.len() > PIECE / 8 {
                return Box::leak(text.into());
            }
            self.free = Box::leak(vec![0; PIECE].into_boxed_slice());
        }
        let (own, rest) = std::mem::take(&mut self.free).split_at_mut(text.len());
        self.free = rest;
        own.copy_from_slice(text.as_bytes());
        std::str::from_utf8(own).unwrap_or_default()
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
