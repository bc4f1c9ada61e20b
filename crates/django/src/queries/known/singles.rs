//! One row of many: `rows[0]`, `next(iter(rows))`, `rows[:1]`, `max(rows)`, `by_name[name]`.
//!
//! A list of all rows of a query is there once for each time that the query runs, and so is the row at an index of it: as
//! with `first()`, what is read of that row costs no query for each row. Other lists, of which a grouping makes one for
//! each key, say nothing of how many they are: each has a row at its index. So the elements of a list of all rows are
//! marked ([`Row::listed`]) while they are in it. Of any list or mapping, what is picked as often as the query is made is one
//! row too: in the same function, within the same turn of a loop.
//!
//! A `while` loop that goes from row to row of a mapping, `section = by_pk[section.parent_id]`, comes to one in each turn, and
//! not to all that there are.

use tuneup_python::flow::{Expr, ExprKind};

use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Origin, Path, Row, Shape, Site, Value};

impl<'p> Machine<'p> {
    /// A list, tuple or iterator of the elements that looping over `source` gives; of all its rows, where it has them all.
    pub(in crate::queries) fn list_of(&mut self, source: Value, element: Value) -> Value {
        let element = if self.has_all(source) { self.with_mark(element, true) } else { element };
        self.values.sequence(element)
    }

    /// Whether a value gives all rows of a query when it is looped over.
    pub(in crate::queries) fn has_all(&self, source: Value) -> bool {
        let members = self.values.members(source);
        !members.is_empty()
            && members.iter().all(|&member| match *self.values.shape(member) {
                Shape::Queryset(_) | Shape::Page(_) => true,
                Shape::Sequence(element) => self.is_marked(element),
                _ => false,
            })
    }

    fn is_marked(&self, element: Value) -> bool {
        let members = self.values.members(element);
        !members.is_empty() && members.iter().all(|&member| self.as_row(member).is_some_and(|row| row.listed))
    }

    pub(in crate::queries) fn with_mark(&mut self, element: Value, listed: bool) -> Value {
        self.for_each(element, |machine, member| match *machine.values.shape(member) {
            Shape::Row(row) if row.listed != listed => machine.values.make(Shape::Row(Row { listed, ..row })),
            _ => member,
        })
    }

    /// What looping over a list gives, of its elements.
    pub(crate) fn any_of(&mut self, element: Value) -> Value {
        self.with_mark(element, false)
    }

    /// What an index of a list, or a key of a mapping, gives of what is in it.
    pub(in crate::queries) fn one_of(&mut self, frame: &Frame<'p>, element: Value) -> Value {
        self.for_each(element, |machine, member| match *machine.values.shape(member) {
            Shape::Row(row) if row.listed || row.many && machine.is_of_one_list(frame, row) => {
                let row = machine.lone(row);
                machine.values.make(Shape::Row(row))
            }
            _ => member,
        })
    }

    /// What a loop over rows left behind, where the step that is being run stands after it: the last of them.
    pub(crate) fn last_of_loop(&mut self, frame: &Frame<'p>, value: Value) -> Value {
        self.for_each(value, |machine, member| match machine.values.shape(member) {
            Shape::Row(_) => machine.one_of(frame, member),
            _ => member,
        })
    }

    /// The list of a mapping's values, at an index of which is one of them. In a loop there may be a mapping for each turn.
    pub(in crate::queries) fn values_of(&mut self, frame: &Frame<'p>, values: Value) -> Value {
        if !frame.again.is_empty() {
            return values;
        }
        self.for_each(values, |machine, member| match *machine.values.shape(member) {
            Shape::Sequence(element) if !machine.is_looped_over(element) => {
                let element = machine.with_mark(element, true);
                machine.values.sequence(element)
            }
            _ => member,
        })
    }

    /// Whether a value is among the rows of a query that is being looped over.
    fn is_looped_over(&self, value: Value) -> bool {
        self.values.members(value).into_iter().any(|member| {
            self.as_row(member).is_some_and(|row| self.looping.iter().any(|&(query, _)| query == row.query))
        })
    }

    /// What an index of a list gives of its elements, or the first names that it is unpacked into: where there are several
    /// such lists, one row of each.
    pub(in crate::queries) fn head_of(&mut self, frame: &Frame<'p>, element: Value) -> Value {
        let element = self.one_of(frame, element);
        let members = self.values.members(element);
        if !members.iter().all(|&member| self.as_row(member).is_some()) {
            return element;
        }
        self.for_each(element, |machine, member| match *machine.values.shape(member) {
            Shape::Row(row) if row.many && row.path == Path::ROOT => {
                machine.values.make(Shape::Row(Row { head: true, ..row }))
            }
            _ => member,
        })
    }

    /// What is taken from a list or iterator: in a loop, one element after the other.
    pub(in crate::queries) fn taken(&mut self, frame: &mut Frame<'p>, source: Value, site: Site) -> Value {
        self.for_each(source, |machine, member| match *machine.values.shape(member) {
            Shape::Sequence(element) if frame.again.is_empty() => machine.one_of(frame, element),
            Shape::Sequence(element) => {
                let element = machine.any_of(element);
                machine.one_of(frame, element)
            }
            _ => machine.iterate(frame, member, site),
        })
    }

    /// What a mapping gives for a key, where a `while` loop comes by it from one of the rows in it to the next.
    pub(in crate::queries) fn gone_to(&mut self, frame: &Frame<'p>, key: Expr, found: Value) -> Value {
        let facts = frame.facts;
        let ExprKind::Attribute(base, _) = facts.kind(key) else { return found };
        let ExprKind::Local(slot) = facts.kind(base) else { return found };
        if frame.whiles == 0 {
            return found;
        }
        let from = self.values.members(frame.slots[slot as usize]);
        let from: Vec<Row> = from.into_iter().filter_map(|member| self.as_row(member)).collect();
        self.for_each(found, |machine, member| match *machine.values.shape(member) {
            Shape::Row(row)
                if row.many && from.iter().any(|from| (from.query, from.path) == (row.query, row.path)) =>
            {
                let row = machine.lone(row);
                machine.values.make(Shape::Row(row))
            }
            _ => member,
        })
    }

    /// What `max()` and its kin give of a value's elements: one row of each list, where there are several.
    pub(in crate::queries) fn chosen(&mut self, frame: &Frame<'p>, source: Value, element: Value) -> Value {
        let element = if self.has_all(source) { self.with_mark(element, true) } else { element };
        self.head_of(frame, element)
    }

    /// Whether the query of a row is made for each list of which the step that is being run picks one row.
    fn is_of_one_list(&self, frame: &Frame<'p>, row: Row) -> bool {
        self.is_made_here(frame, row)
            || frame.again.is_empty() && self.made_at(row).is_some_and(|site| self.is_asked_for_call(site))
    }

    /// Whether the query of a row is made as often as the step that is being run: in the same function, and within the
    /// same turn of a loop.
    fn is_made_here(&self, frame: &Frame<'p>, row: Row) -> bool {
        self.made_at(row).is_some_and(|site| {
            (site.file, site.function) == (frame.file, frame.function)
                && frame.again.last().is_none_or(|turn| turn.contains_range(site.range))
        })
    }

    /// Whether rows are those of a query that is made as often as the step that is being run, and not related to others.
    pub(in crate::queries) fn are_asked_here(&self, frame: &Frame<'p>, rows: Value) -> bool {
        let members = self.values.members(rows);
        !members.is_empty()
            && members.iter().all(|&member| {
                self.as_row(member).is_some_and(|row| {
                    let queryset = self.as_queryset(row.query);
                    row.path == Path::ROOT
                        && queryset.is_some_and(|it| it.origin == Origin::Manager)
                        && self.is_made_here(frame, row)
                })
            })
    }

    /// Where the query of a row is made, or that of the related rows which it is one of.
    pub(in crate::queries) fn made_at(&self, row: Row) -> Option<Site> {
        let mut at = row.path;
        while let Some((before, step)) = self.values.last_step(at) {
            if step.to_many {
                return step.site;
            }
            at = before;
        }
        self.as_queryset(row.query).and_then(|queryset| queryset.sites.last().copied())
    }

    /// The chain expression that asks for the rows of which a row is one, where they are related to another.
    pub(in crate::queries) fn related_at(&self, row: Row) -> Option<Site> {
        let mut at = row.path;
        while let Some((before, step)) = self.values.last_step(at) {
            if step.to_many {
                return step.site;
            }
            at = before;
        }
        None
    }

    /// One of the rows that a list has all of: one for each row that they are related to, where they are.
    pub(in crate::queries) fn lone(&self, row: Row) -> Row {
        let mut at = row.path;
        while let Some((before, step)) = self.values.last_step(at) {
            if step.to_many {
                return Row { many: self.row_is_many(row, before), listed: false, ..row };
            }
            at = before;
        }
        let parent = self.as_queryset(row.query).and_then(|queryset| queryset.parent);
        match parent.and_then(|(parent, _)| self.as_row(parent)) {
            Some(parent) => Row { many: parent.many, alone: parent.alone, listed: false, ..row },
            None => Row { many: false, alone: true, listed: false, ..row },
        }
    }

    /// A queryset or list of which a slice leaves one element.
    pub(in crate::queries) fn cut_to_one(&mut self, frame: &Frame<'p>, value: Value) -> Value {
        match self.values.shape(value).clone() {
            Shape::Queryset(mut queryset) if !queryset.is_manager => {
                self.extended.insert(value);
                queryset.asked.single = true;
                self.values.queryset(queryset)
            }
            Shape::Sequence(element) => {
                let element = self.one_of(frame, element);
                self.values.sequence(element)
            }
            _ => value,
        }
    }

    /// Whether an index is a slice that begins behind the first: `[start:end]`.
    pub(in crate::queries) fn is_slice_behind(frame: &Frame<'p>, index: Expr) -> bool {
        let ExprKind::Slice(parts) = frame.facts.kind(index) else { return false };
        let lower = frame.facts.list(parts).first().map(|&lower| frame.facts.kind(lower));
        !matches!(lower, None | Some(ExprKind::None | ExprKind::Int(0)))
    }

    /// Whether a slice leaves one element at most: `[:1]`, `[4:5]`.
    pub(in crate::queries) fn is_slice_of_one(frame: &Frame<'p>, index: Expr) -> bool {
        let ExprKind::Slice(run) = frame.facts.kind(index) else { return false };
        let &[lower, upper, step] = frame.facts.list(run) else { return false };
        let lower = match frame.facts.kind(lower) {
            ExprKind::None => 0,
            ExprKind::Int(lower) => lower,
            _ => return false,
        };
        let ExprKind::Int(upper) = frame.facts.kind(upper) else { return false };
        lower >= 0
            && upper >= 0
            && upper <= lower.saturating_add(1)
            && frame.facts.kind(step) == ExprKind::None
    }
}
