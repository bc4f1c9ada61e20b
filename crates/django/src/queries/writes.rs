//! What code writes while rows of a queryset are looped over, or since it has asked for them: what was loaded with them may be
//! older by then.

use ruff_text_size::{TextRange, TextSize};
use rustc_hash::FxHashSet;
use tuneup_python::FunctionRef;
use tuneup_python::flow::{Block, FileFacts, Stmt, StmtKind};

use super::FxIndexSet;
use super::calls::Arguments;
use super::circumstances::Heeded;
use super::hazards::HazardKind;
use super::machine::{CallKey, Frame, Machine};
use super::value::{Origin, Path, Queryset, Row, Shape, Shared, Site, SiteForm, Value};
use crate::schema::{ModelId, RelationId};

/// A change of the database's or a row's state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Write {
    /// The model that is written; nothing where SQL that code writes itself may write any.
    pub(crate) model: Option<ModelId>,
    /// The relation that is set on a row, and the query of that row, where it is that.
    pub(crate) relation: Option<(RelationId, Value)>,
    /// The many-to-many relation of which the table between is written, and none of the model's rows.
    pub(crate) between: Option<RelationId>,
    /// Whether it only makes rows, or what stands between two: those that are there stay as they are.
    pub(crate) makes: bool,
    /// The row whose related rows are written, and over which relation, where that is known.
    pub(crate) of: Option<(Value, RelationId)>,
    /// The query of the row that is written and the way to it from there, where it is one that was asked for.
    pub(crate) row: Option<(Value, Path)>,
    /// Where.
    pub(crate) site: Site,
}

/// What a call that is under way has written.
#[derive(Default)]
pub(crate) struct Doing {
    /// The step that is being run.
    step: TextRange,
    /// All that it has written.
    writes: FxIndexSet<Write>,
    /// What was written on the way to the step that is being run.
    before: FxIndexSet<Done>,
    /// The models of all that.
    models: Vec<ModelId>,
    /// Where it has paused.
    pub(super) pauses: Option<Site>,
}

/// What a step has written.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Done {
    write: Write,
    step: TextRange,
    /// Whether it has in any case.
    is_sure: bool,
}

impl Machine<'_> {
    /// Keeps that something was written.
    pub(crate) fn record_write(&mut self, write: Write) {
        self.record_write_of(write, true);
    }

    /// Keeps that something was written, or may have been.
    fn record_write_of(&mut self, write: Write, is_sure: bool) {
        for &(query, within) in &self.looping {
            self.writes.entry(query).or_default().insert((write, within));
            let is_within = self.looping.iter().filter(|(it, _)| *it == query).count() > 1;
            if !is_within
                && write.relation.is_none()
                && !write.makes
                && let Some(model) = write.model
            {
                self.written_before.entry(query).or_default().insert((model, write.site));
            }
        }
        if let Some(doing) = self.call_writes.last_mut() {
            doing.add(write, is_sure);
        }
    }

    /// What a call that has come to its end has written, and whether in any case, and where it has paused: so has the one
    /// around it.
    pub(super) fn end_doing(&mut self, function: FunctionRef) -> (Box<[(Write, bool)]>, Option<Site>) {
        let Some(ended) = self.call_writes.pop() else { return Default::default() };
        if let (Some(around), Some(site)) = (self.call_writes.last_mut(), ended.pauses) {
            around.pauses.get_or_insert(site);
        }
        (self.end_writes(function, &ended), ended.pauses)
    }

    fn end_writes(&mut self, function: FunctionRef, ended: &Doing) -> Box<[(Write, bool)]> {
        if ended.writes.is_empty() {
            return Box::default();
        }
        let facts = self.facts(function.file);
        let body = facts.function(function.id).body;
        let returned = facts.steps_within(body).find(|step| matches!(step.kind, StmtKind::Return(_)));
        let returned = returned.map(|step| step.range.start());
        let sure = ended.before.iter().filter(|done| done.is_sure);
        let sure = sure.filter(|done| is_always_run(facts, body, done.step, returned));
        let sure: FxHashSet<Write> = sure.map(|done| done.write).collect();
        let writes: Box<[_]> = ended.writes.iter().map(|&write| (write, sure.contains(&write))).collect();
        self.repeat_in_call(&writes);
        writes
    }

    fn repeat_in_call(&mut self, writes: &[(Write, bool)]) {
        if let Some(around) = self.call_writes.last_mut() {
            for &(write, is_sure) in writes {
                around.add(write, is_sure);
            }
        }
    }

    /// Whether the calls under way have written any rows.
    pub(super) fn has_written(&self) -> bool {
        self.call_writes.iter().any(|doing| !doing.models.is_empty())
    }

    /// The models of which the calls under way have written rows since those were asked for that a call is given.
    pub(super) fn models_written(&self, given: &[Site]) -> Box<[ModelId]> {
        if given.is_empty() {
            return Box::default();
        }
        let asks =
            |call: &CallKey| given.iter().any(|it| (it.file, it.function) == (call.0.file, Some(call.0.id)));
        let asking = self.active_calls.iter().position(asks).unwrap_or_default();
        let since = self.call_writes.iter().skip(asking);
        let mut models: Vec<ModelId> = since.flat_map(|doing| doing.models.iter().copied()).collect();
        models.sort_unstable();
        models.dedup();
        models.into()
    }

    /// Keeps what a call that is remembered has written.
    pub(super) fn repeat_writes(&mut self, writes: &[(Write, bool)]) {
        for &(write, is_sure) in writes {
            self.record_write_of(write, is_sure);
        }
    }

    /// Keeps which step of a function is being run.
    pub(super) fn begin_step(&mut self, frame: &Frame<'_>, step: TextRange) {
        let of = |call: &CallKey| call.0.file == frame.file && Some(call.0.id) == frame.function;
        if let Some(doing) = self.call_writes.last_mut()
            && self.active_calls.last().is_some_and(of)
        {
            doing.step = step;
        }
    }

    /// How much was written on the way to the step that is being run.
    pub(super) fn written_so_far(&self) -> usize {
        self.call_writes.last().map_or(0, |doing| doing.before.len())
    }

    /// Takes off what was written since: by a branch that ended its function, or that is not the one which is run next.
    pub(super) fn take_written(&mut self, since: usize) -> FxIndexSet<Done> {
        let doing = self.call_writes.last_mut().filter(|doing| doing.before.len() > since);
        doing.map(|doing| doing.before.split_off(since)).unwrap_or_default()
    }

    /// Puts back what another branch has written, behind which code goes on.
    pub(super) fn put_written(&mut self, written: FxIndexSet<Done>) {
        if let Some(doing) = self.call_writes.last_mut() {
            doing.before.extend(written);
        }
    }

    /// Where related rows of a row were written since it was asked for, so that what was prefetched with it would not be
    /// what is there: of one row, where that may be; of each row of many, where it is so in any case. A related manager that
    /// writes forgets what was prefetched by itself.
    fn written_since(&self, of: Value, row: Row, relation: RelationId) -> Option<Site> {
        let is_one = row.alone && !row.many;
        let model = self.schema.relation(relation).target()?;
        if self.is_outside(row) {
            return None;
        }
        self.heed(Heeded::WRITES);
        let asked = self.as_queryset(row.query).and_then(|queryset| queryset.sites.last().copied());
        let asks = |function: FunctionRef| {
            asked.is_some_and(|it| (it.file, it.function) == (function.file, Some(function.id)))
        };
        let asking = self.active_calls.iter().rposition(|call| asks(call.0));
        let calls = self.call_writes.iter().zip(&self.active_calls).enumerate();
        // What came before the call that has asked for the row is what that has found.
        calls.skip(asking.unwrap_or_default()).find_map(|(at, (doing, (function, ..)))| {
            let facts = self.facts(function.file);
            let body = facts.function(function.id).body;
            let is_before = |step: TextRange| {
                asking == Some(at) && asked.is_some_and(|asked| step.end() <= asked.range.start())
            };
            let found = doing.before.iter().find(|done| {
                let write = done.write;
                write.model == Some(model)
                    && write.relation.is_none()
                    && write.between.is_none()
                    && write.of.is_none_or(|written| written == (of, relation))
                    // To save the row itself changes none of those that are related to it.
                    && write.row != Some((row.query, row.path))
                    && !is_before(done.step)
                    && (is_one
                        || write.of.is_some() && done.is_sure && precedes(facts, body, done.step, doing.step))
            });
            found.map(|done| done.write.site)
        })
    }

    /// Related rows as a query of their own, where they were written since their row was asked for: what was prefetched with it
    /// is not what is there.
    pub(super) fn read_anew(
        &mut self,
        related: &Queryset,
        row: Row,
        relation: RelationId,
    ) -> Option<(Value, Shared<Queryset>)> {
        let Origin::Related(of, _) = related.origin else { return None };
        let written = self.written_since(of, row, relation)?;
        // A prefetch that is there serves it all the same.
        if self.is_prefetched(row, self.schema.relation(relation).lookup_name()) != Some(false) {
            return None;
        }
        let path = self.over(row.path, relation);
        self.note(HazardKind::Stale, row.query, path, written);
        let is_code = |site: &Site| site.file.as_other().is_none() && site.form == SiteForm::Chain;
        let mut anew = related.clone();
        anew.sites = related.sites.iter().copied().filter(is_code).collect();
        let anew: Shared<Queryset> = anew.into();
        Some((self.values.queryset(anew.clone()), anew))
    }

    /// The row that rows to be written are told to belong to, `create(book=book)`, and the relation by which it has them.
    pub(super) fn given_row(&self, model: ModelId, arguments: &Arguments) -> Option<(Value, RelationId)> {
        arguments.keywords.iter().find_map(|&(name, value)| {
            self.as_row(value)?;
            let relation = self.schema.relation_by_accessor(model, name)?;
            Some((value, self.schema.relation(relation).inverse()?))
        })
    }

    /// Keeps that a column of a row is counted on from what it holds.
    pub(super) fn record_count(&mut self, row: Value) {
        for member in self.values.members(row) {
            if let Shape::Row(row) = *self.values.shape(member) {
                self.counted_on.insert((row.query, row.path));
            }
        }
    }

    /// Keeps that a row is saved with all its columns, where others of its model were written before while rows were looped
    /// over that it is related to: elsewhere, or here in an earlier turn, where it counts on from what that has saved.
    pub(crate) fn record_save(&mut self, row: Row, site: Site) {
        let before = self.written_before.get(&row.query).into_iter().flatten();
        let is_counted = self.counted_on.contains(&(row.query, row.path));
        let mut before = before.filter(|(model, _)| *model == row.model);
        let Some(&(_, after)) = before.find(|(_, at)| is_counted || *at != site) else { return };
        if row.path != Path::ROOT {
            self.saves.entry(row.query).or_default().entry((row.path, site)).or_insert(after);
        }
    }
}

impl Doing {
    fn add(&mut self, write: Write, is_sure: bool) {
        if let Some(model) = write.model.filter(|model| !self.models.contains(model)) {
            self.models.push(model);
        }
        self.writes.insert(write);
        self.before.insert(Done { write, step: self.step, is_sure });
    }
}

/// Whether a step of a block is run before another whenever that is run: both stand in one block, or the other in a block
/// of a step behind it.
fn precedes(facts: &FileFacts, block: Block, step: TextRange, other: TextRange) -> bool {
    match (stmt_at(facts, block, step), stmt_at(facts, block, other)) {
        (Some(first), Some(second)) if first.range == second.range => {
            facts.blocks_of(first).into_iter().any(|block| precedes(facts, block, step, other))
        }
        (Some(first), Some(second)) => {
            first.range.end() <= second.range.start() && is_plain(facts, first, step)
        }
        _ => false,
    }
}

/// Whether a step of a function's body is run by every call that comes to its end, where the first of its returns begins.
fn is_always_run(facts: &FileFacts, body: Block, step: TextRange, returned: Option<TextSize>) -> bool {
    returned.is_none_or(|returned| step.start() <= returned)
        && stmt_at(facts, body, step).is_some_and(|stmt| is_plain(facts, stmt, step))
}

/// The step of a block that another step is, or stands in.
fn stmt_at(facts: &FileFacts, block: Block, step: TextRange) -> Option<&Stmt> {
    let stmts = facts.block(block);
    let behind = stmts.partition_point(|stmt| stmt.range.start() <= step.start());
    stmts[..behind].last().filter(|stmt| stmt.range.contains_range(step))
}

/// Whether to run a statement is to run a step in it: they are the same, or one stands in the `with` that the other is.
fn is_plain(facts: &FileFacts, stmt: &Stmt, step: TextRange) -> bool {
    match stmt.kind {
        StmtKind::With { body } => {
            stmt_at(facts, body, step).is_some_and(|inner| is_plain(facts, inner, step))
        }
        StmtKind::If { .. } | StmtKind::For { .. } | StmtKind::While { .. } | StmtKind::Try(_) => false,
        _ => true,
    }
}
