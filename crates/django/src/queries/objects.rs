//! Objects of the project's classes, told apart by where they are made, and of which rows: what one method makes for all
//! who call it, `paginator_class(queryset)`, is another object for each of them. And the attributes that code gives them.

use tuneup_python::{ClassRef, Symbol};

use super::calls::{Arguments, CallSite};
use super::machine::{Frame, Machine};
use super::value::{Made, Shape, Value};

impl<'p> Machine<'p> {
    /// An instance of a class of the project.
    pub(crate) fn make_object(
        &mut self,
        frame: &mut Frame<'p>,
        class: ClassRef,
        arguments: &Arguments,
        call: CallSite,
    ) -> Value {
        if let Some(named) = self.plain_named_tuple(frame, class, arguments, call) {
            return named;
        }
        let of = self.rows_among(arguments);
        let object = self.values.make(Shape::Object(class, Some(Made { site: call.site, of })));
        if let Some((function, _)) = self.class_function(class, self.names.init) {
            self.made.insert(object);
            self.call_with(frame, function, None, Some(object), arguments);
        } else if !self.fill_record(frame, object, class, arguments, call) {
            self.inherited_method(frame, object, class, self.names.init, arguments);
        }
        object
    }

    /// The rows that a call is given, as one value.
    fn rows_among(&mut self, arguments: &Arguments) -> Value {
        let rows: Vec<Value> = arguments.all().filter(|&value| self.are_rows(value)).collect();
        if rows.is_empty() { Value::NEVER } else { self.values.tuple(rows) }
    }

    pub(super) fn are_rows(&self, value: Value) -> bool {
        self.values.members(value).iter().any(|&member| match *self.values.shape(member) {
            Shape::Queryset(_) | Shape::Row(_) | Shape::Paginator(_) | Shape::Page(_) => true,
            Shape::Sequence(element) => {
                self.values.members(element).iter().any(|&it| self.as_row(it).is_some())
            }
            _ => false,
        })
    }

    /// Keeps what code puts on an object, beside what it has put there before. Gives whether that is something new.
    pub(crate) fn put_on(&mut self, object: Value, name: Symbol, put: Value) -> bool {
        let is_new = self.make_with(object, name, put);
        if is_new {
            *self.changes.entry(object).or_default() += 1;
        }
        is_new
    }

    /// Keeps what an object is made with, beside what the same place has made it with before. Gives whether that is something
    /// new.
    pub(crate) fn make_with(&mut self, object: Value, name: Symbol, with: Value) -> bool {
        let before = self.object_values.get(&(object, name)).copied().unwrap_or(Value::NEVER);
        let joined = self.values.join(before, with);
        if joined != before {
            self.set_on(object, name, joined);
        }
        joined != before
    }

    /// Makes an object with an attribute, which hides the one of its class.
    pub(crate) fn give(&mut self, object: Value, name: Symbol, value: Value) {
        self.set_on(object, name, value);
        self.given.insert((object, name));
    }

    /// Keeps what an attribute of an object is.
    pub(crate) fn set_on(&mut self, object: Value, name: Symbol, value: Value) {
        for member in self.values.members(value) {
            if matches!(self.values.shape(member), Shape::Object(..)) {
                self.holders.entry(member).or_default().insert(object);
            }
        }
        self.object_values.insert((object, name), value);
    }

    /// Keeps that an object is another within, so that what has it as an attribute may do otherwise.
    pub(crate) fn note_change_within(&mut self, object: Value) {
        let Some(holders) = self.holders.get(&object) else { return };
        // The order of those that have it changes nothing.
        #[expect(clippy::iter_over_hash_type)]
        for &holder in holders {
            *self.changes.entry(holder).or_default() += 1;
        }
    }

    /// How often the attributes of the first of a call's arguments have changed.
    pub(crate) fn changes_of(&self, arguments: &[Value]) -> u32 {
        arguments.first().and_then(|this| self.changes.get(this)).copied().unwrap_or_default()
    }
}
