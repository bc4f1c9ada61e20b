//! The models of a project: fields, relations, reverse accessors, managers, `Meta`.
//!
//! It is read off the source as Django would make it of the imported classes: fields are copied from abstract bases in
//! the order of bases, reverse names take every default, managers follow Django's order of creation. What comes from
//! Django's own apps, and from well-known packages that are not read, is in a table ([`bundled`]).
//!
//! Where something cannot be known, that is said and not guessed: a model with a base that is not read is only partly
//! known ([`Model::is_known`]), and a relation whose name or side hangs on that cannot be loaded
//! ([`Relation::can_be_loaded`]).

mod build;
mod bundled;
mod classes;
mod factories;
mod field;
mod fields;
mod indexes;
mod joins;
mod managers;
mod meta;
mod relations;
mod translations;

pub(crate) use bundled::MEMBERS;
pub(crate) use classes::is_model_base;
use field::Options;
pub use field::{Field, FieldSource};
pub use indexes::{Index, IndexSource, Indexes};
use rustc_hash::FxHashMap;
use tuneup_python::flow::Expr;
use tuneup_python::{ClassRef, FileId, Project, Symbol};

/// A model: a position among [`Schema::models`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModelId(pub u32);

/// A field: a position among [`Schema::fields`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FieldId(pub u32);

/// A relation, seen from one of its sides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RelationId(pub u32);

/// What makes a relation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RelationKind {
    /// A `ForeignKey`, from either side.
    ForeignKey,
    /// A `OneToOneField`, from either side.
    OneToOne,
    /// A `ManyToManyField`, from either side.
    ManyToMany,
    /// A `GenericForeignKey`: to rows of any model.
    Generic,
    /// A `GenericRelation`.
    GenericRelation,
}

/// What an attribute of a model's rows is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ModelAttribute {
    /// A value that is fetched with the row.
    Column,
    /// One row of another model, or none.
    ToOne(RelationId),
    /// A manager of another model's rows.
    ToMany(RelationId),
    /// A value that parler takes from the row's translations, the rows of this relation.
    Translated(RelationId),
    /// Made by a field, but none of these.
    Other,
}

/// Whether something that source says is so.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Truth {
    /// It is.
    Yes,
    /// It is not.
    #[default]
    No,
    /// It cannot be told.
    Unknown,
}

impl Truth {
    /// Whether it certainly is.
    pub fn is_yes(self) -> bool {
        self == Self::Yes
    }

    /// Whether it certainly is not.
    pub fn is_no(self) -> bool {
        self == Self::No
    }

    fn of(value: Option<bool>) -> Self {
        match value {
            Some(true) => Self::Yes,
            Some(false) => Self::No,
            None => Self::Unknown,
        }
    }
}

/// A model.
#[derive(Clone, Debug)]
pub struct Model {
    class: Option<ClassRef>,
    name: Symbol,
    app: Symbol,
    meta: Option<ClassRef>,
    is_abstract: bool,
    is_proxy: bool,
    is_swapped: bool,
    is_known: bool,
    parents: Vec<ModelId>,
    /// The parents, or the proxies of them that the class names.
    bases: Vec<ModelId>,
    fields: Vec<FieldId>,
    attributes: FxHashMap<Symbol, ModelAttribute>,
    queries: FxHashMap<Symbol, RelationId>,
    managers: Vec<Manager>,
    default_manager: usize,
    base_manager: Truth,
}

impl Model {
    /// Its class, where that is read.
    pub fn class(&self) -> Option<ClassRef> {
        self.class
    }

    /// The name of its class.
    pub fn name(&self) -> Symbol {
        self.name
    }

    /// The label of its app.
    pub fn app_label(&self) -> Symbol {
        self.app
    }

    /// The `Meta` class that holds for it, its own or an inherited one, where that is read.
    pub fn meta(&self) -> Option<ClassRef> {
        self.meta
    }

    /// Whether it is a base alone, without a table.
    pub fn is_abstract(&self) -> bool {
        self.is_abstract
    }

    /// Whether it shows the rows of its parent.
    pub fn is_proxy(&self) -> bool {
        self.is_proxy
    }

    /// Whether another model stands in its place, so that it has no table.
    pub fn is_swapped(&self) -> bool {
        self.is_swapped
    }

    /// Whether all its bases are known, and with them all its fields. Of others, there may be more fields, managers and
    /// options than are listed.
    pub fn is_known(&self) -> bool {
        self.is_known
    }

    /// The concrete models that it inherits from: the one of a proxy, or those that it has a parent link to.
    pub fn parents(&self) -> &[ModelId] {
        &self.parents
    }

    /// Its own fields as Django orders them, those of abstract bases included: automatic ones, inherited ones, own ones.
    /// Those of its [`parents`](Self::parents) are not among them.
    pub fn fields(&self) -> &[FieldId] {
        &self.fields
    }

    /// Its managers in Django's order, inherited ones included.
    pub fn managers(&self) -> &[Manager] {
        &self.managers
    }
}

/// A manager of a model.
#[derive(Clone, Debug)]
pub struct Manager {
    name: Symbol,
    classes: Vec<ClassRef>,
    is_known: bool,
}

impl Manager {
    /// The attribute of the model that it is.
    pub fn name(&self) -> Symbol {
        self.name
    }

    /// The classes that are read whose methods it has: its own class, then those of `from_queryset` and `as_manager`.
    pub fn classes(&self) -> &[ClassRef] {
        &self.classes
    }

    /// Whether every class that it is made of is read, or Django's own.
    pub fn is_known(&self) -> bool {
        self.is_known
    }
}

/// A relation, seen from one of its sides.
#[derive(Clone, Debug)]
pub struct Relation {
    accessor: Option<Symbol>,
    query_name: Symbol,
    field: FieldId,
    is_reverse: bool,
    inverse: Option<RelationId>,
    target: Option<ModelId>,
    to_many: bool,
    null: bool,
    db_constraint: bool,
    kind: RelationKind,
    through: Option<ModelId>,
    is_certain: bool,
    declared: usize,
}

impl Relation {
    /// The name by which `prefetch_related` and, for to-one relations, `select_related` load it.
    pub fn lookup_name(&self) -> Symbol {
        self.accessor.unwrap_or(self.query_name)
    }

    /// The attribute of a row that gives it; nothing where it is hidden.
    pub fn accessor(&self) -> Option<Symbol> {
        self.accessor
    }

    /// The name by which filters name it.
    pub fn query_name(&self) -> Symbol {
        self.query_name
    }

    /// The field that makes it.
    pub fn field(&self) -> FieldId {
        self.field
    }

    /// Whether it is seen from the other side than the field's.
    pub fn is_reverse(&self) -> bool {
        self.is_reverse
    }

    /// The same relation from its other side, where a row that is reached by one holds the row that it was reached
    /// from: of a foreign key and a one-to-one, not of a many-to-many.
    pub fn inverse(&self) -> Option<RelationId> {
        self.inverse
    }

    /// The model whose rows it gives.
    pub fn target(&self) -> Option<ModelId> {
        self.target
    }

    /// Whether it gives a manager, not a row.
    pub fn to_many(&self) -> bool {
        self.to_many
    }

    /// Whether there may be no row.
    pub fn null(&self) -> bool {
        self.null
    }

    /// Whether the database keeps its rows in existence.
    pub fn db_constraint(&self) -> bool {
        self.db_constraint
    }

    /// What makes it.
    pub fn kind(&self) -> RelationKind {
        self.kind
    }

    /// The model of a many-to-many's rows, where the source has one.
    pub fn through(&self) -> Option<ModelId> {
        self.through
    }

    /// A number that grows in the order in which relations are declared.
    pub fn declared(&self) -> usize {
        self.declared
    }

    /// Whether all is known that loading it with its rows needs: that it is a relation, its name, its target.
    pub fn can_be_loaded(&self) -> bool {
        self.is_certain
            && (self.target.is_some() || self.kind == RelationKind::Generic)
            && self.accessor.is_some()
            // A join goes by one name, a prefetch by the other.
            && (self.to_many || self.accessor == Some(self.query_name))
    }
}

/// The models of a project.
pub struct Schema {
    models: Vec<Model>,
    fields: Vec<Field>,
    relations: Vec<Relation>,
    by_class: FxHashMap<ClassRef, ModelId>,
    by_label: FxHashMap<Symbol, Vec<ModelId>>,
    by_dotted: FxHashMap<Symbol, ModelId>,
    managed: FxHashMap<ClassRef, Vec<ModelId>>,
    user: Option<ModelId>,
}

impl Schema {
    /// All models, abstract ones and those of other packages included.
    pub fn models(&self) -> impl ExactSizeIterator<Item = ModelId> + use<> {
        (0..self.models.len() as u32).map(ModelId)
    }

    /// A model.
    pub fn model(&self, model: ModelId) -> &Model {
        &self.models[model.0 as usize]
    }

    /// A field.
    pub fn field(&self, field: FieldId) -> &Field {
        &self.fields[field.0 as usize]
    }

    /// A relation.
    pub fn relation(&self, relation: RelationId) -> &Relation {
        &self.relations[relation.0 as usize]
    }

    /// All fields of a model: those of its parents, then its own.
    pub fn all_fields(&self, model: ModelId) -> Vec<FieldId> {
        let mut found = Vec::new();
        for &parent in self.model(model).parents() {
            for field in self.all_fields(parent) {
                if !found.contains(&field) {
                    found.push(field);
                }
            }
        }
        found.extend_from_slice(self.model(model).fields());
        found
    }

    /// The field of a name, the model's own or a parent's.
    pub fn field_named(&self, model: ModelId, name: Symbol) -> Option<FieldId> {
        let own =
            self.model(model).fields.iter().rev().copied().find(|&field| self.field(field).name == name);
        own.or_else(|| self.model(model).parents.iter().find_map(|&parent| self.field_named(parent, name)))
    }

    /// The model that a class is.
    pub fn model_of_class(&self, class: ClassRef) -> Option<ModelId> {
        self.by_class.get(&class).copied()
    }

    /// The class of a model, where it is read.
    pub fn class_of(&self, model: ModelId) -> Option<ClassRef> {
        self.model(model).class
    }

    /// The model of a dotted name, where it is no class that is read: one of Django's own.
    pub fn bundled_model(&self, dotted: Symbol) -> Option<ModelId> {
        self.by_dotted.get(&dotted).copied()
    }

    /// The classes of a manager of a model, by its name.
    pub fn manager_classes(&self, model: ModelId, name: Symbol) -> Option<Vec<ClassRef>> {
        match name.as_str() {
            "_default_manager" => Some(self.default_manager_classes(model)),
            "_base_manager" if self.model(model).base_manager.is_no() => Some(Vec::new()),
            _ => self
                .model(model)
                .managers
                .iter()
                .find(|manager| manager.name == name)
                .map(|manager| manager.classes.clone()),
        }
    }

    /// The manager that related sets, generic views and the admin go through.
    pub fn default_manager(&self, model: ModelId) -> Option<&Manager> {
        let model = self.model(model);
        model.managers.get(model.default_manager)
    }

    /// The name of the default manager, which is `objects` unless the model has others.
    pub fn default_manager_name(&self, model: ModelId) -> Symbol {
        self.default_manager(model).map_or_else(|| Symbol::new("_default_manager"), Manager::name)
    }

    /// The classes of the default manager.
    pub fn default_manager_classes(&self, model: ModelId) -> Vec<ClassRef> {
        self.default_manager(model).map(|manager| manager.classes.clone()).unwrap_or_default()
    }

    /// Whether reading a to-one relation to the model goes, or may go, through a manager of its own.
    pub fn has_custom_base_manager(&self, model: ModelId) -> bool {
        !self.model(model).base_manager.is_no()
    }

    /// What an attribute of the model's rows is, where its fields or relations to it make it.
    pub fn attribute(&self, model: ModelId, name: Symbol) -> Option<ModelAttribute> {
        let this = self.model(model);
        this.attributes
            .get(&name)
            .copied()
            .or_else(|| this.bases.iter().find_map(|&base| self.attribute(base, name)))
    }

    /// Whether parler translates some of what a model's rows hold.
    pub fn has_translations(&self, model: ModelId) -> bool {
        let this = self.model(model);
        let is_translated = |attribute: &ModelAttribute| matches!(attribute, ModelAttribute::Translated(_));
        this.attributes.values().any(is_translated)
            || this.bases.iter().any(|&base| self.has_translations(base))
    }

    /// The relations that a model's fields make, those of its parents before its own.
    pub fn forward_relations(&self, model: ModelId) -> Vec<RelationId> {
        self.all_fields(model).into_iter().filter_map(|field| self.field(field).relation).collect()
    }

    /// The relations that fields of other models make to this one and to its parents, in the order of their
    /// declarations. The links of a parent's other children are not among them.
    pub fn reverse_relations(&self, model: ModelId) -> Vec<RelationId> {
        let mut found = Vec::new();
        for &parent in &self.model(model).parents {
            let of_parent = self.reverse_relations(parent);
            let is_own = self.model(model).is_proxy;
            found.extend(of_parent.into_iter().filter(|&relation| {
                is_own || !self.field(self.relation(relation).field).options.parent_link
            }));
        }
        let own = self.model(model).queries.values().copied();
        found.extend(own.filter(|&relation| self.relation(relation).is_reverse));
        found.sort_by_key(|&relation| self.relation(relation).declared);
        found.dedup();
        found
    }

    /// The relation that an attribute of the model's rows gives.
    pub fn relation_by_accessor(&self, model: ModelId, name: Symbol) -> Option<RelationId> {
        match self.attribute(model, name) {
            Some(ModelAttribute::ToOne(relation) | ModelAttribute::ToMany(relation)) => Some(relation),
            _ => None,
        }
    }

    /// The relation that a filter's name names.
    pub fn relation_by_query_name(&self, model: ModelId, name: Symbol) -> Option<RelationId> {
        let this = self.model(model);
        this.queries
            .get(&name)
            .copied()
            .or_else(|| this.parents.iter().find_map(|&parent| self.relation_by_query_name(parent, name)))
    }

    /// The model that users are rows of.
    pub fn user_model(&self) -> Option<ModelId> {
        self.user
    }

    /// The model of a label such as `blog.Article`, in any case; nothing where two projects have one.
    pub fn model_by_label(&self, label: &str) -> Option<ModelId> {
        match self.by_label.get(&Symbol::new(&label.to_lowercase()))?.as_slice() {
            [only] => Some(*only),
            _ => None,
        }
    }

    /// The models that have a manager made of a class.
    pub fn models_managed_by(&self, class: ClassRef) -> &[ModelId] {
        self.managed.get(&class).map_or(&[], Vec::as_slice)
    }

    /// A model's label: `blog.Article`.
    pub fn label(&self, model: ModelId) -> String {
        let model = self.model(model);
        format!("{}.{}", model.app, model.name)
    }

    /// The name of the model's table, as far as `Meta` or the default says it; nothing for an abstract model. A backend
    /// may shorten a long default.
    pub fn db_table(&self, project: &Project, model: ModelId) -> Option<String> {
        let this = self.model(model);
        if this.is_abstract {
            return None;
        }
        if this.is_proxy
            && let Some(&parent) = this.parents.first()
        {
            return self.db_table(project, parent);
        }
        if let Some((file, value)) = self.meta_option(project, model, "db_table") {
            return crate::apps::literals::text(project, file, value).map(str::to_owned);
        }
        if this.class.is_none()
            && let Some(table) = bundled::db_table(&self.label(model))
        {
            return Some(table.to_owned());
        }
        Some(format!("{}_{}", this.app, this.name.as_str().to_lowercase()))
    }

    /// Whether Django makes the model's table: not where `managed = False`, or where that is computed.
    pub fn is_managed(&self, project: &Project, model: ModelId) -> bool {
        match self.meta_option(project, model, "managed") {
            Some((file, value)) => crate::apps::literals::truth(project, file, value) == Some(true),
            None => true,
        }
    }

    /// An option of the model's `Meta`, inherited ones included, with the file that sets it.
    pub fn meta_option(&self, project: &Project, model: ModelId, name: &str) -> Option<(FileId, Expr)> {
        meta::option(project, self.model(model).meta?, name)
    }
}
