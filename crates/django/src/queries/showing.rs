//! Who shows what: a serializer's fields read rows without any function being called, so that who comes to what they read
//! is kept apart from who calls what.

use rustc_hash::{FxHashMap, FxHashSet};
use tuneup_python::{ClassRef, FunctionRef};

use super::machine::Machine;
use super::value::{Shape, Value};

/// What runs: a function, or a class whose declarations a framework follows, as a serializer's fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Doer {
    /// A function.
    Function(FunctionRef),
    /// A class that shows objects.
    Class(ClassRef),
}

/// The classes that show objects, with what has them do so and what they call.
#[derive(Debug, Default)]
pub(crate) struct Showing {
    /// What has a class show objects: a function, or a class that it stands in.
    shown_by: FxHashMap<ClassRef, FxHashSet<Doer>>,
    /// The classes that call a function for what they show.
    calling: FxHashMap<FunctionRef, FxHashSet<ClassRef>>,
}

impl Showing {
    /// Adds what another interpreter saw.
    pub(crate) fn extend(&mut self, other: Self) {
        #[expect(clippy::iter_over_hash_type, reason = "each is added to a set")]
        for (class, doers) in other.shown_by {
            self.shown_by.entry(class).or_default().extend(doers);
        }
        #[expect(clippy::iter_over_hash_type, reason = "each is added to a set")]
        for (function, classes) in other.calling {
            self.calling.entry(function).or_default().extend(classes);
        }
    }

    /// What has a class show objects, in no order.
    pub(crate) fn showers(&self, class: ClassRef) -> impl Iterator<Item = Doer> {
        self.shown_by.get(&class).into_iter().flatten().copied()
    }

    /// The classes that call a function for what they show, in no order.
    pub(crate) fn callers(&self, function: FunctionRef) -> impl Iterator<Item = Doer> {
        self.calling.get(&function).into_iter().flatten().map(|&class| Doer::Class(class))
    }
}

impl Machine<'_> {
    /// Keeps what has something show an object, for the first time or again.
    pub(super) fn note_shower(&mut self, by: Value) {
        let Shape::Object(class, _) = *self.values.shape(by) else { return };
        let function = self.active_calls.last().map(|call| Doer::Function(call.0));
        let around = self.serializers.iter().filter_map(|&around| match *self.values.shape(around) {
            Shape::Object(around, _) if around != class => Some(Doer::Class(around)),
            _ => None,
        });
        let showers: Vec<Doer> = function.into_iter().chain(around).collect();
        self.showing_classes.shown_by.entry(class).or_default().extend(showers);
    }

    /// Keeps that a serializer that is under way calls a function.
    pub(super) fn note_called_to_show(&mut self, function: FunctionRef) {
        let Some(&around) = self.serializers.last() else { return };
        if let Shape::Object(class, _) = *self.values.shape(around) {
            self.showing_classes.calling.entry(function).or_default().insert(class);
        }
    }
}
