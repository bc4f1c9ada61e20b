//! Serializers: which attributes of an object they read.
//!
//! <https://www.django-rest-framework.org/api-guide/serializers/>

use tuneup_python::flow::ExprKind;
use tuneup_python::{Base, ClassRef, Member, Symbol};

use super::{fields, hidden, nesting};
use crate::frameworks::lists::{member_site, name_site, texts};
use crate::queries::calls::Arguments;
use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Row, Shape, Site, SiteForm, Value};
use crate::schema::{ModelAttribute, ModelId, RelationId, RelationKind};

/// What every serializer has.
pub(super) const METHODS: &[&str] = &[
    "__init__",
    "to_representation",
    "to_internal_value",
    "is_valid",
    "save",
    "create",
    "update",
    "validate",
    "get_fields",
];

pub(super) fn method<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    this: Value,
    class: ClassRef,
    name: &str,
    arguments: &Arguments,
) -> Option<Value> {
    match name {
        "__init__" => {
            let shown = arguments.get(0, "instance").unwrap_or(Value::NONE);
            machine.make_with(this, Symbol::new("instance"), shown);
            nesting::keep_context(machine, this, arguments);
            nesting::keep_many(machine, this, arguments);
            Some(Value::NONE)
        }
        "save" if !nesting::is_list(machine, class) => {
            save(machine, frame, this, class);
            None
        }
        "get_fields" => Some(machine.values.mapping(Vec::new(), Value::UNKNOWN, Value::UNKNOWN)),
        "to_representation" if nesting::is_list(machine, class) => {
            let rows = arguments.get(0, "data")?;
            Some(nesting::represent_each(machine, frame, this, rows, frame_site(frame)))
        }
        "to_representation" => {
            let object = arguments.get(0, "instance")?;
            represent(machine, frame, this, class, object, None);
            Some(machine.values.mapping(Vec::new(), Value::SCALAR, Value::SCALAR))
        }
        _ => None,
    }
}

/// `serializer.data`: everything that it was given is shown.
pub(super) fn data<'p>(machine: &mut Machine<'p>, frame: &mut Frame<'p>, this: Value) -> Value {
    let shown = machine.object_values.get(&(this, Symbol::new("instance"))).copied();
    // After a loop that made it of each row, it has the last of them.
    let shown = machine.last_of_loop(frame, shown.unwrap_or(Value::UNKNOWN));
    // Its rows are shown apart from what asks for them.
    let around = std::mem::take(&mut machine.serializers);
    let is_for_many = nesting::is_for_many(machine, this);
    for member in machine.values.members(shown) {
        match machine.values.shape(member) {
            Shape::Object(..) | Shape::Unknown if is_for_many => {
                nesting::show_many(machine, frame, this, member, frame_site(frame));
            }
            _ => show(machine, frame, this, member, frame_site(frame)),
        }
    }
    machine.serializers = around;
    machine.values.mapping(Vec::new(), Value::SCALAR, Value::SCALAR)
}

/// `serializer.save()`: what it was given is updated.
fn save<'p>(machine: &mut Machine<'p>, frame: &mut Frame<'p>, this: Value, class: ClassRef) {
    let shown = machine.object_values.get(&(this, Symbol::new("instance"))).copied();
    let shown = machine.last_of_loop(frame, shown.unwrap_or(Value::NONE));
    let Some((update, _)) = machine.class_function(class, Symbol::new("update")) else { return };
    for row in machine.values.members(shown) {
        if matches!(machine.values.shape(row), Shape::Row(_)) {
            machine.call_function(frame, update, None, &[this, row, Value::UNKNOWN]);
        }
    }
}

pub(super) fn frame_site(frame: &Frame<'_>) -> Site {
    Site { form: SiteForm::Declaration, ..frame.site(ruff_text_size::TextRange::default()) }
}

/// Shows an object, or each of many.
pub(super) fn show<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    serializer: Value,
    shown: Value,
    site: Site,
) {
    for member in machine.values.members(shown) {
        match machine.values.shape(member).clone() {
            Shape::Queryset(_) | Shape::Sequence(_) | Shape::Tuple(_) | Shape::Page(_) => {
                nesting::show_many(machine, frame, serializer, member, site);
            }
            _ => show_one(machine, frame, serializer, member),
        }
    }
}

/// Shows each of what an element of many can be.
pub(super) fn show_each<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    serializer: Value,
    element: Value,
) {
    for member in machine.values.members(element) {
        show_one(machine, frame, serializer, member);
    }
}

fn show_one<'p>(machine: &mut Machine<'p>, frame: &mut Frame<'p>, serializer: Value, object: Value) {
    if !matches!(machine.values.shape(object), Shape::Row(_) | Shape::Object(..) | Shape::Mapping { .. }) {
        return;
    }
    if machine.is_first_shown(serializer, object) {
        let arguments = Arguments { positional: vec![object], ..Arguments::default() };
        machine.serializers.push(serializer);
        // What is done for one row of a list is done while the others are still to be shown.
        let depth = machine.looping.len();
        if machine.as_row(object).is_some_and(|row| row.many) {
            machine.push_looping(object);
        }
        machine.call_named(frame, serializer, "to_representation", &arguments);
        machine.looping.truncate(depth);
        machine.serializers.pop();
    }
}

/// The fields that a serializer declares, those of its bases behind its own, each name once.
fn declared(machine: &Machine<'_>, class: ClassRef) -> Vec<Member> {
    let mut found: Vec<Member> = Vec::new();
    for base in machine.project.mro(class) {
        let Base::Class(base) = base else { continue };
        for binding in machine.project.own_members(*base) {
            if found.iter().any(|known| known.binding.name == binding.name) {
                continue;
            }
            if let Some(member) = machine.project.own_member(*base, binding.name) {
                found.push(member);
            }
        }
    }
    let is_call = |member: &Member| {
        let facts = machine.project.facts(member.owner.file);
        member.binding.value.is_some_and(|value| matches!(facts.kind(value), ExprKind::Call(..)))
    };
    found.retain(is_call);
    found
}

/// What a serializer's `Meta` says of its fields.
struct Selection {
    /// `fields`; absent where it is not known.
    names: Option<Vec<(Symbol, Site)>>,
    /// `fields = "__all__"`, or `exclude`
    all: bool,
    exclude: Vec<Symbol>,
    depth: i32,
    /// Where `Meta` stands, for what it does not name one by one.
    site: Option<Site>,
}

fn selection(machine: &mut Machine<'_>, class: ClassRef) -> Selection {
    let mut selection = Selection { names: None, all: false, exclude: Vec::new(), depth: 0, site: None };
    if is_plain(machine, class) {
        return selection;
    }
    let Some(meta) = machine.class_member(class, Symbol::new("Meta")) else { return selection };
    let Shape::Class(meta) = *machine.values.shape(meta) else { return selection };
    if let Some(depth) = machine.class_member(meta, Symbol::new("depth"))
        && let Shape::Int(depth) = *machine.values.shape(depth)
    {
        selection.depth = depth.clamp(0, 10);
    }
    if let Some(exclude) = machine.class_member(meta, Symbol::new("exclude")) {
        selection.all = true;
        selection.exclude = texts(machine, exclude).unwrap_or_default();
        selection.site =
            machine.project.member(meta, Symbol::new("exclude")).map(|it| member_site(machine, it));
    }
    let Some(member) = machine.project.member(meta, Symbol::new("fields")) else {
        // Before REST framework 3.5, which asks for one of both, none meant all.
        if selection.site.is_none()
            && is_of_model(machine, class)
            && machine.project.mro(meta).iter().all(|base| !matches!(base, Base::Unknown | Base::Value(..)))
        {
            let model = machine.project.member(meta, Symbol::new("model"));
            selection.site = model.map(|it| member_site(machine, it));
            selection.all = selection.site.is_some();
        }
        return selection;
    };
    let site = member_site(machine, member);
    let Some(fields) = machine.class_member(meta, Symbol::new("fields")) else { return selection };
    selection.site = Some(site);
    match machine.values.shape(fields) {
        Shape::Str(text) if *text == "__all__" => selection.all = true,
        _ => {
            selection.names = texts(machine, fields).map(|names| {
                names.into_iter().map(|name| (name, name_site(machine, member, name))).collect()
            });
        }
    }
    selection
}

/// Whether a serializer takes its fields from a model.
fn is_of_model(machine: &Machine<'_>, class: ClassRef) -> bool {
    machine.has_base(class, |name| name.ends_with("ModelSerializer"))
}

/// Whether a serializer is one of those that heed no `Meta`: it has the fields that it declares.
fn is_plain(machine: &Machine<'_>, class: ClassRef) -> bool {
    let is_read = |base: &Base| match base {
        Base::Class(_) => true,
        Base::External(name) => name.as_str().starts_with("rest_framework.") || *name == "builtins.object",
        Base::Value(..) | Base::Unknown => false,
    };
    !is_of_model(machine, class) && machine.project.mro(class).iter().all(is_read)
}

/// The names that a serializer's own `get_field_names` gives, where it does not add to what `Meta` says.
fn own_names<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    this: Value,
    class: ClassRef,
) -> Option<Vec<(Symbol, Site)>> {
    let member = machine.project.member(class, Symbol::new("get_field_names"))?;
    let given = Arguments { positional: vec![Value::UNKNOWN; 2], ..Arguments::default() };
    let given = machine.call_named(frame, this, "get_field_names", &given);
    let lists: Option<Vec<Vec<Symbol>>> =
        machine.values.members(given).into_iter().map(|names| texts(machine, names)).collect();
    let site = member_site(machine, member);
    Some(lists?.into_iter().flatten().map(|name| (name, site)).collect())
}

/// Reads what a serializer's fields name off an object, or one field alone.
pub(super) fn represent<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    this: Value,
    class: ClassRef,
    object: Value,
    only: Option<Symbol>,
) {
    let mut selection = selection(machine, class);
    if let Some(names) = own_names(machine, frame, this, class) {
        (selection.names, selection.all) = (Some(names), false);
    }
    let declared = declared(machine, class);
    let is_asked_for = |name: Symbol| only.is_none_or(|only| only == name);
    for &member in declared.iter().filter(|member| is_asked_for(member.binding.name)) {
        let name = member.binding.name;
        let is_left_out = match &selection.names {
            Some(names) => !names.iter().any(|(known, _)| *known == name),
            None => selection.exclude.contains(&name),
        };
        if !is_left_out {
            let shown_by = machine.as_row(object).map(|row| (row.query, member.owner));
            machine.showing.extend(shown_by);
            fields::read(machine, frame, this, member, object);
            machine.showing.truncate(machine.showing.len() - shown_by.iter().count());
        }
    }
    if only.is_none() {
        added(machine, frame, this, class, object);
    }
    let is_declared = |name: Symbol| declared.iter().any(|member| member.binding.name == name);
    let Some(row) = machine.as_row(object) else { return };
    let mut names = selection.names.unwrap_or_default();
    if selection.all
        && let Some(site) = selection.site
    {
        for relation in shown_by_default(machine, row.model) {
            let name = machine.schema.relation(relation).lookup_name();
            if !selection.exclude.contains(&name) {
                names.push((name, site));
            }
        }
    }
    let spared = hidden::spared(machine, class);
    for (name, site) in names {
        if !is_declared(name) && is_asked_for(name) {
            let is_to_many =
                matches!(machine.schema.attribute(row.model, name), Some(ModelAttribute::ToMany(_)));
            if is_to_many && spared.as_ref().is_some_and(|spared| !spared.contains(&name)) {
                continue;
            }
            let shown_by = body_around(machine, class, site).map(|class| (row.query, class));
            machine.showing.extend(shown_by);
            implied(machine, frame, object, row, name, site, selection.depth);
            machine.showing.truncate(machine.showing.len() - shown_by.iter().count());
        }
    }
}

/// The serializer, a class or one of its bases, whose body names a field.
fn body_around(machine: &Machine<'_>, class: ClassRef, site: Site) -> Option<ClassRef> {
    machine.project.mro(class).iter().find_map(|base| match *base {
        Base::Class(base) if base.file == site.file => {
            let body = machine.project.facts(base.file).class(base.id).range;
            body.contains_range(site.range).then_some(base)
        }
        _ => None,
    })
}

/// Serializers that code puts among the fields: `self.fields["author"] = AuthorSerializer()`, `get_fields`.
fn added<'p>(machine: &mut Machine<'p>, frame: &mut Frame<'p>, this: Value, class: ClassRef, object: Value) {
    let mut fields: Vec<Value> =
        machine.object_values.get(&(this, Symbol::new("fields"))).copied().into_iter().collect();
    if machine.class_function(class, Symbol::new("get_fields")).is_some() {
        fields.push(machine.call_named(frame, this, "get_fields", &Arguments::default()));
    }
    for fields in fields {
        let Shape::Mapping { known, .. } = machine.values.shape(fields).clone() else { continue };
        for &(name, field) in known.iter() {
            for field in machine.values.members(field) {
                let Shape::Object(class, Some(made)) = *machine.values.shape(field) else { continue };
                if super::is_serializer(machine, class) {
                    let site = Site { form: SiteForm::Declaration, ..made.site };
                    let shown = fields::attribute(machine, frame, object, name, site);
                    show(machine, frame, field, shown, site);
                }
            }
        }
    }
}

/// The relations of `"__all__"`: foreign keys and many-to-many fields, not generic ones.
fn shown_by_default(machine: &Machine<'_>, model: ModelId) -> Vec<RelationId> {
    let mut relations = machine.schema.forward_relations(model);
    relations.retain(|&relation| {
        matches!(
            machine.schema.relation(relation).kind(),
            RelationKind::ForeignKey | RelationKind::OneToOne | RelationKind::ManyToMany
        )
    });
    relations
}

/// A field that is named without being declared: what it is, the model says.
fn implied<'p>(
    machine: &mut Machine<'p>,
    frame: &mut Frame<'p>,
    object: Value,
    row: Row,
    name: Symbol,
    site: Site,
    depth: i32,
) {
    let nested = depth > 0;
    match machine.schema.attribute(row.model, name) {
        Some(ModelAttribute::Column) => {}
        // The key of a foreign key is a column; the other side of a one-to-one is a query.
        Some(ModelAttribute::ToOne(relation)) => {
            let is_key = machine.schema.forward_relations(row.model).contains(&relation);
            if is_key && !nested {
                return;
            }
            let target = machine.attribute_of(frame, site, object, name);
            if nested {
                nest(machine, frame, target, site, depth - 1);
            }
        }
        Some(ModelAttribute::ToMany(_)) => {
            let rows = machine.attribute_of(frame, site, object, name);
            let element = fields::rows_of(machine, frame, rows, site);
            if nested {
                nest(machine, frame, element, site, depth - 1);
            }
        }
        _ => {
            fields::attribute(machine, frame, object, name, site);
        }
    }
}

/// `depth`: a nested serializer with all fields.
fn nest<'p>(machine: &mut Machine<'p>, frame: &mut Frame<'p>, objects: Value, site: Site, depth: i32) {
    for object in machine.values.members(objects) {
        let Some(row) = machine.as_row(object) else { continue };
        for relation in shown_by_default(machine, row.model) {
            let name = machine.schema.relation(relation).lookup_name();
            implied(machine, frame, object, row, name, site, depth);
        }
    }
}
