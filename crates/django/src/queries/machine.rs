//! The interpreter's state: remembered calls, and what was seen of the rows of each query.

use std::cell::Cell;
use std::rc::Rc;
use std::sync::LazyLock;

use ruff_text_size::TextRange;
use rustc_hash::{FxHashMap, FxHashSet};
use tuneup_python::flow::FileFacts;
use tuneup_python::{ClassRef, FileId, FunctionRef, Project, Symbol};

use super::asks::{Declared, Written};
use super::circumstances::{Circumstances, Heeded};
use super::class_members::ClassMembers;
use super::following::{Cuts, Remembered, Summary};
pub(crate) use super::frame::Frame;
use super::hazards::Noted;
use super::inherited::ParameterReads;
use super::interned::Interned;
use super::known::aside::Aside;
use super::known::begun::{Beginning, Followed};
use super::known::behind::{Behind, InsteadOf, Tests};
use super::known::kept_columns::KeptColumns;
use super::known::memos::Memos;
use super::places::{Places, key_names};
use super::plans::PrefetchAttributes;
use super::python::carried::Looks;
use super::python::left::Left;
use super::receivers::Receivers;
use super::requests::Attributes;
use super::returned_rows::ReturnedBy;
use super::showing::Showing;
use super::sql::Tables;
use super::value::{
    Asked, Environment, Lacks, Origin, Path, Plan, Queryset, Row, Shape, Shared, Site, Slots, Step, Terms,
    Uses, Value, Values,
};
use super::writes::Doing;
pub(crate) use super::writes::Write;
use super::{FxIndexMap, FxIndexSet};
use crate::frameworks::registrations::Admins;
use crate::schema::{FieldId, ModelId, RelationId, Schema};
use crate::templates::Templates;
use crate::version::Version;

/// How deep calls are followed.
pub(crate) const DEEPEST_CALL: usize = 24;

/// How many values one root may compute before the rest of it is unknown.
const FUEL: u32 = 400_000;

static EMPTY: LazyLock<FileFacts> = LazyLock::new(FileFacts::default);

/// What is read off a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Read {
    /// The queryset of the row.
    pub(crate) query: Value,
    /// The relations up to and with the one that is read.
    pub(crate) path: Path,
    /// Whether it happens for each turn of a loop over rows.
    pub(crate) many: bool,
    /// Whether the query was asked for one row alone.
    pub(crate) alone: bool,
    /// The text of a row, where only those read it that lack that.
    pub(crate) instead_of: Option<Symbol>,
    /// Why it may not happen for every row.
    pub(crate) doubt: Option<Symbol>,
    /// What it happens in that is not all that the rows are there for, if anything.
    pub(crate) aside: Option<Aside>,
    /// The tests of a row behind which it happens, if any.
    pub(crate) behind: Option<Tests>,
    /// The expression that reads.
    pub(crate) site: Site,
    /// The class that declares the field for which it is read, where a serializer shows the row.
    pub(crate) shown_by: Option<ClassRef>,
}

/// What is known of the project as a whole before its parts are interpreted.
#[derive(Clone, Copy)]
pub(crate) struct Before<'p> {
    /// What middleware puts on requests.
    pub(crate) requests: &'p Attributes,
    /// Who receives which signals.
    pub(crate) receivers: &'p Receivers,
    /// The names under which code keeps what it prefetches.
    pub(crate) prefetch_attributes: &'p PrefetchAttributes,
    /// The names of modules' containers that code changes.
    pub(crate) changed_in_place: &'p FxHashSet<Symbol>,
}

/// A call of the project's code that runs a function.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CalledBy {
    /// The call.
    pub(crate) site: Site,
    /// How many calls are under way in that function.
    pub(crate) depth: usize,
    /// What is run again and again around it, if anything.
    pub(crate) turn: Option<TextRange>,
}

/// What shows an object, the object, the text that it stands in for, whether it is shown aside, and the serializers within
/// which it is.
type Shown = (Value, Value, Option<Symbol>, Option<Aside>, Option<Value>);

/// A function, the variables around it, and what it is given.
pub(crate) type CallKey = (FunctionRef, Option<Environment>, Slots);

/// The interpreter over one part of a project's functions.
pub(crate) struct Machine<'p> {
    pub(crate) project: &'p Project,
    pub(crate) schema: &'p Schema,
    pub(crate) templates: &'p Templates,
    /// The Django version that the project runs on.
    pub(crate) version: &'p Version,
    /// Whether the project may run on Python 2, where `__unicode__` makes a model's text.
    pub(crate) has_python_2: bool,
    /// What the project puts on its requests.
    pub(crate) requests: &'p Attributes,
    /// What is connected to the project's signals.
    pub(crate) receivers: &'p Receivers,
    /// What the code that is being run connects, while that is asked for.
    pub(crate) connecting: Option<Receivers>,
    /// What was put on requests on the way.
    pub(crate) request_values: FxHashMap<Symbol, Value>,
    pub(crate) values: Values,
    pub(crate) names: Names,
    /// What calls gave, with how often the attributes of their first argument had changed, and for which rows they were
    /// done: the number of its circumstances.
    pub(crate) remembered: FxHashMap<Remembered, Summary>,
    /// What is remembered for as long as some calls are under way.
    pub(super) cut: Vec<(Remembered, Cuts)>,
    /// For which calls under way others were not followed, within the innermost of them.
    pub(super) cuts: Cuts,
    pub(super) circumstances: Interned<Circumstances>,
    /// What the call that is under way has heeded of them so far.
    pub(super) heeded: Cell<Heeded>,
    /// What the calls of a function have heeded so far, a bit for each of what that can be.
    pub(super) heeded_by: FxHashMap<FunctionRef, u16>,
    pub(super) class_members: ClassMembers,
    /// What is being run that is not all that the rows around it are there for, if anything.
    pub(super) aside: Option<Aside>,
    /// What was, around each of the fragments of a template's cache that are under way.
    pub(super) around_fragments: Vec<Option<Aside>>,
    /// The querysets whose rows are looped over elsewhere than in such.
    pub(super) looped_openly: FxHashSet<Value>,
    /// The texts of rows that what is being run stands in for.
    pub(super) fallback: Vec<InsteadOf>,
    /// Why what is being run may not be for every row, and how many of the loops under way began before it.
    pub(super) doubts: Vec<(Symbol, usize)>,
    /// The tests of rows behind which code is being run.
    pub(super) behind: Vec<Behind>,
    /// The call of the project's code that runs a function.
    pub(crate) called_by: Option<CalledBy>,
    /// The call that raised last, since it lacks what its function must be given.
    pub(super) raised: Option<Site>,
    /// How many steps of a climb beyond the first are under way.
    pub(crate) climbing: u32,
    /// How much rarer the code that is being run is than the rows that it reads of.
    pub(crate) seldom: u32,
    /// How many rows are being saved, in loops over them, by methods of the project.
    pub(crate) saving: u32,
    /// How much rarer the end of the last block was than its beginning.
    pub(super) ended_rarer: u32,
    /// How often the attributes of an object have changed: what its methods gave before may be another now.
    pub(crate) changes: FxHashMap<Value, u32>,
    pub(crate) active_calls: Vec<CallKey>,
    pub(crate) globals: FxHashMap<(FileId, Symbol), Value>,
    pub(crate) class_values: FxHashMap<(ClassRef, Symbol), Value>,
    pub(crate) object_values: FxHashMap<(Value, Symbol), Value>,
    /// The objects that have an object as an attribute.
    pub(super) holders: FxHashMap<Value, FxHashSet<Value>>,
    /// The attributes that objects are made with, so that none is seen of their class.
    pub(crate) given: FxHashSet<(Value, Symbol)>,
    /// The names of modules' containers that code changes.
    pub(crate) changed_in_place: &'p FxHashSet<Symbol>,
    /// What the functions of a file read off their parameters, where that was asked.
    pub(crate) parameter_reads: FxHashMap<FileId, Rc<ParameterReads>>,
    /// Where the functions of a file look at variables, where that was asked.
    pub(crate) looks: FxHashMap<FileId, Rc<Looks>>,
    /// Where the functions of a file remember what they worked out, where that was asked.
    pub(crate) memos: FxHashMap<FileId, Rc<Memos>>,
    /// The models by their names in small letters, but for names that several have.
    pub(crate) models_by_name: FxHashMap<String, ModelId>,
    pub(crate) looked_for: FxHashSet<(Value, Symbol)>,
    /// The admins of models, once one was asked for.
    pub(crate) admins: Option<Rc<Admins>>,
    /// The names under which prefetches put rows on others.
    pub(crate) prefetch_attributes: &'p PrefetchAttributes,
    /// What code put on the rows of queries, beside their fields: `book.shown = […]`.
    pub(crate) row_values: FxHashMap<(Value, Path, Symbol), Value>,
    /// In order, each once.
    pub(crate) reads: FxIndexSet<Read>,
    /// Where each path of a queryset's rows was read.
    pub(super) read_at: FxHashMap<(Value, Path), Vec<Site>>,
    /// What was read beyond the first step of a climb.
    pub(super) climbed: FxHashSet<(Value, Path)>,
    /// Relations of rows that code set before anything read them.
    pub(crate) set_first: FxHashSet<(Value, Path, RelationId)>,
    /// The functions that give rows of a queryset, once these are there.
    pub(super) returned_by: FxHashMap<Value, FxIndexSet<ReturnedBy>>,
    /// Where each queryset's rows are looped over.
    pub(crate) loops: FxHashMap<Value, FxIndexSet<Site>>,
    /// Querysets whose rows a function asks for to know whether or how many there are.
    pub(crate) counted: FxHashSet<(Value, FunctionRef)>,
    /// Calls of functions that give querysets whose rows they have asked for: what is added there asks for them again.
    pub(crate) asked_before: FxHashSet<Site>,
    /// Writes while rows of a queryset are looped over.
    pub(crate) writes: FxHashMap<Value, FxIndexSet<(Write, Option<Site>)>>,
    /// What the last call that came to its end made of what it was given.
    pub(crate) left: Left,
    /// Whether that gives a queryset however its tests come out, if it gave one.
    pub(crate) sure: bool,
    /// Where related rows of a queryset's rows are saved with all their columns, and where others of their model were written
    /// before.
    pub(crate) saves: FxHashMap<Value, FxIndexMap<(Path, Site), Site>>,
    /// What was written while rows of a queryset are looped over, but not their related rows.
    pub(super) written_before: FxHashMap<Value, FxIndexSet<(ModelId, Site)>>,
    /// The rows of which code counts a column on from what it holds: `book.author.books_read += 1`.
    pub(super) counted_on: FxHashSet<(Value, Path)>,
    /// What code does with a queryset's rows that comes out otherwise where more is loaded with them.
    pub(super) hazards: FxHashMap<Value, FxIndexSet<Noted>>,
    /// The models by the names of their tables, once that was asked.
    pub(super) tables: Option<Tables>,
    /// Foreign keys that Django joins by itself, which code that is not read may read of each row of a queryset.
    pub(crate) unseen: FxHashMap<Value, Vec<RelationId>>,
    /// The fields of each model of which no two rows have the same, where that was asked.
    pub(super) unique_together: FxHashMap<ModelId, Rc<[Box<[Symbol]>]>>,
    /// Writes of the calls under way.
    pub(crate) call_writes: Vec<Doing>,
    /// What `prefetch_related_objects` loaded onto rows of a queryset.
    pub(crate) loaded: FxHashMap<Value, FxIndexSet<(Path, Plan)>>,
    /// What the default managers of models load by themselves, and ask, where their `get_queryset` was followed.
    pub(crate) manager_starts: FxHashMap<ModelId, (Plan, Asked, Terms)>,
    /// The fields of the rows of queries that code gave another content than the query found; a name that is empty
    /// stands for all.
    pub(crate) changed: FxHashSet<(Value, Path, Symbol)>,
    /// Whether each row of a model holds something in a field, its own or a parent's, where that was asked.
    pub(crate) required: FxHashMap<(ModelId, FieldId), bool>,
    /// Whether two foreign keys exclude each other, where that was asked.
    pub(crate) alternatives: FxHashMap<(RelationId, RelationId), bool>,
    /// What the `__init__` and `from_db` of models follow, where that was asked.
    pub(crate) followed: FxHashMap<ModelId, Followed>,
    /// The one of them that is being run for that.
    pub(super) beginning: Option<Beginning>,
    /// What rows of models keep of their columns as they are made, where that was asked.
    pub(super) kept_columns: FxHashMap<ModelId, KeptColumns>,
    /// The querysets whose rows are being looped over, with the chain expression where they are related rows of these.
    pub(crate) looping: Vec<(Value, Option<Site>)>,
    /// Functions that are defined within others, with their variables: run once their definer has run.
    pub(crate) inner: FxIndexSet<(FunctionRef, Option<Environment>)>,
    /// Objects that were shown by a serializer, a form or a list, with what shows them.
    pub(super) shown: FxHashSet<Shown>,
    /// The serializers that are showing rows, each within the one before it.
    pub(crate) serializers: Vec<Value>,
    /// The objects whose `__init__` was run with what they were made with.
    pub(crate) made: FxHashSet<Value>,
    /// The fields of serializers that are being shown: whose rows, and the class that declares the field.
    pub(crate) showing: Vec<(Value, ClassRef)>,
    /// How each queryset is evaluated.
    pub(crate) uses: FxHashMap<Value, Uses>,
    /// Querysets in no order of which pages are taken.
    pub(crate) in_pages: FxHashSet<Value>,
    /// Querysets that were asked for more, and so are not the last of their chain.
    pub(crate) extended: FxHashSet<Value>,
    /// What declarations ask.
    pub(crate) declared: Vec<Declared>,
    /// What is written of rows, and where.
    pub(crate) written: Vec<Written>,
    /// Which function calls which.
    pub(crate) edges: FxHashSet<(FunctionRef, FunctionRef)>,
    /// Which classes show objects, for whom.
    pub(super) showing_classes: Showing,
    /// Functions that a framework calls to answer a request.
    pub(crate) served: FxHashSet<FunctionRef>,
    /// Whether a framework is at work, and no function of the project called it.
    pub(crate) serving: bool,
    pub(crate) fuel: u32,
    /// On how many ways what is being run is followed, each by itself.
    pub(super) ways: usize,
    /// The call by which the project's code last called a method that it inherits from outside.
    pub(crate) calling: Option<Site>,
    /// How many templates are being rendered within each other.
    pub(crate) rendering: usize,
    /// The names of primary keys.
    pub(super) key_names: Vec<Symbol>,
    /// What comes to places at which it matters.
    pub(super) places: Places,
}

macro_rules! names {
    ($($name:ident = $text:literal),* $(,)?) => {
        /// Names that the interpreter compares with often.
        #[allow(missing_docs)]
        pub(crate) struct Names { $(pub(crate) $name: Symbol),* }

        impl Names {
            pub(crate) fn new() -> Self {
                Self { $($name: Symbol::new($text)),* }
            }
        }
    };
}

names! {
    str_ = "__str__",
    unicode = "__unicode__",
    init = "__init__",
    from_db = "from_db",
    call = "__call__",
    iter = "__iter__",
    enter = "__enter__",
    len = "__len__",
    bool_ = "__bool__",
    getitem = "__getitem__",
    get_queryset = "get_queryset",
    objects = "objects",
    isinstance = "isinstance",
    request = "request",
    class_ = "__class__",
    empty = "",
    pk = "pk",
    add_q = "add_q",
    get = "get",
    pop = "pop",
    super_ = "super",
    getattr = "getattr",
    http_request = "django.http.HttpRequest",
    prefetched = "%prefetched",
    state = "%state",
    dict = "%dict",
    made = "%made",
    fields_cache = "%fields_cache",
    column = "%column",
    rows = "%rows",
}

impl<'p> Machine<'p> {
    pub(crate) fn new(
        project: &'p Project,
        schema: &'p Schema,
        templates: &'p Templates,
        version: &'p Version,
        before: Before<'p>,
    ) -> Self {
        let Before { requests, receivers, prefetch_attributes, changed_in_place } = before;
        Self {
            project,
            schema,
            templates,
            version,
            has_python_2: !version.at_least(2, 0) || !version.is_known(),
            requests,
            receivers,
            connecting: None,
            request_values: FxHashMap::default(),
            rendering: 0,
            key_names: key_names(schema),
            places: Places::default(),
            calling: None,
            manager_starts: FxHashMap::default(),
            changed: FxHashSet::default(),
            required: FxHashMap::default(),
            alternatives: FxHashMap::default(),
            values: Values::new(),
            names: Names::new(),
            remembered: FxHashMap::default(),
            cut: Vec::new(),
            cuts: 0,
            circumstances: Interned::new(),
            heeded: Cell::default(),
            heeded_by: FxHashMap::default(),
            class_members: ClassMembers::default(),
            aside: None,
            around_fragments: Vec::new(),
            looped_openly: FxHashSet::default(),
            fallback: Vec::new(),
            doubts: Vec::new(),
            behind: Vec::new(),
            called_by: None,
            raised: None,
            climbing: 0,
            seldom: 0,
            saving: 0,
            ended_rarer: 0,
            changes: FxHashMap::default(),
            active_calls: Vec::new(),
            globals: FxHashMap::default(),
            class_values: FxHashMap::default(),
            object_values: FxHashMap::default(),
            holders: FxHashMap::default(),
            given: FxHashSet::default(),
            changed_in_place,
            parameter_reads: FxHashMap::default(),
            looks: FxHashMap::default(),
            memos: FxHashMap::default(),
            models_by_name: super::parameters::models_by_name(schema),
            looked_for: FxHashSet::default(),
            admins: None,
            prefetch_attributes,
            row_values: FxHashMap::default(),
            reads: FxIndexSet::default(),
            read_at: FxHashMap::default(),
            climbed: FxHashSet::default(),
            returned_by: FxHashMap::default(),
            set_first: FxHashSet::default(),
            loops: FxHashMap::default(),
            counted: FxHashSet::default(),
            asked_before: FxHashSet::default(),
            writes: FxHashMap::default(),
            left: Left::default(),
            sure: true,
            saves: FxHashMap::default(),
            written_before: FxHashMap::default(),
            counted_on: FxHashSet::default(),
            hazards: FxHashMap::default(),
            tables: None,
            unseen: FxHashMap::default(),
            unique_together: FxHashMap::default(),
            call_writes: Vec::new(),
            loaded: FxHashMap::default(),
            followed: FxHashMap::default(),
            kept_columns: FxHashMap::default(),
            beginning: None,
            looping: Vec::new(),
            inner: FxIndexSet::default(),
            shown: FxHashSet::default(),
            serializers: Vec::new(),
            made: FxHashSet::default(),
            showing: Vec::new(),
            uses: FxHashMap::default(),
            in_pages: FxHashSet::default(),
            extended: FxHashSet::default(),
            declared: Vec::new(),
            written: Vec::new(),
            edges: FxHashSet::default(),
            showing_classes: Showing::default(),
            served: FxHashSet::default(),
            serving: false,
            fuel: FUEL,
            ways: 1,
        }
    }

    /// Fills up what a root may compute.
    pub(crate) fn refuel(&mut self) {
        self.fuel = FUEL;
        // What ran out of it came to no end.
        self.around_fragments.clear();
        self.aside = None;
    }

    /// Forgets the calls under way, which came to no end.
    pub(crate) fn abandon(&mut self) {
        self.active_calls.clear();
        self.cuts = 0;
        for (called, _) in self.cut.drain(..) {
            self.remembered.remove(&called);
        }
        self.call_writes.clear();
        self.looping.clear();
        self.inner.clear();
        self.showing.clear();
        self.serializers.clear();
        self.climbing = 0;
        self.fallback.clear();
        self.doubts.clear();
        self.behind.clear();
        self.beginning = None;
        self.aside = None;
        self.around_fragments.clear();
        self.seldom = 0;
        self.saving = 0;
        self.rendering = 0;
        self.serving = false;
        self.ways = 1;
        self.called_by = None;
        self.raised = None;
        self.heeded.take();
        self.left = Left::default();
        self.sure = true;
    }

    /// Lets go what only running more needs: what was found is told apart from it.
    pub(super) fn forget_memos(&mut self) {
        self.remembered = FxHashMap::default();
        self.object_values = FxHashMap::default();
        self.holders = FxHashMap::default();
        self.class_values = FxHashMap::default();
        self.row_values = FxHashMap::default();
        self.shown = FxHashSet::default();
        self.looks = FxHashMap::default();
        self.memos = FxHashMap::default();
        self.parameter_reads = FxHashMap::default();
        self.values.forget_memos();
    }

    /// Runs something as if nothing else was under way, with so much to compute.
    pub(crate) fn run_apart(&mut self, fuel: u32, run: impl FnOnce(&mut Self)) {
        let fuel = std::mem::replace(&mut self.fuel, fuel);
        let ways = std::mem::replace(&mut self.ways, 1);
        let active_calls = std::mem::take(&mut self.active_calls);
        let cuts = std::mem::take(&mut self.cuts);
        let call_writes = std::mem::take(&mut self.call_writes);
        let looping = std::mem::take(&mut self.looping);
        let rarity = (self.climbing, self.seldom, self.saving, self.aside.take());
        let fallback = std::mem::take(&mut self.fallback);
        let (doubts, behind) = (std::mem::take(&mut self.doubts), std::mem::take(&mut self.behind));
        (self.climbing, self.seldom, self.saving) = (0, 0, 0);
        let left = std::mem::take(&mut self.left);
        let serving = std::mem::take(&mut self.serving);
        run(self);
        self.fuel = fuel;
        self.ways = ways;
        self.active_calls = active_calls;
        self.cuts = cuts;
        self.call_writes = call_writes;
        self.looping = looping;
        (self.climbing, self.seldom, self.saving, self.aside) = rarity;
        self.fallback = fallback;
        (self.doubts, self.behind) = (doubts, behind);
        self.left = left;
        self.serving = serving;
    }

    /// The value flow of a file, Python or template.
    pub(crate) fn facts(&self, file: FileId) -> &'p FileFacts {
        match file.as_other() {
            Some(_) => self.templates.facts(self.project, file).unwrap_or(&EMPTY),
            None => self.project.facts(file),
        }
    }

    /// The path over a to-one relation.
    pub(crate) fn over(&mut self, path: Path, relation: RelationId) -> Path {
        let name = self.schema.relation(relation).lookup_name();
        self.values.step(path, Step { relation, name, to_many: false, site: None, start: None })
    }

    /// The queryset that a value is.
    pub(crate) fn as_queryset(&self, value: Value) -> Option<&Shared<Queryset>> {
        match self.values.shape(value) {
            Shape::Queryset(queryset) => Some(queryset),
            _ => None,
        }
    }

    /// The row that a value is.
    pub(crate) fn as_row(&self, value: Value) -> Option<Row> {
        match self.values.shape(value) {
            Shape::Row(row) => Some(*row),
            _ => None,
        }
    }

    /// A row of which only the model is known: a parameter, `self` of a model's method.
    pub(crate) fn outside_row(&mut self, model: ModelId) -> Value {
        let query = self.outside_queryset(model, false);
        self.values.make(Shape::Row(Row {
            query,
            path: Path::ROOT,
            model,
            many: false,
            alone: true,
            listed: false,
            head: false,
            back: None,
            lacks: Lacks::NONE,
        }))
    }

    /// A queryset of which only the model is known.
    pub(crate) fn outside_queryset(&mut self, model: ModelId, is_manager: bool) -> Value {
        self.values.queryset(Queryset {
            model,
            origin: Origin::Outside,
            is_manager,
            classes: Box::default(),
            sites: Box::default(),
            ways: Box::default(),
            plan: Plan::default(),
            planned: None,
            asked: Asked::default(),
            terms: Terms::NONE,
            parent: None,
            annotated: Box::default(),
        })
    }

    /// Applies to each alternative of a value, and joins the results.
    pub(crate) fn for_each(
        &mut self,
        value: Value,
        mut apply: impl FnMut(&mut Self, Value) -> Value,
    ) -> Value {
        if !matches!(self.values.shape(value), Shape::Union(_)) {
            return if value == Value::NEVER { Value::NEVER } else { apply(self, value) };
        }
        let mut all = Value::NEVER;
        for member in self.values.members(value) {
            let result = apply(self, member);
            all = self.values.join(all, result);
        }
        all
    }
}
