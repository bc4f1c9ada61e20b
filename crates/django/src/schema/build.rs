//! Makes the schema, as `ModelBase` makes models: bases first, each with what its body declares and what it takes from
//! its bases.

use std::cell::{Cell, RefCell};

use indexmap::IndexSet;
use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};
use tuneup_python::{Base, ClassRef, Entity, FileId, Project, Symbol};

use super::bundled::{self, BundledModel};
use super::classes::{FieldClass, Makes, Outside, outside};
use super::fields::{Body, Declaration, Origin, bundled_options};
use super::translations::Translates;
use super::{Field, Manager, Model, ModelId, Options, RelationKind, Schema, Truth, meta};
use crate::apps::Apps;

/// How long a line of bases may be. A longer one is no project's.
const LONGEST_LINE: u32 = 64;

/// What is needed of a model while the others are made.
#[derive(Default)]
pub(super) struct Parts {
    is_made: bool,
    /// Its fields but for those of concrete parents, in order.
    pub(super) declarations: Vec<Declaration>,
    /// What its class has in its own dictionary: names of its body and of fields.
    pub(super) names: FxHashSet<Symbol>,
    /// The managers of its own body, and the one that Django adds.
    pub(super) managers: Vec<Manager>,
    /// How many its body declares.
    pub(super) own_managers: usize,
    /// What `Meta` says of the default manager.
    pub(super) default_name: Option<Symbol>,
    /// The models of its method resolution order, itself first.
    pub(super) lineage: Vec<ModelId>,
    pub(super) bundled: Option<&'static BundledModel>,
    /// What it holds the translations of, where parler makes it.
    pub(super) translates: Option<Translates>,
}

/// A name in a file, or one attribute of it.
pub(super) type Spelling = (FileId, Symbol, Option<Symbol>);

/// Makes a schema.
pub(super) struct Builder<'p> {
    pub(super) project: &'p Project,
    pub(super) apps: &'p Apps,
    pub(super) schema: Schema,
    pub(super) parts: Vec<Parts>,
    pub(super) is_model: RefCell<FxHashMap<ClassRef, bool>>,
    pub(super) made: RefCell<FxHashMap<ClassRef, Makes>>,
    pub(super) entities: RefCell<FxHashMap<Spelling, Entity>>,
    pub(super) depth: Cell<u32>,
    order: i64,
}

/// A base of a model that is a model.
#[derive(Clone, Copy)]
struct ModelBase {
    id: ModelId,
    is_direct: bool,
}

impl Schema {
    /// Reads the models of a project.
    pub fn build(project: &Project, apps: &Apps) -> Self {
        let mut builder = Builder {
            project,
            apps,
            schema: Schema {
                models: Vec::new(),
                fields: Vec::new(),
                relations: Vec::new(),
                by_class: FxHashMap::default(),
                by_label: FxHashMap::default(),
                by_dotted: FxHashMap::default(),
                managed: FxHashMap::default(),
                user: None,
            },
            parts: Vec::new(),
            is_model: RefCell::default(),
            made: RefCell::default(),
            entities: RefCell::default(),
            depth: Cell::new(0),
            order: 0,
        };
        for class in builder.own_model_classes() {
            builder.add_class(class);
        }
        builder.add_made();
        for bundled in bundled::of_django() {
            builder.add_bundled(bundled);
        }
        // Names lead to further models while these are made.
        let mut next = 0;
        while next < builder.schema.models.len() {
            builder.make(ModelId(next as u32), 0);
            next += 1;
        }
        builder.schema.user = builder.user_for("");
        next = 0;
        while next < builder.schema.models.len() {
            builder.make(ModelId(next as u32), 0);
            builder.relate(ModelId(next as u32));
            next += 1;
        }
        builder.relate_tags();
        builder.relate_back();
        builder.add_translated();
        builder.add_managed();
        builder.schema
    }

    pub(super) fn model_mut(&mut self, model: ModelId) -> &mut Model {
        &mut self.models[model.0 as usize]
    }
}

impl Builder<'_> {
    pub(super) fn parts(&self, id: ModelId) -> &Parts {
        &self.parts[id.0 as usize]
    }

    pub(super) fn parts_mut(&mut self, id: ModelId) -> &mut Parts {
        &mut self.parts[id.0 as usize]
    }

    pub(super) fn next_order(&mut self) -> i64 {
        self.order += 1;
        self.order
    }

    pub(super) fn push(&mut self, name: Symbol, app: Symbol) -> ModelId {
        let id = ModelId(self.schema.models.len() as u32);
        self.schema.models.push(Model {
            class: None,
            name,
            app,
            meta: None,
            is_abstract: false,
            is_proxy: false,
            is_swapped: false,
            is_known: true,
            parents: Vec::new(),
            bases: Vec::new(),
            fields: Vec::new(),
            attributes: FxHashMap::default(),
            queries: FxHashMap::default(),
            managers: Vec::new(),
            default_manager: 0,
            base_manager: Truth::No,
        });
        self.parts.push(Parts::default());
        id
    }

    pub(super) fn add_label(&mut self, id: ModelId) {
        let label = self.schema.label(id).to_lowercase();
        self.schema.by_label.entry(Symbol::new(&label)).or_default().push(id);
    }

    /// The model of a class, which is added if it has not been.
    pub(super) fn add_class(&mut self, class: ClassRef) -> ModelId {
        if let Some(known) = self.schema.model_of_class(class) {
            return known;
        }
        let name = self.project.facts(class.file).class(class.id).name;
        let meta = self.meta_of(class);
        let app = match meta::text(self.project, meta, "app_label") {
            Some(label) => Symbol::new(label),
            None => self.app_of(class.file),
        };
        let id = self.push(name, app);
        let is_abstract = self.is_abstract_class(class);
        let is_proxy = !is_abstract && meta::truth(self.project, meta, "proxy") == Some(true);
        let is_known = self.bases_are_known(class);
        let model = self.schema.model_mut(id);
        model.class = Some(class);
        model.meta = meta;
        model.is_abstract = is_abstract;
        model.is_proxy = is_proxy;
        model.is_known = is_known;
        self.schema.by_class.insert(class, id);
        if !is_abstract {
            self.add_label(id);
        }
        id
    }

    /// The label of the app that a file belongs to.
    fn app_of(&self, file: FileId) -> Symbol {
        let source = self.project.file(file);
        if !source.is_third_party
            && let Some(app) = self.apps.of_path(&source.path)
        {
            return app.label;
        }
        let mut parts: Vec<&str> = source.module.as_str().split('.').collect();
        let models = parts.iter().rposition(|part| *part == "models");
        parts.truncate(models.unwrap_or(parts.len().saturating_sub(1)).max(1));
        Symbol::new(parts.last().copied().unwrap_or_default())
    }

    /// The model of the table, which is added if it has not been.
    pub(super) fn add_bundled(&mut self, bundled: &'static BundledModel) -> ModelId {
        let first = Symbol::new(bundled.names.first().copied().unwrap_or_default());
        if let Some(known) = self.schema.bundled_model(first) {
            return known;
        }
        let id = self.push(Symbol::new(bundled.name()), Symbol::new(bundled.app()));
        for name in bundled.names {
            self.schema.by_dotted.insert(Symbol::new(name), id);
        }
        let model = self.schema.model_mut(id);
        model.is_abstract = bundled.is_abstract;
        model.is_known = bundled.is_complete;
        self.parts_mut(id).bundled = Some(bundled);
        let label = Symbol::new(&bundled.label.to_lowercase());
        // A project's own model of the label stands before it.
        if !bundled.is_abstract && !self.schema.by_label.contains_key(&label) {
            self.add_label(id);
        }
        id
    }

    /// A model of which only the name is known.
    pub(super) fn add_outside(&mut self, app: &str, name: &str) -> ModelId {
        let label = Symbol::new(&format!("{app}.{name}").to_lowercase());
        if let Some(known) = self.schema.by_label.get(&label).and_then(|known| known.first()) {
            return *known;
        }
        let id = self.push(Symbol::new(name), Symbol::new(app));
        self.schema.model_mut(id).is_known = false;
        self.add_label(id);
        id
    }

    /// Makes a model, and its bases before it.
    pub(super) fn make(&mut self, id: ModelId, depth: u32) {
        if std::mem::replace(&mut self.parts_mut(id).is_made, true) {
            return;
        }
        let bases = self.bases_of(id);
        for base in bases.iter().filter_map(|base| base.as_ref().ok()).filter(|base| base.is_direct) {
            if depth < LONGEST_LINE {
                self.make(base.id, depth + 1);
            }
        }
        let body = self.body_of(id);
        // A base that came with another one came with all of its own.
        let mut lineage: IndexSet<ModelId, FxBuildHasher> = std::iter::once(id).collect();
        for base in bases.iter().filter_map(|base| base.as_ref().ok()) {
            if lineage.insert(base.id) {
                lineage.extend(self.parts(base.id).lineage.iter().copied());
            }
        }
        let parts = self.parts_mut(id);
        parts.lineage = lineage.into_iter().collect();
        parts.names = body.names;
        parts.names.extend(body.fields.iter().map(|field| field.name));
        parts.declarations = body.fields;
        parts.own_managers = body.managers.len();
        parts.managers = body.managers;
        self.inherit(id, &bases);
        self.add_managers(id);
    }

    /// The bases of a model in the order of resolution, without itself: models, or other classes.
    fn bases_of(&mut self, id: ModelId) -> Vec<Result<ModelBase, ClassRef>> {
        let project = self.project;
        if let Some(bundled) = self.parts(id).bundled {
            let bases = bundled.bases.iter().filter_map(|base| bundled::find(base));
            let direct = |bundled| Ok(ModelBase { id: self.add_bundled(bundled), is_direct: true });
            return bases.map(direct).collect();
        }
        let Some(class) = self.schema.class_of(id) else { return Vec::new() };
        let direct = project.bases(class);
        let mut found = Vec::new();
        for base in project.mro(class).iter().skip(1) {
            let is_direct = direct.contains(base);
            match *base {
                Base::Class(base) if self.is_model_class(base) => {
                    found.push(Ok(ModelBase { id: self.add_class(base), is_direct }));
                }
                Base::Class(base) => found.push(Err(base)),
                Base::External(dotted) => {
                    if let Outside::Bundled(bundled) = outside(dotted) {
                        found.push(Ok(ModelBase { id: self.add_bundled(bundled), is_direct }));
                    }
                }
                // `get_user_model()`, or a name for what it gave.
                Base::Value(file, value) => {
                    if let Some(base) = self.called(id, file, value).filter(|&base| base != id) {
                        found.push(Ok(ModelBase { id: base, is_direct }));
                    }
                }
                Base::Unknown => {}
            }
        }
        found
    }

    fn body_of(&mut self, id: ModelId) -> Body {
        if let Some(class) = self.schema.class_of(id) {
            self.add_translations(id, class);
            return self.body(class);
        }
        if let Some(translates) = self.parts(id).translates {
            return self.body_of_translations(translates);
        }
        let mut body = Body::default();
        let Some(bundled) = self.parts(id).bundled else { return body };
        for field in bundled.fields {
            let class = FieldClass::of(field.1);
            body.fields.push(Declaration {
                name: Symbol::new(field.0),
                order: self.next_order(),
                class,
                custom: None,
                origin: Origin::Bundled(field),
                options: bundled_options(class, field),
            });
        }
        let manager = |name: &&str| Manager { name: Symbol::new(name), classes: Vec::new(), is_known: true };
        body.managers = bundled.managers.iter().map(manager).collect();
        body
    }

    /// Takes fields from the bases, as `ModelBase.__new__` does.
    fn inherit(&mut self, id: ModelId, bases: &[Result<ModelBase, ClassRef>]) {
        let is_abstract = self.schema.model(id).is_abstract;
        let is_proxy = self.schema.model(id).is_proxy;
        if !is_known_line(bases, &self.schema) {
            self.schema.model_mut(id).is_known = false;
        }
        let mut passed: FxHashSet<Symbol> = self.parts(id).names.clone();
        // What these have stands before what later bases have, too. Each is asked: a long line of bases has many names.
        let mut passed_bases: Vec<ModelId> = Vec::new();
        let mut links: Vec<Declaration> = Vec::new();
        for base in bases {
            let base = match base {
                Ok(base) if base.is_direct => base.id,
                Ok(base) => {
                    passed_bases.push(base.id);
                    continue;
                }
                Err(class) => {
                    passed.extend(self.project.own_members(*class).map(|binding| binding.name));
                    continue;
                }
            };
            if self.schema.model(base).is_abstract {
                let fields = self.parts(base).declarations.clone();
                for field in fields {
                    let has = |base: &ModelId| self.parts(*base).names.contains(&field.name);
                    if passed.contains(&field.name) || has(&id) || passed_bases.iter().any(has) {
                        continue;
                    }
                    let parts = self.parts_mut(id);
                    parts.names.insert(field.name);
                    parts.declarations.push(field);
                }
                for parent in self.schema.model(base).bases.clone() {
                    self.add_parent(id, parent);
                }
                continue;
            }
            passed.extend(self.parts(base).declarations.iter().map(|field| field.name));
            if is_proxy {
                self.add_parent(id, base);
                continue;
            }
            let is_new = self.add_parent(id, base);
            let base = self.concrete(base);
            if is_new && !self.has_link_to(id, base) {
                let name = format!("{}_ptr", self.schema.model(base).name.as_str().to_lowercase());
                let name = Symbol::new(&name);
                if self.parts_mut(id).names.insert(name) {
                    links.push(automatic(name, "OneToOneField", Some(base)));
                }
            }
        }
        let parts = self.parts_mut(id);
        parts.declarations.sort_by_key(|field| field.order);
        // Django counts automatic fields downwards.
        parts.declarations.splice(0..0, links.into_iter().rev());
        if !is_abstract && !is_proxy {
            self.add_primary_key(id);
        }
        let declarations = self.parts(id).declarations.clone();
        for declaration in declarations {
            self.add_field(id, &declaration);
        }
        let model = self.schema.model_mut(id);
        model.attributes.insert(Symbol::new("pk"), super::ModelAttribute::Column);
        if is_abstract {
            // Every model that is made of it has one, under this name or another.
            model.attributes.entry(Symbol::new("id")).or_insert(super::ModelAttribute::Column);
        }
    }

    /// Notes a concrete base; never one that inherits from the model itself.
    fn add_parent(&mut self, id: ModelId, base: ModelId) -> bool {
        let is_proxy = self.schema.model(id).is_proxy;
        let parent = if is_proxy { base } else { self.concrete(base) };
        if parent == id || self.parts(parent).lineage.contains(&id) || self.parts(base).lineage.contains(&id)
        {
            return false;
        }
        let model = self.schema.model_mut(id);
        if !model.bases.contains(&base) {
            model.bases.push(base);
        }
        let is_new = !model.parents.contains(&parent);
        if is_new {
            model.parents.push(parent);
        }
        is_new
    }

    /// The model whose table a proxy shows.
    pub(super) fn concrete(&self, id: ModelId) -> ModelId {
        let mut id = id;
        while self.schema.model(id).is_proxy
            && let Some(&parent) = self.schema.model(id).parents.first()
        {
            id = parent;
        }
        id
    }

    /// Whether the model, or an abstract base, declares the link to a parent itself.
    fn has_link_to(&mut self, id: ModelId, parent: ModelId) -> bool {
        let links: Vec<Declaration> = self
            .parts(id)
            .declarations
            .iter()
            .filter(|field| field.options.parent_link && field.class.kind == Some(RelationKind::OneToOne))
            .copied()
            .collect();
        links.iter().any(|link| self.target_of(id, link) == Some(parent))
    }

    fn add_primary_key(&mut self, id: ModelId) {
        let is_given = |field: &Declaration| !field.options.primary_key.is_no();
        if self.parts(id).declarations.iter().any(is_given) {
            return;
        }
        if let Some(&parent) = self.schema.model(id).parents.first() {
            // Django makes the link to the first parent the primary key.
            let declarations = self.parts(id).declarations.clone();
            let is_one =
                |field: &Declaration| field.class.kind == Some(RelationKind::OneToOne) && field.is_link();
            let links = declarations.iter().enumerate().filter(|(_, field)| is_one(field));
            let at =
                links.map(|(at, field)| (at, self.target_of(id, field))).find(|(_, to)| *to == Some(parent));
            if let Some((at, _)) = at {
                let options = &mut self.parts_mut(id).declarations[at].options;
                options.primary_key = Truth::Yes;
                options.unique = Truth::Yes;
            }
            return;
        }
        let class = self.auto_field(id);
        let mut field = automatic(Symbol::new("id"), class, None);
        field.options.primary_key = Truth::Yes;
        field.options.unique = Truth::Yes;
        let parts = self.parts_mut(id);
        parts.names.insert(field.name);
        parts.declarations.insert(0, field);
    }

    /// The class of the automatic primary key.
    fn auto_field(&self, id: ModelId) -> &'static str {
        let file = self.schema.class_of(id).map(|class| class.file);
        let path = file.map_or("", |file| self.project.path(file));
        let setting = || self.apps.setting(self.project, Symbol::new("DEFAULT_AUTO_FIELD"), path);
        if self.parts(id).bundled.is_some_and(bundled::is_djangos) {
            return "AutoField";
        }
        let of_app = self.apps.of_path(path).and_then(|app| app.default_auto_field);
        let dotted = of_app.map(Symbol::as_str).or_else(setting).unwrap_or("django.db.models.AutoField");
        bundled::django_field(dotted.rsplit('.').next().unwrap_or(dotted)).unwrap_or("AutoField")
    }

    fn add_field(&mut self, id: ModelId, declaration: &Declaration) {
        let Declaration { name, class, custom, origin, options, .. } = *declaration;
        let is_column = !matches!(
            class.kind,
            Some(RelationKind::ManyToMany | RelationKind::Generic | RelationKind::GenericRelation)
        );
        let attribute = match class.kind {
            Some(RelationKind::ForeignKey | RelationKind::OneToOne) => Symbol::new(&format!("{name}_id")),
            _ => name,
        };
        let field = super::FieldId(self.schema.fields.len() as u32);
        self.schema.fields.push(Field {
            name,
            attribute,
            model: id,
            class: Symbol::new(class.name),
            custom,
            source: match origin {
                Origin::Source(source) => Some(source),
                Origin::Bundled(_) | Origin::Automatic(_) | Origin::Translated(..) => None,
            },
            kind: class.kind,
            relation: None,
            is_column,
            options,
        });
        let model = self.schema.model_mut(id);
        model.fields.push(field);
        if is_column {
            model.attributes.insert(attribute, super::ModelAttribute::Column);
        }
    }
}

impl Declaration {
    /// Whether it links a model to its parent.
    pub(super) fn is_link(&self) -> bool {
        self.options.parent_link || matches!(self.origin, Origin::Automatic(Some(_)))
    }
}

fn automatic(name: Symbol, class: &'static str, parent: Option<ModelId>) -> Declaration {
    Declaration {
        name,
        order: i64::MIN,
        class: FieldClass::of(class),
        custom: None,
        origin: Origin::Automatic(parent),
        options: Options {
            parent_link: parent.is_some(),
            unique: Truth::of(Some(parent.is_some())),
            db_index: Truth::of(Some(parent.is_some())),
            ..Options::default()
        },
    }
}

fn is_known_line(bases: &[Result<ModelBase, ClassRef>], schema: &Schema) -> bool {
    bases.iter().filter_map(|base| base.as_ref().ok()).all(|base| schema.model(base.id).is_known)
}
