#![allow(missing_docs, clippy::all)]
use rustc_hash::FxHashMap;
use tuneup_python::flow::{ArgumentKind, Expr, ExprKind, Run};
use tuneup_python::{Base, ClassRef, Entity, FileId, Project, Symbol};

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ModelId(pub u32);
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RelationId(pub u32);
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RelationKind {
    ForeignKey,
    OneToOne,
    ManyToMany,
    Generic,
    GenericRelation,
}
#[derive(Clone, Copy, Debug)]
pub enum ModelAttribute {
    Column,
    ToOne(RelationId),
    ToMany(RelationId),
    Other,
}

pub struct Relation {
    name: Symbol,
    inverse: Option<RelationId>,
    target: Option<ModelId>,
    to_many: bool,
    null: bool,
    db_constraint: bool,
    kind: RelationKind,
    declared: usize,
    forward: bool,
}
impl Relation {
    pub fn lookup_name(&self) -> Symbol {
        self.name
    }
    pub fn inverse(&self) -> Option<RelationId> {
        self.inverse
    }
    pub fn target(&self) -> Option<ModelId> {
        self.target
    }
    pub fn to_many(&self) -> bool {
        self.to_many
    }
    pub fn null(&self) -> bool {
        self.null
    }
    pub fn db_constraint(&self) -> bool {
        self.db_constraint
    }
    pub fn kind(&self) -> RelationKind {
        self.kind
    }
    pub fn declared(&self) -> usize {
        self.declared
    }
    pub fn can_be_loaded(&self) -> bool {
        true
    }
}
pub struct Model {
    class: Option<ClassRef>,
    name: Symbol,
    app: String,
    is_abstract: bool,
    attributes: FxHashMap<Symbol, ModelAttribute>,
    managers: Vec<(Symbol, Vec<ClassRef>)>,
    parents: Vec<ModelId>,
}
pub struct Schema {
    models: Vec<Model>,
    by_class: FxHashMap<ClassRef, ModelId>,
    by_label: FxHashMap<String, ModelId>,
    relations: Vec<Relation>,
    managed: FxHashMap<ClassRef, Vec<ModelId>>,
    user: Option<ModelId>,
}

impl Schema {
    pub fn build(project: &Project, _: &crate::apps::Apps, _: &crate::version::Version) -> Self {
        let mut s = Schema {
            models: vec![],
            by_class: Default::default(),
            by_label: Default::default(),
            relations: vec![],
            managed: Default::default(),
            user: None,
        };
        for file in project.file_ids() {
            if project.file(file).path.contains("/migrations/") {
                continue;
            }
            let facts = project.facts(file);
            for index in 0..facts.classes.len() {
                let class = ClassRef { file, id: tuneup_python::flow::ClassId(index as u32) };
                let is_model = project.mro(class).iter().any(|b| matches!(b, Base::External(n) if { let n = n.as_str(); n.ends_with("models.Model") || n.ends_with("models.base.Model") || n.ends_with("AbstractUser") || n.ends_with("AbstractBaseUser") || n.ends_with("MPTTModel") || n.ends_with("TimeStampedModel") || n.ends_with("MP_Node") }));
                if !is_model {
                    continue;
                }
                let meta = facts
                    .bindings(facts.class(class.id).members)
                    .iter()
                    .find(|b| b.name == "Meta")
                    .and_then(|b| b.value);
                let is_abstract = meta.is_some_and(|m| match facts.kind(m) {
                    ExprKind::Class(id) => facts.bindings(facts.class(id).members).iter().any(|b| {
                        b.name == "abstract" && b.value.is_some_and(|v| facts.kind(v) == ExprKind::Bool(true))
                    }),
                    _ => false,
                });
                let id = ModelId(s.models.len() as u32);
                let path = &project.file(file).path;
                let app = path.split('/').rev().skip(1).find(|p| *p != "models").unwrap_or("").to_owned();
                let name = facts.class(class.id).name;
                s.by_class.insert(class, id);
                if !is_abstract {
                    s.by_label.entry(format!("{app}.{name}").to_lowercase()).or_insert(id);
                }
                s.models.push(Model {
                    class: Some(class),
                    name,
                    app,
                    is_abstract,
                    attributes: Default::default(),
                    managers: vec![],
                    parents: vec![],
                });
            }
        }
        // user
        let user_label = project.file_ids().find_map(|f| {
            let facts = project.facts(f);
            facts
                .bindings(facts.module_bindings)
                .iter()
                .find(|b| b.name == "AUTH_USER_MODEL")
                .and_then(|b| b.value)
                .and_then(|v| facts.as_str(v))
        });
        s.user = user_label.and_then(|l| s.by_label.get(&l.to_lowercase()).copied());
        if s.user.is_none() {
            let id = ModelId(s.models.len() as u32);
            let mut attributes = FxHashMap::default();
            for c in [
                "id",
                "pk",
                "username",
                "email",
                "first_name",
                "last_name",
                "is_active",
                "is_staff",
                "is_superuser",
                "last_login",
                "date_joined",
                "password",
            ] {
                attributes.insert(Symbol::new(c), ModelAttribute::Column);
            }
            s.models.push(Model {
                class: None,
                name: Symbol::new("User"),
                app: "auth".into(),
                is_abstract: false,
                attributes,
                managers: vec![(Symbol::new("objects"), vec![])],
                parents: vec![],
            });
            s.by_label.insert("auth.user".into(), id);
            s.user = Some(id);
        }
        for m in 0..s.models.len() {
            s.fields(project, ModelId(m as u32));
        }
        s
    }
    fn fields(&mut self, project: &Project, id: ModelId) {
        let Some(class) = self.models[id.0 as usize].class else { return };
        let mut seen: Vec<Symbol> = vec![];
        for c in ["id", "pk"] {
            self.models[id.0 as usize].attributes.insert(Symbol::new(c), ModelAttribute::Column);
        }
        for base in project.mro(class).to_vec() {
            let Base::Class(base) = base else { continue };
            let facts = project.facts(base.file);
            for b in facts.bindings(facts.class(base.id).members) {
                if seen.contains(&b.name) {
                    continue;
                }
                let Some(value) = b.value else { continue };
                let ExprKind::Call(callee, args) = facts.kind(value) else { continue };
                seen.push(b.name);
                self.field(
                    project,
                    id,
                    base.file,
                    b.name,
                    callee,
                    args,
                    base == class
                        || self.by_class.get(&base).is_none_or(|m| self.models[m.0 as usize].is_abstract),
                );
            }
        }
        if self.models[id.0 as usize].managers.is_empty() {
            self.models[id.0 as usize].managers.push((Symbol::new("objects"), vec![]));
        }
        for m in self.models[id.0 as usize].managers.clone() {
            for c in m.1 {
                let e = self.managed.entry(c).or_default();
                if !e.contains(&id) {
                    e.push(id);
                }
            }
        }
    }
    fn field(
        &mut self,
        project: &Project,
        id: ModelId,
        file: FileId,
        name: Symbol,
        callee: Expr,
        args: Run,
        own: bool,
    ) {
        let facts = project.facts(file);
        let kw = |k: &str| {
            facts
                .arguments(args)
                .iter()
                .find(|a| a.kind == ArgumentKind::Keyword(Symbol::new(k)))
                .map(|a| a.value)
        };
        // managers
        if let ExprKind::Attribute(qs, m) = facts.kind(callee) {
            if m == "as_manager" {
                if let Entity::Class(c) = project.entity_of(file, qs) {
                    self.models[id.0 as usize].managers.push((name, vec![c]));
                    return;
                }
            }
        }
        if let ExprKind::Call(inner, iargs) = facts.kind(callee) {
            if let ExprKind::Attribute(mgr, m) = facts.kind(inner) {
                if m == "from_queryset" {
                    let mut cs = vec![];
                    if let Entity::Class(c) = project.entity_of(file, mgr) {
                        cs.push(c);
                    }
                    for a in facts.arguments(iargs) {
                        if let Entity::Class(c) = project.entity_of(file, a.value) {
                            cs.push(c);
                        }
                    }
                    self.models[id.0 as usize].managers.push((name, cs));
                    return;
                }
            }
        }
        let entity = project.entity_of(file, callee);
        let kind = match entity {
            Entity::External(n) => n,
            Entity::Class(c) => {
                if project.mro(c).iter().any(|b| matches!(b, Base::External(n) if n.as_str().ends_with("Manager") || n.as_str().ends_with("QuerySet"))) || project.mro(c).iter().any(|b| matches!(b, Base::Value(..))) && facts.arguments(args).is_empty() {
                    self.models[id.0 as usize].managers.push((name, vec![c])); return;
                }
                match project.mro(c).iter().find_map(|b| match b {
                    Base::External(n) => Some(*n),
                    _ => None,
                }) {
                    Some(n) => n,
                    None => return,
                }
            }
            _ => return,
        };
        let last = kind.as_str().rsplit('.').next().unwrap_or("");
        let (rk, many) = match last {
            "ForeignKey" | "ParentalKey" | "TreeForeignKey" => (RelationKind::ForeignKey, false),
            "OneToOneField" => (RelationKind::OneToOne, false),
            "ManyToManyField" => (RelationKind::ManyToMany, true),
            "GenericForeignKey" => (RelationKind::Generic, false),
            "GenericRelation" => (RelationKind::GenericRelation, true),
            "Manager" => {
                self.models[id.0 as usize].managers.push((name, vec![]));
                return;
            }
            l if l.ends_with("Field") => {
                self.models[id.0 as usize].attributes.insert(name, ModelAttribute::Column);
                return;
            }
            _ => return,
        };
        let target_expr = if rk == RelationKind::Generic {
            None
        } else {
            facts
                .arguments(args)
                .first()
                .filter(|a| a.kind == ArgumentKind::Positional)
                .map(|a| a.value)
                .or(kw("to"))
        };
        let target = target_expr.and_then(|t| self.target(project, id, file, t));
        let null = kw("null").is_some_and(|v| facts.kind(v) == ExprKind::Bool(true));
        let db_constraint = kw("db_constraint").is_none_or(|v| facts.kind(v) != ExprKind::Bool(false));
        let forward = RelationId(self.relations.len() as u32);
        let declared = forward.0 as usize;
        self.relations.push(Relation {
            name,
            inverse: None,
            target,
            to_many: many,
            null,
            db_constraint,
            kind: rk,
            declared,
            forward: true,
        });
        let m = &mut self.models[id.0 as usize];
        m.attributes.insert(
            name,
            if many { ModelAttribute::ToMany(forward) } else { ModelAttribute::ToOne(forward) },
        );
        if !many {
            m.attributes.insert(Symbol::new(&format!("{name}_id")), ModelAttribute::Column);
        }
        if m.is_abstract || !own {
            return;
        }
        let owner_name = m.name.as_str().to_lowercase();
        let app = m.app.clone();
        if let Some(target) = target {
            if matches!(rk, RelationKind::ForeignKey | RelationKind::OneToOne | RelationKind::ManyToMany) {
                let rn = kw("related_name")
                    .and_then(|v| facts.as_str(v))
                    .map(|t| t.replace("%(class)s", &owner_name).replace("%(app_label)s", &app));
                if rn.as_deref().is_some_and(|r| r.ends_with('+')) {
                    return;
                }
                let to_many = rk != RelationKind::OneToOne;
                let accessor =
                    rn.unwrap_or_else(
                        || if to_many { format!("{owner_name}_set") } else { owner_name.clone() },
                    );
                let back = RelationId(self.relations.len() as u32);
                let accessor = Symbol::new(&accessor);
                self.relations.push(Relation {
                    name: accessor,
                    inverse: Some(forward),
                    target: Some(id),
                    to_many,
                    null: true,
                    db_constraint: true,
                    kind: rk,
                    declared,
                    forward: false,
                });
                self.relations[forward.0 as usize].inverse = Some(back);
                if rk == RelationKind::ManyToMany {
                    self.relations[back.0 as usize].inverse = None;
                    self.relations[forward.0 as usize].inverse = None;
                }
                let _ = &self.models[target.0 as usize].parents;
                self.models[target.0 as usize].attributes.entry(accessor).or_insert(if to_many {
                    ModelAttribute::ToMany(back)
                } else {
                    ModelAttribute::ToOne(back)
                });
            }
        }
    }
    fn target(&self, project: &Project, id: ModelId, file: FileId, expr: Expr) -> Option<ModelId> {
        let facts = project.facts(file);
        if let Some(t) = facts.as_str(expr) {
            if t == "self" {
                return Some(id);
            }
            if t.contains('.') {
                return self.model_by_label(t);
            }
            return self
                .by_label
                .get(&format!("{}.{}", self.models[id.0 as usize].app, t).to_lowercase())
                .copied();
        }
        match project.entity_of(file, expr) {
            Entity::Class(c) => self.by_class.get(&c).copied(),
            Entity::External(n)
                if n.as_str().ends_with("AUTH_USER_MODEL") || n.as_str().ends_with("models.User") =>
            {
                self.user
            }
            Entity::Value(f, e) => match project.facts(f).kind(e) {
                ExprKind::Str(t) if t.as_str().contains('.') => self.model_by_label(t.as_str()),
                _ => self.user,
            },
            _ => None,
        }
    }
    pub fn model_of_class(&self, c: ClassRef) -> Option<ModelId> {
        self.by_class.get(&c).copied()
    }
    pub fn class_of(&self, m: ModelId) -> Option<ClassRef> {
        self.models[m.0 as usize].class
    }
    pub fn bundled_model(&self, n: Symbol) -> Option<ModelId> {
        (n == "django.contrib.auth.models.User").then_some(self.user).flatten()
    }
    pub fn manager_classes(&self, m: ModelId, n: Symbol) -> Option<Vec<ClassRef>> {
        if n == "_default_manager" {
            return Some(self.default_manager_classes(m));
        }
        self.models[m.0 as usize].managers.iter().find(|x| x.0 == n).map(|x| x.1.clone())
    }
    /// The relations that a model's own fields and those of its abstract bases declare, in their order.
    pub fn forward_relations(&self, m: ModelId) -> Vec<RelationId> {
        let mut found: Vec<RelationId> = self.models[m.0 as usize]
            .attributes
            .values()
            .filter_map(|attribute| match attribute {
                ModelAttribute::ToOne(r) | ModelAttribute::ToMany(r) => Some(*r),
                _ => None,
            })
            .filter(|r| self.relations[r.0 as usize].forward)
            .collect();
        found.sort_by_key(|r| self.relations[r.0 as usize].declared);
        found
    }
    pub fn default_manager_name(&self, m: ModelId) -> &'static str {
        self.models[m.0 as usize].managers.first().map_or("objects", |(name, _)| name.as_str())
    }
    pub fn default_manager_classes(&self, m: ModelId) -> Vec<ClassRef> {
        self.models[m.0 as usize].managers.first().map(|m| m.1.clone()).unwrap_or_default()
    }
    pub fn attribute(&self, m: ModelId, n: Symbol) -> Option<ModelAttribute> {
        self.models[m.0 as usize].attributes.get(&n).copied()
    }
    pub fn relation(&self, r: RelationId) -> &Relation {
        &self.relations[r.0 as usize]
    }
    pub fn relation_by_accessor(&self, m: ModelId, n: Symbol) -> Option<RelationId> {
        match self.attribute(m, n) {
            Some(ModelAttribute::ToOne(r) | ModelAttribute::ToMany(r)) => Some(r),
            _ => None,
        }
    }
    pub fn user_model(&self) -> Option<ModelId> {
        self.user
    }
    pub fn model_by_label(&self, l: &str) -> Option<ModelId> {
        self.by_label.get(&l.to_lowercase()).copied()
    }
    pub fn models_managed_by(&self, c: ClassRef) -> &[ModelId] {
        self.managed.get(&c).map_or(&[], |v| v.as_slice())
    }
    pub fn label(&self, m: ModelId) -> String {
        let m = &self.models[m.0 as usize];
        format!("{}.{}", m.app, m.name)
    }
    pub fn has_custom_base_manager(&self, _: ModelId) -> bool {
        false
    }
}
