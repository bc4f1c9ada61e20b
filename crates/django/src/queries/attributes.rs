//! `value.name`: what an attribute is, by what its base is.

use tuneup_python::flow::{Expr, ExprKind, FunctionId, StmtKind};
use tuneup_python::{Base, ClassRef, Entity, FunctionRef, Member, Symbol};

use super::asks::Written;
use super::machine::{Frame, Machine, Write};
use super::roots::KNOWN_REQUEST;
use super::value::{Asked, Origin, Plan, Queryset, Shape, Site, Value};
use crate::schema::{ModelAttribute, ModelId};

/// How a function in a class body is bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Binding {
    /// To the instance.
    Method,
    /// Called when read.
    Property,
    /// To the class.
    Class,
    /// Not at all.
    Static,
}

impl<'p> Machine<'p> {
    /// `value.name`
    pub(crate) fn attribute(
        &mut self,
        frame: &mut Frame<'p>,
        expr: Expr,
        value: Value,
        name: Symbol,
    ) -> Value {
        let site = frame.site_of(expr);
        self.for_each(value, |machine, member| {
            machine.sure = true;
            let given = machine.attribute_of(frame, site, member, name);
            machine.given_by_property(member, name, given, site)
        })
    }

    /// What a `property` gives is made anew for each who reads it, as what a method returns is: a chain goes on there.
    /// The queryset of a `cached_property` is one for all of them.
    fn given_by_property(&mut self, value: Value, name: Symbol, given: Value, site: Site) -> Value {
        let class = match *self.values.shape(value) {
            Shape::Row(row) => self.schema.class_of(row.model),
            Shape::Object(class, _) => Some(class),
            _ => None,
        };
        match class.filter(|_| self.is_queryset(given)) {
            Some(class) if self.is_plain_property(class, name) => {
                let member = self.member(class, name);
                match member.and_then(|member| self.function_of(member)) {
                    Some((function, _)) => self.goes_on_if_sure(function, given, site),
                    None => given,
                }
            }
            _ => given,
        }
    }

    /// `value.name` for a value that is no union.
    pub(crate) fn attribute_of(
        &mut self,
        frame: &mut Frame<'p>,
        site: Site,
        value: Value,
        name: Symbol,
    ) -> Value {
        match self.values.shape(value).clone() {
            Shape::Row(row) => self.row_attribute(frame, site, value, row, name),
            Shape::Model(model) => self.model_attribute(frame, site, model, name),
            Shape::Module(file) => {
                let entity = self.project.attribute(&Entity::Module(file), name);
                match entity {
                    // A name bound in the module's own body is looked up as such, so that it is
                    // evaluated once.
                    Entity::Value(..) => self.global(file, name),
                    entity => self.entity_value(entity),
                }
            }
            Shape::Namespace(package) => {
                let entity = self.project.attribute(&Entity::Namespace(package), name);
                self.entity_value(entity)
            }
            Shape::External(base) => {
                let entity = self.project.attribute(&Entity::External(base), name);
                self.entity_value(entity)
            }
            Shape::Object(class, _) => self.object_attribute(frame, value, class, name),
            Shape::Class(class) => match self.bound_member(frame, class, name, None, value) {
                Some(value) => value,
                None => self.values.make(Shape::Method(value, name)),
            },
            Shape::Super(class, this) => self.super_attribute(frame, class, this, name),
            Shape::Queryset(queryset) => self.queryset_attribute(frame, site, value, &queryset, name),
            Shape::Page(rows) => match name.as_str() {
                "object_list" => rows,
                "paginator" => self.values.make(Shape::Paginator(rows)),
                "has_next"
                | "has_previous"
                | "has_other_pages"
                | "number"
                | "next_page_number"
                | "previous_page_number"
                | "start_index"
                | "end_index" => Value::SCALAR,
                _ => self.values.make(Shape::Method(value, name)),
            },
            Shape::Paginator(rows) if name == "object_list" => rows,
            // The to-one relations of a row that are loaded, by name.
            Shape::Instance(class, parts) if class == self.names.state && name == "fields_cache" => {
                self.values.make(Shape::Instance(self.names.fields_cache, parts))
            }
            Shape::Instance(class, parts) if class == self.names.state => {
                match name == "adding"
                    && parts.iter().all(|&row| self.as_row(row).is_some_and(|row| self.is_fetched(row)))
                {
                    true => self.values.make(Shape::Bool(false)),
                    false => Value::SCALAR,
                }
            }
            // What a row holds, as a mapping. To take single names off it is no more than reading them.
            Shape::Instance(class, parts) if class == self.names.dict => {
                if matches!(name.as_str(), "copy" | "items" | "values") {
                    self.record_emptied(&parts, site);
                }
                self.values.make(Shape::Method(value, name))
            }
            Shape::Instance(class, parts) if class.as_str() == super::python::records::NAMED => {
                self.named_field(&parts, name).unwrap_or_else(|| self.values.make(Shape::Method(value, name)))
            }
            Shape::Instance(class, ref parts) if class == self.names.made => {
                self.made_attribute(frame, value, parts, name)
            }
            Shape::Instance(class, parts) => self.instance_attribute(class, &parts, value, name),
            // Of an enumeration's member: no text and no number has it.
            Shape::Str(_) | Shape::Int(_) if name == "value" => value,
            Shape::Scalar | Shape::Str(_) | Shape::Unlike(_) => self.values.make(Shape::Method(value, name)),
            Shape::Sequence(_) | Shape::Tuple(_) | Shape::Mapping { .. } | Shape::Paginator(_) => {
                self.values.make(Shape::Method(value, name))
            }
            Shape::Never => Value::NEVER,
            Shape::Unknown if name == self.names.objects => Value::UNKNOWN,
            _ => Value::UNKNOWN,
        }
    }

    fn model_attribute(&mut self, frame: &mut Frame<'p>, site: Site, model: ModelId, name: Symbol) -> Value {
        if let Some(classes) = self.schema.manager_classes(model, name) {
            let classes = classes.into();
            return self.values.queryset(Queryset {
                model,
                origin: Origin::Manager,
                is_manager: true,
                classes,
                sites: Box::new([site]),
                ways: Box::default(),
                plan: Plan::default(),
                planned: None,
                asked: Asked::default(),
                terms: super::value::Terms::NONE,
                parent: None,
                annotated: Box::default(),
            });
        }
        let this = self.values.make(Shape::Model(model));
        if let Some(class) = self.schema.class_of(model)
            && let Some(value) = self.bound_member(frame, class, name, None, this)
        {
            return value;
        }
        Value::UNKNOWN
    }

    /// The function that a class's attribute is, and how it is bound.
    pub(crate) fn class_function(&self, class: ClassRef, name: Symbol) -> Option<(FunctionRef, Binding)> {
        self.function_of(self.member(class, name)?)
    }

    /// The function that a member is, and how it is bound.
    pub(crate) fn function_of(&self, member: Member) -> Option<(FunctionRef, Binding)> {
        let function = self.getter(self.project.function_of(&member)?);
        Some((function, self.binding_of(function)))
    }

    /// The function that reads a property, of the one that sets or deletes it: `@name.setter` binds the name again.
    fn getter(&self, function: FunctionRef) -> FunctionRef {
        if !self.has_decorator(function, &["setter", "deleter"]) {
            return function;
        }
        let facts = self.project.facts(function.file);
        let this = facts.function(function.id);
        let mut before = (0..function.id.0).rev().map(|id| FunctionRef { id: FunctionId(id), ..function });
        let getter = before.find(|other| {
            let facts = facts.function(other.id);
            facts.class == this.class
                && facts.name == this.name
                && !self.has_decorator(*other, &["setter", "deleter"])
        });
        getter.unwrap_or(function)
    }

    /// The function that `value.name = put` calls, where the class's `property` has one.
    pub(super) fn setter(&self, class: ClassRef, name: Symbol) -> Option<FunctionRef> {
        let member = self.member(class, name)?;
        let function = self.project.function_of(&member)?;
        self.has_decorator(function, &["setter"]).then_some(function)
    }

    /// Whether a function is under `@property_name.method`, of one of these methods.
    fn has_decorator(&self, function: FunctionRef, methods: &[&str]) -> bool {
        let facts = self.project.facts(function.file);
        facts.list(facts.function(function.id).decorators).iter().any(|&decorator| {
            matches!(facts.kind(decorator), ExprKind::Attribute(_, name) if methods.contains(&name.as_str()))
        })
    }

    /// How a function is bound, by its decorators.
    pub(crate) fn binding_of(&self, function: FunctionRef) -> Binding {
        let facts = self.project.facts(function.file);
        for &decorator in facts.list(facts.function(function.id).decorators) {
            let decorator = match facts.kind(decorator) {
                ExprKind::Call(callee, _) => callee,
                _ => decorator,
            };
            let last = match facts.kind(decorator) {
                ExprKind::Attribute(_, name) | ExprKind::Global(name) => name,
                _ => continue,
            };
            match last.as_str() {
                "staticmethod" => return Binding::Static,
                "classmethod" => return Binding::Class,
                "property" | "cached_property" | "classproperty" | "getter" | "setter" | "deleter" => {
                    return Binding::Property;
                }
                name if name.ends_with("cached_property") || name.ends_with("_property") => {
                    return Binding::Property;
                }
                _ => {}
            }
        }
        Binding::Method
    }

    /// Whether an attribute is a `property`, which goes before what is set on an instance; a `cached_property` does not.
    ///
    /// <https://docs.python.org/3/howto/descriptor.html#definition-and-introduction>
    pub(crate) fn is_plain_property(&self, class: ClassRef, name: Symbol) -> bool {
        let Some(member) = self.member(class, name) else { return false };
        let Some((function, Binding::Property)) = self.function_of(member) else { return false };
        let facts = self.project.facts(function.file);
        let is_property =
            |&decorator: &Expr| matches!(facts.kind(decorator), ExprKind::Global(name) if name == "property");
        facts.list(facts.function(function.id).decorators).iter().any(is_property)
            || self.has_decorator(function, &["getter"])
    }

    /// A class's attribute read on an instance (`this`) or on the class.
    pub(crate) fn bound_member(
        &mut self,
        frame: &mut Frame<'p>,
        class: ClassRef,
        name: Symbol,
        this: Option<Value>,
        class_value: Value,
    ) -> Option<Value> {
        let member = self.member(class, name)?;
        Some(self.bind_member(frame, member, name, this, class_value))
    }

    pub(crate) fn bind_member(
        &mut self,
        frame: &mut Frame<'p>,
        member: Member,
        name: Symbol,
        this: Option<Value>,
        class_value: Value,
    ) -> Value {
        let Some((function, binding)) = self.function_of(member) else {
            return self.class_member_of(member, name);
        };
        let owner = Some(member.owner);
        match (binding, this) {
            (Binding::Method, Some(this)) => self.values.make(Shape::Bound { function, this, owner }),
            (Binding::Property, Some(this)) => self.call_function(frame, function, None, &[this]),
            (Binding::Class, _) => self.values.make(Shape::Bound { function, this: class_value, owner }),
            (Binding::Property, None) => Value::UNKNOWN,
            (Binding::Method | Binding::Static, _) => self.values.make(Shape::Function(function, None)),
        }
    }

    /// A class attribute that is no function, evaluated once.
    pub(crate) fn class_member(&mut self, class: ClassRef, name: Symbol) -> Option<Value> {
        let member = self.member(class, name)?;
        if let Some((function, _)) = self.function_of(member) {
            return Some(self.values.make(Shape::Function(function, None)));
        }
        Some(self.class_member_of(member, name))
    }

    fn class_member_of(&mut self, member: Member, name: Symbol) -> Value {
        let key = (member.owner, name);
        if let Some(&known) = self.class_values.get(&key) {
            return known;
        }
        self.class_values.insert(key, Value::UNKNOWN);
        let value = match member.binding.value {
            Some(value) => {
                let mut frame = self.class_frame(member.owner);
                let value = self.eval(&mut frame, value);
                self.choice(member.owner, value)
            }
            None => Value::UNKNOWN,
        };
        self.class_values.insert(key, value);
        value
    }

    /// What a member of Django's `Choices` is equal to: `"draft"`, of `DRAFT = "draft", _("Draft")`.
    fn choice(&self, class: ClassRef, value: Value) -> Value {
        let is_choices = |name: &str| name.starts_with("django.db.models") && name.ends_with("Choices");
        match self.values.shape(value) {
            Shape::Tuple(parts) if parts.len() == 2 && self.has_base(class, is_choices) => parts[0],
            _ => value,
        }
    }

    fn object_attribute(
        &mut self,
        frame: &mut Frame<'p>,
        object: Value,
        class: ClassRef,
        name: Symbol,
    ) -> Value {
        if name == self.names.class_ {
            return self.values.make(Shape::Class(class));
        }
        if name == self.names.request {
            let known = self.object_values.get(&(object, Symbol::new(KNOWN_REQUEST))).copied();
            return known.unwrap_or_else(|| self.request());
        }
        if let Some(&put) = frame.placed.get(&(object, name)) {
            return put;
        }
        let class_value = self.values.make(Shape::Class(class));
        let member = match self.is_declared_field(class, name) {
            true => None,
            false => self.bound_member(frame, class, name, Some(object), class_value),
        };
        if let Some(member) = member
            && matches!(self.values.shape(member), Shape::Bound { .. })
        {
            return member;
        }
        self.look_for(object, class, name);
        match (self.object_values.get(&(object, name)).copied(), member) {
            (Some(put), Some(_))
                if self.given.contains(&(object, name)) || self.is_always_set(class, name) =>
            {
                put
            }
            (Some(put), Some(member)) => self.values.join(put, member),
            (Some(value), None) | (None, Some(value)) => value,
            (None, None) => self.inherited_attribute(frame, object, name).unwrap_or(Value::UNKNOWN),
        }
    }

    /// Runs the methods of an object's class that set an attribute, so that its value is known. What an object was made with
    /// is known: methods that set something else there do so where they are called.
    fn look_for(&mut self, object: Value, class: ClassRef, name: Symbol) {
        if self.made.contains(&object) && self.object_values.contains_key(&(object, name)) {
            return;
        }
        if !self.looked_for.insert((object, name)) {
            return;
        }
        let bases: Vec<ClassRef> = self
            .project
            .mro(class)
            .iter()
            .filter_map(|base| match base {
                Base::Class(class) => Some(*class),
                _ => None,
            })
            .collect();
        for base in bases {
            let facts = self.project.facts(base.file);
            for binding in facts.bindings(facts.class(base.id).members) {
                let Some(ExprKind::Function(id)) = binding.value.map(|value| facts.kind(value)) else {
                    continue;
                };
                let definition = facts.function(id);
                if !facts.symbols[definition.sets.indices()].contains(&name) {
                    continue;
                }
                // What it was made with is known better.
                if binding.name == self.names.init && self.made.contains(&object) {
                    continue;
                }
                let slots = self.unknown_arguments(FunctionRef { file: base.file, id }, Some(object));
                self.activate(FunctionRef { file: base.file, id }, None, slots);
            }
        }
    }

    /// Whether the `__init__` of a class sets an attribute whatever it is given, so that none is seen of its class.
    fn is_always_set(&self, class: ClassRef, name: Symbol) -> bool {
        let sets = |class: ClassRef| {
            let Some(member) = self.own_member(class, self.names.init) else { return false };
            let Some((function, _)) = self.function_of(member) else { return false };
            let facts = self.project.facts(function.file);
            facts.block(facts.function(function.id).body).iter().any(|stmt| match stmt.kind {
                StmtKind::Assign(target, _) | StmtKind::Annotated { target, value: Some(_), .. } => {
                    matches!(facts.kind(target), ExprKind::Attribute(this, set)
                        if set == name && facts.kind(this) == ExprKind::Local(0))
                }
                _ => false,
            })
        };
        self.project.mro(class).iter().any(|base| matches!(base, Base::Class(base) if sets(*base)))
    }

    fn super_attribute(
        &mut self,
        frame: &mut Frame<'p>,
        class: ClassRef,
        this: Value,
        name: Symbol,
    ) -> Value {
        let of = match self.values.shape(this).clone() {
            Shape::Object(class, _) | Shape::Class(class) => Some(class),
            Shape::Row(row) => self.schema.class_of(row.model),
            Shape::Model(model) => self.schema.class_of(model),
            Shape::Queryset(queryset) => queryset.classes.first().copied(),
            _ => None,
        };
        // The MRO is the instance's, so that mixins find each other; without one, the class's own.
        let mut orders: Vec<ClassRef> = of.into_iter().collect();
        if let Shape::Queryset(queryset) = self.values.shape(this) {
            orders = queryset.classes.to_vec();
        }
        orders.push(class);
        for start in orders {
            let mut behind = false;
            for base in self.project.mro(start).to_vec() {
                let Base::Class(base) = base else { continue };
                if base == class {
                    behind = true;
                    continue;
                }
                if !behind {
                    continue;
                }
                if let Some(member) = self.own_member(base, name) {
                    let class_value = self.values.make(Shape::Class(start));
                    return self.bind_member(frame, member, name, Some(this), class_value);
                }
            }
            if behind {
                break;
            }
        }
        match self.values.shape(this) {
            Shape::Queryset(_) => self.values.make(Shape::Method(this, name)),
            Shape::Row(_) => self.values.make(Shape::Method(this, name)),
            Shape::Model(_) if name == self.names.from_db => self.values.make(Shape::Method(this, name)),
            Shape::Object(..) => self.inherited_attribute(frame, this, name).unwrap_or(Value::UNKNOWN),
            _ => Value::UNKNOWN,
        }
    }

    /// What a class's own body binds a name to.
    fn own_member(&self, class: ClassRef, name: Symbol) -> Option<Member> {
        let member = self.member(class, name)?;
        (member.owner == class).then_some(member)
    }

    /// `value.name = put`
    pub(crate) fn set_attribute(
        &mut self,
        frame: &mut Frame<'p>,
        value: Value,
        name: Symbol,
        put: Value,
        site: Site,
    ) {
        let class = match *self.values.shape(value) {
            Shape::Object(class, _) => Some(class),
            Shape::Row(row) => self.schema.class_of(row.model),
            _ => None,
        };
        if let Some(setter) = class.and_then(|class| self.setter(class, name)) {
            self.call_function(frame, setter, None, &[value, put]);
            return;
        }
        match self.values.shape(value).clone() {
            Shape::Object(..) => {
                self.put_on(value, name, put);
                // `self.queryset = self.queryset.filter(…)`: what this code reads next is what it has set.
                match self.is_queryset(put) {
                    true => frame.placed.insert((value, name), put),
                    false => frame.placed.remove(&(value, name)),
                };
            }
            Shape::Instance(class, _) if class.as_str() == super::roots::REQUEST => {
                let before = self.request_values.get(&name).copied().unwrap_or(Value::NEVER);
                let joined = self.values.join(before, put);
                self.request_values.insert(name, joined);
            }
            Shape::Row(row) => {
                frame.placed.insert((value, name), put);
                self.change(value, row, name);
                self.note_key(row, name, site);
                match self.schema.attribute(row.model, name) {
                    Some(ModelAttribute::Column) => {
                        let written = Written { model: row.model, column: Some(name), makes: false, site };
                        self.written.push(written);
                    }
                    None if self.is_fetched(row) => {
                        let key = (row.query, row.path, name);
                        let before = self.row_values.get(&key).copied().unwrap_or(Value::NEVER);
                        let joined = self.values.join(before, put);
                        self.row_values.insert(key, joined);
                    }
                    _ => {}
                }
                // Another key drops the related row that was loaded, and what reads it next asks for it.
                let (field, keyed) = self.field_behind(row, name);
                if keyed.is_some() {
                    frame.placed.remove(&(value, field));
                }
                if let Some(relation) = keyed.or_else(|| self.schema.relation_by_accessor(row.model, name)) {
                    self.record_set(row, relation);
                    self.record_write(Write {
                        model: Some(row.model),
                        relation: Some((relation, row.query)),
                        between: None,
                        makes: false,
                        of: None,
                        row: None,
                        site,
                    });
                }
            }
            Shape::Instance(class, parts) => self.set_on_instance(frame, class, &parts, name, put, site),
            _ => {}
        }
    }

    /// Whether a value is a queryset, whichever of its alternatives it is.
    pub(super) fn is_queryset(&self, value: Value) -> bool {
        let members = self.values.members(value);
        !members.is_empty() && members.iter().all(|&member| self.as_queryset(member).is_some())
    }
}
