//! Members and bases of classes: which class of its order binds a name, and whether it has a base of a kind, is asked again
//! and again for the same few.

use std::cell::Cell;
use std::hash::{BuildHasher, Hash};

use rustc_hash::FxBuildHasher;
use tuneup_python::{ClassRef, Member, Symbol};

use super::machine::Machine;

/// How many are kept: a later one takes the place of an earlier, so that they take no more.
const PLACES: usize = 4096;

/// A name of a class, and the member that it is.
type Asked = (ClassRef, Symbol, Option<Member>);

/// A class, what was asked of its bases, and whether it holds for one of them.
type Kind = (ClassRef, usize, bool);

/// What was asked for last.
pub(crate) struct ClassMembers {
    members: Box<[Cell<Option<Asked>>]>,
    kinds: Box<[Cell<Option<Kind>>]>,
}

impl Default for ClassMembers {
    fn default() -> Self {
        Self {
            members: (0..PLACES).map(|_| Cell::new(None)).collect(),
            kinds: (0..PLACES).map(|_| Cell::new(None)).collect(),
        }
    }
}

fn place<T>(of: impl Hash, places: &[Cell<T>]) -> &Cell<T> {
    &places[FxBuildHasher.hash_one(of) as usize % PLACES]
}

impl Machine<'_> {
    /// The member of a class, its own or an inherited one, as [`tuneup_python::Project::member`] gives it.
    pub(crate) fn member(&self, class: ClassRef, name: Symbol) -> Option<Member> {
        let place = place((class, name), &self.class_members.members);
        if let Some((of, called, member)) = place.get()
            && (of, called) == (class, name)
        {
            return member;
        }
        let member = self.project.member(class, name);
        place.set(Some((class, name, member)));
        member
    }

    /// Whether a class has a base outside the project for whose dotted name something holds, as [`Machine::has_base`], where
    /// that hangs on the name alone.
    pub(crate) fn is_of(&self, class: ClassRef, holds: fn(&str) -> bool) -> bool {
        // Where two functions are one in the program, they are the same.
        let asked = holds as usize;
        let place = place((class, asked), &self.class_members.kinds);
        if let Some((of, known, holds)) = place.get()
            && (of, known) == (class, asked)
        {
            return holds;
        }
        let holds = self.has_base(class, holds);
        place.set(Some((class, asked, holds)));
        holds
    }
}
