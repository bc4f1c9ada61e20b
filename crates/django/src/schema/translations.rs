//! django-parler's translations: rows of another model, of which there is one for each language. What they hold is read
//! off the row that they belong to, as if it were a column of its own.
//!
//! <https://django-parler.readthedocs.io/en/stable/quickstart.html>

use tuneup_python::flow::{ArgumentKind, ExprKind, Run};
use tuneup_python::{ClassRef, Entity, FileId, Symbol};

use super::build::Builder;
use super::bundled;
use super::classes::FieldClass;
use super::fields::{Body, Declaration, Declared, Origin};
use super::{FieldSource, ModelAttribute, ModelId, Options, RelationId, Truth};

/// What a model holds the translations of.
#[derive(Clone, Copy)]
pub(super) struct Translates {
    /// The model that is translated.
    master: ModelId,
    /// What its translations are called there.
    accessor: Symbol,
    /// The class that declares them.
    owner: ClassRef,
    /// What is translated: a field for each keyword.
    arguments: Run,
}

impl Builder<'_> {
    /// Adds the models that a class's `translations = TranslatedFields(name=CharField(…))` makes.
    pub(super) fn add_translations(&mut self, master: ModelId, class: ClassRef) {
        if self.schema.model(master).is_abstract {
            return;
        }
        let facts = self.project.facts(class.file);
        let declared: Vec<(Symbol, Run)> = facts
            .bindings(facts.class(class.id).members)
            .iter()
            .filter_map(|binding| match facts.kind(binding.value?) {
                ExprKind::Call(callee, arguments) => match self.entity_of(class.file, callee) {
                    Entity::External(name) if name == "parler.models.TranslatedFields" => {
                        Some((binding.name, arguments))
                    }
                    _ => None,
                },
                _ => None,
            })
            .collect();
        for (accessor, arguments) in declared {
            let model = self.schema.model(master);
            let (name, app) = (Symbol::new(&format!("{}Translation", model.name)), model.app);
            let id = self.push(name, app);
            self.add_label(id);
            self.parts_mut(id).translates = Some(Translates { master, accessor, owner: class, arguments });
        }
    }

    /// The fields of such a model.
    pub(super) fn body_of_translations(&mut self, of: Translates) -> Body {
        let mut body = Body::default();
        let file: FileId = of.owner.file;
        let facts = self.project.facts(file);
        let own = [
            ("language_code", "CharField", Origin::Automatic(None)),
            ("master", "ForeignKey", Origin::Translated(of.master, of.accessor)),
        ];
        for (name, class, origin) in own {
            body.fields.push(Declaration {
                name: Symbol::new(name),
                order: self.next_order(),
                class: FieldClass::of(class),
                custom: None,
                origin,
                options: Options {
                    db_index: Truth::Yes,
                    null: Truth::of(Some(name == "master")),
                    ..Options::default()
                },
            });
        }
        for argument in facts.arguments(of.arguments) {
            let ArgumentKind::Keyword(name) = argument.kind else { continue };
            let ExprKind::Call(_, arguments) = facts.kind(argument.value) else { continue };
            let Some(Declared::Field(class, custom)) = self.declared(file, argument.value, name) else {
                continue;
            };
            let range = facts.range(argument.value);
            let source = FieldSource { file, owner: of.owner, value: argument.value, arguments, range };
            let options = self.options(&source, class, custom);
            let order = self.next_order();
            let origin = Origin::Source(source);
            body.fields.push(Declaration { name, order, class, custom, origin, options });
        }
        body
    }

    /// Lets the rows of translated models have what their translations hold.
    pub(super) fn add_translated(&mut self) {
        for id in self.schema.models() {
            if self.schema.model(id).is_abstract || !self.is_translations(id) {
                continue;
            }
            let master = self.schema.field_named(id, Symbol::new("master"));
            let Some(forward) = master.and_then(|field| self.schema.field(field).relation) else { continue };
            let (target, back) = {
                let relation = self.schema.relation(forward);
                (relation.target, relation.inverse)
            };
            let (Some(target), Some(back)) = (target, back) else { continue };
            self.lend(id, target, back);
        }
    }

    fn lend(&mut self, translations: ModelId, master: ModelId, back: RelationId) {
        let names: Vec<Symbol> = self
            .schema
            .all_fields(translations)
            .into_iter()
            .map(|field| self.schema.field(field))
            .filter(|field| !field.primary_key().is_yes())
            .map(super::Field::name)
            .filter(|name| !matches!(name.as_str(), "language_code" | "master"))
            .collect();
        for name in names {
            let attributes = &mut self.schema.model_mut(master).attributes;
            attributes.entry(name).or_insert(ModelAttribute::Translated(back));
        }
    }

    /// Whether a model is one of translations, by its declaration or its bases.
    fn is_translations(&self, id: ModelId) -> bool {
        let parts = self.parts(id);
        let bundled = |base: &ModelId| self.parts(*base).bundled;
        let mut bases = parts.lineage.iter().filter_map(bundled);
        parts.translates.is_some() || bases.any(|base| base.names.contains(&bundled::TRANSLATIONS))
    }
}
