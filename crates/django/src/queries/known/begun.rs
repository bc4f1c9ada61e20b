//! What a model's `__init__` reads of its own row, and its `from_db`. Django runs them for each row of a query, before it puts
//! joined or prefetched rows there: nothing that a query loads serves them. A foreign key that they have followed is loaded from
//! then on. What they follow in a branch alone is still to be loaded for the rows that do not come there, but for those whose key
//! is null: `if self.editor_id: self.name = self.editor.name`. A loop is taken to have a turn.
//!
//! <https://docs.djangoproject.com/en/stable/ref/models/instances/#django.db.models.Model.from_db>

use std::rc::Rc;

use tuneup_python::Symbol;
use tuneup_python::flow::{Block, Expr, ExprKind, StmtKind};

use crate::paths::covers;
use crate::queries::attributes::Binding;
use crate::queries::calls::Arguments;
use crate::queries::circumstances::Heeded;
use crate::queries::known::seldom::tested_for_null;
use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Origin, Path, Row, Shape, Value};
use crate::schema::{ModelId, RelationId};

/// How much they may compute.
const FUEL: u32 = 50_000;

/// Classes of fields whose rows may hold lists and mappings.
const STRUCTURED: &[&str] = &["JSONField", "ArrayField", "HStoreField"];

/// Why something is not for all rows, where no key that is null tells the others. Otherwise it is the path to what the others lack.
const SOME: &str = "%some";

/// The paths of to-one relations that they follow from a row.
pub(crate) type Followed = Rc<[Box<[RelationId]>]>;

/// An `__init__` or `from_db` that is being run to see what it follows.
pub(crate) struct Beginning {
    /// The query of its row.
    query: Value,
    /// The row that `from_db` makes, while it is that which is run.
    made: Option<(ModelId, Value)>,
    /// What it has followed so far for all rows.
    followed: Vec<Box<[RelationId]>>,
}

impl<'p> Machine<'p> {
    /// Whether the `__init__` or `from_db` of a row's model, or of one before it on its path, has followed a relation of it.
    pub(in crate::queries) fn is_followed_at_first(&mut self, row: Row, relation: RelationId) -> bool {
        let mut way = vec![relation];
        let mut at = row.path;
        loop {
            let before = self.values.last_step(at);
            let model = match before {
                Some((_, step)) => self.schema.relation(step.relation).target(),
                None => self.as_queryset(row.query).map(|queryset| queryset.model),
            };
            if let Some(model) = model
                && self.followed_at_first(model).iter().any(|followed| **followed == *way)
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

    /// What the `__init__` and the `from_db` of a model follow.
    fn followed_at_first(&mut self, model: ModelId) -> Followed {
        if let Some(known) = self.followed.get(&model) {
            return Rc::clone(known);
        }
        // While it is found out, for rows that it makes itself.
        let nothing: Followed = Rc::new([]);
        self.followed.insert(model, Rc::clone(&nothing));
        let class = self.schema.class_of(model);
        let function = |name| class.and_then(|class| self.class_function(class, name));
        let init = function(self.names.init).map(|(init, _)| init);
        let from_db = function(self.names.from_db).filter(|(_, binding)| *binding == Binding::Class);
        if init.is_none() && from_db.is_none() {
            return nothing;
        }
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
        let beginning = self.beginning.replace(Beginning { query, made: None, followed: Vec::new() });
        // What functions do that it calls is nothing that they have been seen to do.
        let remembered = std::mem::take(&mut self.remembered);
        let inner = self.inner.len();
        self.run_apart(FUEL, |machine| {
            if let Some(init) = init {
                let mut frame = machine.module_frame(init.file);
                machine.call_with(&mut frame, init, None, Some(row), &arguments);
            }
            if let Some((from_db, _)) = from_db {
                if let Some(beginning) = &mut machine.beginning {
                    beginning.made = Some((model, row));
                }
                let of = machine.values.make(Shape::Model(model));
                let positional = vec![Value::SCALAR, Value::UNKNOWN, Value::UNKNOWN];
                let arguments = Arguments { positional, ..Arguments::default() };
                let mut frame = machine.module_frame(from_db.file);
                machine.call_with(&mut frame, from_db, None, Some(of), &arguments);
            }
        });
        self.inner.truncate(inner);
        self.remembered = remembered;
        let ended = std::mem::replace(&mut self.beginning, beginning);
        self.loops.remove(&query);
        let followed: Followed = ended.map(|ended| ended.followed).unwrap_or_default().into();
        self.followed.insert(model, Rc::clone(&followed));
        followed
    }

    /// The row that a model's `from_db` makes, while that is run: what it gets of Django's own, or makes of the class.
    pub(in crate::queries) fn made_from_db(&self, model: ModelId) -> Option<Value> {
        self.beginning.as_ref()?.made.filter(|(of, _)| *of == model).map(|(_, row)| row)
    }

    /// Whether an `__init__` or `from_db` is being run to see what it follows: what is read then, no query would serve.
    pub(in crate::queries) fn notes_what_begins(&mut self, row: Row, path: Path) -> bool {
        let Some(beginning) = &self.beginning else { return false };
        if row.query == beginning.query && self.is_for_all(path) {
            let steps = self.values.steps(path);
            let way: Box<[RelationId]> = steps.iter().map(|step| step.relation).collect();
            let is_single = steps.iter().all(|step| !step.to_many);
            if let Some(beginning) = self.beginning.as_mut().filter(|_| is_single)
                && !beginning.followed.contains(&way)
            {
                beginning.followed.push(way);
            }
        }
        true
    }

    /// Whether what is being run of them is run for all rows that have related ones at a path.
    fn is_for_all(&self, path: Path) -> bool {
        self.heed(Heeded::ROWS);
        let Some((unless, _)) = self.doubts.last() else { return true };
        covers(&self.path_text(path), unless.as_str())
    }

    /// Why a branch of a test may not be run for a row whose `__init__` is under way.
    pub(in crate::queries) fn begun_where(
        &mut self,
        frame: &mut Frame<'p>,
        test: Expr,
        holds: bool,
        other: Block,
    ) -> Option<Symbol> {
        self.beginning.as_ref()?;
        self.heed(Heeded::ROWS);
        // Rows for which it raises there are none of.
        if matches!(frame.facts.block(other).last().map(|stmt| stmt.kind), Some(StmtKind::Raise(_))) {
            return None;
        }
        let known = self.doubts.last().map(|(known, _)| *known);
        let unless =
            tested_for_null(frame, test, !holds).and_then(|(place, _)| self.path_behind(frame, place));
        let unless = unless.filter(|path| known.is_none_or(|known| covers(path, known.as_str())));
        Some(Symbol::new(unless.as_deref().unwrap_or(SOME)))
    }

    /// Runs what may be run for some of the rows whose `__init__` is under way, if one is.
    pub(in crate::queries) fn begun_perhaps<T>(&mut self, run: impl FnOnce(&mut Self) -> T) -> T {
        let doubt = self.beginning.is_some().then(|| Symbol::new(SOME));
        self.doubting(doubt, run)
    }

    /// The path of the related row that a place is, or the key of.
    fn path_behind(&mut self, frame: &mut Frame<'p>, place: Expr) -> Option<String> {
        let ExprKind::Attribute(base, name) = frame.facts.kind(place) else { return None };
        let row = self.row_in(frame, base)?;
        let relation = self.relation_behind(row, name)?;
        let is_its = self.beginning.as_ref().is_some_and(|beginning| beginning.query == row.query);
        let path = self.over(row.path, relation);
        is_its.then(|| self.path_text(path))
    }

    /// What Django gives `__init__` for a row: its columns, in order.
    fn columns(&mut self, model: ModelId) -> Vec<Value> {
        let fields = self.schema.all_fields(model);
        let column = self.values.make(Shape::Instance(self.names.column, Box::default()));
        let mut columns = Vec::with_capacity(fields.len());
        for field in fields {
            let field = self.schema.field(field);
            if field.is_column() {
                let is_structured = STRUCTURED.contains(&field.class().as_str());
                columns.push(if is_structured { Value::SCALAR } else { column });
            }
        }
        columns
    }
}
