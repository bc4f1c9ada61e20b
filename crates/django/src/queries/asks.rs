//! What querysets are asked: the lookups of their filters, their order, and how they are evaluated.
//!
//! Lookups are kept as they are written, on the queryset that they narrow. Which columns they name is found out
//! later, of those that are left: see [`crate::predicates`].

use rustc_hash::{FxHashMap, FxHashSet};
use tuneup_python::{FunctionRef, Symbol};

use super::calls::{Arguments, CallSite};
use super::conditions::OPEN;
use super::machine::Machine;
use super::order;
use super::places::Places;
use super::showing::Showing;
use super::value::{Given, Origin, Queryset, Role, Shape, Site, Term, Uses, Value};
use crate::predicates::Source;
use crate::schema::{ModelId, RelationId};

/// What one queryset asks, before its lookups are resolved.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Asking {
    /// The rows' model.
    pub(crate) model: ModelId,
    /// The relation whose rows these are, of one row of another model.
    pub(crate) related: Option<RelationId>,
    /// The lookups.
    pub(crate) terms: Box<[Term]>,
    /// How it is evaluated.
    pub(crate) uses: Uses,
    /// What asks.
    pub(crate) source: Source,
    /// The end of its chain.
    pub(crate) site: Site,
    /// Where its chain begins, which all that is made of it in steps shares.
    pub(crate) origin: Site,
}

/// What a declaration asks, as the admin's `search_fields` do.
pub(crate) type Declared = Asking;

/// Something written of a model's rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Written {
    /// The model.
    pub(crate) model: ModelId,
    /// The column that is set; none where a row is made or deleted.
    pub(crate) column: Option<Symbol>,
    /// Whether a row is made.
    pub(crate) makes: bool,
    /// Where.
    pub(crate) site: Site,
}

/// What interpreting a project tells of its predicates.
#[derive(Debug, Default)]
pub(crate) struct Asks {
    /// What querysets and declarations ask.
    pub(crate) asking: Vec<Asking>,
    /// Which function calls which.
    pub(crate) edges: FxHashSet<(FunctionRef, FunctionRef)>,
    /// Which classes show objects, for whom.
    pub(crate) showing: Showing,
    /// Functions that frameworks call to answer requests.
    pub(crate) served: FxHashSet<FunctionRef>,
    /// What is written of rows, with where.
    pub(crate) writes: Vec<Written>,
    /// Querysets that leave columns out of their rows.
    pub(crate) deferring: Vec<Deferring>,
    /// What comes to places at which it matters.
    pub(crate) places: Places,
}

/// A queryset that leaves columns out of its rows: Django refuses to join over one of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deferring {
    /// The expressions through which it went.
    pub sites: Vec<Site>,
    /// The columns that `only()` names, where it is called.
    pub only: Option<Vec<Symbol>>,
    /// Those that `defer()` names.
    pub defer: Vec<Symbol>,
}

impl Asks {
    /// All that one interpreter saw.
    pub(crate) fn of(machine: &mut Machine<'_>) -> Self {
        let mut asking = std::mem::take(&mut machine.declared);
        let mut deferring: Vec<Deferring> = Vec::new();
        for (value, queryset) in machine.values.querysets() {
            if queryset.is_manager || queryset.asked.empty || queryset.asked.raw {
                continue;
            }
            let uses = machine.uses.get(&value).copied().unwrap_or_default();
            if machine.extended.contains(&value) && !uses.any() {
                continue;
            }
            // What only counts rows gets none.
            let is_counted = uses.any() && uses == Uses { count: true, ..Uses::default() };
            if (queryset.plan.only.is_some() || !queryset.plan.defer.is_empty())
                && !queryset.asked.values
                && !is_counted
            {
                deferring.push(Deferring {
                    sites: queryset.sites.to_vec(),
                    only: queryset.plan.only.clone(),
                    defer: queryset.plan.defer.clone(),
                });
            }
            let terms: Vec<Term> = machine.values.terms(queryset.terms).to_vec();
            let terms: Vec<Term> = terms.into_iter().filter(|term| term.role != Role::Value).collect();
            if terms.is_empty() && !(uses.page || uses.first) {
                continue;
            }
            let Some(site) = queryset.sites.last().copied().or_else(|| terms.last().map(|term| term.site))
            else {
                continue;
            };
            asking.push(Asking {
                model: queryset.model,
                related: match queryset.origin {
                    Origin::Related(_, relation) => Some(relation),
                    _ => None,
                },
                terms: terms.into(),
                uses,
                source: Source::Query,
                site,
                origin: queryset.sites.first().copied().unwrap_or(site),
            });
        }
        Self {
            asking,
            edges: std::mem::take(&mut machine.edges),
            showing: std::mem::take(&mut machine.showing_classes),
            served: std::mem::take(&mut machine.served),
            writes: std::mem::take(&mut machine.written),
            deferring,
            places: std::mem::take(&mut machine.places),
        }
    }

    /// What several interpreters saw, each thing once, in order of place.
    pub(crate) fn merged(parts: Vec<Self>) -> Self {
        let mut whole = Self::default();
        let mut at: FxHashMap<Asking, usize> = FxHashMap::default();
        for part in parts {
            for asking in part.asking {
                let same = Asking { uses: Uses::default(), ..asking.clone() };
                match at.get(&same) {
                    Some(&index) => {
                        let there: &mut Asking = &mut whole.asking[index];
                        there.uses = there.uses.or(asking.uses);
                    }
                    None => {
                        at.insert(same, whole.asking.len());
                        whole.asking.push(asking);
                    }
                }
            }
            whole.edges.extend(part.edges);
            whole.showing.extend(part.showing);
            whole.served.extend(part.served);
            whole.writes.extend(part.writes);
            whole.deferring.extend(part.deferring);
            whole.places.extend(part.places);
        }
        whole.places.settle();
        whole.asking.sort_by_cached_key(|asking| {
            let terms: Vec<_> =
                asking.terms.iter().map(|term| (order(&term.site), term.name.as_str())).collect();
            (order(&asking.site), asking.model, asking.related, terms, asking.uses)
        });
        whole.writes.sort_by_key(|it| (it.model, order(&it.site), it.column.map(Symbol::as_str), it.makes));
        whole.writes.dedup();
        whole.deferring.sort_by_cached_key(|it| it.sites.iter().map(order).collect::<Vec<_>>());
        whole.deferring.dedup();
        whole
    }
}

impl Machine<'_> {
    /// Keeps how a queryset is evaluated.
    pub(crate) fn record_use(&mut self, value: Value, uses: Uses) {
        let there = self.uses.entry(value).or_default();
        *there = there.or(uses);
    }

    /// Keeps that a page of rows is taken from each queryset that a value may be.
    pub(crate) fn record_page(&mut self, value: Value) {
        for member in self.values.members(value) {
            if self.as_queryset(member).is_some() {
                self.record_use(member, Uses { page: true, ..Uses::default() });
            }
        }
    }

    /// Puts what a method asks on a queryset.
    pub(crate) fn ask(
        &mut self,
        queryset: &mut Queryset,
        method: &str,
        arguments: &Arguments,
        call: CallSite,
    ) {
        let plain = method.strip_prefix('a').filter(|rest| EVALUATING.contains(rest)).unwrap_or(method);
        let mut terms = self.values.terms(queryset.terms).to_vec();
        match plain {
            "filter" | "get" | "exclude" | "get_or_create" | "update_or_create" | "complex_filter" => {
                let negated = plain == "exclude";
                let before = terms.len();
                self.add_conditions(&mut terms, arguments, negated, call.site);
                // `exclude(a=…, b=…)` leaves out what is both.
                if negated && terms.len() > before + 1 {
                    terms[before..].iter_mut().for_each(|term| term.sure = false);
                }
            }
            "order_by" => {
                terms.retain(|term| term.role != Role::Order);
                if arguments.more_positional.is_some() {
                    terms.push(ordering(Symbol::new("?"), call.site));
                }
                for &argument in &arguments.positional {
                    let name = self.order_name(argument);
                    terms.push(ordering(name, call.site));
                }
                if arguments.positional.is_empty() && arguments.more_positional.is_none() {
                    // No order at all, not that of `Meta`.
                    terms.push(ordering(Symbol::new(""), call.site));
                }
            }
            "reverse" => terms.iter_mut().for_each(reverse),
            "last" => {
                if !terms.iter().any(|term| term.role == Role::Order) {
                    terms.push(ordering(Symbol::new("%last"), call.site));
                }
                terms.iter_mut().for_each(reverse);
            }
            "latest" | "earliest" => {
                terms.retain(|term| term.role != Role::Order);
                let mut names: Vec<Symbol> =
                    arguments.positional.iter().map(|&argument| self.order_name(argument)).collect();
                if names.is_empty() {
                    names.push(Symbol::new("%latest"));
                }
                terms.extend(names.into_iter().map(|name| ordering(name, call.site)));
                if plain == "latest" {
                    terms.iter_mut().for_each(reverse);
                }
            }
            "distinct" | "dates" | "datetimes" | "in_bulk" => {
                let names: Vec<Symbol> = match plain {
                    "distinct" => {
                        arguments.positional.iter().map(|&argument| self.order_name(argument)).collect()
                    }
                    "in_bulk" => arguments
                        .keyword("field_name")
                        .map(|name| self.order_name(name))
                        .into_iter()
                        .collect(),
                    _ => {
                        arguments.get(0, "field_name").map(|name| self.order_name(name)).into_iter().collect()
                    }
                };
                for name in names {
                    let filters = plain == "in_bulk";
                    terms.push(Term {
                        name,
                        role: if filters { Role::Filter } else { Role::Group },
                        given: Given::Other,
                        sure: true,
                        negated: false,
                        site: call.site,
                    });
                }
            }
            "values" | "values_list" => {
                terms.retain(|term| term.role != Role::Value);
                let named = arguments.positional.iter().filter_map(|&it| match self.values.shape(it) {
                    Shape::Str(name) => Some(*name),
                    _ => None,
                });
                terms.extend(named.map(|name| Term {
                    name,
                    role: Role::Value,
                    given: Given::Other,
                    sure: true,
                    negated: false,
                    site: call.site,
                }));
            }
            "annotate" | "aggregate" | "alias" => self.add_annotations(&mut terms, arguments, plain),
            _ => return,
        }
        queryset.terms = self.values.make_terms(terms);
    }

    /// Rows of which the one is found by a field's value: `lookup_field`, `slug_field`.
    pub(crate) fn found_by(&mut self, rows: Value, name: Symbol, site: Site) -> Value {
        let arguments = Arguments { keywords: vec![(name, Value::SCALAR)], ..Arguments::default() };
        let uses = Uses { get: true, ..Uses::default() };
        self.asked_by_declaration(rows, "filter", &arguments, site, uses)
    }

    /// Rows in the order of fields that a declaration names.
    pub(crate) fn ordered_by(&mut self, rows: Value, names: Value, site: Site) -> Value {
        let positional = match self.values.shape(names) {
            Shape::Tuple(items) => items.to_vec(),
            Shape::Str(_) => vec![names],
            _ => return rows,
        };
        let arguments = Arguments { positional, ..Arguments::default() };
        self.asked_by_declaration(rows, "order_by", &arguments, site, Uses::default())
    }

    fn asked_by_declaration(
        &mut self,
        rows: Value,
        method: &str,
        arguments: &Arguments,
        site: Site,
        uses: Uses,
    ) -> Value {
        self.for_each(rows, |machine, member| {
            let Some(queryset) = machine.as_queryset(member) else { return member };
            let mut queryset = queryset.clone();
            machine.ask(&mut queryset, method, arguments, CallSite { site });
            machine.extended.insert(member);
            let value = machine.values.queryset(queryset);
            if uses.any() {
                machine.record_use(value, uses);
            }
            value
        })
    }

    /// Keeps what a foreign key's `limit_choices_to` asks of the rows to choose from: a mapping, a `Q`, or a function
    /// that gives one.
    pub(crate) fn declare_choices(&mut self, model: ModelId, limit: Value, site: Site) {
        for member in self.values.members(limit) {
            let arguments = match self.values.shape(member) {
                Shape::Mapping { known, .. } => {
                    Arguments { keywords: known.to_vec(), ..Arguments::default() }
                }
                _ => Arguments { positional: vec![member], ..Arguments::default() },
            };
            let mut terms = Vec::new();
            self.add_conditions(&mut terms, &arguments, false, site);
            let asking = Asking {
                model,
                related: None,
                terms: terms.into(),
                uses: Uses { all: true, ..Uses::default() },
                source: Source::Choices,
                site,
                origin: site,
            };
            if !asking.terms.is_empty() && !self.declared.contains(&asking) {
                self.declared.push(asking);
            }
        }
    }

    /// Keeps what a declaration lets be asked: one of its lookups at a time.
    pub(crate) fn declare(
        &mut self,
        model: ModelId,
        names: &[Symbol],
        role: Role,
        source: Source,
        site: Site,
    ) {
        let terms = names.iter().map(|&name| Term {
            name,
            role,
            given: Given::Other,
            sure: source == Source::AdminDates || source == Source::DateView,
            negated: false,
            site,
        });
        let asking = Asking {
            model,
            related: None,
            terms: terms.collect(),
            uses: Uses::default(),
            source,
            site,
            origin: site,
        };
        if !asking.terms.is_empty() && !self.declared.contains(&asking) {
            self.declared.push(asking);
        }
    }

    /// The conditions that arguments of `filter` are: keywords, and `Q` objects by position.
    pub(super) fn add_conditions(
        &self,
        terms: &mut Vec<Term>,
        arguments: &Arguments,
        negated: bool,
        site: Site,
    ) {
        let open = Term {
            name: Symbol::new(OPEN),
            role: Role::Filter,
            given: Given::Other,
            sure: true,
            negated: false,
            site,
        };
        if arguments.more_keywords.is_some() {
            terms.push(open);
        }
        for &argument in arguments.positional.iter().chain(&arguments.more_positional) {
            let members = self.values.members(argument);
            let sure = members.len() == 1 && arguments.more_positional.is_none();
            if members.iter().any(|&member| matches!(self.values.shape(member), Shape::Unknown)) {
                terms.push(open);
            }
            for member in members {
                if let Shape::Condition(conditions) = *self.values.shape(member) {
                    for term in self.values.terms(conditions) {
                        let flipped = negated != term.negated;
                        terms.push(Term { sure: term.sure && sure, negated: flipped, ..*term });
                    }
                }
            }
        }
        for &(name, value) in &arguments.keywords {
            // Arguments of `get_or_create` that name no column.
            if matches!(name.as_str(), "defaults" | "create_defaults") {
                continue;
            }
            let (name, value) = self.as_equality(name, value);
            terms.push(Term {
                name,
                role: Role::Filter,
                given: self.given(value),
                sure: true,
                negated,
                site,
            });
        }
    }

    /// `title__in=[title]` is `title=title`.
    fn as_equality(&self, name: Symbol, value: Value) -> (Symbol, Value) {
        match (name.as_str().strip_suffix("__in"), self.values.shape(value)) {
            (Some(column), Shape::Tuple(items)) if items.len() == 1 && items[0] != Value::NONE => {
                (Symbol::new(column), items[0])
            }
            _ => (name, value),
        }
    }

    /// What annotations ask: conditions within them, and the values that aggregates are grouped by.
    fn add_annotations(&self, terms: &mut Vec<Term>, arguments: &Arguments, method: &str) {
        for value in arguments.all() {
            terms.extend(self.conditions_within(value));
            let is_grouped = matches!(
                self.values.shape(value),
                Shape::Instance(class, _) if is_aggregate(class.as_str()) && method == "annotate"
            );
            if is_grouped {
                for term in terms.iter_mut().filter(|term| term.role == Role::Value) {
                    term.role = Role::Group;
                }
            }
        }
    }
}

const EVALUATING: &[&str] =
    &["get", "get_or_create", "update_or_create", "last", "latest", "earliest", "in_bulk", "aggregate"];

const NARROWING: &[&str] = &[
    "filter",
    "exclude",
    "complex_filter",
    "order_by",
    "reverse",
    "distinct",
    "dates",
    "datetimes",
    "values",
    "values_list",
    "annotate",
    "alias",
];

/// Whether a dotted name is that of an aggregate: what is annotated with it is grouped.
fn is_aggregate(name: &str) -> bool {
    const AGGREGATES: &[&str] =
        &["Count", "Sum", "Avg", "Min", "Max", "StdDev", "Variance", "AnyValue", "StringAgg"];
    let last = name.rsplit('.').next().unwrap_or(name);
    name.starts_with("django.db.models.") && AGGREGATES.contains(&last)
        || name.starts_with("django.contrib.postgres.aggregates.")
}

/// Whether a queryset's method asks anything of columns.
pub(crate) fn asks_something(method: &str) -> bool {
    NARROWING.contains(&method)
        || EVALUATING.contains(&method.strip_prefix('a').unwrap_or(method))
        || EVALUATING.contains(&method)
}

fn ordering(name: Symbol, site: Site) -> Term {
    Term { name, role: Role::Order, given: Given::Other, sure: true, negated: false, site }
}

fn reverse(term: &mut Term) {
    if term.role == Role::Order {
        let name = term.name.as_str();
        term.name = match name.strip_prefix('-') {
            Some(plain) => Symbol::new(plain),
            None => Symbol::new(&format!("-{name}")),
        };
    }
}
