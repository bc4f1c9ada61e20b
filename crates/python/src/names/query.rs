//! How questions about names are answered: each once, and safely where modules import each other in a circle.

use std::hash::BuildHasher;
use std::sync::{PoisonError, RwLock};

use elsa::sync::FrozenVec;
use rustc_hash::{FxBuildHasher, FxHashMap};

use super::modules::Resolved;
use super::{Base, ClassRef, Entity, FileId};
use crate::flow::ImportId;
use crate::project::Project;
use crate::symbol::Symbol;

/// A question whose answer is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Key {
    /// What a module binds a name to, as seen behind so many of its bindings.
    Bound(FileId, Symbol, u32),
    /// What an import binds.
    Import(FileId, ImportId),
    /// The bases of a class.
    Bases(ClassRef),
    /// The method resolution order of a class.
    Order(ClassRef),
}

/// An answer: an entity, nothing, or a list.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Answer {
    Entity(Option<Entity>),
    List(u32),
}

const SHARDS: usize = 16;

/// The answers that a project keeps.
#[derive(Default)]
pub(crate) struct Memo {
    answers: [RwLock<FxHashMap<Key, Answer>>; SHARDS],
    pub(crate) modules: RwLock<FxHashMap<(u32, Symbol), Resolved>>,
    pub(crate) lists: FrozenVec<Box<[Base]>>,
}

impl Memo {
    fn shard(&self, key: Key) -> &RwLock<FxHashMap<Key, Answer>> {
        &self.answers[(FxBuildHasher.hash_one(key) >> 40) as usize % SHARDS]
    }

    fn get(&self, key: Key) -> Option<Answer> {
        let shard = self.shard(key).read();
        shard.unwrap_or_else(PoisonError::into_inner).get(&key).copied()
    }

    fn keep(&self, key: Key, answer: Answer) {
        let shard = self.shard(key).write();
        shard.unwrap_or_else(PoisonError::into_inner).entry(key).or_insert(answer);
    }
}

/// One question and all that it asks in turn.
///
/// A question that is met again while it is being answered has no answer there. What was found out on
/// such a way holds only as long as that question is open: it is kept aside until then, so that every kept answer
/// is the same whatever was asked first.
pub(crate) struct Query<'p> {
    pub(crate) project: &'p Project,
    /// Open questions and how deep each is.
    open: FxHashMap<Key, usize>,
    /// Answers that hold while a question is open: the shallowest on which each depends.
    aside: FxHashMap<Key, (Answer, usize)>,
    aside_order: Vec<Key>,
    /// The shallowest open question that was met again since the current one was opened.
    met: usize,
}

impl<'p> Query<'p> {
    pub(crate) fn new(project: &'p Project) -> Self {
        Self {
            project,
            open: FxHashMap::default(),
            aside: FxHashMap::default(),
            aside_order: Vec::new(),
            met: usize::MAX,
        }
    }

    pub(crate) fn ask(&mut self, key: Key) -> Answer {
        if let Some(answer) = self.project.memo.get(key) {
            return answer;
        }
        if let Some(&(answer, on)) = self.aside.get(&key) {
            self.met = self.met.min(on);
            return answer;
        }
        if let Some(&depth) = self.open.get(&key) {
            self.met = self.met.min(depth);
            return match key {
                Key::Bound(..) | Key::Import(..) => Answer::Entity(None),
                Key::Bases(_) | Key::Order(_) => self.list(vec![Base::Unknown]),
            };
        }
        let depth = self.open.len();
        let first_aside = self.aside_order.len();
        let met_before = std::mem::replace(&mut self.met, usize::MAX);
        self.open.insert(key, depth);
        // A chain of aliases can be as long as a file.
        let answer = stacker::maybe_grow(128 * 1024, 4 * 1024 * 1024, || self.answer(key));
        self.open.remove(&key);
        if self.met >= depth {
            for key in self.aside_order.drain(first_aside..) {
                self.aside.remove(&key);
            }
            self.project.memo.keep(key, answer);
            self.met = met_before;
            return answer;
        }
        for other in &self.aside_order[first_aside..] {
            if let Some((_, on)) = self.aside.get_mut(other) {
                *on = (*on).min(self.met);
            }
        }
        self.aside.insert(key, (answer, self.met));
        self.aside_order.push(key);
        self.met = self.met.min(met_before);
        answer
    }

    fn answer(&mut self, key: Key) -> Answer {
        match key {
            Key::Bound(file, name, before) => Answer::Entity(self.find_bound(file, name, before)),
            Key::Import(file, import) => Answer::Entity(self.find_import(file, import)),
            Key::Bases(class) => {
                let bases = self.find_bases(class);
                self.list(bases)
            }
            Key::Order(class) => {
                let order = self.find_order(class);
                self.list(order)
            }
        }
    }

    fn list(&mut self, list: Vec<Base>) -> Answer {
        let lists = &self.project.memo.lists;
        Answer::List(lists.push_get_index(list.into_boxed_slice()) as u32)
    }

    pub(crate) fn entity(&mut self, key: Key) -> Option<Entity> {
        match self.ask(key) {
            Answer::Entity(entity) => entity,
            Answer::List(_) => None,
        }
    }
}
