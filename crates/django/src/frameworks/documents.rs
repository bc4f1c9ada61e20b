//! Documents of search engines: django-elasticsearch-dsl and Haystack go through the rows of a class's own queryset, and
//! read for each of them what the fields name and what `prepare_…` methods ask.
//!
//! <https://django-elasticsearch-dsl.readthedocs.io/en/latest/fields.html>,
//! <https://django-haystack.readthedocs.io/en/latest/searchindex_api.html>

use tuneup_python::flow::{ArgumentKind, Expr, ExprKind, Run};
use tuneup_python::{ClassRef, Entity, FileId, Symbol};

use super::declared::{Declared, declared};
use super::{Framework, rest};
use crate::queries::calls::Arguments;
use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Shape, Site, Value};
use crate::schema::ModelId;

pub(super) const FRAMEWORK: Framework = Framework { inherited, inherited_method, serve, ..Framework::NONE };

/// How deep fields may stand in each other.
const DEPTH: u32 = 8;

/// What documents have from these packages.
const ASKED: &[&str] = &["django", "get_queryset", "index_queryset", "prepare", "full_prepare"];

/// A kind of documents.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// `django_elasticsearch_dsl.Document`
    Document,
    /// `haystack.indexes.SearchIndex`
    Index,
}

impl Kind {
    fn of(machine: &Machine<'_>, class: ClassRef) -> Option<Self> {
        let is = |package: &'static str, names: &'static [&'static str]| {
            machine.has_base(class, |name| {
                name.strip_prefix(package)
                    .is_some_and(|rest| names.contains(&rest.rsplit('.').next().unwrap_or_default()))
            })
        };
        if is("django_elasticsearch_dsl.", &["Document", "DocType"]) {
            return Some(Self::Document);
        }
        is("haystack.", &["SearchIndex", "BasicSearchIndex", "ModelSearchIndex"]).then_some(Self::Index)
    }

    /// The method that gives what is gone through.
    fn queryset(self) -> &'static str {
        match self {
            Self::Document => "get_queryset",
            Self::Index => "index_queryset",
        }
    }

    /// The package of its fields.
    fn package(self) -> &'static str {
        match self {
            Self::Document => "django_elasticsearch_dsl.",
            Self::Index => "haystack.",
        }
    }
}

/// Goes through the rows of a class that says which these are. Those of others are all rows of the model, and there is
/// nothing to extend.
fn serve<'p>(machine: &mut Machine<'p>, frame: &mut Frame<'p>, class: ClassRef) {
    let Some(kind) = Kind::of(machine, class) else { return };
    if machine.class_function(class, Symbol::new(kind.queryset())).is_none() {
        return;
    }
    let this = machine.values.make(Shape::Object(class, None));
    let rows = machine.call_named(frame, this, kind.queryset(), &Arguments::default());
    let rows = gone_through(machine, frame, class, kind, rows);
    let site = frame.site(ruff_text_size::TextRange::default());
    let row = machine.iterate(frame, rows, site);
    let arguments = Arguments { positional: vec![row], ..Arguments::default() };
    machine.call_named(frame, this, "prepare", &arguments);
}

/// The rows of a queryset as they are gone through: of a class with a `Django` in pieces of the size that it says, by
/// `iterator()`, which has no size without it. A queryset that prefetches already is known to do so.
fn gone_through<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    class: ClassRef,
    kind: Kind,
    rows: Value,
) -> Value {
    let options =
        machine.class_member(class, Symbol::new("Django")).map(|it| machine.values.shape(it).clone());
    let (Kind::Document, Some(Shape::Class(options))) = (kind, options) else { return rows };
    let has_size = machine.project.member(options, Symbol::new("queryset_pagination")).is_some();
    machine.for_each(rows, |machine, rows| match machine.as_queryset(rows) {
        Some(queryset) if !has_size && queryset.plan.prefetch.is_empty() => {
            machine.call_named(frame, rows, "iterator", &Arguments::default())
        }
        _ => rows,
    })
}

fn inherited<'p>(
    machine: &mut Machine<'p>,
    _frame: &mut Frame<'p>,
    this: Value,
    class: ClassRef,
    name: &str,
) -> Option<Value> {
    if !ASKED.contains(&name) {
        return None;
    }
    let kind = Kind::of(machine, class)?;
    match name {
        "django" if kind == Kind::Document => machine.class_member(class, Symbol::new("Django")),
        _ if name == kind.queryset() || matches!(name, "prepare" | "full_prepare") => {
            Some(machine.values.make(Shape::Method(this, Symbol::new(name))))
        }
        _ => None,
    }
}

fn inherited_method<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    this: Value,
    class: ClassRef,
    name: &str,
    arguments: &Arguments,
) -> Option<Value> {
    if !ASKED.contains(&name) {
        return None;
    }
    let kind = Kind::of(machine, class)?;
    match name {
        "prepare" | "full_prepare" => {
            let row = arguments.get(0, "instance").or_else(|| arguments.get(0, "obj"))?;
            for member in machine.values.members(row) {
                read(machine, frame, this, class, kind, member);
            }
            Some(machine.values.mapping(Vec::new(), Value::SCALAR, Value::SCALAR))
        }
        _ if name == kind.queryset() => {
            let model = model(machine, frame, this, class, kind)?;
            let site = machine.calling.take().filter(|site| !site.range.is_empty());
            let rows = machine.of_default_manager(frame, model, site.into_iter().collect());
            Some(machine.values.queryset(rows))
        }
        _ => None,
    }
}

/// The model whose rows are put into the search engine.
fn model<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    this: Value,
    class: ClassRef,
    kind: Kind,
) -> Option<ModelId> {
    let model = match kind {
        Kind::Document => {
            let options = machine
                .class_member(class, Symbol::new("Django"))
                .or_else(|| machine.class_member(class, Symbol::new("Meta")))?;
            let Shape::Class(options) = *machine.values.shape(options) else { return None };
            machine.class_member(options, Symbol::new("model"))?
        }
        Kind::Index => machine.call_named(frame, this, "get_model", &Arguments::default()),
    };
    match *machine.values.shape(model) {
        Shape::Model(model) => Some(model),
        _ => None,
    }
}

/// A field, as a document declares it.
#[derive(Clone, Copy)]
struct Field {
    file: FileId,
    arguments: Run,
    site: Site,
}

impl Field {
    /// The field that a call makes.
    fn of(machine: &Machine<'_>, kind: Kind, file: FileId, value: Expr, site: Site) -> Option<Self> {
        let ExprKind::Call(callee, arguments) = machine.project.facts(file).kind(value) else { return None };
        let is_field = match machine.project.entity_of(file, callee) {
            Entity::External(name) => name.as_str().starts_with(kind.package()),
            Entity::Class(class) => machine.has_base(class, |name| name.starts_with(kind.package())),
            _ => false,
        };
        is_field.then_some(Self { file, arguments, site })
    }

    fn argument(&self, machine: &Machine<'_>, name: &str) -> Option<Expr> {
        machine.project.facts(self.file).arguments(self.arguments).iter().find_map(|it| match it.kind {
            ArgumentKind::Keyword(keyword) if keyword == *name => Some(it.value),
            _ => None,
        })
    }

    fn text(&self, machine: &Machine<'_>, name: &str) -> Option<&'static str> {
        machine.project.facts(self.file).as_str(self.argument(machine, name)?)
    }
}

/// The members of a class and its bases that are fields.
fn fields(machine: &Machine<'_>, class: ClassRef, kind: Kind) -> Vec<(Symbol, Field)> {
    let declared = declared(machine, class).into_iter();
    let fields =
        declared.filter(|(_, made)| made.is_made_by(machine, |name| name.starts_with(kind.package())));
    let field = |made: Declared| Field { file: made.file, arguments: made.arguments, site: made.site };
    fields.map(|(name, made)| (name, field(made))).collect()
}

/// Reads what the fields of a document need of a row.
fn read<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    this: Value,
    class: ClassRef,
    kind: Kind,
    row: Value,
) {
    let arguments = Arguments { positional: vec![row], ..Arguments::default() };
    for (name, field) in fields(machine, class, kind) {
        let own = [format!("prepare_{name}_with_related"), format!("prepare_{name}")]
            .into_iter()
            .find(|method| machine.class_function(class, Symbol::new(method)).is_some());
        // Haystack asks the method besides, and not instead.
        if kind == Kind::Index {
            indexed(machine, frame, name, field, row);
        }
        match own {
            Some(method) => {
                machine.call_named(frame, this, &method, &arguments);
            }
            None if kind == Kind::Document => document_field(machine, frame, name, field, row, DEPTH),
            None => {}
        }
    }
}

/// A field of django-elasticsearch-dsl: attributes, dotted, and of objects what their own fields name.
fn document_field<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    name: Symbol,
    field: Field,
    row: Value,
    depth: u32,
) {
    let path = field.text(machine, "attr").unwrap_or(name.as_str());
    let value = path
        .split('.')
        .fold(row, |value, name| rest::attribute(machine, frame, value, Symbol::new(name), field.site));
    let value = rest::rows_of(machine, frame, value, field.site);
    let facts = machine.project.facts(field.file);
    let Some(ExprKind::Dict(properties)) =
        field.argument(machine, "properties").map(|properties| facts.kind(properties))
    else {
        return;
    };
    for pair in facts.list(properties).chunks_exact(2) {
        let Some(name) = facts.as_str(pair[0]) else { continue };
        let site = Site { range: facts.range(pair[1]), ..field.site };
        let inner = Field::of(machine, Kind::Document, field.file, pair[1], site);
        for object in machine.values.members(value) {
            if let Some(inner) = inner.filter(|_| depth > 0) {
                document_field(machine, frame, Symbol::new(name), inner, object, depth - 1);
            }
        }
    }
}

/// A field of Haystack: `model_attr`, over relations with two underscores, and a template.
fn indexed<'p>(machine: &mut Machine<'p>, frame: &mut Frame<'p>, name: Symbol, field: Field, row: Value) {
    let facts = machine.project.facts(field.file);
    let uses = field.argument(machine, "use_template").map(|value| facts.kind(value));
    if uses != Some(ExprKind::Bool(true)) {
        if let Some(path) = field.text(machine, "model_attr") {
            let value = path.split("__").fold(row, |value, name| {
                rest::attribute(machine, frame, value, Symbol::new(name), field.site)
            });
            rest::rows_of(machine, frame, value, field.site);
        }
        return;
    }
    let template = match (field.text(machine, "template_name"), machine.as_row(row)) {
        (Some(template), _) => template.to_owned(),
        (None, Some(row)) => {
            let label = machine.schema.label(row.model).to_lowercase().replace('.', "/");
            format!("search/indexes/{label}_{name}.txt")
        }
        (None, None) => return,
    };
    let template = machine.values.make(Shape::Str(Symbol::new(&template)));
    let context = machine.values.mapping(vec![(Symbol::new("object"), row)], Value::NEVER, Value::NEVER);
    machine.render_named(template, context);
}
