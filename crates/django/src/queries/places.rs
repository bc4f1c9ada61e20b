//! What certainly comes to a place: the values that the interpreter met there, in all runs of the code around it.
//!
//! Of a place that reads off a row, one flow of a query tells that rows come there. Whether anything else does, a list, a
//! plain object, a value that is not known, only all flows together tell.

use rustc_hash::{FxHashMap, FxHashSet};
use tuneup_python::flow::{Expr, ExprKind};
use tuneup_python::{FileId, Symbol};

use super::machine::{Frame, Machine};
use super::value::{Queryset, Shape, Site, Value};
use crate::schema::{ModelAttribute, ModelId, RelationId, Schema};

/// What is put into a variable, the widest of all that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bound {
    /// A queryset that has no rows itself: a manager, `none()`.
    Bare,
    /// A queryset of which more can be asked behind the expression that is put there.
    Rows,
    /// Anything else, or perhaps: a list, an iterator, a part of the rows.
    Other,
}

/// What a relation is read off whose row is asked for its key: `book.author`, of `book.author.id`.
#[derive(Clone, Debug, Default)]
pub struct Keyed {
    /// The relations of that name that the rows have.
    pub relations: Vec<RelationId>,
    /// The relations that were followed to these rows: `book`, of `note.book.author.id`.
    pub through: Vec<RelationId>,
    /// Whether there is anything that is not known.
    pub is_unknown: bool,
    /// Whether there is anything that is no row with such a relation.
    pub is_other: bool,
}

/// The places of a project at which it matters.
#[derive(Debug, Default)]
pub struct Places {
    bound: FxHashMap<(FileId, Expr), Bound>,
    keyed: FxHashMap<(FileId, Expr), Keyed>,
    /// Calls that gave a queryset and may give something else.
    perhaps: FxHashSet<Site>,
    /// What is looped over: whether it is a queryset in all runs, made there or held by a variable.
    looped: FxHashMap<(FileId, Expr), bool>,
}

impl Places {
    /// What an expression gives to the variable that it is put into, it or one of its arms; nothing where no run comes to it.
    pub fn bound(&self, file: FileId, arm: Expr) -> Option<Bound> {
        self.bound.get(&(file, arm)).copied()
    }

    /// What a relation is read off, where an expression reads it for a key.
    pub fn keyed(&self, file: FileId, relation: Expr) -> Option<&Keyed> {
        self.keyed.get(&(file, relation))
    }

    /// Whether what a loop or comprehension runs over is nothing but a queryset, which its expression makes or a variable
    /// holds. What a list or another container holds may be put there under another name.
    pub fn is_over_queryset(&self, file: FileId, iter: Expr) -> bool {
        self.looped.get(&(file, iter)) == Some(&true)
    }

    /// Whether it is a call that may give something else than a queryset, to which nothing can be added.
    pub fn is_perhaps_no_queryset(&self, site: &Site) -> bool {
        self.perhaps.contains(site)
    }

    pub(super) fn doubt_call(&mut self, site: Site) {
        self.perhaps.insert(site);
    }

    fn bind(&mut self, place: (FileId, Expr), bound: Bound) {
        self.bound.entry(place).and_modify(|known| *known = bound.max(*known)).or_insert(bound);
    }

    /// Lets go what says no more than nothing does, once all interpreters have told what they saw.
    pub(super) fn settle(&mut self) {
        self.bound.retain(|_, bound| *bound != Bound::Other);
        self.bound.shrink_to_fit();
        self.keyed.retain(|_, keyed| !keyed.is_other);
        self.keyed.shrink_to_fit();
        self.looped.retain(|_, is_queryset| *is_queryset);
        self.looped.shrink_to_fit();
    }

    /// With what another interpreter saw.
    pub(super) fn extend(&mut self, other: Self) {
        // The order in which they are added changes nothing.
        #[expect(clippy::iter_over_hash_type)]
        for (place, bound) in other.bound {
            self.bind(place, bound);
        }
        #[expect(clippy::iter_over_hash_type)]
        for (place, keyed) in other.keyed {
            self.keyed.entry(place).or_default().extend(keyed);
        }
        self.perhaps.extend(other.perhaps);
        #[expect(clippy::iter_over_hash_type)]
        for (place, is_queryset) in other.looped {
            *self.looped.entry(place).or_insert(true) &= is_queryset;
        }
    }
}

impl Keyed {
    fn extend(&mut self, other: Self) {
        for (known, more) in [(&mut self.relations, other.relations), (&mut self.through, other.through)] {
            for relation in more {
                if !known.contains(&relation) {
                    known.push(relation);
                }
            }
        }
        self.is_unknown |= other.is_unknown;
        self.is_other |= other.is_other;
    }
}

/// The names under which rows have their primary keys.
pub(super) fn key_names(schema: &Schema) -> Vec<Symbol> {
    let mut names = vec![Symbol::new("pk"), Symbol::new("id")];
    for model in schema.models() {
        let fields = schema.model(model).fields().iter().map(|&field| schema.field(field));
        for field in fields.filter(|field| field.primary_key().is_yes()) {
            if !names.contains(&field.name()) {
                names.push(field.name());
            }
        }
    }
    names
}

impl<'p> Machine<'p> {
    /// Keeps what is put into a variable of a function.
    pub(super) fn note_bound(&mut self, frame: &Frame<'p>, target: Expr, from: Expr, value: Value) {
        let facts = frame.facts;
        if frame.function.is_none()
            || frame.file.as_other().is_some()
            || !matches!(facts.kind(target), ExprKind::Local(_))
        {
            return;
        }
        let arms = facts.arms(from);
        for member in self.values.members(value) {
            let Some((arm, bound)) = self.bound_by(frame, target, &arms, member) else {
                arms.iter().for_each(|&arm| self.places.bind((frame.file, arm), Bound::Other));
                return;
            };
            self.places.bind((frame.file, arm), bound);
        }
    }

    /// The expression, of those that may be put into a variable, that gives a queryset which it ends.
    fn bound_by(
        &self,
        frame: &Frame<'p>,
        target: Expr,
        arms: &[Expr],
        value: Value,
    ) -> Option<(Expr, Bound)> {
        let facts = frame.facts;
        let Shape::Queryset(rows) = self.values.shape(value) else { return None };
        let asked = &rows.asked;
        if asked.iterated || asked.sliced || asked.values || asked.raw || asked.combined || asked.perhaps {
            return None;
        }
        // What a chain gives that is no longer the queryset ends behind it.
        let last = rows.sites.last().filter(|site| site.file == frame.file)?;
        let ends = |arm: &&Expr| facts.range(**arm) == last.range;
        let stays = |arm: &&Expr| facts.kind(**arm) == facts.kind(target);
        let arm = arms.iter().find(ends).or_else(|| arms.iter().find(stays))?;
        Some((*arm, if asked.empty || rows.is_manager { Bound::Bare } else { Bound::Rows }))
    }

    /// The value of `row.relation`, which is read for the key of what it leads to.
    pub(super) fn read_for_key(
        &mut self,
        frame: &mut Frame<'p>,
        expr: Expr,
        row: Expr,
        name: Symbol,
    ) -> Value {
        let value = self.eval(frame, row);
        if frame.function.is_some() && frame.file.as_other().is_none() {
            let mut keyed = Keyed::default();
            for member in self.values.members(value) {
                match *self.values.shape(member) {
                    Shape::Row(row) if !frame.placed.contains_key(&(member, name)) => {
                        match self.schema.attribute(row.model, name) {
                            Some(ModelAttribute::ToOne(relation)) => keyed.relations.push(relation),
                            _ => keyed.is_other = true,
                        }
                    }
                    // It has neither.
                    Shape::None => {}
                    Shape::Unknown => keyed.is_unknown = true,
                    _ => keyed.is_other = true,
                }
            }
            if matches!(frame.facts.kind(row), ExprKind::Attribute(..)) {
                keyed.is_other |= self.followed(frame, row, &mut keyed.through).is_none();
            }
            self.places.keyed.entry((frame.file, expr)).or_default().extend(keyed);
        }
        match self.told(frame, expr) {
            Some(told) => told,
            None => self.attribute(frame, expr, value, name),
        }
    }

    /// The models of the rows that relations lead to from those of a variable; nothing where anything else does.
    fn followed(&self, frame: &Frame<'p>, expr: Expr, through: &mut Vec<RelationId>) -> Option<Vec<ModelId>> {
        match frame.facts.kind(expr) {
            ExprKind::Local(slot) => {
                let members = self.values.members(*frame.slots.get(slot as usize)?);
                let rows = members.into_iter().filter(|&member| member != Value::NONE);
                rows.map(|member| self.as_row(member).map(|row| row.model)).collect()
            }
            ExprKind::Attribute(base, name) => {
                let mut models = Vec::new();
                for model in self.followed(frame, base, through)? {
                    let Some(ModelAttribute::ToOne(relation)) = self.schema.attribute(model, name) else {
                        return None;
                    };
                    through.push(relation);
                    models.push(self.schema.relation(relation).target()?);
                }
                Some(models)
            }
            _ => None,
        }
    }

    /// Keeps whether what is looped over is a queryset.
    pub(super) fn note_iterated(&mut self, frame: &Frame<'p>, iter: Expr, iterated: Value) {
        if frame.function.is_none() || frame.file.as_other().is_some() {
            return;
        }
        let facts = frame.facts;
        let is_held = matches!(facts.kind(iter), ExprKind::Local(_));
        let is_made_here = |rows: &Queryset| {
            let last = rows.sites.last().filter(|site| site.file == frame.file);
            last.is_some_and(|site| site.range == facts.range(iter))
        };
        let is_queryset = self.values.members(iterated).into_iter().all(|member| {
            self.as_queryset(member).is_some_and(|rows| {
                // A part of rows that are fetched already is a list.
                let may_be_list = rows.asked.sliced && is_held;
                !rows.asked.raw && !may_be_list && (is_held || is_made_here(rows)) && self.is_plain(rows)
            })
        });
        *self.places.looped.entry((frame.file, iter)).or_insert(true) &= is_queryset;
    }

    /// Whether a queryset gives its rows as Django's own does.
    fn is_plain(&self, rows: &Queryset) -> bool {
        let says = |class, name| self.member(class, Symbol::new(name)).is_some();
        !rows.classes.iter().any(|&class| {
            ["__iter__", "_fetch_all", "_iterator", "_iterable_class"]
                .into_iter()
                .any(|name| says(class, name))
        })
    }
}
