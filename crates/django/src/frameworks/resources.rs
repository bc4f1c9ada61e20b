//! Resources of django-import-export: what an export reads of each row.
//!
//! <https://django-import-export.readthedocs.io/en/latest/api_resources.html>

use tuneup_python::flow::{ArgumentKind, Expr, ExprKind, Run};
use tuneup_python::{ClassRef, Entity, FileId, Symbol};

use super::declared::{Declared, declared};
use super::lists::{name_site, texts};
use super::{Framework, rest};
use crate::queries::calls::Arguments;
use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Shape, Site, Value};
use crate::schema::{ModelId, RelationKind};

pub(super) const FRAMEWORK: Framework = Framework {
    methods: Some(|machine, class, name| METHODS.contains(&name) && is_resource(machine, class)),
    inherited_method,
    ..Framework::NONE
};

/// The package.
const PACKAGE: &str = "import_export.";

/// What resources have from it.
const METHODS: &[&str] = &["get_queryset", "export", "filter_export", "dehydrate"];

fn is_resource(machine: &Machine<'_>, class: ClassRef) -> bool {
    machine.has_base(class, |name| name.starts_with(PACKAGE) && name.ends_with("ModelResource"))
}

fn inherited_method<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    this: Value,
    class: ClassRef,
    name: &str,
    arguments: &Arguments,
) -> Option<Value> {
    match name {
        "get_queryset" => {
            let model = model(machine, class)?;
            let site = machine.calling.take().filter(|site| !site.range.is_empty());
            let rows = machine.of_default_manager(frame, model, site.into_iter().collect());
            Some(machine.values.queryset(rows))
        }
        "filter_export" => arguments.get(0, "queryset"),
        "export" => {
            // Older versions take the rows alone by position, and any of them its own where it is given none.
            let given = arguments.keyword("queryset").or_else(|| arguments.positional.first().copied());
            let rows = match given.filter(|&rows| rows != Value::NONE) {
                Some(rows) => rows,
                None => machine.call_named(frame, this, "get_queryset", &Arguments::default()),
            };
            export(machine, frame, this, class, rows);
            Some(Value::UNKNOWN)
        }
        _ => None,
    }
}

fn option(machine: &mut Machine<'_>, class: ClassRef, name: &str) -> Option<(ClassRef, Value)> {
    let meta = machine.class_member(class, Symbol::new("Meta"))?;
    let Shape::Class(meta) = *machine.values.shape(meta) else { return None };
    Some((meta, machine.class_member(meta, Symbol::new(name))?))
}

fn model(machine: &mut Machine<'_>, class: ClassRef) -> Option<ModelId> {
    let (_, model) = option(machine, class, "model")?;
    match *machine.values.shape(model) {
        Shape::Model(model) => Some(model),
        _ => None,
    }
}

/// A field that a resource declares.
#[derive(Clone, Copy)]
struct Field {
    file: FileId,
    arguments: Run,
    site: Site,
    /// Whether its class is one of the project's, which says itself what it reads.
    is_special: bool,
}

impl Field {
    fn argument(&self, machine: &Machine<'_>, at: usize, name: &str) -> Option<Expr> {
        let facts = machine.project.facts(self.file);
        argument(facts.arguments(self.arguments), at, name)
    }

    /// What a widget reads of what the field gives: an attribute, over relations with two underscores.
    fn shown(&self, machine: &Machine<'_>) -> Option<&'static str> {
        let facts = machine.project.facts(self.file);
        let ExprKind::Call(callee, run) = facts.kind(self.argument(machine, 2, "widget")?) else {
            return None;
        };
        let at = match machine.project.entity_of(self.file, callee) {
            Entity::External(name) if name.as_str().starts_with(PACKAGE) => {
                match name.as_str().rsplit('.').next()? {
                    "ForeignKeyWidget" => 1,
                    "ManyToManyWidget" => 2,
                    _ => return None,
                }
            }
            _ => return None,
        };
        facts.as_str(argument(facts.arguments(run), at, "field")?)
    }
}

fn argument(arguments: &[tuneup_python::flow::Argument], at: usize, name: &str) -> Option<Expr> {
    let named = arguments.iter().find(|it| matches!(it.kind, ArgumentKind::Keyword(known) if known == *name));
    let placed = || arguments.get(at).filter(|it| it.kind == ArgumentKind::Positional);
    named.or_else(placed).map(|it| it.value)
}

fn is_field_class(name: &str) -> bool {
    name.starts_with(PACKAGE) && name.ends_with("Field")
}

/// The fields that a class and its bases declare.
fn fields(machine: &Machine<'_>, class: ClassRef) -> Vec<(Symbol, Field)> {
    let declared = declared(machine, class).into_iter();
    let fields = declared.filter(|(_, made)| made.is_made_by(machine, is_field_class));
    let field = |made: Declared| Field {
        file: made.file,
        arguments: made.arguments,
        site: made.site,
        is_special: matches!(made.class, Entity::Class(_)),
    };
    fields.map(|(name, made)| (name, field(made))).collect()
}

/// Reads what is exported of rows.
fn export<'p>(machine: &mut Machine<'p>, frame: &mut Frame<'p>, this: Value, class: ClassRef, rows: Value) {
    let Some(model) = model(machine, class) else { return };
    let site = frame.site(ruff_text_size::TextRange::default());
    let rows = rest::rows_of(machine, frame, rows, site);
    let declared = fields(machine, class);
    let named = option(machine, class, "fields").map(|(meta, names)| (meta, texts(machine, names)));
    let names = match &named {
        Some((_, None)) => return,
        Some((_, Some(names))) => Some(names.clone()),
        None => None,
    };
    let left_out =
        option(machine, class, "exclude").map(|(_, names)| texts(machine, names).unwrap_or_default());
    let is_exported = |name: Symbol| {
        names.as_ref().is_none_or(|names| names.contains(&name))
            && left_out.as_ref().is_none_or(|names| !names.contains(&name))
    };
    for row in machine.values.members(rows) {
        for &(name, field) in declared.iter().filter(|(name, _)| is_exported(*name)) {
            if asked(machine, frame, this, class, name, row) {
                continue;
            }
            let facts = machine.project.facts(field.file);
            if field.is_special {
                continue;
            }
            let path = field.argument(machine, 0, "attribute").and_then(|path| facts.as_str(path));
            let Some(path) = path else { continue };
            let value = followed(machine, frame, row, path, field.site);
            if let Some(shown) = field.shown(machine) {
                followed(machine, frame, value, shown, field.site);
            }
        }
        let is_declared = |name: Symbol| declared.iter().any(|(known, _)| *known == name);
        let more: Vec<(Symbol, Site)> = match (&names, &named) {
            (Some(names), Some((meta, _))) => {
                let member = machine.project.member(*meta, Symbol::new("fields"));
                names.iter().filter_map(|name| Some((*name, name_site(machine, member?, *name)))).collect()
            }
            _ => implied(machine, class, model),
        };
        for (name, site) in more.into_iter().filter(|(name, _)| is_exported(*name) && !is_declared(*name)) {
            if !asked(machine, frame, this, class, name, row) {
                followed(machine, frame, row, name.as_str(), site);
            }
        }
    }
}

/// The relations that a resource exports where it names no fields: all of its model's own.
fn implied(machine: &mut Machine<'_>, class: ClassRef, model: ModelId) -> Vec<(Symbol, Site)> {
    let Some((meta, _)) = option(machine, class, "model") else { return Vec::new() };
    let Some(member) = machine.project.member(meta, Symbol::new("model")) else { return Vec::new() };
    let site = super::lists::member_site(machine, member);
    let mut relations = machine.schema.forward_relations(model);
    relations.retain(|&relation| {
        matches!(
            machine.schema.relation(relation).kind(),
            RelationKind::ForeignKey | RelationKind::OneToOne | RelationKind::ManyToMany
        )
    });
    relations.into_iter().map(|it| (machine.schema.relation(it).lookup_name(), site)).collect()
}

/// Whether the class has a method of its own for a field, which is asked instead.
fn asked<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    this: Value,
    class: ClassRef,
    name: Symbol,
    row: Value,
) -> bool {
    let method = format!("dehydrate_{name}");
    let has_it = machine.class_function(class, Symbol::new(&method)).is_some();
    if has_it {
        let arguments = Arguments { positional: vec![row], ..Arguments::default() };
        machine.call_named(frame, this, &method, &arguments);
    }
    has_it
}

/// What an attribute gives, over relations with two underscores: rows, where it is many.
fn followed<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    value: Value,
    path: &str,
    site: Site,
) -> Value {
    let found = path
        .split("__")
        .fold(value, |value, name| rest::attribute(machine, frame, value, Symbol::new(name), site));
    rest::rows_of(machine, frame, found, site)
}
