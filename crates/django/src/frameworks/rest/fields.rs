//! Serializer fields: what each kind reads of the object that it is a field of.
//!
//! <https://www.django-rest-framework.org/api-guide/fields/>, <https://www.django-rest-framework.org/api-guide/relations/>

use tuneup_python::flow::{ArgumentKind, Expr, ExprKind, Run};
use tuneup_python::{Base, ClassRef, Entity, FileId, Member, Symbol};

use super::serializers::show;
use crate::frameworks::lists::member_site;
use crate::queries::calls::{Arguments, CallSite};
use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Shape, Site, Value};
use crate::schema::ModelAttribute;

/// The arguments that every nested serializer takes.
const KNOWN: &[&str] = &[
    "allow_empty",
    "allow_null",
    "context",
    "default",
    "error_messages",
    "help_text",
    "initial",
    "instance",
    "label",
    "many",
    "max_length",
    "min_length",
    "read_only",
    "required",
    "source",
    "style",
    "validators",
    "write_only",
];

/// A field, as its serializer declares it.
struct Field {
    file: FileId,
    arguments: Run,
    /// The project's class that it is an instance of.
    class: Option<ClassRef>,
    /// The name of REST framework's class, its own or the nearest of its bases.
    kind: &'static str,
}

impl Field {
    fn of(machine: &Machine<'_>, file: FileId, expr: Expr) -> Option<Self> {
        let facts = machine.project.facts(file);
        let ExprKind::Call(callee, arguments) = facts.kind(expr) else { return None };
        match machine.project.entity_of(file, callee) {
            Entity::External(name) => {
                let kind = kind(name)?;
                Some(Self { file, arguments, class: None, kind })
            }
            Entity::Class(class) => {
                let kind = machine.project.mro(class).iter().find_map(|base| match base {
                    Base::External(name) => kind(*name),
                    _ => None,
                })?;
                Some(Self { file, arguments, class: Some(class), kind })
            }
            _ => None,
        }
    }

    fn argument(&self, machine: &Machine<'_>, name: &str) -> Option<Expr> {
        let facts = machine.project.facts(self.file);
        facts.arguments(self.arguments).iter().find_map(|argument| match argument.kind {
            ArgumentKind::Keyword(keyword) if keyword == *name => Some(argument.value),
            _ => None,
        })
    }

    /// Whether it is given what REST framework does not know: a class of the project then decides what it shows.
    fn is_made_specially(&self, machine: &Machine<'_>) -> bool {
        let facts = machine.project.facts(self.file);
        facts.arguments(self.arguments).iter().any(|argument| match argument.kind {
            ArgumentKind::Keyword(name) => !KNOWN.contains(&name.as_str()),
            ArgumentKind::Positional => false,
            ArgumentKind::Star | ArgumentKind::DoubleStar => true,
        })
    }

    fn text(&self, machine: &Machine<'_>, name: &str) -> Option<&'static str> {
        machine.project.facts(self.file).as_str(self.argument(machine, name)?)
    }

    fn is_set(&self, machine: &Machine<'_>, name: &str) -> bool {
        self.argument(machine, name)
            .is_some_and(|value| machine.project.facts(self.file).kind(value) == ExprKind::Bool(true))
    }
}

/// The last part of the name of a class of REST framework's, or of taggit's.
fn kind(name: Symbol) -> Option<&'static str> {
    let name = name.as_str();
    if matches!(
        name,
        "taggit.serializers.TagListSerializerField" | "taggit_serializer.serializers.TagListSerializerField"
    ) {
        return Some(TAGS);
    }
    if super::extends(name, "ModelSerializer") {
        return Some("ModelSerializer");
    }
    name.strip_prefix("rest_framework.")?.rsplit('.').next()
}

/// A list of the names of an object's tags.
const TAGS: &str = "TagListSerializerField";

/// Reads what a declared field needs.
pub(super) fn read<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    serializer: Value,
    member: Member,
    object: Value,
) {
    let Some(value) = member.binding.value else { return };
    let Some(mut field) = Field::of(machine, member.owner.file, value) else { return };
    if field.is_set(machine, "write_only") {
        return;
    }
    let site = member_site(machine, member);
    let name = member.binding.name;
    let source = field.text(machine, "source").map_or(name, Symbol::new);
    if field.kind == "SerializerMethodField" {
        let method = match field.text(machine, "method_name") {
            Some(method) => method.to_owned(),
            None => match machine.project.facts(field.file).arguments(field.arguments).first() {
                Some(first) if first.kind == ArgumentKind::Positional => {
                    machine.project.facts(field.file).as_str(first.value).unwrap_or_default().to_owned()
                }
                _ => format!("get_{name}"),
            },
        };
        let arguments = Arguments { positional: vec![object], ..Arguments::default() };
        machine.call_named(frame, serializer, &method, &arguments);
        return;
    }
    // A list of what its child is.
    let mut is_child = false;
    if matches!(field.kind, "ListField" | "ListSerializer")
        && let Some(child) = field.argument(machine, "child")
        && let Some(child) = Field::of(machine, field.file, child)
    {
        field = child;
        is_child = true;
    }
    let many = field.is_set(machine, "many");
    let nested = field.class.filter(|&class| super::is_serializer(machine, class));
    if let Some(class) = nested {
        if field.is_made_specially(machine) {
            return;
        }
        let shown = sourced(machine, frame, object, source, site);
        // As its own `__init__` leaves it.
        let made = if is_child { None } else { machine.class_member(member.owner, name) };
        let nested = made
            .filter(|&it| matches!(machine.values.shape(it), Shape::Object(of, _) if *of == class))
            .unwrap_or_else(|| machine.values.make(Shape::Object(class, Some(site.into()))));
        show(machine, frame, nested, shown, site);
        return;
    }
    if let Some(class) = field.class
        && let Some((function, _)) = machine.class_function(class, Symbol::new("get_attribute"))
    {
        let this = machine.values.make(Shape::Object(class, Some(site.into())));
        machine.call_function(frame, function, None, &[this, object]);
        return;
    }
    match field.kind {
        "HiddenField" | "HyperlinkedIdentityField" => {}
        "PrimaryKeyRelatedField" | "HyperlinkedRelatedField" => {
            let by_key = match field.kind {
                "PrimaryKeyRelatedField" => !field.is_set(machine, "pk_field"),
                _ => field.text(machine, "lookup_field").is_none_or(|it| it == "pk"),
            };
            // A class that says itself whether the key is enough does so because it is not.
            let asks = Symbol::new("use_pk_only_optimization");
            let wants_row = field.class.is_some_and(|class| machine.class_function(class, asks).is_some());
            if by_key && !many && !wants_row {
                keyed(machine, frame, object, source, site);
            } else {
                let found = sourced(machine, frame, object, source, site);
                let targets = rows_of(machine, frame, found, site);
                shown_by(machine, frame, field.class, member, targets, site);
            }
        }
        "StringRelatedField" | "SlugRelatedField" | "RelatedField" => {
            let found = sourced(machine, frame, object, source, site);
            let targets = rows_of(machine, frame, found, site);
            if field.kind == "StringRelatedField" {
                machine.text_of(frame, targets);
            }
            if let Some(slug) = field.text(machine, "slug_field") {
                let mut value = targets;
                for part in slug.split("__") {
                    value = attribute(machine, frame, value, Symbol::new(part), site);
                }
            }
            shown_by(machine, frame, field.class, member, targets, site);
        }
        TAGS if field.class.is_none() => {
            let found = sourced(machine, frame, object, source, site);
            rows_of(machine, frame, found, site);
        }
        _ => {
            let found = sourced(machine, frame, object, source, site);
            if field.kind == "CharField" {
                machine.text_of(frame, found);
            }
            shown_by(machine, frame, field.class, member, found, site);
        }
    }
}

/// A project's own `to_representation` of a field.
fn shown_by<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    class: Option<ClassRef>,
    member: Member,
    value: Value,
    site: Site,
) {
    if let Some(class) = class
        && let Some((function, _)) = machine.class_function(class, Symbol::new("to_representation"))
    {
        // What it was made with, it may show by.
        let declared = machine.class_member(member.owner, member.binding.name);
        let this = declared
            .filter(|&it| matches!(machine.values.shape(it), Shape::Object(of, _) if *of == class))
            .unwrap_or_else(|| machine.values.make(Shape::Object(class, Some(site.into()))));
        machine.call_function(frame, function, None, &[this, value]);
    }
}

/// `source`: attributes, dotted, each called where it can be; `*` is the object itself.
fn sourced<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    object: Value,
    source: Symbol,
    site: Site,
) -> Value {
    if source == "*" {
        return object;
    }
    source
        .as_str()
        .split('.')
        .fold(object, |value, name| attribute(machine, frame, value, Symbol::new(name), site))
}

/// A relation of which only the key is shown: of a foreign key that is a column.
fn keyed<'p>(machine: &mut Machine<'p>, frame: &mut Frame<'p>, object: Value, source: Symbol, site: Site) {
    let (before, last) = source.as_str().rsplit_once('.').unwrap_or(("*", source.as_str()));
    let holder = sourced(machine, frame, object, Symbol::new(before), site);
    for member in machine.values.members(holder) {
        let is_column = machine.as_row(member).is_some_and(|row| {
            match machine.schema.attribute(row.model, Symbol::new(last)) {
                Some(ModelAttribute::ToOne(relation)) => {
                    machine.schema.forward_relations(row.model).contains(&relation)
                }
                Some(ModelAttribute::Column) => true,
                _ => false,
            }
        });
        if !is_column {
            attribute(machine, frame, member, Symbol::new(last), site);
        }
    }
}

/// An attribute, called where it can be.
pub(crate) fn attribute<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    value: Value,
    name: Symbol,
    site: Site,
) -> Value {
    machine.for_each(value, |machine, member| {
        if let Shape::Mapping { .. } = machine.values.shape(member) {
            let key = machine.values.make(Shape::Str(name));
            return machine.item(frame, member, key, false);
        }
        let found = machine.attribute_of(frame, site, member, name);
        machine.for_each(found, |machine, found| match machine.values.shape(found) {
            Shape::Bound { .. } | Shape::Function(..) | Shape::Method(..) => {
                machine.call_value(frame, found, &Arguments::default(), CallSite { site })
            }
            _ => found,
        })
    })
}

/// The rows of a manager, or the value itself.
pub(crate) fn rows_of<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    value: Value,
    site: Site,
) -> Value {
    machine.for_each(value, |machine, member| match machine.values.shape(member).clone() {
        Shape::Queryset(rows) => {
            // A manager is asked for all of its rows.
            let rows = match rows.is_manager {
                true => {
                    let all = machine.attribute_of(frame, site, member, Symbol::new("all"));
                    machine.call_value(frame, all, &Arguments::default(), CallSite { site })
                }
                false => member,
            };
            machine.iterate(frame, rows, site)
        }
        Shape::Sequence(_) | Shape::Tuple(_) | Shape::Page(_) => machine.iterate(frame, member, site),
        _ => member,
    })
}
