//! Relations: their targets, and what they are called from the other side.

use tuneup_python::flow::{ArgumentKind, Expr, ExprKind};
use tuneup_python::{Entity, FileId, ModuleRef, Symbol};

use super::build::Builder;
use super::bundled;
use super::field::given_by_class;
use super::fields::{Declaration, Origin};
use super::{FieldId, ModelAttribute, ModelId, Relation, RelationId, RelationKind, meta};
use crate::apps::{literals, nearness};

/// What a label leads to.
enum Labelled {
    One(ModelId),
    /// Two projects have it, and none is nearer.
    Several,
    None,
}

impl<'p> Builder<'p> {
    /// Makes the relations of a model's fields, from their side.
    pub(super) fn relate(&mut self, id: ModelId) {
        let declarations = self.parts(id).declarations.clone();
        let fields = self.schema.model(id).fields.clone();
        for (declaration, field) in declarations.iter().zip(fields) {
            let Some(kind) = declaration.class.kind else { continue };
            let target = match kind {
                RelationKind::Generic => None,
                _ => self.target_of(id, declaration),
            };
            let through = match kind {
                RelationKind::ManyToMany => self.model_argument(id, declaration, "through"),
                _ => None,
            };
            let options = declaration.options;
            let relation = RelationId(self.schema.relations.len() as u32);
            let to_many = matches!(kind, RelationKind::ManyToMany | RelationKind::GenericRelation);
            self.schema.relations.push(Relation {
                accessor: Some(declaration.name),
                query_name: declaration.name,
                field,
                is_reverse: false,
                inverse: None,
                target,
                to_many,
                null: !options.null.is_no(),
                db_constraint: !self.is_off(declaration, "db_constraint"),
                kind,
                through,
                // A parent is made of the child's own row.
                is_certain: !declaration.is_link(),
                declared: relation.0 as usize,
            });
            self.schema.fields[field.0 as usize].relation = Some(relation);
            let attribute =
                if to_many { ModelAttribute::ToMany(relation) } else { ModelAttribute::ToOne(relation) };
            let model = self.schema.model_mut(id);
            model.attributes.insert(declaration.name, attribute);
            model.queries.insert(declaration.name, relation);
        }
    }

    /// The targets of taggit's managers: what the tag of their `through` model is.
    pub(super) fn relate_tags(&mut self) {
        for number in 0..self.schema.relations.len() {
            let relation = &self.schema.relations[number];
            if self.schema.field(relation.field).class != bundled::TAGGABLE {
                continue;
            }
            let tag = relation.through.and_then(|through| {
                let tag = self.schema.field_named(through, Symbol::new("tag"))?;
                self.schema.relation(self.schema.field(tag).relation?).target
            });
            let target = match (tag, relation.through) {
                (None, None) => relation.target,
                (tag, _) => tag,
            };
            self.schema.relations[number].target = target;
        }
    }

    /// Makes the other sides of all relations.
    pub(super) fn relate_back(&mut self) {
        for id in self.schema.models() {
            let is_swapped = self.is_swapped(id);
            self.schema.model_mut(id).is_swapped = is_swapped;
            let model = self.schema.model(id);
            if model.is_abstract || model.is_proxy || is_swapped || self.is_left_out(id) {
                continue;
            }
            let declarations = self.parts(id).declarations.clone();
            let fields = model.fields.clone();
            for (declaration, field) in declarations.iter().zip(fields) {
                self.relate_field_back(id, declaration, field);
            }
        }
    }

    fn relate_field_back(&mut self, id: ModelId, declaration: &Declaration, field: FieldId) {
        let Some(forward) = self.schema.field(field).relation else { return };
        let Relation { target: Some(target), kind, declared, .. } = *self.schema.relation(forward) else {
            return;
        };
        if matches!(declaration.class.name, bundled::TAGGABLE | bundled::TAGS) {
            return;
        }
        let given = self.reverse_names(id, declaration);
        let Some((related_name, related_query_name)) = given else { return };
        if kind == RelationKind::GenericRelation {
            self.relate_generic_back(id, target, forward, field, related_query_name);
            return;
        }
        if kind == RelationKind::ManyToMany && self.is_symmetrical(declaration, target == id) {
            return;
        }
        if related_name.as_deref().is_some_and(|name| name.ends_with('+')) {
            return;
        }
        let own = self.schema.model(id).name.as_str().to_lowercase();
        let to_many = kind != RelationKind::OneToOne;
        let accessor = match &related_name {
            Some(name) => name.clone(),
            None if to_many => format!("{own}_set"),
            None => own.clone(),
        };
        let query_name = Symbol::new(&related_query_name.or(related_name).unwrap_or(own));
        let accessor = Symbol::new(&accessor);
        let back = RelationId(self.schema.relations.len() as u32);
        self.schema.relations.push(Relation {
            accessor: Some(accessor),
            query_name,
            field,
            is_reverse: true,
            inverse: None,
            target: Some(id),
            to_many,
            null: true,
            db_constraint: true,
            kind,
            through: self.schema.relation(forward).through,
            is_certain: true,
            declared,
        });
        if kind != RelationKind::ManyToMany {
            self.schema.relations[back.0 as usize].inverse = Some(forward);
            self.schema.relations[forward.0 as usize].inverse = Some(back);
        }
        let concrete = self.concrete(target);
        // Django sets the attribute of a many-to-many on the class that is named, others on the one with the table.
        let holder = if kind == RelationKind::ManyToMany { target } else { concrete };
        let attribute = if to_many { ModelAttribute::ToMany(back) } else { ModelAttribute::ToOne(back) };
        self.schema.model_mut(holder).attributes.entry(accessor).or_insert(attribute);
        self.schema.model_mut(concrete).queries.entry(query_name).or_insert(back);
    }

    /// A generic relation can be named in filters from the other side, and gives that side no manager.
    fn relate_generic_back(
        &mut self,
        id: ModelId,
        target: ModelId,
        forward: RelationId,
        field: FieldId,
        name: Option<String>,
    ) {
        let Some(name) = name.filter(|name| !name.ends_with('+')) else { return };
        let name = Symbol::new(&name);
        let back = RelationId(self.schema.relations.len() as u32);
        self.schema.relations.push(Relation {
            accessor: None,
            query_name: name,
            field,
            is_reverse: true,
            inverse: None,
            target: Some(id),
            // A row points to one.
            to_many: false,
            null: true,
            db_constraint: false,
            kind: RelationKind::GenericRelation,
            through: None,
            is_certain: false,
            declared: self.schema.relation(forward).declared,
        });
        let target = self.concrete(target);
        let target = self.schema.model_mut(target);
        target.attributes.entry(name).or_insert(ModelAttribute::Other);
        target.queries.entry(name).or_insert(back);
    }

    /// `related_name` and `related_query_name` as they hold for one model; nothing where they cannot be told.
    fn reverse_names(
        &self,
        id: ModelId,
        declaration: &Declaration,
    ) -> Option<(Option<String>, Option<String>)> {
        let model = self.schema.model(id);
        let filled = |text: &str| {
            let class = model.name.as_str().to_lowercase();
            text.replace("%(class)s", &class)
                .replace("%(model_name)s", &class)
                .replace("%(app_label)s", &model.app.as_str().to_lowercase())
                .replace("%%", "%")
        };
        let name = self.text_argument(declaration, "related_name")?;
        let query_name = self.text_argument(declaration, "related_query_name")?;
        let name = name.or_else(|| meta::text(self.project, model.meta, "default_related_name"));
        Some((name.map(filled), query_name.map(filled)))
    }

    /// A text that a field is given: nothing where it is not literal, and within that nothing where it is absent.
    fn text_argument(&self, declaration: &Declaration, name: &str) -> Option<Option<&'static str>> {
        let source = match declaration.origin {
            Origin::Source(source) => source,
            Origin::Bundled(field) => return Some(field.text(name)),
            Origin::Automatic(_) => return Some(None),
            Origin::Translated(_, accessor) => {
                return Some((name == "related_name").then_some(accessor.as_str()));
            }
        };
        let facts = self.project.facts(source.file);
        let arguments = facts.arguments(source.arguments);
        // `ManyToManyField(to, related_name)`
        let position = match (declaration.class.name, name) {
            ("ManyToManyField", "related_name") => Some(1),
            ("ManyToManyField", "related_query_name") => Some(2),
            _ => None,
        };
        match literals::argument(arguments, position, name) {
            Some(value) => match literals::text(self.project, source.file, value) {
                Some(text) => Some(Some(text).filter(|text| !text.is_empty())),
                None => {
                    let (file, value) = literals::resolved(self.project, source.file, value);
                    (self.project.facts(file).kind(value) == ExprKind::None).then_some(None)
                }
            },
            None if arguments.iter().any(|argument| argument.kind == ArgumentKind::DoubleStar) => None,
            None => Some(None),
        }
    }

    /// Whether a many-to-many has no other side: to its own model, unless `symmetrical=False`.
    fn is_symmetrical(&self, declaration: &Declaration, to_itself: bool) -> bool {
        let Origin::Source(source) = declaration.origin else { return false };
        let facts = self.project.facts(source.file);
        let arguments = facts.arguments(source.arguments);
        if let Some(value) = literals::argument(arguments, Some(4), "symmetrical")
            && let (file, value) = literals::resolved(self.project, source.file, value)
            && self.project.facts(file).kind(value) != ExprKind::None
        {
            return to_itself && literals::truth(self.project, file, value) != Some(false);
        }
        let target = literals::argument(arguments, Some(0), "to");
        target.and_then(|target| literals::text(self.project, source.file, target)) == Some("self")
    }

    /// Whether an option that is on unless it is turned off is, or may be, off.
    fn is_off(&self, declaration: &Declaration, name: &str) -> bool {
        let Origin::Source(source) = declaration.origin else { return false };
        let arguments = self.project.facts(source.file).arguments(source.arguments);
        literals::argument(arguments, None, name)
            .is_some_and(|value| literals::truth(self.project, source.file, value) != Some(true))
    }

    /// Whether another model stands in a model's place.
    fn is_swapped(&self, id: ModelId) -> bool {
        let model = self.schema.model(id);
        let setting = match self.parts(id).bundled {
            Some(bundled) => bundled.swappable,
            None => meta::text(self.project, model.meta, "swappable"),
        };
        let path = model.class.map_or("", |class| self.project.path(class.file));
        let value = setting.and_then(|name| self.apps.setting(self.project, Symbol::new(name), path));
        value.is_some_and(|value| !value.eq_ignore_ascii_case(&self.schema.label(id)))
    }

    /// Whether a model is of an app of Django's that the settings do not install.
    fn is_left_out(&self, id: ModelId) -> bool {
        let Some(bundled) = self.parts(id).bundled.filter(|model| bundled::is_djangos(model)) else {
            return false;
        };
        let installed = self.apps.installed();
        let package = format!("django.contrib.{}", bundled.app());
        let is_it = |name: &&str| {
            name.strip_prefix(&*package).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        };
        !matches!(bundled.app(), "auth" | "contenttypes")
            && !installed.is_empty()
            && !installed.iter().any(is_it)
    }

    /// The model that a field points to.
    pub(super) fn target_of(&mut self, id: ModelId, declaration: &Declaration) -> Option<ModelId> {
        if let Origin::Automatic(parent) = declaration.origin {
            return parent;
        }
        if let Origin::Translated(master, _) = declaration.origin {
            return Some(master);
        }
        let tag = match declaration.class.name {
            bundled::TAGGABLE if self.model_argument(id, declaration, "through").is_some() => return None,
            bundled::TAGGABLE => Some("taggit.models.Tag"),
            bundled::TAGS => Some("tagulous.models.TagModel"),
            _ => None,
        };
        match tag {
            Some(tag) => bundled::find(tag).map(|tag| self.add_bundled(tag)),
            None => self.model_argument(id, declaration, "to"),
        }
    }

    fn model_argument(&mut self, id: ModelId, declaration: &Declaration, name: &str) -> Option<ModelId> {
        let source = match declaration.origin {
            Origin::Source(source) => source,
            Origin::Bundled(field) => {
                let text = field.text(name)?;
                return match text {
                    "AUTH_USER_MODEL" => self.user_for(self.path_of(id)),
                    label => self.named(id, label),
                };
            }
            Origin::Automatic(_) | Origin::Translated(..) => return None,
        };
        let arguments = self.project.facts(source.file).arguments(source.arguments);
        let position = (name == "to").then_some(0);
        match literals::argument(arguments, position, name) {
            Some(value) => self.target(id, source.file, value),
            None => {
                let (file, value) = given_by_class(self.project, declaration.custom?, name)?;
                self.target(id, file, value)
            }
        }
    }

    fn path_of(&self, id: ModelId) -> &'p str {
        let project = self.project;
        self.schema.class_of(id).map_or("", |class| project.path(class.file))
    }

    /// The model that an expression names, in a field of a model.
    fn target(&mut self, id: ModelId, file: FileId, expr: Expr) -> Option<ModelId> {
        let facts = self.project.facts(file);
        if let Some(text) = facts.as_str(expr) {
            return self.named(id, text);
        }
        if let ExprKind::Call(..) = facts.kind(expr) {
            return self.called(id, file, expr);
        }
        match self.entity_of(file, expr) {
            Entity::Class(class) if self.is_model_class(class) => Some(self.add_class(class)),
            Entity::External(dotted) => self.outside_target(id, dotted),
            Entity::Value(file, value) => match self.project.facts(file).kind(value) {
                ExprKind::Str(text) => self.named(id, text.as_str()),
                ExprKind::Call(..) => self.called(id, file, value),
                _ => None,
            },
            _ => None,
        }
    }

    /// `get_user_model()`, `apps.get_model("app", "Model")`, `getattr(settings, "NAME", default)`
    pub(super) fn called(&mut self, id: ModelId, file: FileId, call: Expr) -> Option<ModelId> {
        let facts = self.project.facts(file);
        let ExprKind::Call(callee, arguments) = facts.kind(call) else { return None };
        let arguments = facts.arguments(arguments);
        let text = |at: usize| facts.as_str(arguments.get(at)?.value);
        let dotted = self.project.dotted(self.entity_of(file, callee))?;
        let name = dotted.as_str().rsplit('.').next().unwrap_or_default();
        match name {
            "get_user_model" => self.user_for(self.path_of(id)),
            "get_model" => match (text(0)?, text(1)) {
                (app, Some(model)) => self.named(id, &format!("{app}.{model}")),
                (label, None) => self.named(id, label),
            },
            "getattr" if dotted == "builtins.getattr" => {
                let setting = Symbol::new(text(1)?);
                match self.apps.setting(self.project, setting, self.path_of(id)) {
                    Some(label) => self.named(id, label),
                    None => self.target(id, file, arguments.get(2)?.value),
                }
            }
            _ => None,
        }
    }

    fn outside_target(&mut self, id: ModelId, dotted: Symbol) -> Option<ModelId> {
        if let Some(setting) = dotted.as_str().strip_prefix("django.conf.settings.") {
            if setting == "AUTH_USER_MODEL" {
                return self.user_for(self.path_of(id));
            }
            let label = self.apps.setting(self.project, Symbol::new(setting), self.path_of(id))?;
            return self.named(id, label);
        }
        if let Some(bundled) = bundled::find(dotted.as_str()) {
            return Some(self.add_bundled(bundled));
        }
        let (package, name) = dotted.as_str().split_once(".models.")?;
        let name = name.rsplit('.').next()?;
        let app = package.rsplit('.').next()?;
        name.starts_with(char::is_uppercase).then(|| self.add_outside(app, name))
    }

    /// The model of users, for code at a path.
    pub(super) fn user_for(&mut self, path: &str) -> Option<ModelId> {
        let label = self.apps.setting(self.project, Symbol::new("AUTH_USER_MODEL"), path);
        self.labelled(label.unwrap_or("auth.User"), path)
    }

    /// The model of a text, in a field of a model: `self`, `Model` of its own app, `app.Model`.
    fn named(&mut self, id: ModelId, text: &str) -> Option<ModelId> {
        if text == "self" {
            return Some(id);
        }
        let path = self.path_of(id);
        if text.contains('.') {
            return self.labelled(text, path);
        }
        let label = format!("{}.{text}", self.schema.model(id).app);
        self.labelled(&label, path)
    }

    fn labelled(&mut self, label: &str, path: &str) -> Option<ModelId> {
        let (app, name) = label.split_once('.')?;
        match self.find_label(&label.to_lowercase(), path) {
            Labelled::One(model) => return Some(model),
            Labelled::Several => return None,
            Labelled::None => {}
        }
        if let Some(bundled) = bundled::find_label(label) {
            return Some(self.add_bundled(bundled));
        }
        if let Some(class) = self.installed_model(app, name) {
            return Some(self.add_class(class));
        }
        let is_name = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_alphanumeric() || c == '_');
        (is_name(app) && is_name(name)).then(|| self.add_outside(app, name))
    }

    /// The model of a label; of several, the one that is nearest to a path.
    fn find_label(&self, label: &str, path: &str) -> Labelled {
        let Some(all) = self.schema.by_label.get(&Symbol::new(label)) else { return Labelled::None };
        if let [only] = all.as_slice() {
            return Labelled::One(*only);
        }
        let near = |id: ModelId| nearness(self.path_of(id), path);
        let best = all.iter().map(|&id| near(id)).max().unwrap_or(0);
        let nearest: Vec<ModelId> = all.iter().copied().filter(|&id| near(id) == best).collect();
        let file = |id: ModelId| self.schema.class_of(id).map(|class| class.file);
        match nearest.as_slice() {
            [] => Labelled::None,
            [only] => Labelled::One(*only),
            // Defined again, under a condition.
            [first, rest @ ..] if rest.iter().all(|&id| file(id) == file(*first)) => Labelled::One(*first),
            several => {
                // Of one app, the one that its `models` has.
                let mut held = several.iter().copied().filter(|&id| self.is_held_by_models(id));
                match (held.next(), held.next()) {
                    (Some(only), None) => Labelled::One(only),
                    _ => Labelled::Several,
                }
            }
        }
    }

    fn is_held_by_models(&self, id: ModelId) -> bool {
        let model = self.schema.model(id);
        let Some(class) = model.class else { return false };
        let Some(app) = self.apps.of_path(self.project.path(class.file)) else { return false };
        match self.project.module(&format!("{}.models", app.name)) {
            Some(ModuleRef::File(models)) => {
                self.project.attribute(&Entity::Module(models), model.name) == Entity::Class(class)
            }
            _ => false,
        }
    }

    /// A model of an app that is installed beside the project.
    fn installed_model(&self, app: &str, name: &str) -> Option<tuneup_python::ClassRef> {
        let package = self.apps.installed().iter().find(|package| {
            let package = package.split(".apps.").next().unwrap_or(package);
            package.rsplit('.').next() == Some(app)
        })?;
        let package = package.split(".apps.").next()?;
        let Some(ModuleRef::File(models)) = self.project.module(&format!("{package}.models")) else {
            return None;
        };
        match self.project.attribute(&Entity::Module(models), Symbol::new(name)) {
            Entity::Class(class) if self.is_model_class(class) => Some(class),
            _ => None,
        }
    }
}
