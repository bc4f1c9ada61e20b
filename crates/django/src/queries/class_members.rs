//! Members of classes: which class of its order binds a name is asked again and again for the same few.

use std::cell::Cell;
use std::hash::BuildHasher;

use rustc_hash::FxBuildHasher;
use tuneup_python::{ClassRef, Member, Symbol};

use super::machine::Machine;

/// How many are kept: a later one takes the place of an earlier, so that they take no more.
const PLACES: usize = 4096;

/// A name of a class, and the member that it is.
type Asked = (ClassRef, Symbol, Option<Member>);

/// The members that were asked for last.
pub(crate) struct ClassMembers(Box<[Cell<Option<Asked>>]>);

impl Default for ClassMembers {
    fn default() -> Self {
        Self((0..PLACES).map(|_| Cell::new(None)).collect())
    }
}

impl Machine<'_> {
    /// The member of a class, its own or an inherited one, as [`tuneup_python::Project::member`] gives it.
    pub(crate) fn member(&self, class: ClassRef, name: Symbol) -> Option<Member> {
        let place = &self.class_members.0[FxBuildHasher.hash_one((class, name)) as usize % PLACES];
        if let Some((of, called, member)) = place.get()
            && (of, called) == (class, name)
        {
            return member;
        }
        let member = self.project.member(class, name);
        place.set(Some((class, name, member)));
        member
    }
}
