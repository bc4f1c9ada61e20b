//! Classes that are made of their fields: dataclasses, attrs classes, pydantic models, and named tuples. Their
//! constructor is written by no one, and puts each argument on the attribute of its name.
//!
//! <https://docs.python.org/3/library/dataclasses.html>, <https://docs.python.org/3/library/typing.html#typing.NamedTuple>,
//! <https://docs.python.org/3/library/collections.html#collections.namedtuple>

use tuneup_python::flow::{ArgumentKind, Expr, ExprKind, StmtKind};
use tuneup_python::{Base, ClassRef, Entity, FileId, Symbol};

use crate::queries::calls::{Arguments, CallSite};
use crate::queries::machine::{Frame, Machine};
use crate::queries::value::{Shape, Value};

/// Decorators that write a constructor.
const DECORATORS: &[&str] = &[
    "dataclasses.dataclass",
    "attr.s",
    "attr.attrs",
    "attr.define",
    "attr.frozen",
    "attr.mutable",
    "attr.dataclass",
    "attrs.define",
    "attrs.frozen",
    "attrs.mutable",
    "pydantic.dataclasses.dataclass",
];

/// Bases that do.
const BASES: &[&str] = &[NAMED_BASE, "pydantic.BaseModel", "pydantic.main.BaseModel"];

const NAMED_BASE: &str = "typing.NamedTuple";

/// Calls that say more of a field.
const FIELDS: &[&str] =
    &["dataclasses.field", "attr.ib", "attr.attrib", "attr.field", "attrs.field", "pydantic.Field"];

/// The class of what `namedtuple(…)` gives: its parts are the fields' names.
pub(in crate::queries) const FACTORY: &str = "collections.namedtuple";
/// One named tuple: its parts are the names and the items.
pub(in crate::queries) const NAMED: &str = "%namedtuple";

/// A field of such a class.
struct Field {
    name: Symbol,
    /// The class that declares it, and what it is bound to there.
    default: Option<(ClassRef, Expr)>,
}

impl<'p> Machine<'p> {
    /// Puts the arguments of a call on a new object of such a class; false where the class is none.
    pub(in crate::queries) fn fill_record(
        &mut self,
        frame: &mut Frame<'p>,
        object: Value,
        class: ClassRef,
        arguments: &Arguments,
        call: CallSite,
    ) -> bool {
        let Some(fields) = self.named_fields(class).or_else(|| self.record_fields(class)) else {
            return false;
        };
        for (name, put) in self.filled(frame, &fields, arguments, call) {
            let Some(put) = put else { continue };
            self.make_with(object, name, put);
        }
        true
    }

    /// What each field gets of a call's arguments.
    fn filled(
        &mut self,
        frame: &mut Frame<'p>,
        fields: &[Field],
        arguments: &Arguments,
        call: CallSite,
    ) -> Vec<(Symbol, Option<Value>)> {
        let mut positional = arguments.positional.iter().copied();
        let mut filled = Vec::with_capacity(fields.len());
        for field in fields {
            let taken = if self.is_in_constructor(field.default) { positional.next() } else { None };
            let given = taken
                .or_else(|| arguments.keyword(field.name.as_str()))
                .or(arguments.more_positional)
                .or(arguments.more_keywords);
            let put = match (given, field.default) {
                (None, Some((owner, default))) => Some(self.field_default(frame, owner, default, call)),
                (given, _) => given,
            };
            filled.push((field.name, put));
        }
        filled
    }

    /// What a call of a named tuple's class gives, where that has nothing but fields: items that nothing changes, so that
    /// what one call is given is in no other's.
    pub(in crate::queries) fn plain_named_tuple(
        &mut self,
        frame: &mut Frame<'p>,
        class: ClassRef,
        arguments: &Arguments,
        call: CallSite,
    ) -> Option<Value> {
        if !self.is_plain_named_tuple(class) {
            return None;
        }
        let fields = self.record_fields(class)?;
        let filled = self.filled(frame, &fields, arguments, call);
        let names = filled.iter().map(|&(name, _)| self.values.make(Shape::Str(name))).collect();
        let names = self.values.tuple(names);
        let items =
            self.values.tuple(filled.into_iter().map(|(_, put)| put.unwrap_or(Value::UNKNOWN)).collect());
        Some(self.values.make(Shape::Instance(Symbol::new(NAMED), Box::new([names, items]))))
    }

    /// Whether a class is `typing.NamedTuple` with fields of its own and nothing else.
    fn is_plain_named_tuple(&self, class: ClassRef) -> bool {
        let order = self.project.mro(class);
        let is_named = |base: &Base| matches!(base, Base::External(name) if *name == NAMED_BASE);
        order.iter().any(is_named)
            && order.iter().all(|base| match *base {
                Base::Class(class) => {
                    let facts = self.project.facts(class.file);
                    let mut body = facts.block(facts.class(class.id).body).iter();
                    body.all(|stmt| matches!(stmt.kind, StmtKind::Annotated { .. } | StmtKind::Expr(_)))
                }
                Base::External(_) => true,
                Base::Value(..) | Base::Unknown => false,
            })
    }

    /// The fields of `class Line(namedtuple("Line", "book number"))`.
    fn named_fields(&mut self, class: ClassRef) -> Option<Vec<Field>> {
        let values: Vec<(FileId, Expr)> = self
            .project
            .mro(class)
            .iter()
            .filter_map(|base| match *base {
                Base::Value(file, value) => Some((file, value)),
                _ => None,
            })
            .collect();
        values.into_iter().find_map(|(file, value)| {
            let mut frame = self.frame_anywhere(file);
            let base = self.eval(&mut frame, value);
            let Shape::Instance(class, names) = self.values.shape(base) else { return None };
            if class.as_str() != FACTORY {
                return None;
            }
            let fields = names.iter().filter_map(|&name| match *self.values.shape(name) {
                Shape::Str(name) => Some(Field { name, default: None }),
                _ => None,
            });
            Some(fields.collect())
        })
    }

    /// The fields in the order of the constructor's parameters, those of bases first.
    fn record_fields(&self, class: ClassRef) -> Option<Vec<Field>> {
        let order = self.project.mro(class);
        let is_by_base =
            order.iter().any(|base| matches!(base, Base::External(name) if BASES.contains(&name.as_str())));
        let classes: Vec<ClassRef> = order
            .iter()
            .filter_map(|base| match base {
                Base::Class(class) => Some(*class),
                _ => None,
            })
            .collect();
        if !is_by_base && !classes.iter().any(|&class| self.is_decorated_record(class)) {
            return None;
        }
        let mut fields: Vec<Field> = Vec::new();
        for class in classes.into_iter().rev() {
            if !is_by_base && !self.is_decorated_record(class) {
                continue;
            }
            let facts = self.project.facts(class.file);
            let of_class = facts.class(class.id);
            for stmt in facts.block(of_class.body) {
                let (target, value) = match stmt.kind {
                    StmtKind::Annotated { target, value, .. } => (target, value),
                    // `name = attr.ib()` has no annotation.
                    StmtKind::Assign(target, value) if self.is_field_call(class.file, value) => {
                        (target, Some(value))
                    }
                    _ => continue,
                };
                let ExprKind::Local(slot) = facts.kind(target) else { continue };
                let Some(&name) = facts.slot_names[of_class.slots.indices()].get(slot as usize) else {
                    continue;
                };
                let default = value.map(|value| (class, value));
                match fields.iter_mut().find(|field| field.name == name) {
                    Some(there) => there.default = default,
                    None => fields.push(Field { name, default }),
                }
            }
        }
        Some(fields)
    }

    fn is_decorated_record(&self, class: ClassRef) -> bool {
        let facts = self.project.facts(class.file);
        facts.list(facts.class(class.id).decorators).iter().any(|&decorator| {
            let decorator = match facts.kind(decorator) {
                ExprKind::Call(callee, _) => callee,
                _ => decorator,
            };
            matches!(
                self.project.entity_of(class.file, decorator),
                Entity::External(name) if DECORATORS.contains(&name.as_str())
            )
        })
    }

    fn is_field_call(&self, file: FileId, value: Expr) -> bool {
        let ExprKind::Call(callee, _) = self.project.facts(file).kind(value) else { return false };
        matches!(self.project.entity_of(file, callee), Entity::External(name) if FIELDS.contains(&name.as_str()))
    }

    /// A keyword that `field(…)` is given.
    fn field_keyword(&self, (file, value): (FileId, Expr), name: &str) -> Option<Expr> {
        let facts = self.project.facts(file);
        let ExprKind::Call(_, run) = facts.kind(value) else { return None };
        let mut arguments = facts.arguments(run).iter();
        arguments
            .find(|it| matches!(it.kind, ArgumentKind::Keyword(known) if known == name))
            .map(|it| it.value)
    }

    fn is_in_constructor(&self, default: Option<(ClassRef, Expr)>) -> bool {
        let Some((ClassRef { file, .. }, value)) = default else { return true };
        let said =
            self.is_field_call(file, value).then(|| self.field_keyword((file, value), "init")).flatten();
        said.is_none_or(|said| self.project.facts(file).kind(said) != ExprKind::Bool(false))
    }

    fn field_default(
        &mut self,
        frame: &mut Frame<'p>,
        owner: ClassRef,
        value: Expr,
        call: CallSite,
    ) -> Value {
        let file = owner.file;
        let mut own = self.class_frame(owner);
        if !self.is_field_call(file, value) {
            return self.eval(&mut own, value);
        }
        let factory = ["default_factory", "factory"]
            .into_iter()
            .find_map(|name| self.field_keyword((file, value), name));
        if let Some(factory) = factory {
            let factory = self.eval(&mut own, factory);
            return self.call_value(frame, factory, &Arguments::default(), call);
        }
        match self.field_keyword((file, value), "default") {
            Some(default) => self.eval(&mut own, default),
            None => Value::UNKNOWN,
        }
    }

    /// What `namedtuple(name, fields)` or `NamedTuple(name, fields)` gives.
    pub(in crate::queries) fn named_tuple(&mut self, arguments: &Arguments) -> Value {
        let fields = arguments.get(1, "field_names").or_else(|| arguments.keyword("fields"));
        let names: Vec<Value> = match fields.map(|fields| self.values.shape(fields).clone()) {
            Some(Shape::Str(text)) => {
                let names = text.as_str().split(|c: char| c == ',' || c.is_whitespace());
                names
                    .filter(|name| !name.is_empty())
                    .map(|name| self.values.make(Shape::Str(Symbol::new(name))))
                    .collect()
            }
            // `[("name", type)]` of `typing.NamedTuple` is a list of pairs.
            Some(Shape::Tuple(items)) => items
                .iter()
                .map(|&item| match self.values.shape(item) {
                    Shape::Tuple(pair) => pair.first().copied().unwrap_or(Value::UNKNOWN),
                    _ => item,
                })
                .collect(),
            _ => return Value::UNKNOWN,
        };
        self.values.make(Shape::Instance(Symbol::new(FACTORY), names.into()))
    }

    /// A call of such a class.
    pub(in crate::queries) fn make_named_tuple(&mut self, names: &[Value], arguments: &Arguments) -> Value {
        let mut items = Vec::with_capacity(names.len());
        for (n, &name) in names.iter().enumerate() {
            let by_name = match self.values.shape(name) {
                Shape::Str(name) => arguments.keyword(name.as_str()),
                _ => None,
            };
            let given = arguments.positional.get(n).copied().or(by_name);
            items.push(
                given.or(arguments.more_positional).or(arguments.more_keywords).unwrap_or(Value::UNKNOWN),
            );
        }
        let names = self.values.tuple(names.to_vec());
        let items = self.values.tuple(items);
        self.values.make(Shape::Instance(Symbol::new(NAMED), Box::new([names, items])))
    }

    /// `named.field`
    pub(in crate::queries) fn named_field(&self, parts: &[Value], name: Symbol) -> Option<Value> {
        let &[names, items] = parts else { return None };
        let (Shape::Tuple(names), Shape::Tuple(items)) = (self.values.shape(names), self.values.shape(items))
        else {
            return None;
        };
        let is_it = |field: &Value| matches!(self.values.shape(*field), Shape::Str(known) if *known == name);
        items.get(names.iter().position(is_it)?).copied()
    }

    /// A named tuple as the tuple that it is; any other value as itself.
    pub(in crate::queries) fn unnamed(&self, value: Value) -> Value {
        match self.values.shape(value) {
            Shape::Instance(class, parts) if class.as_str() == NAMED => {
                parts.get(1).copied().unwrap_or(Value::UNKNOWN)
            }
            _ => value,
        }
    }
}
