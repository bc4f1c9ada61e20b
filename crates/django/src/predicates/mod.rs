//! Predicates: what queries ask of columns, with the lookup, the place and how often such a place runs.
//!
//! One queryset asks one predicate of each table that it reaches: filters that stand in several statements on it are
//! one, and a lookup over relations (`author__email`) is a predicate of the table at its end. Generic views, the admin,
//! REST framework and django-filter ask by declarations. Conditions that one branch adds and another does not make
//! two querysets, and so two predicates.

mod context;
mod lookups;

use rustc_hash::FxHashMap;
use tuneup_python::{Project, Symbol};

pub use context::Context;

use crate::queries::asks::{Asking, Asks};
use crate::queries::conditions::OPEN;
pub use crate::queries::value::{Given, Uses};
use crate::queries::value::{Role, Site, Term};
use crate::schema::{FieldId, ModelId, RelationId, RelationKind, Schema};
use context::Contexts;

/// What one query asks of one table.
#[derive(Clone, Debug)]
pub struct Predicate {
    /// The model whose table it is.
    pub model: ModelId,
    /// The conditions on its columns.
    pub filters: Vec<Filter>,
    /// The order of the rows, where all of it is that of columns of this table.
    pub order: Vec<Sort>,
    /// The columns whose different values are asked for.
    pub groups: Vec<FieldId>,
    /// What conditions within expressions, `When(…)` and an aggregate's `filter`, ask of rows that are read anyway.
    pub cases: Vec<Filter>,
    /// Whether the table is reached over relations from the query's own.
    pub is_joined: bool,
    /// Whether the rows are those of one other row, by a table that joins them.
    pub is_of_one: bool,
    /// Whether some of its conditions are not known.
    pub is_open: bool,
    /// Whether conditions on other tables, or some that are not known, narrow its rows too.
    pub narrowed_elsewhere: bool,
    /// How the query is evaluated.
    pub uses: Uses,
    /// What asks.
    pub source: Source,
    /// Where.
    pub site: Site,
    /// Where the query's chain begins: what is made of one queryset in several steps is one query.
    pub origin: Site,
    /// When that runs.
    pub context: Context,
}

/// A condition on one column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Filter {
    /// The column's field.
    pub field: FieldId,
    /// The lookup with its transforms: `exact`, `icontains`, `date__gte`.
    pub lookup: &'static str,
    /// What an index can do for it.
    pub kind: Kind,
    /// What it compares with.
    pub given: Given,
    /// Whether it narrows the rows by itself: it is neither one side of an `OR` nor one that may be left out.
    pub sure: bool,
}

/// What an index on a column can do for a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Finds the rows of a value.
    Equality,
    /// Finds the rows of a stretch of values.
    Range,
    /// Nothing, as it stands: a transform, a negation, a search within the text.
    NotIndexable,
}

/// One column of an order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Sort {
    /// The column's field.
    pub field: FieldId,
    /// Largest first.
    pub descending: bool,
}

/// What asks a predicate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Source {
    /// A queryset.
    Query,
    /// A generic view's `slug_field`, REST framework's `lookup_field`: rows by what a URL says.
    UrlLookup,
    /// A date-based view's `date_field`.
    DateView,
    /// `search_fields` of an admin.
    AdminSearch,
    /// `list_filter` of an admin.
    AdminFilter,
    /// `date_hierarchy` of an admin.
    AdminDates,
    /// A `FilterSet`, or `filterset_fields` of a view: what a client may filter by.
    FilterSet,
    /// `ordering_fields` of a view: what a client may order by.
    OrderingFilter,
    /// `search_fields` of a view.
    SearchFilter,
    /// `limit_choices_to` of a foreign key.
    Choices,
}

/// Something written of a model's rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Written {
    /// The model.
    pub model: ModelId,
    /// The column that is set, by its attribute's name; none where a row is made or deleted.
    pub column: Option<Symbol>,
    /// Whether a row is made.
    pub makes: bool,
    /// Where.
    pub site: Site,
    /// When that runs.
    pub context: Context,
}

/// The predicates of a project and where its rows are written.
#[derive(Debug, Default)]
pub struct Predicates {
    /// All predicates, in order of place.
    pub all: Vec<Predicate>,
    /// What is written of rows, in order of model and place.
    pub writes: Vec<Written>,
    contexts: Contexts,
}

impl Predicates {
    /// Finds the columns that queries ask for.
    pub(crate) fn find(project: &Project, schema: &Schema, asks: &Asks) -> Self {
        let contexts = Contexts::find(project, schema, asks);
        let mut all = Vec::new();
        for asking in &asks.asking {
            split(project, schema, &contexts, asking, &mut all);
        }
        let all = united(all);
        let writes = asks
            .writes
            .iter()
            .map(|it| Written {
                model: table_of(schema, it.model),
                column: it.column,
                makes: it.makes,
                site: it.site,
                context: contexts.of(project, &it.site),
            })
            .collect();
        Self { all, writes, contexts }
    }

    /// When the code at a place runs.
    pub fn context(&self, project: &Project, site: &Site) -> Context {
        self.contexts.of(project, site)
    }
}

/// The same predicates of the same query, as one: a function is followed for each kind of argument that it gets, and
/// steps that ask nothing more are no further query.
fn united(all: Vec<Predicate>) -> Vec<Predicate> {
    let mut at: FxHashMap<_, usize> = FxHashMap::default();
    let mut united: Vec<Predicate> = Vec::new();
    for predicate in all {
        let filters: Vec<_> =
            predicate.filters.iter().map(|it| (it.field, it.lookup, it.kind, it.sure)).collect();
        let cases: Vec<_> = predicate.cases.iter().map(|it| (it.field, it.lookup)).collect();
        let place = (predicate.origin.file, predicate.origin.range, predicate.source);
        let asked = (filters, cases, predicate.order.clone(), predicate.groups.clone());
        let key = (place, predicate.model, predicate.is_joined, predicate.narrowed_elsewhere, asked);
        match at.get(&key) {
            Some(&index) => {
                let there = &mut united[index];
                there.uses = there.uses.or(predicate.uses);
                there.context = there.context.min(predicate.context);
                for (one, other) in there.filters.iter_mut().zip(&predicate.filters) {
                    if one.given != other.given {
                        one.given = Given::Other;
                    }
                }
            }
            None => {
                at.insert(key, united.len());
                united.push(predicate);
            }
        }
    }
    united
}

/// The predicates of one query: of its own table, and of each that its lookups reach.
fn split(project: &Project, schema: &Schema, contexts: &Contexts, asking: &Asking, all: &mut Vec<Predicate>) {
    let site = place(project, contexts, asking);
    // A step within a method that querysets override, which nothing is known to evaluate: whoever calls the method has
    // a query of its own.
    if asking.source == Source::Query && !asking.uses.any() && contexts.is_of_querysets(project, &site) {
        return;
    }
    let mut tables: Vec<(Vec<RelationId>, Predicate)> = Vec::new();
    let empty = |model: ModelId, is_joined: bool| Predicate {
        model,
        filters: Vec::new(),
        order: Vec::new(),
        groups: Vec::new(),
        cases: Vec::new(),
        is_joined,
        is_of_one: false,
        is_open: false,
        narrowed_elsewhere: false,
        uses: asking.uses,
        source: asking.source,
        site,
        origin: origin(asking, site),
        context: contexts.of(project, &site),
    };
    tables.push((Vec::new(), empty(table_of(schema, asking.model), false)));
    let mut order = Vec::new();
    let mut is_ordered = true;
    let mut is_narrowed = false;
    for term in &asking.terms {
        let found = lookups::resolve(schema, asking.model, term.name);
        match term.role {
            Role::Order => {
                order.push((*term, found));
                continue;
            }
            Role::Group => is_ordered = false,
            Role::Filter | Role::Case => {}
            Role::Value => continue,
        }
        let Some(found) = found else {
            // `tags=tag`: a join narrows the rows, by the index of its own table.
            is_narrowed |= term.name == OPEN
                || term.role == Role::Filter
                    && term.sure
                    && (lookups::names_relation(schema, asking.model, term.name)
                        || lookups::names_key(schema, asking.model, term.name));
            continue;
        };
        let is_it =
            |(path, table): &(Vec<RelationId>, Predicate)| *path == found.path && table.model == found.model;
        let at = match tables.iter().position(is_it) {
            Some(at) => at,
            None => {
                tables.push((found.path.clone(), empty(found.model, !found.path.is_empty())));
                tables.len() - 1
            }
        };
        let table = &mut tables[at].1;
        match term.role {
            Role::Group => table.groups.push(found.field),
            Role::Case => {
                let filter = Filter { kind: Kind::NotIndexable, ..filter(schema, term, &found) };
                if !table.cases.contains(&filter) {
                    table.cases.push(filter);
                }
            }
            _ => table.filters.push(filter(schema, term, &found)),
        }
    }
    let own = &mut tables[0].1;
    if let Some(relation) = asking.related {
        let chosen = related(project, schema, relation);
        is_narrowed |= chosen.is_empty();
        own.is_of_one = chosen.is_empty();
        own.filters.extend(chosen);
    }
    let unordered =
        (asking.uses.get || asking.uses.count) && !(asking.uses.first || asking.uses.page || asking.uses.all);
    if is_ordered && !unordered && asking.source == Source::Query {
        let order = sorts(project, schema, asking, &order);
        // Of a model with parents, some columns are in another table.
        if order.iter().all(|sort| schema.field(sort.field).model() == own.model) {
            own.order = order;
        }
    }
    let narrows =
        |predicate: &Predicate| predicate.filters.iter().any(|it| it.sure && it.kind != Kind::NotIndexable);
    let narrowing: Vec<bool> = tables.iter().map(|(_, predicate)| narrows(predicate)).collect();
    for (at, (_, mut predicate)) in tables.into_iter().enumerate() {
        predicate.is_open = asking.terms.iter().any(|term| term.name == OPEN);
        predicate.narrowed_elsewhere =
            is_narrowed || narrowing.iter().enumerate().any(|(other, &does)| does && other != at);
        if !(predicate.filters.is_empty()
            && predicate.order.is_empty()
            && predicate.groups.is_empty()
            && predicate.cases.is_empty())
        {
            all.push(predicate);
        }
    }
}

/// The model whose table holds a model's own columns.
fn table_of(schema: &Schema, mut model: ModelId) -> ModelId {
    while schema.model(model).is_proxy()
        && let Some(&parent) = schema.model(model).parents().first()
    {
        model = parent;
    }
    model
}

/// Where a query's chain begins. What a function asks more of the querysets that a method gives is a query of its own.
fn origin(asking: &Asking, site: Site) -> Site {
    let within = |other: &Site| (other.file, other.function) == (site.file, site.function);
    match within(&asking.origin) {
        true => asking.origin,
        false => asking.terms.iter().map(|term| term.site).find(within).unwrap_or(site),
    }
}

/// The call that asks last: the end of the chain, or what stands around it. Where the chain is handed on to others that
/// ask nothing, or to a method that querysets of all models have, that is the last place that knows what is asked.
fn place(project: &Project, contexts: &Contexts, asking: &Asking) -> Site {
    let around = |site: Site| {
        let terms = asking.terms.iter().map(|term| term.site);
        let around = terms.filter(|term| term.file == site.file && term.range.contains_range(site.range));
        around.max_by_key(|site| site.range.len()).unwrap_or(site)
    };
    let within =
        |site: &Site, inner: &Site| site.file == inner.file && site.range.contains_range(inner.range);
    // A condition within an expression stands where that was made.
    let mut chosen = asking.terms.iter().filter(|term| term.role != Role::Case);
    let site = match chosen.next_back().or(asking.terms.last()) {
        Some(last) if within(&asking.site, &last.site) || within(&last.site, &asking.site) => asking.site,
        Some(last) => last.site,
        None => asking.origin,
    };
    let site = around(site);
    if !contexts.is_of_querysets(project, &site) {
        return site;
    }
    let known = asking.terms.iter().map(|term| term.site).chain([asking.site]);
    let outside = known.filter(|site| !contexts.is_of_querysets(project, site));
    outside.last().unwrap_or(asking.origin)
}

fn filter(schema: &Schema, term: &Term, found: &lookups::Found) -> Filter {
    let mut kind = lookups::kind(schema, found);
    if term.given == Given::Column {
        kind = Kind::NotIndexable;
    }
    if term.negated {
        kind = match (kind, found.lookup, term.given) {
            // `exclude(x=None)`, `exclude(active=False)`: what is left is one value, or all but nulls.
            (_, "exact", Given::Bool(_) | Given::None) | (_, "isnull", _) => kind,
            _ => Kind::NotIndexable,
        };
    }
    Filter { field: found.field, lookup: found.lookup, kind, given: term.given, sure: term.sure }
}

/// What choosing the related rows of one row asks: its foreign key, or the two columns of a generic one.
fn related(project: &Project, schema: &Schema, relation: RelationId) -> Vec<Filter> {
    let known = schema.relation(relation);
    let equal = |field: FieldId| Filter {
        field,
        lookup: "exact",
        kind: Kind::Equality,
        given: Given::Other,
        sure: true,
    };
    match known.kind() {
        RelationKind::ForeignKey | RelationKind::OneToOne if known.is_reverse() => vec![equal(known.field())],
        RelationKind::GenericRelation => {
            let Some(target) = known.target() else { return Vec::new() };
            [("content_type_field", "content_type"), ("object_id_field", "object_id")]
                .into_iter()
                .filter_map(|(option, default)| {
                    let given = schema.field(known.field()).keyword(project, option);
                    let name = match given {
                        Some((file, value)) => crate::apps::literals::text(project, file, value)?,
                        None => default,
                    };
                    schema.column_named(target, Symbol::new(name)).map(equal)
                })
                .collect()
        }
        _ => Vec::new(),
    }
}

/// The order of a query: its own, or that of `Meta`. Nothing where a part of it is not a column of the table.
fn sorts(
    project: &Project,
    schema: &Schema,
    asking: &Asking,
    terms: &[(Term, Option<lookups::Found>)],
) -> Vec<Sort> {
    let mut sorts = Vec::new();
    let mut add = |name: &str, found: Option<lookups::Found>| {
        let column = found.filter(|found| found.path.is_empty() && found.lookup == "exact");
        // By a relation means by the order of its model.
        let column = column.filter(|found| {
            schema.field(found.field).relation().is_none() || name.trim_start_matches('-').ends_with("_id")
        });
        match column {
            Some(found) => {
                sorts.push(Sort { field: found.field, descending: name.starts_with('-') });
                true
            }
            None => false,
        }
    };
    let by_meta = |name: &str| lookups::meta_names(project, schema, asking.model, name);
    let names: Vec<String> = match terms {
        [] => by_meta("ordering").unwrap_or_default(),
        [(term, None)] if matches!(term.name.as_str().trim_start_matches('-'), "%last" | "%latest") => {
            let is_latest = term.name.as_str().ends_with("%latest");
            let flip = term.name.as_str().starts_with('-');
            let of = if is_latest { by_meta("get_latest_by") } else { by_meta("ordering") };
            let flipped = |name: String| match name.strip_prefix('-') {
                Some(plain) => plain.to_owned(),
                None => format!("-{name}"),
            };
            of.unwrap_or_default().into_iter().map(|name| if flip { flipped(name) } else { name }).collect()
        }
        _ => {
            let all = terms.iter().all(|(term, found)| add(term.name.as_str(), found.clone()));
            return if all { sorts } else { Vec::new() };
        }
    };
    let all = names.iter().all(|name| {
        let found = lookups::resolve(schema, asking.model, name.as_str().into());
        add(name, found)
    });
    if all { sorts } else { Vec::new() }
}
