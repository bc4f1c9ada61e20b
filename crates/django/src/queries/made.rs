//! Rows that code makes, `Note(book=book)` and `Note.objects.create(book=book)`: of what they hold only the rows are known
//! that they are given, and what their model's own `save()` does with these.

use tuneup_python::{ClassRef, FunctionRef, Symbol};

use super::attributes::Binding;
use super::calls::{Arguments, CallSite};
use super::machine::{Frame, Machine, Write};
use super::value::{Origin, Queryset, Shape, Value};
use crate::schema::{ModelId, RelationId};

impl<'p> Machine<'p> {
    /// A row that is not fetched, with the rows that it is given.
    ///
    /// <https://docs.djangoproject.com/en/stable/ref/models/instances/#creating-objects>
    pub(crate) fn make_row(&mut self, model: ModelId, given: &[(Symbol, Value)]) -> Value {
        let rows: Vec<(Symbol, Value)> =
            given.iter().copied().filter(|&(_, value)| self.as_row(value).is_some()).collect();
        let model = self.values.make(Shape::Model(model));
        let parts: Box<[Value]> = match rows.is_empty() {
            true => Box::new([model]),
            false => Box::new([model, self.values.mapping(rows, Value::NEVER, Value::NEVER)]),
        };
        self.values.make(Shape::Instance(self.names.made, parts))
    }

    /// An attribute of a row that was not fetched: its `save()`, and what this reads and calls itself.
    pub(super) fn made_attribute(
        &mut self,
        frame: &mut Frame<'p>,
        made: Value,
        parts: &[Value],
        name: Symbol,
    ) -> Value {
        let is_own = frame.slots.first() == Some(&made);
        if let Some(&held) = parts.get(1).filter(|_| is_own || name == "save") {
            if let Shape::Mapping { known, .. } = self.values.shape(held)
                && let Some(&(_, value)) = known.iter().find(|(known, _)| *known == name)
            {
                return value;
            }
            match self.made_method(parts, name) {
                Some((function, owner, Binding::Method)) => {
                    return self.values.make(Shape::Bound { function, this: made, owner });
                }
                Some((function, _, Binding::Property)) => {
                    return self.call_function(frame, function, None, &[made]);
                }
                _ => {}
            }
        }
        match name.as_str() {
            "save" | "asave" | "save_base" => self.values.make(Shape::Method(made, name)),
            _ => Value::UNKNOWN,
        }
    }

    /// A function of the class of a made row's model, the class that has it, and how it is bound.
    fn made_method(&self, parts: &[Value], name: Symbol) -> Option<(FunctionRef, Option<ClassRef>, Binding)> {
        let Shape::Model(model) = *self.values.shape(*parts.first()?) else { return None };
        let member = self.member(self.schema.class_of(model)?, name)?;
        let (function, binding) = self.function_of(member)?;
        Some((function, Some(member.owner), binding))
    }

    /// Saves a row that was not fetched: what Django's own `save()` does.
    pub(super) fn save_made(&mut self, parts: &[Value], call: CallSite) -> Value {
        if let Some(&model) = parts.first()
            && let Shape::Model(model) = *self.values.shape(model)
        {
            self.record_write(Write {
                model: Some(model),
                relation: None,
                between: None,
                makes: true,
                of: self.given_to(parts),
                row: None,
                site: call.site,
            });
        }
        Value::NONE
    }

    /// The row that a made one was told to belong to, and the relation by which it has it.
    fn given_to(&self, parts: &[Value]) -> Option<(Value, RelationId)> {
        let &[model, held] = parts else { return None };
        let Shape::Model(model) = *self.values.shape(model) else { return None };
        let Shape::Mapping { known, .. } = self.values.shape(held) else { return None };
        self.given_row(model, &Arguments { keywords: known.to_vec(), ..Arguments::default() })
    }

    /// What `create()` does besides the writing: it calls the `save()` of the model's own class.
    ///
    /// <https://docs.djangoproject.com/en/stable/ref/models/querysets/#create>
    pub(super) fn create_row(&mut self, frame: &mut Frame<'p>, queryset: &Queryset, arguments: &Arguments) {
        let mut given = arguments.keywords.clone();
        if let Origin::Related(parent, relation) = queryset.origin
            && let held = self.schema.relation(relation)
            && held.is_reverse()
        {
            given.push((self.schema.field(held.field()).name(), parent));
        }
        let made = self.make_row(queryset.model, &given);
        let Shape::Instance(_, parts) = self.values.shape(made).clone() else { return };
        if parts.len() > 1
            && let Some((function, ..)) = self.made_method(&parts, Symbol::new("save"))
        {
            self.call_with(frame, function, None, Some(made), &Arguments::default());
        }
    }
}
