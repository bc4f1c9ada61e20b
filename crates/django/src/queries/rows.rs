//! Model instances: columns are free, relations are reads, methods are followed with the row as `self`.

use tuneup_python::{ClassRef, FunctionRef, Symbol};

use super::attributes::Binding;
use super::calls::{Arguments, CallSite};
use super::hazards::HazardKind;
use super::machine::{Frame, Machine, Write};
use super::value::{Asked, Lacks, Origin, Path, Plan, Prefetched, Queryset, Row, Shape, Site, Value};
use crate::frameworks::{parler, urlman};
use crate::paths::joined;
use crate::schema::{ModelAttribute, RelationId, RelationKind};

impl<'p> Machine<'p> {
    /// `row.name`
    pub(crate) fn row_attribute(
        &mut self,
        frame: &mut Frame<'p>,
        site: Site,
        value: Value,
        row: Row,
        name: Symbol,
    ) -> Value {
        let class = self.schema.class_of(row.model);
        if let Some(&put) = frame.placed.get(&(value, name))
            && !class.is_some_and(|class| self.is_plain_property(class, name))
        {
            return put;
        }
        match self.schema.attribute(row.model, name) {
            Some(ModelAttribute::Column) => return self.column(row, name),
            Some(ModelAttribute::ToOne(relation)) => {
                let is_climb = self.goes_on_climbing(frame, row, relation);
                self.climbing += u32::from(is_climb);
                let followed = self.follow(value, row, relation, site);
                self.climbing -= u32::from(is_climb);
                return followed;
            }
            Some(ModelAttribute::ToMany(relation)) => {
                return self.related_manager(value, row, relation, site);
            }
            Some(ModelAttribute::Translated(relation)) => {
                return parler::translated(self, frame, value, relation, site);
            }
            Some(ModelAttribute::Other) => return Value::UNKNOWN,
            None => {}
        }
        if let Some(value) = self.prefetched_attribute(row, name, site) {
            return value;
        }
        if self.is_annotated(row, name) {
            return Value::SCALAR;
        }
        if let Some(&put) = self.row_values.get(&(row.query, row.path, name))
            && !class.is_some_and(|class| self.is_plain_property(class, name))
        {
            return put;
        }
        if let Some(class) = class {
            let model = self.values.make(Shape::Model(row.model));
            if let Some(member) = self.bound_member(frame, class, name, Some(value), model) {
                return urlman::of_row(self, value, member);
            }
        }
        if name == self.names.class_ {
            return self.values.make(Shape::Model(row.model));
        }
        match name.as_str() {
            // What is prefetched on the row, by name; `"tags" in …` asks for it.
            "_prefetched_objects_cache" => {
                self.values.make(Shape::Instance(self.names.prefetched, Box::new([value])))
            }
            "__dict__" => self.values.make(Shape::Instance(self.names.dict, Box::new([value]))),
            "_state" => self.values.make(Shape::Instance(self.names.state, Box::new([value]))),
            "_meta" | "DoesNotExist" | "MultipleObjectsReturned" => Value::UNKNOWN,
            "objects" => Value::UNKNOWN,
            _ => self.values.make(Shape::Method(value, name)),
        }
    }

    /// Keeps that all that rows hold is taken off them at once, what a prefetch put there among it.
    pub(super) fn record_emptied(&mut self, rows: &[Value], site: Site) {
        for row in rows
            .iter()
            .filter_map(|&row| self.as_row(row))
            .filter(|row| row.path == Path::ROOT)
            .collect::<Vec<_>>()
        {
            self.note(HazardKind::Emptied, row.query, row.path, site);
        }
    }

    /// Whether an attribute was computed by the row's query. It is set on the row, which goes before what the class
    /// has of that name.
    fn is_annotated(&self, row: Row, name: Symbol) -> bool {
        self.values.length(row.path) == 0
            && self.as_queryset(row.query).is_some_and(|queryset| queryset.annotated.contains(&name))
    }

    /// Whether an attribute is one that a query's `Prefetch(…, to_attr=…)` or `annotate()` puts on each of its rows.
    /// Rows that come from outside are taken to have what code prefetches under that name: where some that are seen
    /// come without it, these tell.
    pub(super) fn is_put(&self, base: Value, attribute: Value) -> bool {
        let Shape::Str(name) = *self.values.shape(attribute) else { return false };
        let members = self.values.members(base);
        !members.is_empty()
            && members.iter().all(|&member| {
                self.as_row(member).is_some_and(|row| {
                    self.is_put_on(row, name) || self.is_outside(row) && self.is_prefetch_attribute(name)
                })
            })
    }

    pub(super) fn is_outside(&self, row: Row) -> bool {
        self.as_queryset(row.query).is_none_or(|queryset| queryset.origin == Origin::Outside)
    }

    /// Whether the row's query puts an attribute on it: what it computes, or prefetches under that name.
    fn is_put_on(&self, row: Row, name: Symbol) -> bool {
        self.is_annotated(row, name) || self.prefetched_as(row, name).is_some()
    }

    /// The lookup of the row's query that has the name for its `to_attr`.
    fn prefetched_as(&self, row: Row, name: Symbol) -> Option<Prefetched> {
        let at = self.path_text(row.path);
        let queryset = self.as_queryset(row.query)?;
        let found = queryset.plan.prefetch.iter().find(|known| {
            known.to_attr == Some(name)
                && match known.path.as_str().rsplit_once("__") {
                    Some((before, _)) => before == at,
                    None => at.is_empty(),
                }
        });
        found.copied()
    }

    /// Reads a to-one relation.
    fn follow(&mut self, value: Value, row: Row, relation: RelationId, site: Site) -> Value {
        if let Some((back, path)) = row.back
            && back == relation
        {
            let Some(model) = self.schema.relation(relation).target() else { return Value::UNKNOWN };
            let many = self.row_is_many(row, path);
            return self.values.make(Shape::Row(Row {
                path,
                model,
                many,
                back: None,
                lacks: Lacks::NONE,
                ..row
            }));
        }
        // A prefetch sets the rows' foreign key to the row that they belong to, and a one-to-one both its sides.
        if let Some((before, step)) = self.values.last_step(row.path)
            && self.schema.relation(step.relation).inverse() == Some(relation)
            && let Some(model) = self.schema.relation(relation).target()
        {
            let many = self.row_is_many(row, before);
            return self.values.make(Shape::Row(Row {
                path: before,
                model,
                many,
                back: None,
                lacks: Lacks::NONE,
                ..row
            }));
        }
        if let Some(queryset) = self.as_queryset(row.query)
            && self.values.length(row.path) == 0
            && let Origin::Related(origin, over) = queryset.origin
            && self.schema.relation(over).inverse() == Some(relation)
            // Unless a join makes an object of its own of the same row.
            && !queryset.plan.joins(self.schema.relation(relation).lookup_name())
        {
            return origin;
        }
        // So it does where it is given a queryset.
        if let Some((parent, over)) = self.as_queryset(row.query).and_then(|queryset| queryset.parent)
            && self.values.length(row.path) == 0
            && self.schema.relation(over).inverse() == Some(relation)
        {
            return parent;
        }
        if self.values.length(row.path) >= 8 {
            return Value::UNKNOWN;
        }
        if self.set_first.contains(&(row.query, row.path, relation)) {
            return match self.schema.relation(relation).target() {
                Some(model) => self.outside_row(model),
                None => Value::UNKNOWN,
            };
        }
        if row.lacks.has(relation) || self.is_null(row, relation) || self.is_excluded(row, relation) {
            return Value::NONE;
        }
        if self.is_of_sibling(row, relation) {
            return Value::UNKNOWN;
        }
        let path = self.over(row.path, relation);
        if !self.is_loaded_by_manager(path)
            && !self.is_followed_at_first(row, relation)
            && !self.is_kind_of_what_is_gone(row, relation)
        {
            self.record_read(row, path, site);
        }
        let _ = value;
        let Some(model) = self.schema.relation(relation).target() else { return Value::UNKNOWN };
        let text = self.path_text(path);
        if let Some(inner) = self.prefetch_of(row.query, &text).and_then(|prefetched| prefetched.queryset) {
            let parent = self.values.make(Shape::Row(row));
            let inner = self.prefetched_rows(row.query, &text, inner, (parent, relation));
            let path = Path::ROOT;
            return self.for_each(inner, |machine, query| match machine.as_queryset(query) {
                Some(_) => machine.values.make(Shape::Row(Row {
                    query,
                    path,
                    model,
                    back: None,
                    lacks: Lacks::NONE,
                    ..row
                })),
                None => Value::UNKNOWN,
            });
        }
        // The other side of a one-to-one is set on what it gives.
        let back = match self.schema.relation(relation).inverse() {
            Some(inverse) if !self.schema.relation(inverse).to_many() => Some((inverse, row.path)),
            _ => None,
        };
        self.values.make(Shape::Row(Row { path, model, back, lacks: Lacks::NONE, ..row }))
    }

    /// Whether a relation is to the content type of a generic foreign key that a test has found to lead to nothing: it is
    /// set only where that row is gone.
    fn is_kind_of_what_is_gone(&self, row: Row, relation: RelationId) -> bool {
        let field = self.schema.relation(relation).field();
        row.lacks.all().any(|lacking| {
            let lacking = self.schema.relation(lacking);
            lacking.kind() == RelationKind::Generic
                && self
                    .schema
                    .generic_columns(self.project, lacking.field())
                    .is_some_and(|(kind, _)| kind == field)
        })
    }

    /// Whether a row came from the database: it is one of a query that is seen, or of a row's related rows.
    pub(super) fn is_fetched(&self, row: Row) -> bool {
        !self.is_outside(row) || self.values.steps(row.path).iter().any(|step| step.to_many)
    }

    /// Whether there is a row at `path` for each turn of a loop, `path` being on the way to `row`: an order's
    /// lines are many, their order is one.
    pub(super) fn row_is_many(&self, row: Row, path: super::value::Path) -> bool {
        row.many && (!row.alone || self.values.steps(path).iter().any(|step| step.to_many))
    }

    fn related_manager(&mut self, value: Value, row: Row, relation: RelationId, site: Site) -> Value {
        let _ = row;
        let Some(model) = self.schema.relation(relation).target() else { return Value::UNKNOWN };
        let classes = self.schema.default_manager_classes(model).into();
        self.values.queryset(Queryset {
            model,
            origin: Origin::Related(value, relation),
            is_manager: true,
            classes,
            sites: Box::new([site]),
            ways: Box::default(),
            plan: Plan::default(),
            planned: None,
            asked: Asked::default(),
            terms: super::value::Terms::NONE,
            parent: None,
            annotated: Box::default(),
        })
    }

    /// What a `Prefetch(…, to_attr=name)` put on the row.
    fn prefetched_attribute(&mut self, row: Row, name: Symbol, site: Site) -> Option<Value> {
        let found = self.prefetched_as(row, name)?;
        let Some(inner) = found.queryset else { return Some(Value::UNKNOWN) };
        let (before, last) = found.path.as_str().rsplit_once("__").unwrap_or(("", found.path.as_str()));
        let inner = match self.schema.relation_by_accessor(row.model, Symbol::new(last)) {
            Some(relation) => {
                // Lookups go on from the attribute's name.
                let through = joined(before, name.as_str());
                let parent = self.values.make(Shape::Row(row));
                self.prefetched_rows(row.query, &through, inner, (parent, relation))
            }
            None => inner,
        };
        let element = self.iterate_plain(inner, site);
        Some(self.values.sequence(element))
    }

    fn iterate_plain(&mut self, queryset: Value, site: Site) -> Value {
        self.for_each(queryset, |machine, queryset| match machine.as_queryset(queryset).cloned() {
            Some(found) => machine.iterate_queryset(queryset, &found, site),
            None => Value::UNKNOWN,
        })
    }

    /// A method that Django gives every row.
    pub(crate) fn row_method(
        &mut self,
        frame: &mut Frame<'p>,
        value: Value,
        row: Row,
        name: Symbol,
        arguments: &Arguments,
        call: CallSite,
    ) -> Value {
        match name.as_str() {
            "save" | "asave" | "delete" | "adelete" | "save_base" => {
                self.record_write(Write {
                    model: Some(row.model),
                    relation: None,
                    between: None,
                    makes: false,
                    of: self.related_to(row),
                    row: (!row.many).then_some((row.query, row.path)),
                    site: call.site,
                });
                if !name.as_str().contains("delete") && arguments.keyword("update_fields").is_none() {
                    self.record_save(row, call.site);
                }
                Value::NONE
            }
            "__str__" | "__repr__" => {
                self.text_of(frame, value);
                Value::SCALAR
            }
            "refresh_from_db" | "arefresh_from_db" => {
                self.change_all(value, row);
                self.refresh(frame, value, row, arguments, call.site);
                Value::NONE
            }
            "full_clean" => {
                self.call_named(frame, value, "clean", &Arguments::default());
                Value::NONE
            }
            "clean" | "validate_unique" => Value::NONE,
            text if text.starts_with("get_") && text.ends_with("_display") => Value::SCALAR,
            _ => self.framework_row_method(frame, value, row, name, arguments, call),
        }
    }

    /// The row whose related rows a row is one of, and over which relation, where it was asked for as such.
    fn related_to(&self, row: Row) -> Option<(Value, RelationId)> {
        match self.as_queryset(row.query)?.origin {
            Origin::Related(of, relation) if row.path == Path::ROOT => Some((of, relation)),
            _ => None,
        }
    }

    /// Fetches a row anew: it loses its related rows and what was prefetched, or those of them that `fields` names. The
    /// variables that are the row are then one of which no query has loaded anything.
    ///
    /// <https://docs.djangoproject.com/en/stable/ref/models/instances/#refreshing-objects-from-database>
    fn refresh(&mut self, frame: &mut Frame<'p>, value: Value, row: Row, arguments: &Arguments, site: Site) {
        let may_be_others = arguments.more_positional.is_some() || arguments.more_keywords.is_some();
        let fields = match arguments.get(1, "fields") {
            None if may_be_others => return,
            fields => fields.filter(|&fields| fields != Value::NONE),
        };
        let known = self.outside_queryset(row.model, false);
        let Some(mut bare) = self.as_queryset(known).cloned() else { return };
        bare.origin = Origin::Manager;
        let query = self.values.queryset(bare);
        let anew = Row { query, path: Path::ROOT, back: None, lacks: Lacks::NONE, ..row };
        let fetched = self.values.make(Shape::Row(anew));
        let Some(fields) = fields else {
            self.put_anew(frame, value, fetched);
            return;
        };
        for name in self.texts_of_any(fields) {
            let name = match self.field_behind(row, name) {
                (field, Some(_)) => field,
                _ => name,
            };
            if self.schema.relation_by_accessor(row.model, name).is_some() {
                frame.placed.remove(&(fetched, name));
                let related = self.row_attribute(frame, site, fetched, anew, name);
                frame.placed.insert((value, name), related);
            }
        }
    }

    /// The texts that are in a list, or in any of those that it may be.
    fn texts_of_any(&mut self, lists: Value) -> Vec<Symbol> {
        let mut texts = Vec::new();
        for list in self.values.members(lists) {
            let items = match self.values.shape(list).clone() {
                Shape::Sequence(element) => {
                    let element = self.any_of(element);
                    self.values.members(element).to_vec()
                }
                Shape::Tuple(items) => items.to_vec(),
                _ => Vec::new(),
            };
            for item in items.into_iter().flat_map(|item| self.values.members(item)) {
                if let Shape::Str(text) = *self.values.shape(item)
                    && !texts.contains(&text)
                {
                    texts.push(text);
                }
            }
        }
        texts
    }

    /// Whether a row has become one that was fetched anew.
    pub(crate) fn is_fetched_anew(&self, before: Value, after: Value) -> bool {
        let (Some(before), Some(after)) = (self.as_row(before), self.as_row(after)) else { return false };
        let is_bare = |query: &Queryset| query.origin == Origin::Manager && query.sites.is_empty();
        before.query != after.query
            && before.model == after.model
            && after.path == Path::ROOT
            && self.as_queryset(after.query).is_some_and(|query| is_bare(query))
    }

    /// Puts the row that was fetched anew into all variables that hold it, or may.
    pub(crate) fn put_anew(&mut self, frame: &mut Frame<'p>, before: Value, after: Value) {
        for slot in &mut frame.slots {
            match self.values.shape(*slot).clone() {
                _ if *slot == before => *slot = after,
                Shape::Union(members) if members.contains(&before) => {
                    let anew = members.iter().map(|&member| if member == before { after } else { member });
                    *slot = self.values.join_all(anew);
                }
                _ => {}
            }
        }
    }

    /// A value made into text by `__str__`: `str(x)`, `f"{x}"`, `"%s" % x`.
    pub(crate) fn text_of(&mut self, frame: &mut Frame<'p>, value: Value) {
        for member in self.values.members(value) {
            match self.values.shape(member).clone() {
                Shape::Row(row) => {
                    if let Some(class) = self.schema.class_of(row.model)
                        && let Some((function, Binding::Method)) = self.text_function(class)
                    {
                        self.call_function(frame, function, None, &[member]);
                    }
                }
                Shape::Object(class, _) => {
                    if let Some((function, _)) = self.class_function(class, self.names.str_) {
                        self.call_function(frame, function, None, &[member]);
                    }
                }
                Shape::Sequence(element) => {
                    let element = self.any_of(element);
                    self.text_of(frame, element);
                }
                Shape::Tuple(items) => {
                    for &item in items.iter() {
                        self.text_of(frame, item);
                    }
                }
                Shape::Mapping { known, rest, .. } => {
                    for &(_, value) in known.iter() {
                        self.text_of(frame, value);
                    }
                    self.text_of(frame, rest);
                }
                _ => {}
            }
        }
    }

    /// The method that makes a model's text.
    fn text_function(&self, class: ClassRef) -> Option<(FunctionRef, Binding)> {
        let text = self.class_function(class, self.names.str_);
        text.or_else(|| self.has_python_2.then(|| self.class_function(class, self.names.unicode)).flatten())
    }

    /// The parts that `"…" % value` formats: a tuple's items, a mapping's values, or the value.
    pub(crate) fn text_of_parts(&mut self, frame: &mut Frame<'p>, value: Value) {
        self.text_of(frame, value);
    }
}
