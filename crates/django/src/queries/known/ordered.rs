//! Whether rows come in an order that the query or its model says. What is in none is given as the database finds it, which may
//! be another way for each query; so what is taken piece by piece, by slices or as pages, hangs together only as long as the
//! database finds it the same way each time.
//!
//! <https://docs.djangoproject.com/en/stable/ref/paginator/#required-arguments>

use crate::queries::machine::Machine;
use crate::queries::value::{Queryset, Role, Value};

impl Machine<'_> {
    /// Whether nothing orders the rows of a queryset, as far as that is known.
    fn is_unordered(&self, queryset: &Queryset) -> bool {
        let mut terms = self.values.terms(queryset.terms).iter();
        let is_by_default = || self.schema.is_ordered(self.project, queryset.model) != Some(false);
        !self.values.has_order(queryset)
            // A bare `order_by()` leaves nothing of the model's own.
            && (terms.any(|term| term.role == Role::Order) || !queryset.asked.foreign && !is_by_default())
    }

    /// The rows of a queryset that begin behind its first.
    pub(in crate::queries) fn cut_behind(&mut self, value: Value) -> Value {
        let Some(mut queryset) = self.as_queryset(value).filter(|it| !it.is_manager).cloned() else {
            return value;
        };
        if !self.is_unordered(&queryset) {
            return value;
        }
        self.extended.insert(value);
        queryset.asked.unordered = true;
        self.values.queryset(queryset)
    }

    /// Takes rows page by page, of each queryset that a value may be. What takes them may put them in an order by itself.
    pub(crate) fn take_pages(&mut self, value: Value, is_ordered: bool) {
        self.record_page(value);
        if !is_ordered {
            self.mark_pages(value);
        }
    }

    /// Keeps which of the querysets that a value may be are shown page by page in no order.
    pub(crate) fn mark_pages(&mut self, value: Value) {
        for member in self.values.members(value) {
            if self.as_queryset(member).is_some_and(|queryset| self.is_unordered(queryset)) {
                self.in_pages.insert(member);
            }
        }
    }
}
