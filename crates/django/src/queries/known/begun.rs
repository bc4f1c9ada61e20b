//! What a model's `__init__` reads of its own row. Django runs it for each row of a query, before it puts joined or prefetched
//! rows there: nothing that a query loads serves it. A foreign key that it has followed is loaded from then on.
//!
//! <https://docs.djangoproject.com/en/stable/ref/models/instances/#django.db.models.Model.from_db>

use std::rc::Rc;

use tuneup_python::Symbol;

use crate::queries::calls::Arguments;
use crate::queries::machine::Machine;
use crate::queries::value::{Origin, Row, Shape, Value};
use crate::schema::{ModelId, RelationId};

/// How much `__init__` may compute.
const FUEL: u32 = 50_000;

/// Classes of fields whose rows may hold lists and mappings.
const STRUCTURED: &[&str] = &["JSONField", "ArrayField", "HStoreField"];

/// The paths of to-one relations that `__init__` follows from a row.
pub(crate) type Followed = Rc<[Box<[RelationId]>]>;

impl Machine<'_> {
    /// Whether the `__init__` of a row's model, or of one before it on its path, has followed a relation of it.
    pub(in crate::queries) fn is_followed_by_init(&mut self, row: Row, relation: RelationId) -> bool {
        let mut way = vec![relation];
        let mut at = row.path;
        loop {
            let before = self.values.last_step(at);
            let model = match before {
                Some((_, step)) => self.schema.relation(step.relation).target(),
                None => self.as_queryset(row.query).map(|queryset| queryset.model),
            };
            if let Some(model) = model
                && self.followed_by_init(model).iter().any(|followed| **followed == *way)
            {
                return true;
            }
            match before {
                Some((path, step)) if !step.to_many => {
                    way.insert(0, step.relation);
                    at = path;
                }
                _ => return false,
            }
        }
    }

    /// What the `__init__` of a model follows.
    fn followed_by_init(&mut self, model: ModelId) -> Followed {
        if let Some(known) = self.followed.get(&model) {
            return Rc::clone(known);
        }
        // While it is found out, for rows that it makes itself.
        let nothing: Followed = Rc::new([]);
        self.followed.insert(model, Rc::clone(&nothing));
        let class = self.schema.class_of(model);
        let Some((init, _)) = class.and_then(|class| self.class_function(class, self.names.init)) else {
            return nothing;
        };
        let known = self.outside_row(model);
        let outside = self.outside_queryset(model, false);
        let Some(mut queryset) = self.as_queryset(outside).cloned() else { return nothing };
        queryset.origin = Origin::Manager;
        queryset.annotated = Box::new([self.names.init]);
        let query = self.values.queryset(queryset);
        let Some(known) = self.as_row(known) else { return nothing };
        let row = self.values.make(Shape::Row(Row { query, ..known }));
        let columns = self.columns(model);
        let arguments = Arguments { positional: columns, ..Arguments::default() };
        self.run_apart(FUEL, |machine| {
            let mut frame = machine.module_frame(init.file);
            machine.call_with(&mut frame, init, None, Some(row), &arguments);
        });
        let mut followed: Vec<Box<[RelationId]>> = Vec::new();
        for read in self.reads.iter().filter(|read| read.query == query) {
            let steps = self.values.steps(read.path);
            let way: Box<[RelationId]> = steps.iter().map(|step| step.relation).collect();
            if steps.iter().all(|step| !step.to_many) && !followed.contains(&way) {
                followed.push(way);
            }
        }
        // What it reads, no query would serve.
        self.reads.retain(|read| read.query != query);
        self.loops.remove(&query);
        let followed: Followed = followed.into();
        self.followed.insert(model, Rc::clone(&followed));
        followed
    }

    /// What Django gives `__init__` for a row: its columns, in order.
    fn columns(&mut self, model: ModelId) -> Vec<Value> {
        let fields = self.schema.all_fields(model);
        let column = self.values.make(Shape::Instance(self.names.column, Box::default()));
        let mut columns = Vec::with_capacity(fields.len());
        for field in fields {
            let class: Symbol = self.schema.field(field).class();
            let is_structured = STRUCTURED.contains(&class.as_str());
            if class != "ManyToManyField" {
                columns.push(if is_structured { Value::SCALAR } else { column });
            }
        }
        columns
    }
}
