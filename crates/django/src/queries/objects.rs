//! Objects of the project's classes, told apart by where they are made, and of which rows: what one method makes for all
//! who call it, `paginator_class(queryset)`, is another object for each of them.

use tuneup_python::ClassRef;

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
}
