//! Managers and querysets: what each of Django's methods does to a query, and what its rows are.
//!
//! Follows <https://docs.djangoproject.com/en/stable/ref/models/querysets/>.

use tuneup_python::flow::{BinaryOp, ExprKind, ParameterKind};
use tuneup_python::{ClassRef, FunctionRef, Symbol};

use super::asks::{Written, asks_something};
use super::calls::{Arguments, CallSite};
use super::machine::{Frame, Machine, Write};
use super::value::{
    Asked, Origin, Path, Plan, Prefetched, Queryset, Row, Shape, Shared, Site, SiteForm, Step, Uses, Value,
};
use crate::paths::{behind, covers, path_of};
use crate::schema::{ModelId, RelationId, RelationKind};

/// Whether a dotted name is that of Django's `QuerySet`, or of another package's that extends it.
pub fn is_queryset(name: &str) -> bool {
    name.rsplit('.').next().is_some_and(|last| last.ends_with("QuerySet"))
}

/// How many statements of a chain are kept, the first and the last ones: each queryset of a chain keeps its own, so that
/// without an end they would be the square of the chain.
const MOST_SITES: usize = 64;

impl<'p> Machine<'p> {
    /// A queryset whose chain now ends at `site`: what stands within that expression is part of it.
    pub(crate) fn at_site(mut queryset: Shared<Queryset>, site: Site) -> Shared<Queryset> {
        // What a template writes cannot be added to.
        if site.file.as_other().is_some() || site.form == SiteForm::Declaration {
            return queryset;
        }
        let mut sites = queryset.sites.to_vec();
        sites.retain(|known| known.file != site.file || !site.range.contains_range(known.range));
        sites.push(site);
        // Nobody adds to a chain of so many statements in its midst.
        if sites.len() > MOST_SITES {
            sites.remove(1);
        }
        queryset.sites = sites.into();
        queryset.asked.perhaps = false;
        queryset
    }

    pub(crate) fn queryset_attribute(
        &mut self,
        frame: &mut Frame<'p>,
        _site: Site,
        value: Value,
        queryset: &Queryset,
        name: Symbol,
    ) -> Value {
        for &class in &queryset.classes {
            if let Some(member) = self.member(class, name) {
                let class_value = self.values.make(Shape::Class(class));
                return self.bind_member(frame, member, name, Some(value), class_value);
            }
        }
        match name.as_str() {
            "model" => self.values.make(Shape::Model(queryset.model)),
            "_result_cache" => self.held_rows(value, queryset),
            // The model between the two: `book.tags.through.objects`.
            "through" if let Some(through) = self.between(queryset) => {
                self.values.make(Shape::Model(through))
            }
            _ => self.values.make(Shape::Method(value, name)),
        }
    }

    /// The model that holds the pairs of a many-to-many relation, where the project declares it.
    fn between(&self, related: &Queryset) -> Option<ModelId> {
        match related.origin {
            Origin::Related(_, relation) if related.is_manager => self.schema.relation(relation).through(),
            _ => None,
        }
    }

    /// `ArticleQuerySet(self.model, using=self._db)`: what a manager's `get_queryset` gives. Without a class, it
    /// is Django's own.
    pub(crate) fn made_queryset(
        &mut self,
        class: Option<ClassRef>,
        arguments: &Arguments,
        site: Site,
    ) -> Option<Value> {
        if class.is_some_and(|class| !self.is_of(class, is_queryset)) {
            return None;
        }
        let Shape::Model(model) = *self.values.shape(arguments.get(0, "model")?) else { return None };
        if class.is_some_and(|class| !self.can_be_cloned(class)) {
            return None;
        }
        let mut queryset =
            Queryset { sites: Box::new([site]), ..Queryset::of(model, class.into_iter().collect()) };
        // Joins cannot be asked of it.
        queryset.asked.raw =
            class.is_some_and(|class| self.has_base(class, |name| name.ends_with(".RawQuerySet")));
        Some(self.values.queryset(queryset))
    }

    /// Whether a queryset's class takes what Django's methods give to it when they make the next one of it.
    ///
    /// <https://github.com/django/django/blob/main/django/db/models/query.py>, `_clone()`
    fn can_be_cloned(&self, class: ClassRef) -> bool {
        let Some((function, _)) = self.class_function(class, self.names.init) else { return true };
        let facts = self.facts(function.file);
        let mut parameters = facts.parameters(facts.function(function.id).parameters).iter();
        parameters.any(|parameter| parameter.kind == ParameterKind::DoubleStar || parameter.name == "query")
    }

    /// What the default manager of a model gives to code that names the model alone, at these sites.
    pub(crate) fn of_default_manager(
        &mut self,
        frame: &mut Frame<'p>,
        model: ModelId,
        sites: Box<[Site]>,
    ) -> Shared<Queryset> {
        let classes = self.schema.default_manager_classes(model).into();
        let manager: Shared<Queryset> =
            Queryset { sites, is_manager: true, ..Queryset::of(model, classes) }.into();
        let value = self.values.queryset(manager.clone());
        self.started(frame, value, manager)
    }

    /// Django's `get_queryset` of a manager: the queryset that its other methods start from.
    fn started(
        &mut self,
        frame: &mut Frame<'p>,
        manager: Value,
        queryset: Shared<Queryset>,
    ) -> Shared<Queryset> {
        let mut plain = queryset.clone();
        plain.is_manager = false;
        for &class in &queryset.classes {
            let Some((function, _)) = self.class_function(class, self.names.get_queryset) else { continue };
            let result = self.call_function(frame, function, None, &[manager]);
            let members = self.values.members(result);
            // They go on here.
            self.extended.extend(members.iter().copied());
            return match members.iter().find_map(|&member| self.as_queryset(member).cloned()) {
                Some(mut started) => {
                    started.is_manager = false;
                    if let Origin::Related(..) = queryset.origin {
                        // A prefetch starts from the same queryset, and so it serves that.
                        started.origin = queryset.origin.clone();
                        started.asked.narrowed = false;
                        let start = (started.plan.clone(), started.asked, started.terms);
                        self.manager_starts.insert(started.model, start);
                        // It is the row's code that reads them, and not the manager's, which serves all of its model.
                        started.sites = queryset.sites.clone();
                    } else if let Some(&site) = queryset.sites.last() {
                        // Its chain goes on where the manager stands.
                        started = Self::at_site(started, site);
                    }
                    started
                }
                None => {
                    plain.asked.foreign = true;
                    plain.asked.subclassed = self.names_method(function, SELECT_SUBCLASSES);
                    plain
                }
            };
        }
        plain
    }

    /// Whether a function's body names a method.
    fn names_method(&self, function: FunctionRef, method: &str) -> bool {
        let facts = self.facts(function.file);
        let within = facts.function(function.id).range;
        facts
            .exprs_within(within)
            .any(|(_, expr)| matches!(expr.kind, ExprKind::Attribute(_, name) if name == *method))
    }

    /// `queryset.name(arguments)` for a method of Django's.
    pub(crate) fn queryset_method(
        &mut self,
        frame: &mut Frame<'p>,
        receiver: Value,
        queryset: Shared<Queryset>,
        name: Symbol,
        arguments: &Arguments,
        call: CallSite,
    ) -> Value {
        if name == self.names.get_queryset {
            let mut queryset = queryset;
            queryset.is_manager = false;
            let queryset = Self::at_site(queryset, call.site);
            return self.values.queryset(queryset);
        }
        if let Some(result) = self.writing_method(frame, receiver, &queryset, name, arguments, call) {
            return result;
        }
        if self.is_resuming(queryset.model, name)
            && let Some(resumed) = self.prefetched_by(&queryset)
        {
            self.extended.insert(receiver);
            return self.for_each(resumed, |machine, member| match machine.as_queryset(member).cloned() {
                Some(rows) => machine.queryset_method(frame, member, rows, name, arguments, call),
                None => Value::UNKNOWN,
            });
        }
        let was_manager = queryset.is_manager;
        let mut queryset = if was_manager { self.started(frame, receiver, queryset) } else { queryset };
        // A manager's `get_queryset` may give the rows of another model.
        let model = queryset.model;
        if asks_something(name.as_str()) {
            self.ask(&mut queryset, name.as_str(), arguments, call);
        }
        if !was_manager {
            self.extended.insert(receiver);
        }
        match name.as_str() {
            "all" => {}
            "filter" => {
                queryset.asked.narrowed = true;
                queryset.asked.single |= self.is_for_one_row(&queryset);
            }
            // Copies, which code that is not Django's goes on to change.
            "_clone" | "_chain" => queryset.asked.narrowed = true,
            "distinct" => queryset.asked.distinct = arguments.positional.is_empty(),
            "exclude" | "order_by" | "reverse" | "complex_filter" | "alias" | "using" | "in_order_of" => {
                queryset.asked.narrowed = true
            }
            "annotate" | "extra" => {
                queryset.asked.narrowed = true;
                let added = self.computed(name.as_str(), arguments);
                let known = &queryset.annotated;
                let added = added.into_iter().filter(|name| !known.contains(name));
                queryset.annotated = known.iter().copied().chain(added).collect();
            }
            "none" => queryset.asked.empty = true,
            "select_related" => {
                queryset.planned = Some(call.site);
                self.plan_select(&mut queryset.plan, arguments);
            }
            "prefetch_related" => {
                queryset.planned = Some(call.site);
                self.plan_prefetch(&mut queryset.plan, arguments, call.site);
            }
            "only" => self.plan_only(&mut queryset.plan, arguments),
            "defer" => self.plan_defer(&mut queryset.plan, arguments),
            "select_for_update" => {
                queryset.asked.narrowed = true;
                match arguments.keyword("of") {
                    Some(_) => queryset.asked.locked_of = true,
                    None => queryset.asked.locked = true,
                }
            }
            "values" | "dates" | "datetimes" => queryset.asked.values = true,
            "values_list" => {
                queryset.asked.values = true;
                queryset.asked.flat = arguments.keyword("flat").is_some();
            }
            "union" | "intersection" | "difference" => {
                queryset.asked.combined = true;
                queryset.asked.single = false;
            }
            "raw" => queryset.asked.raw = true,
            "fetch_mode" => queryset.plan.select_unknown = true,
            "iterator" | "aiterator" => {
                queryset.asked.iterated = true;
                queryset.asked.streamed = arguments.get(0, "chunk_size").is_none();
                queryset.asked.narrowed = true;
                return self.values.queryset(queryset);
            }
            "get" | "aget" => {
                queryset.asked.narrowed = true;
                let value = self.values.queryset(queryset);
                self.record_use(value, Uses { get: true, ..Uses::default() });
                return self.one_row(value);
            }
            "earliest" | "aearliest" | "latest" | "alatest" | "first" | "afirst" | "last" | "alast" => {
                queryset.asked.narrowed = true;
                let value = self.values.queryset(queryset);
                self.record_use(value, Uses { first: true, ..Uses::default() });
                return self.one_row(value);
            }
            "in_bulk" | "ain_bulk" => {
                queryset.asked.narrowed = true;
                let value = self.values.queryset(queryset);
                self.record_use(value, Uses { all: true, ..Uses::default() });
                let row = self.iterate(frame, value, call.site);
                return self.values.mapping(Vec::new(), Value::SCALAR, row);
            }
            "count" | "acount" | "exists" | "aexists" | "aggregate" | "aaggregate" | "contains"
            | "acontains" | "explain" => {
                let value = self.values.queryset(queryset);
                self.record_use(value, Uses { count: true, ..Uses::default() });
                return Value::SCALAR;
            }
            _ if self.is_narrowing(model, name) => queryset.asked.narrowed = true,
            _ if was_manager => return self.handed_on(frame, model, arguments),
            _ => return Value::UNKNOWN,
        }
        debug_assert_eq!(queryset.model, model);
        if name != "all" {
            queryset.asked.narrowed = true;
        }
        let queryset = Self::at_site(queryset, call.site);
        self.values.queryset(queryset)
    }

    /// What a manager's method that is not seen makes of the rows that `get_queryset` hands to it: some of them, as all
    /// that this gives are rows.
    fn handed_on(&mut self, frame: &Frame<'p>, model: ModelId, arguments: &Arguments) -> Value {
        let starts =
            frame.function.is_some_and(|id| frame.facts.function(id).name == self.names.get_queryset);
        let &[given] = arguments.positional.as_slice() else { return Value::UNKNOWN };
        match self.as_queryset(given).cloned() {
            Some(mut rows) if starts && !rows.is_manager && rows.model == model => {
                rows.asked.narrowed = true;
                rows.asked.foreign = true;
                self.extended.insert(given);
                self.values.queryset(rows)
            }
            _ => Value::UNKNOWN,
        }
    }

    /// `left | right` and its kin of two querysets: a query of its own, which no prefetch serves, and of which the
    /// filters of one side alone say nothing.
    pub(crate) fn combined_rows(&mut self, mut queryset: Shared<Queryset>, op: BinaryOp) -> Value {
        queryset.asked.narrowed = true;
        if op != BinaryOp::BitAnd {
            queryset.asked.single = false;
            let mut terms = self.values.terms(queryset.terms).to_vec();
            terms.iter_mut().for_each(|term| term.sure = false);
            queryset.terms = self.values.make_terms(terms);
        }
        self.values.queryset(queryset)
    }

    /// Methods that write.
    fn writing_method(
        &mut self,
        frame: &mut Frame<'p>,
        receiver: Value,
        queryset: &Shared<Queryset>,
        name: Symbol,
        arguments: &Arguments,
        call: CallSite,
    ) -> Option<Value> {
        let model = queryset.model;
        let name = name.as_str();
        let plain = name.strip_prefix('a').filter(|rest| WRITING.contains(rest)).unwrap_or(name);
        if !WRITING.contains(&plain) {
            return None;
        }
        // `get_or_create` keeps a list of what is met, which may be short.
        let made = matches!(plain, "create" | "bulk_create");
        let related = match queryset.origin {
            Origin::Related(row, relation) if queryset.is_manager => {
                self.as_row(row).map(|row| (relation, row.query))
            }
            _ => None,
        };
        let is_between = matches!(plain, "add" | "remove" | "set" | "clear")
            && related.is_some_and(|(relation, _)| {
                self.schema.relation(relation).kind() == RelationKind::ManyToMany
            });
        let makes =
            made && arguments.keyword("update_conflicts").is_none() || plain == "get_or_create" || is_between;
        // Rows of the table between are written then, and none of the related ones.
        let between = related.filter(|_| is_between).map(|(relation, _)| relation);
        let of = match queryset.origin {
            Origin::Related(row, relation) => Some((row, relation)),
            _ => self.given_row(model, arguments),
        };
        for relation in [None].into_iter().chain(related.map(Some)) {
            self.record_write(Write {
                model: Some(model),
                relation,
                between,
                makes,
                of,
                row: None,
                site: call.site,
            });
        }
        if made || plain == "delete" {
            self.written.push(Written { model, column: None, makes: made, site: call.site });
        }
        if plain == "update" {
            for &(name, _) in &arguments.keywords {
                self.written.push(Written { model, column: Some(name), makes: false, site: call.site });
            }
        }
        // These ask for rows first.
        if matches!(plain, "get_or_create" | "update_or_create" | "update" | "delete") {
            let mut asked = match queryset.is_manager {
                true => self.started(frame, receiver, queryset.clone()),
                false => queryset.clone(),
            };
            self.ask(&mut asked, plain, arguments, call);
            let value = self.values.queryset(asked);
            let gets = plain.starts_with("get") || plain.starts_with("update_or");
            // No order matters to them.
            self.record_use(value, Uses { get: gets, count: !gets, ..Uses::default() });
        }
        Some(match plain {
            "create" => {
                self.create_row(frame, queryset, arguments);
                self.outside_row(model)
            }
            "get_or_create" | "update_or_create" => {
                let row = self.outside_row(model);
                self.values.tuple(vec![row, Value::SCALAR])
            }
            "bulk_create" => {
                let row = self.outside_row(model);
                self.values.sequence(row)
            }
            "update" | "delete" | "bulk_update" => Value::SCALAR,
            _ => Value::NONE,
        })
    }

    /// The row and relation of a related set that a prefetch of the row's query would serve.
    pub(super) fn plain_related(&self, queryset: &Queryset) -> Option<(Row, RelationId)> {
        match queryset.origin {
            Origin::Related(row, relation) if !queryset.is_manager => {
                let is_plain = match self.manager_starts.get(&queryset.model) {
                    Some((plan, asked, _)) => queryset.plan == *plan && queryset.asked == *asked,
                    None => queryset.plan == Plan::default() && queryset.asked == Asked::default(),
                };
                is_plain.then(|| self.as_row(row)).flatten().map(|row| (row, relation))
            }
            _ => None,
        }
    }

    /// Whether the manager of related rows loads what a path leads to by itself.
    pub(crate) fn is_loaded_by_manager(&self, path: Path) -> bool {
        let steps = self.values.steps(path);
        let Some(last) = steps.len().checked_sub(1) else { return false };
        let Some(set) = steps[..last].iter().rposition(|step| step.to_many) else { return false };
        let Some(model) = self.schema.relation(steps[set].relation).target() else { return false };
        let Some((plan, ..)) = self.manager_starts.get(&model) else { return false };
        let wanted = path_of(&steps[set + 1..]);
        let loads = |path: &str| covers(path, &wanted);
        plan.select.iter().any(|path| loads(path.as_str()))
            || plan.prefetch.iter().filter_map(Prefetched::loads).any(loads)
    }

    /// Reads a related set of a row as a whole, so that a prefetch would serve it; gives the path to it and
    /// the queryset that an existing `Prefetch` names for it.
    pub(super) fn read_related(
        &mut self,
        queryset: &Queryset,
        row: Row,
        relation: RelationId,
        site: Site,
    ) -> (Path, Option<Value>) {
        let is_code = |site: &Site| site.file.as_other().is_none() && site.form == SiteForm::Chain;
        let step = Step {
            relation,
            name: self.schema.relation(relation).lookup_name(),
            to_many: true,
            site: queryset
                .sites
                .iter()
                .rfind(|site| !self.places.is_perhaps_no_queryset(site))
                .copied()
                .filter(is_code),
            start: queryset.sites.first().filter(|_| queryset.sites.len() > 1).copied().filter(is_code),
        };
        let path = self.values.step(row.path, step);
        let site = queryset.sites.last().copied().unwrap_or(site);
        if !self.is_loaded_by_manager(path) {
            self.record_read(row, path, site);
        }
        let named = self.path_text(path);
        let inner = self.prefetch_of(row.query, &named).and_then(|prefetched| prefetched.queryset);
        let parent = self.values.make(Shape::Row(row));
        (path, inner.map(|inner| self.prefetched_rows(row.query, &named, inner, (parent, relation))))
    }

    /// The queryset of a `Prefetch` as its rows stand behind `outer`'s: further lookups of `outer` load onto them too.
    pub(crate) fn prefetched_rows(
        &mut self,
        outer: Value,
        path: &str,
        inner: Value,
        parent: (Value, RelationId),
    ) -> Value {
        self.for_each(inner, |machine, inner| machine.prefetched_rows_of(outer, path, inner, parent))
    }

    fn prefetched_rows_of(
        &mut self,
        outer: Value,
        path: &str,
        inner: Value,
        parent: (Value, RelationId),
    ) -> Value {
        let (Some(outer), Some(mut queryset)) = (self.as_queryset(outer), self.as_queryset(inner).cloned())
        else {
            return inner;
        };
        for lookup in &outer.plan.prefetch {
            if let Some(below) = behind(lookup.path.as_str(), path).filter(|below| !below.is_empty()) {
                queryset.plan.add_prefetch(Prefetched { path: Symbol::new(below), ..*lookup });
            }
        }
        queryset.plan.prefetch_unknown |= outer.plan.prefetch_unknown;
        queryset.parent = Some(parent);
        self.values.queryset(queryset)
    }

    /// A path as `select_related` and `prefetch_related` write it.
    pub(crate) fn path_text(&self, path: Path) -> String {
        path_of(&self.values.steps(path))
    }
}

/// By which django-model-utils has the rows be instances of their children's classes.
///
/// <https://django-model-utils.readthedocs.io/en/latest/managers.html#inheritancemanager>
const SELECT_SUBCLASSES: &str = "select_subclasses";

const WRITING: &[&str] = &[
    "create",
    "get_or_create",
    "update_or_create",
    "bulk_create",
    "bulk_update",
    "update",
    "delete",
    "add",
    "remove",
    "set",
    "clear",
];
