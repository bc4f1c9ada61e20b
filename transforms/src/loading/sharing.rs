//! Who shares a query: a queryset that a function makes goes on to those who call it. What all of them need is loaded
//! where it is made, once; what one of them needs, by that one.

use std::cell::{OnceCell, RefCell};

use rustc_hash::{FxHashMap, FxHashSet};
use tuneup_django::Project;
use tuneup_django::paths::path_of;
use tuneup_django::queries::{Query, Read, Site, Source, Step};
use tuneup_django::schema::{ModelId, RelationKind};
use tuneup_python::flow::{ClassId, ExprKind, Function};
use tuneup_python::{Base, ClassRef};

use super::named_reads::NamedReads;
use super::plans::{Loaded, is_loaded};
use super::{Key, is_own, key};

/// From how many on those who lack a path may outweigh some who do not: each would be an edit of its own. The one edit
/// is not as safe as theirs, because others pay for it, so that few of them must.
const MANY: usize = 4;

/// Where querysets go on to, and what is needed there.
pub(super) struct Sharing<'p> {
    pub(super) project: &'p Project,
    /// The expressions to which a queryset goes on from another; its own, where a flow ends there.
    pub(super) onward: FxHashMap<Key, FxHashMap<Key, Site>>,
    /// Those among them for which the rows lack a path.
    pub(super) needed: FxHashMap<(Key, String), FxHashSet<Key>>,
    /// Those among them that load a path themselves.
    pub(super) loaded: FxHashMap<(Key, String), FxHashSet<Key>>,
    /// For those that lack one, the expressions behind them that load something else; nothing where a flow comes to none.
    plans: FxHashMap<(Key, String), FxHashSet<Option<Key>>>,
    /// The models of their rows.
    models: FxHashMap<Key, FxHashSet<ModelId>>,
    /// The expressions from which one gets its querysets.
    back: FxHashMap<Key, FxHashSet<Key>>,
    /// The models of whose managers a class is, or a base.
    managed: FxHashMap<ClassRef, Vec<ModelId>>,
    /// Whether tests, whose models are not read, extend a class.
    extended_aside: RefCell<FxHashMap<ClassRef, bool>>,
    /// Where the project's own code reads each attribute, once that was asked.
    attributes: OnceCell<NamedReads>,
}

impl<'p> Sharing<'p> {
    /// Reads the flows of all queries.
    pub(super) fn of(project: &'p Project) -> Self {
        let mut sharing = Self {
            project,
            onward: FxHashMap::default(),
            needed: FxHashMap::default(),
            loaded: FxHashMap::default(),
            plans: FxHashMap::default(),
            models: FxHashMap::default(),
            back: FxHashMap::default(),
            managed: managed(project),
            extended_aside: RefCell::default(),
            attributes: OnceCell::new(),
        };
        // What is only prefetched for, or handed on, has no user of its own.
        let used = |query: &&Query| !query.sites.is_empty() && (query.looped || !query.reads.is_empty());
        for query in project.queries.iter().filter(used) {
            for site in &query.sites {
                sharing.models.entry(key(site)).or_default().insert(query.model);
            }
            for (at, pair) in query.sites.windows(2).enumerate() {
                sharing.onward.entry(key(&pair[0])).or_default().insert(key(&pair[1]), pair[1]);
                // What a function narrows in steps is one queryset, whichever of the steps it returns after.
                let origin = &query.sites[start_of(&query.sites, at)];
                sharing.back.entry(key(&pair[1])).or_default().insert(key(origin));
            }
            if let Some(last) = query.sites.last() {
                sharing.onward.entry(key(last)).or_default().insert(key(last), user_of(query, last));
            }
            let planned = query.planned.and_then(|call| position(query, &call));
            if let Some(planned) = planned {
                let paths = query.plan.select.iter().chain(&query.plan.prefetch);
                for (at, site) in query.sites[..planned].iter().enumerate() {
                    let next = key(&query.sites[at + 1]);
                    for path in paths.clone() {
                        let loaded = sharing.loaded.entry((key(site), path.to_string())).or_default();
                        loaded.insert(next);
                    }
                }
            }
            // To read it of one row alone is a query too.
            for read in &query.reads {
                if is_loaded(project, query, read, read.steps.len()) == Loaded::No {
                    let path = path_of(&read.steps);
                    for (at, site) in query.sites.iter().enumerate() {
                        let next = query.sites.get(at + 1).unwrap_or(site);
                        sharing.needed.entry((key(site), path.clone())).or_default().insert(key(next));
                        let behind = planned.filter(|planned| *planned >= at);
                        let behind = behind.map(|planned| key(&query.sites[planned]));
                        sharing.plans.entry((key(site), path.clone())).or_default().insert(behind);
                    }
                }
            }
        }
        sharing
    }

    /// Whether the function that made the queryset, before `sites[start]`, made it for those who lack `path`:
    /// its only caller, all of them, or most of several. A caller that goes on with the chain, or
    /// that may get another queryset, has a query of its own to extend.
    pub(super) fn is_for(&self, query: &Query, start: usize, path: &str) -> bool {
        let sites = &query.sites;
        let origin = &sites[start - 1];
        if self.is_for_any(origin)
            || query.source == Source::Manager && !self.names_model(&sites[0], query.model)
        {
            return false;
        }
        let is_bare = start + 1 == sites.len() || start_of(sites, start + 1) == start + 1;
        if !is_bare || self.back.get(&key(&sites[start])).is_none_or(|origins| origins.len() != 1) {
            return false;
        }
        let Some(onward) = self.onward.get(&key(origin)) else { return false };
        if onward.len() == 1 {
            // To call a queryset's method is to write a chain.
            return !self.extends_querysets(origin) && !self.is_read_unseen(origin, &sites[start]);
        }
        self.needed.get(&(key(origin), path.to_owned())).is_some_and(|needed| {
            let paying = onward.len() - needed.len();
            paying == 0 || needed.len() >= MANY && paying * MANY <= needed.len()
        })
    }

    /// Whether a queryset is that of a property whose name other code reads too than its one reader: where the class is a
    /// mixin or a helper, and no model, that code may read it of objects whose class is not seen.
    fn is_read_unseen(&self, origin: &Site, reader: &Site) -> bool {
        let source = &self.project.source;
        let Some(function) = self.function(origin).filter(|_| reader.file.as_other().is_none()) else {
            return false;
        };
        let is_plain = function.class.is_some_and(|id| {
            let bases = source.mro(ClassRef { file: origin.file, id });
            bases.iter().all(|base| match base {
                Base::Class(_) => true,
                Base::External(name) => name == "builtins.object" || name.as_str().starts_with("typing."),
                _ => false,
            })
        });
        let reads = |kind: ExprKind| matches!(kind, ExprKind::Attribute(_, name) if name == function.name);
        let mut read_here = source.facts(reader.file).exprs.iter().filter(|expr| expr.range == reader.range);
        if !is_plain || !read_here.any(|expr| reads(expr.kind)) {
            return false;
        }
        let read = self.attributes.get_or_init(|| NamedReads::of(self.project));
        read.has_other(function.name, reader)
    }

    /// Where, in the function of `sites[at]`, the queryset begins that all who lack `path` get. What goes on to others
    /// in other branches is left to them.
    pub(super) fn beginning(&self, query: &Query, at: usize, path: &str) -> usize {
        let first = start_of(&query.sites, at);
        let is_needed = |site: &Site| {
            let needed = self.needed.get(&(key(site), path.to_owned()));
            let onward = self.onward.get(&key(site));
            needed.map_or(0, FxHashSet::len) == onward.map_or(0, FxHashMap::len)
        };
        (first..=at).find(|&at| is_needed(&query.sites[at])).unwrap_or(first)
    }

    /// Whether a site is in a method of a manager or queryset.
    pub(super) fn extends_querysets(&self, site: &Site) -> bool {
        let Some(class) = self.function(site).and_then(|function| function.class) else { return false };
        self.project.source.mro(ClassRef { file: site.file, id: class }).iter().any(|base| match base {
            // Django's own, or a package's that extend them.
            Base::External(name) => ["QuerySet", "Manager"].iter().any(|end| name.as_str().ends_with(end)),
            _ => false,
        })
    }

    /// The expression, in another function than that of `sites[start]`, that loads something else for all who lack
    /// `path`.
    pub(super) fn planned(&self, query: &Query, start: usize, path: &str) -> Option<usize> {
        let planned = query.planned?;
        let at = position(query, &planned)?;
        let site = &query.sites[at];
        let here = &query.sites[start];
        let is_here = (site.file, site.function) == (here.file, here.function);
        if is_here || !is_own(self.project, site) || self.is_for_any(site) {
            return None;
        }
        let onward = self.onward.get(&key(site))?;
        let needed = self.needed.get(&(key(site), path.to_owned()))?;
        (needed.len() == onward.len()).then_some(at)
    }

    /// The expression, further on in the function of `sites[start]`, that loads something else already, where all who lack
    /// `path` come through it.
    pub(super) fn begun(&self, query: &Query, start: usize, path: &str) -> Option<usize> {
        let at = position(query, &query.planned?).filter(|&at| at > start)?;
        let (here, there) = (&query.sites[start], &query.sites[at]);
        let plans = self.plans.get(&(key(here), path.to_owned()))?;
        let is_near = (here.file, here.function) == (there.file, there.function);
        (is_near && plans.iter().all(|plan| *plan == Some(key(there)))).then_some(at)
    }

    /// The expression by which the method of a base made the queryset that `sites[start]`, in a method that overrides it,
    /// goes on with, where it is the base's own body that reads, or declares the field that does: all who get querysets from there have that body too.
    pub(super) fn base(&self, query: &Query, start: usize, read: &Read) -> Option<usize> {
        let sites = &query.sites;
        let before = start_of(sites, start).checked_sub(1)?;
        let (here, there) = (&sites[start], &sites[before]);
        let (function, overridden) = (self.function(here)?, self.function(there)?);
        let class = ClassRef { file: here.file, id: function.class? };
        let base = ClassRef { file: there.file, id: overridden.class? };
        let order = |class| self.project.source.mro(class).iter();
        let is_base = class != base && order(class).any(|known| *known == Base::Class(base));
        let is_read_there = order(base).any(|known| match *known {
            Base::Class(known) => {
                let body = self.project.source.facts(known.file).class(known.id).range;
                known.file == read.site.file && body.contains_range(read.site.range)
                    || read.shown_by == Some(known)
            }
            _ => false,
        });
        (function.name == overridden.name && is_base && is_read_there).then_some(before)
    }

    /// The expression in a class's own method, or its body, that gives `sites[start]` its rows, where that stands in a
    /// method of a base class which says nothing of which model they are: other classes would give it rows that have
    /// no such relation.
    pub(super) fn supplied(&self, query: &Query, start: usize) -> Option<usize> {
        let base = self.class_around(&query.sites[start])?;
        let before = &query.sites[..start];
        let order = |class| self.project.source.mro(class).iter();
        let is_of_base = |site: &Site| {
            self.class_around(site).is_some_and(|class| order(base).any(|known| *known == Base::Class(class)))
        };
        if before.iter().any(is_of_base) {
            return None;
        }
        before.iter().rposition(|site| {
            let class = self.class_around(site);
            class.is_some_and(|class| order(class).any(|known| *known == Base::Class(base)))
        })
    }

    /// The class in whose body a site stands, in a method or beside them.
    fn class_around(&self, site: &Site) -> Option<ClassRef> {
        if let Some(function) = self.function(site) {
            return function.class.map(|id| ClassRef { file: site.file, id });
        }
        if site.file.as_other().is_some() {
            return None;
        }
        let classes = &self.project.source.facts(site.file).classes;
        let id = classes.iter().rposition(|class| class.range.contains_range(site.range))?;
        Some(ClassRef { file: site.file, id: ClassId(id as u32) })
    }

    /// Whether what is added at `sites[at]` can be loaded of all rows that come there: a method of a queryset or manager
    /// is that of every model with a manager of its class, or of one that extends it, and to join what one of those lacks is an error.
    pub(super) fn suits_all(&self, query: &Query, at: usize, steps: &[Step]) -> bool {
        let site = &query.sites[at];
        let begins = &query.sites[start_of(&query.sites, at)];
        let Some(class) = self.function(site).and_then(|function| function.class) else { return true };
        if !self.extends_querysets(site) || self.names_another(begins, query.model) {
            return true;
        }
        let schema = &self.project.schema;
        let has_all = |&model: &ModelId| {
            let mut on = Some(model);
            steps.iter().all(|step| {
                let found = on.and_then(|on| schema.relation_by_accessor(on, step.name));
                let Some(relation) = found.map(|found| schema.relation(found)) else { return false };
                on = relation.target();
                let wanted = schema.relation(step.relation);
                let is_generic = |kind| kind == RelationKind::Generic;
                relation.to_many() == wanted.to_many()
                    && is_generic(relation.kind()) == is_generic(wanted.kind())
            })
        };
        let class = ClassRef { file: site.file, id: class };
        let models = self.managed.get(&class);
        models.is_some_and(|models| models.contains(&query.model) && models.iter().all(has_all))
            && !*self
                .extended_aside
                .borrow_mut()
                .entry(class)
                .or_insert_with(|| self.is_extended_aside(class))
    }

    /// Whether a class of the tests extends this one: an app of theirs may have models whose managers it makes.
    fn is_extended_aside(&self, class: ClassRef) -> bool {
        let source = &self.project.source;
        let is_of = |other: ClassRef| source.mro(other).contains(&Base::Class(class));
        let name = |class: ClassRef| source.facts(class.file).class(class.id).name.as_str();
        let names: Vec<&str> = self.managed.keys().copied().filter(|&other| is_of(other)).map(name).collect();
        source.file_ids().filter(|&file| self.project.is_aside(file)).any(|file| {
            source.may_have(file, &names)
                && (0..source.facts(file).classes.len())
                    .any(|id| is_of(ClassRef { file, id: ClassId(id as u32) }))
        })
    }

    /// Whether a queryset is made for uses that are not seen: a manager's is that of every query of its model.
    fn is_for_any(&self, site: &Site) -> bool {
        self.function(site)
            .is_none_or(|function| function.name == "get_queryset" && self.extends_querysets(site))
            || self.models.get(&key(site)).is_some_and(|models| models.len() > 1)
    }

    /// Whether the chain at a site starts from a model by its own name, and not from one that is handed in: a method of
    /// an abstract class serves models that have other relations.
    fn names_model(&self, site: &Site, model: ModelId) -> bool {
        let Some(function) = self.function(site) else { return true };
        let facts = self.project.source.facts(site.file);
        let Some(mut at) = facts.exprs.iter().find(|expr| expr.range == site.range).map(|expr| expr.kind)
        else {
            return false;
        };
        loop {
            at = match at {
                ExprKind::Call(callee, _) => facts.kind(callee),
                ExprKind::Attribute(base, _) => facts.kind(base),
                ExprKind::Local(slot) => {
                    let class = function.class.map(|id| ClassRef { file: site.file, id });
                    let own = class.and_then(|class| self.project.schema.model_of_class(class));
                    let is_parameter = (slot as usize) < function.parameters.indices().len();
                    return !is_parameter
                        || slot == 0 && (own == Some(model) || self.extends_querysets(site));
                }
                _ => return true,
            };
        }
    }

    /// Whether the chain at a site, in a method, does not start from what the method is called on: `Book.objects.all()`,
    /// or from rows that are handed in.
    fn names_another(&self, site: &Site, model: ModelId) -> bool {
        let Some(function) = self.function(site) else { return true };
        let facts = self.project.source.facts(site.file);
        let expr = facts.exprs.iter().find(|expr| expr.range == site.range);
        let Some(mut at) = expr.map(|expr| expr.kind) else { return false };
        let mut asked = None;
        loop {
            at = match at {
                ExprKind::Call(callee, _) => facts.kind(callee),
                ExprKind::Attribute(base, name) => {
                    asked = Some(name);
                    facts.kind(base)
                }
                ExprKind::Local(slot) if (slot as usize) < function.parameters.indices().len() => {
                    return slot != 0;
                }
                // A model that is imported in the method, and not what it has asked for before.
                ExprKind::Local(_) => {
                    let managers = self.project.schema.model(model).managers();
                    return managers.iter().any(|manager| Some(manager.name()) == asked);
                }
                ExprKind::Global(name) => return name != "super",
                _ => return false,
            };
        }
    }

    pub(super) fn function(&self, site: &Site) -> Option<&'p Function> {
        // Templates have none.
        let function = site.function.filter(|_| site.file.as_other().is_none())?;
        Some(self.project.source.facts(site.file).function(function))
    }
}

/// Where, among the expressions that a queryset went through, a call stands.
fn position(query: &Query, call: &Site) -> Option<usize> {
    query.sites.iter().position(|site| site.file == call.file && site.range.contains_range(call.range))
}

/// Where a queryset is used that goes on to no other expression: a template that loops over it, or its own function.
fn user_of(query: &Query, last: &Site) -> Site {
    match query.loops.as_slice() {
        [only] if only.file.as_other().is_some() => *only,
        _ => *last,
    }
}

/// Where, among the expressions that a queryset went through, those of the function of `sites[at]` begin.
pub(super) fn start_of(sites: &[Site], at: usize) -> usize {
    let is_near = |site: &Site| site.file == sites[at].file && site.function == sites[at].function;
    sites.iter().position(is_near).unwrap_or(at)
}

/// The models of whose managers a class is, or a base. An abstract model stands for itself where no other extends it.
fn managed(project: &Project) -> FxHashMap<ClassRef, Vec<ModelId>> {
    let (schema, source) = (&project.schema, &project.source);
    let order = |class: ClassRef| {
        source.mro(class).iter().filter_map(|base| match *base {
            Base::Class(class) => Some(class),
            _ => None,
        })
    };
    let concrete = schema.models().filter(|&model| !schema.model(model).is_abstract());
    let extended: FxHashSet<ClassRef> =
        concrete.filter_map(|model| schema.class_of(model)).flat_map(order).collect();
    let mut managed: FxHashMap<ClassRef, Vec<ModelId>> = FxHashMap::default();
    for model in schema.models() {
        let is_extended = || schema.class_of(model).is_some_and(|class| extended.contains(&class));
        if schema.model(model).is_abstract() && is_extended() {
            continue;
        }
        let classes = schema.model(model).managers().iter().flat_map(|manager| manager.classes());
        for class in classes.flat_map(|&class| order(class)) {
            let models = managed.entry(class).or_default();
            if models.last() != Some(&model) {
                models.push(model);
            }
        }
    }
    managed
}
