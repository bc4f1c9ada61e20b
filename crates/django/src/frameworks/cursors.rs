//! Cursors of a database: `with connection.cursor() as cursor`. What SQL they run is read in `queries/sql.rs`.
//!
//! <https://docs.djangoproject.com/en/stable/topics/db/sql/#connections-and-cursors>

use tuneup_python::Symbol;

use super::Framework;
use crate::queries::value::Shape;

pub(super) const FRAMEWORK: Framework = Framework {
    call: |machine, _, name, _, _| {
        is_cursor(name).then(|| machine.values.make(Shape::Instance(Symbol::new(name), Box::default())))
    },
    enters_itself: is_cursor,
    ..Framework::NONE
};

/// Whether a dotted name is that of what gives a cursor of a database: `django.db.connection.cursor`.
pub(crate) fn is_cursor(name: &str) -> bool {
    name.starts_with("django.db.") && name.ends_with(".cursor")
}
